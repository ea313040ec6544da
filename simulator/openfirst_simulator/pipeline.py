"""The way of every request, whatever carried it here: admitted, struck by faults, decided and committed, noted, and answered.

Between what a decision reads and what it commits nothing awaits, so no other request comes between. Faults wait before or
after that.
"""

from __future__ import annotations

import json
import logging
import re
from base64 import b64decode
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from email.utils import formatdate
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

import msgspec
from msgspec import structs

from openfirst_reference.contract.findings import ContractError
from openfirst_reference.contract.http_surface import Endpoint
from openfirst_simulator.bodies import BODY_LIMIT, CONTROL_LIMIT, is_whole, json_object, of_query
from openfirst_simulator.control import CONTROL_ROUTES, Content, ControlRoute, check_sender, control
from openfirst_simulator.decisions import AS_IT_IS, Seen
from openfirst_simulator.descriptions import Descriptions, as_yaml
from openfirst_simulator.events import as_json, misheard
from openfirst_simulator.faults import BREAKING, MISLEADING, OF_CONTENT, OF_EVENTS, SPOILING, Asked, Fault, kinds_for
from openfirst_simulator.interface import Admitted, Done, Interface
from openfirst_simulator.issuing import asked_of
from openfirst_simulator.journal import UNKNOWN, Entry
from openfirst_simulator.messages import Answer, Disconnected, Hearing, Request, parts_of
from openfirst_simulator.problems import EVENT_STREAM, JSON, PROBLEM_JSON, Problem, bad_request, not_found, too_large
from openfirst_simulator.records import Event, Feed
from openfirst_simulator.rest import File
from openfirst_simulator.router import Router
from openfirst_simulator.routes import REST_ROUTES, SESSION_ROUTES, TOKEN_ROUTES, RestRoute, Route, TokenRoute
from openfirst_simulator.table import Table
from openfirst_simulator.timeline import BrokenOff
from openfirst_simulator.world import World
from openfirst_simulator.worlds import WorldError, Worlds

Handler = Callable[[Request, Mapping[str, str]], Awaitable[Answer]]
Do = Callable[[World | None, Mapping[str, str], Request], tuple[World, Any]]
_log = logging.getLogger(__name__)
_BROKEN = Answer(0, delivery="broken")
_VERSIONS, _KEY_BYTES = ("13", "8", "7"), 16
"""Of WebSockets: those that the server speaks, and how long a key is."""
_NOT_WANTED = re.compile(r"q\s*=\s*0(\.0*)?")
_PAGE = b"<!doctype html><title>Bad Gateway</title><p>Something between you and the platform answered this."


class Pipeline:
    """Every route of the tables, at the root and under a world's own base URL."""

    def __init__(self, table: Table, worlds: Worlds) -> None:
        self._interface, self._worlds, self._table = Interface(table, worlds), worlds, table
        self._descriptions = Descriptions(table.contract)
        self._router = Router(self._routes())

    async def answer(self, request: Request) -> Answer:
        """What a request comes to."""
        try:
            handler, path = self._router.find(request.method, request.path)
        except Problem as problem:
            return self._nowhere(problem, request)
        try:
            return await handler(request, path)
        except Problem as problem:
            return self.refused(problem, request.path)
        except BrokenOff:
            return _BROKEN
        except ContractError as error:
            why = Problem(500, "contract-error", "The contract does not say what to do", str(error))
            return self.refused(why, request.path)
        except Exception:
            _log.exception("%s %s", request.method, request.path)
            detail = "The simulator failed at this; its log says where. Please report it."
            return self.refused(Problem(500, "internal-error", "The simulator failed", detail), request.path)

    def refused(self, problem: Problem, path: str) -> Answer:
        """The answer to a request that comes to no route, by the clock of the world that its path names, or the default one."""
        world = self._of_path(path)
        return refused(problem, now=None if world is None else world.clock.now())

    def _of_path(self, path: str) -> World | None:
        """The world that a path names, or the default one; None where there is none, and for the control plane."""
        if not path.startswith("/w/"):
            return None if path.startswith(CONTROL) else self._worlds.default
        try:
            return self._worlds.named(unquote(path.split("/", 3)[2]))
        except WorldError:
            return None

    def _nowhere(self, problem: Problem, request: Request) -> Answer:
        """The answer to a request that comes to no route, which stands in the journal of whoever asks it."""
        world = self._of_path(request.path)
        if world is None:
            return refused(problem)
        world = asked_of(self._worlds, world if request.path.startswith("/w/") else None, request.authorization)
        now = world.clock.now()
        answer = refused(problem, now=now)
        world.journal.add(
            lambda number: Entry(
                number=number,
                at=now,
                name=UNKNOWN,
                method=request.method,
                path=request.path,
                sent=request.body or b"",
                status=answer.status,
                answer=answer.content,
                code=problem.code,
                came_after=number - 1,
                came_at=now,
                choices=world.choices,
            )
        )
        return answer

    def _routes(self) -> Iterator[tuple[str, str, Handler]]:
        for prefix in ("", "/w/{world}"):
            for route in SESSION_ROUTES:
                yield route.endpoint.method, prefix + route.endpoint.path, self._session(route)
            for token_route in TOKEN_ROUTES:
                yield token_route.endpoint.method, prefix + token_route.endpoint.path, self._token(token_route)
            for rest_route in REST_ROUTES:
                yield rest_route.endpoint.method, prefix + rest_route.endpoint.path, self._rest(rest_route)
        for control_route in CONTROL_ROUTES:
            yield control_route.method, control_route.path, self._control(control_route)
        for path, show in SHOWN.items():
            yield "GET", path, self._shown(path, show)

    def _session(self, route: Route) -> Handler:
        kinds = kinds_for(route.endpoint, self._table.contract)

        async def handle(request: Request, path: Mapping[str, str]) -> Answer:
            asked = self._interface.admit(route, self._named(path), path, request.authorization)
            if route.listens and asked.problem is None:
                asked = _heard_before(asked, request)
            world = asked.world
            began, life = world.clock.now(), world.life
            came = world.journal.last, began
            name, claims, about = route.endpoint.name, asked.claims, asked.session_id
            struck = world.strike(Asked(name, request.method, request.path, kinds, claims, about))
            try:
                return await self._decided(asked, request, struck, came, life)
            finally:
                if struck:
                    world.clock.done(request)

        return handle

    async def _decided(
        self, asked: Admitted, request: Request, struck: Sequence[Fault], came: tuple[int, float], life: int
    ) -> Answer:
        """What an admitted request comes to, that came behind an entry of the journal and at an instant."""
        world, status, began = asked.world, asked.route.endpoint.status, came[1]
        instead, began = await _before(struck, world, began, request) if struck else (None, began)
        _check(world, life)
        if isinstance(instead, Answer):
            return _noted(asked, request, Done(), instead, struck, came, world.clock.now())
        if instead is not None:
            now = world.clock.now()
            return _noted(asked, request, Done(problem=instead), refused(instead, now=now), struck, came, now)
        canceled = await self._under_way(asked, struck, began, request) if struck else None
        _check(world, life)
        if struck:
            struck = self._telling(asked, request, struck, is_canceled=canceled is not None)
        done = Done(problem=canceled) if canceled else self._done(asked, request, _seen(struck) if struck else AS_IT_IS)
        now = world.clock.now()
        if done.problem is not None:
            answer = refused(done.problem, now=now)
        elif asked.route.listens:
            answer, struck = _listening(asked, request, done, now, struck)
        else:
            answer = _answer(status, done.body, now=now)
        closes: str | None = None
        if struck:
            struck, closes = _closing(struck, done, world)
            answer, struck = _after(answer, struck, world)
        answer = _noted(asked, request, done, answer, struck, came, now)
        if closes is not None:
            world.close(closes)
        return answer

    def _done(self, asked: Admitted, request: Request, seen: Seen, *, commit: bool = True) -> Done:
        raw = b""
        if asked.route.endpoint.has_body and asked.problem is None:
            if request.body is None:
                return Done(problem=too_large(BODY_LIMIT))
            raw = request.body
        return self._interface.decide(asked, raw, seen, commit=commit)

    def _telling(
        self, asked: Admitted, request: Request, struck: Sequence[Fault], *, is_canceled: bool
    ) -> Sequence[Fault]:
        """These faults but for those that do nothing before the answer: nobody waits, or the answer is the same without them."""
        late = [fault for fault in struck if fault.kind == "late"]
        struck = _spared(struck, late[1:] if _can_wait(asked) else late, asked.world)
        misleading = [fault for fault in struck if fault.kind in MISLEADING]
        if is_canceled:
            return _spared(struck, misleading, asked.world)
        for fault in reversed(misleading):
            others = [each for each in struck if each is not fault]
            if self._would_be(asked, request, struck) == self._would_be(asked, request, others):
                struck = _spared(struck, [fault], asked.world)
        return struck

    def _would_be(self, asked: Admitted, request: Request, struck: Sequence[Fault]) -> Any:
        """What would be answered to a request that is struck by these, with nothing done."""
        done = self._done(asked, request, _seen(struck), commit=False)
        return done.body if done.problem is None else done.problem.body()

    async def _under_way(
        self, asked: Admitted, struck: Sequence[Fault], began: float, request: Request
    ) -> Problem | None:
        """What a request comes to that is done late, if another one cancels it meanwhile."""
        late = next((fault for fault in struck if fault.kind == "late"), None)
        if late is None or asked.claims is None or not _can_wait(asked):
            return None
        operation = self._table.contract.bindings.operations.inward(str(asked.route.endpoint.operation))
        return await asked.world.under_way(late, asked.claims, operation, asked.arguments, since=began, who=request)

    def _token(self, route: TokenRoute) -> Handler:
        def give(at: World | None, path: Mapping[str, str], request: Request) -> tuple[World, Any]:
            return self._interface.token(route, at, request.authorization, request.content_type, _body(request))

        return self._public(route.endpoint, give)

    def _rest(self, route: RestRoute) -> Handler:
        def do(at: World | None, path: Mapping[str, str], request: Request) -> tuple[World, Any]:
            return self._interface.rest(route, at, path, request, _body(request))

        return self._public(route.endpoint, do)

    def _public(self, endpoint: Endpoint, do: Do) -> Handler:
        """A route of the platform's public interface, asked by an application. `do` gives its world, and the body of the answer."""
        kinds = kinds_for(endpoint, self._table.contract)

        async def handle(request: Request, path: Mapping[str, str]) -> Answer:
            at = self._named(path)
            world = asked_of(self._worlds, at, request.authorization)
            began, life = world.clock.now(), world.life
            struck: Sequence[Fault] = world.strike(Asked(endpoint.name, request.method, request.path, kinds))
            try:
                instead, _ = await _before(struck, world, began, request) if struck else (None, began)
            finally:
                world.clock.done(request)  # What is left to do takes no time.
            _check(world, life)
            problem = instead if isinstance(instead, Problem) else None
            if isinstance(instead, Answer):
                answer = instead
            else:
                if problem is None:
                    try:
                        world, body = do(at, path, request)
                    except Problem as refusing:
                        problem = refusing
                now = world.clock.now()
                answer = (
                    _given(endpoint.status, body, now)
                    if problem is None
                    else refused(problem, problem.seen_body(), JSON, now=now)
                )
                if struck and instead is None:
                    answer, struck = _after(answer, struck, world)
            world.journal.add(
                lambda number: Entry(
                    number=number,
                    at=world.clock.now(),
                    name=endpoint.name,
                    method=request.method,
                    path=request.path,
                    sent=request.body or b"",
                    status=answer.status,
                    answer=answer.content,
                    code=None if problem is None else problem.code,
                    faults=tuple(fault.id for fault in struck),
                    delivered=answer.delivery,
                    kinds=tuple(fault.kind for fault in struck),
                    came_after=number - 1,
                    came_at=world.clock.now(),
                    choices=world.choices,
                )
            )
            return answer

        return handle

    def _control(self, route: ControlRoute) -> Handler:
        async def handle(request: Request, path: Mapping[str, str]) -> Answer:
            check_sender(request.headers)
            fields = json_object(_body(request, CONTROL_LIMIT), "a JSON object") or {}
            result = await control(route, self._worlds, path, fields, request.query)
            if isinstance(result, Content):
                return Answer(route.status, result.text.encode(), result.content_type, result.headers)
            return _answer(route.status, result)

        return handle

    def _shown(self, path: str, show: Show) -> Handler:
        async def handle(request: Request, _: Mapping[str, str]) -> Answer:
            if path.startswith(CONTROL):
                check_sender(request.headers)
            return show(
                self._descriptions, self._worlds.default, f"{request.scheme}://{request.headers.get('Host', HOST)}"
            )

        return handle

    def _named(self, path: Mapping[str, str]) -> World | None:
        name = path.get("world")
        try:
            return None if name is None else self._worlds.named(name)
        except WorldError as error:
            raise not_found(str(error)) from None


# Descriptions ---------------------------------------------------------------------------------------------------------

CONTROL, HOST = "/_openfirst/", "127.0.0.1:8765"
OPENAPI, REST_OPENAPI, CONTROL_OPENAPI = "/openapi.yaml", "/rest.yaml", f"{CONTROL}openapi.yaml"
Show = Callable[[Descriptions, World, str], Answer]


def _page(descriptions: Descriptions, world: World, base: str) -> Answer:
    from openfirst_simulator.pages import CONTENT_SECURITY_POLICY, page  # noqa: PLC0415 - few ask for it

    described = {
        OPENAPI: descriptions.session_interface,
        REST_OPENAPI: descriptions.rest_interface,
        CONTROL_OPENAPI: descriptions.control_plane,
    }
    content = page(described, base, world.key, world.secret).encode()
    return Answer(200, content, "text/html", {"Content-Security-Policy": CONTENT_SECURITY_POLICY})


def _session_yaml(descriptions: Descriptions, world: World, base: str) -> Answer:
    return Answer(200, as_yaml(descriptions.session_interface), YAML)


def _rest_yaml(descriptions: Descriptions, world: World, base: str) -> Answer:
    return Answer(200, as_yaml(descriptions.rest_interface), YAML)


def _control_yaml(descriptions: Descriptions, world: World, base: str) -> Answer:
    return Answer(200, as_yaml(descriptions.control_plane), YAML)


YAML = "application/yaml"
SHOWN: Mapping[str, Show] = {
    OPENAPI: _session_yaml,
    REST_OPENAPI: _rest_yaml,
    CONTROL_OPENAPI: _control_yaml,
    CONTROL: _page,
}
"""What there is to read, by its path."""

# Faults ---------------------------------------------------------------------------------------------------------------


async def _before(
    struck: Sequence[Fault], world: World, began: float, who: Request
) -> tuple[Answer | Problem | None, float]:
    """What faults make of a request before anything is done: they answer in the platform's place, or keep it waiting, till when."""
    for fault in struck:
        match fault.kind:
            case "delay":
                began = await world.hold_up(fault, fault.seconds, f"{fault.kind} {fault.id} is over", began, who)
            case "stall":
                await world.stall(fault, who)
                return _BROKEN, began
            case "refuse":
                return _BROKEN, began
            case "status":
                wait = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after}"}
                detail = f"The fault {fault.id} answers in the platform's place. Nothing was done; try again later."
                return Problem(fault.status, "fault", "The platform does not answer now", detail, headers=wait), began
    return None, began


def _check(world: World, life: int) -> None:
    """Raises BrokenOff for a request that has seen its world become another."""
    if world.life != life:
        raise BrokenOff


def _seen(struck: Sequence[Fault]) -> Seen:
    """How the world looks to a request that is struck by these."""
    condition = next((fault.kind for fault in struck if fault.kind in ("expired", "revoked")), None)
    skew = sum(fault.seconds for fault in struck if fault.kind == "skew")
    return Seen(condition, skew, any(fault.kind == "stale" for fault in struck))


def _can_wait(asked: Admitted) -> bool:
    """Whether a request gets so far that it may be under way."""
    return asked.claims is not None and asked.problem is None


def _spared(struck: Sequence[Fault], idle: Collection[Fault], world: World) -> Sequence[Fault]:
    """These faults without the idle ones, of which nobody says that they struck."""
    for fault in idle:
        world.spare(fault)
    return [fault for fault in struck if fault not in idle] if idle else struck


def _closing(struck: Sequence[Fault], done: Done, world: World) -> tuple[Sequence[Fault], str | None]:
    """These faults, and the session that one of them closes; without those that find no session to close."""
    closing = [fault for fault in struck if fault.kind == "closed"]
    session = world.session_of(done.decided.client.id) if closing and done.decided is not None else None
    return _spared(struck, closing if session is None else closing[1:], world), session


def _after(answer: Answer, struck: Sequence[Fault], world: World) -> tuple[Answer, Sequence[Fault]]:
    """What faults make of an answer, with everything done that was asked; and the faults, without those that it is the same for."""
    after = [fault for fault in struck if fault.kind in (*SPOILING, *OF_CONTENT)]
    lost = next((fault for fault in after if fault.kind == "lost"), None)
    if lost is not None:
        broken = structs.replace(answer, delivery="broken")
        return broken, _spared(struck, [fault for fault in after if fault is not lost], world)
    idle = list[Fault]()
    # A field is taken out of what is JSON still.
    for fault in sorted(after, key=lambda each: each.kind != "missing-field"):
        made = _made(answer, fault, world)
        if made is answer:
            idle.append(fault)
        answer = made
    return answer, _spared(struck, idle, world)


def _made(answer: Answer, fault: Fault, world: World) -> Answer:
    """What a fault makes of an answer; the same one, if there is nothing in it for the fault."""
    match fault.kind:
        case "cut" if answer.delivery == "whole":
            return structs.replace(answer, delivery="cut")
        case "dribble" if answer.delivery == "whole":
            each = fault.seconds / max(1, len(parts_of(answer.content)))
            return structs.replace(answer, delivery="slow", pause=_Pauses(world, fault, each))
        case "malformed" if answer.content:
            return structs.replace(answer, content=answer.content[: len(answer.content) // 2])
        case "wrong-type" if answer.content != _PAGE:
            # Nor is there a stream: whoever wanted one, or a WebSocket, has the page as a whole.
            delivery = "whole" if answer.delivery == "stream" else answer.delivery
            return structs.replace(answer, content=_PAGE, content_type="text/html", delivery=delivery, hearing=None)
        case "missing-field" if answer.content:
            body = json.loads(answer.content)
            left = _without(body, str(fault.field))
            return answer if left == body else structs.replace(answer, content=_encoded(left))
    return answer


class _Pauses:
    """The pauses before the parts of a slow answer, each timed from the one before it."""

    def __init__(self, world: World, fault: Fault, seconds: float) -> None:
        self._world, self._fault, self._seconds = world, fault, seconds
        self._since, self._life = world.clock.now(), world.life

    async def __call__(self) -> None:
        what = f"a part of an answer ({self._fault.id})"
        self._since = await self._world.hold_up(self._fault, self._seconds, what, self._since, self)
        _check(self._world, self._life)

    def close(self) -> None:
        """No part comes any more."""
        self._world.clock.done(self)


def _without(value: Any, name: str) -> Any:
    """The value without the fields of this name, however deep."""
    if isinstance(value, dict):
        return {key: _without(item, name) for key, item in value.items() if key != name}
    return [_without(item, name) for item in value] if isinstance(value, list) else value


# Answers --------------------------------------------------------------------------------------------------------------


def _noted(
    asked: Admitted,
    request: Request,
    done: Done,
    answer: Answer,
    struck: Sequence[Fault],
    came: tuple[int, float],
    now: float,
) -> Answer:
    """The answer, which stands in the world's journal from now on. It `came` behind which entry, and when."""
    world, claims, decided, problem = asked.world, asked.claims, done.decided, done.problem
    step = decided.step if decided is not None else None if problem is None else problem.step
    world.journal.add(
        lambda number: Entry(
            number=number,
            at=now,
            name=asked.route.endpoint.name,
            method=request.method,
            path=request.path,
            sent=request.body or b"",
            status=answer.status,
            answer=answer.content,
            code=None if problem is None else problem.code,
            rule=None if problem is None else problem.rule,
            token=None if claims is None else claims.id,
            external_id=None if claims is None else claims.external_id,
            session=None if decided is None else decided.client.session,
            step=step,
            before=None if step is None else step.before,
            after=None if step is None else step.after,
            faults=tuple([fault.id for fault in struck]) if struck else (),
            delivered=answer.delivery,
            kinds=tuple([fault.kind for fault in struck]) if struck else (),
            client=(decided is not None and decided.client.id) or (world.client_of(claims) if claims else asked.bearer),
            claims=claims,
            came_after=came[0],
            came_at=came[1],
            choices=world.choices,
            own=decided is None or decided.client.id != "",
        )
    )
    return answer


# Events ---------------------------------------------------------------------------------------------------------------


def _heard_before(asked: Admitted, request: Request) -> Admitted:
    """The request, which goes no further if it does not say from where on it listens."""
    try:
        _after_event(request)
        if _upgrades(request):
            _check_handshake(request.headers)
        return asked
    except Problem as problem:
        return structs.replace(asked, problem=problem)


def _after_event(request: Request) -> int:
    """The number of the event behind which a request listens. Raises Problem for what is none."""
    fields = of_query(request.query)
    unknown = [name for name in fields if name != "after"]
    if unknown:
        raise bad_request(f"The query has a field that is not known: `{unknown[0][:80]}`. Known: after.")
    where, said = "after", fields.get("after")
    if said is None:
        where, said = "Last-Event-ID", request.headers.get("Last-Event-ID") or "0"
    if not is_whole(said):
        raise bad_request(f"`{where}` is `{said[:80]}`. Give the number of the last event that was heard, or 0.")
    return int(said)


def _listening(
    asked: Admitted, request: Request, done: Done, now: float, struck: Sequence[Fault]
) -> tuple[Answer, Sequence[Fault]]:
    """What a session has heard, and in a stream all that it will; and the faults, without those that change nothing of it."""
    after, world = _after_event(request), asked.world
    session = "" if done.decided is None else str(done.decided.client.session)
    is_stream = _accepts_stream(request.headers.get("Accept", "")) or _upgrades(request)
    of_events = [fault for fault in struck if fault.kind in OF_EVENTS]
    kinds = [fault.kind for fault in of_events]
    events = world.events(session, after)
    feed = world.records.load(Feed, session)
    if after > (0 if feed is None else feed.last):  # A number of before the world became what it was once, say.
        return refused(_cannot_resume(after), now=now), _spared(struck, of_events, world)
    if after and "refused-resume" in kinds:
        struck = _spared(struck, [fault for fault in of_events if fault.kind != "refused-resume"], world)
        return refused(_cannot_resume(after), now=now), struck
    idle = [fault for fault in of_events if fault.kind == "refused-resume"]
    if is_stream:
        going_on = Asked(asked.route.endpoint.name, request.method, request.path, BREAKING, asked.claims, session)
        hearing: Hearing = _Hearing(world, session, after, going_on)
        if len(idle) < len(of_events):
            hearing = _Misheard(hearing, kinds)
        headers = {"Date": _date(int(now)), "Cache-Control": "no-cache", "Openfirst-World": world.name}
        stream = Answer(200, b"", EVENT_STREAM, headers, delivery="stream", hearing=hearing)
        return stream, _spared(struck, idle, world)
    last = events[-1].id if events else after
    for fault in of_events:
        changed = misheard(events, fault.kind) if events else events
        if changed == events and fault not in idle:
            idle.append(fault)
        events = changed
    body = {"events": [as_json(event) for event in events], "last": last}
    return _answer(200, body, now=now), _spared(struck, idle, world)


def _upgrades(request: Request) -> bool:
    """Whether a request wants to go on as a WebSocket."""
    return request.headers.get("Upgrade", "").strip().lower() == "websocket"


def _check_handshake(headers: Mapping[str, str]) -> None:
    """Raises Problem for a WebSocket that cannot begin (RFC 6455, 4.2.1)."""
    version, key = headers.get("Sec-WebSocket-Version", ""), headers.get("Sec-WebSocket-Key", "")
    if "upgrade" not in headers.get("Connection", "").lower():
        raise bad_request(
            "`Upgrade` asks for a WebSocket, and `Connection` does not. Send `Connection: Upgrade` beside it."
        )
    if version not in _VERSIONS:
        raise bad_request(f"`Sec-WebSocket-Version` is `{version[:80]}`. Send {_VERSIONS[0]}.")
    try:
        is_key = len(b64decode(key, validate=True)) == _KEY_BYTES
    except ValueError:
        is_key = False
    if not is_key:
        raise bad_request(f"`Sec-WebSocket-Key` is `{key[:80]}`. Send {_KEY_BYTES} random bytes in Base64.")


def _accepts_stream(accept: str) -> bool:
    """Whether an `Accept` header names server-sent events, and not to say that they are not wanted."""
    for part in accept.lower().split(","):
        kind, *parameters = (each.strip() for each in part.split(";"))
        if kind == EVENT_STREAM and not any(_NOT_WANTED.fullmatch(each) for each in parameters):
            return True
    return False


def _cannot_resume(after: int) -> Problem:
    detail = f"Events cannot be heard from behind the number {after} on. Listen without `after` or `Last-Event-ID`."
    return Problem(410, "cannot-resume", "What was heard is not known any more", detail)


class _Hearing:
    """What a session hears behind an event, one after another, until a fault breaks it. The journal's next entry is about it."""

    def __init__(self, world: World, session: str, after: int, asked: Asked) -> None:
        self._world, self._session, self._after = world, session, after
        self._life = world.life
        self._asked, self._met = asked, set[str]()
        self._clears, self._entry = world.journal.cleared, world.journal.last + 1
        world.pass_over(asked, self._met)

    async def __call__(self) -> Sequence[Event] | None:
        if self._world.life != self._life:  # It became another while nobody waited for what comes next.
            return None
        events = await self._world.more_events(self._session, self._after, self._check)
        if events:
            self._after = events[-1].id
        return events

    def _check(self) -> None:
        fault = self._world.breaks(self._asked, self._met)
        if fault is not None:
            if self._world.journal.cleared == self._clears:
                self._world.journal.struck(self._entry, fault.id, fault.kind)
            raise Disconnected


class _Misheard:
    """What a session hears, with something wrong in the beginning of it: by these kinds of fault."""

    def __init__(self, hearing: Hearing, kinds: Sequence[str]) -> None:
        self._hearing, self._kinds, self._begun = hearing, kinds, False

    async def __call__(self) -> Sequence[Event] | None:
        if self._begun and "disconnect" in self._kinds:
            raise Disconnected
        events = await self._hearing()
        if self._begun or events is None:
            return events
        self._begun = True
        if "reorder" in self._kinds and len(events) == 1:
            # There are two that can change places, as soon as the second one is there.
            events = [*events, *(await self._hearing() or ())]
        for kind in self._kinds:
            events = misheard(events, kind)
        return events[:1] if "disconnect" in self._kinds else events


def _body(request: Request, limit: int = BODY_LIMIT) -> bytes:
    if request.body is None:
        raise too_large(limit)
    return request.body


def refused(
    problem: Problem, body: dict[str, Any] | None = None, content_type: str = PROBLEM_JSON, now: float | None = None
) -> Answer:
    """The answer that a problem is; `body` takes the place of the problem details."""
    return _answer(problem.status, body or problem.body(), now=now, content_type=content_type, headers=problem.headers)


def _answer(
    status: int,
    body: Any,
    *,
    now: float | None = None,
    content_type: str = JSON,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    every = {**({} if now is None else {"Date": _date(int(now))}), **(headers or {})}
    if status == 204:
        return Answer(status, headers=every)
    return Answer(status, _encoded(body), content_type, every)


def _given(status: int, body: Any, now: float) -> Answer:
    """The answer to an application, which may be a file."""
    if isinstance(body, File):
        return Answer(status, b"", body.content_type, {"Date": _date(int(now))})
    return _answer(status, body, now=now)


def _encoded(body: Any) -> bytes:
    try:
        return msgspec.json.encode(body)
    except (TypeError, UnicodeEncodeError):
        # The contract's texts know where they stand; and half a character, as a header may have it, is no text.
        return json.dumps(body, ensure_ascii=False).encode(errors="replace")


@lru_cache(maxsize=100)
def _date(now: int) -> str:
    return formatdate(now, usegmt=True)
