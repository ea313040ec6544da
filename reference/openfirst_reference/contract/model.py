"""The contract as frozen data: what each entry of `session.yaml` states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from openfirst_reference.contract.document import Document, word
from openfirst_reference.contract.findings import Mistake

Guard = Mapping[str, frozenset[str]]
_NO_CHANGES: Mapping[str, str] = {}


@dataclass(frozen=True)
class Variable:
    """A variable that a rule may speak of: an enumeration (`values`), a datum, or an identity of the variable `owner`."""

    name: str
    meaning: str
    world: bool
    values: tuple[str, ...] = ()
    initial: str | None = None
    groups: Mapping[str, tuple[str, ...]] | None = None
    errors: Mapping[str, str] | None = None
    points: Mapping[str, float] | None = None
    owner: str | None = None
    blank_is_nothing: bool = False

    @property
    def is_enumeration(self) -> bool:
        """Whether it has one of a few named values."""
        return bool(self.values)


@dataclass(frozen=True)
class Echo:
    """What an accepted call is for every other client: the world call `call`, where one of `to` equals the caller's `by`."""

    call: str
    by: str
    to: tuple[str, ...]


@dataclass(frozen=True)
class Operation:
    """A call of the table: of a client, or of the world.

    `parameters` gives the path of each in the arguments; a path of one part with slashes, such as `service/method`, joins
    several arguments.
    """

    name: str
    title: str
    by_world: bool
    driven: str | None
    pure: bool
    arguments: Mapping[str, Any]
    required: tuple[str, ...]
    parameters: Mapping[str, tuple[str, ...]]
    result: str
    errors: tuple[str, ...]
    since: str | None
    deprecated: str | None
    echo: Echo | None

    def requires(self, parameter: str) -> bool:
        """Whether a parameter is an argument that must be given."""
        return ".".join(self.parameters[parameter]) in self.required


@dataclass(frozen=True)
class Leaf:
    """A class of values that the contract treats alike. `by_choice`: its group depends on a choice's value."""

    name: str
    group: str
    expression: str | None
    examples: tuple[Any, ...] = ()
    by_choice: tuple[str, Mapping[str, str]] | None = None


@dataclass(frozen=True)
class Classes:
    """The leaves of one parameter; `source` names what they are made from: expressions, a variable, or the services.

    `absent` is the group (or leaf) of what is not given; `brings` the argument that a method's own valid arguments go into.
    """

    operation: str
    parameter: str
    leaves: tuple[Leaf, ...]
    source: str
    absent: str | None = None
    brings: str | None = None

    def groups(self) -> tuple[str, ...]:
        """The groups, in the order of their first leaves."""
        return tuple(dict.fromkeys(leaf.group for leaf in self.leaves))


@dataclass(frozen=True)
class Effect:
    """A named set of changes, and the rules that answer for each variable afterwards."""

    name: str
    set: Mapping[str, str]
    keeps: Mapping[str, tuple[str, ...]]
    stale: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Answer:
    """How an answer is compared: not at all, with a value, or field by field with variables."""

    name: str
    ignore: bool
    made_by_service: bool
    value: Any
    fields: Mapping[str, str]
    optional: Mapping[str, Any]


@dataclass(frozen=True)
class Alternative:
    """One thing that a call may do in a row: where (`inside`), and under which values of choices.

    `then` names the effects that it has, one after the other; `path` is its place in the document.
    """

    when: tuple[tuple[str, frozenset[str]], ...]
    error: str | None
    answer: str | None
    then: tuple[str, ...]
    breaks: tuple[str, ...]
    inside: Guard = field(default_factory=dict)
    path: tuple[str | int, ...] = field(default=(), compare=False)

    @property
    def effect(self) -> str | None:
        """The name under which the contract has all of its effects together; None where there is none."""
        return " + ".join(self.then) or None


@dataclass(frozen=True)
class Carry:
    """A rule that a row carries, where the guard (over variables and parameters) holds."""

    rule: str
    guard: Guard


@dataclass(frozen=True)
class Row:
    """A row of the table: call, state (`inside`), classes of parameters (`given`), what it may do."""

    id: str
    call: str
    inside: Guard
    given: Guard
    may: tuple[Alternative, ...]
    carries: tuple[Carry, ...]
    note: str | None


@dataclass(frozen=True)
class Refusal:
    """What the calls `of` may come to in every row that is within `inside`: before all else (`first`), or behind it."""

    name: str
    of: tuple[str, ...]
    inside: Guard
    first: bool
    may: tuple[Alternative, ...]


@dataclass(frozen=True)
class Overlap:
    """What `call` may answer, changing nothing, while `other` overlaps it."""

    id: str
    call: str
    other: str
    may: tuple[Alternative, ...]
    carries: tuple[Carry, ...]
    quote: str


@dataclass(frozen=True)
class Invariant:
    """A demand (CEL) on every step of the calls `of` at which `when` (CEL) is true, which without it is every one.

    `remember` (CEL) is what it keeps of the history.
    """

    of: tuple[str, ...]
    when: str | None
    holds: str
    remember: Mapping[str, str]


@dataclass(frozen=True)
class Rule:
    """One normative statement."""

    id: str
    level: str
    basis: str
    shows: str
    statement: str
    source: str
    quote: str
    invariants: tuple[Invariant, ...]

    @property
    def shows_at_once(self) -> bool:
        """Whether the outcome of the call itself can break it."""
        return self.shows in ("at-once", "both")

    @property
    def shows_later(self) -> bool:
        """Whether what later calls show can break it."""
        return self.shows in ("later", "both")


@dataclass(frozen=True)
class Choice:
    """A point that the sources leave open."""

    id: str
    values: tuple[str, ...]
    undeclared: str | None
    touches: tuple[str, ...]
    why: str
    source: str
    quote: str
    known: Mapping[str, str]
    same: bool


@dataclass(frozen=True)
class Law:
    """The rule that answers where no row does: `of` is what the law is about, one of `LAWS`."""

    name: str
    rule: str
    of: str


@dataclass(frozen=True)
class Gate:
    """Where a method stands: whether it needs a session, and the class of its methods that have none of their own."""

    name: str
    kind: str
    needs_session: bool


@dataclass(frozen=True)
class Method:
    """A method of a service: its gate, its class, arguments that are valid, and the model of it (None: it has none).

    `sent` is what service and method are called on the wire.
    """

    service: str
    name: str
    gate: str
    kind: str
    arguments: tuple[Any, ...]
    model: str | None
    sent: tuple[str, str]

    @property
    def target(self) -> str:
        """The service and the method, as `use` names them."""
        return f"{self.service}/{self.name}"


@dataclass(frozen=True)
class ErrorCode:
    """An error: its code, HTTP status, and what to tell a person."""

    code: str
    status: int
    title: str
    sentence: str
    remedy: str
    native: tuple[Mapping[str, str], ...]


@dataclass(frozen=True)
class Fixture:
    """What a client holds at the start of a case, and the operations tried in it.

    Each operation comes with the parameters that are varied (None: all of them).
    """

    name: str
    set: Mapping[str, str | None]
    calls: Mapping[str, tuple[str, ...] | None]


@dataclass(frozen=True)
class Words:
    """Words that cross the wire, each with the contract's word for it. A word that is not listed is the same on both sides."""

    words: Mapping[str, str]

    def inward(self, word: str) -> str:
        """The contract's word for one that came in."""
        return self.words.get(word, word)

    def outward(self, word: str) -> str:
        """The word to send for one of the contract's."""
        return next((sent for sent, known in self.words.items() if known == word), word)


@dataclass(frozen=True)
class BoundWords(Words):
    """Words of the wire that are values of a variable."""

    variable: str


@dataclass(frozen=True)
class BoundState:
    """A variable with a value that says yes, and one that says no."""

    variable: str
    yes: str
    no: str

    def value(self, said: bool) -> str:
        """The value that says it."""
        return self.yes if said else self.no


@dataclass(frozen=True)
class BoundDatum:
    """A datum that crosses the wire: the variable that holds it, and the one that tells whether it is there."""

    variable: str
    told_by: BoundState


@dataclass(frozen=True)
class BoundScopes:
    """The scopes of a token: any of `any_of`, or none stated at all, permit; `without` are examples that do not."""

    any_of: tuple[str, ...]
    without: tuple[str, ...]
    permits: BoundState


@dataclass(frozen=True)
class CredentialBinding:
    """How a credential that crosses the wire becomes variables. `type` is the type of the arguments that carry one."""

    type: str
    kind: BoundWords
    condition: BoundWords
    external_id: BoundDatum
    scopes: BoundScopes | None
    life: str | None


@dataclass(frozen=True)
class RefreshBinding:
    """What is said of the refresh of a token: the parameter that grants or denies one, and the fields of the answer."""

    parameter: str
    renewal: Words
    asked: str
    callback: str
    callbacks: Words


@dataclass(frozen=True)
class PlatformBinding:
    """What a platform knows of a client, in the contract's words: `company` is another client with the same external ID."""

    session: str
    company: BoundState | None
    conference: BoundState | None
    not_simulated: str


@dataclass(frozen=True)
class Bindings:
    """Where the words that cross the wire meet the words of the contract: the one place that says so."""

    operations: Words
    credential: CredentialBinding | None
    refresh: RefreshBinding | None
    platform: PlatformBinding | None


@dataclass(frozen=True, eq=False)
class Contract:
    """All that is stated. Read it with `load_contract`. Contracts are equal only to themselves."""

    name: str
    version: str
    title: str
    statement: str
    sources: Mapping[str, Mapping[str, str]]
    types: Mapping[str, Any]
    variables: Mapping[str, Variable]
    fixtures: Mapping[str, Fixture]
    operations: Mapping[str, Operation]
    errors: Mapping[str, ErrorCode]
    answers: Mapping[str, Answer]
    effects: Mapping[str, Effect]
    refusals: Mapping[str, Refusal]
    rows: Mapping[str, Row]
    overlaps: Mapping[str, Overlap]
    laws: Mapping[str, Law]
    rules: Mapping[str, Rule]
    choices: Mapping[str, Choice]
    profiles: Mapping[str, Mapping[str, str]]
    functions: tuple[str, ...]
    classes: Mapping[tuple[str, str], Classes]
    gates: Mapping[str, Gate]
    services: Mapping[str, Mapping[str, Any]]
    methods: Mapping[str, Method]
    bindings: Bindings
    document: Document

    def given_leaves(self, operation: str, leaves: Mapping[str, str]) -> dict[str, str]:
        """The leaves of a call's parameters, without those that are not given."""
        return {name: leaf for name, leaf in leaves.items() if leaf != self.classes[operation, name].absent}

    def law(self, of: str) -> str | None:
        """The rule that answers for what a law is about, one of `LAWS`; None if the contract has no such law."""
        if of not in LAWS:
            raise ValueError(f"`{of}` is nothing that a law is about: {', '.join(LAWS)}.")
        return next((law.rule for law in self.laws.values() if law.of == of), None)

    def changes(self, effect: str | None) -> Mapping[str, str]:
        """What an effect sets variables to; no effect changes nothing. Raises KeyError for an effect that it does not have."""
        return _NO_CHANGES if effect is None else self.effects[effect].set

    def default_choices(self, profile: str = "default") -> dict[str, str]:
        """A value for every choice: the profile's, else the default profile's, else the first permitted one."""
        result = {choice.id: choice.values[0] for choice in self.choices.values()}
        for name in ("default", profile):
            chosen = self.profiles.get(name, {}).items()
            result.update({key: value for key, value in chosen if key in result and value in self.choices[key].values})
        return result

    def undeclared_choices(self) -> dict[str, str]:
        """The values that are taken for granted where an implementation declares nothing."""
        return {choice.id: choice.undeclared for choice in self.choices.values() if choice.undeclared is not None}

    def check_choices(self, chosen: Mapping[str, str], place: str) -> dict[str, str]:
        """`chosen` with every id and value checked against the contract. Raises ValueError with a sentence for a person."""
        for key, value in chosen.items():
            if key not in self.choices:
                raise Mistake(f"{place}: `{key}` is not a choice of the contract. Choices: {', '.join(self.choices)}.")
            if word(value) not in self.choices[key].values:
                values = ", ".join(self.choices[key].values)
                raise Mistake(f"{place}: the choice `{key}` cannot be `{word(value)}`. Permitted: {values}.")
        return {key: word(value) for key, value in chosen.items()}


CLIENTS_APART = "clients-apart"
OVERLAPPING = "overlapping"
LAWS = (CLIENTS_APART, OVERLAPPING)
ANY_ERROR = "any"
OF_SERVICE = "of-service"
