"""Whether each rule is needed: were it not there, the judge would say nothing of some fault."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from openfirst_conformance.oracle.oracle import Oracle
from openfirst_conformance.oracle.tracker import Tracker
from openfirst_conformance.power.bench import Bench
from openfirst_conformance.power.cause import answering_for
from openfirst_conformance.power.faults import Fault
from openfirst_conformance.power.faulty_client import FaultyClient
from openfirst_conformance.verdicts.blame import blame
from openfirst_reference.contract.findings import ContractError
from openfirst_reference.contract.model import CLIENTS_APART, Contract
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.outcome import Answered, Refused
from openfirst_reference.machine.search import Search
from openfirst_reference.machine.step import Call, Identity, State
from openfirst_reference.proof.mutants import whole_mutants

_TRIED_FOR_A_RULE = 75
_CALLS_OF_TWO = 3


@dataclass(frozen=True)
class Blamed:
    """A fault, and the rules that the judge says it breaks."""

    fault: str
    rules: tuple[str, ...]


def each_rule_blamed(bench: Bench, faults: Sequence[Fault]) -> dict[str, Blamed | None]:
    """For each rule a fault that is blamed on it alone: were the rule not there, nothing would be said of the fault.

    Where none was found, one that is blamed on as few rules as possible with it among them; None if no fault is.
    """
    contract = bench.machine.contract
    best: dict[str, Blamed | None] = dict.fromkeys(contract.rules)

    def note(blamed: Blamed) -> None:
        for rule in blamed.rules:
            known = best[rule]
            if known is None or len(blamed.rules) < len(known.rules):
                best[rule] = blamed

    def is_alone(rule: str) -> bool:
        known = best[rule]
        return known is not None and len(known.rules) == 1

    for blamed in (
        *_overlapping(bench.machine),
        *_of_two_clients(bench.machine),
        *_of_one_identity(bench.machine),
    ):
        note(blamed)
    for rule in contract.rules:
        near = [fault for fault in faults if rule in _answering(contract, fault) and fault.place in bench.meeting]
        by_effect = [fault for fault in near if rule in answering_for(bench.machine, fault)]
        by_row = [fault for fault in near if rule not in answering_for(bench.machine, fault)]
        by_guard = [fault for fault in near if _asked_for(contract, rule) & {(fault.takes or fault.sees or ())[1:3]}]
        for fault in (*by_guard, *_of_each_kind(by_effect), *_of_each_kind(by_row)):
            if is_alone(rule):
                break
            note(Blamed(str(fault), next(bench.convicted(FaultyClient(bench.machine, bench.choices, fault)), ())))
    return best


def _of_each_kind(faults: Sequence[Fault]) -> Iterator[Fault]:
    """So many of these, one of each kind after the other."""
    kinds = {fault.kind: [other for other in faults if other.kind == fault.kind] for fault in faults}
    turns = (fault for turn in itertools.zip_longest(*kinds.values()) for fault in turn if fault is not None)
    return itertools.islice(turns, _TRIED_FOR_A_RULE)


def _asked_for(contract: Contract, rule: str) -> set[tuple[str, ...]]:
    """The parameters and variables, each with a value, where alone a row carries a rule."""
    guards = (carry.guard for row in contract.rows.values() for carry in row.carries if carry.rule == rule)
    return {(name, value) for guard in guards for name, values in guard.items() for value in values}


def _answering(contract: Contract, fault: Fault) -> set[str]:
    """The rules that answer for what is at the place of a fault."""
    rules: set[str] = set()
    for row in contract.rows.values():
        if fault.place in (row.id, row.call):
            rules |= {carry.rule for carry in row.carries}
            for item in row.may:
                effect = contract.effects[item.effect] if item.effect else None
                kept = [rules for part in effect.answering.values() for rules in part.values()] if effect else []
                rules |= {rule for names in (*kept, item.breaks) for rule in names}
    return rules


def _overlapping(machine: Machine) -> Iterator[Blamed]:
    """Faults in what a call comes to that another overlaps, each with the rules that are blamed."""
    contract = machine.contract
    choices = contract.default_choices()
    for mutant in whole_mutants(machine):
        overlap = contract.overlaps.get(mutant.row)
        fixtures = contract.fixtures.values()
        fixture = next((f for f in fixtures if overlap and {overlap.call, overlap.other} <= {*f.calls}), None)
        if overlap is None or fixture is None or mutant.outcome is None or mutant.outcome[0] is None:
            continue
        oracle, start = Oracle(machine, choices), machine.fixture(fixture.name)
        one, other = (machine.alphabet({name: ()}, start)[0] for name in (overlap.call, overlap.other))
        tracker = Tracker(oracle, {"a": start})
        begun = tracker.begin("a", one), tracker.begin("a", other)
        tracker.end(begun[1], FaultyClient(machine, choices).respond(start, 0, other)[0])
        violation = tracker.end(begun[0], Refused(mutant.outcome[0]))
        if violation is not None:
            yield Blamed(str(mutant), blame(oracle, violation, minimal=True))


def _of_two_clients(machine: Machine) -> Iterator[Blamed]:
    """A fault by which one client's call changes data of another, with the rules that are blamed."""
    contract = machine.contract
    law = contract.law(CLIENTS_APART)
    echoes = {stated.echo.call for stated in contract.operations.values() if stated.echo}
    for mutant in whole_mutants(machine):
        changes = mutant.changes or {}
        is_echo = mutant.row in contract.rows and contract.rows[mutant.row].call in echoes
        if (
            law
            and is_echo
            and any(not contract.variables[name].values and not contract.variables[name].world for name in changes)
        ):
            rules = _shown_by_two(machine, Fault("target", str(mutant), mutant))
            if rules:
                yield Blamed(str(mutant), rules)
            if rules == (law,):
                return


def _shown_by_two(machine: Machine, fault: Fault) -> tuple[str, ...]:
    """The rules that are blamed for a fault in what one client's calls do to the other; () where few calls do not show it."""
    contract = machine.contract
    choices = contract.default_choices()
    fixture = next(iter(contract.fixtures.values()))
    client, oracle, start = (
        FaultyClient(machine, choices, fault),
        Oracle(machine, choices),
        machine.fixture(fixture.name),
    )
    calls = machine.alphabet(dict.fromkeys(fixture.calls, ()), start)
    for length in range(1, _CALLS_OF_TWO + 1):
        for word in itertools.product(itertools.product("ab", calls), repeat=length):
            states, tracker = {"a": start, "b": start}, Tracker(oracle, {"a": start, "b": start})
            for name, call in word:
                other = "b" if name == "a" else "a"
                try:
                    echo = machine.echo(client.step(states[name], 0, call), states[other])
                except ContractError:
                    return ()
                outcome, states[name], _ = client.respond(states[name], 0, call)
                if echo is not None:
                    states[other] = client.respond(states[other], 0, echo)[1]
                violation = tracker.see(name, call, outcome)
                if violation is not None:
                    return blame(oracle, violation, minimal=True)
    return ()


def _of_one_identity(machine: Machine) -> Iterator[Blamed]:
    """A fault by which two clients that hold different values show one identity, with the rules that are blamed."""
    contract, choices = machine.contract, machine.contract.default_choices()
    client, oracle = FaultyClient(machine, choices), Oracle(machine, choices)
    ways = {fixture: way for fixture in contract.fixtures if (way := _to_an_identity(client, fixture))}
    for pair in itertools.combinations(ways, 2):
        if len({way.owner for way in map(ways.__getitem__, pair)}) == 1:
            continue
        tracker = Tracker(oracle, {name: machine.fixture(name) for name in pair})
        for fixture in pair:
            state = machine.fixture(fixture)
            for call in ways[fixture].calls:
                outcome, after, _ = client.respond(state, 0, call)
                if isinstance(outcome, Answered) and isinstance(outcome.value, dict):
                    outcome = Answered({**outcome.value, ways[fixture].path: "one and the same"})
                if tracker.see(fixture, call, outcome) is not None:
                    return
                state = after
        yield Blamed("one identity for everybody", tuple(tracker.broken_but_followed()))
        return


class _Way(NamedTuple):
    """The calls that show an identity, where the last answer has it, and whose it is."""

    calls: tuple[Call, ...]
    path: str
    owner: str


def _to_an_identity(client: FaultyClient, fixture: str) -> _Way | None:
    """A shortest way to an answer with an identity of somebody's."""
    machine, start = client.machine, client.machine.fixture(fixture)
    stated = dict.fromkeys(machine.contract.fixtures[fixture].calls, ())
    search = Search[State, Call]([start])
    for state in search:
        for call in machine.alphabet(stated, state):
            step = client.step(state, 0, call)
            for path, name in step.answer.fields.items() if step.answer else ():
                value = machine.value(state, name)
                if isinstance(value, Identity) and value.owner is not None:
                    return _Way((*search.way(state), call), path, value.owner)
            if not machine.contract.operations[call.operation].by_world:
                search.found(state, call, step.after)
    return None
