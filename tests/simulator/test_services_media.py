"""What is sent in a conference and let in, as flags, and the events of it: by hand from the SDK's doc comments."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.meeting import SILENTLY, Meeting


def named(events: list[tuple[str, Any]]) -> list[str]:
    return [name.removeprefix("conference.") for name, _ in events]


def test_by_default_only_audio_is_enabled_and_everybody_hears_of_the_stream() -> None:
    meeting = Meeting()
    made = meeting.come("ana", options=SILENTLY)
    meeting.do("ben", "conference/join", made)
    [added, updated, streamed] = meeting.hears("ana")
    assert named([added, updated, streamed]) == ["participantAdded", "participantUpdated", "streamAdded"]
    stream = streamed[1]["stream"]
    assert (stream["type"], len(stream["audioTracks"]), stream["videoTracks"]) == ("CAMERA", 1, [])
    assert streamed[1]["participant"] == meeting.shown("ben", stream)
    assert meeting.hears("ben")[-1] == streamed


@pytest.mark.parametrize(
    ("options", "tracks"),
    [
        ({}, (1, 0)),
        ({"constraints": {"audio": True, "video": True}}, (1, 1)),
        ({"constraints": {"video": True}}, (0, 1)),
        ({"constraints": {"audio": True}}, (1, 0)),
    ],
)
def test_who_joins_sends_what_the_constraints_say(options: Any, tracks: tuple[int, int]) -> None:
    meeting = Meeting("ana")
    meeting.do("ana", "conference/join", meeting.do("ana", "conference/create", {"alias": "x"}), options)
    name, data = meeting.hears("ana")[-1]
    assert name == "conference.streamAdded"
    assert (len(data["stream"]["audioTracks"]), len(data["stream"]["videoTracks"])) == tracks


def test_who_comes_later_hears_of_the_streams_that_there_are() -> None:
    meeting = Meeting()
    made = meeting.come("ana", options={"constraints": {"audio": True, "video": True}})
    meeting.do("ana", "conference/startScreenShare")
    meeting.forget()
    meeting.do("ben", "conference/listen", made)
    streams = [data for name, data in meeting.hears("ben") if name == "conference.streamAdded"]
    assert [each["stream"]["type"] for each in streams] == ["CAMERA", "SCREEN_SHARE"]
    assert all(each["participant"] == meeting.shown("ana", *(one["stream"] for one in streams)) for each in streams)
    assert meeting.hears("ana") == []


def test_a_stream_is_added_updated_and_removed() -> None:
    meeting = Meeting()
    meeting.come()
    for target, event, tracks in (
        ("localAudio/start", "streamAdded", (1, 0)),
        ("localVideo/start", "streamUpdated", (1, 1)),
        ("localAudio/stop", "streamUpdated", (0, 1)),
        ("localVideo/stop", "streamRemoved", (0, 1)),
    ):
        assert meeting.do("ana", target) is None
        [told] = meeting.hears("ben")
        assert [told] == meeting.hears("ana")
        assert named([told]) == [event]
        stream = told[1]["stream"]
        assert (len(stream["audioTracks"]), len(stream["videoTracks"])) == tracks
        assert told[1]["participant"]["streams"] == ([] if event == "streamRemoved" else [stream])


def test_what_is_so_already_is_told_to_nobody() -> None:
    meeting = Meeting()
    meeting.come()
    meeting.do("ana", "localAudio/stop")
    assert meeting.hears("ben") == []
    meeting.do("ana", "localAudio/start")
    meeting.do("ana", "localAudio/start")
    assert named(meeting.hears("ben")) == ["streamAdded"]


def test_a_screen_is_a_stream_of_its_own() -> None:
    meeting = Meeting()
    meeting.come()
    meeting.do("ana", "localVideo/start")
    meeting.forget()
    meeting.do("ana", "conference/startScreenShare")
    [(name, data)] = meeting.hears("ben")
    assert (name, data["stream"]["type"]) == ("conference.streamAdded", "SCREEN_SHARE")
    assert [stream["type"] for stream in data["participant"]["streams"]] == ["CAMERA", "SCREEN_SHARE"]
    meeting.do("ana", "conference/stopScreenShare")
    [(name, data)] = meeting.hears("ben")
    assert (name, data["stream"]["type"]) == ("conference.streamRemoved", "SCREEN_SHARE")


def test_the_older_methods_do_the_same_for_who_is_local() -> None:
    meeting = Meeting()
    meeting.come()
    for kind in ("Audio", "Video"):
        meeting.do("ana", f"conference/start{kind}", meeting.local("ana"))
        meeting.do("ana", f"conference/stop{kind}", meeting.local("ana"))
    assert named(meeting.hears("ben")) == ["streamAdded", "streamRemoved"] * 2


@pytest.mark.parametrize("target", ["remoteAudio/{}", "conference/{}Audio"])
def test_who_stops_the_audio_of_another_hears_alone_that_the_stream_is_gone(target: str) -> None:
    meeting = Meeting("ana", "ben", "zoe")
    meeting.come()
    meeting.do("ben", "localAudio/start")
    meeting.forget()
    meeting.do("ana", target.format("stop"), meeting.local("ben"))
    [(name, data)] = meeting.hears("ana")
    assert (name, data["participant"]["id"]) == ("conference.streamRemoved", meeting.local("ben")["id"])
    meeting.do("ana", target.format("start"), meeting.local("ben"))
    assert named(meeting.hears("ana")) == ["streamAdded"]
    assert meeting.hears("ben") == meeting.hears("zoe") == []


def test_with_a_camera_in_it_the_stream_is_updated_in_place() -> None:
    meeting = Meeting()
    meeting.come()
    meeting.do("ben", "localAudio/start")
    meeting.do("ben", "localVideo/start")
    meeting.forget()
    meeting.do("ana", "remoteAudio/stop", meeting.local("ben"))
    [(name, data)] = meeting.hears("ana")
    assert (name, data["stream"]["audioTracks"], len(data["stream"]["videoTracks"])) == (
        "conference.streamUpdated",
        [],
        1,
    )
    meeting.do("ana", "remoteAudio/start", meeting.local("ben"))
    [(name, data)] = meeting.hears("ana")
    assert (name, len(data["stream"]["audioTracks"])) == ("conference.streamUpdated", 1)


def test_what_somebody_does_not_let_in_does_not_come_later_either() -> None:
    meeting = Meeting()
    meeting.come()
    meeting.do("ana", "remoteAudio/stop", meeting.local("ben"))
    meeting.do("ben", "localAudio/start")
    assert meeting.hears("ana") == []
    assert named(meeting.hears("ben")) == ["streamAdded"]


def test_leaving_resets_what_is_let_in() -> None:
    meeting = Meeting()
    made = meeting.come()
    meeting.do("ana", "remoteAudio/stop", meeting.local("ben"))
    meeting.do("ana", "conference/leave")
    meeting.do("ana", "conference/join", made, SILENTLY)
    meeting.forget()
    meeting.do("ben", "localAudio/start")
    assert named(meeting.hears("ana")) == ["streamAdded"]


def test_of_the_video_of_another_no_event_is_stated() -> None:
    meeting = Meeting()
    meeting.come()
    meeting.do("ben", "localVideo/start")
    meeting.forget()
    for target in ("remoteVideo/stop", "remoteVideo/start", "conference/stopVideo", "conference/startVideo"):
        assert meeting.do("ana", target, meeting.local("ben")) is None
    assert meeting.hears("ana") == meeting.hears("ben") == []


def test_who_listens_sends_nothing_and_receives() -> None:
    meeting = Meeting()
    meeting.come("ana")
    meeting.come("ben", how="listen", options={})
    assert meeting.hears("ana") == []
    for target in ("localAudio/start", "localVideo/start", "conference/startScreenShare"):
        assert meeting.asked("ben", target) == (403, "listener")
    meeting.do("ana", "localAudio/start")
    assert named(meeting.hears("ben")) == ["streamAdded"]
    assert meeting.do("ben", "remoteAudio/stop", meeting.local("ana")) is None


def test_muted_is_who_says_so_while_in_the_conference() -> None:
    meeting = Meeting()
    assert meeting.do("ana", "conference/isMuted") is False
    made = meeting.come()
    meeting.do("ana", "conference/mute", meeting.local("ana"), True)
    assert meeting.do("ana", "conference/isMuted") is True
    assert meeting.do("ben", "conference/isMuted") is False
    meeting.do("ana", "conference/mute", meeting.local("ben"), True)
    assert meeting.do("ben", "conference/isMuted") is False
    meeting.do("ana", "conference/leave")
    assert meeting.do("ana", "conference/isMuted") is False
    meeting.do("ana", "conference/join", made)
    assert meeting.do("ana", "conference/isMuted") is False
    assert meeting.asked("ana", "conference/mute", meeting.local("ana")) == (400, "invalid-request")


def test_a_participant_is_found_in_the_conference_alone() -> None:
    meeting = Meeting("ana", "ben", "zoe")
    meeting.come("ana", "ben")
    ben, zoe = meeting.local("ben"), meeting.local("zoe")
    assert meeting.do("ana", "conference/getParticipant", ben["id"])["id"] == ben["id"]
    assert meeting.asked("ana", "conference/getParticipant", zoe["id"]) == (404, "participant-not-found")
    assert meeting.asked("zoe", "conference/getParticipant", zoe["id"]) == (409, "not-in-conference")
    for target in ("remoteAudio/stop", "conference/startAudio", "conference/mute"):
        assert meeting.asked("ana", target, zoe, True) == (404, "participant-not-found")
        assert meeting.asked("ana", target, {}, True) == (400, "invalid-request")
    assert meeting.asked("ana", "remoteAudio/stop", meeting.local("ana")) == (400, "invalid-request")


def test_video_forwarding() -> None:
    meeting = Meeting()
    assert meeting.do("ana", "conference/getMaxVideoForwarding") == 4
    assert meeting.asked("ana", "conference/setMaxVideoForwarding", 2, []) == (409, "not-in-conference")
    made = meeting.come()
    ben = meeting.local("ben")
    for target, arguments, most in (
        ("setMaxVideoForwarding", (2, [ben]), 2),
        ("setMaxVideoForwarding", (), 4),
        ("videoForwarding", ({"strategy": "LAST_SPEAKER", "max": 25, "participants": [ben]},), 25),
        ("videoForwarding", ("CLOSEST_USER", 0, []), 0),
        ("videoForwarding", ({},), 4),
        ("videoForwarding", (None, 3, None), 3),
    ):
        assert meeting.do("ana", f"conference/{target}", *arguments) is None
        assert meeting.do("ana", "conference/getMaxVideoForwarding") == most
    refused: list[tuple[str, Any]] = [
        ("setMaxVideoForwarding", (5, [])),
        ("setMaxVideoForwarding", (-1, [])),
        ("setMaxVideoForwarding", (True, [])),
        ("setMaxVideoForwarding", (2, ["ben"])),
        ("videoForwarding", ({"max": 26},)),
        ("videoForwarding", ({"max": 2.5},)),
        ("videoForwarding", ({"strategy": "LOUDEST"},)),
    ]
    for target, wrong in refused:
        assert meeting.asked("ana", f"conference/{target}", *wrong) == (400, "invalid-request")
    assert meeting.do("ana", "conference/getMaxVideoForwarding") == 3
    meeting.do("ana", "conference/leave")
    meeting.do("ana", "conference/join", made, {"maxVideoForwarding": 1})
    assert meeting.do("ana", "conference/getMaxVideoForwarding") == 1


def test_who_gives_options_that_cannot_be_has_not_joined() -> None:
    meeting = Meeting()
    made = meeting.come("ana")
    refused = meeting.asked("ben", "conference/join", made, {"maxVideoForwarding": 99})
    assert refused == (400, "invalid-request")
    assert meeting.hears("ana") == meeting.hears("ben") == []
    assert meeting.do("ben", "conference/current") is None
    assert len(meeting.do("ana", "conference/getParticipants", made)) == 1


def test_audio_processing_is_true_or_false() -> None:
    meeting = Meeting()
    meeting.come("ana")
    assert meeting.do("ana", "conference/setAudioProcessing", {"send": {"audioProcessing": False}}) is None
    wrong: list[Any] = [{}, {"send": {}}, {"send": {"audioProcessing": 1}}, {"send": True}]
    for options in wrong:
        assert meeting.asked("ana", "conference/setAudioProcessing", options) == (400, "invalid-request")
    assert meeting.asked("ben", "conference/setAudioProcessing", {"send": {"audioProcessing": True}})[0] == 409


ZERO, ONE = {"x": 0, "y": 0, "z": 0}, {"x": 1, "y": 1, "z": 1}
FORWARD, UP, RIGHT = ({axis: int(axis == one) for axis in "xyz"} for one in "zyx")


def test_spatial_audio_is_for_who_joined_with_it() -> None:
    meeting = Meeting()
    meeting.come("ana", options={**SILENTLY, "spatialAudio": True})
    meeting.come("ben")
    ana, ben = meeting.local("ana"), meeting.local("ben")
    calls: list[tuple[str, list[Any]]] = [
        ("setSpatialPosition", [ana, ZERO]),
        ("setSpatialPosition", [ben, {"x": -7.5, "y": 10**400, "z": 2}]),
        ("setSpatialDirection", [{"x": 0, "y": 90, "z": 0}]),
        ("setSpatialEnvironment", [ONE, FORWARD, UP, RIGHT]),
    ]
    for target, arguments in calls:
        assert meeting.do("ana", f"conference/{target}", *arguments) is None
        assert meeting.asked("ben", f"conference/{target}", *arguments) == (409, "spatial-audio-disabled")
    wrong: list[tuple[str, list[Any]]] = [
        ("setSpatialPosition", [ben]),
        ("setSpatialPosition", [ben, {"x": "1", "y": 0, "z": 0}]),
        ("setSpatialDirection", [{"x": 1}]),
        ("setSpatialEnvironment", [ZERO, FORWARD, UP, RIGHT]),
        ("setSpatialEnvironment", [ONE, FORWARD, FORWARD, RIGHT]),
        ("setSpatialEnvironment", [ONE, {"x": 0, "y": 0, "z": 2}, UP, RIGHT]),
        ("setSpatialEnvironment", [ONE, FORWARD, UP]),
    ]
    for target, arguments in wrong:
        assert meeting.asked("ana", f"conference/{target}", *arguments) == (400, "invalid-request")


@pytest.mark.parametrize(
    "target", ["conference/getAudioLevel", "conference/isSpeaking", "conference/getLocalStats", "conference/replay"]
)
def test_what_only_media_would_tell_is_not_simulated(target: str) -> None:
    meeting = Meeting()
    meeting.come()
    assert meeting.asked("ana", target, meeting.local("ben")) == (501, "not-simulated")
