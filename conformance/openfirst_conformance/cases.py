"""Cases: which calls are made, by which clients; and the golden traces, cases written by hand from the sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from openfirst_reference.contract import Contract
from openfirst_reference.document import word
from openfirst_spec import names, resource


@dataclass(frozen=True)
class Planned:
    """A call to be made: of a client, or (where the contract says so) of the world on a client's behalf.

    `overlapping`: it begins before the call before it in the case is answered.
    """

    client: str
    operation: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    overlapping: bool = False


@dataclass(frozen=True)
class Case:
    """A sequence of calls from fresh clients.

    `clients` maps a name to its fixture, and `held` to the variables of the world that are otherwise than the fixture says;
    `choices` are those that it holds under.
    """

    id: str
    title: str
    clients: Mapping[str, str]
    calls: tuple[Planned, ...]
    choices: Mapping[str, str] = field(default_factory=dict)
    held: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class GoldenTrace:
    """A case with what its sentence demands of each call: `sees` (must be possible) and `nevers` (must not be)."""

    case: Case
    source: str
    sentence: str
    rules: tuple[str, ...]
    sees: tuple[Any, ...]
    nevers: tuple[tuple[Any, ...], ...]


def golden_traces(contract: Contract) -> list[GoldenTrace]:
    """The traces that come with the contract, in the order of their files."""
    return [
        _trace(item, contract)
        for name in names("traces")
        if name.endswith(".yaml")
        for item in yaml.load(resource(f"traces/{name}"), yaml.CSafeLoader)
    ]


def credential_of(contract: Contract, fixture: str, otherwise: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What a client of the fixture holds, as the arguments of an initialising call describe it. No secrets in it yet."""
    held = {
        name: contract.fixtures[fixture].set.get(name, variable.initial)
        for name, variable in contract.variables.items()
        if variable.world
    }
    held.update(otherwise or {})
    return {
        "kind": held["kind"],
        "condition": held["condition"],
        "externalId": held["tokenExternalId"],
        "scope": held["scope"],
    }


def case_to_json(case: Case, calls: Sequence[Planned]) -> dict[str, Any]:
    """A case as a file that can be played again."""
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
                "operation": call.operation,
                "arguments": dict(call.arguments),
                **({"overlapping": True} if call.overlapping else {}),
            }
            for call in calls
        ],
    }


def case_from_json(item: Any, contract: Contract, place: str) -> Case:
    """The case in a file. Raises ValueError with a sentence for a person."""
    if not isinstance(item, dict) or item.get("openfirst") != "case":
        raise ValueError(f"{place}: this is not a case. Name a file that openfirst check has saved.")
    for fixture in item["clients"].values():
        if fixture not in contract.fixtures:
            raise ValueError(f"{place}: `{fixture}` is not a fixture. Fixtures: {', '.join(contract.fixtures)}.")
    for call in item["calls"]:
        if call["operation"] not in contract.operations:
            known = ", ".join(contract.operations)
            raise ValueError(f"{place}: `{call['operation']}` is not an operation. Operations: {known}.")
    calls = tuple(
        Planned(call["client"], call["operation"], call["arguments"], call.get("overlapping", False))
        for call in item["calls"]
    )
    choices = contract.check_choices(item.get("choices", {}), place)
    return Case(item["id"], item["title"], item["clients"], calls, choices, item.get("held", {}))


def _trace(item: Mapping[str, Any], contract: Contract) -> GoldenTrace:
    fixture = item["fixture"]
    calls, sees, nevers = [], [], []
    clients = {"a": fixture}
    for step in item["steps"]:
        client = step.get("client", "a")
        clients.setdefault(client, item.get("clients", {}).get(client, fixture))
        arguments = dict(step.get("arguments") or {})
        if isinstance(arguments.get("credential"), str):
            arguments["credential"] = credential_of(contract, arguments["credential"])
        calls.append(Planned(client, step.get("call") or step["world"], arguments))
        sees.append(step["see"])
        nevers.append(tuple(step.get("never") or ()))
    choices = {key: word(value) for key, value in (item.get("choices") or {}).items()}
    case = Case(item["id"], item["title"], clients, tuple(calls), choices)
    return GoldenTrace(case, item["source"], item["sentence"], tuple(item["rules"]), tuple(sees), tuple(nevers))
