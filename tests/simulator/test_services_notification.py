"""Notifications and invitations: who is told, of what, from when to when."""

from __future__ import annotations

from typing import Any

import pytest

from openfirst_simulator.services import KEPT
from tests.simulator.meeting import SILENTLY, Meeting

ALL = ("CONFERENCE_CREATED", "CONFERENCE_ENDED", "PARTICIPANT_JOINED", "PARTICIPANT_LEFT", "ACTIVE_PARTICIPANTS")


def to(*kinds: str, alias: str = "rehearsal") -> list[dict[str, str]]:
    return [{"type": f"SUBSCRIPTION_TYPE_{kind}", "conferenceAlias": alias} for kind in kinds]


def notified(meeting: Meeting, name: str) -> list[tuple[str, Any]]:
    return [(what[13:], data) for what, data in meeting.hears(name) if what.startswith("notification.")]


def test_who_is_subscribed_hears_of_the_life_of_a_conference() -> None:
    meeting = Meeting("ana", "ben")
    assert meeting.do("ana", "notification/subscribe", to(*ALL)) is None
    made = meeting.do("ben", "conference/create", {"alias": "rehearsal"})
    of = {"conferenceAlias": "rehearsal", "conferenceId": made["id"]}
    assert notified(meeting, "ana") == [("conferenceCreated", of)]
    meeting.do("ben", "conference/join", made, SILENTLY)
    ben = meeting.shown("ben")
    assert notified(meeting, "ana") == [
        ("participantJoined", {**of, "participant": ben}),
        ("activeParticipants", {**of, "participantCount": 1, "participants": [ben]}),
    ]
    meeting.do("ben", "conference/leave")
    assert notified(meeting, "ana") == [
        ("participantLeft", {**of, "participant": {**ben, "status": "LEFT"}}),
        ("activeParticipants", {**of, "participantCount": 0, "participants": []}),
    ]
    meeting.world.clock.advance(KEPT - 1)
    assert "conferenceEnded" not in [name for name, _ in notified(meeting, "ana")]
    meeting.tokens["ana"] = meeting.world.token("ana", expires_in=1_000_000)
    meeting.here.is_open(meeting.tokens["ana"], meeting.world.sessions[0].id)
    meeting.world.clock.advance(1)
    assert notified(meeting, "ana") == [("conferenceEnded", of)]


@pytest.mark.parametrize("kind", ALL)
def test_each_is_heard_by_whom_it_is_subscribed_to_alone(kind: str) -> None:
    meeting = Meeting("ana", "ben", "zoe")
    meeting.do("ana", "notification/subscribe", to(kind))
    meeting.do("zoe", "notification/subscribe", to(kind, alias="concert"))
    made = meeting.come("ben")
    meeting.after["ana"] = 0
    meeting.do("ben", "conference/leave")
    expected = {"CONFERENCE_ENDED": 0, "ACTIVE_PARTICIPANTS": 2}.get(kind, 1)
    assert [data["conferenceId"] for _, data in notified(meeting, "ana")] == [made["id"]] * expected
    assert notified(meeting, "zoe") == notified(meeting, "ben") == []


def test_who_unsubscribes_or_closes_the_session_hears_no_more() -> None:
    meeting = Meeting("ana", "ben", "zoe")
    for name in ("ana", "zoe"):
        meeting.do(name, "notification/subscribe", to("CONFERENCE_CREATED", "PARTICIPANT_JOINED"))
    assert meeting.do("ana", "notification/unsubscribe", to("PARTICIPANT_JOINED", "CONFERENCE_ENDED")) is None
    meeting.here.close(meeting.tokens["zoe"])
    meeting.here.opened(meeting.tokens["zoe"])
    meeting.after["zoe"] = 0
    meeting.do("ben", "conference/join", meeting.do("ben", "conference/create", {"alias": "rehearsal"}))
    assert [name for name, _ in notified(meeting, "ana")] == ["conferenceCreated"]
    assert notified(meeting, "zoe") == []


def test_who_subscribes_is_told_the_status_of_a_conference_that_is_there() -> None:
    meeting = Meeting()
    made = meeting.do("ana", "conference/create", {"alias": "rehearsal"})
    meeting.do("ben", "notification/subscribe", to("PARTICIPANT_LEFT", "PARTICIPANT_JOINED"))
    status = {"conferenceAlias": "rehearsal", "conferenceId": made["id"], "live": False, "participants": []}
    assert notified(meeting, "ben") == [("conferenceStatus", status)]
    meeting.come("ana")
    meeting.do("ben", "notification/subscribe", [*to("CONFERENCE_ENDED"), *to("CONFERENCE_CREATED", alias="none")])
    [(name, data)] = notified(meeting, "ben")
    assert (name, data) == ("conferenceStatus", {**status, "live": True, "participants": [meeting.shown("ana")]})


def test_another_application_is_another_world_of_aliases() -> None:
    meeting = Meeting("ana")
    meeting.do("ana", "notification/subscribe", to(*ALL))
    other = meeting.world.another_application()
    token = meeting.world.issue(other, "token", 3600, ["*"], "ana")
    meeting.here.opened(token)
    made = meeting.here.use(token, "conference/create", {"alias": "rehearsal"}).body["result"]
    assert meeting.here.use(token, "conference/join", made).status == 200
    assert notified(meeting, "ana") == []
    mine = meeting.do("ana", "conference/create", {"alias": "rehearsal"})
    assert meeting.asked("ana", "notification/invite", {"id": made["id"]}, []) == (404, "conference-not-found")
    assert meeting.here.use(token, "notification/invite", made, invited("ana")).status == 200
    assert mine["id"] != made["id"]
    assert [name for name, _ in notified(meeting, "ana")] == ["conferenceCreated"]


def test_what_cannot_be_subscribed_to() -> None:
    meeting = Meeting("ana")
    for wrong in (
        [{"type": "SUBSCRIPTION_TYPE_WEATHER", "conferenceAlias": "x"}],
        [{"type": "SUBSCRIPTION_TYPE_CONFERENCE_CREATED"}],
        [{"type": "SUBSCRIPTION_TYPE_CONFERENCE_CREATED", "conferenceAlias": "x" * 251}],
        [{"type": ["SUBSCRIPTION_TYPE_CONFERENCE_CREATED"], "conferenceAlias": "x"}],
        ["SUBSCRIPTION_TYPE_CONFERENCE_CREATED"],
        "SUBSCRIPTION_TYPE_CONFERENCE_CREATED",
        [to("CONFERENCE_CREATED", alias=f"{number}")[0] for number in range(1001)],
    ):
        assert meeting.asked("ana", "notification/subscribe", wrong) == (400, "invalid-request")
    assert not meeting.world.snapshot()["records"]["subscriptions"]


def invited(*names: str) -> list[dict[str, Any]]:
    return [{"info": {"externalId": name, "name": name.title()}, "permissions": ["JOIN"]} for name in names]


def test_an_invitation_comes_to_every_session_with_the_external_id() -> None:
    meeting = Meeting("ana", "ben", "zoe")
    second = meeting.world.token("ben")
    meeting.here.opened(second)
    made = meeting.come("ana")
    assert meeting.do("ana", "notification/invite", made, invited("ben")) is None
    data = {
        "conferenceAlias": "rehearsal",
        "conferenceId": made["id"],
        "participant": meeting.shown("ana"),
    }
    [(name, told)] = notified(meeting, "ben")
    data["conferenceToken"] = told["conferenceToken"]
    assert (name, told) == ("invitationReceived", data)
    assert meeting.world.admit(told["conferenceToken"]).external_id == "ben"
    meeting.tokens["second"], meeting.after["second"] = second, 0
    assert notified(meeting, "second") == [("invitationReceived", data)]
    assert notified(meeting, "zoe") == []


def reserved(meeting: Meeting, name: str, status: str) -> Any:
    info = {"name": name.title(), "avatarUrl": None, "externalId": name}
    return {
        "participant": {"id": meeting.local(name)["id"], "info": info, "status": status, "type": "USER", "streams": []}
    }


def test_those_in_the_conference_hear_of_who_is_invited_and_of_who_declines() -> None:
    meeting = Meeting("ana", "ben", "zoe")
    made = meeting.come("ana")
    for _ in range(2):
        meeting.do("zoe", "notification/invite", made, invited("ben", "ana"))
    assert [event for event in meeting.hears("ana") if event[0].startswith("conference.")] == [
        ("conference.participantAdded", reserved(meeting, "ben", "RESERVED"))
    ]
    assert meeting.do("ben", "notification/decline", made) is None
    assert meeting.hears("ana") == [("conference.participantUpdated", reserved(meeting, "ben", "DECLINE"))]
    assert meeting.asked("ben", "notification/decline", made) == (409, "not-invited")
    assert meeting.asked("zoe", "notification/decline", made) == (409, "not-invited")
    meeting.do("ana", "notification/invite", made, invited("ben"))
    meeting.do("ben", "conference/join", made)
    assert meeting.asked("ben", "notification/decline", made) == (409, "not-invited")
    assert not meeting.world.snapshot()["records"]["invitations"]


def test_by_default_everybody_hears_of_invitations_until_they_unsubscribe() -> None:
    meeting = Meeting()
    made = meeting.come("ana")
    for target, count in (("unsubscribe", 0), ("subscribe", 1)):
        meeting.do("ben", f"notification/{target}", [{"type": "SUBSCRIPTION_TYPE_INVITATION_RECEIVED"}])
        meeting.do("ana", "notification/invite", made, invited("ben"))
        assert len(notified(meeting, "ben")) == count


def test_who_has_no_open_session_is_told_nothing_later() -> None:
    meeting = Meeting()
    made = meeting.come("ana")
    meeting.here.close(meeting.tokens["ben"])
    meeting.do("ana", "notification/invite", made, invited("ben"))
    meeting.here.opened(meeting.tokens["ben"])
    meeting.after["ben"] = 0
    assert meeting.hears("ben") == []


def test_who_cannot_be_invited() -> None:
    meeting = Meeting()
    made = meeting.come("ana")
    cannot: list[Any] = [
        [{}],
        ["ben"],
        [{"info": {}}],
        [{"info": {"externalId": ""}}],
        [{"info": {"externalId": "x" * 1025}}],
        [{"info": {"externalId": 7}}],
        [{"info": {"externalId": "ben"}, "permissions": "JOIN"}],
        [{"info": {"externalId": "ben"}, "permissions": ["FLY"]}],
        [{"info": {"externalId": "ben"}, "permissions": [["JOIN"]]}],
        [*invited("ben"), {"info": {}}],
        {"info": {"externalId": "ben"}},
    ]
    for wrong in cannot:
        assert meeting.asked("ana", "notification/invite", made, wrong) == (400, "invalid-request")
    assert meeting.asked("ana", "notification/invite", {}, []) == (400, "invalid-request")
    assert meeting.asked("ana", "notification/decline", {"id": "nowhere"}) == (404, "conference-not-found")
    assert meeting.hears("ana") == meeting.hears("ben") == []
