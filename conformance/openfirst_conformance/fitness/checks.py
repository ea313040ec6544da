"""Tests an adapter itself, before anything is judged through it. No verdict on the implementation comes of this."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from openfirst_conformance.adapters.adapter import Adapter
from openfirst_conformance.adapters.process import ProcessAdapter
from openfirst_conformance.adapters.protocol.channel import Channel
from openfirst_conformance.adapters.protocol.declared import check_declared
from openfirst_conformance.adapters.protocol.faults import AdapterFault
from openfirst_conformance.adapters.protocol.lines import NO_MESSAGE
from openfirst_conformance.adapters.tcp import TcpAdapter
from openfirst_conformance.fitness.sample_calls import Probe
from openfirst_conformance.platforms.simulated import SimulatedPlatform
from openfirst_reference.contract.document import Json
from openfirst_reference.contract.findings import count
from openfirst_reference.contract.model import Contract

PLAIN = "Ana Lee"
TEXTS = (
    "Zoë Ünïcødé שלום مرحبا 日本語 👩🏽‍🚀 e\u0301",
    'quotes " and \\, tab \t, line feed \n, separators \u2028 \u2029, delete \x7f',
)
# What not every language can hold: an answer is all that is asked for.
LONE_SURROGATES = "lost \ud83d, and found \ude00"
LARGE = ("x" * 100_000, "😀" * 10_000)
_LEAP = 1_000_000
_ENDS = ("crash", "hang", "start-failed")


@dataclass(frozen=True)
class Checked:
    """What came of one check: what was found and, if that is wrong, what to do about it."""

    name: str
    found: str
    remedy: str = ""
    stderr: str = ""

    @property
    def is_ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.remedy


async def check_adapter(adapter: Adapter, contract: Contract) -> AsyncIterator[Checked]:
    """Give the result of each check as it is known; where no case can be begun any more, that is the last.

    Raises AdapterFault, of the kind `not-found`, where there is no such adapter at all.
    """
    platform = SimulatedPlatform(contract, contract.default_choices())
    await platform.start()
    trial = _Trial(Probe(adapter, contract, platform))
    try:
        for name, check in trial.checks():
            yield await trial.result(name, check)
            if trial.is_lost:
                return
        yield trial.standard_output()
    finally:
        await adapter.close()
        await platform.close()


Check = Callable[[], Awaitable[str]]


class _Trial:
    """An adapter under test. A check gives what it found, or raises what is wrong as an AdapterFault."""

    def __init__(self, probe: Probe) -> None:
        self.is_lost = True
        self._probe = probe
        self._adapter = probe.adapter
        self._fresh: list[Json] = []
        self._stray: list[AdapterFault] = []

    def checks(self) -> Iterator[tuple[str, Check]]:
        """What is checked, in this order; some of it depends on what was found before."""
        yield "handshake", self._handshake
        if self._channel is not None:
            yield "unknown method", self._unknown_method
            yield "ids", self._ids
        yield "fresh reset", self._fresh_reset
        yield "calls", self._every_call
        if self._probe.services:
            yield "services", self._every_service
        if self._channel is not None:
            yield "old cases", self._old_case
        yield "text", self._text
        yield "large values", self._large_values
        if self._probe.declared.concurrency > 1:
            yield "calls at once", self._calls_at_once
        yield "time", self._time
        if isinstance(self._adapter, ProcessAdapter):
            yield "shutdown", self._shutdown
            yield "end of input", self._end_of_input
        elif isinstance(self._adapter, TcpAdapter):
            yield "next connection", self._next_connection
        else:
            yield "shutdown", self._close

    async def result(self, name: str, check: Check) -> Checked:
        """Run a check, and see to it that the next one can be run."""
        found, wrong = "", []
        try:
            found = await check()
        except AdapterFault as fault:
            if fault.kind == "not-found":
                raise
            wrong = [fault]
        # What was noted came first, and is often the reason why an answer is missing.
        first = next(iter([*self._noted(), *wrong]), None)
        if wrong and wrong[0].kind in _ENDS:
            await self._restart()
        return Checked(name, first.detail, first.remedy, first.stderr) if first else Checked(name, found)

    def standard_output(self) -> Checked:
        """What was written all the while that is no message."""
        self._noted()
        name = "nothing else"
        if not self._stray:
            return Checked(name, "all that came was messages of the protocol")
        first, more = self._stray[0], len(self._stray) - 1
        also = f" (and {more} more like it)" if more else ""
        return Checked(name, first.detail + also, first.remedy)

    # The checks -------------------------------------------------------------------------------------------------------

    async def _handshake(self) -> str:
        result = await self._probe.start()
        self.is_lost = False
        check_declared(result, self._probe.contract)
        declared = self._probe.declared
        implementation = result["implementation"]
        name = " ".join(str(implementation[key]) for key in ("name", "version") if implementation.get(key))
        number = len(declared.operations)
        operations = f"{count(number, 'operation')}" if number else "no operation yet"
        return f"{name}: {operations}, {count(declared.clients, 'client')}, {declared.clock} clock"

    async def _unknown_method(self) -> str:
        assert isinstance(self._adapter, ProcessAdapter | TcpAdapter)
        try:
            await self._adapter.ask_anything("noSuchMethod", {})
        except AdapterFault as fault:
            if fault.kind != "refused":
                raise
            return "answered with a JSON-RPC error"
        raise _wrong(
            "the method 'noSuchMethod' was answered with a result",
            "Answer a method that you do not know with a JSON-RPC error of code -32601.",
        )

    async def _ids(self) -> str:
        assert self._channel is not None
        self._channel.skip_ids(_LEAP)
        await self._reset()
        return "given back as they came"

    async def _every_call(self) -> str:
        self._probe.generation += _LEAP
        await self._reset()
        for call in self._probe.calls:
            result = await self._probe.make(call)
            is_declared = call.operation in self._probe.declared.operations
            # Methods of services have a check of their own.
            if result["outcome"] == "unsupported" and is_declared and not self._probe.is_of_service(call):
                raise _wrong(
                    f"{call.operation} is declared, and answered with `unsupported` ({result['reason']})",
                    "Declare in `capabilities.operations` only what the implementation has.",
                )
        return "all answered, each answer with its generation"

    async def _every_service(self) -> str:
        await self._reset()
        for call in self._probe.services:
            result = await self._probe.make(call)
            if result["outcome"] == "unsupported":
                service = self._probe.named(call)
                raise _wrong(
                    f"{service} is declared, or nothing is said of services, and it is answered with `unsupported` "
                    f"({result['reason']})",
                    "Declare in `capabilities.services` what the implementation has.",
                )
        return f"{len(self._probe.services)} methods of services are answered"

    async def _fresh_reset(self) -> str:
        # No call was made yet, so that nothing can be left.
        await self._reset()
        first = await self._probe.look()
        await self._reset()
        again = await self._probe.look()
        # What differs between two fresh clients says nothing.
        self._fresh = [one if one == other else {} for one, other in zip(first, again, strict=True)]
        for call in self._probe.calls:
            await self._reset()
            await self._probe.make(call)
            await self._reset()
            self._compare(await self._probe.look(), f"after {call.operation} and a reset")
        if not first:
            return "answered; without a status call, nothing can be seen of what is left"
        return "a new case begins with what a first case begins with"

    async def _old_case(self) -> str:
        assert self._channel is not None
        for call in self._probe.calls:
            await self._reset()
            # Not waited for: the case is over before it is answered.
            old = asyncio.create_task(self._adapter.call(self._probe.params(call.operation, call.arguments)))
            try:
                await asyncio.sleep(0)
                await self._reset()
                was_late = not old.done()
                self._compare(await self._probe.look(), f"after a reset that came while {call.operation} was under way")
                await self._reset()
                if was_late and old.done():
                    raise _wrong(
                        f"{call.operation} of an old case was answered after the reset that ended the case",
                        "After a reset, answer nothing of the cases before.",
                    )
            finally:
                old.cancel()
                await asyncio.wait([old])
                error = None if old.cancelled() else old.exception()
            if isinstance(error, AdapterFault) and error.kind == "crash":
                raise error
        return "leave nothing, and nothing of them is answered late"

    async def _text(self) -> str:
        kept = 0
        for call, parameter in self._probe.texts():
            sent = {text: await self._probe.shown(call, parameter, text) for text in (PLAIN, *TEXTS)}
            await self._probe.shown(call, parameter, LONE_SURROGATES)
            if sent.pop(PLAIN) != PLAIN:
                continue
            for text, shown in sent.items():
                if shown not in (text, None):
                    raise _wrong(
                        f"{parameter} {text!r}, given to {call.operation}, came back as {shown!r}, while {PLAIN!r} came back whole",
                        "Read and write UTF-8, whatever the locale; let a JSON library do all escaping.",
                    )
                kept += 1
        if not kept:
            return "accents, emoji, right to left, lone surrogates: all answered"
        return "accents, emoji, right to left: given back whole; lone surrogates: answered"

    async def _large_values(self) -> str:
        for call, parameter in self._probe.texts():
            for text in LARGE:
                await self._probe.shown(call, parameter, text)
        return f"{len(LARGE[0]) // 1000} kB: answered"

    async def _calls_at_once(self) -> str:
        number = self._probe.declared.concurrency
        for call in self._probe.calls:
            await self._reset()
            await asyncio.gather(*(self._probe.make(call) for _ in range(number)))
        return f"{number}, as declared, and each answered"

    async def _time(self) -> str:
        await self._reset()
        await self._probe.settle()
        if self._probe.declared.clock != "virtual":
            return "settle is answered"
        await self._adapter.advance({"generation": self._probe.generation, "milliseconds": 1000})
        await self._probe.settle()
        return "advance and settle are answered"

    async def _shutdown(self) -> str:
        assert isinstance(self._adapter, ProcessAdapter)
        await self._adapter.stop(shutdown=True, end_of_input=False)
        return "answered, and the process ended"

    async def _end_of_input(self) -> str:
        assert isinstance(self._adapter, ProcessAdapter)
        await self._adapter.restart()
        await self._reset()
        await self._adapter.stop(shutdown=False, end_of_input=True)
        return "the process ended"

    async def _next_connection(self) -> str:
        await self._adapter.restart()
        await self._reset()
        return "accepted, once one has ended"

    async def _close(self) -> str:
        await self._adapter.close()
        return "answered"

    # What they have in common -----------------------------------------------------------------------------------------

    @property
    def _channel(self) -> Channel | None:
        return self._adapter.channel if isinstance(self._adapter, ProcessAdapter | TcpAdapter) else None

    def _compare(self, seen: list[Json], when: str) -> None:
        for call, now, before in zip(self._probe.status_calls, seen, self._fresh, strict=False):
            if before and now != before:
                raise _wrong(
                    f"{call.operation} gives {_short(now)} {when}, where it gave {_short(before)} at first",
                    "Make fresh clients on each reset, and leave nothing of the old ones.",
                )

    async def _reset(self) -> None:
        try:
            await self._probe.reset()
        except AdapterFault as fault:
            # Without a reset there is no case, and nothing more to see.
            self.is_lost = fault.kind == "hang"
            raise

    async def _restart(self) -> None:
        if self.is_lost:
            return
        try:
            await self._adapter.restart()
        except AdapterFault:
            self.is_lost = True

    def _noted(self) -> list[AdapterFault]:
        """What was wrong since the last time, but for what is no message: that is told once, at the end."""
        noted = list(self._adapter.faults)
        self._adapter.faults.clear()
        self._stray += [fault for fault in noted if fault.kind in NO_MESSAGE]
        return [fault for fault in noted if fault.kind not in NO_MESSAGE]


def _wrong(found: str, remedy: str) -> AdapterFault:
    return AdapterFault("bad-message", found, remedy)


def _short(result: Mapping[str, Any]) -> str:
    return json.dumps({key: value for key, value in result.items() if value is not None}, ensure_ascii=False)
