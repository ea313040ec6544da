"""The example of a token server: whoever copies its folder runs its tests, and they tell a wrong server from a right one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tracked import ROOT

EXAMPLE = ROOT / "examples" / "app-python"
SERVER = "token_server.py"


def copied(tmp_path: Path) -> Path:
    """The folder, as a newcomer copies it."""
    return Path(shutil.copytree(EXAMPLE, tmp_path / "app", ignore=shutil.ignore_patterns("__pycache__")))


def ran(folder: Path, *which: str) -> tuple[int, str]:
    """Its tests, or some of them."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *which]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def test_a_copy_of_the_folder_runs(tmp_path: Path) -> None:
    status, said = ran(copied(tmp_path))
    assert (status, "5 passed" in said, "warning" in said) == (0, True, False), said


@pytest.mark.parametrize(
    ("right", "wrong", "failing"),
    [
        ("self._now() >= self._until", "True", "test_one_api_token_serves"),
        ("EARLY = 60", "EARLY = 0", "test_one_api_token_serves"),
        ("error.status_code != 401", "True", "test_an_api_token_that_the_platform_refuses"),
        ('["*"], external_id', '["*"], "ben"', "test_with_its_token"),
        ("status=502", "status=200", "test_a_wrong_secret"),
    ],
)
def test_a_server_that_is_wrong_fails_them(tmp_path: Path, right: str, wrong: str, failing: str) -> None:
    folder = copied(tmp_path)
    server = folder / SERVER
    text = server.read_text(encoding="utf-8")
    assert right in text
    server.write_text(text.replace(right, wrong), encoding="utf-8")
    status, said = ran(folder, "-k", failing)
    assert (status, f"FAILED test_token_server.py::{failing}" in said) == (1, True), said
