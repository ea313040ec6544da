"""`pytest --pyargs openfirst_conformance`: each rule in each tier is a test, and what people know of pytest works."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from openfirst_reference.contract.load import load_contract

ADAPTERS = Path(__file__).resolve().parents[1] / "conformance" / "adapters"
RULES = list(load_contract().rules)


@pytest.fixture(autouse=True)
def _somewhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ADAPTERS))
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)


def pytest_run(*words: str, caching: bool = False) -> subprocess.CompletedProcess[str]:
    """What a run of pytest in an empty folder comes to."""
    without = [] if caching else ["-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", "-rA", *without, *words]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_XDIST")}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)


def judged(factory: str, *words: str, caching: bool = False) -> subprocess.CompletedProcess[str]:
    """The same, with an adapter object of implementations_for_judge."""
    named = ["--pyargs", "openfirst_conformance", "--python", f"implementations_for_judge:{factory}"]
    return pytest_run(*named, *words, caching=caching)


def outcomes(result: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """Test to outcome, from the summary."""
    found = re.findall(r"^(PASSED|FAILED|XFAIL) \S*test_rule\[([a-z-]+)\]", result.stdout, re.MULTILINE)
    return {name: outcome for outcome, name in found}


def test_each_rule_in_each_tier_is_a_test_and_a_broken_one_shows_its_sequence() -> None:
    """LeaksTheName breaks `reopen`, which takes open, close, open and a look; one client, so nothing of two."""
    result = judged("LeaksTheName", "--tier", "smoke", "--tier", "concurrent")
    assert result.returncode == 1
    shown = outcomes(result)
    assert [name for name, outcome in shown.items() if outcome == "FAILED"] == ["smoke-reopen"]
    assert shown["smoke-open-opens"] == "PASSED"
    assert "smoke-concurrent-calls" not in shown
    assert f"1 failed, {len(shown) - 1} passed, {2 * len(RULES) - len(shown)} skipped" in result.stdout
    text = result.stdout.partition("= FAILURES =")[2].partition("= short test summary")[0]
    assert re.search(r"open.*close.*open.*getParticipant", text, re.DOTALL)
    assert "Traceback" not in result.stdout


def test_a_should_that_is_not_kept_is_expected_to_fail() -> None:
    """update-needs-scope is a should."""
    result = judged("NeedsNoScope", "--tier", "smoke")
    assert result.returncode == 0
    assert outcomes(result)["smoke-update-needs-scope"] == "XFAIL"


def test_rules_are_chosen_by_name_and_the_last_failures_run_again() -> None:
    chosen = judged("LeaksTheName", "--tier", "smoke", "-k", "reopen or close-closes", caching=True)
    assert outcomes(chosen) == {"smoke-reopen": "FAILED", "smoke-close-closes": "PASSED"}
    assert outcomes(judged("LeaksTheName", "--tier", "smoke", "--lf", caching=True)) == {"smoke-reopen": "FAILED"}


def test_two_workers_come_to_what_one_does() -> None:
    words = ("--tier", "smoke", "--tier", "concurrent")
    alone, together = judged("LeaksTheName", *words), judged("LeaksTheName", *words, "-n", "2")
    assert outcomes(together) == outcomes(alone)
    assert outcomes(alone)["smoke-reopen"] == "FAILED"
    assert "2 workers" in together.stdout
    assert together.returncode == alone.returncode == 1


def test_a_shard_runs_a_part_and_the_junit_file_names_every_rule() -> None:
    """Of forty parts the last has so few cases that it does not meet every rule."""
    result = judged("LeaksTheName", "--tier", "smoke", "--shard", "40/40", "--junitxml", "part.xml")
    cases = ElementTree.parse("part.xml").getroot().findall(".//testcase")
    assert [case.get("name") for case in cases] == [f"test_rule[smoke-{rule}]" for rule in RULES]
    whole = outcomes(judged("LeaksTheName", "--tier", "smoke"))
    assert set(outcomes(result)) < set(whole)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--tier", "smoek"], "`smoek` is not a tier"),
        (["--app-key", "key"], "--app-key is of a platform that is judged. Give --platform, too."),
        (["--shard", "4/3"], "`4/3` is not a part of a whole"),
        (["--tier", "smoke", "--python", "implementations_for_judge:Nobody"], "Nobody"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(words: list[str], sentence: str) -> None:
    result = judged("Plain", *words)
    assert result.returncode in (2, 4)
    assert sentence in result.stdout + result.stderr
    assert "Traceback" not in result.stdout + result.stderr
    assert "INTERNALERROR" not in result.stdout + result.stderr


def test_other_runs_of_pytest_do_not_have_the_options() -> None:
    result = pytest_run("--shard", "1/2")
    assert result.returncode == 4
    assert "unrecognized arguments: --shard" in result.stderr
