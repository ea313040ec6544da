"""Observations: the compared part of an outcome, in a form that can be looked up."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from openfirst_reference.machine.outcome import Answered, Settled


class JsonText(NamedTuple):
    """A JSON value that is no text and not null, written out: so that true and 1 are kept apart."""

    text: str


class SeenIdentity(NamedTuple):
    """An identity that the platform chose and nobody here can read: it goes by the number of its first sight."""

    number: int


Scalar = str | JsonText | SeenIdentity | None


class Fields(NamedTuple):
    """The compared fields of an answer, in the order of the operation's paths."""

    values: tuple[Scalar, ...]


class Observation(NamedTuple):
    """What kind of outcome it was, and what of it is compared: of an error its code, of other outcomes nothing."""

    kind: type[Settled]
    content: Scalar | Fields


ANSWERED = Observation(Answered, None)


def scalar(value: Any) -> str | JsonText | None:
    """A JSON value that can be looked up."""
    if value is None or isinstance(value, str):
        return value
    return JsonText(json.dumps(value, sort_keys=True, default=str))
