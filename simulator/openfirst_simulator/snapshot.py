"""The state of a world as one document, with a version and a schema: to be kept, looked at, copied, and gone back to."""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

from openfirst_simulator.faults import Fault
from openfirst_simulator.records import (
    Application,
    Client,
    Conference,
    Delivery,
    Feed,
    Instant,
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
    now: Instant
    scale: float
    choices: dict[str, str]
    secret: str
    signing_key: str
    records: Records


KINDS: dict[str, type[Record]] = {
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
    kept: dict[str, Any] = {name: tuple(store.every(kind)) for name, kind in KINDS.items()}
    kept["timers"] = tuple(timer for timer in kept["timers"] if timer.what != waiting)
    return Records(**kept)


def put_all(draft: Draft, records: Records) -> None:
    """Put all of these records into a draft."""
    for name in KINDS:
        for record in getattr(records, name):
            draft.put(record)


def schema() -> dict[str, Any]:
    """The JSON Schema of the document."""
    return msgspec.json.schema(Snapshot)
