"""Faulty implementations: each must be accused, and of the right thing.

`breaks` names rules of which at least one must be convicted, `every` those that all must be, `innocent` rules that
must not be; of others than those in `only`, if it has any, none must be. `needs` says the tier that it takes to see the
fault, where the first one does not, and `extra` how many extra states `complete` must allow for. A fault against a rule
that only should be kept leaves the verdict as it is.
"""

from __future__ import annotations

import asyncio
import unicodedata
from typing import Any, ClassVar

from .base import Client, Credential, Info, Json, Plain, Refusal, Session, Words, is_listener
from .odd import capable, deciding

APART = ("sessions-are-apart", "token-refresh", "bad-token", "concurrent-calls")
"""What one client with a good token in one life of it has nothing to do with."""


class Faulty(Plain):
    """Not itself faulty: what all of them share."""

    verdicts: ClassVar[Words] = ("broken",)
    innocent: ClassVar[Words] = APART


# The gate ---------------------------------------------------------------------------------------------------


class ForgetsOneGate(Faulty):
    """One method of a service, of all there are, answers without a session."""

    breaks = ("open-before-use", "close-closes")
    needs = "complete"
    innocent = (*APART, "open-opens", "info-is-kept", "external-id-mismatch", "reopen", "is-open-is-pure")

    def is_gated(self, service: str, method: str) -> bool:
        """All but one."""
        return super().is_gated(service, method) and (service, method) != ("filePresentation", "getThumbnail")


class ForgetsGateOfOneService(Faulty):
    """A service that looks like a device setting is not gated."""

    breaks = ("open-before-use", "close-closes")
    needs = "complete"

    def is_gated(self, service: str, method: str) -> bool:
        """Not the microphone."""
        return super().is_gated(service, method) and service != "localAudio"


class WaitsWithSettingsThoughItSaysNot(Faulty):
    """A device setting waits for a session, and it says that none does."""

    breaks = ("open-before-use",)

    def waits(self, client: Client, service: str, method: str) -> bool:
        """All but listeners."""
        return not is_listener(method)


class WaitsWithListenerAfterSecondSession(Faulty):
    """One listener is refused without a session, once two were closed. It says nothing of listeners."""

    breaks = ("open-before-use",)
    needs = "complete"
    undeclared = frozenset({"listener-without-session"})

    def end(self, client: Client) -> None:
        """Count."""
        client.notes["ended"] = client.notes.get("ended", 0) + 1
        super().end(client)

    def waits(self, client: Client, service: str, method: str) -> bool:
        """One of them, and late."""
        return method == "onStatusChange" and client.notes.get("ended", 0) > 1


class RefusesSettingInSession(Faulty):
    """A device setting is refused as if there were no session, though there is one."""

    breaks = ("open-opens",)

    def serve(self, client: Client, service: str, method: str, arguments: list[Any]) -> Any:
        """All but listeners."""
        if client.session is not None and not self.is_gated(service, method) and not is_listener(method):
            raise Refusal("session-not-open")
        return super().serve(client, service, method, arguments)


class GateIsOpenBeforeOpen(Faulty):
    """Services answer as long as no session was ever opened."""

    breaks = ("open-before-use",)

    def gate(self, client: Client, service: str, method: str) -> None:
        """Refuse only after a session."""
        if client.last is not None or client.credential.kind == "none" or client.session is not None:
            super().gate(client, service, method)


class GateIsOpenAfterClose(Faulty):
    """Services go on answering after close."""

    breaks = ("open-before-use", "close-closes")

    def gate(self, client: Client, service: str, method: str) -> None:
        """Refuse only before a session."""
        if client.last is None:
            super().gate(client, service, method)


class GateIsOpenAfterSecondClose(Faulty):
    """Services go on answering after the second close."""

    breaks = ("open-before-use", "close-closes", "reopen")

    def end(self, client: Client) -> None:
        """Count."""
        client.notes["closed"] = client.notes.get("closed", 0) + (client.session is not None)
        super().end(client)

    def gate(self, client: Client, service: str, method: str) -> None:
        """Refuse only before the second."""
        if client.notes.get("closed", 0) < 2:
            super().gate(client, service, method)


class GateIsOpenAfterRefusedOpen(Faulty):
    """Services answer once an open was refused for its external ID."""

    breaks = ("open-before-use", "rejected-changes-nothing", "external-id-mismatch")

    def open(self, client: Client, info: Info | None) -> Any:
        """Remember the attempt as if it were a session."""
        try:
            return super().open(client, info)
        except Refusal as refusal:
            if refusal.code == "external-id-mismatch":
                client.notes["tried"] = True
            raise

    def gate(self, client: Client, service: str, method: str) -> None:
        """Whoever tried may pass."""
        if "tried" not in client.notes:
            super().gate(client, service, method)


class GateIsOpenUninitialised(Faulty):
    """Services answer a client that has no credential at all."""

    breaks = ("open-before-use",)

    def gate(self, client: Client, service: str, method: str) -> None:
        """Refuse only those who have something to lose."""
        if client.credential.kind != "none":
            super().gate(client, service, method)


class OpensUninitialised(Faulty):
    """Takes no notice of whether it was initialised."""

    breaks = ("initialize-first",)
    innocent = (*APART, "rejected-changes-nothing", "open-opens", "is-open-is-pure", "participant-is-local")

    def check_credential(self, client: Client) -> None:
        """Nothing to check."""
        if client.credential.kind != "none":
            super().check_credential(client)


class GateIsOpenForExpiredToken(Faulty):
    """Services answer without a session if the token has expired."""

    breaks = ("open-before-use", "bad-token")
    innocent = ("sessions-are-apart", "concurrent-calls")

    def gate(self, client: Client, service: str, method: str) -> None:
        """Look at the session only with a token that is not expired."""
        if client.credential.condition != "expired":
            super().gate(client, service, method)


class RefusedServiceOpens(Faulty):
    """A service that is refused opens a session on the way."""

    breaks = ("open-before-use", "rejected-changes-nothing")

    def gate(self, client: Client, service: str, method: str) -> None:
        """Try to be helpful."""
        if client.session is None and client.credential.condition == "good" and client.credential.kind != "none":
            client.session = self.session(client, {}, client.credential.external_id)
            raise Refusal("session-not-open")
        super().gate(client, service, method)


class GateNamesWrongReason(Faulty):
    """Services without a session are refused as if an external ID did not match."""

    breaks = ("open-before-use",)

    def gate(self, client: Client, service: str, method: str) -> None:
        """Say the wrong thing."""
        if client.session is None:
            raise Refusal("external-id-mismatch")


class ServicesNeverAnswer(Faulty):
    """Services are refused for want of a session, whether there is one or not."""

    breaks = ("open-opens",)
    innocent = (*APART, "open-before-use", "info-is-optional", "rejected-changes-nothing")

    def gate(self, client: Client, service: str, method: str) -> None:
        """Refuse."""
        raise Refusal("session-not-open")


# Opening ----------------------------------------------------------------------------------------------------


class OpensNothing(Faulty):
    """Open succeeds, and there is no session."""

    breaks = ("open-opens",)
    only = breaks
    needs = "complete"

    def session(self, client: Client, info: Info | None, external_id: str | None) -> Any:
        """Make none."""
        return None


class OpensOnlyWithExternalId(Faulty):
    """A token without an external ID opens nothing."""

    breaks = ("open-opens", "info-is-optional")

    def external_id(self, client: Client, info: Info | None) -> str | None:
        """Insist on one."""
        external_id = super().external_id(client, info)
        if external_id is None and client.credential.kind == "token":
            raise Refusal("token-invalid")
        return external_id


class NeedsInfoUndeclared(Faulty):
    """Opening without information fails, and nothing was said about it."""

    breaks = ("info-is-optional",)

    def open(self, client: Client, info: Info | None) -> Any:
        """Stumble over nothing."""
        if info is None and client.session is None:
            raise Refusal("info-missing")
        return super().open(client, info)


class NeedsNameUndeclared(Faulty):
    """Opening without a name fails, and nothing was said about it."""

    breaks = ("info-is-optional", "open-opens")

    def open(self, client: Client, info: Info | None) -> Any:
        """Insist on a name."""
        if info is not None and info.get("name") is None and client.session is None:
            raise Refusal("name-missing")
        return super().open(client, info)


class _Altering(Faulty):
    """The information is altered on its way into the session."""

    breaks: ClassVar[Words] = ("info-is-kept",)

    def session(self, client: Client, info: Info | None, external_id: str | None) -> Session:
        """Open, and alter."""
        session = super().session(client, info, external_id)
        self.alter(session)
        return session

    def alter(self, session: Session) -> None:
        """What goes wrong."""
        raise NotImplementedError


class LosesName(_Altering):
    """The name given to open is lost."""

    def alter(self, session: Session) -> None:
        """Lose it."""
        session.name = None


class LosesAvatar(_Altering):
    """The avatar URL given to open is lost."""

    def alter(self, session: Session) -> None:
        """Lose it."""
        session.avatar_url = None


class SwapsNameAndAvatar(_Altering):
    """Name and avatar URL change places."""

    def alter(self, session: Session) -> None:
        """Swap them."""
        session.name, session.avatar_url = session.avatar_url, session.name


class LowersName(_Altering):
    """The name given to open is kept in small letters."""

    def alter(self, session: Session) -> None:
        """Write it small."""
        session.name = session.name and session.name.lower()


class CutsLongName(_Altering):
    """A name of more than 255 characters is cut."""

    needs = "explore"

    def alter(self, session: Session) -> None:
        """Cut it."""
        session.name = session.name and session.name[:255]


class ReadsNameAsNumber(Faulty):
    """A name that is a number is shown as one is written."""

    breaks = ("info-is-kept",)
    needs = "explore"

    def show(self, session: Session) -> Json:
        """Read it."""
        shown = super().show(session)
        name = session.name
        return {**shown, "info": {**shown["info"], "name": str(int(name)) if name and name.isdecimal() else name}}


class FillsInName(_Altering):
    """A participant without a name is called Guest."""

    breaks = ("info-is-kept", "info-is-optional", "participant-is-local", "open-opens", "reopen")

    def alter(self, session: Session) -> None:
        """Make one up."""
        session.name = session.name or "Guest"


# External IDs -----------------------------------------------------------------------------------------------


class IgnoresMismatchUndeclared(Faulty):
    """Ignores an external ID that is not the token's, and does not say so."""

    breaks = ("external-id-mismatch",)
    decides = deciding(external_id_mismatch="ignore")
    undeclared = frozenset({"external-id-mismatch"})


class ComparesWithoutCase(Faulty):
    """External IDs are the same in small and capital letters."""

    breaks = ("external-id-mismatch",)

    def same_external_id(self, given: str, own: str) -> bool:
        """Fold case."""
        return given.casefold() == own.casefold()


class ComparesTrimmed(Faulty):
    """External IDs are the same with and without blanks around them."""

    breaks = ("external-id-mismatch",)

    def same_external_id(self, given: str, own: str) -> bool:
        """Trim."""
        return given.strip() == own.strip()


class ComparesComposed(Faulty):
    """External IDs are the same composed and decomposed."""

    breaks = ("external-id-mismatch",)

    def same_external_id(self, given: str, own: str) -> bool:
        """Normalise."""
        return unicodedata.normalize("NFC", given) == unicodedata.normalize("NFC", own)


class ComparesPrefix(Faulty):
    """An external ID is the token's if the token's begins with it."""

    breaks = ("external-id-mismatch",)

    def same_external_id(self, given: str, own: str) -> bool:
        """Look at the beginning."""
        return own.startswith(given)


class ComparesBeginning(Faulty):
    """An external ID is the token's if it begins with the token's."""

    breaks = ("external-id-mismatch",)

    def same_external_id(self, given: str, own: str) -> bool:
        """Look at the beginning of the other one."""
        return given.startswith(own)


class ComparesAsNumbers(Faulty):
    """External IDs that are numbers are the same if the numbers are."""

    breaks = ("external-id-mismatch",)
    needs = "explore"

    def same_external_id(self, given: str, own: str) -> bool:
        """Read them."""
        try:
            return float(given) == float(own)
        except ValueError:
            return given == own


class ComparesSlugs(Faulty):
    """External IDs are compared as they stand in a URL."""

    breaks = ("external-id-mismatch",)
    needs = "explore"

    def same_external_id(self, given: str, own: str) -> bool:
        """Write them so."""
        return given.replace("_", "-") == own.replace("_", "-")


class ComparesByCompatibility(Faulty):
    """External IDs are the same if they look it: a ligature and its letters."""

    breaks = ("external-id-mismatch",)
    needs = "explore"

    def same_external_id(self, given: str, own: str) -> bool:
        """Normalise too far; what only composes differently stays apart."""
        composed = [unicodedata.normalize("NFC", text) for text in (given, own)]
        return given == own or (
            composed[0] != composed[1] and unicodedata.normalize("NFKC", given) == unicodedata.normalize("NFKC", own)
        )


class ComparesWithoutCaseOfTheLast(Faulty):
    """The last character of an external ID may be small or capital."""

    breaks = ("external-id-mismatch",)
    needs = "explore"

    def same_external_id(self, given: str, own: str) -> bool:
        """Fold the end."""
        return given[:-1] == own[:-1] and given[-1:].upper() == own[-1:].upper()


class ComparesSixtyFourCharacters(Faulty):
    """External IDs are read up to the 64th character."""

    breaks = ("external-id-mismatch",)
    needs = "explore"

    def same_external_id(self, given: str, own: str) -> bool:
        """Cut."""
        return given[:64] == own[:64]


class RefusesMismatchButOpens(Faulty):
    """A mismatch is refused, and the session is opened all the same."""

    breaks = ("external-id-mismatch", "rejected-changes-nothing")

    def external_id(self, client: Client, info: Info | None) -> str | None:
        """Refuse when it is too late."""
        try:
            return super().external_id(client, info)
        except Refusal:
            if client.session is None:
                client.session = self.session(client, info, client.credential.external_id)
            raise


class IgnoresMismatchOnReopen(Faulty):
    """A mismatch is refused in the first session only."""

    breaks = ("external-id-mismatch",)

    def external_id(self, client: Client, info: Info | None) -> str | None:
        """Look only the first time."""
        return super().external_id(client, info) if client.last is None else client.credential.external_id


class AdoptsExternalId(Faulty):
    """An external ID that is not the token's becomes the participant's."""

    breaks = ("external-id-mismatch", "external-id-from-token")

    def external_id(self, client: Client, info: Info | None) -> str | None:
        """Take what is given."""
        return (info or {}).get("externalId") or client.credential.external_id


class AdoptsIgnoredExternalId(AdoptsExternalId):
    """It declares that it ignores a mismatch, and adopts the external ID instead."""

    breaks = ("external-id-from-token", "external-id-mismatch")
    decides = deciding(external_id_mismatch="ignore", external_id_without_token_id="ignore")


class AdoptsWithoutTokenId(Faulty):
    """Where the token has no external ID, the one given to open is adopted."""

    breaks = ("external-id-from-token",)
    undeclared = frozenset({"external-id-without-token-id"})

    def external_id(self, client: Client, info: Info | None) -> str | None:
        """Take what is given if there is nothing else."""
        if client.credential.kind == "token" and client.credential.external_id is None:
            return (info or {}).get("externalId") or None
        return super().external_id(client, info)


class LosesExternalId(_Altering):
    """The participant does not have the token's external ID."""

    breaks = ("external-id-from-token",)

    def alter(self, session: Session) -> None:
        """Lose it."""
        session.external_id = None


class RefusesEqualExternalId(Faulty):
    """Any external ID given to open is refused, the token's own too."""

    breaks = ("external-id-match",)

    def same_external_id(self, given: str, own: str) -> bool:
        """Nothing is the same."""
        return False


class NewIdEveryOpen(Faulty):
    """Every session has a new participant ID."""

    breaks = ("same-id-same-participant",)

    def participant_id(self, client: Client, external_id: str | None) -> str:
        """Count sessions."""
        return f"participant-{self.sessions_opened}"


class IdPerClient(Faulty):
    """The same external ID has another participant ID on another client."""

    breaks = ("same-id-same-participant", "sessions-are-apart")
    innocent = ("token-refresh", "bad-token", "concurrent-calls")

    def participant_id(self, client: Client, external_id: str | None) -> str:
        """Mark it with the client."""
        return f"{client.name}:{super().participant_id(client, external_id)}"


class IdChangesWithEveryLook(Faulty):
    """Every getParticipant shows another ID, also where there is no external ID."""

    breaks = ("same-id-same-participant", "participant-is-local", "open-opens")

    def show(self, session: Session) -> Json:
        """Count looks."""
        self.sessions_opened += 1
        return {**super().show(session), "id": f"look-{self.sessions_opened}"}


class KnowsOneId(Faulty):
    """Every participant has the same ID, whoever it is."""

    breaks = ("participants-differ",)
    verdicts = ("conforms",)

    def participant_id(self, client: Client, external_id: str | None) -> str:
        """The one ID."""
        return "local"


class HasEmptyId(Faulty):
    """The ID of a participant is an empty text."""

    breaks = ("participant-has-id",)
    innocent = (*APART, "same-id-same-participant", "participants-differ")

    def participant_id(self, client: Client, external_id: str | None) -> str:
        """None."""
        return ""


class HasNumberForId(Faulty):
    """The ID of a participant is a number, and no text."""

    breaks = ("participant-has-id",)
    innocent = (*APART, "same-id-same-participant", "participants-differ", "participant-is-local", "open-opens")

    def show(self, session: Session) -> Json:
        """Count characters."""
        return {**super().show(session), "id": len(session.participant_id)}


class ShowsExternalIdOfBefore(Faulty):
    """A client that is initialised again with another token still shows the external ID of the first."""

    breaks = ("reopen", "external-id-from-token", "initialize-first")
    needs = "complete"

    def session(self, client: Client, info: Info | None, external_id: str | None) -> Session:
        """Remember the first ID that was not none."""
        first = client.notes.setdefault("first", external_id)
        return super().session(client, info, first if client.credential.kind == "token" else external_id)


# Beyond a few calls of one client ---------------------------------------------------------------------------


class FailsToOpenTheSixtyFifthTime(Faulty):
    """There is room for sixty-four sessions."""

    breaks = ("open-opens", "info-is-optional", "reopen")
    needs = "explore"

    def session(self, client: Client, info: Info | None, external_id: str | None) -> Session:
        """Count."""
        client.notes["opened"] = client.notes.get("opened", 0) + 1
        if client.notes["opened"] > 64:
            raise Refusal("session-already-open")
        return super().session(client, info, external_id)


class ForgetsOneGateAfterTenSessions(Faulty):
    """One method of a service answers without a session, once ten were closed."""

    breaks = ("open-before-use", "close-closes")
    needs = "explore"

    def end(self, client: Client) -> None:
        """Count."""
        client.notes["closed"] = client.notes.get("closed", 0) + (client.session is not None)
        super().end(client)

    def is_gated(self, service: str, method: str) -> bool:
        """All but one, later."""
        late = any(client.notes.get("closed", 0) >= 10 for client in self.clients.values())
        return super().is_gated(service, method) and not (late and (service, method) == ("recording", "stop"))


class LosesNameThatIsTheExternalId(Faulty):
    """A name that is the same text as the external ID is not kept."""

    breaks = ("info-is-kept",)
    needs = "explore"

    def session(self, client: Client, info: Info | None, external_id: str | None) -> Session:
        """Compare."""
        session = super().session(client, info, external_id)
        if session.name == external_id:
            session.name = None
        return session


class LosesNameThatIsTheAvatar(Faulty):
    """An update with one text for both keeps one of them."""

    breaks = ("update-updates",)
    needs = "explore"

    def update(self, client: Client, name: str | None, avatar_url: str | None) -> Any:
        """Compare."""
        return super().update(client, name, None if avatar_url == name else avatar_url)


class LeaksNameToAnothersFirstSession(Faulty):
    """Whoever opens for the first time without a name has the name that another client gave."""

    breaks = ("sessions-are-apart",)
    innocent = ("token-refresh", "bad-token", "concurrent-calls")
    needs = "explore"

    def session(self, client: Client, info: Info | None, external_id: str | None) -> Session:
        """Look what others are called."""
        session = super().session(client, info, external_id)
        if session.name is None and not client.notes.get("opened"):
            names = [other.session.name for other in self.clients.values() if other is not client and other.session]
            session.name = next((name for name in names if name), None)
        client.notes["opened"] = True
        return session


# Closing ----------------------------------------------------------------------------------------------------


class ClosesNothing(Faulty):
    """Close succeeds and does nothing."""

    breaks = ("close-closes",)
    only = breaks
    needs = "complete"

    def close(self, client: Client) -> Any:
        """Do nothing."""
        return None if client.session is not None else super().close(client)


class SecondClientNeverCloses(Faulty):
    """Close succeeds and does nothing, for all clients but the first."""

    breaks = ("close-closes",)
    innocent = (*APART, "open-opens", "is-open-is-pure", "reopen")

    def close(self, client: Client) -> Any:
        """Look who it is."""
        first = next(iter(self.clients.values()))
        return super().close(client) if client is first or client.session is None else None


class CloseKeepsParticipant(Faulty):
    """After close the participant is still there."""

    breaks = ("close-closes", "participant-is-local")

    def get_participant(self, client: Client) -> Any:
        """Show the last one, if need be."""
        if client.session is None and client.last is not None:
            return self.show(client.last)
        return super().get_participant(client)


class CloseFails(Faulty):
    """Close of an open session is an error, though it closes."""

    breaks = ("close-closes", "rejected-changes-nothing")

    def close(self, client: Client) -> Any:
        """Close, and fail."""
        was_open = client.session is not None
        super().close(client)
        if was_open:
            raise Refusal("session-not-open")


class ClosesOnlyOnce(Faulty):
    """The second session cannot be closed."""

    breaks = ("close-closes", "reopen")

    def close(self, client: Client) -> Any:
        """Do nothing the second time."""
        if client.session is not None and client.last is not None:
            return None
        return super().close(client)


class FailsToReopen(Faulty):
    """There is one session in the life of a client."""

    breaks = ("reopen", "open-opens")
    innocent = ("sessions-are-apart", "token-refresh", "concurrent-calls")

    def open(self, client: Client, info: Info | None) -> Any:
        """Refuse a second one."""
        if client.session is None and client.last is not None:
            raise Refusal("session-already-open")
        return super().open(client, info)


class FailsToOpenThirdTime(Faulty):
    """The third session of a client cannot be opened."""

    breaks = ("reopen", "open-opens")

    def session(self, client: Client, info: Info | None, external_id: str | None) -> Session:
        """Count to two."""
        opened = client.notes["opened"] = client.notes.get("opened", 0) + 1
        if opened > 2:
            raise Refusal("session-already-open")
        return super().session(client, info, external_id)


class ReopenLeaksName(Faulty):
    """A session opened without a name has that of the session before."""

    breaks = ("reopen",)
    innocent = (*APART, "info-is-kept", "update-needs-session")

    def session(self, client: Client, info: Info | None, external_id: str | None) -> Session:
        """Fill in the old name."""
        session = super().session(client, info, external_id)
        if session.name is None and client.last is not None:
            session.name = client.last.name
        return session


class ReopenLeaksAvatar(Faulty):
    """A session opened without an avatar URL has that of the session before."""

    breaks = ("reopen",)
    innocent = (*APART, "info-is-kept", "update-needs-session")

    def session(self, client: Client, info: Info | None, external_id: str | None) -> Session:
        """Fill in the old URL."""
        session = super().session(client, info, external_id)
        if session.avatar_url is None and client.last is not None:
            session.avatar_url = client.last.avatar_url
        return session


class ReopenLeaksExternalId(Faulty):
    """With key and secret, an external ID adopted once stays for later sessions."""

    breaks = ("reopen",)

    def external_id(self, client: Client, info: Info | None) -> str | None:
        """Fill in the old one."""
        external_id = super().external_id(client, info)
        if external_id is None and client.last is not None and client.credential.kind == "key-secret":
            return client.last.external_id
        return external_id


class StaysInConference(Faulty):
    """Closing the session does not leave the conference."""

    breaks = ("close-leaves-conference",)
    verdicts = ("conforms", "broken")

    def session(self, client: Client, info: Info | None, external_id: str | None) -> Session:
        """Come back to where one was."""
        session = super().session(client, info, external_id)
        if client.last is not None:
            session.conference = client.last.conference
        return session


class FailsToCloseInConference(Faulty):
    """A session cannot be closed while in a conference."""

    breaks = ("close-closes", "close-leaves-conference")

    def close(self, client: Client) -> Any:
        """Refuse."""
        if client.session is not None and client.session.conference is not None:
            raise Refusal("in-conference")
        return super().close(client)


# Asking -----------------------------------------------------------------------------------------------------


class IsOpenToggles(Faulty):
    """IsOpen gives the right answer and closes the session."""

    breaks = ("is-open-is-pure",)

    def is_open(self, client: Client) -> Any:
        """Tell, and close."""
        told = super().is_open(client)
        self.end(client)
        return told


class IsOpenClosesTheThirdTime(Faulty):
    """The session closes when isOpen was asked three times."""

    breaks = ("is-open-is-pure",)

    def is_open(self, client: Client) -> Any:
        """Count to three."""
        told = super().is_open(client)
        asked = client.notes["asked"] = client.notes.get("asked", 0) + (client.session is not None)
        if asked == 3:
            self.end(client)
        return told


class IsOpenThrows(Faulty):
    """IsOpen is an error where no session is open."""

    breaks = ("is-open-is-pure",)

    def is_open(self, client: Client) -> Any:
        """Throw instead of telling."""
        if client.session is None and client.credential.kind != "none":
            raise Refusal("session-not-open")
        return super().is_open(client)


class IsOpenAfterFailedOpen(Faulty):
    """IsOpen tells that somebody tried to open, not that it worked."""

    breaks = ("is-open-is-pure", "bad-token", "external-id-mismatch", "rejected-changes-nothing")
    innocent = ("sessions-are-apart", "concurrent-calls")

    def open(self, client: Client, info: Info | None) -> Any:
        """Raise the flag too soon."""
        client.notes["tried"] = True
        return super().open(client, info)

    def end(self, client: Client) -> None:
        """Lower the flag."""
        client.notes.pop("tried", None)
        super().end(client)

    def is_open(self, client: Client) -> Any:
        """Look at the flag."""
        return super().is_open(client) or "tried" in client.notes


class ShowsParticipantOfPreviousSession(Faulty):
    """The participant of the second session is that of the first."""

    breaks = ("participant-is-local", "reopen", "info-is-kept")

    def get_participant(self, client: Client) -> Any:
        """Show the old one."""
        if client.session is not None and client.last is not None:
            return self.show(client.last)
        return super().get_participant(client)


class ShowsSomebodyWithoutSession(Faulty):
    """Without a session there is a participant without a name."""

    breaks = ("participant-is-local",)
    innocent = ("sessions-are-apart", "token-refresh", "concurrent-calls")

    def no_participant(self, client: Client) -> Any:
        """Make somebody up."""
        return self.show(Session(None, None, client.credential.external_id, "nobody"))


class GetParticipantFails(Faulty):
    """GetParticipant is an error, with a session too."""

    breaks = ("participant-is-local", "open-opens")
    innocent = (*APART, "info-is-optional", "update-updates", "external-id-match")

    def get_participant(self, client: Client) -> Any:
        """Fail."""
        raise Refusal("session-not-open")


class GetParticipantChangesName(Faulty):
    """GetParticipant shows the right one, and leaves nobody's name behind."""

    breaks = ("participant-is-local", "info-is-kept", "update-updates", "open-opens")

    def get_participant(self, client: Client) -> Any:
        """Show it and spoil it."""
        shown = super().get_participant(client)
        if client.session is not None:
            client.session.name = None
        return shown


# Updating ---------------------------------------------------------------------------------------------------


class UpdateDoesNothing(Faulty):
    """An update succeeds and changes nothing."""

    breaks = ("update-updates",)

    def update(self, client: Client, name: str | None, avatar_url: str | None) -> Any:
        """Put back what was there."""
        if client.session is not None and client.credential.condition == "good":
            name, avatar_url = client.session.name, client.session.avatar_url
        return super().update(client, name, avatar_url)


class UpdateDropsAvatar(Faulty):
    """An update changes the name and loses the avatar URL."""

    breaks = ("update-updates",)

    def update(self, client: Client, name: str | None, avatar_url: str | None) -> Any:
        """Lose it."""
        return super().update(client, name, None)


class UpdateMerges(Faulty):
    """An update with null for something leaves that as it was."""

    breaks = ("update-updates",)
    needs = "complete"

    def update(self, client: Client, name: str | None, avatar_url: str | None) -> Any:
        """Fill in what is there."""
        there = client.session
        if there is not None:
            name = there.name if name is None else name
            avatar_url = there.avatar_url if avatar_url is None else avatar_url
        return super().update(client, name, avatar_url)


class UpdateSwaps(Faulty):
    """An update takes the name for the avatar URL."""

    breaks = ("update-updates",)

    def update(self, client: Client, name: str | None, avatar_url: str | None) -> Any:
        """Swap them."""
        return super().update(client, avatar_url, name)


class UpdateChangesExternalId(Faulty):
    """An update takes the name for the external ID as well."""

    breaks = ("update-updates", "external-id-from-token")

    def update(self, client: Client, name: str | None, avatar_url: str | None) -> Any:
        """Change too much."""
        value = super().update(client, name, avatar_url)
        if client.session is not None:
            client.session.external_id = name
        return value


class UpdateChangesId(Faulty):
    """An update makes a new participant."""

    breaks = ("update-updates", "same-id-same-participant")

    def update(self, client: Client, name: str | None, avatar_url: str | None) -> Any:
        """Change too much."""
        value = super().update(client, name, avatar_url)
        if client.session is not None:
            client.session.participant_id += "'"
        return value


class UpdateClosesSession(Faulty):
    """An update opens a new connection and forgets the session."""

    breaks = ("update-updates",)

    def update(self, client: Client, name: str | None, avatar_url: str | None) -> Any:
        """Update and close."""
        value = super().update(client, name, avatar_url)
        self.end(client)
        return value


class _StoresUpdate(Faulty):
    """What is updated without a session is shown by the next one."""

    breaks = ("update-needs-session", "rejected-changes-nothing")

    def update_closed(self, client: Client, name: str | None, avatar_url: str | None) -> Any:
        """Store it."""
        client.notes["stored"] = (name, avatar_url)
        return super().update_closed(client, name, avatar_url)

    def session(self, client: Client, info: Info | None, external_id: str | None) -> Session:
        """Show what was stored."""
        session = super().session(client, info, external_id)
        if "stored" in client.notes:
            session.name, session.avatar_url = client.notes.pop("stored")
        return session


class StoresIgnoredUpdate(_StoresUpdate):
    """An update without a session is accepted, and shown by the next session."""

    decides = deciding(update_while_closed="ignore")


class StoresRefusedUpdate(_StoresUpdate):
    """An update without a session is refused, and shown by the next session."""


class UpdatesWithoutScope(Faulty):
    """A token that may not update does."""

    breaks = ("update-needs-scope",)
    verdicts = ("conforms",)

    def check_scope(self, client: Client) -> None:
        """Do not look."""


class UpdatesThoughRefused(Faulty):
    """An update that the token does not allow is refused, and done."""

    breaks = ("rejected-changes-nothing", "update-needs-scope")

    def update(self, client: Client, name: str | None, avatar_url: str | None) -> Any:
        """Do it first."""
        if client.session is not None and client.credential.condition == "good":
            client.session.name, client.session.avatar_url = name, avatar_url
        return super().update(client, name, avatar_url)


# What a refused call leaves behind --------------------------------------------------------------------------


class LocksAfterRefusal(Faulty):
    """After any refused open, every other open is refused."""

    breaks = ("rejected-changes-nothing", "open-opens")
    innocent = ("sessions-are-apart", "token-refresh", "concurrent-calls")

    def open(self, client: Client, info: Info | None) -> Any:
        """Never recover."""
        if "locked" in client.notes:
            raise Refusal("session-already-open")
        client.notes["locked"] = True
        value = super().open(client, info)
        del client.notes["locked"]
        return value


class RefusedOpenChangesName(Faulty):
    """An open while open is refused, and changes the name."""

    breaks = ("rejected-changes-nothing",)

    def open_again(self, client: Client, info: Info | None) -> bool:
        """Take the name on the way out."""
        if client.session is not None and info is not None:
            client.session.name = info.get("name")
        return super().open_again(client, info)


class RefusedOpenCloses(Faulty):
    """An open while open is refused, and closes the session."""

    breaks = ("rejected-changes-nothing",)

    def open_again(self, client: Client, info: Info | None) -> bool:
        """Close on the way out."""
        self.end(client)
        return super().open_again(client, info)


class RefusedOpenLeavesName(Faulty):
    """The name given to an open that was refused is that of the next session without one."""

    breaks = ("rejected-changes-nothing", "external-id-mismatch")

    def open(self, client: Client, info: Info | None) -> Any:
        """Remember the refused information as the last."""
        try:
            return super().open(client, info)
        except Refusal:
            if client.session is None and info is not None:
                client.last = Session(info.get("name"), None, None, "")
            raise

    def session(self, client: Client, info: Info | None, external_id: str | None) -> Session:
        """Use what was refused."""
        session = super().session(client, info, external_id)
        if session.name is None and client.last is not None and client.last.participant_id == "":
            session.name = client.last.name
        return session


class RefusedReplacementCloses(Faulty):
    """Opening while open replaces the session; a mismatched one is refused when the old session is gone."""

    breaks = ("rejected-changes-nothing", "external-id-mismatch")
    decides = deciding(open_while_open="replace")

    def open_again(self, client: Client, info: Info | None) -> bool:
        """Close too soon."""
        self.end(client)
        return True


class RefusedSecondInitialiseTakesToken(Faulty):
    """A second initialisation is refused, and its token is used from then on."""

    breaks = ("rejected-changes-nothing", "external-id-from-token", "bad-token", "external-id-mismatch")
    innocent = ("sessions-are-apart", "concurrent-calls")
    decides = deciding(second_initialize="refuse")

    def initialise(self, client: Client, credential: Credential) -> Any:
        """Take it, and refuse."""
        was_held = client.credential.kind != "none"
        self.hold(client, credential)
        if was_held:
            raise Refusal("already-initialized")


# Credentials ------------------------------------------------------------------------------------------------


class _Accepting(Faulty):
    """A credential that is no good is as good as any."""

    breaks = ("bad-token",)
    innocent = ("sessions-are-apart", "concurrent-calls", "update-updates", "info-is-kept")
    accepted: ClassVar[str] = ""

    def check_credential(self, client: Client) -> None:
        """Do not look too closely."""
        if client.credential.kind == "none" or client.credential.condition != self.accepted:
            super().check_credential(client)


class AcceptsExpiredToken(_Accepting):
    """An expired token opens a session."""

    accepted = "expired"


class AcceptsForgedToken(_Accepting):
    """A forged token opens a session."""

    accepted = "forged"


class AcceptsForeignToken(_Accepting):
    """The token of another platform opens a session."""

    accepted = "foreign"


class AcceptsUnreadableToken(_Accepting):
    """What is no token opens a session."""

    accepted = "unreadable"


class AcceptsRevokedToken(_Accepting):
    """A revoked token opens a session."""

    accepted = "revoked"


class AcceptsRevocationTooLate(Faulty):
    """A token that was revoked after it opened a session opens another one."""

    breaks = ("bad-token",)
    innocent = ("sessions-are-apart", "concurrent-calls")

    def revoke(self, client: Client) -> None:
        """Forget it."""
        if client.last is None and client.session is None:
            super().revoke(client)


class AcceptsBadSecret(Faulty):
    """A wrong secret opens a session."""

    breaks = ("bad-token",)
    innocent = ("sessions-are-apart", "concurrent-calls")

    def check_credential(self, client: Client) -> None:
        """Look at tokens only."""
        if client.credential.kind != "key-secret":
            super().check_credential(client)


class OpensWithBadTokenThoughRefused(Faulty):
    """A bad token is refused, and there is a session."""

    breaks = ("bad-token", "rejected-changes-nothing")
    innocent = ("sessions-are-apart", "concurrent-calls", "is-open-is-pure")

    def check_credential(self, client: Client) -> None:
        """Open on the way out."""
        if client.session is None and client.credential.condition != "good":
            client.session = self.session(client, {}, client.credential.external_id)
        super().check_credential(client)


class NamesMismatchAsExpired(Faulty):
    """A mismatch is refused as if the token had expired."""

    breaks = ("external-id-mismatch",)

    def external_id(self, client: Client, info: Info | None) -> str | None:
        """Say the wrong thing."""
        try:
            return super().external_id(client, info)
        except Refusal as refusal:
            raise Refusal("token-expired") from refusal


class NamesBadTokenAsMismatch(Faulty):
    """A token that is no good is refused as if the external ID were wrong."""

    breaks = ("bad-token",)
    innocent = ("sessions-are-apart", "concurrent-calls")

    def check_credential(self, client: Client) -> None:
        """Say the wrong thing."""
        if client.credential.condition in {"forged", "expired"}:
            raise Refusal("external-id-mismatch")
        super().check_credential(client)


# Refresh ----------------------------------------------------------------------------------------------------


class _Forgetful(Faulty):
    """Does not ask for a fresh token at one of the points."""

    breaks = ("token-refresh",)
    innocent = ("sessions-are-apart", "concurrent-calls", "info-is-kept", "open-before-use")
    forgotten: ClassVar[frozenset[int]] = frozenset()

    async def fresh_token(self, client: Client) -> bool:
        """Ask at some points only."""
        return client.points_passed not in self.forgotten and await super().fresh_token(client)


class ForgetsToAskAtHalf(_Forgetful):
    """No token is asked for at half of the old one's life."""

    forgotten = frozenset({1})


class ForgetsToAskAtThreeQuarters(_Forgetful):
    """No token is asked for at three quarters of the old one's life."""

    forgotten = frozenset({2})


class ForgetsToAskAtExpiry(_Forgetful):
    """No token is asked for when the old one expires."""

    forgotten = frozenset({3})


class NeverAsks(_Forgetful):
    """No token is ever asked for, though it says so."""

    forgotten = frozenset({1, 2, 3})


class AsksOnlyForTheFirstToken(_Forgetful):
    """A token that was refreshed once is never refreshed again."""

    async def fresh_token(self, client: Client) -> bool:
        """Ask once."""
        if "renewed" in client.notes or not await super().fresh_token(client):
            return False
        client.notes["renewed"] = True
        return True


class AsksOnlyWithSession(_Forgetful):
    """A token is asked for only while a session is open."""

    async def fresh_token(self, client: Client) -> bool:
        """Do not bother without a session."""
        return client.session is not None and await super().fresh_token(client)


class UsesSecondCallback(Faulty):
    """After a second initialisation a token is asked for through the second callback."""

    breaks = ("token-refresh",)
    innocent = ("sessions-are-apart", "concurrent-calls")

    def hold(self, client: Client, credential: Credential) -> None:
        """Replace the callback too."""
        if client.credential.kind != "none":
            client.callback = "second"
        super().hold(client, credential)


class IgnoresFreshToken(Faulty):
    """A fresh token is asked for and not used."""

    breaks = ("token-refresh",)
    innocent = ("sessions-are-apart", "concurrent-calls")

    async def fresh_token(self, client: Client) -> bool:
        """Ask for it and throw it away."""
        await super().fresh_token(client)
        return False


class KeepsScopeOfBefore(Faulty):
    """A client that is initialised again may do what it could with its first token, and nothing else."""

    breaks = ("initialize-first",)
    only = (*breaks, "update-needs-scope")
    innocent = ()
    needs = "complete"

    def hold(self, client: Client, credential: Credential) -> None:
        """Keep the scope."""
        before = client.credential
        super().hold(client, credential)
        if before.kind == "token":
            client.credential.may_update = before.may_update


class RefreshTakesScope(Faulty):
    """A fresh token may no longer update, whatever the first one could."""

    breaks = ("token-refresh",)
    only = (*breaks, "update-updates")
    innocent = ()
    needs = "explore"

    def renew(self, client: Client) -> None:
        """Without the scope."""
        super().renew(client)
        client.credential.may_update = False


class RefreshGivesScope(Faulty):
    """A fresh token may update, though the first one could not."""

    breaks = ("update-needs-scope",)
    innocent = ()
    needs = "explore"
    verdicts = ("conforms",)

    def renew(self, client: Client) -> None:
        """With the scope."""
        super().renew(client)
        client.credential.may_update = True


class RefreshUndoesUpdate(Faulty):
    """With a fresh token the participant is called again what it was called when the session was opened."""

    breaks = ("token-refresh", "update-updates")
    innocent = ()
    needs = "explore"

    def session(self, client: Client, info: Info | None, external_id: str | None) -> Session:
        """Remember the name."""
        opened = super().session(client, info, external_id)
        client.notes["name"] = opened.name
        return opened

    def renew(self, client: Client) -> None:
        """And go back to it."""
        super().renew(client)
        if client.session is not None:
            client.session.name = client.notes["name"]


class ReopenAfterRefreshLeaksName(Faulty):
    """Once there was a fresh token, a session without information has the name of the one before."""

    breaks = ("token-refresh", "reopen")
    innocent = ()
    needs = "explore"

    def session(self, client: Client, info: Info | None, external_id: str | None) -> Session:
        """Take the old name."""
        opened = super().session(client, info, external_id)
        if info is None and client.last is not None and client.notes.get("renewed"):
            opened.name = client.last.name
        return opened

    def renew(self, client: Client) -> None:
        """Remember."""
        super().renew(client)
        client.notes["renewed"] = True


class RefreshCloses(Faulty):
    """A fresh token ends the session."""

    breaks = ("token-refresh", "open-opens", "is-open-is-pure", "open-before-use")
    innocent = ("sessions-are-apart", "concurrent-calls")

    def renew(self, client: Client) -> None:
        """Use it and start again."""
        super().renew(client)
        self.end(client)


# What the platform does -------------------------------------------------------------------------------------


class NeverLearnsOfItsEnd(Faulty):
    """A session that the platform closed stays open for the client."""

    breaks = ("open-before-use", "is-open-is-pure", "participant-is-local", "reopen", "open-opens")
    innocent = ("token-refresh", "concurrent-calls", "info-is-kept", "close-closes")

    def lose(self, client: Client) -> None:
        """Do not notice."""


class NeverReopensAfterItsEnd(Faulty):
    """After the platform closed a session no other can be opened."""

    breaks = ("open-opens", "reopen")
    innocent = ("token-refresh", "concurrent-calls", "info-is-kept")

    def lose(self, client: Client) -> None:
        """Leave something in the way."""
        super().lose(client)
        client.notes["lost"] = True

    def open(self, client: Client, info: Info | None) -> Any:
        """Stumble over it."""
        if "lost" in client.notes:
            raise Refusal("session-already-open")
        return super().open(client, info)


# Two clients ------------------------------------------------------------------------------------------------


class _Mixing(Faulty):
    """Clients are not apart."""

    breaks: ClassVar[Words] = ("sessions-are-apart",)
    innocent = ("token-refresh", "bad-token", "concurrent-calls")

    def others(self, client: Client) -> list[Client]:
        """The other clients that have a session."""
        return [other for other in self.clients.values() if other is not client and other.session is not None]


class CloseClosesAll(_Mixing):
    """One client's close closes every session."""

    def close(self, client: Client) -> Any:
        """Close them all."""
        for other in self.others(client):
            self.end(other)
        return super().close(client)


class PlatformClosesByExternalId(_Mixing):
    """The platform closes the session of whoever has the external ID, and not that of one client."""

    needs = "explore"

    def lose(self, client: Client) -> None:
        """Look who has it."""
        if client.session is not None:
            for other in self.others(client):
                if other.session is not None and other.session.external_id == client.session.external_id:
                    super().lose(other)
        super().lose(client)


class OpenClosesOthers(_Mixing):
    """One client's open ends the sessions of all others."""

    def session(self, client: Client, info: Info | None, external_id: str | None) -> Session:
        """There is only one."""
        for other in self.others(client):
            self.end(other)
        return super().session(client, info, external_id)


class IsOpenOfAnybody(_Mixing):
    """IsOpen tells whether any client has a session."""

    breaks = ("sessions-are-apart", "is-open-is-pure")

    def is_open(self, client: Client) -> Any:
        """Look at all of them."""
        return super().is_open(client) or bool(self.others(client))


class ShowsParticipantOfAnother(_Mixing):
    """With two sessions open, both clients see the participant of the other."""

    breaks = ("sessions-are-apart", "participant-is-local", "info-is-kept", "external-id-from-token")

    def get_participant(self, client: Client) -> Any:
        """Show the wrong one."""
        for other in self.others(client):
            if client.session is not None and other.session is not None:
                return self.show(other.session)
        return super().get_participant(client)


class ShowsParticipantOfAnotherWithoutSession(_Mixing):
    """A client without a session sees the participant of one that has one."""

    breaks = ("sessions-are-apart", "participant-is-local")

    def no_participant(self, client: Client) -> Any:
        """Show somebody else."""
        for other in self.others(client):
            if other.session is not None:
                return self.show(other.session)
        return super().no_participant(client)


class UpdatesAll(_Mixing):
    """An update changes the participants of all clients."""

    def update(self, client: Client, name: str | None, avatar_url: str | None) -> Any:
        """Change them all."""
        value = super().update(client, name, avatar_url)
        for other in self.others(client):
            if other.session is not None:
                other.session.name = name
        return value


class GateIsOpenForAll(_Mixing):
    """One client's session opens the gate for all."""

    breaks = ("sessions-are-apart", "open-before-use")

    def gate(self, client: Client, service: str, method: str) -> None:
        """Look at all of them."""
        if client.session is not None or not self.others(client):
            super().gate(client, service, method)


class EvictsThoughItSaysNot(_Mixing):
    """The second session with one external ID ends the first, and it declares that both live on."""

    breaks = ("sessions-are-apart", "same-id-same-participant")

    def meet_twin(self, other: Client) -> None:
        """Evict."""
        self.lose(other)


# Declarations -----------------------------------------------------------------------------------------------


class _Contradicting(Faulty):
    """Decides other than it says."""

    says: ClassVar[dict[str, str]] = {}

    async def initialize(self, params: Json) -> Json:
        """Say something else."""
        handshake = await super().initialize(params)
        return {**handshake, "choices": {**handshake["choices"], **self.says}}


class SaysRefusesButKeeps(_Contradicting):
    """It says that opening while open is refused, and keeps the session."""

    breaks = ("rejected-changes-nothing",)
    decides = deciding(open_while_open="keep")
    says: ClassVar[dict[str, str]] = {"open-while-open": "refuse"}


class SaysKeepsButReplaces(_Contradicting):
    """It says that opening while open keeps the session, and replaces it."""

    breaks = ("rejected-changes-nothing",)
    decides = deciding(open_while_open="replace")
    says: ClassVar[dict[str, str]] = {"open-while-open": "keep"}


class SaysKeepsButRefuses(_Contradicting):
    """It says that the session is kept when it is opened again, and refuses. An empty external ID has nothing to do with it."""

    breaks = ("rejected-changes-nothing",)
    innocent = ("external-id-mismatch", "external-id-match")
    decides = deciding(open_while_open="refuse")
    says: ClassVar[dict[str, str]] = {"open-while-open": "keep"}


class SaysErrorButGivesNull(_Contradicting):
    """It says that the participant of no session is an error, and gives null."""

    breaks = ("participant-is-local",)
    decides = deciding(no_participant="null")
    says: ClassVar[dict[str, str]] = {"no-participant": "error"}


class SaysFreshButReuses(_Contradicting):
    """It says that nothing of the closed session is used, and uses its information."""

    breaks = ("reopen", "info-is-optional")
    decides = deciding(open_without_info="reuse")
    says: ClassVar[dict[str, str]] = {"open-without-info": "fresh"}


class SaysAcceptsButRefusesClose(_Contradicting):
    """It says that closing nothing is accepted, and refuses it."""

    breaks = ("close-closes", "rejected-changes-nothing")
    decides = deciding(close_while_closed="refuse")
    says: ClassVar[dict[str, str]] = {"close-while-closed": "accept"}


class AnswersEveryOtherClose(Faulty):
    """Closing nothing is refused the first time, accepted the second, and so on."""

    breaks = ("close-closes", "rejected-changes-nothing")
    needs = "complete"
    extra = 1
    undeclared = frozenset({"close-while-closed"})

    def close_again(self, client: Client) -> Any:
        """Take turns."""
        refused = client.notes["refused"] = not client.notes.get("refused", False)
        if refused:
            raise Refusal("session-not-open")


# The floor --------------------------------------------------------------------------------------------------


class RefusesEverything(Faulty):
    """Every call is refused, and nobody says why."""

    breaks = ("open-opens", "info-is-optional", "is-open-is-pure")
    innocent = ("bad-token", "open-before-use", "concurrent-calls")

    async def answer(self, client: Client, operation: str, arguments: Json) -> Any:
        """Refuse."""
        raise Refusal(None)


class AcceptsEverything(Faulty):
    """Every call succeeds, whatever it is, and the session is always open."""

    breaks = ("open-before-use", "bad-token", "external-id-mismatch", "close-closes")
    innocent = ("concurrent-calls",)

    async def answer(self, client: Client, operation: str, arguments: Json) -> Any:
        """Accept."""
        somebody = Session(None, None, client.credential.external_id, "somebody")
        return {"isOpen": True, "getParticipant": self.show(somebody)}.get(operation, {"ok": True})


class HasNoUseThoughItSaysSo(Faulty):
    """It declares that it has services, and answers that it has none."""

    breaks = ("open-before-use", "open-opens")
    innocent = ("sessions-are-apart", "token-refresh", "concurrent-calls")

    async def call(self, params: Json) -> Json:
        """Say that there is nothing."""
        if params["operation"] == "use":
            return {"outcome": "unsupported", "reason": "services come in the next version"}
        return await super().call(params)


# Overlapping calls ------------------------------------------------------------------------------------------


class _Racing(Faulty):
    """Looks first and acts later, and somebody else acts in between."""

    breaks: ClassVar[Words] = ("concurrent-calls",)
    innocent = ()
    needs = "concurrent"
    capabilities = capable(concurrency=4)

    async def pause(self) -> None:
        """Let others go first."""
        for _ in range(3):
            await asyncio.sleep(0)


class OpensTwiceInRace(_Racing):
    """Two overlapping opens both succeed, though it says that the second is refused."""

    async def answer(self, client: Client, operation: str, arguments: Json) -> Any:
        """Look, wait, and open."""
        if operation != "open" or client.session is not None:
            return await super().answer(client, operation, arguments)
        self.check_credential(client)
        external_id = self.external_id(client, arguments.get("info"))
        await self.pause()
        client.session = self.session(client, arguments.get("info"), external_id)
        return None


class ClosesTwiceInRace(_Racing):
    """Two overlapping closes both succeed, though it says that the second is refused."""

    decides = deciding(close_while_closed="refuse")

    async def answer(self, client: Client, operation: str, arguments: Json) -> Any:
        """Look, wait, and close."""
        if operation != "close" or client.session is None:
            return await super().answer(client, operation, arguments)
        await self.pause()
        self.end(client)
        return None


class CloseIsUndoneInRace(_Racing):
    """A close that overlaps an update succeeds, and the update brings the old session back."""

    async def answer(self, client: Client, operation: str, arguments: Json) -> Any:
        """Remember the session, wait, and put it back."""
        session = client.session
        if operation != "updateParticipantInfo" or session is None:
            return await super().answer(client, operation, arguments)
        self.check_credential(client)
        self.check_scope(client)
        await self.pause()
        session.name, session.avatar_url = arguments.get("name"), arguments.get("avatarUrl")
        client.session = session
        return None


class ShowsHalfAParticipantInRace(_Racing):
    """A getParticipant that overlaps an open sees a participant whose name is not there yet."""

    async def answer(self, client: Client, operation: str, arguments: Json) -> Any:
        """Open, wait, and only then fill in the name."""
        info = arguments.get("info") or {}
        if operation != "open" or client.session is not None or not info.get("name"):
            return await super().answer(client, operation, arguments)
        self.open(client, {**info, "name": None})
        opened = self.opened(client)
        await self.pause()
        opened.name = info["name"]
        return None

    def opened(self, client: Client) -> Session:
        """The session that there is now."""
        assert client.session is not None
        return client.session


class _Crowded(_Racing):
    """Counts the calls of a client that are inside."""

    async def answer(self, client: Client, operation: str, arguments: Json) -> Any:
        """Go in, wait, and do what such a crowd comes to."""
        client.notes["inside"] = client.notes.get("inside", 0) + 1
        try:
            await self.pause()
            return await self.among(client.notes["inside"], client, operation, arguments)
        finally:
            client.notes["inside"] -= 1

    async def among(self, inside: int, client: Client, operation: str, arguments: Json) -> Any:
        """What a call comes to, so many being inside."""
        return await super().answer(client, operation, arguments)


class MismatchOpensInRace(_Crowded):
    """A refused open that overlaps an update leaves a session: what it was given is looked at too late."""

    async def among(self, inside: int, client: Client, operation: str, arguments: Json) -> Any:
        """Forget to look when there are two."""
        if operation == "open" and inside > 1 and client.session is None:
            self.check_credential(client)
            client.session = self.session(client, arguments.get("info"), client.credential.external_id)
            return None
        return await super().among(inside, client, operation, arguments)


class LooksAtWhoeverCameLastInRace(_Racing):
    """Who asks is remembered in one place: of two clients that ask at once, both are shown the same participant."""

    breaks = ("concurrent-calls", "sessions-are-apart")
    asking: Client | None = None

    async def answer(self, client: Client, operation: str, arguments: Json) -> Any:
        """Remember who asks, and wait."""
        if operation != "getParticipant":
            return await super().answer(client, operation, arguments)
        self.asking = client
        await self.pause()
        return await super().answer(self.asking, operation, arguments)


class NeedsFourInRace(_Crowded):
    """The fourth of four calls that overlap is refused, since there is room for three."""

    async def among(self, inside: int, client: Client, operation: str, arguments: Json) -> Any:
        """Refuse when there are too many."""
        if inside > 3:
            raise Refusal("not-initialized")
        return await super().among(inside, client, operation, arguments)


class MixesClientsInRace(_Racing):
    """Two clients that call at once are taken for the one that came last."""

    breaks = ("concurrent-calls",)

    async def answer(self, client: Client, operation: str, arguments: Json) -> Any:
        """Remember whose turn it is, wait, and believe that."""
        self.turn = client
        await self.pause()
        return await super().answer(self.turn, operation, arguments)


# What an outsider's implementations had, and nobody found -----------------------------------------------------


class _Found(Faulty):
    """What none of these has anything to do with."""

    innocent: ClassVar[Words] = (*APART, "open-before-use", "is-open-is-pure", "close-leaves-conference")


class ForgetsWhoItIsForNothing(_Found):
    """An update that gives nothing for both takes the external ID with it."""

    breaks = ("update-updates", "external-id-from-token")
    needs = "explore"

    def update(self, client: Client, name: str | None, avatar_url: str | None) -> Any:
        """As it should be, and then too much."""
        value = super().update(client, name, avatar_url)
        if client.session is not None and name is None and avatar_url is None:
            client.session.external_id = None
        return value


class KeepsExternalIdForKeyAndSecret(_Found):
    """Who is initialised with key and secret after a token goes by that token's external ID."""

    breaks = ("initialize-first",)
    only = breaks
    needs = "explore"

    def external_id(self, client: Client, info: Info | None) -> str | None:
        """Its own, or else the one before."""
        own = super().external_id(client, info)
        return own if client.credential.kind == "token" else own or client.notes.get("before")

    def hold(self, client: Client, credential: Credential) -> None:
        """Remember what was held."""
        client.notes["before"] = client.credential.external_id
        super().hold(client, credential)


class TakesANumberForTheNameBefore(_Found):
    """An update with a name that is the same number as the one that is there (007 for 7) leaves that."""

    breaks = ("update-updates",)
    only = breaks
    needs = "explore"

    def update(self, client: Client, name: str | None, avatar_url: str | None) -> Any:
        """Compared as numbers, where both are."""
        known = None if client.session is None else client.session.name
        same = known and name and known.isdecimal() and name.isdecimal() and int(known) == int(name)
        return super().update(client, known if same else name, avatar_url)


class TakesTheNameOfBeforeForThisOne(_Found):
    """Who opens with a name that begins as the last one did (64 characters) has the last one."""

    breaks = ("reopen", "info-is-kept")
    needs = "explore"

    def open(self, client: Client, info: Info | None) -> Any:
        """As it should be, but for the name."""
        value = super().open(client, info)
        last = client.notes.get("last")
        if client.session is not None and client.session.name:
            if last and last != client.session.name and len(last) >= 64 and last[:64] == client.session.name[:64]:
                client.session.name = last
            client.notes["last"] = client.session.name
        return value


class FoldsParticipantIds(_Found):
    """Two external IDs that differ in case alone are one participant."""

    breaks = ("participants-differ",)
    needs = "explore"
    verdicts = ("conforms",)

    def show(self, session: Session) -> Json:
        """The external ID in small letters is the participant's ID."""
        shown = super().show(session)
        return shown if session.external_id is None else {**shown, "id": session.external_id.casefold()}


class ShowsAnOldNameInEveryTenth(_Found):
    """Every tenth session shows the name that was given first."""

    breaks = ("reopen", "info-is-kept")
    needs = "explore"

    def open(self, client: Client, info: Info | None) -> Any:
        """As it should be, but for the tenth."""
        value = super().open(client, info)
        client.notes["opened"] = client.notes.get("opened", 0) + 1
        if client.session is not None and client.session.name:
            first = client.notes.setdefault("first", client.session.name)
            if client.notes["opened"] % 10 == 1:
                client.session.name = first
        return value


class StopsTimersWhenItCloses(_Found):
    """A close, be there a session or not, ends the asking for fresh tokens: a fault of that alone."""

    breaks = ("token-refresh",)
    needs = "complete"
    innocent = ("rejected-changes-nothing", "sessions-are-apart", "bad-token", "open-opens", "close-closes")

    def close(self, client: Client) -> Any:
        """As it should be, and then too much."""
        value = super().close(client)
        client.points_passed = len(tuple(self.points(client)))
        return value


class SaysTokenInvalidForAMismatch(_Found):
    """A wrong code, and nothing that another client has to do with."""

    breaks = ("external-id-mismatch",)
    needs = "complete"

    def external_id(self, client: Client, info: Info | None) -> str | None:
        """Refused, as it should be, for another reason."""
        try:
            return super().external_id(client, info)
        except Refusal as refusal:
            raise Refusal("token-invalid" if refusal.code == "external-id-mismatch" else refusal.code) from None


class EndsSessionWhenItRefusesToBeginAgain(_Found):
    """A second initialisation is refused, and ends the session all the same."""

    decides = deciding(second_initialize="refuse")
    breaks = ("rejected-changes-nothing",)
    needs = "complete"
    innocent = (*APART, "open-opens", "close-closes", "initialize-first")

    def initialise(self, client: Client, credential: Credential) -> Any:
        """Refused, as it should be, but not without consequences."""
        try:
            return super().initialise(client, credential)
        except Refusal:
            self.end(client)
            raise


# What an outsider's implementations had, and was put down to too much -----------------------------------------


class ValidatesTokenOnce(Faulty):
    """A token that was good once is good for ever."""

    breaks = ("bad-token",)
    only = breaks
    innocent = ()

    def check_credential(self, client: Client) -> None:
        """Look at each credential until it is good."""
        if client.notes.get("valid") is not client.credential:
            super().check_credential(client)
            client.notes["valid"] = client.credential


class LastParticipantStays(Faulty):
    """Who has closed the session is still shown as he was in it."""

    breaks = ("close-closes", "participant-is-local")
    only = breaks
    needs = "explore"

    def get_participant(self, client: Client) -> Any:
        """That of the session, or of the last one."""
        session = client.session or client.last
        return self.no_participant(client) if session is None else self.show(session)


class FirstScopesStay(Faulty):
    """A second initialisation changes all but what the client may do."""

    breaks = ("initialize-first",)
    only = (*breaks, "update-needs-scope")
    needs = "complete"
    innocent = ()

    def initialise(self, client: Client, credential: Credential) -> Any:
        """Keep the scopes."""
        if client.credential.kind != "none":
            credential.may_update = client.credential.may_update
        return super().initialise(client, credential)


class RefreshEndsSession(Faulty):
    """A fresh token ends the session that was opened with the old one."""

    breaks = ("token-refresh",)
    only = breaks
    innocent = ()

    def renew(self, client: Client) -> None:
        """And begin again."""
        super().renew(client)
        self.end(client)


class ScopeSaysSession(Faulty):
    """An update without the scope is refused as if there were no session."""

    breaks = ("update-needs-scope",)
    only = breaks
    verdicts = ("conforms",)

    def check_scope(self, client: Client) -> None:
        """Say the wrong thing."""
        if not client.credential.may_update:
            raise Refusal("session-not-open")


class SecondSeesFirst(Faulty):
    """A client in session is shown the participant of the first client, if that one is, too."""

    breaks = ("sessions-are-apart",)
    only = breaks
    innocent = ()

    def get_participant(self, client: Client) -> Any:
        """That of the first."""
        first = next(iter(self.clients.values()))
        return super().get_participant(first if client.session is not None and first.session is not None else client)


class ExpiredTokenReplaces(Faulty):
    """In a session, `open` with an expired token opens another one in its place."""

    breaks = ("bad-token",)
    only = breaks
    innocent = ()
    needs = "complete"

    def open(self, client: Client, info: Info | None) -> Any:
        """Do not look at the token if there is a session."""
        if client.session is None or client.credential.condition != "expired":
            return super().open(client, info)
        client.session = self.session(client, info, client.credential.external_id)
        return None


class ExpiredTokenReplacesWhatIsKept(ExpiredTokenReplaces):
    """The same of one that keeps a session which is open already, so that the answer alone is no fault."""

    decides = deciding(open_while_open="keep")


class ExpiredTokenReplacesAndSaysNothing(ExpiredTokenReplaces):
    """The same of one that does not say what becomes of a session which is open already."""

    undeclared = frozenset({"open-while-open"})


class RefusesEmptyExternalId(Faulty):
    """An empty external ID is as good as none, it says, and refuses it as if the token were no good."""

    breaks = ("open-opens",)
    only = breaks

    def external_id(self, client: Client, info: Info | None) -> str | None:
        """Refuse it."""
        if info is not None and info.get("externalId") == "":
            raise Refusal("token-invalid")
        return super().external_id(client, info)


class RefusesEmptyExternalIdAndSaysNothing(RefusesEmptyExternalId):
    """The same of one that does not say what an empty external ID is."""

    undeclared = frozenset({"empty-external-id"})


class AdoptsEmptyExternalId(Faulty):
    """An empty external ID takes the place of the token's."""

    breaks = ("external-id-from-token",)
    only = breaks

    def external_id(self, client: Client, info: Info | None) -> str | None:
        """Take it."""
        return "" if info is not None and info.get("externalId") == "" else super().external_id(client, info)


class OpensNothingForEmptyExternalId(Faulty):
    """With an empty external ID `open` is answered, and does nothing."""

    breaks = ("open-opens",)
    only = breaks
    needs = "complete"

    def open(self, client: Client, info: Info | None) -> Any:
        """Do nothing, if there is nothing to complain of."""
        if info is None or info.get("externalId") != "" or client.session is not None:
            return super().open(client, info)
        self.check_credential(client)
        return None


# What another outsider's had, and was put down to a call before -----------------------------------------------


class CloseForgetsAfterUpdate(Faulty):
    """Once the participant was updated, the next close does nothing."""

    breaks = ("close-closes",)
    only = breaks

    def update(self, client: Client, name: str | None, avatar_url: str | None) -> Any:
        """Remember it."""
        done = super().update(client, name, avatar_url)
        client.notes["stays"] = client.session is not None
        return done

    def end(self, client: Client) -> None:
        """Once not."""
        if not client.notes.pop("stays", False):
            super().end(client)


class CloseForgetsAfterRefusedOpen(Faulty):
    """Once a second open was refused, the next close does nothing."""

    breaks = ("close-closes",)
    only = breaks

    def open(self, client: Client, info: Info | None) -> Any:
        """Remember it."""
        client.notes["stays"] = client.session is not None
        return super().open(client, info)

    def end(self, client: Client) -> None:
        """Once not."""
        if not client.notes.pop("stays", False):
            super().end(client)


class GateIsOpenAfterRefusedUpdate(Faulty):
    """Services answer once an update was refused for want of a session, and there is still none."""

    breaks = ("open-before-use",)
    only = breaks

    def update(self, client: Client, name: str | None, avatar_url: str | None) -> Any:
        """Remember it."""
        client.notes["leaks"] = client.session is None
        return super().update(client, name, avatar_url)

    def gate(self, client: Client, service: str, method: str) -> None:
        """Refuse before that only."""
        if not client.notes.get("leaks") or client.credential.kind == "none":
            super().gate(client, service, method)


class RefusedParticipantOpens(Faulty):
    """To ask for a participant without a session is refused, and opens one."""

    breaks = ("rejected-changes-nothing",)
    only = breaks

    def get_participant(self, client: Client) -> Any:
        """Open it behind the refusal."""
        try:
            return super().get_participant(client)
        except Refusal:
            if client.credential.kind != "none" and client.credential.condition == "good":
                client.session = self.session(client, None, client.credential.external_id)
            raise


class OpensOnlyOnce(Faulty):
    """Whoever has had a session is told that one is open already, and isOpen says that none is."""

    breaks = ("open-opens", "reopen")
    only = (*breaks, "info-is-optional")

    def open(self, client: Client, info: Info | None) -> Any:
        """Once."""
        if client.session is None and client.last is not None and client.credential.condition == "good":
            raise Refusal("session-already-open")
        return super().open(client, info)


class SaysSessionNotOpenForMismatch(Faulty):
    """Another external ID is refused, for a reason that is none."""

    breaks = ("external-id-mismatch",)
    only = breaks

    def external_id(self, client: Client, info: Info | None) -> str | None:
        """Refuse it."""
        try:
            return super().external_id(client, info)
        except Refusal:
            if client.credential.external_id is not None:
                raise Refusal("session-not-open") from None
            raise


class IsOpenAfterRefusedOpen(Faulty):
    """isOpen is true after an open that was refused; getParticipant says rightly that there is nobody."""

    breaks = ("is-open-is-pure",)
    only = breaks

    def open(self, client: Client, info: Info | None) -> Any:
        """Remember whether it was refused."""
        client.notes["said"] = client.credential.condition == "good"
        done = super().open(client, info)
        client.notes["said"] = False
        return done

    def is_open(self, client: Client) -> Any:
        """Say so."""
        return super().is_open(client) or bool(client.notes.get("said") and client.credential.kind != "none")


class KnowsOnlyTheStar(Faulty):
    """Whoever may do everything may update; whose token says `session:update` may not."""

    breaks = ("update-updates",)
    only = breaks

    def check_scope(self, client: Client) -> None:
        """Look for the star alone."""
        if "*" not in client.credential.scopes:
            raise Refusal("scope-missing")


class KnowsOnlyOneScope(Faulty):
    """Whose token says `session:update` among others may not update."""

    breaks = ("update-updates",)
    only = breaks

    def check_scope(self, client: Client) -> None:
        """Compare the whole list."""
        if client.credential.scopes not in (("*",), ("session:update",)):
            raise Refusal("scope-missing")


class OneMethodAnswersAfterRefusedOpen(Faulty):
    """One method of the services answers without a session, once an open was refused."""

    breaks = ("open-before-use",)
    only = breaks
    needs = "complete"

    def open(self, client: Client, info: Info | None) -> Any:
        """Remember that it was refused."""
        try:
            return super().open(client, info)
        except Refusal:
            client.notes["leaks"] = True
            raise

    def gate(self, client: Client, service: str, method: str) -> None:
        """Let that method pass."""
        leaks = client.notes.get("leaks") and client.credential.kind != "none" and client.credential.condition == "good"
        if not (leaks and (service, method) == ("command", "send")):
            super().gate(client, service, method)


# What is left behind by a call that was to leave it alone, and shows only in a later one ------------------------


class RefusedSecondInitialiseTakesScopes(Faulty):
    """A second initialisation is refused, and what its token permits is permitted from then on."""

    breaks = ("rejected-changes-nothing",)
    only = (*breaks, "update-updates")
    needs = "complete"
    extra = 1
    decides = deciding(second_initialize="refuse")

    def initialise(self, client: Client, credential: Credential) -> Any:
        """Take what it permits, and refuse."""
        try:
            return super().initialise(client, credential)
        except Refusal:
            client.credential.may_update = credential.may_update
            raise


class IgnoresScopesAndRefusesSecondInitialise(Faulty):
    """A token that may not update does, whatever was refused before."""

    breaks = ("update-needs-scope",)
    only = breaks
    needs = "complete"
    verdicts = ("conforms",)
    decides = deciding(second_initialize="refuse")

    def check_scope(self, client: Client) -> None:
        """Do not look."""


class _DropsNextName(Faulty):
    """After some call, the next session that is opened has no name."""

    def session(self, client: Client, info: Info | None, external_id: str | None) -> Session:
        """Drop it once."""
        opened = super().session(client, info, external_id)
        if client.notes.pop("nameless", False):
            opened.name = None
        return opened


class RefusedUpdateDropsNextName(_DropsNextName):
    """An update that was refused takes the name of the next session away."""

    breaks = ("rejected-changes-nothing", "update-needs-session")
    only = breaks

    def update(self, client: Client, name: str | None, avatar_url: str | None) -> Any:
        """Remember that it was refused."""
        client.notes["nameless"] = client.session is None
        return super().update(client, name, avatar_url)


class MismatchDropsNextName(_DropsNextName):
    """Another external ID, which was refused, takes the name of the next session away."""

    breaks = ("rejected-changes-nothing",)
    only = breaks

    def external_id(self, client: Client, info: Info | None) -> str | None:
        """Remember that it was refused."""
        try:
            return super().external_id(client, info)
        except Refusal:
            client.notes["nameless"] = True
            raise


class RefusedParticipantDropsNextName(_DropsNextName):
    """To ask for a participant without a session takes the name of the next one away."""

    breaks = ("rejected-changes-nothing", "participant-is-local")
    only = breaks

    def no_participant(self, client: Client) -> Any:
        """Remember it."""
        client.notes["nameless"] = True
        return super().no_participant(client)


class RefusedServiceDropsNextName(_DropsNextName):
    """A service that was refused takes the name of the next session away."""

    breaks = ("open-before-use",)
    only = breaks
    needs = "complete"
    extra = 1

    def gate(self, client: Client, service: str, method: str) -> None:
        """Remember that it was refused."""
        client.notes["nameless"] = client.session is None
        super().gate(client, service, method)


class _Reinitialising(Faulty):
    """A second initialisation does something to what was there."""

    breaks = ("initialize-first",)
    only = breaks

    def hold(self, client: Client, credential: Credential) -> None:
        """The credential is taken, and then this is done."""
        held = client.credential
        super().hold(client, credential)
        self.again(client, held)

    def again(self, client: Client, held: Credential) -> None:
        """What is done; `held` was held before."""


class SecondInitialiseDropsName(_Reinitialising):
    """A second initialisation takes the participant's name away, and leaves the rest."""

    def again(self, client: Client, held: Credential) -> None:
        """Whoever he is."""
        if client.session is not None:
            client.session.name = None


class SecondInitialiseSetsAvatar(_Reinitialising):
    """A second initialisation gives the participant another picture."""

    def again(self, client: Client, held: Credential) -> None:
        """Whoever he is."""
        if client.session is not None:
            client.session.avatar_url = "https://pictures.example/again.png"


class SecondInitialiseDropsNameAndAvatar(_Reinitialising):
    """A second initialisation takes all away that the participant said of himself."""

    def again(self, client: Client, held: Credential) -> None:
        """Whoever he is."""
        if client.session is not None:
            client.session.name = client.session.avatar_url = None


class SecondInitialiseDropsExternalId(_Reinitialising):
    """Of a second token the external ID is lost."""

    def again(self, client: Client, held: Credential) -> None:
        """If it is the second."""
        if held.kind != "none":
            client.credential.external_id = None


class SecondInitialiseKeepsExternalId(_Reinitialising):
    """The external ID of the first token stays."""

    def again(self, client: Client, held: Credential) -> None:
        """If it was a token."""
        if held.kind == "token":
            client.credential.external_id = held.external_id


class _NoLongerCompares(Faulty):
    """From some call on, an open is not refused for another external ID than the token's."""

    def external_id(self, client: Client, info: Info | None) -> str | None:
        """The token's, whatever is given."""
        if client.notes.get("trusting") and client.credential.kind == "token":
            return client.credential.external_id
        return super().external_id(client, info)


class SecondInitialiseEndsComparison(_Reinitialising, _NoLongerCompares):
    """From a second initialisation on no external ID is refused."""

    needs = "explore"

    def again(self, client: Client, held: Credential) -> None:
        """If it is the second."""
        client.notes["trusting"] = held.kind != "none"


class _RefusesToBeginAgain(Faulty):
    """A second initialisation is refused, and does something all the same."""

    breaks = ("rejected-changes-nothing",)
    only = breaks
    decides = deciding(second_initialize="refuse")

    def initialise(self, client: Client, credential: Credential) -> Any:
        """Refuse it, and do that."""
        try:
            return super().initialise(client, credential)
        except Refusal:
            self.refused(client, credential)
            raise

    def refused(self, client: Client, credential: Credential) -> None:
        """What is done."""


class RefusedSecondInitialiseDropsExternalId(_RefusesToBeginAgain):
    """The token that is held loses its external ID."""

    def refused(self, client: Client, credential: Credential) -> None:
        """Forget him."""
        client.credential.external_id = None


class RefusedSecondInitialiseTakesExternalId(_RefusesToBeginAgain):
    """The external ID is that of the token that was refused."""

    def refused(self, client: Client, credential: Credential) -> None:
        """Take it."""
        client.credential.external_id = credential.external_id


class RefusedSecondInitialiseEndsComparison(_RefusesToBeginAgain, _NoLongerCompares):
    """From then on no external ID is refused."""

    needs = "complete"

    def refused(self, client: Client, credential: Credential) -> None:
        """Trust everybody."""
        client.notes["trusting"] = True


class RefreshDropsExternalId(Faulty):
    """A fresh token says of nobody who he is."""

    breaks = ("token-refresh",)
    only = breaks
    innocent = ("sessions-are-apart", "concurrent-calls")

    def renew(self, client: Client) -> None:
        """Forget him."""
        super().renew(client)
        client.credential.external_id = None


class RefreshLetsAnybodyIn(RefreshDropsExternalId):
    """Whose token says of nobody who he is may give any external ID, and it is ignored: so it says."""

    needs = "explore"
    decides = deciding(external_id_without_token_id="ignore")


class RefreshEndsComparison(_NoLongerCompares):
    """With a fresh token no external ID is refused."""

    breaks = ("token-refresh",)
    only = breaks
    needs = "explore"
    innocent = ("sessions-are-apart", "concurrent-calls")

    def renew(self, client: Client) -> None:
        """Trust everybody."""
        super().renew(client)
        client.notes["trusting"] = True


class RevokesByExternalId(_Mixing):
    """Whose token is revoked loses all that name him, of whichever client."""

    only = ("sessions-are-apart",)
    needs = "explore"

    def revoke(self, client: Client) -> None:
        """Revoke every token with his external ID."""
        external_id = client.credential.external_id
        super().revoke(client)
        for other in self.clients.values():
            if external_id is not None and other.credential.external_id == external_id:
                super().revoke(other)
