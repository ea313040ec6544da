"""What a machine is asked and what it answers: states, calls with their classes, and steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from openfirst_reference.contract.model import Alternative, Answer, Overlap, Row


class Identity(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An ID that the platform chose, by whose it is: `owner` is a value of the variable that the contract names, None nobody's."""

    owner: str | None

    def __str__(self) -> str:
        return "anonymous" if self.owner is None else f"known:{self.owner}"

    def of(self, client: int) -> tuple[Identity, int | None]:
        """What stands for it where there are several clients: what is nobody's is each client's own."""
        return (self, client if self.owner is None else None)


Value = str | None | Identity
State = tuple[Value, ...]


class Variant(msgspec.Struct, frozen=True, eq=False, gc=False):
    """One reading of a call: leaf, group and value of each parameter, under the values `when` of choices."""

    when: tuple[tuple[str, frozenset[str]], ...]
    leaves: Mapping[str, str]
    groups: Mapping[str, str]
    given: Mapping[str, Any]


class Call(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A call with its parameters classified. Machines intern calls, so equality is identity."""

    operation: str
    arguments: Mapping[str, Any]
    leaves: Mapping[str, str]
    variants: tuple[Variant, ...]

    @property
    def given(self) -> Mapping[str, Any]:
        """The parameters as they were given, None where absent."""
        return self.variants[0].given


class Step(msgspec.Struct, frozen=True, eq=False, gc=False):
    """One thing that the table permits: the row, its outcome, and the state before and after."""

    row: Row | Overlap
    index: int
    call: Call
    variant: Variant
    when: tuple[tuple[str, frozenset[str]], ...]
    code: str | None
    answer: Answer | None
    before: State
    after: State
    alternative: Alternative

    @property
    def is_error(self) -> bool:
        """Whether the call fails."""
        return self.answer is None


def is_overlap(step: Step) -> bool:
    """Whether the step is one that only an overlapping call explains."""
    return isinstance(step.row, Overlap)
