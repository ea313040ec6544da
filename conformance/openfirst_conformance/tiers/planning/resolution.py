"""What an implementation does, as far as it is known: as declared, as seen, and otherwise as the default has it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from openfirst_conformance.oracle.explanation import ChoicePlace
from openfirst_conformance.oracle.oracle import Oracle
from openfirst_reference.contract.model import ANY_ERROR, OF_SERVICE
from openfirst_reference.machine.machine import observed
from openfirst_reference.machine.step import Call, State, Step


class Both(NamedTuple):
    """What a call comes to in two states, and the two `steps`, where it is certain what both are.

    `differs`: it is surely not the same; `may`: in the second it may be what it must not be in the first.
    """

    differs: bool
    may: bool
    steps: tuple[Step, Step] | None


class Resolution:
    """What the implementation does, as far as it is known: as declared, as seen, and otherwise as the default has it."""

    def __init__(self, oracle: Oracle, known: Mapping[ChoicePlace, frozenset[str]]) -> None:
        self._oracle, self._known = oracle, dict(known)
        counts: dict[str, Counter[frozenset[str]]] = {}
        for (choice, *_), values in known.items():
            if len(values) == 1:
                counts.setdefault(choice, Counter())[values] += 1
        defaults = {choice: frozenset([value]) for choice, value in oracle.machine.contract.default_choices().items()}
        self._usual = {**defaults, **{choice: count.most_common(1)[0][0] for choice, count in counts.items()}}
        unusual = {cell.choice for cell, values in known.items() if not values & self._usual[cell.choice]}
        self._varying = {
            row.call
            for row in oracle.machine.contract.rows.values()
            for item in row.may
            if unusual & dict(item.when).keys()
        }
        self._steps: dict[tuple[State, Call], list[Step]] = {}
        self._both: dict[tuple[Call, State, State], Both] = {}

    def steps(self, state: State, call: Call) -> list[Step]:
        """The steps that the implementation may take: several where the contract leaves it free without naming a choice."""
        key = (state, call)
        if key not in self._steps:
            doubts: dict[int, list[Step]] = {}
            for step in self._oracle.machine.steps(state, call):
                keys = self._oracle.keys(step)
                if keys is not None and not step.alternative.breaks:
                    doubts.setdefault(sum(not self._seen(key) & values for key, values in keys), []).append(step)
            self._steps[key] = doubts[min(doubts)] if doubts else []
        return self._steps[key]

    def both(self, call: Call, one: State, other: State) -> Both:
        """What a call that was chosen for the first of two states comes to in each.

        It is worked out once for all states that have in common what decides it. Raises ContractError where the table has no
        row for it.
        """
        key = (call, self._asked(call, one), self._asked(call, other))
        known = self._both.get(key)
        if known is None:
            own, wrong = self.steps(one, call), self.steps(other, self._oracle.machine.again(call, other))
            alike = [[self._alike(step, mine) for mine in own] for step in wrong]
            differs = bool(own and wrong) and not any(map(any, alike))
            steps = (own[0], wrong[0]) if len(own) == len(wrong) == 1 else None
            known = self._both[key] = Both(differs, not all(map(any, alike)), steps)
        return known

    def _asked(self, call: Call, state: State) -> State:
        """The part of a state that decides: all of it where a choice was seen to be another thing in some cells."""
        return state if call.operation in self._varying else self._oracle.machine.asked(call.operation, state)

    def _alike(self, one: Step, other: Step) -> bool:
        """Whether two steps may come to the same as far as the contract compares it."""
        machine = self._oracle.machine
        if one.answer is not None and other.answer is not None:
            return one.answer.ignore or other.answer.ignore or observed(machine, one) == observed(machine, other)
        if one.is_error and other.is_error:
            codes = {machine.contract.family(step.code) for step in (one, other)}
            return len(codes) == 1 or bool(codes & {ANY_ERROR, OF_SERVICE})
        return False

    def _seen(self, number: int) -> frozenset[str]:
        cell = self._oracle.cells[number]
        usual = self._usual[cell.choice]
        seen = self._known.get(cell, usual)
        return seen & usual or seen
