"""What `openfirst check` does beside judging: baselines, JUnit, the rules in words; and `openfirst compare`."""

import json
import shlex
import sys
from importlib import import_module
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from openfirst.cli import baseline as known
from openfirst.cli import main
from openfirst_conformance.verdicts.baseline import updated

ROOT = Path(__file__).resolve().parents[2]
ADAPTERS = ROOT / "tests" / "conformance" / "adapters"
LEAKS, PLAIN, DECLARES = (
    f"check --tier smoke --python implementations_for_judge:{name}"
    for name in ("LeaksTheName", "Plain", "DeclaresTooMuch")
)


@pytest.fixture(autouse=True)
def _somewhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(ADAPTERS))
    monkeypatch.setenv("COLUMNS", "200")


def run(line: str) -> Result:
    """`openfirst` with these arguments."""
    return CliRunner().invoke(main, shlex.split(line), catch_exceptions=False)


def said(result: Result, status: int, *words: str) -> None:
    """The exit status, the words, and no traceback."""
    assert result.exit_code == status, result.output
    assert "Traceback" not in result.output
    for word in words:
        assert word in result.output


def test_a_baseline_from_its_first_line_to_its_last() -> None:
    """Written, refused without a reason, accepted with one, stale once the failure is gone, and emptied."""
    said(run(f"{LEAKS} --baseline known.yaml"), 2, "known.yaml does not exist", "--update-baseline")
    said(run(f"{LEAKS} --baseline known.yaml --update-baseline"), 0, "lists 1 failure; 1 of them without a reason")
    said(run(f"{LEAKS} --baseline known.yaml"), 2, "known.yaml:3:5: the known failure of `reopen` has no reason")
    file = Path("known.yaml")
    text = file.read_text(encoding="utf-8").replace("TODO say why this is accepted", "Fixed in 2.0.  # see the roadmap")
    file.write_text(text, encoding="utf-8")

    accepted = run(f"{LEAKS} --baseline known.yaml --json report.json --junit report.xml")
    said(accepted, 0, "known: reopen", "Fixed in 2.0.")
    assert "is broken" not in accepted.output
    report = json.loads(Path("report.json").read_text(encoding="utf-8"))
    (rule,) = [rule for rule in report["rules"] if rule["verdict"] == "known"]
    assert (rule["id"], rule["reason"], report["verdict"]) == ("reopen", "Fixed in 2.0.", "conforms")
    assert ElementTree.parse("report.xml").find(".//failure") is None

    said(run(f"{PLAIN} --baseline known.yaml"), 4, "known.yaml:3:5: `reopen` does not fail like this")
    said(run(f"{LEAKS} --baseline known.yaml --update-baseline"), 0)
    assert file.read_text(encoding="utf-8") == text
    said(run(f"{PLAIN} --baseline known.yaml --update-baseline"), 0, "known.yaml lists 0 failures.")
    said(run(f"{PLAIN} --baseline known.yaml"), 0)


@pytest.mark.parametrize("is_there", [False, True], ids=["without a file", "with a file"])
def test_what_another_run_writes_meanwhile_is_kept(monkeypatch: pytest.MonkeyPatch, *, is_there: bool) -> None:
    """It shows what the first does not; both were begun with the same file."""
    read, other = known.read, f"{DECLARES} --baseline known.yaml --update-baseline"
    if is_there:
        said(run(f"{PLAIN} --baseline known.yaml --update-baseline"), 0, "lists 0 failures")

    def meanwhile(*given: Any, **options: Any) -> Any:
        found = read(*given, **options)
        monkeypatch.setattr(known, "read", read)
        said(run(other), 0, "lists 2 failures")
        return found

    monkeypatch.setattr(known, "read", meanwhile)
    said(run(f"{LEAKS} --baseline known.yaml --update-baseline"), 0, "lists 3 failures")
    assert Path("known.yaml").read_text(encoding="utf-8").count("- rule: ") == 3


@pytest.mark.skipif(sys.platform == "win32", reason="files are locked in another way there")
def test_a_baseline_is_read_and_written_by_one_run_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    fcntl, refused = import_module("fcntl"), []

    def tried(*given: Any) -> str:
        with Path("known.yaml").open("a", encoding="utf-8") as other, pytest.raises(BlockingIOError) as raised:
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        refused.append(raised.value)
        return updated(*given)

    monkeypatch.setattr(known, "updated", tried)
    said(run(f"{LEAKS} --baseline known.yaml --update-baseline"), 0, "lists 1 failure")
    assert refused


def test_a_failure_that_the_baseline_does_not_list_breaks_the_run_and_is_shown() -> None:
    """However many others it lists."""
    Path("known.yaml").write_text("known:\n  - { rule: close-closes, reason: Another one. }\n", encoding="utf-8")
    said(run(f"{LEAKS} --baseline known.yaml"), 1, "reopen is broken (must)", "known.yaml:2:5: `close-closes`")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("check --update-baseline", ["--update-baseline needs --baseline FILE"]),
        ("check --baseline no/such/known.yaml --update-baseline", ["folder", "does not exist"]),
        ("check --baseline known.yaml --replay case.json", ["cannot be given together"]),
        ("check --junit no/such/report.xml", ["--junit", "does not exist"]),
        ("check --explain reopn", ["--explain", "no rule `reopn`", "Did you mean `reopen`?"]),
        ("check --list --rule reopn", ["--rule", "no rule `reopn`"]),
        ("compare a.json b.json", ["a.json cannot be read"]),
        ("compare a.json", ["Missing argument 'SECOND'"]),
    ],
)
def test_a_mistake_is_told_in_a_sentence(line: str, words: list[str]) -> None:
    """Exit status 2, and what is expected."""
    said(run(line), 2, *words)


def test_a_baseline_that_is_no_yaml_is_told_with_its_line() -> None:
    """Before anything is run."""
    Path("known.yaml").write_text("known:\n  - rule: [\n", encoding="utf-8")
    said(run("check --baseline known.yaml"), 2, "known.yaml:3", "not YAML")


def test_an_empty_baseline_is_told_what_one_begins_with_and_may_be_filled() -> None:
    Path("known.yaml").touch()
    said(run(f"{LEAKS} --baseline known.yaml"), 2, "known.yaml:1:1: ", "Start with a section, such as `known:`.")
    said(run(f"{LEAKS} --baseline known.yaml --update-baseline"), 0, "lists 1 failure")


def test_the_rules_can_be_listed_and_explained_without_an_adapter() -> None:
    """Not even one that does not exist is started."""
    said(run("check --adapter no-such-command --list"), 0, "update-needs-scope", "should", "smoke")
    listed = run("check --list --rule reopen")
    said(listed, 0, "reopen")
    assert "open-before-use" not in listed.output
    said(
        run("check --explain open-before-use"), 0, "Opening a session is mandatory", "use.closed", "What would break it"
    )


def test_two_reports_are_compared_rule_by_rule() -> None:
    """Only what differs, and a summary."""
    said(run(f"{PLAIN} --json plain.json"), 0)
    said(run(f"{LEAKS} --json leaks.json"), 1)
    result = run("compare plain.json leaks.json")
    said(result, 1, "Plain 1 and LeaksTheName 1 differ in 1 rule and 0 choices.")
    assert [line.split() for line in result.output.splitlines() if "reopen" in line] == [
        ["rule", "reopen", "pass", "fail"]
    ]
    assert "open-before-use" not in result.output
    said(run("compare plain.json plain.json"), 0, "do not differ")
    Path("other.json").write_text("[]", encoding="utf-8")
    said(run("compare plain.json other.json"), 2, "other.json: this is no report")
    Path("other.json").write_text("{", encoding="utf-8")
    said(run("compare other.json plain.json"), 2, "other.json is not JSON")
    report = json.loads(Path("plain.json").read_text(encoding="utf-8"))
    report["contract"]["version"] = "0.9.0"
    Path("other.json").write_text(json.dumps(report), encoding="utf-8")
    said(run("compare other.json plain.json"), 0, "The contract is not the same: session 0.9.0 in the first")
