"""`openfirst adapter`: test an adapter itself, or begin one."""

from __future__ import annotations

import asyncio
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.text import Text

from openfirst.cli.exits import said_plainly
from openfirst.cli.options import check_one, connect, overlays, timeout_scale, transcript
from openfirst.request import adapter_of
from openfirst_conformance.adapters.adapter import Adapter
from openfirst_conformance.adapters.authoring.skeleton import LANGUAGES, skeleton
from openfirst_conformance.adapters.protocol.transcript import transcript_in
from openfirst_conformance.reports.layout import wrapped
from openfirst_reference.contract.findings import count
from openfirst_reference.contract.load import load_contract
from openfirst_reference.contract.model import Contract

if TYPE_CHECKING:
    from openfirst_conformance.fitness.checks import Checked

_COLUMN = 23


@click.group()
def adapter() -> None:
    """Test an adapter itself, or begin one."""


@adapter.command("check")
@click.argument("command", required=False)
@click.option("--python", "python_", metavar="MODULE:FACTORY", help="Test this Python adapter object.")
@connect
@transcript
@timeout_scale
@overlays
def adapter_check(
    command: str | None,
    python_: str | None,
    connect: str | None,
    transcript: Path | None,
    timeout_scale: float,
    overlays: tuple[Path, ...],
) -> None:
    """Test an adapter itself, before anything is judged through it: COMMAND is what starts it.

    Exit status: 0 nothing is wrong, 1 something is, 2 usage.
    """
    if command is None and python_ is None and connect is None:
        raise click.UsageError("There is no adapter to test. Give the command that starts it, --python or --connect.")
    with said_plainly(), transcript_in(transcript) as kept:
        check_one({"COMMAND": command, "--python": python_, "--connect": connect})
        subject = adapter_of(command, python_, timeout_scale, connect, kept)
        results = asyncio.run(_results(subject, load_contract(overlays=overlays)))
    wrong = sum(not result.is_ok for result in results)
    if wrong:
        click.echo(f"Something is wrong in {wrong} of the {count(len(results), 'check')} that were made.")
    else:
        click.echo("The adapter is fit to be judged through.")
    sys.exit(1 if wrong else 0)


async def _results(subject: Adapter, contract: Contract) -> list[Checked]:
    """Each check's result, told as it comes."""
    from openfirst_conformance.fitness.checks import check_adapter

    console = Console(highlight=False)
    results: list[Checked] = []
    async for result in check_adapter(subject, contract):
        results.append(result)
        _show(console, result)
    return results


def _show(console: Console, result: Checked) -> None:
    verdict = Text("ok", style="green") if result.is_ok else Text("wrong", style="bold red")
    lines = [result.found] if result.is_ok else [f"{result.found}.", result.remedy]
    lines += [f"Standard error: {line}" for line in result.stderr.strip().splitlines()[-3:]]
    verdict.pad_right(7 - len(verdict))
    said = wrapped("\n".join(lines), console.width, _COLUMN).plain.removeprefix(" " * _COLUMN)
    console.print(Text.assemble(verdict, f"{result.name:16}", said), soft_wrap=True)


@adapter.command("new")
@click.argument("language", type=click.Choice(list(LANGUAGES)))
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@overlays
def adapter_new(language: str, folder: Path, overlays: tuple[Path, ...]) -> None:
    """Write an adapter to begin with into DIR: it works, and has no operation yet. No file is overwritten."""
    chosen = LANGUAGES[language]
    file = folder / chosen.file
    with said_plainly():
        text = skeleton(chosen, load_contract(overlays=overlays))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with file.open("x", encoding="utf-8") as opened:
                opened.write(text)
        except FileExistsError:
            there = file if file.exists() else folder
            raise click.UsageError(f"{there} is there already, and is left as it is. Name another folder.") from None
        except OSError as error:
            raise click.UsageError(f"{file} cannot be written: {error.strerror}. Name another folder.") from None
    command = f"{chosen.program} {shlex.quote(str(file))}"
    laid = [word for item in overlays for word in ("--overlay", str(item))]
    click.echo(f"Wrote {file}. Fill in what is marked TODO; then:")
    click.echo("  " + shlex.join(["openfirst", "adapter", "check", command, *laid]))
    click.echo("  " + shlex.join(["openfirst", "check", "--adapter", command, *laid]))
