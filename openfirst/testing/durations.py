"""How long: seconds, a text such as `1h 30m`, or a timedelta."""

from __future__ import annotations

import re
import reprlib
from datetime import timedelta

from openfirst.testing import is_plain
from openfirst_reference.contract.findings import Mistake
from openfirst_simulator.clock import LAST, LEAST

__tracebackhide__ = is_plain

Duration = float | str | timedelta
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_PART = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)\s*", re.ASCII)


def seconds_of(duration: Duration) -> float:
    """So many seconds. Raises Mistake for what is no duration, and for one that is too short for anything to happen."""
    seconds = -1.0
    if isinstance(duration, timedelta):
        seconds = duration.total_seconds()
    elif isinstance(duration, int | float) and not isinstance(duration, bool):
        seconds = float(duration) if abs(duration) <= LAST else -1.0
    elif isinstance(duration, str) and re.fullmatch(f"(?:{_PART.pattern})+", duration, re.ASCII):
        seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(duration))
        seconds = seconds if seconds < LEAST else round(seconds, 3)
    if not 0 <= seconds <= LAST:
        raise Mistake(
            f"{reprlib.repr(duration)} is no duration. Give seconds (90), a text of {', '.join(_UNITS)} (`1h 30m`), or a timedelta."
        )
    if 0 < seconds < LEAST:
        raise Mistake(
            f"{reprlib.repr(duration)} is less than a millisecond, in which nothing can happen. Give 0, or 1 ms."
        )
    return seconds
