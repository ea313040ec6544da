"""A part of a run: what one shard of it has come to, as data that another process can take in."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import partial

from openfirst_conformance.adapters.protocol.faults import FaultKind
from openfirst_conformance.driving.ability import LeftOut
from openfirst_conformance.driving.driver import Cell, Driver
from openfirst_conformance.driving.played import CallMade, Played
from openfirst_conformance.verdicts.confirm import Confirmer
from openfirst_conformance.verdicts.evidence import Evidence, Shown
from openfirst_conformance.verdicts.model import Failure
from openfirst_conformance.verdicts.reasons import Cause, NotAgain
from openfirst_reference.contract.document import Json
from openfirst_reference.machine.step import Step

_SUMMED = ("sequences", "calls")


@dataclass(frozen=True)
class Part:
    """What a shard has shown (`shown`), confirmed, and could not try."""

    shown: Shown
    failures: dict[str, list[Failure]]
    failed: dict[str, set[str]]
    flaky: dict[str, NotAgain]
    unsettled: set[str]
    layers: dict[str, Counter[str]]
    unknown_reasons: Counter[str]
    unknown_codes: Counter[str]
    stuck: dict[Cell, Counter[FaultKind | None]]
    answered: set[Cell]
    platform_used: bool
    left_out: dict[LeftOut, None]
    promise: dict[str, Json]
    given_up: Cause | None


def part_of(
    driver: Driver,
    evidence: Evidence,
    confirmed: Confirmer,
    promise: dict[str, Json],
    given_up: Cause | None,
) -> Part:
    """What a run has come to."""
    failures = {rule: [_portable(item) for item in items] for rule, items in confirmed.failures.items()}
    return Part(
        evidence.shown,
        failures,
        confirmed.failed,
        confirmed.flaky,
        confirmed.unsettled,
        driver.layers,
        driver.unknown_reasons,
        driver.unknown_codes,
        driver.stuck,
        driver.answered,
        driver.platform_used,
        driver.left_out,
        promise,
        given_up,
    )


def join(part: Part, driver: Driver, evidence: Evidence, confirmed: Confirmer, promise: dict[str, Json]) -> None:
    """Take a part into a run, as if that had played its cases as well."""
    evidence.shown.join(part.shown)
    confirmed.join(part.failures, part.failed, part.flaky, part.unsettled)
    for operation, layers in part.layers.items():
        driver.layers.setdefault(operation, Counter()).update(layers)
    driver.unknown_reasons.update(part.unknown_reasons)
    driver.unknown_codes.update(part.unknown_codes)
    for cell, times in part.stuck.items():
        driver.stuck.setdefault(cell, Counter()).update(times)
    driver.answered.update(part.answered)
    driver.platform_used |= part.platform_used
    driver.left_out.update(part.left_out)
    begun = promise.keys() & part.promise.keys()
    for tier, theirs in part.promise.items():
        mine = promise.setdefault(tier, theirs)
        if mine is not theirs:
            mine.update({name: mine[name] + theirs[name] for name in _SUMMED})
            mine["seconds"] = max(mine["seconds"], theirs["seconds"])
            mine["finished"] = mine["finished"] and theirs["finished"]
    for tier in promise.keys() - begun:  # Whichever it was that never came to it.
        promise[tier]["finished"] = False


def _portable(failure: Failure) -> Failure:
    """The failure without what belongs to a process."""
    seen = [CallMade(made.planned, made.outcome, partial(_known, made.permitted)) for made in failure.played.seen]
    shown = failure.played
    return replace(failure, played=Played(shown.case, seen, broken_shoulds=shown.broken_shoulds, stderr=shown.stderr))


def _known(permitted: tuple[Step, ...]) -> tuple[Step, ...]:
    return permitted
