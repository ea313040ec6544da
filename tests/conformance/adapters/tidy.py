"""An adapter that makes the file that is its argument when it is told to terminate."""

import json
import signal
import sys
from pathlib import Path


def leave(*_: object) -> None:
    """Make the file, and end."""
    Path(sys.argv[1]).touch()
    sys.exit()


signal.signal(signal.SIGTERM, leave)
for line in sys.stdin:
    result = {"protocol": 1, "implementation": {"name": "t"}, "capabilities": {"operations": ["echo"]}}
    print(json.dumps({"id": json.loads(line)["id"], "result": result}), flush=True)
