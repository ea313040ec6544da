"""`openfirst mutants`: measure the judge itself."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from openfirst.cli.exits import said_plainly
from openfirst.cli.options import check_targets, overlays
from openfirst_conformance.power.measure import measure
from openfirst_conformance.reports.power import as_json, as_markdown, as_table, as_text
from openfirst_reference.contract.load import load_contract
from openfirst_reference.machine.machine import machine_of
from openfirst_reference.show.blocks import fitted


@click.command()
@click.option(
    "-k",
    "extra",
    type=click.IntRange(0, 2),
    help="The extra states that `complete` allows for.  [default: as many as find each kind of mutant]",
)
@click.option(
    "--each",
    default=40,
    show_default=True,
    type=click.IntRange(1),
    metavar="N",
    help="Draw so many mutants of each kind.",
)
@click.option("--all", "every", is_flag=True, help="Try all mutants there are; takes hours.")
@click.option("--seed", default=0, show_default=True, metavar="S", help="What the draw depends on.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), metavar="FILE", help="Write the result as JSON.")
@click.option(
    "--markdown", "markdown_file", type=click.Path(path_type=Path), metavar="FILE", help="Write it as a page."
)
@overlays
def mutants(
    extra: int | None,
    each: int,
    every: bool,
    seed: int,
    json_file: Path | None,
    markdown_file: Path | None,
    overlays: tuple[Path, ...],
) -> None:
    """Measure the judge: mutants of the contract are run as clients, and `complete` must kill all that do not conform.

    Clients that conform, whatever they choose, must go free, and each rule must be one that the judge can convict by.

    Exit status: 0 it is as good as it says, 1 it is not, 2 usage.
    """
    console = Console(highlight=False)
    with said_plainly():
        check_targets({"--json": json_file, "--markdown": markdown_file})
        machine = machine_of(load_contract(overlays=overlays))
        with Console(stderr=True).status("Drawing mutants …") as status:
            power = measure(
                machine,
                extra=extra,
                each=None if every else each,
                seed=seed,
                announce=lambda what: status.update(f"Trying {what}"),
            )
    console.print(as_table(power, console.width), soft_wrap=True)
    console.print()
    console.print(Text(fitted(as_text(power), console.width)), soft_wrap=True)
    if json_file:
        json_file.write_text(json.dumps(as_json(power), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    if markdown_file:
        markdown_file.write_text(as_markdown(power), encoding="utf-8")
    sys.exit(0 if power.holds else 1)
