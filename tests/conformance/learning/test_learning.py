"""Learning: machines are compared, and what answers in two ways is told by as few calls as do."""

import asyncio
import itertools
from typing import Any, cast

from openfirst_conformance.learning.asking import Asked, TwoAnswers, shortest
from openfirst_conformance.learning.mealy import Mealy, unfolded
from openfirst_conformance.tiers.planning.hsi import Word
from openfirst_reference.machine.outcome import Answered

TURN, LOOK = 0, 1


def counter(up_to: int, shown: int) -> Mealy[int]:
    """A machine that counts turns in a circle, and shows at a look whether it is at a multiple of `shown`."""

    def step(state: int, letter: int) -> tuple[object, int]:
        return ("turned", (state + 1) % up_to) if letter == TURN else (state % shown == 0, state)

    return unfolded(0, (TURN, LOOK), step)


def test_states_are_numbered_by_the_shortest_way_to_them() -> None:
    machine = counter(3, 3)
    assert machine.ways == ((), (TURN,), (TURN, TURN))
    assert machine.shows((TURN, LOOK, TURN, TURN, LOOK)) == ["turned", False, "turned", "turned", True]


def test_states_are_of_one_kind_if_nothing_tells_them_apart() -> None:
    kinds = counter(6, 3).kinds()
    assert len(set(kinds.values())) == 3
    assert kinds[0] == kinds[3] != kinds[1]


def test_two_states_are_told_apart_by_the_fewest_calls_or_not_at_all() -> None:
    machine = counter(6, 3)
    assert machine.apart(1, 2) == (TURN, LOOK) or machine.apart(1, 2) == (TURN, TURN, LOOK)
    assert len(machine.apart(1, 2) or ()) == 2
    assert machine.apart(0, 3) is None


def test_what_answers_in_two_ways_is_told_without_the_calls_that_do_not_matter() -> None:
    turns = itertools.cycle([True, False])

    class Wavering:
        """Wavers at its last call where 7 was called before."""

        async def play(self, word: Word) -> list[tuple[Any, Any]]:
            came = next(turns) if 7 in word[:-1] else True
            return [*[(None, Answered())] * (len(word) - 1), (came, Answered(came))]

    two = TwoAnswers((1, 2, 7, 3, 4, 9), Answered(True), Answered(False))
    found = asyncio.run(shortest(cast(Asked, Wavering()), two))
    assert found.word == (7, 9)
    assert {found.first, found.second} == {Answered(True), Answered(False)}
