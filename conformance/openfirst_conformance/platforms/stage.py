"""Where a case's credentials come from: a platform, and the stage that it sets for each case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum, auto
from typing import Any, Protocol

LIFETIME = 3600


class Stage(Protocol):
    """One case's platform, as its clients find it, and what they hold.

    A credential has kind, condition, externalId, scopes and expiresIn, and the secrets that go with its kind. Each
    method may raise AdapterFault where the platform does not give what it takes.
    """

    now: float
    credentials: dict[str, dict[str, Any]]

    @property
    def url(self) -> str:
        """The base URL of this case's platform."""
        ...

    @property
    def used(self) -> bool:
        """Whether an implementation that may do without it has asked this platform anything about a session."""
        ...

    async def advance(self, client: str, points: Sequence[float]) -> int:
        """Let time pass to the next of the points (fractions) of the client's token's life; gives the milliseconds."""
        ...

    async def renew(self, client: str) -> str:
        """A fresh token for the client, whose life starts now."""
        ...

    async def act(self, operation: str, client: str) -> None:
        """A move of the platform itself on the client's session or token."""
        ...

    async def hand_over(self, client: str, described: Mapping[str, Any]) -> dict[str, Any]:
        """A real credential as described, which the client holds from now on."""
        ...


class NoControl(Enum):
    """Why nobody can make a platform move."""

    NO_PLANE = auto()
    """It has no control plane."""
    NO_PLATFORM = auto()
    """There is no platform."""


class Platform(Protocol):
    """What sets the stages of a check, for the length of it.

    `without_control` says why the platform makes no move of its own, and is None where it does; `is_judged` whether the platform
    is itself what is judged, and no client of it.
    """

    without_control: NoControl | None
    is_judged: bool

    async def start(self) -> None:
        """Be ready for stages. Raises ValueError with a sentence."""
        ...

    async def close(self) -> None:
        """Let go of everything."""
        ...

    async def stage(self, generation: int, clients: Mapping[str, Mapping[str, Any]]) -> Stage:
        """A fresh stage for a case; `clients` maps each to its fixture."""
        ...

    def lacks(self, described: Mapping[str, Any]) -> NoControl | None:
        """Why a credential as described cannot be had, or None."""
        ...


def outlined(described: Mapping[str, Any]) -> dict[str, Any]:
    """A credential as described, with everything but its secrets; without scopes it is unrestricted."""
    condition = described.get("condition", "good")
    expires_in = -LIFETIME if condition == "expired" and described["kind"] == "token" else LIFETIME
    scopes = list(described.get("scopes") or ["*"])
    return {**described, "condition": condition, "scopes": scopes, "expiresIn": expires_in}
