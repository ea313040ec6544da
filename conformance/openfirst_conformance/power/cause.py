"""What a fault itself breaks, by the contract alone: what the judge convicts beyond that, it blames beyond the cause."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from openfirst_conformance.power.faults import Fault
from openfirst_reference.contract.forms import Guard
from openfirst_reference.contract.model import CLIENTS_APART, Alternative, Contract, Row
from openfirst_reference.machine.machine import Machine


def broken_by(machine: Machine, choices: Mapping[str, str], fault: Fault) -> frozenset[str]:
    """The rules that the cause breaks, in a client that makes these choices.

    They are those that the row carries where the fault is (of a fault in how an operation reads its state or its arguments: the
    rows that it misreads); those that its choices touch, and its alternatives break; and those that answer, after its effects,
    for a variable that the fault changes, and after other effects for what they copy from there. Of a leak between clients, the
    rule of that law as well.
    """
    place = _place(machine, fault)
    contract = machine.contract
    rules = {carry.rule for row in place.rows for carry in row.carries}
    apart = contract.law(CLIENTS_APART)
    if fault.leak is not None and apart is not None:
        rules.add(apart)
    open_there = {name for row in place.rows for item in row.may for name, _ in item.when}
    open_there |= {name for row in place.rows for name in _in_classes(contract, row.call)}
    rules |= {rule for name in open_there for rule in contract.choices[name].touches}
    rules |= {rule for item in place.alternatives for rule in item.breaks}
    own = {item.effect for item in place.alternatives if item.effect is not None}
    rules |= _answering(contract, own, place.changed)
    wrong = set(place.changed)
    every = (item for row in contract.rows.values() for item in row.may if item.effect is not None)
    had = {item.effect for item in every if all(choices[name] in values for name, values in item.when)}
    while True:
        copied = {
            (effect.name, name)
            for effect in contract.effects.values()
            if effect.name in had
            for name, source in effect.set.items()
            if source in wrong or (contract.variables[name].owner in wrong and source == "identified")
        }
        if {name for _, name in copied} <= wrong:
            break
        wrong |= {name for _, name in copied}
    return frozenset(rules.union(*(_answering(contract, [effect], [name]) for effect, name in copied)))


def answering_for(machine: Machine, fault: Fault) -> set[str]:
    """The rules that answer, after the effects where the fault is, for the variables that it changes."""
    place = _place(machine, fault)
    own = {item.effect for item in place.alternatives if item.effect is not None}
    return _answering(machine.contract, own, place.changed)


@dataclass
class _Place:
    """Where a fault is: the rows that it breaks, the alternatives that should have been taken, and the variables it changes."""

    rows: list[Row]
    alternatives: list[Alternative]
    changed: set[str] = field(default_factory=set)


def _place(machine: Machine, fault: Fault) -> _Place:
    contract = machine.contract
    if fault.leak is not None:
        row = contract.rows[fault.leak.row]
        return _Place([row], [row.may[fault.leak.index]], {fault.leak.name})
    if fault.mutant is not None:
        row = contract.rows[fault.mutant.row]
        alternative = row.may[fault.mutant.index]
        own = contract.changes(alternative.effect)
        changes = own if fault.mutant.changes is None else fault.mutant.changes
        return _Place([row], [alternative], {name for name, _ in {*own.items()} ^ {*changes.items()}})
    operation, name, value, other = fault.sees or fault.takes or ("", "", "", "")
    guard: Callable[[Row], Guard] = (lambda row: row.inside) if fault.sees else (lambda row: row.given)
    groups: Mapping[str, str] = {}
    if fault.takes:
        groups = {leaf.name: leaf.group for leaf in contract.classes[operation, name].leaves}

    def within(value: str) -> list[Row]:
        rows = machine.rows(operation)
        return [row for row in rows if not {value, groups.get(value, value)}.isdisjoint(guard(row).get(name, {value}))]

    rows, taken = within(value), within(other)
    alternatives = [item for row in rows for item in row.may]
    effects = [contract.changes(item.effect) for row in [*rows, *taken] for item in row.may]
    return _Place(rows, alternatives, {name for changes in effects for name in changes})


def _in_classes(contract: Contract, operation: str) -> Iterable[str]:
    """The choices that decide to which group a class of the operation's parameters belongs."""
    for (owner, _), classes in contract.classes.items():
        if owner == operation:
            yield from (leaf.by_choice[0] for leaf in classes.leaves if leaf.by_choice is not None)


def _answering(contract: Contract, effects: Iterable[str], names: Iterable[str]) -> set[str]:
    """The rules that answer for these variables after these effects."""
    parts = [part for effect in effects for part in contract.effects[effect].answering.values()]
    return {rule for part in parts for name in names for rule in part.get(name, ())}
