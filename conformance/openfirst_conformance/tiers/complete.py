"""The complete tier: every fault within so many calls of the scenarios is found, under the assumptions that are printed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Container

from openfirst_conformance.driving.ability import LeftOut
from openfirst_conformance.driving.played import Played
from openfirst_conformance.driving.subject import Subject
from openfirst_conformance.tiers.choice_probes import learnt
from openfirst_conformance.tiers.made import made
from openfirst_conformance.tiers.planning.plan import plan, promise
from openfirst_conformance.tiers.planning.resolved_table import tables_of
from openfirst_conformance.tiers.sweep import sweep

ASSUMPTIONS = (
    "the implementation is deterministic",
    "a reset gives fresh clients",
    "values of one class are treated alike",
)
_LARGE = 20_000


async def complete(subject: Subject) -> AsyncIterator[Played]:
    """Every case of the tier, played."""
    async for played in learnt(subject):
        yield played
    tables = await made(tables_of(subject))
    _leave_out(subject, {table.fixture for table in tables})
    plans = await made(plan(subject, tables))
    calls = sum(item.calls for item in plans)
    sequences = sum(len(item.words) for item in plans)
    if calls > _LARGE:
        subject.announce(f"complete: about {calls:,} calls in {sequences:,} sequences are to be made.")
    subject.promise.update(promise(subject, plans))
    sweeps = [case for case in sweep(subject.driver.machine, subject.driver.has) if subject.driver.applies(case)]
    subject.remaining = subject.share_of(len(sweeps) + sequences)
    for case in subject.share(sweeps):
        yield await subject.play(case)
    numbered = ((item, number) for item in plans for number in range(1, len(item.words) + 1))
    for item, number in subject.share(numbered, len(sweeps)):
        yield await subject.play(item.case(number))


def _leave_out(subject: Subject, tried: Container[str]) -> None:
    """Note the scenarios from which nothing is tried, with what they take."""
    driver = subject.driver
    for case in subject.settings.scenarios:
        (fixture,) = case.clients.values()
        if not driver.leaves_out(case) and fixture not in tried:
            operations = driver.contract.operations
            calls = (name for name in driver.contract.fixtures[fixture].calls if operations[name].by_world)
            lacking = map(driver.lacks, calls)
            driver.left_out[LeftOut(case.id, tuple(item for item in lacking if item))] = None
