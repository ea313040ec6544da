"""The token server, offline: the REST client in it is the real one, and comes to a platform of each test's own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any
from urllib.request import Request, urlopen

import pytest
from aiohttp.test_utils import TestClient, TestServer
from token_server import Tokens, app

from openfirst import Platform


@pytest.fixture(autouse=True)
def redirected(platform: Platform) -> Iterator[None]:
    """What the REST client asks of the platform's hosts, it asks of this test's platform."""
    with platform.redirected():
        yield


@pytest.fixture
def tokens(platform: Platform) -> Tokens:
    """The tokens of this platform's application, by its clock."""
    return Tokens(platform.key, platform.secret, platform.clock.now)


def asked(tokens: Tokens, path: str) -> tuple[int, dict[str, Any]]:
    """What the server answers."""

    async def ask() -> tuple[int, dict[str, Any]]:
        async with TestClient(TestServer(app(tokens))) as client, client.get(path) as answer:
            return answer.status, await answer.json()

    return asyncio.run(ask())


def test_with_its_token_a_user_opens_a_session(platform: Platform, tokens: Tokens) -> None:
    status, body = asked(tokens, "/token?externalId=ana")
    assert status == 200
    headers = {"Authorization": f"Bearer {body['token']}"}
    with urlopen(Request(f"{platform.url}/v1/sessions", b'{"name": "Ana"}', headers)) as answer:
        assert json.loads(answer.read())["participant"]["info"]["externalId"] == "ana"
    platform.close_session(body["token"])


def test_one_api_token_serves_until_it_is_nearly_over(platform: Platform, tokens: Tokens) -> None:
    for name in ("ana", "ben"):
        asked(tokens, f"/token?externalId={name}")
    platform.journal.verify("getApiToken", times=1)
    platform.clock.advance("29m 30s")
    asked(tokens, "/token?externalId=ana")
    platform.journal.verify("getApiToken", times=2)


def test_an_api_token_that_the_platform_refuses_is_replaced(platform: Platform, tokens: Tokens) -> None:
    asked(tokens, "/token?externalId=ana")
    platform.fail("getClientAccessToken", status=401)
    assert asked(tokens, "/token?externalId=ana")[0] == 200
    platform.journal.verify("getApiToken", times=2)


def test_a_wrong_secret_is_told(platform: Platform) -> None:
    status, body = asked(Tokens(platform.key, "wrong"), "/token?externalId=ana")
    assert (status, "error" in body) == (502, True)


def test_nobody_gets_no_token(platform: Platform, tokens: Tokens) -> None:
    assert asked(tokens, "/token")[0] == 400
    platform.journal.verify("getApiToken", times=0)
