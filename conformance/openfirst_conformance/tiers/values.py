"""Values that Hypothesis makes: near those of the examples, and far from them."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from tempfile import TemporaryDirectory
from typing import Any

from openfirst_reference.machine.machine import Machine

_VALUES = 40
_CUTS = (16, 32, 36, 64, 128, 255, 256, 1024)
"""The lengths, in characters, after which software is known to stop reading."""
_ALIKE = (
    ("7", "007"), ("7", "7.0"), ("7", "+7"), ("7", "0x7"), ("7", "\uff17"), ("1000", "1e3"), ("0", "-0"), ("0", "false"),
    ("s", "\u017f"), ("k", "\u212a"), ("i", "\u0131"), ("I", "\u0130"), ("ss", "\u00df"), ("\u03c3", "\u03c2"),
    ("fi", "\ufb01"), ("1", "\u2460"), ("2", "\u00b2"), ("\u00e5", "\u212b"), ("a", "\u0430"), ("o", "\u03bf"),
    ("-", "\u2010"), (" ", "\u00a0"), ("true", "1"), ("null", "None"),
    ("-", "_"), (" ", "+"), ("&", "&amp;"), ("A", "%41"), ("x@y", "x@z"),
)  # fmt: skip
"""Texts that are not the same, and that a comparison as numbers, without case, by looks or as parts of a URL takes for it."""
Pool = Mapping[tuple[str, str], Sequence[Any]]


# Values ---------------------------------------------------------------------------------------------------------------


def made_values(machine: Machine, seed: int) -> Pool:
    """For each parameter that is a datum: values that Hypothesis makes, near those of the examples and far from them."""
    pool: dict[tuple[str, str], Sequence[Any]] = {}
    for (operation, parameter), classes in machine.contract.classes.items():
        examples = [item for leaf in classes.leaves for item in leaf.examples if isinstance(item, str) and item]
        if parameter in machine.index and not machine.contract.variables[parameter].is_enumeration and examples:
            limit = longest(machine, operation, parameter)
            near = [text for example in examples[:2] for text in near_misses(example)]
            pool[operation, parameter] = list(dict.fromkeys([*near, *_collected(tuple(examples), limit, seed)]))
    return pool


def pairs_alike(text: str, limit: int) -> list[tuple[str, str]]:
    """Pairs of texts that are nearly the same, of at most so many bytes: as given, inside another text, one character apart."""
    inside = [(f"a{one}b", f"a{other}b") for one, other in _ALIKE]
    apart = [
        (text, text[:at] + other + text[at + 1 :])
        for at, character in enumerate(text)
        for other in dict.fromkeys((character.upper(), character.lower(), unicodedata.normalize("NFD", character), ""))
        if other != character
    ]
    cut = [(f"{'x' * size}1", f"{'x' * size}2") for size in _CUTS]
    pairs = (*_ALIKE, *inside, *apart, *cut)
    return [pair for pair in pairs if all(pair) and all(len(item.encode()) <= limit for item in pair)]


@lru_cache(maxsize=64)
def _collected(examples: tuple[str, ...], limit: int, seed: int) -> list[str]:
    """Values near the examples, and far from them. Whoever asks for the same again is not kept waiting."""
    # Some 0.3 s that only this tier should cost.
    from hypothesis import HealthCheck, Phase, given, settings  # noqa: PLC0415
    from hypothesis import seed as seeded  # noqa: PLC0415
    from hypothesis import strategies as st  # noqa: PLC0415
    from hypothesis.configuration import set_hypothesis_home_dir  # noqa: PLC0415

    near = st.sampled_from(examples).flatmap(lambda text: st.sampled_from(near_misses(text)))
    # All but surrogates, as `text` itself would have them; that one tries the encoding of each, for most of a second.
    any_one = st.characters(exclude_categories=["Cs"])
    far = st.text(any_one, max_size=30) | st.text(any_one, min_size=200, max_size=300) | st.text(any_one, max_size=12)
    ends = st.sampled_from(["x" * size for size in (255, 256, 257, limit // 2, limit)])
    found: dict[str, None] = {}

    @seeded(seed)
    @settings(
        max_examples=_VALUES,
        database=None,
        phases=[Phase.generate],
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.one_of(near, near, far, ends))
    def collect(value: str) -> None:
        if len(value.encode("utf-8", "surrogatepass")) <= limit:
            found[value] = None

    with TemporaryDirectory() as folder:  # it keeps notes, which are nothing to whoever runs a check here
        set_hypothesis_home_dir(folder)
        try:
            collect()
        finally:
            set_hypothesis_home_dir(None)
    return list(found)


def near_misses(text: str) -> list[str]:
    """What a careless comparison takes for the same text, or mixes up with it."""
    forms = [unicodedata.normalize(form, text) for form in ("NFC", "NFD", "NFKC", "NFKD")]
    cases = [text.upper(), text.lower(), text.casefold(), text.swapcase(), text.title()]
    around = [
        f" {text}",
        f"{text} ",
        f"{text}\t",
        f"\u00a0{text}",
        f"{text}\u200b",
        f"\ufeff{text}",
        f"{text}\n",
        f"{text}\0",
    ]
    parts = [text[:-1], text[1:], text + text, text + text[-1:], text[::-1], f"{text}'", f'"{text}"', f"{text}%20"]
    strange = [
        f"\u202e{text}",
        f"{text}\U0001f600",
        f"{text}\ud800",
        "null",
        "undefined",
        "0",
        "false",
        "[object Object]",
    ]
    return [item for item in dict.fromkeys([*forms, *cases, *around, *parts, *strange]) if item]


def longest(machine: Machine, operation: str, parameter: str) -> int:
    """How many bytes of a parameter are surely permitted."""
    stated = machine.contract.operations[operation]
    schema = machine.contract.schema_at({"properties": stated.arguments}, stated.parameters[parameter])
    return int(schema.get("maxLength", 1000))
