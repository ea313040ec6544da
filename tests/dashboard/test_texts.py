"""What others say is shown as they said it, and never becomes markup; and the page knows no word of the contract."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, expect

import openfirst
from openfirst.testing.platform import Platform
from openfirst_reference.contract.build import build_contract
from openfirst_reference.contract.load import load_document
from openfirst_reference.show.contract_pages import diagram, drawn_variable
from tests.renaming.words import renamed, words

from .conftest import VIEWS, Client, Dashboard, base_of, world_of

EVIL = "<img src=x onerror=\"document.title='hurt'\"><script>document.title='hurt'</script>&amp;"


@pytest.fixture
def hurt(platform: Platform) -> Client:
    """Somebody who says what may hurt wherever one can say anything."""
    client = Client(platform, EVIL)
    client.open(name=EVIL, avatarUrl=f"https://example.com/{EVIL}")
    made = client.use("conference/create", {"alias": EVIL})
    client.use("conference/join", made)
    client.ask("POST", "/v1/sessions", {"name": EVIL})
    platform.fail("open", "lost", external_id=EVIL)
    return client


@pytest.mark.parametrize("view", VIEWS)
def test_what_others_say_is_text(dashboard: Dashboard, hurt: Client, view: str) -> None:
    main = dashboard.show(view)
    for _ in range(2):  # What was opened has others in it.
        main.evaluate("all => all.querySelectorAll('details').forEach(each => { each.open = true; })")
    if view in ("sessions", "journal", "conferences", "tokens", "faults"):
        expect(main.get_by_text(EVIL).first).to_be_attached()
    if view == "tokens":
        form = main.get_by_role("form", name="Look at one")
        form.get_by_label("A token").fill(hurt.token)
        form.get_by_role("button", name="Look at it").click()
        expect(form.locator("pre")).to_contain_text("onerror")
    assert main.locator("img, script, iframe, object, style").count() == 0
    assert "hurt" not in dashboard.page.title()


def test_no_string_becomes_markup_even_if_a_script_tries(dashboard: Dashboard) -> None:
    """The policy forbids it, so a mistake of ours would be seen at once."""
    dashboard.expected = "TrustedHTML"
    dashboard.show()
    tried = "() => { try { document.createElement('p').innerHTML = '<b>x</b>'; return 'done'; } catch (e) { return e.name; } }"
    assert dashboard.page.evaluate(tried) == "TypeError"


def test_with_every_word_of_the_contract_renamed_the_page_is_the_same(context: BrowserContext) -> None:
    document = load_document()
    names = {word: f"{word.name}Anew" for word in words(document.data)}
    contract = build_contract(renamed(document, names))
    with openfirst.platform(strict=False, contract=contract) as platform:
        dashboard = Dashboard(context.new_page(), base_of(platform), world_of(platform))
        ana = Client(platform, "ana")
        ana.open(name="Ana")
        status, refusal = ana.ask("POST", "/v1/sessions", {})
        assert status == 409
        drawn, variable = diagram(contract), drawn_variable(contract)
        assert (drawn.initial, variable) == ("closedAnew", "sessionAnew")
        main = dashboard.show()
        lit = main.locator(".diagram .state.lit")
        expect(lit).to_have_attribute("data-state", "openAnew")
        states = main.locator(".diagram .state").evaluate_all("all => all.map(g => g.dataset.state)")
        assert states == ["closedAnew", "openAnew", "lostAnew"]
        expect(main.locator("#sessions button")).to_contain_text("openAnew")
        expect(main.locator(".state-table", has_text=variable).first).to_be_visible()
        ana.close()
        expect(lit).to_have_attribute("data-state", drawn.initial)
        main = dashboard.show("journal")
        entry = main.locator(".entries > li", has_text=refusal["code"]).first
        entry.locator("summary").first.click()
        rule = contract.rules[refusal["rule"]]
        expect(entry.locator(".rule")).to_contain_text(f"{refusal['rule']}: {rule.statement}")
        main = dashboard.show("choices")
        choice = next(iter(contract.choices.values()))
        card = main.locator(f'[data-choice="{choice.id}"]')
        last = str(choice.values[-1])
        card.locator(f'input[value="{last}"]').check()
        main.get_by_role("button", name="Choose so").click()
        expect(main.locator(".changes")).to_have_text("As it is now.")
        assert platform.choices[choice.id] == last
        main = dashboard.show("coverage")
        main.locator("li[data-row] summary").first.click()
        expect(main.locator(".rule code").first).to_contain_text("Anew")
        dashboard.check()
