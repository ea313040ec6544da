"""The command line: thin, and the only place that knows of exit statuses, terminals and files."""

from __future__ import annotations

import gc

import click

from openfirst.cli.commands.adapter import adapter
from openfirst.cli.commands.check import check
from openfirst.cli.commands.compare import compare
from openfirst.cli.commands.contract import contract
from openfirst.cli.commands.mutants import mutants
from openfirst.cli.commands.replay import replay
from openfirst.cli.commands.rules import rules
from openfirst.cli.commands.simulate import simulate
from openfirst.cli.commands.trace import trace
from openfirst.cli.exits import Main


@click.group(cls=Main, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="openfirst")
def main() -> None:
    """The session contract of the Dolby.io Communications SDK: judge an implementation, simulate the platform, read the rules."""
    collect_rarely()


def collect_rarely() -> None:
    """Look for garbage less often: nearly all that a run makes is kept to its end, and the looking takes an eighth of its time."""
    gc.set_threshold(10_000, 20, 50)


for command in (check, replay, rules, adapter, trace, compare, simulate, contract, mutants):
    main.add_command(command)
