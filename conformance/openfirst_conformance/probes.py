"""Probes: what an implementation makes of the choices that it has not declared, found out before the tiers that count on it."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace

from openfirst_conformance.cases import Case, Planned, golden_traces
from openfirst_conformance.driver import Driver, Played
from openfirst_conformance.table import Table, tables_of
from openfirst_conformance.trial import Trial
from openfirst_reference.automaton import Unfolding
from openfirst_reference.separation import separated

_PAIRS = 300


async def learnt(trial: Trial) -> AsyncIterator[Played]:
    """Play the probes, once in a trial. Every shard does, so that all go by the same table."""
    if trial.probed:
        return
    trial.probed = True
    # Whether it talks to our platform at all is known only once it has made a few calls.
    first = next(
        (trace.case for trace in golden_traces(trial.driver.contract) if trial.driver.applies(trace.case)), None
    )
    if first is not None:
        yield trial.learn(await trial.play(replace(first, choices={})))
    for case in _probes(trial, tables_of(trial)):
        yield trial.learn(await trial.play(case))


def _probes(trial: Trial, tables: Sequence[Table]) -> Iterator[Case]:
    """For every two values of a choice that nothing has decided yet, a shortest sequence of calls that tells them apart."""
    unfolding = Unfolding(trial.oracle.machine)
    for choice in trial.driver.contract.choices.values():
        fixtures = [table.fixture for table in tables if choice.id in table.choices]
        for pair in itertools.combinations(choice.values, 2):
            if trial.oracle.choices.get(choice.id) is None and not trial.decided(choice.id):
                case = _probe(trial.driver, unfolding, fixtures, choice.id, pair)
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
