"""Faults that begin later: a state too many, or a lock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from random import Random

from openfirst_conformance.power.faults import EXTRA_STATE, LOCK, PROMISED, Fault, permitting
from openfirst_conformance.power.faulty_client import FaultyClient
from openfirst_conformance.tiers.planning.letters import Letter
from openfirst_conformance.tiers.planning.plan import Plan

_LOCK_LENGTH = 3


def later_faults(
    random: Random, kind: str, plans: Sequence[Plan], single: Mapping[str, list[Fault]]
) -> Iterator[Fault]:
    """Faults that are there only after some calls, drawn at random, without end.

    They are of the kinds that are promised, in alternatives that the default choices permit.
    """
    contract = plans[0].table.contract
    default = contract.default_choices()
    at: dict[str, list[Fault]] = {}
    for fault in (fault for of_kind, faults in single.items() if of_kind in PROMISED for fault in faults):
        mutant = fault.mutant
        if mutant is None or permitting(contract, contract.rows[mutant.row].may[mutant.index]) == default:
            at.setdefault(fault.place, []).append(fault)
    while True:
        drawn = _later_fault(random, kind, random.choice(plans), at)
        if drawn is not None:
            yield drawn


def _later_fault(random: Random, kind: str, plan: Plan, at: Mapping[str, list[Fault]]) -> Fault | None:
    """One of them; None where nothing can go wrong after the calls that were drawn."""
    table = plan.table
    source = random.choice(sorted(plan.kinds, key=repr))
    state = table.classes.after(plan.kinds[source])
    after: list[Letter] = []
    for _ in range(1 if kind == EXTRA_STATE else _LOCK_LENGTH):
        number = random.choice(table.inputs(state))
        after.append(table.letters[number])
        state = table.step(state, number)
    number = random.choice(table.inputs(state))
    operation, leaves = table.letters[number]
    rows = dict.fromkeys(step.row.id for step in table.steps(state, number))
    faults = [fault for place in (operation, *rows) for fault in at.get(place, ())]
    # A leaf is tried everywhere only if it stands for its group.
    faults = [fault for fault in faults if not fault.takes or dict(leaves).get(fault.takes[1]) == fault.takes[2]]
    if not faults:
        return None
    kind_of_fault = random.choice(sorted({fault.kind for fault in faults}))
    fault = random.choice([fault for fault in faults if fault.kind == kind_of_fault])
    call = table.call(state, number)
    choices = table.contract.default_choices()
    there = FaultyClient(table.machine, choices, fault), FaultyClient(table.machine, choices)
    if call is None or there[0].respond(state, 0, call) == there[1].respond(state, 0, call):
        return None  # It would be no fault there.
    made = ", ".join(name for name, _ in after)
    if kind == LOCK:
        return replace(fault, kind=kind, text=f"after {made}: {fault.text}", after=tuple(after))
    text = f"after {made}, starting as {table.fixture}: {fault.text}"
    return replace(fault, kind=kind, text=text, after=tuple(after), source=source)  # type: ignore[arg-type]
