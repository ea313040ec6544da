"""Those who are in a conference with a client, and what is said of them.

A participant is `{id, info, status, type, streams}` and a stream `{id, type, audioTracks, videoTracks}`, as
`@dolbyio/comms-sdk-react-native` 3.10.1 hands them to JavaScript (`android/…/mapper/ParticipantMapper.kt`,
`ios/Services/Models/{VTParticipant,MediaStream}Extension.swift`).
"""

from __future__ import annotations

from typing import Any

from openfirst_reference.contract.document import Json
from openfirst_simulator.problems import Problem, bad_request
from openfirst_simulator.records import Client, Conference, Media, Visit
from openfirst_simulator.services.conference import LISTENER, everybody, joined
from openfirst_simulator.services.conference import shown as with_visit
from openfirst_simulator.services.scene import Scene, argument

CAMERA, SCREEN = "CAMERA", "SCREEN_SHARE"


def stage(scene: Scene, client: Client) -> Conference:
    """The conference in which a client may send and present. Raises Problem if it is in none, or as a listener."""
    conference = joined(scene, client)
    if conference.members[client.id].type == LISTENER:
        raise Problem(
            403,
            "listener",
            "A listener only receives",
            "The participant listens to the conference, and sends and presents nothing. Use conference/join, not listen.",
        )
    return conference


def tell(scene: Scene, conference: Conference, name: str, data: Any, but: str | None = None) -> None:
    """Everybody in a conference hears of something, but for the client with the ID `but`."""
    for client in everybody(scene, conference):
        if client.id != but:
            scene.emit(client, name, data)


def shown(scene: Scene, conference: Conference, client: Client) -> Json:
    """A client that is in a conference, as a participant of it."""
    visit = visit_of(scene, conference, client)
    known = {} if visit is None else with_visit(scene, client, visit)
    return {**known, "streams": list(streams(scene, client).values())}


def visit_of(scene: Scene, conference: Conference, client: Client) -> Visit | None:
    """The visit of a client that is in a conference."""
    return scene.draft.get(Visit, conference.members[client.id].visit)


def streams(scene: Scene, client: Client, receiver: Client | None = None) -> dict[str, Json]:
    """What a client sends, by its type: as it is, or as much as a `receiver` lets come in."""
    sends = scene.draft.get(Media, client.id) or Media(id=client.id)
    receives = None if receiver is None else scene.draft.get(Media, receiver.id)
    audio = sends.audio and not (receives is not None and client.id in receives.unheard)
    found: dict[str, Json] = {}
    for kind, has_audio, has_video in ((CAMERA, audio, sends.video), (SCREEN, False, sends.screen)):
        if has_audio or has_video:
            own = f"{client.latest} {kind}"
            found[kind] = {
                "id": scene.ids.named("stream", own),
                "type": kind,
                "audioTracks": [scene.ids.named("audio track", own)] if has_audio else [],
                "videoTracks": [scene.ids.named("video track", own)] if has_video else [],
            }
    return found


def participant(scene: Scene, conference: Conference, client: Client, identifier: str) -> Client:
    """Who has this participant ID in a conference; first of all it is the client itself. Raises Problem if nobody does."""
    for one in (client, *everybody(scene, conference)):
        visit = visit_of(scene, conference, one)
        if visit is not None and visit.participant == identifier:
            return one
    raise Problem(
        404,
        "participant-not-found",
        "There is no such participant",
        f"Nobody in the conference has the ID `{identifier[:80]}`. conference/getParticipants shows who is there.",
    )


def meant(scene: Scene, conference: Conference, client: Client, arguments: list[Any], position: int = 0) -> Client:
    """Who is meant by an argument, a participant with its ID. Raises Problem."""
    given = argument(arguments, position, dict, "a participant", "an object with the participant's id") or {}
    if not isinstance(given.get("id"), str):
        raise bad_request(
            f"`arguments[{position}].id` must be a participant's ID. Send one that conference/getParticipants gave."
        )
    return participant(scene, conference, client, given["id"])
