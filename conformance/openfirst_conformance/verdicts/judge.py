"""The judge: run the tiers against an implementation and give a verdict for every rule."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from openfirst_conformance.adapters.adapter import Adapter
from openfirst_conformance.adapters.protocol.faults import AdapterFault
from openfirst_conformance.cases.case import Case
from openfirst_conformance.driving.ability import Lacking, What
from openfirst_conformance.driving.driver import Driver
from openfirst_conformance.driving.played import Played
from openfirst_conformance.driving.settings import Settings
from openfirst_conformance.driving.shrink import failure_of, shrink
from openfirst_conformance.driving.subject import Subject
from openfirst_conformance.oracle.explanation import Violation
from openfirst_conformance.oracle.oracle import Oracle
from openfirst_conformance.platforms.simulated import SimulatedPlatform
from openfirst_conformance.platforms.stage import Platform
from openfirst_conformance.tiers.catalogue import ASSUMPTIONS, TIERS
from openfirst_conformance.verdicts.blame import blame, tested_rules
from openfirst_conformance.verdicts.model import ChoiceSeen, Failure, Report, RuleVerdict, note_choices
from openfirst_conformance.verdicts.reasons import (
    GivenUp,
    NeverAnswered,
    NoReason,
    NotAgain,
    NoTier,
    NotTried,
    OneAtATime,
    Reason,
    Unable,
)
from openfirst_conformance.verdicts.signature import Signature, signature_of
from openfirst_reference.contract.document import Json
from openfirst_reference.contract.model import CLIENTS_APART, OVERLAPPING, Contract
from openfirst_reference.machine.machine import machine_of

_MANY = 300
_GOOD = "good"
_TRIES = 3
_HANGS = 20
_LONG_ENOUGH = 300.0  # seconds
_FRESH_STARTS = 20
_CRASH_TRIES = 6
_LEAK = {
    "kind": "leak",
    "detail": "a failure was seen only after other cases, and not once the adapter had been started afresh",
    "remedy": "Make fresh clients in `reset`, and keep nothing of the case before",
}


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
    announce: Callable[[str], None] = lambda _: None,
) -> Report:
    """Judge an implementation through its adapter, by all rules or by those in `only`.

    `choices` are declared in addition to what the handshake declares; the simulator that the implementation may talk to has
    them too; `platform` takes the place of that simulator. `progress` is told of every case, and `announce` what a person
    should know before it takes long. Raises AdapterFault where the adapter cannot be started, and ValueError where a declared
    choice is not one of the contract's.
    """
    async with _running(adapter, contract, choices or {}, settings, announce, platform) as run:
        try:
            for tier in tiers:
                await run.tier(tier, TIERS[tier](run.subject), progress)
        except asyncio.CancelledError:
            # Ctrl-C: what is known so far is kept.
            run.stop()
            task = asyncio.current_task()
            if task is not None:
                task.uncancel()
        return run.report(tiers, only)


async def replay(
    adapter: Adapter,
    contract: Contract,
    case: Case,
    *,
    choices: Mapping[str, str] | None = None,
    platform: Platform | None = None,
) -> Report:
    """Play one saved case again; the report has the one tier `replay`. Raises as `judge` does."""

    async def played(run: _Run) -> AsyncIterator[Played]:
        yield await run.subject.play(case)

    async with _running(adapter, contract, choices or {}, platform=platform) as run:
        await run.tier("replay", played(run), lambda _: None)
        return run.report(["replay"], ())


@asynccontextmanager
async def _running(
    adapter: Adapter,
    contract: Contract,
    choices: Mapping[str, str],
    settings: Settings = Settings(),  # noqa: B008 - it is frozen
    announce: Callable[[str], None] = lambda _: None,
    platform: Platform | None = None,
) -> AsyncIterator[_Run]:
    machine = machine_of(contract)
    platform = platform or SimulatedPlatform(contract, {**contract.default_choices(), **choices})
    await platform.start()
    try:
        driver = Driver(adapter, machine, platform)
        await driver.start()
        declared = {**driver.declared_choices(), **choices}
        contract.check_choices(declared, "the adapter's handshake")
        yield _Run(Subject(driver, Oracle(machine, declared), settings, announce), declared)
    finally:
        await adapter.close()
        await platform.close()


class _Run:
    def __init__(self, subject: Subject, declared: Mapping[str, str]) -> None:
        self.subject, self.driver = subject, subject.driver
        self.contract = self.driver.contract
        self.tested: dict[str, set[str]] = {}
        self.failures: dict[str, list[Failure]] = {}
        self.flaky: set[str] = set()
        self.promise: dict[str, Json] = {}
        self.faults: list[Json] = []
        self.known: dict[tuple[Any, ...], tuple[str, ...]] = {}
        self.failed: dict[str, set[str]] = {}
        self.vanished: Counter[tuple[Any, ...]] = Counter()
        self.unsettled: set[str] = set()
        self.leaks = False
        self.fresh_starts = 0
        self.fault_kinds: Counter[str] = Counter()
        self.starting = 0.0
        self.gives_up = ""
        self.under_way: str | None = None
        granted = self.contract.undeclared_choices()
        self.choices = {name: ChoiceSeen(name, declared.get(name), granted.get(name)) for name in self.contract.choices}

    async def tier(self, name: str, cases: AsyncIterator[Played], progress: Callable[[Played], None]) -> None:
        """Take in every case of a tier."""
        if self.gives_up:
            return
        self.under_way = name
        began, calls, resets = time.perf_counter(), self.driver.calls, self.driver.resets
        self.subject.promise = {}
        async for played in cases:
            await self.take(name, played)
            progress(played)
            if self._is_given_up():
                break
        self.promise[name] = {
            "assumptions": list(ASSUMPTIONS.get(name, ())),
            "sequences": self.driver.resets - resets,
            "calls": self.driver.calls - calls,
            "seconds": round(time.perf_counter() - began, 3),
            **self.subject.promise,
        }

    def _is_given_up(self) -> bool:
        return bool(self.gives_up)

    def stop(self) -> None:
        """Somebody wants no more of it."""
        self.gives_up = "the run was stopped before its end"

    async def take(self, tier: str, played: Played, *, again: bool = False) -> None:
        """Take in what came of a case: evidence, faults, violations. A case in which the adapter failed is played once more."""
        for rule in tested_rules(self.driver.machine, played.trail) | self._laws(played):
            self.tested.setdefault(rule, set()).add(tier)
        self._note_choices(played)
        self._note_faults(played)
        if played.fault:
            await self._restart(played.fault.kind)
            if again:
                await self._note_crash(played)
            elif played.case.calls and not self.gives_up:
                await self.take(tier, await self.subject.play(played.case), again=True)
        elif played.violation:
            await self._convict(tier, played)
        else:
            for rule in played.broken_shoulds:
                await self._followed(tier, played, rule)

    def _laws(self, played: Played) -> set[str]:
        """The rules of the laws that a case put to the test."""
        operations = self.contract.operations
        tested = set()
        clients = {seen.planned.client for seen in played.seen if not operations[seen.planned.operation].by_world}
        if not played.violation and len(clients) > 1:
            tested.add(self.contract.law(CLIENTS_APART))
        if not played.violation and any(seen.planned.overlapping for seen in played.seen):
            tested.add(self.contract.law(OVERLAPPING))
        return {rule for rule in tested if rule is not None}

    async def _restart(self, kind: str) -> None:
        self.fault_kinds[kind] += 1
        if kind == "hang" and self.fault_kinds[kind] >= _HANGS:
            self.gives_up = f"the adapter hung {self.fault_kinds[kind]} times, so the rest was not tried"
        began = time.perf_counter()
        await self._start_again()
        self.starting += time.perf_counter() - began
        if self.starting > _LONG_ENOUGH:
            self.gives_up = (
                f"starting the adapter again and again took {self.starting:.0f} s, so the rest was not tried"
            )

    async def _start_again(self) -> None:
        try:
            await self.driver.adapter.restart()
        except AdapterFault as fault:
            self.faults.append(_fault(fault, "restart", None))
            self.gives_up = "the adapter could not be started again, so the rest was not tried"

    async def _note_crash(self, played: Played) -> None:
        """A case that was interrupted twice. If it is the call that does it, and not how many there were, its rules are open."""
        if played.stuck is None:
            return
        planned, rules = played.stuck
        if set(rules) <= self.unsettled:
            return
        before = played.calls
        step = max(len(before) // _CRASH_TRIES, 1)
        for left_out in range(0, len(before), step) if before else [-1]:
            kept = [call for place, call in enumerate(before) if place != left_out]
            again = await self.subject.play(replace(played.case, calls=(*kept, planned)))
            if again.fault:
                await self._restart(again.fault.kind)
                if len(again.calls) == len(kept):
                    self.unsettled.update(rules)
                    return

    async def _convict(self, tier: str, played: Played) -> None:
        assert played.violation is not None
        rules = blame(self.subject.oracle_of(played.case), played.violation, minimal=False, usual=self._usual())
        signature: tuple[Any, ...] = (rules, self._signature(played))
        if len(self.known) > _MANY:
            signature = (rules, played.violation.call.operation)
        if signature not in self.known and self.vanished[signature] < _TRIES:
            shortest = await self._confirmed(played)
            if shortest is None or shortest.violation is None:
                self.vanished[signature] += 1
                self.flaky.update(rules)
                return
            self.known[signature] = self._blamed(shortest, shortest.violation)
            for rule in self.known[signature]:
                self._fail(Failure(rule, tier, played.case.id, shortest, played.stderr))
        for rule in self.known.get(signature, ()):
            self.failed.setdefault(rule, set()).add(tier)

    async def _confirmed(self, played: Played) -> Played | None:
        """The shortest sequence that fails in the same way, whenever it is made, and made by an adapter just started."""
        shortest = await shrink(self.driver, self.subject.oracle_of(played.case), played)
        if shortest is None:
            return None
        case, wanted = replace(shortest.case, calls=shortest.calls), failure_of(shortest)
        for _ in range(_TRIES - 1):
            if failure_of(await self._replayed(case)) != wanted:
                return None
        if self.leaks or self.fresh_starts < _FRESH_STARTS:
            self.fresh_starts += 1
            await self._start_again()
            if failure_of(await self._replayed(case)) != wanted:
                self.leaks = True
                self.faults.append({**_LEAK, "case": played.case.id, "call": None, "stderr": ""})
                return None
        return shortest

    async def _replayed(self, case: Case) -> Played:
        """The case once more, and again if the adapter fails in the middle of it."""
        played = await self.subject.play(case)
        if played.fault:
            await self._restart(played.fault.kind)
            played = await self.subject.play(case)
        return played

    def _usual(self) -> dict[str, str]:
        """What the implementation was seen to make of each choice, where that is one value."""
        values = {name: _one_of(choice) for name, choice in self.choices.items()}
        return {name: value for name, value in values.items() if value in self.contract.choices[name].values}

    def _blamed(self, shortest: Played, violation: Violation) -> tuple[str, ...]:
        """The rules that a minimal sequence breaks. Where it fails only because calls overlap, that is what is wrong."""
        law = self.contract.law(OVERLAPPING)
        if law is not None and any(planned.overlapping for planned in shortest.calls):
            return (law,)
        return blame(self.subject.oracle_of(shortest.case), violation, minimal=True, usual=self._usual())

    async def _followed(self, tier: str, played: Played, rule: str) -> None:
        self.failed.setdefault(rule, set()).add(tier)
        if (rule,) in self.known:
            return
        self.known[(rule,)] = (rule,)
        shortest = await shrink(
            self.driver, self.subject.oracle_of(played.case), played, lambda again: rule in again.broken_shoulds or None
        )
        self._fail(Failure(rule, tier, played.case.id, shortest or played, played.stderr))

    def _fail(self, failure: Failure) -> None:
        failures = self.failures.setdefault(failure.rule, [])
        if self._signature(failure.played) not in [self._signature(known.played) for known in failures]:
            failures.append(failure)
            failures.sort(key=lambda item: len(item.played.seen))

    def _signature(self, played: Played) -> Signature:
        return signature_of(self.driver.machine, played.case.clients, [seen.as_json() for seen in played.seen[-1:]])

    def _note_choices(self, played: Played) -> None:
        if played.tracker is None or played.violation:
            return
        note_choices(self.choices, self.contract, played.tracker.evidence())

    def _note_faults(self, played: Played) -> None:
        noted = [*self.driver.adapter.faults, *([played.fault] if played.fault else [])]
        self.driver.adapter.faults.clear()
        self.faults += [_fault(fault, played.case.id, len(played.seen) + 1) for fault in noted]

    def report(self, tiers: Sequence[str], only: Sequence[str]) -> Report:
        """The verdict for every rule, or for those in `only`."""
        rules = {
            rule.id: RuleVerdict(rule.id, rule.level, rule.quote)
            for rule in self.contract.rules.values()
            if not only or rule.id in only
        }
        cut = tiers[tiers.index(self.under_way) :] if self.gives_up and self.under_way in tiers else ()
        for verdict in rules.values():
            verdict.failures = self.failures.get(verdict.id, [])
            verdict.verdict, verdict.reason = self._verdict(verdict.id)
            for tier in tiers:
                failed = tier in self.failed.get(verdict.id, ())
                tested = tier in self.tested.get(verdict.id, ())
                verdict.tiers[tier] = "fail" if failed else "pass" if tested and tier not in cut else "not-run"
            verdict.refused_only = self.driver.unknown_reasons[verdict.id]
        return Report(
            contract=self.contract,
            implementation=self.driver.initialized["implementation"],
            rules=rules,
            choices=self.choices,
            promise=self.promise,
            adapter_faults=self.faults,
            layers=self.driver.layers,
        )

    def _verdict(self, rule: str) -> tuple[str, Reason]:
        if self.failures.get(rule):
            return "fail", NoReason()
        if rule in self.flaky:
            return "flaky", NotAgain()
        if rule in self.unsettled or rule in self.driver.unanswered_rules():
            return "inconclusive", NeverAnswered()
        if self.gives_up:
            why_not = self._why_not(rule)
            return ("inconclusive", GivenUp(self.gives_up)) if why_not[0] == "not-run" else why_not
        if rule in self.tested:
            missing = self._not_tried(rule)
            return ("not-testable", missing) if missing else ("pass", NoReason())
        return self._why_not(rule)

    def _not_tried(self, rule: str) -> NotTried | None:
        """What a rule about bad credentials alone was not tried with, for want of a control plane, and why."""
        driver, why = self.driver, self.driver.platform.without_control
        lacking = Lacking(What.CREDENTIAL, why=why)
        missing = [name for name in self.contract.fixtures if why and driver.lacks_credential(name) == lacking]
        credentials = driver.machine.credentials
        held = {name: credentials.of_fixture(name)["condition"] for name in self.contract.fixtures}
        good = [name for name in driver.fixtures if held[name] == _GOOD]
        if not any(rule in self._met_at(name) for name in missing) or any(rule in self._met_at(name) for name in good):
            return None
        moves = [item.name for item in self.contract.operations.values() if item.driven == "platform"]
        return NotTried(tuple(dict.fromkeys(held[name] for name in missing)), tuple(moves), why)

    def _met_at(self, fixture: str) -> set[str]:
        """The rules that rows carry which the first call of a fixture's client may meet."""
        machine, start = self.driver.machine, self.driver.machine.fixture(fixture)
        stated = self.contract.fixtures[fixture].calls
        calls = machine.alphabet({name: stated[name] for name in stated if not self.driver.lacks(name)}, start)
        return {rule for call in calls for step in machine.steps(start, call) for rule in machine.carried(step)}

    def _why_not(self, rule: str) -> tuple[str, Reason]:
        """Why a rule was not put to the test."""
        if rule == self.contract.law(CLIENTS_APART) and self.driver.capabilities.clients < 2:
            return "not-applicable", OneAtATime(calls=False)
        if rule == self.contract.law(OVERLAPPING) and self.driver.capabilities.concurrency < 2:
            return "not-applicable", OneAtATime(calls=True)
        operations = {
            row.call
            for row in self.contract.rows.values()
            if self.contract.operations[row.call].driven != "echo"  # what another client does needs no declaration
            and (
                any(carry.rule == rule for carry in row.carries)
                or any(self._keeps(item.effect, rule) for item in row.may)
            )
        }
        lacking = {operation: self.driver.lacks(operation) for operation in sorted(operations)}
        thorough = "complete" in self.promise and not self.gives_up
        if operations and (all(lacking.values()) or (thorough and any(lacking.values()))):
            missing = tuple(item for item in lacking.values() if item is not None)
            # A clock that stands still can be had: the adapter alone lacks it.
            clock = any(item.what is What.VIRTUAL_CLOCK for item in missing)
            return ("not-testable" if clock else "not-applicable"), Unable(missing)
        return "not-run", NoTier()

    def _keeps(self, effect: str | None, rule: str) -> bool:
        if effect is None:
            return False
        stated = self.contract.effects[effect]
        return any(rule in rules for part in (stated.keeps, stated.stale) for rules in part.values())


def _one_of(choice: ChoiceSeen) -> str | None:
    """The value of a choice, where there is one."""
    values = choice.values or frozenset()
    return next(iter(values)) if len(values) == 1 else None


def _fault(fault: AdapterFault, case: str, number: int | None) -> Json:
    return {
        "kind": fault.kind,
        "detail": fault.detail,
        "remedy": fault.remedy,
        "case": case,
        "call": number,
        "stderr": fault.stderr[-2000:],
    }
