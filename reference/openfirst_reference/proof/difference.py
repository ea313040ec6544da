"""What differs between two contracts: in their entries, and in their tables, cell by cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from msgspec import Struct, structs

from openfirst_reference.contract.forms import Word
from openfirst_reference.contract.model import Contract
from openfirst_reference.machine.machine import Machine
from openfirst_reference.proof.cell_difference import CellChange, cell_changes


@dataclass(frozen=True)
class Field:
    """A field of an entry, by its path, as it was and as it is; None where there is none."""

    path: tuple[str, ...]
    old: Any
    new: Any


@dataclass(frozen=True)
class EntryChange:
    """An entry of a section that was added (`old` is False), removed (`new` is False), or changed in some fields."""

    section: str
    name: str
    old: bool
    new: bool
    fields: tuple[Field, ...] = ()


@dataclass(frozen=True)
class Difference:
    """All that differs between two contracts."""

    entries: tuple[EntryChange, ...]
    cells: tuple[CellChange, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the contracts say the same."""
        return not self.entries and not self.cells


def difference(old: Machine, new: Machine) -> Difference:
    """What differs from `old` in `new`."""
    return Difference(tuple(_entries(old.contract, new.contract)), tuple(cell_changes(old, new)))


# Entries --------------------------------------------------------------------------------------------------------------


def _sections(contract: Contract) -> Iterator[tuple[str, Mapping[str, Any]]]:
    head = {"version": contract.version, "title": contract.title, "statement": contract.statement}
    yield "contract", {"session": {"name": contract.name, **head}}
    yield "source", contract.sources
    yield "type", contract.types
    yield "variable", contract.variables
    yield "fixture", contract.fixtures
    yield "operation", contract.operations
    yield "error", contract.errors
    kept = {name: item.answering for name, item in contract.effects.items()}
    yield "effect", {name: item for name, item in kept.items() if item["keeps"] or item["stale"]}
    yield "law", {name: {"rule": law.rule, "of": law.of} for name, law in contract.laws.items()}
    yield "rule", contract.rules
    yield "choice", contract.choices
    yield "profile", contract.profiles
    yield "function", {name: {} for name in contract.functions}
    classes = contract.classes.values()
    yield (
        "parameter",
        {
            f"{item.parameter} of {item.operation}": {
                "source": item.source,
                "classes": [leaf.name for leaf in item.leaves],
            }
            for item in classes
        },
    )
    yield (
        "class",
        {f"{leaf.name} of {item.operation} {item.parameter}": leaf for item in classes for leaf in item.leaves},
    )
    yield "service", {name: {**_plain(item), "methods": None} for name, item in contract.services.items()}
    yield "gate", contract.gates
    yield "method", contract.methods
    bindings = contract.bindings
    parts = ("operations", "credential", "refresh", "platform")
    yield "binding", {name: getattr(bindings, name) for name in parts if getattr(bindings, name) is not None}


def _entries(old: Contract, new: Contract) -> Iterator[EntryChange]:
    for (section, before), (_, after) in zip(_sections(old), _sections(new), strict=True):
        for name in dict.fromkeys([*before, *after]):
            if name in before and name in after:
                changed = tuple(_fields(_plain(before[name]), _plain(after[name]), ()))
                if changed:
                    yield EntryChange(section, name, True, True, changed)
            else:
                yield EntryChange(section, name, name in before, name in after)


def _fields(old: Any, new: Any, path: tuple[str, ...]) -> Iterator[Field]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys([*old, *new]):
            yield from _fields(old.get(key), new.get(key), (*path, key))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new) and any(map(_is_map, [*old, *new])):
        for number, (one, other) in enumerate(zip(old, new, strict=True), 1):
            yield from _fields(one, other, (*path, str(number)))
    elif old != new:
        yield Field(path, old, new)


def _is_map(value: Any) -> bool:
    return isinstance(value, dict)


def _plain(value: Any) -> Any:
    """Frozen data as JSON has it."""
    if isinstance(value, Struct):
        return {item.encode_name: _plain(getattr(value, item.name)) for item in structs.fields(value)}
    if isinstance(value, Word) and not value:
        return None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, frozenset):
        return sorted(map(_plain, value))
    return [_plain(item) for item in value] if isinstance(value, tuple | list) else value
