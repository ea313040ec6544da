"""How the methods of a Python adapter object are called, in this process and behind `serve`."""

from __future__ import annotations

import asyncio
import inspect
import queue
import threading
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from openfirst_conformance.adapters.protocol.messages import METHODS
from openfirst_reference.contract.document import Json

_MAY_BE_MISSING = {"settle", "shutdown"}
_Job = tuple[Callable[..., Any], tuple[object, ...], asyncio.AbstractEventLoop, asyncio.Future[Any]]


def find(adapter: object, method: str) -> Callable[..., Any] | None:
    """Give the method of an adapter object that answers a request, or None if it has none.

    An adapter in which nothing is ever pending, or that holds nothing, may lack `settle` and `shutdown`.
    """
    if method not in METHODS:
        return None
    return getattr(adapter, method, _nothing if method in _MAY_BE_MISSING else None)


async def invoke(function: Callable[..., Any], method: str, params: Json, threads: Threads) -> Any:
    """Call a method of an adapter object, async or plain, and give its answer.

    None is an empty answer, and the generation is filled in: an object cannot answer for another one by
    mistake.
    """
    arguments = () if method == "shutdown" else (params,)
    generation = {"generation": params["generation"]} if "generation" in params else {}
    try:
        own = getattr(function, "__func__", None)
        if inspect.iscoroutinefunction(function) if own is None else _is_async(own):
            answer = await function(*arguments)
        else:
            answer = await threads.run(function, *arguments)
            if inspect.isawaitable(answer):
                answer = await answer
    except SystemExit as error:
        # asyncio would end the whole run.
        raise RuntimeError(f"it called exit({error.code!r})") from error
    if answer is None:
        answer = {}
    return {**generation, **answer} if isinstance(answer, dict) else answer


@lru_cache(maxsize=256)
def _is_async(function: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(function)


async def ended(task: asyncio.Task[Any], seconds: float) -> None:
    """Wait until a task has ended, or until so many seconds have passed.

    Not `wait_for`, which waits for a task to take note that it is cancelled: some never do. Nor `wait`, which is for many.
    """
    loop = asyncio.get_running_loop()
    woken = loop.create_future()

    def wake(_: object = None) -> None:
        if not woken.done():
            woken.set_result(None)

    timer = loop.call_later(seconds, wake)
    task.add_done_callback(wake)
    try:
        await woken
    finally:
        timer.cancel()
        task.remove_done_callback(wake)


class Threads:
    """Runs plain functions off the event loop, in as many threads as are busy at once.

    Off the loop, since the platform that they talk to may be served by it. Calls one after another come to
    the same thread, for libraries that are particular about that. A call that never returns keeps its thread,
    but does not keep the interpreter from ending, which is why this is not a ThreadPoolExecutor.
    """

    def __init__(self) -> None:
        self._idle: list[queue.SimpleQueue[_Job | None]] = []

    async def run(self, function: Callable[..., Any], *arguments: object) -> Any:
        """Call a function in a thread and give what it returns, or raise what it raises."""
        loop = asyncio.get_running_loop()
        returned: asyncio.Future[tuple[bool, Any]] = loop.create_future()
        jobs = self._idle.pop() if self._idle else self._new()
        jobs.put((function, arguments, loop, returned))
        try:
            raised, value = await returned
        except asyncio.CancelledError:
            jobs.put(None)
            raise
        self._idle.append(jobs)
        if raised:
            raise value
        return value

    def close(self) -> None:
        """Let the threads end that are not busy."""
        while self._idle:
            self._idle.pop().put(None)

    def _new(self) -> queue.SimpleQueue[_Job | None]:
        jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        threading.Thread(target=_work, args=(jobs,), name="openfirst-adapter", daemon=True).start()
        return jobs


def _work(jobs: queue.SimpleQueue[_Job | None]) -> None:
    while (job := jobs.get()) is not None:
        function, arguments, loop, returned = job
        try:
            outcome = (False, function(*arguments))
        except BaseException as error:  # whatever it is, it belongs to whoever called
            outcome = (True, error)
        try:
            loop.call_soon_threadsafe(_hand_over, returned, outcome)
        except RuntimeError:
            return  # the loop has ended meanwhile, and nobody waits


def _hand_over(returned: asyncio.Future[Any], outcome: tuple[bool, Any]) -> None:
    if not returned.done():
        returned.set_result(outcome)


def _nothing(*_: object) -> None:
    return None
