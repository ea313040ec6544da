"""Shrinking: make a failing sequence minimal by deleting calls, never by making new ones up."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from openfirst_conformance.cases import Case, Planned
from openfirst_conformance.driver import Driver, Played
from openfirst_conformance.tracker import Oracle

Failure = Callable[[Played], object]
_BUDGET = 1500


def failure_of(played: Played) -> object:
    """What must stay the same while calls are deleted: who called what, and what it came to. None: no failure."""
    if played.violation is None:
        return None
    violation = played.violation
    return violation.client, violation.call.operation, violation.outcome.kind, violation.outcome.code


async def shrink(driver: Driver, oracle: Oracle, played: Played, failure: Failure = failure_of) -> Played | None:
    """The shortest sequence found that fails in the same way: none of its calls can be deleted. None: it does not fail again."""
    wanted = failure(played)
    limit = driver.calls + _BUDGET

    async def fails(calls: Sequence[Planned]) -> Played | None:
        case = Case(played.case.id, played.case.title, played.case.clients, tuple(calls), played.case.choices)
        again = await driver.play(case, oracle)
        if again.fault:
            await driver.adapter.restart()
            return None
        return again if failure(again) == wanted else None

    best = await fails(played.calls)
    if best is None:
        return None
    size = max(len(best.calls) // 2, 1)
    while driver.calls < limit:
        start, found = 0, False
        while start < len(best.calls) and driver.calls < limit:
            kept = [*best.calls[:start], *best.calls[start + size :]]
            shorter = await fails(kept) if kept else None
            if shorter is not None:
                best, found = shorter, True
            else:
                start += size
        if size == 1 and not found:
            break
        size = max(size // 2, 1)
    return best
