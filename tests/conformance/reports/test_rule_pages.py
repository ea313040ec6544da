"""Rules in words: every one can be explained, and its example does break it."""

from __future__ import annotations

import pytest

from openfirst_conformance.reports.rule_pages import example_of, explain, list_rules
from openfirst_conformance.tiers.catalogue import TIERS, tiers_of
from openfirst_reference.contract.load import load_contract
from openfirst_reference.machine.machine import Machine
from openfirst_reference.show.step_words import due_words, outcome_words

CONTRACT = load_contract()
MACHINE = Machine(CONTRACT)


@pytest.mark.parametrize("rule", CONTRACT.rules)
def test_every_rule_is_explained_with_its_sentence_and_its_quote(rule: str) -> None:
    """And with the tiers that test it."""
    text = " ".join(explain(CONTRACT, rule).split())
    for part in (CONTRACT.rules[rule].statement, CONTRACT.rules[rule].quote):
        assert "".join(part.split()) in "".join(text.split())
    assert "What would break it" in text
    assert any(part in text for part in ("Carried by", "Answers for", "is followed all the same"))


@pytest.mark.parametrize("rule", [rule for rule in CONTRACT.rules if rule != "concurrent-calls"])
def test_every_rule_that_calls_one_after_another_can_break_has_an_example_that_breaks_it(rule: str) -> None:
    """A golden trace with one wrong outcome: the last one, which the table does not permit."""
    example = example_of(MACHINE, rule)
    assert example is not None and rule in example.rules and rule in example.trace.rules
    assert outcome_words(example.outcomes[-1]) not in due_words(MACHINE, example.permitted)


def test_an_example_of_a_rule_that_shows_later_shows_it_later() -> None:
    """That a refused call changes nothing, no outcome of that call can break."""
    example = example_of(MACHINE, "rejected-changes-nothing")
    assert example is not None and len(example.outcomes) > 1


def test_the_example_of_a_leak_is_what_the_old_session_had() -> None:
    """By hand: Ana, closed, opened without a name, and Ana is still there."""
    text = explain(CONTRACT, "reopen")
    assert 'open({"info": {"name": "Ana"}})' in text
    assert '"name": "Ana"' in text.rpartition("getParticipant()")[2].partition("The last call")[0]
    assert "reopen-forgets-the-name" in text


def test_what_takes_overlapping_calls_or_several_clients_is_for_the_tiers_that_have_them() -> None:
    """No other tier is said to look for it."""
    assert tiers_of(CONTRACT, "concurrent-calls") == ["concurrent"]
    assert tiers_of(CONTRACT, "sessions-are-apart") == ["smoke", "explore"]
    assert tiers_of(CONTRACT, "open-opens") == [tier for tier in TIERS if tier != "concurrent"]


def test_the_list_has_every_rule_or_those_that_are_asked_for() -> None:
    """With level and tiers."""
    lines = list_rules(CONTRACT).splitlines()
    assert [line.split()[0] for line in lines] == ["rule", *CONTRACT.rules]
    assert "should" in next(line for line in lines if line.startswith("update-needs-scope"))
    assert len(list_rules(CONTRACT, ["reopen"]).splitlines()) == 2
