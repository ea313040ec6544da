"""The tracker: in which states an implementation may be, and whether what it just did was permitted.

It holds every pair of (what the choices may be, state) that explains all that was seen. A call that was begun and never
answered stays pending: its effect may land at any later moment, or never. Calls that overlap are explained if some order
of their effects, or an overlap that the contract states, explains every answer. Identities (a participant's ID) are
bound at first sight.

An `Oracle` is made once for an implementation (its declared choices are fixed); each case gets a `Tracker` from it. The
oracle remembers where every observation leads, so that a step of a tracker is a look-up.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from operator import itemgetter
from typing import Any, NamedTuple

from openfirst_reference.machine import ANY_ERROR, OF_SERVICE, Call, Machine, Outcome, State, Step

Key = tuple[Any, ...]
Assignment = Mapping[int, frozenset[str]]
Keys = tuple[tuple[int, frozenset[str]], ...]
Seen = tuple[Any, ...]
_NODES = 100_000
_ANSWERED = ("answer", None)


class Moment(NamedTuple):
    """One step on the way to where a tracker is: whose call, and what it was in the table; `earlier` is the way to it."""

    earlier: Moment | None
    client: int
    step: Step
    outcome: Outcome | None
    echo: bool

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

    __slots__ = ("bindings", "edges", "effects", "states")

    def __init__(self, states: tuple[State, ...], bindings: tuple[tuple[Key, Any], ...]) -> None:
        self.states = states
        self.bindings = bindings
        self.edges: dict[tuple[int, Call, Seen], tuple[Edge, ...]] = {}
        self.effects: dict[tuple[int, Call], tuple[Edge, ...]] = {}


class Pending(NamedTuple):
    """A call that was begun and not answered; `edge` is set once its effect has landed."""

    number: int
    client: int
    call: Call
    edge: Edge | None


class Candidate(NamedTuple):
    """Where the implementation may be: the states, and the calls that are under way."""

    node: Node
    pending: tuple[Pending, ...]


class Way(NamedTuple):
    """How it may have come there: what the choices must be, and the steps."""

    assignment: Assignment
    trail: Moment | None


@dataclass(frozen=True)
class Violation:
    """An outcome that nothing explains. `ways` are the explanations of all that was seen before it."""

    client: int
    call: Call
    outcome: Outcome
    seen: Seen
    ways: tuple[tuple[Candidate, Way], ...]
    rows: tuple[str, ...]
    permitted: tuple[str, ...]
    overlapping: bool


class Oracle:
    """What one implementation may do, given the choices it declared; hands out a tracker for each case."""

    def __init__(self, machine: Machine, choices: Mapping[str, str] | None = None) -> None:
        self.machine = machine
        self.choices = {**machine.contract.undeclared_choices(), **(choices or {})}
        self._nodes: dict[tuple[Any, ...], Node] = {}
        self._paths = {name: self._answer_paths(name) for name in machine.contract.operations}
        self._cells: dict[Key, int] = {}
        self.cells: list[Key] = []
        variables = machine.contract.variables.values()
        self._enumerated = itemgetter(*(index for index, variable in enumerate(variables) if variable.values))
        self._identities = [name for name, item in machine.contract.variables.items() if item.owner is not None]

    def tracker(self, clients: Mapping[str, State]) -> Tracker:
        """A tracker for a new case, whose clients start in the states given."""
        return Tracker(self, clients)

    def node(self, states: tuple[State, ...], bindings: tuple[tuple[Key, Any], ...]) -> Node:
        """The node for these states and bindings."""
        key = (states, bindings)
        known = self._nodes.get(key)
        if known is None:
            if len(self._nodes) >= _NODES:
                self._nodes.clear()
            known = self._nodes[key] = Node(states, bindings)
        return known

    def edges(self, node: Node, client: int, call: Call, seen: Seen) -> tuple[Edge, ...]:
        """Every explanation of seeing `seen` for the call."""
        known = node.edges.get((client, call, seen))
        if known is None:
            known = node.edges[client, call, seen] = tuple(self._explain(node, client, call, seen))
        return known

    def effects(self, node: Node, client: int, call: Call) -> tuple[Edge, ...]:
        """Every effect that the call may have, its answer not seen yet."""
        known = node.effects.get((client, call))
        if known is None:
            known = node.effects[client, call] = tuple(self._explain(node, client, call, None))
        return known

    def _explain(self, node: Node, client: int, call: Call, seen: Seen | None) -> Iterator[Edge]:
        for step in self.machine.steps(node.states[client], call):
            keys = self.keys(step)
            if keys is None:
                continue
            bindings = node.bindings if seen is None else self.match(step, client, seen, node.bindings)
            if bindings is not None:
                yield from self._edges(node, client, step, keys, bindings)

    def _edges(
        self, node: Node, client: int, step: Step, keys: Keys, bindings: tuple[tuple[Key, Any], ...]
    ) -> Iterator[Edge]:
        """Where the step leads, with all that it may be for the other clients."""
        effect = step.alternative.effect
        if effect is not None and any(name in self.machine.contract.effects[effect].set for name in self._identities):
            bindings = tuple(item for item in bindings if item[0] != ("anonymous", client))
        heard: list[list[tuple[int, Step, Keys]]] = []
        for other, state in enumerate(node.states):
            echo = None if other == client else self.machine.echo(step, state)
            if echo is not None:
                options = [(other, item, self.keys(item)) for item in self.machine.steps(state, echo)]
                heard.append([(who, item, more) for who, item, more in options if more is not None])
        for chosen in product(*heard):
            states, own = list(node.states), keys
            states[client] = step.after
            for other, item, more in chosen:
                states[other] = item.after
                own = (*own, *more)
            echoes = tuple((other, item) for other, item, _ in chosen if item.before != item.after)
            yield Edge(self.node(tuple(states), bindings), own, step, echoes)

    def keys(self, step: Step) -> Keys | None:
        """The undeclared choices that a step depends on, each with its cell; None where a declared choice forbids the step.

        A choice must stay what it is in one cell (row, classes, state, and whether what is given is what is there already);
        it may vary from cell to cell. `cells` has what a number stands for.
        """
        keys = []
        for choice, values in step.when:
            declared = self.choices.get(choice)
            if declared is None:
                keys.append((self._cell(choice, step), values))
            elif declared not in values:
                return None
        return tuple(keys)

    def _cell(self, choice: str, step: Step) -> int:
        index = self.machine.index
        same = tuple(step.before[index[name]] == value for name, value in step.call.given.items() if name in index)
        cell = (choice, step.row.id, tuple(step.call.leaves.items()), self._enumerated(step.before), same)
        number = self._cells.get(cell)
        if number is None:
            number = self._cells[cell] = len(self.cells)
            self.cells.append(cell)
        return number

    # Outcomes -------------------------------------------------------------------------------------------------------

    def seen(self, operation: str, outcome: Outcome, ids: dict[Any, int]) -> Seen:
        """The part of an outcome that the contract compares, in a form that can be looked up. `ids` numbers identities."""
        if outcome.kind != "answer":
            return (outcome.kind, outcome.code)
        paths = self._paths[operation]
        if paths is None:
            return _ANSWERED
        value = outcome.value
        if not isinstance(value, dict):
            return ("answer", _scalar(value))
        result = []
        for path, is_identity in paths:
            here: Any = value
            for part in path:
                here = here.get(part) if isinstance(here, dict) else None
            known = is_identity and here is not None
            result.append(("id", ids.setdefault(_scalar(here), len(ids))) if known else _scalar(here))
        return ("answer", tuple(result))

    def _answer_paths(self, operation: str) -> tuple[tuple[tuple[str, ...], bool], ...] | None:
        """The fields that answers of the operation compare; None where no answer is compared at all."""
        contract = self.machine.contract
        names = {
            item.answer for row in contract.rows.values() if row.call == operation for item in row.may if item.answer
        }
        answers = [contract.answers[name] for name in sorted(names)]
        if all(answer.ignore for answer in answers):
            return None
        identity = {
            path: contract.variables[name].owner is not None
            for answer in answers
            for path, name in answer.fields.items()
        }
        plain = {
            key: False
            for answer in answers
            for part in (answer.value, answer.optional)
            if isinstance(part, dict)
            for key in part
        }
        return tuple((tuple(path.split(".")), is_identity) for path, is_identity in {**plain, **identity}.items())

    def match(
        self, step: Step, client: int, seen: Seen, bindings: tuple[tuple[Key, Any], ...]
    ) -> tuple[tuple[Key, Any], ...] | None:
        """The bindings after the step was seen to come to `seen`; None where it cannot have."""
        kind, content = seen
        if step.answer is None:
            if kind != "error":
                return None
            code = step.code
            fits = (
                content is None
                or code in (content, ANY_ERROR)
                or (code == OF_SERVICE and content not in self.machine.own_codes(step.call.operation))
            )
            return bindings if fits else None
        if kind != "answer":
            return None
        answer = step.answer
        if answer.ignore:
            return bindings
        if answer.fields:
            return self._match_fields(step, client, self.fields(step, seen), bindings) if has_fields(content) else None
        if isinstance(answer.value, dict):
            if not has_fields(content):
                return None
            fields = self.fields(step, seen)
            if any(fields[name] != _scalar(value) for name, value in answer.value.items()):
                return None
            if any(fields[name] not in (None, _scalar(value)) for name, value in answer.optional.items()):
                return None
            return bindings
        return bindings if content == _scalar(answer.value) else None

    def fields(self, step: Step, seen: Seen) -> dict[str, Any]:
        """The compared fields of an answer, by path."""
        paths = self._paths[step.call.operation] or ()
        return dict(zip((".".join(path) for path, _ in paths), seen[1], strict=True))

    def _match_fields(
        self, step: Step, client: int, fields: Mapping[str, Any], bindings: tuple[tuple[Key, Any], ...]
    ) -> tuple[tuple[Key, Any], ...] | None:
        assert step.answer is not None
        for path, name in step.answer.fields.items():
            expected = step.before[self.machine.index[name]]
            found = fields[path]
            if isinstance(expected, tuple):
                symbol: Key = expected if expected[0] == "known" else (*expected, client)
                bound = dict(bindings)
                if found is None or bound.setdefault(symbol, found) != found:
                    return None
                if symbol not in dict(bindings):
                    bindings = tuple(sorted(bound.items()))
            elif not self.same(name, expected, found):
                return None
        return bindings

    def same(self, variable: str, expected: Any, found: Any) -> bool:
        """Whether a field shows the value expected. A blank counts as nothing where the contract says so."""
        if self.machine.contract.variables[variable].blank_is_nothing:
            return (expected or None) == (found or None)
        return bool(expected == found)


class Tracker:
    """The explanations of one case so far. `see` takes a whole call; `begin` and `end` take one that may overlap others."""

    def __init__(self, oracle: Oracle, clients: Mapping[str, State]) -> None:
        self.oracle = oracle
        self.clients = {name: index for index, name in enumerate(clients)}
        self._ids: dict[Any, int] = {}
        self._open: dict[int, tuple[int, Call, frozenset[int]]] = {}
        self._overlapped: dict[int, frozenset[str]] = {}
        self._next = 0
        start = Candidate(oracle.node(tuple(clients.values()), ()), ())
        self.ways: dict[Candidate, Way] = {start: Way({}, None)}

    def fork(self) -> Tracker:
        """A tracker that goes on from here by itself, no call being open; the two number identities alike."""
        other = Tracker.__new__(Tracker)
        other.__dict__ = {**self.__dict__, "_open": {}, "_overlapped": {}}
        return other

    @property
    def waiting(self) -> int:
        """How many calls are under way."""
        return len(self._open)

    def see(self, client: str, call: Call, outcome: Outcome) -> Violation | None:
        """Take in a call and its outcome. Returns what is wrong, or None; after a violation nothing is known any more."""
        oracle, index = self.oracle, self.clients[client]
        if self._open:
            return self.end(self.begin(client, call), outcome)
        seen = oracle.seen(call.operation, outcome, self._ids)
        key = (index, call, seen)
        ways: dict[Candidate, Way] = {}
        for candidate, (assignment, trail) in self.ways.items():
            edges = candidate.node.edges.get(key)
            if edges is None:
                edges = oracle.edges(candidate.node, index, call, seen)
            for edge in edges:
                known = _assigned(assignment, edge.keys) if edge.keys else assignment
                if known is not None:
                    here = edge.here
                    if here in ways:
                        _add(ways, here, known, trail)
                    else:
                        ways[here] = Way(known, _onward(trail, index, edge, outcome))
        if not ways:
            return self._violation(index, call, outcome, seen, self.ways, overlapping=False)
        self.ways = ways
        return None

    def begin(self, client: str, call: Call) -> int:
        """A call begins; returns its number. If it is never ended it stays pending."""
        number, index = self._next, self.clients[client]
        self._next += 1
        others = frozenset(self._open)
        self._open[number] = (index, call, others)
        for other in others:
            theirs = self._open[other]
            self._open[other] = (theirs[0], theirs[1], theirs[2] | {number})
            self._overlapped[other] = self._overlapped.get(other, frozenset()) | {call.operation}
        self._overlapped[number] = frozenset(self._open[other][1].operation for other in others)
        waiting = Pending(number, index, call, None)
        self.ways = {Candidate(here.node, (*here.pending, waiting)): way for here, way in self.ways.items()}
        return number

    def end(self, number: int, outcome: Outcome) -> Violation | None:
        """The call with this number was answered. Returns what is wrong, or None."""
        oracle = self.oracle
        index, call, others = self._open.pop(number)
        seen = oracle.seen(call.operation, outcome, self._ids)
        reached = self._landed()
        ways: dict[Candidate, Way] = {}
        for candidate, (assignment, trail) in reached.items():
            entry = next(item for item in candidate.pending if item.number == number)
            left = tuple(item for item in candidate.pending if item.number != number)
            if entry.edge is not None:
                bindings = oracle.match(entry.edge.step, index, seen, candidate.node.bindings)
                if bindings is not None:
                    node = oracle.node(candidate.node.states, bindings)
                    _add(ways, Candidate(node, left), assignment, trail)
            else:
                for other in sorted(self._overlapped[number]):
                    for step in oracle.machine.overlap_steps(candidate.node.states[index], call, other):
                        if oracle.match(step, index, seen, candidate.node.bindings) is not None:
                            onward = _onward(trail, index, Edge(candidate.node, (), step, ()), outcome)
                            _add(ways, Candidate(candidate.node, left), assignment, onward)
        if not ways:
            answered = any(other not in self._open for other in others)
            return self._violation(index, call, outcome, seen, reached, overlapping=answered)
        self.ways = ways
        return None

    def _landed(self) -> dict[Candidate, Way]:
        """Every way on which any of the pending effects have landed, in any order."""
        reached = dict(self.ways)
        todo = list(reached)
        while todo:
            candidate = todo.pop()
            assignment, trail = reached[candidate]
            for position, entry in enumerate(candidate.pending):
                if entry.edge is not None:
                    continue
                for edge in self.oracle.effects(candidate.node, entry.client, entry.call):
                    known = _assigned(assignment, edge.keys)
                    pending = list(candidate.pending)
                    pending[position] = entry._replace(edge=edge)
                    there = Candidate(edge.node, tuple(pending))
                    if known is not None and _add(reached, there, known, _onward(trail, entry.client, edge, None)):
                        todo.append(there)
        return reached

    def permitted(self, client: str, call: Call) -> list[str]:
        """What the call may come to from here, in words."""
        return list(self._permitted(self.clients[client], call, self.ways))

    def options(self, client: str, call: Call) -> Callable[[], list[str]]:
        """What works out, whenever that is asked for, what the call may come to from here."""
        index, here = self.clients[client], self.ways
        return lambda: list(self._permitted(index, call, here))

    def _violation(
        self,
        client: int,
        call: Call,
        outcome: Outcome,
        seen: Seen,
        ways: Mapping[Candidate, Way],
        *,
        overlapping: bool,
    ) -> Violation:
        here = next(iter(ways))
        rows = tuple(dict.fromkeys(step.row.id for step in self.oracle.machine.steps(here.node.states[client], call)))
        permitted = tuple(self._permitted(client, call, ways))
        return Violation(client, call, outcome, seen, tuple(ways.items()), rows, permitted, overlapping)

    def _permitted(self, client: int, call: Call, ways: Iterable[Candidate]) -> dict[str, None]:
        permitted: dict[str, None] = {}
        for candidate in ways:
            for step in self.oracle.machine.steps(candidate.node.states[client], call):
                if self.oracle.keys(step) is not None and not step.alternative.breaks:
                    permitted[describe(self.oracle.machine, step)] = None
        return permitted

    def broken_but_followed(self) -> Sequence[str]:
        """Rules that every remaining explanation breaks on its way: an alternative that `breaks` a rule was taken."""
        broken = [
            frozenset(rule for moment in _back(way.trail) for rule in moment.step.alternative.breaks)
            for way in self.ways.values()
        ]
        return sorted(frozenset.intersection(*broken)) if broken else []

    def evidence(self) -> dict[Key, frozenset[str]]:
        """What is certain about undeclared choices: for each (choice, cell), the values that some explanation leaves."""
        result: dict[Key, frozenset[str]] = {}
        assignments = [way.assignment for way in self.ways.values()]
        for key in {key for assignment in assignments for key in assignment}:
            if all(key in assignment for assignment in assignments):
                values = frozenset[str]().union(*(assignment[key] for assignment in assignments))
                result[self.oracle.cells[key]] = values
        return result


def describe(machine: Machine, step: Step) -> str:
    """A permitted outcome in words."""
    if step.answer is None:
        if step.code == OF_SERVICE:
            return "an error of the service's own"
        return "any error" if step.code == ANY_ERROR else f"error {step.code}"
    if step.answer.ignore:
        return "an answer"
    value = machine.answer(step, lambda symbol: "its ID")
    return f"answer {json.dumps(value, ensure_ascii=False)}"


def has_fields(content: Any) -> bool:
    """Whether the compared part of an answer is a map of fields."""
    return isinstance(content, tuple) and content[:1] != ("json",)


def _back(trail: Moment | None) -> Iterable[Moment]:
    return trail.back() if trail else ()


def _onward(trail: Moment | None, client: int, edge: Edge, outcome: Outcome | None) -> Moment:
    for other, step in edge.echoes:
        trail = Moment(trail, other, step, None, echo=True)
    return Moment(trail, client, edge.step, outcome, echo=False)


def _add(ways: dict[Candidate, Way], there: Candidate, assignment: Assignment, trail: Moment | None) -> bool:
    """Add a way. Two ways to one place leave open what they disagree on. Gives whether anything is new."""
    known = ways.get(there)
    if known is None:
        ways[there] = Way(assignment, trail)
        return True
    if known.assignment == assignment:
        return False
    one = known.assignment
    either = {key: one[key] | assignment[key] for key in one.keys() & assignment.keys()}
    if either == known.assignment:
        return False
    ways[there] = Way(either, known.trail)
    return True


def _assigned(assignment: Assignment, keys: Keys) -> Assignment | None:
    """The assignment with more known about choices; None where that contradicts it."""
    for key, values in keys:
        known = assignment.get(key)
        left = values if known is None else known & values
        if not left:
            return None
        if left != known:
            assignment = {**assignment, key: left}
    return assignment


def _scalar(value: Any) -> Any:
    """A JSON value that can be looked up, with true and 1 kept apart."""
    if value is None or isinstance(value, str):
        return value
    return ("json", json.dumps(value, sort_keys=True, default=str))
