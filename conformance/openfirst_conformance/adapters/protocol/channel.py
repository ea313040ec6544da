"""The judge's end of the protocol, whatever carries the bytes: requests and answers, matched by id."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from openfirst_conformance.adapters.protocol.deadlines import Deadlines
from openfirst_conformance.adapters.protocol.faults import AdapterFault, RequestRefused, record
from openfirst_conformance.adapters.protocol.lines import (
    ADAPTER_FAILED,
    INTERNAL_ERROR,
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    NO_MESSAGE,
    STDOUT_IS_FOR_THE_PROTOCOL,
    Lines,
    decode,
    encode,
    excerpt,
    may_be_message,
    shorten,
)
from openfirst_conformance.adapters.protocol.messages import RequestHandler, check_result, check_sent, problem_with
from openfirst_conformance.adapters.protocol.transcript import Transcript
from openfirst_reference.contract.document import Json


class Asked(NamedTuple):
    """A request that was made. Its text names it in a sentence: the call of an operation, the generation, the id on the wire."""

    method: str
    params: Mapping[str, Any] | None
    number: int | None = None

    def __str__(self) -> str:
        given = self.params or {}
        what = next((given[key] for key in ("operation", "action") if key in given), None)
        about = [f"generation {given['generation']}"] if "generation" in given else []
        about += [f"request {self.number}"] if self.number is not None else []
        name = self.method if what is None else f"{self.method} of {what}"
        return f"{name} ({', '.join(about)})" if about else name


@dataclass(frozen=True)
class _Open:
    """A request that is not answered yet."""

    method: str
    asked: Asked
    generation: int | None
    checked: bool
    answer: asyncio.Future[Json]
    timeout: asyncio.Timeout


class Channel:
    """One conversation with an adapter, from its start to its loss.

    What arrives goes to `receive`; what is to be sent is handed to `write`. Whatever is wrong with an answer
    is raised by the `ask` that waited for it; whatever belongs to no `ask` is added to `faults`.
    """

    def __init__(
        self,
        write: Callable[[bytes], None],
        *,
        faults: list[AdapterFault],
        handler: RequestHandler | None,
        deadlines: Deadlines,
        transcript: Transcript | None = None,
    ) -> None:
        self.lost: AdapterFault | None = None
        self._stray: list[AdapterFault] = []  # the first, and the last
        self._write = write
        self._transcript = transcript
        self._faults = faults
        self._handler = handler
        self._deadlines = deadlines
        self._lines = Lines()
        self._ids = itertools.count(1)
        self._last_id = 0
        self._generation: int | None = None
        self._open: dict[int | str, _Open] = {}
        self._answering: set[asyncio.Task[None]] = set()

    @property
    def unanswered(self) -> list[str]:
        """What was asked and is not answered, in words."""
        return [str(request.asked) for request in self._open.values()]

    def skip_ids(self, count: int) -> None:
        """Leave out some ids, so that an adapter which does not give them back, but counts, is found out."""
        self._ids = itertools.count(self._last_id + count)

    async def ask(self, method: str, params: Mapping[str, Any] | None, *, checked: bool = True) -> Json:
        """Send a request and give its result; raises AdapterFault if none comes that its schema permits.

        Not `checked`, the request may be one that has no schema, and any result is given.
        """
        if checked:
            check_sent(method, "params", params or {})
        if self.lost is not None:
            raise self.lost
        loop = asyncio.get_running_loop()
        number = self._last_id = next(self._ids)
        generation = (params or {}).get("generation")
        if method == "reset":
            self._generation = generation
        message: Json = {"jsonrpc": "2.0", "id": number, "method": method}
        line = encode(message if params is None else {**message, "params": params})
        limit, began = self._deadlines.of(method), loop.time()
        asked, timeout = Asked(method, params, number), asyncio.timeout(limit)
        request = _Open(method, asked, generation, checked, loop.create_future(), timeout)
        self._open[number] = request
        try:
            async with timeout:
                self._send(line)
                result = await request.answer
        except TimeoutError:
            # It may have been hastened.
            raise self._hang(request, min(limit, round(loop.time() - began, 1) or limit)) from None
        finally:
            del self._open[number]
        self._deadlines.observe(method, loop.time() - began)
        return result

    def receive(self, data: bytes) -> None:
        """Take in bytes from the adapter."""
        for line in self._lines.feed(data):
            self._receive_line(line)
        if not may_be_message(self._lines.held):
            self._hasten()

    def no_handshake(self, fault: AdapterFault) -> AdapterFault:
        """What to say where the handshake failed: the lines that came instead of it, if any did."""
        if not self._stray:
            return fault
        first, lines = self._stray[0], " … ".join(stray.detail for stray in self._stray)
        return AdapterFault(first.kind, f"{lines}; {fault.detail}", first.remedy, fault.stderr)

    def end(self) -> None:
        """The adapter will write nothing more: what it began to write counts as a line."""
        self._receive_line(self._lines.take())

    def lose(self, fault: AdapterFault) -> None:
        """The adapter is gone: all that is open, and all that is asked from now on, ends with this fault."""
        self.lost = fault
        for request in self._open.values():
            if not request.answer.done():
                request.answer.set_exception(fault)
        for task in self._answering:
            task.cancel()

    def _send(self, line: bytes) -> None:
        if self._transcript is not None:
            self._transcript.line("judge", line)
        self._write(line)

    def _receive_line(self, line: bytes) -> None:
        if not line.strip():
            return
        if self._transcript is not None:
            self._transcript.line("adapter", line)
        try:
            kind, message = decode(line)
            if kind == "request":
                self._answer(message)
            elif kind != "notification":  # which asks for nothing, and says nothing that is needed
                self._match(kind == "error", message)
        except AdapterFault as fault:
            record(self._faults, fault)
            if fault.kind in NO_MESSAGE:
                self._stray = [*self._stray[:1], fault]
                self._hasten()

    def _hasten(self) -> None:
        """What came is no message. A program that speaks is at work: if it is an adapter, it shakes hands as soon as it answers."""
        until = asyncio.get_running_loop().time() + self._deadlines.of("call")
        for request in self._open.values():
            if request.method == "initialize" and until < (request.timeout.when() or until):
                request.timeout.reschedule(until)

    def _match(self, is_error: bool, message: Json) -> None:
        number = message.get("id")
        if number is None:
            raise AdapterFault(
                "bad-message",
                f"the adapter could not read a request: {_error_text(message['error'])}",
                "Each request is one line of JSON in UTF-8, of at most 1 MiB.",
            )
        request = self._open.get(number)
        if request is None or request.answer.done():
            asked = isinstance(number, int) and 0 < number <= self._last_id
            what = "was already answered, or had timed out" if asked else "was never sent"
            raise AdapterFault(
                "stale",
                f"an answer to request {number!r}, which {what}",
                "Answer each request once, with its own id.",
            )
        if is_error:
            request.answer.set_exception(refused(request.asked, _error_text(message["error"])))
            return
        result = message["result"]
        check_generation(result, request.generation, request.asked)
        try:
            checked = check_result(request.method, result, request.asked) if request.checked else result
            request.answer.set_result(checked)
        except AdapterFault as fault:
            request.answer.set_exception(fault)

    def _hang(self, request: _Open, limit: float) -> AdapterFault:
        held = f" (what came without an end of line begins {excerpt(self._lines.held)})" if self._lines.held else ""
        return AdapterFault(
            "hang",
            f"no answer to {request.asked} within {limit:.3g} s{held}",
            "Answer each request with one line that ends in a newline, and flush standard output after it; "
            "if the implementation itself does not answer, say `pending`.",
        )

    def _answer(self, message: Json) -> None:
        """Let the handler answer a request of the adapter, without holding up the lines that follow."""
        task = asyncio.get_running_loop().create_task(self._send_answer(message))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _send_answer(self, message: Json) -> None:
        answer: Json = {"jsonrpc": "2.0", "id": message["id"]}
        try:
            answer["result"] = await answer_request(
                self._handler, message["method"], message.get("params") or {}, self._generation, self._faults
            )
        except RequestRefused as refusal:
            answer["error"] = {"code": refusal.code, "message": refusal.message}
        except Exception:
            # The judge's own mistake, and its trace is for the log; but nobody is left waiting.
            answer["error"] = {"code": INTERNAL_ERROR, "message": "the judge failed to answer"}
            raise
        finally:
            if len(answer) > 2 and self.lost is None:
                self._send(encode(answer))


async def answer_request(
    handler: RequestHandler | None,
    method: str,
    params: Json,
    generation: int | None,
    faults: list[AdapterFault],
) -> Json:
    """Answer what an adapter asks of the judge; raises RequestRefused, its own faults being recorded."""
    if handler is None or method != "refreshToken":
        record(
            faults,
            AdapterFault(
                "noise",
                f"the adapter asked for {method!r}, which the judge does not answer here",
                "An adapter may ask for refreshToken, if it declared `refresh`. " + STDOUT_IS_FOR_THE_PROTOCOL,
            ),
        )
        raise RequestRefused(METHOD_NOT_FOUND, f"no such method: {method}")
    problem = problem_with(method, "params", params)
    if problem is not None:
        record(
            faults,
            AdapterFault(
                "bad-message",
                f"the adapter's {method} is not as its schema says: {problem}",
                f"See the params in protocol/{method}.schema.json of the contract.",
            ),
        )
        raise RequestRefused(INVALID_PARAMS, problem)
    try:
        check_generation(params, generation, f"the case under way, in a {method}")
    except AdapterFault as fault:
        record(faults, fault)
        raise RequestRefused(ADAPTER_FAILED, "that generation is over") from None
    result = await handler(method, params)
    check_sent(method, "result", result)
    return result


def check_generation(message: object, expected: int | None, asked: Asked | str) -> None:
    """Raise the AdapterFault `stale` if a message carries another generation than the one expected."""
    if expected is None or not isinstance(message, dict):
        return
    found = message.get("generation", expected)
    if found != expected:
        raise AdapterFault(
            "stale",
            f"generation {found!r} came where {expected} was expected: {asked}",
            "Give back the generation of the request; after a reset, answer nothing of the cases before.",
        )


def refused(asked: Asked, error: str) -> AdapterFault:
    """Give the fault for a request that was answered with a JSON-RPC error."""
    return AdapterFault(
        "refused",
        f"{asked} was answered with a JSON-RPC error: {error}",
        "A JSON-RPC error says that the adapter failed; what the implementation refuses is a result, "
        "with the outcome `error`, and what it lacks the outcome `unsupported`.",
        cause=error,
    )


def _error_text(error: object) -> str:
    parts = [error[key] for key in ("code", "message") if key in error] if isinstance(error, dict) else []
    return shorten(" ".join(map(str, parts or [error])))
