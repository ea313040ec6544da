"""*Develop offline in ten minutes*, in Node: the page's test passes as it shows, and can fail."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pages import files_in, is_as_shown

PAGE = "ten-minutes.md"
COMMAND = "openfirst simulate --port 0 -- node --test"
TEST = files_in(PAGE)["app.test.mjs"]


def ran(folder: Path, test: str) -> tuple[int, str]:
    """What the page's command comes to with that test."""
    (folder / "app.test.mjs").write_text(test, encoding="utf-8")
    scripts = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"}
    command = [str(scripts / "openfirst"), *COMMAND.split()[1:]]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def test_the_pages_test_passes_as_it_shows(tmp_path: Path) -> None:
    status, printed = ran(tmp_path, TEST)
    assert (status, is_as_shown(PAGE, COMMAND, printed)) == (0, True), printed


@pytest.mark.parametrize(
    ("right", "wrong"), [("{ name: 'Ana' })).status, 201", "7)).status, 201"), ("1800 * 1000", "1")]
)
def test_it_can_fail(tmp_path: Path, right: str, wrong: str) -> None:
    assert right in TEST
    status, printed = ran(tmp_path, TEST.replace(right, wrong))
    assert (status, is_as_shown(PAGE, COMMAND, printed)) == (1, False), printed
