"""A platform in a thread of its own, for those who come in another process or wait for nothing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from .base import Plain


@contextmanager
def in_a_thread(platform: Plain) -> Iterator[str]:
    """Let it listen as long as the context lasts, and give the URL."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    serving = platform.listening()
    try:
        url = asyncio.run_coroutine_threadsafe(serving.__aenter__(), loop).result(10)
        try:
            yield url
        finally:
            asyncio.run_coroutine_threadsafe(serving.__aexit__(None, None, None), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
