"""Arguments that somebody wrote, checked against the contract's types."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from openfirst_reference.contract.document import Json
from openfirst_reference.contract.findings import Mistake, did_you_mean
from openfirst_reference.contract.model import Contract


def check_arguments(contract: Contract, operation: str, arguments: Json) -> None:
    """Raises ValueError for arguments that are not of the contract's types."""
    known = contract.operations[operation].arguments
    for name in arguments:
        if name not in known:
            raise Mistake(f"`{operation}` has no argument `{name}`. {did_you_mean(name, known)}")
    # null is the same as absent, so a name that is missing is no mistake; what a call cannot do without, the machine says.
    if _has_surrogate(arguments):
        raise Mistake(
            f"`{operation}` is given half of a character (a lone surrogate), which no text holds. Give a whole one."
        )
    errors = _types(contract, operation).iter_errors(arguments)
    error = best_match(item for item in errors if item.validator != "required")
    if error is not None:
        at = error.json_path.replace("$", "arguments", 1)
        raise Mistake(f"{at}: {error.message}. Give what the contract's `{operation}` takes.")


def _has_surrogate(value: Any) -> bool:
    """Whether some text in it, or some name, is none that can be encoded."""
    return any("\ud800" <= character <= "\udfff" for character in json.dumps(value, ensure_ascii=False))


@lru_cache(maxsize=64)
def _types(contract: Contract, operation: str) -> Draft202012Validator:
    return Draft202012Validator({"properties": contract.operations[operation].arguments, "types": contract.types})
