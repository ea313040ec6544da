"""Every cell of the table has one row: those that no row or several rows fill are found."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from openfirst_reference.contract.findings import Finding, list_words
from openfirst_reference.contract.model import Contract, Row
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.step import Call, Variant
from openfirst_reference.proof.cells import (
    Box,
    Cell,
    Dimension,
    alike,
    box_words,
    is_possible,
    merged,
    of_parameters,
    of_variables,
)


def cell_findings(machine: Machine) -> Iterator[Finding]:
    """The cells that no row fills, and those that several do, those alike in one finding."""
    for operation in machine.contract.operations:
        dimensions = _dimensions(machine, operation)
        wrong: dict[tuple[str, ...], list[Box]] = {}
        for values in itertools.product(*(dimension.values for dimension in dimensions)):
            cell = dict(zip((dimension.name for dimension in dimensions), values, strict=True))
            if not is_possible(dimensions, cell):
                continue
            rows = _matching(machine, operation, dimensions, cell)
            if len(rows) != 1:
                box = tuple(alike(dimension, cell) for dimension in dimensions)
                wrong.setdefault(tuple(row.id for row in rows), []).append(box)
        for names, boxes in wrong.items():
            for box in merged(boxes):
                yield _finding(machine.contract, operation, names, box_words(dimensions, box))


def _dimensions(machine: Machine, operation: str) -> list[Dimension]:
    asked = (name for row in machine.contract.rows.values() if row.call == operation for name in row.given)
    return [*of_variables(machine, machine.guards(operation)), *of_parameters(machine, operation, asked)]


def _matching(machine: Machine, operation: str, dimensions: Sequence[Dimension], cell: Cell) -> list[Row]:
    state = machine.state({item.name: cell[item.name][0] for item in dimensions if not item.is_parameter})
    leaves = {item.name: cell[item.name][0] for item in dimensions if item.is_parameter}
    groups = {item.name: cell[item.name][1] for item in dimensions if item.is_parameter}
    variant = Variant((), leaves, groups, {})
    return machine.matching(state, Call(operation, {}, leaves, (variant,)), variant)


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
