"""The cells of the table: every combination of what its rows ask for, and those that no row or several rows fill."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from openfirst_reference.contract.findings import Finding, list_words
from openfirst_reference.contract.model import Contract, Row
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.step import Call, Variant

Value = tuple[str, str]
Box = tuple[frozenset[Value], ...]


@dataclass(frozen=True)
class _Dimension:
    """A variable or a parameter that rows ask for. A value is a leaf and its group, for a variable twice the same."""

    name: str
    values: tuple[Value, ...]
    is_parameter: bool
    parents: tuple[str, ...] = ()
    absent: str | None = None


def cell_findings(machine: Machine) -> Iterator[Finding]:
    """The cells that no row fills, and those that several do, those alike in one finding."""
    for operation in machine.contract.operations:
        dimensions = _dimensions(machine, operation)
        wrong: dict[tuple[str, ...], list[Box]] = {}
        for values in itertools.product(*(dimension.values for dimension in dimensions)):
            cell = dict(zip((dimension.name for dimension in dimensions), values, strict=True))
            if not _is_possible(dimensions, cell):
                continue
            rows = _matching(machine, operation, dimensions, cell)
            if len(rows) != 1:
                absent = _absent(dimensions, cell)
                box = tuple(_alike(dimension, cell, absent) for dimension in dimensions)
                wrong.setdefault(tuple(row.id for row in rows), []).append(box)
        for names, boxes in wrong.items():
            for box in _merged(boxes):
                yield _finding(machine.contract, operation, names, _words(dimensions, box))


def _dimensions(machine: Machine, operation: str) -> list[_Dimension]:
    contract = machine.contract
    asked = {name for row in contract.rows.values() if row.call == operation for name in row.given}
    paths = contract.operations[operation].parameters
    result = []
    for name in machine.guards(operation):
        values = tuple((value, value) for value in contract.variables[name].values)
        result.append(_Dimension(name, values, is_parameter=False))
    for name in asked:
        classes = contract.classes[operation, name]
        leaves = classes.leaves
        groups = [leaf.by_choice[1].values() if leaf.by_choice else [leaf.group] for leaf in leaves]
        values = tuple((leaf.name, group) for leaf, some in zip(leaves, groups, strict=True) for group in some)
        parents = tuple(other for other in asked if other != name and paths[other] == paths[name][: len(paths[other])])
        result.append(_Dimension(name, values, is_parameter=True, parents=parents, absent=classes.absent))
    return result


def _is_possible(dimensions: Sequence[_Dimension], cell: dict[str, Value]) -> bool:
    """Where a parameter is absent, nothing stands inside it."""
    absent = _absent(dimensions, cell)
    return not any(
        parent in absent and cell[dimension.name][0] != dimension.absent
        for dimension in dimensions
        for parent in dimension.parents
    )


def _absent(dimensions: Sequence[_Dimension], cell: dict[str, Value]) -> set[str]:
    """The parameters that are not given in a cell."""
    return {item.name for item in dimensions if item.absent is not None and cell[item.name][1] == item.absent}


def _matching(machine: Machine, operation: str, dimensions: Sequence[_Dimension], cell: dict[str, Value]) -> list[Row]:
    state = machine.state({item.name: cell[item.name][0] for item in dimensions if not item.is_parameter})
    leaves = {item.name: cell[item.name][0] for item in dimensions if item.is_parameter}
    groups = {item.name: cell[item.name][1] for item in dimensions if item.is_parameter}
    variant = Variant((), leaves, groups, {})
    return machine.matching(state, Call(operation, {}, leaves, (variant,)), variant)


def _alike(dimension: _Dimension, cell: dict[str, Value], absent: set[str]) -> frozenset[Value]:
    """The one value; every value, for what is inside something absent."""
    if not absent.isdisjoint(dimension.parents):
        return frozenset(dimension.values)
    return frozenset([cell[dimension.name]])


def _merged(boxes: list[Box]) -> list[Box]:
    """As few boxes as come of joining those that differ in one dimension only."""
    count = 0
    while len(boxes) != count:
        count = len(boxes)
        for position in range(len(boxes[0])):
            joined: dict[Box, frozenset[Value]] = {}
            for box in boxes:
                rest = (*box[:position], *box[position + 1 :])
                joined[rest] = joined.get(rest, frozenset()) | box[position]
            boxes = [(*rest[:position], values, *rest[position:]) for rest, values in joined.items()]
    return boxes


def _words(dimensions: Sequence[_Dimension], box: Box) -> str:
    parts = []
    for dimension, values in zip(dimensions, box, strict=True):
        if len(values) == len(dimension.values):
            continue
        names = []
        for group in dict.fromkeys(group for _, group in dimension.values):
            own = [value for value in dimension.values if value[1] == group]
            here = [value[0] for value in own if value in values]
            names += [group] if len(here) == len(own) else here
        parts.append(f"{dimension.name} is {list_words(names, 'or')}")
    return ", ".join(parts)


def _finding(contract: Contract, operation: str, rows: tuple[str, ...], cell: str) -> Finding:
    document = contract.document
    where = f" where {cell}" if cell else ""
    if not rows:
        found = f"No row says what `{operation}` may do{where}."
        return document.finding(("operations", operation), found, "Add a row, or widen a guard.", "gap")

    def came_last(row: str) -> tuple[bool, int]:
        place = document.place("transitions", row)
        return place.file != document.file, place.line

    last = max(rows, key=came_last)
    found = f"The rows {list_words([f'`{row}`' for row in rows])} overlap{where}."
    return document.finding(("transitions", last), found, "Narrow the guard (`in`, `with`) of one of them.", "overlap")
