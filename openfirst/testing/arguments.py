"""What a test gives is what can be given, or a sentence says what can: no TypeError from somewhere inside."""

from __future__ import annotations

import inspect
import reprlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache, wraps
from types import NoneType, UnionType
from typing import Any, ParamSpec, TypeVar, Union, get_args, get_origin, get_type_hints

from openfirst.testing import is_plain
from openfirst_reference.contract.findings import Mistake, did_you_mean, list_words
from openfirst_reference.contract.model import Contract

__tracebackhide__ = is_plain

P = ParamSpec("P")
T = TypeVar("T")
_WORDS = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "True or False",
    NoneType: "None",
    datetime: "a datetime",
    timedelta: "a timedelta",
    Mapping: "a dict",
    Contract: "what `openfirst.load_contract()` gives",
}
"""The types that arguments are declared to have."""


def checked(function: Callable[P, T]) -> Callable[P, T]:
    """The function, which raises Mistake for arguments that are not as its signature has them: by name, by number, by type."""
    signature = inspect.signature(function)
    name = function.__qualname__.removesuffix(".__init__").rpartition(".")[2]
    # The annotations may speak of classes that come later in their module.
    hints = cache(lambda: get_type_hints(function))

    @wraps(function)
    def called(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            given = signature.bind(*args, **kwargs).arguments
        except TypeError as error:
            known = [each for each in signature.parameters if each != "self"]
            for each in kwargs:
                if each not in known:
                    raise Mistake(f"`{name}` takes no `{each}`. {did_you_mean(each, known)}") from None
            raise Mistake(f"`{name}`: {error}. It takes {', '.join(known) or 'nothing'}.") from None
        for each, value in given.items():
            hint = hints().get(each, Any)
            if not _is(value, hint):
                raise Mistake(f"`{each}` is {reprlib.repr(value)}. Give {_in_words(hint)}.")
        return function(*args, **kwargs)

    return called


def _is(value: Any, hint: Any) -> bool:
    """Whether a value is of a type; True is no number here, and a text no list."""
    kind, of = get_origin(hint) or hint, get_args(hint)
    if kind is Any:
        return True
    if kind in (Union, UnionType):
        return any(_is(value, each) for each in of)
    if kind in (int, float):
        return isinstance(value, int | kind) and not isinstance(value, bool) and (kind is int or _fits(value))
    if kind is Sequence:
        return (
            isinstance(value, Sequence) and not isinstance(value, str | bytes) and all(_is(each, *of) for each in value)
        )
    if kind is Mapping:
        # What is said of a name, whoever looks it up judges.
        return isinstance(value, Mapping) and all(_is(each, of[0]) for each in value)
    return isinstance(value, kind)


def _fits(number: float) -> bool:
    try:
        float(number)
    except OverflowError:
        return False
    return True


def _in_words(hint: Any) -> str:
    kind, of = get_origin(hint) or hint, get_args(hint)
    if kind in (Union, UnionType):
        return list_words([_in_words(each) for each in of], "or")
    if kind is Sequence:
        return f"a list of {_in_words(*of).removeprefix('a ')}s"
    return _WORDS[kind]
