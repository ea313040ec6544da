"""The control plane: worlds, their clocks and choices, and the platform's own moves."""

from __future__ import annotations

import asyncio
import inspect
import ipaddress
import math
import re
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import islice
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

from openfirst_reference.contract.findings import did_you_mean
from openfirst_simulator import dashboard, faults, views
from openfirst_simulator.bodies import check_external_id, is_whole, kind_of, number_shown, of_query, whole
from openfirst_simulator.clock import REAL
from openfirst_simulator.exports import TYPES
from openfirst_simulator.journal import Filter
from openfirst_simulator.problems import Problem, bad_request, not_found
from openfirst_simulator.records import Application, Client
from openfirst_simulator.report import as_json, as_text
from openfirst_simulator.snapshot import schema
from openfirst_simulator.timeline import BrokenOff, Timeline
from openfirst_simulator.tokens import BadToken
from openfirst_simulator.world import LONGEST_LIFE, World
from openfirst_simulator.worlds import WorldError, Worlds

T = TypeVar("T", bound=str)
ROOT = "/_openfirst/worlds"
REPORTS = ("json", "text", "html")
WHOLE = ("status", "since", "atLeast", "atMost", "seconds", "offset", "limit", "before", "after")
"""The fields that are whole numbers, in a query as well."""
_NAMED = 8
_NO_HOST = re.compile(r"[@/\\?#\s]")
PAGE, LARGEST_PAGE = 100, 1_000
"""How many of a list are shown where nothing is said, and at most."""
LONGEST_WAIT = 30
"""How long a request may wait for an entry of the journal, in seconds."""
_SCALE = "a number: 0 to stand still, 1 for the real time"
Json = Mapping[str, Any]


@dataclass(frozen=True)
class Content:
    """The body of an answer that is no JSON of ours."""

    text: str
    content_type: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ControlRoute:
    """A route of the control plane: what it does with the worlds, the path's parts, and the body's `fields`.

    The fields are those that it takes, None for any. They stand in the query of a GET or DELETE, else in the body.
    """

    method: str
    path: str
    status: int
    do: Callable[[Worlds, Mapping[str, str], Json], Any]
    fields: tuple[str, ...] | None = ()

    @property
    def place(self) -> Literal["query", "body"]:
        """Where the fields stand."""
        return "query" if self.method in ("GET", "DELETE") else "body"


def check_sender(headers: Mapping[str, str]) -> None:
    """Raises Problem for a request of a web page from elsewhere, or one to a name that is not this machine's.

    The control plane asks for no password, so whatever runs in a browser must not reach it.
    """
    for name in ("Host", "Origin"):
        sent = [value for key, value in headers.items() if key.lower() == name.lower()]
        there = [host for host in sent if not _is_here(host if name == "Host" else host.partition("://")[2])]
        if there:
            raise _not_for_others(f"The {name} is `{there[0][:80]}`.")
        if len(sent) > 1:
            raise _not_for_others(f"The {name} is there {len(sent)} times, and nobody knows which one counts.")


def _not_for_others(found: str) -> Problem:
    detail = f"{found} The control plane is this machine's: ask 127.0.0.1 or localhost."
    return Problem(403, "foreign-sender", "The control plane is not for others", detail)


def _is_here(host: str) -> bool:
    """Whether a host, with a port or without, is this machine."""
    if _NO_HOST.search(host):
        return False
    try:
        there = urlsplit(f"//{host}")
        name = (there.hostname or "").removesuffix(".")
        _ = there.port  # Raises ValueError for what is none.
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


async def control(route: ControlRoute, worlds: Worlds, path: Mapping[str, str], fields: Json, query: str = "") -> Any:
    """The body of the answer, as JSON or as `Content`, or None. `fields` are those of the body. Raises Problem."""
    fields = _given(route, fields, query)
    try:
        result = route.do(worlds, path, fields)
        return await result if inspect.isawaitable(result) else result
    except WorldError as error:
        raise Problem(409, "world-error", "The world cannot be used so", str(error)) from None
    except ValueError as error:
        raise bad_request(str(error)) from None


def _given(route: ControlRoute, body: Json, query: str) -> Json:
    """The fields that were given, in the place where the route takes them."""
    given = {"query": _of_query(query), "body": body}
    for place, fields in given.items():
        unknown = [] if route.fields is None else [name for name in fields if name not in route.fields]
        if unknown:
            known = ", ".join(route.fields or ()) or "none"
            meant = "".join(f" Did you mean `{name}`?" for name in get_close_matches(unknown[0], route.fields or (), 1))
            raise bad_request(f"The {place} has fields that are not known: {_listed(unknown)}.{meant} Known: {known}.")
        if fields and place != route.place:
            how = {"query": "behind a question mark in the URL", "body": "as a JSON object in the body"}[route.place]
            raise bad_request(f"The {place} has {_listed(fields)}. Send {'it' if len(fields) == 1 else 'them'} {how}.")
    return given[route.place]


def _of_query(query: str) -> Json:
    """The fields of a query: texts, and whole numbers where such are meant."""
    return {
        name: int(value) if name in WHOLE and is_whole(value.removeprefix("-")) else value
        for name, value in of_query(query).items()
    }


def _listed(names: Iterable[str]) -> str:
    """The first of these names, as a message shows them."""
    some = [f"`{name[:80]}`" for name in islice(names, _NAMED + 1)]
    return ", ".join(some[:_NAMED]) + (" and more" if len(some) > _NAMED else "")


def described(world: World) -> dict[str, Any]:
    """A world as the control plane shows it."""
    return {
        "name": world.name,
        "url": world.url,
        "key": world.key,
        "secret": world.secret,
        "now": world.clock.now(),
        "choices": dict(world.choices),
        "requests": world.requests,
    }


def _list(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    return {"worlds": [described(world) for world in worlds.all()]}


def _create(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    name = _new_name(fields)
    choices = _field(fields, "choices", (dict,), "an object of choices and their values") or {}
    seed = _field(fields, "seed", (int, str), "a whole number or a text")
    if seed is not None and fields.get("name") is None:
        raise bad_request(
            "`seed` is without a `name`, and it takes both to be the same in every run. Send a `name` too."
        )
    scale = _field(fields, "scale", (int, float), _SCALE)
    speed = REAL if scale is None else _float(scale)
    return described(worlds.create(name, choices=_chosen(choices), seed=seed, scale=speed, guest=True))


def _drop(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    _world(worlds, path)
    worlds.drop(path["world"])


async def _advance(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    clock = _world(worlds, path).clock
    milliseconds = _field(fields, "milliseconds", (int, float), "a number")
    instant = _field(fields, "to", (int, float), "seconds since 1970")
    to_next = _field(fields, "next", (bool,), "true")
    if [milliseconds is not None, instant is not None, bool(to_next)].count(True) != 1:
        raise bad_request("Send how far: one of `milliseconds`, `to` (seconds since 1970) and `next` (true).")
    if milliseconds is not None:
        if 0 < milliseconds < 1:
            raise bad_request(f"`milliseconds` is {milliseconds}, in which nothing can happen. Send 0, or 1 at least.")
        happened = await clock.pass_by(_float(milliseconds) / 1000)
    elif instant is not None:
        happened = await clock.pass_until(_float(instant))
    else:
        happened = await clock.pass_to_next()
    return {**_clock_shown(clock), "happened": happened}


def _run(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    clock = _world(worlds, path).clock
    scale = _field(fields, "scale", (int, float), _SCALE)
    if scale is None:
        raise bad_request("`scale` is missing. Send how many seconds pass in a real one, 0 to stand still.")
    clock.run(_float(scale))
    return _clock_shown(clock)


def _clock(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    return _clock_shown(_world(worlds, path).clock)


def _clock_shown(clock: Timeline) -> dict[str, Any]:
    clock.catch_up()
    return {"now": clock.now(), "scale": clock.scale, "next": clock.next_due}


def _float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf


def _choose(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    world = _world(worlds, path)
    world.choose(_chosen(fields))
    return {"choices": dict(world.choices)}


def _token(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    external_id = _field(fields, "externalId", (str,), "a text, or leave it out")
    check_external_id(external_id)
    scopes = _field(fields, "scopes", (list,), "a list of texts")
    if scopes is not None and not all(isinstance(scope, str) for scope in scopes):
        raise bad_request("`scopes` has something else in it than texts. Send a list of texts.")
    seconds = _whole(fields, "expiresIn")
    if seconds is not None and seconds > LONGEST_LIFE:
        raise bad_request(f"`expiresIn` is {number_shown(seconds)}. Send {LONGEST_LIFE:,} seconds at most.")
    wanted: dict[str, Any] = {
        "scopes": scopes,
        "expires_in": seconds,
        "condition": _field(fields, "condition", (str,), "a text"),
    }
    given = {name: value for name, value in wanted.items() if value is not None}
    return {"token": _world(worlds, path).token(external_id, **given)}


def _chosen(choices: Json) -> Json:
    """Choices by their words, which YAML, and so many a person, writes as `true` or `null`, too."""
    for name, value in choices.items():
        if not isinstance(value, str | bool | None):
            raise bad_request(f"The choice `{name[:80]}` is {kind_of(value)}. Send a text.")
    return choices


def _revoke(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    token = _field(fields, "token", (str,), "a text")
    if token is None:
        raise bad_request("`token` is missing. Send the client access token.")
    try:
        _world(worlds, path).revoke(token)
    except BadToken as error:
        raise bad_request(f"`token` cannot be used: {error} Send a client access token of this world.") from None


def _close(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    world = _world(worlds, path)
    world.close(_open(world, path))


def _open(world: World, path: Mapping[str, str]) -> str:
    if not world.has_session(path["id"]):
        raise not_found(f"No session `{path['id'][:80]}` is open in the world `{world.name}`.")
    return path["id"]


def _left(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    world = _world(worlds, path)
    return {
        "sessions": [{"id": session.id, "externalId": session.external_id} for session in world.sessions],
        "faults": [faults.shown(fault) for fault in world.faults if fault.idle],
    }


def _faults(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    return {"faults": [faults.shown(fault) for fault in _world(worlds, path).faults]}


def _fail(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    world, name = _world(worlds, path), _field(fields, "recipe", (str,), "a text")
    if name is None:
        return {"faults": [faults.shown(world.fail(**fields))]}
    beside = {each: value for each, value in fields.items() if each != "recipe"}
    return {"faults": [faults.shown(world.fail(**each)) for each in faults.narrowed(name, beside)]}


def _heal(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    world = _world(worlds, path)
    if "id" in path and path["id"] not in {fault.id for fault in world.faults}:
        raise not_found(f"There is no fault `{path['id'][:80]}` in the world `{world.name}`.")
    world.heal(path.get("id"))


def _journal(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    world = _world(worlds, path)
    wanted = _filter(world, fields)
    form = _one_of(fields, "format", TYPES)
    if form is not None:
        return Content(world.export(form, wanted), TYPES[form])
    return {
        "entries": [world.shown(entry) for entry in world.journal.find(wanted)],
        "last": world.journal.last,
        "complete": world.journal.knows(wanted),
    }


def _latest(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    world = _world(worlds, path)
    _, limit = _paged(fields)
    found = list(islice(world.journal.latest(_filter(world, fields), _whole(fields, "before")), limit + 1))
    return {
        "entries": [world.shown(entry) for entry in found[:limit]],
        "more": len(found) > limit,
        "last": world.journal.last,
        "dropped": world.journal.dropped,
    }


def _paged(fields: Json) -> tuple[int, int]:
    """How many of a list are left out first, and how many are shown then."""
    offset, limit = _whole(fields, "offset"), _whole(fields, "limit")
    limit = PAGE if limit is None else limit
    if not 1 <= limit <= LARGEST_PAGE:
        raise bad_request(f"`limit` is {number_shown(limit)}. Send 1 to {LARGEST_PAGE:,}.")
    return offset or 0, limit


def _pulse(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    return views.pulse(worlds, _world(worlds, path))


def _sessions(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    external_id = _field(fields, "externalId", (str,), "a text")
    return views.sessions(_world(worlds, path), *_paged(fields), external_id)


def _events(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    world = _world(worlds, path)
    world.clock.catch_up()
    return views.events(world, _open(world, path), _whole(fields, "after") or 0, _paged(fields)[1])


def _client(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    world = _world(worlds, path)
    return views.client(world, _known(world, path))


def _known(world: World, path: Mapping[str, str]) -> Client:
    world.clock.catch_up()
    client = world.records.load(Client, path["id"])
    if client is None:
        raise not_found(f"There is no client `{path['id'][:80]}` in the world `{world.name}`, or no longer.")
    return client


def _conferences(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    return views.conferences(_world(worlds, path), *_paged(fields))


def _timers(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    return views.timers(_world(worlds, path), _paged(fields)[1])


def _tokens(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    return views.known_tokens(_world(worlds, path), *_paged(fields))


def _inspect(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    token = _field(fields, "token", (str,), "a text")
    if token is None:
        raise bad_request("`token` is missing. Send what is to be looked at.")
    return views.inspected(worlds, _world(worlds, path), token)


def _rows(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    return views.rows_shown(_world(worlds, path))


def _words(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    return views.words(worlds.default)


async def _contract(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    # It takes a moment, in which the platform goes on answering.
    return await asyncio.to_thread(views.contract_shown, worlds.default.contract)


def _ui(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    name = path.get("file", dashboard.INDEX)
    found = dashboard.file(name)
    if found is None:
        raise not_found(f"The dashboard has no file `{name[:80]}`. It begins at /_openfirst/ui/.")
    return Content(found.text, found.content_type, dashboard.HEADERS)


def _to_ui(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    return Content("The dashboard is at /_openfirst/ui/.\n", "text/plain", {"Location": "/_openfirst/ui/"})


def _report(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    report = _world(worlds, path).report()
    match _one_of(fields, "format", REPORTS):
        case "text":
            return Content(as_text(report), "text/plain")
        case "html":
            from openfirst_simulator.report_page import as_html  # noqa: PLC0415 - few ask for it

            return Content(as_html(report), "text/html")
    return as_json(report)


def _one_of(fields: Json, name: str, known: Collection[T]) -> T | None:
    """One of the words that are known, None where nothing is said."""
    value = _field(fields, name, (str,), "a text")
    if value is None:
        return None
    for each in known:
        if each == value:
            return each
    raise bad_request(f"`{name}` is `{value[:80]}`. {did_you_mean(value, [str(each) for each in known])}")


def _verify(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    at_least, at_most = _whole(fields, "atLeast"), _whole(fields, "atMost")
    world = _world(worlds, path)
    verdict, found = world.journal.verify(_filter(world, fields), at_least, at_most)
    return {"verdict": verdict, "found": found}


async def _wait(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    seconds = _whole(fields, "seconds")
    seconds = 2 if seconds is None else seconds
    if seconds > LONGEST_WAIT:
        raise bad_request(f"`seconds` is {number_shown(seconds)}. Send {LONGEST_WAIT} at most.")
    world = _world(worlds, path)
    try:
        entry = await world.journal.wait(_filter(world, fields), seconds)
    except BrokenOff:
        raise not_found(f"The world `{world.name}` was dropped meanwhile: nothing comes any more.") from None
    return {"entry": None if entry is None else world.shown(entry)}


def _clear(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    _world(worlds, path).journal.clear()


def _webhook(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    return {"url": _world(worlds, path).webhook}


def _post_to(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    url = _field(fields, "url", (str,), "a text")
    if url is None:
        raise bad_request("`url` is missing. Send where to post to; DELETE posts nowhere any more.")
    _world(worlds, path).post_to(url)
    return {"url": url}


def _post_nowhere(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    _world(worlds, path).post_to(None)


def _applications(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    return {"applications": [_application(each) for each in _world(worlds, path).applications]}


def _apply(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    return _application(worlds.another_application(_world(worlds, path)))


def _application(application: Application) -> dict[str, str]:
    return {"key": application.id, "secret": application.secret}


def _snapshot(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    return _world(worlds, path).snapshot()


def _restore(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    _world(worlds, path)
    worlds.restore(path["world"], fields)


def _fork(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    _world(worlds, path)
    return described(worlds.fork(path["world"], _new_name(fields)))


def _reset(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    world = _world(worlds, path)
    world.reset()
    return described(world)


def _schema(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    return schema()


def _new_name(fields: Json) -> str:
    name: str | None = _field(fields, "name", (str,), "a text")
    return f"w-{uuid.uuid4().hex[:12]}" if name is None else name


FILTERS = {
    "operation": "operation",
    "status": "status",
    "code": "code",
    "externalId": "external_id",
    "session": "session",
    "fault": "fault",
    "row": "row",
    "since": "since",
}


def _filter(world: World, fields: Json) -> Filter:
    """The entries that the fields ask for. A name that no entry can have is refused: it would never be found."""
    values: dict[str, Any] = {}
    for name, own in FILTERS.items():
        value = _whole(fields, name) if name in WHOLE else _field(fields, name, (str,), "a text")
        if value is not None:
            values[own] = value
    wanted = Filter(**values)
    world.check(wanted)
    return wanted


def _whole(fields: Json, name: str) -> int | None:
    """A whole number."""
    value = whole(fields.get(name))
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
        found = f"the text `{value[:80]}`" if isinstance(value, str) else kind_of(value)
        found = number_shown(value) if type(value) in (int, float) else found
        raise bad_request(f"`{name}` is {found}. Send a whole number, 0 or more.")
    return value


CONTROL_ROUTES = (
    ControlRoute("GET", ROOT, 200, _list),
    ControlRoute("POST", ROOT, 201, _create, ("name", "choices", "seed", "scale")),
    ControlRoute("DELETE", f"{ROOT}/{{world}}", 204, _drop),
    ControlRoute("POST", f"{ROOT}/{{world}}/reset", 200, _reset),
    ControlRoute("GET", f"{ROOT}/{{world}}/snapshot", 200, _snapshot),
    ControlRoute("PUT", f"{ROOT}/{{world}}/snapshot", 204, _restore, None),
    ControlRoute("POST", f"{ROOT}/{{world}}/fork", 201, _fork, ("name",)),
    ControlRoute("GET", "/_openfirst/snapshot.schema.json", 200, _schema),
    ControlRoute("GET", f"{ROOT}/{{world}}/applications", 200, _applications),
    ControlRoute("POST", f"{ROOT}/{{world}}/applications", 201, _apply),
    ControlRoute("GET", f"{ROOT}/{{world}}/clock", 200, _clock),
    ControlRoute("PUT", f"{ROOT}/{{world}}/clock", 200, _run, ("scale",)),
    ControlRoute("POST", f"{ROOT}/{{world}}/clock/advance", 200, _advance, ("milliseconds", "to", "next")),
    ControlRoute("GET", f"{ROOT}/{{world}}/faults", 200, _faults),
    ControlRoute("POST", f"{ROOT}/{{world}}/faults", 201, _fail, (*faults.NAMES.values(), "recipe")),
    ControlRoute("DELETE", f"{ROOT}/{{world}}/faults", 204, _heal),
    ControlRoute("DELETE", f"{ROOT}/{{world}}/faults/{{id}}", 204, _heal),
    ControlRoute("GET", f"{ROOT}/{{world}}/journal", 200, _journal, (*FILTERS, "format")),
    ControlRoute("GET", f"{ROOT}/{{world}}/journal/latest", 200, _latest, (*FILTERS, "before", "limit")),
    ControlRoute("DELETE", f"{ROOT}/{{world}}/journal", 204, _clear),
    ControlRoute("POST", f"{ROOT}/{{world}}/journal/verify", 200, _verify, (*FILTERS, "atLeast", "atMost")),
    ControlRoute("GET", f"{ROOT}/{{world}}/journal/wait", 200, _wait, (*FILTERS, "seconds")),
    ControlRoute("GET", f"{ROOT}/{{world}}/report", 200, _report, ("format",)),
    ControlRoute("PUT", f"{ROOT}/{{world}}/choices", 200, _choose, None),
    ControlRoute("GET", f"{ROOT}/{{world}}/left", 200, _left),
    ControlRoute("GET", f"{ROOT}/{{world}}/webhook", 200, _webhook),
    ControlRoute("PUT", f"{ROOT}/{{world}}/webhook", 200, _post_to, ("url",)),
    ControlRoute("DELETE", f"{ROOT}/{{world}}/webhook", 204, _post_nowhere),
    ControlRoute("POST", f"{ROOT}/{{world}}/tokens", 201, _token, ("externalId", "scopes", "expiresIn", "condition")),
    ControlRoute("POST", f"{ROOT}/{{world}}/tokens/revoke", 204, _revoke, ("token",)),
    ControlRoute("POST", f"{ROOT}/{{world}}/tokens/inspect", 200, _inspect, ("token",)),
    ControlRoute("POST", f"{ROOT}/{{world}}/sessions/{{id}}/close", 204, _close),
    ControlRoute("GET", f"{ROOT}/{{world}}/sessions/{{id}}/events", 200, _events, ("after", "limit")),
    ControlRoute("GET", f"{ROOT}/{{world}}/pulse", 200, _pulse),
    ControlRoute("GET", f"{ROOT}/{{world}}/sessions", 200, _sessions, ("externalId", "offset", "limit")),
    ControlRoute("GET", f"{ROOT}/{{world}}/clients/{{id}}", 200, _client),
    ControlRoute("GET", f"{ROOT}/{{world}}/conferences", 200, _conferences, ("offset", "limit")),
    ControlRoute("GET", f"{ROOT}/{{world}}/timers", 200, _timers, ("limit",)),
    ControlRoute("GET", f"{ROOT}/{{world}}/tokens", 200, _tokens, ("offset", "limit")),
    ControlRoute("GET", f"{ROOT}/{{world}}/rows", 200, _rows),
    ControlRoute("GET", "/_openfirst/contract", 200, _contract),
    ControlRoute("GET", "/_openfirst/words", 200, _words),
    ControlRoute("GET", "/_openfirst/ui", 308, _to_ui),
    ControlRoute("GET", "/_openfirst/ui/", 200, _ui),
    ControlRoute("GET", "/_openfirst/ui/{file}", 200, _ui),
)


def _world(worlds: Worlds, path: Mapping[str, str]) -> World:
    try:
        return worlds.named(path["world"])
    except WorldError as error:
        raise not_found(str(error)) from None


def _field(fields: Json, name: str, kinds: tuple[type, ...], expected: str) -> Any:
    value = whole(fields.get(name)) if int in kinds and float not in kinds else fields.get(name)
    if value is not None and (not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds)):
        raise bad_request(f"`{name}` is {kind_of(value)}. Send {expected}.")
    return value
