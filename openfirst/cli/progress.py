"""What a person sees while a run is under way: the tier, how much of it is done, and the time that is left for it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from openfirst.parallel import Board
from openfirst_conformance.verdicts.judge import Reached

_A_SECOND = 4


@contextmanager
def drawn(board: Board) -> Iterator[Console]:
    """The board in a line on standard error, as long as this is entered; nothing where that is no terminal.

    Gives what else can be printed there meanwhile.
    """
    console = Console(stderr=True, highlight=False)
    # Not by the console alone: a build server that wants colours has it say that there is a terminal.
    if not (sys.stderr.isatty() and console.is_interactive):
        yield console
        return
    line = Line(board, time.monotonic)
    with Live(console=console, get_renderable=line.draw, refresh_per_second=_A_SECOND, transient=True):
        yield console


class Line:
    """The line, made anew each time that it is drawn. `clock` gives seconds."""

    def __init__(self, board: Board, clock: Callable[[], float]) -> None:
        self._board, self._clock = board, clock
        self._since: tuple[Reached, float] | None = None

    def draw(self) -> RenderableType:
        """How far the run has come."""
        line = Table.grid(padding=(0, 1), expand=True)
        line.add_column(no_wrap=True)
        line.add_column(ratio=1)
        line.add_column(no_wrap=True)
        reached = self._board.reached()
        if reached is None:
            line.add_row(Text("starting the adapter", style="bold"), ProgressBar(total=None, pulse=True), "")
            return line
        tiers, (done, of) = self._board.tiers, (reached.done, reached.of)
        name = Text(f"{reached.tier}, tier {tiers.index(reached.tier) + 1} of {len(tiers)}", style="bold")
        if of is None:
            line.add_row(name, ProgressBar(total=None, pulse=True), f"{done:,} done, of an unknown number")
            return line
        left = self._left(reached, of)
        share = f"{100 * done // of if of else 100:3}%"
        words = share if left is None else f"{share}, {left // 60}:{left % 60:02} left"
        line.add_row(name, ProgressBar(total=max(of, 1), completed=done if of else 1), words)
        return line

    def _left(self, reached: Reached, of: int) -> int | None:
        """The seconds that the tier will take yet, by what it took since its number is known; None where that says nothing."""
        if self._since is None or (self._since[0].tier, self._since[0].of) != (reached.tier, of):
            # The time of another tier, or of cases before the number was known, says nothing of these.
            self._since = reached, self._clock()
        first, began = self._since
        new = reached.done - first.done
        return round((self._clock() - began) * (of - reached.done) / new) if new > 0 else None
