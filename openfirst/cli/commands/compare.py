"""`openfirst compare`: two reports side by side."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console

from openfirst.cli.exits import said_plainly
from openfirst.cli.reporting import read_report
from openfirst_conformance.reports.layout import table, wrapped
from openfirst_conformance.verdicts.compare import differences, remarks
from openfirst_reference.contract.document import Json
from openfirst_reference.contract.findings import count


@click.command()
@click.argument("first", type=click.Path(path_type=Path))
@click.argument("second", type=click.Path(path_type=Path))
def compare(first: Path, second: Path) -> None:
    """Compare two reports of openfirst check --json: two implementations, or two versions, rule by rule and choice by choice.

    Exit status: 0 equal, 1 different, 2 usage.
    """
    with said_plainly():
        reports = [read_report(file) for file in (first, second)]
    found = differences(reports[0], reports[1])
    console = Console(highlight=False)
    for remark in remarks(reports[0], reports[1]):
        console.print(wrapped(remark, console.width), soft_wrap=True)
    names = [_name(report) for report in reports]
    if names[0] == names[1]:
        names = [f"{name} ({file})" for name, file in zip(names, (first, second), strict=True)]
    if found:
        rows = [(f"{item.kind} {item.id}", item.first, item.second) for item in found]
        console.print(table(("", *names), rows, console.width), soft_wrap=True)
    rules, choices = (sum(item.kind == kind for item in found) for kind in ("rule", "choice"))
    said = f"differ in {count(rules, 'rule')} and {count(choices, 'choice')}" if found else "do not differ"
    console.print(wrapped(f"{names[0]} and {names[1]} {said}.", console.width), soft_wrap=True)
    sys.exit(1 if found else 0)


def _name(report: Json) -> str:
    implementation = report["implementation"]
    return f"{implementation.get('name', '?')} {implementation.get('version', '')}".strip()
