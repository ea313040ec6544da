"""A Python adapter object behind standard input and output, or a port, so that an adapter is a file of a few lines."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from openfirst_conformance.adapters.objects import Threads, find, invoke
from openfirst_conformance.adapters.protocol.faults import AdapterFault, RequestRefused
from openfirst_conformance.adapters.protocol.lines import (
    ADAPTER_FAILED,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    Lines,
    decode,
    encode,
)
from openfirst_conformance.adapters.protocol.messages import Capabilities, problem_with
from openfirst_reference.contract.document import Json


def serve(adapter: object, port: int | None = None) -> None:
    """Answer the judge's requests with the methods of an object (see `PythonAdapter`), until shutdown.

    While it runs, standard output is the protocol's alone: what the object, its libraries and its child
    processes print goes to standard error. Calls run at once as far as `concurrency` is declared, else in
    order.

    With a port, standard input and output are left alone: it listens on that port of the loopback interface (0 takes a
    free one, and standard error says which), for one connection after another.
    """
    if port is not None:
        # Ctrl-C is how one ends what listens for ever.
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_listen(adapter, port))
        return
    with _own_stdio() as (stdin, stdout):
        asyncio.run(_speak(adapter, stdin, stdout))


async def _speak(adapter: object, stdin: int, stdout: BinaryIO) -> None:
    def write(line: bytes) -> None:
        stdout.write(line)
        stdout.flush()

    def read() -> None:
        # The loop may have ended meanwhile: then nobody waits for more.
        with contextlib.suppress(RuntimeError):
            while data := os.read(stdin, 65536):
                loop.call_soon_threadsafe(server.receive, data)
            loop.call_soon_threadsafe(server.over.set)

    loop = asyncio.get_running_loop()
    server = _Server(adapter, write)
    # A thread, since not every system lets an event loop read any standard input there is.
    threading.Thread(target=read, name="openfirst-stdin", daemon=True).start()
    await server.over.wait()
    server.end()


async def _listen(adapter: object, port: int) -> None:
    shut_down = asyncio.Event()
    turn = asyncio.Lock()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with turn:
            server = _Server(adapter, writer.write)
            reading = asyncio.create_task(_read_all(reader, server.receive))
            over = asyncio.create_task(server.over.wait())
            await asyncio.wait([reading, over], return_when=asyncio.FIRST_COMPLETED)
            if server.over.is_set():
                shut_down.set()
            reading.cancel()
            over.cancel()
            server.end()
            writer.close()

    try:
        server = await asyncio.start_server(converse, "127.0.0.1", port)
    except OSError as error:
        sys.exit(f"Port {port} of 127.0.0.1 cannot be listened on: {os.strerror(error.errno or 0)}. Choose another.")
    async with server as listening:
        print(f"Listening on tcp://127.0.0.1:{listening.sockets[0].getsockname()[1]}", file=sys.stderr, flush=True)
        await shut_down.wait()


async def _read_all(reader: asyncio.StreamReader, receive: Callable[[bytes], None]) -> None:
    # A connection that breaks has ended, too.
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            receive(data)


class _Server:
    """One conversation, from the handshake to its end."""

    def __init__(self, adapter: Any, write: Callable[[bytes], object]) -> None:
        self.over = asyncio.Event()
        self._adapter = adapter
        self._write = write
        self._lines = Lines()
        self._threads = Threads()
        self._turn = asyncio.Semaphore(1)
        self._generation = 0
        self._ids = (f"r{number}" for number in itertools.count(1))
        self._asked: dict[str, asyncio.Future[Json]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        if hasattr(adapter, "request"):
            adapter.request = self._request

    def receive(self, data: bytes) -> None:
        """Take in bytes from the judge."""
        for line in self._lines.feed(data):
            self._receive(line)

    def end(self) -> None:
        """Leave what is under way."""
        for task in self._tasks:
            task.cancel()
        self._threads.close()

    def _receive(self, line: bytes) -> None:
        if not line.strip():
            return
        try:
            kind, message = decode(line)
        except AdapterFault as fault:
            self._send(_line({"id": None, "error": {"code": PARSE_ERROR, "message": fault.detail}}))
            return
        if kind == "request":
            task = asyncio.get_running_loop().create_task(self._answer(message))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return
        asked = self._asked.pop(message["id"], None)
        if asked is None or asked.done():
            return
        if kind == "result":
            asked.set_result(message["result"])
        else:
            asked.set_exception(RequestRefused(message["error"]["code"], message["error"]["message"]))

    async def _answer(self, message: Json) -> None:
        method = message["method"]
        generation = (message.get("params") or {}).get("generation", self._generation)
        answer: Json = {"id": message["id"]}
        try:
            # Shutdown does not wait its turn: it may be meant for a call that hangs.
            async with contextlib.nullcontext() if method == "shutdown" else self._turn:
                line = _line({**answer, "result": await self._result(method, message.get("params") or {})})
        except Exception as error:
            traceback.print_exc()
            code = error.code if isinstance(error, _NoMethodError) else ADAPTER_FAILED
            text = "".join(traceback.format_exception_only(error)).strip()
            line = _line({**answer, "error": {"code": code, "message": text}})
        if method == "reset":
            self._generation = generation
        if generation >= self._generation:  # else its case is over, and nobody waits for it
            self._send(line)
        if method == "shutdown":
            self.over.set()

    async def _result(self, method: str, params: Json) -> Any:
        function = find(self._adapter, method)
        if function is None:
            raise _NoMethodError(METHOD_NOT_FOUND, f"no such method: {method}")
        result = await invoke(function, method, params, self._threads)
        if method == "initialize" and problem_with(method, "result", result) is None:
            for _ in range(Capabilities.of(result).concurrency - 1):
                self._turn.release()
        return result

    async def _request(self, method: str, params: Json) -> Json:
        number = next(self._ids)
        self._asked[number] = asyncio.get_running_loop().create_future()
        self._send(_line({"id": number, "method": method, "params": params}))
        return await self._asked[number]

    def _send(self, line: bytes) -> None:
        try:
            self._write(line)
        except BrokenPipeError:
            self.over.set()


def _line(message: Json) -> bytes:
    return encode({"jsonrpc": "2.0", **message})


class _NoMethodError(RequestRefused):
    """The object has no method of that name."""


@contextlib.contextmanager
def _own_stdio() -> Iterator[tuple[int, BinaryIO]]:
    """Take standard input and output for the protocol; all else reads nothing and writes to stderr."""
    stdin, stdout = os.dup(0), os.dup(1)
    printed = sys.stdout
    printed.flush()
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    os.close(nowhere)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    try:
        with os.fdopen(os.dup(stdout), "wb") as protocol:
            yield stdin, protocol
    finally:
        # Before its descriptor is standard output again.
        printed.flush()
        sys.stdout = printed
        os.dup2(stdin, 0)
        os.dup2(stdout, 1)
