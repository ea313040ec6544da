"""Load the contract: the packaged file or another, with overlays on top, checked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

from openfirst_reference.contract.build import build_contract
from openfirst_reference.contract.document import Document, lay_over, read_document, read_file
from openfirst_reference.contract.findings import ContractError
from openfirst_reference.contract.model import Contract
from openfirst_reference.contract.schema import schema_findings
from openfirst_spec import resource

CONTRACT_FILE = "session.yaml"


def load_document(file: Path | None = None, overlays: Sequence[Path] = ()) -> Document:
    """The contract's document with the overlays on top, each laid over what came before."""
    document = read_file(file) if file else _packaged()
    for overlay in overlays:
        document = _with_removed_choices_settled(lay_over(document, read_file(overlay)))
    return document


def _with_removed_choices_settled(document: Document) -> Document:
    """A choice that an overlay removes is no longer open: its default is all that is permitted, in every row that asks."""
    before = document.before.data if document.before else {}
    defaults = (before.get("profiles") or {}).get("default") or {}
    choices = document.data.get("choices")
    for name, stated in (before.get("choices") or {}).items():
        if isinstance(choices, dict) and name not in choices and isinstance(stated, dict) and stated.get("values"):
            default = defaults.get(name, stated["values"][0])
            kept = {key: value for key, value in stated.items() if key != "undeclared"}
            choices[name] = {**kept, "values": [default]}
    return document


@lru_cache(maxsize=1)
def _packaged() -> Document:
    return read_document(resource(CONTRACT_FILE), CONTRACT_FILE)


def load_contract(file: Path | None = None, overlays: Iterable[Path] = ()) -> Contract:
    """The contract, with overlays. Raises ContractError naming file, line and remedy for everything that is wrong with it."""
    laid = tuple(overlays)
    document = load_document(file, laid)
    if file or laid:  # the packaged file keeps to its schema: the tests see to it
        findings = schema_findings(document)
        if findings:
            raise ContractError(findings)
    return build_contract(document)
