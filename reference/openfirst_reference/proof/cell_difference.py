"""What differs in the tables of two contracts, cell by cell: how rows are divided, named and written does not count."""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from openfirst_reference.contract.forms import Carries
from openfirst_reference.contract.model import ANY_ERROR, OF_SERVICE, Alternative, Row
from openfirst_reference.machine.machine import Machine
from openfirst_reference.proof.cells import (
    Box,
    Cell,
    Dimension,
    Value,
    alike,
    is_possible,
    merged,
    of_parameters,
    of_variables,
)

When = tuple[tuple[str, frozenset[str]], ...]


@dataclass(frozen=True)
class Permitted:
    """What a call may come to: an error, or an answer (None: not compared; else JSON), what it changes and breaks.

    `effect` is the name under which the contract has the changes. What it is called makes no difference.
    """

    error: str | None
    answer: str | None
    changes: tuple[tuple[str, str], ...]
    breaks: tuple[str, ...]
    effect: str | None = field(default=None, compare=False)


@dataclass(frozen=True)
class CellChange:
    """What has changed in all cells of a box, for an operation, or for one that `other` overlaps.

    `gained` and `lost` hold what is permitted now, and no longer, each under the values of choices for which that is so;
    `carries` and `carries_no_longer` the rules that the cells carry now, and no longer.
    """

    operation: str
    other: str | None
    dimensions: tuple[Dimension, ...]
    box: Box
    gained: tuple[tuple[Permitted, When], ...] = ()
    lost: tuple[tuple[Permitted, When], ...] = ()
    carries: tuple[str, ...] = ()
    carries_no_longer: tuple[str, ...] = ()


Settings = Mapping[Permitted, frozenset[tuple[str, ...]]]
_NOTHING = Row(call="", carries=Carries())


def cell_changes(old: Machine, new: Machine) -> Iterator[CellChange]:
    """What has changed in the cells of the operations that both contracts have, whole calls first and then overlaps."""
    operations = [name for name in old.contract.operations if name in new.contract.operations]
    for operation in operations:
        yield from _Table(old, new, operation).changes()
    overlaps = [item for machine in (old, new) for item in machine.contract.overlaps.values()]
    for call, other in dict.fromkeys((item.call, item.other) for item in overlaps):
        if call in operations:
            yield from _Table(old, new, call, other).changes()


class _Side:
    """One of the two contracts, asked about the cells of an operation."""

    def __init__(self, machine: Machine, operation: str, other: str | None) -> None:
        self.machine, self.contract, self.operation = machine, machine.contract, operation
        self._parameters = self.contract.operations[operation].parameters
        overlaps = [item for item in self.contract.overlaps.values() if (item.call, item.other) == (operation, other)]
        may = tuple(alternative for item in overlaps for alternative in item.may)
        carries = tuple(carry for item in overlaps for carry in item.carries)
        together = Row(call=operation, may=may, carries=Carries(carries))
        self.rows = machine.rows(operation) if other is None else [together]
        self.asked = {id(row): self._asked(row) for row in self.rows}
        names = [name for asked in self.asked.values() for name in asked]
        self.dimensions = [
            *of_variables(machine, dict.fromkeys(name for name in names if name not in self._parameters)),
            *of_parameters(machine, operation, (name for name in names if name in self._parameters)),
        ]

    def _asked(self, row: Row) -> tuple[str, ...]:
        """The variables and parameters that what is permitted, or what is carried, depends on."""
        names = [*row.inside, *row.given, *(name for carry in row.carries for name in carry.guard)]
        names += [name for item in row.may for name in item.inside]
        codes = [item.error for item in row.may if self._is_variable(item.error)]
        named = [name.removeprefix("given.") for name in codes if name is not None]
        enumerations = [name for name, item in self.contract.variables.items() if item.is_enumeration]
        return tuple(
            name for name in dict.fromkeys([*names, *named]) if name in self._parameters or name in enumerations
        )

    def _is_variable(self, error: str | None) -> bool:
        return error is not None and error not in self.contract.errors and error not in (ANY_ERROR, OF_SERVICE)

    def fills(self, row: Row, dimension: Dimension, value: Value) -> bool:
        """Whether there is such a value, and the row's guard admits it."""
        guard = row.given if dimension.is_parameter else row.inside
        admitted = dimension.name not in guard or not guard[dimension.name].isdisjoint(value)
        return admitted and self.knows(dimension, value)

    def knows(self, dimension: Dimension, value: Value) -> bool:
        """Whether there is such a value; where a dimension is not known at all, its values make no difference."""
        own = next((item for item in self.dimensions if item.name == dimension.name), None)
        if own is not None:
            return value in own.values
        variable = self.contract.variables.get(dimension.name)
        return dimension.is_parameter or variable is None or value[0] in variable.values

    def choices(self, row: Row) -> dict[str, tuple[str, ...]]:
        """The choices that the row asks for, with their values."""
        names = [choice for item in row.may for choice, _ in item.when]
        return {name: self.contract.choices[name].values for name in names if name in self.contract.choices}

    def permitted(self, row: Row, cell: Cell) -> list[tuple[Permitted, When]]:
        """What the row permits in a cell, and under which values of choices."""
        result = []
        for item in row.may:
            permitted = self.contract.choices
            when = tuple((name, values & {*permitted[name].values}) for name, values in item.when if name in permitted)
            code = self._code(item.error, cell)
            here = all(not values.isdisjoint(cell[name]) for name, values in item.inside.items())
            if here and all(values for _, values in when) and (item.error is None or code is not None):
                effect = self.contract.changes(item.effect)
                changes = [(name, to) for name, to in effect.items() if cell.get(name, ("",))[0] != to]
                known = Permitted(
                    code, self.answer(item), tuple(sorted(changes)), tuple(sorted(item.breaks)), item.effect
                )
                result.append((known, when))
        return result

    def carried(self, row: Row, cell: Cell) -> frozenset[str]:
        """The rules that the row carries in a cell."""
        return frozenset(
            carry.rule
            for carry in row.carries
            if all(name not in cell or not values.isdisjoint(cell[name]) for name, values in carry.guard.items())
        )

    def _code(self, error: str | None, cell: Cell) -> str | None:
        if not self._is_variable(error) or error is None:
            return error
        name = error.removeprefix("given.")
        return self.contract.variables[name].errors.get(cell[name][0])

    def answer(self, item: Alternative) -> str | None:
        """How an answer is compared."""
        if item.answer is None or self.contract.answers[item.answer].ignore:
            return None
        answer = self.contract.answers[item.answer]
        optional = f", perhaps with {_json(answer.optional)}" if answer.optional else ""
        return _json(answer.fields or answer.value) + optional


class _Table:
    """The rows of one operation in two contracts."""

    def __init__(self, old: Machine, new: Machine, operation: str, other: str | None = None) -> None:
        self.old, self.new = _Side(old, operation, other), _Side(new, operation, other)
        self.operation, self.other = operation, other
        joined = {item.name: item for item in self.old.dimensions}
        for item in self.new.dimensions:
            known = joined.get(item.name, item)
            values = tuple(dict.fromkeys([*known.values, *item.values]))
            parents = tuple(dict.fromkeys([*known.parents, *item.parents]))
            joined[item.name] = Dimension(item.name, values, item.is_parameter, known.absent or item.absent, parents)
        self.dimensions = tuple(joined.values())

    def changes(self) -> Iterator[CellChange]:
        """Everything that changed, joined where the same has: what is permitted, and each rule that is carried."""
        found: dict[tuple[Any, ...], list[Box]] = {}
        for old, new, cell in self._filled():
            box = tuple(alike(item, cell) for item in self.dimensions)
            for change in self._changed(old, new, cell):
                found.setdefault(change, []).append(box)
        joined: dict[Box, list[tuple[Any, ...]]] = {}
        for change, boxes in found.items():
            for box in merged(boxes):
                joined.setdefault(box, []).append(change)
        for box, changes in joined.items():
            parts = [tuple(item for part in parts for item in part) for parts in zip(*changes, strict=True)]
            yield CellChange(self.operation, self.other, self.dimensions, box, *parts)

    def _filled(self) -> Iterator[tuple[Row, Row, Cell]]:
        """Every cell that may have changed, with the two rows that fill it; `_NOTHING` where a contract has no such cell."""
        for old, new in itertools.product(self.old.rows, self.new.rows):
            if not self._is_the_same(old, new):
                names = {*self.old.asked[id(old)], *self.new.asked[id(new)]}
                yield from ((old, new, cell) for cell in self._cells(names, (self.old, old), (self.new, new)))
        for row in self.old.rows:
            yield from ((row, _NOTHING, cell) for cell in self._unknown((self.old, row), self.new))
        for row in self.new.rows:
            yield from ((_NOTHING, row, cell) for cell in self._unknown((self.new, row), self.old))

    def _cells(self, names: Collection[str], *filling: tuple[_Side, Row]) -> Iterator[Cell]:
        """The cells that all these rows fill, by these variables and parameters."""
        asked = [item for item in self.dimensions if item.name in names]
        values = [
            [value for value in item.values if all(side.fills(row, item, value) for side, row in filling)]
            for item in asked
        ]
        for some in itertools.product(*values):
            cell = {item.name: value for item, value in zip(asked, some, strict=True)}
            if is_possible(asked, cell):
                yield cell

    def _unknown(self, filling: tuple[_Side, Row], other: _Side) -> Iterator[Cell]:
        """The cells that the row fills, and that the other contract does not have."""
        new = {item.name for item in self.dimensions if any(not other.knows(item, value) for value in item.values)}
        if new:
            for cell in self._cells({*filling[0].asked[id(filling[1])], *new}, filling):
                if any(not other.knows(item, cell[item.name]) for item in self.dimensions if item.name in new):
                    yield cell

    def _is_the_same(self, old: Row, new: Row) -> bool:
        """Whether two rows say the same wherever they stand, as far as that is seen at a glance."""
        names = {*self.old.asked[id(old)], *self.new.asked[id(new)]}
        variables, others = self.old.contract.variables, self.new.contract.variables
        return (
            (old.may, old.carries) == (new.may, new.carries)
            and self.old.choices(old) == self.new.choices(new)
            and all(variables.get(name) == others.get(name) for name in names)
            and all(
                self.old.contract.effects[item.effect] == self.new.contract.effects[item.effect]
                for item in old.may
                if item.effect
            )
            and all(self.old.answer(item) == self.new.answer(item) for item in old.may)
        )

    def _changed(self, old: Row, new: Row, cell: Cell) -> Iterator[tuple[Any, ...]]:
        """Gained, lost, rules carried, rules carried no longer: what is permitted first, and then rule by rule."""
        choices = {**self.old.choices(old)}
        for name, values in self.new.choices(new).items():
            choices[name] = tuple(dict.fromkeys([*choices.get(name, ()), *values]))
        before = _by_choices(self.old.permitted(old, cell), choices)
        after = _by_choices(self.new.permitted(new, cell), choices)
        rules_before, rules_after = self.old.carried(old, cell), self.new.carried(new, cell)
        gained, lost = tuple(_without(after, before, choices)), tuple(_without(before, after, choices))
        if gained or lost:
            yield gained, lost, (), ()
        yield from (((), (), (rule,), ()) for rule in sorted(rules_after - rules_before))
        yield from (((), (), (), (rule,)) for rule in sorted(rules_before - rules_after))


def _by_choices(permitted: Iterable[tuple[Permitted, When]], choices: Mapping[str, tuple[str, ...]]) -> Settings:
    """Under which values of all the choices each thing is permitted."""
    result: dict[Permitted, frozenset[tuple[str, ...]]] = {}
    every = [dict(zip(choices, values, strict=True)) for values in itertools.product(*choices.values())]
    for item, when in permitted:
        held = [tuple(setting.values()) for setting in every if all(setting[name] in values for name, values in when)]
        result[item] = result.get(item, frozenset()) | frozenset(held)
    return result


def _without(
    some: Settings, others: Settings, choices: Mapping[str, tuple[str, ...]]
) -> Iterator[tuple[Permitted, When]]:
    """What is permitted by `some` and not by `others`, under conditions as wide as may be."""
    for item, settings in some.items():
        left = sorted(settings - others.get(item, frozenset()))
        boxes = merged([tuple(frozenset([value]) for value in setting) for setting in left]) if choices else left
        for box in boxes:
            named = zip(choices.items(), box, strict=True)
            yield item, tuple((name, frozenset(held)) for (name, values), held in named if len(held) < len(values))


def _json(value: Any) -> str:
    return json.dumps(dict(value) if isinstance(value, Mapping) else value, ensure_ascii=False, default=str)
