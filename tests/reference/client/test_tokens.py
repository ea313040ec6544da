"""The life of a token, and the clocks that it is lived by."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import jwt
import pytest

from openfirst_reference.client.clock import Callback, Clock, RealClock, Timer, VirtualClock
from openfirst_reference.client.tokens import ClientToken, KeySecret, RefreshCallback, ask, life_of
from openfirst_reference.contract.load import load_contract

START = 1_767_225_600.0
POINTS = (0.5, 0.75, 1.0)
KEY = "a key that is long enough for HS256"


def signed(begin: float = START, seconds: float = 3600, **claims: Any) -> str:
    return jwt.encode({"iat": begin, "exp": begin + seconds, **claims}, KEY, "HS256")


class Application:
    """Says when it is asked for a token and whether the old one had expired; answers what it is told to."""

    def __init__(self, clock: VirtualClock, *answers: str | Exception | None) -> None:
        self.clock = clock
        self.asked: list[tuple[float, bool]] = []
        self._answers = list(answers)

    async def refresh(self, is_expired: bool) -> str | None:
        self.asked.append((self.clock.now() - START, is_expired))
        answer = self._answers.pop(0) if self._answers else None
        if isinstance(answer, Exception):
            raise answer
        return answer


def token_of(callback: RefreshCallback, clock: Clock, text: str = "") -> ClientToken:
    return ClientToken(text or signed(), clock, POINTS, partial(ask, callback))


# The life of a token ----------------------------------------------------------------------------------------


def test_the_points_are_those_of_the_contract() -> None:
    assert [item.points for item in load_contract().variables.values() if item.points] == [
        {"half": 0.5, "three-quarters": 0.75, "over": 1.0}
    ]


def test_a_fresh_token_is_asked_for_at_half_three_quarters_and_the_end() -> None:
    async def scenario() -> None:
        clock = VirtualClock(START)
        application = Application(clock)
        token_of(application.refresh, clock)
        await clock.advance(100_000)
        assert application.asked == [(1800, False), (2700, False), (3600, True)]

    asyncio.run(scenario())


@pytest.mark.parametrize("failure", [None, " ", OSError("offline")], ids=["nothing", "blank", "an error"])
def test_where_none_comes_the_next_point_is_the_next_try(
    failure: str | Exception | None, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        clock = VirtualClock(START)
        fresh = signed(START + 2700)
        application = Application(clock, failure, f"{fresh}\n")
        token = token_of(application.refresh, clock)
        old = await token.token()
        await clock.advance(1800)
        assert await token.token() == old
        await clock.advance(900)
        assert await token.token() == fresh
        assert application.asked == [(1800, False), (2700, False)]

    asyncio.run(scenario())
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_a_fresh_token_lives_a_life_of_its_own() -> None:
    async def scenario() -> None:
        clock = VirtualClock(START)
        application = Application(clock, signed(START + 1800, 100), signed(START + 1850, 1000))
        token_of(application.refresh, clock)
        await clock.advance(2850)
        assert [when for when, _ in application.asked] == [1800, 1850, 2350, 2600, 2850]

    asyncio.run(scenario())


class ByHand:
    """A clock whose callbacks are run by the test; time stands still."""

    def __init__(self) -> None:
        self.callbacks: list[Callback] = []

    def now(self) -> float:
        return START

    def call_at(self, when: float, callback: Callback) -> Timer:
        self.callbacks.append(callback)
        return VirtualClock().call_at(when, callback)


def test_what_was_asked_for_in_place_of_a_token_that_is_gone_replaces_nothing() -> None:
    async def scenario() -> None:
        clock, late = ByHand(), asyncio.get_running_loop().create_future()
        answers: Iterator[Any] = iter([late, "from three quarters"])
        token = token_of(lambda: next(answers), clock)

        half = asyncio.ensure_future(clock.callbacks[0]())
        await asyncio.sleep(0)
        await clock.callbacks[1]()
        late.set_result("from half")
        await half

        assert await token.token() == "from three quarters"

    asyncio.run(scenario())


def test_an_answer_that_comes_when_the_token_was_dropped_changes_nothing() -> None:
    async def scenario() -> None:
        clock = VirtualClock(START)

        async def refresh() -> str:
            token.drop()
            return "too late"

        token = token_of(refresh, clock)
        await clock.advance(1800)
        assert await token.token() != "too late"

    asyncio.run(scenario())


def test_points_that_have_passed_are_left_out() -> None:
    async def scenario() -> None:
        clock = VirtualClock(START + 2000)
        application = Application(clock)
        token_of(application.refresh, clock)
        await clock.advance(100_000)
        assert application.asked == [(2700, False), (3600, True)]

    asyncio.run(scenario())


def test_a_token_that_has_expired_is_not_renewed_by_itself() -> None:
    async def scenario() -> None:
        clock = VirtualClock(START)
        application = Application(clock)
        token_of(application.refresh, clock, signed(START - 7200))
        await clock.advance(100_000)
        assert application.asked == []

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "opaque",
        "a.b.c",
        "ä.ö.ü",
        signed(seconds=0),
        signed(seconds=-1),
        jwt.encode({"exp": START}, KEY, "HS256"),
        jwt.encode({"iat": "1", "exp": None}, KEY, "HS256"),
    ],
)
def test_a_token_that_does_not_say_how_long_it_lives_has_no_points(text: str) -> None:
    assert life_of(text) is None


def test_a_life_is_read_whoever_signed_the_token() -> None:
    assert life_of(signed(START, 10, nbf=START * 2, aud="somebody")) == (START, START + 10)


# The callback -----------------------------------------------------------------------------------------------


class Callable_:  # noqa: N801 - a callable that is no function
    def __init__(self) -> None:
        self.told: list[object] = []

    def __call__(self, is_expired: bool) -> str:
        self.told.append(is_expired)
        return "fresh"


def async_with_argument(told: list[object], is_expired: bool) -> Any:
    async def answer() -> str:
        told.append(is_expired)
        return "fresh"

    return answer()


def plain_without(told: list[object]) -> str:
    told.append("nothing")
    return "fresh"


def with_default(told: list[object], store: str = "own") -> str:
    told.append(store)
    return "fresh"


def with_named_default(told: list[object], is_expired: bool = True) -> str:
    told.append(is_expired)
    return "fresh"


def with_any(told: list[object], *arguments: object) -> str:
    told.extend(arguments)
    return "fresh"


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (async_with_argument, [False]),
        (plain_without, ["nothing"]),
        (with_default, ["own"]),
        (with_named_default, [False]),
        (with_any, [False]),
    ],
)
def test_a_callback_is_told_whether_the_token_expired_if_it_takes_an_argument(
    function: Callable[..., Any], told: list[object]
) -> None:
    async def scenario() -> None:
        clock, seen = VirtualClock(START), list[object]()
        token = token_of(partial(function, seen), clock)
        await clock.advance(1800)
        assert seen == told
        assert await token.token() == "fresh"

    asyncio.run(scenario())


def test_a_callback_may_be_an_object() -> None:
    async def scenario() -> None:
        clock, callback = VirtualClock(START), Callable_()
        token_of(callback, clock)
        await clock.advance(1800)
        assert callback.told == [False]

    asyncio.run(scenario())


# Key and secret ---------------------------------------------------------------------------------------------


def test_a_key_and_secret_that_failed_are_tried_again() -> None:
    async def scenario() -> None:
        answers: Iterator[Any] = iter([OSError("offline"), ("t", None)])

        async def grant() -> tuple[str, float | None]:
            answer = next(answers)
            if isinstance(answer, Exception):
                raise answer
            return answer  # type: ignore[no-any-return]

        held = KeySecret(VirtualClock(START), grant)
        with pytest.raises(OSError, match="offline"):
            await held.token()
        assert await held.token() == "t"
        assert await held.token() == "t"

    asyncio.run(scenario())


# Clocks -----------------------------------------------------------------------------------------------------


class Diary:
    """Writes down what a clock makes it do."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.entries: list[tuple[float, str]] = []

    async def write(self, what: str) -> None:
        self.entries.append((self.clock.now(), what))

    def at(self, when: float, what: str) -> Any:
        return self.clock.call_at(when, partial(self.write, what))


def test_a_virtual_clock_does_everything_in_order_and_at_its_own_time() -> None:
    async def scenario() -> None:
        clock = VirtualClock()
        diary = Diary(clock)
        for when, what in [(3, "c"), (1, "a"), (1, "b"), (4.5, "too late")]:
            diary.at(when, what)
        diary.at(2, "canceled").cancel()
        await clock.advance(4)
        assert diary.entries == [(1, "a"), (1, "b"), (3, "c")]
        assert clock.now() == 4

    asyncio.run(scenario())


def test_what_is_set_on_the_way_is_done_on_the_way() -> None:
    async def scenario() -> None:
        clock = VirtualClock()
        diary = Diary(clock)

        async def set_more() -> None:
            await asyncio.sleep(0)
            diary.at(clock.now() + 1, "second")
            diary.at(0, "at once")

        clock.call_at(1, set_more)
        await clock.advance(2)
        assert diary.entries == [(1, "at once"), (2, "second")]

    asyncio.run(scenario())


def test_settle_does_what_is_due_and_waits_for_its_end_but_lets_no_time_pass() -> None:
    async def scenario() -> None:
        clock = VirtualClock(5)
        diary = Diary(clock)

        async def long() -> None:
            for _ in range(50):
                await asyncio.sleep(0)
            await diary.write("end")

        clock.call_at(5, long)
        diary.at(5.1, "too late")
        await clock.settle()
        assert diary.entries == [(5, "end")]

    asyncio.run(scenario())


def test_ten_tenths_of_a_second_are_a_second() -> None:
    async def scenario() -> None:
        clock = VirtualClock(START)
        diary = Diary(clock)
        diary.at(START + 1, "due")
        for _ in range(10):
            await clock.advance(0.1)
        assert diary.entries == [(START + 1, "due")]

    asyncio.run(scenario())


def test_what_fails_in_a_virtual_clock_fails_whoever_waits() -> None:
    async def scenario() -> None:
        clock = VirtualClock()

        async def fail() -> None:
            raise ZeroDivisionError

        clock.call_at(1, fail)
        with pytest.raises(ZeroDivisionError):
            await clock.advance(1)

    asyncio.run(scenario())


def test_a_real_clock_tells_this_machines_time_and_does_what_is_due() -> None:
    async def scenario() -> None:
        clock, done = RealClock(), asyncio.Event()

        async def canceled() -> None:
            raise AssertionError("it was canceled")

        async def finish() -> None:
            done.set()

        before = time.time()
        assert before <= clock.now() <= time.time()
        clock.call_at(clock.now(), canceled).cancel()
        clock.call_at(clock.now() - 1, finish)
        await done.wait()

    asyncio.run(scenario())
