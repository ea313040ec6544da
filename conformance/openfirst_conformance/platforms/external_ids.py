"""Fresh external IDs for every case, so that a platform which remembers participants needs no reset.

A case speaks of the contract's examples. On the platform each of them has a stamp in it, which is another one in every
case. How an ID relates to the one in a token (the same; another case, composed or decomposed; a blank before or behind;
its beginning; longer) is the same with the stamp and without, and the answers are read without it.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable


class ExternalIds:
    """The external IDs of a run."""

    def __init__(self, run: str | None = None) -> None:
        self._run = run or str(secrets.randbelow(9 * 10**8) + 10**8)

    def of(self, generation: int, in_tokens: Iterable[str | None]) -> Stamp:
        """The stamp of a case, some of whose clients have these external IDs in their tokens."""
        # Digits have no case, and no accent joins a full stop.
        return Stamp(f"{self._run}.{generation}.", tuple(dict.fromkeys(item for item in in_tokens if item)))


class Stamp:
    """What one case's external IDs have in them on the platform."""

    def __init__(self, text: str, in_tokens: tuple[str, ...]) -> None:
        self._text, self._in_tokens = text, in_tokens

    def put(self, external_id: str | None) -> str | None:
        """The external ID for the platform; one that is empty stays so."""
        if not external_id:
            return external_id
        for known in self._in_tokens:
            # What ends with a token's ID goes on doing so: the stamp stands where that begins.
            if external_id.endswith(known) and not external_id.startswith(known):
                return external_id.removesuffix(known) + self._text + known
        return self._text + external_id

    def take_out(self, external_id: object) -> object:
        """What the platform shows, as the case knows it; what has no stamp is as it is."""
        return external_id.replace(self._text, "", 1) if isinstance(external_id, str) else external_id
