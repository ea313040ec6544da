"""How the devices of a client are set: they are the client's own, and need neither a session nor a conference.

`@dolbyio/comms-sdk-react-native` 3.10.1, `src/services/mediaDevice/MediaDeviceService.ts`,
`src/services/audio/{LocalAudio,models}.ts`: the comfort noise level is one setting with two doors, the older of which is
deprecated (`RNLocalAudioModule.kt` sets that of the media device); STANDARD with HIGH noise reduction and no voice font is
the default capture mode; noise reduction and voice font belong to STANDARD. A device here has two cameras, the front one
first, and a speaker that can be switched, of which nothing is to be seen (as on iOS; the SDK refuses that on Android before
it comes here).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, get_args

from msgspec import structs

from openfirst_simulator.problems import bad_request
from openfirst_simulator.records import Client, Noise, Settings
from openfirst_simulator.services.scene import Model, Scene, argument

NOISE = get_args(Noise)
MODES, REDUCTIONS = ("STANDARD", "UNPROCESSED"), ("HIGH", "LOW")
FONTS = (
    "NONE",
    "MASCULINE",
    "FEMININE",
    "HELIUM",
    "DARK_MODULATION",
    "BROKEN_ROBOT",
    "INTERFERENCE",
    "ABYSS",
    "WOBBLE",
    "STARSHIP_CAPTAIN",
    "NERVOUS_ROBOT",
    "SWARM",
    "AM_RADIO",
)
STANDARD: Mapping[str, str] = {"mode": MODES[0], "noiseReduction": REDUCTIONS[0], "voiceFont": FONTS[0]}


def unset(scene: Scene, client: str) -> None:
    """A client is forgotten, and so is how its devices were set."""
    settings = scene.draft.get(Settings, client)
    if settings is not None:
        scene.draft.drop(settings)


def _of(scene: Scene, client: Client) -> Settings:
    return scene.draft.get(Settings, client.id) or Settings(id=client.id)


def _set(scene: Scene, client: Client, **fields: Any) -> None:
    scene.draft.put(structs.replace(_of(scene, client), **fields))


def _get_noise(scene: Scene, client: Client, arguments: list[Any]) -> str:
    return _of(scene, client).comfort_noise


def _set_noise(scene: Scene, client: Client, arguments: list[Any]) -> None:
    _set(scene, client, comfort_noise=_word(argument(arguments, 0, str, *_NOISE), "arguments[0]", NOISE))


def _is_front(scene: Scene, client: Client, arguments: list[Any]) -> bool:
    return _of(scene, client).front_camera


def _switch_camera(scene: Scene, client: Client, arguments: list[Any]) -> None:
    _set(scene, client, front_camera=not _of(scene, client).front_camera)


def _switch_speaker(scene: Scene, client: Client, arguments: list[Any]) -> None:
    """Nothing is to be seen of it."""


def get_mode(scene: Scene, client: Client, arguments: list[Any], *, field: str) -> Mapping[str, str]:
    """The audio capture mode that a field of the settings has."""
    found: Mapping[str, str] | None = getattr(_of(scene, client), field)
    return found or STANDARD


def set_mode(scene: Scene, client: Client, arguments: list[Any], *, field: str) -> None:
    """A field of the settings has an audio capture mode from now on. Raises Problem for one that there is not."""
    given = argument(arguments, 0, dict, "the capture mode", "an object such as {mode: STANDARD}") or {}
    _set(scene, client, **{field: mode_of(given)})


def mode_of(given: Mapping[str, Any]) -> dict[str, str]:
    """The audio capture mode that is meant, with all that belongs to it. Raises Problem for one that there is not."""
    mode = {"mode": _word(given.get("mode"), "arguments[0].mode", MODES)}
    if mode["mode"] == STANDARD["mode"]:
        for name, words in (("noiseReduction", REDUCTIONS), ("voiceFont", FONTS)):
            value = given.get(name)
            mode[name] = STANDARD[name] if value is None else _word(value, f"arguments[0].{name}", words)
    return mode


def _word(value: Any, name: str, words: tuple[str, ...]) -> str:
    if value not in words:
        raise bad_request(f"`{name}` is `{str(value)[:80]}`. Send one of {', '.join(words)}.")
    return str(value)


_NOISE = ("the comfort noise level", f"one of {', '.join(NOISE)}")

MODELS: dict[str, dict[str, Model]] = {
    "mediaDevice": {
        "getComfortNoiseLevel": _get_noise,
        "setComfortNoiseLevel": _set_noise,
        "isFrontCamera": _is_front,
        "switchCamera": _switch_camera,
        "switchSpeaker": _switch_speaker,
    },
    "localAudio": {
        "getCaptureMode": partial(get_mode, field="capture"),
        "setCaptureMode": partial(set_mode, field="capture"),
        "getComfortNoiseLevel": _get_noise,
        "setComfortNoiseLevel": _set_noise,
    },
}
