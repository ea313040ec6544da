"""The report as plain data, for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from openfirst_conformance.reports.verdict_words import cell_in_words, reason_in_words, value_in_words, values_in_words
from openfirst_conformance.verdicts.model import Failure, Report
from openfirst_conformance.verdicts.reasons import Unable
from openfirst_conformance.verdicts.signature import signature_of
from openfirst_reference.contract.document import Json
from openfirst_reference.contract.findings import nearest
from openfirst_reference.contract.model import Contract
from openfirst_reference.machine.machine import machine_of
from openfirst_reference.show.step_words import due_words, outcome_words


def as_json(report: Report) -> dict[str, Any]:
    """The report as plain data; `failures` hold the shortest sequence found for each."""
    return {
        "verdict": report.verdict,
        "contract": {"name": report.contract.name, "version": report.contract.version},
        "implementation": report.implementation,
        "choices": {
            choice.id: {
                "value": value_in_words(choice),
                "values": None if choice.values is None else sorted(choice.values),
                "basis": choice.basis,
                "evidence": {
                    cell_in_words(cell): {values_in_words(values): count for values, count in counts.items()}
                    for cell, counts in choice.observed.items()
                },
            }
            for choice in report.choices.values()
        },
        "finished": report.finished,
        "shard": {"number": report.shard[0], "of": report.shard[1]},
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
                        "sequence": sequence(report.contract, failure),
                        "choices": dict(failure.choices),
                        "signature": signature_of(machine_of(report.contract), failure.played)._asdict(),
                    }
                    for failure in rule.failures
                ],
            }
            for rule in report.rules.values()
        ],
        "codes": {code: dict(given) for code, given in report.codes.items()},
        "unknownCodes": {
            code: {"times": times, "nearest": nearest(code, report.contract.errors)}
            for code, times in report.unknown_codes.most_common()
        },
        "leftOut": [{"case": item.case, "reason": reason_in_words(Unable(item.lacking))} for item in report.left_out],
        "layers": {operation: dict(counts) for operation, counts in report.layers.items()},
        "adapterFaults": [asdict(fault) for fault in report.adapter_faults],
    }


def sequence(contract: Contract, failure: Failure) -> list[Json]:
    """The calls of a failure, each with what it came to and what was permitted."""
    return [
        {
            "client": made.planned.client,
            "operation": made.planned.operation,
            "arguments": dict(made.planned.arguments),
            **({"overlapping": True} if made.planned.overlapping else {}),
            "seen": outcome_words(made.outcome),
            "permitted": due_words(machine_of(contract), made.permitted),
        }
        for made in failure.played.seen
    ]
