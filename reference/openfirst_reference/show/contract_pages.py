"""The contract for people: all of it, or one thing by its ID, as text or Markdown; the state diagram is drawn from the table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from openfirst_reference.contract.findings import Mistake, did_you_mean, list_words
from openfirst_reference.contract.forms import Carry, Guard
from openfirst_reference.contract.model import Alternative, Choice, Classes, Contract, Operation, Row, Rule
from openfirst_reference.machine.automaton import explore
from openfirst_reference.machine.machine import Machine
from openfirst_reference.show.blocks import WIDTH, Block, Diagram, Grid, Heading, Quote, as_markdown, as_text
from openfirst_reference.show.step_words import condition_words, permitted_words


def show(contract: Contract, what: str | None = None, format: str = "text", width: int = WIDTH) -> str:
    """The whole contract, or what `what` names: a rule, operation, choice, error, row, fixture or service.

    No line of text is longer than `width`, unless a single word is. Raises ValueError with a sentence for a person where nothing
    has that name.
    """
    blocks = list(_everything(contract) if what is None else _one(contract, what))
    return "\n".join(as_markdown(blocks) if format == "markdown" else as_text(blocks, width)).strip() + "\n"


def drawn_variable(contract: Contract) -> str:
    """The variable whose values are the states of the diagram: the first enumeration of the contract."""
    return next(variable.name for variable in contract.variables.values() if variable.is_enumeration)


def diagram(contract: Contract) -> Diagram:
    """The states of the first variable of the contract, with every step that leads from one of them to another.

    Drawn from what is reachable in any fixture, whatever the choices are.
    """
    machine = Machine(contract)
    name = drawn_variable(contract)
    index, initial = machine.index[name], contract.variables[name].initial
    found: dict[tuple[str, str], dict[str, None]] = {}
    for fixture in contract.fixtures:
        for step in explore(machine, fixture, one_value=True).all_steps():
            before, after = step.before[index], step.after[index]
            if before != after:
                found.setdefault((str(before), str(after)), {})[step.call.operation] = None
    arrows = [(before, after, label) for (before, after), labels in found.items() for label in sorted(labels)]
    return Diagram(str(initial), sorted(arrows))


# What there is to say ---------------------------------------------------------------------------------------------------


def _everything(contract: Contract) -> Iterator[Block]:
    yield Heading(1, f"{contract.title}, contract {contract.name} {contract.version}")
    yield contract.statement
    yield Heading(2, "States")
    yield diagram(contract)
    yield Grid(
        [
            ("variable", "values", "meaning"),
            *(
                (item.name, ", ".join(item.values) or ("an identity" if item.owner else "a value"), item.meaning)
                for item in contract.variables.values()
            ),
        ]
    )
    yield Heading(2, "Rules")
    for rule in contract.rules.values():
        yield from _rule(contract, rule, 3)
    yield Heading(2, "Choices")
    for choice in contract.choices.values():
        yield from _choice(contract, choice, 3)
    yield Heading(2, "Operations")
    for operation in contract.operations.values():
        yield from _operation(contract, operation, 3)
    yield Heading(2, "Errors")
    yield Grid(
        [
            ("code", "status", "meaning", "what to do"),
            *((error.code, str(error.status), error.sentence, error.remedy) for error in contract.errors.values()),
        ]
    )
    yield Heading(2, "Services")
    yield Grid([("service", "methods by gate"), *((name, _methods(contract, name)) for name in contract.services)])
    yield Heading(2, "Sources")
    yield Grid(
        [
            ("source", "title", "version", "what it is"),
            *((name, item.title, item.version, item.what) for name, item in contract.sources.items()),
        ]
    )


def _one(contract: Contract, what: str) -> Iterator[Block]:
    parts: list[tuple[Iterable[str], Callable[[str], Iterator[Block]]]] = [
        (contract.rules, lambda name: _rule(contract, contract.rules[name], 1)),
        (contract.choices, lambda name: _choice(contract, contract.choices[name], 1)),
        (contract.operations, lambda name: _operation(contract, contract.operations[name], 1)),
        (contract.errors, lambda name: _error(contract, name)),
        (contract.rows, lambda name: _row(contract, contract.rows[name])),
        (contract.fixtures, lambda name: _fixture(contract, name)),
        (contract.services, lambda name: _service(contract, name)),
    ]
    found = [block for names, blocks in parts if what in names for block in blocks(what)]
    if not found:
        known = [name for names, _ in parts for name in names]
        raise Mistake(f"The contract has nothing called `{what}`. {did_you_mean(what, known, contract.rules)}")
    yield from found


def _rule(contract: Contract, rule: Rule, level: int) -> Iterator[Block]:
    yield Heading(level, rule.id)
    yield f"{rule.statement} ({rule.level}, {rule.basis})"
    yield Quote(rule.quote, contract.sources[rule.source].title)
    rows = [row.id for row in contract.rows.values() if any(carry.rule == rule.id for carry in row.carries)]
    rows += [overlap.id for overlap in contract.overlaps.values() if any(c.rule == rule.id for c in overlap.carries)]
    kept = [
        effect.name
        for effect in contract.effects.values()
        if any(rule.id in rules for part in effect.answering.values() for rules in part.values())
    ]
    followed = [row.id for row in contract.rows.values() if any(rule.id in item.breaks for item in row.may)]
    said = [f"Carried by {list_words(rows)}."] if rows else []
    said += [f"What breaks it in {list_words(followed)} is followed all the same."] if followed else []
    said += [f"Answers for what {list_words(kept)} leave behind."] if kept else []
    if said:
        yield " ".join(said)


def _choice(contract: Contract, choice: Choice, level: int) -> Iterator[Block]:
    yield Heading(level, choice.id)
    default = contract.default_choices()[choice.id]
    undeclared = f" Undeclared it is taken to be {choice.undeclared}." if choice.undeclared else ""
    yield f"May be {list_words(choice.values, 'or')}; the simulator's default is {default}.{undeclared} {choice.why}"
    yield Quote(choice.quote, contract.sources[choice.source].title)
    if choice.known:
        yield "Known: " + ", ".join(f"{sdk}: {value}" for sdk, value in choice.known.items()) + "."
    yield f"Touches {list_words(choice.touches)}."


def _operation(contract: Contract, operation: Operation, level: int) -> Iterator[Block]:
    yield Heading(level, operation.name)
    parts = [operation.title + "."]
    parts += ["It is the world's."] if operation.by_world else []
    parts += ["It changes nothing."] if operation.pure else []
    parts += [f"Since SDK {operation.since}."] if operation.since else []
    parts += [f"Deprecated: {operation.deprecated}"] if operation.deprecated else []
    parts += [f"Errors: {', '.join(operation.errors)}."] if operation.errors else []
    yield " ".join(parts)
    rows = [row for row in contract.rows.values() if row.call == operation.name]
    yield Grid([("row", "in", "with", "may"), *(_cells(contract, row) for row in rows)])
    classes = [item for (owner, _), item in contract.classes.items() if owner == operation.name]
    if classes:
        yield Grid([("parameter", "classes"), *((item.parameter, _classes(item)) for item in classes)])


def _classes(classes: Classes) -> str:
    return ", ".join(leaf.name if leaf.group == leaf.name else f"{leaf.name} ({leaf.group})" for leaf in classes.leaves)


def _cells(contract: Contract, row: Row) -> tuple[str, str, str, str]:
    return row.id, _guard(row.inside) or "any state", _guard(row.given) or "-", "; ".join(_permitted(contract, row))


def _permitted(contract: Contract, row: Row) -> Iterator[str]:
    for item in row.may:
        condition = _condition(item)
        breaks = f" (breaks {list_words(item.breaks)})" if item.breaks else ""
        yield (f"if {condition}: " if condition else "") + permitted_words(contract, item) + breaks


def _condition(item: Alternative) -> str:
    """Where an alternative is there, and under which choices."""
    return " and ".join(part for part in (_guard(item.inside), condition_words(item.when)) if part)


def _row(contract: Contract, row: Row) -> Iterator[Block]:
    yield Heading(1, row.id)
    yield f"{row.call}, in {_guard(row.inside) or 'any state'}, with {_guard(row.given) or 'anything'}."
    yield Grid(
        [
            ("may", "if", "breaks"),
            *(
                (permitted_words(contract, item), _condition(item) or "-", list_words(item.breaks) or "-")
                for item in row.may
            ),
        ]
    )
    if row.carries:
        yield "Carries " + list_words([_carry(carry) for carry in row.carries]) + "."
    if row.note:
        yield row.note


def _carry(carry: Carry) -> str:
    return carry.rule + (f" (where {_guard(carry.guard)})" if carry.guard else "")


def _guard(guard: Guard) -> str:
    return ", ".join(f"{name}: {' or '.join(sorted(values))}" for name, values in guard.items())


def _error(contract: Contract, code: str) -> Iterator[Block]:
    error = contract.errors[code]
    yield Heading(1, code)
    yield f"{error.title} (HTTP status {error.status}). {error.sentence} {error.remedy}"
    others = [other for other in contract.like(code) if other != code]
    if others:
        yield f"No source tells it apart from {list_words(others)}: where one of them is due, each will do."
    raised = [operation.name for operation in contract.operations.values() if code in operation.errors]
    if raised:
        yield f"Raised by {list_words(raised)}."
    if error.native:
        yield Grid(
            [
                ("SDK", "native code", "native message"),
                *((item.sdk, item.code or "-", item.message or "-") for item in error.native),
            ]
        )


def _fixture(contract: Contract, name: str) -> Iterator[Block]:
    fixture = contract.fixtures[name]
    yield Heading(1, name)
    yield "A client that starts with " + ", ".join(f"{key}: {value}" for key, value in fixture.set.items()) + "."
    yield f"Tried in it: {list_words(list(fixture.calls))}."


def _service(contract: Contract, name: str) -> Iterator[Block]:
    yield Heading(1, name)
    methods = [method for method in contract.methods.values() if method.service == name]
    yield Grid([("method", "gate", "class"), *((method.name, method.gate, method.kind) for method in methods)])


def _methods(contract: Contract, service: str) -> str:
    gates: dict[str, list[str]] = {}
    for method in contract.methods.values():
        if method.service == service:
            gates.setdefault(method.gate, []).append(method.name)
    return "; ".join(f"{gate}: {', '.join(names)}" for gate, names in gates.items())
