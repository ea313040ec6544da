"""`openfirst check`: judge an implementation."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
from pathlib import Path

import click
from rich.console import Console

from openfirst.cli import baseline as known
from openfirst.cli.shared import (
    adapter_of,
    check_one,
    check_rules,
    choices_of,
    chosen,
    connect,
    overlays,
    platform,
    platform_of,
    profile,
    read_json,
    said_plainly,
    timeout_scale,
    transcript,
)
from openfirst_conformance.adapters.protocol.transcript import transcript_in
from openfirst_conformance.cases.case import Case
from openfirst_conformance.cases.files import case_from_json, case_to_json
from openfirst_conformance.driving.played import Played
from openfirst_conformance.driving.settings import Settings, shard_of
from openfirst_conformance.platforms.platform_adapter import choices_of_platform
from openfirst_conformance.reports.data import as_json
from openfirst_conformance.reports.explain import explain, list_rules
from openfirst_conformance.reports.junit import as_junit
from openfirst_conformance.reports.terminal import show
from openfirst_conformance.tiers.catalogue import TIERS
from openfirst_conformance.verdicts.judge import judge, replay
from openfirst_conformance.verdicts.model import Failure
from openfirst_reference.contract.load import load_contract
from openfirst_reference.contract.model import Contract

CASES = Path("openfirst-cases")


@click.command()
@click.option(
    "--adapter", metavar="COMMAND", help="Judge the implementation behind this adapter, a command that is started."
)
@click.option(
    "--python", "python_", metavar="MODULE:FACTORY", help="Judge the implementation behind this Python adapter object."
)
@connect
@platform
@click.option(
    "--tier", "tiers", multiple=True, type=click.Choice(list(TIERS)), help="The tiers to run.  [default: all of them]"
)
@click.option(
    "-k",
    "extra",
    default=1,
    show_default=True,
    type=click.IntRange(0, 2),
    help="The extra states that `complete` allows for.",
)
@click.option("--seed", default=0, show_default=True, help="The seed of `explore` and `concurrent`.")
@click.option(
    "--walks",
    default=200,
    show_default=True,
    type=click.IntRange(0),
    help="How many walks of 50 calls `explore` takes.",
)
@click.option(
    "--scenario",
    "scenarios",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A saved case of one client, from whose end `complete` goes on as well.",
)
@click.option("--shard", metavar="I/N", help="Run one part of N only; all parts together are the whole.")
@click.option(
    "--rule", "only", multiple=True, metavar="ID", help="Judge by this rule only; may be given several times."
)
@click.option("--json", "json_file", type=click.Path(path_type=Path), metavar="FILE", help="Write the report as JSON.")
@click.option(
    "--junit", "junit_file", type=click.Path(path_type=Path), metavar="FILE", help="Write the report as JUnit XML."
)
@known.baseline
@click.option("--list", "listed", is_flag=True, help="List the rules, with level and tiers, and run nothing.")
@click.option("--explain", "explained", metavar="RULE", help="Say what a rule demands and what breaks it; run nothing.")
@click.option(
    "--replay", "replay_file", type=click.Path(path_type=Path), metavar="FILE", help="Play one saved case again."
)
@transcript
@timeout_scale
@chosen
@profile
@overlays
def check(
    adapter: str | None,
    python_: str | None,
    connect: str | None,
    platform: str | None,
    app_key: str | None,
    app_secret: str | None,
    control: str | None,
    tiers: tuple[str, ...],
    extra: int,
    seed: int,
    walks: int,
    scenarios: tuple[Path, ...],
    shard: str | None,
    only: tuple[str, ...],
    json_file: Path | None,
    junit_file: Path | None,
    baseline_file: Path | None,
    update_baseline: bool,
    listed: bool,
    explained: str | None,
    replay_file: Path | None,
    transcript: Path | None,
    timeout_scale: float,
    chosen: tuple[str, ...],
    profile: str | None,
    overlays: tuple[Path, ...],
) -> None:
    """Judge an implementation: a verdict for every rule, and the shortest sequence of calls that shows each one broken.

    Without --adapter, --python, --connect or --platform it judges the reference client against a simulator that it starts
    itself.

    Exit status: 0 conforms, 1 a rule is broken, 2 usage, 3 incomplete or nothing ran, 4 only the baseline is wrong. A rule
    that fails as the baseline says counts as kept.
    """
    console = Console(highlight=False)
    if platform and transcript:
        raise click.UsageError("--transcript keeps the messages of an adapter, and a platform has none. Leave it out.")
    if control and not platform:
        raise click.UsageError("--control is the control plane of a platform that is judged. Give --platform, too.")
    with said_plainly(), transcript_in(transcript) as kept:
        check_one({"--adapter": adapter, "--python": python_, "--connect": connect, "--platform": platform})
        contract = load_contract(overlays=overlays)
        check_rules(contract, only)
        if listed or explained:
            check_rules(contract, (explained,) if explained else (), "--explain")
            click.echo(explain(contract, explained) if explained else list_rules(contract, only), nl=not explained)
            return
        if replay_file and baseline_file:
            raise click.UsageError("--baseline and --replay cannot be given together: a replay is one case only.")
        settings = Settings(
            extra,
            seed,
            walks,
            tuple(_scenario(file, contract) for file in scenarios),
            shard_of(shard) if shard else (1, 1),
        )
        accepted = known.read(baseline_file, contract, update=update_baseline)
        choices = choices_of(contract, chosen, profile)
        for option, file in (("--json", json_file), ("--junit", junit_file)):
            if file and not file.parent.is_dir():
                raise click.UsageError(
                    f"{option}: the folder {file.parent} does not exist. Make it, or name another file."
                )
        if platform is None:
            subject, judged = adapter_of(adapter, python_, timeout_scale, connect, kept), None
        else:
            subject, judged = platform_of(platform, contract, app_key, app_secret, control, timeout_scale)
            choices = choices_of_platform(contract, choices)
        if replay_file:
            case = case_from_json(read_json(replay_file), contract, str(replay_file))
            report = asyncio.run(replay(subject, contract, case, choices=choices, platform=judged))
        else:
            # A spinner with the case at hand; nothing at all where standard error is no terminal.
            with Console(stderr=True).status("Starting the adapter …") as status:

                def progress(played: Played) -> None:
                    status.update(f"Played {played.case.id}")

                run = judge(
                    subject,
                    contract,
                    choices=choices,
                    tiers=tiers or tuple(TIERS),
                    only=only,
                    settings=settings,
                    announce=lambda text: click.echo(text, err=True),
                    platform=judged,
                    progress=progress,
                )
                report = asyncio.run(run)
        compared = known.settle(report, accepted, baseline_file, update=update_baseline)
        report = compared.report
    if junit_file:
        junit_file.write_text(as_junit(report), encoding="utf-8")
    if json_file:
        json_file.write_text(
            json.dumps(as_json(report), ensure_ascii=False, indent=2, default=str) + "\n",
            encoding="utf-8",
            errors="backslashreplace",  # a lone surrogate, which the walks may hold, is no character: JSON writes it so
        )
    again = _command(adapter, python_, connect, platform, control, chosen, profile, overlays)
    floor = _floor(contract) if "complete" in report.promise else ""
    show(report, console, lambda failure: None if replay_file else f"{again} --replay {_save(failure)}", floor)
    known.show(compared, baseline_file, console, update=update_baseline)
    if json_file:
        console.print(f"Report: {json_file}")
    sys.exit(known.status(compared))


def _scenario(file: Path, contract: Contract) -> Case:
    """The case in a file, from whose end `complete` goes on. Raises ValueError with a sentence."""
    case = case_from_json(read_json(file, "--scenario"), contract, str(file))
    if len(case.clients) != 1:
        raise ValueError(f"--scenario: {file} has {len(case.clients)} clients. Name a case of one client.")
    return case


def _floor(contract: Contract) -> str:
    """What a pass is worth: how far those come that keep nothing."""
    from openfirst_conformance.power.trivial_clients import floor

    refusing, accepting = ((len(item.passed), len(item.tested)) for item in floor(contract))
    return (
        f"The floor: a client that refuses every call passes {refusing[0]} of the {refusing[1]} rules that smoke can test "
        f"in it, and one that accepts every call {accepting[0]} of {accepting[1]}."
    )


def _save(failure: Failure) -> Path:
    """Write the failing case where --replay finds it."""
    CASES.mkdir(exist_ok=True)
    file = CASES / f"{failure.rule}.json"
    case = case_to_json(failure.played.case, failure.played.calls)
    text = json.dumps(case, ensure_ascii=False, indent=2) + "\n"
    file.write_text(text, encoding="utf-8", errors="backslashreplace")
    return file


def _command(
    adapter: str | None,
    python_: str | None,
    connect: str | None,
    platform: str | None,
    control: str | None,
    chosen: tuple[str, ...],
    profile: str | None,
    overlays: tuple[Path, ...],
) -> str:
    words = ["openfirst", "check"]
    words += ["--adapter", adapter] if adapter else ["--python", python_] if python_ else []
    words += ["--connect", connect] if connect else []
    # Key and secret are not repeated: what is printed may be kept in a log.
    words += ["--platform", platform] if platform else []
    words += ["--control", control] if control else []
    words += [word for item in chosen for word in ("--choice", item)]
    words += ["--profile", profile] if profile else []
    words += [word for item in overlays for word in ("--overlay", str(item))]
    return shlex.join(words)
