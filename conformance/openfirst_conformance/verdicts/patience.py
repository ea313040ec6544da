"""How often an adapter is started again, and when that is enough."""

from __future__ import annotations

import time
from collections import Counter

from openfirst_conformance.adapters.adapter import Adapter
from openfirst_conformance.adapters.protocol.faults import AdapterFault
from openfirst_conformance.verdicts.evidence import Evidence
from openfirst_conformance.verdicts.reasons import Cause, Hung, NotStarted, SlowToStart

_HANGS = 20
_LONG_ENOUGH = 300.0  # seconds


class Patience:
    """Starts the adapter again after a fault. `given_up` says why the rest of a run is not tried; None: it goes on."""

    def __init__(self, adapter: Adapter, evidence: Evidence) -> None:
        self.given_up: Cause | None = None
        self._adapter, self._evidence = adapter, evidence
        self._faults: Counter[str] = Counter()
        self._seconds = 0.0

    async def restart(self, kind: str) -> None:
        """Start the adapter again, after a fault of this kind."""
        self._faults[kind] += 1
        if kind == "hang" and self._faults[kind] >= _HANGS:
            self.given_up = Hung(self._faults[kind])
        began = time.perf_counter()
        await self.start_again()
        self._seconds += time.perf_counter() - began
        if self._seconds > _LONG_ENOUGH:
            self.given_up = SlowToStart(self._seconds)

    async def start_again(self) -> None:
        """Start the adapter afresh, without any fault of its own."""
        try:
            await self._adapter.restart()
        except AdapterFault as fault:
            self._evidence.note(fault, "restart", None)
            self.given_up = NotStarted()
