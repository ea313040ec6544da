"""What an adapter declares is held against the contract: a slip is told with its place and what may have been meant."""

from __future__ import annotations

from typing import Any, cast

import pytest

from openfirst_conformance.adapters.protocol.declared import check_declared
from openfirst_conformance.adapters.protocol.faults import AdapterFault
from openfirst_conformance.adapters.protocol.shapes import InitializeResult
from openfirst_reference.contract.load import load_contract

CONTRACT = load_contract()
EVERYTHING: dict[str, Any] = {
    "operations": ["initialize", "initializeToken", "open", "close", "use"],
    "arguments": {"open.info": "required", "open.info.externalId": "unsupported", "use.arguments": "optional"},
    "clock": "virtual",
    "clients": 2,
    "concurrency": 4,
    "refresh": True,
    "world": ["platformCloses", "revokeToken"],
    "deprecatedInitialize": True,
    "credentials": ["token", "key-secret"],
    "services": {"conference": ["create", "join"], "recording": True},
}


def initialized(more: dict[str, Any] | None = None, **declared: Any) -> InitializeResult:
    """The answer of one that declares this."""
    capabilities = {"operations": ["open"], **declared}
    result = {"protocol": 1, "implementation": {"name": "t"}, "capabilities": capabilities, **(more or {})}
    return cast(InitializeResult, result)


def test_what_the_contract_knows_may_be_declared() -> None:
    more = {
        "choices": {"open-while-open": "keep", "is-open-before-initialize": False},
        "errorMap": [{"native": "E1", "code": "session-not-open"}],
    }
    check_declared(initialized(more, **EVERYTHING), CONTRACT)
    check_declared(initialized(credentials=None, services=None), CONTRACT)


def test_a_field_that_is_in_every_answer_may_be_in_this_one() -> None:
    check_declared(initialized({"generation": 0, "elapsed": 3}), CONTRACT)


@pytest.mark.parametrize(
    ("result", "found", "remedy"),
    [
        (
            initialized(operations=["open", "isOpne"]),
            "`isOpne` in `capabilities.operations`, which is not an operation",
            "Did you mean `isOpen`?",
        ),
        (
            initialized(operations=["platformCloses"]),
            "`platformCloses` in `capabilities.operations`, which is not an operation",
            "Known: ",
        ),
        (initialized(concurency=4), "`concurency` in `capabilities`, which is not a", "Did you mean `concurrency`?"),
        (
            initialized(arguments={"open.inof": "required"}),
            "`open.inof` in `capabilities.arguments`, which is not an argument",
            "Did you mean `open.info`",
        ),
        (
            initialized(world=["revokeTokens"]),
            "`revokeTokens` in `capabilities.world`, which is not a call of the world",
            "Did you mean `revokeToken`?",
        ),
        (
            initialized(credentials=["tokens"]),
            "`tokens` in `capabilities.credentials`, which is not a kind of credential",
            "Did you mean `token`?",
        ),
        (
            initialized(services={"confrence": True}),
            "`confrence` in `capabilities.services`, which is not a service",
            "Did you mean `conference`?",
        ),
        (
            initialized(services={"conference": ["jion"]}),
            "`jion` in `capabilities.services.conference`, which is not a method of conference",
            "Did you mean `join`?",
        ),
        (
            initialized({"choices": {"open-whlie-open": "keep"}}),
            "`open-whlie-open` in `choices`, which is not a choice",
            "Did you mean `open-while-open`",
        ),
        (
            initialized({"choices": {"open-while-open": "maybe"}}),
            "`maybe` in `choices.open-while-open`, which is not a value of this choice",
            "Known: keep, refuse, replace.",
        ),
        (
            initialized({"errorMap": [{"native": "E1", "code": "session-not-opne"}]}),
            "`session-not-opne` in `errorMap`, which is not an error code",
            "Did you mean `session-not-open`",
        ),
        (initialized({"choises": {}}), "`choises` in `result`, which is not a field", "Did you mean `choices`?"),
        (initialized({"errormap": []}), "`errormap` in `result`, which is not a field", "Did you mean `errorMap`?"),
    ],
)
def test_a_slip_is_told_with_its_place_and_what_may_have_been_meant(
    result: InitializeResult, found: str, remedy: str
) -> None:
    with pytest.raises(AdapterFault) as raised:
        check_declared(result, CONTRACT)
    assert raised.value.kind == "bad-message"
    assert f"initialize declares {found}" in raised.value.detail
    assert remedy in raised.value.remedy


def test_a_native_error_has_one_code() -> None:
    """Two that no source tells apart are as good as one."""

    def mapped(*codes: str) -> InitializeResult:
        return initialized({"errorMap": [{"native": "409", "code": code} for code in codes]})

    check_declared(mapped("token-expired", "token-revoked", "token-invalid"), CONTRACT)
    check_declared(mapped("scope-missing", "scope-missing"), CONTRACT)
    with pytest.raises(AdapterFault) as raised:
        check_declared(mapped("session-not-open", "scope-missing"), CONTRACT)
    assert "`409` in `errorMap` as `session-not-open` and as `scope-missing`" in raised.value.detail
    assert "leave it out" in raised.value.remedy


def test_an_overlay_adds_what_may_be_declared(tmp_path: Any) -> None:
    overlay = tmp_path / "more.yaml"
    overlay.write_text(
        "services:\n  telephone:\n    name: telephone\n    title: Telephone\n    module: Telephone\n    path: telephone\n"
        "    methods:\n      call: { gate: platform, arguments: [] }\n",
        encoding="utf-8",
    )
    declares = initialized(services={"telephone": ["call"]})
    with pytest.raises(AdapterFault, match="which is not a service of the contract"):
        check_declared(declares, CONTRACT)
    check_declared(declares, load_contract(overlays=[overlay]))
