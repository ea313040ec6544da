"""A request and its answer, whatever carries them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked. `path` is as it was sent, percent signs included, and without a query.

    `body` is as it came; None if it was longer than permitted, and so not read.
    """

    method: str
    path: str
    authorization: str | None = None
    content_type: str = ""
    body: bytes | None = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered. An answer without content has no `content_type`."""

    status: int
    content: bytes = b""
    content_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
