"""The contract's table as the platform asks it: worked out once for a contract, shared by all its worlds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from math import inf
from typing import Any

from openfirst_reference.contract.findings import Mistake
from openfirst_reference.contract.model import Contract
from openfirst_reference.machine.machine import machine_of
from openfirst_reference.machine.step import Call, State, Step
from openfirst_simulator.tokens import Claims

_REMEMBERED = 1_000
Placed = tuple[int, str | None]
"""A variable, by where it stands in a state, and what it is."""


class Table:
    """Questions to the machine that are not about any operation in particular."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.machine = machine_of(contract)
        self.nobody = self.machine.state()
        platform = contract.bindings.platform
        if platform is None:
            raise Mistake("The contract does not say what a platform knows of a client. Add `bindings.platform`.")
        if platform.not_simulated.error not in contract.errors:
            raise Mistake(
                f"The contract has no error `{platform.not_simulated.error}`, for what is not modelled here. Add it."
            )
        operations = contract.operations.values()
        self.credentials = self.machine.credentials
        self.not_simulated = platform.not_simulated.error
        self._platform = platform
        self.actions = tuple(item.name for item in operations if item.driven == "platform")
        self._settling = tuple(item.name for item in operations if item.driven == "settle")
        # The operation that gives the local participant, which a session and a conference show as well.
        self.participant = next(item.name for item in operations if item.pure and item.result == "Participant")
        self.targets = contract.targets()
        # Only what a parameter is read from decides a step; the machine need not remember the rest of a call.
        self._deciding = {item.name: self._arguments_read(item.parameters.values()) for item in operations}
        echoes = [item.echo for item in operations if item.echo]
        names = dict.fromkeys(name for echo in echoes for name in (echo.by, *echo.to))
        self._shared = tuple(self.machine.index[name] for name in names)
        self._session = self.machine.index[platform.session.variable]
        self._at_rest: set[tuple[Any, ...]] = set()
        self._held: dict[tuple[Any, ...], tuple[Placed, ...]] = {}
        self._external_id = self.machine.index[self.credentials.binding.external_id.variable]
        life = self.credentials.binding.life
        parts = () if life is None else contract.variables[life.variable].points.values()
        self._lives = [
            (part, self._placed(self.credentials.life(part))) for part in sorted({-inf, *parts}, reverse=True)
        ]
        # Of these points of a token's life its client is told, if it listens.
        self.refresh_points = tuple(sorted(parts))
        bound = platform.company
        self.company = {
            has_any: self._placed({} if bound is None else {bound.variable: bound.value(has_any)})
            for has_any in (False, True)
        }
        left = platform.conference
        self._outside = self._placed({} if left is None else {left.variable: left.value(False)})
        self.no_credential = self.machine.code_without_credential()

    def steps(
        self, state: State, operation: str, arguments: Mapping[str, Any], choices: Mapping[str, str]
    ) -> Iterator[Step]:
        """What is permitted, in the table's order. Raises ValueError for arguments of no class."""
        return self.machine.permitted(state, self._call(state, operation, arguments), choices)

    def refusal(
        self, state: State, operation: str, arguments: Mapping[str, Any], code: str | None = None
    ) -> Step | None:
        """The first refusal (with `code`, if given) that the table has for the call, whatever the choices."""
        steps = self.machine.steps(state, self._call(state, operation, arguments))
        return next((step for step in steps if step.is_error and code in (None, step.code)), None)

    def overlap(self, state: State, operation: str, arguments: Mapping[str, Any], other: str) -> Step | None:
        """What the call comes to if `other` overlaps it, in the table's order the first; None if that is no matter."""
        call = self._call(state, operation, arguments)
        return next(iter(self.machine.overlap_steps(state, call, other)), None)

    def settled(self, state: State, choices: Mapping[str, str]) -> State:
        """The state once nothing is under way: the platform knows at once what a client may learn later."""
        for operation in self._settling:
            key = (operation, self.machine.outline_for(operation, state), tuple(choices.values()))
            if key not in self._at_rest:
                # A client may take its time to learn of what has come to an end; where it happened, it has.
                steps = list(self.steps(state, operation, {}, choices))
                step = next((step for step in steps if step.alternative.effect is not None), steps[0])
                state = step.after
                if step.alternative.effect is None:
                    self._at_rest.add(key)
        return state

    def held(self, claims: Claims, condition: str) -> tuple[Placed, ...]:
        """What the variables are for a client whose token says this, in a condition of the wire."""
        key = (claims.kind, condition, claims.external_id is None, claims.scopes)
        known = self._held.get(key)
        if known is None:
            if len(self._held) >= _REMEMBERED:
                self._held.clear()
            described = {
                "kind": claims.kind,
                "condition": condition,
                "externalId": claims.external_id,
                "scopes": claims.scopes,
            }
            known = self._held[key] = self._placed(self.credentials.variables(described))
        # Whatever the external ID is, all else is the same.
        return (*known, (self._external_id, claims.external_id))

    def around(self, state: State, held: Iterable[Placed], *, lived: float, has_company: bool) -> State:
        """The state with what the world knows: what a client holds, and how much of that one's life has passed, as a fraction.

        It has company where another client with the same external ID has a session.
        """
        return _with(state, *held, *self._life(lived), *self.company[has_company])

    def in_company(self, state: State) -> State:
        """The state of a client that has company."""
        return _with(state, *self.company[True])

    def _placed(self, values: Mapping[str, str | None]) -> tuple[Placed, ...]:
        """Variables by where they stand in a state. Raises Mistake for what is no value of one."""
        self.machine.having(self.nobody, **values)
        return tuple((self.machine.index[name], value) for name, value in values.items())

    def _life(self, lived: float) -> tuple[Placed, ...]:
        return next((placed for part, placed in self._lives if part <= lived), ())

    @cached_property
    def gated(self) -> tuple[str, Mapping[str, str]]:
        """A call that needs a session, whatever else: an operation with its arguments. Raises Mistake if there is none."""
        for operation, parameter in self.targets.items():
            names = self.contract.operations[operation].parameters[parameter][0].split("/")
            for method in self.contract.methods.values():
                if self.contract.gates[method.gate].needs_session:
                    return operation, dict(zip(names, method.sent, strict=True))
        raise Mistake("The contract has no service that needs a session. Give a gate `needs-session: true`.")

    def in_session(self, state: State) -> bool:
        """Whether a client in this state has a session."""
        return state[self._session] != self.nobody[self._session]

    def in_conference(self, state: State) -> bool:
        """Whether a client in this state is in a conference."""
        bound = self._platform.conference
        return bound is not None and self.machine.value(state, bound.variable) == bound.value(True)

    def outside(self, state: State) -> State:
        """The state of a client that was sent away from its conference."""
        return _with(state, *self._outside) if self.in_conference(state) else state

    def replaces_session(self, step: Step) -> bool:
        """Whether the step begins a session where there was one already, which it takes the place of."""
        effect = step.alternative.effect
        same = step.after[self._session] == step.before[self._session]
        return effect is not None and same and self._platform.session.variable in self.contract.effects[effect].set

    def identities(self, state: State) -> set[str]:
        """The values by which other clients are concerned with one in this state: its external IDs."""
        return {str(state[position]) for position in self._shared if state[position] is not None}

    def sought(
        self, state: State, operation: str, arguments: Mapping[str, Any], choices: Mapping[str, str]
    ) -> set[str]:
        """The values that a call has to do with others by: external IDs that it gives or takes. None for bad arguments."""
        try:
            shared = self.machine.shared(state, self._call(state, operation, arguments))
        except ValueError:
            return set()
        return {
            value
            for variant, values in shared.items()
            if all(choices[choice] in meant for choice, meant in variant.when)
            for value in values
        }

    def rule(self, step: Step) -> str | None:
        """The first rule that the step's row carries."""
        return next(iter(self.machine.carried(step)), None)

    def _call(self, state: State, operation: str, arguments: Mapping[str, Any]) -> Call:
        deciding = self._deciding[operation]
        return self.machine.call(operation, {key: arguments[key] for key in arguments if key in deciding}, state)

    def _arguments_read(self, paths: Iterable[tuple[str, ...]]) -> frozenset[str]:
        return frozenset(name for path in paths for name in path[0].split("/"))


def _with(state: State, *placed: Placed) -> State:
    after = list(state)
    for position, value in placed:
        after[position] = value
    return tuple(after)
