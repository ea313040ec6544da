"""What a call comes to: the contract's table, asked about what the store has. Pure: reads a draft, and changes nothing but that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from msgspec import structs

from openfirst_reference.contract.model import ANY_ERROR, OF_SERVICE
from openfirst_reference.machine.step import Identity, State, Step
from openfirst_simulator import events, tokens
from openfirst_simulator.ids import Ids
from openfirst_simulator.problems import Problem, bad_request, refusal
from openfirst_simulator.records import (
    EXTERNAL_ID,
    GOOD,
    SESSION,
    Client,
    Feed,
    Subscriptions,
    Timer,
    Token,
    like,
)
from openfirst_simulator.services import KEPT, NotModelled, Scene, Services, Setting
from openfirst_simulator.store import Draft
from openfirst_simulator.table import Table
from openfirst_simulator.tokens import Claims

EXPIRES, FORGOTTEN, REFRESH = "token-expires", "token-forgotten", "token-refresh"


class Decided(NamedTuple):
    """What a call came to: the client as it is now, the step of the table, and the answer or the refusal.

    For a call that sees a stale world, it is the client as it was before its last change.
    """

    client: Client
    step: Step
    outcome: Any


class Seen(NamedTuple):
    """How the world looks to a request: its token as if in this condition, by a clock that is `skew` seconds ahead.

    `stale`: a call that changes nothing is answered what was so before the last change.
    """

    condition: str | None = None
    skew: float = 0.0
    stale: bool = False


AS_IT_IS = Seen()


class Decisions:
    """Decides calls at one moment: `now` in seconds, under these choices, with what is in the draft."""

    def __init__(
        self, table: Table, draft: Draft, now: float, choices: Mapping[str, str], ids: Ids, setting: Setting
    ) -> None:
        self._table, self._machine = table, table.machine
        self._draft, self._now, self._choices, self._ids, self._setting = draft, now, choices, ids, setting

    @property
    def _services(self) -> Services:
        # Not kept: the two would hold each other, and each request would leave a circle behind for the collector.
        return Services(self._table.contract.methods, self.scene)

    @property
    def scene(self) -> Scene:
        """What services find, and leave."""
        return Scene(self._draft, self._ids, self._now, self._setting, self.participant, self._table.outside)

    def perform(
        self,
        claims: Claims,
        operation: str,
        arguments: Mapping[str, Any],
        session_id: str | None = None,
        seen: Seen = AS_IT_IS,
    ) -> Decided:
        """A call with a token that says this (about the session with this ID). Raises Problem for a bad argument."""
        client, token = self.client(claims, session_id)
        is_stale = seen.stale and client.previous is not None and self._table.contract.operations[operation].pure
        if is_stale:
            client = _before(client)
        is_own = session_id in (None, client.session)
        if not is_own:
            # Somebody else's session, or one that is over. To this client it is none, so it may do what may
            # be done without one: a client of the moment takes the call, and is forgotten.
            client = Client(id="", app=claims.app, state=self._table.nobody, token=token.id)
        state = self._state(client, token, seen)
        if self._others(client, self._table.sought(state, operation, arguments, self._choices)):
            state = self._table.in_company(state)
        step, outcome = self._chosen(client, state, operation, arguments)
        if is_stale:
            return Decided(client, step, outcome)
        if is_own:
            client = self._take(self._draft.get(Client, client.id) or client, token, step)
        else:
            self._services.forget(client)
        return Decided(client, step, outcome)

    def participant(self, client: Client, state: State | None = None) -> Any:
        """The local participant of a client's session, as the contract shows it; None without one.

        `state` is the client's, if it was worked out at this moment.
        """
        state = state or self._state(client, self.token(client))
        steps = self._table.steps(state, self._table.participant, {}, self._choices)
        return next((self._value(client, step) for step in steps if not step.is_error), None)

    def state_of(self, client: Client) -> State:
        """Where a client is, with what the world knows now."""
        return self._state(client, self.token(client))

    def condition_of(self, token: Token) -> str:
        """The condition of a genuine token now, as credentials have it on the wire."""
        return self._condition(token)

    def follow(self) -> None:
        """What else follows where this moment has changed a conference."""
        self._services.settle()

    def act(self, operation: str, client: Client, token: Token) -> Decided:
        """A move of the platform itself on a client."""
        step = next(self._table.steps(self._state(client, token), operation, {}, self._choices))
        return Decided(self._take(client, token, step), step, None)

    def overlapped(self, claims: Claims, operation: str, arguments: Mapping[str, Any], other: str) -> Problem | None:
        """What a call that is under way comes to because another one overlaps it; None if that is no matter."""
        client, token = self.client(claims)
        step = self._table.overlap(self._state(client, token), operation, arguments, other)
        if step is None or step.code is None:
            return None
        return refusal(self._table.contract, step.code, rule=self._table.rule(step), step=step)

    def holder(self, session_id: str | None) -> Client | None:
        """The client whose session this is."""
        return None if session_id is None else next(iter(self._draft.find(Client, SESSION, session_id)), None)

    def client(self, claims: Claims, session_id: str | None = None) -> tuple[Client, Token]:
        """The client of a token that says this, and the token's record.

        A good token that is used for the first time, and on a session of its kind and external ID, is a
        refreshed one: it is that client's from now on.
        """
        token = self._draft.get(Token, claims.id) or Token(id=claims.id, claims=claims)
        if token.client is None:
            holder = self.holder(session_id)
            if holder is not None and self._condition(token) == GOOD and token.is_like(self.token(holder)):
                token = structs.replace(token, client=holder.id)
                self._draft.put(structs.replace(holder, token=token.id))
            else:
                token, holder = structs.replace(token, client=token.id), None
            self._draft.put(token)
            self._will_be_over(token)
            feed = None if holder is None else self._draft.get(Feed, str(holder.session))
            if feed is not None and feed.reminded is not None:
                self._remind(feed.id)
        own = str(token.client)
        return self._draft.get(Client, own) or Client(
            id=own, app=claims.app, state=self._table.nobody, token=token.id
        ), token

    def token(self, client: Client) -> Token:
        """The token that a client holds. Raises LookupError for a client of the moment."""
        token = self._draft.get(Token, client.token)
        if token is None:
            raise LookupError(f"the token {client.token} of a client is not stored")
        return token

    def over(self, what: str, of: str) -> dict[str, Any]:
        """A time is over: a token's, or an empty conference's. Gives what there is to tell of it.

        A day after its end nobody remembers a token, nor a client that has no other.
        """
        of_what = self._services.over(what, of)
        if of_what is not None:
            return {of_what: of}
        if what == REFRESH:
            return self._remind(of)
        token = self._draft.get(Token, of)
        if token is None:
            return {"token": of}
        if what == EXPIRES:
            self._will_be_over(token)
        else:
            client = self._draft.get(Client, str(token.client))
            if client is None:
                self._services.unset(str(token.client))
            elif client.token == token.id:
                self._services.forget(client)
                if client.session is not None:  # The platform closed it when the token was of no use any more.
                    self._hears_no_more(client.session)
            self._draft.drop(token)
        return {"token": of, "externalId": token.claims.external_id}

    def still_open(self, what: str, of: str) -> str | None:
        """The session that is still open when its client is forgotten: the platform closes it first."""
        token = self._draft.get(Token, of) if what == FORGOTTEN else None
        client = None if token is None else self._draft.get(Client, str(token.client))
        return client.session if client is not None and client.token == of else None

    def listens(self, session: str) -> None:
        """Somebody hears what a session hears: from now on that it is time for a fresh token, as well."""
        if self._draft.get(Feed, session) is None or self._draft.get(Timer, _reminder(session)) is None:
            self._remind(session)

    def _remind(self, session: str) -> dict[str, Any]:
        """At each point of its token's life a session hears that it is time for a fresh one. Gives what there is to tell of it."""
        client = self.holder(session)
        if client is None:
            return {"session": session}
        feed = self._draft.get(Feed, session) or Feed(id=session)
        claims, points = self.token(client).claims, self._table.refresh_points
        passed = sum(point <= claims.lived(self._now) for point in points)
        known = feed.reminded[1] if feed.reminded is not None and feed.reminded[0] == claims.id else 0
        self._draft.put(structs.replace(feed, reminded=(claims.id, passed)))
        if passed > known:
            events.emit(self._draft, session, self._now, events.REFRESH)
        if passed < len(points):
            due = claims.issued + points[passed] * (claims.expires - claims.issued)
            self._draft.put(Timer(id=_reminder(session), due=due, what=REFRESH, of=session))
        return {"session": session, "token": claims.id, "externalId": claims.external_id}

    def _will_be_over(self, token: Token) -> None:
        expires, now = token.claims.expires, self._now
        what, due = (EXPIRES, expires) if expires > now else (FORGOTTEN, max(now, expires) + KEPT)
        self._draft.put(Timer(id=f"token {token.id}", due=due, what=what, of=token.id))

    # Where a client is --------------------------------------------------------------------------------------

    def _state(self, client: Client, token: Token, seen: Seen = AS_IT_IS) -> State:
        """The client's state, with what the world knows now: of its credential, and of others like it."""
        claims, table = token.claims, self._table
        alike = table.identities(client.state) | ({claims.external_id} if claims.external_id else set())
        return table.around(
            client.state,
            table.held(claims, seen.condition or self._condition(token, seen.skew)),
            lived=claims.lived(self._now + seen.skew),
            has_company=bool(self._others(client, alike)),
        )

    def _others(self, client: Client, alike: Iterable[str]) -> list[Client]:
        """Other clients with a session and one of these external IDs; one that has several of them comes as often."""
        find, app, own = self._draft.find, client.app, client.id
        return [one for value in alike for one in find(Client, EXTERNAL_ID, like(app, value), but=own)]

    def _condition(self, token: Token, skew: float = 0.0) -> str:
        over = self._now + skew >= token.claims.expires
        return "expired" if over and token.condition == GOOD else token.condition

    # What a call comes to -----------------------------------------------------------------------------------

    def _chosen(self, client: Client, state: State, operation: str, arguments: Mapping[str, Any]) -> tuple[Step, Any]:
        """The first step permitted that can be made here, and what it comes to: an answer, or a Problem."""
        contract = self._table.contract
        trouble: Problem | None = None
        try:
            steps = self._table.steps(state, operation, arguments, self._choices)
        except ValueError as error:
            raise bad_request(f"{error} Send a value that the contract has a class for.") from None
        for step in steps:
            target = str(step.call.given.get(self._table.targets.get(operation, "")))
            if step.answer is not None and not step.answer.made_by_service:
                return step, self._value(client, step)
            if step.answer is not None and self._services.models(target):
                try:
                    return step, self._services.call(target, client, arguments.get("arguments") or [])
                except NotModelled as error:
                    trouble = refusal(contract, self._table.not_simulated, found=str(error))
                except Problem as problem:
                    trouble = problem
            elif step.code in (ANY_ERROR, OF_SERVICE):
                missing = refusal(contract, self._table.not_simulated, found=self._services.not_modelled(target))
                return step, trouble or missing
            elif step.code is not None:
                return step, refusal(contract, step.code, rule=self._table.rule(step))
        raise RuntimeError(f"Of what the contract permits for `{operation}`, nothing can be made here.")

    def _value(self, client: Client, step: Step) -> Any:
        def identified(identity: Identity) -> str:
            name = identity.owner
            if name is None:
                return self._ids.named("anonymous", client.latest)
            return self._ids.named("participant", like(client.app, name))

        return self._machine.answer(step, identified)

    def _take(self, client: Client, token: Token, step: Step) -> Client:
        """What a step leaves behind: for the client, its services, and others with the same external ID."""
        table, machine = self._table, self._machine
        if step.alternative.effect is None:
            return self._following(client, step.after)
        condition = table.credentials.binding.condition
        turned = machine.value(step.after, condition.variable)
        if turned != machine.value(step.before, condition.variable):
            token = structs.replace(token, condition=condition.outward(str(turned)))
            self._draft.put(token)
        # The platform has no stale view of its own: what it ended is over for it at once.
        after = table.settled(step.after, self._choices)
        client = self._stored(client, after, anew=table.replaces_session(step))
        client = self._following(client, after)
        if table.contract.operations[step.call.operation].echo is None:
            return client
        alike = table.identities(step.before) | table.identities(step.after)
        for other in {one.id: one for one in self._others(client, sorted(alike))}.values():
            theirs = self.token(other)
            call = machine.echo(step, self._state(other, theirs))
            if call is not None:
                self._take(other, theirs, next(machine.permitted(self._state(other, theirs), call, self._choices)))
        return client

    def _following(self, client: Client, state: State) -> Client:
        """The client, which has left its conference if the state says so."""
        if client.conference is None:
            return client
        return self._services.follow(client, in_conference=self._table.in_conference(state))

    def _stored(self, client: Client, after: State, *, anew: bool) -> Client:
        """The client in another state; its session begins, goes on or ends as that says, or begins `anew`."""
        session, opened = client.session, client.opened
        if not self._table.in_session(after):
            session = None
        elif session is None or anew:
            session, opened = self._ids.fresh(), self._now
        heard = client.heard
        if client.session is not None and client.session != session:
            heard = self._hears_no_more(client.session) or heard
        if heard and session not in (None, client.session):
            self._draft.put(Feed(id=str(session), last=heard))
        alike = tuple(sorted(self._table.identities(after))) if session is not None else ()
        if client.state != after or client.session != session:
            client = structs.replace(client, previous=client.state, previous_session=client.session)
        client = structs.replace(
            client,
            state=after,
            session=session,
            opened=opened,
            latest=session or client.latest,
            heard=heard,
            alike=alike,
        )
        self._draft.put(client)
        return client

    def _hears_no_more(self, session: str) -> int:
        """A session is over, and what it heard is forgotten. Gives the number of the last event of it, 0 without one."""
        feed = self._draft.get(Feed, session)
        for kind, identifier in ((Feed, session), (Subscriptions, session), (Timer, _reminder(session))):
            record = self._draft.get(kind, identifier)
            if record is not None:
                self._draft.drop(record)
        return 0 if feed is None else feed.last


def _reminder(session: str) -> str:
    """The ID of the timer that reminds a session of its token."""
    return f"refresh {session}"


def _before(client: Client) -> Client:
    """The client as it was before its last change."""
    state, session = client.previous or client.state, client.previous_session
    return structs.replace(client, state=state, session=session, latest=session or client.latest)


def held_by(table: Table, condition: str) -> State:
    """The state of somebody whose token is in a condition that leaves open whose it is."""
    held = table.credentials.variables({"kind": tokens.TOKEN, "condition": condition})
    return table.machine.having(table.nobody, **held)
