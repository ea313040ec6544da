"""What is to be said of a contract: where, what was found, and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_NEAR = 0.6


@dataclass(frozen=True, order=True)
class Place:
    """Where an entry stands: file, line and column (both from 1)."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, order=True)
class Finding:
    """One thing to say of a contract: where, what was found, and what to do. `severity` is error, warning or info."""

    place: Place
    found: str
    remedy: str
    kind: str = "contract"
    severity: str = "error"

    def __str__(self) -> str:
        return f"{self.place}: {self.found} {self.remedy}"


class Mistake(ValueError):
    """What a person named or wrote cannot be used; the text says where, what was found, and what to do. Printed plainly."""


class ContractError(Exception):
    """The contract cannot be used; `findings` says where and what to do. Raised for a person's mistake, so printed plainly."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings))


def nearest(name: str, known: Iterable[str]) -> str | None:
    """What a name that is not known was most likely meant to be; None if it is near to nothing."""
    return next(iter(difflib.get_close_matches(name, sorted(known), 1, _NEAR)), None)


def did_you_mean(name: str, known: Iterable[str], some: Iterable[str] | None = None) -> str:
    """A sentence that names what may have been meant, or else all that could have been (or `some` of it)."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, 3, _NEAR)
    if near:
        return f"Did you mean {' or '.join(f'`{item}`' for item in near)}?"
    return f"Known: {', '.join(names if some is None else some) or 'none'}."


def count(number: int, what: str) -> str:
    """A number of things: `1 call`, `1,234 calls`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def list_words(words: Sequence[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"
