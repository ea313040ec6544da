"""Whether a contract hangs together: what a reader, a machine or a judge would stumble over, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from openfirst_reference.contract.build import build_contract
from openfirst_reference.contract.document import Document, Path_
from openfirst_reference.contract.expressions import ExpressionError, expression, mentioned
from openfirst_reference.contract.findings import ContractError, Finding, Mistake, did_you_mean
from openfirst_reference.contract.http_surface import MARK, described, packaged_openapi
from openfirst_reference.contract.model import ANY_ERROR, OF_SERVICE, Classes, Contract, Invariant, Leaf
from openfirst_reference.contract.schema import schema_findings
from openfirst_reference.machine.automaton import Unfolding
from openfirst_reference.machine.machine import Machine
from openfirst_reference.proof.invariants import MENTIONED
from openfirst_reference.proof.one_row_a_cell import cell_findings
from openfirst_reference.proof.separation import choice_findings, status_findings

_COMPARED = re.compile(
    r"\b(?P<root>before|after|choice|call\.group|call\.leaf|outcome)(?:\.(?P<name>\w+)|\[['\"](?P<key>[^'\"]+)['\"]\])"
    r"\s*[!=]=\s*'(?P<value>[^']*)'"
)


def lint(document: Document, openapi: Document | None = None) -> list[Finding]:
    """Everything to say of a contract, in the order of places. What is found first may hide what depends on it.

    `openapi` is the description of the HTTP surface; the packaged one, if it is left out and there is one.
    """
    findings = schema_findings(document)
    if findings:
        return findings
    try:
        contract = build_contract(document)
    except ContractError as error:
        return sorted(error.findings)
    findings = list(_expressions(contract))
    if findings:
        return sorted(findings)
    try:
        return sorted(_looked_into(contract, Machine(contract), openapi or packaged_openapi()))
    except Mistake as error:
        # Some value that the contract itself gives is none that it knows: a fixture's, or an example.
        remedy = "Let the classes of each parameter cover every value that fixtures and examples give."
        return [document.finding(("classes",), f"{error}", remedy)]


def _idle(document: Document) -> Iterator[Finding]:
    """What an overlay removes, and nobody had."""
    for path in document.idle:
        found = f"There is no `{path[-1]}` to be removed."
        known: Any = document.data
        for part in path[:-1]:
            known = known[part]
        yield document.finding(path, found, did_you_mean(str(path[-1]), map(str, known)), "idle", "warning")


def _looked_into(contract: Contract, machine: Machine, openapi: Document | None) -> list[Finding]:
    findings = [
        *_idle(contract.document),
        *_carried(contract),
        *_pure(contract),
        *_raised(contract, machine),
        *_examples(contract, machine),
    ]
    findings += _http(contract, openapi)
    cells = list(cell_findings(machine))
    if not cells:
        findings += _explored(contract, machine)
    return findings + cells


# Expressions -------------------------------------------------------------------------------------------------------


def _expressions(contract: Contract) -> Iterator[Finding]:
    document = contract.document
    for classes in contract.classes.values():
        for leaf in classes.leaves:
            if leaf.expression is not None:
                path: Path_ = (*_leaf_path(contract, classes, leaf), "is")
                yield from _compiled(document, path, leaf.expression)
                for root, name in mentioned(leaf.expression, "given", "client"):
                    parameters = contract.operations[classes.operation].parameters
                    if name is not None:
                        names = list(contract.variables if root == "client" else parameters)
                        yield from _known(document, path, root, name, names)
    for rule in contract.rules.values():
        for number, invariant in enumerate(rule.invariants):
            path = ("rules", rule.id, "invariant", number)
            demands = [(key, text) for key, text in (("when", invariant.when), ("holds", invariant.holds)) if text]
            for key, text in (*demands, *invariant.remember.items()):
                place: Path_ = (*path, "remember", key) if key in invariant.remember else (*path, key)
                yield from _compiled(document, place, text)
                for root, name in mentioned(text, *MENTIONED):
                    known = _names_under(contract, invariant, root)
                    if name is not None and known is not None:
                        yield from _known(document, place, root, name, known)
                for item in _COMPARED.finditer(text):
                    name = item["name"] or item["key"]
                    values = _values_of(contract, invariant, item["root"], name)
                    if values is not None and item["value"] not in values:
                        found = f"`{item['root']}.{name}` is never `{item['value']}`."
                        yield document.finding(place, found, did_you_mean(item["value"], values), "expression")


def _compiled(document: Document, path: Path_, text: str) -> Iterator[Finding]:
    try:
        expression(text)
    except ExpressionError as error:
        yield document.finding(path, f"{error}.", "Mend the expression.", "expression")


def _known(document: Document, path: Path_, root: str, name: str, known: Iterable[str]) -> Iterator[Finding]:
    if name not in set(known):
        found = f"An expression speaks of `{root}.{name}`, and there is no such thing."
        yield document.finding(path, found, did_you_mean(name, known), "expression")


def _names_under(contract: Contract, invariant: Invariant, root: str) -> Iterable[str] | None:
    """The names that an invariant may use after `root`; a parameter must be one of every call that it is about."""
    if root in ("before", "after"):
        return contract.variables
    if root in ("given", "call.group", "call.leaf"):
        shared = [set(contract.operations[call].parameters) for call in invariant.of]
        return set.intersection(*shared) if shared else set()
    fixed = {
        "memory": tuple(invariant.remember),
        "choice": tuple(contract.choices),
        "outcome": ("kind", "code", "value"),
        "call": ("operation", "group", "leaf", "overlap"),
    }
    return fixed.get(root)


def _values_of(contract: Contract, invariant: Invariant, root: str, name: str) -> Iterable[str] | None:
    """The words that something can be compared with; None if it is not one of a few words."""
    if root in ("before", "after"):
        return contract.variables[name].values or None if name in contract.variables else None
    if root == "choice":
        return contract.choices[name].values if name in contract.choices else None
    if root == "outcome":
        codes = (*contract.errors, ANY_ERROR, OF_SERVICE)
        return {"kind": ("answer", "error"), "code": codes}.get(name)
    classes = [contract.classes[call, name] for call in invariant.of if (call, name) in contract.classes]
    if not classes:
        return None
    if root == "call.leaf":
        return {leaf.name for item in classes for leaf in item.leaves}
    return {group for item in classes for group in item.groups()}


# Rules, rows and errors --------------------------------------------------------------------------------------------


def _carried(contract: Contract) -> Iterator[Finding]:
    carried = {law.rule for law in contract.laws.values()}
    for rows in (contract.rows.values(), contract.overlaps.values()):
        carried.update(carry.rule for row in rows for carry in row.carries)
        carried.update(rule for row in rows for item in row.may for rule in item.breaks)
    for effect in contract.effects.values():
        carried.update(rule for part in effect.answering.values() for rules in part.values() for rule in rules)
    for rule in contract.rules:
        if rule not in carried:
            yield contract.document.finding(
                ("rules", rule),
                f"No row, effect or law carries the rule `{rule}`, so nothing is ever blamed on it.",
                "Name it in `carries` of each row that it wants.",
                "uncarried-rule",
            )
    for row in contract.rows.values():
        if not row.carries and not row.note and not contract.operations[row.call].by_world:
            yield contract.document.finding(
                ("transitions", row.id, "carries"),
                f"No rule wants the row `{row.id}`.",
                "Name a rule in `carries`, or say in a `note` why none does.",
                "unwanted-row",
            )


def _pure(contract: Contract) -> Iterator[Finding]:
    for row in contract.rows.values():
        for item in row.may if contract.operations[row.call].pure else ():
            if item.effect is not None:
                yield contract.document.finding(
                    (*item.path, "then"),
                    f"`{row.call}` is pure, and the row `{row.id}` lets it change something.",
                    "What a call merely reveals, the world did before: give the effect to a call of the world.",
                    "impure",
                )


def _raised(contract: Contract, machine: Machine) -> Iterator[Finding]:
    everywhere: set[str] = set()
    for name, operation in contract.operations.items():
        named = {item.error for row in contract.rows.values() if row.call == name for item in row.may}
        overlaps = {item.error for row in contract.overlaps.values() if row.call == name for item in row.may}
        own = {*machine.own_codes(name), *(code for code in contract.errors if code in overlaps)}
        is_free = bool((named | overlaps) & {ANY_ERROR, OF_SERVICE})
        everywhere |= own | (set(operation.errors) if is_free else set())
        for code in sorted(set(machine.own_codes(name)) - set(operation.errors)):
            yield contract.document.finding(
                ("operations", name, "errors"),
                f"A row lets `{name}` fail with `{code}`, which the operation does not list.",
                f"Add `{code}` to its `errors`.",
                "unlisted-error",
            )
        for code in operation.errors:
            if code not in own and not is_free:
                yield contract.document.finding(
                    ("operations", name, "errors"),
                    f"`{name}` lists the error `{code}`, and no row of it fails so.",
                    "Add the row, or take the code off the list.",
                    "unraised-error",
                    "warning",
                )
    for code in contract.errors:
        if code not in everywhere:
            yield contract.document.finding(
                ("errors", code),
                f"Nobody raises the error `{code}`.",
                "Add the row that does, or remove the code.",
                "unraised-error",
                "warning",
            )


# Examples ----------------------------------------------------------------------------------------------------------


def _examples(contract: Contract, machine: Machine) -> Iterator[Finding]:
    """An example must be of its class for a client of some fixture, and of one class only for a client of any."""
    clients = [machine.view(machine.fixture(name)) for name in contract.fixtures]
    for (operation, parameter), classes in contract.classes.items():
        given = dict.fromkeys(contract.operations[operation].parameters)
        for leaf in classes.leaves:
            if leaf.expression is None:
                continue
            path = (*_leaf_path(contract, classes, leaf), "examples")
            yield from _typed(contract, machine, classes, leaf, path)
            for example in leaf.examples:
                names = [{"given": {**given, parameter: example}, "client": client} for client in clients]
                try:
                    members = [_members(classes, one) for one in names]
                except ExpressionError as error:
                    yield contract.document.finding(path, f"{error}.", "Mend the expression.", "expression")
                    break
                if not any(leaf.name in found for found in members):
                    found = f"The example {example!r} is not of its own class `{leaf.name}`."
                    remedy = "Change the example, or the expression of the class."
                    yield contract.document.finding(path, found, remedy, "example")
                both = next((found for found in members if len(found) > 1), None)
                if both:
                    found = f"The example {example!r} is of several classes at once: {', '.join(both)}."
                    yield contract.document.finding(path, found, "Narrow one of the expressions.", "example")


def _typed(contract: Contract, machine: Machine, classes: Classes, leaf: Leaf, path: Path_) -> Iterator[Finding]:
    """An example must be of the type that its argument has: an adapter is given it as it stands."""
    stated = contract.operations[classes.operation].arguments
    types = Draft202012Validator({"properties": stated, "types": contract.types})
    for example in leaf.examples:
        given = machine.arguments(classes.operation, {classes.parameter: example})
        wrong = best_match(error for error in types.iter_errors(given) if error.validator != "required")
        if wrong is not None:
            found = f"The example {example!r} is not of the type of {classes.parameter}: {wrong.message}."
            remedy = f"Give what `{classes.operation}` takes, or change the type of its argument."
            yield contract.document.finding(path, found, remedy, "example")


def _leaf_path(contract: Contract, classes: Classes, leaf: Leaf) -> Path_:
    """Where the class stands: by itself, or in its group."""
    path: Path_ = ("classes", f"{classes.operation}.{classes.parameter}", leaf.name)
    return path if path in contract.document.places else (*path[:2], leaf.group, leaf.name)


def _members(classes: Classes, names: Mapping[str, object]) -> list[str]:
    return [leaf.name for leaf in classes.leaves if leaf.expression and expression(leaf.expression)(names) is True]


# The HTTP surface --------------------------------------------------------------------------------------------------


def _http(contract: Contract, openapi: Document | None) -> Iterator[Finding]:
    if openapi is None:
        return
    named = set()
    for path, method, entry in described(openapi):
        if entry.get(MARK) == "platform":
            continue
        name = contract.bindings.operations.inward(str(entry.get("operationId")))
        named.add(name)
        if name not in contract.operations:
            yield openapi.finding(
                ("paths", path, method, "operationId"),
                f"`{name}` is not an operation of the contract.",
                f"{did_you_mean(name, contract.operations)} What is not about sessions is marked `{MARK}: platform`.",
                "openapi",
            )
    for operation in contract.operations.values():
        if operation.name not in named and _has_http_form(contract, operation.name):
            yield openapi.finding(
                ("paths",),
                f"The operation `{operation.name}` of the contract has no HTTP form.",
                f"Describe it, with `operationId: {contract.bindings.operations.outward(operation.name)}`.",
                "openapi",
            )


def _has_http_form(contract: Contract, operation: str) -> bool:
    """Not a call of the world, nor one that decides what the client holds: a credential is not handed to the platform."""
    if contract.operations[operation].by_world:
        return False
    effects = [item.effect for row in contract.rows.values() if row.call == operation for item in row.may]
    changed = {name for effect in effects for name in contract.changes(effect)}
    return not any(contract.variables[name].world for name in changed)


# What is reached ---------------------------------------------------------------------------------------------------


def _explored(contract: Contract, machine: Machine) -> Iterator[Finding]:
    unfolding = Unfolding(machine)
    automata = unfolding.explore_all(one_value=True)
    reached = {step.row.id for automaton in automata.values() for step in automaton.all_steps()}
    for section, rows in (("transitions", contract.rows), ("overlaps", contract.overlaps)):
        for row in rows:
            if row not in reached:
                yield contract.document.finding(
                    (section, row),
                    f"No fixture reaches the row `{row}`.",
                    "Add the call to a fixture that comes there, or remove the row.",
                    "unreachable-row",
                    "warning",
                )
    settled = unfolding.explore_all(contract.default_choices(), one_value=True)
    yield from choice_findings(unfolding, settled)
    yield from status_findings(machine, settled)
