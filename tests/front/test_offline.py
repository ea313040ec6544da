"""*Test your app offline*: its Python, and that of the README, run as they stand there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from openfirst.testing.fixture import told
from openfirst_simulator.faults import KINDS, RECIPES
from tests.tracked import ROOT

PAGE = (ROOT / "docs" / "offline.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)
FILES = {found[1]: code for _, code in BLOCKS if (found := re.match(r"(?:#|//) ([\w.]+\.m?(?:py|js))\b", code))}


def ran(folder: Path) -> str:
    """What `pytest -q` prints there."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment["no_proxy"] = "127.0.0.1"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False).stdout


def test_the_pages_tests_pass_as_it_shows(tmp_path: Path) -> None:
    for name in ("app.py", "test_app.py"):
        (tmp_path / name).write_text(FILES[name], encoding="utf-8")
    [shown] = [code for kind, code in BLOCKS if kind == "console" and code.startswith("$ pytest -q\n")]
    expected = re.escape(shown.partition("\n")[2]).replace("…", ".*")
    assert re.fullmatch(expected, ran(tmp_path))


@pytest.mark.parametrize(
    ("right", "wrong", "failing"),
    [
        ("range(3)", "range(1)", "test_a_refusal_passes"),
        ("with suppress(OSError):", "if True:", "test_an_answer_is_lost_after_the_session_was_opened"),
        ("error.status != 401", "True", "test_a_token_expires_and_the_app_gets_another"),
    ],
)
def test_an_app_that_does_not_recover_fails_the_pages_test(
    tmp_path: Path, right: str, wrong: str, failing: str
) -> None:
    assert right in FILES["app.py"]
    (tmp_path / "app.py").write_text(FILES["app.py"].replace(right, wrong), encoding="utf-8")
    (tmp_path / "test_app.py").write_text(FILES["test_app.py"], encoding="utf-8")
    assert f"FAILED test_app.py::{failing}" in ran(tmp_path)


def test_one_loses_the_network_and_comes_back(tmp_path: Path) -> None:
    for name in ("app.py", "test_network.py"):
        (tmp_path / name).write_text(FILES[name], encoding="utf-8")
    assert "1 passed" in ran(tmp_path)
    (tmp_path / "test_network.py").write_text(
        FILES["test_network.py"].replace('external_id="ana"', 'external_id="zoe"'), encoding="utf-8"
    )
    assert "DID NOT RAISE" in ran(tmp_path)


def test_the_readmes_test_passes(tmp_path: Path) -> None:
    [code] = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    (tmp_path / "app.py").write_text(FILES["app.py"], encoding="utf-8")
    (tmp_path / "test_app.py").write_text(f"from app import App\n{code}", encoding="utf-8")
    assert "1 passed" in ran(tmp_path)


def test_without_pytest_it_prints_what_it_says() -> None:
    [code] = [code for kind, code in BLOCKS if kind == "python" and code not in FILES.values()]
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert printed.splitlines() == re.findall(r"print\(.*\)  # (.*)", code)


@pytest.mark.parametrize("name", ["test_app.py", "app.test.mjs"])
def test_a_test_is_short(name: str) -> None:
    assert len(FILES[name].splitlines()) < 30
    assert "sleep" not in FILES[name]


def test_the_page_tells_every_kind_of_fault() -> None:
    table = PAGE.partition("| kind | what it does |\n|---|---|\n")[2].partition("\n\n")[0]
    kinds = dict(re.findall(r"^\| `([\w-]+)` \| (.*) \|$", table, re.MULTILINE))
    assert kinds == KINDS
    assert [name for name in RECIPES if f"`{name}`" not in PAGE and f'"{name}"' not in PAGE] == []


def test_the_message_in_the_page_is_the_one_that_is_given() -> None:
    sentence = "A session of `ana` is still open (1d0f…). Close it where the test, or the app, is done with it."
    assert f"```\n{told([sentence])}\n```" in PAGE
