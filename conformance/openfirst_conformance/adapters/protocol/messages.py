"""Messages of the adapter protocol held against its schemas, both ways; as types they are in `shapes`."""

from __future__ import annotations

import functools
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import jsonschema_rs
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from referencing import Registry, Resource

from openfirst_conformance.adapters.protocol.faults import AdapterFault
from openfirst_conformance.adapters.protocol.lines import shorten
from openfirst_conformance.adapters.protocol.shapes import InitializeResult
from openfirst_reference.contract.document import Json
from openfirst_reference.contract.forms import Words
from openfirst_spec import resource

RequestHandler = Callable[[str, Json], Awaitable[Json]]
"""Answers what an adapter asks of the judge: method and params in, result out; `RequestRefused` says no."""
METHODS: Final = ("initialize", "reset", "call", "world", "advance", "settle", "shutdown")
"""What the judge asks of an adapter."""


@dataclass(frozen=True)
class Capabilities:
    """What an adapter declared in its handshake; what it did not declare is not assumed.

    Operations have the contract's names throughout. `credentials` and `services` are None where nothing is said of them;
    a service has the methods that are declared, or None for all.
    """

    operations: frozenset[str]
    arguments: Mapping[str, str]
    clock: Literal["virtual", "real"]
    clients: int
    concurrency: int
    refresh: bool
    world: frozenset[str]
    deprecated_initialize: bool
    credentials: frozenset[str] | None = None
    services: Mapping[str, frozenset[str] | None] | None = None

    @classmethod
    def of(cls, initialized: InitializeResult, names: Words = Words({})) -> Capabilities:  # noqa: B008 - it is frozen
        """Read the result of `initialize`; `names` has what the contract calls operations, where it has other names."""
        declared = initialized["capabilities"]
        return cls(
            operations=frozenset(names.inward(name) for name in declared["operations"]),
            arguments={_inward(name, names): demand for name, demand in declared.get("arguments", {}).items()},
            clock=declared.get("clock", "real"),
            clients=declared.get("clients", 1),
            concurrency=declared.get("concurrency", 1),
            refresh=declared.get("refresh", False),
            world=frozenset(names.inward(name) for name in declared.get("world", ())),
            deprecated_initialize=declared.get("deprecatedInitialize", False),
            credentials=None if (taken := declared.get("credentials")) is None else frozenset(taken),
            services=None if (had := declared.get("services")) is None else _services(had),
        )

    def permits(self, operation: str, arguments: Mapping[str, Any]) -> bool:
        """Whether arguments are what the implementation needs, and nothing that it does not take."""
        return next(self.against(operation, arguments), None) is None

    def against(self, operation: str, arguments: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """The arguments that the implementation needs and are not given, or are given and not taken; with what was declared."""
        for name, demand in self.arguments.items():
            owner, _, path = name.partition(".")
            if owner == operation:
                here: Any = arguments
                for part in path.split("."):
                    here = here.get(part) if isinstance(here, Mapping) else None
                if demand == ("required" if here is None else "unsupported"):
                    yield name, demand

    def has_method(self, service: str, method: str) -> bool:
        """Whether the implementation has a method of a service, by the names on the wire."""
        if self.services is None:
            return True
        methods = self.services.get(service, frozenset())
        return methods is None or method in methods


def _inward(argument: str, names: Words) -> str:
    operation, dot, path = argument.partition(".")
    return names.inward(operation) + dot + path


def _services(declared: Mapping[str, Sequence[str] | Literal[True]]) -> dict[str, frozenset[str] | None]:
    return {name: None if methods is True else frozenset(methods) for name, methods in declared.items()}


# --- schemas ------------------------------------------------------------------------------------------------


def problem_with(method: str, part: Literal["params", "result"], value: object) -> str | None:
    """Say in one line what the schema of a method's params or result does not permit, if anything."""
    if _checker(method, part).is_valid(value):
        return None
    error = best_match(_explainer(method, part).iter_errors(value))
    return f"{error.json_path.replace('$', part, 1)}: {shorten(error.message)}"


def check_result(method: str, result: object, asked: object) -> Json:
    """Give the result of a request if its schema permits it; raises the AdapterFault `bad-message`."""
    problem = problem_with(method, "result", result)
    if problem is None:
        return result if isinstance(result, dict) else {}
    raise AdapterFault(
        "bad-message",
        f"the answer to {asked} is not as its schema says: {problem}",
        f"See the result in protocol/{method}.schema.json of the contract.",
        cause=problem,
    )


def check_sent(method: str, part: Literal["params", "result"], value: object) -> None:
    """Raise ValueError if the judge is about to send what the schemas do not permit: its own mistake."""
    problem = problem_with(method, part, value)
    if problem is not None:
        raise ValueError(f"the judge would send a bad {method}: {problem}")


# Two libraries for one thing: the first is a hundred times as fast, and the second says what is wrong in words for people.
@functools.cache
def _checker(method: str, part: str) -> jsonschema_rs.Validator:
    registry = jsonschema_rs.Registry([(schema["$id"], schema) for schema in _schemas().values()])
    return jsonschema_rs.validator_for(_part(method, part), registry=registry)


@functools.cache
def _explainer(method: str, part: str) -> Draft202012Validator:
    resources = ((schema["$id"], Resource.from_contents(schema)) for schema in _schemas().values())
    return Draft202012Validator(_part(method, part), registry=Registry().with_resources(resources))


def _part(method: str, part: str) -> Json:
    schema = _schemas()[method]
    return {"$schema": schema["$schema"], "$ref": f"{schema['$id']}#/$defs/{part}"}


@functools.cache
def _schemas() -> dict[str, Json]:
    return {method: json.loads(resource(f"protocol/{method}.schema.json")) for method in (*METHODS, "refreshToken")}
