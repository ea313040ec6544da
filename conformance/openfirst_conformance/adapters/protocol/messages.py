"""Messages of the adapter protocol held against its schemas, both ways; as types they are in `shapes`."""

from __future__ import annotations

import functools
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

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
    """What an adapter declared in its handshake; what it did not declare is not assumed."""

    operations: frozenset[str]
    arguments: Mapping[str, str]
    clock: Literal["virtual", "real"]
    clients: int
    concurrency: int
    refresh: bool
    world: frozenset[str]
    deprecated_initialize: bool

    @classmethod
    def of(cls, initialized: InitializeResult, names: Words = Words({})) -> Capabilities:  # noqa: B008 - it is frozen
        """Read the result of `initialize`; `names` has what the contract calls operations, where it has other names."""
        declared = initialized["capabilities"]
        return cls(
            operations=frozenset(names.inward(name) for name in declared["operations"]),
            arguments=declared.get("arguments", {}),
            clock=declared.get("clock", "real"),
            clients=declared.get("clients", 1),
            concurrency=declared.get("concurrency", 1),
            refresh=declared.get("refresh", False),
            world=frozenset(names.inward(name) for name in declared.get("world", ())),
            deprecated_initialize=declared.get("deprecatedInitialize", False),
        )


# --- schemas ------------------------------------------------------------------------------------------------


def problem_with(method: str, part: Literal["params", "result"], value: object) -> str | None:
    """Say in one line what the schema of a method's params or result does not permit, if anything."""
    if _checker(method, part).is_valid(value):
        return None
    error = best_match(_explainer(method, part).iter_errors(value))
    return f"{error.json_path.replace('$', part, 1)}: {shorten(error.message)}"


def check_result(method: str, result: object, asked: str) -> Json:
    """Give the result of a request if its schema permits it; raises the AdapterFault `bad-message`."""
    problem = problem_with(method, "result", result)
    if problem is None:
        return result if isinstance(result, dict) else {}
    raise AdapterFault(
        "bad-message",
        f"the answer to {asked} is not as its schema says: {problem}",
        f"See the result in protocol/{method}.schema.json of the contract.",
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
