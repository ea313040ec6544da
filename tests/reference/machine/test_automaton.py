"""The two readings of the table agree: on real values, and over two representatives for each datum."""

from __future__ import annotations

import unicodedata
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from openfirst_reference.contract.expressions import expression
from openfirst_reference.contract.load import load_contract
from openfirst_reference.machine.automaton import explore
from openfirst_reference.machine.machine import Machine, observed
from openfirst_reference.machine.step import Call, Identity, State, Step, Value, is_overlap

CONTRACT = load_contract()
MACHINE = Machine(CONTRACT)
SMALL = explore(MACHINE, "token-with-id")

NAMES = ("name", "lastName")
URLS = ("avatarUrl", "lastAvatarUrl")
IDS = ("externalId", "lastExternalId", "tokenExternalId")

Renaming = Callable[[str, str], str]


# Real values stand for representatives -------------------------------------------------------------------------------

texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
stems = st.text(st.characters(categories=["Ll", "Lu"], codec="utf-8"), min_size=2, max_size=8)


@st.composite
def renamings(draw: st.DrawFn) -> Renaming:
    """A real value for each value in the examples, of the same class; different ones for different ones."""
    token = unicodedata.normalize("NFC", draw(stems)) + "Aë"
    ids = {
        "Zoë": token,
        "Yan": draw(texts),
        "bob": draw(texts),
        "eve": draw(texts),
        "zoë": token.lower(),
        "ZOË": token.upper(),
        "Zoe\u0308": unicodedata.normalize("NFD", token),
        "Zoë ": token + " ",
        " Zoë": " " + token,
        "Zo": token[:-1],
        "Zoëlle": token + draw(stems),
        "": "",
    }
    names = {"Ana": draw(texts), "Ben": draw(texts), "": ""}
    urls = {
        "https://example.org/a.png": draw(texts),
        "https://example.org/b.png": draw(texts),
        "": "",
    }
    for table in (ids, names, urls):
        assume(len(set(table.values())) == len(table))
    return _renaming(names, urls, ids)


def _renaming(names: Mapping[str, str], urls: Mapping[str, str], ids: Mapping[str, str]) -> Renaming:
    tables = {**dict.fromkeys(NAMES, names), **dict.fromkeys(URLS, urls), **dict.fromkeys(IDS, ids)}
    return lambda variable, value: tables[variable].get(value, value) if variable in tables else value


def renamed_state(state: State, renaming: Renaming) -> State:
    """The state with other values for its data, and for what identities were made from."""

    def renamed(name: str, value: Value) -> Value:
        if isinstance(value, Identity):
            return value if value.owner is None else Identity(renaming("externalId", value.owner))
        return value if value is None else renaming(name, value)

    return tuple(renamed(name, value) for name, value in zip(MACHINE.names, state, strict=True))


def renamed_call(call: Call, state: State, renaming: Renaming) -> Call:
    """The same call with other values, made in `state`."""

    def renamed(value: Any, inside: str) -> Any:
        if isinstance(value, dict):
            return {
                key: renaming("tokenExternalId" if inside == "credential" else key, item)
                if isinstance(item, str)
                else renamed(item, key)
                for key, item in value.items()
            }
        return value

    if "service" in call.arguments:
        return MACHINE.call(call.operation, call.arguments, state)
    return MACHINE.call(call.operation, renamed(dict(call.arguments), ""), state)


def summary(step: Step) -> tuple[object, ...]:
    """What two readings have to agree on, but for the states."""
    answer = step.answer.name if step.answer else None
    return step.row.id, step.index, step.when, step.code, answer


@settings(max_examples=120, deadline=None)
@given(data=st.data(), renaming=renamings(), fixture=st.sampled_from(list(CONTRACT.fixtures)))
def test_a_walk_with_real_values_goes_as_the_walk_with_their_representatives(
    data: st.DataObject, renaming: Renaming, fixture: str
) -> None:
    """Same classes, rows, alternatives and codes at every call, and the same states but for the values in them."""
    abstract = MACHINE.fixture(fixture)
    concrete = renamed_state(abstract, renaming)
    for _ in range(8):
        call = data.draw(st.sampled_from(MACHINE.alphabet(CONTRACT.fixtures[fixture].calls, abstract, leaves=True)))
        real = renamed_call(call, concrete, renaming)
        # A drawn value that has become another near miss of the token is not the one that was asked for.
        assume(real.leaves == call.leaves)
        here, there = MACHINE.steps(abstract, call), MACHINE.steps(concrete, real)
        assert [summary(step) for step in here] == [summary(step) for step in there]
        assert [renamed_state(step.after, renaming) for step in here] == [step.after for step in there]
        if here:
            taken = data.draw(st.integers(0, len(here) - 1))
            abstract, concrete = here[taken].after, there[taken].after


def test_the_table_cannot_tell_one_value_of_a_datum_from_another() -> None:
    """With the two representatives of each datum exchanged, every step of every state is the same step, exchanged."""
    swap = _renaming(
        {"Ana": "Ben", "Ben": "Ana"},
        {
            "https://example.org/a.png": "https://example.org/b.png",
            "https://example.org/b.png": "https://example.org/a.png",
        },
        {"bob": "eve", "eve": "bob"},
    )
    for automaton in (SMALL, explore(MACHINE, "key-secret")):
        for state, steps in automaton.steps.items():
            exchanged = renamed_state(state, swap)
            for step in steps:
                if not is_overlap(step):
                    others = MACHINE.steps(exchanged, renamed_call(step.call, exchanged, swap))
                    assert (summary(step), renamed_state(step.after, swap)) in [(summary(s), s.after) for s in others]


# Classes -------------------------------------------------------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(token=st.none() | texts, given=st.none() | st.text(st.characters(codec="utf-8"), max_size=12))
@example(token="Straße", given="STRASSE")
@example(token="Zoë", given="Zoe\u0308 ")
@example(token="a", given="a a")
@example(token=" ", given="  ")
def test_every_text_belongs_to_one_group_of_external_ids(token: str | None, given: str | None) -> None:
    """A text that is of no class could not be judged; one of two groups would be judged twice."""
    names = {"given": {"externalId": given}, "client": {"tokenExternalId": token}}
    leaves = CONTRACT.classes["open", "externalId"].leaves
    groups = {leaf.group for leaf in leaves if leaf.expression and expression(leaf.expression)(names) is True}

    assert len(groups) == 1


# Automata ------------------------------------------------------------------------------------------------------------


def test_a_trace_leads_from_the_start_to_its_state_step_by_step() -> None:
    for state in SMALL.steps:
        here = SMALL.initial
        for step in SMALL.trace(state):
            assert step.before == here
            here = step.after
        assert here == state


def test_no_way_to_a_state_is_shorter_than_its_trace() -> None:
    distance = {SMALL.initial: 0}
    todo = deque([SMALL.initial])
    while todo:
        state = todo.popleft()
        for step in SMALL.steps[state]:
            if step.after not in distance:
                distance[step.after] = distance[state] + 1
                todo.append(step.after)

    assert {state: len(SMALL.trace(state)) for state in SMALL.steps} == distance


def test_a_state_that_is_not_reached_has_no_trace() -> None:
    with pytest.raises(KeyError):
        SMALL.trace(MACHINE.having(SMALL.initial, kind="key-secret"))


def test_every_step_ends_in_a_state_of_the_automaton_and_every_call_has_one() -> None:
    calls = CONTRACT.fixtures["token-with-id"].calls
    for state, steps in SMALL.steps.items():
        assert {step.after for step in steps} <= SMALL.steps.keys()
        assert {step.call for step in steps} == set(MACHINE.alphabet(calls, state))


def test_with_every_choice_settled_only_what_it_permits_is_left() -> None:
    choices = CONTRACT.default_choices()
    settled = explore(MACHINE, "token-with-id", choices)

    assert set(settled.steps) <= set(SMALL.steps)
    assert len(list(settled.all_steps())) < len(list(SMALL.all_steps()))
    assert all(choices[choice] in values for step in settled.all_steps() for choice, values in step.when)


def test_overlaps_are_steps_too() -> None:
    overlapping = [step for step in SMALL.all_steps() if is_overlap(step)]

    assert {step.row.id for step in overlapping} == set(CONTRACT.overlaps)
    assert all(step.before == step.after for step in overlapping)


def test_one_value_for_each_datum_reaches_the_same_rows() -> None:
    small = explore(MACHINE, "token-with-id", one_value=True)

    assert len(small.steps) < len(SMALL.steps)
    assert {step.row.id for step in small.all_steps()} == {step.row.id for step in SMALL.all_steps()}


def test_states_in_which_an_operation_asks_for_the_same_are_answered_alike_and_changed_alike() -> None:
    """Whatever else differs in them stays as it is."""
    alike: dict[tuple[Call, State], list[tuple[object, ...]]] = {}
    cells = 0
    for state, steps in SMALL.steps.items():
        for call in dict.fromkeys(step.call for step in steps):
            own = MACHINE.steps(state, call)
            changed = [CONTRACT.changes(step.alternative.effect) for step in own]
            comes: list[tuple[object, ...]] = [
                (step.row.id, step.index, observed(MACHINE, step), *(step.after[MACHINE.index[name]] for name in names))
                for step, names in zip(own, changed, strict=True)
            ]
            assert alike.setdefault((call, MACHINE.asked(call.operation, state)), comes) == comes
            assert [MACHINE.taken(step, state) for step in own] == [step.after for step in own]
            cells += 1
    assert len(alike) < cells / 2
