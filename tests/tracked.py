"""The project's own files: those that git tracks. What else lies in the folder, a virtual environment say, is nobody's business."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = (
    ".ci",
    "benchmarks",
    "clients",
    "conformance",
    "docs",
    "examples",
    "openfirst",
    "reference",
    "simulator",
    "spec",
    "tests",
)
_MADE = {"__pycache__", "node_modules"}


@cache
def tracked() -> tuple[Path, ...]:
    """Every file that git tracks and that is there; without git, what lies in the project's folders."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        return tuple(sorted(_in_folders()))
    # In a container the checkout often belongs to another user, to which git objects.
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    return tuple(path for name in listed.decode().split("\0") if name and (path := ROOT / name).is_file())


def tracked_in(folder: str, suffix: str) -> list[Path]:
    """Those below a folder whose names end so."""
    return [path for path in tracked() if path.suffix == suffix and path.is_relative_to(ROOT / folder)]


def _in_folders() -> Iterator[Path]:
    yield from (path for path in ROOT.iterdir() if path.is_file())
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and _MADE.isdisjoint(path.parts):
                yield path
