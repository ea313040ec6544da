"""Recovery: where a client may be after it did what nothing permits, and how what follows tells which it was."""

from typing import Any

from openfirst_conformance.cases.case import Case
from openfirst_conformance.driving.played import Played
from openfirst_conformance.oracle.explanation import Violation
from openfirst_conformance.oracle.oracle import Oracle
from openfirst_conformance.oracle.tracker import Tracker
from openfirst_reference.contract.load import load_contract
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.outcome import Answered, Refused, Settled

MACHINE = Machine(load_contract())
MISMATCH = {"info": {"name": "Ana", "externalId": "bob"}}
CLOSED: tuple[str, dict[str, Any], Settled] = ("close", {}, Answered())
OPENED: tuple[str, dict[str, Any], Settled] = ("open", {"info": {"name": "Ana"}}, Answered())
SHOWN = {"name": "Ana", "avatarUrl": None, "externalId": "Zoë"}


class Watch:
    """A tracker that tolerates everything, of a client whose token has the external ID Zoë."""

    def __init__(self) -> None:
        self.tracker = Tracker(Oracle(MACHINE), {"a": MACHINE.fixture("token-with-id")}, lambda _: ("a-rule",))

    def see(self, operation: str, arguments: dict[str, Any], outcome: Settled) -> Violation | None:
        (here, *_) = self.tracker.explanations
        return self.tracker.see("a", MACHINE.call(operation, arguments, here.node.states[0]), outcome)

    def sessions(self) -> set[Any]:
        """What the session may be."""
        return {MACHINE.value(here.node.states[0], "session") for here in self.tracker.explanations}

    def value(self, variable: str) -> set[Any]:
        return {MACHINE.value(here.node.states[0], variable) for here in self.tracker.explanations}


def participant(identity: str = "p-1", **info: Any) -> Settled:
    return Answered({"id": identity, "info": {**SHOWN, **info}})


def test_what_was_answered_wrongly_may_have_worked_or_not() -> None:
    watch = Watch()
    assert watch.see("open", MISMATCH, Answered()) is None
    assert watch.tracker.broken == [("a-rule",)]
    assert watch.sessions() >= {"closed", "open"}
    watch.see("isOpen", {}, Answered(True))
    assert watch.sessions() == {"open"}
    watch.see("getParticipant", {}, participant())
    assert watch.tracker.broken == [("a-rule",)]


def test_what_was_refused_wrongly_changed_nothing_or_the_client_was_elsewhere() -> None:
    watch = Watch()
    assert watch.see("open", OPENED[1], Refused("session-already-open")) is None
    assert watch.sessions() == {"closed", "open"}
    watch.see("isOpen", {}, Answered(False))
    assert watch.sessions() == {"closed"}


def test_what_is_shown_wrongly_is_held_from_then_on_or_only_shown_wrongly() -> None:
    watch = Watch()
    watch.see(*OPENED)
    watch.see("getParticipant", {}, participant(name="ana"))
    assert watch.value("name") == {"ana", "Ana"}
    before = len(watch.tracker.broken)
    watch.see("getParticipant", {}, participant(name="ana"))
    assert len(watch.tracker.broken) == before
    assert watch.value("name") == {"ana"}


def test_another_identity_stands_from_then_on() -> None:
    watch = Watch()
    watch.see(*OPENED)
    for identity, breaks in (("p-1", 0), ("p-2", 1), ("p-2", 1), ("p-1", 2)):
        watch.see("getParticipant", {}, participant(identity))
        assert len(watch.tracker.broken) == breaks


def test_a_case_that_only_breaks_comes_to_an_end() -> None:
    watch = Watch()
    watch.see(*OPENED)
    violations = [watch.see("getParticipant", {}, participant(str(number))) for number in range(40)]
    assert violations[0] is None
    assert any(violations)


def test_what_a_client_holds_is_no_fault_of_its() -> None:
    """A getParticipant that says the token has expired does not make it so."""
    watch = Watch()
    watch.see(*OPENED)
    watch.see("getParticipant", {}, Refused("token-expired"))
    assert watch.tracker.broken == [("a-rule",)]
    assert watch.value("condition") == {"good"}


def test_another_client_hears_of_a_call_that_was_answered_wrongly() -> None:
    state = MACHINE.fixture("token-with-id")
    tracker = Tracker(Oracle(MACHINE), {"a": state, "b": state}, lambda _: ("a-rule",))
    assert tracker.see("a", MACHINE.call("open", MISMATCH, state), Answered()) is None
    opened = {
        (MACHINE.value(here.node.states[0], "session"), MACHINE.value(here.node.states[1], "twin"))
        for here in tracker.explanations
    }
    assert ("open", "open") in opened
    assert ("closed", "absent") in opened


def test_what_comes_after_a_break_is_sure_where_one_place_is_left() -> None:
    """An open that was answered wrongly has worked or not, and taken the name or not: what is seen then says which."""
    watch = Watch()
    watch.see(*CLOSED)
    watch.see("open", MISMATCH, Answered())
    played = Played(Case("", "", {"a": "token-with-id"}, ()), tracker=watch.tracker)
    assert played.sure_trail is not None
    assert played.sure_trail.step.call.operation == "close"
    watch.see("isOpen", {}, Answered(True))
    watch.see("getParticipant", {}, participant(name=None))
    assert played.broken == ("a-rule",)
    assert played.sure_trail.step.call.operation == "getParticipant"


def test_whoever_was_in_session_all_along_has_an_id() -> None:
    """A service answers before open: there may have been a session, and in a session nobody is without an ID."""
    watch = Watch()
    watch.see("use", {"service": "conference", "method": "create", "arguments": [{"alias": "rehearsal"}]}, Answered())
    assert watch.sessions() >= {"closed", "open"}
    watch.see(*OPENED)
    watch.see(
        "getParticipant", {}, Answered({"id": None, "info": {"name": None, "avatarUrl": None, "externalId": None}})
    )
    assert watch.tracker.broken == [("a-rule",), ("a-rule",)]
