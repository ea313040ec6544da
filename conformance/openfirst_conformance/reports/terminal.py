"""The report as text, for people; as data, for programs, it is in `data`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from rich.console import Console
from rich.text import Text

from openfirst_conformance.adapters.protocol.lines import shorten
from openfirst_conformance.driving.played import Played
from openfirst_conformance.reports.layout import Row, folded, table, wrapped
from openfirst_conformance.reports.verdict_words import (
    choice_in_words,
    clients_in_words,
    forbidding_in_words,
    left_out_in_words,
    promise_in_words,
    reason_in_words,
)
from openfirst_conformance.reports.what_differs import settled_in_words, what_differs
from openfirst_conformance.verdicts.model import ChoiceSeen, Failure, Report, RuleVerdict
from openfirst_reference.contract.findings import count, nearest
from openfirst_reference.machine.machine import Machine, machine_of
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
_CODES = 5
_PAGE = 120
OVERLAP = (
    "A call marked `at once` begins before the one above it is answered: in no order may they all have come to this."
)
EXIT_STATUS = {"conforms": 0, "broken": 1, "incomplete": 3}


def show(report: Report, console: Console, replay: Callable[[Failure], str | None], floor: str = "") -> None:
    """Print the report. `replay` gives the command that plays a failure again, if it was saved; `floor` what a pass is worth."""

    def say(text: Text | str, indent: int = 0) -> None:
        console.print(wrapped(text, console.width, indent), soft_wrap=True)

    show_failures(report, console, replay)
    console.print()
    console.print(_rules(report, console.width), soft_wrap=True)
    console.print()
    _show_choices(report, console)
    for title, lines in (*_codes(report), *_unknown_codes(report), *_layers(report), *_faults(report)):
        say(Text(title, style="bold"))
        for line in lines:
            say(line, 2)
        console.print()
    for name, promise in report.promise.items():
        if not promise["sequences"]:
            continue
        counts = (
            f"{count(promise['calls'], 'call')} in {count(promise['sequences'], 'sequence')}, {promise['seconds']} s."
        )
        say(Text.assemble((name, "bold"), f": {counts} ") + Text(promise_in_words(promise, report.shard), style="dim"))
    if floor:
        say(Text(floor, style="dim"))
    for item in report.left_out:
        say(Text(left_out_in_words(item), style="yellow"))
    say(_headline(report))


def show_failures(report: Report, console: Console, replay: Callable[[Failure], str | None] = lambda _: None) -> None:
    """Print the shortest failure of each rule that is broken; a sequence of calls once. `replay` is as in `show`."""
    shown: list[tuple[str, Played]] = []
    for rule in report.rules.values():
        for failure in rule.failures[:1] if rule.verdict != "known" else ():
            console.print()
            same = next((first for first, played in shown if played.same_as(failure.played)), None)
            console.print(_failure(report, rule, failure, console.width, same), soft_wrap=True)
            shown.append((rule.id, failure.played))
            again = replay(failure)
            if again:  # In one line, however long, so that it can be pasted.
                console.print(Text(f"  Play it again: {again}", style="cyan"), soft_wrap=True)


def _headline(report: Report) -> Text:
    name = f"{report.implementation.get('name', '?')} {report.implementation.get('version', '')}".strip()
    by_verdict: dict[str, list[str]] = {}

    def named(rule: str) -> str:
        """A rule that fails and breaks nothing is told from one that does."""
        of = report.rules[rule]
        return f"{rule} ({of.level})" if of.verdict == "fail" and of.level != "must" else rule

    for rule in report.rules.values():
        by_verdict.setdefault(rule.verdict, []).append(rule.id)
    passed = len(by_verdict.pop("pass", []))
    rest = "; ".join(f"{verdict}: {', '.join(map(named, ids))}" for verdict, ids in by_verdict.items())
    only_known = any(rule.verdict == "known" for rule in report.rules.values())
    words = {
        "conforms": "has known breaks only" if only_known else "keeps the contract, as far as it was tested",
        "broken": "breaks the contract",
        "incomplete": "could not be judged completely",
    }
    part, parts = report.shard
    within = f", in part {part} of {parts}" if parts > 1 else ""
    if within and not only_known:
        words["conforms"] = "breaks nothing that this part tests"
    style = {"conforms": "bold green", "broken": "bold red", "incomplete": "bold yellow"}[report.verdict]
    passing = f"{count(passed, 'rule')} pass{'es' if passed == 1 else ''}"
    text = Text.assemble(
        (f"{report.verdict}{within}: ", style),
        (f"{name} {words[report.verdict]}. ", "bold"),
        passing,
    )
    text += Text(f"; {rest}." if rest else ".")
    return text + Text(" openfirst join says what all parts have come to." if within else "")


def rules_table(rules: Iterable[tuple[str, str, str, str]], width: int) -> Text:
    """Rules with level, verdict, and what there is to say of that."""
    rows = [
        (name, level, Text(verdict, style=_style(verdict, level)), reason) for name, level, verdict, reason in rules
    ]
    return table(("rule", "level", "verdict", ""), rows, width)


def _style(verdict: str, level: str) -> str:
    return "yellow" if verdict == "fail" and level != "must" else STYLES.get(verdict, "dim")


def _rules(report: Report, width: int) -> Text:
    rows = []
    for rule in report.rules.values():
        reason = reason_in_words(rule.reason)
        if rule.failures and rule.verdict != "known":
            reason = f"shown in {count(len(rule.failures[0].played.seen), 'call')}"
        elif rule.refused_only:
            reason = f"refused for an unknown reason {count(rule.refused_only, 'time')}: the level reached is `refused`"
        rows.append((rule.id, rule.level, rule.verdict, reason))
    return rules_table(rows, width)


def _failure(report: Report, rule: RuleVerdict, failure: Failure, width: int, same: str | None = None) -> Text:
    """A failure of a rule in words. `same`: the rule whose failure, shown before, has these very calls."""
    machine = machine_of(report.contract)
    stated = report.contract.rules[rule.id]
    word = "broken" if rule.level == "must" else "not kept"
    last = failure.played.seen[-1]
    overlap = any(seen.planned.overlapping for seen in failure.played.seen)
    if overlap:
        differing = OVERLAP
    elif failure.settled:
        differing = settled_in_words(last.planned.operation, last.outcome, failure.settled)
    else:
        followed = rule.id in failure.played.broken_shoulds
        differing = what_differs(
            machine, last.planned.operation, last.outcome, last.permitted, level=rule.level, followed=followed
        )
    lines: list[Text] = [
        Text(stated.statement),
        Text(f"“{stated.quote}” ({report.contract.sources[stated.source].title})", style="italic"),
        *([Text(differing, style="bold")] if differing else []),
        *(Text(forbidding_in_words(report.choices[name], value)) for name, value in failure.choices.items()),
        Text(clients_in_words(failure.played), style="dim"),
    ]
    parts = [
        Text.assemble(
            (f"{rule.id} is {word}", "bold red" if rule.level == "must" else "bold yellow"), f" ({rule.level})."
        ),
        *(wrapped(line, width, 2) for line in lines),
        wrapped(f"The calls are those of {same}, above.", width, 2)
        if same
        else table(("call", "seen", "permitted"), _calls(machine, failure.played), width, indent=2, style="dim"),
    ]
    if failure.played.stderr.strip():
        last_lines = failure.played.stderr.strip().splitlines()[-3:]
        parts.append(wrapped(Text("Standard error ends with: " + " / ".join(last_lines), style="dim"), width, 2))
    return Text("\n").join(parts)


def _calls(machine: Machine, played: Played) -> list[Row]:
    """The calls of a failure, the last of which is what fails. What is done again and again is shown once."""
    several = len(played.case.clients) > 1
    rows: list[Row] = []
    for seen in played.seen:
        is_last = seen is played.seen[-1]
        call = f"{seen.planned.client}: " if several else ""
        call += "at once: " if seen.planned.overlapping else ""
        call += f"{seen.planned.operation}({_arguments(seen.planned.arguments)})"
        came = Text(_printable(outcome_words(seen.outcome)), style="red" if is_last else "")
        rows.append((call, came, " or ".join(due_words(machine, seen.permitted))))
    shown: list[Row] = []
    for part, times in folded(rows[:-1]):
        shown += part
        if times > 1:
            what = "this call" if len(part) == 1 else f"these {len(part)} calls"
            shown.append((Text(f"({what}, {times} times)", style="dim"), "", ""))
    return [*shown, *rows[-1:]]


def failure_in_words(report: Report, rule: RuleVerdict) -> str:
    """The shortest failure of a rule as plain text."""
    return "\n".join(_failure(report, rule, failure, _PAGE).plain for failure in rule.failures[:1])


def _printable(text: str) -> str:
    """The text with what no terminal can show, a lone surrogate, written out."""
    return text.encode("utf-8", "backslashreplace").decode()


def _arguments(arguments: Any) -> str:
    text = _printable(json.dumps(arguments, ensure_ascii=False)) if arguments else ""
    return text if len(text) <= 160 else text[:157] + "…"


def _show_choices(report: Report, console: Console) -> None:
    console.print(Text("Choices that the sources leave open", style="bold"))
    console.print(choices_table(report.choices.values(), console.width), soft_wrap=True)
    console.print()


def choices_table(choices: Iterable[ChoiceSeen], width: int) -> Text:
    """What is known of choices."""
    rows = [
        (choice.id, value, Text(evidence, style="dim"))
        for choice in choices
        for value, evidence in [choice_in_words(choice)]
    ]
    return table(("", "", ""), rows, width, indent=2)


Part = tuple[str, list[str]]
"""A title, and what stands below it."""


def _codes(report: Report) -> Iterator[Part]:
    others = {code: given for code, given in report.codes.items() if set(given) != {code}}
    if others:
        yield (
            "Codes given for others, which no source tells apart",
            [
                f"for {code}: {', '.join(f'{other} ({times:,})' for other, times in given.items())}"
                for code, given in others.items()
            ],
        )


def _unknown_codes(report: Report) -> Iterator[Part]:
    if report.unknown_codes:
        told = []
        for code, times in report.unknown_codes.most_common(_CODES):
            near = nearest(code, report.contract.errors)
            meant = f"; did you mean `{near}`?" if near else ""
            told.append(f"`{_printable(shorten(code))}`, {count(times, 'time')}{meant}")
        more = len(report.unknown_codes) - len(told)
        told += [f"… and {more} more; --json FILE has them all."] if more else []
        yield "Error codes that the contract does not know, given where it says which one is due", told


def _layers(report: Report) -> Iterator[Part]:
    if report.layers:
        yield (
            "Which layer answered",
            [
                f"{operation}: {', '.join(f'{layer} {times}' for layer, times in counts.items())}"
                for operation, counts in report.layers.items()
            ],
        )


def _faults(report: Report) -> Iterator[Part]:
    if report.adapter_faults:
        total, kinds = sum(fault.times for fault in report.adapter_faults), len(report.adapter_faults)
        lines = []
        for fault in report.adapter_faults[:_FAULTS]:
            where = f"{fault.case}, call {fault.call}" if fault.call else fault.case
            times = f", {fault.times} times, first" if fault.times > 1 else ""
            lines.append(f"{fault.kind}{times} in {where}: {fault.detail}. {fault.remedy}")
            lines += [f"  {line}" for line in fault.stderr.strip().splitlines()]
        if kinds > _FAULTS:
            lines.append(f"… and {kinds - _FAULTS} more of other kinds or causes; --json FILE has them all.")
        what = "platform" if report.implementation.get("role") == "platform" else "adapter"
        yield f"The {what} itself failed {count(total, 'time')} (no rule is broken by that):", lines
