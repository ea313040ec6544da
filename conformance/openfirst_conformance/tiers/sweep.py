"""The sweep: every method of every service, in the situations that matter to the gate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from openfirst_conformance.cases.case import Case, Planned
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.search import Search
from openfirst_reference.machine.step import Call, State, Step


@dataclass(frozen=True)
class Round:
    """What a fixture has for the sweep: a call of every method, and what opens and closes the gate.

    `rows` are those that the calls meet at first. `opening` is None where nothing opens the gate; `refused` is a call that
    would, and is refused.
    """

    fixture: str
    every: tuple[Call, ...]
    rows: tuple[str, ...]
    opening: tuple[Call, ...] | None
    closing: tuple[Call, ...] = ()
    refused: Call | None = None


def sweep(machine: Machine, has: Callable[[str], bool]) -> Iterator[Case]:
    """Every method that the implementation `has`: fresh, where services answer, after that, and after a refusal of what opens.

    The first fixture in which services answer stands for the others, and so does the first of those in which they never do
    and meet the same rows.
    """
    for (operation, parameter), classes in machine.contract.classes.items():
        if classes.source == "services":
            plans = list(rounds_of(machine, operation, parameter, has))
            opened = next((plan for plan in plans if plan.opening is not None), None)
            alike = {plan.rows: plan for plan in reversed(plans) if plan.opening is None}
            for plan in plans:
                if plan is opened or plan is alike.get(plan.rows):
                    yield from _cases(plan)


def rounds(machine: Machine, has: Callable[[str], bool]) -> list[Round]:
    """The rounds in which something opens the gate, and something closes it."""
    return [
        each
        for (operation, parameter), classes in machine.contract.classes.items()
        if classes.source == "services"
        for each in rounds_of(machine, operation, parameter, has)
        if each.opening and each.closing
    ]


def rounds_of(machine: Machine, operation: str, parameter: str, has: Callable[[str], bool]) -> Iterator[Round]:
    """The plan of every fixture in which the services are called."""
    contract = machine.contract
    methods = [method for name, method in contract.methods.items() if has(name)]
    # Whether the gate is open is seen by what stands behind it, so that comes first.
    methods.sort(key=lambda method: not contract.gates[method.gate].needs_session)
    targets = [method.target for method in methods]
    if not methods or not contract.gates[methods[0].gate].needs_session:
        return
    for fixture, stated in contract.fixtures.items():
        if operation not in stated.calls:
            continue
        start = machine.fixture(fixture)
        arguments = [machine.arguments(operation, {parameter: target}) for target in targets]
        every = tuple(machine.call(operation, given, start) for given in arguments)
        rows = tuple(dict.fromkeys(step.row.id for call in every for step in machine.steps(start, call)))
        alphabet = machine.alphabet(stated.calls, start)
        calls = [call for call in alphabet if not contract.operations[call.operation].by_world]
        answers, silent = partial(_answers, machine, every[0]), partial(_silent, machine, every[0])
        opening = _way(machine, start, calls, answers)
        if opening is None:
            yield Round(fixture, every, rows, None)
            continue
        closing = _way(machine, _follow(machine, start, opening), calls, silent)
        yield Round(fixture, every, rows, opening, closing or (), _refused(machine, start, calls, opening))


def _cases(plan: Round) -> Iterator[Case]:
    every, opening, closing = plan.every, plan.opening, plan.closing
    if opening is None:
        title = "every service method where no session can be opened"
        yield _case(f"sweep-{plan.fixture}", title, plan.fixture, every)
        return
    title = "every service method before, in and after a session, and after another"
    calls = (*every, *opening, *every, *closing, *every, *opening, *closing, *every)
    yield _case(f"sweep-{plan.fixture}", title, plan.fixture, calls)
    if plan.refused is not None:
        title = "every service method after a refused call"
        yield _case(f"sweep-refused-{plan.fixture}", title, plan.fixture, (plan.refused, *every))


def _answers(machine: Machine, call: Call, state: State) -> bool:
    return any(not step.is_error for step in machine.steps(state, call))


def _silent(machine: Machine, call: Call, state: State) -> bool:
    return not _answers(machine, call, state)


def _refused(machine: Machine, start: State, calls: Iterable[Call], opening: tuple[Call, ...]) -> Call | None:
    """A call of what opens the gate that is refused, as choices are by default."""
    same = [call for call in calls if opening and call.operation == opening[-1].operation]
    default = machine.contract.default_choices()

    def due(call: Call) -> list[Step]:
        steps = (step for step in machine.steps(start, call) if not step.alternative.breaks)
        return [step for step in steps if all(default[name] in values for name, values in step.when)]

    return next((call for call in same if all(step.is_error for step in due(call))), None)


def _way(
    machine: Machine, start: State, calls: Iterable[Call], wanted: Callable[[State], bool]
) -> tuple[Call, ...] | None:
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


def _case(name: str, title: str, fixture: str, calls: Iterable[Call]) -> Case:
    return Case(name, title, {"a": fixture}, tuple(Planned("a", call.operation, call.arguments) for call in calls))
