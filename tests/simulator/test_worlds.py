"""Worlds: platforms apart from one another, and the control plane that makes and moves them."""

from __future__ import annotations

import asyncio
import json
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from openfirst_reference.contract.load import load_contract
from openfirst_simulator import Request, Simulator, SimulatorError, WorldError
from tests.simulator.conftest import START, Api, MakeApi

WORLDS = "/_openfirst/worlds"


def test_worlds_know_nothing_of_each_other(make: MakeApi) -> None:
    one, other = make(), make(**{"open-while-open": "keep"})
    token, elsewhere = one.world.token("zoe"), other.world.token("zoe")
    session = one.opened(token)
    assert other.is_open(elsewhere, session) is False
    other.opened(elsewhere)
    one.close(token)
    assert other.is_open(elsewhere) is True
    assert other.open(elsewhere).status == 201
    one.world.clock.advance(10)
    assert other.world.clock.now() == START


def test_credentials_lead_to_their_world(simulator: Simulator, make: MakeApi) -> None:
    api = make()
    base = simulator.url
    first = api.grant("/v1/auth/token", base=base).body["access_token"]
    answer = api.ask("POST", "/v2/client-access-token", first, body={"externalId": "zoe"}, base=base)
    token = answer.body["access_token"]
    opened = api.open(token, base=base)
    assert opened.status == 201
    # The world's own base URL shows the same session.
    assert api.is_open(token, opened.body["sessionId"]) is True


def test_a_base_url_of_a_world_lets_nobody_else_in(make: MakeApi) -> None:
    api, other = make(), make()
    answer = api.open(other.world.token(), base=api.world.url)
    assert answer.outcome == (401, "token-invalid")
    assert f"is for the world `{other.world.name}`" in answer.detail
    form = {"grant_type": "client_credentials"}
    assert api.ask("POST", "/v1/auth/token", data=form, headers=other.basic()).status == 401
    assert api.client_token({}, other.api_token()).status == 401
    # Also after it was let in elsewhere.
    token = other.world.token()
    other.opened(token)
    assert api.open(token, base=api.world.url).status == 401


def test_the_default_world_answers_at_the_root_and_under_its_name(simulator: Simulator, make: MakeApi) -> None:
    api = make()
    api.world = simulator.default
    assert simulator.default.url == simulator.url
    token = simulator.default.token()
    session = api.opened(token)
    assert api.ask("GET", f"/w/default/v1/sessions/{session}", token).body == {"open": True}
    api.close(token)


def test_a_world_that_is_not_there(simulator: Simulator, api: Api) -> None:
    answer = api.open(api.world.token(), base=f"{simulator.url}/w/nowhere")
    assert answer.outcome == (404, "not-found")
    assert "There is no world `nowhere`." in answer.detail


@pytest.mark.parametrize("name", ["", "a/b", "ä", "-x", "x" * 65, "a b", "."])
def test_a_name_that_cannot_be_a_worlds(simulator: Simulator, name: str) -> None:
    with pytest.raises(ValueError, match="cannot be a world's name"):
        simulator.world(name)


def test_a_world_has_one_name_and_is_made_once(simulator: Simulator, api: Api) -> None:
    with pytest.raises(WorldError, match="already"):
        simulator.world(api.world.name)
    with pytest.raises(WorldError, match="always there"):
        simulator.drop("default")
    with pytest.raises(WorldError, match="no world"):
        simulator.drop("nowhere")


def test_a_choice_that_is_none_is_refused_and_makes_no_world(simulator: Simulator) -> None:
    for choices, found in [
        ({"colour": "red"}, "`colour` is not a choice"),
        ({"open-while-open": "x"}, "refuse, keep"),
    ]:
        with pytest.raises(ValueError, match=found):
            simulator.world("undecided", choices=choices)
    simulator.world("undecided")
    simulator.drop("undecided")


def test_a_clock_goes_with_the_real_time_or_stands_still() -> None:
    real = [1000.0]
    simulator = Simulator(load_contract(), now=lambda: real[0])
    running, frozen = simulator.world("running"), simulator.world("frozen", frozen_at=5.0)
    running.clock.advance(0.5)
    frozen.clock.advance(2)
    real[0] += 10
    assert running.clock.now() == 1010.5
    assert frozen.clock.now() == 7
    assert frozen.clock.frozen
    assert not running.clock.frozen
    for impossible in (-1, float("nan"), float("inf"), 1e300):
        with pytest.raises(ValueError, match="cannot pass"):
            frozen.clock.advance(impossible)
    assert frozen.clock.now() == 7
    with pytest.raises(ValueError, match="cannot be -1 seconds after 1970"):
        simulator.world("unborn", frozen_at=-1)


def test_answers_carry_the_date_of_their_world(api: Api) -> None:
    api.world.clock.advance(86_400)
    good, bad = api.open(api.world.token()), api.open(api.world.token(condition="expired"))
    token, no_token = api.client_token({}), api.client_token({}, "nonsense")
    assert (good.status, bad.status, token.status, no_token.status) == (201, 401, 200, 401)
    for answer in (good, bad, token, no_token):
        assert parsedate_to_datetime(answer.headers["Date"]).timestamp() == START + 86_400


# The control plane ------------------------------------------------------------------------------------------


def test_a_world_is_made_shown_used_and_dropped_over_http(simulator: Simulator, make: MakeApi) -> None:
    api = make()
    body = {"name": "remote", "choices": {"open-while-open": "keep"}, "seed": 7}
    made = api.ask("POST", WORLDS, body=body, base=simulator.url)
    assert made.status == 201
    assert made.body["url"] == f"{simulator.url}/w/remote"
    assert made.body["choices"]["open-while-open"] == "keep"
    shown = api.ask("GET", WORLDS, base=simulator.url).body["worlds"]
    assert [world["name"] for world in shown] == ["default", api.world.name, "remote"]
    headers = api.basic(made.body["key"], made.body["secret"])
    form = {"grant_type": "client_credentials"}
    assert api.ask("POST", "/v1/auth/token", data=form, headers=headers, base=made.body["url"]).status == 200
    assert api.ask("DELETE", f"{WORLDS}/remote", base=simulator.url).status == 204
    assert api.ask("DELETE", f"{WORLDS}/remote", base=simulator.url).status == 404
    assert api.ask("POST", "/v1/auth/token", data=form, headers=headers, base=simulator.url).status == 401


def test_a_world_made_over_http_needs_no_name(simulator: Simulator, api: Api) -> None:
    names = {api.ask("POST", WORLDS, base=simulator.url).body["name"] for _ in range(2)}
    assert len(names) == 2
    for name in names:
        simulator.drop(name)


def test_time_is_advanced_over_http(simulator: Simulator, api: Api) -> None:
    token = api.world.token(expires_in=60)
    path = f"{WORLDS}/{api.world.name}/clock/advance"
    answer = api.ask("POST", path, body={"milliseconds": 59_999}, base=simulator.url)
    assert answer.body == {"now": START + 59.999, "scale": 0, "next": None, "happened": []}
    assert api.close(token, api.opened(token)).status == 204
    api.ask("POST", path, body={"milliseconds": 1}, base=simulator.url)
    assert api.open(token).outcome == (401, "token-expired")
    for body in ({}, {"milliseconds": "soon"}, {"milliseconds": -1}, {"milliseconds": True}):
        assert api.ask("POST", path, body=body, base=simulator.url).status == 400


def test_choices_are_set_over_http(simulator: Simulator, api: Api) -> None:
    token = api.world.token()
    path = f"{WORLDS}/{api.world.name}/choices"
    answer = api.ask("PUT", path, body={"no-participant": None}, base=simulator.url)
    assert answer.body["choices"]["no-participant"] == "null"
    assert api.participant(token).outcome == (200, None)
    answer = api.ask("PUT", path, body={"no-participant": "maybe"}, base=simulator.url)
    assert answer.status == 400
    assert "Permitted: error, null." in answer.detail
    assert api.participant(token).outcome == (200, None)
    api.ask("PUT", path, body={}, base=simulator.url)
    assert api.participant(token).status == 409


def test_tokens_are_revoked_and_sessions_closed_over_http(simulator: Simulator, api: Api) -> None:
    token = api.world.token()
    session = api.opened(token)
    path = f"{WORLDS}/{api.world.name}"
    assert api.ask("POST", f"{path}/sessions/{session}/close", base=simulator.url).status == 204
    assert api.is_open(token) is False
    assert api.ask("POST", f"{path}/sessions/{session}/close", base=simulator.url).status == 404
    assert api.ask("POST", f"{path}/tokens/revoke", body={"token": token}, base=simulator.url).status == 204
    assert api.open(token).outcome == (401, "token-revoked")
    for body in ({}, {"token": "nonsense"}, {"token": 7}):
        assert api.ask("POST", f"{path}/tokens/revoke", body=body, base=simulator.url).status == 400


def test_a_world_may_stand_still_from_the_beginning_over_http(simulator: Simulator, api: Api) -> None:
    for scale, name in ((0, "still"), (2, "fast")):
        api.ask("POST", WORLDS, body={"name": name, "scale": scale}, base=simulator.url)
        assert api.ask("GET", f"{WORLDS}/{name}/clock", base=simulator.url).body["scale"] == scale
        simulator.drop(name)
    before = [world.name for world in simulator.worlds]
    for wrong in (-1, "fast", True):
        assert api.ask("POST", WORLDS, body={"scale": wrong}, base=simulator.url).status == 400
    assert [world.name for world in simulator.worlds] == before


def test_tokens_are_given_over_http(simulator: Simulator, api: Api) -> None:
    path = f"{WORLDS}/{api.world.name}/tokens"

    def token(**wanted: Any) -> str:
        answer = api.ask("POST", path, body=wanted, base=simulator.url)
        assert answer.status == 201
        return str(answer.body["token"])

    short = token(externalId="ana", expiresIn=60)
    assert api.open(short).body["participant"]["info"]["externalId"] == "ana"
    api.world.clock.advance(60)
    assert api.open(short).outcome == (401, "token-expired")
    assert api.open(token(condition="revoked")).outcome == (401, "token-revoked")
    narrow = token(scopes=[])
    api.opened(narrow)
    assert api.update(narrow, {"name": "A", "avatarUrl": None}).outcome == (403, "scope-missing")
    for wrong, sentence in (
        ({"externalId": 7}, "`externalId` is a number"),
        ({"externalId": "x" * 100_000}, "`externalId` has 100,000 bytes"),
        ({"expiresIn": 0}, "from 1 to 315,360,000, and not for 0"),
        ({"expiresIn": "1h"}, "`expiresIn` is the text `1h`"),
        ({"scopes": "conf:create"}, "`scopes` is a text"),
        ({"scopes": [1]}, "Send a list of texts"),
        ({"condition": "rotten"}, "cannot be made `rotten`"),
        ({"name": "ana"}, "not known: `name`"),
    ):
        answer = api.ask("POST", path, body=wrong, base=simulator.url)
        assert answer.status == 400 and sentence in answer.detail


def test_a_token_that_no_header_can_hold_is_not_given_over_http(simulator: Simulator, api: Api) -> None:
    path = f"{WORLDS}/{api.world.name}/tokens"
    answer = api.ask("POST", path, body={"scopes": ["x" * 20_000]}, base=simulator.url)
    assert (answer.status, "a header holds 16,000" in answer.detail) == (400, True)


def test_what_was_left_is_told_over_http(simulator: Simulator, api: Api) -> None:
    path = f"{WORLDS}/{api.world.name}"
    assert api.ask("GET", f"{path}/left", base=simulator.url).body == {"sessions": [], "faults": []}
    token = api.world.token("ana")
    session = api.opened(token)
    fault = api.world.fail(kind="status", operation="close", times=1)
    left = api.ask("GET", f"{path}/left", base=simulator.url).body
    assert left["sessions"] == [{"id": session, "externalId": "ana"}]
    assert [each["id"] for each in left["faults"]] == [fault.id]
    assert [api.close(token).status for _ in range(2)] == [503, 204]
    assert api.ask("GET", f"{path}/left", base=simulator.url).body == {"sessions": [], "faults": []}


def test_a_fault_for_an_operation_that_there_is_not_is_refused(simulator: Simulator, api: Api) -> None:
    body = {"kind": "lost", "operation": "opne"}
    answer = api.ask("POST", f"{WORLDS}/{api.world.name}/faults", body=body, base=simulator.url)
    assert answer.status == 400 and "no operation `opne`. Did you mean `open`?" in answer.detail


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        ({"name": "default"}, 409, "already"),
        ({"name": "a/b"}, 400, "cannot be a world's name"),
        ({"name": 7}, 400, "`name` is a number"),
        ({"choices": []}, 400, "`choices` is a list"),
        ({"choices": {"x": "y"}}, 400, "`x` is not a choice"),
        ({"seed": [1], "name": "seeded"}, 400, "`seed` is a list"),
        ({"seed": 7}, 400, "`seed` is without a `name`"),
        ([], 400, "The body is a list"),
    ],
)
def test_a_world_that_cannot_be_made(simulator: Simulator, api: Api, body: object, status: int, sentence: str) -> None:
    answer = api.ask("POST", WORLDS, body=body, base=simulator.url)
    assert answer.status == status
    assert sentence in answer.detail


# The server -------------------------------------------------------------------------------------------------


def test_a_port_in_use_is_said_in_one_sentence_with_a_remedy(simulator: Simulator, runner: asyncio.Runner) -> None:
    port = int(simulator.url.rpartition(":")[2])
    second = Simulator(load_contract())
    with pytest.raises(SimulatorError, match=f"Port {port} of 127.0.0.1 is in use. Choose another port"):
        runner.run(second.start(port))
    with pytest.raises(SimulatorError, match="70000 is not a port"):
        runner.run(second.start(70_000))
    with pytest.raises(SimulatorError, match="Call start first"):
        _ = second.url


def test_it_listens_on_this_machine_only(runner: asyncio.Runner) -> None:
    for host in ("0.0.0.0", "192.0.2.1", "::", "example.org"):
        with pytest.raises(SimulatorError, match="Listen on 127"):
            runner.run(Simulator(load_contract()).start(host=host))


def test_a_failure_of_the_simulator_itself_is_a_problem_too(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(api.world, "perform", lambda *_: 1 / 0)
    answer = api.open(api.world.token())
    assert answer.outcome == (500, "internal-error")
    assert "ZeroDivisionError" in caplog.text


def test_it_starts_and_stops_again(runner: asyncio.Runner) -> None:
    async def twice() -> None:
        simulator = Simulator(load_contract())
        for _ in range(2):
            async with simulator:
                assert simulator.url.startswith("http://127.0.0.1:")
                with pytest.raises(SimulatorError, match="running already"):
                    await simulator.start()
            await simulator.close()

    runner.run(twice())


def test_a_world_that_nobody_here_holds_is_dropped_after_a_time_of_rest() -> None:
    real = [1_000.0]
    simulator = Simulator(load_contract(), now=lambda: real[0])
    held = simulator.world("held")

    def make(name: str) -> None:
        body = json.dumps({"name": name}).encode()
        assert asyncio.run(simulator.answer(Request("POST", WORLDS, body=body))).status == 201

    make("rests")
    make("works")
    for hours in (5, 5):
        real[0] += hours * 3600
        asyncio.run(simulator.answer(Request("GET", "/w/works/v1/sessions")))
        make(f"after {real[0]:.0f}".replace(" ", "-"))
    names = [world.name for world in simulator.worlds]
    assert "rests" not in names
    assert {"default", "held", "works"} <= set(names)
    assert held.has_session("none") is False
