"""Probes: what an implementation makes of the choices that it has not declared, found out before the tiers that count on it."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace

from openfirst_conformance.cases.case import Case, Planned
from openfirst_conformance.cases.golden import golden_traces
from openfirst_conformance.driving.ability import What
from openfirst_conformance.driving.driver import Driver
from openfirst_conformance.driving.played import Played
from openfirst_conformance.driving.subject import Subject
from openfirst_conformance.tiers.made import made
from openfirst_conformance.tiers.planning.resolved_table import Table, tables_of
from openfirst_reference.machine.automaton import Unfolding
from openfirst_reference.proof.separation import separated

_PAIRS = 300


async def learnt(subject: Subject) -> AsyncIterator[Played]:
    """Play the probes, once in a subject. Every shard does, so that all go by the same table."""
    if subject.probed:
        return
    subject.probed = True
    first = _first(subject.driver)
    if first is not None:
        yield subject.learn(await subject.play(first))
    for case in _probes(subject, await made(tables_of(subject))):
        yield subject.learn(await subject.play(case))


def _first(driver: Driver) -> Case | None:
    """What is played first: whether it talks to our platform at all is known only once it has made a few calls."""
    applying = (trace.case for trace in golden_traces(driver.contract) if driver.applies(trace.case))
    return next((replace(case, choices={}) for case in applying), None)


async def find_whether_the_platform_is_used(subject: Subject, case: Case) -> None:
    """Play something where that alone decides whether a case can be played. What comes of it is nothing to that case."""
    driver = subject.driver
    if any(_waits_for_the_platform(driver, planned) for planned in case.calls):
        first = _first(driver)
        if first is not None:
            await subject.play(first)


def _waits_for_the_platform(driver: Driver, planned: Planned) -> bool:
    lacking = driver.lacks(planned.operation)
    return lacking is not None and lacking.what is What.CONTROL and lacking.why is None


def _probes(subject: Subject, tables: Sequence[Table]) -> Iterator[Case]:
    """For every two values of a choice that nothing has decided yet, a shortest sequence of calls that tells them apart."""
    unfolding = Unfolding(subject.oracle.machine)
    for choice in subject.driver.contract.choices.values():
        fixtures = [table.fixture for table in tables if choice.id in table.choices]
        for pair in itertools.combinations(choice.values, 2):
            if subject.oracle.choices.get(choice.id) is None and not subject.decided(choice.id):
                case = _probe(subject.driver, unfolding, fixtures, choice.id, pair)
                if case is not None:
                    yield case


def _probe(
    driver: Driver, unfolding: Unfolding, fixtures: Sequence[str], choice: str, pair: tuple[str, str]
) -> Case | None:
    for fixture in fixtures:
        calls = separated(unfolding, fixture, choice, pair, _PAIRS)
        if calls is not None:
            planned = tuple(Planned("a", call.operation, call.arguments) for call in calls)
            title = f"tells {pair[0]} from {pair[1]} of {choice}"
            case = Case(f"probe-{choice}-{pair[0]}-{pair[1]}", title, {"a": fixture}, planned)
            if driver.applies(case):
                return case
    return None
