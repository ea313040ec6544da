"""A request and its answer, whatever carries them."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from itertools import pairwise
from typing import Literal, Protocol

import msgspec

from openfirst_simulator.records import Event

_PARTS = 10
Delivery = Literal["whole", "broken", "cut", "slow", "stream"]


class Pause(Protocol):
    """What a slow answer awaits before each of its parts; closed when no other part comes."""

    def __call__(self) -> Awaitable[None]:
        """Wait as long as it takes to the next part."""

    def close(self) -> None:
        """No other part comes."""


class Disconnected(Exception):
    """What is heard breaks off in the middle: a fault wants it so."""


class Hearing(Protocol):
    """What is heard from now on, for an answer that does not end before its session."""

    def __call__(self) -> Awaitable[Sequence[Event] | None]:
        """What comes next, at least one event; None at the end. Raises Disconnected where it breaks off."""


class Request(msgspec.Struct, frozen=True, eq=False):
    """What was asked. `path` is as it was sent, percent signs included; `query` is what came after its question mark.

    `headers` has the names as the standards write them, such as `Authorization`. `body` is as it came; None if it was longer
    than permitted, and so not read. `scheme` is that of the URL.
    """

    method: str
    path: str
    headers: Mapping[str, str] = {}
    body: bytes | None = b""
    query: str = ""
    scheme: Literal["http", "https"] = "http"

    @property
    def authorization(self) -> str | None:
        """Who asks."""
        return self.headers.get("Authorization")

    @property
    def content_type(self) -> str:
        """What the body says it is, without parameters."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()


class Answer(msgspec.Struct, frozen=True, eq=False):
    """What is answered. An answer without content has no `content_type`.

    `delivery` says how it goes out. Where it is not whole, somebody wanted it so: `broken` breaks the connection instead,
    `cut` in the middle, and `slow` awaits `pause` before each of its parts. A `stream` goes on with what `hearing` gives.
    """

    status: int
    content: bytes = b""
    content_type: str | None = None
    headers: Mapping[str, str] = {}
    delivery: Delivery = "whole"
    pause: Pause | None = None
    hearing: Hearing | None = None


def parts_of(content: bytes) -> list[bytes]:
    """The parts in which a slow answer goes out."""
    count = min(_PARTS, len(content))
    edges = [len(content) * number // count for number in range(count + 1)] if count else []
    return [content[start:end] for start, end in pairwise(edges)]
