"""The report as JUnit XML, which build servers show: a test case for each rule in each tier."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from junitparser import Error, JUnitXml, Skipped, TestCase, TestSuite
from junitparser import Failure as Failed

from openfirst_conformance.reports.data import sequence
from openfirst_conformance.reports.verdict_words import clients_in_words, reason_in_words
from openfirst_conformance.verdicts.model import Failure, Report, RuleVerdict
from openfirst_reference.contract.model import Contract

# What XML 1.0 cannot hold, not even escaped; external IDs in a failing sequence may well have it.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_UNDECIDED = ("inconclusive", "not-testable", "flaky")
Result = type[Failed] | type[Error] | type[Skipped]


def as_junit(report: Report) -> str:
    """The report as a JUnit XML document. A `should` that is not kept, like what a baseline knows, is skipped with a word."""
    suite = TestSuite("openfirst check")
    named = {
        "contract": report.contract.name,
        "contract.version": report.contract.version,
        "implementation": report.implementation.get("name", ""),
        "implementation.version": report.implementation.get("version", ""),
        "verdict": report.verdict,
    }
    for name, value in named.items():
        suite.add_property(name, _clean(str(value)))
    for tier in dict.fromkeys(tier for rule in report.rules.values() for tier in rule.tiers):
        for rule in report.rules.values():
            case = TestCase(rule.id, tier, 0)
            for kind, message, text in _results(report, rule, tier):
                result = kind(_clean(message), rule.verdict)
                result.text = _clean(text)
                case.result += [result]
            suite.add_testcase(case)
    suite.update_statistics()
    suite.time = round(sum(promise["seconds"] for promise in report.promise.values()), 3)
    document = JUnitXml()
    document.append(suite)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{document.tostring().decode()}\n'


def _results(report: Report, rule: RuleVerdict, tier: str) -> Iterator[tuple[Result, str, str]]:
    """What is said below a test case, if anything: its kind, its message and its text."""
    stated = report.contract.rules[rule.id]
    failures = [failure for failure in rule.failures if failure.tier == tier]
    if rule.tiers[tier] == "fail":
        text = "\n\n".join([f"“{stated.quote}”", *(_sequence(report.contract, failure) for failure in failures)])
        if rule.verdict == "known":
            yield Skipped, f"known: {reason_in_words(rule.reason)}", text
        elif rule.level != "must":
            yield Skipped, f"not kept ({rule.level}): {stated.statement}", text
        else:
            yield Failed, stated.statement, text
    elif rule.verdict in _UNDECIDED:
        yield Error, f"{rule.verdict}: {reason_in_words(rule.reason)}", ""
    elif rule.verdict in ("not-run", "not-applicable", "vacuous", "masked"):
        yield Skipped, f"{rule.verdict}: {reason_in_words(rule.reason)}", ""
    elif rule.tiers[tier] == "not-run":
        yield Skipped, "not-run: this tier does not test it", ""


def _sequence(contract: Contract, failure: Failure) -> str:
    """The calls, a line each, and what the last one might have come to."""
    calls = sequence(contract, failure)
    lines = [
        f"{call['client']}: {call['operation']} {json.dumps(call['arguments'], ensure_ascii=False)}: {call['seen']}"
        for call in calls
    ]
    return "\n".join([clients_in_words(failure.played), *lines, f"Permitted: {' or '.join(calls[-1]['permitted'])}."])


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
