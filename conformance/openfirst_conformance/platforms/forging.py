"""Tokens that no platform has given: made here from one that it has."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import jwt

_OTHER_KEY = hashlib.sha256(b"a key that the platform does not have").digest()
_OTHER_APP = "app-of-somebody-else"


def forged(genuine: str) -> str:
    """A genuine token with another signature."""
    signed, dot, signature = genuine.rpartition(".")
    try:
        right = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    except ValueError:
        right = b""
    if not dot:
        # No JSON Web Token, so nobody here knows where in it the signature is.
        return genuine[: len(genuine) // 2] + genuine[len(genuine) // 2 :].swapcase()[::-1]
    wrong = bytes(byte ^ 0xFF for byte in right) or b"forged"
    return f"{signed}.{base64.urlsafe_b64encode(wrong).decode().rstrip('=')}"


def foreign(genuine: str, app_key: str) -> str:
    """A token that says what a genuine one does of another application, and that somebody else has signed."""
    try:
        claims: dict[str, Any] = jwt.decode(genuine, options={"verify_signature": False})
    except jwt.PyJWTError:
        claims = {"sub": "somebody"}
    claims = {name: _OTHER_APP if value == app_key else value for name, value in claims.items()}
    return jwt.encode(claims, _OTHER_KEY, "HS256")


def unreadable(genuine: str) -> str:
    """No token at all."""
    return f"unreadable-{hashlib.sha256(genuine.encode()).hexdigest()[:32]}"
