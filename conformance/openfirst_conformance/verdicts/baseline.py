"""Baselines: the failures of an implementation that its people know of, in a file that people review.

An entry names a rule and, as far as it gives it, the signature of the failure. It must match exactly one signature: an entry
that matches none is stale, and one that matches several hides failures that nobody has looked at.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from openfirst_conformance.tiers.catalogue import TIERS
from openfirst_conformance.verdicts.model import Failure, Report
from openfirst_conformance.verdicts.reasons import Accepted
from openfirst_conformance.verdicts.signature import Signature, signature_of
from openfirst_reference.contract.document import Document, read_document, read_file
from openfirst_reference.contract.findings import Mistake, did_you_mean
from openfirst_reference.contract.model import Contract
from openfirst_reference.machine.machine import Machine

KNOWN = "known"
TODO = "TODO"
_HEAD = "# Failures that are known, and accepted by openfirst check --baseline. Each needs a reason.\nknown:\n"
_KEYS = ("rule", "reason", "issue", "tier", "signature")


@dataclass(frozen=True)
class Entry:
    """A known failure. `place` is file, line and column; `signature` what the entry gives of it."""

    number: int
    place: str
    rule: str
    reason: str
    issue: str | None
    tier: str | None
    signature: Mapping[str, str]

    @property
    def has_reason(self) -> bool:
        """Whether a person has said why the failure is accepted."""
        return bool(self.reason) and not self.reason.startswith(TODO)

    def matches(self, rule: str, signature: Signature) -> bool:
        """Whether this is the failure."""
        found = signature._asdict()
        return rule == self.rule and all(found[name] == value for name, value in self.signature.items())


@dataclass(frozen=True)
class Baseline:
    """The entries of a file, and its text."""

    document: Document
    text: str
    entries: tuple[Entry, ...]

    def check_reasons(self) -> None:
        """Raises ValueError for entries without a reason."""
        missing = [
            f"{entry.place}: the known failure of `{entry.rule}` has no reason. Write behind `reason:` why it is accepted."
            for entry in self.entries
            if not entry.has_reason
        ]
        if missing:
            raise Mistake("\n".join(missing))


@dataclass(frozen=True)
class Compared:
    """A report beside a baseline. `report` calls `known` what the baseline lists; `findings`: what is wrong with the baseline."""

    report: Report
    new: tuple[tuple[Failure, Signature], ...]
    stale: tuple[Entry, ...]
    too_wide: tuple[tuple[Entry, tuple[Signature, ...]], ...]

    @property
    def findings(self) -> list[str]:
        """What is wrong with the baseline, in sentences."""
        stale = [
            f"{entry.place}: `{entry.rule}` does not fail like this, or another entry says so already. Remove this one."
            for entry in self.stale
        ]
        wide = [
            f"{entry.place}: this matches {len(found)} different failures of `{entry.rule}`. Give the signature of one: "
            + "; or ".join(", ".join(f"{name}: {value}" for name, value in item._asdict().items()) for item in found)
            for entry, found in self.too_wide
        ]
        return [*stale, *wide]


def read_baseline(file: Path, contract: Contract) -> Baseline:
    """Read a baseline. Raises ContractError for what is not YAML, and ValueError, with lines, for what cannot be used."""
    document = read_file(file)
    return _baseline(document, file.read_text(encoding="utf-8"), contract)


def compare(report: Report, baseline: Baseline | None) -> Compared:
    """A report, with what the baseline lists. Each entry stands for one failure, and each failure needs one entry."""
    machine = Machine(report.contract)
    entries = baseline.entries if baseline else ()
    matched: dict[int, dict[Signature, None]] = {entry.number: {} for entry in entries}
    rules, new = dict(report.rules), list[tuple[Failure, Signature]]()
    for name, rule in report.rules.items():
        known, unknown, reasons = list[Failure](), list[Failure](), dict[str, None]()
        for failure in rule.failures:
            signature = signature_of(machine, failure.played)
            matching = (entry for entry in entries if entry.matches(name, signature))
            entry = max(matching, key=lambda item: len(item.signature), default=None)
            if entry is None:
                unknown.append(failure)
                new.append((failure, signature))
            else:
                known.append(failure)
                matched[entry.number][signature] = None
                reasons[f"{entry.reason} ({entry.issue})" if entry.issue else entry.reason] = None
        if known and not unknown:
            rules[name] = replace(rule, verdict=KNOWN, reason=Accepted("; ".join(reasons)), failures=known)
        else:
            rules[name] = replace(rule, failures=[*unknown, *known])
    return Compared(
        replace(report, rules=rules),
        tuple(new),
        tuple(entry for entry in entries if not matched[entry.number] and _was_tried(entry, report)),
        tuple((entry, tuple(matched[entry.number])) for entry in entries if len(matched[entry.number]) > 1),
    )


def updated(baseline: Baseline | None, compared: Compared) -> str:
    """The text of the baseline that equals the report: what people wrote stays as it is, byte for byte.

    Stale entries go, with the comments right above them; of an entry that matches too much, one for each failure is left,
    with its reason. Raises ValueError for a file that is written in a way that this cannot keep.
    """
    entries = baseline.entries if baseline else ()
    gone = {entry.number for entry in compared.stale} | {entry.number for entry, _ in compared.too_wide}
    added = [
        _written(entry.rule, signature, entry.reason, entry.issue, entry.tier)
        for entry, found in compared.too_wide
        for signature in found
    ]
    musts = [
        (failure, signature)
        for failure, signature in compared.new
        if compared.report.rules[failure.rule].level == "must"
    ]
    fresh = dict.fromkeys((failure.rule, signature, failure.tier) for failure, signature in musts)
    seen: set[tuple[str, Signature]] = set()
    for rule, signature, tier in fresh:
        if (rule, signature) not in seen:
            seen.add((rule, signature))
            added.append(_written(rule, signature, f"{TODO} say why this is accepted", None, tier))
    text = _spliced(baseline, gone, added) if baseline else _HEAD + "".join(_block(item, "  ") for item in added)
    kept = [entry.rule for entry in entries if entry.number not in gone]
    again = _baseline(read_document(text, "the baseline"), text, compared.report.contract)
    if [entry.rule for entry in again.entries] != [*kept, *(str(item["rule"]) for item in added)]:
        where = baseline.document.file if baseline else ""
        raise Mistake(
            f"{where}: this cannot be updated in place. Write `known:` alone on a line, and `- rule: …` below it."
        )
    return text


def _baseline(document: Document, text: str, contract: Contract) -> Baseline:
    problems: list[str] = []
    items = document.data.get("known", ())
    others = [name for name in document.data if name != "known"]
    if others or not isinstance(items, list | tuple | None):
        where = document.place(*others[:1])
        raise Mistake(
            f"{where}: this is not a baseline. A baseline has `known:`, a list of failures, and nothing else."
        )
    entries = []
    for number, item in enumerate(items or ()):
        place = str(document.place("known", number))
        problem = _problem(item, contract)
        if problem:
            problems.append(f"{place}: {problem}")
            continue
        entries.append(
            Entry(
                number,
                place,
                str(item["rule"]),
                str(item.get("reason") or "").strip(),
                None if item.get("issue") is None else str(item["issue"]),
                item.get("tier"),
                {name: str(value) for name, value in (item.get("signature") or {}).items()},
            )
        )
    if problems:
        raise Mistake("\n".join(problems))
    return Baseline(document, text, tuple(entries))


def _problem(item: Any, contract: Contract) -> str | None:
    """What is wrong with an entry, and what to do."""
    if not isinstance(item, dict) or not isinstance(item.get("rule"), str):
        return "this is no entry of a baseline. It begins with `rule:`, the id of a rule."
    if item["rule"] not in contract.rules:
        return f"the contract has no rule `{item['rule']}`. {did_you_mean(item['rule'], contract.rules)}"
    if item.get("tier") not in (None, *TIERS):
        return f"there is no tier `{item['tier']}`. {did_you_mean(str(item['tier']), TIERS)}"
    signature = item.get("signature") or {}
    if not isinstance(signature, dict):
        return f"`signature` is not a map. Give one with {', '.join(Signature._fields)}."
    for name, known in [(name, _KEYS) for name in item] + [(name, Signature._fields) for name in signature]:
        if name not in known:
            return f"`{name}` is nothing that an entry has. {did_you_mean(name, known)}"
    return None


def _was_tried(entry: Entry, report: Report) -> bool:
    """Whether the run would have shown the failure: its rule was put to the test, in the tier that found it."""
    rule = report.rules.get(entry.rule)
    if rule is None or rule.verdict not in ("pass", "fail"):
        return False
    return entry.tier is None or rule.tiers.get(entry.tier, "not-run") != "not-run"


def _written(rule: str, signature: Signature, reason: str, issue: str | None, tier: str | None) -> dict[str, Any]:
    entry: dict[str, Any] = {"rule": rule, "reason": reason}
    if issue is not None:
        entry["issue"] = issue
    if tier is not None:
        entry["tier"] = tier
    return {**entry, "signature": signature._asdict()}


def _block(entry: Mapping[str, Any], indent: str) -> str:
    lines = yaml.safe_dump(dict(entry), allow_unicode=True, sort_keys=False, width=1000).splitlines()
    return "".join(f"{indent}{'  ' if number else '- '}{line}\n" for number, line in enumerate(lines))


def _spliced(baseline: Baseline, gone: Collection[int], added: Sequence[Mapping[str, Any]]) -> str:
    """The text without the entries that are gone, and with others at its end."""
    if not gone and not added:
        return baseline.text
    lines = baseline.text.splitlines(keepends=True)
    first = baseline.document.place("known").line
    starts = [baseline.document.place("known", entry.number).line - 1 for entry in baseline.entries]
    begins = []
    for number, start in enumerate(starts):
        begin, limit = start, starts[number - 1] + 1 if number else first
        while begin > limit and lines[begin - 1].strip()[:1] in ("", "#"):
            begin -= 1
        begins.append(begin)
    ends = [*begins[1:], len(lines)]
    if begins:
        indent = lines[starts[0]][: len(lines[starts[0]]) - len(lines[starts[0]].lstrip())]
        kept = [
            "".join(lines[b:e]) for number, (b, e) in enumerate(zip(begins, ends, strict=True)) if number not in gone
        ]
        head = "".join(lines[: begins[0]])
    else:
        indent, kept, head = "  ", [], "".join(lines[: first - 1]) + "known:\n"
    body = "".join([*kept, *(_block(item, indent) for item in added)])
    if not body.strip():
        return "".join(lines[: first - 1]) + "known: []\n"
    if kept and not kept[-1].endswith("\n"):
        body = "".join([*kept, "\n", *(_block(item, indent) for item in added)])
    return head + body
