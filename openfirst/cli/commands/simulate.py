"""`openfirst simulate`: run the platform on this machine."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click

from openfirst.cli.exits import said_plainly
from openfirst.cli.options import chosen, overlays, profile
from openfirst.request import choices_of
from openfirst_reference.contract.load import load_contract


@click.command()
@click.option(
    "--port", default=8765, show_default=True, type=click.IntRange(0, 65535), help="The port; 0 takes a free one."
)
@chosen
@profile
@overlays
def simulate(port: int, chosen: tuple[str, ...], profile: str | None, overlays: tuple[Path, ...]) -> None:
    """Run the platform on this machine, until Ctrl-C."""
    from openfirst_simulator import SimulatorError
    from openfirst_simulator import simulate as run

    with said_plainly():
        contract = load_contract(overlays=overlays)
        choices = choices_of(contract, chosen, profile)
        try:
            asyncio.run(run(contract, port, choices, sys.stdout))
        except SimulatorError as error:
            raise click.UsageError(str(error)) from None
