"""What comes in a request: read within limits, and every field named that cannot be used."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from math import isinf
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import jsonschema_rs

from openfirst_reference.contract.model import Contract
from openfirst_simulator.problems import bad_request

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

BODY_LIMIT = 64 * 1024
CONTROL_LIMIT = 64 * 1024 * 1024
"""A snapshot may come back in a body."""
EXTERNAL_ID = "externalId"
EXTERNAL_ID_BYTES = 1024
DIGITS = 15
FORM = "application/x-www-form-urlencoded"
_SHOWN = 40
_KINDS = {
    dict: "an object",
    list: "a list",
    str: "a text",
    bool: "true or false",
    int: "a number",
    float: "a number",
}
_EXPECTED = {
    "object": "an object",
    "array": "a list",
    "string": "a text",
    "null": "null",
    "boolean": "true or false",
}


def kind_of(value: Any) -> str:
    """What a value is, in words; in Python it may be one that JSON has not."""
    return "null" if value is None else _KINDS.get(type(value), f"of the type {type(value).__name__}")


def number_shown(number: float) -> str:
    """A number as a message shows it, unless it is longer than anybody reads."""
    shown = str(number)
    return shown if len(shown) <= _SHOWN else f"a number of {len(shown):,} digits"


def whole(value: Any) -> Any:
    """The whole number that a value is, however it is written, as JSON Schema has it; any other value as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def json_object(raw: bytes, expected: str, *, needed: bool = False) -> dict[str, Any] | None:
    """The JSON object in a body; None for an empty body or `null`, unless one is `needed`.

    Raises Problem for anything else; `expected` says what should be sent instead.
    """
    if not raw.strip():
        if needed:
            raise bad_request(f"The request has no body. Send {expected}.")
        return None
    try:
        value = _decoded(raw.decode())
        if b"\\u" in raw:
            # A lone surrogate is valid JSON and no text: it could neither be stored nor hashed.
            json.dumps(value, ensure_ascii=False).encode()
    except _Twice as twice:
        raise bad_request(f"The body has `{twice.name[:80]}` twice in one object. Send it once.") from None
    except UnicodeError:
        raise bad_request(f"The body is not UTF-8 text throughout. Send {expected}.") from None
    except (ValueError, RecursionError) as error:
        found = (
            f"{error.msg} at character {error.pos}"
            if isinstance(error, json.JSONDecodeError)
            else "too deep, or a number that there is not"
        )
        raise bad_request(f"The body is not JSON ({found}). Send {expected}.") from None
    if not isinstance(value, dict) and (needed or value is not None):
        raise bad_request(f"The body is {kind_of(value)}. Send {expected}.")
    return value


def form_or_object(raw: bytes, content_type: str, expected: str, numbers: Collection[str] = ()) -> dict[str, Any]:
    """The fields of a body that is a form or a JSON object. Raises Problem.

    A form has whole numbers as texts: those of the fields `numbers` are read. `curl -d` calls everything a form: what begins as
    JSON is read as that.
    """
    if content_type != FORM or raw.lstrip()[:1] in (b"{", b"["):
        return json_object(raw, expected) or {}
    try:
        text = raw.decode()
    except ValueError:
        raise bad_request(f"The body is not a form in UTF-8. Send {expected}.") from None
    fields = _named_once(text, "form", f"Send {expected}.")
    return {name: int(value) if name in numbers and is_whole(value) else value for name, value in fields.items()}


def of_query(query: str) -> dict[str, str]:
    """The fields of a query, each as a text. Raises Problem."""
    return _named_once(query, "query", "Send text, with percent signs for what is not ASCII.") if query else {}


def is_whole(text: str) -> bool:
    """Whether a text is a whole number, 0 or more, of a length that anybody means."""
    return text.isascii() and text.isdigit() and len(text) <= DIGITS


def _named_once(text: str, what: str, instead: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict")
    except ValueError:
        raise bad_request(f"The {what} is not UTF-8 throughout. {instead}") from None
    for name, value in pairs:
        if name in fields:
            raise bad_request(f"The {what} has `{name[:80]}` twice. Send it once.")
        fields[name] = value
    return fields


class Arguments:
    """The arguments of operations, checked against the contract's types.

    Two libraries for one thing: the first is a hundred times as fast, and the second says what is wrong in more detail.
    """

    def __init__(self, contract: Contract) -> None:
        self._schemas = {
            operation.name: {"properties": operation.arguments, "types": contract.types}
            for operation in contract.operations.values()
        }
        self._checkers: dict[str, jsonschema_rs.Draft202012Validator] = {}

    def check(self, operation: str, arguments: Mapping[str, Any], whole: str | None) -> None:
        """Raises Problem that names the first unusable field.

        `whole` is the argument that is the body itself.
        """
        if operation not in self._checkers:
            self._checkers[operation] = jsonschema_rs.Draft202012Validator(self._schemas[operation])
        if not self._checkers[operation].is_valid(arguments):
            from jsonschema import Draft202012Validator  # noqa: PLC0415 - it takes long, and nobody needs it for what is right

            error = next(iter(Draft202012Validator(self._schemas[operation]).iter_errors(arguments)), None)
            if error is not None:
                raise bad_request(_sentence(error, whole, "openapi.yaml"))
        given = arguments if whole is None else arguments.get(whole)
        check_external_id((given or {}).get(EXTERNAL_ID))


class Fields:
    """The fields of bodies, checked against the schemas of a description (`document`, in `file`) by their names."""

    def __init__(self, document: Mapping[str, Any], file: str) -> None:
        self._document, self._file = document, file
        self._checkers: dict[str, jsonschema_rs.Draft202012Validator] = {}

    def check(self, name: str, fields: Mapping[str, Any]) -> None:
        """Raises Problem that names the first unusable field."""
        schema = {"$ref": f"#/components/schemas/{name}", "components": self._document["components"]}
        if name not in self._checkers:
            self._checkers[name] = jsonschema_rs.Draft202012Validator(schema)
        if not self._checkers[name].is_valid(fields):
            from jsonschema import Draft202012Validator  # noqa: PLC0415 - as above

            for error in Draft202012Validator(schema).iter_errors(fields):
                raise bad_request(_sentence(error, None, self._file))


def check_external_id(value: Any) -> None:
    """Raises Problem for an external ID that the platform does not take."""
    wrong = wrong_external_id(value)
    if wrong is not None:
        raise bad_request(wrong)


def wrong_external_id(value: Any) -> str | None:
    """Why an external ID is none that the platform takes: it is longer, which is counted in bytes, or no text."""
    if value is not None and not isinstance(value, str):
        return f"`{EXTERNAL_ID}` is {kind_of(value)}. Send a text, or leave it out."
    try:
        size = len(value.encode()) if value is not None else 0
    except UnicodeEncodeError:
        return f"`{EXTERNAL_ID}` has half a character. Send a text of whole ones."
    if size > EXTERNAL_ID_BYTES:
        return f"`{EXTERNAL_ID}` has {size:,} bytes. Send at most {EXTERNAL_ID_BYTES:,} (in UTF-8)."
    return None


def _sentence(error: ValidationError, whole: str | None, file: str) -> str:
    path = list(error.absolute_path)
    if path[:1] == [whole]:
        path = path[1:]
    name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
    field = f"`{name}`" if name else "The body"
    stated: Any = error.validator_value
    value: Any = error.instance
    if error.validator == "type":
        wanted = " or ".join(
            _EXPECTED.get(kind, "a number") for kind in (stated if isinstance(stated, list) else [stated])
        )
        return f"{field} is {kind_of(value)}. Send {wanted}."
    if error.validator == "additionalProperties":
        schema: Any = error.schema
        known = schema.get("properties", {})
        extra = ", ".join(f"`{key[:80]}`" for key in value if key not in known)
        return f"{field} has fields that are not known: {extra}. Known: {', '.join(known) or 'none'}."
    if error.validator == "required":
        missing = [key for key in stated if key not in value]
        return f"{field} is without {', '.join(f'`{key}`' for key in missing)}. Send that, too."
    if error.validator == "enum":
        known = ", ".join(str(each) for each in stated if each is not None)
        found = f"`{value[:80]}`" if isinstance(value, str) else kind_of(value)
        return f"{field} is {found}. Send one of: {known}."
    if error.validator in ("oneOf", "anyOf") and error.context:
        nearest = max(error.context, key=lambda each: len(each.absolute_path))
        return _sentence(nearest, whole, file)
    if error.validator == "maxLength":
        return f"{field} has {len(value):,} characters. Send at most {stated:,}."
    return f"{field} cannot be used: {error.message[:200]}. Send what {file} describes."


def _no_number(text: str) -> Any:
    raise ValueError(text)


def _finite(text: str) -> float:
    """A number beyond all that a float can hold would be answered as `Infinity`, which is no JSON."""
    number = float(text)
    if isinf(number):
        raise ValueError(text)
    return number


class _Twice(Exception):
    """A name stands twice in one object: readers differ in which of the two counts."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def _named(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _Twice(next(name for name in names if names.count(name) > 1))
    return found


_decoded = json.JSONDecoder(parse_constant=_no_number, parse_float=_finite, object_pairs_hook=_named).decode
