"""The command line: thin, and the only place that knows of exit statuses, terminals and files."""

from __future__ import annotations

import asyncio
import contextlib
import difflib
import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from openfirst_conformance.adapter import Adapter, AdapterFault, Deadlines, ProcessAdapter, PythonAdapter
from openfirst_conformance.cases import case_from_json, case_to_json
from openfirst_conformance.driver import Played
from openfirst_conformance.judge import TIERS, Failure, judge, replay
from openfirst_conformance.report import EXIT_STATUS, as_json, show
from openfirst_reference.contract import Contract, build_contract, load_contract, load_document
from openfirst_reference.document import ContractError

USAGE = 2
INTERRUPTED = 3
REFERENCE = "openfirst_conformance.reference_adapter:create"
CASES = Path("openfirst-cases")

overlays = click.option(
    "--overlay",
    "overlays",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A patch on top of the contract; may be given several times.",
)
chosen = click.option(
    "--choice", "chosen", multiple=True, metavar="ID=VALUE", help="The value of a choice; may be given several times."
)
profile = click.option("--profile", metavar="NAME", help="A named setting of the choices, such as react-native-ios.")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="openfirst")
def main() -> None:
    """The session contract of the Dolby.io Communications SDK: judge an implementation, simulate the platform, read the rules."""


@main.command()
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
    with _said_plainly():
        if adapter and python_:
            raise click.UsageError("--adapter and --python cannot be given together. Leave one of them out.")
        contract = load_contract(overlays=overlays)
        _known_rules(contract, only)
        choices = _choices(contract, chosen, profile)
        if json_file and not json_file.parent.is_dir():
            raise click.UsageError(
                f"--json: the folder {json_file.parent} does not exist. Make it, or name another file."
            )
        subject = _adapter(adapter, python_, timeout_scale)
        if replay_file:
            case = case_from_json(_read_json(replay_file), contract, str(replay_file))
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


@main.command()
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

    with _said_plainly():
        contract = load_contract(overlays=overlays)
        choices = _choices(contract, chosen, profile)
        try:
            asyncio.run(run(contract, port, choices, sys.stdout))
        except SimulatorError as error:
            raise click.UsageError(str(error)) from None


@main.group()
def contract() -> None:
    """Read, check and prove the contract."""


@contract.command("show")
@click.argument("what", required=False, metavar="[ID]")
@click.option("--format", "format_", type=click.Choice(["text", "markdown"]), default="text", show_default=True)
@overlays
def contract_show(what: str | None, format_: str, overlays: tuple[Path, ...]) -> None:
    """The contract for people: all of it, or the rule, operation, choice, error or row with this ID."""
    from openfirst_reference.show import show as render

    with _said_plainly():
        click.echo(render(load_contract(overlays=overlays), what, format_))


@contract.command("lint")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@overlays
def contract_lint(file: Path | None, overlays: tuple[Path, ...]) -> None:
    """Check a contract: its form, its references, gaps and overlaps in the table, and what nothing uses.

    Exit status: 0 nothing is wrong, 1 something is, 2 usage.
    """
    from openfirst_reference.lint import lint

    with _said_plainly():
        document = load_document(file, overlays)
    findings = lint(document)
    for finding in findings:
        click.echo(f"{finding.severity}: {finding}" if finding.severity != "error" else str(finding))
    errors = sum(finding.severity == "error" for finding in findings)
    click.echo(f"{document.file}: {_count(errors, 'error')}, {_count(len(findings) - errors, 'remark')}.")
    sys.exit(1 if errors else 0)


@contract.command("prove")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@overlays
def contract_prove(file: Path | None, overlays: tuple[Path, ...]) -> None:
    """Prove every rule over every reachable step of the table, and show that no rule is idle.

    Exit status: 0 proved, 1 a rule does not hold or is vacuous, 2 usage.
    """
    from openfirst_reference.prove import prove

    with _said_plainly():
        proof = prove(build_contract(load_document(file, overlays)))
    click.echo(str(proof))
    sys.exit(0 if proof.holds else 1)


# What the commands share ----------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _said_plainly() -> Iterator[None]:
    """A person's mistake becomes a sentence and exit status 2, never a traceback."""
    try:
        yield
    except ContractError as error:
        for finding in error.findings:
            click.echo(str(finding), err=True)
        sys.exit(USAGE)
    except AdapterFault as fault:
        click.echo(f"The adapter: {fault.detail}. {fault.remedy}", err=True)
        if fault.stderr.strip():
            click.echo("Its standard error ends with:\n" + fault.stderr.strip()[-2000:], err=True)
        sys.exit(USAGE)
    except ValueError as error:
        click.echo(str(error), err=True)
        sys.exit(USAGE)
    except KeyboardInterrupt:
        click.echo("Stopped before the end.", err=True)
        sys.exit(INTERRUPTED)


def _adapter(command: str | None, path: str | None, scale: float) -> Adapter:
    deadlines = Deadlines(scale=scale)
    if command is not None:
        return ProcessAdapter(command, deadlines=deadlines)
    return PythonAdapter(path or REFERENCE, deadlines=deadlines)


def _choices(contract: Contract, chosen: tuple[str, ...], profile: str | None) -> dict[str, str]:
    choices: dict[str, str] = {}
    if profile is not None:
        if profile not in contract.profiles:
            raise ValueError(f"--profile: `{profile}` is not a profile. Profiles: {', '.join(contract.profiles)}.")
        stated = contract.profiles[profile].items()
        choices.update({choice: value for choice, value in stated if value in contract.choices[choice].values})
    for item in chosen:
        key, equals, value = item.partition("=")
        if not equals:
            raise ValueError(f"--choice: `{item}` is not of the form ID=VALUE, such as open-while-open=refuse.")
        choices.update(contract.check_choices({key: value}, "--choice"))
    return choices


def _known_rules(contract: Contract, only: tuple[str, ...]) -> None:
    for rule in only:
        if rule not in contract.rules:
            near = difflib.get_close_matches(rule, contract.rules, n=3)
            hint = f"Did you mean {' or '.join(near)}?" if near else f"Rules: {', '.join(contract.rules)}."
            raise ValueError(f"--rule: the contract has no rule `{rule}`. {hint}")


def _read_json(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"--replay: {file} cannot be read: {error.strerror}. Check the path.") from None
    except ValueError as error:
        raise ValueError(
            f"--replay: {file} is not JSON ({error}). Name a file that openfirst check has saved."
        ) from None


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


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
