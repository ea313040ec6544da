"""What the platform tells the outside of conferences: the events that it posts to a webhook.

Shapes: the platform's webhook pages (https://docs.dolby.io/communications-apis/docs/webhooks-events-conference-created,
-conference-ended, -participant-joined, -participant-left, -recording-mp4-available, -recording-audio-available) as far as they say.
`Recording.Live.InProgress`, `Recordings.Available` and `Stream.Rtmp.InProgress` are named by the REST clients, which show no body.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from openfirst_reference.contract.document import Json
from openfirst_simulator.records import Conference, Delivery, Recording, Stream, Visit, Webhook
from openfirst_simulator.services.scene import Scene

MEDIA_TYPES = {"mp3": "audio/mpeg", "mp4": "video/mp4"}
_AVAILABLE = {"mp3": "Recording.Audio.Available", "mp4": "Recording.MP4.Available"}
CONFERENCE_TYPE = "SDK_CONF"


def created(scene: Scene, conference: Conference) -> None:
    """A conference was created."""
    identifier, external_id = conference.owner
    _tell(scene, conference, "Conference.Created", {"owner": {"userId": identifier, "externalId": external_id}})


def ended(scene: Scene, conference: Conference, visits: Iterable[Visit], recorded: float) -> None:
    """A conference has ended, in which these have been; `recorded` is for how many seconds it was recorded."""
    start = conference.created
    _tell(
        scene,
        conference,
        "Conference.Ended",
        {
            "confType": CONFERENCE_TYPE,
            "ownerId": conference.owner[0],
            "startTime": milliseconds(start),
            "duration": milliseconds(scene.now - start),
            "recordingDuration": milliseconds(recorded),
            "dolbyVoice": str(dolby_voice(conference)).lower(),
            "participants": [
                {
                    "userId": visit.participant,
                    "presenceDuration": milliseconds((visit.left or scene.now) - visit.joined),
                    "metadata": metadata(visit),
                }
                for visit in visits
            ],
        },
    )


def joined(scene: Scene, conference: Conference, visit: Visit) -> None:
    """A participant has joined."""
    _tell(scene, conference, "Participant.Joined", {"participant": _participant(visit)})


def left(scene: Scene, conference: Conference, visit: Visit) -> None:
    """A participant has left."""
    _tell(scene, conference, "Participant.Left", {"participant": _participant(visit), "reason": visit.reason})


def recording(scene: Scene, conference: Conference) -> None:
    """A conference is being recorded."""
    _tell(scene, conference, "Recording.Live.InProgress", {})


def recorded(scene: Scene, conference: Conference, made: Recording, *, anew: bool = False) -> None:
    """A recording can be had; `anew`: it was made of other ones."""
    files = [file(scene, conference, made, kind) for kind in made.formats]
    if anew:
        _tell(scene, conference, "Recordings.Available", {"recordings": files})
        return
    for kind, each in zip(made.formats, files, strict=True):
        shared = {name: each[name] for name in ("filename", "duration", "size", "url")}
        more = {"records": [{"startTime": each["startTime"], **shared}]} if kind == "mp3" else {"splits": None}
        layout = {"layoutUrl": made.layout_url} if made.layout_url is not None else {}
        _tell(scene, conference, _AVAILABLE[kind], {**layout, **shared, **more})


def streaming(scene: Scene, conference: Conference, stream: Stream) -> None:
    """A conference is being streamed; of one by RTS no event is known."""
    if stream.kind == "rtmp":
        _tell(scene, conference, "Stream.Rtmp.InProgress", {})


def file(scene: Scene, conference: Conference, made: Recording, kind: str) -> Json:
    """A file of a recording that has ended, as the monitor shows it. There is no media: its size is 0."""
    length = (made.ended or scene.now) - made.started
    filename = f"record_{milliseconds(made.started)}_conf_{conference.id}.{kind}"
    mix: Json = {"mixId": made.mix_id, "width": made.width, "height": made.height}
    if made.layout_url is not None:
        mix["layoutUrl"] = made.layout_url
    return {
        "conference": of(conference),
        "region": conference.region,
        "url": scene.setting.download(f"/v2/monitor/recordings/{made.id}/{filename}", scene.now),
        "createdAt": milliseconds(scene.now),
        "recordingType": "mix",
        "duration": milliseconds(length),
        "filename": filename,
        "size": 0,
        "startTime": milliseconds(made.started),
        "mediaType": MEDIA_TYPES[kind],
        "mix": mix,
    }


def of(conference: Conference) -> Json:
    """A conference as what is about it names it."""
    return {"confId": conference.id, "confAlias": conference.alias}


def metadata(visit: Visit) -> Json:
    """What is known of a participant."""
    known = {
        "externalName": visit.name,
        "externalId": visit.external_id,
        "externalPhotoUrl": visit.avatar_url,
        "ipAddress": "127.0.0.1",
    }
    return {name: value for name, value in known.items() if value is not None}


def dolby_voice(conference: Conference) -> bool:
    """Whether it is a conference with Dolby Voice, which the REST clients ask for unless they are told not to."""
    return conference.parameters.get("dolbyVoice", True) is not False


def milliseconds(seconds: float) -> int:
    """As the platform writes times and durations."""
    return round(seconds * 1000)


def _participant(visit: Visit) -> Json:
    return {
        "userId": visit.participant,
        "externalId": visit.external_id,
        "externalName": visit.name,
        "externalPhotoUrl": visit.avatar_url,
    }


def _tell(scene: Scene, conference: Conference, event: str, more: Mapping[str, Any]) -> None:
    webhook = scene.draft.get(Webhook, Webhook.only)
    if webhook is None:
        return
    body = {
        "eventType": event,
        "thirdPartyId": conference.app,
        "conference": of(conference),
        "region": conference.region,
        **more,
    }
    scene.draft.put(
        Delivery(
            id=scene.ids.fresh(),
            conference=conference.id,
            app=conference.app,
            event=event,
            body=json.dumps(body, ensure_ascii=False),
            url=webhook.url,
            at=scene.now,
            due=scene.now,
        )
    )
