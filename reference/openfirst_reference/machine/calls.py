"""Calls: an operation with arguments, classified as the contract says; and the calls that represent all others."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterator, Mapping
from functools import cached_property
from typing import Any

import msgspec

from openfirst_reference.contract.document import word
from openfirst_reference.contract.expressions import Context, context, expression, mentioned
from openfirst_reference.contract.findings import Mistake
from openfirst_reference.contract.model import Classes, Contract, Leaf
from openfirst_reference.machine.step import Call, State, Variant
from openfirst_reference.machine.wire import Wire

_MEMORY = 5_000
_CLIENT = "client"


class Calls:
    """The calls of a contract. The same call is the same object, as long as it is remembered."""

    def __init__(self, contract: Contract, wire: Wire) -> None:
        self.contract = contract
        self.wire = wire
        self.seen_by = {name: self._variables_in_classes(name) for name in contract.operations}
        self._index = {name: position for position, name in enumerate(contract.variables)}
        self._rows_about: dict[tuple[str, str], list[frozenset[str]]] = defaultdict(list)
        for row in contract.rows.values():
            for guard in (row.given, *(carry.guard for carry in row.carries)):
                for parameter, names in guard.items():
                    self._rows_about[row.call, parameter].append(frozenset(names))
        self._seen_at = {name: tuple(self._index[item] for item in names) for name, names in self.seen_by.items()}
        self._calls: dict[tuple[Any, ...], Call] = {}
        self._asked: dict[str, tuple[tuple[str, str | None], ...]] = {}
        self._true: dict[tuple[Any, ...], bool] = {}
        self._again: dict[tuple[Call, State], Call] = {}
        self._alphabets: dict[tuple[Any, ...], list[Call]] = {}

    def call(self, operation: str, arguments: Mapping[str, Any], state: State) -> Call:
        """Classify a call made in `state`. Raises ValueError where a value belongs to no class, or there is no such operation."""
        if operation not in self.contract.operations:
            raise Mistake(f"`{operation}` is not an operation. Operations: {', '.join(self.contract.operations)}.")
        key: tuple[Any, ...] = (operation, _canonical(arguments) if arguments else "")
        known = self._calls.get(key)
        if known is None:
            of_client = (*key, *self._seen(operation, state))
            known = self._calls.get(of_client)
            if known is None:
                if len(self._calls) >= _MEMORY:
                    self._calls.clear()
                    self._again.clear()
                    self._alphabets.clear()
                known, looked = self._classified(operation, arguments, state)
                self._calls[of_client if looked else key] = known
        return known

    def again(self, call: Call, state: State) -> Call:
        """The same call, made in another state. Raises ValueError where a value belongs to no class there."""
        key = (call, self._seen(call.operation, state))
        known = self._again.get(key)
        if known is None:
            if len(self._again) >= _MEMORY:
                self._again.clear()
            known = self._again[key] = self.call(call.operation, call.arguments, state)
        return known

    def _seen(self, operation: str, state: State) -> State:
        """What the classes of an operation's parameters see of a state."""
        return tuple([state[position] for position in self._seen_at[operation]])

    def _classified(self, operation: str, arguments: Mapping[str, Any], state: State) -> tuple[Call, bool]:
        """The call, and whether its classes depend on the client: these arguments are of the same ones everywhere if not."""
        given = self.wire.inward(operation, arguments)
        client = {name: state[self._index[name]] for name in self.seen_by[operation]}
        values = _Values(given, client)
        leaves = {
            parameter: self._leaf(self.contract.classes[operation, parameter], value, values)
            for parameter, value in given.items()
        }
        names_of = {parameter: leaf.name for parameter, leaf in leaves.items()}
        variants = [Variant((), names_of, {parameter: leaf.group for parameter, leaf in leaves.items()}, given)]
        for parameter, leaf in leaves.items():
            if leaf.by_choice is not None:
                absent = self.contract.classes[operation, parameter].absent
                choice, group_of = leaf.by_choice
                variants = [
                    Variant(
                        (*variant.when, (choice, frozenset([value]))),
                        names_of,
                        {**variant.groups, parameter: group},
                        {**variant.given, parameter: None if group == absent else variant.given[parameter]},
                    )
                    for variant in variants
                    for value, group in group_of.items()
                ]
        return Call(operation, arguments, names_of, tuple(variants)), values.client_was_asked

    def _leaf(self, classes: Classes, value: Any, values: _Values) -> Leaf:
        if classes.source == "services":
            if value not in self.contract.methods:
                raise Mistake(f"`{value}` is not a method of a service that the contract lists.")
            kind = self.contract.methods[value].kind
            return next(leaf for leaf in classes.leaves if leaf.name == kind)
        if classes.source != "expressions":
            variable = self.contract.variables[classes.source]
            name = variable.initial if value is None else word(value)
            for leaf in classes.leaves:
                if leaf.name == name:
                    return leaf
        for leaf in classes.leaves:
            if leaf.expression is not None and self._is_true(leaf.expression, values):
                return leaf
        raise Mistake(f"{classes.operation}: {classes.parameter} {value!r} belongs to no class of the contract.")

    def _is_true(self, text: str, values: _Values) -> bool:
        """Whether an expression is true; it is not evaluated again for the same values of what it speaks of."""
        asked = self._asked.get(text)
        if asked is None:
            asked = self._asked[text] = tuple(dict.fromkeys(mentioned(text, "given", _CLIENT)))
        key = (text, *[values.of(root, name) for root, name in asked])
        known = self._true.get(key)
        if known is None:
            if len(self._true) >= _MEMORY:
                self._true.clear()
            known = self._true[key] = expression(text)(values.context) is True
        return known

    def _variables_in_classes(self, operation: str) -> tuple[str, ...]:
        asked = {
            name
            for (owner, _), classes in self.contract.classes.items()
            if owner == operation
            for leaf in classes.leaves
            for _, name in mentioned(leaf.expression or "", _CLIENT)
        }
        return tuple(name for name in self.contract.variables if name in asked)

    def alphabet(
        self, operations: Mapping[str, tuple[str, ...] | None], state: State, *, leaves: bool = False
    ) -> list[Call]:
        """Representative calls in `state`.

        A base call for each operation, and its parameters (those named, or all) varied one at a time, over the first of the
        leaves that no row tells apart (or over every leaf), with at most two example values each.
        """
        return [
            call
            for operation, varied in operations.items()
            for call in self._alphabet(operation, varied, state, leaves=leaves)
        ]

    def _alphabet(self, operation: str, varied: tuple[str, ...] | None, state: State, *, leaves: bool) -> list[Call]:
        """Representative calls of one operation: the same wherever its classes see the same."""
        key = (operation, varied, leaves, self._seen(operation, state))
        known = self._alphabets.get(key)
        if known is None:
            base = self._base(operation)
            call = self._example(operation, _values(base), state)
            calls = {} if call is None else {call: None}
            for parameter, leaf in self._varied(operation, varied, leaves=leaves):
                for value in leaf.examples[:2] or (None,):
                    call = self._example(operation, {**_values({**base, parameter: leaf}), parameter: value}, state)
                    if call is not None and call.leaves[parameter] == leaf.name:
                        calls[call] = None
            known = self._alphabets[key] = list(calls)
        return known

    def _base(self, operation: str) -> dict[str, Leaf]:
        """A leaf for each parameter: absent where it may be, else the first that there is."""
        stated = self.contract.operations[operation]
        return {
            name: _base_leaf(self.contract.classes[operation, name], stated.requires(name))
            for name in stated.parameters
        }

    def _varied(self, operation: str, names: Collection[str] | None, *, leaves: bool) -> Iterator[tuple[str, Leaf]]:
        """The parameters (those named, or all), each with the leaves that stand for its classes."""
        stated = self.contract.operations[operation]
        for parameter in stated.parameters:
            if names is None or parameter in names:
                classes = self.contract.classes[operation, parameter]
                for leaf in classes.leaves if leaves else self._representatives(classes):
                    if leaf.name != classes.absent or not stated.requires(parameter) or stated.takes_null(parameter):
                        yield parameter, leaf

    def _representatives(self, classes: Classes) -> list[Leaf]:
        """The first of the leaves of a group that the same rows are about."""
        result: dict[tuple[str, ...], Leaf] = {}
        about = self._rows_about[classes.operation, classes.parameter]
        for leaf in classes.leaves:
            group = leaf.name if classes.source == "services" else leaf.group
            result.setdefault((group, *(str(leaf.name in names) for names in about)), leaf)
        return list(result.values())

    def _example(self, operation: str, values: Mapping[str, Any], state: State) -> Call | None:
        try:
            return self.call(operation, self.arguments(operation, values), state)
        except ValueError:
            return None

    def arguments(self, operation: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments that carry these parameters; None is left out. A method of a service brings valid arguments."""
        return self.wire.outward(operation, values)


class _Values:
    """What an expression may speak of: what is given, and the client's variables."""

    def __init__(self, given: Mapping[str, Any], client: Mapping[str, Any]) -> None:
        self._roots = {_CLIENT: client, "given": given}
        self.client_was_asked = False

    def of(self, root: str, name: str | None) -> Hashable:
        """A value by its name, or all of a root, as what stands for it in a key."""
        self.client_was_asked |= root == _CLIENT
        value = self._roots[root].get(name) if name is not None else self._roots[root]
        # 1, 1.0 and true are the same key, and not the same value.
        return value if value is None or isinstance(value, str) else (type(value), _canonical(value))

    @cached_property
    def context(self) -> Context:
        """The same, ready to be evaluated: which takes long, and is not always needed."""
        return context(self._roots)


def _base_leaf(classes: Classes, required: bool) -> Leaf:
    if not required:
        for leaf in classes.leaves:
            if leaf.name == classes.absent:
                return leaf
    return next((leaf for leaf in classes.leaves if leaf.name != classes.absent), classes.leaves[0])


_packed = msgspec.msgpack.Encoder(order="deterministic", enc_hook=str).encode
_written = json.JSONEncoder(sort_keys=True, default=str).encode


def _canonical(value: Any) -> bytes | str:
    """The same for the same value, whatever the order of its names; not the same for 1, 1.0 and true."""
    try:
        return _packed(value)
    except (TypeError, ValueError, OverflowError):  # half a character, or a number that is longer than all others
        return _written(value)


def _values(leaves: Mapping[str, Leaf]) -> dict[str, Any]:
    """The first example of each leaf."""
    return {name: leaf.examples[0] if leaf.examples else None for name, leaf in leaves.items()}
