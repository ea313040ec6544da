"""Mealy machines of numbers: what the learner has made of an implementation, and what a contract says, in one form."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from openfirst_conformance.tiers.planning.hsi import Word, separating
from openfirst_reference.machine.search import Search, refined

S = TypeVar("S", bound=Hashable)


@dataclass(frozen=True)
class Mealy(Generic[S]):
    """A machine whose states are numbered, nearest first, from 0, where it starts; so are its inputs.

    Of each state: what it `stands` for, a shortest way (`ways`) to it, and for each input what is `shown` and where that leads
    (`after`).
    """

    stands: tuple[S, ...]
    ways: tuple[Word, ...]
    shown: tuple[tuple[Hashable, ...], ...]
    after: tuple[tuple[int, ...], ...]

    def reached(self, state: int, word: Word) -> int:
        """The state that a sequence of inputs leads to from a state."""
        for letter in word:
            state = self.after[state][letter]
        return state

    def shows(self, word: Word) -> list[Hashable]:
        """What each input of a sequence shows."""
        return [self.shown[self.reached(0, word[:place])][letter] for place, letter in enumerate(word)]

    def kinds(self) -> dict[S, int]:
        """A number for each state: the same for two that no sequence tells apart."""
        kinds = refined(
            range(len(self.ways)),
            lambda state, kind: (self.shown[state], tuple(kind[there] for there in self.after[state])),
        )
        return {self.stands[state]: kind for state, kind in kinds.items()}

    def apart(self, one: int, other: int) -> Word | None:
        """A shortest sequence that tells two states apart."""

        def both(pair: tuple[int, int], letter: int) -> tuple[int, int] | None:
            left, right = pair
            if self.shown[left][letter] != self.shown[right][letter]:
                return None
            return self.after[left][letter], self.after[right][letter]

        return separating((one, other), range(len(self.after[one])), both, len(self.ways) ** 2, set())


def unfolded(initial: S, letters: Sequence[int], step: Callable[[S, int], tuple[Hashable, S]]) -> Mealy[S]:
    """The machine that begins in a state, as `step` tells for a state and an input: what is shown, and the state after."""
    search = Search[S, int]([initial])
    met: dict[S, list[tuple[Hashable, S]]] = {}
    for state in search:
        met[state] = [step(state, letter) for letter in letters]
        for letter, (_, there) in zip(letters, met[state], strict=True):
            search.found(state, letter, there)
    number = {state: place for place, state in enumerate(met)}
    return Mealy(
        tuple(met),
        tuple(search.way(state) for state in met),
        tuple(tuple(shown for shown, _ in steps) for steps in met.values()),
        tuple(tuple(number[there] for _, there in steps) for steps in met.values()),
    )
