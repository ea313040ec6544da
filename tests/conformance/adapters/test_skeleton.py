"""Skeletons say what the contract says. That they run is shown in tests/skeletons."""

from __future__ import annotations

import ast
import dataclasses

import pytest
from msgspec import structs

from openfirst_conformance.adapters.authoring.skeleton import LANGUAGES, skeleton
from openfirst_reference.contract.forms import Schema
from openfirst_reference.contract.load import load_contract

CONTRACT = load_contract()
WRITTEN = {
    "python": "    # def open(self, info=None):  # Opens a new session\n",
    "node": "  // open({ info }) {} // Opens a new session\n",
    "java": "        // public Object open(Map<?, ?> given) {} // Opens a new session (info)\n",
}
REQUIRED_FIRST = {
    "python": "def use(self, service, method, arguments=None):",
    "node": "use({ service, method, arguments })",
    "java": "Calls a method of a service behind the gate (service, method, arguments)",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_operation_of_a_client_has_a_line_and_what_the_world_does_has_none(language: str) -> None:
    text = skeleton(LANGUAGES[language], CONTRACT)
    assert WRITTEN[language] in text
    assert REQUIRED_FIRST[language] in text
    for operation in CONTRACT.operations.values():
        assert (f"{operation.title}" in text) is not operation.by_world
    assert "[[" not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_come_from_the_contract_alone(language: str) -> None:
    operations = {"begin": structs.replace(CONTRACT.operations["open"], name="begin", arguments={"whose": Schema()})}
    classes = {("begin", name): CONTRACT.classes["open", name] for name in CONTRACT.operations["open"].parameters}
    errors = {"no-such-luck": CONTRACT.errors["not-initialized"]}
    text = skeleton(
        LANGUAGES[language], dataclasses.replace(CONTRACT, operations=operations, classes=classes, errors=errors)
    )
    assert "begin(" in text and "whose" in text and "no-such-luck" in text
    for name in ("getParticipant", "updateParticipantInfo", "conference", "session-not-open"):
        assert name not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_service_and_every_code_is_named(language: str) -> None:
    text = skeleton(LANGUAGES[language], CONTRACT)
    assert [name for name in (*CONTRACT.services, *CONTRACT.errors) if name not in text] == []


@pytest.mark.parametrize(("language", "lines"), [("python", 65), ("node", 75), ("java", 150)])
def test_a_skeleton_is_short(language: str, lines: int) -> None:
    """Java has no JSON of its own: a third of it reads and writes that."""
    text = skeleton(LANGUAGES[language], CONTRACT)
    assert len(text.splitlines()) <= lines


def test_the_python_one_is_python() -> None:
    ast.parse(skeleton(LANGUAGES["python"], CONTRACT))
