"""A world's report: what leaked, what was refused, and which rows of the contract were exercised."""

from __future__ import annotations

import json

from openfirst_simulator.journal import Filter, Journal
from openfirst_simulator.report import NeverHit, OpenSession, Refused, as_json, as_text
from openfirst_simulator.report_page import as_html
from tests.simulator.conftest import START, Api
from tests.simulator.inprocess import CONTRACT, Here, a_run_with_refusals


def test_what_is_left_open_leaks_until_it_is_closed() -> None:
    here = Here()
    ana = here.world.token("ana")
    anybody = here.world.token()
    first = here.opened(ana)
    here.world.clock.advance(10)
    second = here.opened(anybody)
    report = here.world.report()
    assert report.left_open == (OpenSession(first, "ana", START), OpenSession(second, None, START + 10))
    assert report.leaks
    here.close(ana)
    here.world.close(second)
    assert here.world.report().left_open == ()
    assert not here.world.report().leaks


def test_a_session_that_takes_the_place_of_another_is_opened_anew() -> None:
    here = Here(choices={"open-while-open": "replace"})
    ana = here.world.token("ana")
    here.opened(ana)
    here.world.clock.advance(10)
    here.update(ana, {"name": "Ana"})
    assert here.world.report().left_open[0].opened == START
    second = here.opened(ana)
    assert here.world.report().left_open == (OpenSession(second, "ana", START + 10),)


def test_what_the_contract_refused_is_counted_with_the_sentence() -> None:
    here = Here()
    a_run_with_refusals(here)
    here.use(here.world.token("ben"), "conference/create")
    refused = here.world.report().refused
    sentence = "Opening a session is mandatory before interacting with any service."
    assert refused[0] == Refused("use.closed", "session-not-open", "open-before-use", sentence, 2)
    assert [(item.row, item.code, item.count) for item in refused[1:]] == [
        ("open.again.without-info", "session-already-open", 1),
        ("open.bad-credential", "token-invalid", 1),
        ("open.bad-credential", "token-revoked", 1),
        ("open.external-id-mismatch", "external-id-mismatch", 1),
        ("open.not-initialized", "not-initialized", 1),
    ]


def test_what_something_else_refused_is_no_refusal_of_the_contract() -> None:
    here = Here()
    ana = here.world.token("ana")
    here.opened(ana)
    assert here.use(ana, "conference/getLocalStats").outcome == (501, "not-simulated")
    assert here.update(ana, {"name": 7}).status == 400
    here.world.fail(kind="status", times=1)
    assert here.is_open(ana).status == 503
    assert here.world.report().refused == ()
    assert here.world.report().requests == 4


def test_a_fault_that_never_struck_is_told() -> None:
    here = Here()
    here.world.fail(kind="lost", operation="open", times=1)
    late = here.world.fail(kind="lost", operation="close", after=2)
    here.open(here.world.token("ana"))
    here.close(here.world.token("ana"))
    assert here.world.report().faults_never_hit == (NeverHit(late.id, "lost", "close", 1),)
    assert here.world.report().leaks


def test_the_rows_that_were_exercised_are_counted_and_all_others_were_never() -> None:
    here = Here()
    ana = here.world.token("ana")
    here.is_open(ana)
    here.is_open(ana)
    here.world.close(here.opened(ana, {"name": "Ana"}))
    report = here.world.report()
    assert dict(report.exercised) == {"open.with-info": 1, "isOpen.closed": 2, "platformCloses.open": 1}
    assert report.requests == 3
    asked = (
        "open",
        "close",
        "isOpen",
        "getParticipant",
        "updateParticipantInfo",
        "use",
        "platformCloses",
        "revokeToken",
    )
    rows = {row.id for row in CONTRACT.rows.values() if row.call in asked} | {"overlap.open-canceled-by-close"}
    assert set(report.never) == rows - set(report.exercised)
    assert report.rows == len(rows)
    assert {"initialize.good", "time.to-half", "sameIdOpens.closed"}.isdisjoint(report.never)


def test_what_was_dropped_is_counted_all_the_same_and_what_was_cleared_is_not() -> None:
    here = Here()
    here.world.journal = Journal(entries=1)
    ana = here.world.token("ana")
    here.use(ana, "conference/create")
    here.opened(ana)
    report = here.world.report()
    assert (report.requests, report.dropped, report.refused[0].count) == (2, 1, 1)
    assert "the journal has dropped 1 entry, which are counted all the same" in as_text(report)
    here.world.journal.clear()
    report = here.world.report()
    assert (report.requests, report.dropped, report.refused, dict(report.exercised)) == (0, 0, (), {})


def test_moves_of_the_platform_are_no_requests() -> None:
    here = Here()
    ana = here.world.token("ana")
    here.world.close(here.opened(ana))
    journal = here.world.journal
    assert journal.verify(Filter(external_id="ana"), 1, 1) == ("yes", 1)
    assert journal.verify(Filter(operation="platformCloses")) == ("yes", 1)


# As text, as JSON, as a page ------------------------------------------------------------------------------------------


def test_the_report_as_text() -> None:
    here = Here()
    ana = here.world.token("ana")
    here.use(ana, "conference/create")
    session = here.opened(ana)
    text = as_text(here.world.report())
    assert text.splitlines()[:16] == [
        "World here, 2026-01-01 00:00:00 UTC",
        "2 requests; the journal is complete.",
        "",
        "Sessions left open",
        f"  {session} of ana, opened 2026-01-01 00:00:00 UTC",
        "",
        "Refused by the contract",
        "  1x use.closed: session-not-open, rule open-before-use: “Opening a session is",
        "    mandatory before interacting with any service.”",
        "",
        "Faults that never struck",
        "  none",
        "",
        f"Rows of the contract: 2 of {here.world.report().rows} exercised",
        "       1  open.without-info",
        "       1  use.closed",
    ]
    assert max(map(len, text.splitlines())) <= 80


def test_the_report_over_http(api: Api) -> None:
    base, path = api.world.url.partition("/w/")[0], f"/_openfirst/worlds/{api.world.name}/report"
    session = api.opened(api.world.token("ana"))
    shown = api.ask("GET", path, base=base).body
    assert shown["leftOpen"] == [{"session": session, "externalId": "ana", "opened": START}]
    assert shown["rows"]["exercised"] == {"open.without-info": 1}
    assert shown == json.loads(json.dumps(as_json(api.world.report())))
    assert api.ask("GET", f"{path}?format=json", base=base).body == shown
    text, page = (api.ask("GET", f"{path}?format={form}", base=base) for form in ("text", "html"))
    assert (text.content_type, text.body) == ("text/plain", as_text(api.world.report()))
    assert (page.content_type, page.body) == ("text/html", as_html(api.world.report()))
    assert text.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert api.ask("GET", f"{path}?format=pdf", base=base).status == 400


def test_the_page_needs_nothing_else_and_takes_nothing_for_markup() -> None:
    here = Here()
    here.opened(here.world.token("<b>ana</b>"))
    here.world.fail(kind="lost", operation="open")
    page = as_html(here.world.report())
    assert "&lt;b&gt;ana&lt;/b&gt;" in page
    for foreign in ("<b>ana", "<script", "http:", "https:", "<link", "<img", "@import"):
        assert foreign not in page
    assert "prefers-color-scheme: dark" in page
    assert "open.without-info" in page and "close.closed" in page
