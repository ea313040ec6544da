"""What the control plane shows to somebody who looks on: a page of it at a time, and nothing is changed by looking."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from itertools import islice
from typing import Any

import msgspec

from openfirst_reference.contract.http_surface import surface
from openfirst_reference.contract.model import Contract
from openfirst_simulator import faults
from openfirst_simulator.events import as_json, heard
from openfirst_simulator.records import EXTERNAL_ID, SESSION, Client, Conference, Feed, Timer, Token, like
from openfirst_simulator.report import rows_of_a_platform
from openfirst_simulator.store import MemoryStore
from openfirst_simulator.timeline import WAKE
from openfirst_simulator.tokens import BadToken, Claims
from openfirst_simulator.world import World
from openfirst_simulator.worlds import Worlds

Json = dict[str, Any]
_MEMBERS = 100
"""How many members of a conference are shown."""


def pulse(worlds: Worlds, world: World) -> Json:
    """How a world is doing, in few words: whoever looks on sees whether there is more to ask for.

    `worlds`, `life`, `records` and `journal` change whenever a world came or went, the world became another, anything in it
    was changed, and its journal has another entry, or was cleared.
    """
    records, clock = _caught_up(world), world.clock
    return {
        "now": clock.now(),
        "scale": clock.scale,
        "next": clock.next_due,
        "worlds": worlds.changes,
        "life": world.life,
        "records": records.commits,
        "journal": {"last": world.journal.last, "cleared": world.journal.cleared},
        "sessions": records.led(SESSION),
        "conferences": records.count(Conference),
        "faults": records.count(faults.Fault),
        "choices": dict(world.choices),
    }


def _caught_up(world: World) -> MemoryStore:
    """What is in a world, with all that was due: from here on it stays as it is."""
    world.clock.catch_up()
    return world.records


# Clients and what they share ------------------------------------------------------------------------------------------


def sessions(world: World, offset: int, limit: int, external_id: str | None = None) -> Json:
    """The sessions that are open (of an external ID), the one that was opened last first."""
    records = _caught_up(world)
    if external_id is None:
        found, total = records.newest_led(SESSION), records.led(SESSION)
    else:
        every = [name for each in world.applications for name in records.find(EXTERNAL_ID, like(each.id, external_id))]
        found, total = reversed(every), len(every)
    page = [records.load(Client, name) for name in islice(found, offset, offset + limit)]
    return {"sessions": [client(world, each) for each in page if each is not None], "total": total}


def client(world: World, one: Client) -> Json:
    """A client: its session and conference if it has one, its participant, its token, and its state by the contract's variables."""
    token = world.records.load(Token, one.token)
    return {
        "client": one.id,
        "application": one.app,
        "session": one.session,
        "opened": None if one.session is None else one.opened,
        "externalId": next(iter(one.alike), None if token is None else token.claims.external_id),
        "participant": world.participant(one),
        "conference": one.conference,
        "token": None if token is None else _token(world, token),
        "state": world.state_of(one),
    }


def conferences(world: World, offset: int, limit: int) -> Json:
    """The conferences, the one that was created last first, with a hundred members each at most."""
    records = _caught_up(world)
    page = list(islice(records.newest(Conference), offset, offset + limit))
    return {"conferences": [_conference(world, each) for each in page], "total": records.count(Conference)}


def _conference(world: World, one: Conference) -> Json:
    members = [_member(world, name, said) for name, said in islice(one.members.items(), _MEMBERS)]
    rest = {name: msgspec.to_builtins(getattr(one, name)) for name in one.__struct_fields__ if name != "members"}
    return {
        "id": one.id,
        "alias": one.alias,
        "members": members,
        "count": len(one.members),
        "more": {name: value for name, value in rest.items() if name not in ("id", "alias")},
    }


def _member(world: World, name: str, said: Any) -> Json:
    one = world.records.load(Client, name)
    shown = {"type": said} if isinstance(said, str) else msgspec.to_builtins(said)
    participant = None if one is None else world.participant(one)
    return {"client": name, "session": None if one is None else one.session, "participant": participant, "more": shown}


def events(world: World, session: str, after: int, limit: int) -> Json:
    """What an open session has heard behind the event with this number: the newest of it, oldest first."""
    feed = world.records.load(Feed, session)
    behind = heard(feed, after)
    return {
        "events": [as_json(event) for event in behind[-limit:]],
        "more": len(behind) > limit,
        "last": 0 if feed is None else feed.last,
    }


# Time and tokens ------------------------------------------------------------------------------------------------------


def timers(world: World, limit: int) -> Json:
    """What is to happen, in its order."""
    records = _caught_up(world)
    return {"timers": [_timer(each) for each in records.next_timers(limit)], "total": records.count(Timer)}


def _timer(timer: Timer) -> Json:
    what, of = (timer.of, None) if timer.what == WAKE else (timer.what, timer.of)
    return {"due": timer.due, "what": what, "of": of}


def known_tokens(world: World, offset: int, limit: int) -> Json:
    """The clients' tokens that were used or revoked, the one that was met last first. Of others the platform keeps nothing."""
    records = _caught_up(world)
    page = list(islice(records.newest(Token), offset, offset + limit))
    return {"tokens": [_token(world, each) for each in page], "total": records.count(Token)}


def _token(world: World, token: Token) -> Json:
    _, condition = world.token_known(token.claims)
    one = None if token.client is None else world.records.load(Client, token.client)
    return {
        **_claims(token.claims),
        "condition": condition,
        "left": token.claims.expires - world.clock.now(),
        "client": token.client,
        "session": None if one is None else one.session,
    }


def _claims(claims: Claims) -> Json:
    return {
        "id": claims.id,
        "application": claims.app,
        "kind": claims.kind,
        "externalId": claims.external_id,
        "issued": claims.issued,
        "expires": claims.expires,
        "scopes": None if claims.scopes is None else list(claims.scopes),
    }


def inspected(worlds: Worlds, world: World, raw: str) -> Json:
    """What there is to say of a text that may be a token, in this world and now.

    `condition` is as credentials have it on the wire, and `why` a sentence where it is none of a genuine token. `says` is what
    is written in it, whoever wrote that.
    """
    says, raw = _written(raw), raw.strip()
    try:
        claims = worlds.of_token(raw, at=world).admit(raw)
    except BadToken as error:
        return {"condition": error.condition, "genuine": False, "why": str(error), "says": says, "token": None}
    token, _ = world.token_known(claims)
    shown = _token(world, token)
    return {"condition": shown["condition"], "genuine": True, "why": None, "says": says, "token": shown}


def _written(raw: str) -> str | None:
    """The middle of a JSON Web Token, as text; None for what has none."""
    parts = raw.strip().split(".")
    with suppress(ValueError):
        if len(parts) == 3:
            return urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)).decode()
    return None


# Words ----------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4)
def contract_shown(contract: Contract) -> Json:
    """The contract as far as one who looks on must know it: the diagram, variables, choices, and the rules of each row.

    Takes half a second: the diagram is drawn from all that is reachable.
    """
    from openfirst_reference.show.contract_pages import diagram, drawn_variable  # noqa: PLC0415 - few ask for it

    drawn, variable = diagram(contract), drawn_variable(contract)
    arrows: dict[tuple[str, str], list[str]] = {}
    for before, after, label in drawn.arrows:
        arrows.setdefault((before, after), []).append(contract.bindings.operations.outward(label))
    defaults = contract.default_choices()
    return {
        "name": str(contract.name),
        "version": str(contract.version),
        "title": str(contract.title),
        "diagram": {
            "variable": variable,
            "initial": drawn.initial,
            "states": [str(value) for value in contract.variables[variable].values],
            "arrows": [{"from": ends[0], "to": ends[1], "calls": calls} for ends, calls in arrows.items()],
        },
        "variables": {name: str(item.meaning) for name, item in contract.variables.items()},
        "choices": [
            {
                "name": name,
                "values": [str(value) for value in item.values],
                "default": defaults[name],
                "why": str(item.why),
                "quote": str(item.quote),
                "source": str(contract.sources[item.source].title),
            }
            for name, item in contract.choices.items()
        ],
        "rules": {
            name: {
                "statement": str(item.statement),
                "quote": str(item.quote),
                "source": str(contract.sources[item.source].title),
            }
            for name, item in contract.rules.items()
        },
    }


def rows_shown(world: World) -> Json:
    """The rows for what a platform is asked: what each is for, how often it has decided, and the rules that it carries."""
    contract, counts = world.contract, world.journal.rows
    every: Mapping[str, Any] = {**contract.rows, **contract.overlaps}
    return {
        "rows": [
            {
                "row": name,
                "call": contract.bindings.operations.outward(every[name].call),
                "rules": [carry.rule for carry in every[name].carries],
                "count": counts.get(name, 0),
            }
            for name in rows_of_a_platform(world.table)
        ]
    }


def words(world: World) -> Json:
    """The words that a request to the control plane may have here: operations, kinds of faults with their fields, conditions."""
    opens = surface()["open"]
    return {
        "operations": sorted(world.operations),
        "requests": list(surface()),
        "opens": {"method": opens.method, "path": opens.path},
        "kinds": [
            {"kind": kind, "says": says, "operations": list(_struck(kind, world.contract))}
            for kind, says in faults.KINDS.items()
        ],
        "fields": list(faults.fields_shown()),
        "recipes": [{"recipe": name, "faults": [dict(each) for each in made]} for name, made in faults.RECIPES.items()],
        "conditions": list(world.token_conditions),
        "scopes": list(world.session_scopes),
    }


def _struck(kind: str, contract: Contract) -> Iterator[str]:
    for endpoint in surface().values():
        if kind in faults.kinds_for(endpoint, contract):
            yield endpoint.name
