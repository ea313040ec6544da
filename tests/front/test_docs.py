"""What the documentation says is so."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from openfirst.cli import main
from tests.tracked import ROOT, tracked_in

PAGES = [ROOT / "README.md", *tracked_in("docs", ".md"), ROOT / "CONTRIBUTING.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    """Links to files of the project, relative to the page."""
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_option_that_is_named_is_one(page: Path) -> None:
    """`--something` behind `openfirst COMMAND` on one line is an option of that command."""
    for command, rest in re.findall(
        r"openfirst (check|replay|rules|simulate|trace|compare|mutants|(?:contract|adapter) \w+)([^`\n]*)",
        page.read_text(encoding="utf-8"),
    ):
        options = re.findall(r"(?<![-\w])--[a-z][a-z-]+", re.split(r"#| -- ", rest)[0])
        shown = CliRunner().invoke(main, [*command.split(), "--help"], catch_exceptions=False).output
        assert [option for option in options if option not in shown] == []


def test_the_code_in_the_guide_is_the_example() -> None:
    """The guide shows the second half of the example, line for line."""
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "adapter.md").read_text(encoding="utf-8"), re.DOTALL)
    assert code.strip() in (ROOT / "examples" / "python" / "adapter.py").read_text(encoding="utf-8")


def test_the_readme_says_whose_it_is_not_and_both_commands() -> None:
    """Two lines do everything."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "not affiliated with Dolby" in readme
    assert "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/openfirst check" in readme
    assert "python3 -m venv .venv && .venv/bin/pip install nox && .venv/bin/nox" in readme
