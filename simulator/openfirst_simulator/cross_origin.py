"""Web apps of another origin: a browser lets them ask where the answer says so (https://fetch.spec.whatwg.org/#http-cors-protocol).

The session interface and the tokens are for every app, wherever it comes from: they ask for credentials, and no browser sends any
by itself. The control plane asks for none, and is for no page but its own.
"""

from __future__ import annotations

from collections.abc import Mapping

from openfirst_reference.contract.http_surface import surface
from openfirst_simulator.pipeline import CONTROL

ORIGIN = "Origin"
READABLE: Mapping[str, str] = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Allow, Date, Retry-After, WWW-Authenticate",
}
"""What every answer says: whose script may read it, and which headers beside those that any may."""
PREFLIGHT: Mapping[str, str] = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": ", ".join(sorted({endpoint.method for endpoint in surface().values()})),
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Max-Age": "600",
}
"""What is answered to a browser that asks beforehand."""
NOTHING: Mapping[str, str] = {}


def said_to(method: str, path: str, headers: Mapping[str, str]) -> Mapping[str, str]:
    """The headers that a request with an Origin is answered with besides; PREFLIGHT where they are the whole answer.

    `path` is without percent signs, so that the control plane is known however it is written.
    """
    if path.startswith(CONTROL):
        return NOTHING
    is_asked_beforehand = method == "OPTIONS" and "Access-Control-Request-Method" in headers
    return PREFLIGHT if is_asked_beforehand else READABLE
