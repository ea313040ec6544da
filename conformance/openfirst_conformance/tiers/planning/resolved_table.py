"""The resolved table of one fixture: what the implementation should do next, one call a class, as a deterministic machine.

A call is known by the number of its letter: an operation with a class for each of its parameters.
"""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterator, Mapping
from functools import cached_property, partial
from typing import Any

from openfirst_conformance.cases.case import Case, Planned
from openfirst_conformance.driving.subject import Subject
from openfirst_conformance.tiers.planning.hsi import Walk, Word, cover
from openfirst_conformance.tiers.planning.letters import Letter, Letters
from openfirst_conformance.tiers.planning.resolution import Resolution
from openfirst_reference.machine.step import Call, State, Step


def tables_of(subject: Subject) -> Iterator[Table]:
    """The table of every fixture that can be tried, each made when it is asked for, and once for all tiers."""
    resolution = subject.once(Resolution, lambda: Resolution(subject.oracle, subject.known))
    for fixture in subject.driver.fixtures:
        # What can be brought about in it depends on whether the implementation was seen to talk to our platform.
        name = (Table, fixture, subject.driver.platform_used)
        table = subject.once(name, partial(Table, subject, fixture, resolution))
        if table.worthwhile:
            yield table


class Table:
    """The states and calls of a fixture, as far as the implementation can be asked to make them."""

    def __init__(self, subject: Subject, fixture: str, resolution: Resolution) -> None:
        self.subject, self.fixture, self.resolution = subject, fixture, resolution
        self.machine = subject.oracle.machine
        self.contract = self.machine.contract
        driver = subject.driver
        stated = self.contract.fixtures[fixture].calls
        self.operations = {name: varied for name, varied in stated.items() if driver.lacks(name) is None}
        self.initial = self.machine.fixture(fixture)
        self.letters = Letters(self.machine, self.operations, driver.permits)
        self._steps: dict[tuple[State, int], list[Step]] = {}
        self._rich = [self.letters.number(letter) for letter in self._richest()]
        self.classes = Walk(self.initial, self.inputs, self.step)
        self.leaves = Walk(self.initial, self.leaf_inputs, self.step)
        ways = Walk(self.initial, self.rich_inputs, self.step)
        self.ways: dict[Hashable, Word] = cover(ways, self.machine.outline)
        own = [case for case in subject.settings.scenarios if list(case.clients.values()) == [fixture]]
        self.scenarios = [self._word(case) for case in own if driver.applies(case)]

    @property
    def worthwhile(self) -> bool:
        """Whether the fixture can be tried: a client can be asked something, and what the world should do can be brought about."""
        operations = self.contract.operations
        stated = self.contract.fixtures[self.fixture].calls
        worldly = [name for name in stated if operations[name].by_world]
        able = any(name in self.operations for name in stated if name not in worldly)
        return able and (not worldly or any(name in self.operations for name in worldly))

    @property
    def moves_the_world(self) -> bool:
        """Whether the world acts in the course of a case, or its variables change."""
        if any(self.contract.operations[name].by_world for name in self.contract.fixtures[self.fixture].calls):
            return True
        indices = [self.machine.index[name] for name, variable in self.contract.variables.items() if variable.world]
        return len({tuple(state[index] for index in indices) for state in self.reached}) > 1

    @cached_property
    def choices(self) -> frozenset[str]:
        """The choices that decide what a call comes to, somewhere."""
        return frozenset(
            choice
            for state in self.reached
            for number in self.leaf_inputs(state)
            for call in [self.call(state, number)]
            for step in (self.machine.steps(state, call) if call else ())
            for choice, _ in step.when
        )

    def rows_met(self) -> Hashable:
        """The rows that are met at the start, by call."""
        return tuple((self.letters[number], self.met(self.initial, number)) for number in self.inputs(self.initial))

    def inputs(self, state: State) -> list[int]:
        """The calls to try in a state: each parameter varied alone, one class of each group."""
        return self.letters.alphabet(state, leaves=False)

    def leaf_inputs(self, state: State) -> list[int]:
        """The same, with every class of each group."""
        return self.letters.alphabet(state, leaves=True)

    def rich_inputs(self, state: State) -> list[int]:
        """The calls that give the most, and then the others."""
        return [*self.letters.possible(state, self._rich), *self.inputs(state)]

    def leaves_of(self, operations: Container[str]) -> Walk[State]:
        """The walk with every class of each group, through calls of these operations alone."""

        def inputs(state: State) -> list[int]:
            return [number for number in self.leaf_inputs(state) if self.letters[number][0] in operations]

        return Walk(self.initial, inputs, self.step)

    def _richest(self) -> list[Letter]:
        """For each operation the call that gives most: every parameter given that does not spoil the call."""
        richest: list[Letter] = []
        for operation in self.operations:
            parameters = self.contract.operations[operation].parameters
            calls = self.machine.alphabet({operation: None}, self.initial)
            given: dict[str, str] | None = None
            for call in calls:
                for more in (
                    [call.leaves]
                    if given is None
                    else [{**given, **self.contract.given_leaves(call.operation, call.leaves)}]
                ):
                    if len(parameters) > 1 and self._changes((operation, tuple(more.items()))):
                        given = dict(more)
            if given is not None:
                richest.append((operation, tuple(given.items())))
        return richest

    def _changes(self, letter: Letter) -> bool:
        """Whether a call is accepted at the start and leaves something new."""
        number = self.letters.number(letter)
        if not self.letters.possible(self.initial, [number]):
            return False
        steps = self.steps(self.initial, number)
        return bool(steps) and all(not step.is_error and step.after != step.before for step in steps)

    def call(self, state: State, number: int) -> Call | None:
        """The call with this number, with values that are new in this state. None: its classes have no values here."""
        return self.letters.call(state, number)

    def steps(self, state: State, number: int) -> list[Step]:
        """All that the implementation may do for a call."""
        key = (state, number)
        known = self._steps.get(key)
        if known is None:
            call = self.call(state, number)
            known = self._steps[key] = self.resolution.steps(state, call) if call else []
        return known

    def step(self, state: State, number: int) -> State:
        """The state after a call; where several are possible, the one named first."""
        steps = self.steps(state, number)
        return steps[0].after if steps else state

    def met(self, state: State, number: int) -> Hashable:
        """The rows that a call may meet in a state, with the rules that they carry."""
        return tuple((step.row.id, step.index, *self.machine.carried(step)) for step in self.steps(state, number))

    @cached_property
    def reached(self) -> list[State]:
        """The states that calls lead to, one of each outline."""
        return [self.classes.after(word) for word in self.ways.values()]

    def case(self, name: str, title: str, word: Word, turn: int = 0) -> Case:
        """The case that makes these calls. `turn` says which method stands for its class: each has its turn."""
        return Case(name, title, {"a": self.fixture}, tuple(self.planned(self.initial, word, turn)))

    def planned(self, state: State, word: Word, turn: int = 0) -> list[Planned]:
        """The calls, made from a state on."""
        calls: list[Planned] = []
        for number in word:
            call = self.call(state, number)
            if call is not None:
                calls.append(Planned("a", call.operation, self._in_turn(call, turn + len(calls))))
                state = self.step(state, number)
        return calls

    def _in_turn(self, call: Call, turn: int) -> Mapping[str, Any]:
        """The call's arguments, with another method of a service of the same class where there is one."""
        for parameter, leaf in call.leaves.items():
            if self.contract.classes[call.operation, parameter].source == "services":
                methods = self._methods[leaf]
                return self.machine.arguments(call.operation, {**call.given, parameter: methods[turn % len(methods)]})
        return call.arguments

    @cached_property
    def _methods(self) -> dict[str, list[str]]:
        methods: dict[str, list[str]] = {}
        for name, method in self.contract.methods.items():
            if self.subject.driver.has(name):
                methods.setdefault(method.kind, []).append(name)
        return methods

    def _word(self, case: Case) -> Word:
        """The calls of a case, by their classes."""
        word: list[int] = []
        state = self.initial
        for planned in case.calls:
            call = self.machine.call(planned.operation, planned.arguments, state)
            word.append(self.letters.number((call.operation, tuple(call.leaves.items()))))
            state = self.step(state, word[-1])
        return tuple(word)
