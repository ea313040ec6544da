"""`openfirst join`: the reports of shards as one."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
from rich.console import Console

from openfirst.cli.exits import said_plainly
from openfirst.cli.options import check_targets
from openfirst.cli.reporting import read_report, write
from openfirst_conformance.reports.joined import joined
from openfirst_conformance.reports.layout import wrapped
from openfirst_conformance.reports.terminal import EXIT_STATUS, rules_table
from openfirst_reference.contract.findings import Mistake, count


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path), metavar="FILE", help="Write the joined report as JSON."
)
def join(files: tuple[Path, ...], json_file: Path | None) -> None:
    """Join the reports of a run's shards, which openfirst check --shard … --json has written, into that of the whole run.

    Exit status: as of openfirst check; 2 where they are no parts of one run.
    """
    with said_plainly():
        check_targets({"--json": json_file})
        for file in files:
            if files.count(file) > 1:
                raise Mistake(f"{file} is named twice. Name each part once.")
        report = joined({str(file): read_report(file) for file in files})
        if json_file:
            write(json_file, json.dumps(report, ensure_ascii=False, indent=2) + "\n")
    console = Console(highlight=False)
    rules = ((rule["id"], rule["level"], rule["verdict"], rule["reason"]) for rule in report["rules"])
    console.print(rules_table(rules, console.width), soft_wrap=True)
    calls = sum(promise["calls"] for promise in report["promise"].values())
    name = f"{report['implementation'].get('name', '?')} {report['implementation'].get('version', '')}".strip()
    said = f"{report['verdict']}: {name}, {count(calls, 'call')} in {count(len(files), 'part')}."
    if not report["finished"]:
        said += " Not every part was done to its end; run those again."
    console.print(wrapped(said, console.width), soft_wrap=True)
    sys.exit(EXIT_STATUS[report["verdict"]])
