"""The reports of a run's shards, joined into the report that one run would have given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from openfirst_conformance.reports.verdict_words import VARIES, values_in_words
from openfirst_reference.contract.document import Json
from openfirst_reference.contract.findings import Mistake

# The first of these that a shard says of a rule is what all of them say. One that passes shows both sides for the others.
_WEIGHT = (
    "fail",
    "known",
    "flaky",
    "inconclusive",
    "not-testable",
    "pass",
    "vacuous",
    "masked",
    "not-applicable",
    "not-run",
)
_WHOLE = {"number": 1, "of": 1}
_TIERS = ("fail", "pass", "not-run")
_OPEN = frozenset({"flaky", "inconclusive", "not-testable"})
_SETTLED = frozenset({"pass", "fail", "known"})


def joined(reports: Mapping[str, Json]) -> Json:
    """The joined report, by the names of the files. Raises ValueError where they are not the parts of one run, each once."""
    (name, first), *rest = reports.items()
    for other, report in rest:
        different = [part for part in ("contract", "implementation") if report[part] != first[part]]
        if [rule["id"] for rule in report["rules"]] != [rule["id"] for rule in first["rules"]]:
            different.append("choice of rules")
        for part in different:
            raise Mistake(
                f"{name} and {other} are of a different {part}, so they are no parts of one run. Name those that are."
            )
    _check_shards(reports)
    every = list(reports.values())
    rules = [_rule([report["rules"][number] for report in every]) for number in range(len(first["rules"]))]
    finished = all(report.get("finished", True) for report in every)
    promise = _by_name([report["promise"] for report in every], _promise)
    for tier in promise:  # A part that never came to it has not done it to its end.
        promise[tier]["finished"] &= all(tier in report["promise"] for report in every)
    return {
        **first,
        "verdict": _verdict(rules, finished=finished),
        "finished": finished,
        "shard": _WHOLE,
        "choices": {name: _choice([report["choices"][name] for report in every]) for name in first["choices"]},
        "promise": promise,
        "rules": rules,
        "codes": _by_name([report.get("codes", {}) for report in every], _summed),
        "unknownCodes": _by_name([report.get("unknownCodes", {}) for report in every], _unknown),
        "leftOut": list({str(item): item for report in every for item in report.get("leftOut", [])}.values()),
        "layers": _by_name([report["layers"] for report in every], _summed),
        "adapterFaults": _faults([fault for report in every for fault in report["adapterFaults"]]),
    }


def _check_shards(reports: Mapping[str, Json]) -> None:
    """Whoever broke a rule in a part that is missing would be acquitted."""
    found: dict[int, str] = {}
    shards = {name: report.get("shard", _WHOLE) for name, report in reports.items()}
    of = next(iter(shards.values()))["of"]
    for name, shard in shards.items():
        told = "the whole of a run" if shard["of"] == 1 else f"part {shard['number']} of {shard['of']}"
        if shard["of"] != of:
            raise Mistake(f"{name} is {told}, and {next(iter(shards))} is one of {of}. Name the parts of one run.")
        if shard["number"] in found:
            raise Mistake(f"{name} and {found[shard['number']]} are both {told}. Name each part once.")
        found[shard["number"]] = name
    missing = [str(number) for number in range(1, of + 1) if number not in found]
    if missing:
        raise Mistake(f"Of {of} parts these are missing: {', '.join(missing)}. Join all of them, or run those again.")


def _faults(each: Sequence[Json]) -> list[Json]:
    """What is of one kind and cause, once."""
    found: dict[tuple[str, ...], Json] = {}
    for fault in each:
        same = fault["kind"], fault["remedy"], fault["cause"]
        found[same] = {**found[same], "times": found[same]["times"] + fault["times"]} if same in found else fault
    return list(found.values())


def _verdict(rules: Sequence[Json], *, finished: bool) -> str:
    if any(rule["verdict"] == "fail" and rule["level"] == "must" for rule in rules):
        return "broken"
    verdicts = {rule["verdict"] for rule in rules}
    settled = {rule["verdict"] for rule in [rule for rule in rules if rule["level"] == "must"] or rules} & _SETTLED
    return "incomplete" if not finished or verdicts & _OPEN or not settled else "conforms"


def _rule(each: Sequence[Json]) -> Json:
    said = min(each, key=lambda rule: _WEIGHT.index(rule["verdict"]))
    failures: dict[tuple[str, ...], Json] = {}
    for failure in sorted((item for rule in each for item in rule["failures"]), key=lambda item: len(item["sequence"])):
        failures.setdefault(tuple(failure["signature"].values()), failure)
    tiers = dict.fromkeys(tier for rule in each for tier in rule["tiers"])
    return {
        **said,
        "tiers": {
            tier: min((rule["tiers"].get(tier, _TIERS[-1]) for rule in each), key=_TIERS.index) for tier in tiers
        },
        "refusedForUnknownReason": sum(rule["refusedForUnknownReason"] for rule in each),
        "failures": list(failures.values()),
    }


def _choice(each: Sequence[Json]) -> Json:
    """What all of them that saw something of a choice agree on."""
    seen = [choice for choice in each if choice["basis"] == "observed"]
    if not seen:
        return each[0]
    agreed = sorted(set.intersection(*(set(choice["values"]) for choice in seen)))
    evidence = _by_name([choice["evidence"] for choice in seen], _summed)
    return {**seen[0], "values": agreed, "value": values_in_words(agreed) or VARIES, "evidence": evidence}


def _promise(each: Sequence[Json]) -> Json:
    summed = {name: sum(promise[name] for promise in each) for name in ("sequences", "calls")}
    finished = all(promise.get("finished", True) for promise in each)
    return {**each[0], **summed, "finished": finished, "seconds": max(promise["seconds"] for promise in each)}


def _unknown(each: Sequence[Json]) -> Json:
    return {**each[0], "times": sum(item["times"] for item in each)}


def _summed(each: Sequence[Json]) -> Json:
    total: Counter[str] = Counter()
    for counts in each:
        total.update(counts)
    return dict(total)


def _by_name(each: Iterable[Json], join: Callable[[Sequence[Any]], Json]) -> Json:
    items = list(each)
    names = dict.fromkeys(name for item in items for name in item)
    return {name: join([item[name] for item in items if name in item]) for name in names}
