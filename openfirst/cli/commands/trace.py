"""`openfirst trace`: judge what already happened."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from openfirst.cli.exits import said_plainly
from openfirst.cli.options import chosen, overlays, profile
from openfirst.request import choices_of
from openfirst_conformance.recordings.events import Recording
from openfirst_conformance.recordings.follower import Broken, Line
from openfirst_conformance.recordings.har import Har, is_har, read_har
from openfirst_conformance.recordings.judged import Judged, judge_recordings
from openfirst_conformance.recordings.logs import read_log
from openfirst_conformance.reports.layout import Row, table, wrapped
from openfirst_conformance.reports.terminal import choices_table
from openfirst_conformance.reports.verdict_words import too_open_in_words
from openfirst_conformance.reports.what_differs import what_differs
from openfirst_reference.contract.findings import Mistake, count, did_you_mean
from openfirst_reference.contract.load import load_contract
from openfirst_reference.contract.model import Contract
from openfirst_reference.machine.machine import Machine, machine_of
from openfirst_reference.show.step_words import due_words, outcome_words

_SHOWN_BEFORE = 10


@click.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--fixture",
    "fixtures",
    multiple=True,
    metavar="CLIENT=NAME",
    help="What a client holds of which the log says nothing: a fixture of the contract, such as token-without-id.",
)
@chosen
@profile
@overlays
def trace(
    file: Path, fixtures: tuple[str, ...], chosen: tuple[str, ...], profile: str | None, overlays: tuple[Path, ...]
) -> None:
    """Judge what already happened: a log of calls (JSON lines), or HTTP that was recorded against a platform (HAR).

    FILE may be `-`, for standard input. docs/trace.md describes the log.

    Exit status: 0 nothing that the contract forbids, 1 a rule is broken, 2 usage or a malformed line, 3 nothing to judge.
    """
    name = "standard input" if str(file) == "-" else str(file)
    with said_plainly():
        contract = load_contract(overlays=overlays)
        choices = choices_of(contract, chosen, profile)
        held = _fixtures(contract, fixtures)
        text = _read(file, name)
        machine = Machine(contract)
        har = _har(text, name, machine)
        if har and held:
            raise Mistake(f"--fixture: {name} says itself what each client holds, as HTTP does. Leave the option out.")
        recordings = har.recordings if har else read_log(text, name, machine, held)
        _check_clients(held, recordings)
        judged = judge_recordings(recordings, machine, choices)
    console = Console(highlight=False)
    _show(contract, judged, console)
    for kind, number in har.left_out.items() if har else ():
        console.print(Text(f"Left out: {count(number, 'request')} {kind}.", style="dim"))
    broken = any(_breaks(contract, found) for found in judged.broken)
    sys.exit(1 if broken else 3 if judged.given_up or not judged.calls else 0)


def _fixtures(contract: Contract, given: tuple[str, ...]) -> dict[str, str]:
    held: dict[str, str] = {}
    for item in given:
        client, equals, name = item.partition("=")
        if not equals:
            raise Mistake(f"--fixture: `{item}` is not of the form CLIENT=NAME, such as a=token-without-id.")
        if name not in contract.fixtures:
            raise Mistake(f"--fixture: `{name}` is not a fixture. Fixtures: {', '.join(contract.fixtures)}.")
        held[client] = name
    return held


def _check_clients(held: Mapping[str, str], recordings: Sequence[Recording]) -> None:
    clients = dict.fromkeys(client for recording in recordings for client in recording.clients)
    for client in held:
        if clients and client not in clients:
            raise Mistake(f"--fixture: the log has no client `{client}`. {did_you_mean(client, clients)}")


def _read(file: Path, name: str) -> str:
    try:
        raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        return raw.decode("utf-8")
    except OSError as error:
        raise Mistake(f"{name} cannot be read: {error.strerror}. Check the path.") from None
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise Mistake(f"{name}:{line}: this is not UTF-8 text. Save the log as UTF-8.") from None


def _har(text: str, name: str, machine: Machine) -> Har | None:
    """The HAR file, if it is one: a single JSON value, where a log has one a line."""
    try:
        value: Any = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return None
    return read_har(value, name, machine) if is_har(value) else None


def _show(contract: Contract, judged: Judged, console: Console) -> None:
    for found in judged.broken:
        _show_broken(contract, found, console)
    for line, why in judged.given_up:
        text = Text(f"{line.where}: {too_open_in_words(why)}; not judged from here on.", style="yellow")
        console.print(wrapped(text, console.width), soft_wrap=True)
    known = [choice for choice in judged.choices.values() if choice.observed]
    if known:
        console.print(Text("Choices that this shows", style="bold"))
        console.print(choices_table(known, console.width), soft_wrap=True)
        console.print()
    console.print(_summary(contract, judged))


def _summary(contract: Contract, judged: Judged) -> str:
    """How many calls there were, and how many of them broke a rule, or did not keep one that only should be kept."""
    if not judged.calls:
        return "No calls: there is nothing to judge."
    broke = {found.line.where for found in judged.broken if _breaks(contract, found)}
    slack = {found.line.where for found in judged.broken} - broke
    said = f"of which {len(broke)} broke a rule" if broke else "nothing that the contract forbids"
    said += " up to there" if judged.given_up and not broke else ""
    said += f"; {len(slack)} did not keep what should be" if slack else ""
    return f"{count(judged.calls, 'call')}, {said}."


def _breaks(contract: Contract, found: Broken) -> bool:
    return any(contract.rules[rule].level == "must" for rule in found.rules)


def _show_broken(contract: Contract, found: Broken, console: Console) -> None:
    machine, line = machine_of(contract), found.line
    for rule in (contract.rules[name] for name in found.rules):
        must = rule.level == "must"
        head = f"{found.line.where}: {rule.id} is {'broken' if must else 'not kept'} ({rule.level})."
        console.print(Text(head, style="bold red" if must else "bold yellow"), soft_wrap=True)
        quote = f"“{rule.quote}” ({contract.sources[rule.source].title})"
        differing = what_differs(
            machine, line.operation, line.outcome, found.permitted, level=rule.level, followed=found.followed
        )
        said = [
            Text(rule.statement),
            Text(quote, style="italic"),
            *([Text(differing, style="bold")] if differing else []),
        ]
        for text in said:
            console.print(wrapped(text, console.width, 2), soft_wrap=True)
    before = found.before[-_SHOWN_BEFORE:]
    if len(found.before) > len(before):
        earlier = count(len(found.before) - len(before), "earlier call")
        console.print(Text(f"  … {earlier}", style="dim"))
    several = len({item.client for item in (*found.before, line)}) > 1
    rows: list[Row] = [
        (item.where, _short(_call(item, several=several)), Text(_short(outcome_words(item.outcome))), "")
        for item in before
    ]
    permitted = " or ".join(due_words(machine, found.permitted))
    seen = Text(_short(outcome_words(line.outcome)), style="red")
    rows.append((line.where, _short(_call(line, several=several)), seen, permitted))
    titles = ("", "call", "seen", "permitted")
    console.print(table(titles, rows, console.width, indent=2, style="dim"), soft_wrap=True)
    console.print()


def _call(line: Line, *, several: bool) -> str:
    arguments = json.dumps(line.arguments, ensure_ascii=False) if line.arguments else ""
    return f"{f'{line.client}: ' if several else ''}{line.operation}({arguments})"


def _short(text: str) -> str:
    return text if len(text) <= 160 else text[:159] + "…"
