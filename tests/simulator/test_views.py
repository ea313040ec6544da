"""What the control plane shows to somebody who looks on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from openfirst_reference.contract.load import load_contract
from openfirst_reference.show.contract_pages import diagram
from openfirst_simulator import Request, Simulator, dashboard
from openfirst_simulator.control import LARGEST_PAGE
from openfirst_simulator.faults import KINDS, NAMES, NEEDED, OWN, RECIPES, fault_of
from openfirst_simulator.worlds import REST
from tests.simulator.conftest import START, Answer, control_description

CONTRACT = load_contract()


class Watched:
    """A world in which time stands still, somebody who acts in it, and somebody who looks on."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self._runner = runner
        self.simulator = Simulator(CONTRACT)
        self.world = self.simulator.world("here", frozen_at=START)

    def ask(self, method: str, path: str, token: str | None = None, body: Any = None, query: str = "") -> Answer:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        content = b"" if body is None else json.dumps(body).encode()
        came = self._runner.run(self.simulator.answer(Request(method, path, headers, content, query)))
        is_json = (came.content_type or "").endswith("json")
        text = came.content.decode()
        answer = Answer(
            came.status, json.loads(text) if is_json else text or None, came.headers, came.content_type or ""
        )
        if path.startswith("/_openfirst/"):
            control_description().check(method, path, answer)
        return answer

    def look(self, what: str, query: str = "") -> Any:
        answer = self.ask("GET", f"/_openfirst/worlds/here/{what}", query=query)
        assert answer.status == 200, answer.body
        return answer.body

    def opened(self, external_id: str | None, **info: Any) -> str:
        """The token of somebody whose session is opened."""
        token = self.world.token(external_id)
        assert self.ask("POST", "/v1/sessions", token, info).status == 201
        return token

    def use(self, token: str, target: str, *arguments: Any) -> Any:
        came = self.ask("POST", f"/v1/sessions/current/services/{target}", token, {"arguments": arguments})
        return came.body["result"]


@pytest.fixture
def watched() -> Iterator[Watched]:
    with asyncio.Runner() as runner:
        yield Watched(runner)


def externals(page: Any) -> list[str]:
    return [one["externalId"] for one in page["sessions"]]


# Sessions and conferences -----------------------------------------------------------------------------------------------


def test_sessions_come_newest_first_with_participant_token_and_state(watched: Watched) -> None:
    watched.opened("ana", name="Ana")
    watched.world.clock.advance(60)
    watched.opened(None)
    page = watched.look("sessions")
    assert (externals(page), page["total"]) == ([None, "ana"], 2)
    ana = page["sessions"][1]
    assert ana["participant"]["info"] == {"name": "Ana", "avatarUrl": None, "externalId": "ana"}
    assert ana["opened"] == START and ana["session"] == watched.world.sessions[0].id
    assert (ana["token"]["condition"], ana["token"]["left"]) == ("good", 3540)
    assert ana["state"].keys() == set(CONTRACT.variables)
    assert (ana["state"]["session"], ana["state"]["name"]) == ("open", "Ana")


def test_a_page_of_sessions_is_as_long_as_asked_for(watched: Watched) -> None:
    for number in range(7):
        watched.opened(f"user-{number}")
    page = watched.look("sessions", "offset=2&limit=3")
    assert (externals(page), page["total"]) == (["user-4", "user-3", "user-2"], 7)
    assert externals(watched.look("sessions", "offset=7")) == []
    found = watched.look("sessions", "externalId=user-5")
    assert (externals(found), found["total"]) == (["user-5"], 1)


@pytest.mark.parametrize("what", ["sessions", "conferences", "timers", "tokens", "journal/latest"])
@pytest.mark.parametrize("limit", ["0", str(LARGEST_PAGE + 1), "x", "-1"])
def test_a_page_has_bounds(watched: Watched, what: str, limit: str) -> None:
    answer = watched.ask("GET", f"/_openfirst/worlds/here/{what}", query=f"limit={limit}")
    assert answer.outcome == (400, "invalid-request")
    assert "`limit` is" in answer.detail


def test_a_client_is_shown_after_its_session_as_well(watched: Watched) -> None:
    token = watched.opened("ana", name="Ana")
    [before] = watched.look("sessions")["sessions"]
    watched.ask("DELETE", "/v1/sessions/current", token)
    assert watched.look("sessions") == {"sessions": [], "total": 0}
    after = watched.look(f"clients/{before['client']}")
    assert (before["state"]["session"], after["state"]["session"]) == ("open", "closed")
    assert (after["session"], after["participant"], after["externalId"]) == (None, None, "ana")
    assert watched.ask("GET", "/_openfirst/worlds/here/clients/nobody").outcome == (404, "not-found")


def test_the_state_of_a_client_is_that_of_now(watched: Watched) -> None:
    watched.opened("ana")
    [one] = watched.look("sessions")["sessions"]
    condition = watched.world.table.credentials.binding.condition.variable
    assert one["state"][condition] == one["token"]["condition"] == "good"
    watched.world.clock.advance(3600)
    after = watched.look(f"clients/{one['client']}")
    assert (after["state"][condition], after["token"]["condition"]) == ("expired", "expired")


def test_a_conference_has_those_that_are_in_it(watched: Watched) -> None:
    ana, ben = watched.opened("ana", name="Ana"), watched.opened("ben")
    made = watched.use(ana, "conference/create", {"alias": "rehearsal"})
    for token in (ana, ben):
        watched.use(token, "conference/join", made)
    page = watched.look("conferences")
    assert page["total"] == 1
    [held] = page["conferences"]
    assert (held["id"], held["alias"], held["count"]) == (made["id"], "rehearsal", 2)
    assert [each["participant"]["info"]["externalId"] for each in held["members"]] == ["ana", "ben"]
    assert all(each["more"]["type"] for each in held["members"])
    in_it = {one["externalId"]: one["conference"] for one in watched.look("sessions")["sessions"]}
    assert in_it == {"ana": made["id"], "ben": made["id"]}


def test_what_a_session_has_heard_is_shown_and_nobody_is_taken_for_a_listener(watched: Watched) -> None:
    ana, ben = watched.opened("ana"), watched.opened("ben")
    made = watched.use(ana, "conference/create", {"alias": "rehearsal"})
    watched.use(ana, "conference/join", made)
    one = next(each for each in watched.look("sessions")["sessions"] if each["externalId"] == "ana")
    events = f"sessions/{one['session']}/events"
    before = watched.world.snapshot()
    watched.look(events)
    assert watched.world.snapshot() == before
    watched.use(ben, "conference/join", made)
    heard = watched.look(events)["events"]
    assert "conference.participantAdded" in [each["name"] for each in heard]
    assert watched.ask("GET", f"/v1/sessions/{one['session']}/events", ana).body["events"] == heard
    page = watched.look(events, "limit=1")
    assert (page["events"], page["more"], page["last"]) == ([heard[-1]], True, len(heard))
    assert watched.look(events, f"after={len(heard)}")["events"] == []
    watched.ask("DELETE", "/v1/sessions/current", ana)
    gone = watched.ask("GET", f"/_openfirst/worlds/here/{events}")
    assert (gone.outcome, "No session" in gone.detail) == ((404, "not-found"), True)


def test_what_is_due_while_somebody_looks_does_not_disturb_the_look() -> None:
    """In a world whose time goes by itself, each look at the clock may be a moment later than the one before."""
    time = START
    with asyncio.Runner() as runner:

        def later() -> float:
            nonlocal time
            time += 1.0
            return time

        simulator = Simulator(CONTRACT, now=later)
        for number in range(20):
            token = simulator.default.token(f"user-{number}", expires_in=1 + 30 * number)
            headers = {"Authorization": f"Bearer {token}"}
            runner.run(simulator.answer(Request("POST", "/v1/sessions", headers)))
        time += 86_400
        for _ in range(40):
            for what in ("sessions", "tokens", "conferences", "timers", "pulse"):
                answer = runner.run(simulator.answer(Request("GET", f"/_openfirst/worlds/default/{what}")))
                assert answer.status == 200
        assert simulator.default.sessions == []


# The journal, a page at a time -------------------------------------------------------------------------------------------


def test_the_newest_entries_come_first_and_the_ones_before_them_next(watched: Watched) -> None:
    token = watched.opened("ana")
    for _ in range(6):
        watched.ask("GET", "/v1/sessions/current", token)
    first = watched.look("journal/latest", "limit=3")
    assert ([each["number"] for each in first["entries"]], first["more"], first["last"]) == ([7, 6, 5], True, 7)
    second = watched.look("journal/latest", "limit=4&before=5")
    assert ([each["number"] for each in second["entries"]], second["more"]) == ([4, 3, 2, 1], False)
    new = watched.look("journal/latest", "since=5")
    assert ([each["number"] for each in new["entries"]], new["more"]) == ([7, 6], False)
    assert [each["number"] for each in watched.look("journal/latest", "operation=open")["entries"]] == [1]
    assert first["entries"][0] == watched.look("journal")["entries"][-1]


def test_before_an_entry_that_is_not_there_is_nothing_or_all(watched: Watched) -> None:
    watched.opened("ana")
    assert watched.look("journal/latest", "before=0")["entries"] == []
    assert len(watched.look("journal/latest", "before=999")["entries"]) == 1


# Time and tokens ------------------------------------------------------------------------------------------------------------


def test_timers_are_those_that_happen_next_in_their_order(watched: Watched) -> None:
    for life in (500, 100, 300):
        watched.ask("POST", "/v1/sessions", watched.world.token(expires_in=life))
    due = [each for each in watched.look("timers")["timers"] if each["what"] == "token-expires"]
    assert [each["due"] - START for each in due] == [100, 300, 500]
    page = watched.look("timers", "limit=2")
    assert len(page["timers"]) == 2 and page["total"] >= 3
    happened = watched.world.clock.advance(500)
    assert [each["at"] for each in happened if each["what"] == "token-expires"] == [each["due"] for each in due]


def test_tokens_are_those_that_were_used_or_revoked(watched: Watched) -> None:
    watched.world.token("unused")
    watched.opened("ana")
    watched.world.token("zoe", condition="revoked")
    page = watched.look("tokens")
    assert [(each["externalId"], each["condition"]) for each in page["tokens"]] == [("zoe", "revoked"), ("ana", "good")]
    assert page["total"] == 2
    assert [each["session"] is not None for each in page["tokens"]] == [False, True]


@pytest.mark.parametrize("condition", ["good", "expired", "forged", "foreign", "unreadable", "revoked"])
def test_a_token_is_told_by_its_condition(watched: Watched, condition: str) -> None:
    token = watched.world.token("ana", condition=condition)
    seen = watched.ask("POST", "/_openfirst/worlds/here/tokens/inspect", body={"token": f" {token}\n"}).body
    assert seen["condition"] == condition
    genuine = condition in ("good", "expired", "revoked")
    assert (seen["genuine"], seen["why"] is None, seen["token"] is not None) == (genuine, genuine, genuine)
    if genuine:
        assert (seen["token"]["externalId"], seen["token"]["left"] > 0) == ("ana", condition != "expired")
    if condition == "unreadable":
        assert seen["says"] is None
    else:
        assert json.loads(seen["says"])["externalId"] == "ana"


def test_a_token_of_another_world_is_told_from_one_of_nobody(watched: Watched) -> None:
    other = watched.simulator.world("there")
    seen = watched.ask("POST", "/_openfirst/worlds/here/tokens/inspect", body={"token": other.token("ana")}).body
    assert (seen["condition"], seen["genuine"]) == ("foreign", False)
    assert "`there`" in seen["why"]


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "a.%.c", "é.é.é", "..", "a.eyJhIjoxfQ.c"])
def test_any_text_may_be_looked_at(watched: Watched, text: str) -> None:
    seen = watched.ask("POST", "/_openfirst/worlds/here/tokens/inspect", body={"token": text})
    assert (seen.status, seen.body["genuine"]) == (200, False)


# The pulse -----------------------------------------------------------------------------------------------------------------


def test_the_pulse_is_the_same_until_something_happens(watched: Watched) -> None:
    before = watched.look("pulse")
    for what in ("sessions", "conferences", "timers", "tokens", "journal/latest", "rows", "clock", "report"):
        watched.look(what)
    assert watched.look("pulse") == before


def test_the_pulse_tells_what_has_changed(watched: Watched) -> None:
    def changed(act: Any) -> set[str]:
        before = watched.look("pulse")
        act()
        after = watched.look("pulse")
        return {name for name in before if before[name] != after[name]}

    token = watched.opened("ana")
    assert changed(lambda: watched.ask("GET", "/v1/sessions/current", token)) == {"journal"}
    assert {"journal", "records", "sessions"} <= changed(lambda: watched.opened("ben"))
    assert changed(lambda: watched.world.choose({"open-while-open": "keep"})) == {"choices"}
    assert changed(lambda: watched.world.clock.run(60)) >= {"scale"}
    watched.world.clock.freeze()
    assert changed(lambda: watched.world.fail(kind="lost")) == {"records", "faults"}
    assert changed(lambda: watched.simulator.world("another")) == {"worlds"}
    assert changed(lambda: watched.simulator.drop("another")) == {"worlds"}
    assert "life" in changed(watched.world.reset)


def test_a_journal_that_was_cleared_and_has_as_many_entries_again_is_another(watched: Watched) -> None:
    watched.opened("ana")
    before = watched.look("pulse")["journal"]
    watched.world.journal.clear()
    watched.opened("ben")
    after = watched.look("pulse")["journal"]
    assert (before["last"], before != after) == (after["last"], True)


def test_looking_is_in_no_journal(watched: Watched) -> None:
    for what in ("pulse", "sessions", "tokens"):
        watched.look(what)
    assert watched.world.journal.last == watched.world.requests == 0


def test_the_list_of_worlds_keeps_no_guest_alive() -> None:
    """Somebody who watches one world does not keep the others from being dropped."""
    time = START
    with asyncio.Runner() as runner:
        simulator = Simulator(CONTRACT, now=lambda: time)

        def ask(method: str, path: str) -> Any:
            answer = runner.run(simulator.answer(Request(method, path)))
            return json.loads(answer.content) if answer.content else None

        for name in ("seen", "unseen"):
            runner.run(simulator.answer(Request("POST", "/_openfirst/worlds", {}, json.dumps({"name": name}).encode())))
        for _ in range(3):
            time += REST / 2
            ask("GET", "/_openfirst/worlds")
            ask("GET", "/_openfirst/worlds/seen/pulse")
        ask("POST", "/_openfirst/worlds")
        names = [world.name for world in simulator.worlds]
        assert "seen" in names and "unseen" not in names


# Words ---------------------------------------------------------------------------------------------------------------------


def test_the_contract_is_shown_with_its_diagram_choices_and_rules(watched: Watched) -> None:
    shown = watched.ask("GET", "/_openfirst/contract").body
    drawn = diagram(CONTRACT)
    arrows = {(each["from"], each["to"], call) for each in shown["diagram"]["arrows"] for call in each["calls"]}
    assert arrows == {*drawn.arrows}
    variable = CONTRACT.variables[shown["diagram"]["variable"]]
    assert (shown["diagram"]["initial"], shown["diagram"]["states"]) == (drawn.initial, list(variable.values))
    assert {each["name"]: each["default"] for each in shown["choices"]} == CONTRACT.default_choices()
    assert shown["rules"]["reopen"]["quote"] == CONTRACT.rules["reopen"].quote
    assert shown["rules"].keys() == CONTRACT.rules.keys()


def test_rows_are_counted(watched: Watched) -> None:
    token = watched.opened("ana", name="Ana")
    watched.ask("GET", "/v1/sessions/current", token)
    watched.ask("GET", "/v1/sessions/current", token)
    counts = {each["row"]: each["count"] for each in watched.look("rows")["rows"]}
    report = watched.world.report()
    assert {row: count for row, count in counts.items() if count} == report.exercised
    assert {row for row, count in counts.items() if not count} == set(report.never)


def test_the_words_are_enough_to_make_every_fault(watched: Watched) -> None:
    words = watched.ask("GET", "/_openfirst/words").body
    assert {each["kind"]: each["says"] for each in words["kinds"]} == KINDS
    assert {each["name"] for each in words["fields"]} == set(NAMES.values()) - {"kind"}
    assert {each["recipe"] for each in words["recipes"]} == RECIPES.keys()
    assert set(words["conditions"]) == {"good", "expired", "forged", "foreign", "unreadable", "revoked"}
    examples = {"text": "x", "whole": 1, "number": 1.5}
    for each in words["kinds"]:
        needed = [field for field in words["fields"] if each["kind"] in field["needed"]]
        for operation in each["operations"]:
            given = {field["name"]: examples[field["takes"]] for field in needed}
            watched.world.fail(kind=each["kind"], operation=operation, **given)
    for name, kinds in NEEDED.items():
        for kind in kinds:
            assert kind in OWN[name]
            with pytest.raises(ValueError, match=f"`{name}` is missing"):
                fault_of("f", {"kind": kind})


# The files of the dashboard ------------------------------------------------------------------------------------------------


def test_the_dashboard_is_served_under_a_strict_policy(watched: Watched) -> None:
    page = watched.ask("GET", "/_openfirst/ui/")
    assert (page.status, page.content_type) == (200, "text/html")
    for name in dashboard.names():
        answer = watched.ask("GET", f"/_openfirst/ui/{name}")
        policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
        assert (policy["default-src"], policy["script-src"], policy["connect-src"]) == ("'none'", "'self'", "'self'")
        assert "unsafe" not in str(policy)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        # An address in a name space is none that is asked.
        text = str(answer.body).replace("http://www.w3.org/2000/svg", "")
        assert "http://" not in text and "https://" not in text, name
    assert {"app.js", "style.css", "icon.svg", "index.html"} <= set(dashboard.names())


@pytest.mark.parametrize("name", ["x.js", "..", "../control.py", "__init__.py", "index.html/x", "%2e%2e%2fcontrol.py"])
def test_no_other_file_is_served(watched: Watched, name: str) -> None:
    assert watched.ask("GET", f"/_openfirst/ui/{quote(name, safe='%')}").status == 404


def test_the_address_without_its_slash_leads_there(watched: Watched) -> None:
    answer = watched.ask("GET", "/_openfirst/ui")
    assert (answer.status, answer.headers["Location"]) == (308, "/_openfirst/ui/")


@pytest.mark.parametrize("path", ["/_openfirst/ui/", "/_openfirst/ui/app.js", "/_openfirst/worlds/here/pulse"])
def test_the_dashboard_is_not_for_others(watched: Watched, path: str) -> None:
    for headers in ({"Host": "evil.example"}, {"Host": "localhost", "Origin": "http://evil.example"}):
        answer = watched._runner.run(watched.simulator.answer(Request("GET", path, headers)))
        assert answer.status == 403
