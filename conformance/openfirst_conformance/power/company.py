"""Two clients, one of which the other shows through: what one holds leaks into the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from openfirst_conformance.cases.case import Case
from openfirst_conformance.oracle.explanation import Node, Violation
from openfirst_conformance.oracle.oracle import Oracle
from openfirst_conformance.oracle.tracker import Tracker
from openfirst_conformance.power.faults import OTHER, Fault, Leak, is_free, permitting, variables_that_matter
from openfirst_conformance.power.faulty_client import FaultyClient
from openfirst_conformance.power.product import Undecided
from openfirst_conformance.tiers.planning.resolved_table import Table
from openfirst_reference.contract.model import Contract
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.outcome import Settled
from openfirst_reference.machine.search import Search
from openfirst_reference.machine.step import Call, State

_PAIRS = 20_000
States = tuple[State, ...]


def leaks(contract: Contract) -> Iterator[Fault]:
    """The faults by which a call that has an effect takes a value from another client, or leaves one with it.

    Any datum may be taken for any other; what is none, for itself. They are in alternatives that the default choices permit.
    """
    default = contract.default_choices()
    own = [variable for variable in contract.variables.values() if not variable.world]
    data = [variable.name for variable in own if not variable.is_enumeration and variable.owner is None]
    pairs = [(one.name, source) for one in own for source in (data if one.name in data else [one.name])]
    for row in contract.rows.values():
        for index, item in enumerate(row.may):
            changes = contract.changes(item.effect)
            if contract.operations[row.call].by_world or permitting(contract, item) != default:
                continue
            if not changes or is_free(contract, row.id, index):
                continue
            for name, source in pairs:
                for gives in (False, True):
                    if gives or name in changes:
                        leak = Leak(row.id, index, name, source, gives)
                        yield Fault(OTHER, str(leak), leak=leak)


class Company:
    """Clients that keep the contract's table and hear each other's echoes, but for a leak (or none), as a function."""

    def __init__(self, machine: Machine, choices: Mapping[str, str], leak: Leak | None = None) -> None:
        self.machine, self.leak = machine, leak
        self._each = FaultyClient(machine, choices)

    def respond(self, states: States, caller: int, call: Call) -> tuple[Settled, States]:
        """What a call of one of them comes to, and what all of them remember afterwards. Raises ContractError off the table."""
        there = list(states)
        step = self._each.step(states[caller], 0, call)
        outcome, there[caller], _ = self._each.respond(states[caller], 0, call)
        for other, state in enumerate(states):
            echo = None if other == caller else self.machine.echo(step, state)
            if echo is not None:
                there[other] = self._each.respond(state, 0, echo)[1]
        if self.leak and (step.row.id, step.index) == (self.leak.row, self.leak.index):
            others = [other for other in range(len(states)) if other != caller]
            for taken, given in ((other, caller) if self.leak.gives else (caller, other) for other in others):
                # What the call itself has made nothing of was there before.
                source = self.machine.index[self.leak.source]
                value: Any = there[given][source] or states[given][source]
                if value is not None:
                    there[taken] = self.machine.having(there[taken], **{self.leak.name: value})
        return outcome, tuple(there)

    def met(self, case: Case) -> set[str]:
        """The rows that a case meets."""
        names = list(case.clients)
        states: States = tuple(self.machine.fixture(fixture) for fixture in case.clients.values())
        rows = set()
        for planned in case.calls:
            caller = names.index(planned.client)
            call = self.machine.call(planned.operation, planned.arguments, states[caller])
            rows.add(self._each.step(states[caller], 0, call).row.id)
            states = self.respond(states, caller, call)[1]
        return rows

    def play(self, case: Case, oracle: Oracle) -> tuple[int, Violation] | None:
        """The number of the call with which they are found out, with what is wrong; None if nothing is."""
        names = list(case.clients)
        states: States = tuple(self.machine.fixture(fixture) for fixture in case.clients.values())
        tracker = Tracker(oracle, dict(zip(names, states, strict=True)))
        for number, planned in enumerate(case.calls, 1):
            caller = names.index(planned.client)
            call = self.machine.call(planned.operation, planned.arguments, states[caller])
            known = next(iter(tracker.explanations)).node.states[caller]
            outcome, states = self.respond(states, caller, call)
            violation = tracker.see(planned.client, self.machine.again(call, known), outcome)
            if violation is not None:
                return number, violation
        return None

    def witness(self, tables: tuple[Table, ...], oracle: Oracle) -> tuple[Call, ...] | None:
        """A shortest sequence with an outcome that is forbidden; None if there is none. Raises Undecided.

        Each of them makes every call of its fixture, one value a class, that is new to it.
        """
        matter = variables_that_matter(self.machine, oracle.choices, {})
        if self.leak and self.leak.name not in matter:
            return None
        blank = dict.fromkeys(set(self.machine.names) - matter - ({self.leak.source} if self.leak else set()))

        def blanked(states: Iterable[State]) -> States:
            return tuple(self.machine.having(state, **blank) for state in states)

        start = blanked(table.initial for table in tables)
        search = Search[tuple[States, frozenset[Node]], Call]()
        search.begin((start, frozenset([oracle.node(start, ())])), 0)
        ids: dict[Any, int] = {}
        for here in search:
            states, nodes = here
            for caller, call in self._calls(tables, states):
                outcome, after = self.respond(states, caller, self.machine.again(call, states[caller]))
                seen = oracle.comparison.seen(call.operation, outcome, ids)
                there = frozenset(
                    oracle.node(blanked(edge.node.states), edge.node.bindings)
                    for node in nodes
                    for edge in oracle.edges(node, caller, self.machine.again(call, node.states[caller]), seen)
                    if not edge.step.alternative.breaks
                )
                if not there:
                    return (*search.way(here), call)
                search.found(here, call, (blanked(after), there))
            if len(search.parents) > _PAIRS:
                raise Undecided
        return None

    def _calls(self, tables: tuple[Table, ...], states: States) -> Iterator[tuple[int, Call]]:
        for caller, (table, state) in enumerate(zip(tables, states, strict=True)):
            for number in table.inputs(state):
                call = table.call(state, number)
                if call is not None:
                    yield caller, call
