"""Logs of calls, JSON lines as `log.schema.json` describes them, read into recordings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import jsonschema_rs
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from referencing import Registry, Resource

from openfirst_conformance.adapters.protocol.outcomes import Translator
from openfirst_conformance.adapters.protocol.shapes import outcome_report
from openfirst_conformance.cases.arguments import check_arguments
from openfirst_conformance.recordings.events import Ended, Event, Made, Recording
from openfirst_reference.contract.document import Json
from openfirst_reference.contract.findings import Mistake, did_you_mean
from openfirst_reference.contract.model import Contract
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.outcome import Answered, Pending, Settled
from openfirst_reference.machine.step import State
from openfirst_spec import resource

SCHEMA = "log.schema.json"
_KINDS = ("clients", "begin", "end", "world")
_EXAMPLE = '{"client": "a", "operation": "isOpen", "arguments": {}, "outcome": "value", "value": false}'


def read_log(text: str, name: str, machine: Machine, fixtures: Mapping[str, str]) -> list[Recording]:
    """The recordings in a log, one for each case that it starts. `fixtures`: what clients hold of which the log says nothing.

    Raises ValueError for the first line that cannot be used: `name` and number, what was found, what is expected.
    """
    cases = [_Case(machine, fixtures, {})]
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        if not line.strip():
            continue
        try:
            item = _parsed(line)
            if "clients" in item:
                cases.append(_Case(machine, fixtures, item))
            else:
                cases[-1].add(item, f"line {number}")
        except Mistake as error:
            raise Mistake(f"{name}:{number}: {error}") from None
    return [case.recording() for case in cases if case.events]


class _Case:
    """The lines from one start to the next."""

    def __init__(self, machine: Machine, fixtures: Mapping[str, str], start: Json) -> None:
        self.machine, self.contract = machine, machine.contract
        self.fixtures = fixtures
        self.choices = self.contract.check_choices(start.get("choices") or {}, "`choices`")
        self.translate = Translator(self.contract, start.get("errorMap") or [])
        held = start.get("clients") or {}
        self.clients = {client: self._held(client, what) for client, what in held.items()}
        self.events: list[Event] = []
        self._open: dict[int | str, Made] = {}

    def recording(self) -> Recording:
        return Recording(self.clients, tuple(self.events), self.choices)

    def add(self, item: Json, where: str) -> None:
        """Take in a line. Raises ValueError for one that makes no sense here."""
        if "end" in item:
            made = self._open.pop(item["end"], None)
            if made is None:
                raise Mistake(f"no call with the ID {item['end']!r} is under way. Let its `begin` stand before it.")
            outcome = self.translate(outcome_report(item))
            if not isinstance(outcome, Pending):
                self.events.append(Ended(where, made.client, made, outcome))
            return
        client, arguments = item.get("client") or "a", item.get("arguments") or {}
        operation = self._operation(item)
        check_arguments(self.contract, operation, arguments)
        if client not in self.clients:
            self.clients[client] = self._at_first(client, operation)
        self.machine.call(operation, arguments, self.clients[client])  # raises ValueError for what has no class
        made = Made(where, client, operation, arguments, self._outcome(item, operation))
        self.events.append(made)
        if "begin" in item:
            if item["begin"] in self._open:
                raise Mistake(f"a call with the ID {item['begin']!r} is under way already. Give this one another.")
            self._open[item["begin"]] = made

    def _operation(self, item: Json) -> str:
        by_world, names = "world" in item, self.contract.bindings.operations
        field = "world" if by_world else "operation"
        name = names.inward(str(item[field]))
        known = [name for name, stated in self.contract.operations.items() if stated.by_world is by_world]
        if name in known:
            return name
        stated = self.contract.operations.get(name)
        if stated is not None:
            raise Mistake(f"`{name}` stands as `{field}`. Write it as `{'operation' if by_world else 'world'}`.")
        near = did_you_mean(name, map(names.outward, known))
        raise Mistake(f"`{name}` is no {field} of the contract. {near}")

    def _outcome(self, item: Json, operation: str) -> Settled | None:
        if "begin" in item:
            return None
        if "world" not in item:
            outcome = self.translate(outcome_report(item))
            return None if isinstance(outcome, Pending) else outcome
        compared, value = _compared_answers(self.contract, operation), item.get("value")
        if compared and type(value) not in map(type, compared):
            said = (
                "comes without a `value`"
                if value is None
                else f"cannot come to {json.dumps(value, ensure_ascii=False)}"
            )
            result = self.contract.operations[operation].result
            raise Mistake(f"`{operation}` {said}. Say {result}, such as {json.dumps(compared[0])}.")
        return Answered(_told(self.contract, item.get("value")))

    def _at_first(self, client: str, operation: str) -> State:
        """What a client holds of which no start line says anything."""
        if client in self.fixtures:
            return self.machine.fixture(self.fixtures[client])
        if _initialises(self.contract, operation):
            return self.machine.state()
        raise Mistake(
            f"nothing says what the client `{client}` holds. Begin the log with "
            f'{{"clients": {{"{client}": {{"kind": "token", "externalId": "ana"}}}}}}, or give --fixture {client}=NAME. '
            f"Fixtures: {', '.join(self.contract.fixtures)}."
        )

    def _held(self, client: str, what: str | Json) -> State:
        if not isinstance(what, str):
            return self.machine.state(self.machine.credentials.variables(what))
        if what not in self.contract.fixtures:
            near = did_you_mean(what, self.contract.fixtures)
            raise Mistake(f"`{what}`, of client `{client}`, is no fixture. {near}")
        return self.machine.fixture(what)


def _parsed(line: str) -> Json:
    try:
        item = json.loads(line, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        what = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        raise Mistake(f"this is not JSON ({what}). A line is one JSON object, such as {_EXAMPLE}.") from None
    if not isinstance(item, dict):
        raise Mistake(f"this is not a JSON object. A line is one, such as {_EXAMPLE}.")
    kind = next((key for key in _KINDS if key in item), "call").replace("clients", "start")
    if not _checker(kind).is_valid(item):
        wrong = best_match(_explainer(kind).iter_errors(item))
        at = wrong.json_path.removeprefix("$").lstrip(".") or "the line"
        raise Mistake(f"{at}: {wrong.message}. See `{kind}` in {SCHEMA}; a call is such as {_EXAMPLE}.")
    return item


def _no_number(name: str) -> None:
    raise Mistake(f"{name} is no JSON")


@cache
def _schemas() -> dict[str, Json]:
    schemas = [json.loads(resource(name)) for name in (SCHEMA, "protocol/call.schema.json")]
    return {schema["$id"]: schema for schema in schemas}


def _of_kind(kind: str) -> Json:
    own = next(iter(_schemas().values()))
    return {"$schema": own["$schema"], "$ref": f"{own['$id']}#/$defs/{kind}"}


@cache
def _checker(kind: str) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(_of_kind(kind), registry=jsonschema_rs.Registry(list(_schemas().items())))


@cache
def _explainer(kind: str) -> Draft202012Validator:
    registry: Registry[Any] = Registry().with_resources(
        (name, Resource.from_contents(schema)) for name, schema in _schemas().items()
    )
    return Draft202012Validator(_of_kind(kind), registry=registry)


def _initialises(contract: Contract, operation: str) -> bool:
    """Whether an operation is how a client comes to hold a credential: its effects set what the world is for it."""
    effects = [
        contract.effects[item.effect].set
        for row in contract.rows.values()
        if row.call == operation and not contract.operations[operation].by_world
        for item in row.may
        if item.effect
    ]
    return any(contract.variables[name].world for effect in effects for name in effect)


def _told(contract: Contract, value: Any) -> Any:
    """What a log says of a call of the world, in the contract's words, as far as it is about a refresh."""
    refresh = contract.bindings.refresh
    if refresh is None or not isinstance(value, dict):
        return value
    names = {"asked": refresh.asked.field, "callback": refresh.callback.field}
    told = {names.get(name, name): item for name, item in value.items()}
    said = told.get(refresh.callback.field)
    if said is not None:
        told[refresh.callback.field] = refresh.callback.words.inward(str(said))
    return told


def _compared_answers(contract: Contract, operation: str) -> list[Any]:
    """The values that the contract compares in answers of an operation."""
    names = {item.answer for row in contract.rows.values() if row.call == operation for item in row.may if item.answer}
    return [contract.answers[name].value for name in sorted(names) if not contract.answers[name].ignore]
