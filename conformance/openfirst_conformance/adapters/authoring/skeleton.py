"""Skeletons: an adapter to begin with, in one of several languages, with the operations as the contract has them."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

from openfirst_reference.contract.model import Contract, Operation

_WIDTH = 116


@dataclass(frozen=True)
class Language:
    """How an adapter looks in a language: its file, the program that runs it, and how an operation is written."""

    file: str
    program: str
    signature: Callable[[Operation], str]


def _python(operation: Operation) -> str:
    names = [name if name in operation.required else f"{name}=None" for name in _arguments(operation)]
    return f"def {operation.name}({', '.join(['self', *names])}):  # {operation.title}"


def _node(operation: Operation) -> str:
    names = ", ".join(_arguments(operation))
    return f"{operation.name}({f'{{ {names} }}' if names else ''}) {{}} // {operation.title}"


def _java(operation: Operation) -> str:
    names = ", ".join(_arguments(operation))
    given = f" ({names})" if names else ""
    return f"public Object {operation.name}(Map<?, ?> given) {{}} // {operation.title}{given}"


def _arguments(operation: Operation) -> list[str]:
    """The names of the arguments, those that must be given first."""
    return sorted(operation.arguments, key=lambda name: name not in operation.required)


LANGUAGES: Mapping[str, Language] = {
    "python": Language("adapter.py", "python", _python),
    "node": Language("adapter.js", "node", _node),
    "java": Language("Adapter.java", "java", _java),
}


def skeleton(language: Language, contract: Contract) -> str:
    """The text of an adapter that works, and has no operation yet."""
    text = resources.files(__package__).joinpath("skeletons", f"{language.file}.txt").read_text(encoding="utf-8")
    said = {
        "contract": [f"{contract.title}: contract {contract.name} {contract.version}."],
        "codes": textwrap.wrap(", ".join(contract.errors), _WIDTH, break_on_hyphens=False),
        "operations": list(_operations(language, contract)),
    }
    lines = (_filled(line, said) for line in text.splitlines())
    return "\n".join(lines) + "\n"


def _operations(language: Language, contract: Contract) -> Iterator[str]:
    """A line for each operation of a client, and the services where it calls them."""
    for operation in contract.operations.values():
        if operation.by_world:
            continue
        yield language.signature(operation)
        if any(contract.classes[operation.name, name].source == "services" for name in operation.parameters):
            yield from textwrap.wrap(f"services: {', '.join(contract.services)}", _WIDTH, break_on_hyphens=False)


def _filled(line: str, said: Mapping[str, Sequence[str]]) -> str:
    """A line of the template; one that has a mark comes once for each line that the mark stands for."""
    for mark, lines in said.items():
        if f"[[{mark}]]" in line:
            return "\n".join(line.replace(f"[[{mark}]]", one) for one in lines)
    return line
