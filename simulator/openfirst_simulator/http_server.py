"""The HTTP server's side: requests come in, go through the pipeline, and answers go out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import closing, suppress
from typing import Literal

from aiohttp import HttpVersion11, StreamReader, web
from aiohttp.http_exceptions import HttpProcessingError
from msgspec import structs

from openfirst_simulator.bodies import BODY_LIMIT, CONTROL_LIMIT
from openfirst_simulator.cross_origin import NOTHING, ORIGIN, PREFLIGHT, said_to
from openfirst_simulator.events import as_frame, as_server_sent
from openfirst_simulator.messages import Answer, Disconnected, Hearing, Request, parts_of
from openfirst_simulator.pipeline import CONTROL, Pipeline
from openfirst_simulator.problems import EVENT_STREAM, Problem, bad_request, unsupported_encoding
from openfirst_simulator.records import Event
from openfirst_simulator.timeline import BrokenOff

BODY_SECONDS = 10.0
"""How long a body may take to come."""
HEAD_SECONDS = 75.0
"""How long a connection may be open, or idle, before the head of its next request is there."""
FIELD_LIMIT = 16 * 1024
"""How long a header may be, in bytes: a token of `tokens.LONGEST` fits."""
ALIVE_SECONDS = 15.0
"""How long a stream may be silent: then something is said that is no event, to see whether somebody is there."""
LINGER_SECONDS = 1.0
"""For how long the rest of a body is taken, and thrown away, when its request is answered already."""
_STOP_SECONDS = 1.0
_log = logging.getLogger("openfirst_simulator.http")


def runner(
    pipeline: Pipeline, body_seconds: float, head_seconds: float, scheme: Literal["http", "https"] = "http"
) -> web.ServerRunner:
    """What runs the server. It has one handler, since the pipeline knows the routes."""
    stopping = asyncio.Event()

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        besides = said_to(request.method, request.path, request.headers) if ORIGIN in request.headers else NOTHING
        if besides is PREFLIGHT:
            return web.Response(status=204, headers=besides)
        try:
            headers = _headers(request)
            if "Expect" in headers:
                await _expected(request)
            body = await _body(request, body_seconds) if request.body_exists else b""
        except Problem as problem:
            response = _response(pipeline.refused(problem, request.rel_url.raw_path))
            response.headers.update(besides)
            response.force_close()
            return response
        asked = Request(
            request.method, request.rel_url.raw_path, headers, body, request.rel_url.raw_query_string, scheme
        )
        answer = await pipeline.answer(asked)
        if besides:
            answer = structs.replace(answer, headers={**answer.headers, **besides})
        if answer.delivery == "stream":
            return await _stream(request, answer, stopping)
        if answer.delivery != "whole":
            return await _broken(request, answer)
        response = _response(answer)
        if body is None:  # What is left of it is read by nobody.
            response.force_close()
        return response

    # Bodies are taken as they come: what is not encoded as it says is no failure of ours.
    server = web.Server(
        handle,
        access_log=None,
        auto_decompress=False,
        logger=_quiet(_log),
        keepalive_timeout=head_seconds,
        lingering_time=min(body_seconds, LINGER_SECONDS),
        max_field_size=FIELD_LIMIT,
    )
    return _Runner(server, stopping)


class _Runner(web.ServerRunner):
    """Runs the server; when it stops, so do the streams."""

    def __init__(self, server: web.Server, stopping: asyncio.Event) -> None:
        super().__init__(server, shutdown_timeout=_STOP_SECONDS)
        self._stopping = stopping

    async def shutdown(self) -> None:
        """Nobody waits for what is heard next."""
        self._stopping.set()


def _headers(request: web.BaseRequest) -> Mapping[str, str]:
    """The headers, in which `Host` is whom the request is for. Raises Problem where nobody can tell who asks.

    A target that names a host itself counts for more than the header (RFC 9112, 3.2.2).
    """
    headers = request.headers
    if len(set(headers.getall("Authorization", ()))) > 1:
        raise bad_request("`Authorization` is there more than once, and not the same. Send the one that counts.")
    if "://" not in request.raw_path.partition("?")[0]:
        return headers
    meant = headers.copy()
    meant["Host"] = request.url.authority
    return meant


async def _body(request: web.BaseRequest, seconds: float) -> bytes | None:
    """The body; None if it is longer than permitted."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise unsupported_encoding(request.headers["Content-Encoding"])
    limit = _limit(request)
    if (request.content_length or 0) > limit:
        return None
    try:
        if request.content.is_eof():  # All of it is here, as that of a short request mostly is.
            return _within(limit, [request.content.read_nowait()])
        async with asyncio.timeout(seconds):
            return await _read(request.content, limit)
    except TimeoutError:
        detail = f"The body did not come within {seconds:g} seconds. Send as much of it as Content-Length says."
        raise Problem(408, "request-timeout", "The request took too long", detail) from None
    except (web.RequestPayloadError, ConnectionError):
        raise bad_request("The body ended before it was complete. Send as much of it as Content-Length says.") from None


def _limit(request: web.BaseRequest) -> int:
    return CONTROL_LIMIT if request.path.startswith(CONTROL) else BODY_LIMIT


async def _expected(request: web.BaseRequest) -> None:
    """A client that waits for leave to send its body has it. Raises Problem for another expectation."""
    expected = request.headers["Expect"]
    if expected.lower() != "100-continue":
        detail = f"`Expect: {expected[:40]}` cannot be met. Leave it out, or send `100-continue`."
        raise Problem(417, "expectation-failed", "Nobody knows what is expected", detail)
    if request.version >= HttpVersion11 and (request.content_length or 0) <= _limit(request):
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # Of the answer itself nothing has gone out.


async def _read(content: StreamReader, limit: int) -> bytes | None:
    parts = []
    async for part in content.iter_any():
        parts.append(part)
        if _within(limit, parts) is None:
            return None
    return b"".join(parts)


def _within(limit: int, parts: Sequence[bytes]) -> bytes | None:
    return b"".join(parts) if sum(map(len, parts)) <= limit else None


async def _broken(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    """An answer that goes out in part, or slowly, or not at all: a fault wants it so."""
    response = web.StreamResponse(status=answer.status or 500, headers=answer.headers)
    content = answer.content
    if answer.content_type is not None and answer.delivery != "broken":
        response.content_type, response.content_length = answer.content_type, len(content)
        await response.prepare(request)
        if answer.delivery == "slow" and answer.pause is not None:
            with suppress(BrokenOff), closing(answer.pause):
                for part in parts_of(content):
                    await answer.pause()
                    await response.write(part)
                return response
        if answer.delivery == "cut":
            await response.write(content[: len(content) // 2])
    _break_off(request)
    return response


def _break_off(request: web.BaseRequest) -> None:
    if request.transport is not None:
        request.transport.abort()


async def _stream(request: web.BaseRequest, answer: Answer, stopping: asyncio.Event) -> web.StreamResponse:
    """An answer that goes on until there is nothing to hear any more, or nobody who hears it."""
    if request.headers.get("Upgrade", "").lower() == "websocket":
        return await _socket(request, answer, stopping)
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    response.content_type = answer.content_type or EVENT_STREAM
    try:
        await response.prepare(request)
        await response.write(b": open\n\n")
        async for events in _heard(answer, stopping):
            await response.write(b"".join(map(as_server_sent, events)) or b":\n\n")
    except Disconnected:
        _break_off(request)
    except ConnectionError:
        pass
    return response


async def _socket(request: web.BaseRequest, answer: Answer, stopping: asyncio.Event) -> web.StreamResponse:
    """The same over a WebSocket, an event a message. What the other side says is not listened to."""
    socket = web.WebSocketResponse(heartbeat=ALIVE_SECONDS)
    await socket.prepare(request)
    gone = asyncio.Event()
    reading = asyncio.create_task(_read_to_the_end(socket, gone))
    try:
        with suppress(ConnectionError):
            async for events in _heard(answer, stopping, gone):
                for event in events:
                    await socket.send_str(as_frame(event))
        await socket.close()
    except Disconnected:
        _break_off(request)
    finally:
        reading.cancel()
    return socket


async def _read_to_the_end(socket: web.WebSocketResponse, gone: asyncio.Event) -> None:
    async for _ in socket:
        pass
    gone.set()


async def _heard(answer: Answer, *ends: asyncio.Event) -> AsyncIterator[Sequence[Event]]:
    """What is heard, until there is nothing more or one of these ends it; nothing, now and then, to see who is still there."""
    waiting = [asyncio.create_task(end.wait()) for end in ends]
    coming: asyncio.Task[Sequence[Event] | None] | None = None
    try:
        while answer.hearing is not None:
            coming = coming or asyncio.ensure_future(_next(answer.hearing))
            await asyncio.wait({coming, *waiting}, timeout=ALIVE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if any(end.done() for end in waiting):
                return
            if not coming.done():
                yield ()
                continue
            events, coming = coming.result(), None
            if events is None:
                return
            yield events
    finally:
        for task in (coming, *waiting):
            if task is not None:
                task.cancel()


async def _next(hearing: Hearing) -> Sequence[Event] | None:
    return await hearing()


def _response(answer: Answer) -> web.Response:
    if answer.content_type is None:
        return web.Response(status=answer.status, headers=answer.headers)
    charset = "; charset=utf-8" if answer.content_type.startswith("text/") else ""
    headers = {"Content-Type": f"{answer.content_type}{charset}", **answer.headers}
    return web.Response(status=answer.status, body=answer.content, headers=headers)


def _quiet(log: logging.Logger) -> logging.Logger:
    """The log without what somebody else did wrong: no HTTP, or no more of it."""
    if not log.filters:
        log.addFilter(lambda record: not (record.exc_info and isinstance(record.exc_info[1], _OF_OTHERS)))
    return log


_OF_OTHERS = (HttpProcessingError, web.RequestPayloadError, ConnectionError)
