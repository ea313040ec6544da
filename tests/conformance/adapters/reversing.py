"""An adapter that waits until three calls are open, and answers the last first."""

import json
import sys

waiting = []
for line in sys.stdin:
    request = json.loads(line)
    params = request.get("params", {})
    result: dict[str, object] = {"generation": params.get("generation", 0)}
    if request["method"] == "initialize":
        capabilities = {"operations": ["echo"], "concurrency": 3}
        result = {"protocol": 1, "implementation": {"name": "c"}, "capabilities": capabilities}
    if request["method"] == "call":
        result |= {"outcome": "value", "value": params["arguments"]}
        waiting.append({"id": request["id"], "result": result})
        if len(waiting) == 3:
            for answer in reversed(waiting):
                print(json.dumps(answer), flush=True)
            waiting.clear()
        continue
    print(json.dumps({"id": request["id"], "result": result}), flush=True)
    if request["method"] == "shutdown":
        break
