"""What a snapshot must be to be gone back to: a world that could be, whoever wrote it.

Of each datum alone, the types of `records` say what it can be. Here is what a record must be in itself, as where it is made, and
what records say of one another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from itertools import pairwise
from typing import Any

import msgspec

from openfirst_reference.contract.findings import Mistake, did_you_mean
from openfirst_reference.machine.step import Identity
from openfirst_simulator import decisions, tokens
from openfirst_simulator.bodies import number_shown, wrong_external_id
from openfirst_simulator.clock import Clock
from openfirst_simulator.courier import AGAIN, check_url
from openfirst_simulator.faults import BEGINS, Fault, check, check_reach
from openfirst_simulator.keyring import KEY_BYTES
from openfirst_simulator.problems import Problem
from openfirst_simulator.records import (
    Client,
    Conference,
    Delivery,
    Invitations,
    Record,
    Remix,
    Series,
    Settings,
    SharedFile,
    SharedVideo,
    Subscriptions,
    Timer,
    Token,
    Visit,
    Webhook,
)
from openfirst_simulator.services import Services, conference, devices, notification
from openfirst_simulator.snapshot import KINDS, Records, Snapshot, schema
from openfirst_simulator.table import Table

ANYWHERE = ("", "/w/{world}")
"""The bases of requests, whichever world a snapshot is gone back to in."""


def read(document: Any, table: Table) -> Snapshot:
    """The snapshot in a document, of a world with the table's contract. Raises ValueError that says where it is none."""
    machine = table.machine
    contract = f"{machine.contract.name} {machine.contract.version}"
    try:
        snapshot = _converted(document)
        for name, key in (("secret", snapshot.secret), ("signingKey", snapshot.signing_key)):
            size = len(bytes.fromhex(key))
            if size != KEY_BYTES:
                raise Mistake(f"`{name}` has {size} bytes, and not {KEY_BYTES}")
        Clock(frozen_at=snapshot.now).run(snapshot.scale)
        if (snapshot.contract, snapshot.variables) != (contract, machine.names):
            raise Mistake(f"it is of the contract {snapshot.contract}, and this is {contract}")
        if not snapshot.records.applications or [each.id for each in snapshot.records.series] != [Series.only]:
            raise Mistake("it has no application, or not one series of IDs")
        for name in KINDS:
            _check_records(name, getattr(snapshot.records, name), snapshot.records, table)
        for look in (_check_holders, _check_feeds, _check_conferences, _check_services):
            look(snapshot.records)
    except (msgspec.ValidationError, ValueError, TypeError) as error:
        raise Mistake(f"This is no snapshot of such a world: {error}. Give a document that `snapshot` gave.") from None
    return snapshot


def _converted(document: Any) -> Snapshot:
    """The document with each datum as its type says. Raises ValueError that says where one is not."""
    try:
        # Of what may be anything the world has a copy: whoever gave the document may alter it for the next time.
        return msgspec.convert(msgspec.to_builtins(document), Snapshot)
    except msgspec.ValidationError:
        from jsonschema import Draft202012Validator  # noqa: PLC0415 - it takes long, and nobody needs it for what is right

        # It says what was found as well.
        for wrong in Draft202012Validator(schema()).iter_errors(document):
            raise Mistake(f"{wrong.json_path}: {wrong.message[:300]}") from None
        raise


# A record in itself ---------------------------------------------------------------------------------------------------


def _check_records(name: str, found: Iterable[Record], records: Records, table: Table) -> None:
    """Raises ValueError that names the first record of a kind that cannot be."""
    for identifier, times in Counter(record.id for record in found).items():
        if times > 1:
            raise Mistake(f"of {name}, {times} have the ID {identifier}")
    applications = {application.id for application in records.applications}
    for record in found:
        of = record.claims.app if isinstance(record, Token) else getattr(record, "app", None)
        if of is not None and of not in applications:
            raise Mistake(f"of {name}, {record.id} is of an application that is not there")
        try:
            _check(record, table)
        except (ValueError, Problem) as error:
            raise Mistake(f"of {name}, {record.id[:80]} cannot be: {str(error).rstrip('.')}") from None


def _check(record: Record, table: Table) -> None:
    """Raises ValueError, or the Problem of the call that makes such a record, for what it cannot be, whatever else there is."""
    match record:
        case Token():
            _check_token(record, table)
        case Client():
            _check_client(record, table)
        case Conference():
            conference.check_alias(record.alias)
            conference.check_parameters(record.parameters)
            _check_external_ids((record.owner[1], *record.grants))
            for granted in record.grants.values():
                if not {*granted.permissions} <= {*conference.PERMISSIONS}:
                    raise Mistake(
                        f"it grants {str(granted.permissions)[:80]}. Known: {', '.join(conference.PERMISSIONS)}"
                    )
            if record.ended is not None and record.members:
                raise Mistake("it has ended, and somebody is in it")
        case Visit():
            _check_external_ids([record.external_id])
        case Invitations():
            _check_external_ids(record.invited)
        case Timer():
            if record.what not in _TIMES:
                raise Mistake(f"`what` is `{record.what[:80]}`. {did_you_mean(record.what[:80], _TIMES)}")
        case Fault():
            check(record)
            check_reach(record, table.contract, ANYWHERE)
        case Webhook():
            if record.id != Webhook.only:
                raise Mistake(f"its ID is not `{Webhook.only}`")
            check_url(record.url)
        case Delivery():
            check_url(record.url)
            if record.number > len(AGAIN) + 1:
                raise Mistake(f"it is the attempt {number_shown(record.number)}, of {len(AGAIN) + 1} at most")
        case Remix():
            if record.id != record.conference:
                raise Mistake("its ID is not that of its conference")
        case Settings():
            for mode in (record.capture, record.tried):
                if mode is not None and devices.mode_of(mode) != mode:
                    raise Mistake(f"it has a capture mode that there is not, {str(mode)[:80]}")
        case SharedFile():
            if record.page > record.images:
                raise Mistake(f"its page {record.page} is shown, and it has {record.images}")
        case Subscriptions():
            notification.check_wanted(record.wanted)
            if len({*record.wanted}) < len(record.wanted):
                raise Mistake("it wants something twice")


_TIMES = frozenset((decisions.EXPIRES, decisions.FORGOTTEN, decisions.REFRESH, BEGINS, *Services.times()))
"""What there are timers for."""


def _check_token(token: Token, table: Table) -> None:
    claims = token.claims
    tokens.check(claims)
    if token.id != claims.id:
        raise Mistake(f"it says that it is {claims.id[:80]}")
    held = {
        "kind": claims.kind,
        "condition": token.condition,
        "externalId": claims.external_id,
        "scopes": claims.scopes,
    }
    table.machine.having(table.machine.state(), **table.credentials.variables(held))


def _check_client(client: Client, table: Table) -> None:
    machine = table.machine
    for state in (client.state, client.previous or client.state):
        values = zip(machine.names, state, strict=True)
        machine.state({name: value for name, value in values if not isinstance(value, Identity)})
    in_session = table.in_session(client.state)
    if in_session is not (client.session is not None):
        raise Mistake("it is in session, and has none" if in_session else "it has a session, and is in none")
    if client.alike != (tuple(sorted(table.identities(client.state))) if in_session else ()):
        raise Mistake(f"it is alike by {list(client.alike)}, and its state says otherwise")
    _check_external_ids(client.alike)


def _check_external_ids(values: Iterable[str | None]) -> None:
    for value in values:
        wrong = wrong_external_id(value)
        if wrong is not None:
            raise Mistake(wrong)


# What records say of one another --------------------------------------------------------------------------------------


def _check_holders(records: Records) -> None:
    """Raises ValueError for a client with a token that is not there, or that is somebody else's, or with the session of another."""
    known = {token.id: token for token in records.tokens}
    sessions = Counter(client.session for client in records.clients if client.session is not None)
    for session, times in sessions.items():
        if times > 1:
            raise Mistake(f"{times} clients have the session {session}")
    for client in records.clients:
        token = known.get(client.token)
        if token is None:
            raise Mistake(f"the client {client.id} has a token that is not there")
        if (token.client, token.claims.app) != (client.id, client.app):
            raise Mistake(f"the client {client.id} has a token that is another client's, {token.client}'s")


def _check_feeds(records: Records) -> None:
    """Raises ValueError for what no open session can have heard."""
    sessions = {client.session for client in records.clients}
    for feed in records.feeds:
        if feed.id not in sessions:
            raise Mistake(f"a session hears that is not open, {feed.id}")
        numbers = [feed.before, *(event.id for event in feed.events), feed.last + 1]
        if feed.before < 0 or any(number >= after for number, after in pairwise(numbers)):
            raise Mistake(f"the events of the session {feed.id} are not in order, up to the number {feed.last}")


def _check_conferences(records: Records) -> None:
    """Raises ValueError for a client in a conference that does not know it, and for what is of one that is not there."""
    conferences = {each.id: each for each in records.conferences}
    visits = {visit.id: visit for visit in records.visits}
    here = {client.id: client.conference for client in records.clients if client.conference is not None}
    for name, of in here.items():
        if of not in conferences or name not in conferences[of].members:
            raise Mistake(f"the client {name} is in the conference {of}, which does not know it")
    aliases = Counter((each.app, each.alias) for each in conferences.values() if each.ended is None)
    for (_, alias), times in aliases.items():
        if times > 1:
            raise Mistake(f"{times} conferences that go on have the alias {alias}")
    for each in conferences.values():
        for name, member in each.members.items():
            visit = visits.get(member.visit)
            if here.get(name) != each.id or visit is None or (visit.conference, visit.left) != (each.id, None):
                raise Mistake(f"the conference {each.id} has the client {name} in it, which is not there")
    for kind in ("visits", "recordings", "streams", "remixes", "deliveries"):
        for record in getattr(records, kind):
            of_conference = conferences.get(record.conference)
            if of_conference is None or getattr(record, "app", of_conference.app) != of_conference.app:
                raise Mistake(f"of {kind}, {record.id} is of a conference that is not there")


def _check_services(records: Records) -> None:
    """Raises ValueError for what services keep of a client, a session or a conference that is not there."""
    sessions = {client.session for client in records.clients}
    holders = {token.client for token in records.tokens}
    members = {each.id: each.members for each in records.conferences}
    inside = {name for each in members.values() for name in each}
    kept: list[tuple[str, Iterable[Record], Collection[str | None]]] = [
        ("media", records.media, inside),
        ("settings", records.settings, holders),
        ("previews", records.previews, holders),
        ("sharedVideos", records.shared_videos, members),
        ("sharedFiles", records.shared_files, members),
        ("invitations", records.invitations, members),
        ("subscriptions", records.subscriptions, sessions),
    ]
    for name, found, known in kept:
        for record in found:
            if record.id not in known:
                raise Mistake(f"{name} has something of {record.id}, which is not there")
    presented: tuple[SharedVideo | SharedFile, ...] = (*records.shared_videos, *records.shared_files)
    for shared in presented:
        if shared.owner not in members[shared.id]:
            raise Mistake(f"in the conference {shared.id} somebody presents who is not there, {shared.owner}")
    for media in records.media:
        beside = next(each for each in members.values() if media.id in each)
        for other in (*media.unheard, *media.unseen):
            if other not in beside or other == media.id:
                raise Mistake(f"media of {media.id} keeps out {other[:80]}, which is not in its conference")
