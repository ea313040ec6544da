"""The house stands as designed: rooms in place, imports one way, nothing of one machine in the tree."""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tracked import FOLDERS, ROOT, tracked, tracked_in

# From the bottom up: a room may import those before it.
ROOMS = {
    "openfirst_spec": ROOT / "spec" / "openfirst_spec",
    "openfirst_reference": ROOT / "reference" / "openfirst_reference",
    "openfirst_simulator": ROOT / "simulator" / "openfirst_simulator",
    "openfirst_conformance": ROOT / "conformance" / "openfirst_conformance",
    "openfirst": ROOT / "openfirst",
}

TOP_LEVEL = [
    "spec",
    "reference",
    "simulator",
    "conformance",
    "openfirst",
    "clients",
    "tests",
    "docs",
    "examples",
    "pyproject.toml",
    "noxfile.py",
    "README.md",
    ".ci/run",
]

# In pieces, or this file would be the first to be found.
MACHINE_PATH = re.compile(
    r"(?<![\w.$}-])/(?:" + "|".join(["home", "Users", "root", "tmp", "private", "work"]) + r")/\w"
    r"|\b[A-Za-z]:(?:\\{1,2}|/)" + "Users" + r"\b"
)


def imported_packages(source: str) -> Iterator[tuple[int, str]]:
    """Give line and top-level package of every import, also of one named in a call of import_module."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name.partition(".")[0]) for alias in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield node.lineno, module.partition(".")[0]
            case ast.Call(
                func=ast.Name(id="import_module" | "__import__") | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(module)), *_],
            ):
                yield node.lineno, module.partition(".")[0]


def upward_imports(room: str, source: str) -> list[tuple[int, str]]:
    """List the imports in `source`, a module of `room`, that reach a room above it."""
    order = list(ROOMS)
    above = set(order[order.index(room) + 1 :])
    return [(line, package) for line, package in imported_packages(source) if package in above]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_the_rooms_below_it(room: str) -> None:
    modules = tracked_in(str(ROOMS[room].relative_to(ROOT)), ".py")
    assert modules, f"{ROOMS[room]} has no module"

    upward = [
        f"{module.relative_to(ROOT)}:{line} imports {package}"
        for module in modules
        for line, package in upward_imports(room, module.read_text(encoding="utf-8"))
    ]

    assert upward == []


@pytest.mark.parametrize(
    "source",
    [
        "import openfirst_simulator",
        "import json, openfirst_simulator.world as world",
        "from openfirst_simulator import app",
        "def late():\n    from openfirst_simulator.http_server import make",
        "importlib.import_module('openfirst_simulator.http_server')",
    ],
)
def test_an_upward_import_is_seen_in_every_form(source: str) -> None:
    [(_, package)] = upward_imports("openfirst_reference", source)

    assert package == "openfirst_simulator"


def test_a_downward_import_is_allowed() -> None:
    source = "from openfirst_spec import contract\nfrom . import machine\nfrom .openfirst import x"

    assert upward_imports("openfirst_reference", source) == []


@pytest.mark.parametrize("name", TOP_LEVEL)
def test_the_design_finds_its_rooms(name: str) -> None:
    assert (ROOT / name).exists()


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_tells_type_checkers_that_it_is_typed(room: str) -> None:
    assert (ROOMS[room] / "py.typed").is_file()


def test_without_git_the_projects_folders_say_what_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive of the project has no git: all that is tracked is found, and nothing of another folder."""
    with_git = set(tracked())
    monkeypatch.setattr(shutil, "which", lambda _: None)
    found = set(tracked.__wrapped__())
    assert with_git <= found
    assert {path.relative_to(ROOT).parts[0] for path in found - with_git if path.parent != ROOT} <= set(FOLDERS)


def text_of(path: Path) -> str:
    """Give the text of a file; a binary one has none."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def test_no_file_names_a_path_of_one_machine() -> None:
    files = tracked()
    assert Path(__file__).resolve() in files

    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in files
        for number, line in enumerate(text_of(path).splitlines(), start=1)
        if MACHINE_PATH.search(line)
    ]

    assert found == []


@pytest.mark.parametrize(
    ("line", "is_found"),
    [
        ("open /" + "home/ana/contract.yaml", True),
        ("cwd='/" + "tmp/x1'", True),
        ("file:///" + "Users/ana/x", True),
        ("C:\\" + "Users\\ana", True),
        ("GET https://example.com/" + "home/ana", False),
        ("docs/" + "home/index.md", False),
    ],
)
def test_a_machine_path_is_told_from_a_url_and_from_a_path_of_the_project(line: str, is_found: bool) -> None:
    assert bool(MACHINE_PATH.search(line)) is is_found
