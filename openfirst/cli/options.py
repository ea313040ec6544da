"""What the commands share: options, and the files that they name."""

from __future__ import annotations

import functools
import json
import math
import shutil
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from openfirst.request import Request
from openfirst_reference.contract.findings import Mistake
from openfirst_reference.show.blocks import WIDTH

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


def _finite(_: click.Context, parameter: click.Parameter, value: float) -> float:
    """A number that a deadline can be multiplied by."""
    if not math.isfinite(value):
        raise click.BadParameter(f"{value} is no number to multiply by. Give one such as 2.", param=parameter)
    return value


timeout_scale = click.option(
    "--timeout-scale",
    default=1.0,
    show_default=True,
    type=click.FloatRange(min=0.01),
    callback=_finite,
    help="Multiplies every deadline.",
)

json_file = click.option(
    "--json", "json_file", type=click.Path(path_type=Path), metavar="FILE", help="Write the report as JSON."
)
junit_file = click.option(
    "--junit", "junit_file", type=click.Path(path_type=Path), metavar="FILE", help="Write the report as JUnit XML."
)
_judged = (
    click.option(
        "--adapter", metavar="COMMAND", help="Judge the implementation behind this adapter, a command that is started."
    ),
    click.option(
        "--python",
        "python_",
        metavar="MODULE:FACTORY",
        help="Judge the implementation behind this Python adapter object.",
    ),
    connect,
    click.option("--platform", metavar="URL", help="Judge the platform that listens there."),
    click.option("--app-key", envvar="OPENFIRST_APP_KEY", metavar="KEY", help="The application key, for --platform."),
    click.option(
        "--app-secret", envvar="OPENFIRST_APP_SECRET", metavar="SECRET", help="The application secret, for --platform."
    ),
    click.option("--control", metavar="URL", help="The control plane of the platform, if it has one of its own."),
    timeout_scale,
    chosen,
    profile,
    overlays,
)


_OF_PLATFORM = {"--app-key": "app_key", "--app-secret": "app_secret", "--control": "control"}


def judged(command: Callable[..., None]) -> Callable[..., None]:
    """The options that name what is judged, as one `request`. Raises UsageError for those that exclude one another."""

    @functools.wraps(command)
    def with_request(**given: Any) -> None:
        request = Request(**{field.name: given.pop(field.name) for field in fields(Request)})
        for option, name in _OF_PLATFORM.items():
            # Key and secret may stand in the environment, whatever is judged.
            is_given = click.get_current_context().get_parameter_source(name) is ParameterSource.COMMANDLINE
            if is_given and request.platform is None:
                raise click.UsageError(f"{option} is of a platform that is judged. Give --platform, too.")
        named = {
            "--adapter": request.adapter,
            "--python": request.python_,
            "--connect": request.connect,
            "--platform": request.platform,
        }
        for option, value in named.items():
            if value is not None and not value.strip():
                raise click.UsageError(f"{option} is empty. Name what is to be judged, or leave the option out.")
        check_one(named)
        if request.platform and given.get("transcript"):
            raise click.UsageError(
                "--transcript keeps the messages of an adapter, and a platform has none. Leave it out."
            )
        command(request=request, **given)

    for option in reversed(_judged):
        with_request = option(with_request)
    return with_request


def check_one(given: Mapping[str, str | None]) -> None:
    """Raise UsageError where more than one of these options is given."""
    names = [name for name, value in given.items() if value is not None]
    if len(names) > 1:
        raise click.UsageError(f"{' and '.join(names)} cannot be given together. Leave one of them out.")


def read_json(file: Path, option: str = "--replay") -> Any:
    """What a case file holds. Raises ValueError with a sentence."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise Mistake(f"{option}: {file} cannot be read: {error.strerror}. Check the path.") from None
    except (ValueError, RecursionError) as error:
        raise Mistake(f"{option}: {file} is not JSON ({error}). Name a file that openfirst check has saved.") from None


def page_width() -> int:
    """How wide a page of text may be: as wide as the terminal, as long as lines can be read."""
    return min(shutil.get_terminal_size().columns, WIDTH)


def check_targets(targets: Mapping[str, Path | None]) -> None:
    """Raise UsageError for the first file, by the option that names it, that could not be written once all has been run."""
    taken: dict[Path, str] = {}
    for option, file in targets.items():
        if file is None:
            continue
        other = taken.setdefault(file.resolve(), option)
        if other != option:
            raise click.UsageError(f"{other} and {option} name the same file, {file}. Name another for one of them.")
        if file.is_dir():
            raise click.UsageError(f"{option}: {file} is a folder. Name a file in it.")
        if not file.parent.is_dir():
            what = "is no folder" if file.parent.exists() else "does not exist"
            raise click.UsageError(f"{option}: the folder {file.parent} {what}. Make it, or name another file.")
        is_new = not file.exists()
        try:
            with file.open("a", encoding="utf-8"):
                pass
        except OSError as error:
            raise click.UsageError(
                f"{option}: {file} cannot be written: {error.strerror}. Name another file."
            ) from None
        if is_new:
            file.unlink(missing_ok=True)  # Another run may look just now whether it can write there.
