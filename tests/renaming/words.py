"""Every word that the contract makes up, and the contract with words of other names.

A word is renamed wherever it stands for the same thing, and only there: in the contract, its expressions, and the traces.
What crosses the wire (the left side of `bindings`, codes, JSON fields) keeps its name: that is what is tried.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from openfirst_reference.contract.document import Document, Json, word

Rename = Callable[[str], str]


@dataclass(frozen=True)
class Word:
    """A word: its kind, where it belongs (a variable's value to the variable), and how it is spelled."""

    kind: str
    of: str
    name: str

    def __str__(self) -> str:
        return "-".join(part for part in (self.kind, self.of, self.name) if part)


def words(data: Mapping[str, Any]) -> list[Word]:
    """Every word that the contract makes up."""
    found: dict[Word, str] = {}
    Renamer(data, lambda item: found.setdefault(item, item.name)).contract()
    return list(found)


def renamed(document: Document, names: Mapping[Word, str]) -> Document:
    """The contract with other names for some words."""
    data = Renamer(document.data, lambda item: names.get(item, item.name)).contract()
    return Document(data, document.places, document.file)


def renamed_traces(document: Document, traces: list[Any], names: Mapping[Word, str]) -> list[Any]:
    """Traces with other names for some words."""
    return Renamer(document.data, lambda item: names.get(item, item.name)).traces(traces)


class Renamer:
    """Goes through a contract and asks `name` what each word is to be called."""

    def __init__(self, data: Mapping[str, Any], name: Callable[[Word], str]) -> None:
        self.data: Json = copy.deepcopy(dict(data))
        self._name = name
        self._variables = {**self.data["state"], **self.data["world"]}

    def _as(self, kind: str, of: str = "") -> Rename:
        return lambda text: self._name(Word(kind, of, word(text)))

    # Words by what they stand for -------------------------------------------------------------------------------------

    def variable(self, name: str) -> str:
        return self._name(Word("variable", "", name))

    def value(self, variable: str, name: Any) -> Any:
        """A value of a variable, or a group of values."""
        if name is None or not self._variables.get(variable, {}).get("values"):
            return name
        return self._name(Word("value", variable, word(name)))

    def parameter(self, call: str, name: str) -> str:
        """A parameter; one with the name of a variable is that variable's word."""
        return self.variable(name) if name in self._variables else self._name(Word("parameter", call, name))

    def leaf(self, call: str, parameter: str, name: Any) -> str:
        """A class or a group of a parameter; for a variable with values they are its values."""
        classes = self.data["classes"][f"{call}.{parameter}"]
        source = classes.get("from")
        if source == "services":
            gate = name in self.data["gates"] and not any(
                name in (method.get("kind"),)
                for item in self.data["services"].values()
                for method in item["methods"].values()
            )
            return self._name(Word("gate" if gate else "kind", "", word(name)))
        variable = source or parameter
        known = self._variables.get(variable, {})
        if word(name) in [word(item) for item in (*known.get("values", ()), *known.get("groups", {}))]:
            return str(self.value(variable, name))
        return self._name(Word("class", f"{call}.{parameter}", word(name)))

    def error(self, name: str) -> str:
        """What stands behind `error:`."""
        if name.startswith("given."):
            return f"given.{self.variable(name.removeprefix('given.'))}"
        if name in self._variables:
            return self.variable(name)
        return self._name(Word("error", "", name)) if name in self.data["errors"] else name

    def _list(self, value: Any, one: Rename) -> Any:
        return [one(item) for item in value] if isinstance(value, list) else one(value)

    # Sections ---------------------------------------------------------------------------------------------------------

    def contract(self) -> Json:
        """The whole contract."""
        data = self.data
        for name in (
            *(
                "state",
                "world",
                "fixtures",
                "operations",
                "errors",
                "answers",
                "effects",
                "refusals",
                "transitions",
                "overlaps",
            ),
            *("laws", "rules", "choices", "profiles", "classes", "gates", "services", "bindings"),
        ):
            data[f"new {name}"] = getattr(self, f"_{name}")(copy.deepcopy(data[name]))
        return {name: data.get(f"new {name}", part) for name, part in data.items() if not name.startswith("new ")}

    def _state(self, part: Json) -> Json:
        return {self.variable(name): self._stated(name, item) for name, item in part.items()}

    _world = _state

    def _stated(self, name: str, item: Json) -> Json:
        def value(text: Any) -> Any:
            return self.value(name, text)

        if "values" in item:
            item["values"] = [value(text) for text in item["values"]]
            item["initial"] = value(item["initial"])
        if "groups" in item:
            item["groups"] = {value(group): [value(text) for text in some] for group, some in item["groups"].items()}
        if "errors" in item:
            item["errors"] = {value(text): self.error(code) for text, code in item["errors"].items()}
        if "points" in item:
            item["points"] = {value(text): point for text, point in item["points"].items()}
        if "identity" in item:
            item["identity"] = self.variable(item["identity"])
        return item

    def _fixtures(self, part: Json) -> Json:
        for item in part.values():
            item["set"] = {self.variable(name): self.value(name, text) for name, text in item["set"].items()}
            item["calls"] = [
                {
                    self._as("operation")(call): [self.parameter(call, name) for name in varied]
                    for call, varied in one.items()
                }
                if isinstance(one, dict)
                else self._as("operation")(one)
                for one in item["calls"]
            ]
        return {self._as("fixture")(name): item for name, item in part.items()}

    def _operations(self, part: Json) -> Json:
        for call, item in part.items():
            item["parameters"] = {self.parameter(call, name): path for name, path in item.get("parameters", {}).items()}
            item["errors"] = [self.error(code) for code in item.get("errors", ())]
            if "echo" in item:
                echo = item["echo"]
                item["echo"] = {
                    "as": self._as("operation")(echo["as"]),
                    "by": self.variable(echo["by"]),
                    "to": self._list(echo["to"], self.variable),
                }
        return {self._as("operation")(call): item for call, item in part.items()}

    def _errors(self, part: Json) -> Json:
        return {self.error(name): item for name, item in part.items()}

    def _answers(self, part: Json) -> Json:
        for item in part.values():
            if "fields" in item:
                item["fields"] = {path: self.variable(name) for path, name in item["fields"].items()}
            if isinstance(item.get("value"), dict):
                item["value"] = {self._as("field")(name): value for name, value in item["value"].items()}
                item["optional"] = {
                    self._as("field")(name): self._as("callback")(value) for name, value in item["optional"].items()
                }
        return {self._as("answer")(name): item for name, item in part.items()}

    def _effects(self, part: Json) -> Json:
        for item in part.values():
            item["set"] = {self.variable(name): self._source(name, text) for name, text in item["set"].items()}
            for key in ("keeps", "stale", "missing"):
                if key in item:
                    item[key] = {
                        self.variable(name): self._list(rules, self._as("rule")) for name, rules in item[key].items()
                    }
        return {self._as("effect")(name): item for name, item in part.items()}

    def _source(self, variable: str, text: str) -> Any:
        if text in ("given", "nothing", "identified", "anonymous"):
            return text
        return self.variable(text) if text in self._variables else self.value(variable, text)

    def _refusals(self, part: Json) -> Json:
        for item in part.values():
            item["in"] = {
                self.variable(name): self._list(some, partial(self.value, name)) for name, some in item["in"].items()
            }
            item["of"] = [self._as("operation")(call) for call in item["of"]]
            item["may"] = [self._alternative(one) for one in item["may"]]
        return {self._as("refusal")(name): item for name, item in part.items()}

    def _transitions(self, part: Json) -> Json:
        return {name: self._row(item) for name, item in part.items()}

    _overlaps = _transitions

    def _row(self, item: Json) -> Json:
        call = item["call"]
        item["call"] = self._as("operation")(call)
        if "with-call" in item:
            item["with-call"] = self._as("operation")(item["with-call"])
        if "in" in item:
            item["in"] = self._guard(call, item["in"])
        if "with" in item:
            item["with"] = {
                self.parameter(call, name): self._list(some, partial(self.leaf, call, name))
                for name, some in item["with"].items()
            }
        item["carries"] = [
            self._as("rule")(one)
            if isinstance(one, str)
            else {self._as("rule")(rule): self._guard(call, guard) for rule, guard in one.items()}
            for one in item.get("carries", ())
        ]
        item["may"] = [self._alternative(one) for one in item.get("may", ())]
        return item

    def _guard(self, call: str, guard: Json) -> Json:
        parameters = self.data["operations"][call].get("parameters", {})
        return {
            self.parameter(call, name) if name in parameters else self.variable(name): self._list(
                some, partial(self.leaf, call, name) if name in parameters else partial(self.value, name)
            )
            for name, some in guard.items()
        }

    def _alternative(self, item: Json) -> Json:
        if "in" in item:
            item["in"] = {
                self.variable(name): self._list(some, partial(self.value, name)) for name, some in item["in"].items()
            }
        if "when" in item:
            item["when"] = {
                self._as("choice")(choice): self._list(some, self._as("choice value", choice))
                for choice, some in item["when"].items()
            }
        if "error" in item:
            item["error"] = self.error(item["error"])
        if "answer" in item:
            item["answer"] = self._as("answer")(item["answer"])
        if "then" in item:
            item["then"] = self._list(item["then"], self._as("effect"))
        if "breaks" in item:
            item["breaks"] = [self._as("rule")(rule) for rule in item["breaks"]]
        return item

    def _laws(self, part: Json) -> Json:
        for item in part.values():
            item["rule"] = self._as("rule")(item["rule"])
        return {self._as("law")(name): item for name, item in part.items()}

    def _rules(self, part: Json) -> Json:
        for item in part.values():
            for one in item["invariant"]:
                calls = one["of"]
                one["of"] = [self._as("operation")(call) for call in calls]
                for key in ("when", "holds"):
                    if key in one:
                        one[key] = self._expression(one[key], calls)
                if "remember" in one:
                    one["remember"] = {name: self._expression(text, calls) for name, text in one["remember"].items()}
        return {self._as("rule")(name): item for name, item in part.items()}

    def _choices(self, part: Json) -> Json:
        for name, item in part.items():
            value = self._as("choice value", name)
            item["values"] = [value(text) for text in item["values"]]
            if "undeclared" in item:
                item["undeclared"] = value(item["undeclared"])
            item["touches"] = [self._as("rule")(rule) for rule in item["touches"]]
            if "known" in item:
                item["known"] = {sdk: value(text) for sdk, text in item["known"].items()}
        return {self._as("choice")(name): item for name, item in part.items()}

    def _profiles(self, part: Json) -> Json:
        return {
            profile: {
                self._as("choice")(choice): self._as("choice value", choice)(value) for choice, value in chosen.items()
            }
            for profile, chosen in part.items()
        }

    def _classes(self, part: Json) -> Json:
        return {
            f"{self._as('operation')(call)}.{self.parameter(call, name)}": self._class(
                call, name, part[f"{call}.{name}"]
            )
            for call, _, name in (key.partition(".") for key in part)
        }

    def _class(self, call: str, parameter: str, item: Json) -> Json:
        if "from" in item:
            item["from"] = item["from"] if item["from"] == "services" else self.variable(item["from"])
            return item
        return {
            self.leaf(call, parameter, name): self._leaf(call, parameter, one)
            if "is" in one
            else {self.leaf(call, parameter, inner): self._leaf(call, parameter, two) for inner, two in one.items()}
            for name, one in item.items()
        }

    def _leaf(self, call: str, parameter: str, item: Json) -> Json:
        item = copy.deepcopy(item)
        item["is"] = self._expression(item["is"], [call])
        known = self._variables.get(parameter, {}).get("values")
        renewal = self.data["bindings"]["refresh"]["renewal"]["parameter"]
        if known or parameter == renewal:
            item["examples"] = [self.leaf(call, parameter, text) for text in item.get("examples", ())]
            if not item["examples"]:
                del item["examples"]
        if "as" in item:
            item["as"] = {
                self._as("choice")(choice): {
                    self._as("choice value", choice)(value): self.leaf(call, parameter, group)
                    for value, group in groups.items()
                }
                for choice, groups in item["as"].items()
            }
        return item

    def _gates(self, part: Json) -> Json:
        return {
            self._as("gate")(name): {**item, "kind": self._kind(item.get("kind", name))} for name, item in part.items()
        }

    def _kind(self, name: str) -> str:
        return self._name(Word("gate" if name in self.data["gates"] else "kind", "", name))

    def _services(self, part: Json) -> Json:
        for service, item in part.items():
            for method in item["methods"].values():
                method["gate"] = self._as("gate")(method["gate"])
                if "kind" in method:
                    method["kind"] = self._kind(method["kind"])
            item["methods"] = {
                self._as("method", service)(name): {"name": name, **one} for name, one in item["methods"].items()
            }
        return {self._as("service")(name): item for name, item in part.items()}

    def _bindings(self, part: Json) -> Json:
        part["operations"] = {sent: self._as("operation")(name) for sent, name in part["operations"].items()}
        self._bound(part["credential"])
        refresh = part["refresh"]
        renewal = refresh["renewal"]
        advancing = next(name for name, item in self.data["operations"].items() if item.get("driven") == "advance")
        renewal["words"] = {
            sent: self.leaf(advancing, renewal["parameter"], name) for sent, name in renewal["words"].items()
        }
        renewal["parameter"] = self.parameter(advancing, renewal["parameter"])
        for key in ("asked", "callback"):
            refresh[key]["field"] = self._as("field")(refresh[key]["field"])
        refresh["callback"]["words"] = {
            sent: self._as("callback")(name) for sent, name in refresh["callback"]["words"].items()
        }
        self._bound(part["platform"])
        part["platform"]["not-simulated"]["error"] = self.error(part["platform"]["not-simulated"]["error"])
        return part

    def _bound(self, part: Json) -> None:
        """Wherever a variable is bound: it, and the values beside it."""
        for item in part.values():
            if not isinstance(item, dict):
                continue
            if "variable" in item:
                name = item["variable"]
                for key in ("permitted", "missing", "given", "absent", "open", "in", "out"):
                    if key in item:
                        item[key] = self.value(name, item[key])
                if "words" in item:
                    item["words"] = {sent: self.value(name, text) for sent, text in item["words"].items()}
                item["variable"] = self.variable(name)
            self._bound(item)

    # Expressions ------------------------------------------------------------------------------------------------------

    def _expression(self, text: str, calls: list[str]) -> str:
        """An expression (CEL): what a root is asked for, and the words that it is compared with."""
        return _ASKED.sub(lambda found: self._asked(found, calls), text)

    def _asked(self, found: re.Match[str], calls: list[str]) -> str:
        root, name = found["root"], found["name"] or found["key"]
        new, value = name, found["value"]
        if root in ("before", "after", "client"):
            new = self.variable(name)
            value = value if value is None else self.value(name, value)
        elif root in ("given", "call.group", "call.leaf"):
            new = self.parameter(calls[0], name)
            renewal = self.data["bindings"]["refresh"]["renewal"]["parameter"]
            if value and (root != "given" or self._variables.get(name, {}).get("values") or name == renewal):
                value = self.leaf(calls[0], name, value)
        elif root == "choice":
            new = self._as("choice")(name)
            value = value if value is None else self._as("choice value", name)(value)
        elif root == "outcome.value" and name in self.data["answers"]["asked"]["value"]:
            new = self._as("field")(name)
        written = (
            f".{new}" if re.fullmatch(r"[A-Za-z_]\w*", new, re.ASCII) and new not in _RESERVED else f"[{_quoted(new)}]"
        )
        compared = "" if found["compared"] is None else f"{found['compared']}{_quoted(value)}"
        return f"{root}{written}{compared}"

    # Traces -----------------------------------------------------------------------------------------------------------

    def traces(self, traces: list[Any]) -> list[Any]:
        """The golden traces."""
        return [self._trace(copy.deepcopy(item)) for item in traces]

    def _trace(self, item: Json) -> Json:
        item["rules"] = [self._as("rule")(rule) for rule in item["rules"]]
        item["fixture"] = self._as("fixture")(item["fixture"])
        if "clients" in item:
            item["clients"] = {client: self._as("fixture")(name) for client, name in item["clients"].items()}
        if "choices" in item:
            item["choices"] = {
                self._as("choice")(choice): self._as("choice value", choice)(value)
                for choice, value in item["choices"].items()
            }
        for step in item["steps"]:
            for key in ("call", "world"):
                if key in step:
                    step[key] = self._as("operation")(step[key])
            arguments = step.get("arguments") or {}
            if isinstance(arguments.get("credential"), str):
                arguments["credential"] = self._as("fixture")(arguments["credential"])
            step["see"] = self._seen(step["see"])
            if "never" in step:
                step["never"] = [self._seen(one) for one in step["never"]]
        return item

    def _seen(self, see: Any) -> Any:
        if isinstance(see, dict) and "asked" in see:
            return {self._as("field")("asked"): see["asked"], **{k: v for k, v in see.items() if k != "asked"}}
        return see


_RESERVED = (
    "in",
    "true",
    "false",
    "null",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
)
_ASKED = re.compile(
    r"(?<![\w.])(?P<root>before|after|client|given|call\.group|call\.leaf|choice|outcome\.value)"
    r"(?:\.(?P<name>\w+)|\[['\"](?P<key>[^'\"]+)['\"]\])"
    r"(?:(?P<compared>\s*[!=]=\s*)'(?P<value>[^']*)')?"
)


def _quoted(text: str | None) -> str:
    return "'" + str(text) + "'"


def each(names: Iterator[Word], suffix: str) -> dict[Word, str]:
    """Every word with a suffix."""
    return {item: f"{item.name}{suffix}" for item in names}
