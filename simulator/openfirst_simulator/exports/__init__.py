"""A journal in other forms: JSON lines, HAR, a trace for `openfirst trace`, and a test that plays it again.

Each says in its own way that entries were dropped, and what it leaves out.
"""

from __future__ import annotations

from typing import Literal

from openfirst_simulator.journal import Filter, Journal
from openfirst_simulator.table import Table

Form = Literal["jsonl", "har", "trace", "pytest"]
TYPES: dict[Form, str] = {
    "jsonl": "application/jsonl",
    "har": "application/json",
    "trace": "application/jsonl",
    "pytest": "text/x-python",
}
"""The forms, each with its content type."""


def export(form: Form, world: str, journal: Journal, wanted: Filter, table: Table) -> str:
    """What is wanted of the journal of a world, in this form."""
    # Each is brought in when it is asked for: the platform starts without them.
    match form:
        case "jsonl":
            from openfirst_simulator.exports.json_lines import json_lines  # noqa: PLC0415

            return json_lines(journal, wanted, table)
        case "har":
            from openfirst_simulator.exports.har import har  # noqa: PLC0415

            return har(world, journal, wanted)
        case "trace":
            from openfirst_simulator.exports.trace import trace  # noqa: PLC0415

            return trace(journal, wanted, table)
        case "pytest":
            from openfirst_simulator.exports.pytest_file import pytest_file  # noqa: PLC0415

            return pytest_file(world, journal, wanted, table)
