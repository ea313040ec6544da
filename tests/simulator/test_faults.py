"""Faults: what goes wrong where somebody wants it so, in one world, as often as it is to, and named in the journal."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from openfirst_reference.contract.load import load_contract
from openfirst_simulator import Answer, Request, Simulator, World
from tests.simulator.conftest import START, Api, MakeApi

CONTRACT = load_contract()


def fault(api: Api, simulator: Simulator, **fields: Any) -> Any:
    """A fault made over HTTP, as it is shown."""
    answer = api.ask("POST", f"/_openfirst/worlds/{api.world.name}/faults", body=fields, base=simulator.url)
    assert answer.status == 201, answer.body
    return answer.body["faults"][0]


def names(world: World) -> list[tuple[str, int, tuple[str, ...]]]:
    return [(entry.name, entry.status, entry.faults) for entry in world.journal.find()]


# What strikes, and how often -------------------------------------------------------------------------------------------


def test_an_error_in_the_platforms_place_strikes_as_often_as_it_is_to_and_nothing_is_done(
    simulator: Simulator, api: Api
) -> None:
    token = api.world.token("ana")
    made = fault(api, simulator, kind="status", operation="open", status=429, retryAfter=2, times=1)
    refused = api.open(token)
    assert (refused.outcome, refused.headers["Retry-After"]) == ((429, "fault"), "2")
    assert api.is_open(token) is False
    assert api.open(token).status == 201
    assert names(api.world) == [("open", 429, (made["id"],)), ("isOpen", 200, ()), ("open", 201, ())]
    path = f"/_openfirst/worlds/{api.world.name}/faults"
    (shown,) = api.ask("GET", path, base=simulator.url).body["faults"]
    assert (shown["fitted"], shown["hits"]) == (2, 1)


def test_a_fault_is_for_requests_of_its_kind_alone(make: MakeApi) -> None:
    api, other = make(), make()
    api.world.fail(kind="status", operation="open", externalId="ana")
    api.world.fail(kind="status", method="PATCH")
    api.world.fail(kind="status", path="*/services/conference/*", status=500)
    ana, ben = api.world.token("ana"), api.world.token("ben")
    assert [api.open(each).status for each in (ana, ben)] == [503, 201]
    assert api.update(ben, {"name": "Ben", "avatarUrl": None}).status == 503
    assert [api.use(ben, each).status for each in ("conference/create", "filePresentation/getImage")] == [500, 501]
    assert other.open(other.world.token("ana")).status == 201


def test_a_fault_begins_after_so_many_requests_and_lasts_for_its_window(api: Api) -> None:
    token = api.world.token()
    api.world.fail(kind="status", operation="isOpen", after=1, times=2)
    api.world.fail(kind="status", operation="getParticipant", since=START + 10, until=START + 20)
    statuses = [api.ask("GET", "/v1/sessions/current", token).status for _ in range(4)]
    assert statuses == [200, 503, 503, 200]
    seen = []
    for _ in range(4):
        seen.append(api.participant(token).status)
        api.world.clock.advance(7)
    assert seen == [409, 409, 503, 409]


def test_chance_is_the_same_for_the_same_seed(simulator: Simulator, make: MakeApi) -> None:
    seen = []
    for seed in (1, 1, 2):
        api = make()
        api.world = simulator.world("chancy", seed=seed, frozen_at=START)
        api.world.fail(kind="status", probability=0.5)
        token = api.world.token()
        seen.append([api.ask("GET", "/v1/sessions", token).status for _ in range(40)])
        simulator.drop("chancy")
    assert seen[0] == seen[1] != seen[2]
    assert 5 < seen[0].count(503) < 35


def test_a_recipe_makes_its_faults_and_they_are_removed_again(simulator: Simulator, api: Api) -> None:
    token = api.world.token()
    made = fault(api, simulator, recipe="rate-limited")
    assert [api.ask("GET", "/v1/sessions", token).status for _ in range(8)] == [200] * 3 + [429] * 3 + [200] * 2
    path = f"/_openfirst/worlds/{api.world.name}/faults"
    assert api.ask("DELETE", f"{path}/{made['id']}", base=simulator.url).status == 204
    assert api.ask("DELETE", f"{path}/{made['id']}", base=simulator.url).status == 404
    fault(api, simulator, recipe="flaky")
    assert api.ask("DELETE", path, base=simulator.url).status == 204
    assert api.ask("GET", path, base=simulator.url).body == {"faults": []}


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, "`kind` of a fault is missing"),
        ({"kind": "statos"}, "Did you mean `status`?"),
        ({"kind": "status", "tims": 1}, "Did you mean `times`?"),
        ({"kind": "status", "times": 0}, "`times` is 0"),
        ({"kind": "status", "times": "twice"}, "times"),
        ({"kind": "status", "status": 200}, "`status` is 200"),
        ({"kind": "status", "retryAfter": 1.5}, "`retryAfter` is 1.5. Give a whole number."),
        ({"kind": "status", "retryAfter": 86_401}, "`retryAfter` is 86401. Give 0 to 86,400"),
        ({"kind": "status", "times": 1.5}, "`times` is 1.5. Give a whole number."),
        ({"kind": "status", "probability": 0}, "`probability` is 0"),
        ({"kind": "status", "after": -1}, "`after` is -1"),
        ({"kind": "delay"}, "`seconds` is missing"),
        ({"kind": "delay", "seconds": 0}, "`seconds` is missing, or 0"),
        ({"kind": "delay", "seconds": -1}, "`seconds` is -1"),
        ({"kind": "missing-field"}, "`field` is missing"),
        ({"kind": "malformed", "operation": "close"}, "does nothing to `close`"),
        ({"kind": "stale", "operation": "open"}, "does nothing to `open`"),
        ({"kind": "expired", "operation": "getApiToken"}, "Kinds for that: delay, refuse"),
        ({"kind": "stale", "method": "POST", "path": "/v1/sessions"}, "does nothing to `open`"),
        ({"kind": "expired", "path": "/v1/[ao]*"}, "does nothing to `getApiToken` and `getClientAccessTokenV1`."),
        ({"kind": "lost", "path": "/v1/sesions"}, "that of no request. Did you mean `/v1/sessions`"),
        ({"kind": "lost", "path": "*/services/confrence/*"}, "that of no request. Known: /v1/auth/token, "),
        ({"kind": "lost", "path": "/v1/sessions/*/particpant"}, "that of no request. Did you mean"),
        ({"kind": "lost", "path": "/w/other/v1/sessions"}, "that of no request"),
        ({"kind": "lost", "path": "/v1/auth/*", "operation": "open"}, "that of no `open`. Known: /v1/sessions."),
        ({"kind": "lost", "path": "/" + "x" * 1000}, "`path` has 1,001 characters. Give 1,000 at most"),
        ({"kind": "lost", "path": "/" + "*a" * 21}, "`path` has 21 stars. Give 20 at most"),
        ({"kind": "lost", "method": "DELETE", "path": "/v1/sessions"}, "at `/v1/sessions`. Known: GET, POST."),
        ({"kind": "lost", "method": "GET", "operation": "open"}, "`method` is `GET`, which is that of no `open`."),
        ({"kind": "lost", "externalId": "ana", "operation": "getApiToken"}, "here nobody asks with one. Leave it out."),
        ({"kind": "lost", "until": START}, f"`until` is {START}, and it is {START} already in this world."),
        ({"recipe": "flakey"}, "Did you mean `flaky`?"),
        ({"recipe": "flaky", "times": 1}, "Beside `recipe`"),
    ],
)
def test_a_fault_that_cannot_be_is_told_why(simulator: Simulator, api: Api, fields: Any, found: str) -> None:
    answer = api.ask("POST", f"/_openfirst/worlds/{api.world.name}/faults", body=fields, base=simulator.url)
    assert answer.outcome == (400, "invalid-request")
    assert found in answer.detail
    assert api.world.faults == []


def test_credentials_lead_a_request_for_a_token_to_the_faults_of_its_world(simulator: Simulator, api: Api) -> None:
    api.world.fail(kind="status", operation="getApiToken", times=1)
    api.world.fail(kind="status", operation="getClientAccessToken", times=1)
    form = {"grant_type": "client_credentials"}

    def granted() -> Any:
        return api.ask("POST", "/v1/auth/token", data=form, headers=api.basic(), base=simulator.url)

    def client_token(token: str) -> int:
        return api.ask("POST", "/v2/client-access-token", token, body={}, base=simulator.url).status

    assert granted().status == 503
    token = granted().body["access_token"]
    assert [client_token(token) for _ in range(2)] == [503, 200]
    assert [entry.status for entry in api.world.journal.find()] == [503, 200, 503, 200]


@pytest.mark.parametrize("status", [401, 429, 503, 599])
def test_who_asks_for_a_token_gets_a_fault_in_the_shape_of_every_refusal(api: Api, status: int) -> None:
    refused = api.run_bare("POST", "/v1/auth/token", "nobody")
    api.world.fail(kind="status", operation="getApiToken", status=status, times=1)
    struck = api.run_bare("POST", "/v1/auth/token", "nobody")
    assert (struck.status, struck.body["code"]) == (status, "fault")
    assert struck.content_type == refused.content_type == "application/json"
    assert struck.body["type"] == refused.body["type"] == "ErrorResponse"


# What it does to a request ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "is_done"), [("refuse", False), ("lost", True), ("cut", True)])
def test_a_connection_that_breaks(api: Api, kind: str, is_done: bool) -> None:
    token = api.world.token()
    api.world.fail(kind=kind, operation="open", times=1)
    with pytest.raises(aiohttp.ClientError):
        api.open(token)
    assert api.is_open(token) is is_done


def test_an_answer_that_cannot_be_used_comes_after_everything_was_done(api: Api) -> None:
    token = api.world.token("ana")
    api.world.fail(kind="malformed", operation="open", times=1)
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        api.open(token)
    assert api.is_open(token) is True
    api.world.fail(kind="wrong-type", operation="getParticipant", times=1)
    with pytest.raises(ValueError, match="Expecting value"):
        api.participant(token)
    api.world.fail(kind="missing-field", operation="isOpen", field="open", times=1)
    answer = api.run_bare("GET", "/v1/sessions/current", token)
    assert (answer.status, answer.body) == (200, {})


def test_a_field_that_an_answer_has_not_is_not_taken_from_it(api: Api) -> None:
    token = api.world.token("ana")
    api.world.fail(kind="missing-field", operation="open", field="sessionId", times=1)
    api.world.fail(kind="malformed", operation="open", after=1, times=1)
    api.world.fail(kind="missing-field", operation="getClientAccessToken", field="sessionId")
    api.client_token({})
    assert api.open(api.world.token(condition="expired")).status == 401
    assert [each.hits for each in api.world.faults] == [0, 0, 0]
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        api.open(token)
    assert [each.hits for each in api.world.faults] == [1, 1, 0]
    assert [len(entry.faults) for entry in api.world.journal.find()] == [0, 0, 0, 2]
    assert b"sessionId" not in [*api.world.journal.find()][-1].answer


@pytest.mark.parametrize(("kind", "code"), [("expired", "token-expired"), ("revoked", "token-revoked")])
def test_a_token_taken_for_a_bad_one_is_good_again_next_time(api: Api, kind: str, code: str) -> None:
    token = api.world.token("ana")
    api.world.fail(kind=kind, times=1)
    assert api.open(token).outcome == (401, code)
    assert api.open(token).status == 201


def test_a_clock_that_is_ahead_ends_a_token_early(api: Api) -> None:
    token = api.world.token(expires_in=60)
    api.world.fail(kind="skew", seconds=61, times=1)
    assert api.open(token).outcome == (401, "token-expired")
    api.world.fail(kind="skew", seconds=59, times=1)
    assert api.open(token).status == 201


def test_the_platform_closes_a_session_at_once(api: Api) -> None:
    token = api.world.token()
    api.world.fail(kind="closed", operation="open", times=1)
    assert api.open(token).status == 201
    assert api.is_open(token) is False


def test_a_stale_answer_is_what_was_so_before_the_last_change(api: Api) -> None:
    token = api.world.token()
    api.opened(token, {"name": "Ana"})
    api.update(token, {"name": "Ben", "avatarUrl": None})
    api.world.fail(kind="stale", operation="getParticipant", times=1)
    assert [api.participant(token).body["info"]["name"] for _ in range(2)] == ["Ana", "Ben"]


@pytest.mark.parametrize("is_over", [False, True])
def test_a_stale_answer_is_the_same_however_it_is_asked_for(api: Api, is_over: bool) -> None:
    token = api.world.token("ana")
    session = api.opened(token, {"name": "Ana"})
    if is_over:
        api.close(token)
    api.world.fail(kind="stale")
    assert api.sessions(token).body == {"sessions": [{"sessionId": session}] if is_over else []}
    assert [api.is_open(token, each) for each in ("current", session)] == [is_over, is_over]
    shown = [api.participant(token, each) for each in ("current", session)]
    assert [each.status for each in shown] == [200 if is_over else 409] * 2
    assert shown[0].body == shown[1].body


def test_the_session_that_was_replaced_is_there_in_a_stale_answer(make: MakeApi) -> None:
    api = make(**{"open-while-open": "replace"})
    token = api.world.token()
    first = api.opened(token)
    shown = api.participant(token).body
    second = api.opened(token)
    api.world.fail(kind="stale")
    assert api.sessions(token).body == {"sessions": [{"sessionId": first}]}
    assert [api.is_open(token, each) for each in (first, second)] == [True, False]
    assert api.participant(token, first).body == shown


def test_a_stale_answer_changes_nothing(api: Api) -> None:
    token = api.world.token()
    api.opened(token)
    api.use(token, "conference/create", {"alias": "rehearsal"})
    conference = api.use(token, "conference/join", {"id": api.use(token, "conference/create").body["result"]["id"]})
    assert conference.status == 200
    api.world.fail(kind="stale", times=1)
    api.participant(token)
    assert api.use(token, "conference/current").body["result"] is not None


# Faults that wait, in the time of their world ----------------------------------------------------------------------------


def in_world(scenario: Callable[[Simulator, World], Awaitable[None]]) -> None:
    async def play() -> None:
        simulator = Simulator(CONTRACT)
        await scenario(simulator, simulator.world("waits", frozen_at=START))

    asyncio.run(play())


def asked(simulator: Simulator, method: str, path: str, token: str) -> asyncio.Task[Answer]:
    request = Request(method, path, {"Authorization": f"Bearer {token}"})
    return asyncio.create_task(simulator.answer(request))


async def turns() -> None:
    """Let all that can go on go on."""
    for _ in range(10):
        await asyncio.sleep(0)


def code(answer: Answer) -> Any:
    return json.loads(answer.content)["code"]


def test_a_delay_lasts_until_the_worlds_time_has_passed() -> None:
    async def scenario(simulator: Simulator, world: World) -> None:
        world.fail(kind="delay", seconds=2)
        opening = asked(simulator, "POST", "/v1/sessions", world.token())
        await turns()
        world.clock.advance(1.999)
        await turns()
        assert not opening.done()
        world.clock.advance(0.001)
        assert (await opening).status == 201
        assert [entry.at for entry in world.journal.find()] == [START + 2]

    in_world(scenario)


def test_a_stalled_request_is_answered_by_nobody_until_the_fault_is_removed() -> None:
    async def scenario(simulator: Simulator, world: World) -> None:
        made, token = world.fail(kind="stall", operation="open"), world.token()
        opening = asked(simulator, "POST", "/v1/sessions", token)
        await turns()
        world.clock.advance(3600)
        await turns()
        assert not opening.done()
        world.heal(made.id)
        assert (await opening).delivery == "broken"
        assert json.loads((await asked(simulator, "GET", "/v1/sessions", world.token())).content) == {"sessions": []}

    in_world(scenario)


def test_an_open_under_way_is_canceled_by_a_close() -> None:
    async def scenario(simulator: Simulator, world: World) -> None:
        ana, ben = world.token("ana"), world.token("ben")
        world.fail(kind="late", operation="open", seconds=5)
        opening = [asked(simulator, "POST", "/v1/sessions", token) for token in (ana, ben)]
        await turns()
        assert (await asked(simulator, "GET", "/v1/sessions/current", ana)).content == b'{"open":false}'
        await asked(simulator, "DELETE", "/v1/sessions/current", ana)
        canceled = await opening[0]
        assert (canceled.status, code(canceled)) == (CONTRACT.errors["closure-canceled"].status, "closure-canceled")
        world.clock.advance(5)
        assert (await opening[1]).status == 201
        # What was canceled does not come about later.
        assert (await asked(simulator, "GET", "/v1/sessions/current", ana)).content == b'{"open":false}'
        assert world.clock.next_due == START + 3600

    in_world(scenario)


def test_a_slow_answer_takes_its_time_over_http(simulator: Simulator, api: Api) -> None:
    token = api.world.token()
    api.world.fail(kind="dribble", operation="isOpen", seconds=10)

    async def scenario() -> str:
        reading = asyncio.create_task(api.bare("GET", "/v1/sessions/current", token))
        passed = 0
        await asyncio.sleep(0)
        while not reading.done():
            due = api.world.clock.next_due
            if due is not None and due <= START + 10:
                api.world.clock.advance_to_next()
                passed += 1
            await asyncio.sleep(0)
        assert passed >= 10
        return (await reading).body["open"]  # type: ignore[no-any-return]

    assert api.run(scenario()) is False
    assert api.world.clock.now() == START + 10


# The journal -------------------------------------------------------------------------------------------------------------


def test_the_journal_tells_what_was_asked_and_which_rule_refused(simulator: Simulator, api: Api) -> None:
    token = api.world.token("ana")
    api.use(token, "conference/create")
    session = api.opened(token, {"name": "Ana"})
    path = f"/_openfirst/worlds/{api.world.name}/journal"
    refused, opened = api.ask("GET", path, base=simulator.url).body["entries"]
    assert (refused["operation"], refused["code"], refused["rule"]) == ("use", "session-not-open", "open-before-use")
    assert refused["quote"] == CONTRACT.rules["open-before-use"].quote
    assert refused["row"] in CONTRACT.rows
    assert (refused["before"], refused["after"]) == (refused["after"], refused["before"])
    assert (opened["before"]["session"], opened["after"]["session"], opened["after"]["name"]) == (
        "closed",
        "open",
        "Ana",
    )
    assert (opened["session"], opened["externalId"], opened["at"]) == (session, "ana", START)
    assert opened["request"]["body"] == {"name": "Ana"}
    assert opened["answer"]["body"]["sessionId"] == session


def test_the_journal_is_asked_for_what_matters(simulator: Simulator, api: Api) -> None:
    ana, ben = api.world.token("ana"), api.world.token("ben")
    for token in (ana, ben):
        api.opened(token)
        api.close(token)
        api.close(token)
    path = f"/_openfirst/worlds/{api.world.name}/journal"

    def found(query: str) -> list[int]:
        return [entry["number"] for entry in api.ask("GET", f"{path}?{query}", base=simulator.url).body["entries"]]

    assert found("operation=close") == [2, 3, 5, 6]
    assert found("operation=close&externalId=ben&since=5") == [6]
    assert found("status=201") == [1, 4]
    assert found("row=close.closed") == [3, 6]
    verify = [
        {"operation": "open", "atLeast": 2},
        {"operation": "open", "atLeast": 3},
        {"operation": "use", "atMost": 0},
    ]
    verdicts = [api.ask("POST", f"{path}/verify", body=body, base=simulator.url).body["verdict"] for body in verify]
    assert verdicts == ["yes", "no", "yes"]
    assert api.ask("GET", f"{path}/wait?operation=open&since=3", base=simulator.url).body["entry"]["number"] == 4
    assert api.ask("GET", f"{path}/wait?operation=use&seconds=0", base=simulator.url).body == {"entry": None}
    assert api.ask("GET", f"{path}?colour=red", base=simulator.url).status == 400
    assert api.ask("DELETE", path, base=simulator.url).status == 204
    assert found("") == []


def test_who_waits_for_an_entry_gets_the_first_that_is_meant() -> None:
    async def scenario(simulator: Simulator, world: World) -> None:
        path = "/_openfirst/worlds/waits/journal/wait"
        request = Request("GET", path, query="operation=close&seconds=30")
        waiting = asyncio.create_task(simulator.answer(request))
        token = world.token()
        await turns()
        await asked(simulator, "POST", "/v1/sessions", token)
        await turns()
        assert not waiting.done()
        await asked(simulator, "DELETE", "/v1/sessions/current", token)
        assert json.loads((await waiting).content)["entry"]["number"] == 2

    in_world(scenario)


def test_the_journal_has_the_code_of_every_answer(simulator: Simulator, api: Api) -> None:
    api.world.fail(kind="status", operation="open", times=1)
    api.world.fail(kind="status", operation="getApiToken", after=2, times=1)
    narrow = api.api_token(scope="comms:stream:write")
    answers = [
        api.ask("POST", "/v1/auth/token"),
        api.grant("/v1/auth/token", expires_in="never"),
        api.client_token({}, narrow),
        api.open(api.world.token()),
        api.open(api.world.token(), {"name": 7}),
        api.ask("POST", "/v1/sessions/current/services/conference/nope", api.world.token()),
    ]
    codes = ["unauthorized", "fault", "forbidden", "fault", "invalid-request", "not-found"]
    assert [answer.code for answer in answers] == codes
    assert [entry.code for entry in api.world.journal.find()] == [None, *codes]
    path = f"/_openfirst/worlds/{api.world.name}/journal/verify"
    asked = {"code": "unauthorized", "atMost": 0}
    assert api.ask("POST", path, body=asked, base=simulator.url).body["verdict"] == "no"


def test_a_method_that_there_is_not_is_asked_of_the_world_of_its_token(simulator: Simulator, api: Api) -> None:
    token = api.world.token("ana")
    for target in ("conference/nope", "nope/create"):
        path = f"/v1/sessions/current/services/{target}"
        answer = api.ask("POST", path, token, base=simulator.url)
        assert (answer.outcome, answer.headers["Date"]) == ((404, "not-found"), "Thu, 01 Jan 2026 00:00:00 GMT")
        api.world.fail(kind="refuse", times=1)
        with pytest.raises(aiohttp.ClientError):
            api.ask("POST", path, token, base=simulator.url)
    entries = [(entry.status, entry.external_id, len(entry.faults)) for entry in api.world.journal.find()]
    assert entries == [(404, "ana", 0), (0, "ana", 1)] * 2


def test_a_method_that_there_is_not_is_not_under_way() -> None:
    async def scenario(simulator: Simulator, world: World) -> None:
        world.fail(kind="late", seconds=5)
        answer = await asked(simulator, "POST", "/v1/sessions/current/services/nope/nope", world.token())
        assert code(answer) == "not-found"

    in_world(scenario)


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("POST", "/v1/nothing", {}, 404),
        ("PUT", "/v1/sessions", {}, 405),
        ("POST", "/v1/sessions", {"Content_Encoding": "gzip"}, 415),
        ("POST", "/v1/sessions", {"Expect": "the-unexpected"}, 417),
    ],
)
def test_a_request_that_comes_to_no_route_is_answered_by_the_clock_of_its_world(
    api: Api, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    answer = api.run_bare(method, path, api.world.token(), b"{}", **headers)
    assert (answer.status, answer.headers["Date"]) == (status, "Thu, 01 Jan 2026 00:00:00 GMT")


# What an outsider found ---------------------------------------------------------------------------------------------------


def test_waits_in_a_row_follow_one_another_however_far_time_is_moved() -> None:
    async def scenario(simulator: Simulator, world: World) -> None:
        for kind, seconds in (("delay", 1), ("delay", 2), ("late", 3)):
            world.fail(kind=kind, operation="open", seconds=seconds)
        opening = asked(simulator, "POST", "/v1/sessions", world.token())
        await turns()
        world.clock.advance(5.999)
        await turns()
        assert not opening.done()
        world.clock.advance(600)
        await turns()
        assert opening.done()
        assert (await opening).status == 201

    in_world(scenario)


async def at_once(world: World, seconds: float) -> list[dict[str, Any]]:
    return await world.clock.pass_by(seconds)


async def step_by_step(world: World, seconds: float) -> list[dict[str, Any]]:
    return [each for _ in range(round(seconds)) for each in await world.clock.pass_by(1)]


async def from_one_to_the_next(world: World, seconds: float) -> list[dict[str, Any]]:
    end, happened = world.clock.now() + seconds, []
    while world.clock.next_due is not None and world.clock.next_due <= end:
        happened += await world.clock.pass_to_next()
    return happened + await world.clock.pass_until(end)


@pytest.mark.parametrize("passing", [at_once, step_by_step, from_one_to_the_next])
@pytest.mark.parametrize("scale", [0, 1])
@pytest.mark.parametrize(
    ("faults", "told"),
    [
        ([("late", 5)], [(5, "open is done"), (7, "token-expires")]),
        ([("delay", 5)], [(5, "delay F is over"), (7, "token-expires")]),
        ([("delay", 2), ("late", 4)], [(2, "delay F is over"), (6, "open is done"), (7, "token-expires")]),
        ([("delay", 1), ("delay", 1)], [(1, "delay F is over"), (2, "delay F is over"), (7, "token-expires")]),
    ],
)
def test_however_time_passes_what_waits_is_decided_at_its_own_instant(
    passing: Callable[[World, float], Awaitable[list[dict[str, Any]]]],
    scale: float,
    faults: list[tuple[str, float]],
    told: list[tuple[float, str]],
) -> None:
    async def play() -> None:
        simulator = Simulator(CONTRACT)
        # Time that runs by itself is moved as well: in these tests it has no time to run.
        world = simulator.world("waits", frozen_at=START)
        world.clock.run(scale)
        token = world.token("ana", expires_in=7)
        made = [world.fail(kind=kind, operation="open", seconds=seconds, times=1) for kind, seconds in faults]
        answer = asked(simulator, "POST", "/v1/sessions", token)
        await turns()
        happened = await passing(world, 10)
        assert (await answer).status == 201
        seen = [(round(each["at"] - START), each["what"]) for each in happened]
        for each in made:
            seen = [(at, what.replace(each.id, "F")) for at, what in seen]
        assert seen == told
        entry = [*world.journal.find()][-1]
        assert round(entry.at - START) == told[-2][0]

    asyncio.run(play())


def test_a_slow_answer_comes_part_by_part_though_time_passes_at_once() -> None:
    async def play() -> None:
        async with Simulator(CONTRACT) as simulator:
            world = simulator.world("slow", frozen_at=START)
            fault = world.fail(kind="dribble", operation="isOpen", seconds=10, times=1)
            sent = (
                f"GET /w/slow/v1/sessions/current HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {world.token()}\r\n\r\n"
            )
            reader, writer = await asyncio.open_connection("127.0.0.1", int(simulator.url.rpartition(":")[2]))
            writer.write(sent.encode())
            head = await reader.readuntil(b"\r\n\r\n")
            happened = await world.clock.pass_by(20)
            assert [round(each["at"] - START) for each in happened] == list(range(1, 11))
            assert {each["what"] for each in happened} == {f"a part of an answer ({fault.id})"}
            assert head.startswith(b"HTTP/1.1 200")
            assert await reader.readexactly(len(b'{"open":false}')) == b'{"open":false}'
            writer.close()

    asyncio.run(play())


@pytest.mark.parametrize("end", ["cancel", "stall", "reset"])
def test_time_goes_on_though_somebody_who_was_woken_does_not(end: str) -> None:
    async def play() -> None:
        simulator = Simulator(CONTRACT)
        world = simulator.world("waits", frozen_at=START)
        world.fail(kind="delay", seconds=1, times=1)
        if end == "stall":
            world.fail(kind="stall", times=1)
        answer = asked(simulator, "POST", "/v1/sessions", world.token())
        await turns()
        passing = asyncio.ensure_future(world.clock.pass_by(10))
        await asyncio.sleep(0)  # The request is woken, and had no turn yet.
        if end == "cancel":
            answer.cancel()
        if end == "reset":
            world.reset()
        async with asyncio.timeout(30):
            await passing
        assert world.clock.now() == (START if end == "reset" else START + 10)
        answer.cancel()

    asyncio.run(play())


@pytest.mark.parametrize("kind", ["delay", "late", "stall"])
@pytest.mark.parametrize("becomes", ["reset", "restored", "dropped"])
def test_what_waits_is_broken_off_when_its_world_becomes_another(kind: str, becomes: str) -> None:
    async def scenario(simulator: Simulator, world: World) -> None:
        document = world.snapshot()
        world.fail(kind=kind, operation="open", **({} if kind == "stall" else {"seconds": 5}))
        opening = asked(simulator, "POST", "/v1/sessions", world.token())
        await turns()
        match becomes:
            case "reset":
                world.reset()
            case "restored":
                simulator.restore(world.name, document)
            case _:
                simulator.drop(world.name)
        assert (await opening).delivery == "broken"
        assert not world.snapshot()["records"]["clients"]

    in_world(scenario)


@pytest.mark.parametrize("kind", ["delay", "late"])
def test_who_was_woken_just_before_its_world_became_another_is_answered_by_nobody(kind: str) -> None:
    async def scenario(simulator: Simulator, world: World) -> None:
        document = world.snapshot()
        world.fail(kind=kind, operation="open", seconds=5)
        opening = asked(simulator, "POST", "/v1/sessions", world.token())
        await turns()
        world.clock.advance(5)
        simulator.restore(world.name, document)
        assert (await opening).delivery == "broken"
        assert not world.snapshot()["records"]["clients"]

    in_world(scenario)


@pytest.mark.parametrize("kinds", [["delay"], ["late"], ["delay", "delay", "late"]])
def test_a_request_that_faults_keep_waiting_goes_on_when_they_are_removed(kinds: list[str]) -> None:
    async def scenario(simulator: Simulator, world: World) -> None:
        for kind in kinds:
            world.fail(kind=kind, operation="open", seconds=5)
        opening = asked(simulator, "POST", "/v1/sessions", world.token())
        await turns()
        world.heal()
        await turns()
        assert opening.done()
        assert (await opening).status == 201

    in_world(scenario)


def test_a_slow_answer_ends_however_far_time_is_moved(api: Api) -> None:
    token = api.world.token()
    api.world.fail(kind="dribble", operation="isOpen", seconds=10)

    async def scenario() -> Any:
        reading = asyncio.create_task(api.bare("GET", "/v1/sessions/current", token))
        while api.world.clock.next_due in (None, START + 3600):  # noqa: ASYNC110 - nobody tells when a part is waited for
            await asyncio.sleep(0)
        api.world.clock.advance(600)
        return (await reading).body

    assert api.run(scenario()) == {"open": False}


def test_a_fault_counts_only_where_it_strikes(api: Api) -> None:
    token = api.world.token()
    lost, refused = api.world.fail(kind="lost", times=1), api.world.fail(kind="status", times=1)
    hits = []
    assert api.open(token).status == 503
    hits.append([fault.hits for fault in api.world.faults if fault.id in (lost.id, refused.id)])
    with pytest.raises(aiohttp.ClientError):
        api.open(token)
    hits.append([fault.hits for fault in api.world.faults if fault.id in (lost.id, refused.id)])
    assert hits == [[0, 1], [1, 1]]
    spoilt = [api.world.fail(kind=kind, **more) for kind, more in SPOILS]
    assert api.close(token).status == 204
    assert {fault.hits for fault in api.world.faults if fault.id in {each.id for each in spoilt}} == {0}


def hits(api: Api) -> list[int]:
    """How often each fault has struck, which is as often as the journal says so."""
    counts = [each.hits for each in api.world.faults]
    assert [sum(each.id in entry.faults for entry in api.world.journal.find()) for each in api.world.faults] == counts
    return counts


def test_a_stale_answer_that_is_the_same_is_no_stroke(api: Api) -> None:
    token = api.world.token()
    api.world.fail(kind="stale", times=1)
    assert api.is_open(token) is False
    api.opened(token, {"name": "Ana"})
    api.update(token, {"name": "Zoe", "avatarUrl": None})
    assert api.is_open(token) is True
    assert hits(api) == [0]
    assert [api.participant(token).body["info"]["name"] for _ in range(2)] == ["Ana", "Zoe"]
    assert hits(api) == [1]


def test_a_session_that_is_not_there_is_not_closed(api: Api) -> None:
    token, expired = api.world.token(), api.world.token(condition="expired")
    api.world.fail(kind="closed", times=1)
    api.world.fail(kind="closed", operation="open", times=1)
    assert api.open(expired).status == 401
    assert api.is_open(token) is False
    assert api.open(token, {"name": 7}).status == 400
    assert api.participant(token).status == 409
    assert hits(api) == [0, 0]
    assert api.open(token).status == 201
    assert hits(api) == [1, 0]
    assert api.is_open(token) is False


def test_a_stale_answer_and_a_closed_session_go_together(api: Api) -> None:
    token = api.world.token()
    api.opened(token)
    api.world.fail(kind="stale", times=1)
    api.world.fail(kind="closed", times=1)
    assert api.is_open(token) is False
    assert hits(api) == [1, 1]
    assert api.is_open(token) is False
    assert [entry.name for entry in api.world.journal.find() if entry.is_move] == ["platformCloses"]


def test_a_token_is_taken_for_a_bad_one_once(api: Api) -> None:
    token = api.world.token()
    for kind in ("expired", "revoked"):
        api.world.fail(kind=kind, times=1)
    assert (api.open(token).code, hits(api)) == ("token-expired", [1, 0])
    assert (api.open(token).code, hits(api)) == ("token-revoked", [1, 1])
    assert api.open(token).status == 201


def test_clocks_that_are_ahead_only_together_strike_together(api: Api) -> None:
    token = api.world.token(expires_in=60)
    api.world.fail(kind="skew", seconds=31)
    assert api.open(token).status == 201
    api.world.fail(kind="skew", seconds=31)
    assert api.update(token, {"name": "Ana"}).outcome == (401, "token-expired")
    assert hits(api) == [1, 1]


def test_what_nothing_is_left_for_is_no_stroke(api: Api) -> None:
    forged = api.world.token(condition="forged")
    for kind, more in (("late", {"seconds": 1}), ("expired", {}), ("skew", {"seconds": 1}), ("wrong-type", {})):
        api.world.fail(kind=kind, operation="open", **more)
    api.world.fail(kind="lost", operation="open")
    with pytest.raises(aiohttp.ClientError):
        api.open(forged)
    assert hits(api) == [0, 0, 0, 0, 1]


SPOILS: list[tuple[str, dict[str, Any]]] = [
    ("malformed", {}),
    ("wrong-type", {}),
    ("missing-field", {"field": "x"}),
    ("stale", {}),
]


def test_a_session_is_closed_by_the_platform_before_its_client_is_forgotten(api: Api) -> None:
    api.opened(api.world.token("ana", expires_in=60))
    api.world.clock.advance(3 * 86_400)
    assert [(entry.name, entry.external_id) for entry in api.world.journal.find() if entry.is_move] == [
        (CONTRACT.bindings.operations.outward("platformCloses"), "ana")
    ]


def test_a_world_begun_anew_has_all_its_applications(api: Api) -> None:
    api.world.another_application()
    before = [each.id for each in api.world.applications]
    api.world.reset()
    assert [each.id for each in api.world.applications] == before


def test_what_comes_after_a_fault_that_was_removed_is_timed_from_then() -> None:
    async def scenario(simulator: Simulator, world: World) -> None:
        first = world.fail(kind="delay", operation="open", seconds=5)
        world.fail(kind="delay", operation="open", seconds=3)
        opening = asked(simulator, "POST", "/v1/sessions", world.token())
        await turns()
        world.heal(first.id)
        await turns()
        world.clock.advance(3)
        await turns()
        assert opening.done()
        assert (await opening).status == 201

    in_world(scenario)
