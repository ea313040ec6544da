"""A world: a whole platform of its own. What it permits, the machine says.

Nothing in here awaits, so between reading a client's state and writing it nobody else comes in.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

from openfirst_reference.contract.findings import Mistake
from openfirst_reference.contract.model import ANY_ERROR, OF_SERVICE
from openfirst_reference.machine.step import Identity, State, Step
from openfirst_simulator import tokens
from openfirst_simulator.clients import GOOD, Client, Sessions, Token
from openfirst_simulator.clock import Clock
from openfirst_simulator.keyring import Keyring
from openfirst_simulator.problems import Problem, bad_request, refusal
from openfirst_simulator.services import Services
from openfirst_simulator.table import Table
from openfirst_simulator.tokens import BadToken, Claims

_NAMESPACE = uuid.UUID("6f70656e-6669-5273-8000-000000000000")


class World:
    """A platform of its own, with clients, services, clock and choices. Made by `Simulator.world`.

    `key` and `secret` are its application's; `choices` has a value for every choice of the contract;
    `requests` counts what the session interface was asked.
    """

    def __init__(self, name: str, table: Table, clock: Clock, seed: int | str, url: Callable[[], str]) -> None:
        self.name, self.clock = name, clock
        self.choices: Mapping[str, str] = table.contract.default_choices()
        self.requests = 0
        self._table, self._url = table, url
        self._random = random.Random(f"{name}:{seed}")
        self._keyring = Keyring(f"{name}:{seed}", clock, self._new_id)
        self.key, self.secret = self._keyring.key, self._keyring.secret
        self._tokens: dict[str, Token] = {}
        self._sessions = Sessions(table, self._new_id)
        self._services = Services(
            table.contract.methods, self.participant, partial(self._name_id, "conference"), self._new_id
        )

    @property
    def url(self) -> str:
        """The base URL under which this world alone is asked."""
        return self._url()

    @property
    def session_scopes(self) -> tuple[str, ...]:
        """The scopes of a client access token that the contract speaks of."""
        scopes = self._table.credentials.binding.scopes
        return () if scopes is None else (*scopes.any_of, *scopes.without)

    def choose(self, choices: Mapping[str, str]) -> None:
        """From now on these choices, and the contract's defaults for the others.

        Raises ValueError for a choice or value that the contract does not have.
        """
        contract = self._table.contract
        chosen = contract.check_choices(choices, f"the world `{self.name}`")
        self.choices = {**contract.default_choices(), **chosen}

    # Tokens -------------------------------------------------------------------------------------------------

    def issue(
        self, kind: str, expires_in: int, scopes: Sequence[str] | None = None, external_id: str | None = None
    ) -> str:
        """A fresh token of this world's application."""
        return self._keyring.signed(self._keyring.claims(kind, expires_in, scopes, external_id))

    def token(
        self,
        external_id: str | None = None,
        scopes: Sequence[str] = (tokens.ALL_SCOPES,),
        expires_in: int = 3600,
        condition: str = GOOD,
    ) -> str:
        """A client access token in the condition asked for.

        `expires_in` is in seconds; `condition` is good, expired, forged, foreign, unreadable or revoked.
        Raises ValueError for another.
        """
        claims = self._keyring.claims(tokens.TOKEN, expires_in, scopes, external_id)
        match condition:
            case "good":
                return self._keyring.signed(claims)
            case "revoked":
                self._tokens[claims.id] = Token(claims, condition)
                return self._keyring.signed(claims)
            case "expired":
                return self._keyring.expired(claims)
            case "forged":
                return self._keyring.forged(claims)
            case "foreign":
                return self._keyring.foreign(claims)
            case "unreadable":
                return f"unreadable-{claims.id}"
        known = ", ".join(self._table.credentials.binding.condition.words)
        raise Mistake(f"A token cannot be made `{condition}`. It can be one of: {known}.")

    def admit(self, raw: str) -> Claims:
        """What a token of this world's application says, whatever its kind and its time. Raises BadToken."""
        return self._keyring.admit(raw)

    def client_token(self, raw: str) -> Token:
        """The record of a client's token, be it expired or revoked. Raises BadToken for any other."""
        claims = self.admit(raw)
        if claims.kind not in tokens.CLIENT_KINDS:
            why = f"This token is of the kind `{claims.kind}`, and a client needs a client access token."
            raise BadToken("foreign", why)
        token = self._tokens.get(claims.id)
        if token is None:
            token = self._tokens[claims.id] = Token(claims)
        return token

    # Calls --------------------------------------------------------------------------------------------------

    def perform(
        self, token: Token, operation: str, arguments: Mapping[str, Any], session_id: str | None = None
    ) -> tuple[Client, Any]:
        """A call of a token's client (about the session with this ID): the client, and the answer.

        Raises Problem where the contract or a service refuses.
        """
        client = self._client(token, session_id)
        if session_id not in (None, client.session_id):
            # Somebody else's session, or one that is over. To this client it is none, so it may do what may
            # be done without one: a client of the moment takes the call, and is forgotten.
            client = Client(self._table.nobody, token)
        state = self._state(client, token, self._table.given_identity(operation, arguments))
        step, outcome = self._chosen(client, state, operation, arguments)
        if client is token.client:
            self._take(client, token, step)
        else:
            self._services.follow(client, in_conference=False)
        if isinstance(outcome, Problem):
            raise outcome
        return client, outcome

    def participant(self, client: Client) -> Any:
        """The local participant of a client's session, as the contract shows it; None without one."""
        state = self._state(client, client.token)
        steps = self._table.steps(state, self._table.participant, {}, self.choices)
        return next((self._value(client, step) for step in steps if not step.is_error), None)

    def has_session(self, session_id: str) -> bool:
        """Whether a session with this ID is open."""
        return self._sessions.holder(session_id) is not None

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
        client = self._sessions.holder(who)
        token = client.token if client else self.client_token(who)
        client = client or self._client(token, None)
        steps = self._table.steps(self._state(client, token), operation, {}, self.choices)
        self._take(client, token, steps[0])

    def refused(
        self, operation: str, arguments: Mapping[str, Any], found: str, condition: str | None = None
    ) -> Problem:
        """The refusal of a call with no credential, or one in a condition that leaves open whose it is."""
        table = self._table
        state, code = table.nobody, table.no_credential
        if condition is not None:
            held = table.credentials.variables({"kind": tokens.TOKEN, "condition": condition})
            state, code = table.machine.having(state, **held), table.credentials.error(condition)
        step = table.refusal(state, operation, arguments, code)
        return refusal(table.contract, code, found=found, rule=table.rule(step) if step else None)

    # Where a client is --------------------------------------------------------------------------------------

    def _client(self, token: Token, session_id: str | None) -> Client:
        """The token's client.

        A good token that is used for the first time, and on a session of its kind and external ID, is a
        refreshed one: it is that client's from now on.
        """
        if token.client is None:
            holder = self._sessions.holder(session_id)
            if holder is not None and self._condition(token) == GOOD and token.is_like(holder.token):
                token.client, holder.token = holder, token
            else:
                token.client = Client(self._table.nobody, token)
        return token.client

    def _state(self, client: Client, token: Token, given: str | None = None) -> State:
        """The client's state, with what the world knows now: of its credential, and of others like it, or like what it gives."""
        claims = token.claims
        external_ids = self._table.identities(client.state)
        if given:
            external_ids.add(given)
        if claims.external_id is not None:
            external_ids.add(claims.external_id)
        held = {
            "kind": claims.kind,
            "condition": self._condition(token),
            "externalId": claims.external_id,
            "scopes": claims.scopes,
        }
        passed = (self.clock.now() - claims.issued) / (claims.expires - claims.issued)
        return self._table.machine.having(
            client.state,
            **self._table.credentials.variables(held),
            **self._table.credentials.life(passed),
            **self._table.company(self._sessions.any_other(client, external_ids)),
        )

    def _condition(self, token: Token) -> str:
        over = self.clock.now() >= token.claims.expires
        return "expired" if over and token.condition == GOOD else token.condition

    # What a call comes to -----------------------------------------------------------------------------------

    def _chosen(self, client: Client, state: State, operation: str, arguments: Mapping[str, Any]) -> tuple[Step, Any]:
        """The first step permitted that can be made here, and what it comes to: an answer, or a Problem."""
        trouble: Problem | None = None
        try:
            steps = self._table.steps(state, operation, arguments, self.choices)
        except ValueError as error:
            raise bad_request(f"{error} Send a value that the contract has a class for.") from None
        for step in steps:
            target = str(step.call.given.get(self._table.targets.get(operation, "")))
            if step.answer is not None and not step.answer.made_by_service:
                return step, self._value(client, step)
            if step.answer is not None and self._services.models(target):
                try:
                    return step, self._services.call(target, client, arguments.get("arguments") or [])
                except Problem as problem:
                    trouble = problem
            elif step.code in (ANY_ERROR, OF_SERVICE):
                missing = refusal(
                    self._table.contract, self._table.not_simulated, found=self._services.not_modelled(target)
                )
                return step, trouble or missing
            elif step.code is not None:
                return step, refusal(self._table.contract, step.code, rule=self._table.rule(step))
        raise RuntimeError(f"Of what the contract permits for `{operation}`, nothing can be made here.")

    def _value(self, client: Client, step: Step) -> Any:
        return self._table.machine.answer(step, lambda identity: self._identified(client, identity))

    def _identified(self, client: Client, identity: Identity) -> str:
        return client.anonymous_id if identity.owner is None else self._name_id("participant", identity.owner)

    def _take(self, client: Client, token: Token, step: Step) -> None:
        """What a step leaves behind: for the client, its services, and others with the same external ID."""
        table, machine = self._table, self._table.machine
        if step.alternative.effect is None:
            self._services.follow(client, in_conference=table.in_conference(step.after))
            return
        condition = table.credentials.binding.condition
        turned = machine.value(step.after, condition.variable)
        if turned != machine.value(step.before, condition.variable):
            token.condition = condition.outward(str(turned))
        external_ids = sorted(table.identities(step.before) | table.identities(step.after))
        # The platform has no stale view of its own: what it ended is over for it at once.
        after = table.settled(step.after, self.choices)
        self._sessions.take(client, after, anew=table.replaces_session(step))
        self._services.follow(client, in_conference=table.in_conference(after))
        if table.contract.operations[step.call.operation].echo is None:
            return
        for other in self._sessions.others(client, external_ids):
            state = self._state(other, other.token)
            call = machine.echo(step, state)
            if call is not None:
                self._take(other, other.token, machine.resolved(state, call, self.choices)[0])

    # Names --------------------------------------------------------------------------------------------------

    def _new_id(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def _name_id(self, kind: str, name: str) -> str:
        return _uuid_of(f"{self.name}:{self.key}:{kind}:{name}")


@lru_cache(maxsize=10_000)
def _uuid_of(name: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, name))
