"""The messages of the adapter protocol as types, one for the params and one for the result of each method.

`protocol/*.schema.json` says the same for other languages, and what crosses the wire is checked against it, both ways; the
tests hold the two together.
"""

from collections.abc import Mapping
from typing import Any, Literal, NotRequired, TypedDict, cast


class ContractName(TypedDict):
    """Which contract an implementation is judged by."""

    name: str
    version: str


class PlatformAddress(TypedDict):
    """Where the platform is."""

    baseUrl: str


class InitializeParams(TypedDict):
    """What an adapter is told when it is started."""

    protocol: Literal[1]
    contract: ContractName
    platform: PlatformAddress


class ImplementationName(TypedDict):
    """What is judged."""

    name: str
    version: NotRequired[str | None]
    language: NotRequired[str | None]
    role: NotRequired[Literal["client", "platform"]]  # said by our own adapter alone: a client need not say so


class Declared(TypedDict):
    """What the implementation can do; what it does not declare is not assumed."""

    operations: list[str]
    arguments: NotRequired[dict[str, Literal["required", "optional", "unsupported"]]]
    clock: NotRequired[Literal["virtual", "real"]]
    clients: NotRequired[int]
    concurrency: NotRequired[int]
    refresh: NotRequired[bool]
    world: NotRequired[list[str]]
    deprecatedInitialize: NotRequired[bool]
    credentials: NotRequired[list[str] | None]
    services: NotRequired[dict[str, list[str] | Literal[True]] | None]


class NativeCode(TypedDict):
    """How a native error translates to the contract's code."""

    native: str
    code: str


class InitializeResult(TypedDict):
    """What an adapter says of itself."""

    protocol: Literal[1]
    implementation: ImplementationName
    capabilities: Declared
    choices: NotRequired[dict[str, str | bool | None]]
    errorMap: NotRequired[list[NativeCode]]


class Credential(TypedDict):
    """A credential, and what is known of it."""

    kind: Literal["none", "token", "key-secret"]
    token: NotRequired[str]
    key: NotRequired[str]
    secret: NotRequired[str]
    condition: NotRequired[Literal["good", "expired", "forged", "foreign", "unreadable", "revoked"]]
    externalId: NotRequired[str | None]
    scopes: NotRequired[list[str]]
    expiresIn: NotRequired[float]


def credential_of(described: Mapping[str, Any]) -> Credential:
    """A credential as the protocol carries it, of all that is known of it."""
    return cast(Credential, {name: described[name] for name in Credential.__annotations__ if name in described})


class ClientStart(TypedDict):
    """What a client holds at the start of a case."""

    credential: Credential


class ResetParams(TypedDict):
    """A case begins."""

    generation: int
    now: str
    platform: PlatformAddress
    clients: dict[str, ClientStart]


class OutcomeReport(TypedDict):
    """What came of a call, as the adapter reports it."""

    outcome: Literal["value", "error", "unsupported", "pending", "unreadable"]  # the last by our own adapter alone
    value: NotRequired[Any]
    code: NotRequired[str | None]
    message: NotRequired[str | None]
    native: NotRequired[str | None]
    layer: NotRequired[str]
    reason: NotRequired[str | None]


def outcome_report(line: Mapping[str, Any]) -> OutcomeReport:
    """What a checked line says of an outcome, among other things."""
    return cast(OutcomeReport, line)


class Initialized(TypedDict):
    """What came of initialising a client, where it refused its credential already then."""

    initialize: NotRequired[OutcomeReport]


class Done(TypedDict):
    """The answer to what has no other: the case that it belongs to."""

    generation: int


class ResetResult(Done):
    """The case has begun."""

    clients: NotRequired[dict[str, Initialized]]


class CallParams(TypedDict):
    """One operation, on one client."""

    generation: int
    client: str
    operation: str
    arguments: dict[str, Any]


class CallResult(OutcomeReport, Done):
    """What came of the call."""


class WorldParams(TypedDict):
    """Something that only the adapter's environment can make happen."""

    generation: int
    client: str
    action: str
    arguments: dict[str, Any]


class AdvanceParams(TypedDict):
    """Virtual time passes."""

    generation: int
    milliseconds: int


class SettleParams(TypedDict):
    """Nothing is to be pending when it is answered."""

    generation: int


class RefreshTokenParams(TypedDict):
    """The adapter asks for a fresh token for a client."""

    generation: int
    client: str
    callback: NotRequired[str]


class RefreshTokenResult(TypedDict):
    """The fresh token."""

    token: str


PARAMS = {
    "initialize": InitializeParams,
    "reset": ResetParams,
    "call": CallParams,
    "world": WorldParams,
    "advance": AdvanceParams,
    "settle": SettleParams,
    "refreshToken": RefreshTokenParams,
}
RESULTS = {
    "initialize": InitializeResult,
    "reset": ResetResult,
    "call": CallResult,
    "world": Done,
    "advance": Done,
    "settle": Done,
    "refreshToken": RefreshTokenResult,
}
