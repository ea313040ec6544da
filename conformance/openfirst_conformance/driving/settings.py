"""How much is tried, and which part of it here."""

from __future__ import annotations

from dataclasses import dataclass

from openfirst_conformance.cases.case import Case
from openfirst_reference.contract.findings import Mistake


@dataclass(frozen=True)
class Settings:
    """How much is tried. `extra` is the number of extra states that `complete` allows for; `shard` is a part, such as (3, 8).

    Of that part `process` is what one process plays, of those that work side by side and are joined in the end.
    """

    extra: int = 1
    seed: int = 0
    walks: int = 200
    scenarios: tuple[Case, ...] = ()
    shard: tuple[int, int] = (1, 1)
    process: tuple[int, int] = (1, 1)

    @property
    def share(self) -> tuple[int, int]:
        """What one process plays, as a part of the whole."""
        (number, of), (turn, count) = self.shard, self.process
        return number + of * (turn - 1), of * count


def shard_of(text: str) -> tuple[int, int]:
    """The part of a whole that a text such as `3/8` names. Raises ValueError with a sentence for a person."""
    number, _, count = text.partition("/")
    if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        raise Mistake(f"--shard: `{text}` is not a part of a whole. Say which of how many, such as 3/8.")
    return int(number), int(count)
