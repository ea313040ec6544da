"""The scene of a violation: where the client was, by one explanation of what was seen before, and what may be wrong there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from openfirst_conformance.oracle.explanation import Candidate, Explanation, Keys, Moment, Violation
from openfirst_conformance.oracle.observation import Fields
from openfirst_conformance.oracle.oracle import Oracle
from openfirst_reference.machine.step import Call, Step


class Scene:
    """`state`: where the client was. `steps`: what the table has for the call there. `past`: the moments before, latest first.

    `usual` says what the implementation makes of a choice elsewhere: of several explanations of what was seen before, one that
    agrees with that is gone by.
    """

    def __init__(self, oracle: Oracle, violation: Violation, usual: Mapping[str, str] | None = None) -> None:
        self.oracle, self.machine, self.contract = oracle, oracle.machine, oracle.machine.contract
        self.violation, self.client = violation, violation.client
        self.usual = usual or {}
        self.here, self.explanation = min(
            violation.explanations, key=lambda item: (self._surprises(item), self._wrong(item))
        )
        self.state = self.here.node.states[self.client]
        self.steps = oracle.steps(self.here.node, self.client, violation.call)
        self.past = list(self.explanation.trail.back()) if self.explanation.trail else []

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

    def as_though(self) -> Iterator[tuple[str, str]]:
        """The variables, each with a value, that would explain the outcome: one alone does."""
        for name in sorted(self.machine.guards(self.violation.call.operation), key=self.machine.index.__getitem__):
            for value in self.contract.variables[name].values:
                if value != self.machine.value(self.state, name) and self.permitted_as(name, value):
                    yield name, value

    def permitted_as(self, name: str, value: str) -> bool:
        """Whether the outcome would be permitted if a variable had another value; what data are shown does not count."""
        other = self.machine.having(self.state, **{name: value})
        return any(
            self.fits(step) or (step.answer and step.answer.fields and isinstance(self.violation.seen.content, Fields))
            for step in self.machine.steps(other, self.machine.again(self.violation.call, other))
            if self.permits(step)
        )

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

    def tells(self, call: Call, name: str, value: str) -> bool:
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
