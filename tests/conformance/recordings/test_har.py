"""Recorded HTTP, judged: what our simulator answers is accused of nothing, and what it would never answer is found."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from copy import deepcopy
from typing import Any

import aiohttp
import jwt
import pytest

from openfirst_conformance.recordings.har import Har, is_har, read_har
from openfirst_conformance.recordings.judged import Judged, TooOpen, judge_recordings
from openfirst_reference.contract.load import load_contract
from openfirst_reference.machine.machine import Machine
from openfirst_reference.show.step_words import outcome_words
from openfirst_simulator import Simulator, World

CONTRACT = load_contract()
MACHINE = Machine(CONTRACT)
Json = dict[str, Any]
BASE = "https://platform.example/v1/sessions"


def token(external_id: str | None = "ana", **claims: Any) -> str:
    """A token as some platform may give it; nobody here can verify it."""
    said = {"externalId": external_id, **claims} if external_id else claims
    return jwt.encode({"iat": 1, "exp": 4_000_000_000, **said}, "k" * 32, "HS256")


class Recorder:
    """Makes requests, and writes them down as a browser does. `at` counts the milliseconds of its day."""

    def __init__(self) -> None:
        self.entries: list[Json] = []
        self.at = 0.0

    def note(self, method: str, url: str, bearer: str | None, sent: Any, status: int, got: Any, **more: Any) -> Json:
        """An entry; each takes two milliseconds, and the next one begins three later, unless told otherwise."""
        begin, duration = more.get("begin", self.at), more.get("duration", 2.0)
        self.at = begin + duration + 3
        headers = [{"name": "AUTHORIZATION", "value": f"Bearer {bearer}"}] if bearer else []
        entry: Json = {
            "startedDateTime": f"2026-01-01T00:00:{begin / 1000:06.3f}Z",
            "time": duration,
            "request": {"method": method, "url": url, "headers": headers},
            "response": {"status": status, "headers": more.get("headers", []), "content": {"text": json.dumps(got)}},
        }
        if sent is not None:
            entry["request"]["postData"] = {"mimeType": "application/json", "text": json.dumps(sent)}
        self.entries.append(entry)
        return entry

    def har(self) -> Json:
        """The file."""
        return {"log": {"version": "1.2", "entries": self.entries}}


def judged(value: Json, **choices: str) -> tuple[Judged, Har]:
    """What is said of a HAR file."""
    har = read_har(value, "x.har", MACHINE)
    return judge_recordings(har.recordings, MACHINE, choices), har


def broken(value: Json, **choices: str) -> list[tuple[str, tuple[str, ...]]]:
    """Where something was broken, and the rules."""
    return [(found.line.where.partition(" (")[0], found.rules) for found in judged(value, **choices)[0].broken]


Ask = Callable[..., Awaitable[Any]]


def recorded(visit: Callable[[World, Ask], Awaitable[None]]) -> Json:
    """What comes of a visit to our simulator."""
    recorder = Recorder()

    async def run() -> None:
        simulator = Simulator(CONTRACT)
        await simulator.start()
        world = simulator.world("recorded", choices=CONTRACT.default_choices(), seed=1, frozen_at=1_767_225_600.0)
        async with aiohttp.ClientSession() as http:

            async def ask(method: str, path: str, bearer: str | None = None, body: Any = None) -> Any:
                headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
                data = None if body is None else json.dumps(body)
                async with http.request(method, world.url + path, headers=headers, data=data) as response:
                    text = await response.text()
                    got = [{"name": name, "value": value} for name, value in response.headers.items()]
                    entry = recorder.note(method, world.url + path, bearer, body, response.status, None, headers=got)
                entry["response"]["content"]["text"] = text
                return json.loads(text) if text else None

            await visit(world, ask)
        await simulator.close()

    asyncio.run(run())
    return recorder.har()


async def long_visit(world: World, ask: Ask) -> None:
    """Two clients, a refreshed and a forged token, one that expires, a stranger's session, and other requests."""
    ana, ben, eve = world.token("ana"), world.token(None, ("conf:create",)), world.token("eve", condition="forged")
    await ask("GET", "/v1/sessions", ana)
    session = (await ask("POST", "/v1/sessions", ana, {"name": "Ana"}))["sessionId"]
    await ask("GET", f"/v1/sessions/{session}/participant", ana)
    await ask("GET", f"/v1/sessions/{session}", ben)
    await ask("POST", "/v1/sessions", ben)
    await ask("PATCH", "/v1/sessions/current/participant", ben, {"name": "Ben"})
    await ask("POST", "/v1/sessions", eve)
    await ask("GET", "/v1/sessions/current", eve)
    await ask("GET", "/v1/sessions/current")
    await ask("POST", f"/v1/sessions/{session}/services/conference/create", ana, {"arguments": [{}]})
    await ask("POST", f"/v1/sessions/{session}/services/conference/teatime", ana, {"arguments": []})
    await ask("PATCH", f"/v1/sessions/{session}/participant", ana, {"name": 3})
    fresh = world.token("ana")
    await ask("GET", f"/v1/sessions/{session}", fresh)
    await ask("GET", "/v1/sessions/current/participant", fresh)
    await ask("DELETE", f"/v1/sessions/{session}", fresh)
    await ask("GET", f"/v1/sessions/{session}", fresh)
    await ask("DELETE", "/v1/sessions/current", ben)
    world.clock.advance(4000)
    await ask("POST", "/v1/sessions", ben)
    await ask("GET", "/favicon.ico")


@pytest.fixture(scope="module")
def visit() -> Json:
    """A long visit, recorded once."""
    return recorded(long_visit)


def test_what_the_simulator_answers_is_accused_of_nothing(visit: Json) -> None:
    """And requests about anything else are left out, and counted by their kind."""
    result, har = judged(visit)
    assert result.broken == [] and result.given_up == []
    assert result.calls == 15
    assert dict(har.left_out) == {
        "about a session that is not the bearer's own": 1,
        "with something that the contract does not know": 2,
        "not about a session": 1,
    }


@pytest.mark.parametrize(
    ("number", "change", "rule"),
    [
        (3, {"text": '{"id": "p", "info": {"name": "Eve", "externalId": "ana"}}'}, "info-is-kept"),
        (3, {"text": '{"id": "p", "info": {"name": "Ana", "externalId": "bob"}}'}, "external-id-from-token"),
        (10, {"status": 409, "text": '{"code": "session-not-open"}'}, "open-opens"),
        (14, {"text": '{"id": "p-9", "info": {"name": "Ana", "externalId": "ana"}}'}, "same-id-same-participant"),
        (16, {"text": '{"open": true}'}, "close-closes"),
        (18, {"status": 201, "text": "{}"}, "bad-token"),
    ],
)
def test_one_answer_that_is_changed_is_found(visit: Json, number: int, change: Json, rule: str) -> None:
    """In the very entry."""
    value = deepcopy(visit)
    response = value["log"]["entries"][number - 1]["response"]
    response["status"] = change.get("status", response["status"])
    response["content"]["text"] = change["text"]
    (where, rules), *_ = broken(value)
    assert rule in rules
    assert where == f"entry {number}"


def test_a_platform_is_believed_that_a_token_is_bad_until_it_contradicts_itself() -> None:
    """Whether a token was forged or revoked cannot be read from it."""
    recorder = Recorder()
    recorder.note("POST", BASE, token(), None, 401, {"code": "token-revoked"})
    recorder.note("GET", f"{BASE}/current", token(), None, 401, {"code": "token-revoked"})
    assert broken(recorder.har()) == []
    recorder.note("POST", BASE, token(), None, 201, {"sessionId": "s"})
    ((where, rules),) = broken(recorder.har())
    assert where == "entry 3" and "bad-token" in rules


def test_where_a_token_turns_bad_while_a_call_is_under_way_nobody_is_accused() -> None:
    """Which of the two the call met, a recording does not show."""
    recorder = Recorder()
    recorder.note("POST", BASE, token(), None, 201, {"sessionId": "s"}, begin=0.0, duration=20.0)
    recorder.note("GET", f"{BASE}/current/participant", token(), None, 401, {"code": "token-revoked"}, begin=5.0)
    result, _ = judged(recorder.har())
    assert result.broken == [] and result.given_up[0][1] is TooOpen.CREDENTIAL_TURNED


def test_a_token_that_is_past_its_time_opens_nothing() -> None:
    """By the platform's own clock if it shows it, else by the recording's."""
    late = token(exp=1_767_225_601)  # 2026-01-01T00:00:01Z
    before = [{"name": "Date", "value": "Thu, 01 Jan 2026 00:00:00 GMT"}]
    for headers, found in (([], ["entry 1"]), (before, [])):
        recorder = Recorder()
        recorder.note("POST", BASE, late, None, 201, {"sessionId": "s"}, begin=5000.0, headers=headers)
        assert [where for where, _ in broken(recorder.har())] == found


def test_a_token_that_ends_within_a_second_is_good_until_then() -> None:
    """A token says whole seconds; those of our platform say besides by how many milliseconds they are later."""
    late = token(exp=1_767_225_600, milliseconds=275)  # 2026-01-01T00:00:00.275Z
    for begin, found in ((270.0, []), (276.0, ["entry 1"])):
        recorder = Recorder()
        recorder.note("POST", BASE, late, None, 201, {"sessionId": "s"}, begin=begin, duration=1.0)
        assert [where for where, _ in broken(recorder.har())] == found


def test_a_request_without_a_token_opens_nothing() -> None:
    """Whoever it is: nobody."""
    recorder = Recorder()
    recorder.note("GET", BASE, token(), None, 200, {"sessions": []})
    recorder.note("POST", BASE, None, {"name": "Eve"}, 201, {"sessionId": "s"})
    assert [where for where, _ in broken(recorder.har())] == ["entry 2"]


def test_requests_that_overlap_are_judged_as_such() -> None:
    """isOpen, asked while the session opens, may say either; asked after it, only true."""
    for begin, found in ((1.0, []), (20.0, ["entry 2"])):
        recorder = Recorder()
        recorder.note("POST", BASE, token(), None, 201, {"sessionId": "s"}, begin=0.0, duration=10.0)
        recorder.note("GET", f"{BASE}/current", token(), None, 200, {"open": False}, begin=begin)
        assert [where for where, _ in broken(recorder.har())] == found


def test_of_the_calls_before_each_is_shown_once_and_an_overlapped_one_as_it_began_and_ended() -> None:
    """Requests that nothing came between are whole calls."""
    recorder = Recorder()
    recorder.note("POST", BASE, token(), None, 201, {"sessionId": "s"})
    recorder.note("GET", f"{BASE}/current", token(), None, 200, {"open": True}, begin=10.0, duration=10.0)
    recorder.note("GET", f"{BASE}/current", token(), None, 200, {"open": True}, begin=15.0, duration=10.0)
    recorder.note("GET", f"{BASE}/current", token(), None, 200, {"open": False}, begin=30.0)
    (found,) = judged(recorder.har())[0].broken
    assert [outcome_words(line.outcome) for line in found.before] == [
        'answer {"sessionId": "s"}',
        "no answer yet",
        "no answer yet",
        "answer true",
        "answer true",
    ]


def test_who_asks_by_a_sessions_id_has_been_told_of_it_whatever_the_clock_says() -> None:
    """Begun within the same millisecond, as far as can be told; so the session is open, and asked about by its bearer."""
    recorder = Recorder()
    recorder.note("POST", BASE, token(), None, 201, {"sessionId": "s"}, begin=0.0, duration=2.6)
    recorder.note("GET", f"{BASE}/s", token(), None, 200, {"open": False}, begin=2.0)
    assert broken(recorder.har()) == [("entry 2", ("open-opens",))]


@pytest.mark.parametrize(("begin", "found"), [(11.0, []), (12.0, ["entry 3"])])
def test_a_clock_that_is_cut_to_milliseconds_leaves_open_what_came_first(begin: float, found: list[str]) -> None:
    """ana closes, and another client with her ID is refused: too late, unless the close may still have been under way."""
    recorder, other = Recorder(), token(jti="2")
    recorder.note("POST", BASE, token(), None, 201, {"sessionId": "s"})
    recorder.note("DELETE", f"{BASE}/s", token(), None, 204, None, begin=10.0, duration=0.4)
    recorder.note("POST", BASE, other, None, 409, {"code": "session-already-open"}, begin=begin)
    assert [where for where, _ in broken(recorder.har(), **{"same-id-twice": "refuse"})] == found


def test_entries_count_by_their_time_and_not_by_their_place() -> None:
    """A browser writes an entry down when it is complete."""
    recorder = Recorder()
    recorder.note("GET", f"{BASE}/current", token(), None, 200, {"open": True}, begin=50.0)
    recorder.note("POST", BASE, token(), None, 201, {"sessionId": "s"}, begin=0.0)
    assert broken(recorder.har()) == []


@pytest.mark.parametrize("status", [0, 502, 503, 504])
def test_an_answer_that_never_came_may_have_had_its_effect_or_not(status: int) -> None:
    """A gateway's word is not the platform's."""
    for is_open in (True, False):
        recorder = Recorder()
        recorder.note("POST", BASE, token(), None, status, None)
        recorder.note("GET", f"{BASE}/current", token(), None, 200, {"open": is_open})
        assert broken(recorder.har()) == []


def test_a_token_that_cannot_be_read_has_the_external_id_that_the_platform_shows() -> None:
    """It must stay that one."""
    recorder = Recorder()
    info = {"name": None, "externalId": "zoe"}
    recorder.note("POST", BASE, "opaque", None, 201, {"sessionId": "s", "participant": {"id": "p", "info": info}})
    recorder.note("GET", f"{BASE}/s/participant", "opaque", None, 200, {"id": "p", "info": info})
    assert broken(recorder.har()) == []
    other = {"id": "p", "info": {**info, "externalId": "eve"}}
    recorder.note("GET", f"{BASE}/s/participant", "opaque", None, 200, other)
    assert [where for where, _ in broken(recorder.har())] == ["entry 3"]


def test_two_platforms_have_nothing_to_do_with_one_another() -> None:
    """The same token, the same external ID, another participant."""
    recorder = Recorder()
    for number, host in enumerate(("one.example", "two.example/w/x")):
        url = f"https://{host}/v1/sessions"
        recorder.note("POST", url, token(), None, 201, {"sessionId": "s"})
        shown = {"id": f"p-{number}", "info": {"externalId": "ana"}}
        recorder.note("GET", f"{url}/current/participant", token(), None, 200, shown)
    result, har = judged(recorder.har())
    assert len(har.recordings) == 2 and result.broken == []


def test_bodies_in_base64_are_read_and_answers_without_a_body_are_left_out() -> None:
    """Where the answer is all there is to judge."""
    recorder = Recorder()
    entry = recorder.note("GET", f"{BASE}/current", token(), None, 200, None)
    entry["response"]["content"] = {"text": base64.b64encode(b'{"open": true}').decode(), "encoding": "base64"}
    entry = recorder.note("GET", f"{BASE}/current", token("ben"), None, 200, None)
    entry["response"]["content"] = {"size": 14}
    result, har = judged(recorder.har())
    assert [found.rules for found in result.broken] == [("is-open-is-pure",)]
    assert har.left_out == {"whose answer was not recorded": 1}


@pytest.mark.parametrize("before", [[], ["POST", "DELETE"]])
def test_a_session_whose_opening_was_recorded_without_its_body_is_the_bearers_own(before: list[str]) -> None:
    """The first session that it asks about is the one; closing it closes it."""
    recorder = Recorder()
    if before:
        recorder.note("POST", BASE, token(), None, 201, {"sessionId": "s0"})
        recorder.note("DELETE", f"{BASE}/s0", token(), None, 204, None)
    recorder.note("POST", BASE, token(), None, 201, None)["response"]["content"] = {}
    recorder.note("GET", f"{BASE}/s1", token(), None, 200, {"open": True})
    recorder.note("DELETE", f"{BASE}/s1", token(), None, 204, None)
    recorder.note("GET", f"{BASE}/current", token(), None, 200, {"open": False})
    result, har = judged(recorder.har())
    assert (result.broken, har.left_out, result.calls) == ([], {}, 4 + len(before))


def test_a_list_of_sessions_makes_none() -> None:
    """A session that somebody asks about who has none is another's."""
    recorder = Recorder()
    recorder.note("GET", BASE, token(), None, 200, {"sessions": []})
    recorder.note("GET", f"{BASE}/s9", token(), None, 200, {"open": True})
    result, har = judged(recorder.har())
    assert (result.broken, har.left_out) == ([], {"about a session that is not the bearer's own": 1})


def test_no_token_is_ever_shown() -> None:
    """Clients are named by external ID, or by number."""
    recorder = Recorder()
    bearers = [token(), token(None), token("ana", jti="2"), "opaque"]
    for bearer in bearers:
        recorder.note("GET", f"{BASE}/current", bearer, None, 200, {"open": True})
    _, har = judged(recorder.har())
    assert list(har.recordings[0].clients) == ["ana", "token 2", "ana (2)", "token 4"]
    assert not any(bearer in repr(har.recordings) for bearer in bearers)


def test_a_recording_without_its_authorization_headers_cannot_be_judged() -> None:
    """Nobody could tell who asked, and all would look as if asked without a token."""
    recorder = Recorder()
    recorder.note("POST", BASE, None, None, 201, {"sessionId": "s"})
    with pytest.raises(ValueError, match=r"x\.har: no request has an Authorization header.*sensitive data"):
        read_har(recorder.har(), "x.har", MACHINE)


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (lambda entry: entry.pop("request"), "'request' is a required property"),
        (lambda entry: entry["request"].pop("url"), "'url' is a required property"),
        (lambda entry: entry["response"].pop("status"), "'status' is a required property"),
        (lambda entry: entry.update(startedDateTime="yesterday"), "yesterday"),
        (lambda entry: entry.update(time="long"), "time is no number or null"),
        (lambda entry: entry["request"].update(headers=3), "request.headers is no array"),
        (lambda entry: entry["request"].update(headers={"Authorization": "secret"}), "request.headers is no array"),
        (lambda entry: entry["request"].update(url=5), "request.url is no string"),
        (lambda entry: entry.update(response=None), "response is no object"),
        (lambda entry: entry["response"].update(status=None), "response.status is no integer"),
    ],
)
def test_an_entry_that_cannot_be_read_is_named(break_it: Callable[[Json], Any], words: str) -> None:
    """By its number, with what is wrong with it."""
    recorder = Recorder()
    recorder.note("GET", f"{BASE}/current", token(), None, 200, {"open": False})
    break_it(recorder.note("GET", f"{BASE}/current", token(), None, 200, {"open": False}))
    with pytest.raises(ValueError, match=r"x\.har: entry 2: .*HAR 1\.2") as raised:
        read_har(recorder.har(), "x.har", MACHINE)
    assert words in str(raised.value) and "secret" not in str(raised.value)


def test_a_har_file_is_told_from_other_json() -> None:
    """By `log.entries`."""
    assert is_har({"log": {"entries": []}})
    others: list[Any] = [[], {}, {"log": []}, {"log": "x"}, {"clients": {}}, 3]
    assert not any(is_har(value) for value in others)
    with pytest.raises(ValueError, match="not a list"):
        read_har({"log": {"entries": 3}}, "x.har", MACHINE)
