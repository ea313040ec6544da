"""How long: seconds, a text such as `1h 30m`, or a timedelta."""

from __future__ import annotations

import re
from datetime import timedelta

from openfirst.testing import is_plain
from openfirst_reference.contract.findings import Mistake

__tracebackhide__ = is_plain

Duration = float | str | timedelta
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_PART = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)\s*")


def seconds_of(duration: Duration) -> float:
    """So many seconds. Raises Mistake for what is no duration."""
    if isinstance(duration, timedelta):
        return duration.total_seconds()
    if isinstance(duration, int | float) and not isinstance(duration, bool):
        return float(duration)
    if not isinstance(duration, str) or not re.fullmatch(f"(?:{_PART.pattern})+", duration):
        raise Mistake(
            f"{duration!r} is no duration. Give seconds (90), a text of {', '.join(_UNITS)} (`1h 30m`), or a timedelta."
        )
    return round(sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(duration)), 3)
