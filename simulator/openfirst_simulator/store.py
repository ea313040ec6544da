"""The store of a world: records by kind and ID, found by values as well; and a draft of what a decision changes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Any

from openfirst_simulator.records import R, Record, Timer

Key = tuple[type[Record], str]


class Conflict(Exception):
    """What a draft read is not what is stored any more."""


class MemoryStore:
    """A store in memory, which never suspends."""

    def __init__(self) -> None:
        self._records: dict[Key, Record] = {}
        self._of_kind: dict[type[Record], dict[Key, None]] = {}
        self._found_by: dict[tuple[str, str], dict[Key, None]] = {}
        self._due: list[tuple[float, int, str]] = []
        self._turn = itertools.count()

    def clear(self) -> None:
        """Nothing is stored any more."""
        for each in (self._records, self._of_kind, self._found_by, self._due):
            each.clear()

    def load(self, kind: type[R], identifier: str) -> R | None:
        """The record, or None."""
        found: Any = self._records.get((kind, identifier))
        return found  # type: ignore[no-any-return]

    def every(self, kind: type[R]) -> list[R]:
        """All records of a kind, in the order in which they came."""
        found: list[Any] = [self._records[key] for key in self._of_kind.get(kind, ())]
        return found

    def has(self, kind: type[Record]) -> bool:
        """Whether there is any record of a kind."""
        return bool(self._of_kind.get(kind))

    def find(self, index: str, value: str) -> Iterator[Key]:
        """The records that a value leads to, in the order in which they came by it."""
        return iter(self._found_by.get((index, value), ()))

    def next_timer(self) -> Timer | None:
        """The timer that is due first; of several, the one that was set first."""
        while self._due:
            due, _, identifier = self._due[0]
            timer = self.load(Timer, identifier)
            if timer is not None and timer.due == due:
                return timer
            heappop(self._due)
        return None

    def leads(self, index: str, value: str, key: Key) -> bool:
        """Whether a value leads to this record."""
        return key in self._found_by.get((index, value), ())

    def commit(self, draft: Draft) -> None:
        """Take in what a draft changes, all of it or, raising Conflict, nothing."""
        if draft.store is not self or any(self._records.get(key) is not seen for key, seen in draft.seen.items()):
            raise Conflict
        for key, record in draft.changes.items():
            old = self._records.get(key)
            before = set(old.found_by()) if old is not None else set()
            after = list(record.found_by()) if record is not None else []
            for place in before.difference(after):
                together = self._found_by[place]
                del together[key]
                if not together:
                    del self._found_by[place]
            for place in after:
                if place not in before:
                    self._found_by.setdefault(place, {})[key] = None
            if isinstance(record, Timer):
                heappush(self._due, (record.due, next(self._turn), record.id))
            if record is not None:
                self._records[key] = record
                if old is None:
                    self._of_kind.setdefault(key[0], {})[key] = None
            elif old is not None:
                del self._records[key]
                del self._of_kind[key[0]][key]


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

    def find(self, kind: type[R], index: str, value: str) -> Iterator[R]:
        """The records of a kind that a value leads to now, in the order in which they came by it."""
        for key in self.store.find(index, value):
            if key[0] is kind:
                record = self.get(kind, key[1])
                if record is not None and (key not in self.changes or (index, value) in record.found_by()):
                    yield record
        for key, changed in self.changes.items():
            if (
                isinstance(changed, kind)
                and (index, value) in changed.found_by()
                and not self.store.leads(index, value, key)
            ):
                yield changed

    def put(self, record: Record) -> None:
        """The record is this from now on."""
        self.changes[type(record), record.id] = record

    def drop(self, record: Record) -> None:
        """The record is no more."""
        self.changes[type(record), record.id] = None
