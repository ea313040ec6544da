"""An invariant of a rule, ready to be asked of steps.

What it may speak of is written above `rules:` in the contract. It is evaluated once for every combination of the things
that it mentions: a proof asks it hundreds of thousands of times, and a few thousand of those differ.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import Any

from openfirst_reference.contract.expressions import ExpressionError, expression, mentioned
from openfirst_reference.contract.model import Invariant
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.step import Identity, State, Step, is_overlap

Memory = tuple[Any, ...]
Atom = tuple[str, str | None]
EARLY = ("before", "given", "call", "choice")
MENTIONED = ("before", "after", "given", "memory", "outcome", "choice", "kept", "call.group", "call.leaf", "call")


class Check:
    """One invariant of a rule. Memory is what its `remember` has kept: a value for each name, all nothing at the start."""

    def __init__(self, machine: Machine, rule: str, number: int, invariant: Invariant) -> None:
        self.rule, self.number = rule, number
        self.calls = frozenset(invariant.of)
        self.start: Memory = (None,) * len(invariant.remember)
        names = tuple(invariant.remember)
        self._holds = _Reader(machine, invariant.holds, names, invariant.when)
        self._remember = [_Reader(machine, text, names) for text in invariant.remember.values()]
        self.mentioned = self._holds.sight.atoms
        self._situation = _Sight(machine, [atom for atom in self.mentioned if atom[0].partition(".")[0] in EARLY])

    def fault(self, step: Step, memory: Memory = ()) -> str | None:
        """None where the invariant holds, or is not about this call; else why not, as far as there is more to say."""
        return self.judged(step, memory)[1]

    def judged(self, step: Step, memory: Memory = ()) -> tuple[bool, str | None]:
        """Whether the step meets the invariant's `when`, and what `fault` says of it."""
        if step.call.operation not in self.calls or self.rule in step.alternative.breaks:
            return False, None
        results = self._holds(step, memory)
        return results != (_IDLE,), _fault(results)

    def about(self, step: Step) -> tuple[Any, ...] | None:
        """All that the check, whatever it remembers, can tell of the step; None if it is not about this call."""
        if step.call.operation not in self.calls or self.rule in step.alternative.breaks:
            return None
        return (self._holds.sight(step), *(reader.sight(step) for reader in self._remember))

    def situation(self, step: Step) -> tuple[Any, ...]:
        """What the check can tell of the step before it is taken."""
        return self._situation(step)

    def remembered(self, step: Step, memory: Memory) -> Memory:
        """The memory after the step. A choice is seen only where the step depends on one value of it."""
        if step.call.operation not in self.calls:
            return memory
        return tuple([reader(step, memory)[0] for reader in self._remember])


class Judgement:
    """What every check of an operation says of a step: those whose `when` it meets, and of each that does not hold, why not."""

    __slots__ = ("faults", "met")

    def __init__(self, judged: Iterable[tuple[Check, tuple[bool, str | None]]]) -> None:
        results = list(judged)
        self.met = [check for check, (is_met, _) in results if is_met]
        self.faults = [(check, fault) for check, (_, fault) in results if fault is not None]


class Checks:
    """The checks of an operation that remember nothing, asked together, once for each combination of what they mention."""

    def __init__(self, machine: Machine, checks: Iterable[Check]) -> None:
        self.all = list(checks)
        self._sight = _Sight(machine, dict.fromkeys(atom for check in self.all for atom in check.mentioned))
        self._known: dict[tuple[Any, ...], Judgement] = {}

    def __call__(self, step: Step) -> Judgement:
        """What they say of a step of that operation."""
        key = (step.alternative.breaks, *self._sight(step))
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = Judgement((check, check.judged(step)) for check in self.all)
        return known


class _Sight:
    """What is mentioned of a step itself. Memory is not: that is not the step's."""

    def __init__(self, machine: Machine, atoms: Iterable[Atom]) -> None:
        self.atoms = list(atoms)
        # Nearly all are variables, and to read those one by one is what a proof would spend its time on.
        self._before, self._after = (self._variables(machine, root) for root in ("before", "after"))
        self._others = [
            _getter(machine, root, name, ())
            for root, name in self.atoms
            if root != "memory" and not (root in ("before", "after") and name in machine.index)
        ]

    def __call__(self, step: Step) -> tuple[Any, ...]:
        return (self._before(step.before), self._after(step.after), *[get(step, ()) for get in self._others])

    def _variables(self, machine: Machine, root: str) -> Callable[[State], Any]:
        indexes = [machine.index[name] for under, name in self.atoms if under == root and name in machine.index]
        return itemgetter(*indexes) if indexes else lambda state: None


class _Reader:
    """An expression, evaluated once for each combination of what it mentions; a string result is why it cannot be."""

    def __init__(self, machine: Machine, text: str, memory: tuple[str, ...], when: str | None = None) -> None:
        self._text, self._when = text, when
        found = {*mentioned(text, *MENTIONED), *mentioned(when or "", *MENTIONED)}
        self._atoms = sorted(found, key=lambda atom: (atom[0], atom[1] or ""))
        self._getters = [_getter(machine, root, name, memory) for root, name in self._atoms]
        self.sight = _Sight(machine, self._atoms)
        self._known: dict[tuple[Any, ...], tuple[Any, ...]] = {}

    def __call__(self, step: Step, memory: Memory) -> tuple[Any, ...]:
        """The results for the combinations of choices' values that the step stands for, each once."""
        key = (*self.sight(step), memory)
        known = self._known.get(key)
        if known is None:
            seen = [get(step, memory) for get in self._getters]
            several = [sorted(value) if isinstance(value, frozenset) else [value] for value in seen]
            known = self._known[key] = tuple({self._evaluate(values): None for values in itertools.product(*several)})
        return known

    def _evaluate(self, values: tuple[Any, ...]) -> Any:
        context: dict[str, Any] = {"call": {"group": {}, "leaf": {}}, "choice": {}}
        for (root, name), value in sorted(
            zip(self._atoms, values, strict=True), key=lambda item: item[0][1] is not None
        ):
            path = root.split(".") + ([] if name is None else [name])
            last = path.pop()
            here = context
            for part in path:
                here = here.setdefault(part, {})
            if value is not _MISSING:
                here[last] = _plain(value)
        try:
            if self._when is not None:
                met = expression(self._when)(context)
                if met is not True:
                    return _IDLE if met is False else _frozen(met)
            result = expression(self._text)(context)
        except ExpressionError as error:
            return str(error)
        return _frozen(result)


_MISSING = object()
_IDLE = object()
"""What an expression comes to where its `when` is not met."""


def _fault(results: tuple[Any, ...]) -> str | None:
    """None where every result is well; else what one that is neither true nor false says."""
    wrong = [result for result in results if result is not True and result is not _IDLE]
    return next((str(result) for result in wrong if result is not False), "") if wrong else None


def _getter(machine: Machine, root: str, name: str | None, memory: tuple[str, ...]) -> Callable[[Step, Memory], Any]:
    """What gives the value of `root.name` (or of all of `root`) at a step, in a form that can be looked up."""
    if root == "kept":
        return lambda step, _: step.before == step.after
    if root in ("before", "after") and name in machine.index:
        index = machine.index[name]
        return (lambda step, _: step.before[index]) if root == "before" else (lambda step, _: step.after[index])
    if root == "memory" and name in memory:
        position = memory.index(name)
        return lambda _, kept: kept[position]
    if root == "choice" and name is not None:
        return lambda step, _: next((_one_or_more(values) for choice, values in step.when if choice == name), None)
    if name is None:
        return lambda step, kept: _frozen(_whole(machine, root, step, memory, kept))
    if root in ("call.group", "call.leaf"):
        return (
            (lambda step, _: step.variant.groups.get(name, _MISSING))
            if root == "call.group"
            else (lambda step, _: step.call.leaves.get(name, _MISSING))
        )
    if root == "given":
        return lambda step, _: _frozen(step.variant.given.get(name, _MISSING))
    match root, name:
        case "outcome", "kind":
            return lambda step, _: "error" if step.is_error else "answer"
        case "outcome", "code":
            return lambda step, _: step.code
        case "outcome", "value":
            return lambda step, _: _frozen(_shown(machine, step))
        case "call", "operation":
            return lambda step, _: step.call.operation
        case "call", "overlap":
            return lambda step, _: step.row.id if is_overlap(step) else None
    return lambda step, kept: _frozen(_whole(machine, root, step, memory, kept).get(name, _MISSING))


def _one_or_more(values: frozenset[str]) -> Any:
    return next(iter(values)) if len(values) == 1 else values


def _whole(machine: Machine, root: str, step: Step, names: tuple[str, ...], kept: Memory) -> dict[str, Any]:
    """All that an expression sees under `root`."""
    if root in ("before", "after"):
        return machine.view(step.before if root == "before" else step.after)
    if root == "given":
        return dict(step.variant.given)
    if root == "memory":
        return dict(zip(names, kept, strict=True))
    if root == "choice":
        one = {choice: next(iter(values)) for choice, values in step.when if len(values) == 1}
        return {**dict.fromkeys(machine.contract.choices), **one}
    group, leaf = dict(step.variant.groups), dict(step.call.leaves)
    if root == "outcome":
        return {"kind": "error" if step.is_error else "answer", "code": step.code, "value": _shown(machine, step)}
    if root == "call":
        overlap = step.row.id if is_overlap(step) else None
        return {"operation": step.call.operation, "group": group, "leaf": leaf, "overlap": overlap}
    return group if root == "call.group" else leaf


def _shown(machine: Machine, step: Step) -> Any:
    """The value of an answer: for fields a flat map by path."""
    if step.answer is None:
        return None
    if step.answer.fields:
        return {path: step.before[machine.index[name]] for path, name in step.answer.fields.items()}
    return step.answer.value


def _frozen(value: Any) -> Any:
    """A map as a tuple of pairs, a list as a tuple under its own mark; anything else as it is."""
    if isinstance(value, dict):
        return ("map", tuple((key, _frozen(item)) for key, item in value.items()))
    if isinstance(value, list):
        return ("list", tuple(_frozen(item) for item in value))
    return value


def _plain(value: Any) -> Any:
    """What an expression sees: a map, a list, a scalar; an identity is one word."""
    if isinstance(value, Identity):
        return str(value)
    if not isinstance(value, tuple):
        return value
    kind, items = value
    return {key: _plain(item) for key, item in items} if kind == "map" else [_plain(item) for item in items]
