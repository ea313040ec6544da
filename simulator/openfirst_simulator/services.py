"""The services behind the gate, as far as they are modelled. Who comes here, the contract decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import structs

from openfirst_reference.contract.document import Json
from openfirst_reference.contract.findings import Mistake, did_you_mean
from openfirst_reference.contract.model import Method
from openfirst_simulator.ids import Ids
from openfirst_simulator.problems import Problem, bad_request
from openfirst_simulator.records import Client, Conference, Timer, like
from openfirst_simulator.store import Draft

ALIAS_LIMIT = 250
EMPTY = "conference-forgotten"
KEPT = 86_400.0
"""For how many seconds of the world's time what is over is remembered."""


class Services:
    """The services of a world, as one decision finds them in its draft.

    `methods` are the contract's, and say which model each has; `participant` gives a client's local participant.
    """

    def __init__(
        self,
        methods: Mapping[str, Method],
        draft: Draft,
        participant: Callable[[Client], Json | None],
        ids: Ids,
        now: float,
    ) -> None:
        self._methods, self._draft, self._participant, self._ids, self._now = methods, draft, participant, ids, now

    @staticmethod
    def check(methods: Mapping[str, Method]) -> None:
        """Raises ValueError for a method that names a model which is not there."""
        for target, method in methods.items():
            if method.model is not None and method.model not in _MODELS:
                raise Mistake(f"{target}: there is no model `{method.model}`. {did_you_mean(method.model, _MODELS)}")

    def models(self, target: str) -> bool:
        """Whether the method `service/method` is modelled."""
        return target in self._methods and self._methods[target].model in _MODELS

    def not_modelled(self, target: str) -> str:
        """The sentence for a method that may be called and is not modelled."""
        modelled = ", ".join(name for name in self._methods if self.models(name))
        return f"{target} is not modelled here; modelled are {modelled}."

    def call(self, target: str, client: Client, arguments: list[Any]) -> Any:
        """The result of a modelled method. Raises Problem where the service itself refuses."""
        return _MODELS[str(self._methods[target].model)](self, client, arguments)

    def follow(self, client: Client, *, in_conference: bool) -> Client:
        """What the contract has decided about the client's conference: one that it is not in, it has left."""
        if in_conference or client.conference is None:
            return client
        conference = self._draft.get(Conference, client.conference)
        if conference is not None:
            members = {name: kind for name, kind in conference.members.items() if name != client.id}
            conference = structs.replace(conference, members=members)
            self._draft.put(conference)
            self._rest(conference)
        client = structs.replace(client, conference=None)
        self._draft.put(client)
        return client

    def over(self, identifier: str) -> None:
        """A conference is forgotten, if nobody is in it."""
        conference = self._draft.get(Conference, identifier)
        if conference is not None and not conference.members:
            self._draft.drop(conference)

    def _rest(self, conference: Conference) -> None:
        """If nobody comes into it, a conference is forgotten once its time is over."""
        if not conference.members:
            due = self._now + KEPT
            self._draft.put(Timer(id=f"conference {conference.id}", due=due, what=EMPTY, of=conference.id))

    def forget(self, client: Client) -> None:
        """A client of the moment leaves nothing behind."""
        self._draft.drop(self.follow(self._draft.get(Client, client.id) or client, in_conference=False))

    def _create(self, client: Client, arguments: list[Any]) -> Json:
        options = _argument(arguments, 0, dict, "the conference's options", "an object such as {alias}") or {}
        alias = options.get("alias") or self._ids.fresh()
        if not isinstance(alias, str) or len(alias) > ALIAS_LIMIT or "#" in alias:
            raise bad_request(
                f"`alias` must be a text of at most {ALIAS_LIMIT} characters without `#`. Choose another one."
            )
        params = options.get("params")
        style = params.get("spatialAudioStyle") if isinstance(params, dict) else None
        identifier = self._named_id(client, alias)
        known = self._draft.get(Conference, identifier)
        if known is not None:
            return self._shown(known, client)
        conference = Conference(id=identifier, alias=alias, style=style if isinstance(style, str) else None)
        self._draft.put(conference)
        self._rest(conference)
        return self._shown(conference, client, is_new=True)

    def _fetch(self, client: Client, arguments: list[Any]) -> Json | None:
        wanted = _argument(arguments, 0, str, "the conference's ID", "a text")
        return self._current(client, []) if wanted is None else self._shown(self._find(client, wanted), client)

    def _current(self, client: Client, arguments: list[Any]) -> Json | None:
        conference = None if client.conference is None else self._draft.get(Conference, client.conference)
        return None if conference is None else self._shown(conference, client)

    def _join(self, client: Client, arguments: list[Any]) -> Json:
        return self._enter(client, arguments, "USER")

    def _listen(self, client: Client, arguments: list[Any]) -> Json:
        return self._enter(client, arguments, "LISTENER")

    def _leave(self, client: Client, arguments: list[Any]) -> None:
        self.follow(client, in_conference=False)

    def _participants(self, client: Client, arguments: list[Any]) -> list[Json]:
        return self._members(self._named(client, arguments))

    def _status(self, client: Client, arguments: list[Any]) -> str:
        return self._status_of(self._named(client, arguments), client)

    def _enter(self, client: Client, arguments: list[Any], kind: str) -> Json:
        conference = self._named(client, arguments)
        other = None if client.conference is None else self._draft.get(Conference, client.conference)
        if other is not None and other.id != conference.id:
            raise Problem(
                409,
                "conference-already-joined",
                "In another conference already",
                f"The participant is in the conference `{other.alias}`. Leave that one first.",
            )
        conference = structs.replace(conference, members={**conference.members, client.id: kind})
        self._draft.put(conference)
        self._draft.put(structs.replace(client, conference=conference.id))
        return self._shown(conference, client)

    def _named(self, client: Client, arguments: list[Any]) -> Conference:
        given = _argument(arguments, 0, dict, "the conference", "an object with the conference's id") or {}
        if not isinstance(given.get("id"), str):
            raise bad_request("`arguments[0].id` must be the conference's ID. Send what conference/create gave.")
        alias = given.get("alias")
        return self._find(client, given["id"], alias if isinstance(alias, str) else None)

    def _find(self, client: Client, identifier: str, alias: str | None = None) -> Conference:
        """The conference with this ID; an alias, in its place or beside it, will do as well."""
        for known in (
            identifier,
            self._named_id(client, identifier),
            self._named_id(client, alias or identifier),
        ):
            conference = self._draft.get(Conference, known)
            if conference is not None:
                return conference
        raise Problem(
            404,
            "conference-not-found",
            "There is no such conference",
            f"No conference has the ID or alias `{identifier[:80]}`. Call conference/create first.",
        )

    def _named_id(self, client: Client, alias: str) -> str:
        """The ID of the conference that has this alias in the client's application."""
        return self._ids.named("conference", like(client.app, alias))

    def _shown(self, conference: Conference, client: Client, *, is_new: bool = False) -> Json:
        shown: Json = {
            "id": conference.id,
            "alias": conference.alias,
            "isNew": is_new,
            "participants": self._members(conference),
            "status": self._status_of(conference, client),
        }
        if conference.style is not None:
            shown["spatialAudioStyle"] = conference.style
        return shown

    def _members(self, conference: Conference) -> list[Json]:
        clients = ((self._draft.get(Client, name), kind) for name, kind in conference.members.items())
        return [
            {**((self._participant(client) if client else None) or {}), "status": "CONNECTED", "type": kind}
            for client, kind in clients
        ]

    def _status_of(self, conference: Conference, client: Client) -> str:
        return "JOINED" if client.id in conference.members else "CREATED"


def _argument(arguments: list[Any], position: int, kind: type, what: str, expected: str) -> Any:
    value = arguments[position] if position < len(arguments) else None
    if value is not None and not isinstance(value, kind):
        raise bad_request(f"`arguments[{position}]` is {what} and must be {expected}. Send it as that.")
    return value


_MODELS: dict[str, Callable[[Services, Client, list[Any]], Any]] = {
    "conference.create": Services._create,
    "conference.fetch": Services._fetch,
    "conference.current": Services._current,
    "conference.join": Services._join,
    "conference.listen": Services._listen,
    "conference.leave": Services._leave,
    "conference.getParticipants": Services._participants,
    "conference.getStatus": Services._status,
}
