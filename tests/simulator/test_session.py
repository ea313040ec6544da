"""The session interface: what a client gets from open to close."""

from __future__ import annotations

from typing import Any

from tests.simulator.conftest import Api, MakeApi

EVERYTHING = {"name": "Ana", "avatarUrl": "https://example.org/a.png"}


def test_open_gives_a_session_with_its_participant(api: Api) -> None:
    answer = api.open(api.world.token("zoe"), EVERYTHING)
    assert answer.status == 201
    assert answer.body["participant"]["info"] == {**EVERYTHING, "externalId": "zoe"}
    assert answer.body["participant"]["id"]
    assert answer.body["sessionId"]


def test_open_needs_no_information(api: Api) -> None:
    answer = api.open(api.world.token())
    assert answer.status == 201
    assert answer.body["participant"]["info"] == {"name": None, "avatarUrl": None, "externalId": None}


def test_null_is_no_information(make: MakeApi) -> None:
    # What tells the two apart: without information, the last session's may be used again.
    api = make(**{"open-without-info": "reuse"})
    token = api.world.token()
    bodies: list[Any] = [None, {}]
    for body in bodies:
        api.close(token, api.opened(token, {"name": "Ana"}))
        name = api.open(token, body).body["participant"]["info"]["name"]
        assert name == ("Ana" if body is None else None)
        api.close(token)


def test_a_session_is_open_until_it_is_closed(api: Api) -> None:
    token = api.world.token("zoe")
    assert api.is_open(token) is False
    session = api.opened(token)
    assert api.is_open(token) is True
    assert api.is_open(token, session) is True
    closed = api.close(token, session)
    assert (closed.status, closed.body) == (204, None)
    assert api.is_open(token) is False
    assert api.is_open(token, session) is False


def test_a_session_is_opened_again_with_nothing_left_of_the_last_one(api: Api) -> None:
    token = api.world.token("zoe")
    first = api.opened(token, EVERYTHING)
    api.close(token)
    second = api.open(token, {}).body
    assert second["participant"]["info"] == {"name": None, "avatarUrl": None, "externalId": "zoe"}
    assert second["sessionId"] != first
    assert api.is_open(token, first) is False


def test_the_participant_is_given_while_the_session_is_open(api: Api) -> None:
    token = api.world.token("zoe")
    assert api.participant(token).outcome == (409, "session-not-open")
    opened = api.open(token, EVERYTHING).body
    assert api.participant(token).outcome == (200, opened["participant"])
    assert api.participant(token, opened["sessionId"]).outcome == (200, opened["participant"])
    api.close(token)
    assert api.participant(token).outcome == (409, "session-not-open")


def test_an_update_changes_name_and_avatar_and_nothing_else(api: Api) -> None:
    token = api.world.token("zoe")
    before = api.open(token, EVERYTHING).body["participant"]
    assert api.update(token, {"name": "Ben", "avatarUrl": "https://example.org/b.png"}).status == 204
    after = {"name": "Ben", "avatarUrl": "https://example.org/b.png", "externalId": "zoe"}
    assert api.participant(token).body == {"id": before["id"], "info": after}


def test_what_an_update_leaves_out_is_absent(api: Api) -> None:
    token = api.world.token("zoe")
    api.opened(token, EVERYTHING)
    api.update(token, {"name": "Ben"})
    assert api.participant(token).body["info"] == {"name": "Ben", "avatarUrl": None, "externalId": "zoe"}


def test_an_update_without_a_session_stores_nothing(api: Api) -> None:
    token = api.world.token("zoe")
    assert api.update(token, {"name": "Ben"}).outcome == (409, "session-not-open")
    assert api.open(token).body["participant"]["info"]["name"] is None


def test_an_update_needs_the_scope(api: Api) -> None:
    for scopes, status in [(("conf:create",), 403), (("session:update",), 204), (("*",), 204)]:
        token = api.world.token(scopes=scopes)
        api.opened(token, {"name": "Ana"})
        assert api.update(token, {"name": "Ben"}).status == status
        assert api.participant(token).body["info"]["name"] == ("Ana" if status == 403 else "Ben")


def test_a_second_open_is_refused_and_the_session_stays(api: Api) -> None:
    token = api.world.token("zoe")
    session = api.opened(token, {"name": "Ana"})
    answer = api.open(token, {"name": "Ben"})
    assert answer.outcome == (409, "session-already-open")
    assert api.sessions(token).body == {"sessions": [{"sessionId": session}]}
    assert api.participant(token).body["info"]["name"] == "Ana"


def test_the_external_id_is_the_tokens(api: Api) -> None:
    token = api.world.token("zoe")
    assert api.open(token, {"externalId": "bob"}).outcome == (403, "external-id-mismatch")
    assert api.is_open(token) is False
    assert api.open(token, {"externalId": "zoe"}).body["participant"]["info"]["externalId"] == "zoe"


def test_a_token_without_external_id_takes_none_from_open(api: Api) -> None:
    token = api.world.token()
    assert api.open(token, {"externalId": "bob"}).outcome == (403, "external-id-mismatch")
    # An empty text is no external ID: `empty-external-id` is `absent` by default.
    assert api.open(token, {"externalId": ""}).status == 201


def test_the_list_has_the_bearers_own_open_sessions(api: Api) -> None:
    ana, bob = api.world.token("ana"), api.world.token("bob")
    assert api.sessions(ana).body == {"sessions": []}
    session = api.opened(ana)
    assert api.sessions(ana).body == {"sessions": [{"sessionId": session}]}
    assert api.sessions(bob).body == {"sessions": []}
    api.close(ana)
    assert api.sessions(ana).body == {"sessions": []}


def test_somebody_elses_session_is_none_of_mine(api: Api) -> None:
    ana, eve = api.world.token("ana"), api.world.token("eve")
    session = api.opened(ana, {"name": "Ana"})
    api.opened(eve)
    assert api.is_open(eve, session) is False
    assert api.participant(eve, session).outcome == (409, "session-not-open")
    assert api.update(eve, {"name": "Eve"}, session).outcome == (409, "session-not-open")
    assert api.use(eve, "command/send", "hi", session=session).outcome == (409, "session-not-open")
    api.close(eve, session)
    assert api.is_open(ana) is True
    assert api.participant(ana).body["info"]["name"] == "Ana"
    assert api.is_open(eve) is True


def test_a_session_that_never_was_is_not_open(api: Api) -> None:
    token = api.world.token("ana")
    api.opened(token)
    assert api.is_open(token, "no-such-session") is False
    assert api.participant(token, "no-such-session").outcome == (409, "session-not-open")


def test_every_platform_method_is_refused_without_a_session(api: Api) -> None:
    token = api.world.token("zoe")
    gated = [
        "conference/create",
        "command/send",
        "notification/subscribe",
        "recording/start",
        "localVideo/start",
    ]
    for target in gated:
        answer = api.use(token, target)
        assert answer.outcome == (409, "session-not-open")
        assert answer.body["rule"] == "open-before-use"
        assert answer.body["quote"] == "Opening a session is mandatory before interacting with any service."
    api.opened(token)
    api.close(token)
    assert api.use(token, "conference/create").outcome == (409, "session-not-open")


def test_a_refusal_says_what_is_wrong_and_what_to_do(api: Api) -> None:
    answer = api.participant(api.world.token())
    assert answer.content_type == "application/problem+json"
    assert answer.body["title"] == "No session is open"
    assert answer.detail == (
        "This needs an open session, and none is open. Call open and wait for it before using this."
    )
    assert answer.body["status"] == 409


def test_requests_of_the_session_interface_are_counted_and_others_are_not(api: Api) -> None:
    token = api.world.token("zoe")
    assert api.world.requests == 0
    api.client_token({})
    assert api.world.requests == 0
    api.open(token)
    api.open(token)
    api.open("nonsense")
    assert api.world.requests == 3
