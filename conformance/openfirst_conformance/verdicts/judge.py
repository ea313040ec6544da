"""The judge: run the tiers against an implementation and give a verdict for every rule.

A case passes through four hands: `evidence` notes what it showed, `confirm` makes a failure of what it broke, `blame` names
the rules, and `conclude` gives the verdicts at the end.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from openfirst_conformance.adapters.adapter import Adapter
from openfirst_conformance.cases.case import Case
from openfirst_conformance.driving.driver import Driver
from openfirst_conformance.driving.played import Played
from openfirst_conformance.driving.settings import Settings
from openfirst_conformance.driving.subject import Subject
from openfirst_conformance.oracle.oracle import Oracle
from openfirst_conformance.platforms.simulated import SimulatedPlatform
from openfirst_conformance.platforms.stage import Platform
from openfirst_conformance.tiers.catalogue import ASSUMPTIONS, TIERS
from openfirst_conformance.tiers.choice_probes import find_whether_the_platform_is_used
from openfirst_conformance.verdicts.conclude import Run, conclude
from openfirst_conformance.verdicts.confirm import Confirmer
from openfirst_conformance.verdicts.evidence import Evidence
from openfirst_conformance.verdicts.model import Report
from openfirst_conformance.verdicts.part import Part, join, part_of
from openfirst_conformance.verdicts.patience import Patience
from openfirst_conformance.verdicts.reasons import Stopped
from openfirst_reference.contract.document import Json
from openfirst_reference.contract.findings import Mistake, did_you_mean
from openfirst_reference.contract.model import Contract
from openfirst_reference.machine.credential import client_choices
from openfirst_reference.machine.machine import machine_of


@dataclass(frozen=True)
class Reached:
    """How far a tier has come: so many cases are `done` `of` so many, or of a number that nobody knows before the end."""

    tier: str
    done: int
    of: int | None


async def judge(
    adapter: Adapter,
    contract: Contract,
    *,
    choices: Mapping[str, str] | None = None,
    tiers: Sequence[str] = tuple(TIERS),
    only: Sequence[str] = (),
    settings: Settings = Settings(),  # noqa: B008 - it is frozen
    platform: Platform | None = None,
    progress: Callable[[Played], None] = lambda _: None,
    reached: Callable[[Reached], None] = lambda _: None,
    announce: Callable[[str], None] = lambda _: None,
    others: Callable[[], Iterable[Part]] = tuple,
) -> Report:
    """Judge an implementation through its adapter, by all rules or by those in `only`.

    `choices` are declared in addition to what the handshake declares; the simulator that the implementation may talk to has
    them too; `platform` takes the place of that simulator. `progress` is told of every case, `reached` how far that is, and
    `announce` what a person should know before it takes long. `others` gives what other shards of the run have come to, once
    this one is through. Raises AdapterFault where the adapter cannot be started, or declares what the contract does not know, and
    ValueError where a tier or a choice in `choices` is none that there is.
    """
    check_tiers(tiers)
    check_rules(contract, only)
    async with _started(adapter, contract, choices or {}, settings, announce, platform) as run:
        await _through(run, tiers, progress, reached)
        for part in others():
            run.join(part)
        with _heard():  # Whoever said stop meanwhile said so to the others as well, and what they came to is here.
            await asyncio.sleep(0)
        return run.report(tiers, only)


async def judge_part(
    adapter: Adapter,
    contract: Contract,
    choices: Mapping[str, str],
    tiers: Sequence[str],
    settings: Settings,
    reached: Callable[[Reached], None] = lambda _: None,
) -> Part:
    """Judge by one shard of a run, for `others` of another process. Raises as `judge` does."""
    async with _started(adapter, contract, choices, settings) as run:
        await _through(run, tiers, lambda _: None, reached)
        return run.part()


async def _through(
    run: _Running, tiers: Sequence[str], progress: Callable[[Played], None], reached: Callable[[Reached], None]
) -> None:
    with _heard(run.stop):
        for tier in tiers:
            await run.tier(tier, TIERS[tier](run.subject), progress, reached)


@contextmanager
def _heard(stop: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Ctrl-C ends what is done here, and no more than that: what is known so far is kept."""
    try:
        yield
    except asyncio.CancelledError:
        stop()
        task = asyncio.current_task()
        if task is not None:
            task.uncancel()


def check_tiers(tiers: Sequence[str]) -> None:
    """Raise ValueError, with what may have been meant, for a tier that there is not."""
    if isinstance(tiers, str):
        raise Mistake(f"`tiers` is a list of tiers, and not the text {tiers!r}. Write [{tiers!r}].")
    for tier in tiers:
        if tier not in TIERS:
            raise Mistake(f"There is no tier `{tier}`. {did_you_mean(tier, TIERS)}")


def check_rules(contract: Contract, only: Iterable[str], option: str = "only") -> None:
    """Raise ValueError, with what may have been meant, where the contract lacks a rule; `option` is where it was named."""
    for rule in only:
        if rule not in contract.rules:
            raise Mistake(f"{option}: the contract has no rule `{rule}`. {did_you_mean(rule, contract.rules)}")


async def replay(
    adapter: Adapter,
    contract: Contract,
    case: Case,
    *,
    choices: Mapping[str, str] | None = None,
    platform: Platform | None = None,
) -> Report:
    """Play one saved case again; the report has the one tier `replay`. Raises as `judge` does.

    A case that takes what was not declared is left out, and no call of it is made.
    """

    async def played(subject: Subject) -> AsyncIterator[Played]:
        await find_whether_the_platform_is_used(subject, case)
        if not subject.driver.leaves_out(case):
            yield await subject.play(case)

    return await judge_cases(adapter, contract, "replay", played, choices=choices, platform=platform)


async def judge_cases(
    adapter: Adapter,
    contract: Contract,
    tier: str,
    cases: Callable[[Subject], AsyncIterator[Played]],
    *,
    choices: Mapping[str, str] | None = None,
    platform: Platform | None = None,
) -> Report:
    """Judge an implementation by cases of somebody else's; the report has one tier, of this name. Raises as `judge` does."""
    async with _started(adapter, contract, choices or {}, platform=platform) as run:
        await run.tier(tier, cases(run.subject))
        return run.report([tier], ())


@asynccontextmanager
async def _started(
    adapter: Adapter,
    contract: Contract,
    choices: Mapping[str, str],
    settings: Settings = Settings(),  # noqa: B008 - it is frozen
    announce: Callable[[str], None] = lambda _: None,
    platform: Platform | None = None,
) -> AsyncIterator[_Running]:
    contract.check_choices(choices, "choices")
    machine = machine_of(contract)
    platform = platform or SimulatedPlatform(contract, {**contract.default_choices(), **choices})
    await platform.start()
    try:
        driver = Driver(adapter, machine, platform)
        await driver.start()
        declared = {**driver.declared_choices(), **choices}
        yield _Running(Subject(driver, Oracle(machine, declared), settings, announce), declared)
    finally:
        await adapter.close()
        await platform.close()


class _Running:
    """A run under way."""

    def __init__(self, subject: Subject, declared: Mapping[str, str]) -> None:
        self.subject, self._driver = subject, subject.driver
        machine = subject.driver.machine
        elsewhere = client_choices(machine.contract) if subject.driver.platform.is_judged else ()
        self._evidence = Evidence(machine, declared, elsewhere)
        self._patience = Patience(subject, self._evidence)
        self._confirmer = Confirmer(subject, self._evidence, self._patience)
        self._driver.tolerates = self._confirmer.tolerates
        self._promise: dict[str, Json] = {}

    async def tier(
        self,
        name: str,
        cases: AsyncIterator[Played],
        progress: Callable[[Played], None] = lambda _: None,
        reached: Callable[[Reached], None] = lambda _: None,
    ) -> None:
        """Take in every case of a tier."""
        done, finished = 0, False
        if self._patience.given_up:
            reached(Reached(name, done, done))
            return
        began, calls, resets = time.perf_counter(), self._driver.calls, self._driver.resets
        self.subject.begin_tier()
        reached(Reached(name, done, None))
        try:
            async for played in cases:
                await self._take(name, played)
                progress(played)
                done += 1
                if self.subject.remaining is not None:
                    self.subject.remaining -= 1
                reached(Reached(name, done, None if self.subject.remaining is None else done + self.subject.remaining))
                if self._patience.given_up:
                    break
            reached(Reached(name, done, done))
            finished = not self._patience.given_up
        finally:  # What was done of it, whoever stopped it.
            self._promise[name] = {
                "finished": finished,
                "assumptions": list(ASSUMPTIONS.get(name, ())),
                "sequences": self._driver.resets - resets,
                "calls": self._driver.calls - calls,
                "seconds": round(time.perf_counter() - began, 3),
                **self.subject.promise,
            }

    def stop(self) -> None:
        """Somebody wants no more of it."""
        self._patience.given_up = Stopped()

    def part(self) -> Part:
        """What this shard has come to."""
        return part_of(self._driver, self._evidence, self._confirmer, self._promise, self._patience.given_up)

    def join(self, part: Part) -> None:
        """Take in what another shard has come to."""
        join(part, self._driver, self._evidence, self._confirmer, self._promise)
        self._patience.given_up = self._patience.given_up or part.given_up

    def report(self, tiers: Sequence[str], only: Sequence[str]) -> Report:
        """The verdict for every rule, or for those in `only`."""
        given_up, promise = self._patience.given_up, self._promise
        shard = self.subject.settings.shard
        run = Run(self._driver, self._evidence, self._confirmer, tiers, promise, given_up, shard)
        return conclude(run, only)

    async def _take(self, tier: str, played: Played, *, again: bool = False) -> None:
        """Take in what came of a case. A case in which the adapter failed is played once more, and one that broke off goes on."""
        self._evidence.take(tier, played)
        self._confirmer.again(tier, played.broken)
        self._evidence.note_all(self._driver.adapter.faults, played)
        if played.fault:
            await self._patience.restart(played.fault.kind)
            if again:
                await self._confirmer.interrupted(played)
            elif played.case.calls and not self._patience.given_up:
                await self._take(tier, await self.subject.play(played.case), again=True)
        elif played.violation:
            tolerated = await self._confirmer.convict(tier, played, played.violation)
            if tolerated and played.case.calls and not self._patience.given_up:
                further = await self.subject.play(played.case)
                if further.fault or len(further.seen) > len(played.seen):
                    await self._take(tier, further)
        else:
            await self._confirmer.follow(tier, played)
