"""The bench: tries one faulty client after another against the words of `complete`, without an adapter."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from openfirst_conformance.adapters.protocol.messages import Capabilities
from openfirst_conformance.cases.case import Case, Planned
from openfirst_conformance.driving.ability import Lacking, What
from openfirst_conformance.driving.settings import Settings
from openfirst_conformance.driving.shrink import kind_of
from openfirst_conformance.driving.subject import Subject
from openfirst_conformance.oracle.explanation import Violation
from openfirst_conformance.oracle.oracle import Oracle
from openfirst_conformance.oracle.tracker import Tracker
from openfirst_conformance.power.cause import broken_by
from openfirst_conformance.power.company import Company
from openfirst_conformance.power.faults import Fault
from openfirst_conformance.power.faulty_client import FaultyClient
from openfirst_conformance.power.product import Product, Undecided
from openfirst_conformance.tiers.explore import on_purpose
from openfirst_conformance.tiers.planning.hsi import Word
from openfirst_conformance.tiers.planning.plan import plan, promise
from openfirst_conformance.tiers.planning.resolved_table import Table, tables_of
from openfirst_conformance.verdicts.blame import blame
from openfirst_conformance.verdicts.inquiry import Came, Trial, Unclear, Witness, found_out, inquire
from openfirst_conformance.verdicts.scene import Scene
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.step import Call, State, Step

T = TypeVar("T")
Found = tuple[int, Violation | tuple[str, ...]]
"""The number of the call with which a client is found out, and what is wrong: a violation, or rules that should be kept."""
Play = Callable[[list[T], str | None], Found | None]
"""Makes calls, as a client that holds another fixture if one is named."""


@dataclass(frozen=True)
class Result:
    """What became of a mutant.

    `calls`: how many `complete` had made when it was killed; None if it was not. `beyond`: the rules that the judge says a
    killed one breaks, and its cause does not; see `broken_by`. `witness`: a fixture and a sequence of calls
    that show a mutant which was not killed to be faulty; None if there is none, so that the mutant conforms. `untold`: all
    that the fault leaves behind, where the suite says itself that it does not tell it apart (variable and two values).
    `by_chance`: in the witness's fixture the suite allows for fewer extra states, and says so. Not `decided`: the walk was too
    long.
    """

    fault: Fault
    calls: int | None
    witness: tuple[str, tuple[Call, ...]] | None = None
    untold: tuple[tuple[str, ...], ...] = ()
    by_chance: bool = False
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
    """A word of the suite, or a case that was made on purpose, and how many calls come before it."""

    table: Table
    word: Word
    before: int
    case: Case | None = None

    def calls(self) -> list[Call]:
        """The calls that are made, as the table has them."""
        return [call for call, _ in self.steps()]

    def steps(self) -> Iterator[tuple[Call, list[Step]]]:
        """The calls, each with what it may come to."""
        table, state = self.table, self.table.initial
        for number in self.word:
            call = table.call(state, number)
            if call is not None:
                yield call, table.steps(state, number)
            state = table.step(state, number)
        for planned in self.case.calls if self.case else ():
            call = table.machine.call(planned.operation, planned.arguments, state)
            steps = table.resolution.steps(state, call)
            yield call, steps
            state = steps[0].after if steps else state

    def places(self) -> Iterator[str]:
        """The rows that the calls meet, and the operations that they are of."""
        for call, steps in self.steps():
            yield call.operation
            yield from (step.row.id for step in steps)


class Bench:
    """Everything that is needed to try clients that make the same choices. `extra` states are allowed for.

    `further`: what `explore` makes on purpose is tried after all that `complete` tries.
    """

    def __init__(self, machine: Machine, choices: Mapping[str, str], extra: int, *, further: bool = False) -> None:
        self.machine, self.choices, self.extra = machine, choices, extra
        self.oracle = Oracle(machine, choices)
        subject = Subject(_Anything(machine), self.oracle, Settings(extra=extra))  # type: ignore[arg-type]
        plans = list(plan(subject, list(tables_of(subject))))
        self.tables = {item.table.fixture: item.table for item in plans}
        self._fewer = {item.table.fixture for item in plans if item.extra < extra}
        self.full = [item for item in plans if item.extra == extra and not item.table.moves_the_world]
        never_told = promise(subject, plans)["neverToldApart"]
        self._never_told = {tuple(pair) for pair in never_told}  # type: ignore[attr-defined]
        self.entries: list[Entry] = []
        self.calls = 0
        self.meeting: dict[str, list[Entry]] = {}
        for item in plans:
            for word in item.words:
                self._add(Entry(item.table, word, self.calls), len(word))
        complete = self.calls
        self.together: list[tuple[int, Case]] = []
        self._company, self._met_together = Company(machine, choices), set[str]()
        for case in on_purpose(subject, list(self.tables.values())) if further else ():
            if case.held:
                continue  # Mutants are clients of the fixtures, which hold what these say.
            if len(case.clients) == 1:
                self._add(Entry(self.tables[case.clients["a"]], (), self.calls, case), len(case.calls))
            else:
                self.together.append((self.calls, case))
                self.calls += len(case.calls)
                self._met_together |= self._company.met(case)
        self.on_purpose = self.calls - complete
        self._product = Product(machine, choices, self.oracle)

    def meets(self, fault: Fault) -> bool:
        """Whether the suite comes to where the fault is."""
        return fault.place in (self.meeting if fault.leak is None else self._met_together)

    def _add(self, entry: Entry, calls: int) -> None:
        self.entries.append(entry)
        self.calls += calls
        for place in dict.fromkeys(entry.places()):
            self.meeting.setdefault(place, []).append(entry)

    def run(self, fault: Fault) -> Result:
        """Try one mutant, with the words that meet the place of its fault; where none kills it, find out whether anything can."""
        if fault.leak is not None:
            return self._run_together(fault)
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
                untold = self._untold(client, self.tables[fixture].initial, way)
                return Result(fault, None, (fixture, way), untold, fixture in self._fewer)
        return Result(fault, None)

    def _run_together(self, fault: Fault) -> Result:
        company = Company(self.machine, self.choices, fault.leak)
        for before, case in self.together:
            found = company.play(case, self.oracle)
            if found is not None:
                return Result(fault, before + found[0])
        # Which of the two is called what makes no difference to a walk.
        for fixtures in dict.fromkeys(tuple(sorted(case.clients.values())) for _, case in self.together):
            try:
                way = company.witness(tuple(self.tables[fixture] for fixture in fixtures), self.oracle)
            except Undecided:
                return Result(fault, None, decided=False)
            if way is not None:
                return Result(fault, None, (" and ".join(fixtures), way))
        return Result(fault, None)

    def _untold(self, client: FaultyClient, start: State, way: Sequence[Call]) -> tuple[tuple[str, ...], ...]:
        """What the fault leaves behind and the suite does not tell, if it takes nothing else to show the fault.

        The way is gone again, and whatever is left behind of that kind is put right after each call: then nothing must show.
        """
        tracker = Tracker(self.oracle, {"a": start})
        state, progress = start, 0
        untold: dict[tuple[str, ...], None] = {}
        for call in way:
            known = next(iter(tracker.explanations)).node.states[0]
            outcome, state, progress = client.respond(state, progress, self.machine.again(call, state))
            if tracker.see("a", self.machine.again(call, known), outcome) is not None:
                return ()
            right = next(iter(tracker.explanations)).node.states[0]
            for name, *values in self._difference(right, state):
                if (name, *values) in self._never_told:
                    untold[name, *values] = None
                    index = self.machine.index[name]
                    state = (*state[:index], right[index], *state[index + 1 :])
        return tuple(untold)

    def _difference(self, one: State, other: State) -> tuple[tuple[str, ...], ...]:
        """The variables that differ, each with both values."""
        pairs = zip(self.machine.names, one, other, strict=True)
        return tuple((name, *sorted((str(left), str(right)))) for name, left, right in pairs if left != right)

    def end(self, client: FaultyClient, start: State, calls: Sequence[Call]) -> int | None:
        """The number of the call with which the client is found out; None if it is not."""
        found = self.play(client, start, calls, self.oracle)
        return None if found is None else found[0]

    def play(self, client: FaultyClient, start: State, calls: Sequence[Call], oracle: Oracle) -> Found | None:
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
        if fault.leak is not None:
            convicted = self._convicted_together(Company(self.machine, self.choices, fault.leak))
        else:
            convicted = self.convicted(FaultyClient(self.machine, self.choices, fault))
        return tuple(dict.fromkeys(rule for rules in convicted for rule in rules if rule not in cause))

    def convicted(self, client: FaultyClient) -> Iterator[tuple[str, ...]]:
        """The rules that the judge says are broken, for each way in which words first find out a client with a fault.

        A word is made minimal as the judge does it: what fails stays the same.
        """
        known: set[object] = set()
        for entry in self.meeting.get(client.fault.place if client.fault else "", ()):
            start, calls = entry.table.initial, entry.calls()

            def play(fewer: list[Call], fixture: str | None, start: State = start) -> Found | None:
                return self.play(client, self.machine.fixture(fixture) if fixture else start, fewer, self.oracle)

            found = play(calls, None)
            if found is not None and self._way(found[1]) not in known:
                known.add(self._way(found[1]))
                yield self._blamed(calls, found, play, lambda _, look: look)

    def _convicted_together(self, company: Company) -> Iterator[tuple[str, ...]]:
        """The same of two clients."""
        known: set[object] = set()
        for _, case in self.together:

            def play(fewer: list[Planned], fixture: str | None, case: Case = case) -> Found | None:
                clients = dict.fromkeys(case.clients, fixture) if fixture else case.clients
                return company.play(replace(case, clients=clients, calls=tuple(fewer)), self.oracle)

            def look(failing: Planned, look: Call) -> Planned:
                return Planned(failing.client, look.operation, look.arguments)

            found = play(list(case.calls), None)
            if found is not None and self._way(found[1]) not in known:
                known.add(self._way(found[1]))
                yield self._blamed(list(case.calls), found, play, look)

    def _way(self, wrong: Violation | tuple[str, ...]) -> object:
        """What two that are found out in one way have in common."""
        if not isinstance(wrong, Violation):
            return wrong
        return blame(self.oracle, wrong, minimal=False), kind_of(wrong.client, wrong), self.oracle.wrong(wrong)

    def _blamed(self, calls: list[T], found: Found, play: Play[T], look: Callable[[T, Call], T]) -> tuple[str, ...]:
        """The rules that are blamed for what was found, once no call can be left out and it is known what fails by itself.

        `look`: the client of a call makes another one.
        """
        end, wrong = found
        if not isinstance(wrong, Violation):
            return wrong
        calls, wanted, shrinks = calls[:end], kind_of(wrong.client, wrong), True
        while shrinks:
            shrinks, position = False, 0
            while position < len(calls):
                fewer = calls[:position] + calls[position + 1 :]
                end, shorter = play(fewer, None) or (0, ())
                if (
                    fewer
                    and end == len(fewer)
                    and isinstance(shorter, Violation)
                    and kind_of(shorter.client, shorter) == wanted
                ):
                    calls, wrong, shrinks = fewer, shorter, True
                else:
                    position += 1

        def tried(trial: Trial) -> list[T]:
            made = [*calls]
            if trial.otherwise is not None:
                place, call = trial.otherwise
                made[place] = look(made[place], call)
            return [*made[trial.start : trial.end], *([look(calls[-1], trial.more)] if trial.more else [])]

        def came(trial: Trial) -> Came:
            end, broken = play(tried(trial), trial.fixture) or (0, None)
            return broken if end == len(tried(trial)) and isinstance(broken, Violation) else Unclear() if end else None

        finding = found_out(inquire(Scene(self.oracle, wrong), lambda _: True, lambda _: True), came)
        if isinstance(finding, Witness):
            shown = tried(finding.trial)
            return self._blamed(shown, (len(shown), finding.violation), play, look)
        return blame(self.oracle, wrong, minimal=True, finding=finding)


class _Anything:
    """Stands for a driver that can ask two clients for anything; one alone hears no echo."""

    is_platform = False
    platform_used = True

    def __init__(self, machine: Machine) -> None:
        self.machine, self.contract = machine, machine.contract
        self.capabilities = Capabilities(
            operations=frozenset(self.contract.operations),
            arguments={},
            clock="virtual",
            clients=2,
            concurrency=1,
            refresh=True,
            world=frozenset(self.contract.operations),
            deprecated_initialize=True,
        )
        self.fixtures = tuple(self.contract.fixtures)

    def lacks(self, operation: str) -> Lacking | None:
        echo = self.contract.operations[operation].driven == "echo"
        return Lacking(What.ANOTHER_CLIENT, operation) if echo else None

    def permits(self, operation: str, arguments: Mapping[str, object]) -> bool:
        return True

    def has(self, target: str) -> bool:
        return True

    def applies(self, case: Case) -> bool:
        return True
