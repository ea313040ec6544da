"""The explore tier: long random walks, and values of every class that Hypothesis makes. A seed gives the same cases every time."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from openfirst_conformance.cases.case import Case, Planned
from openfirst_conformance.driving.played import Played
from openfirst_conformance.driving.subject import Subject
from openfirst_conformance.tiers.choice_probes import learnt
from openfirst_conformance.tiers.made import made
from openfirst_conformance.tiers.planning.hsi import Word
from openfirst_conformance.tiers.planning.resolved_table import Table, tables_of
from openfirst_conformance.tiers.reach import (
    combined,
    endurance,
    equal_values,
    in_company,
    initialised_again,
    while_the_world_acts,
    while_the_world_acts_on_a_twin,
)
from openfirst_conformance.tiers.sweep import rounds
from openfirst_conformance.tiers.values import Pool, longest, made_values, near_misses, pairs_alike
from openfirst_reference.contract.expressions import mentioned
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.step import State, Step

ASSUMPTIONS = ("what a fault needs comes up by chance",)
_LENGTH = 50
_TWO_CLIENTS = 0.25
_AGAIN = 0.15
_DRAWS = 8
_MANY_DRAWS = 200
_KINDS = 3
_NEAR = 3
_HELD = 1000


async def explore(subject: Subject) -> AsyncIterator[Played]:
    """Every case of the tier, played."""
    async for played in learnt(subject):
        yield played
    subject.promise.update({"seed": subject.settings.seed, "walks": subject.settings.walks, "length": _LENGTH})
    tables = await made(tables_of(subject))
    pool = made_values(subject.oracle.machine, subject.settings.seed)
    cases = await made(_cases(subject, tables, pool))
    count = subject.settings.walks if tables else 0  # Where there is nothing to be called, there is nowhere to walk.
    walks = subject.share(range(1, count + 1), len(cases))
    own = [*subject.share(cases), *await made(map(_Walker(subject, tables, pool).walk, walks))]
    subject.remaining = len(own)
    for case in own:
        yield await subject.play(case)


def _cases(subject: Subject, tables: Sequence[Table], made: Pool) -> Iterator[Case]:
    """What is tried whatever the walks are."""
    still = still_of(tables)
    for index, table in enumerate(still):
        yield from _one_value_each(table, made, slice(index, None, len(still)))
    for table in still[:1]:
        yield from _one_after_another(table, made)
    if not subject.driver.is_platform:  # which stamps the values that a token holds, so that each case has its own
        for table in still[:1]:
            yield from _one_holder_each(table, made, subject.settings.seed)
    yield from on_purpose(subject, tables)


def still_of(tables: Sequence[Table]) -> list[Table]:
    """The tables in which something can happen and the world stands still."""
    return [table for table in tables if not table.moves_the_world and len(table.ways) > 1]


def on_purpose(subject: Subject, tables: Sequence[Table]) -> Iterator[Case]:
    """What lies beyond `complete`, and needs no luck: many sessions, equal values, a world that acts, another client."""
    driver = subject.driver
    moving, still = [table for table in tables if table.moves_the_world], still_of(tables)
    by_fixture = {table.fixture: table for table in still}
    opening = [each for each in rounds(driver.machine, driver.has) if each.fixture in by_fixture]
    cases: list[Iterable[Case]] = [equal_values(table) for table in still]
    cases += [initialised_again(table) for table in tables]
    cases += [[endurance(each, by_fixture[each.fixture])] for each in opening[:1]]
    cases += [combined(table) for table in still[:1]]
    cases += [while_the_world_acts(table) for table in moving]
    if driver.capabilities.clients > 1 and still:
        cases += [] if driver.is_platform else [_two_holders(still[0])]
        pairs = [pair for other in _likeliest(still) for pair in ((still[0], other), (other, still[0]))]
        cases += [in_company(one, other) for one, other in dict.fromkeys(pairs)]
        cases += [while_the_world_acts_on_a_twin(table) for table in moving]
    yield from (case for case in itertools.chain(*cases) if driver.applies(case))


def _two_holders(table: Table) -> Iterator[Case]:
    """Two clients that hold nearly the same, in session at once: each is somebody else, and stays so."""
    machine = table.machine
    names = [name for name, item in machine.contract.variables.items() if item.world and not item.values]
    for name in names:
        own = table.initial[machine.index[name]]
        opening = next((number for number in table.inputs(table.initial) if _begins(table, number)), None)
        if own is None or opening is None:
            continue
        for number, pair in enumerate(pairs_alike(str(own), _HELD), 1):
            calls = table.case("", "", (opening,)).calls
            both = [replace(planned, client=client) for client in "ab" for planned in calls]
            looks = [replace(planned, client=client) for client in "ab" for planned in _status(table)]
            yield Case(
                f"two-holders-{name}-{number}",
                f"two clients with nearly the same {name}",
                {"a": table.fixture, "b": table.fixture},
                (*both, *looks),
                held={client: {name: value} for client, value in zip("ab", pair, strict=True)},
            )


def _begins(table: Table, number: int) -> bool:
    """Whether a call at the start is accepted, gives nothing and changes something."""
    call = table.call(table.initial, number)
    steps = table.steps(table.initial, number)
    accepted = bool(steps) and all(not step.is_error and step.after != table.initial for step in steps)
    return accepted and call is not None and not any(call.given.values())


def _likeliest(tables: Sequence[Table]) -> list[Table]:
    """Two to be in company with: one whose data are the same, and the first in which a datum of the world's is another."""
    one = tables[0]
    return [one, *(table for table in tables if table.initial != one.initial)][:2]


def _one_value_each(table: Table, made: Pool, share: slice) -> Iterator[Case]:
    """Values given alone, where such a call is accepted; then what shows them. All are tried where the client holds one of them."""
    for (operation, parameter), values in made.items():
        way = _accepted(table, operation)
        if way is None:
            continue
        case = table.case("", "", way)
        leaves = {_leaf(table, operation, parameter, value) for value in values}
        alike = list(
            dict.fromkeys(
                text for pair in pairs_alike("", longest(table.machine, operation, parameter)) for text in pair
            )
        )
        for number, value in enumerate([*(values if len(leaves) > _KINDS else values[share]), *alike[share]], 1):
            arguments = _arguments(table, operation, {parameter: value})
            if arguments is not None:
                name = f"value-{table.fixture}-{operation}-{parameter}-{number}"
                calls = (*case.calls, Planned("a", operation, arguments), *_status(table))
                yield Case(name, f"a value for {parameter}", {"a": table.fixture}, calls)


def _one_after_another(table: Table, made: Pool) -> Iterator[Case]:
    """A text is given where one that is nearly the same was given before, by a call that is accepted both times."""
    for operation, parameter in made:
        way = _accepted(table, operation)
        for number, pair in enumerate(pairs_alike("", longest(table.machine, operation, parameter)), 1):
            calls, state = list[Planned](), None if way is None else table.initial
            for value, on_the_way in zip(pair, (way or (), None), strict=True):
                if state is not None:
                    state = _given(table, operation, {parameter: value}, state, on_the_way, calls)
            if state is not None:
                name = f"after-{table.fixture}-{operation}-{parameter}-{number}"
                yield Case(name, f"{parameter} nearly as before", {"a": table.fixture}, (*calls, *_status(table)))


def _given(
    table: Table, operation: str, values: Mapping[str, Any], state: State, way: Word | None, calls: list[Planned]
) -> State | None:
    """The state after a call with these values; it is added to the calls, and before it those on the way to where it is accepted.

    `way`: None for one call at most. None is given where it is not accepted.
    """
    own = [number for number in table.inputs(state) if not table.contract.operations[table.letters[number][0]].by_world]
    for word in ((), *((number,) for number in own)) if way is None else (way,):
        there = state
        for number in word:
            there = table.step(there, number)
        arguments = _arguments(table, operation, values, there)
        planned = None if arguments is None else Planned("a", operation, arguments)
        steps = [] if planned is None else _steps(table, there, planned)
        if planned is not None and steps and not steps[0].is_error and steps[0].alternative.effect is not None:
            calls += [*table.planned(state, word), planned]
            return steps[0].after
    return None


def _one_holder_each(table: Table, made: Pool, seed: int) -> Iterator[Case]:
    """Clients that hold other values: what they are compared with is the same, or near."""
    machine = table.machine
    for (operation, parameter), values in made.items():
        for name in _compared_with(machine, operation, parameter) if operation in table.operations else ():
            own, limit = table.initial[machine.index[name]], longest(machine, operation, parameter)
            if own is None:
                continue
            for number, (value, given) in enumerate(_held_and_given(str(own), values, limit, seed), 1):
                state = machine.having(table.initial, **{name: value})
                arguments = _arguments(table, operation, {parameter: given}, state)
                if arguments is not None:
                    yield Case(
                        f"held-{table.fixture}-{name}-{number}",
                        f"another value of {name}",
                        {"a": table.fixture},
                        (Planned("a", operation, arguments), *_status(table)),
                        held={"a": {name: value}},
                    )


def _held_and_given(own: str, values: Sequence[str], limit: int, seed: int) -> Iterator[tuple[str, str]]:
    """A value that a client holds, and one that it gives: the same, or near."""
    for one, other in pairs_alike(own, limit):
        yield from ((one, other), (other, one))
    for number, value in enumerate(values, 1):
        near = Random(f"{seed}/{number}").sample(near_misses(value), _NEAR)
        for given in dict.fromkeys([value, *near, value[: len(value) // 2], value[:-1]]):
            if given and len(given.encode("utf-8", "surrogatepass")) <= limit:
                yield value, given


def _compared_with(machine: Machine, operation: str, parameter: str) -> list[str]:
    """The data that a client holds and that classes of the parameter ask for."""
    leaves = machine.contract.classes[operation, parameter].leaves
    asked = {name for leaf in leaves for _, name in mentioned(leaf.expression or "", "client")}
    held = [name for name, variable in machine.contract.variables.items() if variable.world and not variable.values]
    return [name for name in held if name in asked]


def _accepted(table: Table, operation: str) -> Word | None:
    """A shortest way to where a call of the operation is accepted."""
    if operation not in table.operations:
        return None
    for way in table.ways.values():
        state = table.classes.after(way)
        own = [number for number in table.inputs(state) if table.letters[number][0] == operation]
        if any(not step.is_error for number in own for step in table.steps(state, number)[:1]):
            return way
    return None


def _leaf(table: Table, operation: str, parameter: str, value: Any) -> str | None:
    try:
        call = table.machine.call(operation, table.machine.arguments(operation, {parameter: value}), table.initial)
    except ValueError:
        return None
    return call.leaves[parameter]


def _status(table: Table) -> list[Planned]:
    return [Planned("a", name) for name in table.operations if table.contract.operations[name].pure]


def _arguments(
    table: Table, operation: str, values: Mapping[str, Any], state: State | None = None
) -> dict[str, Any] | None:
    """The arguments with these values, the required ones among the rest filled in. None: they belong to no class."""
    machine, stated = table.machine, table.contract.operations[operation]
    filled = {name: value for name, value in values.items() if value is not None}
    for parameter in stated.parameters:
        if parameter not in filled and stated.requires(parameter):
            leaves = table.contract.classes[operation, parameter].leaves
            filled[parameter] = next((leaf.examples[0] for leaf in leaves if leaf.examples), None)
    arguments = machine.arguments(operation, filled)
    try:
        machine.call(operation, arguments, state or table.initial)
    except ValueError:
        return None
    return arguments if table.subject.driver.permits(operation, arguments) else None


# Walks ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Walker:
    """Makes walks: which operation comes next is drawn by weights that are drawn for each walk."""

    subject: Subject
    tables: Sequence[Table]
    made: Pool

    def walk(self, number: int) -> Case:
        """One walk of one client, or of two."""
        random = Random(f"{self.subject.settings.seed}/{number}")
        able = [table for table in self.tables if len(table.ways) > 1] or list(self.tables)
        clients = {"a": able[(number - 1) % len(able)]}
        if self.subject.driver.capabilities.clients > 1 and random.random() < _TWO_CLIENTS:
            clients["b"] = random.choice(able)
        states = {name: table.initial for name, table in clients.items()}
        weights = {name: random.random() ** 3 + 0.02 for name in self.subject.driver.contract.operations}
        willing = random.random()
        calls: list[Planned] = []
        while len(calls) < _LENGTH:
            planned: Planned | None = calls[-1] if calls else None
            if planned is None or random.random() >= _AGAIN:
                client = random.choice(list(clients))
                wish = random.random() < willing
                planned = self._step(client, clients, states[client], weights, wish=wish, random=random)
            if planned is None:
                break
            calls.append(planned)
            steps = _steps(clients[planned.client], states[planned.client], planned)
            states[planned.client] = steps[0].after if steps else states[planned.client]
        fixtures = {name: table.fixture for name, table in clients.items()}
        return Case(f"walk-{self.subject.settings.seed}-{number}", f"a walk of {_LENGTH} calls", fixtures, tuple(calls))

    def _step(
        self,
        client: str,
        clients: Mapping[str, Table],
        state: State,
        weights: Mapping[str, float],
        *,
        wish: bool,
        random: Random,
    ) -> Planned | None:
        """A call that is drawn; with a wish, one that is accepted if a few draws bring one up. None: there is no call to make."""
        table = clients[client]
        operations = table.contract.operations
        # Time passes for all clients, and the table tells of one.
        names = [name for name in table.operations if len(clients) == 1 or operations[name].driven != "advance"]
        drawn: Planned | None = None
        for tries in range(_MANY_DRAWS):
            operation = random.choices(names, [weights[name] for name in names])[0]
            arguments = self._drawn(table, operation, random)
            if arguments is not None:
                drawn = Planned(client, operation, arguments)
                accepted = not all(step.is_error for step in _steps(table, state, drawn))
                if accepted or not wish or tries >= _DRAWS:
                    break
        return drawn

    def _drawn(self, table: Table, operation: str, random: Random) -> dict[str, Any] | None:
        """Arguments with a value of some class for each parameter."""
        stated = table.contract.operations[operation]
        values: dict[str, Any] = {}
        for parameter in stated.parameters:
            classes = table.contract.classes[operation, parameter]
            if classes.source == "services":
                values[parameter] = self._method(table, random)
                continue
            leaf = random.choice(classes.leaves)
            if leaf.name == classes.absent:
                continue
            made = self.made.get((operation, parameter), ())
            values[parameter] = (
                random.choice(made) if made and random.random() < 0.3 else random.choice(leaf.examples or (None,))
            )
        return _arguments(table, operation, values)

    def _method(self, table: Table, random: Random) -> str:
        """A method of a service: each kind is as likely as the others."""
        methods = table.contract.methods
        kind = random.choice(sorted({method.kind for method in methods.values()}))
        return random.choice([name for name, method in methods.items() if method.kind == kind])


def _steps(table: Table, state: State, planned: Planned) -> list[Step]:
    return table.resolution.steps(state, table.machine.call(planned.operation, planned.arguments, state))
