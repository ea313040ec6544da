"""The journal as HAR 1.2: what went over the wire, lies of faults and all."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from email.utils import formatdate
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from openfirst_simulator.journal import Entry, Filter, Journal
from openfirst_simulator.tokens import unsigned

HOST = "http://localhost"
_PREFIX = re.compile("^/w/[^/]+")
# Microseconds between two moments at the same instant: readers tell the order by the time.
_APART = 10


def har(world: str, journal: Journal, wanted: Filter) -> str:
    """The requests that are wanted. Tokens in it say what the real ones said, and have no signature."""
    entries = list(journal.find(wanted))
    moves = sum(entry.is_move for entry in entries)
    asked = [entry for entry in entries if not entry.is_move]
    comments = [] if journal.knows(wanted) else [f"The journal has dropped {journal.dropped} entries, the first ones."]
    if moves:
        comments.append(f"Not in here: {moves} moves of the platform itself, for which HAR has no place.")
    comments.append("The tokens have no signature.")
    times = _times(asked)
    log = {
        "version": "1.2",
        "creator": {"name": "openfirst", "version": version("openfirst")},
        "comment": " ".join(comments),
        "entries": [_entry(entry, world, *times[entry.number]) for entry in asked],
    }
    return json.dumps({"log": log}, indent=1)


def prefixed(path: str, world: str) -> str:
    """The path below the world's own base URL, by whichever it was asked."""
    return f"/w/{world}{_PREFIX.sub('', path)}"


def _times(entries: Iterable[Entry]) -> dict[int, tuple[int, int]]:
    """When each began and ended, in microseconds: as the world's time has it, and no two at once."""
    moments: list[tuple[tuple[int, int, int], float, int, bool]] = []
    for entry in entries:
        moments.append(((entry.came_after, 1, -entry.number), entry.came_at, entry.number, False))
        moments.append(((entry.number, 0, 0), entry.at, entry.number, True))
    begins: dict[int, int] = {}
    times: dict[int, tuple[int, int]] = {}
    last = 0
    for _, at, number, is_end in sorted(moments):
        last = max(round(at * 1_000_000), last + _APART)
        # Whole milliseconds look as if they were cut.
        last += 1 if last % 1000 == 0 else 0
        if is_end:
            times[number] = begins[number], last
        else:
            begins[number] = last
    return times


def _entry(entry: Entry, world: str, begin: int, end: int) -> dict[str, Any]:
    seconds, microseconds = divmod(begin, 1_000_000)
    started = datetime.fromtimestamp(seconds, UTC).replace(microsecond=microseconds)
    took = (end - begin) / 1000
    shown: dict[str, Any] = {
        "startedDateTime": started.isoformat(timespec="microseconds"),
        "time": took,
        "request": _request(entry, world),
        "response": _response(entry),
        "cache": {},
        "timings": {"send": 0, "wait": took, "receive": 0},
    }
    comments = list(_comments(entry))
    return {**shown, "comment": " ".join(comments)} if comments else shown


def _comments(entry: Entry) -> Iterator[str]:
    if entry.row is not None:
        yield f"Decided by {entry.row}."
    if entry.rule is not None:
        yield f"Refused by {entry.rule}."
    if entry.faults:
        yield f"Struck by {', '.join(f'{name} ({kind})' for name, kind in zip(entry.faults, entry.kinds, strict=True))}."


def _request(entry: Entry, world: str) -> dict[str, Any]:
    token = unsigned(entry.claims) if entry.claims is not None else entry.client and f"not-a-token-{entry.client}"
    headers = [{"name": "Authorization", "value": f"Bearer {token}"}] if token else []
    shown: dict[str, Any] = {
        "method": entry.method,
        "url": HOST + prefixed(entry.path, world),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": headers,
        "queryString": [],
        "headersSize": -1,
        "bodySize": len(entry.sent),
    }
    if entry.sent:
        shown["postData"] = {
            "mimeType": "application/json",
            "text": _SIGNATURE.sub(rb"\1", entry.sent).decode(errors="replace"),
        }
    return shown


def _response(entry: Entry) -> dict[str, Any]:
    """What came; nothing where the connection was broken."""
    came = entry.delivered not in ("broken", "cut")
    content = entry.answer if came else b""
    kind = "text/html" if content.startswith(b"<") else "application/json"
    text = _SIGNATURE.sub(rb"\1", content).decode(errors="replace")
    return {
        "status": entry.status if came else 0,
        "statusText": _phrase(entry.status) if came else "",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": [{"name": "Date", "value": formatdate(int(entry.at), usegmt=True)}] if came else [],
        "content": {"size": len(content), "mimeType": kind, **({"text": text} if content else {})},
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": len(content),
    }


_SIGNATURE = re.compile(rb"(\beyJ[\w-]+\.[\w-]+\.)[\w-]+")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
