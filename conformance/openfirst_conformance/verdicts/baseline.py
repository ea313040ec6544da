"""Baselines: the failures of an implementation that its people know of, in a file that people review.

An entry names a rule and one cause: an operation, and what is wrong with what it came to. It lists the calls that show it, and
what was permitted instead; a failure is known if all that is wrong with it is listed. An entry that matches nothing is stale, as is
what it lists and nothing shows; one that leaves something out, and matches several, hides failures that nobody has looked at.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from openfirst_conformance.tiers.catalogue import TIERS
from openfirst_conformance.verdicts.model import Failure, Report
from openfirst_conformance.verdicts.reasons import Accepted
from openfirst_conformance.verdicts.signature import Signature, signature_of, signatures_of
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
    """A known cause. `place` is file, line and column; `signature` what the entry gives of its failures, each part a list.

    `tiers` are those that found it.
    """

    number: int = field(compare=False)
    place: str = field(compare=False)
    rule: str
    reason: str
    issue: str | None
    tiers: tuple[str, ...]
    signature: Mapping[str, tuple[str, ...]]

    @property
    def has_reason(self) -> bool:
        """Whether a person has said why the failure is accepted."""
        return bool(self.reason) and not self.reason.startswith(TODO)

    def matches(self, rule: str, signature: Signature) -> bool:
        """Whether this is one of the failures."""
        found = signature._asdict()
        return rule == self.rule and all(found[name] in values for name, values in self.signature.items())


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


Shown = tuple[Failure, Signature]
"""Something that is wrong with a failure."""


@dataclass(frozen=True)
class Compared:
    """A report beside a baseline. `report` calls `known` what the baseline lists; `findings`: what is wrong with the baseline.

    Of `too_wide` and `worn` entries the failures that they match are there as well: the latter list more than fails.
    """

    report: Report
    new: tuple[Shown, ...]
    stale: tuple[Entry, ...]
    too_wide: tuple[tuple[Entry, tuple[Shown, ...]], ...]
    worn: tuple[tuple[Entry, tuple[Shown, ...]], ...]

    @property
    def findings(self) -> list[str]:
        """What is wrong with the baseline, in sentences."""
        stale = [
            f"{entry.place}: `{entry.rule}` does not fail like this, or another entry says so already. Remove this one."
            for entry in self.stale
        ]
        wide = [
            f"{entry.place}: this matches {len(found)} different failures of `{entry.rule}`. Give the signature of one: "
            + "; or ".join(", ".join(f"{name}: {value}" for name, value in item._asdict().items()) for _, item in found)
            for entry, found in self.too_wide
        ]
        worn = [
            f"{entry.place}: nothing shows `{entry.rule}` broken any more with {name}: {value}. Remove that from this entry."
            for entry, found in self.worn
            for name, value in _unseen(entry, found)
        ]
        return [*stale, *wide, *worn]


def read_baseline(file: Path, contract: Contract) -> Baseline:
    """Read a baseline. Raises ContractError for what is not YAML, and ValueError, with lines, for what cannot be used."""
    document = read_file(file, "known")
    return _baseline(document, file.read_text(encoding="utf-8"), contract)


def compare(report: Report, baseline: Baseline | None, others: Collection[Entry] = ()) -> Compared:
    """A report, with what the baseline lists. Each entry stands for one cause, and all that is wrong with a failure needs one.

    The entries of `others` are of another run: they are not stale, nor worn, for what this one does not show.
    """
    machine = Machine(report.contract)
    entries = baseline.entries if baseline else ()
    matched: dict[int, dict[Signature, Failure]] = {entry.number: {} for entry in entries}
    rules, new = dict(report.rules), list[Shown]()

    def entry_of(rule: str, signature: Signature) -> Entry | None:
        matching = (entry for entry in entries if entry.matches(rule, signature))
        return max(matching, key=lambda item: len(item.signature), default=None)

    for name, rule in report.rules.items():
        known, unknown, reasons = list[Failure](), list[Failure](), dict[str, None]()
        for failure in rule.failures:
            whole = signature_of(machine, failure.played)
            # Several fields of an answer are listed one by one; whoever lists them together is understood as well.
            wrong = [whole] if entry_of(name, whole) else signatures_of(machine, failure.played)
            found = {signature: entry_of(name, signature) for signature in wrong}
            for signature, entry in found.items():
                if entry is None:
                    new.append((failure, signature))
                else:
                    matched[entry.number][signature] = failure
                    reasons[f"{entry.reason} ({entry.issue})" if entry.issue else entry.reason] = None
            (known if all(found.values()) else unknown).append(failure)
        if known and not unknown:
            rules[name] = replace(rule, verdict=KNOWN, reason=Accepted("; ".join(reasons)), failures=known)
        else:
            rules[name] = replace(rule, failures=[*unknown, *known])
    shown = [(entry, tuple((failure, item) for item, failure in matched[entry.number].items())) for entry in entries]
    tried = [(entry, found) for entry, found in shown if entry not in others and _was_tried(entry, report)]
    return Compared(
        replace(report, rules=rules),
        tuple(new),
        tuple(entry for entry, found in tried if not found),
        tuple((entry, found) for entry, found in shown if _is_too_wide(entry, found)),
        tuple((entry, found) for entry, found in tried if found and _unseen(entry, found)),
    )


def updated(baseline: Baseline | None, compared: Compared) -> str:
    """The text of the baseline that equals the report: what people wrote stays as it is, byte for byte.

    Stale entries go, with the comments right above them; an entry that matches too much, or lists what nothing shows any more, is
    written anew, with its reason. Raises ValueError for a file that is written in a way that this cannot keep.
    """
    entries = baseline.entries if baseline else ()
    mended = {entry.number: (entry, found) for entry, found in (*compared.too_wide, *compared.worn)}
    gone = {entry.number for entry in compared.stale} | mended.keys()
    added = [
        _written(shown, entry.reason, entry.issue, entry.tiers)
        for entry, found in mended.values()
        for shown in _by_cause(found)
    ]
    rules = compared.report.rules
    musts = [(failure, signature) for failure, signature in compared.new if rules[failure.rule].level == "must"]
    added += [
        _written(shown, f"{TODO} say why this is accepted", None, dict.fromkeys(failure.tier for failure, _ in shown))
        for shown in _by_cause(musts)
    ]
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
                _texts(item.get("tier") or ()),
                {name: _texts(value) for name, value in (item.get("signature") or {}).items()},
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
    for tier in _texts(item.get("tier") or ()):
        if tier not in TIERS:
            return f"there is no tier `{tier}`. {did_you_mean(tier, TIERS)}"
    signature = item.get("signature") or {}
    if not isinstance(signature, dict):
        return f"`signature` is not a map. Give one with {', '.join(Signature._fields)}."
    for name, known in [(name, _KEYS) for name in item] + [(name, Signature._fields) for name in signature]:
        if name not in known:
            return f"`{name}` is nothing that an entry has. {did_you_mean(name, known)}"
    return None


def _texts(value: Any) -> tuple[str, ...]:
    """A text, or a list of texts, as a list."""
    return tuple(map(str, value)) if isinstance(value, list | tuple) else (str(value),)


def _by_cause(found: Iterable[Shown]) -> Iterable[list[Shown]]:
    """What is wrong, by what may well come of one cause: the rule, the operation, and what is wrong with what that came to."""
    causes: dict[tuple[str, str, str], list[Shown]] = {}
    for failure, signature in found:
        operation = failure.played.seen[-1].planned.operation
        causes.setdefault((failure.rule, operation, signature.seen), []).append((failure, signature))
    return causes.values()


def _is_too_wide(entry: Entry, found: Sequence[Shown]) -> bool:
    """Whether the entry leaves out a part of the signature in which the failures that it matches differ."""
    left_out = [name for name in Signature._fields if name not in entry.signature]
    return len({tuple(getattr(signature, name) for name in left_out) for _, signature in found}) > 1


def _unseen(entry: Entry, found: Sequence[Shown]) -> list[tuple[str, str]]:
    """What the entry lists, and none of the failures that it matches has."""
    return [
        (name, value)
        for name, values in entry.signature.items()
        for value in values
        if value not in {getattr(signature, name) for _, signature in found}
    ]


def _was_tried(entry: Entry, report: Report) -> bool:
    """Whether the run would have shown the failures: their rule was put to the test, in the tiers that found them.

    A part of a run, or one that was ended before its end, may have left out what shows them.
    """
    rule = report.rules.get(entry.rule)
    is_whole = report.shard[1] == 1 and report.finished
    if not is_whole or rule is None or rule.verdict not in ("pass", "fail"):
        return False
    return all(rule.tiers.get(tier, "not-run") != "not-run" for tier in entry.tiers)


def _written(shown: Sequence[Shown], reason: str, issue: str | None, tiers: Iterable[str]) -> dict[str, Any]:
    """An entry for what has one cause."""
    entry: dict[str, Any] = {"rule": shown[0][0].rule, "reason": reason}
    if issue is not None:
        entry["issue"] = issue
    if tiers:
        entry["tier"] = _listed(tiers)
    signatures = [signature for _, signature in shown]
    return {
        **entry,
        "signature": {name: _listed(getattr(item, name) for item in signatures) for name in Signature._fields},
    }


def _listed(values: Iterable[str]) -> str | list[str]:
    """Different texts as a list; one as it is."""
    found = list(dict.fromkeys(values))
    return found[0] if len(found) == 1 else found


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
