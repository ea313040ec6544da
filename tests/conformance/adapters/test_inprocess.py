"""Adapters that are Python objects: the same object behaves alike in this process and behind `serve`."""

from __future__ import annotations

import asyncio
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
from openfirst_conformance.adapters.protocol.faults import AdapterFault, RequestRefused
from openfirst_conformance.adapters.protocol.shapes import CallParams, InitializeParams, ResetParams, WorldParams
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
Make = Callable[..., Adapter]


async def grant(method: str, params: Json) -> Json:
    if params["client"] != "a":
        raise RequestRefused(-32000, "no token for you")
    return {"token": "fresh"}


@pytest.fixture(params=["in process", "served"])
def make(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Make:
    monkeypatch.syspath_prepend(str(ADAPTERS))

    def in_process(name: str, **options: Any) -> Adapter:
        return PythonAdapter(f"adapter_objects:{name}", handler=grant, **options)

    def served(name: str, **options: Any) -> Adapter:
        command = [sys.executable, str(ADAPTERS / "serve_object.py"), name]
        return ProcessAdapter(shlex.join(command), handler=grant, **options)

    return in_process if request.param == "in process" else served


def call(operation: str, /, **arguments: Any) -> CallParams:
    return {"generation": 3, "client": "a", "operation": operation, "arguments": arguments}


PATIENT = Deadlines(call=10, stop=10)


def test_an_object_is_an_adapter_and_what_it_prints_is_in_nobodys_way(make: Make) -> None:
    async def conversation() -> None:
        adapter = make("Plain", deadlines=PATIENT)
        assert (await adapter.start(INITIALIZE))["implementation"] == {"name": "plain"}
        assert await adapter.reset(RESET) == {"generation": 3}
        for name in ("Ana", "日本語 😀", "\ud800", "x" * 900 * 1024):
            assert await adapter.call(call("echo", name=name)) == {
                "generation": 3,
                "outcome": "value",
                "value": {"name": name},
            }
        assert await adapter.settle({"generation": 3}) == {"generation": 3}
        await adapter.close()
        await adapter.close()
        assert adapter.faults == []

    asyncio.run(conversation())


def test_plain_methods_called_in_turn_run_in_one_thread_that_is_not_the_loops(make: Make) -> None:
    async def conversation() -> None:
        adapter = make("Plain", deadlines=PATIENT)
        await adapter.start(INITIALIZE)
        threads = [(await adapter.call(call("thread")))["value"] for _ in range(5)]
        assert len(set(threads)) == 1
        await adapter.close()

    asyncio.run(conversation())


def test_calls_of_an_object_that_declares_concurrency_run_at_once(make: Make) -> None:
    async def conversation() -> None:
        adapter = make("Asynchronous", deadlines=PATIENT)
        await adapter.start(INITIALIZE)
        answers = await asyncio.gather(*(adapter.call(call("together")) for _ in range(3)))
        assert [answer["outcome"] for answer in answers] == ["value"] * 3
        await adapter.close()
        assert adapter.faults == []

    asyncio.run(conversation())


def test_an_object_asks_the_judge(make: Make) -> None:
    async def conversation() -> None:
        adapter = make("Asynchronous", deadlines=PATIENT)
        await adapter.start(INITIALIZE)
        await adapter.reset(RESET)
        values = [
            (await adapter.call(call("refresh", generation=generation, client=client)))["value"]
            for generation, client in ((3, "a"), (3, "b"), (2, "a"))
        ]
        assert values == [
            {"token": "fresh"},
            [-32000, "no token for you"],
            [-32000, "that generation is over"],
        ]
        assert [fault.kind for fault in adapter.faults] == ["stale"]
        await adapter.close()

    asyncio.run(conversation())


def test_methods_that_an_object_lacks_are_refused(make: Make) -> None:
    async def conversation() -> None:
        adapter = make("Plain", deadlines=PATIENT)
        await adapter.start(INITIALIZE)
        with pytest.raises(AdapterFault, match="-32601") as raised:
            await adapter.advance({"generation": 3, "milliseconds": 5})
        assert raised.value.kind == "refused"
        await adapter.close()

        adapter = make("Asynchronous", deadlines=PATIENT)
        await adapter.start(INITIALIZE)
        assert (await adapter.advance({"generation": 3, "milliseconds": 5})) == {"generation": 3, "milliseconds": 5}
        world: WorldParams = {"generation": 3, "client": "a", "action": "kick", "arguments": {}}
        assert await adapter.world(world) == {"generation": 3}
        await adapter.close()

    asyncio.run(conversation())


@pytest.mark.parametrize(
    ("operation", "text"),
    [
        ("fail", "ZeroDivisionError: no client"),
        ("exit", "it called exit(7)"),
    ],
)
def test_an_exception_is_the_adapters_fault_and_its_traceback_is_kept(make: Make, operation: str, text: str) -> None:
    async def conversation() -> None:
        adapter = make("Plain", deadlines=PATIENT)
        await adapter.start(INITIALIZE)
        with pytest.raises(AdapterFault) as raised:
            await adapter.call(call(operation))
        assert raised.value.kind in {"crash", "refused"}
        assert text in raised.value.detail
        assert "adapter_objects.py" in raised.value.stderr
        assert raised.value.stderr in adapter.stderr_tail()
        assert (await adapter.call(call("echo")))["outcome"] == "value"
        await adapter.close()

    asyncio.run(conversation())


def test_an_exception_in_process_is_a_crash_told_in_one_line(make: Make) -> None:
    async def conversation() -> None:
        adapter = PythonAdapter("adapter_objects:Plain")
        await adapter.start(INITIALIZE)
        with pytest.raises(AdapterFault) as raised:
            await adapter.call(call("fail"))
        assert raised.value.kind == "crash"
        assert raised.value.detail.endswith("raised ZeroDivisionError: no client; to divide")
        assert "line " in raised.value.stderr
        await adapter.close()

    asyncio.run(conversation())


@pytest.mark.parametrize("operation", ["nonsense", "unwritable"])
def test_an_answer_that_is_not_permitted_is_a_fault(make: Make, operation: str) -> None:
    async def conversation() -> None:
        adapter = make("Plain", deadlines=PATIENT)
        await adapter.start(INITIALIZE)
        with pytest.raises(AdapterFault) as raised:
            await adapter.call(call(operation))
        assert raised.value.kind in {"bad-message", "refused"}
        await adapter.close()

    asyncio.run(conversation())


@pytest.mark.parametrize("name", ["Plain", "Asynchronous"])
def test_a_call_that_never_returns_hangs_and_a_restart_goes_on(make: Make, name: str) -> None:
    async def conversation() -> None:
        adapter = make(name, deadlines=Deadlines(call=0.05, stop=0.05))
        await adapter.start(INITIALIZE)
        with pytest.raises(AdapterFault, match=r"within 0\.05 s") as raised:
            await adapter.call(call("hang"))
        assert raised.value.kind == "hang"
        await adapter.restart()
        assert await adapter.reset(RESET) == {"generation": 3}
        await adapter.close()

    asyncio.run(conversation())


def test_shutdown_overtakes_a_call_that_hangs(make: Make) -> None:
    async def conversation() -> None:
        adapter = make("Plain", deadlines=Deadlines(call=0.05, stop=10))
        await adapter.start(INITIALIZE)
        with pytest.raises(AdapterFault, match="hang"):
            await adapter.call(call("hang"))
        await adapter.close()
        assert adapter.faults == []

    asyncio.run(conversation())


def test_a_shutdown_that_fails_is_recorded(make: Make) -> None:
    async def conversation() -> None:
        adapter = make("Clumsy", deadlines=PATIENT)
        await adapter.start(INITIALIZE)
        await adapter.close()
        assert len(adapter.faults) == 1
        assert "a file is locked" in adapter.faults[0].detail

    asyncio.run(conversation())


@pytest.mark.parametrize("make", ["served"], indirect=True)
def test_standard_input_and_output_are_the_protocols_alone(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)

    async def conversation() -> None:
        adapter = make("Curious", deadlines=PATIENT)
        await adapter.start(INITIALIZE)
        assert "initialised for session" in adapter.stderr_tail()
        assert await adapter.reset(RESET) == {"generation": 3}
        await adapter.close()
        assert adapter.faults == []

    asyncio.run(conversation())


def test_what_an_object_does_to_its_params_does_not_reach_the_judge(make: Make) -> None:
    async def conversation() -> None:
        adapter = make("Plain", deadlines=PATIENT)
        await adapter.start(INITIALIZE)
        params = call("spoil", name="Ana")
        assert (await adapter.call(params))["outcome"] == "value"
        assert params == call("spoil", name="Ana")
        await adapter.close()

    asyncio.run(conversation())


def test_in_process_an_old_generation_and_an_inner_cancellation_are_told(make: Make) -> None:
    async def conversation() -> None:
        adapter = PythonAdapter("adapter_objects:Plain")
        await adapter.start(INITIALIZE)
        with pytest.raises(AdapterFault, match="generation 2 came where 3") as raised:
            await adapter.call(call("old"))
        assert raised.value.kind == "stale"

        adapter = PythonAdapter("adapter_objects:Asynchronous")
        await adapter.start(INITIALIZE)
        with pytest.raises(AdapterFault, match="was cancelled from inside") as raised:
            await adapter.call(call("cancel"))
        assert raised.value.kind == "crash"

    asyncio.run(conversation())


def test_a_handshake_that_fails_is_no_start(make: Make) -> None:
    async def conversation() -> None:
        adapter = make("Unwilling", deadlines=PATIENT)
        with pytest.raises(AdapterFault, match="no licence") as raised:
            await adapter.start(INITIALIZE)
        assert raised.value.kind in {"start-failed", "refused"}
        await adapter.close()

    asyncio.run(conversation())


@pytest.mark.parametrize(
    ("path", "kind", "told"),
    [
        ("adapter_objects", "not-found", "Write package.module:factory."),
        ("no_such_module:make", "not-found", "there is no module 'no_such_module'"),
        ("adapter_objects.inner:make", "not-found", "there is no module 'adapter_objects.inner'"),
        ("adapter_objects:Missing", "not-found", "has no 'Missing'"),
        ("adapter_objects:broken", "start-failed", "raised LookupError: no SDK"),
        ("needs_more:make", "start-failed", "raised ModuleNotFoundError: No module named 'no_such_sdk'"),
        ("unreadable:make", "start-failed", "raised SyntaxError"),
    ],
)
def test_a_factory_that_is_not_there_or_fails_is_told_apart(
    path: str, kind: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "needs_more.py").write_text("import no_such_sdk\n")
    (tmp_path / "unreadable.py").write_text("def (:\n")
    monkeypatch.syspath_prepend(str(ADAPTERS))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    with pytest.raises(AdapterFault) as raised:
        asyncio.run(PythonAdapter(path).start(INITIALIZE))
    assert raised.value.kind == kind
    assert told in str(raised.value)
