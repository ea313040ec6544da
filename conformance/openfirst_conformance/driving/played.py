"""A case as it was played: each call with what was seen, and what came of it all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from openfirst_conformance.adapters.protocol.faults import AdapterFault
from openfirst_conformance.cases.case import Case, Planned
from openfirst_conformance.oracle.explanation import Moment, Violation
from openfirst_conformance.oracle.tracker import Tracker
from openfirst_reference.machine.outcome import Outcome
from openfirst_reference.machine.step import Step

_WAITING = 3


@dataclass(frozen=True)
class CallMade:
    """A call that was made, and what it came to."""

    planned: Planned
    outcome: Outcome
    options: Callable[[], tuple[Step, ...]] = field(repr=False, compare=False)

    @cached_property
    def permitted(self) -> tuple[Step, ...]:
        """What was permitted: worked out when it is asked for, since few cases are ever shown."""
        return self.options()


@dataclass
class Played:
    """What came of a case. `stuck`: the call during which the adapter failed, and the rules that it would have tested."""

    case: Case
    seen: list[CallMade] = field(default_factory=list)
    violation: Violation | None = None
    broken_shoulds: tuple[str, ...] = ()
    fault: AdapterFault | None = None
    stuck: tuple[Planned, tuple[str, ...]] | None = None
    tracker: Tracker | None = None
    stderr: str = ""

    def over(self) -> bool:
        """Whether there is no point in going on: something broke, or too many calls were never answered."""
        waiting = self.tracker.waiting if self.tracker else 0
        return bool(self.violation or self.fault) or waiting >= _WAITING

    @property
    def calls(self) -> tuple[Planned, ...]:
        """The calls that were really made."""
        return tuple(seen.planned for seen in self.seen)

    def same_as(self, other: Played) -> bool:
        """Whether it is the same clients that made the same calls, which came to the same."""
        return (self.case.clients, self.case.held, self.seen) == (other.case.clients, other.case.held, other.seen)

    @property
    def trail(self) -> Moment | None:
        """One explanation of all that was seen before the violation, if there was one."""
        ways = (
            self.violation.explanations
            if self.violation
            else tuple(self.tracker.explanations.items())
            if self.tracker
            else ()
        )
        return ways[0][1].trail if ways else None

    @property
    def broken(self) -> tuple[str, ...]:
        """The rules that were broken on the way, as they had been before, so that the case went on."""
        return tuple(dict.fromkeys(rule for rules in self.tracker.broken for rule in rules)) if self.tracker else ()

    @property
    def sure_trail(self) -> Moment | None:
        """The part of the trail that shows what it seems to: up to a break, if it is not certain where that one led."""
        trail = self.trail
        if not self.broken or (self.violation is None and self.tracker and len(self.tracker.explanations) == 1):
            return trail
        breaks = [moment for moment in trail.back() if moment.is_break] if trail else []
        return breaks[-1].earlier if breaks else trail
