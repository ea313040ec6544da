"""The HTTP server's side: requests come in, go through the pipeline, and answers go out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from openfirst_simulator.bodies import BODY_LIMIT, CONTROL_LIMIT
from openfirst_simulator.messages import Answer, Request, parts_of
from openfirst_simulator.pipeline import CONTROL, Pipeline, refused
from openfirst_simulator.problems import Problem, bad_request, unsupported_encoding
from openfirst_simulator.timeline import BrokenOff

BODY_SECONDS = 10.0
"""How long a body may take to come."""
_STOP_SECONDS = 1.0
_log = logging.getLogger("openfirst_simulator.http")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def runner(pipeline: Pipeline, body_seconds: float) -> web.AppRunner:
    """What runs the web application. It has one handler, since the pipeline knows the routes."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            body = await _body(request, body_seconds)
        except Problem as problem:
            response = _response(refused(problem))
            response.force_close()
            return response
        asked = Request(
            request.method, request.rel_url.raw_path, request.headers, body, request.rel_url.raw_query_string
        )
        answer = await pipeline.answer(asked)
        return _response(answer) if answer.delivery == "whole" else await _broken(request, answer)

    app = web.Application(middlewares=[_as_problems])
    app.router.add_route("*", "/{path:.*}", handle)
    # Bodies are taken as they come: what is not encoded as it says is no failure of ours.
    return web.AppRunner(
        app, access_log=None, shutdown_timeout=_STOP_SECONDS, auto_decompress=False, logger=_quiet(_log)
    )


async def _body(request: web.Request, seconds: float) -> bytes | None:
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise unsupported_encoding(request.headers["Content-Encoding"])
    try:
        async with asyncio.timeout(seconds):
            return await _read(request, CONTROL_LIMIT if request.path.startswith(CONTROL) else BODY_LIMIT)
    except TimeoutError:
        detail = f"The body did not come within {seconds:g} seconds. Send as much of it as Content-Length says."
        raise Problem(408, "request-timeout", "The request took too long", detail) from None
    except (web.RequestPayloadError, ConnectionError):
        raise bad_request("The body ended before it was complete. Send as much of it as Content-Length says.") from None


async def _read(request: web.Request, limit: int) -> bytes | None:
    """The body; None if it is longer than the limit."""
    if not request.can_read_body:
        return b""
    parts, size = [], 0
    async for part in request.content.iter_any():
        parts.append(part)
        size += len(part)
        if size > limit:
            return None
    return b"".join(parts)


async def _broken(request: web.Request, answer: Answer) -> web.StreamResponse:
    """An answer that goes out in part, or slowly, or not at all: a fault wants it so."""
    response = web.StreamResponse(status=answer.status or 500, headers=answer.headers)
    content = answer.content
    if answer.content_type is not None and answer.delivery != "broken":
        response.content_type, response.content_length = answer.content_type, len(content)
        await response.prepare(request)
        if answer.delivery == "slow" and answer.pause is not None:
            with suppress(BrokenOff):
                for part in parts_of(content):
                    await answer.pause()
                    await response.write(part)
                return response
        if answer.delivery == "cut":
            await response.write(content[: len(content) // 2])
    if request.transport is not None:
        request.transport.abort()
    return response


@web.middleware
async def _as_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What aiohttp itself refuses is a problem, too."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        return _response(refused(Problem(error.status, "http-error", error.reason, f"{error.reason}.")))


def _response(answer: Answer) -> web.Response:
    if answer.content_type is None:
        return web.Response(status=answer.status, headers=answer.headers)
    return web.Response(
        status=answer.status, body=answer.content, content_type=answer.content_type, headers=answer.headers
    )


def _quiet(log: logging.Logger) -> logging.Logger:
    """The log without what somebody else did wrong: no HTTP, or no more of it."""
    if not log.filters:
        log.addFilter(lambda record: not (record.exc_info and isinstance(record.exc_info[1], _OF_OTHERS)))
    return log


_OF_OTHERS = (HttpProcessingError, web.RequestPayloadError, ConnectionError)
