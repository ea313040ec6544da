"""The recording of a conference: start and stop."""

from __future__ import annotations

from openfirst_simulator.problems import not_found
from openfirst_simulator.rest.call import Call
from openfirst_simulator.services import mixing


def start(call: Call) -> None:
    """A conference is recorded from now on; one recording a mix ID."""
    mixing.start_recording(call.scene, call.conference, None, call.mix)


def stop(call: Call) -> None:
    """It is recorded no more, by any mix."""
    conference = call.conference
    if not mixing.stop_recordings(call.scene, conference):
        raise not_found(f"Nothing records the conference `{conference.alias}`. Start a recording first.")
