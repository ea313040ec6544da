"""Cases: which calls are made, by which clients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Planned:
    """A call to be made: of a client, or (where the contract says so) of the world on a client's behalf.

    `overlapping`: it begins before the call before it in the case is answered.
    """

    client: str
    operation: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    overlapping: bool = False


@dataclass(frozen=True)
class Case:
    """A sequence of calls from fresh clients.

    `clients` maps a name to its fixture, and `held` to the variables of the world that are otherwise than the fixture says;
    `choices` are those that it holds under.
    """

    id: str
    title: str
    clients: Mapping[str, str]
    calls: tuple[Planned, ...]
    choices: Mapping[str, str] = field(default_factory=dict)
    held: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
