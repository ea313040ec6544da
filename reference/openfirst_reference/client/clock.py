"""Clocks: where the client's time comes from, so that whoever makes the client decides what time it is."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Protocol

Callback = Callable[[], Coroutine[Any, Any, None]]
"""What is done at a time. The clock runs it, and so knows when it is done."""


class Timer(Protocol):
    """Something that will be done."""

    def cancel(self) -> None:
        """Let it not be done. Once it has begun, this changes nothing."""
        ...


class Clock(Protocol):
    """Tells the time, in seconds since 1970 (UTC), and does things when it has come."""

    def now(self) -> float:
        """Give the time."""
        ...

    def call_at(self, when: float, callback: Callback) -> Timer:
        """Let something be done at a time; at once if that has passed."""
        ...


class RealClock:
    """The time of this machine, and timers of the running event loop. Is a `Clock`."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def now(self) -> float:
        """Give the time."""
        return time.time()

    def call_at(self, when: float, callback: Callback) -> Timer:
        """Let something be done at a time, in the event loop that runs now."""
        loop = asyncio.get_running_loop()
        return loop.call_later(when - self.now(), self._begin, callback)

    def _begin(self, callback: Callback) -> None:
        # An event loop holds its tasks weakly.
        task = asyncio.get_running_loop().create_task(callback())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


@dataclass(order=True)
class _VirtualTimer:
    when: float
    number: int
    callback: Callback = field(compare=False)
    canceled: bool = field(default=False, compare=False)

    def cancel(self) -> None:
        self.canceled = True


class VirtualClock:
    """A clock that stands still but for `advance`: for tests. Is a `Clock`."""

    def __init__(self, start: float = 0.0) -> None:
        self._now = start
        self._timers: list[_VirtualTimer] = []
        self._numbers = itertools.count()
        self._tasks: set[asyncio.Task[None]] = set()

    def now(self) -> float:
        """Give the time."""
        return self._now

    def call_at(self, when: float, callback: Callback) -> Timer:
        """Let something be done once `advance` has come to a time, or by `settle` if that has passed."""
        timer = _VirtualTimer(_to_microsecond(when), next(self._numbers), callback)
        heapq.heappush(self._timers, timer)
        return timer

    async def advance(self, seconds: float) -> None:
        """Let time pass; what falls due is done, each thing at its own time and to its end."""
        until = _to_microsecond(self._now + seconds)
        while (timer := self._next(until)) is not None:
            self._now = max(self._now, timer.when)
            await self.settle()
        self._now = until

    async def settle(self) -> None:
        """Wait until nothing is due, and nothing that was due is still being done; raises what it raised."""
        while True:
            while (timer := self._next(self._now)) is not None:
                heapq.heappop(self._timers)
                self._tasks.add(asyncio.get_running_loop().create_task(timer.callback()))
            if not self._tasks:
                return
            done, _ = await asyncio.wait(self._tasks)
            self._tasks -= done
            for task in done:
                task.result()

    def _next(self, until: float) -> _VirtualTimer | None:
        while self._timers and self._timers[0].canceled:
            heapq.heappop(self._timers)
        return self._timers[0] if self._timers and self._timers[0].when <= until else None


def _to_microsecond(seconds: float) -> float:
    # So that ten times a tenth of a second is a second, and a timer at that second is not missed by a hair.
    return round(seconds, 6)
