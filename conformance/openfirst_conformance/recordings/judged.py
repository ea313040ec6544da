"""What already happened, judged: a recording's calls go through the tracker that judges a check.

Clients that share an external ID are followed together, and all others apart; those that share a participant's ID all the same
are followed once more, together. Where a rule is broken, the calls of all clients up to there are followed once more together,
so that a session that shows in another one is blamed as that; and the rest is followed as though that had been permitted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from openfirst_conformance.oracle.oracle import Oracle
from openfirst_conformance.recordings.events import Event, Made, Recording, Turned
from openfirst_conformance.recordings.follower import Broken, Follower, Line
from openfirst_conformance.verdicts.blame import blame
from openfirst_conformance.verdicts.model import ChoiceSeen, note_choices
from openfirst_reference.machine.machine import Machine


class TooOpen(Enum):
    """Why nothing could be judged any more."""

    TOO_MANY_UNDER_WAY = auto()
    """So many calls were under way at once that their orders cannot be tried."""
    CREDENTIAL_TURNED = auto()
    """The credential became another one while a call was under way."""


_Blamed = tuple[tuple[str, ...], list[Line]]
"""The rules that a call breaks, and the calls before it."""


@dataclass
class Judged:
    """What is to be said of a recording; `given_up`: the calls after which nothing could be judged any more, and why."""

    choices: dict[str, ChoiceSeen]
    calls: int = 0
    broken: list[Broken] = field(default_factory=list)
    given_up: list[tuple[Line, TooOpen]] = field(default_factory=list)


def judge_recordings(recordings: Iterable[Recording], machine: Machine, choices: Mapping[str, str]) -> Judged:
    """Judge recordings of one implementation. `choices` are declared in addition to those that a recording declares.

    Raises ValueError, with the place, for a call that the contract does not know.
    """
    contract = machine.contract
    granted = contract.undeclared_choices()
    judged = Judged({name: ChoiceSeen(name, choices.get(name), granted.get(name)) for name in contract.choices})
    oracles: dict[tuple[tuple[str, str], ...], Oracle] = {}
    for recording in recordings:
        declared = {**recording.choices, **choices}
        for choice, value in declared.items():
            judged.choices[choice].declared = value
        key = tuple(sorted(declared.items()))
        if key not in oracles:
            oracles[key] = Oracle(machine, declared)
        found, judged.broken = judged.broken, []
        apart = _bound_up(recording, oracles[key])
        for names in apart:
            _judge(oracles[key], recording, names, judged)
        for names in _bound_up(recording, oracles[key], identities=True):
            if names not in apart:
                _judge_identities(oracles[key], recording, names, judged)
        place = {event.where: number for number, event in enumerate(recording.events) if not isinstance(event, Turned)}
        judged.broken = [*found, *sorted(judged.broken, key=lambda item: place[item.line.where])]
    return judged


def _bound_up(recording: Recording, oracle: Oracle, *, identities: bool = False) -> list[set[str]]:
    """The clients in groups that can have to do with one another: by a value that echoes compare, an external ID.

    With `identities`, also by an identity that is shown to several of them.
    """
    contract = oracle.machine.contract
    echoes = [stated.echo for stated in contract.operations.values() if stated.echo]
    names = {name for echo in echoes for name in (echo.by, *echo.to)}
    index = {name: position for position, name in enumerate(contract.variables)}
    values: dict[str, set[Any]] = {
        client: {state[index[name]] for name in names} - {None, ""} for client, state in recording.clients.items()
    }
    for event in recording.events:
        if isinstance(event, Made):
            paths = contract.operations[event.operation].parameters
            given = (_at(event.arguments, path) for name, path in paths.items() if name in names)
            values[event.client].update(value for value in given if isinstance(value, str))
        if identities and not isinstance(event, Turned):
            made = event if isinstance(event, Made) else event.made
            shown = oracle.comparison.identities(made.operation, event.outcome)
            values[event.client].update(("identity", value) for value in shown)
    groups: list[tuple[set[str], set[Any]]] = []
    for client, own in values.items():
        mine, shared = {client}, set(own)
        apart = []
        for others, theirs in groups:
            if theirs & own:
                mine, shared = mine | others, shared | theirs
            else:
                apart.append((others, theirs))
        groups = [*apart, (mine, shared)]
    return [clients for clients, _ in groups]


def _judge(oracle: Oracle, recording: Recording, names: set[str], judged: Judged) -> None:
    events = [event for event in recording.events if event.client in names]
    operations = oracle.machine.contract.operations
    judged.calls += sum(isinstance(event, Made) and not operations[event.operation].by_world for event in events)
    follower, last, broken = _followed(oracle, recording, names)
    judged.broken += broken
    if last is not None and follower.violation is None:
        why = TooOpen.CREDENTIAL_TURNED if isinstance(last, Turned) else TooOpen.TOO_MANY_UNDER_WAY
        judged.given_up.append((follower.lines[-1], why))
    # What was known before a violation stays known.
    note_choices(judged.choices, oracle.machine.contract, follower.tracker.evidence())


def _judge_identities(oracle: Oracle, recording: Recording, names: set[str], judged: Judged) -> None:
    """Clients that were judged apart, and share an identity: what that breaks is found where they are followed together."""
    found = {rule for item in judged.broken if item.line.client in names for rule in item.rules}
    _, _, broken = _followed(oracle, recording, names)
    judged.broken += [item for item in broken if not found.issuperset(item.rules)]


def _followed(oracle: Oracle, recording: Recording, names: set[str]) -> tuple[Follower, Event | None, list[Broken]]:
    """Follow these clients as far as that goes: where it ended before the last event, and what was broken on the way."""
    events = [event for event in recording.events if event.client in names]
    follower = Follower(oracle, {name: recording.clients[name] for name in recording.clients if name in names})
    last = follower.follow(events)
    found: set[str] = set()
    broken: list[Broken] = []
    while follower.violation is not None and last is not None:
        line, violation, before = follower.lines[-1], follower.violation, follower.lines[:-1]
        rules = blame(oracle, violation, minimal=False)
        # Of what comes later, nobody can say whether another client has a part in it.
        if not found and names != set(recording.clients):
            rules, before = _among_all(oracle, recording, names, last, rules) or (rules, before)
        if not found.issuperset(rules):
            broken.append(Broken(line, rules, violation.permitted, tuple(before)))
        found.update(rules)
        if not follower.go_on(rules):
            break
        last = follower.follow_on(events)
    if last is None:
        broken += [item for item in follower.followed() if not found.issuperset(item.rules)]
    return follower, last, broken


def _among_all(
    oracle: Oracle, recording: Recording, names: set[str], last: Event, alone: tuple[str, ...]
) -> _Blamed | None:
    """Which rules are broken, seen beside all other clients, and the calls before; None where that shows no others than `alone`.

    Where one other client is enough to show it, the calls are of no more than that one.
    """
    all_of_them = _beside(oracle, recording, set(recording.clients), last)
    if all_of_them is None or all_of_them[0] == alone:
        return None
    for client in [name for name in recording.clients if name not in names]:
        found = _beside(oracle, recording, names | {client}, last)
        if found is not None and found[0] == all_of_them[0]:
            return found
    return all_of_them


def _beside(oracle: Oracle, recording: Recording, names: set[str], last: Event) -> _Blamed | None:
    """The rules that the last of these clients' calls breaks, and the calls before it; None where it breaks none, or one before."""
    together = Follower(oracle, {name: recording.clients[name] for name in recording.clients if name in names})
    until = recording.events[: recording.events.index(last) + 1]
    broke = together.follow([event for event in until if event.client in names])
    if broke is not last or not together.violation:
        return None
    return blame(oracle, together.violation, minimal=False), together.lines[:-1]


def _at(arguments: Any, path: Sequence[str]) -> Any:
    for part in path:
        arguments = arguments.get(part) if isinstance(arguments, Mapping) else None
    return arguments
