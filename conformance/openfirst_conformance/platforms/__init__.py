"""Platforms: where the credentials of a check come from, and how a platform is judged itself.

Judging a client takes the simulator as its platform. To judge a platform, drive it by the `PlatformAdapter` of a
`JudgedPlatform`, with the choices that are a platform's to make.
"""

from __future__ import annotations

from collections.abc import Mapping

from openfirst_conformance.platforms.adapter import OPERATIONS, PlatformAdapter
from openfirst_conformance.platforms.base import Platform, Stage
from openfirst_conformance.platforms.judged import JudgedPlatform
from openfirst_reference.contract import Contract

__all__ = ["JudgedPlatform", "Platform", "PlatformAdapter", "Stage", "choices_of_platform"]


def choices_of_platform(contract: Contract, choices: Mapping[str, str]) -> dict[str, str]:
    """The choices but those that a client makes.

    It makes a choice where that decides nothing but what becomes of calls which a platform does not have, or that
    are made without a credential.
    """
    theirs = set()
    for choice in contract.choices:
        rows = [row for row in contract.rows.values() if any(choice in dict(item.when) for item in row.may)]
        if rows and all(row.call not in OPERATIONS or set(row.inside.get("kind", ())) == {"none"} for row in rows):
            theirs.add(choice)
    return {choice: value for choice, value in choices.items() if choice not in theirs}
