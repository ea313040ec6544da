"""Letters: the calls that can be made of an implementation, one a class, each with a number and with values that fit a state.

A call's values are chosen where it is made, such that none is what the client holds already, or held before: what is kept too
long, or mixed up, then shows.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any

from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.step import Call, State

Letter = tuple[str, tuple[tuple[str, str], ...]]
"""An operation with a class for each of its parameters."""


class Letters:
    """The letters of some operations, with the parameters that are varied; `permits` tells which arguments can be given."""

    def __init__(
        self,
        machine: Machine,
        operations: Mapping[str, tuple[str, ...] | None],
        permits: Callable[[str, Mapping[str, Any]], bool],
    ) -> None:
        self._machine, self._operations, self._permits = machine, operations, permits
        self._letters: list[Letter] = []
        self._numbers: dict[Letter, int] = {}
        self._alphabets: dict[tuple[Hashable, bool], list[int]] = {}
        self._calls: dict[tuple[State, int], Call] = {}
        self._made: dict[tuple[int, tuple[int | None, ...]], Call] = {}
        self._plain: dict[tuple[str, str, str], int] = {}
        self._examples = {
            (operation, parameter, leaf.name): leaf.examples
            for (operation, parameter), classes in machine.contract.classes.items()
            for leaf in classes.leaves
        }

    def __getitem__(self, number: int) -> Letter:
        return self._letters[number]

    def number(self, letter: Letter) -> int:
        """The number of a letter, the same each time."""
        if letter not in self._numbers:
            self._numbers[letter] = len(self._letters)
            self._letters.append(letter)
        return self._numbers[letter]

    def alphabet(self, state: State, *, leaves: bool) -> list[int]:
        """The letters to try in a state: each parameter varied alone, one class of each group or (`leaves`) every one.

        Null for an argument that must be given is tried with the latter alone, which is less often.
        """
        key = (self._machine.outline(state), leaves)
        known = self._alphabets.get(key)
        if known is None:
            calls = self._machine.alphabet(self._operations, state, leaves=leaves)
            calls = [call for call in calls if leaves or not self._is_null(call)]
            letters = dict.fromkeys((call.operation, tuple(call.leaves.items())) for call in calls)
            known = self._alphabets[key] = self.possible(state, [self.number(letter) for letter in letters])
        return known

    def _is_null(self, call: Call) -> bool:
        stated = self._machine.contract.operations[call.operation]
        return any(call.given[name] is None for name in stated.parameters if stated.takes_null(name))

    def possible(self, state: State, numbers: Iterable[int]) -> list[int]:
        """Those of the letters that have values in a state, and can be given."""
        result = []
        for number in numbers:
            operation, leaves = self._letters[number]
            call = self.call(state, number)
            fits = call is not None and tuple(call.leaves.items()) == leaves
            if call is not None and fits and self._permits(operation, call.arguments):
                result.append(number)
        return result

    def call(self, state: State, number: int) -> Call | None:
        """The call with this number, with values that are new in this state. None: its classes have no values here."""
        key = (state, number)
        known = self._calls.get(key)
        if known is None:
            operation, leaves = self._letters[number]
            places = tuple([self._place(operation, name, leaf, state) for name, leaf in leaves])
            made = self._made.get((number, places))
            try:
                if made is not None:
                    known = self._machine.again(made, state)
                else:
                    examples = [self._examples[operation, name, leaf] for name, leaf in leaves]
                    chosen = [None if at is None else of[at] for of, at in zip(examples, places, strict=True)]
                    values = dict(zip(dict(leaves), chosen, strict=True))
                    known = self._machine.call(operation, self._machine.arguments(operation, values), state)
                    self._made[number, places] = known
            except ValueError:
                return None
            self._calls[key] = known
        return known

    def _place(self, operation: str, parameter: str, name: str, state: State) -> int | None:
        """Which of a leaf's examples is given; None where it has none."""
        examples = self._examples[operation, parameter, name]
        if not examples:
            return None
        index = self._machine.index.get(parameter)
        if index is None:
            key = (operation, parameter, name)
            if key not in self._plain:
                self._plain[key] = self._one_that_can_be_given(operation, parameter, examples)
            return self._plain[key]
        return min(range(len(examples)), key=lambda at: (examples[at] == state[index], examples[at] in state))

    def _one_that_can_be_given(self, operation: str, parameter: str, examples: Sequence[Any]) -> int:
        """The first example that the implementation permits by itself; the first of all where it permits none."""
        arguments = (self._machine.arguments(operation, {parameter: value}) for value in examples)
        return next((place for place, given in enumerate(arguments) if self._permits(operation, given)), 0)
