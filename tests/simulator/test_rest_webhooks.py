"""What is posted to the webhook: what, when, and again when it was not taken, on the world's clock."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from openfirst_simulator import Request, Simulator
from openfirst_simulator.courier import AGAIN
from tests.simulator.conftest import START
from tests.simulator.inprocess import CONTRACT

MS = int(START * 1000)


class Receiver:
    """A webhook on this machine: what was posted to it, and the statuses that it answers with, the last one from then on."""

    def __init__(self) -> None:
        self.bodies: list[Any] = []
        self.statuses = iter([200])
        self._last = 200
        self.url = ""
        self._came = asyncio.Event()

    def answers(self, *statuses: int) -> None:
        self.statuses = iter(statuses)

    @property
    def events(self) -> list[str]:
        return [body["eventType"] for body in self.bodies]

    async def until(self, count: int) -> None:
        """As soon as so many have come."""
        while len(self.bodies) < count:
            self._came.clear()
            await asyncio.wait_for(self._came.wait(), 10)

    async def handle(self, request: web.BaseRequest) -> web.Response:
        assert request.content_type == "application/json"
        self.bodies.append(await request.json())
        self._came.set()
        self._last = next(self.statuses, self._last)
        return web.Response(status=self._last, headers={"X-Receiver": "here", "Location": self.url})


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    it = Receiver()
    runner = web.ServerRunner(web.Server(it.handle))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    it.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield it
    await runner.cleanup()


class Scene:
    """A world that posts to a receiver, and an application of it."""

    def __init__(self, simulator: Simulator, hook: Receiver) -> None:
        self.simulator, self.hook = simulator, hook
        self.world = simulator.world("w", frozen_at=START)
        self.world.post_to(hook.url)
        self.api = self.world.issue(self.world.applications[0], "api", 86_400)

    async def ask(self, method: str, path: str, body: Any = None, token: str | None = None, query: str = "") -> Any:
        headers = {"Authorization": f"Bearer {token or self.api}"}
        content = b"" if body is None else json.dumps(body).encode()
        answer = await self.simulator.answer(Request(method, f"/w/w{path}", headers, content, query))
        assert answer.status < 400, answer.content
        return json.loads(answer.content) if answer.content else None

    async def created(self, alias: str = "rehearsal", **parameters: Any) -> str:
        body = {"ownerExternalId": "ana", "alias": alias, "parameters": parameters}
        return str((await self.ask("POST", "/v2/conferences/create", body))["conferenceId"])

    async def joined(self, conference: str, external_id: str) -> str:
        token = self.world.token(external_id)
        await self.ask("POST", "/v1/sessions", {"name": external_id.title()}, token)
        arguments = {"arguments": [{"id": conference}]}
        await self.ask("POST", "/v1/sessions/current/services/conference/join", arguments, token)
        return token

    async def attempts(self, query: str = "") -> list[Any]:
        return list((await self.ask("GET", "/v1/monitor/webhooks", query=query))["webhooks"])


Test = Callable[[Scene], Coroutine[Any, Any, None]]


def posting(test: Test) -> Callable[[], None]:
    """The test, with a world that posts to a receiver."""

    async def run() -> None:
        async with receiver() as hook:
            simulator = Simulator(CONTRACT)
            await test(Scene(simulator, hook))
            await simulator.close()

    def wrapped() -> None:
        asyncio.run(run())

    wrapped.__name__, wrapped.__doc__ = test.__name__, test.__doc__
    return wrapped


@posting
async def test_the_life_of_a_conference_is_posted(scene: Scene) -> None:
    conference = await scene.created()
    await scene.joined(conference, "ben")
    await scene.ask("POST", f"/v2/conferences/mix/{conference}/recording/start", {})
    await scene.world.clock.pass_by(10)
    await scene.ask("POST", f"/v2/conferences/mix/{conference}/recording/stop", {})
    await scene.ask("POST", f"/v2/conferences/mix/{conference}/rtmp/start", {"uri": "rtmp://127.0.0.1/x"})
    await scene.ask("POST", f"/v2/conferences/{conference}/kick", {"externalIds": ["ben"]})
    await scene.ask("DELETE", f"/v2/conferences/{conference}")
    await scene.world.clock.pass_by(0)
    assert scene.hook.events == [
        "Conference.Created",
        "Participant.Joined",
        "Recording.Live.InProgress",
        "Recording.MP4.Available",
        "Stream.Rtmp.InProgress",
        "Participant.Left",
        "Conference.Ended",
    ]
    created, joined, _, recorded, _, left, ended = scene.hook.bodies
    of = {
        "thirdPartyId": scene.world.key,
        "region": "us",
        "conference": {"confId": conference, "confAlias": "rehearsal"},
    }
    ana = created["owner"]["userId"]
    assert created == {"eventType": "Conference.Created", **of, "owner": {"userId": ana, "externalId": "ana"}}
    ben = joined["participant"]["userId"]
    participant = {"userId": ben, "externalId": "ben", "externalName": "Ben", "externalPhotoUrl": None}
    assert joined == {"eventType": "Participant.Joined", **of, "participant": participant}
    assert left == {"eventType": "Participant.Left", **of, "participant": participant, "reason": "forced"}
    assert (recorded["duration"], recorded["size"], recorded["splits"]) == (10_000, 0, None)
    assert (ended["ownerId"], ended["confType"], ended["dolbyVoice"]) == (ana, "SDK_CONF", "true")
    assert (ended["startTime"], ended["duration"], ended["recordingDuration"]) == (MS, 10_000, 10_000)
    [there] = ended["participants"]
    assert (there["userId"], there["presenceDuration"]) == (ben, 10_000)


@posting
async def test_what_is_not_taken_is_posted_again_only_when_time_passes(scene: Scene) -> None:
    scene.hook.answers(500, 503, 200)
    await scene.created()
    await scene.hook.until(1)
    await scene.world.clock.pass_by(0)
    assert scene.world.clock.now() == START
    assert await scene.world.clock.pass_by(9.999) == []
    assert len(scene.hook.bodies) == 1
    [again] = await scene.world.clock.pass_by(0.001)
    assert again == {
        "at": START + 10,
        "what": "webhook",
        "event": "Conference.Created",
        "conference": scene.hook.bodies[0]["conference"]["confId"],
        "attempt": 2,
        "status": "503 Service Unavailable",
    }
    told = await scene.world.clock.pass_by(3600)
    assert [(each["at"] - START, each["attempt"], each["status"]) for each in told] == [(70, 3, "200 OK")]
    assert scene.hook.events == ["Conference.Created"] * 3
    assert len({json.dumps(body) for body in scene.hook.bodies}) == 1
    assert await scene.world.clock.pass_by(3600) == []


@posting
async def test_each_attempt_is_listed_with_what_came_back(scene: Scene) -> None:
    scene.hook.answers(500, 200)
    conference = await scene.created()
    await scene.world.clock.pass_by(10)
    first, second = await scene.attempts()
    assert (first["ts"], first["response"]["status"]) == (MS, "500 Internal Server Error")
    assert (second["ts"], second["response"]["status"]) == (MS + 10_000, "200 OK")
    assert first["response"]["headers"]["X-Receiver"] == "here"
    assert json.loads(first["webhook"]) == scene.hook.bodies[0]
    shared = {"url": scene.hook.url, "confId": conference, "thirdPartyId": scene.world.key}
    assert {name: first[name] for name in shared} == shared
    assert first["id"] != second["id"]
    assert len(await scene.attempts("type=Conf.*&max=1")) == 1
    assert await scene.attempts("type=Rec.*") == []
    assert await scene.attempts(f"from={MS + 1}&to={MS + 9_999}") == []


@posting
async def test_after_the_fifth_attempt_it_is_given_up(scene: Scene) -> None:
    scene.hook.answers(404)
    await scene.created()
    await scene.world.clock.pass_by(sum(AGAIN) + 10_000)
    assert len(scene.hook.bodies) == 5
    assert [each["ts"] - MS for each in await scene.attempts()] == [0, 10_000, 70_000, 670_000, 4_270_000]


@posting
async def test_where_nobody_listens_there_is_no_status(scene: Scene) -> None:
    scene.world.post_to("http://127.0.0.1:9/hook")
    await scene.created()
    await scene.world.clock.pass_by(0)
    [attempt] = await scene.attempts()
    assert attempt["response"] == {"status": None, "headers": {}}
    assert scene.hook.bodies == []


@posting
async def test_a_redirect_is_not_followed(scene: Scene) -> None:
    scene.hook.answers(307)
    await scene.created()
    await scene.world.clock.pass_by(1)
    assert [each["response"]["status"] for each in await scene.attempts()] == ["307 Temporary Redirect"]
    assert len(scene.hook.bodies) == 1


@posting
async def test_what_is_refused_is_not_posted(scene: Scene) -> None:
    refused = await scene.simulator.answer(Request("POST", "/w/w/v2/conferences/create", {}, b"{}"))
    assert refused.status == 401
    await scene.world.clock.pass_by(0)
    assert scene.hook.bodies == []


@posting
async def test_an_empty_conference_that_ends_is_posted_at_its_own_instant(scene: Scene) -> None:
    conference = await scene.created(ttl=60)
    await scene.world.clock.pass_by(0)
    told = await scene.world.clock.pass_by(100)
    assert [(each["at"] - START, each["what"]) for each in told] == [(60, "conference-ended"), (60, "webhook")]
    assert scene.hook.events == ["Conference.Created", "Conference.Ended"]
    ended = await scene.ask("GET", f"/v1/monitor/conferences/{conference}")
    assert (ended["live"], ended["end"] - MS) == (False, 60_000)


@posting
async def test_what_was_to_be_posted_is_posted_after_going_back_to_a_snapshot(scene: Scene) -> None:
    scene.hook.answers(500, 200)
    await scene.created()
    await scene.world.clock.pass_by(1)
    document = json.loads(json.dumps(scene.world.snapshot()))
    scene.world.reset()
    await scene.world.clock.pass_by(60)
    assert len(scene.hook.bodies) == 1
    scene.simulator.restore("w", document)
    await scene.world.clock.pass_by(9)
    assert len(scene.hook.bodies) == 2


@posting
async def test_without_a_webhook_nothing_more_is_posted(scene: Scene) -> None:
    scene.hook.answers(500)
    await scene.created()
    await scene.hook.until(1)
    await scene.world.clock.pass_by(0)
    scene.world.post_to(None)
    await scene.created("concert")
    await scene.world.clock.pass_by(60)
    assert len(scene.hook.bodies) == 1
    assert scene.world.webhook is None


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "https://127.0.0.1/",
        "http://10.0.0.1/",
        "127.0.0.1:80",
        "http://[::1",
        "",
        7,
        "http://x@evil/",
        "http://user@evil.example@127.0.0.1/",
        "HTTP://localhost:1/",
        "http://LOCALHOST:5/",
        "http://127.0.0.1/\r\nX: y",
    ],
)
def test_only_an_address_of_this_machine_is_taken(url: Any) -> None:
    world = Simulator(CONTRACT).default
    with pytest.raises(ValueError, match="of this machine"):
        world.post_to(url if url is not None else "")
    for good in ("http://localhost:3000/hook", "http://127.0.0.2/", "http://[::1]:80/"):
        world.post_to(good)
        assert world.webhook == good


def test_what_one_loop_left_the_next_one_delivers() -> None:
    """An app's tests may run a loop each: what was to be done in one that is no more is done when time is moved."""
    simulator = Simulator(CONTRACT)
    world = simulator.world("w", frozen_at=START)
    headers = {"Authorization": f"Bearer {world.issue(world.applications[0], 'api', 86_400)}"}

    async def run() -> int:
        async with receiver() as hook:
            world.post_to(hook.url)
            hook.answers(500)
            asked = Request("POST", "/w/w/v2/conferences/create", headers, b"{}")
            await asyncio.to_thread(lambda: asyncio.run(simulator.answer(asked)))
            await world.clock.pass_by(0)
            return len(hook.bodies)

    assert asyncio.run(run()) == 1

    async def later() -> list[Any]:
        return await world.clock.pass_by(10)

    assert [(each["attempt"], each["status"]) for each in asyncio.run(later())] == [(2, None)]


def test_a_world_in_real_time_posts_again_by_itself() -> None:
    async def run() -> None:
        async with receiver() as hook, Simulator(CONTRACT) as simulator:
            hook.answers(500, 200)
            world = simulator.world("fast", scale=1000)
            world.post_to(hook.url)
            api = world.issue(world.applications[0], "api", 86_400)
            headers = {"Authorization": f"Bearer {api}"}
            await simulator.answer(Request("POST", "/w/fast/v2/conferences/create", headers, b"{}"))
            await hook.until(2)

    asyncio.run(run())
