"""What an adapter declares in its handshake, held against the contract: a word that there is not is a slip."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from openfirst_conformance.adapters.protocol.faults import AdapterFault
from openfirst_conformance.adapters.protocol.shapes import Declared, InitializeResult, NativeCode
from openfirst_reference.contract.document import word
from openfirst_reference.contract.findings import did_you_mean
from openfirst_reference.contract.model import Contract

_Words = tuple[str, str, Iterable[str], Iterable[str]]


def check_declared(result: InitializeResult, contract: Contract) -> None:
    """Raise the AdapterFault `bad-message`, with what to do, for the first word that there is not, or error with two codes."""
    for place, what, declared, known in _words(result, contract):
        names = list(known)
        for name in declared:
            if name not in names:
                raise AdapterFault(
                    "bad-message",
                    f"initialize declares `{name[:80]}` in `{place}`, which is not {what}",
                    did_you_mean(name, names),
                )
    _check_told_apart(result.get("errorMap", ()), contract)


def _check_told_apart(error_map: Iterable[NativeCode], contract: Contract) -> None:
    codes: dict[str, str] = {}
    for entry in error_map:
        native, code = entry["native"], entry["code"]
        first = codes.setdefault(native, code)
        if contract.family(first) != contract.family(code):
            raise AdapterFault(
                "bad-message",
                f"initialize declares `{native[:80]}` in `errorMap` as `{first}` and as `{code}`, and an error has one code",
                "Name one of them; where it may be either, leave it out, and it counts as refused for an unknown reason",
            )


def _words(result: InitializeResult, contract: Contract) -> Iterator[_Words]:
    """Where words are declared, what each should be, those that are, and those that there are."""
    fields, declared = InitializeResult.__annotations__, result["capabilities"]
    # Whoever gives every answer a field of its own may do so here; what is nearly one of these was meant to be it.
    nearly = [name for name in result if difflib.get_close_matches(name, fields, 1, 0.7)]
    yield "result", "a field of the handshake", nearly, fields
    yield "capabilities", "a capability", declared, Declared.__annotations__
    operations, outward = contract.operations, contract.bindings.operations.outward
    ours = [name for name, stated in operations.items() if not stated.by_world]
    yield "capabilities.operations", "an operation of the contract", declared["operations"], map(outward, ours)
    paths = [(name, *path) for name in ours for path in operations[name].parameters.values()]
    paths += [(name, argument) for name in ours for argument in operations[name].arguments]
    arguments = dict.fromkeys(".".join((outward(name), *path)) for name, *path in paths)
    yield "capabilities.arguments", "an argument of the contract", declared.get("arguments", ()), arguments
    worlds = [outward(name) for name, stated in operations.items() if stated.driven == "platform"]
    yield "capabilities.world", "a call of the world", declared.get("world", ()), worlds
    binding = contract.bindings.credential
    if binding is not None:
        kinds = map(binding.kind.outward, contract.variables[binding.kind.variable].values)
        yield "capabilities.credentials", "a kind of credential", declared.get("credentials") or (), kinds
    services, methods = declared.get("services") or {}, contract.methods_sent()
    yield "capabilities.services", "a service of the contract", services, methods
    for service, had in services.items():
        yield f"capabilities.services.{service}", f"a method of {service}", () if had is True else had, methods[service]
    choices: Mapping[str, Any] = result.get("choices", {})
    yield "choices", "a choice of the contract", choices, contract.choices
    for choice, value in choices.items():
        yield f"choices.{choice}", "a value of this choice", (word(value),), contract.choices[choice].values
    codes = (entry["code"] for entry in result.get("errorMap", ()))
    yield "errorMap", "an error code of the contract", codes, contract.errors
