"""Follow the clients of a recording, call by call, with a tracker."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openfirst_conformance.oracle.explanation import Candidate, Explanation, Violation, add_explanation
from openfirst_conformance.oracle.oracle import Oracle
from openfirst_conformance.oracle.tracker import Tracker
from openfirst_conformance.recordings.events import Ended, Event, Made, Turned
from openfirst_reference.contract.findings import Mistake
from openfirst_reference.machine.outcome import Outcome, Pending, Settled
from openfirst_reference.machine.step import Call, State, Step

# So many calls under way at once have some thousand orders; each one more has several times as many.
_UNDER_WAY = 6


@dataclass(frozen=True)
class Line:
    """A call, where it stands, and what it came to."""

    where: str
    client: str
    operation: str
    arguments: Mapping[str, Any]
    outcome: Outcome


@dataclass(frozen=True)
class Broken:
    """Rules that a call broke, what was permitted, and the calls before it, of all clients that have to do with its own.

    `followed`: what was done can be explained, though by nothing that keeps the rules.
    """

    line: Line
    rules: tuple[str, ...]
    permitted: tuple[Step, ...]
    before: tuple[Line, ...]
    followed: bool = False


class Follower:
    """A tracker with the calls that it was shown."""

    def __init__(self, oracle: Oracle, clients: Mapping[str, State]) -> None:
        self.oracle, self.machine = oracle, oracle.machine
        self.tracker: Tracker = Tracker(oracle, clients)
        self.lines: list[Line] = []
        self.violation: Violation | None = None
        self._numbers: dict[Made, int] = {}
        self._options: dict[Made, Callable[[], tuple[Step, ...]]] = {}
        self._against: dict[str, tuple[int, Callable[[], tuple[Step, ...]]]] = {}
        self._next = 0

    def follow(self, events: Sequence[Event]) -> Event | None:
        """Take in events until one breaks a rule, or leaves too much open to go on; that one is returned."""
        self._next = 0
        return self.follow_on(events)

    def follow_on(self, events: Sequence[Event]) -> Event | None:
        """Take in the rest of the events, behind the last one that was taken in; see `follow`."""
        while self._next < len(events):
            event, answer = events[self._next], None
            if self._next + 1 < len(events):
                after = events[self._next + 1]
                if isinstance(after, Ended) and after.made is event:  # nothing came in between: a whole call
                    event, answer = after, after.outcome
            if isinstance(event, Turned) and any(made.client == event.client for made in self._numbers):
                return event  # Which of the two a call met that is under way, nobody knows.
            self._take(events[self._next], answer)
            self._next += 1 if answer is None else 2
            if self.violation or self.tracker.waiting > _UNDER_WAY:
                return event
        return None

    def go_on(self, rules: tuple[str, ...]) -> bool:
        """Permit what broke these rules, so that the rest can be followed. False: nobody can say where that led."""
        went = self.violation is not None and self.tracker.go_on(self.violation, rules)
        self.violation = None if went else self.violation
        return went

    def _take(self, event: Event, answer: Settled | None) -> None:
        match event:
            case Turned():
                self._turn(event)
                return
            case Ended():
                self.lines.append(_line(event.where, event.made, event.outcome))
                options = self._options.pop(event.made)
                self.violation = self.tracker.end(self._numbers.pop(event.made), event.outcome)
            case Made():
                outcome = event.outcome or answer
                self.lines.append(_line(event.where, event, outcome))
                call = self._classified(event)
                options = self.tracker.options(event.client, call)
                if outcome is None:
                    self._options[event] = options
                    self._numbers[event] = self.tracker.begin(event.client, call)
                else:
                    self.violation = self.tracker.see(event.client, call, outcome)
        for explanation in self.tracker.explanations.values():
            for rule in explanation.trail.step.alternative.breaks if explanation.trail else ():
                self._against.setdefault(rule, (len(self.lines) - 1, options))

    def _classified(self, made: Made) -> Call:
        state = next(iter(self.tracker.explanations)).node.states[self.tracker.clients[made.client]]
        try:
            return self.machine.call(made.operation, made.arguments, state)
        except Mistake as error:
            raise Mistake(f"{made.where}: {error}") from None

    def _turn(self, turned: Turned) -> None:
        """The world's own changes come in where they are due, without a call."""
        client = self.tracker.clients[turned.client]
        explanations: dict[Candidate, Explanation] = {}
        for (node, pending), explanation in self.tracker.explanations.items():
            states = list(node.states)
            states[client] = self.machine.having(states[client], **turned.values)
            there = Candidate(self.oracle.node(tuple(states), node.bindings), pending)
            add_explanation(explanations, there, explanation)
        self.tracker.explanations = explanations

    def followed(self) -> list[Broken]:
        """The rules that were surely not kept, though what was done can be followed: a `should`."""
        found = [(rule, *self._against[rule]) for rule in self.tracker.broken_but_followed() if rule in self._against]
        return [
            Broken(self.lines[place], (rule,), options(), tuple(self.lines[:place]), followed=True)
            for rule, place, options in found
        ]


def _line(where: str, made: Made, outcome: Settled | None) -> Line:
    return Line(where, made.client, made.operation, made.arguments, outcome or Pending())
