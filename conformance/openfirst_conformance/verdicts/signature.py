"""The signature of a failure: what tells it from other failures of its rule, whatever its values and numbers are.

It is made from the call that fails: the operation with the classes of its arguments (of a service, the method itself),
what was seen, and what was permitted. Of an answer it keeps only the fields that are wrong, and of those whether there is a
value. The calls before, the case, the tier and the values are left out: other calls may show the same failure tomorrow.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from openfirst_conformance.driving.played import CallMade, Played
from openfirst_conformance.oracle.comparison import Comparison
from openfirst_conformance.oracle.observation import Fields
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.outcome import Answered, Outcome
from openfirst_reference.machine.step import Call, Identity, Step
from openfirst_reference.show.step_words import due_words, outcome_words

_ANSWER = "answer"


class Signature(NamedTuple):
    """What a failure is recognised by, in words that a person can review."""

    call: str
    seen: str
    permitted: str


def signature_of(machine: Machine, played: Played) -> Signature:
    """The signature of a failure, which is in the last of its calls."""
    call, last = _failing(machine, played)
    return signature(machine, call, last.outcome, last.permitted)


def signatures_of(machine: Machine, played: Played) -> tuple[Signature, ...]:
    """A signature for each thing that is wrong: several fields of one answer may be wrong for several causes."""
    call, last = _failing(machine, played)
    found = _outlined(machine, call.operation, last.outcome, last.permitted, apart=True)
    return tuple(Signature(_call(machine, call), *item) for item in found)


def signature(machine: Machine, call: Call, outcome: Outcome, permitted: Sequence[Step]) -> Signature:
    """The signature of a call that fails. The call is as it would be at the start of the case."""
    ((seen, due),) = _outlined(machine, call.operation, outcome, permitted, apart=False)
    return Signature(_call(machine, call), seen, due)


def _failing(machine: Machine, played: Played) -> tuple[Call, CallMade]:
    last = played.seen[-1]
    start = machine.fixture(played.case.clients[last.planned.client])
    return machine.call(last.planned.operation, last.planned.arguments, start), last


def _call(machine: Machine, call: Call) -> str:
    contract = machine.contract
    words = [
        f"{name} {call.given[name] if contract.classes[call.operation, name].source == 'services' else leaf}"
        for name, leaf in contract.given_leaves(call.operation, call.leaves).items()
    ]
    return f"{call.operation} with {', '.join(words)}" if words else call.operation


def _outlined(
    machine: Machine, operation: str, seen: Outcome, permitted: Sequence[Step], *, apart: bool
) -> list[tuple[str, str]]:
    """What was seen and what was permitted, as far as the one contradicts the other; `apart`: for each field that is wrong."""
    comparison = _comparison(machine)
    told = [step for step in permitted if step.answer is not None and not step.answer.ignore]
    if not isinstance(seen, Answered) or not told:
        # The value of an answer that should have been none, or that never came, is nobody's business.
        told = [step for step in told if comparison.due(step)]
        rest = due_words(machine, [step for step in permitted if step not in told])
        came = _ANSWER if isinstance(seen, Answered) else outcome_words(seen)
        return [(came, _listed([*rest, *(_ANSWER for _ in told)]))]
    shown = comparison.seen(operation, seen, {}).content
    due = {step: items for step in told if (items := comparison.due(step))}
    if not isinstance(shown, Fields) or not due:
        is_plain = not isinstance(seen.value, dict | list)
        return [(outcome_words(seen) if is_plain else _ANSWER, _listed(due_words(machine, permitted)))]
    fields = comparison.fields(operation, shown)
    wrong_of = {step: comparison.wrong(step, 0, shown, ()) for step in due}
    closest = min(due, key=lambda step: len(wrong_of[step]))
    identities = [path for path, item in due[closest].items() if isinstance(item, Identity)]
    wrong = wrong_of[closest] or identities
    others = due_words(machine, [step for step in permitted if step not in due])
    return [
        (_with(paths, fields, due[closest]), _listed([*(_with(paths, item) for item in due.values()), *others]))
        for paths in ([[path] for path in wrong] if apart and wrong else [wrong])
    ]


@lru_cache(maxsize=8)
def _comparison(machine: Machine) -> Comparison:
    return Comparison(machine)


def _with(paths: Iterable[str], fields: Mapping[str, object], due: Mapping[str, object] | None = None) -> str:
    """An answer by whether fields have a value; where one has, and is due to have, it is another than is due."""
    words = []
    for path in paths:
        other = "another " if due is not None and due.get(path) else ""
        words.append(f"with {other}{path}" if fields.get(path) else f"without {path}")
    return f"{_ANSWER} {', '.join(words)}"


def _listed(words: Sequence[str]) -> str:
    return " or ".join(sorted(set(words))) or "nothing"
