"""An adapter that refuses to end, and whose child holds the file that is its argument open for writing."""

import json
import signal
import subprocess
import sys
import threading

signal.signal(signal.SIGTERM, signal.SIG_IGN)
HOLD = "import sys, threading; held = open(sys.argv[1], 'w'); threading.Event().wait()"
subprocess.Popen([sys.executable, "-c", HOLD, sys.argv[1]])

for line in sys.stdin:
    request = json.loads(line)
    if request["method"] == "initialize":
        result = {"protocol": 1, "implementation": {"name": "s"}, "capabilities": {"operations": ["echo"]}}
        print(json.dumps({"id": request["id"], "result": result}), flush=True)
    if request["method"] == "call":
        sys.exit(1)
threading.Event().wait()
