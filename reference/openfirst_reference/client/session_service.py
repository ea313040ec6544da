"""The reference client: opens a session first, then lets everything else be used.

It is thin, and knows no rule. Once it is initialised it asks the platform, in words that are the same
whether a session is open or not, and the platform decides; so what holds is what the platform says, also
after an answer that was lost. Before that there is nobody to ask, and the machine says what the contract
wants.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache, lru_cache
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import urlencode

from openfirst_reference.client import json_forms
from openfirst_reference.client.clock import Clock, RealClock
from openfirst_reference.client.connection import Connection, Request, Transport
from openfirst_reference.client.errors import PlatformUnreachable, SessionError, UnreadableAnswer, refusal
from openfirst_reference.client.json_forms import OPERATIONS, Participant, ParticipantInfo
from openfirst_reference.client.tokens import ClientToken, Credential, KeySecret, RefreshCallback, ask
from openfirst_reference.contract.document import Json
from openfirst_reference.contract.http_surface import CURRENT, surface
from openfirst_reference.contract.load import load_contract
from openfirst_reference.contract.model import Contract
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.step import Step

_ENDPOINTS = surface()
T = TypeVar("T")


class SessionService:
    """A client's session on the platform at `base_url`.

    With a token it is initialised at once, as by `initialize_token`. `clock` tells when a token is half over,
    and sets timers for that; the default one needs a running event loop. `transport` carries its requests if
    given, and is left open; by default they go over HTTP. `machine` reads the contract to go by; the default
    one reads the packaged contract.

    Every method may raise a `SessionError`: that of a code of the contract (`errors.SessionNotOpen` and so
    on), `PlatformUnreachable` or `UnreadableAnswer`. Calls may overlap.

        async with SessionService(url, token=token, refresh=fetch_token) as session:
            await session.open(ParticipantInfo(name="Ana"))
            await session.use("conference", "create", {"alias": "rehearsal"})
    """

    def __init__(
        self,
        base_url: str,
        *,
        token: str | None = None,
        refresh: RefreshCallback | None = None,
        clock: Clock | None = None,
        transport: Transport | None = None,
        machine: Machine | None = None,
    ) -> None:
        self._refresh: RefreshCallback | None = None
        self._clock = clock or RealClock()
        self._machine = machine or _packaged_machine()
        self._contract = self._machine.contract
        self._connection = Connection(base_url, self._contract, transport)
        self._state = self._machine.state()
        self._credential: Credential | None = None
        self._session_id: str | None = None
        self._is_open_unanswered = False
        self._known_token: str | None = None
        if token is not None:
            self._initialize_token(token, refresh)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._credential is not None and await self.is_open():
                await self.close()
        except Exception as problem:
            if error is None:
                raise
            error.add_note(f"Nor could the session be closed. {problem}")
        finally:
            await self.dispose()

    async def dispose(self) -> None:
        """Let go of timers and connections; the session stays as it is."""
        if self._credential is not None:
            self._credential.drop()
        await self._connection.close()

    # The contract's operations ------------------------------------------------------------------------------

    async def initialize(self, key: str, secret: str, *, warn: bool = True) -> None:
        """Initialise with an application key and secret.

        Deprecated, and says so unless `warn` is false. They are not tried before a call needs the platform.
        """
        if warn:
            reason = self._contract.operations[self._operation("initialize")].deprecated
            warnings.warn(f"initialize: {reason}", DeprecationWarning, stacklevel=2)
        authorization = json_forms.basic(key, secret)
        form = urlencode({"grant_type": "client_credentials"}).encode("ascii")
        request = _request("getClientAccessTokenV1", form, content_type="application/x-www-form-urlencoded")
        step = self._decided("initialize", {"credential": {}})
        self._hold(
            KeySecret(self._clock, lambda: self._connection.send(request, authorization, json_forms.token_in)), step
        )

    async def initialize_token(self, token: str, refresh: RefreshCallback | None = None) -> None:
        """Initialise with a client access token, and a callback that gives a fresh one.

        If the client is initialised already, the token takes the place of what it held; of several callbacks
        the one given first stays. It is called at the points of a token's life that the contract names, and
        may be async or plain; if it takes an argument, that says whether the token has expired. It returns a
        token. If it raises, or returns None, the next point is the next try.
        """
        self._initialize_token(token, refresh)

    async def open(self, info: ParticipantInfo | Mapping[str, Any] | None = None) -> None:
        """Open a session; `info` may also be a map, with the contract's names or Python's."""
        given = None if info is None else json_forms.in_contract(info)
        request = _request("open", b"" if given is None else json_forms.as_json(given))
        try:
            self._session_id = await self._call("open", {"info": given}, request, json_forms.session_in)
            self._is_open_unanswered = False
        except (PlatformUnreachable, UnreadableAnswer):
            self._is_open_unanswered = True
            raise

    async def close(self) -> None:
        """Close the current session."""
        await self._call("close", {}, _request("close", sessionId=CURRENT), json_forms.nothing_in)
        self._session_id, self._is_open_unanswered = None, False

    async def is_open(self) -> bool:
        """Tell whether a session is open.

        False as well if the platform does not accept what the client holds: that opens nothing.
        """
        try:
            return await self._call("is_open", {}, _request("isOpen", sessionId=CURRENT), json_forms.open_in)
        except SessionError as error:
            bad = [item.errors.values() for item in self._contract.variables.values() if item.errors]
            if any(error.code in codes for codes in bad):
                return False
            raise

    async def get_participant(self) -> Participant | None:
        """Give the local participant; None if a platform says in that way that there is none."""
        request = _request("getParticipant", sessionId=CURRENT)
        return await self._call("get_participant", {}, request, json_forms.participant_in)

    async def update_participant_info(self, name: str | None, avatar_url: str | None) -> None:
        """Change the local participant's name and avatar URL; None takes away what was there."""
        given = json_forms.in_contract({"name": name, "avatar_url": avatar_url})
        request = _request("updateParticipantInfo", json_forms.as_json(given), sessionId=CURRENT)
        await self._call("update_participant_info", given, request, json_forms.nothing_in)

    async def use(self, service: str, method: str, *arguments: Any) -> Any:
        """Call a method of a service, with arguments that JSON can hold, and give what it gives."""
        content = json_forms.as_json({"arguments": arguments})
        request = _request("use", content, sessionId=CURRENT, service=service, method=method)
        given = {"service": service, "method": method, "arguments": list(arguments)}
        return await self._call("use", given, request, json_forms.result_in)

    # How they are decided -----------------------------------------------------------------------------------

    async def _call(self, name: str, arguments: Json, request: Request, read: Callable[[bytes], T]) -> T:
        if self._credential is None:
            decided: T = self._machine.answer(self._decided(name, arguments))
            return decided
        token = await self._credential.token()
        if token != self._known_token:
            await self._make_known(token)
        answer = await self._connection.send(request, f"Bearer {token}", read)
        self._known_token = token
        return answer

    def _decided(self, name: str, arguments: Json) -> Step:
        """Give what the contract wants of a call that the client itself decides; raises what is an error."""
        try:
            call = self._machine.call(self._operation(name), arguments, self._state)
        except ValueError:
            # The contract has no such call, and there is nobody else to ask.
            raise refusal(self._contract, self._machine.code_without_credential()) from None
        for step in self._machine.resolved(self._state, call, _choices(self._contract)):
            if step.code is not None and step.code in self._contract.errors:
                raise refusal(self._contract, step.code)
            if step.answer is not None and not step.answer.made_by_service:
                return step
        raise refusal(self._contract, self._machine.code_without_credential())

    def _operation(self, name: str) -> str:
        """What the contract calls an operation."""
        return self._contract.bindings.operations.inward(OPERATIONS[name])

    def _initialize_token(self, token: str, refresh: RefreshCallback | None) -> None:
        step = self._decided("initialize_token", {"credential": {}})
        if self._refresh is None:
            self._refresh = refresh
        named = (item.points.values() for item in self._contract.variables.values() if item.points)
        points = [point for points in named for point in points]
        self._hold(ClientToken(token.strip(), self._clock, points, self._renew), step)

    def _hold(self, credential: Credential, step: Step) -> None:
        if self._credential is not None:
            self._credential.drop()
        self._credential = credential
        self._state = step.after

    async def _renew(self, is_expired: bool) -> str | None:
        fresh = None if self._refresh is None else await ask(self._refresh, is_expired)
        if fresh is not None:
            # If this fails, the first call with the token tries again.
            with suppress(SessionError):
                await self._find_session()
                await self._make_known(fresh)
        return fresh

    async def _find_session(self) -> None:
        """Find out, with the token in use, which session it is that was opened without an answer."""
        if self._is_open_unanswered and self._credential is not None:
            request = _request("listSessions")
            authorization = f"Bearer {await self._credential.token()}"
            self._session_id = await self._connection.send(request, authorization, json_forms.own_session_in)
            self._is_open_unanswered = False

    async def _make_known(self, token: str) -> None:
        """Use a token on the session by its ID: from that, and not from `current`, it shows whose it is."""
        if self._session_id is not None:
            request = _request("isOpen", sessionId=self._session_id)
            try:
                await self._connection.send(request, f"Bearer {token}", json_forms.nothing_in)
            except PlatformUnreachable:
                raise
            except SessionError:
                pass  # What is wrong with it, the call itself is told as well.
        self._known_token = token


def _request(name: str, content: bytes = b"", *, content_type: str = "application/json", **parts: str) -> Request:
    """The request of an endpoint, by its `operationId` and the parts of its path."""
    return Request(_ENDPOINTS[name].method, _path(name, **parts), content, content_type)


@lru_cache(maxsize=1024)
def _path(name: str, **parts: str) -> str:
    return _ENDPOINTS[name].at(**parts)


@lru_cache(maxsize=8)
def _choices(contract: Contract) -> dict[str, str]:
    return contract.default_choices()


@cache
def _packaged_machine() -> Machine:
    return Machine(load_contract())
