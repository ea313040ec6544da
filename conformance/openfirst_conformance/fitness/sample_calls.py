"""A probe: the few cases through which an adapter itself is tested, with calls that are read off the contract."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from openfirst_conformance.adapters.adapter import Adapter
from openfirst_conformance.adapters.protocol.faults import AdapterFault
from openfirst_conformance.adapters.protocol.messages import Capabilities
from openfirst_conformance.adapters.protocol.shapes import (
    CallParams,
    ContractName,
    InitializeResult,
    OutcomeReport,
    PlatformAddress,
    credential_of,
)
from openfirst_conformance.platforms.simulated import SimulatedPlatform, SimulatedStage
from openfirst_reference.contract.document import Json
from openfirst_reference.contract.model import Contract
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.step import Call

_CLIENT = "a"


class Probe:
    """One adapter, its one client, and a call of each operation that it has.

    `calls` is what is tried: an operation each, of those that are declared; of all there are, if none is declared yet.
    `services` is a call of every method of a service that is declared, or may be for all that is said.
    """

    def __init__(self, adapter: Adapter, contract: Contract, platform: SimulatedPlatform) -> None:
        self.adapter = adapter
        self.contract = contract
        self.generation = 0
        self.declared: Capabilities
        self.calls: list[Call] = []
        self.services: list[Call] = []
        self._machine = Machine(contract)
        self._targets = contract.targets()
        self._platform = platform
        self._fixture = next(iter(contract.fixtures))
        self._stage: SimulatedStage | None = None
        adapter.handler = self._requested

    @property
    def status_calls(self) -> list[Call]:
        """Those of the calls that change nothing."""
        return [call for call in self.calls if self.contract.operations[call.operation].pure]

    async def start(self) -> InitializeResult:
        """Start the adapter, and give the result of its `initialize`."""
        contract: ContractName = {"name": self.contract.name, "version": self.contract.version}
        platform: PlatformAddress = {"baseUrl": (await self._platform.stage(0, {})).url}
        result = await self.adapter.start({"protocol": 1, "contract": contract, "platform": platform})
        self.declared = Capabilities.of(result, self.contract.bindings.operations)
        self.calls = list(self._base_calls())
        self.services = list(self._services())
        return result

    def named(self, call: Call) -> str:
        """The method of a service that a call is of."""
        return ".".join(self.contract.methods[self._target(call)].sent)

    def is_of_service(self, call: Call) -> bool:
        """Whether a call is of a method of a service."""
        return self._target(call) is not None

    def _has(self, call: Call) -> bool:
        return not self.is_of_service(call) or self.declared.has_method(*self.contract.methods[self._target(call)].sent)

    def _target(self, call: Call) -> Any:
        parameter = self._targets.get(call.operation)
        return None if parameter is None else call.given[parameter]

    def _services(self) -> Iterator[Call]:
        state = self._machine.fixture(self._fixture)
        for operation, parameter in self._targets.items():
            for name, method in self.contract.methods.items() if operation in self.declared.operations else ():
                if self.declared.has_method(*method.sent):
                    yield self._machine.call(operation, self._machine.arguments(operation, {parameter: name}), state)

    async def reset(self) -> None:
        """Begin a case, with a generation of its own."""
        self.generation += 1
        held = {_CLIENT: self._machine.credentials.of_fixture(self._fixture)}
        self._stage = stage = await self._platform.stage(self.generation, held)
        credential = credential_of(stage.credentials[_CLIENT])
        await self.adapter.reset(
            {
                "generation": self.generation,
                "now": datetime.fromtimestamp(stage.now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "platform": {"baseUrl": stage.url},
                "clients": {_CLIENT: {"credential": credential}},
            }
        )

    def params(self, operation: str, arguments: Mapping[str, Any]) -> CallParams:
        """The params of a call in the case under way."""
        return {
            "generation": self.generation,
            "client": _CLIENT,
            "operation": self.contract.bindings.operations.outward(operation),
            "arguments": dict(arguments),
        }

    async def make(self, call: Call) -> OutcomeReport:
        """Make one of the calls."""
        return await self._call(call.operation, call.arguments)

    async def settle(self) -> None:
        """Wait until nothing is pending."""
        await self.adapter.settle({"generation": self.generation})

    async def look(self) -> list[Json]:
        """What each status call tells."""
        results = [await self.make(call) for call in self.status_calls]
        return [{key: result.get(key) for key in ("outcome", "value", "code")} for result in results]

    def texts(self) -> Iterator[tuple[Call, str]]:
        """The calls and parameters that take a text which some answer shows."""
        shown = {variable for answer in self.contract.answers.values() for variable in answer.fields.values()}
        for call in self.calls:
            for parameter in self.contract.operations[call.operation].parameters:
                if parameter in shown and self.declared.permits(call.operation, self._with(call, parameter, "text")):
                    yield call, parameter

    async def shown(self, call: Call, parameter: str, text: str) -> str | None:
        """Give a text to a call of a fresh client; what status calls show of it, if it was taken."""
        await self.reset()
        result = await self._call(call.operation, self._with(call, parameter, text))
        if result["outcome"] != "value":
            return None
        paths = {
            tuple(path.rstrip("?").split("."))
            for answer in self.contract.answers.values()
            for path, variable in answer.fields.items()
            if variable == parameter
        }
        values = (_at(answer["value"], path) for answer in await self.look() for path in paths)
        return next((value for value in values if isinstance(value, str)), None)

    def _with(self, call: Call, parameter: str, text: str) -> dict[str, Any]:
        return self._machine.arguments(call.operation, {**call.given, parameter: text})

    async def _call(self, operation: str, arguments: Mapping[str, Any]) -> OutcomeReport:
        try:
            return await self.adapter.call(self.params(operation, arguments))
        except AdapterFault as fault:
            # What it does not declare it need not know.
            if fault.kind == "refused" and operation not in self.declared.operations:
                return {"outcome": "unsupported", "reason": fault.detail}
            raise

    def _base_calls(self) -> Iterator[Call]:
        stated = [
            name for name in self.contract.fixtures[self._fixture].calls if not self.contract.operations[name].by_world
        ]
        declared = [name for name in stated if name in self.declared.operations]
        state = self._machine.fixture(self._fixture)
        for name in declared or stated:
            calls = self._machine.alphabet({name: None}, state)
            yield from [call for call in calls if self.declared.permits(name, call.arguments) and self._has(call)][:1]

    async def _requested(self, method: str, params: Json) -> Json:
        assert self._stage is not None
        return {"token": await self._stage.renew(params["client"])}


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value
