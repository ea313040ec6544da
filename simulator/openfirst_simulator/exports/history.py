"""What some clients did from their beginning on: what a trace is judged by, and what a test plays again.

Neither can begin in the middle. So whoever is in a slice comes with all that was done before, by that client and by those
that have to do with it: they share an external ID, or what one of them was told of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from openfirst_simulator.faults import MISLEADING, SPOILING
from openfirst_simulator.ids import LIKE_AN_ID
from openfirst_simulator.journal import Entry, Filter, Journal
from openfirst_simulator.table import Table

NOBODY = ""
"""Who sent no token."""


@dataclass
class History:
    """The clients by their IDs, each with a short name, and their requests and moves in order.

    `groups` has for each client the number of those that have to do with one another; `notes` are sentences for people,
    `left_out` counts requests by why they are not there.
    """

    entries: list[Entry]
    names: dict[str, str]
    groups: dict[str, int]
    notes: list[str]
    left_out: Counter[str] = field(default_factory=Counter)


def who(entry: Entry) -> str:
    """The ID of the client whose request it was."""
    return entry.client or NOBODY


def application_of(entry: Entry) -> str | None:
    """The key of the application that the token names, if it is one of ours."""
    return None if entry.claims is None else entry.claims.app


def spoilt(entry: Entry) -> bool:
    """Whether the answer did not come as it was."""
    return entry.delivered in ("broken", "cut") or any(kind in SPOILING for kind in entry.kinds)


def misled(entry: Entry) -> bool:
    """Whether a fault decided with the contract."""
    return any(kind in MISLEADING for kind in entry.kinds)


def history(journal: Journal, wanted: Filter, table: Table) -> History:
    """What the clients of the entries that are wanted did, up to the last of these."""
    fitting = [entry for entry in journal.find(wanted) if entry.number > journal.anew and _by_client(entry)]
    until = fitting[-1].number if fitting else 0
    told = [entry for entry in journal.find() if journal.anew < entry.number <= until and _by_client(entry)]
    groups = _groups(told, table)
    meant = {groups[who(entry)] for entry in fitting}
    lost = _without_beginning(told, groups, table)
    entries = [entry for entry in told if groups[who(entry)] in meant - lost]
    clients = list(dict.fromkeys(map(who, entries)))
    gone = len({client for client in groups if groups[client] in meant & lost})
    notes = []
    if journal.dropped:
        notes.append(f"The journal has dropped {journal.dropped} entries, the first ones.")
    if gone:
        notes.append(f"Clients left out, since the journal does not hold their beginning: {gone}.")
    names = {client: _letters(number) for number, client in enumerate(clients)}
    return History(entries, names, {client: groups[client] for client in clients}, notes)


def _by_client(entry: Entry) -> bool:
    """Whether it is a client's, and not a request for a token."""
    return entry.is_move or entry.claims is not None or entry.client is not None or entry.step is not None


def _letters(number: int) -> str:
    """The name with this number: a to z, then aa and so on."""
    return (_letters(number // 26 - 1) if number >= 26 else "") + "abcdefghijklmnopqrstuvwxyz"[number % 26]


def _groups(entries: Iterable[Entry], table: Table) -> dict[str, int]:
    """For each client the number of those that have to do with one another."""
    group: dict[str, int] = {}
    members: dict[int, set[str]] = {}
    owners: dict[str, int] = {}
    for entry in entries:
        client = who(entry)
        number = group.setdefault(client, len(group))
        members.setdefault(number, {client})
        for value in _shared(entry, table):
            other = owners.setdefault(value, number)
            if other != number:
                moved = members.pop(other)
                members[number] |= moved
                group.update(dict.fromkeys(moved, number))
                owners.update({known: number for known, owner in owners.items() if owner == other})
    return group


def _shared(entry: Entry, table: Table) -> Iterator[str]:
    """By what a client has to do with others."""
    application = application_of(entry)
    for state in (entry.before, entry.after):
        yield from () if state is None else (f"{application}: {value}" for value in table.identities(state))
    for text in (entry.path, entry.sent.decode(errors="replace"), entry.answer.decode(errors="replace")):
        yield from LIKE_AN_ID.findall(text)


def _without_beginning(entries: Iterable[Entry], groups: dict[str, int], table: Table) -> set[int]:
    """The groups in which somebody had done something before: of whom there is an entry, or of whom only a session shows."""
    own = [table.machine.index[name] for name, stated in table.contract.variables.items() if not stated.world]
    company = table.company[True]
    seen: set[str] = set()
    in_session: set[str] = set()
    gone = set()
    for entry in entries:
        client, state = who(entry), entry.before
        if state is None or entry.after is None or not entry.own:
            continue
        is_new = client not in seen and any(state[position] != table.nobody[position] for position in own)
        has_company = any(state[position] == value for position, value in company)
        if is_new or (has_company and not any(groups[other] == groups[client] for other in in_session - {client})):
            gone.add(groups[client])
        seen.add(client)
        (in_session.add if table.in_session(entry.after) else in_session.discard)(client)
    return gone
