"""CEL, the one expression language of the contract: compile once, evaluate on plain data."""

from __future__ import annotations

import importlib
import re
import sys
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from typing import TYPE_CHECKING, Any

from openfirst_reference.contract.findings import Mistake

_LIBRARY = "cel.cel"
if TYPE_CHECKING:
    import cel
else:

    def _library() -> Any:
        """The library itself. Its package would import a command line as well, and wait longer for that than for all the rest.

        It can be loaded once in a process: so whoever imports the package, before or after, has the same one.
        """
        package = find_spec("cel")
        found = PathFinder.find_spec(_LIBRARY, package and package.submodule_search_locations)
        if _LIBRARY in sys.modules or found is None or found.loader is None:
            return importlib.import_module("cel")
        sys.modules[_LIBRARY] = module = module_from_spec(found)
        found.loader.exec_module(module)
        return module

    cel = _library()

Context = cel.Context
FUNCTIONS = {
    "fold": lambda text: text.casefold(),
    "compose": lambda text: unicodedata.normalize("NFC", text),
}


class ExpressionError(Mistake):
    """An expression of the contract that cannot be compiled or evaluated; the text says which and why."""


class Expression:
    """A compiled CEL expression."""

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            self._program = cel.compile(text)
        except ValueError as error:
            raise ExpressionError(f"`{text}` is not CEL: {str(error).splitlines()[0]}") from None

    def __call__(self, values: Mapping[str, Any] | Context) -> Any:
        """The value of the expression, with `values` as its variables. Raises ExpressionError."""
        ready = values if isinstance(values, Context) else context(values)
        try:
            return self._program.execute(ready)
        except KeyError as error:
            raise ExpressionError(f"`{self.text}` cannot be evaluated: there is no {error}") from None
        except (RuntimeError, TypeError, ValueError) as error:
            raise ExpressionError(f"`{self.text}` cannot be evaluated: {str(error).splitlines()[0]}") from None


def context(values: Mapping[str, Any]) -> Context:
    """The variables `values`, made ready for several expressions: that takes much longer than to evaluate one."""
    return Context(dict(values), FUNCTIONS)


@lru_cache(maxsize=4096)
def expression(text: str) -> Expression:
    """The compiled expression; compiled once."""
    return Expression(text)


_NAMED = r"(?:\.(\w+)|\[\s*(?:'([^']*)'|\"([^\"]*)\")\s*\])"
_TEXT = re.compile(r"'[^']*'|\"[^\"]*\"")


def mentioned(text: str, *roots: str) -> Iterator[tuple[str, str | None]]:
    """Each `root.name` or `root['name']` that an expression speaks of, for these roots; the name is None for a bare root."""
    alternatives = "|".join(re.escape(root) for root in sorted(roots, key=len, reverse=True))
    for item in re.finditer(rf"(?<![\w.])({alternatives})\b{_NAMED}?", text):
        # A root within quotes is only a word.
        if not any(quoted.start() < item.start() < quoted.end() for quoted in _TEXT.finditer(text)):
            yield item[1], next((name for name in item.groups()[1:] if name is not None), None)
