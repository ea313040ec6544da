"""A world in which time stands still, an application that asks it by REST, and participants in session."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import urlencode

from openfirst_simulator import Request
from tests.simulator.conftest import START, rest_description
from tests.simulator.conftest import Answer as Described
from tests.simulator.inprocess import Came, Here

MS = int(START * 1000)


class Application(Here):
    """What an application asks. Every answer is held against rest.yaml."""

    def __init__(self, *scopes: str) -> None:
        super().__init__()
        self.api = self.api_token(*scopes)

    def api_token(self, *scopes: str, expires_in: int = 86_400) -> str:
        return self.world.issue(self.world.applications[0], "api", expires_in, scopes or None)

    def rest(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        host: str = "127.0.0.1",
        **query: Any,
    ) -> Came:
        headers = {"Host": host}
        if token != "":
            headers["Authorization"] = f"Bearer {token or self.api}"
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        request = Request(method, f"/w/here{path}", headers, content, urlencode(query))
        answer = asyncio.run(self.simulator.answer(request))
        is_json = answer.content_type is not None and answer.content_type.endswith("json")
        value = json.loads(answer.content) if is_json else None
        rest_description().check(
            method, path, Described(answer.status, value, answer.headers, answer.content_type or "")
        )
        return Came(answer.status, value)

    def got(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """The body of an answer that accepts."""
        came = self.rest(method, path, body, **query)
        assert came.status < 300, came.body
        return came.body

    def created(self, alias: str | None = "rehearsal", **fields: Any) -> Any:
        return self.got("POST", "/v2/conferences/create", {"ownerExternalId": "ana", "alias": alias, **fields})

    def conference(self, alias: str | None = "rehearsal", **fields: Any) -> str:
        """The ID of a conference that was created."""
        return str(self.created(alias, **fields)["conferenceId"])

    # Participants -------------------------------------------------------------------------------------------

    def person(self, external_id: str | None, expires_in: int = 86_400) -> str:
        """The token of somebody whose session is open."""
        token = self.world.token(external_id, expires_in=expires_in)
        self.opened(token, {"name": (external_id or "nobody").title()})
        return token

    def join(self, token: str, conference: str, access: str | None = None, *, how: str = "join") -> Came:
        options = {} if access is None else {"conferenceAccessToken": access}
        return self.use(token, f"conference/{how}", {"id": conference}, options)

    def there(self, conference: str, *external_ids: str) -> list[str]:
        """The tokens of participants who have joined a conference."""
        tokens = [self.person(each) for each in external_ids]
        for token in tokens:
            came = self.join(token, conference)
            assert came.status == 200, came.body
        return tokens

    def current(self, token: str) -> Any:
        return self.use(token, "conference/current").body["result"]

    def heard(self, token: str, name: str) -> list[Any]:
        """What somebody has heard by this name."""
        events = self.ask("GET", "/v1/sessions/current/events", token).body["events"]
        return [event["data"] for event in events if event["name"] == name]
