"""A proof in words."""

from __future__ import annotations

from openfirst_reference.contract.findings import list_words
from openfirst_reference.proof.prove import Proof
from openfirst_reference.show.blocks import WIDTH, grid
from openfirst_reference.show.step_words import condition_words, trace_rows


def proof_text(proof: Proof, width: int = WIDTH) -> str:
    """A proof in words: what is wrong first, each with the sentence of its rule; then a line a rule."""
    contract = proof.machine.contract
    parts = [_counterexample(proof, rule, width) for rule in proof.broken]
    for rule in proof.idle:
        numbers = list_words([str(number) for number, met in enumerate(proof.rules[rule].met, 1) if not met])
        place = contract.document.place("rules", rule, "invariant")
        parts.append(
            f"{place}: The rule {rule} passes idle: no step meets the `when` of its invariant {numbers}.\n"
            f"  {contract.rules[rule].statement}\n  Let a fixture come there, or widen `when`."
        )
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
    rows = [("rule", "steps", "met", "rejects alone")]
    for rule, result in proof.rules.items():
        met = ", ".join(f"{count:,}" for count in result.met)
        rows.append((rule, f"{result.steps:,}", met, str(result.killer) if result.killer else "-"))
    kept = f"All {len(proof.rules)} rules hold"
    if proof.broken:
        kept = f"{len(proof.rules) - len(proof.broken)} of {len(proof.rules)} rules hold"
    summary = f"{kept} over {proof.states:,} states and {proof.steps:,} steps of {len(contract.fixtures)} fixtures."
    return "\n\n".join([*parts, grid(rows, width, ""), summary])


def _counterexample(proof: Proof, rule_id: str, width: int) -> str:
    found = proof.rules[rule_id].counterexample
    assert found is not None
    rule = proof.machine.contract.rules[rule_id]
    last = found.trace[-1]
    lines = [
        f"The table breaks the rule {rule_id} ({rule.level}, {rule.basis}).",
        f"  {rule.statement}",
        f'  "{rule.quote}" ({proof.machine.contract.sources[rule.source].title})',
        f"  Fixture {found.fixture}:",
        grid(trace_rows(proof.machine, found.trace), width, "    "),
        f"  The last step is alternative {last.index + 1} of the row {last.row.id}.",
    ]
    conditions = condition_words(dict.fromkeys(item for step in found.trace for item in step.when))
    if conditions:
        lines.append(f"  This is permitted where {conditions}.")
    if found.reason:
        lines.append(f"  {found.reason}.")
    return "\n".join(lines)
