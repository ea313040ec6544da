"""A world without a network between: who asks, and what comes of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from openfirst_reference.contract.load import load_contract
from openfirst_reference.contract.model import Contract
from openfirst_simulator import Request, Simulator
from tests.simulator.conftest import START

CONTRACT = load_contract()


class Came(NamedTuple):
    """What came back."""

    status: int
    body: Any

    @property
    def outcome(self) -> tuple[int, Any]:
        """Status, and the code of a problem or else the body."""
        return self.status, self.body["code"] if self.status >= 400 else self.body


class Here:
    """A world in which time stands still, and somebody who asks it."""

    def __init__(self, contract: Contract = CONTRACT, choices: Mapping[str, str] | None = None) -> None:
        self.simulator = Simulator(contract)
        self.world = self.simulator.world("here", choices=choices, frozen_at=START)

    async def asking(self, method: str, path: str, token: str | None, body: Any = None) -> Came:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        content = b"" if body is None else json.dumps(body).encode()
        answer = await self.simulator.answer(Request(method, f"/w/{self.world.name}{path}", headers, content))
        try:
            return Came(answer.status, json.loads(answer.content) if answer.content else None)
        except ValueError:
            return Came(answer.status, answer.content)

    def key_secret(self, expires_in: int = 3600) -> str:
        """The token of a client that was initialised with key and secret."""
        return self.world.issue(self.world.applications[0], "key-secret", expires_in)

    def ask(self, method: str, path: str, token: str | None, body: Any = None) -> Came:
        return asyncio.run(self.asking(method, path, token, body))

    def open(self, token: str | None, info: Any = None) -> Came:
        return self.ask("POST", "/v1/sessions", token, info)

    def opened(self, token: str, info: Any = None) -> str:
        """The ID of a session that is opened."""
        came = self.open(token, info)
        assert came.status == 201, came.body
        return str(came.body["sessionId"])

    def close(self, token: str, session: str = "current") -> Came:
        return self.ask("DELETE", f"/v1/sessions/{session}", token)

    def is_open(self, token: str, session: str = "current") -> Came:
        return self.ask("GET", f"/v1/sessions/{session}", token)

    def participant(self, token: str, session: str = "current") -> Came:
        return self.ask("GET", f"/v1/sessions/{session}/participant", token)

    def update(self, token: str, info: Any, session: str = "current") -> Came:
        return self.ask("PATCH", f"/v1/sessions/{session}/participant", token, info)

    def use(self, token: str, target: str, *arguments: Any, session: str = "current") -> Came:
        return self.ask("POST", f"/v1/sessions/{session}/services/{target}", token, {"arguments": list(arguments)})


def a_run_with_refusals(here: Here) -> None:
    """Ten requests about sessions, of which six are refused, and nothing is left."""
    ana, ben = here.world.token("ana"), here.world.token("ben")
    assert here.use(ana, "conference/create").status == 409
    session = here.opened(ana, {"name": "Ana"})
    assert here.open(ana).status == 409
    assert here.open(ben, {"externalId": "zoe"}).status == 403
    assert here.participant(ana, session).status == 200
    assert here.open(here.world.token(condition="forged")).status == 401
    assert here.open(here.world.token("dora", condition="revoked")).status == 401
    assert here.open(None).status == 401
    assert here.close(ana).status == 204
    assert here.is_open(ana).body == {"open": False}
