"""An adapter that dies in its third call: by itself, or of the signal that is its argument."""

import json
import os
import sys

calls = 0
for line in sys.stdin:
    request = json.loads(line)
    result = {"generation": request.get("params", {}).get("generation", 0), "outcome": "value"}
    if request["method"] == "initialize":
        result = {"protocol": 1, "implementation": {"name": "c"}, "capabilities": {"operations": ["echo"]}}
    if request["method"] == "call":
        calls += 1
        if calls == 3:
            print("out of memory", file=sys.stderr, flush=True)
            if len(sys.argv) > 1:
                os.kill(os.getpid(), int(sys.argv[1]))
            sys.exit(3)
    print(json.dumps({"id": request["id"], "result": result}), flush=True)
    if request["method"] == "shutdown":
        break
