"""The session interface over HTTP, as the judge speaks it: one request, and what came back, which nobody has judged yet."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import aiohttp

from openfirst_conformance.adapters.protocol.deadlines import Deadlines
from openfirst_conformance.adapters.protocol.faults import AdapterFault
from openfirst_reference.contract.model import Contract

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
_MOST = 1024 * 1024
# Seconds between two looks whether somebody listens again.
_PAUSE = 0.1


class Refused(Exception):
    """The platform refused, with a code: one of the contract's or of a service's own."""

    def __init__(self, status: int, code: str, native: str | None = None) -> None:
        super().__init__(f"error {code} (status {status})")
        self.status, self.code, self.native = status, code, native


class Unreadable(Exception):
    """What came back is nothing that the session interface has; the text says what it is."""


class Answer(NamedTuple):
    """A status and a body."""

    status: int
    content: bytes

    @property
    def accepted(self) -> bool:
        """Whether the platform did what was asked."""
        return 200 <= self.status < 300


class Wire:
    """The way to a platform. `base_url` has no slash at its end. Raises ValueError where it is no URL."""

    def __init__(self, base_url: str, deadlines: Deadlines) -> None:
        self.base_url = base_url.rstrip("/")
        self._deadlines = deadlines
        self._http: aiohttp.ClientSession | None = None
        if not self._is_url():
            raise ValueError(f"`{base_url}` is not the URL of a platform. Write one such as http://127.0.0.1:8765.")

    def _is_url(self) -> bool:
        try:
            parts = urlsplit(self.base_url)
            return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            return False

    @property
    def origin(self) -> str:
        """The base URL without its path."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}"

    async def ask(
        self,
        method: str,
        path: str,
        *,
        authorization: str | None = None,
        content: bytes | None = None,
        content_type: str = JSON,
    ) -> Answer:
        """Send a request to a path below the base URL, or to a URL, once.

        Raises TimeoutError where the answer does not come in time, Unreadable where none will, and AdapterFault where nobody
        listens: then nothing was asked, and no rule was put to the test.
        """
        if self._http is None:
            # No cookies: who asks follows from the token alone.
            self._http = aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(), headers={"Accept": f"{JSON}, application/problem+json"}
            )
        began = time.perf_counter()
        headers = {} if authorization is None else {"Authorization": authorization}
        if content is not None:
            headers["Content-Type"] = content_type
        try:
            async with self._http.request(
                method,
                self.base_url + path if path.startswith("/") else path,
                data=content,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=self._deadlines.of("call")),
                middlewares=(_only_once,) if method == "DELETE" else None,
            ) as response:
                answer = Answer(response.status, await _read(response))
        except TimeoutError:
            raise
        except aiohttp.ClientConnectorError as error:
            raise self._nobody(error.os_error) from None
        except aiohttp.ClientResponseError:
            raise Unreadable("an answer that is not HTTP") from None
        except aiohttp.ClientPayloadError:
            raise Unreadable("an answer that breaks off") from None
        except (aiohttp.ClientError, OSError, ValueError):
            raise Unreadable("no answer: the connection was closed") from None
        self._deadlines.observe("call", time.perf_counter() - began)
        return answer

    async def listens(self) -> None:
        """Wait until somebody listens there, for as long as a start may take. Raises AdapterFault where nobody does."""
        parts = urlsplit(self.base_url)
        loop = asyncio.get_running_loop()
        until = loop.time() + self._deadlines.of("initialize")
        while True:
            try:
                _, writer = await asyncio.open_connection(
                    parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
                )
                writer.close()
                return
            except OSError as error:
                if loop.time() + _PAUSE > until:
                    raise self._nobody(error) from None
            await asyncio.sleep(_PAUSE)

    def _nobody(self, error: OSError) -> AdapterFault:
        why = "" if isinstance(error, ConnectionRefusedError) else f" ({error.strerror or error})"
        return AdapterFault(
            "not-found",
            f"{self.base_url} gave no answer: nothing listens there{why}",
            "See whether it is still running, and start it again",
        )

    async def close(self) -> None:
        """Let go of connections; the next request makes new ones."""
        if self._http is not None:
            http, self._http = self._http, None
            await http.close()


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """The body, as far as anybody would read it."""
    if response.content_length is not None and response.content_length <= _MOST:
        return await response.read()
    content = b""
    async for part in response.content.iter_any():
        content += part
        if len(content) > _MOST:
            raise Unreadable(f"a body of more than {_MOST:,} bytes (status {response.status})")
    return content


async def _only_once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from repeating a DELETE over another connection: the answer to a second one is another."""
    try:
        return await send(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise aiohttp.ClientConnectionError(str(error)) from error


def value_of(answer: Answer, contract: Contract) -> Any:
    """The JSON in the answer of a platform that did what was asked; an empty body is None.

    Raises Refused where it refused, and Unreadable for what is neither.
    """
    if answer.accepted:
        return parsed(answer)
    try:
        problem = parsed(answer)
    except Unreadable:
        problem = None
    code = problem.get("code") if isinstance(problem, dict) else None
    if not isinstance(code, str):
        raise Unreadable(f"status {answer.status} without a code")
    known = contract.errors.get(code)
    if not 400 <= answer.status < 500 and (known is None or known.status != answer.status):
        raise Unreadable(f"status {answer.status}")
    number = problem.get("error_code")
    raise Refused(answer.status, code, None if number is None else str(number))


def parsed(answer: Answer) -> Any:
    """The JSON in a body, whatever its type is said to be. Raises Unreadable."""
    if not answer.content.strip():
        return None
    try:
        text = answer.content.decode()
        value = _DECODER.decode(text)
        if "\\u" in text:
            # A lone surrogate is valid JSON and no text: it could be neither shown nor saved.
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise Unreadable(f"a body that is not JSON (status {answer.status})") from None
    return value


def _no_number(text: str) -> Any:
    raise ValueError(text)


_DECODER = json.JSONDecoder(parse_constant=_no_number)
