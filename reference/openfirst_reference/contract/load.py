"""Load the contract: the packaged file or another, with overlays on top, checked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from openfirst_reference.contract.build import build_contract
from openfirst_reference.contract.document import Document, Json, lay_over, read_document, read_file
from openfirst_reference.contract.findings import ContractError
from openfirst_reference.contract.model import Contract
from openfirst_reference.contract.schema import schema_findings
from openfirst_spec import resource

CONTRACT_FILE = "session.yaml"


def load_document(file: Path | None = None, overlays: Sequence[Path] = ()) -> Document:
    """The contract's document with the overlays on top, each laid over what came before. Raises ContractError."""
    for path in (*([file] if file else []), *overlays):
        if not isinstance(path, Path):
            raise TypeError(f"A file of the contract is named by a Path, and not by {path!r}. Write Path({path!r}).")
    document = _whole(read_file(file)) if file else _packaged()
    for overlay in overlays:
        before = document.data
        document = lay_over(document, read_file(overlay))
        if schema_findings(_with_removed_choices_settled(document)):
            return document  # What is no contract is not looked at any further: whoever loads it says what is wrong.
        document = _without_removed_bindings(document, before)
    return document


def _whole(document: Document) -> Document:
    """A file that is a contract, and no overlay. Raises ContractError."""
    if "contract" not in document.data and not document.data.keys() >= {"operations", "transitions", "rules"}:
        found = "This file is an overlay, and no whole contract: it has no section `contract`."
        raise ContractError([document.finding((), found, f"Lay it over the contract: --overlay {document.file}")])
    return document if schema_findings(document) else _with_bindings(document)


def _with_bindings(document: Document) -> Document:
    """A file that says nothing of gates and bindings means what the packaged one says, as far as it has the words."""
    packaged = _packaged().data
    missing = {name: packaged[name] for name in ("gates", "bindings") if name not in document.data}
    if not missing:
        return document
    return _without_removed_bindings(Document({**document.data, **missing}, document.places, document.file), packaged)


def _without_removed_bindings(document: Document, before: Json) -> Document:
    """What bound a word that was there before, and is gone, binds nothing any more."""
    bindings, data = document.data.get("bindings"), document.data
    if not isinstance(bindings, dict):
        return document

    def removed(section: str, name: Any) -> bool:
        return name in (before.get(section) or {}) and name not in (data.get(section) or {})

    def is_idle(entry: Any) -> bool:
        return isinstance(entry, dict) and any(
            removed(section, entry.get("variable")) for section in ("state", "world")
        )

    kept = {
        part: {name: entry for name, entry in entries.items() if not is_idle(entry)}
        for part, entries in bindings.items()
        if isinstance(entries, dict)
    }
    operations = kept.get("operations", {})
    kept["operations"] = {sent: name for sent, name in operations.items() if not removed("operations", name)}
    advancing = [item for item in (data.get("operations") or {}).values() if isinstance(item, dict)]
    if not any(item.get("driven") == "advance" for item in advancing):
        kept.pop("refresh", None)
    result = Document({**data, "bindings": {**bindings, **kept}}, document.places, document.file, document.before)
    result.idle = document.idle
    return result


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
