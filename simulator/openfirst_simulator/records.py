"""What a world is made of: frozen records, which name one another by ID. Nothing else holds state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, TypeVar, get_args

import msgspec
from msgspec import Meta

from openfirst_reference.machine.step import State
from openfirst_simulator.clock import LAST
from openfirst_simulator.tokens import Claims

GOOD = "good"
SESSION, EXTERNAL_ID, CONFERENCE, ALIAS, PENDING = "session", "external ID", "conference", "alias", "pending"
SUBSCRIPTION = "subscription"
Region = Literal["au", "ca", "eu", "in", "us"]
REGIONS = get_args(Region)
"""Where a conference may be, the last one if nobody says."""
LONGEST_TTL = 365 * 86_400
"""For how long a conference may wait for somebody, in seconds: nothing else here is to happen later than that."""

# What can be of a datum, which whoever goes back to a snapshot finds checked, and its schema says.
Instant = Annotated[float, Meta(ge=0, le=LAST)]
"""What a clock can show, in seconds since 1970."""
Due = Annotated[float, Meta(ge=0, le=LAST + LONGEST_TTL)]
"""When something is to happen: a clock need not come to it."""
Count = Annotated[int, Meta(ge=0, le=2**53)]
"""How many there were of something: what a number of JavaScript counts exactly."""
Size = Annotated[int, Meta(ge=390, le=1920)]
"""Of a picture, in pixels."""
MixId = Annotated[str, Meta(max_length=250)]
Format = Literal["mp3", "mp4"]
ParticipantType = Literal["USER", "LISTENER"]
PreviewStatus = Literal["NoRecordingAvailable", "RecordingAvailable", "Recording", "Playing", "Released"]
Noise = Literal["default", "low", "medium", "off"]
MOST_FORWARDED = 25
"""How many videos somebody may receive."""
LONGEST_SAMPLE = 5
"""For how long a sample of an audio preview may be recorded, in seconds."""
LONGEST_URL = 8_192
FURTHEST = 2**53
"""How far somebody may seek in a video, in milliseconds: what a number of JavaScript counts exactly."""
MOST_IMAGES = 100_000
Page = Annotated[int, Meta(ge=0, le=MOST_IMAGES)]
EVENT_NAME = r"^[A-Za-z]+\.[A-Za-z]+$(?!\n)"
"""A service, and what happened."""


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
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
    is the last session that it had, which may be over; `heard` is the number of the last event of the sessions that are.
    """

    is_found: ClassVar[bool] = True
    app: str
    state: State
    token: str
    previous: State | None = None
    previous_session: str | None = None
    session: str | None = None
    opened: Instant = 0.0
    latest: str = ""
    heard: Count = 0
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


class Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A client in a conference: the type of participant that it is, and the visit that this is."""

    type: ParticipantType
    visit: str


class Grant(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """What somebody may do in a protected conference.

    `token` is the ID of the conference access token that says so; who was `told` has it from the platform itself.
    """

    permissions: tuple[str, ...]
    token: str
    told: bool = False


class Conference(Record, frozen=True, kw_only=True, gc=False):
    """A conference of an application, from `created` to `ended`, in seconds; None: it goes on.

    `owner` is who created it: a participant's ID, and an external ID if there is one. `parameters` are those that it was created
    with. `members` are the clients in it, `grants` what is permitted in it by external ID, which counts where it is `protected`.
    `visits` is how many there have been, `spatial` the spatial audio scene of its listeners.
    """

    is_found: ClassVar[bool] = True
    app: str
    alias: str
    created: Instant
    ended: Instant | None = None
    owner: tuple[str, str | None]
    region: Region = REGIONS[-1]
    style: str | None = None
    pincode: str | None = None
    parameters: Mapping[str, Any] = {}
    protected: bool = False
    grants: Mapping[str, Grant] = {}
    members: Mapping[str, Member] = {}
    visits: Count = 0
    spatial: Any = None

    def found_by(self) -> Iterator[tuple[str, str]]:
        """By its alias, as long as it goes on."""
        if self.ended is None:
            yield ALIAS, like(self.app, self.alias)


class OfConference(Record, frozen=True, kw_only=True, gc=False):
    """A record that is kept as long as its conference is."""

    is_found: ClassVar[bool] = True
    index: ClassVar[str]
    conference: str

    def found_by(self) -> Iterator[tuple[str, str]]:
        """By its conference."""
        yield self.index, self.conference


class Visit(OfConference, frozen=True, kw_only=True, gc=False):
    """A participant was in a conference, from `joined` to `left`, in seconds; None: it is there still.

    The name and the avatar are those that it came with. `reason` is why it left: hangUp, forced or timeoutEviction.
    """

    index: ClassVar[str] = "visit"
    participant: str
    type: ParticipantType
    joined: Instant
    external_id: str | None = None
    name: str | None = None
    avatar_url: str | None = None
    left: Instant | None = None
    reason: Literal["hangUp", "forced", "timeoutEviction"] | None = None


class Mix(OfConference, frozen=True, kw_only=True, gc=False):
    """Something that is made of a conference as a whole, from `started` to `ended`, in seconds; None: it is being made."""

    mix_id: MixId = "default"
    layout_url: str | None = None
    width: Size = 1920
    height: Size = 1080
    started: Instant
    ended: Instant | None = None


class Recording(Mix, frozen=True, kw_only=True, gc=False):
    """A recording of a conference in some `formats`, mp3 or mp4, or one that was `remixed` from such.

    `participant` is who started it, None if it was no participant.
    """

    index: ClassVar[str] = "recording"
    formats: tuple[Format, ...] = ("mp4",)
    participant: str | None = None
    remixed: bool = False


class Stream(Mix, frozen=True, kw_only=True, gc=False):
    """A conference is streamed to elsewhere: by `kind`, rtmp (to a `uri`) or rts."""

    index: ClassVar[str] = "stream"
    kind: Literal["rtmp", "rts"]
    uri: str | None = None


class Remix(Mix, frozen=True, kw_only=True, gc=False):
    """A new recording is made of those of a conference, one at a time; its `id` is the conference's.

    It has `failed` where they were no more at its end.
    """

    index: ClassVar[str] = "remix"
    failed: bool = False


class Webhook(Record, frozen=True, kw_only=True, gc=False):
    """Where the world sends what happens in conferences."""

    only: ClassVar[str] = "webhook"
    url: str


class Delivery(OfConference, frozen=True, kw_only=True, gc=False):
    """One attempt to send to a webhook what happened `at` an instant, in seconds: `body` is JSON, and `number` counts the attempts.

    It is `due` at an instant, and was `sent` at one, None if it was not yet; `status` and `headers` are those of the answer then.
    """

    index: ClassVar[str] = "delivery"
    app: str
    event: str
    body: str
    url: str
    at: Instant
    number: Annotated[int, Meta(ge=1)] = 1
    due: Due
    sent: Instant | None = None
    status: str | None = None
    headers: Mapping[str, str] = {}

    def found_by(self) -> Iterator[tuple[str, str]]:
        """By its conference, and as long as it is to be made."""
        yield self.index, self.conference
        if self.sent is None:
            yield PENDING, PENDING


class Media(Record, frozen=True, gc=False):
    """What a client sends and receives in its conference, as flags; its `id` is the client's.

    `audio`, `video` and `screen` are what it sends, `muted` whether it is, `spatial` whether it joined with spatial audio, and
    `forwarded` how many videos it may receive. `unheard` and `unseen` are the clients whose audio or video it does not receive.
    """

    audio: bool = False
    video: bool = False
    screen: bool = False
    muted: bool = False
    spatial: bool = False
    forwarded: Annotated[int, Meta(ge=0, le=MOST_FORWARDED)] = 4
    unheard: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()


class Settings(Record, frozen=True, gc=False):
    """How the devices of a client are set; its `id` is the client's, and it needs no session.

    `capture` is the audio capture mode, and `tried` the one of the audio preview.
    """

    comfort_noise: Noise = "default"
    front_camera: bool = True
    capture: Mapping[str, str] | None = None
    tried: Mapping[str, str] | None = None


class Preview(Record, frozen=True, gc=False):
    """An audio preview of the client with this ID: its status `since` an instant, and how long the sample is, in seconds."""

    status: PreviewStatus
    since: Instant = 0.0
    length: Annotated[float, Meta(ge=0, le=LONGEST_SAMPLE)] = 0.0


class SharedVideo(Record, frozen=True, gc=False):
    """A video that a client, the `owner`, presents in the conference with this ID.

    It was at `position`, in milliseconds, at the instant `since`, in seconds.
    """

    owner: str
    url: Annotated[str, Meta(min_length=1, max_length=LONGEST_URL)]
    since: Instant
    playing: bool = True
    position: Annotated[float, Meta(ge=0, le=FURTHEST + LAST * 1000)] = 0.0


class SharedFile(Record, frozen=True, gc=False):
    """A converted file that a client, the `owner`, presents in the conference with this ID; `page` is the image that is shown."""

    owner: str
    file: Annotated[str, Meta(min_length=1, max_length=LONGEST_URL)]
    images: Page
    page: Page = 0


class Invitations(Record, frozen=True, gc=False):
    """Who is invited to the conference with this ID, and has not answered: by external ID, the name and the avatar if known."""

    invited: Mapping[str, tuple[str | None, str | None]] = {}


class Subscriptions(Record, frozen=True, gc=False):
    """Of what a session wants to be notified, each a type and an alias; its `id` is the session's.

    Of invitations it is, unless it is `uninvited`.
    """

    is_found: ClassVar[bool] = True
    app: str
    wanted: tuple[tuple[str, str], ...] = ()
    uninvited: bool = False

    def found_by(self) -> Iterator[tuple[str, str]]:
        """By each of these."""
        for kind, alias in self.wanted:
            yield SUBSCRIPTION, like(self.app, f"{kind} {alias}")


class Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Something that a client in session hears of: the `id`-th of its session, at an instant in seconds, with what is said."""

    id: Count
    at: Instant
    name: Annotated[str, Meta(pattern=EVENT_NAME)]
    data: Any = None


class Feed(Record, frozen=True, gc=False):
    """What a session hears; its `id` is the session's. `events` are the latest, and `last` the number of the last one.

    `before` is the number of the last one that is kept no more, 0 if there is none. Numbers that were given at another time, in
    a world that has been gone back from or in a session that is over, are left out between two events, or before the first one.
    `reminded` is the token that was last asked to be refreshed, and at how many of the points of its life.
    """

    last: Count = 0
    before: Count = 0
    events: tuple[Event, ...] = ()
    reminded: tuple[str, Count] | None = None


class Series(Record, frozen=True, gc=False):
    """How many IDs the world has given in its epoch."""

    only: ClassVar[str] = "ids"
    epoch: str
    count: Count = 0


class Timer(Record, frozen=True, gc=False):
    """Something that is to happen at an instant, `due` in seconds; `of` is the record that it happens to."""

    due: Due
    what: str
    of: str
