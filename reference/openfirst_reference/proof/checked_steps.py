"""What a proof stands on: the automata of a table, the checks of its rules, and what they said of every step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from openfirst_reference.contract.findings import ContractError, Finding
from openfirst_reference.machine.automaton import Automaton, Unfolding
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.search import Parents, Search
from openfirst_reference.machine.step import State, Step
from openfirst_reference.proof.invariants import Check, Checks, Judgement, Memory

Node = tuple[State, Memory]
_MANY_HISTORIES = 200_000


@dataclass(frozen=True)
class Counterexample:
    """A shortest sequence of steps whose last one breaks an invariant. `reason` says more than that, if there is more."""

    fixture: str
    trace: tuple[Step, ...]
    reason: str = ""


class Ground:
    """The automaton of every fixture and every check, asked of every step and of every history that it remembers."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.unfolding = Unfolding(machine)
        self.automata = self.unfolding.explore_all()
        checks = [
            Check(machine, rule.id, number, invariant)
            for rule in machine.contract.rules.values()
            for number, invariant in enumerate(rule.invariants)
        ]
        self.plain = {
            name: Checks(machine, (check for check in checks if name in check.calls and not check.start))
            for name in machine.contract.operations
        }
        self.remembering = [check for check in checks if check.start]
        self.asked = dict.fromkeys(machine.contract.rules, 0)
        self.met = {(check.rule, check.number): 0 for check in checks}
        self.counterexamples: dict[str, Counterexample] = {}
        self.histories: dict[tuple[str, Check], Parents[Node, Step]] = {}
        self.distinct: dict[tuple[str, Check], dict[State, tuple[Step, ...]]] = {}
        for automaton in self.automata.values():
            self._ask_each_step(automaton)
            for check in self.remembering:
                self._ask_each_history(automaton, check)

    def _ask_each_step(self, automaton: Automaton) -> None:
        said: Counter[tuple[str, Judgement]] = Counter()
        for step in automaton.all_steps():
            judgement = self.plain[step.call.operation](step)
            said[step.call.operation, judgement] += 1
            for check, fault in judgement.faults:
                self._found(check.rule, automaton.fixture, (*automaton.trace(step.before), step), fault)
        for (operation, judgement), count in said.items():
            for check in self.plain[operation].all:
                self.asked[check.rule] += count
            for check in judgement.met:
                self.met[check.rule, check.number] += count

    def _ask_each_history(self, automaton: Automaton, check: Check) -> None:
        search = Search[Node, Step]([(automaton.initial, check.start)])
        self.histories[automaton.fixture, check] = search.parents
        told_apart = {state: distinct(check, steps) for state, steps in automaton.steps.items()}
        self.distinct[automaton.fixture, check] = told_apart
        for node, step in walk(check, search, told_apart.__getitem__):
            if len(search.parents) > _MANY_HISTORIES:
                raise ContractError([self._endless(check.rule)])
            self.asked[check.rule] += step.call.operation in check.calls
            met, fault = check.judged(step, node[1])
            self.met[check.rule, check.number] += met
            if fault is not None:
                self._found(check.rule, automaton.fixture, (*search.way(node), step), fault)

    def _endless(self, rule: str) -> Finding:
        found = f"What the rule `{rule}` remembers does not come to an end: more than {_MANY_HISTORIES:,} states of it."
        return self.machine.contract.document.finding(
            ("rules", rule, "invariant"), found, "Let `remember` keep one of a few values.", "memory"
        )

    def _found(self, rule: str, fixture: str, trace: tuple[Step, ...], reason: str) -> None:
        known = self.counterexamples.get(rule)
        if known is None or len(trace) < len(known.trace):
            self.counterexamples[rule] = Counterexample(fixture, trace, reason)


def walk(
    check: Check, search: Search[Node, Step], steps: Callable[[State], Iterable[Step]]
) -> Iterator[tuple[Node, Step]]:
    """Every step from every node (state and memory) that the search reaches, nearest first."""
    for node in search:
        for step in steps(node[0]):
            yield node, step
            search.found(node, step, (step.after, check.remembered(step, node[1])))


def distinct(check: Check, steps: Iterable[Step]) -> tuple[Step, ...]:
    """The steps without those that the check cannot tell from another."""
    result: dict[object, Step] = {}
    for step in steps:
        result.setdefault((step.after, check.about(step)), step)
    return tuple(result.values())
