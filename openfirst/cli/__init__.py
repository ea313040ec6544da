"""The command line: thin, and the only place that knows of exit statuses, terminals and files."""

from __future__ import annotations

import click

from openfirst.cli.adapter import adapter
from openfirst.cli.check import check
from openfirst.cli.compare import compare
from openfirst.cli.contract import contract
from openfirst.cli.mutants import mutants
from openfirst.cli.simulate import simulate
from openfirst.cli.trace import trace


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="openfirst")
def main() -> None:
    """The session contract of the Dolby.io Communications SDK: judge an implementation, simulate the platform, read the rules."""


for command in (check, adapter, trace, compare, simulate, contract, mutants):
    main.add_command(command)
