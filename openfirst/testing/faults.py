"""A fault that a test has made: how often it struck, and its end."""

from __future__ import annotations

from typing import Any

from openfirst.testing import is_plain
from openfirst.testing.running import Running
from openfirst_simulator import World
from openfirst_simulator.faults import Fault

__tracebackhide__ = is_plain


class PlatformFault:
    """A fault of a platform (of a recipe perhaps several). `hits` tells how often it struck; a `with` block ends it."""

    def __init__(self, running: Running, world: World, identifiers: tuple[str, ...]) -> None:
        self.ids = identifiers
        self._running, self._world = running, world

    @property
    def hits(self) -> int:
        """How many requests it struck, also when it is healed, or the platform gone."""
        return self._running.do(lambda: sum(self._world.hits(each) for each in self.ids))

    def heal(self) -> None:
        """It strikes no more; whom it kept waiting goes on, and what it stalled is broken off.

        Once it is healed, this changes nothing.
        """

        def healed() -> None:
            for each in self._world.faults:
                if each.id in self.ids:
                    self._world.heal(each.id)

        self._running.do(healed)

    def __enter__(self) -> PlatformFault:
        """The fault, which is healed at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        self.heal()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {', '.join(self.ids)}: {self.hits} hits>"


def in_words(fault: Fault) -> str:
    """What a fault is, as a test would say it: `open, status 503`."""
    more: dict[str, Any] = {"status": fault.status} if fault.kind == "status" else {}
    kind = "" if more else f"{fault.kind} {fault.field or ''}".rstrip()
    whose = f"of {fault.external_id or fault.session}" if fault.external_id or fault.session else ""
    words = [fault.operation or fault.path or "any request", whose, kind, *(f"{n} {v}" for n, v in more.items())]
    return ", ".join(word for word in words if word)
