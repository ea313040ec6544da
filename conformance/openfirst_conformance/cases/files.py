"""Cases as files that can be played again, `case.schema.json` says how: names and words are those that cross the wire."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from openfirst_conformance.cases.arguments import check_arguments
from openfirst_conformance.cases.case import Case, Planned
from openfirst_reference.contract.document import Json
from openfirst_reference.contract.findings import Mistake, did_you_mean
from openfirst_reference.contract.model import Contract
from openfirst_reference.machine.machine import machine_of
from openfirst_spec import resource

SCHEMA = "case.schema.json"
_LONG = 200


def case_to_json(case: Case, calls: Sequence[Planned], contract: Contract) -> Json:
    """A case as a file that can be played again, with these calls of it."""
    names = contract.bindings.operations
    return {
        "openfirst": "case",
        "id": case.id,
        "title": case.title,
        "clients": dict(case.clients),
        **({"choices": dict(case.choices)} if case.choices else {}),
        **({"held": {name: dict(held) for name, held in case.held.items()}} if case.held else {}),
        "calls": [
            {
                "client": call.client,
                "operation": names.outward(call.operation),
                "arguments": dict(call.arguments),
                **({"overlapping": True} if call.overlapping else {}),
            }
            for call in calls
        ],
    }


def case_from_json(item: Any, contract: Contract, place: str) -> Case:
    """The case in a file that is called `place`. Raises ValueError with a sentence for a person."""
    wrong = best_match(_schema().iter_errors(item))
    if wrong is not None:
        raise Mistake(
            f"{place}: {_what_is_wrong(wrong)}. Name a file that openfirst check has saved, or write one as {SCHEMA} says, "
            f"such as {_example(contract)}."
        )
    clients = item["clients"]
    for client, fixture in clients.items():
        _known(fixture, contract.fixtures, f"{place}: clients.{client}", "a fixture")
    for client, held in item.get("held", {}).items():
        _known(client, clients, f"{place}: held", "a client of the case")
        for name, value in held.items():
            world = [variable.name for variable in contract.variables.values() if variable.world]
            _known(name, world, f"{place}: held.{client}", "a variable of the world")
            values = contract.variables[name].values
            _known(value, values or [value], f"{place}: held.{client}.{name}", f"a value of {name}")
    choices = contract.check_choices(item.get("choices", {}), f"{place}: choices")
    calls = tuple(_call(call, clients, contract, f"{place}: call {n}") for n, call in enumerate(item["calls"], 1))
    return Case(item["id"], item["title"], clients, calls, choices, item.get("held", {}))


def _what_is_wrong(error: ValidationError) -> str:
    at = error.json_path.removeprefix("$").lstrip(".")
    found: Any = error.instance
    asked: Any = error.validator_value
    if not at and not isinstance(found, dict):
        return "this is not a case, which is a JSON object"
    if error.validator == "required":
        missing = [name for name in asked if name not in found]
        return f"{at or 'the case'} lacks {', '.join(f'`{name}`' for name in missing)}"
    return f"{at or 'the case'}: {error.message[:_LONG]}"


def _example(contract: Contract) -> str:
    """The shortest case of one call that asks for nothing."""
    fixture, call = next(iter(contract.fixtures)), next(item.name for item in contract.operations.values() if item.pure)
    return json.dumps(case_to_json(Case("mine", "what it shows", {"a": fixture}, ()), [Planned("a", call)], contract))


def _call(item: Json, clients: Iterable[str], contract: Contract, place: str) -> Planned:
    """One of its calls. Raises ValueError with a sentence."""
    names = contract.bindings.operations
    sent, client, arguments = item["operation"], item["client"], item.get("arguments") or {}
    _known(names.inward(sent), contract.operations, place, "an operation", shown=sent)
    _known(client, clients, place, "a client of the case")
    operation = names.inward(sent)
    machine = machine_of(contract)
    try:
        check_arguments(contract, operation, arguments)
        machine.call(operation, arguments, machine.state())
    except Mistake as error:
        raise Mistake(f"{place} ({sent}): {error}") from None
    return Planned(client, operation, arguments, item.get("overlapping", False))


def _known(name: str, known: Iterable[str], place: str, what: str, shown: str | None = None) -> None:
    known = list(known)
    if name not in known:
        raise Mistake(f"{place}: `{shown or name}` is not {what}. {did_you_mean(name, known)}")


@cache
def _schema() -> Draft202012Validator:
    return Draft202012Validator(json.loads(resource(SCHEMA)))
