"""Lists in pages, by time. What `next` gives is where the next page begins, whatever has come or gone meanwhile."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from jsonschema_rs import Draft202012Validator, RegexOptions

from openfirst_simulator.problems import bad_request
from openfirst_simulator.rest.call import LATEST, Call

T = TypeVar("T")
Key = tuple[float, str]
"""Where something stands in a list: its time in seconds, and its ID."""
MOST = 100
"""How many are on a page where `max` does not say."""
LONGEST_EXPRESSION = 1_000
_BEGINNING: Key = (0.0, "")


def page(
    call: Call, items: Iterable[T], key: Callable[[T], Key], show: Callable[[list[T]], Mapping[str, Any]]
) -> dict[str, Any]:
    """The page that is asked for: of the items from `from` to `to`, `max` behind `start`, by time, and then as they came."""
    since, until = call.number("from", 0), call.number("to", LATEST)
    most, start = call.number("max", MOST, least=1), _read(call.query.get("start", ""))
    found = sorted((item for item in items if since <= key(item)[0] * 1000 <= until), key=lambda item: key(item)[0])
    behind = found if start is None else _behind(found, key, start)
    shown = behind[:most]
    answer: dict[str, Any] = {**show(shown), "first": _written(_BEGINNING)}
    if len(behind) > most:
        answer["next"] = _written(key(shown[-1]))
    return answer


def _behind(items: list[T], key: Callable[[T], Key], start: Key) -> list[T]:
    """The items behind the one with this key; where that is no more, all that are no earlier than it was."""
    for place, item in enumerate(items):
        if key(item) == start:
            return items[place + 1 :]
    return [item for item in items if key(item)[0] >= start[0]]


def expression(call: Call, name: str) -> Callable[[str], bool]:
    """Whether a text is as a regular expression in the query says, as a whole. In time that grows with the text alone."""
    pattern = call.query.get(name, "")
    if pattern == "":
        return lambda text: True
    try:
        if len(pattern) > LONGEST_EXPRESSION:
            raise ValueError(f"it has {len(pattern):,} characters, and may have {LONGEST_EXPRESSION:,}")
        checker = Draft202012Validator({"pattern": f"^(?:{pattern})$"}, pattern_options=RegexOptions())
    except ValueError as error:
        why = str(error).partition("\n")[0][:120]
        raise bad_request(f"`{name}` is no regular expression that can be used: {why}. Send another one.") from None
    return checker.is_valid


def _written(key: Key) -> str:
    return urlsafe_b64encode(json.dumps(key).encode()).decode()


def _read(start: str) -> Key | None:
    if start == "":
        return None
    try:
        time, identifier = json.loads(urlsafe_b64decode(start))
        return float(time), str(identifier)
    except (ValueError, TypeError):
        raise bad_request(
            f"`start` is `{start[:80]}`. Send the `next` or `first` of a page, or leave it out."
        ) from None
