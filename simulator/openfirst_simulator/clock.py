"""A world's clock. The real time is read here and nowhere else."""

from __future__ import annotations

import time
from collections.abc import Callable

from openfirst_reference.contract.findings import Mistake

# The last second that a date can be written of: the end of the year 9999.
_LAST = 253_402_300_799.0


class Clock:
    """The time of one world: frozen at an instant, or as far ahead of the real time as it was advanced."""

    def __init__(self, real: Callable[[], float] | None = None, *, frozen_at: float | None = None) -> None:
        self._real = None if frozen_at is not None else (real or time.time)
        self._offset = 0.0
        if frozen_at is not None:
            self.advance(frozen_at)

    @property
    def frozen(self) -> bool:
        """Whether time stands still until somebody advances it."""
        return self._real is None

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._offset + (self._real() if self._real else 0.0)

    def advance(self, seconds: float) -> None:
        """Let time pass. Raises ValueError for a negative number, and beyond the year 9999."""
        if not (seconds >= 0 and self.now() + seconds <= _LAST):
            raise Mistake(f"Time cannot pass by {seconds} seconds. Give 0 or more, up to the year 9999.")
        self._offset += seconds
