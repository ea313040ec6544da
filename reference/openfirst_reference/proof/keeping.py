"""Whether all that keeps one contract keeps another: if not, a shortest sequence that one permits and the other does not.

What an implementation does is a sequence of steps of the first contract. Beside it goes the set of all explanations: the
states in which it may be by the second contract, each with what the choices must be for that. When none is left, the
sequence is forbidden.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from openfirst_reference.contract.model import ANY_ERROR, OF_SERVICE, Contract
from openfirst_reference.machine.automaton import Unfolding
from openfirst_reference.machine.machine import Machine, observed
from openfirst_reference.machine.search import Search, Towards
from openfirst_reference.machine.step import Call, State, Step

When = tuple[tuple[str, frozenset[str]], ...]
Explanation = tuple[State, When]
Node = tuple[State, When, frozenset[Explanation]]
Pair = tuple[State, State]
_NODES = 5_000
_PAIRS = 20_000
_SETTINGS = 16


@dataclass(frozen=True)
class Taken:
    """A step that the first contract permits; `overlapped` by another call, if by any. What explains it is worked out once."""

    step: Step
    overlapped: str | None
    explained: dict[State, tuple[Step, ...]] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Break:
    """A sequence that the first contract permits. The second forbids its last step, and carries these rules there."""

    fixture: str
    trace: tuple[Step, ...]
    when: When
    rules: tuple[str, ...]


@dataclass(frozen=True)
class Keeping:
    """What became of each fixture that both contracts have. `found` is a shortest of the sequences that break the second.

    `unknown` are the operations and the methods of services that the first does not have: what keeps it may do anything there.
    """

    kept: tuple[str, ...]
    broken: tuple[str, ...]
    undecided: tuple[str, ...]
    unknown: tuple[str, ...]
    found: Break | None


def keeping(old: Machine, new: Machine, nodes: int = _NODES) -> Keeping:
    """Whether whatever keeps `old` keeps `new`: looked for in every fixture that both have, in up to so many nodes each."""
    kept: list[str] = []
    broken: list[str] = []
    undecided: list[str] = []
    shortest: Break | None = None
    pair = _Both(old, new)
    for fixture in (name for name in new.contract.fixtures if name in old.contract.fixtures):
        search = _Fixture(pair, fixture)
        if search.is_simulated():
            kept.append(fixture)
            continue
        found, is_complete = search.broken(nodes)
        (broken if found else kept if is_complete else undecided).append(fixture)
        if found and (shortest is None or len(found.trace) < len(shortest.trace)):
            shortest = found
    unknown = (
        name
        for known, others in (
            (old.contract.operations, new.contract.operations),
            (old.contract.methods, new.contract.methods),
        )
        for name in others
        if name not in known
    )
    return Keeping(tuple(kept), tuple(broken), tuple(undecided), tuple(unknown), shortest)


class _Both:
    """The two contracts, and what is the same in them."""

    def __init__(self, old: Machine, new: Machine) -> None:
        self.old, self.new = old, new
        self.unfoldings = (Unfolding(old), Unfolding(new))
        self._calls: dict[tuple[int, Call, State], Call | None] = {}
        self._words: dict[Call, tuple[str, str]] = {}
        self.own = {
            name: item.values for name, item in new.contract.choices.items() if name not in old.contract.choices
        }

    def call(self, number: int, call: Call, state: State) -> Call | None:
        """The call as the first (0) or the second contract (1) has it in a state; None where it has no such call."""
        machine = (self.old, self.new)[number]
        key = (number, call, machine.outline(state))
        if key not in self._calls:
            try:
                self._calls[key] = machine.call(call.operation, call.arguments, state)
            except ValueError:
                self._calls[key] = None
        return self._calls[key]

    def word(self, call: Call) -> tuple[str, str]:
        """What two calls have in common that are the same for a person."""
        if call not in self._words:
            self._words[call] = (call.operation, json.dumps(call.arguments, sort_keys=True, default=str))
        return self._words[call]

    def settings(self) -> Iterator[Mapping[str, str]]:
        """The values of the choices that only the second contract has."""
        every = itertools.product(*self.own.values())
        return (dict(zip(self.own, values, strict=True)) for values in itertools.islice(every, _SETTINGS))

    def explains(self, taken: Step, step: Step) -> bool:
        """Whether what the one comes to is all permitted by the other."""
        if taken.answer is None or step.answer is None:
            if taken.answer is not None or step.answer is not None:
                return False
            family = self.new.contract.family
            if step.code == ANY_ERROR or family(step.code) == family(taken.code):
                return True
            return step.code == OF_SERVICE and taken.code not in self.new.own_codes(step.call.operation)
        if step.answer.ignore or taken.answer.ignore:
            return step.answer.ignore
        return observed(self.old, taken) == observed(self.new, step)


class _Fixture:
    """One fixture, from which the first contract's steps and the second's are taken together."""

    def __init__(self, both: _Both, fixture: str) -> None:
        self.both, self.fixture = both, fixture
        self.start: Pair = (both.old.fixture(fixture), both.new.fixture(fixture))
        tried = both.old.contract.fixtures[fixture].calls
        overlaps = [item for item in both.old.contract.overlaps.values() if item.other in tried]
        self._overlapping = {
            name: dict.fromkeys(item.other for item in overlaps if item.call == name) for name in tried
        }
        self.lasting: list[tuple[Mapping[str, str], Mapping[Pair, float]]] = []
        self._taken: dict[tuple[State, State], list[Taken]] = {}

    def taken(self, pair: Pair) -> list[Taken]:
        """All that the first contract permits, for calls that either of the two tells apart; no step that breaks a rule."""
        known = self._taken.get(pair)
        if known is None:
            old = self.both.old
            calls: dict[tuple[str, str], Call] = {}
            for unfolding, state in zip(self.both.unfoldings, pair, strict=True):
                for item in unfolding.calls(self.fixture, state):
                    call = self.both.call(0, item, pair[0])
                    if call is not None and self.both.call(1, item, pair[1]) is not None:
                        calls.setdefault(self.both.word(call), call)
            known = self._taken[pair] = []
            for call in calls.values():
                known += (Taken(step, None) for step in _keeping_rules(old.steps(pair[0], call)))
                for other in self._overlapping.get(call.operation, ()):
                    known += (Taken(step, other) for step in _keeping_rules(old.overlap_steps(pair[0], call, other)))
        return known

    def explaining(self, taken: Taken, state: State) -> tuple[Step, ...]:
        """The steps of the second contract that explain what was seen of one of the first."""
        known = taken.explained.get(state)
        if known is None:
            new, step = self.both.new, taken.step
            call = self.both.call(1, step.call, state)
            permitted: list[Step] = []
            if call is not None:
                permitted += new.steps(state, call)
                if taken.overlapped is not None:
                    permitted += new.overlap_steps(state, call, taken.overlapped)
            steps = (item for item in _keeping_rules(permitted) if self.both.explains(step, item))
            known = taken.explained[state] = tuple(steps)
        return known

    # At a glance ------------------------------------------------------------------------------------------------------

    def is_simulated(self) -> bool:
        """Whether each step of the first contract has one of the second that asks no more of the choices, and so on."""
        for setting in self.both.settings():
            lasting = self._lasting(setting)
            self.lasting.append((setting, lasting))
            if lasting[self.start] == math.inf:
                return True
        return False

    def _lasting(self, setting: Mapping[str, str]) -> dict[Pair, float]:
        """For how many steps that is true of each pair of states: of any that can be taken, and without end for some pairs.

        The second contract's own choices have the values of the setting.
        """
        needs: dict[Pair, list[frozenset[Pair]]] = {}
        search = Search[Pair, Step]([self.start], limit=_PAIRS)
        for pair in search:
            needs[pair] = []
            for taken in self.taken(pair):
                steps = self.explaining(taken, pair[1])
                after = {step.after for step in steps if _asks_no_more(step.when, taken.step.when, setting)}
                # Where the second can do just the same, there is no need to look at what else it could do.
                alike = {taken.step.after} & after or after
                needs[pair].append(frozenset((taken.step.after, there) for there in alike))
                for following in needs[pair][-1]:
                    search.found(pair, taken.step, following)
        lasting: dict[Pair, float] = dict.fromkeys(needs, math.inf)
        holding = set(needs)
        for steps_taken in itertools.count():
            failing = {pair for pair in holding if any(holding.isdisjoint(after) for after in needs[pair])}
            if not failing:
                break
            lasting.update(dict.fromkeys(failing, steps_taken))
            holding -= failing
        return lasting

    # At length --------------------------------------------------------------------------------------------------------

    def broken(self, limit: int) -> tuple[Break | None, bool]:
        """A shortest sequence that breaks the second contract; and whether all were looked at.

        If it takes unusual choices, one of the same length is looked for that takes none, as far as that can be had.
        """
        found, is_complete = self._broken(limit, lambda _: 0)
        if found is not None and self._unusual(found.when):
            found = self._broken(limit, lambda node: 100 * self._unusual(node[1]) + len(node[1]))[0] or found
        return found, is_complete

    def _broken(self, limit: int, cost: Callable[[Node], int]) -> tuple[Break | None, bool]:
        first: Node = (self.start[0], (), frozenset([(self.start[1], ())]))
        search = Towards[Node, Step](first, lambda node: int(self._explained(node)), cost=cost, limit=limit)
        for node in search:
            state, when, explanations = node
            found: list[tuple[When, Step]] = []
            for taken in self.taken((state, min(explanations, key=repr)[0])):
                step = taken.step
                asked = _both(when, step.when, self.both.old.contract)
                if asked is None:
                    continue
                after = frozenset(self._onward(taken, explanations))
                if not after:
                    found.append((asked, step))
                    continue
                following = (step.after, asked, after)
                if self._explained(following) < math.inf:
                    search.found(node, step, following)
            if found:
                asked, step = min(found, key=lambda item: (self._unusual(item[0]), len(item[0])))
                trace = (*search.way(node), step)
                return Break(self.fixture, trace, asked, self._rules(step, explanations)), True
        return None, len(search.parents) <= limit

    def _unusual(self, asked: When) -> int:
        """How much a condition on choices asks that most implementations do not do."""
        default = self.both.old.contract.profiles.get("default", {})
        return sum(default.get(choice) not in values for choice, values in asked)

    def _explained(self, node: Node) -> float:
        """For how many more steps, at least, one of the explanations holds, whatever the steps are."""
        state, asked, explanations = node
        return max(
            (
                lasting.get((state, there), 0)
                for own, lasting in self.lasting
                for there, when in explanations
                if _asks_no_more(when, asked, own)
            ),
            default=0,
        )

    def _onward(self, taken: Taken, explanations: Iterable[Explanation]) -> Iterator[Explanation]:
        for state, when in explanations:
            for step in self.explaining(taken, state):
                left = _both(when, step.when, self.both.new.contract)
                if left is not None:
                    yield step.after, left

    def _rules(self, step: Step, explanations: Iterable[Explanation]) -> tuple[str, ...]:
        """The rules that the second contract carries where it forbids the step; those that it says are broken, if any."""
        new = self.both.new
        rules: dict[str, None] = {}
        broken: dict[str, None] = {}
        for state, _ in sorted(explanations, key=repr):
            call = self.both.call(1, step.call, state)
            for item in new.steps(state, call) if call else ():
                rules.update(dict.fromkeys(new.carried(item)))
                if item.alternative.breaks and self.both.explains(step, item):
                    broken.update(dict.fromkeys(item.alternative.breaks))
        return tuple(broken or rules)


def _keeping_rules(steps: Iterable[Step]) -> Iterator[Step]:
    return (step for step in steps if not step.alternative.breaks)


def _asks_no_more(when: When, asked: When, setting: Mapping[str, str]) -> bool:
    """Whether a condition on choices holds wherever `asked` holds, and with the values of the setting."""
    known = dict(asked)
    return all(
        setting[choice] in values if choice in setting else choice in known and known[choice] <= values
        for choice, values in when
    )


def _both(first: When, second: When, contract: Contract) -> When | None:
    """Both conditions on choices; None where no values meet them."""
    if not second:
        return first
    joined = dict(first)
    for choice, values in second:
        joined[choice] = values & joined.get(choice, frozenset(contract.choices[choice].values))
        if not joined[choice]:
            return None
    return tuple(sorted(joined.items()))
