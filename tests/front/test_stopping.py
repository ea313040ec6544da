"""Ctrl-C as a terminal sends it: to all processes of a run at once."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest

from openfirst.cli.stopping import SAID

Check = Callable[..., subprocess.Popen[str]]
OPENFIRST = [sys.executable, "-c", "from openfirst.cli import main; main()"]
# It tells its process ID where the test reads, and holds that open for as long as it lives. It answers a call, or hangs for as long
# as somebody reads.
ADAPTER = """
import json, os, select, sys
told, made = open(sys.argv[1], "w"), 0
for line in sys.stdin:
    request = json.loads(line)
    result = {"generation": request["params"].get("generation")}
    if request["method"] == "initialize":
        result = {"protocol": 1, "implementation": {"name": "t"}, "capabilities": {"operations": ["isOpen"]}}
    if request["method"] == "call":
        if made == 0:
            print(os.getpid(), file=told, flush=True)
        made += 1
        if sys.argv[2] == "hangs":
            reads = select.poll()
            reads.register(told, 0)
            reads.poll()
            sys.exit()
        result |= {"outcome": "value", "value": False}
    print(json.dumps({"id": request["id"], "result": result}), flush=True)
"""


@pytest.fixture
def check(tmp_path: Path) -> Iterator[Check]:
    """Begins `openfirst check` in a process group of its own, of which nothing is left in the end."""
    begun: list[subprocess.Popen[str]] = []

    def begin(*words: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*OPENFIRST, "check", *words],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        begun.append(process)
        return process

    yield begin
    for process in begun:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def adapter(folder: Path, way: str) -> str:
    """The command that starts the adapter; what it tells goes to `told` in the folder."""
    (folder / "adapter.py").write_text(ADAPTER, encoding="utf-8")
    os.mkfifo(folder / "told")
    return shlex.join([sys.executable, "adapter.py", "told", way])


def until(stream: IO[str] | None, words: str) -> None:
    """Read lines up to one with these words."""
    assert stream is not None
    assert any(words in line for line in stream)


def test_the_second_ctrl_c_ends_a_run_in_several_processes_at_once_and_leaves_nothing(
    check: Check, tmp_path: Path
) -> None:
    run = check(
        "-j",
        "2",
        "--tier",
        "smoke",
        "--tier",
        "complete",
        "--adapter",
        adapter(tmp_path, "hangs"),
        "--timeout-scale",
        "1000",
    )
    with (tmp_path / "told").open(encoding="utf-8") as told:
        adapters = {told.readline(), told.readline()}
        assert len(adapters) == 2
        os.killpg(run.pid, signal.SIGINT)
        until(run.stderr, SAID)
        os.killpg(run.pid, signal.SIGINT)
        printed = run.communicate(timeout=60)  # Both ends are there once no process has them open.
        assert told.read() == ""  # Nor do the adapters live.
    assert printed == ("", "")
    assert run.returncode == 130


def test_the_first_ctrl_c_ends_all_processes_of_a_run_with_a_report_of_what_was_done(
    check: Check, tmp_path: Path
) -> None:
    walks = ("--tier", "explore", "--walks", "1000000")
    run = check("-j", "2", *walks, "--adapter", adapter(tmp_path, "answers"), "--json", "report.json")
    with (tmp_path / "told").open(encoding="utf-8") as told:
        assert len({told.readline(), told.readline()}) == 2
        os.killpg(run.pid, signal.SIGINT)
        out, err = run.communicate(timeout=60)
        assert told.read() == ""
    assert err == f"{SAID}\n"
    assert "Not done to its end" in out
    assert run.returncode == 3


def test_ctrl_c_that_this_process_alone_hears_stops_the_others_as_well(check: Check, tmp_path: Path) -> None:
    walks = ("--tier", "explore", "--walks", "1000000")
    run = check("-j", "2", *walks, "--adapter", adapter(tmp_path, "answers"))
    with (tmp_path / "told").open(encoding="utf-8") as told:
        assert len({told.readline(), told.readline()}) == 2
        run.send_signal(signal.SIGINT)
        _, err = run.communicate(timeout=60)
        assert told.read() == ""
    assert (err, run.returncode) == (f"{SAID}\n", 3)


def test_ctrl_c_before_anything_was_done_ends_it_without_a_report(check: Check, tmp_path: Path) -> None:
    """The adapter has begun, and does not shake hands: there is nothing to report."""
    os.mkfifo(tmp_path / "told")
    sleeps = "import sys, threading; print(file=open(sys.argv[1], 'w')); threading.Event().wait()"
    run = check("-j", "1", "--adapter", shlex.join([sys.executable, "-c", sleeps, "told"]))
    with (tmp_path / "told").open(encoding="utf-8") as told:
        told.readline()
        os.killpg(run.pid, signal.SIGINT)
        out, err = run.communicate(timeout=60)
    assert out == ""
    assert "Traceback" not in err
    assert err.endswith("Stopped before the end.\n")
    assert run.returncode == 130


INTERRUPTED = """
import sys

class Interrupts:
    def find_spec(self, name, path=None, target=None):
        if name == "click":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupts())
"""


def test_ctrl_c_while_modules_are_brought_in_ends_it_as_well() -> None:
    """Before any command could hear it."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    module, name = project["scripts"]["openfirst"].split(":")
    command = [sys.executable, "-c", f"{INTERRUPTED}\nfrom {module} import {name}\n{name}()"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stderr) == (130, "Stopped before the end.\n")
