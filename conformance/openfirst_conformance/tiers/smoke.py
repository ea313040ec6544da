"""The smoke tier: the golden traces, and a tour through every row with every class."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace

from openfirst_conformance.adapters.protocol.faults import AdapterFault
from openfirst_conformance.cases.case import Case, Planned
from openfirst_conformance.cases.golden import golden_traces
from openfirst_conformance.driving.driver import Driver
from openfirst_conformance.driving.played import Played
from openfirst_conformance.driving.subject import Subject
from openfirst_reference.machine.search import Search
from openfirst_reference.machine.step import Call, State, Step

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


async def smoke(subject: Subject) -> AsyncIterator[Played]:
    """Every case of the tier, played."""
    driver = subject.driver
    for trace in subject.share(golden_traces(driver.contract)):
        if driver.applies(trace.case):
            # The choices that a trace supposes are its author's; what this implementation chooses is watched.
            yield await subject.play(replace(trace.case, choices={}))
    for fixture in subject.share(driver.fixtures):
        async for played in tour(subject, fixture):
            yield played


async def tour(subject: Subject, fixture: str) -> AsyncIterator[Played]:
    """One walk through every reachable cell, without a reset as long as nothing breaks; status calls after each change."""
    driver, oracle = subject.driver, subject.oracle
    guide = _Guide(driver, fixture)
    if not guide.worthwhile:
        return
    case = Case(f"tour-{fixture}", f"every row with every class, starting as {fixture}", {"a": fixture}, ())
    unbegun = 0
    for _ in range(_RESTARTS):
        try:
            played = await driver.begin(case, oracle)
        except AdapterFault as fault:
            yield Played(case, fault=fault, stderr=fault.stderr)
            unbegun += 1
            if unbegun == _PATIENCE:
                return
            continue
        unbegun = 0
        while not played.over():
            state = _where(played)
            step = guide.next(state)
            if step is None:
                break
            for call in (step, *guide.status_calls(state, step)):
                here = _where(played)
                if not await driver.make(played, Planned("a", call.operation, call.arguments)):
                    guide.avoid(here, call)
                if played.fault is None or guide.has_failed(here, call):
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
        self._failed: set[Cell] = set()
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

    def has_failed(self, state: State, call: Call) -> bool:
        """Whether the adapter had failed in a cell before, as it has now: the first time, the cell is tried again."""
        cell = self._at(state).get(call, (call,))
        known = cell in self._failed
        self._failed.add(cell)
        return known

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
        states = {self._outline(start): start}
        search = Search[State, Step](states)
        for here in search:
            state = states[here]
            if state is not start and not self._met.issuperset(self._at(state).values()):
                self._plan = search.way(here)[0]
                return self._plan.call
            for call in self._at(state):
                for step in () if (here, call) in self._avoided else self._machine.steps(state, call):
                    if self._missed[step.row.id, step.index] < _PATIENCE:
                        there = self._outline(step.after)
                        states.setdefault(there, step.after)
                        search.found(here, step, there)
        return None


def _where(played: Played) -> State:
    assert played.tracker is not None
    return next(iter(played.tracker.explanations)).node.states[0]
