"""The services behind the gate, as far as they are modelled: the conference, with real state."""

from __future__ import annotations

from typing import Any

import pytest

from openfirst_reference.contract.load import load_contract
from tests.simulator.conftest import Api, MakeApi


def used(api: Api, token: str, target: str, *arguments: Any) -> Any:
    answer = api.use(token, target, *arguments)
    assert answer.status == 200, answer.body
    return answer.body["result"]


def member(api: Api, external_id: str | None = None, name: str | None = None) -> str:
    token = api.world.token(external_id)
    api.opened(token, {"name": name})
    return token


def test_a_conference_from_create_to_leave(api: Api) -> None:
    token = member(api, "ana", "Ana")
    assert used(api, token, "conference/current") is None
    made = used(api, token, "conference/create", {"alias": "rehearsal"})
    identifier = made["id"]
    assert made == {
        "id": identifier,
        "alias": "rehearsal",
        "isNew": True,
        "participants": [],
        "status": "CREATED",
    }
    joined = used(api, token, "conference/join", made, {})
    ana = {**api.participant(token).body, "status": "CONNECTED", "type": "USER"}
    assert joined["participants"] == [ana]
    assert joined["status"] == "JOINED"
    assert used(api, token, "conference/current") == joined
    assert used(api, token, "conference/getStatus", made) == "JOINED"
    assert used(api, token, "conference/leave") is None
    assert used(api, token, "conference/current") is None
    assert used(api, token, "conference/getParticipants", made) == []
    assert used(api, token, "conference/getStatus", made) == "CREATED"


def test_two_clients_see_each_other(api: Api) -> None:
    ana, bob = member(api, "ana", "Ana"), member(api, "bob", "Bob")
    conference = used(api, ana, "conference/create", {"alias": "rehearsal"})
    used(api, ana, "conference/join", conference)
    again = used(api, bob, "conference/create", {"alias": "rehearsal"})
    assert (again["id"], again["isNew"]) == (conference["id"], False)
    used(api, bob, "conference/listen", again)
    people = used(api, ana, "conference/getParticipants", conference)
    assert [(one["info"]["name"], one["type"]) for one in people] == [("Ana", "USER"), ("Bob", "LISTENER")]
    api.update(bob, {"name": "Rob"})
    assert used(api, ana, "conference/current")["participants"][1]["info"]["name"] == "Rob"


@pytest.mark.parametrize("end", ["expired", "revoked"])
def test_what_the_platform_closes_is_over_though_its_token_is_no_good(make: MakeApi, end: str) -> None:
    """Its client may not know yet; everybody else does at once."""
    api = make(**{"same-id-twice": "refuse"})
    ana, bob = api.world.token("ana", expires_in=60), member(api, "bob", "Bob")
    session = api.opened(ana)
    conference = used(api, ana, "conference/create", {"alias": "rehearsal"})
    for one in (ana, bob):
        used(api, one, "conference/join", conference)
    if end == "expired":
        api.run(api.world.clock.pass_by(61))
    else:
        api.world.revoke(ana)
    api.world.close(session)
    assert [each.external_id for each in api.world.sessions] == ["bob"]
    assert [one["info"]["name"] for one in used(api, bob, "conference/current")["participants"]] == ["Bob"]
    assert api.open(api.world.token("ana")).status == 201


def test_an_alias_has_one_id_in_a_world_and_another_in_the_next(make: MakeApi) -> None:
    api, other = make(), make()
    first = used(api, member(api), "conference/create", {"alias": "rehearsal"})
    token = member(api)
    assert used(api, token, "conference/fetch", first["id"])["alias"] == "rehearsal"
    assert used(api, token, "conference/create", {"alias": "concert"})["id"] != first["id"]
    assert used(other, member(other), "conference/create", {"alias": "rehearsal"})["id"] != first["id"]


def test_a_conference_is_no_participant_of_the_same_name(api: Api) -> None:
    token = member(api, "zoe")
    assert used(api, token, "conference/create", {"alias": "zoe"})["id"] != api.participant(token).body["id"]


def test_a_conference_needs_no_alias(api: Api) -> None:
    token = member(api)
    one, two = used(api, token, "conference/create"), used(api, token, "conference/create", {})
    assert one["alias"] != two["alias"]
    assert one["isNew"] is two["isNew"] is True


def test_the_spatial_audio_style_is_kept(api: Api) -> None:
    token = member(api)
    made = used(api, token, "conference/create", {"alias": "x", "params": {"spatialAudioStyle": "SHARED"}})
    assert made["spatialAudioStyle"] == "SHARED"
    assert used(api, token, "conference/fetch", made["id"])["spatialAudioStyle"] == "SHARED"


def test_an_alias_is_at_most_250_characters_without_a_hash(api: Api) -> None:
    token = member(api)
    for alias in ("x" * 251, "a#b", 7):
        answer = api.use(token, "conference/create", {"alias": alias})
        assert answer.outcome == (400, "invalid-request")
        assert "`alias`" in answer.detail
    assert used(api, token, "conference/create", {"alias": "x" * 250})["isNew"] is True


def test_a_conference_that_is_not_there(api: Api) -> None:
    token = member(api)
    for target in ("conference/join", "conference/getParticipants", "conference/getStatus"):
        assert api.use(token, target, {"id": "nowhere"}).outcome == (404, "conference-not-found")
        answer = api.use(token, target, {})
        assert answer.outcome == (400, "invalid-request")
        assert "`arguments[0].id`" in answer.detail
        assert "`arguments[0]`" in api.use(token, target, "rehearsal").detail
    assert api.use(token, "conference/fetch", "nowhere").outcome == (404, "conference-not-found")
    assert used(api, token, "conference/current") is None


def test_a_conference_is_found_by_its_alias_too(api: Api) -> None:
    token = member(api)
    made = used(api, token, "conference/create", {"alias": "rehearsal"})
    assert used(api, token, "conference/fetch", "rehearsal")["id"] == made["id"]
    assert used(api, token, "conference/join", {"id": "an-old-id", "alias": "rehearsal"})["id"] == made["id"]


def test_one_conference_at_a_time(api: Api) -> None:
    token = member(api)
    first = used(api, token, "conference/create", {"alias": "one"})
    second = used(api, token, "conference/create", {"alias": "two"})
    used(api, token, "conference/join", first)
    assert used(api, token, "conference/join", first)["status"] == "JOINED"
    assert api.use(token, "conference/join", second).outcome == (409, "conference-already-joined")
    assert used(api, token, "conference/current")["alias"] == "one"


def test_closing_the_session_leaves_the_conference(api: Api) -> None:
    ana, bob = member(api, "ana"), member(api, "bob")
    conference = used(api, ana, "conference/create", {"alias": "rehearsal"})
    for token in (ana, bob):
        used(api, token, "conference/join", conference)
    api.close(ana)
    assert len(used(api, bob, "conference/getParticipants", conference)) == 1
    api.opened(ana)
    assert used(api, ana, "conference/current") is None


def test_whoever_the_platform_sends_away_has_left_the_conference(make: MakeApi) -> None:
    api = make(**{"same-id-twice": "evict-earlier"})
    ana, bob = member(api, "ana"), member(api, "bob")
    conference = used(api, bob, "conference/create", {"alias": "rehearsal"})
    for token in (ana, bob):
        used(api, token, "conference/join", conference)
    api.world.act("platformCloses", bob)
    member(api, "ana")
    third = member(api)
    assert used(api, third, "conference/getParticipants", conference) == []


def test_what_is_not_modelled_says_so(api: Api) -> None:
    token = member(api)
    answer = api.use(token, "conference/getLocalStats")
    assert answer.outcome == (501, "not-simulated")
    assert answer.detail.startswith("conference/getLocalStats is not modelled here; docs/services.md lists what is")


def test_every_method_that_the_contract_lists_answers(api: Api) -> None:
    """With a session, a service's answer or `not-simulated`; without one, what needs it is refused."""
    token = member(api)
    nobody = api.world.token()
    seen = set()
    for method in load_contract().methods.values():
        with_session = api.use(token, method.target, *method.arguments)
        assert with_session.status in (200, 404, 409, 501), with_session.body
        without = api.use(nobody, method.target, *method.arguments)
        if method.gate == "platform":
            assert without.outcome == (409, "session-not-open")
        else:
            assert without.status in (200, 409, 501), without.body
        seen.add((method.gate, with_session.status))
    assert {("platform", 200), ("platform", 501), ("local", 200), ("subscription", 501)} <= seen
