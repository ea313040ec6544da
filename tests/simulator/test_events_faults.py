"""What can go wrong where a session hears: a gap, one twice, another order, a stream that breaks, a resumption that is refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Sequence
from typing import Any

import aiohttp
import pytest

from openfirst_simulator import Answer, Request
from openfirst_simulator.journal import Filter
from openfirst_simulator.messages import Disconnected
from openfirst_simulator.records import Event
from tests.simulator.meeting import Meeting
from tests.simulator.test_events import Listening, over_http, server_sent

STREAM = {"Accept": "text/event-stream"}


def talked() -> Meeting:
    """Ben has heard three messages, numbered as they came."""
    meeting = Meeting()
    meeting.come()
    meeting.start = meeting.after["ben"]
    for number in (1, 2, 3):
        meeting.do("ana", "command/send", str(number))
    return meeting


async def asking(meeting: Meeting, after: int, headers: dict[str, str] | None = None) -> Answer:
    every = {"Authorization": f"Bearer {meeting.tokens['ben']}", **(headers or {})}
    request = Request("GET", "/w/here/v1/sessions/current/events", every, b"", f"after={after}")
    return await meeting.here.simulator.answer(request)


def polled(meeting: Meeting, after: int) -> tuple[list[tuple[int, str]], int]:
    answer = asyncio.run(asking(meeting, after))
    assert answer.status == 200, answer.content
    told = json.loads(answer.content)
    return [(event["id"] - meeting.start, said(event["name"], event["data"])) for event in told["events"]], told["last"]


def said(name: str, data: Any) -> str:
    return str(data["message"]) if name == "command.messageReceived" else name


ONE, TWO, THREE = (1, "1"), (2, "2"), (3, "3")
HEARD: dict[str, list[tuple[int, str]]] = {
    "gap": [(1, "gap"), TWO, THREE],
    "duplicate": [ONE, ONE, TWO, THREE],
    "reorder": [TWO, ONE, THREE],
}


@pytest.mark.parametrize("kind", HEARD)
def test_the_first_of_what_is_asked_for_is_misheard_once(kind: str) -> None:
    meeting = talked()
    fault = meeting.world.fail(kind=kind, operation="events", times=1)
    assert polled(meeting, meeting.start) == (HEARD[kind], meeting.start + 3)
    assert polled(meeting, meeting.start) == ([ONE, TWO, THREE], meeting.start + 3)
    assert [each.hits for each in meeting.world.faults if each.id == fault.id] == [1]


@pytest.mark.parametrize("kind", HEARD)
def test_a_stream_is_misheard_in_its_beginning(kind: str) -> None:
    meeting = talked()
    meeting.world.fail(kind=kind, operation="events", times=1)

    async def streaming() -> list[Event]:
        answer = await asking(meeting, meeting.start, STREAM)
        assert answer.hearing is not None
        return [*(await answer.hearing() or ())]

    events = asyncio.run(streaming())
    assert [(event.id - meeting.start, said(event.name, event.data)) for event in events] == HEARD[kind]


def test_a_gap_says_which_event_is_kept_no_more() -> None:
    meeting = talked()
    meeting.world.fail(kind="gap", operation="events")
    told = json.loads(asyncio.run(asking(meeting, meeting.start)).content)
    first = meeting.start + 1
    assert told["events"][0]["data"] == {"from": first, "to": first}


def test_a_stream_with_one_event_waits_for_the_second_to_come_before_it() -> None:
    meeting = talked()
    meeting.world.fail(kind="reorder", operation="events")

    async def streaming() -> Sequence[Event]:
        answer = await asking(meeting, meeting.start + 2, STREAM)
        assert answer.hearing is not None
        coming = asyncio.ensure_future(answer.hearing())
        for _ in range(20):
            await asyncio.sleep(0)
        assert not coming.done()
        token, body = meeting.tokens["ana"], {"arguments": ["4"]}
        await meeting.here.asking("POST", "/v1/sessions/current/services/command/send", token, body)
        return await coming or ()

    assert [event.data["message"] for event in asyncio.run(streaming())] == ["4", "3"]


def test_a_stream_breaks_behind_the_first_event_and_goes_on_from_there() -> None:
    meeting = talked()
    meeting.world.fail(kind="disconnect", operation="events", times=1)

    async def streaming() -> list[list[str]]:
        broken = await asking(meeting, meeting.start, STREAM)
        assert broken.hearing is not None
        first = await broken.hearing() or ()
        with pytest.raises(Disconnected):
            await broken.hearing()
        resumed = await asking(meeting, first[-1].id, STREAM)
        assert resumed.hearing is not None
        return [[event.data["message"] for event in each or ()] for each in (first, await resumed.hearing())]

    assert asyncio.run(streaming()) == [["1"], ["2", "3"]]


def test_who_resumes_is_refused_and_who_begins_anew_is_not() -> None:
    meeting = talked()
    fault = meeting.world.fail(kind="refused-resume", operation="events")
    for headers in ({}, STREAM):
        answer = asyncio.run(asking(meeting, meeting.start, headers))
        assert (answer.status, json.loads(answer.content)["code"]) == (410, "cannot-resume")
    assert asyncio.run(asking(meeting, 0)).status == 200
    assert [each.hits for each in meeting.world.faults if each.id == fault.id] == [2]
    [entry] = [*meeting.world.journal.find()][-1:]
    assert (entry.status, entry.faults) == (200, ())


@pytest.mark.parametrize("kind", [*HEARD, "disconnect"])
def test_where_there_is_nothing_to_mishear_nothing_strikes(kind: str) -> None:
    meeting = talked()
    meeting.world.fail(kind=kind, operation="events", times=1)
    end = meeting.start + 3
    if kind == "disconnect":
        assert polled(meeting, meeting.start)[0] == [ONE, TWO, THREE]
    assert polled(meeting, end) == ([], end)
    assert [each.hits for each in meeting.world.faults] == [0]


@pytest.mark.parametrize("kind", [*HEARD, "disconnect", "refused-resume"])
def test_it_strikes_nothing_but_what_is_heard(kind: str) -> None:
    meeting = talked()
    with pytest.raises(ValueError, match=f"`{kind}` does nothing to `open`"):
        meeting.world.fail(kind=kind, operation="open")
    meeting.world.fail(kind=kind)
    assert meeting.do("ana", "command/send", "hi") is None
    assert [each.hits for each in meeting.world.faults] == [0]


@over_http
async def test_over_http_a_stream_that_breaks_is_no_stream_that_ends(listening: Listening) -> None:
    await listening.meet("ana")
    listening.world.fail(kind="disconnect", operation="events", times=2)
    headers = {"Authorization": f"Bearer {listening.tokens['ana']}"}
    url = f"{listening.world.url}/v1/sessions/current/events"
    async with listening.http.get(url, headers={**headers, **STREAM}) as stream:
        [first] = await server_sent(stream, 1)
        with pytest.raises(aiohttp.ClientPayloadError):
            await stream.content.read()
    async with listening.http.get(url, headers={**headers, **STREAM, "Last-Event-ID": first["id"]}) as stream:
        [second] = await server_sent(stream, 1)
    assert [first["id"], second["id"]] == ["1", "2"]
    async with listening.http.ws_connect(url, headers=headers) as socket:
        assert (await socket.receive_json())["id"] == 1


@over_http
async def test_over_a_websocket_it_breaks_without_a_word(listening: Listening) -> None:
    await listening.meet("ana")
    listening.world.fail(kind="disconnect", operation="events", times=1)
    headers = {"Authorization": f"Bearer {listening.tokens['ana']}"}
    async with listening.http.ws_connect(
        f"{listening.world.url}/v1/sessions/current/events", headers=headers
    ) as socket:
        assert (await socket.receive_json())["id"] == 1
        last = await socket.receive()
        assert last.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR, aiohttp.WSMsgType.CLOSING)
        assert socket.close_code in (None, 1006)


@over_http
async def test_where_a_page_of_html_answers_there_is_no_stream(listening: Listening) -> None:
    await listening.meet("ana")
    listening.world.fail(kind="wrong-type", operation="events", times=2)
    headers = {"Authorization": f"Bearer {listening.tokens['ana']}"}
    url = f"{listening.world.url}/v1/sessions/current/events"
    async with asyncio.timeout(20), listening.http.get(url, headers={**headers, **STREAM}) as answer:
        assert (answer.status, answer.content_type) == (200, "text/html")
        page = await answer.read()
    assert page.startswith(b"<!doctype html>")
    assert b"event:" not in page
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await listening.http.ws_connect(url, headers=headers)
    assert [fault.hits for fault in listening.world.faults] == [2]
    entry = next(listening.world.journal.latest(Filter("events")))
    assert (entry.answer, entry.delivered) == (page, "whole")
    async with listening.http.get(url, headers={**headers, **STREAM}) as stream:
        assert (await server_sent(stream, 1))[0]["id"] == "1"


# Streams that are open when something begins to go wrong -----------------------------------------------------------------


async def at_rest() -> None:
    """Whoever has something to do has done it."""
    for _ in range(20):
        await asyncio.sleep(0)


def within(streaming: Coroutine[Any, Any, None]) -> None:
    """It comes to its end, though what it waits for should never come."""
    asyncio.run(asyncio.wait_for(streaming, 20))


async def listened(meeting: Meeting, who: str) -> asyncio.Future[Sequence[Event] | None]:
    """Somebody has listened for long: what comes next of a stream that is open."""
    headers = {"Authorization": f"Bearer {meeting.tokens[who]}", **STREAM}
    last = meeting.world.events(meeting.session(who))[-1].id
    request = Request("GET", "/w/here/v1/sessions/current/events", headers, b"", f"after={last}")
    answer = await meeting.here.simulator.answer(request)
    assert answer.hearing is not None
    coming = asyncio.ensure_future(answer.hearing())
    await at_rest()
    assert not coming.done()
    return coming


@pytest.mark.parametrize("kind", ["refuse", "disconnect"])
def test_streams_that_are_open_break(kind: str) -> None:
    meeting = talked()

    async def streaming() -> None:
        ana, ben = await listened(meeting, "ana"), await listened(meeting, "ben")
        meeting.world.fail(kind=kind, operation="events")
        for coming in (ana, ben):
            with pytest.raises(Disconnected):
                await coming
        [fault] = meeting.world.faults
        assert fault.hits == 2
        meeting.world.heal()
        await listened(meeting, "ben")
        # The journal names whom it struck, though their answers had begun.
        streams = [entry for entry in meeting.world.journal.find(Filter("events")) if entry.delivered == "stream"]
        assert [(entry.faults, entry.kinds) for entry in streams] == [((fault.id,), (kind,))] * 2 + [((), ())]
        assert meeting.world.journal.verify(Filter(fault=fault.id)) == ("yes", 2)

    within(streaming())


def test_who_waits_for_a_fault_to_strike_hears_of_a_stream_that_it_broke() -> None:
    meeting = talked()

    async def streaming() -> None:
        await listened(meeting, "ana")
        fault = meeting.world.fail(kind="refuse", externalId="ana")
        entry = await meeting.world.journal.wait(Filter(fault=fault.id), 10)
        assert entry is not None and entry.external_id == "ana"

    within(streaming())


def test_a_journal_that_was_cleared_is_told_nothing_of_streams_of_before() -> None:
    meeting = talked()

    async def streaming() -> None:
        await listened(meeting, "ana")
        meeting.world.journal.clear()
        await meeting.here.asking("GET", "/v1/sessions/current", meeting.tokens["ben"])
        meeting.world.fail(kind="refuse", externalId="ana")
        await at_rest()
        assert [entry.faults for entry in meeting.world.journal.find()] == [()]

    within(streaming())


@pytest.mark.parametrize("said", ["externalId", "session"])
def test_one_loses_the_network_and_comes_back(said: str) -> None:
    meeting = talked()
    hers = {"externalId": "ana", "session": meeting.session("ana")}[said]

    async def streaming() -> None:
        ana, ben = await listened(meeting, "ana"), await listened(meeting, "ben")
        meeting.world.fail(kind="refuse", **{said: hers})
        with pytest.raises(Disconnected):
            await ana
        await meeting.here.asking("POST", "/v1/sessions/current/services/command/send", meeting.tokens["ben"], SENT)
        gone = await meeting.here.simulator.answer(
            Request("GET", "/w/here/v1/sessions/current", {"Authorization": f"Bearer {meeting.tokens['ana']}"})
        )
        assert (gone.delivery, ben.done()) == ("broken", False)
        meeting.world.heal()

    within(streaming())
    assert [name for name, _ in meeting.hears("ana")][-1] == "command.messageReceived"


SENT = {"arguments": ["hello"]}


def test_a_session_is_known_by_its_id_in_a_path_as_well() -> None:
    meeting = talked()
    session = meeting.session("ana")
    meeting.world.fail(kind="status", session=session)
    fresh = meeting.world.token("ana")
    assert meeting.here.is_open(fresh, session).status == 503
    assert meeting.here.is_open(meeting.tokens["ana"]).status == 503
    assert meeting.here.is_open(meeting.tokens["ben"]).status == 200
    with pytest.raises(ValueError, match="`session` is `elsewhere`, and no session of that ID is open"):
        meeting.world.fail(kind="status", session="elsewhere")
    with pytest.raises(ValueError, match="`session` is that of a client's token, and here nobody asks with one"):
        meeting.world.fail(kind="status", session=session, operation="getApiToken")


def test_streams_are_counted_like_requests() -> None:
    meeting = talked()

    async def streaming() -> None:
        ana, ben = await listened(meeting, "ana"), await listened(meeting, "ben")
        meeting.world.fail(kind="refuse", after=1, times=1)
        await at_rest()
        assert sorted((ana.done(), ben.done())) == [False, True]
        # The one that was let through is asked no more, whatever it hears.
        left = ana if ben.done() else ben
        await meeting.here.asking("POST", "/v1/sessions/current/services/command/send", meeting.tokens["ben"], SENT)
        await meeting.here.asking("POST", "/v1/sessions/current/services/command/send", meeting.tokens["ana"], SENT)
        assert len(await left or ()) == 1
        assert [(fault.fitted, fault.hits) for fault in meeting.world.faults] == [(4, 1)]
        (ana if left is ben else ben).exception()

    within(streaming())


def test_streams_break_when_the_time_of_a_fault_has_come() -> None:
    meeting = talked()
    now = meeting.world.clock.now()

    async def streaming() -> None:
        coming = await listened(meeting, "ben")
        fault = meeting.world.fail(kind="refuse", since=now + 10, until=now + 20)
        await at_rest()
        assert not coming.done()
        assert meeting.world.clock.advance(10) == [{"at": now + 10, "what": "fault-begins", "fault": fault.id}]
        with pytest.raises(Disconnected):
            await coming
        meeting.world.clock.advance(10)
        await listened(meeting, "ben")

    within(streaming())
    fault = meeting.world.fail(kind="refuse", since=now + 100)
    meeting.world.heal(fault.id)
    assert meeting.world.clock.advance(100) == []


@pytest.mark.parametrize("kind", ["status", "stall", "delay", "gap"])
def test_what_breaks_no_connection_leaves_a_stream_that_is_open(kind: str) -> None:
    meeting = talked()

    async def streaming() -> None:
        coming = await listened(meeting, "ben")
        meeting.world.fail(kind=kind, operation="events", **({"seconds": 1} if kind == "delay" else {}))
        await meeting.here.asking("POST", "/v1/sessions/current/services/command/send", meeting.tokens["ana"], SENT)
        assert len(await coming or ()) == 1
        assert [fault.hits for fault in meeting.world.faults] == [0]

    within(streaming())


@over_http
async def test_over_http_who_loses_the_network_loses_the_stream(listening: Listening) -> None:
    await listening.meet("ana")
    headers = {"Authorization": f"Bearer {listening.tokens['ana']}"}
    url = f"{listening.world.url}/v1/sessions/current/events"
    async with (
        listening.http.get(url, headers={**headers, **STREAM}) as stream,
        listening.http.ws_connect(url, headers=headers) as socket,
    ):
        await server_sent(stream, 2)
        assert [(await socket.receive_json())["id"] for _ in range(2)] == [1, 2]
        listening.world.fail(kind="refuse", externalId="ana")
        with pytest.raises(aiohttp.ClientPayloadError):
            await stream.content.read()
        last = await socket.receive()
        assert last.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR, aiohttp.WSMsgType.CLOSING)
    listening.world.heal()
    assert (await listening.ask("GET", "/current"))["open"] is True
