"""The adapter of a platform: the plainest client there can be, which concludes nothing.

A call is a request, and what it came to is what the platform said. The session is addressed by the ID that `open` gave,
also after it was closed, and as `current` where there is none or an `open` was refused: had the platform opened a session
all the same, it would be that. Wherever the platform has not just said that a session is open, `isOpen` asks for the list of
the bearer's sessions as well.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from openfirst_conformance.adapters.protocol.faults import AdapterFault
from openfirst_conformance.adapters.protocol.messages import RequestHandler
from openfirst_conformance.adapters.protocol.shapes import (
    AdvanceParams,
    CallParams,
    CallResult,
    Credential,
    Done,
    InitializeParams,
    InitializeResult,
    OutcomeReport,
    ResetParams,
    ResetResult,
    SettleParams,
    WorldParams,
)
from openfirst_conformance.platforms.control import CLOSE, MOVES, REVOKE
from openfirst_conformance.platforms.external_ids import Stamp
from openfirst_conformance.platforms.http import Answer, Refused, Unreadable, parsed, value_of
from openfirst_conformance.platforms.judged import JudgedPlatform
from openfirst_reference.contract.document import Json
from openfirst_reference.contract.http_surface import CURRENT, surface
from openfirst_reference.contract.model import Contract
from openfirst_reference.machine.credential import client_choices

_NOT_FOUND = "not-found"


@dataclass
class _Client:
    """A client of a case.

    `instead` is what comes of every call where there is no token to make it with. `session` is the ID that `open` gave
    last, `named` whether the session goes by it, and `sure` that nothing has happened since that could have ended it;
    `left` says that an `open` was accepted, and no `close` since.
    """

    credential: Credential
    token: str | None = None
    instead: Exception | None = None
    session: str | None = None
    named: bool = False
    sure: bool = False
    left: bool = False

    @property
    def address(self) -> str:
        """What to call its session."""
        return self.session if self.named and self.session else CURRENT

    @property
    def is_bad(self) -> bool:
        """Whether it holds a credential that no platform accepts."""
        return bool(self.credential.get("condition", "good") != "good")


class PlatformAdapter:
    """Drives a platform that is judged. Is an `Adapter`, in this process; what it answers is not from outside it."""

    def __init__(self, platform: JudgedPlatform) -> None:
        self.faults: list[AdapterFault] = []
        self.handler: RequestHandler | None = None
        self._platform, self._wire = platform, platform.wire
        self._clients: dict[str, _Client] = {}
        self._stamp: Stamp = platform.external_ids.of(0, ())
        self._begun = 0
        self._under_way = 0
        self._tidies = True

    @property
    def name(self) -> str:
        """Where the platform is."""
        return self._wire.base_url

    def stderr_tail(self) -> str:
        """A platform writes elsewhere."""
        return ""

    async def start(self, params: InitializeParams) -> InitializeResult:
        """What a platform has. Initialising and asking for fresh tokens are a client's."""
        return self._said()

    def _said(self) -> InitializeResult:
        return {
            "protocol": 1,
            "implementation": {"name": self.name, "role": "platform"},
            "capabilities": {
                "operations": list(OPERATIONS),
                "clients": 2,
                "concurrency": 4,
                "world": list(MOVES) if self._platform.control else [],
                "deprecatedInitialize": self._platform.has_deprecated,
            },
        }

    async def restart(self) -> InitializeResult:
        """New connections, once somebody listens. A platform that has ended may take its time to come back."""
        await self._wire.close()
        await self._wire.listens()
        return self._said()

    async def close(self) -> None:
        """Leave nothing open."""
        await self._tidy()
        self._clients = {}

    async def reset(self, params: ResetParams) -> ResetResult:
        """Begin a case with clients that hold these credentials."""
        await self._tidy()
        held = {name: client["credential"] for name, client in params["clients"].items()}
        self._stamp = self._platform.external_ids.of(
            params["generation"], [credential.get("externalId") for credential in held.values()]
        )
        self._clients = {name: _Client(credential, credential.get("token")) for name, credential in held.items()}
        self._under_way = 0
        for client in self._clients.values():
            if client.credential["kind"] == "key-secret":
                # What came of this is what comes of every call: without a token there is nothing to call with.
                try:
                    client.token = await self._platform.key_secret_token(
                        client.credential["key"], client.credential["secret"]
                    )
                except (Refused, Unreadable, TimeoutError) as problem:
                    client.instead = self._invalid(problem)
        return {"generation": params["generation"]}

    def _invalid(self, problem: Exception) -> Exception:
        """Where tokens are given, a refusal has a number of its own: what clients of the public interface know."""
        errors = self._platform.contract.errors
        if isinstance(problem, Refused) and problem.status == 401 and problem.code not in errors:
            for code, error in errors.items():
                if any(item.sdk == "rest" and item.code == problem.native for item in error.native):
                    return Refused(problem.status, code)
        return problem

    async def call(self, params: CallParams) -> CallResult:
        """Make one call, and say what the platform answered."""
        client, operation = self._clients[params["client"]], params["operation"]
        if operation not in OPERATIONS:
            reason = f"a platform has no {operation}: that is a client's"
            return {"generation": params["generation"], "outcome": "unsupported", "reason": reason}
        contract = self._platform.contract
        moves = not contract.operations[contract.bindings.operations.inward(operation)].pure
        self._begun += moves
        self._under_way += moves
        try:
            outcome: OutcomeReport = {
                "outcome": "value",
                "value": await OPERATIONS[operation](self, client, params["arguments"]),
            }
        except Refused as refused:
            outcome = {"outcome": "error", "code": refused.code}
        except Unreadable as why:
            outcome = {"outcome": "unreadable", "reason": str(why)}
        except TimeoutError:
            # It may take effect at any time from now on, so it stays under way.
            return {"generation": params["generation"], "outcome": "pending"}
        self._under_way -= moves
        return {"generation": params["generation"], **outcome}

    async def world(self, params: WorldParams) -> Done:
        """Let the platform make a move of its own."""
        client, control = self._clients[params["client"]], self._platform.control
        self._unsure()
        if control is not None and params["action"] == CLOSE and client.session is not None:
            await control.close_session(client.session)
        if control is not None and params["action"] == REVOKE and client.credential["kind"] == "token":
            if not client.is_bad:
                await control.revoke(client.token or "")
            client.credential = {**client.credential, "condition": "revoked"}
        return {"generation": params["generation"]}

    async def advance(self, params: AdvanceParams) -> Done:
        """Not declared: no client here asks for fresh tokens. Raises AdapterFault."""
        raise AdapterFault("refused", "a platform is judged without letting time pass", "Leave it out of the case.")

    async def settle(self, params: SettleParams) -> Done:
        """Between requests nothing is under way."""
        return {"generation": params["generation"]}

    async def _tidy(self) -> None:
        """Close what a case has left open, unless the platform has trouble with that."""
        for client in self._clients.values():
            if client.left and self._tidies:
                try:
                    await self._ask(client, "close", CURRENT)
                except (Unreadable, TimeoutError):
                    self._tidies = False
                except AdapterFault:
                    return  # Nobody listens: whatever is asked next will say so.

    # The operations -----------------------------------------------------------------------------------------------

    async def _open(self, client: _Client, arguments: Json) -> None:
        info = arguments.get("info")
        content = None if info is None else json.dumps(self._stamped(info)).encode()
        client.named = False
        self._unsure()
        answer = await self._ask(client, "open", content=content)
        session = self._read(answer)
        identifier = session.get("sessionId") if isinstance(session, dict) else None
        if not isinstance(identifier, str) or not identifier:
            raise Unreadable(f"no `sessionId` (status {answer.status})")
        self._unsure()
        client.session, client.named, client.left = identifier, True, True
        client.sure = self._under_way == 1

    async def _close(self, client: _Client, arguments: Json) -> None:
        self._unsure()
        answer = await self._of_session(client, "close")
        self._unsure()
        self._accept(answer)
        client.left = False

    async def _is_open(self, client: _Client, arguments: Json) -> bool:
        begun, alone, sure, named = self._begun, not self._under_way, client.sure, client.named
        is_open = await self._says(client, self._of_session(client, "isOpen"), _status)
        if sure or not alone:
            return bool(is_open)
        is_listed = await self._says(client, self._ask(client, "listSessions"), _listed)
        if self._begun > begun:
            return bool(is_open)  # Something else was called in between.
        if not named and None not in (is_open, is_listed) and is_open != is_listed:
            raise Unreadable("open, and not listed" if is_open else "not open, and listed")
        return bool(is_open or is_listed)

    async def _get_participant(self, client: _Client, arguments: Json) -> Any:
        participant = self._read(await self._of_session(client, "getParticipant"))
        info = participant.get("info") if isinstance(participant, dict) else None
        if isinstance(info, dict) and "externalId" in info:
            return {**participant, "info": {**info, "externalId": self._stamp.take_out(info["externalId"])}}
        return participant

    async def _update(self, client: _Client, arguments: Json) -> None:
        content = json.dumps(arguments).encode()
        self._accept(await self._of_session(client, "updateParticipantInfo", content))

    async def _use(self, client: _Client, arguments: Json) -> Any:
        content = json.dumps({"arguments": arguments.get("arguments") or []}).encode()
        answer = await self._of_session(
            client, "use", content, service=arguments["service"], method=arguments["method"]
        )
        value = self._read(answer)
        if value is not None and not isinstance(value, dict):
            raise Unreadable(f"a body that is no object (status {answer.status})")
        return (value or {}).get("result")

    # Requests and answers -----------------------------------------------------------------------------------------

    async def _of_session(self, client: _Client, name: str, content: bytes | None = None, **parts: str) -> Answer:
        """Ask about the client's session. One that may be over may also be forgotten: then `current` is none."""
        sure, named, session = client.sure, client.named, client.session
        answer = await self._ask(client, name, client.address, content, **parts)
        # What ends it may have come in between.
        sure = sure and client.sure and client.session == session
        if named and not sure and answer.status == 404 and self._is_forgotten(answer):
            return await self._ask(client, name, CURRENT, content, **parts)
        return answer

    async def _ask(
        self, client: _Client, name: str, session: str | None = None, content: bytes | None = None, **parts: str
    ) -> Answer:
        """Ask an endpoint, by its `operationId`."""
        if client.instead is not None:
            raise client.instead.with_traceback(None)
        authorization = None if client.token is None else f"Bearer {client.token}"
        endpoint = surface()[name]
        path = endpoint.at(**parts) if session is None else endpoint.at(sessionId=session, **parts)
        return await self._wire.ask(endpoint.method, path, authorization=authorization, content=content)

    def _read(self, answer: Answer) -> Any:
        return value_of(answer, self._platform.contract)

    def _accept(self, answer: Answer) -> None:
        """What is accepted has nothing more to say."""
        if not answer.accepted:
            self._read(answer)

    async def _says(
        self, client: _Client, asking: Awaitable[Answer], read: Callable[[Any], bool | None]
    ) -> bool | None:
        """Whether a session is open; None: a client whose credential the platform does not accept is told nothing."""
        try:
            answer = await asking
            said = read(self._read(answer))
        except Refused as refused:
            if client.is_bad and refused.status == 401:
                return None
            raise
        if said is None:
            raise Unreadable(f"neither open nor not (status {answer.status})")
        return said

    def _is_forgotten(self, answer: Answer) -> bool:
        try:
            problem = parsed(answer)
        except Unreadable:
            return False
        return isinstance(problem, dict) and problem.get("code") == _NOT_FOUND

    def _stamped(self, info: Mapping[str, Any]) -> Json:
        return {**info, **({"externalId": self._stamp.put(info["externalId"])} if "externalId" in info else {})}

    def _unsure(self) -> None:
        """Any client's session may be over from now on."""
        for client in self._clients.values():
            client.sure = False


OPERATIONS: Mapping[str, Callable[[PlatformAdapter, _Client, Json], Awaitable[Any]]] = {
    "open": PlatformAdapter._open,
    "close": PlatformAdapter._close,
    "isOpen": PlatformAdapter._is_open,
    "getParticipant": PlatformAdapter._get_participant,
    "updateParticipantInfo": PlatformAdapter._update,
    "use": PlatformAdapter._use,
}


def _status(value: Any) -> bool | None:
    is_open = value.get("open") if isinstance(value, dict) else None
    return is_open if isinstance(is_open, bool) else None


def _listed(value: Any) -> bool | None:
    sessions = value.get("sessions") if isinstance(value, dict) else None
    return bool(sessions) if isinstance(sessions, list) else None


def choices_of_platform(contract: Contract, choices: Mapping[str, str]) -> dict[str, str]:
    """The choices but those that a client makes."""
    theirs = client_choices(contract)
    return {choice: value for choice, value in choices.items() if choice not in theirs}
