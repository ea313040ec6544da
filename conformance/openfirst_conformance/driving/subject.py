"""The subject of a check: an implementation, how it is driven, and what has been learnt of it so far."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from openfirst_conformance.cases.case import Case
from openfirst_conformance.driving.driver import Driver
from openfirst_conformance.driving.played import Played
from openfirst_conformance.driving.settings import Settings
from openfirst_conformance.oracle.explanation import ChoicePlace
from openfirst_conformance.oracle.oracle import Oracle

T = TypeVar("T")


@dataclass
class Subject:
    """One implementation under test, driven by one tier after another.

    `remaining` is how many cases the tier that is played has still to come, from when it knows that.
    """

    driver: Driver
    oracle: Oracle
    settings: Settings = field(default_factory=Settings)
    announce: Callable[[str], None] = lambda _: None
    promise: dict[str, Any] = field(default_factory=dict)
    known: dict[ChoicePlace, frozenset[str]] = field(default_factory=dict)
    probed: bool = False
    remaining: int | None = None
    _oracles: dict[frozenset[tuple[str, str]], Oracle] = field(default_factory=dict)
    _made: dict[Hashable, Any] = field(init=False, default_factory=dict)

    def begin_tier(self) -> None:
        """Another tier is played: of that one nothing is known yet."""
        self.promise, self.remaining = {}, None

    def once(self, name: Hashable, make: Callable[[], T]) -> T:
        """What follows from what is known, by a name that its users agree on: made again only after more was learnt."""
        if name not in self._made:
            self._made[name] = make()
        made: T = self._made[name]
        return made

    def share(self, items: Iterable[T], before: int = 0) -> Iterator[T]:
        """The items that this process plays, of those that come after so many others."""
        number, count = self.settings.share
        return (item for index, item in enumerate(items, before) if index % count == number - 1)

    def share_of(self, count: int) -> int:
        """How many of so many items this process plays."""
        number, shards = self.settings.share
        return len(range(number - 1, count, shards))

    def decided(self, choice: str) -> bool:
        """Whether what was seen leaves only one value of a choice that is not declared."""
        return any(cell.choice == choice and len(values) == 1 for cell, values in self.known.items())

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
            self._made.clear()
        return played
