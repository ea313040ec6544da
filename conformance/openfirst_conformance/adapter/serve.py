"""A Python adapter object behind standard input and output, so that an adapter is a file of a few lines."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import sys
import threading
import traceback
from collections.abc import Iterator
from typing import Any, BinaryIO

from openfirst_conformance.adapter.messages import (
    ADAPTER_FAILED,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    AdapterFault,
    Capabilities,
    Json,
    Lines,
    RequestRefused,
    decode,
    encode,
    problem_with,
)
from openfirst_conformance.adapter.objects import Threads, find, invoke


def serve(adapter: object) -> None:
    """Answer the judge's requests with the methods of an object (see `PythonAdapter`), until shutdown.

    While it runs, standard output is the protocol's alone: what the object, its libraries and its child
    processes print goes to standard error. Calls run at once as far as `concurrency` is declared, else in
    order.
    """
    with _own_stdio() as (stdin, stdout):
        asyncio.run(_Server(adapter, stdout).run(stdin))


class _Server:
    def __init__(self, adapter: Any, stdout: BinaryIO) -> None:
        self._adapter = adapter
        self._stdout = stdout
        self._threads = Threads()
        self._turn = asyncio.Semaphore(1)
        self._ids = (f"r{number}" for number in itertools.count(1))
        self._asked: dict[str, asyncio.Future[Json]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._over = asyncio.Event()
        if hasattr(adapter, "request"):
            adapter.request = self._request

    async def run(self, stdin: int) -> None:
        loop = asyncio.get_running_loop()
        # A thread, since not every system lets an event loop read any standard input there is.
        threading.Thread(target=self._read, args=(stdin, loop), name="openfirst-stdin", daemon=True).start()
        await self._over.wait()
        self._threads.close()

    def _read(self, stdin: int, loop: asyncio.AbstractEventLoop) -> None:
        lines = Lines()
        # The loop may have ended meanwhile: then nobody waits for more.
        with contextlib.suppress(RuntimeError):
            while data := os.read(stdin, 65536):
                for line in lines.feed(data):
                    loop.call_soon_threadsafe(self._receive, line)
            loop.call_soon_threadsafe(self._over.set)

    def _receive(self, line: bytes) -> None:
        if not line.strip():
            return
        try:
            kind, message = decode(line)
        except AdapterFault as fault:
            self._send({"id": None, "error": {"code": PARSE_ERROR, "message": fault.detail}})
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
        answer: Json = {"id": message["id"]}
        try:
            # Shutdown does not wait its turn: it may be meant for a call that hangs.
            async with contextlib.nullcontext() if method == "shutdown" else self._turn:
                answer["result"] = await self._result(method, message.get("params") or {})
            self._send(answer)
        except Exception as error:
            traceback.print_exc()
            code = error.code if isinstance(error, _NoMethodError) else ADAPTER_FAILED
            answer.pop("result", None)
            text = "".join(traceback.format_exception_only(error)).strip()
            self._send({**answer, "error": {"code": code, "message": text}})
        if method == "shutdown":
            self._over.set()

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
        self._send({"id": number, "method": method, "params": params})
        return await self._asked[number]

    def _send(self, message: Json) -> None:
        line = encode({"jsonrpc": "2.0", **message})
        try:
            self._stdout.write(line)
            self._stdout.flush()
        except BrokenPipeError:
            self._over.set()


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
