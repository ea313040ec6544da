"""The HTTP server's side: requests come in, go through the pipeline, and answers go out."""

from __future__ import annotations

from contextlib import suppress

from aiohttp import web

from openfirst_simulator.bodies import BODY_LIMIT
from openfirst_simulator.messages import Answer, Request
from openfirst_simulator.pipeline import Pipeline


def application(pipeline: Pipeline) -> web.Application:
    """The web application: one handler, since the pipeline knows the routes."""

    async def handle(request: web.Request) -> web.Response:
        body: bytes | None = None
        with suppress(web.HTTPRequestEntityTooLarge):
            body = await request.read()
        authorization = request.headers.get("Authorization")
        asked = Request(request.method, request.rel_url.raw_path, authorization, request.content_type, body)
        return _response(pipeline.answer(asked))

    app = web.Application(client_max_size=BODY_LIMIT)
    app.router.add_route("*", "/{path:.*}", handle)
    return app


def _response(answer: Answer) -> web.Response:
    if answer.content_type is None:
        return web.Response(status=answer.status, headers=answer.headers)
    return web.Response(
        status=answer.status, body=answer.content, content_type=answer.content_type, headers=answer.headers
    )
