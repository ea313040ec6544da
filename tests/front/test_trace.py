"""`openfirst trace` and its page: logs and recordings, the examples, and what is said of a file that cannot be used."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from openfirst.cli import main

ROOT = Path(__file__).resolve().parents[2]
LOGS = ROOT / "examples" / "logs"
PAGE = ROOT / "docs" / "trace.md"


@pytest.fixture(autouse=True)
def _somewhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")


def run(line: str, text: str | bytes | None = None) -> Result:
    """`openfirst` with these arguments, and this on standard input."""
    return CliRunner().invoke(main, shlex.split(line), input=text, catch_exceptions=False)


def said(result: Result, status: int, *words: str) -> None:
    """The exit status, the words, and no traceback."""
    assert result.exit_code == status, result.output
    assert "Traceback" not in result.output
    for word in words:
        assert word in result.output


def test_the_example_that_keeps_the_contract_is_accused_of_nothing() -> None:
    """Two clients, a native error, calls that overlap, and the world; and it shows what open-while-open is."""
    result = run(f"trace {LOGS / 'rehearsal.jsonl'}")
    said(result, 0, "10 calls, nothing that the contract forbids.", "open-while-open", "refuse")


def test_the_example_that_breaks_a_rule_is_shown_with_line_quote_and_calls() -> None:
    """The recorder answers after the session was closed."""
    result = run(f"trace {LOGS / 'used-after-close.jsonl'}")
    said(
        result,
        1,
        "line 5: open-before-use is broken (must).",
        "“Opening a session is mandatory before interacting with any service.”",
        "error session-not-open",
        "4 calls, of which 1 broke a rule.",
    )
    table = [line.strip() for line in result.output.splitlines() if line.strip().startswith("line ")]
    assert [line.split()[1] for line in table if "is broken" not in line] == ["2", "3", "4", "5"]


def test_standard_input_is_read_and_a_fixture_may_be_named() -> None:
    """The same log, both ways."""
    log = '{"operation": "open", "arguments": {"info": {"externalId": "Zoë"}}, "outcome": "value"}\n'
    said(run("trace - --fixture a=token-with-id", log), 0, "1 call, nothing that the contract forbids.")
    said(run("trace - --fixture a=token-other-id", log), 1, "external-id-mismatch is broken")
    said(run("trace -", log), 2, "standard input:1: nothing says what the client `a` holds", "--fixture a=NAME")


def test_choices_can_be_declared_as_elsewhere() -> None:
    """By themselves, or by a profile."""
    log = (LOGS / "rehearsal.jsonl").read_text(encoding="utf-8")
    said(run("trace - --choice open-while-open=keep", log), 1, "line 5", "rejected-changes-nothing is broken")
    said(run("trace - --profile dotnet", log), 1, "line 5")


def test_an_overlay_changes_what_a_log_may_hold() -> None:
    """A method that only the overlay's contract lists."""
    use = {"service": "whiteboard", "method": "draw", "arguments": []}
    call = {"operation": "use", "arguments": use, "outcome": "error", "code": "session-not-open"}
    log = '{"clients": {"a": "token-with-id"}}\n' + json.dumps(call)
    said(run("trace -", log), 2, "standard input:2", "whiteboard/draw")
    said(run(f"trace - --overlay {ROOT / 'examples' / 'overlays' / 'method-added.yaml'}", log), 0, "1 call")


def test_a_should_that_is_not_kept_is_a_warning() -> None:
    """Said, and no failure."""
    log = [
        {"clients": {"a": {"kind": "token", "scopes": ["conf:create"]}}},
        {"operation": "open", "outcome": "value"},
        {"operation": "updateParticipantInfo", "arguments": {"name": "Ana"}, "outcome": "value"},
    ]
    text = "\n".join(json.dumps(line) for line in log)
    result = run("trace -", text)
    said(
        result,
        0,
        "line 3: update-needs-scope is not kept (should).\n",
        "updateParticipantInfo answered, and should fail with error scope-missing.",
        "2 calls, nothing that the contract forbids; 1 did not keep what should be.",
    )
    *_, row = [line.split() for line in result.output.splitlines() if "line 3" in line]
    assert row[-2:] == ["error", "scope-missing"]
    assert all(line == line.rstrip() for line in result.output.splitlines())


def test_what_breaks_is_told_apart_from_what_only_should_be() -> None:
    """One call of each."""
    log = [
        {"clients": {"a": {"kind": "token", "scopes": ["conf:create"]}, "b": "token-with-id"}},
        {"operation": "open", "outcome": "value"},
        {"operation": "updateParticipantInfo", "arguments": {"name": "Ana"}, "outcome": "value"},
        {"client": "b", "operation": "isOpen", "outcome": "value", "value": True},
    ]
    text = "\n".join(json.dumps(line) for line in log)
    said(run("trace -", text), 1, "3 calls, of which 1 broke a rule; 1 did not keep what should be.")


def test_clients_that_share_a_participant_are_shown_together() -> None:
    """Each call with whose it is."""
    log = [
        {"clients": {"a": {"kind": "token", "externalId": "ana"}, "b": {"kind": "token", "externalId": "ben"}}},
        {"client": "a", "operation": "open", "outcome": "value"},
        {"client": "b", "operation": "open", "outcome": "value"},
        {"client": "a", "operation": "getParticipant", "outcome": "value", "value": participant("ana")},
        {"client": "b", "operation": "getParticipant", "outcome": "value", "value": participant("ben")},
    ]
    said(
        run("trace -", "\n".join(json.dumps(line) for line in log)),
        0,
        "line 5: participants-differ is not kept (should).",
        'id is "p-1", and is another participant\'s.',
        "line 4  a: getParticipant()",
        "line 5  b: getParticipant()",
    )


def participant(external_id: str) -> dict[str, Any]:
    """One with the same ID, whoever it is."""
    return {"id": "p-1", "info": {"externalId": external_id}}


def test_only_the_last_calls_before_a_break_are_shown() -> None:
    """Of a long log, nobody wants to read all."""
    call = '{"operation": "isOpen", "outcome": "value", "value": false}\n'
    log = '{"clients": {"a": "token-with-id"}}\n' + call * 30 + call.replace("false", "true")
    result = run("trace -", log)
    said(result, 1, "… 20 earlier calls", "line 32")
    assert "line 21 " not in result.output and "line 22 " in result.output


def test_nothing_to_judge_is_no_success() -> None:
    """An empty file, and a recording that has nothing to do with sessions."""
    said(run("trace -", ""), 3, "nothing to judge")
    entry: dict[str, Any] = {
        "startedDateTime": "2026-01-01T00:00:00Z",
        "time": 1,
        "request": {"method": "GET", "url": "https://shop.example/", "headers": []},
        "response": {"status": 200, "headers": [], "content": {}},
    }
    har = json.dumps({"log": {"entries": [entry]}}, indent=1)
    said(run("trace -", har), 3, "nothing to judge", "Left out: 1 request not about a session.")


def test_too_many_calls_under_way_leave_it_undecided() -> None:
    """What comes after them nobody has judged."""
    begins = [json.dumps({"begin": number, "operation": "open"}) for number in range(8)]
    log = "\n".join(['{"clients": {"a": "token-with-id"}}', *begins])
    said(run("trace -", log), 3, "line 8: too many calls are under way", "up to there")


@pytest.mark.parametrize(
    ("line", "text", "words"),
    [
        ("trace nothing.jsonl", None, ["nothing.jsonl cannot be read"]),
        ("trace .", None, [". cannot be read"]),
        ("trace -", b'{"clients": {}}\n\xff\n', ["standard input:2", "UTF-8"]),
        ("trace -", '{"clients": {}}\n{"oops"\n', ["standard input:2", "not JSON"]),
        ("trace -", '{"log": {"entries": [{}]}}', ["entry 1", "'startedDateTime' is a required", "HAR"]),
        ("trace - --fixture a", "", ["--fixture", "CLIENT=NAME"]),
        ("trace - --fixture a=nobody", "", ["`nobody` is not a fixture", "token-with-id"]),
        (
            "trace - --fixture c=token-with-id --fixture a=token-with-id",
            '{"operation": "open", "outcome": "value"}',
            ["--fixture: the log has no client `c`", "Known: a."],
        ),
        ("trace - --fixture a=token-with-id", '{"log": {"entries": []}}', ["--fixture", "Leave the option out"]),
        ("trace - --choice open-while-open=perhaps", "", ["cannot be `perhaps`"]),
        ("trace", None, ["Missing argument 'FILE'"]),
    ],
)
def test_a_mistake_is_told_in_a_sentence(line: str, text: str | bytes | None, words: list[str]) -> None:
    """Exit status 2, the place, and what is expected."""
    said(run(line, text), 2, *words)


def test_the_log_on_the_page_is_the_example() -> None:
    """What the page shows runs."""
    page = PAGE.read_text(encoding="utf-8")
    (shown,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    assert shown == (LOGS / "rehearsal.jsonl").read_text(encoding="utf-8")
    assert "examples/logs/used-after-close.jsonl" in page
