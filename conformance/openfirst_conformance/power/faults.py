"""Faulty clients: which faults there are, and a client that keeps the contract's table but for one of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from random import Random

from openfirst_conformance.table import Letter, Table
from openfirst_reference.contract import Alternative, Contract
from openfirst_reference.document import ContractError
from openfirst_reference.machine import ABSENT, ANY_ERROR, OF_SERVICE, Call, Machine, Outcome, State, Step, Variant
from openfirst_reference.mutants import Mutant, whole_mutants

EXTRA_STATE = "extra state"
LOCK = "lock"
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
)
PROMISED = {kind: 1 if kind == EXTRA_STATE else 0 for kind in KINDS if kind not in (FREE, LOCK)}
"""With how many extra states allowed for `complete` promises to find every fault of a kind; of the others it promises nothing."""

_LOCK_LENGTH = 3
_OF_A_SERVICE = "whatever the service gives"


@dataclass(frozen=True)
class Fault:
    """A fault of one of `KINDS`. Exactly one of `mutant`, `sees` and `takes` says what is wrong.

    A `free alternative` has any of the faults in an alternative that nothing but the client decides on: the contract permits
    it without naming a choice, and the table of `complete` follows another.

    `sees`: for one operation, a variable's value is taken for another. `takes`: a class of a parameter is taken for another.
    `after`: the fault is there only after these calls have been made in a row. That is an extra state where `source` is
    given: the one call leads there from states with that outline only, and what it leads to is left with the outline. With
    no `source` it is a lock: the calls count wherever they are made, and once they have been, the fault stays.
    """

    kind: str
    text: str
    mutant: Mutant | None = None
    sees: tuple[str, str, str, str] | None = None
    takes: tuple[str, str, str, str] | None = None
    after: tuple[Letter, ...] = ()
    source: State | None = None

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"

    @property
    def place(self) -> str:
        """The row, or the operation, where the fault is."""
        if self.mutant is not None:
            return self.mutant.row
        return (self.sees or self.takes or ("",))[0]


class FaultyClient:
    """A client with a fault (or none), as a function: what it remembers is its state, and how far it is towards the fault."""

    def __init__(self, machine: Machine, choices: Mapping[str, str], fault: Fault | None = None) -> None:
        self.machine, self.choices, self.fault = machine, choices, fault
        self._ready = len(fault.after) if fault else 0
        self._known: dict[tuple[State, int, Call], tuple[Outcome, State, int]] = {}

    def respond(self, state: State, progress: int, call: Call) -> tuple[Outcome, State, int]:
        """What a call comes to, as it is classified in the client's own state, and what the client remembers afterwards."""
        key = (state, progress, call)
        if key not in self._known:
            self._known[key] = self._respond(state, progress, call)
        return self._known[key]

    def _respond(self, state: State, progress: int, call: Call) -> tuple[Outcome, State, int]:
        try:
            step = self.step(state, progress, call)
        except ContractError:
            # The fault has led to where the table ends: from there on the client fails, for no reason that it could name.
            return Outcome("error"), state, progress
        onward = self._onward(state, progress, call, step.after)
        if step.is_error:
            return (
                Outcome("error", code=None if step.code in (ANY_ERROR, OF_SERVICE) else step.code),
                step.after,
                onward,
            )
        assert step.answer is not None
        value = _OF_A_SERVICE if step.answer.made_by_service else self.machine.answer(step, "-".join)
        return Outcome("answer", value), step.after, onward

    def _onward(self, before: State, progress: int, call: Call, after: State) -> int:
        """How many of the calls are made after which the fault is there."""
        if self.fault is None or not self.fault.after:
            return progress
        wanted, source, outline = self.fault.after, self.fault.source, self.machine.outline
        if progress == self._ready and (source is None or outline(before) == outline(after)):
            return progress
        made = (call.operation, tuple(call.leaves.items()))
        if progress < self._ready and made == wanted[progress] and source in (None, outline(before)):
            return progress + 1
        return int(source is None and made == wanted[0])

    def step(self, state: State, progress: int, call: Call) -> Step:
        """The step that the client takes. Raises ContractError where the table has none."""
        fault = self.fault if progress == self._ready else None
        steps = [s for s in self._seen(state, fault, call) if all(self.choices[name] in v for name, v in s.when)]
        for step in steps:
            if fault and fault.mutant and fault.mutant.applies(self.machine, step):
                return fault.mutant.changed(self.machine, step)
        step = next((item for item in steps if not item.alternative.breaks), steps[0])
        if step.before != state:
            effect = step.alternative.effect
            changes = self.machine.contract.effects[effect].set if effect else {}
            step = replace(step, before=state, after=self.machine.after(state, step.variant, changes))
        return step

    def _seen(self, state: State, fault: Fault | None, call: Call) -> tuple[Step, ...]:
        """What the table says of the call, as the client sees its state and the call."""
        if fault and fault.sees and fault.sees[0] == call.operation:
            _, name, value, other = fault.sees
            if state[self.machine.index[name]] == value:
                return self.machine.steps(self.machine.having(state, **{name: other}), call)
        if fault and fault.takes and fault.takes[0] == call.operation:
            _, name, leaf, other = fault.takes
            if call.leaves[name] == leaf:
                return self.machine.steps(state, taken_for(self.machine, call, name, other))
        return self.machine.steps(state, call)


def taken_for(machine: Machine, call: Call, parameter: str, leaf: str) -> Call:
    """The call as it is read where the value of a parameter is taken for one of another class."""
    classes = machine.contract.classes[call.operation, parameter]
    group = next(item.group for item in classes.leaves if item.name == leaf)

    def read(variant: Variant) -> Variant:
        given = {**variant.given, parameter: None if group == ABSENT else variant.given[parameter]}
        return replace(variant, leaves=leaves, groups={**variant.groups, parameter: group}, given=given)

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
    choices = _permitting(contract, alternative)
    own = contract.effects[alternative.effect].set if alternative.effect else {}
    mutated = own if fault.mutant.changes is None else fault.mutant.changes
    changed = {name for name, _ in {*mutated.items()} ^ {*own.items()}}
    if changed and not changed & variables_that_matter(machine, choices, mutated):
        for choice in contract.choices.values():
            for value in choice.values:
                other = {**choices, choice.id: value}
                if value in needed.get(choice.id, {value}) and changed & variables_that_matter(machine, other, mutated):
                    return other
    return choices


def _permitting(contract: Contract, alternative: Alternative) -> dict[str, str]:
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
        contract.effects[item.effect].set
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
    faults: dict[str, list[Fault]] = {kind: [] for kind in KINDS if kind not in (EXTRA_STATE, LOCK)}
    for mutant in whole_mutants(machine):
        if mutant.row in contract.rows and _of_the_client(contract, mutant):
            kind = FREE if _is_free(contract, mutant) else _kind(contract, mutant)
            faults[kind].append(Fault(kind, str(mutant), mutant))
    faults["missing guard"] = list(_missing_guards(machine))
    faults["weakened comparison"] = list(_weakened(contract))
    return faults


def later_faults(random: Random, kind: str, tables: list[Table], single: Mapping[str, list[Fault]]) -> Iterator[Fault]:
    """Faults that are there only after some calls, drawn at random, without end.

    They are of the kinds that are promised, in alternatives that the default choices permit.
    """
    contract = tables[0].contract
    default = contract.default_choices()
    at: dict[str, list[Fault]] = {}
    for fault in (fault for of_kind, faults in single.items() if of_kind in PROMISED for fault in faults):
        mutant = fault.mutant
        if mutant is None or _permitting(contract, contract.rows[mutant.row].may[mutant.index]) == default:
            at.setdefault(fault.place, []).append(fault)
    while True:
        drawn = _later_fault(random, kind, random.choice(tables), at)
        if drawn is not None:
            yield drawn


def _later_fault(random: Random, kind: str, table: Table, at: Mapping[str, list[Fault]]) -> Fault | None:
    """One of them; None where nothing can go wrong after the calls that were drawn."""
    source = random.choice(sorted(table.kinds, key=repr))
    state = table.classes.after(table.kinds[source])
    after: list[Letter] = []
    for _ in range(1 if kind == EXTRA_STATE else _LOCK_LENGTH):
        number = random.choice(table.inputs(state))
        after.append(table.letters[number])
        state = table.step(state, number)
    number = random.choice(table.inputs(state))
    operation, leaves = table.letters[number]
    rows = dict.fromkeys(step.row.id for step in table.steps(state, number))
    faults = [fault for place in (operation, *rows) for fault in at.get(place, ())]
    # A leaf is tried everywhere only if it stands for its group.
    faults = [fault for fault in faults if not fault.takes or dict(leaves).get(fault.takes[1]) == fault.takes[2]]
    if not faults:
        return None
    kind_of_fault = random.choice(sorted({fault.kind for fault in faults}))
    fault = random.choice([fault for fault in faults if fault.kind == kind_of_fault])
    call = table.call(state, number)
    choices = table.contract.default_choices()
    there = FaultyClient(table.machine, choices, fault), FaultyClient(table.machine, choices)
    if call is None or there[0].respond(state, 0, call) == there[1].respond(state, 0, call):
        return None  # It would be no fault there.
    made = ", ".join(name for name, _ in after)
    if kind == LOCK:
        return replace(fault, kind=kind, text=f"after {made}: {fault.text}", after=tuple(after))
    text = f"after {made}, starting as {table.fixture}: {fault.text}"
    return replace(fault, kind=kind, text=text, after=tuple(after), source=source)  # type: ignore[arg-type]


def _of_the_client(contract: Contract, mutant: Mutant) -> bool:
    """Whether a client can have the fault.

    It does not decide what a move of the world comes to, and leaves alone what the world holds, unless the row itself brings
    that about.
    """
    row = contract.rows[mutant.row]
    if mutant.outcome and mutant.outcome[0] and contract.operations[row.call].by_world:
        return False
    effect = row.may[mutant.index].effect
    own = contract.effects[effect].set if effect else {}
    changed = {name for name, _ in {*(own if mutant.changes is None else mutant.changes).items()} ^ {*own.items()}}
    return all(name in own or not contract.variables[name].world for name in changed)


def _is_free(contract: Contract, mutant: Mutant) -> bool:
    """Whether a client that makes the choices needed may as well do something else, which comes first."""
    may = contract.rows[mutant.row].may
    choices = _permitting(contract, may[mutant.index])
    possible = [item for item in may if not item.breaks and all(choices[name] in values for name, values in item.when)]
    return possible[:1] != [may[mutant.index]]


def _kind(contract: Contract, mutant: Mutant) -> str:
    effect = contract.rows[mutant.row].may[mutant.index].effect
    own = contract.effects[effect].set if effect else {}
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
