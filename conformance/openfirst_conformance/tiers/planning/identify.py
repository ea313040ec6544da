"""Identification: the sequences that tell a state from others, as the implementation is known to answer."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from contextlib import suppress
from functools import cached_property

from openfirst_conformance.tiers.planning.hsi import Word, separating
from openfirst_conformance.tiers.planning.resolution import Both
from openfirst_conformance.tiers.planning.resolved_table import Table
from openfirst_reference.contract.findings import ContractError
from openfirst_reference.machine.machine import observed
from openfirst_reference.machine.step import State

_PAIRS = 60
_NO_CALL = Both(differs=False, may=False, steps=None)


class Identifier:
    """Tells the states of a table apart, those of other kinds above all. `told` says of two values whether some call surely did."""

    def __init__(self, table: Table, kinds: Iterable[Word]) -> None:
        self.told: dict[tuple[str, ...], bool] = {}
        self._table, self._machine, self._contract = table, table.machine, table.contract
        self._kinds = [table.classes.after(word) for word in kinds]
        self._identifying: dict[Hashable, list[Word]] = {}
        self._words: list[Word] = []
        self._apart: dict[frozenset[Hashable], Word | None] = {}
        self._nothing_tells: set[tuple[State, State]] = set()

    def identify(self, state: State) -> list[Word]:
        """Sequences that tell a state from every other kind, and from every state that differs in one variable alone."""
        outline = self._machine.outline(state)
        known = self._identifying.get(outline)
        if known is None:
            words: dict[Word, None] = {}
            others = list(self._others(state))
            told = [self._tell(state, other) for _, other in others]
            words = {word: None for word in told if word is not None}
            for (name, other), word in zip(others, told, strict=True):
                may = word or self._may_tell(state, other, words)
                if may is not None:
                    words[may] = None
                if name is not None:
                    index = self._machine.index[name]
                    pair = (name, *sorted((str(state[index]), str(other[index]))))
                    self.told[pair] = self.told.get(pair, False) or word is not None
            known = self._identifying[outline] = _longest(words)
        return known

    def _others(self, state: State) -> Iterable[tuple[str | None, State]]:
        """The states that it must be told from; with the name of the variable where one alone differs."""
        for name, variable in self._contract.variables.items():
            index = self._machine.index[name]
            values = dict.fromkeys(other[index] for other in self._table.reached)
            if variable.values and not variable.world:
                values = dict.fromkeys(variable.values)
            for value in values:
                if value != state[index] and len(values) > 1:
                    yield name if variable.is_enumeration else None, self._machine.having(state, **{name: value})  # type: ignore[arg-type]
        yield from ((None, kind) for kind in self._kinds)

    def _tell(self, one: State, other: State) -> Word | None:
        """A sequence that tells two states apart; for each pair the same, and one that is in use already if there is one."""
        if one == other:
            return None
        key = frozenset([one, other])
        if key not in self._apart:
            pair = (one, other) if repr(one) <= repr(other) else (other, one)
            word = next((known for known in self._words if self._differs(pair, known)), None)
            try:
                word = word or separating(pair, self._separators, self._both, _PAIRS, self._nothing_tells)
            except ContractError:
                word = None
            if word is not None and word not in self._words:
                self._words.append(word)
            self._apart[key] = word
        return self._apart[key]

    @cached_property
    def _separators(self) -> list[int]:
        """Calls in the order in which they are tried to tell states apart: first those that change nothing, and tell most."""
        operations = self._contract.operations

        def told(number: int) -> tuple[bool, int]:
            shown = {self._shown(state, number) for state in self._table.reached}
            return not operations[self._table.letters[number][0]].pure, -len(shown)

        return sorted(
            dict.fromkeys(number for state in self._table.reached for number in self._table.inputs(state)), key=told
        )

    def _shown(self, state: State, number: int) -> Hashable:
        return frozenset(observed(self._machine, step) for step in self._table.steps(state, number))

    def _may_tell(self, state: State, other: State, words: Iterable[Word]) -> Word | None:
        """A call that in the other state may be answered as it must not be in this one; one of `words` if it does."""
        for number in [*(word[0] for word in words if len(word) == 1), *self._separators]:
            with suppress(ContractError):
                if self._in_both((state, other), number).may:
                    return (number,)
        return None

    def _differs(self, pair: tuple[State, State], word: Word) -> bool:
        with suppress(ContractError):
            for number in word:
                after = self._both(pair, number)
                if after is None:
                    return True
                pair = after
        return False

    def _both(self, pair: tuple[State, State], number: int) -> tuple[State, State] | None:
        """Where a call leads in two states; None where it is answered differently."""
        in_both = self._in_both(pair, number)
        if in_both.differs:
            return None
        if in_both.steps is None:
            return (pair[0], pair[0])  # What they do is not certain: this way tells nothing.
        return (self._machine.taken(in_both.steps[0], pair[0]), self._machine.taken(in_both.steps[1], pair[1]))

    def _in_both(self, pair: tuple[State, State], number: int) -> Both:
        call = self._table.call(pair[0], number)
        return _NO_CALL if call is None else self._table.resolution.both(call, *pair)


def _longest(words: Iterable[Word]) -> list[Word]:
    """The words without those that another begins with."""
    every = list(words)
    return [word for word in every if not any(other != word and other[: len(word)] == word for other in every)]
