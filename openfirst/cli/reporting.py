"""Reports as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from openfirst_conformance.reports.data import as_json
from openfirst_conformance.reports.junit import as_junit
from openfirst_conformance.verdicts.compare import check_report
from openfirst_conformance.verdicts.model import Report
from openfirst_reference.contract.document import Json
from openfirst_reference.contract.findings import Mistake


def write_reports(report: Report, json_file: Path | None, junit_file: Path | None) -> None:
    """Write a report as JSON and as JUnit XML, where files are named for that. Raises ValueError with a sentence."""
    if junit_file:
        write(junit_file, as_junit(report))
    if json_file:
        write(json_file, json.dumps(as_json(report), ensure_ascii=False, indent=2, default=str) + "\n")


def read_report(file: Path) -> Json:
    """The report in a file. Raises ValueError with a sentence."""
    try:
        value: Any = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise Mistake(f"{file} cannot be read: {error.strerror}. Check the path.") from None
    except ValueError as error:
        raise Mistake(f"{file} is not JSON ({error}). Name a file that openfirst check --json has written.") from None
    return check_report(value, str(file))


def write(file: Path, text: str) -> None:
    """Write a file. Raises ValueError with a sentence."""
    try:
        # A lone surrogate, which the walks may hold, is no character: JSON writes it so.
        file.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise Mistake(f"{file} could not be written: {error.strerror}. Make room, or name another file.") from None
