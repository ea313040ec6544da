"""Drives an implementation through cases with the tracker alone: a second opinion beside the judge.

There is no platform here and no network; what the world does reaches the implementation through its adapter
object. `golden` plays the traces that come with the contract, `walks` random ones.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from openfirst_conformance.adapters.inprocess import PythonAdapter
from openfirst_conformance.adapters.protocol.faults import RequestRefused
from openfirst_conformance.adapters.protocol.messages import Capabilities
from openfirst_conformance.adapters.protocol.shapes import (
    CallParams,
    ContractName,
    OutcomeReport,
    PlatformAddress,
    credential_of,
)
from openfirst_conformance.cases.case import Case, Planned
from openfirst_conformance.cases.golden import golden_traces
from openfirst_conformance.oracle.explanation import Violation
from openfirst_conformance.oracle.oracle import Oracle
from openfirst_conformance.oracle.tracker import Tracker
from openfirst_reference.contract.document import Json, word
from openfirst_reference.contract.model import Contract
from openfirst_reference.machine.credential import Credentials
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.outcome import Answered, Refused, Settled, Unsupported
from openfirst_reference.machine.step import Call, State

from . import path_of
from .base import Plain

LIFETIME = 3600
NOWHERE: PlatformAddress = {"baseUrl": "http://127.0.0.1:9"}


@dataclass
class Played:
    """What came of a case: the calls with their outcomes, and what was wrong with the last of them."""

    case: Case
    seen: list[tuple[Planned, Settled | None]] = field(default_factory=list)
    violation: Violation | None = None
    shoulds: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [self.case.id]
        for planned, outcome in self.seen:
            lines.append(f"  {planned.client}.{planned.operation} {dict(planned.arguments)} -> {outcome or 'pending'}")
        if self.violation:
            lines.append(
                f"  permitted: {', '.join({repr(step.code or step.answer) for step in self.violation.permitted}) or 'nothing'}"
            )
        return "\n".join(lines)


class Trial:
    """One implementation, and the tracker that watches it."""

    def __init__(self, implementation: type[Plain], machine: Machine) -> None:
        self.machine = machine
        self.contract: Contract = machine.contract
        self.adapter = PythonAdapter(path_of(implementation), handler=self._requested)
        self.generation = 0
        self.now = 0
        self.born: dict[str, int] = {}
        self.passed: dict[str, float] = {}
        self.renewal = "denied"
        self.asked: list[Json] = []

    async def start(self) -> None:
        """Shake hands."""
        contract: ContractName = {"name": self.contract.name, "version": self.contract.version}
        told = await self.adapter.start({"protocol": 1, "contract": contract, "platform": NOWHERE})
        self.capabilities = Capabilities.of(told)
        self.choices = {choice: word(value) for choice, value in told["choices"].items()}
        self.oracle = Oracle(self.machine, self.choices)
        self.codes = {item["native"]: item["code"] for item in told["errorMap"]}
        if len(set(self.codes.values())) == 1 < len(self.codes):
            self.codes = {}

    # What can be played -------------------------------------------------------------------------------------

    def applies(self, case: Case) -> bool:
        """Whether the implementation has what the case needs, and decides as the case takes for granted."""
        decided = all(self.choices.get(choice, value) == value for choice, value in case.choices.items())
        enough = len(case.clients) <= self.capabilities.clients
        return decided and enough and all(self.can(call.operation, call.arguments) for call in case.calls)

    def can(self, operation: str, arguments: Mapping[str, Any]) -> bool:
        """Whether the call can be made."""
        driven = self.contract.operations[operation].driven
        if driven == "advance":
            return self.capabilities.refresh and self.capabilities.clock == "virtual"
        if driven == "platform":
            return operation in self.capabilities.world
        if driven is not None:
            return driven == "settle"
        needs_info = self.capabilities.arguments.get("open.info") == "required" and operation == "open"
        return operation in self.capabilities.operations and not (needs_info and arguments.get("info") is None)

    # Playing ------------------------------------------------------------------------------------------------

    async def play(self, case: Case) -> Played:
        """Play a case to its end, or to its first violation."""
        tracker, played = await self.begin(case), Played(case)
        for planned in case.calls:
            await self.make(tracker, played, planned)
            if played.violation:
                return played
        played.shoulds = tuple(tracker.broken_but_followed())
        return played

    async def begin(self, case: Case) -> Tracker:
        """Reset, and track from there."""
        self.generation += 1
        self.now = 0
        self.born, self.passed = dict.fromkeys(case.clients, 0), dict.fromkeys(case.clients, 0.0)
        held = {name: Credentials(self.contract).of_fixture(fixture) for name, fixture in case.clients.items()}
        result = await self.adapter.reset(
            {
                "generation": self.generation,
                "now": "2026-01-01T00:00:00Z",
                "platform": NOWHERE,
                "clients": {name: {"credential": credential_of(wire(credential))} for name, credential in held.items()},
            }
        )
        told = {name: answer["initialize"] for name, answer in result.get("clients", {}).items()}
        states = {
            name: self.machine.state() if name in told else self.machine.fixture(fixture)
            for name, fixture in case.clients.items()
        }
        tracker = Tracker(self.oracle, states)
        for name, answer in told.items():
            operation = "initialize" if held[name]["kind"] == "key-secret" else "initializeToken"
            call = self.machine.call(operation, {"credential": held[name]}, states[name])
            outcome = self.outcome(answer)
            assert outcome is not None
            assert tracker.see(name, call, outcome) is None
        return tracker

    async def make(self, tracker: Tracker, played: Played, planned: Planned) -> None:
        """Make one call and show the tracker what came of it."""
        call = self.machine.call(planned.operation, planned.arguments, state_of(tracker, planned.client))
        if self.contract.operations[planned.operation].by_world:
            outcome: Settled | None = await self.world(planned)
        else:
            arguments = dict(planned.arguments)
            if "credential" in arguments:
                arguments["credential"] = wire({"kind": "token", **arguments["credential"]})
            operation, client = planned.operation, planned.client
            params: CallParams = {
                "generation": self.generation,
                "client": client,
                "operation": operation,
                "arguments": arguments,
            }
            outcome = self.outcome(await self.adapter.call(params))
            if "credential" in arguments and outcome is not None and isinstance(outcome, Answered):
                self.is_held_from_now(planned.client)
        played.seen.append((planned, outcome))
        if outcome is None:
            tracker.begin(planned.client, call)
        else:
            played.violation = tracker.see(planned.client, call, outcome)

    async def world(self, planned: Planned) -> Settled:
        """What the client does not do."""
        driven = self.contract.operations[planned.operation].driven
        if driven == "advance":
            return await self.pass_time(planned)
        if driven == "settle":
            await self.adapter.settle({"generation": self.generation})
        else:
            client, action = planned.client, planned.operation
            await self.adapter.world(
                {"generation": self.generation, "client": client, "action": action, "arguments": {}}
            )
        return Answered()

    async def pass_time(self, planned: Planned) -> Settled:
        """Go to the next point of the token's life, and tell whether a fresh one was asked for."""
        points = self.contract.variables["life"].points
        passed = self.passed[planned.client]
        point = min((item for item in points.values() if item > passed), default=passed + 0.25)
        self.passed[planned.client] = point
        milliseconds = max(self.born[planned.client] + round(1000 * LIFETIME * point) - self.now, 0)
        self.now += milliseconds
        self.asked, self.renewal = [], planned.arguments["renewal"]
        await self.adapter.advance({"generation": self.generation, "milliseconds": milliseconds})
        await self.adapter.settle({"generation": self.generation})
        asked = [params for params in self.asked if params["client"] == planned.client]
        return Answered({"asked": bool(asked), "callback": asked[0].get("callback") if asked else None})

    async def _requested(self, method: str, params: Json) -> Json:
        self.asked.append(params)
        if self.renewal != "granted":
            raise RequestRefused(-32000, "no token today")
        self.is_held_from_now(params["client"])
        return {"token": "fresh"}

    def is_held_from_now(self, client: str) -> None:
        """The life of a client's token begins."""
        self.born[client], self.passed[client] = self.now, 0.0

    def outcome(self, result: OutcomeReport) -> Settled | None:
        """What the adapter reports, as the tracker has it; None while there is no answer."""
        match result["outcome"]:
            case "value":
                return Answered(result.get("value"))
            case "error":
                native = self.codes.get(result.get("native") or "")
                return Refused(result.get("code") or native)
            case "pending":
                return None
        return Unsupported()


async def golden(implementation: type[Plain], machine: Machine) -> list[Played]:
    """Play every golden trace that applies; gives those that broke a rule."""
    trial = Trial(implementation, machine)
    await trial.start()
    cases = [trace.case for trace in golden_traces(machine.contract)]
    played = [await trial.play(case) for case in cases if trial.applies(case)]
    return [item for item in played if item.violation or item.shoulds]


async def walks(
    implementation: type[Plain], machine: Machine, *, count: int, length: int = 50, seed: int = 0
) -> AsyncIterator[Played]:
    """Random walks from every fixture in turn, some with two clients; gives those that broke a rule."""
    trial, chance = Trial(implementation, machine), random.Random(seed)
    await trial.start()
    fixtures = list(machine.contract.fixtures)
    for number in range(count):
        clients = {"a": fixtures[number % len(fixtures)]}
        if trial.capabilities.clients > 1 and chance.random() < 0.4:
            clients["b"] = chance.choice(fixtures)
        case = Case(f"walk-{seed}-{number}", "a random walk", clients, ())
        tracker, played = await trial.begin(case), Played(case)
        for _ in range(length):
            client = chance.choice(list(clients))
            calls = dict(callable_in(trial, state_of(tracker, client)))
            if len(clients) > 1:
                calls.pop("passTime", None)  # time would pass for the other one as well
            operation = chance.choice(list(calls))
            call = chance.choice(calls[operation])
            await trial.make(tracker, played, Planned(client, operation, call.arguments))
            if played.violation:
                break
        else:
            played.shoulds = tuple(tracker.broken_but_followed())
        if played.violation or played.shoulds:
            yield played


def callable_in(trial: Trial, state: State) -> Iterator[tuple[str, list[Call]]]:
    """Representative calls in a state, by operation; none with a credential that no platform issues."""
    for operation in trial.contract.operations:
        calls = [
            call
            for call in trial.machine.alphabet({operation: None}, state, leaves=True)
            if trial.can(operation, call.arguments) and consistent(call.arguments.get("credential"))
        ]
        if calls:
            yield operation, calls


def consistent(credential: Mapping[str, Any] | None) -> bool:
    """Whether what is said of an external ID in a token agrees with the external ID."""
    told = (credential or {}).get("tokenId")
    return told is None or (told == "present") == bool((credential or {}).get("externalId"))


def state_of(tracker: Tracker, client: str) -> State:
    """A state in which the client may be."""
    return next(iter(tracker.explanations)).node.states[tracker.clients[client]]


def wire(credential: Mapping[str, Any]) -> Json:
    """A credential as the protocol has it, with made-up secrets: nobody here looks at them."""
    kind, condition = credential["kind"], credential.get("condition", "good")
    if kind == "none":
        return {"kind": kind}
    secrets = {"token": "made-up"} if kind == "token" else {"key": "made-up", "secret": "made-up"}
    scopes = list(credential.get("scopes") or ["*"])
    return {
        "kind": kind,
        "condition": condition,
        "externalId": credential.get("externalId"),
        "scopes": scopes,
        "expiresIn": -LIFETIME if condition == "expired" else LIFETIME,
        **secrets,
    }
