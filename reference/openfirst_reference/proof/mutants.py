"""Mutants: the table with one fault in it, everywhere in a row or only where a variable or a parameter has one value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from msgspec import structs

from openfirst_reference.contract.forms import NameMap
from openfirst_reference.contract.model import Answer, Contract, Overlap, Row
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.step import Call, State, Step

KEPT = "kept"
_NO_CHANGES: Mapping[str, str] = {}


@dataclass(frozen=True)
class Where:
    """The one value of a parameter (`leaf`) or of a variable (`state`) that a mutant is restricted to."""

    kind: str
    name: str
    value: str

    def __str__(self) -> str:
        return f"where {self.name} is {self.value}" + ("" if self.kind == "leaf" else " before")


@dataclass(frozen=True)
class Mutant:
    """One fault in one alternative of a row. `outcome` (code, answer) and `changes` are None where nothing is wrong."""

    row: str
    index: int
    fault: str
    outcome: tuple[str | None, Answer | None] | None = None
    changes: Mapping[str, str] | None = None
    where: Where | None = None

    def __str__(self) -> str:
        restriction = f", {self.where}" if self.where else ""
        return f"{self.row}, alternative {self.index + 1}: {self.fault}{restriction}"

    def applies(self, machine: Machine, step: Step) -> bool:
        """Whether the step is of this alternative, where the fault is."""
        if step.row.id != self.row or step.index != self.index:
            return False
        if self.where is None:
            return True
        if self.where.kind == "leaf":
            return step.call.leaves.get(self.where.name) == self.where.value
        return step.before[machine.index[self.where.name]] == self.where.value

    def changed(self, machine: Machine, step: Step) -> Step:
        """The step as the mutant takes it."""
        code, answer = self.outcome or (step.code, step.answer)
        after = step.after if self.changes is None else machine.after(step.before, step.variant, self.changes)
        return Step(
            step.row, step.index, step.call, step.variant, step.when, code, answer, step.before, after, step.alternative
        )


class MutatedMachine(Machine):
    """A machine that reads the table with one fault in it."""

    def __init__(self, contract: Contract, mutant: Mutant) -> None:
        super().__init__(contract)
        self.mutant = mutant

    def overlap_steps(self, state: State, call: Call, other: str) -> Iterable[Step]:
        """What `call` may come to because `other` overlaps it, with the fault if it is there."""
        return self._mutated(super().overlap_steps(state, call, other))

    def _compute(self, state: State, call: Call) -> Iterable[Step]:
        return self._mutated(super()._compute(state, call))

    def _mutated(self, steps: Iterable[Step]) -> Iterator[Step]:
        return (self.mutant.changed(self, step) if self.mutant.applies(self, step) else step for step in steps)


def mutants(machine: Machine) -> Iterator[Mutant]:
    """Every mutant: first those of whole alternatives, then the same restricted to one value, harder to find."""
    whole = list(whole_mutants(machine))
    yield from whole
    for mutant in whole:
        yield from restricted(machine, mutant)


def whole_mutants(machine: Machine) -> Iterator[Mutant]:
    """The mutants with a fault in all of an alternative, in the order of the rows."""
    rows: list[Row | Overlap] = [*machine.contract.rows.values(), *machine.contract.overlaps.values()]
    for row in rows:
        for index in range(len(row.may)):
            yield from _faults(machine, row, index)


def restricted(machine: Machine, mutant: Mutant) -> Iterator[Mutant]:
    """The mutant with its fault only where a parameter is of one class, or a variable has one value."""
    contract = machine.contract
    call = (contract.rows.get(mutant.row) or contract.overlaps[mutant.row]).call
    for parameter in contract.operations[call].parameters:
        for leaf in contract.classes[call, parameter].leaves:
            yield replace(mutant, where=Where("leaf", parameter, leaf.name))
    for variable in contract.variables.values():
        for value in variable.values:
            yield replace(mutant, where=Where("state", variable.name, value))


def _faults(machine: Machine, row: Row | Overlap, index: int) -> Iterator[Mutant]:
    """The faults of one alternative: its outcome, a forgotten effect, one change of its effect, another's effect."""
    contract, alternative = machine.contract, row.may[index]
    rows = [item for item in contract.rows.values() if item.call == row.call]
    every = [item for other in rows for item in other.may]
    own = contract.changes(alternative.effect)
    accepted = {item.effect: contract.changes(item.effect) for item in every if item.effect is not None}
    answers = [contract.answers[name] for name in dict.fromkeys(item.answer for item in every) if name is not None]
    codes = [*dict.fromkeys([*contract.operations[row.call].errors, *sorted(machine.own_codes(row.call))])]

    def mutant(
        fault: str,
        outcome: tuple[str | None, Answer | None] | None = None,
        changes: Mapping[str, str] | None = None,
    ) -> Mutant:
        return Mutant(row.id, index, fault, outcome, changes)

    for code in codes:
        if code != alternative.error:
            yield mutant(f"error {code}", (code, None))
    for answer in answers:
        if answer.name != alternative.answer:
            yield mutant(f"answer {answer.name}", (None, answer))
    if alternative.answer is not None:
        for answer in _shifted(contract, contract.answers[alternative.answer]):
            yield mutant(f"answer {answer.name}", (None, answer))
    if alternative.effect is not None:
        yield mutant(f"the effect {alternative.effect} is forgotten", changes=_NO_CHANGES)
        for code in codes if alternative.error is None else ():
            yield mutant(f"error {code}, and no effect", (code, None), _NO_CHANGES)
    for effect, changes in accepted.items():
        if effect == alternative.effect:
            continue
        yield mutant(f"the effect {effect}", changes=changes)
        for answer in answers if alternative.answer is None else ():
            yield mutant(f"answer {answer.name} and the effect {effect}", (None, answer), changes)
    for name in contract.variables:
        for source in _sources(contract, row.call, name):
            if source != own.get(name, KEPT):
                changes = {key: value for key, value in {**own, name: source}.items() if value != KEPT}
                yield mutant(f"{name} is {'' if source == KEPT else 'set to '}{source}", changes=changes)


def _sources(contract: Contract, call: str, name: str) -> list[str]:
    """What a faulty effect may set the variable to."""
    variable = contract.variables[name]
    given = ["given"] if name in contract.operations[call].parameters else []
    if variable.is_enumeration:
        return [KEPT, *given, *variable.values]
    if variable.owner is not None:
        return [KEPT, "nothing", "anonymous", "identified"]
    return [KEPT, "nothing", *given, *(other for other in _data(contract) if other != name)]


def _data(contract: Contract) -> list[str]:
    variables = contract.variables.values()
    return [variable.name for variable in variables if not variable.is_enumeration and variable.owner is None]


def _shifted(contract: Contract, answer: Answer) -> Iterator[Answer]:
    """The answer with one field that shows another variable of its kind."""
    data = _data(contract)
    for path, name in answer.fields.items():
        for other in data if name in data else ():
            if other != name:
                fields = NameMap({**answer.fields, path: other})
                yield structs.replace(answer, name=f"{answer.name} with {other} as {path}", fields=fields)
