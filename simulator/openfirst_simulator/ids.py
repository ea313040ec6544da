"""IDs that nobody else gives: from a world's secret, its epoch and a counter; and those that stand for a name."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

from msgspec import structs

from openfirst_simulator.records import Series
from openfirst_simulator.store import Draft

LIKE_AN_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}")
"""What an ID of any world looks like."""


class Ids:
    """The IDs of one world. They look like random UUIDs; which come next, whoever has the secret can tell."""

    def __init__(self, secret: bytes, draft: Draft) -> None:
        self._secret, self._draft = secret, draft

    def fresh(self) -> str:
        """An ID that was never given."""
        series = self._draft.get(Series, Series.only)
        if series is None:
            raise LookupError("a world without a series of IDs")
        self._draft.put(structs.replace(series, count=series.count + 1))
        return _uuid(self._secret, f"{series.epoch}:{series.count}")

    def named(self, kind: str, name: str) -> str:
        """The ID that stands for a name of this kind."""
        return _remembered(self._secret, f"{kind}:{name}")


def derived(seed: str, purpose: str) -> bytes:
    """Bytes for a purpose that are the same for the same seed."""
    return hashlib.sha256(f"openfirst:{seed}:{purpose}".encode()).digest()


def _uuid(secret: bytes, text: str) -> str:
    digest = hashlib.blake2b(text.encode(), key=secret, digest_size=16).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-a{digest[17:20]}-{digest[20:]}"


_remembered = lru_cache(maxsize=10_000)(_uuid)
