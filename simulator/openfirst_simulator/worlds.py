"""All worlds of a simulator, and the rule that credentials lead to the world they belong to."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from openfirst_reference.contract.findings import Mistake
from openfirst_simulator import tokens
from openfirst_simulator.clock import REAL, Clock
from openfirst_simulator.records import Application
from openfirst_simulator.table import Table
from openfirst_simulator.tokens import BadToken, Claims
from openfirst_simulator.world import World, application_of

DEFAULT = "default"
REST = 6 * 3600.0
"""For how many real seconds a world that was made over HTTP may be asked nothing before it is dropped."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class WorldError(Exception):
    """A world cannot be made, found or dropped; the text says why and what to do."""


class Worlds:
    """The worlds by name. There is always the world `default`. `base` gives the base URL of the simulator."""

    def __init__(self, table: Table, now: Callable[[], float] | None, base: Callable[[], str]) -> None:
        self._table, self._now, self._base = table, now, base
        self._by_name: dict[str, World] = {}
        self.changes = 0
        """How often a world came or went."""
        self._by_key: dict[str, World] = {}
        self._real = Clock(now)
        # When each of those was last asked anything that nobody in this process holds.
        self._guests: dict[str, float] = {}
        # An app's configuration goes on working: the key and secret of this world are the same in every run.
        self._make(DEFAULT, "", Clock(now), application=application_of(DEFAULT))

    @property
    def default(self) -> World:
        """The world that answers where nothing names another."""
        return self._by_name[DEFAULT]

    def all(self) -> list[World]:
        """The worlds, oldest first."""
        return list(self._by_name.values())

    def create(
        self,
        name: str,
        *,
        choices: Mapping[str, str] | None = None,
        seed: int | str | None = None,
        frozen_at: float | None = None,
        scale: float = REAL,
        guest: bool = False,
    ) -> World:
        """A fresh world; its time goes so many times as fast as the real one (0: it stands still).

        A `guest` is dropped once it has rested for `REST` seconds.
        Raises WorldError for a name that is taken, ValueError for whatever is wrong.
        """
        if not _NAME.fullmatch(name):
            wanted = "Use at most 64 letters, digits, dots, dashes and underscores."
            raise Mistake(f"`{name[:80]}` cannot be a world's name. {wanted}")
        if name in self._by_name:
            raise WorldError(f"There is a world `{name}` already. Drop it first, or choose another name.")
        self._drop_rested()
        clock = Clock(self._now, frozen_at=frozen_at, scale=scale)
        world = self._make(name, f"/w/{name}", clock, choices, seed=seed)
        if guest:
            self._guests[name] = self._real.now()
        return world

    def drop(self, name: str) -> None:
        """Forget a world and all that is in it. Raises WorldError."""
        if name == DEFAULT:
            raise WorldError("The world `default` is always there. Make worlds of your own, and drop those.")
        world = self.named(name)
        del self._by_name[name]
        self.changes += 1
        self._guests.pop(name, None)
        gone = [each.id for each in world.applications if self._by_key.get(each.id) is world]
        for key in gone:
            del self._by_key[key]
        # A fork has the same ones.
        for key in gone:
            heir = next((each for each in self._by_name.values() if each.application(key) is not None), None)
            if heir is not None:
                self._by_key[key] = heir
        world.break_off()
        world.leave()
        world.journal.end()

    def named(self, name: str) -> World:
        """The world of this name. Raises WorldError."""
        if name not in self._by_name:
            raise WorldError(f"There is no world `{name[:80]}`. POST /_openfirst/worlds makes one.")
        return self._asked(self._by_name[name])

    def another_application(self, world: World) -> Application:
        """One more application of a world."""
        application = world.another_application()
        self._by_key[application.id] = world
        return application

    def fork(self, name: str, into: str) -> World:
        """A world as another one is now, with the same applications and tokens, which goes its own way from here.

        They lead to it at its own base URL; at the simulator's, to the world that it comes from. Raises WorldError, ValueError.
        """
        document = self.named(name).snapshot()
        fork = self.create(into, guest=name in self._guests)
        self.restore(into, document)
        return fork

    def restore(self, name: str, document: Any) -> None:
        """A world is as a snapshot says. Raises WorldError where there is none, ValueError for what is no snapshot."""
        self.named(name).restore(document)
        self._index()

    def of_key(self, key: str, at: World | None) -> World | None:
        """The world of an application key, or None. `at` is the world that the URL names, if it names one."""
        if at is not None:
            return at if at.application(key) is not None else None
        world = self._by_key.get(key)
        return None if world is None else self._asked(world)

    def of_token(self, raw: str, at: World | None) -> World:
        """The world of any token of ours. Raises BadToken."""
        key = tokens.application_of(raw)
        world = self.of_key(key, at)
        if world is not None:
            return world
        other = self._by_key.get(key)
        if other is None:
            raise BadToken("foreign", f"The token is for an application that is not known here (`{key[:80]}`).")
        raise BadToken("foreign", f"The token is for the world `{other.name}`, which has another base URL.")

    def client_token(self, raw: str, at: World | None) -> tuple[World, Claims]:
        """The world of a client's token, and what that says. Raises BadToken."""
        world = self.of_token(raw, at)
        return world, world.client_token(raw)

    def _make(
        self,
        name: str,
        path: str,
        clock: Clock,
        choices: Mapping[str, str] | None = None,
        *,
        seed: int | str | None = None,
        application: tuple[str, str] | None = None,
    ) -> World:
        world = World(
            name, self._table, clock, lambda: self._base() + path, choices=choices, seed=seed, application=application
        )
        self._by_name[name] = world
        self.changes += 1
        self._by_key.setdefault(world.key, world)
        return world

    def _index(self) -> None:
        """Of several worlds with the same application, its key leads to the oldest."""
        self._by_key = {each.id: world for world in reversed(self.all()) for each in world.applications}

    def _asked(self, world: World) -> World:
        if world.name in self._guests:
            self._guests[world.name] = self._real.now()
        return world

    def _drop_rested(self) -> None:
        limit = self._real.now() - REST
        for name in [name for name, asked in self._guests.items() if asked < limit]:
            self.drop(name)
