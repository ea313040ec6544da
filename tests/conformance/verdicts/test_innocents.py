"""Innocents that the contract makes: none may be accused, however odd. `nox -s innocents` tries many, with all tiers."""

from __future__ import annotations

import asyncio
import os

import pytest

from openfirst_conformance.driving.settings import Settings
from openfirst_conformance.power.trivial_clients import Nowhere
from openfirst_conformance.reports.data import sequence
from openfirst_conformance.verdicts.judge import judge
from openfirst_reference.contract.load import load_contract
from openfirst_reference.machine.machine import Machine

from ..implementations.generated import Generated

CONTRACT = load_contract()
MACHINE = Machine(CONTRACT)
FIRST, _, LAST = os.environ.get("OPENFIRST_INNOCENTS", "1-4").partition("-")
SEEDS = range(int(FIRST), int(LAST) + 1)
MANY = len(SEEDS) > 4
TIERS = ["smoke", "complete", "explore"] if MANY else ["smoke", "complete"]


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_the_table_leaves_open_is_nobodys_fault(seed: int) -> None:
    innocent = Generated(MACHINE, seed)
    settings = Settings(extra=int(MANY), walks=50, seed=seed)
    report = asyncio.run(judge(innocent, CONTRACT, tiers=TIERS, settings=settings, platform=Nowhere(CONTRACT)))
    accused = [
        "\n".join([rule.id, *map(str, sequence(CONTRACT, rule.failures[0]))])
        for rule in report.rules.values()
        if rule.verdict == "fail"
    ]
    assert not accused, "\n\n".join([f"declared {innocent.declared}, varying {sorted(innocent.varying)}", *accused])
    assert report.verdict == "conforms"
    assert not report.adapter_faults


def test_they_differ_in_what_they_choose() -> None:
    made = [Generated(MACHINE, seed) for seed in range(40)]
    for choice in CONTRACT.choices.values():
        assert {each.decided[choice.id] for each in made} == set(choice.values)
        if choice.undeclared is None:
            assert any(choice.id in each.varying for each in made)
        assert any(choice.id in each.declared for each in made)
