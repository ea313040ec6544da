"""A good implementation whose author prints to standard output: every 50th answer comes after a line of log."""

import asyncio
import json
import sys

from implementations_for_judge import Plain  # type: ignore[import-not-found]


def main() -> None:
    """Read a message a line, answer a message a line."""
    plain, runner = Plain(), asyncio.Runner()
    for number, line in enumerate(sys.stdin):
        message = json.loads(line)
        if message["method"] == "shutdown":
            return
        generation = {"generation": message["params"].get("generation")}
        result = (
            generation
            if message["method"] == "settle"
            else runner.run(getattr(plain, message["method"])(message["params"]))
        )
        if number % 50 == 1:
            print("DEBUG: about to answer")
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)


main()
