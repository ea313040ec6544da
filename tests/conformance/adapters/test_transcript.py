"""Transcripts: every message that passes, in its order, whatever carries it and however it ends."""

from __future__ import annotations

import asyncio
import io
import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from openfirst_conformance.adapters.adapter import Adapter
from openfirst_conformance.adapters.inprocess import PythonAdapter
from openfirst_conformance.adapters.process import ProcessAdapter
from openfirst_conformance.adapters.protocol.deadlines import Deadlines
from openfirst_conformance.adapters.protocol.faults import AdapterFault
from openfirst_conformance.adapters.protocol.shapes import CallParams, InitializeParams, ResetParams
from openfirst_conformance.adapters.protocol.transcript import Transcript, transcript_in
from openfirst_conformance.adapters.tcp import TcpAdapter
from openfirst_reference.contract.document import Json

ADAPTERS = Path(__file__).parent
INITIALIZE: InitializeParams = {
    "protocol": 1,
    "contract": {"name": "session", "version": "1.0.0"},
    "platform": {"baseUrl": "http://127.0.0.1:1"},
}
RESET: ResetParams = {
    "generation": 3,
    "now": "2026-01-01T00:00:00Z",
    "platform": {"baseUrl": "http://127.0.0.1:1"},
    "clients": {"a": {"credential": {"kind": "none"}}},
}
PATIENT = Deadlines(call=10, stop=10)
Make = Callable[[str, Transcript], Adapter]


def command(script: str, *arguments: object) -> str:
    return shlex.join([sys.executable, str(ADAPTERS / f"{script}.py"), *map(str, arguments)])


def call(operation: str, /, **arguments: Any) -> CallParams:
    return {"generation": 3, "client": "a", "operation": operation, "arguments": arguments}


def kept(file: io.StringIO) -> list[Json]:
    """The lines of a transcript."""
    return [json.loads(line) for line in file.getvalue().splitlines()]


def outlined(line: Json) -> tuple[str, str]:
    """Who said it, and what kind of thing it is."""
    message = line.get("message", {})
    kinds = [message.get("method"), *(key for key in ("result", "error") if key in message), "text"]
    return line["from"], next(kind for kind in kinds if kind)


@pytest.fixture(params=["in process", "served"])
def make(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Make:
    """The same object in this process and in one of its own."""
    monkeypatch.syspath_prepend(str(ADAPTERS))

    async def grant(method: str, params: Json) -> Json:
        return {"token": "fresh"}

    def in_process(name: str, transcript: Transcript) -> Adapter:
        return PythonAdapter(f"adapter_objects:{name}", handler=grant, deadlines=PATIENT, transcript=transcript)

    def served(name: str, transcript: Transcript) -> Adapter:
        return ProcessAdapter(command("serve_object", name), handler=grant, deadlines=PATIENT, transcript=transcript)

    return in_process if request.param == "in process" else served


def test_every_message_of_both_sides_is_kept_in_order(make: Make) -> None:
    file = io.StringIO()

    async def conversation() -> None:
        adapter = make("Asynchronous", Transcript(file))
        await adapter.start(INITIALIZE)
        await adapter.reset(RESET)
        await adapter.call(call("refresh", generation=3, client="a"))
        await adapter.call(call("refresh", generation=2, client="a"))
        await adapter.close()

    asyncio.run(conversation())
    lines = kept(file)
    ask = [("judge", "call"), ("adapter", "refreshToken")]
    assert [outlined(line) for line in lines] == [
        *[("judge", "initialize"), ("adapter", "result"), ("judge", "reset"), ("adapter", "result")],
        *[*ask, ("judge", "result"), ("adapter", "result"), *ask, ("judge", "error"), ("adapter", "result")],
        *[("judge", "shutdown"), ("adapter", "result")],
    ]
    assert lines[0]["message"]["params"] == INITIALIZE
    assert lines[6]["message"]["result"] == {"token": "fresh"}
    for asked, answered in ((0, 1), (2, 3), (4, 7), (5, 6), (8, 11), (9, 10), (12, 13)):
        assert lines[asked]["message"]["id"] == lines[answered]["message"]["id"]
    assert all(line["message"]["jsonrpc"] == "2.0" for line in lines)
    times = [line["at"] for line in lines]
    assert times == sorted(times) and times[0] >= 0


def test_a_call_that_fails_is_kept_with_its_error(make: Make) -> None:
    file = io.StringIO()

    async def conversation() -> None:
        adapter = make("Plain", Transcript(file))
        await adapter.start(INITIALIZE)
        for operation in ("fail", "unwritable", "nothing"):
            with pytest.raises(AdapterFault):
                await adapter.call(call(operation))
        with pytest.raises(AdapterFault):
            await adapter.advance({"generation": 3, "milliseconds": 1})
        await adapter.close()

    asyncio.run(conversation())
    asked_and_answered = [outlined(line)[1] for line in kept(file)][2:-2]
    assert asked_and_answered == ["call", "error", "call", "error", "call", "result", "advance", "error"]
    assert [line["message"]["error"]["code"] for line in kept(file) if "error" in line.get("message", {})] == [
        *[-32000, -32000],
        -32601,
    ]


def test_what_is_no_message_is_kept_as_text() -> None:
    file = io.StringIO()
    lines = ["INFO opening", '{"level": 1}', "\u2028é"]

    async def conversation() -> None:
        adapter = ProcessAdapter(command("careless"), deadlines=PATIENT, transcript=Transcript(file))
        await adapter.start(INITIALIZE)
        await adapter.call(call("echo", lines=lines))
        await adapter.close()

    asyncio.run(conversation())
    assert [line["text"] for line in kept(file) if "text" in line] == ["> careless@1.0.0 start", *lines]


def test_what_an_object_asks_that_is_no_json_is_kept_as_text() -> None:
    file = io.StringIO()
    Transcript(file).message("adapter", {"id": "r1", "method": "refreshToken", "params": {"generation": {3}}})
    assert kept(file)[0]["text"].startswith("{'id': 'r1', 'method': 'refreshToken'")


def test_a_crash_leaves_all_that_came_before_it(tmp_path: Path) -> None:
    """Read while it is still being written, as a crash of the judge would leave it."""
    path = tmp_path / "messages.jsonl"

    async def conversation() -> None:
        with transcript_in(path) as transcript:
            adapter = ProcessAdapter(command("crashing"), deadlines=PATIENT, transcript=transcript)
            await adapter.start(INITIALIZE)
            for _ in range(2):
                await adapter.call(call("echo"))
            with pytest.raises(AdapterFault):
                await adapter.call(call("echo", name="\ud800 last words"))
            *_, last = map(json.loads, path.read_text(encoding="ascii").splitlines())
            assert last["message"]["params"]["arguments"] == {"name": "\ud800 last words"}
            await adapter.close()

    asyncio.run(conversation())


def test_messages_over_a_connection_are_kept_too() -> None:
    file = io.StringIO()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = json.loads(await reader.readline())["id"]
        result = {"protocol": 1, "implementation": {"name": "t"}, "capabilities": {"operations": []}}
        writer.write(json.dumps({"id": number, "result": result}).encode() + b"\n")
        await reader.read()
        writer.close()

    async def conversation() -> None:
        async with await asyncio.start_server(converse, "127.0.0.1", 0) as server:
            address = f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            adapter = TcpAdapter(address, transcript=Transcript(file))
            await adapter.start(INITIALIZE)
            await adapter.close()

    asyncio.run(conversation())
    assert [outlined(line) for line in kept(file)] == [("judge", "initialize"), ("adapter", "result")]


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"cannot be written: .*\. Name another"):
        transcript_in(tmp_path / "no" / "such" / "folder").__enter__()


def test_without_a_file_there_is_no_transcript() -> None:
    with transcript_in(None) as transcript:
        assert transcript is None
