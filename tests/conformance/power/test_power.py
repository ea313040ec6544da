"""How good the judge is: mutants of the real contract are killed, or shown to conform; and the page that says so is current."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner

from openfirst.cli import main
from openfirst_conformance.power.bench import Bench, Result
from openfirst_conformance.power.cause import broken_by
from openfirst_conformance.power.company import leaks
from openfirst_conformance.power.deletion import Blamed, each_rule_blamed
from openfirst_conformance.power.faults import (
    AGAIN,
    EQUAL,
    EXTRA_STATE,
    FREE,
    LOCK,
    OTHER,
    PROMISED,
    Equal,
    Fault,
    choices_for,
    equal_pairs,
    single_faults,
)
from openfirst_conformance.power.faulty_client import FaultyClient
from openfirst_conformance.power.later_faults import later_faults
from openfirst_conformance.power.measure import Power, conforming_variants
from openfirst_conformance.power.reaching_faults import Reaching
from openfirst_conformance.power.trivial_clients import Floor, floor
from openfirst_conformance.reports.power import as_json, as_markdown, as_text, measured
from openfirst_conformance.tiers.reach import initialising
from openfirst_conformance.tiers.sweep import sweep
from openfirst_reference.contract.load import load_contract
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.outcome import Refused

CONTRACT = load_contract()
MACHINE = Machine(CONTRACT)
DEFAULT = CONTRACT.default_choices()
SINGLE = single_faults(MACHINE)
REACHING, LEAKS = Reaching(CONTRACT, SINGLE), list(leaks(CONTRACT))
FAULTS = {str(fault): fault for faults in SINGLE.values() for fault in faults}
# Not found, and no promise kept; docs/judge.md says why.
LOOKED_AT_BEFORE = (
    "target: open.again.external-id-with-key-secret, alternative 4: participantId is set to anonymous",
    "extra state: after use, starting as key-secret: open.again.without-info, alternative 1: participantId is set to anonymous",
    "extra state: after open, starting as token-with-id: open.again, alternative 1: participantId is set to anonymous",
)
SHOWN_LATER = (
    "target: update.open.no-scope, alternative 1: externalId is set to tokenExternalId",
    "target: initializeToken.again.with-session, alternative 1: scope is set to update",
    "target: time.with-bad-credential.open, alternative 1: session is set to closed",
    "target: time.with-bad-credential.open, alternative 1: session is set to lost",
)
COMMAND = importlib.import_module("openfirst.cli.commands.mutants")  # The package has the command itself by that name.
DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "power.md").read_text(encoding="utf-8")
JUDGE = " ".join((DOCS / "judge.md").read_text(encoding="utf-8").split())


@pytest.fixture(scope="module")
def bench() -> Bench:
    """Clients that make the default choices, with no extra state allowed for."""
    return Bench(MACHINE, DEFAULT, 0)


@pytest.fixture(scope="module")
def bigger() -> Bench:
    """The same with one extra state."""
    return Bench(MACHINE, DEFAULT, 1)


def by_default(bench: Bench, kind: str) -> list[Fault]:
    """The faults of a kind that a client with the default choices can have and show, in an order that is drawn."""
    drawn = Random(kind).sample(SINGLE[kind], len(SINGLE[kind]))
    return [fault for fault in drawn if fault.place in bench.meeting and choices_for(MACHINE, fault) == DEFAULT]


def missed(results: Iterable[Result]) -> list[str]:
    """The mutants that survived, each with what shows it."""
    return [f"{each.fault}: {each.witness}" for each in results if each.survived and not each.untold]


@pytest.mark.parametrize("kind", [kind for kind, extra in PROMISED.items() if extra == 0])
def test_mutants_without_an_extra_state_are_killed_or_conform(bench: Bench, kind: str) -> None:
    results = [bench.run(fault) for fault in islice(by_default(bench, kind), 12)]
    assert len(results) == 12
    assert any(result.killed for result in results)
    assert not missed(results)


def test_mutants_with_one_extra_state_are_killed_or_conform(bigger: Bench) -> None:
    drawn = later_faults(Random(3), EXTRA_STATE, bigger.full, SINGLE)
    results = [bigger.run(fault) for fault in islice(drawn, 24)]
    assert sum(result.killed for result in results) > 12
    assert not missed(results)


def test_an_extra_state_needs_the_suite_that_allows_for_one(bench: Bench, bigger: Bench) -> None:
    drawn = islice(later_faults(Random(3), EXTRA_STATE, bigger.full, SINGLE), 24)
    found = [fault for fault in drawn if bigger.run(fault).killed]
    assert any(bench.run(fault).survived for fault in found)


def test_a_fault_behind_a_lock_of_three_calls_may_survive(bigger: Bench) -> None:
    drawn = later_faults(Random(3), LOCK, bigger.full, SINGLE)
    assert any(bigger.run(fault).survived for fault in islice(drawn, 8))


@pytest.mark.parametrize(
    "name",
    [
        # It shows only at the second look at the identity.
        "target: isOpen.open, alternative 1: participantId is set to anonymous",
        "target: time.to-half, alternative 1: participantId is set to anonymous",
        # Four calls tell the two lives apart.
        "forgotten effect: time.to-three-quarters, alternative 1: the effect renewed is forgotten",
        # One class among five of its group, of an operation that one fixture has.
        "weakened comparison: initializeToken takes condition revoked for good",
        # Only that a rule is broken which should be kept.
        "outcome: use.open.shows-left-conference, alternative 1: answer anything",
    ],
)
def test_a_fault_that_is_easily_missed_is_killed(bench: Bench, name: str) -> None:
    assert bench.run(FAULTS[name]).killed


@pytest.mark.parametrize(
    ("fault", "unsure"),
    [
        ("missing guard: close takes session closed for lost", {"conference"}),
        # Whatever is permitted to a client that has no session is so to one that does not know yet that it has lost its own.
        ("target: use.not-initialized, alternative 1: session is set to lost", {"session"}),
        ("target: isOpen.not-initialized, alternative 1: session is set to lost", {"session"}),
        ("outcome: close.lost, alternative 1: error session-not-open, and no effect", {"session", "past"}),
    ],
)
def test_what_no_call_surely_shows_survives_and_the_suite_says_so(bench: Bench, fault: str, unsure: set[str]) -> None:
    result = bench.run(FAULTS[fault])
    assert result.survived
    assert {name for name, *_ in result.untold} == unsure


@pytest.mark.parametrize("fault", SHOWN_LATER)
def test_what_shows_later_survives(bench: Bench, fault: str) -> None:
    result = bench.run(FAULTS[fault])
    assert result.survived and not result.untold


@pytest.mark.parametrize("fault", [*LOOKED_AT_BEFORE, *SHOWN_LATER])
def test_what_survives_is_said_to(fault: str) -> None:
    assert fault in JUDGE


def test_what_nobody_can_see_conforms(bench: Bench) -> None:
    # Nothing ever shows the last name, unless opening without information takes it up.
    fault = FAULTS["leaked variable: close.open, alternative 1: lastName is kept"]
    assert bench.run(fault).conforms
    assert choices_for(MACHINE, fault) == {**DEFAULT, "open-without-info": "reuse"}


def test_where_it_can_be_seen_the_same_fault_is_killed() -> None:
    fault = FAULTS["leaked variable: close.open, alternative 1: lastName is kept"]
    assert Bench(MACHINE, choices_for(MACHINE, fault), 0).run(fault).killed


def test_a_survivor_comes_with_a_shortest_sequence_that_shows_it(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    fault = FAULTS["forgotten effect: close.open, alternative 1: the effect closed is forgotten"]
    cut = [replace(entry, word=entry.word[:2]) for entry in bench.meeting[fault.place]]
    monkeypatch.setitem(bench.meeting, fault.place, cut)
    result = bench.run(fault)
    assert result.survived
    assert result.witness is not None
    fixture, calls = result.witness
    assert fixture == "token-with-id"
    assert [call.operation for call in calls[:2]] == ["open", "close"]
    assert len(calls) == 3


def test_what_the_suite_says_it_does_not_tell_apart_is_not_held_against_it(bench: Bench) -> None:
    result = bench.run(FAULTS["missing guard: use takes session lost for open"])
    assert result.survived
    assert result.untold == (("conference", "in", "left"),)
    power = Power(None, 1, 0, results=[result])
    assert not power.missed
    assert "it does not tell conference in from left" in as_text(power)


def test_an_alternative_that_the_table_does_not_follow_is_a_kind_of_its_own() -> None:
    # Of a lost session, `isOpen` may say either; a table follows what stands first.
    kinds = {str(fault.mutant): kind for kind, faults in SINGLE.items() for fault in faults}
    assert kinds["isOpen.lost, alternative 1: error not-initialized"] == "outcome"
    assert kinds["isOpen.lost, alternative 2: error not-initialized"] == FREE


def test_a_client_without_a_fault_is_never_accused_whatever_it_chooses(bench: Bench) -> None:
    values = sum(len(choice.values) for choice in CONTRACT.choices.values())
    # To ignore a mismatch must be declared, so it is not tried without.
    assert conforming_variants(bench) == (2 * values - 1, [])


def test_one_that_does_not_do_as_it_declares_is_found_out(bench: Bench) -> None:
    client = FaultyClient(MACHINE, {**DEFAULT, "open-while-open": "keep"})
    assert any(bench.play(client, e.table.initial, e.calls(), bench.oracle) for e in bench.entries)


def test_each_rule_is_one_that_the_judge_can_convict_by(bench: Bench) -> None:
    drawn = [FAULTS[name] for name in Random(0).sample(sorted(FAULTS), len(FAULTS))]
    rules = each_rule_blamed(bench, drawn)
    assert {rule: found and found.rules for rule, found in rules.items()} == {rule: (rule,) for rule in rules}


# Rules blamed beyond the cause --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "rules"),
    [
        # What the row carries.
        ("outcome: isOpen.open, alternative 1: answer false", {"is-open-is-pure"}),
        # What answers for the variable after the effect that the row has.
        (
            "leaked variable: close.open.in-conference, alternative 1: session is kept",
            {"close-closes", "close-leaves-conference"},
        ),
        # What an opening copies from there: the external ID and so the identity.
        (
            "leaked variable: initializeToken.again, alternative 1: tokenExternalId is kept",
            {
                "initialize-first",
                "rejected-changes-nothing",
                "external-id-from-token",
                "reopen",
                "same-id-same-participant",
                "participant-has-id",
            },
        ),
        # The rows that are misread, what their choices touch, and what answers for what is given.
        ("missing guard: isOpen takes session open for closed", {"is-open-is-pure"}),
        (
            "weakened comparison: updateParticipantInfo takes name absent for plain",
            {"update-needs-session", "rejected-changes-nothing", "update-updates", "update-needs-scope"},
        ),
    ],
)
def test_what_a_cause_breaks_follows_from_the_contract(fault: str, rules: set[str]) -> None:
    assert broken_by(MACHINE, DEFAULT, FAULTS[fault]) == rules


def test_what_is_blamed_beyond_the_cause_is_counted(bench: Bench) -> None:
    """A token that has expired opens a session: nobody can say whether it was not asked for a fresh one, or not looked at."""
    fault = FAULTS["forgotten effect: time.to-expiry.denied, alternative 1: the effect expired is forgotten"]
    assert bench.beyond(fault) == ("bad-token",)
    assert bench.beyond(FAULTS["outcome: use.lost, alternative 1: error token-invalid"]) == ()
    power = some_power(bench)
    power.results += [Result(fault, 7, beyond=("reopen", "open-opens")), Result(fault, 9, beyond=("reopen",))]
    rows = {row["kind"]: row["blamedBeyond"] for row in as_json(power)["kinds"]}
    assert (rows["forgotten effect"], rows["outcome"]) == (3, 0)
    assert as_json(power)["blamedBeyond"]["pairs"][0] == {
        "place": "time.to-expiry.denied",
        "rule": "reopen",
        "times": 2,
    }
    assert "  time.to-expiry.denied: reopen, 2 times\n" in as_text(power)
    assert "| `time.to-expiry.denied` | `reopen` | 2 |" in as_markdown(power)


@pytest.mark.parametrize(
    "name",
    [
        "forgotten effect: close.open, alternative 1: the effect closed is forgotten",
        "forgotten effect: open.with-info, alternative 1: the effect opened is forgotten",
        "forgotten effect: platformCloses.open, alternative 1: the effect lost is forgotten",
        "forgotten effect: initializeToken.first, alternative 1: the effect initialised-with-token is forgotten",
        "missing guard: updateParticipantInfo takes session open for closed",
        "missing guard: isOpen takes kind key-secret for none",
    ],
)
def test_what_follows_from_a_fault_is_blamed_on_nothing_else(bench: Bench, name: str) -> None:
    """Whatever is called after a close that forgot to close fails, and its own rules are kept all the same."""
    assert bench.beyond(FAULTS[name]) == ()


def test_the_suite_stays_affordable(bigger: Bench) -> None:
    assert bigger.calls + sum(len(case.calls) for case in sweep(MACHINE, lambda _: True)) <= 40_000


def test_whoever_gives_every_call_the_same_outcome_passes_next_to_nothing() -> None:
    refuses, accepts = floor(CONTRACT)
    assert {"open-before-use", "bad-token", "external-id-mismatch", "open-opens"} <= set(refuses.tested)
    assert refuses.passed == ()
    assert {"info-is-optional", "external-id-match", "open-before-use"} <= set(accepts.tested)
    assert accepts.passed == ()


# Beyond `complete`: what `explore` makes on purpose ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def further() -> Bench:
    """With what `explore` makes on purpose after what `complete` tries."""
    return Bench(MACHINE, DEFAULT, 0, further=True)


def where(parameter: str, other: str, name: str, *, twice: bool = False) -> Fault:
    """The fault of this name, where the two values are equal."""
    return replace(FAULTS[name], kind=EQUAL, equal=Equal(parameter, other, twice))


def once_again(name: str) -> Fault:
    """The fault of this name, from a second initialisation on."""
    return replace(FAULTS[name], kind=AGAIN, again=True)


def leak(text: str) -> Fault:
    """The leak that is told so."""
    return next(fault for fault in LEAKS if fault.text == text)


@pytest.mark.parametrize(
    "fault",
    [
        # The name is the external ID: what decides nothing, and is another thing.
        where("name", "tokenExternalId", "target: update.open, alternative 1: avatarUrl is set to name"),
        # An update to what is there already takes nothing.
        where(
            "avatarUrl", "avatarUrl", "forgotten effect: update.open, alternative 1: the effect updated is forgotten"
        ),
        where("avatarUrl", "name", "leaked variable: open.with-info, alternative 1: name is kept", twice=True),
        # Refused all the same, and then the session is open.
        where("name", "lastName", "target: open.external-id-mismatch, alternative 1: session is set to open"),
        where("name", "name", "outcome: open.again, alternative 1: answer nothing"),
        once_again("target: isOpen.closed, alternative 1: session is set to lost"),
        once_again("forgotten effect: open.without-info.key-secret, alternative 1: the effect opened is forgotten"),
        leak("open.with-info, alternative 1: avatarUrl is set to another client's lastAvatarUrl"),
        leak("open.without-info, alternative 1: name is set to another client's name"),
        leak("open.with-info, alternative 1: another client's avatarUrl is set to the caller's externalId"),
        leak("close.open, alternative 1: another client's session is set to the caller's session"),
    ],
    ids=str,
)
def test_what_complete_does_not_reach_for_explore_finds(bench: Bench, further: Bench, fault: Fault) -> None:
    assert fault.leak or bench.run(fault).survived
    result = further.run(fault)
    assert result.calls is not None and result.calls > bench.calls


@pytest.mark.parametrize("kind", [EQUAL, AGAIN])
def test_mutants_that_are_seldom_there_are_killed_or_conform(further: Bench, kind: str) -> None:
    drawn = (fault for fault in REACHING.draw(Random(1), kind) if further.meets(fault))
    results = [further.run(fault) for fault in islice(drawn, 6)]
    assert any(result.killed for result in results)
    assert not missed(results)


def test_a_leak_between_clients_may_survive_where_too_much_must_come_together(further: Bench) -> None:
    """One that has closed a session with an avatar leaves a conference in its second, while the other has a session."""
    leaves = "use.open.leaves-conference, alternative 1"
    result = further.run(leak(f"{leaves}: another client's externalId is set to the caller's lastAvatarUrl"))
    assert result.survived
    assert result.witness is not None
    assert result.witness[0] == "token-with-id and token-with-id"


def test_a_leak_into_what_nothing_shows_conforms(further: Bench) -> None:
    assert further.run(leak("close.open, alternative 1: lastName is set to another client's avatarUrl")).conforms


def test_a_fault_where_two_values_are_equal_is_there_nowhere_else() -> None:
    fault = where("name", "name", "outcome: update.open, alternative 1: error token-invalid")
    client, state = FaultyClient(MACHINE, DEFAULT, fault), MACHINE.fixture("token-with-id")
    for name, refused in (("Ana", False), ("Ana", True), ("Ben", False), (None, False), (None, False)):
        if state == MACHINE.fixture("token-with-id"):
            state = client.respond(state, 0, MACHINE.call("open", {}, state))[1]
        outcome, state, _ = client.respond(
            state, 0, MACHINE.call("updateParticipantInfo", {"name": name, "avatarUrl": None}, state)
        )
        assert isinstance(outcome, Refused) is refused


def test_a_fault_from_a_second_initialisation_on_needs_one_that_is_accepted() -> None:
    client = FaultyClient(MACHINE, DEFAULT, once_again("outcome: isOpen.closed, alternative 1: error not-initialized"))
    state, progress, seen = MACHINE.fixture("uninitialised"), 0, []
    for _ in range(3):
        credential = {"credential": {"condition": "good", "externalId": "Zoë"}}
        outcome, state, progress = client.respond(state, progress, MACHINE.call("isOpen", {}, state))
        seen.append(isinstance(outcome, Refused))
        _, state, progress = client.respond(state, progress, MACHINE.call("initializeToken", credential, state))
    assert seen == [False, False, True]


def test_the_kinds_beyond_complete_are_as_many_as_the_contract_makes(further: Bench) -> None:
    # Of an update, two data that are given: each to seven that are held, and the second to the first.
    pairs = list(equal_pairs(CONTRACT, "updateParticipantInfo"))
    assert len(pairs) == 15
    assert str(pairs[0]) == "name is what is held as name"
    assert str(pairs[-1]) == "avatarUrl is given as name"
    assert not list(equal_pairs(CONTRACT, "close"))
    assert initialising(CONTRACT) == {"initialize", "initializeToken"}
    rows = {fault.place for fault in LEAKS}
    assert "open.with-info" in rows and "isOpen.open" not in rows and "platformCloses.open" not in rows
    assert further.on_purpose < 16_000


# The command, and the page that it makes --------------------------------------------------------------------------------


def some_power(bench: Bench, *faults: str, extra: int | None = None) -> Power:
    """What a run with these mutants has measured."""
    rules: dict[str, Blamed | None] = {"open-opens": Blamed("a fault", ("open-opens",))}
    tested = Floor(("open-opens",), ())
    results = [bench.run(FAULTS[name]) for name in faults]
    return Power(extra, 20, 7, {0: bench.calls}, {}, results, variants=3, rules=rules, floor=(tested, tested))


def ran(monkeypatch: pytest.MonkeyPatch, power: Power, *arguments: str) -> tuple[int, str]:
    """`openfirst mutants` with these arguments, which measures `power`."""
    monkeypatch.setattr(COMMAND, "measure", lambda *_, **__: power)
    result = CliRunner().invoke(main, ["mutants", *arguments], catch_exceptions=False)
    return result.exit_code, result.output


def test_the_command_is_content_where_all_is_killed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    power = some_power(bench, "outcome: isOpen.open, alternative 1: answer false")
    file = tmp_path / "power.json"
    status, output = ran(monkeypatch, power, "--json", str(file))
    assert status == 0
    assert "3 conforming variants were tried, and none was accused." in output
    kinds = {row["kind"]: row for row in json.loads(file.read_text(encoding="utf-8"))["kinds"]}
    assert (kinds["outcome"]["killed"], kinds["outcome"]["tried"], kinds["target"]["tried"]) == (1, 1, 0)


def test_the_command_fails_where_a_mutant_survives_an_innocent_is_accused_or_a_rule_is_idle(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    power = some_power(bench)
    survivor = Result(FAULTS["outcome: isOpen.open, alternative 1: answer false"], None, ("token-with-id", ()))
    power.results.append(survivor)
    status, output = ran(monkeypatch, power)
    assert status == 1
    assert "Survived.\n  outcome: isOpen.open, alternative 1: answer false\n    as token-with-id:" in output
    power.results.clear()
    power.accused.append("close-while-closed accept, declared")
    status, output = ran(monkeypatch, power)
    assert status == 1
    assert "Conforming and yet accused: close-while-closed accept, declared." in output
    power.accused.clear()
    assert ran(monkeypatch, power)[0] == 0
    power.rules["reopen"] = None
    status, output = ran(monkeypatch, power)
    assert status == 1
    assert "No fault was found that breaks the rule reopen." in output


def test_nothing_is_promised_of_an_extra_state_where_none_is_allowed_for() -> None:
    survivor = Result(Fault(EXTRA_STATE, "a fault", sees=("open", "session", "open", "closed")), None, ("a", ()))
    assert not Power(0, 1, 0, results=[survivor]).missed
    assert Power(1, 1, 0, results=[survivor]).missed
    assert Power(None, 1, 0, results=[survivor]).missed


def test_a_walk_that_does_not_end_is_no_proof() -> None:
    undecided = Result(FAULTS["missing guard: use takes session lost for open"], None, decided=False)
    assert not undecided.conforms
    assert Power(None, 1, 0, results=[undecided]).missed


def test_a_folder_that_does_not_exist_is_told_before_anything_is_tried() -> None:
    result = CliRunner().invoke(main, ["mutants", "--json", "nowhere/power.json"])
    assert result.exit_code == 2
    assert "the folder nowhere does not exist" in result.output


def rows_of(page: str, heading: str) -> list[list[str]]:
    """The cells of the table under a heading, without its head."""
    lines = page.split(f"## {heading}\n")[1].split("\n## ", maxsplit=1)[0].splitlines()
    return [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")][2:]


def test_the_page_is_of_this_contract_and_this_suite(bench: Bench, bigger: Bench) -> None:
    assert f"{bench.calls:,} calls with -k 0 and {bigger.calls:,} calls with -k 1" in PAGE
    rows = {row[0]: row[1:] for row in rows_of(PAGE, "Mutants")}
    there_are = {kind: f"{len(faults):,}" for kind, faults in {**SINGLE, OTHER: LEAKS}.items()}
    there_are |= {kind: f"{REACHING.count(kind):,}" for kind in (EQUAL, AGAIN)}
    assert {kind: row[0] for kind, row in rows.items()} == {**there_are, EXTRA_STATE: "no end", LOCK: "no end"}
    assert [row[0].strip("`") for row in rows_of(PAGE, "Every rule")] == list(CONTRACT.rules)
    figures = [(str(len(each.passed)), str(len(each.tested))) for each in floor(CONTRACT)]
    assert [(row[1], row[2]) for row in rows_of(PAGE, "The floor")] == figures


def test_the_page_shows_a_judge_that_keeps_its_promises() -> None:
    survivors = {kind: int(survive) for kind, *_, survive, _, _ in rows_of(PAGE, "Mutants") if kind in PROMISED}
    told = [
        line.removeprefix("- ").removesuffix(". Survived.")
        for line in PAGE.splitlines()
        if line.endswith(". Survived.")
    ]
    told = [fault for fault in told if fault.partition(": ")[0] in PROMISED]
    assert set(told) <= {
        *LOOKED_AT_BEFORE,
        *SHOWN_LATER,
    }
    assert sum(survivors.values()) == len(told)
    assert (
        f"{2 * sum(len(each.values) for each in CONTRACT.choices.values()) - 1} conforming variants were tried" in PAGE
    )
    assert "none was accused" in PAGE


def test_the_page_says_how_it_was_made(bench: Bench) -> None:
    page = as_markdown(some_power(bench))
    assert "openfirst mutants --each 20 --seed 7 --markdown docs/power.md" in page
    assert "openfirst mutants -k 2 --each 20 --seed 7 " in as_markdown(some_power(bench, extra=2))
    # The page in the documentation has the same words around the figures.
    assert [line for line in page.splitlines() if line.startswith("#")] == [
        line for line in PAGE.splitlines() if line.startswith("#")
    ]
    assert as_json(some_power(bench))["seed"] == 7


def test_the_command_has_the_options_that_the_page_names() -> None:
    line = next(line for line in PAGE.splitlines() if line.startswith("    openfirst mutants"))
    given = {word for word in line.split() if word.startswith("-")}
    assert given <= {option for each in COMMAND.mutants.params for option in each.opts}


@pytest.mark.parametrize(("kind", "missed"), [("extra state", False), ("target", True)])
def test_what_is_found_by_chance_only_is_held_against_it_where_no_extra_state_is_needed(
    bench: Bench, kind: str, missed: bool
) -> None:
    shown = bench.run(FAULTS["missing guard: use takes session lost for open"])
    result = replace(shown, fault=replace(shown.fault, kind=kind), untold=(), by_chance=True)
    power = Power(None, 1, 0, results=[result])
    assert bool(power.missed) is missed
    assert ("is found by chance only" in as_text(power)) is not missed
    (figures,) = [each for each in measured(power) if each["kind"] == kind]
    assert (figures["notToldApart"], figures["survived"]) == ((0, 1) if missed else (1, 0))
