"""The JSON Schema of a contract, made from the model; and what a document does not keep of it, in sentences with places."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import msgspec

from openfirst_reference.contract.document import Document, Json, Path_
from openfirst_reference.contract.findings import Finding, did_you_mean
from openfirst_reference.contract.forms import DERIVED, Entry, Form
from openfirst_reference.contract.model import ClassesFrom, Leaf, Sections

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

SCHEMA_FILE = "session.schema.json"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
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
    if _keeps_to_it(document.data):
        return []
    errors = _validator().iter_errors(document.data)
    return sorted(finding for error in errors for finding in _findings(document, error))


def _keeps_to_it(data: Json) -> bool:
    try:
        return _checker().is_valid(data)
    except ValueError:  # YAML knows dates and more, which are no JSON
        return False


# The first is a hundred times as fast, and the second says what is wrong in words for people.
@lru_cache(maxsize=1)
def _checker() -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(session_schema())


@lru_cache(maxsize=1)
def _validator() -> Draft202012Validator:
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - it takes long, and nobody needs it for a contract that is well

    return Draft202012Validator(session_schema())


def session_schema() -> Json:
    """The schema as `session.schema.json` has it."""
    (root, *_), parts = msgspec.json.schema_components((Sections, ClassesFrom, Leaf), schema_hook=_form)
    kinds = {kind.__name__: kind for kind in _kinds(Entry)}
    parts = {name: _entry(part, kinds[name]) for name, part in sorted(parts.items())}
    whole = parts.pop(str(root["$ref"]).rpartition("/")[2])
    head = {
        "$schema": _DIALECT,
        "$id": "https://openfirst.example/session.schema.json",
        "title": "The session contract",
    }
    said = {key: item for key, item in whole.items() if key not in head}
    schema: Json = _plain({**head, **said, "$defs": parts}, parts)
    return schema


def schema_text() -> str:
    """The text of `session.schema.json`."""
    return json.dumps(session_schema(), indent=2, ensure_ascii=False) + "\n"


def _form(kind: type) -> Json:
    if not issubclass(kind, Form):
        raise NotImplementedError(f"{kind} is no form.")
    return dict(kind.SCHEMA)


def _kinds(kind: type[Entry]) -> Iterator[type[Entry]]:
    for below in kind.__subclasses__():
        yield below
        yield from _kinds(below)


def _entry(part: Json, kind: type[Entry]) -> Json:
    """The schema of an entry, without what is derived; of several keys it may have exactly one."""
    properties = {name: item for name, item in part["properties"].items() if DERIVED not in item}
    groups = {"oneOf": [{"required": list(keys)} for keys in kind.ONE_OF]} if kind.ONE_OF else {}
    description = " ".join(str(part.get("description", "")).split())
    return {**part, "description": description, "properties": properties, **groups}


def _plain(value: Any, parts: Json) -> Any:
    """A schema without titles and defaults; what may be left out is not null, and a text or a map is one schema."""
    if isinstance(value, list):
        return [_plain(item, parts) for item in value]
    if not isinstance(value, dict):
        return value
    options = [item for item in value.get("anyOf", ()) if item != {"type": "null"}]
    rest = {key: item for key, item in value.items() if key not in ("anyOf", "default")}
    if isinstance(rest.get("title"), str) and "$id" not in rest:
        del rest["title"]
    if len(options) == 1:
        return _plain({**options[0], **rest}, parts)
    if options:
        (entry,) = (parts[item["$ref"].rpartition("/")[2]] for item in options if "$ref" in item)
        return _plain({**entry, **rest, "type": ["string", "object"]}, parts)
    if rest.get("type") == "object" and "items" in rest:
        rest["type"] = ["array", "object"]
    return {key: _plain(item, parts) for key, item in rest.items()}


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
                yield document.finding(
                    (*path, key), f"`{name}` has no `{key}`.", f"Add `{key}:`. {about}".strip(), "schema"
                )
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


if __name__ == "__main__":
    print(schema_text(), end="")
