"""The HTTP surface of the platform, as `openapi.yaml` describes it."""

from __future__ import annotations

from typing import Final

from openfirst_reference.contract.document import Document, read_document
from openfirst_spec import resource

OPENAPI_FILE = "openapi.yaml"


def packaged_openapi() -> Document | None:
    """The OpenAPI description that comes with the contract, if there is one."""
    try:
        return read_document(resource(OPENAPI_FILE), OPENAPI_FILE)
    except FileNotFoundError:
        return None


SESSIONS: Final = "/v1/sessions"
CURRENT: Final = f"{SESSIONS}/current"
TOKENS: Final = "/v1/oauth2/token"
