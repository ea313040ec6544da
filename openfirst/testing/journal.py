"""The journal of a platform, as a test reads it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, overload

from openfirst.testing import is_plain
from openfirst.testing.arguments import checked
from openfirst.testing.durations import Duration, seconds_of
from openfirst.testing.running import Running
from openfirst_reference.contract.findings import Mistake, did_you_mean
from openfirst_simulator import World
from openfirst_simulator.journal import Entry, Filter, least

__tracebackhide__ = is_plain

_SHOWN = 20
_FILTERS = [name for name in Filter.__dataclass_fields__ if name != "operation"]


class PlatformJournal(Sequence[Entry]):
    """What the platform was asked, and what it answered, oldest first: a list of `Entry`.

    `find`, `verify`, `wait` and `arrives` take an operation, and besides what an entry must have: `status`, `code`,
    `external_id`, `session`, `fault`, `row`, and `since` (the number of an entry before it).
    """

    def __init__(self, running: Running, world: World) -> None:
        self._running, self._world = running, world

    @checked
    def find(self, operation: str | None = None, **having: Any) -> list[Entry]:
        """The entries of these requests."""
        wanted = self._wanted(operation, having)
        return self._running.do(lambda: list(self._world.journal.find(wanted)))

    @checked
    def verify(
        self,
        operation: str | None = None,
        times: int | None = None,
        *,
        at_least: int | None = None,
        at_most: int | None = None,
        **having: Any,
    ) -> None:
        """AssertionError, with what was asked instead, unless such requests came: `times`, or else once at least."""
        wanted = self._wanted(operation, having)
        if times is not None:
            if (at_least, at_most) != (None, None):
                raise Mistake("`times` says how many exactly. Give that alone, or `at_least` and `at_most`.")
            at_least = at_most = times
        lowest = least(at_least, at_most)
        verdict, found = self._running.do(self._world.journal.verify, wanted, at_least, at_most)
        if verdict == "yes":
            return
        asked = ", ".join([f"`{operation or 'any operation'}`", *(f"{name} {value}" for name, value in having.items())])
        bounds = f"{lowest}" if lowest == at_most else f"{lowest}{'+' if at_most is None else f' to {at_most}'}"
        lost = "" if verdict == "no" else " Older requests are forgotten, so that nobody knows. Verify earlier."
        raise AssertionError(f"Expected requests ({asked}): {bounds}; found: {found}.{lost}\n{self}")

    @checked
    def wait(self, operation: str | None = None, *, seconds: Duration = 2, **having: Any) -> Entry:
        """The first such entry, as soon as it is there. Raises TimeoutError if none comes within so many real seconds.

        It blocks: where the app runs in the test's own event loop, `await journal.arrives(…)`.
        """
        return self._came(operation, self._running.wait(self._coming(operation, seconds, having)))

    @checked
    async def arrives(self, operation: str | None = None, *, seconds: Duration = 2, **having: Any) -> Entry:
        """The same for who awaits."""
        coming = self._running.begin(self._coming(operation, seconds, having))
        return self._came(operation, await asyncio.wrap_future(coming))

    def _coming(
        self, operation: str | None, seconds: Duration, having: dict[str, Any]
    ) -> Coroutine[Any, Any, Entry | None]:
        return self._world.journal.wait(self._wanted(operation, having), seconds_of(seconds))

    def _wanted(self, operation: str | None, having: dict[str, Any]) -> Filter:
        for name in having:
            if name not in _FILTERS:
                raise Mistake(f"An entry of the journal is not found by `{name}`. {did_you_mean(name, _FILTERS)}")
        wanted = Filter(operation, **having)
        self._running.do(self._world.check, wanted)
        return wanted

    def _came(self, operation: str | None, entry: Entry | None) -> Entry:
        if entry is None:
            raise TimeoutError(f"No request came for which the test waits ({operation or 'any operation'}).\n{self}")
        return entry

    def clear(self) -> None:
        """Nothing was asked yet."""
        self._running.do(self._world.journal.clear)

    def __len__(self) -> int:
        return len(self.find())

    @overload
    def __getitem__(self, index: int) -> Entry: ...
    @overload
    def __getitem__(self, index: slice) -> list[Entry]: ...
    def __getitem__(self, index: int | slice) -> Entry | list[Entry]:
        return self.find()[index]

    def __str__(self) -> str:
        entries = self.find()
        if not entries:
            return "The platform was asked nothing."
        before = [f"  … {len(entries) - _SHOWN} before"] if len(entries) > _SHOWN else []
        return "\n".join(["The platform was asked:", *before, *(_line(entry) for entry in entries[-_SHOWN:])])

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self)}>"


def _line(entry: Entry) -> str:
    whose = f" ({entry.external_id})" if entry.external_id else ""
    what = [str(entry.status), *([entry.code] if entry.code else [])]
    if entry.faults:
        what.append(f"{'broken off by' if entry.delivered in ('broken', 'cut') else 'with'} a fault")
    return f"  {entry.number}. {entry.name}{whose}: {', '.join(what)}"
