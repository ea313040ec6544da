"""The audio preview of a client: a sample is recorded and played, of which there is nothing but how long it takes.

`@dolbyio/comms-sdk-react-native` 3.10.1, `src/services/audio/{AudioPreview,events,models}.ts` and `RNAudioPreviewModule.kt`:
five statuses, of whose changes the client is told as `{status}`; a recording takes from 0 to 5 seconds, and begins if none is
in progress; `stop` gives a boolean, here whether something was stopped. A sample is played for as long as it was recorded,
which no source says otherwise.
"""

from __future__ import annotations

from functools import partial
from typing import Any, get_args

from openfirst_simulator.problems import Problem, bad_request
from openfirst_simulator.records import LONGEST_SAMPLE, Client, Preview, PreviewStatus, Timer
from openfirst_simulator.services import devices
from openfirst_simulator.services.scene import Model, Scene, argument

TRIED = "audio-preview-over"
"""What is over when a sample was recorded or played."""
NOTHING, AVAILABLE, RECORDING, PLAYING, RELEASED = get_args(PreviewStatus)


def tried(scene: Scene, client: str) -> None:
    """A sample has been recorded, or played, to its end."""
    preview = scene.draft.get(Preview, client)
    if preview is not None and preview.status in (RECORDING, PLAYING):
        _change(scene, client, AVAILABLE, preview.length)


def release(scene: Scene, client: str) -> None:
    """A client is forgotten, and so is its preview."""
    for kind, identifier in ((Preview, client), (Timer, _timer(client))):
        record = scene.draft.get(kind, identifier)
        if record is not None:
            scene.draft.drop(record)


def _of(scene: Scene, client: Client) -> Preview:
    return scene.draft.get(Preview, client.id) or Preview(id=client.id, status=NOTHING)


def _change(scene: Scene, client: str, status: PreviewStatus, length: float, over: float | None = None) -> None:
    """The preview is in this status from now on, until it is `over` in so many seconds; the client is told."""
    scene.draft.put(Preview(id=client, status=status, since=scene.now, length=length))
    timer = scene.draft.get(Timer, _timer(client))
    if over is not None:
        scene.draft.put(Timer(id=_timer(client), due=scene.now + over, what=TRIED, of=client))
    elif timer is not None:
        scene.draft.drop(timer)
    known = scene.client(client)
    if known is not None:
        scene.emit(known, "audioPreview.statusChanged", {"status": status})


def _status(scene: Scene, client: Client, arguments: list[Any]) -> str:
    return _of(scene, client).status


def _record(scene: Scene, client: Client, arguments: list[Any]) -> None:
    seconds = arguments[0] if arguments else None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= LONGEST_SAMPLE:
        raise bad_request(
            f"`arguments[0]` is for how many seconds to record. Send a number from 0 to {LONGEST_SAMPLE}."
        )
    _check_idle(_of(scene, client))
    _change(scene, client.id, RECORDING, float(seconds), over=seconds)


def _play(scene: Scene, client: Client, arguments: list[Any]) -> None:
    loop = argument(arguments, 0, bool, "whether to play again and again", "true or false") or False
    preview = _of(scene, client)
    _check_idle(preview)
    if preview.status != AVAILABLE:
        raise Problem(
            409,
            "no-recording",
            "Nothing was recorded",
            f"The audio preview has no sample: its status is `{preview.status}`. Call audioPreview/record first.",
        )
    _change(scene, client.id, PLAYING, preview.length, over=None if loop else preview.length)


def _stop(scene: Scene, client: Client, arguments: list[Any]) -> bool:
    preview = _of(scene, client)
    if preview.status not in (RECORDING, PLAYING):
        return False
    passed = max(0.0, scene.now - preview.since)
    _change(scene, client.id, AVAILABLE, passed if preview.status == RECORDING else preview.length)
    return True


def _release(scene: Scene, client: Client, arguments: list[Any]) -> None:
    _change(scene, client.id, RELEASED, 0.0)


def _check_idle(preview: Preview) -> None:
    if preview.status in (RECORDING, PLAYING):
        raise Problem(
            409,
            "preview-busy",
            "The audio preview is busy",
            f"The audio preview has the status `{preview.status}`. Wait until that is over, or call audioPreview/stop.",
        )


def _timer(client: str) -> str:
    return f"audio preview {client}"


MODELS: dict[str, Model] = {
    "status": _status,
    "getCaptureMode": partial(devices.get_mode, field="tried"),
    "setCaptureMode": partial(devices.set_mode, field="tried"),
    "record": _record,
    "play": _play,
    "stop": _stop,
    "release": _release,
}
