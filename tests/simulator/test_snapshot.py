"""A world as a document: kept, gone back to, copied, and begun anew; and several applications in one."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from openfirst_reference.contract.load import load_contract
from openfirst_reference.contract.model import Contract
from openfirst_reference.machine.machine import machine_of
from openfirst_simulator import Simulator
from openfirst_simulator.snapshot import schema
from tests.simulator.conftest import START, Api, MakeApi

CONTRACT = load_contract()
NOBODY = machine_of(CONTRACT).state()


def kept(api: Api) -> Any:
    """The snapshot, as it comes back from a file."""
    return json.loads(json.dumps(api.world.snapshot()))


def lived_in(api: Api) -> tuple[str, str]:
    """A world with a bit of everything; a token in session and its session."""
    token = api.world.token("ana", expires_in=600)
    session = api.opened(token, {"name": "Ana"})
    api.opened(api.world.token(), {})
    conference = api.use(token, "conference/create", {"alias": "rehearsal"}).body["result"]
    api.use(token, "conference/join", conference)
    api.world.token("ben", condition="revoked")
    api.world.fail(kind="status", operation="close", times=2)
    api.close(token)
    return token, session


def ended(token: Any) -> None:
    token["claims"]["expires"] = token["claims"]["issued"]


def test_a_session_outlives_the_simulator_that_it_began_in(api: Api, simulated: Callable[[Contract], Api]) -> None:
    token, session = lived_in(api)
    api.world.clock.advance(100)
    document = kept(api)
    later = simulated(CONTRACT)
    later.world.restore(document)
    assert later.world.clock.now() == START + 100
    assert later.is_open(token, session) is True
    assert later.participant(token).body == api.participant(token).body
    assert later.use(token, "conference/current").body["result"]["alias"] == "rehearsal"
    assert [later.close(token).status for _ in range(2)] == [503, 204]  # One of two strikes was over.
    (due,) = {each["at"] for each in later.world.clock.advance(500) if each["externalId"] == "ana"}
    assert due == START + 600


def test_going_back_makes_what_came_after_undone_and_no_id_twice(api: Api) -> None:
    token = api.world.token("ana")
    document = kept(api)
    first = api.opened(token)
    api.world.restore(document)
    assert api.is_open(token) is False
    assert api.opened(token) != first


def test_a_world_with_a_seed_goes_on_alike_after_going_back(simulator: Simulator, make: MakeApi) -> None:
    seen = []
    for _ in range(2):
        api = make()
        api.world = simulator.world("seeded", seed=1, frozen_at=START)
        document = kept(api)
        sessions = [api.opened(api.world.token("ana"))]
        api.world.restore(document)
        sessions.append(api.opened(api.world.token("ana")))
        seen.append(sessions)
        simulator.drop("seeded")
    assert seen[0] == seen[1]
    assert len(set(seen[0])) == 2


def test_a_fork_goes_its_own_way(simulator: Simulator, api: Api, make: MakeApi) -> None:
    token, session = lived_in(api)
    other = make()
    other.world = simulator.fork(api.world.name, "elsewhere")
    try:
        assert other.is_open(token, session) is True
        other.world.heal()
        assert other.close(token).status == 204
        assert (other.is_open(token), api.is_open(token)) == (False, True)
        # The world that it comes from is the one that a token leads to by itself; once that is gone, the fork.
        assert api.ask("GET", "/v1/sessions/current", token, base=simulator.url).body == {"open": True}
    finally:
        simulator.drop("elsewhere")


def test_a_world_begun_anew_is_as_it_was_made_and_takes_no_token_of_before(make: MakeApi) -> None:
    api = make(**{"open-while-open": "keep"})
    token, _ = lived_in(api)
    application = (api.world.key, api.world.secret)
    api.world.choose({})
    api.world.clock.advance(5)
    api.world.reset()
    assert (api.world.key, api.world.secret) == application
    assert (api.world.clock.now(), api.world.clock.next_due) == (START, None)
    assert (api.world.faults, list(api.world.journal.find()), api.world.requests) == ([], [], 0)
    assert api.open(token).outcome == (401, "token-invalid")
    fresh = api.world.token("ana")
    assert [api.open(fresh).status for _ in range(2)] == [201, 201]  # the choice that it was made with


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda it: it.update(version=2), "$.version"),
        (lambda it: it.update(openfirst="session"), "$.openfirst"),
        (lambda it: it.update(extra=1), "extra"),
        (lambda it: it.pop("records"), "records"),
        (lambda it: it.update(secret="xyz"), "non-hexadecimal"),
        (lambda it: it.update(now=-1), "-1"),
        (lambda it: it.update(scale=1e300), "times as fast"),
        (lambda it: it.update(choices={"colour": "red"}), "`colour`"),
        (lambda it: it.update(contract="session 0.1.0"), "session 0.1.0"),
        (lambda it: it["records"].update(applications=[]), "no application"),
        (lambda it: it["records"].update(tokens=[]), "has a token that is not there"),
        (lambda it: it.update(signingKey="00"), "`signingKey` has 1 bytes, and not 32"),
        (lambda it: it.update(signingKey=""), "`signingKey` has 0 bytes, and not 32"),
        (lambda it: it.update(secret="00" * 65), "`secret` has 65 bytes, and not 32"),
        (lambda it: it["records"]["faults"][0].update(times=-1), "`times` is -1"),
        (lambda it: it["records"]["faults"][0].update(probability=5), "`probability` is 5.0"),
        (lambda it: it["records"]["faults"][0].update(method="x"), "`method` is `x`"),
        (lambda it: it["records"]["faults"][0].update(path="x"), "`path` is `x`"),
        (lambda it: it["records"]["faults"][0].update(operation="x"), "There is no operation `x`"),
        (lambda it: it["records"]["faults"][0].update(seconds=3), "`seconds` says nothing of a fault"),
        (lambda it: it["records"]["faults"][0].update(kind="delay"), "`seconds` is missing, or 0"),
        (lambda it: it["records"]["faults"][0].update(hits=-1), "it struck -1 times, and fitted 1"),
        (lambda it: it["records"]["faults"][0].update(hits=7), "it struck 7 times, and fitted 1"),
        (lambda it: it["records"]["clients"][0].update(opened=1e308), "$.records.clients[0].opened: 1e+308 is greater"),
        (lambda it: it["records"]["clients"][0].update(session=None), "is in session, and has none"),
        (lambda it: it["records"]["clients"][0]["state"].__setitem__(0, NOBODY[0]), "has a session, and is in none"),
        (lambda it: ended(it["records"]["tokens"][0]), "it ends before it begins"),
        (lambda it: it["records"]["tokens"][0]["claims"].update(external_id="é" * 513), "has 1,026 bytes"),
        (lambda it: it["records"]["clients"][0]["state"].pop(), "shorter"),
        (lambda it: it["records"]["clients"][0]["state"].__setitem__(0, "ajar"), "`ajar` is not a value"),
        (lambda it: it["records"]["clients"][0].update(state=7), "$.records.clients[0].state"),
    ],
)
def test_what_is_no_snapshot_is_told_where_and_changes_nothing(
    api: Api, change: Callable[[Any], Any], found: str, simulator: Simulator
) -> None:
    lived_in(api)
    before, broken = kept(api), copy.deepcopy(kept(api))
    change(broken)
    path = f"/_openfirst/worlds/{api.world.name}/snapshot"
    answer = api.ask("PUT", path, body=broken, base=simulator.url)
    assert answer.outcome == (400, "invalid-request")
    assert found in answer.detail
    assert kept(api) == before


def test_a_snapshot_keeps_its_schema(simulator: Simulator, api: Api) -> None:
    lived_in(api)
    served = api.ask("GET", "/_openfirst/snapshot.schema.json", base=simulator.url).body
    assert served == json.loads(json.dumps(schema()))
    Draft202012Validator(served).validate(kept(api))


def test_over_http(simulator: Simulator, api: Api) -> None:
    token, session = lived_in(api)
    path = f"/_openfirst/worlds/{api.world.name}"
    document = api.ask("GET", f"{path}/snapshot", base=simulator.url).body
    assert document == kept(api)
    assert api.ask("POST", f"{path}/reset", base=simulator.url).body["requests"] == 0
    assert api.ask("PUT", f"{path}/snapshot", body=document, base=simulator.url).status == 204
    assert api.is_open(token, session) is True
    forked = api.ask("POST", f"{path}/fork", body={"name": "forked"}, base=simulator.url)
    assert (forked.status, forked.body["key"]) == (201, api.world.key)
    assert api.ask("POST", f"{path}/fork", body={"name": "forked"}, base=simulator.url).status == 409
    assert api.ask("GET", f"/w/forked/v1/sessions/{session}", token, base=simulator.url).body == {"open": True}
    assert api.ask("DELETE", "/_openfirst/worlds/forked", base=simulator.url).status == 204


def test_a_fork_inherits_where_its_credentials_lead_to(simulator: Simulator, make: MakeApi) -> None:
    api = make()
    api.world = simulator.world("parent", frozen_at=START)
    token = api.world.token("ana")
    simulator.fork("parent", "child")
    simulator.drop("parent")
    assert api.ask("GET", "/v1/sessions", token, base=simulator.url).status == 200
    simulator.drop("child")
    assert api.ask("GET", "/v1/sessions", token, base=simulator.url).status == 401


def test_applications_of_a_world_know_nothing_of_each_other(simulator: Simulator, make: MakeApi) -> None:
    api = make(**{"same-id-twice": "evict-earlier"})
    path = f"/_openfirst/worlds/{api.world.name}/applications"
    made = api.ask("POST", path, base=simulator.url).body
    assert [each["key"] for each in api.ask("GET", path, base=simulator.url).body["applications"]] == [
        api.world.key,
        made["key"],
    ]
    headers = api.basic(made["key"], made["secret"])
    form = {"grant_type": "client_credentials"}
    granted = api.ask("POST", "/v1/auth/token", data=form, headers=headers, base=simulator.url).body["access_token"]
    theirs = api.client_token({"externalId": "ana"}, granted).body["access_token"]
    mine = api.world.token("ana")
    ids = [api.open(token).body["participant"]["id"] for token in (mine, theirs)]
    assert len(set(ids)) == 2
    assert (api.is_open(mine), api.is_open(theirs)) == (True, True)
    conference = api.use(mine, "conference/create", {"alias": "rehearsal"}).body["result"]
    assert api.use(theirs, "conference/create", {"alias": "rehearsal"}).body["result"]["id"] != conference["id"]
    wrong = api.basic(made["key"], api.world.secret)
    assert api.ask("POST", "/v1/auth/token", data=form, headers=wrong, base=simulator.url).status == 401
