"""*Test your app offline*, in Node: the page's test runs as it stands there. The nox session `skeletons` sees to Node.js."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "offline.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"```js\n(?=// ([\w.]+))(.*?)```", PAGE, re.DOTALL))
OPENFIRST = Path(sys.executable).parent / "openfirst"


def ran(folder: Path) -> subprocess.CompletedProcess[str]:
    """What the page's command comes to."""
    command = [str(OPENFIRST), "simulate", "--", "node", "--test"]
    path = f"{OPENFIRST.parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def put(folder: Path, files: dict[str, str]) -> None:
    for name, code in files.items():
        (folder / name).write_text(code, encoding="utf-8")


def test_the_pages_test_passes_in_node(tmp_path: Path) -> None:
    put(tmp_path, FILES)
    done = ran(tmp_path)
    assert (done.returncode, "# pass 1\n" in done.stdout) == (0, True), done.stdout


@pytest.mark.parametrize(
    ("right", "wrong"), [("attempt < 3", "attempt < 1"), (".catch(() => {})", ""), ("error.status !== 401", "true")]
)
def test_an_app_that_does_not_recover_fails_it(tmp_path: Path, right: str, wrong: str) -> None:
    assert right in FILES["app.mjs"]
    put(tmp_path, {**FILES, "app.mjs": FILES["app.mjs"].replace(right, wrong)})
    done = ran(tmp_path)
    assert (done.returncode, "# fail 1\n" in done.stdout) == (1, True), done.stdout
