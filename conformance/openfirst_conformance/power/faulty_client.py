"""A client that keeps the contract but for one fault."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import structs

from openfirst_conformance.power.faults import Fault, taken_for
from openfirst_conformance.tiers.reach import begins_again
from openfirst_reference.contract.findings import ContractError
from openfirst_reference.contract.model import ANY_ERROR, OF_SERVICE
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.outcome import Answered, Refused, Settled
from openfirst_reference.machine.step import Call, State, Step

_OF_A_SERVICE = "whatever the service gives"


class FaultyClient:
    """A client with a fault (or none), as a function: what it remembers is its state, and how far it is towards the fault."""

    def __init__(self, machine: Machine, choices: Mapping[str, str], fault: Fault | None = None) -> None:
        self.machine, self.choices, self.fault = machine, choices, fault
        self._ready = (len(fault.after) or int(fault.again)) if fault else 0
        self._known: dict[tuple[State, int, Call], tuple[Settled, State, int]] = {}

    def respond(self, state: State, progress: int, call: Call) -> tuple[Settled, State, int]:
        """What a call comes to, as it is classified in the client's own state, and what the client remembers afterwards."""
        key = (state, progress, call)
        if key not in self._known:
            self._known[key] = self._respond(state, progress, call)
        return self._known[key]

    def _respond(self, state: State, progress: int, call: Call) -> tuple[Settled, State, int]:
        try:
            step = self.step(state, progress, call)
        except ContractError:
            # The fault has led to where the table ends: from there on the client fails, for no reason that it could name.
            return Refused(), state, progress
        onward = self._onward(state, progress, call, step)
        if step.is_error:
            return Refused(None if step.code in (ANY_ERROR, OF_SERVICE) else step.code), step.after, onward
        assert step.answer is not None
        value = _OF_A_SERVICE if step.answer.made_by_service else self.machine.answer(step, str)
        return Answered(value), step.after, onward

    def _onward(self, before: State, progress: int, call: Call, step: Step) -> int:
        """How many of the calls are made after which the fault is there."""
        if self.fault is not None and self.fault.again:
            return int(progress == self._ready or begins_again(self.machine, step))
        if self.fault is None or not self.fault.after:
            return progress
        wanted, source, outline = self.fault.after, self.fault.source, self.machine.outline
        if progress == self._ready and (source is None or outline(before) == outline(step.after)):
            return progress
        made = (call.operation, tuple(call.leaves.items()))
        if progress < self._ready and made == wanted[progress] and source in (None, outline(before)):
            return progress + 1
        return int(source is None and made == wanted[0])

    def step(self, state: State, progress: int, call: Call) -> Step:
        """The step that the client takes. Raises ContractError where the table has none."""
        fault = self.fault if progress == self._ready else None
        if fault and fault.equal and not fault.equal.holds(self.machine, state, call):
            fault = None
        steps = [s for s in self._seen(state, fault, call) if all(self.choices[name] in v for name, v in s.when)]
        for step in steps:
            if fault and fault.mutant and fault.mutant.applies(self.machine, step):
                return fault.mutant.changed(self.machine, step)
        step = next((item for item in steps if not item.alternative.breaks), steps[0])
        if step.before != state:
            changes = self.machine.contract.changes(step.alternative.effect)
            step = structs.replace(step, before=state, after=self.machine.after(state, step.variant, changes))
        return step

    def _seen(self, state: State, fault: Fault | None, call: Call) -> tuple[Step, ...]:
        """What the table says of the call, as the client sees its state and the call."""
        if fault and fault.sees and fault.sees[0] == call.operation:
            _, name, value, other = fault.sees
            if state[self.machine.index[name]] == value:
                return self.machine.steps(self.machine.having(state, **{name: other}), call)
        if fault and fault.takes and fault.takes[0] == call.operation:
            _, name, leaf, other = fault.takes
            if call.leaves[name] == leaf:
                return self.machine.steps(state, taken_for(self.machine, call, name, other))
        return self.machine.steps(state, call)
