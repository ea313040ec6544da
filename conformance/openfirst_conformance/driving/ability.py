"""What an implementation cannot be asked, and why: what is lacking, for reports to put into words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from openfirst_conformance.platforms.stage import NoControl


class What(Enum):
    """What is lacking."""

    OPERATION = auto()
    """The operation is not declared."""
    ANY_OPERATION = auto()
    """No operation is declared, so that whatever the world does shows nowhere."""
    REFRESH = auto()
    """The implementation does not declare that it asks for fresh tokens."""
    VIRTUAL_CLOCK = auto()
    """Its clock cannot be set."""
    CONTROL = auto()
    """Nobody can make the platform do it."""
    ANOTHER_CLIENT = auto()
    """Only another client can bring it about."""
    DEPRECATED = auto()
    """The operation is deprecated, and not declared."""
    CREDENTIAL = auto()
    """The platform does not give such a credential."""
    NOT_TAKEN = auto()
    """The implementation declares other kinds of credential."""
    NEEDED = auto()
    """The implementation declares that the argument must be given."""
    UNSUPPORTED = auto()
    """The implementation declares that the argument cannot be given."""
    METHODS = auto()
    """The implementation declares that it lacks methods of services."""
    METHOD = auto()
    """The implementation declares services without this method."""
    CLIENTS = auto()
    """The implementation declares that it holds fewer clients."""
    AT_ONCE = auto()
    """The implementation declares that it takes fewer calls at once."""


@dataclass(frozen=True)
class Lacking:
    """What is lacking: `of` is the operation, the argument, the kind of credential, the method, or the number that there is.

    `why` says more of what a platform lacks.
    """

    what: What
    of: str = ""
    why: NoControl | None = None


@dataclass(frozen=True)
class LeftOut:
    """A case of somebody else's that is not played, by its ID, and why it cannot be."""

    case: str
    lacking: tuple[Lacking, ...]
