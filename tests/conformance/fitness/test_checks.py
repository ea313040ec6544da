"""The adapter check: a good adapter passes, and each flaw is found by the check that is about it, and by no other."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from openfirst_conformance.adapters.adapter import Adapter
from openfirst_conformance.adapters.inprocess import PythonAdapter
from openfirst_conformance.adapters.process import ProcessAdapter
from openfirst_conformance.adapters.protocol.deadlines import Deadlines
from openfirst_conformance.adapters.protocol.faults import AdapterFault
from openfirst_conformance.adapters.tcp import TcpAdapter
from openfirst_conformance.fitness.checks import Checked, check_adapter
from openfirst_reference.contract.load import load_contract

ADAPTERS = Path(__file__).parents[1] / "adapters"
CONTRACT = load_contract()
PATIENT = Deadlines(call=20, stop=20)
# For what never comes; long enough for what does.
SHORT = Deadlines(call=0.5, stop=0.5)


def flawed(flaw: str, deadlines: Deadlines = PATIENT) -> Adapter:
    command = shlex.join([sys.executable, str(ADAPTERS / "flawed.py"), flaw])
    return ProcessAdapter(command, deadlines=deadlines)


def checked(adapter: Adapter) -> list[Checked]:
    async def results() -> list[Checked]:
        return [result async for result in check_adapter(adapter, CONTRACT)]

    return asyncio.run(results())


def wrong(results: list[Checked]) -> dict[str, str]:
    """What was found where something is wrong, and what to do about it."""
    return {result.name: f"{result.found}. {result.remedy}" for result in results if not result.is_ok}


def test_a_good_adapter_passes_every_check() -> None:
    results = checked(flawed("none"))
    assert wrong(results) == {}
    assert {result.name: result.found for result in results} == {
        "handshake": "flawed 2: 3 operations, 1 client, real clock",
        "unknown method": "answered with a JSON-RPC error",
        "ids": "given back as they came",
        "calls": "all answered, each answer with its generation",
        "fresh reset": "a new case begins with what a first case begins with",
        "old cases": "leave nothing, and nothing of them is answered late",
        "text": "accents, emoji, right to left: given back whole; lone surrogates: answered",
        "large values": "100 kB: answered",
        "time": "settle is answered",
        "shutdown": "answered, and the process ended",
        "end of input": "the process ended",
        "nothing else": "all that came was messages of the protocol",
    }


def test_the_reference_client_passes_in_process_with_several_calls_at_once() -> None:
    results = checked(PythonAdapter("openfirst_conformance.adapters.authoring.reference_adapter:create"))
    assert wrong(results) == {}
    found = {result.name: result.found for result in results}
    assert found["calls at once"] == "4, as declared, and each answered"
    assert found["time"] == "advance and settle are answered"
    # What openfirst does itself for an object in its own process is not asked.
    assert not found.keys() & {"unknown method", "ids", "old cases", "end of input"}


def test_an_adapter_that_says_what_arguments_it_takes_is_given_no_others() -> None:
    assert wrong(checked(flawed("needs info"))) == {}


def test_an_adapter_that_says_what_services_it_has_is_asked_for_no_others() -> None:
    results = checked(flawed("lacks a method, and says so"))
    assert wrong(results) == {}
    assert {result.name: result.found for result in results}["services"] == "4 methods of services are answered"


def test_a_notification_is_no_fault_of_an_adapter() -> None:
    assert wrong(checked(flawed("sends notifications"))) == {}


def test_what_the_implementation_does_to_every_name_is_not_the_adapters_fault() -> None:
    assert wrong(checked(flawed("shouts"))) == {}


def test_what_is_not_declared_need_not_be_known_but_is_to_be_survived() -> None:
    assert wrong(checked(flawed("declares nothing"))) == {}
    found = wrong(checked(flawed("declares nothing, and dies of a call")))
    assert "exited with status 6 before it had answered call of isOpen" in found["fresh reset"]


@pytest.mark.parametrize(
    ("flaw", "check", "told"),
    [
        (
            "declares what there is not",
            "handshake",
            ["`opne` in `capabilities.operations`", "Did you mean `open`?"],
        ),
        (
            "lacks a method",
            "services",
            [
                "conference.create is declared, or nothing is said of services",
                "(not written yet)",
                "`capabilities.services`",
            ],
        ),
        ("answers what it does not know", "unknown method", ["answered with a result", "-32601"]),
        (
            "keeps the session",
            "fresh reset",
            ["isOpen gives", '"value": true', "after open and a reset", '"value": false'],
        ),
        (
            "reads the wrong encoding",
            "text",
            ["name 'Zoë", "given to open, came back as 'ZoÃ«", "'Ana Lee' came back whole"],
        ),
        ("dies of lone surrogates", "text", ["exited with status 3 before it had answered call of open"]),
        ("has no settle", "time", ["settle", "-32601"]),
        ("has no advance", "time", ["advance", "-32601"]),
        ("is not written yet", "calls", ["open is declared, and answered with `unsupported` (not written yet)"]),
        ("exits with a status", "shutdown", ["exited with status 4"]),
        ("prints", "nothing else", ["making a call (and ", " more like it)", "send logs to standard error"]),
    ],
)
def test_a_flaw_is_found_by_the_check_that_is_about_it(flaw: str, check: str, told: list[str]) -> None:
    found = wrong(checked(flawed(flaw)))
    also = {"old cases"} if flaw == "keeps the session" else set()
    assert found.keys() - also == {check}
    for words in told:
        assert words in found[check]


@pytest.mark.parametrize(
    ("flaw", "check", "told"),
    [
        ("counts its answers", "ids", ["an answer to request 3", "with its own id"]),
        ("counts its generations", "ids", ["generation", "Give back the generation of the request"]),
        ("leaves out the generation", "calls", ["'generation' is a required property"]),
        ("reads no more than 64 KiB", "large values", ["no answer to call of open", "flush"]),
        ("answers one of several calls", "calls at once", ["no answer to call of open"]),
        ("stays after shutdown", "shutdown", ["still ran 0.5 s after shutdown", "Exit once"]),
        ("stays at the end of its input", "end of input", ["still ran 0.5 s after the end of its input"]),
        ("does not answer a reset", "ids", ["no answer to reset"]),
    ],
)
def test_a_flaw_that_holds_things_up_is_found_and_the_check_ends(flaw: str, check: str, told: list[str]) -> None:
    found = wrong(checked(flawed(flaw, Deadlines(start=1, call=0.5, stop=0.5))))
    assert check in found
    for words in told:
        assert words in found[check]


def test_without_a_case_nothing_more_is_tried() -> None:
    results = checked(flawed("does not answer a reset", Deadlines(start=1, call=0.5, stop=0.5)))
    assert [result.name for result in results] == ["handshake", "unknown method", "ids"]


def test_an_adapter_that_does_not_start_is_one_finding() -> None:
    (result,) = checked(ProcessAdapter(shlex.join([sys.executable, "-c", "raise SystemExit('no licence')"])))
    assert result.name == "handshake"
    assert "exited with status 1 before it had answered initialize" in result.found
    assert result.stderr == "no licence"


def test_a_command_that_is_none_is_no_finding() -> None:
    with pytest.raises(AdapterFault, match="there is no program 'no-such-adapter'"):
        checked(ProcessAdapter("no-such-adapter"))


def test_an_object_that_raises_is_restarted_for_the_next_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ADAPTERS))
    found = wrong(checked(PythonAdapter("implementations_for_judge:DiesOnGetParticipant")))
    assert found.keys() == {"fresh reset", "calls"}
    assert "getParticipant" in found["calls"] and "RuntimeError: nobody here" in found["calls"]


class Hasty(asyncio.Protocol):
    """A good adapter at the end of a connection, but it answers a reset before the calls that came with it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.generation = 0
        self.rest = b""

    def data_received(self, data: bytes) -> None:
        *lines, self.rest = (self.rest + data).split(b"\n")
        requests = [json.loads(line) for line in lines]
        for request in sorted(requests, key=lambda request: request["method"] == "call"):
            self.transport.write(json.dumps(self.answer(request)).encode() + b"\n")

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        method, params = request["method"], request.get("params", {})
        result: dict[str, Any] = {"generation": params.get("generation"), "outcome": "value"}
        if method == "initialize":
            capabilities = {"operations": ["open", "close"]}
            result = {"protocol": 1, "implementation": {"name": "hasty"}, "capabilities": capabilities}
        elif method == "reset":
            self.generation = params["generation"]
        elif method not in ("call", "settle"):
            return {"id": request["id"], "error": {"code": -32601, "message": "what?"}}
        return {"id": request["id"], "result": result}


class Stamping(Hasty):
    """It gives every answer the generation of the last reset."""

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        answer = super().answer(request)
        if request["method"] == "call":
            answer["result"]["generation"] = self.generation
        return answer


@pytest.mark.parametrize(
    ("protocol", "told"),
    [
        (Hasty, "open of an old case was answered after the reset that ended the case"),
        (Stamping, "came where"),
    ],
)
def test_an_answer_of_an_old_case_is_found(protocol: type[asyncio.Protocol], told: str) -> None:
    async def results() -> list[Checked]:
        loop = asyncio.get_running_loop()
        async with await loop.create_server(protocol, "127.0.0.1", 0) as server:
            adapter = TcpAdapter(f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}", deadlines=PATIENT)
            return [result async for result in check_adapter(adapter, CONTRACT)]

    found = asyncio.run(results())
    assert wrong(found).keys() == {"old cases"}
    assert told in wrong(found)["old cases"]
    assert [result.name for result in found][-2:] == ["next connection", "nothing else"]
