"""Any interleaving of requests, faults, advances, snapshots and restarts is explained by the contract's tracker.

And of a thousand worlds with interleaved calls none sees another.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from random import Random
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from openfirst_conformance.oracle.oracle import Oracle
from openfirst_conformance.oracle.tracker import Tracker
from openfirst_reference.contract.load import load_contract
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.outcome import Answered, Refused, Settled
from openfirst_reference.machine.step import Step
from openfirst_simulator import Answer, Request, Simulator

T = TypeVar("T")
CONTRACT = load_contract()
MACHINE = Machine(CONTRACT)
ORACLE = Oracle(MACHINE, CONTRACT.default_choices())
START = 1_000_000.0
CLIENTS = {"a": "Zoë", "b": "Zoë", "c": "Yan"}
# Faults after which it is known what was done: nothing, or all of it.
KINDS = st.sampled_from(["refuse", "status", "lost", "cut", "malformed", "wrong-type"])
NAMES = st.sampled_from([None, "Ana", "Ben", ""])


def shown(operation: str, answer: Answer) -> Settled:
    """What an answer says to a call."""
    value: Any = json.loads(answer.content) if answer.content else None
    if answer.status >= 400:
        return Refused(value["code"])
    if operation == "isOpen":
        return Answered(value["open"])
    return Answered(value if operation == "getParticipant" else None)


def by_step(step: Step) -> Settled:
    """What a step of a call comes to that shows no participant."""
    return Refused(step.code) if step.is_error else Answered(MACHINE.answer(step, str))


class AnyOrder(RuleBasedStateMachine):
    """A world, three clients of which two have the same external ID, and a tracker that watches them."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.simulator = Simulator(CONTRACT)
        self.world = self.simulator.world("any-order", frozen_at=START)
        self.tokens = {
            name: self.world.token(external_id, expires_in=10_000_000) for name, external_id in CLIENTS.items()
        }
        self.tracker = Tracker(ORACLE, {name: self.state(external_id) for name, external_id in CLIENTS.items()})
        self.kept: list[tuple[Any, Tracker]] = []

    def teardown(self) -> None:
        self.loop.close()

    def state(self, external_id: str) -> Any:
        held = MACHINE.credentials.variables({"kind": "token", "condition": "good", "externalId": external_id})
        return MACHINE.having(MACHINE.state(), **held)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.loop.run(coroutine)

    def ask(self, client: str, method: str, path: str, body: Any = None) -> Answer:
        content = b"" if body is None else json.dumps(body).encode()
        return self.run(
            self.simulator.answer(Request(method, path, {"Authorization": f"Bearer {self.tokens[client]}"}, content))
        )

    def call(self, client: str, operation: str, arguments: Any, answer: Answer) -> None:
        """The tracker sees a call; where a fault took the answer, what the contract's step has that the journal names."""
        entry = [*self.world.journal.find()][-1]
        if entry.step is None and entry.faults:
            return  # A fault answered, and nothing was done.
        known = next(iter(self.tracker.explanations)).node.states[self.tracker.clients[client]]
        seen = by_step(entry.step) if entry.faults and entry.step is not None else shown(operation, answer)
        violation = self.tracker.see(client, MACHINE.call(operation, arguments, known), seen)
        assert violation is None, violation

    @rule(client=st.sampled_from(sorted(CLIENTS)), name=NAMES)
    def open(self, client: str, name: str | None) -> None:
        info = {} if name is None else {"name": name}
        self.call(client, "open", {"info": info}, self.ask(client, "POST", "/v1/sessions", info))

    @rule(client=st.sampled_from(sorted(CLIENTS)))
    def close(self, client: str) -> None:
        self.call(client, "close", {}, self.ask(client, "DELETE", "/v1/sessions/current"))

    @rule(client=st.sampled_from(sorted(CLIENTS)))
    def is_open(self, client: str) -> None:
        self.call(client, "isOpen", {}, self.ask(client, "GET", "/v1/sessions/current"))

    @rule(client=st.sampled_from(sorted(CLIENTS)), name=NAMES)
    def update(self, client: str, name: str | None) -> None:
        given = {"name": name, "avatarUrl": None}
        answer = self.ask(client, "PATCH", "/v1/sessions/current/participant", given)
        self.call(client, "updateParticipantInfo", given, answer)

    @rule(kind=KINDS)
    def fail_next_change(self, kind: str) -> None:
        self.world.heal()
        self.world.fail(kind=kind, times=1)

    @rule(seconds=st.integers(0, 1000))
    def advance(self, seconds: int) -> None:
        self.world.clock.advance(seconds)

    @rule()
    def keep(self) -> None:
        self.kept.append((json.loads(json.dumps(self.world.snapshot())), self.tracker.fork()))

    @rule()
    def restart(self) -> None:
        """The simulator ends, and another one begins with the state of this one."""
        document = json.loads(json.dumps(self.world.snapshot()))
        self.simulator = Simulator(CONTRACT)
        self.world = self.simulator.world("any-order", frozen_at=0)
        self.simulator.restore("any-order", document)

    @rule()
    def go_back(self) -> None:
        if self.kept:
            document, tracker = self.kept.pop()
            self.simulator.restore("any-order", document)
            self.tracker = tracker

    @invariant()
    def whoever_looks_sees_what_the_tracker_knows(self) -> None:
        self.world.heal()
        for client in CLIENTS:
            answer = self.ask(client, "GET", "/v1/sessions/current/participant")
            self.call(client, "getParticipant", {}, answer)


def test_any_interleaving_is_explained() -> None:
    run_state_machine_as_test(
        AnyOrder,
        settings=settings(
            max_examples=60,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
        ),
    )


def test_of_a_thousand_worlds_none_sees_another() -> None:
    async def scenario() -> None:
        simulator, random = Simulator(CONTRACT), Random(1)
        worlds = [simulator.world(f"w-{number}", frozen_at=START) for number in range(1000)]
        tokens = [world.token("zoe") for world in worlds]
        names: list[str | None] = [None] * len(worlds)

        async def ask(number: int, method: str, path: str, body: Any = None) -> Any:
            content = b"" if body is None else json.dumps(body).encode()
            headers = {"Authorization": f"Bearer {tokens[number]}"}
            answer = await simulator.answer(Request(method, path, headers, content))
            return json.loads(answer.content) if answer.content else None

        for turn in range(6_000):
            number = random.randrange(len(worlds))
            match random.randrange(4):
                case 0 if names[number] is None:
                    names[number] = f"name {turn}"
                    await ask(number, "POST", "/v1/sessions", {"name": names[number]})
                case 1 if names[number] is not None:
                    names[number] = None
                    await ask(number, "DELETE", "/v1/sessions/current")
                case 2:
                    worlds[number].clock.advance(1)
                case _:
                    shown = await ask(number, "GET", "/v1/sessions/current/participant")
                    assert shown.get("info", {}).get("name") == names[number]
        ids = [
            (await ask(number, "POST", "/v1/sessions", {})).get("participant", {}).get("id") for number in range(1000)
        ]
        known = [each for each in ids if each is not None]
        assert len(set(known)) == len(known) > 300

    asyncio.run(scenario())
