"""`openfirst learn`: what is learnt of implementations, what is found that shows late, and what it says where it cannot learn."""

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from openfirst.cli import main

IMPLEMENTATIONS = Path(__file__).parents[1] / "conformance" / "adapters"


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.syspath_prepend(str(IMPLEMENTATIONS))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")


def learn(*options: str, of: str | None = None) -> Result:
    named = ["--python", f"implementations_for_judge:{of}"] if of else []
    return CliRunner().invoke(main, ["learn", *named, *options])


def flat(result: Result) -> str:
    """The output in one line."""
    return " ".join(result.output.split())


def test_the_reference_client_has_the_states_of_the_contract_and_breaks_no_rule() -> None:
    result = learn("--fixture", "token-other-id", "--calls", "3000")
    assert result.exit_code == 0, result.output
    assert "4 states learnt from token-other-id" in flat(result)
    assert "by the contract there are 4, and 4 were met." in flat(result)
    assert "beyond" not in result.output and "broken" not in result.output


def test_what_shows_at_the_third_close_is_found_by_the_shortest_calls_and_drawn() -> None:
    result = learn("--calls", "8000", "--markdown", "page.md", of="StaysOpenAtTheThirdClose")
    assert result.exit_code == 1, result.output
    assert "close-closes is broken (must)." in result.output
    assert "beyond the contract's" in flat(result)
    assert max(map(len, result.output.splitlines())) <= 80
    page = Path("page.md").read_text(encoding="utf-8")
    assert "stateDiagram-v2" in page and "open_2 --> closed_" in page


def test_the_scenarios_that_it_proposes_are_those_that_check_takes() -> None:
    learn("--calls", "8000", "--scenarios", "found.json", of="StaysOpenAtTheThirdClose")
    cases = json.loads(Path("found.json").read_text(encoding="utf-8"))
    made = [[call["operation"] for call in case["calls"]] for case in cases]
    assert any(calls[:6] == ["open", "close"] * 3 and len(calls) == 7 for calls in made), (
        "the shortest that breaks a rule"
    )
    assert ["open", "close"] * 2 in made, "a state that the contract does not have"
    Path("one.json").write_text(json.dumps(cases[:1]), encoding="utf-8")
    again = ["--tier", "complete", "-k", "0", "-j", "1", "--python", "implementations_for_judge:Plain"]
    assert CliRunner().invoke(main, ["check", *again, "--scenario", "one.json"]).exit_code == 0


def test_a_list_of_scenarios_with_one_that_is_no_case_is_refused_by_its_place() -> None:
    Path("two.json").write_text('[{"openfirst": "case"}]', encoding="utf-8")
    result = CliRunner().invoke(main, ["check", "--tier", "smoke", "--scenario", "two.json"])
    assert result.exit_code == 2
    assert "two.json, case 1" in result.output


def test_what_answers_in_two_ways_is_told_by_the_calls_and_both_answers() -> None:
    result = learn("--calls", "5000", of="DecidesEachTime")
    assert result.exit_code == 3
    assert "It is not deterministic" in result.output
    assert "came to an answer and to error session-already-open" in flat(result) or (
        "came to error session-already-open and to an answer" in flat(result)
    )
    said = flat(result).partition("session-already-open")[2]
    assert said.count("open(") == 2, "no other call is needed"


def test_an_adapter_that_fails_ends_it_and_is_told_with_the_calls() -> None:
    result = learn(of="CrashesOften")
    assert result.exit_code == 3
    assert "The adapter failed at the last of these calls" in flat(result)
    assert "RuntimeError: out of luck" in flat(result)


def test_too_few_calls_are_said_to_be_too_few() -> None:
    result = learn("--calls", "500", of="Plain")
    assert result.exit_code == 3
    assert "The automaton is not complete" in flat(result)


def test_a_fixture_that_there_is_not_or_that_cannot_be_tried_is_a_usage_error() -> None:
    unknown = learn("--fixture", "token-with-di")
    assert unknown.exit_code == 2
    assert "no fixture `token-with-di`" in unknown.output and "Did you mean" in unknown.output
    unable = learn("--fixture", "time-passes", of="Plain")
    assert unable.exit_code == 2
    assert "`time-passes` cannot be tried" in unable.output


def test_without_aalpy_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "aalpy" or ".learning" in name]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "openfirst_conformance.reports.learnt", raising=False)
    monkeypatch.setitem(sys.modules, "aalpy", None)
    result = learn()
    assert result.exit_code == 2
    assert "pip install 'openfirst[learn]'" in result.output
    assert "Traceback" not in result.output
