"""An adapter that writes the lines of a call's argument `lines` first, as they are, and only then answers it.

In those lines, ID and GENERATION stand for those of the call, OLD for the generation before.
"""

import json
import sys

for line in sys.stdin:
    request = json.loads(line)
    params = request.get("params", {})
    result = {"generation": params.get("generation", 0), "outcome": "value", "value": "answered"}
    if request["method"] == "initialize":
        print("> careless@1.0.0 start\n", flush=True)
        result = {"protocol": 1, "implementation": {"name": "c"}, "capabilities": {"operations": ["echo"]}}
    for text in params.get("arguments", {}).get("lines", ()):
        stray = text.replace("ID", str(request["id"])).replace("OLD", str(params["generation"] - 1))
        print(stray.replace("GENERATION", str(params["generation"])), flush=True)
    print(json.dumps({"id": request["id"], "result": result}), flush=True)
    if request["method"] == "shutdown":
        break
