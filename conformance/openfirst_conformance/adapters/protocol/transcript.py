"""Transcripts: every message of the adapter protocol, kept as it passes, in a file that can be read whatever happens next."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, TextIO

from openfirst_conformance.adapters.protocol.faults import AdapterFault
from openfirst_conformance.adapters.protocol.lines import decode, encode
from openfirst_reference.contract.document import Json
from openfirst_reference.contract.findings import Mistake

Sender = Literal["judge", "adapter"]


class Transcript:
    """Writes a line of JSON for each message: `at` (seconds since the start), `from`, and `message`.

    What an adapter writes that is no message is kept as `text`. Each line is flushed, so that a crash costs none.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._began = time.monotonic()

    def line(self, sender: Sender, line: bytes) -> None:
        """Keep a line of the wire."""
        try:
            self._keep(sender, {"message": decode(line)[1]})
        except (AdapterFault, RecursionError):
            self._keep(sender, {"text": line.decode("utf-8", errors="backslashreplace")})

    def message(self, sender: Sender, message: Json) -> None:
        """Keep a message that went over no wire."""
        try:
            line = encode({"jsonrpc": "2.0", **message})
        except (TypeError, ValueError) as problem:
            self._keep(sender, {"text": f"{message!r} is no JSON: {problem}"})
        else:
            self.line(sender, line)

    def _keep(self, sender: Sender, what: Json) -> None:
        at = round(time.monotonic() - self._began, 6)
        self._file.write(json.dumps({"at": at, "from": sender, **what}) + "\n")
        self._file.flush()


@contextlib.contextmanager
def transcript_in(file: Path | None) -> Iterator[Transcript | None]:
    """A transcript in a file, which is made anew, or none. Raises ValueError, with a sentence, where it cannot be written."""
    if file is None:
        yield None
        return
    try:
        opened = file.open("w", encoding="ascii")
    except OSError as error:
        raise Mistake(f"the transcript {file} cannot be written: {error.strerror}. Name another file.") from None
    with opened:
        yield Transcript(opened)
