"""The platform's own Python client, unmodified, over TLS: every `communications` call that it has, in the life of a conference."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
from collections.abc import Awaitable, Callable, Iterator
from functools import wraps
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import aiohttp
import pytest
from dolbyio_rest_apis.authentication import get_api_token
from dolbyio_rest_apis.communications import models
from dolbyio_rest_apis.core.http_request_error import HttpRequestError
from dolbyio_rest_apis.core.rate_limiter import RATE_LIMITER

import openfirst
from openfirst import Platform

START = 1_767_225_600
START_MS = START * 1000
MODULES = {
    name.rpartition(".")[2] if "monitor" not in name else f"monitor_{name.rpartition('.')[2]}": importlib.import_module(
        f"dolbyio_rest_apis.communications.{name}"
    )
    for name in (
        *("authentication", "conference", "recording", "remix", "streaming"),
        *("monitor.conferences", "monitor.recordings", "monitor.webhooks"),
    )
}
# The platform's client says things in ways that aiohttp warns of.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning"),
    pytest.mark.openfirst(start=START),
]


class Client:
    """The client's calls by module, such as `client.conference.terminate`; `called` are those that were made."""

    def __init__(self, called: set[str]) -> None:
        self._called = called

    def __getattr__(self, module: str) -> Any:
        called = self._called

        class Calls:
            def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
                function = getattr(MODULES[module], name)

                @wraps(function)
                async def call(*args: Any, **kwargs: Any) -> Any:
                    called.add(f"{module}.{name}")
                    return await function(*args, **kwargs)

                return call

        return Calls()


def every_call() -> set[str]:
    return {
        f"{module}.{name}"
        for module, where in MODULES.items()
        for name, function in vars(where).items()
        if inspect.iscoroutinefunction(function) and function.__module__ == where.__name__
    }


class Participant:
    """A participant over the session interface."""

    def __init__(self, platform: Platform, http: aiohttp.ClientSession, token: str) -> None:
        self._base, self._http, self._headers = platform.url, http, {"Authorization": f"Bearer {token}"}

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        url = f"{self._base}/v1/sessions{path}"
        async with self._http.request(method, url, json=body, headers=self._headers) as answer:
            return answer.status, None if answer.status == 204 else await answer.json()

    async def use(self, target: str, *arguments: Any) -> Any:
        status, body = await self.ask("POST", f"/current/services/{target}", {"arguments": arguments})
        assert status == 200, body
        return body["result"]

    async def heard(self, name: str) -> list[Any]:
        _, body = await self.ask("GET", "/current/events")
        return [event["data"] for event in body["events"] if event["name"] == name]


@pytest.fixture
def unhurried() -> Iterator[None]:
    """The client holds itself back after 50 calls a process; not so here."""
    left = RATE_LIMITER._nb_requests_left
    RATE_LIMITER._nb_requests_left = 10**9
    yield
    RATE_LIMITER._nb_requests_left = left


@pytest.mark.usefixtures("unhurried")
def test_every_call_of_the_client_has_a_true_answer(platform: Platform) -> None:
    called: set[str] = set()

    async def life() -> None:
        with openfirst.redirected(platform):
            async with aiohttp.ClientSession() as http:
                await a_life(platform, Client(called), http)

    asyncio.run(life())
    assert called == every_call()


async def a_life(platform: Platform, client: Client, http: aiohttp.ClientSession) -> None:
    api = (await get_api_token(platform.key, platform.secret)).access_token
    tokens = {
        name: (await client.authentication.get_client_access_token_v2(api, ["*"], name)).access_token
        for name in ("ana", "ben")
    }
    permitted = [models.Permission.JOIN, models.Permission.SEND_AUDIO]
    conference = await client.conference.create_conference(
        api,
        "ana",
        alias="rehearsal",
        pincode="1234",
        ttl=300,
        video_codec=models.VideoCodec.H264,
        participants=[models.Participant(name, permitted, True) for name in ("ana", "ben")],
        recording_formats=["mp3", "mp4"],
        region="eu",
    )
    assert (conference.conference_alias, conference.conference_pincode) == ("rehearsal", "1234")
    assert conference.is_protected is True
    assert [token.external_id for token in conference.user_tokens] == ["ana", "ben"]
    assert conference.owner_token == conference.user_tokens[0].token
    identifier = conference.conference_id

    people = {name: Participant(platform, http, token) for name, token in tokens.items()}
    for name, token in zip(people, conference.user_tokens, strict=True):
        assert (await people[name].ask("POST", "", {"name": name.title()}))[0] == 201
        joined = await people[name].use("conference/join", {"id": identifier}, {"conferenceAccessToken": token.token})
        assert joined["alias"] == "rehearsal"
    ana, ben = people["ana"], people["ben"]

    there = (await client.conference.list_participants(api, identifier)).participants
    assert [(one.external_id, one.name, one.nb_session) for one in there] == [("ana", "Ana", 1), ("ben", "Ben", 1)]
    assert {one.last_join_timestamp for one in there} == {START_MS}
    await client.conference.send_message(api, identifier, "ana", ["ben"], "Louder!")
    assert [event["message"] for event in await ben.heard("command.messageReceived")] == ["Louder!"]
    assert await ana.heard("command.messageReceived") == []

    invited = await client.conference.invite(
        api, identifier, [models.Participant("cleo", permitted, False), models.Participant("ben", permitted, True)]
    )
    assert [token.external_id for token in invited] == ["cleo"]
    updated = await client.conference.update_permissions(
        api, identifier, [models.Participant("ben", [models.Permission.JOIN], False)]
    )
    assert [token.external_id for token in updated] == ["ben"]
    assert await ben.heard("conference.permissionsUpdated") == [{"permissions": ["JOIN"]}]
    point = models.Coordinates(1, 0, 0)
    await client.conference.set_spatial_listeners_audio(
        api,
        identifier,
        models.SpatialAudioEnvironment(point, point, point, point),
        models.SpatialAudioListener(point, point),
        [models.SpatialAudioUser("ben", point)],
    )

    await its_mixes(platform, api, identifier, client)
    assert [event["recordingStatus"] for event in await ana.heard("recording.statusUpdated")] == [
        "RECORDING",
        "NOT_RECORDING",
    ]

    await client.conference.kick(api, identifier, ["ben"])
    assert [event["participant"]["status"] for event in await ana.heard("conference.participantUpdated")][
        -1
    ] == "KICKED"
    assert await ben.use("conference/current") is None
    live = await client.monitor_conferences.get_conferences(api, active=True, live_stats=True, external_id="ana")
    [summary] = live.conferences
    assert (summary.conf_id, summary.region, summary.live, summary.nb_users) == (identifier, "eu", True, 1)
    assert summary.start == START_MS

    remix = await client.remix.start(api, identifier, mix_id="again")
    assert (remix.status, remix.region, remix.alias) == ("IN_PROGRESS", "eu", "rehearsal")
    platform.clock.advance("60s")
    assert (await client.remix.get_status(api, identifier)).status == "COMPLETED"

    await client.conference.terminate(api, identifier)
    assert await ana.use("conference/current") is None
    assert {"status": "ENDED"} in await ana.heard("conference.statusUpdated")
    for person in people.values():
        assert (await person.ask("DELETE", "/current"))[0] == 204

    await its_monitor(api, identifier, there[1].user_id, client)


async def its_mixes(platform: Platform, api: str, identifier: str, client: Client) -> None:
    await client.recording.start(api, identifier, width=1280, height=720, mix_id="wide")
    await client.streaming.start_rtmp(api, identifier, "rtmp://127.0.0.1/live")
    await client.streaming.start_rts(api, identifier)
    platform.clock.advance("10s")
    await client.recording.stop(api, identifier)
    await client.streaming.stop_rtmp(api, identifier)
    await client.streaming.stop_rts(api, identifier)


async def its_monitor(api: str, identifier: str, ben: str, client: Client) -> None:
    over = await client.monitor_conferences.get_conference(api, identifier, live_stats=True)
    assert (over.live, over.end, over.duration) == (False, START_MS + 70_000, 70_000)
    # Ana was there for 70 seconds, and Ben for 10.
    assert (over.presence_duration, over.nb_users, over.nb_listeners) == (80_000, 2, 0)
    assert (over.recording_duration, over.mixer_rtmp_streaming) == (10_000, 10_000)
    assert over.streaming_api_usage.publish_duration_sec == 10
    statistics = await client.monitor_conferences.get_conference_statistics(api, identifier)
    assert (statistics.max_participants.user, statistics.max_participants.mixer) == (2, 3)
    assert [one.conf_id for one in await client.monitor_conferences.get_all_conferences(api, page_size=1)] == [
        identifier
    ]
    page = await client.monitor_conferences.get_conference_participants(api, identifier, "user", maximum=1)
    assert (len(page.participants), bool(page.next)) == (1, True)
    every = await client.monitor_conferences.get_all_conference_participants(api, identifier, page_size=1)
    assert [one["connections"][0]["duration"] for one in every.values()] == [70_000, 10_000]
    one = await client.monitor_conferences.get_conference_participant(api, identifier, ben)
    assert one["connections"][0]["reason"] == "forced"

    first = await client.monitor_recordings.get_recordings(api, region="eu", media_type="audio/mpeg", page_size=1)
    # The remix has one as well.
    assert (len(first.recordings), bool(first.next)) == (1, True)
    assert (first.recordings[0].duration, first.recordings[0].mix.mix_id) == (10_000, "wide")
    recordings = await client.monitor_recordings.get_all_recordings(api, page_size=1)
    assert sorted((each.media_type, each.mix.mix_id) for each in recordings) == [
        ("audio/mpeg", "again"),
        ("audio/mpeg", "wide"),
        ("video/mp4", "again"),
        ("video/mp4", "wide"),
    ]
    mine = await client.monitor_recordings.get_conference_recordings(api, identifier, recording_type="mix")
    assert (mine.conference.conf_alias, mine.live_conference, len(mine.recordings)) == ("rehearsal", False, 4)
    assert len(await client.monitor_recordings.get_all_conference_recordings(api, identifier)) == 4
    await client.monitor_recordings.delete_recording(api, identifier)
    assert await client.monitor_recordings.get_all_recordings(api) == []

    assert (await client.monitor_webhooks.get_events(api, filter_type="Rec.*")).webhooks == []
    assert await client.monitor_webhooks.get_all_events(api, identifier) == []


@pytest.mark.usefixtures("unhurried")
def test_a_refusal_is_what_the_client_knows_one_as(platform: Platform) -> None:
    async def refused() -> HttpRequestError:
        with openfirst.redirected(platform):
            token = await get_api_token(platform.key, platform.secret, scope=["comms:monitor:read"])
            with pytest.raises(HttpRequestError) as caught:
                await MODULES["conference"].create_conference(token.access_token, "ana")
            return caught.value

    error = asyncio.run(refused())
    assert (error.status_code, error.error_type, error.error_reason) == (403, "ErrorResponse", "Forbidden")
    assert "comms:conf:create" in error.error_description


@pytest.mark.usefixtures("unhurried")
def test_a_webhook_of_the_tests_own_hears_what_happens_and_the_client_lists_it(platform: Platform) -> None:
    heard: list[Any] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(500 if len(heard) == 1 else 200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    async def created_and_listed() -> list[Any]:
        with openfirst.redirected(platform):
            api = (await get_api_token(platform.key, platform.secret)).access_token
            conference = await MODULES["conference"].create_conference(api, "ana", alias="rehearsal")
            told = platform.clock.advance("10s")
            assert [(each["attempt"], each["status"]) for each in told][-1] == (2, "200 OK")
            listed = await MODULES["monitor_webhooks"].get_all_events(api, conference.conference_id, page_size=1)
            return [(each.ts, each.response.status) for each in listed]

    with HTTPServer(("127.0.0.1", 0), Hook) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        platform.webhook(f"http://127.0.0.1:{server.server_port}/hook")
        assert asyncio.run(created_and_listed()) == [
            (START_MS, "500 Internal Server Error"),
            (START_MS + 10_000, "200 OK"),
        ]
        server.shutdown()
        thread.join()
    assert [each["eventType"] for each in heard] == ["Conference.Created", "Conference.Created"]
    with pytest.raises(openfirst.Mistake, match="nothing leaves it"):
        platform.webhook("https://example.org/hook")
