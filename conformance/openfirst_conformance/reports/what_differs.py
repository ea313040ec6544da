"""What differs between what a call came to and what it might have come to, in one line for a person."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from openfirst_conformance.oracle.comparison import Comparison
from openfirst_conformance.oracle.observation import Fields
from openfirst_reference.contract.findings import list_words
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.outcome import Answered, Outcome, Refused
from openfirst_reference.machine.step import Identity, Step
from openfirst_reference.show.step_words import due_words, error_words

_LONG = 60


def what_differs(machine: Machine, operation: str, outcome: Outcome, permitted: Sequence[Step]) -> str:
    """The one thing that is wrong, and what it must be. Empty where nothing is permitted that could be named."""
    errors = [step for step in permitted if step.answer is None]
    answers = [step for step in permitted if step.answer is not None]
    if isinstance(outcome, Answered) and not answers:
        return f"{operation} answered, and must fail with {_any_of(machine, errors)}." if errors else ""
    if isinstance(outcome, Refused) and not errors:
        said = "for a reason that nobody knows" if outcome.code is None else f"with {error_words(outcome.code)}"
        return f"{operation} failed {said}, and must answer." if answers else ""
    if isinstance(outcome, Refused):
        return (
            f"{operation} failed with {error_words(outcome.code)}, and may only come to {_any_of(machine, permitted)}."
        )
    if isinstance(outcome, Answered):
        return _in_answer(machine, operation, outcome.value, answers)
    return ""


def _in_answer(machine: Machine, operation: str, value: Any, answers: Sequence[Step]) -> str:
    comparison = Comparison(machine)
    shown = comparison.seen(operation, Answered(value), {}).content
    due = {step: items for step in answers if (items := comparison.due(step))}
    if not isinstance(shown, Fields) or not due:
        return f"{operation} answered {_json(value)}, and must come to {_any_of(machine, answers)}."
    closest = min(due, key=lambda step: len(comparison.wrong(step, 0, shown, ())))
    wrong = comparison.wrong(closest, 0, shown, ())
    told = [f"{path} is {_json(_at(value, path))}, and must be {_must(due[closest].get(path))}" for path in wrong]
    identities = [path for path, item in due[closest].items() if isinstance(item, Identity)]
    told = told or [
        f"{path} is {_json(_at(value, path))}, and was another for the same participant" for path in identities
    ]
    return f"{'; '.join(told)}." if told else ""


def _must(due: Any) -> str:
    if isinstance(due, Identity):
        return "the participant's ID"
    return "absent" if due is None else _json(due)


def _any_of(machine: Machine, steps: Sequence[Step]) -> str:
    return list_words(due_words(machine, steps), "or")


def _at(value: Any, path: str) -> Any:
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str).encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= _LONG else f"{text[: _LONG - 1]}…"
