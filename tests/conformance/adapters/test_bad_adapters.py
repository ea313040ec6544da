"""Adapters that crash, hang, answer late and print: the run ends by itself, and the verdicts are those on the implementation."""

from __future__ import annotations

import asyncio
import shlex
import sys
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from openfirst_conformance.adapters.process import ProcessAdapter
from openfirst_conformance.adapters.protocol.deadlines import Deadlines
from openfirst_conformance.reports.terminal import show
from openfirst_conformance.verdicts.judge import judge
from openfirst_conformance.verdicts.model import Report
from openfirst_conformance.verdicts.reasons import GivenUp, NeverReset
from openfirst_reference.contract.load import load_contract

CONTRACT = load_contract()
SCRIPT = Path(__file__).parent / "bad_session.py"


def judged(implementation: str, misdeed: str, *more: str) -> Report:
    command = shlex.join([sys.executable, str(SCRIPT), implementation, misdeed, *more])
    # Each call that never comes back costs its deadline.
    adapter = ProcessAdapter(command, deadlines=Deadlines(start=20, call=0.2, stop=20))
    return asyncio.run(judge(adapter, CONTRACT, tiers=("smoke",)))


def having(report: Report, verdict: str) -> set[str]:
    """The rules with this verdict."""
    return {rule.id for rule in report.rules.values() if rule.verdict == verdict}


def kinds(report: Report) -> set[str]:
    """What kinds of fault the adapter was found at."""
    return {fault.kind for fault in report.adapter_faults}


@pytest.fixture(scope="module")
def passed() -> set[str]:
    """The rules that a good implementation passes, behind an adapter that does nothing wrong."""
    report = judged("Plain", "nothing")
    assert report.adapter_faults == []
    assert len(having(report, "pass")) > 15
    return having(report, "pass")


@pytest.mark.parametrize(
    ("misdeed", "found"),
    [
        (["crashes on every", "20"], {"crash"}),
        (["crashes at random", "20"], {"crash"}),
        (["hangs at random", "200"], {"hang"}),
        (["answers late", "200"], {"hang", "stale"}),
        (["prints"], {"garbled", "noise"}),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, list) else None,
)
def test_what_an_adapter_does_now_and_then_changes_no_verdict(
    misdeed: list[str], found: set[str], passed: set[str]
) -> None:
    """The broken rule is found, no other one is accused, and what was interrupted is put to the test again."""
    report = judged("LeaksTheName", *misdeed)
    assert kinds(report) == found
    assert having(report, "fail") == {"reopen"}
    assert having(report, "pass") == passed - {"reopen"}
    assert report.verdict == "broken"


@pytest.mark.parametrize(
    ("operation", "unknown", "known"),
    [
        ("isOpen", "is-open-is-pure", {"participant-is-local", "update-updates", "external-id-mismatch"}),
        ("updateParticipantInfo", "update-updates", {"open-opens", "is-open-is-pure", "external-id-mismatch"}),
    ],
)
def test_an_operation_that_never_comes_back_leaves_its_rules_open_and_the_others_judged(
    operation: str, unknown: str, known: set[str]
) -> None:
    report = judged("LeaksTheName", "hangs on", operation)
    assert kinds(report) == {"hang"}
    assert unknown in having(report, "inconclusive")
    assert having(report, "fail") == {"reopen"}
    assert having(report, "pass") >= known


def test_one_that_crashes_at_every_seventh_call_is_given_up_with_what_it_was_convicted_of() -> None:
    """It is said once, with how often it did and its last lines. Nothing is called flaky, and nothing a pass."""
    report = judged("LeaksTheName", "crashes on every", "7")
    (fault,) = report.adapter_faults
    assert (fault.kind, fault.times, fault.stderr) == ("crash", 100, "out of memory")
    assert having(report, "fail") == {"reopen"}
    assert having(report, "flaky") == having(report, "pass") == set()
    printed = Console(file=StringIO(), width=200)
    show(report, printed, lambda _: None)
    told = printed.file.getvalue()  # type: ignore[attr-defined]
    assert "The adapter itself failed 100 times" in told
    assert told.count("crash, 100 times, first in ") == told.count("out of memory") == 1
    assert "the adapter failed 100 times in " in told


def test_one_that_fails_at_its_first_reset_is_given_up_at_once() -> None:
    report = judged("Plain", "crashes in reset")
    assert [(fault.kind, fault.times) for fault in report.adapter_faults] == [("crash", 3)]
    assert {rule.reason for rule in report.rules.values() if rule.verdict == "inconclusive"} == {GivenUp(NeverReset(3))}
    assert report.verdict == "incomplete"


@pytest.mark.parametrize(("operation", "shown"), [("isOpen", ""), ("getParticipant", "careful")])
def test_a_failure_shows_what_was_written_to_standard_error_in_its_own_case(operation: str, shown: str) -> None:
    """It is shown by a getParticipant, and without isOpen; both are called before it."""
    report = judged("LeaksTheName", "warns on", operation)
    assert {failure.played.stderr for failure in report.rules["reopen"].failures} == {shown}


def test_an_adapter_that_hangs_all_the_time_is_given_up_and_nothing_is_called_a_pass() -> None:
    """Each hang costs a deadline: a run that waited for all of them would seem to hang itself."""
    report = judged("Plain", "hangs at random", "3")
    assert kinds(report) == {"hang"}
    assert having(report, "fail") == having(report, "pass") == set()
    assert not [rule.id for rule in report.rules.values() if "pass" in rule.tiers.values()]
    assert report.verdict == "incomplete"
