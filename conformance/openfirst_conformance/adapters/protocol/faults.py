"""What can go wrong with an adapter itself."""

from __future__ import annotations

from typing import Literal

FaultKind = Literal[
    "not-found",  # there is no such command, module or attribute
    "start-failed",  # it is there, but did not start
    "crash",  # it ended, or raised, before it had answered
    "hang",  # it did not answer in time
    "garbled",  # a line that is not JSON
    "bad-message",  # an answer that its schema does not permit
    "stale",  # an answer of an old generation, or to no open request
    "refused",  # a JSON-RPC error
    "noise",  # JSON, but no message of the protocol
]
_FAULTS_KEPT = 1000


class AdapterFault(Exception):
    """The adapter, and not the implementation behind it, did something wrong: never a broken rule.

    `detail` says what was seen, `remedy` what to do about it, and `stderr` is the end of what the adapter
    had written to standard error (of a Python adapter in this process: the traceback). Faults of one `kind`, `remedy` and
    `cause` are one thing that happens again, whatever request it hits.
    """

    def __init__(self, kind: FaultKind, detail: str, remedy: str, stderr: str = "", cause: str = "") -> None:
        super().__init__(kind, detail, remedy, stderr, cause)
        self.kind: FaultKind = kind
        self.detail = detail
        self.remedy = remedy
        self.stderr = stderr
        self.cause = cause

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}. {self.remedy}"


class RequestRefused(Exception):
    """A request was answered with a JSON-RPC error: raised by whoever refuses, and again in whoever asked."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return self.message


def record(faults: list[AdapterFault], fault: AdapterFault) -> None:
    """Add a fault to a list that stays short enough to hold, whatever an adapter writes."""
    if len(faults) < _FAULTS_KEPT:
        faults.append(fault)
    elif len(faults) == _FAULTS_KEPT:
        faults.append(AdapterFault("noise", f"more than {_FAULTS_KEPT} faults", "The rest is not listed."))
