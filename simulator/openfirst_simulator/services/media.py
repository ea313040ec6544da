"""What a client sends in its conference and lets come in, as flags: there is no media.

`@dolbyio/comms-sdk-react-native` 3.10.1, `src/services/conference/{ConferenceService,events,models}.ts`,
`src/services/audio/{LocalAudio,RemoteAudio}.ts`, `src/services/video/{LocalVideo,RemoteVideo}.ts`:

- By default, only audio is enabled for who joins. What is enabled first adds a stream to the participant, what comes to it
  updates that, what goes last removes it; everybody in the conference hears of it, the participant too. A screen is a stream of
  its own.
- Who stops the audio of somebody else hears alone that the stream is removed, or, if there is video in it, updated. Of the video
  of somebody else no event is stated, and none is sent. Leaving a conference resets all of this.
- Who joins hears of the streams that there are already: no source says so, and nothing else tells an app of them.
- A listener cannot transmit any media. `isMuted` is false for who is in no conference (`RNConferenceServiceModule.kt`). In a
  Dolby Voice conference nobody can mute somebody else; here everybody can, and nothing comes of it.
- Video forwarding is 4 by default; from 0 to 25, or to 4 by the older method. Spatial audio must have been enabled by who joins.
  Positions and directions are checked, and forgotten: only media would show them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from msgspec import structs

from openfirst_simulator.problems import Problem, bad_request
from openfirst_simulator.records import MOST_FORWARDED, Client, Conference, Media
from openfirst_simulator.services import company
from openfirst_simulator.services.company import meant, stage
from openfirst_simulator.services.conference import LISTENER, everybody, joined, may, permitted
from openfirst_simulator.services.conference import MODELS as CONFERENCE
from openfirst_simulator.services.scene import Model, Scene, argument

MOST_FORWARDED_BEFORE = 4
PERMISSIONS = {"audio": "SEND_AUDIO", "video": "SEND_VIDEO", "screen": "SHARE_SCREEN"}
STRATEGIES = ("LAST_SPEAKER", "CLOSEST_USER")


def _enter(scene: Scene, client: Client, arguments: list[Any], *, enter: Model) -> Any:
    """A client joins, or listens; what it sends from the beginning, its options say."""
    options = argument(arguments, 1, dict, "the options", "an object such as {constraints}") or {}
    forwarded = options.get("maxVideoForwarding")
    if forwarded is not None:
        _amount(forwarded, "arguments[1].maxVideoForwarding", MOST_FORWARDED)
    before = client.conference
    shown = enter(scene, client, arguments)
    client = scene.client(client.id) or client
    if client.conference in (None, before):
        return shown
    media = Media(id=client.id, spatial=options.get("spatialAudio") is True)
    scene.draft.put(media if forwarded is None else structs.replace(media, forwarded=forwarded))
    constraints = options.get("constraints")
    wanted = constraints if isinstance(constraints, dict) else {"audio": True, "video": False}
    conference = joined(scene, client)
    for other in everybody(scene, conference):
        for stream in company.streams(scene, other).values():
            participant = company.shown(scene, conference, other)
            scene.emit(client, "conference.streamAdded", {"participant": participant, "stream": stream})
    if conference.members[client.id].type != LISTENER:
        flags = {
            flag: wanted.get(flag) is True and permitted(scene, conference, client, PERMISSIONS[flag])
            for flag in ("audio", "video")
        }
        _send(scene, conference, client, **flags)
    return shown


def check_permissions(scene: Scene, conference: Conference) -> None:
    """What somebody sends in a conference, and may not any more, ends."""
    for client in everybody(scene, conference):
        lost = [
            flag for flag, permission in PERMISSIONS.items() if not permitted(scene, conference, client, permission)
        ]
        _send(scene, conference, client, **dict.fromkeys(lost, False))


def end(scene: Scene, client: str, others: Conference) -> None:
    """A client has left a conference, in which there still are these others."""
    media = scene.draft.get(Media, client)
    if media is not None:
        scene.draft.drop(media)
    for name in others.members:
        theirs = scene.draft.get(Media, name)
        if theirs is not None and client in (*theirs.unheard, *theirs.unseen):
            scene.draft.put(_without(_without(theirs, "unheard", client), "unseen", client))


def _of(scene: Scene, client: Client) -> Media:
    return scene.draft.get(Media, client.id) or Media(id=client.id)


def _send(scene: Scene, conference: Conference, client: Client, **flags: bool) -> None:
    """A client sends this from now on, and everybody hears how its streams have changed."""
    had = _of(scene, client)
    changed = structs.replace(had, **flags)
    if changed == had:
        return
    _announce(scene, conference, client, everybody(scene, conference), lambda: scene.draft.put(changed))


def _announce(
    scene: Scene, conference: Conference, about: Client, receivers: list[Client], change: Callable[[], None]
) -> None:
    """Something is changed, and each of the receivers hears how it gets the streams of a participant now."""
    before = [company.streams(scene, about, receiver) for receiver in receivers]
    change()
    participant = company.shown(scene, conference, about)
    for receiver, had in zip(receivers, before, strict=True):
        has = company.streams(scene, about, receiver)
        seen = {**participant, "streams": list(has.values())}
        for kind in (company.CAMERA, company.SCREEN):
            old, new = had.get(kind), has.get(kind)
            if old != new:
                what = "streamAdded" if old is None else "streamRemoved" if new is None else "streamUpdated"
                scene.emit(receiver, f"conference.{what}", {"participant": seen, "stream": new or old})


def _without(media: Media, field: str, client: str) -> Media:
    return structs.replace(media, **{field: tuple(each for each in getattr(media, field) if each != client)})


def _receive(scene: Scene, conference: Conference, client: Client, other: Client, field: str, receives: bool) -> None:
    """A client lets the audio or the video of somebody else come in from now on, or does not."""
    changed = _without(_of(scene, client), field, other.id)
    if not receives:
        changed = structs.replace(changed, **{field: (*getattr(changed, field), other.id)})
    _announce(scene, conference, other, [client], lambda: scene.draft.put(changed))


def _local(scene: Scene, client: Client, arguments: list[Any], *, flag: str, value: bool) -> None:
    conference = stage(scene, client)
    if value:
        may(scene, conference, client, PERMISSIONS[flag])
    _send(scene, conference, client, **{flag: value})


def _remote(scene: Scene, client: Client, arguments: list[Any], *, field: str, value: bool) -> None:
    conference = joined(scene, client)
    other = meant(scene, conference, client, arguments)
    if other.id == client.id:
        raise bad_request(
            "`arguments[0]` is the local participant. Send another one, or use the service for the local."
        )
    _receive(scene, conference, client, other, field, value)


def _either(scene: Scene, client: Client, arguments: list[Any], *, flag: str, field: str, value: bool) -> None:
    """For the local participant it is about what is sent, for another one about what comes in."""
    conference = joined(scene, client)
    other = meant(scene, conference, client, arguments)
    if other.id == client.id:
        _local(scene, client, arguments, flag=flag, value=value)
    else:
        _receive(scene, conference, client, other, field, value)


def _mute(scene: Scene, client: Client, arguments: list[Any]) -> None:
    conference = joined(scene, client)
    muted = argument(arguments, 1, bool, "whether the participant is muted", "true or false")
    if muted is None:
        raise bad_request("`arguments[1]` says whether the participant is muted, and is not there. Send true or false.")
    if meant(scene, conference, client, arguments).id == client.id:
        scene.draft.put(structs.replace(_of(scene, client), muted=muted))


def _is_muted(scene: Scene, client: Client, arguments: list[Any]) -> bool:
    return _of(scene, client).muted


def _set_audio_processing(scene: Scene, client: Client, arguments: list[Any]) -> None:
    options = argument(arguments, 0, dict, "the options", "an object such as {send: {audioProcessing: true}}") or {}
    send = options.get("send")
    if not isinstance(send, dict) or not isinstance(send.get("audioProcessing"), bool):
        raise bad_request(
            "`arguments[0].send.audioProcessing` must be true or false. Send {send: {audioProcessing: true}}."
        )
    stage(scene, client)


def _get_forwarding(scene: Scene, client: Client, arguments: list[Any]) -> int:
    return _of(scene, client).forwarded


def _set_max_forwarding(scene: Scene, client: Client, arguments: list[Any]) -> None:
    most = arguments[0] if arguments else None
    _forward(scene, client, "arguments[0]", most, MOST_FORWARDED_BEFORE, argument(arguments, 1, list, *_PARTICIPANTS))


def _set_forwarding(scene: Scene, client: Client, arguments: list[Any]) -> None:
    """With the options as the SDK has them, or one by one: strategy, max and participants, as its native module has them."""
    if arguments and isinstance(arguments[0], dict):
        options = arguments[0]
        arguments = [options.get("strategy"), options.get("max"), options.get("participants")]
    strategy = argument(arguments, 0, str, "the strategy", f"one of {', '.join(STRATEGIES)}")
    if strategy is not None and strategy not in STRATEGIES:
        raise bad_request(f"`strategy` is `{strategy[:80]}`. Send one of {', '.join(STRATEGIES)}.")
    most = arguments[1] if len(arguments) > 1 else None
    _forward(scene, client, "max", most, MOST_FORWARDED, argument(arguments, 2, list, *_PARTICIPANTS))


def _forward(scene: Scene, client: Client, name: str, value: Any, limit: int, first: list[Any] | None) -> None:
    most = Media(id="").forwarded if value is None else _amount(value, name, limit)
    if not all(isinstance(each, dict) for each in first or ()):
        raise bad_request("The prioritized participants must be objects with their id. Send some, or leave them out.")
    joined(scene, client)
    scene.draft.put(structs.replace(_of(scene, client), forwarded=most))


def _amount(value: Any, name: str, limit: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= limit:
        raise bad_request(f"`{name}` is how many videos are forwarded. Send a whole number from 0 to {limit}.")
    return value


def _set_position(scene: Scene, client: Client, arguments: list[Any]) -> None:
    _vector(arguments, 1)
    meant(scene, _space(scene, client), client, arguments)


def _set_direction(scene: Scene, client: Client, arguments: list[Any]) -> None:
    _vector(arguments, 0)
    _space(scene, client)


def _set_environment(scene: Scene, client: Client, arguments: list[Any]) -> None:
    scale, *axes = (_vector(arguments, position) for position in range(4))
    if min(scale) <= 0:
        raise bad_request(
            "`arguments[0]` is the scale, and must be greater than 0 on each axis. Send {x: 1, y: 1, z: 1}."
        )
    if any(abs(part) not in (0, 1) for axis in axes for part in axis):
        raise bad_request("`arguments[1]` to `[3]` are forward, up and right. Send vectors of 1, 0 and -1.")
    pairs = ((axes[0], axes[1]), (axes[0], axes[2]), (axes[1], axes[2]))
    if any(sum(a * b for a, b in zip(one, other, strict=True)) for one, other in pairs):
        raise bad_request("Forward, up and right (`arguments[1]` to `[3]`) must be orthogonal. Send axes that are.")
    _space(scene, client)


def _vector(arguments: list[Any], position: int) -> tuple[float, ...]:
    given = argument(arguments, position, dict, "a vector", "an object {x, y, z}") or {}
    parts = tuple(given.get(axis) for axis in "xyz")
    if not all(isinstance(part, int | float) and not isinstance(part, bool) for part in parts):
        raise bad_request(f"`arguments[{position}]` must have the numbers x, y and z. Send {{x: 0, y: 0, z: 0}}.")
    return tuple(part for part in parts if part is not None)


def _space(scene: Scene, client: Client) -> Conference:
    """The conference of a client that has joined it with spatial audio. Raises Problem for another one."""
    conference = stage(scene, client)
    if not _of(scene, client).spatial:
        raise Problem(
            409,
            "spatial-audio-disabled",
            "Spatial audio is not enabled",
            "The participant has joined without spatial audio. Join with the option {spatialAudio: true}.",
        )
    return conference


_PARTICIPANTS = ("the prioritized participants", "a list of participants")

MODELS: dict[str, dict[str, Model]] = {
    "conference": {name: partial(_enter, enter=CONFERENCE[name]) for name in ("join", "listen")},
    "media": {
        "getMaxVideoForwarding": _get_forwarding,
        "isMuted": _is_muted,
        "mute": _mute,
        "setAudioProcessing": _set_audio_processing,
        "setMaxVideoForwarding": _set_max_forwarding,
        "setSpatialDirection": _set_direction,
        "setSpatialEnvironment": _set_environment,
        "setSpatialPosition": _set_position,
        "startAudio": partial(_either, flag="audio", field="unheard", value=True),
        "startScreenShare": partial(_local, flag="screen", value=True),
        "startVideo": partial(_either, flag="video", field="unseen", value=True),
        "stopAudio": partial(_either, flag="audio", field="unheard", value=False),
        "stopScreenShare": partial(_local, flag="screen", value=False),
        "stopVideo": partial(_either, flag="video", field="unseen", value=False),
        "videoForwarding": _set_forwarding,
    },
    "localAudio": {
        "start": partial(_local, flag="audio", value=True),
        "stop": partial(_local, flag="audio", value=False),
    },
    "remoteAudio": {
        "start": partial(_remote, field="unheard", value=True),
        "stop": partial(_remote, field="unheard", value=False),
    },
    "localVideo": {
        "start": partial(_local, flag="video", value=True),
        "stop": partial(_local, flag="video", value=False),
    },
    "remoteVideo": {
        "start": partial(_remote, field="unseen", value=True),
        "stop": partial(_remote, field="unseen", value=False),
    },
}
