"""The signature of a failure: what tells it from other failures of its rule, whatever its values and numbers are.

It is made from the call that fails: the operation with the classes of its arguments (of a service, the method itself),
what was seen, and what was permitted. Of an answer it keeps only the fields that are wrong, and of those whether there is a
value. The calls before, the case, the tier and the values are left out: other calls may show the same failure tomorrow.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from openfirst_reference.machine.machine import Machine

_ANSWER = "answer "
_IDENTITY = "its ID"


class Signature(NamedTuple):
    """What a failure is recognised by, in words that a person can review."""

    call: str
    seen: str
    permitted: str


def signature_of(machine: Machine, clients: Mapping[str, str], sequence: Sequence[Mapping[str, Any]]) -> Signature:
    """The signature of a failure, given as in the JSON report: the clients' fixtures and the sequence of calls."""
    last = sequence[-1]
    seen, permitted = _outlined(str(last["seen"]), [str(item) for item in last["permitted"]])
    return Signature(_call(machine, clients, last), seen, permitted)


def _call(machine: Machine, clients: Mapping[str, str], made: Mapping[str, Any]) -> str:
    operation, contract = str(made["operation"]), machine.contract
    try:
        call = machine.call(operation, made["arguments"], machine.fixture(clients[made["client"]]))
    except (KeyError, ValueError):  # of another contract
        return operation
    words = [
        f"{name} {call.given[name] if contract.classes[operation, name].source == 'services' else leaf}"
        for name, leaf in contract.given_leaves(operation, call.leaves).items()
    ]
    return f"{operation} with {', '.join(words)}" if words else operation


def _outlined(seen: str, permitted: Sequence[str]) -> tuple[str, str]:
    """What was seen and what was permitted, as far as the one contradicts the other."""
    answers = [json.loads(item.removeprefix(_ANSWER)) for item in permitted if item.startswith(_ANSWER)]
    others = [item for item in permitted if not item.startswith(_ANSWER)]
    if not seen.startswith(_ANSWER) or not answers:
        # The value of an answer that should have been none is nobody's business.
        return (_ANSWER.strip() if seen.startswith(_ANSWER) else seen), _listed(permitted)
    value = json.loads(seen.removeprefix(_ANSWER))
    maps = [item for item in answers if isinstance(item, dict)]
    if not isinstance(value, dict) or not maps:
        return (seen if not isinstance(value, dict | list) else _ANSWER.strip()), _listed(permitted)
    shown = dict(_fields(value))
    closest = min((dict(_fields(item)) for item in maps), key=lambda item: len(_wrong(shown, item)))
    wrong = _wrong(shown, closest) or [path for path, item in closest.items() if item == _IDENTITY]
    plain = [_ANSWER + json.dumps(item, ensure_ascii=False) for item in answers if not isinstance(item, dict)]
    due = [_with(wrong, dict(_fields(item))) for item in maps]
    return _with(wrong, shown, closest), _listed([*due, *plain, *others])


def _fields(value: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for name, item in value.items():
        if isinstance(item, dict):
            yield from _fields(item, f"{path}{name}.")
        else:
            yield path + name, item


def _wrong(shown: Mapping[str, Any], due: Mapping[str, Any]) -> list[str]:
    """The fields that show something else than what is due; a blank and nothing are the same."""
    return [path for path, item in due.items() if item != _IDENTITY and (shown.get(path) or None) != (item or None)]


def _with(paths: Sequence[str], fields: Mapping[str, Any], due: Mapping[str, Any] | None = None) -> str:
    words = []
    for path in paths:
        other = "another " if due is not None and due.get(path) else ""
        words.append(f"with {other}{path}" if fields.get(path) else f"without {path}")
    return f"answer {', '.join(words)}"


def _listed(words: Sequence[str]) -> str:
    return " or ".join(sorted(set(words))) or "nothing"
