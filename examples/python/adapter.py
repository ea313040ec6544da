"""A complete adapter: a session API in memory, and the few lines that let openfirst judge it.

In process:    openfirst check --python examples.python.adapter:InMemory
As a command:  openfirst check --adapter "python examples/python/adapter.py"
"""

from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from openfirst import serve

BAD = {"expired": "token-expired", "revoked": "token-revoked"}


class Refused(Exception):
    """The session API refuses a call; the text is the contract's code."""


class Session:
    """The thing that is judged: a session API for one client, without a network."""

    def __init__(self, credential: dict[str, Any]) -> None:
        self.credential = credential
        self.participant: dict[str, Any] | None = None

    def open(self, info: dict[str, Any] | None = None) -> None:
        info, token_id = info or {}, self.credential.get("externalId")
        if self.credential["kind"] == "none":
            raise Refused("not-initialized")
        if self.participant:
            raise Refused("session-already-open")
        if self.credential.get("condition") != "good":
            raise Refused(BAD.get(self.credential["condition"], "token-invalid"))
        given = info.get("externalId") or None
        if self.credential["kind"] == "token" and given not in (None, token_id):
            raise Refused("external-id-mismatch")
        external_id = token_id or given
        own = uuid5(NAMESPACE_URL, external_id) if external_id else uuid4()
        shown = {"name": info.get("name"), "avatarUrl": info.get("avatarUrl"), "externalId": external_id}
        self.participant = {"id": str(own), "info": shown}

    def close(self) -> None:
        self.participant = None

    def isOpen(self) -> bool:  # noqa: N802 - the contract's name
        return self.participant is not None

    def getParticipant(self) -> dict[str, Any]:  # noqa: N802
        return self._current()

    def updateParticipantInfo(self, name: str, avatarUrl: str) -> None:  # noqa: N802, N803
        if not {"*", "session:update"}.intersection(self.credential["scopes"]):
            self._current()
            raise Refused("scope-missing")
        self._current()["info"].update(name=name, avatarUrl=avatarUrl)

    def use(self, service: str, method: str, arguments: list[Any]) -> None:
        self._current()

    def _current(self) -> dict[str, Any]:
        if self.participant is None:
            raise Refused("session-not-open" if self.credential["kind"] != "none" else "not-initialized")
        return self.participant


class InMemory:
    """The adapter: it makes the calls it is told to make, and reports what came of them."""

    def initialize(self, params: dict[str, Any]) -> dict[str, Any]:
        operations = ["open", "close", "isOpen", "getParticipant", "updateParticipantInfo", "use"]
        return {
            "protocol": params["protocol"],
            "implementation": {"name": "in-memory", "version": "1.0", "language": "python"},
            "capabilities": {"operations": operations, "clock": "real", "clients": 2, "deprecatedInitialize": True},
        }

    def reset(self, params: dict[str, Any]) -> dict[str, Any]:
        self.sessions = {name: Session(client["credential"]) for name, client in params["clients"].items()}
        return {"generation": params["generation"]}

    def call(self, params: dict[str, Any]) -> dict[str, Any]:
        method = getattr(self.sessions[params["client"]], params["operation"])
        try:
            outcome = {"outcome": "value", "value": method(**params["arguments"])}
        except Refused as refused:
            outcome = {"outcome": "error", "code": str(refused)}
        return {"generation": params["generation"], **outcome}


if __name__ == "__main__":
    serve(InMemory())
