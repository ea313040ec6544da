"""What `openfirst simulate` does: start, say what a person needs next, and stay until told to stop, or a command is done."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TextIO

from openfirst_reference.contract.model import Contract
from openfirst_simulator.simulator import Simulator, SimulatorError
from openfirst_simulator.world import World

_EXTERNAL_ID = "ana"
_LIFETIME = 86_400
URL = "OPENFIRST_URL"
"""Where in its environment a command finds the base URL."""
# Records hold no circles, so there is little to be found: the young are looked through seldom, and all of it next to never.
_THRESHOLDS = (10_000, 20, 1_000)


def settle() -> None:
    """Make this process one that answers for long: what is there now stays, and need not be looked through for what is left."""
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    gc.enable()


async def simulate(contract: Contract, port: int, choices: Mapping[str, str], out: TextIO) -> None:
    """Run the simulator until Ctrl-C or SIGTERM.

    Raises SimulatorError where it cannot start, ValueError for a choice that the contract does not permit.
    """
    stop = asyncio.Event()
    simulator = Simulator(contract)
    simulator.default.choose(choices)
    await simulator.start(port)
    settle()
    try:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        print(_greeting(simulator.default), file=out, flush=True)
        await stop.wait()
    finally:
        await simulator.close()
    print("Stopped.", file=out, flush=True)


async def simulate_for(contract: Contract, port: int, choices: Mapping[str, str], command: Sequence[str]) -> int:
    """Run the simulator for as long as a command takes, and give its exit status, as a shell would.

    Raises SimulatorError where either of them cannot start, ValueError for a choice that the contract does not permit.
    """
    simulator = Simulator(contract)
    simulator.default.choose(choices)
    environment = {**os.environ, URL: await simulator.start(port)}
    settle()
    passing: asyncio.Task[None] | None = None
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
        await simulator.close()
    return status if status >= 0 else 128 - status


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


def _greeting(world: World) -> str:
    token = world.token(_EXTERNAL_ID, expires_in=_LIFETIME)
    return f"""\
The platform is at     {world.url}
its control plane at   {world.url}/_openfirst/worlds
Application key        {world.key}
Application secret     {world.secret}
Client access token    {token}
                       (external ID {_EXTERNAL_ID}, good for {_LIFETIME // 3600} hours)

Open a session:
curl -X POST {world.url}/v1/sessions -H "Authorization: Bearer {token}" -d '{{"name": "Ana"}}'

Ctrl-C stops it."""
