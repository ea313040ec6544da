"""A small platform, on which the judge of platforms is tried.

It is written by hand from the sources' sentences and the description of the interface, and imports nothing of the
project, so that a mistake in the contract is not repeated here. A client is a token. Variants override one of the
methods below, or one of the attributes that say what it has and decides.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

from aiohttp import web

Json = dict[str, Any]
Words = tuple[str, ...]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

KEY, SECRET = "app-of-a-test", "0123456789abcdef"
STATUS = {
    "not-initialized": 401,
    "token-expired": 401,
    "token-invalid": 401,
    "token-revoked": 401,
    "external-id-mismatch": 403,
    "scope-missing": 403,
    "session-not-open": 409,
    "session-already-open": 409,
    "invalid-request": 400,
    "not-found": 404,
}
JOINING = {"join", "listen"}
DEVICES = {"mediaDevice", "audioPreview"}
LISTENING = "on"


class Refusal(Exception):
    """A request is refused; `code` says why."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail or f"This was refused: {code}."


@dataclass(eq=False)
class Session:
    """An open session, and the participant who belongs to it."""

    id: str
    name: str | None
    avatar_url: str | None
    external_id: str | None
    participant_id: str
    conference: str | None = None


@dataclass(eq=False)
class Client:
    """A token, its session, and the session that it closed last. `notes` is for what a variant remembers of it."""

    id: str
    kind: str
    external_id: str | None
    scopes: frozenset[str]
    expires: float
    revoked: bool = False
    session: Session | None = None
    last: Session | None = None
    notes: Json = field(default_factory=dict)


class Plain:
    """Conforms, and decides what is left open as most would."""

    decides: ClassVar[Mapping[str, str]] = {
        "external-id-mismatch": "refuse",
        "external-id-without-token-id": "refuse",
        "external-id-with-key-secret": "adopt",
        "empty-external-id": "absent",
        "open-while-open": "refuse",
        "open-without-info": "fresh",
        "close-while-closed": "accept",
        "no-participant": "error",
        "update-while-closed": "refuse",
        "setting-without-session": "answer",
        "listener-without-session": "answer",
        "same-id-twice": "coexist",
    }

    declares: ClassVar[Mapping[str, str]] = {}
    """The choices that are said on the command line, since a platform shakes no hands."""

    # What a trial of the judge expects; conforming ones break nothing.
    breaks: ClassVar[str] = ""
    needs: ClassVar[str] = "smoke"
    verdict: ClassVar[str] = "conforms"
    has_control: ClassVar[bool] = True

    def __init__(self) -> None:
        self.passed = 0.0
        self.requests = 0
        self.clients: dict[str, Client] = {}
        self.opened: list[Client] = []
        self.ids: dict[str, str] = {}
        self.signing_key = secrets.token_bytes(32)

    # Serving ------------------------------------------------------------------------------------------------

    def routes(self) -> list[web.RouteDef]:
        """What is answered where."""
        one = "/v1/sessions/{id}"
        return [
            web.post("/v1/auth/token", self.answer_api_token),
            web.post("/v2/client-access-token", self.answer_client_token),
            web.post("/v1/oauth2/token", self.answer_key_secret_token),
            web.post("/v1/sessions", self.answer_open),
            web.get("/v1/sessions", self.answer_list),
            web.get(one, self.answer_is_open),
            web.delete(one, self.answer_close),
            web.get(f"{one}/participant", self.answer_participant),
            web.patch(f"{one}/participant", self.answer_update),
            web.post(f"{one}/services/{{service}}/{{method}}", self.answer_use),
            *(self.control_routes() if self.has_control else ()),
        ]

    def control_routes(self) -> list[web.RouteDef]:
        """What no client can bring about."""
        return [
            web.post("/control/clock/advance", self.control_advance),
            web.post("/control/tokens/revoke", self.control_revoke),
            web.post("/control/sessions/{id}/close", self.control_close),
        ]

    async def handle(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Every request, whatever is asked."""
        self.requests += 1
        try:
            return await handler(request)
        except Refusal as refusal:
            return self.refused(refusal)

    @asynccontextmanager
    async def listening(self, port: int = 0) -> AsyncIterator[str]:
        """Listen on a port of this machine, a free one if none is named, and give the URL."""

        @web.middleware
        async def all_of_them(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await self.handle(request, handler)

        app = web.Application(middlewares=[all_of_them])
        app.add_routes(self.routes())
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()

    def respond(self, status: int, body: Any) -> web.Response:
        """An answer."""
        return web.json_response(body, status=status)

    def refused(self, refusal: Refusal) -> web.Response:
        """A refusal, as problem details."""
        status = STATUS[refusal.code]
        body = {
            "type": f"urn:refused:{refusal.code}",
            "title": "Refused",
            "status": status,
            "detail": refusal.detail,
            "code": refusal.code,
        }
        return web.json_response(body, status=status, content_type="application/problem+json")

    # Tokens -------------------------------------------------------------------------------------------------

    async def answer_api_token(self, request: web.Request) -> web.StreamResponse:
        """An API token for an application key and secret."""
        fields = await self.grant(request)
        return self.given("api", fields, None, frozenset())

    async def answer_client_token(self, request: web.Request) -> web.StreamResponse:
        """A client access token for an API token."""
        try:
            client = self.bearer(request)
        except Refusal as refusal:
            return self.no_token(401, 89, str(refusal))
        if client.kind != "api":
            return self.no_token(401, 89, "This is no API token.")
        fields = await self.fields(request)
        scope = "" if fields is None else fields.get("sessionScope", "")
        if fields is None or not isinstance(fields.get("externalId"), str | None) or not isinstance(scope, str):
            return self.no_token(400, 400, "A field is not a text.")
        scopes = (scope or "*").split()
        return self.given("token", fields, fields.get("externalId") or None, frozenset(scopes))

    async def answer_key_secret_token(self, request: web.Request) -> web.StreamResponse:
        """The deprecated client access token for an application key and secret."""
        fields = await self.grant(request)
        return self.given("key-secret", fields, None, frozenset("*"))

    async def grant(self, request: web.Request) -> Json:
        """The fields of a request with an application key and secret, which must be right."""
        given = request.headers.get("Authorization", "")
        if not self.is_application(given):
            raise web.HTTPUnauthorized(
                text=json.dumps(self.token_error(401, 89, "The key or the secret is wrong.")),
                content_type="application/json",
            )
        fields = await self.fields(request) or {}
        if fields.get("grant_type") != "client_credentials" or not isinstance(fields.get("scope", ""), str):
            raise web.HTTPBadRequest(
                text=json.dumps(self.token_error(400, 90, "`grant_type` is wrong.")), content_type="application/json"
            )
        return fields

    def is_application(self, authorization: str) -> bool:
        """Whether an Authorization header has the key and the secret."""
        return authorization == "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()

    async def fields(self, request: web.Request) -> Json | None:
        """The fields of a form or of a JSON object, if it is one."""
        if request.content_type == "application/x-www-form-urlencoded":
            return dict(await request.post())
        try:
            value = await request.json() if request.body_exists else {}
        except ValueError:
            value = None
        return value if isinstance(value, dict) else None

    def given(self, kind: str, fields: Json, external_id: str | None, scopes: frozenset[str]) -> web.StreamResponse:
        """A token."""
        lifetime = 3600
        for name in ("expiresIn", "expires_in"):
            wanted: Any = fields.get(name, lifetime)
            try:
                lifetime = int(wanted)
            except (TypeError, ValueError, OverflowError):
                lifetime = 0
            if (
                not 1 <= lifetime <= 86_400
                or isinstance(wanted, bool)
                or (wanted != lifetime and wanted != str(lifetime))
            ):
                return self.no_token(400, 400, f"`{name}` is wrong.")
        client = Client(uuid.uuid4().hex, kind, external_id, scopes, self.now() + lifetime)
        self.clients[client.id] = client
        body = {"token_type": "Bearer", "access_token": self.signed(client), "expires_in": lifetime}
        return self.respond(200, body)

    def no_token(self, status: int, number: int, detail: str) -> web.Response:
        """A refusal as the token endpoints have it."""
        return web.json_response(self.token_error(status, number, detail), status=status)

    def token_error(self, status: int, number: int, detail: str) -> Json:
        """The body of such a refusal."""
        return {
            "type": "ErrorResponse",
            "error_code": number,
            "error_reason": "Refused",
            "error_description": detail,
            "title": "Refused",
            "status": status,
            "detail": detail,
            "code": "unauthorized" if status == 401 else "invalid-request",
        }

    def signed(self, client: Client) -> str:
        """A token that says who the client is."""
        claims = {"jti": client.id, "app": KEY, "externalId": client.external_id, "exp": int(client.expires)}
        text = f"{encoded(json.dumps({'alg': 'HS256', 'typ': 'JWT'}))}.{encoded(json.dumps(claims))}"
        return f"{text}.{self.signature(text)}"

    def signature(self, text: str) -> str:
        """The signature of a text by this platform."""
        digest = hmac.digest(self.signing_key, text.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def holder(self, raw: str) -> Client:
        """Whose token it is; refuses one that was not given here."""
        text, _, signature = raw.rpartition(".")
        if not hmac.compare_digest(self.signature(text).encode(), signature.encode()):
            raise Refusal("token-invalid")
        return self.clients[self.claims(raw)["jti"]]

    def claims(self, raw: str) -> Json:
        """What a token says; refuses what cannot be read."""
        try:
            payload = raw.split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        except (ValueError, IndexError):
            raise Refusal("token-invalid") from None
        if not isinstance(claims, dict) or claims.get("jti") not in self.clients:
            raise Refusal("token-invalid")
        return claims

    def bearer(self, request: web.Request) -> Client:
        """Who asks; refuses a token that is no good."""
        scheme, _, raw = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not raw.strip():
            raise Refusal("not-initialized")
        client = self.holder(raw.strip())
        self.check(client)
        return client

    def check(self, client: Client) -> None:
        """Refuse a token that was good once."""
        if client.revoked:
            raise Refusal("token-revoked")
        if self.now() >= client.expires:
            raise Refusal("token-expired")

    def user(self, request: web.Request) -> Client:
        """Who asks, with a token that is a client's."""
        client = self.bearer(request)
        if client.kind == "api":
            raise Refusal("token-invalid")
        return client

    # What is answered ---------------------------------------------------------------------------------------

    async def answer_open(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/sessions."""
        client, info = self.user(request), await self.body(request, ("name", "avatarUrl", "externalId"))
        session = self.open(client, info)
        return self.respond(201, {"sessionId": session.id, "participant": self.show(session)})

    async def answer_list(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/sessions."""
        session = self.user(request).session
        return self.respond(200, {"sessions": [{"sessionId": session.id}] if session else []})

    async def answer_is_open(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/sessions/{id}."""
        return self.respond(200, {"open": self.is_open(self.user(request), request.match_info["id"])})

    async def answer_close(self, request: web.Request) -> web.StreamResponse:
        """DELETE /v1/sessions/{id}."""
        self.close(self.user(request), request.match_info["id"])
        return web.Response(status=204)

    async def answer_participant(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/sessions/{id}/participant."""
        return self.respond(200, self.participant(self.user(request), request.match_info["id"]))

    async def answer_update(self, request: web.Request) -> web.StreamResponse:
        """PATCH /v1/sessions/{id}/participant."""
        client, given = self.user(request), await self.body(request, ("name", "avatarUrl"))
        if given is None:
            raise Refusal("invalid-request")
        self.update(client, request.match_info["id"], given.get("name"), given.get("avatarUrl"))
        return web.Response(status=204)

    async def answer_use(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/sessions/{id}/services/{service}/{method}."""
        client, given = self.user(request), await self.body(request, ("arguments",))
        arguments = (given or {}).get("arguments", [])
        if not isinstance(arguments, list) or (given is None and request.body_exists):
            raise Refusal("invalid-request", "`arguments` is no list.")
        where = request.match_info
        return self.respond(
            200, {"result": self.use(client, where["id"], where["service"], where["method"], arguments)}
        )

    async def body(self, request: web.Request, names: Words) -> Json | None:
        """The object in a body, which has these fields only; None if there is nothing."""
        raw = await request.read()
        if not raw.strip():
            return None
        try:
            value = json.loads(raw)
        except (ValueError, RecursionError):
            raise Refusal("invalid-request", "The body is not JSON.") from None
        if not isinstance(value, dict | None):
            raise Refusal("invalid-request", "The body is no object.")
        kind = list if "arguments" in names else str
        for name, item in (value or {}).items():
            if name not in names or not isinstance(item, kind | None) or (isinstance(item, str) and len(item) > 10_000):
                raise Refusal("invalid-request", f"`{name}` cannot be used.")
        external_id = (value or {}).get("externalId")
        if isinstance(external_id, str) and len(external_id.encode(errors="replace")) > 1024:
            raise Refusal("invalid-request", "`externalId` is too long.")
        return value

    def show(self, session: Session) -> Json:
        """A participant as people see it."""
        info = {"name": session.name, "avatarUrl": session.avatar_url, "externalId": session.external_id}
        return {"id": session.participant_id, "info": info}

    # The session --------------------------------------------------------------------------------------------

    def found(self, client: Client, session_id: str) -> Session | None:
        """The client's session, if that is the one."""
        session = client.session
        return session if session is not None and session_id in ("current", session.id) else None

    def open(self, client: Client, info: Json | None) -> Session:
        """Open a session, unless there is a reason not to."""
        if client.session is not None:
            kept = self.open_again(client, info)
            if kept is not None:
                return kept
        external_id = self.external_id(client, info)
        for other in self.twins(client, external_id):
            self.meet_twin(other)
        if client.session is not None:
            self.end(client)
        client.session = self.new_session(client, info, external_id)
        self.opened.append(client)
        return client.session

    def open_again(self, client: Client, info: Json | None) -> Session | None:
        """There is a session already: gives it if it is kept."""
        if self.decides["open-while-open"] == "refuse":
            raise Refusal("session-already-open")
        return client.session if self.decides["open-while-open"] == "keep" else None

    def external_id(self, client: Client, info: Json | None) -> str | None:
        """The participant's external ID; refuses one that is not the token's."""
        given, own = (info or {}).get("externalId"), client.external_id
        if given == "" and self.decides["empty-external-id"] == "absent":
            given = None
        if client.kind == "key-secret":
            if given is not None and self.decides["external-id-with-key-secret"] == "refuse":
                raise Refusal("external-id-mismatch")
            return given if self.decides["external-id-with-key-secret"] == "adopt" else None
        if given is None or (own is not None and self.same_external_id(given, own)):
            return own
        choice = "external-id-mismatch" if own is not None else "external-id-without-token-id"
        if self.decides[choice] == "refuse":
            raise Refusal("external-id-mismatch")
        return own

    def same_external_id(self, given: str, own: str) -> bool:
        """Whether an external ID is the token's: exactly, code point by code point."""
        return given == own

    def twins(self, client: Client, external_id: str | None) -> list[Client]:
        """The other clients that have a session with this external ID."""
        self.opened = [other for other in self.opened if other.session is not None]
        return [
            other
            for other in self.opened
            if other is not client
            and external_id is not None
            and other.session is not None
            and other.session.external_id == external_id
        ]

    def meet_twin(self, other: Client) -> None:
        """Another client has a session with the same external ID."""
        if self.decides["same-id-twice"] == "refuse":
            raise Refusal("session-already-open")
        if self.decides["same-id-twice"] == "evict-earlier":
            self.end(other)

    def new_session(self, client: Client, info: Json | None, external_id: str | None) -> Session:
        """The session that is opened with this information."""
        if info is None and self.decides["open-without-info"] == "reuse" and client.last is not None:
            info = {"name": client.last.name, "avatarUrl": client.last.avatar_url}
        info = info or {}
        who = self.participant_id(client, external_id)
        return Session(uuid.uuid4().hex, info.get("name"), info.get("avatarUrl"), external_id, who)

    def participant_id(self, client: Client, external_id: str | None) -> str:
        """The same for the same external ID, and for nobody in particular a new one."""
        if external_id is None:
            return uuid.uuid4().hex
        return self.ids.setdefault(external_id, uuid.uuid4().hex)

    def end(self, client: Client) -> None:
        """The session is over."""
        client.last, client.session = client.session, None

    def close(self, client: Client, session_id: str) -> None:
        """Close a session."""
        if self.found(client, session_id) is not None:
            self.end(client)
        elif self.decides["close-while-closed"] == "refuse":
            raise Refusal("session-not-open")

    def is_open(self, client: Client, session_id: str) -> bool:
        """Whether the client's session is this one."""
        return self.found(client, session_id) is not None

    def participant(self, client: Client, session_id: str) -> Json | None:
        """The participant of a session."""
        session = self.found(client, session_id)
        if session is not None:
            return self.show(session)
        if self.decides["no-participant"] == "error":
            raise Refusal("session-not-open")
        return None

    def update(self, client: Client, session_id: str, name: str | None, avatar_url: str | None) -> None:
        """Give the participant a name and an avatar URL."""
        session = self.found(client, session_id)
        if session is not None:
            self.check_scope(client)
            session.name, session.avatar_url = name, avatar_url
        elif self.decides["update-while-closed"] == "refuse":
            raise Refusal("session-not-open")

    def check_scope(self, client: Client) -> None:
        """Refuse a client that may not update the participant."""
        if not client.scopes & {"*", "session:update"}:
            raise Refusal("scope-missing")

    def use(self, client: Client, session_id: str, service: str, method: str, arguments: list[Any]) -> Any:
        """Call a method of a service, if there is a session."""
        if self.is_gated(service, method):
            self.gate(client, session_id, service, method)
        return self.served(client, service, method, arguments)

    def is_gated(self, service: str, method: str) -> bool:
        """Whether a method needs a session: devices and listeners do not."""
        return service not in DEVICES and not method.startswith(LISTENING)

    def gate(self, client: Client, session_id: str, service: str, method: str) -> None:
        """Refuse without a session."""
        if self.found(client, session_id) is None:
            raise Refusal("session-not-open")

    def served(self, client: Client, service: str, method: str, arguments: list[Any]) -> Any:
        """What a service gives: of most there is nothing here."""
        session = client.session
        if service != "conference" or session is None:
            return None
        if method in JOINING:
            session.conference = "rehearsal"
        elif method == "leave":
            session.conference = None
        elif method == "current" and session.conference is not None:
            return {"alias": session.conference}
        return None

    # Control ------------------------------------------------------------------------------------------------

    def now(self) -> float:
        """The platform's time."""
        return time.time() + self.passed

    async def control_advance(self, request: web.Request) -> web.StreamResponse:
        """Let time pass."""
        self.passed += (await request.json())["milliseconds"] / 1000
        return self.respond(200, {})

    async def control_revoke(self, request: web.Request) -> web.StreamResponse:
        """Revoke a token."""
        self.holder((await request.json())["token"]).revoked = True
        return web.Response(status=204)

    async def control_close(self, request: web.Request) -> web.StreamResponse:
        """Close a session."""
        for client in self.opened:
            if client.session is not None and client.session.id == request.match_info["id"]:
                self.end(client)
                return web.Response(status=204)
        raise Refusal("not-found")


def encoded(text: str) -> str:
    """Base64, as tokens have it."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


async def breathe() -> None:
    """Let others come in between."""
    await asyncio.sleep(0)
