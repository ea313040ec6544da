"""Rename every word of the contract, one at a time: `nox -s renaming`, for it takes long."""

from __future__ import annotations

import pytest

from .test_renaming import WORDS, same_verdicts
from .words import Word


@pytest.mark.parametrize("item", WORDS, ids=str)
def test_every_word_alone(item: Word) -> None:
    same_verdicts({item: f"{item.name}Anew"})
