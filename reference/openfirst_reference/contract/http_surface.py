"""The HTTP surface of the platform, as `openapi.yaml` describes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from urllib.parse import quote

from openfirst_reference.contract.document import Document, read_document
from openfirst_spec import resource

OPENAPI_FILE = "openapi.yaml"
CURRENT: Final = "current"
"""In place of a session's ID: the session of whoever asks, open or not."""
MARK: Final = "x-openfirst"
"""Says of an endpoint that it is the platform's, and no operation of the contract."""
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
"""The methods that a path of an OpenAPI description may have."""


@dataclass(frozen=True)
class Endpoint:
    """A method and a path, by the `operationId` that it has; `status` is that of an answer that accepts.

    `operation` is what it is about, by its name on the wire (None: it is not about sessions). Arguments of the operation that
    are no parts of the path are fields of the body, which may be missing unless it is `needed`; the argument `whole` is the body
    itself.
    """

    name: str
    method: str
    path: str
    status: int
    operation: str | None
    has_body: bool
    whole: str | None
    needed: bool = False

    def at(self, **parts: str) -> str:
        """The path with these parts in it, quoted."""
        return self.path.format_map({name: quote(value, safe="") for name, value in parts.items()})


def packaged_openapi() -> Document | None:
    """The OpenAPI description that comes with the contract, if there is one."""
    try:
        return read_document(resource(OPENAPI_FILE), OPENAPI_FILE)
    except FileNotFoundError:
        return None


def described(openapi: Document) -> Iterator[tuple[str, str, Any]]:
    """Every method of every path, in the order in which they stand: the path, the method, and what is said of it."""
    for path, item in (openapi.data.get("paths") or {}).items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


@cache
def surface() -> Mapping[str, Endpoint]:
    """The endpoints of the packaged description, by `operationId`."""
    openapi = packaged_openapi()
    return {
        entry["operationId"]: Endpoint(
            name=entry["operationId"],
            method=method.upper(),
            path=path,
            status=min(int(status) for status in entry["responses"] if status.startswith("2")),
            operation=entry.get("x-openfirst-operation") or (None if MARK in entry else entry["operationId"]),
            has_body="requestBody" in entry,
            whole=entry.get("requestBody", {}).get("x-openfirst-argument"),
            needed=entry.get("requestBody", {}).get("required", False),
        )
        for path, method, entry in (described(openapi) if openapi else ())
    }
