"""`openfirst learn`: the automaton of an implementation, beside the contract's."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from openfirst.cli.exits import said_plainly
from openfirst.cli.options import check_targets, judged, page_width
from openfirst.cli.reporting import write
from openfirst.request import Request
from openfirst_conformance.cases.files import case_to_json
from openfirst_conformance.reports.terminal import show_failures
from openfirst_reference.contract.findings import Mistake
from openfirst_reference.show.blocks import as_markdown, as_text

BROKEN, INCOMPLETE = 1, 3


@click.command()
@click.option("--fixture", metavar="NAME", help="What the client holds.  [default: the first that can be had]")
@click.option(
    "--calls", default=20_000, show_default=True, type=click.IntRange(1), help="How many calls are made to learn it."
)
@click.option("--seed", default=0, show_default=True, help="The seed of the walks.")
@click.option(
    "--scenarios",
    "scenarios_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the sequences that were found, for openfirst check --scenario.",
)
@click.option(
    "--markdown",
    "markdown_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write it as a page, with a drawing.",
)
@judged
def learn(
    request: Request,
    fixture: str | None,
    calls: int,
    seed: int,
    scenarios_file: Path | None,
    markdown_file: Path | None,
) -> None:
    """Learn what an implementation does, as an automaton, and compare that with the contract.

    Every step of it is played and judged. It finds what shows late, such as at the third close, and proposes scenarios from which
    openfirst check goes on. It takes AALpy: pip install 'openfirst[learn]'.

    Exit status: 0 no rule is broken, 1 one is, 2 usage, 3 the automaton is not complete.
    """
    with said_plainly():
        try:
            from openfirst_conformance.learning.learn import learn as learn_automaton
            from openfirst_conformance.learning.learn import scenarios
            from openfirst_conformance.reports.learnt import drawing, learnt_blocks
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] != "aalpy":
                raise
            raise Mistake(
                "openfirst learn takes AALpy, which is not installed. Install it: pip install 'openfirst[learn]'"
            ) from None
        check_targets({"--scenarios": scenarios_file, "--markdown": markdown_file})
        contract = request.contract()
        choices = request.choices(contract)
        subject, platform = request.subject(contract, None)
        run = learn_automaton(
            subject, contract, fixture=fixture, calls=calls, seed=seed, choices=choices, platform=platform
        )
        report, learnt = asyncio.run(run)
        blocks = list(learnt_blocks(report, learnt))
        console = Console(highlight=False)
        show_failures(report, console)
        console.print(Text("\n".join(as_text(blocks, page_width()))), soft_wrap=True)
        if markdown_file:
            write(markdown_file, "\n".join(as_markdown([*blocks, drawing(report, learnt)])))
        if scenarios_file:
            cases = [case_to_json(case, case.calls, contract) for case in scenarios(report, learnt)]
            write(scenarios_file, json.dumps(cases, ensure_ascii=False, indent=2) + "\n")
    sys.exit(BROKEN if report.verdict == "broken" else INCOMPLETE if learnt.ended else 0)
