"""Which route a request takes: by its method, and by the parts of its path."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar
from urllib.parse import unquote

from openfirst_simulator.problems import method_not_allowed, not_found

T = TypeVar("T")


class Router(Generic[T]):
    """Routes by method and template. `{name}` in a template stands for one part of a path, which is not empty."""

    def __init__(self, routes: Iterable[tuple[str, str, T]]) -> None:
        self._by_shape: dict[tuple[str | None, ...], dict[str, tuple[T, tuple[str, ...]]]] = {}
        self._shapes: dict[int, list[tuple[str | None, ...]]] = {}
        self._exact: dict[tuple[str, str], T] = {}
        for method, template, route in routes:
            parts = template.split("/")
            shape = tuple(None if part.startswith("{") else part for part in parts)
            if shape not in self._by_shape:
                self._by_shape[shape] = {}
                self._shapes.setdefault(len(shape), []).append(shape)
            names = tuple(part[1:-1] for part in parts if part.startswith("{"))
            self._by_shape[shape][method] = (route, names)

    def find(self, method: str, path: str) -> tuple[T, dict[str, str]]:
        """The route, and the parts of the path that its template names. Raises Problem."""
        known = self._exact.get((method, path))
        if known is not None:
            return known, {}
        parts = [unquote(part) for part in path.split("/")] if "%" in path else path.split("/")
        allowed: set[str] = set()
        for shape in self._shapes.get(len(parts), ()):
            if all(
                (part != "" if stated is None else part == stated) for part, stated in zip(parts, shape, strict=True)
            ):
                methods = self._by_shape[shape]
                if method in methods:
                    route, names = methods[method]
                    if not names and "%" not in path:
                        self._exact[method, path] = route
                    given = (part for part, stated in zip(parts, shape, strict=True) if stated is None)
                    return route, dict(zip(names, given, strict=True))
                allowed.update(methods)
        if allowed:
            raise method_not_allowed(method, sorted(allowed))
        raise not_found(
            f"Nothing is at `{unquote(path)[:200]}`. GET /openapi.yaml, /rest.yaml and /_openfirst/ describe what there is."
        )
