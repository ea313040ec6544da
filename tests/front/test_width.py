"""What the commands print fits the terminal, and no word, rule id or URL is broken to make it fit."""

import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from openfirst.cli import main

ROOT = Path(__file__).resolve().parents[2]
LONG = "a-rule-whose-name-is-forty-characters-xx"
VALUE = "as-the-platform-that-was-asked-last-has-it"
URL = "https://pictures.example/ana.png"
OVERLAY = f"""\
rules:
  {LONG}:
    level: should
    basis: inferred
    statement: See {URL} for what a name of forty characters does to a table.
    source: rn
    quote: Closes the current session.
    shows: at-once
    invariant: [{{ of: [isOpen], holds: "true" }}]
choices:
  no-participant: {{ values: [error, "null", {VALUE}] }}
"""
COMMANDS = (
    "rules",
    f"rules {LONG}",
    "rules reopen",
    "contract show",
    f"contract show {LONG}",
    "contract show no-participant",
    f"trace '{ROOT}/examples/logs/used-after-close.jsonl'",
    "adapter check --python implementations_for_judge:Plain",
    "check --tier smoke --python implementations_for_judge:LeaksTheName",
    "check --tier smoke --python implementations_for_judge:NeedsNoScope",
)
LEAKS, SCOPE = COMMANDS[-2:]


@pytest.fixture(autouse=True)
def _somewhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(ROOT / "tests" / "conformance" / "adapters"))
    Path("overlay.yaml").write_text(OVERLAY, encoding="utf-8")


def printed(line: str, width: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """What a command prints on a terminal of that width."""
    monkeypatch.setenv("COLUMNS", str(width))
    words = shlex.split(line)
    laid = ["--overlay", "overlay.yaml"] if words[0] in ("rules", "check", "trace") or "show" in words else []
    result = CliRunner().invoke(main, [*words, *laid], catch_exceptions=False)
    assert result.exit_code in (0, 1), result.output
    return result.stdout


def words_of(text: str) -> set[str]:
    """The words, without lines that underline something, and figures, which the seconds are among."""
    words = {word.strip("“”().,;:") for word in text.split()}
    return {word for word in words if word.strip("=-") and not word[0].isdigit()}


@pytest.mark.parametrize("command", COMMANDS)
def test_no_line_is_too_long_and_no_word_is_broken(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """But for a single word that has no room, and for what is there to be pasted; the same words as where there is room for all."""
    wide = words_of(printed(command, 10_000, monkeypatch))
    for width in (60, 80):
        text = printed(command, width, monkeypatch)
        lines = [line for line in text.splitlines() if not line.startswith(("  Play it again: ", "Report: "))]
        assert [line for line in lines if len(line) > width and len(line.split()) > 1] == []
        assert words_of(text) <= wide


def test_reports_that_are_compared_and_joined_fit_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are read from files."""
    for command, file in ((LEAKS, "leaks.json"), (SCOPE, "scope.json")):
        printed(f"{command} --json {file}", 80, monkeypatch)
    for command in ("compare leaks.json scope.json", "join scope.json"):
        test_no_line_is_too_long_and_no_word_is_broken(command, monkeypatch)


@pytest.mark.parametrize("width", [60, 80, 150])
def test_a_long_rule_id_and_a_long_value_are_in_the_table_whole(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    text = printed(f"{LEAKS} --choice no-participant={VALUE}", width, monkeypatch)
    assert LONG in text and VALUE in text and URL in text


def test_the_table_and_the_summary_have_one_word_for_a_should_that_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """And say beside it that it breaks nothing."""
    text = printed(SCOPE, 200, monkeypatch)
    (row,) = [line for line in text.splitlines() if line.startswith("update-needs-scope  ")]
    assert row.split()[:3] == ["update-needs-scope", "should", "fail"]
    assert "; fail: update-needs-scope (should);" in text and "warn" not in text
