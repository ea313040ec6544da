"""The dashboard in a real browser, with real clients acting meanwhile.

The browser is the system's Chromium: that of OPENFIRST_CHROMIUM, or the one on PATH. Where there is none, or Playwright is missing,
nothing here is collected, and that is said; `nox -s dashboard` says it too.
"""

from __future__ import annotations

import http.client
import importlib.util
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

import openfirst
from openfirst.testing.platform import Platform

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Locator, Page

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
UI = "/_openfirst/ui/"
PATIENCE = 20_000
"""How long the page has for what is expected of it, in milliseconds: a machine may be busy with much else."""
VIEWS = ("sessions", "journal", "conferences", "tokens", "clock", "faults", "choices", "coverage", "worlds")


def chromium() -> str | None:
    """Where the browser is."""
    return os.environ.get("OPENFIRST_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


MISSING = [
    name
    for name, is_there in (("playwright", importlib.util.find_spec("playwright")), ("a Chromium", chromium()))
    if not is_there
]
collect_ignore_glob = ["test_*.py"] if MISSING else []


def pytest_report_header() -> str | None:
    """What is said where the tests are left out."""
    return f"The dashboard is not tested: {' and '.join(MISSING)} is missing." if MISSING else None


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The browser, with an empty profile."""
    from playwright.sync_api import expect, sync_playwright  # noqa: PLC0415 - it may be missing

    expect.set_options(timeout=PATIENCE)

    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), headless=True, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def platform() -> Iterator[Platform]:
    """A world of its own, in which time stands still; the simulator behind it is shared."""
    with openfirst.platform(strict=False) as platform:
        yield platform


@dataclass
class Client:
    """Somebody who acts on a platform over HTTP."""

    platform: Platform
    external_id: str | None
    token: str = ""

    def __post_init__(self) -> None:
        self.token = self.token or self.platform.token(self.external_id)

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        url = urlsplit(self.platform.url)
        assert url.hostname is not None
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=20)
        try:
            headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
            content = None if body is None else json.dumps(body)
            connection.request(method, url.path + path, content, headers)
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else None
        finally:
            connection.close()

    def open(self, **info: Any) -> Any:
        status, body = self.ask("POST", "/v1/sessions", info)
        assert status == 201, body
        return body

    def update(self, **info: Any) -> None:
        assert self.ask("PATCH", "/v1/sessions/current/participant", info)[0] == 204

    def use(self, target: str, *arguments: Any) -> Any:
        status, body = self.ask("POST", f"/v1/sessions/current/services/{target}", {"arguments": arguments})
        assert status == 200, body
        return body["result"]

    def close(self) -> None:
        assert self.ask("DELETE", "/v1/sessions/current")[0] == 204


@pytest.fixture
def ana(platform: Platform) -> Client:
    return Client(platform, "ana")


@pytest.fixture
def ben(platform: Platform) -> Client:
    return Client(platform, "ben")


@dataclass
class Dashboard:
    """The dashboard in a page: what it asked for, and what went wrong in it."""

    page: Page
    base: str
    world: str
    _: KW_ONLY
    asked: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    expected: str | None = None
    """What the browser may say of answers that a test has brought about."""

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE)
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("pageerror", lambda error: self.wrong.append(f"{error}"))
        self.page.on(
            "console",
            lambda said: self.wrong.append(said.text) if said.type in ("error", "warning") else None,
        )

    def show(self, view: str = "sessions", world: str | None = None) -> Locator:
        """Go to a view, and give it as soon as it is there and has its data."""
        self.page.goto(f"{self.base}{UI}#/{world or self.world}/{view}")
        return self.settled(view)

    def settled(self, view: str) -> Locator:
        """The view, once a whole beat has been shown in it."""
        self.page.locator(f'nav a[data-view="{view.partition("?")[0]}"][aria-current="page"]').wait_for()
        main = self.page.locator("main")
        main.locator(".panel").first.wait_for()
        with self.page.expect_response(lambda answer: answer.url.endswith("/pulse")):
            pass
        return main

    def check(self) -> None:
        """Nothing went wrong in the page, and it asked nobody else."""
        assert [text for text in self.wrong if self.expected is None or self.expected not in text] == []
        assert self.asked != []
        assert [url for url in self.asked if not url.startswith(self.base + "/")] == []


def world_of(platform: Platform) -> str:
    return urlsplit(platform.url).path.rpartition("/")[2]


def base_of(platform: Platform) -> str:
    return platform.url.partition("/w/")[0]


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    yield context
    context.close()


@pytest.fixture
def dashboard(context: BrowserContext, platform: Platform) -> Iterator[Dashboard]:
    """The dashboard, watching the platform. In the end nothing went wrong in it."""
    dashboard = Dashboard(context.new_page(), base_of(platform), world_of(platform))
    yield dashboard
    dashboard.check()
