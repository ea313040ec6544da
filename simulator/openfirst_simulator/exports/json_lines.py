"""The journal as JSON lines: an entry a line, as the control plane shows it."""

from __future__ import annotations

import json

from openfirst_simulator.journal import Filter, Journal, journal_entry
from openfirst_simulator.table import Table


def json_lines(journal: Journal, wanted: Filter, table: Table) -> str:
    """The entries that are wanted. Where some may be gone, the first line says how many are: `{"dropped": 12}`."""
    shown = [journal_entry(entry, table.contract, table.machine.names) for entry in journal.find(wanted)]
    lines = shown if journal.knows(wanted) else [{"dropped": journal.dropped - wanted.since}, *shown]
    return "".join(json.dumps(line) + "\n" for line in lines)
