"""*Develop offline in ten minutes*, with the React Native SDK: the page's test passes as it shows, and can fail.

The nox session `react_native` has installed what it takes, for the example app.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pages import files_in, is_as_shown
from tests.tracked import ROOT

PAGE = "ten-minutes.md"
COMMAND = "openfirst simulate --port 0 -- npx jest"
TEST = files_in(PAGE)["app.test.js"]
INSTALLED = ROOT / "examples" / "app-react-native" / "node_modules"


def ran(folder: Path, test: str) -> tuple[int, str]:
    """What the page's command comes to with that test; Jest reports on standard error."""
    (folder / "node_modules").symlink_to(INSTALLED)
    (folder / "package.json").write_text("{}", encoding="utf-8")
    (folder / "jest.config.js").write_text("module.exports = { preset: '@openfirst/react-native' }\n", encoding="utf-8")
    (folder / "app.test.js").write_text(test, encoding="utf-8")
    scripts = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"}
    command = [str(scripts / "openfirst"), *COMMAND.split()[1:]]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_the_pages_test_passes_as_it_shows(tmp_path: Path) -> None:
    status, printed = ran(tmp_path, TEST)
    assert (status, is_as_shown(PAGE, COMMAND, printed)) == (0, True), printed


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("await sdk.session.open({ name });", ""), ("participant.info.name === 'ben'", "participant.info.name === 'zoe'")],
)
def test_it_can_fail(tmp_path: Path, right: str, wrong: str) -> None:
    assert right in TEST
    status, printed = ran(tmp_path, TEST.replace(right, wrong))
    assert (status, is_as_shown(PAGE, COMMAND, printed)) == (1, False), printed
