"""How long an adapter may take."""

from __future__ import annotations

import statistics
from collections import deque
from dataclasses import dataclass, field

_STARTING = ("initialize", "reset")
_MANY = 51
_TIMES = 20


@dataclass
class Deadlines:
    """Deadlines in seconds, and the round trips that those of calls are measured by.

    `start` is for what makes something anew (`initialize`, `reset`), `call` the least for everything else,
    and `stop` how long each step of stopping a process may take; all are multiplied by `scale`.
    """

    start: float = 10.0
    call: float = 2.0
    stop: float = 2.0
    scale: float = 1.0
    _seen: deque[float] = field(default_factory=lambda: deque(maxlen=_MANY), repr=False)
    _quick: int = field(default=_MANY, repr=False)

    def observe(self, method: str, seconds: float) -> None:
        """Take note of a round trip that was answered; starting says nothing about calls."""
        if method not in _STARTING:
            self._seen.append(seconds)
            self._quick = self._quick + 1 if _TIMES * seconds <= self.call else 0

    def of(self, method: str) -> float:
        """Give the seconds that a request of this method may take."""
        if method in _STARTING:
            return self.start * self.scale
        if method == "shutdown":
            return self.stop * self.scale
        if self._quick >= _MANY:  # None of those that count was slow, and so the median is not.
            return self.call * self.scale
        return max(self.call, _TIMES * statistics.median(self._seen)) * self.scale
