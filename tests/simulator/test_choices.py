"""What the sources leave open is as the world's choices say; each value is seen by what it leads to."""

from __future__ import annotations

from tests.simulator.conftest import Api, MakeApi


def test_a_foreign_external_id_is_ignored(make: MakeApi) -> None:
    api = make(**{"external-id-mismatch": "ignore"})
    answer = api.open(api.world.token("zoe"), {"name": "Ana", "externalId": "bob"})
    assert answer.body["participant"]["info"] == {"name": "Ana", "avatarUrl": None, "externalId": "zoe"}


def test_an_external_id_that_the_token_lacks_is_ignored(make: MakeApi) -> None:
    api = make(**{"external-id-without-token-id": "ignore"})
    answer = api.open(api.world.token(), {"externalId": "bob"})
    assert answer.body["participant"]["info"]["externalId"] is None


def test_an_external_id_with_key_and_secret(make: MakeApi) -> None:
    for value, expected in [("adopt", "bob"), ("ignore", None), ("refuse", "external-id-mismatch")]:
        api = make(**{"external-id-with-key-secret": value})
        answer = api.open(api.grant("/v1/oauth2/token").body["access_token"], {"externalId": "bob"})
        got = answer.code if answer.status >= 400 else answer.body["participant"]["info"]["externalId"]
        assert got == expected


def test_an_empty_external_id_is_one(make: MakeApi) -> None:
    api = make(**{"empty-external-id": "value"})
    assert api.open(api.world.token("zoe"), {"externalId": ""}).outcome == (403, "external-id-mismatch")


def test_opening_again_keeps_what_is_there(make: MakeApi) -> None:
    api = make(**{"open-while-open": "keep"})
    token = api.world.token()
    session = api.opened(token, {"name": "Ana"})
    again = api.open(token, {"name": "Ben"})
    assert again.status == 201
    assert again.body["sessionId"] == session
    assert again.body["participant"]["info"]["name"] == "Ana"


def test_opening_again_takes_the_place_of_what_is_there(make: MakeApi) -> None:
    api = make(**{"open-while-open": "replace"})
    token = api.world.token()
    first = api.open(token, {"name": "Ana"}).body
    second = api.open(token, {"name": "Ben"}).body
    assert second["sessionId"] != first["sessionId"]
    assert second["participant"]["id"] != first["participant"]["id"]
    assert api.is_open(token, first["sessionId"]) is False
    assert api.participant(token, second["sessionId"]).body["info"]["name"] == "Ben"
    assert api.sessions(token).body == {"sessions": [{"sessionId": second["sessionId"]}]}


def test_opening_without_information_uses_the_last_ones(make: MakeApi) -> None:
    api = make(**{"open-without-info": "reuse"})
    token = api.world.token()
    api.opened(token, {"name": "Ana"})
    api.close(token)
    assert api.open(token).body["participant"]["info"]["name"] == "Ana"


def test_closing_nothing(make: MakeApi) -> None:
    accepts = make()
    assert accepts.close(accepts.world.token()).status == 204
    refuses = make(**{"close-while-closed": "refuse"})
    assert refuses.close(refuses.world.token()).outcome == (409, "session-not-open")


def test_no_participant_may_be_null(make: MakeApi) -> None:
    api = make(**{"no-participant": "null"})
    assert api.participant(api.world.token()).outcome == (200, None)


def test_an_update_without_a_session_may_be_ignored(make: MakeApi) -> None:
    api = make(**{"update-while-closed": "ignore"})
    token = api.world.token()
    assert api.update(token, {"name": "Ben"}).status == 204
    assert api.open(token).body["participant"]["info"]["name"] is None


def test_a_session_may_end_with_its_token(make: MakeApi) -> None:
    for value, expected in [("true", True), ("false", False)]:
        api = make(**{"is-open-after-expiry": value})
        token = api.world.token(expires_in=60)
        api.opened(token)
        api.world.clock.advance(60)
        assert api.is_open(token) is expected
        fresh = api.world.token()
        assert api.sessions(token).body["sessions"] == [] if not expected else api.sessions(token).status == 200
        assert api.open(fresh).status == 201


def test_choices_can_change_while_the_world_runs(api: Api) -> None:
    token = api.world.token()
    api.opened(token)
    assert api.open(token).status == 409
    api.world.choose({"open-while-open": "keep"})
    assert api.open(token).status == 201
    api.world.choose({})
    assert api.open(token).status == 409
