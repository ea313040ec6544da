"""Blocks of a page, and how they look as text and as Markdown."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from openfirst_reference.show.step_words import columns

WIDTH = 110


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


def as_text(blocks: Iterable[Block]) -> Iterator[str]:
    """The lines of a page as text for a terminal."""
    for block in blocks:
        match block:
            case Heading():
                line = {1: "=", 2: "-"}.get(block.level, "")
                yield f"{block.text}\n{line * len(block.text)}".rstrip() + ("\n" if line else "")
            case Quote():
                yield _wrapped(f"“{block.text}” ({block.source})", "  ") + "\n"
            case Grid():
                yield _grid(block.rows) + "\n"
            case Diagram():
                rows = [(f"{before} -> {after}", label) for before, after, label in block.arrows]
                yield columns([("starts in", block.initial), *rows], "  ") + "\n"
            case _:
                yield _wrapped(block, "  ") + ("" if block.endswith(")") else "\n")


def _grid(rows: Sequence[Sequence[str]]) -> str:
    """Columns where they fit; else an entry a row, with the other cells below it."""
    fitting = columns(rows, "  ")
    if max(len(line) for line in fitting.splitlines()) <= WIDTH:
        return fitting
    head, *entries = rows
    lines = []
    for first, *rest in entries:
        lines.append(f"  {first}")
        lines += [
            _wrapped(f"{name}: {cell}", "      ") for name, cell in zip(head[1:], rest, strict=True) if cell != "-"
        ]
    return "\n".join(lines)


def _wrapped(text: str, indent: str) -> str:
    return textwrap.fill(text, WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False)
