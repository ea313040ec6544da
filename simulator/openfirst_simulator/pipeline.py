"""The way of every request, whatever carried it here: to its route, to what that does, and to an answer.

Nothing in here awaits, so no other request comes between reading and writing a state.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from email.utils import formatdate
from functools import lru_cache
from typing import Any

from openfirst_reference.contract.findings import ContractError
from openfirst_simulator.bodies import BODY_LIMIT, json_object
from openfirst_simulator.control import CONTROL_ROUTES, ControlRoute, check_sender, control
from openfirst_simulator.interface import Interface
from openfirst_simulator.messages import Answer, Request
from openfirst_simulator.problems import JSON, PROBLEM_JSON, Problem, not_found, too_large
from openfirst_simulator.router import Router
from openfirst_simulator.routes import SESSION_ROUTES, TOKEN_ROUTES, Route, TokenRoute
from openfirst_simulator.table import Table
from openfirst_simulator.world import World
from openfirst_simulator.worlds import WorldError, Worlds

Handler = Callable[[Request, Mapping[str, str]], Answer]
_log = logging.getLogger(__name__)


class Pipeline:
    """Every route of the tables, at the root and under a world's own base URL."""

    def __init__(self, table: Table, worlds: Worlds) -> None:
        self._interface, self._worlds = Interface(table, worlds), worlds
        self._router = Router(self._routes())

    def answer(self, request: Request) -> Answer:
        """What a request comes to."""
        try:
            handler, path = self._router.find(request.method, request.path)
            return handler(request, path)
        except Problem as problem:
            return refused(problem)
        except ContractError as error:
            return refused(Problem(500, "contract-error", "The contract does not say what to do", str(error)))
        except Exception:
            _log.exception("%s %s", request.method, request.path)
            detail = "The simulator failed at this; its log says where. Please report it."
            return refused(Problem(500, "internal-error", "The simulator failed", detail))

    def _routes(self) -> Iterator[tuple[str, str, Handler]]:
        for prefix in ("", "/w/{world}"):
            for route in SESSION_ROUTES:
                yield route.endpoint.method, prefix + route.endpoint.path, self._session(route)
            for token_route in TOKEN_ROUTES:
                yield token_route.endpoint.method, prefix + token_route.endpoint.path, self._token(token_route)
        for control_route in CONTROL_ROUTES:
            yield control_route.method, control_route.path, self._control(control_route)

    def _session(self, route: Route) -> Handler:
        def handle(request: Request, path: Mapping[str, str]) -> Answer:
            raw = _body(request) if route.endpoint.has_body else b""
            world, body = self._interface.session(route, self._named(path), path, request.authorization, raw)
            return _answer(route.endpoint.status, body, now=world.clock.now())

        return handle

    def _token(self, route: TokenRoute) -> Handler:
        def handle(request: Request, path: Mapping[str, str]) -> Answer:
            try:
                at = self._named(path)
                world, body = self._interface.token(
                    route, at, request.authorization, request.content_type, _body(request)
                )
            except Problem as problem:
                return refused(problem, problem.seen_body(), JSON)
            return _answer(200, body, now=world.clock.now())

        return handle

    def _control(self, route: ControlRoute) -> Handler:
        def handle(request: Request, path: Mapping[str, str]) -> Answer:
            check_sender(request.headers)
            fields = json_object(_body(request), "a JSON object") or {}
            return _answer(route.status, control(route, self._worlds, path, fields))

        return handle

    def _named(self, path: Mapping[str, str]) -> World | None:
        name = path.get("world")
        try:
            return None if name is None else self._worlds.named(name)
        except WorldError as error:
            raise not_found(str(error)) from None


def _body(request: Request) -> bytes:
    if request.body is None:
        raise too_large(BODY_LIMIT)
    return request.body


def refused(problem: Problem, body: dict[str, Any] | None = None, content_type: str = PROBLEM_JSON) -> Answer:
    """The answer that a problem is; `body` takes the place of the problem details."""
    return _answer(
        problem.status, body or problem.body(), now=problem.now, content_type=content_type, headers=problem.headers
    )


def _answer(
    status: int,
    body: Any,
    *,
    now: float | None = None,
    content_type: str = JSON,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    every = {**({} if now is None else {"Date": _date(int(now))}), **(headers or {})}
    if status == 204:
        return Answer(status, headers=every)
    return Answer(status, json.dumps(body).encode(), content_type, every)


@lru_cache(maxsize=100)
def _date(now: int) -> str:
    return formatdate(now, usegmt=True)
