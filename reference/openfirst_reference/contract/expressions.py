"""CEL, the one expression language of the contract: compile once, evaluate on plain data."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import cel

Context = cel.Context
FUNCTIONS = {
    "fold": lambda text: text.casefold(),
    "compose": lambda text: unicodedata.normalize("NFC", text),
}


class ExpressionError(ValueError):
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
