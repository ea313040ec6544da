"""Rules that nothing has put to the test: which of them nothing could, and which are only not run."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from openfirst_conformance.adapters.inprocess import PythonAdapter
from openfirst_conformance.cases.case import Case, Planned
from openfirst_conformance.driving.settings import Settings
from openfirst_conformance.reports.verdict_words import reason_in_words
from openfirst_conformance.tiers.catalogue import TIERS
from openfirst_conformance.verdicts.judge import judge, replay
from openfirst_conformance.verdicts.model import Report
from openfirst_reference.contract.load import load_contract

CONTRACT = load_contract()
SWIFT = Settings(extra=0, walks=3)


class Nothing:
    """Has no operation, and declares two clients and two calls at once."""

    operations: tuple[str, ...] = ()

    def initialize(self, params: dict[str, Any]) -> dict[str, Any]:
        capabilities = {"operations": list(self.operations), "clients": 2, "concurrency": 2}
        return {"protocol": 1, "implementation": {"name": "nothing"}, "capabilities": capabilities}

    def reset(self, params: dict[str, Any]) -> None:
        pass

    def call(self, params: dict[str, Any]) -> dict[str, Any]:
        return {"outcome": "value", "value": False}


class OnlyAsksForTokens(Nothing):
    """Declares no more than that it asks for a fresh token; whether it does shows nowhere."""

    def initialize(self, params: dict[str, Any]) -> dict[str, Any]:
        result = super().initialize(params)
        result["capabilities"] |= {"refresh": True, "clock": "virtual"}
        return result

    def advance(self, params: dict[str, Any]) -> None:
        pass

    def settle(self, params: dict[str, Any]) -> None:
        pass


class IsOpen(Nothing):
    """Has the one operation, and no session is ever open."""

    operations = ("isOpen",)


def judged(implementation: type[Nothing], *tiers: str) -> Report:
    """What is said of it."""
    adapter = PythonAdapter(f"{__name__}:{implementation.__name__}")
    return asyncio.run(judge(adapter, CONTRACT, tiers=tiers, settings=SWIFT))


@pytest.mark.parametrize("implementation", [Nothing, OnlyAsksForTokens])
@pytest.mark.parametrize("tiers", [["smoke"], list(TIERS)], ids=["smoke", "all"])
def test_without_an_operation_every_rule_is_not_applicable_with_its_reason(
    implementation: type[Nothing], tiers: list[str]
) -> None:
    """Whatever tiers are run, to their end."""
    report = judged(implementation, *tiers)
    told = {rule.id: (rule.verdict, reason_in_words(rule.reason)) for rule in report.rules.values()}
    assert {verdict for verdict, _ in told.values()} == {"not-applicable"}
    assert all("not declared" in why or "not a single operation is declared" in why for _, why in told.values())
    assert report.verdict == "incomplete"
    assert report.finished


def test_with_one_operation_what_that_one_cannot_test_is_not_applicable() -> None:
    """Nothing changes, so that there is nothing for another client or another call to be in the way of."""
    told = {rule.id: rule for rule in judged(IsOpen, "smoke").rules.values()}
    tested = [name for name, rule in told.items() if rule.verdict != "not-applicable"]
    assert tested == ["is-open-is-pure"]
    assert "getParticipant is not declared" in reason_in_words(told["participants-differ"].reason)
    assert "open is not declared" in reason_in_words(told["sessions-are-apart"].reason)


def test_a_case_that_fails_masks_no_rule_that_it_does_not_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """Played again, a failing case says nothing of the rules that it has nothing to do with."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "adapters"))
    calls = (
        Planned("a", "open", {"info": {"name": "Ana"}}),
        Planned("a", "close"),
        Planned("a", "open", {"info": {"avatarUrl": "x"}}),
    )
    case = Case("leak", "a name that is left", {"a": "token-with-id"}, (*calls, Planned("a", "getParticipant")))
    adapter = PythonAdapter("implementations_for_judge:LeaksTheName")
    report = asyncio.run(replay(adapter, CONTRACT, case))
    verdicts = {rule.id: rule.verdict for rule in report.rules.values()}
    assert verdicts["reopen"] == "fail"
    assert "masked" not in verdicts.values()
    assert verdicts["update-updates"] == "not-run"
