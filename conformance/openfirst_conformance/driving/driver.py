"""The driver: plays a case against an implementation, one call after another, with the tracker watching."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import Any

from openfirst_conformance.adapters.adapter import Adapter
from openfirst_conformance.adapters.protocol.declared import check_declared
from openfirst_conformance.adapters.protocol.faults import AdapterFault, FaultKind, RequestRefused
from openfirst_conformance.adapters.protocol.messages import Capabilities
from openfirst_conformance.adapters.protocol.outcomes import Translator
from openfirst_conformance.adapters.protocol.shapes import ContractName, InitializeResult, ResetParams, credential_of
from openfirst_conformance.cases.case import Case, Planned
from openfirst_conformance.driving.ability import Lacking, LeftOut, What
from openfirst_conformance.driving.played import CallMade, Played
from openfirst_conformance.oracle.explanation import Violation
from openfirst_conformance.oracle.oracle import Oracle
from openfirst_conformance.oracle.tracker import Tracker
from openfirst_conformance.platforms.stage import Platform, Stage
from openfirst_reference.contract.bindings import RefreshBinding
from openfirst_reference.contract.document import Json, word
from openfirst_reference.contract.model import ANY_ERROR, OF_SERVICE, Contract
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.outcome import Answered, Outcome, Pending, Refused, Settled
from openfirst_reference.machine.step import Call, State, Step

Cell = tuple[str, tuple[str, ...], tuple[str, ...]]
_TRIES = 2
_CELLS = 100_000
_CODES = 1000
_FOR_NO_REASON = Refused(None)


class Driver:
    """Plays cases. Counts the calls and resets that it makes.

    `tolerates` says of a violation which rules it was found to break before; a case goes on after it.
    """

    def __init__(self, adapter: Adapter, machine: Machine, platform: Platform) -> None:
        self.adapter = adapter
        self.machine = machine
        self.contract: Contract = machine.contract
        self._names = machine.contract.bindings.operations
        self.platform = platform
        self.calls = 0
        self.resets = 0
        self.platform_used = False
        self.layers: dict[str, Counter[str]] = {}
        self.unknown_reasons: Counter[str] = Counter()
        self.unknown_codes: Counter[str] = Counter()
        self.left_out: dict[LeftOut, None] = {}
        self._targets = machine.contract.targets()
        self.stuck: dict[Cell, Counter[FaultKind | None]] = {}
        self.answered: set[Cell] = set()
        self._cells: dict[tuple[str, tuple[Step, ...]], Cell] = {}
        self.initialized: InitializeResult
        self.capabilities: Capabilities
        self.translate: Translator
        self._stage: Stage | None = None
        self._renewal: str | None = None
        self._asked: list[Json] = []
        self.tolerates: Callable[[Case, Violation], tuple[str, ...] | None] = lambda *_: None
        adapter.handler = self._requested

    async def start(self) -> None:
        """Start the adapter and shake hands. Raises AdapterFault, also for what it declares that the contract does not know."""
        stage = await self.platform.stage(0, {})
        contract: ContractName = {"name": self.contract.name, "version": self.contract.version}
        self.initialized = await self.adapter.start(
            {"protocol": 1, "contract": contract, "platform": {"baseUrl": stage.url}}
        )
        check_declared(self.initialized, self.contract)
        self.capabilities = Capabilities.of(self.initialized, self._names)
        self.translate = Translator(self.contract, self.initialized.get("errorMap", []), exact=self.is_platform)

    @property
    def is_platform(self) -> bool:
        """Whether a platform is judged, and not a client."""
        return bool(self.initialized["implementation"].get("role") == "platform")

    def declared_choices(self) -> dict[str, str]:
        """The choices that the handshake declares, as words."""
        return {key: word(value) for key, value in self.initialized.get("choices", {}).items()}

    # What can be asked of this implementation ------------------------------------------------------------------------

    def lacks(self, operation: str) -> Lacking | None:
        """Why an operation cannot be tried, or None."""
        stated = self.contract.operations[operation]
        if not stated.by_world:
            return None if operation in self.capabilities.operations else Lacking(What.OPERATION, operation)
        if not self.capabilities.operations:
            return Lacking(What.ANY_OPERATION)
        if stated.driven == "advance":
            if not self.capabilities.refresh:
                return Lacking(What.REFRESH, operation)
            return None if self.capabilities.clock == "virtual" else Lacking(What.VIRTUAL_CLOCK, operation)
        if stated.driven == "platform" and operation not in self.capabilities.world and not self.platform_used:
            return Lacking(What.CONTROL, operation, self.platform.without_control)
        return Lacking(What.ANOTHER_CLIENT, operation) if stated.driven == "echo" else None

    def applies(self, case: Case) -> bool:
        """Whether a case can be played: operations, arguments, credentials, and numbers of clients and of calls at once."""
        return next(self._missing(case), None) is None

    def leaves_out(self, case: Case) -> bool:
        """Whether a case of somebody else's cannot be played; then it is noted, with all that is lacking."""
        missing = tuple(dict.fromkeys(self._missing(case)))
        if missing:
            self.left_out[LeftOut(case.id, missing)] = None
        return bool(missing)

    def _missing(self, case: Case) -> Iterator[Lacking]:
        """What a case takes that was not declared, or cannot be had."""
        declared = self.capabilities
        if len(case.clients) > declared.clients:
            yield Lacking(What.CLIENTS, str(declared.clients))
        for fixture in case.clients.values():
            lacking = self.lacks_credential(fixture)
            if lacking is not None:
                yield lacking
        for planned in case.calls:
            lacking = self.lacks(planned.operation)
            if lacking is not None:
                yield lacking
            elif not self.permits(planned.operation, planned.arguments):
                yield from self._not_permitted(planned)
        if max(map(len, _bursts(case.calls)), default=0) > declared.concurrency:
            yield Lacking(What.AT_ONCE, str(declared.concurrency))

    def _not_permitted(self, planned: Planned) -> Iterator[Lacking]:
        """Why a call gives what the implementation does not have, or not what it needs."""
        for name, demand in self.capabilities.against(planned.operation, planned.arguments):
            yield Lacking(What.NEEDED if demand == "required" else What.UNSUPPORTED, name)
        target = self._target(planned.operation, planned.arguments)
        if target is not None and not self.has(target):
            yield Lacking(What.METHOD, ".".join(self.contract.methods[target].sent))

    @property
    def fixtures(self) -> list[str]:
        """The fixtures whose credential can be had."""
        return [fixture for fixture in self.contract.fixtures if self.lacks_credential(fixture) is None]

    def lacks_credential(self, fixture: str) -> Lacking | None:
        """Why a client cannot hold what the fixture says, or None."""
        credentials = self.machine.credentials
        described, variable = credentials.of_fixture(fixture), credentials.binding.kind.variable
        held = self.machine.value(self.machine.fixture(fixture), variable)
        taken = self.capabilities.credentials
        for operation, stated in self.contract.operations.items() if taken is None else ():
            if (
                stated.deprecated
                and self._brought_about[operation].get(variable) == held
                and not self.capabilities.deprecated_initialize
            ):
                return Lacking(What.DEPRECATED, operation)
        if taken is not None and described["kind"] not in ("none", *taken):
            return Lacking(What.NOT_TAKEN, described["kind"])
        why = self.platform.lacks(described)
        return None if why is None else Lacking(What.CREDENTIAL, why=why)

    def limits(self, operations: Iterable[str]) -> Iterator[Lacking]:
        """What was declared that keeps some calls of these operations from being made, though others can be."""
        mine = set(operations)
        for name, demand in self.capabilities.arguments.items():
            if demand != "optional" and name.partition(".")[0] in mine:
                yield Lacking(What.NEEDED if demand == "required" else What.UNSUPPORTED, name)
        if any(not self.has(target) for target in self.contract.methods) and mine & self._targets.keys():
            yield Lacking(What.METHODS)
        for fixture in self.contract.fixtures.values():
            lacking = self.lacks_credential(fixture.name) if mine & fixture.calls.keys() else None
            if lacking is not None and lacking.what in (What.NOT_TAKEN, What.DEPRECATED):
                yield lacking

    def permits(self, operation: str, arguments: Mapping[str, Any]) -> bool:
        """Whether a call gives what the implementation declared it needs, and nothing that it declared it does not have."""
        target = self._target(operation, arguments)
        return self.capabilities.permits(operation, arguments) and (target is None or self.has(target))

    def _target(self, operation: str, arguments: Mapping[str, Any]) -> str | None:
        """The method of a service that a call is of."""
        parameter = self._targets.get(operation)
        return None if parameter is None else self.machine.wire.inward(operation, arguments)[parameter]

    def has(self, target: str) -> bool:
        """Whether the implementation has a method of a service; what the contract does not list is none that it lacks."""
        method = self.contract.methods.get(target)
        return method is None or self.capabilities.has_method(*method.sent)

    def gives_data(self, operation: str) -> bool:
        """Whether a call gives nothing but data: no credential, and no arguments of somebody else's method."""
        return operation not in self._targets and not self._brought_about[operation]

    # Playing ----------------------------------------------------------------------------------------------------------

    async def begin(self, case: Case, oracle: Oracle) -> Played:
        """Reset, and give the record that `play` goes on with."""
        self.resets += 1
        held = {
            name: self.machine.credentials.of_fixture(fixture, case.held.get(name))
            for name, fixture in case.clients.items()
        }
        stage = self._stage = await self.platform.stage(self.resets, held)
        played = Played(case)
        params: ResetParams = {
            "generation": self.resets,
            "now": _iso(stage.now),
            "platform": {"baseUrl": stage.url},
            "clients": {
                name: {"credential": credential_of(credential)} for name, credential in stage.credentials.items()
            },
        }
        result = await self.adapter.reset(params)
        states = {
            name: self.machine.having(self.machine.fixture(fixture), **case.held.get(name, {}))
            for name, fixture in case.clients.items()
        }
        told: list[tuple[Planned, Settled]] = []
        for name, answer in (result.get("clients") or {}).items():
            # It says what came of initialising: then that is a call like others, from a client that holds nothing yet.
            operation = self._initialising(states[name]) if name in states else None
            outcome = self.translate(answer["initialize"]) if answer and answer.get("initialize") else Pending()
            if operation is not None and not isinstance(outcome, Pending):
                told.append((Planned(name, operation, {"credential": stage.credentials[name]}), outcome))
                states[name] = self.machine.state()
        played.tracker = Tracker(oracle, states, partial(self.tolerates, case))
        for planned, outcome in told:
            self._take(played, planned, self.classify(played, planned), outcome)
        return played

    def _initialising(self, state: State) -> str | None:
        """The client operation whose effect brings about what the state holds."""
        for operation, stated in self.contract.operations.items():
            brought = self._brought_about[operation]
            if brought and not stated.by_world and all(state[self.machine.index[k]] == v for k, v in brought.items()):
                return operation
        return None

    @cached_property
    def _brought_about(self) -> dict[str, dict[str, str]]:
        """What each operation makes of the world's variables, whatever it is given: the kind of credential, say."""
        brought: dict[str, dict[str, str]] = {name: {} for name in self.contract.operations}
        variables = self.contract.variables
        for row in self.contract.rows.values():
            for item in row.may:
                effect = self.contract.effects[item.effect].set if item.effect else {}
                if "given" in effect.values():
                    made = {k: v for k, v in effect.items() if variables[k].world and v in variables[k].values}
                    brought[row.call].update(made)
        return brought

    async def play(self, case: Case, oracle: Oracle) -> Played:
        """Play a whole case; stops at the first violation or fault."""
        try:
            played = await self.begin(case, oracle)
        except AdapterFault as fault:
            return Played(case, fault=fault, stderr=fault.stderr)
        for burst in _bursts(case.calls):
            if played.over():
                break
            if len(burst) > 1:
                await self.make_at_once(played, burst)
            elif not await self.make(played, burst[0]):
                break
        self.finish(played)
        return played

    def finish(self, played: Played) -> None:
        """A case is over: what was followed, though a rule speaks against it."""
        if played.tracker and not played.violation and not played.fault:
            played.broken_shoulds = tuple(played.tracker.broken_but_followed())
        played.stderr = played.stderr or self.adapter.stderr_tail()
        if self._stage and self._stage.used:
            self.platform_used = True

    async def make(self, played: Played, planned: Planned) -> bool:
        """Make one call and take in what it came to. False: it was not made, since such a call has never come back."""
        call = self.classify(played, planned)
        cell = self._cell(played, planned.client, call)
        if self._never_comes_back(cell):
            return False
        self.calls += 1
        stated = self.contract.operations[planned.operation]
        try:
            if stated.by_world:
                outcome: Outcome = await self._world(planned, stated.driven or "")
            else:
                outcome = await self._call(planned)
        except AdapterFault as fault:
            played.fault, played.stderr, played.stuck = fault, fault.stderr, (planned, cell[2])
            self.stuck.setdefault(cell, Counter())[fault.kind] += 1
            return True
        if not isinstance(outcome, Pending):
            self.answered.add(cell)
            self._take(played, planned, call, outcome)
            return True
        self.stuck.setdefault(cell, Counter())[None] += 1
        assert played.tracker is not None
        played.seen.append(CallMade(planned, outcome, played.tracker.options(planned.client, call)))
        played.tracker.begin(planned.client, call)
        return True

    async def make_at_once(self, played: Played, burst: Sequence[Planned]) -> None:
        """Make calls that overlap: all begin, and each is taken in when it is answered."""
        tracker = played.tracker
        assert tracker is not None
        self.calls += len(burst)
        begun: list[tuple[Planned, int, int]] = []
        for planned in burst:
            call = self.classify(played, planned)
            options = tracker.options(planned.client, call)
            begun.append((planned, tracker.begin(planned.client, call), len(played.seen)))
            played.seen.append(CallMade(planned, Pending(), options))
        answers: list[tuple[int, int, Outcome]] = []

        async def answered(planned: Planned, number: int, place: int) -> None:
            answers.append((number, place, await self._call(planned)))

        for result in await asyncio.gather(*(answered(*one) for one in begun), return_exceptions=True):
            if isinstance(result, AdapterFault):
                played.fault, played.stderr = result, result.stderr
            elif result is not None:
                raise result
        for number, place, outcome in answers:
            if isinstance(outcome, Pending):
                continue
            # What was answered is told as that, also behind the answer that breaks a rule: the calls were made by then.
            played.seen[place] = replace(played.seen[place], outcome=outcome)
            self._note_unknown_code(played.seen[place])
            if not (played.violation or played.fault):
                played.violation = tracker.end(number, outcome)

    def _never_comes_back(self, cell: Cell) -> bool:
        return cell in self.stuck and self.stuck[cell].total() >= _TRIES and cell not in self.answered

    def unanswered_rules(self) -> set[str]:
        """The rules carried where a call ended the adapter or was not answered, every time that it was made."""
        return {rule for cell in self.stuck if self._never_comes_back(cell) for rule in cell[2]}

    def unanswered_operations(self) -> dict[tuple[str, FaultKind | None], None]:
        """Those of such calls, each with the fault by which it ended the adapter; None: it was not answered."""
        cells = (cell for cell in self.stuck if self._never_comes_back(cell))
        return {(cell[0], how): None for cell in cells for how in self.stuck[cell]}

    def _cell(self, played: Played, client: str, call: Call) -> Cell:
        """The rows that a call may meet, and the rules that they carry."""
        assert played.tracker is not None
        index, steps_of = played.tracker.clients[client], played.tracker.oracle.steps
        steps = tuple([step for way in played.tracker.explanations for step in steps_of(way.node, index, call)])
        known = self._cells.get((call.operation, steps))
        if known is None:
            rows = tuple(dict.fromkeys(step.row.id for step in steps))
            rules = tuple(dict.fromkeys(rule for step in steps for rule in self.machine.carried(step)))
            if len(self._cells) >= _CELLS:
                self._cells.clear()
            known = self._cells[call.operation, steps] = (call.operation, rows, rules)
        return known

    def classify(self, played: Played, planned: Planned) -> Call:
        """The call as the contract sees it."""
        assert played.tracker is not None
        state = next(iter(played.tracker.explanations)).node.states[played.tracker.clients[planned.client]]
        return self.machine.call(planned.operation, planned.arguments, state)

    def _take(self, played: Played, planned: Planned, call: Call, outcome: Settled) -> None:
        assert played.tracker is not None
        if outcome == _FOR_NO_REASON:
            self._note_unknown_reason(played, planned.client, call)
        played.seen.append(CallMade(planned, outcome, played.tracker.options(planned.client, call)))
        self._note_unknown_code(played.seen[-1])
        played.violation = played.tracker.see(planned.client, call, outcome)

    def _note_unknown_reason(self, played: Played, client: str, call: Call) -> None:
        """Refused, and nobody knows why: that matters where the contract names the reason."""
        assert played.tracker is not None
        index = played.tracker.clients[client]
        for way in played.tracker.explanations:
            steps = played.tracker.oracle.steps(way.node, index, call)
            if any(step.is_error and step.code in (ANY_ERROR, OF_SERVICE) for step in steps):
                return
        self.unknown_reasons.update(self._cell(played, client, call)[2])

    def _note_unknown_code(self, made: CallMade) -> None:
        """A code that the contract does not know, where a service's own would not be permitted; a slip in it, maybe."""
        said = made.outcome.said if isinstance(made.outcome, Refused) else None
        if said is None or any(step.is_error and step.code in (ANY_ERROR, OF_SERVICE) for step in made.permitted):
            return
        if said in self.unknown_codes or len(self.unknown_codes) < _CODES:
            self.unknown_codes[said] += 1

    async def _call(self, planned: Planned) -> Outcome:
        assert self._stage is not None
        arguments = dict(planned.arguments)
        if isinstance(arguments.get("credential"), Mapping):
            brought = self.machine.credentials.described(self._brought_about[planned.operation])
            described = {**brought, **arguments["credential"]}
            arguments["credential"] = credential_of(await self._stage.hand_over(planned.client, described))
        result = await self.adapter.call(
            {
                "generation": self.resets,
                "client": planned.client,
                "operation": self._names.outward(planned.operation),
                "arguments": arguments,
            }
        )
        if "layer" in result:
            self.layers.setdefault(planned.operation, Counter())[str(result["layer"])] += 1
        return self.translate(result)

    async def _world(self, planned: Planned, driven: str) -> Settled:
        assert self._stage is not None
        if driven == "advance":
            refresh = self._refresh
            given = self.machine.wire.inward(planned.operation, planned.arguments)
            self._asked, self._renewal = [], given[refresh.renewal.parameter]
            points = [point for variable in self.contract.variables.values() for point in variable.points.values()]
            milliseconds = await self._stage.advance(planned.client, points)
            await self.adapter.advance({"generation": self.resets, "milliseconds": milliseconds})
            await self.adapter.settle({"generation": self.resets})
            asked = [params for params in self._asked if params.get("client") == planned.client]
            self._renewal = None
            callback = asked[0].get("callback") if asked else None
            said = None if callback is None else refresh.callback.words.inward(str(callback))
            return Answered({refresh.asked.field: bool(asked), refresh.callback.field: said})
        if driven == "settle":
            await self.adapter.settle({"generation": self.resets})
        elif planned.operation in self.capabilities.world:
            await self.adapter.world(
                {
                    "generation": self.resets,
                    "client": planned.client,
                    "action": self._names.outward(planned.operation),
                    "arguments": dict(planned.arguments),
                }
            )
        else:
            await self._stage.act(self._names.outward(planned.operation), planned.client)
        return Answered()

    @property
    def _refresh(self) -> RefreshBinding:
        refresh = self.contract.bindings.refresh
        if refresh is None:
            raise ValueError("The contract does not say what is said of a refresh. Add `bindings.refresh`.")
        return refresh

    async def _requested(self, method: str, params: Json) -> Json:
        """The adapter asks for a fresh token."""
        if method != "refreshToken" or self._stage is None:
            raise RequestRefused(-32601, f"{method} is not something an adapter may ask for")
        if params.get("generation") != self.resets:
            raise RequestRefused(-32000, "that case is over")
        self._asked.append(params)
        if self._renewal != self._refresh.renewal.words.inward("granted"):
            raise RequestRefused(-32000, "no fresh token is given")
        return {"token": await self._stage.renew(params["client"])}


def _bursts(calls: Sequence[Planned]) -> list[list[Planned]]:
    """The calls, those that overlap together."""
    bursts: list[list[Planned]] = []
    for planned in calls:
        if planned.overlapping and bursts:
            bursts[-1].append(planned)
        else:
            bursts.append([planned])
    return bursts


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).isoformat().replace("+00:00", "Z")
