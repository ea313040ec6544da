"""Calls that overlap, as they are told: each with what it came to, whichever of them was answered last."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from openfirst_conformance.adapters.inprocess import PythonAdapter
from openfirst_conformance.cases.case import Case, Planned
from openfirst_conformance.driving.played import Played
from openfirst_conformance.driving.subject import Subject
from openfirst_conformance.verdicts.judge import judge_cases
from openfirst_reference.contract.load import load_contract
from openfirst_reference.machine.outcome import Answered, Pending

LOOK = Planned("a", "isOpen")
AT_ONCE = Planned("a", "isOpen", overlapping=True)


class IsAlwaysOpen:
    """The first call of a case is never answered where that is asked for."""

    is_silent = False

    def initialize(self, params: dict[str, Any]) -> dict[str, Any]:
        capabilities = {"operations": ["isOpen"], "concurrency": 3}
        return {"protocol": 1, "implementation": {"name": "open"}, "capabilities": capabilities}

    def reset(self, params: dict[str, Any]) -> None:
        self.made = 0

    async def call(self, params: dict[str, Any]) -> dict[str, Any]:
        self.made += 1
        if self.is_silent and self.made == 1:
            return {"outcome": "pending"}
        return {"outcome": "value", "value": True}


class IsSilentAtFirst(IsAlwaysOpen):
    is_silent = True


def played(implementation: type) -> Played:
    """What came of three calls at once."""
    found: list[Played] = []

    async def cases(subject: Subject) -> AsyncIterator[Played]:
        case = Case("at-once", "three at once", {"a": "token-with-id"}, (LOOK, AT_ONCE, AT_ONCE))
        found.append(await subject.play(case))
        yield found[0]

    adapter = PythonAdapter(f"{__name__}:{implementation.__name__}")
    asyncio.run(judge_cases(adapter, load_contract(), "test", cases))
    return found[0]


def test_an_answer_behind_the_one_that_breaks_a_rule_is_told_as_an_answer() -> None:
    """No order explains the first of them; the others came all the same."""
    at_once = played(IsAlwaysOpen)
    assert at_once.violation is not None
    assert [made.outcome for made in at_once.seen] == [Answered(True)] * 3


def test_a_call_that_was_never_answered_is_told_as_that() -> None:
    assert [made.outcome for made in played(IsSilentAtFirst).seen] == [Pending(), Answered(True), Answered(True)]
