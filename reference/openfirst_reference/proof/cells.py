"""Cells of the table: combinations of what rows ask for, and boxes of cells that are alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from openfirst_reference.contract.findings import list_words
from openfirst_reference.machine.machine import Machine

T = TypeVar("T")
Value = tuple[str, str]
Box = tuple[frozenset[Value], ...]
Cell = Mapping[str, Value]


@dataclass(frozen=True)
class Dimension:
    """A variable or a parameter that rows ask for. A value is a leaf and its group, for a variable twice the same.

    `absent` is the class of what is not given; `parents` are the parameters that it stands inside of, each with its own.
    """

    name: str
    values: tuple[Value, ...]
    is_parameter: bool
    absent: str | None = None
    parents: tuple[tuple[str, str | None], ...] = ()


def of_variables(machine: Machine, names: Iterable[str]) -> list[Dimension]:
    """The dimensions of some variables."""
    variables = machine.contract.variables
    return [
        Dimension(name, tuple((value, value) for value in variables[name].values), is_parameter=False) for name in names
    ]


def of_parameters(machine: Machine, operation: str, names: Iterable[str]) -> list[Dimension]:
    """The dimensions of some parameters of an operation. Its parents are those of them that a parameter stands inside of."""
    contract = machine.contract
    asked = list(dict.fromkeys(names))
    paths = contract.operations[operation].parameters
    result = []
    for name in asked:
        classes = contract.classes[operation, name]
        leaves = classes.leaves
        groups = [leaf.by_choice[1].values() if leaf.by_choice else [leaf.group] for leaf in leaves]
        values = tuple((leaf.name, group) for leaf, some in zip(leaves, groups, strict=True) for group in some)
        around = [other for other in asked if other != name and paths[other] == paths[name][: len(paths[other])]]
        parents = tuple((other, contract.classes[operation, other].absent) for other in around)
        result.append(Dimension(name, values, is_parameter=True, absent=classes.absent, parents=parents))
    return result


def is_possible(dimensions: Iterable[Dimension], cell: Cell) -> bool:
    """Whether there is such a cell: where a parameter is absent, nothing stands inside it."""
    return not any(
        cell[parent][1] == absent and cell[dimension.name][0] != dimension.absent
        for dimension in dimensions
        for parent, absent in dimension.parents
        if parent in cell and dimension.name in cell
    )


def alike(dimension: Dimension, cell: Cell) -> frozenset[Value]:
    """The cell's one value; every value, for what the cell leaves open, and for what is inside something absent."""
    if dimension.name not in cell or any(
        cell[parent][1] == absent for parent, absent in dimension.parents if parent in cell
    ):
        return frozenset(dimension.values)
    return frozenset([cell[dimension.name]])


def merged(boxes: list[tuple[frozenset[T], ...]]) -> list[tuple[frozenset[T], ...]]:
    """As few boxes as come of joining those that differ in one dimension only."""
    count = 0
    while len(boxes) != count:
        count = len(boxes)
        for position in range(len(boxes[0])):
            joined: dict[tuple[frozenset[T], ...], frozenset[T]] = {}
            for box in boxes:
                rest = (*box[:position], *box[position + 1 :])
                joined[rest] = joined.get(rest, frozenset()) | box[position]
            boxes = [(*rest[:position], values, *rest[position:]) for rest, values in joined.items()]
    return boxes


def box_words(dimensions: Sequence[Dimension], box: Box) -> str:
    """A box in words, such as `kind is token, info is given or absent`; empty for all cells."""
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
