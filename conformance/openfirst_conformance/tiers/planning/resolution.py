"""What an implementation does, as far as it is known: as declared, as seen, and otherwise as the default has it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from openfirst_conformance.oracle.explanation import ChoicePlace
from openfirst_conformance.oracle.oracle import Oracle
from openfirst_reference.machine.step import Call, State, Step


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
        self._steps: dict[tuple[State, Call], list[Step]] = {}

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

    def _seen(self, number: int) -> frozenset[str]:
        cell = self._oracle.cells[number]
        usual = self._usual[cell.choice]
        seen = self._known.get(cell, usual)
        return seen & usual or seen
