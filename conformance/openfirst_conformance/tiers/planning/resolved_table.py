"""The resolved table of one fixture: what the implementation should do next, one call a class, as a deterministic machine.

A call is known by a number: an operation with a class for each of its parameters. Its values are chosen where it is made,
such that none is what the client holds already, or held before: what is kept too long, or mixed up, then shows.
"""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterable, Mapping
from functools import cached_property
from typing import Any

from openfirst_conformance.cases.case import Case, Planned
from openfirst_conformance.driving.subject import Subject
from openfirst_conformance.tiers.planning.hsi import Walk, Word, cover, separating
from openfirst_conformance.tiers.planning.resolution import Resolution
from openfirst_reference.contract.findings import ContractError
from openfirst_reference.contract.model import ANY_ERROR, OF_SERVICE
from openfirst_reference.machine.machine import observed
from openfirst_reference.machine.search import refined
from openfirst_reference.machine.step import Call, State, Step

Letter = tuple[str, tuple[tuple[str, str], ...]]
_PAIRS = 60


def tables_of(subject: Subject) -> list[Table]:
    """The table of every fixture that can be tried."""
    tables = [Table(subject, fixture) for fixture in subject.driver.fixtures]
    return [table for table in tables if table.worthwhile]


class Table:
    """The states and calls of a fixture, as far as the implementation can be asked to make them."""

    def __init__(self, subject: Subject, fixture: str) -> None:
        self.subject, self.fixture = subject, fixture
        self.resolution = Resolution(subject.oracle, subject.known)
        self.machine = subject.oracle.machine
        self.contract = self.machine.contract
        driver = subject.driver
        stated = self.contract.fixtures[fixture].calls
        self.operations = {name: varied for name, varied in stated.items() if driver.lacks(name) is None}
        self.initial = self.machine.fixture(fixture)
        self.letters: list[Letter] = []
        self._numbers: dict[Letter, int] = {}
        self._inputs: dict[tuple[Hashable, bool], list[int]] = {}
        self._calls: dict[tuple[State, int], Call] = {}
        self._steps: dict[tuple[State, int], list[Step]] = {}
        self._elsewhere: dict[tuple[State, Call], list[Step]] = {}
        self._identifying: dict[Hashable, list[Word]] = {}
        self._words: list[Word] = []
        self._apart: dict[frozenset[Hashable], Word | None] = {}
        self._rich = [self._number(letter) for letter in self._richest()]
        self.classes = Walk(self.initial, self.inputs, self.step)
        self.leaves = Walk(self.initial, self.leaf_inputs, self.step)
        ways = Walk(self.initial, self.rich_inputs, self.step)
        self.ways: dict[Hashable, Word] = cover(ways, self.machine.outline)
        own = [case for case in subject.settings.scenarios if list(case.clients.values()) == [fixture]]
        self.scenarios = [self._word(case) for case in own]
        self.told: dict[tuple[str, ...], bool] = {}

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
        return len({tuple(state[index] for index in indices) for state in self._reached}) > 1

    @cached_property
    def choices(self) -> frozenset[str]:
        """The choices that decide what a call comes to, somewhere."""
        return frozenset(
            choice
            for state in self._reached
            for number in self.leaf_inputs(state)
            for step in self.machine.steps(state, self._calls[state, number])
            for choice, _ in step.when
        )

    def rows_met(self) -> Hashable:
        """The rows that are met at the start, by call."""
        return tuple((self.letters[number], self._met(self.initial, number)) for number in self.inputs(self.initial))

    # Calls ------------------------------------------------------------------------------------------------------------

    def inputs(self, state: State) -> list[int]:
        """The calls to try in a state: each parameter varied alone, one class of each group."""
        return self._alphabet(state, leaves=False)

    def leaf_inputs(self, state: State) -> list[int]:
        """The same, with every class of each group."""
        return self._alphabet(state, leaves=True)

    def rich_inputs(self, state: State) -> list[int]:
        """The calls that give the most, and then the others."""
        return [*self._possible(state, self._rich), *self.inputs(state)]

    def leaves_of(self, operations: Container[str]) -> Walk[State]:
        """The walk with every class of each group, through calls of these operations alone."""

        def inputs(state: State) -> list[int]:
            return [number for number in self.leaf_inputs(state) if self.letters[number][0] in operations]

        return Walk(self.initial, inputs, self.step)

    def _alphabet(self, state: State, *, leaves: bool) -> list[int]:
        key = (self.machine.outline(state), leaves)
        known = self._inputs.get(key)
        if known is None:
            calls = self.machine.alphabet(self.operations, state, leaves=leaves)
            letters = dict.fromkeys((call.operation, tuple(call.leaves.items())) for call in calls)
            known = self._inputs[key] = self._possible(state, [self._number(letter) for letter in letters])
        return known

    def _possible(self, state: State, numbers: Iterable[int]) -> list[int]:
        result = []
        for number in numbers:
            operation, leaves = self.letters[number]
            call = self.call(state, number)
            fits = call is not None and tuple(call.leaves.items()) == leaves
            if call is not None and fits and self.subject.driver.permits(operation, call.arguments):
                result.append(number)
        return result

    def _number(self, letter: Letter) -> int:
        if letter not in self._numbers:
            self._numbers[letter] = len(self.letters)
            self.letters.append(letter)
        return self._numbers[letter]

    def call(self, state: State, number: int) -> Call | None:
        """The call with this number, with values that are new in this state. None: its classes have no values here."""
        key = (state, number)
        known = self._calls.get(key)
        if known is None:
            operation, leaves = self.letters[number]
            values = {name: self._value(operation, name, leaf, state) for name, leaf in leaves}
            try:
                known = self.machine.call(operation, self.machine.arguments(operation, values), state)
            except ValueError:
                return None
            self._calls[key] = known
        return known

    def _value(self, operation: str, parameter: str, name: str, state: State) -> Any:
        leaf = next(item for item in self.contract.classes[operation, parameter].leaves if item.name == name)
        if not leaf.examples:
            return None
        index = self.machine.index.get(parameter)
        if index is None:
            return leaf.examples[0]
        return min(leaf.examples, key=lambda value: (value == state[index], value in state))

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
        number = self._number(letter)
        if not self._possible(self.initial, [number]):
            return False
        steps = self.steps(self.initial, number)
        return bool(steps) and all(not step.is_error and step.after != step.before for step in steps)

    # Steps ------------------------------------------------------------------------------------------------------------

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

    def case(self, name: str, title: str, word: Word, turn: int = 0) -> Case:
        """The case that makes these calls. `turn` says which method stands for its class: each has its turn."""
        state = self.initial
        calls: list[Planned] = []
        for number in word:
            call = self.call(state, number)
            if call is not None:
                calls.append(Planned("a", call.operation, self._in_turn(call, turn + len(calls))))
                state = self.step(state, number)
        return Case(name, title, {"a": self.fixture}, tuple(calls))

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
            methods.setdefault(method.kind, []).append(name)
        return methods

    def _word(self, case: Case) -> Word:
        """The calls of a case, by their classes."""
        word: list[int] = []
        state = self.initial
        for planned in case.calls:
            call = self.machine.call(planned.operation, planned.arguments, state)
            word.append(self._number((call.operation, tuple(call.leaves.items()))))
            state = self.step(state, word[-1])
        return tuple(word)

    # Kinds of states --------------------------------------------------------------------------------------------------

    @cached_property
    def kinds(self) -> dict[Hashable, Word]:
        """A way to each kind of state: two are of one kind if every sequence of calls meets the same rows and rules in both."""
        states = {outline: self.classes.after(word) for outline, word in self.ways.items()}
        met = {
            outline: {
                number: (self._met(state, number), self.machine.outline(self.step(state, number)))
                for number in self.inputs(state)
            }
            for outline, state in states.items()
        }

        def signature(outline: Hashable, kind: Mapping[Hashable, int]) -> Hashable:
            return tuple((number, rows, kind[there]) for number, (rows, there) in met[outline].items())

        first: dict[int, Hashable] = {}
        for outline, number in refined(states, signature).items():
            first.setdefault(number, outline)
        return {outline: self.ways[outline] for outline in first.values()}

    def _met(self, state: State, number: int) -> Hashable:
        return tuple((step.row.id, step.index, *self.machine.carried(step)) for step in self.steps(state, number))

    def looking(self, word: Word, begun: int) -> Word:
        """The sequence with a look at an identity in its first `begun` calls, if it ends with one.

        Whatever an identity is, it may be at first sight: that it has changed shows at the second.
        """
        states = [self.initial]
        for number in word:
            states.append(self.step(states[-1], number))
        if len(word) < begun + 2 or self._look(states[-2]) != word[-1]:
            return word
        looks = ((place, self._look(states[place])) for place in range(begun, -1, -1))
        place, look = next(((place, look) for place, look in looks if look is not None), (0, None))
        return word if look is None else (*word[:place], look, *word[place:])

    def _look(self, state: State) -> int | None:
        """A call that changes nothing and shows an identity that the state holds."""
        for number in self.inputs(state):
            shown = [step.answer.fields.values() if step.answer else () for step in self.steps(state, number)[:1]]
            if self.contract.operations[self.letters[number][0]].pure and any(
                isinstance(state[self.machine.index[name]], tuple) for names in shown for name in names
            ):
                return number
        return None

    # Identification ---------------------------------------------------------------------------------------------------

    def identify(self, state: State) -> list[Word]:
        """Sequences that tell a state from every other kind, and from every state that differs in one variable alone."""
        outline = self.machine.outline(state)
        known = self._identifying.get(outline)
        if known is None:
            words: dict[Word, None] = {}
            others = list(self._others(state))
            told = [self._tell(state, other) for _, other in others]
            words = {word: None for word in told if word is not None}
            for (name, other), word in zip(others, told, strict=True):
                may = word or self._may_tell(state, other, words)
                if may is not None:
                    words[may] = None
                if name is not None:
                    index = self.machine.index[name]
                    pair = (name, *sorted((str(state[index]), str(other[index]))))
                    self.told[pair] = self.told.get(pair, False) or may is not None
            known = self._identifying[outline] = _longest(words)
        return known

    def _others(self, state: State) -> Iterable[tuple[str | None, State]]:
        """The states that it must be told from; with the name of the variable where one alone differs."""
        for name, variable in self.contract.variables.items():
            index = self.machine.index[name]
            values = dict.fromkeys(other[index] for other in self._reached)
            if variable.values and not variable.world:
                values = dict.fromkeys(variable.values)
            for value in values:
                if value != state[index] and len(values) > 1:
                    yield name if variable.is_enumeration else None, self.machine.having(state, **{name: value})  # type: ignore[arg-type]
        yield from ((None, self.classes.after(word)) for word in self.kinds.values())

    @cached_property
    def _reached(self) -> list[State]:
        return [self.classes.after(word) for word in self.ways.values()]

    def _tell(self, one: State, other: State) -> Word | None:
        """A sequence that tells two states apart; for each pair the same, and one that is in use already if there is one."""
        if one == other:
            return None
        key = frozenset([one, other])
        if key not in self._apart:
            pair = (one, other) if repr(one) <= repr(other) else (other, one)
            word = next((known for known in self._words if self._differs(pair, known)), None)
            try:
                word = word or separating(pair, self._separators, self._both, self._differ, _PAIRS)
            except ContractError:
                word = None
            if word is not None and word not in self._words:
                self._words.append(word)
            self._apart[key] = word
        return self._apart[key]

    @cached_property
    def _separators(self) -> list[int]:
        """Calls in the order in which they are tried to tell states apart: first those that change nothing, and tell most."""
        operations = self.contract.operations

        def told(number: int) -> tuple[bool, int]:
            shown = {self._shown(state, number) for state in self._reached}
            return not operations[self.letters[number][0]].pure, -len(shown)

        return sorted(dict.fromkeys(number for state in self._reached for number in self.inputs(state)), key=told)

    def _shown(self, state: State, number: int) -> Hashable:
        return frozenset(observed(self.machine, step) for step in self.steps(state, number))

    def _may_tell(self, state: State, other: State, words: Iterable[Word]) -> Word | None:
        """A call that in the other state may be answered as it must not be in this one; one of `words` if it does."""
        for number in [*(word[0] for word in words if len(word) == 1), *self._separators]:
            try:
                own, wrong = self._resolved_in_both((state, other), number)
            except ContractError:
                continue
            if any(not any(self._alike(step, one) for one in own) for step in wrong):
                return (number,)
        return None

    def _alike(self, one: Step, other: Step) -> bool:
        """Whether two steps may come to the same as far as the contract compares it."""
        if one.answer is not None and other.answer is not None:
            return (
                one.answer.ignore or other.answer.ignore or observed(self.machine, one) == observed(self.machine, other)
            )
        if one.is_error and other.is_error:
            return one.code == other.code or bool({one.code, other.code} & {ANY_ERROR, OF_SERVICE})
        return False

    def _differs(self, pair: tuple[State, State], word: Word) -> bool:
        for number in word:
            try:
                if self._differ(pair, number):
                    return True
                pair = self._both(pair, number)
            except ContractError:
                return False
        return False

    def _resolved_in_both(self, pair: tuple[State, State], number: int) -> tuple[list[Step], list[Step]]:
        call = self.call(pair[0], number)
        return (self._made(pair[0], call), self._made(pair[1], call)) if call else ([], [])

    def _made(self, state: State, call: Call) -> list[Step]:
        """What a call that was chosen for one state may come to in another."""
        known = self._elsewhere.get((state, call))
        if known is None:
            again = self.machine.call(call.operation, call.arguments, state)
            known = self._elsewhere[state, call] = self.resolution.steps(state, again)
        return known

    def _differ(self, pair: tuple[State, State], number: int) -> bool:
        left, right = self._resolved_in_both(pair, number)
        return bool(left and right) and not any(self._alike(one, other) for one in left for other in right)

    def _both(self, pair: tuple[State, State], number: int) -> tuple[State, State]:
        left, right = self._resolved_in_both(pair, number)
        if len(left) != 1 or len(right) != 1:
            return (pair[0], pair[0])  # What they do is not certain: this way tells nothing.
        return (left[0].after, right[0].after)


def _longest(words: Iterable[Word]) -> list[Word]:
    """The words without those that another begins with."""
    every = list(words)
    return [word for word in every if not any(other != word and other[: len(word)] == word for other in every)]
