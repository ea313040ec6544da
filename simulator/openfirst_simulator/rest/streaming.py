"""Streams of a conference: RTMP and RTS, start and stop."""

from __future__ import annotations

from typing import Any, Literal

from openfirst_simulator.problems import not_found
from openfirst_simulator.rest.call import Call
from openfirst_simulator.services import mixing

ACCOUNT = "openfirst"
"""The account that conferences are streamed to: there is none."""


def start_rtmp(call: Call) -> None:
    """A conference is streamed to a URI from now on; one stream a mix ID."""
    mixing.start_stream(call.scene, call.conference, "rtmp", call.fields["uri"], call.mix)


def stop_rtmp(call: Call) -> None:
    """It is streamed no more."""
    _stop(call, "rtmp")


def start_rts(call: Call) -> Any:
    """A conference is streamed in real time from now on. The address of the player is of our own, and nothing is there."""
    conference = call.conference
    stream = mixing.start_stream(call.scene, conference, "rts", None, call.mix)
    viewer = f"{call.scene.setting.base()}/viewer?streamId={ACCOUNT}/{conference.id}"
    return {
        "streamName": conference.id,
        "subscribeToken": stream.id,
        # Node's types have the one, and Python's model the other.
        "streamAccountId": ACCOUNT,
        "streamAccountID": ACCOUNT,
        "viewerURL": viewer,
    }


def stop_rts(call: Call) -> None:
    """It is streamed no more."""
    _stop(call, "rts")


def _stop(call: Call, kind: Literal["rtmp", "rts"]) -> None:
    conference = call.conference
    if not mixing.stop_streams(call.scene, conference, kind):
        raise not_found(f"No {kind.upper()} stream of the conference `{conference.alias}` is running. Start one first.")
