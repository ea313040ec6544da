"""Evidence: what the cases of a run have shown, case by case, apart from what they broke."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from openfirst_conformance.adapters.protocol.faults import AdapterFault
from openfirst_conformance.driving.played import Played
from openfirst_conformance.oracle.explanation import Moment, back
from openfirst_conformance.tiers.catalogue import TIERS, tiers_of
from openfirst_conformance.verdicts.contrast import Contrast, Lack, Sides
from openfirst_conformance.verdicts.model import ChoiceSeen, FaultSeen, note_choices
from openfirst_reference.contract.model import CLIENTS_APART, OVERLAPPING, Contract
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.outcome import Refused
from openfirst_reference.machine.step import Identity, Value


@dataclass
class Shown:
    """What was put to the test (`tested`: the tiers, by rule), what choices and codes were seen, and what the adapter did wrong.

    `by` has the operations whose calls put a rule to the test, and `sides` how these came out. `masked` has the rules that were met
    only where it was not certain any more what a break before had led to, and what was broken. `codes` counts, for each code of the
    table that has others like it, those that were given. `faults` has what is of one kind and cause once.
    """

    choices: dict[str, ChoiceSeen]
    tested: dict[str, set[str]] = field(default_factory=dict)
    by: dict[str, set[str]] = field(default_factory=dict)
    sides: Sides = field(default_factory=Sides)
    masked: dict[str, dict[str, None]] = field(default_factory=dict)
    codes: dict[str, Counter[str]] = field(default_factory=dict)
    faults: dict[tuple[str, str, str], FaultSeen] = field(default_factory=dict)

    def join(self, other: Shown) -> None:
        """Take in what other cases have shown."""
        for mine, theirs in ((self.tested, other.tested), (self.by, other.by)):
            for rule, names in theirs.items():
                mine.setdefault(rule, set()).update(names)
        for rule, broken in other.masked.items():
            self.masked.setdefault(rule, {}).update(broken)
        for code, given in other.codes.items():
            self.codes.setdefault(code, Counter()).update(given)
        for name, choice in other.choices.items():
            self.choices[name].join(choice)
        self.sides.join(other.sides)
        for fault in other.faults.values():
            self.note(fault)

    def note(self, fault: FaultSeen) -> None:
        """Take in what the adapter did wrong: told once, with how often it did."""
        same = fault.kind, fault.remedy, fault.cause
        first = self.faults.get(same)
        self.faults[same] = replace(first, times=first.times + fault.times) if first else fault


class Evidence:
    """Takes in case by case what they show: `shown` has it. Of choices that are `elsewhere`, no case shows anything."""

    def __init__(self, machine: Machine, declared: Mapping[str, str], elsewhere: Collection[str] = ()) -> None:
        self._machine = machine
        granted, choices = machine.contract.undeclared_choices(), machine.contract.choices
        self.shown = Shown(
            {
                name: ChoiceSeen(name, declared.get(name), granted.get(name), applies=name not in elsewhere)
                for name in choices
            }
        )
        self._contrast = Contrast(machine.contract, self.shown.sides)
        self._alike = {code for code in machine.contract.errors if len(machine.contract.like(code)) > 1}

    def take(self, tier: str, played: Played) -> None:
        """Take in a case."""
        tested = tested_rules(self._machine, played.sure_trail)
        for rule in tested_rules(self._machine, played.trail).keys() - tested.keys() if played.broken else ():
            if tier not in TIERS or tier in tiers_of(self._machine.contract, rule):
                self.shown.masked.setdefault(rule, {}).update(dict.fromkeys(played.broken))
        for rule, operations in (*tested.items(), *self._laws(played).items()):
            self.shown.tested.setdefault(rule, set()).add(tier)
            self.shown.by.setdefault(rule, set()).update(operations)
        self._note_codes(played)
        if played.tracker is not None:
            broke = bool(played.violation or played.broken)
            self._contrast.take(played.tracker.oracle, back(played.sure_trail), broke=broke)
            if not played.violation and not played.broken:
                note_choices(self.shown.choices, self._machine.contract, played.tracker.evidence())

    def lacking(self, rule: str) -> tuple[Lack, ...]:
        """The sides of what tests a rule that were never seen; empty where the rule was seen to make a difference."""
        return self._contrast.lacking(self.shown.by.get(rule, ()))

    def note(self, fault: AdapterFault, case: str, call: int | None) -> None:
        """Take in what the adapter did wrong, in a case, at the call of that number."""
        kind, detail, remedy, stderr, cause = fault.kind, fault.detail, fault.remedy, fault.stderr, fault.cause
        self.shown.note(FaultSeen(kind, detail, remedy, case, call, stderr[-2000:], cause))

    def note_all(self, faults: list[AdapterFault], played: Played) -> None:
        """Take in what the adapter did wrong in a case; what was recorded meanwhile (`faults`) is taken out."""
        noted = [*faults, *([played.fault] if played.fault else [])]
        faults.clear()
        for fault in noted:
            self.note(fault, played.case.id, len(played.seen) + 1)

    def _note_codes(self, played: Played) -> None:
        """Take in the codes that were given for one of those which no source tells apart."""
        for moment in back(played.sure_trail):
            code, outcome = moment.step.code, moment.outcome
            if code in self._alike and isinstance(outcome, Refused) and outcome.code is not None:
                self.shown.codes.setdefault(code, Counter())[outcome.code] += 1

    def usual(self) -> dict[str, str]:
        """What the implementation was seen to make of each choice, where that is one of its values."""
        known = {name: _one_of(choice) for name, choice in self.shown.choices.items()}
        stated = self._machine.contract.choices
        return {name: value for name, value in known.items() if value is not None and value in stated[name].values}

    def _laws(self, played: Played) -> dict[str, set[str]]:
        """The rules of the laws that a case put to the test, each with the operations that were called."""
        if played.violation or played.broken:
            return {}
        operations = self._machine.contract.operations
        made = [made.planned for made in played.seen if not operations[made.planned.operation].by_world]
        shown = {
            CLIENTS_APART: len({planned.client for planned in made}) > 1,
            OVERLAPPING: any(planned.overlapping for planned in made),
        }
        rules = (self._machine.contract.law(of) for of, is_shown in shown.items() if is_shown)
        return {rule: {planned.operation for planned in made} for rule in rules if rule is not None}


def _one_of(choice: ChoiceSeen) -> str | None:
    """The value of a choice, where there is one."""
    values = choice.values or frozenset()
    return next(iter(values)) if len(values) == 1 else None


def tested_rules(machine: Machine, trail: Moment | None) -> dict[str, set[str]]:
    """The rules that a case put to the test, each with the calls that did: their row carries it, or shows what it answers for.

    What is left from before can be shown only where something else was there before; and that an identity stays the same, only
    at its second sight.
    """
    contract = machine.contract
    tested: dict[str, set[str]] = {}
    writer: dict[tuple[int, str], str] = {}
    held: dict[tuple[int, str], set[Value]] = {}
    sighted: set[tuple[Identity, int | None]] = set()
    echoes, may_be_stale = _echoes(contract), _may_be_stale(contract)
    for moment in list(back(trail))[::-1]:
        step, client = moment.step, moment.client
        operation = contract.operations[step.call.operation]
        rules = [*machine.carried(step)]
        for name in may_be_stale:
            held.setdefault((client, name), set()).add(machine.value(step.before, name))
        shown, told = _told(machine, operation.name, step.alternative.answer)
        for name in told:
            written, value = writer.get((client, name)), machine.value(step.before, name)
            effect = contract.effects[written] if written is not None else None
            if effect is not None and value is not None and name in shown:
                rules += effect.missing.get(name, ())
            if isinstance(value, Identity) and name in shown and value.of(client) not in sighted:
                others = {identity.owner for identity, _ in sighted} - {None, value.owner}
                if others and value.owner is not None:  # Only now could it be somebody else's.
                    rules += [rule for item in step.row.may for rule in item.breaks]
                sighted.add(value.of(client))
            elif effect is not None:
                rules += effect.keeps.get(name, ())
                if name in may_be_stale and held[client, name] - {value, None}:
                    rules += effect.stale.get(name, ())
        if moment.is_break:
            rules = []
        called = echoes.get(operation.name, frozenset[str]()) if operation.by_world else {operation.name}
        for rule in rules:
            tested.setdefault(rule, set()).update(called)
        if step.alternative.effect is not None:
            changed = contract.effects[step.alternative.effect].set
            writer.update({(client, name): step.alternative.effect for name in changed})
    return tested


@lru_cache(maxsize=8)
def _echoes(contract: Contract) -> dict[str, frozenset[str]]:
    """The operations of a client that are for others a call of the world, by that call."""
    told = [(item.echo.call, name) for name, item in contract.operations.items() if item.echo and not item.by_world]
    return {call: frozenset(name for each, name in told if each == call) for call, _ in told}


@lru_cache(maxsize=8)
def _may_be_stale(contract: Contract) -> frozenset[str]:
    """The variables of which something may be left from before."""
    return frozenset(name for effect in contract.effects.values() for name in effect.stale)


@lru_cache(maxsize=256)
def _told(machine: Machine, operation: str, answer: str | None) -> tuple[frozenset[str], frozenset[str]]:
    """The variables that an answer shows; and with them those that a call which changes nothing tells of by how it comes out."""
    shown = frozenset(machine.contract.answers[answer].fields.values() if answer else ())
    return shown, shown.union(machine.guards(operation) if machine.contract.operations[operation].pure else ())
