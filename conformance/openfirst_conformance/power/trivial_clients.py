"""The floor: what two implementations would score that keep nothing: one refuses every call, the other accepts every one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openfirst_conformance.adapters.adapter import Adapter
from openfirst_conformance.adapters.protocol.faults import AdapterFault
from openfirst_conformance.adapters.protocol.messages import RequestHandler
from openfirst_conformance.adapters.protocol.shapes import (
    AdvanceParams,
    CallParams,
    CallResult,
    Done,
    InitializeParams,
    InitializeResult,
    ResetParams,
    ResetResult,
    SettleParams,
    WorldParams,
)
from openfirst_conformance.platforms.stage import NoControl, outlined
from openfirst_conformance.verdicts.judge import judge
from openfirst_reference.contract.model import Contract


@dataclass(frozen=True)
class Floor:
    """The rules that the smoke tier tests, and those of them that it passes."""

    tested: tuple[str, ...]
    passed: tuple[str, ...]


def floor(contract: Contract) -> tuple[Floor, Floor]:
    """What the smoke tier says of an implementation that refuses everything, and of one that accepts everything."""
    return floor_of(contract, refuses=True), floor_of(contract, refuses=False)


def floor_of(contract: Contract, *, refuses: bool) -> Floor:
    """What the smoke tier says of an implementation that refuses everything, or accepts everything.

    The one fails every call for no reason that is known; the other answers `true` where an answer is yes or no, and else
    nothing. Neither asks for a fresh token. No adapter is started.
    """
    return asyncio.run(_floor(contract, refuses=refuses))


async def _floor(contract: Contract, *, refuses: bool) -> Floor:
    report = await judge(constant(contract, refuses=refuses), contract, tiers=["smoke"], platform=Nowhere(contract))
    tested = ("pass", "fail", "vacuous")
    verdicts = {rule.id: rule.verdict for rule in report.rules.values() if rule.verdict in tested}
    return Floor(tuple(verdicts), tuple(rule for rule, verdict in verdicts.items() if verdict == "pass"))


def constant(contract: Contract, *, refuses: bool) -> Adapter:
    """The adapter to a client that refuses every call, or accepts every one."""
    return _Constant(contract, refuses)


class _Constant:
    """An adapter that gives every call the same outcome, whatever came before. Is an `Adapter`."""

    def __init__(self, contract: Contract, refuses: bool) -> None:
        self.faults: list[AdapterFault] = []
        self.handler: RequestHandler | None = None
        self.name = "refuses everything" if refuses else "accepts everything"
        self._contract, self._refuses = contract, refuses

    def stderr_tail(self) -> str:
        return ""

    async def start(self, params: InitializeParams) -> InitializeResult:
        return self._said()

    def _said(self) -> InitializeResult:
        operations = [name for name, stated in self._contract.operations.items() if not stated.by_world]
        return {
            "protocol": 1,
            "implementation": {"name": self.name, "version": "1", "language": "python"},
            "capabilities": {"operations": operations, "clients": 2},
        }

    async def restart(self) -> InitializeResult:
        return self._said()

    async def reset(self, params: ResetParams) -> ResetResult:
        return {"generation": params["generation"]}

    async def call(self, params: CallParams) -> CallResult:
        if self._refuses:
            return {"generation": params["generation"], "outcome": "error"}
        is_boolean = self._contract.operations[params["operation"]].result == "boolean"
        return {"generation": params["generation"], "outcome": "value", "value": True if is_boolean else None}

    async def world(self, params: WorldParams) -> Done:
        return {"generation": params["generation"]}

    async def advance(self, params: AdvanceParams) -> Done:
        return {"generation": params["generation"]}

    async def settle(self, params: SettleParams) -> Done:
        return {"generation": params["generation"]}

    async def close(self) -> None:
        pass


class Nowhere:
    """A platform for those that do not need one. Is a `Platform`, and its own `Stage`."""

    without_control: NoControl | None = NoControl.NO_PLATFORM
    is_judged = False
    url = "http://127.0.0.1"
    used = False
    now = 0.0

    def __init__(self, contract: Contract) -> None:
        self.credentials: dict[str, dict[str, Any]] = {}
        self._contract = contract

    async def start(self) -> None:
        """There is nothing to start."""

    async def close(self) -> None:
        """There is nothing to stop."""

    def lacks(self, described: Mapping[str, Any]) -> NoControl | None:
        """Any credential can be described."""
        return None

    async def stage(self, generation: int, clients: Mapping[str, Mapping[str, Any]]) -> Nowhere:
        """The same stage for every case, with what its clients hold."""
        self.credentials = {name: outlined(described) for name, described in clients.items()}
        return self

    async def advance(self, client: str, points: Sequence[float]) -> int:
        """No time passes."""
        return 0

    async def renew(self, client: str) -> str:
        """A token that is none."""
        return ""

    async def act(self, operation: str, client: str) -> None:
        """Nothing is brought about."""

    async def hand_over(self, client: str, described: Mapping[str, Any]) -> dict[str, Any]:
        """The credential as it is described."""
        return outlined(described)
