"""Reports for programs: the JSON report keeps to its schema, two of them can be compared, and JUnit XML says the same."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from copy import copy, deepcopy
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator
from rich.console import Console

from openfirst_conformance.adapters.inprocess import PythonAdapter
from openfirst_conformance.adapters.protocol.deadlines import Deadlines
from openfirst_conformance.driving.settings import Settings
from openfirst_conformance.reports.data import as_json
from openfirst_conformance.reports.joined import joined
from openfirst_conformance.reports.junit import as_junit
from openfirst_conformance.reports.terminal import show, show_failures
from openfirst_conformance.verdicts.compare import Difference, check_report, differences, remarks
from openfirst_conformance.verdicts.judge import judge, judge_part
from openfirst_conformance.verdicts.model import Report, RuleVerdict
from openfirst_conformance.verdicts.reasons import Accepted
from openfirst_reference.contract.load import load_contract
from openfirst_reference.machine.machine import Machine
from openfirst_spec import resource

CONTRACT = load_contract()
MACHINE = Machine(CONTRACT)
HERE = Path(__file__).parents[1]
FACTORIES = ("Plain", "LeaksTheName", "NeedsNoScope", "DiesOnGetParticipant", "MisspellsACode")
Json = dict[str, Any]


@pytest.fixture(scope="module")
def reports() -> dict[str, Report]:
    """What the judge says of a few small implementations."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(HERE / "adapters"))
        deadlines = Deadlines(call=0.05, start=5)
        return {
            name: asyncio.run(
                judge(
                    PythonAdapter(f"implementations_for_judge:{name}", deadlines=deadlines), CONTRACT, tiers=["smoke"]
                )
            )
            for name in FACTORIES
        }


@pytest.fixture
def plain(reports: dict[str, Report]) -> Json:
    """The JSON report on one that keeps the contract."""
    report: Json = json.loads(json.dumps(as_json(reports["Plain"])))
    return report


def compared(first: Json, second: Json) -> list[Difference]:
    """What differs, through the files' form."""
    return differences(check_report(first, "a.json"), check_report(second, "b.json"))


# The JSON report --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FACTORIES)
def test_a_report_keeps_to_its_schema(reports: dict[str, Report], name: str) -> None:
    """Conforming, broken, with a should that is not kept, and with an adapter that fails."""
    schema = json.loads(resource("report.schema.json"))
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(json.loads(json.dumps(as_json(reports[name]))))


def test_a_failure_says_what_was_seen_what_was_permitted_and_how_it_is_known_again(reports: dict[str, Report]) -> None:
    """The participant of a session that was opened anew without a name has the name of the one before."""
    report = as_json(reports["LeaksTheName"])
    (failure, *_) = [failure for rule in report["rules"] if rule["id"] == "reopen" for failure in rule["failures"]]
    last = failure["sequence"][-1]
    assert last["operation"] == "getParticipant" and last["seen"].startswith('answer {"id": ')
    assert ['"name": null' in permitted for permitted in last["permitted"]] == [True]
    assert failure["signature"] == {
        "call": "getParticipant",
        "seen": "answer with info.name",
        "permitted": "answer without info.name",
    }


def test_the_schema_names_every_field_that_a_report_has(reports: dict[str, Report]) -> None:
    """A field without a description is one that nobody can rely on."""
    schema = json.loads(resource("report.schema.json"))
    report = as_json(reports["LeaksTheName"])
    (rule,) = [rule for rule in report["rules"] if rule["failures"]]
    parts = [
        (report, schema),
        (rule, schema["$defs"]["rule"]),
        (rule["failures"][0], schema["$defs"]["failure"]),
        (rule["failures"][0]["sequence"][0], schema["$defs"]["failure"]["properties"]["sequence"]["items"]),
    ]
    for value, stated in parts:
        assert set(value) <= set(stated["properties"])


def test_a_code_that_the_contract_does_not_know_is_named_with_what_may_have_been_meant(
    reports: dict[str, Report], plain: Json
) -> None:
    """Not one that a service gives where the contract leaves to it which one that is."""
    report = reports["MisspellsACode"]
    found = as_json(report)["unknownCodes"]
    assert found == {"session-not-opne": {"times": found["session-not-opne"]["times"], "nearest": "session-not-open"}}
    times = found["session-not-opne"]["times"]
    assert times > 10  # it is met in every kind of state without a session
    console = Console(file=StringIO(), width=200)
    show(report, console, lambda _: None)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "Error codes that the contract does not know" in text
    assert f"`session-not-opne`, {times:,} times; did you mean `session-not-open`?" in text
    assert plain["unknownCodes"] == {}


def test_one_of_a_kind_is_told_as_one(reports: dict[str, Report]) -> None:
    plain = reports["Plain"]
    rule = replace(plain.rules["reopen"], refused_only=1)
    promise = {"smoke": {"calls": 1, "sequences": 1, "seconds": 0.1, "assumptions": [], "finished": True}}
    console = Console(file=StringIO(), width=200)
    show(replace(plain, rules={"reopen": rule}, promise=promise), console, lambda _: None)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "smoke: 1 call in 1 sequence, 0.1 s." in text
    assert "refused for an unknown reason 1 time:" in text
    assert "1 rule passes." in text


def test_what_is_near_to_no_code_is_named_all_the_same(plain: Json, reports: dict[str, Report]) -> None:
    report = replace(reports["Plain"], unknown_codes=Counter({"E1701": 1}))
    assert as_json(report)["unknownCodes"] == {"E1701": {"times": 1, "nearest": None}}
    console = Console(file=StringIO(), width=200)
    show(report, console, lambda _: None)
    assert "  `E1701`, 1 time\n" in console.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize("field", ["verdict", "contract", "rules", "choices"])
def test_what_is_no_report_is_told(plain: Json, field: str) -> None:
    """With the file and what is missing."""
    del plain[field]
    with pytest.raises(ValueError, match=rf"a\.json: this is no report \(the file: '{field}' is a required property\)"):
        check_report(plain, "a.json")


# The report for people --------------------------------------------------------------------------------------------------


def printed(report: Report) -> str:
    """What is shown of the failures."""
    console = Console(file=StringIO(), width=200)
    show_failures(report, console)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


def test_the_calls_that_break_several_rules_are_shown_once(reports: dict[str, Report]) -> None:
    """For the other rules they are referred to."""
    report = copy(reports["LeaksTheName"])
    reopen = report.rules["reopen"]
    again = replace(reopen.failures[0], rule="update-updates")
    report.rules = {"reopen": reopen, "update-updates": replace(report.rules["update-updates"], failures=[again])}
    shown = printed(report)
    assert (shown.count("  call "), shown.count("The calls are those of reopen, above.")) == (1, 1)
    other = replace(again, played=replace(again.played, seen=again.played.seen[1:]))
    report.rules["update-updates"].failures = [other]
    assert printed(report).count("  call ") == 2


def test_what_is_done_a_hundred_times_is_shown_once(reports: dict[str, Report]) -> None:
    """The call that fails stays, and so does what comes only once before it."""
    report = copy(reports["LeaksTheName"])
    reopen = report.rules["reopen"]
    played = reopen.failures[0].played
    often = replace(played, seen=[*played.seen[:2] * 100, *played.seen])
    report.rules = {"reopen": replace(reopen, failures=[replace(reopen.failures[0], played=often)])}
    shown, before = printed(report), printed(replace(reports["LeaksTheName"], rules={"reopen": reopen}))
    assert "(these 2 calls, 101 times)" in shown
    assert len(shown.splitlines()) == len(before.splitlines()) + 1
    assert shown.splitlines()[-1] == before.splitlines()[-1]


# Comparing --------------------------------------------------------------------------------------------------------------


def test_a_report_does_not_differ_from_itself(reports: dict[str, Report], plain: Json) -> None:
    """Nor do seconds, calls and places of evidence count."""
    other = deepcopy(plain)
    other["promise"]["smoke"]["seconds"] = 99
    other["implementation"]["version"] = "2"
    for choice in other["choices"].values():
        choice["evidence"] = {}
    assert compared(plain, other) == []
    broken = as_json(reports["LeaksTheName"])
    assert compared(broken, broken) == []


def test_another_verdict_and_another_choice_are_differences(reports: dict[str, Report], plain: Json) -> None:
    """One leaks a name; the other is given another choice."""
    assert compared(plain, as_json(reports["LeaksTheName"])) == [Difference("rule", "reopen", "pass", "fail")]
    other = deepcopy(plain)
    other["choices"]["open-while-open"]["value"] = "keep"
    assert compared(plain, other) == [Difference("choice", "open-while-open", "refuse", "keep")]


def test_a_rule_that_fails_in_both_in_another_way_is_a_difference(reports: dict[str, Report]) -> None:
    """What the failing call showed tells the two apart; its values do not."""
    first = json.loads(json.dumps(as_json(reports["LeaksTheName"])))
    second = deepcopy(first)
    (rule,) = [rule for rule in second["rules"] if rule["failures"]]
    del rule["failures"][1:]
    rule["failures"][0]["signature"]["seen"] = "error token-expired"
    (found,) = compared(first, second)
    assert found == Difference(
        "rule", "reopen", "fail getParticipant: answer with info.name", "fail getParticipant: error token-expired"
    )


def test_a_rule_that_only_one_contract_has_is_a_difference_and_versions_and_tiers_are_remarked(plain: Json) -> None:
    """A remark alone is no difference."""
    other = deepcopy(plain)
    other["contract"]["version"] = "1.1.0"
    other["promise"]["complete"] = other["promise"]["smoke"]
    assert compared(plain, other) == []
    assert remarks(plain, plain) == []
    assert remarks(plain, other) == [
        "The contract is not the same: session 1.0.0 in the first, session 1.1.0 in the second.",
        "The tiers that were run are not the same: smoke in the first, complete, smoke in the second.",
    ]
    other["rules"].append({**other["rules"][0], "id": "new-rule"})
    assert compared(plain, other) == [Difference("rule", "new-rule", "not in the report", "pass")]


# Joining ----------------------------------------------------------------------------------------------------------------


def test_faults_of_one_kind_and_cause_are_one_in_the_joined_report(plain: Json) -> None:
    """Both shards crashed in one way, and the second in another as well: the first time is the first shard's."""
    crash = {"kind": "crash", "remedy": "See.", "cause": "exited with status 1", "times": 3, "case": "x"}
    other = {**crash, "cause": "was killed by SIGKILL", "times": 1}
    shards = {
        "1": {**plain, "shard": {"number": 1, "of": 2}, "adapterFaults": [crash]},
        "2": {**plain, "shard": {"number": 2, "of": 2}, "adapterFaults": [{**crash, "case": "y"}, other]},
    }
    assert joined(shards)["adapterFaults"] == [{**crash, "times": 6}, other]


def test_codes_that_the_contract_does_not_know_are_summed_in_the_joined_report(plain: Json) -> None:
    slip = {"times": 3, "nearest": "session-not-open"}
    shards = {
        "1": {**plain, "shard": {"number": 1, "of": 2}, "unknownCodes": {"session-not-opne": slip}},
        "2": {
            **plain,
            "shard": {"number": 2, "of": 2},
            "unknownCodes": {"session-not-opne": slip, "E1": {"times": 1, "nearest": None}},
        },
    }
    assert joined(shards)["unknownCodes"] == {
        "session-not-opne": {"times": 6, "nearest": "session-not-open"},
        "E1": {"times": 1, "nearest": None},
    }


def test_what_another_process_has_come_to_has_the_codes_that_it_met(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(HERE / "adapters"))

    def made(turn: int) -> tuple[PythonAdapter, Settings]:
        return PythonAdapter("implementations_for_judge:MisspellsACode"), Settings(walks=0, process=(turn, 2))

    async def run() -> tuple[Report, Report]:
        adapter, settings = made(2)
        part = await judge_part(adapter, CONTRACT, {}, ["smoke"], settings)
        adapter, settings = made(1)
        alone = await judge(adapter, CONTRACT, tiers=["smoke"], settings=settings)
        adapter, settings = made(1)
        both = await judge(adapter, CONTRACT, tiers=["smoke"], settings=settings, others=lambda: [part])
        return replace(alone, unknown_codes=alone.unknown_codes + part.unknown_codes), both

    summed, both = asyncio.run(run())
    assert both.unknown_codes == summed.unknown_codes
    assert both.unknown_codes.keys() == {"session-not-opne"}


# JUnit ------------------------------------------------------------------------------------------------------------------


def junit(report: Report) -> tuple[ElementTree.Element, dict[str, ElementTree.Element]]:
    """The suite, and its test cases by name."""
    suite = ElementTree.fromstring(as_junit(report)).find("testsuite")
    assert suite is not None
    return suite, {f"{case.get('classname')}/{case.get('name')}": case for case in suite.iter("testcase")}


def test_junit_has_a_test_case_for_each_rule_in_each_tier(reports: dict[str, Report]) -> None:
    """A broken one with its calls, what was not run as skipped; the properties say what was judged."""
    suite, cases = junit(reports["LeaksTheName"])
    assert set(cases) == {f"smoke/{rule}" for rule in CONTRACT.rules}
    failure = cases["smoke/reopen"].find("failure")
    assert failure is not None and failure.text is not None
    assert "open and close sessions multiple times" in failure.text and "a: getParticipant {}: answer" in failure.text
    skipped = {name for name, case in cases.items() if case.find("skipped") is not None}
    assert skipped == {"smoke/concurrent-calls", "smoke/token-refresh"}
    assert {key: suite.get(key) for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": str(len(CONTRACT.rules)),
        "failures": "1",
        "errors": "0",
        "skipped": "2",
    }
    named = {item.get("name"): item.get("value") for item in suite.iter("property")}
    assert named["contract.version"] == CONTRACT.version
    assert (named["implementation"], named["implementation.version"]) == ("LeaksTheName", "1")


def test_junit_calls_what_could_not_be_judged_an_error_and_a_should_skipped(reports: dict[str, Report]) -> None:
    """An error turns a build red without saying that the rule is broken."""
    _, cases = junit(reports["DiesOnGetParticipant"])
    error = cases["smoke/participant-is-local"].find("error")
    assert error is not None and str(error.get("message")).startswith("inconclusive: ")
    suite, cases = junit(reports["NeedsNoScope"])
    skipped = cases["smoke/update-needs-scope"].find("skipped")
    assert skipped is not None and str(skipped.get("message")).startswith("not kept (should): ")
    assert (suite.get("failures"), suite.get("errors")) == ("0", "0")


@pytest.mark.parametrize(
    ("verdict", "in_tiers", "expected"),
    [
        ("pass", {"smoke": "pass", "complete": "not-run"}, {"smoke": None, "complete": "skipped"}),
        ("fail", {"smoke": "pass", "complete": "fail"}, {"smoke": None, "complete": "failure"}),
        ("known", {"smoke": "fail", "complete": "pass"}, {"smoke": "skipped", "complete": None}),
        ("flaky", {"smoke": "pass"}, {"smoke": "error"}),
        ("not-testable", {"smoke": "not-run"}, {"smoke": "error"}),
        ("not-applicable", {"smoke": "not-run"}, {"smoke": "skipped"}),
    ],
)
def test_junit_says_of_each_tier_what_came_of_it(
    verdict: str, in_tiers: dict[str, str], expected: dict[str, str | None]
) -> None:
    """A rule may pass in one tier and fail in another."""
    rule = RuleVerdict("reopen", "must", "", verdict, Accepted("why"), in_tiers)
    _, cases = junit(Report(CONTRACT, {"name": "x"}, {"reopen": rule}, {}))
    said = {name.partition("/")[0]: next((part.tag for part in case), None) for name, case in cases.items()}
    assert said == expected


def test_junit_can_be_read_whatever_a_value_holds(reports: dict[str, Report]) -> None:
    """Control characters and lone surrogates are no XML."""
    report = reports["Plain"]
    odd = Report(
        report.contract, {"name": "a\x00b\x1bc\ud800d<&\"'"}, report.rules, report.choices, layers={"x": Counter()}
    )
    suite, _ = junit(odd)
    named = {item.get("name"): item.get("value") for item in suite.iter("property")}
    assert named["implementation"] == "a\ufffdb\ufffdc\ufffdd<&\"'"
    assert as_junit(odd).encode("utf-8")
