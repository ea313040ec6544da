"""Reports as files."""

from __future__ import annotations

import json
from pathlib import Path

from openfirst_conformance.reports.data import as_json
from openfirst_conformance.reports.junit import as_junit
from openfirst_conformance.verdicts.model import Report


def write_reports(report: Report, json_file: Path | None, junit_file: Path | None) -> None:
    """Write a report as JSON and as JUnit XML, where files are named for that."""
    if junit_file:
        junit_file.write_text(as_junit(report), encoding="utf-8")
    if json_file:
        json_file.write_text(
            json.dumps(as_json(report), ensure_ascii=False, indent=2, default=str) + "\n",
            encoding="utf-8",
            errors="backslashreplace",  # a lone surrogate, which the walks may hold, is no character: JSON writes it so
        )
