"""What differs between what a call came to and what it might have come to, in one line for a person."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from openfirst_conformance.oracle.comparison import Comparison
from openfirst_conformance.oracle.observation import Fields, JsonText, scalar
from openfirst_conformance.reports.verdict_words import values_in_words
from openfirst_conformance.verdicts.model import SettledChoice
from openfirst_reference.contract.findings import list_words
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.outcome import Answered, Outcome, Pending, Refused, Unreadable, Unsupported
from openfirst_reference.machine.step import Identity, Step
from openfirst_reference.show.step_words import due_words, error_words

_LONG = 60
_LONG_REASON = 200


def what_differs(
    machine: Machine,
    operation: str,
    outcome: Outcome,
    permitted: Sequence[Step],
    *,
    level: str = "must",
    followed: bool = False,
) -> str:
    """The one thing that is wrong, and what it must be. Empty where nothing is permitted that could be named.

    `level` is that of the rule; `followed`: what was done can be explained, though by nothing that keeps the rule.
    """
    if not permitted or isinstance(outcome, Pending):
        return ""
    comparison, must = Comparison(machine), "must" if level == "must" else "should"
    seen = comparison.seen(operation, outcome, {})
    fitting = [step for step in permitted if comparison.match(step, 0, seen, ()) is not None]
    if fitting:
        return _for_what_came_before(comparison, operation, outcome, fitting, followed=followed)
    errors = [step for step in permitted if step.answer is None]
    due = [step for step in permitted if comparison.due(step)]
    if isinstance(outcome, Answered) and len(errors) < len(permitted):
        if isinstance(seen.content, Fields) and due:
            return _in_fields(comparison, outcome.value, seen.content, due, permitted, must)
        return f"{operation} {_came(outcome)}, and {must} come to {_any_of(machine, permitted)}."
    came = "answered" if isinstance(outcome, Answered) else _came(outcome)
    if not errors:
        return f"{operation} {came}, and {must} answer."
    if len(errors) == len(permitted) and not isinstance(outcome, Refused):
        return f"{operation} {came}, and {must} fail with {_any_of(machine, permitted)}."
    only = "may only" if must == "must" else "should only"
    return f"{operation} {came}, and {only} come to {_any_of(machine, permitted)}."


def settled_in_words(operation: str, outcome: Outcome, settled: Sequence[SettledChoice]) -> str:
    """That a call did otherwise in the same place before, and what was settled by that."""
    told, now = [], _in_short(outcome)
    for choice in settled:
        value = f"the choice {choice.id} is {values_in_words(choice.values)}"
        before = None if choice.came is None else _in_short(choice.came)
        is_told = before is not None and before != now
        told.append(
            f"{operation} {before} in the same place before, so {value}"
            if is_told
            else f"by what was seen in the same place before, {value}"
        )
    return f"{list_words(told)}; now {operation} {now}."


def _in_short(outcome: Outcome) -> str:
    return "answered" if outcome == Answered() else _came(outcome)


def _came(outcome: Outcome) -> str:
    match outcome:
        case Answered(value):
            return f"answered {_json(value)}"
        case Refused(None):
            return "failed for a reason that nobody knows"
        case Refused(code):
            return f"failed with {error_words(code)}"
        case Unsupported(reason):
            return f"is unsupported, says the adapter ({_json(reason, _LONG_REASON)})" if reason else "is unsupported"
        case Unreadable(found):
            return f"came to {_json(found, _LONG_REASON)}"
    return "was not answered"


def _for_what_came_before(
    comparison: Comparison, operation: str, outcome: Outcome, fitting: Sequence[Step], *, followed: bool
) -> str:
    """It would do by itself, so that it is wrong can only be for what was seen before."""
    own = [step for step in fitting if step.alternative.distinct or not followed]
    paths = [path for step in own for path, due in comparison.due(step).items() if isinstance(due, Identity)]
    if paths and isinstance(outcome, Answered):
        told = "; ".join(f"{path} is {_json(_at(outcome.value, path))}" for path in dict.fromkeys(paths))
        return (
            f"{told}, and is another participant's."
            if followed
            else f"{told}, and was another for the same participant."
        )
    return "" if followed else f"What {operation} came to is permitted, but not after what came before."


def _in_fields(
    comparison: Comparison, value: Any, shown: Fields, due: Sequence[Step], permitted: Sequence[Step], must: str
) -> str:
    """The fields that are wrong, by the answer that the fewest are wrong by, or by each of several."""
    machine = comparison.machine
    wrong = {step: tuple(comparison.wrong(step, 0, shown, ())) for step in due}
    fewest = min(map(len, wrong.values()))
    nearest = [step for step in due if len(wrong[step]) == fewest]
    by_paths: dict[tuple[str, ...], list[Step]] = {}
    for step in nearest:
        by_paths.setdefault(wrong[step], []).append(step)
    ways: list[str] = []
    for paths, steps in by_paths.items():
        # What one field must be may be said at once of several answers; what two must be, only of each.
        groups = [steps] if len(paths) == 1 else [[step] for step in steps]
        ways += [
            "; ".join(
                f"{path} is {_json(shown)}, and {must} be {_values(comparison, group, path, shown)}"
                for path in paths
                for shown in [_at(value, path)]
            )
            for group in groups
        ]
    told = "; or else ".join(dict.fromkeys(ways))
    all_answers = due_words(machine, due)
    if len(due_words(machine, nearest)) < len(all_answers):
        told += f" (by the nearest of {len(all_answers)} permitted answers)"
    others = [step for step in permitted if step not in due]
    return f"{told}, unless it comes to {_any_of(machine, others)}." if others else f"{told}."


def _values(comparison: Comparison, steps: Iterable[Step], path: str, shown: Any) -> str:
    words = dict.fromkeys(word for step in steps for word in _values_by(comparison, step, path, shown))
    return list_words([*words], "or")


def _values_by(comparison: Comparison, step: Step, path: str, shown: Any) -> Iterator[str]:
    """What a field may be by a step, where it is what is `shown`; what is optional may be missing as well."""
    optional = step.answer.optional if step.answer else {}
    due = scalar(optional[path]) if path in optional else comparison.due(step).get(path)
    if isinstance(due, Identity):
        typed = (
            "" if shown is None or isinstance(shown, str) else comparison.schema(step.call.operation, path).get("type")
        )
        yield f"the participant's ID, a {typed}" if typed else "the participant's ID"
    elif due is not None:
        yield due.text if isinstance(due, JsonText) else _json(due)
    if due is None or path in optional:
        yield "absent"


def _any_of(machine: Machine, steps: Sequence[Step]) -> str:
    """All that is permitted; of errors that no source tells apart, one stands for those that are not named."""
    family, like = machine.contract.family, machine.contract.like
    codes = [step.code for step in steps if step.answer is None and step.code is not None]
    heads = {family(code): code for code in reversed(codes) if not set(like(code)) <= set(codes)}
    others = [f"another error of the family of {code}" for code in heads.values()]
    return list_words([*due_words(machine, steps), *others], "or")


def _at(value: Any, path: str) -> Any:
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _json(value: Any, most: int = _LONG) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str).encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= most else f"{text[: most - 1]}…"
