"""The routes, as data: how the answer of each endpoint of `openapi.yaml` goes out.

This is the one place of the simulator that names endpoints. What they may do is the contract's business.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from openfirst_reference.contract.http_surface import Endpoint, surface
from openfirst_simulator import issuing
from openfirst_simulator.endpoints import REST_ENDPOINTS
from openfirst_simulator.records import Client
from openfirst_simulator.rest import CALLS, SCOPES, Do
from openfirst_simulator.world import World

Shape = Callable[[World, Client, Any], Any]


@dataclass(frozen=True)
class Route:
    """A route of the session interface. `shape` gives the body of the answer; None: it has none.

    Where one `listens`, the answer is what the session hears; who is not in session is refused.
    """

    endpoint: Endpoint
    shape: Shape | None = None
    listens: bool = False


@dataclass(frozen=True)
class TokenRoute:
    """A route that gives tokens."""

    endpoint: Endpoint
    issue: issuing.Issue


@dataclass(frozen=True)
class RestRoute:
    """A route of the REST interface: what it does, and one of which scopes an API token must have for it.

    None of them is wanted where the address itself is signed.
    """

    endpoint: Endpoint
    do: Do
    scopes: tuple[str, ...]


def _session(world: World, client: Client, value: Any) -> Any:
    return {"sessionId": client.session, "participant": world.participant(client)}


def _sessions(world: World, client: Client, value: Any) -> Any:
    return {"sessions": [{"sessionId": client.session}] if value and client.session else []}


def _status(world: World, client: Client, value: Any) -> Any:
    return {"open": value}


def _value(world: World, client: Client, value: Any) -> Any:
    return value


def _result(world: World, client: Client, value: Any) -> Any:
    return {"result": value}


_ENDPOINTS = surface()
SESSION_ROUTES = (
    Route(_ENDPOINTS["open"], _session),
    Route(_ENDPOINTS["listSessions"], _sessions),
    Route(_ENDPOINTS["isOpen"], _status),
    Route(_ENDPOINTS["close"]),
    Route(_ENDPOINTS["getParticipant"], _value),
    Route(_ENDPOINTS["updateParticipantInfo"]),
    Route(_ENDPOINTS["use"], _result),
    Route(_ENDPOINTS["events"], listens=True),
)
TOKEN_ROUTES = (
    TokenRoute(_ENDPOINTS["getApiToken"], issuing.api_token),
    TokenRoute(_ENDPOINTS["getClientAccessToken"], issuing.client_access_token),
    TokenRoute(_ENDPOINTS["getClientAccessTokenV1"], issuing.client_access_token_v1),
)
REST_ROUTES = tuple(RestRoute(endpoint, CALLS[name], SCOPES[name]) for name, endpoint in REST_ENDPOINTS.items())
