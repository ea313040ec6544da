"""Conferences by REST, and by the session interface: the same ones."""

from __future__ import annotations

import re
from typing import Any

import jwt
import pytest

from openfirst_simulator.endpoints import REST_ENDPOINTS
from openfirst_simulator.records import Client
from openfirst_simulator.rest import SCOPES
from openfirst_simulator.services.conference import PERMISSIONS, VISITS
from tests.simulator.conftest import START
from tests.simulator.rest import MS, Application

DAY = 86_400


@pytest.fixture
def app() -> Application:
    return Application()


def statuses(app: Application, token: str) -> list[str]:
    return [event["status"] for event in app.heard(token, "conference.statusUpdated")]


# Created ----------------------------------------------------------------------------------------------------


def test_a_conference_without_participants_is_not_protected(app: Application) -> None:
    made = app.created(parameters={"dolbyVoice": False, "rtcpMode": "average", "pincode": "1234"})
    assert made["conferenceAlias"] == "rehearsal"
    assert (made["conferencePincode"], made["isProtected"], made["usersTokens"]) == ("1234", False, {})
    ben = app.person("ben")
    assert app.join(ben, made["conferenceId"]).status == 200


def test_it_is_the_one_that_the_session_interface_creates_by_this_alias(app: Application) -> None:
    identifier = app.conference()
    ben = app.person("ben")
    made = app.use(ben, "conference/create", {"alias": "rehearsal"}).body["result"]
    assert (made["id"], made["isNew"]) == (identifier, False)
    other = app.use(ben, "conference/create", {"alias": "concert"}).body["result"]
    assert app.conference("concert") == other["id"]
    assert (
        app.use(ben, "conference/join", {"id": "an-old-one", "alias": "rehearsal"}).body["result"]["id"] == identifier
    )


def test_without_an_alias_there_are_two(app: Application) -> None:
    assert app.created(None)["conferenceAlias"] != app.created(None)["conferenceAlias"]


def test_nothing_need_be_said(app: Application) -> None:
    made = app.got("POST", "/v2/conferences/create", b"{}")
    assert (made["ownerToken"], made["conferencePincode"]) == (None, None)


def test_a_conference_is_in_the_region_whose_host_was_asked(app: Application) -> None:
    for host, region in (
        ("eu.comms.api.dolby.io", "eu"),
        ("in.localhost:8443", "in"),
        ("comms.api.dolby.io", "us"),
        ("eu", "us"),
    ):
        made = app.rest("POST", "/v2/conferences/create", {}, host=host).body
        assert app.got("GET", f"/v1/monitor/conferences/{made['conferenceId']}")["region"] == region


def test_a_conference_belongs_to_its_application(app: Application) -> None:
    identifier = app.conference()
    other = app.world.another_application()
    theirs = app.world.issue(other, "api", 600)
    assert app.rest("DELETE", f"/v2/conferences/{identifier}", token=theirs).status == 404
    assert app.rest("GET", "/v1/monitor/conferences", token=theirs).body["conferences"] == []
    again = app.rest("POST", "/v2/conferences/create", {"alias": "rehearsal"}, token=theirs).body
    assert again["conferenceId"] != identifier


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"alias": "a#b"}, "`alias`"),
        ({"alias": "x" * 251}, "`alias` has 251 characters"),
        ({"alias": 7}, "`alias` is a number"),
        ({"parameters": {"ttl": -1}}, "`parameters.ttl`"),
        ({"parameters": {"videoCodec": "AV1"}}, "`parameters.videoCodec` is `AV1`. Send one of: VP8, H264."),
        ({"parameters": {"recording": {"format": ["ogg"]}}}, "`parameters.recording.format[0]` is `ogg`"),
        ({"participants": {"ben": {"permissions": ["FLY"]}}}, "`participants.ben.permissions[0]` is `FLY`"),
        ({"participants": {"x" * 1025: {}}}, "1,025 bytes"),
        ({"participants": {"": {}}}, "empty"),
        ({"ownerExternalId": "x" * 1025}, "1,025 bytes"),
        ([], "a list"),
    ],
)
def test_what_cannot_be_is_named(app: Application, fields: Any, found: str) -> None:
    came = app.rest("POST", "/v2/conferences/create", fields)
    assert (came.status, came.body["error_code"], came.body["error_reason"]) == (400, 90, "Illegal argument")
    assert found in came.body["error_description"]
    assert app.got("GET", "/v1/monitor/conferences")["conferences"] == []


# Protected --------------------------------------------------------------------------------------------------

BEN = {"ben": {"permissions": ["JOIN", "SEND_AUDIO"], "notification": False}}


def test_conference_access_tokens_are_signed_and_say_what_is_permitted(app: Application) -> None:
    made = app.created(participants=BEN)
    assert made["isProtected"] is True
    said = jwt.decode(made["usersTokens"]["ben"], options={"verify_signature": False})
    assert (said["kind"], said["externalId"], said["scope"]) == ("conference", "ben", "JOIN SEND_AUDIO")
    assert (said["iat"], said["exp"]) == (START, START + DAY)
    owner = jwt.decode(made["ownerToken"], options={"verify_signature": False})
    assert (owner["externalId"], owner["scope"].split()) == ("ana", list(PERMISSIONS))


def test_a_protected_conference_is_entered_with_the_token_of_whoever_enters(app: Application) -> None:
    made = app.created(participants={**BEN, "cleo": BEN["ben"]})
    identifier, tokens = made["conferenceId"], made["usersTokens"]
    ben, dora, nobody = app.person("ben"), app.person("dora"), app.person(None)
    for who, access in (
        (ben, None),
        (ben, "no token"),
        (ben, tokens["cleo"]),
        (ben, app.api),
        (ben, tokens["ben"][:-2] + "xx"),
        (dora, tokens["ben"]),
        (nobody, tokens["ben"]),
    ):
        came = app.join(who, identifier, access)
        assert came.outcome == (403, "conference-protected"), came.body
        assert "conferenceAccessToken" in came.body["detail"]
        assert app.current(who) is None
    assert app.join(ben, identifier, tokens["ben"]).status == 200
    assert app.current(ben)["id"] == identifier
    assert app.join(app.person("ana"), identifier, made["ownerToken"]).status == 200


def test_whoever_was_told_has_the_token_already(app: Application) -> None:
    identifier = app.conference(participants={"ben": {"permissions": ["JOIN"], "notification": True}})
    assert app.join(app.person("ben"), identifier).status == 200


def test_without_the_permission_to_join_nobody_does(app: Application) -> None:
    made = app.created(participants={"ben": {"permissions": ["SEND_AUDIO"]}})
    came = app.join(app.person("ben"), made["conferenceId"], made["usersTokens"]["ben"])
    assert came.outcome == (403, "conference-protected")
    assert "JOIN" in came.body["detail"]


def test_a_token_is_good_until_the_permissions_are_updated(app: Application) -> None:
    made = app.created(participants=BEN)
    path = f"/v2/conferences/{made['conferenceId']}/permissions"
    updated = app.got("POST", path, {"participants": {"ben": {"permissions": ["JOIN"]}}})
    ben = app.person("ben")
    assert app.join(ben, made["conferenceId"], made["usersTokens"]["ben"]).status == 403
    assert app.join(ben, made["conferenceId"], updated["ben"]).status == 200


def test_an_access_token_has_its_time(app: Application) -> None:
    made = app.created(participants=BEN, parameters={"ttl": 9 * DAY})
    app.world.clock.advance(DAY)
    ben = app.person("ben")
    assert app.join(ben, made["conferenceId"], made["usersTokens"]["ben"]).status == 403


def test_participants_protect_a_conference_that_was_not(app: Application) -> None:
    first = app.conference()
    made = app.created(participants=BEN)
    assert (made["conferenceId"], made["isProtected"]) == (first, True)
    assert app.join(app.person("cleo"), first).status == 403


@pytest.mark.parametrize(
    ("target", "arguments", "permission"),
    [
        ("conference/kick", [{"id": "x"}], "KICK"),
        ("conference/updatePermissions", [[]], "UPDATE_PERMISSIONS"),
        ("recording/start", [], "RECORD"),
        ("recording/stop", [], "RECORD"),
    ],
)
def test_in_a_protected_conference_it_takes_a_permission(
    app: Application, target: str, arguments: list[Any], permission: str
) -> None:
    identifier = app.conference(participants={"ben": {"permissions": ["JOIN"], "notification": True}})
    [ben] = app.there(identifier, "ben")
    came = app.use(ben, target, *arguments)
    assert came.outcome == (403, "forbidden")
    assert permission in came.body["detail"]
    app.got(
        "POST",
        f"/v2/conferences/{identifier}/permissions",
        {"participants": {"ben": {"permissions": ["JOIN", permission]}}},
    )
    assert app.use(ben, target, *arguments).status != 403


# Invited ----------------------------------------------------------------------------------------------------


def test_who_is_invited_hears_of_it_in_every_session_and_gets_a_token(app: Application) -> None:
    identifier = app.conference(participants=BEN)
    cleo, dora = app.person("cleo"), app.person("dora")
    invited = app.got(
        "POST",
        f"/v2/conferences/{identifier}/invite",
        {
            "participants": {
                "cleo": {"permissions": ["JOIN"], "notification": True},
                "dora": {"permissions": ["JOIN"], "notification": False},
            }
        },
    )
    assert list(invited) == ["cleo", "dora"]
    [heard] = app.heard(cleo, "notification.invitationReceived")
    assert heard["conferenceToken"] == invited["cleo"]
    assert (heard["conferenceId"], heard["conferenceAlias"]) == (identifier, "rehearsal")
    assert heard["participant"]["info"]["externalId"] == "ana"
    assert app.heard(dora, "notification.invitationReceived") == []
    assert app.join(cleo, identifier).status == 200
    assert app.join(dora, identifier).status == 403
    assert app.join(dora, identifier, invited["dora"]).status == 200


def test_who_is_there_already_is_not_invited(app: Application) -> None:
    identifier = app.conference()
    [ben] = app.there(identifier, "ben")
    body = {"participants": {"ben": {"permissions": [], "notification": True}}}
    assert app.got("POST", f"/v2/conferences/{identifier}/invite", body) == {}
    assert app.heard(ben, "notification.invitationReceived") == []


# Sent away, and heard of ------------------------------------------------------------------------------------


def test_who_is_kicked_has_left_for_the_contract_too_and_hears_of_it(app: Application) -> None:
    identifier = app.conference()
    ana, ben = app.there(identifier, "ana", "ben")
    assert app.rest("POST", f"/v2/conferences/{identifier}/kick", {"externalIds": ["ben", "nobody"]}).status == 204
    assert app.current(ben) is None
    assert statuses(app, ben) == ["JOINING", "JOINED", "LEFT"]
    for token in (ana, ben):
        [gone] = [
            each["participant"]
            for each in app.heard(token, "conference.participantUpdated")
            if each["participant"]["status"] == "KICKED"
        ]
        assert (gone["info"]["externalId"], gone["type"]) == ("ben", "USER")
    names = app.world._table.machine.names
    states = {client.alike: dict(zip(names, client.state, strict=True)) for client in clients(app)}
    assert states["ben",]["conference"] == "out"
    assert states["ana",]["conference"] == "in"
    # It may come back, and leave as anybody does.
    assert app.join(ben, identifier).status == 200
    assert app.use(ben, "conference/leave").status == 200


def clients(app: Application) -> list[Any]:
    return app.world._store.every(Client)


def test_who_joins_with_the_external_id_of_somebody_there_takes_their_place(app: Application) -> None:
    identifier = app.conference()
    ana, first = app.there(identifier, "ana", "ben")
    [second] = app.there(identifier, "ben")
    assert app.current(first) is None
    assert statuses(app, first)[-1] == "LEFT"
    assert [
        each["externalId"] for each in app.got("GET", f"/v2/conferences/{identifier}/participants")["participants"]
    ] == [
        "ana",
        "ben",
    ]
    heard = [each["participant"]["status"] for each in app.heard(ana, "conference.participantUpdated")]
    assert heard == ["CONNECTED", "LEFT", "CONNECTED"]
    assert app.current(second)["id"] == identifier
    nobody = [app.person(None), app.person(None)]
    assert [app.join(each, identifier).status for each in nobody] == [200, 200]
    assert len(app.current(second)["participants"]) == 4


def test_a_participant_kicks_another_by_its_id(app: Application) -> None:
    identifier = app.conference()
    ana, ben = app.there(identifier, "ana", "ben")
    his = app.participant(ben).body
    assert app.use(ana, "conference/getParticipant", his["id"]).body["result"]["info"]["name"] == "Ben"
    assert app.use(ana, "conference/kick", his).body["result"] is None
    assert app.current(ben) is None
    assert app.use(ana, "conference/kick", his).outcome == (404, "participant-not-found")
    assert app.use(ana, "conference/getParticipant", his["id"]).outcome == (404, "participant-not-found")
    assert app.use(ben, "conference/kick", his).outcome == (409, "not-in-conference")


def test_a_message_is_heard_by_all_or_by_some(app: Application) -> None:
    identifier = app.conference()
    ana, ben = app.there(identifier, "ana", "ben")
    path = f"/v2/conferences/{identifier}/message"
    for to in (None, ["ben", "ben", "nobody"], []):
        app.got("POST", path, {"from": "zoe", "message": f"to {to}", "to": to})
    heard = app.heard(ben, "command.messageReceived")
    assert [each["message"] for each in heard] == ["to None", "to ['ben', 'ben', 'nobody']", "to []"]
    assert heard[0]["participant"]["info"]["externalId"] == "zoe"
    assert len(app.heard(ana, "command.messageReceived")) == 2
    assert app.rest("POST", path, {"message": "x"}).status == 400


def test_permissions_are_heard_of_by_those_who_are_there(app: Application) -> None:
    identifier = app.conference()
    ana, ben = app.there(identifier, "ana", "ben")
    his = app.participant(ben).body
    path = f"/v2/conferences/{identifier}/permissions"
    body: Any = {"participants": {"ben": {"permissions": ["JOIN"], "notification": True}, "cleo": {"permissions": []}}}
    assert list(app.got("POST", path, body)) == ["ben", "cleo"]
    assert app.heard(ben, "conference.permissionsUpdated") == [{"permissions": ["JOIN"]}]
    assert app.heard(ana, "conference.permissionsUpdated") == []
    wanted = [{"participant": his, "permissions": ["SEND_AUDIO"]}]
    assert app.use(ana, "conference/updatePermissions", wanted).status == 200
    assert app.heard(ben, "conference.permissionsUpdated")[1] == {"permissions": ["SEND_AUDIO"]}
    bad = [{"participant": his, "permissions": ["FLY"]}]
    assert app.use(ana, "conference/updatePermissions", bad).outcome == (400, "invalid-request")
    for external_id in (["cleo"], 7, "é" * 513):
        bad = [{"participant": {"info": {"externalId": external_id}}, "permissions": []}]
        assert app.use(ana, "conference/updatePermissions", bad).outcome == (400, "invalid-request")


def test_the_participants_are_those_who_are_there(app: Application) -> None:
    identifier = app.conference()
    [ben] = app.there(identifier, "ben")
    app.use(ben, "conference/leave")
    app.world.clock.advance(5)
    app.join(ben, identifier)
    cleo = app.person("cleo")
    app.join(cleo, identifier, how="listen")
    first, second = app.got("GET", f"/v2/conferences/{identifier}/participants")["participants"]
    assert first == {
        "userId": app.participant(ben).body["id"],
        "externalId": "ben",
        "name": "Ben",
        "avatarUrl": None,
        "ipAddress": "127.0.0.1",
        "userAgent": None,
        "lastJoinTimestamp": MS + 5_000,
        "nbSession": 2,
    }
    assert (second["externalId"], second["nbSession"]) == ("cleo", 1)


def test_the_spatial_scene_is_checked(app: Application) -> None:
    path = f"/v2/conferences/{app.conference()}/spatial-listeners-audio"
    point = {"x": 1, "y": 0, "z": 0.5}
    body: Any = {
        "environment": {"scale": point, "forward": point, "up": point, "right": point},
        "listener": {"position": point, "direction": point},
        "users": {"ben": point},
    }
    assert app.rest("PUT", path, body).status == 204
    body["users"]["ben"] = {"x": 1, "y": 0}
    assert "`users.ben` is without `z`" in app.rest("PUT", path, body).body["detail"]
    assert "`users`" in app.rest("PUT", path, {"environment": body["environment"]}).body["detail"]


# Ended ------------------------------------------------------------------------------------------------------


def test_whoever_is_in_a_conference_that_is_terminated_has_left(app: Application) -> None:
    identifier = app.conference()
    tokens = app.there(identifier, "ana", "ben")
    assert app.rest("DELETE", f"/v2/conferences/{identifier}").status == 204
    for token in tokens:
        assert app.current(token) is None
        assert statuses(app, token)[-1] == "ENDED"
        assert app.use(token, "conference/getStatus", {"id": identifier}).body["result"] == "ENDED"
        assert app.join(token, identifier).outcome == (404, "conference-not-found")
    for method, end in (("DELETE", ""), ("GET", "/participants")):
        came = app.rest(method, f"/v2/conferences/{identifier}{end}")
        assert came.outcome == (404, "not-found")
        assert "has ended" in came.body["error_description"]


def test_an_alias_whose_conference_has_ended_begins_another_one(app: Application) -> None:
    first = app.conference()
    app.rest("DELETE", f"/v2/conferences/{first}")
    second = app.conference()
    assert second != first
    listed = app.got("GET", "/v1/monitor/conferences")["conferences"]
    assert [(each["confId"], each["live"]) for each in listed] == [(first, False), (second, True)]


def test_an_empty_conference_ends_after_its_time_to_live(app: Application) -> None:
    identifier = app.conference(parameters={"ttl": 60})
    app.world.clock.advance(59)
    [ben] = app.there(identifier, "ben")
    app.world.clock.advance(600)
    assert app.current(ben)["id"] == identifier
    app.use(ben, "conference/leave")
    app.world.clock.advance(59)
    assert app.got("GET", f"/v1/monitor/conferences/{identifier}")["live"] is True
    [happened] = app.world.clock.advance(1)
    assert (happened["what"], happened["conference"]) == ("conference-ended", identifier)
    assert app.got("GET", f"/v1/monitor/conferences/{identifier}")["end"] == MS + 719_000


def test_a_time_to_live_of_nothing_ends_it_with_the_last_one(app: Application) -> None:
    ana = app.person("ana")
    made = app.use(ana, "conference/create", {"alias": "x", "params": {"ttl": 0}}).body["result"]
    app.join(ana, made["id"])
    app.use(ana, "conference/leave")
    app.world.clock.advance(0)
    assert app.use(ana, "conference/getStatus", made).body["result"] == "ENDED"
    for ttl in (-1, True, "x", 1e300):
        came = app.use(ana, "conference/create", {"params": {"ttl": ttl}})
        assert came.outcome == (400, "invalid-request")
        assert "`params.ttl`" in came.body["detail"]


def test_who_creates_a_conference_in_a_session_may_say_how_it_is_recorded(app: Application) -> None:
    ana = app.person("ana")
    wrong: list[Any] = ["x", [], ["mp3"], {"format": "mp3"}, {"format": ["mp5"]}, {"format": [{}]}]
    for recording in wrong:
        came = app.use(ana, "conference/create", {"params": {"recording": recording}})
        assert came.outcome == (400, "invalid-request")
        assert "`params.recording`" in came.body["detail"]
    params = {"recording": {"format": ["mp3"]}}
    made = app.use(ana, "conference/create", {"params": params}).body["result"]
    app.join(ana, made["id"])
    app.use(ana, "recording/start")
    assert app.use(ana, "recording/stop").status == 200
    [found] = app.got("GET", "/v2/monitor/recordings")["recordings"]
    assert found["mediaType"] == "audio/mpeg"


def test_a_day_after_its_end_nothing_is_kept_of_it(app: Application) -> None:
    identifier = app.conference()
    app.there(identifier, "ben")
    app.got("POST", f"/v2/conferences/mix/{identifier}/recording/start", {})
    app.rest("DELETE", f"/v2/conferences/{identifier}")
    app.world.clock.advance(DAY - 1)
    assert app.got("GET", f"/v1/monitor/conferences/{identifier}")["recordingDuration"] == 0
    app.world.clock.advance(1)
    fresh = app.api_token()
    assert app.rest("GET", f"/v1/monitor/conferences/{identifier}", token=fresh).status == 404
    records = app.world.snapshot()["records"]
    assert [records[kind] for kind in ("conferences", "visits", "recordings")] == [(), (), ()]


def test_of_many_visits_the_latest_are_kept(app: Application) -> None:
    identifier = app.conference()
    app.there(identifier, "ana")
    [ben] = app.there(identifier, "ben")
    for _ in range(VISITS + 5):
        app.use(ben, "conference/leave")
        app.join(ben, identifier)
    visits = app.world.snapshot()["records"]["visits"]
    assert len(visits) == VISITS
    assert [each["external_id"] for each in visits if each["left"] is None] == ["ana", "ben"]


def test_a_snapshot_has_all_of_it_and_is_held_to_it(app: Application) -> None:
    identifier = app.conference(participants={"ben": {"permissions": ["JOIN"], "notification": True}})
    [ben] = app.there(identifier, "ben")
    document = app.world.snapshot()
    app.world.reset()
    app.simulator.restore("here", document)
    assert app.current(ben)["id"] == identifier
    assert app.got("GET", f"/v2/conferences/{identifier}/participants")["participants"][0]["externalId"] == "ben"
    wrong = app.world.snapshot()
    wrong["records"]["visits"] = []
    with pytest.raises(ValueError, match=r"has the client .* in it, which is not there"):
        app.simulator.restore("here", wrong)
    wrong = app.world.snapshot()
    wrong["records"]["conferences"][0]["members"] = {}
    with pytest.raises(ValueError, match="does not know it"):
        app.simulator.restore("here", wrong)


# Whose token it is ------------------------------------------------------------------------------------------


def test_every_call_wants_an_api_token_with_its_scope(app: Application) -> None:
    for name, endpoint in REST_ENDPOINTS.items():
        if not SCOPES[name]:
            continue
        path = re.sub(r"\{\w+\}", "x", endpoint.path)
        expired = app.api_token(expires_in=1)
        for token in ("", "no token", app.world.token("ana"), app.world.token(condition="forged")):
            came = app.rest(endpoint.method, path, {} if endpoint.has_body else None, token=token)
            assert (came.status, came.body["error_code"], came.body["error_reason"]) == (401, 89, "Invalid_token"), name
        app.world.clock.advance(1)
        assert app.rest(endpoint.method, path, token=expired).status == 401
        others = [scope for scopes in SCOPES.values() for scope in scopes if scope not in SCOPES[name]]
        came = app.rest(endpoint.method, path, token=app.api_token(*others))
        assert (came.status, came.body["type"]) == (403, "ErrorResponse"), name
        assert SCOPES[name][0] in came.body["error_description"]
        for scope in SCOPES[name]:
            assert app.rest(endpoint.method, path, token=app.api_token(scope)).status not in (401, 403), name


def test_the_pipeline_is_the_same_one(app: Application) -> None:
    app.world.fail(kind="status", operation="createConference", status=503, times=1)
    refused = app.ask("POST", "/v2/conferences/create", app.api, {"alias": "x"})
    assert (refused.status, refused.body["type"]) == (503, "ErrorResponse")
    app.world.fail(kind="lost", operation="createConference", times=1)
    app.ask("POST", "/v2/conferences/create", app.api, {"alias": "x"})
    assert len(app.got("GET", "/v1/monitor/conferences")["conferences"]) == 1
    entries = app.world.journal.find()
    assert [(entry.name, entry.status, entry.delivered) for entry in entries] == [
        ("createConference", 503, "whole"),
        ("createConference", 200, "broken"),
        ("listConferences", 200, "whole"),
    ]
    with pytest.raises(ValueError, match="does nothing to `terminateConference`"):
        app.world.fail(kind="missing-field", field="x", operation="terminateConference")
