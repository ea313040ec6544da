"""Measuring: mutants of every kind, clients that conform, and whether each rule is one that the judge can convict by."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from random import Random

from openfirst_conformance.oracle.oracle import Oracle
from openfirst_conformance.power.bench import Bench, Result
from openfirst_conformance.power.company import leaks
from openfirst_conformance.power.deletion import Blamed, each_rule_blamed
from openfirst_conformance.power.faults import (
    EXTRA_STATE,
    KINDS,
    LOCK,
    OTHER,
    PROMISED,
    SELDOM,
    Fault,
    choices_for,
    single_faults,
)
from openfirst_conformance.power.faulty_client import FaultyClient
from openfirst_conformance.power.later_faults import later_faults
from openfirst_conformance.power.reaching_faults import Reaching
from openfirst_conformance.power.trivial_clients import Floor, floor
from openfirst_reference.machine.machine import Machine

_MANY = 1000


@dataclass
class Power:
    """What was measured.

    `extra`: the extra states that were allowed for, None where each kind had as many as its promise needs. `suites`: the calls
    of a suite, by extra states; `on_purpose`: those of the cases that `explore` makes on purpose. `there_are`: how many mutants of
    a kind there are; of a kind that is missing, without end. `accused`: those of so many `variants` that were accused, though they
    conform. `rules`: see `each_rule_blamed`.
    """

    extra: int | None
    each: int | None
    seed: int
    suites: dict[int, int] = field(default_factory=dict)
    there_are: dict[str, int] = field(default_factory=dict)
    results: list[Result] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    variants: int = 0
    accused: list[str] = field(default_factory=list)
    rules: dict[str, Blamed | None] = field(default_factory=dict)
    floor: tuple[Floor, Floor] = (Floor((), ()), Floor((), ()))
    on_purpose: int = 0

    def of(self, kind: str) -> list[Result]:
        """The results of a kind."""
        return [result for result in self.results if result.fault.kind == kind]

    def is_promised(self, kind: str) -> bool:
        """Whether every fault of the kind should have been found."""
        return kind in PROMISED and (self.extra is None or PROMISED[kind] <= self.extra)

    @property
    def missed(self) -> list[Result]:
        """The survivors that should not be."""
        return [each for each in self.results if each.survived and not self.is_said(each)]

    def is_said(self, result: Result) -> bool:
        """Whether the suite says itself that it may not find such a fault."""
        kind = result.fault.kind
        return bool(result.untold) or not self.is_promised(kind) or (result.by_chance and PROMISED[kind] > 0)

    @property
    def beyond(self) -> Counter[tuple[str, str]]:
        """How many mutants with a fault in one place were blamed on a rule which their cause does not break: by place and rule."""
        return Counter((result.fault.place, rule) for result in self.results for rule in result.beyond)

    @property
    def holds(self) -> bool:
        """Whether the judge is as good as it says."""
        return not self.missed and not self.accused and None not in self.rules.values()


def measure(
    machine: Machine,
    *,
    extra: int | None,
    each: int | None,
    seed: int,
    announce: Callable[[str], None] = lambda _: None,
) -> Power:
    """Try mutants of every kind against `complete`: `each` of them, drawn at random, or all there are.

    Of those that are not listed one by one a thousand are drawn. `announce` is told what is being tried.
    """
    power, random = Power(extra, each, seed), Random(seed)
    benches: dict[tuple[frozenset[tuple[str, str]], int, bool], Bench] = {}
    default = machine.contract.default_choices()

    def bench_of(choices: Mapping[str, str], kind: str) -> Bench:
        allowed = extra if extra is not None else 1 if kind in (EXTRA_STATE, LOCK) else 0
        key = (frozenset(choices.items()), allowed, kind in SELDOM)
        if key not in benches:
            benches[key] = Bench(machine, choices, allowed, further=kind in SELDOM)
        return benches[key]

    single = single_faults(machine)
    reaching, leaking = Reaching(machine.contract, single), list(leaks(machine.contract))
    for faults in (*single.values(), leaking):
        random.shuffle(faults)
    for kind in KINDS:
        announce(kind)
        began = time.perf_counter()
        listed = {**single, OTHER: leaking}.get(kind)
        drawn: Iterable[tuple[Mapping[str, str], Fault]]
        if listed is not None:
            power.there_are[kind] = len(listed)
            drawn = ((choices_for(machine, fault), fault) for fault in listed)
        elif kind in SELDOM:
            power.there_are[kind] = reaching.count(kind)
            drawn = ((default, fault) for fault in reaching.draw(random, kind))
        else:
            drawn = ((default, fault) for fault in later_faults(random, kind, bench_of(default, kind).full, single))
        benched = ((bench_of(choices, kind), fault) for choices, fault in drawn)
        met = ((bench, fault) for bench, fault in benched if bench.meets(fault))
        for bench, fault in itertools.islice(met, each or (_MANY if listed is None else None)):
            result = bench.run(fault)
            power.results.append(replace(result, beyond=bench.beyond(fault)) if result.killed else result)
        power.seconds[kind] = time.perf_counter() - began
    for (choices, allowed, further), bench in benches.items():
        if dict(choices) == default and not further:
            power.suites[allowed] = bench.calls
        elif further:
            power.on_purpose = bench.on_purpose
    bench = bench_of(default, KINDS[0])
    announce("conforming variants")
    power.variants, power.accused = conforming_variants(bench)
    announce("each rule alone")
    power.rules = each_rule_blamed(bench, [fault for faults in single.values() for fault in faults])
    power.floor = floor(machine.contract)
    return power


def conforming_variants(bench: Bench) -> tuple[int, list[str]]:
    """How many clients without a fault were tried, and those of them that were accused.

    There is one for each value of each choice, once as it declares what it does and once as it says nothing.
    """
    machine, contract = bench.machine, bench.machine.contract
    count, accused = 0, []
    sequences = [(entry.table.initial, entry.calls()) for entry in bench.entries]
    silent = Oracle(machine)
    for choice in contract.choices.values():
        for value in choice.values:
            choices = {**contract.default_choices(), choice.id: value}
            client = FaultyClient(machine, choices)
            oracles = {"declared": Oracle(machine, choices)}
            if value == (choice.undeclared or value):
                oracles["undeclared"] = silent  # Else it must be declared: another value is taken for granted.
            for how, oracle in oracles.items():
                count += 1
                if any(bench.play(client, start, calls, oracle) for start, calls in sequences):
                    accused.append(f"{choice.id} {value}, {how}")
    return count, accused
