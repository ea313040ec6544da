"""`openfirst simulate`: run the platform on this machine."""

from __future__ import annotations

import asyncio
import gc
import sys
from pathlib import Path

import click

from openfirst.cli.exits import said_plainly
from openfirst.cli.options import chosen, overlays, profile
from openfirst.request import choices_of
from openfirst_reference.contract.load import load_contract

PORT = 8765


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help=f"The port; 0 takes a free one. {PORT} if nothing is said, and with a command a free one.",
)
@chosen
@profile
@overlays
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def simulate(
    port: int | None, chosen: tuple[str, ...], profile: str | None, overlays: tuple[Path, ...], command: tuple[str, ...]
) -> None:
    """Run the platform on this machine, until Ctrl-C; or, behind `--`, for as long as a COMMAND takes.

    The command finds the platform's address in OPENFIRST_URL, and its exit status is the simulator's.
    """
    gc.disable()  # Until it answers: what is made on the way there stays.
    from openfirst_simulator import SimulatorError, simulate_for
    from openfirst_simulator import simulate as run

    with said_plainly():
        contract = load_contract(overlays=overlays)
        choices = choices_of(contract, chosen, profile)
        try:
            if command:
                sys.exit(asyncio.run(simulate_for(contract, port or 0, choices, command)))
            asyncio.run(run(contract, PORT if port is None else port, choices, sys.stdout))
        except SimulatorError as error:
            raise click.UsageError(str(error)) from None
        finally:
            gc.enable()
