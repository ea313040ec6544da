"""What a service finds when it is called, and leaves: one client, one moment, one draft."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from msgspec import structs

from openfirst_reference.contract.document import Json
from openfirst_simulator import events
from openfirst_simulator.ids import Ids
from openfirst_simulator.problems import bad_request
from openfirst_simulator.records import Client
from openfirst_simulator.store import Draft

T = TypeVar("T")


@dataclass(frozen=True)
class Scene:
    """A world at the instant `now`, in seconds, as one decision finds it in its draft.

    `participant_of` gives a client's local participant, None for one without a session.
    """

    draft: Draft
    ids: Ids
    now: float
    participant_of: Callable[[Client], Json | None]

    def client(self, identifier: str) -> Client | None:
        """The client with this ID, as it is now."""
        return self.draft.get(Client, identifier)

    def changed(self, client: Client, **fields: Any) -> Client:
        """The client is this from now on."""
        client = structs.replace(client, **fields)
        self.draft.put(client)
        return client

    def emit(self, to: Client, name: str, data: Any) -> None:
        """A client hears of something, if it has a session: the event `name`, such as `conference.statusUpdated`."""
        events.emit(self.draft, to.session, self.now, name, data)


Model = Callable[[Scene, Client, list[Any]], Any]
"""What a method of a service does for a client that calls it with arguments. Raises Problem where the service itself refuses."""


def argument(arguments: list[Any], position: int, kind: type[T], what: str, expected: str) -> T | None:
    """The argument in a position, None if it is absent. Raises Problem for one of another kind."""
    value = arguments[position] if position < len(arguments) else None
    if value is not None and not isinstance(value, kind):
        raise bad_request(f"`arguments[{position}]` is {what} and must be {expected}. Send it as that.")
    return value
