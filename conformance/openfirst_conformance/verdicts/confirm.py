"""Confirm: a violation becomes a failure where it happens again, in the shortest sequence that shows it, and is blamed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from openfirst_conformance.cases.case import Case, Planned
from openfirst_conformance.driving.played import Played
from openfirst_conformance.driving.shrink import caller, failure_of, kind_of, shrink
from openfirst_conformance.driving.subject import Subject
from openfirst_conformance.oracle.explanation import Moment, Violation, back
from openfirst_conformance.oracle.observation import Fields
from openfirst_conformance.verdicts.blame import blame, blame_earlier, contradicted, settled
from openfirst_conformance.verdicts.evidence import Evidence
from openfirst_conformance.verdicts.inquiry import Came, Finding, Trial, Unclear, Witness, inquire
from openfirst_conformance.verdicts.model import Failure, FaultSeen
from openfirst_conformance.verdicts.patience import Patience
from openfirst_conformance.verdicts.reasons import NotAgain
from openfirst_conformance.verdicts.scene import Scene
from openfirst_conformance.verdicts.signature import Signature, signature, signature_of
from openfirst_reference.contract.model import OVERLAPPING
from openfirst_reference.machine.outcome import Answered

_MANY = 300
_TRIES = 3
_FRESH_STARTS = 20
_CRASH_TRIES = 6
_LEAK = FaultSeen(
    kind="leak",
    detail="a failure was seen only after other cases, and not once the adapter had been started afresh",
    remedy="Make fresh clients in `reset`, and keep nothing of the case before",
    case="",
    call=None,
    stderr="",
)


class _Known(NamedTuple):
    """What a violation is known again by."""

    rules: tuple[str, ...]
    seen: Signature | str
    wrong: frozenset[str]


class Confirmer:
    """What was confirmed so far: `failures` by rule, and the tiers (`failed`) in which each was seen.

    `flaky`: rules broken once and not again, each with what was seen. `unsettled`: rules of calls that end the adapter each time
    they are made.
    """

    def __init__(self, subject: Subject, evidence: Evidence, patience: Patience) -> None:
        self.failures: dict[str, list[Failure]] = {}
        self.failed: dict[str, set[str]] = {}
        self.flaky: dict[str, NotAgain] = {}
        self.unsettled: set[str] = set()
        self._subject, self._driver = subject, subject.driver
        self._evidence, self._patience = evidence, patience
        self._blamed: dict[_Known, tuple[str, ...]] = {}
        self._vanished: Counter[_Known] = Counter()
        self._followed: set[str] = set()
        self._put_to_calls_before: Counter[tuple[str, str]] = Counter()
        self._put_down: set[tuple[str, tuple[str, ...]]] = set()
        self._looked_for: tuple[object, frozenset[str]] | None = None
        self._inquires = False
        self._leaks = False
        self._fresh_starts = 0

    def tolerates(self, case: Case, violation: Violation) -> tuple[str, ...] | None:
        """The rules that such a violation was found to break before; None where it was not."""
        if not self._blamed or self._inquires or self._is_looked_for(case, violation):
            return None
        machine = self._driver.machine
        try:
            client = list(case.clients)[violation.client]
            call = machine.again(violation.call, machine.fixture(case.clients[client]))
        except ValueError:
            return None
        seen = signature(machine, call, violation.outcome, violation.permitted)
        return self._blamed.get(self._known(case, seen, violation))

    async def convict(self, tier: str, played: Played, violation: Violation) -> bool:
        """Take in a case that ended in a violation. Gives whether such a violation is tolerated from now on."""
        seen = self._signature(played)
        known = self._known(played.case, seen, violation)
        if known not in self._blamed and self._vanished[known] < _TRIES:
            self._looked_for = (
                kind_of(caller(played.case, violation), violation),
                self._subject.oracle_of(played.case).wrong(violation),
            )
            faults = self._patience.faults
            shortest = await self._confirmed(played)
            self._looked_for = None
            if shortest is None or shortest.violation is None:
                # Where the adapter failed meanwhile, nobody knows whether it would have come again.
                if self._patience.faults > faults:
                    self.unsettled.update(known.rules)
                else:
                    self._vanished[known] += 1
                    once = NotAgain(violation.call.operation, violation.outcome, played.case.id)
                    self.flaky = {**dict.fromkeys(known.rules, once), **self.flaky}
                return False
            if self._follows_from_a_break(shortest):
                self._blamed[known] = shortest.broken
                return True
            finding = await self._inquire(shortest, shortest.violation)
            if isinstance(finding, Witness):
                witness = await self._patience.play(_tried(shortest, finding.trial))
                rules = await self._rules_of(tier, witness)
                if rules:
                    self._blamed[known] = rules
                    return True
                finding = None
            blamed = self._blame(shortest, shortest.violation, finding)
            self._blamed[known] = tuple(rule for rule in blamed if rule not in shortest.broken) or blamed
            usual = self._evidence.usual()
            oracle = self._subject.oracle_of(shortest.case)
            choices = contradicted(oracle, shortest.violation, usual=usual)
            before = settled(oracle, shortest.violation)
            for rule in self._blamed[known]:
                self._fail(Failure(rule, tier, played.case.id, shortest, choices, before))
        self.again(tier, self._blamed.get(known, ()))
        return known in self._blamed

    async def _inquire(self, shortest: Played, violation: Violation) -> Finding | None:
        """Find out what is wrong by a few calls more. While that is done, nothing passes as known."""
        if len([moment for moment in back(shortest.trail) if not moment.echo]) != len(shortest.calls) - 1:
            return None  # Something was never answered.
        scene = Scene(self._subject.oracle_of(shortest.case), violation, self._evidence.usual())
        inquiry = inquire(
            scene, lambda name: not self._driver.lacks(name), lambda name: not self._driver.lacks_credential(name)
        )
        came: Came = None
        self._inquires = True
        try:
            trial = next(inquiry)
            while True:
                case = _tried(shortest, trial)
                played = await self._patience.play(case)
                complete = not played.fault and len(played.seen) == len(case.calls)
                came = played.violation if complete else Unclear()
                trial = inquiry.send(came)
        except StopIteration as end:
            found: Finding | None = end.value
            return found
        finally:
            self._inquires = False

    async def _rules_of(self, tier: str, witness: Played) -> tuple[str, ...]:
        """The rules that a witness breaks, once it is confirmed; none if it is not."""
        if witness.violation is None:
            return witness.tracker.broken[-1] if witness.tracker and witness.tracker.broken else ()
        known = self._known(witness.case, self._signature(witness), witness.violation)
        await self.convict(tier, witness, witness.violation)
        return self._blamed.get(known, ())

    def again(self, tier: str, rules: Iterable[str]) -> None:
        """Rules were broken in a tier, as they had been before."""
        for rule in rules:
            self.failed.setdefault(rule, set()).add(tier)

    def _is_looked_for(self, case: Case, violation: Violation) -> bool:
        """Whether it is what a case is being made minimal for: then it must not pass as known."""
        if self._looked_for is None or kind_of(caller(case, violation), violation) != self._looked_for[0]:
            return False
        return self._looked_for[1] <= self._subject.oracle_of(case).wrong(violation)

    def join(
        self,
        failures: Mapping[str, list[Failure]],
        failed: Mapping[str, set[str]],
        flaky: Mapping[str, NotAgain],
        unsettled: set[str],
    ) -> None:
        """Take in what was confirmed of other cases."""
        for found in failures.values():
            for failure in found:
                self._fail(failure)
        for rule, tiers in failed.items():
            self.failed.setdefault(rule, set()).update(tiers)
        self.flaky = {**flaky, **self.flaky}
        self.unsettled |= unsettled

    def _follows_from_a_break(self, shortest: Played) -> bool:
        """Whether it does not come about but for a break. One that only showed a wrong datum, where data were due, led nowhere."""
        answers = self._driver.contract.answers

        def showed(moment: Moment) -> bool:
            due = any(item.answer is not None and answers[item.answer].fields for item in moment.step.row.may)
            return due and isinstance(moment.outcome, Answered)

        return any(moment.is_break and not showed(moment) for moment in back(shortest.trail))

    def _known(self, case: Case, seen: Signature, violation: Violation) -> _Known:
        oracle = self._subject.oracle_of(case)
        rules = blame(oracle, violation, minimal=False, usual=self._evidence.usual())
        if len(self._blamed) > _MANY:
            return _Known(rules, violation.call.operation, frozenset())
        return _Known(rules, seen, oracle.wrong(violation))

    async def follow(self, tier: str, played: Played) -> None:
        """Take in a case that could be followed to its end, though rules speak against what was done."""
        for rule in played.broken_shoulds:
            if (rule, played.broken) in self._put_down or self._put_to_calls_before[tier, rule] == _TRIES:
                continue
            if rule not in self._followed:
                shortest = await shrink(self._driver, self._patience.play, played, _not_keeping(rule)) or played
                races = any(planned.overlapping for planned in shortest.calls)
                if shortest.broken or races:  # It does not come about but for a break, or for a race.
                    self._put_down.add((rule, played.broken))
                    continue
                if await self._is_put_down_to_a_call_before(tier, rule, shortest):
                    self._put_to_calls_before[tier, rule] += 1
                    continue
                self._followed.add(rule)
                self._fail(Failure(rule, tier, played.case.id, shortest))
            self.failed.setdefault(rule, set()).add(tier)

    async def _is_put_down_to_a_call_before(self, tier: str, rule: str, shortest: Played) -> bool:
        """Whether a rule is not kept for what a call before has left behind: then that one is convicted of what it breaks."""
        violation = shortest.tracker.broken_by_the_last(rule) if shortest.tracker else None
        if violation is None or isinstance(violation.seen.content, Fields):
            return False
        shown = replace(shortest, violation=violation)
        finding = await self._inquire(shown, violation)
        if isinstance(finding, Witness):
            return bool(await self._rules_of(tier, await self._patience.play(_tried(shown, finding.trial))))
        oracle = self._subject.oracle_of(shown.case)
        rules = blame_earlier(oracle, violation, usual=self._evidence.usual(), finding=finding)
        if not rules or await self._confirmed(shortest, _not_keeping(rule)) is None:
            return False
        for broken in rules:
            self._fail(Failure(broken, tier, shown.case.id, shown))
        self.again(tier, rules)
        return True

    async def interrupted(self, played: Played) -> None:
        """Take in a case that was interrupted twice. If its last call does it, however many there were, its rules are open."""
        if played.stuck is None:
            return
        planned, rules = played.stuck
        if set(rules) <= self.unsettled:
            return
        before = played.calls
        step = max(len(before) // _CRASH_TRIES, 1)
        for left_out in range(0, len(before), step) if before else [-1]:
            if self._patience.given_up:
                return
            kept = [call for place, call in enumerate(before) if place != left_out]
            case = replace(played.case, calls=(*kept, planned))
            if await self._ends_it(case):
                self.unsettled.update(rules)
                return

    async def _ends_it(self, case: Case) -> bool:
        """Whether the last call of a case makes the adapter fail, and not by chance: each time."""
        for _ in range(_TRIES):
            again = await self._subject.play(case)
            if again.fault:
                await self._patience.recover(again, again.fault)
            if not again.fault or len(again.calls) < len(case.calls) - 1 or self._patience.given_up:
                return False
        return True

    async def _confirmed(self, played: Played, failure: Callable[[Played], object] = failure_of) -> Played | None:
        """The shortest sequence that fails in the same way, whenever it is made, and made by an adapter just started."""
        shortest = await shrink(self._driver, self._patience.play, played, failure)
        if shortest is None:
            return None
        case, wanted = replace(shortest.case, calls=shortest.calls), failure(shortest)
        for _ in range(_TRIES - 1):
            if failure(await self._patience.play(case)) != wanted:
                return None
        if self._leaks or self._fresh_starts < _FRESH_STARTS:
            self._fresh_starts += 1
            await self._patience.start_again()
            # Which of two overlapping calls comes first may be chance: a race that is not lost again is no leak.
            races = any(planned.overlapping for planned in case.calls)
            for _ in range(_TRIES if races else 1):
                again = await self._patience.play(case)
                if failure(again) == wanted:
                    return shortest
            if not races and not again.fault:
                self._leaks = True
                self._evidence.shown.note(replace(_LEAK, case=played.case.id))
            return None
        return shortest

    def _blame(self, shortest: Played, violation: Violation, finding: Finding | None) -> tuple[str, ...]:
        """The rules that a minimal sequence breaks. Where it fails only because calls overlap, that is what is wrong."""
        law = self._driver.contract.law(OVERLAPPING)
        if law is not None and any(planned.overlapping for planned in shortest.calls):
            return (law,)
        oracle = self._subject.oracle_of(shortest.case)
        return blame(oracle, violation, minimal=True, usual=self._evidence.usual(), finding=finding)

    def _fail(self, failure: Failure) -> None:
        failures = self.failures.setdefault(failure.rule, [])
        if self._signature(failure.played) not in [self._signature(known.played) for known in failures]:
            failures.append(failure)
            failures.sort(key=lambda item: len(item.played.seen))

    def _signature(self, played: Played) -> Signature:
        return signature_of(self._driver.machine, played)


def _tried(shortest: Played, trial: Trial) -> Case:
    """The case that a trial is."""
    case, calls = shortest.case, shortest.calls
    if trial.otherwise is not None:
        place, call = trial.otherwise
        other = Planned(calls[place].client, call.operation, call.arguments)
        calls = (*calls[:place], other, *calls[place + 1 :])
    client, clients, held = shortest.calls[-1].client, case.clients, case.held
    before = calls[: trial.start] if trial.fixture is not None else ()
    calls = (*(planned for planned in before if planned.client != client), *calls[trial.start : trial.end])
    if trial.more is not None:
        calls = (*calls, Planned(client, trial.more.operation, trial.more.arguments))
    if trial.fixture is not None:
        clients = {**clients, client: trial.fixture}
        held = {name: item for name, item in held.items() if name != client}
    return replace(case, clients=clients, held=held, calls=calls)


def _not_keeping(rule: str) -> Callable[[Played], bool | None]:
    """What must stay the same while calls are deleted: that the rule is not kept."""
    return lambda played: rule in played.broken_shoulds or None
