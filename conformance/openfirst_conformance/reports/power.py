"""Power in words: a table for the terminal, plain data, and a page for the documentation."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from typing import Any

from rich.text import Text

from openfirst_conformance.power.bench import Result
from openfirst_conformance.power.deletion import Blamed
from openfirst_conformance.power.faults import KINDS, PROMISED, SELDOM
from openfirst_conformance.power.measure import Power
from openfirst_conformance.reports.layout import table
from openfirst_reference.contract.findings import list_words
from openfirst_reference.show.step_words import call_words

HEAD = ("kind", "there are", "tried", "killed", "beyond", "conform", "not told", "survive", "median", "most")
_MOST_FREQUENT = 10
_MEANING = {
    "outcome": "a call comes to something else than it should",
    "target": "a call leaves something else behind than it should",
    "missing guard": "for one operation, a value of a variable is taken for another",
    "weakened comparison": "for one operation, a class of values is taken for another",
    "leaked variable": "an effect leaves a variable as it was",
    "forgotten effect": "a call has no effect",
    "free alternative": "any of these, where the contract permits several things and names no choice; the table follows another",
    "extra state": "any of the others, in a double of one kind of state, which one call from one kind of state leads to",
    "lock": "any of the others, once three calls have been made in a row",
    "equal values": "any of the first six, where a call gives what the client holds, or held, as whatever; or one value twice",
    "second initialisation": "any of the first six, once the client has been initialised again",
    "another client": "a call with an effect takes a value from another client, or leaves one with it",
}


def measured(power: Power) -> Iterator[dict[str, Any]]:
    """The figures, kind by kind."""
    for kind in KINDS:
        results = power.of(kind)
        calls = [result.calls for result in results if result.calls is not None]
        said = [each for each in results if each.survived and power.is_promised(kind) and power.is_said(each)]
        untold = len({id(each) for each in [*said, *(each for each in results if each.survived and each.untold)]})
        yield {
            "kind": kind,
            "promised": power.is_promised(kind),
            "thereAre": power.there_are.get(kind),
            "tried": len(results),
            "killed": len(calls),
            "blamedBeyond": sum(len(result.beyond) for result in results),
            "conforming": sum(result.conforms for result in results),
            "notToldApart": untold,
            "survived": sum(result.survived for result in results) - untold,
            "calls": {"median": round(median(calls)), "most": max(calls)} if calls else None,
            "seconds": round(power.seconds.get(kind, 0), 1),
        }


def as_table(power: Power, width: int) -> Text:
    """The figures for a terminal of this width."""
    rows = [(*_cells(row), f"{row['seconds']:.1f}") for row in measured(power)]
    return table((*HEAD, "s"), rows, width, style="dim", numbers=True)


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    numbers = (row[name] for name in ("tried", "killed", "blamedBeyond", "conforming", "notToldApart", "survived"))
    there_are = "no end" if row["thereAre"] is None else f"{row['thereAre']:,}"
    calls = row["calls"] or {}
    ends = (f"{calls[name]:,}" if name in calls else "-" for name in ("median", "most"))
    return (row["kind"], there_are, *map(str, numbers), *ends)


def as_text(power: Power) -> str:
    """What is to be said besides the figures."""
    return "\n\n".join(
        part for part in (*_survivors(power), _beyond(power), _variants(power), _rules(power), _floor(power)) if part
    )


def _survivors(power: Power) -> Iterator[str]:
    for result in power.results:
        if result.survived:
            yield f"{_why(power, result)}\n  {result.fault}\n    {_witness(result)}".rstrip()


def _why(power: Power, result: Result) -> str:
    if not result.decided:
        return "Not known to conform: the walk was too long."
    if result.untold:
        pairs = [f"{name} {one} from {other}" for name, one, other in result.untold]
        return f"Survived; the suite says that it does not tell {list_words(pairs)}."
    if not power.is_promised(result.fault.kind):
        return "Survived; nothing is promised of this kind."
    if power.is_said(result) and result.witness is not None:
        return f"Survived; starting as {result.witness[0]}, the suite says, such a fault is found by chance only."
    return "Survived."


def _witness(result: Result) -> str:
    if result.witness is None:
        return ""
    fixture, calls = result.witness
    return f"as {fixture}: {'; '.join(map(call_words, calls))}"


def _beyond(power: Power) -> str:
    total = power.beyond.total()
    if not total:
        return "No killed mutant was blamed on a rule that its cause does not break."
    head = f"Killed mutants were blamed {total} times on a rule that their cause does not break. The most frequent:"
    return "\n".join([head, *(f"  {place}: {rule}, {times} times" for place, rule, times in _most_frequent(power))])


def _most_frequent(power: Power) -> list[tuple[str, str, int]]:
    """Where the fault was, the rule, and how often it was blamed beyond the cause."""
    return [(place, rule, times) for (place, rule), times in power.beyond.most_common(_MOST_FREQUENT)]


def _variants(power: Power) -> str:
    if power.accused:
        return "Conforming and yet accused: " + "; ".join(power.accused) + "."
    return f"{power.variants} conforming variants were tried, and none was accused."


def _rules(power: Power) -> str:
    lines = [
        f"No fault was found that breaks the rule {rule}." for rule, blamed in power.rules.items() if blamed is None
    ]
    together = _together(power)
    alone = len(power.rules) - len(together) - len(lines)
    lines.append(f"{alone} of {len(power.rules)} rules are each blamed alone for some fault.")
    lines += [f"  {rule} only together with {list_words(others)}." for rule, others in together.items()]
    return "\n".join(lines)


def _together(power: Power) -> dict[str, list[str]]:
    """The rules that are never blamed alone, each with the others."""
    return {
        rule: [other for other in blamed.rules if other != rule]
        for rule, blamed in power.rules.items()
        if blamed is not None and len(blamed.rules) > 1
    }


def _floor(power: Power) -> str:
    return (
        "The floor, by the smoke tier: "
        + "; ".join(
            f"a client that {name} passes {len(of.passed)} of {len(of.tested)} rules tested"
            for name, of in _floors(power)
        )
        + "."
    )


def _floors(power: Power) -> Iterator[tuple[str, Any]]:
    yield from zip(("refuses everything", "accepts everything"), power.floor, strict=True)


def as_json(power: Power) -> dict[str, Any]:
    """The result as plain data."""
    return {
        "holds": power.holds,
        "extraStates": power.extra,
        "each": power.each,
        "seed": power.seed,
        "suites": [{"extraStates": extra, "calls": calls} for extra, calls in sorted(power.suites.items())],
        "onPurpose": power.on_purpose,
        "kinds": list(measured(power)),
        "survivors": [
            {
                "fault": str(result.fault),
                "promised": not power.is_said(result),
                "notToldApart": [list(pair) for pair in result.untold],
                "fixture": result.witness[0] if result.witness else None,
                "calls": [call_words(call) for call in result.witness[1]] if result.witness else [],
            }
            for result in power.results
            if result.survived
        ],
        "blamedBeyond": {
            "total": power.beyond.total(),
            "pairs": [
                {"place": place, "rule": rule, "times": times} for (place, rule), times in power.beyond.most_common()
            ],
            "faults": [
                {"fault": str(result.fault), "rules": list(result.beyond)} for result in power.results if result.beyond
            ],
        },
        "variants": {"tried": power.variants, "accused": power.accused},
        "rules": {rule: _blamed(blamed) for rule, blamed in power.rules.items()},
        "floor": {name: {"tested": list(of.tested), "passed": list(of.passed)} for name, of in _floors(power)},
    }


def _blamed(blamed: Blamed | None) -> dict[str, Any] | None:
    return None if blamed is None else {"fault": blamed.fault, "blamed": list(blamed.rules)}


def command_of(power: Power) -> str:
    """The command that measures the same again."""
    words = ["openfirst mutants"]
    words += [f"-k {power.extra}"] if power.extra is not None else []
    words += ["--all" if power.each is None else f"--each {power.each}", f"--seed {power.seed}"]
    return " ".join(words)


def as_markdown(power: Power) -> str:
    """The page of the documentation."""
    suites = [f"{calls:,} calls with -k {extra}" for extra, calls in sorted(power.suites.items())]
    promised = [f"`{kind}` with `-k {extra}`" for kind, extra in PROMISED.items() if extra]
    return "\n".join(
        [
            "# How good the judge is",
            "",
            "This page is made by a command. To make it again:",
            "",
            f"    {command_of(power)} --markdown docs/power.md",
            "",
            "Mutants of the contract, each with one fault, are run as clients against `complete`. A mutant is killed if the",
            "judge sees something that the contract forbids. Of one that is not killed, a walk through everything that it and",
            "the contract can do together shows whether it conforms: then nothing could kill it. The walk makes one call for",
            "each class of values.",
            "",
            "## Mutants",
            "",
            f"A suite that tries every fixture has {list_words(suites)}.",
            "*Median* and *most* are the calls that had been made when a mutant was killed; *beyond* is how many rules those were",
            "blamed on that their cause does not break.",
            "",
            *_markdown_table(HEAD, [_cells(row) for row in measured(power)]),
            "",
            *(f"- *{kind}*: {meaning}." for kind, meaning in _MEANING.items()),
            "",
            f"With `-k 0` all must be killed that do not conform; {list_words(promised)}. Nothing is promised of a",
            "*free alternative* or of a *lock*. The last three kinds are beyond `complete`: they are tried against the cases that",
            f"`explore` makes on purpose as well ({power.on_purpose:,} calls); nothing is promised, and survivors are shown. An",
            "*extra state* is drawn where the world stands still in the course of a case:",
            "in the other fixtures one extra state less is allowed for. *Not told*: all that the fault leaves behind is a",
            "difference that no call surely shows, and the report of `openfirst check` says so. Mutants are drawn from those",
            "whose fault one client alone can meet.",
            "",
            *_markdown_survivors(power),
            "## Rules blamed beyond the cause",
            "",
            "What the cause of a mutant breaks follows from the contract: what its row carries, and what answers for the variables",
            "that it changes. A judge that looks on from outside blames more where a call fails for what another has left.",
            "",
            *_markdown_beyond(power),
            "## Clients that conform",
            "",
            "For every value of every choice a client that makes it: once it declares what it chooses, and once it declares",
            f"nothing. {_variants(power)}",
            "",
            "## Every rule",
            "",
            "For each rule a fault by which it is broken. Where it is blamed alone, nothing would be said of the fault if the",
            "rule were not there.",
            "",
            *_markdown_table(
                ("rule", "blamed", "fault"),
                [
                    (f"`{rule}`", _manner(rule, blamed), "-" if blamed is None else blamed.fault)
                    for rule, blamed in power.rules.items()
                ],
            ),
            "",
            "## The floor",
            "",
            "What two clients that keep nothing would score in the smoke tier: one fails every call for no reason that is known,",
            "the other answers every call with `true` where an answer is yes or no, and else with nothing. They pass what their",
            "one answer happens to fit.",
            "",
            *_markdown_table(
                ("a client that", "passes", "of rules tested", "which"),
                [
                    (
                        name,
                        str(len(of.passed)),
                        str(len(of.tested)),
                        ", ".join(f"`{rule}`" for rule in of.passed) or "none",
                    )
                    for name, of in _floors(power)
                ],
            ),
            "",
        ]
    )


def _manner(rule: str, blamed: Blamed | None) -> str:
    if blamed is None:
        return "by no fault that was tried"
    others = [f"`{other}`" for other in blamed.rules if other != rule]
    return f"with {list_words(others)}" if others else "alone"


def _markdown_survivors(power: Power) -> list[str]:
    survivors = [
        result
        for result in power.results
        if result.survived and (power.is_promised(result.fault.kind) or result.fault.kind in SELDOM)
    ]
    if not survivors:
        return ["Of the kinds of which something is promised, and of the last three, none survived.", ""]
    lines = [
        "Those that survived of the kinds of which something is promised, and of the last three, each with what shows it:",
        "",
    ]
    for result in survivors:
        lines += [f"- {result.fault}. {_why(power, result)}", *([f"  `{_witness(result)}`"] if result.witness else [])]
    return [*lines, ""]


def _markdown_beyond(power: Power) -> list[str]:
    total = power.beyond.total()
    if not total:
        return [_beyond(power), ""]
    rows: list[tuple[str, ...]] = [
        (f"`{place}`", f"`{rule}`", str(times)) for place, rule, times in _most_frequent(power)
    ]
    head = f"Killed mutants were blamed {total} times on such a rule. The most frequent:"
    return [head, "", *_markdown_table(("fault in", "rule blamed", "times"), rows), ""]


def _markdown_table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    return ["| " + " | ".join(row) + " |" for row in (head, ("---",) * len(head), *rows)]
