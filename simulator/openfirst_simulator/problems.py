"""What is answered when something is refused: problem details (RFC 9457), or what REST clients know."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from openfirst_reference.contract.model import Contract
from openfirst_reference.machine.step import Step

PROBLEM_JSON = "application/problem+json"
JSON = "application/json"
EVENT_STREAM = "text/event-stream"
# Seen in issues: 89 with 401, and 90 without its status. Any other status stands for itself.
_SEEN = {401: (89, "Invalid_token", "Expired or invalid token"), 400: (90, "Illegal argument", None)}

# A fault may answer with a status that has no name.
_PHRASES = {status.value: status.phrase for status in HTTPStatus}


class Problem(Exception):
    """A refusal. `detail` is what is wrong and what to do; `rule` and `quote` say where that stands, and `step` what decided."""

    def __init__(
        self,
        status: int,
        code: str,
        title: str,
        detail: str,
        *,
        rule: str | None = None,
        quote: str | None = None,
        headers: Mapping[str, str] | None = None,
        step: Step | None = None,
    ) -> None:
        super().__init__(detail)
        # The contract's texts know where they stand, and the quick encoder takes plain ones alone.
        self.status, self.code, self.title, self.detail = status, str(code), str(title), str(detail)
        self.rule, self.quote = rule and str(rule), quote and str(quote)
        self.headers = dict(headers or {})
        self.step = step

    def body(self) -> dict[str, Any]:
        """Problem details, with the code and, where a rule refused, the rule and its source sentence."""
        body: dict[str, Any] = {
            "type": f"urn:openfirst:error:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
        }
        if self.rule is not None:
            body.update(rule=self.rule, quote=self.quote)
        return body

    def seen_body(self) -> dict[str, Any]:
        """The shape that REST clients know, and of the problem details all that does not contradict it."""
        number, reason, description = _SEEN.get(self.status, (self.status, _PHRASES.get(self.status, "Error"), None))
        return {
            **self.body(),
            "type": "ErrorResponse",
            "error_code": number,
            "error_reason": reason,
            "error_description": description or self.detail,
        }


def refusal(
    contract: Contract, code: str, *, found: str | None = None, rule: str | None = None, step: Step | None = None
) -> Problem:
    """The problem for a code of the contract; `found` is a sentence that knows more than the contract's."""
    error = contract.errors[code]
    return Problem(
        error.status,
        code,
        error.title,
        f"{found or error.sentence} {error.remedy}",
        rule=rule,
        quote=contract.rules[rule].quote if rule is not None else None,
        headers={"WWW-Authenticate": "Bearer"} if error.status == 401 else None,
        step=step,
    )


def bad_request(detail: str) -> Problem:
    """What was sent cannot be used; `detail` names the field, what was found, and what to send."""
    return Problem(400, "invalid-request", "The request cannot be used", detail)


def not_found(detail: str) -> Problem:
    """Nothing is there."""
    return Problem(404, "not-found", "Nothing is there", detail)


def method_not_allowed(method: str, allowed: list[str]) -> Problem:
    """The path is there, and takes other methods."""
    methods = ", ".join(allowed)
    detail = f"{method} is not possible here. Use {' or '.join(allowed)}."
    return Problem(405, "method-not-allowed", "The method is not possible here", detail, headers={"Allow": methods})


def too_large(limit: int) -> Problem:
    """The body is longer than the limit (in bytes)."""
    detail = f"The body is longer than {limit:,} bytes. Send a shorter one."
    return Problem(413, "body-too-large", "The body is too large", detail)


def unsupported_encoding(found: str) -> Problem:
    """The body is encoded; none is read that is."""
    detail = f"The body has the Content-Encoding `{found[:40]}`. Send it as it is, without one."
    return Problem(415, "unsupported-encoding", "The body is encoded", detail)


def unauthorized(detail: str, scheme: str) -> Problem:
    """A token endpoint does not accept the credentials; `scheme` is the one that it wants."""
    return Problem(401, "unauthorized", "The credentials are not valid", detail, headers={"WWW-Authenticate": scheme})


def forbidden(detail: str) -> Problem:
    """The credentials are good, and do not permit this."""
    return Problem(403, "forbidden", "The credentials do not permit this", detail)
