"""A run in parts, by several processes or by a build farm: joined, they say what one run says."""

import json
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from openfirst.cli import main
from openfirst_conformance.verdicts.compare import check_report, differences

ADAPTERS = Path(__file__).resolve().parents[2] / "tests" / "conformance" / "adapters"
LEAKS = "--tier smoke --python implementations_for_judge:LeaksTheName"


@pytest.fixture(autouse=True)
def _somewhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(ADAPTERS))


def run(line: str) -> Result:
    return CliRunner().invoke(main, shlex.split(line), catch_exceptions=False)


def report(file: str) -> dict[str, object]:
    return check_report(json.loads(Path(file).read_text(encoding="utf-8")), file)


def calls(file: str) -> int:
    promise = json.loads(Path(file).read_text(encoding="utf-8"))["promise"]
    return sum(tier["calls"] for tier in promise.values())


def test_processes_side_by_side_and_the_shards_of_a_build_farm_say_what_one_run_says() -> None:
    assert run(f"check {LEAKS} -j 1 --json whole.json").exit_code == 1
    result = run(f"check {LEAKS} -j 2 --json two.json")
    assert result.exit_code == 1
    assert "Play it again:" in result.output
    for number in (1, 2, 3):
        run(f"check {LEAKS} --shard {number}/3 --json {number}.json")
    result = run("join 1.json 2.json 3.json --json joined.json")
    assert result.exit_code == 1
    assert "broken: LeaksTheName 1" in result.output
    for file in ("two.json", "joined.json"):
        assert differences(report(file), report("whole.json")) == []
    # A shard that meets the failure makes it minimal, so the parts may make a few calls more.
    assert calls("joined.json") >= calls("whole.json") * 0.9


def test_what_are_no_parts_of_one_run_are_not_joined() -> None:
    run(f"check {LEAKS} --json one.json")
    run("check --tier smoke --python implementations_for_judge:Plain --json other.json")
    result = run("join one.json other.json")
    assert result.exit_code == 2
    assert "one.json and other.json are of a different implementation" in result.output
    assert run("join nowhere.json").exit_code == 2


def test_what_one_part_could_not_show_another_may_have_shown() -> None:
    run(f"check {LEAKS} --json one.json")
    first = json.loads(Path("one.json").read_text(encoding="utf-8"))
    second = json.loads(Path("one.json").read_text(encoding="utf-8"))
    for document, verdict in ((first, "vacuous"), (second, "pass")):
        for rule in document["rules"]:
            rule.update(verdict=verdict, reason=verdict, failures=[])
    for file, document in (("first.json", first), ("second.json", second)):
        Path(file).write_text(json.dumps(document), encoding="utf-8")
    assert run("join first.json second.json --json both.json").exit_code == 0
    rules = json.loads(Path("both.json").read_text(encoding="utf-8"))["rules"]
    assert {rule["verdict"] for rule in rules} == {"pass"}
