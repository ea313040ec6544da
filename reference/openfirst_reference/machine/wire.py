"""The way between the arguments of a call, as they cross the wire, and its parameters in the contract's words. Pure.

Where in the arguments a parameter stands, its operation says (`parameters`); words that differ on the two sides are under
`bindings`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from openfirst_reference.contract.model import Contract, Operation
from openfirst_reference.machine.credential import examples, permitted

Translated = Callable[[Any], Any]
_TYPE = "#/types/"


class Wire:
    """Reads arguments as the contract has them, and writes them as the wire does."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self._inward: dict[tuple[str, str], Translated] = {}
        self._outward: dict[tuple[str, str], Translated] = {}
        for operation in contract.operations.values():
            for parameter, path in operation.parameters.items():
                words = self._words(operation, parameter, path)
                if words is not None:
                    self._inward[operation.name, parameter], self._outward[operation.name, parameter] = words

    def inward(self, operation: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters of a call, in the contract's words; None where absent."""
        parameters = self.contract.operations[operation].parameters
        return {parameter: self.given(operation, parameter, arguments) for parameter in parameters}

    def given(self, operation: str, parameter: str, arguments: Mapping[str, Any]) -> Any:
        """One parameter of a call, in the contract's words; None where absent."""
        value = _at(arguments, self.contract.operations[operation].parameters[parameter])
        if value is None:
            return None
        translated = self._inward.get((operation, parameter))
        return value if translated is None else translated(value)

    def outward(self, operation: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments that carry these parameters. None is left out, or null where the argument must be given.

        A method of a service brings valid arguments.
        """
        stated = self.contract.operations[operation]
        paths = stated.parameters
        result: dict[str, Any] = {path[0]: None for name, path in paths.items() if stated.takes_null(name)}
        for name, value in sorted(values.items(), key=lambda item: len(paths[item[0]])):
            path = paths[name]
            if value is None:
                continue
            translated = self._outward.get((operation, name))
            sent = value if translated is None else translated(value)
            if "/" in path[0]:
                result.update(zip(path[0].split("/"), str(sent).split("/"), strict=True))
                brings = self.contract.classes[operation, name].brings
                if brings is not None:
                    result[brings] = list(self.contract.methods[value].arguments)
                continue
            here = result
            for part in path[:-1]:
                here = here.setdefault(part, {})
            here[path[-1]] = dict(sent) if isinstance(sent, dict) else sent
        return result

    def _words(self, operation: Operation, parameter: str, path: Sequence[str]) -> tuple[Translated, Translated] | None:
        """How the values of a parameter are translated, inward and outward; None where they are the same on both sides."""
        bindings = self.contract.bindings
        if self.contract.classes[operation.name, parameter].source == "services":
            sent = {target: "/".join(method.sent) for target, method in self.contract.methods.items()}
            target_of = {name: target for target, name in sent.items()}
            return (lambda name: target_of.get(name, name)), (lambda target: sent.get(target, target))
        if operation.driven == "advance" and bindings.refresh and parameter == bindings.refresh.renewal.parameter:
            return bindings.refresh.renewal.words.inward, bindings.refresh.renewal.words.outward
        credential = bindings.credential
        schema = operation.arguments.get(path[0])
        if credential is None or not isinstance(schema, Mapping) or schema.get("$ref") != _TYPE + credential.type:
            return None
        if path[1:] == ("kind",):
            return credential.kind.inward, credential.kind.outward
        if path[1:] == ("condition",):
            return credential.condition.inward, credential.condition.outward
        scopes = credential.scopes
        if scopes is not None and path[1:] == ("scopes",):
            return (lambda value: permitted(scopes, value)), (lambda value: examples(scopes, value)[0])
        return None


def _at(arguments: Mapping[str, Any], path: Sequence[str]) -> Any:
    if len(path) == 1 and "/" not in path[0]:
        return arguments.get(path[0])
    if "/" in path[0]:
        parts = [arguments.get(part) for part in path[0].split("/")]
        return None if None in parts else "/".join(str(part) for part in parts)
    here: Any = arguments
    for part in path:
        if not isinstance(here, Mapping):
            return None
        here = here.get(part)
    return here
