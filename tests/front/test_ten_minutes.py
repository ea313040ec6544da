"""*Develop offline in ten minutes*, in Python: the page's test passes as it shows, and fails where there is no session first."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pages import files_in, is_as_shown

PAGE = "ten-minutes.md"
TEST = files_in(PAGE)["test_app.py"]


def ran(folder: Path, test: str) -> str:
    """What `pytest -q` prints with that test."""
    (folder / "test_app.py").write_text(test, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment["no_proxy"] = "127.0.0.1"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False).stdout


def test_the_pages_test_passes_as_it_shows(tmp_path: Path) -> None:
    assert is_as_shown(PAGE, "pytest -q", ran(tmp_path, TEST))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('ask(platform, token, "POST", "/v1/sessions", {"name": "Ana"})', "pass"),
        ('platform.clock.advance("30m")', 'platform.clock.advance("29m")'),
        ('ask(platform, platform.token("ana"), "DELETE", f"/v1/sessions/{platform.sessions[0].id}")', "pass"),
    ],
)
def test_it_can_fail(tmp_path: Path, right: str, wrong: str) -> None:
    assert right in TEST
    printed = ran(tmp_path, TEST.replace(right, wrong))
    assert "1 failed" in printed or "1 error" in printed, printed
    assert not is_as_shown(PAGE, "pytest -q", printed)
