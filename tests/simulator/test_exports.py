"""A journal in other forms: what was asked is judged by others, shown by others, and played again."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest

from openfirst_conformance.recordings.har import read_har
from openfirst_conformance.recordings.judged import Judged, judge_recordings
from openfirst_conformance.recordings.logs import read_log
from openfirst_reference.contract.load import load_contract
from openfirst_reference.machine.machine import machine_of
from openfirst_simulator.journal import Filter, Journal
from tests.simulator.conftest import Api
from tests.simulator.inprocess import CONTRACT, Here, a_run_with_refusals
from tests.simulator.rest import Application

MACHINE = machine_of(CONTRACT)


def judged(log: str) -> Judged:
    """What the trace judge says of a log."""
    return judge_recordings(read_log(log, "the journal", MACHINE, {}), MACHINE, {})


def judged_har(har: str) -> Judged:
    """What it says of a HAR file."""
    return judge_recordings(read_har(json.loads(har), "the journal", MACHINE).recordings, MACHINE, {})


def broken(verdict: Judged) -> list[str]:
    """The rules that are broken in what was judged, which is all of it."""
    assert verdict.given_up == []
    return [rule for found in verdict.broken for rule in found.rules]


def lines(log: str) -> list[Any]:
    return [json.loads(line) for line in log.splitlines()]


def told(log: str) -> list[tuple[Any, ...]]:
    """The lines behind the start, in short: who, what, and what came of it."""
    short = []
    for line in lines(log)[1:]:
        what = line.get("operation") or line.get("world") or "end"
        came = "begin" if "begin" in line else line.get("code", line.get("value", line.get("outcome")))
        short.append((line.get("client"), what, came))
    return short


def play_again(file: str) -> None:
    """Run what the one test of the file does."""
    space: dict[str, Any] = {}
    exec(compile(file, "the exported test", "exec"), space)
    space["test_the_platform_answers_as_it_did"]()


# A trace --------------------------------------------------------------------------------------------------------------


def test_a_run_with_refusals_is_a_trace_that_conforms() -> None:
    here = Here()
    a_run_with_refusals(here)
    log = here.world.export("trace")
    shown = lines(log)[5]["value"]
    assert shown["info"] == {"name": "Ana", "avatarUrl": None, "externalId": "ana"}
    assert told(log) == [
        ("a", "use", "session-not-open"),
        ("a", "open", "value"),
        ("a", "open", "session-already-open"),
        ("b", "open", "external-id-mismatch"),
        ("a", "getParticipant", shown),
        ("c", "open", "token-invalid"),
        ("d", "open", "token-revoked"),
        ("e", "open", "not-initialized"),
        ("a", "close", "value"),
        ("a", "isOpen", False),
    ]
    clients = lines(log)[0]["clients"]
    assert {name: (held["kind"], held["condition"], held.get("externalId")) for name, held in clients.items()} == {
        "a": ("token", "good", "ana"),
        "b": ("token", "good", "ben"),
        "c": ("token", "forged", None),
        "d": ("token", "revoked", "dora"),
        "e": ("none", "good", None),
    }
    verdict = judged(log)
    assert (verdict.calls, broken(verdict)) == (10, [])


def test_a_platform_that_breaks_a_rule_is_found_in_its_trace(tmp_path: Path) -> None:
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text("transitions: [{ id: use.closed, may: [{ answer: anything }] }]", encoding="utf-8")
    here = Here(load_contract(overlays=[overlay]))
    assert here.use(here.world.token("ana"), "conference/current").status == 200
    assert broken(judged(here.world.export("trace"))) == ["open-before-use"]


def test_what_the_world_has_chosen_is_declared() -> None:
    here = Here(choices={"same-id-twice": "evict-earlier", "open-while-open": "keep"})
    phone, laptop = here.world.token("ana"), here.world.token("ana")
    here.opened(phone)
    assert here.open(phone).status == 201
    here.opened(laptop)
    assert here.participant(phone).status == 409
    log = here.world.export("trace")
    choices = lines(log)[0]["choices"]
    assert (choices["same-id-twice"], choices["open-while-open"]) == ("evict-earlier", "keep")
    assert broken(judged(log)) == []
    assert broken(judged(log.replace("evict-earlier", "coexist"))) != []


def test_of_whom_was_there_when_a_choice_was_changed_nothing_more_is_said() -> None:
    here = Here(choices={"open-while-open": "replace"})
    ana, ben = here.world.token("ana"), here.world.token("ben")
    here.opened(ana, {"name": "Ana"})
    here.opened(ana, {"name": "Zoe"})
    here.world.choose({"open-while-open": "keep"})
    here.opened(ana, {"name": "Kim"})
    here.participant(ana)
    here.opened(ben, {"name": "Ben"})
    here.opened(ben)
    log = here.world.export("trace")
    assert told(log)[:2] == [("a", "open", "value"), ("a", "open", "value")]
    first, second = [line for line in lines(log) if "clients" in line]
    assert [line["choices"]["open-while-open"] for line in (first, second)] == ["replace", "keep"]
    assert [list(line["clients"]) for line in (first, second)] == [["a"], ["b"]]
    said = "From entry 3 on, nothing is said of a: `open-while-open` was changed, and a case has one set of choices."
    assert (first["notes"], first["leftOut"]) == ([said], {"after a choice was changed": 2})
    assert "notes" not in second
    verdict = judged(log)
    assert (verdict.calls, broken(verdict)) == (4, [])


def test_the_same_choices_once_more_are_no_change() -> None:
    here = Here()
    ana = here.world.token("ana")
    here.opened(ana)
    here.world.choose({})
    here.close(ana)
    log = here.world.export("trace")
    assert told(log) == [("a", "open", "value"), ("a", "close", "value")]
    assert "notes" not in lines(log)[0]


def test_what_the_platform_did_of_itself_is_told() -> None:
    here = Here()
    ana = here.world.token("ana")
    here.world.close(here.opened(ana))
    assert here.participant(ana).status == 409
    here.world.revoke(ana)
    assert here.open(ana).status == 401
    log = here.world.export("trace")
    assert told(log) == [
        ("a", "open", "value"),
        ("a", "platformCloses", None),
        ("a", "getParticipant", "session-not-open"),
        ("a", "revokeToken", None),
        ("a", "open", "token-revoked"),
    ]
    assert broken(judged(log)) == []
    untold = [line for line in log.splitlines() if "platformCloses" not in line]
    assert broken(judged("\n".join(untold))) != []


def test_a_session_that_a_fault_closes_is_closed_behind_the_call() -> None:
    here = Here()
    ana = here.world.token("ana")
    here.world.fail(kind="closed", operation="open")
    assert here.open(ana).status == 201
    assert here.is_open(ana).body == {"open": False}
    log = here.world.export("trace")
    assert told(log) == [("a", "open", "value"), ("a", "platformCloses", None), ("a", "isOpen", False)]
    assert broken(judged(log)) == []


def test_where_no_token_is_taken_no_session_is_open() -> None:
    here = Here()
    assert here.ask("GET", "/v1/sessions/current", None).outcome == (401, "not-initialized")
    log = here.world.export("trace")
    assert told(log) == [("a", "isOpen", False)]
    assert broken(judged(log)) == []


def test_time_that_ended_a_token_is_told_and_so_is_a_fresh_token() -> None:
    here = Here()
    old = here.world.token("ana", expires_in=60)
    session = here.opened(old)
    here.world.clock.advance(60)
    assert here.update(old, {"name": "Ana"}).status == 401
    assert here.update(here.world.token("ana"), {"name": "Ana"}, session).status == 204
    log = here.world.export("trace")
    assert told(log) == [
        ("a", "open", "value"),
        *[("a", "passTime", {"asked": True})] * 3,
        ("a", "updateParticipantInfo", "token-expired"),
        ("a", "passTime", {"asked": True}),
        ("a", "updateParticipantInfo", "value"),
    ]
    assert [line["arguments"] for line in lines(log)[2:5]] == [{"renewal": "denied"}] * 3
    assert broken(judged(log)) == []


def test_where_there_are_no_words_for_it_nothing_more_is_said() -> None:
    here = Here()
    key, ben = here.key_secret(60), here.world.token("ben")
    here.opened(key)
    here.world.clock.advance(60)
    assert here.update(key, {"name": "Kim"}).status == 401
    here.opened(ben)
    here.participant(key)
    log = here.world.export("trace")
    assert told(log) == [("a", "open", "value"), ("b", "open", "value")]
    [note] = lines(log)[0]["notes"]
    assert note.startswith("From entry 2 on, nothing is said of a")
    assert broken(judged(log)) == []


@pytest.mark.parametrize("kind", ["lost", "cut", "malformed", "wrong-type"])
def test_an_answer_that_did_not_come_leaves_open_what_became_of_the_call(kind: str) -> None:
    here = Here()
    ana = here.world.token("ana")
    here.world.fail(kind=kind, times=2)
    here.open(ana, {"name": "Ana"})
    here.participant(ana)
    assert here.is_open(ana).body == {"open": True}
    log = here.world.export("trace")
    assert told(log) == [("a", "open", "begin"), ("a", "isOpen", True)]
    assert lines(log)[0]["leftOut"] == {"without an answer, and without an effect": 1}
    assert broken(judged(log)) == []


def test_what_a_fault_had_a_say_in_is_left_out() -> None:
    here = Here()
    ana = here.world.token("ana")
    here.world.fail(kind="revoked", times=1)
    assert here.open(ana).outcome == (401, "token-revoked")
    here.world.fail(kind="status", times=1)
    assert here.open(ana).status == 503
    here.opened(ana)
    log = here.world.export("trace")
    assert told(log) == [("a", "open", "value")]
    assert lines(log)[0]["clients"]["a"]["condition"] == "good"
    assert lines(log)[0]["leftOut"] == {
        "answered as a fault would have it, with nothing done": 1,
        "not decided by the contract": 1,
    }


def test_calls_that_overlap_begin_and_end() -> None:
    here = Here()
    ana = here.world.token("ana")
    here.world.fail(kind="late", operation="open", seconds=5, times=1)

    async def scene() -> None:
        opening = asyncio.create_task(here.asking("POST", "/v1/sessions", ana))
        await asyncio.sleep(0)
        await here.asking("DELETE", "/v1/sessions/current", ana)
        assert (await opening).outcome == (409, "closure-canceled")
        await here.asking("GET", "/v1/sessions/current", ana)

    asyncio.run(scene())
    log = here.world.export("trace")
    assert told(log) == [
        ("a", "open", "begin"),
        ("a", "close", "value"),
        (None, "end", "closure-canceled"),
        ("a", "isOpen", False),
    ]
    assert broken(judged(log)) == []
    assert broken(judged_har(here.world.export("har"))) == []
    assert here.world.report().exercised["overlap.open-canceled-by-close"] == 1
    assert "# 2. open: left out, another call overlapped it." in here.world.export("pytest")


def test_a_slice_comes_with_all_that_its_clients_did_before() -> None:
    here = Here()
    ana, ben, twin = here.world.token("ana"), here.world.token("ben"), here.world.token("ana")
    session = here.opened(ana)
    here.opened(ben)
    here.opened(twin)
    here.close(ana, session)
    here.is_open(ana)
    log = here.world.export("trace", Filter(operation="close"))
    assert told(log) == [("a", "open", "value"), ("b", "open", "value"), ("a", "close", "value")]
    assert [held["externalId"] for held in lines(log)[0]["clients"].values()] == ["ana", "ana"]


def test_clients_whose_beginning_was_dropped_are_left_out_and_that_is_said() -> None:
    here = Here()
    here.world.journal = Journal(entries=2)
    ana, ben = here.world.token("ana"), here.world.token("ben")
    here.opened(ana)
    here.close(ana)
    here.opened(ana)
    here.opened(ben)
    log = here.world.export("trace")
    assert told(log) == [("a", "open", "value")]
    assert lines(log)[0]["clients"]["a"]["externalId"] == "ben"
    said = [
        "The journal has dropped 2 entries, the first ones.",
        "Clients left out, since the journal does not hold their beginning: 1.",
    ]
    assert lines(log)[0]["notes"] == said
    assert "\n\n".join(said) in here.world.export("pytest")
    assert "'ana'" not in here.world.export("pytest")


def test_an_empty_journal_has_nothing_to_judge() -> None:
    here = Here()
    assert judged(here.world.export("trace")).calls == 0
    assert json.loads(here.world.export("har"))["log"]["entries"] == []
    assert here.world.export("jsonl") == ""
    play_again(here.world.export("pytest"))


def test_who_was_there_before_the_journal_was_cleared_or_the_world_restored_is_left_out() -> None:
    here = Here()
    ana, ben = here.world.token("ana"), here.world.token("ben")
    here.opened(ana)
    here.world.journal.clear()
    here.participant(ana)
    kept = here.world.snapshot()
    here.opened(ben)
    here.world.restore(kept)
    assert here.is_open(ben).body == {"open": False}
    log = here.world.export("trace")
    assert told(log) == [("a", "isOpen", False)]
    assert broken(judged(log)) == []


def test_each_application_is_a_case_of_its_own() -> None:
    here = Here(choices={"same-id-twice": "refuse"})
    here.opened(here.world.token("ana"))
    other = here.world.issue(here.world.another_application(), "token", 3600, None, "ana")
    here.opened(other)
    here.close(other)
    log = here.world.export("trace")
    assert [(line["clients"].keys(), broken(judged(log))) for line in lines(log) if "clients" in line] == [
        ({"a": 0}.keys(), []),
        ({"b": 0}.keys(), []),
    ]
    file = here.world.export("pytest")
    assert "application_2 = world.another_application()" in file
    play_again(file)


def test_a_twin_whose_entries_are_gone_shows_as_company() -> None:
    here = Here(choices={"same-id-twice": "refuse"})
    here.world.journal = Journal(entries=1)
    here.opened(here.world.token("ana"))
    assert here.open(here.world.token("ana")).status == 409
    assert told(here.world.export("trace")) == []


def test_a_fresh_token_with_other_scopes_has_no_words_in_a_log() -> None:
    here = Here()
    session = here.opened(here.world.token("ana"))
    lesser = here.world.token("ana", scopes=("conf:create",))
    assert here.update(lesser, {"name": "Ana"}, session).status == 403
    log = here.world.export("trace")
    assert told(log) == [("a", "open", "value")]
    assert lines(log)[0]["notes"][0].startswith("From entry 2 on")


@pytest.mark.parametrize("seed", range(12))
def test_whatever_was_asked_is_judged_innocent_and_played_again(seed: int) -> None:
    here = Here(choices=chosen_by(Random(seed)))
    at_random(here, Random(seed))
    assert broken(judged(here.world.export("trace"))) == []
    play_again(here.world.export("pytest"))


@pytest.mark.parametrize("seed", range(6))
def test_so_it_is_where_choices_were_changed_midway(seed: int) -> None:
    here = Here(choices=chosen_by(Random(seed)))
    for part in (seed, seed + 100, seed + 200):
        at_random(here, Random(part))
        here.world.choose(chosen_by(Random(part + 1)))
    assert broken(judged(here.world.export("trace"))) == []
    play_again(here.world.export("pytest"))


def chosen_by(chance: Random) -> dict[str, str]:
    """Some of the choices, whatever they are."""
    return {name: chance.choice(choice.values) for name, choice in CONTRACT.choices.items() if chance.random() < 0.4}


def at_random(here: Here, chance: Random) -> None:
    """Thirty requests of a few clients, some with the same external ID, while faults strike, tokens end and sessions are closed."""
    world = here.world
    tokens: list[str] = []
    sessions = ["current"]
    for _ in range(30):
        tokens.append(world.token(chance.choice(("ana", "ben", None)), expires_in=chance.choice((60, 3600))))
        if chance.random() < 0.2:
            tokens.append(here.key_secret())
        if chance.random() < 0.1:
            tokens.append(
                world.token(condition=chance.choice(("forged", "foreign", "unreadable", "expired", "revoked")))
            )
        token, session = chance.choice(tokens[-8:]), chance.choice(sessions[-4:])
        match chance.randrange(10):
            case 0 | 1 | 2:
                info = chance.choice(
                    (None, {}, {"name": "Ana"}, {"externalId": "ben"}, {"externalId": ""}, {"name": 7})
                )
                came = here.open(token, info)
                if came.status == 201 and isinstance(came.body, dict):
                    sessions.append(str(came.body.get("sessionId", "current")))
            case 3:
                here.close(token, session)
            case 4:
                here.is_open(token, session)
            case 5:
                here.update(token, chance.choice(({"name": "Zoe"}, {})), session)
            case 6:
                here.participant(token, session)
            case 7:
                target = chance.choice(
                    ("conference/create", "conference/current", "recording/start", "mediaDevice/isFrontCamera")
                )
                here.use(token, target, session=session)
            case 8:
                world.clock.advance(chance.choice((0.004, 31, 60)))
            case 9:
                kind = chance.choice(("lost", "malformed", "expired", "revoked", "stale", "status", "closed"))
                world.fail(kind=kind, times=1)
                for left in world.report().left_open[:1]:
                    world.act(chance.choice(("platformCloses", "revokeToken")), left.id)


# HAR and JSON lines ---------------------------------------------------------------------------------------------------


def test_a_run_with_refusals_is_har_that_conforms() -> None:
    here = Here()
    a_run_with_refusals(here)
    verdict = judged_har(here.world.export("har"))
    assert (verdict.calls, broken(verdict)) == (10, [])


def test_har_says_what_went_over_the_wire_and_holds_no_token_that_is_good() -> None:
    here = Here()
    ana = here.world.token("ana")
    here.world.fail(kind="lost", operation="close", times=1)
    here.opened(ana, {"name": "Ana"})
    here.close(ana)
    here.world.revoke(ana)
    log = json.loads(here.world.export("har"))["log"]
    assert log["version"] == "1.2"
    assert log["comment"].startswith("Not in here: 1 moves of the platform itself")
    opened, closed = log["entries"]
    assert opened["request"]["url"] == "http://localhost/w/here/v1/sessions"
    assert opened["request"]["postData"]["text"] == '{"name": "Ana"}'
    assert opened["response"]["status"] == 201
    assert {"name": "Date", "value": "Thu, 01 Jan 2026 00:00:00 GMT"} in opened["response"]["headers"]
    assert opened["startedDateTime"] < closed["startedDateTime"]
    assert closed["response"]["status"] == 0
    assert "(lost)" in closed["comment"]
    sent = opened["request"]["headers"][0]["value"].removeprefix("Bearer ")
    assert sent.endswith(".") and ana.startswith(sent)
    assert here.open(sent).status == 401


def test_har_has_no_good_token_in_an_answer_either(api: Api) -> None:
    token = api.client_token({"externalId": "ana"}).body["access_token"]
    signature = token.rpartition(".")[2]
    assert signature in api.world.export("jsonl")
    assert signature not in api.world.export("har")


def test_json_lines_are_the_entries_and_say_how_many_are_gone() -> None:
    here = Here()
    ana = here.world.token("ana")
    here.world.journal = Journal(entries=2)
    session = here.opened(ana)
    here.participant(ana)
    here.world.close(session)
    here.world.close(here.opened(ana))
    first, *shown = lines(here.world.export("jsonl"))
    assert first == {"dropped": 3}
    assert [entry["number"] for entry in shown] == [4, 5]
    assert shown[0]["request"]["path"] == "/w/here/v1/sessions"
    assert (shown[1]["operation"], shown[1]["request"], shown[1]["answer"]) == ("platformCloses", None, None)
    assert shown[1]["before"]["session"] == "open"
    assert [entry["number"] for entry in lines(here.world.export("jsonl", Filter(since=3)))] == [4, 5]


# A test ---------------------------------------------------------------------------------------------------------------


def test_a_run_is_played_again_by_pytest_and_fails_where_the_platform_answers_otherwise(tmp_path: Path) -> None:
    here = Here()
    a_run_with_refusals(here)
    good, other = tmp_path / "test_good.py", tmp_path / "test_other.py"
    good.write_text(here.world.export("pytest"), encoding="utf-8")
    choice = 'CHOICES = {"open-while-open": "keep"}'
    other.write_text(good.read_text(encoding="utf-8").replace("CHOICES = {}", choice), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)]
    run = subprocess.run([*command, good, other], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "1 failed, 1 passed" in run.stdout
    assert "test_other.py" in run.stdout.splitlines()[-2]
    assert "assert 201 == 409" in run.stdout


def test_what_an_application_changed_meanwhile_is_played_again_with_its_tokens(tmp_path: Path) -> None:
    app = Application()
    ben = app.person("ben")
    made = app.created(participants={"ben": {"permissions": ["JOIN"]}})
    assert app.join(ben, made["conferenceId"], made["usersTokens"]["ben"]).status == 200
    app.world.clock.advance(10)
    app.got("POST", f"/v2/conferences/{made['conferenceId']}/kick", {"externalIds": ["ben"]})
    assert app.current(ben) is None
    app.close(ben)
    signature = made["usersTokens"]["ben"].rpartition(".")[2]
    assert signature not in app.world.export("har")
    assert lines(app.world.export("trace"))[1:]
    text = app.world.export("pytest")
    assert signature not in text
    file = tmp_path / "test_again.py"
    file.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(file)]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "1 passed" in run.stdout, run.stdout


def test_what_is_played_again_are_ids_times_moves_and_choices() -> None:
    here = Here(choices={"close-while-closed": "refuse"})
    old, key = here.world.token("ana", expires_in=60), here.key_secret(90)
    session = here.opened(old, {"name": "A {curly} \\ one"})
    conference = here.use(old, "conference/create", {"alias": "r"}, session=session).body["result"]
    assert here.use(old, "conference/join", conference, session=session).status == 200
    here.world.clock.advance(60)
    assert here.update(old, {"name": "Zoe"}, session).status == 401
    fresh = here.world.token("ana", scopes=("conf:create",))
    assert here.update(fresh, {"name": "Zoe"}, session).status == 403
    here.world.choose({"open-while-open": "keep"})
    assert here.open(fresh).status == 201
    here.world.act("platformCloses", session)
    assert here.is_open(fresh).body == {"open": False}
    assert here.close(fresh).status == 204
    assert here.open(key, {"externalId": "kim"}).status == 201
    assert here.open(here.world.token("dora", condition="expired")).status == 401
    assert here.open(here.world.token(condition="unreadable")).status == 401
    assert here.update(key, {"name": 7}).status == 400
    assert here.is_open(key, "{x}").body == {"open": False}
    here.world.revoke(fresh)
    assert here.open(fresh).status == 401
    file = here.world.export("pytest")
    play_again(file)
    for line in (
        "CHOICES = {'close-while-closed': 'refuse'}",
        "world.clock.advance_to(1767225660.0)  # 2026-01-01 00:01:00",
        "token_a2 = world.token('ana', scopes=('conf:create',))",
        'session_1 = body["sessionId"]',
        "world.act('platformCloses', token_a2)",
    ):
        assert line in file
    for wrong in (
        file.replace("1767225660.0", "1767225600.0"),
        file.replace("    world.act('platformCloses', token_a2)\n", ""),
        file.replace("expires_in=60", "expires_in=61"),
    ):
        assert wrong != file
        with pytest.raises(AssertionError):
            play_again(wrong)


def test_faults_do_not_strike_again_and_what_they_broke_is_played_as_far_as_it_was_done() -> None:
    here = Here()
    ana = here.world.token("ana")
    here.world.fail(kind="status", times=1)
    here.open(ana)
    here.world.fail(kind="malformed", times=1)
    here.open(ana, {"name": "Ana"})
    session = here.world.report().left_open[0].id
    here.participant(ana, session)
    here.world.fail(kind="expired", times=1)
    assert here.update(ana, {"name": "Zoe"}).outcome == (401, "token-expired")
    file = here.world.export("pytest")
    assert "# 1. open: left out, a fault (status) answered in the platform's place, with nothing done." in file
    assert "# 4. updateParticipantInfo: left out, a fault (expired) had a say in it, and it changed nothing." in file
    assert "'/v1/sessions/current/participant'" in file
    play_again(file)


def test_a_token_whose_first_use_is_left_out_is_its_sessions_all_the_same() -> None:
    here = Here()
    ana = here.world.token("ana")
    here.open(ana, {"name": "Ana"})
    session = here.world.report().left_open[0].id
    fresh = here.world.token("ana")
    here.world.fail(kind="status", times=1)
    here.participant(fresh, session)
    here.world.fail(kind="revoked", times=1)
    assert here.update(fresh, {"name": "Zoe"}, session).outcome == (401, "token-revoked")
    here.world.act("platformCloses", fresh)
    assert here.participant(ana).outcome == (409, "session-not-open")
    play_again(here.world.export("pytest"))


# The control plane ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        ("jsonl", "application/jsonl"),
        ("trace", "application/jsonl"),
        ("har", "application/json"),
        ("pytest", "text/x-python"),
    ],
)
def test_the_journal_in_each_form_over_http(api: Api, form: Any, kind: str) -> None:
    ana, ben = api.world.token("ana"), api.world.token("ben")
    api.opened(ana)
    api.opened(ben)
    path = f"/_openfirst/worlds/{api.world.name}/journal?externalId=ana&format={form}"
    answer = api.ask("GET", path, base=api.world.url.partition("/w/")[0])
    assert (answer.status, answer.content_type) == (200, kind)
    expected = api.world.export(form, Filter(external_id="ana"))
    assert answer.body == (json.loads(expected) if form == "har" else expected)
    assert "ben" not in expected


def test_a_form_that_there_is_not(api: Api) -> None:
    path = f"/_openfirst/worlds/{api.world.name}/journal?format=hra"
    answer = api.ask("GET", path, base=api.world.url.partition("/w/")[0])
    assert answer.outcome == (400, "invalid-request")
    assert "`format` is `hra`" in answer.detail and "har" in answer.detail
