"""HSI: a complete suite for a deterministic machine. Pure: states and inputs are whatever the caller's functions take.

The suite holds, for every scenario, every sequence of up to `extra + 1` more inputs, followed by each of the sequences that
identify the state it should have led to. An implementation that passes is equivalent to the machine if it is deterministic,
reset works, and each of its states lies within `extra` inputs of a scenario (so that it has at most that many states more than
the machine), provided that the scenarios reach every state of the machine and that the identifying sequences are harmonised:
for any two states that can be told apart, both are given a sequence that tells them apart. (Vaandrager and Melse, CONCUR 2025.)
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from openfirst_reference.machine.search import Search

S = TypeVar("S", bound=Hashable)
Word = tuple[int, ...]


@dataclass(frozen=True)
class Walk(Generic[S]):
    """A deterministic machine: where it starts, what may be put in (by number), and where that leads."""

    initial: S
    inputs: Callable[[S], Sequence[int]]
    step: Callable[[S, int], S]

    def after(self, word: Word) -> S:
        """The state that a sequence of inputs leads to."""
        state = self.initial
        for item in word:
            state = self.step(state, item)
        return state

    def words(self, state: S, length: int) -> Iterator[tuple[Word, S]]:
        """Every sequence of up to `length` inputs from a state, with the state that it leads to; the shortest first."""
        words: list[tuple[Word, S]] = [((), state)]
        yield from words
        for _ in range(length):
            words = [((*word, item), self.step(there, item)) for word, there in words for item in self.inputs(there)]
            yield from words


def cover(walk: Walk[S], same: Callable[[S], Hashable]) -> dict[Hashable, Word]:
    """A shortest way to a state of every kind, in the order in which they are found. `same` gives a state's kind."""
    first = {same(walk.initial): walk.initial}
    search = Search[Hashable, int](first)
    for kind in search:
        for item in walk.inputs(first[kind]):
            there = walk.step(first[kind], item)
            first.setdefault(same(there), there)
            search.found(kind, item, same(there))
    return {kind: search.way(kind) for kind in first}


def separating(
    pair: tuple[S, S],
    inputs: Sequence[int],
    both: Callable[[tuple[S, S], int], tuple[S, S] | None],
    limit: int,
    alike: set[tuple[S, S]],
) -> Word | None:
    """A shortest sequence that tells two states apart, or None where `limit` pairs of states have not shown one.

    `both` gives where an input leads in the two, or None where it is answered differently. `alike` has pairs that nothing
    tells apart, and is added to: where all that a pair leads to was looked at in vain, no more is to be found from any of these.
    """
    if pair in alike:
        return None
    search = Search[tuple[S, S], int]([pair], limit=limit)
    looked_at = 0
    for here in search:
        looked_at += 1
        onward: list[tuple[int, tuple[S, S]]] = []
        for item in inputs:
            after = both(here, item)
            if after is None:
                return (*search.way(here), item)
            onward.append((item, after))
        for item, after in onward:
            if after[0] != after[1] and after not in alike:
                search.found(here, item, after)
    if looked_at == len(search.parents):
        alike.update(search.parents)
    return None


def suite(
    walk: Walk[S], scenarios: Iterable[Word], identify: Callable[[S], Sequence[Word]], extra: int
) -> Iterator[Word]:
    """Every test, and beginnings of tests among them; see `maximal`."""
    for scenario in scenarios:
        for word, there in walk.words(walk.after(scenario), extra + 1):
            for last in identify(there) or [()]:
                yield (*scenario, *word, *last)


def maximal(words: Iterable[Word]) -> list[Word]:
    """The words, each once and the shortest first, without those that another word begins with."""
    every = set(words)
    beginnings = {word[:length] for word in every for length in range(len(word))}
    return sorted(every - beginnings, key=lambda word: (len(word), word))
