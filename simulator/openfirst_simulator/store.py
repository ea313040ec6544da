"""The store of a world: records by kind and ID, found by values as well; and a draft of what a decision changes."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator
from heapq import heappop, heappush, nsmallest
from typing import Any

from openfirst_simulator.records import R, Record, Timer

Key = tuple[type[Record], str]
_Ids = str | dict[str, None]
"""The record that a value leads to, or several in the order in which they came by it: most are alone, and a map takes much."""


class Conflict(Exception):
    """What a draft read is not what is stored any more."""


class MemoryStore:
    """A store in memory, which never suspends. `commits` tells whether anything was changed since one looked last."""

    def __init__(self) -> None:
        self._records: dict[type[Record], dict[str, Any]] = {}
        self._found_by: dict[str, dict[str, _Ids]] = {}
        self._due: list[tuple[float, int, str]] = []
        self._turn = itertools.count()
        self.commits = 0

    def clear(self) -> None:
        """Nothing is stored any more."""
        for each in (self._records, self._found_by, self._due):
            each.clear()
        self.commits += 1

    def load(self, kind: type[R], identifier: str) -> R | None:
        """The record, or None."""
        of_kind = self._records.get(kind)
        return None if of_kind is None else of_kind.get(identifier)

    def every(self, kind: type[R]) -> list[R]:
        """All records of a kind, in the order in which they came."""
        return list(self._records.get(kind, {}).values())

    def count(self, kind: type[Record]) -> int:
        """How many records of a kind there are."""
        return len(self._records.get(kind, ()))

    def newest(self, kind: type[R]) -> Iterator[R]:
        """The records of a kind, the one that came last first."""
        return reversed(self._records.get(kind, {}).values())

    def has(self, kind: type[Record]) -> bool:
        """Whether there is any record of a kind."""
        return bool(self._records.get(kind))

    def find(self, index: str, value: str) -> Collection[str]:
        """The IDs of the records that a value leads to, in the order in which they came by it."""
        found = self._found_by.get(index, {}).get(value, ())
        return (found,) if isinstance(found, str) else found

    def led(self, index: str) -> int:
        """How many values of an index lead to a record."""
        return len(self._found_by.get(index, ()))

    def newest_led(self, index: str) -> Iterator[str]:
        """The IDs of the records that values of an index lead to, by the value that came last first."""
        for found in reversed(self._found_by.get(index, {}).values()):
            yield from (found,) if isinstance(found, str) else found

    def leads(self, index: str, value: str, identifier: str) -> bool:
        """Whether a value leads to this record."""
        return identifier in self.find(index, value)

    def next_timer(self) -> Timer | None:
        """The timer that is due first; of several, the one that was set first."""
        while self._due:
            due, _, identifier = self._due[0]
            timer = self.load(Timer, identifier)
            if timer is not None and timer.due == due:
                return timer
            heappop(self._due)
        return None

    def next_timers(self, count: int) -> list[Timer]:
        """The timers that are due first, so many at most."""
        return nsmallest(count, self.every(Timer), key=lambda timer: timer.due)

    def commit(self, draft: Draft) -> None:
        """Take in what a draft changes, all of it or, raising Conflict, nothing."""
        if draft.store is not self:
            raise Conflict
        for (kind, identifier), seen in draft.seen.items():
            if self.load(kind, identifier) is not seen:
                raise Conflict
        if draft.changes:
            self.commits += 1
        for (kind, identifier), record in draft.changes.items():
            of_kind = self._records.setdefault(kind, {})
            old = of_kind.get(identifier)
            if kind.is_found:
                before = list(old.found_by()) if old is not None else []
                after = list(record.found_by()) if record is not None else []
                for index, value in before:
                    if (index, value) not in after:
                        self._leave(index, value, identifier)
                for index, value in after:
                    if (index, value) not in before:
                        self._enter(index, value, identifier)
            if isinstance(record, Timer):
                heappush(self._due, (record.due, next(self._turn), identifier))
            if record is not None:
                of_kind[identifier] = record
            elif old is not None:
                del of_kind[identifier]

    def _enter(self, index: str, value: str, identifier: str) -> None:
        values = self._found_by.setdefault(index, {})
        found = values.get(value)
        if found is None:
            values[value] = identifier
        elif isinstance(found, str):
            values[value] = {found: None, identifier: None}
        else:
            found[identifier] = None

    def _leave(self, index: str, value: str, identifier: str) -> None:
        values = self._found_by[index]
        found = values[value]
        if isinstance(found, dict):
            found.pop(identifier, None)
        if found in (identifier, {}):
            del values[value]


class Draft:
    """The store as one decision sees it: as it is, and over it what that decision has changed so far."""

    def __init__(self, store: MemoryStore) -> None:
        self.store = store
        self.seen: dict[Key, Record | None] = {}
        self.changes: dict[Key, Record | None] = {}

    def get(self, kind: type[R], identifier: str) -> R | None:
        """The record as it is now, or None."""
        key = (kind, identifier)
        found: Any
        if key in self.changes:
            found = self.changes[key]
        else:
            found = self.seen[key] = self.store.load(kind, identifier)
        return found  # type: ignore[no-any-return]

    def find(self, kind: type[R], index: str, value: str, but: str | None = None) -> list[R]:
        """The records of a kind that a value of one of its indexes leads to now, in the order in which they came by it.

        The one with the ID `but` is not meant.
        """
        result: list[R] = []
        for identifier in self.store.find(index, value):
            record = None if identifier == but else self.get(kind, identifier)
            if record is not None and ((kind, identifier) not in self.changes or (index, value) in record.found_by()):
                result.append(record)
        for (of, identifier), changed in self.changes.items():
            if of is not kind or identifier == but:
                continue
            is_found = changed is not None and (index, value) in changed.found_by()
            if is_found and not self.store.leads(index, value, identifier):
                result.append(changed)  # type: ignore[arg-type]
        return result

    def put(self, record: Record) -> None:
        """The record is this from now on."""
        self.changes[type(record), record.id] = record

    def drop(self, record: Record) -> None:
        """The record is no more."""
        self.changes[type(record), record.id] = None
