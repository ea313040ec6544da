"""The contract as frozen data: what `session.yaml` states, read by the model's own definition, put together and checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from openfirst_reference.contract.bindings import Bindings, NotSimulated
from openfirst_reference.contract.document import Document, Path_
from openfirst_reference.contract.expressions import ExpressionError, expression
from openfirst_reference.contract.findings import ContractError, list_words
from openfirst_reference.contract.forms import Entry, Form, Guard, WordMap
from openfirst_reference.contract.model import (
    LAWS,
    Alternative,
    Choice,
    Classes,
    ClassesFrom,
    Contract,
    Effect,
    Law,
    Leaf,
    Method,
    Refusal,
    Row,
    Sections,
)
from openfirst_reference.contract.references import broken_references
from openfirst_reference.contract.schema import schema_findings

T = TypeVar("T")


def build_contract(document: Document) -> Contract:
    """Frozen data from a document. Raises ContractError."""
    try:
        sections = _read(document.data, Sections)
    except msgspec.ValidationError as error:
        # The schema is made from the same definition, and says it with places.
        whole = document.finding((), f"This is no contract: {error}.", "Mend it.")
        raise ContractError(schema_findings(document) or [whole]) from None
    contract = _Building(document, sections).contract()
    findings = list(broken_references(contract))
    if findings:
        raise ContractError(findings)
    return contract


def _read(value: Any, kind: type[T]) -> T:
    return msgspec.convert(value, kind, dec_hook=_form)


def _form(kind: type, value: Any) -> Any:
    if not issubclass(kind, Form):
        raise NotImplementedError(f"{kind} is no form.")
    try:
        return kind.read(value)
    except (AttributeError, TypeError):
        raise ValueError(f"{value!r} is no {kind.__name__}") from None


class _Building:
    """Puts the entries together: names, codes, refusals, effects in a row, classes."""

    def __init__(self, document: Document, sections: Sections) -> None:
        self.document, self.sections = document, sections
        self.codes = {name: error.code or name for name, error in sections.errors.items()}
        self.variables = {
            name: replace(item, name=name, world=world, errors=self._coded(item.errors))
            for world, section in ((False, sections.state), (True, sections.world))
            for name, item in section.items()
        }
        self.gates = {name: replace(gate, name=name, kind=gate.kind or name) for name, gate in sections.gates.items()}
        self.methods = {method.target: method for method in self._methods()}
        self.refusals = {
            name: replace(item, name=name, may=self._may(item.may, "refusals", name))
            for name, item in sections.refusals.items()
        }
        rows = {
            name: replace(row, id=name, may=self._may(row.may, "transitions", name))
            for name, row in sections.transitions.items()
        }
        self.rows = {name: self._refused(row) for name, row in rows.items()}
        self.effects = {name: replace(effect, name=name) for name, effect in sections.effects.items()}
        self.effects.update(_sequences(self.effects, [*rows.values(), *self.refusals.values()]))

    def contract(self) -> Contract:
        """The contract, its references not checked yet."""
        said = self.sections
        return Contract(
            name=said.contract.name,
            version=said.contract.version,
            title=said.contract.title,
            statement=said.contract.statement,
            sources=said.sources,
            types=said.types,
            variables=self.variables,
            fixtures=_named(said.fixtures),
            operations={
                name: replace(item, name=name, errors=self._all_coded(item.errors))
                for name, item in said.operations.items()
            },
            errors={
                code: replace(item, code=code, family=self.codes.get(item.family, item.family))
                for code, item in zip(self.codes.values(), said.errors.values(), strict=True)
            },
            answers=_named(said.answers),
            effects=self.effects,
            refusals=self.refusals,
            rows=self.rows,
            overlaps={
                name: replace(item, id=name, may=self._may(item.may, "overlaps", name))
                for name, item in said.overlaps.items()
            },
            laws={name: self._law(name, item) for name, item in said.laws.items()},
            rules={name: replace(rule, id=name) for name, rule in said.rules.items()},
            choices={
                name: replace(item, id=name, known=self._known(name, item)) for name, item in said.choices.items()
            },
            profiles=said.profiles,
            functions=tuple(said.functions),
            classes={key: classes for name in said.classes for key, classes in [self._classes(name)]},
            gates=self.gates,
            services=said.services,
            methods=self.methods,
            bindings=self._bindings(said.bindings),
            document=self.document,
        )

    # Errors are named by their codes ----------------------------------------------------------------------------------

    def _all_coded(self, names: Iterable[str]) -> tuple[str, ...]:
        return tuple(self.codes.get(name, name) for name in names)

    def _coded(self, names: Mapping[str, str]) -> dict[str, str]:
        return dict(zip(names, self._all_coded(names.values()), strict=True))

    def _may(self, may: Iterable[Alternative], *path: str) -> tuple[Alternative, ...]:
        return tuple(
            replace(
                item,
                error=item.error and self.codes.get(item.error, item.error),
                answer=item.answer and str(item.answer),
                path=(*path, "may", number),
            )
            for number, item in enumerate(may)
        )

    def _bindings(self, bindings: Bindings) -> Bindings:
        platform = bindings.platform
        if platform is None:
            return bindings
        (code,) = self._all_coded([platform.not_simulated.error])
        return replace(bindings, platform=replace(platform, not_simulated=NotSimulated(error=code)))

    # Rows ---------------------------------------------------------------------------------------------------------------

    def _refused(self, row: Row) -> Row:
        """The row with the refusals that it is within, but for those that it lists itself."""
        first: list[Alternative] = []
        last: list[Alternative] = []
        # An overlay that says what a row may do says all of it.
        document = self.document
        is_overlaid = document.before and document.place("transitions", row.id, "may").file != document.file
        for refusal in self.refusals.values() if not is_overlaid else ():
            if row.call in refusal.of and self._is_within(row.inside, refusal.inside):
                own = [item for item in refusal.may if not any(map(item.same_as, row.may))]
                (first if refusal.first else last).extend(own)
        may = (*first, *row.may, *last)
        if not may:
            raise self._error(
                ("transitions", row.id, "may"),
                f"`{row.id}` permits nothing.",
                "List under `may:` what the call may answer.",
            )
        return replace(row, may=may)

    def _is_within(self, inside: Guard, other: Guard) -> bool:
        return all(self._values(inside, name) <= self._values(other, name) for name in other)

    def _values(self, inside: Guard, name: str) -> frozenset[str]:
        variable = self.variables.get(name)
        groups = variable.groups if variable else {}
        every = inside.get(name, variable.values if variable else ())
        return frozenset(value for item in every for value in groups.get(item, (item,)))

    def _law(self, name: str, law: str | Law) -> Law:
        """A law is a map, or the rule alone: then its name says what it is about."""
        law = replace(Law(rule=law) if isinstance(law, str) else law, name=name)
        if law.of not in LAWS:
            raise self._error(
                ("laws", name),
                f"`{law.of}` is nothing that a law is about.",
                f"Say of what it is: {list_words(LAWS, 'or')}.",
            )
        return law

    def _known(self, name: str, choice: Choice) -> WordMap:
        """What is known of real SDKs: what profiles other than the default one say, and what the choice does itself."""
        profiles = self.sections.profiles.items()
        by_profile = {sdk: chosen[name] for sdk, chosen in profiles if name in chosen and sdk != "default"}
        return WordMap({**by_profile, **choice.known})

    def _methods(self) -> Iterator[Method]:
        for service, item in self.sections.services.items():
            for name, method in item.methods.items():
                kind = method.kind or (self.gates[method.gate].kind if method.gate in self.gates else method.gate)
                sent = (item.name or service, method.wire_name or name)
                yield replace(method, service=service, own_name=name, kind=kind, sent=sent)

    # Classes ------------------------------------------------------------------------------------------------------------

    def _classes(self, name: str) -> tuple[tuple[str, str], Classes]:
        operation, _, parameter = name.partition(".")
        stated = self.sections.classes[name]
        if "from" not in stated:
            leaves = tuple(_leaves(stated))
            classes = Classes(operation, parameter, leaves, "expressions", _absent(leaves, parameter))
        else:
            origin = _read(stated, ClassesFrom)
            if origin.source == "services":
                leaves = tuple(self._leaves_of_services())
            else:
                leaves = tuple(self._leaves_of(name, origin.source))
            brings = origin.brings if origin.source == "services" else None
            classes = Classes(operation, parameter, leaves, origin.source, brings=brings)
        return (operation, parameter), classes

    def _leaves_of_services(self) -> Iterator[Leaf]:
        for kind, gate in dict.fromkeys((method.kind, method.gate) for method in self.methods.values()):
            targets = tuple(method.target for method in self.methods.values() if method.kind == kind)
            yield Leaf(name=kind, group=gate, expression=None, examples=targets)

    def _leaves_of(self, name: str, source: str) -> Iterator[Leaf]:
        if source not in self.variables or not self.variables[source].is_enumeration:
            raise self._error(
                ("classes", name, "from"), f"`{source}` is not a variable with values.", "Name one, or write classes."
            )
        variable = self.variables[source]
        group_of = {value: group for group, values in variable.groups.items() for value in values}
        for value in variable.values:
            yield Leaf(name=value, group=group_of.get(value, value), expression=None, examples=(value,))

    def _error(self, path: Path_, found: str, remedy: str) -> ContractError:
        return ContractError([self.document.finding(path, found, remedy)])


E = TypeVar("E", bound=Entry)


def _named(entries: Mapping[str, E]) -> dict[str, E]:
    """The entries with their names."""
    return {name: replace(entry, name=name) for name, entry in entries.items()}


def _sequences(effects: Mapping[str, Effect], behaviours: Iterable[Row | Refusal]) -> dict[str, Effect]:
    """An effect for each sequence of several: what comes later is written over what came before."""
    found: dict[str, Effect] = {}
    for alternative in (item for behaviour in behaviours for item in behaviour.may):
        name, parts = alternative.effect, [effects[part] for part in alternative.then if part in effects]
        if name is not None and 1 < len(parts) == len(alternative.then):
            found[name] = replace(
                parts[-1],
                name=name,
                set={target: source for part in parts for target, source in part.set.items()},
                keeps={target: rules for part in parts for target, rules in part.keeps.items()},
                stale={target: rules for part in parts for target, rules in part.stale.items()},
                missing={target: rules for part in parts for target, rules in part.missing.items()},
            )
    return found


def _leaves(groups: Mapping[str, Any]) -> Iterator[Leaf]:
    for group, below in groups.items():
        for name, one in {group: below}.items() if "is" in below else below.items():
            yield replace(_read(one, Leaf), name=name, group=group)


def _absent(leaves: Iterable[Leaf], parameter: str) -> str | None:
    """The class of what is not given: one without an example that holds where there is no value."""
    for leaf in leaves:
        if leaf.name == leaf.group and not leaf.examples and leaf.expression is not None:
            try:
                if expression(leaf.expression)({"given": {parameter: None}, "client": {}}) is True:
                    return leaf.name
            except ExpressionError:
                continue  # lint says what is wrong with it
    return None
