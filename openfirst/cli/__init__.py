"""The command line: thin, and the only place that knows of exit statuses, terminals and files."""

from __future__ import annotations

import click

from openfirst.cli.group import Main
from openfirst.garbage import collect_rarely


@click.group(cls=Main, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="openfirst")
def main() -> None:
    """The session contract of the Dolby.io Communications SDK: judge an implementation, simulate the platform, read the rules."""
    collect_rarely()
