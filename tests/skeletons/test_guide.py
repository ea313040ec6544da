"""*Judge your own implementation in 15 minutes*: followed to the letter in an empty folder, it shows what the guide shows."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "judge-in-15-minutes.md"
LEFT_OUT = "…"
# Where the methods of a language go, and how a line begins that is one, or says that one is to be written.
FILES = {"js": Path("my-sdk/adapter.js"), "python": Path("my_sdk/adapter.py")}
METHOD = {"js": re.compile(r"  (// )?(\w+)\("), "python": re.compile(r"    (# )?def (\w+)\(")}


def test_the_guide_shows_what_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    followed = []
    for kind, text in blocks():
        if kind != "console":
            put_in(kind, text.splitlines())
            continue
        for command, shown in commands(text):
            lines = printed(command)
            assert is_shown(shown, lines), "\n".join([f"$ {command}", *lines])
            followed.append(command)
    assert len(followed) == 9


@pytest.mark.parametrize(
    ("shown", "fits"),
    [
        (["one", "two 2", "three"], True),
        ([LEFT_OUT], True),
        (["one", LEFT_OUT, "three"], True),
        ([LEFT_OUT, "two …", LEFT_OUT], True),
        (["one", "three"], False),
        (["one", "two", "three"], False),
        (["two 2", LEFT_OUT], False),
        ([LEFT_OUT, "one"], False),
    ],
)
def test_what_is_left_out_is_the_only_difference(shown: list[str], fits: bool) -> None:
    assert is_shown(shown, ["one", "two 2", "three"]) is fits


def blocks() -> list[tuple[str, str]]:
    """The guide's code in its order, but for the installation: that is done, where this runs."""
    first, *rest = re.findall(r"```(\w+)\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert first[0] == "sh" and "pip install openfirst" in first[1]
    return rest


def commands(console: str) -> Iterator[tuple[str, list[str]]]:
    """Each command of a block, with the lines that are shown of its output."""
    for part in re.split(r"^\$ ", console, flags=re.MULTILINE)[1:]:
        command, *shown = part.splitlines()
        yield command, shown


def printed(command: str) -> list[str]:
    """The lines that a command prints."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "COLUMNS": "80"}
    done = subprocess.run(shlex.split(command), env=environment, capture_output=True, encoding="utf-8", check=False)
    assert done.stderr == ""
    return [line.rstrip() for line in done.stdout.splitlines()]


def is_shown(shown: list[str], lines: list[str]) -> bool:
    """Whether `shown` is what `lines` are: `…` alone stands for any lines, and at the end of one for the rest of it."""
    pattern = ""
    for line in shown:
        whole = not line.endswith(LEFT_OUT)
        begin = re.escape(line.removesuffix(LEFT_OUT))
        pattern += r"(?:.*\n)*" if line == LEFT_OUT else begin + ("" if whole else ".*") + r"\n"
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in lines)) is not None


def put_in(language: str, code: list[str]) -> None:
    """Put methods in place of the lines that say they are to be written, or of what was written there before."""
    text = FILES[language].read_text(encoding="utf-8").splitlines()
    starts = [number for number, line in enumerate(code) if METHOD[language].match(line)]
    for start, end in zip(starts, [*starts[1:], len(code)], strict=True):
        found = METHOD[language].match(code[start])
        assert found is not None
        first, last = extent(language, text, found[2])
        text[first:last] = code[start:end]
    FILES[language].write_text("\n".join(text) + "\n", encoding="utf-8")


def extent(language: str, text: list[str], name: str) -> tuple[int, int]:
    """From which line to which a method stands, or the line that says it is to be written."""
    for first, line in enumerate(text):
        found = METHOD[language].match(line)
        if found is not None and found[2] == name:
            last = first + 1
            indent = len(line) - len(line.lstrip())
            while found[1] is None and text[last][: indent + 1].isspace():
                last += 1
            return first, last + (text[last].strip() == "}" and found[1] is None)
    raise AssertionError(f"{FILES[language]} has no line for {name}")
