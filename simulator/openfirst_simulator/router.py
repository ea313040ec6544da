"""Which route a request takes: by its method, and by the parts of its path."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Generic, TypeVar
from urllib.parse import unquote

from openfirst_simulator.problems import method_not_allowed, not_found

T = TypeVar("T")
_REMEMBERED = 1024


class _Branch(Generic[T]):
    """The routes that begin alike: what goes on with a part that is stated, what with any, and what ends here, by method."""

    def __init__(self) -> None:
        self.stated: dict[str, _Branch[T]] = {}
        self.any: _Branch[T] | None = None
        self.ends: dict[str, tuple[T, tuple[str, ...]]] = {}


class Router(Generic[T]):
    """Routes by method and template. `{name}` in a template stands for one part of a path, which is not empty.

    Where two templates match, the one that states a part goes before the one that names it, as OpenAPI has it.
    """

    def __init__(self, routes: Iterable[tuple[str, str, T]]) -> None:
        self._root = _Branch[T]()
        for method, template, route in routes:
            branch, names = self._root, []
            for part in template.split("/"):
                if part.startswith("{"):
                    names.append(part[1:-1])
                    branch.any = branch.any or _Branch[T]()
                    branch = branch.any
                else:
                    branch = branch.stated.setdefault(part, _Branch[T]())
            branch.ends[method] = (route, tuple(names))
        self.find = lru_cache(maxsize=_REMEMBERED)(self._find)
        """The route of a method and a path, and the parts of the path that its template names. Raises Problem."""

    def _find(self, method: str, path: str) -> tuple[T, Mapping[str, str]]:
        parts = [unquote(part) for part in path.split("/")] if "%" in path else path.split("/")
        allowed: set[str] = set()
        for branch, given in self._ends(parts):
            found = branch.ends.get(method)
            if found is not None:
                route, names = found
                return route, MappingProxyType(dict(zip(names, given, strict=True)))
            allowed.update(branch.ends)
        if allowed:
            raise method_not_allowed(method, sorted(allowed))
        raise not_found(
            f"Nothing is at `{unquote(path)[:200]}`. GET /openapi.yaml, /rest.yaml and /_openfirst/ describe what there is."
        )

    def _ends(self, parts: Sequence[str]) -> Iterator[tuple[_Branch[T], tuple[str, ...]]]:
        """Where the path ends, whichever templates it fits, each with the parts that are named on the way."""
        ways: list[tuple[_Branch[T], int, tuple[str, ...]]] = [(self._root, 0, ())]
        while ways:
            branch, number, given = ways.pop()
            if number == len(parts):
                yield branch, given
                continue
            part = parts[number]
            if part and branch.any is not None:
                ways.append((branch.any, number + 1, (*given, part)))
            stated = branch.stated.get(part)
            if stated is not None:
                ways.append((stated, number + 1, given))
