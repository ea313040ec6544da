"""A web app of another origin, in a browser: what it may ask and read, and that the control plane is not for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
import pytest

from openfirst_reference.contract.http_surface import surface
from openfirst_simulator import Simulator
from tests.simulator.conftest import Api

ORIGIN = "http://localhost:3000"
Fetch = Callable[..., "Came"]


class Came:
    """What came back, as far as a browser looks at it."""

    def __init__(self, status: int, headers: Mapping[str, str]) -> None:
        self.status, self.headers = status, headers

    def listed(self, name: str) -> set[str]:
        return {each.strip().lower() for each in self.headers.get(name, "").split(",")}

    @property
    def may_be_read(self) -> bool:
        return self.headers.get("Access-Control-Allow-Origin") in ("*", ORIGIN)


@pytest.fixture
def fetch(simulator: Simulator, runner: asyncio.Runner, http: aiohttp.ClientSession) -> Fetch:
    """Asks as a page of another origin does."""

    async def asking(method: str, path: str, origin: str | None, **more: Any) -> Came:
        headers = {**({} if origin is None else {"Origin": origin}), **more.pop("headers", {})}
        async with http.request(method, simulator.url + path, headers=headers, **more) as answer:
            await answer.read()
            return Came(answer.status, answer.headers)

    def fetch(method: str, path: str, token: str | None = None, origin: str | None = ORIGIN, **more: Any) -> Came:
        if token is not None:
            more["headers"] = {**more.get("headers", {}), "Authorization": f"Bearer {token}"}
        return runner.run(asking(method, path, origin, **more))

    return fetch


def beforehand(fetch: Fetch, path: str, method: str = "POST") -> Came:
    asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization,content-type"}
    return fetch("OPTIONS", path, headers=asked)


def test_every_route_of_the_session_interface_and_the_tokens_may_be_asked(fetch: Fetch, api: Api) -> None:
    for endpoint in surface().values():
        for base in ("", f"/w/{api.world.name}"):
            path = base + endpoint.path.replace("{", "").replace("}", "")
            came = beforehand(fetch, path, endpoint.method)
            assert (came.status, came.may_be_read) == (204, True)
            assert endpoint.method.lower() in came.listed("Access-Control-Allow-Methods")
            assert {"authorization", "content-type"} <= came.listed("Access-Control-Allow-Headers")
            assert fetch(endpoint.method, path).may_be_read


def test_an_answer_may_be_read_whatever_it_is(fetch: Fetch, api: Api) -> None:
    token, sessions = api.world.token("ana", expires_in=86_400), f"/w/{api.world.name}/v1/sessions"
    assert [(came.status, came.may_be_read) for came in [fetch("POST", sessions, token)]] == [(201, True)]
    api.world.fail(kind="status", operation="open", status=429, retryAfter=3, times=1)
    api.world.fail(kind="dribble", operation="open", seconds=1, times=1, after=1)
    api.world.clock.run(1_000)
    for status, more in (
        (429, {"token": token}),
        (409, {"token": token}),
        (401, {}),
        (415, {"token": token, "headers": {"Content-Encoding": "br"}, "data": b"{}"}),
        (413, {"token": token, "data": b"x" * 100_000}),
        (400, {"token": api.world.token(expires_in=86_400), "data": b"nothing"}),
    ):
        came = fetch("POST", sessions, **more)
        assert (came.status, came.may_be_read) == (status, True)
        assert {"retry-after", "www-authenticate"} <= came.listed("Access-Control-Expose-Headers")
    assert [(came.status, came.may_be_read) for came in [fetch("GET", "/v1/nothing"), fetch("PUT", sessions)]] == [
        (404, True),
        (405, True),
    ]


def test_asking_beforehand_is_no_request_and_no_fault_strikes_it(fetch: Fetch, api: Api) -> None:
    api.world.fail(kind="status", status=500)
    assert beforehand(fetch, f"/w/{api.world.name}/v1/sessions").status == 204
    assert [*api.world.journal.find()] == []
    assert [fault.fitted for fault in api.world.faults] == [0]


def test_who_does_not_come_from_a_page_is_told_nothing_of_it(fetch: Fetch, api: Api) -> None:
    came = fetch("POST", f"/w/{api.world.name}/v1/sessions", api.world.token(), origin=None)
    assert (came.status, [name for name in came.headers if name.startswith("Access-Control")]) == (201, [])
    assert fetch("OPTIONS", "/v1/sessions").status == 405


@pytest.mark.parametrize(
    "path", ["/_openfirst/worlds", "/%5Fopenfirst/worlds", "/_openfirst/", "/_openfirst/openapi.yaml"]
)
@pytest.mark.parametrize("origin", [ORIGIN, "https://evil.example"])
def test_the_control_plane_is_for_no_page_but_its_own(fetch: Fetch, path: str, origin: str) -> None:
    asked = {"Access-Control-Request-Method": "GET"}
    for came in (fetch("OPTIONS", path, headers=asked, origin=origin), fetch("GET", path, origin=origin)):
        assert [name for name in came.headers if name.startswith("Access-Control")] == []
