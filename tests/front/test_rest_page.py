"""*Your REST client, unchanged*: its Python runs as it stands there, and its JavaScript is the example's."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from openfirst_simulator.tls import HOSTS
from tests.tracked import ROOT, tracked_in

PAGE = (ROOT / "docs" / "rest-clients.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)
FILES = {
    found[1]: code for _, code in BLOCKS if (found := re.match(r"(?:#|//) ([\w-]+(?:\.test)?\.(?:py|[mc]js))\b", code))
}


def ran(folder: Path, command: str) -> str:
    """What `pytest` prints there."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    whole = [sys.executable, "-m", *command.split(), "-p", "no:cacheprovider"]
    return subprocess.run(whole, cwd=folder, env=environment, capture_output=True, text=True, check=False).stdout


def test_the_pages_tests_pass_as_it_shows(tmp_path: Path) -> None:
    for name in ("tokens.py", "test_tokens.py"):
        (tmp_path / name).write_text(FILES[name], encoding="utf-8")
    [(command, shown)] = [
        code.removeprefix("$ ").split("\n", 1)
        for kind, code in BLOCKS
        if kind == "console" and code.startswith("$ pytest")
    ]
    expected = re.escape(shown).replace("…", ".*")
    assert re.fullmatch(expected, ran(tmp_path, command))


@pytest.mark.parametrize(
    ("right", "wrong", "failing"),
    [
        ("await get_api_token(key, secret,", "await get_api_token(key, 'x',", "test_a_token_is_for_whom"),
        ('["conf:create"], external_id', '["conf:create"], "ben"', "test_a_token_is_for_whom"),
    ],
)
def test_a_server_that_is_wrong_fails_the_pages_test(tmp_path: Path, right: str, wrong: str, failing: str) -> None:
    assert right in FILES["tokens.py"]
    (tmp_path / "tokens.py").write_text(FILES["tokens.py"].replace(right, wrong), encoding="utf-8")
    (tmp_path / "test_tokens.py").write_text(FILES["test_tokens.py"], encoding="utf-8")
    assert f"FAILED test_tokens.py::{failing}" in ran(tmp_path, "pytest -q -W ignore::DeprecationWarning")


def test_the_pages_javascript_is_the_examples() -> None:
    paths = [path for suffix in (".cjs", ".mjs") for path in tracked_in("examples/rest-node", suffix)]
    scripts = {path.name: path.read_text(encoding="utf-8") for path in paths}
    assert {name: code for name, code in FILES.items() if name.endswith("js")} == scripts


def test_node_knows_the_hosts_that_the_certificate_names() -> None:
    [pattern] = re.findall(r"const HOSTS = /(.*)/i;", FILES["redirect.cjs"])
    names = re.compile(pattern)
    assert all(names.search(host) for host in HOSTS)
    assert not any(
        names.search(host) for host in ("dolby.io", "api.dolby.io.evil.org", "xapi.dolby.io", "api.dolby.com")
    )
