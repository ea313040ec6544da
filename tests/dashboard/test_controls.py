"""What the dashboard's controls do, and the lines that they show: each does the same in a shell, and in a test."""

from __future__ import annotations

import http.client
import json
import re
import shlex
import shutil
import subprocess
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, expect

from openfirst.testing.platform import Platform
from openfirst_simulator.faults import KINDS, NEEDED
from tests.simulator.conftest import control_description

from .conftest import VIEWS, Client, Dashboard, world_of


def control(main: Locator, name: str) -> Locator:
    """The form of this name."""
    return main.get_by_role("form", name=name, exact=True)


def curl(line: str) -> tuple[str, str, Any]:
    """The method, the URL and the body that a shell's curl would send."""
    words = shlex.split(line)
    assert words[0] == "curl"
    body = json.loads(words[words.index("-d") + 1]) if "-d" in words else None
    method = words[words.index("-X") + 1] if "-X" in words else "GET" if body is None else "POST"
    [url] = [word for word in words if word.startswith("http://")]
    return method, url, body


def send(line: str) -> tuple[int, Any]:
    """What is answered to such a line."""
    method, url, body = curl(line)
    parts = urlsplit(url)
    assert parts.hostname is not None
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
    try:
        connection.request(method, parts.path + (f"?{parts.query}" if parts.query else ""), json.dumps(body or {}))
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None
    finally:
        connection.close()


def lines(form: Locator) -> tuple[str, str]:
    """The line for a shell, and the one for a test, with what is filled in now."""
    return str(form.locator("code.curl").text_content()), str(form.locator("code.pytest").text_content())


# Each does what it says ------------------------------------------------------------------------------------------------


def test_a_session_is_closed(dashboard: Dashboard, ana: Client) -> None:
    session = ana.open()["sessionId"]
    main = dashboard.show()
    form = control(main, "Close the session, as the platform does")
    shell, test = lines(form)
    assert curl(shell)[1].endswith(f"/sessions/{session}/close")
    assert test == f'platform.close_session("{session}")'
    form.get_by_role("button", name="Close").click()
    expect(main.locator("#sessions button")).to_have_count(0)
    assert ana.platform.sessions == []


def test_a_token_is_made_looked_at_and_revoked(dashboard: Dashboard, platform: Platform) -> None:
    main = dashboard.show("tokens")
    make = control(main, "Make one")
    make.get_by_label("External ID").fill("it's")
    make.get_by_label("Lives for").fill("60")
    assert lines(make)[1] == 'platform.token("it\'s", expires_in=60)'
    make.get_by_role("button", name="Make a token").click()
    token = make.locator(".token").inner_text()
    Client(platform, None, token).open()
    look = control(main, "Look at one")
    make.get_by_role("button", name="Look at it").click()
    expect(look.locator(".seen .badge")).to_have_text("good")
    expect(look.locator(".seen")).to_contain_text("it's")
    expect(look.locator(".seen")).to_contain_text("in 1 min")
    expect(look.locator(".seen pre")).to_contain_text('"externalId": "it\'s"')
    revoke = control(main, "Revoke one")
    revoke.get_by_label("A client access token").fill(token)
    revoke.get_by_role("button", name="Revoke it").click()
    expect(revoke.locator("output")).to_have_text("It is revoked.")
    assert Client(platform, None, token).ask("POST", "/v1/sessions")[0] == 401
    look.get_by_role("button", name="Look at it").click()
    expect(look.locator(".seen .badge")).to_have_text("revoked")


@pytest.mark.parametrize("condition", ["expired", "forged", "foreign", "unreadable", "revoked"])
def test_a_token_that_is_pasted_is_told_by_its_condition(
    dashboard: Dashboard, platform: Platform, condition: str
) -> None:
    main = dashboard.show("tokens")
    look = control(main, "Look at one")
    look.get_by_label("A token").fill(platform.token("ana", condition=condition))
    look.get_by_role("button", name="Look at it").click()
    expect(look.locator(".seen .badge")).to_have_text(condition)
    if condition in ("expired", "revoked"):
        expect(look.locator(".seen")).to_contain_text("This world has signed it.")
    else:
        expect(look.locator(".seen")).not_to_contain_text("This world has signed it.")


def test_the_clock_stands_runs_and_moves(dashboard: Dashboard, platform: Platform) -> None:
    clock = platform.clock
    main = dashboard.show("clock")
    speed = dashboard.page.locator("#speed")
    expect(speed).to_have_text("stands still")
    now = clock.now()
    main.get_by_role("button", name="Run so fast").click()
    expect(speed).to_have_text("× 60")
    main.get_by_role("button", name="Run", exact=True).click()
    expect(speed).to_have_text("real time")
    main.get_by_role("button", name="Freeze").click()
    expect(speed).to_have_text("stands still")
    assert clock.now() > now
    Client(platform, "ana").open()
    due = main.locator("tbody tr", has_text="token-expires")
    expect(due).to_contain_text("in 1 h")
    passing = control(main, "Let time pass")
    passing.get_by_label("By").fill("10")
    now = clock.now()
    passing.get_by_role("button", name="Advance").click()
    expect(passing.locator("output")).to_contain_text("Nothing happened on the way.")
    assert clock.now() == now + 600
    expect(due).to_contain_text("in 50 min")
    following = control(main, "Until the next thing happens")
    following.get_by_role("button", name="To the next").click()
    expect(following.locator(".happened")).to_contain_text("token-expires")
    assert clock.now() > now + 600
    until = control(main, "Until an instant")
    until.get_by_label("Instant").fill("2100-01-02T03:04:05")
    until.get_by_role("button", name="To then").click()
    expect(until.locator(".happened")).to_contain_text("token-forgotten")
    expect(dashboard.page.locator("#now")).to_have_text("2100-01-02 03:04:05 UTC")
    until.get_by_role("button", name="To then").click()
    until.get_by_label("Instant").fill("2100-01-02T03:04:04")
    dashboard.expected = "400"
    until.get_by_role("button", name="To then").click()
    expect(until.locator("output.bad")).to_contain_text("Time cannot go back")


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_of_each_kind_is_added_shown_and_healed(dashboard: Dashboard, platform: Platform, kind: str) -> None:
    main = dashboard.show("faults")
    expect(main.locator(".empty")).to_contain_text("Nothing goes wrong in this world")
    form = control(main, "Something is to go wrong")
    form.get_by_label("Kind").select_option(kind)
    expect(form.locator(".hint")).to_have_text(f"It {KINDS[kind].replace('`', '')}.")  # type: ignore[index]
    for name in (name for name, kinds in NEEDED.items() if kind in kinds):
        form.locator(f'input[name="{name}"]').fill({"seconds": "2.5", "field": "participant"}[name])
    form.locator('input[name="times"]').fill("3")
    shell, test = lines(form)
    form.get_by_role("button", name="Add the fault").click()
    card = main.locator("[data-fault]")
    expect(card).to_have_count(1)
    expect(card).to_contain_text(kind)
    expect(card).to_contain_text("struck 0 of 0 requests")
    eval(test, {"platform": platform})
    assert send(shell)[0] == 201
    made = [
        {**fault, "id": ""}
        for fault in send(f"curl {platform.url.partition('/w/')[0]}/_openfirst/worlds/{world_of(platform)}/faults")[1][
            "faults"
        ]
    ]
    assert len(made) == 3 and made[0] == made[1] == made[2]
    assert (made[0]["kind"], made[0]["times"]) == (kind, 3)
    expect(card).to_have_count(3)
    card.first.get_by_role("button", name="Remove it").click()
    expect(card).to_have_count(2)
    main.get_by_role("button", name="Heal everything").click()
    expect(card).to_have_count(0)


def test_only_operations_that_a_kind_can_do_anything_to_are_offered(dashboard: Dashboard) -> None:
    form = control(dashboard.show("faults"), "Something is to go wrong")
    operation = form.get_by_label("For the operation")
    form.get_by_label("Kind").select_option("lost")
    assert "close" in operation.locator("option").all_inner_texts()
    form.get_by_label("Kind").select_option("stale")
    offered = operation.locator("option").all_inner_texts()
    assert "isOpen" in offered and "close" not in offered and "getApiToken" not in offered


def test_a_fault_counts_what_it_strikes(dashboard: Dashboard, ana: Client) -> None:
    main = dashboard.show("faults")
    main.get_by_role("button", name="Make it rate-limited").click()
    card = main.locator("[data-fault]")
    expect(card).to_contain_text("status 429")
    for _ in range(4):
        ana.ask("GET", "/v1/sessions")
    expect(card).to_contain_text("struck 1 of 4 requests that fitted")


def test_a_mishap_may_be_that_of_one_external_id(dashboard: Dashboard) -> None:
    main = dashboard.show("faults")
    form = control(main, "Make it offline")
    form.get_by_text("As a request").click()
    main.get_by_label("Of one external ID").fill("ana")
    assert curl(lines(form)[0])[2] == {"recipe": "offline", "externalId": "ana"}
    assert lines(form)[1] == 'platform.fail(recipe="offline", external_id="ana")'
    form.get_by_role("button", name="Make it offline").click()
    expect(main.locator("[data-fault]").first).to_contain_text("externalId ana")


def test_a_field_that_no_line_of_a_test_can_have_is_asked_for_by_a_shell_alone(dashboard: Dashboard) -> None:
    form = control(dashboard.show("faults"), "Something is to go wrong")
    form.get_by_label("Kind").select_option("refuse")
    form.get_by_text("More narrowly").click()
    form.locator('input[name="path"]').fill("/v1/*")
    assert curl(lines(form)[0])[2] == {"kind": "refuse", "path": "/v1/*"}
    expect(form.locator("code.pytest")).to_be_hidden()


def test_a_mistake_is_told_where_it_was_made(dashboard: Dashboard) -> None:
    dashboard.expected = "400"
    main = dashboard.show("worlds")
    make = control(main, "Make one")
    make.get_by_label("Name").fill("no name!")
    make.get_by_label("Name").press("Enter")
    expect(make.locator("output.bad")).to_contain_text("`no name!` cannot be a world's name")


def test_choices_are_made_and_the_world_goes_by_them(dashboard: Dashboard, ana: Client) -> None:
    ana.platform.choose({"close-while-closed": "refuse"})
    ana.open(name="Ana")
    assert ana.ask("POST", "/v1/sessions", {"name": "again"})[0] == 409
    main = dashboard.show("choices")
    expect(main.locator('[data-choice="close-while-closed"] input[value="refuse"]')).to_be_checked()
    main.locator('[data-choice="open-while-open"] input[value="keep"]').check()
    expect(main.locator(".changes")).to_have_text("1 to be changed.")
    form = control(main, "Choose so")
    shell, test = lines(form)
    assert curl(shell)[2] == {"close-while-closed": "refuse", "open-while-open": "keep"}
    assert test == 'platform.choose({"open-while-open": "keep"})'
    form.get_by_role("button", name="Choose so").click()
    expect(main.locator(".changes")).to_have_text("As it is now.")
    assert ana.platform.choices["open-while-open"] == "keep"
    assert ana.platform.choices["close-while-closed"] == "refuse"
    assert ana.ask("POST", "/v1/sessions", {"name": "again"})[0] == 201
    ana.platform.choose({"open-while-open": "replace"})
    expect(main.locator('[data-choice="open-while-open"] input[value="replace"]')).to_be_checked()
    main.get_by_role("button", name="The defaults").click()
    form.get_by_role("button", name="Choose so").click()
    expect(main.locator('[data-choice="open-while-open"] input[value="refuse"]')).to_be_checked()
    expect(main.locator(".changes")).to_have_text("As it is now.")
    assert ana.platform.choices["open-while-open"] == "refuse"


def test_a_world_begins_anew(dashboard: Dashboard, ana: Client) -> None:
    ana.open()
    main = dashboard.show("worlds")
    control(main, "Begin this one anew").get_by_role("button", name="Reset").click()
    expect(dashboard.page.locator('nav a[data-view="sessions"] .count')).to_have_text("")
    assert ana.platform.sessions == []


# The lines ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("view", VIEWS)
def test_each_line_can_be_pasted(dashboard: Dashboard, ana: Client, view: str) -> None:
    """What is shown for a shell is a request that is described, and what is shown for a test runs with the fixture `platform`."""
    ana.open(name="Ana")
    ana.platform.fail("open", "lost")
    main = dashboard.show(view)
    forms = main.locator("form.control").all()
    assert len(forms) > 0 or view in ("conferences", "coverage")
    for form in reversed(forms):  # The clock's are in the order in which time cannot go back.
        shell, test = lines(form)
        method, url, body = curl(shell)
        path = urlsplit(url).path
        assert control_description().operation(method, path) is not None, shell
        needs_more = body is not None and not body and "required" in str(control_description().operation(method, path))
        if method != "GET" and not needs_more and "kind" not in (body or {}):
            assert control_description().is_described(method, path, body or {}), shell
        if test and needs_more:
            assert re.fullmatch(r"platform\.\w+\([^)]*\)", test), test
        elif test:
            eval(test.replace('"delay"', '"delay", seconds=1'), {"platform": ana.platform})


def test_a_line_is_copied(dashboard: Dashboard, platform: Platform) -> None:
    dashboard.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    main = dashboard.show("clock")
    form = control(main, "Stand still")
    form.get_by_role("button", name="Copy the pytest line").click()
    expect(form.get_by_role("button", name="Copy the pytest line")).to_have_text("Copied")
    assert dashboard.page.evaluate("navigator.clipboard.readText()") == "platform.clock.freeze()"


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("bash")), reason="there is no curl, or no bash")
def test_where_there_is_no_session_a_line_opens_one(dashboard: Dashboard) -> None:
    main = dashboard.show()
    line = str(main.locator(".empty code").text_content())
    environment = {"PATH": "/usr/bin:/bin:/usr/local/bin", "no_proxy": "*"}
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    expect(main.locator("#sessions button")).to_contain_text("Ana")
