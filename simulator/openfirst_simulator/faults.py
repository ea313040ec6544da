"""Faults: what goes wrong in a world, for which requests, how often, and what that does to one.

A fault stands before the decision, or between what was decided and the answer; never inside a decision.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, Literal, NamedTuple, get_args

import msgspec
from msgspec import structs

from openfirst_reference.contract.findings import Mistake, did_you_mean
from openfirst_reference.contract.http_surface import surface
from openfirst_simulator.records import Record

Kind = Literal[
    "delay",
    "refuse",
    "stall",
    "status",
    "expired",
    "revoked",
    "skew",
    "late",
    "lost",
    "cut",
    "dribble",
    "malformed",
    "wrong-type",
    "missing-field",
    "stale",
    "closed",
]
KINDS: Mapping[Kind, str] = {
    "delay": "waits `seconds` before anything is done",
    "refuse": "breaks the connection before anything is done",
    "stall": "leaves the request without an answer, with nothing done, until the fault is removed",
    "status": "answers with `status` (and `retryAfter` seconds) with nothing done",
    "expired": "takes the token for one that is past its time",
    "revoked": "takes the token for one that was revoked",
    "skew": "looks at the token with a clock that is `seconds` ahead",
    "late": "does what was asked only after `seconds`; until then it is under way, and a close may cancel it",
    "lost": "does what was asked and breaks the connection before the answer",
    "cut": "does what was asked and breaks the connection in the middle of the answer",
    "dribble": "answers a byte at a time, over `seconds`",
    "malformed": "answers with JSON that ends in the middle",
    "wrong-type": "answers with a page of HTML",
    "missing-field": "answers without the field `field`",
    "stale": "answers what was so before the last change",
    "closed": "does what was asked, and the platform closes the session at once",
}
INSTEAD = ("refuse", "stall", "status")
"""Answers in the platform's place, with nothing done."""
MISLEADING = ("expired", "revoked", "skew", "stale")
"""The world looks otherwise than it is."""
SPOILING = ("lost", "cut", "malformed", "wrong-type", "missing-field")
"""What was answered does not come as it was."""
WITH_SECONDS = ("delay", "skew", "late", "dribble")


class Fault(Record, frozen=True):
    """A fault of a world. What is None leaves out no request.

    `operation` is an operation's name on the wire or an `operationId`; `path` may have stars; `after` so many requests that
    fit it begins, `times` says how often it strikes, `probability` with which chance, `since` and `until` from when to when.
    """

    kind: Kind
    operation: str | None = None
    method: str | None = None
    path: str | None = None
    external_id: str | None = None
    after: int = 0
    times: int | None = None
    probability: float = 1.0
    since: float | None = None
    until: float | None = None
    seconds: float = 0.0
    status: int = 503
    retry_after: float | None = None
    field: str | None = None
    fitted: int = 0
    hits: int = 0

    @property
    def spent(self) -> bool:
        """Whether it has struck as often as it was to."""
        return self.times is not None and self.hits >= self.times

    @property
    def idle(self) -> bool:
        """Whether it has been there for nothing: it struck no request, and chance is not why."""
        return self.hits == 0 and (self.probability == 1 or self.fitted == 0)

    def fits(self, asked: Asked, now: float) -> bool:
        """Whether a request is one that the fault is for."""
        return (
            self.operation in (None, asked.name)
            and self.method in (None, asked.method)
            and (self.path is None or fnmatchcase(asked.path, self.path))
            and self.external_id in (None, asked.external_id)
            and (self.since is None or self.since <= now)
            and (self.until is None or now < self.until)
        )

    def met(self, secret: bytes) -> Fault:
        """The fault after one more request that fits: `hits` tells whether it strikes. The same secret strikes the same ones."""
        number = self.fitted + 1
        strikes = number > self.after and not self.spent and self._chance(secret, number) < self.probability
        return structs.replace(self, fitted=number, hits=self.hits + strikes)

    def _chance(self, secret: bytes, number: int) -> float:
        if self.probability >= 1:
            return 0.0
        digest = hashlib.blake2b(f"{self.id}:{number}".encode(), key=secret, digest_size=8).digest()
        return int.from_bytes(digest) / 2**64


class Asked(NamedTuple):
    """What a fault sees of a request."""

    name: str
    method: str
    path: str
    external_id: str | None


RECIPES: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "flaky": ({"kind": "status", "status": 503, "probability": 0.2},),
    "slow": ({"kind": "delay", "seconds": 2.0},),
    "offline": ({"kind": "refuse"},),
    "rate-limited": ({"kind": "status", "status": 429, "retryAfter": 1, "after": 3, "times": 3},),
}
"""Faults by the name of a mishap that everybody has."""

# What a fault says in the control plane: a field for each of its own, in the manner of JSON.
NAMES: Mapping[str, str] = {
    name: "".join(part.capitalize() if place else part for place, part in enumerate(name.split("_")))
    for name in Fault.__struct_fields__
    if name not in ("id", "fitted", "hits")
}
_INWARD = {shown: name for name, shown in NAMES.items()}


def fault_of(identifier: str, fields: Mapping[str, Any]) -> Fault:
    """The fault that these fields describe. Raises ValueError that names the first that cannot be."""
    kind = fields.get("kind")
    if kind not in KINDS:
        found = "is missing" if kind is None else f"is `{str(kind)[:80]}`"
        raise Mistake(f"`kind` of a fault {found}. {did_you_mean(str(kind), get_args(Kind))}")
    for shown in fields:
        if shown not in _INWARD:
            raise Mistake(f"A fault has no field `{shown[:80]}`. {did_you_mean(shown, _INWARD)}")
    operation = fields.get("operation")
    if operation is not None and operation not in surface():
        raise Mistake(f"There is no operation `{str(operation)[:80]}`. {did_you_mean(str(operation), surface())}")
    values = {_INWARD[shown]: value for shown, value in fields.items()}
    try:
        fault = msgspec.convert({"id": identifier, **values}, Fault)
    except msgspec.ValidationError as error:
        raise Mistake(f"The fault cannot be: {error}. Fields: {', '.join(_INWARD)}.") from None
    for wrong, sentence in _mistakes(fault):
        if wrong:
            raise Mistake(sentence)
    return fault


def shown(fault: Fault) -> dict[str, Any]:
    """A fault as the control plane shows it: with what it says, and how often it fitted and struck."""
    said = {outward: getattr(fault, name) for name, outward in NAMES.items() if getattr(fault, name) != _DEFAULTS[name]}
    return {"id": fault.id, "kind": fault.kind, **said, "fitted": fault.fitted, "hits": fault.hits}


def recipe(name: str) -> tuple[Mapping[str, Any], ...]:
    """The faults of a recipe. Raises ValueError for one that there is not."""
    if name not in RECIPES:
        raise Mistake(f"There is no recipe `{name[:80]}`. {did_you_mean(name, RECIPES)}")
    return RECIPES[name]


def _mistakes(fault: Fault) -> Iterator[tuple[bool, str]]:
    yield not 0 < fault.probability <= 1, f"`probability` is {fault.probability}. Give more than 0, and 1 at most."
    yield fault.after < 0, f"`after` is {fault.after}. Give 0 or more."
    yield fault.times is not None and fault.times < 1, f"`times` is {fault.times}. Give 1 or more, or leave it out."
    yield not 0 <= fault.seconds <= 86_400, f"`seconds` is {fault.seconds}. Give 0 to 86,400."
    needs = fault.kind in WITH_SECONDS and fault.seconds == 0
    yield needs, f"`seconds` is missing, and a fault of the kind `{fault.kind}` needs it."
    yield not 400 <= fault.status <= 599, f"`status` is {fault.status}. Give the status of an error, 400 to 599."
    wait = fault.retry_after
    yield wait is not None and not 0 <= wait <= 86_400, f"`retryAfter` is {wait}. Give 0 to 86,400 seconds."
    yield (
        fault.kind == "missing-field" and not fault.field,
        "`field` is missing: name the field that is to be left out.",
    )


_DEFAULTS = {field.name: field.default for field in structs.fields(Fault) if field.name in NAMES}
