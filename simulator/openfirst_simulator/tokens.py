"""Tokens: what is in one, how it is signed, and how it is found to be none of ours."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import lru_cache
from sys import intern
from typing import Annotated, Any, Literal

import jwt
import msgspec

from openfirst_reference.contract.findings import Mistake
from openfirst_simulator.bodies import wrong_external_id
from openfirst_simulator.clock import LAST

ISSUER = "openfirst"
API = "api"
REFRESH = "refresh"
TOKEN = "token"
KEY_SECRET = "key-secret"
# Kinds of token that a client holds, as credentials have them on the wire.
CLIENT_KINDS = (TOKEN, KEY_SECRET)
ALL_SCOPES = "*"
LONGEST = 16_000
"""How long a token may be, in characters: it comes in a header."""
_ALGORITHM = "HS256"
_MET = 10_000
"""How many of the tokens met last are known: clients send the same one again and again."""
_HEAD = jwt.encode({}, bytes(32), _ALGORITHM).partition(".")[0]
"""How each of our tokens begins."""
_REQUIRED = ["iss", "iat", "exp", "jti", "app", "kind"]

BadCondition = Literal["forged", "foreign", "unreadable"]


class BadToken(Mistake):
    """A text that is no token of ours: `condition` says how, as credentials do on the wire, and the message why."""

    def __init__(self, condition: BadCondition, why: str) -> None:
        super().__init__(why)
        self.condition = condition


class Claims(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """What a token says. `app` is the application key, `scopes` None means unrestricted.

    Times are in seconds, to the millisecond: what a token says in whole seconds (`iat`, `exp`) is `milliseconds` early.
    """

    id: str
    app: str
    kind: str
    issued: float
    expires: float
    scopes: tuple[str, ...] | None = None
    external_id: str | None = None

    def lived(self, now: float) -> float:
        """How much of the token's life has passed, as a fraction."""
        return (now - self.issued) / (self.expires - self.issued)

    def permits(self, *scopes: str) -> bool:
        """Whether the token carries one of these scopes, or is unrestricted."""
        return self.scopes is None or ALL_SCOPES in self.scopes or any(scope in self.scopes for scope in scopes)


class _Payload(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """The claims of a token as we write them, and nothing beside them."""

    iss: Literal["openfirst"]
    iat: int
    exp: int
    jti: str
    app: str
    kind: str
    milliseconds: Annotated[int, msgspec.Meta(ge=0, le=999)] = 0
    scope: str | None = None
    externalId: str | None = None  # noqa: N815 - as it is written


_payload_of = msgspec.json.Decoder(_Payload).decode


@lru_cache(maxsize=_MET)
def unsigned(claims: Claims) -> str:
    """The token that says this, without the signature: to be read and not to be used."""
    return jwt.encode(_payload(claims), bytes(32), _ALGORITHM).rpartition(".")[0] + "."


def sign(claims: Claims, key: bytes) -> str:
    """The token that says this. Raises ValueError for one that is too long to be used."""
    token = jwt.encode(_payload(claims), key, _ALGORITHM)
    if len(token) > LONGEST:
        raise Mistake(
            f"The token would have {len(token):,} characters, and a header holds {LONGEST:,}. "
            "Ask for fewer scopes, or a shorter external ID."
        )
    return token


def _payload(claims: Claims) -> dict[str, Any]:
    issued, milliseconds = divmod(round(claims.issued * 1000), 1000)
    payload: dict[str, Any] = {
        "iss": ISSUER,
        "iat": issued,
        "exp": issued + round(claims.expires - claims.issued),
        "jti": claims.id,
        "app": claims.app,
        "kind": claims.kind,
    }
    if milliseconds:
        payload["milliseconds"] = milliseconds
    if claims.scopes is not None:
        payload["scope"] = " ".join(claims.scopes)
    if claims.external_id is not None:
        payload["externalId"] = claims.external_id
    return payload


def application_of(raw: str) -> str:
    """The application that a token names; nothing is checked yet. Raises BadToken for what is no token."""
    claims = _said(raw)
    if claims is not None:
        return claims.app
    try:
        payload = jwt.decode(raw, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise BadToken("unreadable", "The token cannot be read: it is not a JSON Web Token.") from None
    return str(payload.get("app", ""))


@lru_cache(maxsize=_MET)
def _said(raw: str) -> Claims | None:
    """What a token says that is written as we write them, whoever signed it; None for any other."""
    head, _, rest = raw.partition(".")
    if head != _HEAD:
        return None
    payload = rest.partition(".")[0]
    try:
        return _claims(_payload_of(urlsafe_b64decode(payload + "=" * (-len(payload) % 4))))
    except (ValueError, OverflowError):
        return None


def _claims(said: _Payload) -> Claims:
    """What a token says. Raises Mistake for what no token of ours does."""
    later = said.milliseconds / 1000
    scopes = None if said.scope is None else _scopes_of(said.scope)
    # Of what many tokens have in common, one copy is kept.
    app, kind = intern(said.app), intern(said.kind)
    claims = Claims(said.jti, app, kind, said.iat + later, said.exp + later, scopes, said.externalId)
    check(claims)
    return claims


@lru_cache(maxsize=100)
def _scopes_of(text: str) -> tuple[str, ...]:
    """The scopes that a token says one after another."""
    return tuple(text.split())


def check(claims: Claims) -> None:
    """Raises Mistake for what no token of ours says."""
    if not claims.issued < claims.expires:
        raise Mistake("it ends before it begins")
    if not (claims.issued >= 0 and claims.expires <= LAST):
        raise Mistake("it begins before 1970, or ends beyond the year 9999")
    wrong = wrong_external_id(claims.external_id)
    if wrong is not None:
        raise Mistake(wrong.partition(". ")[0])
    try:
        f"{claims.id}{claims.app}{claims.kind}{claims.scopes and ' '.join(claims.scopes)}".encode()
    except UnicodeEncodeError:
        raise Mistake("a claim has half a character") from None


def _is_signed(raw: str, key: bytes) -> bool:
    """Whether the key signed a token that is written as we write them."""
    text, _, signature = raw.encode(errors="replace").rpartition(b".")
    expected = urlsafe_b64encode(hmac.digest(key, text, "sha256")).rstrip(b"=")
    return hmac.compare_digest(signature, expected)


@lru_cache(maxsize=_MET)
def verified(raw: str, key: bytes) -> Claims:
    """What a token signed with `key` says; its time is not looked at. Raises BadToken for any other.

    A token as we write and sign them is known in a tenth of the time that the library takes; whatever is in the least
    different, the library judges.
    """
    claims = _said(raw)
    if claims is not None and _is_signed(raw, key):
        return claims
    application_of(raw)
    # Time is the world's and not this machine's, so the library must not look at it.
    options: Any = {"verify_exp": False, "verify_iat": False, "verify_nbf": False, "require": _REQUIRED}
    try:
        payload = jwt.decode(raw, key, algorithms=[_ALGORITHM], options=options, issuer=ISSUER)
        ours = {name: payload[name] for name in _Payload.__struct_fields__ if name in payload}
        return _claims(msgspec.convert(ours, _Payload))
    except jwt.InvalidAlgorithmError:
        algorithm = jwt.get_unverified_header(raw).get("alg")
        why = f"is signed with {algorithm}" if algorithm not in (None, "none") else "is not signed"
        raise BadToken("forged", f"The token {why} (alg {algorithm}), instead of {_ALGORITHM}.") from None
    except jwt.InvalidSignatureError:
        why = "The token was altered, or signed with another key than the platform's: in another run of it, maybe."
        raise BadToken("forged", why) from None
    except jwt.PyJWTError as error:
        raise BadToken("unreadable", f"The token cannot be used: {error}.") from None
    except UnicodeEncodeError:
        raise BadToken("unreadable", "The token cannot be used: it has characters that no token has.") from None
    except Mistake as error:
        raise BadToken("unreadable", f"The token cannot be used: {error}.") from None
    except (TypeError, ValueError, OverflowError):
        why = "The token cannot be used: a claim is not of the kind it should be."
        raise BadToken("unreadable", why) from None
