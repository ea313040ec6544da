"""In a protected conference each service needs its permission; what somebody loses ends; REST and services act on the same."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.rest import Application

ALL = ["JOIN", "SEND_AUDIO", "SEND_VIDEO", "SHARE_SCREEN", "SHARE_VIDEO", "SHARE_FILE", "SEND_MESSAGE", "INVITE"]
CALLS: dict[str, tuple[str, list[Any]]] = {
    "SEND_AUDIO": ("localAudio/start", []),
    "SEND_VIDEO": ("localVideo/start", []),
    "SHARE_SCREEN": ("conference/startScreenShare", []),
    "SHARE_VIDEO": ("videoPresentation/start", ["https://files.example/concert.mp4"]),
    "SHARE_FILE": ("filePresentation/start", [{"id": "score", "imageCount": 3}]),
    "SEND_MESSAGE": ("command/send", ["hi"]),
}


def protected(app: Application, **permissions: list[str]) -> str:
    participants = {name: {"permissions": each, "notification": True} for name, each in permissions.items()}
    return str(app.created(participants=participants)["conferenceId"])


@pytest.mark.parametrize("permission", CALLS)
def test_without_the_permission_it_is_refused(permission: str) -> None:
    app = Application()
    conference = protected(app, ana=ALL, ben=[each for each in ALL if each != permission])
    ana, ben = app.there(conference, "ana", "ben")
    target, arguments = CALLS[permission]
    assert app.use(ben, target, *arguments).outcome == (403, "forbidden")
    assert app.use(ana, target, *arguments).status == 200


def test_who_may_not_send_audio_joins_without() -> None:
    app = Application()
    ana, ben = app.there(protected(app, ana=ALL, ben=["JOIN"]), "ana", "ben")
    streams = app.heard(ana, "conference.streamAdded")
    assert [each["participant"]["info"]["externalId"] for each in streams] == ["ana"]
    assert app.heard(ben, "conference.streamAdded") == streams


def test_what_somebody_does_and_may_not_any_more_ends() -> None:
    app = Application()
    conference = protected(app, ana=ALL, ben=ALL)
    ana, ben = app.there(conference, "ana", "ben")
    for target, arguments in CALLS.values():
        assert app.use(ana, target, *arguments).status == 200
    app.got(
        "POST",
        f"/v2/conferences/{conference}/permissions",
        {"participants": {"ana": {"permissions": ["JOIN", "SEND_AUDIO"]}}},
    )
    assert app.heard(ana, "conference.permissionsUpdated") == [{"permissions": ["JOIN", "SEND_AUDIO"]}]
    [updated] = [each for each in app.heard(ben, "conference.streamUpdated") if not each["stream"]["videoTracks"]]
    assert len(updated["stream"]["audioTracks"]) == 1
    [removed] = app.heard(ben, "conference.streamRemoved")
    assert removed["stream"]["type"] == "SCREEN_SHARE"
    assert app.heard(ben, "videoPresentation.stopped") == [{}]
    assert len(app.heard(ben, "filePresentation.stopped")) == 1


def test_who_is_kicked_presents_and_sends_no_more() -> None:
    app = Application()
    conference = app.conference()
    ana, ben = app.there(conference, "ana", "ben")
    for target, arguments in CALLS.values():
        assert app.use(ana, target, *arguments).status == 200
    app.got("POST", f"/v2/conferences/{conference}/kick", {"externalIds": ["ana"]})
    [stopped] = app.heard(ben, "filePresentation.stopped")
    assert stopped["filePresentation"]["owner"]["status"] == "LEFT"
    assert app.heard(ben, "videoPresentation.stopped") == [{}]
    assert app.use(ana, "conference/isMuted").body["result"] is False
    assert not app.world.snapshot()["records"]["sharedFiles"]
    assert [each["id"] for each in app.world.snapshot()["records"]["media"]] == [
        app.world.snapshot()["records"]["clients"][1]["id"]
    ]


def test_who_is_subscribed_hears_what_the_application_does() -> None:
    app = Application()
    zoe = app.person("zoe")
    kinds = ("CONFERENCE_CREATED", "CONFERENCE_ENDED", "PARTICIPANT_LEFT", "ACTIVE_PARTICIPANTS")
    wanted = [{"type": f"SUBSCRIPTION_TYPE_{kind}", "conferenceAlias": "rehearsal"} for kind in kinds]
    assert app.use(zoe, "notification/subscribe", wanted).status == 200
    conference = app.conference()
    of = {"conferenceAlias": "rehearsal", "conferenceId": conference}
    assert app.heard(zoe, "notification.conferenceCreated") == [of]
    app.there(conference, "ana")
    app.got("DELETE", f"/v2/conferences/{conference}")
    [left] = app.heard(zoe, "notification.participantLeft")
    assert (left["participant"]["info"]["externalId"], left["participant"]["status"]) == ("ana", "LEFT")
    assert [each["participantCount"] for each in app.heard(zoe, "notification.activeParticipants")] == [1, 0]
    assert app.heard(zoe, "notification.conferenceEnded") == [of]
    app.world.clock.advance(86_400)
    assert len(app.heard(zoe, "notification.conferenceEnded")) == 1


def test_who_the_application_invites_can_decline() -> None:
    app = Application()
    conference = app.conference()
    [ana] = app.there(conference, "ana")
    ben = app.person("ben")
    people = {"ben": {"permissions": ["JOIN"], "notification": True}}
    app.got("POST", f"/v2/conferences/{conference}/invite", {"participants": people})
    assert [each["participant"]["status"] for each in app.heard(ana, "conference.participantAdded")] == ["RESERVED"]
    assert app.use(ben, "notification/decline", {"id": conference}).status == 200
    assert [each["participant"]["status"] for each in app.heard(ana, "conference.participantUpdated")] == ["DECLINE"]


def test_who_invites_to_a_protected_conference_is_in_it_and_grants_what_it_has() -> None:
    app = Application()
    conference = protected(app, ana=["JOIN", "INVITE", "SEND_AUDIO"], ben=["JOIN"])
    ana, ben = app.there(conference, "ana", "ben")
    zoe = app.person("zoe")

    def invites(token: str, *permissions: str) -> tuple[int, Any]:
        invited = [{"info": {"externalId": "zoe"}, "permissions": list(permissions)}]
        return app.use(token, "notification/invite", {"id": conference}, invited).outcome

    assert invites(ben, "JOIN") == (403, "forbidden")
    assert invites(zoe, "JOIN") == (409, "not-in-conference")
    assert invites(ana, "JOIN", "KICK") == (403, "forbidden")
    assert app.heard(zoe, "notification.invitationReceived") == []
    assert app.join(zoe, conference).status == 403
    assert invites(ana, "JOIN", "SEND_AUDIO") == (200, {"result": None})
    assert len(app.heard(zoe, "notification.invitationReceived")) == 1
    assert app.join(zoe, conference).status == 200
