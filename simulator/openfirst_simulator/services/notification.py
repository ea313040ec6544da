"""Notifications, for who is in no conference too: of conferences with an alias, and of invitations.

`@dolbyio/comms-sdk-react-native` 3.10.1, `src/services/notification/*.ts`, has the shapes. Who is subscribed hears that a
conference with this alias was created or has ended, who has joined or left, and who is there now; by default everybody hears
of invitations, and who subscribes to anything is told the status of the conference (docs.dolby.io,
js-client-sdk-notificationservice; dolby.io, using-notifications).

An invitation goes to the sessions that are open with this external ID, which it must have (`RNNotificationServiceModule.kt`;
dolby.io, using-invitations); who is in the conference hears of a participant with the status RESERVED, and DECLINE if that
one declines (`src/services/conference/{events,models}.ts`). The subscription to invitations has no alias on Android, and on
none does it depend here. A conference that is not there has no status that could be told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec import structs

from openfirst_reference.contract.document import Json
from openfirst_simulator import events
from openfirst_simulator.bodies import EXTERNAL_ID_BYTES
from openfirst_simulator.problems import Problem, bad_request, forbidden
from openfirst_simulator.records import SUBSCRIPTION, Client, Conference, Invitations, Subscriptions, like
from openfirst_simulator.services import conference as rooms
from openfirst_simulator.services.company import shown, tell
from openfirst_simulator.services.scene import Model, Scene, argument

Info = tuple[str | None, str | None]
"""A name and the URL of an avatar, as far as they are known."""
CREATED, ENDED, JOINED, LEFT, ACTIVE, INVITED = (
    f"SUBSCRIPTION_TYPE_{what}"
    for what in (
        "CONFERENCE_CREATED",
        "CONFERENCE_ENDED",
        "PARTICIPANT_JOINED",
        "PARTICIPANT_LEFT",
        "ACTIVE_PARTICIPANTS",
        "INVITATION_RECEIVED",
    )
)
TYPES = (CREATED, ENDED, JOINED, LEFT, ACTIVE, INVITED)
MOST = 1_000
"""To how much a session may be subscribed, and how many may be invited and have not answered."""
LONGEST_ALIAS = 250
DEFAULT = (
    "JOIN",
    "SEND_AUDIO",
    "SEND_VIDEO",
    "SHARE_SCREEN",
    "SHARE_VIDEO",
    "SHARE_FILE",
    "SEND_MESSAGE",
    "RECORD",
    "STREAM",
)
"""What somebody may who is invited with no permissions."""


class Invited(NamedTuple):
    """Who is invited: with which permissions, and by which name and avatar if they are known."""

    permissions: tuple[str, ...]
    info: Info


def created(scene: Scene, conference: Conference) -> None:
    """A conference was created."""
    _notify(scene, conference, CREATED, "conferenceCreated")


def ended(scene: Scene, conference: Conference) -> None:
    """A conference has ended."""
    _notify(scene, conference, ENDED, "conferenceEnded")


def joined(scene: Scene, conference: Conference, client: Client) -> None:
    """A client has joined: if it was invited, it has answered that."""
    _answered(scene, conference, client)
    _notify(scene, conference, JOINED, "participantJoined", lambda: {"participant": shown(scene, conference, client)})


def left(scene: Scene, conference: Conference, participant: Callable[[], Json]) -> None:
    """A participant has left."""
    _notify(scene, conference, LEFT, "participantLeft", lambda: {"participant": participant()})


def active(scene: Scene, conference: Conference) -> None:
    """There are others in a conference than before."""
    _notify(scene, conference, ACTIVE, "activeParticipants", lambda: _active(scene, conference))


def forget(scene: Scene, conference: str) -> None:
    """A conference is over, and nobody is invited to it any more."""
    invitations = scene.draft.get(Invitations, conference)
    if invitations is not None:
        scene.draft.drop(invitations)


def _notify(
    scene: Scene, conference: Conference, kind: str, event: str, more: Callable[[], Json] = dict[str, Any]
) -> None:
    """The sessions that are subscribed to this hear of it; `more` is asked for if there are any."""
    found = scene.draft.find(Subscriptions, SUBSCRIPTION, like(conference.app, f"{kind} {conference.alias}"))
    if found:
        data = {"conferenceAlias": conference.alias, "conferenceId": conference.id, **more()}
        for subscriptions in found:
            events.emit(scene.draft, subscriptions.id, scene.now, f"notification.{event}", data)


def _active(scene: Scene, conference: Conference) -> Json:
    present = [shown(scene, conference, client) for client in rooms.everybody(scene, conference)]
    return {"participantCount": len(present), "participants": present}


def _subscribe(scene: Scene, client: Client, arguments: list[Any]) -> None:
    wanted = _wanted(arguments)
    subscriptions = _of(scene, client)
    if subscriptions is None:
        return
    listed = [one for one in wanted if one[0] != INVITED]
    together = tuple(dict.fromkeys((*subscriptions.wanted, *listed)))
    check_wanted(together)
    uninvited = subscriptions.uninvited and len(listed) == len(wanted)
    scene.draft.put(structs.replace(subscriptions, wanted=together, uninvited=uninvited))
    for alias in dict.fromkeys(alias for _, alias in wanted):
        conference = rooms.found(scene, client.app, alias)
        if conference is not None:
            present = _active(scene, conference)["participants"]
            data = {
                "conferenceAlias": alias,
                "conferenceId": conference.id,
                "live": bool(present),
                "participants": present,
            }
            scene.emit(client, "notification.conferenceStatus", data)


def check_wanted(wanted: Sequence[tuple[str, str]]) -> None:
    """Raises Problem for what a session cannot be subscribed to, or not at once."""
    for number, (kind, alias) in enumerate(wanted):
        _check_subscription(kind, alias, number)
    if len(wanted) > MOST:
        raise bad_request(
            f"A session may be subscribed to {MOST:,} things. Unsubscribe from some, or open another one."
        )


def _check_subscription(kind: Any, alias: Any, number: int) -> None:
    if kind not in TYPES:
        raise bad_request(f"`arguments[0][{number}].type` is none that there is. Send one of {', '.join(TYPES)}.")
    if not isinstance(alias, str) or len(alias) > LONGEST_ALIAS:
        raise bad_request(
            f"`arguments[0][{number}].conferenceAlias` is a conference's alias. "
            f"Send a text of at most {LONGEST_ALIAS} characters."
        )


def _unsubscribe(scene: Scene, client: Client, arguments: list[Any]) -> None:
    unwanted = _wanted(arguments)
    subscriptions = _of(scene, client)
    if subscriptions is None:
        return
    rest = tuple(one for one in subscriptions.wanted if one not in unwanted)
    uninvited = subscriptions.uninvited or any(kind == INVITED for kind, _ in unwanted)
    scene.draft.put(structs.replace(subscriptions, wanted=rest, uninvited=uninvited))


def _of(scene: Scene, client: Client) -> Subscriptions | None:
    """The subscriptions of a client's session; None without one, where the contract lets that be."""
    session = client.session
    if session is None:
        return None
    return scene.draft.get(Subscriptions, session) or Subscriptions(id=session, app=client.app)


def _wanted(arguments: list[Any]) -> list[tuple[str, str]]:
    given = argument(arguments, 0, list, "the subscriptions", "a list such as [{type, conferenceAlias}]")
    wanted: list[tuple[str, str]] = []
    for number, each in enumerate(given or ()):
        kind, alias = (each.get("type"), each.get("conferenceAlias")) if isinstance(each, dict) else (None, None)
        if kind == INVITED and alias is None:
            alias = ""
        _check_subscription(kind, alias, number)
        wanted.append((str(kind), str(alias)))
    return wanted


def invite(
    scene: Scene,
    conference: Conference,
    invited: Mapping[str, tuple[Sequence[str], bool]],
    by: Json,
    infos: Mapping[str, Info] | None = None,
) -> dict[str, str]:
    """Who has these external IDs is invited `by` a participant, with permissions, and told of it or not. Gives their tokens.

    Those in the conference hear of who is told. `infos` are names and avatars, as far as they are known.
    """
    tokens = rooms.invite(scene, conference, invited, by)
    known = scene.draft.get(Invitations, conference.id) or Invitations(id=conference.id)
    waiting = dict(known.invited)
    for external_id in tokens:
        _, told = invited[external_id]
        if told and external_id not in waiting:
            info = waiting[external_id] = (infos or {}).get(external_id, (None, None))
            _tell_of(scene, conference, external_id, info, "participantAdded", "RESERVED")
    if waiting != known.invited:
        scene.draft.put(structs.replace(known, invited=dict(list(waiting.items())[-MOST:])))
    return tokens


def _invite(scene: Scene, client: Client, arguments: list[Any]) -> None:
    conference = rooms.named(scene, client, arguments)
    given = argument(arguments, 1, list, "the participants", "a list such as [{info: {externalId}}]") or []
    invited = dict(_invited(each, number) for number, each in enumerate(given))
    is_in = client.id in conference.members
    if conference.protected:
        rooms.may(scene, rooms.joined(scene, client), client, "INVITE")
        if not is_in:
            raise forbidden(
                f"The conference `{conference.alias}` is protected, and invited to from inside alone. Call conference/join first."
            )
        lacking = [
            permission
            for each in invited.values()
            for permission in each.permissions
            if not rooms.permitted(scene, conference, client, permission)
        ]
        if lacking:
            raise forbidden(
                f"The participant lacks the permission {lacking[0]}, and can grant it to nobody. Leave it out."
            )
    inviter = shown(scene, conference, client) if is_in else scene.participant_of(client)
    permissions = {external_id: (each.permissions, True) for external_id, each in invited.items()}
    infos = {external_id: each.info for external_id, each in invited.items()}
    invite(scene, conference, permissions, inviter or {}, infos)


def _decline(scene: Scene, client: Client, arguments: list[Any]) -> None:
    conference = rooms.named(scene, client, arguments)
    declined = _answered(scene, conference, client)
    if not declined:
        raise Problem(
            409,
            "not-invited",
            "There is no invitation",
            f"The participant is not invited to the conference `{conference.alias}`, or has answered. Wait for an invitation.",
        )
    for external_id, info in declined.items():
        _tell_of(scene, conference, external_id, info, "participantUpdated", "DECLINE")


def _answered(scene: Scene, conference: Conference, client: Client) -> dict[str, Info]:
    """A client is not invited any more. Gives the invitations that it had, by external ID."""
    invitations = scene.draft.get(Invitations, conference.id)
    if invitations is None:
        return {}
    found = {name: info for name, info in invitations.invited.items() if name in client.alike}
    rest = {name: info for name, info in invitations.invited.items() if name not in found}
    if not rest:
        scene.draft.drop(invitations)
    elif found:
        scene.draft.put(structs.replace(invitations, invited=rest))
    return found


def _tell_of(
    scene: Scene,
    conference: Conference,
    external_id: str,
    info: Info,
    event: str,
    status: str,
) -> None:
    """Who is in a conference hears of somebody who is invited to it."""
    name, avatar = info
    shown_info = {"name": name, "avatarUrl": avatar, "externalId": external_id}
    participant = {
        "id": scene.participant_id(conference.app, external_id),
        "info": shown_info,
        "status": status,
        "type": rooms.USER,
        "streams": [],
    }
    tell(scene, conference, f"conference.{event}", {"participant": participant})


def _invited(each: Any, number: int) -> tuple[str, Invited]:
    """An external ID, and who has it. Raises Problem for somebody who cannot be invited."""
    info = each.get("info") if isinstance(each, dict) else None
    external_id = info.get("externalId") if isinstance(info, dict) else None
    if not isinstance(external_id, str) or not 0 < len(external_id.encode()) <= EXTERNAL_ID_BYTES:
        raise bad_request(
            f"`arguments[1][{number}].info.externalId` says who is invited, and must be a text of at most "
            f"{EXTERNAL_ID_BYTES:,} bytes. Send one."
        )
    permissions = each.get("permissions")
    if permissions is not None and (
        not isinstance(permissions, list) or not all(one in rooms.PERMISSIONS for one in permissions)
    ):
        raise bad_request(
            f"`arguments[1][{number}].permissions` must be a list of these: {', '.join(rooms.PERMISSIONS)}. "
            "Send some, or leave them out."
        )
    name, avatar = (info.get(field) if isinstance(info, dict) else None for field in ("name", "avatarUrl"))
    return external_id, Invited(
        DEFAULT if permissions is None else tuple(permissions),
        (name if isinstance(name, str) else None, avatar if isinstance(avatar, str) else None),
    )


MODELS: dict[str, Model] = {
    "subscribe": _subscribe,
    "unsubscribe": _unsubscribe,
    "invite": _invite,
    "decline": _decline,
}
