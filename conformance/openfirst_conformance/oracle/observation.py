"""Observations: the compared part of an outcome, in a form that can be looked up."""

from __future__ import annotations

import json
from typing import Any

Observation = tuple[Any, ...]
ANSWERED = ("answer", None)


def has_fields(content: Any) -> bool:
    """Whether the compared part of an answer is a map of fields."""
    return isinstance(content, tuple) and content[:1] != ("json",)


def scalar(value: Any) -> Any:
    """A JSON value that can be looked up, with true and 1 kept apart."""
    if value is None or isinstance(value, str):
        return value
    return ("json", json.dumps(value, sort_keys=True, default=str))
