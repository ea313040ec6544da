"""The control plane: worlds, their clocks and choices, and the platform's own moves."""

from __future__ import annotations

import ipaddress
import math
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from openfirst_simulator.bodies import kind_of
from openfirst_simulator.problems import Problem, bad_request, not_found
from openfirst_simulator.timeline import Timeline
from openfirst_simulator.tokens import BadToken
from openfirst_simulator.world import World
from openfirst_simulator.worlds import WorldError, Worlds

ROOT = "/_openfirst/worlds"
# What it calls by a path of its own, by the names on the wire.
REVOKE, CLOSE = "revokeToken", "platformCloses"
Json = Mapping[str, Any]


@dataclass(frozen=True)
class ControlRoute:
    """A route of the control plane: what it does with the worlds, the path's parts, and the body's `fields`.

    The fields are those that it takes, None for any.
    """

    method: str
    path: str
    status: int
    do: Callable[[Worlds, Mapping[str, str], Json], Any]
    fields: tuple[str, ...] | None = ()


def check_sender(headers: Mapping[str, str]) -> None:
    """Raises Problem for a request of a web page from elsewhere, or one to a name that is not this machine's.

    The control plane asks for no password, so whatever runs in a browser must not reach it.
    """
    for name, host in (("Host", headers.get("Host")), ("Origin", headers.get("Origin"))):
        if host is not None and not _is_here(host if name == "Host" else host.partition("://")[2]):
            detail = f"The {name} is `{host[:80]}`. The control plane is this machine's: ask 127.0.0.1 or localhost."
            raise Problem(403, "foreign-sender", "The control plane is not for others", detail)


def _is_here(host: str) -> bool:
    """Whether a host, with a port or without, is this machine."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def control(route: ControlRoute, worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    """The body of the answer, or None. Raises Problem."""
    unknown = () if route.fields is None else [name for name in fields if name not in route.fields]
    if unknown:
        known = ", ".join(route.fields or ()) or "none"
        found = ", ".join(f"`{name[:80]}`" for name in unknown)
        raise bad_request(f"The body has fields that are not known: {found}. Known: {known}.")
    try:
        return route.do(worlds, path, fields)
    except WorldError as error:
        raise Problem(409, "world-error", "The world cannot be used so", str(error)) from None
    except (ValueError, BadToken) as error:
        raise bad_request(str(error)) from None


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
    name = _field(fields, "name", (str,), "a text") or f"w-{uuid.uuid4().hex[:12]}"
    choices = _field(fields, "choices", (dict,), "an object of choices and their values") or {}
    seed = _field(fields, "seed", (int, str), "a number or a text")
    return described(worlds.create(name, choices=choices, seed=seed))


def _drop(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    _world(worlds, path)
    worlds.drop(path["world"])


def _advance(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    clock = _world(worlds, path).clock
    milliseconds = _field(fields, "milliseconds", (int, float), "a number")
    instant = _field(fields, "to", (int, float), "seconds since 1970")
    to_next = _field(fields, "next", (bool,), "true")
    if [milliseconds is not None, instant is not None, bool(to_next)].count(True) != 1:
        raise bad_request("Send how far: one of `milliseconds`, `to` (seconds since 1970) and `next` (true).")
    if milliseconds is not None:
        happened = clock.advance(_float(milliseconds) / 1000)
    else:
        happened = clock.advance_to(_float(instant)) if instant is not None else clock.advance_to_next()
    return {**_clock_shown(clock), "happened": happened}


def _run(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    clock = _world(worlds, path).clock
    scale = _field(fields, "scale", (int, float), "a number: 0 to stand still, 1 for the real time")
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
    world.choose(fields)
    return {"choices": dict(world.choices)}


def _revoke(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    token = _field(fields, "token", (str,), "a text")
    if token is None:
        raise bad_request("`token` is missing. Send the client access token.")
    _world(worlds, path).act(REVOKE, token)


def _close(worlds: Worlds, path: Mapping[str, str], fields: Json) -> Any:
    world = _world(worlds, path)
    if not world.has_session(path["id"]):
        raise not_found(f"No session `{path['id'][:80]}` is open in the world `{world.name}`.")
    world.act(CLOSE, path["id"])


CONTROL_ROUTES = (
    ControlRoute("GET", ROOT, 200, _list),
    ControlRoute("POST", ROOT, 201, _create, ("name", "choices", "seed")),
    ControlRoute("DELETE", f"{ROOT}/{{world}}", 204, _drop),
    ControlRoute("GET", f"{ROOT}/{{world}}/clock", 200, _clock),
    ControlRoute("PUT", f"{ROOT}/{{world}}/clock", 200, _run, ("scale",)),
    ControlRoute("POST", f"{ROOT}/{{world}}/clock/advance", 200, _advance, ("milliseconds", "to", "next")),
    ControlRoute("PUT", f"{ROOT}/{{world}}/choices", 200, _choose, None),
    ControlRoute("POST", f"{ROOT}/{{world}}/tokens/revoke", 204, _revoke, ("token",)),
    ControlRoute("POST", f"{ROOT}/{{world}}/sessions/{{id}}/close", 204, _close),
)


def _world(worlds: Worlds, path: Mapping[str, str]) -> World:
    try:
        return worlds.named(path["world"])
    except WorldError as error:
        raise not_found(str(error)) from None


def _field(fields: Json, name: str, kinds: tuple[type, ...], expected: str) -> Any:
    value = fields.get(name)
    if value is not None and (not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds)):
        raise bad_request(f"`{name}` is {kind_of(value)}. Send {expected}.")
    return value
