"""Baselines: what is known is accepted, what is new is not, and a baseline that says too little or too much is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from openfirst_conformance.cases.case import Case, Planned
from openfirst_conformance.driving.played import CallMade, Played
from openfirst_conformance.reports.verdict_words import reason_in_words
from openfirst_conformance.verdicts.baseline import Baseline, Compared, compare, read_baseline, updated
from openfirst_conformance.verdicts.model import ChoiceSeen, Failure, Report, RuleVerdict
from openfirst_conformance.verdicts.signature import Signature, signature_of
from openfirst_reference.contract.load import load_contract
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.outcome import Answered, Outcome, Refused
from openfirst_reference.machine.step import State, Step
from openfirst_reference.show.step_words import due_words

CONTRACT = load_contract()
MACHINE = Machine(CONTRACT)
SHOWN = 'answer {"id": "%s", "info": {"name": %s, "avatarUrl": null, "externalId": "Zoë"}}'
REFUSED = "error session-not-open"


def made(planned: Planned, outcome: Outcome, permitted: tuple[str, ...]) -> CallMade:
    return CallMade(planned, outcome, lambda: tuple(step_of(planned, words) for words in permitted))


def states() -> Iterator[State]:
    """A client before it opens, without the scope, open with a name or two, and closed."""
    held = MACHINE.fixture("token-with-id")
    yield from (held, MACHINE.having(held, session="closed"), MACHINE.having(held, session="open", scope="no-update"))
    for name in (None, "", "Ana", "Ben"):
        call = MACHINE.call("open", {"info": {"name": name, "externalId": "Zoë"}}, held)
        yield from (step.after for step in MACHINE.steps(held, call) if not step.is_error)


def step_of(planned: Planned, words: str) -> Step:
    """The step that the table has for a call where it may come to this."""
    for state in states():
        for step in MACHINE.steps(state, MACHINE.call(planned.operation, planned.arguments, state)):
            if due_words(MACHINE, [step]) == [words]:
                return step
    raise AssertionError(f"{planned.operation} never comes to {words}")


def shown(identity: str, name: str | bool | int) -> Answered:
    """A participant."""
    return Answered({"id": identity, "info": {"name": name, "avatarUrl": None, "externalId": "Zoë"}})


def use(method: str, seen: Outcome = Answered({"id": "of-today"}), permitted: str = REFUSED) -> CallMade:  # noqa: B008
    """A method of a service."""
    service, name = method.split("/")
    return made(Planned("a", "use", {"service": service, "method": name, "arguments": []}), seen, (permitted,))


def failure(rule: str, *seen: CallMade, tier: str = "smoke") -> Failure:
    """A failure of a client that holds a token with an external ID."""
    calls = tuple(item.planned for item in seen)
    return Failure(rule, tier, "x", Played(Case("x", "x", {"a": "token-with-id"}, calls), list(seen)))


def report(*failures: Failure, passing: tuple[str, ...] = ("open-opens",)) -> Report:
    """A report in which these fail and those pass, in the tier `smoke`."""
    rules = {
        rule: RuleVerdict(rule, CONTRACT.rules[rule].level, "", "pass", tiers={"smoke": "pass"}) for rule in passing
    }
    for item in failures:
        rule = rules.setdefault(item.rule, RuleVerdict(item.rule, CONTRACT.rules[item.rule].level, "", "fail"))
        rule.verdict, rule.tiers = "fail", {"smoke": "fail"}
        rule.failures.append(item)
    return Report(CONTRACT, {"name": "x"}, rules, dict[str, ChoiceSeen]())


def written(folder: Path, text: str) -> Baseline:
    """A baseline with this text."""
    file = folder / "baseline.yaml"
    file.write_text(text, encoding="utf-8")
    return read_baseline(file, CONTRACT)


def signature(*seen: CallMade) -> Signature:
    """What a failure is recognised by."""
    return signature_of(MACHINE, failure("open-before-use", *seen).played)


UNGATED = failure("open-before-use", use("recording/start"))
ENTRY = """\
known:
  # The recorder was written before there were sessions.
  - rule: open-before-use
    reason: "The recorder: to be gated in 2.0."
    issue: https://issues.example/17
    signature: { call: use with target recording/start, seen: answer }
"""


# Signatures -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (use("recording/start"), ("use with target recording/start", "answer", REFUSED)),
        (
            made(Planned("a", "isOpen"), Answered(True), ("answer false",)),
            ("isOpen", "answer true", "answer false"),
        ),
        (
            made(Planned("a", "open", {"info": {"externalId": "bob"}}), Answered(), ("error external-id-mismatch",)),
            ("open with info given, externalId differs", "answer", "error external-id-mismatch"),
        ),
        (
            made(Planned("a", "getParticipant"), shown("p-1", "Ana"), (SHOWN % ("its ID", "null"),)),
            ("getParticipant", "answer with name".replace("name", "info.name"), "answer without info.name"),
        ),
        (
            made(Planned("a", "getParticipant"), shown("p-1", "Ana"), (SHOWN % ("its ID", '"Ben"'),)),
            ("getParticipant", "answer with another info.name", "answer with info.name"),
        ),
        (
            made(Planned("a", "getParticipant"), shown("p-1", "Ana"), (SHOWN % ("its ID", '"Ana"'),)),
            ("getParticipant", "answer with another id", "answer with id"),
        ),
        (
            made(Planned("a", "getParticipant"), shown("p-1", False), (SHOWN % ("its ID", "null"),)),
            ("getParticipant", "answer with info.name", "answer without info.name"),
        ),
        (
            made(Planned("a", "getParticipant"), shown("p-1", 0), (SHOWN % ("its ID", '"Ana"'),)),
            ("getParticipant", "answer with another info.name", "answer with info.name"),
        ),
        (
            made(Planned("a", "getParticipant"), shown("p-1", "Ana"), ("answer null", REFUSED)),
            ("getParticipant", "answer", "answer null or error session-not-open"),
        ),
    ],
)
def test_a_signature_says_what_is_wrong_and_no_more(seen: CallMade, expected: tuple[str, str, str]) -> None:
    """Class and not value of an argument, the method of a service, the fields of an answer that are wrong."""
    assert signature(seen) == Signature(*expected)


def test_a_signature_does_not_depend_on_values_identities_or_the_calls_before() -> None:
    """Another name, another ID, a longer way to the same call."""
    opening = made(Planned("a", "open", {"info": {"name": "Ana"}}), Answered(), ("an answer",))
    one = made(Planned("a", "getParticipant"), shown("p-1", "Ana"), (SHOWN % ("its ID", "null"),))
    other = made(Planned("a", "getParticipant"), shown("p-2", "Ben"), (SHOWN % ("its ID", '""'),))
    assert signature(one) == signature(opening, opening, other)


# Comparing --------------------------------------------------------------------------------------------------------------


def test_an_entry_of_a_tier_that_there_is_not_is_refused(tmp_path: Path) -> None:
    """It would never be tried, and so never be stale."""
    with pytest.raises(ValueError, match=r"there is no tier `smok`\. Did you mean `smoke`"):
        written(tmp_path, "known:\n  - { rule: reopen, reason: Ours., tier: smok }\n")


def test_a_known_failure_is_accepted_with_its_reason(tmp_path: Path) -> None:
    """The report calls the rule `known`; nothing is broken any more."""
    compared = compare(report(UNGATED), written(tmp_path, ENTRY))
    rule = compared.report.rules["open-before-use"]
    assert (rule.verdict, compared.report.verdict) == ("known", "conforms")
    assert reason_in_words(rule.reason) == "The recorder: to be gated in 2.0. (https://issues.example/17)"
    assert compared.new == () and compared.findings == []


def test_another_failure_of_the_same_rule_is_not_accepted_and_comes_first(tmp_path: Path) -> None:
    """The rule stays broken, and what is shown of it is the new failure."""
    other = failure("open-before-use", use("conference/create"))
    compared = compare(report(UNGATED, other), written(tmp_path, ENTRY))
    assert compared.report.verdict == "broken"
    assert compared.report.rules["open-before-use"].failures == [other, UNGATED]
    assert [item for item, _ in compared.new] == [other]


def test_a_rule_that_fails_in_another_way_is_not_accepted_and_the_entry_is_stale(tmp_path: Path) -> None:
    """It used to answer; now it refuses for the wrong reason."""
    changed = failure("open-before-use", use("recording/start", Refused("token-expired")))
    compared = compare(report(changed), written(tmp_path, ENTRY))
    assert compared.report.verdict == "broken"
    assert "baseline.yaml:3:5: `open-before-use` does not fail like this" in compared.findings[0]


@pytest.mark.parametrize(
    ("verdict", "tier_result", "is_stale"),
    [("pass", "pass", True), ("pass", "not-run", False), ("not-run", "not-run", False), ("flaky", "pass", False)],
)
def test_an_entry_is_stale_only_where_the_run_would_have_shown_it(
    tmp_path: Path, verdict: str, tier_result: str, is_stale: bool
) -> None:
    """Its rule was put to the test, in its tier."""
    judged = report(passing=("open-opens", "open-before-use"))
    judged.rules["open-before-use"].verdict = verdict
    judged.rules["open-before-use"].tiers = {"smoke": tier_result}
    entry = ENTRY.replace("    issue:", "    tier: smoke\n    issue:")
    assert bool(compare(judged, written(tmp_path, entry)).stale) is is_stale


def test_an_entry_for_a_rule_or_a_tier_that_was_not_run_is_not_stale(tmp_path: Path) -> None:
    """With `--rule`, or with fewer tiers than usual."""
    assert compare(report(), written(tmp_path, ENTRY)).findings == []
    deep = ENTRY.replace("    issue:", "    tier: complete\n    issue:")
    assert compare(report(passing=("open-before-use",)), written(tmp_path, deep)).findings == []


@pytest.mark.parametrize("part", [{"shard": (1, 2)}, {"finished": False}])
def test_a_part_of_a_run_calls_nothing_stale_and_keeps_every_entry(tmp_path: Path, part: dict[str, Any]) -> None:
    """What it lacks, another part may show."""
    known = written(tmp_path, ENTRY)
    whole = report(passing=("open-opens", "open-before-use"))
    assert compare(whole, known).stale and updated(known, compare(whole, known)) != known.text
    of_a_part = compare(replace(whole, **part), known)
    assert not of_a_part.stale
    assert updated(known, of_a_part) == known.text


def test_an_entry_that_matches_several_failures_is_too_wide(tmp_path: Path) -> None:
    """The finding has both signatures, ready to be chosen from."""
    other = failure("open-before-use", use("conference/create"))
    wide = "known:\n  - rule: open-before-use\n    reason: All of them.\n"
    compared = compare(report(UNGATED, other), written(tmp_path, wide))
    (finding,) = compared.findings
    assert "matches 2 different failures" in finding and "recording/start" in finding and "conference/create" in finding
    same = compare(report(UNGATED, failure("open-before-use", use("recording/start"))), written(tmp_path, wide))
    assert same.findings == []


def test_the_entry_that_says_most_takes_the_failure(tmp_path: Path) -> None:
    """A narrow entry is not stale because a wide one stands before it."""
    wide = ENTRY + "  - { rule: open-before-use, reason: The rest., signature: { seen: answer } }\n"
    other = failure("open-before-use", use("conference/create"))
    assert compare(report(UNGATED, other), written(tmp_path, wide)).findings == []


# Reading ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("known:\n  - rule: reopn\n    reason: x\n", [":2:5: ", "no rule `reopn`", "`reopen`"]),
        ("known:\n  - reason: x\n", [":2:5: ", "begins with `rule:`"]),
        ("known:\n  - rule: reopen\n    reson: x\n", [":2:5: ", "`reson`", "`reason`"]),
        ("known:\n  - rule: reopen\n    signature: { sen: x }\n", [":2:5: ", "`sen`", "`seen`"]),
        ("known:\n  - rule: reopen\n    signature: answer\n", [":2:5: ", "`signature` is not a map"]),
        ("rules:\n  - rule: reopen\n", [":1:1: ", "this is not a baseline"]),
        ("known: some\n", [":1:1: ", "this is not a baseline"]),
    ],
)
def test_what_is_wrong_with_a_file_is_told_with_its_line(tmp_path: Path, text: str, words: list[str]) -> None:
    """Place, what was found, what is expected."""
    with pytest.raises(ValueError, match=r"baseline\.yaml") as raised:
        written(tmp_path, text)
    for word in words:
        assert word in str(raised.value)


@pytest.mark.parametrize("reason", ["", "    reason:\n", "    reason: ''\n", "    reason: TODO say why\n"])
def test_a_missing_reason_is_named_with_entry_and_line(tmp_path: Path, reason: str) -> None:
    """A TODO is none."""
    baseline = written(tmp_path, ENTRY + "  - rule: reopen\n" + reason)
    with pytest.raises(ValueError, match=r"baseline\.yaml:7:5: the known failure of `reopen` has no reason") as raised:
        baseline.check_reasons()
    assert "open-before-use" not in str(raised.value)


# Updating ---------------------------------------------------------------------------------------------------------------


def again(folder: Path, text: str, judged: Report) -> Compared:
    """The same report beside the updated file."""
    return compare(judged, written(folder, text))


def test_a_first_baseline_lists_every_failure_with_a_reason_to_be_written(tmp_path: Path) -> None:
    """And equals the report from then on."""
    judged = report(UNGATED, failure("reopen", made(Planned("a", "isOpen"), Answered(False), ("answer true",))))
    text = updated(None, compare(judged, None))
    assert text.count("reason: TODO") == 2
    compared = again(tmp_path, text, judged)
    assert compared.report.verdict == "conforms" and compared.findings == []


def test_what_people_wrote_stays_and_what_is_stale_goes_with_its_comment(tmp_path: Path) -> None:
    """Byte for byte; new failures come last."""
    kept = ENTRY.replace("known:\n", "# Reviewed by the team.\n\nknown:\n")
    stale = "\n  # Gone in 1.4.\n  - rule: reopen\n    reason: >-\n      Two\n      lines.\n"
    last = "  # About the last one.\n  - { rule: info-is-kept,   reason: Odd spacing. }  # and so it stays\n"
    names = failure("info-is-kept", made(Planned("a", "isOpen"), Answered(False), ("answer true",)))
    judged = report(UNGATED, names, passing=("reopen",))
    baseline = written(tmp_path, kept + stale + last)
    text = updated(baseline, compare(judged, baseline))
    assert text == kept + last
    more = report(UNGATED, names, failure("close-closes", use("videoPresentation/start")), passing=("reopen",))
    text = updated(baseline, compare(more, baseline))
    assert text.startswith(kept + last + "  - rule: close-closes\n    reason: TODO")
    assert again(tmp_path, text, more).findings == []


def test_nothing_to_update_leaves_the_file_as_it_is(tmp_path: Path) -> None:
    """Even without a newline at its end."""
    baseline = written(tmp_path, ENTRY.rstrip())
    assert updated(baseline, compare(report(UNGATED), baseline)) == ENTRY.rstrip()


def test_a_new_failure_behind_a_file_without_a_last_newline(tmp_path: Path) -> None:
    """The entries do not run into one another."""
    other = failure("open-before-use", use("conference/create"))
    baseline = written(tmp_path, ENTRY.rstrip())
    text = updated(baseline, compare(report(UNGATED, other), baseline))
    assert again(tmp_path, text, report(UNGATED, other)).report.verdict == "conforms"


def test_an_entry_that_is_too_wide_becomes_one_for_each_cause_with_its_reason(tmp_path: Path) -> None:
    """The reason was a person's; it is kept for both."""
    changed = failure("open-before-use", use("conference/join", Refused("token-expired")))
    judged = report(UNGATED, failure("open-before-use", use("conference/create")), changed)
    baseline = written(tmp_path, "known:\n  - rule: open-before-use\n    reason: All of them.\n")
    text = updated(baseline, compare(judged, baseline))
    assert text.count("reason: All of them.") == 2 and "TODO" not in text
    assert again(tmp_path, text, judged).findings == []


def test_the_last_entry_that_goes_leaves_an_empty_list_that_can_be_filled_again(tmp_path: Path) -> None:
    """The comment above `known:` stays."""
    baseline = written(tmp_path, "# Ours.\n" + ENTRY)
    text = updated(baseline, compare(report(passing=("open-before-use",)), baseline))
    assert text == "# Ours.\nknown: []\n"
    empty = written(tmp_path, text)
    text = updated(empty, compare(report(UNGATED), empty))
    assert text.startswith("# Ours.\nknown:\n  - rule: open-before-use\n")


def test_a_should_that_is_not_kept_is_not_asked_for_and_may_be_listed(tmp_path: Path) -> None:
    """It breaks nothing, so that no baseline needs it."""
    update: dict[str, Any] = {"name": "Ben", "avatarUrl": None}
    seen = made(Planned("a", "updateParticipantInfo", update), Answered(), ("error scope-missing",))
    judged = report(failure("update-needs-scope", seen))
    assert "update-needs-scope" not in updated(None, compare(judged, None))
    listed = "known:\n  - rule: update-needs-scope\n    reason: We do not look at scopes.\n"
    assert compare(judged, written(tmp_path, listed)).report.rules["update-needs-scope"].verdict == "known"


def test_a_file_that_cannot_be_updated_in_place_is_told(tmp_path: Path) -> None:
    """Written in one line, its entries cannot be taken apart."""
    text = "known: [{ rule: open-before-use, reason: x }, { rule: reopen, reason: y }]\n"
    baseline = written(tmp_path, text)
    with pytest.raises(ValueError, match=r"cannot be updated in place\. Write `known:` alone"):
        updated(baseline, compare(report(UNGATED, passing=("reopen",)), baseline))


# Causes -----------------------------------------------------------------------------------------------------------------

OF_ONE_CAUSE = """\
  - rule: open-before-use
    reason: The gate comes in 2.0.
    tier:
    - smoke
    - complete
    signature:
      call:
      - use with target recording/start
      - use with target conference/create
      seen: answer
      permitted: error session-not-open
"""


def test_what_has_one_cause_is_one_entry(tmp_path: Path) -> None:
    """However many calls show it, in however many tiers; what is wrong in another way has an entry of its own."""
    judged = report(
        UNGATED,
        failure("open-before-use", use("conference/create"), tier="complete"),
        failure("open-before-use", use("conference/join", Refused("token-expired"))),
    )
    text = updated(None, compare(judged, None))
    assert OF_ONE_CAUSE.replace("The gate comes in 2.0.", "TODO say why this is accepted") in text
    assert text.count("rule:") == 2
    compared = again(tmp_path, text, judged)
    assert (compared.report.verdict, compared.findings) == ("conforms", [])


@pytest.mark.parametrize(
    "new",
    [
        failure("open-before-use", use("conference/join")),
        failure("open-before-use", use("recording/start", Refused("token-expired"))),
        failure("reopen", use("recording/start")),
    ],
)
def test_another_call_another_outcome_and_another_rule_are_new(tmp_path: Path, new: Failure) -> None:
    """An entry accepts what it lists, and nothing beside it; what is added asks for a reason of its own."""
    baseline = written(tmp_path, "known:\n" + OF_ONE_CAUSE)
    judged = report(UNGATED, failure("open-before-use", use("conference/create")), new)
    compared = compare(judged, baseline)
    assert (compared.report.verdict, [item for item, _ in compared.new]) == ("broken", [new])
    text = updated(baseline, compared)
    assert text.startswith("known:\n" + OF_ONE_CAUSE) and text.count("reason: TODO") == 1
    assert again(tmp_path, text, judged).findings == []


def test_what_an_entry_lists_and_nothing_shows_any_more_is_told_and_removed(tmp_path: Path) -> None:
    """Else it would be accepted when it comes back; only where the tiers were run that found it."""
    baseline = written(tmp_path, "known:\n" + OF_ONE_CAUSE)
    fewer = report(UNGATED)
    assert compare(fewer, baseline).findings == []
    fewer.rules["open-before-use"].tiers["complete"] = "pass"
    (finding,) = compare(fewer, baseline).findings
    assert (
        "baseline.yaml:2:5: nothing shows `open-before-use` broken any more with call: use with target conf" in finding
    )
    text = updated(baseline, compare(fewer, baseline))
    assert "conference/create" not in text and "reason: The gate comes in 2.0." in text
    assert again(tmp_path, text, fewer).findings == []


SEEN = {"id": "p-1", "info": {"name": "Ana", "avatarUrl": "a.png", "externalId": "Zoë"}}
TWO_FIELDS = failure("reopen", made(Planned("a", "getParticipant"), Answered(SEEN), (SHOWN % ("its ID", "null"),)))
ONE_FIELD = failure("reopen", made(Planned("a", "getParticipant"), shown("p-1", "Ana"), (SHOWN % ("its ID", "null"),)))


def test_fields_that_are_wrong_are_listed_one_by_one(tmp_path: Path) -> None:
    """Two that leak are two causes, and no third where both show at once; the one does not excuse the other."""
    text = updated(None, compare(report(TWO_FIELDS, ONE_FIELD), None))
    assert [line.strip() for line in text.splitlines() if "seen:" in line] == [
        "seen: answer with info.name",
        "seen: answer with info.avatarUrl",
    ]
    assert again(tmp_path, text, report(TWO_FIELDS, ONE_FIELD)).findings == []
    name = written(tmp_path, updated(None, compare(report(ONE_FIELD), None)))
    compared = compare(report(TWO_FIELDS, ONE_FIELD), name)
    assert (compared.report.verdict, [signature.seen for _, signature in compared.new]) == (
        "broken",
        ["answer with info.avatarUrl"],
    )


def test_a_file_with_an_entry_for_each_failure_is_still_understood(tmp_path: Path) -> None:
    """As they were written before: fields together, and a tier that is a text."""
    text = """\
known:
  - rule: reopen
    reason: Ours.
    tier: smoke
    signature:
      call: getParticipant
      seen: answer with info.name, with info.avatarUrl
      permitted: answer without info.name, without info.avatarUrl
"""
    baseline = written(tmp_path, text)
    compared = compare(report(TWO_FIELDS), baseline)
    assert (compared.report.verdict, compared.findings) == ("conforms", [])
    assert updated(baseline, compared) == text
    assert compare(report(ONE_FIELD), baseline).report.verdict == "broken"
