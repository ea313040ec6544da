"""The reference client's adapter, against the simulator: what the judge asks it, and what it says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from openfirst_conformance.adapters.authoring import reference_adapter
from openfirst_conformance.adapters.inprocess import PythonAdapter
from openfirst_conformance.adapters.protocol.faults import RequestRefused
from openfirst_conformance.adapters.protocol.messages import Capabilities
from openfirst_conformance.adapters.protocol.shapes import (
    CallResult,
    ContractName,
    Credential,
    InitializeParams,
    OutcomeReport,
    ResetResult,
)
from openfirst_conformance.platforms.simulated import SimulatedPlatform
from openfirst_reference.client.connection import OverHttp, Request, nearby
from openfirst_reference.client.session_service import SessionService
from openfirst_reference.client.tokens import RefreshCallback
from openfirst_reference.contract.document import Json, word
from openfirst_reference.contract.load import load_contract
from openfirst_simulator import Simulator, World

CONTRACT = load_contract()
NOW = datetime(2026, 1, 1, tzinfo=UTC)
HALF_AN_HOUR = 1_800_000


class Stage:
    """An adapter and a world for it; remembers which tokens were asked for, and gives those in `fresh`."""

    def __init__(self, adapter: PythonAdapter, world: World) -> None:
        self.adapter, self.world = adapter, world
        self.asked: list[str] = []
        self.fresh: list[str] = []
        self.generation = 0
        adapter.handler = self._answer

    async def _answer(self, method: str, params: Json) -> Json:
        assert method == "refreshToken"
        self.asked.append(f"{params['generation']} {params['client']} {params['callback']}")
        if not self.fresh:
            raise RequestRefused(-32000, "no fresh token")
        return {"token": self.fresh.pop(0)}

    async def reset(self, url: str = "", **credentials: Credential) -> ResetResult:
        self.generation += 1
        return await self.adapter.reset(
            {
                "generation": self.generation,
                "now": datetime.fromtimestamp(self.world.clock.now(), UTC).isoformat().replace("+00:00", "Z"),
                "platform": {"baseUrl": url or self.world.url},
                "clients": {name: {"credential": credential} for name, credential in credentials.items()},
            }
        )

    async def call(self, operation: str, client: str = "a", **arguments: Any) -> CallResult:
        return await self.adapter.call(
            {
                "generation": self.generation,
                "client": client,
                "operation": operation,
                "arguments": arguments,
            }
        )

    async def pass_half_an_hour(self) -> None:
        self.world.clock.advance(HALF_AN_HOUR / 1000)
        await self.adapter.advance({"generation": self.generation, "milliseconds": HALF_AN_HOUR})
        await self.adapter.settle({"generation": self.generation})

    def token(self, external_id: str | None = "Zoë") -> Credential:
        return {"kind": "token", "token": self.world.token(external_id), "condition": "good"}


@asynccontextmanager
async def staged() -> AsyncIterator[Stage]:
    adapter = PythonAdapter("openfirst_conformance.adapters.authoring.reference_adapter:create")
    async with Simulator(CONTRACT) as simulator:
        handshake: InitializeParams = {
            "protocol": 1,
            "contract": {"name": CONTRACT.name, "version": CONTRACT.version},
            "platform": {"baseUrl": simulator.url},
        }
        initialized = await adapter.start(handshake)
        assert Capabilities.of(initialized).operations == {
            name for name, operation in CONTRACT.operations.items() if not operation.by_world
        }
        assert CONTRACT.check_choices({key: word(value) for key, value in initialized["choices"].items()}, "handshake")
        try:
            yield Stage(adapter, simulator.world("case", frozen_at=NOW.timestamp()))
        finally:
            await adapter.close()
    assert adapter.faults == []


def on_stage(scenario: Callable[[Stage], Awaitable[None]]) -> None:
    async def play() -> None:
        async with staged() as stage:
            await scenario(stage)

    asyncio.run(play())


def outcome(result: CallResult | OutcomeReport) -> Any:
    """The value, or the code of the error."""
    return result.get("value") if result["outcome"] == "value" else result["code"]


def test_a_session_from_open_to_close() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.reset(a=stage.token())
        assert outcome(await stage.call("use", service="conference", method="current")) == "session-not-open"
        assert outcome(await stage.call("isOpen")) is False
        assert outcome(await stage.call("open", info={"name": "Ana"})) is None
        await stage.call("updateParticipantInfo", name="Zoë", avatarUrl=None)
        participant = outcome(await stage.call("getParticipant"))
        assert participant["info"] == {"name": "Zoë", "avatarUrl": None, "externalId": "Zoë"}
        created = await stage.call("use", service="conference", method="create", arguments=[{"alias": "r"}])
        assert outcome(created)["alias"] == "r"
        assert outcome(await stage.call("isOpen")) is True
        assert outcome(await stage.call("close")) is None
        refused = await stage.call("getParticipant")
        assert (refused["outcome"], refused["code"]) == ("error", "session-not-open")
        assert CONTRACT.errors["session-not-open"].sentence in str(refused["message"])

    on_stage(scenario)


def test_clients_of_every_kind() -> None:
    async def scenario(stage: Stage) -> None:
        secret: Credential = {"kind": "key-secret", "key": stage.world.key, "condition": "good"}
        await stage.reset(a={"kind": "none"}, b={**secret, "secret": stage.world.secret})
        assert outcome(await stage.call("open")) == "not-initialized"
        assert outcome(await stage.call("open", client="b")) is None
        assert outcome(await stage.call("isOpen", client="b")) is True
        assert outcome(await stage.call("initialize", credential={**secret, "secret": "wrong"})) is None
        assert outcome(await stage.call("isOpen")) is False
        assert outcome(await stage.call("open")) == "token-invalid"
        assert outcome(await stage.call("initializeToken", credential=stage.token("Yan"))) is None
        assert outcome(await stage.call("open", info={"externalId": "Zoë"})) == "external-id-mismatch"

    on_stage(scenario)


def test_a_fresh_token_is_asked_of_the_judge_and_used() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.reset(a=stage.token(), b={"kind": "none"})
        await stage.call("open")
        await stage.pass_half_an_hour()
        assert stage.asked == ["1 a first"]
        # Tokens are issued at the time of the world, and live for an hour.
        stage.world.clock.advance(900)
        stage.fresh = [stage.world.token("Zoë")]
        await stage.adapter.advance({"generation": 1, "milliseconds": 900_000})
        await stage.pass_half_an_hour()
        assert stage.asked == ["1 a first"] * 3
        # By now the first token is past its time.
        assert outcome(await stage.call("isOpen")) is True
        used = await stage.call("use", service="conference", method="current")
        assert used["outcome"] == "value"

    on_stage(scenario)


def test_the_callback_given_first_is_asked_and_known_by_that_name() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.reset(a=stage.token())
        await stage.call("initializeToken", credential=stage.token("Yan"))
        await stage.pass_half_an_hour()
        assert stage.asked == ["1 a first"]

    on_stage(scenario)


def test_a_client_that_forgot_its_first_callback_would_be_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    class Forgetful(SessionService):
        async def initialize_token(self, token: str, refresh: RefreshCallback | None = None) -> None:
            self._refresh = None
            await super().initialize_token(token, refresh)

    monkeypatch.setattr(reference_adapter, "SessionService", Forgetful)

    async def scenario(stage: Stage) -> None:
        await stage.reset(a=stage.token())
        await stage.call("initializeToken", credential=stage.token("Yan"))
        await stage.pass_half_an_hour()
        assert stage.asked == ["1 a later"]

    on_stage(scenario)


def test_nothing_is_left_of_the_case_before() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.reset(a=stage.token(), b=stage.token("Yan"))
        await stage.call("open")
        await stage.reset(a={"kind": "none"})
        await stage.pass_half_an_hour()
        assert stage.asked == []
        assert outcome(await stage.call("isOpen")) is False
        await stage.reset(a=stage.token())
        await stage.pass_half_an_hour()
        assert stage.asked == ["3 a first"]

    on_stage(scenario)


def test_what_the_contract_has_no_code_for_is_told_by_a_native_one() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.reset(a=stage.token())
        unknown = await stage.call("open", info={"name": 7})
        assert (unknown["outcome"], unknown["code"], unknown["native"]) == ("error", None, "invalid-request")
        await stage.reset(url="http://127.0.0.1:1", a=stage.token())
        nobody = await stage.call("open")
        assert (nobody["outcome"], nobody["code"], nobody["native"]) == ("error", None, "PlatformUnreachable")

    on_stage(scenario)


def test_an_operation_that_it_lacks_is_unsupported() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.reset(a=stage.token())
        assert (await stage.call("reopen"))["outcome"] == "unsupported"

    on_stage(scenario)


def test_a_call_without_an_answer_is_pending(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference_adapter, "_PATIENCE", 0)

    async def scenario(stage: Stage) -> None:
        await stage.reset(a=stage.token())
        assert (await stage.call("open"))["outcome"] == "pending"

    on_stage(scenario)


def test_a_simulator_in_this_process_is_asked_without_a_network_as_long_as_it_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def no_network(self: OverHttp, base_url: str, request: Request, authorization: str) -> tuple[int, bytes]:
        raise OSError("the network was asked")

    monkeypatch.setattr(OverHttp, "send", no_network)

    async def scenario() -> None:
        adapter = PythonAdapter("openfirst_conformance.adapters.authoring.reference_adapter:create")
        platform = SimulatedPlatform(CONTRACT, {})
        await platform.start()
        stage = await platform.stage(1, {"a": {"kind": "token", "condition": "good", "externalId": "Zoë"}})
        contract: ContractName = {"name": CONTRACT.name, "version": CONTRACT.version}
        await adapter.start({"protocol": 1, "contract": contract, "platform": {"baseUrl": stage.url}})
        here, url = Stage(adapter, stage.world), stage.url
        await here.reset(a=here.token())
        assert outcome(await here.call("open")) is None
        assert outcome(await here.call("getParticipant"))["info"]["externalId"] == "Zoë"
        await platform.close()
        await here.reset(url, a=here.token())
        assert "the network was asked" in str(await here.call("isOpen"))
        await adapter.close()

    asyncio.run(scenario())


def test_a_platform_whose_port_begins_alike_is_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    class Near(OverHttp):
        async def send(self, base_url: str, request: Request, authorization: str) -> tuple[int, bytes]:
            raise AssertionError("another platform was asked")

    async def scenario(stage: Stage) -> None:
        port = stage.world.url.rpartition(":")[2].partition("/")[0]
        monkeypatch.setitem(nearby, f"http://127.0.0.1:{port[:-1]}", Near())
        await stage.reset(a=stage.token())
        assert outcome(await stage.call("open")) is None

    on_stage(scenario)
