"""How a command ends that somebody ended by Ctrl-C."""

from __future__ import annotations

import sys
from typing import NoReturn

STOPPED = 130
"""There is no report."""


def stopped() -> NoReturn:
    """Say so, and leave with the status for it."""
    print("Stopped before the end.", file=sys.stderr)
    sys.exit(STOPPED)
