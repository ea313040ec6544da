"""The judge: verdicts, choices, faults of the adapter, shrinking and the report."""

import asyncio
import functools
import pickle
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from rich.console import Console

from openfirst_conformance.adapters.inprocess import PythonAdapter
from openfirst_conformance.adapters.process import ProcessAdapter
from openfirst_conformance.adapters.protocol.deadlines import Deadlines
from openfirst_conformance.cases.case import Case, Planned
from openfirst_conformance.cases.files import case_from_json, case_to_json
from openfirst_conformance.driving.settings import Settings
from openfirst_conformance.power.trivial_clients import Nowhere, constant
from openfirst_conformance.reports.data import as_json, sequence
from openfirst_conformance.reports.joined import joined as joined_reports
from openfirst_conformance.reports.terminal import EXIT_STATUS, failure_in_words, show
from openfirst_conformance.reports.verdict_words import choice_in_words, promise_in_words, reason_in_words
from openfirst_conformance.tiers import complete, concurrent, explore
from openfirst_conformance.verdicts.judge import Reached, judge, judge_part, replay
from openfirst_conformance.verdicts.model import Report
from openfirst_conformance.verdicts.part import Part
from openfirst_conformance.verdicts.reasons import GivenUp, Masked, NeverReached, Stopped
from openfirst_reference.contract.load import load_contract

CONTRACT = load_contract()
HERE = Path(__file__).parents[1]
PLAIN = "implementations_for_judge:Plain"
REPORTED = {"verdict", "implementation", "choices", "promise", "rules", "adapterFaults"}


@pytest.fixture(autouse=True)
def _on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(HERE / "adapters"))


def judged(factory: str, **options: Any) -> Report:
    """The report on an adapter object of implementations_for_judge."""
    adapter = PythonAdapter(f"implementations_for_judge:{factory}", deadlines=Deadlines(call=0.05, start=5))
    return asyncio.run(judge(adapter, CONTRACT, **{"tiers": ["smoke"], **options}))


def verdicts(report: Report) -> Mapping[str, str]:
    """Rule id to verdict."""
    return {rule.id: rule.verdict for rule in report.rules.values()}


def test_what_keeps_the_contract_conforms_and_what_was_not_run_is_said() -> None:
    """It takes one call at a time and declares no refresh; neither is called a pass."""
    report = judged("Plain")
    assert report.verdict == "conforms"
    assert {rule for rule, verdict in verdicts(report).items() if verdict != "pass"} == {
        "concurrent-calls",
        "token-refresh",
    }
    assert verdicts(report)["concurrent-calls"] == "not-applicable"
    assert verdicts(report)["token-refresh"] == "not-applicable"


def test_the_json_report_has_what_was_promised() -> None:
    """Names and nesting of the report, as the documentation has them."""
    report = as_json(judged("LeaksTheName"))
    assert set(report) >= REPORTED
    assert report["verdict"] == "broken"
    by_id = {rule["id"]: rule for rule in report["rules"]}
    assert set(by_id) == set(CONTRACT.rules)
    assert set(by_id["reopen"]) >= {"id", "level", "verdict", "quote", "tiers", "failures"}
    assert set(report["promise"]["smoke"]) == {"finished", "assumptions", "sequences", "calls", "seconds"}
    assert report["choices"]["no-participant"]["value"] == "error"
    (failure, *_) = by_id["reopen"]["failures"]
    assert [set(step) for step in failure["sequence"]] == [
        {"client", "operation", "arguments", "seen", "permitted"}
    ] * 4


def test_a_failure_is_shown_by_the_shortest_sequence() -> None:
    """A leaked name takes four calls: open with it, close, open without it, look."""
    report = judged("LeaksTheName")
    operations = [step["operation"] for step in sequence(report.contract, report.rules["reopen"].failures[0])]
    assert operations == ["open", "close", "open", "getParticipant"]
    assert [rule for rule, verdict in verdicts(report).items() if verdict == "fail"] == ["reopen"]


def test_one_ungated_method_among_all_is_found() -> None:
    """recording.stop answers without a session."""
    report = judged("ForgetsOneGate", tiers=["complete"], settings=Settings(extra=0))
    assert verdicts(report)["open-before-use"] == "fail"
    assert "recording" in str(sequence(report.contract, report.rules["open-before-use"].failures[0]))


def test_a_should_that_is_not_kept_is_a_warning_and_does_not_break() -> None:
    """update-needs-scope is a should."""
    report = judged("NeedsNoScope")
    assert verdicts(report)["update-needs-scope"] == "fail"
    assert report.verdict == "conforms"


def test_a_declaration_is_held_against_its_author_and_one_on_the_command_line_too() -> None:
    """It refuses a second open; declared is that it keeps the session."""
    report = judged("Plain", choices={"open-while-open": "keep"})
    assert report.verdict == "broken"
    assert report.choices["open-while-open"].declared == "keep"


def test_a_choice_that_the_contract_does_not_have_is_named() -> None:
    """In the handshake, or in the call."""
    with pytest.raises(ValueError, match=r"open-while-asleep.*not a choice"):
        judged("Plain", choices={"open-while-asleep": "keep"})
    with pytest.raises(ValueError, match=r"cannot be `maybe`.*refuse, keep, replace"):
        judged("Plain", choices={"open-while-open": "maybe"})


def test_an_observed_choice_comes_with_its_evidence_and_says_where_it_varies() -> None:
    """KeepsForTheSame keeps the session for the same information and refuses other information."""
    report = judged("KeepsForTheSame")
    assert report.verdict == "conforms"
    value, evidence = choice_in_words(report.choices["open-while-open"])
    assert value == "varies by class or state" and "keep" in evidence and "refuse" in evidence


def test_an_operation_that_is_not_declared_is_not_held_against_anyone() -> None:
    """No isOpen, as in C++: what needs it is not applicable, and the rest is judged."""
    report = judged("HasNoIsOpen")
    assert report.verdict == "conforms"
    assert verdicts(report)["is-open-is-pure"] == "not-applicable"
    assert verdicts(report)["close-closes"] == "pass"


def test_an_unsupported_answer_for_what_was_declared_is_a_failure() -> None:
    """updateParticipantInfo was declared."""
    assert verdicts(judged("DeclaresTooMuch"))["update-updates"] == "fail"


def test_a_crash_is_the_adapters_fault_and_the_run_goes_on() -> None:
    """It raises on every 20th call, and is judged all the same."""
    report = judged("CrashesOften")
    assert {fault.kind for fault in report.adapter_faults} == {"crash"}
    assert [rule for rule, verdict in verdicts(report).items() if verdict == "fail"] == []
    assert verdicts(report)["external-id-mismatch"] == "pass"


def test_a_crash_that_comes_at_the_same_call_each_time_leaves_its_rule_inconclusive() -> None:
    """getParticipant without a session ends the adapter: nobody knows what it would have answered."""
    report = judged("DiesOnGetParticipant")
    assert verdicts(report)["participant-is-local"] == "inconclusive"
    assert report.verdict == "incomplete"


def test_where_no_must_was_tested_nothing_was_unless_only_others_were_asked_for() -> None:
    report = judged("Plain")
    for rule in report.rules.values():
        rule.verdict = "not-applicable" if rule.level == "must" else "pass"
    alone = replace(report, rules={name: rule for name, rule in report.rules.items() if rule.level == "should"})
    for verdict, of in (("incomplete", report), ("conforms", alone)):
        assert of.verdict == joined_reports({"1": as_json(of)})["verdict"] == verdict


def test_a_rule_whose_tests_all_end_at_an_earlier_crash_is_inconclusive() -> None:
    """Nobody ever joins a conference, so that none is left; it was not for want of a tier."""
    report = judged("DiesOnJoin")
    assert verdicts(report)["close-leaves-conference"] == "inconclusive"
    reason = report.rules["close-leaves-conference"].reason
    assert reason == NeverReached((("use", "crash"),))
    assert "use (crash)" in reason_in_words(reason)
    assert verdicts(report)["concurrent-calls"] == "not-applicable"


def test_a_call_that_is_never_answered_is_no_broken_rule_and_no_pass() -> None:
    """update never comes back: its rule is inconclusive, the run ends by itself, and others are judged."""
    report = judged("HangsInUpdate")
    assert verdicts(report)["update-updates"] == "inconclusive"
    assert verdicts(report)["open-before-use"] == "pass"
    assert report.verdict == "incomplete"


def test_a_call_that_says_pending_may_land_late() -> None:
    """close answers `pending` and takes effect later: nobody is accused; what close does is not known."""
    report = judged("ClosesLate")
    assert [rule for rule, verdict in verdicts(report).items() if verdict == "fail"] == []
    assert verdicts(report)["close-closes"] == "inconclusive"


def test_a_failure_that_does_not_come_again_is_flaky() -> None:
    """It shows a wrong name once in its life."""
    report = judged("WrongOnce")
    flaky = [rule for rule in report.rules.values() if rule.verdict == "flaky"]
    assert flaky
    assert all("it failed once (getParticipant: answer {" in reason_in_words(rule.reason) for rule in flaky)
    assert report.verdict == "incomplete"


def test_a_failure_that_cannot_be_made_again_since_the_adapter_crashes_is_not_flaky() -> None:
    """Nobody knows whether it would have come again."""
    report = judged("WrongOnceThenDies")
    assert "flaky" not in verdicts(report).values()
    assert verdicts(report)["info-is-kept"] == "inconclusive"


def test_errors_without_a_known_reason_reach_the_level_refused_only() -> None:
    """A map that sends every native error to one code says nothing about the reason."""
    report = judged("MapsAllToOne")
    assert report.verdict == "conforms"
    assert report.rules["external-id-mismatch"].refused_only > 0


def test_garbled_lines_and_noise_are_reported_while_the_run_goes_on() -> None:
    """A process that prints to standard output before each answer."""
    adapter = ProcessAdapter(f"{sys.executable} {HERE / 'adapters' / 'noisy_session.py'}")
    report = asyncio.run(judge(adapter, CONTRACT, tiers=["smoke"]))
    assert report.verdict == "conforms"
    assert {fault.kind for fault in report.adapter_faults} == {"garbled"}
    assert "standard error" in report.adapter_faults[0].remedy


def test_a_saved_case_plays_again() -> None:
    """Through its file form; broken stays broken, and on what keeps the contract it conforms."""
    calls = (
        Planned("a", "open", {"info": {"name": "Ana"}}),
        Planned("a", "close"),
        Planned("a", "open", {"info": {"avatarUrl": "https://example.org/a.png"}}),
        Planned("a", "getParticipant"),
    )
    case = Case("leak", "a leaked name", {"a": "token-with-id"}, calls)
    again = case_from_json(case_to_json(case, calls, CONTRACT), CONTRACT, "leak.json")
    for factory, verdict in (("LeaksTheName", "broken"), ("Plain", "conforms")):
        report = asyncio.run(replay(PythonAdapter(f"implementations_for_judge:{factory}"), CONTRACT, again))
        assert report.verdict == verdict


@pytest.mark.parametrize(
    ("factory", "operations", "rule", "line"),
    [
        (
            "ClosesByTurns",
            ["close", "close"],
            "close-closes",
            "close answered in the same place before, so the choice close-while-closed is accept; now close failed with "
            "error session-not-open.",
        ),
        (
            "ShowsNobodyByTurns",
            ["getParticipant", "getParticipant"],
            "participant-is-local",
            "getParticipant failed with error session-not-open in the same place before, so the choice no-participant is "
            "error; now getParticipant answered.",
        ),
        (
            "OpensAgainByTurns",
            ["open", "open", "open"],
            "rejected-changes-nothing",
            "open failed with error session-already-open in the same place before, so the choice open-while-open is "
            "refuse; now open answered.",
        ),
    ],
)
def test_a_choice_that_is_not_kept_is_told_with_what_came_of_the_same_before(
    factory: str, operations: list[str], rule: str, line: str
) -> None:
    """Either would be permitted; the other one is not, after the one. A process can hand on what is told."""
    case = Case("turns", "by turns", {"a": "token-with-id"}, tuple(Planned("a", name, {}) for name in operations))
    report = asyncio.run(replay(PythonAdapter(f"implementations_for_judge:{factory}"), CONTRACT, case))
    assert line in " ".join(failure_in_words(report, report.rules[rule]).split())
    (failure,) = report.rules[rule].failures
    assert pickle.loads(pickle.dumps(failure.settled)) == failure.settled


@pytest.mark.parametrize(
    ("factory", "fixture", "calls", "rule", "line"),
    [
        (
            "NeedsNoScope",
            "token-no-update",
            {"open": {}, "updateParticipantInfo": {"name": "Bea", "avatarUrl": None}},
            "update-needs-scope",
            "updateParticipantInfo answered, and should fail with error scope-missing.",
        ),
        (
            "OneIdForAll",
            "key-secret",
            {
                "open": {"info": {"externalId": "bob"}},
                "getParticipant": {},
                "close": {},
                "open again": {"info": {"externalId": "eve"}},
                "getParticipant again": {},
            },
            "participants-differ",
            'id is "all", and is another participant\'s.',
        ),
        (
            "HasNoRecording",
            "token-with-id",
            {"use": {"service": "recording", "method": "stop", "arguments": []}},
            "open-before-use",
            'use is unsupported, says the adapter ("this build records nothing"), and must fail with error session-not-open.',
        ),
    ],
)
def test_a_failure_of_any_kind_says_what_differs(
    factory: str, fixture: str, calls: Mapping[str, Mapping[str, Any]], rule: str, line: str
) -> None:
    """A should that is not kept, and what the adapter says it lacks."""
    planned = tuple(Planned("a", name.removesuffix(" again"), given) for name, given in calls.items())
    case = Case("any", "of any kind", {"a": fixture}, planned)
    report = asyncio.run(replay(PythonAdapter(f"implementations_for_judge:{factory}"), CONTRACT, case))
    assert line in " ".join(failure_in_words(report, report.rules[rule]).split())


def test_nothing_that_ran_is_not_a_pass() -> None:
    """An adapter that can do nothing: exit status 3."""
    report = judged("CanDoNothing")
    assert report.verdict == "incomplete"
    assert EXIT_STATUS[report.verdict] == 3


# Parts ----------------------------------------------------------------------------------------------------------------


def part(factory: str) -> Part:
    """What a shard has come to that judges another adapter object, as another process hands it over."""
    adapter = PythonAdapter(f"implementations_for_judge:{factory}", deadlines=Deadlines(call=0.05, start=5))
    found = asyncio.run(judge_part(adapter, CONTRACT, {}, ["smoke"], Settings()))
    handed_over: Part = pickle.loads(pickle.dumps(found))
    return handed_over


def test_what_another_shard_has_confirmed_and_shown_counts() -> None:
    other = part("LeaksTheName")
    alone, joined = judged("Plain"), judged("Plain", others=lambda: [other])
    assert verdicts(alone)["reopen"] == "pass"
    assert verdicts(joined)["reopen"] == "fail"
    (failure,) = joined.rules["reopen"].failures
    assert [step["operation"] for step in sequence(CONTRACT, failure)] == ["open", "close", "open", "getParticipant"]
    assert joined.promise["smoke"]["calls"] == alone.promise["smoke"]["calls"] + other.promise["smoke"]["calls"]
    counted = [
        sum(sum(counts.values()) for counts in each.choices["no-participant"].observed.values())
        for each in (alone, joined)
    ]
    assert counted[1] > counted[0]


def test_a_side_that_this_shard_never_saw_another_may_have_seen() -> None:
    client, nowhere = constant(CONTRACT, refuses=True), Nowhere(CONTRACT)
    run = functools.partial(judge, client, CONTRACT, tiers=["smoke"], platform=nowhere)
    other = part("Plain")
    alone, joined = asyncio.run(run()), asyncio.run(run(others=lambda: [other]))
    assert verdicts(alone)["external-id-mismatch"] == "vacuous"
    assert verdicts(joined)["external-id-mismatch"] == "pass"


def test_a_rule_whose_every_test_breaks_others_first_is_masked() -> None:
    report = asyncio.run(judge(constant(CONTRACT, refuses=True), CONTRACT, tiers=["smoke"], platform=Nowhere(CONTRACT)))
    assert verdicts(report)["info-is-kept"] == "masked"
    reason = report.rules["info-is-kept"].reason
    assert isinstance(reason, Masked)
    assert "open-opens" in reason.by
    assert report.rules["info-is-kept"].tiers == {"smoke": "not-run"}
    assert verdicts(judged("Plain", tiers=["smoke"]))["concurrent-calls"] == "not-applicable"


# What was not done to its end, and what is a part -----------------------------------------------------------------------

QUICK = Settings(extra=0)


def stopped_in(tier: str, **options: Any) -> Report:
    """The report of a run that somebody stops as this tier begins."""

    def stop(reached: Reached) -> None:
        task = asyncio.current_task()
        if reached.tier == tier and not reached.done and task is not None:
            task.cancel()

    return judged("Plain", tiers=["smoke", "complete"], settings=QUICK, reached=stop, **options)


def printed(report: Report) -> str:
    """The report as a person reads it, in one line."""
    console = Console(file=StringIO(), width=200)
    show(report, console, lambda _: None)
    return " ".join(console.file.getvalue().split())  # type: ignore[attr-defined]


def test_what_was_not_done_to_its_end_promises_nothing() -> None:
    report = stopped_in("complete")
    assert [promise["finished"] for promise in report.promise.values()] == [True, False]
    assert report.verdict == "incomplete"
    assert "Single faults are found, given that" in printed(report)
    assert "Every fault within" not in printed(report)
    cut = {**report.promise["complete"], "sequences": 1}
    assert promise_in_words(cut) == "Not done to its end, so it promises nothing."


def test_a_tier_that_was_through_when_somebody_stopped_keeps_what_it_found() -> None:
    report, smoke = stopped_in("complete"), judged("Plain")
    assert verdicts(report) == verdicts(smoke)
    assert report.rules["reopen"].tiers == {"smoke": "pass", "complete": "not-run"}
    assert report.verdict == "incomplete"
    cut = stopped_in("smoke")
    assert {rule.reason for rule in cut.rules.values() if rule.verdict == "inconclusive"} == {GivenUp(Stopped())}
    assert "pass" not in verdicts(cut).values()
    # Another process was not through.
    other = part("LeaksTheName")
    other = replace(other, promise={"smoke": {**other.promise["smoke"], "finished": False}}, given_up=Stopped())
    found = verdicts(judged("Plain", others=lambda: [other]))
    assert (found["reopen"], found["open-opens"]) == ("fail", "inconclusive")


@pytest.mark.parametrize(("tier", "name"), [(complete, "plan"), (concurrent, "_bursts"), (explore, "_cases")])
def test_the_making_of_cases_can_be_stopped(monkeypatch: pytest.MonkeyPatch, tier: ModuleType, name: str) -> None:
    """Not only when the first of them is played: to make them all takes a while."""
    making, made = getattr(tier, name), []

    def stopped_in_between(*arguments: Any) -> Iterator[Any]:
        for item in making(*arguments):
            made.append(item)
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            yield item

    monkeypatch.setattr(tier, name, stopped_in_between)
    adapter = PythonAdapter("openfirst_conformance.adapters.authoring.reference_adapter:create")
    report = asyncio.run(judge(adapter, CONTRACT, tiers=[tier.__name__.rpartition(".")[2]], settings=QUICK))
    assert len(made) == 1
    assert not report.finished


def test_who_stops_while_others_are_waited_for_has_a_report_all_the_same() -> None:
    def waiting() -> list[Part]:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        return [part_of_others]

    part_of_others = part("Plain")
    report = judged("Plain", others=waiting)
    assert report.verdict == "conforms"  # They had come to their end.


def test_a_part_says_that_it_is_one_and_what_all_of_them_promise() -> None:
    report = judged("Plain", tiers=["complete"], settings=replace(QUICK, shard=(2, 3)))
    assert "Part 2 of 3; all parts together promise: Every fault within 0 calls of " in printed(report)
    assert "conforms, in part 2 of 3: Plain 1 breaks nothing that this part tests." in printed(report)
    assert "openfirst join says what all parts have come to." in printed(report)
    whole = judged("Plain", tiers=["complete"], settings=replace(QUICK, process=(2, 3)))
    assert "art 2 of 3" not in printed(whole)
    assert "conforms: Plain 1 keeps the contract, as far as it was tested." in printed(whole)


def test_a_run_is_done_to_its_end_if_all_its_parts_are() -> None:
    """Another process, or another machine, has stopped before this one."""
    other = part("Plain")
    assert judged("Plain", others=lambda: [other]).promise["smoke"]["finished"]
    cut = replace(other, promise={"smoke": {**other.promise["smoke"], "finished": False}}, given_up=Stopped())
    for missing in (cut, replace(cut, promise={})):
        report = judged("Plain", others=lambda missing=missing: [missing])
        assert not report.promise["smoke"]["finished"]
        assert report.verdict == "incomplete"
    reports = [
        {**as_json(report), "shard": {"number": number, "of": 2}}
        for number, report in enumerate((judged("Plain"), stopped_in("complete")), 1)
    ]
    first, second = reports
    for rule in second["rules"]:
        rule.update(verdict="pass")
    both = joined_reports({"1": first, "2": second})
    assert both["verdict"] == "incomplete"
    assert {name: promise["finished"] for name, promise in both["promise"].items()} == {
        "smoke": True,
        "complete": False,
    }
    assert joined_reports({"1": {**first, "shard": {"number": 1, "of": 1}}})["verdict"] == "conforms"
