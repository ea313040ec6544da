"""What a call came to: one of five things."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Answered:
    """An answer, with its JSON value; None where it has none."""

    value: Any = None


@dataclass(frozen=True)
class Refused:
    """An error, with its code; None where nobody knows the reason. `said`: the code that was given, where there is none such."""

    code: str | None = None
    said: str | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Unreadable:
    """Something came back that is no answer and no error; `found` is what the adapter says of it."""

    found: str


@dataclass(frozen=True)
class Unsupported:
    """The implementation does not have what was asked for, after all; `reason` is why, for people, and tells no two apart."""

    reason: str = field(default="", compare=False)


@dataclass(frozen=True)
class Pending:
    """Nothing came back so far."""


Settled = Answered | Refused | Unreadable | Unsupported
"""What a call comes to in the end."""
Outcome = Settled | Pending
