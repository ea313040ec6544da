"""Why a rule has the verdict that it has, where the calls that show it do not say so themselves; reports put it into words."""

from __future__ import annotations

from dataclasses import dataclass

from openfirst_conformance.adapters.protocol.faults import FaultKind
from openfirst_conformance.driving.ability import Lacking
from openfirst_conformance.platforms.stage import NoControl
from openfirst_conformance.verdicts.contrast import Lack
from openfirst_reference.machine.outcome import Settled


@dataclass(frozen=True)
class NoReason:
    """There is nothing to say."""


@dataclass(frozen=True)
class NotAgain:
    """It failed once, and not when the same calls were made again: by an operation, in a case, with what that came to."""

    operation: str
    outcome: Settled
    case: str


@dataclass(frozen=True)
class NeverAnswered:
    """A call that tests it was never answered, or ended the adapter, each time it was made."""


@dataclass(frozen=True)
class NeverReached:
    """Calls in all that tests it never came back: their operations, each with its fault; None: it was not answered."""

    by: tuple[tuple[str, FaultKind | None], ...]


@dataclass(frozen=True)
class Stopped:
    """Somebody stopped the run."""


@dataclass(frozen=True)
class Hung:
    """The adapter hung so many times."""

    times: int


@dataclass(frozen=True)
class SlowToStart:
    """Starting the adapter again and again took so many seconds in all."""

    seconds: float


@dataclass(frozen=True)
class NotStarted:
    """The adapter could not be started again."""


@dataclass(frozen=True)
class Gone:
    """What was driven is not there any more; `detail` says what was looked for."""

    detail: str


@dataclass(frozen=True)
class NeverReset:
    """No case could be begun, however often the adapter was started again."""

    times: int


@dataclass(frozen=True)
class TooOften:
    """The adapter failed so many times in so many calls that few cases come to their end."""

    times: int
    calls: int


Cause = Stopped | Hung | SlowToStart | NotStarted | Gone | NeverReset | TooOften


@dataclass(frozen=True)
class GivenUp:
    """The run came to an end before its time."""

    cause: Cause


@dataclass(frozen=True)
class NotTried:
    """It was not tried with credentials in some conditions, nor with some moves of the platform, for want of control: `why`."""

    conditions: tuple[str, ...]
    moves: tuple[str, ...]
    why: NoControl


@dataclass(frozen=True)
class OneAtATime:
    """The adapter declares that it holds one client at a time, or (`calls`) takes one call."""

    calls: bool


@dataclass(frozen=True)
class Unable:
    """The calls that it takes cannot be made."""

    lacking: tuple[Lacking, ...]


@dataclass(frozen=True)
class OneSided:
    """What tests it was only ever seen on one side of it, so that whoever does the same to every call would pass."""

    lacking: tuple[Lack, ...]


@dataclass(frozen=True)
class Masked:
    """Each case that tests it broke one of these rules before it came to that."""

    by: tuple[str, ...]


@dataclass(frozen=True)
class NoTier:
    """No tier that was run tests it."""


@dataclass(frozen=True)
class Accepted:
    """A baseline says why: in somebody's own words."""

    why: str


Reason = (
    NoReason
    | NotAgain
    | NeverAnswered
    | NeverReached
    | GivenUp
    | NotTried
    | OneAtATime
    | OneSided
    | Masked
    | Unable
    | NoTier
    | Accepted
)
