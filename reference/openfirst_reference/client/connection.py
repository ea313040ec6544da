"""The connection of a client to its platform: one request after another, over HTTP unless another transport is given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import aiohttp

from openfirst_reference.client.errors import PlatformUnreachable, SessionError, UnreadableAnswer, refusal
from openfirst_reference.client.json_forms import T, an_object, parsed
from openfirst_reference.contract.model import Contract

_TIMEOUT = aiohttp.ClientTimeout(total=30)


class Request(NamedTuple):
    """A request; `path` is below the base URL."""

    method: str
    path: str
    content: bytes = b""
    content_type: str = "application/json"


class Transport(Protocol):
    """What carries a request to a platform and brings back the status and the body of the answer."""

    async def send(self, base_url: str, request: Request, authorization: str) -> tuple[int, bytes]:
        """Send a request, once. Raises OSError where nobody answers."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class OverHttp:
    """Requests over HTTP. Is a `Transport`."""

    def __init__(self) -> None:
        self._http: aiohttp.ClientSession | None = None

    async def send(self, base_url: str, request: Request, authorization: str) -> tuple[int, bytes]:
        """Send a request, once. Raises OSError where nobody answers."""
        if self._http is None:
            # No cookies: who asks follows from the token alone.
            self._http = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), timeout=_TIMEOUT)
        headers = {"Authorization": authorization}
        if request.content:
            headers["Content-Type"] = request.content_type
        try:
            async with self._http.request(
                request.method,
                base_url + request.path,
                data=request.content or None,
                headers=headers,
                allow_redirects=False,
                middlewares=None if request.method == "GET" else (_only_once,),
            ) as response:
                return response.status, await response.read()
        except aiohttp.ClientError as error:
            raise OSError(str(error) or type(error).__name__) from error

    async def close(self) -> None:
        """Let go of connections."""
        if self._http is not None:
            http, self._http = self._http, None
            await http.close()


# Platforms in this process, by their base URL, and how they are asked without a network between.
nearby: dict[str, Transport] = {}


class Connection:
    """The way to the platform at `base_url`. A transport that is given is left open."""

    def __init__(self, base_url: str, contract: Contract, transport: Transport | None) -> None:
        self._base_url = base_url.rstrip("/")
        self._contract = contract
        self._transport = transport or OverHttp()
        self._is_own = transport is None

    async def send(self, request: Request, authorization: str, read: Callable[[bytes], T]) -> T:
        """Send a request and read its answer. `read` raises ValueError for what it cannot read.

        Raises PlatformUnreachable, UnreadableAnswer, or what the platform refused with.
        """
        url = self._base_url + request.path
        try:
            status, content = await self._transport.send(self._base_url, request, authorization)
        except OSError as error:
            raise PlatformUnreachable(
                f"There is no answer from {url} ({str(error) or type(error).__name__}).",
                f"See whether a platform runs at {self._base_url} and can be reached from here. "
                "Once it can, is_open tells what became of the session.",
            ) from error
        try:
            if 200 <= status < 300:
                return read(content)
            raise self._refusal(status, parsed(content))
        except ValueError as problem:
            raise UnreadableAnswer(
                f"The answer from {url} (status {status}) cannot be read: {problem}.",
                f"See whether {self._base_url} is a platform with the session interface.",
                status=status,
            ) from None

    async def close(self) -> None:
        """Let go of connections."""
        if self._is_own:
            await self._transport.close()

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
            if any(item.sdk == "rest" and item.code == str(number) for item in error.native):
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
