"""Contrast: whether an operation was seen on both sides of a rule, such as refused where it must be and answered where it must.

Nothing here is listed by hand. The sides of an operation are what its rows may come to; wherever a call was made, its cell says on
which side that must be. An operation is one-sided where it was never seen on the side that some cell asked for. Where a case broke
off, what it would have come to is not known: then the rows say what is asked for, whether they were met or not.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import NamedTuple

from openfirst_conformance.oracle.explanation import Moment
from openfirst_conformance.oracle.oracle import Oracle
from openfirst_reference.contract.model import ANY_ERROR, OF_SERVICE, Alternative, Contract
from openfirst_reference.machine.outcome import Refused
from openfirst_reference.machine.step import Step, is_overlap


class Way(Enum):
    """How a call may come out, as far as two rules may want the opposite of it."""

    REFUSED = auto()
    """For a reason that the contract has."""
    REFUSED_BY_SERVICE = auto()
    """For a reason of the service's own: it was reached."""
    REFUSED_SOMEHOW = auto()
    """Nobody says for what reason."""
    ANSWERED = auto()
    """With a value, or with whatever: then nothing is said of it, and it is the opposite of no other answer."""
    SHOWED = auto()
    """With data that are compared."""


class Side(NamedTuple):
    """How a call came out, and what it answered where the contract says what that is."""

    way: Way
    value: str | None = None
    """As JSON."""


@dataclass(frozen=True)
class Lack:
    """A side of an operation on which it was to be, at least once, and never was."""

    operation: str
    sides: tuple[Side, ...]


@dataclass
class Sides:
    """The sides on which each operation was seen, and those on which it was to be, call by call."""

    seen: dict[str, set[Side]] = field(default_factory=lambda: defaultdict(set))
    due: dict[str, dict[frozenset[Side], None]] = field(default_factory=lambda: defaultdict(dict))

    def join(self, other: Sides) -> None:
        """Take in what others have seen."""
        for operation, seen in other.seen.items():
            self.seen[operation] |= seen
        for operation, due in other.due.items():
            self.due[operation].update(due)


class Contrast:
    """Takes in on which sides each operation was seen, and on which it was to be: `sides` has it."""

    def __init__(self, contract: Contract, sides: Sides) -> None:
        self._contract = contract
        self.sides = sides
        self._taken: set[Step] = set()
        self._broke_off = False

    def take(self, oracle: Oracle, moments: Iterable[Moment], *, broke: bool) -> None:
        """Take in what a case showed; `broke`: up to where it broke a rule."""
        for moment in moments:
            step = moment.step
            if moment.echo or moment.is_break or step in self._taken or is_overlap(step):
                continue
            if step.code not in (ANY_ERROR, OF_SERVICE) or moment.outcome != Refused(None):
                self._taken.add(step)
                self.sides.seen[step.call.operation].add(self._side(step.alternative))
            steps = oracle.machine.steps(step.before, step.call)
            permitted = [item.alternative for item in steps if oracle.keys(item) is not None]
            self._to_be(step.call.operation, permitted)
        if broke and not self._broke_off:
            self._broke_off = True
            for row in self._contract.rows.values():
                self._to_be(row.call, (item for item in row.may if _permitted(item, oracle.choices)))

    def _to_be(self, operation: str, may: Iterable[Alternative]) -> None:
        sides = frozenset(self._side(item) for item in may if not item.breaks)
        if sides:
            self.sides.due[operation].setdefault(sides)

    def lacking(self, operations: Iterable[str]) -> tuple[Lack, ...]:
        """What was never seen, where none of these operations was seen on two sides; empty where one was, or none has two."""
        mine = sorted(operations)
        if any(_is_on_two(self.sides.seen[operation]) for operation in mine):
            return ()
        lacks = []
        for operation in mine:
            missing = [sides for sides in self.sides.due[operation] if sides.isdisjoint(self.sides.seen[operation])]
            if missing:
                fewest = min(len(sides) for sides in missing)
                sides = next(sides for sides in missing if len(sides) == fewest)
                lacks.append(Lack(operation, tuple(sorted(sides, key=repr))))
        return tuple(lacks)

    def _side(self, alternative: Alternative) -> Side:
        if alternative.error is not None:
            ways = {OF_SERVICE: Way.REFUSED_BY_SERVICE, ANY_ERROR: Way.REFUSED_SOMEHOW}
            return Side(ways.get(alternative.error, Way.REFUSED))
        answer = self._contract.answers[alternative.answer or ""]
        if answer.fields or isinstance(answer.value, dict):
            return Side(Way.SHOWED)
        return Side(Way.ANSWERED, None if answer.ignore else json.dumps(answer.value))


def _is_on_two(sides: set[Side]) -> bool:
    """Whether two of these are opposites."""
    if Side(Way.ANSWERED) in sides:
        sides = {Side(Way.ANSWERED) if side.way in (Way.ANSWERED, Way.SHOWED) else side for side in sides}
    return len(sides) > 1


def _permitted(alternative: Alternative, choices: Mapping[str, str | None]) -> bool:
    return all(choices.get(choice) in (None, *values) for choice, values in alternative.when)
