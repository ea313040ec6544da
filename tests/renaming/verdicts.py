"""What is said of implementations by a contract, whatever it calls things: rule by rule, in the packaged contract's words."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from unittest.mock import patch

import yaml

from openfirst_conformance.adapters.authoring import reference_adapter
from openfirst_conformance.adapters.inprocess import PythonAdapter
from openfirst_conformance.adapters.protocol.shapes import InitializeResult
from openfirst_conformance.cases.golden import trace_of
from openfirst_conformance.tiers import smoke
from openfirst_conformance.verdicts.judge import judge
from openfirst_reference.contract.build import build_contract
from openfirst_reference.contract.document import Document
from openfirst_reference.contract.load import load_document
from openfirst_reference.contract.model import Contract
from openfirst_reference.proof.lint import lint
from openfirst_reference.proof.prove import prove
from openfirst_spec import names as packaged
from openfirst_spec import resource

from .words import Word, renamed_traces

REFERENCE = "openfirst_conformance.adapters.authoring.reference_adapter:create"
Verdicts = dict[str, str]


class Declaring(PythonAdapter):
    """An adapter whose implementation declares its choices in the words of the contract at hand."""

    def __init__(self, path: str, names: Mapping[Word, str]) -> None:
        super().__init__(path)
        self._names = names

    async def restart(self) -> InitializeResult:
        """Make the object, and spell what it declares."""
        result = await super().restart()
        declared: dict[str, str | bool | None] = {
            self._names.get(Word("choice", "", choice), choice): self._names.get(
                Word("choice value", choice, str(value)), str(value)
            )
            for choice, value in (result.get("choices") or {}).items()
        }
        return {**result, "choices": declared}


def verdicts(contract: Contract, path: str, names: Mapping[Word, str]) -> Verdicts:
    """The verdict of the smoke tier on every rule, under the rule's own name in the packaged contract."""
    texts = [yaml.load(resource(f"traces/{name}"), yaml.CSafeLoader) for name in packaged("traces")]
    items = [item for text in texts for item in renamed_traces(load_document(), text, names)]
    with (
        patch.object(smoke, "golden_traces", lambda contract: [trace_of(item, contract) for item in items]),
        patch.object(reference_adapter, "load_contract", lambda: contract),
    ):
        report = asyncio.run(judge(Declaring(path, names), contract, tiers=["smoke"]))
    own = {new: item.name for item, new in names.items() if item.kind == "rule"}
    return {own.get(rule, rule): verdict.verdict for rule, verdict in report.rules.items()}


def judged(document: Document, names: Mapping[Word, str], implementations: Iterable[str]) -> dict[str, Verdicts]:
    """The verdicts on implementations; the reference client runs over the simulator."""
    contract = build_contract(document)
    return {path: verdicts(contract, path, names) for path in implementations}


class Faults(NamedTuple):
    """What lint finds (its kinds), the rules that do not hold, over how many steps, and how many of them each rule is about."""

    findings: list[str]
    broken: list[str]
    steps: int
    met: list[tuple[int, ...]]


def faults(document: Document) -> Faults:
    """What lint and prove find in a contract."""
    proof = prove(build_contract(document), needed=False)
    met = [result.met for result in proof.rules.values()]
    return Faults([finding.kind for finding in lint(document)], proof.broken, proof.steps, met)
