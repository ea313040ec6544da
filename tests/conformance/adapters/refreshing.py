"""An adapter whose calls ask the judge, with the operation as method and the arguments as params.

The value of a call is the judge's answer. It exits with status 4.
"""

import json
import sys

for line in sys.stdin:
    request = json.loads(line)
    params = request.get("params", {})
    result: dict[str, object] = {"generation": params.get("generation", 0)}
    if request["method"] == "initialize":
        capabilities = {"operations": ["refreshToken"], "refresh": True}
        result = {"protocol": 1, "implementation": {"name": "r"}, "capabilities": capabilities}
    if request["method"] == "call":
        asked = {"id": "r1", "method": params["operation"], "params": params["arguments"]}
        print(json.dumps(asked), flush=True)
        answer = json.loads(sys.stdin.readline())
        result |= {"outcome": "value", "value": answer}
    print(json.dumps({"id": request["id"], "result": result}), flush=True)
    if request["method"] == "shutdown":
        sys.exit(4)
