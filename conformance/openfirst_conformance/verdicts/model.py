"""Verdicts as data: failures, what is known of a rule and of a choice, and the report of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from openfirst_conformance.adapters.protocol.shapes import ImplementationName
from openfirst_conformance.driving.ability import LeftOut
from openfirst_conformance.driving.played import Played
from openfirst_conformance.oracle.explanation import ChoicePlace
from openfirst_conformance.verdicts.reasons import NoReason, Reason
from openfirst_reference.contract.document import Json
from openfirst_reference.contract.model import Contract
from openfirst_reference.machine.outcome import Outcome


class SettledChoice(NamedTuple):
    """What an undeclared choice was seen to be, and must stay in that place; `came`: the outcome by which it was seen there."""

    id: str
    values: frozenset[str]
    came: Outcome | None


@dataclass(frozen=True)
class Failure:
    """A broken rule, shown by the shortest sequence that was found.

    `choices` have the values that alone forbid it; `settled`: what else alone forbids it, since it was otherwise before.
    """

    rule: str
    tier: str
    case: str
    played: Played
    choices: Mapping[str, str] = field(default_factory=dict)
    settled: tuple[SettledChoice, ...] = ()


@dataclass(frozen=True)
class FaultSeen:
    """What the adapter itself did wrong, so many `times`, first in a case, at the call of that number; `stderr` is of that time."""

    kind: str
    detail: str
    remedy: str
    case: str
    call: int | None
    stderr: str
    cause: str = ""
    times: int = 1


@dataclass
class RuleVerdict:
    """What is known of a rule after the run."""

    id: str
    level: str
    quote: str
    verdict: str = "not-run"
    reason: Reason = NoReason()  # noqa: RUF009 - it is frozen
    tiers: dict[str, str] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    refused_only: int = 0


@dataclass(frozen=True)
class ChoiceCell:
    """Where a choice was seen: a row, and the classes of what was given."""

    row: str
    given: tuple[tuple[str, str], ...]


@dataclass
class ChoiceSeen:
    """What is known of a choice: declared, observed, or taken for granted.

    `observed` counts, for each cell, what was seen there: the values that nothing has told apart, mostly one. Where it does not
    apply, because somebody else makes it than who is judged, nothing is ever known of it.
    """

    id: str
    declared: str | None
    granted: str | None = None
    applies: bool = True
    observed: dict[ChoiceCell, Counter[frozenset[str]]] = field(default_factory=dict)

    def note(self, cell: ChoiceCell, values: frozenset[str]) -> None:
        """One more observation."""
        if not self.applies:
            return
        self.observed.setdefault(cell, Counter())[values] += 1

    def join(self, other: ChoiceSeen) -> None:
        """Take in what others have seen of it."""
        for cell, counts in other.observed.items():
            self.observed.setdefault(cell, Counter()).update(counts)

    @property
    def values(self) -> frozenset[str] | None:
        """What all observations agree on, empty where classes or states differ; None where nothing is known."""
        if self.declared is not None:
            return frozenset([self.declared])
        seen = [values for counts in self.observed.values() for values in counts]
        if not seen:
            return None if self.granted is None else frozenset([self.granted])
        return frozenset.intersection(*seen)

    @property
    def basis(self) -> str:
        """Where the value comes from."""
        if self.declared is not None:
            return "declared"
        if not self.applies:
            return "not-applicable"
        return "observed" if self.observed else "taken-for-granted" if self.granted else "not-seen"


def note_choices(
    choices: Mapping[str, ChoiceSeen], contract: Contract, evidence: Mapping[ChoicePlace, frozenset[str]]
) -> None:
    """Take in what a case has shown of choices, where it has shown anything."""
    for cell, values in evidence.items():
        if len(values) < len(contract.choices[cell.choice].values):
            call = (contract.rows if cell.row in contract.rows else contract.overlaps)[cell.row].call
            given = tuple(contract.given_leaves(call, dict(cell.leaves)).items())
            choices[cell.choice].note(ChoiceCell(cell.row, given), values)


@dataclass
class Report:
    """The verdict on an implementation. `shard`: which part of a run this is, and of how many; `finished`: it came to its end."""

    contract: Contract = field(repr=False)  # which would be long, and asyncio writes results out when a run ends
    implementation: ImplementationName
    rules: dict[str, RuleVerdict]
    choices: dict[str, ChoiceSeen]
    promise: dict[str, Json] = field(default_factory=dict)
    adapter_faults: list[FaultSeen] = field(default_factory=list)
    layers: dict[str, Counter[str]] = field(default_factory=dict)
    codes: dict[str, Counter[str]] = field(default_factory=dict)
    unknown_codes: Counter[str] = field(default_factory=Counter)
    left_out: list[LeftOut] = field(default_factory=list)
    shard: tuple[int, int] = (1, 1)
    finished: bool = True

    @property
    def verdict(self) -> str:
        """`broken` if a must is broken, `incomplete` if something could not be judged or was not done, else `conforms`.

        Where no must was tested, that is nothing, unless only others were asked for.
        """
        if any(rule.verdict == "fail" and rule.level == "must" for rule in self.rules.values()):
            return "broken"
        open_ends = {"not-testable", "inconclusive", "flaky"}
        musts = [rule for rule in self.rules.values() if rule.level == "must"]
        nothing = not any(rule.verdict in ("pass", "fail", "known") for rule in musts or self.rules.values())
        if nothing or not self.finished or any(rule.verdict in open_ends for rule in self.rules.values()):
            return "incomplete"
        return "conforms"
