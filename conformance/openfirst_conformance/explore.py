"""The explore tier: long random walks, and values of every class that Hypothesis makes. A seed gives the same cases every time."""

from __future__ import annotations

import unicodedata
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from openfirst_conformance.cases import Case, Planned
from openfirst_conformance.driver import Played
from openfirst_conformance.probes import learnt
from openfirst_conformance.table import Table, tables_of
from openfirst_conformance.trial import Trial
from openfirst_reference.machine import ABSENT, Machine

ASSUMPTIONS = ("what a fault needs comes up by chance",)
_LENGTH = 50
_VALUES = 40
_TWO_CLIENTS = 0.25
_AGAIN = 0.15

Pool = Mapping[tuple[str, str], Sequence[Any]]


async def explore(trial: Trial) -> AsyncIterator[Played]:
    """Every case of the tier, played."""
    async for played in learnt(trial):
        yield played
    trial.promise.update({"seed": trial.settings.seed, "walks": trial.settings.walks, "length": _LENGTH})
    for case in trial.share(_cases(trial)):
        yield await trial.play(case)


def _cases(trial: Trial) -> Iterator[Case]:
    tables = tables_of(trial)
    made = made_values(trial.oracle.machine, trial.settings.seed)
    for table in tables:
        if not table.moves_the_world and len(table.ways) > 1:
            yield from _one_value_each(table, made)
    walker = _Walker(trial, tables, made)
    for number in range(1, trial.settings.walks + 1):
        yield walker.walk(number)


# Values ---------------------------------------------------------------------------------------------------------------


def made_values(machine: Machine, seed: int) -> Pool:
    """For each parameter that is a datum: values that Hypothesis makes, near those of the examples and far from them."""
    pool: dict[tuple[str, str], Sequence[Any]] = {}
    for (operation, parameter), classes in machine.contract.classes.items():
        examples = [item for leaf in classes.leaves for item in leaf.examples if isinstance(item, str) and item]
        if parameter in machine.index and not machine.contract.variables[parameter].is_enumeration and examples:
            pool[operation, parameter] = _collected(examples, _longest(machine, operation, parameter), seed)
    return pool


def _collected(examples: Sequence[str], limit: int, seed: int) -> list[str]:
    # Some 0.3 s that only this tier should cost.
    from hypothesis import HealthCheck, Phase, given, settings  # noqa: PLC0415
    from hypothesis import seed as seeded  # noqa: PLC0415
    from hypothesis import strategies as st  # noqa: PLC0415

    near = st.sampled_from(examples).flatmap(lambda text: st.sampled_from(_near(text)))
    far = st.text(max_size=30) | st.text(min_size=200, max_size=300) | st.text(st.characters(), max_size=12)
    ends = st.sampled_from(["x" * size for size in (255, 256, 257, limit // 2, limit)])
    found: dict[str, None] = {}

    @seeded(seed)
    @settings(
        max_examples=_VALUES,
        database=None,
        phases=[Phase.generate],
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.one_of(near, near, far, ends))
    def collect(value: str) -> None:
        if len(value.encode("utf-8", "surrogatepass")) <= limit:
            found[value] = None

    collect()
    return list(found)


def _near(text: str) -> list[str]:
    """What a careless comparison takes for the same text, or mixes up with it."""
    forms = [unicodedata.normalize(form, text) for form in ("NFC", "NFD", "NFKC", "NFKD")]
    cases = [text.upper(), text.lower(), text.casefold(), text.swapcase(), text.title()]
    around = [
        f" {text}",
        f"{text} ",
        f"{text}\t",
        f"\u00a0{text}",
        f"{text}\u200b",
        f"\ufeff{text}",
        f"{text}\n",
        f"{text}\0",
    ]
    parts = [text[:-1], text[1:], text + text, text + text[-1], text[::-1], f"{text}'", f'"{text}"', f"{text}%20"]
    strange = [
        f"\u202e{text}",
        f"{text}\U0001f600",
        f"{text}\ud800",
        "null",
        "undefined",
        "0",
        "false",
        "[object Object]",
    ]
    return [item for item in dict.fromkeys([*forms, *cases, *around, *parts, *strange]) if item]


def _longest(machine: Machine, operation: str, parameter: str) -> int:
    """How many bytes of a parameter are surely permitted."""
    contract = machine.contract
    schema: Any = {"properties": contract.operations[operation].arguments}
    for part in contract.operations[operation].parameters[parameter]:
        schema = schema.get("properties", {}).get(part, {})
        if "$ref" in schema:
            schema = contract.types[schema["$ref"].removeprefix("#/types/")]
    return int(schema.get("maxLength", 1000))


def _one_value_each(table: Table, made: Pool) -> Iterator[Case]:
    """Each value given alone, from the start and from where calls are answered; then what shows it."""
    machine, operations = table.machine, table.contract.operations
    pure = [name for name in table.operations if operations[name].pure]
    starts = {machine.outline(table.classes.after(way)): way for way in (*table.kinds.values(),)}
    for (operation, parameter), values in made.items():
        if operation not in table.operations:
            continue
        for way in [way for way in starts.values() if len(way) <= 1]:
            case = table.case("", "", way)
            for number, value in enumerate(values, 1):
                arguments = _arguments(table, operation, {parameter: value})
                if arguments is not None:
                    calls = [Planned("a", operation, arguments), *(Planned("a", name, {}) for name in pure)]
                    name = f"value-{table.fixture}-{operation}-{parameter}-{len(way)}-{number}"
                    yield Case(name, f"a value for {parameter}", {"a": table.fixture}, (*case.calls, *calls))


def _arguments(table: Table, operation: str, values: Mapping[str, Any]) -> dict[str, Any] | None:
    """The arguments with these values, the required ones among the rest filled in. None: they belong to no class."""
    machine, stated = table.machine, table.contract.operations[operation]
    filled = {name: value for name, value in values.items() if value is not None}
    for parameter in stated.required:
        leaves = table.contract.classes.get((operation, parameter))
        if parameter not in filled and leaves is not None:
            filled[parameter] = next((leaf.examples[0] for leaf in leaves.leaves if leaf.examples), None)
    arguments = machine.arguments(operation, filled)
    try:
        machine.call(operation, arguments, table.initial)
    except ValueError:
        return None
    return arguments if table.trial.driver.permits(operation, arguments) else None


# Walks ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Walker:
    """Makes walks: which operation comes next is drawn by weights that are drawn for each walk."""

    trial: Trial
    tables: Sequence[Table]
    made: Pool

    def walk(self, number: int) -> Case:
        """One walk of one client, or of two."""
        random = Random(f"{self.trial.settings.seed}/{number}")
        able = [table for table in self.tables if len(table.ways) > 1] or list(self.tables)
        table = able[(number - 1) % len(able)]
        clients = {"a": table.fixture}
        if self.trial.driver.capabilities.clients > 1 and random.random() < _TWO_CLIENTS:
            clients["b"] = random.choice(able).fixture
        by_fixture = {item.fixture: item for item in able}
        weights = {name: random.random() ** 2 + 0.05 for name in self.trial.driver.contract.operations}
        calls: list[Planned] = []
        while len(calls) < _LENGTH:
            if calls and random.random() < _AGAIN:
                calls.append(calls[-1])
                continue
            client = random.choice(list(clients))
            own = by_fixture[clients[client]]
            # Time passes for all clients, and the table tells of one.
            operations = own.contract.operations
            names = [name for name in own.operations if len(clients) == 1 or operations[name].driven != "advance"]
            operation = random.choices(names, [weights[name] for name in names])[0]
            arguments = self._drawn(own, operation, random)
            if arguments is not None:
                calls.append(Planned(client, operation, arguments))
        return Case(f"walk-{self.trial.settings.seed}-{number}", f"a walk of {_LENGTH} calls", clients, tuple(calls))

    def _drawn(self, table: Table, operation: str, random: Random) -> dict[str, Any] | None:
        """Arguments with a value of some class for each parameter."""
        stated = table.contract.operations[operation]
        values: dict[str, Any] = {}
        for parameter in stated.parameters:
            classes = table.contract.classes[operation, parameter]
            if classes.source == "services":
                values[parameter] = self._method(table, random)
                continue
            leaf = random.choice(classes.leaves)
            if leaf.name == ABSENT:
                continue
            made = self.made.get((operation, parameter), ())
            values[parameter] = (
                random.choice(made) if made and random.random() < 0.3 else random.choice(leaf.examples or (None,))
            )
        return _arguments(table, operation, values)

    def _method(self, table: Table, random: Random) -> str:
        """A method of a service: each kind is as likely as the others."""
        methods = table.contract.methods
        kind = random.choice(sorted({method.kind for method in methods.values()}))
        return random.choice([name for name, method in methods.items() if method.kind == kind])
