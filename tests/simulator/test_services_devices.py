"""Devices are set with a session and without one, for one client, and are forgotten with it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.inprocess import Here
from tests.simulator.meeting import Meeting

STANDARD = {"mode": "STANDARD", "noiseReduction": "HIGH", "voiceFont": "NONE"}


def test_the_comfort_noise_level_has_two_doors() -> None:
    meeting = Meeting()
    for service in ("mediaDevice", "localAudio"):
        assert meeting.do("ana", f"{service}/getComfortNoiseLevel") == "default"
    meeting.do("ana", "mediaDevice/setComfortNoiseLevel", "low")
    assert meeting.do("ana", "localAudio/getComfortNoiseLevel") == "low"
    meeting.do("ana", "localAudio/setComfortNoiseLevel", "off")
    assert meeting.do("ana", "mediaDevice/getComfortNoiseLevel") == "off"
    assert meeting.do("ben", "mediaDevice/getComfortNoiseLevel") == "default"
    for wrong in ("loud", None, 1, ["low"]):
        assert meeting.asked("ana", "mediaDevice/setComfortNoiseLevel", wrong) == (400, "invalid-request")


def test_the_camera_is_the_front_one_until_it_is_switched() -> None:
    meeting = Meeting()
    assert meeting.do("ana", "mediaDevice/isFrontCamera") is True
    assert meeting.do("ana", "mediaDevice/switchCamera") is None
    assert meeting.do("ana", "mediaDevice/isFrontCamera") is False
    assert meeting.do("ben", "mediaDevice/isFrontCamera") is True
    meeting.do("ana", "mediaDevice/switchCamera")
    assert meeting.do("ana", "mediaDevice/isFrontCamera") is True
    assert meeting.do("ana", "mediaDevice/switchSpeaker") is None


@pytest.mark.parametrize(("service", "other"), [("localAudio", "audioPreview"), ("audioPreview", "localAudio")])
def test_the_capture_mode_of_a_conference_and_that_of_the_preview(service: str, other: str) -> None:
    meeting = Meeting()
    assert meeting.do("ana", f"{service}/getCaptureMode") == STANDARD
    for given, mode in (
        ({"mode": "STANDARD", "noiseReduction": "LOW", "voiceFont": "ABYSS"}, None),
        ({"mode": "STANDARD"}, STANDARD),
        ({"mode": "UNPROCESSED", "noiseReduction": "LOW"}, {"mode": "UNPROCESSED"}),
    ):
        assert meeting.do("ana", f"{service}/setCaptureMode", given) is None
        assert meeting.do("ana", f"{service}/getCaptureMode") == (mode or given)
    assert meeting.do("ana", f"{other}/getCaptureMode") == STANDARD
    wrong: list[Any] = [{}, {"mode": "LOUD"}, {"mode": "STANDARD", "noiseReduction": "NO"}, {"mode": ["STANDARD"]}]
    for given in (*wrong, {"mode": "STANDARD", "voiceFont": "DARTH"}, None, "STANDARD"):
        assert meeting.asked("ana", f"{service}/setCaptureMode", given) == (400, "invalid-request")


def test_devices_are_set_without_a_session_and_stay_so_in_the_next_one() -> None:
    here = Here()
    token = here.world.token("ana")
    assert here.use(token, "mediaDevice/switchCamera").outcome == (200, {"result": None})
    here.opened(token)
    assert here.use(token, "mediaDevice/isFrontCamera").body["result"] is False
    here.close(token)
    assert here.use(token, "mediaDevice/isFrontCamera").body["result"] is False


def test_a_choice_keeps_devices_behind_the_gate() -> None:
    here = Here(choices={"setting-without-session": "refuse"})
    token = here.world.token("ana")
    assert here.use(token, "mediaDevice/switchCamera").outcome == (409, "session-not-open")
    here.opened(token)
    assert here.use(token, "mediaDevice/isFrontCamera").body["result"] is True


def test_a_call_about_no_session_of_the_callers_sets_nothing() -> None:
    here = Here()
    token = here.world.token("ana")
    assert here.use(token, "mediaDevice/switchCamera", session="nobodys").status == 200
    assert here.use(token, "audioPreview/record", 3, session="nobodys").status == 200
    records = here.world.snapshot()["records"]
    assert not records["settings"]
    assert not records["previews"]
    assert [timer["what"] for timer in records["timers"]] == ["token-expires"]


def test_a_sample_is_recorded_and_played_as_time_passes() -> None:
    meeting = Meeting("ana")
    status = "audioPreview/status"
    assert meeting.do("ana", status) == "NoRecordingAvailable"
    assert meeting.asked("ana", "audioPreview/play", False) == (409, "no-recording")
    assert meeting.do("ana", "audioPreview/stop") is False
    assert meeting.do("ana", "audioPreview/record", 3) is None
    assert meeting.do("ana", status) == "Recording"
    assert meeting.asked("ana", "audioPreview/record", 3) == (409, "preview-busy")
    assert meeting.asked("ana", "audioPreview/play", False) == (409, "preview-busy")
    meeting.world.clock.advance(2.9)
    assert meeting.do("ana", status) == "Recording"
    meeting.world.clock.advance(0.1)
    assert meeting.do("ana", status) == "RecordingAvailable"
    assert meeting.do("ana", "audioPreview/play", False) is None
    meeting.world.clock.advance(3)
    assert meeting.do("ana", status) == "RecordingAvailable"
    meeting.do("ana", "audioPreview/play", True)
    meeting.world.clock.advance(1000)
    assert meeting.do("ana", status) == "Playing"
    assert meeting.do("ana", "audioPreview/stop") is True
    assert meeting.do("ana", "audioPreview/release") is None
    assert meeting.do("ana", status) == "Released"
    assert meeting.asked("ana", "audioPreview/play", False) == (409, "no-recording")
    statuses = ["Recording", "RecordingAvailable", "Playing", "RecordingAvailable", "Playing", "RecordingAvailable"]
    told = [("audioPreview.statusChanged", {"status": each}) for each in (*statuses, "Released")]
    assert [event for event in meeting.hears("ana") if event[0] != "sdk.tokenRefresh"] == told


def test_what_was_stopped_is_as_long_as_it_was_recorded() -> None:
    meeting = Meeting("ana")
    meeting.do("ana", "audioPreview/record", 5)
    meeting.world.clock.advance(2)
    assert meeting.do("ana", "audioPreview/stop") is True
    meeting.do("ana", "audioPreview/play", False)
    meeting.world.clock.advance(1.5)
    assert meeting.do("ana", "audioPreview/status") == "Playing"
    meeting.world.clock.advance(0.5)
    assert meeting.do("ana", "audioPreview/status") == "RecordingAvailable"
    for wrong in (-1, 5.1, "3", True, None):
        assert meeting.asked("ana", "audioPreview/record", wrong) == (400, "invalid-request")
    assert meeting.asked("ana", "audioPreview/play", "yes") == (400, "invalid-request")
