"""Faults that show only where values are equal, or only from a second initialisation on: what they are made from."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from random import Random

from openfirst_conformance.power.faults import EQUAL, PROMISED, Fault, equal_pairs, permitting
from openfirst_conformance.tiers.reach import initialising
from openfirst_reference.contract.model import Contract


class Reaching:
    """The faults of the kinds that `complete` does not reach for, each of them one of `single` that is seldom there.

    They are in alternatives that the default choices permit.
    """

    def __init__(self, contract: Contract, single: Mapping[str, list[Fault]]) -> None:
        default = contract.default_choices()
        self._of: dict[str, dict[str, list[Fault]]] = {}
        for fault in itertools.chain.from_iterable(single[kind] for kind in PROMISED if kind in single):
            row = contract.rows.get(fault.place)
            if fault.mutant is None or (row and permitting(contract, row.may[fault.mutant.index]) == default):
                at = self._of.setdefault(row.call if row else fault.place, {})
                at.setdefault(fault.kind, []).append(fault)
        self._equal = {name: found for name in self._of if (found := list(equal_pairs(contract, name)))}
        beginning = initialising(contract)
        fixtures = [fixture for fixture in contract.fixtures.values() if not beginning.isdisjoint(fixture.calls)]
        self._again = [
            name for name in self._of if name not in beginning and any(name in each.calls for each in fixtures)
        ]

    def count(self, kind: str) -> int:
        """How many faults of a kind there are."""
        faults = {name: sum(map(len, kinds.values())) for name, kinds in self._of.items()}
        if kind == EQUAL:
            return sum(len(pairs) * faults[name] for name, pairs in self._equal.items())
        return sum(faults[name] for name in self._again)

    def draw(self, random: Random, kind: str) -> Iterator[Fault]:
        """Faults of a kind, drawn at random, without end: an operation, what is wrong there, and where it shows."""
        while True:
            operation = random.choice(list(self._equal) if kind == EQUAL else self._again)
            faults = self._of[operation]
            fault = random.choice(faults[random.choice(list(faults))])
            if kind == EQUAL:
                pair = random.choice(self._equal[operation])
                yield replace(fault, kind=kind, text=f"where {pair}: {fault.text}", equal=pair)
            else:
                yield replace(fault, kind=kind, text=f"from a second initialisation on: {fault.text}", again=True)
