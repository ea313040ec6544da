"""Tokens over HTTP, as the REST clients ask for them."""

from __future__ import annotations

from typing import Any

import jwt
import pytest

from tests.simulator.conftest import Api, MakeApi

API, CLIENT, DEPRECATED = "/v1/auth/token", "/v2/client-access-token", "/v1/oauth2/token"


def lifetime(token: str) -> int:
    claims = jwt.decode(token, options={"verify_signature": False})
    return int(claims["exp"] - claims["iat"])


def test_from_key_and_secret_to_an_open_session(api: Api) -> None:
    first = api.grant(API, scope="comms:client_access_token:create", expires_in="600")
    assert first.status == 200
    assert first.body["token_type"] == "Bearer"
    assert first.body["expires_in"] == 600 == lifetime(first.body["access_token"])
    assert first.body["scope"] == "comms:client_access_token:create"
    second = api.client_token({"externalId": "jo", "expires_in": 60, "sessionScope": "*"}, first.body["access_token"])
    assert second.body["expires_in"] == 60 == lifetime(second.body["access_token"])
    opened = api.open(second.body["access_token"])
    assert opened.body["participant"]["info"]["externalId"] == "jo"


def test_lifetimes_where_none_is_asked_for(api: Api) -> None:
    first = api.grant(API).body
    assert first["expires_in"] == 1800 == lifetime(first["access_token"])
    second = api.client_token({}, first["access_token"]).body
    assert second["expires_in"] == 3600 == lifetime(second["access_token"])
    third = api.grant(DEPRECATED).body
    assert third["expires_in"] == 3600 == lifetime(third["access_token"])


def test_json_that_is_sent_as_a_form_is_read_as_what_it_is(api: Api) -> None:
    """So `curl -d` sends it."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    data = b' {"externalId": "zoe", "expires_in": 60}'
    answer = api.ask("POST", CLIENT, api.api_token(), data=data, headers=form)
    assert answer.body["expires_in"] == 60
    assert api.ask("POST", CLIENT, api.api_token(), data=b"[]", headers=form).status == 400


def test_both_spellings_of_the_lifetime_are_read(api: Api) -> None:
    assert api.client_token({"expires_in": 60}).body["expires_in"] == 60
    assert api.client_token({"expiresIn": 61}).body["expires_in"] == 61


@pytest.mark.parametrize("value", [0, -1, 86_401, 1.5, True, "soon", "5", [60], 10**30])
@pytest.mark.parametrize("name", ["expires_in", "expiresIn"])
def test_a_lifetime_out_of_range_is_refused_by_name(api: Api, name: str, value: Any) -> None:
    answer = api.client_token({name: value})
    assert answer.status == 400
    assert f"`{name}`" in answer.detail
    assert "from 1 to 86,400" in answer.detail


def test_the_longest_and_the_shortest_lifetime(api: Api) -> None:
    for value in (1, 86_400):
        assert api.client_token({"expires_in": value}).body["expires_in"] == value


def test_an_external_id_has_at_most_1024_bytes(api: Api) -> None:
    assert api.client_token({"externalId": "x" * 1024}).status == 200
    # 513 characters of two bytes each.
    for long in ("x" * 1025, "ö" * 513):
        answer = api.client_token({"externalId": long})
        assert answer.status == 400
        assert "`externalId`" in answer.detail
        assert "1,024" in answer.detail


@pytest.mark.parametrize("name", ["externalId", "sessionScope"])
@pytest.mark.parametrize("value", [7, ["x"], {"x": 1}, False])
def test_a_field_of_another_type_is_refused_by_name(api: Api, name: str, value: Any) -> None:
    answer = api.client_token({name: value})
    assert answer.status == 400
    assert f"`{name}`" in answer.detail


def test_no_body_at_all_is_a_token_without_external_id(api: Api) -> None:
    answer = api.ask("POST", CLIENT, api.api_token())
    assert answer.status == 200
    assert api.open(answer.body["access_token"]).body["participant"]["info"]["externalId"] is None


def test_an_empty_external_id_in_a_token_is_none(api: Api) -> None:
    token = api.client_token({"externalId": ""}).body["access_token"]
    assert api.open(token).body["participant"]["info"]["externalId"] is None


def test_a_form_is_read_as_well(api: Api) -> None:
    # What the .NET client sends.
    form = {"grant_type": "client_credentials", "expires_in": "120"}
    answer = api.ask("POST", CLIENT, api.api_token(), data=form)
    assert answer.body["expires_in"] == 120


def test_a_form_says_each_field_once(api: Api) -> None:
    data = b"grant_type=client_credentials&expires_in=60&expires_in=120"
    headers = {**api.basic(), "Content-Type": "application/x-www-form-urlencoded"}
    answer = api.ask("POST", API, data=data, headers=headers)
    assert (answer.status, answer.detail) == (400, "The form has `expires_in` twice. Send it once.")


def test_json_is_read_by_the_deprecated_endpoint(api: Api) -> None:
    body = {"grant_type": "client_credentials", "expires_in": 120}
    answer = api.ask("POST", DEPRECATED, body=body, headers=api.basic())
    assert answer.body["expires_in"] == 120


def test_the_deprecated_token_opens_a_session_and_names_nobody(api: Api) -> None:
    answer = api.grant(DEPRECATED)
    assert answer.body["refresh_token"]
    token = answer.body["access_token"]
    assert api.open(token, {"externalId": "bob"}).body["participant"]["info"]["externalId"] == "bob"
    assert api.open(answer.body["refresh_token"]).outcome == (401, "token-invalid")


def test_incorrect_scopes_are_omitted(api: Api) -> None:
    answer = api.client_token({"sessionScope": "conf:create Session:Update nonsense"})
    assert answer.body["scope"] == "conf:create"
    token = answer.body["access_token"]
    api.opened(token)
    assert api.update(token, {"name": "Ana"}).outcome == (403, "scope-missing")


def test_no_scope_is_no_restriction(api: Api) -> None:
    answer = api.client_token({})
    assert "scope" not in answer.body
    api.opened(answer.body["access_token"])
    assert api.update(answer.body["access_token"], {"name": "Ana"}).status == 204


@pytest.mark.parametrize("scope", ["comms:client_access_token:create", "comms:*", "comms:conf:create comms:*"])
def test_an_api_token_may_create_client_tokens(api: Api, scope: str) -> None:
    assert api.client_token({}, api.api_token(scope=scope)).status == 200


def test_an_api_token_with_another_scope_may_not(api: Api) -> None:
    answer = api.client_token({}, api.api_token(scope="comms:conf:create"))
    assert answer.status == 403
    assert "comms:client_access_token:create" in answer.detail


@pytest.mark.parametrize("path", [API, DEPRECATED])
def test_a_wrong_key_or_secret_is_refused(api: Api, path: str) -> None:
    form = {"grant_type": "client_credentials"}
    wrong = [
        ({}, "no Authorization header"),
        ({"Authorization": "Basic %%%"}, "not HTTP Basic"),
        (api.basic(key="nobody"), "key is not known"),
        (api.basic(secret="wrong"), "secret is not the one"),
        ({"Authorization": f"Bearer {api.api_token()}"}, "not HTTP Basic"),
    ]
    for headers, sentence in wrong:
        answer = api.ask("POST", path, data=form, headers=headers)
        assert answer.status == 401
        assert sentence in answer.detail
        assert answer.headers["WWW-Authenticate"] == "Basic"


@pytest.mark.parametrize("path", [API, DEPRECATED])
def test_another_grant_is_refused(api: Api, path: str) -> None:
    for form in ({"grant_type": "password"}, {"scope": "*"}):
        answer = api.ask("POST", path, data=form, headers=api.basic())
        assert answer.status == 400
        assert "`grant_type`" in answer.detail


def test_a_client_token_for_something_else_than_an_api_token_is_refused(make: MakeApi) -> None:
    api, other = make(), make()
    wrong = {
        "kind `token`": api.world.token(),
        "another base URL": other.api_token(),
        "not a JSON Web Token": "nonsense",
        "another key": api.world.token(condition="forged"),
    }
    for sentence, token in wrong.items():
        answer = api.client_token({}, token)
        assert answer.status == 401
        assert sentence in answer.detail
    assert api.ask("POST", CLIENT, body={}).status == 401


def test_an_api_token_ends_with_its_time(api: Api) -> None:
    token = api.api_token(expires_in="60")
    api.world.clock.advance(59)
    assert api.client_token({}, token).status == 200
    api.world.clock.advance(1)
    answer = api.client_token({}, token)
    assert answer.status == 401
    assert "past its time" in answer.detail


def test_errors_have_the_shape_that_was_seen(api: Api) -> None:
    unauthorized = api.client_token({}, "nonsense")
    assert unauthorized.content_type == "application/json"
    seen = {key: unauthorized.body[key] for key in ("type", "error_code", "error_reason", "error_description")}
    assert seen == {
        "type": "ErrorResponse",
        "error_code": 89,
        "error_reason": "Invalid_token",
        "error_description": "Expired or invalid token",
    }
    illegal = api.client_token({"expires_in": 0})
    assert (illegal.body["type"], illegal.body["error_code"]) == ("ErrorResponse", 90)
    assert illegal.body["error_reason"] == "Illegal argument"
    assert (illegal.body["status"], illegal.body["code"]) == (400, "invalid-request")
