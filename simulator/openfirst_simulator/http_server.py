"""The HTTP server's side: requests come in, are handed to the interface, and answers go out."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from functools import lru_cache
from typing import Any

from aiohttp import web

from openfirst_reference.contract.findings import ContractError
from openfirst_simulator.bodies import BODY_LIMIT, json_object
from openfirst_simulator.control import CONTROL_ROUTES, ControlRoute, control
from openfirst_simulator.interface import Interface
from openfirst_simulator.problems import JSON, PROBLEM_JSON, Problem, method_not_allowed, not_found, too_large
from openfirst_simulator.routes import SESSION_ROUTES, TOKEN_ROUTES, Route, TokenRoute
from openfirst_simulator.table import Table
from openfirst_simulator.world import World
from openfirst_simulator.worlds import WorldError, Worlds

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_log = logging.getLogger(__name__)


def application(table: Table, worlds: Worlds) -> web.Application:
    """The web application: every route of the tables, at the root and under a world's own base URL."""
    interface = Interface(table, worlds)
    app = web.Application(client_max_size=BODY_LIMIT, middlewares=[_problems])
    for prefix in ("", "/w/{world}"):
        for route in SESSION_ROUTES:
            endpoint = route.endpoint
            app.router.add_route(endpoint.method, prefix + endpoint.path, _session_handler(route, interface, worlds))
        for token_route in TOKEN_ROUTES:
            endpoint = token_route.endpoint
            app.router.add_route(
                endpoint.method, prefix + endpoint.path, _token_handler(token_route, interface, worlds)
            )
    for control_route in CONTROL_ROUTES:
        app.router.add_route(control_route.method, control_route.path, _control_handler(control_route, worlds))
    return app


# A handler awaits the body and nothing more, so no other request comes between reading and writing a state.


def _session_handler(route: Route, interface: Interface, worlds: Worlds) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        raw = await _body(request) if route.endpoint.has_body else b""
        at = _named_world(request, worlds)
        world, answer = interface.session(route, at, request.match_info, request.headers.get("Authorization"), raw)
        return _response(route.endpoint.status, answer, now=world.clock.now())

    return handle


def _token_handler(route: TokenRoute, interface: Interface, worlds: Worlds) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            raw = await _body(request)
            at = _named_world(request, worlds)
            world, answer = interface.token(route, at, request.headers.get("Authorization"), request.content_type, raw)
        except Problem as problem:
            return _wrong(problem, problem.seen_body(), JSON)
        return _response(200, answer, now=world.clock.now())

    return handle


def _control_handler(route: ControlRoute, worlds: Worlds) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        fields = json_object(await _body(request), "a JSON object") or {}
        return _response(route.status, control(route, worlds, request.match_info, fields))

    return handle


@web.middleware
async def _problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Problem as problem:
        return _wrong(problem)
    except web.HTTPMethodNotAllowed as error:
        return _wrong(method_not_allowed(request.method, sorted(error.allowed_methods)))
    except web.HTTPNotFound:
        return _wrong(not_found(f"Nothing is at `{request.path[:200]}`. openapi.yaml describes what there is."))
    except web.HTTPException:
        raise
    except ContractError as error:
        return _wrong(Problem(500, "contract-error", "The contract does not say what to do", str(error)))
    except Exception:
        _log.exception("%s %s", request.method, request.path)
        detail = "The simulator failed at this; its log says where. Please report it."
        return _wrong(Problem(500, "internal-error", "The simulator failed", detail))


async def _body(request: web.Request) -> bytes:
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise too_large(BODY_LIMIT) from None


def _named_world(request: web.Request, worlds: Worlds) -> World | None:
    name = request.match_info.get("world")
    try:
        return None if name is None else worlds.named(name)
    except WorldError as error:
        raise not_found(str(error)) from None


def _wrong(problem: Problem, body: dict[str, Any] | None = None, content_type: str = PROBLEM_JSON) -> web.Response:
    response = _response(problem.status, body or problem.body(), now=problem.now, content_type=content_type)
    response.headers.update(problem.headers)
    return response


def _response(status: int, body: Any, *, now: float | None = None, content_type: str = JSON) -> web.Response:
    headers = {} if now is None else {"Date": _date(int(now))}
    if status == 204:
        return web.Response(status=status, headers=headers)
    return web.Response(status=status, body=json.dumps(body).encode(), content_type=content_type, headers=headers)


@lru_cache(maxsize=100)
def _date(now: int) -> str:
    return formatdate(now, usegmt=True)
