"""The complete tier: every fault within so many calls of the scenarios is found.

Over the table as the probes have resolved it: every sequence of calls that HSI asks for, from the clients of every fixture, and
every service method in four situations.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import AsyncIterator, Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass

from openfirst_conformance.cases import Case, Planned
from openfirst_conformance.driver import Played
from openfirst_conformance.hsi import Word, maximal, suite
from openfirst_conformance.probes import learnt
from openfirst_conformance.table import Table, tables_of
from openfirst_conformance.trial import Trial
from openfirst_reference.machine import Call, Machine, State

ASSUMPTIONS = (
    "the implementation is deterministic",
    "a reset gives fresh clients",
    "values of one class are treated alike",
)
_LARGE = 20_000


async def complete(trial: Trial) -> AsyncIterator[Played]:
    """Every case of the tier, played."""
    async for played in learnt(trial):
        yield played
    plans = plan(trial, tables_of(trial))
    calls = sum(item.calls for item in plans)
    sequences = sum(len(item.words) for item in plans)
    if calls > _LARGE:
        trial.announce(f"complete: about {calls:,} calls in {sequences:,} sequences are to be made.")
    trial.promise.update(promise(trial, plans))
    sweeps = (case for case in sweep(trial.driver.machine) if trial.driver.applies(case))
    for case in trial.share(itertools.chain(sweeps, *(item.cases() for item in plans))):
        yield await trial.play(case)


# HSI ------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Plan:
    """What is tried of one fixture: from each of so many scenarios, with so many extra states allowed for."""

    table: Table
    extra: int
    scenarios: int
    words: list[Word]

    @property
    def calls(self) -> int:
        """How many calls that is."""
        return sum(map(len, self.words))

    def cases(self) -> Iterator[Case]:
        """The cases, one by one."""
        title = f"from {self.table.fixture}, every sequence of up to {self.extra + 1} calls from each kind of state"
        for number, word in enumerate(self.words, 1):
            yield self.table.case(f"complete-{self.table.fixture}-{number}", title, word, number)


def plan(trial: Trial, tables: Sequence[Table]) -> list[Plan]:
    """The plan of every fixture.

    One extra state less is allowed for where the world's variables change in the course of a case, and where another fixture
    in which nothing can happen meets the very same rows. Every class of each group is tried where the world stands still; the
    operations that no such fixture has, where it moves.
    """
    operations = trial.oracle.machine.contract.operations
    plans: list[Plan] = []
    seen: set[Hashable] = set()
    still_tables = [table for table in tables if not table.moves_the_world]
    only_there = {name for table in tables for name in table.operations if not operations[name].by_world}
    only_there -= {name for table in still_tables for name in table.operations}
    for table in tables:
        still = table.rows_met() if len(table.ways) == 1 else None
        less = table.moves_the_world or (still is not None and still in seen)
        seen.add(still)
        extra = max(trial.settings.extra - less, 0)
        scenarios = [*table.kinds.values(), *table.scenarios]
        tried = ((way, word) for way in scenarios for word in suite(table.classes, [way], table.identify, extra))
        words = [word if extra else table.looking(word, len(way)) for way, word in tried]
        if not table.moves_the_world:
            words += suite(table.leaves, table.kinds.values(), table.identify, 0)
            words += suite(table.classes, table.ways.values(), table.identify, 0)
        else:
            words += suite(table.leaves_of(only_there), table.kinds.values(), table.identify, 0)
        plans.append(Plan(table, extra, len(scenarios), maximal(words)))
    return plans


def promise(trial: Trial, plans: list[Plan]) -> dict[str, object]:
    """What a pass means: for which fixtures, from how many scenarios, and what no call tells apart."""
    told: dict[tuple[str, ...], bool] = {}
    for item in plans:
        for pair, apart in item.table.told.items():
            told[pair] = told.get(pair, False) or apart
    return {
        "fixtures": {
            item.table.fixture: {"extraStates": item.extra, "scenarios": item.scenarios, "calls": item.calls}
            for item in plans
        },
        "neverToldApart": [list(pair) for pair, apart in told.items() if not apart],
    }


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
