"""The contract as frozen data: what each entry of `session.yaml` states.

Each entry is defined here once: `build` reads it from the file by this definition, and `session.schema.json` is made from it.
What an entry does not say itself, such as its name, is filled in when the contract is put together (`FROM_THE_NAME`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, get_args

from msgspec import Meta, field
from msgspec.structs import replace

from openfirst_reference.contract.bindings import Bindings
from openfirst_reference.contract.document import Document, Json, word
from openfirst_reference.contract.findings import Mistake, did_you_mean
from openfirst_reference.contract.forms import (
    FROM_THE_NAME,
    AnswerName,
    Calls,
    Carries,
    Entry,
    Form,
    Held,
    Name,
    NameMap,
    Names,
    OneOf,
    Paths,
    Schema,
    Text,
    Under,
    Values,
    Within,
    Word,
    WordList,
    WordLists,
    WordMap,
)

About = Literal["clients-apart", "overlapping"]
LAWS: tuple[str, ...] = get_args(About)
CLIENTS_APART, OVERLAPPING = LAWS
ANY_ERROR = "any"
OF_SERVICE = "of-service"
_NO_CHANGES: Mapping[str, str] = {}
_ALTERNATIVES = Meta(description="What the call may do.")


class Heading(Entry, frozen=True, kw_only=True):
    """Which contract this is."""

    name: Name
    version: Annotated[str, Meta(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$", description="Three numbers, such as 1.0.0.")]
    title: Text
    statement: Text


class Source(Entry, frozen=True, kw_only=True):
    """A document that statements rest on."""

    title: Text
    version: Annotated[str, Meta(description="Text: a version such as 3.10 needs quotes, or YAML reads a number.")]
    what: Annotated[Literal["documentation", "MIT code", "issue"], Meta(description="What kind of document it is.")]
    url: Annotated[str, Meta(pattern="^https?://", description="An address that starts with https://.")] | None = None


class Variable(Entry, frozen=True, kw_only=True):
    """A variable has one of `values` (an enumeration), `datum` (a value that was given) and `identity` (chosen by the platform)."""

    ONE_OF: ClassVar[OneOf] = (("values", "initial"), ("datum",), ("identity",))

    meaning: Text
    values: Annotated[Values, Meta(description="The values of an enumeration.")] = field(default_factory=Values)
    datum: Annotated[Literal["string"], Meta(description="Holds text that was given, or nothing.")] | None = None
    owner: Annotated[str, Meta(min_length=1, description="The variable that decides which identity it is.")] | None = (
        field(name="identity", default=None)
    )
    starts: Annotated[Word, Meta(description="The value at the start; nothing, if left out.")] = field(
        name="initial", default_factory=Word
    )
    blank: (
        Annotated[
            Literal["nothing"], Meta(description="An answer may show blank text for nothing, and the other way round.")
        ]
        | None
    ) = None
    groups: Annotated[WordLists, Meta(description="Names for several values at once.")] = field(
        default_factory=WordLists
    )
    errors: Annotated[NameMap, Meta(description="The error code that a value leads to.")] = field(
        default_factory=NameMap
    )
    points: Annotated[
        dict[str, Annotated[float, Meta(ge=0, le=1)]],
        Meta(description="Values that are reached when this fraction of the token's lifetime has passed."),
    ] = field(default_factory=dict)
    name: Annotated[str, FROM_THE_NAME] = ""
    world: Annotated[bool, FROM_THE_NAME] = False

    @property
    def initial(self) -> str | None:
        """The value at the start; None is nothing."""
        return str(self.starts) or None

    @property
    def is_enumeration(self) -> bool:
        """Whether it has one of a few named values."""
        return bool(self.values)

    @property
    def blank_is_nothing(self) -> bool:
        """Whether an answer may show blank text for nothing."""
        return self.blank is not None


class Echo(Entry, frozen=True, kw_only=True):
    """What a session that begins or ends is for every other client: `as`, where one of `to` equals the caller's `by`."""

    call: Annotated[str, Meta(min_length=1, description="The call of the world that it is for them.")] = field(
        name="as"
    )
    by: Annotated[str, Meta(min_length=1, description="The caller's variable that is compared.")]
    to: Annotated[WordList, Meta(description="The others' variables that it is compared with.")]


class Operation(Entry, frozen=True, kw_only=True):
    """A call of the table: of a client, or of the world.

    `parameters` gives the path of each in the arguments; a path of one part with slashes, such as `service/method`, joins
    several arguments.
    """

    title: Text
    result: Text
    since: Annotated[str, Meta(description="A version as text; 3.10 needs quotes.")] | None = None
    deprecated: Annotated[Text, Meta(description="What is deprecated, and what to use instead.")] | None = None
    by: Annotated[Literal["world"], Meta(description="The call is not the client's.")] | None = None
    driven: (
        Annotated[
            Literal["advance", "platform", "echo", "settle"],
            Meta(description="How a test brings about a call of the world."),
        ]
        | None
    ) = None
    pure: Annotated[bool, Meta(description="It changes nothing, and its answers tell states apart.")] = False
    arguments: dict[str, Schema] = field(default_factory=dict)
    required: Annotated[tuple[Name, ...], Meta(description="Arguments that must be given.")] = ()
    parameters: Annotated[Paths, Meta(description="Parameters, each with its path in the arguments.")] = field(
        default_factory=Paths
    )
    errors: Annotated[Names, Meta(description="The codes that it may raise.")] = ()
    echo: Annotated[Echo, Meta(description="What an accepted call is for other clients.")] | None = None
    name: Annotated[str, FROM_THE_NAME] = ""

    @property
    def by_world(self) -> bool:
        """Whether it is no call of a client."""
        return self.by is not None

    def requires(self, parameter: str) -> bool:
        """Whether a parameter is an argument that must be given."""
        return ".".join(self.parameters[parameter]) in self.required

    def takes_null(self, parameter: str) -> bool:
        """Whether a parameter is an argument that must be given, and may be null."""
        schema: Any = self.arguments.get(".".join(self.parameters[parameter]), {})
        return self.requires(parameter) and "null" in schema.get("type", ())


class Leaf(Entry, frozen=True, kw_only=True):
    """A class of values that the contract treats alike. `by_choice`: its group depends on a choice's value."""

    expression: (
        Annotated[Text, Meta(description="A CEL expression that is true of the values of this class.")] | None
    ) = field(name="is")
    examples: Annotated[tuple[Any, ...], Meta(description="Values of this class.")] = ()
    groups: Annotated[
        dict[str, WordMap],
        Meta(
            min_length=1,
            max_length=1,
            description="A choice, with the group that the class belongs to under each of its values.",
        ),
    ] = field(name="as", default_factory=dict)
    name: Annotated[str, FROM_THE_NAME] = ""
    group: Annotated[str, FROM_THE_NAME] = ""

    @property
    def by_choice(self) -> tuple[str, Mapping[str, str]] | None:
        """The choice that its group depends on, with the group under each value."""
        return next(iter(self.groups.items()), None)


class ClassesFrom(Entry, frozen=True, kw_only=True):
    """Where the classes of a parameter come from, if it does not list them."""

    source: Annotated[str, Meta(min_length=1, description="`services`, or a variable with values.")] = field(
        name="from"
    )
    brings: (
        Annotated[str, Meta(min_length=1, description="The argument that takes a method's own valid arguments.")] | None
    ) = None


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


class Effect(Entry, frozen=True, kw_only=True):
    """A named set of changes, and the rules that answer for each variable afterwards."""

    set: Annotated[
        WordMap, Meta(description="Variables, each with what it is set to.", extra_json_schema={"minProperties": 1})
    ]
    keeps: Annotated[WordLists, Meta(description="The rules that answer for a variable afterwards.")] = field(
        default_factory=WordLists
    )
    stale: Annotated[WordLists, Meta(description="The rules that do when what is shown is left from before.")] = field(
        default_factory=WordLists
    )
    missing: Annotated[
        WordLists, Meta(description="The rules that do when nothing is shown, and something is due.")
    ] = field(default_factory=WordLists)
    name: Annotated[str, FROM_THE_NAME] = ""

    @property
    def answering(self) -> dict[str, WordLists]:
        """The rules that answer for a variable afterwards, by what shows."""
        return {"keeps": self.keeps, "stale": self.stale, "missing": self.missing}


class Answer(Entry, frozen=True, kw_only=True):
    """How an answer is compared: one of not at all (`ignore`), with a `value`, or field by field (`fields`) with variables."""

    ONE_OF: ClassVar[OneOf] = (("ignore",), ("value",), ("fields",))

    ignore: Annotated[
        bool, Meta(description="Whatever comes back is not compared.", extra_json_schema={"const": True})
    ] = False
    maker: Annotated[Literal["service"], Meta(description="The value is the service's own.")] | None = field(
        name="made-by", default=None
    )
    value: Annotated[Any, Meta(description="The value that must come back.")] = None
    fields: Annotated[NameMap, Meta(description="Paths in the value, each with the variable that it shows.")] = field(
        default_factory=NameMap
    )
    optional: Annotated[dict[str, Any], Meta(description="Fields that may be missing, with their values.")] = field(
        default_factory=dict
    )
    name: Annotated[str, FROM_THE_NAME] = ""

    @property
    def made_by_service(self) -> bool:
        """Whether the value is the service's own."""
        return self.maker is not None


class Alternative(Entry, frozen=True, kw_only=True):
    """One thing that the call may do: an `error` or an `answer`, not both.

    `in` says where, and `when` under which values of choices. `then` names the effects that it has, one after the other.
    """

    ONE_OF: ClassVar[OneOf] = (("error",), ("answer",))

    inside: Annotated[
        Within,
        Meta(description="Variables, each with the values where this is permitted; without it, wherever the row is."),
    ] = field(name="in", default_factory=Within)
    when: Annotated[Under, Meta(description="Choices, each with the values under which this is permitted.")] = field(
        default_factory=Under
    )
    error: (
        Annotated[
            str, Meta(min_length=1, description="A code, `any`, `of-service`, or a variable that has error codes.")
        ]
        | None
    ) = None
    answer: AnswerName | None = None
    then: Annotated[
        WordList, Meta(description="The name of an effect, or a list of several that come one after the other.")
    ] = field(default_factory=WordList)
    distinct: Annotated[
        bool, Meta(description="An identity that it shows is nobody else's.", extra_json_schema={"const": True})
    ] = False
    breaks: Annotated[WordList, Meta(description="The rules that are broken by what is followed all the same.")] = (
        field(default_factory=WordList)
    )
    path: Annotated[tuple[Any, ...], FROM_THE_NAME] = ()

    def same_as(self, other: Alternative) -> bool:
        """Whether it is the same thing to do, wherever it stands."""
        return replace(self, path=()) == replace(other, path=())

    @property
    def effect(self) -> str | None:
        """The name under which the contract has all of its effects together; None where there is none."""
        return " + ".join(self.then) if self.then else None


class Row(Entry, frozen=True, kw_only=True):
    """A row of the table: call, state (`in`), classes of parameters (`with`), what it may do."""

    carries: Carries
    call: Annotated[str, Meta(min_length=1, description="An operation.")]
    inside: Annotated[Within, Meta(description="Variables, each with the values for which the row holds.")] = field(
        name="in", default_factory=Within
    )
    given: Annotated[Within, Meta(description="Parameters, each with the classes for which the row holds.")] = field(
        name="with", default_factory=Within
    )
    may: Annotated[tuple[Alternative, ...], _ALTERNATIVES] = ()
    note: Annotated[Text, Meta(description="Why no rule wants this row.")] | None = None
    id: Name = ""


class Refusal(Entry, frozen=True, kw_only=True):
    """What calls may come to in every row that is within a guard."""

    of: Annotated[WordList, Meta(description="The operations.")]
    inside: Annotated[Within, Meta(description="Variables, each with the values that a row must be within.")] = field(
        name="in"
    )
    first: Annotated[bool, Meta(description="Whether it comes before what the row lists, and not behind it.")] = False
    may: Annotated[tuple[Alternative, ...], _ALTERNATIVES]
    name: Annotated[str, FROM_THE_NAME] = ""


class Overlap(Entry, frozen=True, kw_only=True):
    """What `call` may answer, changing nothing, while another overlaps it."""

    carries: Carries
    call: Annotated[str, Meta(min_length=1, description="The operation that may answer so.")]
    other: Annotated[str, Meta(min_length=1, description="The operation that overlaps it.")] = field(name="with-call")
    source: Name
    quote: Text
    may: Annotated[tuple[Alternative, ...], _ALTERNATIVES]
    id: Name = ""


class Invariant(Entry, frozen=True, kw_only=True):
    """A demand (CEL) on every step of the calls `of` at which `when` (CEL) is true, which without it is every one."""

    of: Annotated[WordList, Meta(description="The operations that it speaks of.")]
    when: Annotated[Text, Meta(description="A CEL expression: at which steps it demands something.")] | None = None
    holds: Annotated[Text, Meta(description="A CEL expression that is true of every such step.")]
    remember: Annotated[NameMap, Meta(description="What is kept of the steps so far, each a CEL expression.")] = field(
        default_factory=NameMap
    )


class Rule(Entry, frozen=True, kw_only=True):
    """One normative statement."""

    level: Annotated[Literal["must", "should", "may"], Meta(description="How binding it is.")]
    basis: Annotated[Literal["stated", "inferred"], Meta(description="Whether a source says so, or it follows.")]
    shows: Annotated[Literal["at-once", "later", "both"], Meta(description="Where a break can be seen.")]
    statement: Annotated[Text, Meta(description="One sentence.")]
    source: Annotated[str, Meta(min_length=1, description="One of the sources.")]
    quote: Annotated[Text, Meta(description="The sentence of the source.")]
    invariants: Annotated[tuple[Invariant, ...], Meta(min_length=1, description="What must hold of every step.")] = (
        field(name="invariant")
    )
    id: Annotated[str, FROM_THE_NAME] = ""

    @property
    def shows_at_once(self) -> bool:
        """Whether the outcome of the call itself can break it."""
        return self.shows in ("at-once", "both")

    @property
    def shows_later(self) -> bool:
        """Whether what later calls show can break it."""
        return self.shows in ("later", "both")


class Choice(Entry, frozen=True, kw_only=True):
    """A point that the sources leave open."""

    values: Values
    assumed: Annotated[Word, Meta(description="The value that is taken for granted where nothing is declared.")] = (
        field(name="undeclared", default_factory=Word)
    )
    touches: Annotated[tuple[Name, ...], Meta(description="The rules that are broken by contradicting a declaration.")]
    why: Annotated[Text, Meta(description="Why it is open.")]
    source: Annotated[str, Meta(min_length=1, description="One of the sources.")]
    quote: Annotated[Text, Meta(description="The sentence of the source.")]
    known: Annotated[WordMap, Meta(description="What SDKs are known to do.")] = field(default_factory=WordMap)
    same: Annotated[bool, Meta(description="No sequence of calls tells the values apart, and none has to.")] = False
    id: Annotated[str, FROM_THE_NAME] = ""

    @property
    def undeclared(self) -> str | None:
        """The value that is taken for granted where nothing is declared."""
        return str(self.assumed) or None


class Law(Entry, frozen=True, kw_only=True):
    """The rule, or a map with `of` and `rule`: which rule answers where no row does."""

    rule: Annotated[str, Meta(min_length=1, description="The rule that is broken.")]
    about: (
        Annotated[
            About,
            Meta(
                description="clients-apart: one client's call shows in another. overlapping: no order explains overlapping calls. "
                "Without it, the law's name says which."
            ),
        ]
        | None
    ) = field(name="of", default=None)
    name: Annotated[str, FROM_THE_NAME] = ""

    @property
    def of(self) -> str:
        """What it is about, one of `LAWS`: where it does not say so, its name does."""
        return self.about or self.name


class Function(Entry, frozen=True, kw_only=True):
    """A function that expressions may call."""

    argument: Text
    result: Text
    meaning: Text


class Gate(Entry, frozen=True, kw_only=True):
    """Where a method stands: whether it needs a session, and the class of its methods that have none of their own."""

    needs_session: Annotated[bool, Meta(description="Whether its methods need a session.")] = field(
        name="needs-session"
    )
    kind: Annotated[
        str,
        Meta(
            min_length=1,
            description="The class of its methods that have none of their own; without it, the gate's name.",
        ),
    ] = ""
    name: Annotated[str, FROM_THE_NAME] = ""


class Method(Entry, frozen=True, kw_only=True):
    """A method of a service: its gate, its class, arguments that are valid, and the model of it (None: it has none).

    `sent` is what service and method are called on the wire.
    """

    gate: Annotated[str, Meta(min_length=1, description="Whether it needs the session: one of `gates`.")]
    kind: Annotated[str, Meta(min_length=1, description="A class of its own within the gate.")] = ""
    arguments: Annotated[tuple[Any, ...], Meta(description="Arguments that are valid.")] = ()
    model: (
        Annotated[
            str,
            Meta(
                min_length=1,
                description="What the simulator does for it; without it, the method is not simulated.",
            ),
        ]
        | None
    ) = None
    wire_name: Annotated[str, Meta(min_length=1, description="Its name on the wire; without it, the entry's own.")] = (
        field(name="name", default="")
    )
    service: Annotated[str, FROM_THE_NAME] = ""
    own_name: Annotated[str, FROM_THE_NAME] = ""
    sent: Annotated[tuple[str, str], FROM_THE_NAME] = ("", "")

    @property
    def name(self) -> str:
        """Its name in the contract."""
        return self.own_name

    @property
    def target(self) -> str:
        """The service and the method, as `use` names them."""
        return f"{self.service}/{self.own_name}"


class Service(Entry, frozen=True, kw_only=True):
    """A service behind the gate."""

    title: Text
    module: Annotated[Text, Meta(description="The name of the native module.")]
    path: Annotated[Text, Meta(description="How an application reaches the service.")]
    methods: dict[str, Method]
    name: Annotated[str, Meta(min_length=1, description="Its name on the wire; without it, the entry's own.")] = ""


class Native(Entry, frozen=True, kw_only=True):
    """What an SDK is known to say for an error."""

    sdk: Text
    code: Word = field(default_factory=Word)
    message: Text = field(default_factory=Text)


class ErrorCode(Entry, frozen=True, kw_only=True):
    """An error: its code, HTTP status, and what to tell a person."""

    status: Annotated[int, Meta(ge=400, le=599, description="The HTTP status, such as 409.")]
    title: Text
    sentence: Annotated[Text, Meta(description="What is wrong, for a person.")]
    remedy: Annotated[Text, Meta(description="What to do about it.")]
    code: Annotated[
        str, Meta(description="The code, where it is not the name of the entry: how an overlay renames one.")
    ] = ""
    family: Annotated[
        str,
        Meta(
            description="The error that stands for all those which no source tells apart. Each of them will do for each."
        ),
    ] = ""
    native: Annotated[
        tuple[Native, ...], Meta(description="The codes and messages that real SDKs are known to use.")
    ] = ()


class Fixture(Entry, frozen=True, kw_only=True):
    """What a client holds at the start of a case, and the operations that are tried in it."""

    set: Annotated[Held, Meta(description="Values for some variables.")]
    calls: Calls
    name: Annotated[str, FROM_THE_NAME] = ""


# The whole ------------------------------------------------------------------------------------------------------------


class ParameterClasses(dict[str, Any], Form):
    """The classes of a parameter: `ClassesFrom`, or leaves by name, which may stand in groups."""

    SCHEMA: ClassVar[Json] = {
        "type": "object",
        "if": {"required": ["from"]},
        "then": {"$ref": "#/$defs/ClassesFrom"},
        "else": {
            "additionalProperties": {
                "type": "object",
                "if": {"required": ["is"]},
                "then": {"$ref": "#/$defs/Leaf"},
                "else": {"additionalProperties": {"$ref": "#/$defs/Leaf"}},
            }
        },
    }


def _by_id(row: str) -> Meta:
    """A section may be a list, whose items have an id each."""
    return Meta(
        extra_json_schema={
            "items": {"$ref": f"#/$defs/{row}", "required": ["id"]},
        }
    )


class Sections(Entry, frozen=True, kw_only=True):
    """What session.yaml may say. Lists whose items have an id may also be written as a map by that id.

    YAML's true, false and null are the words `true`, `false` and `null`.
    """

    contract: Heading
    sources: Annotated[
        dict[str, Source], Meta(description="Every document that a statement rests on, by a short name.")
    ]
    types: Annotated[dict[str, Schema], Meta(description="The shapes of values, each a JSON Schema (2020-12).")]
    state: Annotated[dict[str, Variable], Meta(description="The variables that a rule may speak of.")]
    world: Annotated[dict[str, Variable], Meta(description="The variables that the client does not decide.")]
    fixtures: Annotated[
        dict[str, Fixture],
        Meta(
            min_length=1,
            description="What a client holds at the start of a case, and the operations that are tried in it.",
        ),
    ]
    operations: Annotated[
        dict[str, Operation], Meta(description="The calls of the table: of a client, or of the world.")
    ]
    errors: Annotated[dict[str, ErrorCode], Meta(description="The one vocabulary of error codes.")]
    answers: Annotated[dict[str, Answer], Meta(description="How an answer is compared.")]
    effects: Annotated[dict[str, Effect], Meta(description="Named sets of changes.")]
    refusals: Annotated[
        dict[str, Refusal], Meta(description="What calls may come to in every row that is within a guard.")
    ] = field(default_factory=dict)
    transitions: Annotated[dict[str, Row], Meta(description="The table, row by row."), _by_id("Row")]
    overlaps: Annotated[
        dict[str, Overlap],
        Meta(description="What overlapping calls may give beyond what some order of them explains."),
        _by_id("Overlap"),
    ] = field(default_factory=dict)
    laws: Annotated[dict[str, str | Law], Meta(description="Which rule answers where no row does.")] = field(
        default_factory=dict
    )
    rules: Annotated[
        dict[str, Rule], Meta(description="Normative statements, each with its source and its invariants.")
    ]
    choices: Annotated[dict[str, Choice], Meta(description="What the sources leave open.")] = field(
        default_factory=dict
    )
    profiles: Annotated[dict[str, WordMap], Meta(description="Named settings of the choices.")] = field(
        default_factory=dict
    )
    functions: Annotated[
        dict[str, Function], Meta(description="Functions that an expression may call, beyond CEL's own.")
    ] = field(default_factory=dict)
    classes: Annotated[
        dict[str, ParameterClasses],
        Meta(
            description="The classes of each parameter, by `operation.parameter`.",
            extra_json_schema={
                "propertyNames": {"pattern": r"^[^.]+\.[^.]+$", "description": "Write `operation.parameter`."}
            },
        ),
    ]
    services: Annotated[dict[str, Service], Meta(description="What stands behind the gate, and what does not.")]
    gates: Annotated[dict[str, Gate], Meta(description="What needs a session, and what does not.")] = field(
        default_factory=dict
    )
    bindings: Annotated[
        Bindings, Meta(description="Where a word that crosses the wire meets a word of the contract.")
    ] = field(default_factory=Bindings)


@dataclass(frozen=True, eq=False)
class Contract:
    """All that is stated. Read it with `load_contract`. Contracts are equal only to themselves."""

    name: str
    version: str
    title: str
    statement: str
    sources: Mapping[str, Source]
    types: Mapping[str, Json]
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
    services: Mapping[str, Service]
    methods: Mapping[str, Method]
    bindings: Bindings
    document: Document

    def family(self, code: str | None) -> str | None:
        """What stands for all the errors that no source tells from this one; what is no code of the contract stands for itself."""
        error = self.errors.get(code or "")
        return error.family or code if error else code

    def like(self, code: str) -> tuple[str, ...]:
        """The codes that no source tells apart from this one, itself among them."""
        return tuple(other for other in self.errors if self.family(other) == self.family(code))

    def targets(self) -> dict[str, str]:
        """The operations that call methods of services, each with the parameter that names the method."""
        return {
            operation: parameter
            for (operation, parameter), classes in self.classes.items()
            if classes.source == "services"
        }

    def methods_sent(self) -> dict[str, list[str]]:
        """The services, each with its methods, by their names on the wire."""
        sent: dict[str, list[str]] = {}
        for service, method in (item.sent for item in self.methods.values()):
            sent.setdefault(service, []).append(method)
        return sent

    def given_leaves(self, operation: str, leaves: Mapping[str, str]) -> dict[str, str]:
        """The leaves of a call's parameters, without those that are not given."""
        return {name: leaf for name, leaf in leaves.items() if leaf != self.classes[operation, name].absent}

    def law(self, of: str) -> str | None:
        """The rule that answers for what a law is about, one of `LAWS`; None if the contract has no such law."""
        if of not in LAWS:
            raise ValueError(f"`{of}` is nothing that a law is about: {', '.join(LAWS)}.")
        return next((law.rule for law in self.laws.values() if law.of == of), None)

    def schema_at(self, schema: Json, path: Iterable[str]) -> Json:
        """What a schema says of what is reached by a path of properties; empty where it says nothing."""
        for part in path:
            schema = schema.get("properties", {}).get(part, {})
            if "$ref" in schema:
                schema = self.types[schema["$ref"].removeprefix("#/types/")]
        return schema

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
                raise Mistake(
                    f"{place}: `{key[:80]}` is not a choice of the contract. {did_you_mean(key, self.choices)}"
                )
            if word(value) not in self.choices[key].values:
                values = ", ".join(self.choices[key].values)
                raise Mistake(f"{place}: the choice `{key}` cannot be `{word(value)[:80]}`. Permitted: {values}.")
        return {key: word(value) for key, value in chosen.items()}
