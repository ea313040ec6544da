"""The time of a world: what is to happen happens at its own instant, one thing after another, however far time is moved."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from openfirst_reference.contract.findings import Mistake
from openfirst_simulator.clock import FROZEN, LEAST, REAL, Clock
from openfirst_simulator.records import Timer
from openfirst_simulator.store import Draft, MemoryStore

WAKE = "wake"


class BrokenOff(Exception):
    """The world of a request became another while it waited, or is no more."""


class _Waiting(NamedTuple):
    """Who waits, and because of what."""

    future: asyncio.Future[None]
    of: Collection[object]
    who: object


class Timeline:
    """The clock and the timers of a world.

    `happens` does what a timer is for, at its instant, and gives it as it is told to whoever moves time; `begins` is called before
    somebody does who awaits it.
    """

    def __init__(
        self,
        clock: Clock,
        store: MemoryStore,
        happens: Callable[[Timer], dict[str, Any]],
        begins: Callable[[], None] = lambda: None,
    ) -> None:
        self._clock, self._store, self._happens, self._begins = clock, store, happens, begins
        self._waiting: dict[str, _Waiting] = {}
        self._heeding: list[asyncio.Future[None]] = []
        self._awake: dict[object, None] = {}
        self._at_rest: asyncio.Future[None] | None = None
        self._passing = asyncio.Lock()
        self._told: list[dict[str, Any]] | None = None
        self._life = 0
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

    # Each is there twice: requests that wait go on only where somebody awaits, and a world that has none need not.

    def advance(self, seconds: float) -> list[dict[str, Any]]:
        """Let time pass, and give what happened in it.

        Raises ValueError for a negative number, for less than a millisecond but 0, and beyond the year 9999. A request that
        waits meanwhile goes on afterwards; `pass_by` lets it go on at its own instant.
        """
        return self._move(self._by(seconds))

    def advance_to(self, instant: float) -> list[dict[str, Any]]:
        """Let time pass until an instant, as `advance` does. Raises ValueError for one that has been."""
        return self._move(self._later(instant))

    def advance_to_next(self) -> list[dict[str, Any]]:
        """Let time pass until the next thing happens, as `advance` does; nothing happens if nothing is to.

        Raises ValueError where that is beyond the year 9999.
        """
        return self._move(self._next())

    async def pass_by(self, seconds: float) -> list[dict[str, Any]]:
        """Let time pass, and give what happened in it; whoever waits goes on at its own instant.

        Raises ValueError as `advance` does.
        """
        return await self._pass(lambda: self._by(seconds))

    async def pass_until(self, instant: float) -> list[dict[str, Any]]:
        """Let time pass until an instant, as `pass_by` does. Raises ValueError for one that has been."""
        return await self._pass(lambda: self._later(instant))

    async def pass_to_next(self) -> list[dict[str, Any]]:
        """Let time pass until the next thing happens, as `pass_by` does; nothing happens if nothing is to.

        Raises ValueError where that is beyond the year 9999.
        """
        return await self._pass(self._next)

    def _by(self, seconds: float) -> float:
        if 0 < seconds < LEAST:
            raise Mistake(
                f"Time cannot pass by {seconds} seconds, in which nothing can happen. Give 0, or {LEAST} at least."
            )
        return self._clock.reaching(seconds)

    def _later(self, instant: float) -> float:
        if not instant >= self.now():
            raise Mistake(f"Time cannot go back to {instant}: it is {self.now()} already. Give a later instant.")
        return self._clock.reaching(instant - self.now())

    def _next(self) -> float:
        due = self.next_due
        return self.now() if due is None else self._clock.reaching(max(0.0, due - self.now()))

    async def _pass(self, until: Callable[[], float]) -> list[dict[str, Any]]:
        """One who lets time pass after the other; each goes on when whoever was woken waits again, or is done."""
        async with self._passing:
            life = self._life
            happened: list[dict[str, Any]] = []
            self._told = happened
            try:
                self._begins()
                await self._others(life)
                if self._life != life:
                    return happened
                instant = until()
                while (timer := self._store.next_timer()) is not None and timer.due <= instant:
                    self._clock.set(max(timer.due, self._clock.now()))
                    self._fire(timer)
                    await self._others(life)
                    if self._life != life:
                        return happened
                if instant > self._clock.now():
                    self._clock.set(instant)
            finally:
                self._told = None
                self.arm()
            return happened

    async def _others(self, life: int) -> None:
        """Whoever has something to do at this instant does it."""
        while self._awake and self._life == life:
            self._at_rest = asyncio.get_running_loop().create_future()
            await self._at_rest

    def freeze(self) -> None:
        """Time stands still from now on."""
        self.run(FROZEN)

    def run(self, scale: float = REAL) -> None:
        """From now on so many seconds pass in a real one. Raises ValueError for a number that makes no sense."""
        self.catch_up()
        self._clock.run(scale)
        self.arm()

    def set(self, instant: float | None, scale: float) -> None:
        """It is another time (None: the real one), and goes as fast as this: for a world that becomes another."""
        self._clock.run(FROZEN)
        self._clock.set(self._clock.real() if instant is None else instant)
        self._clock.run(scale)
        self.arm()

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
            told = self._fire(timer)
            if told is not None:
                happened.append(told)
        if instant > self._clock.now():
            self._clock.set(instant)
        self.arm()
        return happened

    def _fire(self, timer: Timer) -> dict[str, Any] | None:
        draft = Draft(self._store)
        draft.drop(timer)
        self._store.commit(draft)
        self._instant = timer.due
        try:
            told = self._woken(timer) if timer.what == WAKE else self._happens(timer)
        finally:
            self._instant = None
        waiting = self._waiting.pop(timer.id, None)
        if waiting is not None and not waiting.future.done():
            waiting.future.set_result(None)
            if waiting.who is not None:
                self._awake[waiting.who] = None
        if self._told is not None and told is not None:
            self._told.append(told)
        return told

    @staticmethod
    def _woken(timer: Timer) -> dict[str, Any] | None:
        return {"at": round(timer.due, 3), "what": timer.of} if timer.of else None

    def tell(self, what: dict[str, Any]) -> None:
        """Whoever moves time, if somebody does, is told of this."""
        if self._told is not None:
            self._told.append({"at": round(self.now(), 3), **what})

    # Waiting ----------------------------------------------------------------------------------------------------------

    async def wait(
        self, seconds: float, what: str, *, since: float | None = None, of: Collection[object] = (), who: object = None
    ) -> float:
        """Wait until so much of the world's time has passed, `since` an instant or now. Gives when it had, or when woken.

        `what` is told to whoever moves time, unless it is empty; `of` is what `wake` names; `who` waits, and says `done` when it
        has to do with time no more. Raises BrokenOff where the world becomes another.
        """
        due = self._clock.reaching(seconds) if since is None else since + seconds
        if due <= self._clock.now():
            return due  # Time went past it while this one was woken from the wait before.
        timer = Timer(id=f"{WAKE} {next(self._numbers)}", due=due, what=WAKE, of=what)
        draft = Draft(self._store)
        draft.put(timer)
        self._store.commit(draft)
        waiting = _Waiting(asyncio.get_running_loop().create_future(), of, who)
        self._waiting[timer.id] = waiting
        self.arm()
        self.done(who)
        try:
            await waiting.future
            return min(due, self._clock.now())
        finally:
            self._waiting.pop(timer.id, None)
            draft = Draft(self._store)
            draft.drop(timer)
            self._store.commit(draft)

    def rouse(self, who: object) -> None:
        """Somebody has something to do at this instant: time does not pass before they wait, or are `done`."""
        self._awake[who] = None

    def done(self, who: object) -> None:
        """Somebody who was woken waits again, or is done: time may pass."""
        if self._awake.pop(who, who) is None and not self._awake:
            self._rest()

    def _rest(self) -> None:
        if self._at_rest is not None and not self._at_rest.done():
            self._at_rest.set_result(None)

    def wake(self, of: object) -> None:
        """Whoever waits because of this waits no longer, whatever time it is."""
        for waiting in self._waiting.values():
            if of in waiting.of and not waiting.future.done():
                waiting.future.set_result(None)

    def break_off(self) -> None:
        """Whoever waits is told that there is nothing to wait for any more."""
        self._life += 1
        self._rest()
        for waiting in self._waiting.values():
            if not waiting.future.done():
                waiting.future.set_exception(BrokenOff())

    async def heed(self, coming: asyncio.Future[None]) -> None:
        """Wait for what may come of something that is due: while anybody does, that happens by itself."""
        self._heeding.append(coming)
        self.arm()
        try:
            await coming
        finally:
            self._heeding.remove(coming)
            self.arm()

    def arm(self) -> None:
        """While somebody waits and time goes by itself, the loop calls when the next thing is due."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        due = self.next_due
        coming = next(iter((*self._heeding, *(waiting.future for waiting in self._waiting.values()))), None)
        if coming is not None and due is not None and not self._clock.frozen:
            self._handle = coming.get_loop().call_later(self._clock.until(due), self._ring)

    def _ring(self) -> None:
        self._handle = None
        self.catch_up()
        self.arm()
