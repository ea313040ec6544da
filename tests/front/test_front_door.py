"""`import openfirst` gives what the docs and the examples use, and they use nothing else."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path

import pytest

import openfirst
from tests.tracked import ROOT, tracked

ROOM = re.compile(r"^\s*(?:from|import)\s+openfirst_\w+", re.MULTILINE)
SHOWN = [
    path
    for path in tracked()
    if path.suffix in (".md", ".py", ".txt")
    and (path.is_relative_to(ROOT / "examples") or path.is_relative_to(ROOT / "docs") or "skeletons" in path.parts)
    and not path.is_relative_to(ROOT / "tests")
]
SNIPPETS = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "python.md").read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("name", openfirst.__all__)
def test_every_name_is_there_and_says_what_it_is(name: str) -> None:
    assert name == "__version__" or getattr(openfirst, name).__doc__


def test_another_name_is_not() -> None:
    with pytest.raises(AttributeError, match="simulate_all"):
        _ = openfirst.simulate_all


def test_to_import_it_brings_in_no_room() -> None:
    code = "import sys, openfirst; sys.exit(any(name.startswith('openfirst_') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("path", SHOWN, ids=lambda path: path.name)
def test_examples_and_docs_import_nothing_else(path: Path) -> None:
    assert not ROOM.search(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("code", SNIPPETS)
def test_a_snippet_prints_what_it_says(code: str) -> None:
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert printed.splitlines() == re.findall(r"print\(.*\)  # (.*)", code)


@pytest.mark.parametrize(("tiers", "words"), [(["smok"], "Did you mean `smoke`"), ("smoke", "is a list of tiers")])
def test_a_tier_that_there_is_not_is_a_mistake_with_a_sentence(tiers: list[str], words: str) -> None:
    verdict = openfirst.judge(openfirst.PythonAdapter(openfirst.REFERENCE), openfirst.load_contract(), tiers=tiers)
    with pytest.raises(openfirst.Mistake, match=words):
        asyncio.run(verdict)


def test_a_rule_that_there_is_not_is_a_mistake_with_a_sentence() -> None:
    verdict = openfirst.judge(openfirst.PythonAdapter(openfirst.REFERENCE), openfirst.load_contract(), only=["repoen"])
    with pytest.raises(openfirst.Mistake, match=r"no rule `repoen`\. Did you mean `reopen`"):
        asyncio.run(verdict)


def test_what_a_world_cannot_do_is_a_mistake_with_a_sentence() -> None:
    async def tried() -> None:
        async with openfirst.Simulator(openfirst.load_contract()) as simulator:
            world = simulator.world("mine")
            with pytest.raises(openfirst.Mistake, match="cannot be made `rotten`"):
                world.token(condition="rotten")
            with pytest.raises(openfirst.Mistake, match="`fly` is not a move of the platform"):
                world.act("fly", "nobody")
            with pytest.raises(openfirst.Mistake, match="`nobody` is neither a session that is open nor a token"):
                world.act("revokeToken", "nobody")
            with pytest.raises(openfirst.Mistake, match="cannot be a world's name"):
                simulator.world("a/b")
            with pytest.raises(openfirst.WorldError, match="mine"):
                simulator.world("mine")

    asyncio.run(tried())


def test_a_file_that_is_named_by_a_text_is_refused_with_the_remedy() -> None:
    with pytest.raises(TypeError, match=r"Write Path\('mine.yaml'\)"):
        openfirst.load_contract(overlays=["mine.yaml"])  # type: ignore[list-item]
