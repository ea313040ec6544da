"""Implementations of the session API that the judge is tried on: odd ones, which conform, and faulty ones.

`ODD` and `FAULTY` list the classes in the order in which they are written, those with several faults last; the name
of one is its class's, and `path_of` says how a Python adapter finds it.
"""

from __future__ import annotations

from types import ModuleType

from . import faulty, odd, several
from .base import Plain

__all__ = ["FAULTY", "ODD", "Plain", "path_of"]


def path_of(implementation: type[Plain]) -> str:
    """The `module:factory` of an implementation."""
    return f"{implementation.__module__}:{implementation.__qualname__}"


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
FAULTY = [item for item in (*_written_in(faulty), *_written_in(several)) if item.breaks]
