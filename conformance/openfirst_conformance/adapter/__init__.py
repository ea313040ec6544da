"""Adapters: the small programs through which implementations are driven, and how the judge talks to them.

An adapter author needs `serve`; the judge needs `ProcessAdapter`, `PythonAdapter` and `TcpAdapter`,
each of them an `Adapter`.
"""

from openfirst_conformance.adapter.base import Adapter
from openfirst_conformance.adapter.deadlines import Deadlines
from openfirst_conformance.adapter.inprocess import PythonAdapter
from openfirst_conformance.adapter.messages import (
    AdapterFault,
    Capabilities,
    FaultKind,
    Json,
    RequestHandler,
    RequestRefused,
)
from openfirst_conformance.adapter.process import ProcessAdapter
from openfirst_conformance.adapter.serve import serve
from openfirst_conformance.adapter.tcp import TcpAdapter
from openfirst_conformance.adapter.transcript import Transcript, transcript_in

__all__ = [
    "Adapter",
    "AdapterFault",
    "Capabilities",
    "Deadlines",
    "FaultKind",
    "Json",
    "ProcessAdapter",
    "PythonAdapter",
    "RequestHandler",
    "RequestRefused",
    "TcpAdapter",
    "Transcript",
    "serve",
    "transcript_in",
]
