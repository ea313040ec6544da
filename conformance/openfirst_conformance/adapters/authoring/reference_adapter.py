"""The adapter of the reference client: how the judge drives it, as a Python object (`create`)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

from openfirst_conformance.adapters.objects import ended
from openfirst_conformance.adapters.protocol.faults import RequestRefused
from openfirst_reference.client.clock import VirtualClock
from openfirst_reference.client.connection import OverHttp, nearby
from openfirst_reference.client.errors import SessionError
from openfirst_reference.client.json_forms import OPERATIONS, Participant, in_contract
from openfirst_reference.client.session_service import SessionService
from openfirst_reference.client.tokens import RefreshCallback
from openfirst_reference.contract.document import Json
from openfirst_reference.contract.load import load_contract
from openfirst_reference.machine.credential import client_choices
from openfirst_reference.machine.machine import machine_of

# Seconds after which an unanswered call is said to be pending: before the judge takes the adapter for hung.
_PATIENCE = 1.0
_CALLS: Mapping[str, Callable[[SessionService, Json], Awaitable[Any]]] = {
    "open": lambda session, given: session.open(given.get("info")),
    "close": lambda session, given: session.close(),
    "isOpen": lambda session, given: session.is_open(),
    "getParticipant": lambda session, given: session.get_participant(),
    "updateParticipantInfo": lambda session, given: session.update_participant_info(
        given.get("name"), given.get("avatarUrl")
    ),
    "use": lambda session, given: session.use(given["service"], given["method"], *(given.get("arguments") or ())),
}


class ReferenceAdapter:
    """The clients of one case at a time, on one virtual clock; all cases share one pool of connections.

    A platform in this process is asked without a network between.
    """

    request: Callable[[str, Json], Awaitable[Json]]

    def __init__(self) -> None:
        # Many a fresh token is denied by the judge; what the client logs about that is no news to anybody.
        logging.getLogger("openfirst_reference").addHandler(logging.NullHandler())
        self.request = _nobody
        self._machine = machine_of(load_contract())
        self._clock = VirtualClock()
        self._http = OverHttp()
        self._generation = 0
        self._sessions: dict[str, SessionService] = {}
        self._with_callback: set[str] = set()
        self._calls: set[asyncio.Task[Json]] = set()

    async def initialize(self, params: Json) -> Json:
        """Say what the client can do."""
        contract = self._machine.contract
        # All else that the contract leaves open is the platform's to decide.
        own, choices = client_choices(contract), contract.default_choices()
        return {
            "protocol": 1,
            "implementation": {
                "name": "openfirst-reference",
                "version": contract.version,
                "language": "python",
            },
            "capabilities": {
                "operations": list(OPERATIONS.values()),
                "clock": "virtual",
                "clients": 2,
                "concurrency": 4,
                "refresh": True,
                "deprecatedInitialize": True,
            },
            "choices": {name: value for name, value in choices.items() if name in own},
        }

    async def reset(self, params: Json) -> None:
        """Begin a case; nothing of the one before is left."""
        self._forget()
        self._generation = params["generation"]
        self._clock = VirtualClock(datetime.fromisoformat(params["now"]).timestamp())
        base_url = params["platform"]["baseUrl"]
        transport = next((near for url, near in nearby.items() if f"{base_url}/".startswith(f"{url}/")), self._http)
        for name, held in params["clients"].items():
            self._sessions[name] = SessionService(
                base_url, clock=self._clock, transport=transport, machine=self._machine
            )
            await self._initialize(name, held["credential"])

    async def call(self, params: Json) -> Json:
        """Make one call, and give its outcome."""
        name, operation, given = params["client"], params["operation"], params["arguments"]
        if operation in _CALLS:
            call = _CALLS[operation](self._sessions[name], given)
        elif operation in OPERATIONS.values():
            call = self._initialize(name, given["credential"])
        else:
            return {"outcome": "unsupported", "reason": f"The client has no operation {operation}."}
        task = asyncio.get_running_loop().create_task(self._outcome(call))
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)
        await ended(task, _PATIENCE)
        return task.result() if task.done() else {"outcome": "pending"}

    async def advance(self, params: Json) -> None:
        """Let virtual time pass."""
        await self._clock.advance(params["milliseconds"] / 1000)

    async def settle(self, params: Json) -> None:
        """Wait until nothing is due or being done."""
        await self._clock.settle()

    async def shutdown(self) -> None:
        """Let go of everything."""
        self._forget()
        await self._http.close()

    def _forget(self) -> None:
        # Timers of the clients need no care: they are on a clock that stands still from now on.
        for task in self._calls:
            task.cancel()
        self._sessions.clear()
        self._with_callback.clear()

    async def _initialize(self, name: str, credential: Json) -> None:
        session = self._sessions[name]
        if credential["kind"] == "token":
            callback = "later" if name in self._with_callback else "first"
            self._with_callback.add(name)
            await session.initialize_token(credential["token"], self._refresh(name, callback))
        elif credential["kind"] == "key-secret":
            await session.initialize(credential["key"], credential["secret"], warn=False)

    def _refresh(self, name: str, callback: str) -> RefreshCallback:
        params = {"generation": self._generation, "client": name, "callback": callback}

        async def refresh() -> str:
            return str((await self.request("refreshToken", params))["token"])

        return refresh

    async def _outcome(self, call: Awaitable[Any]) -> Json:
        try:
            value = await call
        except SessionError as error:
            known = error.code in self._machine.contract.errors
            return {
                "outcome": "error",
                "code": error.code if known else None,
                "message": str(error),
                "native": None if known else error.code or type(error).__name__,
            }
        return {"outcome": "value", "value": in_contract(value) if isinstance(value, Participant) else value}


async def _nobody(method: str, params: Json) -> Json:
    raise RequestRefused(-32601, f"nobody answers {method}")


def create() -> ReferenceAdapter:
    """Make the adapter."""
    return ReferenceAdapter()
