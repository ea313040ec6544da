"""The golden traces check the table from outside: they were written from the sources' sentences, not from the table."""

import random
from typing import Any

import pytest

from openfirst_conformance.cases.golden import GoldenTrace, golden_traces
from openfirst_conformance.oracle.oracle import Oracle
from openfirst_conformance.oracle.tracker import Tracker
from openfirst_reference.contract.load import load_contract
from openfirst_reference.contract.model import ANY_ERROR, OF_SERVICE
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.outcome import Answered, Refused, Settled
from openfirst_reference.show.step_words import outcome_words

CONTRACT = load_contract()
MACHINE = Machine(CONTRACT)
TRACES = golden_traces(CONTRACT)
NAMES = {trace.case.id: trace for trace in TRACES}


def resolutions(trace: GoldenTrace) -> list[dict[str, str]]:
    """The default choices and thirty others, each with what the trace itself demands."""
    chance = random.Random(trace.case.id)
    drawn = [{choice.id: chance.choice(choice.values) for choice in CONTRACT.choices.values()} for _ in range(30)]
    granted = CONTRACT.undeclared_choices()
    return [{**choices, **granted, **trace.case.choices} for choices in [CONTRACT.default_choices(), *drawn]]


def possible(tracker: Tracker, client: str, call: Any, ids: dict[str, Any]) -> list[Settled]:
    """Every outcome that the table permits where the tracker is."""
    index = tracker.clients[client]
    outcomes: dict[str, Settled] = {}
    for way in tracker.explanations:
        for step in tracker.oracle.steps(way.node, index, call):
            if tracker.oracle.keys(step) is None or step.alternative.breaks:
                continue
            if step.is_error:
                outcome: Settled = Refused("of-its-own" if step.code in (ANY_ERROR, OF_SERVICE) else step.code)
            else:
                outcome = Answered(MACHINE.answer(step, lambda identity: str(identity.of(index))))
            outcomes[outcome_words(outcome)] = outcome
    return list(outcomes.values())


def fits(see: Any, outcome: Settled, ids: dict[str, Any]) -> bool:
    """Whether an outcome is what a trace says it sees. `$name` stands for a participant ID, bound at first sight."""
    if see == "answer":
        return isinstance(outcome, Answered)
    if "error" in see:
        codes = see["error"] if isinstance(see["error"], list) else [see["error"]]
        return isinstance(outcome, Refused) and ("any" in codes or outcome.code in codes)
    if not isinstance(outcome, Answered):
        return False
    if "value" in see:
        return bool(outcome.value == see["value"])
    if "asked" in see:
        return isinstance(outcome.value, dict) and outcome.value.get("asked") == see["asked"]
    if not isinstance(outcome.value, dict):
        return False
    shown = {"id": outcome.value["id"], **outcome.value["info"]}
    for name, value in see["participant"].items():
        if isinstance(value, str) and value.startswith("$"):
            if ids.setdefault(value, shown[name]) != shown[name]:
                return False
        elif shown[name] != value:
            return False
    return True


@pytest.mark.parametrize("name", NAMES)
def test_the_table_permits_what_the_sentence_demands_whatever_is_left_open(name: str) -> None:
    """For every resolution of the choices, what a trace sees is possible, and what it rules out is not."""
    trace = NAMES[name]
    for choices in resolutions(trace):
        oracle, ids = Oracle(MACHINE, choices), dict[str, Any]()
        tracker = Tracker(oracle, {client: MACHINE.fixture(fixture) for client, fixture in trace.case.clients.items()})
        for number, (planned, see, nevers) in enumerate(
            zip(trace.case.calls, trace.sees, trace.nevers, strict=True), 1
        ):
            state = next(iter(tracker.explanations)).node.states[tracker.clients[planned.client]]
            call = MACHINE.call(planned.operation, planned.arguments, state)
            outcomes = possible(tracker, planned.client, call, ids)
            where = f"call {number} ({planned.operation}) under {choices}"
            for never in nevers:
                assert not [outcome for outcome in outcomes if fits(never, outcome, dict(ids))], (
                    f"{where}: {never} is permitted"
                )
            fitting = [outcome for outcome in outcomes if fits(see, outcome, ids)]
            assert fitting, f"{where}: {see} is not permitted; permitted: {list(map(outcome_words, outcomes))}"
            assert tracker.see(planned.client, call, fitting[0]) is None, where


def test_there_are_enough_of_them_and_they_touch_every_rule_that_one_client_at_a_time_can_touch() -> None:
    """At least forty traces; every rule but the one about overlapping calls is named by two or more."""
    assert len(TRACES) >= 40
    counts = {rule: sum(rule in trace.rules for trace in TRACES) for rule in CONTRACT.rules}
    assert {rule for rule, count in counts.items() if count < 2} == {"concurrent-calls"}
    assert all(rule in CONTRACT.rules for trace in TRACES for rule in trace.rules)
    assert all(trace.source in CONTRACT.sources for trace in TRACES)
