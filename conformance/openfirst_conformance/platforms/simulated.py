"""The platform that a client under test talks to during a check: a simulator, a fresh world for each case."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from openfirst_conformance.platforms.stage import LIFETIME, NoControl, outlined
from openfirst_reference.client import connection
from openfirst_reference.contract.model import Contract
from openfirst_simulator import Request, Simulator, World

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class SimulatedStage:
    """One case's world, and the credentials of its clients. Time stands still until `advance`. Is a `Stage`."""

    def __init__(self, contract: Contract, world: World, clients: Mapping[str, Mapping[str, Any]]) -> None:
        self.world = world
        self.now = EPOCH.timestamp()
        self.credentials: dict[str, dict[str, Any]] = {}
        self._born: dict[str, float] = {}
        for name, described in clients.items():
            self._give(name, described)

    @property
    def url(self) -> str:
        """The base URL of this case's platform."""
        return self.world.url

    @property
    def used(self) -> bool:
        """Whether anyone has asked this platform anything about a session."""
        return self.world.requests > 0

    async def advance(self, client: str, points: Sequence[float]) -> int:
        """Let the world's time pass to the next of the points of the client's token's life; gives the milliseconds.

        A point is a fraction of the life; after the last one, a quarter of a life passes.
        """
        lived = (self.now - self._born[client]) / LIFETIME
        ahead = min((point for point in points if point > lived), default=lived + 0.25)
        seconds = round((ahead - lived) * LIFETIME, 3)
        self.now += seconds
        self.world.clock.advance(seconds)
        return round(seconds * 1000)

    async def renew(self, client: str) -> str:
        """A fresh token for the client, whose life starts now."""
        held = self.credentials[client]
        held["token"] = self.world.token(held.get("externalId"), tuple(held["scopes"]), LIFETIME)
        self._born[client] = self.now
        return str(held["token"])

    async def act(self, operation: str, client: str) -> None:
        """A move of the platform itself on the client's session or token; without a token of ours there is none."""
        token = self.credentials[client].get("token")
        if token is not None:
            self.world.act(operation, token)

    async def hand_over(self, client: str, described: Mapping[str, Any]) -> dict[str, Any]:
        """A real credential as described, which the client holds from now on."""
        return self._give(client, described)

    def _give(self, client: str, described: Mapping[str, Any]) -> dict[str, Any]:
        self._born[client] = self.now
        self.credentials[client] = self._credential(described)
        return self.credentials[client]

    def _credential(self, described: Mapping[str, Any]) -> dict[str, Any]:
        result = outlined(described)
        condition = result["condition"]
        if result["kind"] == "token":
            scopes = tuple(result["scopes"])
            result["token"] = self.world.token(described.get("externalId"), scopes, LIFETIME, condition)
        elif result["kind"] == "key-secret":
            secret = self.world.secret if condition == "good" else self.world.secret[::-1]
            result.update(key=self.world.key, secret=secret)
        return result


class SimulatedPlatform:
    """A simulator for the length of a check. Is a `Platform`."""

    without_control: NoControl | None = None
    is_judged = False

    def __init__(self, contract: Contract, choices: Mapping[str, str]) -> None:
        self.contract = contract
        self.choices = choices
        self._simulator = Simulator(contract)
        self._last: str | None = None
        self._url = ""

    async def start(self) -> None:
        """Listen on a free port of the loopback interface."""
        self._url = await self._simulator.start()
        connection.nearby[self._url] = _Nearby(self._simulator, self._url)

    async def close(self) -> None:
        """Stop listening."""
        connection.nearby.pop(self._url, None)
        await self._simulator.close()

    async def stage(self, generation: int, clients: Mapping[str, Mapping[str, Any]]) -> SimulatedStage:
        """A fresh world for a case; the one before it is dropped."""
        if self._last is not None:
            self._simulator.drop(self._last)
        self._last = f"case-{generation}"
        world = self._simulator.world(self._last, choices=self.choices, seed=generation, frozen_at=EPOCH.timestamp())
        return SimulatedStage(self.contract, world, clients)

    def lacks(self, described: Mapping[str, Any]) -> NoControl | None:
        """Nothing: it makes every credential that the contract describes."""
        return None


class _Nearby:
    """The way to a simulator in this process. Is a `Transport`."""

    def __init__(self, simulator: Simulator, url: str) -> None:
        self._simulator, self._url = simulator, url

    async def send(self, base_url: str, request: connection.Request, authorization: str) -> tuple[int, bytes]:
        """Ask the simulator. As on a network, others may come first, and others may be answered before."""
        await asyncio.sleep(0)
        path = base_url.removeprefix(self._url) + request.path
        answer = await self._simulator.answer(
            Request(
                request.method,
                path,
                {"Authorization": authorization, "Content-Type": request.content_type},
                request.content,
            )
        )
        await asyncio.sleep(0)
        if answer.delivery in ("broken", "cut"):
            raise ConnectionResetError("the connection was broken")
        return answer.status, answer.content

    async def close(self) -> None:
        """There is nothing to let go of."""
