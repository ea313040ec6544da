"""What is a token of ours: the quick look agrees with the library, whatever is done to a token."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openfirst_simulator import tokens
from openfirst_simulator.tokens import BadToken, Claims

KEY = bytes(range(32))
CLAIMS = Claims("id-1", "app-1", "token", 1_700_000_000.25, 1_700_003_600.25, ("a:b", "c:d"), "zoë")
HEAD = {"alg": "HS256", "typ": "JWT"}
PAYLOAD: dict[str, Any] = {
    "iss": "openfirst",
    "iat": 1_700_000_000,
    "exp": 1_700_003_600,
    "jti": "id-1",
    "app": "app-1",
    "kind": "token",
    "milliseconds": 250,
    "scope": "a:b c:d",
    "externalId": "zoë",
}


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def made(head: Any, payload: Any, key: bytes = KEY) -> str:
    """A token with this header and these claims, by hand."""
    text = ".".join(encoded(json.dumps(part, separators=(",", ":")).encode()) for part in (head, payload))
    return f"{text}.{encoded(hmac.digest(key, text.encode(), hashlib.sha256))}"


def by_the_library(raw: str) -> bool:
    """Whether PyJWT alone takes the token, with the claims that one of ours has."""
    options: Any = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}
    options["require"] = ["iss", "iat", "exp", "jti", "app", "kind"]
    try:
        jwt.decode(raw, KEY, algorithms=["HS256"], options=options, issuer="openfirst")
    except (jwt.PyJWTError, ValueError, RecursionError):
        return False
    return True


def taken(raw: str) -> bool:
    """Whether the platform takes the token, and never met one before."""
    for remembered in (tokens._said, tokens.verified):
        remembered.cache_clear()
    try:
        tokens.application_of(raw)
        tokens.verified(raw, KEY)
    except BadToken:
        return False
    return True


def test_a_token_says_what_was_signed_whether_it_was_met_before_or_not() -> None:
    raw = tokens.sign(CLAIMS, KEY)
    assert tokens.verified(raw, KEY) == CLAIMS
    assert taken(raw)
    assert tokens.verified(raw, KEY) == CLAIMS
    assert jwt.decode(raw, KEY, algorithms=["HS256"], options={"verify_exp": False}) == PAYLOAD
    assert taken(made(HEAD, PAYLOAD))


OTHERS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.lists(st.text(max_size=2), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=1),
    st.sampled_from([10**400, 1e300, -1, 2**63, "HS256", "none", "HS512", "openfirst", 1_700_000_000.0]),
)


@st.composite
def tampered(draw: st.DrawFn) -> str:
    """A token that something was done to: its header, its claims, or its bytes; signed anew or not."""
    head: dict[str, Any] = dict(HEAD)
    payload = dict(PAYLOAD)
    for part, names in ((head, ("alg", "typ", "kid", "crit", "b64")), (payload, (*PAYLOAD, "aud", "sub", "nbf", "x"))):
        for name in draw(st.lists(st.sampled_from(names), max_size=2)):
            if draw(st.booleans()):
                part.pop(name, None)
            else:
                part[name] = draw(OTHERS)
    raw = made(head, payload, draw(st.sampled_from([KEY, KEY, KEY, bytes(32), b"x"])))
    if draw(st.integers(0, 3)) == 0:
        at = draw(st.integers(0, len(raw)))
        raw = raw[:at] + draw(st.sampled_from(["", "A", "=", ".", "é", " ", "\n", "-", "_", "\udcff"])) + raw[at + 1 :]
    if draw(st.integers(0, 9)) == 0:
        raw += draw(st.sampled_from(["=", "==", ".", "A", "\n"]))
    return raw


@given(raw=tampered())
def test_what_the_library_does_not_take_is_not_taken(raw: str) -> None:
    if taken(raw):
        assert by_the_library(raw)


@given(changes=st.dictionaries(st.sampled_from(["milliseconds", "scope", "externalId"]), OTHERS, max_size=2))
def test_what_both_take_says_the_same(changes: dict[str, Any]) -> None:
    raw = made(HEAD, {**PAYLOAD, **changes})
    if taken(raw):
        first = tokens.verified(raw, KEY)
        said = json.loads(base64.urlsafe_b64decode(raw.split(".")[1] + "=="))
        assert (first.id, first.app, first.external_id) == ("id-1", "app-1", said["externalId"])
        assert isinstance(first.external_id, str | None)
        assert first.scopes == (None if said.get("scope") is None else tuple(str(said["scope"]).split()))


@pytest.mark.parametrize(
    ("head", "payload", "key"),
    [
        (HEAD, {**PAYLOAD, "exp": 1_700_003_601}, bytes(32)),
        ({"alg": "none"}, PAYLOAD, KEY),
        ({**HEAD, "alg": "HS512"}, PAYLOAD, KEY),
        (HEAD, {**PAYLOAD, "iss": "somebody"}, KEY),
        (HEAD, {**PAYLOAD, "aud": "somebody"}, KEY),
        (HEAD, {name: value for name, value in PAYLOAD.items() if name != "jti"}, KEY),
    ],
)
def test_these_are_not_taken(head: dict[str, Any], payload: dict[str, Any], key: bytes) -> None:
    raw = made(head, payload, key)
    assert not by_the_library(raw)
    assert not taken(raw)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"exp": 1_700_000_000}, "it ends before it begins"),
        ({"exp": 1_600_000_000}, "it ends before it begins"),
        ({"iat": -1}, "it begins before 1970"),
        ({"exp": 253_402_300_799}, "it begins before 1970, or ends beyond the year 9999"),
        ({"iat": -(10**40), "exp": 10**40}, "it begins"),
        ({"milliseconds": 10**40}, "a claim"),
        ({"milliseconds": 1000}, "a claim"),
        ({"milliseconds": -1}, "a claim"),
        ({"externalId": "\ud800"}, "`externalId` has half a character"),
        ({"externalId": "é" * 513}, "`externalId` has 1,026 bytes"),
        ({"jti": "\ud800"}, "a claim has half a character"),
        ({"app": "\ud800"}, "a claim has half a character"),
        ({"scope": "a \udfff"}, "a claim has half a character"),
    ],
)
@pytest.mark.parametrize("head", [HEAD, {"typ": "JWT", "alg": "HS256"}], ids=["as ours", "as others"])
def test_what_is_signed_and_makes_no_sense_cannot_be_read(changes: dict[str, Any], why: str, head: Any) -> None:
    raw = made(head, {**PAYLOAD, **changes})
    assert by_the_library(raw)
    assert not taken(raw)
    with pytest.raises(BadToken, match=f"The token cannot be used: {why}") as refused:
        tokens.verified(raw, KEY)
    assert refused.value.condition == "unreadable"


def test_a_token_with_letters_that_none_has_cannot_be_read() -> None:
    with pytest.raises(BadToken, match="it has characters that no token has"):
        tokens.verified(tokens.sign(CLAIMS, KEY) + "\udcff", KEY)
