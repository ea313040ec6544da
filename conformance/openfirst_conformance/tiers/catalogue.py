"""The tiers by name, and what each rests on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from openfirst_conformance.driving.played import Played
from openfirst_conformance.driving.subject import Subject
from openfirst_conformance.tiers import complete as complete_tier
from openfirst_conformance.tiers import concurrent as concurrent_tier
from openfirst_conformance.tiers import explore as explore_tier
from openfirst_conformance.tiers import smoke as smoke_tier

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
