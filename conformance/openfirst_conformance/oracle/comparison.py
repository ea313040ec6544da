"""The comparison: whether what was seen of a call is what a step of the table comes to, and where it is not."""

from __future__ import annotations

from typing import Any

from jsonschema import Draft202012Validator

from openfirst_conformance.oracle.explanation import Bindings
from openfirst_conformance.oracle.observation import ANSWERED, Fields, Observation, Scalar, SeenIdentity, scalar
from openfirst_reference.contract.document import Json
from openfirst_reference.contract.model import ANY_ERROR, OF_SERVICE
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.outcome import Answered, Outcome, Refused, Settled
from openfirst_reference.machine.step import Identity, Step, Value


class Comparison:
    """Compares outcomes with steps, as the contract's answers say. `paths` has the fields that are compared, by operation."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.paths = {name: self._answer_paths(name) for name in machine.contract.operations}
        self._validators: dict[tuple[str, str], Draft202012Validator] = {}

    def seen(self, operation: str, outcome: Settled, ids: dict[Scalar, int]) -> Observation:
        """The part of an outcome that the contract compares, in a form that can be looked up. `ids` numbers identities."""
        if isinstance(outcome, Refused):
            return Observation(Refused, outcome.code)
        if not isinstance(outcome, Answered):
            return Observation(type(outcome), None)
        paths = self.paths[operation]
        if paths is None:
            return ANSWERED
        value = outcome.value
        if not isinstance(value, dict):
            return Observation(Answered, scalar(value))
        result: list[Scalar] = []
        for path, is_identity in paths.items():
            here = _at(value, path)
            if is_identity and scalar(here) not in ids and not self._can_be_identity(operation, path, here):
                result.append(None)
            elif is_identity:
                result.append(SeenIdentity(ids.setdefault(scalar(here), len(ids))))
            else:
                result.append(scalar(here))
        return Observation(Answered, Fields(tuple(result)))

    def identities(self, operation: str, outcome: Outcome | None) -> set[Scalar]:
        """The identities that an answer shows."""
        value = outcome.value if isinstance(outcome, Answered) else None
        paths = self.paths[operation] or {}
        shown: set[Scalar] = {scalar(_at(value, path)) for path, is_identity in paths.items() if is_identity}
        return shown - {None, ""}

    def _can_be_identity(self, operation: str, path: str, value: Any) -> bool:
        """Whether a value is one, and of the type that the contract states for it."""
        validator = self._validators.get((operation, path))
        if validator is None:
            schema = {**self.schema(operation, path), "types": self.machine.contract.types}
            validator = self._validators[operation, path] = Draft202012Validator(schema)
        return value not in (None, "") and validator.is_valid(value)

    def schema(self, operation: str, path: str) -> Json:
        """What the contract says of the values of a field."""
        contract = self.machine.contract
        return contract.schema_at(contract.types.get(contract.operations[operation].result, {}), path.split("."))

    def _answer_paths(self, operation: str) -> dict[str, bool] | None:
        """The fields that answers of the operation compare, and whether they are identities; None where no answer is compared."""
        contract = self.machine.contract
        names = {
            item.answer for row in contract.rows.values() if row.call == operation for item in row.may if item.answer
        }
        answers = [contract.answers[name] for name in sorted(names)]
        if all(answer.ignore for answer in answers):
            return None
        identity = {
            path: contract.variables[name].owner is not None
            for answer in answers
            for path, name in answer.fields.items()
        }
        plain = {
            key: False
            for answer in answers
            for part in (answer.value, answer.optional)
            if isinstance(part, dict)
            for key in part
        }
        return {**plain, **identity}

    def fields(self, operation: str, shown: Fields) -> dict[str, Scalar]:
        """The compared fields of an answer, by path."""
        return dict(zip(self.paths[operation] or (), shown.values, strict=True))

    def due(self, step: Step) -> dict[str, Value | Scalar]:
        """What the fields of the step's answer are to show, by path, without those that may be missing."""
        answer = step.answer
        if answer is None or answer.ignore:
            return {}
        if answer.fields:
            return {path: step.before[self.machine.index[name]] for path, name in answer.fields.items()}
        return {name: scalar(value) for name, value in answer.value.items()} if isinstance(answer.value, dict) else {}

    def wrong(self, step: Step, client: int, shown: Fields, bindings: Bindings) -> list[str]:
        """The paths of the fields that show something else than is due."""
        assert step.answer is not None
        fields, bound = self.fields(step.call.operation, shown), dict(bindings)
        wrong = []
        for path, due in self.due(step).items():
            found = fields[path]
            if isinstance(due, Identity):
                if found is None or bound.setdefault(due.of(client), found) != found:
                    wrong.append(path)
            elif not self._same(step.answer.fields.get(path), due, found):
                wrong.append(path)
        optional = step.answer.optional.items()
        return wrong + [path for path, value in optional if fields[path] not in (None, scalar(value))]

    def match(self, step: Step, client: int, seen: Observation, bindings: Bindings) -> Bindings | None:
        """The bindings after the step was seen to come to `seen`; None where it cannot have."""
        kind, content = seen
        answer = step.answer
        if answer is None:
            if kind is not Refused:
                return None
            code, family = step.code, self.machine.contract.family
            fits = (
                content is None
                or code == ANY_ERROR
                or family(code) == family(str(content))
                or (code == OF_SERVICE and content not in self.machine.own_codes(step.call.operation))
            )
            return bindings if fits else None
        if kind is not Answered:
            return None
        if answer.ignore:
            return bindings
        if not (answer.fields or isinstance(answer.value, dict)):
            return bindings if content == scalar(answer.value) else None
        if not isinstance(content, Fields) or self.wrong(step, client, content, bindings):
            return None
        if step.alternative.distinct and self._is_anothers(step, content, bindings):
            return None
        return self._bound(step, client, content, bindings)

    def _is_anothers(self, step: Step, shown: Fields, bindings: Bindings) -> bool:
        """Whether an identity shows what stands for one of another owner."""
        fields = self.fields(step.call.operation, shown)
        return any(
            isinstance(due, Identity)
            and due.owner is not None
            and any(
                found == fields[path] and identity.owner not in (None, due.owner) for (identity, _), found in bindings
            )
            for path, due in self.due(step).items()
        )

    def _bound(self, step: Step, client: int, shown: Fields, bindings: Bindings) -> Bindings:
        """The bindings with what the identities of an answer stand for, where that was not known."""
        known = dict(bindings)
        identities = {path: due for path, due in self.due(step).items() if isinstance(due, Identity)}
        if not identities:
            return bindings
        fields = self.fields(step.call.operation, shown)
        for path, identity in identities.items():
            known.setdefault(identity.of(client), fields[path])
        return bindings if len(known) == len(bindings) else tuple(sorted(known.items(), key=repr))

    def _same(self, variable: str | None, due: Value | Scalar, found: Scalar) -> bool:
        """Whether a field shows what is due. A blank counts as nothing where the contract says so of the variable."""
        if variable is not None and self.machine.contract.variables[variable].blank_is_nothing:
            return (due or None) == (found or None)
        return bool(due == found)


def _at(value: Any, path: str) -> Any:
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value
