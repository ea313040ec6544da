"""The tiers by name, what each rests on, and which rules it tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from openfirst_conformance.driving.played import Played
from openfirst_conformance.driving.subject import Subject
from openfirst_conformance.tiers import complete as complete_tier
from openfirst_conformance.tiers import concurrent as concurrent_tier
from openfirst_conformance.tiers import explore as explore_tier
from openfirst_conformance.tiers import smoke as smoke_tier
from openfirst_reference.contract.model import CLIENTS_APART, OVERLAPPING, Contract

TIERS: dict[str, Callable[[Subject], AsyncIterator[Played]]] = {
    "smoke": smoke_tier.smoke,
    "complete": complete_tier.complete,
    "concurrent": concurrent_tier.concurrent,
    "explore": explore_tier.explore,
}
ASSUMPTIONS = {
    "smoke": smoke_tier.ASSUMPTIONS,
    "complete": complete_tier.ASSUMPTIONS,
    "concurrent": concurrent_tier.ASSUMPTIONS,
    "explore": explore_tier.ASSUMPTIONS,
}
# The tiers whose cases have what a law is about: several clients, and calls that overlap.
_LAWS = {CLIENTS_APART: ("smoke", "explore"), OVERLAPPING: ("concurrent",)}


def tiers_of(contract: Contract, rule: str) -> list[str]:
    """The tiers that look for breaks of a rule: all but the one that looks for races, unless a law is about more than that."""
    of_laws = {law.rule: _LAWS[law.of] for law in contract.laws.values()}
    races = _LAWS[OVERLAPPING]
    return [tier for tier in TIERS if (tier in of_laws[rule] if rule in of_laws else tier not in races)]
