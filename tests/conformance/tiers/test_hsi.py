"""The suite is complete: it finds every fault with as many extra states as it allows for, and not every one with more."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import pytest

from openfirst_conformance.tiers.planning.hsi import Walk, Word, cover, maximal, separating, suite

_PAIRS = 1000


@dataclass(frozen=True)
class Mealy:
    """A deterministic machine that starts in state 0: where each input leads from each state, and what comes out."""

    goes: tuple[tuple[int, ...], ...]
    gives: tuple[tuple[int, ...], ...]

    @property
    def states(self) -> range:
        return range(len(self.goes))

    @property
    def inputs(self) -> range:
        return range(len(self.goes[0]))

    def out(self, word: Word, state: int = 0) -> tuple[int, ...]:
        given = []
        for item in word:
            given.append(self.gives[state][item])
            state = self.goes[state][item]
        return tuple(given)

    @property
    def walk(self) -> Walk[int]:
        return Walk(0, lambda _: self.inputs, lambda state, item: self.goes[state][item])


def told_apart(
    machine: Mealy, one: int, other: int, alike: set[tuple[int, int]] | None = None, limit: int = _PAIRS
) -> Word | None:
    """A shortest sequence by which two states differ."""

    def both(pair: tuple[int, int], item: int) -> tuple[int, int] | None:
        left, right = pair
        if machine.gives[left][item] != machine.gives[right][item]:
            return None
        return machine.goes[left][item], machine.goes[right][item]

    return separating((one, other), machine.inputs, both, limit, set() if alike is None else alike)


def is_minimal(machine: Mealy) -> bool:
    """Whether every state is reached, and no two are alike."""
    pairs = itertools.combinations(machine.states, 2)
    reached = cover(machine.walk, lambda state: state)
    return len(reached) == len(machine.states) and all(told_apart(machine, *pair) for pair in pairs)


def equivalent(one: Mealy, other: Mealy) -> bool:
    """Whether the two answer every sequence alike: by a walk through the pairs of states that they reach together."""
    seen, todo = {(0, 0)}, [(0, 0)]
    while todo:
        here, there = todo.pop()
        for item in one.inputs:
            if one.gives[here][item] != other.gives[there][item]:
                return False
            after = (one.goes[here][item], other.goes[there][item])
            if after not in seen:
                seen.add(after)
                todo.append(after)
    return True


def words_of(machine: Mealy, extra: int) -> list[Word]:
    """The suite, with the machine's state cover, and for any two states a sequence that both are given."""
    apart = {frozenset(pair): told_apart(machine, *pair) for pair in itertools.combinations(machine.states, 2)}

    def identify(state: int) -> list[Word]:
        return [word for pair, word in apart.items() if state in pair and word is not None]

    ways = cover(machine.walk, lambda state: state).values()
    return maximal(suite(machine.walk, ways, identify, extra))


def killed(machine: Mealy, implementation: Mealy, words: list[Word]) -> bool:
    return any(machine.out(word) != implementation.out(word) for word in words)


def drawn(random: Random, states: int, inputs: int, outputs: int = 2) -> Mealy:
    """Any machine of this size."""
    goes = tuple(tuple(random.randrange(states) for _ in range(inputs)) for _ in range(states))
    gives = tuple(tuple(random.randrange(outputs) for _ in range(inputs)) for _ in range(states))
    return Mealy(goes, gives)


def drawn_minimal(random: Random, states: int, inputs: int) -> Mealy:
    return next(machine for machine in iter(lambda: drawn(random, states, inputs), None) if is_minimal(machine))


def near(random: Random, machine: Mealy, extra: int) -> Mealy:
    """The machine with so many of its states doubled, entered by some of the ways to the original; and one thing wrong."""
    goes, gives, double = [list(row) for row in machine.goes], [list(row) for row in machine.gives], [*machine.states]
    for _ in range(extra):
        model = random.randrange(len(goes))
        goes.append([*goes[model]])
        gives.append([*gives[model]])
        double.append(double[model])
    for row in goes:
        row[:] = [random.choice([s for s, kind in enumerate(double) if kind == double[there]]) for there in row]
    state, item = random.randrange(len(goes)), random.randrange(len(machine.inputs))
    if random.random() < 0.5:
        gives[state][item] ^= 1
    else:
        goes[state][item] = random.randrange(len(goes))
    return Mealy(tuple(map(tuple, goes)), tuple(map(tuple, gives)))


def every_machine(states: int, inputs: int) -> Iterator[Mealy]:
    """All machines of this size with two outputs."""
    rows = list(itertools.product(range(states), repeat=inputs))
    outputs = list(itertools.product(range(2), repeat=inputs))
    for goes in itertools.product(rows, repeat=states):
        for gives in itertools.product(outputs, repeat=states):
            yield Mealy(goes, gives)


def survivors(machine: Mealy, implementations: Iterator[Mealy], extra: int) -> tuple[int, list[Mealy]]:
    """How many were faulty, and those of them that the suite passes."""
    words = words_of(machine, extra)
    faulty = [each for each in implementations if not equivalent(machine, each)]
    return len(faulty), [each for each in faulty if not killed(machine, each, words)]


@pytest.mark.parametrize("extra", [0, 1])
def test_every_machine_with_so_many_states_is_found_out(extra: int) -> None:
    random = Random(extra)
    machine = drawn_minimal(random, 2, 2)
    faulty, passed = survivors(machine, every_machine(2 + extra, 2), extra)
    assert faulty > 200
    assert not passed


@pytest.mark.parametrize("extra", [0, 1, 2])
@pytest.mark.parametrize("size", [(2, 2), (3, 2), (3, 3), (4, 2), (4, 3)])
def test_every_near_miss_with_so_many_extra_states_is_found_out(size: tuple[int, int], extra: int) -> None:
    random = Random(f"{size} {extra}")
    for _ in range(4):
        machine = drawn_minimal(random, *size)
        near_misses = (near(random, machine, extra) for _ in range(400))
        any_at_all = (drawn(random, size[0] + extra, size[1]) for _ in range(100))
        faulty, passed = survivors(machine, itertools.chain(near_misses, any_at_all), extra)
        assert faulty > 200
        assert not passed


@pytest.mark.parametrize("extra", [0, 1, 2])
def test_with_one_state_more_than_is_allowed_for_some_pass(extra: int) -> None:
    random = Random(extra)
    total = 0
    for _ in range(10):
        machine = drawn_minimal(random, 3, 2)
        total += len(survivors(machine, (near(random, machine, extra + 1) for _ in range(400)), extra)[1])
    assert total


@pytest.mark.parametrize("limit", [3, _PAIRS])
def test_what_is_known_to_be_alike_changes_no_answer_but_one_that_was_cut_short(limit: int) -> None:
    random = Random(limit)
    for _ in range(300):
        machine, alike = drawn(random, 6, 2), set[tuple[int, int]]()
        for pair in itertools.permutations(machine.states, 2):
            alone = told_apart(machine, *pair)
            word = told_apart(machine, *pair, alike, limit)
            assert word == alone or (word is None and limit < _PAIRS)
        assert all(told_apart(machine, *pair) is None for pair in alike)
