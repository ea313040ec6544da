"""The smoke tier: the golden traces, every service method in four situations, and a tour through every row with every class."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Iterator

from openfirst_conformance.adapter import AdapterFault
from openfirst_conformance.cases import Case, Planned, golden_traces
from openfirst_conformance.driver import Driver, Played
from openfirst_conformance.tracker import Oracle
from openfirst_reference.machine import Call, Machine, State, Step

ASSUMPTIONS = (
    "the implementation is deterministic",
    "a reset gives fresh clients",
    "values of one class are treated alike",
    "a single fault shows in the cell where it is, or in the next status call",
)
_RESTARTS = 40
_PATIENCE = 3
_FAR = 30

Cell = tuple[object, ...]


async def smoke(driver: Driver, oracle: Oracle) -> AsyncIterator[Played]:
    """Every case of the tier, played."""
    for trace in golden_traces(driver.contract):
        if driver.applies(trace.case):
            yield await driver.play(trace.case, oracle)
    for case in sweep(driver.machine):
        if driver.applies(case):
            yield await driver.play(case, oracle)
    for fixture in driver.contract.fixtures:
        async for played in tour(driver, oracle, fixture):
            yield played


def sweep(machine: Machine) -> Iterator[Case]:
    """Every method of every service: fresh, where services answer, after that, and after a refusal of what opens."""
    contract = machine.contract
    for (operation, parameter), classes in contract.classes.items():
        if classes.source != "services":
            continue
        for fixture, stated in contract.fixtures.items():
            start = machine.fixture(fixture)
            every = [
                machine.call(operation, machine.arguments(operation, {parameter: target}), start)
                for target, method in contract.methods.items()
                if method.gate == "platform"
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
                continue
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
            parts = [*every, *opening, *every, *(closing or []), *every]
            yield _case(f"sweep-{fixture}", "every service method before, in and after a session", fixture, parts)
            if refused is not None:
                title = "every service method after a refused call"
                yield _case(f"sweep-refused-{fixture}", title, fixture, [refused, *every])
            return


async def tour(driver: Driver, oracle: Oracle, fixture: str) -> AsyncIterator[Played]:
    """One walk through every reachable cell, without a reset as long as nothing breaks; status calls after each change."""
    guide = _Guide(driver, fixture)
    if not guide.worthwhile:
        return
    case = Case(f"tour-{fixture}", f"every row with every class, starting as {fixture}", {"a": fixture}, ())
    for _ in range(_RESTARTS):
        try:
            played = await driver.begin(case, oracle)
        except AdapterFault as fault:
            yield Played(case, fault=fault, stderr=fault.stderr)
            continue
        while not played.over():
            state = _where(played)
            step = guide.next(state)
            if step is None:
                break
            for call in (step, *guide.status_calls(state, step)):
                here = _where(played)
                if not await driver.make(played, Planned("a", call.operation, call.arguments)):
                    guide.avoid(here, call)
                guide.made(here, call, None if played.over() else _where(played))
                if played.over():
                    break
            if played.over():
                guide.avoid(state, step)
        driver.finish(played)
        yield played
        if not played.over():
            return


class _Guide:
    """Which call to make next, so that every cell is met."""

    def __init__(self, driver: Driver, fixture: str) -> None:
        self._driver = driver
        self._machine = driver.machine
        stated = driver.contract.fixtures[fixture].calls
        self._operations = {name: varied for name, varied in stated.items() if driver.lacks(name) is None}
        worldly = [name for name in stated if driver.contract.operations[name].by_world]
        able = [name for name in worldly if name in self._operations]
        self.worthwhile = bool(self._operations) and (not worldly or bool(able))
        self._met: set[Cell] = set()
        self._missed: Counter[tuple[str, int]] = Counter()
        self._avoided: set[tuple[State, Call]] = set()
        self._cells: dict[State, dict[Call, Cell]] = {}
        self._outline = self._machine.outline
        self._plan: Step | None = None
        self._idle = 0

    def next(self, state: State) -> Call | None:
        """A call whose cell was not met yet, or the first call on a shortest way to a state that has one."""
        self._plan = None
        for call, cell in self._at(state).items():
            if cell not in self._met:
                self._idle = 0
                return call
        self._idle += 1
        return self._towards(state) if self._idle < _FAR else None

    def status_calls(self, state: State, step: Call) -> list[Call]:
        """The pure calls that follow a call, so that what it did is seen; none on the way to somewhere else."""
        operations = self._driver.contract.operations
        if operations[step.operation].pure or self._plan is not None:
            return []
        return [call for call in self._at(state) if operations[call.operation].pure]

    def made(self, before: State, call: Call, after: State | None) -> None:
        """A call was made."""
        self._met.add(self._at(before).get(call, (call,)))
        if self._plan is not None and after is not None:
            alternative = (self._plan.row.id, self._plan.index)
            came = self._outline(after) == self._outline(self._plan.after)
            self._missed[alternative] = 0 if came else self._missed[alternative] + 1
        self._plan = None

    def avoid(self, state: State, call: Call) -> None:
        """Something broke after this call: ways to other cells go round it."""
        self._avoided.add((self._outline(state), call))

    def _at(self, state: State) -> dict[Call, Cell]:
        """The calls that can be made in a state, each with its cell: the rows that it may meet, and the rules they carry."""
        outline = self._outline(state)
        known = self._cells.get(outline)
        if known is None:
            known = self._cells[outline] = {
                call: (call, *dict.fromkeys((step.row.id, *self._machine.carried(step)) for step in steps))
                for call in self._machine.alphabet(self._operations, state, leaves=True)
                if self._driver.permits(call.operation, call.arguments)
                for steps in [self._machine.steps(state, call)]
            }
        return known

    def _towards(self, start: State) -> Call | None:
        """The first call on a way to a state with a cell not met yet.

        An alternative that the implementation does not take when it is counted on is not counted on for long. States count as
        the same where the table makes no difference.
        """
        first: dict[State, Step | None] = {self._outline(start): None}
        todo = deque([start])
        while todo:
            state = todo.popleft()
            here = self._outline(state)
            if state is not start and not self._met.issuperset(self._at(state).values()):
                self._plan = first[here]
                return self._plan.call if self._plan else None
            for call in self._at(state):
                for step in () if (here, call) in self._avoided else self._machine.steps(state, call):
                    there = self._outline(step.after)
                    if there not in first and self._missed[step.row.id, step.index] < _PATIENCE:
                        first[there] = first[here] or step
                        todo.append(step.after)
        return None


def _where(played: Played) -> State:
    assert played.tracker is not None
    return next(iter(played.tracker.ways)).node.states[0]


def _answers(machine: Machine, state: State, call: Call) -> bool:
    return any(not step.is_error for step in machine.steps(state, call))


def _way(machine: Machine, start: State, calls: list[Call], wanted: Callable[[State], bool]) -> list[Call] | None:
    """A shortest sequence of calls that surely leads from `start` to a state that is wanted."""
    ways: dict[State, list[Call]] = {start: []}
    todo = deque([start])
    while todo:
        state = todo.popleft()
        if wanted(state):
            return ways[state]
        for call in calls:
            steps = machine.steps(state, call)
            if len({step.after for step in steps}) == 1 and steps[0].after not in ways:
                ways[steps[0].after] = [*ways[state], call]
                todo.append(steps[0].after)
    return None


def _follow(machine: Machine, state: State, calls: list[Call]) -> State:
    for call in calls:
        state = machine.steps(state, call)[0].after
    return state


def _case(name: str, title: str, fixture: str, calls: list[Call]) -> Case:
    return Case(name, title, {"a": fixture}, tuple(Planned("a", call.operation, call.arguments) for call in calls))
