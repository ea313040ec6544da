"""The adapter protocol as text: bytes to lines, lines to JSON, and back."""

from __future__ import annotations

import json
from typing import Any, Final, Literal

from openfirst_conformance.adapters.protocol.faults import AdapterFault
from openfirst_reference.contract.document import Json

MessageKind = Literal["request", "notification", "result", "error"]
MAX_LINE: Final = 1024 * 1024
"""The longest line, in bytes, without its end."""
METHOD_NOT_FOUND: Final = -32601
PARSE_ERROR: Final = -32700
INVALID_PARAMS: Final = -32602
INTERNAL_ERROR: Final = -32603
ADAPTER_FAILED: Final = -32000
STDOUT_IS_FOR_THE_PROTOCOL: Final = "Standard output carries the protocol only; send logs to standard error."
NO_MESSAGE: Final = ("garbled", "noise")
"""The faults of what is no message of the protocol."""
_EXCERPT = 200


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
    def held(self) -> bytes:
        """What has come since the last end of a line."""
        return bytes(self._held)

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


def may_be_message(begun: bytes) -> bool:
    """Whether a line that begins so may become a message."""
    text = begun.removeprefix(_MARK).lstrip()
    return not text or text.startswith(b"{")


def encode(message: Json) -> bytes:
    """Write a message as a line, in ASCII.

    ASCII, since a reader with another idea of the encoding still understands it, and since a lone surrogate,
    which JSON permits, has no UTF-8. Raises ValueError or TypeError for what JSON or a line cannot hold.
    """
    return _written(message).encode("ascii") + b"\n"


def reread(value: Any) -> Any:
    """The value as it comes out at the other end of a line. Raises ValueError or TypeError for what JSON or a line cannot hold."""
    return _DECODER.raw_decode(_written(value))[0]


def _written(value: Any) -> str:
    try:
        line = _ENCODER.encode(value)
    except RecursionError:
        raise ValueError("it is nested too deeply, or holds itself") from None
    if len(line) > MAX_LINE:
        raise ValueError(f"a line of {len(line)} bytes is longer than the {MAX_LINE} that the protocol permits")
    return line


def decode(line: bytes) -> tuple[MessageKind, Json]:
    """Read a line as a message; raises the AdapterFault `garbled` or `noise`.

    More is accepted than the envelope's schema permits, where the meaning is plain: any `jsonrpc`, an error
    that is no object, params that are null.
    """
    if len(line) > MAX_LINE:
        raise AdapterFault(
            "garbled",
            f"a line is longer than {MAX_LINE} bytes and begins {excerpt(line)}",
            "End each message with a newline and keep it below 1 MiB.",
        )
    try:
        # Some runtimes begin their output with a byte order mark; it does no harm.
        message = _DECODER.decode(line.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        problem = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise AdapterFault(
            "garbled", f"a line is not JSON ({problem}): {excerpt(line)}", STDOUT_IS_FOR_THE_PROTOCOL
        ) from None
    kind = _kind(message) if isinstance(message, dict) else None
    if kind is None:
        raise AdapterFault(
            "noise",
            f"a line is JSON, but no request, result or error of JSON-RPC 2.0: {excerpt(line)}",
            STDOUT_IS_FOR_THE_PROTOCOL,
        )
    return kind, message


def _kind(message: Json) -> MessageKind | None:
    number = message.get("id")
    numbered = isinstance(number, int | str) and not isinstance(number, bool)
    if "method" in message:
        callable_ = isinstance(message["method"], str) and isinstance(message.get("params") or {}, dict)
        if callable_ and "id" not in message:
            return "notification"
        return "request" if numbered and callable_ else None
    if message.get("error") is not None:
        return "error" if numbered or number is None else None
    return "result" if numbered and "result" in message else None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_MARK = b"\xef\xbb\xbf"
# Made once: json.dumps and json.loads would make new ones for every message.
_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False)
_DECODER = json.JSONDecoder(parse_constant=_no_constant)


def excerpt(line: bytes) -> str:
    """Give the beginning of a line, as `shorten` does."""
    # A character has four bytes at most, so one that is cut in two here is not among those shown.
    return shorten(line[: 4 * _EXCERPT + 4].decode("utf-8", errors="backslashreplace"))
