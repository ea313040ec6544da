"""A run in several processes: each judges by a shard of its own, with an adapter of its own, and one of them joins them all."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

from openfirst.request import Request
from openfirst_conformance.adapters.protocol.faults import AdapterFault
from openfirst_conformance.driving.settings import Settings
from openfirst_conformance.verdicts.judge import judge_part
from openfirst_conformance.verdicts.part import Part

_WORTH_IT = frozenset({"complete", "concurrent", "explore"})


def processes(request: Request, tiers: Iterable[str], wanted: int | None) -> int:
    """How many processes a run takes: as many as are wanted, or as there are cores where that is worth the start."""
    if request.connect or request.platform:
        return 1  # There is one adapter to be reached, or one platform to be asked.
    if wanted is not None:
        return wanted
    return (os.cpu_count() or 1) if _WORTH_IT & set(tiers) else 1


def shares(settings: Settings, count: int) -> list[Settings]:
    """The settings of each process: its part of the shard, or of the whole."""
    number, of = settings.shard
    return [replace(settings, shard=(number + of * turn, of * count)) for turn in range(count)]


class Others:
    """The other processes of a run, at work."""

    def __init__(self, found: Sequence[Future[Part]] = ()) -> None:
        self._found = found

    def check(self) -> None:
        """Raise AdapterFault if one of them could not begin: then there is no point in going on."""
        for future in self._found:
            if future.done():
                _come_to(future)

    def parts(self) -> Iterator[Part]:
        """What they have come to, once they have. Raises AdapterFault."""
        return map(_come_to, self._found)


def _come_to(future: Future[Part]) -> Part:
    try:
        return future.result()
    except AdapterFault as fault:
        remedy = f"{fault.remedy.rstrip('.')}. If there can be only one of it at a time, give -j 1"
        raise AdapterFault(
            fault.kind, f"beside another one, {fault.detail}", remedy, fault.stderr, fault.cause
        ) from None


@contextmanager
def others(request: Request, tiers: tuple[str, ...], rest: list[Settings]) -> Iterator[Others]:
    """The other processes, at work from now on."""
    if not rest:
        yield Others()
        return
    # Each starts afresh: this one may have threads and loops of its own.
    with ProcessPoolExecutor(len(rest), mp_context=multiprocessing.get_context("spawn")) as pool:
        yield Others([pool.submit(_judged, request, tiers, settings) for settings in rest])


def _judged(request: Request, tiers: tuple[str, ...], settings: Settings) -> Part:
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    contract = request.contract()
    subject, _ = request.subject(contract, None)
    return asyncio.run(judge_part(subject, contract, request.choices(contract), tiers, settings))


def _end_with_the_parent() -> None:
    """Whoever is killed outright cannot tell the others to stop."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
