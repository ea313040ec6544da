"""The control plane of a platform: what a client cannot bring about, such as the passing of time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from openfirst_conformance.adapters.protocol.faults import AdapterFault
from openfirst_conformance.platforms.http import Answer, Unreadable, Wire, parsed

WORLDS = "/_openfirst/worlds"
CLOSE, REVOKE = "platformCloses", "revokeToken"
MOVES = (CLOSE, REVOKE)
"""The contract's moves of the platform itself that a control plane can make."""


class Control:
    """The control plane at a URL, of one world if the platform has several."""

    def __init__(self, wire: Wire, url: str) -> None:
        self.url = url.rstrip("/")
        self._wire = wire

    async def advance(self, milliseconds: int) -> None:
        """Let the platform's time pass."""
        await self._post("clock/advance", {"milliseconds": milliseconds})

    async def revoke(self, token: str) -> None:
        """Let the platform revoke a token."""
        await self._post("tokens/revoke", {"token": token})

    async def close_session(self, session: str) -> None:
        """Let the platform close a session; one that is not open stays so."""
        await self._post(f"sessions/{quote(session, safe='')}/close", {}, fine=404)

    async def _post(self, path: str, body: Mapping[str, Any], *, fine: int | None = None) -> None:
        url = f"{self.url}/{path}"
        try:
            answer = await self._wire.ask("POST", url, content=json.dumps(body).encode())
        except TimeoutError:
            raise AdapterFault("hang", f"{url} did not answer in time", "See the platform's log.") from None
        except Unreadable as why:
            raise AdapterFault("crash", f"{url} gave {why}", "See the platform's log.") from None
        if not answer.accepted and answer.status != fine:
            said = answer.content[:200].decode(errors="replace")
            raise AdapterFault("refused", f"{url} answered {answer.status}: {said}", "See docs/platform.md.")


async def worlds_of(wire: Wire) -> list[dict[str, Any]]:
    """The worlds of a platform that has the simulator's control plane, and none of any other."""
    try:
        answer: Answer = await wire.ask("GET", wire.origin + WORLDS)
        listed = parsed(answer) if answer.accepted else None
    except (TimeoutError, Unreadable, AdapterFault):
        return []
    worlds = listed.get("worlds") if isinstance(listed, dict) else None
    return [world for world in worlds or () if isinstance(world, dict)] if isinstance(worlds, list) else []
