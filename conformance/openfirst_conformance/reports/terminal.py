"""The report as text, for people; as data, for programs, it is in `data`."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from openfirst_conformance.reports.verdict_words import (
    choice_in_words,
    clients_in_words,
    forbidding_in_words,
    promise_in_words,
    reason_in_words,
)
from openfirst_conformance.reports.what_differs import what_differs
from openfirst_conformance.verdicts.model import Failure, Report, RuleVerdict
from openfirst_reference.machine.machine import machine_of
from openfirst_reference.show.step_words import due_words, outcome_words

STYLES = {
    "pass": "green",
    "known": "yellow",
    "fail": "bold red",
    "flaky": "yellow",
    "inconclusive": "yellow",
    "not-testable": "red",
}
_FAULTS = 5
EXIT_STATUS = {"conforms": 0, "broken": 1, "incomplete": 3}


def show(report: Report, console: Console, replay: Callable[[Failure], str | None], floor: str = "") -> None:
    """Print the report. `replay` gives the command that plays a failure again, if it was saved; `floor` what a pass is worth."""
    for rule in report.rules.values():
        for failure in rule.failures[:1] if rule.verdict != "known" else ():
            console.print(_failure(report, rule, failure))
            again = replay(failure)
            if again:  # In one line, however long, so that it can be pasted.
                console.print(Text(f"  Play it again: {again}", style="cyan"), soft_wrap=True)
    console.print(_rules(report))
    _show_choices(report, console)
    _show_codes(report, console)
    _show_layers(report, console)
    _show_faults(report, console)
    for name, promise in report.promise.items():
        if not promise["sequences"]:
            continue
        counts = f"{promise['calls']:,} calls in {promise['sequences']:,} sequences, {promise['seconds']} s."
        console.print(
            Text.assemble((name, "bold"), f": {counts} ") + Text(promise_in_words(promise), style="dim"), soft_wrap=True
        )
    if floor:
        console.print(Text(floor, style="dim"), soft_wrap=True)
    console.print(_headline(report), soft_wrap=True)


def _headline(report: Report) -> Text:
    name = f"{report.implementation.get('name', '?')} {report.implementation.get('version', '')}".strip()
    by_verdict: dict[str, list[str]] = {}
    for rule in report.rules.values():
        by_verdict.setdefault(rule.verdict, []).append(rule.id)
    passed = len(by_verdict.pop("pass", []))
    rest = "; ".join(f"{verdict}: {', '.join(ids)}" for verdict, ids in by_verdict.items())
    only_known = any(rule.verdict == "known" for rule in report.rules.values())
    words = {
        "conforms": "has known breaks only" if only_known else "keeps the contract, as far as it was tested",
        "broken": "breaks the contract",
        "incomplete": "could not be judged completely",
    }
    style = {"conforms": "bold green", "broken": "bold red", "incomplete": "bold yellow"}[report.verdict]
    passing = f"{passed} rule passes" if passed == 1 else f"{passed} rules pass"
    text = Text.assemble(
        (f"{report.verdict}: ", style),
        (f"{name} {words[report.verdict]}. ", "bold"),
        passing,
    )
    return text + Text(f"; {rest}." if rest else ".")


def _rules(report: Report) -> RenderableType:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("rule", "level", "verdict"):
        table.add_column(column, no_wrap=True)
    table.add_column("")
    for rule in report.rules.values():
        verdict = "warn" if rule.verdict == "fail" and rule.level != "must" else rule.verdict
        style = "yellow" if verdict == "warn" else STYLES.get(rule.verdict, "dim")
        reason = reason_in_words(rule.reason)
        if rule.failures and rule.verdict != "known":
            calls = len(rule.failures[0].played.seen)
            reason = f"shown in {calls} call{'' if calls == 1 else 's'}"
        elif rule.refused_only:
            reason = f"refused for an unknown reason {rule.refused_only} times: the level reached is `refused`"
        table.add_row(rule.id, rule.level, Text(verdict, style=style), reason)
    return Padding(table, (1, 0))


def _failure(report: Report, rule: RuleVerdict, failure: Failure) -> RenderableType:
    table = Table(box=None, pad_edge=False, header_style="dim")
    several = len(failure.played.case.clients) > 1
    for column in (["client"] if several else []) + ["call", "seen", "permitted"]:
        table.add_column(column, overflow="fold")
    for seen in failure.played.seen:
        is_last = seen is failure.played.seen[-1]
        call = f"{seen.planned.operation}({_arguments(seen.planned.arguments)})"
        client = [seen.planned.client] if several else []
        came = Text(_printable(outcome_words(seen.outcome)), style="red" if is_last else "")
        table.add_row(*client, call, came, " or ".join(due_words(machine_of(report.contract), seen.permitted)))
    stated = report.contract.rules[rule.id]
    word = "broken" if rule.level == "must" else "not kept"
    last = failure.played.seen[-1]
    machine = machine_of(report.contract)
    differing = [what_differs(machine, last.planned.operation, last.outcome, last.permitted)]
    differing = [line for line in differing if line and rule.level == "must"]
    parts: list[RenderableType] = [
        Text.assemble(
            (f"{rule.id} is {word}", "bold red" if rule.level == "must" else "bold yellow"), f" ({rule.level}). "
        ),
        Padding(Text(stated.statement), (0, 0, 0, 2)),
        Padding(
            Text(f"“{stated.quote}” ({report.contract.sources[stated.source].title})", style="italic"), (0, 0, 0, 2)
        ),
        *(Padding(Text(line, style="bold"), (0, 0, 0, 2)) for line in differing),
        *(
            Padding(Text(forbidding_in_words(report.choices[name], value)), (0, 0, 0, 2))
            for name, value in failure.choices.items()
        ),
        Padding(Text(clients_in_words(failure.played), style="dim"), (0, 0, 0, 2)),
        Padding(table, (0, 0, 0, 2)),
    ]
    if failure.played.stderr.strip():
        last_lines = failure.played.stderr.strip().splitlines()[-3:]
        parts.append(Padding(Text("Standard error ends with: " + " / ".join(last_lines), style="dim"), (0, 0, 0, 2)))
    return Padding(Group(*parts), (1, 0, 0, 0))


def failure_in_words(report: Report, rule: RuleVerdict) -> str:
    """The shortest failure of a rule as plain text."""
    console = Console(file=StringIO(), width=120, color_system=None)
    for failure in rule.failures[:1]:
        console.print(_failure(report, rule, failure))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    return str(text).strip()


def _printable(text: str) -> str:
    """The text with what no terminal can show, a lone surrogate, written out."""
    return text.encode("utf-8", "backslashreplace").decode()


def _arguments(arguments: Any) -> str:
    text = _printable(json.dumps(arguments, ensure_ascii=False)) if arguments else ""
    return text if len(text) <= 160 else text[:157] + "…"


def _show_choices(report: Report, console: Console) -> None:
    console.print(Text("Choices that the sources leave open", style="bold"))
    table = Table(box=None, pad_edge=False, show_header=False)
    for choice in report.choices.values():
        value, evidence = choice_in_words(choice)
        table.add_row("  " + choice.id, value, Text(evidence, style="dim"))
    console.print(table)
    console.print()


def _show_codes(report: Report, console: Console) -> None:
    others = {code: given for code, given in report.codes.items() if set(given) != {code}}
    if others:
        console.print(Text("Codes given for others, which no source tells apart", style="bold"))
        for code, given in others.items():
            found = ", ".join(f"{other} ({count:,})" for other, count in given.items())
            console.print(f"  for {code}: {found}")
        console.print()


def _show_layers(report: Report, console: Console) -> None:
    if report.layers:
        console.print(Text("Which layer answered", style="bold"))
        for operation, counts in report.layers.items():
            console.print("  " + operation + ": " + ", ".join(f"{layer} {count}" for layer, count in counts.items()))
        console.print()


def _show_faults(report: Report, console: Console) -> None:
    if report.adapter_faults:
        count, kinds = sum(fault.times for fault in report.adapter_faults), len(report.adapter_faults)
        console.print(
            Text(
                f"The adapter itself failed {count} time{'' if count == 1 else 's'} (no rule is broken by that):",
                style="bold",
            )
        )
        for fault in report.adapter_faults[:_FAULTS]:
            where = f"{fault.case}, call {fault.call}" if fault.call else fault.case
            times = f", {fault.times} times, first" if fault.times > 1 else ""
            console.print(Text(f"  {fault.kind}{times} in {where}: {fault.detail}. {fault.remedy}"), soft_wrap=True)
            for line in fault.stderr.strip().splitlines():
                console.print(Text(f"    {line}", style="dim"), soft_wrap=True)
        if kinds > _FAULTS:
            console.print(f"  … and {kinds - _FAULTS} more of other kinds or causes; --json FILE has them all.")
        console.print()
