"""Files that people name: read with a word about what is wrong in them, refused before anything runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from openfirst.cli import main
from openfirst.cli.commands import contract as contract_command
from openfirst_conformance.cases.files import case_from_json, case_to_json
from openfirst_reference.contract.findings import Mistake
from openfirst_reference.contract.load import load_contract

ADAPTERS = Path(__file__).parents[1] / "conformance" / "adapters"
CASE = {
    "openfirst": "case",
    "id": "reopen",
    "title": "open, close, open",
    "clients": {"a": "token-with-id"},
    "calls": [
        {"client": "a", "operation": "open", "arguments": {"info": {"name": "Ana"}}},
        {"client": "a", "operation": "close"},
        {"client": "a", "operation": "getParticipant", "arguments": None},
    ],
}


def run(*words: str) -> Result:
    """Run a command."""
    return CliRunner().invoke(main, list(words))


def changed(**entries: Any) -> dict[str, Any]:
    """The case with other entries."""
    return {**CASE, **entries}


def call(**entries: Any) -> dict[str, Any]:
    """The case with another first call."""
    return changed(calls=[{"client": "a", "operation": "open", "arguments": {}, **entries}])


@pytest.mark.parametrize(
    ("case", "words"),
    [
        (call(arguments={"info": {"name": 7}}), ["call 1 (open)", "arguments.info.name", "7 is not of type"]),
        (call(arguments={"infoo": {"name": "Ana"}}), ["call 1 (open)", "`infoo`", "Did you mean `info`?"]),
        (call(arguments={"info": {"nam": "Ana"}}), ["call 1 (open)", "arguments.info", "nam"]),
        (call(arguments=[]), ["calls[0].arguments", "object"]),
        (call(operation="opne"), ["call 1", "`opne` is not an operation", "Did you mean `open`?"]),
        (call(client="b"), ["call 1", "`b` is not a client of the case"]),
        (
            call(operation="use", arguments={"service": "conference", "method": "fly"}),
            ["call 1 (use)", "conference/fly"],
        ),
        (
            {key: CASE[key] for key in CASE if key != "clients"},
            ["the case lacks `clients`", '"clients": {"a": "token-with-id"}'],
        ),
        (
            {},
            [
                "the case lacks `openfirst`, `id`, `title`, `clients`, `calls`",
                "case.schema.json",
                '"openfirst": "case"',
            ],
        ),
        (changed(openfirst="report"), ["openfirst: 'case' was expected"]),
        (changed(calls=[{"client": "a"}]), ["calls[0] lacks `operation`", '"operation": "isOpen"']),
        (changed(clients={}), ["clients"]),
        (changed(clients=[]), ["clients"]),
        (changed(clients={"a": "token-with"}), ["clients.a", "`token-with` is not a fixture", "`token-with-id`"]),
        (changed(calls={}), ["calls"]),
        (changed(choices={"open-while-open": "maybe"}), ["open-while-open", "maybe"]),
        (changed(held={"a": {"session": "open"}}), ["held.a", "`session` is not a variable of the world"]),
        (changed(held={"b": {"scope": "update"}}), ["held", "`b` is not a client"]),
        (changed(surplus=1), ["surplus"]),
        ([], ["not a case"]),
        ("open", ["not a case", "JSON object"]),
    ],
)
@pytest.mark.parametrize("option", ["--replay", "--scenario"])
def test_a_case_file_is_checked(tmp_path: Path, option: str, case: Any, words: list[str]) -> None:
    file = tmp_path / "case.json"
    file.write_text(json.dumps(case), encoding="utf-8")
    result = run("check", "--tier", "smoke", option, str(file))
    assert result.exit_code == 2
    assert "Traceback" not in result.output
    for word in [str(file), *words]:
        assert word in result.output


def test_a_scenario_that_no_tier_plays_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openfirst.cli.commands.check._judged", None)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "case.json").write_text(json.dumps(CASE), encoding="utf-8")
    result = run("check", "--tier", "explore", "--tier", "smoke", "--scenario", "case.json")
    assert (result.exit_code, "--tier complete" in " ".join(result.output.split())) == (2, True), result.output


def test_a_right_case_file_is_what_it_says() -> None:
    contract = load_contract()
    case = case_from_json(CASE, contract, "case.json")
    assert [planned.operation for planned in case.calls] == ["open", "close", "getParticipant"]
    again = case_to_json(case, case.calls, contract)
    assert case_from_json(again, contract, "again.json") == case


def test_replay_is_a_command(tmp_path: Path) -> None:
    file = tmp_path / "case.json"
    file.write_text(json.dumps(CASE), encoding="utf-8")
    by_option, by_command = run("check", "--replay", str(file)), run("replay", str(file))
    assert by_command.exit_code == by_option.exit_code == 0
    assert "conforms" in by_command.output


def test_rules_is_a_command() -> None:
    assert run("rules").output == run("check", "--list").output
    assert run("rules", "reopen").output == run("check", "--explain", "reopen").output
    assert "Did you mean `reopen`?" in run("rules", "repoen").output


@pytest.mark.parametrize("option", ["--json", "--junit", "--transcript", "--baseline"])
@pytest.mark.parametrize(
    ("target", "word"), [("", "is a folder"), ("no/report", "does not exist"), ("file/report", "is no folder")]
)
def test_what_cannot_be_written_is_refused_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str, target: str, word: str
) -> None:
    monkeypatch.setattr("openfirst.cli.commands.check._judged", None)
    (tmp_path / "file").write_text("", encoding="utf-8")
    update = ["--update-baseline"] if option == "--baseline" else []
    result = run("check", option, str(tmp_path / target), *update)
    assert (result.exit_code, word in result.output) == (2, True), result.output


def test_a_place_for_failing_cases_that_is_none_is_told_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openfirst.cli.commands.check._judged", None)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "openfirst-cases").write_text("", encoding="utf-8")
    result = run("check")
    assert (result.exit_code, "openfirst-cases is no folder" in result.output) == (2, True)


def test_where_no_case_can_be_saved_the_report_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def refuse(*_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("openfirst.cli.commands.check._save", refuse)
    monkeypatch.syspath_prepend(str(ADAPTERS))
    result = run("check", "--tier", "smoke", "-j", "1", "--python", "implementations_for_judge:LeaksTheName")
    assert result.exit_code == 1, result.output
    assert "could not be saved in openfirst-cases (Permission denied)" in " ".join(result.output.split())
    assert "breaks the contract" in result.output
    assert "Play it again" not in result.output


def test_a_failing_case_does_not_take_the_place_of_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of another implementation that is judged in the same folder, say. The same case again is no other one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(ADAPTERS))
    cases = tmp_path / "openfirst-cases"
    cases.mkdir()
    (cases / "reopen.json").write_text("another's", encoding="utf-8")
    for _ in range(2):
        result = run("check", "--tier", "smoke", "-j", "1", "--python", "implementations_for_judge:LeaksTheName")
        assert "openfirst replay openfirst-cases/reopen-2.json" in result.output
    assert sorted(file.name for file in cases.glob("reopen*")) == ["reopen-2.json", "reopen.json"]
    assert (cases / "reopen.json").read_text(encoding="utf-8") == "another's"


def test_a_target_that_can_be_written_is_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise Mistake("stopped here")

    monkeypatch.setattr("openfirst.cli.commands.check._judged", stop)
    kept, new = tmp_path / "kept.json", tmp_path / "new.xml"
    kept.write_text("before", encoding="utf-8")
    result = run("check", "--json", str(kept), "--junit", str(new))
    assert "stopped here" in result.output
    assert (kept.read_text(encoding="utf-8"), new.exists()) == ("before", False)


def test_an_overlay_goes_with_the_option_for_it(tmp_path: Path) -> None:
    overlay = tmp_path / "mine.yaml"
    overlay.write_text("profiles: { default: { close-while-closed: refuse } }\n", encoding="utf-8")
    for command in ("lint", "prove"):
        result = run("contract", command, str(overlay))
        assert result.exit_code == 2
        assert "is an overlay" in result.output
        assert f"--overlay {overlay}" in result.output
    assert run("contract", "lint", "--overlay", str(overlay)).exit_code == 0


def test_a_failure_of_our_own_is_no_broken_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """Status 1 says that a rule is broken, and nothing else."""

    def fail(*_: object, **__: object) -> None:
        raise KeyError("what nobody thought of")

    monkeypatch.setattr(contract_command, "load_contract", fail)
    result = run("contract", "show")
    assert result.exit_code == 70
    assert "Traceback" not in result.output
    assert "KeyError: 'what nobody thought of'" in result.output
    assert "report it" in result.output
    monkeypatch.setenv("OPENFIRST_TRACEBACK", "1")
    assert isinstance(run("contract", "show").exception, KeyError)


def test_ctrl_c_is_no_broken_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("openfirst_reference.proof.lint.lint", interrupt)
    assert run("contract", "lint").exit_code == 130


def test_a_value_error_of_our_own_is_no_mistake_of_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is told as a person's mistake is said to be one; whatever else Python raises is ours."""

    def fail(*_: object, **__: object) -> None:
        raise ValueError("not enough values to unpack")

    monkeypatch.setattr("openfirst.cli.commands.check._judged", fail)
    result = run("check")
    assert (result.exit_code, "openfirst itself failed" in result.output) == (70, True)


def test_a_case_that_is_too_deep_is_refused_with_a_word(tmp_path: Path) -> None:
    file = tmp_path / "deep.json"
    file.write_text("[" * 100_000, encoding="utf-8")
    result = run("replay", str(file))
    assert result.exit_code == 2 and "is not JSON" in result.output


def test_half_of_a_character_in_a_case_is_refused() -> None:
    case = call(arguments={"info": {"name": "\ud800"}})
    with pytest.raises(Mistake, match=r"call 1 .*half of a character"):
        case_from_json(case, load_contract(), "x.json")


def test_a_full_disk_takes_no_verdict_away(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What was found is printed before it is written."""

    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Path, "write_text", full)
    result = run("check", "--tier", "smoke", "--rule", "reopen", "--json", "report.json")
    assert result.exit_code == 2
    assert "conforms" in result.output and "report.json could not be written: No space left" in result.output
