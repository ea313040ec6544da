"""Requests at the same time: each comes to what some order of them explains."""

from __future__ import annotations

import asyncio

from tests.simulator.conftest import Answer, Api, MakeApi

MANY = 50


def together(runner: asyncio.Runner, *requests: object) -> list[Answer]:
    async def all_at_once() -> list[Answer]:
        return list(await asyncio.gather(*requests))  # type: ignore[call-overload]

    return runner.run(all_at_once())


def test_of_many_opens_one_wins(runner: asyncio.Runner, api: Api) -> None:
    token = api.world.token("zoe")
    answers = together(runner, *(api.asking("POST", "/v1/sessions", token, body={"name": str(n)}) for n in range(MANY)))
    assert sorted(answer.status for answer in answers) == [201, *[409] * (MANY - 1)]
    [won] = [answer for answer in answers if answer.status == 201]
    assert api.sessions(token).body == {"sessions": [{"sessionId": won.body["sessionId"]}]}
    assert api.participant(token).body == won.body["participant"]


def test_of_many_clients_with_the_same_external_id_one_stays(runner: asyncio.Runner, make: MakeApi) -> None:
    api = make(**{"same-id-twice": "evict-earlier"})
    tokens = [api.world.token("zoe") for _ in range(MANY)]
    answers = together(runner, *(api.asking("POST", "/v1/sessions", token, body={}) for token in tokens))
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body["participant"]["id"] for answer in answers}) == 1
    assert [api.is_open(token) for token in tokens].count(True) == 1


def test_many_clients_each_get_their_own(runner: asyncio.Runner, api: Api) -> None:
    tokens = [api.world.token(f"client-{n}") for n in range(MANY)]
    answers = together(
        runner, *(api.asking("POST", "/v1/sessions", token, body={"name": token[-8:]}) for token in tokens)
    )
    assert len({answer.body["sessionId"] for answer in answers}) == MANY
    for number, (token, answer) in enumerate(zip(tokens, answers, strict=True)):
        assert answer.body["participant"]["info"]["name"] == token[-8:]
        assert answer.body["participant"]["info"]["externalId"] == f"client-{number}"


def test_open_and_close_at_once_leave_it_open_or_closed(runner: asyncio.Runner, api: Api) -> None:
    token = api.world.token()
    requests = []
    for _ in range(MANY):
        requests.append(api.asking("POST", "/v1/sessions", token, body={}))
        requests.append(api.asking("DELETE", "/v1/sessions/current", token))
    answers = together(runner, *requests)
    assert {answer.status for answer in answers} <= {201, 204, 409}
    sessions = api.sessions(token).body["sessions"]
    assert api.is_open(token) is bool(sessions)
    if sessions:
        assert sessions[0]["sessionId"] in {answer.body["sessionId"] for answer in answers if answer.status == 201}
