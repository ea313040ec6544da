"""Small implementations, each with one peculiarity, that the judge's own tests are about."""

from __future__ import annotations

import asyncio
from typing import Any

OPERATIONS = ["open", "close", "isOpen", "getParticipant", "updateParticipantInfo", "use"]
CODES = {"expired": "token-expired", "revoked": "token-revoked"}


class Refused(Exception):
    """An error; the text is its code."""


class Plain:
    """Keeps the contract, for up to two clients."""

    operations = OPERATIONS
    more: dict[str, Any] = {}
    can: dict[str, Any] = {}

    def __init__(self) -> None:
        self.made = 0

    async def initialize(self, params: dict[str, Any]) -> dict[str, Any]:
        capabilities = {"operations": self.operations, "clock": "real", "clients": 2, **self.can}
        implementation = {"name": type(self).__name__, "version": "1", "language": "python"}
        return {"protocol": 1, "implementation": implementation, "capabilities": capabilities, **self.more}

    async def reset(self, params: dict[str, Any]) -> dict[str, Any]:
        self.credentials = {name: client["credential"] for name, client in params["clients"].items()}
        self.sessions: dict[str, dict[str, Any] | None] = dict.fromkeys(self.credentials)
        self.last: dict[str, Any] = {}
        self.opened = 0
        return {"generation": params["generation"]}

    async def call(self, params: dict[str, Any]) -> dict[str, Any]:
        self.made += 1
        client, operation, arguments = params["client"], params["operation"], params["arguments"]
        self.caller = client
        try:
            value = await getattr(self, "do_" + operation)(client, **arguments)
        except Refused as refused:
            return {"generation": params["generation"], **self.error(str(refused))}
        return {
            "generation": params["generation"],
            **(value if self.is_outcome(value) else {"outcome": "value", "value": value}),
        }

    def is_outcome(self, value: Any) -> bool:
        return isinstance(value, dict) and "outcome" in value

    def error(self, code: str) -> dict[str, Any]:
        return {"outcome": "error", "code": code}

    async def do_open(self, client: str, info: dict[str, Any] | None = None) -> Any:
        credential, info = self.credentials[client], info or {}
        if credential["kind"] == "none":
            raise Refused("not-initialized")
        if self.sessions[client] is not None:
            return self.again(client, info)
        if credential["condition"] != "good":
            raise Refused(CODES.get(credential["condition"], "token-invalid"))
        given, token_id = info.get("externalId") or None, credential.get("externalId")
        if credential["kind"] == "token" and given not in (None, token_id):
            raise Refused("external-id-mismatch")
        self.opened += 1
        external_id = token_id or given
        identity = f"of-{external_id}" if external_id else f"number-{self.opened}-of-{client}"
        self.sessions[client] = {"id": identity, "info": self.shown(info, external_id)}
        return None

    def again(self, client: str, info: dict[str, Any]) -> Any:
        raise Refused("session-already-open")

    def shown(self, info: dict[str, Any], external_id: str | None) -> dict[str, Any]:
        return {"name": info.get("name"), "avatarUrl": info.get("avatarUrl"), "externalId": external_id}

    async def do_close(self, client: str) -> Any:
        self.sessions[client] = None

    async def do_isOpen(self, client: str) -> Any:  # noqa: N802
        return self.sessions[client] is not None

    def current(self, client: str) -> dict[str, Any]:
        session = self.sessions[client]
        if session is None:
            raise Refused("session-not-open" if self.credentials[client]["kind"] != "none" else "not-initialized")
        return session

    async def do_getParticipant(self, client: str) -> Any:  # noqa: N802
        return self.current(client)

    async def do_updateParticipantInfo(self, client: str, name: Any, avatarUrl: Any) -> Any:  # noqa: N802, N803
        session = self.current(client)
        if not {"*", "session:update"}.intersection(self.credentials[client]["scopes"]):
            raise Refused("scope-missing")
        session["info"].update(name=name, avatarUrl=avatarUrl)

    async def do_use(self, client: str, service: str, method: str, arguments: list[Any]) -> Any:
        self.current(client)


class MisspellsAService(Plain):
    """What it declares would leave it next to nothing to be judged by."""

    can = {"services": {"confrence": ["create"]}}


class MisspellsACode(Plain):
    """A code that nobody knows, where the contract names one; and a service's own, which is its own affair."""

    def error(self, code: str) -> dict[str, Any]:
        return super().error({"session-not-open": "session-not-opne"}.get(code, code))

    async def do_use(self, client: str, service: str, method: str, arguments: list[Any]) -> Any:
        self.current(client)
        raise Refused("line-is-busy")


class LeaksTheName(Plain):
    """An old session's name shows in a new one that was given none."""

    def shown(self, info: dict[str, Any], external_id: str | None) -> dict[str, Any]:
        name = info.get("name") or (self.last.get(self.caller) if info else None)
        self.last[self.caller] = name
        return super().shown({**info, "name": name}, external_id)


class ForgetsOneGate(Plain):
    """One method among all needs no session."""

    async def do_use(self, client: str, service: str, method: str, arguments: list[Any]) -> Any:
        if (service, method) != ("recording", "stop"):
            self.current(client)


class NeedsNoScope(Plain):
    """An update is never refused for its scope."""

    async def do_updateParticipantInfo(self, client: str, name: Any, avatarUrl: Any) -> Any:  # noqa: N802, N803
        self.current(client)["info"].update(name=name, avatarUrl=avatarUrl)


class KeepsForTheSame(Plain):
    """A second open with the same information keeps the session; with other information it is refused."""

    def again(self, client: str, info: dict[str, Any]) -> Any:
        if info.get("name") or info.get("avatarUrl"):
            raise Refused("session-already-open")


class HasNoIsOpen(Plain):
    """Declares no isOpen."""

    operations = [operation for operation in OPERATIONS if operation != "isOpen"]


class DeclaresTooMuch(Plain):
    """Declares an update that it does not have."""

    async def do_updateParticipantInfo(self, client: str, name: Any, avatarUrl: Any) -> Any:  # noqa: N802, N803
        return {"outcome": "unsupported", "reason": "not written yet"}


class CrashesOften(Plain):
    """Every 20th call of a process raises."""

    async def call(self, params: dict[str, Any]) -> dict[str, Any]:
        if self.made % 20 == 19:
            raise RuntimeError("out of luck")
        return await super().call(params)


class DiesOnGetParticipant(Plain):
    """getParticipant without a session raises, whatever came before."""

    async def do_getParticipant(self, client: str) -> Any:  # noqa: N802
        if self.sessions[client] is None:
            raise RuntimeError("nobody here")
        return self.sessions[client]


class DiesOnJoin(Plain):
    """To join a conference raises."""

    async def do_use(self, client: str, service: str, method: str, arguments: list[Any]) -> Any:
        if method == "join":
            raise RuntimeError("no conference")
        return await super().do_use(client, service, method, arguments)


class HangsInUpdate(Plain):
    """updateParticipantInfo in a session never comes back."""

    async def do_updateParticipantInfo(self, client: str, name: Any, avatarUrl: Any) -> Any:  # noqa: N802, N803
        self.current(client)
        await asyncio.Event().wait()


class ClosesLate(Plain):
    """close says that it is pending, and takes effect at the next call."""

    late: str | None = None

    async def call(self, params: dict[str, Any]) -> dict[str, Any]:
        if self.late is not None:
            self.sessions[self.late] = None
            self.late = None
        return await super().call(params)

    async def reset(self, params: dict[str, Any]) -> dict[str, Any]:
        self.late = None
        return await super().reset(params)

    async def do_close(self, client: str) -> Any:
        if self.sessions[client] is None:
            return None
        self.late = client
        return {"outcome": "pending"}


class WrongOnce(Plain):
    """The 200th call of its life shows a name that nobody gave."""

    async def call(self, params: dict[str, Any]) -> dict[str, Any]:
        result = await super().call(params)
        late = self.made >= 200 and not getattr(self, "told", False)
        if late and params["operation"] == "getParticipant" and result["outcome"] == "value":
            self.told = True
            return {**result, "value": {**result["value"], "info": {**result["value"]["info"], "name": "Nobody"}}}
        return result


class WrongOnceThenDies(WrongOnce):
    """Once it has shown that name, getParticipant raises, however often it is started again."""

    gone = False

    async def call(self, params: dict[str, Any]) -> dict[str, Any]:
        if WrongOnceThenDies.gone and params["operation"] == "getParticipant":
            raise RuntimeError("gone")
        result = await super().call(params)
        WrongOnceThenDies.gone = hasattr(self, "told")
        return result


class MapsAllToOne(Plain):
    """Native errors only, and a map that calls all of them the same."""

    more = {
        "errorMap": [
            {"native": f"E_{code}", "code": "session-not-open"}
            for code in ("session-not-open", "session-already-open", "external-id-mismatch", "token-expired")
        ]
    }

    def error(self, code: str) -> dict[str, Any]:
        return {"outcome": "error", "native": f"E_{code}", "message": "something went wrong"}


class CanDoNothing(Plain):
    """Declares no operation."""

    operations: list[str] = []


class StaysOpenAtTheThirdClose(Plain):
    """The third close of a case leaves the session open."""

    async def reset(self, params: dict[str, Any]) -> dict[str, Any]:
        self.closed = 0
        return await super().reset(params)

    async def do_close(self, client: str) -> Any:
        self.closed += self.sessions[client] is not None
        if self.closed != 3:
            await super().do_close(client)


class RefusesTheEighthOpen(Plain):
    """The eighth session of a case is refused."""

    async def do_open(self, client: str, info: dict[str, Any] | None = None) -> Any:
        if self.opened == 7 and self.sessions[client] is None:
            raise Refused("session-already-open")
        return await super().do_open(client, info)


class DecidesEachTime(Plain):
    """A second open is refused or keeps the session, by turns over all cases."""

    turn = False

    def again(self, client: str, info: dict[str, Any]) -> Any:
        self.turn = not self.turn
        if self.turn:
            raise Refused("session-already-open")


class ChangesItsMind(Plain):
    """In each case, what the sources leave open is decided otherwise every second time."""

    async def reset(self, params: dict[str, Any]) -> dict[str, Any]:
        self.times: dict[str, int] = {}
        return await super().reset(params)

    def is_second(self, what: str) -> bool:
        self.times[what] = self.times.get(what, 0) + 1
        return self.times[what] % 2 == 0


class ClosesByTurns(ChangesItsMind):
    """Without a session, every second `close` is refused."""

    async def do_close(self, client: str) -> Any:
        if self.sessions[client] is None and self.is_second(client):
            raise Refused("session-not-open")
        await super().do_close(client)


class ShowsNobodyByTurns(ChangesItsMind):
    """Without a session, every second `getParticipant` is answered."""

    async def do_getParticipant(self, client: str) -> Any:  # noqa: N802
        is_closed = self.sessions[client] is None and self.credentials[client]["kind"] != "none"
        return None if is_closed and self.is_second(client) else self.current(client)


class OpensAgainByTurns(ChangesItsMind):
    """In a session, every second `open` keeps it."""

    def again(self, client: str, info: dict[str, Any]) -> Any:
        if not self.is_second(client):
            raise Refused("session-already-open")


class HasNoRecording(Plain):
    """Declares nothing of services, and says of one method only when it is called that it is not there."""

    async def do_use(self, client: str, service: str, method: str, arguments: list[Any]) -> Any:
        if service == "recording":
            return {"outcome": "unsupported", "reason": "this build records nothing"}
        return await super().do_use(client, service, method, arguments)


class OneIdForAll(Plain):
    """Every participant has one and the same ID."""

    can = {"deprecatedInitialize": True}

    async def do_getParticipant(self, client: str) -> Any:  # noqa: N802
        return {**self.current(client), "id": "all"}
