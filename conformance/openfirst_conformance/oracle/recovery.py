"""Recovery: where an implementation may be after it did what nothing permits, so that the rest of a case still shows something.

What broke a rule is permitted from then on. It may have changed nothing; or what the call changes elsewhere, when it comes out that
way; or the client was somewhere else all along, where the same outcome would have been right; or holds what it just showed.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from functools import lru_cache

from openfirst_conformance.oracle.explanation import BREAK, Bindings, Edge, Node, Violation
from openfirst_conformance.oracle.observation import Fields, Scalar
from openfirst_conformance.oracle.oracle import Oracle
from openfirst_reference.contract.forms import WordList
from openfirst_reference.contract.model import Alternative
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.outcome import Answered
from openfirst_reference.machine.step import Identity, State, Step


def edges_after(oracle: Oracle, node: Node, violation: Violation, rules: tuple[str, ...]) -> Iterator[Edge]:
    """Where the implementation may be, from one explanation of what was seen before it broke these rules."""
    machine, client, state = oracle.machine, violation.client, node.states[violation.client]
    first = next(iter(oracle.steps(node, client, violation.call)), None)
    if first is None:
        return
    call = first.call
    answered = isinstance(violation.outcome, Answered)
    shown, bindings = _shown(oracle, node, violation)
    afters: dict[State, tuple[str, ...]] = {state: (), machine.having(state, **shown): ()}
    for variant in call.variants:
        for row in machine.rows(call.operation):
            for item in row.may:
                if item.effect is not None and (item.error is None) == answered:
                    afters.setdefault(machine.after(state, variant, machine.contract.changes(item.effect)), item.then)
    for other in _elsewhere(oracle, state, violation):
        afters.setdefault(other, ())
    answers = (item.answer for row in machine.rows(call.operation) for item in row.may if item.answer is not None)
    name = next(answers, None) if answered else None
    answer = None if name is None else machine.contract.answers[name]
    for after, then in afters.items():
        alternative = Alternative(answer=name, then=WordList(then), breaks=WordList(rules))
        step = Step(first.row, BREAK, call, call.variants[0], (), None, answer, state, after, alternative)
        yield from oracle.reached(node, client, step, (), bindings)


def _shown(oracle: Oracle, node: Node, violation: Violation) -> tuple[Mapping[str, str | None], Bindings]:
    """The variables that hold what a wrong answer shows, and what identities stand for now."""
    content, bound = violation.seen.content, dict(node.bindings)
    held: dict[str, str | None] = {}
    if isinstance(content, Fields):
        state, index = node.states[violation.client], oracle.machine.index
        for step in oracle.steps(node, violation.client, violation.call):
            fields = step.answer.fields if step.answer else {}
            found: Mapping[str, Scalar] = oracle.comparison.fields(violation.call.operation, content) if fields else {}
            for path, name in fields.items():
                value, seen = state[index[name]], found[path]
                if isinstance(value, Identity):
                    owner = oracle.machine.contract.variables[name].owner
                    whose = [path for path, shown in fields.items() if shown == owner]
                    # Of somebody else it is no news.
                    if seen is not None and all((found[path] or None) == value.owner for path in whose):
                        bound[value.of(violation.client)] = seen
                elif seen is None or isinstance(seen, str):
                    held[name] = seen
    return held, tuple(sorted(bound.items(), key=repr))


def _elsewhere(oracle: Oracle, state: State, violation: Violation) -> Iterator[State]:
    """For each variable that rows of the operation ask for, the state with the first other value that makes the outcome right.

    Not for those of the world: what a client holds, no fault of its changes.
    """
    machine, call = oracle.machine, violation.call
    for name in machine.guards(call.operation):
        if machine.contract.variables[name].world:
            continue
        others = (
            _with_identities(machine, machine.having(state, **{name: value}))
            for value in machine.contract.variables[name].values
        )
        fitting = (other for other in others if other != state and _fits(oracle, other, violation))
        yield from itertools.islice(fitting, 1)


def _with_identities(machine: Machine, state: State) -> State:
    """The state with the identities that some row shows there: who is somewhere else all along has one, too."""
    for guard, identities in _showing_identities(machine):
        if all(state[position] in values for position, values in guard):
            for at, owner in identities:
                if state[at] is None:
                    held = state[owner]
                    state = (*state[:at], Identity(None if held is None else str(held)), *state[at + 1 :])
    return state


_Guard = tuple[tuple[int, frozenset[str]], ...]


@lru_cache(maxsize=8)
def _showing_identities(machine: Machine) -> list[tuple[_Guard, list[tuple[int, int]]]]:
    """The rows that show an identity: where they hold, and for each identity its place in a state and its owner's."""
    index, variables, answers = machine.index, machine.contract.variables, machine.contract.answers
    rows = [row for operation in machine.contract.operations for row in machine.rows(operation)]
    shown = [{name for item in row.may if item.answer for name in answers[item.answer].fields.values()} for row in rows]
    owners = [[(index[name], variables[name].owner) for name in names] for names in shown]
    return [
        (tuple((index[name], values) for name, values in row.inside.items()), [(at, index[of]) for at, of in own if of])
        for row, own in zip(rows, owners, strict=True)
        if any(of for _, of in own)
    ]


def _fits(oracle: Oracle, state: State, violation: Violation) -> bool:
    return any(
        oracle.comparison.match(step, violation.client, violation.seen, ()) is not None
        for step in oracle.steps(oracle.node((state,), ()), 0, violation.call)
        if oracle.keys(step) is not None
    )
