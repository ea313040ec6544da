"""A small implementation of the session API, on which the judge is tried.

It is written by hand from the sources' sentences and imports nothing of the project, so that a mistake in the
contract is not repeated here. There is no network: its platform is in the same object, and the description
of a credential takes the place of the token. Variants override one of the methods below, or one of the
attributes that say what it has and decides.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

Json = dict[str, Any]
Info = Mapping[str, Any]
Request = Callable[[str, Json], Awaitable[Json]]
Words = tuple[str, ...]

POINTS = (0.5, 0.75, 1.0)
BAD = {
    "expired": "token-expired",
    "forged": "token-invalid",
    "foreign": "token-invalid",
    "unreadable": "token-invalid",
    "revoked": "token-revoked",
}
JOINING = {"join", "listen"}
DEVICES = {"mediaDevice", "audioPreview"}


def is_listener(method: str) -> bool:
    """Whether a method registers a listener."""
    return method.startswith("on") and method[2:3].isupper()


class Refusal(Exception):
    """A call is refused; `code` says why, and None that nobody knows."""

    def __init__(self, code: str | None, message: str = "") -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message or f"This was refused: {code}."


@dataclass
class Credential:
    """What a client was initialised with; `lifetime` is in milliseconds."""

    kind: str = "none"
    condition: str = "good"
    external_id: str | None = None
    may_update: bool = True
    lifetime: int = 3_600_000
    scopes: tuple[str, ...] = ("*",)

    @classmethod
    def of(cls, described: Info, kind: str | None = None) -> Credential:
        """Read a description, as `reset` and the initialising calls give it."""
        scopes = described.get("scopes")
        scoped = scopes is None or "*" in scopes or "session:update" in scopes
        return cls(
            kind or described.get("kind") or "none",
            described.get("condition") or "good",
            described.get("externalId"),
            scoped and described.get("scope") != "no-update",
            round(1000 * (described.get("expiresIn") or 3600)),
            ("*",) if scopes is None else tuple(scopes),
        )


@dataclass
class Session:
    """An open session, and the participant who belongs to it."""

    name: str | None
    avatar_url: str | None
    external_id: str | None
    participant_id: str
    conference: str | None = None


@dataclass
class Client:
    """One client: its credential, its session, and the session that it closed last.

    `notes` is for what a variant remembers of it.
    """

    name: str
    credential: Credential
    session: Session | None = None
    last: Session | None = None
    callback: str = "first"
    born: int = 0
    points_passed: int = 0
    notes: dict[str, Any] = field(default_factory=dict)


class Plain:
    """Conforms, decides what is left open as most SDKs do, and says so."""

    decides: ClassVar[Mapping[str, str]] = {
        "external-id-mismatch": "refuse",
        "external-id-without-token-id": "refuse",
        "external-id-with-key-secret": "adopt",
        "empty-external-id": "absent",
        "open-while-open": "refuse",
        "open-without-info": "fresh",
        "close-while-closed": "accept",
        "no-participant": "error",
        "update-while-closed": "refuse",
        "is-open-before-initialize": "false",
        "is-open-after-expiry": "true",
        "second-initialize": "replace",
        "setting-without-session": "answer",
        "listener-without-session": "answer",
        "same-id-twice": "coexist",
    }
    undeclared: ClassVar[frozenset[str]] = frozenset()
    """The choices that it does not speak of in the handshake."""

    operations: ClassVar[Words] = (
        "initialize",
        "initializeToken",
        "open",
        "close",
        "isOpen",
        "getParticipant",
        "updateParticipantInfo",
        "use",
    )
    capabilities: ClassVar[Json] = {
        "clock": "virtual",
        "clients": 2,
        "refresh": True,
        "deprecatedInitialize": True,
        "world": ["platformCloses", "revokeToken"],
    }
    error_map: ClassVar[Mapping[str, str]] = {}

    # What a trial of the judge expects; conforming ones break nothing.
    breaks: ClassVar[Words] = ()
    every: ClassVar[Words] = ()
    only: ClassVar[Words] = ()
    innocent: ClassVar[Words] = ()
    needs: ClassVar[str] = ""
    extra: ClassVar[int] = 0
    verdicts: ClassVar[Words] = ("conforms",)

    def __init__(self) -> None:
        self.request: Request | None = None
        self.generation = 0
        self.now = 0
        self.clients: dict[str, Client] = {}
        self.ids: dict[str, str] = {}
        self.sessions_opened = 0

    # The protocol -------------------------------------------------------------------------------------------

    async def initialize(self, params: Json) -> Json:
        """Answer the handshake."""
        return {
            "protocol": 1,
            "implementation": {"name": type(self).__name__, "language": "python"},
            "capabilities": {"operations": list(self.operations), **self.capabilities},
            "choices": {key: value for key, value in self.decides.items() if key not in self.undeclared},
            "errorMap": [{"native": native, "code": code} for native, code in self.error_map.items()],
        }

    async def reset(self, params: Json) -> Json:
        """Begin a case with fresh clients."""
        self.generation = params["generation"]
        self.now = 0
        self.clients = {
            name: Client(name, Credential.of(item["credential"])) for name, item in params["clients"].items()
        }
        return {}

    async def call(self, params: Json) -> Json:
        """Make one call."""
        operation = params["operation"]
        if operation not in self.operations:
            return {"outcome": "unsupported", "reason": f"there is no {operation} here"}
        try:
            value = await self.answer(self.clients[params["client"]], operation, params["arguments"])
        except Refusal as refusal:
            return self.error(refusal)
        return {"outcome": "value", "value": value}

    async def advance(self, params: Json) -> Json:
        """Let time pass, and stop at each point of each token's life."""
        end = self.now + params["milliseconds"]
        while (due := self.next_due(end)) is not None:
            self.now, client = due
            await self.reach_point(client)
        self.now = end
        return {}

    async def settle(self, params: Json) -> Json:
        """Nothing is ever pending here."""
        return {}

    async def world(self, params: Json) -> Json:
        """The platform does something of itself."""
        client = self.clients[params["client"]]
        if params["action"] == "platformCloses":
            self.lose(client)
        elif params["action"] == "revokeToken":
            self.revoke(client)
        return {}

    def shutdown(self) -> None:
        """End."""
        self.clients = {}

    # Shapes -------------------------------------------------------------------------------------------------

    async def answer(self, client: Client, operation: str, arguments: Json) -> Any:
        """Make the call and give its value; raises Refusal."""
        match operation:
            case "open":
                return self.open(client, arguments.get("info"))
            case "close":
                return self.close(client)
            case "isOpen":
                return self.is_open(client)
            case "getParticipant":
                return self.get_participant(client)
            case "updateParticipantInfo":
                return self.update(client, arguments.get("name"), arguments.get("avatarUrl"))
            case "use":
                return self.use(client, arguments["service"], arguments["method"], arguments.get("arguments") or [])
        kind = "token" if operation == "initializeToken" else "key-secret"
        return self.initialise(client, Credential.of(arguments["credential"], kind))

    def error(self, refusal: Refusal) -> Json:
        """A refusal as the protocol has it."""
        return {"outcome": "error", "code": refusal.code, "message": refusal.message}

    def show(self, session: Session) -> Json:
        """A participant as people see it."""
        info = {"name": session.name, "avatarUrl": session.avatar_url, "externalId": session.external_id}
        return {"id": session.participant_id, "info": info}

    # Initialising and time ----------------------------------------------------------------------------------

    def initialise(self, client: Client, credential: Credential) -> Any:
        """Take a credential; the first callback stays, as in the React Native SDK."""
        if client.credential.kind != "none" and self.decides["second-initialize"] == "refuse":
            raise Refusal("already-initialized")
        self.hold(client, credential)
        return None

    def hold(self, client: Client, credential: Credential) -> None:
        """Hold a new credential, whose life begins now."""
        client.credential = credential
        client.born, client.points_passed = self.now, 0

    def points(self, client: Client) -> Iterable[int]:
        """When the client asks for a fresh token, if it is given none."""
        return [client.born + round(point * client.credential.lifetime) for point in POINTS]

    def next_due(self, end: int) -> tuple[int, Client] | None:
        """The next point in a token's life, and whose, no later than `end`."""
        due = [
            (max(self.now, when), client)
            for client in self.clients.values()
            if client.credential.kind == "token" and client.credential.condition in {"good", "revoked"}
            for when in list(self.points(client))[client.points_passed :][:1]
            if when <= end
        ]
        return min(due, key=lambda item: item[0], default=None)

    async def reach_point(self, client: Client) -> None:
        """Ask for a fresh token; without one the token expires at its end."""
        client.points_passed += 1
        if await self.fresh_token(client):
            self.renew(client)
        elif client.points_passed >= len(POINTS):
            self.expire(client)

    async def fresh_token(self, client: Client) -> bool:
        """Ask for a fresh token. Tells whether there is one."""
        asked = {"generation": self.generation, "client": client.name, "callback": client.callback}
        if self.request is None:
            return False
        try:
            return bool((await self.request("refreshToken", asked)).get("token"))
        except Exception:  # whatever the reason is, there is no token
            return False

    def renew(self, client: Client) -> None:
        """Use a fresh token."""
        client.credential.condition = "good"
        client.born, client.points_passed = self.now, 0

    def expire(self, client: Client) -> None:
        """The token is past its time."""
        client.credential.condition = "expired"
        if self.decides["is-open-after-expiry"] == "false":
            self.lose(client)

    def revoke(self, client: Client) -> None:
        """The platform revokes the token."""
        if client.credential.kind == "token" and client.credential.condition == "good":
            client.credential.condition = "revoked"

    def lose(self, client: Client) -> None:
        """The platform ends the session; this client learns of it at once."""
        self.end(client)

    # The session --------------------------------------------------------------------------------------------

    def open(self, client: Client, info: Info | None) -> Any:
        """Open a session, unless there is a reason not to."""
        self.check_credential(client)
        if client.session is not None and not self.open_again(client, info):
            return None
        external_id = self.external_id(client, info)
        for other in self.twins(client, external_id):
            self.meet_twin(other)
        if client.session is not None:
            self.end(client)
        client.session = self.session(client, info, external_id)
        return None

    def check_credential(self, client: Client) -> None:
        """Refuse a credential that is no good."""
        if client.credential.kind == "none":
            raise Refusal("not-initialized")
        if client.credential.condition != "good":
            raise Refusal(BAD[client.credential.condition])

    def open_again(self, client: Client, info: Info | None) -> bool:
        """There is a session already. Tells whether to open all the same."""
        if self.decides["open-while-open"] == "refuse":
            raise Refusal("session-already-open", "A session has already been opened")
        return self.decides["open-while-open"] == "replace"

    def external_id(self, client: Client, info: Info | None) -> str | None:
        """The participant's external ID; refuses one that is not the token's."""
        given, own = (info or {}).get("externalId"), client.credential.external_id
        if given == "" and self.decides["empty-external-id"] == "absent":
            given = None
        if client.credential.kind == "key-secret":
            if given is not None and self.decides["external-id-with-key-secret"] == "refuse":
                raise Refusal("external-id-mismatch")
            return given if self.decides["external-id-with-key-secret"] == "adopt" else None
        if given is None or (own is not None and self.same_external_id(given, own)):
            return own
        choice = "external-id-mismatch" if own is not None else "external-id-without-token-id"
        if self.decides[choice] == "refuse":
            raise Refusal("external-id-mismatch")
        return own

    def same_external_id(self, given: str, own: str) -> bool:
        """Whether an external ID is the token's: exactly, code point by code point."""
        return given == own

    def twins(self, client: Client, external_id: str | None) -> list[Client]:
        """The other clients that have a session with this external ID."""
        return [
            other
            for other in self.clients.values()
            if other is not client
            and external_id is not None
            and other.session is not None
            and other.session.external_id == external_id
        ]

    def meet_twin(self, other: Client) -> None:
        """Another client has a session with the same external ID."""
        if self.decides["same-id-twice"] == "refuse":
            raise Refusal("session-already-open")
        if self.decides["same-id-twice"] == "evict-earlier":
            self.lose(other)

    def session(self, client: Client, info: Info | None, external_id: str | None) -> Session:
        """The session that is opened with this information."""
        self.sessions_opened += 1
        if info is None and self.decides["open-without-info"] == "reuse" and client.last is not None:
            info = {"name": client.last.name, "avatarUrl": client.last.avatar_url}
        info = info or {}
        return Session(info.get("name"), info.get("avatarUrl"), external_id, self.participant_id(client, external_id))

    def participant_id(self, client: Client, external_id: str | None) -> str:
        """The platform's ID of a participant: one for each external ID, one for each session without."""
        if external_id is None:
            return f"guest-{self.sessions_opened}"
        return self.ids.setdefault(external_id, f"participant-{len(self.ids)}")

    def close(self, client: Client) -> Any:
        """Close the session, and leave the conference with it."""
        if client.session is None:
            return self.close_again(client)
        self.end(client)
        return None

    def close_again(self, client: Client) -> Any:
        """There is nothing to close."""
        if self.decides["close-while-closed"] == "refuse":
            raise Refusal("session-not-open")
        return None

    def end(self, client: Client) -> None:
        """The session is over, whoever ended it."""
        client.last = client.session or client.last
        client.session = None

    def is_open(self, client: Client) -> Any:
        """Tell whether a session is open."""
        if client.credential.kind == "none" and self.decides["is-open-before-initialize"] == "error":
            raise Refusal("not-initialized")
        return client.session is not None

    def get_participant(self, client: Client) -> Any:
        """Give the local participant."""
        if client.session is None:
            return self.no_participant(client)
        return self.show(client.session)

    def no_participant(self, client: Client) -> Any:
        """There is no session, and so no participant."""
        if self.decides["no-participant"] == "error":
            raise Refusal("session-not-open", "No current session user.")
        return None

    def update(self, client: Client, name: str | None, avatar_url: str | None) -> Any:
        """Change the participant's name and avatar URL."""
        if client.session is None:
            return self.update_closed(client, name, avatar_url)
        self.check_credential(client)
        self.check_scope(client)
        client.session.name, client.session.avatar_url = name, avatar_url
        return None

    def update_closed(self, client: Client, name: str | None, avatar_url: str | None) -> Any:
        """There is nobody to update."""
        if self.decides["update-while-closed"] == "refuse":
            raise Refusal("session-not-open")
        return None

    def check_scope(self, client: Client) -> None:
        """Refuse a token that may not update."""
        if not client.credential.may_update:
            raise Refusal("scope-missing")

    # Services -----------------------------------------------------------------------------------------------

    def use(self, client: Client, service: str, method: str, arguments: list[Any]) -> Any:
        """Call a method of a service."""
        if self.is_gated(service, method):
            self.gate(client, service, method)
        elif client.session is None and self.waits(client, service, method):
            raise Refusal("session-not-open")
        return self.serve(client, service, method, arguments)

    def waits(self, client: Client, service: str, method: str) -> bool:
        """Whether a device setting or a listener waits for a session, too."""
        kind = "listener" if is_listener(method) else "setting"
        return self.decides[f"{kind}-without-session"] == "refuse"

    def is_gated(self, service: str, method: str) -> bool:
        """Listeners and device settings need no session."""
        device = service in DEVICES or (service == "localAudio" and method not in {"start", "stop"})
        return not device and not is_listener(method)

    def gate(self, client: Client, service: str, method: str) -> None:
        """Refuse a service that has no session to work in."""
        if client.session is None:
            raise Refusal("session-not-open" if client.credential.kind != "none" else "not-initialized")
        self.check_credential(client)

    def serve(self, client: Client, service: str, method: str, arguments: list[Any]) -> Any:
        """What the service answers. Conferences are joined and left; everything else is well."""
        session = client.session
        if service == "conference" and session is not None:
            if method in JOINING:
                session.conference = str((arguments or [{}])[0].get("id"))
            elif method == "leave":
                session.conference = None
            elif method == "current":
                return None if session.conference is None else {"id": session.conference}
        return {"ok": True}
