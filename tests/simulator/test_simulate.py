"""`simulate`: what a person sees between starting it and Ctrl-C."""

from __future__ import annotations

import asyncio
import base64
import io
import os
import re
import shlex
import signal
import subprocess
import sys
from typing import Any

import aiohttp
import pytest

from openfirst_reference.contract.load import load_contract
from openfirst_simulator import SimulatorError, simulate, simulate_for


class Screen(io.StringIO):
    """Where it prints to; tells when something was printed."""

    def __init__(self) -> None:
        super().__init__()
        self.printed = asyncio.Event()

    def flush(self) -> None:
        self.printed.set()


async def curl(line: str) -> tuple[int, Any]:
    """What a shell's curl would do with the line that is printed."""
    words = shlex.split(line)
    assert words[:3] == ["curl", "-X", "POST"]
    headers = dict(words[number + 1].split(": ", 1) for number, word in enumerate(words) if word == "-H")
    data = words[words.index("-d") + 1]
    # As curl does with -d, where nothing else is said.
    headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
    async with aiohttp.ClientSession() as http, http.post(words[3], headers=headers, data=data) as answer:
        return answer.status, await answer.json()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_what_one_needs_next_and_stops_when_told(number: signal.Signals) -> None:
    async def scene() -> None:
        screen = Screen()
        running = asyncio.create_task(simulate(load_contract(), 0, {}, screen))
        await screen.printed.wait()
        shown = screen.getvalue()
        [url] = re.findall(r"The platform is at +(\S+)", shown)
        [key] = re.findall(r"Application key +(\S+)", shown)
        [secret] = re.findall(r"Application secret +(\S+)", shown)
        [token] = re.findall(r"Client access token +(\S+)", shown)

        [line] = re.findall(r"^curl .*$", shown, re.MULTILINE)
        status, opened = await curl(line)
        assert status == 201
        assert opened["participant"]["info"] == {"name": "Ana", "avatarUrl": None, "externalId": "ana"}
        async with aiohttp.ClientSession() as http:
            mine = {"Authorization": f"Bearer {token}"}
            async with http.get(f"{url}/v1/sessions/current", headers=mine) as answer:
                assert await answer.json() == {"open": True}
            form = {"grant_type": "client_credentials"}
            pair = base64.b64encode(f"{key}:{secret}".encode()).decode()
            basic = {"Authorization": f"Basic {pair}"}
            async with http.post(f"{url}/v1/auth/token", data=form, headers=basic) as answer:
                assert answer.status == 200
            async with http.get(f"{url}/_openfirst/worlds") as answer:
                assert [world["name"] for world in (await answer.json())["worlds"]] == ["default"]
            [page] = re.findall(r"its dashboard at +(\S+)", shown)
            async with http.get(page) as answer:
                assert (answer.status, answer.content_type) == (200, "text/html")

        os.kill(os.getpid(), number)
        await running
        assert screen.getvalue().endswith("Stopped.\n")
        with pytest.raises(aiohttp.ClientConnectionError):
            await curl(line)

    asyncio.run(scene())


def test_the_choices_are_the_default_worlds() -> None:
    async def scene() -> None:
        screen = Screen()
        running = asyncio.create_task(simulate(load_contract(), 0, {"open-while-open": "keep"}, screen))
        await screen.printed.wait()
        [line] = re.findall(r"^curl .*$", screen.getvalue(), re.MULTILINE)
        assert [(await curl(line))[0] for _ in range(2)] == [201, 201]
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(scene())


def test_what_cannot_be_is_said_before_anything_is_printed() -> None:
    screen = io.StringIO()
    with pytest.raises(ValueError, match="`colour` is not a choice"):
        asyncio.run(simulate(load_contract(), 0, {"colour": "red"}, screen))
    with pytest.raises(SimulatorError, match="is not a port"):
        asyncio.run(simulate(load_contract(), 70_000, {}, screen))
    assert screen.getvalue() == ""


PYTHON = [sys.executable, "-c"]


@pytest.mark.parametrize(
    ("code", "status"), [("pass", 0), ("raise SystemExit(7)", 7), ("import os; os.kill(os.getpid(), 9)", 128 + 9)]
)
def test_it_runs_for_as_long_as_a_command_takes_and_ends_as_that_does(code: str, status: int) -> None:
    assert asyncio.run(simulate_for(load_contract(), 0, {}, [*PYTHON, code])) == status


def test_the_command_finds_the_platform() -> None:
    code = """
import os, urllib.request
http = urllib.request.build_opener(urllib.request.ProxyHandler({}))
shown = http.open(os.environ["OPENFIRST_URL"] + "/_openfirst/worlds").read()
raise SystemExit(b'"open-while-open":"keep"' not in shown)
"""
    assert asyncio.run(simulate_for(load_contract(), 0, {"open-while-open": "keep"}, [*PYTHON, code])) == 0


def in_front(monkeypatch: pytest.MonkeyPatch, answer: bool) -> None:
    monkeypatch.setattr("openfirst_simulator.run.is_in_front", lambda: answer)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM])
def test_who_stops_it_stops_the_command(monkeypatch: pytest.MonkeyPatch, number: signal.Signals) -> None:
    in_front(monkeypatch, answer=False)
    # Where these tests run behind nohup, SIGHUP is ignored by all of them.
    monkeypatch.setattr(signal, "getsignal", lambda _: signal.SIG_DFL)
    heard = f"signal.signal({number}, signal.SIG_DFL); signal.alarm(20)"
    code = f"import os, signal; {heard}; os.kill(os.getppid(), {number}); signal.pause()"
    assert asyncio.run(simulate_for(load_contract(), 0, {}, [*PYTHON, code])) == 128 + number


COUNTS = """
import os, signal, sys, urllib.request
heard = []
signal.signal(signal.SIGINT, lambda *_: heard.append(1))
signal.signal(signal.SIGTERM, lambda *_: sys.exit(len(heard)))
signal.alarm(20)
http = urllib.request.build_opener(urllib.request.ProxyHandler({}))
for number in map(int, sys.argv[1:]):
    os.kill(os.getppid(), number)
    http.open(os.environ["OPENFIRST_URL"] + "/openapi.yaml").read()  # It has come: two signals would be one.
while True:
    signal.pause()
"""


@pytest.mark.parametrize(("times", "heard"), [(1, 0), (2, 1)])
def test_ctrl_c_at_a_terminal_reaches_the_command_by_itself(
    monkeypatch: pytest.MonkeyPatch, times: int, heard: int
) -> None:
    in_front(monkeypatch, answer=True)
    sent = [str(int(number)) for number in (*[signal.SIGINT] * times, signal.SIGTERM)]
    assert asyncio.run(simulate_for(load_contract(), 0, {}, [*PYTHON, COUNTS, *sent])) == heard


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 128 + signal.SIGTERM), (signal.SIGHUP, 7)])
def test_what_is_ignored_from_the_beginning(number: signal.Signals, status: int) -> None:
    """Ctrl-C in the background of a script, and the end of the terminal behind nohup."""
    code = f"import os, signal; signal.alarm(20); os.kill(os.getppid(), {number}); raise SystemExit(7)"
    if number == signal.SIGINT:
        code = code.replace("raise SystemExit(7)", "signal.pause()")
    before = signal.signal(number, signal.SIG_IGN)
    try:
        assert asyncio.run(simulate_for(load_contract(), 0, {}, [*PYTHON, code])) == status
    finally:
        signal.signal(number, before)


@pytest.mark.parametrize("wrapper", ["{}", "import pty; pty.spawn([sys.executable, '-c', {!r}])"])
def test_whether_somebody_types_is_known(wrapper: str) -> None:
    code = "from openfirst_simulator.run import is_in_front; print(is_in_front())"
    command = [*PYTHON, "import sys; " + wrapper.format(code)]
    done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, start_new_session=True, check=True)
    assert done.stdout.decode().split() == [str("pty" in wrapper)]


def test_a_command_that_cannot_be_run_is_told() -> None:
    with pytest.raises(SimulatorError, match=r"`no-such-program` cannot be run .* Write a program and its arguments"):
        asyncio.run(simulate_for(load_contract(), 0, {}, ["no-such-program"]))
