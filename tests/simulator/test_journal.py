"""The journal's bounds: what it had to drop makes an answer unknown, and never no."""

from __future__ import annotations

import asyncio
import json

import pytest

from openfirst_simulator import Request
from openfirst_simulator.journal import Entry, Filter, Journal
from tests.simulator.conftest import START
from tests.simulator.inprocess import Here


def entry(number: int, name: str = "open", size: int = 0) -> Entry:
    return Entry(number, 0.0, name, "POST", "/", b"x" * size, 201, b"")


def filled(count: int, *, entries: int = 100, size: int = 1_000_000, each: int = 0) -> Journal:
    journal = Journal(entries, size)
    for place in range(count):
        journal.add(lambda number, place=place: entry(number, "open" if place % 2 else "close", each))  # type: ignore[misc]
    return journal


def test_it_keeps_as_many_entries_as_it_may() -> None:
    journal = filled(250)
    assert [each.number for each in journal.find()] == list(range(151, 251))
    assert (journal.last, journal.dropped) == (250, 150)


def test_an_entry_is_shown_in_a_line() -> None:
    here = Here()
    token = here.world.token("ana")
    session = here.opened(token)
    here.open(token)
    here.world.close(session)
    here.open(None)
    assert [repr(each) for each in here.world.journal.find()] == [
        f"<Entry 1 at {START}: open, 201, of 'ana'>",
        f"<Entry 2 at {START}: open, 409 session-already-open, of 'ana'>",
        f"<Entry 3 at {START}: platformCloses, of 'ana'>",
        f"<Entry 4 at {START}: open, 401 not-initialized>",
    ]


def test_it_keeps_as_many_bytes_as_it_may() -> None:
    journal = filled(10, size=5_000, each=1_000)
    assert [each.number for each in journal.find()] == [8, 9, 10]


def test_what_was_dropped_makes_an_answer_unknown() -> None:
    journal, of = filled(250), Filter
    assert journal.verify(of("open"), at_least=50) == ("yes", 50)
    assert journal.verify(of("open"), at_least=51) == ("unknown", 50)
    assert journal.verify(of("use"), at_least=1) == ("unknown", 0)
    assert journal.verify(of("use"), at_least=0, at_most=0) == ("unknown", 0)
    assert journal.verify(of("open"), at_least=0, at_most=49) == ("no", 50)
    assert journal.verify(of("use", since=150), at_least=1) == ("no", 0)
    assert journal.verify(of("use", since=150), at_least=0, at_most=0) == ("yes", 0)
    assert journal.knows(of(since=150))
    assert not journal.knows(of(since=149))


def test_where_nothing_but_the_most_is_said_there_may_be_none() -> None:
    assert Journal().verify(Filter("open"), at_most=3) == ("yes", 0)
    assert Journal().verify(Filter("open")) == ("no", 0)


def test_what_cannot_be_is_no_question() -> None:
    for bounds in ((-1, None), (None, -1), (2, 1), (None, "1")):
        with pytest.raises(ValueError, match="bound"):
            Journal().verify(Filter(), *bounds)
    for having in (
        {"status": "201"},
        {"since": -1},
        {"since": None},
        {"code": ""},
        {"operation": 7},
        {"external_id": b"ana"},
    ):
        with pytest.raises(ValueError, match=r"[Gg]ive "):
            Filter(**having)
    assert Filter(external_id="").external_id == ""


def test_what_comes_to_no_route_stands_there_as_unknown() -> None:
    here = Here()
    token = here.world.token("ana")
    assert here.ask("POST", "/v1/session", token, {"name": "Ana"}).status == 404
    assert here.ask("PUT", "/v1/sessions", token).status == 405
    # The world is that of the token where the path names none.
    headers = {"Authorization": f"Bearer {token}"}
    for path in ("/v1/sesions", "/_openfirst/wolrds", "/w/there/v1/sesions"):
        assert asyncio.run(here.simulator.answer(Request("GET", path, headers))).status == 404
    wanted = Filter("unknown")
    here.world.check(wanted)
    assert [(each.method, each.path, each.status, each.code) for each in here.world.journal.find(wanted)] == [
        ("POST", "/w/here/v1/session", 404, "not-found"),
        ("PUT", "/w/here/v1/sessions", 405, "method-not-allowed"),
        ("GET", "/v1/sesions", 404, "not-found"),
    ]
    here.opened(token)
    assert list(here.simulator.default.journal.find()) == []
    assert "v1/sesions" in here.world.export("har")
    assert all("sesions" not in here.world.export(form) for form in ("trace", "pytest"))


def test_who_waits_is_told_at_once_that_the_world_is_no_more() -> None:
    here = Here()

    async def waiting() -> tuple[int, str]:
        request = Request("GET", "/_openfirst/worlds/here/journal/wait", {"Host": "127.0.0.1"}, b"", "seconds=30")
        coming = asyncio.ensure_future(here.simulator.answer(request))
        for _ in range(20):
            await asyncio.sleep(0)
        here.simulator.drop("here")
        for _ in range(20):
            await asyncio.sleep(0)
        assert coming.done()
        answer = await coming
        return answer.status, json.loads(answer.content)["detail"]

    assert asyncio.run(waiting()) == (404, "The world `here` was dropped meanwhile: nothing comes any more.")
