"""pytest's fixture `platform`: what it says of a test that leaves something, and how it gets on with the rest of pytest."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import openfirst.testing.platform  # noqa: F401 - what pytester brings in it throws away, and a library in it can be loaded once

pytest_plugins = ["pytester"]

APP = """
import pytest
from urllib.request import ProxyHandler, Request, build_opener

def ask(platform, token, method="POST", path="/v1/sessions"):
    headers = {"Authorization": f"Bearer {token}"}
    with build_opener(ProxyHandler({})).open(Request(platform.url + path, b"", headers, method=method)) as answer:
        return answer.status
"""


def results(pytester: pytest.Pytester, code: str, *words: str) -> pytest.RunResult:
    """What a run of these tests comes to, in this process."""
    pytester.makepyfile(APP + code)
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:xdist", *words)


def test_a_session_that_is_left_open_fails_the_test_and_is_told(pytester: pytest.Pytester) -> None:
    result = results(
        pytester,
        """
def test_left(platform):
    assert ask(platform, platform.token("ana")) == 201

def test_closed(platform):
    token = platform.token("ana")
    ask(platform, token)
    assert ask(platform, token, "DELETE", "/v1/sessions/current") == 204
""",
    )
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(
        [
            "The test passed, and left behind on its platform:",
            "- A session of `ana` is still open (*). Close it where the test, or the app, is done with it.",
            "If it is meant to stay: @pytest.mark.openfirst(strict=False).",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*pytest_plugin.py*")


def test_a_fault_that_never_struck_fails_the_test_and_is_told(pytester: pytest.Pytester) -> None:
    result = results(pytester, "def test_left(platform): platform.fail('open', status=503)\n")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["- A fault never struck (open, status 503). The platform was asked: nothing.*"])


def test_a_test_that_fails_or_is_skipped_is_not_told_what_it_left(pytester: pytest.Pytester) -> None:
    result = results(
        pytester,
        """
def test_failed(platform):
    platform.fail("open")
    assert False

def test_skipped(platform):
    platform.fail("open")
    pytest.skip()

@pytest.mark.xfail
def test_expected(platform):
    platform.fail("open")
    assert False

@pytest.fixture
def broken(platform):
    platform.fail("open")
    raise ValueError

def test_never_ran(broken): pass
""",
    )
    result.assert_outcomes(failed=1, skipped=1, xfailed=1, errors=1)
    result.stdout.no_fnmatch_line("*left behind*")


def test_what_the_apps_own_fixture_closes_in_time_is_closed(pytester: pytest.Pytester) -> None:
    results(
        pytester,
        """
@pytest.fixture
def session(platform):
    token = platform.token("ana")
    ask(platform, token)
    yield
    ask(platform, token, "DELETE", "/v1/sessions/current")

def test_open(session, platform): assert len(platform.sessions) == 1
""",
    ).assert_outcomes(passed=1)


def test_a_marker_says_how_the_platform_is_to_be(pytester: pytest.Pytester) -> None:
    results(
        pytester,
        """
pytestmark = pytest.mark.openfirst(strict=False, choices={"open-while-open": "keep"})

def test_of_the_module(platform):
    platform.fail("open", after=9)
    token = platform.token()
    assert [ask(platform, token), ask(platform, token)] == [201, 201]

@pytest.mark.openfirst(choices={}, start=5)
def test_the_nearest_counts(platform):
    assert platform.choices["open-while-open"] != "keep"
    assert (platform.clock.now(), platform.strict) == (5, False)

@pytest.mark.openfirst(seed=7)
def test_by_a_seed(platform):
    assert platform.url.endswith("/w/seed-7")
""",
        "--strict-markers",
    ).assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("marker", "sentence"),
    [
        ("strict=True, strikt=False", "has no `strikt`. Did you mean `strict`*"),
        ("False", "has False without a name. Name it: strict=*"),
        ("choices={'colour': 'red'}", "cannot be: *`colour` is not a choice*"),
        ("start=-1", "cannot be: *cannot be -1 seconds*"),
    ],
)
def test_a_marker_that_cannot_be_is_told_in_a_sentence(pytester: pytest.Pytester, marker: str, sentence: str) -> None:
    result = results(pytester, f"@pytest.mark.openfirst({marker})\ndef test_it(platform): pass\n")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"@pytest.mark.openfirst {sentence}"])
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*another exception*")


def test_each_test_has_a_fresh_one_and_the_other_is_gone(pytester: pytest.Pytester) -> None:
    results(
        pytester,
        """
before = []

@pytest.mark.parametrize("turn", range(3))
def test_fresh(platform, turn):
    assert len(platform.journal) == 0 and platform.url not in before
    for url in before:
        with pytest.raises(Exception, match="404"):
            build_opener(ProxyHandler({})).open(url + "/v1/sessions")
    before.append(platform.url)
""",
    ).assert_outcomes(passed=3)


def test_a_mistake_is_shown_at_the_line_of_the_test(pytester: pytest.Pytester) -> None:
    result = results(
        pytester,
        """
def test_fault(platform):
    platform.fail("opne")

def test_choice(platform):
    platform.choose({"colour": "red"})

def test_journal(platform):
    platform.journal.verify("open")
""",
    )
    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines(['>       platform.fail("opne")', "E *Did you mean `open`?"])
    result.stdout.no_fnmatch_line("*concurrent/futures*")
    result.stdout.no_fnmatch_line("*self._running*")


def test_a_fixture_of_the_same_name_is_the_users_own(pytester: pytest.Pytester) -> None:
    results(
        pytester,
        """
@pytest.fixture
def platform(): return "linux"

def test_mine(platform): assert platform == "linux"
""",
    ).assert_outcomes(passed=1)


def test_a_test_may_run_a_loop_of_its_own(pytester: pytest.Pytester) -> None:
    results(
        pytester,
        """
import asyncio
from openfirst import SessionService

def test_awaits(platform):
    async def main():
        platform.fail("isOpen", status=503)
        async with SessionService(platform.url, token=platform.token("ana")) as session:
            await session.open()
            with pytest.raises(Exception, match="fault"):
                await session.is_open()
            await platform.journal.arrives("isOpen", status=503)
    asyncio.run(main())
""",
    ).assert_outcomes(passed=1)


def alone(pytester: pytest.Pytester, *words: str) -> subprocess.CompletedProcess[str]:
    """A run in a process of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *words]
    return subprocess.run(command, cwd=pytester.path, env=environment, capture_output=True, text=True, check=False)


def test_tests_run_side_by_side_without_a_word_about_it(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        APP
        + """
@pytest.mark.parametrize("turn", range(8))
def test_it(platform, turn):
    token = platform.token("ana")
    assert [ask(platform, token), len(platform.sessions)] == [201, 1]
    platform.close_session(token)
"""
    )
    done = alone(pytester, "-n", "2")
    assert "8 passed" in done.stdout, done.stdout


def test_who_does_not_ask_for_it_does_not_wait_for_it(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
import sys

def test_nothing_is_there():
    assert [name for name in sys.modules if name.startswith(("openfirst_", "openfirst.testing", "aiohttp"))] == []
"""
    )
    done = alone(pytester)
    assert "1 passed" in done.stdout, done.stdout


def test_the_fixture_and_the_marker_are_listed(pytester: pytest.Pytester) -> None:
    shown = alone(pytester, "--markers").stdout + alone(pytester, "--fixtures").stdout
    assert "@pytest.mark.openfirst(strict=True" in shown
    assert "A platform of its own for the test" in shown
