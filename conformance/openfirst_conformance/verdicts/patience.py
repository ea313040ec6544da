"""How often an adapter is started again, and when that is enough."""

from __future__ import annotations

import time
from collections import Counter

from openfirst_conformance.adapters.protocol.faults import AdapterFault
from openfirst_conformance.cases.case import Case
from openfirst_conformance.driving.played import Played
from openfirst_conformance.driving.subject import Subject
from openfirst_conformance.verdicts.evidence import Evidence
from openfirst_conformance.verdicts.reasons import Cause, Gone, Hung, NeverReset, NotStarted, SlowToStart, TooOften

_HANGS = 20
_LONG_ENOUGH = 300.0  # seconds
_RESETS = 3
# So many faults, and fewer calls for each: hardly a case comes to its end, and whoever mends the adapter must judge again.
_MANY = 100
_CALLS = 10
_PLAYS = 3


class Patience:
    """Starts the adapter again after a fault. `given_up` says why the rest of a run is not tried; None: it goes on.

    `faults` counts those that it was started again for.
    """

    def __init__(self, subject: Subject, evidence: Evidence) -> None:
        self.given_up: Cause | None = None
        self._subject, self._driver, self._evidence = subject, subject.driver, evidence
        self._faults: Counter[str] = Counter()
        self._seconds = 0.0
        self._dead: AdapterFault | None = None

    @property
    def faults(self) -> int:
        """How many faults there were so far."""
        return self._faults.total()

    async def play(self, case: Case) -> Played:
        """Play a case; once more, from a fresh start, if the adapter fails in the middle of it. `fault`: it did each time."""
        if self._dead:
            return Played(case, fault=self._dead)
        for _ in range(_PLAYS):
            played = await self._subject.play(case)
            if not played.fault:
                break
            await self.recover(played, played.fault)
            if self.given_up:
                break
        return played

    async def recover(self, played: Played, fault: AdapterFault) -> None:
        """Take note of what went wrong in a case that is not evidence, and start the adapter again."""
        self._evidence.note_all(self._driver.adapter.faults, played)
        await self.restart(fault.kind)

    async def restart(self, kind: str) -> None:
        """Start the adapter again, after a fault of this kind."""
        self._faults[kind] += 1
        calls = self._driver.calls
        if kind == "hang" and self._faults[kind] >= _HANGS:
            self.given_up = Hung(self._faults[kind])
        elif not calls and self.faults >= _RESETS:
            self.given_up = NeverReset(self.faults)
        elif self.faults >= _MANY and calls < _CALLS * self.faults:
            self.given_up = TooOften(self.faults, calls)
        began = time.perf_counter()
        await self.start_again()
        self._seconds += time.perf_counter() - began
        if self._seconds > _LONG_ENOUGH:
            self.given_up = SlowToStart(self._seconds)

    async def start_again(self) -> None:
        """Start the adapter afresh, without any fault of its own."""
        try:
            await self._driver.adapter.restart()
        except AdapterFault as fault:
            self._evidence.note(fault, "restart", None)
            self._dead = fault
            self.given_up = Gone(fault.detail) if fault.kind == "not-found" else NotStarted()
