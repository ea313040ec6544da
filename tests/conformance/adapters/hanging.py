"""An adapter that never answers a call, and answers late, with the old generation, before the next reset."""

import json
import sys

unanswered = []
for line in sys.stdin:
    request = json.loads(line)
    result = {"generation": request.get("params", {}).get("generation", 0)}
    if request["method"] == "initialize":
        result = {"protocol": 1, "implementation": {"name": "h"}, "capabilities": {"operations": ["echo"]}}
    if request["method"] == "call":
        unanswered.append({"id": request["id"], "result": result | {"outcome": "value"}})
        continue
    for late in unanswered:
        print(json.dumps(late), flush=True)
    unanswered.clear()
    print(json.dumps({"id": request["id"], "result": result}), flush=True)
    if request["method"] == "shutdown":
        break
