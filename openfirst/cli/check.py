"""`openfirst check`: judge an implementation."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
from pathlib import Path

import click
from rich.console import Console

from openfirst.cli.shared import adapter_of, check_rules, choices_of, chosen, overlays, profile, read_json, said_plainly
from openfirst_conformance.cases import case_from_json, case_to_json
from openfirst_conformance.driver import Played
from openfirst_conformance.judge import TIERS, Failure, judge, replay
from openfirst_conformance.report import EXIT_STATUS, as_json, show
from openfirst_reference.contract import load_contract

CASES = Path("openfirst-cases")


@click.command()
@click.option(
    "--adapter", metavar="COMMAND", help="Judge the implementation behind this adapter, a command that is started."
)
@click.option(
    "--python", "python_", metavar="MODULE:FACTORY", help="Judge the implementation behind this Python adapter object."
)
@click.option(
    "--tier", "tiers", multiple=True, type=click.Choice(list(TIERS)), help="The tiers to run.  [default: smoke]"
)
@click.option(
    "--rule", "only", multiple=True, metavar="ID", help="Judge by this rule only; may be given several times."
)
@click.option("--json", "json_file", type=click.Path(path_type=Path), metavar="FILE", help="Write the report as JSON.")
@click.option(
    "--replay", "replay_file", type=click.Path(path_type=Path), metavar="FILE", help="Play one saved case again."
)
@click.option(
    "--timeout-scale",
    default=1.0,
    show_default=True,
    type=click.FloatRange(min=0.01),
    help="Multiplies every deadline.",
)
@chosen
@profile
@overlays
def check(
    adapter: str | None,
    python_: str | None,
    tiers: tuple[str, ...],
    only: tuple[str, ...],
    json_file: Path | None,
    replay_file: Path | None,
    timeout_scale: float,
    chosen: tuple[str, ...],
    profile: str | None,
    overlays: tuple[Path, ...],
) -> None:
    """Judge an implementation: a verdict for every rule, and the shortest sequence of calls that shows each one broken.

    Without --adapter or --python it judges the reference client against a simulator that it starts itself.

    Exit status: 0 conforms, 1 a rule is broken, 2 usage, 3 incomplete or nothing ran.
    """
    console = Console(highlight=False)
    with said_plainly():
        if adapter and python_:
            raise click.UsageError("--adapter and --python cannot be given together. Leave one of them out.")
        contract = load_contract(overlays=overlays)
        check_rules(contract, only)
        choices = choices_of(contract, chosen, profile)
        if json_file and not json_file.parent.is_dir():
            raise click.UsageError(
                f"--json: the folder {json_file.parent} does not exist. Make it, or name another file."
            )
        subject = adapter_of(adapter, python_, timeout_scale)
        if replay_file:
            case = case_from_json(read_json(replay_file), contract, str(replay_file))
            report = asyncio.run(replay(subject, contract, case, choices=choices))
        else:
            # A spinner with the case at hand; nothing at all where standard error is no terminal.
            with Console(stderr=True).status("Starting the adapter …") as status:

                def progress(played: Played) -> None:
                    status.update(f"Played {played.case.id}")

                run = judge(subject, contract, choices=choices, tiers=tiers or ("smoke",), only=only, progress=progress)
                report = asyncio.run(run)
    if json_file:
        json_file.write_text(
            json.dumps(as_json(report), ensure_ascii=False, indent=2, default=str) + "\n", encoding="utf-8"
        )
    again = _command(adapter, python_, chosen, profile, overlays)
    show(report, console, lambda failure: None if replay_file else f"{again} --replay {_save(failure)}")
    if json_file:
        console.print(f"Report: {json_file}")
    sys.exit(EXIT_STATUS[report.verdict])


def _save(failure: Failure) -> Path:
    """Write the failing case where --replay finds it."""
    CASES.mkdir(exist_ok=True)
    file = CASES / f"{failure.rule}.json"
    case = case_to_json(failure.played.case, failure.played.calls)
    file.write_text(json.dumps(case, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return file


def _command(
    adapter: str | None, python_: str | None, chosen: tuple[str, ...], profile: str | None, overlays: tuple[Path, ...]
) -> str:
    words = ["openfirst", "check"]
    words += ["--adapter", adapter] if adapter else ["--python", python_] if python_ else []
    words += [word for item in chosen for word in ("--choice", item)]
    words += ["--profile", profile] if profile else []
    words += [word for item in overlays for word in ("--overlay", str(item))]
    return shlex.join(words)
