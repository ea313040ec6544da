"""The front door: what people import, whatever room it lives in. `docs/python.md` shows each at work.

- the contract: `load_contract`, `Contract`, `ContractError`
- a platform of its own for a test: `platform`, `Platform`, `LeftBehind`; in pytest the fixture `platform`
- unmodified REST clients that come to it: `redirected`
- a session: `SessionService`, `ParticipantInfo`, `Participant`, `SessionError`, `VirtualClock`
- the platform on this machine: `Simulator`, `World`, `SimulatorError`, `WorldError`
- judging: `judge`, `Report`, and what is judged: `ProcessAdapter`, `PythonAdapter`, `TcpAdapter`; `REFERENCE` names the
  adapter of the reference client
- what somebody named cannot be used: `Mistake`, a ValueError with a sentence
- an adapter of your own: `serve`, `RequestRefused`
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from openfirst.request import REFERENCE
    from openfirst.testing.platform import LeftBehind, Platform, platform
    from openfirst.testing.redirected import redirected
    from openfirst_conformance.adapters.authoring.serve import serve
    from openfirst_conformance.adapters.inprocess import PythonAdapter
    from openfirst_conformance.adapters.process import ProcessAdapter
    from openfirst_conformance.adapters.protocol.faults import AdapterFault, RequestRefused
    from openfirst_conformance.adapters.tcp import TcpAdapter
    from openfirst_conformance.verdicts.judge import judge
    from openfirst_conformance.verdicts.model import Report
    from openfirst_reference.client.clock import VirtualClock
    from openfirst_reference.client.errors import SessionError
    from openfirst_reference.client.json_forms import Participant, ParticipantInfo
    from openfirst_reference.client.session_service import SessionService
    from openfirst_reference.contract.findings import ContractError, Mistake
    from openfirst_reference.contract.load import load_contract
    from openfirst_reference.contract.model import Contract
    from openfirst_simulator import Simulator, SimulatorError, World, WorldError

__all__ = [
    "REFERENCE",
    "AdapterFault",
    "Contract",
    "ContractError",
    "LeftBehind",
    "Mistake",
    "Participant",
    "ParticipantInfo",
    "Platform",
    "ProcessAdapter",
    "PythonAdapter",
    "Report",
    "RequestRefused",
    "SessionError",
    "SessionService",
    "Simulator",
    "SimulatorError",
    "TcpAdapter",
    "VirtualClock",
    "World",
    "WorldError",
    "__version__",
    "judge",
    "load_contract",
    "platform",
    "redirected",
    "serve",
]

__version__: str

# Brought in when it is asked for: who wants an adapter need not wait for an HTTP server.
_HOMES = {
    "REFERENCE": "openfirst.request",
    "AdapterFault": "openfirst_conformance.adapters.protocol.faults",
    "Contract": "openfirst_reference.contract.model",
    "ContractError": "openfirst_reference.contract.findings",
    "LeftBehind": "openfirst.testing.platform",
    "Mistake": "openfirst_reference.contract.findings",
    "Participant": "openfirst_reference.client.json_forms",
    "ParticipantInfo": "openfirst_reference.client.json_forms",
    "Platform": "openfirst.testing.platform",
    "ProcessAdapter": "openfirst_conformance.adapters.process",
    "PythonAdapter": "openfirst_conformance.adapters.inprocess",
    "Report": "openfirst_conformance.verdicts.model",
    "RequestRefused": "openfirst_conformance.adapters.protocol.faults",
    "SessionError": "openfirst_reference.client.errors",
    "SessionService": "openfirst_reference.client.session_service",
    "Simulator": "openfirst_simulator",
    "SimulatorError": "openfirst_simulator",
    "TcpAdapter": "openfirst_conformance.adapters.tcp",
    "VirtualClock": "openfirst_reference.client.clock",
    "World": "openfirst_simulator",
    "WorldError": "openfirst_simulator",
    "judge": "openfirst_conformance.verdicts.judge",
    "load_contract": "openfirst_reference.contract.load",
    "platform": "openfirst.testing.platform",
    "redirected": "openfirst.testing.redirected",
    "serve": "openfirst_conformance.adapters.authoring.serve",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("openfirst")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
