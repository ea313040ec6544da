"""What `openfirst simulate` does: start, say what a person needs next, and stay until told to stop, or a command is done."""

from __future__ import annotations

import asyncio
import gc
import os
import shlex
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from openfirst_reference.contract.model import Contract
from openfirst_simulator.simulator import Simulator, SimulatorError
from openfirst_simulator.trust import NotWritten, Trust, files

_EXTERNAL_ID = "ana"
_LIFETIME = 86_400
URL, TLS_URL = "OPENFIRST_URL", "OPENFIRST_TLS_URL"
"""Where in its environment a command finds the base URL, and that over HTTPS."""
# Records hold no circles, so there is little to be found: the young are looked through seldom, and all of it next to never.
_THRESHOLDS = (10_000, 20, 1_000)


def settle() -> None:
    """Make this process one that answers for long: what is there now stays, and need not be looked through for what is left."""
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    gc.enable()


@dataclass(frozen=True)
class TLS:
    """HTTPS besides HTTP: its port, 0 for any free one, and the file for the certificate to trust, if not a temporary one."""

    port: int = 0
    ca: Path | None = None


async def simulate(
    contract: Contract, port: int, choices: Mapping[str, str], out: TextIO, *, tls: TLS | None = None
) -> None:
    """Run the simulator until Ctrl-C or SIGTERM.

    Raises SimulatorError where it cannot start, ValueError for a choice that the contract does not permit.
    """
    stop = asyncio.Event()
    simulator = Simulator(contract)
    simulator.default.choose(choices)
    async with _listening(simulator, port, tls) as trust:
        settle()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        print(_greeting(simulator, trust), file=out, flush=True)
        await stop.wait()
    print("Stopped.", file=out, flush=True)


async def simulate_for(
    contract: Contract, port: int, choices: Mapping[str, str], command: Sequence[str], *, tls: TLS | None = None
) -> int:
    """Run the simulator for as long as a command takes, and give its exit status, as a shell would.

    Raises SimulatorError where either of them cannot start, ValueError for a choice that the contract does not permit.
    """
    simulator = Simulator(contract)
    simulator.default.choose(choices)
    passing: asyncio.Task[None] | None = None
    async with _listening(simulator, port, tls) as trust:
        environment = {**os.environ, URL: simulator.url}
        if trust is not None:
            environment |= {TLS_URL: simulator.tls_url, **trust.environment}
        settle()
        try:
            heard = _signals()
            program = await asyncio.create_subprocess_exec(*command, env=environment)
            passing = asyncio.create_task(_pass_on(heard, program))
            status = await program.wait()
        except OSError as error:
            why = f"`{command[0]}` cannot be run ({error.strerror}). Write a program and its arguments behind `--`."
            raise SimulatorError(why) from None
        finally:
            if passing is not None:
                passing.cancel()
    return status if status >= 0 else 128 - status


@asynccontextmanager
async def _listening(simulator: Simulator, port: int, tls: TLS | None) -> AsyncIterator[Trust | None]:
    """The simulator listens, and over HTTPS besides if that is wanted, with files to trust it by. Raises SimulatorError."""
    async with AsyncExitStack() as stack:
        stack.push_async_callback(simulator.close)
        await simulator.start(port)
        trust = None
        if tls is not None:
            await simulator.start_tls(tls.port)
            try:
                trust = stack.enter_context(files(simulator.ca_pem, tls.ca))
            except NotWritten as error:
                raise SimulatorError(str(error)) from None
        yield trust


def _signals() -> asyncio.Queue[signal.Signals]:
    """The signals that stop a program, as they come, each as the command is to get it."""
    heard, loop = asyncio.Queue[signal.Signals](), asyncio.get_running_loop()
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        ignored = signal.getsignal(number) is signal.SIG_IGN
        if number != signal.SIGHUP or not ignored:  # Behind nohup it goes on.
            # In the background of a script Ctrl-C is ignored, by the command as well.
            loop.add_signal_handler(number, heard.put_nowait, signal.SIGTERM if ignored else number)
    return heard


async def _pass_on(heard: asyncio.Queue[signal.Signals], program: asyncio.subprocess.Process) -> None:
    """The command gets the signals that this process gets; when it is over, so is this."""
    interrupted = False
    while True:
        number = await heard.get()
        # Ctrl-C reaches the command by itself. Whoever is not heard says it again.
        by_itself = number == signal.SIGINT and not interrupted and is_in_front()
        interrupted = interrupted or number == signal.SIGINT
        if not by_itself:
            with suppress(ProcessLookupError):
                program.send_signal(number)


def is_in_front() -> bool:
    """Whether what is typed at a terminal, Ctrl-C among it, is for this process and those that it has started."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def _greeting(simulator: Simulator, trust: Trust | None) -> str:
    world = simulator.default
    token = world.token(_EXTERNAL_ID, expires_in=_LIFETIME)
    return f"""\
The platform is at     {world.url}
its dashboard at       {world.url}/_openfirst/ui/
its control plane at   {world.url}/_openfirst/worlds
Application key        {world.key}
Application secret     {world.secret}
Client access token    {token}
                       (external ID {_EXTERNAL_ID}, good for {_LIFETIME // 3600} hours)

Open a session:
curl -X POST {world.url}/v1/sessions -H "Authorization: Bearer {token}" -d '{{"name": "Ana"}}'
{"" if trust is None else _over_tls(simulator, trust)}
Ctrl-C stops it."""


def _over_tls(simulator: Simulator, trust: Trust) -> str:
    world, where = simulator.default, simulator.tls_url.removeprefix("https://")
    ca = shlex.quote(str(trust.ca))
    ask = f"curl --cacert {ca} --connect-to ::{where} -u {world.key}:{world.secret} -d grant_type=client_credentials"
    return f"""
Over TLS it is at      {simulator.tls_url}
Certificate to trust   {trust.ca}

Get an API token, of the platform's own host name:
{ask} https://api.dolby.io/v1/auth/token

Run a client in Node:
NODE_EXTRA_CA_CERTS={ca} node app.js
"""
