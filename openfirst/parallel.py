"""A run in several processes: each judges by a shard of its own, with an adapter of its own, and one of them joins them all."""

from __future__ import annotations

import asyncio
import atexit
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from openfirst.garbage import collect_rarely
from openfirst.request import Request
from openfirst_conformance.adapters.protocol.faults import AdapterFault
from openfirst_conformance.driving.settings import Settings
from openfirst_conformance.verdicts.judge import Reached, judge_part
from openfirst_conformance.verdicts.part import Part

if TYPE_CHECKING:
    from openfirst_conformance.power.trivial_clients import Floor

_CONTEXT = multiprocessing.get_context("spawn")
_UNKNOWN = -1
_PATIENCE = 5
_shared: list[Board] = []
_WORTH_IT = frozenset({"complete", "concurrent", "explore"})


def processes(request: Request, tiers: Iterable[str], wanted: int | None) -> int:
    """How many processes a run takes: as many as are wanted, or as there are cores; one where more are not worth their start."""
    if request.connect or request.platform:
        return 1  # There is one adapter to be reached, or one platform to be asked.
    if not _WORTH_IT & set(tiers):
        return 1  # What has broken before decides how a tour goes on, so that parts of it may find other rules broken.
    return wanted or os.cpu_count() or 1


def shares(settings: Settings, count: int) -> list[Settings]:
    """The settings of each process: its part of the shard, or of the whole."""
    return [replace(settings, process=(turn, count)) for turn in range(1, count + 1)]


class Board:
    """How far each process has come in each tier: memory that they share, where each writes in places of its own."""

    def __init__(self, tiers: Sequence[str], processes: int) -> None:
        self.tiers, self.processes = tuple(tiers), processes
        # Two numbers for each: the cases done, and of how many; less than 0 where that is not known.
        self.cells = _CONTEXT.RawArray("q", [0, _UNKNOWN] * (len(tiers) * processes))
        self._began = False

    def note(self, process: int, reached: Reached) -> None:
        """A process has come so far."""
        self._began = True
        place = self._place(process, self.tiers.index(reached.tier))
        self.cells[place : place + 2] = [reached.done, _UNKNOWN if reached.of is None else reached.of]

    def reached(self) -> Reached | None:
        """How far all have come, in the first tier that not all are through; None before this process has begun."""
        if not self._began:
            return None
        for number, tier in enumerate(self.tiers):
            cells = [
                self.cells[place : place + 2]
                for process in range(self.processes)
                for place in [self._place(process, number)]
            ]
            if any(done != of for done, of in cells) or tier == self.tiers[-1]:
                known = all(of != _UNKNOWN for _, of in cells)
                return Reached(tier, sum(done for done, _ in cells), sum(of for _, of in cells) if known else None)
        return None

    def _place(self, process: int, tier: int) -> int:
        return 2 * (process * len(self.tiers) + tier)


class Others:
    """The other processes of a run, at work."""

    def __init__(self, pool: Executor | None = None, found: Sequence[Future[Part]] = ()) -> None:
        self._pool, self._found = pool, found
        self._processes = multiprocessing.active_children() if pool else []

    def stop(self) -> None:
        """Somebody has had enough: what they have come to by now is what they come to."""
        for process in self._processes if sys.platform != "win32" else ():
            if process.pid is not None:
                with suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGINT)

    def end(self) -> None:
        """End them at once, and with them the adapters that they have started."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.join(_PATIENCE)
            process.kill()

    def check(self) -> None:
        """Raise AdapterFault if one of them could not begin: then there is no point in going on."""
        for future in self._found:
            if future.done():
                _come_to(future)

    def parts(self) -> Iterator[Part]:
        """What they have come to, once they have. Raises AdapterFault."""
        return map(_come_to, self._found)

    def floor(self, request: Request) -> tuple[Floor, Floor]:
        """The floor of the request's contract: one half of it from another process, where there is one."""
        theirs = None if self._pool is None else self._pool.submit(_floor, request, refuses=True)
        accepting = _floor(request, refuses=False)
        return (_floor(request, refuses=True) if theirs is None else theirs.result()), accepting


def _come_to(future: Future[Part]) -> Part:
    try:
        return future.result()
    except AdapterFault as fault:
        remedy = f"{fault.remedy.rstrip('.')}. If there can be only one of it at a time, give -j 1"
        raise AdapterFault(
            fault.kind, f"beside another one, {fault.detail}", remedy, fault.stderr, fault.cause
        ) from None


@contextmanager
def others(request: Request, board: Board, rest: list[Settings]) -> Iterator[Others]:
    """The other processes, at work from now on; each is one of the board's, after this one."""
    if not rest:
        yield Others()
        return
    # Each starts afresh: this one may have threads and loops of its own.
    with ProcessPoolExecutor(len(rest), mp_context=_CONTEXT, initializer=_share, initargs=(board,)) as pool:
        with _deaf():
            found = [pool.submit(_judged, request, number, settings) for number, settings in enumerate(rest, 1)]
        beside = Others(pool, found)
        try:
            yield beside
        except BaseException:
            beside.end()  # Nobody waits any more for what they come to.
            raise


def leave(status: int) -> NoReturn:
    """End this process at once, whatever it waits for: only what was to be done at its end, such as to end adapters, is done."""
    atexit._run_exitfuncs()
    os._exit(status)


@contextmanager
def _deaf() -> Iterator[None]:
    """What begins in here hears no Ctrl-C before it says that it can: on a terminal it is meant for all processes there are."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _share(board: Board) -> None:
    """Keep the board, which can be handed over only when a process is started, and end with the process that started this one."""
    _shared.append(board)
    collect_rarely()
    signal.signal(signal.SIGINT, lambda *_: _told.stop())
    signal.signal(signal.SIGTERM, lambda *_: leave(1))
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_end_with_the_parent, daemon=True).start()


def _end_with_the_parent() -> None:
    """Whoever is killed outright cannot tell the others to stop."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        leave(1)


class _Told:
    """Whether somebody has had enough of a run, which then comes to what it has done by then: at once, or when it has begun."""

    def __init__(self) -> None:
        self._is_told = False
        self._cancel: Callable[[], object] | None = None

    def stop(self) -> None:
        """The run is to stop. Said again, it says nothing new."""
        if not self._is_told and self._cancel is not None:
            self._cancel()
        self._is_told = True

    def reached(self, board: Board, number: int, reached: Reached) -> None:
        """The run has come so far: from its first tier on it can be stopped, and no more when it is through the last."""
        board.note(number, reached)
        if self._cancel is None:
            loop, task = asyncio.get_running_loop(), asyncio.current_task()
            assert task is not None
            self._cancel = partial(loop.call_soon_threadsafe, task.cancel)
            if self._is_told:
                task.cancel()
        elif reached.tier == board.tiers[-1] and reached.done == reached.of:
            self._is_told = True


_told = _Told()


def _judged(request: Request, number: int, settings: Settings) -> Part:
    board = _shared[-1]
    contract = request.contract()
    subject, _ = request.subject(contract, None)
    reached = partial(_told.reached, board, number)
    return asyncio.run(judge_part(subject, contract, request.choices(contract), board.tiers, settings, reached))


def _floor(request: Request, *, refuses: bool) -> Floor:
    from openfirst_conformance.power.trivial_clients import floor_of

    return floor_of(request.contract(), refuses=refuses)
