"""The clock of a platform, as a test moves it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from openfirst.testing import is_plain
from openfirst.testing.arguments import checked
from openfirst.testing.durations import Duration, seconds_of
from openfirst.testing.running import Running
from openfirst_simulator import World
from openfirst_simulator.timeline import Timeline

__tracebackhide__ = is_plain

Happened = list[dict[str, Any]]
"""What happened, in its order: when (`at`, in seconds since 1970), `what`, and to whom."""


class PlatformClock:
    """The platform's time. It stands still but for what is said here, and everything on the platform obeys it."""

    def __init__(self, running: Running, world: World, check: Callable[[], None]) -> None:
        self._running, self._world, self._check = running, world, check

    @property
    def _clock(self) -> Timeline:
        """That of the world. Raises Mistake where the platform is gone."""
        self._check()
        return self._world.clock

    def now(self) -> float:
        """Seconds since 1970."""
        return self._running.do(self._clock.now)

    @checked
    def advance(self, duration: Duration) -> Happened:
        """Let time pass (seconds, a text such as "30m" or "1h 5s", a timedelta), and give what happened in it."""
        return self._running.wait(self._clock.pass_by(seconds_of(duration)))

    @checked
    def advance_to(self, instant: float | datetime) -> Happened:
        """Let time pass until an instant, and give what happened till then."""
        at = instant.timestamp() if isinstance(instant, datetime) else instant
        return self._running.wait(self._clock.pass_until(at))

    def advance_to_next(self) -> Happened:
        """Let time pass until the next thing happens, and give what did; nothing if nothing is to happen."""
        return self._running.wait(self._clock.pass_to_next())

    def freeze(self) -> None:
        """Time stands still from now on."""
        self._running.do(self._clock.freeze)

    @checked
    def run(self, scale: float = 1.0) -> None:
        """From now on so many seconds pass in a real one."""
        self._running.do(self._clock.run, scale)
