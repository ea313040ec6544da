"""docs/services.md says of each method of the contract what it does here, and of none that it does what it does not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from openfirst_reference.contract.load import load_contract
from tests.simulator.meeting import Meeting

PAGE = (Path(__file__).parents[2] / "docs" / "services.md").read_text()
CONTRACT = load_contract()
TABLES = re.findall(r"<!-- methods: (\w+) -->\n(.*?)<!-- end -->", PAGE, re.DOTALL)
ROWS = {
    f"{service}/{name}": does
    for service, table in TABLES
    for name, does in re.findall(r"^\| `(\w+)` \| (.*) \|$", table, re.MULTILINE)
}


def test_the_page_lists_every_method_and_no_other() -> None:
    assert list(ROWS) == [method.target for method in CONTRACT.methods.values()]
    assert f"each of the {len(ROWS)} methods" in PAGE


@pytest.mark.parametrize("target", CONTRACT.methods)
def test_what_the_page_calls_not_simulated_is_so_and_nothing_else(target: str) -> None:
    method = CONTRACT.methods[target]
    meeting = Meeting("ana")
    status, code = meeting.asked("ana", target, *method.arguments)
    assert ROWS[target].startswith("not simulated") is (method.model is None)
    if method.model is None:
        assert (status, code) == (501, "not-simulated")
    else:
        assert status in (200, 400, 404, 409) or "`not-simulated`" in ROWS[target]
