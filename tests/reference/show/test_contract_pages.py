"""The contract for people, and the picture that is drawn from the table."""

from pathlib import Path

import pytest

from openfirst_reference.contract.load import load_contract
from openfirst_reference.show.blocks import fitted, grid, mermaid
from openfirst_reference.show.contract_pages import diagram, show

CONTRACT = load_contract()
README = Path(__file__).resolve().parents[3] / "README.md"


def test_everything_is_in_the_whole() -> None:
    """Every rule with its quote, every choice, operation, error and service; in both formats."""
    for format_ in ("text", "markdown"):
        words = " ".join(show(CONTRACT, None, format_).split())
        names = [
            *CONTRACT.rules,
            *CONTRACT.choices,
            *CONTRACT.operations,
            *CONTRACT.errors,
            *CONTRACT.services,
            *CONTRACT.rows,
        ]
        assert [name for name in names if name not in words] == []
        assert [
            rule.id for rule in CONTRACT.rules.values() if " ".join(rule.quote.split()) not in words.replace("> ", "")
        ] == []


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("reopen", ["open and close may be repeated", "The application may open and close sessions multiple times."]),
        ("open-while-open", ["refuse, keep or replace", "web: refuse", "A session has already been opened"]),
        ("updateParticipantInfo", ["Since SDK 3.10.0", "scope-missing", "update.open.no-scope"]),
        ("session-not-open", ["HTTP status 409", "noCurrentParticipant"]),
        ("close.open.in-conference", ["closed-and-left", "close-leaves-conference"]),
        ("token-without-id", ["kind: token"]),
        ("conference", ["joins-conference", "onStatusChange"]),
    ],
)
def test_one_thing_is_shown_by_its_id(what: str, words: list[str]) -> None:
    """A rule, a choice, an operation, an error, a row, a fixture, a service."""
    shown = " ".join(show(CONTRACT, what).split())
    assert [word for word in words if word not in shown] == []


def test_an_unknown_id_is_told_with_what_is_near() -> None:
    """A person who mistypes is not left alone."""
    with pytest.raises(ValueError, match=r"nothing called `rejected-changes-noting`.*rejected-changes-nothing"):
        show(CONTRACT, "rejected-changes-noting")


def test_the_arrows_are_those_of_the_table() -> None:
    """By hand: open opens, close closes, the platform's close and another client's open lose it, and losing it shows later."""
    arrows = set(diagram(CONTRACT).arrows)
    assert {
        ("closed", "open", "open"),
        ("open", "closed", "close"),
        ("open", "lost", "platformCloses"),
        ("open", "lost", "sameIdOpens"),
        ("lost", "closed", "settle"),
        ("lost", "open", "open"),
    } <= arrows
    assert not [arrow for arrow in arrows if arrow[:2] == ("closed", "lost")]
    assert ("closed", "open", "isOpen") not in arrows


def test_the_picture_in_the_readme_is_the_one_that_is_drawn() -> None:
    """If this fails, put what `openfirst contract show --format markdown` draws into the README."""
    assert mermaid(diagram(CONTRACT)) in README.read_text(encoding="utf-8")


# Widths -----------------------------------------------------------------------------------------------------------------


def test_columns_that_have_no_room_become_entries_with_the_other_cells_below() -> None:
    rows = [("rule", "met"), ("reopen", "1, 2"), ("an-id-that-is-long", "https://docs.example/reopen and more")]
    assert grid(rows, 60).splitlines()[1] == "  reopen              1, 2"
    assert grid(rows, 40).splitlines() == [
        "  reopen",
        "      met: 1, 2",
        "  an-id-that-is-long",
        "      met: https://docs.example/reopen",
        "      and more",
    ]


def test_a_line_that_is_too_long_goes_on_below_and_breaks_no_word() -> None:
    """A hyphen is no place to break: an id that is copied must be whole. What fits stays as it is, blanks included."""
    text = "short   line\n  a line with rejected-changes-nothing in it"
    assert fitted(text, 30) == "short   line\n  a line with\n    rejected-changes-nothing\n    in it"
    assert fitted(text, 80) == text
