"""Kinds of states, and the looks that make a change of an identity show."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from openfirst_conformance.tiers.planning.hsi import Word
from openfirst_conformance.tiers.planning.resolved_table import Table
from openfirst_reference.machine.search import refined
from openfirst_reference.machine.step import Identity, State


def kinds_of(table: Table) -> dict[Hashable, Word]:
    """A way to each kind of state: two are of one kind if every sequence of calls meets the same rows and rules in both."""
    states = {outline: table.classes.after(word) for outline, word in table.ways.items()}
    met = {
        outline: {
            number: (table.met(state, number), table.machine.outline(table.step(state, number)))
            for number in table.inputs(state)
        }
        for outline, state in states.items()
    }

    def signature(outline: Hashable, kind: Mapping[Hashable, int]) -> Hashable:
        return tuple((number, rows, kind[there]) for number, (rows, there) in met[outline].items())

    first: dict[int, Hashable] = {}
    for outline, number in refined(states, signature).items():
        first.setdefault(number, outline)
    return {outline: table.ways[outline] for outline in first.values()}


def looking(table: Table, word: Word, begun: int) -> Word:
    """The sequence with a look at an identity in its first `begun` calls, if it ends with one.

    Whatever an identity is, it may be at first sight: that it has changed shows at the second.
    """
    states = [table.initial]
    for number in word:
        states.append(table.step(states[-1], number))
    if len(word) < begun + 2 or _look(table, states[-2]) != word[-1]:
        return word
    looks = ((place, _look(table, states[place])) for place in range(begun, -1, -1))
    place, look = next(((place, look) for place, look in looks if look is not None), (0, None))
    return word if look is None else (*word[:place], look, *word[place:])


def _look(table: Table, state: State) -> int | None:
    """A call that changes nothing and shows an identity that the state holds."""
    for number in table.inputs(state):
        shown = [step.answer.fields.values() if step.answer else () for step in table.steps(state, number)[:1]]
        if table.contract.operations[table.letters[number][0]].pure and any(
            isinstance(state[table.machine.index[name]], Identity) for names in shown for name in names
        ):
            return number
    return None
