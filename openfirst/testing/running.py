"""The simulator of this process, in a thread and a loop of its own: whoever tests may block or await as they like."""

from __future__ import annotations

import asyncio
import atexit
import itertools
import os
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlsplit

from openfirst.testing import is_plain
from openfirst.testing.redirection import Target
from openfirst_reference.contract.findings import Mistake
from openfirst_reference.contract.load import load_contract
from openfirst_reference.contract.model import Contract
from openfirst_simulator import Simulator, SimulatorError, World, WorldError
from openfirst_simulator.clock import FROZEN, REAL

__tracebackhide__ = is_plain

P = ParamSpec("P")
T = TypeVar("T")
_STOP_SECONDS = 5.0


class Running:
    """A simulator of a contract that runs from now on, until `stop`. What is done to it is done in its own thread."""

    def __init__(self, contract: Contract) -> None:
        self.simulator = Simulator(contract)
        self._loop = asyncio.new_event_loop()
        self._names = (f"test-{number}" for number in itertools.count(1))
        self._thread = threading.Thread(target=self._loop.run_forever, name="openfirst simulator", daemon=True)
        self._thread.start()
        self.wait(self.simulator.start())
        self._tls_users = 0
        self._tls_turn = threading.Lock()

    @contextmanager
    def over_tls(self) -> Iterator[Target]:
        """Where the platform's names are to lead so that they lead here. Raises Mistake where trustme is not installed.

        It listens for HTTPS from the first who wants it to the last: a connection that a client has kept ends with that, and is
        none that it could go on with afterwards.
        """
        with self._tls_turn:
            if self._tls_users == 0:
                try:
                    self.wait(self.simulator.start_tls())
                except SimulatorError as error:
                    raise Mistake(str(error)) from None
            self._tls_users += 1
            urls = {443: urlsplit(self.simulator.tls_url), 80: urlsplit(self.simulator.url)}
        try:
            ports = {port: url.port or port for port, url in urls.items()}
            yield Target(urls[443].hostname or "", ports, self.simulator.ca_pem)
        finally:
            with self._tls_turn:
                self._tls_users -= 1
                if self._tls_users == 0:
                    self.wait(self.simulator.stop_tls())

    def world(
        self, choices: dict[str, str], frozen_at: float | None, *, frozen: bool, seed: int | None = None
    ) -> World:
        """A fresh world, whose time stands still if it is `frozen`. It is named after its seed: a seed counts with the name.

        Raises Mistake for choices that there are not, and for the seed of a world that is there.
        """

        def made() -> World:
            name = next(self._names) if seed is None else f"seed-{seed}"
            scale = FROZEN if frozen else REAL
            return self.simulator.world(name, choices=choices, seed=seed, frozen_at=frozen_at, scale=scale)

        try:
            return self.do(made)
        except WorldError:
            raise Mistake(
                f"A platform with the seed {seed} is there already. Give another seed, or end it first."
            ) from None

    def do(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What a function gives, called where the simulator runs."""

        async def called() -> T:
            return function(*args, **kwargs)

        return self.wait(called())

    def wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """What a coroutine gives that runs where the simulator does."""
        try:
            return self.begin(coroutine).result()
        except ValueError as error:
            # A mistake of whoever tests: where in the simulator it was found does not matter.
            raise error.with_traceback(None) from None

    def begin(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """What a coroutine will give that runs where the simulator does."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def stop(self) -> None:
        """The simulator runs no more, nor does its thread."""
        self.wait(self.simulator.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_STOP_SECONDS)
        self._loop.close()


_by_process: dict[tuple[int, Contract | None], Running] = {}
_starting = threading.Lock()


def running(contract: Contract | None = None) -> Running:
    """The simulator of this process, or its one of this contract. It starts with the first who asks and stops with the process."""
    # A process that was forked has no thread but the one that forked it, and so no simulator.
    which = os.getpid(), contract
    with _starting:
        if which not in _by_process:
            _by_process[which] = Running(load_contract() if contract is None else contract)
            atexit.register(_stop, which)
        return _by_process[which]


def _stop(which: tuple[int, Contract | None]) -> None:
    if os.getpid() == which[0]:
        _by_process.pop(which).stop()
