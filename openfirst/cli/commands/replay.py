"""`openfirst replay`: play a saved case again."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import NoReturn

import click
from rich.console import Console

from openfirst.cli.exits import said_plainly
from openfirst.cli.options import check_targets, json_file, judged, junit_file, read_json, transcript
from openfirst.cli.reporting import write_reports
from openfirst.request import Request
from openfirst_conformance.adapters.protocol.transcript import transcript_in
from openfirst_conformance.cases.files import case_from_json
from openfirst_conformance.reports.terminal import EXIT_STATUS, show
from openfirst_conformance.verdicts.judge import replay as play_again


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@json_file
@junit_file
@transcript
@judged
def replay(
    request: Request, file: Path, json_file: Path | None, junit_file: Path | None, transcript: Path | None
) -> None:
    """Play one case again that openfirst check has saved, against the same implementation or another.

    Exit status: 0 it conforms, 1 a rule is broken, 2 usage, 3 nothing ran.
    """
    played_again(request, file, "replay", json_file, junit_file, transcript)


def played_again(
    request: Request, file: Path, option: str, json_file: Path | None, junit_file: Path | None, transcript: Path | None
) -> NoReturn:
    """Play the case, show what came of it, and exit."""
    with said_plainly():
        contract = request.contract()
        case = case_from_json(read_json(file, option), contract, str(file))
        choices = request.choices(contract)
        check_targets({"--json": json_file, "--junit": junit_file, "--transcript": transcript})
        with transcript_in(transcript) as kept:
            subject, platform = request.subject(contract, kept)
            report = asyncio.run(play_again(subject, contract, case, choices=choices, platform=platform))
    write_reports(report, json_file, junit_file)
    console = Console(highlight=False)
    show(report, console, lambda failure: None, "")
    if json_file:
        console.print(f"Report: {json_file}")
    sys.exit(EXIT_STATUS[report.verdict])
