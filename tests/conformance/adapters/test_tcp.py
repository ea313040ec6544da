"""Adapters that are reached over TCP: one connection after another, and what is lost with one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from openfirst_conformance.adapters.protocol.deadlines import Deadlines
from openfirst_conformance.adapters.protocol.faults import AdapterFault
from openfirst_conformance.adapters.protocol.shapes import CallParams, InitializeParams, ResetParams
from openfirst_conformance.adapters.tcp import TcpAdapter
from openfirst_reference.contract.document import Json

INITIALIZE: InitializeParams = {
    "protocol": 1,
    "contract": {"name": "session", "version": "1.0.0"},
    "platform": {"baseUrl": "http://127.0.0.1:1"},
}
INITIALIZED: Json = {"protocol": 1, "implementation": {"name": "t"}, "capabilities": {"operations": ["open"]}}
SHORT = 0.05
Answer = Callable[[Json], str | None]


def answered(request: Json, **more: object) -> str:
    """The line that answers a request."""
    params = request.get("params", {})
    result = INITIALIZED if request["method"] == "initialize" else {"generation": params["generation"], **more}
    return json.dumps({"id": request["id"], "result": result}) + "\n"


def plainly(request: Json) -> str:
    return answered(request, outcome="value")


@asynccontextmanager
async def serving(
    converse: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]], port: int = 0
) -> AsyncIterator[str]:
    """An address at which each connection is conversed with."""
    writers = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await converse(reader, writer)

    async with await asyncio.start_server(connected, "127.0.0.1", port) as server:
        yield f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        for writer in writers:
            writer.transport.abort()


@asynccontextmanager
async def listening(*connections: Answer, port: int = 0) -> AsyncIterator[str]:
    """An adapter that answers each connection as one of these says, and the last one for ever; None ends a connection."""
    left = list(connections)

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answer = left.pop(0) if len(left) > 1 else left[0]
        while line := await reader.readline():
            text = answer(json.loads(line))
            if text is None:
                writer.close()
                break
            writer.write(text.encode())

    async with serving(converse, port) as address:
        yield address


def reset(generation: int) -> ResetParams:
    return {
        "generation": generation,
        "now": "2026-01-01T00:00:00Z",
        "platform": {"baseUrl": "http://127.0.0.1:1"},
        "clients": {"a": {"credential": {"kind": "none"}}},
    }


def call(generation: int) -> CallParams:
    return {"generation": generation, "client": "a", "operation": "open", "arguments": {}}


def test_the_same_messages_go_over_a_connection() -> None:
    asked = []

    def noting(request: Json) -> str:
        asked.append(request["method"])
        return plainly(request)

    async def conversation() -> None:
        async with asyncio.timeout(10), listening(noting) as address:
            adapter = TcpAdapter(address, deadlines=Deadlines(stop=1000))
            assert adapter.name == address
            assert (await adapter.start(INITIALIZE))["implementation"] == {"name": "t"}
            assert await adapter.reset(reset(1)) == {"generation": 1, "outcome": "value"}
            assert (await adapter.call(call(1)))["outcome"] == "value"
            await adapter.close()
            await adapter.close()
            assert adapter.faults == []

    asyncio.run(conversation())
    # The process is not ours to end.
    assert asked == ["initialize", "reset", "call"]


def test_a_connection_that_is_lost_is_a_crash_and_a_restart_connects_again() -> None:
    def giving_up(request: Json) -> str | None:
        return None if request["method"] == "call" else plainly(request)

    async def conversation() -> None:
        async with listening(giving_up, plainly) as address:
            adapter = TcpAdapter(address)
            await adapter.start(INITIALIZE)
            await adapter.reset(reset(1))
            with pytest.raises(AdapterFault) as raised:
                await adapter.call(call(1))
            assert raised.value.kind == "crash"
            assert (
                "ended the connection before it had answered call of open (generation 1, request 3)"
                in raised.value.detail
            )
            await adapter.restart()
            assert (await adapter.call(call(2)))["outcome"] == "value"
            await adapter.close()
            assert adapter.faults == []

    asyncio.run(conversation())


def test_a_loss_that_nobody_was_told_of_is_recorded() -> None:
    async def conversation() -> None:
        async with listening(lambda request: None if request["method"] == "settle" else plainly(request)) as address:
            adapter = TcpAdapter(address)
            await adapter.start(INITIALIZE)
            waiting = asyncio.create_task(adapter.settle({"generation": 1}))
            assert adapter.channel is not None
            while adapter.channel.lost is None:  # noqa: ASYNC110 - a loss sets no event
                await asyncio.sleep(0)
            lost = adapter.channel.lost
            waiting.cancel()
            await adapter.close()
            assert adapter.faults == [lost]
            assert lost.kind == "crash"

    asyncio.run(conversation())


def test_what_one_connection_owes_is_nothing_to_the_next_one() -> None:
    """It answers the call late: when it is asked again, over another connection."""
    owed: list[Json] = []

    def owing(request: Json) -> str:
        if request["method"] == "call":
            owed.append(request)
            return ""
        return plainly(request)

    def paying(request: Json) -> str:
        late = "".join(plainly(old) for old in owed) if request["method"] == "reset" else ""
        return late + plainly(request)

    async def conversation() -> None:
        async with listening(owing, paying) as address:
            adapter = TcpAdapter(address, deadlines=Deadlines(call=SHORT))
            await adapter.start(INITIALIZE)
            await adapter.reset(reset(1))
            with pytest.raises(AdapterFault, match="no answer to call of open"):
                await adapter.call(call(1))
            await adapter.restart()
            assert (await adapter.reset(reset(2)))["generation"] == 2
            assert [fault.kind for fault in adapter.faults] == ["stale"]
            await adapter.close()

    asyncio.run(conversation())


@pytest.mark.parametrize("step", [TcpAdapter.restart, TcpAdapter.close])
def test_what_is_not_read_does_not_hold_up_the_end(step: Callable[[TcpAdapter], Awaitable[object]]) -> None:
    """An adapter that was stopped in a debugger reads nothing, for all that is sent to it."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(plainly(json.loads(await reader.readline())).encode())
        cast(asyncio.Transport, writer.transport).pause_reading()

    async def conversation() -> None:
        async with serving(converse) as address:
            adapter = TcpAdapter(address, deadlines=Deadlines(call=SHORT, stop=SHORT))
            await adapter.start(INITIALIZE)
            for _ in range(12):
                with pytest.raises(AdapterFault, match="hang"):
                    await adapter.call({**call(1), "arguments": {"name": "x" * 1_000_000}})
            await step(adapter)
            await adapter.close()

    asyncio.run(conversation())


def test_an_adapter_that_comes_back_late_is_waited_for() -> None:
    """As one that its author starts again."""

    async def conversation() -> None:
        async with listening(plainly) as address:
            adapter = TcpAdapter(address)
            await adapter.start(INITIALIZE)
        with pytest.raises(AdapterFault, match="there is no adapter at") as raised:
            await TcpAdapter(address).start(INITIALIZE)
        assert raised.value.kind == "not-found"

        restart = asyncio.create_task(adapter.restart())
        connecting = asyncio.get_running_loop().create_connection
        tried = asyncio.Event()

        async def trying(*arguments: Any, **options: Any) -> Any:
            tried.set()
            return await connecting(*arguments, **options)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(asyncio.get_running_loop(), "create_connection", trying)
            await tried.wait()
        async with asyncio.timeout(10), listening(plainly, port=int(address.rpartition(":")[2])):
            assert (await restart)["implementation"] == {"name": "t"}
            await adapter.close()

    asyncio.run(conversation())


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1:4000", "http://127.0.0.1:4000", "tcp://127.0.0.1", "tcp://:4000", "tcp://127.0.0.1:port", "tcp://[::1"],
)
def test_what_is_no_address_is_told(address: str) -> None:
    with pytest.raises(AdapterFault, match="is no address of an adapter") as raised:
        asyncio.run(TcpAdapter(address).start(INITIALIZE))
    assert raised.value.kind == "not-found"
    assert "tcp://127.0.0.1:4000" in raised.value.remedy
