"""`openfirst check`: judge an implementation."""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from collections.abc import Collection, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from openfirst.cli import baseline as known
from openfirst.cli.commands.replay import played_again
from openfirst.cli.commands.rules import said
from openfirst.cli.exits import said_plainly
from openfirst.cli.options import check_targets, json_file, judged, junit_file, read_json, transcript
from openfirst.cli.progress import drawn
from openfirst.cli.reporting import write_reports
from openfirst.cli.stopping import answering
from openfirst.parallel import Board, leave, others, processes, shares
from openfirst.request import Request
from openfirst.stopped import STOPPED
from openfirst_conformance.adapters.protocol.transcript import transcript_in
from openfirst_conformance.cases.case import Case
from openfirst_conformance.cases.files import case_from_json, case_to_json
from openfirst_conformance.driving.settings import Settings, shard_of
from openfirst_conformance.reports.terminal import show
from openfirst_conformance.tiers.catalogue import TIERS
from openfirst_conformance.verdicts.judge import check_rules, judge
from openfirst_conformance.verdicts.model import Failure, Report
from openfirst_reference.contract.findings import Mistake
from openfirst_reference.contract.model import Contract

if TYPE_CHECKING:
    from openfirst_conformance.power.trivial_clients import Floor

CASES = Path("openfirst-cases")


@click.command()
@click.option(
    "--tier", "tiers", multiple=True, type=click.Choice(list(TIERS)), help="The tiers to run.  [default: all of them]"
)
@click.option(
    "-k",
    "extra",
    default=1,
    show_default=True,
    type=click.IntRange(0, 2),
    help="The extra states that `complete` allows for.",
)
@click.option("--seed", default=0, show_default=True, help="The seed of `explore` and `concurrent`.")
@click.option(
    "--walks",
    default=200,
    show_default=True,
    type=click.IntRange(0),
    help="How many walks of 50 calls `explore` takes.",
)
@click.option(
    "--scenario",
    "scenarios",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A saved case of one client, or a list of them, from whose end `complete` goes on as well.",
)
@click.option(
    "-j",
    "jobs",
    type=click.IntRange(1),
    metavar="N",
    help="How many processes judge side by side; smoke alone takes one.  [default: the cores]",
)
@click.option("--shard", metavar="I/N", help="Run one part of N only; all parts together are the whole.")
@click.option(
    "--rule", "only", multiple=True, metavar="ID", help="Judge by this rule only; may be given several times."
)
@json_file
@junit_file
@known.baseline
@transcript
@judged
# What has become a command of its own: `openfirst rules`, and `openfirst replay`.
@click.option("--list", "listed", is_flag=True, hidden=True)
@click.option("--explain", "explained", metavar="RULE", hidden=True)
@click.option("--replay", "replay_file", type=click.Path(path_type=Path), metavar="FILE", hidden=True)
def check(
    request: Request,
    tiers: tuple[str, ...],
    extra: int,
    seed: int,
    walks: int,
    scenarios: tuple[Path, ...],
    jobs: int | None,
    shard: str | None,
    only: tuple[str, ...],
    json_file: Path | None,
    junit_file: Path | None,
    baseline_file: Path | None,
    update_baseline: bool,
    transcript: Path | None,
    listed: bool,
    explained: str | None,
    replay_file: Path | None,
) -> None:
    """Judge an implementation: a verdict for every rule, and the shortest sequence of calls that shows each one broken.

    Without --adapter, --python, --connect or --platform it judges the reference client against a simulator that it starts
    itself.

    Exit status: 0 conforms, 1 a rule is broken, 2 usage, 3 incomplete or nothing ran, 4 only the baseline is wrong, 130 ended
    by Ctrl-C without a report. A rule that fails as the baseline says counts as kept.
    """
    if listed or explained:
        with said_plainly():
            click.echo(said(request.contract(), explained, only, "--explain"), nl=not explained)
        return
    if replay_file and baseline_file:
        raise click.UsageError("--baseline and --replay cannot be given together: a replay is one case only.")
    if replay_file:
        played_again(request, replay_file, "--replay", json_file, junit_file, transcript)
    with said_plainly():
        contract = request.contract()
        check_rules(contract, only, "--rule")
        part = (1, 1) if shard is None else shard_of(shard)
        settings = Settings(extra, seed, walks, tuple(_scenarios(scenarios, contract)), part)
        targets = {"--json": json_file, "--junit": junit_file, "--transcript": transcript}
        if CASES.exists() and not CASES.is_dir():
            raise click.UsageError(
                f"{CASES} is no folder, and failing cases are saved there. Move it, or run elsewhere."
            )
        check_targets({**targets, "--baseline": baseline_file if update_baseline else None})
        accepted = known.read(baseline_file, contract, update=update_baseline)
        tiers = tiers or tuple(TIERS)
        _check_scenarios(scenarios, tiers)
        count = 1 if transcript else processes(request, tiers, jobs)
        report, floor = _judged(request, contract, tiers, only, shares(settings, count), transcript)
        compared = known.settle(report, accepted, baseline_file, update=update_baseline)
    report = compared.report
    console = Console(highlight=False)
    unsaved: list[OSError] = []

    def replaying(failure: Failure) -> str | None:
        try:
            return request.replaying(_save(failure, contract))
        except OSError as error:
            unsaved.append(error)
            return None

    show(report, console, replaying, floor)
    if unsaved:
        why = unsaved[0].strerror or unsaved[0]
        console.print(
            f"The failing cases could not be saved in {CASES} ({why}). To play them again, run it where they can."
        )
    with said_plainly():
        write_reports(report, json_file, junit_file)
    known.show(compared, baseline_file, console, update=update_baseline)
    if json_file:
        console.print(f"Report: {json_file}")
    sys.exit(known.status(compared))


def _check_scenarios(scenarios: Collection[Path], tiers: Collection[str]) -> None:
    """Raise UsageError for a file that would not be played: numbers such as a seed may be given to whoever heeds them or not."""
    if scenarios and "complete" not in tiers:
        ran = " and ".join(f"`{tier}`" for tier in tiers)
        raise click.UsageError(
            f"--scenario says what complete tries, and {ran} alone is run. Add --tier complete, or leave it out."
        )


def _judged(
    request: Request,
    contract: Contract,
    tiers: tuple[str, ...],
    only: tuple[str, ...],
    shared: list[Settings],
    transcript: Path | None,
) -> tuple[Report, str]:
    """The report, and what a pass is worth if every rule was tried."""
    choices = request.choices(contract)
    board = Board(tiers, len(shared))
    with transcript_in(transcript) as kept, others(request, board, shared[1:]) as beside, drawn(board) as console:
        subject, platform = request.subject(contract, kept)
        run = judge(
            subject,
            contract,
            choices=choices,
            tiers=tiers,
            only=only,
            settings=shared[0],
            announce=lambda text: console.print(text, soft_wrap=True),
            platform=platform,
            progress=lambda _: beside.check(),
            reached=partial(board.note, 0),
            others=beside.parts,
        )

        def stop(said: str) -> None:
            console.print(said)
            beside.stop()

        def end() -> None:
            beside.end()
            console.show_cursor()  # which the line hides
            leave(STOPPED)

        report = asyncio.run(answering(run, stop, end))
        finished = report.promise.get("complete", {}).get("finished")
        return report, _floor(*beside.floor(request)) if finished else ""


def _scenarios(files: Iterable[Path], contract: Contract) -> Iterator[Case]:
    """The cases in files, each one or a list, from whose ends `complete` goes on. Raises ValueError with a sentence."""
    for file in files:
        found = read_json(file, "--scenario")
        if found == []:
            raise Mistake(
                f"--scenario: {file} is an empty list, and so not a case. Name a file with one, or with several."
            )
        for number, item in enumerate(found, 1) if isinstance(found, list) else [(0, found)]:
            place = f"{file}, case {number}" if number else str(file)
            case = case_from_json(item, contract, place)
            if len(case.clients) != 1:
                raise Mistake(f"--scenario: {place} has {len(case.clients)} clients. Name a case of one client.")
            yield case


def _floor(refusing: Floor, accepting: Floor) -> str:
    """What a pass is worth: how far those come that keep nothing."""
    return (
        f"The floor: a client that refuses every call passes {len(refusing.passed)} of the {len(refusing.tested)} rules that "
        f"smoke can test in it, and one that accepts every call {len(accepting.passed)} of {len(accepting.tested)}."
    )


def _save(failure: Failure, contract: Contract) -> Path:
    """Write the failing case where it can be played again from. Another case is left, of another run maybe: it is somebody's."""
    CASES.mkdir(exist_ok=True)
    case = case_to_json(failure.played.case, failure.played.calls, contract)
    text = (json.dumps(case, ensure_ascii=False, indent=2) + "\n").encode(errors="backslashreplace")
    for number in itertools.count(1):
        file = CASES / f"{failure.rule}{f'-{number}' if number > 1 else ''}.json"
        try:
            with file.open("xb") as new:
                new.write(text)
        except FileExistsError:
            if not file.is_file() or file.read_bytes() != text:
                continue
        break
    return file
