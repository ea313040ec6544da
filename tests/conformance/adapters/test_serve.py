"""What `serve` does for an object, beyond what it does in this process: the ends of cases, and a port to listen at."""

from __future__ import annotations

import asyncio
import json
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from openfirst_conformance.adapters.process import ProcessAdapter
from openfirst_conformance.adapters.protocol.deadlines import Deadlines
from openfirst_conformance.adapters.protocol.faults import AdapterFault
from openfirst_conformance.adapters.protocol.shapes import CallParams, Credential, InitializeParams, ResetParams
from openfirst_conformance.adapters.tcp import TcpAdapter

ADAPTERS = Path(__file__).parent
INITIALIZE: InitializeParams = {
    "protocol": 1,
    "contract": {"name": "session", "version": "1.0.0"},
    "platform": {"baseUrl": "http://127.0.0.1:1"},
}


def reset(generation: int) -> ResetParams:
    return {
        "generation": generation,
        "now": "2026-01-01T00:00:00Z",
        "platform": {"baseUrl": "http://127.0.0.1:1"},
        "clients": {"a": {"credential": {"kind": "none"}}},
    }


def call(generation: int, operation: str) -> CallParams:
    return {"generation": generation, "client": "a", "operation": operation, "arguments": {}}


@contextmanager
def listening(implementation: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """An object that is served at a port: the address, and the process."""
    script = [sys.executable, str(ADAPTERS / "listening.py"), implementation]
    with subprocess.Popen(script, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            yield process.stderr.readline().removeprefix("Listening on ").strip(), process
        finally:
            process.kill()


def test_a_call_of_a_case_that_is_over_is_not_answered_any_more() -> None:
    """It comes back together with two calls of the next case, and with them only."""

    async def conversation() -> None:
        command = shlex.join([sys.executable, str(ADAPTERS / "serve_object.py"), "Asynchronous"])
        adapter = ProcessAdapter(command, deadlines=Deadlines(call=10, stop=10))
        await adapter.start(INITIALIZE)
        await adapter.reset(reset(3))
        old = asyncio.create_task(adapter.call(call(3, "together")))
        await asyncio.sleep(0)
        await adapter.reset(reset(4))
        await asyncio.gather(*(adapter.call(call(4, "together")) for _ in range(2)))
        await adapter.settle({"generation": 4})
        assert not old.done()
        old.cancel()
        await adapter.close()
        assert adapter.faults == []

    asyncio.run(conversation())


def test_a_call_that_hangs_does_not_hold_up_the_next_connection() -> None:
    async def conversation(address: str) -> None:
        adapter = TcpAdapter(address, deadlines=Deadlines(call=0.2, start=10))
        await adapter.start(INITIALIZE)
        await adapter.reset({**reset(1), "clients": {"a": {"credential": CREDENTIAL}}})
        assert (await adapter.call(call(1, "open")))["outcome"] == "value"
        update: CallParams = {**call(1, "updateParticipantInfo"), "arguments": {"name": "Ana", "avatarUrl": None}}
        with pytest.raises(AdapterFault, match="hang"):
            await adapter.call(update)
        await adapter.restart()
        assert await adapter.reset(reset(2)) == {"generation": 2}
        await adapter.close()

    with listening("HangsInUpdate") as (address, _):
        asyncio.run(conversation(address))


CREDENTIAL: Credential = {"kind": "token", "token": "t", "condition": "good", "scopes": ["*"]}


def test_shutdown_ends_what_listens() -> None:
    with listening("Plain") as (address, process):
        host, _, port = address.removeprefix("tcp://").rpartition(":")
        with socket.create_connection((host, int(port))) as connection, connection.makefile("rw") as lines:
            lines.write('{"jsonrpc": "2.0", "id": 1, "method": "shutdown"}\n')
            lines.flush()
            assert json.loads(lines.readline())["result"] == {}
            assert lines.readline() == ""
        assert process.wait() == 0


def test_a_port_that_is_taken_is_told_in_a_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        script = f"from openfirst_conformance.adapters.authoring.serve import serve; serve(object(), port={port})"
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == f"Port {port} of 127.0.0.1 cannot be listened on: Address already in use. Choose another.\n"
