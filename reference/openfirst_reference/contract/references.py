"""Names in a contract that stand for nothing: each with its place, what would have been possible, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from openfirst_reference.contract.bindings import TwoValued
from openfirst_reference.contract.document import Document, Path_, word
from openfirst_reference.contract.findings import Finding, did_you_mean
from openfirst_reference.contract.forms import Carry, Guard
from openfirst_reference.contract.model import Alternative, Contract


def known_errors(contract: Contract) -> set[str]:
    """What may stand behind `error:`: a code, `any`, `of-service`, or a variable (or parameter) with error codes."""
    by_variable = {variable.name for variable in contract.variables.values() if variable.errors}
    given = {f"given.{name}" for name in by_variable}
    return {*contract.errors, "any", "of-service", *by_variable, *given}


def broken_references(contract: Contract) -> Iterator[Finding]:
    """A finding for every name that stands for nothing. One in an overlay is placed in the overlay."""
    names = _Names(contract)
    for part in (
        _variables,
        _fixtures,
        _operations,
        _errors,
        _answers,
        _effects,
        _refusals,
        _rows,
        _overlaps,
        _rules,
        _choices,
        _classes,
        _gates,
        _bindings,
    ):
        yield from part(names)


class _Names:
    """The vocabularies of a contract, and the sentence for a word that is in none of them."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.document: Document = contract.document
        variables = contract.variables.values()
        self.enumerations = [variable.name for variable in variables if variable.is_enumeration]
        self.data = [variable.name for variable in variables if not variable.is_enumeration and variable.owner is None]

    def check(self, path: Path_, what: str, names: Iterable[str], known: Iterable[str]) -> Iterator[Finding]:
        known = list(known)
        for name in names:
            if name not in known:
                yield self.document.finding(path, f"`{name}` is not {what}.", did_you_mean(name, known), "reference")

    def rules(self, path: Path_, names: Iterable[str]) -> Iterator[Finding]:
        return self.check(path, "a rule", names, self.contract.rules)

    def operation(self, path: Path_, *names: str) -> Iterator[Finding]:
        return self.check(path, "an operation", names, self.contract.operations)

    def source(self, path: Path_, name: str) -> Iterator[Finding]:
        return self.check(path, "a source", [name], self.contract.sources)

    def values(self, variable: str) -> list[str]:
        found = self.contract.variables[variable]
        return [*found.values, *found.groups]

    def valued(self, path: Path_, variable: str, values: Iterable[str]) -> Iterator[Finding]:
        """A variable with values, and some of its values."""
        if variable not in self.enumerations:
            yield from self.check(path, "a variable with values", [variable], self.enumerations)
        else:
            yield from self.check(path, f"a value of {variable}", values, self.contract.variables[variable].values)

    def bound(self, path: Path_, state: TwoValued) -> Iterator[Finding]:
        return self.valued(path, state.variable, (state.value(True), state.value(False)))

    def inside(self, path: Path_, guard: Guard) -> Iterator[Finding]:
        for name, values in guard.items():
            if name not in self.enumerations:
                yield from self.check((*path, name), "a variable with values", [name], self.enumerations)
            else:
                yield from self.check((*path, name), f"a value of {name}", sorted(values), self.values(name))

    def given(self, path: Path_, call: str, guard: Guard) -> Iterator[Finding]:
        for name, values in guard.items():
            classes = self.contract.classes.get((call, name))
            if classes is None:
                parameters = self.contract.operations[call].parameters
                yield from self.check((*path, name), f"a parameter of {call}", [name], parameters)
            else:
                known = [*classes.groups(), *(leaf.name for leaf in classes.leaves)]
                yield from self.check((*path, name), f"a class of {call}.{name}", sorted(values), known)

    def when(self, path: Path_, when: Iterable[tuple[str, Iterable[str]]]) -> Iterator[Finding]:
        for choice, values in when:
            if choice not in self.contract.choices:
                yield from self.check((*path, choice), "a choice", [choice], self.contract.choices)
            else:
                yield from self.check(
                    (*path, choice), f"a value of the choice {choice}", sorted(values), self.choice(choice)
                )

    def choice(self, choice: str) -> list[str]:
        """The values of a choice, with those that an overlay has taken away: what asks for one of them is idle, not wrong."""
        known = dict.fromkeys(self.contract.choices[choice].values)
        document = self.document.before
        while document is not None:
            stated = document.data.get("choices", {}).get(choice, {})
            known.update(dict.fromkeys(word(value) for value in stated.get("values", [])))
            document = document.before
        return list(known)


def _variables(names: _Names) -> Iterator[Finding]:
    for variable in names.contract.variables.values():
        path = ("world" if variable.world else "state", variable.name)
        if variable.is_enumeration:
            what = f"a value of {variable.name}"
            yield from names.check((*path, "initial"), what, [str(variable.initial)], variable.values)
            for group, values in variable.groups.items():
                yield from names.check((*path, "groups", group), what, values, variable.values)
            yield from names.check((*path, "errors"), what, variable.errors, variable.values)
            yield from names.check((*path, "points"), what, variable.points, variable.values)
        for value, code in variable.errors.items():
            yield from names.check((*path, "errors", value), "an error code", [code], names.contract.errors)
        if variable.owner is not None:
            yield from names.check((*path, "identity"), "a variable with a datum", [variable.owner], names.data)


def _fixtures(names: _Names) -> Iterator[Finding]:
    for fixture in names.contract.fixtures.values():
        path = ("fixtures", fixture.name)
        for call, varied in fixture.calls.items():
            yield from names.operation((*path, "calls"), call)
            if call in names.contract.operations:
                parameters = names.contract.operations[call].parameters
                yield from names.check((*path, "calls"), f"a parameter of {call}", varied or (), parameters)
        for name, value in fixture.set.items():
            here = (*path, "set", name)
            yield from names.check(here, "a variable", [name], names.contract.variables)
            if name in names.enumerations:
                values = names.contract.variables[name].values
                yield from names.check(here, f"a value of {name}", [str(value)], values)


def _operations(names: _Names) -> Iterator[Finding]:
    for name, operation in names.contract.operations.items():
        path = ("operations", name)
        for parameter in operation.parameters:
            if (name, parameter) not in names.contract.classes:
                yield names.document.finding(
                    (*path, "parameters", parameter),
                    f"The parameter `{parameter}` of `{name}` has no classes.",
                    f"Add `{name}.{parameter}` under `classes:`.",
                    "reference",
                )
        for parameter, parts in operation.parameters.items():
            argument = f"an argument of {name}"
            yield from names.check((*path, "parameters", parameter), argument, parts[0].split("/"), operation.arguments)
        yield from names.check((*path, "required"), f"an argument of {name}", operation.required, operation.arguments)
        yield from names.check((*path, "errors"), "an error code", operation.errors, names.contract.errors)
        if operation.echo:
            yield from names.operation((*path, "echo", "as"), operation.echo.call)
            for key, variables in (("by", (operation.echo.by,)), ("to", operation.echo.to)):
                yield from names.check((*path, "echo", key), "a variable with a datum", variables, names.data)


def _errors(names: _Names) -> Iterator[Finding]:
    heads = [error.code for error in names.contract.errors.values() if not error.family]
    for error in names.contract.errors.values():
        if error.family:
            what = "an error with no family of its own"
            yield from names.check(("errors", error.code, "family"), what, [error.family], heads)


def _answers(names: _Names) -> Iterator[Finding]:
    for answer in names.contract.answers.values():
        for field, variable in answer.fields.items():
            path = ("answers", answer.name, "fields", field)
            yield from names.check(path, "a variable", [variable], names.contract.variables)


def _effects(names: _Names) -> Iterator[Finding]:
    for effect in names.contract.effects.values():
        path = ("effects", effect.name)
        for target, source in effect.set.items():
            here = (*path, "set", target)
            variable = names.contract.variables.get(target)
            if variable is None:
                yield from names.check(here, "a variable", [target], names.contract.variables)
                continue
            if variable.is_enumeration:
                sources = [*variable.values, "given"]
            else:
                sources = (
                    ["identified", "anonymous", "nothing"] if variable.owner else ["given", "nothing", *names.data]
                )
            yield from names.check(here, f"something `{target}` can be set to", [source], sources)
        for key, part in effect.answering.items():
            yield from names.check((*path, key), "a variable", part, names.contract.variables)
            for variable_name, rules in part.items():
                yield from names.rules((*path, key, variable_name), rules)


def _refusals(names: _Names) -> Iterator[Finding]:
    for refusal in names.contract.refusals.values():
        path = ("refusals", refusal.name)
        yield from names.operation((*path, "of"), *refusal.of)
        yield from names.inside((*path, "in"), refusal.inside)


def _rows(names: _Names) -> Iterator[Finding]:
    for row in names.contract.rows.values():
        path = ("transitions", row.id)
        if row.call not in names.contract.operations:
            yield from names.operation((*path, "call"), row.call)
            continue
        yield from names.inside((*path, "in"), row.inside)
        yield from names.given((*path, "with"), row.call, row.given)
        yield from _behaviour(names, path, row.call, row.may, row.carries)


def _overlaps(names: _Names) -> Iterator[Finding]:
    for overlap in names.contract.overlaps.values():
        path = ("overlaps", overlap.id)
        yield from names.operation((*path, "call"), overlap.call)
        yield from names.operation((*path, "with-call"), overlap.other)
        if overlap.call in names.contract.operations:
            yield from _behaviour(names, path, overlap.call, overlap.may, overlap.carries)


def _behaviour(
    names: _Names, path: Path_, call: str, may: Iterable[Alternative], carries: Iterable[Carry]
) -> Iterator[Finding]:
    contract, parameters = names.contract, names.contract.operations[call].parameters
    for carry in carries:
        yield from names.rules((*path, "carries"), [carry.rule])
        given = {name: values for name, values in carry.guard.items() if name in parameters}
        inside = {name: values for name, values in carry.guard.items() if name not in given}
        yield from names.given((*path, "carries"), call, given)
        yield from names.inside((*path, "carries"), inside)
    for alternative in may:
        here = alternative.path
        if alternative.answer is not None:
            yield from names.check((*here, "answer"), "an answer", [alternative.answer], contract.answers)
        if alternative.error is not None:
            yield from names.check((*here, "error"), "an error code", [alternative.error], known_errors(contract))
            if alternative.error.startswith("given."):
                parameter = alternative.error.removeprefix("given.")
                yield from names.check((*here, "error"), f"a parameter of {call}", [parameter], parameters)
        if alternative.effect is not None and alternative.effect in contract.effects:
            sources = contract.effects[alternative.effect].set.items()
            wanted = [name for name, source in sources if source == "given"]
            yield from names.check((*here, "then"), f"a parameter of {call}", wanted, parameters)
        elif alternative.effect is not None:
            yield from names.check((*here, "then"), "an effect", alternative.then, contract.effects)
        yield from names.when((*here, "when"), alternative.when)
        yield from names.inside((*here, "in"), alternative.inside)
        yield from names.rules((*here, "breaks"), alternative.breaks)


def _rules(names: _Names) -> Iterator[Finding]:
    for law in names.contract.laws.values():
        yield from names.rules(("laws", law.name), [law.rule])
    for rule_ in names.contract.rules.values():
        yield from names.source(("rules", rule_.id, "source"), rule_.source)
        for number, invariant in enumerate(rule_.invariants):
            yield from names.operation(("rules", rule_.id, "invariant", number, "of"), *invariant.of)


def _choices(names: _Names) -> Iterator[Finding]:
    for choice in names.contract.choices.values():
        path = ("choices", choice.id)
        yield from names.rules((*path, "touches"), choice.touches)
        yield from names.source((*path, "source"), choice.source)
        what = f"a value of the choice {choice.id}"
        undeclared = [] if choice.undeclared is None else [choice.undeclared]
        yield from names.check((*path, "undeclared"), what, undeclared, choice.values)
        for sdk, value in choice.known.items():
            if names.contract.profiles.get(sdk, {}).get(choice.id) == value:
                continue  # The profile says so, and is looked at as that.
            yield from names.check((*path, "known", sdk), what, [value], names.choice(choice.id))
    for profile, chosen in names.contract.profiles.items():
        values: Mapping[str, list[str]] = {choice: [value] for choice, value in chosen.items()}
        yield from names.when(("profiles", profile), values.items())


def _classes(names: _Names) -> Iterator[Finding]:
    for (operation, parameter), classes in names.contract.classes.items():
        path = ("classes", f"{operation}.{parameter}")
        if operation not in names.contract.operations:
            yield from names.operation(path, operation)
            continue
        parameters = names.contract.operations[operation].parameters
        yield from names.check(path, f"a parameter of {operation}", [parameter], parameters)
        for leaf in classes.leaves:
            if leaf.by_choice is not None:
                choice, groups = leaf.by_choice
                yield from names.when((*path, leaf.name, "as"), [(choice, groups)])
                yield from names.check((*path, leaf.name, "as", choice), "a group", groups.values(), classes.groups())


def _gates(names: _Names) -> Iterator[Finding]:
    for method in names.contract.methods.values() if names.contract.gates else ():
        path = ("services", method.service, "methods", method.name, "gate")
        yield from names.check(path, "a gate", [method.gate], names.contract.gates)


def _bindings(names: _Names) -> Iterator[Finding]:
    contract, bindings = names.contract, names.contract.bindings
    for sent, operation in bindings.operations.items():
        yield from names.operation(("bindings", "operations", sent), operation)
    credential, platform, refresh = bindings.credential, bindings.platform, bindings.refresh
    if credential is not None:
        path: Path_ = ("bindings", "credential")
        yield from names.check((*path, "type"), "a type", [credential.type], contract.types)
        for key, bound in (("kind", credential.kind), ("condition", credential.condition)):
            yield from names.valued((*path, key), bound.variable, bound.words.values())
        datum = credential.external_id
        yield from names.check((*path, "externalId"), "a variable with a datum", [datum.variable], names.data)
        yield from names.bound((*path, "externalId", "told-by"), datum.told_by)
        if credential.scopes is not None:
            yield from names.bound((*path, "scopes"), credential.scopes)
        if credential.life is not None:
            yield from names.valued((*path, "life"), credential.life.variable, ())
    if refresh is not None:
        advancing = [item for item in contract.operations.values() if item.driven == "advance"]
        known = [name for item in advancing for name in item.parameters]
        yield from names.check(("bindings", "refresh", "renewal"), "a parameter", [refresh.renewal.parameter], known)
        answers = [answer for answer in contract.answers.values() if isinstance(answer.value, dict)]
        fields = [field for answer in answers for field in (*answer.value, *answer.optional)]
        for key, field in (("asked", refresh.asked.field), ("callback", refresh.callback.field)):
            yield from names.check(("bindings", "refresh", key), "a field of an answer", [field], fields)
    if platform is not None:
        path = ("bindings", "platform")
        yield from names.valued((*path, "session"), platform.session.variable, [platform.session.open])
        for key, state in (("company", platform.company), ("conference", platform.conference)):
            if state is not None:
                yield from names.bound((*path, key), state)
        yield from names.check(
            (*path, "not-simulated"), "an error code", [platform.not_simulated.error], contract.errors
        )
