"""The connection of a client to its platform: one request after another, over aiohttp."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

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
