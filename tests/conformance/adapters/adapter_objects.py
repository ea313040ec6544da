"""Python adapter objects, for `PythonAdapter` and for `serve`."""

import asyncio
import subprocess
import sys
import threading
from typing import Any

from openfirst_conformance.adapters.protocol.faults import RequestRefused

Json = dict[str, Any]


class Plain:
    """Has what it must have and no more; what it prints is in nobody's way."""

    def initialize(self, params: Json) -> Json:
        print("initialised for", params["contract"]["name"])
        return {
            "protocol": 1,
            "implementation": {"name": "plain"},
            "capabilities": {"operations": ["echo", "fail", "exit", "nothing", "hang", "thread"]},
        }

    def reset(self, params: Json) -> None:
        subprocess.run([sys.executable, "-c", "print('a child prints')"], check=True)

    def call(self, params: Json) -> Any:
        match params["operation"]:
            case "echo":
                return {"outcome": "value", "value": params["arguments"]}
            case "thread":
                return {"outcome": "value", "value": threading.get_ident()}
            case "spoil":
                params.clear()
                return {"outcome": "value"}
            case "fail":
                raise ZeroDivisionError("no client\nto divide")
            case "exit":
                sys.exit(7)
            case "old":
                return {"outcome": "value", "generation": params["generation"] - 1}
            case "unwritable":
                return {"outcome": "value", "value": {1, 2}}
            case "hang":
                threading.Event().wait()
        return {"outcome": "nonsense"}


class Asynchronous(Plain):
    """Calls are answered when as many are open as it says it can hold."""

    request: Any = None

    def __init__(self) -> None:
        self._open = 0
        self._all = asyncio.Event()

    def initialize(self, params: Json) -> Json:
        answer = super().initialize(params)
        answer["capabilities"] |= {"concurrency": 3, "clock": "virtual", "refresh": True, "world": ["kick"]}
        return answer

    async def call(self, params: Json) -> Any:
        match params["operation"]:
            case "hang":
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    # What an adapter ought not to do, and some library does.
                    await asyncio.Event().wait()
            case "cancel":
                raise asyncio.CancelledError
            case "refresh":
                try:
                    value = await self.request("refreshToken", params["arguments"])
                except RequestRefused as refusal:
                    value = [refusal.code, refusal.message]
                return {"outcome": "value", "value": value}
            case "together":
                self._open += 1
                if self._open == 3:
                    self._all.set()
                await self._all.wait()
        return {"outcome": "value"}

    async def advance(self, params: Json) -> Json:
        return {"milliseconds": params["milliseconds"]}

    def world(self, params: Json) -> None:
        pass

    async def shutdown(self) -> None:
        pass


class Unwilling(Plain):
    """Its handshake fails."""

    def initialize(self, params: Json) -> Json:
        raise OSError("no licence")


class Clumsy(Plain):
    """It cannot leave."""

    def shutdown(self) -> None:
        raise OSError("a file is locked")


class Curious(Plain):
    """A child of its reads standard input."""

    def reset(self, params: Json) -> None:
        subprocess.run([sys.executable, "-c", "import sys; sys.stdin.read()"], check=True)


def broken() -> Plain:
    """Make nothing."""
    raise LookupError("no SDK")
