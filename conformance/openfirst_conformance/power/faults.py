"""Faulty clients: which faults there are, and a client that keeps the contract's table but for one of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from msgspec import structs

from openfirst_conformance.tiers.planning.letters import Letter
from openfirst_reference.contract.model import Alternative, Contract
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.step import Call, State, Variant
from openfirst_reference.proof.mutants import Mutant, whole_mutants

EXTRA_STATE = "extra state"
LOCK = "lock"
EQUAL = "equal values"
AGAIN = "second initialisation"
OTHER = "another client"
FREE = "free alternative"
KINDS = (
    "outcome",
    "target",
    "missing guard",
    "weakened comparison",
    "leaked variable",
    "forgotten effect",
    FREE,
    EXTRA_STATE,
    LOCK,
    EQUAL,
    AGAIN,
    OTHER,
)
SELDOM = (EQUAL, AGAIN, OTHER)
"""The kinds that `complete` does not reach for; `explore` does, with cases made on purpose."""
PROMISED = {kind: 1 if kind == EXTRA_STATE else 0 for kind in KINDS if kind not in (FREE, LOCK, *SELDOM)}
"""With how many extra states allowed for `complete` promises to find every fault of a kind; of the others it promises nothing."""


@dataclass(frozen=True)
class Equal:
    """Where a parameter is given what another one is given, too (`twice`), or what a variable holds already."""

    parameter: str
    other: str
    twice: bool

    def __str__(self) -> str:
        return f"{self.parameter} is {'given as ' if self.twice else 'what is held as '}{self.other}"

    def value(self, machine: Machine, state: State, given: Mapping[str, Any]) -> Any:
        """What the parameter must be given; None where that is nothing."""
        return given.get(self.other) if self.twice else machine.value(state, self.other)

    def holds(self, machine: Machine, state: State, call: Call) -> bool:
        """Whether the two are equal, and anything."""
        value = call.given.get(self.parameter)
        return value is not None and bool(value == self.value(machine, state, call.given))


@dataclass(frozen=True)
class Leak:
    """A call that comes to this alternative takes another client's `source` for its own `name`, or gives it the other way round."""

    row: str
    index: int
    name: str
    source: str
    gives: bool

    def __str__(self) -> str:
        taken, given = ("another client's ", "the caller's ") if self.gives else ("", "another client's ")
        return f"{self.row}, alternative {self.index + 1}: {taken}{self.name} is set to {given}{self.source}"


@dataclass(frozen=True)
class Fault:
    """A fault of one of `KINDS`. Exactly one of `mutant`, `sees`, `takes` and `leak` says what is wrong.

    A `free alternative` has any of the faults in an alternative that nothing but the client decides on: the contract permits
    it without naming a choice, and the table of `complete` follows another.

    `sees`: for one operation, a variable's value is taken for another. `takes`: a class of a parameter is taken for another.
    `after`: the fault is there only after these calls have been made in a row. That is an extra state where `source` is
    given: the one call leads there from states with that outline only, and what it leads to is left with the outline. With
    no `source` it is a lock: the calls count wherever they are made, and once they have been, the fault stays.

    `equal`: the fault is there only where these two values are equal. `again`: only once the client was initialised again.
    """

    kind: str
    text: str
    mutant: Mutant | None = None
    sees: tuple[str, str, str, str] | None = None
    takes: tuple[str, str, str, str] | None = None
    after: tuple[Letter, ...] = ()
    source: State | None = None
    equal: Equal | None = None
    again: bool = False
    leak: Leak | None = None

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"

    @property
    def place(self) -> str:
        """The row, or the operation, where the fault is."""
        if self.mutant is not None:
            return self.mutant.row
        if self.leak is not None:
            return self.leak.row
        return (self.sees or self.takes or ("",))[0]


def taken_for(machine: Machine, call: Call, parameter: str, leaf: str) -> Call:
    """The call as it is read where the value of a parameter is taken for one of another class."""
    classes = machine.contract.classes[call.operation, parameter]
    group = next(item.group for item in classes.leaves if item.name == leaf)

    def read(variant: Variant) -> Variant:
        given = {**variant.given, parameter: None if group == classes.absent else variant.given[parameter]}
        return structs.replace(variant, leaves=leaves, groups={**variant.groups, parameter: group}, given=given)

    leaves = {**call.leaves, parameter: leaf}
    return Call(call.operation, call.arguments, leaves, tuple(read(variant) for variant in call.variants))


def choices_for(machine: Machine, fault: Fault) -> dict[str, str]:
    """The choices under which a mutant is tried.

    The default ones, but for those under which the faulty alternative is never taken, or nothing ever reads what it writes.
    """
    contract = machine.contract
    choices = contract.default_choices()
    if fault.mutant is None:
        return choices
    alternative = contract.rows[fault.mutant.row].may[fault.mutant.index]
    needed = dict(alternative.when)
    choices = permitting(contract, alternative)
    own = contract.changes(alternative.effect)
    mutated = own if fault.mutant.changes is None else fault.mutant.changes
    changed = {name for name, _ in {*mutated.items()} ^ {*own.items()}}
    if changed and not changed & variables_that_matter(machine, choices, mutated):
        for choice in contract.choices.values():
            for value in choice.values:
                other = {**choices, choice.id: value}
                if value in needed.get(choice.id, {value}) and changed & variables_that_matter(machine, other, mutated):
                    return other
    return choices


def permitting(contract: Contract, alternative: Alternative) -> dict[str, str]:
    """The default choices, but for those that rule the alternative out."""
    choices = contract.default_choices()
    return {**choices, **{name: min(values) for name, values in alternative.when if choices[name] not in values}}


def variables_that_matter(
    machine: Machine, choices: Mapping[str, str], more: Mapping[str, str], shown: Iterable[str] = ()
) -> set[str]:
    """The variables on which it depends what is seen, now or later; `more` is an effect besides the table's own.

    `shown`: variables that are shown besides those that the contract's answers show.
    """
    contract = machine.contract
    effects = [more] + [
        contract.changes(item.effect)
        for row in contract.rows.values()
        for item in row.may
        if item.effect and all(choices[choice] in values for choice, values in item.when)
    ]
    matter = {*shown, *map(str, machine.outline(machine.names))}
    matter |= {name for answer in contract.answers.values() for name in answer.fields.values()}
    while True:
        found = {changes[name] for changes in effects for name in matter & set(changes)} & set(contract.variables)
        found |= {owner for name in matter if (owner := contract.variables[name].owner) is not None}
        if found <= matter:
            return matter
        matter |= found


# Which faults there are -----------------------------------------------------------------------------------------------


def single_faults(machine: Machine) -> dict[str, list[Fault]]:
    """All faults that are there from the start, by kind."""
    contract = machine.contract
    faults: dict[str, list[Fault]] = {kind: [] for kind in KINDS if kind not in (EXTRA_STATE, LOCK, *SELDOM)}
    for mutant in whole_mutants(machine):
        if mutant.row in contract.rows and of_the_client(contract, mutant):
            kind = FREE if is_free(contract, mutant.row, mutant.index) else _kind(contract, mutant)
            faults[kind].append(Fault(kind, str(mutant), mutant))
    faults["missing guard"] = list(_missing_guards(machine))
    faults["weakened comparison"] = list(_weakened(contract))
    return faults


def of_the_client(contract: Contract, mutant: Mutant) -> bool:
    """Whether a client can have the fault.

    It does not decide what a move of the world comes to, and leaves alone what the world holds, unless the row itself brings
    that about.
    """
    row = contract.rows[mutant.row]
    if mutant.outcome and mutant.outcome[0] and contract.operations[row.call].by_world:
        return False
    effect = row.may[mutant.index].effect
    own = contract.changes(effect)
    changed = {name for name, _ in {*(own if mutant.changes is None else mutant.changes).items()} ^ {*own.items()}}
    return all(name in own or not contract.variables[name].world for name in changed)


def is_free(contract: Contract, row: str, index: int) -> bool:
    """Whether a client that makes the choices needed may as well do something else, which comes first."""
    may = contract.rows[row].may
    choices = permitting(contract, may[index])
    possible = [item for item in may if not item.breaks and all(choices[name] in values for name, values in item.when)]
    return possible[:1] != [may[index]]


def _kind(contract: Contract, mutant: Mutant) -> str:
    effect = contract.rows[mutant.row].may[mutant.index].effect
    own = contract.changes(effect)
    if mutant.outcome is not None:
        return "outcome"
    changes = mutant.changes or {}
    if not changes:
        return "forgotten effect"
    left_out = set(own) - set(changes)
    return "leaked variable" if left_out and changes.items() <= own.items() else "target"


def _missing_guards(machine: Machine) -> Iterator[Fault]:
    contract = machine.contract
    for operation, stated in contract.operations.items():
        for name in () if stated.by_world else machine.guards(operation):
            values: Iterable[str] = contract.variables[name].values
            for value in values:
                for other in values:
                    if value != other:
                        text = f"{operation} takes {name} {value} for {other}"
                        yield Fault("missing guard", text, sees=(operation, name, value, other))


def _weakened(contract: Contract) -> Iterator[Fault]:
    for (operation, parameter), classes in contract.classes.items():
        for leaf in classes.leaves:
            for other in classes.leaves:
                if (
                    leaf.group != other.group
                    and other.by_choice is None
                    and not contract.operations[operation].by_world
                ):
                    text = f"{operation} takes {parameter} {leaf.name} for {other.name}"
                    yield Fault("weakened comparison", text, takes=(operation, parameter, leaf.name, other.name))


def equal_pairs(contract: Contract, operation: str) -> Iterator[Equal]:
    """The values of an operation that may be equal: each datum that is given, to every datum that is held or given with it."""
    data = [name for name, item in contract.variables.items() if not item.is_enumeration and item.owner is None]
    stated = contract.operations[operation]
    parameters = [name for name in stated.parameters if name in data and not stated.by_world]
    for number, parameter in enumerate(parameters):
        yield from (Equal(parameter, name, twice=False) for name in data)
        yield from (Equal(parameter, other, twice=True) for other in parameters[:number])
