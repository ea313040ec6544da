"""What a session hears: an ordered log, from which nothing is lost as long as it is asked for in time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import structs

from openfirst_simulator.records import Event, Feed
from openfirst_simulator.store import Draft

LOGGED = 1_000
"""How many events of a session are kept."""
GAP = "gap"
"""The name of what stands for events that are kept no more."""
REFRESH = "sdk.tokenRefresh"
"""A fresh token is wanted: half of the life of this one has passed, three quarters, or all of it."""


def emit(draft: Draft, session: str | None, now: float, name: str, data: Any = None) -> None:
    """A session hears of something; without a session nobody does."""
    if session is not None:
        feed = draft.get(Feed, session) or Feed(id=session)
        event = Event(feed.last + 1, now, name, data)
        before = feed.events[0].id if len(feed.events) == LOGGED else feed.before
        draft.put(structs.replace(feed, last=event.id, before=before, events=(*feed.events[1 - LOGGED :], event)))


def heard(feed: Feed | None, after: int) -> list[Event]:
    """What a session has heard behind the event with this number; a `gap` first where some of that is kept no more.

    So it is behind a number that was given at another time: what came then is no more.
    """
    if feed is None or after >= feed.last:
        return []
    behind = [event for event in feed.events if event.id > after]
    known = len(feed.events) - len(behind)
    first = behind[0] if behind else None
    missing = (feed.last if first is None else first.id - 1) - after
    if not missing or after == (feed.events[known - 1].id if known else feed.before):
        return behind
    at = first.at if first is not None else 0.0
    return [Event(after + missing, at, GAP, {"from": after + 1, "to": after + missing}), *behind]


def misheard(events: Sequence[Event], how: str) -> list[Event]:
    """Events as they are heard where something goes wrong: with a `gap` or a `duplicate`, or in another order (`reorder`)."""
    first, *rest = events
    match how:
        case "gap":
            return [Event(first.id, first.at, GAP, {"from": first.id, "to": first.id}), *rest]
        case "duplicate":
            return [first, first, *rest]
        case "reorder" if rest:
            return [rest[0], first, *rest[1:]]
    return [*events]


def as_json(event: Event) -> dict[str, Any]:
    """An event as JSON has it."""
    return {"id": event.id, "at": round(event.at, 3), "name": event.name, "data": event.data}


def as_frame(event: Event) -> str:
    """An event as a WebSocket carries it."""
    return msgspec.json.encode(as_json(event)).decode()


def as_server_sent(event: Event) -> bytes:
    """An event as a stream of server-sent events carries it."""
    data = msgspec.json.encode(event.data).decode()
    return f"id: {event.id}\nevent: {event.name}\ndata: {data}\n\n".encode()
