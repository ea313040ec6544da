"""The conference: clients meet in it. What they hear follows the React Native SDK's `ConferenceServiceEventNames`.

What protects one, by whose access token it is entered, and what an update of permissions does: the platform's page on enhanced
conference access control (https://docs.dolby.io/communications-apis/docs/guides-enhanced-conference-access-control).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, get_args

from msgspec import structs

from openfirst_reference.contract.document import Json
from openfirst_simulator.bodies import check_external_id, kind_of, number_shown
from openfirst_simulator.problems import Problem, bad_request, forbidden
from openfirst_simulator.records import (
    ALIAS,
    EXTERNAL_ID,
    LONGEST_TTL,
    REGIONS,
    Client,
    Conference,
    Delivery,
    Grant,
    Member,
    OfConference,
    ParticipantType,
    Recording,
    Remix,
    Stream,
    Subscriptions,
    Timer,
    Visit,
    like,
)
from openfirst_simulator.services import mixing, notices
from openfirst_simulator.services.notices import MEDIA_TYPES
from openfirst_simulator.services.scene import Model, Scene, argument
from openfirst_simulator.tokens import BadToken, Claims

ALIAS_LIMIT = 250
ENDS, FORGOTTEN = "conference-ended", "conference-forgotten"
USER, LISTENER = get_args(ParticipantType)
HANG_UP, FORCED = "hangUp", "forced"
KEPT = 86_400.0
"""For how many seconds of the world's time what is over is remembered; and an empty conference waits, if it does not say."""
VISITS = 1_000
"""How many visits to a conference are kept: the latest, and those that go on."""
CONFERENCE_TOKEN, TOKEN_LIFE = "conference", 86_400.0
"""The kind of a conference access token, and for how many seconds it is good."""
PERMISSIONS = (
    *("INVITE", "JOIN", "SEND_AUDIO", "SEND_VIDEO", "SHARE_SCREEN", "SHARE_VIDEO", "SHARE_FILE"),
    *("SEND_MESSAGE", "RECORD", "STREAM", "KICK", "UPDATE_PERMISSIONS"),
)
_DEPENDENT: tuple[type[OfConference], ...] = (Visit, Recording, Stream, Remix, Delivery)

# Its life -------------------------------------------------------------------------------------------------------------


def made(
    scene: Scene,
    app: str,
    alias: Any,
    owner: tuple[str, str | None],
    **fields: Any,
) -> tuple[Conference, bool]:
    """The conference of an application with this alias, and whether it is new. Raises Problem for what cannot be an alias."""
    alias = scene.ids.fresh() if alias is None else alias
    check_alias(alias)
    known = _of_alias(scene, app, alias)
    if known is not None:
        return known, False
    conference = Conference(id=scene.ids.fresh(), app=app, alias=alias, created=scene.now, owner=owner, **fields)
    scene.draft.put(conference)
    notices.created(scene, conference)
    _wait(scene, conference)
    return conference, True


def check_alias(alias: Any) -> None:
    """Raises Problem for what cannot be an alias."""
    if not isinstance(alias, str) or len(alias) > ALIAS_LIMIT or "#" in alias:
        raise bad_request(
            f"`alias` must be a text of at most {ALIAS_LIMIT} characters without `#`. Choose another one."
        )


def check_parameters(params: Mapping[str, Any]) -> None:
    """Raises Problem for parameters of a conference of which nothing could be made."""
    ttl = params.get("ttl")
    if ttl is not None and (not isinstance(ttl, int | float) or isinstance(ttl, bool) or not 0 <= ttl <= LONGEST_TTL):
        found = number_shown(ttl) if type(ttl) in (int, float) else kind_of(ttl)
        raise bad_request(f"`params.ttl` is {found}. Send seconds, from 0 to {LONGEST_TTL:,}.")
    recording = params.get("recording")
    formats = (recording.get("format") or []) if isinstance(recording, dict) else recording
    is_known = isinstance(formats, list) and all(each in tuple(MEDIA_TYPES) for each in formats)
    if recording is not None and not (isinstance(recording, dict) and is_known):
        raise bad_request(f"`params.recording` is not such as {{format: [mp4]}}. Known: {', '.join(MEDIA_TYPES)}.")


def found(scene: Scene, app: str, identifier: str, alias: str | None = None) -> Conference | None:
    """The conference with this ID, which goes on; an alias, in its place or beside it, will do as well."""
    conference = scene.draft.get(Conference, identifier)
    if conference is not None and conference.app == app and conference.ended is None:
        return conference
    return _of_alias(scene, app, identifier) or (None if alias is None else _of_alias(scene, app, alias))


def end(scene: Scene, conference: Conference) -> None:
    """A conference ends, whoever is in it; whatever records or streams it does so no longer."""
    for name in conference.members:
        client = scene.client(name)
        if client is not None:
            send_away(scene, client, "ENDED", kicked=False)
    conference = scene.draft.get(Conference, conference.id) or conference
    mixing.stop_streams(scene, conference)
    mixing.stop_recordings(scene, conference)
    recorded = sum((each.ended or scene.now) - each.started for each in mixing.recordings_of(scene, conference))
    scene.draft.put(structs.replace(conference, ended=scene.now, members={}))
    notices.ended(scene, conference, visits_of(scene, conference), recorded)
    scene.draft.put(Timer(id=_timer(conference), due=scene.now + KEPT, what=FORGOTTEN, of=conference.id))


def deserted(scene: Scene, identifier: str) -> None:
    """A conference ends, if nobody is in it."""
    conference = scene.draft.get(Conference, identifier)
    if conference is not None and conference.ended is None and not conference.members:
        end(scene, conference)


def forgotten(scene: Scene, identifier: str) -> None:
    """A conference that is over is forgotten, with all that is kept of it."""
    conference = scene.draft.get(Conference, identifier)
    if conference is None or conference.ended is None:
        return
    scene.draft.drop(conference)
    for kind in _DEPENDENT:
        for each in scene.draft.find(kind, kind.index, identifier):
            scene.draft.drop(each)


def visits_of(scene: Scene, conference: Conference) -> list[Visit]:
    """Who was in a conference, in the order in which they came."""
    return scene.draft.find(Visit, Visit.index, conference.id)


def _of_alias(scene: Scene, app: str, alias: str) -> Conference | None:
    return next(iter(scene.draft.find(Conference, ALIAS, like(app, alias))), None)


def _wait(scene: Scene, conference: Conference) -> None:
    """If nobody comes into it, a conference ends once its time is over."""
    if not conference.members:
        due = scene.now + float(conference.parameters.get("ttl", KEPT))
        scene.draft.put(Timer(id=_timer(conference), due=due, what=ENDS, of=conference.id))


def _timer(conference: Conference) -> str:
    return f"conference {conference.id}"


# Who is in it ---------------------------------------------------------------------------------------------------------


def left(scene: Scene, client: Client, reason: str = HANG_UP, status: str = "LEFT", *, kicked: bool = False) -> Client:
    """The client, which is in no conference any more. It hears that the conference's status is this."""
    if client.conference is None:
        return client
    conference = scene.draft.get(Conference, client.conference)
    if conference is not None and client.id in conference.members:
        visit = scene.draft.get(Visit, conference.members[client.id].visit)
        if visit is not None:
            visit = structs.replace(visit, left=scene.now, reason=reason)
            scene.draft.put(visit)
            _tell(scene, conference, client, visit, "participantUpdated", "KICKED" if kicked else "LEFT")
            notices.left(scene, conference, visit)
        members = {name: member for name, member in conference.members.items() if name != client.id}
        conference = structs.replace(conference, members=members)
        scene.draft.put(conference)
        _wait(scene, conference)
    client = scene.changed(client, conference=None)
    scene.emit(client, "conference.statusUpdated", {"status": status})
    return client


def send_away(scene: Scene, client: Client, status: str = "LEFT", *, kicked: bool = True) -> None:
    """A client that did not want to is in no conference any more, for the contract neither."""
    client = left(scene, client, FORCED, status, kicked=kicked)
    scene.changed(client, state=scene.outside(client.state), previous=client.state, previous_session=client.session)


def with_external_id(scene: Scene, conference: Conference, external_id: str) -> list[Client]:
    """The clients in a conference that have this external ID."""
    return [client for client, visit in present(scene, conference) if visit.external_id == external_id]


def everybody(scene: Scene, conference: Conference) -> list[Client]:
    """The clients in a conference."""
    return [client for client, _ in present(scene, conference)]


def shown(scene: Scene, client: Client, visit: Visit, status: str = "CONNECTED") -> Json:
    """A participant of a conference as the SDK shows it: as it is, or without a session as it was."""
    info = {"name": visit.name, "avatarUrl": visit.avatar_url, "externalId": visit.external_id}
    known = scene.participant_of(client) or {"id": visit.participant, "info": info}
    return {**known, "status": status, "type": visit.type}


def external_id_of(scene: Scene, client: Client) -> str | None:
    """The external ID of a client in session, if it has one."""
    known = scene.participant_of(client) or {}
    external_id = (known.get("info") or {}).get("externalId")
    return external_id if isinstance(external_id, str) else None


def _enter(scene: Scene, client: Client, arguments: list[Any], kind: ParticipantType) -> Json:
    conference = named(scene, client, arguments)
    options = argument(arguments, 1, dict, "the options", "an object") or {}
    other = None if client.conference is None else scene.draft.get(Conference, client.conference)
    if other is not None and other.id != conference.id:
        raise Problem(
            409,
            "conference-already-joined",
            "In another conference already",
            f"The participant is in the conference `{other.alias}`. Leave that one first.",
        )
    if client.id not in conference.members:
        _check_access(scene, conference, client, options.get("conferenceAccessToken"))
        conference = _without_earlier(scene, conference, external_id_of(scene, client))
        visit = _visit(scene, client, conference, kind)
        conference = structs.replace(
            conference,
            members={**conference.members, client.id: Member(kind, visit.id)},
            visits=conference.visits + 1,
        )
        scene.draft.put(conference)
        waiting = scene.draft.get(Timer, _timer(conference))
        if waiting is not None:
            scene.draft.drop(waiting)
        client = scene.changed(client, conference=conference.id)
        scene.emit(client, "conference.statusUpdated", {"status": "JOINING"})
        scene.emit(client, "conference.statusUpdated", {"status": "JOINED"})
        _tell(scene, conference, client, visit, "participantAdded", "CONNECTING")
        _tell(scene, conference, client, visit, "participantUpdated", "CONNECTED")
        notices.joined(scene, conference, visit)
    elif conference.members[client.id].type != kind:
        member = structs.replace(conference.members[client.id], type=kind)
        visit_now = scene.draft.get(Visit, member.visit)
        if visit_now is not None:
            scene.draft.put(structs.replace(visit_now, type=kind))
        conference = structs.replace(conference, members={**conference.members, client.id: member})
        scene.draft.put(conference)
    return _shown(scene, conference, client)


def _without_earlier(scene: Scene, conference: Conference, external_id: str | None) -> Conference:
    """The conference, without the earlier participant of this external ID: who joins with it takes its place.

    So it is documented for the Web SDK's participants; for sessions, the contract's choice says.
    """
    if external_id is None:
        return conference
    for earlier in with_external_id(scene, conference, external_id):
        send_away(scene, earlier, kicked=False)
    return scene.draft.get(Conference, conference.id) or conference


def _visit(scene: Scene, client: Client, conference: Conference, kind: ParticipantType) -> Visit:
    """A client's visit that begins; if there were many, the oldest one that is over is kept no more."""
    known = scene.participant_of(client) or {}
    info = known.get("info") or {}
    visit = Visit(
        id=scene.ids.fresh(),
        conference=conference.id,
        participant=known.get("id") or client.id,
        type=kind,
        joined=scene.now,
        external_id=info.get("externalId"),
        name=info.get("name"),
        avatar_url=info.get("avatarUrl"),
    )
    if conference.visits >= VISITS:
        for name in scene.draft.store.find(Visit.index, conference.id):
            oldest = scene.draft.get(Visit, name)
            if oldest is not None and oldest.left is not None:
                scene.draft.drop(oldest)
                break
    scene.draft.put(visit)
    return visit


def present(scene: Scene, conference: Conference) -> Iterator[tuple[Client, Visit]]:
    """The clients in a conference, and the visit of each."""
    for name, member in conference.members.items():
        client, visit = scene.client(name), scene.draft.get(Visit, member.visit)
        if client is not None and visit is not None:
            yield client, visit


def _tell(scene: Scene, conference: Conference, about: Client, visit: Visit, event: str, status: str) -> None:
    """The others in a conference hear of a user of it; of a listener nobody does."""
    if visit.type != USER:
        return
    participant = {**shown(scene, about, visit, status), "streams": []}
    for name in conference.members:
        other = scene.client(name)
        if other is not None and (name != about.id or status == "KICKED"):
            scene.emit(other, f"conference.{event}", {"participant": participant})


# What they may do -----------------------------------------------------------------------------------------------------


def grant(
    scene: Scene, conference: Conference, permissions: Mapping[str, Sequence[str]], told: Callable[[str], bool]
) -> tuple[Conference, dict[str, str]]:
    """Who has these external IDs may do this from now on. Gives the conference access tokens that say so.

    The tokens of before are good no more. `told` says whom the platform tells of it.
    """
    claims = {
        external_id: Claims(
            scene.ids.fresh(),
            conference.app,
            CONFERENCE_TOKEN,
            scene.now,
            scene.now + TOKEN_LIFE,
            tuple(each),
            external_id,
        )
        for external_id, each in permissions.items()
    }
    grants = {external_id: Grant(each.scopes or (), each.id, told(external_id)) for external_id, each in claims.items()}
    conference = structs.replace(conference, grants={**conference.grants, **grants})
    scene.draft.put(conference)
    return conference, {external_id: scene.sign(each) for external_id, each in claims.items()}


def update_permissions(
    scene: Scene, conference: Conference, permissions: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    """Who has these external IDs may do this from now on, and hears of it in the conference. Gives the tokens that say so."""
    known = conference.grants
    here = {external_id for _, visit in present(scene, conference) if (external_id := visit.external_id)}
    conference, tokens = grant(
        scene, conference, permissions, lambda one: one in here or (one in known and known[one].told)
    )
    for client, visit in present(scene, conference):
        granted = None if visit.external_id is None else permissions.get(visit.external_id)
        if granted is not None:
            scene.emit(client, "conference.permissionsUpdated", {"permissions": list(granted)})
    return tokens


def invite(
    scene: Scene, conference: Conference, invited: Mapping[str, tuple[Sequence[str], bool]], by: Json
) -> dict[str, str]:
    """Who has these external IDs is invited `by` a participant, with permissions, and told of it or not. Gives their tokens.

    Who is in the conference already gets none, and hears nothing.
    """
    here = {visit.external_id for _, visit in present(scene, conference)}
    absent = {external_id: each for external_id, each in invited.items() if external_id not in here}
    permissions = {external_id: permitted for external_id, (permitted, _) in absent.items()}
    conference, tokens = grant(scene, conference, permissions, lambda external_id: absent[external_id][1])
    for external_id, token in tokens.items():
        if not absent[external_id][1]:
            continue
        data = {
            "conferenceAlias": conference.alias,
            "conferenceId": conference.id,
            "conferenceToken": token,
            "participant": by,
        }
        for client in scene.draft.find(Client, EXTERNAL_ID, like(conference.app, external_id)):
            subscriptions = scene.draft.get(Subscriptions, str(client.session))
            if subscriptions is None or not subscriptions.uninvited:
                scene.emit(client, "notification.invitationReceived", data)
    return tokens


def permitted(scene: Scene, conference: Conference, client: Client, permission: str) -> bool:
    """Whether a client has a permission in a conference, which in one that is not protected everybody has."""
    if not conference.protected:
        return True
    external_id = external_id_of(scene, client)
    granted = None if external_id is None else conference.grants.get(external_id)
    return granted is not None and permission in granted.permissions


def may(scene: Scene, conference: Conference, client: Client, permission: str) -> None:
    """Raises Problem where a client in a protected conference lacks a permission."""
    if not permitted(scene, conference, client, permission):
        raise forbidden(
            f"In the protected conference `{conference.alias}` the participant lacks the permission {permission}. "
            "Let its permissions be updated first."
        )


def participant_of(scene: Scene, app: str, external_id: str) -> Json:
    """The participant with an external ID, who need not be anywhere."""
    identifier = scene.participant_id(app, external_id)
    return {"id": identifier, "info": {"name": None, "avatarUrl": None, "externalId": external_id}}


def _check_access(scene: Scene, conference: Conference, client: Client, token: Any) -> None:
    """Raises Problem for who may not come into a protected conference."""
    if not conference.protected:
        return
    external_id = external_id_of(scene, client)
    granted = None if external_id is None else conference.grants.get(external_id)
    if granted is None:
        raise _no_access(conference, "The participant is not among those who may join it")
    if token is not None:
        try:
            claims = scene.admit(token) if isinstance(token, str) else None
        except BadToken as error:
            raise _no_access(conference, str(error).rstrip(".")) from None
        if claims is None or claims.id != granted.token or claims.expires <= scene.now:
            raise _no_access(conference, "The conference access token is not the latest one of this participant")
    elif not granted.told:
        raise _no_access(conference, "The participant was sent no conference access token, and gave none")
    if "JOIN" not in granted.permissions:
        raise _no_access(conference, "The permission JOIN is not among those of the participant")


def _no_access(conference: Conference, why: str) -> Problem:
    what = "Give `conferenceAccessToken` as the conference, an invitation or an update of permissions gave it."
    detail = f"{why}, and the conference `{conference.alias}` is protected. {what}"
    return Problem(403, "conference-protected", "User is not valid", detail)


# The methods of the service -------------------------------------------------------------------------------------------


def _create(scene: Scene, client: Client, arguments: list[Any]) -> Json:
    options = argument(arguments, 0, dict, "the conference's options", "an object such as {alias}") or {}
    params = options.get("params")
    params = params if isinstance(params, dict) else {}
    style = params.get("spatialAudioStyle") or options.get("spatialAudioStyle")
    pincode = options.get("pinCode")
    check_parameters(params)
    known = scene.participant_of(client) or {}
    conference, is_new = made(
        scene,
        client.app,
        options.get("alias") or None,
        (known.get("id") or client.id, external_id_of(scene, client)),
        region=REGIONS[-1],
        style=style if isinstance(style, str) else None,
        pincode=None if pincode is None else str(pincode),
        parameters={name: value for name, value in params.items() if value is not None},
    )
    return _shown(scene, conference, client, is_new=is_new)


def _fetch(scene: Scene, client: Client, arguments: list[Any]) -> Json | None:
    wanted = argument(arguments, 0, str, "the conference's ID", "a text")
    return _current(scene, client, []) if wanted is None else _shown(scene, _find(scene, client, wanted), client)


def _current(scene: Scene, client: Client, arguments: list[Any]) -> Json | None:
    conference = current(scene, client)
    return None if conference is None else _shown(scene, conference, client)


def _join(scene: Scene, client: Client, arguments: list[Any]) -> Json:
    return _enter(scene, client, arguments, USER)


def _listen(scene: Scene, client: Client, arguments: list[Any]) -> Json:
    return _enter(scene, client, arguments, LISTENER)


def _leave(scene: Scene, client: Client, arguments: list[Any]) -> None:
    left(scene, client)


def _kick(scene: Scene, client: Client, arguments: list[Any]) -> None:
    given = argument(arguments, 0, dict, "the participant", "an object with the participant's id") or {}
    conference = joined(scene, client)
    may(scene, conference, client, "KICK")
    identifier = given.get("id")
    meant = [one for one, visit in present(scene, conference) if visit.participant == identifier]
    if not meant:
        raise _nobody(identifier)
    for one in meant:
        send_away(scene, one)


def _update_permissions(scene: Scene, client: Client, arguments: list[Any]) -> None:
    given = argument(arguments, 0, list, "the participants", "a list of {participant, permissions}") or []
    conference = joined(scene, client)
    may(scene, conference, client, "UPDATE_PERMISSIONS")
    wanted: dict[str, Sequence[str]] = {}
    for place, each in enumerate(given):
        participant = each.get("participant") if isinstance(each, dict) else None
        permissions = each.get("permissions") if isinstance(each, dict) else None
        if not isinstance(participant, dict) or not isinstance(permissions, list):
            raise bad_request(f"`arguments[0][{place}]` must be an object with a `participant` and its `permissions`.")
        unknown = [one for one in permissions if one not in PERMISSIONS]
        if unknown:
            raise bad_request(
                f"`arguments[0][{place}].permissions` has {str(unknown[0])[:80]!r}. Known: {', '.join(PERMISSIONS)}."
            )
        identifier = participant.get("id")
        visit = next((known for _, known in present(scene, conference) if known.participant == identifier), None)
        info = participant.get("info")
        external_id = visit.external_id if visit else info.get("externalId") if isinstance(info, dict) else None
        if not external_id:
            raise _nobody(identifier)
        check_external_id(external_id)
        wanted[external_id] = permissions
    update_permissions(scene, conference, wanted)


def _participant(scene: Scene, client: Client, arguments: list[Any]) -> Json:
    wanted = argument(arguments, 0, str, "the participant's ID", "a text")
    for one, visit in present(scene, joined(scene, client)):
        if visit.participant == wanted:
            return shown(scene, one, visit)
    raise _nobody(wanted)


def _participants(scene: Scene, client: Client, arguments: list[Any]) -> list[Json]:
    return _members(scene, named(scene, client, arguments))


def _status(scene: Scene, client: Client, arguments: list[Any]) -> str:
    given = arguments[0] if arguments and isinstance(arguments[0], dict) else {}
    over = scene.draft.get(Conference, given["id"]) if isinstance(given.get("id"), str) else None
    if over is not None and over.app == client.app and over.ended is not None:
        return "ENDED"
    return _status_of(named(scene, client, arguments), client)


def current(scene: Scene, client: Client) -> Conference | None:
    """The conference that a client is in."""
    return None if client.conference is None else scene.draft.get(Conference, client.conference)


def joined(scene: Scene, client: Client) -> Conference:
    """The conference that a client is in. Raises Problem where it is in none."""
    conference = current(scene, client)
    if conference is None:
        detail = "The participant is in no conference. Call conference/join first."
        raise Problem(409, "not-in-conference", "Not in a conference", detail)
    return conference


def _nobody(identifier: Any) -> Problem:
    detail = f"Nobody in the conference has the ID `{str(identifier)[:80]}`. Take one of conference/getParticipants."
    return Problem(404, "participant-not-found", "There is no such participant", detail)


def named(scene: Scene, client: Client, arguments: list[Any]) -> Conference:
    """The conference that the first argument is, which goes on. Raises Problem."""
    given = argument(arguments, 0, dict, "the conference", "an object with the conference's id") or {}
    if not isinstance(given.get("id"), str):
        raise bad_request("`arguments[0].id` must be the conference's ID. Send what conference/create gave.")
    alias = given.get("alias")
    return _find(scene, client, given["id"], alias if isinstance(alias, str) else None)


def _find(scene: Scene, client: Client, identifier: str, alias: str | None = None) -> Conference:
    conference = found(scene, client.app, identifier, alias)
    if conference is None:
        raise Problem(
            404,
            "conference-not-found",
            "There is no such conference",
            f"No conference has the ID or alias `{identifier[:80]}`. Call conference/create first.",
        )
    return conference


def _shown(scene: Scene, conference: Conference, client: Client, *, is_new: bool = False) -> Json:
    result: Json = {
        "id": conference.id,
        "alias": conference.alias,
        "isNew": is_new,
        "participants": _members(scene, conference),
        "status": _status_of(conference, client),
    }
    if conference.style is not None:
        result["spatialAudioStyle"] = conference.style
    return result


def _members(scene: Scene, conference: Conference) -> list[Json]:
    return [shown(scene, client, visit) for client, visit in present(scene, conference)]


def _status_of(conference: Conference, client: Client) -> str:
    return "JOINED" if client.id in conference.members else "CREATED"


MODELS: dict[str, Model] = {
    "create": _create,
    "fetch": _fetch,
    "current": _current,
    "join": _join,
    "listen": _listen,
    "leave": _leave,
    "kick": _kick,
    "updatePermissions": _update_permissions,
    "getParticipant": _participant,
    "getParticipants": _participants,
    "getStatus": _status,
}
