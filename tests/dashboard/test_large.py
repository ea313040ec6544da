"""With 1,000 sessions and 10,000 entries the page is as small as with a few, and one that comes changes a few elements."""

from __future__ import annotations

import http.client
import json
from urllib.parse import urlsplit

import pytest
from msgspec import structs
from playwright.sync_api import BrowserContext, Response, expect

import openfirst
from openfirst.testing.platform import Platform

from .conftest import VIEWS, Client, Dashboard, base_of, world_of

SESSIONS, ENTRIES = 1_000, 10_000
MOST_NODES = 3_000


@pytest.fixture(scope="module")
def crowd() -> Platform:
    """A platform with many sessions, and as many entries as its journal holds."""
    platform = openfirst.platform(strict=False)
    url = urlsplit(platform.url)
    connection = http.client.HTTPConnection(str(url.hostname), url.port, timeout=60)

    def ask(method: str, token: str, path: str = "", body: object = None) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        connection.request(method, f"{url.path}/v1/sessions{path}", None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status < 300

    token = ""
    for number in range(SESSIONS):
        token = platform.token(f"user-{number}")
        ask("POST", token, body={"name": f"User {number}"})
    ask("GET", token, "/current")
    connection.close()
    journal = platform._world.journal
    last = platform.journal[-1]
    for _ in range(ENTRIES - SESSIONS):  # The same again, many times over.
        platform._running.do(journal.add, lambda number: structs.replace(last, number=number))
    return platform


@pytest.fixture
def watching(context: BrowserContext, crowd: Platform) -> Dashboard:
    return Dashboard(context.new_page(), base_of(crowd), world_of(crowd))


@pytest.mark.parametrize("view", VIEWS)
def test_each_view_has_few_nodes(watching: Dashboard, view: str) -> None:
    watching.show(view)
    nodes = watching.page.evaluate("document.getElementsByTagName('*').length")
    assert nodes < MOST_NODES
    watching.check()


CHANGED = """() => {
  window.changed = [];
  new MutationObserver((all) => window.changed.push(...all.map((one) => [one.type, one.addedNodes.length])))
    .observe(document.querySelector('main'), { subtree: true, childList: true, characterData: true, attributes: true });
}"""


def test_one_more_entry_changes_a_few_elements_and_is_fetched_alone(watching: Dashboard, crowd: Platform) -> None:
    main = watching.show("journal")
    rows = main.locator(".entries > li")
    expect(rows).to_have_count(50)
    newest = int(str(rows.first.get_attribute("data-number")))
    watching.page.evaluate(CHANGED)
    sizes: list[int] = []

    def measured(answer: Response) -> None:
        if "/journal/latest" in answer.url:
            assert f"since={newest}" in answer.url
            sizes.append(len(answer.body()))

    watching.page.on("response", measured)
    Client(crowd, "late").ask("GET", "/v1/sessions")
    expect(rows.first).to_have_attribute("data-number", str(newest + 1))
    expect(rows).to_have_count(50)
    changed = watching.page.evaluate("window.changed")
    # One row comes, one goes, the line below tells another number; and the tab key has another first row.
    assert sum(added for kind, added in changed if kind == "childList") <= 3
    assert len(changed) <= 10, changed
    assert sizes and max(sizes) < 3_000
    watching.check()


def test_older_entries_are_shown_a_page_at_a_time(watching: Dashboard, crowd: Platform) -> None:
    main = watching.show("journal")
    rows = main.locator(".entries > li")
    newest = int(str(rows.first.get_attribute("data-number")))
    main.get_by_role("button", name="Older").click()
    expect(rows.first).to_have_attribute("data-number", str(newest - 50))
    main.get_by_role("button", name="Older").click()
    expect(rows.first).to_have_attribute("data-number", str(newest - 100))
    Client(crowd, "later").ask("GET", "/v1/sessions")
    expect(main.locator(".pages")).to_contain_text("1 newer")
    expect(rows.first).to_have_attribute("data-number", str(newest - 100))
    main.get_by_role("button", name="Newest").click()
    expect(rows.first).to_have_attribute("data-number", str(newest + 1))
    assert main.locator("li[data-number]").count() == 50
    watching.check()


def test_sessions_are_shown_a_page_at_a_time(watching: Dashboard) -> None:
    main = watching.show()
    rows = main.locator("#sessions button")
    expect(rows).to_have_count(50)
    expect(rows.first).to_contain_text(f"User {SESSIONS - 1}")
    main.get_by_role("button", name="Older").click()
    expect(rows.first).to_contain_text(f"User {SESSIONS - 51}")
    expect(main.locator(".pages")).to_contain_text("51 to 100 of 1,000")
    main.get_by_role("searchbox", name="External ID").fill("user-7")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("User 7")
    watching.check()


def test_one_that_changes_its_name_changes_its_row_alone(watching: Dashboard, crowd: Platform) -> None:
    main = watching.show()
    expect(main.locator("#sessions button")).to_have_count(50)
    main.locator("#sessions button").nth(9).click()
    expect(main.locator("#who")).to_have_text(f"User {SESSIONS - 10}")
    watching.page.evaluate(CHANGED)
    session = next(each for each in reversed(crowd.sessions) if each.external_id == f"user-{SESSIONS - 1}")
    client = Client(crowd, f"user-{SESSIONS - 1}")
    assert client.ask("PATCH", f"/v1/sessions/{session.id}/participant", {"name": "Anew"})[0] == 204
    expect(main.locator("#sessions button").first).to_contain_text("Anew")
    changed = watching.page.evaluate("window.changed")
    assert len(changed) < 25, changed
    watching.check()
