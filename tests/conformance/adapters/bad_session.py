"""An implementation of `implementations_for_judge`, its first argument, behind an adapter that misbehaves, its second.

What it does wrong depends on nothing but the case and the number of the call, so that each run is the same.
"""

import asyncio
import json
import os
import signal
import sys
import threading
import zlib
from typing import Any

import implementations_for_judge  # type: ignore[import-not-found]

IMPLEMENTATION, MISDEED, *MORE = sys.argv[1:]
implementation = getattr(implementations_for_judge, IMPLEMENTATION)()
owed: list[dict[str, Any]] = []
calls = calls_of_case = 0


def write(message: dict[str, Any]) -> None:
    """Write a line, at once."""
    os.write(1, json.dumps(message).encode() + b"\n")


def pay(*_: object) -> None:
    """Answer late: when the judge has lost patience and ends the process."""
    for message in owed:
        write(message)
    os._exit(0)


signal.signal(signal.SIGTERM, pay)


def is_due(params: dict[str, Any], one_in: int) -> bool:
    """Whether it is this call's turn: one in so many, as if at random."""
    return zlib.crc32(f"{params['generation']} {calls_of_case}".encode()) % one_in == 0


with asyncio.Runner() as runner:
    for line in sys.stdin:
        message = json.loads(line)
        method, params = message["method"], message.get("params", {})
        if method == "reset" and MISDEED == "crashes in reset":
            os._exit(9)
        if method in ("settle", "shutdown"):
            result = {"generation": params.get("generation")}
        else:
            result = runner.run(getattr(implementation, method)(params))
        answer = {"jsonrpc": "2.0", "id": message["id"], "result": result}
        calls_of_case = 0 if method == "reset" else calls_of_case + 1
        if method == "call":
            calls += 1
            match MISDEED:
                case "crashes on every" if calls == int(MORE[0]):
                    os.write(2, b"out of memory\n")
                    os._exit(9)
                case "crashes at random" if is_due(params, int(MORE[0])):
                    os._exit(9)
                case "warns on" if params["operation"] == MORE[0]:
                    os.write(2, b"careful\n")
                case "hangs on" if params["operation"] == MORE[0]:
                    threading.Event().wait()
                case "hangs at random" if is_due(params, int(MORE[0])):
                    threading.Event().wait()
                case "answers late" if is_due(params, int(MORE[0])):
                    owed.append(answer)
                    threading.Event().wait()
                case "prints":
                    os.write(1, b"INFO made a call\n\n[1, 2]\n")
        write(answer)
        if method == "shutdown":
            break
