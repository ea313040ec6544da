"""The signature of a failure: what tells it from other failures of its rule, whatever its values and numbers are.

It is made from the call that fails: the operation with the classes of its arguments (of a service, the method itself),
what was seen, and what was permitted. Of an answer it keeps only the fields that are wrong, and of those whether there is a
value. The calls before, the case, the tier and the values are left out: other calls may show the same failure tomorrow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from openfirst_conformance.cases.case import Planned
from openfirst_conformance.driving.played import Played
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.outcome import Answered, Outcome
from openfirst_reference.machine.step import Step
from openfirst_reference.show.phrasing import due_words, outcome_words

_ANSWER = "answer"
_ITS_ID = object()


class Signature(NamedTuple):
    """What a failure is recognised by, in words that a person can review."""

    call: str
    seen: str
    permitted: str


def signature_of(machine: Machine, played: Played) -> Signature:
    """The signature of a failure, which is in the last of its calls."""
    last = played.seen[-1]
    seen, permitted = _outlined(machine, last.outcome, last.permitted)
    return Signature(_call(machine, played.case.clients, last.planned), seen, permitted)


def _call(machine: Machine, clients: Mapping[str, str], planned: Planned) -> str:
    contract = machine.contract
    call = machine.call(planned.operation, planned.arguments, machine.fixture(clients[planned.client]))
    words = [
        f"{name} {call.given[name] if contract.classes[call.operation, name].source == 'services' else leaf}"
        for name, leaf in contract.given_leaves(call.operation, call.leaves).items()
    ]
    return f"{call.operation} with {', '.join(words)}" if words else call.operation


def _outlined(machine: Machine, seen: Outcome, permitted: Sequence[Step]) -> tuple[str, str]:
    """What was seen and what was permitted, as far as the one contradicts the other."""
    told = [step for step in permitted if step.answer is not None and not step.answer.ignore]
    if not isinstance(seen, Answered) or not told:
        # The value of an answer that should have been none is nobody's business.
        return _ANSWER if isinstance(seen, Answered) else outcome_words(seen), _listed(due_words(machine, permitted))
    maps = [answer for step in told if isinstance(answer := machine.answer(step, lambda _: _ITS_ID), dict)]
    if not isinstance(seen.value, dict) or not maps:
        is_plain = not isinstance(seen.value, dict | list)
        return outcome_words(seen) if is_plain else _ANSWER, _listed(due_words(machine, permitted))
    shown = dict(_fields(seen.value))
    closest = min((dict(_fields(item)) for item in maps), key=lambda item: len(_wrong(shown, item)))
    wrong = _wrong(shown, closest) or [path for path, item in closest.items() if item is _ITS_ID]
    due = [_with(wrong, dict(_fields(item))) for item in maps]
    others = [step for step in permitted if step not in told or not isinstance(machine.answer(step, str), dict)]
    return _with(wrong, shown, closest), _listed([*due, *due_words(machine, others)])


def _fields(value: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for name, item in value.items():
        if isinstance(item, dict):
            yield from _fields(item, f"{path}{name}.")
        else:
            yield path + name, item


def _wrong(shown: Mapping[str, Any], due: Mapping[str, Any]) -> list[str]:
    """The fields that show something else than what is due; a blank and nothing are the same."""
    return [path for path, item in due.items() if item is not _ITS_ID and (shown.get(path) or None) != (item or None)]


def _with(paths: Sequence[str], fields: Mapping[str, Any], due: Mapping[str, Any] | None = None) -> str:
    words = []
    for path in paths:
        other = "another " if due is not None and due.get(path) else ""
        words.append(f"with {other}{path}" if fields.get(path) else f"without {path}")
    return f"{_ANSWER} {', '.join(words)}"


def _listed(words: Sequence[str]) -> str:
    return " or ".join(sorted(set(words))) or "nothing"
