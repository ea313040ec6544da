"""How fast is the tracker, beside what it must never hold up: the bare echo of an adapter. Run it with `nox -s bench`.

Both are measured in one run, in turns, and the figure that counts is their ratio. The tracker sees 400 random walks of 50
calls, each by an implementation that takes any outcome which its choices permit; every walk is a case of its own, with
participant IDs of its own, and no walk is seen twice.
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import sys
import time
from collections.abc import Callable

from openfirst_conformance.oracle.oracle import Oracle
from openfirst_conformance.oracle.tracker import Tracker
from openfirst_reference.contract.load import load_contract
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.outcome import Answered, Refused, Settled
from openfirst_reference.machine.step import Call

WALKS, LENGTH, ROUNDS, ECHOES = 400, 50, 7, 3000
FLOOR = 200_000
ECHO = "import sys\nfor line in sys.stdin.buffer:\n    sys.stdout.buffer.write(line)\n    sys.stdout.buffer.flush()\n"

Walk = list[tuple[Call, Settled]]


def walks(machine: Machine, choices: dict[str, str], seed: int) -> list[Walk]:
    """Random walks through the table, seeded, with the outcomes that an implementation gave."""
    chance, result = random.Random(seed), []
    calls = machine.contract.fixtures["token-with-id"].calls
    for number in range(WALKS):
        state, walk = machine.fixture("token-with-id"), []
        for _ in range(LENGTH):
            call = chance.choice(machine.alphabet(calls, state, leaves=True))
            step = chance.choice([s for s in machine.resolved(state, call, choices) if not s.alternative.breaks])
            walk.append((call, outcome(machine, step, number)))
            state = step.after
        result.append(walk)
    return result


def outcome(machine: Machine, step: object, walk: int) -> Settled:
    """What the implementation reports for a step."""
    if step.is_error:  # type: ignore[attr-defined]
        return Refused(step.code)  # type: ignore[attr-defined]
    return Answered(machine.answer(step, lambda identity: f"{identity}-{walk}"))  # type: ignore[arg-type]


def track(oracle: Oracle, machine: Machine, cases: list[Walk]) -> float:
    """Steps a second."""
    start = machine.fixture("token-with-id")
    began = time.perf_counter()
    for walk in cases:
        see = Tracker(oracle, {"a": start}).see
        for call, seen in walk:
            if see("a", call, seen) is not None:
                raise AssertionError(f"the tracker accuses what the table permits: {call.operation} {seen}")
    return WALKS * LENGTH / (time.perf_counter() - began)


async def echo() -> float:
    """Round trips a second of one JSON line with a process that only echoes."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ECHO, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin and process.stdout
    line = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "call", "params": {"operation": "isOpen"}}).encode() + b"\n"
    began = time.perf_counter()
    for _ in range(ECHOES):
        process.stdin.write(line)
        await process.stdout.readline()
    elapsed = time.perf_counter() - began
    process.stdin.close()
    await process.wait()
    return ECHOES / elapsed


def in_turns(*measures: Callable[[], float]) -> list[list[float]]:
    """Each measure `ROUNDS` times, in turns, so that all see the same machine."""
    figures: list[list[float]] = [[] for _ in measures]
    for _ in range(ROUNDS):
        for measure, seen in zip(measures, figures, strict=True):
            seen.append(measure())
    return figures


def main() -> int:
    """Measure, print and compare with the floor."""
    machine = Machine(load_contract())
    choices = machine.contract.default_choices()
    rounds = iter([walks(machine, choices, seed) for seed in range(ROUNDS)])
    oracle = Oracle(machine)
    tracker, bare = in_turns(lambda: track(oracle, machine, next(rounds)), lambda: asyncio.run(echo()))
    for name, figures in (("tracker, steps/s", tracker), ("bare echo of an adapter, round trips/s", bare)):
        low, middle, high = min(figures), statistics.median(figures), max(figures)
        print(f"{name:40} median {middle:10,.0f}   (from {low:,.0f} to {high:,.0f}; the first round starts cold)")
    ratio = statistics.median(tracker) / statistics.median(bare)
    print(f"{'ratio of the medians':40} {ratio:17.1f}")
    median = statistics.median(tracker)
    print(f"floor for the tracker: {FLOOR:,} steps/s, {'kept' if median >= FLOOR else 'NOT KEPT'}")
    return 0 if median >= FLOOR else 1


if __name__ == "__main__":
    sys.exit(main())
