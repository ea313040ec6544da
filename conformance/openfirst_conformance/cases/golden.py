"""The golden traces: cases written by hand from the sources, with what each call must and must not come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from openfirst_conformance.cases.case import Case, Planned
from openfirst_reference.contract.document import word
from openfirst_reference.contract.model import Contract
from openfirst_reference.machine.credential import Credentials
from openfirst_spec import names, resource


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
    return [trace_of(item, contract) for item in _written()]


@cache
def _written() -> list[Mapping[str, Any]]:
    """The traces as their files have them."""
    texts = (resource(f"traces/{name}") for name in names("traces") if name.endswith(".yaml"))
    return [item for text in texts for item in yaml.load(text, yaml.CSafeLoader)]


def trace_of(item: Mapping[str, Any], contract: Contract) -> GoldenTrace:
    """A trace as its file has it."""
    fixture = item["fixture"]
    calls, sees, nevers = [], [], []
    clients = {"a": fixture}
    for step in item["steps"]:
        client = step.get("client", "a")
        clients.setdefault(client, item.get("clients", {}).get(client, fixture))
        arguments = dict(step.get("arguments") or {})
        if isinstance(arguments.get("credential"), str):
            arguments["credential"] = Credentials(contract).of_fixture(arguments["credential"])
        calls.append(Planned(client, step.get("call") or step["world"], arguments))
        sees.append(step["see"])
        nevers.append(tuple(step.get("never") or ()))
    choices = {key: word(value) for key, value in (item.get("choices") or {}).items()}
    case = Case(item["id"], item["title"], clients, tuple(calls), choices)
    return GoldenTrace(case, item["source"], item["sentence"], tuple(item["rules"]), tuple(sees), tuple(nevers))
