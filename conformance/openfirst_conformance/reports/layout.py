"""Text in the width of a terminal: wrapped between words, and never inside one, so that a URL or a rule's id stays whole."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain

from rich.cells import cell_len
from rich.text import Text

_GAPS = (2, 1)
_BELOW = 4
_SPARED = 6
Row = Sequence[Text | str]


def wrapped(text: Text | str, width: int, indent: int = 0) -> Text:
    """Paragraphs, each line indented. A word that is too long for the width has a line of its own, whole."""
    return Text("\n").join(Text(" " * indent) + line for line in _lines(_text(text), width - indent))


def table(
    head: Sequence[str],
    rows: Sequence[Row],
    width: int,
    *,
    indent: int = 0,
    style: str = "bold",
    numbers: bool = False,
) -> Text:
    """Columns where every word has room in them; else an entry for each row, with the other cells below the first.

    A head without a word is left out. `numbers`: all columns but the first are flush right.
    """
    titles = [Text(name, style=style) for name in head]
    cells = [[_text(cell) for cell in row] for row in rows]
    every = [titles, *cells] if any(head) else cells
    for gap in _GAPS:
        widths = _widths(every, width - indent - gap * (len(head) - 1))
        if widths is not None:
            return _joined((_row(row, widths, gap, numbers) for row in every), indent)
    return _joined((_entry(head, row, width - indent) for row in cells), indent)


def folded(rows: Sequence[Row]) -> Iterator[tuple[Sequence[Row], int]]:
    """The rows, in parts: where some come again and again, one after the other, and are many, they come once, with how often."""
    words = [tuple(map(str, row)) for row in rows]
    start = end = 0
    while end < len(rows):
        spared, size = max((size * (_times(words, end, size) - 1), size) for size in range(1, len(rows) - end + 1))
        if spared < _SPARED:
            end += 1
        else:
            yield rows[start:end], 1
            yield rows[end : end + size], spared // size + 1
            start = end = end + spared + size
    yield rows[start:], 1


def _times(rows: Sequence[object], start: int, size: int) -> int:
    """How often so many rows come from there on, one time after the other."""
    times = 1
    while rows[start + size * times : start + size * (times + 1)] == rows[start : start + size]:
        times += 1
    return times


def _text(cell: Text | str) -> Text:
    return Text(cell) if isinstance(cell, str) else cell


def _joined(parts: Iterator[list[Text]], indent: int) -> Text:
    return Text("\n").join(Text(" " * indent) + line for line in chain.from_iterable(parts))


def _lines(text: Text, width: int) -> list[Text]:
    lines: list[Text] = []
    for paragraph in text.split("\n", allow_blank=True):
        breaks, length = list[int](), 0
        for word in re.finditer(r"\S+\s*", paragraph.plain):
            if length and length + cell_len(word.group().rstrip()) > width:
                breaks.append(word.start())
                length = 0
            length += cell_len(word.group())
        lines += paragraph.divide(breaks)
    for line in lines:
        line.rstrip()
    return lines


def _widths(rows: Sequence[Sequence[Text]], room: int) -> list[int] | None:
    """A width for each column: what it would fill, or less, but at least its longest word. None: there is not so much room."""
    columns = list(zip(*rows, strict=True))
    least = [max((cell_len(word) for cell in column for word in cell.plain.split()), default=0) for column in columns]
    most = [max(cell_len(line) for cell in column for line in cell.plain.split("\n")) for column in columns]
    spare = room - sum(least)
    if spare < 0:
        return None
    widths = list(least)
    # Those that want little have it, so that what is short stays in one line.
    wanting = sorted(range(len(columns)), key=lambda column: most[column] - least[column])
    for left, column in zip(range(len(columns), 0, -1), wanting, strict=True):
        more = min(most[column] - least[column], spare // left)
        widths[column] += more
        spare -= more
    return widths


def _row(row: Sequence[Text], widths: Sequence[int], gap: int, numbers: bool) -> list[Text]:
    """The lines of a row."""
    cells = [_lines(cell, width) for cell, width in zip(row, widths, strict=True)]
    lines = []
    for number in range(max(map(len, cells))):
        line = Text()
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True)):
            part = cell[number] if number < len(cell) else Text()
            space = " " * (width - cell_len(part.plain))
            line += Text(" " * gap if column else "")
            line += Text(space) + part if numbers and column else part + Text(space)
        line.rstrip()
        lines.append(line)
    return lines


def _entry(head: Sequence[str], row: Sequence[Text], width: int) -> list[Text]:
    """The lines of a row that has no room: its first cell, and below it the others, in one line if they fit."""
    first, *rest = row
    others = [Text(f"{name}: " if name else "") + cell for name, cell in zip(head[1:], rest, strict=True) if cell.plain]
    in_one = Text("; ").join(others)
    below = [in_one] if cell_len(in_one.plain) <= width - _BELOW and "\n" not in in_one.plain else others
    return [
        *_lines(first, width),
        *(Text(" " * _BELOW) + line for part in below for line in _lines(part, width - _BELOW)),
    ]
