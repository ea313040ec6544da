"""What a person sees of a run under way: on a terminal only, and of all its processes."""

from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from openfirst.cli import main
from openfirst.cli.progress import Line
from openfirst.parallel import Board, others, shares
from openfirst.request import Request
from openfirst_conformance.driving.settings import Settings
from openfirst_conformance.verdicts.judge import Reached

ADAPTERS = Path(__file__).resolve().parents[2] / "tests" / "conformance" / "adapters"
TIERS = ("smoke", "complete", "explore")


def board_of(*noted: tuple[int, str, int, int | None], processes: int = 2) -> Board:
    """A board on which so much was noted: process, tier, done, of."""
    board = Board(TIERS, processes)
    for process, tier, done, of in noted:
        board.note(process, Reached(tier, done, of))
    return board


@pytest.mark.parametrize(
    ("noted", "expected"),
    [
        ([], None),
        ([(0, "smoke", 3, None), (1, "smoke", 4, None)], Reached("smoke", 7, None)),
        ([(0, "smoke", 9, 9), (0, "complete", 5, 50), (1, "smoke", 4, None)], Reached("smoke", 13, None)),
        ([(0, "smoke", 9, 9), (0, "complete", 5, 50), (1, "smoke", 8, 8)], Reached("complete", 5, None)),
        (
            [(0, "smoke", 9, 9), (1, "smoke", 8, 8), (0, "complete", 5, 50), (1, "complete", 6, 49)],
            Reached("complete", 11, 99),
        ),
        ([(number, tier, 9, 9) for number in (0, 1) for tier in TIERS], Reached("explore", 18, 18)),
    ],
)
def test_the_board_tells_of_the_first_tier_that_not_all_are_through(
    noted: list[tuple[int, str, int, int | None]], expected: Reached | None
) -> None:
    """Of how many is known once all processes know it of theirs."""
    assert board_of(*noted).reached() == expected


def drawn(line: Line, width: int) -> str:
    """The line, as a terminal of that width has it."""
    console = Console(file=StringIO(), width=width, color_system=None)
    console.print(line.draw())
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert str(text).count("\n") == 1
    return " ".join(str(text).replace("━", " ").replace("╸", " ").replace("╺", " ").split())


@pytest.mark.parametrize("width", [60, 80, 200])
def test_tier_share_and_time_left_are_shown_in_one_line(width: int) -> None:
    """A number that nobody knows is not made up, nor the time that goes with it; 25 cases took 10 s, and so will each 25 more."""
    times: Iterator[float] = iter([100.0, 110.0, 110.0, 117.0])
    board = board_of(processes=1)
    line = Line(board, lambda: next(times))
    assert drawn(line, width) == "starting the adapter"
    board.note(0, Reached("smoke", 1162, None))
    assert drawn(line, width) == "smoke, tier 1 of 3 1,162 done, of an unknown number"
    board.note(0, Reached("smoke", 1162, 1162))
    board.note(0, Reached("complete", 20, 200))
    assert drawn(line, width) == "complete, tier 2 of 3 10%"
    board.note(0, Reached("complete", 45, 200))
    assert drawn(line, width) == "complete, tier 2 of 3 22%, 1:02 left"
    board.note(0, Reached("complete", 200, 200))
    board.note(0, Reached("explore", 140, 200))
    assert drawn(line, width) == "explore, tier 3 of 3 70%"


def test_a_tier_that_has_no_case_is_through() -> None:
    """As `concurrent` is where calls are made one at a time."""
    board = board_of(*((0, tier, 0, 0) for tier in TIERS), processes=1)
    assert drawn(Line(board, lambda: 0), 60) == "explore, tier 3 of 3 100%"


def test_other_processes_tell_how_far_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a process of its own each notes what it plays: here the second one of two, and nobody the first one's."""
    monkeypatch.syspath_prepend(str(ADAPTERS))
    request = Request(python_="implementations_for_judge:Plain")
    board = Board(("smoke",), 2)
    with others(request, board, shares(Settings(), 2)[1:]) as beside:
        list(beside.parts())
    own, theirs = list(board.cells[0:2]), list(board.cells[2:4])
    assert own == [0, -1]
    assert theirs[0] == theirs[1] > 10


def test_where_there_is_no_terminal_nothing_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor where a build server wants colours."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TTY_INTERACTIVE", "1")
    monkeypatch.syspath_prepend(str(ADAPTERS))
    result = CliRunner().invoke(main, ["check", "--tier", "smoke", "--python", "implementations_for_judge:Plain"])
    assert (result.exit_code, result.stderr) == (0, "")
