"""What a call on a session can fail with: an exception class for each code of the contract, made from it.

The class of the code `session-not-open` is `errors.SessionNotOpen`, and so for every code. All of them, and
the two for what no code says (no answer, or one that cannot be read), are `SessionError`s.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from openfirst_reference.contract.load import load_contract
from openfirst_reference.contract.model import Contract


@dataclass(eq=False)
class SessionError(Exception):
    """A call was refused, or did not come through.

    `sentence` says what is wrong, and `remedy` what to do about it. `code` is one of the contract's, or one
    of the platform's own, or None; `status` is the HTTP status that it has. `rule` is the id of the rule that
    refused, and `detail` the platform's own words, if it gave them.
    """

    sentence: str
    remedy: str = ""
    code: str | None = None
    status: int | None = None
    rule: str | None = None
    detail: str | None = None

    def __str__(self) -> str:
        detail = self.detail or ""
        # A platform may well say the contract's sentences itself.
        sentence = "" if self.sentence in detail else self.sentence
        remedy = "" if self.remedy in detail else self.remedy
        return " ".join(part for part in (sentence, detail, remedy) if part)


class PlatformUnreachable(SessionError):
    """The platform gave no answer, so it is not known whether it did what was asked."""


class UnreadableAnswer(SessionError):
    """The platform answered with something that the session interface does not have."""


def refusal(
    contract: Contract,
    code: str,
    *,
    status: int | None = None,
    rule: str | None = None,
    detail: str | None = None,
) -> SessionError:
    """Make the error for a code, of its class; a code that the contract lacks makes a plain SessionError."""
    known = contract.errors.get(code)
    if known is None:
        sentence = f"The platform refused with the code {code!r}, which contract {contract.version} does not have."
        return SessionError(sentence, code=code, status=status, rule=rule, detail=detail)
    return _class_of(code)(known.sentence, known.remedy, code, status or known.status, rule, detail)


@cache
def _class_of(code: str) -> type[SessionError]:
    summary = f"A call was refused with the code `{code}`."
    return type(_class_name(code), (SessionError,), {"__doc__": summary, "code": code})


def _class_name(code: str) -> str:
    return "".join(part.capitalize() for part in code.split("-"))


@cache
def _codes() -> dict[str, str]:
    return {_class_name(code): code for code in load_contract().errors}


def __getattr__(name: str) -> type[SessionError]:
    # Underscored names are what Python itself looks for in a module; they are not worth reading a contract.
    if name.startswith("_") or name not in _codes():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _class_of(_codes()[name])
