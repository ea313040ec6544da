"""*Write a drop-in replacement*: followed to the letter in an empty folder, it shows what it shows, and the example comes of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.skeletons.test_guide import commands, is_shown, printed
from tests.tracked import ROOT

PAGE = ROOT / "docs" / "replacement.md"
EXAMPLE = ROOT / "examples" / "replacement"


def blocks() -> list[tuple[str, str]]:
    """The page's code in its order, but for the installation."""
    first, *rest = re.findall(r"```(\w+)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert first[0] == "sh"
    return rest


def written(folder: Path, name: str, code: str) -> None:
    """Write a file, or put a method or a class in the place of what is there of it."""
    file = folder / name
    if "module.exports" in code or name.endswith(".test.js"):
        file.write_text(f"'use strict';\n{code}", encoding="utf-8")
    elif name == "adapter.js":
        text = file.read_text(encoding="utf-8")
        start, end = text.index("// One client of"), text.index("const operations")
        file.write_text(f"{text[:start]}{code}\n{text[end:]}", encoding="utf-8")
    else:
        text = file.read_text(encoding="utf-8")
        start = text.index("  async isOpen()")
        end = text.index("  getParticipant()")
        file.write_text(text[:start] + code + text[end:], encoding="utf-8")


def test_the_page_shows_what_is_printed_and_ends_with_the_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    followed = 0
    for kind, text in blocks():
        if kind == "js":
            label, code = text.split("\n", 1)
            written(tmp_path, label.removeprefix("// "), code)
            continue
        for command, shown in commands(text):
            lines = printed(command)
            assert is_shown(shown, lines), "\n".join([f"$ {command}", *lines])
            followed += 1
    assert followed == 4
    for name in ("session.js", "session.test.js"):
        assert (tmp_path / name).read_text(encoding="utf-8") == (EXAMPLE / name).read_text(encoding="utf-8")
    ours = (EXAMPLE / "adapter.js").read_text(encoding="utf-8")
    ours = ours.replace("name: 'replacement', version: '1.0.0'", "name: 'TODO', version: '0'")
    ours = ours.replace("the replacement refuses", "your implementation refuses")
    assert ours == (tmp_path / "adapter.js").read_text(encoding="utf-8")


def test_the_example_conforms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines = printed(f"openfirst check --adapter 'node {EXAMPLE / 'adapter.js'}' --tier smoke")
    assert lines[-2].startswith("conforms: replacement 1.0.0 keeps the contract")
