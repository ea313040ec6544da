"""Inquiry: whether a call failed by itself, or for what one before it has left behind, is found out by a few calls more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from openfirst_conformance.oracle.explanation import Violation
from openfirst_conformance.oracle.observation import JsonText, SeenIdentity
from openfirst_conformance.oracle.oracle import Oracle
from openfirst_conformance.oracle.tracker import Tracker
from openfirst_conformance.power.faults import Fault, single_faults
from openfirst_conformance.power.faulty_client import FaultyClient
from openfirst_conformance.verdicts.blame import blame
from openfirst_conformance.verdicts.inquiry import (
    Came,
    Finding,
    Itself,
    LeftUndone,
    Trial,
    Unclear,
    Witness,
    found_out,
    inquire,
)
from openfirst_conformance.verdicts.saying import forbids
from openfirst_conformance.verdicts.scene import Scene
from openfirst_reference.contract.load import load_contract
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.outcome import Answered

CONTRACT = load_contract()
MACHINE = Machine(CONTRACT)
DEFAULT = CONTRACT.default_choices()
FAULTS = {fault.text: fault for faults in single_faults(MACHINE).values() for fault in faults}
CLOSES_NOTHING = FAULTS["close.open, alternative 1: the effect closed is forgotten"]
GOOD: dict[str, Any] = {"credential": {"condition": "good", "externalId": "Zoë", "scopes": ["*"]}}
ANA: dict[str, Any] = {"name": "Ana", "avatarUrl": None}
JOIN: dict[str, Any] = {"service": "conference", "method": "join", "arguments": []}
Calls = list[tuple[str, dict[str, Any]]]


@dataclass
class Implementation:
    """A client with one fault; `trials` has what it was asked to do."""

    fault: Fault
    fixture: str = "token-with-id"
    trials: list[list[str]] = field(default_factory=list)
    oracle: Oracle = field(default_factory=lambda: Oracle(MACHINE, DEFAULT))

    def play(self, calls: Calls, fixture: str) -> tuple[int, Violation | None]:
        """How many calls were made, and what the last of them broke."""
        client, state, progress = FaultyClient(MACHINE, DEFAULT, self.fault), MACHINE.fixture(fixture), 0
        tracker = Tracker(self.oracle, {"a": state})
        for number, (operation, arguments) in enumerate(calls, 1):
            known = next(iter(tracker.explanations)).node.states[0]
            outcome, state, progress = client.respond(state, progress, MACHINE.call(operation, arguments, state))
            violation = tracker.see("a", MACHINE.call(operation, arguments, known), outcome)
            if violation is not None:
                return number, violation
        return len(calls), None

    def fails(self, *calls: str | tuple[str, dict[str, Any]]) -> tuple[Calls, Violation]:
        """The calls, the last of which breaks something, and what it is."""
        made = [(call, {}) if isinstance(call, str) else call for call in calls]
        count, violation = self.play(made, self.fixture)
        assert violation is not None and count == len(made)
        return made, violation

    def came(self, calls: Calls) -> Callable[[Trial], Came]:
        """What plays a trial."""

        def came(trial: Trial) -> Came:
            more = [] if trial.more is None else [(trial.more.operation, dict(trial.more.arguments))]
            made = [*calls[trial.start : trial.end], *more]
            self.trials.append([operation for operation, _ in made])
            count, violation = self.play(made, trial.fixture or self.fixture)
            return violation if count == len(made) else Unclear()

        return came

    def found(
        self, calls: Calls, violation: Violation, can_call: Callable[[str], bool] = lambda _: True
    ) -> Finding | None:
        """What an inquiry finds."""
        scene = Scene(self.oracle, violation)
        return found_out(inquire(scene, can_call, lambda _: True), self.came(calls))


def test_a_call_that_follows_from_a_forgotten_effect_is_not_the_failure() -> None:
    """The second open is refused since the session is still open: isOpen says so, and is the better witness."""
    implementation = Implementation(CLOSES_NOTHING)
    calls, violation = implementation.fails("open", "close", "open")
    found = implementation.found(calls, violation)
    assert isinstance(found, Witness)
    assert found.trial.more is not None and (found.trial.end, found.trial.more.operation) == (2, "isOpen")
    assert blame(implementation.oracle, found.violation, minimal=True) == ("close-closes",)


def test_the_first_place_where_it_shows_is_the_witness() -> None:
    """Not only in the place of the call that failed: here the session is not open before time passes."""
    fault = FAULTS["open.without-info, alternative 1: the effect opened is forgotten"]
    implementation = Implementation(fault, "time-passes")
    denied = ("passTime", {"renewal": "denied"})
    calls, violation = implementation.fails("open", denied, "getParticipant")
    found = implementation.found(calls, violation)
    assert isinstance(found, Witness) and found.trial.end == 1
    assert blame(implementation.oracle, found.violation, minimal=True) == ("open-opens",)


def test_where_status_calls_show_what_they_should_it_is_the_call_itself() -> None:
    """The update is refused as if there were no session, and there is one: whoever opened it is not to blame."""
    implementation = Implementation(FAULTS["updateParticipantInfo takes session open for closed"])
    calls, violation = implementation.fails("open", ("updateParticipantInfo", ANA))
    assert set(blame(implementation.oracle, violation, minimal=True)) == {"open-opens", "update-updates"}
    found = implementation.found(calls, violation)
    assert isinstance(found, Itself)
    assert blame(implementation.oracle, violation, minimal=True, finding=found) == ("update-updates",)


def test_of_two_status_calls_that_disagree_the_one_that_fails_is_wrong() -> None:
    """isOpen is false, and there is a participant."""
    implementation = Implementation(FAULTS["isOpen takes session open for lost"])
    calls, violation = implementation.fails("open", "isOpen")
    found = implementation.found(calls, violation)
    assert blame(implementation.oracle, violation, minimal=True, finding=found) == ("is-open-is-pure",)


def test_a_status_call_that_is_wrong_only_after_a_call_is_not_wrong_by_itself() -> None:
    """There is no participant after the close, as it should be, and isOpen is true. Before anything was opened it is false."""
    implementation = Implementation(replace(FAULTS["isOpen takes session closed for open"], after=(("close", ()),)))
    calls, violation = implementation.fails("open", "close", "isOpen")
    found = implementation.found(calls, violation)
    assert not isinstance(found, Itself) or ("session", "open") not in found.acquitted
    assert ["isOpen"] in implementation.trials
    assert blame(implementation.oracle, violation, minimal=True, finding=found) == ("close-closes",)


def test_a_status_call_that_is_wrong_after_a_call_which_was_to_change_nothing_is_wrong_by_itself() -> None:
    """There is no participant after the refused update, as it should be, and isOpen is true."""
    after = (("updateParticipantInfo", (("name", "plain"), ("avatarUrl", "absent"))),)
    implementation = Implementation(replace(FAULTS["isOpen takes session closed for open"], after=after))
    calls, violation = implementation.fails(("updateParticipantInfo", ANA), "isOpen")
    found = implementation.found(calls, violation)
    assert isinstance(found, Itself) and ("session", "open") in found.acquitted
    assert blame(implementation.oracle, violation, minimal=True, finding=found) == ("is-open-is-pure",)


def test_a_gate_that_is_open_after_a_refused_call_is_open_by_itself() -> None:
    """The status calls rightly say that there is no session; the refused update has changed nothing that can be seen."""
    after = (("updateParticipantInfo", (("name", "plain"), ("avatarUrl", "absent"))),)
    implementation = Implementation(replace(FAULTS["use takes session closed for open"], after=after))
    calls, violation = implementation.fails(("updateParticipantInfo", ANA), ("use", JOIN))
    found = implementation.found(calls, violation)
    assert blame(implementation.oracle, violation, minimal=True, finding=found) == ("open-before-use",)


def test_what_no_status_call_shows_is_found_by_a_client_that_holds_it_from_the_start() -> None:
    """With a token from the start `open` opens: so it is the initialising that does not initialise."""
    fault = FAULTS["initializeToken.first, alternative 1: the effect initialised-with-token is forgotten"]
    implementation = Implementation(fault, "initialises")
    calls, violation = implementation.fails(("initializeToken", GOOD), "open")
    found = implementation.found(calls, violation)
    assert isinstance(found, LeftUndone) and found.moment.step.call.operation == "initializeToken"
    assert ["open"] in implementation.trials
    assert blame(implementation.oracle, violation, minimal=True, finding=found) == ("initialize-first",)


def test_an_external_id_that_the_token_has_lost_is_found_as_any_other_thing_that_it_holds() -> None:
    """With that token from the start its external ID is accepted: so it is not `open` that cannot compare."""
    fault = FAULTS["initializeToken.first, alternative 1: tokenExternalId is set to nothing"]
    implementation = Implementation(fault, "initialises")
    calls, violation = implementation.fails(("initializeToken", GOOD), ("open", {"info": {"externalId": "Zoë"}}))
    found = implementation.found(calls, violation)
    assert isinstance(found, LeftUndone) and (found.name, found.value) == ("tokenExternalId", None)
    assert blame(implementation.oracle, violation, minimal=True, finding=found) == ("initialize-first",)


def test_of_several_places_where_the_client_may_be_one_is_gone_by_from_which_one_thing_alone_leads_to_what_was_seen() -> (
    None
):
    """A token that was revoked is renewed, or not: only with a fresh one does its external ID alone explain what is opened."""
    oracle = Oracle(MACHINE, DEFAULT)
    tracker, state = Tracker(oracle, {"a": MACHINE.fixture("time-passes")}), MACHINE.fixture("time-passes")
    assert tracker.see("a", MACHINE.call("revokeToken", {}, state), Answered()) is None
    asked = Answered({"asked": True, "callback": "first"})
    assert tracker.see("a", MACHINE.call("passTime", {"renewal": "granted"}, state), asked) is None
    violation = tracker.see("a", MACHINE.call("open", {"info": {"externalId": "bob"}}, state), Answered())
    assert violation is not None and len(violation.explanations) > 1
    scene = Scene(oracle, violation)
    assert ("tokenExternalId", "bob") in scene.as_though()
    found = found_out(inquire(scene, lambda _: True, lambda _: True), lambda _: None)
    assert isinstance(found, LeftUndone) and found.moment.step.call.operation == "passTime"
    assert blame(oracle, violation, minimal=True, finding=found) == ("token-refresh",)


def test_what_an_answer_shows_was_taken_from_what_the_client_holds() -> None:
    """The participant has the first token's external ID, and would have none if the client held the second from the start."""
    fault = FAULTS["initializeToken.again, alternative 1: tokenExternalId is kept"]
    implementation = Implementation(fault, "initialises-again")
    nobody: dict[str, Any] = {"credential": {"condition": "good", "scopes": ["*"]}}
    calls, violation = implementation.fails(("initializeToken", nobody), "open", "getParticipant")
    found = implementation.found(calls, violation)
    assert isinstance(found, LeftUndone) and (found.name, found.value) == ("tokenExternalId", "Zoë")
    assert blame(implementation.oracle, violation, minimal=True, finding=found) == ("initialize-first",)


def test_what_an_answer_shows_may_be_left_from_anything_that_was_done_before_the_client_got_what_it_holds() -> None:
    """It is the session before that leaks, though a client that begins with the second token shows the right external ID."""
    implementation = Implementation(FAULTS["open.without-info, alternative 1: externalId is set to lastExternalId"])
    yan: dict[str, Any] = {"credential": {"condition": "good", "externalId": "Yan", "scopes": ["*"]}}
    calls, violation = implementation.fails(
        ("open", {"info": {}}), "close", ("initializeToken", yan), "open", "getParticipant"
    )
    found = implementation.found(calls, violation)
    assert blame(implementation.oracle, violation, minimal=True, finding=found) == ("reopen",)


def test_a_call_that_fails_whatever_the_client_held_before_fails_by_itself() -> None:
    fault = FAULTS["open takes condition good for forged"]
    implementation = Implementation(fault, "initialises")
    calls, violation = implementation.fails(("initializeToken", GOOD), "open")
    found = implementation.found(calls, violation)
    assert isinstance(found, Itself)
    assert "initialize-first" not in blame(implementation.oracle, violation, minimal=True, finding=found)


def test_what_the_world_has_brought_about_is_so_whatever_the_client_makes_of_it() -> None:
    """That the token has expired is no fault of the client's; nothing tells what it made of it, and no trial is made."""
    fault = FAULTS["time.to-expiry.denied, alternative 1: the effect expired is forgotten"]
    implementation = Implementation(fault, "time-passes")
    denied = ("passTime", {"renewal": "denied"})
    calls, violation = implementation.fails(denied, denied, denied, "open")
    assert implementation.found(calls, violation) is None
    assert set(blame(implementation.oracle, violation, minimal=True)) == {"token-refresh", "bad-token"}


@pytest.mark.parametrize("can", [[], ["getParticipant"]])
def test_only_what_can_be_called_is_called(can: list[str]) -> None:
    implementation = Implementation(CLOSES_NOTHING)
    calls, violation = implementation.fails("open", "close", "open")
    found = implementation.found(calls, violation, can.__contains__)
    assert {operation for trial in implementation.trials for operation in trial[2:]} == set(can)
    assert (found is None) == (not can)


def test_trials_that_come_to_nothing_tell_nothing() -> None:
    """The adapter failed meanwhile, say."""
    implementation = Implementation(CLOSES_NOTHING)
    _, violation = implementation.fails("open", "close", "open")
    scene = Scene(implementation.oracle, violation)
    assert found_out(inquire(scene, lambda _: True, lambda _: True), lambda _: Unclear()) is None


def test_a_status_call_that_is_wrong_in_something_else_is_no_witness() -> None:
    """The participant has another name: by that no open is refused."""
    implementation = Implementation(CLOSES_NOTHING)
    calls, violation = implementation.fails("open", "close", "open")
    lost = Implementation(FAULTS["open.without-info, alternative 1: name is set to tokenExternalId"])
    _, other = lost.fails("open", "getParticipant")
    scene = Scene(implementation.oracle, violation)
    assert calls and found_out(inquire(scene, lambda _: True, lambda _: True), lambda _: other) is None


@pytest.mark.parametrize(("name", "shown"), [("participantId", SeenIdentity(7)), ("name", JsonText("7"))])
def test_what_is_shown_and_no_text_is_forbidden_as_anything_else_is(name: str, shown: object) -> None:
    opened = MACHINE.steps(MACHINE.fixture("token-with-id"), MACHINE.call("open", {}, MACHINE.fixture("token-with-id")))
    update = MACHINE.steps(opened[0].after, MACHINE.call("updateParticipantInfo", ANA, opened[0].after))
    assert forbids(MACHINE, "update-updates", update[0], {name: shown})


def test_a_call_that_is_plain_already_is_made_plainer_by_nothing() -> None:
    """It may have led to the row or not, as a choice has it. Made in its own stead it would show the same again, for ever."""
    start = MACHINE.fixture("initialises-again")
    tracker = Tracker(Oracle(MACHINE, {}), {"a": start})

    def see(operation: str, arguments: dict[str, Any], shown: Any = None) -> Violation | None:
        state = next(iter(tracker.explanations)).node.states[0]
        return tracker.see("a", MACHINE.call(operation, arguments, state), Answered(shown))

    assert see("open", {"info": ANA}) is None
    plain = MACHINE.alphabet({"initialize": ()}, next(iter(tracker.explanations)).node.states[0])[0]
    assert see("initialize", dict(plain.arguments)) is None
    ben = {"id": "p-1", "info": {"name": "Ben", "avatarUrl": None, "externalId": "Zoë"}}
    violation = see("getParticipant", {}, ben)
    assert violation is not None
    tried: list[Trial] = []

    def came(trial: Trial) -> Came:
        tried.append(trial)
        return violation

    found_out(inquire(Scene(tracker.oracle, violation), lambda _: True, lambda _: True), came)
    assert [trial.otherwise for trial in tried if trial.otherwise is not None] == []
