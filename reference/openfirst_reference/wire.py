"""The session interface over HTTP, as a client sees it: what is sent, and how what comes back is read."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, NamedTuple, TypeVar

import aiohttp

from openfirst_reference.contract import Contract
from openfirst_reference.errors import PlatformUnreachable, SessionError, UnreadableAnswer, refusal

# What Python calls the contract's operations and fields: the only place that says so.
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

SESSIONS: Final = "/v1/sessions"
CURRENT: Final = f"{SESSIONS}/current"
TOKENS: Final = "/v1/oauth2/token"

_TIMEOUT = aiohttp.ClientTimeout(total=30)

T = TypeVar("T")
Json = dict[str, Any]


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


class Request(NamedTuple):
    """A request; `path` is below the base URL."""

    method: str
    path: str
    content: bytes = b""
    content_type: str = "application/json"


class Connection:
    """The way to the platform at `base_url`. `http` is used if given, and left open."""

    def __init__(self, base_url: str, contract: Contract, http: aiohttp.ClientSession | None) -> None:
        self._base_url = base_url.rstrip("/")
        self._contract = contract
        self._http = http
        self._is_own = http is None

    async def send(self, request: Request, authorization: str, read: Callable[[bytes], T]) -> T:
        """Send a request and read its answer. `read` raises ValueError for what it cannot read.

        Raises PlatformUnreachable, UnreadableAnswer, or what the platform refused with.
        """
        if self._http is None:
            # No cookies: who asks follows from the token alone.
            self._http = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), timeout=_TIMEOUT)
        url = self._base_url + request.path
        headers = {"Authorization": authorization}
        if request.content:
            headers["Content-Type"] = request.content_type
        try:
            async with self._http.request(
                request.method,
                url,
                data=request.content or None,
                headers=headers,
                allow_redirects=False,
                middlewares=None if request.method == "GET" else (_only_once,),
            ) as response:
                content = await response.read()
        except (aiohttp.ClientError, OSError) as error:
            raise PlatformUnreachable(
                f"There is no answer from {url} ({str(error) or type(error).__name__}).",
                f"See whether a platform runs at {self._base_url} and can be reached from here. "
                "Once it can, is_open tells what became of the session.",
            ) from error
        try:
            if 200 <= response.status < 300:
                return read(content)
            raise self._refusal(response.status, parsed(content))
        except ValueError as problem:
            raise UnreadableAnswer(
                f"The answer from {url} (status {response.status}) cannot be read: {problem}.",
                f"See whether {self._base_url} is a platform with the session interface.",
                status=response.status,
            ) from None

    async def close(self) -> None:
        """Let go of connections."""
        if self._http is not None and self._is_own:
            await self._http.close()

    def _refusal(self, status: int, problem: Any) -> SessionError:
        """Read problem details, or the shape that the platform's public REST interface has instead."""
        problem = an_object(problem, "it")
        code = problem.get("code")
        if code not in self._contract.errors:
            code = self._code_of_rest(problem.get("error_code")) or code
        if not isinstance(code, str):
            raise ValueError("it is an error without a code")
        detail, rule = problem.get("detail", problem.get("error_description")), problem.get("rule")
        return refusal(
            self._contract,
            code,
            status=status,
            rule=rule if isinstance(rule, str) else None,
            detail=detail if isinstance(detail, str) else None,
        )

    def _code_of_rest(self, number: Any) -> str | None:
        for error in self._contract.errors.values():
            if any(item.get("sdk") == "rest" and item.get("code") == str(number) for item in error.native):
                return error.code
        return None


async def _only_once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from repeating a DELETE over another connection if the first one breaks.

    What was asked may have been done all the same, and the answer to a second time is another one.
    """
    try:
        return await send(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise aiohttp.ClientConnectionError(str(error)) from error


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
        raise ValueError("An application key has no colon; see whether key and secret were put together.")
    return f"Basic {base64.b64encode(f'{key}:{secret}'.encode()).decode('ascii')}"


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
