"""Faulty platforms: each must be accused, and of the rule that it `breaks`.

`needs` says the tier that it takes to see the fault, where the first one does not.
"""

from __future__ import annotations

import asyncio
import unicodedata
from typing import Any, ClassVar

from aiohttp import web

from .base import Client, Handler, Json, Plain, Refusal, Session, breathe


class Faulty(Plain):
    """Not itself faulty: what all of them share."""

    verdict: ClassVar[str] = "broken"


# The gate ---------------------------------------------------------------------------------------------------


class ForgetsOneGate(Faulty):
    """One method of a service, of all there are, answers without a session."""

    breaks = "open-before-use"
    needs = "complete"

    def is_gated(self, service: str, method: str) -> bool:
        """All but one."""
        return super().is_gated(service, method) and (service, method) != ("filePresentation", "getThumbnail")


class HasNoGate(Faulty):
    """Every service answers, session or not."""

    breaks = "open-before-use"

    def is_gated(self, service: str, method: str) -> bool:
        """None."""
        return False


class GateKnowsOldSessions(Faulty):
    """Services go on answering to the ID of a session that was closed."""

    breaks = "open-before-use"

    def gate(self, client: Client, session_id: str, service: str, method: str) -> None:
        """An ID that was one is good enough."""
        if client.last is None or client.last.id != session_id:
            super().gate(client, session_id, service, method)


class GateNamesWrongReason(Faulty):
    """Services without a session are refused for a reason that is none."""

    breaks = "open-before-use"

    def gate(self, client: Client, session_id: str, service: str, method: str) -> None:
        """Say the wrong thing."""
        if self.found(client, session_id) is None:
            raise Refusal("external-id-mismatch")


# Opening ----------------------------------------------------------------------------------------------------


class OpensNothing(Faulty):
    """Open gives an ID, and there is no session."""

    breaks = "open-opens"

    def open(self, client: Client, info: Json | None) -> Session:
        """Make one and lose it."""
        session = super().open(client, info)
        client.session = None
        return session


class ServicesNeedMore(Faulty):
    """Services are refused for want of a session though there is one."""

    breaks = "open-opens"

    def gate(self, client: Client, session_id: str, service: str, method: str) -> None:
        """Refuse."""
        raise Refusal("session-not-open")


class OnlyCurrentIsOpen(Faulty):
    """The ID that open gives leads nowhere."""

    breaks = "open-opens"

    def found(self, client: Client, session_id: str) -> Session | None:
        """Know `current` alone."""
        return client.session if session_id == "current" else None


class NeedsInfo(Faulty):
    """Open without information is refused."""

    breaks = "info-is-optional"

    def open(self, client: Client, info: Json | None) -> Session:
        """Insist on some."""
        if info is None:
            raise Refusal("invalid-request")
        return super().open(client, info)


class LosesName(Faulty):
    """The name given to open is lost."""

    breaks = "info-is-kept"

    def new_session(self, client: Client, info: Json | None, external_id: str | None) -> Session:
        """Lose it."""
        return super().new_session(client, {**(info or {}), "name": None}, external_id)


class SwapsNameAndAvatar(Faulty):
    """Name and avatar URL change places."""

    breaks = "info-is-kept"

    def new_session(self, client: Client, info: Json | None, external_id: str | None) -> Session:
        """Swap them."""
        session = super().new_session(client, info, external_id)
        session.name, session.avatar_url = session.avatar_url, session.name
        return session


# External IDs -----------------------------------------------------------------------------------------------


class AcceptsMismatch(Faulty):
    """An external ID that is not the token's is accepted, and nothing was said about it."""

    breaks = "external-id-mismatch"
    decides = {**Plain.decides, "external-id-mismatch": "ignore"}


class _Comparing(Faulty):
    """External IDs are compared in another way."""

    breaks: ClassVar[str] = "external-id-mismatch"

    def alike(self, external_id: str) -> str:
        """What has to be the same."""
        raise NotImplementedError

    def same_external_id(self, given: str, own: str) -> bool:
        """Compare that."""
        return self.alike(given) == self.alike(own)


class ComparesWithoutCase(_Comparing):
    """Small and capital letters are the same."""

    def alike(self, external_id: str) -> str:
        """Fold case."""
        return external_id.casefold()


class ComparesTrimmed(_Comparing):
    """Blanks around an external ID make no difference."""

    def alike(self, external_id: str) -> str:
        """Trim."""
        return external_id.strip()


class ComparesComposed(_Comparing):
    """Composed and decomposed are the same."""

    def alike(self, external_id: str) -> str:
        """Compose."""
        return unicodedata.normalize("NFC", external_id)


class ComparesPrefix(Faulty):
    """The beginning of the token's external ID is enough."""

    breaks = "external-id-mismatch"

    def same_external_id(self, given: str, own: str) -> bool:
        """Look at the beginning."""
        return own.startswith(given)


class ComparesSuffix(Faulty):
    """What ends with the token's external ID is enough."""

    breaks = "external-id-mismatch"

    def same_external_id(self, given: str, own: str) -> bool:
        """Look at the end."""
        return given.endswith(own)


class LosesExternalId(Faulty):
    """The participant does not show the token's external ID."""

    breaks = "external-id-from-token"

    def show(self, session: Session) -> Json:
        """Without it."""
        shown = super().show(session)
        return {**shown, "info": {**shown["info"], "externalId": None}}


class AdoptsGivenId(Faulty):
    """Where the token has no external ID, the one given to open is adopted."""

    breaks = "external-id-from-token"

    def external_id(self, client: Client, info: Json | None) -> str | None:
        """Take what is given."""
        if client.kind == "token" and client.external_id is None:
            return (info or {}).get("externalId") or None
        return super().external_id(client, info)


class RefusesItsOwnId(Faulty):
    """The token's own external ID, given again, is refused."""

    breaks = "external-id-match"

    def same_external_id(self, given: str, own: str) -> bool:
        """Nothing is the same."""
        return False


class GivesNewIdEachTime(Faulty):
    """A participant has another ID in each session."""

    breaks = "same-id-same-participant"

    def participant_id(self, client: Client, external_id: str | None) -> str:
        """As for nobody in particular."""
        return super().participant_id(client, None)


# Closing ----------------------------------------------------------------------------------------------------


class ClosesNothing(Faulty):
    """Close is accepted, and the session goes on."""

    breaks = "close-closes"

    def close(self, client: Client, session_id: str) -> None:
        """Do nothing."""


class ClosesOnlyCurrent(Faulty):
    """Close by the ID of the session is accepted, and the session goes on."""

    breaks = "close-closes"

    def close(self, client: Client, session_id: str) -> None:
        """Do nothing for an ID."""
        if session_id == "current":
            super().close(client, session_id)


class ShowsParticipantAfterClose(Faulty):
    """The participant of a closed session can still be asked for by the session's ID."""

    breaks = "close-closes"

    def participant(self, client: Client, session_id: str) -> Json | None:
        """Look among the old ones, too."""
        if client.session is None and client.last is not None and client.last.id == session_id:
            return self.show(client.last)
        return super().participant(client, session_id)


class OldSessionStaysOpen(Faulty):
    """A session that was closed is open, to whoever asks by its ID."""

    breaks = "close-closes"

    def is_open(self, client: Client, session_id: str) -> bool:
        """An ID that was one is good enough."""
        return super().is_open(client, session_id) or (client.last is not None and client.last.id == session_id)


class ListsClosedSessions(Faulty):
    """The list of sessions has one that is closed."""

    breaks = "close-closes"

    async def answer_list(self, request: web.Request) -> web.StreamResponse:
        """The last one, too."""
        client = self.user(request)
        session = client.session or client.last
        return self.respond(200, {"sessions": [{"sessionId": session.id}] if session else []})


class KeepsNameForNextSession(Faulty):
    """A session without a name has that of the one before."""

    breaks = "reopen"

    def new_session(self, client: Client, info: Json | None, external_id: str | None) -> Session:
        """Fill it in."""
        session = super().new_session(client, info, external_id)
        if info is not None and session.name is None and client.last is not None:
            session.name = client.last.name
        return session


class ThirdOpenIsStale(Faulty):
    """From the third session on there is no change in what is shown."""

    breaks = "reopen"

    def new_session(self, client: Client, info: Json | None, external_id: str | None) -> Session:
        """Count, and take the old one."""
        session = super().new_session(client, info, external_id)
        client.notes["opened"] = client.notes.get("opened", 0) + 1
        if client.notes["opened"] > 2 and client.last is not None:
            session.name, session.avatar_url = client.last.name, client.last.avatar_url
        return session


class OpensOnce(Faulty):
    """A token opens one session, and no second one."""

    breaks = "reopen"

    def open(self, client: Client, info: Json | None) -> Session:
        """Remember."""
        if client.last is not None:
            raise Refusal("session-already-open")
        return super().open(client, info)


class StaysInConference(Faulty):
    """Whoever closes the session is still in the conference, and finds it in the next session."""

    breaks = "close-leaves-conference"
    verdict = "conforms"

    def new_session(self, client: Client, info: Json | None, external_id: str | None) -> Session:
        """Go on where the last one ended."""
        session = super().new_session(client, info, external_id)
        session.conference = client.last.conference if client.last else None
        return session


# Asking -----------------------------------------------------------------------------------------------------


class IsOpenFailsWhenClosed(Faulty):
    """Whether a session is open is an error where none is."""

    breaks = "is-open-is-pure"

    def is_open(self, client: Client, session_id: str) -> bool:
        """Refuse."""
        if self.found(client, session_id) is None:
            raise Refusal("session-not-open")
        return True


class IsOpenAlwaysSaysYes(Faulty):
    """A session is open, whatever happened."""

    breaks = "is-open-is-pure"

    def is_open(self, client: Client, session_id: str) -> bool:
        """Yes."""
        return True


class AskingCloses(Faulty):
    """Asking whether a session is open ends it."""

    breaks = "is-open-is-pure"

    def is_open(self, client: Client, session_id: str) -> bool:
        """True once."""
        is_open = super().is_open(client, session_id)
        if is_open:
            self.end(client)
        return is_open


class ShowsTokenForParticipant(Faulty):
    """Without a session, the participant is read from the token."""

    breaks = "participant-is-local"

    def participant(self, client: Client, session_id: str) -> Json | None:
        """Make one up."""
        if client.session is None and client.last is None:
            return {"id": "nobody", "info": {"externalId": client.external_id}}
        return super().participant(client, session_id)


class GivesEverybodyOneId(Faulty):
    """All participants have the same ID."""

    breaks = "participants-differ"
    verdict = "conforms"

    def participant_id(self, client: Client, external_id: str | None) -> str:
        """As for everybody."""
        return super().participant_id(client, "everybody")


class AnswersWithoutParticipantId(Faulty):
    """The participant has no ID."""

    breaks = "participant-has-id"

    def show(self, session: Session) -> Json:
        """Leave it out."""
        return {**super().show(session), "id": None}


# Updating ---------------------------------------------------------------------------------------------------


class IgnoresUpdate(Faulty):
    """An update is accepted and changes nothing."""

    breaks = "update-updates"

    def update(self, client: Client, session_id: str, name: str | None, avatar_url: str | None) -> None:
        """Look whether it is permitted, and do nothing."""
        if client.session is None:
            super().update(client, session_id, name, avatar_url)
        self.check_scope(client)


class MergesUpdate(Faulty):
    """What is left out of an update stays as it was."""

    breaks = "update-updates"

    def update(self, client: Client, session_id: str, name: str | None, avatar_url: str | None) -> None:
        """Fill in from what is there."""
        session = client.session
        if session is not None:
            name, avatar_url = name or session.name, avatar_url or session.avatar_url
        super().update(client, session_id, name, avatar_url)


class UpdateChangesId(Faulty):
    """An update makes another participant."""

    breaks = "update-updates"

    def update(self, client: Client, session_id: str, name: str | None, avatar_url: str | None) -> None:
        """Change the ID of the participant."""
        super().update(client, session_id, name, avatar_url)
        if client.session is not None:
            client.session.participant_id += "-updated"


class StoresUpdateForLater(Faulty):
    """An update without a session is refused, and the next session shows it."""

    breaks = "update-needs-session"

    def update(self, client: Client, session_id: str, name: str | None, avatar_url: str | None) -> None:
        """Take a note of it."""
        if client.session is None:
            client.notes["name"] = name
        super().update(client, session_id, name, avatar_url)

    def new_session(self, client: Client, info: Json | None, external_id: str | None) -> Session:
        """Use the note."""
        session = super().new_session(client, info, external_id)
        session.name = session.name or client.notes.pop("name", None)
        return session


class UpdatesWithoutScope(Faulty):
    """A token without the scope may update the participant."""

    breaks = "update-needs-scope"
    verdict = "conforms"

    def check_scope(self, client: Client) -> None:
        """Anybody may."""


# What is refused --------------------------------------------------------------------------------------------


class RefusedOpenOpens(Faulty):
    """An open that is refused for its external ID opens a session all the same."""

    breaks = "external-id-mismatch"

    def external_id(self, client: Client, info: Json | None) -> str | None:
        """Too late."""
        try:
            return super().external_id(client, info)
        except Refusal:
            if client.session is None and client.external_id is not None:
                client.session = self.new_session(client, info, client.external_id)
                self.opened.append(client)
            raise


class RefusedOpenUpdates(Faulty):
    """An open that is refused since there is a session gives that the new name."""

    breaks = "rejected-changes-nothing"

    def open_again(self, client: Client, info: Json | None) -> Session | None:
        """Use what was given."""
        if client.session is not None:
            client.session.name = (info or {}).get("name")
        return super().open_again(client, info)


class RefusedOpenCloses(Faulty):
    """An open that is refused since there is a session ends that."""

    breaks = "rejected-changes-nothing"

    def open_again(self, client: Client, info: Json | None) -> Session | None:
        """End it."""
        self.end(client)
        return super().open_again(client, info)


class RefusedServiceOpens(Faulty):
    """A service that is refused opens a session on the way."""

    breaks = "open-before-use"

    def gate(self, client: Client, session_id: str, service: str, method: str) -> None:
        """Try to be helpful."""
        try:
            super().gate(client, session_id, service, method)
        except Refusal:
            if client.session is None:
                client.session = self.new_session(client, {}, client.external_id)
                self.opened.append(client)
            raise


# Credentials ------------------------------------------------------------------------------------------------


class AcceptsExpired(Faulty):
    """Nobody looks at a token's time."""

    breaks = "bad-token"

    def check(self, client: Client) -> None:
        """Look at revocation alone."""
        if client.revoked:
            raise Refusal("token-revoked")


class AcceptsForged(Faulty):
    """Nobody looks at a token's signature."""

    breaks = "bad-token"

    def holder(self, raw: str) -> Client:
        """Believe what it says."""
        return self.clients[self.claims(raw)["jti"]]


class AcceptsRevoked(Faulty):
    """A token that was revoked is as good as before."""

    breaks = "bad-token"

    def check(self, client: Client) -> None:
        """Look at time alone."""
        if self.now() >= client.expires:
            raise Refusal("token-expired")


class AcceptsAnySecret(Faulty):
    """The application key alone gives a token."""

    breaks = "bad-token"

    def is_application(self, authorization: str) -> bool:
        """Whatever the secret is."""
        return authorization.startswith("Basic ")


class RefusedTokenOpens(Faulty):
    """An open with an expired token is refused, and opens for whoever has the same external ID."""

    breaks = "bad-token"

    async def answer_open(self, request: web.Request) -> web.StreamResponse:
        """Open first and look later."""
        try:
            return await super().answer_open(request)
        except Refusal as refusal:
            if refusal.code == "token-expired":
                client = self.holder(request.headers["Authorization"].removeprefix("Bearer "))
                client.session = self.new_session(client, {}, client.external_id)
            raise

    async def answer_is_open(self, request: web.Request) -> web.StreamResponse:
        """Look at what there is and not at the token."""
        client = self.holder(request.headers.get("Authorization", ".").removeprefix("Bearer "))
        return self.respond(200, {"open": self.is_open(client, request.match_info["id"])})


# Several clients --------------------------------------------------------------------------------------------


class SharesSessions(Faulty):
    """Clients with the same external ID have one session between them."""

    breaks = "sessions-are-apart"

    def bearer(self, request: web.Request) -> Client:
        """The first of them stands for all."""
        client = super().bearer(request)
        if client.kind != "token" or client.external_id is None:
            return client
        first = next(one for one in self.clients.values() if one.external_id == client.external_id)
        return first if first.scopes == client.scopes else client


class OneNameForAll(Faulty):
    """An update changes the participant of whoever opened last."""

    breaks = "sessions-are-apart"

    def update(self, client: Client, session_id: str, name: str | None, avatar_url: str | None) -> None:
        """Of another one, if there is one."""
        super().update(client, session_id, name, avatar_url)
        for other in self.opened:
            if other.session is not None and client.session is not None:
                other.session.name = name


class RacesInOpen(Faulty):
    """Between looking whether a session is open and opening one, others come in."""

    breaks = "concurrent-calls"
    needs = "concurrent"
    declares = {"open-while-open": "refuse"}

    async def answer_open(self, request: web.Request) -> web.StreamResponse:
        """Look, wait until another one has looked as well (for a moment), and open."""
        client, info = self.user(request), await self.body(request, ("name", "avatarUrl", "externalId"))
        had_one = client.session
        looked = client.notes["looked"] = client.notes.get("looked", 0) + 1
        for _ in range(200):
            if client.notes["looked"] == looked:
                await breathe()
        client.session = had_one
        session = self.open(client, info)
        return self.respond(201, {"sessionId": session.id, "participant": self.show(session)})


# What is no answer ------------------------------------------------------------------------------------------


class _NoAnswer(Faulty):
    """One kind of request gets what is no answer."""

    method: ClassVar[str] = "GET"
    ending: ClassVar[str] = "/participant"

    async def handle(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """All but that kind."""
        response = await super().handle(request, handler)
        if request.method == self.method and request.path.endswith(self.ending):
            return await self.instead(request, response)
        return response

    async def instead(self, request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
        """What comes."""
        raise NotImplementedError


class FailsToRefuse(_NoAnswer):
    """Refusing an open ends in an internal error."""

    breaks = "external-id-mismatch"
    method, ending = "POST", "/sessions"

    async def instead(self, request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
        """Status 500, with a problem document."""
        if response.status == 403:
            body = {"type": "about:blank", "title": "x", "status": 500, "detail": "x", "code": "internal-error"}
            return self.respond(500, body)
        return response


class AnswersInHtml(_NoAnswer):
    """The participant is a page."""

    breaks = "participant-is-local"

    async def instead(self, request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
        """A page, and status 200."""
        return web.Response(text="<html><body>Welcome</body></html>", content_type="text/html")


class AnswersHalf(_NoAnswer):
    """The participant ends in the middle."""

    breaks = "participant-is-local"

    async def instead(self, request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
        """Half of the JSON."""
        assert isinstance(response, web.Response) and isinstance(response.body, bytes)
        text = response.body[: len(response.body) // 2]
        return web.Response(status=response.status, body=text, content_type="application/json")


class DropsTheConnection(_NoAnswer):
    """An update is done, and the connection is closed."""

    breaks = "update-updates"
    method = "PATCH"

    async def instead(self, request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
        """Hang up."""
        assert request.transport is not None
        request.transport.abort()
        return response


class HangsUpOnClose(Faulty):
    """The connection goes with the session; to ask once more is answered."""

    breaks = "close-closes"

    async def answer_close(self, request: web.Request) -> web.StreamResponse:
        """Close, and hang up if there was a session."""
        had_one = self.user(request).session is not None
        response = await super().answer_close(request)
        if had_one and request.transport is not None:
            request.transport.abort()
        return response


class NeverAnswersClose(_NoAnswer):
    """A close is done, and never answered: that breaks no rule, and is no pass."""

    verdict = "incomplete"
    method, ending = "DELETE", ""

    async def instead(self, request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
        """Wait for ever."""
        await asyncio.Event().wait()
        return response


class RedirectsToALoginPage(_NoAnswer):
    """Services are elsewhere."""

    breaks = "open-opens"
    method = "POST"
    ending = "/create"

    async def instead(self, request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
        """Send everybody away."""
        return web.Response(status=302, headers={"Location": "/login"})


class InventsCodes(_NoAnswer):
    """A refusal has a code that nobody knows."""

    breaks = "external-id-mismatch"
    method, ending = "POST", "/sessions"

    async def instead(self, request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
        """Another code."""
        if response.status == 403:
            body: Any = {"type": "about:blank", "title": "x", "status": 403, "detail": "x", "code": "go-away"}
            return self.respond(403, body)
        return response
