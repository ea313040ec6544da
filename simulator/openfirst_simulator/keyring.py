"""A world's application: its key and secret, and the tokens that are signed for it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace

from openfirst_reference.contract.findings import Mistake
from openfirst_simulator import tokens
from openfirst_simulator.clock import Clock
from openfirst_simulator.tokens import Claims


class Keyring:
    """What an application is known by. `new_id` gives an ID that was never given."""

    def __init__(self, seed: str, clock: Clock, new_id: Callable[[], str]) -> None:
        self._seed, self._clock, self._new_id = seed, clock, new_id
        self.key = f"app-{self._derived('key').hex()[:20]}"
        self.secret = self._derived("secret").hex()[:40]
        self._signing_key = self._derived("signing key")

    def claims(
        self, kind: str, expires_in: int, scopes: Sequence[str] | None = None, external_id: str | None = None
    ) -> Claims:
        """What a fresh token says. Raises ValueError for a lifetime of less than a second."""
        if expires_in < 1:
            raise Mistake(f"A token cannot live for {expires_in} seconds. Give at least 1.")
        now = int(self._clock.now())
        permitted = None if scopes is None else tuple(scopes)
        return Claims(self._new_id(), self.key, kind, now, now + expires_in, permitted, external_id or None)

    def signed(self, claims: Claims) -> str:
        """The token that says this."""
        return tokens.sign(claims, self._signing_key)

    def expired(self, claims: Claims) -> str:
        """A genuine token whose time is over."""
        lifetime = claims.expires - claims.issued
        return self.signed(replace(claims, issued=claims.issued - lifetime, expires=claims.issued))

    def forged(self, claims: Claims) -> str:
        """A token that somebody else signed in our name."""
        return tokens.sign(claims, self._derived("not the signing key"))

    def foreign(self, claims: Claims) -> str:
        """A token of another application."""
        other = replace(claims, app="app-of-somebody-else")
        return tokens.sign(other, self._derived("somebody else's signing key"))

    def admit(self, raw: str) -> Claims:
        """What a token of this application says. Raises BadToken for any other; its time is not looked at."""
        return tokens.verified(raw, self._signing_key)

    def _derived(self, purpose: str) -> bytes:
        return hashlib.sha256(f"openfirst:{self._seed}:{purpose}".encode()).digest()
