"""Innocents made from the contract: whatever the table leaves open is decided by a seed, in each cell of it anew.

Every choice is made, some of them otherwise from cell to cell, and told or not; every free alternative is taken somewhere; an
error may have any code of its family; fields are added, and left out where there is nothing. Nothing that such a client does is
forbidden, so that no rule may be held against it. It is an adapter, without network and platform.
"""

from __future__ import annotations

import random
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from openfirst_conformance.adapters.protocol.faults import AdapterFault
from openfirst_conformance.adapters.protocol.messages import RequestHandler
from openfirst_conformance.oracle.explanation import Edge, Node
from openfirst_conformance.oracle.oracle import Oracle
from openfirst_reference.contract.model import ANY_ERROR, OF_SERVICE
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.step import Identity, Step

WORLD = ("platformCloses", "revokeToken")


class Generated:
    """An adapter to a client that the seed makes. Is an `Adapter`."""

    def __init__(self, machine: Machine, seed: int) -> None:
        self.faults: list[AdapterFault] = []
        self.handler: RequestHandler | None = None
        self.name = f"generated-{seed}"
        self._machine, self._seed, self._contract = machine, seed, machine.contract
        draw = random.Random(seed)
        self.decided = {choice.id: draw.choice(choice.values) for choice in self._contract.choices.values()}
        granted = self._contract.undeclared_choices()
        self.declared = {
            name: value
            for name, value in self.decided.items()
            if draw.random() < 0.4 or (granted.get(name) not in (None, value))
        }
        free = [name for name in self.decided if name not in self.declared and name not in granted]
        self.varying = {name for name in free if draw.random() < 0.5}
        leaves = (leaf for classes in self._contract.classes.values() for leaf in classes.leaves)
        self._of_classes = {leaf.by_choice[0] for leaf in leaves if leaf.by_choice is not None}
        self._oracle = Oracle(machine, self.declared)
        self._node: Node
        self._names: list[str] = []

    def pick(self, options: Sequence[Any], *place: Hashable) -> Any:
        """One of the options: the same one in the same place."""
        return random.Random(f"{self._seed}/{place!r}").choice(options)

    # An adapter -------------------------------------------------------------------------------------------------------

    def stderr_tail(self) -> str:
        return ""

    async def start(self, params: Any) -> Any:
        operations = [name for name, stated in self._contract.operations.items() if not stated.by_world]
        capabilities = {"operations": operations, "clients": 2, "world": list(WORLD), "deprecatedInitialize": True}
        said = {"name": self.name, "version": "1", "language": "python"}
        return {"protocol": 1, "implementation": said, "capabilities": capabilities, "choices": self.declared}

    async def restart(self) -> Any:
        return await self.start(None)

    async def close(self) -> None:
        pass

    async def reset(self, params: Any) -> Any:
        self._names = list(params["clients"])
        held = [self._machine.credentials.variables(item["credential"]) for item in params["clients"].values()]
        states = tuple(self._machine.having(self._machine.state(), **variables) for variables in held)
        self._node = self._oracle.node(states, ())
        return {"generation": params["generation"]}

    async def call(self, params: Any) -> Any:
        step = self._take(params["client"], params["operation"], params["arguments"])
        return {"generation": params["generation"], **self._outcome(step)}

    async def world(self, params: Any) -> Any:
        self._take(params["client"], params["action"], {})
        return {"generation": params["generation"]}

    async def settle(self, params: Any) -> Any:
        for name in self._names:
            self._take(name, "settle", {})
        return {"generation": params["generation"]}

    async def advance(self, params: Any) -> Any:
        return {"generation": params["generation"]}

    # What it does -----------------------------------------------------------------------------------------------------

    def _take(self, client: str, operation: str, arguments: Any) -> Step:
        number = self._names.index(client)
        state = self._node.states[number]
        call = self._machine.call(operation, arguments, state)
        fitting = [edge for edge in self._oracle.effects(self._node, number, call) if self._fits(edge)]
        leaves = tuple(call.leaves.items())
        edge: Edge = self.pick(fitting, operation, leaves, self._machine.outline(state))
        self._node = self._oracle.node(edge.node.states, ())
        return edge.step

    def _fits(self, edge: Edge) -> bool:
        steps = (edge.step, *(step for _, step in edge.echoes))
        return not any(step.alternative.breaks for step in steps) and all(
            self._chosen(number) in values for number, values in edge.keys
        )

    def _chosen(self, number: int) -> str:
        cell = self._oracle.cells[number]
        if cell.choice not in self.varying:
            return self.decided[cell.choice]
        # What decides which row a call meets cannot depend on the row.
        place = cell._replace(row="") if cell.choice in self._of_classes else cell
        value: str = self.pick(self._contract.choices[cell.choice].values, *place)
        return value

    def _outcome(self, step: Step) -> dict[str, Any]:
        if step.answer is None:
            code = step.code or ""
            codes = ["no-room"] if code in (ANY_ERROR, OF_SERVICE) else sorted(self._contract.like(code))
            return {"outcome": "error", "code": self.pick(codes, step.row.id, code), "message": "It was not to be."}
        if step.answer.ignore:
            return {"outcome": "value", "value": self.pick([None, True, {"ok": 1}, []], step.row.id)}
        value = self._machine.answer(step, self._identified)
        return {"outcome": "value", "value": self._dressed(value) if isinstance(value, dict) else value}

    def _identified(self, identity: Identity) -> str:
        return "somebody" if identity.owner is None else f"participant-{identity.owner}"

    def _dressed(self, value: dict[str, Any]) -> dict[str, Any]:
        """With a field more, and without those that are null, or with blanks for them."""
        style = self.pick(["null", "missing"], "style")
        items: Iterable[tuple[str, Any]] = (
            (name, self._dressed(part) if isinstance(part, dict) else part)
            for name, part in value.items()
            if part is not None or style == "null"
        )
        return {**dict(items), "more": 1}
