"""Asking: AALpy learns the automaton of an implementation from what its calls come to.

AALpy is synchronous and calls are not, so it runs in a thread, and each of its questions is a case played in the loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Sequence
from random import Random
from typing import Any

from aalpy.base import SUL, Oracle
from aalpy.learning_algs import run_KV

from openfirst_conformance.adapters.protocol.faults import AdapterFault
from openfirst_conformance.cases.case import Case, Planned
from openfirst_conformance.driving.played import Played
from openfirst_conformance.driving.shrink import failure_of
from openfirst_conformance.learning.mealy import Mealy, unfolded
from openfirst_conformance.oracle.observation import Fields, Observation, SeenIdentity
from openfirst_conformance.tiers.planning.hsi import Word
from openfirst_conformance.tiers.planning.resolved_table import Table
from openfirst_reference.machine.outcome import Outcome, Pending

_LENGTH = 50
_TIMES = 4
_FEW = 30
_SEEN = SeenIdentity(0)
_FREE = None
Wanted = Callable[[Word], Case]


class Ended(Exception):
    """Nothing more is asked."""


class Spent(Ended):
    """No calls are left."""


class TwoAnswers(Ended):
    """The last of these calls has come to one thing, and to another when they were made again."""

    def __init__(self, word: Word, first: Outcome, second: Outcome) -> None:
        super().__init__(word, first, second)
        self.word, self.first, self.second = word, first, second


class Failed(Ended):
    """The adapter failed in this case."""

    def __init__(self, played: Played) -> None:
        super().__init__(played)
        self.played = played


class Asked(SUL):  # type: ignore[misc] # AALpy does not say that it is typed
    """The implementation, as AALpy asks it. `broken` has the shortest sequence of each kind that broke a rule.

    Of an identity it is told only whether there is one, since no two sessions need have the same (which one it is, the tracker
    sees), and nothing of an outcome that is free. What comes to two things is found out here: AALpy itself would end the process.
    """

    def __init__(self, table: Table, case: Wanted, calls: int) -> None:
        super().__init__()
        self._table, self._case = table, case
        self._oracle, self._driver = table.subject.oracle, table.subject.driver
        self._loop = asyncio.get_running_loop()
        self._limit = self._driver.calls + calls
        self._known: dict[Word, tuple[Hashable, Outcome]] = {}
        self.broken: dict[object, Word] = {}

    def pre(self) -> None:
        """A case begins where it is played."""

    def post(self) -> None:
        """And ends there."""

    def step(self, letter: Any) -> Any:
        """Nobody asks for less than a sequence."""
        raise NotImplementedError

    def query(self, word: Word) -> list[Hashable]:
        """What each call of a sequence shows. Raises Ended."""
        return asyncio.run_coroutine_threadsafe(self._played(tuple(word)), self._loop).result()

    def stop(self) -> None:
        """Whatever is asked from now on is not answered."""
        self._limit = -1

    async def _played(self, word: Word) -> list[Hashable]:
        if self._driver.calls + len(word) > self._limit:
            raise Spent
        came = await self.play(word)
        for number, (shown, outcome) in enumerate(came, 1):
            first, before = self._known.setdefault(word[:number], (shown, outcome))
            if first != shown:
                raise TwoAnswers(word[:number], before, outcome)
        return [shown for shown, _ in came]

    async def play(self, word: Word) -> list[tuple[Hashable, Outcome]]:
        """What each call of a sequence shows, and what it came to. Raises Failed."""
        case = self._case(word)
        try:
            played = await self._driver.begin(case, self._oracle)
        except AdapterFault as fault:
            raise Failed(Played(case, fault=fault, stderr=fault.stderr)) from None
        came: list[tuple[Hashable, Outcome]] = []
        broke: object = None
        for number, planned in enumerate(case.calls, 1):
            free = self._is_free(played, planned)
            made = await self._driver.make(played, planned)
            if played.fault:
                raise Failed(played)
            outcome = played.seen[-1].outcome if made else Pending()
            came.append((_FREE if free and not played.violation else self._shown(planned.operation, outcome), outcome))
            if played.violation and broke is None:  # What follows the first is anybody's guess.
                broke = failure_of(played)
                self.broken[broke] = min(self.broken.get(broke, word), word[:number], key=len)
        self._driver.finish(played)
        return came

    def _is_free(self, played: Played, planned: Planned) -> bool:
        """Whether the contract permits more than one thing, names no choice for it, and lets nothing depend on it."""
        assert played.tracker is not None
        state = next(iter(played.tracker.explanations)).node.states[0]
        steps = self._table.resolution.steps(state, self._driver.classify(played, planned))
        return len(steps) > 1 and len({step.after for step in steps}) == 1

    def _shown(self, operation: str, outcome: Outcome) -> Hashable:
        if isinstance(outcome, Pending):
            return outcome
        seen = self._oracle.comparison.seen(operation, outcome, {})
        if not isinstance(seen.content, Fields):
            return seen
        values = (_SEEN if isinstance(value, SeenIdentity) else value for value in seen.content.values)
        return Observation(seen.kind, Fields(tuple(values)))


class Walks(Oracle):  # type: ignore[misc] # as above
    """Looks for what an automaton does not foretell: walks from its states, and after the `starts`, as long as calls are left.

    For each walk it is drawn how likely each operation is, so that some do little but open and close; each ends with the calls that
    change nothing. `learnt` is the automaton that is looked at, or was last.
    """

    def __init__(
        self, letters: Sequence[Planned], starts: Sequence[Word], looks: Word, asked: Asked, seed: int, most: int
    ) -> None:
        super().__init__(list(range(len(letters))), asked)
        self._operations = [planned.operation for planned in letters]
        self._starts, self._looks, self._chance, self._most = starts, looks, Random(seed), most
        self.learnt: Mealy[Any] | None = None
        self.walks = 0

    def find_cex(self, hypothesis: Any) -> Word | None:
        """A short sequence whose last call shows something else than the automaton foretells; None where no calls are left."""
        self.learnt = learnt = unfolded(
            hypothesis.initial_state,
            self.alphabet,
            lambda state, letter: (state.output_fun[letter], state.transitions[letter]),
        )
        self.walks, found = 0, None
        try:
            for _ in range(self._most):  # A word that was asked before costs no call.
                found = self._unforeseen(self._walk(learnt))
                if found is not None:
                    break
                self.walks += 1
            size = len(found or ()) // 2
            while found and size:
                place = 0
                while place < len(found):
                    shorter = self._unforeseen((*found[:place], *found[place + size :]))
                    found, place = (found, place + size) if shorter is None else (shorter, place)
                size //= 2
        except Spent:
            pass
        return found

    def _unforeseen(self, word: Word) -> Word | None:
        """The sequence up to the first call that shows something else than the automaton foretells."""
        assert self.learnt is not None
        told = zip(self.sul.query(word), self.learnt.shows(word), strict=True)
        return next((word[:number] for number, (shown, foretold) in enumerate(told, 1) if shown != foretold), None)

    def _walk(self, learnt: Mealy[Any]) -> Word:
        likely = {operation: self._chance.random() ** 3 + 0.02 for operation in self._operations}
        weights = [likely[name] / self._operations.count(name) for name in self._operations]
        walk = self._chance.choices(self.alphabet, weights, k=_LENGTH)
        return (*self._chance.choice([*learnt.ways, *self._starts]), *walk, *self._looks)


def ask(asked: Asked, walks: Walks) -> Ended | None:
    """Learn until no calls are left; `walks` has the automaton. Gives why that is not to be relied on, if it is not."""
    try:
        run_KV(walks.alphabet, asked, walks, "mealy", print_level=0)
    except Ended as ended:
        return ended
    return Spent() if walks.walks < _FEW else None


async def shortest(asked: Asked, two: TwoAnswers) -> TwoAnswers:
    """The same with fewer calls, where the last one comes to two things all the same, within a few times."""
    place = 0
    while place < len(two.word) - 1:
        word = (*two.word[:place], *two.word[place + 1 :])
        came = dict([(await asked.play(word))[-1] for _ in range(_TIMES)])
        if len(came) > 1:
            two = TwoAnswers(word, *list(came.values())[:2])
        else:
            place += 1
    return two
