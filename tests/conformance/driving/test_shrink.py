"""Shrinking: what is left cannot lose a call, a search finds nothing much shorter, and few calls are made on the way."""

from __future__ import annotations

import asyncio
import functools
import itertools
import pickle
import statistics
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pytest

from openfirst_conformance.adapters.inprocess import PythonAdapter
from openfirst_conformance.cases.case import Case, Planned
from openfirst_conformance.driving.driver import Driver
from openfirst_conformance.driving.played import Played
from openfirst_conformance.driving.settings import Settings
from openfirst_conformance.driving.shrink import failure_of, shrink
from openfirst_conformance.oracle.oracle import Oracle
from openfirst_conformance.oracle.tracker import Tracker
from openfirst_conformance.platforms.simulated import SimulatedPlatform
from openfirst_conformance.reports.verdict_words import clients_in_words
from openfirst_conformance.verdicts import confirm
from openfirst_conformance.verdicts.blame import blame
from openfirst_conformance.verdicts.judge import judge
from openfirst_conformance.verdicts.model import Failure
from openfirst_reference.contract.document import Json
from openfirst_reference.contract.load import load_contract
from openfirst_reference.machine.machine import machine_of
from openfirst_reference.machine.outcome import Answered, Refused, Settled, Unsupported

from ..implementations import Plain, drive, faulty, path_of
from ..implementations.base import Client
from ..implementations.drive import state_of

CONTRACT = load_contract()
MACHINE = machine_of(CONTRACT)


@dataclass
class Found:
    """What is held against an implementation, and how many calls each shrink made for it."""

    failures: list[Failure] = field(default_factory=list)
    costs: list[int] = field(default_factory=list)


def found(implementation: type[Plain]) -> Found:
    """Judge an implementation, once, by the smoke tier and the one that its fault needs."""
    return _found(path_of(implementation), implementation.needs, implementation.extra)


@functools.cache
def _found(path: str, needs: str, extra: int) -> Found:
    result = Found()

    async def counted(driver: Driver, *rest: Any) -> Played | None:
        before = driver.calls
        shortest = await shrink(driver, *rest)
        result.costs.append(driver.calls - before)
        return shortest

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(confirm, "shrink", counted)
        tiers = ["smoke", needs] if needs else ["smoke"]
        settings = Settings(walks=20, extra=extra)
        report = asyncio.run(judge(PythonAdapter(path), CONTRACT, tiers=tiers, settings=settings))
    result.failures = [failure for rule in report.rules.values() for failure in rule.failures]
    return result


@asynccontextmanager
async def driven(implementation: type[Plain]) -> AsyncIterator[tuple[Driver, Oracle]]:
    """What makes calls of an implementation, and knows what it may do."""
    platform = SimulatedPlatform(CONTRACT, {**CONTRACT.default_choices(), **implementation.decides})
    driver = Driver(PythonAdapter(path_of(implementation)), MACHINE, platform)
    await platform.start()
    try:
        await driver.start()
        yield driver, Oracle(MACHINE, driver.declared_choices())
    finally:
        await driver.adapter.close()
        await platform.close()


# Whether a call can be left out ---------------------------------------------------------------------------------------


def superfluous(implementation: type[Plain], failures: Sequence[Failure]) -> list[str]:
    """The calls without which the same failure is met, one by one."""

    async def looked_for() -> list[str]:
        async with driven(implementation) as (driver, oracle):
            return [line for failure in failures async for line in _superfluous(driver, oracle, failure)]

    return asyncio.run(looked_for())


async def _superfluous(driver: Driver, oracle: Oracle, failure: Failure) -> AsyncIterator[str]:
    calls = failure.played.calls
    for number, planned in enumerate(calls):
        kept = (*calls[:number], *calls[number + 1 :])
        if kept:
            case = Case("without", "", failure.played.case.clients, kept)
            again = await driver.play(case, oracle)
            if same(failure, again, oracle):
                yield f"{failure.rule}: {planned.operation} (call {number + 1}) of {[c.operation for c in calls]}"


def same(failure: Failure, again: Played, oracle: Oracle) -> bool:
    """Whether a case fails as the failure does, and shows at least as much that is wrong."""
    if failure.played.violation is None:
        return failure.rule in again.broken_shoulds
    if again.violation is None or failure_of(again) != failure_of(failure.played):
        return False
    return oracle.wrong(failure.played.violation) <= oracle.wrong(again.violation)


# The shortest sequence, by breadth-first search -----------------------------------------------------------------------


class Node(NamedTuple):
    """An implementation after some calls, and what is known of the time."""

    frozen: bytes
    tracker: Tracker
    time: tuple[Any, ...]
    calls: tuple[Planned, ...]

    def key(self) -> object:
        """What tells it from others."""
        ways = frozenset(
            (here, tuple(sorted(way.assignment.items()))) for here, way in self.tracker.explanations.items()
        )
        return self.frozen, ways, self.time


class Wanted(NamedTuple):
    """A failure, and by which marks another sequence is known to show the same."""

    failure: Failure
    marks: frozenset[object]


class Direct:
    """Stands where an adapter does, and hands everything to an object that can be copied between calls."""

    def __init__(self, trial: drive.Trial) -> None:
        self._trial = trial
        self.object = Plain()

    async def start(self, params: Json) -> Json:
        return await self.object.initialize(params)

    async def reset(self, params: Json) -> Json:
        return await self.object.reset({**params, "generation": 0})

    def __getattr__(self, method: str) -> Callable[[Json], Coroutine[Any, Any, Json]]:
        return getattr(self.object, method)  # type: ignore[no-any-return]

    def freeze(self) -> bytes:
        self.object.request = None
        return pickle.dumps(self.object)

    def thaw(self, frozen: bytes) -> None:
        self.object = pickle.loads(frozen)
        self.object.request = self._trial._requested


class Search(drive.Trial):
    """A breadth-first search through everything that the clients of a fixture may call."""

    def __init__(self, implementation: type[Plain]) -> None:
        super().__init__(implementation, MACHINE)
        self.implementation = implementation
        self.adapter = self.direct = Direct(self)  # type: ignore[assignment]
        self.direct.object = implementation()
        now(self.start())

    def shorter(self, failures: Sequence[Wanted], by: int) -> Iterator[tuple[Planned, ...]]:
        """The sequences that are shorter than what they were found for by so many calls, and can lose no call themselves.

        All failures are of the same clients.
        """
        clients = failures[0].failure.played.case.clients
        self.direct.object = self.implementation()
        tracker = now(self.begin(Case("", "", clients, ())))
        level = [Node(self.direct.freeze(), tracker, self._time(), ())]
        known: set[object] = set()
        for length in itertools.count(1):
            left = [item for item in failures if len(item.failure.played.calls) - by >= length]
            further: list[Node] = []
            for node in level if left else ():
                for planned in self._calls(node, left):
                    after, broken = self._made(node, planned, clients)
                    if any(item.marks <= broken for item in left) and self._is_minimal(after.calls, clients):
                        yield after.calls
                    if not broken and after.key() not in known:
                        known.add(after.key())
                        further.append(after)
            if not further:
                return
            level = further

    def _calls(self, node: Node, failures: Sequence[Wanted]) -> Iterator[Planned]:
        """Every call of a class there is, and those that the failures themselves are made of."""
        made = [call for item in failures for call in item.failure.played.calls]
        for client, fixture in failures[0].failure.played.case.clients.items():
            stated = CONTRACT.fixtures[fixture].calls
            able = {name: stated[name] for name in stated if self.can(name, {"info": {}})}
            calls = [
                Planned(client, call.operation, call.arguments)
                for call in MACHINE.alphabet(able, state_of(node.tracker, client), leaves=True)
                if self.can(call.operation, call.arguments)
            ]
            own = [call for call in made if call.client == client]
            yield from {(call.operation, repr(call.arguments)): call for call in [*calls, *own]}.values()

    def _made(self, node: Node, planned: Planned, clients: Mapping[str, str]) -> tuple[Node, set[object]]:
        """Where a call leads, and the rules that it breaks, with what shows it."""
        self.direct.thaw(node.frozen)
        self.now, self.born, self.passed = node.time[0], dict(node.time[1]), dict(node.time[2])
        tracker = node.tracker.fork()
        played = drive.Played(Case("", "", clients, ()))
        now(self.make(tracker, played, planned))
        broken: set[object] = set(tracker.broken_but_followed())
        if played.violation:
            broken = {*blame(self.oracle, played.violation, minimal=True), failed(played)}
        return Node(self.direct.freeze(), tracker, self._time(), (*node.calls, planned)), broken

    def _time(self) -> tuple[Any, ...]:
        return self.now, tuple(self.born.items()), tuple(self.passed.items())

    def _is_minimal(self, calls: Sequence[Planned], clients: Mapping[str, str]) -> bool:
        wanted = self._failure(calls, clients)
        shorter = [(*calls[:number], *calls[number + 1 :]) for number in range(len(calls))]
        return all(not kept or self._failure(kept, clients) != wanted for kept in shorter)

    def _failure(self, calls: Sequence[Planned], clients: Mapping[str, str]) -> object:
        self.direct.object = self.implementation()
        played = now(self.play(Case("", "", clients, tuple(calls))))
        return failed(played) or played.shoulds


def failed(played: drive.Played) -> object:
    """In which way a case fails."""
    return failure_of(Played(played.case, violation=played.violation))


def now(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """What a coroutine that waits for nothing but its turn gives."""
    while True:
        try:
            coroutine.send(None)
        except StopIteration as result:
            return result.value


# What is shown --------------------------------------------------------------------------------------------------------

SOME = [
    faulty.GateIsOpenAfterSecondClose,
    faulty.GateIsOpenAfterRefusedOpen,
    faulty.OpensNothing,
    faulty.LosesName,
    faulty.ComparesTrimmed,
    faulty.RefusesMismatchButOpens,
    faulty.AdoptsWithoutTokenId,
    faulty.RefusesEqualExternalId,
    faulty.NewIdEveryOpen,
    faulty.IdPerClient,
    faulty.CloseKeepsParticipant,
    faulty.ClosesOnlyOnce,
    faulty.FailsToOpenThirdTime,
    faulty.ReopenLeaksExternalId,
    faulty.StaysInConference,
    faulty.IsOpenClosesTheThirdTime,
    faulty.IsOpenAfterFailedOpen,
    faulty.ShowsParticipantOfPreviousSession,
    faulty.UpdateChangesId,
    faulty.UpdatesWithoutScope,
    faulty.LocksAfterRefusal,
    faulty.RefusedSecondInitialiseTakesToken,
    faulty.AcceptsRevocationTooLate,
    faulty.ForgetsToAskAtExpiry,
    faulty.IgnoresFreshToken,
    faulty.NeverLearnsOfItsEnd,
    faulty.OpenClosesOthers,
    faulty.UpdatesAll,
    faulty.SaysFreshButReuses,
    faulty.CloseIsUndoneInRace,
]


@pytest.mark.parametrize("implementation", SOME)
def test_no_call_of_a_failure_can_be_left_out(implementation: type[Plain]) -> None:
    failures = found(implementation).failures
    assert failures
    assert not superfluous(implementation, failures)


@pytest.mark.parametrize("implementation", SOME)
def test_a_search_finds_nothing_that_is_shorter_by_two_calls(implementation: type[Plain]) -> None:
    assert not shorter(implementation, by=2)


def test_the_search_finds_what_there_is() -> None:
    """A name that leaks shows after open, close, open and a look: by four calls, and not by three."""
    found_again = shorter(faulty.ReopenLeaksName, by=0)
    assert ["open", "close", "open", "getParticipant"] in found_again
    assert all(len(operations) >= 4 for operations in found_again)
    assert not shorter(faulty.ReopenLeaksName, by=1)


def shorter(implementation: type[Plain], *, by: int) -> list[list[str]]:
    """What a search finds: for the first failure of a rule, all that breaks the rule; for others, what fails in the same way."""
    search, rules = Search(implementation), set[str]()
    wanted: dict[tuple[tuple[str, str], ...], list[Wanted]] = {}
    for failure in found(implementation).failures:
        marks = {failure.rule, failure_of(failure.played)} if failure.rule in rules else {failure.rule}
        rules.add(failure.rule)
        if not any(call.overlapping for call in failure.played.calls):
            wanted.setdefault(tuple(failure.played.case.clients.items()), []).append(Wanted(failure, frozenset(marks)))
    return [[call.operation for call in calls] for some in wanted.values() for calls in search.shorter(some, by)]


def test_of_a_hundred_sessions_nothing_is_left_but_what_takes_a_place() -> None:
    """Sixty-four are opened and closed, and the next open is refused: 129 calls of some 700."""
    shortest = min(found(faulty.FailsToOpenTheSixtyFifthTime).failures, key=lambda failure: len(failure.played.calls))
    assert [planned.operation for planned in shortest.played.calls] == [*["open", "close"] * 64, "open"]


def test_half_of_all_failures_are_shrunk_with_few_calls() -> None:
    costs = [cost for implementation in SOME for cost in found(implementation).costs]
    assert len(costs) > 100
    assert statistics.median(costs) <= 200


def test_a_shrink_does_not_slip_into_another_failure_of_the_same_row() -> None:
    """An answer is no error, and no error another; what the answer holds is not looked at."""

    def failing(outcome: Settled) -> object:
        tracker = Tracker(Oracle(MACHINE), {"a": MACHINE.fixture("token-with-id")})
        violation = tracker.see("a", MACHINE.call("isOpen", {}, state_of(tracker, "a")), outcome)
        assert violation is not None
        return failure_of(Played(Case("x", "", {"a": "token-with-id"}, ()), violation=violation))

    assert failing(Answered(True)) == failing(Answered("yes"))
    found = [
        failing(item) for item in (Answered(True), Refused("scope-missing"), Refused("info-missing"), Unsupported())
    ]
    assert all(one != other for one, other in itertools.combinations(found, 2))


# Who is there ---------------------------------------------------------------------------------------------------------


class UngatedForTheSecond(faulty.Faulty):
    """The second client that there is needs no session, wherever the first one is."""

    def gate(self, client: Client, service: str, method: str) -> None:
        """Refuse the first."""
        if client not in list(self.clients.values())[1:2]:
            super().gate(client, service, method)


def clients_left(implementation: type[Plain], *calls: Planned) -> tuple[list[str], str]:
    """The clients of a minimal sequence that was one of `a` and `b`, and what a report says of them."""

    async def left() -> Played | None:
        async with driven(implementation) as (driver, oracle):
            case = Case("two", "", {"a": "token-with-id", "b": "token-with-id"}, calls)
            return await shrink(driver, lambda shorter: driver.play(shorter, oracle), await driver.play(case, oracle))

    shortest = asyncio.run(left())
    assert shortest is not None and shortest.violation is not None
    return list(shortest.case.clients), clients_in_words(shortest)


JOIN = {"service": "conference", "method": "join", "arguments": [{"id": "c"}]}


def test_a_client_that_makes_no_call_is_left_out() -> None:
    """Its calls are gone, and what the other one does is wrong by itself."""
    calls = Planned("a", "open"), Planned("b", "isOpen"), Planned("b", "use", JOIN)
    assert clients_left(faulty.GateIsOpenBeforeOpen, *calls) == (["b"], "Clients: b: token-with-id.")


def test_a_client_that_makes_no_call_stays_where_it_takes_one() -> None:
    """And a report says so."""
    calls = Planned("a", "open"), Planned("b", "isOpen"), Planned("b", "use", JOIN)
    assert clients_left(UngatedForTheSecond, *calls) == (
        ["a", "b"],
        "Clients: a: token-with-id, b: token-with-id. a makes no call, but must be there for this to show.",
    )


# What calls give ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("implementation", [faulty.ReopenLeaksName, faulty.CutsLongName, faulty.UpdateDropsAvatar])
def test_no_field_of_what_a_call_gives_is_needless(implementation: type[Plain]) -> None:
    """A leaked name needs a name, and no external ID beside it; a name that is cut needs as long a one as that takes."""
    needed = {"ReopenLeaksName": {"name"}, "CutsLongName": {"name"}, "UpdateDropsAvatar": set()}[
        implementation.__name__
    ]
    for failure in found(implementation).failures:
        for planned in failure.played.calls:
            if planned.operation == "open":
                assert set(planned.arguments.get("info") or {}) <= needed, planned


def test_a_long_text_becomes_as_short_as_still_fails() -> None:
    """Names are cut at 255 characters: a name of 256 shows it, and none that is much longer."""
    names = [
        planned.arguments["info"]["name"]
        for failure in found(faulty.CutsLongName).failures
        for planned in failure.played.calls
        if planned.operation == "open" and planned.arguments.get("info")
    ]
    assert names
    assert all(len(name) <= 300 for name in names)
