"""Call everything something else: lint, prove and every verdict stay what they were.

All words at once, and one odd word of each kind; `nox -s renaming` renames every word of the contract one at a time.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import pytest

from openfirst_reference.contract.load import load_document
from openfirst_reference.proof.lint import lint
from tests.conformance.implementations import faulty, path_of

from .verdicts import REFERENCE, Faults, Verdicts, faults, judged
from .words import Word, renamed, words

DOCUMENT = load_document()
WORDS = words(DOCUMENT.data)
FAULTY: Final = tuple(
    path_of(item)
    for item in (
        faulty.GateIsOpenBeforeOpen,
        faulty.AdoptsExternalId,
        faulty.AcceptsExpiredToken,
        faulty.AsksOnlyForTheFirstToken,
    )
)
# A keyword and a literal of CEL, and what is no name in it.
ODD: Final = ("in", "null", "two words", "Ἀριστοτέλης", "a-b")


@cache
def usual(path: str = REFERENCE) -> Verdicts:
    """What is said of an implementation with the packaged words."""
    return judged(DOCUMENT, {}, [path])[path]


@cache
def usual_faults() -> Faults:
    """What lint and prove find with the packaged words."""
    return faults(DOCUMENT)


def same_verdicts(names: dict[Word, str]) -> None:
    """Lint, prove and the verdicts are what they are with the packaged words."""
    document = renamed(DOCUMENT, names)
    assert faults(document) == usual_faults()
    everybody = (REFERENCE, *FAULTY)
    assert judged(document, names, everybody) == {path: usual(path) for path in everybody}


def test_what_is_compared_says_something() -> None:
    assert set(usual().values()) <= {"pass", "not-applicable", "not-run"}
    assert all("fail" in usual(path).values() for path in FAULTY)


def test_every_word_at_once() -> None:
    same_verdicts({item: f"{item.name}Anew" for item in WORDS})


@pytest.mark.parametrize("turn", range(len(ODD)))
def test_an_odd_word_of_each_kind(turn: int) -> None:
    """Each kind has each of the odd words in turn."""
    first = {item.kind: item for item in reversed(WORDS)}.values()
    names = {item: ODD[(number + turn) % len(ODD)] for number, item in enumerate(first)}
    document = renamed(DOCUMENT, names)
    assert [finding.kind for finding in lint(document)] == usual_faults().findings
    assert judged(document, names, [REFERENCE]) == {REFERENCE: usual()}
