"""What each rule is needed for: a mutant of the table that it rejects, and no other rule does."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from openfirst_reference.machine.automaton import Automaton, Unfolding
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.search import Search, way
from openfirst_reference.machine.step import State, Step
from openfirst_reference.proof.checked_steps import Ground, distinct, walk
from openfirst_reference.proof.invariants import Check, Memory
from openfirst_reference.proof.mutants import Mutant, restricted, whole_mutants

_PATIENCE = 20
_MANY_STATES = 2_000


@dataclass(frozen=True)
class Need:
    """A mutant that the rule alone rejects; else the rules that fall with it, none of them if it rejects no fault."""

    killer: Mutant | None
    falls_with: tuple[str, ...] = ()


def needs(ground: Ground) -> dict[str, Need]:
    """What every rule that the table keeps is needed for.

    Mutants of whole alternatives are tried until each rule has rejected one alone. Where a rule never does, those that
    it rejects are tried again, restricted to one value: a restriction is rejected by no more rules. Mutants that reach
    much that the table does not are left to the end, since it takes long to look at it all.
    """
    search = _Search(ground)
    wanted = [rule for rule in ground.machine.contract.rules if rule not in ground.counterexamples]
    found: dict[str, list[_Rejection]] = {rule: [] for rule in wanted}
    for mutant in whole_mutants(ground.machine):
        missing = {rule for rule in wanted if _killer(found[rule]) is None}
        for rule, rejection in _rejections(search, mutant, missing, _PATIENCE):
            found[rule].append(rejection)
    for rule in (rule for rule in wanted if _killer(found[rule]) is None):
        tried = sorted((item.mutant for item in found[rule]), key=search.reach)
        narrow = (item for mutant in tried for item in restricted(ground.machine, mutant))
        for mutant, patience in itertools.chain(
            ((item, _PATIENCE) for item in narrow), ((item, _MANY_STATES) for item in tried)
        ):
            if _killer(found[rule]) is not None:
                break
            found[rule] += (rejection for _, rejection in _rejections(search, mutant, {rule}, patience))
    return {rule: _need(found[rule]) for rule in wanted}


@dataclass(frozen=True)
class _Rejection:
    """A mutant that a rule rejects.

    `others` are the rules that reject it, too: None where there seem to be none, and it was not looked at at length. `alone`:
    it was, and there are none.
    """

    mutant: Mutant
    others: frozenset[str] | None
    alone: bool = False


def _rejections(search: _Search, mutant: Mutant, missing: set[str], patience: int) -> Iterator[tuple[str, _Rejection]]:
    """What each of the missing rules that reject a mutant has to say of it; no more is looked at than there is patience for."""
    rejecting = search.rejecting(mutant, missing)
    for rule in rejecting & missing:
        if rejecting != {rule}:
            yield rule, _Rejection(mutant, frozenset(rejecting - {rule}))
        elif search.reaches_more(mutant, patience):
            yield rule, _Rejection(mutant, None)
        else:
            at_length = search.rejecting_at_length(mutant, rule)
            yield rule, _Rejection(mutant, frozenset(at_length - {rule}), alone=at_length == {rule})


def _killer(rejections: Iterable[_Rejection]) -> Mutant | None:
    return next((item.mutant for item in rejections if item.alone), None)


def _need(rejections: list[_Rejection]) -> Need:
    killer = _killer(rejections)
    company = {item.others for item in rejections if item.others is not None}
    return Need(killer) if killer else Need(None, _always(company))


def _always(company: set[frozenset[str]]) -> tuple[str, ...]:
    """The rules that are in every company; if there is no such rule, those that are in any."""
    if not company:
        return ()
    return tuple(sorted(frozenset.intersection(*company) or frozenset.union(*company)))


class _Search:
    """Mutants are tried first on one step of each kind, which is quick, and then on everything that they reach."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.machine = ground.machine
        self.samples: dict[tuple[str, int], list[tuple[Step, Memory, list[Check]]]] = defaultdict(list)
        self.sketches: dict[tuple[str, int], list[tuple[Step, Memory, list[Check]]]] = defaultdict(list)
        self.taken: dict[tuple[str, int], list[tuple[Automaton, list[Step]]]] = defaultdict(list)
        self._sample()

    def _sample(self) -> None:
        """One step of each kind: same leaves, same values of enumerations. With as much data about as there is.

        Sketches are fewer still: for each check, one step of each kind that it can tell.
        """
        ground, kinds = self.ground, _Kinds(self.machine)
        plain: dict[tuple[object, ...], tuple[int, Step]] = {}
        for automaton in ground.automata.values():
            taken: dict[tuple[str, int], list[Step]] = defaultdict(list)
            for state, steps in automaton.steps.items():
                data, kind = kinds.of_state(state)
                for step in steps:
                    taken[step.row.id, step.index].append(step)
                    key = (step.row.id, step.index, kind, kinds.of_call(step))
                    if key not in plain or plain[key][0] < data:
                        plain[key] = (data, step)
            for row, own in taken.items():
                self.taken[row].append((automaton, own))
        sketched: dict[tuple[str, int], set[object]] = defaultdict(set)
        for _, step in sorted(plain.values(), key=lambda item: -item[0]):
            row = (step.row.id, step.index)
            checks = ground.plain[step.call.operation].all
            self.samples[row].append((step, (), checks))
            fresh = [check for check in checks if (check, check.situation(step)) not in sketched[row]]
            sketched[row].update((check, check.situation(step)) for check in fresh)
            if fresh:
                self.sketches[row].append((step, (), fresh))
        remembering: dict[tuple[object, ...], tuple[int, Check, Step, Memory]] = {}
        for (fixture, check), known in ground.histories.items():
            told_apart = ground.distinct[fixture, check]
            for state, memory in known:
                data, kind = kinds.of_state(state)
                there = tuple(value is None for value in memory)
                for step in told_apart[state]:
                    key = (step.row.id, step.index, (*kind, check, *there), kinds.of_call(step))
                    if step.call.operation in check.calls and (key not in remembering or remembering[key][0] < data):
                        remembering[key] = (data, check, step, memory)
        for _, check, step, memory in remembering.values():
            self.samples[step.row.id, step.index].append((step, memory, [check]))
            self.sketches[step.row.id, step.index].append((step, memory, [check]))

    def reach(self, mutant: Mutant) -> int:
        """How many states the mutant comes to in one step that the table does not come to."""
        return len(set(self._reached(mutant)))

    def reaches_more(self, mutant: Mutant, number: int) -> bool:
        """Whether these are more than a number."""
        reached: set[tuple[str, State]] = set()
        for item in self._reached(mutant):
            reached.add(item)
            if len(reached) > number:
                return True
        return False

    def _reached(self, mutant: Mutant) -> Iterator[tuple[str, State]]:
        if mutant.changes is not None:
            for automaton, steps in self.taken[mutant.row, mutant.index]:
                for step in steps:
                    if mutant.applies(self.machine, step):
                        after = self.machine.after(step.before, step.variant, mutant.changes)
                        if after not in automaton.steps:
                            yield automaton.fixture, after

    def rejecting(self, mutant: Mutant, missing: set[str]) -> set[str]:
        """The rules that reject the mutant at a sampled step; nothing, if none of the missing ones seems to."""
        row, sketched = (mutant.row, mutant.index), mutant.where is None
        if self._faulty(mutant, missing, (self.sketches if sketched else self.samples)[row]):
            return self._faulty(mutant, set(self.machine.contract.rules), self.samples[row])
        return set()

    def _faulty(self, mutant: Mutant, rules: set[str], samples: Iterable[tuple[Step, Memory, list[Check]]]) -> set[str]:
        found: set[str] = set()
        for step, memory, checks in samples:
            asked = [check for check in checks if check.rule in rules and check.rule not in found]
            if asked and mutant.applies(self.machine, step):
                changed = mutant.changed(self.machine, step)
                found.update(check.rule for check in asked if check.fault(changed, memory) is not None)
        return found

    def rejecting_at_length(self, mutant: Mutant, rule: str) -> set[str]:
        """`rule`, if it rejects the mutant and no other rule does at any step that the mutant takes; else it and others.

        What the mutant takes is overestimated, which accuses the others at most; `rule` is only counted where the mutant
        had changed nothing on the way. A mutant that reaches too much to look at is left to all the rules.
        """
        rejecting: set[str] = set()
        for automaton, steps in self.taken[mutant.row, mutant.index]:
            taken = _Taken(self.ground.unfolding, automaton, mutant, steps)
            rejecting.update(self._steps(taken, rule))
            if len(taken.new) <= _MANY_STATES and not rejecting - {rule}:
                rejecting.update(self._histories(taken, rule))
            if len(taken.new) > _MANY_STATES:
                return set(self.machine.contract.rules)
            if rejecting - {rule}:
                break
        return rejecting

    def _steps(self, taken: _Taken, rule: str) -> Iterator[str]:
        for state, steps in taken.changed.items():
            innocent = taken.is_innocent(taken.automaton.trace(state))
            for step in steps:
                for check, _ in self.ground.plain[step.call.operation](step).faults:
                    if check.rule != rule or innocent:
                        yield check.rule
        for state in taken.explored():
            for step in taken.steps(state):
                for check, _ in self.ground.plain[step.call.operation](step).faults:
                    if check.rule != rule:
                        yield check.rule

    def _histories(self, taken: _Taken, rule: str) -> Iterator[str]:
        for check in self.ground.remembering:
            known = self.ground.histories[taken.automaton.fixture, check]
            search = Search(parents=dict(known))
            for node in known:
                for step in taken.changed.get(node[0], ()):
                    wrong = check.fault(step, node[1]) is not None
                    if wrong and (check.rule != rule or taken.is_innocent(way(known, node))):
                        yield check.rule
                    search.found(node, step, (step.after, check.remembered(step, node[1])))
            if check.rule == rule:
                continue
            for node, step in walk(check, search, self._told_apart(taken, check)):
                if check.fault(step, node[1]) is not None:
                    yield check.rule

    def _told_apart(self, taken: _Taken, check: Check) -> Callable[[State], Iterable[Step]]:
        """The steps that a mutant takes in a state, one of those that the check cannot tell apart."""
        usual = self.ground.distinct[taken.automaton.fixture, check]

        @cache
        def steps(state: State) -> Iterable[Step]:
            if state in usual and state not in taken.changed:
                return usual[state]
            return distinct(check, taken.steps(state))

        return steps


class _Kinds:
    """What makes two steps alike enough that one of them will do as a sample."""

    def __init__(self, machine: Machine) -> None:
        variables = machine.contract.variables.values()
        self._enumerations = [index for index, variable in enumerate(variables) if variable.is_enumeration]
        self._calls: dict[int, tuple[object, ...]] = {}

    def of_state(self, state: State) -> tuple[int, tuple[object, ...]]:
        """How much data there is, and the values of the enumerations."""
        return sum(value is not None for value in state), tuple(state[index] for index in self._enumerations)

    def of_call(self, step: Step) -> tuple[object, ...]:
        """The leaves and the groups."""
        known = self._calls.get(id(step.variant))
        if known is None:
            known = (*step.call.leaves.values(), *step.variant.groups.values())
            self._calls[id(step.variant)] = known
        return known


class _Taken:
    """The steps that a mutant takes in one fixture, from the states of the table and from those that only it reaches."""

    def __init__(self, unfolding: Unfolding, automaton: Automaton, mutant: Mutant, steps: Iterable[Step]) -> None:
        machine = unfolding.machine
        self.unfolding, self.machine, self.automaton, self.mutant = unfolding, machine, automaton, mutant
        self.changed: dict[State, list[Step]] = defaultdict(list)
        for step in steps:
            if mutant.applies(machine, step):
                self.changed[step.before].append(mutant.changed(machine, step))
        self.new: dict[State, tuple[Step, ...]] = {}

    def steps(self, state: State) -> tuple[Step, ...]:
        """The mutant's steps in a state."""
        known = self.automaton.steps.get(state) or self.new.get(state)
        if known is None:
            known = self.new[state] = self._mutated(self.unfolding.permitted(self.automaton.fixture, state))
        return self._mutated(known) if state in self.changed else known

    def explored(self) -> Iterator[State]:
        """Every state that only the mutant reaches, until they are too many."""
        search = Search(parents=dict(self.automaton.parents))
        for state, steps in self.changed.items():
            for step in steps:
                search.found(state, step, step.after)
        for state in search:
            if len(self.new) > _MANY_STATES:
                return
            yield state
            for step in self.steps(state):
                search.found(state, step, step.after)

    def is_innocent(self, trace: tuple[Step, ...]) -> bool:
        """Whether the mutant takes the same way."""
        return not any(self.mutant.applies(self.machine, step) for step in trace)

    def _mutated(self, steps: Iterable[Step]) -> tuple[Step, ...]:
        machine, mutant = self.machine, self.mutant
        return tuple(mutant.changed(machine, step) if mutant.applies(machine, step) else step for step in steps)
