"""Faulty implementations with several faults at once: the one that shows first must not hide the others.

`every` names the rules that must all be convicted.
"""

# mypy: disable-error-code="assignment, misc"

from __future__ import annotations

from .faulty import (
    APART,
    CloseKeepsParticipant,
    GateIsOpenBeforeOpen,
    IgnoresMismatchUndeclared,
    IsOpenThrows,
    LosesName,
    LowersName,
    NewIdEveryOpen,
    ReopenLeaksAvatar,
    UpdateDropsAvatar,
    UpdateSwaps,
)


class LosesNameAndChangesId(LosesName, NewIdEveryOpen):
    """Whoever looks at the participant misses the name at once, and the other ID only at the second session."""

    breaks = ("info-is-kept", "same-id-same-participant")
    every = breaks


class ThrowsInIsOpenAndChangesId(IsOpenThrows, NewIdEveryOpen):
    """A closed session cannot be looked at, and the next one has another ID."""

    breaks = ("is-open-is-pure", "same-id-same-participant")
    every = breaks


class LowersNameAndLeaksAvatar(LowersName, ReopenLeaksAvatar):
    """The first session shows another name, and the second the picture of the first."""

    breaks = ("info-is-kept", "reopen")
    every = breaks
    innocent = APART


class IgnoresMismatchAndDropsAvatar(IgnoresMismatchUndeclared, UpdateDropsAvatar, NewIdEveryOpen):
    """Opens for anybody, and what is updated there is half lost."""

    breaks = ("external-id-mismatch", "update-updates", "same-id-same-participant")
    every = breaks


class ClosesNothingAndSwaps(UpdateSwaps, CloseKeepsParticipant, GateIsOpenBeforeOpen):
    """Three operations, each with a fault of its own."""

    breaks = ("update-updates", "close-closes", "open-before-use")
    every = ("update-updates", "open-before-use")
