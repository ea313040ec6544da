"""Credentials of the session interface: which are let in, and what is said to the others."""

from __future__ import annotations

import base64
import json
from typing import Any

import jwt
import pytest

from openfirst_simulator import Simulator
from tests.simulator.conftest import Api, MakeApi

# Every route of the session interface.
ROUTES = [
    ("POST", "/v1/sessions"),
    ("GET", "/v1/sessions"),
    ("GET", "/v1/sessions/current"),
    ("DELETE", "/v1/sessions/current"),
    ("GET", "/v1/sessions/current/participant"),
    ("PATCH", "/v1/sessions/current/participant"),
    ("POST", "/v1/sessions/current/services/conference/create"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_route_wants_a_bearer(api: Api, method: str, path: str) -> None:
    for headers in ({}, {"Authorization": "Bearer"}, api.basic()):
        answer = api.ask(method, path, headers=headers)
        assert answer.outcome == (401, "not-initialized")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("condition", ["forged", "foreign", "unreadable"])
def test_no_route_lets_a_token_in_that_is_not_ours(api: Api, method: str, path: str, condition: str) -> None:
    answer = api.ask(method, path, api.world.token("zoe", condition=condition))
    assert answer.outcome == (401, "token-invalid")
    assert answer.detail.endswith("Request a client access token from the platform that the client talks to.")


def altered(token: str, **claims: object) -> str:
    """The token with other claims under the old signature."""
    head, body, signature = token.split(".")
    payload = json.loads(base64.urlsafe_b64decode(body + "=="))
    changed = base64.urlsafe_b64encode(json.dumps({**payload, **claims}).encode()).decode().rstrip("=")
    return f"{head}.{changed}.{signature}"


def test_each_way_of_being_wrong_has_its_own_sentence(make: MakeApi) -> None:
    api, other = make(), make()
    good = api.world.token("zoe")
    claims = jwt.decode(good, options={"verify_signature": False})
    long_key = "k" * 64
    no_key: Any = None
    wrong = {
        "not signed": jwt.encode(claims, no_key, "none"),
        "signed with HS512": jwt.encode(claims, long_key, "HS512"),
        "another key": jwt.encode(claims, long_key, "HS256"),
        "altered": altered(good, exp=claims["exp"] + 1),
        "which has another base URL": other.world.token("zoe"),
        "application that is not known": api.world.token("zoe", condition="foreign"),
        "cannot be read": "not.a.token",
    }
    for sentence, token in wrong.items():
        answer = api.open(token)
        assert answer.outcome == (401, "token-invalid"), sentence
        assert sentence in answer.detail
    assert api.open(good).status == 201


def test_an_api_token_opens_nothing(api: Api) -> None:
    answer = api.open(api.api_token())
    assert answer.outcome == (401, "token-invalid")
    assert "needs a client access token" in answer.detail


def test_an_expired_token_opens_nothing(api: Api) -> None:
    answer = api.open(api.world.token("zoe", condition="expired"))
    assert answer.outcome == (401, "token-expired")
    assert answer.body["rule"] == "bad-token"


def test_a_revoked_token_opens_nothing(api: Api) -> None:
    assert api.open(api.world.token("zoe", condition="revoked")).outcome == (401, "token-revoked")
    token = api.world.token("zoe")
    api.world.act("revokeToken", token)
    assert api.open(token).outcome == (401, "token-revoked")


def test_a_token_lives_as_long_as_it_says_by_the_clock_of_its_world(make: MakeApi) -> None:
    api, other = make(), make()
    token, elsewhere = api.world.token(expires_in=60), other.world.token(expires_in=60)
    api.world.clock.advance(59.9)
    assert api.close(token, api.opened(token)).status == 204
    api.world.clock.advance(0.1)
    assert api.open(token).outcome == (401, "token-expired")
    assert other.open(elsewhere).status == 201


def test_what_an_expired_token_still_may(api: Api) -> None:
    token = api.world.token("zoe", expires_in=60)
    api.opened(token)
    api.world.clock.advance(3600)
    assert api.use(token, "conference/create").outcome == (401, "token-expired")
    assert api.update(token, {"name": "Ana"}).outcome == (401, "token-expired")
    assert api.is_open(token) is True
    assert api.close(token).status == 204
    assert api.open(token).outcome == (401, "token-expired")


def test_one_revoked_token_is_not_the_clients_next_one(api: Api) -> None:
    token = api.world.token("zoe")
    session = api.opened(token)
    api.world.act("revokeToken", token)
    assert api.update(token, {"name": "Ana"}).outcome == (401, "token-revoked")
    fresh = api.world.token("zoe")
    assert api.update(fresh, {"name": "Ana"}, session).status == 204


def test_the_platform_closes_a_session(api: Api) -> None:
    token = api.world.token("zoe")
    for by_id in (True, False):
        session = api.opened(token)
        api.world.act("platformCloses", session if by_id else token)
        assert api.is_open(token) is False
        assert api.participant(token).outcome == (409, "session-not-open")
        assert api.use(token, "conference/create").outcome == (409, "session-not-open")


def test_only_the_platforms_own_moves_are_moves(api: Api) -> None:
    token = api.world.token("zoe")
    for operation in ("open", "sameIdOpens", "settle", "passTime", "nonsense"):
        with pytest.raises(ValueError, match="platformCloses, revokeToken"):
            api.world.act(operation, token)
    with pytest.raises(ValueError, match="`no-such-session` is neither a session that is open nor a token"):
        api.world.act("platformCloses", "no-such-session")


def test_a_token_is_made_in_a_known_condition_only(api: Api) -> None:
    with pytest.raises(ValueError, match="good, expired, forged, foreign, unreadable, revoked"):
        api.world.token(condition="stale")
    with pytest.raises(ValueError, match="from 1 to"):
        api.world.token(expires_in=0)


def test_a_dropped_world_lets_nobody_in(simulator: Simulator, make: MakeApi) -> None:
    api = make()
    world = simulator.world("short-lived")
    token, base = world.token(), simulator.url
    assert api.open(token, base=base).status == 201
    simulator.drop("short-lived")
    assert api.open(token, base=base).outcome == (401, "token-invalid")


@pytest.mark.parametrize("now", [1.0, 1.5, 100.0])
def test_a_token_that_is_past_its_time_began_after_1970(make: MakeApi, now: float) -> None:
    api = make()
    api.world.clock.set(now, 0.0)
    assert api.open(api.world.token(condition="expired")).outcome == (401, "token-expired")


def test_a_token_begins_and_ends_where_a_date_can_be_written(make: MakeApi) -> None:
    api = make()
    api.world.clock.set(0.5, 0.0)
    with pytest.raises(ValueError, match="in the first second of 1970"):
        api.world.token(condition="expired")
    api_token = api.api_token()
    api.world.clock.set(253_402_300_798.5, 0.0)
    with pytest.raises(ValueError, match="beyond the year 9999"):
        api.world.token(expires_in=1)
    answer = api.grant("/v1/auth/token")
    assert (answer.status, "beyond the year 9999" in answer.detail) == (400, True)
    assert api.client_token({}, api_token).status == 401


def test_a_token_is_as_long_as_its_header_may_be(make: MakeApi) -> None:
    api = make()
    assert api.is_open(api.world.token("\x01" * 1024)) is False
    scope = "conf:create " * 900
    token = api.client_token({"sessionScope": scope}).body["access_token"]
    assert (len(token) > 14_000, api.is_open(token)) == (True, False)
    answer = api.client_token({"sessionScope": scope * 2})
    assert answer.outcome == (400, "invalid-request")
    assert "characters, and a header holds 16,000. Ask for fewer scopes" in answer.detail
    with pytest.raises(ValueError, match="a header holds 16,000"):
        api.world.token(scopes=["x" * 20_000])
