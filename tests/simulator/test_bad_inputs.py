"""What comes over the wire and is no use: refused plainly, with nothing changed, nothing waited for, and nothing in the log."""

from __future__ import annotations

import asyncio
import gzip
import logging
from collections.abc import Iterator
from contextlib import suppress

import pytest

from openfirst_reference.contract.load import load_contract
from openfirst_simulator import Request, Simulator

CONTRACT = load_contract()
BOMB = gzip.compress(b" " * 10_000_000)
HUGE = b'{"milliseconds": 1' + b"0" * 400 + b"}"
WORLDS = "/_openfirst/worlds"
ADVANCE = f"{WORLDS}/default/clock/advance"
SILENCE = -1
"""No answer: the connection is closed."""


def request(
    method: str,
    path: str,
    body: bytes | None = b"{}",
    *,
    host: str = "127.0.0.1",
    length: int | None = None,
    **more: str,
) -> bytes:
    """A request as bytes; `more` are headers, with `_` for a dash."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Authorization: Bearer TOKEN"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in more.items()]
    if body is not None:
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b"")


def bare(*lines: str, body: bytes = b"") -> bytes:
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


REFUSED = [
    pytest.param(415, request("POST", "/v1/sessions", Content_Encoding="gzip"), id="says gzip and is not"),
    pytest.param(415, request("POST", "/v1/sessions", BOMB, Content_Encoding="gzip"), id="a gzip bomb"),
    pytest.param(415, request("POST", "/v1/sessions", Content_Encoding="br"), id="an encoding nobody has"),
    pytest.param(413, request("POST", "/v1/sessions", b" " * 70_000), id="a long body"),
    pytest.param(413, request("POST", "/v1/sessions", length=70_000), id="a long body that does not come"),
    pytest.param(413, request("POST", "/v1/sessions", length=10**15), id="a body without an end"),
    pytest.param(
        413, request("POST", "/v1/sessions", b"", length=70_000, Expect="100-continue"), id="no leave for a long body"
    ),
    pytest.param(413, request("POST", WORLDS, length=10**9), id="a long body for the control plane"),
    pytest.param(400, request("POST", "/v1/sessions", b"\xff"), id="no text"),
    pytest.param(400, request("POST", "/v1/sessions", b'{"name": "\\ud800"}'), id="half a character"),
    pytest.param(400, request("POST", "/v1/sessions", b"[" * 60_000), id="a deep body"),
    pytest.param(400, request("POST", "/v1/sessions", b'{"name": NaN}'), id="not a number"),
    pytest.param(400, request("POST", "/v1/sessions", b'{"name": 1' + b"0" * 10_000 + b"}"), id="a long number"),
    pytest.param(408, request("POST", "/v1/sessions", length=20), id="half a body"),
    pytest.param(
        400, bare("POST /v1/sessions HTTP/1.1", "Host: x", "Transfer-Encoding: chunked", body=b"ZZ\r\n"), id="bad chunk"
    ),
    pytest.param(400, request("POST", "/v1/sessions", Transfer_Encoding="chunked"), id="two lengths"),
    pytest.param(400, request("POST", "/v1/sessions", length=-1), id="a negative length"),
    pytest.param(400, request("POST", ADVANCE, HUGE), id="10^400 milliseconds"),
    pytest.param(400, request("POST", ADVANCE, b'{"milliseconds": 1e999}'), id="infinite milliseconds"),
    pytest.param(400, request("POST", ADVANCE, b'{"milliseconds": 0.4}'), id="less than a millisecond"),
    pytest.param(400, request("POST", ADVANCE, b'{"milliseconds": 1, "soon": 2}'), id="an unknown field"),
    pytest.param(400, request("POST", WORLDS, b'{"nam": "x"}'), id="a field misspelt"),
    pytest.param(400, request("DELETE", f"{WORLDS}/default", b'{"really": true}'), id="a field for nobody"),
    pytest.param(403, request("POST", WORLDS, host="evil.example"), id="a foreign Host"),
    pytest.param(403, request("POST", WORLDS, host="127.0.0.1.evil.example"), id="a Host that looks like ours"),
    pytest.param(403, request("POST", WORLDS, host="localhost@evil.example"), id="a Host with a user"),
    pytest.param(403, request("POST", WORLDS, host="evil.example@127.0.0.1"), id="a Host with a user that is a name"),
    pytest.param(403, request("POST", WORLDS, host="localhost:evil"), id="a Host with a port that is none"),
    pytest.param(403, request("POST", WORLDS, host="localhost.."), id="a Host with two dots"),
    pytest.param(
        403, request("POST", WORLDS, Origin="https://evil.example", Content_Type="text/plain"), id="a web page"
    ),
    pytest.param(403, request("POST", WORLDS, Origin="null"), id="a page without an origin"),
    pytest.param(400, bare(f"GET {WORLDS} HTTP/1.1", "Host: localhost", "host: evil.example"), id="two Hosts"),
    pytest.param(
        403,
        bare(f"GET {WORLDS} HTTP/1.1", "Host: localhost", "Origin: http://localhost", "Origin: https://evil.example"),
        id="two Origins, the first one ours",
    ),
    pytest.param(
        403,
        bare(f"GET {WORLDS} HTTP/1.1", "Host: localhost", "Origin: http://[::1]", "origin: http://[::1]"),
        id="one Origin, twice",
    ),
    pytest.param(
        403, bare(f"GET http://evil.example{WORLDS} HTTP/1.1", "Host: localhost"), id="a target at another host"
    ),
    pytest.param(
        400,
        bare("GET /v1/sessions HTTP/1.1", "Host: localhost", "Authorization: Bearer TOKEN", "authorization: Bearer x"),
        id="two credentials",
    ),
    pytest.param(404, bare("OPTIONS * HTTP/1.1", "Host: x"), id="a star"),
    pytest.param(404, bare("CONNECT localhost:1 HTTP/1.1", "Host: x"), id="a tunnel"),
    pytest.param(404, request("GET", "/v1/%00/x"), id="a NUL in a path"),
    pytest.param(405, request("PUT", "/v1/sessions"), id="a method that is not taken"),
    pytest.param(400, request("BREW", "/v1/sessions"), id="a method nobody has"),
    pytest.param(400, bare("\x00\x01\x02"), id="no HTTP"),
    pytest.param(400, bare("GET /v1/sessions HTTP/1.1"), id="no Host"),
    pytest.param(400, bare("PRI * HTTP/2.0", "", "SM"), id="HTTP/2"),
    pytest.param(400, bare("GET / HTTP/1.1", "Host: x", f"X: {'a' * 100_000}"), id="a long header"),
    pytest.param(400, bare(f"GET /{'a' * 100_000} HTTP/1.1", "Host: x"), id="a long path"),
    pytest.param(417, request("POST", "/v1/sessions", Expect="nonsense"), id="an expectation"),
]


@pytest.fixture(scope="module")
def hasty() -> Iterator[tuple[asyncio.Runner, Simulator]]:
    """A simulator that waits for no body."""
    with asyncio.Runner() as runner:
        simulator = Simulator(CONTRACT, body_seconds=0)
        runner.run(simulator.start())
        yield runner, simulator
        runner.run(simulator.close())


async def status_of(simulator: Simulator, sent: bytes) -> int:
    """The status that comes back. The limit is there so that a hang fails, and is far from what an answer takes."""
    port = int(simulator.url.rpartition(":")[2])
    async with asyncio.timeout(30):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        try:
            line = await reader.readline()
        except ConnectionError:
            line = b""
        writer.close()
    return int(line.split()[1]) if line else SILENCE


@pytest.mark.parametrize(("status", "sent"), REFUSED)
def test_it_is_refused_and_nothing_is_changed_or_logged(
    status: int, sent: bytes, hasty: tuple[asyncio.Runner, Simulator], caplog: pytest.LogCaptureFixture
) -> None:
    runner, simulator = hasty
    world = simulator.default
    token, names = world.token(), [each.name for each in simulator.worlds]
    with caplog.at_level(logging.WARNING):
        assert runner.run(status_of(simulator, sent.replace(b"TOKEN", token.encode()))) == status
        still = request("GET", "/v1/sessions/current", None).replace(b"TOKEN", token.encode())
        assert runner.run(status_of(simulator, still)) == 200
    assert [each.name for each in simulator.worlds] == names
    mine = runner.run(simulator.answer(Request("GET", "/v1/sessions", {"Authorization": f"Bearer {token}"})))
    assert mine.content == b'{"sessions":[]}'
    assert caplog.records == []


def test_a_body_that_did_not_come_is_not_waited_for_once_that_is_answered(
    hasty: tuple[asyncio.Runner, Simulator],
) -> None:
    runner, simulator = hasty

    async def scenario() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(simulator.url.rpartition(":")[2]))
        writer.write(request("POST", "/v1/sessions", length=20).replace(b"TOKEN", simulator.default.token().encode()))
        async with asyncio.timeout(5):  # The library's own limit is 10 s.
            answer = await reader.read()
        writer.close()
        return answer

    assert runner.run(scenario()).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("sent", [b"", request("GET", "/v1/sessions", None)[:-2], b"GET /v1/sessions"])
def test_a_head_that_does_not_come_to_its_end_is_not_waited_for(sent: bytes) -> None:
    async def scenario() -> bytes:
        async with asyncio.timeout(30), Simulator(CONTRACT, head_seconds=0.001) as simulator:
            reader, writer = await asyncio.open_connection("127.0.0.1", int(simulator.url.rpartition(":")[2]))
            writer.write(sent)
            answer = b""
            with suppress(ConnectionError):
                answer = await reader.read()
            writer.close()
        return answer

    assert asyncio.run(scenario()) == b""


def test_who_waits_for_leave_to_send_a_body_has_it() -> None:
    async def scenario() -> tuple[bytes, bytes]:
        head = request("POST", "/v1/sessions", b"", length=15, Expect="100-continue")
        async with asyncio.timeout(30), Simulator(CONTRACT) as simulator:
            reader, writer = await asyncio.open_connection("127.0.0.1", int(simulator.url.rpartition(":")[2]))
            writer.write(head.replace(b"TOKEN", simulator.default.token().encode()))
            leave = await reader.readuntil(b"\r\n\r\n")
            writer.write(b'{"name": "Ana"}')
            answer = await reader.readline()
            writer.close()
        return leave, answer

    assert asyncio.run(scenario()) == (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 201 Created\r\n")


def test_who_hangs_up_leaves_nothing_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        async with Simulator(CONTRACT) as simulator:
            port = int(simulator.url.rpartition(":")[2])
            for sent in (
                b"",
                b"POST /v1/se",
                request("POST", "/v1/sessions", length=20),
                request("GET", "/v1/sessions", None),
            ):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(sent)
                writer.transport.abort()
            # One that stays is answered, and so the others have been dealt with.
            assert await status_of(simulator, request("GET", "/v1/sessions", None)) == 401

    with caplog.at_level(logging.WARNING):
        asyncio.run(scenario())
    assert caplog.records == []


@pytest.mark.parametrize(
    "lines",
    [
        (f"GET http://localhost{WORLDS} HTTP/1.1", "Host: evil.example"),
        ("GET http://localhost/v1/sessions HTTP/1.1", "Host: localhost", "authorization: Bearer TOKEN"),
        ("GET /v1/sessions?at=http://evil.example HTTP/1.1", "Host: localhost", "Authorization: Bearer TOKEN"),
        ("GET /v1/sessions HTTP/1.1", "Host: localhost", *["Authorization: Bearer TOKEN"] * 2),
    ],
    ids=["a target at this machine", "a target and a credential", "a URL in a query", "a credential twice"],
)
def test_what_is_odd_and_clear_is_answered(lines: tuple[str, ...], hasty: tuple[asyncio.Runner, Simulator]) -> None:
    runner, simulator = hasty
    sent = bare(*lines).replace(b"TOKEN", simulator.default.token().encode())
    assert runner.run(status_of(simulator, sent)) == 200


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8765", "localhost", "localhost.", "localhost.:80", "LOCALHOST:1", "[::1]:80", "127.8.9.1"]
)
def test_this_machine_by_any_name_may_ask_the_control_plane(host: str, hasty: tuple[asyncio.Runner, Simulator]) -> None:
    runner, simulator = hasty
    sent = request("GET", WORLDS, None, host=host, Origin=f"http://{host}")
    assert runner.run(status_of(simulator, sent)) == 200
