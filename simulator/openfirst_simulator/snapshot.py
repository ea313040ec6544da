"""The state of a world as one document, with a version and a schema: to be kept, looked at, copied, and gone back to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from itertools import pairwise
from typing import Any, Final, Literal

import msgspec

from openfirst_reference.contract.findings import Mistake
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.step import Identity
from openfirst_simulator import tokens
from openfirst_simulator.clock import Clock
from openfirst_simulator.faults import Fault, check
from openfirst_simulator.keyring import KEY_BYTES
from openfirst_simulator.records import (
    Application,
    Client,
    Conference,
    Delivery,
    Feed,
    Invitations,
    Media,
    Preview,
    Record,
    Recording,
    Remix,
    Series,
    Settings,
    SharedFile,
    SharedVideo,
    Stream,
    Subscriptions,
    Timer,
    Token,
    Visit,
    Webhook,
)
from openfirst_simulator.store import Draft, MemoryStore
from openfirst_simulator.table import Table

VERSION: Final = 1


class Records(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that a world holds, by kind. Timers of requests that wait are not among them: a request is in no document."""

    series: tuple[Series, ...]
    applications: tuple[Application, ...]
    tokens: tuple[Token, ...]
    clients: tuple[Client, ...]
    conferences: tuple[Conference, ...]
    timers: tuple[Timer, ...]
    faults: tuple[Fault, ...]
    feeds: tuple[Feed, ...] = ()
    visits: tuple[Visit, ...] = ()
    recordings: tuple[Recording, ...] = ()
    streams: tuple[Stream, ...] = ()
    remixes: tuple[Remix, ...] = ()
    webhooks: tuple[Webhook, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    media: tuple[Media, ...] = ()
    settings: tuple[Settings, ...] = ()
    previews: tuple[Preview, ...] = ()
    shared_videos: tuple[SharedVideo, ...] = msgspec.field(default=(), name="sharedVideos")
    shared_files: tuple[SharedFile, ...] = msgspec.field(default=(), name="sharedFiles")
    invitations: tuple[Invitations, ...] = ()
    subscriptions: tuple[Subscriptions, ...] = ()


class Snapshot(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A world at an instant, `now` in seconds since 1970. `variables` are the contract's, in the order of a client's `state`.

    `secret` is what IDs are made from, `signing_key` what tokens are signed with: both in hexadecimal, and both of a platform
    that is none.
    """

    openfirst: Literal["world"]
    version: Literal[1]
    contract: str
    variables: tuple[str, ...]
    now: float
    scale: float
    choices: dict[str, str]
    secret: str
    signing_key: str
    records: Records


_KINDS: dict[str, type[Record]] = {
    "series": Series,
    "applications": Application,
    "tokens": Token,
    "clients": Client,
    "conferences": Conference,
    "timers": Timer,
    "faults": Fault,
    "feeds": Feed,
    "visits": Visit,
    "recordings": Recording,
    "streams": Stream,
    "remixes": Remix,
    "webhooks": Webhook,
    "deliveries": Delivery,
    "media": Media,
    "settings": Settings,
    "previews": Preview,
    "shared_videos": SharedVideo,
    "shared_files": SharedFile,
    "invitations": Invitations,
    "subscriptions": Subscriptions,
}


def records_of(store: MemoryStore, waiting: str) -> Records:
    """What is in a store, but for timers of the kind `waiting`."""
    kept: dict[str, Any] = {name: tuple(store.every(kind)) for name, kind in _KINDS.items()}
    kept["timers"] = tuple(timer for timer in kept["timers"] if timer.what != waiting)
    return Records(**kept)


def put_all(draft: Draft, records: Records) -> None:
    """Put all of these records into a draft."""
    for name in _KINDS:
        for record in getattr(records, name):
            draft.put(record)


def read(document: Any, table: Table) -> Snapshot:
    """The snapshot in a document, of a world with the table's contract. Raises ValueError that says where it is none."""
    machine = table.machine
    contract = f"{machine.contract.name} {machine.contract.version}"
    try:
        snapshot = msgspec.convert(document, Snapshot)
        for name, key in (("secret", snapshot.secret), ("signingKey", snapshot.signing_key)):
            size = len(bytes.fromhex(key))
            if size != KEY_BYTES:
                raise Mistake(f"`{name}` has {size} bytes, and not {KEY_BYTES}")
        Clock(frozen_at=snapshot.now).run(snapshot.scale)
        if (snapshot.contract, snapshot.variables) != (contract, machine.names):
            raise Mistake(f"it is of the contract {snapshot.contract}, and this is {contract}")
        if not snapshot.records.applications or [each.id for each in snapshot.records.series] != [Series.only]:
            raise Mistake("it has no application, or not one series of IDs")
        for name in _KINDS:
            _check_ids(name, getattr(snapshot.records, name))
        for token in snapshot.records.tokens:
            _check_token(token, machine)
        for fault in snapshot.records.faults:
            check(fault)
        for client in snapshot.records.clients:
            Clock(frozen_at=client.opened)
            for state in (client.state, client.previous or client.state):
                values = zip(machine.names, state, strict=True)
                machine.state({name: value for name, value in values if not isinstance(value, Identity)})
            if table.in_session(client.state) is not (client.session is not None):
                has = "has a session, and is in none" if client.session is not None else "is in session, and has none"
                raise Mistake(f"the client {client.id} {has}")
        _check_holders(snapshot.records)
        _check_feeds(snapshot.records)
        _check_conferences(snapshot.records)
        _check_services(snapshot.records)
    except (msgspec.ValidationError, ValueError) as error:
        raise Mistake(f"This is no snapshot of such a world: {error}. Give a document that `snapshot` gave.") from None
    return snapshot


def _check_ids(name: str, records: Iterable[Record]) -> None:
    """Raises ValueError where two records of a kind have one ID."""
    for identifier, times in Counter(record.id for record in records).items():
        if times > 1:
            raise Mistake(f"of {name}, {times} have the ID {identifier}")


def _check_holders(records: Records) -> None:
    """Raises ValueError for a client with a token that is not there, or that is somebody else's."""
    known = {token.id: token for token in records.tokens}
    for client in records.clients:
        token = known.get(client.token)
        if token is None:
            raise Mistake(f"the client {client.id} has a token that is not there")
        if (token.client, token.claims.app) != (client.id, client.app):
            raise Mistake(f"the client {client.id} has a token that is another client's, {token.client}'s")


def _check_feeds(records: Records) -> None:
    """Raises ValueError for what no open session can have heard."""
    sessions = {client.session for client in records.clients}
    for feed in records.feeds:
        if feed.id not in sessions:
            raise Mistake(f"a session hears that is not open, {feed.id}")
        numbers = [feed.before, *(event.id for event in feed.events), feed.last + 1]
        if feed.before < 0 or any(number >= after for number, after in pairwise(numbers)):
            raise Mistake(f"the events of the session {feed.id} are not in order, up to the number {feed.last}")


def _check_conferences(records: Records) -> None:
    """Raises ValueError for a client in a conference that does not know it, and for what is of one that is not there."""
    conferences = {conference.id: conference for conference in records.conferences}
    visits = {visit.id: visit for visit in records.visits}
    here = {client.id: client.conference for client in records.clients if client.conference is not None}
    for name, of in here.items():
        if of not in conferences or name not in conferences[of].members:
            raise Mistake(f"the client {name} is in the conference {of}, which does not know it")
    for conference in conferences.values():
        for name, member in conference.members.items():
            visit = visits.get(member.visit)
            if here.get(name) != conference.id or visit is None or visit.conference != conference.id:
                raise Mistake(f"the conference {conference.id} has the client {name} in it, which is not there")
    for kind in ("visits", "recordings", "streams", "remixes", "deliveries"):
        for each in getattr(records, kind):
            if each.conference not in conferences:
                raise Mistake(f"of {kind}, {each.id} is of a conference that is not there")


def _check_services(records: Records) -> None:
    """Raises ValueError for what services keep of a client, a session or a conference that is not there."""
    sessions = {client.session for client in records.clients}
    holders = {token.client for token in records.tokens}
    members = {conference.id: conference.members for conference in records.conferences}
    inside = {name for each in members.values() for name in each}
    kept: list[tuple[str, Iterable[Record], Collection[str | None]]] = [
        ("media", records.media, inside),
        ("settings", records.settings, holders),
        ("previews", records.previews, holders),
        ("sharedVideos", records.shared_videos, members),
        ("sharedFiles", records.shared_files, members),
        ("invitations", records.invitations, members),
        ("subscriptions", records.subscriptions, sessions),
    ]
    for name, found, known in kept:
        for record in found:
            if record.id not in known:
                raise Mistake(f"{name} has something of {record.id}, which is not there")
    presented: tuple[SharedVideo | SharedFile, ...] = (*records.shared_videos, *records.shared_files)
    for shared in presented:
        if shared.owner not in members[shared.id]:
            raise Mistake(f"in the conference {shared.id} somebody presents who is not there, {shared.owner}")


def _check_token(token: Token, machine: Machine) -> None:
    """Raises ValueError for a token of a kind or in a condition that there is not, or one that has no time to live."""
    claims = token.claims
    try:
        tokens.check(claims)
    except Mistake as error:
        raise Mistake(f"the token {token.id} cannot be: {error}") from None
    held = {
        "kind": claims.kind,
        "condition": token.condition,
        "externalId": claims.external_id,
        "scopes": claims.scopes,
    }
    machine.having(machine.state(), **machine.credentials.variables(held))


def schema() -> dict[str, Any]:
    """The JSON Schema of the document."""
    return msgspec.json.schema(Snapshot)
