"""The difference of two contracts in words."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any

from openfirst_reference.contract.findings import list_words
from openfirst_reference.machine.machine import Machine
from openfirst_reference.proof.cell_difference import CellChange, Permitted, When
from openfirst_reference.proof.cells import box_words
from openfirst_reference.proof.difference import Difference, EntryChange, Field
from openfirst_reference.proof.keeping import Keeping
from openfirst_reference.show.blocks import WIDTH, grid
from openfirst_reference.show.step_words import NOTHING, condition_words, error_words, trace_rows


def difference_text(found: Difference) -> str:
    """What differs, a line each: entries first, then the table. A sentence where nothing does."""
    if found.is_empty:
        return "The two contracts say the same."
    lines = [line for change in found.entries for line in _entry(change)]
    table = [_cells(change) for change in found.cells]
    return "\n".join([*lines, *([""] if lines and table else []), *table])


def _entry(change: EntryChange) -> Iterator[str]:
    name = f"{change.section} {change.name}"
    if not change.old:
        yield f"{name}: added"
    elif not change.new:
        yield f"{name}: removed"
    for item in change.fields:
        yield f"{name}: {_field(item)}"


def _field(item: Field) -> str:
    name, old, new = ".".join(item.path), item.old, item.new
    if _is_list_of_words(old) and _is_list_of_words(new) and set(old) != set(new):
        more, less = [word for word in new if word not in old], [word for word in old if word not in new]
        parts = [f"also {list_words(more)}"] if more else []
        parts += [f"no longer {list_words(less)}"] if less else []
        return f"{name}: {'; '.join(parts)}"
    return f"{name + ' ' if name else ''}was {_value(old)}, is {_value(new)}"


def _is_list_of_words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _cells(change: CellChange) -> str:
    where = box_words(change.dimensions, change.box)
    call = change.operation + (f" while {change.other} overlaps it" if change.other else "")
    # The name of an effect says what it changes, unless that is what has changed.
    spelled = {item.effect for item, _ in change.gained} & {item.effect for item, _ in change.lost}
    parts = [f"also permits {_permitted(*item, spelled=spelled)}" for item in change.gained]
    parts += [f"no longer permits {_permitted(*item, spelled=spelled)}" for item in change.lost]
    parts += [f"also carries {list_words(change.carries)}"] if change.carries else []
    parts += [f"no longer carries {list_words(change.carries_no_longer)}"] if change.carries_no_longer else []
    return f"{call}{', where ' + where if where else ''}: {'; '.join(parts)}"


def _permitted(item: Permitted, when: When, spelled: Collection[str | None]) -> str:
    outcome = error_words(item.error) if item.error else f"answer {item.answer}" if item.answer else "answer"
    changes = ", ".join(f"{name} becomes {value}" for name, value in item.changes)
    if changes and item.effect not in spelled:
        outcome, changes = f"{outcome}, then {item.effect}", ""
    condition = condition_words(when)
    return (
        f'"{outcome}"'
        + (f" ({changes})" if changes else "")
        + (f", which breaks {list_words(item.breaks)}" if item.breaks else "")
        + (f", if {condition}" if condition else "")
    )


def _value(value: Any) -> str:
    return (
        NOTHING
        if value is None or value == ""
        else value
        if isinstance(value, str)
        else json.dumps(value, ensure_ascii=False)
    )


def keeping_text(old: Machine, new: Machine, found: Keeping, width: int = WIDTH) -> str:
    """Whether what keeps the one contract keeps the other; a sequence that does not, and the rules that it breaks."""
    lines = []
    if found.found is not None:
        broken = found.found
        lines.append("An implementation that keeps the first can break the second.")
        lines.append(f"  Fixture {broken.fixture}:")
        lines.append(grid(trace_rows(old, broken.trace), width, "    "))
        lines.append("  The last outcome is not permitted.")
        condition = condition_words(broken.when)
        lines += [f"  The first permits this where {condition}."] if condition else []
        lines += [f"  Broken: {rule}. {new.contract.rules[rule].statement}" for rule in broken.rules]
        also = [name for name in found.broken if name != broken.fixture]
        lines += [f"  So it is for {list_words(also)}, too."] if also else []
    elif found.kept:
        where = f"the {_count(len(found.kept))} that both have" if not found.undecided else _count(len(found.kept))
        lines.append(f"Whatever keeps the first keeps the second, in {where}.")
    if found.unknown:
        lines.append(
            f"The first does not know {list_words(found.unknown)}: an implementation may do anything there, and break the second."
        )
    if found.undecided:
        lines.append(f"Not decided for {list_words(found.undecided)}: there is too much to look through.")
    return "\n".join(lines)


def _count(fixtures: int) -> str:
    return f"{fixtures} fixture{'' if fixtures == 1 else 's'}"
