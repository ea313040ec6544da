"""Proof: every rule's invariants over every step that the table can take, and whether each rule is needed.

A rule is needed if some mutant of the table is rejected by it and by no other rule. A rule that rejects no mutant at all
says nothing, whatever it seems to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from openfirst_reference.contract.model import Contract
from openfirst_reference.machine.machine import Machine
from openfirst_reference.proof.checked_steps import Counterexample, Ground
from openfirst_reference.proof.independence import needs
from openfirst_reference.proof.mutants import Mutant


@dataclass(frozen=True)
class RuleProof:
    """What is known of one rule.

    `steps` counts the steps that its invariants were asked of, and `met`, for each of them, those that met its `when`.
    `killer` is a mutant of the table that this rule alone rejects. Where there is none, `falls_with` names the rules that also
    reject what this one rejects, and the rule is vacuous if it rejects nothing.
    """

    rule: str
    steps: int
    met: tuple[int, ...]
    counterexample: Counterexample | None
    killer: Mutant | None = None
    falls_with: tuple[str, ...] = ()
    is_vacuous: bool = False


@dataclass(frozen=True)
class Proof:
    """What was proved, and over how many states and steps of all fixtures."""

    machine: Machine
    states: int
    steps: int
    rules: Mapping[str, RuleProof]

    @property
    def broken(self) -> list[str]:
        """The rules that the table breaks."""
        return [rule for rule, proof in self.rules.items() if proof.counterexample is not None]

    @property
    def idle(self) -> list[str]:
        """The rules that have an invariant whose `when` no step meets."""
        return [rule for rule, proof in self.rules.items() if not all(proof.met)]

    @property
    def vacuous(self) -> list[str]:
        """The rules that no mutant of the table breaks."""
        return [rule for rule, proof in self.rules.items() if proof.is_vacuous]

    @property
    def not_independent(self) -> list[str]:
        """The rules that no mutant breaks alone."""
        return [rule for rule, proof in self.rules.items() if proof.falls_with]

    @property
    def holds(self) -> bool:
        """Whether the table breaks no rule, and every rule is met and needed."""
        return not (self.broken or self.idle or self.vacuous or self.not_independent)


def prove(contract: Contract, *, needed: bool = True) -> Proof:
    """Ask every rule of every step; with `needed`, also look for a mutant that it alone rejects.

    Raises ContractError where a cell that is reached has no row, or several, and where what a rule remembers grows
    without end.
    """
    ground = Ground(Machine(contract))
    found = needs(ground) if needed else {}
    results = {}
    for rule in contract.rules:
        met = tuple(count for (name, _), count in ground.met.items() if name == rule)
        result = RuleProof(rule, ground.asked[rule], met, ground.counterexamples.get(rule))
        if rule in found:
            need = found[rule]
            is_vacuous = need.killer is None and not need.falls_with
            result = replace(result, killer=need.killer, falls_with=need.falls_with, is_vacuous=is_vacuous)
        results[rule] = result
    automata = ground.automata.values()
    states = sum(len(automaton.steps) for automaton in automata)
    steps = sum(len(steps) for automaton in automata for steps in automaton.steps.values())
    return Proof(ground.machine, states, steps, results)
