"""The routes, as data: which method and path is which operation of the contract, and how its answer goes out.

This is the one place of the simulator that names operations. What they may do is the contract's business.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from openfirst_simulator import issuing
from openfirst_simulator.sessions import Client
from openfirst_simulator.world import World

CURRENT = "current"
Shape = Callable[[World, Client, Any], Any]


@dataclass(frozen=True)
class Route:
    """A route of the session interface: which operation of the contract it is.

    Arguments of the operation that are not parts of the path are fields of the body; the argument `whole` is
    the body itself. `shape` gives the body of the answer; None: it has none.
    """

    method: str
    path: str
    name: str
    operation: str
    status: int = 200
    shape: Shape | None = None
    has_body: bool = False
    whole: str | None = None


@dataclass(frozen=True)
class TokenRoute:
    """A route that gives tokens."""

    method: str
    path: str
    name: str
    issue: issuing.Issue


def _session(world: World, client: Client, value: Any) -> Any:
    return {"sessionId": client.session_id, "participant": world.participant(client)}


def _sessions(world: World, client: Client, value: Any) -> Any:
    return {"sessions": [{"sessionId": client.session_id}] if value and client.session_id else []}


def _status(world: World, client: Client, value: Any) -> Any:
    return {"open": value}


def _value(world: World, client: Client, value: Any) -> Any:
    return value


def _result(world: World, client: Client, value: Any) -> Any:
    return {"result": value}


_SESSION = "/v1/sessions/{sessionId}"
SESSION_ROUTES = (
    Route("POST", "/v1/sessions", "open", "open", 201, _session, has_body=True, whole="info"),
    Route("GET", "/v1/sessions", "listSessions", "isOpen", 200, _sessions),
    Route("GET", _SESSION, "isOpen", "isOpen", 200, _status),
    Route("DELETE", _SESSION, "close", "close", 204),
    Route("GET", f"{_SESSION}/participant", "getParticipant", "getParticipant", 200, _value),
    Route(
        "PATCH",
        f"{_SESSION}/participant",
        "updateParticipantInfo",
        "updateParticipantInfo",
        204,
        has_body=True,
    ),
    Route("POST", f"{_SESSION}/services/{{service}}/{{method}}", "use", "use", 200, _result, has_body=True),
)
TOKEN_ROUTES = (
    TokenRoute("POST", "/v1/auth/token", "getApiToken", issuing.api_token),
    TokenRoute("POST", "/v2/client-access-token", "getClientAccessToken", issuing.client_access_token),
    TokenRoute("POST", "/v1/oauth2/token", "getClientAccessTokenV1", issuing.client_access_token_v1),
)
# What the control plane calls by a name of its own.
REVOKE, CLOSE = "revokeToken", "platformCloses"
