"""The complete tier: every fault within so many calls of the scenarios is found.

Over the table as the probes have resolved it: every sequence of calls that HSI asks for, from the clients of every fixture, and
every service method in four situations.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from openfirst_conformance.cases.case import Case
from openfirst_conformance.driving.subject import Subject
from openfirst_conformance.tiers.planning.hsi import Word, maximal, suite
from openfirst_conformance.tiers.planning.identify import Identifier
from openfirst_conformance.tiers.planning.kinds import kinds_of, looking
from openfirst_conformance.tiers.planning.resolved_table import Table

# HSI ------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Plan:
    """What is tried of one fixture: from each of so many scenarios, with so many extra states allowed for."""

    table: Table
    kinds: Mapping[Hashable, Word]
    identifier: Identifier
    extra: int
    scenarios: int
    words: list[Word]

    @property
    def calls(self) -> int:
        """How many calls that is."""
        return sum(map(len, self.words))

    def cases(self) -> Iterator[Case]:
        """The cases, one by one."""
        return map(self.case, range(1, len(self.words) + 1))

    def case(self, number: int) -> Case:
        """The case of this number, from 1 on."""
        title = f"from {self.table.fixture}, every sequence of up to {self.extra + 1} calls from each kind of state"
        return self.table.case(f"complete-{self.table.fixture}-{number}", title, self.words[number - 1], number)


def plan(subject: Subject, tables: Sequence[Table]) -> Iterator[Plan]:
    """The plan of every fixture, each made when it is asked for.

    One extra state less is allowed for where the world's variables change in the course of a case, and where another fixture
    in which nothing can happen meets the very same rows. Every class of each group is tried where the world stands still; the
    operations that no such fixture has, where it moves.
    """
    operations = subject.oracle.machine.contract.operations
    seen: set[Hashable] = set()
    still_tables = [table for table in tables if not table.moves_the_world]
    only_there = {name for table in tables for name in table.operations if not operations[name].by_world}
    only_there -= {name for table in still_tables for name in table.operations}
    for table in tables:
        still = table.rows_met() if len(table.ways) == 1 else None
        less = table.moves_the_world or (still is not None and still in seen)
        seen.add(still)
        extra = max(subject.settings.extra - less, 0)
        kinds = kinds_of(table)
        identifier = Identifier(table, kinds.values())
        identify = identifier.identify
        scenarios = [*kinds.values(), *table.scenarios]
        tried = ((way, word) for way in scenarios for word in suite(table.classes, [way], identify, extra))
        words = [word if extra else looking(table, word, len(way)) for way, word in tried]
        if not table.moves_the_world:
            words += suite(table.leaves, kinds.values(), identify, 0)
            words += suite(table.classes, table.ways.values(), identify, 0)
        else:
            words += suite(table.leaves_of(only_there), kinds.values(), identify, 0)
        yield Plan(table, kinds, identifier, extra, len(scenarios), maximal(words))


def promise(subject: Subject, plans: list[Plan]) -> dict[str, object]:
    """What a pass means: for which fixtures, from how many scenarios, and what no call surely tells apart."""
    told: dict[tuple[str, ...], bool] = {}
    for item in plans:
        for pair, apart in item.identifier.told.items():
            told[pair] = told.get(pair, False) or apart
    return {
        "fixtures": {
            item.table.fixture: {"extraStates": item.extra, "scenarios": item.scenarios, "calls": item.calls}
            for item in plans
        },
        "neverToldApart": [list(pair) for pair, apart in told.items() if not apart],
    }
