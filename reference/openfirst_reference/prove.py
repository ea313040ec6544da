"""Proof: every rule's invariants over every step that the table can take, and whether each rule is needed.

A rule is needed if some mutant of the table is rejected by it and by no other rule. A rule that rejects no mutant at all
says nothing, whatever it seems to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from openfirst_reference.contract import Contract
from openfirst_reference.ground import Counterexample, Ground
from openfirst_reference.machine import Machine
from openfirst_reference.mutants import Mutant
from openfirst_reference.needs import needs
from openfirst_reference.words import columns, condition_words, list_words, trace_rows


@dataclass(frozen=True)
class RuleProof:
    """What is known of one rule.

    `steps` counts the steps that its invariants were asked of. `killer` is a mutant of the table that this rule alone
    rejects. Where there is none, `falls_with` names the rules that also reject what this one rejects, and the rule is
    vacuous if it rejects nothing.
    """

    rule: str
    steps: int
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

    def __str__(self) -> str:
        return proof_text(self)

    @property
    def broken(self) -> list[str]:
        """The rules that the table breaks."""
        return [rule for rule, proof in self.rules.items() if proof.counterexample is not None]

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
        """Whether the table breaks no rule, and every rule is needed."""
        return not (self.broken or self.vacuous or self.not_independent)


def prove(contract: Contract, *, needed: bool = True) -> Proof:
    """Ask every rule of every step; with `needed`, also look for a mutant that it alone rejects.

    Raises ContractError where a cell that is reached has no row, or several, and where what a rule remembers grows
    without end.
    """
    ground = Ground(Machine(contract))
    found = needs(ground) if needed else {}
    results = {}
    for rule in contract.rules:
        result = RuleProof(rule, ground.asked[rule], ground.counterexamples.get(rule))
        if rule in found:
            need = found[rule]
            is_vacuous = need.killer is None and not need.falls_with
            result = replace(result, killer=need.killer, falls_with=need.falls_with, is_vacuous=is_vacuous)
        results[rule] = result
    automata = ground.automata.values()
    states = sum(len(automaton.steps) for automaton in automata)
    steps = sum(len(steps) for automaton in automata for steps in automaton.steps.values())
    return Proof(ground.machine, states, steps, results)


def proof_text(proof: Proof) -> str:
    """A proof in words: what is wrong first, each with the sentence of its rule; then a line a rule."""
    contract = proof.machine.contract
    parts = [_counterexample(proof, rule) for rule in proof.broken]
    for rule in proof.vacuous:
        parts.append(
            f"The rule {rule} is vacuous: no fault in a step of the table breaks it.\n"
            f"  {contract.rules[rule].statement}\n  Make its invariant say what the sentence says."
        )
    for rule in proof.not_independent:
        others = list_words(proof.rules[rule].falls_with, "or")
        parts.append(
            f"The rule {rule} is not independent: whatever breaks it also breaks another rule: {others}.\n"
            f"  {contract.rules[rule].statement}\n  Narrow one of the invariants to what its own sentence says."
        )
    rows = [("rule", "steps", "rejects alone")]
    for rule, result in proof.rules.items():
        rows.append((rule, f"{result.steps:,}", str(result.killer) if result.killer else "-"))
    kept = f"All {len(proof.rules)} rules hold"
    if proof.broken:
        kept = f"{len(proof.rules) - len(proof.broken)} of {len(proof.rules)} rules hold"
    summary = f"{kept} over {proof.states:,} states and {proof.steps:,} steps of {len(contract.fixtures)} fixtures."
    return "\n\n".join([*parts, columns(rows), summary])


def _counterexample(proof: Proof, rule_id: str) -> str:
    found = proof.rules[rule_id].counterexample
    assert found is not None
    rule = proof.machine.contract.rules[rule_id]
    last = found.trace[-1]
    lines = [
        f"The table breaks the rule {rule_id} ({rule.level}, {rule.basis}).",
        f"  {rule.statement}",
        f'  "{rule.quote}" ({proof.machine.contract.sources[rule.source]["title"]})',
        f"  Fixture {found.fixture}:",
        columns(trace_rows(proof.machine, found.trace), "    "),
        f"  The last step is alternative {last.index + 1} of the row {last.row.id}.",
    ]
    conditions = condition_words(dict.fromkeys(item for step in found.trace for item in step.when))
    if conditions:
        lines.append(f"  This is permitted where {conditions}.")
    if found.reason:
        lines.append(f"  {found.reason}.")
    return "\n".join(lines)
