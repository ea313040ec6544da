"""The abstract reading: every state that a fixture's calls can reach, over two values for each datum."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from openfirst_reference.contract.expressions import mentioned
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.search import Parents, Search, way
from openfirst_reference.machine.step import Call, State, Step, Value


@dataclass(frozen=True)
class Automaton:
    """What a fixture's calls can reach under any resolution of the choices.

    `steps` holds the states in the order they were found, nearest first, each with every step that the table
    permits in it; `parents` the step by which each was found first.
    """

    fixture: str
    initial: State
    steps: Mapping[State, tuple[Step, ...]]
    parents: Parents[State, Step]

    def all_steps(self) -> Iterator[Step]:
        """Every step, those nearest to the initial state first."""
        for steps in self.steps.values():
            yield from steps

    def trace(self, state: State) -> tuple[Step, ...]:
        """A shortest way to the state. Raises KeyError for a state that is not reached."""
        return way(self.parents, state)


class Unfolding:
    """Unfolds the table of a machine, state by state. The calls that are tried differ only with what classes ask for."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        texts = [leaf.expression or "" for classes in machine.contract.classes.values() for leaf in classes.leaves]
        asked = {name for text in texts for _, name in mentioned(text, "client")}
        self._asked = tuple(index for name, index in machine.index.items() if name in asked)
        self._calls: dict[tuple[Value | str, ...], list[Call]] = {}

    def calls(self, fixture: str, state: State, *, one_value: bool = False) -> list[Call]:
        """The calls of a fixture, by the examples of the classes; with `one_value`, one call for each leaf."""
        key = (fixture, str(one_value), *(state[index] for index in self._asked))
        if key not in self._calls:
            alphabet = self.machine.alphabet(self.machine.contract.fixtures[fixture].calls, state)
            first: dict[object, Call] = {}
            for call in alphabet:
                first.setdefault((call.operation, *call.leaves.items()), call)
            self._calls[key] = list(first.values()) if one_value else alphabet
        return self._calls[key]

    def permitted(self, fixture: str, state: State, *, one_value: bool = False) -> list[Step]:
        """Every step that the table permits in a state for the calls of a fixture, overlaps among them."""
        machine = self.machine
        result: list[Step] = []
        for call in self.calls(fixture, state, one_value=one_value):
            result += machine.steps(state, call)
            for other in machine.contract.fixtures[fixture].calls:
                result += machine.overlap_steps(state, call, other)
        return result

    def explore(self, fixture: str, choices: Mapping[str, str] | None = None, *, one_value: bool = False) -> Automaton:
        """The automaton of a fixture: for every resolution of the choices at once, or for the `choices` given.

        With `one_value`, calls that differ in nothing but the value of a datum count as one: enough for pictures.
        Raises ContractError where a cell that is reached has no row, or several.
        """
        initial = self.machine.fixture(fixture)
        steps: dict[State, tuple[Step, ...]] = {}
        search = Search[State, Step]([initial])
        for state in search:
            here = self.permitted(fixture, state, one_value=one_value)
            if choices is not None:
                here = [step for step in here if all(choices[choice] in values for choice, values in step.when)]
            steps[state] = tuple(here)
            for step in here:
                search.found(state, step, step.after)
        return Automaton(fixture, initial, steps, search.parents)

    def explore_all(self, choices: Mapping[str, str] | None = None, *, one_value: bool = False) -> dict[str, Automaton]:
        """The automaton of every fixture, by the fixture's name."""
        fixtures = self.machine.contract.fixtures
        return {fixture: self.explore(fixture, choices, one_value=one_value) for fixture in fixtures}


def explore(
    machine: Machine, fixture: str, choices: Mapping[str, str] | None = None, *, one_value: bool = False
) -> Automaton:
    """The automaton of one fixture; see `Unfolding.explore`."""
    return Unfolding(machine).explore(fixture, choices, one_value=one_value)
