"""The remix of a conference that was recorded: start, and how far it is."""

from __future__ import annotations

from typing import Any

from openfirst_simulator.records import Conference, Remix
from openfirst_simulator.rest.call import Call
from openfirst_simulator.services import mixing


def start(call: Call) -> Any:
    """A remix of the recordings is in progress, for a minute of the world's time; without a recording it cannot be."""
    conference = call.conference_of_old
    if _recorded(call, conference):
        mixing.start_remix(call.scene, conference, call.mix)
    return status(call)


def status(call: Call) -> Any:
    """How far the remix is."""
    conference = call.conference_of_old
    remix = call.scene.draft.get(Remix, conference.id)
    if remix is not None:
        found = "IN_PROGRESS" if remix.ended is None else "ERROR" if remix.failed else "COMPLETED"
    else:
        found = "UNKNOWN" if _recorded(call, conference) else "AUDIO_REMIX_NOT_AVAILABLE"
    return {"status": found, "region": conference.region, "alias": conference.alias}


def _recorded(call: Call, conference: Conference) -> bool:
    return any(each.ended is not None for each in mixing.recordings_of(call.scene, conference))
