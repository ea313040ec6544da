"""What `openfirst check` does with a baseline: read it before, compare and update it after."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from openfirst_conformance.reports.layout import wrapped
from openfirst_conformance.reports.terminal import EXIT_STATUS
from openfirst_conformance.verdicts.baseline import TODO, Baseline, Compared, compare, read_baseline, updated
from openfirst_conformance.verdicts.model import Report
from openfirst_reference.contract.findings import Mistake, count
from openfirst_reference.contract.model import Contract

STALE = 4
_FAR = 1 << 30


def baseline(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options `--baseline` and `--update-baseline`, as `baseline_file` and `update_baseline`."""
    update = click.option(
        "--update-baseline",
        is_flag=True,
        help="Write what fails now into the baseline; reasons that are there are kept.",
    )
    file = click.option(
        "--baseline",
        "baseline_file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Accept the failures that this file lists, each with a reason, and nothing else.",
    )
    return file(update(command))


def read(file: Path | None, contract: Contract, *, update: bool) -> Baseline | None:
    """The baseline, if there is one. Raises ValueError and ContractError for one that cannot be used."""
    if file is None:
        if update:
            raise click.UsageError("--update-baseline needs --baseline FILE, which says where to write.")
        return None
    if update and not (file.exists() and file.stat().st_size):
        if not file.parent.is_dir():
            raise Mistake(f"--baseline: the folder {file.parent} does not exist. Make it, or name another file.")
        return None
    if not file.exists():
        raise Mistake(f"--baseline: {file} does not exist. Add --update-baseline to write it, or check the path.")
    known = read_baseline(file, contract)
    if not update:
        known.check_reasons()
    return known


def settle(report: Report, known: Baseline | None, file: Path | None, *, update: bool) -> Compared:
    """The report beside the baseline, which is written first where that is asked for. Raises ValueError.

    What another run has written there since it was read (`known`) stays.
    """
    if file is None:
        return Compared(report, (), (), (), ())
    if not update:
        return compare(report, known)
    with _alone(file):
        now = read_baseline(file, report.contract) if file.stat().st_size else None
        before = known.entries if known else ()
        others = [entry for entry in now.entries if entry not in before] if now else []
        file.write_text(updated(now, compare(report, now, others)), encoding="utf-8")
        return compare(report, read_baseline(file, report.contract), others)


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """While a file is read and written, every other run that wants to waits. Where there is none it is made, empty."""
    with file.open("a", encoding="utf-8") as held:
        if sys.platform == "win32":
            import msvcrt

            held.seek(_FAR)  # Nobody else may read what is locked there.
            msvcrt.locking(held.fileno(), msvcrt.LK_LOCK, 1)
            try:
                yield
            finally:
                held.seek(_FAR)
                msvcrt.locking(held.fileno(), msvcrt.LK_UNLCK, 1)
        else:
            import fcntl

            fcntl.flock(held, fcntl.LOCK_EX)  # until it is closed
            yield


def show(compared: Compared, file: Path | None, console: Console, *, update: bool) -> None:
    """Print what is wrong with the baseline, or that a person has something to write."""
    for finding in compared.findings:
        console.print(wrapped(Text(finding, style="yellow"), console.width), soft_wrap=True)
    if file is not None and update:
        entries = read_baseline(file, compared.report.contract).entries
        without = sum(not entry.has_reason for entry in entries)
        todo = f"; {without} of them without a reason: write one where it says {TODO}" if without else ""
        said = f"{file} lists {count(len(entries), 'failure')}{todo}."
        console.print(wrapped(said, console.width), soft_wrap=True)


def status(compared: Compared) -> int:
    """The exit status: 4 where only the baseline is wrong."""
    of_report = EXIT_STATUS[compared.report.verdict]
    return STALE if of_report == 0 and compared.findings else of_report
