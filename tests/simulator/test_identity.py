"""Who is who: participant IDs, clients with the same external ID, and refreshed tokens."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from openfirst_reference.contract.load import load_contract
from openfirst_simulator import Request, Simulator
from tests.simulator.conftest import START, Api, MakeApi


def identifier(api: Api, token: str) -> str:
    answer = api.open(token)
    assert answer.status == 201
    return str(answer.body["participant"]["id"])


def test_the_same_external_id_is_the_same_participant_in_every_session(api: Api) -> None:
    token = api.world.token("zoe")
    first = identifier(api, token)
    api.close(token)
    assert identifier(api, token) == first
    assert identifier(api, api.world.token("zoe")) == first
    assert identifier(api, api.world.token("Zoe")) != first


def test_the_same_external_id_is_somebody_else_in_another_world(make: MakeApi) -> None:
    one, other = make(), make()
    assert identifier(one, one.world.token("zoe")) != identifier(other, other.world.token("zoe"))


def test_without_an_external_id_every_session_has_a_participant_of_its_own(api: Api) -> None:
    token = api.world.token()
    first = identifier(api, token)
    assert api.participant(token).body["id"] == first
    api.close(token)
    second = identifier(api, token)
    assert len({first, second, identifier(api, api.world.token())}) == 3


def test_a_world_of_the_same_name_and_seed_gives_the_same_ids_and_signs_with_another_key(
    simulator: Simulator, make: MakeApi
) -> None:
    seen, signatures = [], set()
    for seed in (1, 1, 2):
        api = make()
        api.world = simulator.world("seeded", seed=seed, frozen_at=START)
        said, _, signature = api.world.token("zoe").rpartition(".")
        signatures.add(signature)
        seen.append((api.world.key, said, api.open(api.world.token()).body))
        simulator.drop("seeded")
    assert len(signatures) == 3
    assert seen[0] == seen[1]
    assert all(one != other for one, other in zip(seen[1], seen[2], strict=True))


def test_clients_with_the_same_external_id_may_each_have_a_session(api: Api) -> None:
    one, other = api.world.token("zoe"), api.world.token("zoe")
    mine, others = api.opened(one, {"name": "Phone"}), api.opened(other, {"name": "Laptop"})
    assert mine != others
    assert api.participant(one).body["info"]["name"] == "Phone"
    api.close(one)
    assert api.is_open(other) is True
    assert api.participant(other).body["info"]["name"] == "Laptop"


def test_the_earlier_one_may_be_sent_away(make: MakeApi) -> None:
    api = make(**{"same-id-twice": "evict-earlier"})
    one, other, stranger = api.world.token("zoe"), api.world.token("zoe"), api.world.token("yan")
    mine = api.opened(one)
    api.opened(stranger)
    api.opened(other)
    assert api.is_open(one) is False
    assert api.participant(one, mine).outcome == (409, "session-not-open")
    assert api.use(one, "conference/create").outcome == (409, "session-not-open")
    assert api.is_open(other) is True
    assert api.is_open(stranger) is True
    # It may come back, and then sends the other one away.
    assert api.open(one).status == 201
    assert api.is_open(other) is False


def test_an_adopted_external_id_is_refused_as_long_as_another_client_has_it(make: MakeApi) -> None:
    api = make(**{"same-id-twice": "refuse", "external-id-with-key-secret": "adopt"})
    one, other = (str(api.grant("/v1/oauth2/token").body["access_token"]) for _ in range(2))
    api.opened(one, {"externalId": "bob"})
    assert api.open(other, {"externalId": "bob"}).outcome == (409, "session-already-open")
    assert api.open(other, {"externalId": "eve"}).status == 201
    api.close(one)
    assert api.open(one, {"externalId": "eve"}).outcome == (409, "session-already-open")
    assert api.open(one, {"externalId": "bob"}).status == 201


def test_an_empty_external_id_that_counts_as_one_is_refused_like_any_other(make: MakeApi) -> None:
    api = make(**{"same-id-twice": "refuse", "external-id-with-key-secret": "adopt", "empty-external-id": "value"})
    one, other = (str(api.grant("/v1/oauth2/token").body["access_token"]) for _ in range(2))
    api.opened(one, {"externalId": ""})
    assert api.open(other, {"externalId": ""}).outcome == (409, "session-already-open")
    assert api.open(other).status == 201


def test_the_second_one_may_be_refused_as_long_as_the_first_is_there(make: MakeApi) -> None:
    api = make(**{"same-id-twice": "refuse"})
    one, other = api.world.token("zoe"), api.world.token("zoe")
    api.opened(one)
    assert api.open(other).outcome == (409, "session-already-open")
    api.close(one)
    assert api.open(other).status == 201
    # The platform's own close makes room as well.
    assert api.open(one).outcome == (409, "session-already-open")
    api.world.act("platformCloses", other)
    assert api.open(one).status == 201


def test_of_three_the_last_still_sees_the_second_when_the_first_leaves(make: MakeApi) -> None:
    api = make()
    first, second, third = (api.world.token("zoe") for _ in range(3))
    api.opened(first)
    api.opened(second)
    api.close(first)
    api.world.choose({"same-id-twice": "refuse"})
    assert api.open(third).outcome == (409, "session-already-open")


def test_an_external_id_from_open_counts_like_one_from_a_token(make: MakeApi) -> None:
    api = make(**{"same-id-twice": "evict-earlier"})
    deprecated = api.grant("/v1/oauth2/token").body["access_token"]
    token = api.world.token("zoe")
    first = api.open(deprecated, {"externalId": "zoe"}).body["participant"]["id"]
    assert identifier(api, token) == first
    assert api.is_open(deprecated) is False


def test_a_refreshed_token_is_used_from_then_on(api: Api) -> None:
    old = api.world.token("zoe", expires_in=60)
    session = api.opened(old, {"name": "Ana"})
    api.world.clock.advance(59)
    fresh = api.world.token("zoe")
    assert api.participant(fresh, session).body["info"]["name"] == "Ana"
    api.world.clock.advance(10)
    assert api.update(old, {"name": "Ben"}, session).outcome == (401, "token-expired")
    assert api.update(fresh, {"name": "Cem"}, session).status == 204
    # From now on it is that client's, whatever it asks.
    assert api.is_open(fresh) is True
    assert api.open(fresh).outcome == (409, "session-already-open")
    assert api.close(fresh).status == 204
    assert api.is_open(old) is False


def test_what_the_platform_does_to_a_session_concerns_its_refreshed_token(api: Api) -> None:
    old, fresh = api.world.token("zoe"), api.world.token("zoe")
    session = api.opened(old)
    assert api.is_open(fresh, session) is True
    api.world.act("revokeToken", session)
    assert api.update(fresh, {}, session).outcome == (401, "token-revoked")
    assert api.update(old, {}, session).status == 204


@pytest.mark.parametrize("external_id", ["yan", None])
def test_a_token_of_somebody_else_is_no_refreshed_one(api: Api, external_id: str | None) -> None:
    session = api.opened(api.world.token("zoe"))
    assert api.is_open(api.world.token(external_id), session) is False


def test_a_bad_token_is_no_refreshed_one(api: Api) -> None:
    token = api.world.token("zoe")
    session = api.opened(token)
    for condition in ("expired", "revoked"):
        assert api.is_open(api.world.token("zoe", condition=condition), session) is False
    assert api.participant(token).status == 200


def test_a_token_that_is_another_clients_already_stays_so(api: Api) -> None:
    one, other = api.world.token("zoe"), api.world.token("zoe")
    assert api.is_open(other) is False
    session = api.opened(one)
    assert api.is_open(other, session) is False


def test_another_run_gives_no_id_of_this_one_and_takes_no_token_of_it() -> None:
    first, second = Simulator(load_contract()), Simulator(load_contract())

    def opened(simulator: Simulator, token: str) -> tuple[int, Any]:
        answer = asyncio.run(simulator.answer(Request("POST", "/v1/sessions", {"Authorization": f"Bearer {token}"})))
        return answer.status, json.loads(answer.content)

    # An app's configuration goes on working.
    assert (first.default.key, first.default.secret) == (second.default.key, second.default.secret)
    bob, carol = first.default.token("bob"), second.default.token("carol")
    refused, here, there = opened(second, bob), opened(first, bob), opened(second, second.default.token("bob"))
    assert (refused[0], refused[1]["code"]) == (401, "token-invalid")
    assert "in another run" in refused[1]["detail"]
    assert here[1]["sessionId"] != there[1]["sessionId"]
    assert here[1]["participant"]["id"] != there[1]["participant"]["id"]
    assert opened(second, carol)[1]["participant"]["info"]["externalId"] == "carol"


def test_a_world_that_was_dropped_and_made_again_takes_no_token_of_its_predecessor(
    simulator: Simulator, make: MakeApi
) -> None:
    api = make()
    for seed in (None, 7):
        api.world = simulator.world("again", seed=seed)
        token = api.world.token("zoe")
        api.opened(token)
        simulator.drop("again")
        api.world = simulator.world("again", seed=seed)
        assert api.open(token).outcome == (401, "token-invalid")
        simulator.drop("again")
