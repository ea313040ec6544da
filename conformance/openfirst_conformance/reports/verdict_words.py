"""Verdicts in words that several reports share: what a tier promises, why a rule was not tested, what is known of a choice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from openfirst_conformance.driving.ability import Lacking, LeftOut, What
from openfirst_conformance.driving.played import Played
from openfirst_conformance.driving.shrink import idle_clients
from openfirst_conformance.platforms.stage import NoControl
from openfirst_conformance.recordings.judged import TooOpen
from openfirst_conformance.verdicts.contrast import Side, Way
from openfirst_conformance.verdicts.model import ChoiceCell, ChoiceSeen
from openfirst_conformance.verdicts.reasons import (
    Accepted,
    Cause,
    GivenUp,
    Gone,
    Hung,
    Masked,
    NeverAnswered,
    NeverReached,
    NeverReset,
    NotAgain,
    NoTier,
    NotStarted,
    NotTried,
    OneAtATime,
    OneSided,
    Reason,
    SlowToStart,
    Stopped,
    TooOften,
    Unable,
)
from openfirst_reference.contract.findings import count, list_words
from openfirst_reference.show.step_words import outcome_words

VARIES = "varies by class or state"


def promise_in_words(promise: Mapping[str, Any], shard: tuple[int, int] = (1, 1)) -> str:
    """What a pass in a tier means, what that rests on, and what is not looked for; a part of a run promises nothing alone."""
    if not promise["finished"]:
        return "Not done to its end, so it promises nothing."
    by_chance: list[str] = []
    if "fixtures" in promise:
        by_extra: dict[int, list[str]] = {}
        for fixture, item in promise["fixtures"].items():
            by_extra.setdefault(item["extraStates"], []).append(fixture)
        scenarios = sum(item["scenarios"] for item in promise["fixtures"].values())
        most = max(by_extra, default=0)
        text = f"Every fault within {count(most, 'call')} of {scenarios} scenarios is found"
        by_chance = [
            f"a fault that needs {count(extra + 2, 'call')} after such a scenario, starting as {list_words(names, 'or')}"
            for extra, names in by_extra.items()
            if extra != most
        ]
    elif "seed" in promise:
        text = f"{count(promise['walks'], 'walk')} of {promise['length']} calls, seed {promise['seed']}"
    else:
        text = "Single faults are found"
    if not promise["assumptions"]:
        return ""
    part, parts = shard
    said = [f"Part {part} of {parts}; all parts together promise:"] if parts > 1 else []
    said += [f"{text}, given that {'; '.join(promise['assumptions'])}."]
    said += [f"Found by chance only: {'; '.join(by_chance)}."] if by_chance else []
    untold: dict[str, dict[str, None]] = {}
    for name, *values in promise.get("neverToldApart", ()):
        untold.setdefault(name, {}).update(dict.fromkeys(values))
    told = [f"{name} ({', '.join(sorted(values))})" for name, values in untold.items()]
    said += (
        [f"Not looked for, since no call surely shows it by itself: one value for another of {list_words(told)}."]
        if told
        else []
    )
    return " ".join(said)


def choice_in_words(choice: ChoiceSeen) -> tuple[str, str]:
    """The value of a choice, and what it rests on."""
    counts: Counter[str] = Counter()
    for cell in choice.observed.values():
        for values, times in cell.items():
            counts[values_in_words(values)] += times
    total = sum(counts.values())
    if choice.declared is not None:
        return choice.declared, "declared"
    if not choice.applies:
        return "not applicable", "a client makes it, and no platform"
    if not total:
        return (choice.granted, "taken for granted, since nothing is declared") if choice.granted else ("not seen", "")
    value = value_in_words(choice) or ""
    if len(counts) == 1:
        return value, f"observed, in all {total} observations"
    often = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return value, "observed: " + ", ".join(f"{seen} ({times})" for seen, times in often)


def clients_in_words(played: Played) -> str:
    """What each client of a failure holds; and of one that makes no call, that it is not there by oversight."""
    held = {
        client: ", ".join(f"{name} {value!r}" for name, value in own.items())
        for client, own in played.case.held.items()
    }
    clients = [
        f"{client}: {fixture}" + (f" with {held[client]}" if client in held else "")
        for client, fixture in played.case.clients.items()
    ]
    idle = [f" {client} makes no call, but must be there for this to show." for client in idle_clients(played)]
    return f"Clients: {', '.join(clients)}.{''.join(idle)}"


def forbidding_in_words(choice: ChoiceSeen, value: str) -> str:
    """Why a value of a choice forbids what was seen: somebody declared it, it goes without saying, or it was seen elsewhere."""
    if choice.declared is not None:
        return f"`{choice.id}` is declared to be `{value}`."
    if choice.granted is not None:
        return f"Nothing is declared of `{choice.id}`, and `{value}` is taken for granted."
    return f"`{choice.id}` was seen to be `{value}` before."


def value_in_words(choice: ChoiceSeen) -> str | None:
    """The value of a choice, or that it varies; None where nothing is known."""
    return None if choice.values is None else values_in_words(choice.values) or VARIES


def values_in_words(values: Iterable[str]) -> str:
    """Values that nothing has told apart."""
    return " or ".join(sorted(values))


def cell_in_words(cell: ChoiceCell) -> str:
    """Where a choice was seen."""
    given = ", ".join(f"{name} {leaf}" for name, leaf in cell.given)
    return f"{cell.row} ({given})" if given else cell.row


def too_open_in_words(why: TooOpen) -> str:
    """Why a recording cannot be judged any further."""
    match why:
        case TooOpen.TOO_MANY_UNDER_WAY:
            return "too many calls are under way at once to try their orders"
        case TooOpen.CREDENTIAL_TURNED:
            return "the credential became another one while a call was under way"


def reason_in_words(reason: Reason) -> str:
    """Why a rule has its verdict; empty where there is nothing to say."""
    match reason:
        case NotAgain(operation, outcome, case):
            came = outcome_words(outcome)
            return f"it failed once ({operation}: {came}, in {case}) and not when the same calls were made again"
        case NeverAnswered():
            return "a call that tests it was never answered, or ended the adapter, each time it was made"
        case NeverReached(by):
            calls = ", ".join(f"{operation} ({fault or 'not answered'})" for operation, fault in by)
            return f"nothing that tests it came to its end: each time the adapter failed, or did not answer, at {calls}"
        case GivenUp(cause):
            return _cause_in_words(cause)
        case Accepted(why):
            return why
        case NotTried(conditions, moves, control):
            untried = ", ".join([*(f"{item} credentials" for item in conditions), *moves])
            return f"not tried: {untried}; {_no_control_in_words(control)}"
        case OneAtATime(calls):
            return f"the adapter declares that it {'takes one call' if calls else 'holds one client'} at a time"
        case OneSided(lacking):
            by_sides: dict[str, list[str]] = {}
            for item in lacking:
                by_sides.setdefault(_sides_in_words(item.sides), []).append(item.operation)
            return "; ".join(f"never seen {sides}: {', '.join(names)}" for sides, names in by_sides.items())
        case Masked(by):
            return f"whatever tests it breaks first: {', '.join(by)}"
        case Unable(lacking):
            return "; ".join(dict.fromkeys(lacking_in_words(item) for item in lacking))
        case NoTier():
            return "no tier that was run tests it"
    return ""


def left_out_in_words(item: LeftOut) -> str:
    """That a case was not played, and why."""
    why = "; ".join(dict.fromkeys(map(lacking_in_words, item.lacking)))
    return f"Left out, since it is not applicable: the case {item.case} ({why})."


def _sides_in_words(sides: Iterable[Side]) -> str:
    """On which sides an operation was to be."""
    words = {
        Way.REFUSED: "refused where it must be",
        Way.REFUSED_BY_SERVICE: "refused by the service itself",
        Way.REFUSED_SOMEHOW: "refused",
    }
    return " or ".join(f"{words.get(side.way, 'answered')} {side.value or ''}".strip() for side in sides)


def lacking_in_words(lacking: Lacking) -> str:
    """Why a call cannot be made."""
    match lacking.what:
        case What.OPERATION:
            return f"{lacking.of} is not declared"
        case What.ANY_OPERATION:
            return "not a single operation is declared"
        case What.REFRESH:
            return "refresh is not declared"
        case What.VIRTUAL_CLOCK:
            return "the clock is not virtual"
        case What.CONTROL:
            why = (
                _no_control_in_words(lacking.why) if lacking.why else "it is not declared, and the platform is not used"
            )
            return f"{lacking.of} cannot be brought about: {why}"
        case What.ANOTHER_CLIENT:
            return "only another client can bring it about"
        case What.DEPRECATED:
            return f"{lacking.of} is deprecated, and not declared"
        case What.CREDENTIAL:
            return _no_control_in_words(lacking.why) if lacking.why else ""
        case What.NOT_TAKEN:
            return f"credentials of the kind {lacking.of} are not declared"
        case What.NEEDED:
            return f"{lacking.of} is declared to be required"
        case What.UNSUPPORTED:
            return f"{lacking.of} is declared to be unsupported"
        case What.METHODS:
            return "not every method of every service is declared"
        case What.METHOD:
            return f"{lacking.of} is not declared"
        case What.CLIENTS:
            return f"it has more clients than are declared ({lacking.of})"
        case What.AT_ONCE:
            return f"more of its calls overlap than are declared to be taken at once ({lacking.of})"


def _no_control_in_words(why: NoControl) -> str:
    match why:
        case NoControl.NO_PLANE:
            return "the platform has no control plane; if it has one elsewhere, name it with --control"
        case NoControl.NO_PLATFORM:
            return "there is no platform"


def _cause_in_words(cause: Cause) -> str:
    match cause:
        case Stopped():
            return "the run was stopped before its end"
        case Hung(times):
            return f"the adapter hung {count(times, 'time')}, so the rest was not tried"
        case SlowToStart(seconds):
            return f"starting the adapter again and again took {seconds:.0f} s, so the rest was not tried"
        case NotStarted():
            return "the adapter could not be started again, so the rest was not tried"
        case Gone(detail):
            return f"{detail}, so the rest was not tried"
        case NeverReset(times):
            return f"the adapter failed at its first reset {count(times, 'time')}, so nothing was tried"
        case TooOften(times, calls):
            return f"the adapter failed {count(times, 'time')} in {count(calls, 'call')}, so the rest was not tried"
