"""A world's clock. The real time is read here and nowhere else."""

from __future__ import annotations

import time
from collections.abc import Callable

from openfirst_reference.contract.findings import Mistake

LAST = 253_402_300_799.0
"""The last second that a date can be written of: the end of the year 9999."""
LEAST = 0.001
"""The shortest time in which anything can happen, in seconds: instants are told to the millisecond."""
_FASTEST = 1_000_000.0
FROZEN, REAL = 0.0, 1.0


class Clock:
    """The time of one world, to the millisecond: it stands still, goes with the real time, or so many times as fast."""

    def __init__(
        self, real: Callable[[], float] | None = None, *, frozen_at: float | None = None, scale: float = REAL
    ) -> None:
        self._real = real or time.time
        self._scale = FROZEN
        self._since = self._at = 0.0
        self.set(self._real() if frozen_at is None else frozen_at)
        self.run(FROZEN if frozen_at is not None else scale)

    def real(self) -> float:
        """The real time, in seconds since the epoch."""
        return self._real()

    @property
    def scale(self) -> float:
        """How many seconds pass in a real one; 0 where time stands still until somebody advances it."""
        return self._scale

    @property
    def frozen(self) -> bool:
        """Whether time stands still until somebody advances it."""
        return self._scale == FROZEN

    def now(self) -> float:
        """Seconds since the epoch."""
        if self._scale == FROZEN:
            return self._at
        return round(min(self._at + (self._real() - self._since) * self._scale, LAST), 3)

    def run(self, scale: float) -> None:
        """From now on so many seconds pass in a real one. Raises ValueError for a number that makes no sense."""
        if not 0 <= scale <= _FASTEST:
            raise Mistake(f"Time cannot go {scale} times as fast as it does. Give a number from 0 to {_FASTEST:,.0f}.")
        self._at, self._since, self._scale = self.now(), self._real(), float(scale)

    def set(self, instant: float) -> None:
        """It is this instant, and goes on from here. Raises ValueError for one before 1970 and beyond the year 9999."""
        if not 0 <= instant <= LAST:
            raise Mistake(f"It cannot be {instant} seconds after 1970. Give 0 or more, up to the year 9999.")
        self._at, self._since = round(instant, 3), self._real()

    def reaching(self, seconds: float) -> float:
        """The instant that comes after so many seconds. Raises ValueError for a negative number, and beyond the year 9999."""
        if not (seconds >= 0 and self.now() + seconds <= LAST):
            raise Mistake(f"Time cannot pass by {seconds} seconds. Give 0 or more, up to the year 9999.")
        return self.now() + seconds

    def until(self, instant: float) -> float:
        """In how many real seconds that instant comes, 0 if it has come. Infinite where time stands still."""
        ahead = instant - self.now()
        if ahead <= 0:
            return 0.0
        return float("inf") if self._scale == FROZEN else ahead / self._scale
