"""What was learnt of an implementation, as blocks of a page: its states, those beyond the contract's, and a drawing."""

from __future__ import annotations

from collections.abc import Iterator

from openfirst_conformance.learning.asking import Failed, TwoAnswers
from openfirst_conformance.learning.learn import Learnt
from openfirst_conformance.oracle.comparison import Comparison
from openfirst_conformance.oracle.observation import Fields
from openfirst_conformance.tiers.planning.hsi import Word
from openfirst_conformance.verdicts.model import Report
from openfirst_reference.contract.findings import count
from openfirst_reference.machine.machine import Machine, machine_of
from openfirst_reference.machine.outcome import Answered, Outcome
from openfirst_reference.show.blocks import Block, Diagram, Heading
from openfirst_reference.show.step_words import outcome_words

_MANY = 10
_LONG = 120


def learnt_blocks(report: Report, learnt: Learnt) -> Iterator[Block]:
    """What there is to say, but for the rules that are broken."""
    machine = machine_of(report.contract)
    name = f"{report.implementation.get('name', '?')} {report.implementation.get('version', '')}".strip()
    yield Heading(2, f"What was learnt of {name}")
    once = [rule.id for rule in report.rules.values() if rule.verdict == "flaky"]
    if once:
        yield f"Broken once, and not when the same calls were made again: {', '.join(once)}."
    ended, labels = learnt.ended, _labels(machine, learnt)
    if isinstance(ended, TwoAnswers):
        first, second = (_came(machine, learnt, ended.word, came) for came in (ended.first, ended.second))
        yield (
            "It is not deterministic, so that there is no automaton to learn. The last of these calls, made again from fresh "
            f"clients, came to {first} and to {second}: {_way(labels, ended.word)}. Find out what it depends on: time, chance, or "
            "something that a reset leaves behind."
        )
        return
    if isinstance(ended, Failed):
        played, fault = ended.played, ended.played.fault
        word = tuple(learnt.letters.index(planned) for planned in played.case.calls[: len(played.seen) + 1])
        yield (
            f"The adapter failed at the last of these calls, and no more was learnt: {_way(labels, word)}. "
            f"{fault.detail[:1].upper()}{fault.detail[1:]}. {fault.remedy} Then learn again."
            if fault
            else ""
        )
    elif ended is not None:
        yield (
            f"The automaton is not complete: {count(learnt.asked, 'call')} were not enough. Give more by --calls, or name a "
            "fixture that takes fewer by --fixture."
        )
    if learnt.automaton is None or learnt.contract is None:
        return
    states, kinds, beyond = len(learnt.automaton.ways), len(set(learnt.contract.kinds().values())), learnt.beyond
    yield (
        f"{count(states, 'state')} learnt from {learnt.fixture}, with {count(len(labels), 'call')}, one a class of arguments; by "
        f"the contract there are {kinds}, and {learnt.met} were met. It took {count(learnt.asked, 'call')}; the last "
        f"{count(learnt.walks, 'walk')} met nothing that the automaton does not foretell."
    )
    yield (
        "Not looked for: what takes other walks than these, other values of a class, another fixture, a second client, or calls "
        "that overlap."
    )
    lost = states - sum(way in learnt.places for way in learnt.automaton.ways)
    if lost:
        yield f"{count(lost, 'state')} of these can be reached only by breaking a rule: of them the contract says nothing."
    if beyond:
        yield (
            f"{count(len(beyond), 'state')} beyond the contract's, by which each is the same as another one. That alone breaks no "
            "rule: what is told apart may be left free, or show what is broken later."
        )
    for state in beyond[:_MANY]:
        yield _beyond(machine, learnt, labels, state)
    if len(beyond) > _MANY:
        yield f"… and {len(beyond) - _MANY} more, farther away."


def drawing(report: Report, learnt: Learnt) -> Diagram:
    """The automaton, with every call that leads from one state to another. A state goes by the contract's first variable there."""
    machine = machine_of(report.contract)
    labels, automaton = _labels(machine, learnt), learnt.automaton
    if automaton is None:
        return Diagram("unknown", ())
    variable = next(item.name for item in report.contract.variables.values() if item.is_enumeration)
    beyond = set(learnt.beyond)

    def name(state: int) -> str:
        place = learnt.places.get(automaton.ways[state])
        known = "lawless" if place is None else str(machine.value(place, variable))
        return f"{known}_{state + 1}{'_beyond' if state in beyond else ''}"

    arrows = [
        (name(state), name(there), labels[letter])
        for state, after in enumerate(automaton.after)
        for letter, there in enumerate(after)
        if there != state
    ]
    return Diagram(name(0), arrows)


def _beyond(machine: Machine, learnt: Learnt, labels: list[str], state: int) -> str:
    """How a state is reached, and what tells it from the one that it should be."""
    automaton = learnt.automaton
    assert automaton is not None
    other = learnt.nearest(state)
    word = automaton.apart(other, state)
    assert word is not None, "a state that is learnt differs from each of the others"
    ends = (automaton.ways[automaton.reached(item, word[:-1])] for item in (other, state))
    words = [(*way, word[-1]) for way in ends]
    due, came = (_came(machine, learnt, each, learnt.outcomes.get(each)) for each in words)
    told = f"comes to {came}, and not to {due}" if due and came and due != came else "tells them apart"
    way, usual = (_way(labels, automaton.ways[item]) for item in (state, other))
    return f"{way}: by the contract it is as after {usual}, but then {_way(labels, word)} {told}."


def _came(machine: Machine, learnt: Learnt, word: Word, outcome: Outcome | None) -> str:
    """What the last call of a sequence came to, as far as the contract looks at it; empty where nobody knows."""
    if outcome is None:
        return ""
    operation, said = learnt.letters[word[-1]].operation, outcome_words(outcome)
    if isinstance(outcome, Answered) and Comparison(machine).seen(operation, outcome, {}).content in (None, Fields(())):
        said = "an answer"
    return said if len(said) <= _LONG else f"{said[: _LONG - 1]}…"


def _labels(machine: Machine, learnt: Learnt) -> list[str]:
    """Each call by its classes; a method of a service by its name."""
    labels: list[str] = []
    for planned in learnt.letters:
        call = machine.call(planned.operation, planned.arguments, machine.fixture(learnt.fixture))
        classes, given = machine.contract.classes, machine.contract.given_leaves(planned.operation, call.leaves)
        words = [
            str(call.given[name]) if classes[call.operation, name].source == "services" else f"{name} {leaf}"
            for name, leaf in given.items()
        ]
        labels.append(f"{call.operation}({', '.join(words)})")
    return labels


def _way(labels: list[str], word: Word) -> str:
    return ", ".join(labels[letter] for letter in word) or "the start"
