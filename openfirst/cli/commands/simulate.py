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


class _ForACommand(click.Command):
    """The command line, in which `--` announces a command."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        announced = "--" in args
        rest = super().parse_args(ctx, args)
        if announced and not ctx.params["command"]:
            raise click.UsageError(
                "Nothing stands behind `--`. Write the command that the platform is to run for, such as "
                "`openfirst simulate -- npm test`; without `--` it runs until Ctrl-C.",
                ctx,
            )
        return rest


@click.command(cls=_ForACommand)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help=f"The port; 0 takes a free one. {PORT} if nothing is said, and with a command a free one.",
)
@click.option("--tls", is_flag=True, help="Listen for HTTPS besides, with a certificate that is made for this run.")
@click.option(
    "--tls-port",
    type=click.IntRange(0, 65535),
    help="The port for HTTPS, which implies --tls; a free one if nothing is said.",
)
@click.option(
    "--ca",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file for the certificate that clients are to trust, which implies --tls; a temporary one if nothing is said.",
)
@chosen
@profile
@overlays
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def simulate(
    port: int | None,
    tls: bool,
    tls_port: int | None,
    ca: Path | None,
    chosen: tuple[str, ...],
    profile: str | None,
    overlays: tuple[Path, ...],
    command: tuple[str, ...],
) -> None:
    """Run the platform on this machine, until Ctrl-C; or, behind `--`, for as long as a COMMAND takes.

    The command finds the platform's address in OPENFIRST_URL, that over HTTPS in OPENFIRST_TLS_URL, and its exit status is the
    simulator's.
    """
    gc.disable()  # Until it answers: what is made on the way there stays.
    from openfirst_simulator import TLS, SimulatorError, simulate_for
    from openfirst_simulator import simulate as run

    over = TLS(tls_port or 0, ca) if tls or tls_port is not None or ca is not None else None

    with said_plainly():
        contract = load_contract(overlays=overlays)
        choices = choices_of(contract, chosen, profile)
        try:
            if command:
                sys.exit(asyncio.run(simulate_for(contract, port or 0, choices, command, tls=over)))
            asyncio.run(run(contract, PORT if port is None else port, choices, sys.stdout, tls=over))
        except SimulatorError as error:
            raise click.UsageError(str(error)) from None
        finally:
            gc.enable()
