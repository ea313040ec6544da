"""The journal of a world: what was asked, what was decided and by which rule, and what was answered."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import msgspec
from msgspec import structs

from openfirst_reference.contract.findings import Mistake
from openfirst_reference.contract.model import Contract
from openfirst_reference.machine.step import State, Step
from openfirst_simulator.bodies import kind_of, number_shown
from openfirst_simulator.timeline import BrokenOff
from openfirst_simulator.tokens import Claims

ENTRIES = 10_000
BYTES = 16 * 1024 * 1024
_OVERHEAD = 600

UNKNOWN = "unknown"
"""The name of a request that comes to no route."""
Verdict = Literal["yes", "no", "unknown"]


class Entry(msgspec.Struct, frozen=True, eq=False, gc=False):
    """One request, or a move of the platform itself (`is_move`), which has no method, no path and no status.

    `name` is the operation's on the wire, an `operationId`, or `UNKNOWN`; `at` the world's time in seconds when it was decided. It
    came in at `came_at`, behind the entry `came_after`. `step` is the contract's, None where something else decided; `rule` what
    refused; `faults` those that struck, by their IDs, and `kinds` by what they do; `before` and `after` the client's state.
    `delivered` tells how the answer went out: whole, or broken by a fault. `client` is whose request it was, None if nobody
    can tell; not `own` is one about somebody else's session; `choices` are the world's at that time.
    """

    number: int
    at: float
    name: str
    method: str
    path: str
    sent: bytes
    status: int
    answer: bytes
    code: str | None = None
    rule: str | None = None
    token: str | None = None
    external_id: str | None = None
    session: str | None = None
    step: Step | None = None
    before: State | None = None
    after: State | None = None
    faults: tuple[str, ...] = ()
    delivered: str = "whole"
    kinds: tuple[str, ...] = ()
    client: str | None = None
    claims: Claims | None = None
    came_after: int = 0
    came_at: float = 0.0
    choices: Mapping[str, str] | None = None
    is_move: bool = False
    own: bool = True

    def __repr__(self) -> str:
        """What it is about, in a line."""
        came = "" if self.is_move else f", {self.status}"
        code, whose = self.code and f" {self.code}", self.external_id and f", of {self.external_id!r}"
        return f"<{type(self).__name__} {self.number} at {self.at}: {self.name}{came}{code or ''}{whose or ''}>"

    @property
    def operation(self) -> str:
        """The same as `name`: what it is called over HTTP."""
        return self.name

    @property
    def row(self) -> str | None:
        """The row of the contract that decided."""
        return None if self.step is None else self.step.row.id

    @property
    def refusal(self) -> Refusal | None:
        """What the contract refused; None where it did not."""
        step = self.step
        if step is None or not step.is_error or step.code != self.code:
            return None
        return Refusal(step.row.id, str(step.code), self.rule)

    @property
    def size(self) -> int:
        """What it takes, in bytes, about."""
        return _OVERHEAD + len(self.sent) + len(self.answer)


class Refusal(NamedTuple):
    """A refusal of the contract: by which row, with which code, and the rule that wants it if there is one."""

    row: str
    code: str
    rule: str | None


def least(at_least: int | None, at_most: int | None) -> int:
    """How many there are to be at least, where these are the bounds. Raises ValueError for bounds that cannot be."""
    for what, bound in (("The lower bound", at_least), ("The upper bound", at_most)):
        if bound is not None:
            _check_count(what, bound)
    lowest = at_least if at_least is not None else 1 if at_most is None else 0
    if at_most is not None and at_most < lowest:
        raise Mistake(
            f"At least {number_shown(lowest)} and at most {number_shown(at_most)}: no number is both. "
            "Give an upper bound that is no less than the lower one."
        )
    return lowest


def _check_count(what: str, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        found = number_shown(value) if type(value) in (int, float) else kind_of(value)
        raise Mistake(f"{what} is {found}. Give a whole number, 0 or more.")


@dataclass(frozen=True)
class Filter:
    """Which entries are meant; what is None leaves out none. `code` is an error's, `since` the number of an entry before them.

    Raises ValueError for a value that no entry can have: it would be asked for in vain.
    """

    operation: str | None = None
    status: int | None = None
    code: str | None = None
    external_id: str | None = None
    session: str | None = None
    fault: str | None = None
    row: str | None = None
    since: int = 0

    def __post_init__(self) -> None:
        for name in ("status", "since") if self.status is not None else ("since",):
            _check_count(f"`{name}`", getattr(self, name))
        for name in ("operation", "code", "external_id", "session", "fault", "row"):
            value = getattr(self, name)
            if not isinstance(value, str | None):
                raise Mistake(f"`{name}` is {kind_of(value)}. Give a text.")
            # An external ID may be empty.
            if value == "" and name != "external_id":
                raise Mistake(f"`{name}` is empty, which it is of no entry. Leave it out, or give what it is to be.")

    def fits(self, entry: Entry) -> bool:
        """Whether an entry is one of those."""
        return (
            entry.number > self.since
            and self.operation in (None, entry.name)
            and self.status in (None, entry.status)
            and self.code in (None, entry.code)
            and self.external_id in (None, entry.external_id)
            and self.session in (None, entry.session)
            and self.row in (None, entry.row)
            and (self.fault is None or self.fault in entry.faults)
        )


class Journal:
    """The entries, as many as the bounds permit; what had to go makes an answer *unknown*, and never *no*.

    How many requests there were, how often each row decided and what was refused is counted, and outlives the entries. Behind
    the entry `anew` the world is another one than before. `cleared` counts how often it was.
    """

    def __init__(self, entries: int = ENTRIES, size: int = BYTES) -> None:
        self._most, self._most_bytes = entries, size
        self._entries: deque[Entry] = deque()
        self._bytes = 0
        self._last = 0
        self.anew = self.cleared = 0
        self._waiting: list[tuple[Filter, asyncio.Future[Entry]]] = []
        self.requests = 0
        self.rows: dict[str, int] = {}
        self.refusals: dict[Refusal, int] = {}

    @property
    def last(self) -> int:
        """The number of the last entry; 0 if there was none."""
        return self._last

    @property
    def dropped(self) -> int:
        """How many entries are gone: those with the numbers up to this."""
        return self._last - len(self._entries)

    def add(self, made: Callable[[int], Entry]) -> Entry:
        """Take in the entry that is made with the next number."""
        self._last += 1
        entry = made(self._last)
        self._entries.append(entry)
        self._bytes += entry.size
        self._count(entry)
        while len(self._entries) > self._most or self._bytes > self._most_bytes:
            self._bytes -= self._entries.popleft().size
        self._tell(entry)
        return entry

    def struck(self, number: int, fault: str, kind: str) -> None:
        """A fault has struck what an entry is about, which goes on, as a stream does: its ID, and what it does."""
        place = number - self.dropped - 1
        if not 0 <= place < len(self._entries):
            return
        entry = self._entries[place]
        entry = structs.replace(entry, faults=(*entry.faults, fault), kinds=(*entry.kinds, kind))
        self._entries[place] = entry
        self._tell(entry)

    def _tell(self, entry: Entry) -> None:
        for wanted, future in self._waiting:
            if not future.done() and wanted.fits(entry):
                future.set_result(entry)

    def _count(self, entry: Entry) -> None:
        self.requests += not entry.is_move
        row, refusal = entry.row, entry.refusal
        if row is not None:
            self.rows[row] = self.rows.get(row, 0) + 1
        if refusal is not None:
            self.refusals[refusal] = self.refusals.get(refusal, 0) + 1

    def find(self, wanted: Filter = Filter()) -> Iterator[Entry]:
        """The entries that are meant, oldest first."""
        return (entry for entry in list(self._entries) if wanted.fits(entry))

    def latest(self, wanted: Filter, before: int | None = None) -> Iterator[Entry]:
        """The entries that are meant (with a number less than `before`, if given), newest first."""
        skipped = 0 if before is None else max(0, self._last + 1 - before)
        for entry in itertools.islice(reversed(self._entries), skipped, None):
            if entry.number <= wanted.since:
                return
            if wanted.fits(entry):
                yield entry

    def knows(self, wanted: Filter) -> bool:
        """Whether all that was meant is still here."""
        return self.dropped <= wanted.since

    def verify(self, wanted: Filter, at_least: int | None = None, at_most: int | None = None) -> tuple[Verdict, int]:
        """Whether so many of these requests were made, and how many are here. Moves count where their name is asked for.

        Where nothing is said, it is whether there was one. Raises ValueError for bounds between which there is no number.
        """
        at_least = least(at_least, at_most)
        found = sum(1 for entry in self.find(wanted) if not entry.is_move or wanted.operation == entry.name)
        if at_most is not None and found > at_most:
            return "no", found
        if self.knows(wanted):
            return ("yes" if found >= at_least else "no"), found
        return ("yes" if found >= at_least and at_most is None else "unknown"), found

    async def wait(self, wanted: Filter, seconds: float) -> Entry | None:
        """The first entry that is meant, as soon as it is there; None if none comes within so many real seconds.

        Raises BrokenOff once the world is no more.
        """
        known = next(self.find(wanted), None)
        if known is not None:
            return known
        coming: asyncio.Future[Entry] = asyncio.get_running_loop().create_future()
        waiting = (wanted, coming)
        self._waiting.append(waiting)
        try:
            async with asyncio.timeout(seconds):
                return await coming
        except TimeoutError:
            return None
        finally:
            self._waiting.remove(waiting)

    def end(self) -> None:
        """The world is no more: who waits is told so at once."""
        for _, future in self._waiting:
            if not future.done():
                future.set_exception(BrokenOff("The world was dropped."))

    def begin_anew(self) -> None:
        """What is noted from now on has nothing to do with what was before: the world is another one."""
        self.anew = self._last

    def clear(self) -> None:
        """Nothing was asked yet."""
        self._entries.clear()
        self._bytes = self._last = self.anew = self.requests = 0
        self.cleared += 1
        self.rows.clear()
        self.refusals.clear()


def journal_entry(entry: Entry, contract: Contract, names: Sequence[str]) -> dict[str, Any]:
    """An entry as JSON has it: with the rule's sentence where something was refused, and the client's state by variable."""
    rule = contract.rules.get(entry.rule) if entry.rule is not None else None
    return {
        "number": entry.number,
        "at": entry.at,
        "operation": entry.name,
        "request": None
        if entry.is_move
        else {"method": entry.method, "path": entry.path, "body": content_of(entry.sent)},
        "answer": None
        if entry.is_move
        else {"status": entry.status, "body": content_of(entry.answer), "delivery": entry.delivered},
        "code": entry.code,
        "row": entry.row,
        "rule": entry.rule,
        "quote": None if rule is None else rule.quote,
        "token": entry.token,
        "externalId": entry.external_id,
        "session": entry.session,
        "before": None if entry.before is None else by_variable(entry.before, names),
        "after": None if entry.after is None else by_variable(entry.after, names),
        "faults": list(entry.faults),
    }


def by_variable(state: State, names: Sequence[str]) -> dict[str, str | None]:
    """A state in the manner of JSON, by the contract's variables."""
    return {name: None if value is None else str(value) for name, value in zip(names, state, strict=True)}


def content_of(content: bytes) -> Any:
    """JSON as what it says, anything else as text."""
    if not content:
        return None
    try:
        return json.loads(content)
    except ValueError:
        return content.decode("utf-8", errors="backslashreplace")
