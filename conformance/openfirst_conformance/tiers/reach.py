"""Reach: cases on purpose for what lies beyond `complete`: depth, equal values, a second initialisation, and other clients.

Nothing here is drawn; the same contract gives the same cases.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

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
_SWEPT = (3, 10, 30, SESSIONS)


# Depth ----------------------------------------------------------------------------------------------------------------


def endurance(own: Round, looks: Sequence[Planned]) -> Case:
    """A hundred sessions in one case: with a look after each change, one method of a service in each, and every method in some."""
    opening, closing, every = (_planned(way) for way in (own.opening or (), own.closing, own.every))
    calls: list[Planned] = []
    for number in range(1, SESSIONS + 1):
        used = every if number in _SWEPT else [every[number % len(every)]]
        calls += [*opening, *looks, *used, *closing, *looks, *used]
    return Case(f"endurance-{own.fixture}", f"{SESSIONS} sessions, one after another", {"a": own.fixture}, tuple(calls))


def _planned(calls: Iterable[Call]) -> list[Planned]:
    return [Planned("a", call.operation, call.arguments) for call in calls]


# Values that are equal ------------------------------------------------------------------------------------------------


def equal_values(table: Table) -> Iterator[Case]:
    """Calls that give a value which the client holds, or held, as something else; and calls that give one value twice."""
    machine, looks = table.machine, _looks(table)
    data = [
        name for name, variable in table.contract.variables.items() if not variable.values and variable.owner is None
    ]
    for operation, parameters in _data_given(table).items():
        for parameter in parameters:
            for name in data:
                found = _holding(table, operation, name)
                if found is not None:
                    way, state = found
                    value = str(state[machine.index[name]])
                    yield from _giving(table, way, operation, {parameter: value}, looks, f"{parameter}-is-{name}")
            for other in parameters[: parameters.index(parameter)]:
                found = _holding(table, operation, None)
                if found is not None:
                    values = {parameter: _TWICE, other: _TWICE}
                    yield from _giving(table, found[0], operation, values, looks, f"{parameter}-is-{other}-too")


def equal_and_idle(table: Table) -> Iterator[Case]:
    """In every kind of state, one after another, the calls that change nothing, giving what is held, or one value twice."""
    looks = _looks(table)
    for number, way in enumerate(kinds_of(table).values(), 1):
        state = table.classes.after(way)
        calls: dict[Call, None] = {}
        for operation, parameters in _data_given(table).items():
            for letter in _one_of_each_row(table, state, operation):
                for values in _equals(table, state, parameters):
                    call = _filled(table, state, letter, values)
                    if call is not None and all(step.after == state for step in table.resolution.steps(state, call)):
                        calls[call] = None
        case = table.case(f"equal-{table.fixture}-idle-{number}", "one value in two places, and nothing changes", way)
        told = [made for call in calls for made in (Planned("a", call.operation, call.arguments), *looks)]
        if told:
            yield replace(case, calls=(*case.calls, *told))


def _one_of_each_row(table: Table, state: State, operation: str) -> list[int]:
    """A call of an operation for each row that its calls meet."""
    own = [number for number in table.inputs(state) if table.letters[number][0] == operation]
    return list({table.met(state, number): number for number in own[::-1]}.values())


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


_TWICE = "twice"


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


def _holding(table: Table, operation: str, name: str | None) -> tuple[tuple[int, ...], State] | None:
    """A shortest way to where a call of the operation is accepted, and the variable (if any) holds something."""
    for way in table.ways.values():
        state = table.classes.after(way)
        if name is not None and not state[table.machine.index[name]]:
            continue
        own = [number for number in table.inputs(state) if table.letters[number][0] == operation]
        if any(not step.is_error for number in own for step in table.steps(state, number)[:1]):
            return way, state
    return None


def _giving(
    table: Table, way: tuple[int, ...], operation: str, values: Mapping[str, Any], looks: Sequence[Planned], name: str
) -> Iterator[Case]:
    stated = table.contract.operations[operation]
    filled = dict(values)
    for parameter in stated.parameters:
        if parameter not in filled and stated.requires(parameter):
            leaves = table.contract.classes[operation, parameter].leaves
            filled[parameter] = next((leaf.examples[0] for leaf in leaves if leaf.examples), None)
    arguments = table.machine.arguments(operation, filled)
    try:
        table.machine.call(operation, arguments, table.classes.after(way))
    except ValueError:
        return
    if table.subject.driver.permits(operation, arguments):
        case = table.case(f"equal-{table.fixture}-{operation}-{name}", "one value in two places", way)
        yield replace(case, calls=(*case.calls, Planned("a", operation, arguments), *looks))


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
    """From every kind of state, come to by way of a second initialisation, what `complete` tries of it with no extra state."""
    if initialising(table.contract).isdisjoint(table.operations):
        return
    kinds = kinds_of(table)
    ways = _ways_again(table)
    identify = Identifier(table, kinds.values()).identify
    words = suite(table.classes, [ways[kind] for kind in kinds if kind in ways], identify, 0)
    for number, word in enumerate(maximal(words), 1):
        yield table.case(f"again-{table.fixture}-{number}", "initialised again", word, number)


def _ways_again(table: Table) -> dict[Hashable, Word]:
    """A shortest way to each kind of state through a second initialisation, by the state's outline."""
    outline, start = table.machine.outline, (table.initial, False)
    first = {(outline(table.initial), False): start}
    search = Search[tuple[State, bool], int]([start])
    ways: dict[Hashable, Word] = {}
    for here in search:
        state, again = here
        if again:
            ways.setdefault(outline(state), search.way(here))
        for number in table.inputs(state):
            for step in table.steps(state, number)[:1]:
                there = (step.after, again or begins_again(table.machine, step))
                if first.setdefault((outline(there[0]), there[1]), there) == there:
                    search.found(here, number, there)
    return ways


# Another client -------------------------------------------------------------------------------------------------------


def in_company(table: Table, other: Table) -> Iterator[Case]:
    """From every kind of state of one client, a tour of another through every kind with every call; both are looked at."""
    theirs, mine = _looks(other, "b"), _looks(table)
    tour = [(_call(other, state, number, "b"), *theirs, *mine) for state, number in _tour(other)]
    for number, way in enumerate(kinds_of(table).values(), 1):
        case = table.case(f"company-{table.fixture}-{other.fixture}-{number}", "two clients", way)
        calls = (*case.calls, *itertools.chain(*tour))
        yield replace(case, clients={"a": table.fixture, "b": other.fixture}, calls=calls)


def _tour(table: Table) -> list[tuple[State, int]]:
    """A walk: in every kind of state, each operation that changes something, giving little and much in each row; and where."""
    operations, outline = table.contract.operations, table.machine.outline
    todo: set[tuple[State, int]] = set()
    for way in kinds_of(table).values():
        state = table.classes.after(way)
        for numbers in (table.inputs(state), table.rich_inputs(state)):
            first: dict[tuple[str, Hashable], int] = {}
            for number in numbers:
                first.setdefault((table.letters[number][0], table.met(state, number)), number)
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
    tour, looks = _tour(table), _looks(table)
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
