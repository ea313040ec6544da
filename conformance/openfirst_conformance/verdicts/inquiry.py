"""Inquiry: a few calls more, that tell whether a call failed by itself or for what one before it has left behind.

Where another value of one variable would explain what was seen, both may be. If calls that change nothing show that value,
made in its place or after a call before, then what they show is the failure, and this one follows from it; if they show what
they should, it is the call itself. What the world holds, they need not show. There a client makes the rest of the calls that
holds from the start what a call of its own was to bring about: if nothing fails then, that call is the cause. So it is with a
datum that it holds, such as the external ID of a token, also where a fresh token came, and where an answer shows what was taken
from there. And where an answer shows a wrong datum, a call that may only have led there is made so that it leads nowhere.

Nothing is played here: a trial is yielded, and what came of it is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import NamedTuple

from openfirst_conformance.oracle.explanation import Moment, Violation
from openfirst_conformance.verdicts.scene import Scene
from openfirst_reference.machine.outcome import Refused
from openfirst_reference.machine.step import Call, State, Step


class Trial(NamedTuple):
    """Those of the failing calls from `start` to `end`, and then `more`.

    `fixture`, if one is named, is what the client holds whose call fails; other clients make their calls from the first on.
    `otherwise`: the place of one of them, and the call that is made in its stead.
    """

    start: int
    end: int
    more: Call | None = None
    fixture: str | None = None
    otherwise: tuple[int, Call] | None = None


class Unclear:
    """What came of a trial that could not be played to its end, or failed before."""


Came = Violation | Unclear | None
"""What came of a trial: what its last call broke; None: nothing."""


@dataclass(frozen=True)
class Witness:
    """A trial that shows what is wrong, and where."""

    trial: Trial
    violation: Violation


@dataclass(frozen=True)
class Itself:
    """The client is where it should be: none of these variables has the value that would explain what was seen."""

    acquitted: frozenset[tuple[str, str | None]]


@dataclass(frozen=True)
class LeftUndone:
    """What a call before was to make of a variable is not so."""

    moment: Moment
    name: str
    value: str | None


Finding = Witness | Itself | LeftUndone
Inquiry = Generator[Trial, Came, Finding | None]


def inquire(scene: Scene, can_call: Callable[[str], bool], can_hold: Callable[[str], bool]) -> Inquiry:
    """Find out by trials what is wrong; None: they do not tell. `can_call` an operation, `can_hold` a fixture: what can be tried.

    The sequence of calls is minimal, and each of them was answered before the next.
    """
    if scene.violation.overlapping or scene.here.pending:
        return None
    if scene.wrong_fields():
        found = yield from _by_one_that_leads_nowhere(scene)
        return found or (yield from _by_where_it_was_taken_from(scene, can_hold))
    found = yield from _before_it_was_settled(scene, can_call)
    if found is not None:
        return found
    # What was so before is left as it was more likely than something else is made of it.
    acquitted: set[tuple[str, str | None]] = set()
    for name, value in sorted(scene.as_though(), key=lambda guess: not _was(scene, *guess)):
        if scene.contract.variables[name].world:
            found = yield from _by_another_start(scene, name, value, can_hold)
        else:
            found = yield from _by_looks(scene, name, value, can_call, can_hold)
        if isinstance(found, Witness | LeftUndone):
            return found
        if found is not None:
            acquitted.add((name, value))
    plainer = yield from _by_a_plainer_call(scene, acquitted)
    return plainer or (Itself(frozenset(acquitted)) if acquitted else None)


def _by_a_plainer_call(scene: Scene, acquitted: AbstractSet[tuple[str, str | None]]) -> Inquiry:
    """Of a call that is refused, as it should be, but as though it were elsewhere: make it in its place with nothing given.

    If that is refused in the same way, and should not be, it shows better what is wrong.
    """
    failing, operation = scene.violation, scene.violation.call.operation
    if not (acquitted and failing.call.arguments and _is_refused_as(failing, failing)):
        return None
    if scene.contract.operations[operation].required or not any(step.is_error for step in failing.permitted):
        return None
    trial = Trial(0, len(_calls(scene)), scene.machine.alphabet({operation: ()}, scene.state)[0])
    came = yield trial
    if not isinstance(came, Violation) or not _is_refused_as(came, failing):
        return None
    due = any(step.is_error for step in came.permitted)
    alike = not acquitted.isdisjoint(Scene(scene.oracle, came, scene.usual).as_though())
    return Witness(trial, came) if alike and not due else None


def _is_refused_as(violation: Violation, other: Violation) -> bool:
    return isinstance(violation.outcome, Refused) and violation.outcome == other.outcome


def _by_one_that_leads_nowhere(scene: Scene) -> Inquiry:
    """Where a call that led to the row may have left what an answer shows wrong: make it so that it leads to no other row.

    If the same is wrong then, that shows better whose fault it is.
    """
    machine, calls = scene.machine, _calls(scene)
    guards = machine.guards(scene.violation.call.operation)
    wrong = {name for name, _ in scene.wrong_fields()}

    def leads(step: Step) -> bool:
        return any(machine.value(step.before, name) != machine.value(step.after, name) for name in guards)

    for place, moment in reversed([*enumerate(calls)]):
        step = moment.step
        if _is_own(scene, moment) and scene.written(step) & wrong:
            return None
        if not _is_own(scene, moment) or scene.contract.operations[step.call.operation].by_world or not leads(step):
            continue
        plain = machine.alphabet({step.call.operation: ()}, step.before)[0]
        # A plain call that led there, since a choice lets it, is made plainer by nothing: it would be its own witness for ever.
        if plain.arguments == step.call.arguments or all(leads(item) for item in machine.steps(step.before, plain)):
            continue
        trial = Trial(0, len(calls) + 1, otherwise=(place, plain))
        came = yield trial
        if isinstance(came, Violation) and wrong <= {name for name, _ in Scene(scene.oracle, came).wrong_fields()}:
            return Witness(trial, came)
    return None


def found_out(inquiry: Inquiry, came: Callable[[Trial], Came]) -> Finding | None:
    """What an inquiry finds out where a trial can be played at once."""
    try:
        trial = next(inquiry)
        while True:
            trial = inquiry.send(came(trial))
    except StopIteration as end:
        found: Finding | None = end.value
        return found


# What calls that change nothing show ----------------------------------------------------------------------------------


def _by_looks(
    scene: Scene, name: str, value: str | None, can_call: Callable[[str], bool], can_hold: Callable[[str], bool]
) -> Inquiry:
    """Look at a variable in place of the call that failed, and after those before, as far back as the last that wrote it.

    Of two looks that disagree one is wrong by itself, unless it shows what the last call that wrote it found there, and is
    right where the client was in that state from the start.
    """
    failing = scene.violation.call.operation
    looks = [call for call in _looks(scene, name) if can_call(call.operation)]
    calls, is_look = _calls(scene), scene.contract.operations[failing].pure
    place = _writer(scene, calls, name)
    writer = None if place is None else calls[place].step
    by_world = writer is not None and scene.contract.operations[writer.call.operation].by_world
    shown = right = 0
    first: Witness | None = None
    for look in looks:
        if look.operation != failing:
            trial = Trial(0, len(calls), look)
            came = yield trial
            if isinstance(came, Violation) and _shows(scene, came, name, value):
                shown, first = shown + 1, first or Witness(trial, came)
            is_so = by_world and any(scene.tells(look, name, other) for other in scene.contract.variables[name].values)
            right += came is None and (is_so or scene.tells(look, name, value) or not _could_be(scene, name, value))
    if right:
        left = is_look and not by_world and writer is not None and scene.machine.value(writer.before, name) == value
        by_history = left and (yield from _is_well_from_the_start(scene, calls, place, can_hold))
        return None if shown or by_history else Itself(frozenset({(name, value)}))
    for end in range(1 if place is None else place + 1, len(calls)):
        for look in looks:
            trial = Trial(0, end, look)
            came = yield trial
            if isinstance(came, Violation) and _shows(scene, came, name, value):
                return Witness(trial, came)
    # Of two that change nothing neither is the better witness.
    return None if is_look else first


def _before_it_was_settled(scene: Scene, can_call: Callable[[str], bool]) -> Inquiry:
    """Look where a call settled a choice which the one that failed contradicts: maybe the client was not where it should be."""
    settling = scene.settling()
    if settling is None:
        return None
    for look in _looks(scene):
        if can_call(look.operation):
            trial = Trial(0, _calls(scene).index(settling), look)
            came = yield trial
            if isinstance(came, Violation):
                return Witness(trial, came)
    return None


def _looks(scene: Scene, name: str | None = None) -> Iterator[Call]:
    """A call of each operation that changes nothing and depends on a variable, if one is named."""
    for operation, stated in scene.contract.operations.items():
        if stated.pure and (name is None or name in scene.machine.guards(operation)):
            yield scene.machine.alphabet({operation: ()}, scene.state)[0]


def _shows(scene: Scene, violation: Violation, name: str, value: str | None) -> bool:
    """Whether a look shows that value of a variable, and not that something else is wrong."""
    shown = Scene(scene.oracle, violation, scene.usual)
    return violation.client == scene.client and not shown.wrong_fields() and (name, value) in shown.as_though()


def _could_be(scene: Scene, name: str, value: str | None) -> bool:
    """Whether a client that forgets, misreads, or does too much, could be there. A datum can be mistaken for anything."""
    if not scene.contract.variables[name].is_enumeration:
        return True
    operations = scene.contract.operations
    own = [step for step in _since(scene, name) if not operations[step.call.operation].by_world]
    misreading = {step.call.operation for step in own if _is_world_as_at(scene, step)}
    elsewhere = (row for row in scene.contract.rows.values() if row.call in misreading)
    rows = [*elsewhere, *(step.row for step in own)]
    changes = (scene.contract.changes(item.effect) for row in rows for item in row.may)
    return _was(scene, name, value) or any(made.get(name) in (value, "given") for made in changes)


def _would_have(scene: Scene, step: Step, name: str, value: str | None) -> bool:
    """Whether a call that was refused, and changed nothing, would have made that of a variable, had it been accepted.

    Or anything at all of a datum: by half it may as well have lost it.
    """
    if not step.is_error or scene.written(step):
        return False
    rows = (row for row in scene.contract.rows.values() if row.call == step.call.operation)
    changes = (scene.contract.changes(item.effect) for row in rows for item in row.may)
    afters = [scene.machine.after(step.before, step.variant, made) for made in changes if name in made]
    is_datum = not scene.contract.variables[name].is_enumeration
    return any(is_datum or scene.machine.value(after, name) == value for after in afters)


def _is_world_as_at(scene: Scene, step: Step) -> bool:
    """Whether the world is as a call found it: what that made of it by misreading it may show still."""
    world = (name for name, variable in scene.contract.variables.items() if variable.world)
    return all(scene.machine.value(step.before, name) == scene.machine.value(scene.state, name) for name in world)


def _was(scene: Scene, name: str, value: str | None) -> bool:
    """Whether the client was there before: so it is if a call forgets what it was to do."""
    return any(scene.machine.value(step.before, name) == value for step in _since(scene, name))


def _since(scene: Scene, name: str) -> Iterator[Step]:
    """The client's steps, latest first, up to the last one that wrote a variable."""
    for moment in scene.past:
        if _is_own(scene, moment):
            yield moment.step
            if name in scene.written(moment.step):
                return


def _is_own(scene: Scene, moment: Moment) -> bool:
    return moment.client == scene.client


# What the world holds -------------------------------------------------------------------------------------------------


def _by_another_start(scene: Scene, name: str, value: str | None, can_hold: Callable[[str], bool]) -> Inquiry:
    """Let a client make the rest of the calls that holds from the start what the last call left that gave it what it holds."""
    calls = _calls(scene)
    place = _giver(scene, calls, name)
    if scene.contract.operations[scene.violation.call.operation].by_world:
        return None
    if any(_would_have(scene, step, name, value) for step in _since(scene, name)):
        return None
    if place is None or not _could_be(scene, name, value):
        return Itself(frozenset({(name, value)}))
    giver = calls[place].step
    if scene.contract.operations[giver.call.operation].by_world and name in scene.written(giver):
        return None  # Then it is so, whatever the client makes of it.
    is_well = yield from _is_well_from_the_start(scene, calls, place, can_hold)
    if is_well is None:
        return None
    return LeftUndone(calls[place], name, value) if is_well else Itself(frozenset({(name, value)}))


def _by_where_it_was_taken_from(scene: Scene, can_hold: Callable[[str], bool]) -> Inquiry:
    """Where an answer shows wrong what a call took from what the client holds: find out about that.

    Only if all that was done before the client got it is that it was given others: what is shown may be left from anything else.
    """
    calls, variables = _calls(scene), scene.contract.variables
    for name, shown in scene.wrong_fields():
        writer = _writer(scene, calls, name)
        changes = {} if writer is None else scene.contract.changes(calls[writer].step.alternative.effect)
        source = changes.get(name, "")
        if source not in variables or not variables[source].world:
            continue
        place = _giver(scene, calls, source)
        if place is None or not all(source in scene.written(moment.step) for moment in calls[:place]):
            continue
        found = yield from _by_another_start(scene, source, shown, can_hold)
        if isinstance(found, LeftUndone):
            return found
    return None


def _is_well_from_the_start(
    scene: Scene, calls: list[Moment], place: int | None, can_hold: Callable[[str], bool]
) -> Generator[Trial, Came, bool | None]:
    """Whether nothing fails behind a call where the client is from the start as that call leaves it; None: nobody can say."""
    if place is None:
        return None
    rest = [moment for moment in calls[place:] if _is_own(scene, moment)]
    for fixture in scene.contract.fixtures:
        if can_hold(fixture) and _is_like(scene, scene.machine.fixture(fixture), rest):
            came = yield Trial(place + 1, len(calls) + 1, fixture=fixture)
            fails_too = isinstance(came, Violation) and came.rows == scene.violation.rows
            return True if came is None else False if fails_too else None
    return None


def _calls(scene: Scene) -> list[Moment]:
    """The calls before, the first one first."""
    return [moment for moment in scene.past if not moment.echo][::-1]


def _writer(scene: Scene, calls: list[Moment], name: str) -> int | None:
    """The place of the last call of the client that wrote a variable."""
    own = (place for place, moment in enumerate(calls) if _is_own(scene, moment) and name in scene.written(moment.step))
    return max(own, default=None)


def _giver(scene: Scene, calls: list[Moment], name: str) -> int | None:
    """The place of the last call that wrote a variable of the world; or of a datum, which comes with others, any of them."""
    if scene.contract.variables[name].is_enumeration:
        return _writer(scene, calls, name)
    given = [other for other, variable in scene.contract.variables.items() if variable.world]
    places = [place for other in given if (place := _writer(scene, calls, other)) is not None]
    return max(places, default=None)


def _is_like(scene: Scene, state: State, calls: list[Moment]) -> bool:
    """Whether the calls behind the first, and the one that failed, meet in a state the rows that they met."""
    machine, first = scene.machine, calls[0].step
    made = [*(moment.step.call for moment in calls[1:]), scene.violation.call]
    asked = {name for call in made for name in machine.guards(call.operation)}
    try:
        alike = all(machine.again(call, state).leaves == call.leaves for call in made)
    except ValueError:
        return False
    return alike and all(machine.value(state, name) == machine.value(first.after, name) for name in asked)
