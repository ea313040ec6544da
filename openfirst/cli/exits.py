"""Exit statuses: how a person's mistake is told, and how one of our own."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

import click

from openfirst.stopped import stopped
from openfirst_conformance.adapters.protocol.faults import AdapterFault
from openfirst_reference.contract.findings import ContractError, Mistake

USAGE = 2
FAILED = 70
"""Something of openfirst's own failed (EX_SOFTWARE). Status 1 says that a rule is broken, and nothing else."""
NOBODY_READS = 141
TRACEBACK = "OPENFIRST_TRACEBACK"


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
    except Mistake as error:
        click.echo(str(error), err=True)
        sys.exit(USAGE)
    except KeyboardInterrupt:
        stopped()
