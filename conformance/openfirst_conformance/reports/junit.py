"""The report as JUnit XML, which build servers show: a test case for each rule in each tier."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from xml.etree import ElementTree

from openfirst_conformance.verdicts.model import Failure, Report, RuleVerdict

# What XML 1.0 cannot hold, not even escaped; external IDs in a failing sequence may well have it.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_UNDECIDED = ("inconclusive", "not-testable", "flaky")


def as_junit(report: Report) -> str:
    """The report as a JUnit XML document. A `should` that is not kept, like what a baseline knows, is skipped with a word."""
    suite = ElementTree.Element("testsuite", name="openfirst check")
    properties = ElementTree.SubElement(suite, "properties")
    named = {
        "contract": report.contract.name,
        "contract.version": report.contract.version,
        "implementation": report.implementation.get("name", ""),
        "implementation.version": report.implementation.get("version", ""),
        "verdict": report.verdict,
    }
    for name, value in named.items():
        ElementTree.SubElement(properties, "property", name=name, value=_clean(str(value)))
    for tier in dict.fromkeys(tier for rule in report.rules.values() for tier in rule.tiers):
        for rule in report.rules.values():
            case = ElementTree.SubElement(suite, "testcase", classname=tier, name=rule.id, time="0")
            for kind, message, text in _results(report, rule, tier):
                ElementTree.SubElement(case, kind, message=_clean(message), type=rule.verdict).text = _clean(text)
    cases = suite.findall("testcase")
    suite.set("tests", str(len(cases)))
    for plural, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(plural, str(sum(case.find(kind) is not None for case in cases)))
    suite.set("time", str(round(sum(promise["seconds"] for promise in report.promise.values()), 3)))
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _results(report: Report, rule: RuleVerdict, tier: str) -> Iterator[tuple[str, str, str]]:
    """What is said below a test case, if anything: the element, its message and its text."""
    stated = report.contract.rules[rule.id]
    failures = [failure for failure in rule.failures if failure.tier == tier]
    if rule.tiers[tier] == "fail":
        text = "\n\n".join([f"“{stated.quote}”", *(_sequence(failure) for failure in failures)])
        if rule.verdict == "known":
            yield "skipped", f"known: {rule.reason}", text
        elif rule.level != "must":
            yield "skipped", f"not kept ({rule.level}): {stated.statement}", text
        else:
            yield "failure", stated.statement, text
    elif rule.verdict in _UNDECIDED:
        yield "error", f"{rule.verdict}: {rule.reason}", ""
    elif rule.verdict in ("not-run", "not-applicable"):
        yield "skipped", f"{rule.verdict}: {rule.reason}", ""
    elif rule.tiers[tier] == "not-run":
        yield "skipped", "not-run: this tier does not test it", ""


def _sequence(failure: Failure) -> str:
    """The calls, a line each, and what the last one might have come to."""
    calls = failure.sequence()
    lines = [
        f"{call['client']}: {call['operation']} {json.dumps(call['arguments'], ensure_ascii=False)}: {call['seen']}"
        for call in calls
    ]
    clients = ", ".join(f"{client}: {fixture}" for client, fixture in failure.played.case.clients.items())
    return "\n".join([f"Clients: {clients}.", *lines, f"Permitted: {' or '.join(calls[-1]['permitted'])}."])


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
