"""The platform that a client under test talks to during a check: a simulator, a fresh world for each case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from openfirst_conformance.cases import credential_of
from openfirst_reference.contract import Contract
from openfirst_simulator import Simulator, World

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
LIFETIME = 3600


class Stage:
    """One case's world, and the credentials of its clients. Time stands still until `advance`."""

    def __init__(self, contract: Contract, world: World, clients: Mapping[str, str]) -> None:
        self.world = world
        self.now = EPOCH.timestamp()
        self.credentials: dict[str, dict[str, Any]] = {}
        self._born: dict[str, float] = {}
        for name, fixture in clients.items():
            self.hand_over(name, credential_of(contract, fixture))

    @property
    def url(self) -> str:
        """The base URL of this case's platform."""
        return self.world.url

    @property
    def used(self) -> bool:
        """Whether anyone has asked this platform anything about a session."""
        return self.world.requests > 0

    def advance(self, client: str, points: Sequence[float]) -> int:
        """Let the world's time pass to the next of the points of the client's token's life; gives the milliseconds.

        A point is a fraction of the life; after the last one, a quarter of a life passes.
        """
        lived = (self.now - self._born[client]) / LIFETIME
        ahead = min((point for point in points if point > lived), default=lived + 0.25)
        seconds = round((ahead - lived) * LIFETIME, 3)
        self.now += seconds
        self.world.clock.advance(seconds)
        return round(seconds * 1000)

    def renew(self, client: str) -> str:
        """A fresh token for the client, whose life starts now."""
        held = self.credentials[client]
        held["token"] = self.world.token(held.get("externalId"), tuple(held["scopes"]), LIFETIME)
        self._born[client] = self.now
        return str(held["token"])

    def act(self, operation: str, client: str) -> None:
        """A move of the platform itself on the client's session or token; without a token of ours there is none."""
        token = self.credentials[client].get("token")
        if token is not None:
            self.world.act(operation, token)

    def hand_over(self, client: str, described: Mapping[str, Any]) -> dict[str, Any]:
        """A real credential as described, which the client holds from now on."""
        self._born[client] = self.now
        self.credentials[client] = self._credential(described)
        return self.credentials[client]

    def _credential(self, described: Mapping[str, Any]) -> dict[str, Any]:
        kind, condition = described["kind"], described.get("condition", "good")
        scopes = ["*"] if described.get("scope") in (None, "update") else ["conf:create", "notifications:set"]
        result = {**described, "condition": condition, "scopes": scopes, "expiresIn": LIFETIME}
        if kind == "token":
            result["token"] = self.world.token(described.get("externalId"), tuple(scopes), LIFETIME, condition)
            if condition == "expired":
                result["expiresIn"] = -LIFETIME
        elif kind == "key-secret":
            secret = self.world.secret if condition == "good" else self.world.secret[::-1]
            result.update(key=self.world.key, secret=secret)
        return result


class Platform:
    """A simulator for the length of a check."""

    def __init__(self, contract: Contract, choices: Mapping[str, str]) -> None:
        self.contract = contract
        self.choices = choices
        self._simulator = Simulator(contract)
        self._last: str | None = None

    async def start(self) -> None:
        """Listen on a free port of the loopback interface."""
        await self._simulator.start()

    async def close(self) -> None:
        """Stop listening."""
        await self._simulator.close()

    def stage(self, generation: int, clients: Mapping[str, str]) -> Stage:
        """A fresh world for a case; the one before it is dropped."""
        if self._last is not None:
            self._simulator.drop(self._last)
        self._last = f"case-{generation}"
        world = self._simulator.world(self._last, choices=self.choices, seed=generation, frozen_at=EPOCH.timestamp())
        return Stage(self.contract, world, clients)
