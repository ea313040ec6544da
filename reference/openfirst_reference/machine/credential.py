"""The way between what crosses the wire and the contract's words: credentials, and the parameters of calls. Pure.

It is the only place that goes this way; what goes with what stands under `bindings` in the contract. On the wire a credential
has `kind`, `condition`, `externalId` and `scopes`, as the adapter protocol, the logs and the tokens of the simulator have it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from openfirst_reference.contract.bindings import BoundScopes, CredentialBinding
from openfirst_reference.contract.document import Json
from openfirst_reference.contract.http_surface import surface
from openfirst_reference.contract.model import Contract, Operation

Translated = Callable[[Any], Any]
_TYPE = "#/types/"


class Credentials:
    """Reads credentials and arguments as the contract has them, and writes them as the wire does."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self._inward: dict[tuple[str, str], Translated] = {}
        self._outward: dict[tuple[str, str], Translated] = {}
        for operation in contract.operations.values():
            for parameter, path in operation.parameters.items():
                words = self._words(operation, parameter, path)
                if words is not None:
                    self._inward[operation.name, parameter], self._outward[operation.name, parameter] = words

    @property
    def binding(self) -> CredentialBinding:
        """What the contract says of credentials. Raises ValueError where it says nothing."""
        binding = self.contract.bindings.credential
        if binding is None:
            raise ValueError("The contract does not say what a credential is. Add `bindings.credential`.")
        return binding

    # Credentials ----------------------------------------------------------------------------------------------------

    def variables(self, described: Mapping[str, Any]) -> dict[str, str | None]:
        """What the variables are for a client that holds a credential; what is not described is as in a good token.

        `scopes` None, or none at all, is unrestricted.
        """
        binding, external_id = self.binding, described.get("externalId")
        values = {
            binding.kind.variable: binding.kind.inward(described["kind"]),
            binding.condition.variable: binding.condition.inward(described.get("condition", "good")),
            binding.external_id.variable: external_id,
            binding.external_id.told_by.variable: binding.external_id.told_by.value(external_id is not None),
        }
        if binding.scopes is not None:
            values[binding.scopes.variable] = permitted(binding.scopes, described.get("scopes"))
        return values

    def described(self, held: Mapping[str, str | None]) -> Json:
        """The credential that makes variables what they are in `held`; those not in it are as at first. It has no secrets yet."""
        binding, variables = self.binding, self.contract.variables

        def value(name: str) -> str | None:
            return held.get(name, variables[name].initial)

        credential: Json = {
            "kind": binding.kind.outward(str(value(binding.kind.variable))),
            "condition": binding.condition.outward(str(value(binding.condition.variable))),
            "externalId": value(binding.external_id.variable),
        }
        if binding.scopes is not None:
            credential["scopes"] = examples(binding.scopes, value(binding.scopes.variable))
        return credential

    def of_fixture(self, fixture: str, otherwise: Mapping[str, str] | None = None) -> Json:
        """What a client of a fixture holds, but for the variables that are `otherwise`."""
        return self.described({**self.contract.fixtures[fixture].set, **(otherwise or {})})

    def error(self, condition: str) -> str:
        """The code that a credential in a condition of the wire is refused with."""
        variable = self.contract.variables[self.binding.condition.variable]
        return variable.errors[self.binding.condition.inward(condition)]

    def life(self, passed: float) -> dict[str, str | None]:
        """The variable that tells how much of a credential's life has passed, as a fraction; nothing where there is none."""
        life = self.binding.life
        if life is None:
            return {}
        variable = self.contract.variables[life.variable]
        points = [point for point, part in variable.points.items() if part <= passed]
        return {life.variable: [variable.initial, *points][-1]}

    # Calls ----------------------------------------------------------------------------------------------------------

    def inward(self, operation: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters of a call, in the contract's words; None where absent."""
        given = {}
        for parameter, path in self.contract.operations[operation].parameters.items():
            value = _at(arguments, path)
            translated = self._inward.get((operation, parameter))
            given[parameter] = value if value is None or translated is None else translated(value)
        return given

    def outward(self, operation: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments that carry these parameters; None is left out. A method of a service brings valid arguments."""
        result: dict[str, Any] = {}
        paths = self.contract.operations[operation].parameters
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
            return (lambda value: permitted(scopes, value)), (lambda value: examples(scopes, value))
        return None


def client_choices(contract: Contract) -> set[str]:
    """The choices that a client makes, and no platform.

    They decide nothing but what becomes of calls that a platform does not have, or that are made without a credential.
    """
    kind = Credentials(contract).binding.kind
    heard = {contract.bindings.operations.inward(item.operation) for item in surface().values() if item.operation}
    nothing = {kind.inward("none")}
    theirs = set()
    for choice in contract.choices:
        rows = [row for row in contract.rows.values() if any(choice in dict(item.when) for item in row.may)]
        if rows and all(row.call not in heard or set(row.inside.get(kind.variable, ())) == nothing for row in rows):
            theirs.add(choice)
    return theirs


def permitted(binding: BoundScopes, scopes: Sequence[str] | None) -> str:
    """The contract's word for what scopes permit; None, as in a token that states none, is unrestricted."""
    return binding.value(scopes is None or any(scope in binding.any_of for scope in scopes))


def examples(binding: BoundScopes, word: str | None) -> list[str]:
    """Scopes that the contract's word stands for."""
    return list(binding.without) if word == binding.value(False) else [binding.any_of[0]]


def _at(arguments: Mapping[str, Any], path: Sequence[str]) -> Any:
    if "/" in path[0]:
        parts = [arguments.get(part) for part in path[0].split("/")]
        return None if None in parts else "/".join(str(part) for part in parts)
    here: Any = arguments
    for part in path:
        if not isinstance(here, Mapping):
            return None
        here = here.get(part)
    return here
