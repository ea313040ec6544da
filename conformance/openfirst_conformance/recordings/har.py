"""HAR files, HTTP that was recorded against a platform, read into recordings.

Requests are told by the endpoints of the session interface; the client is the bearer token. What a token says is read
and not verified, so whether it was forged or revoked, the platform is believed. Requests that are not about a session, or
about one that is not the bearer's own, are left out and counted.
"""

from __future__ import annotations

import base64
import bisect
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import unquote, urlsplit

import jwt
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from openfirst_conformance.adapters.protocol.outcomes import Translator
from openfirst_conformance.adapters.protocol.shapes import outcome_report
from openfirst_conformance.cases.arguments import check_arguments
from openfirst_conformance.recordings.events import Ended, Event, Made, Recording, Turned
from openfirst_reference.contract.document import Json
from openfirst_reference.contract.findings import Mistake, list_words
from openfirst_reference.contract.http_surface import CURRENT, Endpoint, surface
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.outcome import Answered, Pending, Refused, Settled
from openfirst_reference.machine.step import State

# A gateway says these where the platform gave no answer: nobody knows what it did.
_NO_ANSWER = (0, 502, 503, 504)
_NOT_FOUND = 404
_TICK = 1e-6
# Endpoints that tell whether a session is open.
_UNSEEN = "not recorded"
"""The ID of a session whose `open` was recorded without its answer's body: the first that is asked about."""
_STATUS = ("isOpen", "listSessions")
# An answer that may have no end, and tells of the session no more than that it is open.
_STREAM = "events"
_ENDPOINTS = [
    (item, re.compile("(?P<base>.*?)" + re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(item.path)) + "/?"))
    for item in surface().values()
    if item.operation is not None and item.name != _STREAM
]


_HEADERS = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["name", "value"],
        "properties": {"name": {"type": "string"}, "value": {"type": "string"}},
    },
}
_ENTRY = {
    "type": "object",
    "required": ["startedDateTime", "request", "response"],
    "properties": {
        "startedDateTime": {"type": "string"},
        "time": {"type": ["number", "null"]},
        "request": {
            "type": "object",
            "required": ["method", "url", "headers"],
            "properties": {
                "method": {"type": "string"},
                "url": {"type": "string"},
                "headers": _HEADERS,
                "postData": {"type": ["object", "null"], "properties": {"text": {"type": ["string", "null"]}}},
            },
        },
        "response": {
            "type": "object",
            "required": ["status", "headers", "content"],
            "properties": {
                "status": {"type": "integer"},
                "headers": _HEADERS,
                "content": {"type": "object", "properties": {"text": {"type": ["string", "null"]}}},
            },
        },
    },
}
"""What is read of an entry, for a word about one that cannot be."""


@dataclass
class Har:
    """What a HAR file holds: recordings, one for each platform; and which requests were left out, with their number."""

    recordings: list[Recording]
    left_out: Counter[str]


class _LeftOut(Exception):
    """A request that is not judged; the text says which kind of request it is."""


@dataclass(frozen=True)
class _Exchange:
    """A request about a session, and its answer; `result` is None where there was none.

    Times are in seconds, `slack` is how much later than `end` it may have ended.
    """

    where: str
    endpoint: Endpoint
    operation: str
    base: str
    session: str | None
    token: str | None
    arguments: Json
    begin: float
    end: float
    slack: float
    now: float
    status: int
    result: Json | None
    body: Any


@dataclass
class _Client:
    """A client, the ID of its session, and what the tracker has been told of its credential."""

    name: str
    holds: Mapping[str, str | None]
    session: str | None = None


@dataclass
class _Token:
    """A bearer token (None: no token), what it says, and what the platform has said of it."""

    kind: str
    external_id: str | None
    scopes: list[str] | None
    expires: float | None
    client: _Client
    condition: str = "good"

    def described(self) -> Json:
        """What it is, as credentials are described."""
        external_id = self.external_id
        return {"kind": self.kind, "condition": self.condition, "externalId": external_id, "scopes": self.scopes}


def is_har(value: Any) -> bool:
    """Whether a JSON value is a HAR file's."""
    return isinstance(value, dict) and isinstance(value.get("log"), dict) and "entries" in value["log"]


def read_har(value: Json, name: str, machine: Machine) -> Har:
    """The recordings in a HAR file. Raises ValueError for an entry that cannot be read, with its number."""
    left_out: Counter[str] = Counter()
    exchanges: list[_Exchange] = []
    signed = False
    entries = value["log"]["entries"]
    if not isinstance(entries, list):
        raise Mistake(f"{name}: `log.entries` is not a list. Give a file in the format HAR 1.2.")
    for number, entry in enumerate(entries, 1):
        try:
            signed = signed or _header(entry["request"], "authorization") is not None
            exchanges.append(_exchange(entry, f"entry {number}", machine))
        except _LeftOut as kind:
            left_out[str(kind)] += 1
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            wrong = best_match(Draft202012Validator(_ENTRY).iter_errors(entry))
            what = _unlike(wrong) if wrong else str(error)
            raise Mistake(f"{name}: entry {number}: {what}. Give a file in the format HAR 1.2.") from None
    if exchanges and not signed:
        raise Mistake(
            f"{name}: no request has an Authorization header, so nobody can tell who asked. A sanitized recording lacks "
            "them: export it again, with sensitive data."
        )
    recordings = [
        _Reader(machine, [item for item in exchanges if item.base == base], left_out).recording()
        for base in dict.fromkeys(exchange.base for exchange in exchanges)
    ]
    return Har(recordings, left_out)


def _unlike(error: ValidationError) -> str:
    """What is wrong with an entry; what stands there, a token perhaps, is not repeated."""
    at = error.json_path.replace("$.", "", 1).replace("$", "it", 1)
    if error.validator == "required":
        return error.message if at == "it" else f"{at}: {error.message}"
    kinds: Any = error.validator_value
    return f"{at} is no {list_words([kinds] if isinstance(kinds, str) else kinds, 'or')}"


class _Reader:
    """Reads what was exchanged with one platform, in the order of time."""

    def __init__(self, machine: Machine, exchanges: Sequence[_Exchange], left_out: Counter[str]) -> None:
        self.machine, self.left_out = machine, left_out
        self.exchanges = exchanges
        self.translate = Translator(machine.contract, [], exact=True)
        self.credentials = machine.credentials
        condition = self.credentials.binding.condition
        errors = machine.contract.variables[condition.variable].errors
        self.codes = {condition.outward(value): code for value, code in errors.items()}
        self.tokens: dict[str | None, _Token] = {}
        self.states: dict[str, State] = {}
        self.events: list[Event] = []

    def recording(self) -> Recording:
        """Calls begin and end in the order of time; at the same moment all that begins comes first."""
        times = _times(self.exchanges)
        moments = [(begin, 0, number) for number, (begin, _) in enumerate(times)]
        moments += [(end, 1, number) for number, (_, end) in enumerate(times)]
        under_way: dict[int, tuple[Made, _Client]] = {}
        for _, is_end, number in sorted(moments):
            exchange = self.exchanges[number]
            if not is_end:
                client = self._client(exchange)
                if client is None:
                    self.left_out["about a session that is not the bearer's own"] += 1
                    continue
                made = Made(exchange.where, client.name, exchange.operation, exchange.arguments)
                under_way[number] = made, client
                self.events.append(made)
            elif number in under_way and exchange.result is not None:
                made, client = under_way[number]
                outcome = self._outcome(exchange, exchange.result)
                self.events.append(Ended(exchange.where, client.name, made, outcome))
                client.session = _session_in(exchange.body) or self._unseen(exchange, outcome) or client.session
        return Recording(self.states, tuple(self.events))

    def _unseen(self, exchange: _Exchange, outcome: Settled) -> str | None:
        """The session that was made by what was accepted, if it was about none yet."""
        pure = self.machine.contract.operations[exchange.operation].pure
        return _UNSEEN if isinstance(outcome, Answered) and exchange.session is None and not pure else None

    def _outcome(self, exchange: _Exchange, result: Json) -> Settled:
        """What a client would have concluded: where the platform does not accept a token, or knows no session, none is open."""
        refused = result.get("code") in self.codes.values() or exchange.status == _NOT_FOUND
        if exchange.endpoint.name in _STATUS and refused:
            return Answered(False)
        outcome = self.translate(outcome_report(result))
        assert not isinstance(outcome, Pending)
        known = isinstance(outcome, Refused) and outcome.code in self.machine.contract.errors
        if exchange.status == _NOT_FOUND and not known:
            return Refused()  # A platform may have forgotten a session that is over.
        return outcome

    def _client(self, exchange: _Exchange) -> _Client | None:
        """Who asks; None where it is about a session that is not the bearer's own."""
        token = self.tokens.get(exchange.token)
        if token is None:
            token = self.tokens[exchange.token] = self._token(exchange)
        if token.client.session == _UNSEEN and exchange.session not in (None, CURRENT):
            token.client.session = exchange.session
        own = exchange.session in (None, CURRENT, token.client.session)
        if own:
            self._turn(token, exchange)
        return token.client if own else None

    def _token(self, exchange: _Exchange) -> _Token:
        """What a token says that is used for the first time, and whose it is."""
        claims, kinds = _claims(exchange.token), self.credentials.binding.kind.words
        kind = "none" if exchange.token is None else claims["kind"] if claims.get("kind") in kinds else "token"
        external_id = claims.get("externalId") if claims else self._shown(exchange.token)
        external_id = external_id if isinstance(external_id, str) else None
        scopes = str(claims["scope"]).split() if "scope" in claims else None
        expires = _end(claims)
        # A refreshed token is known to belong to the session once it is used with the session's ID.
        client = next(
            (
                item.client
                for item in self.tokens.values()
                if exchange.session not in (None, CURRENT)
                and (item.client.session, item.kind, item.external_id) == (exchange.session, kind, external_id)
            ),
            None,
        )
        if client is None:
            client = _Client(self._name(exchange.token, external_id), {})
            credential = {"kind": kind, "externalId": external_id, "scopes": scopes}
            self.states[client.name] = self.machine.state(self.credentials.variables(credential))
        token = _Token(kind, external_id, scopes, expires, client)
        client.holds = client.holds or self._holds(token)
        return token

    def _name(self, token: str | None, external_id: str | None) -> str:
        """A client by its external ID or a number, and never by its token."""
        name = external_id or ("no token" if token is None else f"token {len(self.tokens) + 1}")
        taken = sum(known == name or known.startswith(f"{name} (") for known in self.states)
        return f"{name} ({taken + 1})" if taken else name

    def _shown(self, token: str | None) -> str | None:
        """The external ID that the platform showed first, for a token that cannot be read."""
        for exchange in self.exchanges:
            shown = exchange.body if exchange.token == token and isinstance(exchange.body, dict) else {}
            participant = shown.get("participant", shown)
            info = participant.get("info") if isinstance(participant, dict) else None
            if isinstance(info, dict):
                return info.get("externalId")
        return None

    def _turn(self, token: _Token, exchange: _Exchange) -> None:
        """The credential is another one: by the time, by the platform's word, or since another token is used."""
        if token.expires is not None and exchange.now >= token.expires and token.condition == "good":
            token.condition = "expired"
        code = (exchange.result or {}).get("code")
        if code != self.codes.get(token.condition):
            token.condition = next((value for value, known in self.codes.items() if known == code), token.condition)
        holds = self._holds(token)
        if token.kind != "none" and holds != token.client.holds:
            token.client.holds = holds
            self.events.append(Turned(token.client.name, holds))

    def _holds(self, token: _Token) -> dict[str, str | None]:
        """What a client that uses a token holds now."""
        return self.credentials.variables(token.described())


def _times(exchanges: Sequence[_Exchange]) -> list[tuple[float, float]]:
    """When each exchange began and ended, as far as a clock that may be cut to milliseconds can tell.

    Who asks about a session by its ID has been told of it before. An exchange may have ended later than the clock says, but a
    bearer's exchanges that come after it, by the clock, are taken to do so.
    """
    given: dict[str | None, _Exchange] = {}
    for item in sorted(exchanges, key=lambda item: item.end):
        given.setdefault(_session_in(item.body), item)
    given.pop(None, None)
    begins = []
    for item in exchanges:
        source = given.get(item.session)
        told = source is not None and source is not item and source.begin <= item.begin
        begins.append(max(item.begin, source.end + _TICK) if told and source else item.begin)
    after: dict[str | None, list[float]] = {}
    for item, begin in zip(exchanges, begins, strict=True):
        after.setdefault(f"token {item.token}", []).append(begin)
        if item.session in given:
            after.setdefault(f"session {item.session}", []).append(begin)
    for known in after.values():
        known.sort()
    times = []
    for item, begin in zip(exchanges, begins, strict=True):
        end, latest = max(item.end, begin), item.end + item.slack
        for known in (after[f"token {item.token}"], after.get(f"session {_session_in(item.body)}", [])):
            position = bisect.bisect_right(known, end)
            latest = min([latest, *(later - _TICK / 2 for later in known[position : position + 1])])
        times.append((begin, max(end, latest)))
    return times


def _exchange(entry: Json, where: str, machine: Machine) -> _Exchange:
    request, response = entry["request"], entry["response"]
    url = urlsplit(request["url"])
    endpoint, parts = _endpoint(request["method"], url.path)
    operation = machine.contract.bindings.operations.inward(str(endpoint.operation))
    arguments = _arguments(endpoint, operation, parts, request, machine)
    begin = datetime.fromisoformat(entry["startedDateTime"])
    start = (begin if begin.tzinfo else begin.replace(tzinfo=UTC)).timestamp()
    result, body = _result(endpoint, response, pure=machine.contract.operations[operation].pure)
    try:
        now = parsedate_to_datetime(_header(response, "date") or "").timestamp()
    except ValueError:
        now = start
    scheme, _, token = (_header(request, "authorization") or "").partition(" ")
    return _Exchange(
        where=f"{where} ({request['method']} {url.path})",
        endpoint=endpoint,
        operation=operation,
        base=f"{url.scheme}://{url.netloc}{parts['base']}",
        session=parts.get("sessionId"),
        token=token.strip() if scheme.lower() == "bearer" else None,
        arguments=arguments,
        begin=start,
        end=start + max(float(entry.get("time") or 0), 0) / 1000,
        # Where times are cut to milliseconds, it may have begun, and so ended, up to one later.
        slack=0.001 if begin.microsecond % 1000 == 0 else 0,
        now=now,
        status=response["status"],
        result=result,
        body=body,
    )


def _endpoint(method: str, path: str) -> tuple[Endpoint, dict[str, str]]:
    for endpoint, pattern in _ENDPOINTS:
        match = pattern.fullmatch(path) if endpoint.method == method else None
        if match:
            return endpoint, {name: unquote(value) for name, value in match.groupdict().items()}
    raise _LeftOut("not about a session")


def _arguments(endpoint: Endpoint, operation: str, parts: Mapping[str, str], request: Json, machine: Machine) -> Json:
    names = machine.contract.operations[operation].arguments
    arguments: Json = {name: parts[name] for name in names if name in parts}
    text = (request.get("postData") or {}).get("text") if endpoint.has_body else None
    try:
        body = json.loads(text) if text else None
        if body is not None:
            arguments |= {endpoint.whole: body} if endpoint.whole else body
        check_arguments(machine.contract, operation, arguments)
        machine.call(operation, arguments, machine.state())
    except (ValueError, TypeError, RecursionError):
        raise _LeftOut("with something that the contract does not know") from None
    return arguments


def _result(endpoint: Endpoint, response: Json, *, pure: bool) -> tuple[Json | None, Any]:
    """The answer as an adapter would report it, None if there was none; and its body."""
    status, content = response["status"], response.get("content") or {}
    text = content.get("text")
    if text and content.get("encoding") == "base64":
        text = base64.b64decode(text).decode("utf-8", errors="replace")
    try:
        body = json.loads(text) if text else None
    except (ValueError, RecursionError):
        body = None
    fields = body if isinstance(body, dict) else {}
    if status in _NO_ANSWER:
        return None, None
    if 200 <= status < 300:
        if pure and text is None:
            raise _LeftOut("whose answer was not recorded")
        return {"outcome": "value", "value": _value(endpoint, body, fields)}, body
    if status < 400:
        raise _LeftOut("answered with a redirection")
    native = fields.get("error_code")
    return {"outcome": "error", "code": fields.get("code"), "native": None if native is None else str(native)}, body


def _value(endpoint: Endpoint, body: Any, fields: Json) -> Any:
    """What the operation gave: the session interface wraps some of it."""
    match endpoint.name:
        case "listSessions":
            return bool(fields.get("sessions"))
        case "isOpen":
            return fields.get("open")
        case "use":
            return fields.get("result")
    return body


def _session_in(body: Any) -> str | None:
    """The ID of the bearer's session, where an answer tells it."""
    sessions = body.get("sessions") if isinstance(body, dict) else None
    here = sessions[0] if isinstance(sessions, list) and sessions else body
    identifier = here.get("sessionId") if isinstance(here, dict) else None
    return identifier if isinstance(identifier, str) else None


def _header(message: Json, name: str) -> str | None:
    return next((str(item["value"]) for item in message["headers"] if item["name"].lower() == name), None)


def _end(claims: Json) -> float | None:
    """When a token ends, to the millisecond where it says so as the tokens of our platform do."""
    end, later = claims.get("exp"), claims.get("milliseconds", 0)
    if not isinstance(end, int | float):
        return None
    return end + later / 1000 if type(later) is int and 0 <= later < 1000 else end


def _claims(token: str | None) -> Json:
    """What a token says; empty where it cannot be read."""
    try:
        return jwt.decode(token, options={"verify_signature": False}) if token else {}
    except (jwt.PyJWTError, ValueError, RecursionError):
        return {}
