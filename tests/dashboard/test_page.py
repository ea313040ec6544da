"""The page itself: at every width, in the light and the dark, by the keyboard alone, unseen, and with nobody who answers."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from .conftest import UI, VIEWS, Client, Dashboard, base_of, world_of

WIDTHS = (390, 768, 1440)
CONTRAST = """() => {
  // What `oklab(...)` and the like come to is read from a canvas.
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (text) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = text;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => c / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (element) => {
    for (let here = element; here; here = here.parentElement) {
      const colour = rgba(getComputedStyle(here).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255, 255];
  };
  const bad = [];
  for (const element of document.querySelectorAll('body *:not(svg, svg *)')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== '');
    if (!own || !element.checkVisibility() || element.matches(':disabled') || element.classList.contains('skip')) continue;
    const [a, b] = [light(rgba(getComputedStyle(element).color)), light(behind(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) bad.push(`${element.tagName}.${element.className} ${element.textContent.slice(0, 30)}: ${ratio.toFixed(2)}`);
  }
  for (const element of document.querySelectorAll('svg.diagram text')) {
    const box = element.parentElement.querySelector('rect');
    const under = box ? rgba(getComputedStyle(box).fill) : behind(element.closest('svg').parentElement);
    const [a, b] = [light(rgba(getComputedStyle(element).fill)), light(under)].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) bad.push(`svg ${element.textContent}`);
  }
  return bad;
}"""


def busy(client: Client) -> None:
    """A world in which there is something in every view, with a name that is long."""
    client.open(name="Ana " + "with-a-long-name-" * 5)
    made = client.use("conference/create", {"alias": "rehearsal-" * 12})
    client.use("conference/join", made)
    client.ask("POST", "/v1/sessions", {"name": "again"})
    client.platform.fail("open", "delay", seconds=2, external_id="somebody-" * 10)
    client.platform.fail("close", status=503)
    client.ask("DELETE", "/v1/sessions/current")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_view_fits_and_can_be_read(browser: Browser, ana: Client, theme: Any) -> None:
    busy(ana)
    for width in WIDTHS:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
        dashboard = Dashboard(context.new_page(), base_of(ana.platform), world_of(ana.platform))
        for view in VIEWS:
            main = dashboard.show(view)
            main.evaluate("all => all.querySelectorAll('details').forEach(each => { each.open = true; })")
            wide = dashboard.page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert wide == 0, (view, width)
            out = dashboard.page.evaluate(
                "[...document.querySelectorAll('main *')].filter(e => e.checkVisibility() && !e.closest('.wide, pre, svg, .token')"
                " && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 120))"
            )
            assert out == [], (view, width)
            assert dashboard.page.evaluate(CONTRAST) == [], (view, width, theme)
        dashboard.check()
        context.close()


def test_what_is_there_has_a_name_and_a_place(dashboard: Dashboard, ana: Client) -> None:
    busy(ana)
    for view in VIEWS:
        main = dashboard.show(view)
        nameless = dashboard.page.evaluate(
            "[...document.querySelectorAll('button, input, select, textarea, a')].filter(e =>"
            " !e.ariaLabel && !(e.matches('a, button') ? e.textContent.trim() : e.labels.length)).map(e => e.outerHTML)"
        )
        assert nameless == [], view
        ids = dashboard.page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
        assert len(ids) == len(set(ids)), view
        named = dashboard.page.evaluate(
            "[...document.querySelectorAll('[aria-labelledby]')]"
            ".filter(e => !document.getElementById(e.getAttribute('aria-labelledby')))"
            ".map(e => e.outerHTML.slice(0, 80))"
        )
        assert named == [], view
        assert main.locator("h2").count() >= 1
    assert dashboard.page.locator("main").count() == dashboard.page.locator("header").count() == 1
    assert dashboard.page.locator("html").get_attribute("lang") == "en"


# By the keyboard ------------------------------------------------------------------------------------------------------------


def test_the_tab_key_leads_through_the_page_and_one_sees_where_one_is(dashboard: Dashboard, ana: Client) -> None:
    ana.open(name="Ana")
    Client(ana.platform, "ben").open(name="Ben")
    main = dashboard.show()
    expect(main.locator("#sessions button")).to_have_count(2)
    seen: list[str] = []
    for _ in range(18):
        dashboard.page.keyboard.press("Tab")
        what, outline = dashboard.page.evaluate(
            "[document.activeElement.textContent || document.activeElement.id || document.activeElement.type,"
            " getComputedStyle(document.activeElement).outlineStyle]"
        )
        assert outline != "none", what
        seen.append(what)
    assert seen[0] == "To the content"
    wanted = [
        next(number for number, text in enumerate(seen) if part in text) for part in ("Sessions", "Worlds", "Ben")
    ]
    assert wanted == sorted(wanted)
    assert not any("Ana" in text for text in seen)  # The arrow keys lead there.


def test_the_arrow_keys_lead_through_a_list_and_enter_opens(dashboard: Dashboard, ana: Client) -> None:
    ana.open(name="Ana")
    Client(ana.platform, "ben").open(name="Ben")
    main = dashboard.show()
    first = main.locator("#sessions button").first
    expect(first).to_contain_text("Ben")
    first.focus()
    for key, name in (
        ("ArrowDown", "Ana"),
        ("ArrowDown", "Ana"),
        ("Home", "Ben"),
        ("End", "Ana"),
        ("ArrowUp", "Ben"),
        ("ArrowDown", "Ana"),
    ):
        dashboard.page.keyboard.press(key)
        assert name in dashboard.page.evaluate("document.activeElement.textContent")
    dashboard.page.keyboard.press("Enter")
    expect(main.locator("#who")).to_have_text("Ana")
    main = dashboard.show("journal")
    main.locator(".entries summary").first.focus()
    dashboard.page.keyboard.press("ArrowDown")
    dashboard.page.keyboard.press("Enter")
    entry = main.locator(".entries > li").nth(1)
    expect(entry.locator(".inside")).to_be_visible()
    entry.locator(".inside summary").first.focus()
    dashboard.page.keyboard.press("Escape")
    expect(entry.locator(".inside")).to_be_hidden()
    assert dashboard.page.evaluate("document.activeElement.closest('li').dataset.number") == "1"


def test_the_skip_link_leads_past_the_frame(dashboard: Dashboard) -> None:
    dashboard.show()
    dashboard.page.keyboard.press("Tab")
    dashboard.page.keyboard.press("Enter")
    assert dashboard.page.evaluate("document.activeElement.id") == "main"
    expect(dashboard.page.locator("main .panel").first).to_be_visible()
    expect(dashboard.page.locator('nav a[aria-current="page"]')).to_have_attribute("data-view", "sessions")


def test_what_is_typed_is_left_alone_while_the_world_changes(dashboard: Dashboard, ana: Client) -> None:
    main = dashboard.show("tokens")
    field = main.get_by_role("form", name="Make one").get_by_label("External ID")
    field.fill("half a na")
    ana.open()
    expect(main.locator("tr[data-token]")).to_have_count(1)
    expect(field).to_have_value("half a na")
    expect(field).to_be_focused()


# Light and dark ---------------------------------------------------------------------------------------------------------------


def background(dashboard: Dashboard) -> int:
    found = re.findall(r"\d+", dashboard.page.evaluate("getComputedStyle(document.body).backgroundColor"))
    return sum(map(int, found[:3]))


def test_it_is_as_its_reader_has_it_or_as_was_chosen(dashboard: Dashboard) -> None:
    dashboard.page.emulate_media(color_scheme="dark")
    dashboard.show()
    assert background(dashboard) < 150
    dashboard.page.emulate_media(color_scheme="light")
    assert background(dashboard) > 600
    button = dashboard.page.get_by_role("button", name="Colours")
    button.click()
    button.click()
    expect(button).to_contain_text("Dark")
    assert background(dashboard) < 150
    dashboard.page.reload()
    expect(button).to_contain_text("Dark")
    assert background(dashboard) < 150
    button.click()
    expect(button).to_contain_text("Auto")


def test_nothing_moves_for_who_wants_none_of_that(dashboard: Dashboard, ana: Client) -> None:
    dashboard.page.emulate_media(reduced_motion="reduce")
    ana.open()
    dashboard.show()
    moving = (
        "[...document.querySelectorAll('*')]"
        ".filter(e => getComputedStyle(e).transitionDuration.split(', ').some(s => s !== '0s')).length"
    )
    assert dashboard.page.evaluate(moving) == 0
    dashboard.page.emulate_media(reduced_motion="no-preference")
    assert dashboard.page.evaluate(moving) > 0


# Unseen, and alone --------------------------------------------------------------------------------------------------------------

HIDE = """(hidden) => {
  Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}"""


def test_a_page_that_nobody_sees_asks_for_nothing(dashboard: Dashboard, ana: Client) -> None:
    dashboard.page.clock.install()
    dashboard.page.goto(f"{dashboard.base}{UI}#/{dashboard.world}/sessions")
    rows = dashboard.page.locator("#sessions button")
    expect(dashboard.page.locator(".empty")).to_be_visible()
    dashboard.page.clock.pause_at("2100-01-01")
    dashboard.page.evaluate(HIDE, True)
    dashboard.page.wait_for_load_state("networkidle")
    before = len(dashboard.asked)
    ana.open()
    dashboard.page.clock.run_for(600_000)
    assert len(dashboard.asked) == before
    expect(rows).to_have_count(0)
    dashboard.page.evaluate(HIDE, False)
    dashboard.page.clock.run_for(1_000)
    expect(rows).to_have_count(1)
    assert len(dashboard.asked) > before


def test_looking_is_in_no_journal_and_no_count(dashboard: Dashboard, ana: Client) -> None:
    for view in VIEWS:
        dashboard.show(view)
    assert len(ana.platform.journal) == 0


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Simulators:
    """Simulators that start on one port, one after the other."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._running: subprocess.Popen[str] | None = None

    def start(self) -> str:
        """What it greets with."""
        command = [sys.executable, "-c", "from openfirst.cli import main; main()", "simulate", "--port", f"{self.port}"]
        self._running = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
        )
        assert self._running.stdout is not None
        greeting = ""
        while "Ctrl-C stops it" not in greeting:
            line = self._running.stdout.readline()
            assert line, greeting
            greeting += line
        return greeting

    def stop(self) -> None:
        if self._running is not None:
            self._running.terminate()
            self._running.communicate(timeout=20)
            self._running = None


@pytest.fixture
def simulators(port: int) -> Iterator[Simulators]:
    simulators = Simulators(port)
    yield simulators
    simulators.stop()


def test_the_greeting_leads_to_a_dashboard_that_tells_when_the_simulator_is_gone_and_comes_back(
    simulators: Simulators, context: BrowserContext
) -> None:
    greeting = simulators.start()
    [url] = re.findall(r"dashboard at +(\S+)", greeting)
    assert url == f"http://127.0.0.1:{simulators.port}{UI}"
    dashboard = Dashboard(context.new_page(), url.removesuffix(UI), "default", expected="ERR_CONNECTION_REFUSED")
    dashboard.page.goto(url)
    alert = dashboard.page.get_by_role("alert")
    expect(dashboard.page.locator("main .empty")).to_be_visible()
    expect(alert).to_be_hidden()
    simulators.stop()
    expect(alert).to_contain_text(f"The simulator does not answer at http://127.0.0.1:{simulators.port}")
    simulators.start()
    expect(alert).to_be_hidden()
    expect(dashboard.page.locator("main .empty")).to_contain_text("No session is open")
    dashboard.check()
