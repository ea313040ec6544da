"""What a session hears, in each way of hearing it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import aiohttp
import pytest

from openfirst_simulator import Request, Simulator
from openfirst_simulator.events import LOGGED, emit
from openfirst_simulator.events import heard as behind
from openfirst_simulator.journal import Filter
from openfirst_simulator.messages import Answer, Hearing
from openfirst_simulator.records import Event, Feed
from openfirst_simulator.store import Draft, MemoryStore
from tests.simulator.conftest import START
from tests.simulator.inprocess import CONTRACT, Here

SILENTLY = {"constraints": {"audio": False, "video": False}}


def heard(here: Here, token: str, after: int | None = None) -> list[tuple[int, str, Any]]:
    query = "" if after is None else f"?after={after}"
    came = asyncio.run(
        here.simulator.answer(
            Request("GET", "/w/here/v1/sessions/current/events", {"Authorization": f"Bearer {token}"}, b"", query[1:])
        )
    )
    assert came.status == 200, came.content
    return [(event["id"], event["name"], event["data"]) for event in json.loads(came.content)["events"]]


def two_in_a_conference(here: Here) -> tuple[str, str]:
    ana, ben = here.world.token("ana"), here.world.token("ben")
    for token, name in ((ana, "Ana"), (ben, "Ben")):
        here.opened(token, {"name": name})
        here.use(token, "conference/create", {"alias": "rehearsal"})
    conference = here.use(ana, "conference/fetch", "rehearsal").body["result"]
    here.use(ana, "conference/join", conference, SILENTLY)
    here.use(ben, "conference/join", conference, SILENTLY)
    return ana, ben


def test_those_in_a_conference_hear_who_comes_and_goes() -> None:
    here = Here()
    ana, ben = two_in_a_conference(here)
    his = here.participant(ben).body
    added = {"participant": {**his, "status": "CONNECTING", "type": "USER", "streams": []}}
    connected = {"participant": {**added["participant"], "status": "CONNECTED"}}
    assert heard(here, ana) == [
        (1, "conference.statusUpdated", {"status": "JOINING"}),
        (2, "conference.statusUpdated", {"status": "JOINED"}),
        (3, "conference.participantAdded", added),
        (4, "conference.participantUpdated", connected),
    ]
    here.use(ben, "conference/leave")
    gone = {"participant": {**added["participant"], "status": "LEFT"}}
    assert heard(here, ana, 4) == [(5, "conference.participantUpdated", gone)]
    assert heard(here, ben)[-1][1:] == ("conference.statusUpdated", {"status": "LEFT"})


def test_whoever_closes_the_session_has_left_and_hears_no_more() -> None:
    here = Here()
    ana, ben = two_in_a_conference(here)
    assert here.close(ben).status == 204
    assert heard(here, ana)[-1][2]["participant"]["status"] == "LEFT"
    assert here.ask("GET", "/v1/sessions/current/events", ben).outcome == (409, "session-not-open")
    here.opened(ben)
    assert heard(here, ben) == []


def test_a_listener_is_heard_of_by_nobody() -> None:
    here = Here()
    ana, ben = here.world.token("ana"), here.world.token("ben")
    here.opened(ana)
    here.opened(ben)
    conference = here.use(ana, "conference/create", {"alias": "rehearsal"}).body["result"]
    here.use(ana, "conference/join", conference)
    before = len(heard(here, ana))
    here.use(ben, "conference/listen", conference)
    assert len(heard(here, ana)) == before
    here.use(ana, "conference/leave")
    assert [name for _, name, _ in heard(here, ben)][-1] == "conference.participantUpdated"


@pytest.mark.parametrize("session", ["current", "c1f8c9ff-3a5b-4f5e-a4f7-2b8d3a9b1c11"])
def test_without_a_session_there_is_nothing_to_hear(session: str) -> None:
    here = Here()
    path = f"/v1/sessions/{session}/events"
    refused = here.ask("GET", path, here.world.token("ana"))
    assert refused.outcome == (409, "session-not-open")
    assert refused.body["rule"] == "open-before-use"
    assert here.ask("GET", path, None).outcome[0] == 401
    assert here.ask("GET", path, here.world.token(condition="forged")).outcome[0] == 401


def test_another_ones_session_is_not_heard() -> None:
    here = Here()
    session = here.opened(here.world.token("ana"))
    ben = here.world.token("ben")
    here.opened(ben)
    assert here.ask("GET", f"/v1/sessions/{session}/events", ben).outcome == (409, "session-not-open")


@pytest.mark.parametrize("query", ["after=x", "after=-1", "after=", "since=1", "after=1&after=1", f"after={'9' * 40}"])
def test_a_number_that_is_none_is_refused(query: str) -> None:
    here = Here()
    token = here.world.token("ana")
    here.opened(token)
    headers = {"Authorization": f"Bearer {token}"}
    came = asyncio.run(here.simulator.answer(Request("GET", "/w/here/v1/sessions/current/events", headers, b"", query)))
    assert (came.status, json.loads(came.content)["code"]) == (400, "invalid-request")


@pytest.mark.parametrize("accept", ["*/*", "text/event-stream"])
def test_behind_what_was_never_heard_nothing_is_taken_up(accept: str) -> None:
    here = Here()
    ana, _ = two_in_a_conference(here)
    last = heard(here, ana)[-1][0]
    headers = {"Authorization": f"Bearer {ana}", "Accept": accept}

    def came(after: int) -> int:
        asked = Request("GET", "/w/here/v1/sessions/current/events", headers, b"", f"after={after}")
        return asyncio.run(here.simulator.answer(asked)).status

    assert (came(last), came(last + 1)) == (200, 410)


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("text/event-stream", "text/event-stream"),
        ("Text/Event-Stream;q=0.5, application/json", "text/event-stream"),
        ("application/json, text/event-stream; charset=utf-8", "text/event-stream"),
        ("text/event-stream;q=0, application/json", "application/json"),
        ("text/event-stream; q=0.000", "application/json"),
        ("text/event-streams", "application/json"),
        ("text/*, */*", "application/json"),
    ],
)
def test_a_stream_is_for_who_accepts_it(accept: str, kind: str) -> None:
    here = Here()
    token = here.world.token("ana")
    here.opened(token)
    headers = {"Authorization": f"Bearer {token}", "Accept": accept}
    came = asyncio.run(here.simulator.answer(Request("GET", "/w/here/v1/sessions/current/events", headers)))
    assert came.content_type == kind


def test_what_is_kept_no_more_is_a_gap() -> None:
    store = MemoryStore()
    for number in range(LOGGED + 7):
        draft = Draft(store)
        emit(draft, "s", float(number), "x", number)
        store.commit(draft)
    feed = store.load(Feed, "s")
    assert feed is not None
    assert (feed.last, len(feed.events), feed.events[0].id) == (LOGGED + 7, LOGGED, 8)
    first, second = behind(feed, 3)[:2]
    assert (first.name, first.id, first.data) == ("gap", 7, {"from": 4, "to": 7})
    assert second.id == 8
    assert behind(feed, 7)[0].id == 8
    assert behind(feed, LOGGED + 7) == []


def test_a_session_is_reminded_of_its_token_at_each_point_of_its_life() -> None:
    here = Here()
    token = here.world.token("ana", expires_in=1000)
    here.opened(token)
    assert heard(here, token) == []
    for seconds, count in ((499, 0), (1, 1), (249, 1), (1, 2), (249, 2), (1, 3)):
        here.world.clock.advance(seconds)
        assert len(here.world.events(here.world.sessions[0].id)) == count
    assert {event.name for event in here.world.events(here.world.sessions[0].id)} == {"sdk.tokenRefresh"}


def test_a_fresh_token_is_reminded_of_in_its_own_time() -> None:
    here = Here()
    token = here.world.token("ana", expires_in=1000)
    session = here.opened(token)
    heard(here, token)
    here.world.clock.advance(600)
    fresh = here.world.token("ana", expires_in=1000)
    assert here.is_open(fresh, session).body == {"open": True}
    here.world.clock.advance(499)
    assert len(here.world.events(session)) == 1
    here.world.clock.advance(1)
    assert len(here.world.events(session)) == 2


def test_a_token_that_is_fresh_only_after_the_end_of_the_one_before_is_reminded_of_as_well() -> None:
    here = Here()
    session = here.opened(here.world.token("ana", expires_in=1000))
    here.world.events(session)
    here.world.clock.advance(1000)
    assert len(here.world.events(session)) == 3
    fresh = here.world.token("ana", expires_in=1000)
    assert here.is_open(fresh, session).body == {"open": True}
    told = here.world.clock.advance(500)
    assert [happened["what"] for happened in told] == ["token-refresh"]
    assert len(here.world.events(session)) == 4


def test_what_was_heard_last_is_heard_by_who_is_slow_to_listen() -> None:
    here = Here()
    ana, _ = two_in_a_conference(here)
    session = here.world.sessions[0].id
    before = here.world.events(session)
    here.use(ana, "conference/leave")
    here.close(ana)
    heard = asyncio.run(here.world.more_events(session, len(before)))
    assert heard is not None
    assert [event.data for event in heard if event.name == "conference.statusUpdated"] == [{"status": "LEFT"}]
    assert asyncio.run(here.world.more_events(session, heard[-1].id)) is None


def test_where_time_goes_by_itself_whoever_listens_hears_what_is_due() -> None:
    simulator = Simulator(CONTRACT)
    world = simulator.world("quick", scale=100_000)
    token = world.token("ana", expires_in=3600)
    headers = {"Authorization": f"Bearer {token}"}

    async def first() -> list[str]:
        await simulator.answer(Request("POST", "/v1/sessions", headers))
        async with asyncio.timeout(20):
            heard = await world.more_events(world.sessions[0].id, 0)
        return [event.name for event in heard or ()]

    assert asyncio.run(first())[0] == "sdk.tokenRefresh"


def test_who_never_listens_is_reminded_of_nothing() -> None:
    here = Here()
    here.opened(here.world.token("ana", expires_in=1000))
    assert [happened["what"] for happened in here.world.clock.advance(1000)] == ["token-expires"]


def test_a_snapshot_takes_along_what_was_heard() -> None:
    here = Here()
    ana, _ = two_in_a_conference(here)
    before = heard(here, ana)
    document = json.loads(json.dumps(here.world.snapshot()))
    here.world.reset()
    here.simulator.restore("here", document)
    assert heard(here, ana) == before
    assert heard(here, ana, before[-1][0]) == []
    document["records"]["feeds"][0]["last"] -= 1
    with pytest.raises(ValueError, match=r"the events of the session .* are not in order, up to the number"):
        here.simulator.restore("here", document)


def undone(here: Here, ana: str, ben: str) -> int:
    """The number of the last event that Ana has heard, of those that a world that is gone back to has not had yet."""
    document = here.world.snapshot()
    for _ in range(3):
        here.use(ana, "command/send", "hello")
        here.use(ben, "command/send", "hello")
    cursor = heard(here, ana)[-1][0]
    here.simulator.restore("here", document)
    return cursor


def test_no_number_is_given_again_where_a_world_is_gone_back_to() -> None:
    here = Here()
    ana, ben = two_in_a_conference(here)
    known = heard(here, ana)
    cursor = undone(here, ana, ben)
    [gap] = heard(here, ana, cursor)
    assert gap[1:] == ("gap", {"from": cursor + 1, "to": gap[0]})
    assert gap[0] > cursor
    here.use(ben, "command/send", "again")
    told, message = heard(here, ana, cursor)
    assert (told, message[0], message[1]) == (gap, gap[0] + 1, "command.messageReceived")
    # Who has heard what the world still knows has missed nothing; and who begins hears all of it.
    assert heard(here, ana, known[-1][0]) == [message]
    assert heard(here, ana, gap[0]) == [message]
    assert heard(here, ana) == [*known, message]
    # To go back once more gives no number again either, and what was given before is known to be of another time.
    again = undone(here, ana, ben)
    assert heard(here, ana, again)[0][0] > again
    assert [name for _, name, _ in heard(here, ana, cursor)] == ["gap", "command.messageReceived"]


def test_a_session_that_had_heard_nothing_when_it_was_kept_gives_no_number_again() -> None:
    here = Here()
    ana, ben = here.world.token("ana"), here.world.token("ben")
    here.opened(ana)
    document = here.world.snapshot()
    here.opened(ben)
    conference = here.use(ana, "conference/create", {"alias": "rehearsal"}).body["result"]
    here.use(ana, "conference/join", conference, SILENTLY)
    cursor = heard(here, ana)[-1][0]
    here.simulator.restore("here", document)
    assert heard(here, ana) == []
    [gap] = heard(here, ana, cursor)
    assert gap[1:] == ("gap", {"from": cursor + 1, "to": gap[0]})
    # Nobody has listened where it is gone back to, so of a fresh token nobody is reminded.
    here.simulator.restore("here", document)
    fresh = here.world.token("ana", expires_in=1000)
    assert here.is_open(fresh, here.world.sessions[0].id).body == {"open": True}
    assert [each["what"] for each in here.world.clock.advance(900)] == []


@pytest.mark.parametrize("closes", [False, True])
def test_where_a_world_with_a_seed_goes_on_alike_its_numbers_do_not(closes: bool) -> None:
    here = Here()
    here.simulator.drop("here")
    here.world = here.simulator.world("here", seed=1, frozen_at=START)
    ana, ben = two_in_a_conference(here)
    document = here.world.snapshot()
    here.simulator.restore("here", document)
    here.use(ben, "command/send", "hello")
    cursor = heard(here, ana)[-1][0]
    for token in (ana, ben) if closes else ():
        here.close(token)
    here.simulator.restore("here", document)
    assert heard(here, ana, cursor) == [(cursor + 1, "gap", {"from": cursor + 1, "to": cursor + 1})]


def test_in_another_process_and_in_a_fork_numbers_go_on_elsewhere() -> None:
    here = Here()
    ana, ben = two_in_a_conference(here)
    document = json.loads(json.dumps(here.world.snapshot()))
    ends = set[int]()
    for _ in range(3):
        later = Here()
        later.simulator.restore("here", document)
        later.use(ben, "command/send", "hello")
        ends.add(heard(later, ana)[-1][0])
    assert len(ends) == 3
    fork = here.simulator.fork("here", "fork")
    for _ in range(2):
        here.use(ben, "command/send", "hello")
    cursor = heard(here, ana)[-1][0]
    headers = {"Authorization": f"Bearer {ana}", "Last-Event-ID": str(cursor)}
    came = asyncio.run(here.simulator.answer(Request("GET", "/w/fork/v1/sessions/current/events", headers)))
    assert [event["name"] for event in json.loads(came.content)["events"]] == ["gap"]
    assert fork.sessions == here.world.sessions


def test_a_client_whose_next_session_begins_hears_no_number_twice() -> None:
    here = Here()
    ana, _ = two_in_a_conference(here)
    cursor = heard(here, ana)[-1][0]
    here.close(ana)
    here.opened(ana)
    assert (heard(here, ana), heard(here, ana, cursor)) == ([], [])
    conference = here.use(ana, "conference/create", {"alias": "rehearsal"}).body["result"]
    here.use(ana, "conference/join", conference, SILENTLY)
    first = heard(here, ana)[0]
    assert first == (cursor + 1, "conference.statusUpdated", {"status": "JOINING"})
    assert heard(here, ana, cursor)[0] == first
    # What was not heard of the session before is missed.
    assert heard(here, ana, cursor - 1)[:2] == [(cursor, "gap", {"from": cursor, "to": cursor}), first]


# Over HTTP ------------------------------------------------------------------------------------------------------------


class Listening:
    """Two in a world over HTTP: one listens, the other one acts."""

    def __init__(self, simulator: Simulator, http: aiohttp.ClientSession) -> None:
        self.world = simulator.world("w", frozen_at=START)
        self.http = http
        self.tokens = {name: self.world.token(name) for name in ("ana", "ben")}

    async def ask(self, method: str, path: str, who: str = "ana", body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self.tokens[who]}"}
        async with self.http.request(
            method, f"{self.world.url}/v1/sessions{path}", json=body, headers=headers
        ) as response:
            return await response.json() if response.content_type == "application/json" else await response.read()

    async def meet(self, who: str) -> None:
        await self.ask("POST", "", who)
        made = await self.ask("POST", "/current/services/conference/create", who, {"arguments": [{"alias": "r"}]})
        await self.ask("POST", "/current/services/conference/join", who, {"arguments": [made["result"], SILENTLY]})


def over_http(test: Callable[[Listening], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """The test, with two in a world that is asked over HTTP."""

    async def run() -> None:
        async with Simulator(CONTRACT) as simulator, aiohttp.ClientSession() as http:
            await test(Listening(simulator, http))

    def tested() -> None:
        asyncio.run(run())

    return tested


async def server_sent(response: aiohttp.ClientResponse, count: int) -> list[dict[str, str]]:
    """So many events of a stream, field by field."""
    events: list[dict[str, str]] = []
    fields: dict[str, str] = {}
    while len(events) < count:
        line = (await response.content.readline()).decode().rstrip("\n")
        if line.startswith(":"):
            continue
        if not line:
            if fields:
                events.append(fields)
            fields = {}
            continue
        name, _, value = line.partition(": ")
        fields[name] = value
    return events


@over_http
async def test_a_stream_goes_on_as_things_happen_and_ends_with_the_session(listening: Listening) -> None:
    await listening.meet("ana")
    headers = {"Authorization": f"Bearer {listening.tokens['ana']}", "Accept": "text/event-stream"}
    url = f"{listening.world.url}/v1/sessions/current/events"
    async with listening.http.get(url, headers=headers) as stream:
        assert stream.content_type == "text/event-stream"
        assert stream.headers["Openfirst-World"] == listening.world.name
        assert [event["event"] for event in await server_sent(stream, 2)] == ["conference.statusUpdated"] * 2
        await listening.meet("ben")
        third, fourth = await server_sent(stream, 2)
        assert (third["id"], third["event"]) == ("3", "conference.participantAdded")
        assert json.loads(fourth["data"])["participant"]["status"] == "CONNECTED"
        await listening.ask("DELETE", "/current")
        assert (await stream.content.read()).strip() in (b"", b":")


@over_http
async def test_a_stream_is_resumed_behind_what_was_heard(listening: Listening) -> None:
    await listening.meet("ana")
    headers = {
        "Authorization": f"Bearer {listening.tokens['ana']}",
        "Accept": "text/event-stream",
        "Last-Event-ID": "1",
    }
    async with listening.http.get(f"{listening.world.url}/v1/sessions/current/events", headers=headers) as stream:
        [event] = await server_sent(stream, 1)
        assert event == {"id": "2", "event": "conference.statusUpdated", "data": '{"status":"JOINED"}'}


@over_http
async def test_a_websocket_carries_an_event_a_message(listening: Listening) -> None:
    await listening.meet("ana")
    headers = {"Authorization": f"Bearer {listening.tokens['ana']}"}
    url = f"{listening.world.url}/v1/sessions/current/events?after=2"
    async with listening.http.ws_connect(url, headers=headers) as socket:
        await listening.meet("ben")
        first = await socket.receive_json()
        assert (first["id"], first["at"], first["name"]) == (3, START, "conference.participantAdded")
        await socket.receive_json()
        await listening.ask("DELETE", "/current")
        assert (await socket.receive()).type == aiohttp.WSMsgType.CLOSE


HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        ({"Sec-WebSocket-Version": "99"}, "`Sec-WebSocket-Version` is `99`. Send 13."),
        ({"Sec-WebSocket-Version": None}, "`Sec-WebSocket-Version` is ``. Send 13."),
        ({"Sec-WebSocket-Key": "short"}, "`Sec-WebSocket-Key` is `short`. Send 16 random bytes in Base64."),
        ({"Sec-WebSocket-Key": None}, "`Sec-WebSocket-Key` is ``. Send 16 random bytes in Base64."),
        ({"Connection": "keep-alive"}, "Send `Connection: Upgrade` beside it."),
    ],
)
def test_a_websocket_that_cannot_begin_is_refused_and_nobody_listens(other: dict[str, Any], sentence: str) -> None:
    here = Here()
    token = here.world.token("ana")
    session = here.opened(token)
    given = {**HANDSHAKE, "Authorization": f"Bearer {token}", **other}
    headers = {name: value for name, value in given.items() if value is not None}
    answer = asyncio.run(here.simulator.answer(Request("GET", "/w/here/v1/sessions/current/events", headers)))
    told = json.loads(answer.content)
    assert (answer.status, told["code"], sentence in told["detail"]) == (400, "invalid-request", True)
    entry = next(here.world.journal.latest(Filter("events")))
    assert (entry.status, entry.code, entry.delivered) == (400, "invalid-request", "whole")
    assert here.world.records.load(Feed, session) is None


@over_http
async def test_over_http_a_websocket_that_cannot_begin_is_a_problem(listening: Listening) -> None:
    await listening.ask("POST", "")
    url = f"{listening.world.url}/v1/sessions/current/events"
    headers = {**HANDSHAKE, "Authorization": f"Bearer {listening.tokens['ana']}", "Sec-WebSocket-Version": "99"}
    async with listening.http.get(url, headers=headers) as answer:
        assert (answer.status, answer.content_type) == (400, "application/problem+json")


@pytest.mark.parametrize("becomes_another", [lambda here: here.world.reset(), lambda here: here.simulator.drop("here")])
def test_a_stream_whose_world_became_another_before_it_was_sent_ends(becomes_another: Callable[[Here], object]) -> None:
    asyncio.run(_ends_at_once(becomes_another))


async def _ends_at_once(becomes_another: Callable[[Here], object]) -> None:
    here = Here()
    token = here.world.token("ana")
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
    await here.simulator.answer(Request("POST", "/w/here/v1/sessions", headers))
    answer = await here.simulator.answer(Request("GET", "/w/here/v1/sessions/current/events", headers))
    becomes_another(here)
    assert answer.hearing is not None
    coming = asyncio.ensure_future(_first(answer.hearing))
    await asyncio.sleep(0)
    assert coming.done()
    assert await coming is None


def test_a_session_that_is_closed_as_its_client_is_forgotten_has_told_the_rest_and_leaves_nothing() -> None:
    asyncio.run(_forgotten())


async def _forgotten() -> None:
    here = Here()
    headers = {"Authorization": f"Bearer {here.world.token('ana', expires_in=1000)}", "Accept": "text/event-stream"}

    async def ask(method: str, path: str, *arguments: Any) -> Answer:
        body = json.dumps({"arguments": arguments}).encode() if arguments else b""
        return await here.simulator.answer(Request(method, f"/w/here/v1/sessions{path}", headers, body))

    await ask("POST", "")
    made = await ask("POST", "/current/services/conference/create", {"alias": "rehearsal"})
    await ask("POST", "/current/services/conference/join", json.loads(made.content)["result"], SILENTLY)
    hearing = (await ask("GET", "/current/events")).hearing
    assert hearing is not None
    assert len(await hearing() or ()) == 2
    coming = asyncio.ensure_future(_first(hearing))
    await asyncio.sleep(0)
    happened = await here.world.clock.pass_by(1000 + 24 * 3600)
    assert [each["what"] for each in happened][-1] == "token-forgotten"
    assert [event.name for event in await coming or ()] == ["sdk.tokenRefresh"] * 3
    assert await hearing() is None
    assert list(here.world.snapshot()["records"]["feeds"]) == []


async def _first(hearing: Hearing) -> Sequence[Event] | None:
    return await hearing()


def test_streams_end_when_the_world_is_dropped_and_when_the_simulator_stops() -> None:
    asyncio.run(_streams_end())


async def _streams_end() -> None:
    async with aiohttp.ClientSession() as http:
        simulator = Simulator(CONTRACT)
        await simulator.start()
        here = Listening(simulator, http)
        await here.ask("POST", "")
        headers = {"Authorization": f"Bearer {here.tokens['ana']}", "Accept": "text/event-stream"}
        url = f"{here.world.url}/v1/sessions/current/events"
        async with http.get(url, headers=headers) as stream:
            simulator.drop("w")
            assert await stream.content.read() == b": open\n\n"
        token = simulator.default.token("ana")
        headers["Authorization"] = f"Bearer {token}"
        async with http.post(f"{simulator.url}/v1/sessions", headers=headers) as opened:
            assert opened.status == 201
        async with http.get(f"{simulator.url}/v1/sessions/current/events", headers=headers) as stream:
            await simulator.close()
            assert await stream.content.read() == b": open\n\n"
