"""Cases that somebody names, played against whoever declares less than they take: left out, with the reason, and no call sent."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from openfirst_conformance.adapters.inprocess import PythonAdapter
from openfirst_conformance.cases.case import Case, Planned
from openfirst_conformance.driving.settings import Settings
from openfirst_conformance.reports.data import as_json
from openfirst_conformance.reports.verdict_words import left_out_in_words
from openfirst_conformance.verdicts.judge import judge, replay
from openfirst_conformance.verdicts.model import Report
from openfirst_reference.contract.load import load_contract

CONTRACT = load_contract()
RECORD = {"service": "recording", "method": "start", "arguments": []}
OPEN, LOOK = Planned("a", "open"), Planned("a", "isOpen")


class Less:
    """Has next to nothing, says so, and keeps what it is asked."""

    declared: dict[str, Any] = {"operations": ["isOpen"]}
    asked: list[str] = []

    def initialize(self, params: dict[str, Any]) -> dict[str, Any]:
        return {"protocol": 1, "implementation": {"name": "less"}, "capabilities": self.declared}

    def reset(self, params: dict[str, Any]) -> None:
        self.asked.append("reset")

    def call(self, params: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(params["operation"])
        return {"outcome": "value", "value": False if params["operation"] == "isOpen" else None}


def case(*calls: Planned, **clients: str) -> Case:
    """A case with these calls."""
    return Case("theirs", "somebody's", clients or {"a": "token-with-id"}, calls)


def having(**declared: Any) -> None:
    """One that declares this, and has not been asked anything."""
    Less.declared, Less.asked = {"operations": ["isOpen"], **declared}, []


LESS_OF = f"{__name__}:Less"


ALL = {"operations": ["open", "isOpen", "use"]}
LESS = [
    ({}, case(OPEN, LOOK), "open is not declared"),
    (
        {**ALL, "services": {"conference": ["create"]}},
        case(OPEN, Planned("a", "use", RECORD)),
        "recording.start is not declared",
    ),
    (
        ALL,
        case(OPEN, Planned("b", "isOpen"), a="token-with-id", b="token-other-id"),
        "more clients than are declared (1)",
    ),
    (
        {**ALL, "credentials": ["token"]},
        case(OPEN, LOOK, a="key-secret"),
        "credentials of the kind key-secret are not declared",
    ),
    ({**ALL, "arguments": {"open.info": "required"}}, case(OPEN, LOOK), "open.info is declared to be required"),
    (
        ALL,
        case(OPEN, Planned("a", "isOpen", overlapping=True)),
        "more of its calls overlap than are declared to be taken at once (1)",
    ),
    (ALL, case(OPEN, Planned("a", "passTime", {"renewal": "granted"}), a="time-passes"), "refresh is not declared"),
    (
        {**ALL, "refresh": True},
        case(OPEN, Planned("a", "passTime", {"renewal": "granted"}), a="time-passes"),
        "the clock is not virtual",
    ),
]


@pytest.mark.parametrize(("declared", "theirs", "why"), LESS, ids=[why for _, _, why in LESS])
def test_a_case_that_takes_what_was_not_declared_is_left_out(declared: dict[str, Any], theirs: Case, why: str) -> None:
    """Nothing runs, nothing is accused, and the reason is told."""
    having(**declared)
    report = asyncio.run(replay(PythonAdapter(LESS_OF), CONTRACT, theirs))
    assert Less.asked == []
    assert report.verdict == "incomplete"
    assert not [rule.id for rule in report.rules.values() if rule.verdict in ("fail", "masked", "pass")]
    told = [left_out_in_words(item) for item in report.left_out]
    assert [words for words in told if "theirs" in words and why in words] == told
    assert len(told) == 1
    [out] = as_json(report)["leftOut"]
    assert out["case"] == "theirs"
    assert why in out["reason"]


def test_what_only_the_platform_can_do_is_left_out_where_nobody_uses_it() -> None:
    """Whether it is used shows once calls were made; of the case itself none is."""
    having(**ALL)
    theirs = case(OPEN, Planned("a", "platformCloses"), Planned("a", "isOpen"), a="platform-acts")
    report = asyncio.run(replay(PythonAdapter(LESS_OF), CONTRACT, theirs))
    assert [item.lacking[0].of for item in report.left_out] == ["platformCloses"]
    reference = PythonAdapter("openfirst_conformance.adapters.authoring.reference_adapter:create")
    report = asyncio.run(replay(reference, CONTRACT, theirs))
    assert not report.left_out
    assert report.verdict == "conforms"


def scenario_of(theirs: Case) -> Report:
    """What a check from this scenario comes to."""
    settings = Settings(extra=0, scenarios=(theirs,))
    return asyncio.run(judge(PythonAdapter(LESS_OF), CONTRACT, tiers=["complete"], settings=settings))


def test_a_scenario_that_takes_what_was_not_declared_is_left_out_of_the_scenarios() -> None:
    """The others are gone on from, and no such call is made."""
    having()
    report = scenario_of(case(OPEN, LOOK))
    assert "open" not in Less.asked
    assert [left_out_in_words(item) for item in report.left_out] == [
        "Left out, since it is not applicable: the case theirs (open is not declared)."
    ]
    fewer = scenario_of(case(LOOK, LOOK))
    assert not fewer.left_out


def test_a_scenario_of_a_client_of_which_nothing_is_tried_is_left_out_too() -> None:
    """Where the world cannot act, what such clients are for cannot be tried."""
    having()
    report = scenario_of(case(LOOK, a="time-passes"))
    assert [item.lacking[0].of for item in report.left_out] == ["passTime"]
