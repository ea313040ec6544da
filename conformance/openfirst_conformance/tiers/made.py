"""To make the cases of a tier takes a while, in which somebody may want to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")


async def made(items: Iterable[T]) -> list[T]:
    """The items, made one after another; between two of them a run can be stopped, and others have their turn."""
    found: list[T] = []
    for item in items:
        found.append(item)
        await asyncio.sleep(0)
    return found
