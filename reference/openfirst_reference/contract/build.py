"""The contract as frozen data: what `session.yaml` states, read once, with overlays, and checked for broken references."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from openfirst_reference.contract.document import Document, word
from openfirst_reference.contract.expressions import ExpressionError, expression
from openfirst_reference.contract.findings import ContractError, list_words
from openfirst_reference.contract.model import (
    LAWS,
    Alternative,
    Answer,
    Bindings,
    BoundDatum,
    BoundScopes,
    BoundState,
    BoundWords,
    Carry,
    Choice,
    Classes,
    Contract,
    CredentialBinding,
    Echo,
    Effect,
    ErrorCode,
    Fixture,
    Gate,
    Guard,
    Invariant,
    Law,
    Leaf,
    Method,
    Operation,
    Overlap,
    PlatformBinding,
    RefreshBinding,
    Refusal,
    Row,
    Rule,
    Variable,
    Words,
)
from openfirst_reference.contract.references import broken_references


def build_contract(document: Document) -> Contract:
    """Frozen data from a document. Raises ContractError."""
    try:
        contract = _build(document)
    except _Missing as missing:
        raise ContractError([document.finding(missing.path, missing.found, missing.remedy)]) from None
    findings = list(broken_references(contract))
    if findings:
        raise ContractError(findings)
    return contract


class _Missing(Exception):
    def __init__(self, path: tuple[str | int, ...], found: str, remedy: str) -> None:
        super().__init__(found)
        self.path, self.found, self.remedy = path, found, remedy


class _Entry:
    """A map of the document that knows its path, so that what is missing or of the wrong kind can be named."""

    def __init__(self, value: Any, path: tuple[str | int, ...]) -> None:
        if not isinstance(value, dict):
            name = path[-1] if path else "the contract"
            raise _Missing(
                path, f"`{name}` must be a map, and is {word(value)[:60]!r}.", "Write it as `key: value` entries."
            )
        self.value, self.path = value, path

    def get(self, key: str, default: Any = None) -> Any:
        return self.value.get(key, default)

    def need(self, key: str) -> Any:
        if key not in self.value:
            name = self.path[-1] if self.path else "the contract"
            raise _Missing(self.path, f"`{name}` has no `{key}`.", f"Add `{key}:`.")
        return self.value[key]

    def text(self, key: str) -> str:
        return word(self.need(key)).strip()

    def map(self, key: str) -> _Entry:
        return _Entry(self.need(key), (*self.path, key))

    def opt_map(self, key: str) -> _Entry:
        return _Entry(self.value.get(key) or {}, (*self.path, key))

    def entries(self) -> Iterable[tuple[str, _Entry]]:
        return ((key, _Entry(value, (*self.path, key))) for key, value in self.value.items())

    def words(self, key: str) -> tuple[str, ...]:
        value = self.value.get(key)
        if value is None:
            return ()
        if isinstance(value, dict):
            raise _Missing((*self.path, key), f"`{key}` must be a word or a list of words.", "Write it as [one, two].")
        return tuple(word(item) for item in (value if isinstance(value, list) else [value]))

    def word_map(self, key: str) -> dict[str, str]:
        return {name: word(value) for name, value in self.opt_map(key).value.items()}


def _build(document: Document) -> Contract:
    root = _Entry(document.data, ())
    head = root.map("contract")
    codes = {name: word(entry.get("code", name)) for name, entry in root.map("errors").entries()}
    variables = {
        **{name: _variable(name, entry, codes, world=False) for name, entry in root.map("state").entries()},
        **{name: _variable(name, entry, codes, world=True) for name, entry in root.map("world").entries()},
    }
    services = {name: dict(entry.value) for name, entry in root.map("services").entries()}
    gates = {name: _gate(name, entry) for name, entry in root.opt_map("gates").entries()}
    methods = {
        method.target: method
        for service, entry in root.map("services").entries()
        for method in _methods(service, entry, gates)
    }
    effects = {name: _effect(name, entry) for name, entry in root.map("effects").entries()}
    refusals = {name: _refusal(name, entry, codes) for name, entry in root.opt_map("refusals").entries()}
    rows = {name: _row(name, entry, codes) for name, entry in root.map("transitions").entries()}
    profiles = {
        name: {key: word(value) for key, value in entry.value.items()}
        for name, entry in root.opt_map("profiles").entries()
    }
    return Contract(
        name=head.text("name"),
        version=head.text("version"),
        title=head.text("title"),
        statement=head.text("statement"),
        sources={
            name: {key: word(value) for key, value in entry.value.items()}
            for name, entry in root.map("sources").entries()
        },
        types=root.map("types").value,
        variables=variables,
        fixtures={
            name: Fixture(
                name,
                {key: None if value is None else word(value) for key, value in entry.map("set").value.items()},
                _fixture_calls(entry),
            )
            for name, entry in root.map("fixtures").entries()
        },
        operations={name: _operation(name, entry, codes) for name, entry in root.map("operations").entries()},
        errors={codes[name]: _error(codes[name], entry) for name, entry in root.map("errors").entries()},
        answers={name: _answer(name, entry) for name, entry in root.map("answers").entries()},
        effects=_with_sequences(effects, [*rows.values(), *refusals.values()]),
        refusals=refusals,
        rows={name: _refused(row, refusals.values(), variables, document) for name, row in rows.items()},
        overlaps={name: _overlap(name, entry, codes) for name, entry in root.opt_map("overlaps").entries()},
        laws={name: _law(root.opt_map("laws"), name) for name in root.opt_map("laws").value},
        rules={name: _rule(name, entry) for name, entry in root.map("rules").entries()},
        choices={name: _choice(name, entry, profiles) for name, entry in root.opt_map("choices").entries()},
        profiles=profiles,
        functions=tuple(root.opt_map("functions").value),
        classes={
            key: classes
            for name, entry in root.map("classes").entries()
            for key, classes in [_classes(name, entry, variables, methods)]
        },
        gates=gates,
        services=services,
        methods=methods,
        bindings=_bindings(root.opt_map("bindings"), codes),
        document=document,
    )


def _variable(name: str, entry: _Entry, codes: Mapping[str, str], *, world: bool) -> Variable:
    groups = {key: entry.opt_map("groups").words(key) for key in entry.opt_map("groups").value}
    return Variable(
        name=name,
        meaning=entry.text("meaning"),
        world=world,
        values=entry.words("values"),
        initial=word(entry.get("initial")) if "initial" in entry.value else None,
        groups=groups,
        errors={value: codes.get(code, code) for value, code in entry.word_map("errors").items()},
        points=entry.opt_map("points").value,
        owner=entry.get("identity"),
        blank_is_nothing=entry.get("blank") == "nothing",
    )


def _fixture_calls(entry: _Entry) -> dict[str, tuple[str, ...] | None]:
    calls: dict[str, tuple[str, ...] | None] = {}
    for index, item in enumerate(entry.need("calls")):
        if isinstance(item, dict):
            one = _Entry(item, (*entry.path, "calls", index))
            calls.update({name: one.words(name) for name in item})
        else:
            calls[word(item)] = None
    return calls


def _law(laws: _Entry, name: str) -> Law:
    """A law is a map, or the rule alone: then its name says what it is about."""
    if isinstance(laws.value[name], dict):
        entry = laws.map(name)
        of, rule = entry.text("of") if "of" in entry.value else name, entry.text("rule")
    else:
        of, rule = name, laws.text(name)
    if of not in LAWS:
        path = (*laws.path, name)
        raise _Missing(path, f"`{of}` is nothing that a law is about.", f"Say of what it is: {list_words(LAWS, 'or')}.")
    return Law(name, rule, of)


def _gate(name: str, entry: _Entry) -> Gate:
    kind = entry.text("kind") if "kind" in entry.value else name
    return Gate(name, kind, bool(entry.get("needs-session", False)))


def _methods(service: str, entry: _Entry, gates: Mapping[str, Gate]) -> Iterable[Method]:
    for name, method in entry.opt_map("methods").entries():
        gate = method.text("gate")
        kind = gates[gate].kind if gate in gates else gate
        model = method.text("model") if "model" in method.value else None
        own = method.text("kind") if "kind" in method.value else kind
        sent = (word(entry.get("name", service)), word(method.get("name", name)))
        yield Method(service, name, gate, own, tuple(method.get("arguments") or ()), model, sent)


# Bindings ---------------------------------------------------------------------------------------------------------


def _bindings(entry: _Entry, codes: Mapping[str, str]) -> Bindings:
    credential = _credential(entry.map("credential")) if entry.get("credential") else None
    refresh = _refresh(entry.map("refresh")) if entry.get("refresh") else None
    platform = _platform(entry.map("platform"), codes) if entry.get("platform") else None
    return Bindings(Words(entry.word_map("operations")), credential, refresh, platform)


def _credential(entry: _Entry) -> CredentialBinding:
    scopes = entry.map("scopes") if entry.get("scopes") else None
    return CredentialBinding(
        type=entry.text("type"),
        kind=_bound_words(entry.map("kind")),
        condition=_bound_words(entry.map("condition")),
        external_id=BoundDatum(
            entry.map("externalId").text("variable"),
            _bound_state(entry.map("externalId").map("told-by"), "given", "absent"),
        ),
        scopes=None
        if scopes is None
        else BoundScopes(scopes.words("any-of"), scopes.words("without"), _bound_state(scopes, "permitted", "missing")),
        life=entry.map("life").text("variable") if entry.get("life") else None,
    )


def _bound_words(entry: _Entry) -> BoundWords:
    return BoundWords(entry.word_map("words"), entry.text("variable"))


def _bound_state(entry: _Entry, yes: str, no: str) -> BoundState:
    return BoundState(entry.text("variable"), entry.text(yes), entry.text(no))


def _refresh(entry: _Entry) -> RefreshBinding:
    renewal, callback = entry.map("renewal"), entry.map("callback")
    return RefreshBinding(
        parameter=renewal.text("parameter"),
        renewal=Words(renewal.word_map("words")),
        asked=entry.map("asked").text("field"),
        callback=callback.text("field"),
        callbacks=Words(callback.word_map("words")),
    )


def _platform(entry: _Entry, codes: Mapping[str, str]) -> PlatformBinding:
    conference = entry.map("conference") if entry.get("conference") else None
    company = entry.map("company") if entry.get("company") else None
    not_simulated = entry.map("not-simulated").text("error")
    return PlatformBinding(
        session=entry.map("session").text("variable"),
        company=_bound_state(company, "open", "absent") if company else None,
        conference=_bound_state(conference, "in", "out") if conference else None,
        not_simulated=codes.get(not_simulated, not_simulated),
    )


def _operation(name: str, entry: _Entry, codes: Mapping[str, str]) -> Operation:
    echo = entry.opt_map("echo") if entry.get("echo") else None
    return Operation(
        name=name,
        title=entry.text("title"),
        by_world=entry.get("by") == "world",
        driven=entry.get("driven"),
        pure=bool(entry.get("pure", False)),
        arguments=entry.opt_map("arguments").value,
        required=entry.words("required"),
        parameters={key: tuple(word(path).split(".")) for key, path in entry.opt_map("parameters").value.items()},
        result=entry.text("result"),
        errors=tuple(codes.get(code, code) for code in entry.words("errors")),
        since=entry.get("since"),
        deprecated=entry.get("deprecated"),
        echo=Echo(echo.text("as"), echo.text("by"), echo.words("to")) if echo else None,
    )


def _error(name: str, entry: _Entry) -> ErrorCode:
    native = entry.get("native") or []
    status = entry.need("status")
    if not isinstance(status, int):
        raise _Missing(
            (*entry.path, "status"), f"The status of `{name}` is not a number.", "Give an HTTP status, such as 409."
        )
    return ErrorCode(
        name, status, entry.text("title"), entry.text("sentence"), entry.text("remedy"),
        tuple({key: word(value) for key, value in item.items()} for item in native),
    )  # fmt: skip


def _answer(name: str, entry: _Entry) -> Answer:
    return Answer(
        name=name,
        ignore=bool(entry.get("ignore", False)),
        made_by_service=entry.get("made-by") == "service",
        value=entry.get("value"),
        fields=entry.word_map("fields"),
        optional=entry.opt_map("optional").value,
    )


def _effect(name: str, entry: _Entry) -> Effect:
    keeps, stale = entry.opt_map("keeps"), entry.opt_map("stale")
    return Effect(
        name=name,
        set=entry.word_map("set"),
        keeps={key: keeps.words(key) for key in keeps.value},
        stale={key: stale.words(key) for key in stale.value},
    )


def _guard(entry: _Entry) -> Guard:
    return {key: frozenset(entry.words(key)) for key in entry.value}


def _alternatives(entry: _Entry, codes: Mapping[str, str]) -> tuple[Alternative, ...]:
    items = entry.get("may") or []
    path = (*entry.path, "may")
    if not isinstance(items, list):
        raise _Missing(path, "`may` is no list.", "List under `may:` what the call may answer.")
    result = []
    for index, item in enumerate(items):
        one = _Entry(item, (*path, index))
        if ("error" in one.value) == ("answer" in one.value):
            raise _Missing(
                (*path, index), "An alternative gives either an `error` or an `answer`.", "Write one of the two."
            )
        when = one.opt_map("when")
        result.append(
            Alternative(
                when=tuple(sorted((key, frozenset(when.words(key))) for key in when.value)),
                error=codes.get(one.text("error"), one.text("error")) if "error" in one.value else None,
                answer=one.text("answer") if "answer" in one.value else None,
                then=one.words("then"),
                breaks=one.words("breaks"),
                inside=_guard(one.opt_map("in")),
                path=(*path, index),
            )
        )
    return tuple(result)


def _carries(entry: _Entry) -> tuple[Carry, ...]:
    items = entry.get("carries") or []
    result = []
    for index, item in enumerate(items if isinstance(items, list) else [items]):
        if isinstance(item, dict):
            one = _Entry(item, (*entry.path, "carries", index))
            result += [Carry(rule, _guard(guard)) for rule, guard in one.entries()]
        else:
            result.append(Carry(word(item), {}))
    return tuple(result)


def _row(name: str, entry: _Entry, codes: Mapping[str, str]) -> Row:
    return Row(
        id=name,
        call=entry.text("call"),
        inside=_guard(entry.opt_map("in")),
        given=_guard(entry.opt_map("with")),
        may=_alternatives(entry, codes),
        carries=_carries(entry),
        note=entry.get("note"),
    )


def _refusal(name: str, entry: _Entry, codes: Mapping[str, str]) -> Refusal:
    may = _alternatives(entry, codes)
    return Refusal(name, entry.words("of"), _guard(entry.map("in")), bool(entry.get("first", False)), may)


def _with_sequences(effects: Mapping[str, Effect], behaviours: Iterable[Row | Refusal]) -> dict[str, Effect]:
    """The effects, with one for each sequence of several: what comes later is written over what came before."""
    every = dict(effects)
    for alternative in (item for behaviour in behaviours for item in behaviour.may):
        name, parts = alternative.effect, [effects[part] for part in alternative.then if part in effects]
        if name is not None and 1 < len(parts) == len(alternative.then):
            every[name] = Effect(
                name,
                {target: source for part in parts for target, source in part.set.items()},
                {target: rules for part in parts for target, rules in part.keeps.items()},
                {target: rules for part in parts for target, rules in part.stale.items()},
            )
    return every


def _refused(row: Row, refusals: Iterable[Refusal], variables: Mapping[str, Variable], document: Document) -> Row:
    """The row with the refusals that it is within, but for those that it lists itself."""

    def values(inside: Guard, name: str) -> frozenset[str]:
        variable = variables.get(name)
        groups = (variable.groups if variable else None) or {}
        every = inside.get(name, variable.values if variable else ())
        return frozenset(value for item in every for value in groups.get(item, (item,)))

    first: list[Alternative] = []
    last: list[Alternative] = []
    # An overlay that says what a row may do says all of it.
    is_overlaid = document.place("transitions", row.id, "may").file != document.file
    for refusal in refusals if not is_overlaid else ():
        if row.call in refusal.of and all(
            values(row.inside, name) <= values(refusal.inside, name) for name in refusal.inside
        ):
            own = [item for item in refusal.may if item not in row.may]
            (first if refusal.first else last).extend(own)
    may = (*first, *row.may, *last)
    if not may:
        path = ("transitions", row.id, "may")
        found = f"`{row.id}` permits nothing."
        raise ContractError([document.finding(path, found, "List under `may:` what the call may answer.")])
    return replace(row, may=may)


def _overlap(name: str, entry: _Entry, codes: Mapping[str, str]) -> Overlap:
    return Overlap(
        name,
        entry.text("call"),
        entry.text("with-call"),
        _alternatives(entry, codes),
        _carries(entry),
        entry.text("quote"),
    )


def _rule(name: str, entry: _Entry) -> Rule:
    items = entry.need("invariant")
    invariants = []
    for index, item in enumerate(items if isinstance(items, list) else [items]):
        one = _Entry(item, (*entry.path, "invariant", index))
        remember = {key: word(value) for key, value in one.opt_map("remember").value.items()}
        when = one.text("when") if "when" in one.value else None
        invariants.append(Invariant(one.words("of"), when, one.text("holds"), remember))
    return Rule(
        id=name,
        level=entry.text("level"),
        basis=entry.text("basis"),
        shows=entry.text("shows"),
        statement=entry.text("statement"),
        source=entry.text("source"),
        quote=entry.text("quote"),
        invariants=tuple(invariants),
    )


def _choice(name: str, entry: _Entry, profiles: Mapping[str, Mapping[str, str]]) -> Choice:
    """A choice; what profiles other than the default one say of it is what is known of real SDKs."""
    by_profile = {sdk: chosen[name] for sdk, chosen in profiles.items() if name in chosen and sdk != "default"}
    values = entry.words("values")
    if not values:
        raise _Missing(entry.path, f"The choice `{name}` permits no value.", "List its permitted values.")
    return Choice(
        id=name,
        values=values,
        undeclared=word(entry.get("undeclared")) if "undeclared" in entry.value else None,
        touches=entry.words("touches"),
        why=entry.text("why"),
        source=entry.text("source"),
        quote=entry.text("quote"),
        known={**by_profile, **entry.word_map("known")},
        same=bool(entry.get("same", False)),
    )


def _classes(
    name: str, entry: _Entry, variables: Mapping[str, Variable], methods: Mapping[str, Method]
) -> tuple[tuple[str, str], Classes]:
    operation, _, parameter = name.partition(".")
    source, absent = entry.get("from"), None
    if source == "services":
        kinds = dict.fromkeys((method.kind, method.gate) for method in methods.values())
        examples = {kind: tuple(m.target for m in methods.values() if m.kind == kind) for kind, _ in kinds}
        leaves = tuple(Leaf(kind, gate, None, examples[kind]) for kind, gate in kinds)
    elif source is not None:
        if source not in variables or not variables[source].is_enumeration:
            raise _Missing(
                (*entry.path, "from"), f"`{source}` is not a variable with values.", "Name one, or write classes."
            )
        variable = variables[source]
        group_of = {value: group for group, values in (variable.groups or {}).items() for value in values}
        leaves = tuple(Leaf(value, group_of.get(value, value), None, (value,)) for value in variable.values)
    else:
        leaves = tuple(leaf for group, below in entry.entries() for leaf in _leaves(group, below))
        source = "expressions"
        absent = _absent(leaves, parameter)
    brings = entry.text("brings") if source == "services" and "brings" in entry.value else None
    return (operation, parameter), Classes(operation, parameter, leaves, source, absent, brings)


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


def _leaves(group: str, entry: _Entry) -> Iterable[Leaf]:
    named = [(group, entry)] if "is" in entry.value else list(entry.entries())
    for name, one in named:
        by_choice = None
        if "as" in one.value:
            choice, below = next(iter(one.opt_map("as").entries()))
            by_choice = (choice, {key: word(value) for key, value in below.value.items()})
        yield Leaf(name, group, one.text("is"), tuple(one.get("examples") or ()), by_choice)
