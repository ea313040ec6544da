"""A video that somebody presents in a conference: where it is, and what is seen of it at which instant.

`@dolbyio/comms-sdk-react-native` 3.10.1, `src/services/videoPresentation/*.ts`: the presenter starts, pauses, resumes, seeks
and stops, and all participants hear of each, the presenter too, as `{owner, timestamp, url}`, in milliseconds; of the end
with nothing in it. `start` begins to play. The state without a presentation is `stopped`, and `current` is refused then
(`VideoPresentationServiceModule.swift`). The service is not available for listeners (docs.dolby.io,
android-client-sdk-videopresentationservice).

What no source says: one video at a time, which only its presenter controls, and which ends when that one leaves. While it
plays, its timestamp goes with the world's clock; where it ends nobody knows, and so it plays on.
"""

from __future__ import annotations

from typing import Any

from msgspec import structs

from openfirst_reference.contract.document import Json
from openfirst_simulator.problems import Problem, bad_request
from openfirst_simulator.records import FURTHEST, LONGEST_URL, Client, Conference, SharedVideo
from openfirst_simulator.services.company import shown, stage, tell
from openfirst_simulator.services.conference import joined, may, permitted
from openfirst_simulator.services.scene import Model, Scene, argument

PLAYING, PAUSED, STOPPED = "playing", "paused", "stopped"
PERMISSION = "SHARE_VIDEO"


def end(scene: Scene, conference: Conference, *, owner: str | None = None) -> None:
    """The presentation in a conference (of this client) ends."""
    video = scene.draft.get(SharedVideo, conference.id)
    if video is not None and owner in (None, video.owner):
        scene.draft.drop(video)
        tell(scene, conference, "videoPresentation.stopped", {})


def check_permission(scene: Scene, conference: Conference) -> None:
    """The presentation in a conference ends, if who presents may not any more."""
    shared = scene.draft.get(SharedVideo, conference.id)
    owner = None if shared is None else scene.client(shared.owner)
    if owner is not None and not permitted(scene, conference, owner, PERMISSION):
        end(scene, conference)


def _start(scene: Scene, client: Client, arguments: list[Any]) -> None:
    url = argument(arguments, 0, str, "the video's URL", "a text")
    if not url or len(url) > LONGEST_URL:
        raise bad_request(f"`arguments[0]` is the video's URL, of at most {LONGEST_URL:,} characters. Send a text.")
    conference = stage(scene, client)
    may(scene, conference, client, PERMISSION)
    if scene.draft.get(SharedVideo, conference.id) is not None:
        raise Problem(
            409,
            "video-presentation-running",
            "A video is presented already",
            "In this conference a video is presented already. Wait until videoPresentation/stop was called by who presents it.",
        )
    _present(scene, conference, SharedVideo(id=conference.id, owner=client.id, url=url, since=scene.now), "started")


def _stop(scene: Scene, client: Client, arguments: list[Any]) -> None:
    _own(scene, client)
    end(scene, joined(scene, client))


def _play(scene: Scene, client: Client, arguments: list[Any]) -> None:
    video = _own(scene, client)
    _move(scene, client, video, "played", position=_position(scene, video), playing=True)


def _pause(scene: Scene, client: Client, arguments: list[Any]) -> None:
    position = _timestamp(arguments)
    _move(scene, client, _own(scene, client), "paused", position=position, playing=False)


def _seek(scene: Scene, client: Client, arguments: list[Any]) -> None:
    position = _timestamp(arguments)
    _move(scene, client, _own(scene, client), "sought", position=position)


def _current(scene: Scene, client: Client, arguments: list[Any]) -> Json:
    conference = joined(scene, client)
    return _shown(scene, conference, _running(scene, conference))


def _state(scene: Scene, client: Client, arguments: list[Any]) -> str:
    video = None if client.conference is None else scene.draft.get(SharedVideo, client.conference)
    return STOPPED if video is None else PLAYING if video.playing else PAUSED


def _move(scene: Scene, client: Client, video: SharedVideo, event: str, **fields: Any) -> None:
    _present(scene, joined(scene, client), structs.replace(video, since=scene.now, **fields), event)


def _present(scene: Scene, conference: Conference, video: SharedVideo, event: str) -> None:
    scene.draft.put(video)
    tell(scene, conference, f"videoPresentation.{event}", _shown(scene, conference, video))


def _own(scene: Scene, client: Client) -> SharedVideo:
    """The presentation that is this client's. Raises Problem if there is none, or it is somebody else's."""
    video = _running(scene, stage(scene, client))
    if video.owner != client.id:
        raise Problem(
            403,
            "not-presenter",
            "Somebody else presents",
            "The video is presented by somebody else, who alone can do this. videoPresentation/current says who.",
        )
    return video


def _running(scene: Scene, conference: Conference) -> SharedVideo:
    video = scene.draft.get(SharedVideo, conference.id)
    if video is None:
        raise Problem(
            409,
            "no-video-presentation",
            "No video is presented",
            "In this conference no video is presented. Call videoPresentation/start first.",
        )
    return video


def _shown(scene: Scene, conference: Conference, video: SharedVideo) -> Json:
    owner = scene.client(video.owner)
    return {
        "owner": None if owner is None else shown(scene, conference, owner),
        "timestamp": round(_position(scene, video)),
        "url": video.url,
    }


def _position(scene: Scene, video: SharedVideo) -> float:
    return video.position + max(0.0, scene.now - video.since) * 1000 * video.playing


def _timestamp(arguments: list[Any]) -> float:
    value = arguments[0] if arguments else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= FURTHEST:
        raise bad_request(
            "`arguments[0]` is a timestamp in the video, in milliseconds. Send a number that is not negative."
        )
    return float(value)


MODELS: dict[str, Model] = {
    "current": _current,
    "pause": _pause,
    "play": _play,
    "seek": _seek,
    "start": _start,
    "state": _state,
    "stop": _stop,
}
