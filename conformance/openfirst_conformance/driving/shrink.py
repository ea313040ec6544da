"""Shrinking: make a failing sequence minimal by deleting calls, and then what they give; never by making new ones up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from openfirst_conformance.cases.case import Case, Planned
from openfirst_conformance.driving.driver import Driver
from openfirst_conformance.driving.played import Played
from openfirst_conformance.oracle.explanation import Violation
from openfirst_reference.machine.outcome import Answered
from openfirst_reference.machine.search import Search
from openfirst_reference.machine.step import State

Failure = Callable[[Played], object]
Play = Callable[[Case], Awaitable[Played]]
_BUDGET = 1500
_PLAYS = 40
_SHORT = 40
_LONG = 8


def failure_of(played: Played) -> object:
    """What must stay the same while calls are deleted: who called, in which row, and what it came to.

    Of an answer that is whether it was one: what it shows may differ, so that a shorter sequence may show more. None: no failure.
    """
    return None if played.violation is None else kind_of(caller(played.case, played.violation), played.violation)


def caller(case: Case, violation: Violation) -> str:
    """Whose call it was, by name: a case may lose clients."""
    return list(case.clients)[violation.client]


def kind_of(client: object, violation: Violation) -> object:
    """What `failure_of` says of a violation by a client."""
    came = violation.outcome
    return client, violation.rows, Answered() if isinstance(came, Answered) else came


async def shrink(driver: Driver, play: Play, played: Played, failure: Failure = failure_of) -> Played | None:
    """The shortest sequence found that fails in the same way: none of its calls can be deleted, and what overlaps must.

    Nor can a client that makes none of them, a field of what they give, or half of a long text. `play` plays a case. None: it
    does not fail again.
    """
    wanted = failure(played)
    limit = driver.calls + max(_BUDGET, _PLAYS * len(played.calls))

    async def fails(calls: Sequence[Planned], base: Case | None = None) -> Played | None:
        again = await play(replace(base or (best or played).case, calls=tuple(calls)))
        return again if failure(again) == wanted else None

    best: Played | None = None
    for calls in _short_cuts(played):
        best = await fails(calls)
        if best is not None:
            break
    if best is None:
        return None
    for operation in dict.fromkeys(planned.operation for planned in best.calls) if len(best.calls) > _LONG else ():
        # Of a hundred sessions, those calls that have nothing to do with it go at one go, whatever lies between them.
        kept = [planned for planned in best.calls[:-1] if planned.operation != operation]
        best = await fails([*kept, best.calls[-1]]) or best

    async def deleted(left: Played, size: int) -> Played:
        while driver.calls < limit:
            start, found = 0, False
            while start < len(left.calls) and driver.calls < limit:
                kept = [*left.calls[:start], *left.calls[start + size :]]
                shorter = await fails(kept) if kept else None
                if shorter is not None:
                    left, found = shorter, True
                else:
                    start += size
            if size == 1 and not found:
                break
            size = max(size // 2, 1)
        return left

    best = await deleted(best, max(len(best.calls) // 2, 1))
    for idle in idle_clients(best):
        best = await fails(best.calls, _without(best.case, idle)) or best
    for number, planned in enumerate(best.calls):
        if planned.overlapping:
            apart = await fails([*best.calls[:number], replace(planned, overlapping=False), *best.calls[number + 1 :]])
            best = apart or best
    number, given = 0, best.calls
    while number < len(best.calls):
        for arguments in (
            _smaller(best.calls[number].arguments) if driver.gives_data(best.calls[number].operation) else ()
        ):
            planned = replace(best.calls[number], arguments=arguments)
            permitted = driver.calls < limit and _can_be_made(driver, best, planned)
            smaller = await fails([*best.calls[:number], planned, *best.calls[number + 1 :]]) if permitted else None
            if smaller is not None and len(smaller.calls) == len(best.calls):
                best = smaller
                break
        else:
            number += 1
    # With less in it, a call may be needless that was not before.
    return best if best.calls == given else await deleted(best, 1)


def idle_clients(played: Played) -> list[str]:
    """The clients that make no call."""
    return [client for client in played.case.clients if client not in {planned.client for planned in played.calls}]


def _without(case: Case, client: str) -> Case:
    """The case without a client, which makes no call in it."""
    clients = {name: fixture for name, fixture in case.clients.items() if name != client}
    return replace(case, clients=clients, held={name: held for name, held in case.held.items() if name != client})


def _smaller(given: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The arguments with a field less, at whatever depth; with half of a long text; the largest step first."""
    for name, value in given.items():
        yield {key: item for key, item in given.items() if key != name}
        if isinstance(value, Mapping):
            yield from ({**given, name: part} for part in _smaller(value))
        elif isinstance(value, str) and len(value) > _SHORT:
            yield {**given, name: value[: len(value) // 2]}
            yield {**given, name: value[:-1]}


def _can_be_made(driver: Driver, played: Played, planned: Planned) -> bool:
    """Whether a call gives what the contract has a class for, and nothing that the implementation does not take."""
    stated = driver.contract.operations[planned.operation]
    given = driver.machine.wire.inward(planned.operation, planned.arguments)
    if any(given[name] is None for name in stated.parameters if stated.requires(name) and not stated.takes_null(name)):
        return False
    try:
        start = driver.machine.fixture(played.case.clients[planned.client])
        driver.machine.call(planned.operation, planned.arguments, start)
    except ValueError:
        return False
    missing = set(stated.required) - set(planned.arguments)
    return not missing and driver.permits(planned.operation, planned.arguments)


def _short_cuts(played: Played) -> Iterator[Sequence[Planned]]:
    """The last calls, more and more of them, each time with a shortest way to where they began; last, the whole sequence.

    The way takes only steps that were seen in this very sequence.
    """
    calls = played.calls
    moments = [moment for moment in (played.trail.back() if played.trail else ()) if not moment.echo][::-1]
    if len(played.case.clients) == 1 and len(moments) >= len(calls) - 1 and len(calls) > _LONG:
        states = [moment.step.before for moment in moments] + [moments[-1].step.after]
        steps: dict[State, dict[State, Planned]] = {}
        for planned, moment in zip(calls, moments, strict=False):
            steps.setdefault(moment.step.before, {}).setdefault(moment.step.after, planned)
        kept = 1
        while kept < len(calls):
            yield [*_way(steps, states[0], states[len(calls) - kept]), *calls[-kept:]]
            kept *= 2
    yield calls


def _way(steps: dict[State, dict[State, Planned]], start: State, goal: State) -> tuple[Planned, ...]:
    search = Search[State, Planned]([start])
    for state in search:
        for after, planned in steps.get(state, {}).items():
            search.found(state, planned, after)
    return search.way(goal)
