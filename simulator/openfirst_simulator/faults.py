"""Faults: what goes wrong in a world, for which requests, how often, and what that does to one.

A fault stands before the decision, or between what was decided and the answer; never inside a decision.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Literal, NamedTuple, get_args, get_type_hints

from msgspec import structs

from openfirst_reference.contract.findings import Mistake, did_you_mean, list_words
from openfirst_reference.contract.http_surface import Endpoint
from openfirst_reference.contract.model import Contract
from openfirst_simulator.bodies import kind_of, number_shown, whole, wrong_external_id
from openfirst_simulator.clock import LAST
from openfirst_simulator.endpoints import everywhere
from openfirst_simulator.paths import is_met
from openfirst_simulator.records import Count, Record
from openfirst_simulator.tokens import Claims

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
    "gap",
    "duplicate",
    "reorder",
    "disconnect",
    "refused-resume",
]
KINDS: Mapping[Kind, str] = {
    "delay": "waits `seconds` before anything is done",
    "refuse": "breaks the connection before anything is done, and streams of events that are open",
    "stall": "leaves the request without an answer, with nothing done, until the fault is removed",
    "status": "answers with `status` (and `retryAfter` seconds) with nothing done",
    "expired": "takes the token for one that is past its time",
    "revoked": "takes the token for one that was revoked",
    "skew": "looks at the token with a clock that is `seconds` ahead",
    "late": "does what was asked only after `seconds`; until then it is under way, and a close may cancel it",
    "lost": "does what was asked and breaks the connection before the answer",
    "cut": "does what was asked and breaks the connection in the middle of the answer",
    "dribble": "answers in parts, over `seconds`",
    "malformed": "answers with JSON that ends in the middle",
    "wrong-type": "answers with a page of HTML, in place of a stream of events, too",
    "missing-field": "answers without the field `field`",
    "stale": "answers what was so before the last change",
    "closed": "does what was asked, and the platform closes the session at once",
    "gap": "tells the first event that is heard as one that is kept no more",
    "duplicate": "tells the first event twice",
    "reorder": "tells the second event before the first",
    "disconnect": "breaks a stream of events: one that is open at once, one that begins behind the first event",
    "refused-resume": "refuses (410) to go on from where events were heard before",
}
INSTEAD = ("refuse", "stall", "status")
"""Answers in the platform's place, with nothing done."""
BEFORE = ("delay", *INSTEAD)
"""Strikes before anything is decided."""
MISLEADING = ("expired", "revoked", "skew", "stale")
"""The world looks otherwise than it is."""
SPOILING = ("lost", "cut", "malformed", "wrong-type", "missing-field")
"""What was answered does not come as it was."""
OF_CONTENT = ("dribble", "malformed", "wrong-type", "missing-field")
"""Needs an answer that has content."""
OF_EVENTS = ("gap", "duplicate", "reorder", "disconnect", "refused-resume")
"""Needs a request for what a session hears."""
BREAKING: frozenset[Kind] = frozenset(("refuse", "disconnect"))
"""Breaks a stream of events that is open."""
BEGINS = "fault-begins"
"""A fault comes into effect that breaks streams: what its timer is for."""
LISTENING = "events"
"""What such a request is called."""
WITH_SECONDS: tuple[Kind, ...] = ("delay", "skew", "late", "dribble")
OWN: Mapping[str, tuple[Kind, ...]] = {
    "seconds": WITH_SECONDS,
    "status": ("status",),
    "retryAfter": ("status",),
    "field": ("missing-field",),
}
"""The fields that say something of faults of these kinds alone."""
NEEDED: Mapping[str, tuple[Kind, ...]] = {"seconds": WITH_SECONDS, "field": ("missing-field",)}
"""Those without which a fault of these kinds cannot be."""
METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")
"""The methods of the requests that a fault may be for."""
LONGEST_PATH = 1_000
"""How long the path may be that a fault is for."""
MOST_STARS = 20
"""How many stars it may have: what they may stand for is to be tried for each request."""


class Fault(Record, frozen=True):
    """A fault of a world. What is None leaves out no request.

    `operation` is an operation's name on the wire or an `operationId`; `path` may have stars; `session` is the ID of the session
    whose client asks, or that is asked about; `after` so many requests that fit it begins, `times` says how often it strikes,
    `probability` with which chance, `since` and `until` from when to when.
    """

    kind: Kind
    operation: str | None = None
    method: str | None = None
    path: str | None = None
    external_id: str | None = None
    session: str | None = None
    after: int = 0
    times: int | None = None
    probability: float = 1.0
    since: float | None = None
    until: float | None = None
    seconds: float = 0.0
    status: int = 503
    retry_after: int | None = None
    field: str | None = None
    fitted: Count = 0
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
            and self.session in (None, asked.session, asked.about)
            and self.kind in asked.kinds
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
    """What a fault sees of a request: `about` is the session that its path names, `session` that of the client whose token it has.

    Where no fault wants to know it, nobody finds out which session that is.
    """

    name: str
    method: str
    path: str
    kinds: frozenset[Kind]
    claims: Claims | None = None
    about: str | None = None
    session: str | None = None

    @property
    def external_id(self) -> str | None:
        """That of the token, if it has one."""
        return None if self.claims is None else self.claims.external_id


RECIPES: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "flaky": ({"kind": "status", "status": 503, "probability": 0.2},),
    "slow": ({"kind": "delay", "seconds": 2.0},),
    "offline": ({"kind": "refuse"},),
    "rate-limited": ({"kind": "status", "status": 429, "retryAfter": 1, "after": 3, "times": 3},),
}
"""Faults by the name of a mishap that everybody has."""

BESIDE_RECIPE = ("externalId", "session", "since", "until")
"""Whose requests a recipe is for, and when."""
# What a fault says in the control plane: a field for each of its own, in the manner of JSON.
NAMES: Mapping[str, str] = {
    name: "".join(part.capitalize() if place else part for place, part in enumerate(name.split("_")))
    for name in Fault.__struct_fields__
    if name not in ("id", "fitted", "hits")
}
_INWARD = {shown: name for name, shown in NAMES.items()}


def fault_of(identifier: str, fields: Mapping[str, Any]) -> Fault:
    """The fault that these fields describe. Raises ValueError that names the first that cannot be."""
    fields = {name: value for name, value in fields.items() if value is not None}
    kind = fields.get("kind", "")
    if not isinstance(kind, str) or kind not in KINDS:
        found = f"`{kind[:80]}`" if isinstance(kind, str) else kind_of(kind)
        raise Mistake(
            f"`kind` of a fault is {found if kind != '' else 'missing'}. {did_you_mean(str(kind), get_args(Kind))}"
        )
    for shown in fields:
        if shown not in _INWARD:
            raise Mistake(f"A fault has no field `{shown[:80]}`. {did_you_mean(shown, _INWARD)}")
        if kind not in OWN.get(shown, (kind,)):
            raise Mistake(
                f"`{shown}` says nothing of a fault of the kind `{kind}`. It is for: {', '.join(OWN[shown])}."
            )
    fault = structs.replace(
        Fault(id=identifier, kind=kind),  # type: ignore[arg-type]
        **{_INWARD[shown]: _read(shown, value) for shown, value in fields.items() if shown != "kind"},
    )
    for wrong, sentence in _mistakes(fault):
        if wrong:
            raise Mistake(sentence)
    return fault


def shown(fault: Fault) -> dict[str, Any]:
    """A fault as the control plane shows it: with what it says, and how often it fitted and struck."""
    return {"id": fault.id, **_said(fault), "fitted": fault.fitted, "hits": fault.hits}


def _said(fault: Fault) -> dict[str, Any]:
    said = {outward: getattr(fault, name) for name, outward in NAMES.items() if getattr(fault, name) != _DEFAULTS[name]}
    return {"kind": fault.kind, **said}


def check(fault: Fault) -> None:
    """Raises ValueError for a fault that nobody can have made."""
    fault_of(fault.id, _said(fault))
    if not 0 <= fault.hits <= fault.fitted:
        raise Mistake(f"it struck {number_shown(fault.hits)} times, and fitted {number_shown(fault.fitted)} requests")


def kinds_for(endpoint: Endpoint, contract: Contract) -> frozenset[Kind]:
    """The kinds of fault that can do anything to a request of an endpoint."""
    empty = OF_CONTENT if endpoint.status == 204 else ()
    if endpoint.operation is None:  # It is asked with no client's token.
        return frozenset(kind for kind in KINDS if kind in (*BEFORE, *SPOILING, *OF_CONTENT) and kind not in empty)
    operation = contract.operations[contract.bindings.operations.inward(endpoint.operation)]
    unheard = () if endpoint.name == LISTENING else OF_EVENTS
    never = {*(() if operation.pure else ("stale",)), *empty, *unheard}
    return frozenset(kind for kind in KINDS if kind not in never)


def check_reach(fault: Fault, contract: Contract, bases: Sequence[str]) -> None:
    """Raises ValueError for a fault that no request to these bases could ever be struck by."""
    of = "no request" if fault.operation is None else f"no `{fault.operation}`"
    left = [each for each in everywhere().values() if fault.operation in (None, each.name)]
    if fault.path is not None:
        path, paths = fault.path, {each.path for each in left}
        left = [
            each for each in left if any(is_met(path, base + at) for base in bases for at in _paths(each, contract))
        ]
        if not left:
            raise Mistake(f"`path` is `{path[:80]}`, which is that of {of}. {did_you_mean(path[:80], paths)}")
        of += f" at `{path[:80]}`"
    if fault.method is not None:
        methods = {each.method for each in left}
        left = [each for each in left if each.method == fault.method]
        if not left:
            raise Mistake(f"`method` is `{fault.method}`, which is that of {of}. Known: {', '.join(sorted(methods))}.")
    if fault.external_id is not None or fault.session is not None:
        left = [each for each in left if each.operation is not None]
        if not left:
            name = "session" if fault.external_id is None else "externalId"
            raise Mistake(f"`{name}` is that of a client's token, and here nobody asks with one. Leave it out.")
    kinds = frozenset[Kind]().union(*(kinds_for(each, contract) for each in left))
    if fault.kind not in kinds:
        known = ", ".join(kind for kind in KINDS if kind in kinds)
        names = list_words([f"`{each.name}`" for each in left])
        raise Mistake(f"A fault of the kind `{fault.kind}` does nothing to {names}. Kinds for that: {known}.")


def _paths(endpoint: Endpoint, contract: Contract) -> Iterator[str]:
    """The templates of an endpoint's path: what it is used for is a method that there is."""
    operation = None if endpoint.operation is None else contract.bindings.operations.inward(endpoint.operation)
    parameter = contract.targets().get(operation) if operation is not None else None
    if operation is None or parameter is None:
        yield endpoint.path
        return
    names = contract.operations[operation].parameters[parameter][0].split("/")
    named = "/".join(f"{{{name}}}" for name in names)
    for method in contract.methods.values():
        yield endpoint.path.replace(named, "/".join(method.sent))


def narrowed(name: str, fields: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The faults of a recipe, for those requests and that time alone that these fields say.

    Raises ValueError for a recipe that there is not, and for a field that says anything else.
    """
    made = recipe(name)
    for each in fields:
        if each not in BESIDE_RECIPE:
            raise Mistake(
                f"Beside `recipe` a fault has no `{each[:80]}`. It can have: {list_words(BESIDE_RECIPE)}; "
                "for anything else make a fault of a kind."
            )
    return [{**each, **fields} for each in made]


def fields_shown() -> Iterator[dict[str, Any]]:
    """What a fault may say beside its kind: what each field takes, for which kinds (None: all), and for which it is needed."""
    for name, kind in _TYPES.items():
        (wanted,) = [each for each in kind if each is not type(None)]
        yield {
            "name": name,
            "takes": {str: "text", int: "whole", float: "number"}[wanted],
            "kinds": OWN.get(name),
            "needed": NEEDED.get(name, ()),
        }


def recipe(name: str) -> tuple[Mapping[str, Any], ...]:
    """The faults of a recipe. Raises ValueError for one that there is not."""
    if name not in RECIPES:
        raise Mistake(f"There is no recipe `{name[:80]}`. {did_you_mean(name, RECIPES)}")
    return RECIPES[name]


def check_operation(name: str, known: Collection[str]) -> None:
    """Raises ValueError for an operation that there is not, of which nothing would ever be seen."""
    if name not in known:
        raise Mistake(f"There is no operation `{name[:80]}`. {did_you_mean(name, known)}")


def _read(shown: str, value: Any) -> Any:
    """What a field says. Raises ValueError for what is not of its kind."""
    (wanted,) = [kind for kind in _TYPES[shown] if kind is not type(None)]
    if wanted is int:
        value = whole(value)
        # In Python some whole numbers have a name, such as HTTPStatus.BAD_GATEWAY.
        value = int(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if wanted is float and type(value) is int:
        try:
            value = float(value)
        except OverflowError:
            value = math.inf if value > 0 else -math.inf
    if type(value) is not wanted:
        found = number_shown(value) if type(value) is float else kind_of(value)
        raise Mistake(f"`{shown}` is {found}. Give {_WORDS[wanted]}.")
    return value


def _mistakes(fault: Fault) -> Iterator[tuple[bool, str]]:
    if fault.operation is not None:
        check_operation(fault.operation, everywhere())
    method = fault.method
    yield method not in (None, *METHODS), f"`method` is `{str(method)[:80]}`. Give one of: {', '.join(METHODS)}."
    path = fault.path
    begins = path is None or path.startswith(("/", "*", "?", "["))
    long = path is not None and len(path) > LONGEST_PATH
    yield long, f"`path` has {len(path or ''):,} characters. Give {LONGEST_PATH:,} at most, and a star for the rest."
    stars = 0 if path is None else path.count("*")
    yield (
        stars > MOST_STARS,
        f"`path` has {stars:,} stars. Give {MOST_STARS} at most; one stands for any number of parts.",
    )
    yield (
        not begins,
        f"`path` is `{str(path)[:80]}`, and every path begins with a slash. Give one, or a star before it.",
    )
    yield fault.external_id == "", "`externalId` is empty, which that of no token is. Leave it out, or give one."
    wrong = wrong_external_id(fault.external_id)
    yield wrong is not None, wrong or ""
    yield not 0 < fault.probability <= 1, f"`probability` is {fault.probability}. Give more than 0, and 1 at most."
    yield fault.after < 0, f"`after` is {number_shown(fault.after)}. Give 0 or more."
    times = fault.times
    yield times is not None and times < 1, f"`times` is {number_shown(times or 0)}. Give 1 or more, or leave it out."
    for name, instant in (("since", fault.since), ("until", fault.until)):
        beyond = instant is not None and not 0 <= instant <= LAST
        yield beyond, f"`{name}` is {instant}. Give seconds after 1970, up to the year 9999."
    never = fault.since is not None and fault.until is not None and fault.until <= fault.since
    yield never, f"`until` is {fault.until}, and `since` {fault.since}: there is no time between. Give a later `until`."
    yield not 0 <= fault.seconds <= 86_400, f"`seconds` is {fault.seconds}. Give 0 to 86,400."
    needs = fault.kind in NEEDED["seconds"] and fault.seconds == 0
    yield needs, f"`seconds` is missing, or 0, and a fault of the kind `{fault.kind}` needs more."
    status = number_shown(fault.status)
    yield not 400 <= fault.status <= 599, f"`status` is {status}. Give the status of an error, 400 to 599."
    wait = fault.retry_after
    yield (
        wait is not None and not 0 <= wait <= 86_400,
        f"`retryAfter` is {number_shown(wait or 0)}. Give 0 to 86,400 seconds.",
    )
    yield (
        fault.kind in NEEDED["field"] and not fault.field,
        "`field` is missing: name the field that is to be left out.",
    )


_TYPES = {
    NAMES[name]: get_args(kind) or (kind,)
    for name, kind in get_type_hints(Fault).items()
    if name in NAMES and name != "kind"
}
_WORDS = {str: "a text", int: "a whole number", float: "a number"}
_DEFAULTS = {field.name: field.default for field in structs.fields(Fault) if field.name in NAMES}
