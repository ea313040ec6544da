"""The sweep: every method of every service, in the situations that matter to the gate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from openfirst_conformance.cases.case import Case, Planned
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.search import Search
from openfirst_reference.machine.step import Call, State

# The sweep ------------------------------------------------------------------------------------------------------------


def sweep(machine: Machine) -> Iterator[Case]:
    """Every method of every service: fresh, where services answer, after that, and after a refusal of what opens.

    The first fixture in which services answer stands for the others; where they never do, every fixture is tried.
    """
    contract = machine.contract
    for (operation, parameter), classes in contract.classes.items():
        if classes.source != "services":
            continue
        done = False
        for fixture, stated in contract.fixtures.items():
            start = machine.fixture(fixture)
            every = [
                machine.call(operation, machine.arguments(operation, {parameter: target}), start)
                for target, method in contract.methods.items()
                if contract.gates[method.gate].needs_session
            ]
            if not every or operation not in stated.calls:
                continue
            calls = [
                item
                for item in machine.alphabet(stated.calls, start)
                if not contract.operations[item.operation].by_world
            ]
            opening = _way(machine, start, calls, lambda state, some=every[0]: _answers(machine, state, some))  # type: ignore[misc]
            if opening is None:
                yield _case(f"sweep-{fixture}", "every service method where no session can be opened", fixture, every)
                continue
            if done:
                continue
            done = True
            there = _follow(machine, start, opening)
            closing = _way(machine, there, calls, lambda state, some=every[0]: not _answers(machine, state, some))  # type: ignore[misc]
            refused = next(
                (
                    c
                    for c in calls
                    if c.operation == opening[-1].operation and all(s.is_error for s in machine.steps(start, c))
                ),
                None,
            )
            parts = [*every, *opening, *every, *(closing or []), *every, *opening, *(closing or []), *every]
            title = "every service method before, in and after a session, and after another"
            yield _case(f"sweep-{fixture}", title, fixture, parts)
            if refused is not None:
                title = "every service method after a refused call"
                yield _case(f"sweep-refused-{fixture}", title, fixture, [refused, *every])


def _answers(machine: Machine, state: State, call: Call) -> bool:
    return any(not step.is_error for step in machine.steps(state, call))


def _way(machine: Machine, start: State, calls: list[Call], wanted: Callable[[State], bool]) -> tuple[Call, ...] | None:
    """A shortest sequence of calls that surely leads from `start` to a state that is wanted."""
    search = Search[State, Call]([start])
    for state in search:
        if wanted(state):
            return search.way(state)
        for call in calls:
            steps = machine.steps(state, call)
            if len({step.after for step in steps}) == 1:
                search.found(state, call, steps[0].after)
    return None


def _follow(machine: Machine, state: State, calls: Iterable[Call]) -> State:
    for call in calls:
        state = machine.steps(state, call)[0].after
    return state


def _case(name: str, title: str, fixture: str, calls: list[Call]) -> Case:
    return Case(name, title, {"a": fixture}, tuple(Planned("a", call.operation, call.arguments) for call in calls))
