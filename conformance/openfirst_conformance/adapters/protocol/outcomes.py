"""What an adapter reports as an outcome of the contract, with the error's code where the reason is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from openfirst_conformance.adapters.protocol.shapes import NativeCode, OutcomeReport
from openfirst_reference.contract.model import Contract
from openfirst_reference.machine.outcome import Answered, Outcome, Pending, Refused, Unreadable, Unsupported


class Translator:
    """Turns what an adapter reports into an outcome, with the error's code where the reason is known.

    `exact`: what is judged speaks of errors in the contract's own words, so that any other word is a wrong one.
    """

    def __init__(self, contract: Contract, error_map: Sequence[NativeCode], *, exact: bool = False) -> None:
        self._exact = exact
        self._codes = contract.errors
        codes = {entry["code"] for entry in error_map}
        # A map that sends everything to one code says nothing about the reason.
        trusted = error_map if len(codes) > 1 or len(error_map) == 1 else []
        self._natives = {entry["native"]: entry["code"] for entry in trusted if entry["code"] in self._codes}
        for code, error in contract.errors.items():
            for native in error.native:
                for said in (native.code, native.message):
                    if said:
                        self._natives.setdefault(said, code)

    def __call__(self, result: OutcomeReport) -> Outcome:
        """The outcome, from the result of `call` as its schema has it."""
        match result["outcome"]:
            case "value":
                return Answered(result.get("value"))
            case "error":
                known, said = next(self._known(result), None), result.get("code")
                return Refused(known) if known else Refused(said if self._exact else None, said)
            case "pending":
                return Pending()
            case "unreadable":
                return Unreadable(result.get("reason") or "")
        return Unsupported(result.get("reason") or "")

    def _known(self, result: OutcomeReport) -> Iterator[str]:
        code = result.get("code")
        if code is not None and code in self._codes:
            yield code
        for said in (result.get("native"), code, result.get("message")):
            if said is not None and said in self._natives:
                yield self._natives[said]
