"""What `openfirst simulate` does: start, say what a person needs next, and stay until told to stop."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Mapping
from typing import TextIO

from openfirst_reference.contract.model import Contract
from openfirst_simulator.simulator import Simulator
from openfirst_simulator.world import World

_EXTERNAL_ID = "ana"
_LIFETIME = 86_400
# Records hold no circles, so there is little to be found: the young are looked through seldom, and all of it next to never.
_THRESHOLDS = (50_000, 20, 1_000)


def settle() -> None:
    """Make this process one that answers for long: what is there now stays, and need not be looked through for what is left."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)


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
