"""`openfirst adapter`, and what `check` and it have in common: --connect and --transcript."""

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from openfirst.cli import main

ROOT = Path(__file__).resolve().parents[2]
ADAPTER = ROOT / "examples" / "python" / "adapter.py"
ADAPTERS = ROOT / "tests" / "conformance" / "adapters"
OVERLAY = """
operations:
  wave:
    title: Waves at everybody
    arguments: { hand: { type: string } }
    parameters: {}
    result: nothing
    errors: []
transitions:
  - { id: wave.anywhere, carries: [open-opens], call: wave, in: {}, may: [{ answer: nothing }] }
"""


@pytest.fixture(autouse=True)
def _somewhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(ADAPTERS))


def run(*words: str) -> Result:
    return CliRunner().invoke(main, words, catch_exceptions=False)


def command(script: Path, *arguments: str) -> str:
    return shlex.join([sys.executable, str(script), *arguments])


@contextmanager
def listening(implementation: str) -> Iterator[str]:
    """The address of an adapter that runs already."""
    script = [sys.executable, str(ADAPTERS / "listening.py"), implementation]
    with subprocess.Popen(script, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            yield process.stderr.readline().removeprefix("Listening on ").strip()
        finally:
            process.kill()


def test_a_good_adapter_is_fit() -> None:
    result = run("adapter", "check", command(ADAPTER))
    assert result.exit_code == 0
    assert "ok     handshake       in-memory 1.0: 6 operations, 2 clients, real clock\n" in result.output
    assert result.output.endswith("The adapter is fit to be judged through.\n")


def test_a_flaw_comes_with_what_to_do_and_with_the_end_of_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    result = run("adapter", "check", command(ADAPTERS / "echo.py"))
    assert result.exit_code == 1
    assert "wrong  unknown method  the method 'noSuchMethod' was answered with a result.\n" in result.output
    assert " " * 23 + "Answer a method that you do not know with a JSON-RPC error of code -32601.\n" in result.output
    assert "Standard error: UnicodeEncodeError" in result.output
    assert "Something is wrong in 4 of the 12 checks that were made." in result.output


def test_an_object_is_checked_in_this_process() -> None:
    result = run("adapter", "check", "--python", "implementations_for_judge:Plain")
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("check", ["There is no adapter to test"]),
        ("check true --python json:loads", ["COMMAND and --python cannot be given together"]),
        ("check --connect tcp://127.0.0.1:1 true", ["COMMAND and --connect cannot be given together"]),
        ("check --connect 127.0.0.1:1", ["'127.0.0.1:1' is no address", "tcp://HOST:PORT"]),
        ("check no-such-adapter", ["no program 'no-such-adapter'"]),
        ("check --python nowhere:create", ["no module 'nowhere'"]),
        ("check --transcript no/such/folder true", ["no/such/folder", "cannot be written"]),
        ("new cobol here", ["'cobol' is not one of", "python"]),
        ("new python file", ["file is there already"]),
        ("new python there", ["adapter.py is there already, and is left as it is", "another folder"]),
    ],
)
def test_a_mistake_is_told_in_a_sentence(line: str, words: list[str]) -> None:
    Path("file").touch()
    Path("there").mkdir()
    Path("there/adapter.py").write_text("mine\n", encoding="utf-8")
    result = run("adapter", *shlex.split(line))
    assert result.exit_code == 2
    assert "Traceback" not in result.output
    for word in words:
        assert word in result.output
    assert Path("there/adapter.py").read_text(encoding="utf-8") == "mine\n"


def test_nothing_listens_and_that_is_told() -> None:
    with listening("Plain") as address:
        pass
    for words in (["adapter", "check"], ["check"]):
        result = run(*words, "--connect", address)
        assert result.exit_code == 2
        assert f"there is no adapter at {address}" in result.output
        assert "Start it first" in result.output


def test_the_two_commands_that_come_next_are_those_that_work() -> None:
    """Whatever the folder is called."""
    result = run("adapter", "new", "python", "my own 'sdk'")
    first, *nexts = result.output.splitlines()
    assert first == "Wrote my own 'sdk'/adapter.py. Fill in what is marked TODO; then:"
    (check, judge) = (shlex.split(line) for line in nexts)
    assert check[:3] == ["openfirst", "adapter", "check"] and judge[:3] == ["openfirst", "check", "--adapter"]
    assert check[3] == judge[3]
    assert shlex.split(check[3]) == ["python", "my own 'sdk'/adapter.py"]
    written = command(Path("my own 'sdk'/adapter.py"))
    assert run("adapter", "check", written).exit_code == 0
    assert run("check", "--tier", "smoke", "--adapter", written).exit_code == 3


def test_an_operation_that_an_overlay_adds_is_in_the_skeleton_and_in_the_commands() -> None:
    Path("waves.yaml").write_text(OVERLAY, encoding="utf-8")
    result = run("adapter", "new", "python", "mine", "--overlay", "waves.yaml")
    assert result.exit_code == 0, result.output
    assert "# def wave(self, hand=None):  # Waves at everybody" in Path("mine/adapter.py").read_text(encoding="utf-8")
    assert result.output.count("--overlay waves.yaml") == 2


def test_an_adapter_that_runs_already_is_judged_where_it_runs() -> None:
    """One connection after another: the check, the judgement, and the failure played again."""
    with listening("LeaksTheName") as address:
        assert run("adapter", "check", "--connect", address).exit_code == 0
        result = run("check", "--tier", "smoke", "--connect", address)
        assert result.exit_code == 1, result.output
        assert "reopen is broken (must)" in result.output
        assert f"--connect {address}" in " ".join(result.output.split())
        again = run("check", "--connect", address, "--replay", "openfirst-cases/reopen.json")
        assert again.exit_code == 1
        assert "reopen is broken (must)" in again.output


@pytest.mark.parametrize(
    "words",
    [
        ["check", "--tier", "smoke", "--adapter", command(ADAPTER)],
        ["check", "--tier", "smoke", "--python", "implementations_for_judge:Plain"],
        ["check", "--tier", "smoke"],
        ["adapter", "check", command(ADAPTER)],
        ["adapter", "check", "--python", "implementations_for_judge:Plain"],
    ],
)
def test_a_transcript_has_every_message(words: list[str]) -> None:
    run(*words, "--transcript", "messages.jsonl")
    lines = [json.loads(line) for line in Path("messages.jsonl").read_text(encoding="utf-8").splitlines()]
    assert lines[0]["message"]["method"] == "initialize"
    asked = {line["message"]["id"] for line in lines if line["from"] == "judge" and "method" in line["message"]}
    answered = {line["message"]["id"] for line in lines if line["from"] == "adapter" and "result" in line["message"]}
    assert len(asked) > 50
    # `noSuchMethod` is answered with an error.
    assert len(asked - answered) <= words.count("adapter")
