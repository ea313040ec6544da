"""Platforms that the judge is tried on: odd ones, which conform, and faulty ones.

`ODD` and `FAULTY` list the classes in the order in which they are written.
"""

from __future__ import annotations

from types import ModuleType

from . import faulty, odd
from .base import KEY, SECRET, Plain

__all__ = ["FAULTY", "KEY", "ODD", "SECRET", "Plain"]


def _written_in(module: ModuleType) -> list[type[Plain]]:
    return [
        item
        for name, item in vars(module).items()
        if isinstance(item, type)
        and issubclass(item, Plain)
        and item.__module__ == module.__name__
        and not name.startswith("_")
    ]


ODD = _written_in(odd)
FAULTY = [item for item in _written_in(faulty) if item.breaks]
