"""Text in the width of a terminal: no word is broken, and what has no room beside other things goes below them."""

from __future__ import annotations

import pytest
from rich.text import Text

from openfirst_conformance.reports.layout import Row, folded, table, wrapped

URL = "https://pictures.example/ana.png"
HEAD = ("call", "seen", "permitted")
ROWS: list[Row] = [("open()", f"answer {URL}", "an answer"), ("close()", Text("answer"), "")]


def test_columns_stand_side_by_side_where_there_is_room() -> None:
    assert table(HEAD, ROWS, 62).plain.splitlines() == [
        "call     seen                                     permitted",
        f"open()   answer {URL}  an answer",
        "close()  answer",
    ]


def test_a_narrow_column_breaks_between_words_and_the_one_that_wants_little_does_not() -> None:
    assert table(HEAD, ROWS, 52).plain.splitlines() == [
        "call     seen                              permitted",
        "open()   answer                            an answer",
        f"         {URL}",
        "close()  answer",
    ]


def test_the_gap_between_columns_gives_way_before_the_columns_do() -> None:
    assert table(HEAD, ROWS, 50).plain.splitlines()[0] == f"call    seen{' ' * 29}permitted"


def test_a_row_that_has_no_room_is_an_entry_and_each_word_is_whole() -> None:
    """The rest of it in one line if that fits, else a line or more for each cell."""
    assert table(HEAD, ROWS, 45, indent=2).plain.splitlines() == [
        "  open()",
        "      seen: answer",
        f"      {URL}",
        "      permitted: an answer",
        "  close()",
        "      seen: answer",
    ]
    assert table(("", "", ""), [("choice", "refuse", "x" * 10)], 22).plain.splitlines() == [
        "choice",
        "    refuse; xxxxxxxxxx",
    ]


def test_a_word_longer_than_the_width_stays_whole() -> None:
    assert wrapped(f"See {URL}, please.", 20, 2).plain.splitlines() == ["  See", f"  {URL},", "  please."]


def test_a_paragraph_of_its_own_stays_one_and_wide_characters_count_twice() -> None:
    assert wrapped("One\n\ntwo three", 9).plain == "One\n\ntwo three"
    assert wrapped("東京 大阪", 8).plain == "東京\n大阪"


def test_figures_are_flush_right() -> None:
    rows = [("outcome", "1,070", "7"), ("lock", "no end", "12")]
    assert table(("kind", "there are", "s"), rows, 40, numbers=True).plain.splitlines() == [
        "kind     there are   s",
        "outcome      1,070   7",
        "lock        no end  12",
    ]


def test_styles_are_kept_over_breaks() -> None:
    (cell,) = {span.style for span in wrapped(Text("red words", style="red"), 5).spans}
    assert cell == "red"


def test_rows_that_come_again_and_again_come_once_with_how_often() -> None:
    opened, closed, asked = ("open()",), ("close()",), ("isOpen()",)
    often = [asked, *[opened, closed] * 4, opened, asked]
    assert list(folded(often)) == [([asked], 1), ([opened, closed], 4), ([opened, asked], 1)]
    assert list(folded([*[closed] * 7, *[opened] * 7])) == [([], 1), ([closed], 7), ([], 1), ([opened], 7), ([], 1)]


def test_few_rows_are_shown_as_they_are() -> None:
    few: list[Row] = [("open()",), ("close()",)] * 3
    assert list(folded(few)) == [(few, 1)]
    assert list(folded([])) == [([], 1)]


@pytest.mark.parametrize("width", [30, 60, 80, 200])
def test_no_line_is_longer_than_the_width_unless_one_word_is(width: int) -> None:
    rows = [("a-rule-with-an-id-of-thirty-five-ch", "must", "fail", f"shown in 4 calls, see {URL} there")]
    for line in table(("rule", "level", "verdict", ""), rows, width).plain.splitlines():
        assert len(line) <= width or len(line.split()) == 1, line
    text = table(("rule", "level", "verdict", ""), rows, width).plain
    assert URL in text and rows[0][0] in text
