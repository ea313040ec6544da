"""`openfirst contract diff`: two contracts by file, by overlay or by the name of the packaged one."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from openfirst.cli import main
from openfirst_spec import resource

SOURCE = "sources: { more: { title: More, version: 1.0.0, what: documentation } }\n"


def diff(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["contract", "diff", *map(str, arguments)])


@pytest.fixture
def more(tmp_path: Path) -> Path:
    """An overlay that adds a source."""
    file = tmp_path / "more.yaml"
    file.write_text(SOURCE, encoding="utf-8")
    return file


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """A contract of its own with a single fixture: all of them take long."""
    text = resource("session.yaml")
    start, end = text.index("\nfixtures:"), text.index("\n# -----", text.index("\nfixtures:"))
    fixture = "\nfixtures:\n  key-secret: { set: { kind: key-secret }, calls: [close, isOpen] }\n"
    file = tmp_path / "whole.yaml"
    file.write_text(text[:start] + fixture + text[end:], encoding="utf-8")
    return file


def test_what_is_the_same_is_said_to_be() -> None:
    result = diff("packaged", "packaged")

    assert (result.exit_code, result.output) == (0, "The two contracts say the same.\n")


def test_files_are_contracts_or_overlays_of_the_packaged_one(whole: Path, more: Path) -> None:
    result = diff(whole, whole, "--overlay-b", more)

    assert result.exit_code == 0
    assert result.output == (
        "source more: added\n\nWhatever keeps the first keeps the second, in the 1 fixture that both have.\n"
    )
    assert diff(more, "packaged", "--overlay-b", more).output == "The two contracts say the same.\n"


def test_what_can_break_is_told_and_is_no_error(whole: Path, tmp_path: Path) -> None:
    stricter = tmp_path / "stricter.yaml"
    stricter.write_text("choices: { close-while-closed: { values: [accept] } }\n", encoding="utf-8")

    result = diff(whole, whole, "--overlay-b", stricter)

    assert result.exit_code == 0
    assert "choice close-while-closed: values: no longer refuse\n" in result.output
    assert "An implementation that keeps the first can break the second.\n  Fixture key-secret:\n" in result.output
    assert "1  close  error session-not-open  -\n" in result.output


@pytest.mark.parametrize("arguments", [("packaged", "none.yaml"), ("none.yaml", "packaged")])
def test_a_file_that_is_not_there_is_named(arguments: tuple[str, str]) -> None:
    result = diff(*arguments)

    assert result.exit_code == 2
    assert "none.yaml:1:1: The file cannot be read: No such file or directory. Check the path." in result.output


def test_what_is_wrong_with_a_contract_is_told(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("rules: { reopen: { source: nowhere } }\n", encoding="utf-8")

    result = diff("packaged", wrong)

    assert result.exit_code == 2
    assert "nowhere" in result.output
