"""The services behind the gate, as far as they are modelled. Who comes here, the contract decides."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

from openfirst_reference.contract.document import Json
from openfirst_reference.contract.findings import Mistake, did_you_mean
from openfirst_reference.contract.model import Method
from openfirst_simulator.problems import Problem, bad_request

ALIAS_LIMIT = 250
Client = Hashable


@dataclass(eq=False, slots=True)
class Conference:
    """A conference; `members` maps each client in it to the type of participant that it is."""

    id: str
    alias: str
    style: str | None
    members: dict[Client, str] = field(default_factory=dict)


class Services:
    """The state of a world's services.

    `methods` are the contract's, and say which model each has; `participant` gives a client's local participant,
    `name_id` an ID that is the same for the same name, `new_id` one that was never given.
    """

    def __init__(
        self,
        methods: Mapping[str, Method],
        participant: Callable[[Any], Json | None],
        name_id: Callable[[str], str],
        new_id: Callable[[], str],
    ) -> None:
        self._methods = methods
        self._participant, self._name_id, self._new_id = participant, name_id, new_id
        self._conferences: dict[str, Conference] = {}
        self._joined: dict[Client, Conference] = {}

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

    def follow(self, client: Client, *, in_conference: bool) -> None:
        """What the contract has decided about the client's conference: one that it is not in, it has left."""
        if not in_conference and client in self._joined:
            del self._joined.pop(client).members[client]

    def _create(self, client: Client, arguments: list[Any]) -> Json:
        options = _argument(arguments, 0, dict, "the conference's options", "an object such as {alias}") or {}
        alias = options.get("alias") or self._new_id()
        if not isinstance(alias, str) or len(alias) > ALIAS_LIMIT or "#" in alias:
            raise bad_request(
                f"`alias` must be a text of at most {ALIAS_LIMIT} characters without `#`. Choose another one."
            )
        params = options.get("params")
        style = params.get("spatialAudioStyle") if isinstance(params, dict) else None
        conference = Conference(self._name_id(alias), alias, style if isinstance(style, str) else None)
        is_new = conference.id not in self._conferences
        return self._shown(self._conferences.setdefault(conference.id, conference), client, is_new=is_new)

    def _fetch(self, client: Client, arguments: list[Any]) -> Json | None:
        wanted = _argument(arguments, 0, str, "the conference's ID", "a text")
        return self._current(client, []) if wanted is None else self._shown(self._find(wanted), client)

    def _current(self, client: Client, arguments: list[Any]) -> Json | None:
        return self._shown(self._joined[client], client) if client in self._joined else None

    def _join(self, client: Client, arguments: list[Any]) -> Json:
        return self._enter(client, arguments, "USER")

    def _listen(self, client: Client, arguments: list[Any]) -> Json:
        return self._enter(client, arguments, "LISTENER")

    def _leave(self, client: Client, arguments: list[Any]) -> None:
        self.follow(client, in_conference=False)

    def _participants(self, client: Client, arguments: list[Any]) -> list[Json]:
        return self._members(self._named(arguments))

    def _status(self, client: Client, arguments: list[Any]) -> str:
        return self._status_of(self._named(arguments), client)

    def _enter(self, client: Client, arguments: list[Any], kind: str) -> Json:
        conference = self._named(arguments)
        other = self._joined.get(client, conference)
        if other is not conference:
            raise Problem(
                409,
                "conference-already-joined",
                "In another conference already",
                f"The participant is in the conference `{other.alias}`. Leave that one first.",
            )
        self._joined[client] = conference
        conference.members[client] = kind
        return self._shown(conference, client)

    def _named(self, arguments: list[Any]) -> Conference:
        given = _argument(arguments, 0, dict, "the conference", "an object with the conference's id") or {}
        if not isinstance(given.get("id"), str):
            raise bad_request("`arguments[0].id` must be the conference's ID. Send what conference/create gave.")
        alias = given.get("alias")
        return self._find(given["id"], alias if isinstance(alias, str) else None)

    def _find(self, identifier: str, alias: str | None = None) -> Conference:
        """The conference with this ID; an alias, in its place or beside it, will do as well."""
        for known in (identifier, self._name_id(identifier), self._name_id(alias or identifier)):
            if known in self._conferences:
                return self._conferences[known]
        raise Problem(
            404,
            "conference-not-found",
            "There is no such conference",
            f"No conference has the ID or alias `{identifier[:80]}`. Call conference/create first.",
        )

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
        return [
            {**(self._participant(client) or {}), "status": "CONNECTED", "type": kind}
            for client, kind in conference.members.items()
        ]

    def _status_of(self, conference: Conference, client: Client) -> str:
        return "JOINED" if client in conference.members else "CREATED"


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
