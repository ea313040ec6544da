"""A good adapter, written by hand as in any language: the value of every call is its arguments.

It ends with its input.
"""

import json
import sys

for line in sys.stdin:
    request = json.loads(line)
    params = request.get("params", {})
    result: dict[str, object] = {"generation": params["generation"]} if "generation" in params else {}
    if request["method"] == "initialize":
        result = {
            "protocol": 1,
            "implementation": {"name": "echo"},
            "capabilities": {"operations": ["echo"]},
        }
    if request["method"] == "call":
        result |= {"outcome": "value", "value": params["arguments"]}
    # UTF-8 as it is, not escaped, whatever the locale says.
    answer = json.dumps({"id": request["id"], "result": result}, ensure_ascii=False)
    sys.stdout.buffer.write(answer.encode("utf-8") + b"\n")
    sys.stdout.flush()
