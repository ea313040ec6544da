"""Whether a contract's document has the shape that `session.schema.json` asks for, said in sentences with places."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from openfirst_reference.contract.document import Document, Path_
from openfirst_reference.contract.findings import Finding, did_you_mean
from openfirst_spec import resource

SCHEMA_FILE = "session.schema.json"
_KINDS = {
    "string": "text",
    "object": "a map",
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "null": "null",
}


def schema_findings(document: Document) -> list[Finding]:
    """Everything in the document that the schema does not permit, in the order in which it stands there."""
    errors = _validator().iter_errors(document.data)
    return sorted(finding for error in errors for finding in _findings(document, error))


@lru_cache(maxsize=1)
def _validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads(resource(SCHEMA_FILE)))


def _findings(document: Document, error: ValidationError) -> Iterator[Finding]:
    path: Path_ = tuple(error.absolute_path)
    name = str(path[-1]) if path else "the contract"
    if path and isinstance(path[-1], int):
        name = f"{path[-2]}, item {path[-1] + 1}" if len(path) > 1 else name
    schema: Any = error.schema if isinstance(error.schema, dict) else {}
    instance: Any = error.instance
    told = schema.get("description", "")
    keyword: str = str(error.validator)
    value: Any = error.validator_value
    if keyword == "additionalProperties":
        keys = schema.get("properties", {})
        for key in instance:
            if key not in keys:
                remedy = did_you_mean(key, keys)
                yield document.finding((*path, key), f"`{key}` is not a key of `{name}`.", remedy, "schema")
    elif keyword == "required":
        for key in value:
            if key not in instance and error.message.startswith(repr(key)):
                about = schema.get("properties", {}).get(key, {}).get("description", "")
                yield document.finding(path, f"`{name}` has no `{key}`.", f"Add `{key}:`. {about}".strip(), "schema")
    elif keyword == "type":
        kinds = " or ".join(_KINDS[kind] for kind in ([value] if isinstance(value, str) else value))
        found = f"`{name}` must be {kinds}, and is {_shown(instance)}."
        yield document.finding(path, found, told or "Write it so.", "schema")
    elif keyword in ("enum", "const"):
        permitted = ", ".join(str(item) for item in (value if keyword == "enum" else [value])).replace("True", "true")
        yield document.finding(path, f"`{name}` cannot be {_shown(instance)}.", f"Permitted: {permitted}.", "schema")
    elif keyword == "oneOf":
        parts = [" and ".join(f"`{key}`" for key in item["required"]) for item in value]
        found = f"`{name}` needs exactly one of {', '.join(parts)}."
        yield document.finding(path, found, told or "Keep one of them.", "schema")
    else:
        yield document.finding(
            path, f"`{name}` is not as it must be: {error.message[:120]}.", told or "Mend it.", "schema"
        )


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a map"
    if isinstance(value, list):
        return "a list"
    return f"`{json.dumps(value, ensure_ascii=False, default=str)[:60]}`"
