"""The journal as a log of calls, which `openfirst trace` judges; docs/trace.md describes the lines."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from openfirst_reference.machine.credential import client_choices
from openfirst_reference.machine.search import Search
from openfirst_reference.machine.step import State, Step
from openfirst_simulator.exports.history import History, application_of, history, misled, spoilt, who
from openfirst_simulator.journal import Entry, Filter, Journal, content_of
from openfirst_simulator.table import Table

Line = dict[str, Any]
Chosen = tuple[tuple[str, str], ...]
"""A value for each choice, in the contract's order."""
_INSTANTS = 10
"""So many named points of a token's life may pass between two calls."""


def trace(journal: Journal, wanted: Filter, table: Table) -> str:
    """What the clients of the entries that are wanted did, as a log; those of each application are a case of their own.

    A case has one set of choices. So clients that came after these were changed are a case of their own, too, and of those that
    were there before, nothing is said from then on.
    """
    past = history(journal, wanted, table)
    lines = [line for case in _cases(past, table) or [past] for line in _Log(case, table).lines()]
    return "".join(json.dumps(line) + "\n" for line in lines)


def _cases(past: History, table: Table) -> list[History]:
    """The past by application, and by the choices at the time when clients that have to do with one another began."""
    first = next((application_of(entry) for entry in past.entries if entry.claims is not None), None)
    theirs = client_choices(table.contract)
    began: dict[int, Chosen] = {}
    changed: dict[int, Entry] = {}
    cases: dict[tuple[str | None, Chosen], History] = {}
    for entry in past.entries:
        group, chosen = past.groups[who(entry)], _chosen(entry, theirs)
        if began.setdefault(group, chosen) != chosen:
            changed.setdefault(group, entry)
        key = (application_of(entry) or first, began[group])
        case = cases.setdefault(key, replace(past, entries=[], notes=list(past.notes), left_out=Counter()))
        if group not in changed:
            case.entries.append(entry)
            continue
        case.left_out["after a choice was changed"] += 1
        if changed[group] is entry:
            names = ", ".join(past.names[client] for client, number in past.groups.items() if number == group)
            other = ", ".join(f"`{name}`" for name, value in chosen if (name, value) not in began[group])
            case.notes.append(
                f"From entry {entry.number} on, nothing is said of {names}: {other} was changed, and a case has one set of choices."
            )
    return list(cases.values())


def _chosen(entry: Entry, theirs: Collection[str]) -> Chosen:
    """What the platform has decided, at the time of an entry, of what the sources leave open; `theirs` is what clients decide."""
    return tuple((name, value) for name, value in (entry.choices or {}).items() if name not in theirs)


class _Log:
    def __init__(self, past: History, table: Table) -> None:
        self._past, self._table = past, table
        self._machine, self._contract = table.machine, table.contract
        binding = table.credentials.binding
        self._condition = binding.condition.variable
        self._life = None if binding.life is None else binding.life.variable
        self._told: dict[str, dict[str, str | None]] = {}
        self._cut: set[int] = set()

    def lines(self) -> list[Line]:
        """The start, and all that followed."""
        calls = [entry for entry in self._past.entries if self._is_told(entry)]
        clients = {self._past.names[client]: self._held(client, calls) for client in dict.fromkeys(map(who, calls))}
        told = list(self._followed(calls))
        start: Line = {"clients": clients, "choices": self._choices(calls)}
        if self._past.notes:
            start["notes"] = self._past.notes
        if self._past.left_out:
            start["leftOut"] = dict(self._past.left_out)
        return [start, *told]

    def _is_told(self, entry: Entry) -> bool:
        """Whether a log has something to say of it; if not, why not is counted."""
        step, why = entry.step, None
        if not entry.own:
            why = "about a session that is not the caller's own"
        elif step is None:
            why = "not decided by the contract"
        elif not entry.is_move:
            pure = self._contract.operations[step.call.operation].pure
            if misled(entry) and (pure or step.is_error):
                why = "answered as a fault would have it, with nothing done"
            elif spoilt(entry) and pure:
                why = "without an answer, and without an effect"
        if why is not None:
            self._past.left_out[why] += 1
        return why is None

    def _choices(self, calls: Sequence[Entry]) -> dict[str, str]:
        """What the platform decides of what the sources leave open, which is the same in all of a case."""
        return dict(_chosen(calls[0], client_choices(self._contract))) if calls else {}

    def _held(self, client: str, calls: Iterable[Entry]) -> Line:
        """What a client holds at first."""
        own = [entry for entry in calls if who(entry) == client]
        first = next((entry for entry in own if not misled(entry)), None)
        state = None if first is None else first.before
        view = self._machine.view(self._machine.state() if state is None else state)
        described = self._table.credentials.described({name: _text(value) for name, value in view.items()})
        claims = own[0].claims
        if claims is not None:
            described |= {"kind": claims.kind, "externalId": claims.external_id}
            described["scopes"] = None if claims.scopes is None else list(claims.scopes)
        held = self._table.credentials.variables(described)
        self._told[client] = dict(held)
        if self._life is not None:
            self._told[client][self._life] = self._contract.variables[self._life].initial
        return {name: value for name, value in described.items() if value is not None}

    def _followed(self, calls: Iterable[Entry]) -> Iterator[Line]:
        """The calls in their order; one that others overlap begins, and ends later.

        Of two that came together, the first to end began last: so fewer overlap, and none that did not.
        """
        moments = [((entry.came_after, 1, -entry.number), entry, False) for entry in calls if not entry.is_move]
        moments += [((entry.number, 0, 0), entry, True) for entry in calls]
        moments.sort(key=lambda moment: moment[0])
        begun: set[int] = set()
        for place, (_, entry, is_end) in enumerate(moments):
            client = who(entry)
            if self._past.groups[client] in self._cut:
                continue
            if not is_end:
                alone = moments[place + 1][1] is entry and not spoilt(entry)
                if not alone:
                    begun.add(entry.number)
                    yield self._begun(entry)
                continue
            time = self._time(client, entry)
            if time is None:
                self._cut.add(self._past.groups[client])
                self._past.notes.append(
                    f"From entry {entry.number} on, nothing is said of {self._past.names[client]} and of whoever has to do "
                    "with it: what became of its token has no words in a log."
                )
                continue
            yield from time
            if entry.is_move:
                yield self._move(entry)
            elif not spoilt(entry):
                start = {"end": entry.number} if entry.number in begun else self._call(entry)
                yield {**start, **self._outcome(entry)}

    # Lines ------------------------------------------------------------------------------------------------------------

    def _call(self, entry: Entry) -> Line:
        step = _step(entry)
        operation = self._contract.operations[step.call.operation]
        absent = {
            ".".join(operation.parameters[name]): None for name in operation.parameters if operation.takes_null(name)
        }
        arguments = {**absent, **step.call.arguments}
        line: Line = {
            "client": self._past.names[who(entry)],
            "operation": self._contract.bindings.operations.outward(operation.name),
        }
        return {**line, "arguments": arguments} if arguments else line

    def _begun(self, entry: Entry) -> Line:
        return {**self._call(entry), "begin": entry.number}

    def _move(self, entry: Entry) -> Line:
        self._told[who(entry)][self._condition] = _text(self._machine.value(_state(entry.after), self._condition))
        return {"client": self._past.names[who(entry)], "world": entry.name}

    def _outcome(self, entry: Entry) -> Line:
        step, body = _step(entry), content_of(entry.answer)
        operation = self._contract.operations[step.call.operation]
        if step.answer is not None and entry.code is None:
            if step.answer.ignore:
                return {"outcome": "value"}
            return {"outcome": "value", "value": body if step.answer.fields else step.answer.value}
        if operation.pure and operation.result == "boolean":
            # What a client would have concluded: where the platform takes no token, no session is open.
            return {"outcome": "value", "value": False}
        known = entry.code in self._contract.errors
        return {"outcome": "error", "code" if known else "native": entry.code, "message": _detail(body)}

    # Time -------------------------------------------------------------------------------------------------------------

    def _time(self, client: str, entry: Entry) -> list[Line] | None:
        """What has become of the client's token since it was spoken of last: time has passed. None: there are no words for it.

        Whether a client asked for a fresh token, its platform cannot tell; one that got none is taken to have asked.
        """
        if misled(entry):
            return []
        told, before = self._told[client], _state(entry.before)
        wanted = {name: self._machine.value(before, name) for name in told if name != self._life}
        if all(told[name] == value for name, value in wanted.items()):
            return []
        passing = [name for name, stated in self._contract.operations.items() if stated.driven == "advance"]
        search: Search[State, Step] = Search([self._machine.having(before, **told)], limit=_INSTANTS)
        for state in search:
            if all(self._machine.value(state, name) == value for name, value in wanted.items()):
                way = search.way(state)
                told.update({name: _text(self._machine.value(state, name)) for name in told})
                return [self._passed(client, step) for step in way]
            for call in self._machine.alphabet(dict.fromkeys(passing), state):
                for step in self._machine.resolved(state, call, entry.choices or {}):
                    search.found(state, step, step.after)
        return None

    def _passed(self, client: str, step: Step) -> Line:
        refresh, answer = self._contract.bindings.refresh, step.answer
        said = answer.value if answer is not None and not answer.ignore else {}
        asked = True if refresh is None else bool(said.get(refresh.asked.field, True))
        return {
            "client": self._past.names[client],
            "world": self._contract.bindings.operations.outward(step.call.operation),
            "arguments": dict(step.call.arguments),
            "value": {"asked": asked},
        }


def _step(entry: Entry) -> Step:
    assert entry.step is not None
    return entry.step


def _state(state: State | None) -> State:
    assert state is not None
    return state


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _detail(body: Any) -> str | None:
    detail = body.get("detail") if isinstance(body, dict) else None
    return detail if isinstance(detail, str) else None
