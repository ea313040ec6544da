"""Blame: which rules a violation breaks.

The laws, in this order:
1. A declared choice contradicted: the rules that the choice touches.
2. Overlapping calls that no order explains: the rule of that law.
3. A call that changes nothing may be deleted. Where the sequence is minimal, an earlier call that (by the table) writes
   none of what shows wrong, and led no call that matters to its row, is the cause: the promise that it changes nothing is
   what is broken; but none that demands nothing of a call which came to that. A call of another client breaks the rule that
   keeps clients apart, unless what was seen is none of a client that is alone, either.
4. An answer that shows a wrong state: the rules that answer for the variable after the row that wrote it last.
5. An outcome that the row does not permit: the rules that the row carries.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import structs

from openfirst_conformance.oracle.explanation import Candidate, Explanation, Moment, Violation, back
from openfirst_conformance.oracle.observation import Fields
from openfirst_conformance.oracle.oracle import Oracle
from openfirst_conformance.verdicts.model import SettledChoice
from openfirst_reference.contract.expressions import mentioned
from openfirst_reference.contract.model import CLIENTS_APART, OVERLAPPING
from openfirst_reference.machine.outcome import Settled
from openfirst_reference.machine.step import Step
from openfirst_reference.proof.invariants import Check


def blame(
    oracle: Oracle, violation: Violation, *, minimal: bool, usual: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    """The ids of the rules that the violation breaks.

    `minimal`: no call before it can be left out. `usual` says what the implementation makes of a choice elsewhere: of several
    explanations of what was seen before, one that agrees with that is gone by.
    """
    law = oracle.machine.contract.law(OVERLAPPING)
    if violation.overlapping and law is not None:
        return (law,)
    return tuple(dict.fromkeys(_case(oracle, violation, minimal, usual).rules()))


def contradicted(oracle: Oracle, violation: Violation, *, usual: Mapping[str, str] | None = None) -> dict[str, str]:
    """The choices whose value (declared, taken for granted, or seen elsewhere) alone forbids what was seen."""
    if violation.overlapping:
        return {}
    choices = _case(oracle, violation, True, usual).contradicted()
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


def _case(oracle: Oracle, violation: Violation, minimal: bool, usual: Mapping[str, str] | None) -> _Case:
    known = usual or {}

    def surprises(item: tuple[Candidate, Explanation]) -> int:
        choices = ((oracle.cells[key].choice, values) for key, values in item[1].assignment.items())
        return sum(known.get(choice) not in (None, *values) for choice, values in choices)

    here, explanation = min(violation.explanations, key=surprises)
    return _Case(oracle, violation, here, explanation, minimal)


class _Case:
    def __init__(
        self, oracle: Oracle, violation: Violation, here: Candidate, explanation: Explanation, minimal: bool
    ) -> None:
        self.oracle, self.machine, self.contract = oracle, oracle.machine, oracle.machine.contract
        self.violation, self.here, self.explanation, self.minimal = violation, here, explanation, minimal
        self.client = violation.client
        self.apart = self.contract.law(CLIENTS_APART)
        self.state = here.node.states[self.client]
        self.steps = oracle.steps(here.node, self.client, violation.call)
        self.past = list(explanation.trail.back()) if explanation.trail else []

    def rules(self) -> list[str]:
        """The rules that the laws name, from the first law that speaks on."""
        return (
            self._by_choices()
            or self._by_state()
            or self._by_row()
            or [carry.rule for step in self.steps for carry in step.row.carries]
        )

    # Law 1 ------------------------------------------------------------------------------------------------------------

    def _by_choices(self) -> list[str]:
        """A declared choice is contradicted: the rules that it touches."""
        return [rule for name in self.contradicted() for rule in self.contract.choices[name].touches]

    # Laws 3 and 4 -----------------------------------------------------------------------------------------------------

    def _by_state(self) -> list[str]:
        """What is wrong is what the client holds: idle calls that must have changed it, else whoever wrote it last.

        Where nothing but the outcome itself shows that, and no idle call is the cause, the rules of its row are broken as well.
        """
        fields = self._wrong_fields()
        wrong = dict(fields) or self._as_though()
        told = bool(fields) or (bool(wrong) and self.contract.operations[self.violation.call.operation].pure)
        causes = self._by_idle_calls(wrong)
        writers = [] if causes else [rule for name, value in wrong.items() for rule in self._by_writer(name, value)]
        return [*causes, *writers, *([] if told or (causes and self.minimal) else self._by_row())]

    # Law 5 ------------------------------------------------------------------------------------------------------------

    def _by_row(self) -> list[str]:
        """The rules that the row carries, of those that its outcome can break."""
        return [
            rule
            for step in self.steps
            for rule in self.machine.carried(step)
            if self.contract.rules[rule].shows_at_once
        ]

    # What is wrong ----------------------------------------------------------------------------------------------------

    def contradicted(self) -> list[str]:
        """Choices that forbid the only steps that would explain what was seen."""
        choices: dict[str, None] = {}
        for step in self.steps:
            if self._fits(step):
                for choice, values in step.when:
                    if self.oracle.choices.get(choice) not in (None, *values):
                        choices[choice] = None
                for key, values in self.oracle.keys(step) or ():
                    if not values & self.explanation.assignment.get(key, values):
                        choices[self.oracle.cells[key].choice] = None
        return list(choices)

    def _fits(self, step: Step) -> bool:
        return self.oracle.comparison.match(step, self.client, self.violation.seen, self.here.node.bindings) is not None

    def _wrong_fields(self) -> list[tuple[str, Any]]:
        """The variables whose fields show something else than they hold, with what is shown."""
        shown = self.violation.seen.content
        if not isinstance(shown, Fields):
            return []
        step = next((step for step in self.steps if step.answer is not None and step.answer.fields), None)
        if step is None or step.answer is None:
            return []
        comparison, fields = self.oracle.comparison, self.oracle.comparison.fields(step.call.operation, shown)
        wrong = comparison.wrong(step, self.client, shown, self.here.node.bindings)
        return [(step.answer.fields[path], fields[path]) for path in wrong if path in step.answer.fields]

    def _as_though(self) -> dict[str, Any]:
        """The variable (and value) that would explain the outcome, if one alone does."""
        for name in sorted(self.machine.guards(self.violation.call.operation), key=self.machine.index.__getitem__):
            variable = self.contract.variables[name]
            for value in variable.values:
                other = self.machine.having(self.state, **{name: value})
                if other != self.state and any(
                    self._fits(step) or self._fits_but_for_fields(step)
                    for step in self.machine.steps(other, self.machine.again(self.violation.call, other))
                    if self.oracle.keys(step) is not None
                ):
                    return {name: value}
        return {}

    def _fits_but_for_fields(self, step: Step) -> bool:
        return bool(step.answer and step.answer.fields) and isinstance(self.violation.seen.content, Fields)

    # Law 3: a call that changes nothing may be deleted ----------------------------------------------------------------

    def _by_idle_calls(self, wrong: dict[str, Any]) -> list[str]:
        """The rules of earlier calls that write nothing of what is wrong, and yet must have caused it."""
        rules: list[str] = []
        overwritten, guards = False, {*self.machine.guards(self.violation.call.operation)}
        for moment in self._suspects(wrong):
            if moment.client != self.client:
                rules += [] if self._wrong_alone_too() else self._by_another_client(wrong)
            elif wrong and self._written(moment.step) & set(wrong):
                if not overwritten:  # What led this call to its row matters, too.
                    guards |= {*self.machine.guards(moment.step.call.operation)}
                overwritten = True
            elif self._is_idle(moment.step, wrong, guards) and (
                self.minimal
                or self._brought(moment.step, wrong)
                or (not overwritten and self._meant_to(moment.step, wrong))
            ):
                rules += [
                    rule
                    for rule in self.machine.carried(moment.step)
                    if self.contract.rules[rule].shows_later and self._speaks_of(rule, moment.step, wrong)
                ]
        return rules

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
        return widened and not any(self._fits(step) for step in permitted)

    def _speaks_of(self, rule: str, step: Step, wrong: Iterable[str]) -> bool:
        """Whether a rule says what one of the variables must be after such a call, or that all of them stay.

        That a pure call changes nothing need not be said.
        """
        texts = [item.holds for item in self.contract.rules[rule].invariants if step.call.operation in item.of]
        names = {name for text in texts for _, name in mentioned(text, "after")}
        stays = any(mentioned(text, "kept") for text in texts)
        if self.contract.operations[step.call.operation].pure:
            return True
        if not stays or names:
            return not wrong or bool(names & set(wrong))
        by_choice = any(rule in self.contract.choices[choice].touches for choice, _ in step.when)
        return step.is_error or by_choice or self._demands(rule, step)

    def _demands(self, rule: str, step: Step) -> bool:
        """Whether a rule says of such a call, with this outcome, that all stays: something else afterwards would break it."""
        name, variable = next(item for item in self.contract.variables.items() if len(item[1].values) > 1)
        other = next(value for value in variable.values if value != self.machine.value(step.after, name))
        changed = structs.replace(step, after=self.machine.having(step.after, **{name: other}))
        checks = (
            Check(self.machine, rule, number, item)
            for number, item in enumerate(self.contract.rules[rule].invariants)
            if step.call.operation in item.of
        )
        return any(check.fault(changed, check.start) is not None for check in checks)

    def _suspects(self, wrong: dict[str, Any]) -> Iterator[Moment]:
        """The earlier calls that may be a cause, latest first: none that only bound an identity which is wrong now."""
        identities = self._identities(wrong)
        for moment in self.past:
            by_world = self.contract.operations[moment.step.call.operation].by_world
            binds = bool(identities and moment.step.answer is not None and moment.step.answer.fields)
            if not (moment.echo or binds or (by_world and not self.minimal)):
                yield moment

    def _by_another_client(self, wrong: dict[str, Any]) -> list[str]:
        """Where the sequence is minimal, a call of another client keeps the two apart no longer."""
        return [self.apart] if self.minimal and self.apart is not None and not self._identities(wrong) else []

    def _identities(self, wrong: dict[str, Any]) -> list[str]:
        return [name for name in wrong if self.contract.variables[name].owner is not None]

    def _is_idle(self, step: Step, wrong: dict[str, Any], guards: Iterable[str]) -> bool:
        """Whether what fails could do without this call: it neither writes what is wrong nor leads to a row that is met.

        `guards`: what decides which row the failing call meets, and which the call that wrote last what is wrong. What changes
        one of them is needed in any case.
        """
        prepares = any(step.before[self.machine.index[name]] != step.after[self.machine.index[name]] for name in guards)
        return (bool(wrong) or not self._written(step)) and not prepares

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

    def _written(self, step: Step) -> set[str]:
        effect = step.alternative.effect
        return set(self.contract.effects[effect].set) if effect else set()

    # Law 4: an answer shows a wrong state -----------------------------------------------------------------------------

    def _by_writer(self, name: str, shown: Any) -> list[str]:
        """The rules that answer for a variable after the row that wrote it last."""
        for position, moment in enumerate(self.past):
            if moment.client != self.client or name not in self._written(moment.step):
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
