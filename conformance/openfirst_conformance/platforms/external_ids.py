"""Fresh external IDs for every case, so that a platform which remembers participants needs no reset.

A case speaks of the contract's examples. On the platform each of them has a stamp in it, which is another one in every
case. How an ID relates to the one in a token (the same; another case, composed or decomposed; a blank before or behind;
its beginning; longer) is the same with the stamp and without, and the answers are read without it.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable

_ENDS = 100


class ExternalIds:
    """The external IDs of a run, none of which has more bytes than `limit`."""

    def __init__(self, limit: int, run: str | None = None) -> None:
        self._limit, self._run = limit, run or str(secrets.randbelow(9 * 10**8) + 10**8)

    def of(self, generation: int, in_tokens: Iterable[str | None]) -> Stamp:
        """The stamp of a case, some of whose clients have these external IDs in their tokens."""
        # Digits have no case, and no accent joins a full stop.
        known = tuple(dict.fromkeys(item for item in in_tokens if item))
        return Stamp(f"{self._run}.{generation}.", known, self._limit)


class Stamp:
    """What one case's external IDs have in them on the platform."""

    def __init__(self, text: str, in_tokens: tuple[str, ...], limit: int) -> None:
        self._text, self._in_tokens, self._limit = text, in_tokens, limit
        self._given: dict[str, str] = {}

    def put(self, external_id: str | None) -> str | None:
        """The external ID for the platform; one that is empty stays so."""
        if not external_id:
            return external_id
        there = self._with_stamp(external_id)
        if len(there.encode("utf-8", "surrogatepass")) > self._limit:
            # With the stamp it would be too long. The ends decide how it relates to any other, and a digest keeps it apart.
            digest = hashlib.sha256(external_id.encode("utf-8", "surrogatepass")).hexdigest()[:16]
            there = self._with_stamp(f"{external_id[:_ENDS]}{digest}{external_id[-_ENDS:]}")
        self._given[there] = external_id
        return there

    def _with_stamp(self, external_id: str) -> str:
        for known in self._in_tokens:
            # What ends with a token's ID goes on doing so: the stamp stands where that begins.
            if external_id.endswith(known) and not external_id.startswith(known):
                return external_id.removesuffix(known) + self._text + known
        return self._text + external_id

    def take_out(self, external_id: object) -> object:
        """What the platform shows, as the case knows it; what has no stamp is as it is."""
        if not isinstance(external_id, str):
            return external_id
        return self._given.get(external_id) or external_id.replace(self._text, "", 1)
