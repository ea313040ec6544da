"""What differs: the one thing that is wrong about an outcome, in a line."""

from typing import Any

import pytest

from openfirst_conformance.reports.what_differs import what_differs
from openfirst_reference.contract.load import load_contract
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.outcome import Answered, Outcome, Refused

MACHINE = Machine(load_contract())
START = MACHINE.fixture("token-with-id")
ANA = {"info": {"name": "Ana"}}
OPEN = MACHINE.having(
    MACHINE.steps(START, MACHINE.call("open", ANA, START))[0].after,
)


def participant(**info: Any) -> Outcome:
    return Answered({"id": "p-1", "info": {"name": "Ana", "avatarUrl": None, "externalId": "Zoë", **info}})


@pytest.mark.parametrize(
    ("operation", "arguments", "state", "outcome", "line"),
    [
        ("getParticipant", {}, OPEN, participant(name="ben"), 'info.name is "ben", and must be "Ana".'),
        ("getParticipant", {}, OPEN, participant(avatarUrl="u"), 'info.avatarUrl is "u", and must be absent.'),
        ("getParticipant", {}, OPEN, Answered({"info": {"name": "Ana", "externalId": "Zoë"}}),
         "id is null, and must be the participant's ID."),
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
    steps = MACHINE.steps(state, MACHINE.call(operation, arguments, state))
    permitted = [step for step in steps if not step.alternative.breaks]
    assert what_differs(MACHINE, operation, outcome, permitted) == line


def test_what_is_long_is_cut() -> None:
    steps = MACHINE.steps(OPEN, MACHINE.call("getParticipant", {}, OPEN))
    line = what_differs(MACHINE, "getParticipant", participant(name="x" * 10_000), steps)
    assert len(line) < 120
    assert line.endswith('…, and must be "Ana".')
