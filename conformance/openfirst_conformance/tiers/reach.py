"""Reach: cases on purpose for what lies beyond `complete`: depth, equal values, a world that acts, and other clients.

Nothing here is drawn; the same contract gives the same cases.
"""

from __future__ import annotations

import itertools
from collections.abc import Container, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from openfirst_conformance.cases.case import Case, Planned
from openfirst_conformance.tiers.planning.hsi import Word, maximal, suite
from openfirst_conformance.tiers.planning.identify import Identifier
from openfirst_conformance.tiers.planning.kinds import kinds_of
from openfirst_conformance.tiers.planning.resolved_table import Table
from openfirst_conformance.tiers.sweep import Round
from openfirst_reference.contract.model import Contract
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.search import Search
from openfirst_reference.machine.step import Call, State, Step

SESSIONS = 100
_OF_ALL = ("advance", "settle")
"""How the world is driven where it is all of it, and not what one client sees."""
_SWEPT = (3, 10, 30, SESSIONS)


# Depth ----------------------------------------------------------------------------------------------------------------


def endurance(own: Round, table: Table) -> Case:
    """A hundred sessions in one case: with a look after each change, one method of a service in each, and every method in some.

    Two of three are opened giving as much as can be given, each something else than the one before it; and the third nothing,
    so that what is left over shows.
    """
    opening, closing, every = (_planned(way) for way in (own.opening or (), own.closing, own.every))
    openings, looks = [*_richly(table, opening), opening], _looks(table)
    calls: list[Planned] = []
    for number in range(1, SESSIONS + 1):
        used = every if number in _SWEPT else [every[number % len(every)]]
        calls += [*openings[number % len(openings)], *looks, *used, *closing, *looks, *used]
    return Case(f"endurance-{own.fixture}", f"{SESSIONS} sessions, one after another", {"a": own.fixture}, tuple(calls))


def _richly(table: Table, calls: Sequence[Planned]) -> Iterator[list[Planned]]:
    """The calls, the last of them giving as much as can be given: once these values and once others."""
    operation = calls[-1].operation if calls else ""
    rich = next((item for item in table.rich_inputs(table.initial) if table.letters[item][0] == operation), None)
    call = None if rich is None else table.call(table.initial, rich)
    if rich is None or call is None:
        return
    classes, values = table.contract.classes, dict[str, str]()
    for name in _data_given(table).get(operation, ()):
        leaf = next(leaf for leaf in classes[operation, name].leaves if leaf.name == call.leaves[name])
        if leaf.examples:
            values[name] = leaf.examples[-1]
    for each in (call, _filled(table, table.initial, rich, values)):
        if each is not None:
            yield [*calls[:-1], Planned("a", each.operation, each.arguments)]


def _planned(calls: Iterable[Call]) -> list[Planned]:
    return [Planned("a", call.operation, call.arguments) for call in calls]


# Classes together -----------------------------------------------------------------------------------------------------


def combined(table: Table) -> Iterator[Case]:
    """In every kind of state, the calls in which two parameters are not as usual, whatever class each is of; then a look.

    Those that change nothing are made one after another.
    """
    looks = _looks(table)
    for number, way in enumerate(kinds_of(table).values(), 1):
        state = table.classes.after(way)
        case = table.case(f"combined-{table.fixture}-{number}", "two parameters of any class", way)
        idle: list[Planned] = []
        for place, call in enumerate(_two_unusual(table, state), 1):
            planned = Planned("a", call.operation, call.arguments)
            if all(step.after == state for step in table.resolution.steps(state, call)):
                idle += [planned, *looks]
            else:
                yield replace(case, id=f"{case.id}-{place}", calls=(*case.calls, planned, *looks))
        if idle:
            yield replace(case, calls=(*case.calls, *idle))


def _two_unusual(table: Table, state: State) -> Iterator[Call]:
    """The calls that differ from the usual one of their operation in two parameters, and that no other tier makes."""
    letters: dict[str, list[dict[str, str]]] = {}
    for number in table.leaf_inputs(state):
        operation, leaves = table.letters[number]
        letters.setdefault(operation, []).append(dict(leaves))
    for operation, (usual, *others) in letters.items():
        changes = [{name: leaf for name, leaf in each.items() if usual[name] != leaf} for each in others]
        for one, other in itertools.combinations(changes, 2):
            both = {**usual, **one, **other}
            agree = all(one[name] == other[name] for name in one.keys() & other.keys())
            if agree and both not in letters[operation]:
                for number in table.letters.possible(state, [table.letters.number((operation, tuple(both.items())))]):
                    call = table.call(state, number)
                    if call is not None:
                        yield call


# Values that are equal ------------------------------------------------------------------------------------------------


def equal_values(table: Table) -> Iterator[Case]:
    """Wherever such calls meet other rows, those that give a value which the client holds, as whatever, or one value twice.

    Those that change nothing are made one after another, with a look after each; the others each in cases that tell where it led.
    """
    looks, identifier = _looks(table), Identifier(table, kinds_of(table).values())
    for number, way in enumerate(_ways_to_rows(table, _data_given(table)), 1):
        state = table.classes.after(way)
        case = table.case(f"equal-{table.fixture}-{number}", "one value in two places", way)
        idle: list[Planned] = []
        for place, call in enumerate(_giving_equals(table, state), 1):
            planned, steps = Planned("a", call.operation, call.arguments), table.resolution.steps(state, call)
            if all(step.after == state for step in steps):
                idle += [planned, *looks]
                continue
            for turn, word in enumerate(identifier.identify(steps[0].after), 1):
                told = table.planned(steps[0].after, word)
                yield replace(case, id=f"{case.id}-{place}-{turn}", calls=(*case.calls, planned, *told))
        if idle:
            yield replace(case, calls=(*case.calls, *idle))


def _ways_to_rows(table: Table, operations: Container[str]) -> list[Word]:
    """A way to each kind of state in which calls of these operations meet other rows, or other variables hold something."""
    ways: dict[Hashable, Word] = {}
    for way in kinds_of(table).values():
        state = table.classes.after(way)
        own = [number for number in table.inputs(state) if table.letters[number][0] in operations]
        holds = tuple(value is None for value in state)
        ways.setdefault((tuple((number, table.met(state, number)) for number in own), holds), way)
    return list(ways.values())


def _giving_equals(table: Table, state: State) -> dict[Call, None]:
    """The calls that do, for each operation and each row that its calls meet: giving little besides, and giving much."""
    calls: dict[Call, None] = {}
    for operation, parameters in _data_given(table).items():
        for numbers in (table.inputs(state), table.rich_inputs(state)):
            own = [number for number in numbers if table.letters[number][0] == operation]
            for letter in {table.met(state, number): number for number in own[::-1]}.values():
                made = (_filled(table, state, letter, values) for values in _equals(table, state, parameters))
                calls.update(dict.fromkeys(call for call in made if call is not None))
    return calls


def _equals(table: Table, state: State, parameters: Sequence[str]) -> Iterator[dict[str, str]]:
    """Each of the parameters with each value that is held, and each two of them with one value."""
    contract, index = table.contract, table.machine.index
    data = [name for name, item in contract.variables.items() if not item.is_enumeration and item.owner is None]
    held = dict.fromkeys(str(state[index[name]]) for name in data if state[index[name]])
    for number, parameter in enumerate(parameters):
        yield from ({parameter: value} for value in held)
        yield from ({parameter: _TWICE, other: _TWICE} for other in parameters[:number])


def _filled(table: Table, state: State, letter: int, values: Mapping[str, str]) -> Call | None:
    """The call with these values in it; None where it is of no class, or cannot be made."""
    call = table.call(state, letter)
    if call is None:
        return None
    arguments = table.machine.arguments(call.operation, {**call.given, **values})
    try:
        filled = table.machine.call(call.operation, arguments, state)
    except ValueError:
        return None
    return filled if table.subject.driver.permits(call.operation, arguments) else None


def _data_given(table: Table) -> dict[str, list[str]]:
    """The parameters of each operation that are data."""
    variables = table.contract.variables
    return {
        name: [
            item
            for item in table.contract.operations[name].parameters
            if item in variables and not variables[item].values
        ]
        for name in table.operations
        if not table.contract.operations[name].by_world
    }


_TWICE = "twice"


# Initialised again ----------------------------------------------------------------------------------------------------


def initialising(contract: Contract) -> frozenset[str]:
    """The operations by which a client says what the world has given it."""
    return frozenset(
        row.call
        for row in contract.rows.values()
        if not contract.operations[row.call].by_world
        for item in row.may
        if any(contract.variables[name].world for name in contract.changes(item.effect))
    )


def begins_again(machine: Machine, step: Step) -> bool:
    """Whether a client says what the world has given it, and the world had given it something before."""
    contract = machine.contract
    return not contract.operations[step.call.operation].by_world and any(
        contract.variables[name].world and machine.value(step.before, name) != contract.variables[name].initial
        for name in contract.changes(step.alternative.effect)
    )


def initialised_again(table: Table) -> Iterator[Case]:
    """From every kind of state, come to by way of a second initialisation, what `complete` tries of it with no extra state.

    Whatever was held before, by its kind, comes first once; and all that shows what is held is asked at the end.
    """
    if initialising(table.contract).isdisjoint(table.operations):
        return
    kinds, operations = kinds_of(table), table.contract.operations
    ways = _ways_again(table)
    identify = Identifier(table, kinds.values()).identify
    shortest = {outline: min(of.values(), key=len) for outline, of in ways.items()}
    words = [*suite(table.classes, [shortest[kind] for kind in kinds if kind in shortest], identify, 0)]
    words += [way for of in ways.values() for way in of.values()]
    lacks = table.subject.driver.lacks
    looks = [Planned("a", name) for name, operation in operations.items() if operation.pure and lacks(name) is None]
    for number, word in enumerate(maximal(words), 1):
        case = table.case(f"again-{table.fixture}-{number}", "initialised again", word, number)
        yield replace(case, calls=(*case.calls, *looks))


def _ways_again(table: Table) -> dict[Hashable, dict[Hashable, Word]]:
    """Shortest ways to each kind of state through a second initialisation: by its outline, and by what was held before it."""
    machine, start = table.machine, (table.initial, None)
    outline = machine.outline
    first: dict[Hashable, tuple[State, Hashable]] = {(outline(table.initial), None): start}
    search = Search[tuple[State, Hashable], int]([start])
    ways: dict[Hashable, dict[Hashable, Word]] = {}
    for here in search:
        state, held = here
        if held is not None:
            ways.setdefault(outline(state), {}).setdefault(held, search.way(here))
        for number in table.inputs(state):
            for step in table.steps(state, number)[:1]:
                again = _held(machine, step.before) if begins_again(machine, step) else held
                there = (step.after, again)
                if first.setdefault((outline(step.after), again), there) == there:
                    search.found(here, number, there)
    return ways


def _held(machine: Machine, state: State) -> Hashable:
    """What the world has given a client, by its kind: the values of the variables that name one."""
    variables = machine.contract.variables
    return tuple(machine.value(state, name) for name, item in variables.items() if item.world and item.values)


# Another client -------------------------------------------------------------------------------------------------------


def in_company(table: Table, other: Table) -> Iterator[Case]:
    """From every kind of state of one client, a tour of another through every kind with every call; both are looked at."""
    theirs, mine = _looks(other, "b"), _looks(table)
    tour = [(_call(other, state, number, "b"), *theirs, *mine) for state, number in _tour(other, rows=True)]
    for number, way in enumerate(kinds_of(table).values(), 1):
        case = table.case(f"company-{table.fixture}-{other.fixture}-{number}", "two clients", way)
        calls = (*case.calls, *itertools.chain(*tour))
        yield replace(case, clients={"a": table.fixture, "b": other.fixture}, calls=calls)


def _tour(table: Table, *, rows: bool) -> list[tuple[State, int]]:
    """A walk: in every kind of state, each operation that changes something, giving little and much; and where.

    `rows`: in each row that its calls meet, and not only once.
    """
    operations, outline = table.contract.operations, table.machine.outline
    todo: set[tuple[State, int]] = set()
    for way in kinds_of(table).values():
        state = table.classes.after(way)
        for numbers in (table.inputs(state), table.rich_inputs(state)):
            first: dict[tuple[str, Hashable], int] = {}
            for number in numbers:
                first.setdefault((table.letters[number][0], table.met(state, number) if rows else ()), number)
            todo |= {
                (outline(state), number)
                for (name, _), number in first.items()
                if not operations[name].pure and not operations[name].by_world
            }
    state, tour = table.initial, list[tuple[State, int]]()
    while todo:
        onward = _towards(table, state, todo)
        if onward is None:
            break
        for number in onward:
            todo.discard((outline(state), number))
            tour.append((state, number))
            state = table.step(state, number)
    return tour


def _call(table: Table, state: State, number: int, client: str = "a") -> Planned:
    call = table.call(state, number)
    assert call is not None
    return Planned(client, call.operation, call.arguments)


# The world ------------------------------------------------------------------------------------------------------------


def while_the_world_acts(table: Table) -> Iterator[Case]:
    """A tour in which the world acts.

    What leaves a client in a state of the same kind is done after every call. All else is done once in each kind of state,
    when the tour is there for the last time, with most behind it; and the tour goes on.
    """
    tour, looks = _tour(table, rows=False), _looks(table)
    for acting in _acts(table, [state for state, _ in tour]):
        last = {table.machine.outline(state): place for place, (state, _) in enumerate(tour)}
        again = [place for place, (state, _) in enumerate(tour) if _stays(table, state, acting)]
        for number, acts in enumerate([again, *([place] for place in last.values() if place not in again)], 1):
            if acts:
                state, calls = table.initial, list[Planned]()
                for place, (_, own) in enumerate(tour):
                    for made in (acting, own) if place in acts else (own,):
                        if table.letters.possible(state, [made]):
                            calls += [_call(table, state, made), *looks]
                            state = table.step(state, made)
                name = f"world-{table.fixture}-{acting}-{number}"
                yield Case(name, "a tour in which the world acts", {"a": table.fixture}, tuple(calls))


def while_the_world_acts_on_a_twin(table: Table) -> Iterator[Case]:
    """Two clients that hold the same have come to a state of the same kind; what the world does to one is not done to the other."""
    looks, theirs = _looks(table), _looks(table, "b")
    of_all = {name for name, stated in table.contract.operations.items() if stated.driven in _OF_ALL}
    for number, way in enumerate(kinds_of(table).values(), 1):
        case, state = table.case("", "", way), table.classes.after(way)
        if not of_all.isdisjoint(planned.operation for planned in case.calls):
            continue
        both = (*case.calls, *(replace(planned, client="b") for planned in case.calls))
        for acting in _acts(table, [state]):
            if table.letters[acting][0] not in of_all:
                name, clients = f"twin-{table.fixture}-{acting}-{number}", {"a": table.fixture, "b": table.fixture}
                calls = (*both, _call(table, state, acting), *theirs, *looks)
                yield Case(name, "the world acts on one of two clients that hold the same", clients, calls)


def _acts(table: Table, states: Iterable[State]) -> list[int]:
    """What the world may do in one of these states."""
    every = dict.fromkeys(number for state in states for number in table.inputs(state))
    return [number for number in every if table.contract.operations[table.letters[number][0]].by_world]


def _stays(table: Table, state: State, number: int) -> bool:
    """Whether a call leads to a state of the same kind."""
    return table.machine.outline(table.step(state, number)) == table.machine.outline(state)


def _towards(table: Table, start: State, todo: set[tuple[State, int]]) -> tuple[int, ...] | None:
    """The calls up to the first that is still to be made."""
    outline = table.machine.outline
    states = {outline(start): start}
    search = Search[State, int](states)
    for kind in search:
        state = states[kind]
        number = next((number for place, number in sorted(todo, key=repr) if place == kind), None)
        if number is not None:
            return (*search.way(kind), number)
        for number in table.inputs(state):
            if not table.contract.operations[table.letters[number][0]].by_world:
                there = table.step(state, number)
                states.setdefault(outline(there), there)
                search.found(kind, number, outline(there))
    return None


def _looks(table: Table, client: str = "a") -> list[Planned]:
    return [Planned(client, name) for name in table.operations if table.contract.operations[name].pure]
