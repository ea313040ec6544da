"""Who there is: clients and their tokens, found by session and by external ID."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from openfirst_reference.machine.step import State
from openfirst_simulator.table import Table
from openfirst_simulator.tokens import Claims

GOOD = "good"


@dataclass(eq=False, slots=True)
class Client:
    """A client: where the machine is with it, its token, and its session if it has one."""

    state: State
    token: Token
    session_id: str | None = None
    anonymous_id: str = ""


@dataclass(eq=False, slots=True)
class Token:
    """A client's token. `condition` is as credentials have it on the wire, as far as it does not follow from the time."""

    claims: Claims
    condition: str = GOOD
    client: Client | None = None

    def is_like(self, other: Token) -> bool:
        """Whether the two are of the same kind and the same external ID, as a refreshed one is."""
        mine, others = self.claims, other.claims
        return (mine.kind, mine.external_id) == (others.kind, others.external_id)


class Sessions:
    """The open sessions of a world."""

    def __init__(self, table: Table, new_id: Callable[[], str]) -> None:
        self._table, self._new_id = table, new_id
        self._by_id: dict[str, Client] = {}
        self._by_external_id: dict[str, dict[Client, None]] = {}

    def holder(self, session_id: str | None) -> Client | None:
        """The client whose session this is."""
        return self._by_id.get(session_id) if session_id is not None else None

    def others(self, client: Client, external_ids: Iterable[str]) -> list[Client]:
        """Other clients with a session and one of these external IDs, in the order in which they opened."""
        found = {one: None for value in external_ids for one in self._by_external_id.get(value, ())}
        found.pop(client, None)
        return list(found)

    def any_other(self, client: Client, external_ids: Iterable[str]) -> bool:
        """Whether there are such clients."""
        return any(one is not client for value in external_ids for one in self._by_external_id.get(value, ()))

    def take(self, client: Client, after: State, *, anew: bool) -> None:
        """Set a client's state; its session begins, goes on or ends as that says, or begins `anew`."""
        has = self._table.in_session(after)
        if client.session_id is not None:
            self._unlist(client)
            if anew or not has:
                del self._by_id[client.session_id]
                client.session_id = None
        client.state = after
        if has:
            if client.session_id is None:
                client.session_id, client.anonymous_id = self._new_id(), self._new_id()
                self._by_id[client.session_id] = client
            for value in self._table.identities(after):
                self._by_external_id.setdefault(value, {})[client] = None

    def _unlist(self, client: Client) -> None:
        for value in self._table.identities(client.state):
            together = self._by_external_id.get(value, {})
            together.pop(client, None)
            if not together:
                self._by_external_id.pop(value, None)
