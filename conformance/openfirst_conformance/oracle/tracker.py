"""The tracker: in which states an implementation may be, and whether what it just did was permitted.

It holds every pair of (what the choices may be, state) that explains all that was seen. A call that was begun and never
answered stays pending: its effect may land at any later moment, or never. Calls that overlap are explained if some order
of their effects, or an overlap that the contract states, explains every answer. Identities (a participant's ID) are
bound at first sight. Whether an outcome is what a step comes to, `comparison` says.

An `Oracle` is made once for an implementation (its declared choices are fixed); each case gets a `Tracker` from it. The
oracle remembers where every observation leads, so that a step of a tracker is a look-up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from openfirst_conformance.oracle.explanation import (
    Candidate,
    ChoicePlace,
    Edge,
    Explanation,
    UnderWay,
    Violation,
    add_explanation,
    assigned,
)
from openfirst_conformance.oracle.observation import Observation, Scalar
from openfirst_conformance.oracle.oracle import Oracle
from openfirst_conformance.oracle.recovery import edges_after
from openfirst_reference.machine.outcome import Settled
from openfirst_reference.machine.step import Call, State, Step

Tolerates = Callable[[Violation], tuple[str, ...] | None]
"""The rules that something broke before in the same way, or None where it never did."""
_MANY_BREAKS = 12


class Tracker:
    """The explanations of one case so far. `see` takes a whole call; `begin` and `end` take one that may overlap others."""

    def __init__(self, oracle: Oracle, clients: Mapping[str, State], tolerates: Tolerates = lambda _: None) -> None:
        self.oracle = oracle
        self.broken: list[tuple[str, ...]] = []
        self._tolerates = tolerates
        self.clients = {name: index for index, name in enumerate(clients)}
        self._ids: dict[Scalar, int] = {}
        self._open: dict[int, tuple[int, Call, frozenset[int]]] = {}
        self._overlapped: dict[int, frozenset[str]] = {}
        self._next = 0
        self._last: tuple[int, Call, Settled, Observation, Mapping[Candidate, Explanation]] | None = None
        start = Candidate(oracle.node(tuple(clients.values()), ()), ())
        self.explanations: dict[Candidate, Explanation] = {start: Explanation({}, None)}

    def fork(self) -> Tracker:
        """A tracker that goes on from here by itself, no call being open; the two number identities alike."""
        other = Tracker.__new__(Tracker)
        other.__dict__ = {**self.__dict__, "_open": {}, "_overlapped": {}, "broken": [*self.broken]}
        return other

    @property
    def waiting(self) -> int:
        """How many calls are under way."""
        return len(self._open)

    def see(self, client: str, call: Call, outcome: Settled) -> Violation | None:
        """Take in a call and its outcome. Returns what is wrong, or None; after a violation nothing is known any more.

        What is tolerated is no violation, and noted in `broken`.
        """
        oracle, index = self.oracle, self.clients[client]
        if self._open:
            return self.end(self.begin(client, call), outcome)
        seen = oracle.comparison.seen(call.operation, outcome, self._ids)
        key = (index, call, seen)
        explanations: dict[Candidate, Explanation] = {}
        for candidate, explanation in self.explanations.items():
            edges = candidate.node.edges.get(key)
            if edges is None:
                edges = oracle.edges(candidate.node, index, call, seen)
            for edge in edges:
                known = assigned(explanation.assignment, edge.keys) if edge.keys else explanation.assignment
                if known is not None:
                    add_explanation(explanations, edge.here, explanation.onward(index, edge, outcome, known))
        if not explanations:
            violation = self._violation(index, call, outcome, seen, self.explanations, overlapping=False)
            rules = self._tolerates(violation)
            return None if rules and self.go_on(violation, rules) else violation
        self._last = (index, call, outcome, seen, self.explanations)
        self.explanations = explanations
        return None

    def go_on(self, violation: Violation, rules: tuple[str, ...]) -> bool:
        """Permit what broke these rules, and go on from wherever that may have led. False: nobody can say where."""
        explanations: dict[Candidate, Explanation] = {}
        for candidate, known in violation.explanations if len(self.broken) < _MANY_BREAKS else ():
            for edge in () if candidate.pending else edges_after(self.oracle, candidate.node, violation, rules):
                there = known.onward(violation.client, edge, violation.outcome, known.assignment)
                add_explanation(explanations, edge.here, there)
        if explanations:
            self.explanations = explanations
            self.broken.append(rules)
        return bool(explanations)

    def begin(self, client: str, call: Call) -> int:
        """A call begins; returns its number. If it is never ended it stays pending."""
        number, index = self._next, self.clients[client]
        self._next, self._last = self._next + 1, None
        others = frozenset(self._open)
        self._open[number] = (index, call, others)
        self._overlapped[number] = frozenset()
        for other in others:
            whose, theirs, beside = self._open[other]
            self._open[other] = (whose, theirs, beside | {number})
            if whose == index:  # What another client does is no overlap that the contract speaks of.
                self._overlapped[other] |= {call.operation}
                self._overlapped[number] |= {theirs.operation}
        waiting = UnderWay(number, index, call, None)
        self.explanations = {
            Candidate(here.node, (*here.pending, waiting)): explanation
            for here, explanation in self.explanations.items()
        }
        return number

    def end(self, number: int, outcome: Settled) -> Violation | None:
        """The call with this number was answered. Returns what is wrong, or None."""
        oracle = self.oracle
        index, call, others = self._open.pop(number)
        seen = oracle.comparison.seen(call.operation, outcome, self._ids)
        reached = self._landed()
        explanations: dict[Candidate, Explanation] = {}
        for candidate, known in reached.items():
            entry = next(item for item in candidate.pending if item.number == number)
            left = tuple(item for item in candidate.pending if item.number != number)
            if entry.edge is not None:
                bindings = oracle.comparison.match(entry.edge.step, index, seen, candidate.node.bindings)
                if bindings is not None:
                    node = oracle.node(candidate.node.states, bindings)
                    add_explanation(explanations, Candidate(node, left), known)
            else:
                for other in sorted(self._overlapped[number]):
                    state = candidate.node.states[index]
                    for step in oracle.machine.overlap_steps(state, oracle.machine.again(call, state), other):
                        if oracle.comparison.match(step, index, seen, candidate.node.bindings) is not None:
                            edge = Edge(candidate.node, (), step, ())
                            there = known.onward(index, edge, outcome, known.assignment)
                            add_explanation(explanations, Candidate(candidate.node, left), there)
        if not explanations:
            answered = any(other not in self._open for other in others)
            return self._violation(index, call, outcome, seen, reached, overlapping=answered)
        self.explanations = explanations
        return None

    def _landed(self) -> dict[Candidate, Explanation]:
        """Every explanation on which any of the pending effects have landed, in any order."""
        reached = dict(self.explanations)
        todo = list(reached)
        while todo:
            candidate = todo.pop()
            explanation = reached[candidate]
            for position, entry in enumerate(candidate.pending):
                if entry.edge is not None:
                    continue
                for edge in self.oracle.effects(candidate.node, entry.client, entry.call):
                    known = assigned(explanation.assignment, edge.keys)
                    pending = list(candidate.pending)
                    pending[position] = entry._replace(edge=edge)
                    there = Candidate(edge.node, tuple(pending))
                    if known is not None and add_explanation(
                        reached, there, explanation.onward(entry.client, edge, None, known)
                    ):
                        todo.append(there)
        return reached

    def options(self, client: str, call: Call) -> Callable[[], tuple[Step, ...]]:
        """What works out, whenever that is asked for, the steps that the call may come to from here."""
        index, here = self.clients[client], self.explanations
        return lambda: tuple(self._permitted(index, call, here))

    def _violation(
        self,
        client: int,
        call: Call,
        outcome: Settled,
        seen: Observation,
        explanations: Mapping[Candidate, Explanation],
        *,
        overlapping: bool,
    ) -> Violation:
        here = next(iter(explanations))
        rows = tuple(dict.fromkeys(step.row.id for step in self.oracle.steps(here.node, client, call)))
        permitted = tuple(self._permitted(client, call, explanations))
        return Violation(client, call, outcome, seen, tuple(explanations.items()), rows, permitted, overlapping)

    def _permitted(self, client: int, call: Call, explanations: Iterable[Candidate]) -> Iterator[Step]:
        for candidate in explanations:
            for step in self.oracle.steps(candidate.node, client, call):
                if self.oracle.keys(step) is not None and not step.alternative.breaks:
                    yield step

    def broken_but_followed(self) -> Sequence[str]:
        """Rules that every remaining explanation breaks on its way: an alternative that `breaks` a rule was taken."""
        broken = [explanation.broken for explanation in self.explanations.values()]
        return sorted(frozenset.intersection(*broken)) if broken else []

    def broken_by_the_last(self, rule: str) -> Violation | None:
        """What the last call came to, as a violation, if nothing explains it that does not break a rule; it overlapped no other."""
        if self._last is None or rule not in self.broken_but_followed():
            return None
        client, call, outcome, seen, before = self._last
        if all(rule in explanation.broken for explanation in before.values()):
            return None
        return self._violation(client, call, outcome, seen, before, overlapping=False)

    def evidence(self) -> dict[ChoicePlace, frozenset[str]]:
        """What is certain about undeclared choices: for each (choice, cell), the values that some explanation leaves."""
        result: dict[ChoicePlace, frozenset[str]] = {}
        assignments = [explanation.assignment for explanation in self.explanations.values()]
        for key in {key for assignment in assignments for key in assignment}:
            if all(key in assignment for assignment in assignments):
                values = frozenset[str]().union(*(assignment[key] for assignment in assignments))
                result[self.oracle.cells[key]] = values
        return result
