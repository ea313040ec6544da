"""What an implementation cannot be asked, and why: what is lacking, for reports to put into words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from openfirst_conformance.platforms.stage import NoControl


class What(Enum):
    """What is lacking."""

    OPERATION = auto()
    """The operation is not declared."""
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


@dataclass(frozen=True)
class Lacking:
    """What is lacking for an operation, or for a credential; `why` says more where it is the platform that lacks it."""

    what: What
    operation: str = ""
    why: NoControl | None = None
