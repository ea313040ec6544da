"""The monitor: which conferences there were, and who was in them, in pages."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.simulator.rest import MS, Application

CONFERENCES = "/v1/monitor/conferences"


@pytest.fixture
def app() -> Application:
    return Application()


def listed(app: Application, **query: Any) -> list[str]:
    return [each["alias"] for each in app.got("GET", CONFERENCES, **query)["conferences"]]


def test_of_a_conference_that_goes_on_a_part_is_shown(app: Application) -> None:
    identifier = app.conference(parameters={"dolbyVoice": False})
    app.there(identifier, "ben")
    [shown] = app.got("GET", CONFERENCES)["conferences"]
    owner = shown.pop("owner")
    assert shown == {
        "confId": identifier,
        "alias": "rehearsal",
        "region": "us",
        "dolbyVoice": False,
        "start": MS,
        "live": True,
    }
    assert owner["metadata"] == {"externalId": "ana"}
    assert app.got("GET", f"{CONFERENCES}/{identifier}") == {**shown, "owner": owner}


def test_live_statistics_are_of_those_who_are_there(app: Application) -> None:
    identifier = app.conference()
    ben, _ = app.there(identifier, "ben", "cleo")
    app.join(app.person("dora"), identifier, how="listen")
    app.use(ben, "conference/leave")
    for flag in ("true", "True"):  # Node writes the one, and Python the other.
        shown = app.got("GET", f"{CONFERENCES}/{identifier}", livestats=flag)
        assert (shown["nbUsers"], shown["nbListeners"], shown["nbPstn"]) == (1, 1, 0)
    assert "nbUsers" not in app.got("GET", f"{CONFERENCES}/{identifier}", livestats="False")


def test_a_conference_that_has_ended_is_shown_whole(app: Application) -> None:
    identifier = app.conference()
    ana, ben = app.there(identifier, "ana", "ben")
    app.world.clock.advance(10)
    app.use(ben, "conference/leave")
    app.join(app.person("cleo"), identifier, how="listen")
    app.world.clock.advance(20)
    app.join(ben, identifier)
    app.world.clock.advance(5)
    app.rest("DELETE", f"/v2/conferences/{identifier}")
    shown = app.got("GET", f"{CONFERENCES}/{identifier}")
    assert shown["owner"]["metadata"]["externalName"] == "Ana"
    assert shown["owner"]["userId"] == app.participant(ana).body["id"]
    assert (shown["live"], shown["end"], shown["duration"], shown["type"]) == (False, MS + 35_000, 35_000, "SDK_CONF")
    # Ana was there for 35 seconds, Ben for 10 and 5, Cleo for 25.
    assert shown["presenceDuration"] == 75_000
    assert (shown["nbUsers"], shown["nbListeners"], shown["nbPstn"]) == (2, 1, 0)
    at_once = {"maxParticipants": {"USER": 2, "LISTENER": 1, "MIXER": 0, "PSTN": 0}, "network": {}}
    assert shown["statistics"] == app.got("GET", f"{CONFERENCES}/{identifier}/statistics") == at_once
    assert shown["streamingAPIUsage"] == {"publishes": 0, "publishDurationSec": 0}


def test_one_who_leaves_as_another_comes_is_not_there_at_once(app: Application) -> None:
    identifier = app.conference()
    [ana] = app.there(identifier, "ana")
    app.world.clock.advance(1)
    app.use(ana, "conference/leave")
    app.there(identifier, "ben")
    app.world.clock.advance(1)
    app.rest("DELETE", f"/v2/conferences/{identifier}")
    assert app.got("GET", f"{CONFERENCES}/{identifier}/statistics")["maxParticipants"]["USER"] == 1


def test_there_are_no_statistics_before_the_end(app: Application) -> None:
    identifier = app.conference()
    assert app.rest("GET", f"{CONFERENCES}/{identifier}/statistics").status == 404
    assert app.rest("GET", f"{CONFERENCES}/nowhere").status == 404


def test_conferences_are_listed_by_when_they_began_in_pages(app: Application) -> None:
    for number in range(5):
        app.conference(f"c{number}")
        app.world.clock.advance(number % 2)
    assert listed(app) == ["c0", "c1", "c2", "c3", "c4"]
    seen: list[str] = []
    start: dict[str, Any] = {}
    for expected in (2, 2, 1):
        page = app.got("GET", CONFERENCES, max=2, **start)
        assert len(page["conferences"]) == expected
        seen += [each["alias"] for each in page["conferences"]]
        start = {"start": page.get("next")}
    assert seen == ["c0", "c1", "c2", "c3", "c4"]
    assert start == {"start": None}
    assert listed(app, max=2, start=page["first"]) == ["c0", "c1"]
    # The full last page is the last one.
    assert "next" not in app.got("GET", CONFERENCES, max=5)


def test_a_page_goes_on_where_the_one_before_ended_whatever_came_or_went(app: Application) -> None:
    first = app.conference("first", parameters={"ttl": 0})
    app.world.clock.advance(1)
    page = app.got("GET", CONFERENCES, max=1)
    app.conference("second")
    assert "next" not in page
    page = app.got("GET", CONFERENCES, max=1)
    app.conference("third")
    app.api = app.api_token(expires_in=86_400)
    assert listed(app, start=page["next"]) == ["second", "third"]
    app.world.clock.advance(86_399)  # The first one is forgotten.
    app.api = app.api_token()
    assert app.rest("GET", f"{CONFERENCES}/{first}").status == 404
    assert listed(app, start=page["next"]) == ["second", "third"]


def test_conferences_are_filtered(app: Application) -> None:
    one = app.conference("rehearsal-2019")
    app.world.clock.advance(10)
    app.conference("rehearsal-2020", ownerExternalId="ben")
    app.rest("DELETE", f"/v2/conferences/{one}")
    assert listed(app, active="True") == ["rehearsal-2020"]
    assert listed(app, active="false") == ["rehearsal-2019", "rehearsal-2020"]
    assert listed(app, exid="ana") == ["rehearsal-2019"]
    assert listed(app, **{"from": MS + 1}) == ["rehearsal-2020"]
    assert listed(app, to=MS) == ["rehearsal-2019"]
    assert listed(app, **{"from": MS, "to": MS + 10_000}) == ["rehearsal-2019", "rehearsal-2020"]


@pytest.mark.parametrize(
    ("alias", "found"),
    [
        ("foobar", ["foobar"]),
        (".*foobar", ["foobar", "a foobar"]),
        ("foobar.*", ["foobar", "foobar 2019"]),
        (".*foobar.*", ["foobar", "a foobar", "foobar 2019"]),
        (".*2019.*|.*2020.*", ["foobar 2019"]),
        ("foobar|concert", ["foobar"]),
        ("FOOBAR", []),
    ],
)
def test_an_alias_is_sought_by_a_regular_expression(app: Application, alias: str, found: list[str]) -> None:
    """The examples are those of the Python client's documentation."""
    for each in ("foobar", "a foobar", "foobar 2019"):
        app.conference(each)
    assert listed(app, alias=alias) == found


def test_no_expression_takes_long(app: Application) -> None:
    app.conference("a" * 249 + "!")
    began = time.perf_counter()
    assert listed(app, alias="(a+)+(a+)+b") == []
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("from", "x"), ("to", "-1"), ("max", "0"), ("max", "1.5"), ("from", "9" * 16)),
        *(
            ("active", "yes"),
            ("livestats", "1"),
            ("start", "nowhere"),
            ("start", "W10="),
            ("alias", "("),
            ("alias", "x" * 1001),
        ),
    ],
)
def test_a_question_that_cannot_be_is_named(app: Application, name: str, value: str) -> None:
    came = app.rest("GET", CONFERENCES, **{name: value})
    assert came.outcome == (400, "invalid-request")
    assert f"`{name}`" in came.body["error_description"]


def test_what_nobody_knows_is_let_be(app: Application) -> None:
    assert listed(app, colour="red") == []
    assert app.rest("GET", CONFERENCES, max="", start="", alias="", **{"from": ""}).status == 200


# Who was there ----------------------------------------------------------------------------------------------


def test_who_was_there_is_shown_by_each_visit(app: Application) -> None:
    identifier = app.conference()
    [ben] = app.there(identifier, "ben")
    app.world.clock.advance(4)
    app.use(ben, "conference/leave")
    app.world.clock.advance(1)
    app.join(ben, identifier)
    app.world.clock.advance(2)
    mine = app.participant(ben).body["id"]
    answer = app.got("GET", f"{CONFERENCES}/{identifier}/participants")
    known = {"externalName": "Ben", "externalId": "ben", "ipAddress": "127.0.0.1"}
    visits = [
        {"type": "USER", "start": MS, "end": MS + 4_000, "duration": 4_000, "reason": "hangUp", "metadata": known},
        {"type": "USER", "start": MS + 5_000, "duration": 2_000, "metadata": known},
    ]
    assert answer["participants"] == {mine: {"connections": visits, "stats": {}}}
    for wanted in (mine, "ben"):
        one = app.got("GET", f"{CONFERENCES}/{identifier}/participants/{wanted}")
        assert one["participants"] == answer["participants"]
        assert one[wanted] == answer["participants"][mine]
    assert app.rest("GET", f"{CONFERENCES}/{identifier}/participants/zoe").status == 404


def test_who_was_there_is_listed_in_pages_and_by_type(app: Application) -> None:
    identifier = app.conference()
    app.there(identifier, "ana", "ben")
    app.world.clock.advance(1)
    app.join(app.person("cleo"), identifier, how="listen")
    path = f"{CONFERENCES}/{identifier}/participants"

    def names(**query: Any) -> list[str]:
        return [
            one["connections"][0]["metadata"]["externalId"]
            for one in app.got("GET", path, **query)["participants"].values()
        ]

    assert names() == ["ana", "ben", "cleo"]
    assert names(max=2) == ["ana", "ben"]
    assert names(max=2, start=app.got("GET", path, max=2)["next"]) == ["cleo"]
    assert names(type="user") == ["ana", "ben"]
    assert names(type="listener") == ["cleo"]
    assert names(type="pstn") == []
    assert names(**{"from": MS + 1}) == ["cleo"]
    for wrong in ("robot", "USER"):
        refused = app.rest("GET", path, type=wrong)
        assert (refused.status, f"`type` is `{wrong}`. Send user, listener, pstn, mixer." in str(refused.body)) == (
            400,
            True,
        )
