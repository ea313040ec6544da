"""Two contracts side by side: what differs is told, how it is written does not count, and what can break is shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from openfirst_reference.contract.build import build_contract
from openfirst_reference.contract.document import lay_over, read_document, read_file
from openfirst_reference.contract.load import load_document
from openfirst_reference.machine.machine import Machine
from openfirst_reference.proof.difference import difference
from openfirst_reference.proof.keeping import Keeping, keeping
from openfirst_reference.show.difference_text import difference_text, keeping_text

PACKAGED = build_contract(load_document())
EXAMPLES = Path(__file__).parents[3] / "examples" / "overlays"
CLOSED = "close, where kind is token or key-secret, session is closed, condition is good"


def laid(*overlays: str, fixtures: tuple[str, ...] = ("token-with-id",)) -> Machine:
    """The packaged contract under overlays, with few fixtures, since all of them take long."""
    document = load_document()
    for overlay in overlays:
        document = lay_over(document, read_document(overlay, "overlay.yaml"))
    contract = build_contract(document)
    return Machine(replace(contract, fixtures={name: contract.fixtures[name] for name in fixtures}))


def told(overlay: str, before: str = "{}") -> list[str]:
    """What is told of the difference that an overlay makes."""
    found = difference(laid(before), laid(overlay))
    return [] if found.is_empty else difference_text(found).splitlines()


def outcomes(found: Keeping) -> list[tuple[str, str | None]]:
    """The calls of the sequence that was found, each with its error."""
    assert found.found is not None
    return [(step.call.operation, step.code) for step in found.found.trace]


def closing(*alternatives: str, row: str = "close.closed") -> str:
    """An overlay that permits this in a row: when a session that is closed is closed, if none is named."""
    return f"transitions: {{ {row}: {{ id: {row}, may: [{', '.join(alternatives)}] }} }}"


ACCEPT = "{ when: { close-while-closed: accept }, answer: nothing }"
REFUSE = "{ when: { close-while-closed: refuse }, error: session-not-open }"
EXPIRED = "{ error: token-expired }"
NOT_INITIALIZED = "in: { condition: bad }, error: not-initialized"
LOST = ("answer: nothing", "error: session-not-open", "error: condition", NOT_INITIALIZED)
BY_CHOICE = [
    f"{{ when: {{ same-id-twice: {values} }}, {item}, then: closed }}"
    for item in LOST
    for values in ("refuse", "[coexist, evict-earlier]")
] + [f"{{ when: {{ open-without-info: reuse }}, {item}, then: ended-unsaved }}" for item in LOST]
RENAMED = f"""
transitions:
  close.closed: null
  close.nothing-to-close:
    id: close.nothing-to-close
    carries: [rejected-changes-nothing]
    call: close
    in: {{ session: closed, kind: [token, key-secret], condition: good }}
    may: [{REFUSE}, {ACCEPT}]
"""
SPLIT = f"""
transitions:
  close.closed: {{ id: close.closed, in: {{ session: closed, kind: token, condition: good }} }}
  close.closed.key-secret:
    id: close.closed.key-secret
    carries: [{{ rejected-changes-nothing: {{ kind: key-secret }} }}]
    call: close
    in: {{ session: closed, kind: key-secret, condition: good }}
    may: [{ACCEPT}, {REFUSE}]
"""
REFUSES_BLANKS = """
transitions:
  update.open: { id: update.open, with: { name: [absent, plain] } }
  update.open.blank:
    id: update.open.blank
    call: updateParticipantInfo
    in: { session: open, kind: initialised, condition: good, scope: update }
    with: { name: blank }
    carries: [update-updates, rejected-changes-nothing]
    may: [{ error: scope-missing }]
"""
SHUT = f"""
effects: {{ shut: {{ set: {{ session: closed }} }} }}
transitions:
  close.closed:
    id: close.closed
    may: [{{ when: {{ close-while-closed: accept }}, answer: nothing, then: shut }}, {REFUSE}]
"""


# What differs ---------------------------------------------------------------------------------------------------------


def test_a_contract_does_not_differ_from_itself() -> None:
    found = difference(laid(), laid())

    assert found.is_empty
    assert difference_text(found) == "The two contracts say the same."


@pytest.mark.parametrize(
    "overlay",
    [
        pytest.param(RENAMED, id="a row has another name, and its alternatives another order"),
        pytest.param(SPLIT, id="a row is split in two"),
        pytest.param(
            closing(*BY_CHOICE, row="close.lost"), id="alternatives are split by a choice that decides nothing"
        ),
        pytest.param(SHUT, id="what is closed is closed"),
    ],
)
def test_how_the_same_is_written_makes_no_difference(overlay: str) -> None:
    assert told(overlay) == []


@pytest.mark.parametrize(
    ("overlay", "line"),
    [
        pytest.param(closing(ACCEPT, REFUSE, EXPIRED), 'also permits "error token-expired"', id="one more"),
        pytest.param(
            closing(ACCEPT),
            'no longer permits "error session-not-open", if close-while-closed is refuse',
            id="one less",
        ),
        pytest.param(
            closing(ACCEPT, "{ error: session-not-open }"),
            'also permits "error session-not-open", if close-while-closed is accept',
            id="under no condition any more",
        ),
        pytest.param(
            closing(ACCEPT, REFUSE, "{ error: token-expired, breaks: [close-closes] }"),
            'also permits "error token-expired", which breaks close-closes',
            id="one that breaks a rule",
        ),
        pytest.param(
            "transitions: { close.closed: { id: close.closed, carries: [close-closes] } }",
            "also carries close-closes; no longer carries rejected-changes-nothing",
            id="another rule",
        ),
        pytest.param(
            closing("{ when: { close-while-closed: accept }, answer: nothing, then: lost }", REFUSE)
            + "\neffects: { lost: { set: { session: lost } } }",
            'also permits "answer, then lost", if close-while-closed is accept; '
            'no longer permits "answer", if close-while-closed is accept',
            id="another effect",
        ),
    ],
)
def test_what_differs_in_a_cell_is_told_in_a_line(overlay: str, line: str) -> None:
    assert told(overlay) == [f"{CLOSED}: {line}"]


def test_cells_that_changed_alike_are_one_line_whatever_rows_they_are_in() -> None:
    overlay = closing(ACCEPT, REFUSE, "{ error: token-expired }") + "\n"
    both = lay_over(
        read_document(overlay, "one.yaml"),
        read_document(closing(ACCEPT, REFUSE, "{ error: condition }", "{ error: not-initialized }", EXPIRED,
                              row="close.closed.bad-credential"), "other.yaml"),
    )  # fmt: skip
    contract = build_contract(lay_over(load_document(), both))

    lines = difference_text(difference(Machine(PACKAGED), Machine(contract))).splitlines()

    assert lines == [
        "close, where kind is token or key-secret, session is closed, condition is good, forged, foreign, unreadable or "
        'revoked: also permits "error token-expired"'
    ]


def test_an_effect_that_has_changed_is_spelled_out() -> None:
    lines = told("effects: { twin-open: { set: { session: lost } } }")

    assert "sameIdOpens" in lines[0] and all("then twin-open" not in line for line in lines)
    assert any('no longer permits "answer" (twin becomes open)' in line for line in lines)


def test_what_calls_that_overlap_may_come_to_is_told() -> None:
    assert told("overlaps: { overlap.open-canceled-by-close: null }") == [
        'open while close overlaps it: no longer permits "error closure-canceled"; no longer carries concurrent-calls'
    ]


def test_what_is_permitted_where_a_variable_has_a_new_value_is_told() -> None:
    document = lay_over(load_document(), read_file(EXAMPLES / "state-added.yaml"))

    text = difference_text(difference(Machine(PACKAGED), Machine(build_contract(document))))

    assert "variable session: values: also suspended" in text
    assert "operation suspend: added" in text
    assert (
        'use, where session is suspended, kind is token or key-secret, target is platform: also permits "error '
        'session-suspended"\n' in text
    )


@pytest.mark.parametrize(
    ("overlay", "line"),
    [
        ("rules: { reopen: { level: should } }", "rule reopen: level was must, is should"),
        ("choices: { no-participant: { undeclared: error } }", "choice no-participant: undeclared was nothing, is error"),
        ("profiles: { web: { no-participant: error } }", "profile web: no-participant was nothing, is error"),
        ("errors: { not-initialized: { status: 500 } }", "error not-initialized: status was 401, is 500"),
        ("operations: { close: { errors: [] } }", "operation close: errors: no longer "),
        ("operations: { close: { pure: true } }", "operation close: pure was false, is true"),
        ("sources: { cpp: { version: 2.7.0 } }", "source cpp: version was 2.6.1, is 2.7.0"),
        ('sources: { more: { title: More, version: "1", what: documentation } }', "source more: added"),
        ("state: { session: { meaning: Another. } }", "variable session: meaning was "),
        ("fixtures: { token-with-id: { set: { tokenExternalId: Yan } } }", "fixture token-with-id: set.tokenExternalId was Zoë"),
        ("classes: { open.name: { given: { plain: { is: 'given.name != null' } } } }", "class plain of open name: is was "),
        ("effects: { closed: { stale: { name: [reopen] } } }", "effect closed: stale.name"),
        ("laws: { overlapping: sessions-are-apart }", "law overlapping: rule was concurrent-calls, is sessions-are-apart"),
        ("contract: { version: 9.0.0 }", "contract session: version was 1.0.0, is 9.0.0"),
    ],
)  # fmt: skip
def test_what_differs_in_an_entry_is_told_by_section_name_and_field(overlay: str, line: str) -> None:
    assert [item for item in told(overlay) if item.startswith(line)], told(overlay)


def test_what_was_added_is_told_the_other_way_round_as_removed() -> None:
    overlay = 'sources: { more: { title: More, version: "1", what: documentation } }'

    assert difference_text(difference(laid(overlay), laid())) == "source more: removed"


# What can break -------------------------------------------------------------------------------------------------------


def test_what_permits_more_breaks_nothing() -> None:
    old, new = laid(), laid(closing(ACCEPT, REFUSE, EXPIRED))

    found = keeping(old, new)

    assert found == Keeping(("token-with-id",), (), (), (), None)
    assert (
        keeping_text(old, new, found) == "Whatever keeps the first keeps the second, in the 1 fixture that both have."
    )


def test_what_is_stricter_can_be_broken_by_a_shortest_sequence() -> None:
    old, new = laid(), laid(closing("{ error: session-not-open }", row="close.open"))

    found = keeping(old, new)

    assert outcomes(found) == [("open", None), ("close", None)]
    assert found.found is not None and found.found.rules == ("close-closes",)
    text = keeping_text(old, new, found)
    assert "An implementation that keeps the first can break the second." in text
    assert f"Broken: close-closes. {PACKAGED.rules['close-closes'].statement}" in text


def test_a_choice_is_made_once() -> None:
    """One answers when it likes, the other makes up its mind: a sequence with both answers gives the first away."""
    old = laid(closing("{ answer: nothing }", "{ error: session-not-open }"))

    found = keeping(old, laid())

    assert outcomes(found) in (
        [("close", None), ("close", "session-not-open")],
        [("close", "session-not-open"), ("close", None)],
    )
    assert keeping(laid(), old).found is None


def test_the_choice_that_permits_the_sequence_is_named() -> None:
    old, new = laid(), laid(closing(ACCEPT))

    text = keeping_text(old, new, keeping(old, new))

    assert "The first permits this where close-while-closed is refuse." in text


def test_who_keeps_the_second_under_one_value_of_a_choice_of_its_own_keeps_it() -> None:
    new = laid(
        """
        choices:
          tiredness:
            { values: [tired, awake], touches: [close-closes], why: Open., source: seed, quote: Open., known: {} }
        """,
        closing(
            "{ when: { close-while-closed: accept, tiredness: awake }, answer: nothing }",
            "{ when: { close-while-closed: refuse, tiredness: awake }, error: session-not-open }",
            "{ when: { tiredness: tired }, error: token-expired }",
        ),
    )

    assert keeping(laid(), new).kept == ("token-with-id",)
    assert outcomes(keeping(new, laid())) == [("close", "token-expired")]


def test_an_outcome_that_the_first_says_is_a_break_is_not_one_that_keeps_it() -> None:
    old = laid(closing(ACCEPT, REFUSE, "{ error: token-expired, breaks: [close-closes] }"))

    assert keeping(old, laid()).found is None
    assert keeping(laid(closing(ACCEPT, REFUSE, EXPIRED)), old).found is not None


def test_where_the_second_says_what_is_broken_that_is_what_is_broken() -> None:
    new = laid(closing(ACCEPT, "{ when: { close-while-closed: refuse }, error: session-not-open, breaks: [reopen] }"))

    found = keeping(laid(), new).found

    assert found is not None and found.rules == ("reopen",)


def test_a_value_that_only_the_second_tells_apart_is_tried() -> None:
    document = lay_over(load_document(), read_file(EXAMPLES / "argument-class-added.yaml"))
    fixtures = {"token-with-id": PACKAGED.fixtures["token-with-id"]}
    new = Machine(replace(build_contract(document), fixtures=fixtures))

    found = keeping(laid(), new).found

    assert found is not None and [step.call.operation for step in found.trace] == ["open"]
    assert len(found.trace[0].call.given["name"]) > 40


def test_what_overlapping_calls_may_come_to_counts() -> None:
    found = keeping(laid(), laid("overlaps: { overlap.open-canceled-by-close: null }"))

    assert outcomes(found) == [("open", "closure-canceled")]


def test_a_class_that_a_row_tells_from_others_of_its_group_is_looked_at() -> None:
    """A blank name is of one group with others, and the second class in it."""
    old, new = laid(), laid(REFUSES_BLANKS)

    found = keeping(old, new)

    assert found.found is not None
    assert outcomes(found)[-1] == ("updateParticipantInfo", None)
    assert found.found.trace[-1].call.leaves["name"] == "blank"
    assert found.found.rules == ("update-updates", "rejected-changes-nothing")


def test_a_method_that_the_first_does_not_know_is_named() -> None:
    old, new = laid(), laid((EXAMPLES / "method-added.yaml").read_text(encoding="utf-8"))

    found = keeping(old, new)

    assert (found.kept, found.unknown) == (("token-with-id",), ("whiteboard/draw",))
    assert "The first does not know whiteboard/draw: an implementation may do anything there" in keeping_text(
        old, new, found
    )


def test_what_most_implementations_do_is_shown_if_that_breaks_it_as_soon() -> None:
    old, new = laid(), laid((EXAMPLES / "choice-settled.yaml").read_text(encoding="utf-8"))

    found = keeping(old, new)

    assert outcomes(found) == [("open", None), ("open", "session-already-open")]
    assert found.found is not None
    assert found.found.when == (("open-while-open", frozenset(["refuse"])),)


def test_what_is_not_decided_hides_nothing_of_the_rest() -> None:
    found = Keeping(("token-with-id",), (), ("time-passes",), (), None)
    assert keeping_text(laid(), laid(), found).splitlines() == [
        "Whatever keeps the first keeps the second, in 1 fixture.",
        "Not decided for time-passes: there is too much to look through.",
    ]


def test_fixtures_that_only_one_has_are_left_out() -> None:
    old = laid(fixtures=("token-without-id", "uninitialised"))
    new = laid(closing(ACCEPT), fixtures=("uninitialised", "key-secret"))

    assert keeping(old, new) == Keeping(("uninitialised",), (), (), (), None)


def test_what_breaks_late_is_found_without_looking_at_all_that_comes_before() -> None:
    """The first lets `isOpen` lose a session that an accepted `open` has shown to be there; the second does not."""
    lost = """
        transitions:
          isOpen.open.bad-credential:
            id: isOpen.open.bad-credential
            may: [{ answer: "true" }, { answer: "false", then: lost }]
        """
    calls = {"open": ("name",), "isOpen": None, "updateParticipantInfo": ("name",), "revokeToken": None}

    def acting(machine: Machine) -> Machine:
        fixture = structs.replace(PACKAGED.fixtures["platform-acts"], calls=calls)
        return Machine(replace(machine.contract, fixtures={"platform-acts": fixture}))

    found = keeping(acting(laid(lost)), acting(laid()), nodes=150)

    assert outcomes(found)[:4] == [("open", None), ("revokeToken", None), ("open", None), ("isOpen", None)]
    assert len(outcomes(found)) == 5


def test_where_there_is_too_much_to_look_through_that_is_said() -> None:
    old, new = laid(closing("{ answer: nothing }", "{ error: session-not-open }")), laid()

    found = keeping(old, new, nodes=1)

    assert (found.undecided, found.found) == (("token-with-id",), None)
    assert keeping_text(old, new, found) == "Not decided for token-with-id: there is too much to look through."
