"""What differs: the one thing that is wrong about an outcome, in a line."""

from typing import Any

import pytest

from openfirst_conformance.reports.what_differs import what_differs
from openfirst_reference.contract.load import load_contract
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.outcome import Answered, Outcome, Refused, Unreadable, Unsupported
from openfirst_reference.machine.step import Step

MACHINE = Machine(load_contract())
START = MACHINE.fixture("token-with-id")
ANA = {"info": {"name": "Ana"}}
OPEN = MACHINE.having(
    MACHINE.steps(START, MACHINE.call("open", ANA, START))[0].after,
)


NAMED = MACHINE.having(OPEN, name="Bea", avatarUrl=None)
PICTURED = MACHINE.having(OPEN, name=None, avatarUrl="u")
LOST = MACHINE.having(OPEN, session="lost", condition="expired")
EXPIRED = MACHINE.having(START, condition="expired")


def due(operation: str, arguments: dict[str, Any], *states: Any) -> list[Step]:
    """What is permitted, where the client may be in any of the states."""
    return [
        step
        for state in states
        for step in MACHINE.steps(state, MACHINE.call(operation, arguments, state))
        if not step.alternative.breaks
    ]


def participant(**info: Any) -> Outcome:
    return Answered({"id": "p-1", "info": {"name": "Ana", "avatarUrl": None, "externalId": "Zoë", **info}})


@pytest.mark.parametrize(
    ("operation", "arguments", "state", "outcome", "line"),
    [
        ("getParticipant", {}, OPEN, participant(name="ben"), 'info.name is "ben", and must be "Ana".'),
        ("getParticipant", {}, OPEN, participant(avatarUrl="u"), 'info.avatarUrl is "u", and must be absent.'),
        ("getParticipant", {}, OPEN, Answered({"info": {"name": "Ana", "externalId": "Zoë"}}),
         "id is null, and must be the participant's ID."),
        ("getParticipant", {}, OPEN, Answered({"id": 5, "info": {"name": "Ana", "externalId": "Zoë"}}),
         "id is 5, and must be the participant's ID, a string."),
        ("getParticipant", {}, OPEN, participant(), 'id is "p-1", and was another for the same participant.'),
        ("isOpen", {}, START, Answered(True), "isOpen answered true, and must come to answer false."),
        ("use", {"service": "recording", "method": "stop"}, START, Answered(),
         "use answered, and must fail with error session-not-open."),
        ("open", ANA, START, Refused("token-expired"), "open failed with error token-expired, and must answer."),
        ("open", ANA, START, Refused(None), "open failed for a reason that nobody knows, and must answer."),
    ],
)  # fmt: skip
def test_a_failure_says_what_differs(
    operation: str, arguments: dict[str, Any], state: Any, outcome: Outcome, line: str
) -> None:
    assert what_differs(MACHINE, operation, outcome, due(operation, arguments, state)) == line


# What is permitted is said whole --------------------------------------------------------------------------------------


def test_what_a_field_must_be_is_said_as_json() -> None:
    permitted = due("passTime", {"renewal": "granted"}, MACHINE.fixture("time-passes"))
    line = what_differs(MACHINE, "passTime", Answered({"asked": False, "callback": None}), permitted)
    assert line == "asked is false, and must be true."


def test_what_may_be_missing_may_have_its_value_too() -> None:
    permitted = due("passTime", {"renewal": "denied"}, MACHINE.fixture("time-passes"))
    line = what_differs(MACHINE, "passTime", Answered({"asked": True, "callback": "later"}), permitted)
    assert line == 'callback is "later", and must be "first" or absent.'


def test_errors_are_said_beside_a_plain_answer() -> None:
    line = what_differs(MACHINE, "getParticipant", Answered({"id": "p-1"}), due("getParticipant", {}, START))
    assert line == 'getParticipant answered {"id": "p-1"}, and must come to error session-not-open or answer null.'


def test_errors_and_other_answers_are_said_beside_one_with_fields() -> None:
    line = what_differs(MACHINE, "getParticipant", participant(name="ben"), due("getParticipant", {}, LOST))
    assert line == (
        'info.name is "ben", and must be "Ana", unless it comes to error session-not-open, answer null, error '
        "token-expired, error not-initialized or another error of the family of token-expired."
    )


def test_errors_that_no_source_tells_apart_are_said_to_be_a_family() -> None:
    line = what_differs(MACHINE, "open", Refused("session-not-open"), due("open", ANA, EXPIRED))
    assert line == (
        "open failed with error session-not-open, and may only come to error token-expired, error "
        "not-initialized or another error of the family of token-expired."
    )
    line = what_differs(MACHINE, "open", Answered(), due("open", ANA, EXPIRED))
    assert line == (
        "open answered, and must fail with error token-expired, error not-initialized or another error of the family of "
        "token-expired."
    )


def test_of_several_answers_the_nearest_tells_what_is_wrong() -> None:
    permitted = due("getParticipant", {}, PICTURED, NAMED)
    line = what_differs(MACHINE, "getParticipant", participant(name="Bea", externalId="bob"), permitted)
    assert line == 'info.externalId is "bob", and must be "Zoë" (by the nearest of 2 permitted answers).'


def test_of_several_answers_that_are_as_near_each_tells_what_is_wrong() -> None:
    permitted = due("getParticipant", {}, PICTURED, NAMED)
    line = what_differs(MACHINE, "getParticipant", participant(name="Bea", avatarUrl="u"), permitted)
    assert line == 'info.name is "Bea", and must be absent; or else info.avatarUrl is "u", and must be absent.'
    line = what_differs(MACHINE, "getParticipant", participant(name="Eve"), due("getParticipant", {}, OPEN, NAMED))
    assert line == 'info.name is "Eve", and must be "Ana" or "Bea".'


@pytest.mark.parametrize(
    ("operation", "arguments", "state", "outcome"),
    [
        ("getParticipant", {}, START, Answered(None)),
        ("getParticipant", {}, START, Refused("session-not-open")),
        ("open", ANA, OPEN, Answered()),
        ("open", ANA, OPEN, Refused(None)),
        ("open", ANA, EXPIRED, Refused("token-revoked")),
        ("close", {}, START, Refused("session-not-open")),
    ],
)
def test_what_is_permitted_is_never_said_not_to_be(
    operation: str, arguments: dict[str, Any], state: Any, outcome: Outcome
) -> None:
    """Then it is wrong for what was seen before alone."""
    line = what_differs(MACHINE, operation, outcome, due(operation, arguments, state))
    assert line == f"What {operation} came to is permitted, but not after what came before."


def test_what_is_long_is_cut() -> None:
    steps = MACHINE.steps(OPEN, MACHINE.call("getParticipant", {}, OPEN))
    line = what_differs(MACHINE, "getParticipant", participant(name="x" * 10_000), steps)
    assert len(line) < 120
    assert line.endswith('…, and must be "Ana".')


# Of whatever kind it is ------------------------------------------------------------------------------------------------

STOP = {"service": "recording", "method": "stop"}


@pytest.mark.parametrize(
    ("operation", "arguments", "state", "outcome", "line"),
    [
        ("use", STOP, START, Unsupported("no recording here"),
         'use is unsupported, says the adapter ("no recording here"), and must fail with error session-not-open.'),
        ("open", ANA, START, Unsupported(), "open is unsupported, and must answer."),
        ("open", ANA, START, Unreadable("no answer: the connection was closed"),
         'open came to "no answer: the connection was closed", and must answer.'),
        ("getParticipant", {}, START, Unreadable("status 500"),
         'getParticipant came to "status 500", and may only come to error session-not-open or answer null.'),
    ],
)  # fmt: skip
def test_what_is_neither_an_answer_nor_an_error_differs_too(
    operation: str, arguments: dict[str, Any], state: Any, outcome: Outcome, line: str
) -> None:
    assert what_differs(MACHINE, operation, outcome, due(operation, arguments, state)) == line


@pytest.mark.parametrize(
    ("operation", "arguments", "state", "outcome", "line"),
    [
        ("use", STOP, START, Answered(), "use answered, and should fail with error session-not-open."),
        ("open", ANA, START, Refused("token-expired"), "open failed with error token-expired, and should answer."),
        ("open", ANA, OPEN, Refused("token-expired"),
         "open failed with error token-expired, and should only come to error session-already-open or an answer."),
        ("isOpen", {}, START, Answered(True), "isOpen answered true, and should come to answer false."),
        ("getParticipant", {}, OPEN, participant(name="ben"), 'info.name is "ben", and should be "Ana".'),
        ("getParticipant", {}, OPEN, participant(), 'id is "p-1", and is another participant\'s.'),
        ("open", ANA, START, Answered(), ""),
    ],
)  # fmt: skip
def test_what_should_be_and_is_not_is_told_as_that(
    operation: str, arguments: dict[str, Any], state: Any, outcome: Outcome, line: str
) -> None:
    permitted = due(operation, arguments, state)
    assert what_differs(MACHINE, operation, outcome, permitted, level="should", followed=True) == line
