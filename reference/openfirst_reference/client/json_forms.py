"""The session interface over HTTP, as a client sees it: what is sent, and how what comes back is read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, TypeVar

import aiohttp

from openfirst_reference.contract.document import Json
from openfirst_reference.contract.findings import Mistake

# What Python calls operations and fields that have these names on the wire: the only place that says so.
OPERATIONS: Final[Mapping[str, str]] = {
    "initialize": "initialize",
    "initialize_token": "initializeToken",
    "open": "open",
    "close": "close",
    "is_open": "isOpen",
    "get_participant": "getParticipant",
    "update_participant_info": "updateParticipantInfo",
    "use": "use",
}
FIELDS: Final[Mapping[str, str]] = {"name": "name", "avatar_url": "avatarUrl", "external_id": "externalId"}
T = TypeVar("T")


@dataclass(frozen=True)
class ParticipantInfo:
    """What the application says of a participant. `external_id` is deprecated: it belongs into the token."""

    name: str | None = None
    avatar_url: str | None = None
    external_id: str | None = None


@dataclass(frozen=True)
class Participant:
    """A participant: `id` is the platform's, `info` the application's."""

    id: str
    info: ParticipantInfo = field(default_factory=ParticipantInfo)


# What is sent -----------------------------------------------------------------------------------------------


def in_contract(value: ParticipantInfo | Participant | Mapping[str, Any]) -> Json:
    """Spell the fields of something as the contract does."""
    fields = value if isinstance(value, Mapping) else asdict(value)
    return {
        FIELDS.get(name, name): in_contract(item) if isinstance(item, Mapping) else item
        for name, item in fields.items()
    }


def basic(key: str, secret: str) -> str:
    """Write the Authorization header for a key and secret; ValueError says that the key cannot be one."""
    if ":" in key:
        raise Mistake("An application key has no colon; see whether key and secret were put together.")
    return aiohttp.encode_basic_auth(key, secret)


def as_json(value: Any) -> bytes:
    """Write JSON in ASCII; raises ValueError or TypeError for what JSON cannot hold."""
    return json.dumps(value, allow_nan=False).encode("ascii")


# What comes back --------------------------------------------------------------------------------------------


def parsed(content: bytes) -> Any:
    """Read JSON; nothing is read as null."""
    try:
        return json.loads(content) if content else None
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON") from None


def an_object(value: Any, what: str) -> Json:
    """Give a value if it is an object."""
    if not isinstance(value, dict):
        raise ValueError(f"{what} is not an object")
    return value


def nothing_in(content: bytes) -> None:
    """Read an answer that says all it has to say by coming."""


def session_in(content: bytes) -> str | None:
    """Read the ID of the session that was opened, if it is said; that it was opened, the status says."""
    try:
        return _session_id(parsed(content))
    except ValueError:
        return None


def own_session_in(content: bytes) -> str | None:
    """Read the ID of the bearer's own session, if there is one."""
    sessions = an_object(parsed(content), "it").get("sessions")
    if not isinstance(sessions, list):
        raise ValueError("`sessions` is not a list")
    return _session_id(sessions[0]) if sessions else None


def _session_id(session: Any) -> str | None:
    identifier = session.get("sessionId") if isinstance(session, dict) else None
    return identifier if isinstance(identifier, str) else None


def open_in(content: bytes) -> bool:
    """Read whether a session is open."""
    is_open = an_object(parsed(content), "it").get("open")
    if not isinstance(is_open, bool):
        raise ValueError("`open` is neither true nor false")
    return is_open


def participant_in(content: bytes) -> Participant | None:
    """Read a participant, or that there is none."""
    value = parsed(content)
    if value is None:
        return None
    identifier = an_object(value, "it").get("id")
    if not isinstance(identifier, str):
        raise ValueError("`id` is not a string")
    info = an_object(value.get("info") or {}, "`info`")
    given = {python: info.get(name) for python, name in FIELDS.items()}
    if not all(item is None or isinstance(item, str) for item in given.values()):
        raise ValueError(f"one of {', '.join(FIELDS.values())} in `info` is not a string")
    return Participant(identifier, ParticipantInfo(**given))


def result_in(content: bytes) -> Any:
    """Read what a service gave."""
    value = parsed(content)
    return None if value is None else an_object(value, "it").get("result")


def token_in(content: bytes) -> tuple[str, float | None]:
    """Read a token, and for how many seconds it is good if that is said."""
    value = an_object(parsed(content), "it")
    token, seconds = value.get("access_token"), value.get("expires_in")
    if not isinstance(token, str):
        raise ValueError("`access_token` is not a string")
    return token, seconds if isinstance(seconds, int | float) else None
