"""What the commands share: options, choices, and how a person's mistake is told."""

from __future__ import annotations

import contextlib
import difflib
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from openfirst_conformance.adapters.adapter import Adapter
from openfirst_conformance.adapters.inprocess import PythonAdapter
from openfirst_conformance.adapters.process import ProcessAdapter
from openfirst_conformance.adapters.protocol.deadlines import Deadlines
from openfirst_conformance.adapters.protocol.faults import AdapterFault
from openfirst_conformance.adapters.protocol.transcript import Transcript
from openfirst_conformance.adapters.tcp import TcpAdapter
from openfirst_conformance.platforms.judged import JudgedPlatform
from openfirst_conformance.platforms.platform_adapter import PlatformAdapter
from openfirst_reference.contract.findings import ContractError
from openfirst_reference.contract.model import Contract

USAGE = 2
INTERRUPTED = 3
REFERENCE = "openfirst_conformance.adapters.authoring.reference_adapter:create"

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
connect = click.option(
    "--connect", metavar="tcp://HOST:PORT", help="Reach the adapter where it runs already, in a debugger say."
)
transcript = click.option(
    "--transcript",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Keep every message of the adapter protocol, as JSON lines.",
)
timeout_scale = click.option(
    "--timeout-scale",
    default=1.0,
    show_default=True,
    type=click.FloatRange(min=0.01),
    help="Multiplies every deadline.",
)

_platform_options = (
    click.option("--platform", metavar="URL", help="Judge the platform that listens there."),
    click.option("--app-key", envvar="OPENFIRST_APP_KEY", metavar="KEY", help="The application key, for --platform."),
    click.option(
        "--app-secret", envvar="OPENFIRST_APP_SECRET", metavar="SECRET", help="The application secret, for --platform."
    ),
    click.option("--control", metavar="URL", help="The control plane of the platform, if it has one of its own."),
)


def platform(command: Callable[..., None]) -> Callable[..., None]:
    """The options of a platform that is judged."""
    for option in reversed(_platform_options):
        command = option(command)
    return command


@contextlib.contextmanager
def said_plainly() -> Iterator[None]:
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


def adapter_of(
    command: str | None,
    path: str | None,
    scale: float,
    address: str | None = None,
    transcript: Transcript | None = None,
) -> Adapter:
    """The adapter that the options name; the reference client where they name none."""
    deadlines = Deadlines(scale=scale)
    if command is not None:
        return ProcessAdapter(command, deadlines=deadlines, transcript=transcript)
    if address is not None:
        return TcpAdapter(address, deadlines=deadlines, transcript=transcript)
    return PythonAdapter(path or REFERENCE, deadlines=deadlines, transcript=transcript)


def platform_of(
    url: str, contract: Contract, key: str | None, secret: str | None, control: str | None, scale: float
) -> tuple[PlatformAdapter, JudgedPlatform]:
    """What drives the platform at the URL, and what gives its clients their credentials. Raises ValueError."""
    try:
        judged = JudgedPlatform(url, contract, key, secret, control=control, deadlines=Deadlines(scale=scale))
    except ValueError as error:
        raise ValueError(f"--platform: {error}") from None
    return PlatformAdapter(judged), judged


def check_one(given: Mapping[str, str | None]) -> None:
    """Raise UsageError where more than one of these options is given."""
    names = [name for name, value in given.items() if value is not None]
    if len(names) > 1:
        raise click.UsageError(f"{' and '.join(names)} cannot be given together. Leave one of them out.")


def choices_of(contract: Contract, chosen: tuple[str, ...], profile: str | None) -> dict[str, str]:
    """The choices that `--profile` and `--choice` declare, the latter winning. Raises ValueError with a sentence."""
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


def check_rules(contract: Contract, only: tuple[str, ...], option: str = "--rule") -> None:
    """Raise ValueError, with what may have been meant, where the contract lacks a rule."""
    for rule in only:
        if rule not in contract.rules:
            near = difflib.get_close_matches(rule, contract.rules, n=3)
            hint = f"Did you mean {' or '.join(near)}?" if near else f"Rules: {', '.join(contract.rules)}."
            raise ValueError(f"{option}: the contract has no rule `{rule}`. {hint}")


def read_json(file: Path, option: str = "--replay") -> Any:
    """What a case file holds. Raises ValueError with a sentence."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{option}: {file} cannot be read: {error.strerror}. Check the path.") from None
    except ValueError as error:
        raise ValueError(
            f"{option}: {file} is not JSON ({error}). Name a file that openfirst check has saved."
        ) from None


def count(number: int, what: str) -> str:
    """A number of things in words."""
    return f"{number} {what}{'' if number == 1 else 's'}"
