"""Phrases that several reports share: what a tier promises, and what is known of a choice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from openfirst_conformance.verdicts.model import ChoiceSeen


def promise_in_words(promise: Mapping[str, Any]) -> str:
    """What a pass in a tier means, and what that rests on."""
    if "fixtures" in promise:
        by_extra: dict[int, list[str]] = {}
        for fixture, item in promise["fixtures"].items():
            by_extra.setdefault(item["extraStates"], []).append(fixture)
        scenarios = sum(item["scenarios"] for item in promise["fixtures"].values())
        most = max(by_extra, default=0)
        text = f"Every fault within {most} call{'' if most == 1 else 's'} of {scenarios} scenarios is found"
        less = [f"within {extra} from {', '.join(names)}" for extra, names in by_extra.items() if extra != most]
        text += f" ({'; '.join(less)})" if less else ""
    elif "seed" in promise:
        text = f"{promise['walks']} walks of {promise['length']} calls, seed {promise['seed']}"
    else:
        text = "Single faults are found"
    if not promise["assumptions"]:
        return ""
    text += f", given that {'; '.join(promise['assumptions'])}."
    if promise.get("neverToldApart"):
        pairs = ", ".join(f"{name} {one} and {other}" for name, one, other in promise["neverToldApart"])
        text += f" No call tells apart: {pairs}."
    return text


def choice_in_words(choice: ChoiceSeen) -> tuple[str, str]:
    """The value of a choice, and what it rests on."""
    counts: dict[str, int] = {}
    for cell in choice.observed.values():
        for value, count in cell.items():
            counts[value] = counts.get(value, 0) + count
    total = sum(counts.values())
    if choice.declared is not None:
        return choice.declared, "declared"
    if not total:
        return (choice.granted, "taken for granted, since nothing is declared") if choice.granted else ("not seen", "")
    value = choice.value or ""
    if len(counts) == 1:
        return value, f"observed, in all {total} observations"
    return value, "observed: " + ", ".join(f"{seen} ({count})" for seen, count in counts.items())
