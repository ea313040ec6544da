"""Learn: an implementation is asked what it does until its automaton is known; every step of that is played and judged."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from openfirst_conformance.adapters.adapter import Adapter
from openfirst_conformance.cases.case import Case, Planned
from openfirst_conformance.driving.played import Played
from openfirst_conformance.driving.subject import Subject
from openfirst_conformance.learning.asking import Asked, Ended, Failed, TwoAnswers, Walks, ask, shortest
from openfirst_conformance.learning.mealy import Mealy, unfolded
from openfirst_conformance.platforms.stage import Platform
from openfirst_conformance.tiers.choice_probes import learnt as probed
from openfirst_conformance.tiers.planning.hsi import Word
from openfirst_conformance.tiers.planning.resolved_table import Table, tables_of
from openfirst_conformance.verdicts.judge import judge_cases
from openfirst_conformance.verdicts.model import Report
from openfirst_reference.contract.findings import Mistake, did_you_mean
from openfirst_reference.contract.model import Contract
from openfirst_reference.machine.outcome import Outcome
from openfirst_reference.machine.step import Call, State
from openfirst_reference.show.step_words import due_words

TIER = "learn"
CALLS = 20_000
_NEAREST = 10


@dataclass
class Learnt:
    """What was learnt of an implementation from the clients of a fixture, with the calls `letters`.

    `contract` is the automaton that the contract has there. `places` has where, by the contract, a sequence leads that breaks no
    rule, and `outcomes` what its last call came to. `ended` says why `automaton` is not complete.
    """

    fixture: str
    letters: list[Planned] = field(default_factory=list)
    automaton: Mealy[Any] | None = None
    contract: Mealy[State] | None = None
    places: dict[Word, State] = field(default_factory=dict)
    outcomes: dict[Word, Outcome] = field(default_factory=dict)
    ended: Ended | None = None
    walks: int = 0
    asked: int = 0

    def case(self, word: Word, name: str = TIER) -> Case:
        """The case that makes these calls."""
        calls = tuple(self.letters[letter] for letter in word)
        return Case(name, f"learnt, starting as {self.fixture}", {"a": self.fixture}, calls)

    @property
    def beyond(self) -> list[int]:
        """The states of the automaton that by the contract are of one kind with a state before them.

        Not those that are reached only by breaking a rule: of them the contract says nothing.
        """
        found: dict[Any, int] = {}
        return [state for state, kind in self._kinds().items() if found.setdefault(kind, state) != state]

    @property
    def met(self) -> int:
        """How many kinds of states, by the contract, the states of the automaton are of."""
        return len(set(self._kinds().values()))

    def nearest(self, state: int) -> int:
        """The first state of the automaton that is in the same kind of state, by the contract."""
        kinds = self._kinds()
        return next(other for other, kind in kinds.items() if kind == kinds[state])

    def _kinds(self) -> dict[int, Any]:
        """The kind of state that each state of the automaton is in, by the contract."""
        if self.automaton is None or self.contract is None:
            return {}
        kinds, ways = self.contract.kinds(), enumerate(self.automaton.ways)
        return {state: kinds.get(self.places[way], self.places[way]) for state, way in ways if way in self.places}


def scenarios(report: Report, learnt: Learnt) -> list[Case]:
    """Cases for `complete` to go on from: what breaks a rule, and the nearest states that the contract has no other for."""
    failures = (failure.played for rule in report.rules.values() for failure in rule.failures[:1])
    shown = [replace(played.case, calls=played.calls) for played in failures if len(played.case.clients) == 1]
    ways = learnt.automaton.ways if learnt.automaton else ()
    cases = [*shown, *(learnt.case(ways[state]) for state in learnt.beyond[:_NEAREST])]
    each = {(tuple(case.clients.values()), repr(case.calls)): case for case in cases}
    return [replace(case, id=f"{TIER}-{number}") for number, case in enumerate(each.values(), 1)]


async def learn(
    adapter: Adapter,
    contract: Contract,
    *,
    fixture: str | None = None,
    calls: int = CALLS,
    seed: int = 0,
    choices: Mapping[str, str] | None = None,
    platform: Platform | None = None,
) -> tuple[Report, Learnt]:
    """Learn the automaton of an implementation with so many calls, from a fixture or the first that can be tried, and judge it.

    The report has the one tier `learn`. Raises as `judge` does, and ValueError where the fixture cannot be tried.
    """
    learnt = Learnt(fixture or next(iter(contract.fixtures)))
    if learnt.fixture not in contract.fixtures:
        known = contract.fixtures
        raise Mistake(f"--fixture: the contract has no fixture `{fixture}`. {did_you_mean(learnt.fixture, known)}")

    async def cases(subject: Subject) -> AsyncIterator[Played]:
        async for played in probed(subject):
            yield played
        async for played in _learnt(subject, learnt, fixture, calls, seed):
            yield played

    return await judge_cases(adapter, contract, TIER, cases, choices=choices, platform=platform), learnt


async def _learnt(
    subject: Subject, learnt: Learnt, fixture: str | None, calls: int, seed: int
) -> AsyncIterator[Played]:
    """Learn, and play every step of the automaton, the nearest first; and what broke a rule on the way to it."""
    tables = {table.fixture: table for table in tables_of(subject)}
    learnt.fixture = fixture or next(iter(tables), learnt.fixture)
    if learnt.fixture not in tables:
        raise Mistake(
            f"--fixture: `{learnt.fixture}` cannot be tried with this implementation, by what its adapter declares. "
            + (
                f"Name another one, of these: {', '.join(tables)}."
                if tables
                else "Nor can any other: declare operations."
            )
        )
    table = tables[learnt.fixture]
    learnt.letters = list(_letters(table))
    learnt.contract = _contract(table, learnt.letters)
    pure = [table.contract.operations[planned.operation].pure for planned in learnt.letters]
    asked = Asked(table, learnt.case, calls)
    looks = tuple(number for number, is_pure in enumerate(pure) if is_pure)
    first = {
        kind: learnt.contract.ways[state] for state, kind in reversed([*enumerate(learnt.contract.kinds().values())])
    }
    walks = Walks(learnt.letters, list(first.values()), looks, asked, seed, calls)
    before = subject.driver.calls
    try:
        learnt.ended = await asyncio.to_thread(ask, asked, walks)
        if isinstance(learnt.ended, TwoAnswers):
            learnt.ended = await shortest(asked, learnt.ended)
    except Failed as failed:
        learnt.ended = failed
    finally:  # Whoever is told to stop does not leave a thread behind that asks on.
        asked.stop()
    learnt.automaton, learnt.walks, learnt.asked = walks.learnt, walks.walks, subject.driver.calls - before
    if isinstance(learnt.ended, Failed):
        yield learnt.ended.played
    learnt.places[()] = table.initial
    for word in _steps(learnt.automaton):
        played = await subject.play(learnt.case(word))
        if len(played.seen) == len(word):
            learnt.outcomes[word] = played.seen[-1].outcome
            if played.tracker is not None and not played.violation and not played.broken:
                learnt.places[word] = next(iter(played.tracker.explanations)).node.states[0]
        yield played
    for word in asked.broken.values():
        yield await subject.play(learnt.case(word))


def _steps(automaton: Mealy[Any] | None) -> Iterator[Word]:
    """The way to each state of an automaton with each call after it."""
    for way, after in zip(automaton.ways, automaton.after, strict=True) if automaton else ():
        yield from ((*way, letter) for letter in range(len(after)))


def _letters(table: Table) -> Iterator[Planned]:
    """A call for each class of arguments; of the values that stand for a class, those that no call before gives."""
    wanted = [table.letters[number] for number in table.inputs(table.initial)]
    alike: dict[Any, list[Call]] = {letter: [] for letter in wanted}
    for call in table.machine.alphabet(table.operations, table.initial):
        alike.get((call.operation, tuple(call.leaves.items())), []).append(call)
    given: set[str] = set()
    for calls in alike.values():
        call = min(calls, key=lambda call: len(given & set(map(repr, call.given.values()))))
        given |= set(map(repr, call.given.values()))
        yield Planned("a", call.operation, call.arguments)


def _contract(table: Table, letters: list[Planned]) -> Mealy[State]:
    """What the contract says to these calls, where an implementation decides as this one was seen to."""

    def step(state: State, letter: int) -> tuple[tuple[str, ...], State]:
        planned = letters[letter]
        steps = table.resolution.steps(state, table.machine.call(planned.operation, planned.arguments, state))
        return tuple(sorted(due_words(table.machine, steps))), steps[0].after if steps else state

    return unfolded(table.initial, range(len(letters)), step)
