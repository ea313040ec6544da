"""Adapters that are processes: good ones, and every way in which one can go wrong."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from openfirst_conformance.adapters.adapter import Adapter
from openfirst_conformance.adapters.process import ProcessAdapter
from openfirst_conformance.adapters.protocol.channel import Channel
from openfirst_conformance.adapters.protocol.deadlines import Deadlines
from openfirst_conformance.adapters.protocol.faults import AdapterFault, RequestRefused
from openfirst_conformance.adapters.protocol.messages import RequestHandler
from openfirst_conformance.adapters.protocol.shapes import CallParams, InitializeParams, ResetParams, WorldParams
from openfirst_reference.contract.document import Json

ADAPTERS = Path(__file__).parent
INITIALIZE: InitializeParams = {
    "protocol": 1,
    "contract": {"name": "session", "version": "1.0.0"},
    "platform": {"baseUrl": "http://127.0.0.1:1"},
}
# Short, and so only for what never comes: whatever is answered in these tests has the deadlines of `start`.
SHORT = 0.05


def command(script: str, *arguments: object) -> str:
    return shlex.join([sys.executable, str(ADAPTERS / f"{script}.py"), *map(str, arguments)])


@asynccontextmanager
async def started(
    script: str,
    *arguments: object,
    handler: RequestHandler | None = None,
    deadlines: Deadlines | None = None,
) -> AsyncIterator[ProcessAdapter]:
    adapter = ProcessAdapter(
        command(script, *arguments), handler=handler, deadlines=deadlines or Deadlines(call=10, stop=10)
    )
    await adapter.start(INITIALIZE)
    try:
        yield adapter
    finally:
        await adapter.close()


def reset(generation: int) -> ResetParams:
    return {
        "generation": generation,
        "now": "2026-01-01T00:00:00Z",
        "platform": {"baseUrl": "http://127.0.0.1:1"},
        "clients": {"a": {"credential": {"kind": "none"}}},
    }


def call(generation: int = 1, operation: str = "echo", /, **arguments: Any) -> CallParams:
    return {"generation": generation, "client": "a", "operation": operation, "arguments": arguments}


def kinds(adapter: Adapter) -> list[str]:
    return [fault.kind for fault in adapter.faults]


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - what is waited for sets no event
        await asyncio.sleep(0)


def is_gone(pid: int | None) -> bool:
    assert pid is not None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


# --- good ones ----------------------------------------------------------------------------------------------


def test_a_good_adapter_answers_everything_and_leaves_nothing_behind() -> None:
    async def conversation() -> None:
        async with started("echo") as adapter:
            pid = adapter.pid
            assert await adapter.reset(reset(7)) == {"generation": 7}
            assert await adapter.call(call(7, name="Ana")) == {
                "generation": 7,
                "outcome": "value",
                "value": {"name": "Ana"},
            }
            assert await adapter.advance({"generation": 7, "milliseconds": 5}) == {"generation": 7}
            assert await adapter.settle({"generation": 7}) == {"generation": 7}
            world: WorldParams = {"generation": 7, "client": "a", "action": "kick", "arguments": {}}
            assert await adapter.world(world) == {"generation": 7}
            assert adapter.name == command("echo")
        assert adapter.faults == []
        assert is_gone(pid)
        await adapter.close()

    asyncio.run(conversation())


@pytest.mark.parametrize("text", ["аnа 日本語 😀 e\u0301", "\u2028\n\t\x00\x7f", "x" * 900 * 1024])
def test_values_come_back_as_they_were(text: str) -> None:
    async def conversation() -> None:
        async with started("echo") as adapter:
            assert (await adapter.call(call(name=text)))["value"] == {"name": text}

    asyncio.run(conversation())


def test_calls_at_once_are_answered_in_any_order() -> None:
    async def conversation() -> None:
        async with started("reversing") as adapter:
            answers = await asyncio.gather(*(adapter.call(call(number=number)) for number in range(3)))
            assert [answer["value"]["number"] for answer in answers] == [0, 1, 2]
            assert adapter.faults == []

    asyncio.run(conversation())


def test_params_against_the_schema_are_the_judges_mistake() -> None:
    async def conversation() -> None:
        async with started("echo") as adapter:
            with pytest.raises(ValueError, match="bad call"):
                await adapter.call({"generation": 1})  # type: ignore[typeddict-item]

    asyncio.run(conversation())


# --- those that do not start --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unusable", "kind", "told"),
    [
        ("no-such-adapter --fast", "not-found", "no program 'no-such-adapter' (looked for it on PATH)"),
        ("./no/such/adapter", "not-found", "looked for it as a file, from"),
        ("cd here && node adapter.js", "not-found", "sh -c"),
        ("node 'adapter.js", "not-found", "No closing quotation"),
        ("  ", "not-found", "the command is empty"),
        (shlex.quote(str(ADAPTERS / "echo.py")), "start-failed", "cannot be run: Permission denied"),
        (command("no-such-script"), "start-failed", "exited with status 2 before it had answered initialize"),
        (shlex.join([sys.executable, "-c", "input()"]), "start-failed", "exited with status 0"),
    ],
)
def test_a_command_that_does_not_start_is_told_apart(unusable: str, kind: str, told: str) -> None:
    adapter = ProcessAdapter(unusable)
    for _ in range(2):
        with pytest.raises(AdapterFault) as raised:
            asyncio.run(adapter.start(INITIALIZE))
        assert raised.value.kind == kind
        assert told in str(raised.value)
    asyncio.run(adapter.close())
    assert adapter.faults == []


def test_an_adapter_that_does_not_start_shows_what_it_wrote_to_standard_error() -> None:
    with pytest.raises(AdapterFault) as raised:
        asyncio.run(ProcessAdapter(command("no-such-script")).start(INITIALIZE))
    assert "No such file or directory" in raised.value.stderr


def test_an_adapter_that_never_answers_its_handshake_hangs_and_is_ended() -> None:
    silent = shlex.join([sys.executable, "-c", "import threading; threading.Event().wait()"])
    adapter = ProcessAdapter(silent, deadlines=Deadlines(start=SHORT))
    with pytest.raises(AdapterFault, match=r"no answer to initialize \(request 1\) within 0.05 s") as raised:
        asyncio.run(adapter.start(INITIALIZE))
    assert raised.value.kind == "hang"
    assert "flush" in raised.value.remedy
    assert is_gone(adapter.pid)


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        (
            "usage: acme [options]\n",
            ["garbled: ", "usage: acme [options]", "Standard output carries the protocol only"],
        ),
        ("Traceback:\n  here\nNameError\n", ["Traceback:", "NameError; no answer to initialize"]),
        ("acme> ", ["hang: ", "what came without an end of line begins acme> "]),
        ("[1]\n", ["noise: ", "[1]"]),
    ],
)
def test_a_program_that_is_no_adapter_is_answered_with_what_it_printed(printed: str, shown: list[str]) -> None:
    """It has as long as a call has, from then on; one that says nothing has as long as a start."""
    program = f"import sys, threading; print({printed!r}, end='', flush=True); threading.Event().wait()"
    adapter = ProcessAdapter(
        shlex.join([sys.executable, "-c", program]), deadlines=Deadlines(start=20, call=SHORT, stop=10)
    )
    with pytest.raises(AdapterFault) as raised:
        asyncio.run(adapter.start(INITIALIZE))
    assert "within 20 s" not in str(raised.value)
    for words in shown:
        assert words in str(raised.value)
    assert is_gone(adapter.pid)


def test_a_program_that_prints_a_line_and_ends_is_answered_with_that_line() -> None:
    with pytest.raises(AdapterFault) as raised:
        asyncio.run(ProcessAdapter("echo hello").start(INITIALIZE))
    assert raised.value.kind == "garbled"
    assert "hello; the adapter exited with status 0 before" in raised.value.detail


def test_an_adapter_that_prints_a_line_first_and_then_shakes_hands_is_taken() -> None:
    script = str(ADAPTERS / "tidy.py")
    program = f"import runpy; print('Welcome', flush=True); runpy.run_path({script!r})"

    async def conversation() -> None:
        adapter = ProcessAdapter(shlex.join([sys.executable, "-c", program]), deadlines=Deadlines(call=10, stop=10))
        assert (await adapter.start(INITIALIZE))["protocol"] == 1
        assert kinds(adapter) == ["garbled"]
        await adapter.close()

    asyncio.run(conversation())


def test_a_start_that_is_cancelled_leaves_no_process() -> None:
    async def conversation() -> None:
        silent = shlex.join([sys.executable, "-c", "import threading; threading.Event().wait()"])
        adapter = ProcessAdapter(silent)
        start = asyncio.create_task(adapter.start(INITIALIZE))
        await until(lambda: adapter.pid is not None)
        start.cancel()
        await asyncio.wait([start])
        assert start.cancelled()
        assert is_gone(adapter.pid)

    asyncio.run(conversation())


# --- those that end -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "ending"), [((), "exited with status 3"), ((int(signal.SIGKILL),), "was killed by SIGKILL")]
)
def test_a_crash_says_how_and_when_and_a_restart_goes_on(arguments: tuple[object, ...], ending: str) -> None:
    async def conversation() -> None:
        async with started("crashing", *arguments) as adapter:
            await adapter.call(call())
            await adapter.call(call())
            with pytest.raises(AdapterFault) as raised:
                await adapter.call(call(9))
            assert raised.value.kind == "crash"
            assert f"{ending} before it had answered call of echo (generation 9, request 4)" in raised.value.detail
            assert raised.value.stderr == "out of memory"
            with pytest.raises(AdapterFault) as again:
                await adapter.reset(reset(10))
            assert again.value is raised.value

            assert (await adapter.restart())["implementation"] == {"name": "c"}
            assert (await adapter.call(call(11)))["outcome"] == "value"
        assert adapter.faults == []

    asyncio.run(conversation())


def test_a_crash_ends_every_call_that_was_open() -> None:
    async def conversation() -> None:
        async with started("stubborn", os.devnull) as adapter:
            answers = await asyncio.gather(adapter.call(call()), adapter.call(call()), return_exceptions=True)
            assert [getattr(answer, "kind", None) for answer in answers] == ["crash", "crash"]
            assert answers[0] is answers[1]

    asyncio.run(conversation())


@pytest.mark.parametrize("step", [ProcessAdapter.restart, ProcessAdapter.close])
@pytest.mark.parametrize("noticed", ["the exit", "the loss"])
def test_a_crash_between_calls_is_recorded_if_nobody_was_told(
    step: Callable[[ProcessAdapter], Awaitable[object]], noticed: str
) -> None:
    async def conversation() -> None:
        async with started("echo") as adapter:
            child, channel = adapter._child, adapter._channel
            assert child is not None
            assert channel is not None
            os.kill(child.pid, signal.SIGKILL)
            await until(child.exited.done if noticed == "the exit" else lambda: channel.lost is not None)
            await step(adapter)
        assert kinds(adapter) == ["crash"]
        assert "was killed by SIGKILL" in adapter.faults[0].detail

    asyncio.run(conversation())


def test_an_answer_just_before_the_end_counts_even_without_an_end_of_line() -> None:
    last = "import sys; sys.stdin.readline(); sys.stdout.write(sys.argv[1])"
    result = {"protocol": 1, "implementation": {"name": "x"}, "capabilities": {"operations": []}}
    answer = json.dumps({"id": 1, "result": result})

    async def conversation() -> None:
        adapter = ProcessAdapter(shlex.join([sys.executable, "-c", last, answer]))
        assert (await adapter.start(INITIALIZE))["implementation"] == {"name": "x"}
        await adapter.close()
        assert kinds(adapter) == ["crash"]

    asyncio.run(conversation())


def test_an_exit_status_after_shutdown_is_recorded() -> None:
    async def conversation() -> None:
        async with started("refreshing") as adapter:
            pass
        assert kinds(adapter) == ["crash"]
        assert "exited with status 4" in adapter.faults[0].detail

    asyncio.run(conversation())


def test_an_adapter_that_refuses_to_end_is_killed_with_its_children(tmp_path: Path) -> None:
    held = tmp_path / "held"
    os.mkfifo(held)

    async def conversation() -> None:
        async with started("stubborn", held, deadlines=Deadlines(stop=SHORT)) as adapter:
            pid = adapter.pid
            # Opens once the child has opened it, too.
            reader = await asyncio.to_thread(held.open)
        assert is_gone(pid)
        # The end of the file comes when the last process that could write to it is gone.
        assert await asyncio.to_thread(reader.read) == ""
        reader.close()
        assert kinds(adapter) == ["hang", "hang"]
        assert "no answer to shutdown" in adapter.faults[0].detail
        assert "after shutdown" in adapter.faults[1].detail

    asyncio.run(conversation())


def test_a_judge_that_ends_without_closing_leaves_no_process(tmp_path: Path) -> None:
    held = tmp_path / "held"
    os.mkfifo(held)
    judge = (
        "import asyncio, json, sys; from openfirst_conformance.adapters.process import ProcessAdapter\n"
        "adapter = ProcessAdapter(sys.argv[1]); loop = asyncio.new_event_loop()\n"
        "loop.run_until_complete(adapter.start(json.loads(sys.argv[2]))); sys.stdin.read(); sys.exit()"
    )
    arguments = [command("stubborn", held), json.dumps(INITIALIZE)]
    running = [sys.executable, "-c", judge, *arguments]
    with subprocess.Popen(running, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        with held.open() as reader:
            process.communicate()
            assert reader.read() == ""
        assert process.returncode == 0


def test_what_is_done_at_exit_is_forgotten_when_a_process_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    at_exit: list[object] = []
    monkeypatch.setattr("atexit.register", lambda function, *_: at_exit.append(function))
    monkeypatch.setattr("atexit.unregister", at_exit.remove)

    async def conversation() -> None:
        async with started("echo"):
            assert len(at_exit) == 1
        # Its number may be another process's by now.
        assert at_exit == []

    asyncio.run(conversation())


def test_a_restart_lets_the_process_end_by_itself_first(tmp_path: Path) -> None:
    async def conversation() -> None:
        async with started("tidy", tmp_path / "left") as adapter:
            assert not (tmp_path / "left").exists()
            await adapter.restart()
            assert (tmp_path / "left").exists()

    asyncio.run(conversation())


def test_the_children_of_an_adapter_that_crashed_are_killed(tmp_path: Path) -> None:
    held = tmp_path / "held"
    os.mkfifo(held)

    async def conversation() -> None:
        async with started("stubborn", held) as adapter:
            reader = await asyncio.to_thread(held.open)
            with pytest.raises(AdapterFault, match="exited with status 1"):
                await adapter.call(call())
            assert await asyncio.to_thread(reader.read) == ""
            reader.close()

    asyncio.run(conversation())


# --- those that do not answer -------------------------------------------------------------------------------


def test_a_call_that_is_not_answered_hangs_and_its_late_answer_is_matched_to_nothing() -> None:
    async def conversation() -> None:
        async with started("hanging", deadlines=Deadlines(call=SHORT)) as adapter:
            await adapter.reset(reset(1))
            with pytest.raises(AdapterFault, match="call of echo") as raised:
                await adapter.call(call(1))
            assert raised.value.kind == "hang"

            assert await adapter.reset(reset(2)) == {"generation": 2}
            assert kinds(adapter) == ["stale"]
            assert "request 3, which was already answered, or had timed out" in adapter.faults[0].detail

            adapter.faults.clear()
            await adapter.restart()
            assert await adapter.reset(reset(3)) == {"generation": 3}
        assert adapter.faults == []

    asyncio.run(conversation())


def test_an_answer_without_an_end_of_line_is_pointed_out() -> None:
    async def conversation() -> None:
        channel = Channel(
            lambda _: channel.receive(b'{"id": 1'), faults=[], handler=None, deadlines=Deadlines(call=SHORT)
        )
        with pytest.raises(AdapterFault, match=r'what came without an end of line begins \{"id": 1\)'):
            await channel.ask("settle", {"generation": 1})

    asyncio.run(conversation())


def test_deadlines_follow_the_median_round_trip_and_are_scaled() -> None:
    deadlines = Deadlines(scale=3)
    assert (deadlines.of("initialize"), deadlines.of("reset"), deadlines.of("call")) == (30, 30, 6)
    deadlines.observe("initialize", 5)
    assert deadlines.of("call") == 6
    for seconds in (0.5, 0.5, 60):
        deadlines.observe("call", seconds)
    assert deadlines.of("call") == 30
    for _ in range(100):
        deadlines.observe("call", 0.001)
    assert deadlines.of("settle") == 6


def test_round_trips_are_measured() -> None:
    class Noted(Deadlines):
        def observe(self, method: str, seconds: float) -> None:
            noted.append(method)
            assert 0 <= seconds < 10

    noted: list[str] = []

    async def conversation() -> None:
        async with started("echo", deadlines=Noted(call=10, stop=10)) as adapter:
            await adapter.call(call())

    asyncio.run(conversation())
    assert noted == ["initialize", "call", "shutdown"]


# --- those that write what they should not ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "kind", "told"),
    [
        (
            "INFO opening a session",
            "garbled",
            ": INFO opening a session. Standard output carries the protocol only",
        ),
        ('{"level": "info"}', "noise", "send logs to standard error"),
        (
            '{"id": ID, "result": {"generation": OLD, "outcome": "value"}}',
            "stale",
            "generation 4 came where 5",
        ),
        ('{"id": 99, "result": {}}', "stale", "request 99, which was never sent"),
        ('{"id": "ID", "result": {}}', "stale", "request '3', which was never sent"),
        ('{"id": 1, "result": {}}', "stale", "request 1, which was already answered"),
        ('{"id": null, "error": {"code": -32700, "message": "what?"}}', "bad-message", "-32700 what?"),
    ],
)
def test_a_stray_line_is_recorded_and_the_answer_that_follows_counts(line: str, kind: str, told: str) -> None:
    async def conversation() -> None:
        async with started("careless") as adapter:
            assert kinds(adapter) == ["garbled"]  # npm's greeting, before the handshake
            adapter.faults.clear()
            await adapter.reset(reset(5))
            await adapter.call(call(5, lines=["", line]))
            assert kinds(adapter) == [kind]
            assert told in str(adapter.faults[0])

    asyncio.run(conversation())


def test_a_line_that_is_too_long_is_recorded_and_the_next_one_read() -> None:
    async def conversation() -> None:
        async with started("careless") as adapter:
            adapter.faults.clear()
            # A request must fit a line as well: the adapter makes it longer.
            generation = 10**40
            answer = await adapter.call(call(generation, lines=["GENERATION" * 30_000]))
            assert answer["generation"] == generation
            assert kinds(adapter) == ["garbled"]
            assert "longer than 1048576 bytes" in adapter.faults[0].detail

    asyncio.run(conversation())


def test_two_answers_that_come_at_once_are_one_answer_and_a_stale_one() -> None:
    faults: list[AdapterFault] = []
    twice = b'{"id": 1, "result": {"generation": 1}}\n' * 2

    async def conversation() -> None:
        channel = Channel(lambda _: channel.receive(twice), faults=faults, handler=None, deadlines=Deadlines())
        assert await channel.ask("settle", {"generation": 1}) == {"generation": 1}

    asyncio.run(conversation())
    assert [fault.kind for fault in faults] == ["stale"]


def test_a_second_answer_is_stale() -> None:
    twice = '{"id": ID, "result": {"generation": GENERATION, "outcome": "value", "value": "first"}}'

    async def conversation() -> None:
        async with started("careless") as adapter:
            adapter.faults.clear()
            assert (await adapter.call(call(lines=[twice])))["value"] == "first"
            await adapter.settle({"generation": 1})
            assert kinds(adapter) == ["stale"]

    asyncio.run(conversation())


@pytest.mark.parametrize(
    ("line", "kind", "told"),
    [
        (
            '{"id": ID, "error": {"code": -32000, "message": "oops"}}',
            "refused",
            "JSON-RPC error: -32000 oops",
        ),
        ('{"id": ID, "error": "oops"}', "refused", "JSON-RPC error: oops"),
        ('{"id": ID, "error": {"message": "\\ud800"}}', "refused", "JSON-RPC error: \\ud800"),
        (
            '{"id": ID, "result": {"generation": GENERATION, "outcome": "fine"}}',
            "bad-message",
            "'fine' is not one",
        ),
        ('{"id": ID, "result": [1]}', "bad-message", "[1] is not of type 'object'"),
    ],
)
def test_an_answer_that_is_wrong_is_raised_by_the_call(line: str, kind: str, told: str) -> None:
    async def conversation() -> None:
        async with started("careless") as adapter:
            with pytest.raises(AdapterFault) as raised:
                await adapter.call(call(lines=[line]))
            assert raised.value.kind == kind
            assert "call of echo (generation 1, request 2)" in raised.value.detail
            assert told in raised.value.detail

    asyncio.run(conversation())


def test_only_the_end_of_standard_error_is_kept() -> None:
    loud = "import sys\nfor n in range(100000): print('line', n, file=sys.stderr)\nsys.exit(5)"
    with pytest.raises(AdapterFault) as raised:
        asyncio.run(ProcessAdapter(shlex.join([sys.executable, "-c", loud])).start(INITIALIZE))
    assert raised.value.stderr.splitlines() == [f"line {number}" for number in range(99980, 100000)]

    endless = "import sys; sys.stderr.write('x' * 1_000_000); sys.exit(5)"
    with pytest.raises(AdapterFault) as raised:
        asyncio.run(ProcessAdapter(shlex.join([sys.executable, "-c", endless])).start(INITIALIZE))
    assert raised.value.stderr == "x" * 64 * 1024


# --- what an adapter asks -----------------------------------------------------------------------------------


async def grant(method: str, params: Json) -> Json:
    if params["client"] != "a":
        raise RequestRefused(-32000, "no token for you")
    return {"token": f"{method} for {params['client']} {params.get('isExpired')}"}


def test_the_handler_gives_a_token_and_may_refuse() -> None:
    async def conversation() -> None:
        async with started("refreshing", handler=grant) as adapter:
            await adapter.reset(reset(2))
            asked = call(2, "refreshToken", generation=2, client="a", isExpired=True)
            assert (await adapter.call(asked))["value"] == {
                "jsonrpc": "2.0",
                "id": "r1",
                "result": {"token": "refreshToken for a True"},
            }
            asked = call(2, "refreshToken", generation=2, client="b")
            assert (await adapter.call(asked))["value"]["error"] == {
                "code": -32000,
                "message": "no token for you",
            }
            assert adapter.faults == []

    asyncio.run(conversation())


@pytest.mark.parametrize(
    ("method", "params", "code", "kind"),
    [
        ("log", {}, -32601, "noise"),
        ("refreshToken", {"generation": 2}, -32602, "bad-message"),
        ("refreshToken", {"generation": 1, "client": "a"}, -32000, "stale"),
    ],
)
def test_a_request_that_the_judge_does_not_answer_is_refused_and_recorded(
    method: str, params: Json, code: int, kind: str
) -> None:
    async def conversation() -> None:
        async with started("refreshing", handler=grant) as adapter:
            await adapter.reset(reset(2))
            asked = await adapter.call(call(2, method, **params))
            assert asked["value"]["error"]["code"] == code
            assert kinds(adapter) == [kind]

    asyncio.run(conversation())


async def fail(_method: str, _params: Json) -> Json:
    raise ZeroDivisionError


async def give_nothing(_method: str, _params: Json) -> Json:
    return {"token": None}


@pytest.mark.parametrize("handler", [fail, give_nothing])
def test_a_mistake_of_the_judge_leaves_no_adapter_waiting(handler: RequestHandler) -> None:
    noted: list[type[BaseException]] = []

    async def conversation() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: noted.append(type(context["exception"])))
        async with started("refreshing", handler=handler) as adapter:
            asked = await adapter.call(call(1, "refreshToken", generation=1, client="a"))
            assert asked["value"]["error"] == {"code": -32603, "message": "the judge failed to answer"}
            assert adapter.faults == []

    asyncio.run(conversation())
    assert noted in ([ZeroDivisionError], [ValueError])


def test_without_a_handler_no_token_is_given() -> None:
    async def conversation() -> None:
        async with started("refreshing") as adapter:
            asked = await adapter.call(call(1, "refreshToken", generation=1, client="a"))
            assert asked["value"]["error"]["code"] == -32601

    asyncio.run(conversation())
