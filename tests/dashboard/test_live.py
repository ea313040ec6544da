"""What clients do is seen in the dashboard as they do it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Route, expect

import openfirst
from openfirst.testing.platform import Platform
from openfirst_reference.contract.load import load_contract
from openfirst_reference.show.contract_pages import diagram

from .conftest import UI, Client, Dashboard, world_of

CONTRACT = load_contract()


@pytest.fixture
def other() -> Iterator[Platform]:
    with openfirst.platform(strict=False) as other:
        yield other


def test_a_session_comes_changes_and_goes(dashboard: Dashboard, ana: Client) -> None:
    main = dashboard.show()
    expect(main.locator(".empty")).to_contain_text("No session is open in this world")
    ana.open(name="Ana")
    row = main.locator("#sessions button")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("Ana")
    expect(row).to_contain_text("ana")
    expect(main.locator("#who")).to_have_text("Ana")
    ana.update(name="Ana Maria")
    expect(row).to_contain_text("Ana Maria")
    expect(main.locator("#who")).to_have_text("Ana Maria")
    ana.close()
    expect(row).to_have_count(0)
    expect(main.locator(".empty")).to_contain_text("No session is open in this world")


def test_the_diagram_is_the_contracts_and_the_state_of_the_client_is_lit(dashboard: Dashboard, ana: Client) -> None:
    ana.open()
    main = dashboard.show()
    drawn = diagram(CONTRACT)
    arrows = main.locator(".diagram g[data-from]").evaluate_all(
        "all => all.flatMap(g => [...g.querySelectorAll('text')].map(t => [g.dataset.from, g.dataset.to, t.textContent]))"
    )
    assert {tuple(each) for each in arrows} == {*drawn.arrows}
    states = main.locator(".diagram .state").evaluate_all("all => all.map(g => g.dataset.state)")
    assert set(states) == {state for arrow in drawn.arrows for state in arrow[:2]}
    lit = main.locator(".diagram .state.lit")
    expect(lit).to_have_attribute("data-state", "open")
    expect(main.locator(".diagram g.lit[data-from]").first).to_have_attribute("data-from", "open")
    ana.close()
    expect(lit).to_have_attribute("data-state", "closed")
    ana.open()
    expect(lit).to_have_attribute("data-state", "open")
    ana.platform.close_session(ana.platform.sessions[0].id)
    expect(lit).to_have_attribute("data-state", "closed")


def test_who_is_chosen_is_shown_and_stays_chosen(dashboard: Dashboard, ana: Client, ben: Client) -> None:
    ana.open(name="Ana")
    ben.open(name="Ben")
    main = dashboard.show()
    expect(main.locator("#who")).to_have_text("Ben")
    main.get_by_role("button", name="Ana").click()
    expect(main.locator("#who")).to_have_text("Ana")
    expect(main.locator('#sessions [aria-current="true"]')).to_contain_text("Ana")
    Client(ana.platform, "zoe").open(name="Zoe")
    expect(main.locator("#sessions button")).to_have_count(3)
    expect(main.locator("#who")).to_have_text("Ana")
    expect(main.locator(".facts")).to_contain_text("ends in 1 h")


def test_who_turns_to_another_view_while_one_is_fetched_sees_that(dashboard: Dashboard, ana: Client) -> None:
    ana.open(name="Ana")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    dashboard.page.route("**/sessions?*", hold)
    dashboard.page.goto(f"{dashboard.base}{UI}#/{dashboard.world}/sessions")
    main = dashboard.page.locator("main")
    with dashboard.page.expect_request("**/sessions?*"):
        main.locator(".panel").first.wait_for()
    dashboard.page.locator('nav a[data-view="coverage"]').click()
    expect(main.locator("#rows")).to_be_visible()
    expect(main.locator("li[data-row]")).to_have_count(0)
    for route in held:
        route.continue_()
    expect(main.locator('li[data-row="open.with-info"] .badge')).to_have_text("1")


def test_a_world_that_there_is_not_is_told(dashboard: Dashboard, ana: Client) -> None:
    dashboard.expected = "404"
    dashboard.page.goto(f"{dashboard.base}{UI}#/nowhere/sessions")
    expect(dashboard.page.get_by_role("alert")).to_contain_text("There is no world `nowhere`")
    dashboard.page.locator("#world").select_option(dashboard.world)
    ana.open(name="Ana")
    expect(dashboard.page.locator("#sessions button")).to_contain_text("Ana")
    expect(dashboard.page.get_by_role("alert")).to_be_hidden()


def test_a_refusal_stands_in_the_journal_with_its_rule_and_sentence(dashboard: Dashboard, ana: Client) -> None:
    main = dashboard.show("journal")
    expect(main.locator(".empty")).to_contain_text("Nothing was asked in this world yet")
    ana.open(name="Ana")
    status, refusal = ana.ask("POST", "/v1/sessions", {"name": "again"})
    assert status == 409
    entry = main.locator(".entries > li").first
    expect(entry).to_contain_text(refusal["code"])
    expect(entry).to_contain_text("409")
    expect(entry).to_contain_text("ana")
    entry.locator("summary").first.click()
    rule = CONTRACT.rules[refusal["rule"]]
    expect(entry.locator(".rule")).to_contain_text(rule.statement)
    expect(entry.locator("blockquote")).to_contain_text(rule.quote)
    expect(entry.locator("blockquote footer")).to_have_text(CONTRACT.sources[rule.source].title)
    expect(entry).to_contain_text("POST /w/")
    expect(entry).to_contain_text('"name": "again"')
    expect(entry).to_contain_text(refusal["detail"])
    expect(entry).to_contain_text("Nothing was changed.")


def test_an_entry_shows_the_state_before_and_after(dashboard: Dashboard, ana: Client) -> None:
    ana.open(name="Ana")
    main = dashboard.show("journal")
    entry = main.locator(".entries > li").first
    entry.locator("summary").first.click()
    cells = entry.locator(".state-table").first.locator("tbody tr").all_inner_texts()
    assert "session\tclosed\topen" in cells
    assert "name\t—\tAna" in cells


def test_an_entry_that_is_open_stays_so_while_others_come(dashboard: Dashboard, ana: Client) -> None:
    ana.open(name="Ana")
    main = dashboard.show("journal")
    main.locator(".entries > li summary").first.click()
    ana.update(name="Ana Maria")
    expect(main.locator(".entries > li")).to_have_count(2)
    expect(main.locator(".entries > li").nth(1).locator(".inside")).to_be_visible()
    expect(main.locator(".entries > li").nth(1)).to_contain_text('"name": "Ana"')


def test_the_journal_is_filtered(dashboard: Dashboard, ana: Client, ben: Client) -> None:
    for client in (ana, ben):
        client.open()
    ana.ask("POST", "/v1/sessions", {})
    ana.close()
    main = dashboard.show("journal")
    rows = main.locator(".entries > li")
    expect(rows).to_have_count(4)
    main.get_by_role("combobox", name="Operation").select_option("open")
    expect(rows).to_have_count(3)
    main.get_by_role("spinbutton", name="Status").fill("409")
    expect(rows).to_have_count(1)
    expect(main.locator("code.curl").first).to_contain_text("journal?operation=open&status=409")
    expect(main.locator("code.pytest").first).to_have_text('platform.journal.find("open", status=409)')
    main.get_by_role("spinbutton", name="Status").press("Escape")
    expect(rows).to_have_count(4)
    main.get_by_label("External ID").fill("ben")
    expect(rows).to_have_count(1)
    main.get_by_label("External ID").fill("nobody")
    expect(main.locator(".empty")).to_contain_text("No entry fits")


def test_a_fault_that_struck_is_named(dashboard: Dashboard, ana: Client) -> None:
    main = dashboard.show("journal")
    ana.platform.fail("open", status=503)
    assert ana.ask("POST", "/v1/sessions", {})[0] == 503
    entry = main.locator(".entries > li").first
    expect(entry).to_contain_text("503")
    [struck] = ana.platform.journal.find("open")[0].faults
    expect(entry.locator(".warn")).to_have_text(struck)


def test_a_move_of_the_platform_stands_in_the_journal(dashboard: Dashboard, ana: Client) -> None:
    session = ana.open()["sessionId"]
    main = dashboard.show("journal")
    ana.platform.close_session(session)
    expect(main.locator(".entries > li").first).to_contain_text("platformCloses")
    expect(main.locator(".entries > li").first.locator(".badge")).to_have_text("move")


def test_conferences_and_events_are_seen(dashboard: Dashboard, ana: Client, ben: Client) -> None:
    main = dashboard.show("conferences")
    expect(main.locator(".empty")).to_contain_text("There is no conference")
    ana.open(name="Ana")
    ben.open(name="Ben")
    made = ana.use("conference/create", {"alias": "rehearsal"})
    ana.use("conference/join", made)
    card = main.locator(".card")
    expect(card).to_contain_text("rehearsal")
    expect(card).to_contain_text("1 participant")
    ben.use("conference/join", made)
    expect(card).to_contain_text("2 participants")
    expect(card.locator(".members")).to_contain_text("Ben")
    card.get_by_role("link", name="Ana").click()
    expect(dashboard.page.locator("#who")).to_have_text("Ana")
    events = dashboard.page.locator(".events > li")
    expect(events.filter(has_text="conference.participantAdded").first).to_be_visible()
    count = events.count()
    ben.use("conference/leave", made)
    expect(events.nth(count)).to_be_visible()
    first = events.first
    first.locator("summary").click()
    expect(first.locator("pre")).to_contain_text("{")


def test_one_dashboard_watches_two_worlds(dashboard: Dashboard, ana: Client, other: Platform) -> None:
    zoe = Client(other, "zoe")
    ana.open(name="Ana")
    zoe.open(name="Zoe")
    main = dashboard.show()
    rows = main.locator("#sessions button")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Ana")
    dashboard.page.get_by_label("World").select_option(world_of(other))
    expect(rows).to_contain_text("Zoe")
    expect(rows).to_have_count(1)
    zoe.update(name="Zoe B.")
    ana.update(name="Ana B.")
    expect(rows).to_contain_text("Zoe B.")
    dashboard.page.locator('nav a[data-view="journal"]').click()
    entries = main.locator(".entries > li")
    expect(entries).to_have_count(2)
    expect(entries.first).to_contain_text("zoe")
    dashboard.page.locator('nav a[data-view="worlds"]').click()
    for platform, count in ((ana.platform, "2"), (other, "2")):
        expect(main.locator(f'tr[data-world="{world_of(platform)}"] .n')).to_have_text(count)
    ana.update(name="Ana C.")
    expect(main.locator(f'tr[data-world="{world_of(ana.platform)}"] .n')).to_have_text("3")
    main.get_by_role("link", name=world_of(ana.platform)).click()
    expect(rows).to_contain_text("Ana C.")


def test_a_world_that_is_made_can_be_chosen_and_one_that_is_dropped_is_told(
    dashboard: Dashboard, ana: Client, other: Platform
) -> None:
    main = dashboard.show("worlds")
    main.get_by_label("Name").fill("from-the-page")
    main.get_by_role("button", name="Make a world").click()
    world = dashboard.page.get_by_label("World", exact=True)
    expect(world.locator("option", has_text="from-the-page")).to_have_count(1)
    world.select_option("from-the-page")
    expect(dashboard.page).to_have_url(f"{dashboard.base}/_openfirst/ui/#/from-the-page/worlds")
    dashboard.settled("worlds")
    main.get_by_role("button", name="Drop").click()
    expect(dashboard.page).to_have_url(f"{dashboard.base}/_openfirst/ui/#/default/worlds")
    expect(world.locator("option", has_text="from-the-page")).to_have_count(0)
    dashboard.settled("worlds")
    dashboard.show(world=world_of(other))
    dashboard.expected = "404"
    other.end()
    expect(dashboard.page.get_by_role("alert")).to_contain_text(f"There is no world `{world_of(other)}`")
    world.select_option("default")
    expect(dashboard.page.get_by_role("alert")).to_be_hidden()


def test_tokens_that_are_used_are_listed_and_end(dashboard: Dashboard, ana: Client) -> None:
    main = dashboard.show("tokens")
    expect(main.locator(".empty")).to_contain_text("No token was used")
    ana.open()
    row = main.locator("tr[data-token]")
    expect(row).to_contain_text("ana")
    expect(row).to_contain_text("in 1 h")
    expect(row.locator(".badge")).to_have_text("good")
    ana.platform.clock.advance("61m")
    expect(row.locator(".badge")).to_have_text("expired")
    expect(row).to_contain_text("1 min ago")


def test_rows_that_decided_are_counted(dashboard: Dashboard, ana: Client) -> None:
    main = dashboard.show("coverage")
    total = main.locator("li[data-row]").count()
    assert total > 50
    expect(main.get_by_role("status")).to_have_text(f"0 of {total}, 0%.")
    ana.open(name="Ana")
    row = main.locator('li[data-row="open.with-info"]')
    expect(row.locator(".badge")).to_have_text("1")
    expect(main.get_by_role("status")).to_contain_text(f"1 of {total}")
    row.locator("summary").click()
    expect(row.locator("blockquote").first).to_be_visible()
    main.get_by_label("Show").select_option("ever")
    expect(main.locator("li[data-row]")).to_have_count(1)
    main.get_by_label("Show").select_option("never")
    expect(main.locator("li[data-row]")).to_have_count(total - 1)
