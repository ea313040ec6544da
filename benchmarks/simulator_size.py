"""How soon does the platform answer, what do its worlds and sessions take, how long does the collector stop it? `nox -s bench`.

Time is compared with what any server of this kind costs: a bare aiohttp one takes so long to answer first. All else is a limit.
"""

from __future__ import annotations

import asyncio
import gc
import json
import re
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from openfirst_reference.contract.load import load_contract
from openfirst_simulator import Request, Simulator, World
from openfirst_simulator.run import settle

SESSIONS, WORLDS, STARTS = 100_000, 1_000, 9
MIB = 2**20
COMMAND = [str(Path(sys.executable).with_name("openfirst")), "simulate", "--port", "0"]
BARE = """
import asyncio
from aiohttp import web

async def main():
    runner = web.AppRunner(web.Application())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print("http://127.0.0.1:%d" % runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def resident(process: str = "self") -> int:
    """The bytes of memory that a process holds."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{process}/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


def first_answer(command: list[str]) -> tuple[float, int]:
    """Seconds from the command to its first answer, and the bytes that it holds then."""
    http = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        with suppress(urllib.error.HTTPError):  # Nobody said who asks; it is an answer all the same.
            http.open(f"{url}/v1/sessions").close()
        return time.perf_counter() - began, resident(str(process.pid))
    finally:
        process.terminate()
        process.wait()


def each(do: Callable[[int], object], times: int) -> float:
    """The milliseconds that it takes in the middle of so many times."""
    taken = []
    for number in range(times):
        began = time.perf_counter()
        do(number)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1000


async def opened(simulator: Simulator, count: int) -> None:
    """Open so many sessions."""
    body = json.dumps({"name": "Ana"}).encode()
    for number in range(count):
        token = simulator.default.token(f"user-{number}")
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        answer = await simulator.answer(Request("POST", "/v1/sessions", headers, body))
        assert answer.status == 201, answer


def main() -> int:
    """Measure, print and compare with the limits."""
    kept = True

    def told(what: str, figure: float, limit: float, unit: str) -> None:
        nonlocal kept
        kept = kept and figure <= limit
        print(f"{what:48} {figure:8.2f} {unit:4} (limit {limit:g}: {'kept' if figure <= limit else 'NOT KEPT'})")

    starts = [(first_answer(COMMAND), first_answer([sys.executable, "-c", BARE])) for _ in range(STARTS)]
    ours, bare = (statistics.median(pair[place][0] for pair in starts) for place in (0, 1))
    told("first answer after the command", ours, 0.30, "s")
    print(f"{'':48} {ours / bare:8.2f} times as long as a bare aiohttp server's, {bare:.2f} s")
    told("memory when idle", statistics.median(pair[0][1] for pair in starts) / MIB, 60, "MiB")

    simulator = Simulator(load_contract())
    settle()
    worlds: list[World] = []
    told("a new world", each(lambda number: worlds.append(simulator.world(f"w{number}")), WORLDS), 0.5, "ms")
    told("a reset", each(lambda number: worlds[number].reset(), WORLDS), 0.2, "ms")

    pauses: list[float] = []
    began = 0.0

    def watch(phase: str, _: object) -> None:
        nonlocal began
        if phase == "start":
            began = time.perf_counter()
        else:
            pauses.append((time.perf_counter() - began) * 1000)

    gc.callbacks.append(watch)
    before = resident()
    asyncio.run(opened(simulator, SESSIONS))
    told(f"memory of a session, of {SESSIONS:,} that are open", (resident() - before) / SESSIONS / 1024, 2, "KiB")
    told("the longest pause for garbage meanwhile", max(pauses, default=0.0), 20, "ms")
    gc.collect()
    told(f"a full collection at {SESSIONS:,} open sessions", pauses[-1], 20, "ms")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
