"""The simulator as a whole: worlds behind an address on this machine."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import ssl
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

from aiohttp import web

from openfirst_reference.contract.model import Contract
from openfirst_simulator.clock import REAL
from openfirst_simulator.http_server import BODY_SECONDS, HEAD_SECONDS, runner
from openfirst_simulator.messages import Answer, Request
from openfirst_simulator.pipeline import Pipeline
from openfirst_simulator.services import Services
from openfirst_simulator.table import Table
from openfirst_simulator.tls import Authority, NoTLS
from openfirst_simulator.world import World
from openfirst_simulator.worlds import Worlds


class SimulatorError(Exception):
    """The simulator cannot start; the text says why and what to do. For a person, so printed plainly."""


class Simulator:
    """The platform. Use it as an async context manager, or call `start` and `close`.

    `now` gives the real time in seconds, for worlds whose clock is not frozen; a body may take `body_seconds` to come, and the
    head of a request `head_seconds` from when its connection was opened, or answered the one before.
    """

    def __init__(
        self,
        contract: Contract,
        *,
        now: Callable[[], float] | None = None,
        body_seconds: float = BODY_SECONDS,
        head_seconds: float = HEAD_SECONDS,
    ) -> None:
        self.contract = contract
        self._url: str | None = None
        self._limits = body_seconds, head_seconds
        Services.check(contract.methods)
        self._table = Table(contract)
        self._worlds = Worlds(self._table, now, lambda: self._url or "")
        self._pipeline = Pipeline(self._table, self._worlds)
        self._runner: web.ServerRunner | None = None
        self._authority: Authority | None = None
        self._tls: web.ServerRunner | None = None
        self._tls_url: str | None = None

    @property
    def url(self) -> str:
        """The base URL, without a slash at its end. Raises SimulatorError before `start`."""
        if self._url is None:
            raise SimulatorError("The simulator is not running, so it has no URL yet. Call start first.")
        return self._url

    @property
    def tls_url(self) -> str:
        """The base URL over HTTPS, without a slash at its end. Raises SimulatorError before `start_tls`."""
        if self._tls_url is None:
            raise SimulatorError("The simulator does not listen for HTTPS. Call start_tls first.")
        return self._tls_url

    @property
    def ca_pem(self) -> str:
        """The certificate to trust over HTTPS, as PEM: the simulator's own authority, the same for as long as it is there.

        Raises SimulatorError before `start_tls`.
        """
        if self._authority is None:
            raise SimulatorError("The simulator has no certificate yet. Call start_tls first.")
        return self._authority.pem

    @property
    def default(self) -> World:
        """The world that answers at the base URL itself."""
        return self._worlds.default

    @property
    def worlds(self) -> list[World]:
        """All worlds there are, the default one first."""
        return self._worlds.all()

    def world(
        self,
        name: str,
        *,
        choices: Mapping[str, str] | None = None,
        seed: int | str | None = None,
        frozen_at: float | None = None,
        scale: float = REAL,
    ) -> World:
        """A fresh world, empty and apart from all others; `frozen_at` (seconds) stops its clock there.

        With a `seed` it gives the same IDs, application key and secret in every run.

        Raises WorldError for a name that is taken, ValueError for a name or a choice that cannot be.
        """
        return self._worlds.create(name, choices=choices, seed=seed, frozen_at=frozen_at, scale=scale)

    def fork(self, name: str, into: str) -> World:
        """A world as another one is now, which goes its own way from here; tokens of that one lead to it at its own base URL.

        Raises WorldError for a name that is taken or that there is not.
        """
        return self._worlds.fork(name, into)

    def restore(self, name: str, document: Any) -> None:
        """A world is as a snapshot says. Raises WorldError where there is none, ValueError for what is no snapshot."""
        self._worlds.restore(name, document)

    def drop(self, name: str) -> None:
        """Forget a world and all that is in it. Raises WorldError where there is none of this name."""
        self._worlds.drop(name)

    async def answer(self, request: Request) -> Answer:
        """What a request comes to, without HTTP between; nothing need listen."""
        return await self._pipeline.answer(request)

    async def start(self, port: int = 0, host: str = "127.0.0.1") -> str:
        """Listen, and give the base URL. Port 0 is any free one. Raises SimulatorError."""
        if self._runner is not None:
            raise SimulatorError(f"The simulator is running already, at {self.url}. Close it first.")
        self._runner, where = await self._listen(port, host)
        self._url = f"http://{where}"
        return self._url

    async def start_tls(self, port: int = 0, host: str = "127.0.0.1") -> str:
        """Listen for HTTPS besides, and give the base URL; the certificate is good for the platform's hosts as well.

        Raises SimulatorError, also where the library trustme is missing.
        """
        if self._tls is not None:
            raise SimulatorError(f"The simulator listens for HTTPS already, at {self.tls_url}. Call stop_tls first.")
        try:
            self._authority = self._authority or Authority()
        except NoTLS as error:
            raise SimulatorError(str(error)) from None
        self._tls, where = await self._listen(port, host, self._authority.server)
        self._tls_url = f"https://{where}"
        return self._tls_url

    async def stop_tls(self) -> None:
        """Listen for HTTPS no more; its connections end."""
        if self._tls is not None:
            server, self._tls, self._tls_url = self._tls, None, None
            await asyncio.sleep(0)  # What was accepted a moment ago is a connection first; asyncio loses it otherwise.
            transports = [each.transport for each in server.server.connections] if server.server is not None else []
            await server.cleanup()
            for transport in transports:
                if transport is not None:
                    transport.abort()  # Nobody waits for a client to say that it ends, too.

    async def _listen(self, port: int, host: str, tls: ssl.SSLContext | None = None) -> tuple[web.ServerRunner, str]:
        """A server that listens, and where. Raises SimulatorError."""
        if not _is_loopback(host):
            raise SimulatorError(
                f"{host} is not an address of this machine alone. Listen on 127.0.0.1, ::1 or localhost."
            )
        server = runner(self._pipeline, *self._limits, "http" if tls is None else "https")
        await server.setup()
        try:
            await web.TCPSite(server, host, port, ssl_context=tls).start()
        except (OSError, OverflowError) as error:
            await server.cleanup()
            raise SimulatorError(_why(error, host, port)) from None
        shown = f"[{host}]" if ":" in host else host
        return server, f"{shown}:{server.addresses[0][1]}"

    async def close(self) -> None:
        """Stop listening. What is in the worlds stays; a closed simulator can be started again."""
        await self.stop_tls()
        for world in self.worlds:
            world.leave()
        if self._runner is not None:
            server, self._runner, self._url = self._runner, None, None
            await server.cleanup()

    async def __aenter__(self) -> Simulator:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _why(error: OSError | OverflowError, host: str, port: int) -> str:
    number = getattr(error, "errno", None)
    if number == errno.EADDRINUSE:
        return f"Port {port} of {host} is in use. Choose another port, or 0 for any free one."
    if number == errno.EACCES:
        return f"Port {port} of {host} is reserved. Choose one above 1023, or 0 for any free one."
    if isinstance(error, OverflowError):
        return f"{port} is not a port. Choose one from 1 to 65535, or 0 for any free one."
    return f"Port {port} of {host} cannot be listened on ({error}). Choose another port, or 0 for any free one."
