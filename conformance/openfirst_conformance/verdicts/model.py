"""Verdicts as data: failures, what is known of a rule and of a choice, and the report of a run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from openfirst_conformance.driving.played import Played
from openfirst_reference.contract.document import Json
from openfirst_reference.contract.model import Contract


@dataclass(frozen=True)
class Failure:
    """A broken rule, shown by the shortest sequence that was found."""

    rule: str
    tier: str
    case: str
    played: Played
    stderr: str

    def sequence(self) -> list[Json]:
        """The calls, each with what it came to and what was permitted."""
        return [seen.as_json() for seen in self.played.seen]


@dataclass
class RuleVerdict:
    """What is known of a rule after the run."""

    id: str
    level: str
    quote: str
    verdict: str = "not-run"
    reason: str = ""
    tiers: dict[str, str] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    refused_only: int = 0


@dataclass
class ChoiceSeen:
    """What is known of a choice: declared, observed, or taken for granted.

    `observed` counts, for each cell, what was seen there: a value, or (`keep or replace`) values that nothing has told apart.
    """

    id: str
    declared: str | None
    granted: str | None = None
    observed: dict[str, Counter[str]] = field(default_factory=dict)

    @property
    def value(self) -> str | None:
        """What all observations agree on; where classes differ, that they do."""
        if self.declared is not None:
            return self.declared
        seen = [set(value.split(" or ")) for counts in self.observed.values() for value in counts]
        common = sorted(set.intersection(*seen)) if seen else []
        return " or ".join(common) if common else "varies by class or state" if seen else self.granted

    @property
    def basis(self) -> str:
        """Where the value comes from."""
        if self.declared is not None:
            return "declared"
        return "observed" if self.observed else "taken-for-granted" if self.granted else "not-seen"


@dataclass
class Report:
    """The verdict on an implementation."""

    contract: Contract
    implementation: Json
    rules: dict[str, RuleVerdict]
    choices: dict[str, ChoiceSeen]
    promise: dict[str, Json] = field(default_factory=dict)
    adapter_faults: list[Json] = field(default_factory=list)
    layers: dict[str, Counter[str]] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """`broken` if a must is broken, `incomplete` if something could not be judged, else `conforms`."""
        if any(rule.verdict == "fail" and rule.level == "must" for rule in self.rules.values()):
            return "broken"
        open_ends = {"not-testable", "inconclusive", "flaky"}
        nothing = not any(rule.verdict in ("pass", "fail", "known") for rule in self.rules.values())
        if nothing or any(rule.verdict in open_ends for rule in self.rules.values()):
            return "incomplete"
        return "conforms"
