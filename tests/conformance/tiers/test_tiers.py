"""The tiers beyond smoke: what each of them finds, what it promises, and that its parts make up the whole."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from openfirst_conformance.adapters.inprocess import PythonAdapter
from openfirst_conformance.cases.case import Case, Planned
from openfirst_conformance.cases.files import case_from_json, case_to_json
from openfirst_conformance.cases.golden import golden_traces
from openfirst_conformance.driving.driver import Driver
from openfirst_conformance.driving.played import Played
from openfirst_conformance.driving.settings import Settings
from openfirst_conformance.driving.subject import Subject
from openfirst_conformance.oracle.oracle import Oracle
from openfirst_conformance.platforms.simulated import SimulatedPlatform
from openfirst_conformance.reports.data import sequence
from openfirst_conformance.reports.verdict_words import promise_in_words
from openfirst_conformance.tiers.choice_probes import learnt
from openfirst_conformance.tiers.complete import complete
from openfirst_conformance.tiers.planning.plan import plan
from openfirst_conformance.tiers.planning.resolved_table import Table, tables_of
from openfirst_conformance.tiers.smoke import tour
from openfirst_conformance.tiers.sweep import sweep
from openfirst_conformance.verdicts.judge import judge, replay
from openfirst_conformance.verdicts.model import Report
from openfirst_reference.contract.load import load_contract
from openfirst_reference.machine.machine import machine_of

from ..implementations import FAULTY, Plain, faulty, odd, path_of
from ..implementations.base import Client, Info, Json, Session
from ..implementations.odd import EVERYTHING, capable, deciding

CONTRACT = load_contract()
MACHINE = machine_of(CONTRACT)
SWIFT = Settings(extra=0, walks=10)


def judged(implementation: type[Plain], *tiers: str, settings: Settings = SWIFT, **options: Any) -> Report:
    return asyncio.run(
        judge(PythonAdapter(path_of(implementation)), CONTRACT, tiers=tiers, settings=settings, **options)
    )


def broken(report: Report) -> list[str]:
    return [rule.id for rule in report.rules.values() if rule.verdict == "fail"]


class Small(Plain):
    """Has no more than a session that is opened, closed and looked at; calls may overlap."""

    operations = ("open", "close", "isOpen", "getParticipant")
    capabilities: ClassVar[Json] = {"clients": 2, "concurrency": 4}


class Forgets(Small):
    """The avatar of the session before comes back."""

    def session(self, client: Client, info: Info | None, external_id: str | None) -> Session:
        session = super().session(client, info, external_id)
        if client.last is not None and session.avatar_url is None:
            session.avatar_url = client.last.avatar_url
        return session


# Smoke ----------------------------------------------------------------------------------------------------------------


class StumblesAtEachOpen(Plain):
    """The first call of open with certain arguments raises, and the second is answered."""

    stumbled: ClassVar[set[str]] = set()
    answered: ClassVar[set[str]] = set()

    async def call(self, params: Json) -> Json:
        given = json.dumps(params["arguments"], sort_keys=True)
        if params["operation"] == "open" and given not in self.stumbled:
            self.stumbled.add(given)
            raise RuntimeError("stumbled")
        self.answered.add(given)
        return await super().call(params)


def test_a_cell_in_which_the_adapter_failed_is_tried_again() -> None:
    """Each way to open is tried twice: the first time nothing was seen of it."""

    async def toured() -> None:
        async with trying(StumblesAtEachOpen) as driven:
            async for played in tour(driven, "token-with-id"):
                if played.fault:
                    await driven.driver.adapter.restart()

    asyncio.run(toured())
    assert len(StumblesAtEachOpen.stumbled) > 3
    assert StumblesAtEachOpen.stumbled <= StumblesAtEachOpen.answered


# Explore --------------------------------------------------------------------------------------------------------------


class ThirdOpenIsStale(Plain):
    """The third session shows the participant of the second."""

    def open(self, client: Client, info: Info | None) -> Any:
        super().open(client, info)
        opened = client.notes["opened"] = client.notes.get("opened", 0) + 1
        assert client.session is not None
        if opened == 3 and client.last is not None:
            client.session.name = client.last.name


class SixthUpdateIsLost(Plain):
    """The sixth update of a client says that it is done, and is not."""

    def update(self, client: Client, name: str | None, avatar_url: str | None) -> Any:
        session = replace(client.session) if client.session else None
        super().update(client, name, avatar_url)
        updated = client.notes["updated"] = client.notes.get("updated", 0) + 1
        if updated == 6:
            client.session = session


class KnowsSomebodyAfterTwoCloses(Plain):
    """After the second close there is still somebody there."""

    def close(self, client: Client) -> Any:
        was_open = client.session is not None
        super().close(client)
        client.notes["closed"] = client.notes.get("closed", 0) + was_open

    def no_participant(self, client: Client) -> Any:
        if client.notes.get("closed", 0) == 2 and client.last is not None:
            return self.show(client.last)
        return super().no_participant(client)


class TrimsNames(faulty._Altering):
    """A name loses the blanks around it."""

    def alter(self, session: Session) -> None:
        session.name = session.name and session.name.strip()


def explored(implementation: type[Plain], settings: Settings) -> tuple[list[tuple[Any, ...]], dict[str, Any]]:
    """Every case with what came of it, and every verdict with what is held against the implementation."""
    cases: list[tuple[Any, ...]] = []

    def note(played: Played) -> None:
        case = played.case
        cases.append((case.id, dict(case.clients), case.calls, [seen.outcome for seen in played.seen]))

    report = judged(implementation, "explore", settings=settings, progress=note)
    return cases, {
        rule.id: (rule.verdict, [sequence(report.contract, failure) for failure in rule.failures])
        for rule in report.rules.values()
    }


def test_the_same_seed_gives_the_same_cases_and_verdicts_and_another_seed_others() -> None:
    first = explored(Forgets, Settings(seed=5, walks=6))
    assert explored(Forgets, Settings(seed=5, walks=6)) == first
    others, _ = explored(Forgets, Settings(seed=6, walks=6))

    def made(cases: Sequence[tuple[Any, ...]], kind: str) -> list[Any]:
        return [calls for name, _, calls, _ in cases if name.startswith(kind)]

    for kind in ("walk-", "value-"):
        assert made(first[0], kind)
        assert made(first[0], kind) != made(others, kind)


@pytest.mark.parametrize(
    ("implementation", "rule", "calls"),
    [
        (ThirdOpenIsStale, "reopen", 6),
        pytest.param(SixthUpdateIsLost, "update-updates", 8),
        (KnowsSomebodyAfterTwoCloses, "close-closes", 5),
    ],
)
def test_a_deep_fault_is_found_and_shrunk_and_plays_again(implementation: type[Plain], rule: str, calls: int) -> None:
    """Three opens, two closes and a look; an open, six updates and a look; two opens, two closes and a look."""
    report = judged(implementation, "explore", settings=Settings(walks=200))
    assert rule in broken(report)
    (failure, *_) = report.rules[rule].failures
    assert len(failure.played.calls) == calls
    case = case_from_json(case_to_json(failure.played.case, failure.played.calls, CONTRACT), CONTRACT, "deep.json")
    again = asyncio.run(replay(PythonAdapter(path_of(implementation)), CONTRACT, case))
    assert rule in broken(again)
    assert not broken(asyncio.run(replay(PythonAdapter(path_of(Plain)), CONTRACT, case)))


@pytest.mark.parametrize(
    ("implementation", "seed"),
    [
        (odd.UndeclaredReplacesSession, 1),
        (odd.OpensLate, 2),
        (odd.OpensLate, 3),
        (odd.AnswersInAnyOrder, 4),
        (odd.KeepsSessionForSameInfo, 5),
        (odd.StaleUntilSettled, 6),
    ],
)
def test_nobody_odd_is_accused_by_a_walk(implementation: type[Plain], seed: int) -> None:
    report = judged(implementation, "explore", settings=Settings(seed=seed, walks=20))
    assert not broken(report)
    assert not report.adapter_faults


@pytest.mark.parametrize(
    ("implementation", "rule"),
    [
        (TrimsNames, "info-is-kept"),
        (faulty.ComparesComposed, "external-id-mismatch"),
        (faulty.ComparesWithoutCase, "external-id-mismatch"),
        (faulty.CutsLongName, "info-is-kept"),
    ],
)
def test_made_values_convict_who_alters_or_mixes_them_up(implementation: type[Plain], rule: str) -> None:
    report = judged(implementation, "explore", settings=Settings(walks=20))
    assert broken(report) == [rule]


# Concurrent -----------------------------------------------------------------------------------------------------------


class TakesCallsAtOnce(Plain):
    """Four calls may overlap, and each is made in one go."""

    capabilities = capable(concurrency=4)


RACING = [item for item in FAULTY if item.needs == "concurrent"]


@pytest.mark.parametrize("implementation", RACING)
def test_who_races_is_convicted_of_that_alone(implementation: type[Plain]) -> None:
    report = judged(implementation, "concurrent")
    assert broken(report) == ["concurrent-calls"]
    assert "masked" not in {rule.verdict for rule in report.rules.values()}, "what the tier does not test is not run"
    (failure, *_) = report.rules["concurrent-calls"].failures
    assert any(call.overlapping for call in failure.played.calls)


@pytest.mark.parametrize("implementation", [TakesCallsAtOnce, odd.AnswersInAnyOrder, odd.CloseCancelsOpens])
def test_who_answers_overlapping_calls_as_in_some_order_is_not_accused(implementation: type[Plain]) -> None:
    report = judged(implementation, "concurrent")
    assert not broken(report)
    assert report.rules["concurrent-calls"].verdict == "pass"


def test_who_takes_one_call_at_a_time_is_not_asked_for_two() -> None:
    report = judged(Plain, "concurrent", "smoke")
    assert report.rules["concurrent-calls"].verdict == "not-applicable"
    assert report.promise["concurrent"]["calls"] == 0


# Complete -------------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def trying(implementation: type[Plain], settings: Settings = SWIFT) -> AsyncIterator[Subject]:
    """A subject of an implementation, with the platform of its choices."""
    platform = SimulatedPlatform(CONTRACT, {**CONTRACT.default_choices(), **implementation.decides})
    driver = Driver(PythonAdapter(path_of(implementation)), MACHINE, platform)
    await platform.start()
    try:
        await driver.start()
        yield Subject(driver, Oracle(MACHINE, driver.declared_choices()), settings)
    finally:
        await driver.adapter.close()
        await platform.close()


def test_all_fixtures_are_tried_in_at_most_forty_thousand_calls_and_fewer_without_extra_states() -> None:
    """Of an implementation that can do everything."""

    async def planned() -> tuple[int, int, int]:
        async with trying(Plain, Settings(extra=1)) as subject:
            async for _ in learnt(subject):
                pass
            probes, tables = subject.driver.calls, list(tables_of(subject))
            assert [table.fixture for table in tables] == list(CONTRACT.fixtures)
            sweeps = sum(len(case.calls) for case in sweep(MACHINE, subject.driver.has) if subject.driver.applies(case))
            assert sweeps > 100
            one = sum(item.calls for item in plan(subject, tables))
            none = sum(item.calls for item in plan(replace(subject, settings=SWIFT), tables))
            return none, one, sweeps + probes

    none, one, besides = asyncio.run(planned())
    assert 1000 < none < one
    assert one + besides <= 40_000


def test_tiers_share_what_follows_from_what_is_known_until_more_is_learnt() -> None:
    async def tables() -> tuple[list[Table], list[Table], list[Table]]:
        async with trying(Plain) as subject:
            async for _ in learnt(subject):
                pass
            first, again = list(tables_of(subject)), list(tables_of(subject))
            subject.learn(await subject.play(golden_traces(CONTRACT)[0].case))
            return first, again, list(tables_of(subject))

    first, again, after = asyncio.run(tables())
    assert first == again
    assert not set(first) & set(after)


def test_a_large_run_is_announced_with_its_calls_and_a_small_one_is_not() -> None:
    """Two extra states take at least five times the calls of one."""

    async def said(extra: int) -> tuple[list[str], int]:
        sentences: list[str] = []
        async with trying(Small, Settings(extra=extra)) as subject:
            async for _ in learnt(subject):
                pass
            subject.announce = sentences.append
            async for _ in complete(subject):
                break
            return sentences, sum(item["calls"] for item in subject.promise["fixtures"].values())

    silent, fewer = asyncio.run(said(1))
    sentences, more = asyncio.run(said(2))
    assert not silent
    assert more > 5 * fewer
    assert len(sentences) == 1
    assert f"about {more:,} calls" in sentences[0]


class FailsTheFourthTime(Small):
    """The fourth session opens, and nobody is in it."""

    def get_participant(self, client: Client) -> Any:
        if client.notes.get("opened") == 4:
            return self.no_participant(client)
        return super().get_participant(client)

    def open(self, client: Client, info: Info | None) -> Any:
        super().open(client, info)
        client.notes["opened"] = client.notes.get("opened", 0) + 1


def test_what_lies_too_deep_is_found_from_a_scenario() -> None:
    """The fourth open lies six calls from the start, and one call from a scenario of three opens and closes."""
    calls = (Planned("a", "open", {"info": {"name": "Ana"}}), Planned("a", "close")) * 3
    scenario = Case("three-sessions", "three sessions, one after another", {"a": "token-with-id"}, calls)
    without = judged(FailsTheFourthTime, "complete", settings=Settings(extra=1))
    assert not broken(without)
    report = judged(FailsTheFourthTime, "complete", settings=Settings(extra=0, scenarios=(scenario,)))
    assert broken(report) == ["participant-is-local"]
    by_fixture = {fixture: item["scenarios"] for fixture, item in report.promise["complete"]["fixtures"].items()}
    fewer = {fixture: item["scenarios"] for fixture, item in without.promise["complete"]["fixtures"].items()}
    assert by_fixture == {**fewer, "token-with-id": fewer["token-with-id"] + 1}


class NeverCloses(Plain):
    """close is answered, and that is all."""

    def close(self, client: Client) -> Any:
        return None


def test_what_breaks_is_not_in_the_way_of_a_rule_that_the_tier_does_not_test() -> None:
    """It takes two clients, and `complete` has one a case."""
    report = judged(NeverCloses, "complete")
    assert "close-closes" in broken(report)
    assert report.rules["sessions-are-apart"].verdict == "not-run"


OTHERWISE = deciding(
    external_id_without_token_id="ignore",
    external_id_with_key_secret="refuse",
    empty_external_id="value",
    open_while_open="keep",
    open_without_info="reuse",
    close_while_closed="refuse",
    no_participant="null",
)


class Declares(Small):
    """Decides much as few do, and says so."""

    decides = OTHERWISE


class DeclaresNothing(Declares):
    """Decides the same, and says nothing of it."""

    undeclared = EVERYTHING


async def planned_for(implementation: type[Plain], *, probed: bool) -> list[Case]:
    """The cases of the complete tier, but for the sweep."""
    async with trying(implementation) as subject:
        if probed:
            async for played in learnt(subject):
                assert not played.violation
        return [case for item in plan(subject, list(tables_of(subject))) for case in item.cases()]


def test_what_is_not_declared_is_learnt_by_probes_before_anything_is_planned() -> None:
    """Both get the same table, and so the same cases; without the probes the defaults would be taken for granted."""
    declared = asyncio.run(planned_for(Declares, probed=True))
    assert asyncio.run(planned_for(DeclaresNothing, probed=True)) == declared
    assert asyncio.run(planned_for(DeclaresNothing, probed=False)) != declared


def test_the_promise_names_extra_states_scenarios_and_what_no_call_tells_apart() -> None:
    """Without services nobody can tell whether there is a conference."""
    promise = judged(Small, "complete", settings=Settings(extra=0)).promise["complete"]
    assert promise["fixtures"]["token-with-id"]["extraStates"] == 0
    scenarios = sum(item["scenarios"] for item in promise["fixtures"].values())
    assert all(item["scenarios"] >= 1 for item in promise["fixtures"].values())
    assert ["conference", "in", "out"] in promise["neverToldApart"]
    text = promise_in_words(promise)
    assert f"within 0 calls of {scenarios} scenarios" in text
    assert "Not looked for, since no call surely shows it by itself: one value for another of" in text
    assert "conference (in, left, out)" in text
    assert "by chance" not in text  # None of the fixtures gets less than the others.
    less = {**promise["fixtures"], "time-passes": {"extraStates": -1, "scenarios": 1, "calls": 1}}
    text = promise_in_words({**promise, "fixtures": less})
    assert "Found by chance only: a fault that needs 1 call after such a scenario, starting as time-passes." in text
    assert "the implementation is deterministic" in text


# Shards ---------------------------------------------------------------------------------------------------------------


class Races(faulty.OpensTwiceInRace):
    """Opens twice in a race, and has no more than a session."""

    operations = Small.operations
    capabilities = Small.capabilities


TIERS = ("smoke", "complete", "concurrent", "explore")


def played_by(implementation: type[Plain], shard: tuple[int, int]) -> tuple[set[tuple[Any, ...]], set[str]]:
    """The cases that a shard plays, tours aside by their beginning, and the rules that fail in it."""
    cases: set[tuple[Any, ...]] = set()

    def note(played: Played) -> None:
        case = played.case
        cases.add((case.id, repr(dict(case.clients)), repr(case.calls)))

    report = judged(implementation, *TIERS, settings=replace(SWIFT, shard=shard), progress=note)
    return cases, set(broken(report))


@pytest.mark.parametrize("shard", [(1, 1), (2, 3)])
def test_a_tier_that_says_how_many_cases_it_has_has_so_many(shard: tuple[int, int]) -> None:
    """From when it says so; `smoke` does not know before its end, since a tour that breaks begins again."""
    said = {tier: list[tuple[int, int | None]]() for tier in TIERS}
    judged(
        Small,
        *reversed(TIERS),
        settings=replace(SWIFT, shard=shard),
        reached=lambda reached: said[reached.tier].append((reached.done, reached.of)),
    )
    for tier, numbers in said.items():
        done, of = numbers[-1]
        assert done == of and of > 10, tier
        known = [of for _, of in numbers[:-1] if of is not None]
        assert set(known) <= {of} and (len(known) > 10) is (tier != "smoke"), tier
        assert [number for number, _ in numbers] == [*range(of + 1), of]


@pytest.mark.parametrize("implementation", [Small, Forgets, Races])
def test_shards_together_are_the_whole(implementation: type[Plain]) -> None:
    """What the probes find out, and what overlapping calls are held against, is every shard's; other cases are one's alone."""
    whole, rules = played_by(implementation, (1, 1))
    parts = [played_by(implementation, (number, 3)) for number in (1, 2, 3)]
    assert set().union(*(cases for cases, _ in parts)) == whole
    assert set().union(*(failed for _, failed in parts)) == rules
    twice = set.intersection(*(cases for cases, _ in parts))
    learning = {name for name, *_ in twice if name.startswith("probe-") or name.endswith("-in-sequence")}
    assert len({name for name, *_ in twice} - learning) == 1  # the first contact
    assert sum(len(cases - twice) for cases, _ in parts) == len(whole - twice)
