"""Where an implementation may be and how it may have come there; and the violation that nothing explains."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from openfirst_conformance.oracle.observation import Observation, Scalar
from openfirst_reference.machine.outcome import Settled
from openfirst_reference.machine.step import Call, Identity, State, Step, Value

Bindings = tuple[tuple[tuple[Identity, int | None], Scalar], ...]
"""What identities were seen to be, of each client."""
Assignment = Mapping[int, frozenset[str]]
"""The values that choices may still have, by the number of the cell; the oracle knows which cell it is."""
Keys = tuple[tuple[int, frozenset[str]], ...]
BREAK = -1
"""The index of a step that no alternative of the row permits: what broke a rule, and was followed all the same."""


class ChoicePlace(NamedTuple):
    """Where a choice that is not declared stays what it is: a cell of the table, and whether what is given is there already."""

    choice: str
    row: str
    leaves: tuple[tuple[str, str], ...]
    held: tuple[Value, ...]
    same: tuple[bool, ...]


class Moment(NamedTuple):
    """One step on the way to where a tracker is: whose call, and what it was in the table; `earlier` is the way to it."""

    earlier: Moment | None
    client: int
    step: Step
    outcome: Settled | None
    echo: bool

    @property
    def is_break(self) -> bool:
        """Whether nothing permits it, and it was followed all the same."""
        return self.step.index == BREAK

    def back(self) -> Iterator[Moment]:
        """This moment and all before it, latest first."""
        here: Moment | None = self
        while here is not None:
            yield here
            here = here.earlier


@dataclass(frozen=True, eq=False)
class Edge:
    """Where one permitted explanation of an observation leads: the node, and the choices that it depends on."""

    node: Node
    keys: Keys
    step: Step
    echoes: tuple[tuple[int, Step], ...]

    @cached_property
    def here(self) -> Candidate:
        """The node with nothing under way."""
        return Candidate(self.node, ())


class Node:
    """The states of all clients, and what the identities seen so far stand for. Interned by the oracle."""

    __slots__ = ("bindings", "edges", "effects", "states", "steps")

    def __init__(self, states: tuple[State, ...], bindings: Bindings) -> None:
        self.states = states
        self.bindings = bindings
        self.edges: dict[tuple[int, Call, Observation], tuple[Edge, ...]] = {}
        self.effects: dict[tuple[int, Call], tuple[Edge, ...]] = {}
        self.steps: dict[tuple[int, Call], tuple[Step, ...]] = {}


class UnderWay(NamedTuple):
    """A call that was begun and not answered; `edge` is set once its effect has landed."""

    number: int
    client: int
    call: Call
    edge: Edge | None


class Candidate(NamedTuple):
    """Where the implementation may be: the states, and the calls that are under way."""

    node: Node
    pending: tuple[UnderWay, ...]


class Explanation(NamedTuple):
    """How it may have come there: what the choices must be, and the steps; and the rules that every such way breaks."""

    assignment: Assignment
    trail: Moment | None
    broken: frozenset[str] = frozenset()

    def onward(self, client: int, edge: Edge, outcome: Settled | None, assignment: Assignment) -> Explanation:
        """The explanation after a step, and after what it was for other clients."""
        trail = self.trail
        for other, step in edge.echoes:
            trail = Moment(trail, other, step, None, echo=True)
        there = Moment(trail, client, edge.step, outcome, echo=False)
        breaks = edge.step.alternative.breaks
        return Explanation(
            assignment, there, self.broken.union(breaks) if breaks and not there.is_break else self.broken
        )


@dataclass(frozen=True)
class Violation:
    """An outcome that nothing explains. `explanations` are the explanations of all that was seen before it."""

    client: int
    call: Call
    outcome: Settled
    seen: Observation
    explanations: tuple[tuple[Candidate, Explanation], ...]
    rows: tuple[str, ...]
    permitted: tuple[Step, ...]
    overlapping: bool


def back(trail: Moment | None) -> Iterable[Moment]:
    """The moments on the way, latest first."""
    return trail.back() if trail else ()


def add_explanation(explanations: dict[Candidate, Explanation], there: Candidate, new: Explanation) -> bool:
    """Add an explanation. Two that lead to one place leave open what they disagree on. Gives whether anything is new."""
    known = explanations.get(there)
    if known is None:
        explanations[there] = new
        return True
    broken = known.broken & new.broken
    one, other = known.assignment, new.assignment
    either = one if one == other else {key: one[key] | other[key] for key in one.keys() & other.keys()}
    if either == one and broken == known.broken:
        return False
    explanations[there] = Explanation(either, known.trail, broken)
    return True


def assigned(assignment: Assignment, keys: Keys) -> Assignment | None:
    """The assignment with more known about choices; None where that contradicts it."""
    for key, values in keys:
        known = assignment.get(key)
        left = values if known is None else known & values
        if not left:
            return None
        if left != known:
            assignment = {**assignment, key: left}
    return assignment
