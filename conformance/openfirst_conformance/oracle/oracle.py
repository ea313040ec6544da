"""The oracle: what one implementation may do, given the choices that it declared. Remembers where every observation leads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from operator import itemgetter
from typing import Any

from openfirst_conformance.oracle.comparison import Comparison
from openfirst_conformance.oracle.explanation import Bindings, ChoicePlace, Edge, Keys, Node, Violation
from openfirst_conformance.oracle.observation import Fields, Observation
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.step import Call, Identity, State, Step

_NODES = 100_000


class Oracle:
    """What one implementation may do, given the choices it declared; hands out a tracker for each case."""

    def __init__(self, machine: Machine, choices: Mapping[str, str] | None = None) -> None:
        self.machine = machine
        self.choices = {**machine.contract.undeclared_choices(), **(choices or {})}
        self._nodes: dict[tuple[Any, ...], Node] = {}
        self.comparison = Comparison(machine)
        self._cells: dict[ChoicePlace, int] = {}
        self.cells: list[ChoicePlace] = []
        variables = machine.contract.variables.values()
        self._enumerated = itemgetter(*(index for index, variable in enumerate(variables) if variable.values))
        platform = machine.contract.bindings.platform
        self._company = None if platform is None else platform.company
        self._identities = [name for name, item in machine.contract.variables.items() if item.owner is not None]

    def node(self, states: tuple[State, ...], bindings: Bindings) -> Node:
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

    def steps(self, node: Node, client: int, call: Call) -> tuple[Step, ...]:
        """What the table permits for the call of a client, with all others where they are.

        Of which class a value is may be another thing in each of the states that the client may be in.
        """
        known = node.steps.get((client, call))
        if known is None:
            try:
                known = tuple(self._steps(node.states, client, call))
            except ValueError:  # There is no class for it there, so that is not where the client is.
                known = ()
            node.steps[client, call] = known
        return known

    def _steps(self, states: tuple[State, ...], client: int, call: Call) -> Iterator[Step]:
        """The steps; the client has company, as a call is read, where one that has a session holds a value that this is about."""
        state = states[client]
        call = self.machine.again(call, state)
        shared = self.machine.shared(state, call) if len(states) > 1 else {}
        held = self._held_by_others(states, client, call) if shared else set()
        together = {variant for variant, values in shared.items() if values & held}
        yield from (step for step in self.machine.steps(state, call) if step.variant not in together)
        if together and self._company is not None:
            beside = self.machine.having(state, **{self._company.variable: self._company.value(True)})
            yield from (step for step in self.machine.steps(beside, call) if step.variant in together)

    def _held_by_others(self, states: tuple[State, ...], client: int, call: Call) -> set[Any]:
        """What those other clients hold that have a session, of the variable that an operation is echoed by."""
        echo = self.machine.contract.operations[call.operation].echo
        others = (other for number, other in enumerate(states) if number != client and self._has_session(other))
        return set() if echo is None else {other[self.machine.index[echo.by]] for other in others} - {None}

    def _has_session(self, state: State) -> bool:
        platform = self.machine.contract.bindings.platform
        return platform is None or self.machine.value(state, platform.session.variable) == platform.session.open

    def _alone_again(self, states: tuple[State, ...], client: int, step: Step) -> State:
        """The client's state after a step. Company that it had for the call alone is gone, unless it now holds what others do."""
        echo = self.machine.contract.operations[step.call.operation].echo
        if echo is None or self._company is None:
            return step.after
        known, before = self.machine.index[self._company.variable], states[client]
        if before[known] == step.before[known]:
            return step.after
        if step.after[self.machine.index[echo.by]] in self._held_by_others(states, client, step.call):
            return step.after
        return (*step.after[:known], before[known], *step.after[known + 1 :])

    def _explain(self, node: Node, client: int, call: Call, seen: Observation | None) -> Iterator[Edge]:
        for step in self.steps(node, client, call):
            keys = self.keys(step)
            if keys is None:
                continue
            bindings = node.bindings if seen is None else self.comparison.match(step, client, seen, node.bindings)
            if bindings is not None:
                yield from self.reached(node, client, step, keys, bindings)

    def reached(self, node: Node, client: int, step: Step, keys: Keys, bindings: Bindings) -> Iterator[Edge]:
        """Where the step leads, with all that it may be for the other clients."""
        effect = step.alternative.effect
        if effect is not None and any(name in self.machine.contract.effects[effect].set for name in self._identities):
            bindings = tuple(item for item in bindings if item[0] != Identity(None).of(client))
        heard: list[list[tuple[int, Step, Keys]]] = []
        for other, state in enumerate(node.states):
            echo = None if other == client else self.machine.echo(step, state)
            if echo is not None:
                options = [(other, item, self.keys(item)) for item in self.machine.steps(state, echo)]
                heard.append([(who, item, more) for who, item, more in options if more is not None])
        for chosen in product(*heard):
            states, own = list(node.states), keys
            states[client] = self._alone_again(node.states, client, step)
            for other, item, more in chosen:
                states[other] = item.after
                own = (*own, *more)
            echoes = tuple((other, item) for other, item, _ in chosen if item.before != item.after)
            yield Edge(self.node(tuple(states), bindings), own, step, echoes)

    def wrong(self, violation: Violation) -> frozenset[str]:
        """The paths of the fields that show something else than is due, by the explanation that leaves the fewest."""
        shown = violation.seen.content
        if not isinstance(shown, Fields):
            return frozenset()
        found = [
            frozenset(self.comparison.wrong(step, violation.client, shown, candidate.node.bindings))
            for candidate, _ in violation.explanations
            for step in self.steps(candidate.node, violation.client, violation.call)
            if step.answer is not None and step.answer.fields
        ]
        return min(found, key=lambda paths: (len(paths), sorted(paths)), default=frozenset())

    def keys(self, step: Step) -> Keys | None:
        """The undeclared choices that a step depends on, each with its cell; None where a declared choice forbids the step.

        A choice must stay what it is in one cell (row, classes, state, and whether what is given is what is there already);
        it may vary from cell to cell, and from one method of a service to another. `cells` has what a number stands for.
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
        leaves = tuple(self._leaf(step.call, name, leaf) for name, leaf in step.call.leaves.items())
        cell = ChoicePlace(choice, step.row.id, leaves, self._enumerated(step.before), same)
        number = self._cells.get(cell)
        if number is None:
            number = self._cells[cell] = len(self.cells)
            self.cells.append(cell)
        return number

    def _leaf(self, call: Call, parameter: str, leaf: str) -> tuple[str, str]:
        """The class of what is given; of a service's method, that method: each decides for itself."""
        is_method = self.machine.contract.classes[call.operation, parameter].source == "services"
        return (parameter, str(call.given[parameter]) if is_method else leaf)
