"""One request of the session interface, from what was sent to what is answered. No I/O in here, and nothing awaits.

`pipeline` hands it in and the answer out, `bodies` checks what was sent, and `world` does it, as the machine permits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import msgspec

from openfirst_reference.contract.http_surface import CURRENT, Endpoint, surface
from openfirst_reference.contract.model import Operation
from openfirst_simulator.bodies import Arguments, Fields, form_or_object, json_object, of_query
from openfirst_simulator.decisions import AS_IT_IS, Decided, Seen
from openfirst_simulator.descriptions import REST_FILE, rest_description
from openfirst_simulator.issuing import LIFETIMES, api_client, bearer
from openfirst_simulator.messages import Request
from openfirst_simulator.problems import JSON, Problem, bad_request, not_found
from openfirst_simulator.rest import Call
from openfirst_simulator.routes import RestRoute, Route, TokenRoute
from openfirst_simulator.table import Table
from openfirst_simulator.tokens import BadToken, Claims
from openfirst_simulator.world import World
from openfirst_simulator.worlds import Worlds


class Admitted(msgspec.Struct, frozen=True, eq=False):
    """A request whose world is known: what it asks, and with which token. `problem` is why it gets no further.

    `bearer` tells texts apart that are no tokens of ours.
    """

    world: World
    route: Route
    arguments: Mapping[str, Any]
    session_id: str | None = None
    claims: Claims | None = None
    problem: Problem | None = None
    bearer: str | None = None


class Done(msgspec.Struct, frozen=True, eq=False):
    """What a request came to: the body of the answer or the problem, and what was decided if it came so far."""

    body: Any = None
    problem: Problem | None = None
    decided: Decided | None = None


class Interface:
    """The interface of a contract to some worlds. `at` is always the world that the URL names, or None."""

    def __init__(self, table: Table, worlds: Worlds) -> None:
        self._table, self._contract, self._worlds = table, table.contract, worlds
        self._arguments = Arguments(table.contract)
        self._methods = table.contract.methods_sent()
        inward = table.contract.bindings.operations.inward
        self._operations = {
            item.name: table.contract.operations[inward(item.operation)]
            for item in surface().values()
            if item.operation
        }

    def admit(self, route: Route, at: World | None, path: Mapping[str, str], authorization: str | None) -> Admitted:
        """Whose request it is, and what it asks."""
        operation = self._operation(route)
        world = at or self._worlds.default
        arguments: dict[str, Any] = {name: path[name] for name in operation.arguments if name in path}
        nowhere = self._leads_nowhere(operation, arguments)
        raw: str | None = None
        try:
            raw = bearer(authorization)
            world, claims = self._worlds.client_token(raw, at)
            session_id = None if path.get("sessionId") == CURRENT else path.get("sessionId")
            return Admitted(world, route, arguments, session_id, claims, nowhere)
        except BadToken as error:
            why = nowhere or world.refused(operation.name, arguments, str(error), error.condition)
            return Admitted(world, route, arguments, problem=why, bearer=_told_apart(str(raw)))
        except ValueError as error:
            why = nowhere or world.refused(operation.name, arguments, str(error))
            return Admitted(world, route, arguments, problem=why)
        finally:
            world.requests += 1

    def decide(self, asked: Admitted, raw: bytes, seen: Seen = AS_IT_IS, *, commit: bool = True) -> Done:
        """Do what is asked, and commit it, or find out what it would come to. `seen` is how the world looks to the request."""
        if asked.problem is not None or asked.claims is None:
            return Done(problem=asked.problem)
        operation, endpoint, arguments = self._operation(asked.route), asked.route.endpoint, dict(asked.arguments)
        try:
            if endpoint.has_body:
                names = [name for name in operation.arguments if name not in arguments]
                arguments |= self._from_body(names, endpoint, raw)
                self._arguments.check(operation.name, arguments, endpoint.whole)
            do = asked.world.perform if commit else asked.world.would_come_to
            decided = do(asked.claims, operation.name, arguments, asked.session_id, seen)
        except Problem as problem:
            return Done(problem=problem)
        if isinstance(decided.outcome, Problem):
            return Done(problem=decided.outcome, decided=decided)
        if asked.route.listens and not decided.outcome:
            return Done(problem=asked.world.without_session(), decided=decided)
        shape = asked.route.shape
        return Done(shape(asked.world, decided.client, decided.outcome) if shape else None, decided=decided)

    def token(
        self, route: TokenRoute, at: World | None, authorization: str | None, content_type: str, raw: bytes
    ) -> tuple[World, Any]:
        """The world that gives a token, and the body of the answer. Raises Problem.

        Who asks comes first: where a body is needed, a field of it is, which is missed then.
        """
        fields = form_or_object(raw, content_type, "a form or a JSON object", LIFETIMES)
        return route.issue(self._worlds, at, authorization, fields)

    def rest(
        self, route: RestRoute, at: World | None, path: Mapping[str, str], request: Request, raw: bytes
    ) -> tuple[World, Any]:
        """The world of whoever asks, and the body of the answer. Raises Problem, and then nothing is done."""
        endpoint = route.endpoint
        if route.scopes:
            world, application = api_client(self._worlds, at, request.authorization, route.scopes)
        else:
            world = at or self._worlds.default
            application = world.applications[0]
        fields: Mapping[str, Any] = {}
        if endpoint.has_body:
            schema, needed = self._bodies[endpoint.name]
            fields = json_object(raw, "a JSON object", needed=needed) or {}
            self._fields.check(schema, fields)
        query = of_query(request.query)
        host = request.headers.get("Host", "")
        return world, world.decide(lambda scene: route.do(Call(scene, application.id, host, path, query, fields)))

    @cached_property
    def _fields(self) -> Fields:
        return Fields(rest_description(), REST_FILE)

    @cached_property
    def _bodies(self) -> Mapping[str, tuple[str, bool]]:
        """The schema of each body of the REST interface, and whether it is needed, by `operationId`."""
        return {
            said["operationId"]: (
                body["content"][JSON]["schema"]["$ref"].rpartition("/")[2],
                body.get("required", False),
            )
            for item in rest_description()["paths"].values()
            for said in item.values()
            if isinstance(said, dict) and (body := said.get("requestBody")) is not None
        }

    def _operation(self, route: Route) -> Operation:
        return self._operations[route.endpoint.name]

    def _leads_nowhere(self, operation: Operation, arguments: Mapping[str, str]) -> Problem | None:
        """A method that the contract does not list is a path that leads nowhere."""
        parameter = self._table.targets.get(operation.name)
        if parameter is None:
            return None
        service, method = (arguments[name] for name in operation.parameters[parameter][0].split("/"))
        methods = self._methods.get(service)
        if methods is None:
            return not_found(f"There is no service `{service[:80]}`. Services: {', '.join(self._methods)}.")
        if method not in methods:
            return not_found(f"The service `{service}` has no method `{method[:80]}`. Methods: {', '.join(methods)}.")
        return None

    def _from_body(self, names: list[str], endpoint: Endpoint, raw: bytes) -> dict[str, Any]:
        """The arguments `names` from a body, of which one may be the body as a whole."""
        whole, expected = endpoint.whole, "a JSON object" if endpoint.needed else "a JSON object, or nothing"
        body = json_object(raw, expected, needed=endpoint.needed)
        if body is None:
            return {}
        if whole is not None:
            others = {name: body.pop(name) for name in names if name in body and name != whole}
            return {**others, whole: body}
        unknown = ", ".join(f"`{name[:80]}`" for name in body if name not in names)
        if unknown:
            raise bad_request(f"The body has fields that are not known: {unknown}. Known: {', '.join(names)}.")
        return body


def _told_apart(raw: str) -> str:
    """The same for the same text, which it does not tell."""
    return hashlib.blake2b(raw.encode(errors="replace"), digest_size=6).hexdigest()
