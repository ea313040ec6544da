"""A good adapter of a small session API, written by hand as in any language, but for the one flaw that is its argument."""

from __future__ import annotations

import json
import sys
import threading
from typing import Any

FLAW = sys.argv[1]
DECLARED: dict[str, Any] = {"operations": ["open", "isOpen", "getParticipant"], "clients": 1}
match FLAW:
    case "declares what there is not":
        DECLARED["operations"].append("opne")
    case "answers one of several calls":
        DECLARED["concurrency"] = 3
    case "declares nothing" | "declares nothing, and dies of a call":
        DECLARED["operations"] = []
    case "has no advance":
        DECLARED["clock"] = "virtual"
    case "lacks a method" | "lacks a method, and says so":
        DECLARED["operations"].append("use")
        if FLAW == "lacks a method, and says so":
            DECLARED["services"] = {"recording": True}
    case "needs info":
        DECLARED["arguments"] = {"open.info": "required", "open.info.externalId": "unsupported"}

sessions: list[dict[str, Any]] = []
answers = opened = 0


def write(message: dict[str, Any]) -> None:
    """Write a line."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def call(operation: str, given: dict[str, Any]) -> dict[str, Any]:
    """Make a call."""
    if operation == "open":
        if FLAW == "needs info" and ("info" not in given or "externalId" in given["info"]):
            sys.exit(5)
        sessions[:] = [given.get("info") or {}]
        return {"outcome": "value"}
    if operation == "isOpen":
        return {"outcome": "value", "value": bool(sessions)}
    if operation == "use" and given["service"] != "recording":
        return {"outcome": "unsupported", "reason": "not written yet"}
    if not sessions:
        return {"outcome": "error", "code": "session-not-open"}
    name = sessions[0].get("name")
    if FLAW == "reads the wrong encoding" and name is not None:
        name = name.encode("utf-8", "replace").decode("latin-1")
    if FLAW == "shouts" and name is not None:
        name = name.upper()
    return {"outcome": "value", "value": {"id": "1", "info": {"name": name}}}


def result(method: str, params: dict[str, Any], line: str) -> dict[str, Any] | None:
    """Give the result of a request, or None where nothing is answered."""
    if method == "initialize":
        return {"protocol": 1, "implementation": {"name": "flawed", "version": "2"}, "capabilities": DECLARED}
    if method == "reset":
        if FLAW == "does not answer a reset":
            return None
        if FLAW != "keeps the session":
            sessions.clear()
    if FLAW == "declares nothing, and dies of a call" and method == "call":
        sys.exit(6)
    if FLAW == "sends notifications" and method == "call":
        write({"jsonrpc": "2.0", "method": "log", "params": {"text": "making a call"}})
    if FLAW == "prints" and method == "call":
        print("making a call")
    if FLAW == "dies of lone surrogates" and "\\ud83d, and" in line:
        sys.exit(3)
    if FLAW == "reads no more than 64 KiB" and len(line) > 65536:
        return None
    if FLAW == "is not written yet" and params.get("operation") == "open":
        return {"outcome": "unsupported", "reason": "not written yet"}
    return call(params["operation"], params["arguments"]) if method == "call" else {}


for line in sys.stdin:
    request = json.loads(line)
    method, params = request["method"], request.get("params", {})
    number, generation = request["id"], params.get("generation", 0)
    answers += 1
    if FLAW == "counts its answers":
        number = answers
    known = ["initialize", "reset", "call", "settle", "shutdown"]
    if FLAW in ("has no settle", "declares nothing"):
        known.remove("settle" if FLAW == "has no settle" else "call")
    if method not in known and FLAW != "answers what it does not know":
        write({"id": number, "error": {"code": -32601, "message": f"no method {method}"}})
        continue
    answer = result(method, params, line)
    if answer is None:
        continue
    if FLAW == "leaves out the generation" and method == "call":
        write({"id": number, "result": answer})
        continue
    if FLAW == "counts its generations" and method != "initialize":
        generation = answers
    message = {"id": number, "result": {"generation": generation, **answer}}
    opened = 0 if method == "reset" else opened + (params.get("operation") == "open")
    if FLAW == "answers one of several calls" and opened > 1:
        continue
    write(message)
    if method == "shutdown" and FLAW != "stays after shutdown":
        sys.exit(4 if FLAW == "exits with a status" else 0)
if FLAW == "stays at the end of its input":
    threading.Event().wait()
