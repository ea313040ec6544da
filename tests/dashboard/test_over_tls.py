"""The dashboard over HTTPS: it lives, and what it gives to copy can be run by whoever does not trust the certificate."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from .conftest import UI

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture
def urls() -> Iterator[tuple[str, str]]:
    """A simulator by its two base URLs: over HTTP, and over HTTPS."""
    command = [sys.executable, "-m", "openfirst", "simulate", "--port", "0", "--tls"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if line.startswith("Ctrl-C"):
                break
        plain, secure = (re.search(rf"{scheme}://127\.0\.0\.1:\d+", said) for scheme in ("http", "https"))
        try:
            assert plain is not None and secure is not None, said
            yield plain[0], secure[0]
        finally:
            process.terminate()


def test_it_lives_and_its_lines_are_for_a_shell_that_knows_no_certificate(
    browser: Browser, urls: tuple[str, str]
) -> None:
    from playwright.sync_api import expect  # noqa: PLC0415 - it may be missing

    plain, secure = urls
    context = browser.new_context(ignore_https_errors=True)
    try:
        page, troubles = context.new_page(), list[str]()
        page.on("console", lambda message: troubles.append(message.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.goto(f"{secure}{UI}")
        shell = page.locator(".empty code").first
        expect(shell).to_contain_text(f"{plain}/_openfirst/worlds/default/tokens")
        expect(shell).to_contain_text(f"{plain}/v1/sessions")
        page.goto(f"{secure}{UI}#/default/clock")
        expect(page.locator("code.curl").first).to_contain_text(f"{plain}/_openfirst/")
        assert troubles == []
    finally:
        context.close()
