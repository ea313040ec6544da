"""Videos and files that are presented: who hears of it, whose it is, and when it ends."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.meeting import Meeting

URL = "https://files.example/concert.mp4"
SCORE = {"id": "score", "imageCount": 3}


def video(meeting: Meeting, event: str, timestamp: int, owner: str = "ana") -> tuple[str, Any]:
    return f"videoPresentation.{event}", {"owner": meeting.shown(owner), "timestamp": timestamp, "url": URL}


def file(meeting: Meeting, event: str, position: int, owner: str = "ana") -> tuple[str, Any]:
    shown = {**SCORE, "owner": meeting.shown(owner), "position": position}
    return f"filePresentation.{event}", {"filePresentation": shown}


def test_a_video_plays_on_the_worlds_clock_and_everybody_hears_what_the_presenter_does() -> None:
    meeting = Meeting("ana", "ben", "zoe")
    meeting.come("ana", "ben")
    meeting.come("zoe", how="listen")
    clock = meeting.world.clock
    assert meeting.do("ana", "videoPresentation/start", URL) is None
    clock.advance(1.5)
    assert meeting.do("ben", "videoPresentation/current") == video(meeting, "", 1500)[1]
    assert meeting.do("ben", "videoPresentation/state") == "playing"
    assert meeting.do("ana", "videoPresentation/pause", 1200) is None
    clock.advance(60)
    assert meeting.do("ben", "videoPresentation/current")["timestamp"] == 1200
    assert meeting.do("ben", "videoPresentation/state") == "paused"
    assert meeting.do("ana", "videoPresentation/seek", 5000) is None
    clock.advance(60)
    assert meeting.do("ana", "videoPresentation/play") is None
    clock.advance(0.25)
    assert meeting.do("ana", "videoPresentation/seek", 100.4) is None
    clock.advance(0.25)
    assert meeting.do("zoe", "videoPresentation/current")["timestamp"] == 350
    assert meeting.do("ana", "videoPresentation/stop") is None
    assert meeting.do("ben", "videoPresentation/state") == "stopped"
    told = [
        video(meeting, "started", 0),
        video(meeting, "paused", 1200),
        video(meeting, "sought", 5000),
        video(meeting, "played", 5000),
        video(meeting, "sought", 100),
        ("videoPresentation.stopped", {}),
    ]
    assert meeting.hears("ana") == meeting.hears("ben") == meeting.hears("zoe") == told


def test_a_video_is_its_presenters_alone() -> None:
    meeting = Meeting("ana", "ben", "zoe")
    meeting.come("ana", "ben")
    meeting.come("zoe", how="listen")
    for target, arguments in (("pause", [1]), ("play", []), ("seek", [1]), ("stop", []), ("current", [])):
        assert meeting.asked("ana", f"videoPresentation/{target}", *arguments) == (409, "no-video-presentation")
    assert meeting.do("ana", "videoPresentation/state") == "stopped"
    meeting.do("ana", "videoPresentation/start", URL)
    meeting.forget()
    assert meeting.asked("ben", "videoPresentation/start", URL) == (409, "video-presentation-running")
    for target, arguments in (("pause", [1]), ("play", []), ("seek", [1]), ("stop", [])):
        assert meeting.asked("ben", f"videoPresentation/{target}", *arguments) == (403, "not-presenter")
        assert meeting.asked("zoe", f"videoPresentation/{target}", *arguments) == (403, "listener")
    assert meeting.hears("ana") == []
    assert meeting.do("ben", "videoPresentation/state") == "playing"


def test_what_is_no_url_and_no_timestamp() -> None:
    meeting = Meeting()
    meeting.come()
    for wrong in (None, "", 7, {"url": URL}, "x" * 8193):
        assert meeting.asked("ana", "videoPresentation/start", wrong) == (400, "invalid-request")
    meeting.do("ana", "videoPresentation/start", URL)
    for wrong in (None, -1, "5", True, 10**400):
        for target in ("pause", "seek"):
            assert meeting.asked("ana", f"videoPresentation/{target}", wrong) == (400, "invalid-request")


def test_a_file_is_presented_page_by_page() -> None:
    meeting = Meeting("ana", "ben", "zoe")
    meeting.come("ana", "ben")
    meeting.come("zoe", how="listen")
    assert meeting.do("ana", "filePresentation/start", SCORE) is None
    assert meeting.do("ana", "filePresentation/setPage", 2) is None
    assert meeting.do("ben", "filePresentation/getCurrent") == file(meeting, "", 2)[1]["filePresentation"]
    assert meeting.do("ana", "filePresentation/stop") is None
    told = [file(meeting, "started", 0), file(meeting, "updated", 2), file(meeting, "stopped", 2)]
    assert meeting.hears("ana") == meeting.hears("ben") == meeting.hears("zoe") == told
    assert meeting.asked("ben", "filePresentation/getCurrent") == (409, "no-file-presentation")


def test_a_file_is_its_presenters_alone() -> None:
    meeting = Meeting()
    meeting.come()
    for target, arguments in (("setPage", [1]), ("stop", []), ("getCurrent", [])):
        assert meeting.asked("ana", f"filePresentation/{target}", *arguments) == (409, "no-file-presentation")
    meeting.do("ana", "filePresentation/start", SCORE)
    meeting.forget()
    assert meeting.asked("ben", "filePresentation/start", SCORE) == (409, "file-presentation-running")
    for target, arguments in (("setPage", [1]), ("stop", [])):
        assert meeting.asked("ben", f"filePresentation/{target}", *arguments) == (403, "not-presenter")
    assert meeting.asked("ana", "filePresentation/setPage", 4) == (404, "no-such-page")
    for wrong in (None, -1, 1.5, "1", True):
        assert meeting.asked("ana", "filePresentation/setPage", wrong) == (400, "invalid-request")
    assert meeting.hears("ben") == []


def test_a_file_is_converted_if_it_says_to_how_many_images_and_the_presenter_alone_hears_of_it() -> None:
    meeting = Meeting()
    meeting.come()
    given = {"url": "file:///scores/Bolero%201.pdf?x=1", "imageCount": 3}
    converted = meeting.do("ana", "filePresentation/convert", given)
    owner = meeting.local("ana")["id"]
    assert converted == {"id": converted["id"], "imageCount": 3, "ownerId": owner, "name": "Bolero 1.pdf"}
    assert meeting.hears("ana") == [("filePresentation.fileConverted", {"fileConverted": converted})]
    assert meeting.hears("ben") == []
    assert meeting.do("ana", "filePresentation/convert", given)["id"] != converted["id"]
    meeting.do("ana", "filePresentation/start", converted)
    assert meeting.do("ben", "filePresentation/getCurrent")["id"] == converted["id"]


def test_how_many_images_a_file_has_is_not_made_up() -> None:
    meeting = Meeting()
    meeting.come()
    came = meeting.here.use(meeting.tokens["ana"], "filePresentation/convert", {"url": "file:///score.pdf"})
    assert came.outcome == (501, "not-simulated")
    assert "Say it: {url, imageCount: 3}." in came.body["detail"]
    for target in ("getImage", "getThumbnail"):
        assert meeting.asked("ana", f"filePresentation/{target}", 1) == (501, "not-simulated")
    for wrong in ({}, None, {"url": ""}, {"url": 7}, {"url": "http://[", "imageCount": 1}):
        assert meeting.asked("ana", "filePresentation/convert", wrong) == (400, "invalid-request")
    for wrong in (
        {},
        {"id": "x"},
        {"id": "", "imageCount": 1},
        {"id": "x", "imageCount": -1},
        {"id": 7, "imageCount": 1},
    ):
        assert meeting.asked("ana", "filePresentation/start", wrong) == (400, "invalid-request")
    assert meeting.hears("ana") == []


START = [("videoPresentation/start", URL), ("filePresentation/start", SCORE)]


def test_a_listener_presents_nothing_and_who_is_in_no_conference_sees_nothing() -> None:
    meeting = Meeting("ana", "ben")
    meeting.come("ana", how="listen")
    for target, what in START:
        assert meeting.asked("ana", target, what) == (403, "listener")
        assert meeting.asked("ben", target, what) == (409, "not-in-conference")
    assert meeting.asked("ben", "videoPresentation/current") == (409, "not-in-conference")
    assert meeting.asked("ben", "filePresentation/getCurrent") == (409, "not-in-conference")


@pytest.mark.parametrize("way", ["leave", "close", "platform closes", "token forgotten", "evicted"])
def test_what_somebody_presents_ends_when_that_one_is_gone(way: str) -> None:
    meeting = Meeting()
    meeting.come()
    for target, what in START:
        meeting.do("ana", target, what)
    meeting.forget()
    gone = {**meeting.local("ana"), "status": "LEFT", "type": "USER", "streams": []}
    token = meeting.tokens["ana"]
    if way == "leave":
        meeting.do("ana", "conference/leave")
    elif way == "close":
        assert meeting.here.close(token).status == 204
    elif way == "platform closes":
        meeting.world.close(meeting.world.sessions[0].id)
    elif way == "token forgotten":
        meeting.tokens["ben"] = meeting.world.token("ben", expires_in=1_000_000)
        session = meeting.world.sessions[1].id
        assert meeting.here.is_open(meeting.tokens["ben"], session).body["open"]
        meeting.world.clock.advance(100_000 + 86_400)
    else:
        meeting.world.choose({"same-id-twice": "evict-earlier"})
        meeting.here.opened(meeting.world.token("ana"))
    told = [event for event in meeting.hears("ben") if event[0] != "sdk.tokenRefresh"]
    assert [name for name, _ in told] == [
        "conference.participantUpdated",
        "videoPresentation.stopped",
        "filePresentation.stopped",
    ]
    assert told[0][1] == {"participant": gone}
    assert told[2][1]["filePresentation"] == {**SCORE, "position": 0, "owner": gone}
    assert meeting.do("ben", "videoPresentation/state") == "stopped"
    for target, what in START:
        assert meeting.do("ben", target, what) is None


def test_what_somebody_presents_goes_on_while_others_come_and_go() -> None:
    meeting = Meeting()
    made = meeting.come("ana")
    for target, what in START:
        meeting.do("ana", target, what)
    meeting.do("ben", "conference/join", made)
    assert meeting.do("ben", "videoPresentation/state") == "playing"
    meeting.do("ben", "conference/leave")
    assert meeting.do("ana", "filePresentation/getCurrent")["id"] == "score"
