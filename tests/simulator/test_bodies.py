"""Bad input: every problem names what was found and what to send."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import pytest

from openfirst_simulator import Request
from openfirst_simulator.descriptions import Descriptions
from tests.simulator.conftest import Api
from tests.simulator.inprocess import CONTRACT, Here, a_run_with_refusals

PARTICIPANT = "/v1/sessions/current/participant"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ("{", "not JSON (Expecting property name enclosed in double quotes at character 1)"),
        ("name=Ana", "not JSON (Expecting value at character 0)"),
        ("[]", "The body is a list."),
        ('"Ana"', "The body is a text."),
        ("7", "The body is a number."),
        ("true", "The body is true or false."),
        ('{"name": NaN}', "not JSON"),
        ("[" * 20_000, "not JSON"),
        (b'{"name": "\xff"}', "not UTF-8"),
        ('{"name": "\\ud800"}', "not UTF-8"),
    ],
)
def test_a_body_that_is_no_json_object(api: Api, data: Any, sentence: str) -> None:
    answer = api.ask("POST", "/v1/sessions", api.world.token(), data=data)
    assert answer.outcome == (400, "invalid-request")
    assert sentence in answer.detail
    assert answer.detail.endswith("Send a JSON object, or nothing.")


@pytest.mark.parametrize(
    ("path", "data", "name"),
    [
        ("/v1/sessions", '{"name": "Ana", "avatarUrl": null, "name": "Ben"}', "name"),
        (
            "/v1/sessions/current/services/conference/create",
            '{"arguments": [{"alias": "x", "dolbyVoice": true, "alias": "x"}]}',
            "alias",
        ),
        ("/v1/sessions", '{"name": "Ana", "\\u006eame": "Ana"}', "name"),
    ],
)
def test_a_name_that_stands_twice_is_refused(api: Api, path: str, data: str, name: str) -> None:
    token = api.world.token()
    answer = api.ask("POST", path, token, data=data)
    assert (answer.outcome, answer.detail) == (
        (400, "invalid-request"),
        f"The body has `{name}` twice in one object. Send it once.",
    )
    assert api.is_open(token) is False


@pytest.mark.parametrize(
    ("info", "sentence"),
    [
        ({"name": 7}, "`name` is a number. Send a text or null."),
        ({"avatarUrl": ["x"]}, "`avatarUrl` is a list. Send a text or null."),
        ({"externalId": {}}, "`externalId` is an object. Send a text or null."),
        ({"nick": "x"}, "fields that are not known: `nick`. Known: name, avatarUrl, externalId."),
        ({"name": "x" * 10_001}, "`name` has 10,001 characters. Send at most 10,000."),
        ({"externalId": "x" * 1025}, "`externalId` has 1,025 characters. Send at most 1,024."),
        ({"externalId": "ö" * 600}, "`externalId` has 1,200 bytes. Send at most 1,024 (in UTF-8)."),
    ],
)
def test_a_field_that_cannot_be_used_is_named(api: Api, info: Any, sentence: str) -> None:
    token = api.world.token()
    answer = api.open(token, info)
    assert answer.outcome == (400, "invalid-request")
    assert sentence in answer.detail
    assert api.is_open(token) is False


def test_an_update_takes_name_and_avatar_only(api: Api) -> None:
    token = api.world.token("zoe")
    api.opened(token)
    answer = api.update(token, {"name": "Ana", "externalId": "bob"})
    assert answer.outcome == (400, "invalid-request")
    assert "`externalId`. Known: name, avatarUrl." in answer.detail
    assert "`name` is a number" in api.update(token, {"name": 1}).detail
    assert (
        "`avatarUrl` has 10,001 characters. Send at most 10,000."
        in api.update(token, {"avatarUrl": "x" * 10_001}).detail
    )


def test_the_arguments_of_a_method_are_a_list(api: Api) -> None:
    token = api.world.token()
    api.opened(token)
    answer = api.ask("POST", "/v1/sessions/current/services/command/send", token, body={"arguments": "hi"})
    assert "`arguments` is a text. Send a list." in answer.detail
    # What is in the path cannot be said again, nor otherwise.
    answer = api.ask("POST", "/v1/sessions/current/services/command/send", token, body={"method": "ring"})
    assert "`method`. Known: arguments." in answer.detail


def test_a_body_may_have_64_kib(api: Api) -> None:
    token = api.world.token()
    filled = '{"name": "Ana"}'.ljust(64 * 1024)
    assert api.ask("POST", "/v1/sessions", token, data=filled).status == 201
    for path, method in [("/v1/sessions", "POST"), (PARTICIPANT, "PATCH")]:
        answer = api.ask(method, path, token, data=filled + " ")
        assert answer.outcome == (413, "body-too-large")
    answer = api.ask("POST", "/v1/auth/token", data=filled + " ", headers=api.basic())
    assert (answer.status, answer.body["type"]) == (413, "ErrorResponse")


def test_a_path_that_leads_nowhere(api: Api) -> None:
    answer = api.ask("GET", "/v1/session")
    assert answer.outcome == (404, "not-found")
    assert "/v1/session" in answer.detail
    assert answer.content_type == "application/problem+json"


def test_a_method_that_a_path_does_not_have(api: Api) -> None:
    answer = api.ask("PUT", "/v1/sessions")
    assert answer.outcome == (405, "method-not-allowed")
    assert answer.headers["Allow"] == "GET, POST"
    assert answer.detail == "PUT is not possible here. Use GET or POST."


def test_a_service_or_method_that_the_contract_does_not_list(api: Api) -> None:
    token = api.world.token()
    answer = api.use(token, "telephone/ring")
    assert answer.outcome == (404, "not-found")
    assert "There is no service `telephone`. Services: conference, command," in answer.detail
    assert api.ask("POST", "/v1/sessions/current/services/telephone/ring").status == 404
    answer = api.use(token, "command/sing")
    assert answer.outcome == (404, "not-found")
    assert answer.detail == "The service `command` has no method `sing`. Methods: send, onMessageReceived."


def test_text_of_every_script_comes_back_as_it_was_sent(api: Api) -> None:
    name = "Zoë 日本語 😀 \u202e\x00"
    token = api.client_token({"externalId": name}).body["access_token"]
    info = api.open(token, {"name": name, "externalId": name}).body["participant"]["info"]
    assert info == {"name": name, "avatarUrl": None, "externalId": name}


def test_json_is_written_without_blanks_refusals_as_well() -> None:
    here = Here()
    here.world.fail(kind="missing-field", operation="getParticipant", field="name")
    a_run_with_refusals(here)
    here.ask("POST", "/v1/auth/token", None)
    answers = [entry.answer for entry in here.world.journal.find() if entry.answer]
    assert len(answers) > 9
    for answer in answers:
        assert answer.decode() == json.dumps(json.loads(answer), separators=(",", ":"), ensure_ascii=False)


# Whether there must be a body, the descriptions say --------------------------------------------------------------------

DESCRIBED = Descriptions(CONTRACT)
BODIES = [
    (method.upper(), path, said["operationId"], said["requestBody"].get("required", False))
    for document in (DESCRIBED.session_interface, DESCRIBED.rest_interface, DESCRIBED.control_plane)
    for path, item in document["paths"].items()
    for method, said in item.items()
    if method != "parameters" and "requestBody" in said
]


@pytest.mark.parametrize(("method", "path", "name", "needed"), BODIES, ids=[each[2] for each in BODIES])
def test_a_body_is_needed_where_it_is_said_and_nowhere_else(method: str, path: str, name: str, needed: bool) -> None:
    here = Here()
    ana = here.world.token("ana")
    here.opened(ana, {"name": "Ana", "avatarUrl": "http://a/b"})
    before = here.participant(ana).body
    api = here.world.issue(here.world.applications[0], "api", 3600, None)
    basic = base64.b64encode(f"{here.world.key}:{here.world.secret}".encode()).decode()
    said = SECURITY.get(name, f"Bearer {api}").format(ana=ana, basic=basic)
    if path.startswith("/v1/sessions"):
        said = f"Bearer {ana}"
        path = path.format(sessionId="current", service="conference", method="current")
    own = path.replace("{world}", "here").replace("{conferenceId}", "x")
    own = own if own.startswith("/_openfirst") else f"/w/here{own}"
    for body in (b"", b" \n", b"null"):
        answer = asyncio.run(here.simulator.answer(Request(method, own, {"Authorization": said}, body)))
        told = json.loads(answer.content or b"{}")
        if needed:
            assert answer.status == 400, told
            # Elsewhere a field is missed that there must be.
            whole = name not in SECURITY and not own.startswith("/_openfirst") and body != b"null"
            assert ("The request has no body. Send" in str(told)) is whole, told
        else:
            assert "body" not in str(told.get("detail")), told
    assert here.participant(ana).body == before


SECURITY = {"getApiToken": "Basic {basic}", "getClientAccessTokenV1": "Basic {basic}"}


def test_half_a_character_of_a_header_is_no_part_of_an_answer() -> None:
    """A byte that is no UTF-8 in a header: strict parsers read no JSON with half a character, nor a journal that has it."""
    here = Here()
    headers = {"Authorization": f"Bearer {here.world.token('ana')}", "Last-Event-ID": "\udcff"}
    answer = asyncio.run(here.simulator.answer(Request("GET", "/w/here/v1/sessions/current/events", headers)))
    assert answer.status == 400
    assert json.loads(answer.content)["detail"].startswith("`Last-Event-ID` is `?`.")
    assert "\\ud" not in json.dumps(here.world.shown(next(here.world.journal.find())))
