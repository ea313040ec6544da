"""The platform of one test: a world of its own, and what a test does to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

from openfirst.testing import is_plain
from openfirst.testing.arguments import checked
from openfirst.testing.clock import PlatformClock
from openfirst.testing.durations import Duration, seconds_of
from openfirst.testing.events import PlatformEvents
from openfirst.testing.faults import PlatformFault, in_words
from openfirst.testing.journal import PlatformJournal
from openfirst.testing.redirection import Redirect
from openfirst.testing.running import running
from openfirst_reference.contract.findings import Mistake, did_you_mean
from openfirst_reference.contract.model import Contract
from openfirst_simulator.clock import LAST
from openfirst_simulator.endpoints import everywhere
from openfirst_simulator.faults import KINDS, NAMES, RECIPES, check_operation, narrowed
from openfirst_simulator.report import OpenSession
from openfirst_simulator.tokens import ALL_SCOPES

__tracebackhide__ = is_plain

P = ParamSpec("P")
T = TypeVar("T")


class _Once(int):
    """1 where nobody said how many."""


_ONCE = _Once(1)


class LeftBehind(AssertionError):
    """A test left something behind on its platform: a session that is open, or a fault that never struck."""


class Platform:
    """A platform of its own, on this machine: applications, tokens, sessions, a clock, faults and a journal.

    `url` is its base URL, `key` and `secret` are those of its application. It is there from the beginning of the `with` block
    (or `async with`) to its end, which raises LeftBehind if it is `strict` and something was left. Its time stands still until
    `clock` moves it, unless it is `real_time`; `start` says when it begins (seconds since 1970, or a datetime; now, if not said).
    `choices` resolve what the sources leave open. `contract` is one that was changed by overlays, as `load_contract` gives it: load
    it once, since each has a simulator of its own. With a `seed` IDs, and what chance decides, are the same in every run.

        with openfirst.platform() as p:
            token = p.token("ana")
            p.fail("open", status=503)
    """

    url: str
    key: str
    secret: str
    clock: PlatformClock
    journal: PlatformJournal

    @checked
    def __init__(
        self,
        *,
        strict: bool = True,
        choices: Mapping[str, str] | None = None,
        start: float | datetime | None = None,
        real_time: bool = False,
        contract: Contract | None = None,
        seed: int | None = None,
    ) -> None:
        if real_time and start is not None:
            raise Mistake("`start` stops the time, and `real_time` lets it go. Give one of them.")
        self.strict = strict
        self._running = running(contract)
        at = _instant(start)
        self._world = self._running.world(dict(choices or {}), at, frozen=not real_time, seed=seed)
        self.url, self.key, self.secret = self._running.do(lambda: self._world.url), self._world.key, self._world.secret
        self.clock = PlatformClock(self._running, self._world, self._check)
        self.journal = PlatformJournal(self._running, self._world)
        self._is_over = False

    # Who asks -----------------------------------------------------------------------------------------------

    @checked
    def token(
        self,
        external_id: str | None = None,
        *,
        expires_in: Duration = "1h",
        scopes: Sequence[str] | None = None,
        condition: str = "good",
    ) -> str:
        """A client access token for somebody; without `scopes` it may do everything.

        `condition` is good, or what makes it a bad one: expired, forged, foreign, unreadable, revoked.
        """
        permitted = (ALL_SCOPES,) if scopes is None else tuple(scopes)
        return self._do(self._world.token, external_id, permitted, seconds_of(expires_in), condition)

    @checked
    def revoke(self, token: str) -> None:
        """The platform revokes a client's token."""
        self._do(self._world.revoke, token)

    @property
    def sessions(self) -> list[OpenSession]:
        """The sessions that are open, each with its `id` and `external_id`."""
        return self._do(lambda: self._world.sessions)

    @checked
    def close_session(self, who: str) -> None:
        """The platform closes a session, that of this ID or of this token's client."""
        self._do(self._world.close, who)

    @checked
    def events(self, external_id: str) -> PlatformEvents:
        """What the open session of this external ID has heard; see `PlatformEvents`."""
        return self._do(lambda: PlatformEvents(self._running, self._world, external_id))

    def redirected(self) -> Redirect:
        """For as long as a `with` block takes, the platform's public host names lead here; see `openfirst.redirected`."""
        return self._do(lambda: Redirect(self._running.over_tls))

    # What the outside hears ---------------------------------------------------------------------------------

    @checked
    def webhook(self, url: str | None) -> None:
        """From now on what happens in conferences is posted to this URL, of this machine; None: to none.

        What is not taken is posted again as the platform's time passes; `clock.advance` does so, and waits for the answers.
        """
        self._do(self._world.post_to, url)

    # What the sources leave open ----------------------------------------------------------------------------

    @property
    def choices(self) -> Mapping[str, str]:
        """Every choice of the contract, and how it is resolved here."""
        return self._do(lambda: dict(self._world.choices))

    @checked
    def choose(self, choices: Mapping[str, str]) -> None:
        """From now on these choices, and the others as they are."""
        self._do(lambda: self._world.choose({**self._world.choices, **choices}))

    # What goes wrong ----------------------------------------------------------------------------------------

    @checked
    def fail(
        self,
        operation: str | None = None,
        kind: str | None = None,
        *,
        times: int | None = _ONCE,
        status: int | None = None,
        retry_after: Duration | None = None,
        seconds: Duration | None = None,
        field: str | None = None,
        after: int = 0,
        probability: float = 1.0,
        external_id: str | None = None,
        session: str | None = None,
        lasting: Duration | None = None,
        recipe: str | None = None,
    ) -> PlatformFault:
        """Something goes wrong with the next request of an operation (of any, if none is named), or the next `times` ones.

        `kind` says what: "lost" does what was asked and loses the answer, "refuse" breaks the connection before anything is
        done, "delay" and "late" take `seconds` of the platform's time, "expired" takes the token for one that is; all of them are
        in docs/offline.md. `status` alone answers with it, and nothing is done. `times=None` goes on until `heal`; `after` lets so
        many requests through first; `lasting` is for how long, in the platform's time. `external_id` and the ID of a `session` say
        whose requests alone. `recipe` in place of `operation`, `kind` and their like is a mishap that everybody has: flaky, slow,
        offline, rate-limited; it goes on until `heal`.
        """
        given = {
            "operation": operation,
            "kind": kind,
            "status": status,
            "retry_after": None if retry_after is None else seconds_of(retry_after),
            "seconds": None if seconds is None else seconds_of(seconds),
            "field": field,
            "after": after or None,
            "probability": probability if probability != 1 else None,
            "external_id": external_id,
            "session": session,
            "until": None if lasting is None else self._until(lasting),
        }
        fields = {NAMES[name]: value for name, value in given.items() if value is not None}
        if recipe is not None:
            if times is not _ONCE:
                raise Mistake("A recipe goes on until `heal`, or as long as `lasting` says. Leave out `times`.")
            return self._made(narrowed(recipe, fields))
        if operation is not None:
            _check_operation(operation)
        if "kind" not in fields:
            fields["kind"] = "missing-field" if field is not None else "status"
            if seconds is not None:
                raise Mistake(f"`seconds` of what? Name the kind of fault. {did_you_mean('', KINDS)}")
        elif status is not None and kind != "status":
            raise Mistake(f"A fault of the kind `{kind}` has no `status`. Leave out one of them.")
        if times is not None:
            fields["times"] = int(times)
        return self._made((fields,))

    def _until(self, lasting: Duration) -> float:
        seconds = seconds_of(lasting)
        if seconds == 0:
            raise Mistake("`lasting` is 0, in which nothing can go wrong. Give how long it goes on, or leave it out.")
        until = self.clock.now() + seconds
        if until > LAST:
            raise Mistake(f"`lasting` is {lasting}, which is beyond the year 9999. Give less, or leave it out.")
        return until

    def _made(self, faults: Sequence[Mapping[str, Any]]) -> PlatformFault:
        made = self._do(lambda: [self._world.fail(**fields) for fields in faults])
        return PlatformFault(self._running, self._world, tuple(fault.id for fault in made))

    def heal(self) -> None:
        """Nothing goes wrong any more."""
        self._do(self._world.heal)

    # The end ------------------------------------------------------------------------------------------------

    def left(self) -> list[str]:
        """What a strict test must not leave behind, a sentence each: sessions that are open, faults that never struck."""
        return self._running.do(lambda: list(self._left()))

    def _left(self) -> Iterator[str]:
        for session in self._world.sessions:
            whose = f"of `{session.external_id}`" if session.external_id else "of somebody without an external ID"
            yield f"A session {whose} is still open ({session.id}). Close it where the test, or the app, is done with it."
        asked = Counter(entry.name for entry in self._world.journal.find())
        for fault in self._world.faults:
            if fault.idle:
                found = ", ".join(f"{name} ({count})" for name, count in asked.items()) or "nothing"
                behind = f" It lets the first {fault.after} through; {fault.fitted} came." if fault.after else ""
                yield (
                    f"A fault never struck ({in_words(fault)}).{behind} The platform was asked: {found}. "
                    "Let the app run into it, or take it out."
                )

    def check(self) -> None:
        """Raises LeftBehind if anything was left."""
        left = self.left()
        if left:
            text = "\n".join(f"- {sentence}" for sentence in left)
            raise LeftBehind(f"Left behind on the platform:\n{text}\nIf it is meant to stay: platform(strict=False).")

    def end(self) -> None:
        """The platform is no more, nor what was in it. What happens at the end of a `with` block, without its check."""
        if not self._is_over:
            self._running.do(self._running.simulator.drop, self._world.name)
            self._is_over = True

    def _check(self) -> None:
        if self._is_over:
            raise Mistake(f"The platform {self.url} is gone: the test that it was made for is over. Use one a test.")

    def _do(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        self._check()
        return self._running.do(function, *args, **kwargs)

    def __enter__(self) -> Platform:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self.strict and error is None:
                self.check()
        finally:
            self.end()

    async def __aenter__(self) -> Platform:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.url}>"


@checked
def platform(
    *,
    strict: bool = True,
    choices: Mapping[str, str] | None = None,
    start: float | datetime | None = None,
    real_time: bool = False,
    contract: Contract | None = None,
    seed: int | None = None,
) -> Platform:
    """A fresh platform for `with` or `async with`; see `Platform`. The simulator behind it is one a process and contract."""
    return Platform(strict=strict, choices=choices, start=start, real_time=real_time, contract=contract, seed=seed)


def _instant(start: float | datetime | None) -> float | None:
    if not isinstance(start, datetime):
        return start
    try:
        return start.timestamp()
    except (ValueError, OverflowError, OSError):  # Where its zone is taken into account, it is beyond the calendar.
        raise Mistake(f"`start` is {start}, which no clock can be at. Give one from 1970 to the year 9999.") from None


def _check_operation(operation: str) -> None:
    if operation in RECIPES:
        raise Mistake(f"{operation!r} is a recipe, not an operation. Write fail(recipe={operation!r}).")
    if operation in KINDS:
        raise Mistake(
            f"{operation!r} is a kind of fault. The operation comes first, or None: fail(None, {operation!r})."
        )
    check_operation(operation, everywhere())
