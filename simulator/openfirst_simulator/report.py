"""What came of all that was done in a world: what leaked, what the contract refused, and which of its rows were exercised."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from openfirst_reference.contract.http_surface import surface
from openfirst_reference.contract.model import Overlap, Row
from openfirst_simulator.faults import Fault
from openfirst_simulator.journal import Journal
from openfirst_simulator.table import Table

_WIDTH = 80


@dataclass(frozen=True)
class OpenSession:
    """A session that is open: whose, None for somebody without an external ID, and since when, in seconds of the world's time."""

    id: str
    external_id: str | None
    opened: float


@dataclass(frozen=True)
class Refused:
    """What the contract refused, how often, and the sentence of the rule if one wants it."""

    row: str
    code: str
    rule: str | None
    quote: str | None
    count: int


@dataclass(frozen=True)
class NeverHit:
    """A fault that struck no request; `fitted` tells how many it was for."""

    fault: str
    kind: str
    operation: str | None
    fitted: int


@dataclass(frozen=True)
class Report:
    """A world's report, as of `at` in seconds of its time.

    `requests` counts those since the journal was cleared, for tokens and about sessions; `dropped` entries are gone from it,
    and counted all the same. `exercised` has how often each row of the contract decided, and `never` those that never did. Rows
    for what no platform is asked, such as the initialisation of a client, are in neither.
    """

    world: str
    at: float
    requests: int
    dropped: int
    left_open: tuple[OpenSession, ...]
    refused: tuple[Refused, ...]
    faults_never_hit: tuple[NeverHit, ...]
    exercised: Mapping[str, int]
    never: tuple[str, ...]

    @property
    def rows(self) -> int:
        """How many rows there are to exercise."""
        return len(self.exercised) + len(self.never)

    @property
    def leaks(self) -> bool:
        """Whether something is left that a test would have put away: a session, or a fault that never struck."""
        return bool(self.left_open or self.faults_never_hit)


def report_of(
    world: str, at: float, journal: Journal, faults: Sequence[Fault], left_open: Sequence[OpenSession], table: Table
) -> Report:
    """The report of a world, from its journal and what it holds."""
    rules = table.contract.rules
    refused = [
        Refused(item.row, item.code, item.rule, None if item.rule is None else rules[item.rule].quote, count)
        for item, count in sorted(journal.refusals.items(), key=lambda item: (-item[1], item[0].row))
    ]
    rows = list(rows_of_a_platform(table))
    return Report(
        world=world,
        at=at,
        requests=journal.requests,
        dropped=journal.dropped,
        left_open=tuple(left_open),
        refused=tuple(refused),
        faults_never_hit=tuple(
            NeverHit(fault.id, fault.kind, fault.operation, fault.fitted) for fault in faults if not fault.hits
        ),
        exercised={row: journal.rows[row] for row in rows if row in journal.rows},
        never=tuple(row for row in rows if row not in journal.rows),
    )


def rows_of_a_platform(table: Table) -> Iterator[str]:
    """The rows and overlaps for what a platform is asked and does of itself, in the contract's order."""
    contract = table.contract
    asked = {contract.bindings.operations.inward(item.operation) for item in surface().values() if item.operation}
    rows: list[Row | Overlap] = [*contract.rows.values(), *contract.overlaps.values()]
    for row in rows:
        if row.call in asked or row.call in table.actions:
            yield row.id


def as_json(report: Report) -> dict[str, Any]:
    """A report in the manner of JSON."""
    return {
        "world": report.world,
        "at": report.at,
        "requests": report.requests,
        "dropped": report.dropped,
        "leftOpen": [
            {"session": item.id, "externalId": item.external_id, "opened": item.opened} for item in report.left_open
        ],
        "refused": [asdict(item) for item in report.refused],
        "faultsNeverHit": [asdict(item) for item in report.faults_never_hit],
        "rows": {"total": report.rows, "exercised": dict(report.exercised), "never": list(report.never)},
    }


def as_text(report: Report) -> str:
    """A report for people, 80 columns wide."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield f"World {report.world}, {instant(report.at)}"
    yield f"{counted(report.requests, 'request')}; {dropped_words(report)}."
    yield from _part("Sessions left open", [left_open_words(item) for item in report.left_open], "none")
    refused = []
    for item in report.refused:
        rule = "" if item.rule is None else f", rule {item.rule}: “{item.quote}”"
        refused.append(f"{item.count}x {item.row}: {item.code}{rule}")
    yield from _part("Refused by the contract", refused, "nothing")
    yield from _part("Faults that never struck", [never_hit_words(item) for item in report.faults_never_hit], "none")
    title = f"Rows of the contract: {len(report.exercised)} of {report.rows} exercised"
    yield from _part(title, [f"{count:>6}  {row}" for row, count in report.exercised.items()], "none")
    yield from _part("Never exercised", list(report.never), "none")


def _part(title: str, items: Sequence[str], nothing: str) -> Iterator[str]:
    yield ""
    yield title
    for item in items or [nothing]:
        yield from textwrap.wrap(item, _WIDTH, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)


def left_open_words(item: OpenSession) -> str:
    """A session that is open still, in words."""
    whose = "without an external ID" if item.external_id is None else f"of {item.external_id}"
    return f"{item.id} {whose}, opened {instant(item.opened)}"


def never_hit_words(item: NeverHit) -> str:
    """A fault that never struck, in words."""
    what = "" if item.operation is None else f" for {item.operation}"
    return f"{item.fault}: {item.kind}{what}, fitted {counted(item.fitted, 'request')}"


def dropped_words(report: Report) -> str:
    """What the journal has dropped, in words."""
    if not report.dropped:
        return "the journal is complete"
    return f"the journal has dropped {counted(report.dropped, 'entry', 'entries')}, which are counted all the same"


def instant(seconds: float) -> str:
    """An instant of a world's time, in words."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


def counted(number: int, one: str, several: str | None = None) -> str:
    """So many of something."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"
