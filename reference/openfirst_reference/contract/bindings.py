"""Where the words that cross the wire meet the words of the contract: the model of the section that says so."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta, field

from openfirst_reference.contract.forms import Entry, Name, WordList, Words


class TwoValued:
    """A variable with a value that says yes and one that says no: `YES` and `NO` name the fields that hold them."""

    __slots__ = ()
    YES: ClassVar[str]
    NO: ClassVar[str]
    variable: str

    def value(self, said: bool) -> str:
        """The value that says it."""
        return str(getattr(self, self.YES if said else self.NO))


OfVariable = Annotated[str, Meta(min_length=1, description="A variable.")]


class BoundVariable(Entry, frozen=True, kw_only=True):
    """A variable."""

    variable: OfVariable


class BoundWords(Entry, frozen=True, kw_only=True):
    """Words of the wire that are values of a variable."""

    variable: OfVariable
    words: Words

    def inward(self, word: str) -> str:
        """The contract's word for one that came in."""
        return self.words.inward(word)

    def outward(self, word: str) -> str:
        """The word to send for one of the contract's."""
        return self.words.outward(word)


class Told(Entry, TwoValued, frozen=True, kw_only=True):
    """The variable that tells whether a datum is there."""

    variable: OfVariable
    given: Name
    absent: Name

    YES, NO = "given", "absent"


class BoundDatum(Entry, frozen=True, kw_only=True):
    """A datum that crosses the wire: the variable that holds it, and the one that tells whether it is there."""

    variable: OfVariable
    told_by: Told = field(name="told-by")


class BoundScopes(Entry, TwoValued, frozen=True, kw_only=True):
    """The scopes of a token: any of `any-of`, or none stated at all, permit; `without` are examples that do not."""

    variable: OfVariable
    any_of: Annotated[WordList, Meta(description="Scopes each of which permits.")] = field(name="any-of")
    permitted: Name
    missing: Name
    without: Annotated[WordList, Meta(description="Scopes that do not permit, as an example.")]

    YES, NO = "permitted", "missing"


class CredentialBinding(Entry, frozen=True, kw_only=True):
    """What is said of a credential, and which variables that decides."""

    type: Annotated[str, Meta(min_length=1, description="The type of arguments that carry one.")]
    kind: BoundWords
    condition: BoundWords
    external_id: BoundDatum = field(name="externalId")
    scopes: BoundScopes | None = None
    life: BoundVariable | None = None


class Renewal(Entry, frozen=True, kw_only=True):
    """The parameter that grants or denies a fresh token, and the words for that."""

    parameter: Name
    words: Words


class Field(Entry, frozen=True, kw_only=True):
    """A field of an answer."""

    field: Name


class WordField(Entry, frozen=True, kw_only=True):
    """A field of an answer, and its words."""

    field: Name
    words: Words


class RefreshBinding(Entry, frozen=True, kw_only=True):
    """What is said of the refresh of a token."""

    renewal: Renewal
    asked: Field
    callback: WordField


class Company(Entry, TwoValued, frozen=True, kw_only=True):
    """The variable that tells whether another client with the same external ID has a session."""

    variable: OfVariable
    open: Name
    absent: Name

    YES, NO = "open", "absent"


class Presence(Entry, TwoValued, frozen=True, kw_only=True):
    """The variable that tells whether a client is in a conference."""

    variable: OfVariable
    inside: Name = field(name="in")
    outside: Name = field(name="out")

    YES, NO = "inside", "outside"


class NotSimulated(Entry, frozen=True, kw_only=True):
    """The error for what a platform does not simulate."""

    error: Name


class HasSession(Entry, frozen=True, kw_only=True):
    """The variable that tells whether a client has a session, and what it is then."""

    variable: OfVariable
    open: Name


class PlatformBinding(Entry, frozen=True, kw_only=True):
    """What a platform knows of a client by itself."""

    session: HasSession
    company: Company | None = None
    conference: Presence | None = None
    not_simulated: NotSimulated = field(name="not-simulated")


class Bindings(Entry, frozen=True, kw_only=True):
    """Where a word that crosses the wire meets a word of the contract."""

    operations: Annotated[Words, Meta(description="The wire's name of each operation, and the contract's.")] = field(
        default_factory=Words
    )
    credential: CredentialBinding | None = None
    refresh: RefreshBinding | None = None
    platform: PlatformBinding | None = None
