"""The scene of a violation: where the client was, by one explanation of what was seen before, and what may be wrong there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from openfirst_conformance.oracle.explanation import Candidate, Explanation, Keys, Moment, Violation
from openfirst_conformance.oracle.observation import Fields
from openfirst_conformance.oracle.oracle import Oracle
from openfirst_conformance.oracle.tracker import Tracker
from openfirst_reference.machine.step import Call, Step


class Scene:
    """`state`: where the client was. `steps`: what the table has for the call there. `past`: the moments before, latest first.

    `usual` says what the implementation makes of a choice elsewhere: of several explanations of what was seen before, one that
    agrees with that is gone by; and then one by which a single variable, were it otherwise, would explain what was seen.
    """

    def __init__(self, oracle: Oracle, violation: Violation, usual: Mapping[str, str] | None = None) -> None:
        self.oracle, self.machine, self.contract = oracle, oracle.machine, oracle.machine.contract
        self.violation, self.client = violation, violation.client
        self.usual = usual or {}
        ranks = [(self._surprises(item), self._wrong(item)) for item in violation.explanations]
        best = [item for item, rank in zip(violation.explanations, ranks, strict=True) if rank == min(ranks)]
        for item in (*best, best[0]) if len(best) > 1 else best:
            self._go_by(*item)
            if any(self.as_though()):
                break

    def _go_by(self, here: Candidate, explanation: Explanation) -> None:
        self.here, self.explanation = here, explanation
        self.state = here.node.states[self.client]
        self.steps = self.oracle.steps(here.node, self.client, self.violation.call)
        self.past = list(explanation.trail.back()) if explanation.trail else []

    def _surprises(self, item: tuple[Candidate, Explanation]) -> int:
        choices = ((self.oracle.cells[key].choice, values) for key, values in item[1].assignment.items())
        return sum(self.usual.get(choice) not in (None, *values) for choice, values in choices)

    def _wrong(self, item: tuple[Candidate, Explanation]) -> int:
        """How many fields show something else than is due."""
        here, shown = item[0].node, self.violation.seen.content
        if not isinstance(shown, Fields) or len(self.violation.explanations) == 1:
            return 0
        steps = self.oracle.steps(here, self.client, self.violation.call)
        due = (step for step in steps if step.answer is not None and step.answer.fields)
        wrong = (len(self.oracle.comparison.wrong(step, self.client, shown, here.bindings)) for step in due)
        return min(wrong, default=0)

    def fits(self, step: Step) -> bool:
        """Whether what was seen is what a step comes to."""
        return self.oracle.comparison.match(step, self.client, self.violation.seen, self.here.node.bindings) is not None

    def wrong_fields(self) -> list[tuple[str, Any]]:
        """The variables whose fields show something else than they hold, with what is shown."""
        shown = self.violation.seen.content
        if not isinstance(shown, Fields):
            return []
        step = next((step for step in self.steps if step.answer is not None and step.answer.fields), None)
        if step is None or step.answer is None:
            return []
        comparison, fields = self.oracle.comparison, self.oracle.comparison.fields(step.call.operation, shown)
        wrong = comparison.wrong(step, self.client, shown, self.here.node.bindings)
        return [(step.answer.fields[path], fields[path]) for path in wrong if path in step.answer.fields]

    def as_though(self) -> Iterator[tuple[str, str | None]]:
        """The variables, each with a value, that would explain the outcome: one alone does.

        They are those that rows of the operation ask for, and then the data that its classes compare with what is given.
        """
        operation, variables = self.violation.call.operation, self.contract.variables
        guards = sorted(self.machine.guards(operation), key=self.machine.index.__getitem__)
        compared = [name for name in self.machine.compared(operation) if not variables[name].is_enumeration]
        for name in (*guards, *compared):
            for value in variables[name].values or self._data():
                if value != self.machine.value(self.state, name) and self.permitted_as(name, value):
                    yield name, value

    def _data(self) -> Iterator[str | None]:
        """What a datum may be taken for: nothing, and whatever was given or held so far."""
        data = [name for name, variable in self.contract.variables.items() if variable.datum]
        calls = (self.violation.call, *(moment.step.call for moment in self.past))
        given = (call.given.get(name) for call in calls for name in data)
        states = (self.state, *(moment.step.before for moment in self.past))
        held = (self.machine.value(state, name) for state in states for name in data)
        met = (value for value in (*given, *held) if isinstance(value, str))
        yield from dict.fromkeys((None, *met))

    def permitted_as(self, name: str, value: str | None) -> bool:
        """Whether the outcome would be permitted if a variable had another value; what data are shown does not count."""
        other = self.machine.having(self.state, **{name: value})
        try:
            call = self.machine.again(self.violation.call, other)
        except ValueError:  # There is no class for it there.
            return False
        return any(
            self.fits(step) or (step.answer and step.answer.fields and isinstance(self.violation.seen.content, Fields))
            for step in self.machine.steps(other, call)
            if self.permits(step)
        )

    def permitted_without(self, left_out: Moment) -> bool:
        """Whether the outcome would be permitted if a call before had not been made, and all others had come to the same."""
        calls = [moment for moment in self.past if not moment.echo][::-1]
        if len(self.here.node.states) > 1 or any(moment.outcome is None for moment in calls):
            return False
        tracker = Tracker(self.oracle, {"": calls[0].step.before})
        kept = [(moment.step.call, moment.outcome) for moment in calls if moment is not left_out]
        made = [*kept, (self.violation.call, self.violation.outcome)]
        permitted = all(outcome is not None and tracker.see("", call, outcome) is None for call, outcome in made)
        return permitted and not tracker.broken_but_followed()

    def settling(self) -> Moment | None:
        """The last call before that settled a choice which nobody declared, and which what was seen contradicts."""
        if self.here.pending:
            return None
        for key, values in self.unlike():
            for moment in self.past:
                if not moment.echo and any(at == key and not other & values for at, other in self.keys(moment.step)):
                    return moment
        return None

    def unlike(self) -> list[tuple[int, frozenset[str]]]:
        """What undeclared choices would have to be, each in its cell, to explain what was seen, where they were seen otherwise."""
        known = self.explanation.assignment
        edges = self.oracle.edges(self.here.node, self.client, self.violation.call, self.violation.seen)
        return [(key, values) for edge in edges for key, values in edge.keys if not known.get(key, values) & values]

    def permits(self, step: Step) -> bool:
        """Whether what was declared, seen in the same place, or seen elsewhere, leaves a step open."""
        known = self.explanation.assignment
        keys = self.oracle.keys(step)
        usual = all(self.usual.get(choice) in (None, *values) for choice, values in step.when)
        return keys is not None and usual and all(known.get(key, values) & values for key, values in keys)

    def keys(self, step: Step) -> Keys:
        """The undeclared choices that a step depends on."""
        return self.oracle.keys(step) or ()

    def tells(self, call: Call, name: str, value: str | None) -> bool:
        """Whether a call comes to another thing where the client is than it would if a variable had another value."""
        other = self.machine.having(self.state, **{name: value})
        here, there = (
            {
                (step.code, step.alternative.answer)
                for step in self.machine.steps(state, self.machine.again(call, state))
                if self.oracle.keys(step) is not None
            }
            for state in (self.state, other)
        )
        return here.isdisjoint(there)

    def written(self, step: Step) -> set[str]:
        """The variables that a step writes."""
        return set(self.contract.changes(step.alternative.effect))
