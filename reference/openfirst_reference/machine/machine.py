"""The machine: what the table permits in a state. Pure: no I/O, no clock, no randomness, and no operation known by name.

Rule 1: whatever it knows of a call, it has read in the contract.
Rule 2: it does not know who asks. The simulator, the tracker, the proof and the pictures all read the table through
`Machine.steps`. With real values that is the concrete reading; with two representative values for each datum
(`Machine.alphabet`) the same table unfolds into a finite automaton, which is the abstract reading.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

from msgspec import structs

from openfirst_reference.contract.document import word
from openfirst_reference.contract.findings import ContractError, Mistake
from openfirst_reference.contract.forms import Carry, Guard
from openfirst_reference.contract.model import ANY_ERROR, OF_SERVICE, Alternative, Answer, Contract, Overlap, Row
from openfirst_reference.contract.references import known_errors
from openfirst_reference.machine.calls import Calls
from openfirst_reference.machine.credential import Credentials
from openfirst_reference.machine.step import Call, Identity, State, Step, Value, Variant
from openfirst_reference.machine.wire import Wire

_MEMORY = 100_000


When = tuple[tuple[str, frozenset[str]], ...]


class _Alternative(NamedTuple):
    """An alternative of a row, under the choices by which a call is read as it is."""

    row: Row
    number: int
    alternative: Alternative
    when: When
    answer: Answer | None


class Machine:
    """The contract's table, ready to be read."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.credentials = Credentials(contract)
        self.wire = Wire(contract)
        self.names = tuple(contract.variables)
        self.index = {name: position for position, name in enumerate(self.names)}
        self._initial: State = tuple(variable.initial for variable in contract.variables.values())
        self._identities = [
            (name, self.index[name], self.index[item.owner]) for name, item in contract.variables.items() if item.owner
        ]
        self._rows_of: dict[str, list[Row]] = {name: [] for name in contract.operations}
        for row in contract.rows.values():
            self._rows_of[row.call].append(_with_group_values(row, contract))
        self._overlaps: dict[tuple[str, str], list[Overlap]] = defaultdict(list)
        for overlap in contract.overlaps.values():
            self._overlaps[overlap.call, overlap.other].append(overlap)
        self._guards = {
            name: tuple(dict.fromkeys(variable for row in rows for variable in row.inside))
            for name, rows in self._rows_of.items()
        }
        self._guards_at = {name: tuple(self.index[item] for item in names) for name, names in self._guards.items()}
        self._parameters = {
            name: tuple(dict.fromkeys(parameter for row in rows for parameter in row.given))
            for name, rows in self._rows_of.items()
        }
        self._own_codes = {
            name: frozenset(
                code for row in rows for item in row.may for code in self._codes(item) if code in contract.errors
            )
            for name, rows in self._rows_of.items()
        }
        self._values = {choice.id: frozenset(choice.values) for choice in contract.choices.values()}
        self._calls = Calls(contract, self.wire)
        self._asked_at = {name: self._asked_of(name) for name in contract.operations}
        in_classes = {name for names in self._calls.seen_by.values() for name in names}
        self._outlined = self._parts_of_a_state(in_classes)
        self._outlined_for = {name: self._parts_of_a_state(self._calls.seen_by[name]) for name in contract.operations}
        self._table: dict[tuple[Any, ...], Row] = {}
        self._ready: dict[tuple[Any, ...], tuple[_Alternative, ...]] = {}
        self._steps: dict[tuple[State, Call], tuple[Step, ...]] = {}
        self._effects: dict[str, Callable[[State, Variant], State]] = {}

    # States ---------------------------------------------------------------------------------------------------------

    def state(self, values: Mapping[str, str | None] | None = None) -> State:
        """The initial state of a client, with `values` for some variables.

        Raises KeyError for what is no variable, and Mistake for what is no value of it.
        """
        return self._with(self._initial, values or {})

    def fixture(self, name: str) -> State:
        """The state that a fixture starts in. Raises KeyError for a fixture that the contract does not have."""
        return self.state(self.contract.fixtures[name].set)

    def view(self, state: State) -> dict[str, Value]:
        """The state as a map from variable to value."""
        return dict(zip(self.names, state, strict=True))

    def outline(self, state: State) -> State:
        """The part of a state that decides which rows a call meets: what rows and classes ask for."""
        return self._outlined(state)

    def outline_for(self, operation: str, state: State) -> State:
        """The part of a state that decides which rows calls of this operation meet."""
        return self._outlined_for[operation](state)

    def _parts_of_a_state(self, seen: Collection[str]) -> Callable[[State], State]:
        """What picks the enumerations out of a state, and the variables `seen`."""
        variables = self.contract.variables
        return _picked([self.index[name] for name in variables if variables[name].values or name in seen])

    def having(self, state: State, **values: str | None) -> State:
        """The state with other values for some variables: how the world's own changes come in.

        Raises KeyError for what is no variable, and Mistake for what is no value of it.
        """
        return self._with(state, values)

    def asked(self, operation: str, state: State) -> State:
        """The part of a state that decides what a call of the operation comes to: two that have it in common, answer alike."""
        return self._asked_at[operation](state)

    def _asked_of(self, operation: str) -> Callable[[State], State]:
        """The variables that rows and classes of an operation ask for, that its errors and answers show, or its effects copy."""
        asked = {*self._guards[operation], *self._calls.seen_by[operation]}
        for item in (item for row in self._rows_of[operation] for item in row.may):
            changes = self.contract.changes(item.effect)
            owners = (self.contract.variables[name].owner for name in changes)
            fields = self.contract.answers[item.answer].fields.values() if item.answer else ()
            asked.update(item.inside, fields, changes.values(), [item.error or "", *(owner or "" for owner in owners)])
        return _picked([position for name, position in self.index.items() if name in asked])

    def value(self, state: State, variable: str) -> Value:
        """What a variable is in a state. Raises KeyError for what is no variable."""
        return state[self.index[variable]]

    def _with(self, state: State, values: Mapping[str, str | None]) -> State:
        result = list(state)
        for name, value in values.items():
            if name not in self.index:
                raise KeyError(f"The contract has no variable `{name}`. Variables: {', '.join(self.names)}.")
            known = self.contract.variables[name].values
            if known and value not in known:
                raise Mistake(f"`{value}` is not a value of `{name}`. Values: {', '.join(known)}.")
            result[self.index[name]] = value
        return tuple(result)

    # Calls ----------------------------------------------------------------------------------------------------------

    def call(self, operation: str, arguments: Mapping[str, Any], state: State) -> Call:
        """Classify a call made in `state`. Raises ValueError where a value belongs to no class, or there is no such operation."""
        return self._calls.call(operation, arguments, state)

    def again(self, call: Call, state: State) -> Call:
        """The same call, made in another state; see `Calls.again`."""
        return self._calls.again(call, state)

    def alphabet(
        self, operations: Mapping[str, tuple[str, ...] | None], state: State, *, leaves: bool = False
    ) -> list[Call]:
        """Representative calls in `state`; see `Calls.alphabet`."""
        return self._calls.alphabet(operations, state, leaves=leaves)

    def arguments(self, operation: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments that carry these parameters; see `Calls.arguments`."""
        return self._calls.arguments(operation, values)

    # Steps ----------------------------------------------------------------------------------------------------------

    def steps(self, state: State, call: Call) -> tuple[Step, ...]:
        """All that the table permits for `call` in `state`, whatever the choices are."""
        key = (state, call)
        known = self._steps.get(key)
        if known is None:
            if len(self._steps) >= _MEMORY:
                self._steps.clear()
            known = self._steps[key] = tuple(self._compute(state, call))
        return known

    def resolved(self, state: State, call: Call, choices: Mapping[str, str]) -> tuple[Step, ...]:
        """What the table permits when every choice has the value given."""
        return tuple(
            step for step in self.steps(state, call) if all(choices[choice] in values for choice, values in step.when)
        )

    def row(self, state: State, call: Call, variant: Variant) -> Row:
        """The one row for this cell. Raises ContractError where the table has none, or several."""
        operation, key = call.operation, self._key(state, call, variant)
        known = self._table.get(key)
        if known is None:
            matching = [row for row in self._rows_of[operation] if self._matches(row, state, call, variant)]
            if len(matching) != 1:
                raise ContractError([self._bad_cell(operation, state, call, variant, matching)])
            known = self._table[key] = matching[0]
        return known

    def _key(self, state: State, call: Call, variant: Variant) -> tuple[Any, ...]:
        """All that decides which row is the cell's."""
        operation = call.operation
        return (
            operation,
            *[state[position] for position in self._guards_at[operation]],
            *[(call.leaves[name], variant.groups[name]) for name in self._parameters[operation]],
        )

    def rows(self, operation: str) -> list[Row]:
        """The rows of an operation, with groups of a variable's values written out."""
        return self._rows_of[operation]

    def matching(self, state: State, call: Call, variant: Variant) -> list[Row]:
        """The rows for this cell, however many: what lint asks."""
        return [row for row in self._rows_of[call.operation] if self._matches(row, state, call, variant)]

    def _matches(self, row: Row, state: State, call: Call, variant: Variant) -> bool:
        return self._within(state, row.inside) and all(
            call.leaves[name] in values or variant.groups[name] in values for name, values in row.given.items()
        )

    def _within(self, state: State, guard: Guard) -> bool:
        return all(state[self.index[name]] in values for name, values in guard.items())

    def _bad_cell(self, operation: str, state: State, call: Call, variant: Variant, rows: Sequence[Row]) -> Any:
        cell = self.cell(operation, state, call, variant)
        document = self.contract.document
        if rows:
            names = ", ".join(f"`{row.id}`" for row in rows)
            return document.finding(
                ("transitions", rows[-1].id),
                f"These rows overlap: {names}, where {cell}.",
                "Narrow the guard (`in`, `with`) of one of them.",
                "overlap",
            )
        return document.finding(
            ("operations", operation),
            f"No row says what `{operation}` may do where {cell}.",
            "Add a row, or widen a guard.",
            "gap",
        )

    def cell(self, operation: str, state: State, call: Call, variant: Variant) -> str:
        """A cell of the table in words: the variables and parameters that rows of the operation ask for."""
        parts = [f"{name} is {state[self.index[name]]}" for name in self._guards[operation]]
        parts += [f"{name} is {variant.groups[name]}" for name in self._parameters[operation]]
        return ", ".join(parts) or "nothing is asked"

    def guards(self, operation: str) -> tuple[str, ...]:
        """The variables that rows of the operation ask for."""
        return self._guards[operation]

    def compared(self, operation: str) -> tuple[str, ...]:
        """The variables with which the classes of the operation's parameters compare what is given."""
        return self._calls.seen_by[operation]

    def permitted(self, state: State, call: Call, choices: Mapping[str, str]) -> Iterator[Step]:
        """The same as `resolved`, one after another, for whoever needs the first alone; nothing of it is remembered."""
        for variant in call.variants:
            for item in self._alternatives(state, call, variant):
                if all(choices[choice] in values for choice, values in item.when):
                    step = self._step(state, call, variant, item)
                    if step is not None:
                        yield step

    def _compute(self, state: State, call: Call) -> Iterable[Step]:
        for variant in call.variants:
            for item in self._alternatives(state, call, variant):
                step = self._step(state, call, variant, item)
                if step is not None:
                    yield step

    def _alternatives(self, state: State, call: Call, variant: Variant) -> tuple[_Alternative, ...]:
        """The alternatives of the cell's row that some resolution of the choices permits."""
        key = (*self._key(state, call, variant), variant.when)
        known = self._ready.get(key)
        if known is None:
            row = self.row(state, call, variant)
            answers = self.contract.answers
            merged = ((index, item, self._merged_when(variant.when, item.when)) for index, item in enumerate(row.may))
            known = self._ready[key] = tuple(
                _Alternative(row, index, item, when, None if item.answer is None else answers[item.answer])
                for index, item, when in merged
                if when is not None
            )
        return known

    def _step(self, state: State, call: Call, variant: Variant, item: _Alternative) -> Step | None:
        """What the alternative is for this call; None where it is not for this state."""
        alternative = item.alternative
        if alternative.inside and not self._within(state, alternative.inside):
            return None
        code = self._code(alternative, state, variant)
        if alternative.error is not None and code is None:
            return None
        after = self._after(state, variant, alternative.effect)
        return Step(item.row, item.number, call, variant, item.when, code, item.answer, state, after, alternative)

    def overlap_steps(self, state: State, call: Call, other: str) -> Iterable[Step]:
        """What `call` may come to, changing nothing, because `other` overlaps it."""
        for overlap in self._overlaps.get((call.operation, other), ()):
            for index, item in enumerate(overlap.may):
                answer = self.contract.answers[item.answer] if item.answer is not None else None
                code = self._code(item, state, call.variants[0])
                after = self._after(state, call.variants[0], item.effect)
                yield Step(overlap, index, call, call.variants[0], item.when, code, answer, state, after, item)

    def _merged_when(self, first: When, second: When) -> When | None:
        """Both conditions on choices, or None where no permitted value of a choice satisfies them."""
        if not first and not second:
            return ()
        merged: dict[str, frozenset[str]] = {}
        for choice, values in (*first, *second):
            left = values & merged.get(choice, self._values[choice])
            if not left:
                return None
            merged[choice] = left
        # A choice with one value left is settled, and is named all the same: a rule may ask for it.
        return tuple(
            sorted((name, left) for name, left in merged.items() if left != self._values[name] or len(left) == 1)
        )

    def _codes(self, alternative: Alternative) -> list[str]:
        name = (alternative.error or "").removeprefix("given.")
        variable = self.contract.variables.get(name)
        return list(variable.errors.values()) if variable else [name]

    def _code(self, alternative: Alternative, state: State, variant: Variant) -> str | None:
        name = alternative.error
        if name is None or name in self.contract.errors or name in (ANY_ERROR, OF_SERVICE):
            return name
        assert name in known_errors(self.contract)
        if name.startswith("given."):
            name = name.removeprefix("given.")
            value = variant.given.get(name)
        else:
            value = state[self.index[name]]
        return self.contract.variables[name].errors.get(word(value))

    def own_codes(self, operation: str) -> frozenset[str]:
        """The codes that the table itself gives for the operation; any other code is the service's own."""
        return self._own_codes[operation]

    def _after(self, state: State, variant: Variant, effect: str | None) -> State:
        if effect is None:
            return state
        known = self._effects.get(effect)
        if known is None:
            known = self._effects[effect] = self._compiled(self.contract.changes(effect))
        return known(state, variant)

    def after(self, state: State, variant: Variant, changes: Mapping[str, str]) -> State:
        """The state after `changes`: variables, each with what an effect may set it to."""
        return self._compiled(changes)(state, variant)

    def taken(self, step: Step, state: State) -> State:
        """The state after a step that is taken in `state`."""
        return self._after(state, step.variant, step.alternative.effect)

    def _compiled(self, changes: Mapping[str, str]) -> Callable[[State, Variant], State]:
        sources = [(self.index[name], self._source(name, source)) for name, source in changes.items()]
        identified = [
            (position, owner) for name, position, owner in self._identities if changes.get(name) == "identified"
        ]

        def changed(state: State, variant: Variant) -> State:
            after = list(state)
            for position, source in sources:
                after[position] = source(state, variant)
            for position, owner in identified:
                if after[owner] is not None:
                    after[position] = Identity(str(after[owner]))
            return tuple(after)

        return changed

    def _source(self, name: str, source: str) -> Callable[[State, Variant], Value]:
        """What gives a variable its value, by the word that an effect has for it."""
        variable = self.contract.variables[name]
        if source == "given":
            return _given(name, variable.initial, leaf=variable.is_enumeration)
        if source == "nothing":
            return _constant(None)
        if variable.is_enumeration:
            return _constant(source)
        if variable.owner is not None:
            return _constant(Identity(None))
        position = self.index[source]
        return lambda state, _: state[position]

    # Answers, other clients and carried rules -------------------------------------------------------------------------

    def answer(self, step: Step, identify: Callable[[Identity], Any] = lambda identity: identity) -> Any:
        """The value that an answering step gives: fields from variables, with `identify` for what an identity stands for."""
        assert step.answer is not None
        if not step.answer.fields:
            return step.answer.value
        result: dict[str, Any] = {}
        for path, name in step.answer.fields.items():
            value = step.before[self.index[name]]
            here = result
            *parents, last = path.split(".")
            for part in parents:
                here = here.setdefault(part, {})
            here[last] = identify(value) if isinstance(value, Identity) else value
        return result

    def echo(self, step: Step, other: State) -> Call | None:
        """The world call that a step is for another client in state `other`; None where no session begins or ends."""
        echo = self.contract.operations[step.call.operation].echo
        if echo is None or not self.concerns_others(step):
            return None
        by = self.index[echo.by]
        own = step.before[by] if step.after[by] is None else step.after[by]
        if own is None or all(other[self.index[name]] != own for name in echo.to):
            return None
        return self.call(echo.call, {}, other)

    def shared(self, state: State, call: Call) -> Mapping[Variant, set[str]]:
        """The values by which a call has to do with others that have a session, for each way of reading it.

        They are what the client holds, what the call gives, and what it may come to hold by it where there is nobody else.
        Empty for an operation that gives no such value.
        """
        operation, platform = self.contract.operations[call.operation], self.contract.bindings.platform
        echo, company = operation.echo, None if platform is None else platform.company
        if echo is None or company is None or echo.by not in operation.parameters:
            return {}
        by, beside = self.index[echo.by], self.index[company.variable]
        alone = (*state[:beside], company.value(False), *state[beside + 1 :])
        own = {state[self.index[name]] for name in echo.to if name != echo.by}
        found = {variant: {*own, variant.given.get(echo.by)} for variant in call.variants}
        for variant, values in found.items():
            for item in self._alternatives(alone, call, variant):
                step = None if item.alternative.effect is None else self._step(alone, call, variant, item)
                if step is not None and step.after[by] != state[by]:
                    values.add(step.after[by])
        return {variant: {str(value) for value in values - {None}} for variant, values in found.items()}

    def concerns_others(self, step: Step) -> bool:
        """Whether a step is anything for other clients: with it a session begins, ends or becomes another's."""
        echo, platform = self.contract.operations[step.call.operation].echo, self.contract.bindings.platform
        if echo is None:
            return False
        if platform is None:
            return not step.is_error and step.before != step.after
        told = (self.index[platform.session.variable], self.index[echo.by])
        return any(step.before[position] != step.after[position] for position in told)

    def code_without_credential(self) -> str:
        """The code of the first refusal of a client that was never initialised. Raises ValueError where there is none."""
        for operation in self.contract.operations.values():
            targets = any(
                self.contract.classes[operation.name, name].source == "services" for name in operation.parameters
            )
            if operation.by_world or targets:
                continue
            for step in self.steps(self.state(), self.call(operation.name, {}, self.state())):
                if step.is_error and step.code is not None:
                    return step.code
        raise ValueError(
            "The contract refuses nothing to a client that was never initialised, so it has no code for that."
        )

    def carried(self, step: Step) -> tuple[str, ...]:
        """The rules that the step's row carries where the step is."""
        return tuple([carry.rule for carry in step.row.carries if not carry.guard or self._holds(carry, step)])

    def _holds(self, carry: Carry, step: Step) -> bool:
        for name, values in carry.guard.items():
            if name in step.call.leaves:  # a parameter may have the name of a variable
                if step.call.leaves[name] not in values and step.variant.groups[name] not in values:
                    return False
            elif step.before[self.index[name]] not in values:
                return False
        return True


@lru_cache(maxsize=8)
def machine_of(contract: Contract) -> Machine:
    """The one machine for a contract that all who read it may share: what it has worked out once, it remembers."""
    return Machine(contract)


def _given(name: str, otherwise: Value, *, leaf: bool) -> Callable[[State, Variant], Value]:
    """A parameter of the call, or the leaf of its classes that it belongs to."""

    def given(_: State, variant: Variant) -> Value:
        value = (variant.leaves if leaf else variant.given).get(name)
        return otherwise if value is None else word(value)

    return given


def _constant(value: Value) -> Callable[[State, Variant], Value]:
    return lambda _, __: value


def _picked(positions: Sequence[int]) -> Callable[[State], State]:
    """What gives the values of a state at these positions."""
    if len(positions) < 2:  # for which an itemgetter gives no tuple, or cannot be made
        return lambda state: tuple([state[position] for position in positions])
    return itemgetter(*positions)


def _with_group_values(row: Row, contract: Contract) -> Row:
    """The row with groups of a variable's values written out."""
    may = tuple(
        structs.replace(item, inside=_written_out(item.inside, contract)) if item.inside else item for item in row.may
    )
    inside, carries = _written_out(row.inside, contract), _carries_with_values(row.carries, contract)
    return structs.replace(row, inside=inside, may=may, carries=carries)


def _written_out(guard: Guard, contract: Contract) -> Guard:
    groups = {name: contract.variables[name].groups for name in guard}
    return {
        name: frozenset(value for item in values for value in groups[name].get(item, (item,)))
        for name, values in guard.items()
    }


def _carries_with_values(carries: tuple[Carry, ...], contract: Contract) -> tuple[Carry, ...]:
    result = []
    for carry in carries:
        guard: Guard = {
            name: frozenset(
                value
                for item in values
                for value in contract.variables[name].groups.get(item, (item,))
            )
            if name in contract.variables
            else values
            for name, values in carry.guard.items()
        }  # fmt: skip
        result.append(Carry(carry.rule, guard))
    return tuple(result)


Observed = tuple[object, ...]


def observed(machine: Machine, step: Step) -> Observed:
    """The part of a step's outcome that the contract compares."""
    if step.answer is None:
        return ("error", machine.contract.family(step.code))
    return ("answer",) if step.answer.ignore else ("answer", repr(machine.answer(step)))
