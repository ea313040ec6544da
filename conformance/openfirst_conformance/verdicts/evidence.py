"""Evidence: what the cases of a run have shown, case by case, apart from what they broke."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from openfirst_conformance.adapters.protocol.faults import AdapterFault
from openfirst_conformance.driving.played import Played
from openfirst_conformance.oracle.explanation import Moment
from openfirst_conformance.verdicts.model import ChoiceSeen, note_choices
from openfirst_reference.contract.document import Json
from openfirst_reference.contract.model import CLIENTS_APART, OVERLAPPING
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.outcome import Refused


class Evidence:
    """What was put to the test (`tested`: the tiers, by rule), what choices and codes were seen, and what the adapter did wrong.

    `codes` counts, for each code of the table that has others like it, those that were given.
    """

    def __init__(self, machine: Machine, declared: Mapping[str, str]) -> None:
        self._machine = machine
        self.tested: dict[str, set[str]] = {}
        self.faults: list[Json] = []
        self.codes: dict[str, Counter[str]] = {}
        self._alike = {code for code in machine.contract.errors if len(machine.contract.like(code)) > 1}
        granted, choices = machine.contract.undeclared_choices(), machine.contract.choices
        self.choices = {name: ChoiceSeen(name, declared.get(name), granted.get(name)) for name in choices}

    def take(self, tier: str, played: Played) -> None:
        """Take in a case."""
        for rule in tested_rules(self._machine, played.trail) | self._laws(played):
            self.tested.setdefault(rule, set()).add(tier)
        self._note_codes(played)
        if played.tracker is not None and not played.violation:
            note_choices(self.choices, self._machine.contract, played.tracker.evidence())

    def note(self, fault: AdapterFault, case: str, call: int | None) -> None:
        """Take in what the adapter did wrong, in a case, at the call of that number."""
        told = {"kind": fault.kind, "detail": fault.detail, "remedy": fault.remedy}
        self.faults.append({**told, "case": case, "call": call, "stderr": fault.stderr[-2000:]})

    def _note_codes(self, played: Played) -> None:
        """Take in the codes that were given for one of those which no source tells apart."""
        for moment in played.trail.back() if played.trail else ():
            code, outcome = moment.step.code, moment.outcome
            if code in self._alike and isinstance(outcome, Refused) and outcome.code is not None:
                self.codes.setdefault(code, Counter())[outcome.code] += 1

    def usual(self) -> dict[str, str]:
        """What the implementation was seen to make of each choice, where that is one of its values."""
        known = {name: _one_of(choice) for name, choice in self.choices.items()}
        stated = self._machine.contract.choices
        return {name: value for name, value in known.items() if value is not None and value in stated[name].values}

    def _laws(self, played: Played) -> set[str]:
        """The rules of the laws that a case put to the test."""
        if played.violation:
            return set()
        operations = self._machine.contract.operations
        clients = {made.planned.client for made in played.seen if not operations[made.planned.operation].by_world}
        shown = {
            CLIENTS_APART: len(clients) > 1,
            OVERLAPPING: any(made.planned.overlapping for made in played.seen),
        }
        rules = (self._machine.contract.law(of) for of, is_shown in shown.items() if is_shown)
        return {rule for rule in rules if rule is not None}


def _one_of(choice: ChoiceSeen) -> str | None:
    """The value of a choice, where there is one."""
    values = choice.values or frozenset()
    return next(iter(values)) if len(values) == 1 else None


def tested_rules(machine: Machine, trail: Moment | None) -> set[str]:
    """The rules that a case put to the test: carried by rows that were met, or answering for what was shown later."""
    contract = machine.contract
    tested: set[str] = set()
    writer: dict[tuple[int, str], str] = {}
    moments = list(trail.back())[::-1] if trail else []
    for moment in moments:
        tested.update(machine.carried(moment.step))
        shown = set(moment.step.answer.fields.values()) if moment.step.answer else set()
        if contract.operations[moment.step.call.operation].pure:
            shown |= set(machine.guards(moment.step.call.operation))
        for name in shown:
            effect = writer.get((moment.client, name))
            if effect is not None:
                tested.update(contract.effects[effect].keeps.get(name, ()))
                tested.update(contract.effects[effect].stale.get(name, ()))
        written = moment.step.alternative.effect
        if written is not None:
            writer.update({(moment.client, name): written for name in contract.effects[written].set})
    return tested
