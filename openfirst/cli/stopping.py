"""Ctrl-C while something runs: it is answered at once, however busy that is."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import TypeVar

T = TypeVar("T")
SAID = "Stopping. What was done is reported; Ctrl-C once more ends it without a report."


async def answering(run: Awaitable[T], stop: Callable[[str], None], end: Callable[[], None]) -> T:
    """What a run comes to. The first Ctrl-C calls `stop`, with what becomes of that, and does what was to be done anyway.

    The next one calls `end`, which does not return.
    """
    otherwise = signal.getsignal(signal.SIGINT)
    if not callable(otherwise):
        return await run  # It is ignored, as behind nohup: nobody stops anything, and nothing is said.
    said = False

    def heard(number: int, frame: FrameType | None) -> None:
        nonlocal said
        if said:
            end()
        said = True
        stop(SAID)
        otherwise(number, frame)

    signal.signal(signal.SIGINT, heard)
    try:
        return await run
    finally:
        signal.signal(signal.SIGINT, otherwise)
