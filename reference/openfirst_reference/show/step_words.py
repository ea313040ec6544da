"""Calls, outcomes and changes of the table in words, and words in columns."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from openfirst_reference.contract.findings import list_words
from openfirst_reference.contract.model import ANY_ERROR, OF_SERVICE, Alternative, Contract
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.outcome import Answered, Outcome, Pending, Refused, Unreadable
from openfirst_reference.machine.step import Call, Step, Value

NOTHING = "nothing"
ITS_ID = "its ID"


def call_words(call: Call) -> str:
    """A call with its arguments, such as `open {"info": {"name": "Ana"}}`."""
    if not call.arguments:
        return call.operation
    return f"{call.operation} {json.dumps(call.arguments, ensure_ascii=False, default=str)}"


def error_words(code: str | None) -> str:
    """An error by its code; a row may also leave it to the service, or permit any."""
    return {ANY_ERROR: "any error", OF_SERVICE: "an error of the service"}.get(str(code), f"error {code}")


def outcome_words(outcome: Outcome) -> str:
    """What a call came to."""
    match outcome:
        case Answered(None):
            return "answer"
        case Answered(value):
            return f"answer {json.dumps(value, ensure_ascii=False, default=str)}"
        case Refused(None):
            return "error, reason unknown"
        case Refused(code):
            return f"error {code}"
        case Unreadable(found):
            return found
        case Pending():
            return "no answer yet"
    return "unsupported"


def due_words(machine: Machine, steps: Iterable[Step]) -> list[str]:
    """What a call might have come to, each outcome once."""
    return list(dict.fromkeys(_due(machine, step) for step in steps))


def _due(machine: Machine, step: Step) -> str:
    if step.answer is None:
        return "an error of the service's own" if step.code == OF_SERVICE else error_words(step.code)
    if step.answer.ignore:
        return "an answer"
    return f"answer {json.dumps(machine.answer(step, lambda _: ITS_ID), ensure_ascii=False)}"


def step_words(machine: Machine, step: Step) -> str:
    """What a step came to."""
    if step.answer is None:
        return error_words(step.code)
    if step.answer.ignore:
        return "answer"
    shown = machine.answer(step, str)
    return f"answer {json.dumps(shown, ensure_ascii=False, default=str)}"


def permitted_words(contract: Contract, alternative: Alternative) -> str:
    """What an alternative permits, and what it changes, without its conditions."""
    effect = f", then {alternative.effect}" if alternative.effect else ""
    if alternative.answer is None:
        return error_words(alternative.error) + effect
    answer = contract.answers[alternative.answer]
    shown = "" if answer.ignore else f" {alternative.answer}"
    return f"answer{shown}{effect}"


def condition_words(when: Iterable[tuple[str, frozenset[str]]]) -> str:
    """Under which values of choices; empty for always."""
    return " and ".join(f"{choice} is {list_words(sorted(values), 'or')}" for choice, values in when)


def change_words(machine: Machine, step: Step) -> str:
    """What a step changed, such as `session: closed -> open`."""
    changes = zip(machine.names, step.before, step.after, strict=True)
    return ", ".join(f"{name}: {_value(old)} -> {_value(new)}" for name, old, new in changes if old != new)


def trace_rows(machine: Machine, trace: Sequence[Step]) -> list[tuple[str, ...]]:
    """A trace as the rows of a table: number, call, outcome, what changed."""
    return [
        ("", "call", "outcome", "changes"),
        *(
            (str(number), call_words(step.call), step_words(machine, step), change_words(machine, step) or "-")
            for number, step in enumerate(trace, start=1)
        ),
    ]


def columns(rows: Iterable[Sequence[str]], indent: str = "") -> str:
    """Rows as lines, their cells in columns."""
    lines = [tuple(row) for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    return "\n".join(
        indent + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _value(value: Value) -> str:
    if value is None:
        return NOTHING
    return str(value)
