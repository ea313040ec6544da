"""Proof: the rules hold in the table, each is needed, and a wrong table is shown by a shortest trace."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from openfirst_reference.contract.build import build_contract
from openfirst_reference.contract.document import lay_over, read_document
from openfirst_reference.contract.findings import ContractError
from openfirst_reference.contract.load import load_document
from openfirst_reference.contract.model import Contract
from openfirst_reference.machine.automaton import Unfolding
from openfirst_reference.machine.machine import Machine
from openfirst_reference.proof.checked_steps import Ground
from openfirst_reference.proof.mutants import MutatedMachine, mutants, restricted, whole_mutants
from openfirst_reference.proof.prove import Proof, prove
from openfirst_reference.show.proof_text import proof_text

CONTRACT = build_contract(load_document())


def contract_with(overlay: str, fixtures: Iterable[str] = ()) -> Contract:
    """The contract with an overlay; with only some fixtures, which is quicker, if any are named."""
    contract = (
        build_contract(lay_over(load_document(), read_document(overlay, "overlay.yaml"))) if overlay else CONTRACT
    )
    chosen = {name: contract.fixtures[name] for name in fixtures} or contract.fixtures
    return replace(contract, fixtures=chosen)


@pytest.fixture(scope="module")
def proof() -> Proof:
    """The proof of the contract that comes with the package: seconds, so it is made once."""
    return prove(CONTRACT)


def test_every_rule_holds_in_every_step_of_the_table(proof: Proof) -> None:
    assert {rule: str(result.counterexample) for rule, result in proof.rules.items() if result.counterexample} == {}
    assert list(proof.rules) == list(CONTRACT.rules)
    assert all(result.steps > 1_000 for result in proof.rules.values())
    assert proof.steps > 200_000


def test_every_rule_rejects_some_mutant_of_the_table_that_no_other_rule_rejects(proof: Proof) -> None:
    assert proof.vacuous == []
    assert proof.not_independent == []
    assert [rule for rule, result in proof.rules.items() if result.killer is None] == []
    assert proof.holds


def test_the_proof_is_told_with_a_line_for_every_rule(proof: Proof) -> None:
    text = proof_text(proof)

    assert all(any(line.startswith(rule) for line in text.splitlines()) for rule in CONTRACT.rules)
    assert f"All {len(CONTRACT.rules)} rules hold" in text


@pytest.mark.parametrize("rule", ["external-id-match", "same-id-same-participant", "concurrent-calls"])
def test_a_machine_with_the_fault_of_the_mutant_breaks_that_rule_alone(proof: Proof, rule: str) -> None:
    """Looked at from the start, and not by what the search for the mutant has kept."""
    killer = proof.rules[rule].killer
    assert killer is not None
    contract = contract_with("", ["token-with-id", "key-secret", "platform-acts"])

    assert list(Ground(MutatedMachine(contract, killer)).counterexamples) == [rule]


# Wrong tables --------------------------------------------------------------------------------------------------------

# For each rule: the fixture, the row that is wrong, how many calls show it, and the overlay that makes it wrong.
WRONG_TABLES = {
    "initialize-first": (
        "uninitialised", "open.not-initialized", 1,
        "transitions: [{ id: open.not-initialized, may: [{ answer: nothing }] }]",
    ),
    "open-before-use": (
        "token-with-id", "use.closed", 1,
        "transitions: [{ id: use.closed, may: [{ answer: anything }] }]",
    ),
    "open-opens": (
        "token-with-id", "isOpen.open", 2,
        'transitions: [{ id: isOpen.open, may: [{ answer: "false" }] }]',
    ),
    "info-is-optional": (
        "token-with-id", "open.without-info", 1,
        "transitions: [{ id: open.without-info, may: [{ error: session-already-open }] }]",
    ),
    "info-is-kept": (
        "token-with-id", "open.with-info", 1,
        "effects: { opened: { set: { avatarUrl: nothing } } }",
    ),
    "external-id-mismatch": (
        "token-with-id", "open.external-id-mismatch", 1,
        "transitions:\n  - id: open.external-id-mismatch\n    may:\n"
        "      - { when: { external-id-mismatch: refuse }, answer: nothing, then: opened }",
    ),
    "external-id-from-token": (
        "token-with-id", "open.external-id-mismatch", 1,
        "transitions:\n  - id: open.external-id-mismatch\n    may:\n"
        "      - { when: { external-id-mismatch: ignore }, answer: nothing, then: opened-as-given }",
    ),
    "external-id-match": (
        "token-with-id", "open.with-info.same", 1,
        "transitions:\n  - { id: open.with-info, with: { info: given, externalId: absent } }\n"
        "  - id: open.with-info.same\n    carries: [external-id-match]\n    call: open\n"
        "    in: { session: closed, kind: [token, key-secret], condition: good, twin: absent }\n"
        "    with: { info: given, externalId: same }\n    may: [{ error: external-id-mismatch }]",
    ),
    "same-id-same-participant": (
        "token-with-id", "open.again.without-info", 2,
        "effects: { opened: { set: { participantId: anonymous } } }\n"
        "transitions:\n  - id: open.without-info\n    may: [{ answer: nothing, then: opened-as-last-time }]",
    ),
    "participants-differ": (
        "key-secret", "open.again.external-id-with-key-secret", 2,
        "effects: { opened-as-given: { set: { participantId: nothing } } }",
    ),
    "participant-has-id": (
        "token-with-id", "open.without-info", 1,
        "effects: { opened: { set: { participantId: nothing } } }",
    ),
    "close-closes": (
        "token-with-id", "close.open", 2,
        "effects: { closed: { set: { participantId: identified } } }",
    ),
    "reopen": (
        "token-with-id", "open.without-info", 3,
        "transitions:\n  - id: open.without-info\n    may:\n"
        "      - { when: { open-without-info: fresh }, answer: nothing, then: opened-as-last-time }",
    ),
    "close-leaves-conference": (
        "token-with-id", "close.open.in-conference", 3,
        "effects: { closed-and-left: { set: { conference: in } } }",
    ),
    "is-open-is-pure": (
        "token-with-id", "isOpen.closed", 1,
        'transitions: [{ id: isOpen.closed, may: [{ answer: "false", then: joined }] }]',
    ),
    "participant-is-local": (
        "token-with-id", "getParticipant.closed", 1,
        "transitions: [{ id: getParticipant.closed, may: [{ answer: participant }] }]",
    ),
    "update-updates": (
        "token-with-id", "update.open", 2,
        "effects: { updated: { set: { externalId: name } } }",
    ),
    "update-needs-session": (
        "token-with-id", "update.closed", 1,
        "transitions: [{ id: update.closed, may: [{ answer: nothing, then: updated }] }]",
    ),
    "update-needs-scope": (
        "token-no-update", "update.open.no-scope", 2,
        "transitions: [{ id: update.open.no-scope, may: [{ answer: nothing, then: updated }] }]",
    ),
    "rejected-changes-nothing": (
        "token-with-id", "open.again", 2,
        "transitions: [{ id: open.again, may: [{ error: session-already-open, then: opened }] }]",
    ),
    "bad-token": (
        "expired-token", "open.bad-credential", 1,
        "transitions: [{ id: open.bad-credential, may: [{ answer: nothing, then: opened }] }]",
    ),
    "token-refresh": (
        "time-passes", "time.to-half", 1,
        "transitions: [{ id: time.to-half, may: [{ answer: asked, then: half-over }] }]",
    ),
    "sessions-are-apart": (
        "platform-acts", "sameIdOpens.open", 2,
        "transitions: [{ id: sameIdOpens.open, may: [{ answer: anything, then: evicted }] }]",
    ),
    "concurrent-calls": (
        "token-with-id", "overlap.open-canceled-by-close", 1,
        "overlaps: [{ id: overlap.open-canceled-by-close, may: [{ answer: nothing }] }]",
    ),
}  # fmt: skip


def test_there_is_a_wrong_table_for_every_rule() -> None:
    assert set(WRONG_TABLES) == set(CONTRACT.rules)


def test_a_row_about_one_class_of_a_group_is_reached() -> None:
    """A blank name is of one group with others, and the second class in it."""
    found = prove(
        contract_with(
            "transitions:\n"
            "  - { id: update.open, with: { name: [absent, plain] } }\n"
            "  - { id: update.open.blank, call: updateParticipantInfo, with: { name: blank }, carries: [update-updates],\n"
            "      in: { session: open, kind: initialised, condition: good, scope: update }, may: [{ error: scope-missing }] }",
            ["token-with-id"],
        ),
        needed=False,
    )
    assert found.broken == ["update-updates"]


@pytest.mark.parametrize("rule", WRONG_TABLES)
def test_a_wrong_table_breaks_its_rule_and_a_shortest_trace_shows_it(rule: str) -> None:
    fixture, row, calls, overlay = WRONG_TABLES[rule]
    proof = prove(contract_with(overlay, [fixture]), needed=False)
    found = proof.rules[rule].counterexample

    assert found is not None
    assert (found.fixture, found.trace[-1].row.id, len(found.trace)) == (fixture, row, calls)
    assert rule in proof.broken
    assert not proof.holds


def test_a_counterexample_is_told_as_calls_with_the_sentence_of_the_rule() -> None:
    fixture, row, _, overlay = WRONG_TABLES["reopen"]
    text = proof_text(prove(contract_with(overlay, [fixture]), needed=False))

    rule = CONTRACT.rules["reopen"]
    assert "The table breaks the rule reopen (must, inferred)." in text
    assert rule.statement in text
    assert rule.quote in text
    told = [line for line in text.splitlines() if row in line or " close " in line or "name: nothing -> Ana" in line]
    assert len(told) >= 3
    assert "open-without-info is fresh" in text


def test_a_trace_is_one_that_the_machine_takes() -> None:
    fixture, _, _, overlay = WRONG_TABLES["reopen"]
    contract = contract_with(overlay, [fixture])
    found = prove(contract, needed=False).rules["reopen"].counterexample
    assert found is not None

    machine = Machine(contract)
    state = machine.fixture(fixture)
    for step in found.trace:
        call = machine.call(step.call.operation, step.call.arguments, state)
        assert step.after in [other.after for other in machine.steps(state, call)]
        state = step.after


# Invariants ----------------------------------------------------------------------------------------------------------


def proof_of(holds: str, of: str, *, fixture: str = "token-with-id") -> Proof:
    """The proof of one rule with this invariant, and no other rule."""
    overlay = f"rules:\n  reopen:\n    invariant:\n      - of: [{of}]\n        holds: {holds}"
    contract = contract_with(overlay, [fixture])
    return prove(replace(contract, rules={"reopen": contract.rules["reopen"]}))


def test_a_rule_that_no_mutant_breaks_is_vacuous() -> None:
    proof = proof_of("'true'", "open")

    assert proof.broken == []
    assert proof.vacuous == ["reopen"]
    assert not proof.holds
    assert "The rule reopen is vacuous" in proof_text(proof)


def test_a_rule_that_says_what_another_says_is_not_independent() -> None:
    overlay = """
rules:
  reopen:
    invariant:
      - { of: [isOpen], holds: "!(before.session == 'open' && before.condition == 'good') || outcome.value == true" }
  info-is-kept:
    invariant:
      - { of: [isOpen], holds: "!(before.session == 'open' && before.condition == 'good') || outcome.value != false" }
"""
    contract = contract_with(overlay, ["token-with-id"])
    proof = prove(replace(contract, rules={name: contract.rules[name] for name in ("reopen", "info-is-kept")}))

    assert proof.vacuous == []
    assert proof.not_independent == ["info-is-kept"]
    assert proof.rules["info-is-kept"].falls_with == ("reopen",)
    assert "whatever breaks it also breaks another rule: reopen." in proof_text(proof)


def test_an_invariant_that_cannot_be_evaluated_does_not_hold_and_says_why() -> None:
    proof = proof_of("outcome.value.id == after.participantId", "getParticipant")

    assert proof.broken == ["reopen"]
    assert "cannot be evaluated" in proof_text(proof)


def test_a_step_that_depends_on_several_values_of_a_choice_is_asked_with_each() -> None:
    """Another client is let in by coexist and by refuse, in one alternative; either alone would satisfy one of these."""
    for value in ("coexist", "refuse"):
        proof = proof_of(f"choice['same-id-twice'] != '{value}'", "sameIdOpens", fixture="platform-acts")
        assert proof.broken == ["reopen"]

    assert proof_of("choice['open-while-open'] == null", "sameIdOpens", fixture="platform-acts").broken == []


def test_what_an_alternative_breaks_knowingly_is_no_counterexample() -> None:
    """The row of an update without scope permits what `update-needs-scope` forbids, and says so."""
    fixture = "token-no-update"
    knowing = contract_with("", [fixture])
    assert "update-needs-scope" in knowing.rows["update.open.no-scope"].may[1].breaks
    assert prove(knowing, needed=False).broken == []


def counting(to: int, holds: str) -> str:
    """A rule that counts the calls of open."""
    count = f"memory.opened == null ? 1 : memory.opened < {to} ? memory.opened + 1 : {to}"
    return f"""
rules:
  reopen:
    invariant:
      - of: [open]
        remember: {{ opened: "{count}" }}
        holds: {holds}
"""


def test_memory_is_nothing_at_first_and_then_what_was_remembered_of_the_steps_before() -> None:
    contract = contract_with(counting(5, "memory.opened == null || memory.opened < 3"), ["token-with-id"])
    found = prove(replace(contract, rules={"reopen": contract.rules["reopen"]})).rules["reopen"].counterexample

    assert found is not None
    assert [step.call.operation for step in found.trace] == ["open"] * 4


def test_a_memory_that_grows_without_end_is_refused() -> None:
    contract = contract_with(counting(10**9, "'true'"), ["token-with-id"])

    with pytest.raises(
        ContractError, match=r"overlay.yaml:4:5: What the rule `reopen` remembers does not come to an end"
    ):
        prove(contract, needed=False)


# Mutants -------------------------------------------------------------------------------------------------------------


def test_a_mutant_of_a_row_changes_the_steps_of_that_alternative_and_no_others() -> None:
    contract = contract_with("", ["token-with-id"])
    machine = Machine(contract)
    before = Unfolding(machine).explore("token-with-id")
    mutant = next(item for item in whole_mutants(machine) if item.row == "close.open" and "forgotten" in item.fault)
    mutated = MutatedMachine(contract, mutant)

    for state in before.steps:
        for call in machine.alphabet(contract.fixtures["token-with-id"].calls, state):
            for one, other in zip(machine.steps(state, call), mutated.steps(state, call), strict=True):
                if one.row.id == "close.open":
                    assert other.after == state != one.after
                else:
                    assert (one.row, one.index, one.code, one.answer, one.after) == (
                        other.row, other.index, other.code, other.answer, other.after
                    )  # fmt: skip


def test_a_restricted_mutant_applies_where_its_restriction_holds_only() -> None:
    contract = contract_with("", ["token-with-id"])
    machine = Machine(contract)
    automaton = Unfolding(machine).explore("token-with-id")
    whole = next(item for item in whole_mutants(machine) if item.row == "open.with-info")
    steps = [step for step in automaton.all_steps() if whole.applies(machine, step)]
    for mutant in restricted(machine, whole):
        assert mutant.where is not None
        for step in steps:
            values = {**machine.view(step.before), **step.call.leaves}
            if mutant.where.kind == "state":
                values.update(machine.view(step.before))
            assert mutant.applies(machine, step) == (values[mutant.where.name] == mutant.where.value)


def test_mutants_are_of_every_kind_and_none_is_named_twice() -> None:
    machine = Machine(CONTRACT)
    named = [str(mutant) for mutant in whole_mutants(machine)]

    assert len(named) == len(set(named)) > 10_000
    assert {mutant.row for mutant in whole_mutants(machine)} == {*CONTRACT.rows, *CONTRACT.overlaps}
    for fault in (
        "close.open, alternative 1: the effect closed is forgotten",
        "close.open, alternative 1: error session-not-open",
        "close.open, alternative 1: error session-not-open, and no effect",
        "close.open, alternative 1: session is set to lost",
        "close.open, alternative 1: name is kept",
        "open.again, alternative 1: the effect opened",
        "open.again, alternative 1: answer nothing and the effect opened",
        "open.with-info, alternative 1: participantId is set to anonymous",
        "open.with-info, alternative 1: name is set to lastName",
        "isOpen.open, alternative 1: answer false",
        "getParticipant.open, alternative 1: answer participant with lastName as info.name",
    ):
        assert fault in named


def test_the_mutants_of_whole_alternatives_come_first() -> None:
    first = next(mutant for mutant in mutants(Machine(CONTRACT)) if mutant.row == "close.open")

    assert first.where is None
