"""What a check would test, in words, without running it: the rules with their tiers, and one rule with what would break it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from openfirst_conformance.cases.case import Planned
from openfirst_conformance.cases.golden import GoldenTrace, golden_traces
from openfirst_conformance.oracle.explanation import Violation
from openfirst_conformance.oracle.oracle import Oracle
from openfirst_conformance.oracle.tracker import Tracker
from openfirst_conformance.tiers.catalogue import tiers_of
from openfirst_conformance.verdicts.blame import blame
from openfirst_reference.contract.findings import list_words
from openfirst_reference.contract.model import ANY_ERROR, Contract
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.outcome import Answered, Refused, Settled
from openfirst_reference.machine.step import Call, Step
from openfirst_reference.show.blocks import WIDTH, grid, wrapped
from openfirst_reference.show.contract_pages import show
from openfirst_reference.show.step_words import due_words, outcome_words

_SHORT = 160


@dataclass(frozen=True)
class Example:
    """A golden trace with one outcome that breaks a rule: the calls up to there, what each came to, and what was permitted."""

    trace: GoldenTrace
    outcomes: tuple[Settled, ...]
    permitted: tuple[Step, ...]
    rules: tuple[str, ...]


def list_rules(contract: Contract, only: Iterable[str] = (), width: int = WIDTH) -> str:
    """Every rule, or those in `only`, with its level and the tiers that test it."""
    chosen = list(only) or list(contract.rules)
    rows = [(name, contract.rules[name].level, ", ".join(tiers_of(contract, name)) or "none yet") for name in chosen]
    return grid([("rule", "level", "tiers"), *rows], width, "")


def explain(contract: Contract, rule: str, width: int = WIDTH) -> str:
    """A rule in words: what it says and where that stands, the rows that carry it, and an example of what breaks it."""
    tiers = tiers_of(contract, rule)
    tested = f"Tested by {list_words(tiers)}." if tiers else "No tier that there is today tests it."
    machine = Machine(contract)
    example = example_of(machine, rule)
    lines = _example_words(machine, example, width) if example else _overlap_words(contract, rule, width)
    return "\n".join([show(contract, rule, width=width), f"  {tested}", "", *lines]).rstrip() + "\n"


def example_of(machine: Machine, rule: str) -> Example | None:
    """The golden trace that one wrong outcome makes an example of breaking this rule, and as few others as may be."""
    examples = [
        example
        for trace in golden_traces(machine.contract)
        if rule in trace.rules
        for example in _broken(machine, trace)
        if rule in example.rules
    ]

    def worth(item: Example) -> tuple[bool, int, int, int]:
        """Best is one that shows where the rule says, no declared choice has a part in, is about few rules, and short."""
        too_soon = len(item.outcomes) == 1 and not machine.contract.rules[rule].shows_at_once
        return too_soon, len(item.trace.case.choices), len(item.rules), len(item.outcomes)

    return min(examples, key=worth, default=None)


def _broken(machine: Machine, trace: GoldenTrace) -> Iterator[Example]:
    """The trace with each outcome that it rules out, or another than it sees, in the place of the right one."""
    oracle = Oracle(machine, trace.case.choices)
    right: list[Settled] = []
    for planned, see, nevers in zip(trace.case.calls, trace.sees, trace.nevers, strict=True):
        tracker, call, _ = _followed(oracle, trace, right, planned)
        outcome = _right(tracker, planned, call, see)
        if outcome is None:
            return
        permitted = tracker.options(planned.client, call)()
        errors = machine.contract.operations[planned.operation].errors
        others = [Answered()] if isinstance(outcome, Refused) else [Refused(code) for code in errors[:1]]
        value = outcome.value if isinstance(outcome, Answered) else None
        before = [shown.value for shown in right if isinstance(shown, Answered)]
        altered = map(Answered, (*_altered(value), *_as_before(value, before)))
        for wrong in [*(_wrong(never, outcome) for never in nevers), *altered, *others]:
            after, _, violation = _followed(oracle, trace, right, planned, wrong)
            rules = blame(oracle, violation, minimal=False) if violation else tuple(after.broken_but_followed())
            if rules:
                yield Example(trace, (*right, wrong), permitted, rules)
        right.append(outcome)


def _followed(
    oracle: Oracle, trace: GoldenTrace, outcomes: list[Settled], then: Planned, wrong: Settled | None = None
) -> tuple[Tracker, Call, Violation | None]:
    """A tracker that has seen these outcomes; the call that comes then; and what is wrong if that comes to `wrong`."""
    machine = oracle.machine
    tracker = Tracker(oracle, {client: machine.fixture(fixture) for client, fixture in trace.case.clients.items()})

    def classified(planned: Planned) -> Call:
        state = next(iter(tracker.explanations)).node.states[tracker.clients[planned.client]]
        return machine.call(planned.operation, planned.arguments, state)

    for planned, outcome in zip(trace.case.calls, outcomes, strict=False):
        tracker.see(planned.client, classified(planned), outcome)
    call = classified(then)
    return tracker, call, tracker.see(then.client, call, wrong) if wrong else None


def _right(tracker: Tracker, planned: Planned, call: Call, see: Any) -> Answered | Refused | None:
    """An outcome that the table permits and the trace sees."""
    machine, client = tracker.oracle.machine, tracker.clients[planned.client]
    codes = see.get("error") if isinstance(see, dict) else None
    for way in tracker.explanations:
        for step in machine.steps(way.node.states[client], call):
            if tracker.oracle.keys(step) is None or step.alternative.breaks:
                continue
            if step.answer is None and codes is not None and (step.code in codes or "any" in codes):
                return Refused(None if step.code == ANY_ERROR else step.code)
            if step.answer is not None and codes is None:
                value = machine.answer(step, lambda identity: f"the ID of {identity.owner or 'the participant'}")
                if not (isinstance(see, dict) and "value" in see) or value == see["value"]:
                    return Answered(value)
    return None


def _wrong(never: Any, right: Settled) -> Settled:
    """What a trace rules out, as an outcome; of a participant, the fields that are named differ from the right ones."""
    if never == "answer":
        return Answered()
    if "error" in never:
        return Refused(never["error"] if isinstance(never["error"], str) else never["error"][0])
    if "participant" not in never:
        return Answered(never.get("value", never))
    shown: dict[str, Any] = {"id": "an ID", "info": {}}
    if isinstance(right, Answered) and isinstance(right.value, dict):
        shown = right.value
    fields: Mapping[str, Any] = never["participant"]
    info = {name: value for name, value in fields.items() if name != "id"}
    identity = "another ID" if "id" in fields else shown["id"]
    return Answered({"id": identity, "info": {**shown["info"], **info}})


def _altered(value: Any) -> Iterator[Any]:
    """The value with one part of it another: true for false, something for nothing."""
    if isinstance(value, bool):
        yield not value
    if isinstance(value, dict):
        for name, part in value.items():
            others = _altered(part) if isinstance(part, dict | bool) else ["something else" if part is None else None]
            yield from ({**value, name: other} for other in others)


def _as_before(value: Any, before: Iterable[Any]) -> Iterator[Any]:
    """The value with one part of it as another answer showed it."""
    for shown in before:
        if isinstance(value, dict) and isinstance(shown, dict):
            yield from (
                {**value, name: shown[name]} for name in value.keys() & shown.keys() if value[name] != shown[name]
            )


def _example_words(machine: Machine, example: Example, width: int) -> list[str]:
    trace = example.trace
    clients = ", ".join(f"{client}: {fixture}" for client, fixture in trace.case.clients.items())
    choices = "".join(f" {choice} is {value}." for choice, value in trace.case.choices.items())
    rows = [
        (
            (f"{planned.client}: " if len(trace.case.clients) > 1 else "")
            + f"{planned.operation}({_json(planned.arguments) if planned.arguments else ''})",
            _cut(outcome_words(outcome)),
        )
        for planned, outcome in zip(trace.case.calls, example.outcomes, strict=False)
    ]
    return [
        "  What would break it",
        "",
        grid([("call", "comes to"), *rows], width, "    "),
        "",
        wrapped(
            f"The last call may come to {' or '.join(_cut(item) for item in due_words(machine, example.permitted))}.",
            width,
        ),
        wrapped(f"After the golden trace {trace.case.id}: {trace.case.title}. Clients: {clients}.{choices}", width),
    ]


def _overlap_words(contract: Contract, rule: str, width: int) -> list[str]:
    overlaps = [item for item in contract.overlaps.values() if any(carry.rule == rule for carry in item.carries)]
    return [
        wrapped(
            "What would break it: calls overlap, and come to what no order of them explains. It is permitted that "
            f"{item.call}, while {item.other} overlaps it, comes to "
            + " or ".join(f"error {may.error}" if may.error else "an answer" for may in item.may)
            + ".",
            width,
        )
        for item in overlaps
    ]


def _json(value: Any) -> str:
    return _cut(json.dumps(value, ensure_ascii=False))


def _cut(text: str) -> str:
    return text if len(text) <= _SHORT else text[: _SHORT - 1] + "…"
