"""What pytest's fixture `platform` is made by, and what it says of a test that left something."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, NoReturn

import pytest

from openfirst.testing.platform import Platform, platform
from openfirst_reference.contract.findings import did_you_mean

_OPTIONS = list(inspect.signature(platform).parameters)
_REMEDY = "If it is meant to stay: @pytest.mark.openfirst(strict=False)."


def made(item: pytest.Item) -> Platform:
    """The platform of a test, as its markers want it; of two that say the same thing, the nearest counts."""
    wanted: dict[str, Any] = {}
    for marker in item.iter_markers("openfirst"):
        if marker.args:
            _refuse(f"has {marker.args[0]!r} without a name. Name it: {', '.join(f'{name}=' for name in _OPTIONS)}.")
        for name, value in marker.kwargs.items():
            if name not in _OPTIONS:
                _refuse(f"has no `{name}`. {did_you_mean(name, _OPTIONS)}")
            wanted.setdefault(name, value)
    try:
        return platform(**wanted)
    except ValueError as error:
        _refuse(f"cannot be: {error}")


def _refuse(sentence: str) -> NoReturn:
    raise pytest.fail.Exception(f"@pytest.mark.openfirst {sentence}", pytrace=False) from None


def told(left: Sequence[str]) -> str:
    """What is said of a test that passed, and left this behind."""
    return "\n".join(["The test passed, and left behind on its platform:", *(f"- {each}" for each in left), _REMEDY])
