"""Recordings, streams and remixes: by REST, and by the session interface where that has them."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from openfirst_simulator import Request
from tests.simulator.rest import MS, Application

RECORDINGS = "/v2/monitor/recordings"


@pytest.fixture
def app() -> Application:
    return Application()


def mix(conference: str, what: str, version: int = 2) -> str:
    return f"/v{version}/conferences/mix/{conference}/{what}"


def recorded(app: Application, conference: str, seconds: float = 10, **options: Any) -> None:
    """A conference was recorded for so many seconds."""
    app.got("POST", mix(conference, "recording/start"), options)
    app.world.clock.advance(seconds)
    app.got("POST", mix(conference, "recording/stop"), {})


def test_a_recording_is_listed_once_it_has_ended(app: Application) -> None:
    identifier = app.conference()
    app.got(
        "POST",
        mix(identifier, "recording/start"),
        {"layoutUrl": "default", "width": 390, "height": 1920, "mixId": "tall"},
    )
    app.world.clock.advance(10)
    assert app.got("GET", RECORDINGS)["recordings"] == []
    app.got("POST", mix(identifier, "recording/stop"), {})
    app.world.clock.advance(5)
    [made] = app.got("GET", RECORDINGS)["recordings"]
    url = made.pop("url")
    assert made == {
        "conference": {"confId": identifier, "confAlias": "rehearsal"},
        "region": "us",
        "createdAt": MS + 15_000,
        "recordingType": "mix",
        "duration": 10_000,
        "filename": f"record_{MS}_conf_{identifier}.mp4",
        "size": 0,
        "startTime": MS,
        "mediaType": "video/mp4",
        "mix": {"mixId": "tall", "layoutUrl": "default", "width": 390, "height": 1920},
    }
    assert url.startswith(f"/w/here{RECORDINGS}/")


def test_a_file_is_had_by_its_address_for_ten_minutes(app: Application) -> None:
    recorded(app, app.conference())
    parts = urlsplit(app.got("GET", RECORDINGS)["recordings"][0]["url"])

    def status(path: str = parts.path, query: str = parts.query) -> tuple[int, str | None, bytes]:
        answer = asyncio.run(app.simulator.answer(Request("GET", path, query=query)))
        return answer.status, answer.content_type, answer.content if answer.status == 200 else b""

    assert status() == (200, "video/mp4", b"")
    head = asyncio.run(app.simulator.answer(Request("HEAD", parts.path, query=parts.query)))
    assert (head.status, head.headers["Allow"]) == (405, "GET")
    assert status(query=f"{parts.query}&{parts.query}")[0] == 400
    signature = parse_qs(parts.query)["signature"][0]
    assert status(query=f"expires=9999999999&signature={signature}")[0] == 403
    assert status(path=parts.path.replace(".mp4", ".mp3"))[0] == 403
    assert status(query="")[0] == 403
    app.world.clock.advance(599)
    assert status()[0] == 200
    app.world.clock.advance(1)
    assert status()[0] == 403


def test_there_is_a_file_for_each_format(app: Application) -> None:
    identifier = app.conference(parameters={"recording": {"format": ["mp3", "mp4"]}})
    recorded(app, identifier)
    path = f"/v2/monitor/conferences/{identifier}/recordings"
    assert [each["mediaType"] for each in app.got("GET", path)["recordings"]] == ["audio/mpeg", "video/mp4"]
    assert [each["filename"][-4:] for each in app.got("GET", path, mediaType="audio/mpeg")["recordings"]] == [".mp3"]
    assert app.got("GET", path, type="participant")["recordings"] == []
    assert app.got("GET", RECORDINGS, region="eu")["recordings"] == []
    assert len(app.got("GET", RECORDINGS, region="us", type="mix")["recordings"]) == 2


def test_recordings_are_listed_by_when_they_ended_in_pages(app: Application) -> None:
    identifier = app.conference()
    for _ in range(3):
        recorded(app, identifier)
    page = app.got("GET", RECORDINGS, max=2)
    assert [each["startTime"] - MS for each in page["recordings"]] == [0, 10_000]
    rest = app.got("GET", RECORDINGS, max=2, start=page["next"])
    assert [each["startTime"] - MS for each in rest["recordings"]] == [20_000]
    assert "next" not in rest
    assert app.got("GET", RECORDINGS, max=2, start=rest["first"]).keys() == page.keys()
    ended = app.got("GET", RECORDINGS, **{"from": MS + 10_001, "to": MS + 20_000})["recordings"]
    assert [each["startTime"] - MS for each in ended] == [10_000]


def test_recordings_of_a_conference_are_deleted_and_one_that_runs_is_not(app: Application) -> None:
    identifier = app.conference()
    recorded(app, identifier)
    app.got("POST", mix(identifier, "recording/start"), {})
    path = f"/v2/monitor/conferences/{identifier}/recordings"
    assert app.got("GET", path)["liveConference"] is True
    assert app.rest("DELETE", path).status == 204
    assert app.got("GET", path)["recordings"] == []
    assert app.rest("DELETE", path).status == 404
    app.got("POST", mix(identifier, "recording/stop"), {})
    assert len(app.got("GET", path)["recordings"]) == 1


@pytest.mark.parametrize(
    ("what", "version", "body"),
    [("recording", 2, {}), ("rtmp", 2, {"uri": "rtmp://127.0.0.1/x"}), ("rts", 3, {}), ("rts", 2, {})],
)
def test_there_is_one_at_a_time_for_each_mix_id(app: Application, what: str, version: int, body: Any) -> None:
    identifier = app.conference()
    start, stop = mix(identifier, f"{what}/start", version), mix(identifier, f"{what}/stop", version)
    assert app.rest("POST", stop, {}).status == 404
    app.got("POST", start, body)
    again = app.rest("POST", start, body)
    assert again.outcome == (409, "mix-running")
    assert "`default`" in again.body["detail"]
    app.got("POST", start, {**body, "mixId": "other"})
    assert app.rest("POST", stop, {}).status == 204
    assert app.rest("POST", stop, {}).status == 404
    app.got("POST", start, body)


def test_what_is_said_of_a_mix_is_checked(app: Application) -> None:
    identifier = app.conference()
    for field, value in (("width", 389), ("height", 1921), ("width", "wide"), ("mixId", 7)):
        came = app.rest("POST", mix(identifier, "recording/start"), {field: value})
        assert came.outcome == (400, "invalid-request")
        assert f"`{field}`" in came.body["detail"]
    app.got("POST", mix(identifier, "recording/start"), {"width": 400.0})
    app.simulator.restore("here", app.world.snapshot())
    assert "without `uri`" in app.rest("POST", mix(identifier, "rtmp/start"), {}).body["detail"]


def test_where_a_stream_would_be_seen(app: Application) -> None:
    identifier = app.conference()
    stream = app.got("POST", mix(identifier, "rts/start", 3), {})
    assert (stream["streamName"], stream["streamAccountId"]) == (identifier, stream["streamAccountID"])
    assert stream["viewerURL"].startswith("/w/here/")
    assert stream["subscribeToken"]


def test_a_recording_that_a_participant_starts_is_stopped_by_rest_and_the_other_way_round(app: Application) -> None:
    identifier = app.conference()
    ana, ben = app.there(identifier, "ana", "ben")
    mine = app.participant(ana).body["id"]
    assert app.use(ben, "recording/current").body["result"] is None
    assert app.use(ana, "recording/start").status == 200
    assert app.use(ben, "recording/current").body["result"] == {"participantId": mine, "startTimestamp": MS}
    assert app.use(ben, "recording/start").outcome == (409, "mix-running")
    app.world.clock.advance(3)
    assert app.rest("POST", mix(identifier, "recording/stop"), {}).status == 204
    assert app.use(ben, "recording/stop").outcome == (409, "nothing-recorded")
    said = {"conferenceId": identifier, "participantId": mine}
    assert app.heard(ben, "recording.statusUpdated") == [
        {**said, "recordingStatus": "RECORDING", "timestamp": MS},
        {**said, "recordingStatus": "NOT_RECORDING", "timestamp": MS + 3_000},
    ]
    app.got("POST", mix(identifier, "recording/start"), {})
    assert app.use(ben, "recording/current").body["result"]["participantId"] is None
    assert app.use(ben, "recording/stop").status == 200
    assert len(app.got("GET", RECORDINGS)["recordings"]) == 2
    outside = app.person("zoe")
    assert app.use(outside, "recording/current").body["result"] is None
    assert app.use(outside, "recording/start").outcome == (409, "not-in-conference")


def test_the_end_of_a_conference_is_the_end_of_what_is_made_of_it(app: Application) -> None:
    identifier = app.conference()
    app.got("POST", mix(identifier, "recording/start"), {})
    app.got("POST", mix(identifier, "rtmp/start"), {"uri": "rtmp://127.0.0.1/x"})
    app.world.clock.advance(7)
    app.rest("DELETE", f"/v2/conferences/{identifier}")
    over = app.got("GET", f"/v1/monitor/conferences/{identifier}")
    assert (over["recordingDuration"], over["mixerRtmpStreaming"]) == (7_000, 7_000)
    assert app.got("GET", RECORDINGS)["recordings"][0]["duration"] == 7_000
    assert app.rest("POST", mix(identifier, "recording/start"), {}).status == 404


def test_a_remix_takes_a_minute_and_makes_a_recording(app: Application) -> None:
    identifier = app.conference()
    status = mix(identifier, "remix/status")
    assert app.got("GET", status)["status"] == "AUDIO_REMIX_NOT_AVAILABLE"
    assert app.got("POST", mix(identifier, "remix/start"), {})["status"] == "AUDIO_REMIX_NOT_AVAILABLE"
    recorded(app, identifier)
    assert app.got("GET", status)["status"] == "UNKNOWN"
    app.rest("DELETE", f"/v2/conferences/{identifier}")
    answer = app.got("POST", mix(identifier, "remix/start"), {"mixId": "again", "width": 1280})
    assert answer == {"status": "IN_PROGRESS", "region": "us", "alias": "rehearsal"}
    app.world.clock.advance(59)
    assert app.got("GET", status)["status"] == "IN_PROGRESS"
    [happened] = app.world.clock.advance(1)
    assert (happened["what"], happened["conference"]) == ("remix-over", identifier)
    assert app.got("GET", status)["status"] == "COMPLETED"
    _, made = app.got("GET", RECORDINGS)["recordings"]
    assert (made["mix"], made["duration"]) == ({"mixId": "again", "width": 1280, "height": 1080}, 10_000)
    # It is no recording of the conference itself.
    assert app.got("GET", f"/v1/monitor/conferences/{identifier}")["recordingDuration"] == 10_000


def test_a_remix_of_what_is_deleted_meanwhile_fails(app: Application) -> None:
    identifier = app.conference()
    recorded(app, identifier)
    status, recordings = mix(identifier, "remix/status"), f"/v2/monitor/conferences/{identifier}/recordings"
    app.got("POST", mix(identifier, "remix/start"), {})
    app.rest("DELETE", recordings)
    app.simulator.restore("here", app.world.snapshot())
    app.world.clock.advance(60)
    assert (app.got("GET", status)["status"], app.got("GET", RECORDINGS)["recordings"]) == ("ERROR", [])
    recorded(app, identifier)
    app.got("POST", mix(identifier, "remix/start"), {})
    app.world.clock.advance(60)
    assert app.got("GET", status)["status"] == "COMPLETED"
    app.rest("DELETE", recordings)
    assert app.got("GET", status)["status"] == "COMPLETED"


def test_one_conference_is_remixed_at_a_time(app: Application) -> None:
    one, two = app.conference("one"), app.conference("two")
    for each in (one, two):
        recorded(app, each)
    app.got("POST", mix(one, "remix/start"), {})
    came = app.rest("POST", mix(two, "remix/start"), {})
    assert came.outcome == (409, "mix-running")
    assert "`one`" in came.body["detail"]
    app.world.clock.advance(60)
    assert app.got("POST", mix(two, "remix/start"), {})["status"] == "IN_PROGRESS"
