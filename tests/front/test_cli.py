"""The command line: what a person gets who uses it rightly, and one clear sentence for each way to use it wrongly."""

import json
import shlex
import signal
import socket
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from openfirst.cli import main
from openfirst_conformance.verdicts.compare import check_report, differences

ROOT = Path(__file__).resolve().parents[2]
ADAPTER = ROOT / "examples" / "python" / "adapter.py"
ADAPTERS = ROOT / "tests" / "conformance" / "adapters"


@pytest.fixture(autouse=True)
def _somewhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command runs in an empty folder, with the test adapters importable."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(ADAPTERS))


def run(line: str) -> Result:
    """`openfirst` with these arguments."""
    return CliRunner().invoke(main, shlex.split(line), catch_exceptions=False)


def said(result: Result, status: int, *words: str) -> None:
    """The exit status, the words, and no traceback."""
    assert result.exit_code == status, result.output
    assert "Traceback" not in result.output
    for word in words:
        assert word in result.output


def test_check_without_arguments_judges_the_reference_client_and_it_conforms() -> None:
    """The main job of the README."""
    result = run("check --json report.json")
    said(result, 0, "conforms: openfirst-reference", "24 rules pass")
    report = json.loads(Path("report.json").read_text(encoding="utf-8"))
    assert report["verdict"] == "conforms"
    assert report["adapterFaults"] == []
    assert {rule["verdict"] for rule in report["rules"]} == {"pass"}
    assert set(report["promise"]) == {"smoke", "complete", "concurrent", "explore"}


def test_the_example_adapter_conforms_as_a_command_and_in_process() -> None:
    """As its first lines say."""
    said(run(f"check --tier smoke --adapter '{sys.executable} {ADAPTER}'"), 0, "conforms: in-memory 1.0")


def test_a_broken_rule_comes_with_its_quote_its_calls_and_a_line_that_plays_it_again() -> None:
    """And that line does: the same rule, exit status 1 again."""
    result = run("check --tier smoke --python implementations_for_judge:LeaksTheName")
    said(
        result,
        1,
        "reopen is broken (must)",
        "open and close sessions multiple times",
        "getParticipant()",
        "Play it again:",
    )
    line = next(line for line in result.output.splitlines() if "Play it again:" in line)
    again = run(line.partition("openfirst ")[2])
    said(again, 1, "reopen is broken (must)")
    assert Path("openfirst-cases/reopen.json").is_file()


@pytest.mark.parametrize(
    ("line", "status", "words"),
    [
        ("check --rule reopn", 2, ["no rule `reopn`", "Did you mean `reopen`?"]),
        ("check --choice open-while-open", 2, ["ID=VALUE"]),
        (
            "check --choice open-while-open=keep --choice open-while-open=refuse",
            2,
            ["`open-while-open` is given twice, as keep and as refuse"],
        ),
        ("check --choice open-while-open=perhaps", 2, ["cannot be `perhaps`", "refuse, keep, replace"]),
        ("check --profile symbian", 2, ["`symbian` is not a profile", "react-native-ios"]),
        ("check --adapter no-such-command-anywhere", 2, ["no-such-command-anywhere"]),
        ("check --adapter ''", 2, ["adapter"]),
        ("check --python ''", 2, ["--python is empty"]),
        ("check --connect ''", 2, ["--connect is empty"]),
        ("check --shard ''", 2, ["such as 3/8"]),
        ("check --timeout-scale nan", 2, ["nan is no number to multiply by"]),
        ("check --timeout-scale inf", 2, ["inf is no number"]),
        ("check --json one --junit one", 2, ["--json and --junit name the same file"]),
        ("check --json one --transcript ./one", 2, ["--json and --transcript name the same file"]),
        ("check --python nowhere:create", 2, ["no module 'nowhere'"]),
        ("check --python implementations_for_judge:Nobody", 2, ["Nobody"]),
        ("check --python json:loads --adapter true", 2, ["cannot be given together"]),
        ("check --adapter true", 2, ["exited"]),
        (
            "check --python implementations_for_judge:MisspellsAService",
            2,
            ["The adapter: initialize declares `confrence` in `capabilities.services`", "Did you mean `conference`?"],
        ),
        ("check --replay nothing.json", 2, ["nothing.json cannot be read"]),
        ("check --json no/such/folder/report.json", 2, ["folder", "does not exist"]),
        ("check --overlay nothing.yaml", 2, ["nothing.yaml", "cannot be read"]),
        ("check --tier everything", 2, ["everything"]),
        ("contract show opne", 2, ["opne", "open"]),
        ("contract lint nothing.yaml", 2, ["nothing.yaml", "cannot be read"]),
        ("simulate --port 70000", 2, ["70000"]),
        ("simulate --", 2, ["Nothing stands behind `--`", "openfirst simulate -- npm test"]),
        ("simulate --port 0 --", 2, ["Nothing stands behind `--`"]),
    ],
)
def test_a_mistake_is_told_in_a_sentence(line: str, status: int, words: list[str]) -> None:
    """With what was found and what would have been right, and exit status 2."""
    said(run(line), status, *words)


@pytest.mark.parametrize(
    ("overlay", "words"),
    [
        ("rules: [", ["patch.yaml:", "not YAML"]),
        ("- one\n- two\n", ["patch.yaml:1", "not a map"]),
        (
            "transitions:\n  - id: close.open\n    may:\n      - answer: nothing\n        then: shut\n",
            ["patch.yaml:5", "`shut`", "closed"],
        ),
        ("transitions:\n  - id: close.open\n    in: { session: ajar }\n", ["patch.yaml:3", "`ajar`", "closed"]),
        ("operations:\n  open:\n    echo: 3\n", ["patch.yaml:3", "echo"]),
    ],
)
def test_a_broken_overlay_is_told_with_its_line(overlay: str, words: list[str]) -> None:
    """Whatever reads it: check, simulate and show."""
    Path("patch.yaml").write_text(overlay, encoding="utf-8")
    for command in ("check", "simulate --port 0", "contract show"):
        said(run(f"{command} --overlay patch.yaml"), 2, *words)


def test_a_case_file_that_is_not_one_is_told() -> None:
    """Not JSON, JSON of something else, and a case of another contract."""
    Path("a.json").write_text("{", encoding="utf-8")
    said(run("check --replay a.json"), 2, "a.json is not JSON")
    Path("b.json").write_text("[]", encoding="utf-8")
    said(run("check --replay b.json"), 2, "b.json: this is not a case")
    case = {"openfirst": "case", "id": "x", "title": "x", "clients": {"a": "token-of-old"}, "calls": []}
    Path("c.json").write_text(json.dumps(case), encoding="utf-8")
    said(run("check --replay c.json"), 2, "`token-of-old` is not a fixture")


def test_a_port_in_use_is_told() -> None:
    """With the port and what to do."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said(run(f"simulate --port {port}"), 2, str(port), "in use")


def test_an_adapter_that_prints_to_standard_output_is_reported_and_judged_all_the_same() -> None:
    """No rule is broken by noise."""
    result = run(f"check --tier smoke --adapter '{sys.executable} {ADAPTERS / 'noisy_session.py'}'")
    said(result, 0, "The adapter itself failed", "garbled", "standard error")


def test_an_adapter_that_says_nothing_sensible_at_all_is_told() -> None:
    """`cat` echoes what it is sent."""
    result = run("check --adapter cat --timeout-scale 0.05")
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_help_names_the_exit_statuses() -> None:
    """A person at two in the morning reads `--help`."""
    said(run("check --help"), 0, "Exit status: 0 conforms, 1 a rule is broken, 2 usage, 3 incomplete")


STOPS = """
import signal

from openfirst_conformance.adapters.authoring.reference_adapter import create as reference


class Stops(type(reference())):
    made = 0

    async def call(self, params):
        Stops.made += 1
        if Stops.made == 3000:
            signal.raise_signal(signal.SIGINT)
        return await super().call(params)


create = Stops
"""


def test_ctrl_c_is_answered_at_once_and_keeps_what_was_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """The third thousandth call is of `complete`: what `smoke` has found stays."""
    monkeypatch.syspath_prepend(str(tmp_path))
    Path("stops.py").write_text(STOPS, encoding="utf-8")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever other tests have left there
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    heard = signal.getsignal(signal.SIGINT)
    result = run("check -j 1 --tier smoke --tier complete --python stops:create --json report.json")
    said(result, 3, "incomplete: openfirst-reference", "Not done to its end")
    assert result.stderr.count("Stopping. What was done is reported; Ctrl-C once more ends it without a report.") == 1
    assert report("report.json")["finished"] is False
    assert "0 rules pass" not in result.output
    assert signal.getsignal(signal.SIGINT) is heard


# A run in parts, by several processes or by a build farm: joined, they say what one run says ---------------------------

LEAKS = "--tier smoke --python implementations_for_judge:LeaksTheName"
DIVIDED = f"{LEAKS} --tier complete -k 0"


def report(file: str) -> dict[str, object]:
    return check_report(json.loads(Path(file).read_text(encoding="utf-8")), file)


def calls(file: str) -> int:
    promise = json.loads(Path(file).read_text(encoding="utf-8"))["promise"]
    return sum(tier["calls"] for tier in promise.values())


def test_processes_side_by_side_and_the_shards_of_a_build_farm_say_what_one_run_says() -> None:
    assert run(f"check {DIVIDED} -j 1 --json whole.json").exit_code == 1
    result = run(f"check {DIVIDED} -j 2 --json two.json")
    assert result.exit_code == 1
    assert "Play it again:" in result.output
    # However many processes judged: whoever joins it with nothing has all there is.
    assert json.loads(Path("two.json").read_text(encoding="utf-8"))["shard"] == {"number": 1, "of": 1}
    said(run("join two.json"), 1, "broken: LeaksTheName 1")
    for number in (1, 2, 3):
        run(f"check {DIVIDED} --shard {number}/3 -j {number} --json {number}.json")
    result = run("join 1.json 2.json 3.json --json joined.json")
    assert result.exit_code == 1
    assert "broken: LeaksTheName 1" in result.output
    for file in ("two.json", "joined.json"):
        assert differences(report(file), report("whole.json")) == []
    # A shard that meets the failure makes it minimal, so the parts may make a few calls more.
    assert calls("joined.json") >= calls("whole.json") * 0.9


def test_of_smoke_alone_the_verdict_is_the_same_for_any_number_of_processes() -> None:
    """To ask for a participant without a session is refused, and opens one. In two parts other rules are broken as well."""
    line = "check --tier smoke --python tests.conformance.implementations.faulty:RefusedParticipantOpens"
    for number in (1, 2):
        assert run(f"{line} -j {number} --json {number}.json").exit_code == 1
    assert differences(report("1.json"), report("2.json")) == []


ALONE = f"""
import os, runpy, sys
if os.path.exists("lock"):
    sys.exit("there is one already")
os.close(os.open("lock", os.O_CREAT))
runpy.run_path({str(ADAPTER)!r}, run_name="__main__")
"""


def test_an_adapter_of_which_there_can_be_one_only_is_told_what_to_do() -> None:
    Path("alone.py").write_text(ALONE, encoding="utf-8")
    line = f"check --tier smoke --adapter '{sys.executable} alone.py'"
    said(
        run(f"{line} --tier complete -j 2"),
        2,
        "beside another one",
        "If there can be only one of it at a time, give -j 1",
    )
    Path("lock").unlink()
    said(run(f"{line} -j 1"), 0, "conforms")


def test_what_are_no_parts_of_one_run_are_not_joined() -> None:
    run(f"check {LEAKS} --json one.json")
    run("check --tier smoke --python implementations_for_judge:Plain --json other.json")
    result = run("join one.json other.json")
    assert result.exit_code == 2
    assert "one.json and other.json are of a different implementation" in result.output
    assert run("join nowhere.json").exit_code == 2


def test_a_part_that_is_missing_or_named_twice_acquits_nobody() -> None:
    """Part 1 holds the failure; joined without it, the others would conform."""
    for number in (1, 2, 3):
        run(f"check {LEAKS} --shard {number}/3 --json {number}.json")
    run(f"check {LEAKS} --json whole.json")
    said(run("join 2.json 3.json"), 2, "Of 3 parts these are missing: 1.")
    said(
        run("join 1.json 2.json 3.json whole.json"),
        2,
        "whole.json is the whole of a run, and 1.json is one of 3.",
    )
    Path("again.json").write_bytes(Path("2.json").read_bytes())
    said(run("join 1.json 2.json again.json"), 2, "again.json and 2.json are both part 2 of 3. Name each part once.")
    said(run("join 1.json 1.json 2.json 3.json"), 2, "1.json is named twice. Name each part once.")


def test_a_part_that_was_not_done_to_its_end_leaves_the_whole_incomplete() -> None:
    run("check --tier smoke --python implementations_for_judge:Plain --json whole.json")
    document = json.loads(Path("whole.json").read_text(encoding="utf-8"))
    Path("cut.json").write_text(json.dumps({**document, "finished": False}), encoding="utf-8")
    said(run("join whole.json"), 0, "conforms: Plain 1")
    said(run("join cut.json"), 3, "incomplete: Plain 1", "Not every part was done to its end;")


def test_what_one_part_could_not_show_another_may_have_shown() -> None:
    run(f"check {LEAKS} --json one.json")
    first = json.loads(Path("one.json").read_text(encoding="utf-8"))
    second = json.loads(Path("one.json").read_text(encoding="utf-8"))
    first["shard"], second["shard"] = {"number": 1, "of": 2}, {"number": 2, "of": 2}
    for document, verdict in ((first, "vacuous"), (second, "pass")):
        for rule in document["rules"]:
            rule.update(verdict=verdict, reason=verdict, failures=[])
    for file, document in (("first.json", first), ("second.json", second)):
        Path(file).write_text(json.dumps(document), encoding="utf-8")
    assert run("join first.json second.json --json both.json").exit_code == 0
    rules = json.loads(Path("both.json").read_text(encoding="utf-8"))["rules"]
    assert {rule["verdict"] for rule in rules} == {"pass"}
