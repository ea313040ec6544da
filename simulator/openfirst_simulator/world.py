"""A world: a whole platform of its own. What it permits, the machine says.

Nothing awaits between what a decision reads and what it commits, so nobody else comes in there.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec import structs

from openfirst_reference.contract.findings import Mistake, did_you_mean
from openfirst_reference.contract.model import Contract
from openfirst_simulator import tokens
from openfirst_simulator.bodies import number_shown, whole, wrong_external_id
from openfirst_simulator.clock import Clock
from openfirst_simulator.courier import Courier, check_url
from openfirst_simulator.decisions import AS_IT_IS, Decided, Decisions, Seen, held_by
from openfirst_simulator.endpoints import everywhere
from openfirst_simulator.events import heard
from openfirst_simulator.exports import Form, export
from openfirst_simulator.faults import (
    BEFORE,
    BEGINS,
    BREAKING,
    INSTEAD,
    Asked,
    Fault,
    check_operation,
    check_reach,
    fault_of,
)
from openfirst_simulator.ids import Ids, derived
from openfirst_simulator.journal import UNKNOWN, Entry, Filter, Journal, by_variable, journal_entry
from openfirst_simulator.keyring import Keyring
from openfirst_simulator.problems import Problem, refusal
from openfirst_simulator.records import (
    GOOD,
    PENDING,
    Application,
    Client,
    Conference,
    Delivery,
    Event,
    Feed,
    Series,
    Timer,
    Token,
    Webhook,
)
from openfirst_simulator.report import OpenSession, Report, report_of
from openfirst_simulator.restoring import read
from openfirst_simulator.services import Scene, Setting
from openfirst_simulator.snapshot import VERSION, Snapshot, put_all, records_of
from openfirst_simulator.store import Draft, MemoryStore
from openfirst_simulator.table import Table
from openfirst_simulator.timeline import WAKE, Timeline
from openfirst_simulator.tokens import BadToken, Claims

T = TypeVar("T")
LONGEST_LIFE = 10 * 365 * 86_400
"""How long a token that a test makes may live, in seconds."""
_OVER = 100
"""Of how many sessions that are over it is known what they heard."""
_HEALED = 1_000
"""Of how many faults that were removed it is known how often they struck."""
# What has a method of its own, by the names on the wire.
REVOKE, CLOSE = "revokeToken", "platformCloses"
_SHOWN = 10


class World:
    """A platform of its own, with clients, services, clock and choices. Made by `Simulator.world`.

    `key` and `secret` are its first application's; `choices` has a value for every choice of the contract;
    `requests` counts what the session interface was asked, `life` how often the world became another. With a `seed`, its IDs are
    the same in every run.
    """

    def __init__(
        self,
        name: str,
        table: Table,
        clock: Clock,
        url: Callable[[], str],
        *,
        choices: Mapping[str, str] | None = None,
        seed: int | str | None = None,
        application: tuple[str, str] | None = None,
    ) -> None:
        self.name = name
        self.requests = 0
        self._table, self._url, self._choices = table, url, dict(choices or {})
        self.choices = self._chosen(self._choices)
        self._store = MemoryStore()
        self.clock = Timeline(clock, self._store, self._happens, self._resume)
        self._begun = (clock.now() if clock.frozen else None), clock.scale
        self.life = 0
        self.journal = Journal()
        self._under_way: list[_UnderWay] = []
        self._stalled: dict[str, list[asyncio.Future[None]]] = {}
        self._hearing: dict[str, list[asyncio.Future[None]]] = {}
        # What sessions that are over had heard: who was slow to listen hears it still.
        self._over: dict[str, _Over] = {}
        self._healed: dict[str, Fault] = {}
        # The highest number of an event that was ever given here, whatever the world has become since.
        self._numbered = 0
        self._courier = Courier(self._store, self.clock, self.decide)
        self._keyring = Keyring(self.clock.now)
        self._setting = Setting(lambda: self._keyring.key, url)
        self._seed = None if seed is None else f"{name}:{seed}"
        self.key, self.secret = application or application_of(self._seed or secrets.token_hex(16))
        self._secret = b""
        self._begin()

    def _begin(self) -> None:
        self._secret = secrets.token_bytes(32) if self._seed is None else derived(self._seed, "IDs")
        draft = self._draft()
        draft.put(Series(id=Series.only, epoch=_epoch(self._seed)))
        draft.put(Application(id=self.key, secret=self.secret))
        self._commit(draft)

    @property
    def url(self) -> str:
        """The base URL under which this world alone is asked; its path, as long as nothing listens."""
        return self._url()

    @property
    def session_scopes(self) -> tuple[str, ...]:
        """The scopes of a client access token that the contract speaks of."""
        scopes = self._table.credentials.binding.scopes
        return () if scopes is None else (*scopes.any_of, *scopes.without)

    @property
    def rows(self) -> set[str]:
        """The IDs of all that may decide in the contract: rows of the table, and what calls come to that overlap."""
        return {*self._table.contract.rows, *self._table.contract.overlaps}

    @property
    def operations(self) -> set[str]:
        """What an entry of the journal may be about: what a platform is asked, by `operationId`, unknown, and its moves."""
        contract = self._table.contract
        return {*everywhere(), UNKNOWN, *(contract.bindings.operations.outward(name) for name in self._table.actions)}

    def choose(self, choices: Mapping[str, str]) -> None:
        """From now on these choices, and the contract's defaults for the others.

        Raises ValueError for a choice or value that the contract does not have.
        """
        self.choices = self._chosen(choices)

    def _chosen(self, choices: Mapping[str, str]) -> Mapping[str, str]:
        contract = self._table.contract
        chosen = contract.check_choices(choices, f"the world `{self.name}`")
        return {**contract.default_choices(), **chosen}

    # Looking on ---------------------------------------------------------------------------------------------

    @property
    def table(self) -> Table:
        """The contract's table, which decides here."""
        return self._table

    @property
    def contract(self) -> Contract:
        """The contract that is served here."""
        return self._table.contract

    @property
    def token_conditions(self) -> tuple[str, ...]:
        """The conditions that a token can be made in."""
        return tuple(self._table.credentials.binding.condition.words)

    @property
    def records(self) -> MemoryStore:
        """What is in it, to be looked at: what was due since the clock was last asked has not happened yet."""
        return self._store

    def state_of(self, client: Client) -> dict[str, str | None]:
        """Where a client is now, by the variables of the contract."""
        state = self._decisions(self._draft()).state_of(client)
        return by_variable(state, self._table.machine.names)

    def token_known(self, claims: Claims) -> tuple[Token, str]:
        """What is known of the token that says this, and its condition as credentials have it on the wire."""
        token = self._store.load(Token, claims.id) or Token(id=claims.id, claims=claims)
        return token, self._decisions(self._draft()).condition_of(token)

    # Applications -------------------------------------------------------------------------------------------

    @property
    def applications(self) -> list[Application]:
        """The applications, the first one first."""
        return self._store.every(Application)

    def application(self, key: str) -> Application | None:
        """The application with this key, or None."""
        return self._store.load(Application, key)

    def another_application(self) -> Application:
        """One more application. What belongs to one, its clients and conferences, no other knows."""
        draft = self._draft()
        key, secret = application_of(Ids(self._secret, draft).fresh() if self._seed else secrets.token_hex(16))
        application = Application(id=key, secret=secret)
        draft.put(application)
        self._commit(draft)
        return application

    # The whole of it ----------------------------------------------------------------------------------------

    def reset(self) -> None:
        """As it was made: empty, by the clock that it began with, and with other keys, so that no token of before is good.

        Its applications stay.
        """
        self.break_off()
        applications = self.applications
        self._store.clear()
        self.journal.clear()
        self.choices, self.requests = self._chosen(self._choices), 0
        self.clock.set(*self._begun)
        self._keyring.renew()
        self._begin()
        draft = self._draft()
        for application in applications:
            draft.put(application)
        self._commit(draft)

    def snapshot(self) -> dict[str, Any]:
        """The state of the world as a document that JSON can hold; see `snapshot.Snapshot`."""
        contract = self._table.contract
        snapshot = Snapshot(
            "world",
            VERSION,
            f"{contract.name} {contract.version}",
            self._table.machine.names,
            self.clock.now(),
            self.clock.scale,
            dict(self.choices),
            self._secret.hex(),
            self._keyring.key.hex(),
            records_of(self._store, WAKE),
        )
        document: dict[str, Any] = msgspec.to_builtins(snapshot)
        return document

    def restore(self, document: Any) -> None:
        """Everything is as a snapshot says, and what was is no more.

        IDs, and numbers of events, that are given from now on were never given.

        Raises ValueError, and changes nothing, for what is no snapshot of a world with this contract.
        """
        snapshot = read(document, self._table)
        choices, applications = self._chosen(snapshot.choices), snapshot.records.applications
        self.break_off()
        self._store.clear()
        self.choices, self._secret = choices, bytes.fromhex(snapshot.secret)
        self._keyring.renew(bytes.fromhex(snapshot.signing_key))
        self.key, self.secret = applications[0].id, applications[0].secret
        draft = self._draft()
        put_all(draft, snapshot.records)
        series = snapshot.records.series[0]
        epoch = _epoch(self._seed and f"{series.epoch}, restored")
        draft.put(structs.replace(series, epoch=epoch))
        known = {feed.id: feed for feed in snapshot.records.feeds}
        # Elsewhere the same document may have been gone back to as well, which nobody here knows of.
        highest = max((feed.last for feed in known.values()), default=0) + 1 + int(epoch[:8], 16)
        highest = max(highest, self._numbered + 1)
        for session in (client.session for client in snapshot.records.clients):
            if session is not None:
                draft.put(structs.replace(known.get(session) or Feed(id=session), last=highest))
        self._take_in(draft)
        self.clock.set(snapshot.now, snapshot.scale)
        self.journal.begin_anew()

    # Tokens -------------------------------------------------------------------------------------------------

    def issue(
        self,
        application: Application,
        kind: str,
        expires_in: int,
        scopes: Sequence[str] | None = None,
        external_id: str | None = None,
    ) -> str:
        """A fresh token of an application of this world."""
        return self._keyring.signed(self._claims(application.id, kind, expires_in, scopes, external_id))

    def token(
        self,
        external_id: str | None = None,
        scopes: Sequence[str] = (tokens.ALL_SCOPES,),
        expires_in: float = 3600,
        condition: str = GOOD,
    ) -> str:
        """A client access token in the condition asked for.

        `expires_in` is in whole seconds; `condition` is good, expired, forged, foreign, unreadable or revoked.
        Raises ValueError for another, and for a life or an external ID that no token over HTTP could have.
        """
        if isinstance(scopes, str):
            raise Mistake(f"`scopes` is the text {scopes[:80]!r}. Give a list of them, such as [{scopes[:80]!r}].")
        lifetime = whole(expires_in)
        if not isinstance(lifetime, int) or not 1 <= lifetime <= LONGEST_LIFE:
            raise Mistake(
                f"A token lives for whole seconds, from 1 to {LONGEST_LIFE:,}, and not for {number_shown(expires_in)}."
            )
        wrong = wrong_external_id(external_id)
        if wrong is not None:
            raise Mistake(wrong)
        claims = self._claims(self.key, tokens.TOKEN, lifetime, scopes, external_id)
        match condition:
            case "good":
                return self._keyring.signed(claims)
            case "revoked":
                draft = self._draft()
                draft.put(Token(id=claims.id, claims=claims, condition=condition))
                self._commit(draft)
                return self._keyring.signed(claims)
            case "expired":
                return self._keyring.expired(claims)
            case "forged":
                return self._keyring.forged(claims)
            case "foreign":
                return self._keyring.foreign(claims)
            case "unreadable":
                return f"unreadable-{claims.id}"
        known = ", ".join(self.token_conditions)
        raise Mistake(f"A token cannot be made `{condition}`. It can be one of: {known}.")

    def admit(self, raw: str) -> Claims:
        """What a token of this world's application says, whatever its kind and its time. Raises BadToken."""
        return self._keyring.admit(raw)

    def client_token(self, raw: str) -> Claims:
        """What a client's token says, be it expired or revoked. Raises BadToken for any other."""
        claims = self.admit(raw)
        if claims.kind not in tokens.CLIENT_KINDS:
            why = f"This token is of the kind `{claims.kind}`, and a client needs a client access token."
            raise BadToken("foreign", why)
        return claims

    # Calls --------------------------------------------------------------------------------------------------

    def perform(
        self,
        claims: Claims,
        operation: str,
        arguments: Mapping[str, Any],
        session_id: str | None = None,
        seen: Seen = AS_IT_IS,
    ) -> Decided:
        """A call of a token's client (about the session with this ID), decided and committed. Raises Problem for a bad argument."""
        self.clock.catch_up()
        self._overlap(claims, operation)
        draft = self._draft()
        decided = self._decisions(draft).perform(claims, operation, arguments, session_id, seen)
        self._commit(draft)
        return decided

    def would_come_to(
        self, claims: Claims, operation: str, arguments: Mapping[str, Any], session_id: str | None, seen: Seen
    ) -> Decided:
        """What such a call would come to now, with nothing done. Raises Problem for a bad argument."""
        self.clock.catch_up()
        return self._decisions(self._draft()).perform(claims, operation, arguments, session_id, seen)

    def decide(self, do: Callable[[Scene], T]) -> T:
        """What somebody decides who is no client, such as an application by REST, committed. Raises what `do` raises."""
        self.clock.catch_up()
        draft = self._draft()
        result = do(self._decisions(draft).scene)
        self._commit(draft)
        return result

    def participant(self, client: Client) -> Any:
        """The local participant of a client just as a call has left it, as the contract shows it; None without a session."""
        return self._decisions(self._draft()).participant(client, client.state)

    def client_of(self, claims: Claims) -> str:
        """The ID of the client whose token says this."""
        token = self._store.load(Token, claims.id)
        return claims.id if token is None or token.client is None else token.client

    def session_of(self, client: str) -> str | None:
        """The ID of the session that a client has now, if it has one."""
        known = self._store.load(Client, client)
        return None if known is None else known.session

    def has_session(self, session_id: str) -> bool:
        """Whether a session with this ID is open."""
        return self._decisions(self._draft()).holder(session_id) is not None

    def act(self, operation: str, who: str) -> None:
        """A move of the platform itself on a client, named by its token or by its session's ID.

        `operation` is a world call of the contract whose `driven` is `platform`, by its name on the wire, such as
        platformCloses. Raises ValueError for any other, and where `who` is neither an open session nor a token of this world.
        """
        names, sent = self._table.contract.bindings.operations, operation
        operation = names.inward(sent)
        if operation not in self._table.actions:
            known = ", ".join(names.outward(name) for name in self._table.actions)
            raise Mistake(f"`{sent}` is not a move of the platform. Moves: {known}.")
        draft = self._draft()
        decisions = self._decisions(draft)
        client = decisions.holder(who)
        if client is None:
            client, token = decisions.client(self._meant(who))
        else:
            token = decisions.token(client)
        acted = decisions.act(operation, client, token)
        self._commit(draft)
        self._moved(sent, acted, token.claims, client.session)

    def _meant(self, who: str) -> Claims:
        """What the token of somebody says who is named by it. Raises BadToken, for what is no token at all in its own words."""
        try:
            return self.client_token(who)
        except BadToken as error:
            if "." in who:
                raise
            why = f"`{who[:80]}` is neither a session that is open nor a token."
            raise BadToken(error.condition, why) from None

    def close(self, session_id: str) -> None:
        """The platform closes a session. Raises ValueError where it is not open."""
        self.act(CLOSE, session_id)

    def revoke(self, token: str) -> None:
        """The platform revokes a client's token. Raises BadToken for what is none of this world."""
        self.act(REVOKE, token)

    def without_session(self) -> Problem:
        """The refusal of what can be had in a session alone."""
        table = self._table
        operation, arguments = table.gated
        step = table.refusal(held_by(table, GOOD), operation, arguments)
        if step is None or step.code is None:
            raise Mistake(f"The contract lets `{operation}` be called without a session. Let a row refuse it.")
        return refusal(table.contract, step.code, rule=table.rule(step))

    def refused(
        self, operation: str, arguments: Mapping[str, Any], found: str, condition: str | None = None
    ) -> Problem:
        """The refusal of a call with no credential, or one in a condition that leaves open whose it is."""
        table = self._table
        state, code = table.nobody, table.no_credential
        if condition is not None:
            state, code = held_by(table, condition), table.credentials.error(condition)
        step = table.refusal(state, operation, arguments, code)
        return refusal(table.contract, code, found=found, rule=table.rule(step) if step else None, step=step)

    @property
    def sessions(self) -> list[OpenSession]:
        """The sessions that are open, in the order in which their clients came."""
        self.clock.catch_up()
        return [
            OpenSession(client.session, next(iter(client.alike), None), client.opened)
            for client in self._store.every(Client)
            if client.session is not None
        ]

    def shown(self, entry: Entry) -> dict[str, Any]:
        """An entry of the journal, as JSON has it."""
        return journal_entry(entry, self._table.contract, self._table.machine.names)

    def check(self, wanted: Filter) -> None:
        """Raises ValueError for an operation or a row that no entry of this world's journal can have."""
        if wanted.operation is not None:
            check_operation(wanted.operation, self.operations)
        if wanted.row is not None and wanted.row not in self.rows:
            hint = did_you_mean(wanted.row, self.rows, ["what `openfirst contract show` lists"])
            raise Mistake(f"`row` is `{wanted.row[:80]}`, and the contract has no such row. {hint}")

    def export(self, form: Form, wanted: Filter | None = None) -> str:
        """The journal, or what of it is wanted, in another form; see `exports`. Raises ValueError for what no entry can have."""
        if wanted is not None:
            self.check(wanted)
        return export(form, self.name, self.journal, wanted or Filter(), self._table)

    def report(self) -> Report:
        """What came of all that was done here since the journal was cleared, and what is left."""
        left = self.sessions
        return report_of(self.name, self.clock.now(), self.journal, self.faults, left, self._table)

    # What a session hears ------------------------------------------------------------------------------------

    def events(self, session_id: str, after: int = 0) -> list[Event]:
        """What a session has heard behind the event with this number: it is being listened to from now on.

        Where some of it is kept no more, the first is a `gap`. Raises ValueError for a session that is not open.
        """
        self.clock.catch_up()
        draft = self._draft()
        decisions = self._decisions(draft)
        if decisions.holder(session_id) is None:
            raise Mistake(f"There is no open session `{session_id[:80]}`. Ask for events while it is open.")
        decisions.listens(session_id)
        self._commit(draft)
        return heard(self._store.load(Feed, session_id), after)

    def heard(self, session_id: str, after: int = 0) -> list[Event]:
        """What a session had heard that is over, behind the event with this number; nothing of one that nobody knows any more."""
        over = self._over.get(session_id)
        return [] if over is None else heard(over.feed, after)

    def last_over(self, external_id: str) -> str | None:
        """The session with this external ID that was over last, if it is known."""
        ended = (session for session, over in self._over.items() if over.external_id == external_id)
        return next(iter([*ended][::-1]), None)

    async def more_events(
        self, session_id: str, after: int, check: Callable[[], None] = lambda: None
    ) -> list[Event] | None:
        """What a session hears behind the event with this number, as soon as there is something; None once it is over.

        Raises what `check` raises, which is asked first, and again whenever anything may have changed.
        """
        life = self.life
        while self.life == life:
            self.clock.catch_up()
            check()
            is_open = self.has_session(session_id)
            found = self.events(session_id, after) if is_open else self.heard(session_id, after)
            if found or not is_open:
                return found or None
            waiting = asyncio.get_running_loop().create_future()
            self._hearing.setdefault(session_id, []).append(waiting)
            try:
                await self.clock.heed(waiting)
            finally:
                if waiting in self._hearing.get(session_id, ()):
                    self._hearing[session_id].remove(waiting)
        return None

    # What the outside hears -----------------------------------------------------------------------------------

    @property
    def webhook(self) -> str | None:
        """Where what happens in conferences is posted to; None: nowhere."""
        known = self._store.load(Webhook, Webhook.only)
        return None if known is None else known.url

    def post_to(self, url: str | None) -> None:
        """From now on what happens in conferences is posted there; None: nowhere, not even what is still to be.

        Raises ValueError for a URL that is not of this machine.
        """
        draft = self._draft()
        known = draft.get(Webhook, Webhook.only)
        if url is not None:
            draft.put(Webhook(id=Webhook.only, url=check_url(url)))
        elif known is not None:
            draft.drop(known)
            for waiting in draft.find(Delivery, PENDING, PENDING):
                draft.drop(waiting)
        self._commit(draft)

    def leave(self) -> None:
        """Whatever is under way to a webhook is left for another time."""
        self._courier.stop()

    # Faults, and what is under way ---------------------------------------------------------------------------

    @property
    def faults(self) -> list[Fault]:
        """The faults, in the order in which they were made."""
        return self._store.every(Fault)

    def fail(self, **fields: Any) -> Fault:
        """A fault from now on; the fields are those of the control plane. Raises ValueError for what cannot be."""
        draft = self._draft()
        fault = fault_of(f"f-{Ids(self._secret, draft).fresh()[:8]}", fields)
        now = self.clock.now()
        if fault.until is not None and fault.until <= now:
            raise Mistake(f"`until` is {fault.until}, and it is {now} already in this world. Give a later instant.")
        check_reach(fault, self._table.contract, ("", f"/w/{self.name}"))
        if fault.session is not None and not self.has_session(fault.session):
            known = ", ".join(session.id for session in self.sessions[:_SHOWN]) or "none"
            raise Mistake(
                f"`session` is `{fault.session[:80]}`, and no session of that ID is open. Open sessions: {known}."
            )
        draft.put(fault)
        if fault.kind in BREAKING and fault.since is not None and fault.since > now:
            draft.put(Timer(id=_begin_of(fault), due=fault.since, what=BEGINS, of=fault.id))
        self._commit(draft)
        if fault.kind in BREAKING:
            self._stir()
        return fault

    def heal(self, identifier: str | None = None) -> None:
        """No fault of this ID any more, or none at all. Raises ValueError where there is none of it."""
        gone = [fault for fault in self.faults if identifier in (None, fault.id)]
        if identifier is not None and not gone:
            raise Mistake(
                f"There is no fault `{identifier[:80]}`. Faults: {', '.join(each.id for each in self.faults)}."
            )
        draft = self._draft()
        for fault in gone:
            _remember(self._healed, fault.id, fault, _HEALED)
            draft.drop(fault)
            timer = draft.get(Timer, _begin_of(fault))
            if timer is not None:
                draft.drop(timer)
            self.clock.wake(fault.id)
            for waiting in self._stalled.pop(fault.id, ()):
                if not waiting.done():
                    waiting.set_result(None)
        self._commit(draft)

    def hits(self, identifier: str) -> int:
        """How many requests a fault struck, be it there or removed; 0 for one that nobody knows."""
        fault = self._store.load(Fault, identifier) or self._healed.get(identifier)
        return 0 if fault is None else fault.hits

    def strike(self, asked: Asked) -> list[Fault]:
        """The faults that strike a request, which are counted."""
        if not self._store.has(Fault):
            return []
        now, draft, struck, asked = self.clock.now(), self._draft(), list[Fault](), self._whose(asked)
        # Where one answers in the platform's place, there is nothing that those after a decision could strike.
        for fault in sorted(self.faults, key=lambda each: each.kind not in BEFORE):
            if fault.fits(asked, now) and not any(each.kind in INSTEAD for each in struck):
                met = fault.met(self._secret)
                draft.put(met)
                if met.hits > fault.hits:
                    struck.append(met)
        if draft.changes:
            self._commit(draft)
        return struck

    def _whose(self, asked: Asked) -> Asked:
        """The request, and of which session its client is, if a fault wants to know."""
        if asked.claims is None or all(fault.session is None for fault in self.faults):
            return asked
        return asked._replace(session=self.session_of(self.client_of(asked.claims)))

    def pass_over(self, asked: Asked, met: set[str]) -> None:
        """A stream begins, which has `met` the faults that are for it and there already."""
        met.update(fault.id for fault in self.faults if fault.fits(asked, self.clock.now()))

    def breaks(self, asked: Asked, met: set[str]) -> Fault | None:
        """The fault that breaks a stream which is open, if one does. Each counts it once, like a request, as `met` says."""
        if not self._store.has(Fault):
            return None
        now = self.clock.now()
        for fault in self.faults:
            if fault.id in met or not fault.fits(asked, now):
                continue
            met.add(fault.id)
            draft, counted = self._draft(), fault.met(self._secret)
            draft.put(counted)
            self._commit(draft)
            if counted.hits > fault.hits:
                return counted
        return None

    def _stir(self) -> None:
        """Whoever listens looks whether there is anything."""
        for session in list(self._hearing):
            self._tell(session)

    def spare(self, fault: Fault) -> None:
        """The fault has not struck after all: there was nothing that it could do."""
        here, healed = self._store.load(Fault, fault.id), self._healed.get(fault.id)
        if here is not None:
            draft = self._draft()
            draft.put(structs.replace(here, hits=here.hits - 1))
            self._commit(draft)
        elif healed is not None:
            self._healed[fault.id] = structs.replace(healed, hits=healed.hits - 1)

    def break_off(self) -> None:
        """The world becomes another: whatever request waits is answered by nobody."""
        self.life += 1
        self.clock.break_off()
        self.heal()
        self._count(self._store.every(Feed))
        self._over.clear()
        self._stir()

    async def stall(self, fault: Fault, who: object) -> None:
        """Somebody waits until the fault is removed."""
        self.clock.done(who)
        waiting = asyncio.get_running_loop().create_future()
        self._stalled.setdefault(fault.id, []).append(waiting)
        await waiting

    async def hold_up(
        self, fault: Fault, seconds: float, what: str, since: float, who: object, *others: object
    ) -> float:
        """Somebody waits because of a fault (and of `others`), as long as there is that fault; see `Timeline.wait`."""
        if self._store.load(Fault, fault.id) is None:
            return self.clock.now()
        return await self.clock.wait(seconds, what, since=since, of=(fault.id, *others), who=who)

    async def under_way(
        self, late: Fault, claims: Claims, operation: str, arguments: Mapping[str, Any], *, since: float, who: object
    ) -> Problem | None:
        """A call is late, and under way meanwhile. Gives what it comes to if another one cancels it."""
        here = _UnderWay(claims, operation, arguments)
        self._under_way.append(here)
        try:
            await self.hold_up(late, late.seconds, f"{operation} is done", since, who, here)
            return here.problem
        finally:
            self._under_way.remove(here)

    def _overlap(self, claims: Claims, operation: str) -> None:
        """The call overlaps those of the same client that are under way."""
        if not self._under_way:
            return
        draft = self._draft()
        decisions = self._decisions(draft)
        own = decisions.client(claims)[0].id
        for other in self._under_way:
            if decisions.client(other.claims)[0].id == own and other.problem is None:
                other.problem = decisions.overlapped(other.claims, other.operation, other.arguments, operation)
                if other.problem is not None:
                    self.clock.wake(other)

    def _moved(self, name: str, acted: Decided, claims: Claims, session: str | None) -> None:
        """A move of the platform stands in the journal as well."""
        now, last = self.clock.now(), self.journal.last
        self.journal.add(
            lambda number: Entry(
                number=number,
                at=now,
                name=name,
                method="",
                path="",
                sent=b"",
                status=0,
                answer=b"",
                token=claims.id,
                external_id=claims.external_id,
                session=session,
                step=acted.step,
                before=acted.step.before,
                after=acted.client.state,
                client=acted.client.id,
                claims=claims,
                came_after=last,
                came_at=now,
                choices=self.choices,
                is_move=True,
            )
        )

    def _resume(self) -> None:
        """Time is about to be moved: what is to be delivered is."""
        self._courier.stir()

    def _happens(self, timer: Timer) -> dict[str, Any]:
        """What a timer is for; see `Timeline`."""
        if timer.what == BEGINS:
            self._stir()
            return {"at": timer.due, "what": BEGINS, "fault": timer.of}
        session = self._decisions(self._draft()).still_open(timer.what, timer.of)
        if session is not None:
            self.close(session)
        draft = self._draft()
        told = self._decisions(draft).over(timer.what, timer.of)
        self._commit(draft)
        return {"at": timer.due, "what": timer.what, **told}

    def _claims(
        self,
        application: str,
        kind: str,
        expires_in: int,
        scopes: Sequence[str] | None = None,
        external_id: str | None = None,
    ) -> Claims:
        draft = self._draft()
        claims = self._keyring.claims(
            Ids(self._secret, draft).fresh(), application, kind, expires_in, scopes, external_id
        )
        self._commit(draft)
        return claims

    def _draft(self) -> Draft:
        return Draft(self._store)

    def _commit(self, draft: Draft) -> None:
        """What was decided is so from now on, with what follows from it; and whoever waits to hear of it does."""
        if any(kind is Conference for kind, _ in draft.changes):
            self._decisions(draft).follow()
        self._take_in(draft)

    def _take_in(self, draft: Draft) -> None:
        """All of this is so from now on, and nothing follows from it."""
        feeds = [name for kind, name in draft.changes if kind is Feed]
        for (kind, name), client in draft.changes.items():
            if kind is Client:
                self._end_session(self._store.load(Client, name), client)
        self._store.commit(draft)
        if self._hearing:
            for name in feeds:
                self._tell(name)
            if any(kind is Timer for kind, _ in draft.changes):
                self.clock.arm()
        if self._store.has(Webhook) and any(kind is Delivery for kind, _ in draft.changes):
            self._courier.stir()

    def _end_session(self, before: Client | None, after: Any) -> None:
        """What a client's session heard is known still when that is over."""
        session = None if before is None else before.session
        if before is None or session is None or (after is not None and after.session == session):
            return
        feed = self._store.load(Feed, session)
        self._count([feed] if feed else [])
        _remember(self._over, session, _Over(next(iter(before.alike), None), feed), _OVER)

    def _count(self, feeds: Iterable[Feed]) -> None:
        """The numbers of what was heard were given."""
        for feed in feeds:
            self._numbered = max(self._numbered, feed.last)

    def _tell(self, session: str) -> None:
        for waiting in self._hearing.pop(session, ()):
            if not waiting.done():
                waiting.set_result(None)

    def _decisions(self, draft: Draft) -> Decisions:
        ids = Ids(self._secret, draft)
        return Decisions(self._table, draft, self.clock.now(), self.choices, ids, self._setting)


@dataclass(eq=False)
class _UnderWay:
    """A call that is under way, and the problem that it comes to if another one cancels it."""

    claims: Claims
    operation: str
    arguments: Mapping[str, Any]
    problem: Problem | None = None


class _Over(NamedTuple):
    """A session that is over: of which external ID it was, and what it had heard."""

    external_id: str | None
    feed: Feed | None


def _remember(known: dict[str, T], name: str, what: T, most: int) -> None:
    """Know this as well, and of all the last ones alone."""
    known.pop(name, None)
    known[name] = what
    while len(known) > most:
        del known[next(iter(known))]


def _begin_of(fault: Fault) -> str:
    """The ID of the timer that tells when a fault begins."""
    return f"fault {fault.id}"


def _epoch(seed: str | None) -> str:
    """A word that no IDs of this world were given under, or the same in every run if a seed is asked for."""
    return secrets.token_hex(8) if seed is None else derived(seed, "epoch").hex()[:16]


def application_of(seed: str) -> tuple[str, str]:
    """An application's key and secret, the same for the same seed."""
    return f"app-{derived(seed, 'key').hex()[:20]}", derived(seed, "secret").hex()[:40]
