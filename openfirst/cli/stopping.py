"""Ctrl-C while something runs: it is answered at once, however busy that is."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import TypeVar

T = TypeVar("T")
SAID = "Stopping. What was done is reported; Ctrl-C once more ends it without a report."


async def answering(run: Awaitable[T], say: Callable[[str], None]) -> T:
    """What a run comes to. At the first Ctrl-C it is said what becomes of that, and then done what was to be done anyway."""
    otherwise = signal.getsignal(signal.SIGINT)
    if not callable(otherwise):
        return await run  # It is ignored, as behind nohup: nobody stops anything, and nothing is said.
    said = False

    def heard(number: int, frame: FrameType | None) -> None:
        nonlocal said
        if not said:
            said = True
            say(SAID)
        otherwise(number, frame)

    signal.signal(signal.SIGINT, heard)
    try:
        return await run
    finally:
        signal.signal(signal.SIGINT, otherwise)
