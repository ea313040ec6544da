"""Conclude: a verdict for every rule, from what was shown, what was confirmed, and what could not be tried."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from openfirst_conformance.driving.ability import Lacking, What
from openfirst_conformance.driving.driver import Driver
from openfirst_conformance.tiers.catalogue import tiers_of
from openfirst_conformance.verdicts.confirm import Confirmer
from openfirst_conformance.verdicts.evidence import Evidence
from openfirst_conformance.verdicts.model import Report, RuleVerdict
from openfirst_conformance.verdicts.reasons import (
    Cause,
    GivenUp,
    Masked,
    NeverAnswered,
    NeverReached,
    NoReason,
    NoTier,
    NotTried,
    OneAtATime,
    OneSided,
    Reason,
    Stopped,
    Unable,
)
from openfirst_reference.contract.document import Json
from openfirst_reference.contract.model import CLIENTS_APART, OVERLAPPING, Contract

_GOOD = "good"
_THOROUGH = "complete"


@dataclass(frozen=True)
class Run:
    """What a run came to: what each tier that was begun promises (`promise`), and why the run was given up, if it was."""

    driver: Driver
    evidence: Evidence
    confirmed: Confirmer
    tiers: Sequence[str]
    promise: dict[str, Json]
    given_up: Cause | None
    shard: tuple[int, int]

    def finished(self, tier: str) -> bool:
        """Whether a tier was done to its end."""
        return bool(tier in self.promise and self.promise[tier]["finished"])


def conclude(run: Run, only: Sequence[str]) -> Report:
    """The verdict for every rule, or for those in `only`."""
    contract = run.driver.contract
    rules = [rule for rule in contract.rules.values() if not only or rule.id in only]
    return Report(
        contract=contract,
        implementation=run.driver.initialized["implementation"],
        rules={rule.id: _concluded(run, RuleVerdict(rule.id, rule.level, rule.quote)) for rule in rules},
        choices=run.evidence.shown.choices,
        promise=run.promise,
        adapter_faults=list(run.evidence.shown.faults.values()),
        layers=run.driver.layers,
        codes=run.evidence.shown.codes,
        unknown_codes=run.driver.unknown_codes,
        left_out=list(run.driver.left_out),
        shard=run.shard,
        finished=run.given_up is None,
    )


def _concluded(run: Run, verdict: RuleVerdict) -> RuleVerdict:
    verdict.failures = run.confirmed.failures.get(verdict.id, [])
    verdict.verdict, verdict.reason = _verdict(run, verdict.id)
    for tier in run.tiers:
        failed = tier in run.confirmed.failed.get(verdict.id, ())
        tested = tier in run.evidence.shown.tested.get(verdict.id, ())
        passed = tested and run.finished(tier) and verdict.verdict != "vacuous"
        verdict.tiers[tier] = "fail" if failed else "pass" if passed else "not-run"
    verdict.refused_only = run.driver.unknown_reasons[verdict.id]
    return verdict


def _verdict(run: Run, rule: str) -> tuple[str, Reason]:
    if run.confirmed.failures.get(rule):
        return "fail", NoReason()
    if rule in run.confirmed.flaky:
        return "flaky", run.confirmed.flaky[rule]
    if rule in run.confirmed.unsettled or rule in run.driver.unanswered_rules():
        return "inconclusive", NeverAnswered()
    tested = run.evidence.shown.tested.get(rule, set())
    # What a tier has found that was through stays found, if it was a person who had enough.
    if run.given_up and not (isinstance(run.given_up, Stopped) and any(map(run.finished, tested))):
        why_not = _why_not(run, rule)
        return ("inconclusive", GivenUp(run.given_up)) if why_not[0] == "not-run" else why_not
    if tested:
        missing = _not_tried(run.driver, rule)
        if missing:
            return "not-testable", missing
        lacking = run.evidence.lacking(rule)
        return ("vacuous", OneSided(lacking)) if lacking else ("pass", NoReason())
    verdict, reason = _why_not(run, rule)
    return (verdict, reason) if verdict != "not-run" else _cut_short(run, rule) or (verdict, reason)


def _cut_short(run: Run, rule: str) -> tuple[str, Reason] | None:
    """What kept a run from a rule that it would have tested.

    Of a tier of ours it is known that it would have come to its rules; somebody else's case may have nothing to do with them.
    """
    masked, ours = run.evidence.shown.masked.get(rule), tiers_of(run.driver.contract, rule)
    stuck = tuple(run.driver.unanswered_operations()) if any(tier in run.promise for tier in ours) else ()
    if stuck and not masked:
        return "inconclusive", NeverReached(stuck)
    broken = masked or [name for name, tiers in run.confirmed.failed.items() if not tiers.isdisjoint(ours)]
    return ("masked", Masked(tuple(broken))) if broken else None


def _not_tried(driver: Driver, rule: str) -> NotTried | None:
    """What a rule about bad credentials alone was not tried with, for want of a control plane, and why."""
    why = driver.platform.without_control
    if why is None:
        return None
    fixtures, credentials = driver.contract.fixtures, driver.machine.credentials
    missing = [name for name in fixtures if driver.lacks_credential(name) == Lacking(What.CREDENTIAL, why=why)]
    held = {name: credentials.of_fixture(name)["condition"] for name in fixtures}
    good = [name for name in driver.fixtures if held[name] == _GOOD]
    if not any(rule in _met_at(driver, name) for name in missing) or any(
        rule in _met_at(driver, name) for name in good
    ):
        return None
    moves = [item.name for item in driver.contract.operations.values() if item.driven == "platform"]
    return NotTried(tuple(dict.fromkeys(held[name] for name in missing)), tuple(moves), why)


def _met_at(driver: Driver, fixture: str) -> set[str]:
    """The rules that rows carry which the first call of a fixture's client may meet."""
    machine, start = driver.machine, driver.machine.fixture(fixture)
    stated = driver.contract.fixtures[fixture].calls
    calls = machine.alphabet({name: stated[name] for name in stated if not driver.lacks(name)}, start)
    return {rule for call in calls for step in machine.steps(start, call) for rule in machine.carried(step)}


def _why_not(run: Run, rule: str) -> tuple[str, Reason]:
    """Why a rule was not put to the test."""
    driver, contract = run.driver, run.driver.contract
    if rule == contract.law(CLIENTS_APART) and driver.capabilities.clients < 2:
        return "not-applicable", OneAtATime(calls=False)
    if rule == contract.law(OVERLAPPING) and driver.capabilities.concurrency < 2:
        return "not-applicable", OneAtATime(calls=True)
    about = set(_about(driver, rule))
    lacking = {operation: driver.lacks(operation) for operation in sorted(about or _changing(contract))}
    thorough = _THOROUGH in run.promise and not run.given_up
    if all(lacking.values()) or (thorough and about and any(lacking.values())):
        missing = tuple(item for item in lacking.values() if item is not None)
        # A clock that stands still can be had: the adapter alone lacks it.
        clock = any(item.what is What.VIRTUAL_CLOCK for item in missing)
        return ("not-testable" if clock else "not-applicable"), Unable(missing)
    limits = tuple(dict.fromkeys(driver.limits(about or contract.operations)))  # a law is about all of them
    if thorough and limits:
        return "not-applicable", Unable(limits)
    return "not-run", NoTier()


def _about(driver: Driver, rule: str) -> Iterator[str]:
    """The operations with a row that carries a rule, or has an effect for which it answers, or an outcome that breaks it.

    None for a law, which no row carries.
    """
    contract = driver.contract
    for row in contract.rows.values():
        if contract.operations[row.call].driven in ("echo", "settle"):
            continue  # What another client does needs no declaration, and to wait for what is under way is no test of anything.
        effects = [contract.effects[item.effect] for item in row.may if item.effect is not None]
        answering = (rules for effect in effects for part in effect.answering.values() for rules in part.values())
        broken = (item.breaks for item in row.may)
        if any(carry.rule == rule for carry in row.carries) or any(rule in rules for rules in (*answering, *broken)):
            yield row.call


def _changing(contract: Contract) -> set[str]:
    """The operations of a client that change something, somewhere: without any, no client is ever in another one's way."""
    return {
        row.call
        for row in contract.rows.values()
        if not contract.operations[row.call].by_world and any(item.effect for item in row.may)
    }
