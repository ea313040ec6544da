"""The tracker: hidden choices, calls without an answer, overlapping calls, identities, two clients."""

from collections.abc import Mapping
from typing import Any

import pytest

from openfirst_conformance.oracle.explanation import Violation
from openfirst_conformance.oracle.oracle import Oracle
from openfirst_conformance.oracle.tracker import Tracker
from openfirst_conformance.verdicts.blame import blame
from openfirst_reference.contract.build import build_contract
from openfirst_reference.contract.document import lay_over, read_document
from openfirst_reference.contract.load import load_contract, load_document
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.outcome import Answered, Refused, Settled
from openfirst_reference.machine.step import Call

MACHINE = Machine(load_contract())
DONE = Answered()
TRUE, FALSE = Answered(True), Answered(False)
ANA: dict[str, Any] = {"info": {"name": "Ana"}}
BEN: dict[str, Any] = {"info": {"name": "Ben"}}


def refused(code: str | None) -> Settled:
    """An error; None: its reason is not known."""
    return Refused(code)


def participant(name: str | None = "Ana", identity: str = "p-1", external_id: str | None = "Zoë") -> Settled:
    """A participant as an implementation reports it."""
    return Answered({"id": identity, "info": {"name": name, "avatarUrl": None, "externalId": external_id}})


class Watch:
    """A tracker that takes calls by name. Client `a` holds a token with the external ID Zoë, unless told otherwise."""

    def __init__(self, choices: Mapping[str, str] | None = None, **fixtures: str) -> None:
        self.oracle = Oracle(MACHINE, choices)
        states = {name: MACHINE.fixture(fixture) for name, fixture in (fixtures or {"a": "token-with-id"}).items()}
        self.tracker: Tracker = Tracker(self.oracle, states)

    def call(self, operation: str, arguments: dict[str, Any] | None = None, client: str = "a") -> Call:
        """The call, classified where the tracker is."""
        state = next(iter(self.tracker.explanations)).node.states[self.tracker.clients[client]]
        return MACHINE.call(operation, arguments or {}, state)

    def see(
        self, operation: str, outcome: Settled, arguments: dict[str, Any] | None = None, client: str = "a"
    ) -> Violation | None:
        """A call and what it came to."""
        return self.tracker.see(client, self.call(operation, arguments, client), outcome)

    def begin(self, operation: str, arguments: dict[str, Any] | None = None, client: str = "a") -> int:
        """A call that is not answered yet."""
        return self.tracker.begin(client, self.call(operation, arguments, client))

    def rules(self, violation: Violation | None) -> tuple[str, ...]:
        """The rules that a violation breaks, with nothing made again."""
        assert violation is not None, "nothing was found wrong"
        return blame(self.oracle, violation, minimal=False)


def test_what_the_sources_leave_open_is_permitted_either_way() -> None:
    """An undeclared choice accuses nobody: null for no participant, and an error, are both fine."""
    assert Watch().see("getParticipant", Answered(None)) is None
    assert Watch().see("getParticipant", refused("session-not-open")) is None


def test_a_declared_choice_is_held_against_its_author() -> None:
    """Who declares an error and gives null contradicts the declaration: the rule that the choice touches is broken."""
    watch = Watch({"no-participant": "error"})
    assert watch.rules(watch.see("getParticipant", Answered(None))) == ("participant-is-local",)


@pytest.mark.parametrize("code", ["token-expired", "token-invalid", "token-revoked"])
@pytest.mark.parametrize("fixture", ["expired-token", "forged-token", "revoked-token"])
def test_codes_that_no_source_tells_apart_do_for_each_other(fixture: str, code: str) -> None:
    assert Watch(a=fixture).see("open", refused(code)) is None


def test_a_reason_that_a_source_tells_apart_is_another_one() -> None:
    watch = Watch(a="expired-token")
    assert watch.rules(watch.see("open", refused("external-id-mismatch"))) == ("bad-token",)


@pytest.mark.parametrize("closing", [{"platformCloses": DONE}, {"platformCloses": DONE, "settle": DONE}])
@pytest.mark.parametrize("name", ["Ana", "Ben"])
def test_what_is_reused_is_what_was_closed_last_or_what_the_platform_ended(
    name: str, closing: dict[str, Settled]
) -> None:
    watch = Watch({"open-without-info": "reuse"}, a="platform-acts")
    for operation, arguments in (("open", ANA), ("close", {}), ("open", BEN)):
        assert watch.see(operation, DONE, arguments) is None
    for operation, outcome in closing.items():
        assert watch.see(operation, outcome) is None
    assert watch.see("open", DONE) is None
    assert watch.see("getParticipant", participant(name)) is None


@pytest.mark.parametrize(("declared", "answer"), [("false", True), ("true", False)])
def test_what_a_session_is_after_expiry_is_held_against_its_author(declared: str, answer: bool) -> None:
    """The session was not lost by anything, so that what is declared of an open one is all there is to go by."""
    watch = Watch({"is-open-after-expiry": declared}, a="time-passes")
    assert watch.see("open", DONE) is None
    for _ in range(3):
        assert watch.see("passTime", Answered({"asked": True}), {"renewal": "denied"}) is None
    assert watch.rules(watch.see("isOpen", Answered(answer))) == ("is-open-is-pure",)


def test_an_undeclared_choice_stays_what_it_is_in_one_cell() -> None:
    """Null, then an error, for the same question in the same state: no value of the choice explains both."""
    watch = Watch()
    assert watch.see("getParticipant", Answered(None)) is None
    assert watch.rules(watch.see("getParticipant", refused("session-not-open"))) == ("participant-is-local",)


def test_an_undeclared_choice_may_vary_from_class_to_class() -> None:
    """Keeping the session for the same information and refusing other information is odd, and permitted."""
    watch = Watch()
    assert watch.see("open", DONE, ANA) is None
    assert watch.see("open", DONE, {"info": {}}) is None
    assert watch.see("open", refused("session-already-open"), BEN) is None
    assert watch.see("getParticipant", participant("Ana")) is None


def test_a_choice_that_shows_only_later_is_followed_both_ways_until_then() -> None:
    """open without information may be fresh or reuse what was; the name that is shown tells, and then it stays so."""
    watch = Watch()
    for operation, arguments in (("open", ANA), ("close", {}), ("open", {})):
        assert watch.see(operation, DONE, arguments) is None
    assert len(watch.tracker.explanations) == 2
    assert watch.see("getParticipant", participant("Ana")) is None
    assert len(watch.tracker.explanations) == 1
    evidence = {key[0]: values for key, values in watch.tracker.evidence().items()}
    assert evidence["open-without-info"] == {"reuse"}


def test_a_mismatch_that_is_ignored_without_a_word_is_a_break() -> None:
    """Undeclared, `refuse` is taken for granted; declared `ignore`, the same outcome is fine."""
    other = {"info": {"externalId": "bob"}}
    watch = Watch()
    assert watch.rules(watch.see("open", DONE, other)) == ("external-id-mismatch",)
    assert Watch({"external-id-mismatch": "ignore"}).see("open", DONE, other) is None


def test_the_participant_id_is_bound_at_first_sight_for_every_session_of_the_external_id() -> None:
    """The second session shows another ID for the same external ID."""
    watch = Watch()
    watch.see("open", DONE, ANA)
    assert watch.see("getParticipant", participant("Ana", "p-1")) is None
    watch.see("close", DONE)
    watch.see("open", DONE, ANA)
    assert watch.rules(watch.see("getParticipant", participant("Ana", "p-2"))) == ("same-id-same-participant",)


def test_without_an_external_id_the_participant_id_is_constant_within_a_session_only() -> None:
    """Another session may show another ID; the same session may not."""
    watch = Watch(a="token-without-id")
    watch.see("open", DONE, ANA)
    assert watch.see("getParticipant", participant("Ana", "p-1", None)) is None
    watch.see("close", DONE)
    watch.see("open", DONE, ANA)
    assert watch.see("getParticipant", participant("Ana", "p-2", None)) is None
    assert watch.see("getParticipant", participant("Ana", "p-1", None)) is not None


def test_a_lost_open_may_land_at_any_later_moment() -> None:
    """open was never answered: isOpen false, then true, is innocent; true, then false, is not."""
    watch = Watch()
    watch.begin("open", ANA)
    assert watch.see("isOpen", FALSE) is None
    assert watch.see("isOpen", TRUE) is None
    assert watch.see("getParticipant", participant("Ana")) is None
    assert watch.see("isOpen", FALSE) is not None


def test_a_call_that_was_never_made_does_not_land() -> None:
    """Without a pending open the same two answers are a break."""
    watch = Watch()
    assert watch.see("isOpen", FALSE) is None
    assert watch.see("isOpen", TRUE) is not None


def test_overlapping_calls_are_explained_by_some_order() -> None:
    """An open and a close that overlap: the session may be open or closed afterwards, and then it stays so."""
    for shown in (TRUE, FALSE):
        watch = Watch()
        opening, closing = watch.begin("open", ANA), watch.begin("close")
        assert watch.tracker.end(closing, DONE) is None
        assert watch.tracker.end(opening, DONE) is None
        assert watch.see("isOpen", shown) is None
        assert watch.see("isOpen", shown) is None


def test_two_overlapping_opens_that_both_succeed_have_no_order_where_the_second_is_refused() -> None:
    """A check-then-act race, where open-while-open is declared to be refuse."""
    watch = Watch({"open-while-open": "refuse"})
    first, second = watch.begin("open", ANA), watch.begin("open", BEN)
    assert watch.tracker.end(first, DONE) is None
    assert watch.rules(watch.tracker.end(second, DONE)) == ("concurrent-calls",)


def test_a_stated_overlap_is_permitted_and_only_while_the_calls_overlap() -> None:
    """closure-canceled is what an open may come to while a close overlaps it; alone it is not."""
    watch = Watch()
    opening, closing = watch.begin("open", ANA), watch.begin("close")
    assert watch.tracker.end(closing, DONE) is None
    assert watch.tracker.end(opening, refused("closure-canceled")) is None
    assert watch.see("isOpen", FALSE) is None
    assert Watch().see("open", refused("closure-canceled"), ANA) is not None


@pytest.mark.parametrize("theirs", ["token-other-id", "token-with-id"])
def test_what_another_client_closes_cancels_no_open(theirs: str) -> None:
    """The overlap is of one client's calls: "a client simultaneously opens several sessions and then closes one of these"."""
    for first in ("open", "close"):
        watch = Watch(a="token-with-id", b=theirs)
        begun = {name: watch.begin(*calls) for name, calls in _BOTH.items() if name == first}
        begun |= {name: watch.begin(*calls) for name, calls in _BOTH.items() if name != first}
        assert watch.tracker.end(begun["close"], DONE) is None
        violation = watch.tracker.end(begun["open"], refused("closure-canceled"))
        assert watch.rules(violation) == ("concurrent-calls",)


_BOTH: dict[str, tuple[str, dict[str, Any], str]] = {"open": ("open", ANA, "a"), "close": ("close", {}, "b")}


def test_an_error_of_unknown_reason_fits_any_refusal_and_no_answer() -> None:
    """It counts as refused; where an answer is due it does not help."""
    assert Watch().see("open", refused(None), {"info": {"externalId": "bob"}}) is None
    assert Watch().see("open", refused(None), ANA) is not None


def test_a_refusal_for_the_wrong_reason_is_a_break() -> None:
    """A mismatch that is called an expired token."""
    watch = Watch()
    assert "external-id-mismatch" in watch.rules(
        watch.see("open", refused("token-expired"), {"info": {"externalId": "bob"}})
    )


@pytest.mark.parametrize("value", [None, 1, "yes", "true", "True", 0, [True]])
def test_true_is_true_and_nothing_else(value: object) -> None:
    """What comes back from isOpen must be a boolean."""
    watch = Watch()
    watch.see("open", DONE, ANA)
    assert watch.see("isOpen", Answered(value)) is not None


@pytest.mark.parametrize("value", [None, True, "ok", {"id": "p-1"}, [1, {"deep": None}]])
def test_where_nothing_is_due_whatever_comes_back_is_ignored(value: object) -> None:
    """Android gives a boolean, .NET a user."""
    assert Watch().see("open", Answered(value), ANA) is None


def test_missing_null_and_blank_are_all_nothing_for_a_name() -> None:
    """And fields that the contract does not name are not looked at."""
    for info in (
        {"externalId": "Zoë"},
        {"externalId": "Zoë", "name": None},
        {"externalId": "Zoë", "name": "", "mood": "fine"},
    ):
        watch = Watch()
        watch.see("open", DONE, {})
        assert watch.see("getParticipant", Answered({"id": "p-1", "info": info, "status": "CONNECTED"})) is None


def test_one_clients_session_is_not_anothers() -> None:
    """After a's open, b shows a's name."""
    watch = Watch(a="token-with-id", b="token-other-id")
    watch.see("open", DONE, ANA)
    assert watch.see("isOpen", FALSE, client="b") is None
    watch.see("open", DONE, BEN, client="b")
    shown = watch.see("getParticipant", participant("Ana", "p-9", "Yan"), client="b")
    assert watch.rules(shown) == ("sessions-are-apart",)


def test_the_same_external_id_is_the_same_participant_for_two_clients() -> None:
    """The identity rule holds over all clients of the application."""
    watch = Watch({"same-id-twice": "coexist"}, a="token-with-id", b="token-with-id")
    watch.see("open", DONE, ANA)
    assert watch.see("getParticipant", participant("Ana", "p-1")) is None
    watch.see("open", DONE, BEN, client="b")
    assert watch.see("getParticipant", participant("Ben", "p-2"), client="b") is not None


def test_an_eviction_may_show_late_and_must_have_shown_when_things_have_settled() -> None:
    """b opens with a's external ID: a may still look open until it settles."""
    watch = Watch({"same-id-twice": "evict-earlier"}, a="token-with-id", b="token-with-id")
    watch.see("open", DONE, ANA)
    watch.see("open", DONE, BEN, client="b")
    assert watch.see("isOpen", TRUE) is None
    assert watch.see("settle", DONE) is None
    assert watch.see("isOpen", TRUE) is not None


def test_a_leaked_name_is_blamed_on_reopen_and_not_on_the_call_that_shows_it() -> None:
    """open as Ana, close, open with an avatar only: Ana must be gone."""
    watch = Watch()
    watch.see("open", DONE, ANA)
    watch.see("close", DONE)
    watch.see("open", DONE, {"info": {"avatarUrl": "https://example.org/a.png"}})
    leaked = {"id": "p-1", "info": {"name": "Ana", "avatarUrl": "https://example.org/a.png", "externalId": "Zoë"}}
    assert watch.rules(watch.see("getParticipant", Answered(leaked))) == ("reopen",)


def test_a_name_that_an_ignored_update_left_behind_is_blamed_on_the_update() -> None:
    """The update came while the session was closed; a later session shows it."""
    watch = Watch()
    watch.see("updateParticipantInfo", DONE, {"name": "Bea", "avatarUrl": None})
    watch.see("open", DONE, {})
    assert "update-needs-session" in watch.rules(watch.see("getParticipant", participant("Bea")))


def test_a_refused_open_that_opened_all_the_same_is_blamed_on_the_refusal() -> None:
    """The mismatch was refused, and isOpen says true."""
    watch = Watch()
    assert watch.see("open", refused("external-id-mismatch"), {"info": {"externalId": "bob"}}) is None
    rules = watch.rules(watch.see("isOpen", TRUE))
    assert "external-id-mismatch" in rules and "rejected-changes-nothing" in rules and "is-open-is-pure" not in rules


def test_a_service_that_answers_after_close_breaks_the_gate_and_the_close() -> None:
    """Both rules say so."""
    watch = Watch()
    watch.see("open", DONE, ANA)
    watch.see("close", DONE)
    arguments = {"service": "conference", "method": "create", "arguments": [{}]}
    assert {"open-before-use", "close-closes"} <= set(watch.rules(watch.see("use", Answered({"id": "c"}), arguments)))


def test_a_call_that_led_the_close_to_its_row_is_no_cause_of_what_the_close_left() -> None:
    """Whoever is in a conference does not close: to join writes no session, and cannot be left out. The close is to blame."""
    watch = Watch()
    watch.see("open", DONE, ANA)
    watch.see("use", DONE, {"service": "conference", "method": "join", "arguments": [{"id": "c"}, {}]})
    watch.see("close", DONE)
    violation = watch.see("isOpen", TRUE)
    assert violation is not None
    assert blame(watch.oracle, violation, minimal=True) == ("close-closes",)


def test_a_call_that_left_what_it_found_is_the_cause_whatever_came_before() -> None:
    """Once the participant was looked at, the next close does not close: that is the close's fault."""
    watch = Watch()
    watch.see("open", DONE, ANA)
    watch.see("getParticipant", participant())
    watch.see("close", DONE)
    violation = watch.see("isOpen", TRUE)
    assert violation is not None
    assert blame(watch.oracle, violation, minimal=True) == ("close-closes",)


def test_of_the_rules_of_an_idle_call_those_are_broken_that_speak_of_what_it_changed() -> None:
    """A refused open leaves a name for the next session: the external ID is right, and the session had stayed closed."""
    watch = Watch()
    watch.see("open", Refused("external-id-mismatch"), {"info": {"name": "Eve", "externalId": "bob"}})
    watch.see("open", DONE)
    violation = watch.see("getParticipant", participant("Eve"))
    assert violation is not None
    assert blame(watch.oracle, violation, minimal=True) == ("rejected-changes-nothing",)


def test_where_an_idle_call_is_the_cause_the_row_that_shows_it_is_not_blamed() -> None:
    """A refused open leaves a session, so that the next open is refused: nothing is wrong with that one."""
    watch = Watch()
    watch.see("open", Refused("external-id-mismatch"), {"info": {"externalId": "bob"}})
    violation = watch.see("open", Refused("session-already-open"))
    assert violation is not None
    assert set(blame(watch.oracle, violation, minimal=True)) == {"external-id-mismatch", "rejected-changes-nothing"}


def test_an_update_without_the_scope_is_followed_and_reported() -> None:
    """update-needs-scope is a should: the tracker goes on, and says that it was not kept."""
    watch = Watch(a="token-no-update")
    watch.see("open", DONE, ANA)
    assert watch.see("updateParticipantInfo", DONE, {"name": "Ben", "avatarUrl": None}) is None
    assert watch.see("getParticipant", participant("Ben")) is None
    assert watch.tracker.broken_but_followed() == ["update-needs-scope"]


@pytest.mark.parametrize(("shown", "is_well"), [("p-1", True), ("p-2", False), (None, False)])
def test_an_identity_that_one_answer_shows_twice_is_one(shown: str | None, is_well: bool) -> None:
    overlay = "answers: { participant: { fields: { ref: participantId } } }"
    machine = Machine(build_contract(lay_over(load_document(), read_document(overlay, "overlay.yaml"))))
    oracle, state = Oracle(machine), machine.fixture("token-with-id")
    tracker = Tracker(oracle, {"a": state})
    assert tracker.see("a", machine.call("open", ANA, state), DONE) is None
    known = participant()
    assert isinstance(known, Answered)
    violation = tracker.see("a", machine.call("getParticipant", {}, state), Answered({**known.value, "ref": shown}))
    assert (violation is None) == is_well


BOB: dict[str, Any] = {"info": {"externalId": "bob"}}


REFUSE = {"same-id-twice": "refuse", "second-initialize": "replace"}
ZOE: dict[str, Any] = {"info": {"externalId": "Zoë"}}


@pytest.mark.parametrize("given", [{}, ZOE])
def test_whom_the_platform_put_out_of_session_is_nobodys_twin(given: dict[str, Any]) -> None:
    """Also where the external ID is given: what the other one had in its session it has no more."""
    watch = Watch(REFUSE, a="platform-acts", b="platform-acts")
    assert watch.see("open", DONE, ANA) is None
    assert watch.see("platformCloses", DONE) is None
    assert watch.see("open", DONE, given, client="b") is None


@pytest.mark.parametrize("outcome", [DONE, Refused("session-already-open")])
def test_whose_token_is_revoked_may_be_a_twin_or_none(outcome: Settled) -> None:
    """No source says whether a session outlives its token."""
    watch = Watch(REFUSE, a="time-passes", b="time-passes")
    assert watch.see("open", DONE, ANA) is None
    assert watch.see("revokeToken", DONE) is None
    assert watch.see("open", outcome, client="b") is None


def test_who_is_initialised_again_is_the_twin_of_whoever_has_the_external_id_now() -> None:
    watch = Watch(REFUSE, a="initialises-again", b="initialises-again")
    credential = {"kind": "token", "externalId": "Yan", "scopes": ["*"], "condition": "good"}
    yan = {"credential": credential}
    assert watch.see("open", DONE, client="b") is None
    assert watch.see("initializeToken", DONE, yan) is None
    assert watch.see("open", refused("session-already-open")) is not None
    watch = Watch(REFUSE, a="initialises-again", b="initialises-again")
    assert watch.see("initializeToken", DONE, yan, client="b") is None
    assert watch.see("open", DONE, client="b") is None
    assert watch.see("open", DONE, client="a") is None
    assert watch.see("close", DONE, client="a") is None
    assert watch.see("initializeToken", DONE, yan) is None
    assert watch.see("open", DONE) is not None


def both_with_key_and_secret(**choices: str) -> Watch:
    """Two clients with key and secret; b has opened as bob."""
    watch = Watch({"external-id-with-key-secret": "adopt", **choices}, a="key-secret", b="key-secret")
    assert watch.see("open", DONE, BOB, client="b") is None
    return watch


def test_an_adopted_external_id_that_is_in_session_already_may_be_refused() -> None:
    """It is not the client's own yet, so only the other client tells that it is there."""
    watch = both_with_key_and_secret(**{"same-id-twice": "refuse"})
    assert watch.see("open", refused("session-already-open"), BOB) is None
    # It was refused, so nobody else has the ID that this client goes by.
    assert watch.see("open", DONE, ANA) is None
    assert watch.see("getParticipant", participant(external_id=None)) is None


def test_an_adopted_external_id_that_is_in_session_already_is_not_opened_by_who_says_it_refuses() -> None:
    assert both_with_key_and_secret(**{"same-id-twice": "refuse"}).see("open", DONE, BOB)
    assert both_with_key_and_secret(**{"same-id-twice": "coexist"}).see("open", DONE, BOB) is None


def test_an_adopted_external_id_that_nobody_has_is_no_reason_to_refuse() -> None:
    watch = both_with_key_and_secret(**{"same-id-twice": "refuse"})
    assert watch.see("open", refused("session-already-open"), {"info": {"externalId": "eve"}})
    alone = Watch({"external-id-with-key-secret": "adopt", "same-id-twice": "refuse"}, a="key-secret")
    assert alone.see("open", refused("session-already-open"), BOB)


def test_once_the_other_has_closed_an_adopted_external_id_is_free() -> None:
    watch = both_with_key_and_secret(**{"same-id-twice": "refuse"})
    watch.see("close", DONE, client="b")
    assert watch.see("open", refused("session-already-open"), BOB)


def test_a_value_is_of_another_class_in_each_state_that_a_client_may_be_in() -> None:
    """Refused for its credential, a second initialising has taken it or not: the external ID is the token's, or there is none."""
    watch = Watch(a="uninitialised")
    token = {"kind": "token", "condition": "good", "externalId": "Zoë", "scopes": ["*"]}
    watch.see("initializeToken", DONE, {"credential": token})
    watch.see("initialize", refused("token-invalid"), {"credential": {"kind": "key-secret", "condition": "forged"}})
    assert watch.see("open", DONE, {"info": {"externalId": "Zoë"}}) is None
