"""Change the contract alone, by an overlay, and the simulator follows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from msgspec import structs

from openfirst_reference.contract.build import build_contract
from openfirst_reference.contract.document import read_document
from openfirst_reference.contract.load import load_contract
from openfirst_reference.contract.model import Contract
from openfirst_simulator import Simulator
from openfirst_spec import resource
from tests.simulator.conftest import Answer, Api

Overlaid = Callable[[str], Api]
Simulated = Callable[[Contract], Api]


@pytest.mark.parametrize(
    ("code", "provoke"),
    [
        ("session-not-open", lambda api: api.participant(api.world.token())),
        ("session-already-open", lambda api: api.open(opened(api))),
        ("external-id-mismatch", lambda api: api.open(api.world.token("zoe"), {"externalId": "bob"})),
        ("token-expired", lambda api: api.open(api.world.token(condition="expired"))),
        ("token-revoked", lambda api: api.open(api.world.token(condition="revoked"))),
        ("token-invalid", lambda api: api.open(api.world.token(condition="forged"))),
        ("not-initialized", lambda api: api.ask("GET", "/v1/sessions")),
    ],
)
def test_an_error_code_renamed(simulated: Simulated, code: str, provoke: Callable[[Api], Answer]) -> None:
    text = resource("session.yaml").replace(code, "another-word")
    assert provoke(simulated(build_contract(read_document(text, "renamed.yaml")))).code == "another-word"


def opened(api: Api) -> str:
    """A token whose session is open."""
    token = api.world.token()
    api.opened(token)
    return token


def test_a_refusal_reversed(overlaid: Overlaid) -> None:
    """Services answer without a session."""
    api = overlaid("""
        transitions:
          use.closed: { may: [{ answer: anything }, { error: of-service }] }
        """)
    token = api.world.token()
    made = api.use(token, "conference/create", {"alias": "rehearsal"})
    assert made.body["result"]["alias"] == "rehearsal"
    assert api.use(token, "command/send", "hi").outcome == (409, "not-in-conference")
    assert api.use(token, "conference/getLocalStats").outcome == (501, "not-simulated")
    # The row does not join anybody to anything, so nobody has joined.
    for session in ("current", "none"):
        assert api.use(token, "conference/join", made.body["result"], session=session).status == 200
    assert api.use(token, "conference/getParticipants", made.body["result"]).body["result"] == []
    assert api.use(token, "conference/create", {}, session="none").status == 200


def test_an_answer_turned_into_a_refusal(overlaid: Overlaid) -> None:
    """Nobody may update, and the refusal carries the first rule of its row."""
    api = overlaid("""
        transitions:
          update.open:
            carries: [update-needs-scope]
            may: [{ error: scope-missing }]
        """)
    token = api.world.token()
    api.opened(token, {"name": "Ana"})
    answer = api.update(token, {"name": "Ben"})
    assert answer.outcome == (403, "scope-missing")
    assert answer.body["rule"] == "update-needs-scope"
    assert answer.body["quote"].startswith("session:update: Allows updating")
    assert api.participant(token).body["info"]["name"] == "Ana"


def test_a_service_and_a_method_added(overlaid: Overlaid) -> None:
    api = overlaid("""
        services:
          lights:
            title: Lights
            module: LightsModule
            path: lights
            methods: { dim: { gate: platform, arguments: [1] } }
          command: { methods: { sing: { gate: local, arguments: [] }, send: null } }
        """)
    token = api.world.token()
    assert api.use(token, "lights/dim", 1).outcome == (409, "session-not-open")
    assert api.use(token, "command/sing").outcome == (501, "not-simulated")
    assert api.use(token, "command/send").outcome == (404, "not-found")
    api.opened(token)
    assert api.use(token, "lights/dim", 1).outcome == (501, "not-simulated")


def test_a_method_moved_behind_the_gate(overlaid: Overlaid) -> None:
    api = overlaid("services: { mediaDevice: { methods: { switchCamera: { gate: platform } } } }")
    assert api.use(api.world.token(), "mediaDevice/switchCamera").outcome == (409, "session-not-open")
    assert api.use(api.world.token(), "mediaDevice/isFrontCamera").outcome == (200, {"result": True})


def test_a_sentence_a_remedy_and_a_status_changed(overlaid: Overlaid) -> None:
    api = overlaid("errors: { session-not-open: { status: 404, sentence: Closed., remedy: Knock. } }")
    answer = api.participant(api.world.token())
    assert answer.outcome == (404, "session-not-open")
    assert answer.detail == "Closed. Knock."


def test_a_default_choice_changed(overlaid: Overlaid) -> None:
    api = overlaid("profiles: { default: { close-while-closed: refuse } }")
    assert api.close(api.world.token()).outcome == (409, "session-not-open")


def test_a_shorter_limit(overlaid: Overlaid) -> None:
    api = overlaid("types: { ParticipantInfo: { properties: { name: { maxLength: 3 } } } }")
    assert "Send at most 3." in api.open(api.world.token(), {"name": "Anna"}).detail
    assert api.open(api.world.token(), {"name": "Ana"}).status == 201


def test_a_field_and_an_argument_added(overlaid: Overlaid) -> None:
    api = overlaid("""
        types: { ParticipantInfo: { properties: { pronouns: { type: string } } } }
        operations:
          open: { arguments: { device: { type: string } } }
          updateParticipantInfo: { arguments: { mood: { enum: [good, bad] } } }
        """)
    token = api.world.token()
    assert "`pronouns` is a number" in api.open(token, {"pronouns": 7}).detail
    assert "`device` is a number" in api.open(token, {"device": 7}).detail
    assert api.open(token, {"name": "Ana", "pronouns": "she", "device": "phone"}).status == 201
    assert "`mood`" in api.update(token, {"name": "Ana", "mood": "odd"}).detail
    assert api.update(token, {"name": "Ana", "mood": "good"}).status == 204


def test_what_a_participant_shows_changed(overlaid: Overlaid) -> None:
    api = overlaid("answers: { participant: { fields: { called: name, info.avatarUrl: null } } }")
    shown = api.open(api.world.token("zoe"), {"name": "Ana"}).body["participant"]
    assert shown.pop("id")
    assert shown == {"info": {"name": "Ana", "externalId": "zoe"}, "called": "Ana"}


def test_a_state_added(overlaid: Overlaid) -> None:
    """Closing in a conference sends the session to sleep, and only the next close ends it."""
    api = overlaid("""
        state: { session: { values: [closed, open, lost, asleep] } }
        effects: { falls-asleep: { set: { session: asleep } } }
        transitions:
          close.open.in-conference: { may: [{ answer: nothing, then: falls-asleep }] }
          close.asleep:
            id: close.asleep
            carries: []
            call: close
            in: { session: asleep }
            may: [{ answer: nothing, then: closed }]
          isOpen.asleep:
            id: isOpen.asleep
            carries: []
            call: isOpen
            in: { session: asleep }
            may: [{ answer: "true" }]
          settle.else: { in: { session: [open, closed, asleep] } }
        """)
    token = api.world.token()
    session = api.opened(token)
    conference = api.use(token, "conference/create", {"alias": "x"}).body["result"]
    api.use(token, "conference/join", conference)
    assert api.close(token).status == 204
    assert api.is_open(token, session) is True
    assert api.close(token, session).status == 204
    assert api.is_open(token, session) is False


def test_a_row_may_ask_what_the_world_knows(overlaid: Overlaid) -> None:
    """Here a session counts as open in the first half of its token's life, and if nobody has the same ID."""
    api = overlaid("""
        transitions:
          isOpen.open: { in: { life: start, twin: absent } }
          isOpen.late:
            id: isOpen.late
            carries: []
            call: isOpen
            in: { session: open, condition: good, life: [half, three-quarters, over] }
            may: [{ answer: "false" }]
          isOpen.crowded:
            id: isOpen.crowded
            carries: []
            call: isOpen
            in: { session: open, condition: good, life: start, twin: open }
            may: [{ answer: "false" }]
        """)
    token, twin = api.world.token("zoe", expires_in=60), api.world.token("zoe", expires_in=60)
    api.opened(token)
    assert api.is_open(token) is True
    api.opened(twin)
    assert api.is_open(token) is False
    api.close(twin)
    api.world.clock.advance(29)
    assert api.is_open(token) is True
    api.world.clock.advance(1)
    assert api.is_open(token) is False


def test_a_gap_in_the_table_is_named(overlaid: Overlaid) -> None:
    api = overlaid("transitions: { isOpen.closed: null }")
    answer = api.ask("GET", "/v1/sessions/current", api.world.token())
    assert answer.outcome == (500, "contract-error")
    assert "No row says what `isOpen` may do where" in answer.detail


def test_a_contract_without_a_word_for_what_is_not_modelled_is_refused() -> None:
    contract = load_contract()
    errors = {code: error for code, error in contract.errors.items() if code != "not-simulated"}
    with pytest.raises(ValueError, match="not-simulated"):
        Simulator(replace(contract, errors=errors))


def test_a_method_with_a_model_that_is_not_there_is_refused() -> None:
    contract = load_contract()
    method = structs.replace(contract.methods["command/send"], model="conference.creat")
    with pytest.raises(ValueError, match=r"command/send.*Did you mean `conference.create`"):
        Simulator(replace(contract, methods={**contract.methods, "command/send": method}))


def test_a_method_added_has_the_model_that_it_names(overlaid: Overlaid) -> None:
    """What the contract calls a method is one thing, and what the simulator does for it another."""
    api = overlaid(
        "services: { conference: { methods: { make: { gate: platform, arguments: [{}], model: conference.create } } } }"
    )
    token = api.world.token()
    api.opened(token)
    assert api.use(token, "conference/make", {"alias": "rehearsal"}).body["result"]["alias"] == "rehearsal"


def test_a_scope_that_the_contract_speaks_of_can_be_asked_for(overlaid: Overlaid) -> None:
    """An overlay calls the scope that permits an update something else: it is given, and the old one permits nothing."""
    api = overlaid('bindings: { credential: { scopes: { any-of: ["*", session:write] } } }')
    for scope, status in (("session:write", 204), ("session:update", 403)):
        token = api.client_token({"sessionScope": scope}).body["access_token"]
        api.opened(token)
        assert api.update(token, {"name": "Ana"}).status == status
