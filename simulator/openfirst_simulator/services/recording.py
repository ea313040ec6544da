"""The recording of the conference that a client is in, as the React Native SDK's RecordingService has it."""

from __future__ import annotations

from typing import Any

from openfirst_reference.contract.document import Json
from openfirst_simulator.problems import Problem
from openfirst_simulator.records import Client, Recording
from openfirst_simulator.services import mixing
from openfirst_simulator.services.conference import current, joined, may
from openfirst_simulator.services.notices import milliseconds
from openfirst_simulator.services.scene import Model, Scene


def _current(scene: Scene, client: Client, arguments: list[Any]) -> Json | None:
    conference = current(scene, client)
    for made in () if conference is None else mixing.running(scene, Recording, conference):
        return {"participantId": made.participant, "startTimestamp": milliseconds(made.started)}
    return None


def _start(scene: Scene, client: Client, arguments: list[Any]) -> None:
    conference = joined(scene, client)
    may(scene, conference, client, "RECORD")
    participant = scene.participant_of(client) or {}
    mixing.start_recording(scene, conference, participant.get("id"))


def _stop(scene: Scene, client: Client, arguments: list[Any]) -> None:
    conference = joined(scene, client)
    may(scene, conference, client, "RECORD")
    if not mixing.stop_recordings(scene, conference):
        detail = f"Nothing records the conference `{conference.alias}`. Call recording/start first."
        raise Problem(409, "nothing-recorded", "Nothing is recorded", detail)


MODELS: dict[str, Model] = {"current": _current, "start": _start, "stop": _stop}
