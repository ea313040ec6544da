"""The platform's own Node client, unmodified, against the simulator: its whole call list, over TLS."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.tracked import ROOT

OPENFIRST = Path(sys.executable).parent / "openfirst"
PROJECT = ROOT / "tests" / "skeletons" / "rest_client"


def test_every_call_of_the_client_has_a_true_answer(tmp_path: Path) -> None:
    for name in ("package.json", "package-lock.json", "life.test.js"):
        shutil.copy(PROJECT / name, tmp_path)
    install = ["npm", "ci", "--include=dev", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run(install, cwd=tmp_path, check=True, capture_output=True, timeout=120)
    command = [str(OPENFIRST), "simulate", "--tls", "--", "node", "--test"]
    environment = {**os.environ, "PATH": f"{OPENFIRST.parent}{os.pathsep}{os.environ['PATH']}"}
    run = subprocess.run(
        command, cwd=tmp_path, env=environment, check=False, capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "# pass 1" in run.stdout
