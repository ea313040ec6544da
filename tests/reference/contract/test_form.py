"""What the contract's file may leave out, since it is stated once elsewhere in it; and what a newcomer has to read."""

from __future__ import annotations

from pathlib import Path

from openfirst_reference.contract.build import build_contract
from openfirst_reference.contract.document import lay_over, read_document
from openfirst_reference.contract.load import load_contract, load_document
from openfirst_reference.contract.model import Contract
from openfirst_reference.machine.machine import Machine
from openfirst_spec import resource

CONTRACT = load_contract()


def overlaid(text: str) -> Contract:
    """The packaged contract with an overlay."""
    return build_contract(lay_over(load_document(), read_document(text, "overlay.yaml")))


def codes(contract: Contract, row: str) -> list[str | None]:
    """The errors that a row permits, in order; None for an answer."""
    return [item.error for item in contract.rows[row].may]


def test_what_a_newcomer_reads_comes_first_and_is_no_longer_than_1100_lines() -> None:
    lines = resource("session.yaml").splitlines()
    looked_up = next(number for number, line in enumerate(lines) if line.startswith("# What follows is looked up:"))
    assert looked_up <= 1100
    sections = [line.partition(":")[0] for line in lines if line[:1].isalpha()]
    assert sections.index("rules") < sections.index("choices") < sections.index("transitions")
    assert sections[-4:] == ["services", "errors", "types", "sources"]


def test_a_refusal_that_holds_everywhere_is_in_every_row_that_is_within_it() -> None:
    """Before all else for a client that holds nothing; behind it for a bad credential, but where the row says otherwise."""
    assert codes(CONTRACT, "open.not-initialized") == ["not-initialized"]
    assert codes(CONTRACT, "close.not-initialized") == ["not-initialized", None, "session-not-open"]
    assert codes(CONTRACT, "close.closed.bad-credential") == [None, "session-not-open", "condition", "not-initialized"]
    assert codes(CONTRACT, "use.open.bad-credential")[:2] == ["condition", "session-not-open"]
    assert codes(CONTRACT, "close.closed") == [None, "session-not-open"]


def test_an_overlay_that_says_what_a_row_may_do_says_all_of_it() -> None:
    contract = overlaid("transitions: { use.closed.bad-credential: { may: [{ error: session-not-open }] } }")
    assert codes(contract, "use.closed.bad-credential") == ["session-not-open"]


def test_effects_come_one_after_the_other() -> None:
    contract = overlaid("""
        transitions:
          close.open: { may: [{ answer: nothing, then: [closed, lost] }] }
        """)
    machine = Machine(contract)
    state = machine.having(machine.fixture("token-with-id"), session="open", name="Ana")
    [step] = machine.steps(state, machine.call("close", {}, state))
    assert machine.value(step.after, "session") == "lost"
    assert machine.value(step.after, "name") is None
    assert machine.value(step.after, "lastName") == "Ana"


def test_an_alternative_is_there_where_its_own_guard_holds() -> None:
    machine = Machine(CONTRACT)
    fixture = machine.fixture("time-passes")
    for session, states in (("closed", {"closed"}), ("open", {"open", "lost"})):
        state = machine.having(fixture, session=session)
        steps = machine.steps(state, machine.call("revokeToken", {}, state))
        assert {machine.value(step.after, "session") for step in steps} == states


def test_what_is_known_of_an_sdk_is_its_profile() -> None:
    assert CONTRACT.choices["no-participant"].known == {
        "react-native-ios": "error",
        "react-native-android": "error",
        "flutter": "error",
        "dotnet": "null",
    }


def test_a_contract_of_before_has_the_packaged_bindings(tmp_path: Path) -> None:
    """A file without gates and bindings means what the packaged one says, as far as it has the words."""
    text = resource("session.yaml")
    start, end = text.index("\nbindings:"), text.index("\nservices:")
    file = tmp_path / "old.yaml"
    file.write_text(text[:start] + text[end:], encoding="utf-8")
    assert load_contract(file).bindings == CONTRACT.bindings
    assert load_contract(file).gates == CONTRACT.gates
