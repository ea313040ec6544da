"""Contrast: which calls put a rule to the test, and on which sides their operations were seen."""

from typing import Any

import pytest

from openfirst_conformance.oracle.oracle import Oracle
from openfirst_conformance.oracle.tracker import Tracker
from openfirst_conformance.verdicts import evidence
from openfirst_conformance.verdicts.contrast import Contrast, Lack, Side, Sides, Way
from openfirst_reference.contract.load import load_contract
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.outcome import Answered, Refused, Settled

MACHINE = Machine(load_contract())
ANA = {"info": {"name": "Ana"}}
Seen = tuple[str, dict[str, Any], Settled]
OPENED: Seen = ("open", ANA, Answered())
OPENED_AGAIN: Seen = ("open", {}, Answered())
MISMATCH: Seen = ("open", {"info": {"externalId": "Bo"}}, Refused("external-id-mismatch"))
CLOSED: Seen = ("close", {}, Answered())
ANSWERED, REFUSED = Side(Way.ANSWERED), Side(Way.REFUSED)


def followed(*calls: Seen) -> Tracker:
    """A client that holds a token with the external ID Zoë, after these calls."""
    tracker = Tracker(Oracle(MACHINE), {"a": MACHINE.fixture("token-with-id")})
    for operation, arguments, outcome in calls:
        (here, *_) = tracker.explanations
        assert tracker.see("a", MACHINE.call(operation, arguments, here.node.states[0]), outcome) is None
    return tracker


def shown(name: str | None) -> Seen:
    """The participant as it is shown with this name."""
    info = {"name": name, "avatarUrl": None, "externalId": "Zoë"}
    return ("getParticipant", {}, Answered({"id": "p-1", "info": info}))


def tried(*calls: Seen) -> dict[str, set[str]]:
    (explanation, *_) = followed(*calls).explanations.values()
    return evidence.tested_rules(MACHINE, explanation.trail)


def contrast(*calls: Seen) -> Contrast:
    """What these calls have shown."""
    result, tracker = Contrast(MACHINE.contract, Sides()), followed(*calls)
    (explanation, *_) = tracker.explanations.values()
    assert explanation.trail is not None
    result.take(tracker.oracle, explanation.trail.back(), broke=False)
    return result


def test_that_an_identity_stays_the_same_is_tested_at_its_second_sight() -> None:
    once = (OPENED, shown("Ana"))
    assert "same-id-same-participant" not in tried(*once)
    assert "getParticipant" in tried(*once, shown("Ana"))["same-id-same-participant"]
    assert "getParticipant" in tried(*once, CLOSED, OPENED, shown("Ana"))["same-id-same-participant"]


def test_that_nothing_is_left_is_tested_where_something_was_there() -> None:
    assert "reopen" not in tried(OPENED, shown("Ana"))
    assert tried(OPENED, CLOSED, OPENED_AGAIN, shown(None))["reopen"] == {"open", "getParticipant"}


def test_an_operation_that_was_seen_on_both_sides_lacks_nothing() -> None:
    assert contrast(MISMATCH, OPENED).lacking(["open"]) == ()


def test_a_call_that_could_have_come_out_either_way_asks_for_nothing() -> None:
    """Closing nothing may be refused or accepted."""
    assert contrast(CLOSED).lacking(["close"]) == ()


def test_once_a_case_breaks_off_the_rows_say_what_is_asked_for() -> None:
    tracker, result = followed(MISMATCH), Contrast(MACHINE.contract, Sides())
    (here, *_), (explanation, *_) = tracker.explanations, tracker.explanations.values()
    assert explanation.trail is not None
    call = MACHINE.call("open", ANA, here.node.states[0])
    violation = tracker.see("a", call, Refused("external-id-mismatch"))
    result.take(tracker.oracle, explanation.trail.back(), broke=violation is not None)
    assert result.lacking(["open"]) == (Lack("open", (ANSWERED,)),)
    assert result.lacking(["isOpen"]) == (Lack("isOpen", (Side(Way.ANSWERED, "false"),)),)
    # One of them that was seen on both sides is enough.
    result.take(tracker.oracle, contrast_moments(OPENED), broke=False)
    assert result.lacking(["open", "isOpen"]) == ()


def contrast_moments(*calls: Seen) -> Any:
    (explanation, *_) = followed(*calls).explanations.values()
    assert explanation.trail is not None
    return explanation.trail.back()


def test_a_refusal_that_nobody_can_translate_is_not_taken_for_a_services_own() -> None:
    """A service behind the gate may refuse for a reason of its own, and was reached then; whoever says nothing was not."""
    use = {"service": "conference", "method": "create", "arguments": [{}]}
    gate: Seen = ("use", use, Refused("session-not-open"))
    silent, own = (contrast(gate, OPENED, ("use", use, Refused(code))) for code in (None, "no-such-alias"))
    assert silent.lacking(["use"]) == (Lack("use", (ANSWERED, Side(Way.REFUSED_BY_SERVICE))),)
    assert own.lacking(["use"]) == ()


@pytest.mark.parametrize(
    ("seen", "is_enough"),
    [
        ({Side(Way.ANSWERED, "null"), ANSWERED}, False),
        ({Side(Way.SHOWED), ANSWERED}, False),
        ({Side(Way.ANSWERED, "null"), Side(Way.SHOWED)}, True),
        ({Side(Way.ANSWERED, "true"), Side(Way.ANSWERED, "false")}, True),
        ({ANSWERED, REFUSED}, True),
    ],
)
def test_an_answer_that_may_be_anything_is_the_opposite_of_no_other_answer(seen: set[Side], is_enough: bool) -> None:
    """Whoever answers every call with nothing would else be on both sides of what the conference was."""
    sides = Sides()
    sides.seen["use"] |= seen
    sides.due["use"][frozenset([Side(Way.REFUSED_SOMEHOW)])] = None
    assert (Contrast(MACHINE.contract, sides).lacking(["use"]) == ()) == is_enough
