"""How often a process looks for garbage."""

from __future__ import annotations

import gc


def collect_rarely() -> None:
    """Look for garbage less often: nearly all that a run makes is kept to its end, and the looking takes a part of its time."""
    gc.set_threshold(10_000, 20, 50)
