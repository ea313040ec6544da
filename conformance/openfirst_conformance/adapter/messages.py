"""The adapter protocol as text: lines to messages and back, checked against the contract's schemas."""

from __future__ import annotations

import functools
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import jsonschema_rs
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from referencing import Registry, Resource

from openfirst_spec import resource

Json = dict[str, Any]
"""A JSON object."""

RequestHandler = Callable[[str, Json], Awaitable[Json]]
"""Answers what an adapter asks of the judge: method and params in, result out; `RequestRefused` says no."""

FaultKind = Literal[
    "not-found",  # there is no such command, module or attribute
    "start-failed",  # it is there, but did not start
    "crash",  # it ended, or raised, before it had answered
    "hang",  # it did not answer in time
    "garbled",  # a line that is not JSON
    "bad-message",  # an answer that its schema does not permit
    "stale",  # an answer of an old generation, or to no open request
    "refused",  # a JSON-RPC error
    "noise",  # JSON, but no message of the protocol
]

MessageKind = Literal["request", "result", "error"]

MAX_LINE: Final = 1024 * 1024
"""The longest line, in bytes, without its end."""

METHODS: Final = ("initialize", "reset", "call", "world", "advance", "settle", "shutdown")
"""What the judge asks of an adapter."""

METHOD_NOT_FOUND: Final = -32601
PARSE_ERROR: Final = -32700
INVALID_PARAMS: Final = -32602
INTERNAL_ERROR: Final = -32603
ADAPTER_FAILED: Final = -32000

STDOUT_IS_FOR_THE_PROTOCOL: Final = "Standard output carries the protocol only; send logs to standard error."

_FAULTS_KEPT = 1000
_EXCERPT = 200


class AdapterFault(Exception):
    """The adapter, and not the implementation behind it, did something wrong: never a broken rule.

    `detail` says what was seen, `remedy` what to do about it, and `stderr` is the end of what the adapter
    had written to standard error (of a Python adapter in this process: the traceback).
    """

    def __init__(self, kind: FaultKind, detail: str, remedy: str, stderr: str = "") -> None:
        super().__init__(kind, detail, remedy, stderr)
        self.kind: FaultKind = kind
        self.detail = detail
        self.remedy = remedy
        self.stderr = stderr

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}. {self.remedy}"


class RequestRefused(Exception):
    """A request was answered with a JSON-RPC error: raised by whoever refuses, and again in whoever asked."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True)
class Capabilities:
    """What an adapter declared in its handshake; what it did not declare is not assumed."""

    operations: frozenset[str]
    arguments: Mapping[str, str]
    clock: Literal["virtual", "real"]
    clients: int
    concurrency: int
    refresh: bool
    world: frozenset[str]
    deprecated_initialize: bool

    @classmethod
    def of(cls, initialized: Json) -> Capabilities:
        """Read the result of `initialize`."""
        declared = initialized["capabilities"]
        return cls(
            operations=frozenset(declared["operations"]),
            arguments=declared.get("arguments", {}),
            clock=declared.get("clock", "real"),
            clients=declared.get("clients", 1),
            concurrency=declared.get("concurrency", 1),
            refresh=declared.get("refresh", False),
            world=frozenset(declared.get("world", ())),
            deprecated_initialize=declared.get("deprecatedInitialize", False),
        )


def record(faults: list[AdapterFault], fault: AdapterFault) -> None:
    """Add a fault to a list that stays short enough to hold, whatever an adapter writes."""
    if len(faults) < _FAULTS_KEPT:
        faults.append(fault)
    elif len(faults) == _FAULTS_KEPT:
        faults.append(AdapterFault("noise", f"more than {_FAULTS_KEPT} faults", "The rest is not listed."))


def shorten(text: str) -> str:
    """Give the beginning of a text, enough to recognise it by, and fit for a terminal whatever is in it."""
    shown = "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text[:_EXCERPT])
    return shown if len(text) <= _EXCERPT else shown + "…"


# --- lines --------------------------------------------------------------------------------------------------


class Lines:
    """Cuts a stream of bytes into lines, and holds only so much of one as shows that it is too long."""

    def __init__(self) -> None:
        self._held = bytearray()

    @property
    def held(self) -> int:
        """How many bytes have come since the last end of a line."""
        return len(self._held)

    def feed(self, data: bytes) -> list[bytes]:
        """Give the lines that these bytes complete; one that is too long comes cut, and still too long."""
        *ends, rest = data.split(b"\n")
        lines = []
        for end in ends:
            self._hold(end)
            lines.append(self.take())
        self._hold(rest)
        return lines

    def take(self) -> bytes:
        """Give what is held as if the line ended here."""
        line = bytes(self._held)
        self._held.clear()
        return line

    def _hold(self, part: bytes) -> None:
        self._held += part[: MAX_LINE + 1 - len(self._held)]


def encode(message: Json) -> bytes:
    """Write a message as a line, in ASCII.

    ASCII, since a reader with another idea of the encoding still understands it, and since a lone surrogate,
    which JSON permits, has no UTF-8. Raises ValueError or TypeError for what JSON or a line cannot hold.
    """
    try:
        line = _ENCODER.encode(message).encode("ascii")
    except RecursionError:
        raise ValueError("it is nested too deeply, or holds itself") from None
    if len(line) > MAX_LINE:
        raise ValueError(f"a line of {len(line)} bytes is longer than the {MAX_LINE} that the protocol permits")
    return line + b"\n"


def decode(line: bytes) -> tuple[MessageKind, Json]:
    """Read a line as a message; raises the AdapterFault `garbled` or `noise`.

    More is accepted than the envelope's schema permits, where the meaning is plain: any `jsonrpc`, an error
    that is no object, params that are null.
    """
    if len(line) > MAX_LINE:
        raise AdapterFault(
            "garbled",
            f"a line is longer than {MAX_LINE} bytes and begins {_excerpt(line)}",
            "End each message with a newline and keep it below 1 MiB.",
        )
    try:
        # Some runtimes begin their output with a byte order mark; it does no harm.
        message = _DECODER.decode(line.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        problem = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise AdapterFault(
            "garbled", f"a line is not JSON ({problem}): {_excerpt(line)}", STDOUT_IS_FOR_THE_PROTOCOL
        ) from None
    kind = _kind(message) if isinstance(message, dict) else None
    if kind is None:
        raise AdapterFault(
            "noise",
            f"a line is JSON, but no request, result or error of JSON-RPC 2.0: {_excerpt(line)}",
            STDOUT_IS_FOR_THE_PROTOCOL,
        )
    return kind, message


def _kind(message: Json) -> MessageKind | None:
    number = message.get("id")
    numbered = isinstance(number, int | str) and not isinstance(number, bool)
    if "method" in message:
        callable_ = isinstance(message["method"], str) and isinstance(message.get("params") or {}, dict)
        return "request" if numbered and callable_ else None
    if message.get("error") is not None:
        return "error" if numbered or number is None else None
    return "result" if numbered and "result" in message else None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


# Made once: json.dumps and json.loads would make new ones for every message.
_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)
_DECODER = json.JSONDecoder(parse_constant=_no_constant)


def _excerpt(line: bytes) -> str:
    # A character has four bytes at most, so one that is cut in two here is not among those shown.
    return shorten(line[: 4 * _EXCERPT + 4].decode("utf-8", errors="backslashreplace"))


# --- schemas ------------------------------------------------------------------------------------------------


def problem_with(method: str, part: Literal["params", "result"], value: object) -> str | None:
    """Say in one line what the schema of a method's params or result does not permit, if anything."""
    if _checker(method, part).is_valid(value):
        return None
    error = best_match(_explainer(method, part).iter_errors(value))
    return f"{error.json_path.replace('$', part, 1)}: {shorten(error.message)}"


def check_result(method: str, result: object, asked: str) -> Json:
    """Give the result of a request if its schema permits it; raises the AdapterFault `bad-message`."""
    problem = problem_with(method, "result", result)
    if problem is None:
        return result if isinstance(result, dict) else {}
    raise AdapterFault(
        "bad-message",
        f"the answer to {asked} is not as its schema says: {problem}",
        f"See the result in protocol/{method}.schema.json of the contract.",
    )


def check_sent(method: str, part: Literal["params", "result"], value: object) -> None:
    """Raise ValueError if the judge is about to send what the schemas do not permit: its own mistake."""
    problem = problem_with(method, part, value)
    if problem is not None:
        raise ValueError(f"the judge would send a bad {method}: {problem}")


# Two libraries for one thing: the first is a hundred times as fast, and the second says what is wrong in words for people.


@functools.cache
def _checker(method: str, part: str) -> jsonschema_rs.Validator:
    registry = jsonschema_rs.Registry([(schema["$id"], schema) for schema in _schemas().values()])
    return jsonschema_rs.validator_for(_part(method, part), registry=registry)


@functools.cache
def _explainer(method: str, part: str) -> Draft202012Validator:
    resources = ((schema["$id"], Resource.from_contents(schema)) for schema in _schemas().values())
    return Draft202012Validator(_part(method, part), registry=Registry().with_resources(resources))


def _part(method: str, part: str) -> Json:
    schema = _schemas()[method]
    return {"$schema": schema["$schema"], "$ref": f"{schema['$id']}#/$defs/{part}"}


@functools.cache
def _schemas() -> dict[str, Json]:
    return {method: json.loads(resource(f"protocol/{method}.schema.json")) for method in (*METHODS, "refreshToken")}
