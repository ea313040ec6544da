"""The tokens that are signed for an application, and those that look so and are none."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

from msgspec import structs

from openfirst_reference.contract.findings import Mistake
from openfirst_simulator import tokens
from openfirst_simulator.clock import LAST
from openfirst_simulator.tokens import Claims

KEY_BYTES = 32
"""How many bytes a key has that signs."""


class Keyring:
    """The key that a world signs with. It is random, so that no other world or run accepts what this one signs."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.key = b""
        self.renew()

    def renew(self, key: bytes | None = None) -> None:
        """From now on another key signs: this one, or else one that nobody has had."""
        self.key = key or secrets.token_bytes(KEY_BYTES)

    def claims(
        self,
        identifier: str,
        application: str,
        kind: str,
        expires_in: int,
        scopes: Sequence[str] | None = None,
        external_id: str | None = None,
    ) -> Claims:
        """What a fresh token says. Raises ValueError for a lifetime of less than a second, or beyond the year 9999."""
        if expires_in < 1:
            raise Mistake(f"A token cannot live for {expires_in} seconds. Give at least 1.")
        now = round(self._now(), 3)
        if now + expires_in > LAST:
            raise Mistake(
                f"A token cannot live for {expires_in} seconds from now: that is beyond the year 9999. Give less."
            )
        permitted = None if scopes is None else tuple(scopes)
        return Claims(identifier, application, kind, now, now + expires_in, permitted, external_id or None)

    def signed(self, claims: Claims) -> str:
        """The token that says this."""
        return tokens.sign(claims, self.key)

    def expired(self, claims: Claims) -> str:
        """A genuine token whose time is over. Raises ValueError in the first second of 1970, in which none can have been before."""
        lifetime = min(round(claims.expires - claims.issued), int(claims.issued))
        if lifetime < 1:
            raise Mistake("No token is past its time in the first second of 1970. Let a second pass first.")
        return self.signed(structs.replace(claims, issued=claims.issued - lifetime, expires=claims.issued))

    def forged(self, claims: Claims) -> str:
        """A token that somebody else signed in our name."""
        return tokens.sign(claims, secrets.token_bytes(KEY_BYTES))

    def foreign(self, claims: Claims) -> str:
        """A token of another application."""
        return tokens.sign(structs.replace(claims, app="app-of-somebody-else"), secrets.token_bytes(KEY_BYTES))

    def admit(self, raw: str) -> Claims:
        """What a token that was signed here says. Raises BadToken for any other; its time is not looked at."""
        return tokens.verified(raw, self.key)
