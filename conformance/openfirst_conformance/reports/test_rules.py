"""Each rule in each tier as a test: `pytest --pyargs openfirst_conformance --adapter COMMAND`. The plugin makes the runs."""

from __future__ import annotations

import pytest

from openfirst_conformance.reports.terminal import failure_in_words
from openfirst_conformance.reports.verdict_words import reason_in_words
from openfirst_conformance.verdicts.model import Report


def test_rule(openfirst_verdict: tuple[str, str, Report]) -> None:
    """The implementation keeps the rule, as far as the tier can tell."""
    tier, rule, report = openfirst_verdict
    known = report.rules[rule]
    if known.tiers[tier] == "fail":
        text = failure_in_words(report, known)
        if known.level == "must":
            pytest.fail(text, pytrace=False)
        pytest.xfail(f"{rule} is a {known.level}: {text}")
    if known.verdict in ("inconclusive", "flaky", "not-testable"):
        pytest.fail(f"{rule} is {known.verdict}: {reason_in_words(known.reason)}.", pytrace=False)
    if known.tiers[tier] == "not-run":
        reason = reason_in_words(known.reason)
        pytest.skip(f"{known.verdict}: {reason}" if reason else f"{tier} does not test it")
