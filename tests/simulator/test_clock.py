"""Time: one clock a world, which everything obeys; what is due happens at its own instant, in order, and is told."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

import openfirst_simulator
from openfirst_reference.contract.load import load_contract
from openfirst_simulator import Simulator, World
from tests.simulator.conftest import START, Api

CONTRACT = load_contract()
DAY = 86_400


class RealTime:
    """The real time, which passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def running(scale: float = 1) -> tuple[RealTime, World]:
    real = RealTime()
    world = Simulator(CONTRACT, now=real).world("running")
    world.clock.run(scale)
    return real, world


def test_time_goes_as_fast_as_it_is_told() -> None:
    real, world = running(scale=60)
    real.now += 2
    assert world.clock.now() == 1_120
    world.clock.run(0.5)
    real.now += 2
    assert world.clock.now() == 1_121
    world.clock.freeze()
    real.now += 2
    assert (world.clock.now(), world.clock.frozen) == (1_121, True)
    world.clock.run()
    real.now += 2
    assert (world.clock.now(), world.clock.scale) == (1_123, 1)


@pytest.mark.parametrize("scale", [-1, float("nan"), float("inf"), 1e7])
def test_a_speed_that_makes_no_sense_changes_nothing(scale: float) -> None:
    real, world = running()
    with pytest.raises(ValueError, match="0 to 1,000,000"):
        world.clock.run(scale)
    real.now += 1
    assert world.clock.now() == 1_001


def test_a_world_begun_anew_has_the_clock_that_it_began_with() -> None:
    real = RealTime()
    simulator = Simulator(CONTRACT, now=real)
    still, racing = simulator.world("still", scale=0), simulator.world("racing", scale=60)
    for world in (still, racing):
        world.clock.advance(500)
        world.clock.run(7)
    real.now += 10
    for world in (still, racing):
        world.reset()
    assert (still.clock.now(), still.clock.scale) == (1_000, 0)
    assert (racing.clock.now(), racing.clock.scale) == (1_010, 60)


def test_what_is_due_happens_in_its_order_and_at_its_own_instant(api: Api) -> None:
    for external_id, life in (("late", 60), ("early", 20), ("later", 90)):
        api.opened(api.world.token(external_id, expires_in=life))
    happened = api.world.clock.advance(70)
    assert [(each["at"] - START, each["what"], each["externalId"]) for each in happened] == [
        (20, "token-expires", "early"),
        (60, "token-expires", "late"),
    ]
    assert api.world.clock.now() == START + 70


def test_time_goes_to_the_next_thing_and_no_further(api: Api) -> None:
    assert api.world.clock.advance_to_next() == []
    assert api.world.clock.now() == START
    token = api.world.token("ana", expires_in=20)
    api.opened(token)
    assert [each["what"] for each in api.world.clock.advance_to_next()] == ["token-expires"]
    assert api.world.clock.now() == START + 20
    assert api.open(token).outcome == (401, "token-expired")


def test_time_does_not_go_back(api: Api) -> None:
    api.world.clock.advance_to(START + 5)
    for instant in (START + 4.999, float("nan")):
        with pytest.raises(ValueError, match="cannot go back"):
            api.world.clock.advance_to(instant)
    assert api.world.clock.now() == START + 5


def test_a_token_lives_to_the_millisecond(api: Api) -> None:
    api.world.clock.advance(0.25)
    token = api.world.token(expires_in=60)
    api.opened(token)
    api.world.clock.advance(59.999)
    assert api.is_open(token) is True
    api.world.clock.advance(0.001)
    assert api.open(token).outcome == (401, "token-expired")


def test_what_is_over_is_forgotten_a_day_later_with_its_session_and_conference(api: Api) -> None:
    token, other = api.world.token("ana", expires_in=60), api.world.token("ben", expires_in=5 * DAY)
    mine = api.opened(token)
    api.opened(other)
    conference = api.use(token, "conference/create", {"alias": "rehearsal"}).body["result"]
    for each in (token, other):
        api.use(each, "conference/join", conference)
    api.world.clock.advance(60 + DAY - 1)
    assert api.world.has_session(mine)
    happened = api.world.clock.advance(1)
    assert [each["what"] for each in happened] == ["token-forgotten"]
    assert not api.world.has_session(mine)
    members = api.use(other, "conference/getParticipants", conference).body["result"]
    assert [member["info"]["externalId"] for member in members] == ["ben"]


def test_a_conference_that_nobody_is_in_ends_after_a_day_and_is_forgotten_a_day_later(api: Api) -> None:
    token = api.world.token("ana", expires_in=9 * DAY)
    api.opened(token)
    first = api.use(token, "conference/create", {"alias": "rehearsal"}).body["result"]
    api.world.clock.advance(DAY - 1)
    api.use(token, "conference/join", first)
    assert api.world.clock.advance(3 * DAY) == []
    assert api.use(token, "conference/create", {"alias": "rehearsal"}).body["result"]["isNew"] is False
    api.use(token, "conference/leave")
    happened = api.world.clock.advance(2 * DAY)
    assert [(each["what"], each["conference"]) for each in happened] == [
        ("conference-ended", first["id"]),
        ("conference-forgotten", first["id"]),
    ]
    assert api.use(token, "conference/create", {"alias": "rehearsal"}).body["result"]["isNew"] is True


def test_a_refreshed_session_outlives_the_token_that_it_began_with(api: Api) -> None:
    first = api.world.token("ana", expires_in=60)
    session = api.opened(first)
    second = api.world.token("ana", expires_in=5 * DAY)
    assert api.is_open(second, session) is True
    api.world.clock.advance(2 * DAY)
    assert api.is_open(second, session) is True


def test_who_waits_is_woken_by_whoever_moves_time() -> None:
    async def scenario() -> list[str]:
        async with Simulator(CONTRACT) as simulator:
            world = simulator.world("frozen", frozen_at=START)
            woken: list[str] = []

            async def waits(seconds: float, name: str) -> None:
                await world.clock.wait(seconds, name)
                woken.append(f"{name} at {world.clock.now() - START:g}")

            tasks = [
                asyncio.create_task(waits(seconds, name))
                for seconds, name in ((2, "second"), (1, "first"), (9, "third"))
            ]
            await asyncio.sleep(0)
            happened = world.clock.advance(5)
            assert [(each["what"], each["at"] - START) for each in happened] == [("first", 1), ("second", 2)]
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            tasks[2].cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            assert world.clock.next_due is None
            return woken

    assert asyncio.run(scenario()) == ["first at 5", "second at 5"]


def test_what_happened_is_told_to_the_millisecond() -> None:
    async def scenario() -> None:
        world = Simulator(CONTRACT).world("frozen", frozen_at=START)
        waits = asyncio.create_task(world.clock.wait(1 / 3, "a third"))
        await asyncio.sleep(0)
        assert world.clock.advance(1) == [{"at": START + 0.333, "what": "a third"}]
        await waits

    asyncio.run(scenario())


def test_where_time_goes_by_itself_who_waits_is_woken_by_the_loop() -> None:
    async def scenario() -> None:
        async with Simulator(CONTRACT) as simulator:
            world = simulator.world("hurried")
            world.clock.run(100_000)
            async with asyncio.timeout(30):  # so that a hang fails; an hour passes in 36 ms
                await world.clock.wait(3_600, "an hour")

    asyncio.run(scenario())


def test_one_module_reads_the_real_time() -> None:
    reads = re.compile(
        r"\btime\.(time|monotonic|perf_counter)\b|\bimport time\b|datetime\.(now|utcnow|today)\b|\.time\(\)"
    )
    sources = Path(str(openfirst_simulator.__file__)).parent.glob("*.py")
    assert {source.name for source in sources if reads.search(source.read_text(encoding="utf-8"))} == {"clock.py"}


def test_the_clock_over_http(simulator: Simulator, api: Api) -> None:
    path, base = f"/_openfirst/worlds/{api.world.name}/clock", simulator.url
    token = api.world.token("ana", expires_in=60)
    api.opened(token)
    assert api.ask("GET", path, base=base).body == {"now": START, "scale": 0, "next": START + 60}
    moved = api.ask("POST", f"{path}/advance", body={"next": True}, base=base).body
    assert (moved["now"], [each["externalId"] for each in moved["happened"]]) == (START + 60, ["ana"])
    assert api.ask("POST", f"{path}/advance", body={"to": START + 61.5}, base=base).body["now"] == START + 61.5
    assert api.ask("PUT", path, body={"scale": 2}, base=base).body["scale"] == 2
    assert api.ask("PUT", path, body={"scale": 0}, base=base).body["scale"] == 0
    for body in (
        {},
        {"next": False},
        {"to": START},
        {"to": START + 99, "milliseconds": 1},
        {"next": "yes"},
        {"to": True},
    ):
        assert api.ask("POST", f"{path}/advance", body=body, base=base).status == 400, body
    for wrong in ({}, {"scale": -1}, {"scale": "fast"}, {"scale": 10**400}):
        assert api.ask("PUT", path, body=wrong, base=base).status == 400, wrong


@pytest.mark.parametrize("seconds", [0.0004, 0.000999, 5e-324])
def test_less_than_a_millisecond_in_which_nothing_can_happen_is_refused(api: Api, seconds: float) -> None:
    clock = api.world.clock
    for pass_by in (clock.advance, lambda each: asyncio.run(clock.pass_by(each))):
        with pytest.raises(ValueError, match="nothing can happen"):
            pass_by(seconds)
    before = clock.now()
    clock.advance(0)
    clock.advance(0.001)
    assert clock.now() == round(before + 0.001, 3)
