"""A platform of its own for a test: `with openfirst.platform()`, whoever asks and however."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import aiohttp
import pytest

import openfirst
from openfirst import LeftBehind, Mistake, Platform, load_contract
from openfirst.testing.durations import seconds_of
from openfirst.testing.running import running
from openfirst_simulator.faults import KINDS, RECIPES

START = 1_767_225_600.0
HTTP = build_opener(ProxyHandler({}))
ANYHOW: Any = openfirst.platform


@pytest.fixture
def mine() -> Iterator[Platform]:
    """A platform of which nothing is asked at the end."""
    with openfirst.platform(start=START, strict=False) as mine:
        yield mine


def ask(platform: Platform, token: str, method: str = "POST", path: str = "/v1/sessions", body: Any = None) -> Any:
    """The status and the body of an answer; None where there is none."""
    data = None if body is None else json.dumps(body).encode()
    request = Request(platform.url + path, data, {"Authorization": f"Bearer {token}"}, method=method)
    try:
        with HTTP.open(request, timeout=10) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except HTTPError as error:
        with error:
            return error.status, json.load(error)
    except (OSError, HTTPException):
        return None


def in_another_thread(function: Callable[[], Any]) -> threading.Thread:
    thread = threading.Thread(target=function)
    thread.start()
    return thread


# The platform and its end -------------------------------------------------------------------------------------------------


def test_two_platforms_of_one_simulator_know_nothing_of_each_other() -> None:
    with openfirst.platform() as one, openfirst.platform() as other:
        assert one.url.partition("/w/")[0] == other.url.partition("/w/")[0]
        token = one.token("ana")
        _, opened = ask(one, token)
        assert [(session.id, session.external_id) for session in one.sessions] == [(opened["sessionId"], "ana")]
        assert other.sessions == []
        assert ask(other, token)[0] == 401
        one.close_session(opened["sessionId"])


def test_what_is_left_behind_is_told_at_the_end() -> None:
    mine = openfirst.platform()
    session = ask(mine, mine.token("ana"))[1]["sessionId"]
    mine.fail("close", "lost", after=2)
    with pytest.raises(LeftBehind) as told, mine:
        pass
    sentences = str(told.value).splitlines()[1:]
    assert len(sentences) == 3
    assert f"A session of `ana` is still open ({session})." in sentences[0]
    assert "A fault never struck (close, lost). It lets the first 2 through; 0 came." in sentences[1]
    assert "The platform was asked: open (1)." in sentences[1]
    assert "platform(strict=False)" in sentences[2]


def test_a_seed_is_the_same_platform_in_whatever_order_tests_run() -> None:
    seen = []
    for seed in (7, 7, 8):
        with openfirst.platform(strict=False, seed=seed, start=5) as mine, openfirst.platform():
            mine.fail("isOpen", times=None, probability=0.5)
            token = mine.token("ana")
            struck = [ask(mine, token, "GET", "/v1/sessions/current")[0] for _ in range(20)]
            seen.append((mine.key, struck, ask(mine, token)[1]))
    assert seen[0] == seen[1]
    assert all(one != other for one, other in zip(seen[1], seen[2], strict=True))


def test_of_one_seed_there_is_one_platform_at_a_time() -> None:
    with (
        openfirst.platform(seed=7),
        pytest.raises(Mistake, match="A platform with the seed 7 is there already"),
    ):
        openfirst.platform(seed=7)


def test_an_error_in_the_block_is_the_one_that_is_raised() -> None:
    mine = openfirst.platform()
    mine.fail("open")
    with pytest.raises(ZeroDivisionError), mine:
        _ = 1 / 0


def test_who_is_not_strict_may_leave_what_he_likes() -> None:
    with openfirst.platform(strict=False) as mine:
        ask(mine, mine.token("ana"))
        assert len(mine.left()) == 1


def test_a_fault_that_chance_spares_is_not_left_behind_once_it_could_have_struck() -> None:
    with openfirst.platform() as mine:
        mine.fail("close", status=503, probability=1e-9)
        assert len(mine.left()) == 1
        token = mine.token()
        ask(mine, token)
        ask(mine, token, "DELETE", "/v1/sessions/current")


def test_after_its_end_a_platform_is_no_more() -> None:
    with openfirst.platform() as mine:
        url, token = mine.url, mine.token("ana")
    assert url not in [world.url for world in running().simulator.worlds]
    assert ask(mine, token)[0] in (401, 404)
    with pytest.raises(Mistake, match="the test that it was made for is over"):
        mine.token("ana")


def test_who_awaits_has_the_same() -> None:
    async def scene() -> list[int]:
        async with openfirst.platform() as mine, aiohttp.ClientSession() as http:
            mine.fail("open", status=503)
            mine_only = {"Authorization": f"Bearer {mine.token('ana')}"}
            statuses = []
            for method, path in (
                ("POST", "/v1/sessions"),
                ("POST", "/v1/sessions"),
                ("DELETE", "/v1/sessions/current"),
            ):
                async with http.request(method, mine.url + path, headers=mine_only) as answer:
                    statuses.append(answer.status)
            return statuses

    assert asyncio.run(scene()) == [503, 201, 204]


def test_who_awaits_is_told_what_he_left_behind() -> None:
    async def scene() -> None:
        async with openfirst.platform() as mine:
            mine.fail("open", status=503)

    with pytest.raises(LeftBehind, match=r"A fault never struck \(open, status 503\)"):
        asyncio.run(scene())


@pytest.mark.parametrize("kind", ["stall", "delay", "late"])
def test_the_end_keeps_nobody_waiting(kind: str) -> None:
    """Time stands still, so whoever waits for it would do so for ever."""
    with openfirst.platform(strict=False) as mine:
        fault = mine.fail("open", kind, seconds=None if kind == "stall" else "1h")
        token = mine.token("ana")
        waiting = in_another_thread(lambda: ask(mine, token))
        while fault.hits == 0 and waiting.is_alive():
            pass
        assert fault.hits == 1
    waiting.join(10)
    assert not waiting.is_alive()


def test_a_process_has_one_simulator_and_ends_with_it() -> None:
    code = """
import threading, openfirst
from openfirst.testing.running import running
print(threading.active_count())
with openfirst.platform() as one:
    with openfirst.platform() as other:
        print(threading.active_count(), len(running().simulator.worlds))
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout.split(), done.stderr, done.returncode) == (["1", "2", "3"], "", 0)


def test_threads_that_start_together_share_it() -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: id(running()), range(8)))) == 1


# Time ---------------------------------------------------------------------------------------------------------------------


def test_time_stands_still_until_it_is_moved(mine: Platform) -> None:
    token = mine.token("ana", expires_in="30m")
    ask(mine, token)
    assert mine.clock.now() == START
    assert mine.clock.advance("29m 59s") == []
    assert [each["what"] for each in mine.clock.advance_to_next()] == ["token-expires"]
    assert mine.clock.now() == START + 1800
    assert ask(mine, token, "PATCH", "/v1/sessions/current/participant", {"name": "A", "avatarUrl": None})[0] == 401
    mine.clock.advance_to(datetime.fromtimestamp(START + 2000, UTC))
    assert mine.clock.now() == START + 2000


@pytest.mark.parametrize("real_time", [False, True])
def test_time_stands_still_unless_it_is_to_go(real_time: bool) -> None:
    with openfirst.platform(real_time=real_time) as mine:
        base, _, name = mine.url.partition("/w/")
        with HTTP.open(f"{base}/_openfirst/worlds/{name}/clock", timeout=10) as answer:
            assert json.load(answer)["scale"] == real_time


def test_time_may_go_as_the_real_one() -> None:
    with openfirst.platform(real_time=True) as mine:
        mine.clock.freeze()
        now = mine.clock.now()
        assert mine.clock.now() == now
        mine.clock.run(1000)
    with pytest.raises(Mistake, match="Give one of them"):
        openfirst.platform(real_time=True, start=START)


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [
        (90, 90),
        ("30m", 1800),
        ("1h 5s", 3605),
        ("1h5s", 3605),
        ("250ms", 0.25),
        ("1.5s", 1.5),
        ("2d", 172_800),
        (timedelta(minutes=3), 180),
    ],
)
def test_a_duration_is_seconds_a_text_or_a_timedelta(duration: Any, seconds: float) -> None:
    assert seconds_of(duration) == seconds


@pytest.mark.parametrize("duration", ["soon", "", "5", "5 m 3", "-5m", None, True, "1h, 5s", "٣s"])
def test_what_is_no_duration_is_refused_with_what_is_one(duration: Any) -> None:
    with pytest.raises(Mistake, match=r"is no duration. Give seconds \(90\), a text of ms, s, m, h, d"):
        seconds_of(duration)


# What goes wrong ----------------------------------------------------------------------------------------------------------


def test_a_status_is_answered_once_and_nothing_is_done(mine: Platform) -> None:
    fault = mine.fail("open", status=429, retry_after="2s")
    token = mine.token("ana")
    assert ask(mine, token)[0] == 429
    assert mine.sessions == [] and fault.hits == 1
    assert ask(mine, token)[0] == 201


def test_a_fault_tells_how_often_it_struck_when_it_is_gone_and_so_is_the_platform() -> None:
    with openfirst.platform(strict=False) as mine:
        with mine.fail("open", status=503) as open_fails:
            assert ask(mine, mine.token("ana"))[0] == 503
        healed = mine.fail("open", status=503, times=None)
        for _ in range(2):
            assert ask(mine, mine.token("ana"))[0] == 503
        mine.heal()
        never, left = mine.fail("close", status=500), mine.fail("open", status=502)
        assert ask(mine, mine.token("ana"))[0] == 502
    assert [fault.hits for fault in (open_fails, healed, never, left)] == [1, 2, 0, 1]


@pytest.mark.parametrize("times", [1, 3, None])
def test_a_recipe_goes_on_and_takes_no_number(mine: Platform, times: int | None) -> None:
    with pytest.raises(Mistake, match="Leave out `times`"):
        mine.fail(recipe="slow", times=times)


def test_no_clock_is_at_the_beginning_of_the_calendar() -> None:
    with pytest.raises(Mistake, match="`start` is 0001-01-01 00:00:00"):
        openfirst.platform(start=datetime(1, 1, 1))


def test_an_answer_is_lost_and_the_session_is_open(mine: Platform) -> None:
    mine.fail("open", "lost")
    assert ask(mine, mine.token("ana")) is None
    assert len(mine.sessions) == 1


def test_a_fault_has_its_bounds(mine: Platform) -> None:
    first = mine.fail("listSessions", status=501, external_id="ben")
    late = mine.fail(None, status=502, after=3, times=None)
    lasting = mine.fail("listSessions", status=500, times=None, lasting="5m")
    token = mine.token("ana")
    listed = [ask(mine, token, "GET")[0] for _ in range(4)]
    mine.clock.advance("5m")
    assert listed == [500, 500, 500, 502] and (first.hits, late.hits, lasting.hits) == (0, 1, 3)
    late.heal()
    late.heal()
    assert ask(mine, token, "GET")[0] == 200
    assert (late.hits, repr(first).endswith("0 hits>")) == (1, True)


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_a_mishap_by_its_name(mine: Platform, name: str) -> None:
    assert len(mine.fail(recipe=name).ids) == len(RECIPES[name])
    mine.heal()
    assert ask(mine, mine.token())[0] == 201


def test_one_loses_the_network_and_comes_back(mine: Platform) -> None:
    ana, ben = mine.token("ana"), mine.token("ben")
    for token in (ana, ben):
        assert ask(mine, token)[0] == 201
    with mine.fail(recipe="offline", external_id="ana") as offline:
        assert ask(mine, ana, "GET") is None
        assert offline.hits == 1
        assert ask(mine, ben, "GET")[0] == 200
    assert (offline.hits, ask(mine, ana, "GET")[0]) == (1, 200)
    session = next(session.id for session in mine.sessions if session.external_id == "ben")
    with mine.fail(recipe="offline", session=session, lasting="1m"):
        assert ask(mine, ben, "GET") is None
    mine.fail(recipe="offline", session=session, lasting="1m")
    assert "of " + session in mine.left()[-1]
    mine.clock.advance("1m")
    assert ask(mine, ben, "GET")[0] == 200
    mine.heal()
    for token in (ana, ben):
        ask(mine, token, "DELETE", "/current")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_named(mine: Platform, kind: str) -> None:
    needed = {"missing-field": {"field": "id"}}.get(kind, {})
    seconds = 5 if kind in ("delay", "late", "skew", "dribble") else None
    of_stream = ("gap", "duplicate", "reorder", "disconnect", "refused-resume")
    operation = "isOpen" if kind == "stale" else "events" if kind in of_stream else "open"
    assert mine.fail(operation, kind, seconds=seconds, **needed).hits == 0  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "more", "sentence"),
    [
        (["opne"], {}, "no operation `opne`. Did you mean `open`?"),
        (["open", "lots"], {}, "`kind` of a fault is `lots`. Did you mean `lost`?"),
        (["offline"], {}, r"a recipe, not an operation. Write fail\(recipe='offline'\)"),
        (["lost"], {}, r"a kind of fault. The operation comes first, or None: fail\(None, 'lost'\)"),
        (["open"], {"seconds": 3}, "Name the kind of fault. Known: .*delay"),
        (["open", "lost"], {"status": 503}, "kind `lost` has no `status`"),
        (["open"], {"status": 200}, "`status` is 200"),
        (["open"], {"times": 0}, "`times` is 0"),
        (
            ["open"],
            {"recipe": "slow"},
            "Beside `recipe` a fault has no `operation`. It can have: externalId, session, since",
        ),
        ([], {"recipe": "slwo"}, "no recipe `slwo`. Did you mean `slow`?"),
        (["open", "delay"], {"seconds": "soon"}, "'soon' is no duration"),
        (["open"], {"lasting": 1e-9}, "1e-09 is less than a millisecond"),
        (["open"], {"lasting": 253_402_300_000}, "`lasting` is 253402300000, which is beyond the year 9999"),
        (["open"], {"external_id": "\ud800"}, "`externalId` has half a character"),
        (["open"], {"external_id": "é" * 513}, "`externalId` has 1,026 bytes. "),
        (["open"], {"external_id": ""}, "`externalId` is empty, which that of no token is"),
        (["open"], {"lasting": "0s"}, "`lasting` is 0, in which nothing can go wrong"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_with_a_sentence(
    mine: Platform, words: list[str], more: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(Mistake, match=sentence):
        mine.fail(*words, **more)
    assert mine.left() == []


def test_a_field_that_no_answer_has_is_left_behind_as_a_fault_that_never_struck(mine: Platform) -> None:
    mine.fail("open", field="sesionId")
    ask(mine, mine.token("ana"))
    assert "A fault never struck (open, missing-field sesionId)." in mine.left()[1]


# The journal --------------------------------------------------------------------------------------------------------------


def test_the_journal_is_a_list_of_what_was_asked(mine: Platform) -> None:
    assert str(mine.journal) == "The platform was asked nothing."
    mine.fail("open", status=503)
    token = mine.token("ana")
    for _ in range(3):
        ask(mine, token)
    assert [(entry.name, entry.status) for entry in mine.journal] == [("open", 503), ("open", 201), ("open", 409)]
    assert mine.journal[-1].code == "session-already-open" and len(mine.journal[:2]) == 2
    assert [entry.number for entry in mine.journal.find("open", status=201, external_id="ana")] == [2]
    mine.journal.verify("open", times=3)
    mine.journal.verify("close", at_most=0)
    mine.journal.verify(code="session-already-open")
    mine.journal.clear()
    assert len(mine.journal) == 0


def test_what_was_not_asked_is_told_with_what_was(mine: Platform) -> None:
    mine.fail("open", "lost")
    ask(mine, mine.token("ana"))
    with pytest.raises(AssertionError) as told:
        mine.journal.verify("close", times=1, external_id="ana")
    assert str(told.value).splitlines() == [
        "Expected requests (`close`, external_id ana): 1; found: 0.",
        "The platform was asked:",
        "  1. open (ana): 201, broken off by a fault",
    ]


def test_a_long_journal_is_told_by_its_end(mine: Platform) -> None:
    token = mine.token("ana")
    for _ in range(22):
        ask(mine, token, "GET")
    assert str(mine.journal).splitlines()[1:3] == ["  … 2 before", "  3. listSessions (ana): 200"]


def test_a_test_waits_for_what_is_asked_elsewhere(mine: Platform) -> None:
    token = mine.token("ana")
    asking = in_another_thread(lambda: ask(mine, token))
    assert mine.journal.wait("open", seconds="10s").external_id == "ana"
    asking.join()
    with pytest.raises(TimeoutError, match="for which the test waits"):
        mine.journal.wait("close", seconds=0)


def test_who_awaits_lets_the_app_go_on_meanwhile(mine: Platform) -> None:
    async def app() -> None:
        mine_only = {"Authorization": f"Bearer {mine.token('ana')}"}
        async with aiohttp.request("POST", f"{mine.url}/v1/sessions", headers=mine_only):
            pass

    async def scene() -> int:
        running = asyncio.create_task(app())
        entry = await mine.journal.arrives("open", seconds=10)
        await running
        return entry.status

    assert asyncio.run(scene()) == 201


@pytest.mark.parametrize(
    ("words", "having", "sentence"),
    [
        ("clsoe", {}, "no operation `clsoe`. Did you mean `close`?"),
        ("open", {"stauts": 201}, "not found by `stauts`. Did you mean `status`?"),
        ("open", {"status": "201"}, "`status` is a text. Give a whole number, 0 or more."),
        ("open", {"status": -1}, "`status` is -1. Give a whole number"),
        ("open", {"since": 1.5}, r"`since` is 1\.5. Give a whole number"),
        ("open", {"external_id": 7}, "`external_id` is a number. Give a text."),
        ("open", {"code": ""}, "`code` is empty"),
        ("open", {"row": "opne"}, "the contract has no such row"),
        ("open", {"session": ("a", "b")}, "`session` is of the type tuple. Give a text."),
    ],
)
def test_what_the_journal_is_not_asked_by_is_told(
    mine: Platform, words: str, having: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(Mistake, match=sentence):
        mine.journal.find(words, **having)
    with pytest.raises(Mistake, match=sentence):
        mine.journal.verify(words, at_most=0, **having)


@pytest.mark.parametrize(
    ("bounds", "sentence"),
    [
        ({"times": -1}, "The lower bound is -1. Give a whole number, 0 or more."),
        ({"at_most": -1}, "The upper bound is -1."),
        ({"at_least": "2"}, "`at_least` is '2'. Give a whole number"),
        ({"at_least": True}, "`at_least` is True. Give a whole number"),
        ({"at_least": 3, "at_most": 2}, "At least 3 and at most 2: no number is both."),
        ({"times": 1, "at_most": 2}, "Give that alone, or `at_least` and `at_most`"),
    ],
)
def test_so_many_as_cannot_be_are_no_question(mine: Platform, bounds: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Mistake, match=sentence):
        mine.journal.verify("open", **bounds)


def test_the_journal_is_asked_for_moves_of_the_platform_as_well(mine: Platform) -> None:
    token = mine.token("ana")
    ask(mine, token)
    mine.close_session(token)
    assert [entry.is_move for entry in mine.journal.find("platformCloses")] == [True]


# What cannot be given ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (lambda mine: mine.token(external_id=7), "`external_id` is 7. Give a text or None."),
        (lambda mine: mine.token("ana", scopes=[7]), r"`scopes` is \[7\]. Give a list of texts or None."),
        (lambda mine: mine.token("ana", scopes="conf:create"), "`scopes` is 'conf:create'. Give a list"),
        (
            lambda mine: mine.token("ana", expires_in=None),
            "`expires_in` is None. Give a number, a text or a timedelta.",
        ),
        (
            lambda mine: mine.token("ana", expires_in="1500ms"),
            r"whole seconds, from 1 to 315,360,000, and not for 1\.5",
        ),
        (lambda mine: mine.token("ana", expires_in="9999d"), r"and not for 863913600"),
        (lambda mine: mine.token("ana", expires_in=float("nan")), "nan is no duration"),
        (
            lambda mine: mine.token("ana", "30m"),
            "`token`: too many positional arguments. It takes external_id, expires_in",
        ),
        (lambda mine: mine.revoke(), "`revoke`: missing a required argument: 'token'. It takes token."),
        (lambda mine: mine.close_session(None), "`who` is None. Give a text."),
        (lambda mine: mine.close_session(""), "`` is neither a session that is open nor a token"),
        (lambda mine: mine.close_session("a" * 99), "`a{80}` is neither a session that is open nor a token"),
        (lambda mine: mine.close_session("a.b.c"), "it is not a JSON Web Token"),
        (lambda mine: mine.choose([("a", "b")]), r"`choices` is \[\('a', 'b'\)\]. Give a dict."),
        (lambda mine: mine.choose({7: "b"}), "`choices` is {7: 'b'}. Give a dict"),
        (lambda mine: mine.clock.advance(None), "`duration` is None. Give a number, a text or a timedelta."),
        (lambda mine: mine.clock.advance(-1), "-1 is no duration"),
        (lambda mine: mine.clock.advance(0.0004), "0.0004 is less than a millisecond, in which nothing can happen"),
        (lambda mine: mine.clock.advance("0.4ms"), "'0.4ms' is less than a millisecond"),
        (lambda mine: mine.clock.advance(timedelta(microseconds=1)), "is less than a millisecond"),
        (lambda mine: mine.clock.advance(10**400), "is 1000.*0000. Give a number"),
        (lambda mine: mine.clock.advance_to("noon"), "`instant` is 'noon'. Give a number or a datetime."),
        (lambda mine: mine.clock.run("fast"), "`scale` is 'fast'. Give a number."),
        (lambda mine: mine.fail("open", times="x"), "`times` is 'x'. Give a whole number or None."),
        (lambda mine: mine.fail("open", times=True), "`times` is True. Give a whole number or None."),
        (lambda mine: mine.fail("open", tmies=2), "`fail` takes no `tmies`. Did you mean `times`?"),
        (lambda mine: mine.fail(7), "`operation` is 7. Give a text or None."),
        (lambda mine: mine.journal.find(7), "`operation` is 7. Give a text or None."),
        (lambda mine: mine.journal.verify("open", at_most=1.5), r"`at_most` is 1\.5. Give a whole number or None."),
        (lambda mine: mine.journal.wait("open", seconds=None), "`seconds` is None. Give a number"),
        (lambda mine: mine.journal.wait("open", seconds=-1), "-1 is no duration"),
        (lambda _: ANYHOW(strct=False), "`platform` takes no `strct`. Did you mean `strict`?"),
        (lambda _: ANYHOW(False), "`platform`: too many positional arguments. It takes strict"),
        (lambda _: ANYHOW(start="now"), "`start` is 'now'. Give a number, a datetime or None."),
        (lambda _: ANYHOW(seed="x"), "`seed` is 'x'. Give a whole number or None."),
        (lambda _: ANYHOW(strict="no"), "`strict` is 'no'. Give True or False."),
        (
            lambda _: ANYHOW(contract="mine.yaml"),
            r"`contract` is 'mine.yaml'. Give what `openfirst.load_contract\(\)` gives",
        ),
        (lambda _: ANYHOW(choices="keep"), "`choices` is 'keep'. Give a dict or None."),
    ],
)
def test_what_cannot_be_given_is_told_with_what_can(mine: Platform, given: Callable[[Any], Any], sentence: str) -> None:
    with pytest.raises(Mistake, match=sentence):
        given(mine)


def test_who_awaits_is_told_as_well(mine: Platform) -> None:
    with pytest.raises(Mistake, match="`operation` is 7"):
        asyncio.run(mine.journal.arrives(7))  # type: ignore[arg-type]


def test_a_status_may_have_a_name(mine: Platform) -> None:
    mine.fail("open", status=HTTPStatus.BAD_GATEWAY)
    assert ask(mine, mine.token("ana"))[0] == 502
    mine.journal.verify("open", status=HTTPStatus.BAD_GATEWAY)


# The rest -----------------------------------------------------------------------------------------------------------------


def test_choices_are_seen_and_made() -> None:
    with openfirst.platform(choices={"open-while-open": "keep"}, strict=False) as mine:
        mine.choose({"no-participant": "null"})
        assert (mine.choices["open-while-open"], mine.choices["no-participant"]) == ("keep", "null")
        with pytest.raises(Mistake, match="`colour` is not a choice"):
            mine.choose({"colour": "red"})
    with pytest.raises(Mistake, match="`colour` is not a choice"):
        openfirst.platform(choices={"colour": "red"})


def test_a_contract_that_was_changed_has_a_simulator_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("errors: { session-not-open: { code: no-session-here } }", encoding="utf-8")
    contract = load_contract(overlays=[tmp_path / "mine.yaml"])
    with openfirst.platform() as one, openfirst.platform(contract=contract) as other:
        codes = [
            ask(each, each.token("ana"), "GET", "/v1/sessions/current/participant")[1]["code"] for each in (one, other)
        ]
        assert codes == ["session-not-open", "no-session-here"]
        with openfirst.platform(contract=contract) as another:
            assert another.url.partition("/w/")[0] == other.url.partition("/w/")[0] != one.url.partition("/w/")[0]


def test_the_platform_makes_moves_of_its_own(mine: Platform) -> None:
    token = mine.token("ana", scopes=["conf:create"])
    ask(mine, token)
    mine.close_session(token)
    assert mine.sessions == []
    mine.revoke(token)
    assert ask(mine, token)[1]["code"] == "token-revoked"
    assert ask(mine, mine.token(condition="expired"))[1]["code"] == "token-expired"
    with pytest.raises(Mistake, match="cannot be made `rotten`"):
        mine.token(condition="rotten")
    with pytest.raises(Mistake, match="`nobody` is neither a session that is open nor a token"):
        mine.close_session("nobody")
