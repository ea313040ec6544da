"""A trial: what a tier is given to judge an implementation with, and what has been learnt of it so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from openfirst_conformance.cases import Case
from openfirst_conformance.driver import Driver, Played
from openfirst_conformance.tracker import Key, Oracle
from openfirst_reference.machine import Call, State, Step

T = TypeVar("T")


@dataclass(frozen=True)
class Settings:
    """How much is tried. `extra` is the number of extra states that `complete` allows for; `shard` is a part, such as (3, 8)."""

    extra: int = 1
    seed: int = 0
    walks: int = 200
    scenarios: tuple[Case, ...] = ()
    shard: tuple[int, int] = (1, 1)


def shard_of(text: str) -> tuple[int, int]:
    """The part of a whole that a text such as `3/8` names. Raises ValueError with a sentence for a person."""
    number, _, count = text.partition("/")
    if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        raise ValueError(f"--shard: `{text}` is not a part of a whole. Say which of how many, such as 3/8.")
    return int(number), int(count)


@dataclass
class Trial:
    """One implementation under test, driven by one tier after another."""

    driver: Driver
    oracle: Oracle
    settings: Settings = Settings()
    announce: Callable[[str], None] = lambda _: None
    promise: dict[str, Any] = field(default_factory=dict)
    known: dict[Key, frozenset[str]] = field(default_factory=dict)
    probed: bool = False
    _oracles: dict[frozenset[tuple[str, str]], Oracle] = field(default_factory=dict)

    def share(self, items: Iterable[T]) -> Iterator[T]:
        """The items that belong to this shard."""
        number, count = self.settings.shard
        return (item for index, item in enumerate(items) if index % count == number - 1)

    def decided(self, choice: str) -> bool:
        """Whether what was seen leaves only one value of a choice that is not declared."""
        return any(key[0] == choice and len(values) == 1 for key, values in self.known.items())

    async def play(self, case: Case) -> Played:
        """Play a case."""
        return await self.driver.play(case, self.oracle_of(case))

    def oracle_of(self, case: Case) -> Oracle:
        """The oracle of a case: one of its own where it holds under certain choices."""
        if not case.choices:
            return self.oracle
        key = frozenset(case.choices.items())
        if key not in self._oracles:
            self._oracles[key] = Oracle(self.oracle.machine, {**self.oracle.choices, **case.choices})
        return self._oracles[key]

    def learn(self, played: Played) -> Played:
        """Take in what a case has shown of choices that are not declared."""
        if played.tracker is not None and not played.violation:
            self.known.update(played.tracker.evidence())
        return played


class Resolution:
    """What the implementation does, as far as it is known: as declared, as seen, and otherwise as the default has it."""

    def __init__(self, oracle: Oracle, known: Mapping[Key, frozenset[str]]) -> None:
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
        usual = self._usual[cell[0]]
        seen = self._known.get(cell, usual)
        return seen & usual or seen
