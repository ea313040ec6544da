"""How much does the platform cost, beside a bare aiohttp handler that parses and returns the same JSON? Run it with `nox -s bench`.

Both are servers in processes of their own, asked in turns by the same load generator: 32 connections, keep-alive. What counts
is the ratio of the requests a second, and of the slowest of a hundred.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle, islice
from typing import NamedTuple

CONNECTIONS, REQUESTS, ROUNDS = 32, 6_000, 5
SESSION = {
    "sessionId": "195899e7-f1c8-43b1-ac62-032a494f83e1",
    "participant": {
        "id": "5dd5e7e0-66a0-4c60-a4a9-4b9c84a40c0e",
        "info": {"name": "Ana", "avatarUrl": None, "externalId": "user-1"},
    },
}
BARE = f"""
import json
from aiohttp import web

async def post(request):
    return web.json_response({{**{SESSION!r}, "name": (await request.json())["name"]}}, status=201)

async def get(request):
    return web.json_response({SESSION!r})

app = web.Application()
app.router.add_post("/v1/sessions", post)
app.router.add_get("/v1/sessions/current", get)
app.router.add_get("/v1/sessions/current/participant", get)

async def main():
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print("http://127.0.0.1:%d" % runner.addresses[0][1], flush=True)
    import asyncio
    await asyncio.Event().wait()

import asyncio
asyncio.run(main())
"""
PLATFORM = f"""
import asyncio
from openfirst_reference.contract.load import load_contract
from openfirst_simulator import Simulator
from openfirst_simulator.run import settle

async def main():
    async with Simulator(load_contract()) as simulator:
        settle()
        print(simulator.url, flush=True)
        for _ in range({REQUESTS * (ROUNDS + 1)}):
            print(simulator.default.token(f"user-{{_}}"))
        print(flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


class Figures(NamedTuple):
    """Requests a second, and the milliseconds within which 99 of a hundred were answered."""

    rate: float
    p99: float


@contextmanager
def server(program: str) -> Iterator[tuple[str, list[str]]]:
    """A server in a process of its own: its URL, and what else it printed."""
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        url = process.stdout.readline().strip()
        tokens = list(iter(lambda: process.stdout.readline().strip(), "")) if program is PLATFORM else []  # type: ignore[union-attr]
        yield url, tokens
    finally:
        process.terminate()
        process.wait()


async def load(url: str, requests: Sequence[bytes]) -> Figures:
    """Send the requests over as many connections as there are, each as soon as the one before it is answered."""
    host, port = url.removeprefix("http://").split(":")
    waiting, times = iter(requests), list[float]()

    async def connection() -> None:
        reader, writer = await asyncio.open_connection(host, int(port))
        for request in waiting:
            began = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            if head[9:10] != b"2":
                raise AssertionError(head.decode())
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
            times.append(time.perf_counter() - began)
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
    elapsed = time.perf_counter() - began
    return Figures(len(times) / elapsed, statistics.quantiles(times, n=100)[98] * 1000)


def request(method: str, path: str, token: str, body: bytes = b"") -> bytes:
    """A request as bytes."""
    length = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
    return f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n{length}\r\n".encode() + body


def opening(tokens: Sequence[str]) -> list[bytes]:
    """`open`, each with a token that was never shown."""
    body = json.dumps({"name": "Ana"}).encode()
    return [request("POST", "/v1/sessions", token, body) for token in tokens]


def asking(path: str) -> Callable[[Sequence[str]], list[bytes]]:
    """A question about sessions that are open."""
    return lambda tokens: [request("GET", path, token) for token in islice(cycle(tokens), REQUESTS)]


def main() -> int:
    """Measure, print and compare with the floors."""
    kept = True
    with server(BARE) as (bare, _), server(PLATFORM) as (platform, tokens):
        share = [tokens[start : start + REQUESTS] for start in range(0, len(tokens), REQUESTS)]
        cases: list[tuple[str, float, Callable[[Sequence[str]], list[bytes]]]] = [
            ("open", 0.45, opening),
            ("getParticipant", 0.55, asking("/v1/sessions/current/participant")),
            ("isOpen", 0.55, asking("/v1/sessions/current")),
        ]
        for name, floor, made in cases:
            pairs = []
            for number in range(ROUNDS):
                sent = made(share[number])
                pairs.append((asyncio.run(load(bare, sent)), asyncio.run(load(platform, sent))))
            rate, slow = (statistics.median(pair[1][place] / pair[0][place] for pair in pairs) for place in (0, 1))
            rates = [statistics.median(pair[place].rate for pair in pairs) for place in (0, 1)]
            verdict = "kept" if rate >= floor else "NOT KEPT"
            kept = kept and rate >= floor
            print(
                f"{name:16} bare {rates[0]:7,.0f}/s  platform {rates[1]:7,.0f}/s  ratio {rate:.2f} (floor {floor}: {verdict})  "
                f"p99 {slow:.1f} times as long"
            )
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
