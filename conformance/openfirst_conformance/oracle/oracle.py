"""The oracle: what one implementation may do, given the choices that it declared. Remembers where every observation leads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from operator import itemgetter
from typing import Any

from openfirst_conformance.oracle.explanation import Edge, Key, Keys, Node
from openfirst_conformance.oracle.observation import ANSWERED, Fields, Identity, Observation, Scalar, scalar
from openfirst_reference.contract.model import ANY_ERROR, OF_SERVICE
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.outcome import Answered, Refused, Settled
from openfirst_reference.machine.step import Call, State, Step, Value

_NODES = 100_000


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

    def node(self, states: tuple[State, ...], bindings: tuple[tuple[Key, Any], ...]) -> Node:
        """The node for these states and bindings."""
        key = (states, bindings)
        known = self._nodes.get(key)
        if known is None:
            if len(self._nodes) >= _NODES:
                self._nodes.clear()
            known = self._nodes[key] = Node(states, bindings)
        return known

    def edges(self, node: Node, client: int, call: Call, seen: Observation) -> tuple[Edge, ...]:
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

    def _explain(self, node: Node, client: int, call: Call, seen: Observation | None) -> Iterator[Edge]:
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

    def seen(self, operation: str, outcome: Settled, ids: dict[Scalar, int]) -> Observation:
        """The part of an outcome that the contract compares, in a form that can be looked up. `ids` numbers identities."""
        if isinstance(outcome, Refused):
            return Observation(Refused, outcome.code)
        if not isinstance(outcome, Answered):
            return Observation(type(outcome), None)
        paths = self._paths[operation]
        if paths is None:
            return ANSWERED
        value = outcome.value
        if not isinstance(value, dict):
            return Observation(Answered, scalar(value))
        result: list[Scalar] = []
        for path, is_identity in paths:
            here: Any = value
            for part in path:
                here = here.get(part) if isinstance(here, dict) else None
            known = is_identity and here is not None
            result.append(Identity(ids.setdefault(scalar(here), len(ids))) if known else scalar(here))
        return Observation(Answered, Fields(tuple(result)))

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
        self, step: Step, client: int, seen: Observation, bindings: tuple[tuple[Key, Any], ...]
    ) -> tuple[tuple[Key, Any], ...] | None:
        """The bindings after the step was seen to come to `seen`; None where it cannot have."""
        kind, content = seen
        if step.answer is None:
            if kind is not Refused:
                return None
            code = step.code
            fits = (
                content is None
                or code in (content, ANY_ERROR)
                or (code == OF_SERVICE and content not in self.machine.own_codes(step.call.operation))
            )
            return bindings if fits else None
        if kind is not Answered:
            return None
        answer = step.answer
        if answer.ignore:
            return bindings
        if answer.fields:
            if not isinstance(content, Fields):
                return None
            return self._match_fields(step, client, self.fields(step, content), bindings)
        if isinstance(answer.value, dict):
            if not isinstance(content, Fields):
                return None
            fields = self.fields(step, content)
            if any(fields[name] != scalar(value) for name, value in answer.value.items()):
                return None
            if any(fields[name] not in (None, scalar(value)) for name, value in answer.optional.items()):
                return None
            return bindings
        return bindings if content == scalar(answer.value) else None

    def fields(self, step: Step, shown: Fields) -> dict[str, Scalar]:
        """The compared fields of an answer, by path."""
        paths = self._paths[step.call.operation] or ()
        return dict(zip((".".join(path) for path, _ in paths), shown.values, strict=True))

    def _match_fields(
        self, step: Step, client: int, fields: Mapping[str, Scalar], bindings: tuple[tuple[Key, Any], ...]
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

    def same(self, variable: str, expected: Value, found: Scalar) -> bool:
        """Whether a field shows the value expected. A blank counts as nothing where the contract says so."""
        if self.machine.contract.variables[variable].blank_is_nothing:
            return (expected or None) == (found or None)
        return bool(expected == found)
