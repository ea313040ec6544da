"""The concurrent tier: calls that overlap, from every kind of state; some order of their effects must explain every answer."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import replace
from random import Random

from openfirst_conformance.cases.case import Case, Planned
from openfirst_conformance.driving.played import Played
from openfirst_conformance.driving.subject import Subject
from openfirst_conformance.oracle.explanation import ChoicePlace
from openfirst_conformance.tiers.choice_probes import learnt
from openfirst_conformance.tiers.made import made
from openfirst_conformance.tiers.planning.identify import Identifier
from openfirst_conformance.tiers.planning.kinds import kinds_of
from openfirst_conformance.tiers.planning.resolved_table import Table, tables_of
from openfirst_reference.machine.step import State

ASSUMPTIONS = ("a race shows when two to four calls overlap", "the implementation may interleave them as it likes")
_MORE = 40
_LARGEST = 4
_OF_TWO = 15


async def concurrent(subject: Subject) -> AsyncIterator[Played]:
    """Every case of the tier, played; none where the adapter takes one call at a time.

    The same calls are made one after another first: what the implementation then makes of a choice that it has not declared,
    it must make of it when they overlap as well.
    """
    if subject.driver.capabilities.concurrency < 2:
        return
    async for played in learnt(subject):
        yield played
    bursts = await made(_bursts(subject))
    subject.remaining = len(bursts) + subject.share_of(len(bursts))
    known = dict(subject.known)
    for case in map(_in_sequence, bursts):
        played = await subject.play(case)
        if played.tracker is not None and not played.violation:
            known.update(played.tracker.evidence())
        yield played
    choices = _unanimous(known)
    for case in subject.share(bursts):
        yield await subject.play(replace(case, choices=choices))


def _in_sequence(case: Case) -> Case:
    calls = tuple(replace(planned, overlapping=False) for planned in case.calls)
    return replace(case, id=f"{case.id}-in-sequence", title="the same calls one after another", calls=calls)


def _unanimous(known: Mapping[ChoicePlace, frozenset[str]]) -> dict[str, str]:
    """The choices of which all that was seen leaves one and the same value."""
    values: dict[str, frozenset[str]] = {}
    for cell, left in known.items():
        values[cell.choice] = values.get(cell.choice, frozenset()) | left
    return {choice: min(left) for choice, left in values.items() if len(left) == 1}


def _bursts(subject: Subject) -> Iterator[Case]:
    able = [table for table in tables_of(subject) if not table.moves_the_world and len(table.ways) > 1]
    if not able:
        return
    table = max(able, key=lambda item: len(item.inputs(item.initial)))
    operations = subject.driver.contract.operations
    kinds = kinds_of(table).values()
    identifier = Identifier(table, kinds)
    most, clients = subject.driver.capabilities.concurrency, subject.driver.capabilities.clients
    if clients > 1:
        other = next((item for item in able if item.initial != table.initial), table)
        yield from (case for case in _of_each(table, other) if subject.driver.applies(case))
    for number, way in enumerate(kinds, 1):
        state = table.classes.after(way)
        calls, every = _one_an_operation(table, state), table.inputs(state)
        random = Random(f"{subject.settings.seed}/{number}")
        bursts = [
            *itertools.product(calls, repeat=2),
            *(tuple(random.choices(calls, k=min(3, most))) for _ in range(_MORE)),
            *(tuple(random.choices(every, k=random.randint(2, min(_LARGEST, most)))) for _ in range(_MORE)),
        ]
        for count, burst in enumerate(bursts, 1):
            if not all(operations[table.letters[item][0]].pure for item in burst):
                case = _case(identifier, table, f"concurrent-{number}-{count}", way, burst)
                yield _for_two(case, random) if clients > 1 and count > len(bursts) - _OF_TWO else case


def _of_each(table: Table, other: Table) -> Iterator[Case]:
    """Two clients that hold something else, each in a state of another kind: one call of each overlaps, whatever it is."""
    ways = list(kinds_of(other).values())
    for number, way in enumerate(kinds_of(table).values(), 1):
        theirs = ways[number % len(ways)]
        mine, state = table.case("", "", way), other.classes.after(theirs)
        begun = [replace(planned, client="b") for planned in other.case("", "", theirs).calls]
        pairs = itertools.product(_one_an_operation(table, table.classes.after(way)), _one_an_operation(other, state))
        for count, (one, two) in enumerate(pairs, 1):
            calls = [
                *mine.calls,
                *begun,
                _planned(table, table.classes.after(way), one),
                replace(_planned(other, state, two), client="b", overlapping=True),
            ]
            looks = [
                replace(item, client=client) for client, own in (("a", table), ("b", other)) for item in _looks(own)
            ]
            clients = {"a": table.fixture, "b": other.fixture}
            yield Case(
                f"concurrent-of-each-{number}-{count}", "calls of two clients that overlap", clients, (*calls, *looks)
            )


def _planned(table: Table, state: State, number: int) -> Planned:
    call = table.call(state, number)
    assert call is not None
    return Planned("a", call.operation, call.arguments)


def _looks(table: Table) -> list[Planned]:
    return [Planned("a", name) for name in table.operations if table.contract.operations[name].pure]


def _for_two(case: Case, random: Random) -> Case:
    """The case with some of the calls that overlap made by another client, which holds the same and has done nothing yet."""
    (fixture,) = case.clients.values()
    first = next((number for number, planned in enumerate(case.calls) if planned.overlapping), 0) - 1
    calls = [
        replace(planned, client=random.choice("ab")) if planned.overlapping or number == first else planned
        for number, planned in enumerate(case.calls)
    ]
    looks = [replace(planned, client="b") for planned in calls[-1:] if not planned.overlapping]
    return replace(case, clients={"a": fixture, "b": fixture}, calls=(*calls, *looks))


def _one_an_operation(table: Table, state: State) -> list[int]:
    """For each operation one call: one that is accepted if there is one, and that gives as much as it can."""
    calls = sorted(
        table.rich_inputs(state), key=lambda item: any(step.is_error for step in table.steps(state, item)[:1])
    )
    chosen: dict[str, int] = {}
    for number in calls:
        chosen.setdefault(table.letters[number][0], number)
    return list(chosen.values())


def _case(identifier: Identifier, table: Table, name: str, way: Sequence[int], burst: Sequence[int]) -> Case:
    """The way to the state, the burst, and what tells states apart."""
    case = table.case(name, "calls that overlap", tuple(way))
    state = table.classes.after(tuple(way))
    calls: list[Planned] = []
    for number in burst:
        call = table.call(state, number)
        if call is not None:
            calls.append(Planned("a", call.operation, call.arguments, overlapping=bool(calls)))
    status = table.case(
        "", "", tuple(item for word in identifier.identify(state) for item in word if len(word) == 1)
    ).calls
    return replace(case, calls=(*case.calls, *calls, *status))
