"""Credentials: what a client was initialised with, and the token that it sends because of that."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Protocol

import jwt

from openfirst_reference.client.clock import Clock, Timer

RefreshCallback = Callable[..., Awaitable[str | None] | str | None]
"""Gives a fresh token, or None if there is none now; if it takes an argument: whether the old one expired."""
Renew = Callable[[bool], Awaitable[str | None]]
"""Gets a fresh token for one that has expired or not, or None if there is none now."""
Grant = Callable[[], Awaitable[tuple[str, float | None]]]
"""Asks the platform for a token; gives it, and for how many seconds it is good (None: not said)."""
_LOG = logging.getLogger(__name__)


class Credential(Protocol):
    """What a client holds."""

    async def token(self) -> str:
        """Give the token to send now."""
        ...

    def drop(self) -> None:
        """Let it rest: no timer of it is set any more, and no answer that comes late changes anything."""
        ...


class ClientToken:
    """A client access token, and those that come after it.

    At each of the `points` of a token's life, fractions of the time from its `iat` to its `exp`, `renew` gets
    a fresh one, which from then on is the token, with a life of its own. If none comes, the next point is the
    next try. Points that have passed when a token comes are left out, and a token that does not say when it
    ends has none. Is a `Credential`.
    """

    def __init__(self, token: str, clock: Clock, points: Iterable[float], renew: Renew) -> None:
        self._clock = clock
        self._points = tuple(points)
        self._renew = renew
        self._timers: list[Timer] = []
        self._turn = 0
        self._take(token)

    async def token(self) -> str:
        """Give the token to send now."""
        return self._token

    def drop(self) -> None:
        """Let it rest."""
        self._turn += 1
        for timer in self._timers:
            timer.cancel()
        self._timers = []

    def _take(self, token: str) -> None:
        self.drop()
        self._token = token
        life = life_of(self._token)
        if life is None:
            return
        begin, end = life
        times = (begin + point * (end - begin) for point in self._points)
        self._timers = [
            self._clock.call_at(when, partial(self._renew_at, self._turn, end))
            for when in times
            if when > self._clock.now()
        ]

    async def _renew_at(self, turn: int, end: float) -> None:
        fresh = await self._renew(self._clock.now() >= end)
        # What was asked for in place of a token that is gone must not replace the one that came meanwhile.
        if fresh is not None and turn == self._turn:
            self._take(fresh)


class KeySecret:
    """An application key and secret: a token is got when one is needed, and again when that is over.

    Is a `Credential`.
    """

    def __init__(self, clock: Clock, grant: Grant) -> None:
        self._clock = clock
        self._grant = grant
        self._token: str | None = None
        self._end = 0.0
        # Calls that come together must not get a token each: each would be another client to the platform.
        self._getting = asyncio.Lock()

    async def token(self) -> str:
        """Give the token to send now; raises what asking for one raises."""
        async with self._getting:
            if self._token is None or self._clock.now() >= self._end:
                asked = self._clock.now()
                self._token, seconds = await self._grant()
                self._end = float("inf") if seconds is None else asked + seconds
            return self._token

    def drop(self) -> None:
        """Do nothing: it has no timer."""


def life_of(token: str) -> tuple[float, float] | None:
    """Give the begin and end that a token states, in seconds since 1970, unverified; None if it does not."""
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError):
        return None
    begin, end = claims.get("iat"), claims.get("exp")
    if not isinstance(begin, int | float) or not isinstance(end, int | float):
        return None
    return (float(begin), float(end)) if begin < end else None


async def ask(callback: RefreshCallback, is_expired: bool) -> str | None:
    """Ask the application for a fresh token; None if it has none, or fails."""
    try:
        answer = callback(is_expired) if _takes_an_argument(callback) else callback()
        token = await answer if inspect.isawaitable(answer) else answer
    except Exception as error:
        # The application's own mistake or trouble; the token in use may still be good for a while.
        _LOG.warning("The refresh callback failed (%r). It is called again later.", error)
        return None
    if isinstance(token, str) and token.strip():
        # Read from a file, a token often ends in a newline, which no header may hold.
        return token.strip()
    _LOG.warning("The refresh callback gave %s, not a token. It is called again later.", type(token).__name__)
    return None


def _takes_an_argument(callback: RefreshCallback) -> bool:
    try:
        parameters = inspect.signature(callback).parameters.values()
    except (TypeError, ValueError):
        return False
    # A parameter with a default is the callback's own affair (`lambda store=store: …`), if not so named.
    return any(
        item.kind is item.VAR_POSITIONAL
        or (
            item.kind in (item.POSITIONAL_ONLY, item.POSITIONAL_OR_KEYWORD)
            and (item.default is item.empty or item.name == "is_expired")
        )
        for item in parameters
    )
