"""What tells apart: the values of a choice, by some sequence of calls; the states, by calls that change nothing."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence

from openfirst_reference.contract.findings import Finding, list_words
from openfirst_reference.machine.automaton import Automaton, Unfolding
from openfirst_reference.machine.machine import Machine, Observed, observed
from openfirst_reference.machine.search import Search, refined
from openfirst_reference.machine.step import Call, State, Step

Pair = tuple[frozenset[State], frozenset[State]]
_PAIRS = (200, 800, 3_000)


def choice_findings(unfolding: Unfolding, settled: Mapping[str, Automaton]) -> Iterator[Finding]:
    """The pairs of values of a choice that no sequence of calls tells apart, the other choices being the default ones.

    `settled` holds the automaton of every fixture under the default choices.
    """
    contract = unfolding.machine.contract
    for choice in contract.choices.values():
        fixtures = _fixtures_that_read(settled.values(), choice.id)
        for first, second in itertools.combinations(choice.values, 2):
            values = (first, second)
            tries = ((name, choice.id, values, pairs) for pairs in _PAIRS for name in fixtures)
            if not choice.same and not any(separated(unfolding, *one) for one in tries):
                yield contract.document.finding(
                    ("choices", choice.id, "values"),
                    f"No sequence of calls was found that tells `{first}` from `{second}` of the choice `{choice.id}`.",
                    "Add the row that differs, drop one of the values, or mark the choice `same: true`.",
                    "inseparable",
                )


def _fixtures_that_read(automata: Iterable[Automaton], choice: str) -> list[str]:
    """The fixtures with a step that depends on the choice, those that are soon looked through first."""
    reading = [
        automaton
        for automaton in automata
        if any(choice == key for step in automaton.all_steps() for key, _ in step.when)
    ]
    return [automaton.fixture for automaton in sorted(reading, key=lambda automaton: len(automaton.steps))]


def separated(
    unfolding: Unfolding, fixture: str, choice: str, values: tuple[str, str], pairs: int
) -> tuple[Call, ...] | None:
    """A sequence that has an outcome which one value permits and the other does not; None where none was found.

    The shortest sequences are tried first, until they have led to so many pairs of what may be the state.
    """
    machine = unfolding.machine
    settings = [{**machine.contract.default_choices(), choice: value} for value in values]
    initial = frozenset([machine.fixture(fixture)])
    search = Search[Pair, Call]([(initial, initial)], limit=pairs - 1)
    for pair in search:
        for call in unfolding.calls(fixture, next(iter(pair[0]))):
            after: list[dict[Observed, set[State]]] = [{}, {}]
            for states, setting, found in zip(pair, settings, after, strict=True):
                for state in states:
                    own = machine.again(call, state)
                    for step in machine.resolved(state, own, setting):
                        found.setdefault(observed(machine, step), set()).add(step.after)
            if after[0].keys() != after[1].keys():
                return (*search.way(pair), call)
            for outcome in after[0]:
                search.found(pair, call, (frozenset(after[0][outcome]), frozenset(after[1][outcome])))
    return None


def status_findings(machine: Machine, settled: Mapping[str, Automaton]) -> Iterator[Finding]:
    """Whether there are calls that change nothing and tell the states apart, and what no call tells."""
    contract = machine.contract
    pure = [operation.name for operation in contract.operations.values() if operation.pure]
    document = contract.document
    if not pure:
        yield document.finding(
            ("operations",),
            "No operation is a status call: one that changes nothing and whose answers tell the states apart.",
            "Mark it `pure: true`, or add one.",
            "status",
        )
        return
    unseen, never = dict[tuple[str, ...], None](), dict[tuple[str, ...], None]()
    for fixture in contract.fixtures.values():
        if not set(pure) <= set(fixture.calls):
            continue
        automaton = settled[fixture.name]
        apart = _told_apart(machine, automaton)
        shown = {state: _answers(machine, steps, pure) for state, steps in automaton.steps.items()}
        for one, other in itertools.combinations(automaton.steps, 2):
            if shown[one] == shown[other]:
                (unseen if apart[one] != apart[other] else never)[_differing(machine, one, other)] = None
    found = f"{list_words(pure)} change nothing and tell states apart."
    if unseen:
        found += f" What differs in {_differences(unseen)} alone is told by other calls only."
    if never:
        found += f" What differs in {_differences(never)} alone is told by no call, under the default choices."
    remedy = "Nothing has to be done: complete tests use the other calls as well."
    yield document.finding(("operations", pure[0]), found, remedy, "status", "info")


def _answers(machine: Machine, steps: Sequence[Step], pure: Sequence[str]) -> frozenset[object]:
    asked = (step for step in steps if step.call.operation in pure)
    return frozenset((step.call, observed(machine, step)) for step in asked)


def _told_apart(machine: Machine, automaton: Automaton) -> dict[State, int]:
    """A number for each state: the same for two that no sequence of calls tells apart."""

    def signature(state: State, number: Mapping[State, int]) -> frozenset[object]:
        return frozenset((*shown, number[after]) for shown, after in told[state])

    told = {
        state: [
            ((step.call.operation, repr(step.call.arguments), observed(machine, step)), step.after) for step in steps
        ]
        for state, steps in automaton.steps.items()
    }
    return refined(told, signature)


def _differing(machine: Machine, one: State, other: State) -> tuple[str, ...]:
    return tuple(name for name, left, right in zip(machine.names, one, other, strict=True) if left != right)


def _differences(sets: Mapping[tuple[str, ...], None]) -> str:
    """The smallest of the sets of variables, in words."""
    least = [names for names in sets if not any(set(other) < set(names) for other in sets)]
    return list_words([" with ".join(names) for names in sorted(least, key=len)], "or")
