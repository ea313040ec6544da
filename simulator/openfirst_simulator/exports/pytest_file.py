"""The journal as a test: a file for pytest that plays it again, in a fresh world, and compares what is answered."""

from __future__ import annotations

import json
import pprint
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from openfirst_reference.contract.http_surface import surface
from openfirst_reference.machine.step import is_overlap
from openfirst_simulator import tokens
from openfirst_simulator.endpoints import REST_ENDPOINTS
from openfirst_simulator.exports.har import prefixed
from openfirst_simulator.exports.history import History, history, misled, spoilt, who
from openfirst_simulator.faults import INSTEAD
from openfirst_simulator.ids import LIKE_AN_ID
from openfirst_simulator.journal import Entry, Filter, Journal, content_of
from openfirst_simulator.table import Table
from openfirst_simulator.tokens import Claims

_AGAIN = "again"
_WIDTH = 100
_LIFETIME = 3600
_UNREADABLE = "unreadable"
_LOOK = surface()["isOpen"]
_API, _API_SECONDS = "api", 365 * 86_400
_A_TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")
"""What a token looks like that an answer gave, such as one for a conference."""
_HEAD = """import asyncio
import json
from unittest.mock import ANY

from openfirst import Simulator, load_contract
from openfirst_simulator import Request

CHOICES = {choices}


def test_the_platform_answers_as_it_did():
    asyncio.run(played_again())


async def played_again():
    simulator = Simulator(load_contract())
    world = simulator.world("{again}", choices=CHOICES, frozen_at={start})

    async def ask(method, path, token, body=b""):
        headers = {{}} if token is None else {{"Authorization": f"Bearer {{token}}"}}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = await simulator.answer(Request(method, f"/w/{again}{{path}}", headers, content))
        return answer.status, json.loads(answer.content) if answer.content else None
"""


def pytest_file(world: str, journal: Journal, wanted: Filter, table: Table) -> str:
    """What the clients of the entries that are wanted did, as a test of one file; with what applications changed meanwhile."""
    past = history(journal, wanted, table)
    until = past.entries[-1].number if past.entries else 0
    asked = [entry for entry in journal.find() if journal.anew < entry.number < until and _is_of_application(entry)]
    return _Test(world, past, asked, table).text()


class _Code:
    """What stands in the test as it is."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


class _Test:
    def __init__(self, world: str, past: History, asked: list[Entry], table: Table) -> None:
        self._world, self._past, self._asked, self._table = world, past, asked, table
        self._entries = past.entries
        self._tokens = self._named_tokens()
        self._ids: dict[str, str] = {}
        self._applications: dict[str, str] = {}
        first = {_token(entry): entry.number for entry in reversed(self._entries) if entry.session is not None}
        self._first_uses = frozenset(first.values())
        self._sessions = {entry.session for entry in self._entries if entry.session is not None}
        self._needed: set[str] = set()
        for entry in (*self._entries, *asked):
            said = f"{entry.path} {entry.sent.decode(errors='replace')}"
            self._needed.update(LIKE_AN_ID.findall(said), _A_TOKEN.findall(said))

    def text(self) -> str:
        """The whole file."""
        claims = {entry.claims.id: entry.claims for entry in self._entries if entry.claims is not None}
        moments: list[tuple[float, int, Claims | Entry]] = [(each.issued, 0, each) for each in claims.values()]
        moments += [(entry.at, entry.number, entry) for entry in (*self._entries, *self._asked)]
        moments.sort(key=lambda moment: moment[:2])
        start = moments[0][0] if moments else 0.0
        first = next((entry.choices for entry in self._entries if entry.choices is not None), {})
        default = self._table.contract.default_choices()
        chosen = {name: value for name, value in first.items() if value != default[name]}
        application = [f"{_API} = world.issue(world.applications[0], 'api', {_API_SECONDS})"] if self._asked else []
        lines = [*application, *self._bad_tokens(), *self._played(moments, start, first)]
        head = _HEAD.format(choices=repr(chosen), again=_AGAIN, start=repr(start))
        body = "\n".join(f"    {line}" if line else "" for line in lines)
        return f"{self._docstring()}\n{head}\n{body}".rstrip() + "\n"

    def _docstring(self) -> str:
        world = f"What the world `{self._world}` was asked, played again."
        notes = (
            [*self._past.notes, "Faults do not strike again."]
            if any(e.faults for e in self._entries)
            else self._past.notes
        )
        return '"""' + "\n\n".join([world, *notes]) + '\n"""\n'

    # Tokens -----------------------------------------------------------------------------------------------------------

    def _named_tokens(self) -> dict[str, str]:
        """The name of each token: its client's, with a number from the second on."""
        names: dict[str, str] = {}
        count: dict[str, int] = {}
        for entry in self._entries:
            key = _token(entry)
            if key is not None and key not in names:
                client = who(entry)
                count[client] = count.get(client, 0) + 1
                names[key] = f"token_{self._past.names[client]}" + (f"{count[client]}" if count[client] > 1 else "")
        return names

    def _bad_tokens(self) -> Iterator[str]:
        """Tokens of which nothing is known but that they are none."""
        binding = self._table.credentials.binding.condition
        conditions: dict[str, str] = {}
        for entry in self._entries:
            key = _token(entry)
            if key is not None and entry.claims is None:
                conditions.setdefault(key, _UNREADABLE)
                if entry.before is not None:
                    condition = self._table.machine.value(entry.before, binding.variable)
                    conditions[key] = binding.outward(str(condition))
        for key, word in conditions.items():
            yield f"{self._tokens[key]} = world.token(condition={word!r})"

    def _issued(self, claims: Claims) -> Iterator[str]:
        lifetime = round(claims.expires - claims.issued)
        name = self._tokens[claims.id]
        if claims.app not in self._applications:
            self._applications[claims.app] = "world.applications[0]"
            if len(self._applications) > 1:
                self._applications[claims.app] = f"application_{len(self._applications)}"
                yield f"{self._applications[claims.app]} = world.another_application()"
        application = self._applications[claims.app]
        if claims.kind == tokens.TOKEN and claims.scopes is not None and application == "world.applications[0]":
            given = [] if claims.external_id is None else [repr(claims.external_id)]
            given += [] if claims.scopes == (tokens.ALL_SCOPES,) else [f"scopes={claims.scopes!r}"]
            given += [] if lifetime == _LIFETIME else [f"expires_in={lifetime}"]
            yield f"{name} = world.token({', '.join(given)})"
        else:
            scopes = None if claims.scopes is None else list(claims.scopes)
            yield f"{name} = world.issue({application}, {claims.kind!r}, {lifetime}, {scopes!r}, {claims.external_id!r})"
        if self._is_revoked_from_the_start(claims):
            yield f"world.revoke({name})"

    def _is_revoked_from_the_start(self, claims: Claims) -> bool:
        binding, machine = self._table.credentials.binding.condition, self._table.machine
        revoked = binding.inward("revoked")
        for entry in self._entries:
            if entry.claims is None or entry.claims.id != claims.id or entry.before is None or misled(entry):
                continue
            return machine.value(entry.before, binding.variable) == revoked and not entry.is_move
        return False

    # What is played ---------------------------------------------------------------------------------------------------

    def _played(
        self, moments: Iterable[tuple[float, int, Claims | Entry]], now: float, choices: Mapping[str, str]
    ) -> Iterator[str]:
        ends = [entry.claims.expires for entry in self._entries if entry.claims is not None]
        applications = {entry.number for entry in self._asked}
        for at, _, what in moments:
            fresh = isinstance(what, Claims)
            if at > now and (fresh or at - now >= 1 or any(now < end <= at for end in ends)):
                now = at
                yield ""
                yield f"world.clock.advance_to({at!r})  # {datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}"
            if isinstance(what, Claims):
                yield from self._issued(what)
                continue
            if what.choices is not None and what.choices != choices:
                choices = what.choices
                yield f"world.choose({dict(choices)!r})"
            yield ""
            if what.number in applications:
                yield from self._rest(what)
            else:
                yield from self._move(what) if what.is_move else self._request(what)

    def _rest(self, entry: Entry) -> Iterator[str]:
        """What an application changed; of its answer, the IDs and tokens are needed."""
        yield f"# {entry.number}. {entry.name}"
        given = [repr(entry.method), self._path(entry), _API, *([self._sent(entry)] if entry.sent else [])]
        yield f"status, body = await ask({', '.join(given)})"
        yield f"assert status == {entry.status}"
        yield from self._remembered(content_of(entry.answer), "body")

    def _move(self, entry: Entry) -> Iterator[str]:
        named = self._tokens[str(_token(entry))]
        yield f"# {entry.number}. The platform itself."
        yield f"world.act({entry.name!r}, {named})"

    def _request(self, entry: Entry) -> Iterator[str]:
        why = self._unplayable(entry)
        what = f"# {entry.number}. {entry.name}"
        if why is not None:
            yield f"{what}: left out, {why}."
            yield from self._told(entry)
            return
        faults = f", when {', '.join(entry.kinds)} struck" if entry.kinds else ""
        by = f": refused, {entry.rule}" if entry.rule is not None else ""
        yield what + by + faults
        token, body = _token(entry), content_of(entry.answer)
        given = [repr(entry.method), self._path(entry), "None" if token is None else self._tokens[token]]
        given += [self._sent(entry)] if entry.sent else []
        yield f"status, body = await ask({', '.join(given)})"
        if spoilt(entry):
            yield f"assert status == {entry.status}"
            return
        if entry.status >= 400:
            yield f"assert status == {entry.status}"
            yield f'assert body["code"] == {entry.code!r}'
            return
        yield f"assert status == {entry.status}"
        yield from self._compared(body)
        yield from self._remembered(body, "body")

    def _told(self, entry: Entry) -> Iterator[str]:
        """A token that is first used with a session's ID belongs to it from then on, whatever else became of the request."""
        at, token = entry.session and self._ids.get(entry.session), _token(entry)
        if entry.number in self._first_uses and at is not None and at in self._path(entry) and token is not None:
            path = _LOOK.path.replace("{sessionId}", f"{{{at}}}")
            yield f"# It was the first that was asked with {self._tokens[token]}, which is the session's from now on."
            yield f'await ask({_LOOK.method!r}, f"{path}", {self._tokens[token]})'

    def _unplayable(self, entry: Entry) -> str | None:
        """Why a request is not played again."""
        step = entry.step
        if any(kind in INSTEAD for kind in entry.kinds):
            return f"a fault ({', '.join(entry.kinds)}) answered in the platform's place, with nothing done"
        if misled(entry) and (
            step is None or step.is_error or self._table.contract.operations[step.call.operation].pure
        ):
            return f"a fault ({', '.join(entry.kinds)}) had a say in it, and it changed nothing"
        if step is not None and is_overlap(step):
            return "another call overlapped it"
        return "its body was not kept" if entry.status == 413 else None

    def _path(self, entry: Entry) -> str:
        path = prefixed(entry.path, _AGAIN).removeprefix(f"/w/{_AGAIN}").replace("{", "{{").replace("}", "}}")
        for known in dict.fromkeys(LIKE_AN_ID.findall(path)):
            if known in self._ids:
                path = path.replace(known, f"{{{self._ids[known]}}}")
            elif known == entry.session:
                path = path.replace(known, "current")  # its answer did not come as it was, so the ID is not known
        is_plain = "{" not in path
        return repr(path) if is_plain else f"f{path!r}"

    def _sent(self, entry: Entry) -> str:
        try:
            value = json.loads(entry.sent)
        except ValueError:
            return repr(entry.sent)
        return repr(entry.sent) if value is None else repr(self._named(value, None))

    def _compared(self, body: Any) -> Iterator[str]:
        begin = "assert body == "
        if body is None:
            yield "assert body is None"
            return
        shown = pprint.pformat(self._named(body, _Code("ANY")), width=_WIDTH, sort_dicts=False).splitlines()
        yield begin + shown[0]
        yield from (" " * len(begin) + line for line in shown[1:])

    def _named(self, value: Any, unknown: _Code | None) -> Any:
        """The value with names for what has one here, and `unknown` for other IDs."""
        if isinstance(value, dict):
            return {key: self._named(item, unknown) for key, item in value.items()}
        if isinstance(value, list):
            return [self._named(item, unknown) for item in value]
        if not isinstance(value, str) or not (LIKE_AN_ID.fullmatch(value) or _A_TOKEN.fullmatch(value)):
            return value
        return _Code(self._ids[value]) if value in self._ids else unknown or value

    def _remembered(self, value: Any, where: str) -> Iterator[str]:
        """IDs that are asked with later get a name where they are seen first."""
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, item in items:
            yield from self._remembered(item, f"{where}[{json.dumps(key)}]")
        if isinstance(value, str) and value in self._needed and value not in self._ids:
            kind = "session" if value in self._sessions else "access" if _A_TOKEN.fullmatch(value) else "id"
            self._ids[value] = f"{kind}_{len(self._ids) + 1}"
            yield f"{self._ids[value]} = {where}"


def _is_of_application(entry: Entry) -> bool:
    """Whether it changed something for an application, and was answered as it was."""
    is_change = entry.name in REST_ENDPOINTS and entry.method != "GET"
    return is_change and entry.status < 300 and not spoilt(entry)


def _token(entry: Entry) -> str | None:
    """What tells the token of a request from others; None without one."""
    return entry.client if entry.claims is None else entry.claims.id
