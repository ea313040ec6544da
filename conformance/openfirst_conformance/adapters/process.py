"""An adapter that is a process: its life, from a command to the last byte of its output."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import shlex
import shutil
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from openfirst_conformance.adapters.adapter import Requests
from openfirst_conformance.adapters.protocol.channel import Channel
from openfirst_conformance.adapters.protocol.deadlines import Deadlines
from openfirst_conformance.adapters.protocol.faults import AdapterFault, record
from openfirst_conformance.adapters.protocol.messages import RequestHandler
from openfirst_conformance.adapters.protocol.shapes import InitializeParams, InitializeResult
from openfirst_conformance.adapters.protocol.transcript import Transcript
from openfirst_reference.contract.document import Json

_STDIN, _STDOUT, _STDERR = 0, 1, 2
_STDERR_KEPT = 64 * 1024
_STDERR_LINES = 20
# A killed process that has not gone by then is stuck in the kernel, and waiting longer does not help.
_KILL_TAKES = 10.0


class ProcessAdapter(Requests):
    """Runs a command, without a shell, and speaks the protocol over its standard input and output.

    `handler` answers what the adapter asks (`refreshToken`). Is an `Adapter`.
    """

    def __init__(
        self,
        command: str,
        *,
        handler: RequestHandler | None = None,
        deadlines: Deadlines | None = None,
        transcript: Transcript | None = None,
    ) -> None:
        self.faults: list[AdapterFault] = []
        self._command = command
        self.handler = handler
        self._deadlines = deadlines or Deadlines()
        self._transcript = transcript
        self._params: InitializeParams | None = None
        self._child: _Child | None = None
        self._channel: Channel | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._told: AdapterFault | None = None

    @property
    def name(self) -> str:
        """The command."""
        return self._command

    @property
    def pid(self) -> int | None:
        """The id of the process and of its group, if one was started."""
        return self._child.pid if self._child is not None else None

    @property
    def channel(self) -> Channel | None:
        """The conversation with the process, if one was started."""
        return self._channel

    def stderr_tail(self) -> str:
        """Give the last lines that the process, running or not, wrote to standard error in the case under way."""
        return self._child.stderr_tail() if self._child is not None else ""

    async def start(self, params: InitializeParams) -> InitializeResult:
        """Start the process and give the result of `initialize`."""
        self._params = params
        return await self.restart()

    async def restart(self) -> InitializeResult:
        """End the process if there is one, start it again, and give the result of `initialize`."""
        if self._params is None:
            raise RuntimeError("restart() comes after start()")
        await self._end()
        try:
            await self._spawn()
            result: InitializeResult = await self._ask("initialize", self._params)
            return result
        except BaseException as error:
            await self._end()
            if not isinstance(error, AdapterFault):
                raise
            if error.kind == "crash":
                remedy = f"Run it by hand ({self._command}): it should wait for a line on standard input."
                error = AdapterFault("start-failed", error.detail, remedy, error.stderr, error.cause)
            raise (error if self._channel is None else self._channel.no_handshake(error)) from None

    async def close(self) -> None:
        """Ask the process to shut down, and see to it that it ends."""
        await self.stop(shutdown=True, end_of_input=True)

    async def stop(self, *, shutdown: bool, end_of_input: bool) -> None:
        """Let the process know that it is over, in one way or both, and end it by force if it does not understand.

        What was wrong is in `faults` then.
        """
        child, channel = self._child, self._channel
        if child is None or channel is None:
            return
        if channel.lost is not None or child.exited.done():
            await self._end()
            return
        try:
            if shutdown:
                await self._shut_down()
            self._forget_watcher()
            if end_of_input:
                child.close_stdin()
            patience = self._deadlines.of("shutdown")
            await asyncio.wait([child.exited], timeout=patience)
            if not child.exited.done():
                told = ["shutdown"] * shutdown + ["the end of its input"] * end_of_input
                record(
                    self.faults,
                    AdapterFault(
                        "hang",
                        f"the adapter still ran {patience:.3g} s after {' and '.join(told)}",
                        "Exit once shutdown is answered, and when standard input ends.",
                        self.stderr_tail(),
                    ),
                )
            elif child.exited.result() != 0:
                record(self.faults, _crash(child, []))
        finally:
            await self._end()

    async def _shut_down(self) -> None:
        try:
            await self._ask("shutdown", None)
        except AdapterFault as fault:
            # An adapter may well exit before its answer is out; how it exits is what counts.
            if fault.kind != "crash":
                record(self.faults, fault)

    async def ask_anything(self, method: str, params: Json) -> Any:
        """Ask what no schema knows, and give any result: for a test of the adapter itself."""
        return await self._ask(method, params, checked=False)

    async def _ask(self, method: str, params: Mapping[str, Any] | None, *, checked: bool = True) -> Any:
        if self._channel is None:
            raise RuntimeError(f"{method} comes after start()")
        if method == "reset" and self._child is not None:
            self._child.forget_stderr()
        try:
            return await self._channel.ask(method, params, checked=checked)
        except AdapterFault as fault:
            fault.stderr = fault.stderr or self.stderr_tail()
            self._told = fault
            raise

    async def _spawn(self) -> None:
        arguments = self._arguments()
        loop = asyncio.get_running_loop()
        child = _Child()
        channel = Channel(
            child.write,
            faults=self.faults,
            handler=self.handler,
            deadlines=self._deadlines,
            transcript=self._transcript,
        )
        child.receive = channel.receive
        try:
            await loop.subprocess_exec(lambda: child, *arguments, start_new_session=True)
        except OSError as error:
            raise self._unstarted(arguments[0], error) from None
        self._child, self._channel = child, channel
        self._watcher = loop.create_task(self._watch(child, channel))

    def _arguments(self) -> list[str]:
        try:
            arguments = shlex.split(self._command)
        except ValueError as error:
            raise AdapterFault(
                "not-found", f"the command {self._command!r} cannot be read: {error}", "Mind the quotes."
            ) from None
        if not arguments:
            raise AdapterFault("not-found", "the command is empty", "Name a program that speaks the protocol.")
        return arguments

    def _unstarted(self, program: str, error: OSError) -> AdapterFault:
        if not isinstance(error, FileNotFoundError) or shutil.which(program) is not None:
            return AdapterFault(
                "start-failed",
                f"{program!r} is there, but cannot be run: {error.strerror}",
                "See that it may be executed, and that the interpreter its first line names exists.",
            )
        where = "on PATH" if Path(program).name == program else f"as a file, from {Path.cwd()}"
        return AdapterFault(
            "not-found",
            f"there is no program {program!r} (looked for it {where})",
            "The command is run without a shell: for what a shell does, write sh -c '…'.",
        )

    async def _watch(self, child: _Child, channel: Channel) -> None:
        """Tell the channel when the process is gone, after all that it still wrote was read."""
        await asyncio.wait([child.exited, child.closed[_STDOUT]], return_when=asyncio.FIRST_COMPLETED)
        # Output may be held open by a process that left the group: it is not waited for long.
        await asyncio.wait([child.exited, *child.closed.values()], timeout=self._deadlines.of("shutdown"))
        channel.end()
        channel.lose(_crash(child, channel.unanswered))

    async def _end(self) -> None:
        """End the process by force if it still runs, and record a crash that no method raised."""
        child, channel = self._child, self._channel
        if child is None or channel is None or child.finished:
            return
        if self._watcher is not None and child.exited.done():
            await self._watcher
        self._forget_watcher()
        if channel.lost is not None and channel.lost is not self._told:
            record(self.faults, channel.lost)
        await child.end(self._deadlines.of("shutdown"))
        if channel.lost is None:
            channel.lose(AdapterFault("crash", "the adapter was ended", "Restart it."))
            self._told = channel.lost

    def _forget_watcher(self) -> None:
        if self._watcher is not None:
            self._watcher.cancel()
            self._watcher = None


def _crash(child: _Child, unanswered: Sequence[str]) -> AdapterFault:
    before = f" before it had answered {', '.join(unanswered)}" if unanswered else ""
    ending = child.ending()
    remedy, tail = "See what it wrote to standard error.", child.stderr_tail()
    return AdapterFault("crash", f"the adapter {ending}{before}", remedy, tail, cause=ending)


class _Child(asyncio.SubprocessProtocol):
    """One process, in a group of its own.

    Callbacks and not streams: asyncio's `Process.wait` also waits for whoever inherited the pipes.
    """

    receive: Callable[[bytes], None]

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.exited: asyncio.Future[Any] = loop.create_future()
        self.closed: dict[int, asyncio.Future[Any]] = {
            _STDOUT: loop.create_future(),
            _STDERR: loop.create_future(),
        }
        self.finished = False
        self._stderr = bytearray()

    def write(self, data: bytes) -> None:
        """Hand bytes to the process; what it does not read in time is a deadline's matter, not ours."""
        cast(asyncio.WriteTransport, self._transport.get_pipe_transport(_STDIN)).write(data)

    def close_stdin(self) -> None:
        """Tell the process that nothing more will come."""
        cast(asyncio.WriteTransport, self._transport.get_pipe_transport(_STDIN)).close()

    def stderr_tail(self) -> str:
        """Give the last lines of standard error."""
        text = self._stderr.decode("utf-8", errors="backslashreplace")
        return "\n".join(text.splitlines()[-_STDERR_LINES:])

    def forget_stderr(self) -> None:
        """What is written from now on has nothing to do with what was written before."""
        self._stderr.clear()

    def ending(self) -> str:
        """Say how the process ended."""
        if not self.exited.done():
            return "closed its standard output, though it is still running"
        status = self.exited.result()
        if status >= 0:
            return f"exited with status {status}"
        try:
            return f"was killed by {signal.Signals(-status).name}"
        except ValueError:
            return f"was killed by signal {-status}"

    async def end(self, patience: float) -> None:
        """See to it that the process is gone, and with it all of its group."""
        try:
            if not self.exited.done():
                self._kill("SIGTERM")
                await asyncio.wait([self.exited], timeout=patience)
            if not self.exited.done():
                self._kill("SIGKILL")
                await asyncio.wait([self.exited], timeout=_KILL_TAKES)
            await asyncio.wait(list(self.closed.values()), timeout=patience)
        finally:
            if not self.exited.done():
                self._kill("SIGKILL")
            self._transport.close()
            self.finished = True

    def _kill(self, name: str) -> None:
        if sys.platform == "win32":
            self._transport.kill()
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.Signals[name])

    # --- called by asyncio ----------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.SubprocessTransport) -> None:  # type: ignore[override]
        self._transport = transport
        self.pid = transport.get_pid()
        # For an end of ours that runs no `finally` of a coroutine.
        atexit.register(self._kill, "SIGKILL")

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == _STDOUT:
            self.receive(data)
        else:
            self._stderr += data
            del self._stderr[:-_STDERR_KEPT]

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        if fd in self.closed and not self.closed[fd].done():
            self.closed[fd].set_result(None)

    def process_exited(self) -> None:
        # At once, since the number of the group is not ours any more when its last process is gone.
        self._kill("SIGKILL")
        atexit.unregister(self._kill)
        if not self.exited.done():
            self.exited.set_result(self._transport.get_returncode() or 0)
