"""Calls are classified once: the same call is the same object, whatever its arguments are."""

from typing import Any

import pytest

from openfirst_reference.contract.load import load_contract
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.step import Call

MACHINE = Machine(load_contract())


def used(value: Any) -> Call:
    return MACHINE.call("updateParticipantInfo", {"name": "Ana", "avatarUrl": value}, MACHINE.state())


def test_the_order_of_names_makes_no_other_call() -> None:
    turned = MACHINE.call("updateParticipantInfo", {"avatarUrl": "x", "name": "Ana"}, MACHINE.state())
    assert turned is used("x")


@pytest.mark.parametrize(
    ("one", "other"), [(1, 1.0), (1, True), (0.0, False), (None, "None"), ("1", 1), (float("nan"), None)]
)
def test_what_python_takes_for_the_same_is_another_call(one: Any, other: Any) -> None:
    assert used(one) is not used(other)


@pytest.mark.parametrize("odd", [2**70, -(2**70), float("inf"), {"a": {1: 2}}])
def test_a_value_that_few_can_write_is_a_call_like_any_other(odd: Any) -> None:
    assert used(odd) is used(odd)
    assert used(odd).given["avatarUrl"] == odd


def test_half_a_character_belongs_to_no_class() -> None:
    with pytest.raises(ValueError, match="convert"):
        used("\ud800")
