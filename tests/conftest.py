"""Which tests are quick and tell much: those of the rooms that all others stand on, and the first verdicts."""

from __future__ import annotations

import pytest

from openfirst.garbage import collect_rarely

collect_rarely()
QUICK = (
    "simulator",
    "reference/client",
    "conformance/cases",
    "conformance/oracle",
    "conformance/recordings",
    "conformance/adapters/test_messages",
    "test_structure",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark them."""
    for item in items:
        path = item.nodeid.removeprefix("tests/")
        if path.startswith(QUICK):
            item.add_marker(pytest.mark.quick)
