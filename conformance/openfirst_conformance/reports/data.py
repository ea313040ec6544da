"""The report as plain data, for programs."""

from __future__ import annotations

from typing import Any

from openfirst_conformance.reports.phrases import cell_in_words, reason_in_words, value_in_words, values_in_words
from openfirst_conformance.verdicts.model import Report


def as_json(report: Report) -> dict[str, Any]:
    """The report as plain data; `failures` hold the shortest sequence found for each."""
    return {
        "verdict": report.verdict,
        "contract": {"name": report.contract.name, "version": report.contract.version},
        "implementation": report.implementation,
        "choices": {
            choice.id: {
                "value": value_in_words(choice),
                "basis": choice.basis,
                "evidence": {
                    cell_in_words(cell): {values_in_words(values): count for values, count in counts.items()}
                    for cell, counts in choice.observed.items()
                },
            }
            for choice in report.choices.values()
        },
        "promise": report.promise,
        "rules": [
            {
                "id": rule.id,
                "level": rule.level,
                "verdict": rule.verdict,
                "reason": reason_in_words(rule.reason),
                "quote": rule.quote,
                "tiers": rule.tiers,
                "refusedForUnknownReason": rule.refused_only,
                "failures": [
                    {
                        "case": failure.case,
                        "tier": failure.tier,
                        "clients": dict(failure.played.case.clients),
                        "sequence": failure.sequence(),
                    }
                    for failure in rule.failures
                ],
            }
            for rule in report.rules.values()
        ],
        "layers": {operation: dict(counts) for operation, counts in report.layers.items()},
        "adapterFaults": report.adapter_faults,
    }
