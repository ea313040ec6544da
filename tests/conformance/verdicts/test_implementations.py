"""The judge is tried on implementations written for it: the odd must go free, and the faulty be convicted."""

from __future__ import annotations

import ast
import asyncio
from pathlib import Path

import pytest

from openfirst_conformance.adapters.inprocess import PythonAdapter
from openfirst_conformance.driving.settings import Settings
from openfirst_conformance.reports.data import sequence
from openfirst_conformance.reports.terminal import failure_in_words
from openfirst_conformance.verdicts.judge import judge
from openfirst_conformance.verdicts.model import Report
from openfirst_reference.contract.load import load_contract
from openfirst_reference.machine.machine import Machine

from ..implementations import FAULTY, ODD, Plain, faulty, path_of
from ..implementations.drive import golden

CONTRACT = load_contract()
MACHINE = Machine(CONTRACT)
WRITTEN = Path(str(faulty.__file__)).parent


def name_of(implementation: type[Plain]) -> str:
    return implementation.__name__


def judged(implementation: type[Plain]) -> Report:
    """The report of the smoke tier, and of the one that the fault needs."""
    tiers = ["smoke", implementation.needs] if implementation.needs else ["smoke"]
    settings = Settings(walks=20, extra=implementation.extra)
    return asyncio.run(judge(PythonAdapter(path_of(implementation)), CONTRACT, tiers=tiers, settings=settings))


def convicted(report: Report) -> dict[str, str]:
    """The rules that fail, each with the shortest sequence that is held against it."""
    return {
        rule.id: "\n".join(str(step) for failure in rule.failures[:1] for step in sequence(report.contract, failure))
        for rule in report.rules.values()
        if rule.verdict == "fail"
    }


@pytest.mark.parametrize("implementation", [Plain, *ODD], ids=name_of)
def test_the_odd_are_accused_of_nothing(implementation: type[Plain]) -> None:
    report = judged(implementation)
    accused = convicted(report)
    assert not accused, "\n\n".join(f"{rule}:\n{sequence}" for rule, sequence in accused.items())
    assert report.verdict in implementation.verdicts
    assert not report.adapter_faults


@pytest.mark.parametrize("implementation", FAULTY, ids=name_of)
def test_the_faulty_are_convicted_of_what_they_break(implementation: type[Plain]) -> None:
    report = judged(implementation)
    accused = convicted(report)
    assert set(implementation.breaks) & set(accused), f"convicted of {sorted(accused)} only"
    assert set(implementation.every) <= set(accused), f"convicted of {sorted(accused)} only"
    assert set(accused) <= set(implementation.only or accused), f"convicted of {sorted(accused)}"
    wrongly = {rule: sequence for rule, sequence in accused.items() if rule in implementation.innocent}
    assert not wrongly, "\n\n".join(f"{rule}:\n{sequence}" for rule, sequence in wrongly.items())
    assert report.verdict in implementation.verdicts
    assert not report.adapter_faults


@pytest.mark.parametrize(
    ("implementation", "rule", "said"),
    [
        (faulty.SaysErrorButGivesNull, "participant-is-local", "`no-participant` is declared to be `error`."),
        (
            faulty.IgnoresMismatchUndeclared,
            "external-id-mismatch",
            "Nothing is declared of `external-id-mismatch`, and `refuse` is taken for granted.",
        ),
    ],
)
def test_a_choice_that_alone_forbids_it_is_told_with_the_failure(
    implementation: type[Plain], rule: str, said: str
) -> None:
    report = judged(implementation)
    assert said in " ".join(failure_in_words(report, report.rules[rule]).split())


def test_the_tracker_alone_tells_a_good_one_from_a_bad_one() -> None:
    assert not asyncio.run(golden(Plain, MACHINE))
    assert asyncio.run(golden(faulty.ClosesNothing, MACHINE))


def test_there_are_enough_of_them() -> None:
    assert len(ODD) >= 36
    assert len(FAULTY) >= 120
    assert len({name_of(implementation) for implementation in [*ODD, *FAULTY]}) == len(ODD) + len(FAULTY)


def test_every_value_of_every_choice_is_decided_by_an_odd_one_that_says_so_and_one_that_does_not() -> None:
    everything = {(choice.id, value) for choice in CONTRACT.choices.values() for value in choice.values}
    conforming: list[type[Plain]] = [Plain, *ODD]
    said = {item for each in conforming for item in each.decides.items() if item[0] not in each.undeclared}
    unsaid = {item for each in conforming for item in each.decides.items() if item[0] in each.undeclared}
    assert said == everything
    # To ignore a mismatch without a word is a fault.
    assert everything - unsaid == {("external-id-mismatch", "ignore")}


def test_every_rule_is_broken_by_a_faulty_one() -> None:
    broken = [rule for implementation in FAULTY for rule in implementation.breaks]
    assert set(broken) == set(CONTRACT.rules)
    assert broken.count("concurrent-calls") >= 2
    assert all(rule in CONTRACT.rules for implementation in FAULTY for rule in implementation.innocent)


@pytest.mark.parametrize("name", ["base.py", "odd.py", "faulty.py", "several.py"])
def test_they_know_nothing_of_the_project(name: str) -> None:
    tree = ast.parse((WRITTEN / name).read_text(encoding="utf-8"))
    imported = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level]
    imported += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    assert not [module for module in imported if module.startswith("openfirst")]
