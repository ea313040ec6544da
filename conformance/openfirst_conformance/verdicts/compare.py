"""Two reports side by side: two implementations, or two versions of one, rule by rule and choice by choice."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from openfirst_reference.contract.document import Json
from openfirst_reference.contract.findings import Mistake
from openfirst_spec import resource

SCHEMA = "report.schema.json"
_MISSING = "not in the report"


@dataclass(frozen=True)
class Difference:
    """A rule or a choice that is one way in the first report and another in the second."""

    kind: str
    id: str
    first: str
    second: str


def check_report(value: Any, name: str) -> Json:
    """The value, if it is a report of `openfirst check --json`. Raises ValueError that says what is wrong with it."""
    if not _validator().is_valid(value):
        error = best_match(_validator().iter_errors(value))
        at = error.json_path.removeprefix("$").lstrip(".") or "the file"
        wrong = f"{at}: {error.message[:200]}"
        raise Mistake(
            f"{name}: this is no report ({wrong}). Name a file that openfirst check --json has written; "
            "one that an older openfirst has written must be made anew."
        )
    report: Json = value
    return report


def differences(first: Json, second: Json) -> list[Difference]:
    """What differs: verdicts of rules, ways of failing where a rule fails in both, and values of choices."""
    one, other = ({rule["id"]: rule for rule in report["rules"]} for report in (first, second))
    rules = [
        Difference("rule", name, *said)
        for name in dict.fromkeys([*one, *other])
        for said in [_said(one.get(name), other.get(name))]
        if said[0] != said[1]
    ]
    values = [
        {name: choice["value"] or "not seen" for name, choice in report["choices"].items()}
        for report in (first, second)
    ]
    choices = [
        Difference("choice", name, *said)
        for name in dict.fromkeys([*values[0], *values[1]])
        for said in [tuple(known.get(name, _MISSING) for known in values)]
        if said[0] != said[1]
    ]
    return [*rules, *choices]


def remarks(first: Json, second: Json) -> list[str]:
    """What one should know of a comparison: another contract version, or a tier that only one of the two has run."""
    found = []
    versions = [f"{report['contract']['name']} {report['contract']['version']}" for report in (first, second)]
    if versions[0] != versions[1]:
        found.append(f"The contract is not the same: {versions[0]} in the first, {versions[1]} in the second.")
    tiers = [sorted(report["promise"]) for report in (first, second)]
    if tiers[0] != tiers[1]:
        words = [", ".join(names) or "none" for names in tiers]
        found.append(f"The tiers that were run are not the same: {words[0]} in the first, {words[1]} in the second.")
    return found


def _said(first: Json | None, second: Json | None) -> tuple[str, str]:
    """The verdicts on a rule; where it fails in both, with the ways of failing that only one of them has."""
    verdicts = tuple(rule["verdict"] if rule else _MISSING for rule in (first, second))
    if not first or not second or verdicts[0] != verdicts[1]:
        return verdicts[0], verdicts[1]
    ways = [
        {f"{failure['signature']['call']}: {failure['signature']['seen']}": None for failure in rule["failures"]}
        for rule in (first, second)
    ]
    own = [[way for way in ways[number] if way not in ways[1 - number]] for number in (0, 1)]
    return f"{verdicts[0]} {'; '.join(own[0])}".strip(), f"{verdicts[1]} {'; '.join(own[1])}".strip()


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads(resource(SCHEMA)))
