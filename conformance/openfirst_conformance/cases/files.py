"""Cases as files that can be played again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from openfirst_conformance.cases.case import Case, Planned
from openfirst_reference.contract.model import Contract


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
