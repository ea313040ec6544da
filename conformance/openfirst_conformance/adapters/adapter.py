"""What the judge needs of an adapter, and the part of it that is the same for every kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

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


class Adapter(Protocol):
    """An implementation under test, as the judge sees it.

    The methods take the params of the protocol's message of that name and give its result, both checked by
    `protocol/*.schema.json`. Each raises AdapterFault if the adapter ended, hung, or answered
    what the schema does not permit; after `crash` and `hang`, `restart` makes it usable again. ValueError
    means that the params are not what the schema says.

    `faults` holds what was wrong and could be raised by no method, in the order seen; whoever reads it may
    clear it. `handler` answers what the adapter asks of the judge, and is set before `start`.
    """

    faults: list[AdapterFault]
    handler: RequestHandler | None

    @property
    def name(self) -> str:
        """What to call it: the command, or where the Python object comes from."""
        ...

    def stderr_tail(self) -> str:
        """Give the last lines that it wrote to standard error since the case began."""
        ...

    async def start(self, params: InitializeParams) -> InitializeResult:
        """Start it and give the result of `initialize`."""
        ...

    async def reset(self, params: ResetParams) -> ResetResult:
        """Begin a case."""
        ...

    async def call(self, params: CallParams) -> CallResult:
        """Make one call, and give its outcome."""
        ...

    async def world(self, params: WorldParams) -> Done:
        """Let something happen that only the adapter's environment can make."""
        ...

    async def advance(self, params: AdvanceParams) -> Done:
        """Let virtual time pass."""
        ...

    async def settle(self, params: SettleParams) -> Done:
        """Wait until nothing is pending."""
        ...

    async def restart(self) -> InitializeResult:
        """End it by force, start it again, and give the result of `initialize`."""
        ...

    async def close(self) -> None:
        """Shut it down; nothing of it is left, whatever it does."""
        ...


class Requests:
    """The protocol's methods during a case, in terms of one that asks."""

    async def _ask(self, method: str, params: Mapping[str, Any]) -> Any:
        raise NotImplementedError

    async def reset(self, params: ResetParams) -> ResetResult:
        """Begin a case."""
        result: ResetResult = await self._ask("reset", params)
        return result

    async def call(self, params: CallParams) -> CallResult:
        """Make one call, and give its outcome."""
        result: CallResult = await self._ask("call", params)
        return result

    async def world(self, params: WorldParams) -> Done:
        """Let something happen that only the adapter's environment can make."""
        result: Done = await self._ask("world", params)
        return result

    async def advance(self, params: AdvanceParams) -> Done:
        """Let virtual time pass."""
        result: Done = await self._ask("advance", params)
        return result

    async def settle(self, params: SettleParams) -> Done:
        """Wait until nothing is pending."""
        result: Done = await self._ask("settle", params)
        return result
