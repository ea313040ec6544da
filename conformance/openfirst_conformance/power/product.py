"""Whether a client conforms: a walk through the product of the client and what the contract permits.

The walk ends when it has met an outcome that is forbidden, or every pair of a state of the client and nodes in which the
contract explains what was seen. It makes every call of a fixture, one value a class. A value that decides nothing is only
copied: each parameter of that kind is varied alone, with values that are new. An external ID has all its examples.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from itertools import product
from typing import Any, NamedTuple

from openfirst_conformance.oracle.explanation import Node
from openfirst_conformance.oracle.oracle import Oracle
from openfirst_conformance.power.faults import Equal, Fault, variables_that_matter
from openfirst_conformance.power.faulty_client import FaultyClient
from openfirst_conformance.tiers.planning.letters import Letter
from openfirst_conformance.tiers.planning.resolved_table import Table
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.search import Search
from openfirst_reference.machine.step import Call, State

PAIRS = 50_000
Part = Callable[[State], State]


class Undecided(Exception):
    """The walk met more than `PAIRS` pairs, and no end."""


class Pair(NamedTuple):
    """Where the client is, how far it is towards its fault, and the nodes in which it may be as far as the contract knows."""

    state: State
    progress: int
    nodes: frozenset[Node]


@dataclass(frozen=True, eq=False)
class Template:
    """A call but for its values: for each parameter those to choose from, or (`equal`) one that is there already."""

    operation: str
    names: tuple[str, ...]
    values: tuple[tuple[Any, ...], ...]
    equal: Equal | None = None


@dataclass(frozen=True, eq=False)
class Path:
    """How the walk came to a pair."""

    length: int
    before: Path | None = None
    call: Call | None = None

    def onward(self, call: Call) -> Path:
        """One call further."""
        return Path(self.length + 1, self, call)

    def calls(self) -> tuple[Call, ...]:
        """The calls from the start on."""
        calls, here = list[Call](), self
        while here.before is not None and here.call is not None:
            calls.append(here.call)
            here = here.before
        return tuple(reversed(calls))


@dataclass
class Met:
    """All pairs that a walk has met, and where it made which call: by row, by operation and by letter."""

    pairs: dict[tuple[State, int], list[frozenset[Node]]] = field(default_factory=dict)
    made: dict[Hashable, list[tuple[Pair, Path, Call]]] = field(default_factory=dict)

    def has(self, pair: Pair) -> bool:
        """Whether the pair was met, or one with fewer nodes: all that is forbidden in more nodes is forbidden in fewer."""
        return any(nodes <= pair.nodes for nodes in self.pairs.get(pair[:2], ()))

    def add(self, pair: Pair) -> None:
        """Note that the pair was met."""
        self.pairs.setdefault(pair[:2], []).append(pair.nodes)


class Product:
    """The walks for clients that resolve the choices in one way."""

    def __init__(self, machine: Machine, choices: Mapping[str, str], oracle: Oracle) -> None:
        self.machine, self.choices, self.oracle = machine, choices, oracle
        self._right = FaultyClient(machine, choices)
        self._calls: dict[Hashable, Call] = {}
        self._ids: dict[Any, int] = {}
        self._alphabets: dict[Hashable, list[list[Template]]] = {}
        self._met: dict[Hashable, Met] = {}

    def witness(self, client: FaultyClient, table: Table) -> tuple[Call, ...] | None:
        """A sequence from the start of a fixture with an outcome that is forbidden; None if there is none.

        Raises Undecided.
        """
        fault = client.fault
        assert fault is not None
        blank = self._blank(fault)
        part = _blanked(self.machine, blank)
        start = Pair(part(table.initial), 0, frozenset([self.oracle.node((part(table.initial),), ())]))
        for number, templates in enumerate(self._parts(table, fault)):
            if fault.equal or fault.again:
                # The right client is not known to go where the fault is.
                way = self._walk(client, templates, part, [(start, Path(0), None)], None, Met())
                if way is not None:
                    return way
                continue
            # Until the fault is met, the client does what the right one does. Where the right one goes is known once for all.
            key = (table.fixture, fault.takes, number, blank)
            if key not in self._met:
                self._met[key] = Met()
                self._walk(self._right, templates, part, [(start, Path(0), None)], None, self._met[key])
            met = self._met[key]
            way = self._walk(client, templates, part, met.made.get(_first(fault), ()), met, Met())
            if way is not None and not self._forbidden(client, start, way, part):
                # The right client came there, this one does not.
                way = self._walk(client, templates, part, [(start, Path(0), None)], None, Met())
            if way is not None:
                return way
        return None

    def _walk(
        self,
        client: FaultyClient,
        templates: list[Template],
        part: Part,
        starts: Iterable[tuple[Pair, Path, Call | None]],
        known: Met | None,
        met: Met,
    ) -> tuple[Call, ...] | None:
        """A shortest sequence that begins with a way to one of `starts` (and the call) and is forbidden."""
        search = Search[tuple[Pair, Path, Call | None], Call]()
        for start in starts:
            search.begin(start, start[1].length)
        for here in search:
            pair, way, only = here
            for call in (only,) if only else self._calls_at(pair, templates):
                if known is None and client is self._right:
                    self._note(met, pair, way, call)
                there = self._onward(client, pair, call, part)
                if not there.nodes:
                    return (*way.calls(), call)
                if not met.has(there) and not (known and known.has(there)):
                    met.add(there)
                    search.found(here, call, (there, way.onward(call), None))
            if len(search.parents) > PAIRS:
                raise Undecided
        return None

    def _note(self, met: Met, pair: Pair, way: Path, call: Call) -> None:
        own = self.machine.again(call, pair.state)
        rows = [step.row.id for step in self.machine.steps(pair.state, own)]
        for place in dict.fromkeys([call.operation, (own.operation, tuple(own.leaves.items())), *rows]):
            met.made.setdefault(place, []).append((pair, way, call))

    def _forbidden(self, client: FaultyClient, start: Pair, way: tuple[Call, ...], part: Part) -> bool:
        pair = start
        for call in way:
            pair = self._onward(client, pair, call, part)
        return not pair.nodes

    def _onward(self, client: FaultyClient, pair: Pair, call: Call, part: Part) -> Pair:
        """Where a call leads; there are no nodes where its outcome breaks a rule, be it one that only should be kept."""
        outcome, state, progress = client.respond(pair.state, pair.progress, self.machine.again(call, pair.state))
        seen = self.oracle.comparison.seen(call.operation, outcome, self._ids)
        nodes = frozenset(
            self.oracle.node((part(edge.node.states[0]),), edge.node.bindings)
            for node in pair.nodes
            for edge in self.oracle.edges(node, 0, self.machine.again(call, node.states[0]), seen)
            if not edge.step.alternative.breaks
        )
        return Pair(part(state), progress, nodes)

    def _blank(self, fault: Fault) -> frozenset[str]:
        """The variables that nothing depends on."""
        changes = fault.mutant.changes or {} if fault.mutant else {}
        shown = fault.mutant.outcome[1] if fault.mutant and fault.mutant.outcome else None
        asked = {*(shown.fields.values() if shown else ())}
        if fault.equal and not fault.equal.twice:
            asked.add(fault.equal.other)
        matter = variables_that_matter(self.machine, self.choices, changes, asked)
        return frozenset(self.machine.names) - matter

    # Calls ------------------------------------------------------------------------------------------------------------

    def _parts(self, table: Table, fault: Fault) -> list[list[Template]]:
        """The calls to make, in parts that are tried one after another."""
        key = (table.fixture, fault.takes, fault.equal, fault.equal and fault.place)
        if key not in self._alphabets:
            self._alphabets[key] = list(self._parts_of(table, fault))
        return self._alphabets[key]

    def _parts_of(self, table: Table, fault: Fault) -> Iterator[list[Template]]:
        reached = [table.classes.after(word) for word in table.ways.values()]
        letters = {number: table.letters[number] for state in reached for number in table.inputs(state)}
        if fault.takes:
            # Only such a client tells the leaves of a group apart.
            every = {number: table.letters[number] for state in reached for number in table.leaf_inputs(state)}
            letters |= {number: letter for number, letter in every.items() if fault.takes[1:3] in letter[1]}
        plain = self.machine.alphabet(dict.fromkeys(table.operations, ()), table.initial)
        bases = {call.operation: call.leaves for call in plain}
        asked = {(row.call, name) for row in self.machine.contract.rows.values() for name in row.given}
        copied = {name for operation, leaves in bases.items() for name in leaves if (operation, name) not in asked}
        copied -= self._told_apart
        for varied in sorted(copied) or [""]:
            still = copied - {varied}
            part = [
                template
                for operation, leaves in letters.values()
                if all(leaf == bases[operation][name] for name, leaf in leaves if name in still)
                for template in self._templates((operation, leaves), varied)
            ]
            yield [*part, *self._equal_ones(fault, part)]

    def _equal_ones(self, fault: Fault, templates: Iterable[Template]) -> Iterator[Template]:
        """The calls in which two values are equal where a fault is about that."""
        if fault.equal is not None:
            row = self.machine.contract.rows.get(fault.place)
            operation = row.call if row else fault.place
            yield from (replace(item, equal=fault.equal) for item in templates if item.operation == operation)

    def _templates(self, letter: Letter, varied: str) -> Iterator[Template]:
        operation, leaves = letter
        options: list[list[tuple[Any, ...]]] = []
        for name, leaf_name in leaves:
            leaves_of = self.machine.contract.classes[operation, name].leaves
            examples = next(leaf.examples for leaf in leaves_of if leaf.name == leaf_name)[:2] or (None,)
            each: list[tuple[Any, ...]] = [(value,) for value in examples]
            options.append([tuple(examples)] if name == varied else each if name in self._told_apart else each[:1])
        for values in product(*options):
            yield Template(operation, tuple(name for name, _ in leaves), values)

    def _calls_at(self, pair: Pair, templates: list[Template]) -> Iterator[Call]:
        """The calls, with values that neither the client nor a node holds, as far as the examples go."""
        held = {*pair.state, *(value for node in pair.nodes for value in node.states[0])}
        outline = self.machine.outline(pair.state)
        for template in templates:
            chosen = tuple(_first_not_in(held, values) for values in template.values)
            given = {name: some[at] for name, some, at in zip(template.names, template.values, chosen, strict=True)}
            if template.equal is not None:
                value = template.equal.value(self.machine, pair.state, given)
                if value is not None:
                    given[template.equal.parameter] = value
                    yield from self._classified(template.operation, given, pair.state)
                continue
            key = (template, chosen, outline)
            if key not in self._calls:
                arguments = self.machine.arguments(template.operation, given)
                self._calls[key] = self.machine.call(template.operation, arguments, pair.state)
            yield self._calls[key]

    def _classified(self, operation: str, given: Mapping[str, Any], state: State) -> Iterator[Call]:
        """The call, if what it gives is of some class."""
        with suppress(ValueError):
            yield self.machine.call(operation, self.machine.arguments(operation, given), state)

    @cached_property
    def _told_apart(self) -> set[str]:
        """The variables whose values tell states apart."""
        owners = {variable.owner for variable in self.machine.contract.variables.values() if variable.owner}
        return {*map(str, self.machine.outline(self.machine.names)), *owners}


@cache
def _blanked(machine: Machine, names: frozenset[str]) -> Part:
    """What blanks these variables out."""
    blank: dict[str, str | None] = dict.fromkeys(names)
    return cache(lambda state: machine.having(state, **blank))


def _first(fault: Fault) -> Hashable:
    """Where a client with the fault first does anything that the right one does not."""
    return fault.after[0] if fault.after else fault.place


def _first_not_in(held: set[Any], values: tuple[Any, ...]) -> int:
    if len(values) == 1:
        return 0
    return next((index for index, value in enumerate(values) if value not in held), 0)
