"""A test of an app gets a platform of its own: `with openfirst.platform() as p`, or pytest's fixture `platform`."""

from __future__ import annotations

from typing import Any


def is_plain(error: Any) -> bool:
    """Whether an error (as pytest has it) says all by itself, so that the test's own line is the place to show."""
    return isinstance(error.value, AssertionError | ValueError | TimeoutError)
