"""The bench: tries one faulty client after another against the words of `complete`, without an adapter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from openfirst_conformance.driving.ability import Lacking, What
from openfirst_conformance.driving.settings import Settings
from openfirst_conformance.driving.shrink import kind_of
from openfirst_conformance.driving.subject import Subject
from openfirst_conformance.oracle.explanation import Violation
from openfirst_conformance.oracle.oracle import Oracle
from openfirst_conformance.oracle.tracker import Tracker
from openfirst_conformance.power.cause import broken_by
from openfirst_conformance.power.faults import Fault
from openfirst_conformance.power.faulty_client import FaultyClient
from openfirst_conformance.power.product import Product, Undecided
from openfirst_conformance.tiers.planning.hsi import Word
from openfirst_conformance.tiers.planning.plan import plan, promise
from openfirst_conformance.tiers.planning.resolved_table import Table, tables_of
from openfirst_conformance.verdicts.blame import blame
from openfirst_reference.contract.model import Contract
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.step import Call, State


@dataclass(frozen=True)
class Result:
    """What became of a mutant.

    `calls`: how many `complete` had made when it was killed; None if it was not. `beyond`: the rules that the judge says a
    killed one breaks, and its cause does not; see `broken_by`. `witness`: a fixture and a sequence of calls
    that show a mutant which was not killed to be faulty; None if there is none, so that the mutant conforms. `untold`: all
    that the fault leaves behind, where the suite says itself that it does not tell it apart (variable and two values). Not
    `decided`: the walk was too long.
    """

    fault: Fault
    calls: int | None
    witness: tuple[str, tuple[Call, ...]] | None = None
    untold: tuple[tuple[str, ...], ...] = ()
    decided: bool = True
    beyond: tuple[str, ...] = ()

    @property
    def killed(self) -> bool:
        """Whether `complete` has found the fault."""
        return self.calls is not None

    @property
    def survived(self) -> bool:
        """Whether it is a fault that was not found."""
        return not self.killed and not self.conforms

    @property
    def conforms(self) -> bool:
        """Whether nothing can show the fault."""
        return not self.killed and self.witness is None and self.decided


@dataclass(frozen=True)
class Entry:
    """A word of the suite, and how many calls come before it."""

    table: Table
    word: Word
    before: int

    def calls(self) -> list[Call]:
        """The calls that are made, as the table has them."""
        state, made = self.table.initial, []
        for number in self.word:
            call = self.table.call(state, number)
            if call is not None:
                made.append(call)
            state = self.table.step(state, number)
        return made


class Bench:
    """Everything that is needed to try clients that make the same choices. `extra` states are allowed for."""

    def __init__(self, machine: Machine, choices: Mapping[str, str], extra: int) -> None:
        self.machine, self.choices, self.extra = machine, choices, extra
        self.oracle = Oracle(machine, choices)
        subject = Subject(_Anything(machine.contract), self.oracle, Settings(extra=extra))  # type: ignore[arg-type]
        plans = plan(subject, tables_of(subject))
        self.tables = {item.table.fixture: item.table for item in plans}
        self.full = [item for item in plans if item.extra == extra and not item.table.moves_the_world]
        never_told = promise(subject, plans)["neverToldApart"]
        self._never_told = {tuple(pair) for pair in never_told}  # type: ignore[attr-defined]
        self.entries: list[Entry] = []
        self.calls = 0
        self.meeting: dict[str, list[Entry]] = {}
        for item in plans:
            for word in item.words:
                entry = Entry(item.table, word, self.calls)
                self.entries.append(entry)
                self.calls += len(word)
                for place in dict.fromkeys(_places(entry)):
                    self.meeting.setdefault(place, []).append(entry)
        self._product = Product(machine, choices, self.oracle)

    def run(self, fault: Fault) -> Result:
        """Try one mutant, with the words that meet the place of its fault; where none kills it, find out whether anything can."""
        client = FaultyClient(self.machine, self.choices, fault)
        entries = self.meeting.get(fault.place, ())
        for entry in entries:
            end = self.end(client, entry.table.initial, entry.calls())
            if end is not None:
                return Result(fault, entry.before + end)
        for fixture in dict.fromkeys(entry.table.fixture for entry in entries):
            try:
                way = self._product.witness(client, self.tables[fixture])
            except Undecided:
                return Result(fault, None, decided=False)
            if way is not None:
                return Result(fault, None, (fixture, way), self._untold(client, self.tables[fixture].initial, way))
        return Result(fault, None)

    def _untold(self, client: FaultyClient, start: State, way: Sequence[Call]) -> tuple[tuple[str, ...], ...]:
        """What the fault leaves behind where it first leaves something, if that is nothing but what the suite does not tell."""
        tracker = Tracker(self.oracle, {"a": start})
        state, progress = start, 0
        for call in way:
            known = next(iter(tracker.explanations)).node.states[0]
            outcome, state, progress = client.respond(state, progress, self.machine.again(call, state))
            if tracker.see("a", self.machine.again(call, known), outcome) is not None:
                break
            left = [self._difference(here.node.states[0], state) for here in tracker.explanations]
            if all(left):
                return next((item for item in left if self._never_told.issuperset(item)), ())
        return ()

    def _difference(self, one: State, other: State) -> tuple[tuple[str, ...], ...]:
        """The variables that differ, each with both values."""
        pairs = zip(self.machine.names, one, other, strict=True)
        return tuple((name, *sorted((str(left), str(right)))) for name, left, right in pairs if left != right)

    def end(self, client: FaultyClient, start: State, calls: Sequence[Call]) -> int | None:
        """The number of the call with which the client is found out; None if it is not."""
        found = self.play(client, start, calls, self.oracle)
        return None if found is None else found[0]

    def play(
        self, client: FaultyClient, start: State, calls: Sequence[Call], oracle: Oracle
    ) -> tuple[int, Violation | tuple[str, ...]] | None:
        """The number of the call with which the client is found out, with what is wrong; None if nothing is.

        What is wrong is a violation, or rules that were broken though they should be kept.
        """
        tracker = Tracker(oracle, {"a": start})
        state, progress = start, 0
        for position, call in enumerate(calls, 1):
            known = next(iter(tracker.explanations)).node.states[0]
            outcome, state, progress = client.respond(state, progress, self.machine.again(call, state))
            violation = tracker.see("a", self.machine.again(call, known), outcome)
            if violation is not None:
                return position, violation
        followed = tuple(tracker.broken_but_followed())
        return (len(calls), followed) if followed else None

    def beyond(self, fault: Fault) -> tuple[str, ...]:
        """The rules that the judge says are broken by a mutant, and that its cause does not break."""
        cause = broken_by(self.machine, self.choices, fault)
        client = FaultyClient(self.machine, self.choices, fault)
        convicted = (rule for rules in self.convicted(client) for rule in rules)
        return tuple(dict.fromkeys(rule for rule in convicted if rule not in cause))

    def convicted(self, client: FaultyClient) -> Iterator[tuple[str, ...]]:
        """The rules that the judge says are broken, for each way in which words first find out a client with a fault.

        A word is made minimal as the judge does it: what fails stays the same.
        """
        known: set[object] = set()
        for entry in self.meeting.get(client.fault.place if client.fault else "", ()):
            start, calls = entry.table.initial, entry.calls()
            found = self.play(client, start, calls, self.oracle)
            if found is None:
                continue
            end, wrong = found
            way = self._way(wrong)
            if way not in known:
                known.add(way)
                yield self._blamed(client, start, calls[:end], wrong)

    def _way(self, wrong: Violation | tuple[str, ...]) -> object:
        """What two that are found out in one way have in common."""
        if not isinstance(wrong, Violation):
            return wrong
        return blame(self.oracle, wrong, minimal=False), kind_of(wrong), self.oracle.wrong(wrong)

    def _blamed(
        self, client: FaultyClient, start: State, calls: list[Call], wrong: Violation | tuple[str, ...]
    ) -> tuple[str, ...]:
        if not isinstance(wrong, Violation):
            return wrong
        wanted, position = kind_of(wrong), 0
        while position < len(calls):
            fewer = calls[:position] + calls[position + 1 :]
            end, shorter = self.play(client, start, fewer, self.oracle) or (0, ())
            if fewer and end == len(fewer) and isinstance(shorter, Violation) and kind_of(shorter) == wanted:
                calls, position, wrong = fewer, 0, shorter
            else:
                position += 1
        return blame(self.oracle, wrong, minimal=True)


def _places(entry: Entry) -> Iterator[str]:
    """The rows that the calls of a word meet, and the operations that they are of."""
    table, state = entry.table, entry.table.initial
    for number in entry.word:
        yield table.letters[number][0]
        yield from (step.row.id for step in table.steps(state, number))
        state = table.step(state, number)


class _Anything:
    """Stands for a driver that can ask for anything but a second client."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.fixtures = tuple(contract.fixtures)

    def lacks(self, operation: str) -> Lacking | None:
        echo = self.contract.operations[operation].driven == "echo"
        return Lacking(What.ANOTHER_CLIENT, operation) if echo else None

    def permits(self, operation: str, arguments: Mapping[str, object]) -> bool:
        return True

    def has(self, target: str) -> bool:
        return True
