"""What a recording holds: calls, answers that came later, and credentials that became others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from openfirst_reference.machine.outcome import Settled
from openfirst_reference.machine.step import State


@dataclass(frozen=True, eq=False)
class Made:
    """A call; `outcome` is None if its answer came later (an `Ended`) or never. `where` names its place for people."""

    where: str
    client: str
    operation: str
    arguments: Mapping[str, Any]
    outcome: Settled | None = None


@dataclass(frozen=True, eq=False)
class Ended:
    """The answer to a call that others may have overlapped."""

    where: str
    client: str
    made: Made
    outcome: Settled


@dataclass(frozen=True, eq=False)
class Turned:
    """A credential became another: these variables of the world have these values for the client from now on."""

    client: str
    values: Mapping[str, str | None]


Event = Made | Ended | Turned


@dataclass(frozen=True)
class Recording:
    """What happened from fresh clients on: the state that each starts in, and the events in their order."""

    clients: Mapping[str, State]
    events: Sequence[Event]
    choices: Mapping[str, str] = field(default_factory=dict)
