"""The conference: clients meet in it. What they hear follows the React Native SDK's `ConferenceServiceEventNames`."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from openfirst_reference.contract.document import Json
from openfirst_simulator.problems import Problem, bad_request
from openfirst_simulator.records import Client, Conference, Timer, like
from openfirst_simulator.services.scene import Model, Scene, argument

ALIAS_LIMIT = 250
EMPTY = "conference-forgotten"
USER, LISTENER = "USER", "LISTENER"
KEPT = 86_400.0
"""For how many seconds of the world's time what is over is remembered."""


def left(scene: Scene, client: Client) -> Client:
    """The client, which is in no conference any more."""
    if client.conference is None:
        return client
    conference = scene.draft.get(Conference, client.conference)
    if conference is not None and client.id in conference.members:
        _tell(scene, conference, client, "participantUpdated", "LEFT")
        members = {name: kind for name, kind in conference.members.items() if name != client.id}
        conference = structs.replace(conference, members=members)
        scene.draft.put(conference)
        _rest(scene, conference)
    client = scene.changed(client, conference=None)
    scene.emit(client, "conference.statusUpdated", {"status": "LEFT"})
    return client


def over(scene: Scene, identifier: str) -> None:
    """A conference is forgotten, if nobody is in it."""
    conference = scene.draft.get(Conference, identifier)
    if conference is not None and not conference.members:
        scene.draft.drop(conference)


def _rest(scene: Scene, conference: Conference) -> None:
    """If nobody comes into it, a conference is forgotten once its time is over."""
    if not conference.members:
        due = scene.now + KEPT
        scene.draft.put(Timer(id=f"conference {conference.id}", due=due, what=EMPTY, of=conference.id))


def _create(scene: Scene, client: Client, arguments: list[Any]) -> Json:
    options = argument(arguments, 0, dict, "the conference's options", "an object such as {alias}") or {}
    alias = options.get("alias") or scene.ids.fresh()
    if not isinstance(alias, str) or len(alias) > ALIAS_LIMIT or "#" in alias:
        raise bad_request(
            f"`alias` must be a text of at most {ALIAS_LIMIT} characters without `#`. Choose another one."
        )
    params = options.get("params")
    style = params.get("spatialAudioStyle") if isinstance(params, dict) else None
    identifier = _named_id(scene, client, alias)
    known = scene.draft.get(Conference, identifier)
    if known is not None:
        return _shown(scene, known, client)
    conference = Conference(id=identifier, alias=alias, style=style if isinstance(style, str) else None)
    scene.draft.put(conference)
    _rest(scene, conference)
    return _shown(scene, conference, client, is_new=True)


def _fetch(scene: Scene, client: Client, arguments: list[Any]) -> Json | None:
    wanted = argument(arguments, 0, str, "the conference's ID", "a text")
    return _current(scene, client, []) if wanted is None else _shown(scene, _find(scene, client, wanted), client)


def _current(scene: Scene, client: Client, arguments: list[Any]) -> Json | None:
    conference = None if client.conference is None else scene.draft.get(Conference, client.conference)
    return None if conference is None else _shown(scene, conference, client)


def _join(scene: Scene, client: Client, arguments: list[Any]) -> Json:
    return _enter(scene, client, arguments, USER)


def _listen(scene: Scene, client: Client, arguments: list[Any]) -> Json:
    return _enter(scene, client, arguments, LISTENER)


def _leave(scene: Scene, client: Client, arguments: list[Any]) -> None:
    left(scene, client)


def _participants(scene: Scene, client: Client, arguments: list[Any]) -> list[Json]:
    return _members(scene, _named(scene, client, arguments))


def _status(scene: Scene, client: Client, arguments: list[Any]) -> str:
    return _status_of(_named(scene, client, arguments), client)


def _enter(scene: Scene, client: Client, arguments: list[Any], kind: str) -> Json:
    conference = _named(scene, client, arguments)
    other = None if client.conference is None else scene.draft.get(Conference, client.conference)
    if other is not None and other.id != conference.id:
        raise Problem(
            409,
            "conference-already-joined",
            "In another conference already",
            f"The participant is in the conference `{other.alias}`. Leave that one first.",
        )
    is_new = client.id not in conference.members
    conference = structs.replace(conference, members={**conference.members, client.id: kind})
    scene.draft.put(conference)
    client = scene.changed(client, conference=conference.id)
    if is_new:
        scene.emit(client, "conference.statusUpdated", {"status": "JOINING"})
        scene.emit(client, "conference.statusUpdated", {"status": "JOINED"})
        _tell(scene, conference, client, "participantAdded", "CONNECTING")
        _tell(scene, conference, client, "participantUpdated", "CONNECTED")
    return _shown(scene, conference, client)


def _named(scene: Scene, client: Client, arguments: list[Any]) -> Conference:
    given = argument(arguments, 0, dict, "the conference", "an object with the conference's id") or {}
    if not isinstance(given.get("id"), str):
        raise bad_request("`arguments[0].id` must be the conference's ID. Send what conference/create gave.")
    alias = given.get("alias")
    return _find(scene, client, given["id"], alias if isinstance(alias, str) else None)


def _find(scene: Scene, client: Client, identifier: str, alias: str | None = None) -> Conference:
    """The conference with this ID; an alias, in its place or beside it, will do as well."""
    for known in (
        identifier,
        _named_id(scene, client, identifier),
        _named_id(scene, client, alias or identifier),
    ):
        conference = scene.draft.get(Conference, known)
        if conference is not None:
            return conference
    raise Problem(
        404,
        "conference-not-found",
        "There is no such conference",
        f"No conference has the ID or alias `{identifier[:80]}`. Call conference/create first.",
    )


def _named_id(scene: Scene, client: Client, alias: str) -> str:
    """The ID of the conference that has this alias in the client's application."""
    return scene.ids.named("conference", like(client.app, alias))


def _shown(scene: Scene, conference: Conference, client: Client, *, is_new: bool = False) -> Json:
    shown: Json = {
        "id": conference.id,
        "alias": conference.alias,
        "isNew": is_new,
        "participants": _members(scene, conference),
        "status": _status_of(conference, client),
    }
    if conference.style is not None:
        shown["spatialAudioStyle"] = conference.style
    return shown


def _tell(scene: Scene, conference: Conference, about: Client, event: str, status: str) -> None:
    """The others in a conference hear of a user of it; of a listener nobody does."""
    kind = conference.members[about.id]
    if kind != USER:
        return
    participant = {**(scene.participant_of(about) or {}), "status": status, "type": kind, "streams": []}
    for name in conference.members:
        other = scene.client(name)
        if other is not None and name != about.id:
            scene.emit(other, f"conference.{event}", {"participant": participant})


def _members(scene: Scene, conference: Conference) -> list[Json]:
    clients = ((scene.client(name), kind) for name, kind in conference.members.items())
    return [
        {**((scene.participant_of(client) if client else None) or {}), "status": "CONNECTED", "type": kind}
        for client, kind in clients
    ]


def _status_of(conference: Conference, client: Client) -> str:
    return "JOINED" if client.id in conference.members else "CREATED"


MODELS: dict[str, Model] = {
    "create": _create,
    "fetch": _fetch,
    "current": _current,
    "join": _join,
    "listen": _listen,
    "leave": _leave,
    "getParticipants": _participants,
    "getStatus": _status,
}
