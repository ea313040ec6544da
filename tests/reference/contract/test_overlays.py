"""The contract drives: an overlay alone changes the machine, the proof and what is shown. No Python is edited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from openfirst_reference.contract.build import build_contract
from openfirst_reference.contract.document import Document, lay_over, read_file
from openfirst_reference.contract.findings import ContractError
from openfirst_reference.contract.load import load_contract, load_document
from openfirst_reference.contract.model import Contract
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.step import Step
from openfirst_reference.proof.lint import lint
from openfirst_reference.proof.prove import prove
from openfirst_reference.show.contract_pages import diagram, show
from tests.tracked import tracked_in

OVERLAYS = Path(__file__).resolve().parents[3] / "examples" / "overlays"
NAMES = [path.stem for path in tracked_in("examples/overlays", ".yaml")]
PACKAGED = load_contract()
PlannedCall = tuple[str, Mapping[str, Any]]


def overlaid(name: str) -> Contract:
    return load_contract(overlays=[OVERLAYS / f"{name}.yaml"])


def part_of(name: str, *sections: str) -> Document:
    """The packaged contract with some sections of an overlay, as if its author had forgotten the others."""
    overlay = read_file(OVERLAYS / f"{name}.yaml")
    chosen = {section: overlay.data[section] for section in sections}
    return lay_over(load_document(), Document(chosen, overlay.places, overlay.file))


def broken_rules(contract: Contract) -> list[str]:
    """The rules that the table breaks, in a few fixtures and those that the overlay has added."""
    few = ("token-with-id", "expired-token", *(name for name in contract.fixtures if name not in PACKAGED.fixtures))
    return prove(replace(contract, fixtures={name: contract.fixtures[name] for name in few}), needed=False).broken


def permitted(contract: Contract, *calls: PlannedCall) -> list[Step]:
    """What the last call may come to under the default choices, each call before it going the way that comes first."""
    machine = Machine(contract)
    state = machine.fixture("token-with-id")
    steps: list[Step] = []
    for operation, arguments in calls:
        call = machine.call(operation, arguments, state)
        steps = list(machine.resolved(state, call, contract.default_choices()))
        state = steps[0].after
    return steps


def outcomes(steps: list[Step]) -> list[str]:
    return [step.code or "answer" for step in steps]


@pytest.mark.parametrize("name", NAMES)
def test_a_rule_holds_under_every_example_overlay(name: str) -> None:
    assert broken_rules(overlaid(name)) == []


def test_a_rule_reversed_is_followed_by_the_table() -> None:
    mismatch = ("open", {"info": {"externalId": "bob"}})

    assert outcomes(permitted(PACKAGED, mismatch)) == ["external-id-mismatch"]
    assert outcomes(permitted(overlaid("rule-reversed"), mismatch)) == ["answer"]
    assert "is accepted, and ignored" in show(overlaid("rule-reversed"), "external-id-mismatch")


def test_a_rule_reversed_without_its_choice_is_not_proved() -> None:
    """The rule says what the table does not do yet."""
    assert broken_rules(build_contract(part_of("rule-reversed", "rules"))) == ["external-id-mismatch"]


def test_a_state_added_is_walked_through_and_drawn() -> None:
    contract = overlaid("state-added")
    create = ("use", {"service": "conference", "method": "create", "arguments": []})
    suspended = permitted(contract, ("open", {}), ("suspend", {}), create)

    assert outcomes(suspended) == ["session-suspended"]
    arrows = diagram(contract).arrows
    assert ("open", "suspended", "suspend") in arrows
    assert ("suspended", "closed", "close") in arrows
    assert set(arrows) > set(diagram(PACKAGED).arrows)
    assert "stateDiagram-v2" in show(contract, None, "markdown")
    assert "open --> suspended: suspend" in show(contract, None, "markdown")


def test_a_state_added_without_its_rows_leaves_gaps_that_are_told() -> None:
    document = part_of("state-added", "state", "errors", "operations", "fixtures")
    gaps = [finding for finding in lint(document) if finding.kind == "gap"]

    assert all("session is suspended" in gap.found or "`suspend`" in gap.found for gap in gaps)
    assert {"use", "open", "close", "isOpen"} <= {word for gap in gaps for word in gap.found.split("`")}
    with pytest.raises(ContractError, match="No row says what"):
        broken_rules(build_contract(document))


def test_a_class_added_is_told_from_the_others() -> None:
    long = ("open", {"info": {"name": "A" * 41}})

    assert outcomes(permitted(PACKAGED, long)) == ["answer"]
    assert outcomes(permitted(overlaid("argument-class-added"), long)) == ["name-too-long"]
    assert "endless" in show(overlaid("argument-class-added"), "open")


def test_a_class_added_against_a_rule_is_not_proved() -> None:
    """Long names refused, and the rule still says that whoever gives information opens."""
    document = part_of("argument-class-added", "errors", "operations", "classes", "transitions")

    assert broken_rules(build_contract(document)) == ["open-opens"]


def test_a_method_added_stands_behind_the_gate() -> None:
    draw = ("use", {"service": "whiteboard", "method": "draw", "arguments": []})
    contract = overlaid("method-added")

    with pytest.raises(ValueError, match="whiteboard/draw"):
        permitted(PACKAGED, draw)
    assert outcomes(permitted(contract, draw)) == ["session-not-open"]
    assert outcomes(permitted(contract, ("open", {}), draw)) == ["answer", "of-service"]
    assert "draw" in show(contract, "whiteboard")


def test_a_choice_settled_is_open_no_more() -> None:
    twice: list[PlannedCall] = [("open", {}), ("open", {})]
    contract = overlaid("choice-settled")
    machine, packaged = Machine(contract), Machine(PACKAGED)

    assert outcomes(permitted(PACKAGED, *twice)) == ["session-already-open"]
    assert outcomes(permitted(contract, *twice)) == ["answer"]
    state = permitted(contract, ("open", {}))[0].after
    assert len(machine.steps(state, machine.call("open", {}, state))) < len(
        packaged.steps(state, packaged.call("open", {}, state))
    )
    assert "May be keep;" in " ".join(show(contract, "open-while-open").split())


def test_an_error_renamed_is_renamed_wherever_it_is_named() -> None:
    contract = overlaid("error-renamed")
    update = ("updateParticipantInfo", {"name": "Ana", "avatarUrl": None})

    assert outcomes(permitted(contract, update)) == ["open-a-session-first"]
    assert "session-not-open" not in show(contract, "updateParticipantInfo")
    assert "open-a-session-first" in show(contract, "updateParticipantInfo")
    with pytest.raises(ValueError, match="nothing called `session-not-open`"):
        show(contract, "session-not-open")
