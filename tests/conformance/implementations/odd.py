"""Odd implementations that conform: none of them may be accused of anything.

`verdicts` is what the whole run may come to. Where the judge cannot be sure (no clock to turn, a call that is
never answered) it may also be `incomplete`; it must never be `broken`.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, ClassVar

from .base import BAD, POINTS, Client, Credential, Info, Json, Plain, Refusal, Session, Words

EVERYTHING = frozenset(Plain.decides)
UNSURE = ("conforms", "incomplete")


def deciding(**values: str) -> dict[str, str]:
    """The usual decisions with others in their place; `_` stands for the hyphen."""
    return {**Plain.decides, **{name.replace("_", "-"): value for name, value in values.items()}}


def capable(**changes: Any) -> Json:
    """The usual capabilities with others in their place."""
    return {**Plain.capabilities, **changes}


def without(*operations: str) -> Words:
    """The operations without some of them."""
    return tuple(name for name in Plain.operations if name not in operations)


# Every value of every choice, declared and (below) undeclared -----------------------------------------------


class IgnoresMismatch(Plain):
    """Ignores an external ID that is not the token's, and says so."""

    decides = deciding(external_id_mismatch="ignore")


class IgnoresExternalIdWithoutTokenId(Plain):
    """Ignores an external ID where the token has none."""

    decides = deciding(external_id_without_token_id="ignore")


class IgnoresExternalIdWithKeySecret(Plain):
    """Ignores the external ID of a client that was initialised with key and secret."""

    decides = deciding(external_id_with_key_secret="ignore")


class RefusesExternalIdWithKeySecret(Plain):
    """Refuses an external ID of a client that was initialised with key and secret."""

    decides = deciding(external_id_with_key_secret="refuse")


class TakesEmptyExternalIdAsValue(Plain):
    """Takes the empty string for an external ID, which is then not the token's."""

    decides = deciding(empty_external_id="value")


class KeepsSession(Plain):
    """Opening while open succeeds and changes nothing."""

    decides = deciding(open_while_open="keep")


class ReplacesSession(Plain):
    """Opening while open starts another session."""

    decides = deciding(open_while_open="replace")


class ReusesInfo(Plain):
    """Opening without information takes that of the session closed last, as Android does."""

    decides = deciding(open_without_info="reuse")


class ReusesInfoAndReplaces(Plain):
    """Opening without information takes that of the session before, also if that is still open."""

    decides = deciding(open_without_info="reuse", open_while_open="replace")


class ReusesTheIdAndLetsNobodyShareIt(Plain):
    """Opening without information takes the external ID as well, be it empty; and an ID that somebody has is refused."""

    decides = deciding(
        open_without_info="reuse",
        external_id_with_key_secret="adopt",
        empty_external_id="value",
        same_id_twice="refuse",
    )

    def external_id(self, client: Client, info: Info | None) -> str | None:
        if info is None and client.last is not None and client.credential.kind == "key-secret":
            return client.last.external_id
        return super().external_id(client, info)


class ReusesTheIdWithoutAWord(ReusesTheIdAndLetsNobodyShareIt):
    """The same, with nothing declared."""

    undeclared = frozenset({"open-without-info", "external-id-with-key-secret", "empty-external-id", "same-id-twice"})


class RefusesCloseWhileClosed(Plain):
    """Closing nothing is an error."""

    decides = deciding(close_while_closed="refuse")


class GivesNullForNoParticipant(Plain):
    """The participant of no session is null, as in .NET."""

    decides = deciding(no_participant="null")


class IgnoresUpdateWhileClosed(Plain):
    """An update without a session is passed over in silence, as in Unreal."""

    decides = deciding(update_while_closed="ignore")


class IsOpenFailsUninitialised(Plain):
    """A client without a credential refuses isOpen, as .NET does."""

    decides = deciding(is_open_before_initialize="error")


class EndsWithItsToken(Plain):
    """A session ends when its token expires."""

    decides = deciding(is_open_after_expiry="false")


class RefusesSecondInitialise(Plain):
    """A second initialisation is an error, and the first credential stays."""

    decides = deciding(second_initialize="refuse")


class EvictsEarlier(Plain):
    """The second session with one external ID ends the first."""

    decides = deciding(same_id_twice="evict-earlier")


class WaitsWithSettings(Plain):
    """A device setting waits for a session, and a listener does not."""

    decides = deciding(setting_without_session="refuse")


class WaitsWithListeners(Plain):
    """A listener waits for a session, and a device setting does not."""

    decides = deciding(listener_without_session="refuse")


class RefusesSameIdTwice(Plain):
    """The second session with one external ID is refused."""

    decides = deciding(same_id_twice="refuse")


class UndeclaredPlain(Plain):
    """Decides as usual and says nothing about it."""

    undeclared = EVERYTHING


class UndeclaredIgnoresExternalIdWithoutTokenId(IgnoresExternalIdWithoutTokenId):
    """The same, and says nothing about it."""

    undeclared = EVERYTHING


class UndeclaredIgnoresExternalIdWithKeySecret(IgnoresExternalIdWithKeySecret):
    """The same, and says nothing about it."""

    undeclared = EVERYTHING


class UndeclaredRefusesExternalIdWithKeySecret(RefusesExternalIdWithKeySecret):
    """The same, and says nothing about it."""

    undeclared = EVERYTHING


class UndeclaredTakesEmptyExternalIdAsValue(TakesEmptyExternalIdAsValue):
    """The same, and says nothing about it."""

    undeclared = EVERYTHING


class UndeclaredKeepsSession(KeepsSession):
    """The same, and says nothing about it."""

    undeclared = EVERYTHING


class UndeclaredReplacesSession(ReplacesSession):
    """The same, and says nothing about it."""

    undeclared = EVERYTHING


class UndeclaredReusesInfo(ReusesInfo):
    """The same, and says nothing about it."""

    undeclared = EVERYTHING


class UndeclaredRefusesCloseWhileClosed(RefusesCloseWhileClosed):
    """The same, and says nothing about it."""

    undeclared = EVERYTHING


class UndeclaredGivesNullForNoParticipant(GivesNullForNoParticipant):
    """The same, and says nothing about it."""

    undeclared = EVERYTHING


class UndeclaredIgnoresUpdateWhileClosed(IgnoresUpdateWhileClosed):
    """The same, and says nothing about it."""

    undeclared = EVERYTHING


class UndeclaredIsOpenFailsUninitialised(IsOpenFailsUninitialised):
    """The same, and says nothing about it."""

    undeclared = EVERYTHING


class UndeclaredEndsWithItsToken(EndsWithItsToken):
    """The same, and says nothing about it."""

    undeclared = EVERYTHING


class UndeclaredRefusesSecondInitialise(RefusesSecondInitialise):
    """The same, and says nothing about it."""

    undeclared = EVERYTHING


class UndeclaredWaitsWithSettings(WaitsWithSettings):
    """The same, and says nothing about it."""

    undeclared = EVERYTHING


class UndeclaredWaitsWithListeners(WaitsWithListeners):
    """The same, and says nothing about it."""

    undeclared = EVERYTHING


class UndeclaredEvictsEarlier(EvictsEarlier):
    """The same, and says nothing about it."""

    undeclared = EVERYTHING


class UndeclaredRefusesSameIdTwice(RefusesSameIdTwice):
    """The same, and says nothing about it."""

    undeclared = EVERYTHING


# Decisions that are not the same everywhere -----------------------------------------------------------------


class KeepsSessionForSameInfo(Plain):
    """Opening while open keeps the session for the information it was opened with, and refuses any other."""

    undeclared = frozenset({"open-while-open"})

    def open_again(self, client: Client, info: Info | None) -> bool:
        """Keep the session only if nothing new is said."""
        session, given = client.session, info or {}
        assert session is not None
        said = (given.get("name"), given.get("avatarUrl"))
        if said != (session.name, session.avatar_url) or given.get("externalId") not in {
            None,
            session.external_id,
        }:
            raise Refusal("session-already-open")
        return False


class KeepsSessionWithoutInfo(Plain):
    """Opening while open keeps the session if no information is given, and is refused otherwise."""

    undeclared = frozenset({"open-while-open"})

    def open_again(self, client: Client, info: Info | None) -> bool:
        """Keep the session only if nothing is said."""
        if info is not None:
            raise Refusal("session-already-open")
        return False


class RefusesCloseBeforeFirstSession(Plain):
    """Closing nothing is an error until some session was closed, and accepted from then on."""

    undeclared = frozenset({"close-while-closed"})

    def close_again(self, client: Client) -> Any:
        """Accept it once a session was closed."""
        if client.last is None:
            raise Refusal("session-not-open")
        return None


class NamesMismatchFirst(Plain):
    """Of two reasons to refuse an open while open, it names the mismatch."""

    def open_again(self, client: Client, info: Info | None) -> bool:
        """Look at the external ID before the session."""
        self.external_id(client, info)
        return super().open_again(client, info)


class NamesMismatchBeforeToken(Plain):
    """Of two reasons to refuse an open with a bad token, it names the mismatch."""

    def check_credential(self, client: Client) -> None:
        """Leave it for later."""
        if client.credential.kind == "none":
            raise Refusal("not-initialized")

    def external_id(self, client: Client, info: Info | None) -> str | None:
        """Look at the external ID first, then at the token."""
        external_id = super().external_id(client, info)
        super().check_credential(client)
        return external_id


class NamesScopeFirst(Plain):
    """Of two reasons to refuse an update without a session, it names the scope."""

    def update_closed(self, client: Client, name: str | None, avatar_url: str | None) -> Any:
        """Look at the token before the session."""
        self.check_scope(client)
        return super().update_closed(client, name, avatar_url)


# Shapes of answers ------------------------------------------------------------------------------------------


class OmitsAbsentFields(Plain):
    """Leaves out what is absent, as Android does, and the value of calls that give nothing."""

    async def call(self, params: Json) -> Json:
        """Leave out a value of null."""
        outcome = await super().call(params)
        return {key: value for key, value in outcome.items() if value is not None}

    def show(self, session: Session) -> Json:
        """Leave out fields of null."""
        shown = super().show(session)
        return {**shown, "info": {key: value for key, value in shown["info"].items() if value is not None}}


class GivesExtraFields(Plain):
    """Says more than it was asked, in outcomes and in participants, as the iOS bridge does."""

    async def call(self, params: Json) -> Json:
        """Add fields that nobody asked for."""
        return {**await super().call(params), "took": 0.25, "code2": "E17", "asked": True}

    def show(self, session: Session) -> Json:
        """Add what iOS adds."""
        shown = super().show(session)
        more: Json = {
            "type": "USER",
            "status": None,
            "streams": [],
            "audioTransmitting": False,
            "name": "not this",
        }
        return {**shown, **more, "info": {**shown["info"], "id": 17, "metadata": {"name": "nor this"}}}


class AnswersBooleans(Plain):
    """Gives true where nothing is due, as Android does."""

    async def answer(self, client: Client, operation: str, arguments: Json) -> Any:
        """Give true for nothing."""
        value = await super().answer(client, operation, arguments)
        return True if value is None and operation in {"open", "close", "updateParticipantInfo"} else value


class AnswersFalse(Plain):
    """Gives false, zero and blanks where nothing is due."""

    async def answer(self, client: Client, operation: str, arguments: Json) -> Any:
        """Give anything but null for nothing."""
        value = await super().answer(client, operation, arguments)
        return {"open": False, "close": 0, "updateParticipantInfo": ""}.get(operation, value)


class AnswersUser(Plain):
    """Gives the user where nothing is due, as .NET and C++ do."""

    async def answer(self, client: Client, operation: str, arguments: Json) -> Any:
        """Give the participant after open and update, and before close."""
        before = client.session
        value = await super().answer(client, operation, arguments)
        session = client.session or before
        given = operation in {"open", "close", "updateParticipantInfo"} and session is not None
        return self.show(session) if given and session is not None else value


class GivesBlanks(Plain):
    """Shows a blank for a name or avatar URL that was not given."""

    def show(self, session: Session) -> Json:
        """Fill in blanks."""
        shown = super().show(session)
        blanks = {"name": session.name or "", "avatarUrl": session.avatar_url or ""}
        return {**shown, "info": {**shown["info"], **blanks}}


class GivesNullForBlanks(Plain):
    """Shows nothing for a name or avatar URL that was given as a blank."""

    def show(self, session: Session) -> Json:
        """Leave blanks out."""
        shown = super().show(session)
        nothing = {"name": session.name or None, "avatarUrl": session.avatar_url or None}
        return {**shown, "info": {**shown["info"], **nothing}}


class GivesBlankExternalId(Plain):
    """Shows a blank for an external ID that there is not, and says that a blank one is none."""

    def show(self, session: Session) -> Json:
        """Fill in a blank."""
        shown = super().show(session)
        return {**shown, "info": {**shown["info"], "externalId": session.external_id or ""}}


class GivesNumericIds(Plain):
    """Participant IDs look like numbers, with a zero in front."""

    def participant_id(self, client: Client, external_id: str | None) -> str:
        """Count."""
        if external_id is None:
            return f"{self.sessions_opened:09d}"
        return self.ids.setdefault(external_id, f"0{len(self.ids)}")


class GivesUuids(Plain):
    """Participant IDs are UUIDs made from the external ID, as the real platform's seem to be."""

    def participant_id(self, client: Client, external_id: str | None) -> str:
        """Make a UUID of the name."""
        if external_id is None:
            return str(uuid.uuid4())
        name = external_id.encode("utf-8", "surrogatepass").hex()
        return str(uuid.uuid3(uuid.NAMESPACE_URL, name))


class MakesIdsWhenAsked(Plain):
    """A participant gets an ID only when somebody asks for it."""

    def participant_id(self, client: Client, external_id: str | None) -> str:
        """None yet."""
        return ""

    def show(self, session: Session) -> Json:
        """Make the ID, if there is none yet."""
        if not session.participant_id:
            owner = session.external_id
            made = f"asked-{len(self.ids)}"
            session.participant_id = self.ids.setdefault(f"{id(session)}" if owner is None else f"={owner}", made)
        return super().show(session)


class KeepsIdOfGuest(Plain):
    """A client without an external ID has the same participant ID in all its sessions."""

    def participant_id(self, client: Client, external_id: str | None) -> str:
        """One ID for each client, if need be."""
        if external_id is None:
            return f"guest-{client.name}"
        return super().participant_id(client, external_id)


# Errors -----------------------------------------------------------------------------------------------------


class SpeaksNatively(Plain):
    """Errors have native codes only, which its map translates."""

    error_map: ClassVar[Mapping[str, str]] = {
        code.upper().replace("-", "_"): code
        for code in (
            "already-initialized",
            "external-id-mismatch",
            "not-initialized",
            "scope-missing",
            "session-already-open",
            "session-not-open",
            *sorted(set(BAD.values())),
        )
    }

    def error(self, refusal: Refusal) -> Json:
        """Say the native code."""
        return {
            "outcome": "error",
            "native": (refusal.code or "").upper().replace("-", "_"),
            "message": "No.",
        }


class NeverSaysWhy(Plain):
    """Errors have no code and no words."""

    verdicts = UNSURE

    def error(self, refusal: Refusal) -> Json:
        """Just no."""
        return {"outcome": "error"}


class HasOneNativeCode(Plain):
    """Every error has the same native code, as on React Native for Android, and words that nobody knows."""

    verdicts = UNSURE

    def error(self, refusal: Refusal) -> Json:
        """Say what a bridge says."""
        return {
            "outcome": "error",
            "code": None,
            "native": "EUNSPECIFIED",
            "message": "Something went wrong.",
        }


class SaysItInWords(Plain):
    """Errors have words only: some that SDKs are known to use, and some of its own."""

    verdicts = UNSURE
    words: ClassVar[Mapping[str | None, str]] = {
        "session-already-open": "A session has already been opened",
        "session-not-open": "No current session user.",
        "not-initialized": "DolbyIOSDK is not initialized!",
        "already-initialized": "Already initialized, call Dispose first.",
        "token-invalid": "Expired or invalid token",
    }

    def error(self, refusal: Refusal) -> Json:
        """Say it in words."""
        return {"outcome": "error", "message": self.words.get(refusal.code, "Computer says no.")}


class MapsEverythingToOneCode(SpeaksNatively):
    """Its map translates every native code to the same one, so nothing is known but that it refuses."""

    verdicts = UNSURE
    error_map = dict.fromkeys(SpeaksNatively.error_map, "session-not-open")


# Credentials and initialising -------------------------------------------------------------------------------


class RefusesBadCredentialAtOnce(Plain):
    """Refuses a bad credential when it is initialised, and is as if it had none."""

    async def reset(self, params: Json) -> Json:
        """Say at once which clients could not be initialised."""
        await super().reset(params)
        refused = {}
        for client in self.clients.values():
            if client.credential.condition != "good":
                refused[client.name] = {"initialize": {"outcome": "error", "code": BAD[client.credential.condition]}}
                client.credential = Credential()
        return {"clients": refused}

    def initialise(self, client: Client, credential: Credential) -> Any:
        """Refuse a bad credential."""
        if credential.condition != "good":
            raise Refusal(BAD[credential.condition])
        return super().initialise(client, credential)


class RefusesBadCredentialAtOnceAndIsOpenFails(RefusesBadCredentialAtOnce):
    """Refuses a bad credential when it is initialised, and then also isOpen, as if there were none."""

    decides = deciding(is_open_before_initialize="error")


class IsTornDownWithItsToken(Plain):
    """When its token is revoked the session is gone, and everything but isOpen is refused as if nobody had initialised it."""

    def revoke(self, client: Client) -> None:
        """Take the session away, too."""
        super().revoke(client)
        if client.credential.condition == "revoked" and client.session is not None:
            self.end(client)

    async def answer(self, client: Client, operation: str, arguments: Json) -> Any:
        """Refuse what comes with a bad credential and without a session."""
        starts = operation in {"isOpen", "initialize", "initializeToken"}
        if client.credential.condition == "revoked" and client.session is None and not starts:
            raise Refusal("not-initialized")
        return await super().answer(client, operation, arguments)


class RefusesBadCredentialAndHoldsIt(Plain):
    """Refuses a bad credential when it is initialised, and holds it all the same."""

    async def reset(self, params: Json) -> Json:
        """Say at once which clients hold nothing good."""
        await super().reset(params)
        bad = {name: client for name, client in self.clients.items() if client.credential.condition != "good"}
        return {
            "clients": {
                name: {"initialize": {"outcome": "error", "code": BAD[client.credential.condition]}}
                for name, client in bad.items()
            }
        }

    def initialise(self, client: Client, credential: Credential) -> Any:
        """Hold it, and say that it is bad."""
        super().initialise(client, credential)
        if credential.condition != "good":
            raise Refusal(BAD[credential.condition])


class IsUninitialisedWithBadCredential(Plain):
    """Calls with a bad credential are refused as if it were not initialised."""

    def check_credential(self, client: Client) -> None:
        """Say that there is no credential."""
        if client.session is None and client.credential.condition != "good":
            raise Refusal("not-initialized")
        super().check_credential(client)


class StartsAfreshWhenInitialised(Plain):
    """A second initialisation makes a new client, which has no session."""

    def hold(self, client: Client, credential: Credential) -> None:
        """Forget the session."""
        super().hold(client, credential)
        client.session = client.last = None


# Services ---------------------------------------------------------------------------------------------------


class ServicesFailForTheirOwnReasons(Plain):
    """An open session is not enough for most services: they want a conference."""

    def serve(self, client: Client, service: str, method: str, arguments: list[Any]) -> Any:
        """Refuse what needs a conference."""
        free = service == "conference" and method in {"create", "fetch", "join", "listen", "leave", "current"}
        if not free and self.is_gated(service, method) and client.session and not client.session.conference:
            raise Refusal("not-in-conference")
        return super().serve(client, service, method, arguments)


class ServicesFailWithoutReason(Plain):
    """Screens cannot be shared here, open or not, and nobody says why."""

    verdicts = UNSURE

    def use(self, client: Client, service: str, method: str, arguments: list[Any]) -> Any:
        """Fail without a word."""
        if method.endswith("ScreenShare"):
            raise Refusal(None)
        return super().use(client, service, method, arguments)


class ServicesAreNotThere(Plain):
    """No service does anything: each says that it is not simulated, once the session is open."""

    verdicts = UNSURE

    def serve(self, client: Client, service: str, method: str, arguments: list[Any]) -> Any:
        """Refuse behind the gate."""
        if self.is_gated(service, method):
            raise Refusal("not-simulated")
        return super().serve(client, service, method, arguments)


class ServicesAnswerNothing(Plain):
    """Services succeed with nothing to say."""

    def serve(self, client: Client, service: str, method: str, arguments: list[Any]) -> Any:
        """Do it and say nothing."""
        value = super().serve(client, service, method, arguments)
        return value if method == "current" else None


class GatesDevicesToo(Plain):
    """Device settings and listeners need a session here, and a good credential."""

    decides = deciding(setting_without_session="refuse", listener_without_session="refuse")

    def is_gated(self, service: str, method: str) -> bool:
        """Everything needs a session."""
        return True


class UndeclaredWaitsWithSome(Plain):
    """Some device settings and some listeners wait for a session; it says nothing of them."""

    undeclared = frozenset({"setting-without-session", "listener-without-session"})

    def waits(self, client: Client, service: str, method: str) -> bool:
        """Every second one, as it happens."""
        return len(method) % 2 == 0


class DevicesAlwaysFail(Plain):
    """There is no device, and listeners are refused too."""

    def serve(self, client: Client, service: str, method: str, arguments: list[Any]) -> Any:
        """Refuse what needs no session."""
        if not self.is_gated(service, method):
            raise Refusal("no-device")
        return super().serve(client, service, method, arguments)


# What there is not ------------------------------------------------------------------------------------------


class LacksIsOpen(Plain):
    """Has no isOpen, like C++."""

    verdicts = UNSURE
    operations = without("isOpen")


class LacksUpdate(Plain):
    """Has no updateParticipantInfo, like .NET."""

    operations = without("updateParticipantInfo")


class LacksServices(Plain):
    """Is the session alone, without services."""

    verdicts = UNSURE
    operations = without("use")


class LacksStatus(Plain):
    """Tells neither whether a session is open nor whose it is."""

    verdicts = UNSURE
    operations = without("isOpen", "getParticipant")


class LacksInitialise(Plain):
    """Is initialised by its maker only, and never with key and secret."""

    operations = without("initialize", "initializeToken")
    capabilities = capable(deprecatedInitialize=False)


class NeedsInfo(Plain):
    """Cannot be opened without information, like Flutter."""

    capabilities = capable(arguments={"open.info": "required"})

    async def call(self, params: Json) -> Json:
        """The language itself would not permit it."""
        if params["operation"] == "open" and params["arguments"].get("info") is None:
            return {"outcome": "unsupported", "reason": "the information is a required argument"}
        return await super().call(params)


class TakesKeyAndSecretOnly(Plain):
    """Came before client access tokens did."""

    needs = "complete"
    extra = 1
    operations = without("initializeToken")
    capabilities = capable(credentials=["key-secret"], refresh=False)

    async def reset(self, params: Json) -> Json:
        """It would not know what to do with a token."""
        assert all(item["credential"]["kind"] != "token" for item in params["clients"].values())
        return await super().reset(params)


class HasTwoServices(Plain):
    """Has one service whole, and three methods of another."""

    needs = "complete"
    extra = 1
    methods: ClassVar[Mapping[str, Any]] = {"conference": ["create", "join", "leave"], "recording": True}
    capabilities = capable(services=methods)

    async def call(self, params: Json) -> Json:
        """The others are not there."""
        if params["operation"] == "use":
            given = params["arguments"]
            methods = self.methods.get(given["service"], [])
            if methods is not True and given["method"] not in methods:
                return {"outcome": "unsupported", "reason": "it is not written yet"}
        return await super().call(params)


class HasAServiceThatNeedsNoSession(Plain):
    """Has listeners, and nothing behind the gate."""

    verdicts = UNSURE
    capabilities = capable(services={"conference": ["onStatusChange"]})

    async def call(self, params: Json) -> Json:
        """The others are not there."""
        if params["operation"] == "use" and params["arguments"]["method"] != "onStatusChange":
            return {"outcome": "unsupported", "reason": "it is not written yet"}
        return await super().call(params)


class TakesNoExternalId(Plain):
    """Has no field for the external ID any more."""

    capabilities = capable(arguments={"open.info.externalId": "unsupported"})


class HasOneCodeForBadTokens(Plain):
    """Does not tell why a token is bad."""

    def error(self, refusal: Refusal) -> Json:
        """One for all."""
        bad = refusal.code in BAD.values()
        return super().error(Refusal("token-invalid", refusal.message) if bad else refusal)


class NamesForgedAsExpired(Plain):
    """A forged token is refused as if it had expired."""

    def check_credential(self, client: Client) -> None:
        """It looks at the time first, and finds none."""
        if client.credential.condition == "forged":
            raise Refusal("token-expired")
        super().check_credential(client)


class SaysThatItIsRevokedFirst(Plain):
    """A token that is revoked stays so, whatever its time."""

    def expire(self, client: Client) -> None:
        """It was of no use before."""
        if client.credential.condition != "revoked":
            super().expire(client)


class ReusesWhatItClosedItself(Plain):
    """Remembers the information when it closes a session, and not when the platform does."""

    decides = deciding(open_without_info="reuse")

    def lose(self, client: Client) -> None:
        """Nobody asked it to keep anything."""
        client.session = None


class HoldsOneClient(Plain):
    """Is a singleton, as most SDKs are."""

    capabilities = capable(clients=1)


class HasRealClock(Plain):
    """Time cannot be turned."""

    verdicts = UNSURE
    capabilities = capable(clock="real")


class NeverAsksForTokens(Plain):
    """Has no refresh, and says so: its token expires."""

    capabilities = capable(refresh=False)

    async def fresh_token(self, client: Client) -> bool:
        """There is nobody to ask."""
        return False


# Time, and what the platform does ---------------------------------------------------------------------------


class StaleUntilSettled(Plain):
    """Does not notice that the platform closed the session until things settle."""

    def lose(self, client: Client) -> None:
        """Notice later."""
        if client.session is not None:
            client.notes["gone"] = True

    async def settle(self, params: Json) -> Json:
        """Notice now."""
        for client in self.clients.values():
            self.notice(client)
        return {}

    def notice(self, client: Client) -> None:
        """The session is gone, if it is."""
        if client.notes.pop("gone", False):
            self.end(client)

    def open(self, client: Client, info: Info | None) -> Any:
        """Whoever asks the platform for a session learns that the old one is gone."""
        self.notice(client)
        return super().open(client, info)

    def close(self, client: Client) -> Any:
        """What is closed is not gone any more."""
        client.notes.pop("gone", None)
        return super().close(client)


class EvictedLearnsLate(StaleUntilSettled):
    """The second session with one external ID ends the first, which is told later."""

    decides = deciding(same_id_twice="evict-earlier")


class StaleOnlyInParticipant(StaleUntilSettled):
    """After the platform closed the session isOpen is false; the participant is cached until settled."""

    def is_open(self, client: Client) -> Any:
        """Ask the connection."""
        return super().is_open(client) and "gone" not in client.notes


class StaleOnlyInFlag(StaleUntilSettled):
    """After the platform closed the session there is no participant, but isOpen is true until settled."""

    def get_participant(self, client: Client) -> Any:
        """Ask the platform."""
        return self.no_participant(client) if "gone" in client.notes else super().get_participant(client)


class FailsOnceExpired(Plain):
    """After the token's end every call but isOpen is an error, though the session is open."""

    def close(self, client: Client) -> Any:
        """Refuse."""
        if client.session is not None:
            self.check_credential(client)
        return super().close(client)

    def get_participant(self, client: Client) -> Any:
        """Refuse."""
        if client.session is not None:
            self.check_credential(client)
        return super().get_participant(client)


class AsksOnAfterExpiry(Plain):
    """Goes on asking for a token after the old one's end."""

    def points(self, client: Client) -> Iterable[int]:
        """Also at each quarter after the end."""
        points = [*POINTS, *(1 + quarter / 4 for quarter in range(1, 41))]
        return [client.born + round(point * client.credential.lifetime) for point in points]

    def next_due(self, end: int) -> tuple[int, Client] | None:
        """An expired token is asked about too, if it was good once."""
        expired = [
            client
            for client in self.clients.values()
            if client.credential.condition == "expired" and client.points_passed >= len(POINTS)
        ]
        for client in expired:
            client.credential.condition = "good"
        due = super().next_due(end)
        for client in expired:
            client.credential.condition = "expired"
        return due


class EndsWithItsTokenAndAsksOn(AsksOnAfterExpiry):
    """A session ends with its token, and a token that comes too late does not bring it back."""

    decides = deciding(is_open_after_expiry="false")


class EndsWithRevocation(Plain):
    """A session ends when its token is revoked, and a fresh token does not bring it back."""

    def revoke(self, client: Client) -> None:
        """End the session as well."""
        if client.credential.kind == "token" and client.credential.condition == "good":
            self.lose(client)
        super().revoke(client)


class AsksTwice(Plain):
    """Asks again at once when it is given no token."""

    async def fresh_token(self, client: Client) -> bool:
        """Try twice."""
        return await super().fresh_token(client) or await super().fresh_token(client)


class AsksALittleEarly(Plain):
    """Asks for a token a moment before each point, to be on the safe side."""

    def points(self, client: Client) -> Iterable[int]:
        """A thousandth of a second early, but never for the end."""
        *early, end = super().points(client)
        return [*(point - 1 for point in early), end]


# Slow and overlapping calls ---------------------------------------------------------------------------------


class OpensLate(Plain):
    """Says of each case's first open that it is pending; the session is there once things settle."""

    verdicts = UNSURE

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[tuple[Client, Info | None]] = []
        self.has_waited = False

    async def reset(self, params: Json) -> Json:
        """Nothing waits, and the next open will."""
        self.waiting, self.has_waited = [], False
        return await super().reset(params)

    async def call(self, params: Json) -> Json:
        """Let the first open wait."""
        if params["operation"] == "open" and not self.has_waited:
            self.has_waited = True
            self.waiting.append((self.clients[params["client"]], params["arguments"].get("info")))
            return {"outcome": "pending"}
        return await super().call(params)

    async def settle(self, params: Json) -> Json:
        """Open now, if it can be."""
        waiting, self.waiting = self.waiting, []
        for client, info in waiting:
            with suppress(Refusal):  # nobody waits for the answer any more
                self.open(client, info)
        return {}


class UpdatesLate(Plain):
    """Says of each case's first update that it is pending; it is done two calls later."""

    verdicts = UNSURE

    def __init__(self) -> None:
        super().__init__()
        self.waiting: Json | None = None
        self.calls_left: int | None = None

    async def reset(self, params: Json) -> Json:
        """Nothing waits, and the next update will."""
        self.waiting, self.calls_left = None, None
        return await super().reset(params)

    async def call(self, params: Json) -> Json:
        """Let the first update wait, and do it when it is time."""
        if params["operation"] == "updateParticipantInfo" and self.calls_left is None:
            self.waiting, self.calls_left = params, 2
            return {"outcome": "pending"}
        if self.waiting is not None and self.calls_left is not None:
            self.calls_left -= 1
            if self.calls_left < 0:
                late, self.waiting = self.waiting, None
                await super().call(late)
        return await super().call(params)


class AnswersInAnyOrder(Plain):
    """Holds four calls at once and answers them in an order of its own; each takes effect in one moment."""

    capabilities = capable(concurrency=4)

    def __init__(self) -> None:
        super().__init__()
        self.calls_begun = 0

    async def call(self, params: Json) -> Json:
        """Wait a little before the effect and a little after it."""
        self.calls_begun += 1
        before, after = self.calls_begun * 7 % 5, self.calls_begun * 3 % 4
        await self.pause(before)
        outcome = await super().call(params)
        await self.pause(after)
        return outcome

    async def pause(self, turns: int) -> None:
        """Let others go first."""
        for _ in range(turns):
            await asyncio.sleep(0)


class CloseCancelsOpens(Plain):
    """A close cancels every open that is under way, as iOS and Android do."""

    capabilities = capable(concurrency=4)

    async def answer(self, client: Client, operation: str, arguments: Json) -> Any:
        """Take a while to open."""
        closes = client.notes.get("closes", 0)
        if operation == "close":
            client.notes["closes"] = closes + 1
        elif operation == "open":
            for _ in range(3):
                await asyncio.sleep(0)
            if client.notes.get("closes", 0) != closes:
                raise Refusal("closure-canceled")
        return await super().answer(client, operation, arguments)


# SDKs as far as they are known ------------------------------------------------------------------------------


class LikeDotnet(AnswersUser):
    """Decides as .NET does, and gives the user."""

    decides = deciding(
        open_while_open="replace",
        no_participant="null",
        is_open_before_initialize="error",
        second_initialize="refuse",
    )
    operations = without("updateParticipantInfo")


class LikeAndroid(AnswersBooleans, OmitsAbsentFields):
    """Gives booleans, omits what is absent, and reuses the information of the session closed last."""

    decides = deciding(open_without_info="reuse")
    undeclared = EVERYTHING - {"open-without-info"}


class LikeUnreal(GivesBlanks):
    """Is one client, passes over what it cannot do in silence, and shows blanks."""

    decides = deciding(update_while_closed="ignore", open_while_open="keep")
    capabilities = capable(clients=1, deprecatedInitialize=False)
    operations = without("initialize")
