"""The way between a credential and the variables that it decides. Pure.

What goes with what stands under `bindings` in the contract. On the wire a credential has `kind`, `condition`, `externalId` and
`scopes`, as the adapter protocol, the logs and the tokens of the simulator have it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from openfirst_reference.contract.bindings import BoundScopes, CredentialBinding
from openfirst_reference.contract.document import Json
from openfirst_reference.contract.http_surface import surface
from openfirst_reference.contract.model import Contract


class Credentials:
    """Reads credentials as the contract has them, and writes them as the wire does."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract

    @property
    def binding(self) -> CredentialBinding:
        """What the contract says of credentials. Raises ValueError where it says nothing."""
        binding = self.contract.bindings.credential
        if binding is None:
            raise ValueError("The contract does not say what a credential is. Add `bindings.credential`.")
        return binding

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
            credential["scopes"] = examples(binding.scopes, value(binding.scopes.variable))[0]
        return credential

    def of_fixture(self, fixture: str, otherwise: Mapping[str, str] | None = None) -> Json:
        """What a client of a fixture holds, but for the variables that are `otherwise`.

        Scopes that permit the same have their turns, from fixture to fixture.
        """
        held = {**self.contract.fixtures[fixture].set, **(otherwise or {})}
        credential, scopes = self.described(held), self.binding.scopes
        if scopes is not None:
            alike = examples(scopes, held.get(scopes.variable, self.contract.variables[scopes.variable].initial))
            credential["scopes"] = alike[list(self.contract.fixtures).index(fixture) % len(alike)]
        return credential

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


def examples(binding: BoundScopes, word: str | None) -> list[list[str]]:
    """Scopes that the contract's word stands for: the first that permits, alone, and each other beside those that do not."""
    if word == binding.value(False):
        return [list(binding.without)]
    first, *others = binding.any_of
    return [[first], *([*binding.without, scope] for scope in others)]
