"""What a world is made of: frozen records, which name one another by ID. Nothing else holds state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, TypeVar

import msgspec

from openfirst_reference.machine.step import State
from openfirst_simulator.tokens import Claims

GOOD = "good"
SESSION, EXTERNAL_ID, CONFERENCE = "session", "external ID", "conference"


class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A record, known by its kind and its `id`."""

    is_found: ClassVar[bool] = False
    """Whether records of this kind are found by values as well."""
    id: str

    def found_by(self) -> Iterator[tuple[str, str]]:
        """By which values, of which index, the record is found."""
        yield from ()


R = TypeVar("R", bound=Record)


class Application(Record, frozen=True, gc=False):
    """An application of the world; its `id` is its key."""

    secret: str


class Token(Record, frozen=True, gc=False):
    """A client's token. `condition` is as credentials have it on the wire, as far as it does not follow from the time.

    `client` is whose it is, None before it is used.
    """

    claims: Claims
    condition: str = GOOD
    client: str | None = None

    def is_like(self, other: Token) -> bool:
        """Whether the two are of the same kind and the same external ID, as a refreshed one is."""
        mine, others = self.claims, other.claims
        return (mine.app, mine.kind, mine.external_id) == (others.app, others.kind, others.external_id)


class Client(Record, frozen=True, gc=False):
    """A client of an application: where the machine is with it, its token, its session and its conference if it has one.

    `previous` is the state before the last change, and `previous_session` the session then. `alike` are the values by which
    other clients are concerned, its external IDs, as long as it has a session; `opened` is when that began, in seconds; `latest`
    is the last session that it had, which may be over.
    """

    is_found: ClassVar[bool] = True
    app: str
    state: State
    token: str
    previous: State | None = None
    previous_session: str | None = None
    session: str | None = None
    opened: float = 0.0
    latest: str = ""
    alike: tuple[str, ...] = ()
    conference: str | None = None

    def found_by(self) -> Iterator[tuple[str, str]]:
        """By its session, by its external IDs, and by its conference."""
        if self.session is not None:
            yield SESSION, self.session
            for value in self.alike:
                yield EXTERNAL_ID, like(self.app, value)
        if self.conference is not None:
            yield CONFERENCE, self.conference


def like(app: str, value: str) -> str:
    """By what clients of an application with this external ID are found."""
    return f"{app} {value}"


class Conference(Record, frozen=True, gc=False):
    """A conference; `members` maps each client in it to the type of participant that it is."""

    alias: str
    style: str | None = None
    members: Mapping[str, str] = {}


class Event(msgspec.Struct, frozen=True, gc=False):
    """Something that a client in session hears of: the `id`-th of its session, at an instant in seconds, with what is said."""

    id: int
    at: float
    name: str
    data: Any = None


class Feed(Record, frozen=True, gc=False):
    """What a session hears; its `id` is the session's. `events` are the latest, and `last` the number of the last one.

    `reminded` is the token that was last asked to be refreshed, and at how many of the points of its life.
    """

    last: int = 0
    events: tuple[Event, ...] = ()
    reminded: tuple[str, int] | None = None


class Series(Record, frozen=True, gc=False):
    """How many IDs the world has given in its epoch."""

    only: ClassVar[str] = "ids"
    epoch: str
    count: int = 0


class Timer(Record, frozen=True, gc=False):
    """Something that is to happen at an instant, `due` in seconds; `of` is the record that it happens to."""

    due: float
    what: str
    of: str
