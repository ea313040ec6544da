"""Blocks of a page, and how they look as text and as Markdown."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from openfirst_reference.show.step_words import columns

WIDTH = 110
"""No line of text is made longer, however wide the terminal is."""


@dataclass(frozen=True)
class Heading:
    """A heading; `level` from 1."""

    level: int
    text: str


@dataclass(frozen=True)
class Quote:
    """A sentence of a source."""

    text: str
    source: str


@dataclass(frozen=True)
class Grid:
    """A table; the first row is its head."""

    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Diagram:
    """Arrows between states: from, to, label."""

    initial: str
    arrows: Sequence[tuple[str, str, str]]


Block = Heading | Quote | Grid | Diagram | str


# How it is written -----------------------------------------------------------------------------------------------------


def as_markdown(blocks: Iterable[Block]) -> Iterator[str]:
    """The lines of a page in Markdown."""
    for block in blocks:
        match block:
            case Heading():
                yield f"{'#' * block.level} {block.text}\n"
            case Quote():
                yield f"> {block.text}\n>\n> {block.source}\n"
            case Grid():
                head, *rows = [[cell.replace("|", "\\|") for cell in row] for row in block.rows]
                yield f"| {' | '.join(head)} |\n|{'---|' * len(head)}"
                yield "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"
            case Diagram():
                yield "```mermaid\n" + mermaid(block) + "\n```\n"
            case _:
                yield f"{block}\n"


def mermaid(drawn: Diagram) -> str:
    """The diagram in Mermaid's language; labels of one arrow share a line each."""
    labels: dict[tuple[str, str], list[str]] = {}
    for before, after, label in drawn.arrows:
        labels.setdefault((before, after), []).append(label)
    lines = [f"    {before} --> {after}: {'<br/>'.join(each)}" for (before, after), each in labels.items()]
    return "\n".join(["stateDiagram-v2", f"    [*] --> {drawn.initial}", *lines])


def as_text(blocks: Iterable[Block], width: int) -> Iterator[str]:
    """The lines of a page as text for a terminal of this width."""
    for block in blocks:
        match block:
            case Heading():
                line = {1: "=", 2: "-"}.get(block.level, "")
                title = wrapped(block.text, width, "")
                underline = line * max(map(len, title.splitlines()))
                yield f"{title}\n{underline}".rstrip() + ("\n" if line else "")
            case Quote():
                yield wrapped(f"“{block.text}” ({block.source})", width) + "\n"
            case Grid():
                yield grid(block.rows, width) + "\n"
            case Diagram():
                rows = [(f"{before} -> {after}", label) for before, after, label in block.arrows]
                yield grid([("", ""), ("starts in", block.initial), *rows], width) + "\n"
            case _:
                yield wrapped(block, width) + ("" if block.endswith(")") else "\n")


def grid(rows: Sequence[Sequence[str]], width: int, indent: str = "  ") -> str:
    """Columns where they fit, below a head if it says anything; else an entry a row, with the other cells below it."""
    head, *entries = rows
    fitting = columns(rows if any(head) else entries, indent)
    if max(len(line) for line in fitting.splitlines()) <= width:
        return fitting
    lines = []
    for first, *rest in entries:
        lines.append(wrapped(first, width, indent))
        lines += [
            wrapped(f"{name}: {cell}" if name else cell, width, f"{indent}    ")
            for name, cell in zip(head[1:], rest, strict=True)
            if cell != "-"
        ]
    return "\n".join(lines)


def wrapped(text: str, width: int, indent: str = "  ") -> str:
    """A paragraph in lines, broken between words and nowhere else: what is copied from it must stay whole."""
    return textwrap.fill(
        text, width, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def fitted(text: str, width: int) -> str:
    """A text whose lines that are too long go on below, a little to the right."""
    lines = []
    for line in text.splitlines():
        indent = line[: len(line) - len(line.lstrip())]
        hanging = wrapped(line.lstrip(), width, f"{indent}  ").removeprefix(f"{indent}  ")
        lines.append(line if len(line) <= width else indent + hanging)
    return "\n".join(lines)
