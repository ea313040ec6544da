"""What the model is made of: the forms in which the file may write a value, each with its JSON Schema; and what an entry is.

YAML's true, false and null are the words `true`, `false` and `null`; a list of one word may be written as that word.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, ClassVar, Self

from msgspec import Meta, Struct

from openfirst_reference.contract.document import Json, word

_WORD: Json = {"type": ["string", "boolean", "null"], "description": "A word."}
_WORDS: Json = {
    "type": ["string", "boolean", "array"],
    "items": _WORD,
    "uniqueItems": True,
    "description": "A word or a list of words, each once.",
}
_NAME: Json = {"type": "string", "minLength": 1, "description": "A name."}
_GUARD: Json = {
    "type": "object",
    "additionalProperties": _WORDS,
    "description": "Variables or parameters, each with the values for which this holds.",
}
Guard = Mapping[str, frozenset[str]]
When = tuple[tuple[str, frozenset[str]], ...]


class Form:
    """A form: `SCHEMA` is its JSON Schema, and `read` makes of a value that keeps to it what the model holds."""

    SCHEMA: ClassVar[Json]

    @classmethod
    def read(cls, value: Any) -> Self:
        """The value as the model holds it."""
        return cls(value)  # type: ignore[call-arg]


class Word(str, Form):
    """A word; the empty one stands for what is left out."""

    SCHEMA = _WORD

    @classmethod
    def read(cls, value: Any) -> Self:
        """The word, as it is spelled everywhere."""
        return cls(word(value))


class AnswerName(Word):
    """The name of an answer."""

    SCHEMA: ClassVar[Json] = {"type": ["string", "boolean"], "description": "The name of an answer."}


class Text(str, Form):
    """Text for people, or an expression, without the blanks around it."""

    SCHEMA: ClassVar[Json] = {
        "type": "string",
        "minLength": 1,
        "description": "Text; quote it if YAML reads something else.",
    }

    @classmethod
    def read(cls, value: Any) -> Self:
        """The text."""
        return cls(word(value).strip())


class WordList(tuple[str, ...], Form):
    """A word or a list of words."""

    SCHEMA = _WORDS
    __slots__ = ()

    @classmethod
    def read(cls, value: Any) -> Self:
        """The words, in their order."""
        return cls(map(word, value if isinstance(value, list) else [value]))


class Values(WordList):
    """The values that something can have."""

    SCHEMA: ClassVar[Json] = {
        "type": "array",
        "minItems": 1,
        "uniqueItems": True,
        "items": _WORD,
        "description": "The permitted values.",
    }
    __slots__ = ()


class WordMap(dict[str, str], Form):
    """Words by name."""

    SCHEMA: ClassVar[Json] = {"type": "object", "additionalProperties": _WORD}

    @classmethod
    def read(cls, value: Any) -> Self:
        """The words, by name."""
        return cls({name: word(item) for name, item in value.items()})


class NameMap(WordMap):
    """Names by name."""

    SCHEMA: ClassVar[Json] = {"type": "object", "additionalProperties": _NAME}


class Held(dict[str, "str | None"], Form):
    """What variables hold; null is nothing."""

    SCHEMA = WordMap.SCHEMA

    @classmethod
    def read(cls, value: Any) -> Self:
        """The values, by variable."""
        return cls({name: None if item is None else word(item) for name, item in value.items()})


class Words(WordMap):
    """Words that cross the wire, each with the contract's word for it. A word that is not listed is the same on both sides."""

    def inward(self, word: str) -> str:
        """The contract's word for one that came in."""
        return self.get(word, word)

    def outward(self, word: str) -> str:
        """The word to send for one of the contract's."""
        return self._sent.get(word, word)

    @cached_property
    def _sent(self) -> dict[str, str]:
        """The word to send for each of the contract's: the first where there are several."""
        return {known: sent for sent, known in reversed(self.items())}


class WordLists(dict[str, tuple[str, ...]], Form):
    """A word or a list of words by name."""

    SCHEMA: ClassVar[Json] = {"type": "object", "additionalProperties": _WORDS}

    @classmethod
    def read(cls, value: Any) -> Self:
        """The words, by name."""
        return cls({name: WordList.read(item) for name, item in value.items()})


class Within(dict[str, frozenset[str]], Form):
    """A guard: variables or parameters, each with the values for which something holds."""

    SCHEMA = _GUARD

    @classmethod
    def read(cls, value: Any) -> Self:
        """The guard."""
        return cls({name: frozenset(WordList.read(item)) for name, item in value.items()})


class Under(tuple[tuple[str, frozenset[str]], ...], Form):
    """Choices, each with the values under which something is permitted."""

    SCHEMA = _GUARD
    __slots__ = ()

    @classmethod
    def read(cls, value: Any) -> Self:
        """The values by choice, in the order of the choices' names."""
        return cls(sorted(Within.read(value).items()))


class Paths(dict[str, tuple[str, ...]], Form):
    """Paths in the arguments, by parameter, their parts apart."""

    SCHEMA = NameMap.SCHEMA

    @classmethod
    def read(cls, value: Any) -> Self:
        """The paths."""
        return cls({name: tuple(word(path).split(".")) for name, path in value.items()})


class Schema(dict[str, Any], Form):
    """A JSON Schema."""

    SCHEMA: ClassVar[Json] = {"$ref": "https://json-schema.org/draft/2020-12/schema"}


@dataclass(frozen=True)
class Carry:
    """A rule that a row carries, where the guard (over variables and parameters) holds."""

    rule: str
    guard: Guard


class Carries(tuple[Carry, ...], Form):
    """Rules; one with a guard is carried only where the guard holds."""

    SCHEMA: ClassVar[Json] = {
        "description": "Rules; one with a guard is carried only where the guard holds.",
        "type": "array",
        "items": {"type": ["string", "object"], "additionalProperties": _GUARD, "maxProperties": 1},
    }
    __slots__ = ()

    @classmethod
    def read(cls, value: Any) -> Self:
        """The rules, each with its guard."""
        return cls(carry for item in value for carry in _carries(item))


class Calls(dict[str, "tuple[str, ...] | None"], Form):
    """Operations, each with the parameters that are varied (None: all of them)."""

    SCHEMA: ClassVar[Json] = {
        "description": "Operations; one with a list of parameters varies only those.",
        "type": "array",
        "minItems": 1,
        "items": {
            "description": "An operation, or an operation with the list of the parameters that are varied.",
            "type": ["string", "object"],
            "additionalProperties": _WORDS,
        },
    }

    @classmethod
    def read(cls, value: Any) -> Self:
        """The operations, with what is varied."""
        calls = cls()
        for item in value:
            calls.update(WordLists.read(item) if isinstance(item, dict) else {word(item): None})
        return calls


def _carries(item: Any) -> Iterable[Carry]:
    if isinstance(item, dict):
        return [Carry(rule, Within.read(guard)) for rule, guard in item.items()]
    return [Carry(word(item), {})]


# Entries ----------------------------------------------------------------------------------------------------------------

DERIVED = "x-derived"
FROM_THE_NAME = Meta(extra_json_schema={DERIVED: True})

Name = Annotated[str, Meta(min_length=1, description="A name.")]
Names = Annotated[tuple[Name, ...], Meta(extra_json_schema={"uniqueItems": True})]
OneOf = tuple[tuple[str, ...], ...]


class Entry(Struct, frozen=True, forbid_unknown_fields=True):
    """An entry of the file. `ONE_OF`: it has the keys of exactly one of these groups."""

    ONE_OF: ClassVar[OneOf] = ()
