"""A journal in other forms: JSON lines, HAR, a trace for `openfirst trace`, and a test that plays it again.

Each says in its own way that entries were dropped, and what it leaves out.
"""

from __future__ import annotations

from typing import Literal

from openfirst_simulator.exports.har import har
from openfirst_simulator.exports.json_lines import json_lines
from openfirst_simulator.exports.pytest_file import pytest_file
from openfirst_simulator.exports.trace import trace
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
    match form:
        case "jsonl":
            return json_lines(journal, wanted, table)
        case "har":
            return har(world, journal, wanted)
        case "trace":
            return trace(journal, wanted, table)
        case "pytest":
            return pytest_file(world, journal, wanted, table)
