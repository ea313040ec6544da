"""What is made of a conference as a whole: recordings, streams, remixes. Without media, they have a beginning and an end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypedDict, TypeVar

from msgspec import structs

from openfirst_simulator.problems import Problem
from openfirst_simulator.records import Conference, Format, Mix, Recording, Remix, Stream, Timer
from openfirst_simulator.services import notices
from openfirst_simulator.services.scene import Scene

M = TypeVar("M", bound=Mix)


class MixOptions(TypedDict, total=False):
    """What may be said of a mix: its ID, its layout, and the size of its pictures in pixels."""

    mix_id: str
    layout_url: str
    width: int
    height: int


NOTHING: MixOptions = {}
REMIXED = "remix-over"
REMIX_SECONDS = 60.0
"""For how long a remix is in progress; how long it took the platform, nothing says."""
FORMATS: tuple[Format, ...] = ("mp4",)
"""What is recorded where the conference does not say."""


def running(scene: Scene, kind: type[M], conference: Conference) -> list[M]:
    """What is being made of a conference."""
    return [each for each in scene.draft.find(kind, kind.index, conference.id) if each.ended is None]


def start_recording(
    scene: Scene, conference: Conference, participant: str | None = None, mix: MixOptions = NOTHING
) -> Recording:
    """A conference is recorded from now on. Raises Problem where one of that mix ID is running."""
    _check_only(scene, Recording, conference, "recording", mix)
    formats: Sequence[Format] = (conference.parameters.get("recording") or {}).get("format") or FORMATS
    made = Recording(
        id=scene.ids.fresh(),
        conference=conference.id,
        started=scene.now,
        participant=participant,
        formats=tuple(formats),
        **mix,
    )
    scene.draft.put(made)
    notices.recording(scene, conference)
    _status(scene, conference, made, "RECORDING")
    return made


def stop_recordings(scene: Scene, conference: Conference) -> list[Recording]:
    """Whatever records a conference does so no longer, and can be had. Gives what has."""
    ended = [structs.replace(each, ended=scene.now) for each in running(scene, Recording, conference)]
    for each in ended:
        scene.draft.put(each)
        notices.recorded(scene, conference, each)
        _status(scene, conference, each, "NOT_RECORDING")
    return ended


def recordings_of(scene: Scene, conference: Conference) -> list[Recording]:
    """What recorded a conference, or does; what was remixed of that is not among it."""
    return [each for each in scene.draft.find(Recording, Recording.index, conference.id) if not each.remixed]


def start_stream(
    scene: Scene, conference: Conference, kind: Literal["rtmp", "rts"], uri: str | None, mix: MixOptions = NOTHING
) -> Stream:
    """A conference is streamed from now on. Raises Problem where one of that kind and mix ID is running."""
    _check_only(scene, Stream, conference, kind, mix)
    made = Stream(id=scene.ids.fresh(), conference=conference.id, started=scene.now, kind=kind, uri=uri, **mix)
    scene.draft.put(made)
    notices.streaming(scene, conference, made)
    return made


def stop_streams(scene: Scene, conference: Conference, kind: str | None = None) -> list[Stream]:
    """Whatever streams a conference (in this manner) does so no longer. Gives what has."""
    running_now = running(scene, Stream, conference)
    ended = [structs.replace(each, ended=scene.now) for each in running_now if kind in (None, each.kind)]
    for each in ended:
        scene.draft.put(each)
    return ended


def start_remix(scene: Scene, conference: Conference, mix: MixOptions = NOTHING) -> Remix:
    """A remix is in progress from now on. Raises Problem while another one of the application is."""
    for other in scene.draft.store.every(Remix):
        theirs = scene.draft.get(Conference, other.conference)
        if other.ended is None and theirs is not None and theirs.app == conference.app:
            raise _conflict(
                f"The conference `{theirs.alias}` is being remixed, and one can be at a time. Wait for that."
            )
    made = Remix(id=conference.id, conference=conference.id, started=scene.now, **mix)
    scene.draft.put(made)
    due = scene.now + REMIX_SECONDS
    scene.draft.put(Timer(id=f"remix {made.id}", due=due, what=REMIXED, of=made.id))
    return made


def remixed(scene: Scene, identifier: str) -> None:
    """A remix is over: it has made a recording, or failed, since there is nothing any more that it could be made of."""
    remix, conference = scene.draft.get(Remix, identifier), scene.draft.get(Conference, identifier)
    if remix is None or conference is None:
        return
    before = [each for each in recordings_of(scene, conference) if each.ended is not None]
    scene.draft.put(structs.replace(remix, ended=scene.now, failed=not before))
    if not before:
        return
    made = structs.replace(
        before[-1],
        id=scene.ids.fresh(),
        remixed=True,
        mix_id=remix.mix_id,
        layout_url=remix.layout_url,
        width=remix.width,
        height=remix.height,
    )
    scene.draft.put(made)
    notices.recorded(scene, conference, made, anew=True)


def _check_only(scene: Scene, kind: type[Mix], conference: Conference, what: str, mix: MixOptions) -> None:
    mix_id = mix.get("mix_id", "default")
    for other in running(scene, kind, conference):
        if other.mix_id == mix_id and what in ("recording", getattr(other, "kind", what)):
            raise _conflict(
                f"A {what} with the mix ID `{mix_id[:80]}` is running. Stop that first, or give another `mixId`."
            )


def _conflict(detail: str) -> Problem:
    return Problem(409, "mix-running", "One of these is running already", detail)


def _status(scene: Scene, conference: Conference, made: Recording, status: str) -> None:
    """The participants hear of a recording."""
    data = {
        "recordingStatus": status,
        "conferenceId": conference.id,
        "participantId": made.participant,
        "timestamp": notices.milliseconds(scene.now),
    }
    for name in conference.members:
        client = scene.client(name)
        if client is not None:
            scene.emit(client, "recording.statusUpdated", data)
