"""Blame: which rules a violation breaks.

What an inquiry has found comes first: what a call before was to bring about and did not, by the rules that answer for it; or
that the client was where it should be, so that nobody who wrote its state is to blame. Then the laws, in this order:
1. A declared choice contradicted: the rules that the choice touches; if these say nothing of such a call, those of its row that do.
   Not where a call before may have led to that by law 3.
2. Overlapping calls that no order explains: the rule of that law.
3. A call that changes nothing may be deleted. Where the sequence is minimal, an earlier call that (by the table) writes
   none of what shows wrong, and led no call that matters to its row, is the cause: the promise that it changes nothing is
   what is broken; but none that demands nothing of a call which came to that. If it did what it does where the world is
   otherwise (with a good token, say), the promise is the one that asks for that. Where what is wrong is as the last call found it
   that was to change it, that call did nothing, and it is its fault; unless it did the rest. A call without which what was seen is
   permitted makes that wrong by the table alone, and is no cause. A call of another client breaks the rule that keeps clients
   apart, unless it begins or ends a session, and what was seen is none of a client that is alone, either.
4. An answer that shows a wrong state: the rules that answer for the variable after the row that wrote it last.
5. An outcome that the row does not permit: the rules that the row carries, first of all those that say something of such a call.
   What row it is may depend on a choice: it is the one by what was declared or seen, or by default.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any

from openfirst_conformance.oracle.explanation import Explanation, Moment, Violation, back
from openfirst_conformance.oracle.oracle import Oracle
from openfirst_conformance.verdicts.inquiry import Finding, Itself, LeftUndone
from openfirst_conformance.verdicts.model import SettledChoice
from openfirst_conformance.verdicts.saying import asked, asks_for_refusal, forbids, is_met, says_what_is_left, speaks_of
from openfirst_conformance.verdicts.scene import Scene
from openfirst_reference.contract.model import CLIENTS_APART, OVERLAPPING, Contract
from openfirst_reference.machine.outcome import Refused, Settled
from openfirst_reference.machine.step import Step


def blame(
    oracle: Oracle,
    violation: Violation,
    *,
    minimal: bool,
    usual: Mapping[str, str] | None = None,
    finding: Finding | None = None,
) -> tuple[str, ...]:
    """The ids of the rules that the violation breaks.

    `minimal`: no call before it can be left out. `usual`: see `Scene`. `finding`: what an inquiry has found out.
    """
    law = oracle.machine.contract.law(OVERLAPPING)
    if violation.overlapping and law is not None:
        return (law,)
    return tuple(dict.fromkeys(_Case(oracle, violation, minimal, usual, finding).rules()))


def blame_earlier(
    oracle: Oracle, violation: Violation, *, usual: Mapping[str, str] | None = None, finding: Finding | None = None
) -> tuple[str, ...]:
    """The rules that calls before break, where what the last one came to is permitted though it should not be.

    None: nothing tells that it is not the last one itself. The sequence is minimal; see `blame`.
    """
    return tuple(dict.fromkeys(_Case(oracle, violation, True, usual, finding).earlier()))


def contradicted(oracle: Oracle, violation: Violation, *, usual: Mapping[str, str] | None = None) -> dict[str, str]:
    """The choices whose value (declared, taken for granted, or seen elsewhere) alone forbids what was seen."""
    if violation.overlapping:
        return {}
    choices = _Case(oracle, violation, True, usual).contradicted()
    return {choice: value for choice in choices if (value := oracle.choices.get(choice)) is not None}


def settled(oracle: Oracle, violation: Violation) -> tuple[SettledChoice, ...]:
    """The undeclared choices that alone forbid what was seen, since they were seen to be otherwise in the same place."""
    for here, explanation in violation.explanations:
        found: dict[int, SettledChoice] = {}
        if here.pending:  # What was never answered may have come to anything.
            continue
        for edge in oracle.edges(here.node, violation.client, violation.call, violation.seen):
            for key, values in edge.keys:
                known = explanation.assignment.get(key)
                if known is not None and not known & values:
                    came = _came_before(oracle, explanation, key, values)
                    found.setdefault(key, SettledChoice(oracle.cells[key].choice, known, came))
        if found:
            return tuple(found.values())
    return ()


def _came_before(oracle: Oracle, explanation: Explanation, key: int, values: frozenset[str]) -> Settled | None:
    """What the call came to the last time that it said of a choice that it is none of these values, if it did."""
    for moment in back(explanation.trail):
        for known, others in oracle.keys(moment.step) or ():
            if known == key and not others & values:
                return moment.outcome
    return None


class _Case(Scene):
    def __init__(
        self,
        oracle: Oracle,
        violation: Violation,
        minimal: bool,
        usual: Mapping[str, str] | None,
        finding: Finding | None = None,
    ) -> None:
        super().__init__(oracle, violation, usual)
        self.minimal, self.finding = minimal, finding
        self.apart = self.contract.law(CLIENTS_APART)

    def rules(self) -> list[str]:
        """The rules that the laws name, from the first law that speaks on."""
        return (
            self._by_what_is_undone()
            or self._by_choices()
            or self._by_state()
            or self._by_row()
            or [carry.rule for step in self._read for carry in step.row.carries]
        )

    def earlier(self) -> list[str]:
        """The rules that calls before the last one break, if what is wrong is what they have left behind."""
        wrong = self._what_is_wrong()
        return self._by_what_is_undone() or (self._by_idle_calls(wrong) if wrong else [])

    # What an inquiry has found ----------------------------------------------------------------------------------------

    def _by_what_is_undone(self) -> list[str]:
        """The rules that answer for what a call before was to bring about, and did not; none where nobody does."""
        if not isinstance(self.finding, LeftUndone):
            return []
        step, name = self.finding.moment.step, self.finding.name
        kept = self.contract.effects[step.alternative.effect or ""].keeps.get(name)
        return list(kept or self._speaking([step], [name]) or self._left_behind([step], {name: self.finding.value}))

    # Law 1 ------------------------------------------------------------------------------------------------------------

    def _by_choices(self) -> list[str]:
        """A declared choice is contradicted: the rules that it touches.

        Where none of them speaks of such a call in the row that it met, and one does that the row carries, it is that one.
        """
        touched = [rule for name in self.contradicted() for rule in self.contract.choices[name].touches]
        wrong = self._what_is_wrong() if touched and self.minimal else {}
        if wrong and self._by_idle_calls(wrong):  # Without a call that was to change nothing it is as it was declared.
            return []
        as_read = [step for step in self._read if self.fits(step)]
        is_met_there = any(is_met(self.machine, rule, step) for rule in touched for step in as_read)
        if not as_read or is_met_there or self._rightly_refused():
            return touched
        return touched and (self._met(self._carried()) or touched)

    # Laws 3 and 4 -----------------------------------------------------------------------------------------------------

    def _by_state(self) -> list[str]:
        """What is wrong is what the client holds: idle calls that must have changed it, else whoever wrote it last.

        Where nothing but the outcome itself shows that, and no idle call is the cause, the rules of its row are broken as well.
        """
        wrong, is_look = self._what_is_wrong(), self.contract.operations[self.violation.call.operation].pure
        told = bool(self.wrong_fields()) or (bool(wrong) and is_look)
        if not wrong and self.minimal:
            return self._by_itself(is_look)
        causes = self._by_idle_calls(wrong)
        writers = [] if causes else [rule for name, value in wrong.items() for rule in self._by_writer(name, value)]
        return [*causes, *writers, *([] if told or (causes and self.minimal) else self._by_row())]

    def _what_is_wrong(self) -> dict[str, Any]:
        """What is wrong of what the client holds, and what it seems to be: by what is shown, or else by a guess."""
        fields = self.wrong_fields()
        if not fields and not isinstance(self.finding, LeftUndone):
            acquitted = self.finding.acquitted if isinstance(self.finding, Itself) else frozenset()
            return dict(itertools.islice((guess for guess in self.as_though() if guess not in acquitted), 1))
        # Whose external ID is wrong, say, is somebody else, and has an ID of his own.
        shown, variables = dict(fields), self.contract.variables
        return {name: value for name, value in fields if value is None or variables[name].owner not in shown}

    def _by_itself(self, is_look: bool) -> list[str]:
        """Nothing that the client holds is wrong: the rules of the row, and not those of the calls that it takes for that to show.

        Unless another client made them; or one was refused, and what was to be answered then is refused as well.
        """
        causes = self._by_idle_calls({})
        if self.apart in causes:
            return causes
        stuck = not is_look and self._refused() and not self._rightly_refused()
        return [*(causes if stuck else ()), *self._by_row()]

    # Law 5 ------------------------------------------------------------------------------------------------------------

    def _by_row(self) -> list[str]:
        """The rules that the row carries, of those that its outcome can break; those that speak of such a case, if any do."""
        carried = self._carried()
        refusals = self._rightly_refused()
        if refusals:  # It is another refusal than is due: those rules answer that are about refusals.
            every = [rule for step in self._read for rule in self.machine.carried(step)]
            for rules in (carried, every):
                about = [rule for rule in rules if any(asks_for_refusal(self.machine, rule, step) for step in refusals)]
                if about:
                    return about
        return self._met(carried) or carried

    def _refused(self) -> bool:
        return isinstance(self.violation.outcome, Refused)

    def _rightly_refused(self) -> list[Step]:
        """The refusals that are permitted, where the call was refused, though otherwise."""
        choices = self._choices
        refusals = [
            step for step in self._read if step.is_error and all(choices[name] in may for name, may in step.when)
        ]
        return refusals if self._refused() else []

    def _carried(self) -> list[str]:
        return [
            rule
            for step in self._read
            for rule in self.machine.carried(step)
            if self.contract.rules[rule].shows_at_once
        ]

    def _met(self, rules: Iterable[str]) -> list[str]:
        return [rule for rule in rules if any(is_met(self.machine, rule, step) for step in self._read)]

    @cached_property
    def _read(self) -> tuple[Step, ...]:
        """The steps in the rows that the call meets as a choice has it: what it is seen to be, or else by default."""
        choices = self._choices
        rows = {step.row.id for step in self.steps if all(choices[name] in values for name, values in step.when)}
        return tuple(step for step in self.steps if step.row.id in rows) or self.steps

    @cached_property
    def _choices(self) -> dict[str, str]:
        """What each choice is: as it was declared, or else seen, or else by default."""
        return {**self.contract.default_choices(), **self.usual, **self.oracle.choices}

    # What is wrong ----------------------------------------------------------------------------------------------------

    def contradicted(self) -> list[str]:
        """Choices that forbid the only steps that would explain what was seen.

        A step that another choice forbids besides is forbidden by that one in vain.
        """
        every = [dict.fromkeys(self._forbidding(step)) for step in self.steps if self.fits(step)]
        some = [names for names in every if names]
        fewest = [names for names in some if not any(fewer.keys() < names.keys() for fewer in some)]
        return list(dict.fromkeys(itertools.chain(*fewest)))

    def _forbidding(self, step: Step) -> Iterator[str]:
        """The choices that forbid a step: as they were declared, or as they were seen in the same place."""
        for choice, values in step.when:
            if self.oracle.choices.get(choice) not in (None, *values):
                yield choice
        for key, values in self.oracle.keys(step) or ():
            if not values & self.explanation.assignment.get(key, values):
                yield self.oracle.cells[key].choice

    # Law 3: a call that changes nothing may be deleted ----------------------------------------------------------------

    def _by_idle_calls(self, wrong: dict[str, Any]) -> list[str]:
        """The rules of earlier calls that write nothing of what is wrong, and yet must have caused it.

        What is as the last call found it that was to change it, that one left as it was, whatever came before; unless it did the
        rest of what it was to do.
        """
        idle: list[Step] = []
        apart: list[str] = []
        overwritten, guards = False, {*self.machine.guards(self.violation.call.operation)}
        unwritten, left = set(wrong), set(wrong)
        for moment in self._suspects(wrong):
            if moment.client != self.client:
                company = self.machine.concerns_others(moment.step) and self._wrong_alone_too()
                apart += [] if company else self._by_another_client(wrong)
            elif wrong and self.written(moment.step) & set(wrong):
                if not overwritten:  # What led this call to its row matters, too.
                    guards |= {*self.machine.guards(moment.step.call.operation)}
                overwritten = True
                last = self.written(moment.step) & unwritten
                if not self._did_the_rest(moment.step):
                    left -= {name for name in last if self._found(moment.step, name, wrong[name])}
                unwritten -= last
            elif wrong and not left:
                continue
            elif self._is_idle(moment.step, wrong, guards) and (
                not self.permitted_without(moment)
                if self.minimal
                else self._brought(moment.step, wrong) or (not overwritten and self._meant_to(moment.step, wrong))
            ):
                idle.append(moment.step)
        return [*apart, *self._promised(idle, wrong)]

    def _found(self, step: Step, name: str, shown: Any) -> bool:
        """Whether a call that was to change a variable found it just as it is shown."""
        index = self.machine.index[name]
        return self.contract.variables[name].owner is None and step.before[index] == shown != step.after[index]

    def _did_the_rest(self, step: Step) -> bool:
        """Whether an answer that shows something wrong shows, too, that a call has changed something else as it was to.

        If it were not for that, there would be no such answer, or it would show something else.
        """
        wrong = dict(self.wrong_fields())
        guards = self.machine.guards(self.violation.call.operation) if wrong else ()
        if any(self._is_needed(step, name) for name in guards):
            return True
        shown = {name for item in self.steps if item.answer and wrong for name in item.answer.fields.values()}
        return any(
            self.machine.value(step.before, name) != self.machine.value(step.after, name)
            for name in shown - wrong.keys()
        )

    def _is_needed(self, step: Step, name: str) -> bool:
        """Whether there would be no such outcome, had a call not changed a variable that rows ask for."""
        before, after = self.machine.value(step.before, name), self.machine.value(step.after, name)
        if not isinstance(before, str) or before == after or after != self.machine.value(self.state, name):
            return False
        return not self.permitted_as(name, before)

    def _promised(self, steps: Iterable[Step], wrong: Mapping[str, Any]) -> list[str]:
        """The rules by which such calls leave what is wrong as it should be.

        They are those that speak of what a call must have taken for something else, where it did what it does then; else of what is
        wrong; else, in a minimal sequence, those that say what it leaves behind.
        """
        steps = list(steps)
        return (
            [rule for rule, step in self._later(steps) if self._misread(step, wrong) & asked(self.machine, rule, step)]
            or [rule for step in steps for name in wrong for rule in self._might_write(step, name)]
            or self._speaking(steps, wrong)
            or (self._left_behind(steps, wrong) if self.minimal else [])
        )

    def _might_write(self, step: Step, name: str) -> list[str]:
        """The rules that answer for a variable which a call that was answered wrote, if it did something else that is permitted."""
        if step.is_error:
            return []
        others = [item for item in self.machine.steps(step.before, step.call) if not item.is_error]
        effects = {
            item.alternative.effect: None for item in others if self.permits(item) and name in self.written(item)
        }
        return [rule for effect in effects for rule in self.contract.effects[effect or ""].keeps.get(name, ())]

    def _left_behind(self, steps: Sequence[Step], wrong: Mapping[str, Any]) -> list[str]:
        """Any rule that forbids such a call to leave what is wrong; else those that say what it leaves; else those of its row."""
        return (
            [rule for step in steps for rule in self.contract.rules if forbids(self.machine, rule, step, wrong)]
            or [rule for rule, step in self._later(steps) if says_what_is_left(self.machine, rule, step)]
            or [rule for rule, _ in self._later(steps) if wrong]
        )

    def _speaking(self, steps: Iterable[Step], wrong: Iterable[str]) -> list[str]:
        return [rule for rule, step in self._later(steps) if speaks_of(self.machine, rule, step, wrong)]

    def _later(self, steps: Iterable[Step]) -> Iterator[tuple[str, Step]]:
        """The rules that the rows of these steps carry, of those that later calls can show broken."""
        for step in steps:
            for rule in self.machine.carried(step):
                if self.contract.rules[rule].shows_later:
                    yield rule, step

    def _misread(self, step: Step, wrong: Mapping[str, Any]) -> set[str]:
        """The variables of the world that, were one of them otherwise, would have let the call bring about what is wrong.

        It did as it does then, so it came to the same.
        """
        found, index = set[str](), self.machine.index
        if self._identities(wrong) or any(step.before[index[name]] == value for name, value in wrong.items()):
            return found
        for name in self.machine.guards(step.call.operation) if wrong else ():
            variable = self.contract.variables[name]
            for value in variable.values if variable.world else ():
                other = self.machine.having(step.before, **{name: value})
                for item in self.machine.steps(other, self.machine.again(step.call, other)):
                    same = (item.code, item.answer) == (step.code, step.answer)
                    if same and all(item.after[index[name]] == value for name, value in wrong.items()):
                        found.add(name)
        return found

    def _wrong_alone_too(self) -> bool:
        """Whether another client only made other outcomes possible: what was seen is none of a client that is alone, either."""
        platform = self.contract.bindings.platform
        if platform is None or platform.company is None:
            return False
        name = platform.company.variable
        alone = self.machine.having(self.state, **{name: self.contract.variables[name].initial})
        own = self.machine.steps(alone, self.machine.again(self.violation.call, alone))
        permitted = [step for step in own if self.oracle.keys(step) is not None]
        in_company = {(step.row.id, step.index) for step in self.steps if self.oracle.keys(step) is not None}
        widened = in_company != {(step.row.id, step.index) for step in permitted}
        return widened and not any(self.fits(step) for step in permitted)

    def _suspects(self, wrong: dict[str, Any]) -> Iterator[Moment]:
        """The earlier calls that may be a cause, latest first: none that only bound an identity which is wrong now."""
        identities = self._identities([*wrong, *dict(self.wrong_fields())])
        for moment in self.past:
            by_world = self.contract.operations[moment.step.call.operation].by_world
            binds = bool(identities and moment.step.answer is not None and moment.step.answer.fields)
            if not (moment.echo or binds or (by_world and not self.minimal)):
                yield moment

    def _by_another_client(self, wrong: dict[str, Any]) -> list[str]:
        """Where the sequence is minimal, a call of another client keeps the two apart no longer."""
        return [self.apart] if self.minimal and self.apart is not None and not self._identities(wrong) else []

    def _identities(self, wrong: Iterable[str]) -> list[str]:
        return [name for name in wrong if self.contract.variables[name].owner is not None]

    def _is_idle(self, step: Step, wrong: dict[str, Any], guards: Iterable[str]) -> bool:
        """Whether what fails could do without this call: it neither writes what is wrong nor leads to a row that is met.

        `guards`: what decides which row the failing call meets, and which the call that wrote last what is wrong. What changes
        one of them is needed in any case.
        """
        prepares = any(step.before[self.machine.index[name]] != step.after[self.machine.index[name]] for name in guards)
        return (bool(wrong) or step.before == step.after) and not prepares and self._could_write(step, wrong)

    def _could_write(self, step: Step, wrong: Iterable[str]) -> bool:
        """Whether such a call can change anything of what is wrong: what the world holds, only those that ever write it."""
        writes = _writes(self.contract, step.call.operation)
        return not wrong or any(not self.contract.variables[name].world or name in writes for name in wrong)

    def _brought(self, step: Step, wrong: dict[str, Any]) -> bool:
        """Whether a call that was to change nothing was given the very value that is shown."""
        return any(value is not None and step.variant.given.get(name) == value for name, value in wrong.items())

    def _meant_to(self, step: Step, wrong: dict[str, Any]) -> bool:
        """Whether a call that was to change nothing would, had it been accepted, have left what is shown."""
        return any(
            item.effect is not None and self.contract.effects[item.effect].set.get(name) == value
            for name, value in wrong.items()
            for row in self.contract.rows.values()
            if row.call == step.call.operation
            for item in row.may
        )

    # Law 4: an answer shows a wrong state -----------------------------------------------------------------------------

    def _by_writer(self, name: str, shown: Any) -> list[str]:
        """The rules that answer for a variable after the row that wrote it last."""
        for position, moment in enumerate(self.past):
            if moment.client != self.client or name not in self.written(moment.step):
                continue
            effect = self.contract.effects[moment.step.alternative.effect or ""]
            if shown is not None and self._was_there(name, shown, self.past[position:]):
                stale = effect.stale.get(name)
                if stale:
                    return list(stale)
            if shown is not None and self._is_anothers(name, shown) and self.apart is not None:
                return [self.apart]
            missing = effect.missing.get(name, ()) if shown is None else ()
            return list(missing or effect.keeps.get(name, ()))
        return []

    def _was_there(self, name: str, shown: Any, past: Iterable[Moment]) -> bool:
        index = self.machine.index[name]
        return any(moment.client == self.client and moment.step.before[index] == shown for moment in past)

    def _is_anothers(self, name: str, shown: Any) -> bool:
        index = self.machine.index[name]
        variable = self.contract.variables[name]
        return (
            not variable.is_enumeration
            and variable.owner is None
            and any(
                moment.client != self.client and shown in (moment.step.before[index], moment.step.after[index])
                for moment in self.past
            )
        )


@lru_cache(maxsize=1024)
def _writes(contract: Contract, operation: str) -> frozenset[str]:
    """The variables that some row of an operation writes."""
    rows = [row for row in contract.rows.values() if row.call == operation]
    return frozenset(name for row in rows for item in row.may for name in contract.changes(item.effect))
