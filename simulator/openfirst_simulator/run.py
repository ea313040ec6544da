"""What `openfirst simulate` does: start, say what a person needs next, and stay until told to stop, or a command is done."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import Mapping, Sequence
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
    try:
        program = await asyncio.create_subprocess_exec(*command, env=environment)
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, program.terminate)
        # Ctrl-C reaches the command as well, and when it is over so is this.
        loop.add_signal_handler(signal.SIGINT, lambda: None)
        status = await program.wait()
    except OSError as error:
        why = f"`{command[0]}` cannot be run ({error.strerror}). Write a program and its arguments behind `--`."
        raise SimulatorError(why) from None
    finally:
        await simulator.close()
    return status if status >= 0 else 128 - status


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
