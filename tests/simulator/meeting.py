"""Some who meet in a conference of a world without a network between, and what they hear."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from openfirst_simulator import Request
from tests.simulator.inprocess import Here

SILENTLY = {"constraints": {"audio": False, "video": False}}


class Meeting:
    """Ana and Ben (or others) with open sessions; `come` brings them into the conference `rehearsal`."""

    def __init__(self, *names: str, here: Here | None = None) -> None:
        self.here = here or Here()
        self.world = self.here.world
        self.tokens: dict[str, str] = {}
        for name in names or ("ana", "ben"):
            self.tokens[name] = self.world.token(name, expires_in=100_000)
            self.here.opened(self.tokens[name], {"name": name.title()})
        self.after = dict.fromkeys(self.tokens, 0)
        self.start = 0

    def come(self, *names: str, options: Any = SILENTLY, how: str = "join") -> Any:
        """They join, one after another, and everybody has heard all of that. Gives the conference."""
        for name in names or tuple(self.tokens):
            made = self.do(name, "conference/create", {"alias": "rehearsal"})
            self.do(name, f"conference/{how}", made, options)
        self.forget()
        return made

    def asked(self, name: str, target: str, *arguments: Any) -> tuple[int, Any]:
        """Status, and the result or the code of the problem."""
        came = self.here.use(self.tokens[name], target, *arguments)
        return came.status, came.body["code"] if came.status >= 400 else came.body["result"]

    def do(self, name: str, target: str, *arguments: Any) -> Any:
        """The result of a method, which is not refused."""
        status, result = self.asked(name, target, *arguments)
        assert status == 200, result
        return result

    def hears(self, name: str) -> list[tuple[str, Any]]:
        """What somebody has heard since the last time."""
        headers = {"Authorization": f"Bearer {self.tokens[name]}"}
        query = f"after={self.after[name]}"
        request = Request("GET", f"/w/{self.here.world.name}/v1/sessions/current/events", headers, b"", query)
        answer = asyncio.run(self.here.simulator.answer(request))
        assert answer.status == 200, answer.content
        told = json.loads(answer.content)
        self.after[name] = told["last"]
        return [(event["name"], event["data"]) for event in told["events"]]

    def forget(self) -> None:
        """Everybody has heard everything so far."""
        for name in self.tokens:
            if self.here.is_open(self.tokens[name]).body["open"]:
                self.hears(name)

    def session(self, name: str) -> str:
        """The ID of somebody's session."""
        return next(session.id for session in self.world.sessions if session.external_id == name)

    def local(self, name: str) -> Any:
        """Somebody's own participant."""
        return self.here.participant(self.tokens[name]).body

    def shown(self, name: str, *streams: Any, type: str = "USER", status: str = "CONNECTED") -> Any:
        """The participant that the others see."""
        return {**self.local(name), "status": status, "type": type, "streams": list(streams)}

    def kept(self) -> Any:
        """The world as a document, as it comes back from a file."""
        return json.loads(json.dumps(self.world.snapshot()))
