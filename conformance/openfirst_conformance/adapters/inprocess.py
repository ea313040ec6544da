"""An adapter that is a Python object in this process."""

from __future__ import annotations

import asyncio
import importlib
import itertools
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from openfirst_conformance.adapters.adapter import Requests
from openfirst_conformance.adapters.objects import Threads, ended, find, invoke
from openfirst_conformance.adapters.protocol.channel import Asked, answer_request, check_generation, refused
from openfirst_conformance.adapters.protocol.deadlines import Deadlines
from openfirst_conformance.adapters.protocol.faults import AdapterFault, FaultKind, RequestRefused, record
from openfirst_conformance.adapters.protocol.lines import (
    ADAPTER_FAILED,
    METHOD_NOT_FOUND,
    reread,
    shorten,
)
from openfirst_conformance.adapters.protocol.messages import RequestHandler, check_result, check_sent
from openfirst_conformance.adapters.protocol.shapes import InitializeParams, InitializeResult
from openfirst_conformance.adapters.protocol.transcript import Sender, Transcript
from openfirst_reference.contract.document import Json

_TRACEBACK_LINES = 20


class PythonAdapter(Requests):
    """Calls the methods of the object that `package.module:factory` makes.

    The object has `initialize`, `reset` and `call`, and if need be `world`, `advance`, `settle` (each takes
    the params and gives the result) and `shutdown` (takes nothing); async ones run in the event loop, plain
    ones in a thread. If it has an attribute `request`, that becomes `await request(method, params)`, which
    asks the judge and raises RequestRefused. What goes in and comes out passes through the same lines and
    schemas as with a process, so that nothing is shared, and what works here works there.

    A plain method that never returns is left behind in its thread. Is an `Adapter`.
    """

    def __init__(
        self,
        factory_path: str,
        *,
        handler: RequestHandler | None = None,
        deadlines: Deadlines | None = None,
        transcript: Transcript | None = None,
    ) -> None:
        self.faults: list[AdapterFault] = []
        self._path = factory_path
        self.handler = handler
        self._deadlines = deadlines or Deadlines()
        self._transcript = transcript
        self._ids = itertools.count(1)
        self._threads = Threads()
        self._params: InitializeParams | None = None
        self._object: Any = None
        self._generation: int | None = None
        self._traceback = ""

    @property
    def name(self) -> str:
        """Where the object comes from."""
        return self._path

    def stderr_tail(self) -> str:
        """Give the last lines of the traceback of what was last raised in the case under way."""
        return self._traceback

    async def start(self, params: InitializeParams) -> InitializeResult:
        """Make the object and give the result of its `initialize`."""
        self._params = params
        return await self.restart()

    async def restart(self) -> InitializeResult:
        """Leave the object, make another, and give the result of its `initialize`."""
        if self._params is None:
            raise RuntimeError("restart() comes after start()")
        self._generation = None
        self._object = self._make()
        if hasattr(self._object, "request"):
            self._object.request = self._request
        try:
            result: InitializeResult = await self._ask("initialize", self._params)
            return result
        except AdapterFault as fault:
            self._object = None
            if fault.kind != "crash":
                raise
            raise AdapterFault("start-failed", fault.detail, fault.remedy, fault.stderr, fault.cause) from None

    async def close(self) -> None:
        """Call the object's `shutdown`, and leave it."""
        if self._object is None:
            return
        try:
            await self._ask("shutdown", {})
        except AdapterFault as fault:
            record(self.faults, fault)
        finally:
            self._object = None
            self._threads.close()

    async def _ask(self, method: str, params: Mapping[str, Any]) -> Any:
        check_sent(method, "params", params)
        if self._object is None:
            raise RuntimeError(f"{method} comes after start()")
        if method == "reset":
            self._generation, self._traceback = params["generation"], ""
        asked = Asked(method, params)
        number = next(self._ids)
        self._note("judge", {"id": number, "method": method, "params": params})
        function = find(self._object, method)
        if function is None:
            lacking = f"the object has no method {method}"
            self._note("adapter", {"id": number, "error": {"code": METHOD_NOT_FOUND, "message": lacking}})
            raise refused(asked, f"{METHOD_NOT_FOUND} {lacking}")
        limit = self._deadlines.of(method)
        loop = asyncio.get_running_loop()
        began = loop.time()
        task = loop.create_task(invoke(function, method, reread(params), self._threads))
        try:
            await ended(task, limit)
        finally:
            if not task.done():
                task.cancel()
                task.add_done_callback(_look_away)
        if not task.done():
            raise AdapterFault(
                "hang",
                f"no answer to {asked} within {limit:.3g} s",
                "If the implementation itself does not answer, say `pending`.",
            )
        try:
            result = self._result(method, asked, task)
        except AdapterFault as fault:
            self._note("adapter", {"id": number, "error": {"code": ADAPTER_FAILED, "message": fault.detail}})
            raise
        self._note("adapter", {"id": number, "result": result})
        self._deadlines.observe(method, loop.time() - began)
        check_generation(result, params.get("generation"), asked)
        return check_result(method, result, asked)

    def _result(self, method: str, asked: Asked, task: asyncio.Task[Any]) -> object:
        if task.cancelled():
            raise self._fault("crash", f"{asked} was cancelled from inside", None)
        error = task.exception()
        if error is not None:
            raise self._fault("crash", f"{asked} raised {_one_line(error)}", error)
        try:
            return reread(task.result())
        except (TypeError, ValueError) as problem:
            raise AdapterFault(
                "bad-message",
                f"the answer to {asked} is no JSON: {shorten(str(problem))}",
                f"See the result in protocol/{method}.schema.json of the contract.",
            ) from None

    async def _request(self, method: str, params: Json) -> Json:
        number = f"r{next(self._ids)}"
        self._note("adapter", {"id": number, "method": method, "params": params})
        try:
            result = await answer_request(self.handler, method, params, self._generation, self.faults)
        except RequestRefused as refusal:
            self._note("judge", {"id": number, "error": {"code": refusal.code, "message": refusal.message}})
            raise
        self._note("judge", {"id": number, "result": result})
        return result

    def _note(self, sender: Sender, message: Json) -> None:
        if self._transcript is not None:
            self._transcript.message(sender, message)

    def _make(self) -> Any:
        module_name, colon, attributes = self._path.partition(":")
        if not (colon and module_name and attributes):
            raise AdapterFault("not-found", f"{self._path!r} names no factory", "Write package.module:factory.")
        # As with `python -m`: what lies in the current directory can be named.
        if str(Path.cwd()) not in sys.path:
            sys.path.insert(0, str(Path.cwd()))
        try:
            found: Any = importlib.import_module(module_name)
        except ModuleNotFoundError as error:
            if error.name is not None and f"{module_name}.".startswith(f"{error.name}."):
                raise AdapterFault(
                    "not-found",
                    f"there is no module {error.name!r} (looked for {module_name!r} from {Path.cwd()})",
                    "Start where it lies, install it, or add its directory to PYTHONPATH.",
                ) from None
            raise self._unstarted(f"importing {module_name!r}", error) from error
        except (Exception, SystemExit) as error:
            raise self._unstarted(f"importing {module_name!r}", error) from error
        for attribute in attributes.split("."):
            if not hasattr(found, attribute):
                raise AdapterFault(
                    "not-found",
                    f"module {module_name!r} ({getattr(found, '__file__', None)}) has no {attributes!r}",
                    "Name a function or class in it that makes the adapter object.",
                )
            found = getattr(found, attribute)
        try:
            return found()
        except (Exception, SystemExit) as error:
            raise self._unstarted(f"{self._path!r}", error) from error

    def _unstarted(self, what: str, error: BaseException) -> AdapterFault:
        return self._fault("start-failed", f"{what} raised {_one_line(error)}", error)

    def _fault(self, kind: FaultKind, detail: str, error: BaseException | None) -> AdapterFault:
        lines = "".join(traceback.format_exception(error)).splitlines() if error is not None else []
        self._traceback = "\n".join(lines[-_TRACEBACK_LINES:])
        return AdapterFault(kind, detail, "See the traceback.", self._traceback, cause=type(error).__name__)


def _one_line(error: BaseException) -> str:
    return shorten(f"{type(error).__name__}: {'; '.join(str(error).splitlines())}")


def _look_away(task: asyncio.Task[Any]) -> None:
    """Nobody waits for what an abandoned call comes to."""
    if not task.cancelled():
        task.exception()
