"""What a service finds when it is called, and leaves: one client, one moment, one draft."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from msgspec import structs

from openfirst_reference.contract.document import Json
from openfirst_reference.machine.step import State
from openfirst_simulator import events, tokens
from openfirst_simulator.ids import Ids
from openfirst_simulator.problems import bad_request
from openfirst_simulator.records import Client, like
from openfirst_simulator.store import Draft

T = TypeVar("T")
DOWNLOAD_SECONDS = 600.0
"""For how long an address of a file is good: ten minutes, as the REST clients say."""


@dataclass(frozen=True)
class Setting:
    """What is the same in all that a world decides: the key that it signs with, and its base URL."""

    key: Callable[[], bytes]
    base: Callable[[], str]

    def download(self, path: str, now: float) -> str:
        """The address of a file, which is good for a while and signed, so that it needs no token."""
        expires = int(now + DOWNLOAD_SECONDS)
        return f"{self.base()}{path}?expires={expires}&signature={self.signature(path, expires)}"

    def signature(self, path: str, expires: int) -> str:
        """What signs the address of a file."""
        return hmac.digest(self.key(), f"{path} {expires}".encode(), "sha256").hex()


@dataclass(frozen=True)
class Scene:
    """A world at the instant `now`, in seconds, as one decision finds it in its draft.

    `participant_of` gives a client's local participant, None for one without a session; `outside` the state of a client that is
    in no conference any more.
    """

    draft: Draft
    ids: Ids
    now: float
    setting: Setting
    participant_of: Callable[[Client], Json | None]
    outside: Callable[[State], State]

    def client(self, identifier: str) -> Client | None:
        """The client with this ID, as it is now."""
        return self.draft.get(Client, identifier)

    def participant_id(self, app: str, external_id: str) -> str:
        """The ID of the participant with this external ID, which is the same in every conference and session."""
        return self.ids.named("participant", like(app, external_id))

    def sign(self, claims: tokens.Claims) -> str:
        """The token that says this."""
        return tokens.sign(claims, self.setting.key())

    def admit(self, raw: str) -> tokens.Claims:
        """What a token of this world says; its time is not looked at. Raises BadToken."""
        return tokens.verified(raw, self.setting.key())

    def changed(self, client: Client, **fields: Any) -> Client:
        """The client is this from now on."""
        client = structs.replace(client, **fields)
        self.draft.put(client)
        return client

    def emit(self, to: Client, name: str, data: Any) -> None:
        """A client hears of something, if it has a session: the event `name`, such as `conference.statusUpdated`."""
        events.emit(self.draft, to.session, self.now, name, data)


class NotModelled(Exception):
    """A model cannot tell, without media, what the platform would: a sentence that says what is missing, and what to do."""


Model = Callable[[Scene, Client, list[Any]], Any]
"""What a method of a service does for a client that calls it with arguments. Raises Problem where the service itself refuses."""


def argument(arguments: list[Any], position: int, kind: type[T], what: str, expected: str) -> T | None:
    """The argument in a position, None if it is absent. Raises Problem for one of another kind."""
    value = arguments[position] if position < len(arguments) else None
    if value is not None and not isinstance(value, kind):
        raise bad_request(f"`arguments[{position}]` is {what} and must be {expected}. Send it as that.")
    return value
