"""The token server of an app: it keeps the application's key and secret, and gives each user a client access token.

GET /token?externalId=ana gives {"token": "…"}. Run it with the key and secret in the environment:

    APP_KEY=… APP_SECRET=… python token_server.py
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from aiohttp import web
from dolbyio_rest_apis.authentication import get_api_token
from dolbyio_rest_apis.communications.authentication import get_client_access_token_v2
from dolbyio_rest_apis.core.http_request_error import HttpRequestError

SCOPES = ["comms:client_access_token:create"]
EARLY = 60
"""How many seconds before its end an API token is no longer used."""


class Tokens:
    """Client access tokens, got with an API token that is kept as long as it is good. `now` is in seconds."""

    def __init__(self, key: str, secret: str, now: Callable[[], float] = time.time) -> None:
        self._key, self._secret, self._now = key, secret, now
        self._api_token, self._until = "", 0.0

    async def for_user(self, external_id: str) -> str:
        """A client access token for somebody."""
        try:
            return await self._for_user(external_id)
        except HttpRequestError as error:
            if error.status_code != 401:
                raise
            # It was revoked, or is past its time by the platform's clock: one more try, with a fresh one.
            self._until = 0.0
            return await self._for_user(external_id)

    async def _for_user(self, external_id: str) -> str:
        if self._now() >= self._until:
            api = await get_api_token(self._key, self._secret, scope=SCOPES)
            self._api_token, self._until = api.access_token, self._now() + api.expires_in_val - EARLY
        client = await get_client_access_token_v2(self._api_token, ["*"], external_id)
        return str(client.access_token)


def app(tokens: Tokens) -> web.Application:
    """The server. It knows who asks by whatever your app knows them by; here, by what they say."""

    async def token(request: web.Request) -> web.Response:
        external_id = request.query.get("externalId", "")
        if not external_id:
            return web.json_response({"error": "Say who you are: /token?externalId=ana"}, status=400)
        try:
            return web.json_response({"token": await tokens.for_user(external_id)})
        except HttpRequestError as error:
            return web.json_response({"error": error.error_description}, status=502)

    server = web.Application()
    server.router.add_get("/token", token)
    return server


if __name__ == "__main__":
    web.run_app(app(Tokens(os.environ["APP_KEY"], os.environ["APP_SECRET"])), host="127.0.0.1", port=8080)
