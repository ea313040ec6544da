"""The control plane under everybody's mistakes: refused plainly, by the field, with nothing changed and nothing in the log."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openfirst_reference.contract.load import load_contract
from openfirst_simulator import Request, Simulator, World
from openfirst_simulator.control import CONTROL_ROUTES, FILTERS, REPORTS, ControlRoute
from openfirst_simulator.endpoints import REST_ENDPOINTS, everywhere
from openfirst_simulator.exports import TYPES
from openfirst_simulator.faults import KINDS, NAMES, OWN, RECIPES, WITH_SECONDS, kinds_for
from openfirst_simulator.pipeline import SHOWN
from openfirst_simulator.records import Client
from tests.simulator.conftest import START, Answer, Api, control_description
from tests.tracked import ROOT

WORLDS = "/_openfirst/worlds"
CONTROL = control_description()


class Plane:
    """The control plane of a simulator that does not listen. Beside the world that is played with there is a neighbour."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self._runner = runner
        self.simulator = Simulator(load_contract())
        self.neighbour = self.simulator.world("neighbour", frozen_at=START)
        self.session = self._in_session(self.neighbour)
        self.neighbour.fail(kind="delay", seconds=1)
        self.world = self.fresh()

    def fresh(self) -> World:
        """A world `mine`, with a session, a fault, and an entry in its journal; the neighbour is the only one beside it."""
        for world in self.simulator.worlds:
            if world.name not in ("default", "neighbour"):
                self.simulator.drop(world.name)
        self.world = self.simulator.world("mine", frozen_at=START)
        self._in_session(self.world)
        self.world.fail(kind="lost", operation="close")
        return self.world

    def ask(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        query: str = "",
        *,
        host: str | None = None,
        token: str | None = None,
    ) -> Answer:
        headers = {} if host is None else {"Host": host}
        headers |= {} if token is None else {"Authorization": f"Bearer {token}"}
        answer = self._runner.run(self.simulator.answer(Request(method, path, headers, body, query)))
        text = answer.content.decode()
        is_json = (answer.content_type or "").endswith("json")
        value = json.loads(text, parse_constant=_refuse) if is_json else text or None
        return Answer(answer.status, value, answer.headers, answer.content_type or "")

    def send(self, route: ControlRoute, path: str, fields: dict[str, Any]) -> Answer:
        """Fields in the place where the route takes them, and the answer held against the description."""
        if route.place == "query":
            answer = self.ask(route.method, path, query=urlencode(fields))
        else:
            answer = self.ask(route.method, path, json.dumps(fields).encode())
        CONTROL.check(route.method, path, answer)
        assert answer.status < 500, answer.body
        return answer

    def untouched(self) -> Any:
        """All that there is to see of the neighbour."""
        return self.neighbour.snapshot(), self.neighbour.journal.last, self.neighbour.requests

    def _in_session(self, world: World) -> str:
        headers = {"Authorization": f"Bearer {world.token('ana')}"}
        answer = self._runner.run(self.simulator.answer(Request("POST", "/v1/sessions", headers)))
        return str(json.loads(answer.content)["sessionId"])


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


@pytest.fixture(scope="module")
def plane() -> Iterator[Plane]:
    with asyncio.Runner() as runner:
        yield Plane(runner)


def at(route: ControlRoute, world: str = "mine", identifier: str = "x") -> str:
    return route.path.format(world=quote(world, safe=""), id=quote(identifier, safe=""), file="index.html")


def route(method: str, end: str) -> ControlRoute:
    return next(each for each in CONTROL_ROUTES if each.method == method and each.path.endswith(end))


# One of mind with the code --------------------------------------------------------------------------------------------


def test_every_route_is_described_and_nothing_else() -> None:
    described = {
        (method.upper(), path)
        for path, item in CONTROL.document["paths"].items()
        for method in item
        if method != "parameters"
    }
    routes = {(each.method, each.path) for each in CONTROL_ROUTES}
    assert described == routes | {("GET", path) for path in SHOWN}


@pytest.mark.parametrize("route", CONTROL_ROUTES, ids=lambda each: f"{each.method} {each.path}")
def test_a_route_takes_and_gives_what_is_described(route: ControlRoute) -> None:
    if route.fields is not None:
        assert CONTROL.takes(route.method, route.path).keys() == set(route.fields)
    found = CONTROL.operation(route.method, route.path)
    assert found is not None
    assert {status for status in found[1]["responses"] if status < "4"} == {str(route.status)}


def test_kinds_of_faults_fields_and_recipes_are_those_of_the_code() -> None:
    schemas = CONTROL.document["components"]["schemas"]
    assert {each["const"]: each["description"] for each in schemas["FaultKind"]["oneOf"]} == KINDS
    assert schemas["Fault"]["properties"].keys() == set(NAMES.values())
    assert {each["const"] for each in schemas["Recipe"]["properties"]["recipe"]["oneOf"]} == RECIPES.keys()


def test_the_faults_in_the_docs_are_those_of_the_code() -> None:
    docs = (ROOT / "docs" / "simulator.md").read_text(encoding="utf-8")
    assert (
        dict(
            re.findall(
                r"^\| `([\w-]+)` \| (.*) \|$",
                docs.partition("<!-- the faults")[2].partition("<!-- end")[0],
                re.MULTILINE,
            )
        )
        == KINDS
    )
    for each in CONTROL_ROUTES:
        shown = each.path.replace("/_openfirst/worlds/{world}/", "…/")
        assert f"`{each.method} {shown}" in docs or shown == each.path, each.path


def test_what_can_be_asked_for_is_what_the_session_and_the_rest_interface_have(api: Api) -> None:
    schemas = CONTROL.document["components"]["schemas"]
    named, moves = schemas["OperationName"]["enum"], schemas["EntryName"]["anyOf"][1]["enum"]
    there = {
        entry["operationId"]
        for item in api._description.document["paths"].values()
        for entry in item.values()
        if isinstance(entry, dict)
    }
    assert set(named) == there | REST_ENDPOINTS.keys()
    assert {*named, *moves} == api.world.operations
    for formats, name in ((TYPES, "readJournal"), (REPORTS, "showReport")):
        stated = next(
            each["schema"]["enum"]
            for item in CONTROL.document["paths"].values()
            if item.get("get", {}).get("operationId") == name
            for each in item["get"]["parameters"]
            if each.get("name") == "format"
        )
        assert set(stated) == set(formats)


def test_examples_are_what_they_are_examples_of() -> None:
    seen = 0
    for path, item in CONTROL.document["paths"].items():
        for method in item.keys() & {"post", "put"}:
            for media in item[method].get("requestBody", {}).get("content", {}).values():
                if "example" in media:
                    seen += 1
                    assert CONTROL.is_described(method.upper(), path, media["example"]), path
    assert seen > 5


# What is accepted is what is described, and nothing else ----------------------------------------------------------------

TEXTS = ["", "x", "/v1/sessions", "*x", "open", "isOpen", "opne", "GET", "get", "lost"]
ODDITIES: list[Any] = [None, -1, 0, 1, 0.5, 1.0, 10**400, True, False, *TEXTS, [], {}, [1]]
ODD: st.SearchStrategy[Any] = st.sampled_from(ODDITIES)
KIND = st.one_of(st.sampled_from([*KINDS] * 2), ODD)
SECONDS = [0, 0.5, 86_400, 86_401]
COUNTS = [0, 1, 2.0, -1]
FITTING: dict[str, list[Any]] = {
    "operation": ["open", "use", "opne"],
    "method": ["GET", "get"],
    "path": ["/v1/*", "*", "v1"],
    "externalId": ["", "ana"],
    "after": COUNTS,
    "times": COUNTS,
    "probability": [0, 0.5, 1, 1.5],
    "since": COUNTS,
    "until": [START + 1, START + 5.5, 253_402_300_799, 253_402_300_800],
    "seconds": SECONDS,
    "status": [399, 400, 599, 600],
    "retryAfter": [0, 1.0, 1.5, 86_400, 86_401],
    "field": ["", "open"],
    "code": ["", "not-found"],
    "session": ["", "x"],
    "fault": ["", "x"],
    "atLeast": COUNTS,
    "atMost": COUNTS,
}


def fields(names: Iterable[str], **better: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A few of these fields with values about the bounds of what fits, and now and then anything."""
    values = {name: better.get(name, st.sampled_from(FITTING.get(name, ODDITIES))) for name in (*names, "odd")}
    several = st.sets(st.sampled_from([*values] * 2), max_size=3).flatmap(
        lambda chosen: st.fixed_dictionaries({name: values[name] for name in sorted(chosen)})
    )
    one = st.sampled_from(["", "", *names])
    return st.builds(lambda given, name, odd: given | ({name: odd} if name else {}), several, one, ODD)


@st.composite
def faults(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(KIND)
    mine = [name for name, kinds in OWN.items() if isinstance(kind, str) and kind in kinds]
    needed = {name: draw(st.sampled_from(FITTING[name])) for name in mine if name != "retryAfter"}
    more = draw(fields([name for name in NAMES.values() if name != "kind" and (name in mine or name not in OWN)]))
    return {**needed, **more, "kind": kind}


FAULTS = faults()
QUESTIONS = fields(("operation", "status", "code", "externalId", "session", "fault", "since", "atLeast", "atMost"))


def test_a_field_is_taken_if_and_only_if_it_is_described(plane: Plane) -> None:
    taken = set()
    for asked, names in ((route("POST", "/faults"), NAMES.values()), (route("POST", "/verify"), FILTERS)):
        for name in names:
            kind = OWN.get(name, ("lost",))[0]
            other = {"seconds": 1} if kind in WITH_SECONDS else {}
            base = {**other, "kind": kind} if asked.path.endswith("/faults") else {}
            here = [session.id for session in plane.world.sessions] if name == "session" else []
            for value in (*here, *FITTING.get(name, ()), *ODDITIES):
                sent = {**base, name: value}
                if (
                    (name == "row" and value)
                    or (name == "until" and type(value) in (int, float) and 0 <= value <= START)
                    or (asked.path.endswith("/faults") and is_elsewhere(plane, sent))
                ):
                    continue  # What there is here, and what is over, no description knows.
                answer = plane.send(asked, at(asked), sent)
                assert (answer.status < 400) == CONTROL.is_described("POST", asked.path, sent), (sent, answer.body)
                taken |= {(asked.path, name)} if answer.status < 400 else set()
                plane.world.heal()
    assert len(taken) == len(NAMES) + len(FILTERS)


def is_elsewhere(plane: Plane, fault: dict[str, Any]) -> bool:
    """Whether a fault is for a session that is not open here."""
    session = fault.get("session")
    return isinstance(session, str) and all(session != each.id for each in plane.world.sessions)


def strikes(fault: dict[str, Any]) -> bool:
    """Whether there is a request that a fault could strike."""
    return any(
        fault.get("operation") in (None, each.name)
        and fault.get("method") in (None, each.method)
        and fnmatchcase(re.sub(r"\{[^}]*\}", "x", each.path), fault.get("path") or "*")
        and ((fault.get("externalId"), fault.get("session")) == (None, None) or each.operation is not None)
        and fault.get("kind") in kinds_for(each, load_contract())
        for each in everywhere().values()
    )


@given(fault=FAULTS)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_fault_is_taken_if_and_only_if_it_is_described(plane: Plane, fault: dict[str, Any]) -> None:
    since, until = fault.get("since"), fault.get("until")
    nowhere = isinstance(since, int | float) and isinstance(until, int | float) and until <= since
    over = isinstance(until, int | float) and until <= plane.world.clock.now()
    post = route("POST", "/faults")
    answer = plane.send(post, at(post), fault)
    described = CONTROL.is_described("POST", post.path, fault)
    assert (answer.status == 201) == (
        described and not nowhere and not over and strikes(fault) and not is_elsewhere(plane, fault)
    ), answer.body
    plane.world.heal()


@given(question=QUESTIONS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_question_is_taken_if_and_only_if_it_is_described(plane: Plane, question: dict[str, Any]) -> None:
    post = route("POST", "/verify")
    answer = plane.send(post, at(post), question)
    least = question.get("atLeast")
    none_between = (
        question.get("atMost") is not None and question["atMost"] < (0 if least is None else least)
        if CONTROL.is_described("POST", post.path, question)
        else False
    )
    assert (answer.status == 200) == (CONTROL.is_described("POST", post.path, question) and not none_between), (
        answer.body
    )


@given(sent=st.one_of(fields(("scale",)), st.builds(lambda scale: {"scale": scale}, ODD)))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_speed_is_taken_if_and_only_if_it_is_described(plane: Plane, sent: dict[str, Any]) -> None:
    put = route("PUT", "/clock")
    answer = plane.send(put, at(put), sent)
    assert (answer.status == 200) == CONTROL.is_described("PUT", put.path, sent), answer.body
    plane.world.clock.freeze()


@given(
    sent=fields(
        ("milliseconds", "to", "next"),
        to=st.sampled_from([None, 9e9, "x", [], True]),
        next=st.sampled_from([True, False, None, 1]),
    )
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_time_moves_if_and_only_if_it_is_described(plane: Plane, sent: dict[str, Any]) -> None:
    post = route("POST", "/advance")
    plane.fresh()
    answer = plane.send(post, at(post), sent)
    if sent.get("next") is False:
        sent = {name: value for name, value in sent.items() if name != "next"}
    instants = [sent.get("to"), sent.get("milliseconds")]
    over = any(isinstance(each, int) and each > 10**300 for each in instants) or (
        isinstance(sent.get("to"), int | float) and sent["to"] < START
    )
    assert (answer.status == 200) == (CONTROL.is_described("POST", post.path, sent) and not over), answer.body


# Anything at all ------------------------------------------------------------------------------------------------------

JSON: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.integers(10**300, 10**310),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
    max_leaves=5,
)


@st.composite
def requests(draw: st.DrawFn) -> tuple[ControlRoute, str, bytes, str]:
    """A request to some route: with fields that it has or has not, in the place where they belong or another one."""
    asked = draw(st.sampled_from(CONTROL_ROUTES))
    world = draw(st.sampled_from(["mine", "mine", "mine", "nowhere", "\x00", "ü", "a b"]))
    path = at(asked, world, draw(st.sampled_from(["x", "%", "\x00", "é" * 40])))
    names = st.sampled_from([*(asked.fields or ()), "self", "name", "kind", ""])
    body = draw(st.one_of(st.just({}), st.dictionaries(names, st.one_of(ODD, JSON), max_size=4), JSON))
    query = (
        draw(st.dictionaries(names, st.one_of(st.sampled_from(TEXTS), st.text(max_size=4)), max_size=3))
        if draw(st.booleans())
        else {}
    )
    if asked.path.endswith("/wait"):
        query["seconds"] = draw(st.sampled_from(["0", "-1", "31", "x"]))
    raw = draw(st.one_of(st.just(json.dumps(body).encode()), st.just(json.dumps(body).encode()), st.binary(max_size=9)))
    return asked, path, raw, urlencode(query) + draw(st.sampled_from(["", "&%ff=1", "&status=1&status=2"]))


@given(sent=requests())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_sent_is_answered_as_described_and_touches_nobody_else(
    plane: Plane, caplog: pytest.LogCaptureFixture, sent: tuple[ControlRoute, str, bytes, str]
) -> None:
    asked, path, body, query = sent
    plane.fresh()
    before = plane.untouched()
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        answer = plane.ask(asked.method, path, body, query)
    CONTROL.check(asked.method, path, answer)
    assert answer.status < 500
    assert caplog.records == []
    assert plane.untouched() == before
    if answer.status >= 400:
        assert answer.content_type == "application/problem+json"
        assert re.search(r"[.?]$", answer.detail), answer.detail
        assert len(answer.detail) < 1_500


@given(change=st.data())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_document_that_was_tampered_with_is_refused_or_works(
    plane: Plane, caplog: pytest.LogCaptureFixture, change: st.DataObject
) -> None:
    caplog.clear()
    token = plane.fresh().token("ana")
    document = json.loads(json.dumps(plane.world.snapshot()))
    place: Any = document
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = change.draw(st.sampled_from(keys))
        if not (isinstance(place[key], dict | list) and place[key]) or change.draw(st.integers(0, 4)) == 0:
            break
        place = place[key]
    if change.draw(st.booleans()):
        del place[key]
    else:
        place[key] = change.draw(ODD)
    with caplog.at_level(logging.WARNING):
        put = plane.ask("PUT", f"{WORLDS}/mine/snapshot", json.dumps(document).encode())
        assert put.status in (204, 400), put.body
        for asked in CONTROL_ROUTES:
            if asked.method == "GET" and not asked.path.endswith("/wait"):
                path = at(asked, identifier=next((each.id for each in plane.world.records.newest(Client)), "x"))
                answer = plane.ask("GET", path)
                CONTROL.check("GET", path, answer)
                there = (200, 308, 404) if "/clients/x" in path or "/sessions/" in path else (200, 308)
                assert answer.status in there, (path, answer.body)
        for method, path in (
            ("GET", "/current"),
            ("GET", "/current/participant"),
            ("DELETE", "/current"),
            ("POST", ""),
        ):
            answer = plane.ask(method, f"/w/mine/v1/sessions{path}", token=token)
            assert answer.status < 500, (method, path, answer.body)
        assert plane.ask("POST", f"{WORLDS}/mine/clock/advance", b'{"milliseconds": 1e9}').status == 200
    assert caplog.records == []


@pytest.mark.parametrize(
    ("place", "value", "found"),
    [
        (("series", 0, "id"), "x", "not one series of IDs"),
        (("tokens", 0, "condition"), "x", "`x` is not a value of"),
        (("tokens", 0, "claims", "kind"), "x", "`x` is not a value of"),
        (("tokens", 0, "claims", "issued"), 9e9, "ends before it begins"),
        (("clients", 0, "previous"), ["x"], "shorter"),
        (("clients", 0, "token"), "x", "has a token that is not there"),
        (("clients", 0, "app"), "x", "is of an application that is not there"),
        (("tokens", 0, "client"), None, "has a token that is another client's"),
    ],
)
def test_a_document_of_a_world_that_cannot_be_is_refused(
    plane: Plane, place: tuple[Any, ...], value: Any, found: str
) -> None:
    document = json.loads(json.dumps(plane.fresh().snapshot()))
    here = document["records"]
    for part in place[:-1]:
        here = here[part]
    here[place[-1]] = value
    put = plane.ask("PUT", f"{WORLDS}/mine/snapshot", json.dumps(document).encode())
    assert put.outcome == (400, "invalid-request")
    assert found in put.detail


def test_a_document_with_two_records_of_one_id_is_refused(plane: Plane) -> None:
    document = json.loads(json.dumps(plane.fresh().snapshot()))
    document["records"]["clients"] *= 2
    put = plane.ask("PUT", f"{WORLDS}/mine/snapshot", json.dumps(document).encode())
    assert put.outcome == (400, "invalid-request")
    assert "of clients, 2 have the ID" in put.detail


# Single mistakes, and what is said of them ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "end", "body", "query", "found"),
    [
        (
            "POST",
            "/worlds",
            '{"nam": "x"}',
            "",
            "not known: `nam`. Did you mean `name`? Known: name, choices, seed, scale.",
        ),
        ("POST", "/worlds", '{"name": ""}', "", "`` cannot be a world's name"),
        ("POST", "/worlds", "{}", "name=x", "The query has `name`. Send it as a JSON object in the body."),
        ("POST", "/worlds", '{"choices": {"x": [1]}}', "", "The choice `x` is a list. Send a text."),
        ("POST", "/faults", '{"kind": []}', "", "`kind` of a fault is a list."),
        ("POST", "/faults", '{"kind": "lost", "self": 1}', "", "not known: `self`"),
        ("POST", "/faults", '{"kind": "lost", "times": "x"}', "", "`times` is a text. Give a whole number."),
        (
            "POST",
            "/faults",
            '{"kind": "lost", "status": 500}',
            "",
            "`status` says nothing of a fault of the kind `lost`",
        ),
        ("POST", "/faults", '{"kind": "lost", "since": 1e999}', "", "a number that there is not"),
        ("POST", "/faults", '{"kind": "lost", "operation": "opne"}', "", "Did you mean `open`?"),
        ("POST", "/faults", '{"kind": "lost", "method": "get"}', "", "Give one of: DELETE, GET, PATCH, POST, PUT."),
        ("POST", "/faults", '{"kind": "lost", "path": "v1"}', "", "every path begins with a slash"),
        ("POST", "/faults", '{"kind": "lost", "since": 9, "until": 5}', "", "there is no time between"),
        ("POST", "/faults", f'{{"kind": "lost", "times": -{"1" * 999}}}', "", "`times` is a number of 1,000 digits."),
        ("POST", "/verify", '{"operation": "opne", "atMost": 0}', "", "Did you mean `open`?"),
        ("POST", "/verify", '{"row": "opne"}', "", "the contract has no such row"),
        ("POST", "/verify", '{"atLeast": 2, "atMost": 1}', "", "At least 2 and at most 1: no number is both."),
        ("POST", "/verify", '{"status": -1}', "", "`status` is -1. Send a whole number, 0 or more."),
        ("POST", "/verify", '{"code": ""}', "", "`code` is empty"),
        ("GET", "/journal", "", "status=-1", "`status` is -1. Send a whole number, 0 or more."),
        ("GET", "/journal", "", "status=1.5", "`status` is the text `1.5`. Send a whole number, 0 or more."),
        ("GET", "/journal", "", "status=200&status=201", "The query has `status` twice. Send it once."),
        ("GET", "/journal", "", "code=%ff", "The query is not UTF-8"),
        ("GET", "/journal", '{"status": 200}', "", "The body has `status`. Send it behind a question mark in the URL."),
        ("GET", "/wait", "", "seconds=31", "`seconds` is 31. Send 30 at most."),
        ("POST", "/revoke", '{"token": ""}', "", "`token` cannot be used: "),
        (
            "POST",
            "/tokens",
            f'{{"expiresIn": {"9" * 400}}}',
            "",
            "`expiresIn` is a number of 400 digits. Send 315,360,000",
        ),
        ("PUT", "/choices", f'{{"{"x" * 999}": "y"}}', "", f"`{'x' * 80}` is not a choice"),
    ],
)
def test_a_mistake_is_told_with_its_field_and_what_to_send(
    plane: Plane, method: str, end: str, body: str, query: str, found: str
) -> None:
    answer = plane.ask(method, at(route(method, end)), body.encode(), query)
    assert answer.outcome == (400, "invalid-request")
    assert found in answer.detail


def test_time_does_not_go_to_what_would_come_after_the_last_date(plane: Plane) -> None:
    world = plane.fresh()
    world.clock.run(1)
    world.clock.advance_to(253_402_300_799 - 2 * 3600)
    plane._in_session(world)
    world.clock.advance_to(253_402_300_799)  # The token is past its time, and would be forgotten a day later.
    due = world.clock.next_due
    assert plane.ask("POST", f"{WORLDS}/mine/clock/advance", b'{"next": true}').status == 400
    assert world.clock.next_due == due


# To read --------------------------------------------------------------------------------------------------------------


def test_pages_are_not_for_others(plane: Plane) -> None:
    for path in SHOWN:
        expected = 403 if path.startswith("/_openfirst/") else 200
        assert plane.ask("GET", path, host="evil.example").status == expected
        assert plane.ask("GET", path, host="localhost:1").status == 200


def test_who_gets_lost_is_told_where_to_read(plane: Plane) -> None:
    answer = plane.ask("GET", "/")
    assert answer.status == 404
    assert "GET /openapi.yaml, /rest.yaml and /_openfirst/" in answer.detail


def test_the_journal_is_as_described_where_a_stream_is_in_it(api: Api, simulator: Simulator) -> None:
    token = api.world.token("ana")
    api.opened(token)
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
    api.run(simulator.answer(Request("GET", f"/w/{api.world.name}/v1/sessions/current/events", headers)))
    shown = api.ask("GET", f"/_openfirst/worlds/{api.world.name}/journal", base=api.world.url.partition("/w/")[0])
    assert shown.body["entries"][-1]["answer"]["delivery"] == "stream"
