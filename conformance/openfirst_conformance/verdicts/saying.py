"""What a rule says of a step: whether it is about it, what it asks for, and what it says is left behind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from msgspec import structs

from openfirst_conformance.oracle.observation import JsonText, SeenIdentity
from openfirst_reference.contract.expressions import mentioned
from openfirst_reference.contract.model import Answer, Invariant
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.step import Identity, Step
from openfirst_reference.proof.invariants import Check


def is_met(machine: Machine, rule: str, step: Step) -> bool:
    """Whether what a rule says is about such a call, made there."""
    return any(_is_met(check, step) for check, _ in _said(machine, rule, step))


def asked(machine: Machine, rule: str, step: Step) -> set[str]:
    """The variables that a rule asks for, to say something of such a call that was made there."""
    texts = [item.when or "" for check, item in _said(machine, rule, step) if _is_met(check, step)]
    return {name for text in texts for _, name in mentioned(text, "before") if name is not None}


def speaks_of(machine: Machine, rule: str, step: Step, wrong: Iterable[str]) -> bool:
    """Whether a rule says what one of the variables must be after such a call, or that all of them stay.

    That a pure call changes nothing need not be said.
    """
    texts = [item.holds for _, item in _said(machine, rule, step)]
    names = {name for text in texts for _, name in mentioned(text, "after")}
    if machine.contract.operations[step.call.operation].pure and not step.is_error:
        return True
    if not texts or names:
        return bool(names & set(wrong)) if wrong else not step.is_error or _demands(machine, rule, step)
    by_choice = any(rule in machine.contract.choices[choice].touches for choice, _ in step.when)
    return step.is_error or by_choice or _demands(machine, rule, step)


def says_what_is_left(machine: Machine, rule: str, step: Step) -> bool:
    """Whether a rule says anything of what such a call leaves behind."""
    texts = [item.holds for _, item in _said(machine, rule, step)]
    if not any(True for text in texts for _ in mentioned(text, "after")):
        return False
    return _demands(machine, rule, step) if step.is_error else speaks_of(machine, rule, step, ())


def forbids(machine: Machine, rule: str, step: Step, wrong: Mapping[str, Any]) -> bool:
    """Whether a rule says that such a call does not leave that behind: later calls can show it broken."""
    held = {name: _held(value) for name, value in wrong.items()}
    changed = structs.replace(step, after=machine.having(step.after, **held))
    return machine.contract.rules[rule].shows_later and _breaks(machine, rule, changed)


def _held(shown: Any) -> Any:
    """What a variable would hold that is shown like this: an ID is somebody else's, what is no text is as it is written."""
    if isinstance(shown, SeenIdentity):
        return Identity(f"shown as {shown.number}")
    return shown.text if isinstance(shown, JsonText) else shown


def asks_for_refusal(machine: Machine, rule: str, step: Step) -> bool:
    """Whether a rule says of such a call, which is refused, that it is, or that all stays."""
    answered = structs.replace(step, code=None, answer=Answer(ignore=True))
    return _breaks(machine, rule, answered) or _demands(machine, rule, step)


def _demands(machine: Machine, rule: str, step: Step) -> bool:
    """Whether a rule says of such a call, with this outcome, that all stays: something else afterwards would break it."""
    name, variable = next(item for item in machine.contract.variables.items() if len(item[1].values) > 1)
    other = next(value for value in variable.values if value != machine.value(step.after, name))
    changed = structs.replace(step, after=machine.having(step.after, **{name: other}))
    return _breaks(machine, rule, changed)


def _breaks(machine: Machine, rule: str, step: Step) -> bool:
    return any(check.fault(step, check.start) is not None for check, _ in _said(machine, rule, step))


def _said(machine: Machine, rule: str, step: Step) -> Iterator[tuple[Check, Invariant]]:
    """What a rule says of calls of the operation."""
    return ((check, item) for check, item in _checks(machine, rule) if step.call.operation in item.of)


@lru_cache(maxsize=256)
def _checks(machine: Machine, rule: str) -> list[tuple[Check, Invariant]]:
    """A check remembers what it was asked, and blame asks the same again for each call that fails as one did before."""
    items = machine.contract.rules[rule].invariants
    return [(Check(machine, rule, number, item), item) for number, item in enumerate(items)]


def _is_met(check: Check, step: Step) -> bool:
    return check.judged(step, check.start)[0]
