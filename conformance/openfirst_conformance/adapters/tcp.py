"""An adapter that runs already, in a debugger say, and is reached over TCP: its connections, from first to last."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import urlsplit

from openfirst_conformance.adapters.adapter import Requests
from openfirst_conformance.adapters.protocol.channel import Channel
from openfirst_conformance.adapters.protocol.deadlines import Deadlines
from openfirst_conformance.adapters.protocol.faults import AdapterFault, record
from openfirst_conformance.adapters.protocol.messages import RequestHandler
from openfirst_conformance.adapters.protocol.shapes import InitializeParams, InitializeResult
from openfirst_conformance.adapters.protocol.transcript import Transcript
from openfirst_reference.contract.document import Json

# Seconds between two tries to connect again: whoever restarts the adapter is slower than that.
_PAUSE = 0.1


class TcpAdapter(Requests):
    """Speaks the protocol over connections to `tcp://HOST:PORT`, one at a time.

    The process is not ours: a restart is another connection, and the end of the check is the end of the connection, without
    `shutdown`. `handler` answers what the adapter asks (`refreshToken`). Is an `Adapter`.
    """

    def __init__(
        self,
        address: str,
        *,
        handler: RequestHandler | None = None,
        deadlines: Deadlines | None = None,
        transcript: Transcript | None = None,
    ) -> None:
        self.faults: list[AdapterFault] = []
        self.handler = handler
        self._address = address
        self._deadlines = deadlines or Deadlines()
        self._transcript = transcript
        self._params: InitializeParams | None = None
        self._connection: _Connection | None = None
        self._told: AdapterFault | None = None

    @property
    def name(self) -> str:
        """The address."""
        return self._address

    @property
    def channel(self) -> Channel | None:
        """The conversation over the last connection, if there was one."""
        return self._connection.channel if self._connection is not None else None

    def stderr_tail(self) -> str:
        """Give nothing: what it writes to standard error is shown where it runs."""
        return ""

    async def start(self, params: InitializeParams) -> InitializeResult:
        """Connect and give the result of `initialize`."""
        self._params = params
        await self._connect()
        return await self._shake_hands()

    async def restart(self) -> InitializeResult:
        """Leave the connection, connect again, and give the result of `initialize`.

        The adapter may have ended, and take its time to come back: as long as a start may take.
        """
        if self._params is None:
            raise RuntimeError("restart() comes after start()")
        await self.close()
        patience = self._deadlines.of("initialize")
        loop = asyncio.get_running_loop()
        until = loop.time() + patience
        while True:
            try:
                await self._connect()
                break
            except AdapterFault:
                if loop.time() + _PAUSE > until:
                    raise
            await asyncio.sleep(_PAUSE)
        return await self._shake_hands()

    async def _shake_hands(self) -> InitializeResult:
        try:
            result: InitializeResult = await self._ask("initialize", self._params)
            return result
        except AdapterFault as fault:
            assert self.channel is not None
            raise self.channel.no_handshake(fault) from None

    async def close(self) -> None:
        """End the connection, and record a loss of it that no method raised."""
        if self._connection is None:
            return
        connection, self._connection = self._connection, None
        lost = connection.channel.lost
        if lost is not None and lost is not self._told:
            record(self.faults, lost)
        await connection.leave(self._deadlines.of("shutdown"))

    async def ask_anything(self, method: str, params: Json) -> Any:
        """Ask what no schema knows, and give any result: for a test of the adapter itself."""
        return await self._ask(method, params, checked=False)

    async def _ask(self, method: str, params: Mapping[str, Any] | None, *, checked: bool = True) -> Any:
        if self._connection is None:
            raise RuntimeError(f"{method} comes after start()")
        try:
            return await self._connection.channel.ask(method, params, checked=checked)
        except AdapterFault as fault:
            self._told = fault
            raise

    async def _connect(self) -> None:
        host, port = _host_and_port(self._address)
        loop = asyncio.get_running_loop()
        connection = _Connection(self._address)
        connection.channel = Channel(
            connection.write,
            faults=self.faults,
            handler=self.handler,
            deadlines=self._deadlines,
            transcript=self._transcript,
        )
        patience = self._deadlines.of("initialize")
        try:
            async with asyncio.timeout(patience):
                await loop.create_connection(lambda: connection, host, port)
        except (OSError, TimeoutError) as error:
            raise AdapterFault(
                "not-found",
                f"there is no adapter at {self._address} ({_reason(error, patience)})",
                "Start it first: it has to listen there, and to take another connection when one has ended.",
            ) from None
        self._connection = connection


class _Connection(asyncio.Protocol):
    """One connection."""

    channel: Channel

    def __init__(self, address: str) -> None:
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._address = address
        self._left = False

    def write(self, data: bytes) -> None:
        """Hand bytes to the connection; what is not read in time is a deadline's matter."""
        self._transport.write(data)

    async def leave(self, patience: float) -> None:
        """End the connection; that what was sent is read is not waited for any longer than this many seconds."""
        self._left = True
        self._transport.close()
        await asyncio.wait([self.ended], timeout=patience)
        self._transport.abort()
        await self.ended

    # --- called by asyncio ----------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.channel.receive(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.channel.end()
        if self._left:
            fault = AdapterFault("crash", "the connection was ended", "Restart it.")
        else:
            unanswered = self.channel.unanswered
            before = f" before it had answered {', '.join(unanswered)}" if unanswered else ""
            fault = AdapterFault(
                "crash",
                f"the adapter at {self._address} ended the connection{before}",
                "See what it says where it runs.",
            )
        self.channel.lose(fault)
        self.ended.set_result(None)


def _reason(error: OSError | TimeoutError, patience: float) -> str:
    if error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)
    return error.strerror or str(error) or f"no answer within {patience:.3g} s"


def _host_and_port(address: str) -> tuple[str, int]:
    try:
        parts = urlsplit(address)
        if parts.scheme == "tcp" and parts.hostname and parts.port and not parts.path.strip("/"):
            return parts.hostname, parts.port
    except ValueError:
        pass
    raise AdapterFault(
        "not-found", f"{address!r} is no address of an adapter", "Write tcp://HOST:PORT, such as tcp://127.0.0.1:4000."
    )
