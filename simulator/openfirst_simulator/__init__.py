"""The platform on a laptop: a server that executes the contract."""

from openfirst_simulator.messages import Answer, Request
from openfirst_simulator.run import TLS, simulate, simulate_for
from openfirst_simulator.simulator import Simulator, SimulatorError
from openfirst_simulator.world import World
from openfirst_simulator.worlds import WorldError

__all__ = ["TLS", "Answer", "Request", "Simulator", "SimulatorError", "World", "WorldError", "simulate", "simulate_for"]
