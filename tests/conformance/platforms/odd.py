"""Odd platforms: they do what the contract leaves open in their own way, and must be accused of nothing."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Mapping
from typing import Any, ClassVar

from aiohttp import web

from .base import Client, Handler, Json, Plain, Refusal, Session


def deciding(**choices: str) -> Mapping[str, str]:
    """The usual decisions but for these."""
    return {**Plain.decides, **{name.replace("_", "-"): value for name, value in choices.items()}}


# What is left open ------------------------------------------------------------------------------------------


class KeepsWhatThereIs(Plain):
    """Opening again is accepted and changes nothing; of two sessions with the same external ID the earlier one ends."""

    decides = deciding(
        open_while_open="keep",
        open_without_info="reuse",
        same_id_twice="evict-earlier",
        external_id_without_token_id="ignore",
        external_id_with_key_secret="ignore",
    )


class ReplacesWhatThereIs(Plain):
    """Opening again begins another session, but not beside another one with the same external ID."""

    decides = deciding(
        open_while_open="replace",
        same_id_twice="refuse",
        empty_external_id="value",
        external_id_with_key_secret="refuse",
    )


class ReplacesAndReuses(Plain):
    """Opening again begins another session, and without information it has that of the one before."""

    decides = deciding(open_while_open="replace", open_without_info="reuse")


class SaysNothingAboutNothing(Plain):
    """Without a session there is no participant and nothing to update, and closing it is a mistake."""

    decides = deciding(close_while_closed="refuse", no_participant="null", update_while_closed="ignore")


class IgnoresMismatch(Plain):
    """An external ID that is not the token's is ignored, and that is said."""

    decides = deciding(external_id_mismatch="ignore", external_id_without_token_id="ignore")
    declares = {"external-id-mismatch": "ignore"}


class EndsRevoked(Plain):
    """With the token its session is over."""

    async def control_revoke(self, request: web.Request) -> web.StreamResponse:
        """End it at once."""
        response = await super().control_revoke(request)
        client = self.holder((await request.json())["token"])
        if client.session is not None:
            self.end(client)
        return response


class LooksAtScopeFirst(Plain):
    """Whoever may not update is told so, session or not."""

    def update(self, client: Client, session_id: str, name: str | None, avatar_url: str | None) -> None:
        """Scope first."""
        self.check_scope(client)
        super().update(client, session_id, name, avatar_url)


class TellsThatNothingIsOpen(Plain):
    """To a token that is no good, nothing is open; that is no error."""

    async def answer_is_open(self, request: web.Request) -> web.StreamResponse:
        """Never 401 where there is a token."""
        try:
            return await super().answer_is_open(request)
        except Refusal as refusal:
            if refusal.code.startswith("token-"):
                return self.respond(200, {"open": False})
            raise

    async def answer_list(self, request: web.Request) -> web.StreamResponse:
        """Never 401 where there is a token."""
        try:
            return await super().answer_list(request)
        except Refusal as refusal:
            if refusal.code.startswith("token-"):
                return self.respond(200, {"sessions": []})
            raise


# What a session is known by ---------------------------------------------------------------------------------


class ForgetsOldSessions(Plain):
    """An ID of a session that is over leads nowhere."""

    def found(self, client: Client, session_id: str) -> Session | None:
        """Know only what there is."""
        session = super().found(client, session_id)
        if session is None and session_id != "current":
            raise Refusal("not-found")
        return session


class GoesByTheToken(Plain):
    """Whose session it is follows from the token, whatever the ID says."""

    def found(self, client: Client, session_id: str) -> Session | None:
        """Do not look at the ID."""
        return client.session


class GivesOpaqueTokens(Plain):
    """A token says nothing to anybody but the platform."""

    def __init__(self) -> None:
        super().__init__()
        self.given_out: dict[str, Client] = {}

    def signed(self, client: Client) -> str:
        """A random text."""
        token = secrets.token_urlsafe(24)
        self.given_out[token] = client
        return token

    def holder(self, raw: str) -> Client:
        """Look it up."""
        if raw not in self.given_out:
            raise Refusal("token-invalid")
        return self.given_out[raw]


class NamesSessionsStrangely(Plain):
    """The ID of a session is no word."""

    def new_session(self, client: Client, info: Json | None, external_id: str | None) -> Session:
        """Everything that a path must quote."""
        session = super().new_session(client, info, external_id)
        session.id = f"a/b?c=d#e %41 ü {session.id}"
        return session


# What it does not have --------------------------------------------------------------------------------------


class HasNoControl(Plain):
    """Nobody can let time pass or revoke a token."""

    has_control: ClassVar[bool] = False
    verdict: ClassVar[str] = "incomplete"


class HasNothingDeprecated(Plain):
    """An SDK cannot be initialised with a key and a secret."""

    def routes(self) -> list[web.RouteDef]:
        """All others."""
        return [route for route in super().routes() if route.path != "/v1/oauth2/token"]


class SimulatesNothing(Plain):
    """No service is modelled, and each says so once there is a session."""

    async def answer_use(self, request: web.Request) -> web.StreamResponse:
        """The gate, and nothing behind it."""
        await super().answer_use(request)
        body = {"type": "about:blank", "title": "None", "status": 501, "detail": "None.", "code": "not-simulated"}
        return self.respond(501, body)


class HasServicesWithErrorsOfTheirOwn(Plain):
    """There is no conference yet, so services have nothing to work on."""

    async def answer_use(self, request: web.Request) -> web.StreamResponse:
        """The gate, and behind it a refusal."""
        await super().answer_use(request)
        body = {
            "type": "about:blank",
            "title": "None",
            "status": 404,
            "detail": "None.",
            "code": "conference-not-found",
        }
        return self.respond(404, body)


# How it answers ---------------------------------------------------------------------------------------------


class _Shaping(Plain):
    """Answers in another shape."""

    def shape(self, body: Any) -> Any:
        """The shape."""
        raise NotImplementedError

    def respond(self, status: int, body: Any) -> web.Response:
        """Answer in that shape."""
        return super().respond(status, self.shape(body))


class SaysMore(_Shaping):
    """Every object has fields that nobody knows."""

    def shape(self, body: Any) -> Any:
        """At every depth."""
        if isinstance(body, dict):
            return {**{name: self.shape(value) for name, value in body.items()}, "x-trace": "1", "owner": {"id": 1}}
        return [self.shape(item) for item in body] if isinstance(body, list) else body


class LeavesNullsOut(_Shaping):
    """What is absent is not there."""

    def shape(self, body: Any) -> Any:
        """At every depth."""
        if isinstance(body, dict):
            return {name: self.shape(value) for name, value in body.items() if value is not None}
        return [self.shape(item) for item in body] if isinstance(body, list) else body


class SaysEmptyForAbsent(_Shaping):
    """A participant without a name has an empty one."""

    def shape(self, body: Any) -> Any:
        """At every depth."""
        if isinstance(body, dict):
            return {
                name: "" if value is None and name in ("name", "avatarUrl", "externalId") else self.shape(value)
                for name, value in body.items()
            }
        return body


class EscapesEverything(Plain):
    """JSON in ASCII, with blanks, in pieces, and the connection is closed each time."""

    async def handle(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Send it in pieces."""
        whole = await super().handle(request, handler)
        if not isinstance(whole, web.Response) or not isinstance(whole.body, bytes) or not whole.body:
            return whole
        response = web.StreamResponse(status=whole.status, headers={"Content-Type": "application/json; charset=utf-8"})
        response.force_close()
        await response.prepare(request)
        text = json.dumps(json.loads(whole.body), ensure_ascii=True, indent=4)
        for piece in (text[:3], text[3:11], text[11:]):
            await response.write(piece.encode())
        await response.write_eof()
        return response


class TakesItsTime(Plain):
    """Every answer comes after a while."""

    async def handle(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let everybody else come first."""
        for _ in range(20):
            await asyncio.sleep(0)
        return await super().handle(request, handler)
