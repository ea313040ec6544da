"""The time of a world: what is to happen happens at its own instant, one thing after another, however far time is moved."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

from openfirst_reference.contract.findings import Mistake
from openfirst_simulator.clock import FROZEN, REAL, Clock
from openfirst_simulator.records import Timer
from openfirst_simulator.store import Draft, MemoryStore

WAKE = "wake"


class BrokenOff(Exception):
    """The world of a request became another while it waited, or is no more."""


class Timeline:
    """The clock and the timers of a world.

    `happens` does what a timer is for, at its instant, and gives it as it is told to whoever moves time.
    """

    def __init__(self, clock: Clock, store: MemoryStore, happens: Callable[[Timer], dict[str, Any]]) -> None:
        self._clock, self._store, self._happens = clock, store, happens
        # Who waits, by the timer, and because of what.
        self._waiting: dict[str, tuple[asyncio.Future[None], str]] = {}
        self._numbers = itertools.count(1)
        self._handle: asyncio.TimerHandle | None = None
        self._instant: float | None = None

    def now(self) -> float:
        """Seconds since the epoch: the instant of what is happening, if something is."""
        return self._clock.now() if self._instant is None else self._instant

    @property
    def frozen(self) -> bool:
        """Whether time stands still until somebody advances it."""
        return self._clock.frozen

    @property
    def scale(self) -> float:
        """How many seconds pass in a real one."""
        return self._clock.scale

    @property
    def next_due(self) -> float | None:
        """When the next thing happens, in seconds since the epoch; None if there is none."""
        timer = self._store.next_timer()
        return None if timer is None else timer.due

    # Moving time ------------------------------------------------------------------------------------------------------

    def advance(self, seconds: float) -> list[dict[str, Any]]:
        """Let time pass, and give what happened in it. Raises ValueError for a negative number, and beyond the year 9999."""
        return self._move(self._clock.reaching(seconds))

    def advance_to(self, instant: float) -> list[dict[str, Any]]:
        """Let time pass until an instant, and give what happened till then. Raises ValueError for one that has been."""
        if not instant >= self.now():
            raise Mistake(f"Time cannot go back to {instant}: it is {self.now()} already. Give a later instant.")
        return self._move(self._clock.reaching(instant - self.now()))

    def advance_to_next(self) -> list[dict[str, Any]]:
        """Let time pass until the next thing happens, and give what did; nothing if nothing is to happen.

        Raises ValueError where that is beyond the year 9999.
        """
        due = self.next_due
        if due is None:
            return []
        self._clock.reaching(max(0.0, due - self.now()))
        return self._move(max(due, self.now()))

    def freeze(self) -> None:
        """Time stands still from now on."""
        self.run(FROZEN)

    def run(self, scale: float = REAL) -> None:
        """From now on so many seconds pass in a real one. Raises ValueError for a number that makes no sense."""
        self.catch_up()
        self._clock.run(scale)
        self._arm()

    def set(self, instant: float | None, scale: float) -> None:
        """It is another time (None: the real one), and goes as fast as this: for a world that becomes another."""
        self._clock.run(FROZEN)
        self._clock.set(self._clock.real() if instant is None else instant)
        self._clock.run(scale)
        self._arm()

    def catch_up(self) -> None:
        """What was due by now has happened."""
        timer = self._store.next_timer()
        if timer is not None and timer.due <= self._clock.now() and self._instant is None:
            self._move(self._clock.now())

    def _move(self, instant: float) -> list[dict[str, Any]]:
        happened: list[dict[str, Any]] = []
        while (timer := self._store.next_timer()) is not None and timer.due <= instant:
            if self._clock.frozen:
                self._clock.set(max(timer.due, self._clock.now()))
            happened.append(self._fire(timer))
        if instant > self._clock.now():
            self._clock.set(instant)
        self._arm()
        return happened

    def _fire(self, timer: Timer) -> dict[str, Any]:
        draft = Draft(self._store)
        draft.drop(timer)
        self._store.commit(draft)
        self._instant = timer.due
        try:
            if timer.what != WAKE:
                return self._happens(timer)
            waiting, _ = self._waiting.pop(timer.id, (None, ""))
            if waiting is not None and not waiting.done():
                waiting.set_result(None)
            return {"at": timer.due, "what": timer.of}
        finally:
            self._instant = None

    # Waiting ----------------------------------------------------------------------------------------------------------

    async def wait(self, seconds: float, what: str, *, since: float | None = None, of: str = "") -> float:
        """Wait until so much of the world's time has passed, `since` an instant or now. Gives when it had, or when woken.

        `what` is told to whoever moves time; `of` is what `wake` names. Raises BrokenOff where the world becomes another.
        """
        due = self._clock.reaching(seconds) if since is None else since + seconds
        if due <= self._clock.now():
            return due  # Time went past it while this one was woken from the wait before.
        timer = Timer(id=f"{WAKE} {next(self._numbers)}", due=due, what=WAKE, of=what)
        draft = Draft(self._store)
        draft.put(timer)
        self._store.commit(draft)
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[timer.id] = (waiting, of)
        self._arm()
        try:
            await waiting
            return min(due, self._clock.now())
        finally:
            self._waiting.pop(timer.id, None)
            draft = Draft(self._store)
            draft.drop(timer)
            self._store.commit(draft)

    def wake(self, of: str) -> None:
        """Whoever waits because of this waits no longer, whatever time it is."""
        for waiting, because in self._waiting.values():
            if because == of and not waiting.done():
                waiting.set_result(None)

    def break_off(self) -> None:
        """Whoever waits is told that there is nothing to wait for any more."""
        for waiting, _ in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(BrokenOff())

    def _arm(self) -> None:
        """While somebody waits and time goes by itself, the loop calls when the next thing is due."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        due = self.next_due
        if self._waiting and due is not None and not self._clock.frozen:
            loop = next(iter(self._waiting.values()))[0].get_loop()
            self._handle = loop.call_later(self._clock.until(due), self._ring)

    def _ring(self) -> None:
        self._handle = None
        self.catch_up()
        self._arm()
