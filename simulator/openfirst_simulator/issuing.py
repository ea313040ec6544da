"""Tokens over HTTP, as the real REST clients ask for them: who asks, for what, and what is answered."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from openfirst_reference.contract.findings import Mistake
from openfirst_simulator import tokens
from openfirst_simulator.bodies import EXTERNAL_ID, check_external_id, kind_of
from openfirst_simulator.problems import Problem, bad_request, forbidden, unauthorized
from openfirst_simulator.records import Application
from openfirst_simulator.tokens import BadToken
from openfirst_simulator.world import World
from openfirst_simulator.worlds import Worlds

# Asks for a token: worlds, the world that the URL names, the Authorization header, the fields of the body.
Issue = Callable[[Worlds, World | None, str | None, Mapping[str, Any]], tuple[World, dict[str, Any]]]

API_LIFETIME, CLIENT_LIFETIME, LONGEST = 1800, 3600, 86_400
# Python and .NET say expires_in, Node says expiresIn; which one the platform read was never published.
LIFETIMES = ("expires_in", "expiresIn")
CREATE_SCOPES = ("comms:client_access_token:create", "comms:*")
API_SCOPES = (
    *CREATE_SCOPES,
    *(f"comms:conf:{what}" for what in ("create", "admin", "destroy")),
    *(f"comms:monitor:{what}" for what in ("read", "delete", "download")),
    *("comms:stream:write", "comms:remix:write", "comms:remix:read", "comms:record:write"),
)
# Beside those that the contract speaks of.
OTHER_SESSION_SCOPES = ("file:convert",)


def api_token(
    worlds: Worlds, at: World | None, authorization: str | None, fields: Mapping[str, Any]
) -> tuple[World, dict[str, Any]]:
    """An API token for an application key and secret."""
    world, application = _application(worlds, at, authorization)
    _check_grant(fields)
    scopes = _scopes(fields, "scope", API_SCOPES)
    return world, _issued(world, application, tokens.API, _lifetime(fields, API_LIFETIME), scopes)


def client_access_token(
    worlds: Worlds, at: World | None, authorization: str | None, fields: Mapping[str, Any]
) -> tuple[World, dict[str, Any]]:
    """A client access token for an API token."""
    world, application = api_client(worlds, at, authorization, CREATE_SCOPES)
    scopes = _scopes(fields, "sessionScope", (*world.session_scopes, *OTHER_SESSION_SCOPES))
    external_id = fields.get(EXTERNAL_ID)
    if external_id is not None and not isinstance(external_id, str):
        raise bad_request(f"`{EXTERNAL_ID}` is {kind_of(external_id)}. Send a text, or leave it out.")
    check_external_id(external_id)
    return world, _issued(world, application, tokens.TOKEN, _lifetime(fields, CLIENT_LIFETIME), scopes, external_id)


def client_access_token_v1(
    worlds: Worlds, at: World | None, authorization: str | None, fields: Mapping[str, Any]
) -> tuple[World, dict[str, Any]]:
    """The deprecated client access token: what an SDK that was initialised with key and secret asks for."""
    world, application = _application(worlds, at, authorization)
    _check_grant(fields)
    lifetime = _lifetime(fields, CLIENT_LIFETIME)
    answer = _issued(world, application, tokens.KEY_SECRET, lifetime, None)
    return world, {**answer, "refresh_token": world.issue(application, tokens.REFRESH, lifetime)}


def asked_of(worlds: Worlds, at: World | None, authorization: str | None) -> World:
    """The world that a request for a token is for, whether it gets one or not: the credentials lead there."""
    world = at
    with suppress(ValueError):
        world = worlds.of_key(basic(authorization)[0], at)
    if world is None:
        with suppress(ValueError, BadToken):
            world = worlds.of_token(bearer(authorization), at)
    return world or at or worlds.default


def _issued(
    world: World,
    application: Application,
    kind: str,
    lifetime: int,
    scopes: Sequence[str] | None,
    external_id: str | None = None,
) -> dict[str, Any]:
    try:
        token = world.issue(application, kind, lifetime, scopes, external_id)
    except Mistake as error:
        raise bad_request(str(error)) from None
    answer: dict[str, Any] = {"token_type": "Bearer", "access_token": token, "expires_in": lifetime}
    if scopes is not None:
        answer["scope"] = " ".join(scopes)
    return answer


def _application(worlds: Worlds, at: World | None, authorization: str | None) -> tuple[World, Application]:
    """The world, and its application, whose key and secret these are."""
    wanted = "Send `Authorization: Basic`, with the application key and secret as user and password."
    try:
        key, secret = basic(authorization)
    except ValueError as error:
        raise unauthorized(f"{error} {wanted}", "Basic") from None
    world = worlds.of_key(key, at)
    application = None if world is None else world.application(key)
    if world is None or application is None:
        raise unauthorized(f"The application key is not known here. {wanted}", "Basic")
    if not hmac.compare_digest(secret.encode(), application.secret.encode()):
        raise unauthorized(f"The application secret is not the one of this key. {wanted}", "Basic")
    return world, application


def basic(authorization: str | None) -> tuple[str, str]:
    """User and password. Raises ValueError with a sentence."""
    if authorization is None:
        raise ValueError("The request has no Authorization header.")
    scheme, _, encoded = authorization.partition(" ")
    try:
        user, colon, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except ValueError:
        colon = ""
    if scheme.lower() != "basic" or not colon:
        raise ValueError("The Authorization header is not HTTP Basic.")
    return user, password


def bearer(authorization: str | None) -> str:
    """The token in an Authorization header. Raises ValueError with a sentence."""
    if not authorization:
        raise ValueError("The request has no `Authorization: Bearer` header.")
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise ValueError(f"The Authorization header has the scheme `{scheme[:20]}` instead of `Bearer` and a token.")
    return token.strip()


def api_client(
    worlds: Worlds, at: World | None, authorization: str | None, wanted: Sequence[str]
) -> tuple[World, Application]:
    """The world, and its application, of an API token that has one of these scopes, or none at all. Raises Problem."""
    try:
        raw = bearer(authorization)
        world = worlds.of_token(raw, at)
        claims = world.admit(raw)
        application = world.application(claims.app)
    except (ValueError, BadToken) as error:
        raise _no_api_token(str(error)) from None
    if application is None:
        raise _no_api_token("The token is for an application that there is no more.")
    if claims.kind != tokens.API:
        raise _no_api_token(f"This token is of the kind `{claims.kind}` and not an API token.")
    if world.clock.now() >= claims.expires:
        raise _no_api_token("The API token is past its time.")
    if not claims.permits(*wanted):
        scopes = " or ".join(wanted)
        raise forbidden(f"The API token lacks the scope {scopes}. Request one with it, or without any scope.")
    return world, application


def _no_api_token(found: str) -> Problem:
    return unauthorized(f"{found} Request an API token at /v1/auth/token and send it as the bearer.", "Bearer")


def _check_grant(fields: Mapping[str, Any]) -> None:
    grant = fields.get("grant_type")
    if grant != "client_credentials":
        found = "is missing" if grant is None else f"is `{str(grant)[:40]}`"
        raise bad_request(f"`grant_type` {found}. Send `client_credentials`.")


def _lifetime(fields: Mapping[str, Any], default: int) -> int:
    for name in LIFETIMES:
        value = fields.get(name)
        if value is None:
            continue
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= LONGEST:
            text = "the text " if isinstance(value, str) else ""
            found = f"{text}`{str(value)[:40]}`" if isinstance(value, str | int) else kind_of(value)
            raise bad_request(f"`{name}` is {found}. Send whole seconds, from 1 to {LONGEST:,}.")
        return value
    return default


def _scopes(fields: Mapping[str, Any], name: str, known: Sequence[str]) -> tuple[str, ...] | None:
    """The scopes asked for, incorrect ones omitted, as documented. None: unrestricted."""
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise bad_request(f"`{name}` is {kind_of(value)}. Send a text: scopes with a blank between them.")
    return tuple(scope for scope in value.split() if scope in known)
