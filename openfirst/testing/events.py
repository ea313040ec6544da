"""What a session has heard, as a test reads it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, overload

from openfirst.testing import is_plain
from openfirst.testing.arguments import checked
from openfirst.testing.durations import Duration, seconds_of
from openfirst.testing.running import Running
from openfirst_reference.contract.findings import Mistake
from openfirst_simulator import World
from openfirst_simulator.journal import Filter, least
from openfirst_simulator.records import Event

__tracebackhide__ = is_plain

_SHOWN = 20


class PlatformEvents(Sequence[Event]):
    """What the session of somebody has heard, oldest first: a list of `Event`, each with `id`, `at`, `name` and `data`.

    Of several sessions with this external ID, it is the open one that was opened last, and where none is open, the one that was
    over last; without one it is empty. `find`, `verify`,
    `wait` and `arrives` take a name, such as `command.messageReceived`, and besides what the data must have, such as
    `message="hi"`; `since` is the `id` of an event before it.
    """

    def __init__(self, running: Running, world: World, external_id: str) -> None:
        self._running, self._world, self._external_id = running, world, external_id

    @checked
    def find(self, name: str | None = None, *, since: int = 0, **having: Any) -> list[Event]:
        """The events that are meant."""
        _check_name(name)
        return self._running.do(lambda: [event for event in self._heard(since) if _is_meant(event, name, having)])

    @checked
    def verify(
        self,
        name: str | None = None,
        times: int | None = None,
        *,
        at_least: int | None = None,
        at_most: int | None = None,
        since: int = 0,
        **having: Any,
    ) -> None:
        """AssertionError, with what was heard instead, unless such events came: `times`, or else once at least."""
        if times is not None:
            if (at_least, at_most) != (None, None):
                raise Mistake("`times` says how many exactly. Give that alone, or `at_least` and `at_most`.")
            at_least = at_most = times
        lowest = least(at_least, at_most)
        found = len(self.find(name, since=since, **having))
        if found >= lowest and (at_most is None or found <= at_most):
            return
        bounds = f"{lowest}" if lowest == at_most else f"{lowest}{'+' if at_most is None else f' to {at_most}'}"
        raise AssertionError(f"Expected events ({_words(name, having)}): {bounds}; found: {found}.\n{self}")

    @checked
    def wait(self, name: str | None = None, *, seconds: Duration = 2, since: int = 0, **having: Any) -> Event:
        """The first such event, as soon as it is there. Raises TimeoutError if none comes within so many real seconds.

        It waits for the session as well. It blocks: where the app runs in the test's own event loop, `await events.arrives(…)`.
        """
        return self._came(name, having, self._running.wait(self._coming(name, seconds, since, having)))

    @checked
    async def arrives(self, name: str | None = None, *, seconds: Duration = 2, since: int = 0, **having: Any) -> Event:
        """The same for who awaits."""
        coming = self._running.begin(self._coming(name, seconds, since, having))
        return self._came(name, having, await asyncio.wrap_future(coming))

    def _coming(
        self, name: str | None, seconds: Duration, since: int, having: dict[str, Any]
    ) -> Coroutine[Any, Any, Event | None]:
        _check_name(name)
        within = seconds_of(seconds)

        async def coming() -> Event | None:
            try:
                async with asyncio.timeout(within):
                    while True:
                        found = await self._next(name, since, having)
                        if found is not None:
                            return found
            except TimeoutError:
                return None

        return coming()

    async def _next(self, name: str | None, since: int, having: dict[str, Any]) -> Event | None:
        """The first event that is meant of the session that is open now, or the next one; None if that ends without it."""
        session = self._open()
        if session is None:
            before = next((event for event in self._heard(since) if _is_meant(event, name, having)), None)
            if before is not None:
                return before
            last = self._world.journal.last
            await self._world.journal.wait(Filter("open", external_id=self._external_id, since=last), _EVER)
            return None
        after = since
        while (events := await self._world.more_events(session, after)) is not None:
            for event in events:
                if _is_meant(event, name, having):
                    return event
            after = events[-1].id
        return None

    def _open(self) -> str | None:
        own = [session for session in self._world.sessions if session.external_id == self._external_id]
        return sorted(own, key=lambda session: session.opened)[-1].id if own else None

    def _heard(self, since: int = 0) -> list[Event]:
        session = self._open()
        if session is not None:
            return self._world.events(session, since)
        over = self._world.last_over(self._external_id)
        return [] if over is None else self._world.heard(over, since)

    def _came(self, name: str | None, having: dict[str, Any], event: Event | None) -> Event:
        if event is None:
            raise TimeoutError(f"No event came for which the test waits ({_words(name, having)}).\n{self}")
        return event

    def __len__(self) -> int:
        return len(self.find())

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> list[Event]: ...
    def __getitem__(self, index: int | slice) -> Event | list[Event]:
        return self.find()[index]

    def __str__(self) -> str:
        whose = f"The session of `{self._external_id}`"
        if self._running.do(self._open) is None:
            if self._running.do(self._world.last_over, self._external_id) is None:
                return f"{whose} is not open."
            whose += ", which is over,"
        events = self.find()
        if not events:
            return f"{whose} has heard nothing."
        before = [f"  … {len(events) - _SHOWN} before"] if len(events) > _SHOWN else []
        lines = (f"  {event.id}. {event.name}: {str(event.data)[:100]}" for event in events[-_SHOWN:])
        return "\n".join([f"{whose} has heard:", *before, *lines])

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._external_id}: {len(self)}>"


_EVER = 86_400.0
"""For how many seconds to wait where something else ends the waiting."""


def _check_name(name: str | None) -> None:
    if name is not None and name != "gap" and "." not in name:
        raise Mistake(
            f"`{name[:80]}` is the name of no event. Give a service and what happened, such as `conference.participantAdded`."
        )


def _is_meant(event: Event, name: str | None, having: dict[str, Any]) -> bool:
    data = event.data if isinstance(event.data, dict) else {}
    return name in (None, event.name) and all(key in data and data[key] == value for key, value in having.items())


def _words(name: str | None, having: dict[str, Any]) -> str:
    return ", ".join([f"`{name or 'any event'}`", *(f"{key} {value}" for key, value in having.items())])
