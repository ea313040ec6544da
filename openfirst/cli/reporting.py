"""Reports as files."""

from __future__ import annotations

import json
from pathlib import Path

from openfirst_conformance.reports.data import as_json
from openfirst_conformance.reports.junit import as_junit
from openfirst_conformance.verdicts.model import Report
from openfirst_reference.contract.findings import Mistake


def write_reports(report: Report, json_file: Path | None, junit_file: Path | None) -> None:
    """Write a report as JSON and as JUnit XML, where files are named for that. Raises ValueError with a sentence."""
    if junit_file:
        _write(junit_file, as_junit(report))
    if json_file:
        _write(json_file, json.dumps(as_json(report), ensure_ascii=False, indent=2, default=str) + "\n")


def _write(file: Path, text: str) -> None:
    try:
        # A lone surrogate, which the walks may hold, is no character: JSON writes it so.
        file.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise Mistake(f"{file} could not be written: {error.strerror}. Make room, or name another file.") from None
