"""The adapter protocol as text: what its schemas permit, and what becomes of other lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import resources
from typing import Any, cast, get_args, get_origin, get_type_hints, is_typeddict

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from openfirst_conformance.adapters.protocol.faults import AdapterFault, FaultKind, record
from openfirst_conformance.adapters.protocol.lines import MAX_LINE, Lines, decode, encode
from openfirst_conformance.adapters.protocol.messages import (
    METHODS,
    Capabilities,
    check_result,
    check_sent,
    problem_with,
)
from openfirst_conformance.adapters.protocol.shapes import PARAMS, RESULTS, InitializeResult
from openfirst_reference.contract.document import Json
from openfirst_spec import resource

INITIALIZED: dict[str, Any] = {
    "protocol": 1,
    "implementation": {"name": "acme-session", "version": "3.10.1", "language": "kotlin"},
    "capabilities": {
        "operations": ["open", "close"],
        "arguments": {"open.info": "required"},
        "clock": "virtual",
        "clients": 2,
        "concurrency": 4,
        "refresh": True,
        "world": ["close"],
        "deprecatedInitialize": False,
        "credentials": ["token", "key-secret"],
        "services": {"conference": ["create"], "recording": True},
    },
    "choices": {"open-while-open": "refuse", "is-open-before-initialize": False},
    "errorMap": [{"native": "SESSION_ALREADY_OPENED", "code": "session-already-open"}],
}
CREDENTIAL: dict[str, Any] = {
    "kind": "token",
    "token": "eyJ",
    "condition": "good",
    "externalId": "ana",
    "scopes": ["*"],
    "expiresIn": 3600,
}
RESET: dict[str, Any] = {
    "generation": 174,
    "now": "2026-01-01T00:00:00Z",
    "platform": {"baseUrl": "http://127.0.0.1:41733/w/174"},
    "clients": {"a": {"credential": CREDENTIAL}},
}


# --- schemas ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*METHODS, "refreshToken", "envelope"])
def test_each_schema_is_one_and_is_named_after_its_file(name: str) -> None:
    schema = json.loads(resource(f"protocol/{name}.schema.json"))
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:openfirst:adapter-protocol:1:{name}"
    assert name == "envelope" or {"params", "result"} <= schema["$defs"].keys()


def test_there_is_no_schema_without_a_method() -> None:
    found = {path.name for path in resources.files("openfirst_spec").joinpath("protocol").iterdir()}
    assert found == {f"{name}.schema.json" for name in (*METHODS, "refreshToken", "envelope")}


@pytest.mark.parametrize(
    ("method", "part", "value"),
    [
        ("initialize", "result", INITIALIZED),
        ("reset", "params", RESET),
        ("reset", "params", RESET | {"clients": {"a": {"credential": {"kind": "none"}}}}),
        ("reset", "result", {"generation": 1}),
        ("reset", "result", {"generation": 1, "clients": {"a": {"initialize": {"outcome": "error"}}}}),
        ("call", "result", {"generation": 1, "outcome": "value"}),
        ("call", "result", {"generation": 1, "outcome": "value", "value": None, "code": None}),
        ("call", "result", {"generation": 1, "outcome": "value", "elapsed": 3}),
        ("call", "result", {"generation": 1, "outcome": "error", "native": "403", "message": "no"}),
        ("call", "result", {"generation": 10**30, "outcome": "error", "native": "\ud800", "message": "\0"}),
        ("call", "result", {"generation": 1, "outcome": "pending"}),
        ("call", "result", {"generation": 1, "outcome": "unsupported", "reason": "no such thing"}),
        ("world", "params", {"generation": 1, "client": "a", "action": "kick", "arguments": {}}),
        ("advance", "params", {"generation": 1, "milliseconds": 1800000}),
        ("settle", "result", {"generation": 1, "extra": True}),
        ("shutdown", "result", None),
        ("refreshToken", "params", {"generation": 1, "client": "a", "isExpired": True}),
    ],
)
def test_what_the_protocol_permits(method: str, part: Any, value: object) -> None:
    assert problem_with(method, part, value) is None


@pytest.mark.parametrize(
    ("method", "value", "problem"),
    [
        ("initialize", INITIALIZED | {"protocol": 2}, "result.protocol: 1 was expected"),
        (
            "initialize",
            {"protocol": 1, "implementation": {"name": "x"}},
            "'capabilities' is a required property",
        ),
        ("reset", {"generation": True}, "result.generation: True is not of type 'integer'"),
        (
            "reset",
            {"generation": 1, "clients": {"a": {"initialize": {}}}},
            "'outcome' is a required property",
        ),
        ("call", {"outcome": "value"}, "'generation' is a required property"),
        ("call", {"generation": 1, "outcome": "ok"}, "result.outcome: 'ok' is not one of"),
        ("call", {"generation": 1, "outcome": "unsupported"}, "'reason' is a required property"),
        ("call", {"generation": 1, "outcome": "error", "code": 403}, "result.code: 403 is not of type"),
        ("settle", None, "result: None is not of type 'object'"),
    ],
)
def test_an_answer_that_is_not_permitted_is_a_bad_message_that_names_the_place(
    method: str, value: object, problem: str
) -> None:
    with pytest.raises(AdapterFault) as raised:
        check_result(method, value, "the question")
    assert raised.value.kind == "bad-message"
    assert problem in raised.value.detail
    assert f"protocol/{method}.schema.json" in raised.value.remedy


def test_a_bad_value_is_not_shown_whole() -> None:
    with pytest.raises(AdapterFault) as raised:
        check_result("call", {"generation": "x" * 900_000, "outcome": "value"}, "the question")
    assert len(str(raised.value)) < 1000


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("call", {"generation": 1, "client": "a", "operation": "open", "arguments": {}, "extra": 1}),
        ("call", {"generation": 1, "client": "a", "operation": "open"}),
        ("reset", RESET | {"clients": {"a": {"credential": {"kind": "token", "condition": "good"}}}}),
        ("reset", RESET | {"clients": {"a": {"credential": CREDENTIAL | {"kind": "key-secret"}}}}),
        ("reset", RESET | {"clients": {"a": {"credential": CREDENTIAL | {"condition": "mouldy"}}}}),
        ("reset", RESET | {"clients": {}}),
        ("advance", {"generation": 1, "milliseconds": -1}),
        ("shutdown", {"generation": 1}),
    ],
)
def test_the_judge_is_held_to_the_letter(method: str, params: object) -> None:
    with pytest.raises(ValueError, match=f"bad {method}"):
        check_sent(method, "params", params)


@pytest.mark.parametrize("method", PARAMS)
@pytest.mark.parametrize("part", ["params", "result"])
def test_the_types_say_what_the_schemas_say(method: str, part: str) -> None:
    """Every field, and whether it may be left out, all the way down; two of our own adapter's words are nobody else's."""
    kind = (PARAMS if part == "params" else RESULTS)[method]
    file = json.loads(resource(f"protocol/{method}.schema.json"))
    stated, typed = set(fields(file["$defs"][part], file, ())), set(typed_fields(kind, ()))
    assert typed - stated <= {("implementation", "role", False)}
    assert stated - typed == set()


def fields(schema: Json, file: Json, path: tuple[str, ...]) -> Iterator[tuple[object, ...]]:
    """Each property of a schema, with its path and whether it is required."""
    if "$ref" in schema:
        name, _, place = schema["$ref"].partition("#/$defs/")
        there = json.loads(resource(f"protocol/{name.rpartition(':')[2]}.schema.json")) if name else file
        yield from fields(there["$defs"][place], there, path)
    for name, below in schema.get("properties", {}).items():
        yield *path, name, name in schema.get("required", ())
        yield from fields(below, file, (*path, name))
    for part, mark in (("items", "[]"), ("additionalProperties", "{}")):
        if isinstance(schema.get(part), dict):
            yield from fields(schema[part], file, (*path, mark))


def typed_fields(kind: Any, path: tuple[str, ...]) -> Iterator[tuple[object, ...]]:
    """The same of a type."""
    if is_typeddict(kind):
        for name, below in get_type_hints(kind).items():
            yield *path, name, name in kind.__required_keys__
            yield from typed_fields(below, (*path, name))
    elif get_origin(kind) in (list, dict):
        yield from typed_fields(get_args(kind)[-1], (*path, "[]" if get_origin(kind) is list else "{}"))


def declaring(**declared: Any) -> InitializeResult:
    """What an adapter says of itself that declares this."""
    result = {"protocol": 1, "implementation": {"name": "t"}, "capabilities": {"operations": [], **declared}}
    return cast(InitializeResult, result)


def test_a_notification_is_let_pass() -> None:
    line = b'{"jsonrpc": "2.0", "method": "log", "params": {"text": "open"}}'
    assert decode(line)[0] == "notification"
    assert _envelope().is_valid(json.loads(line))


def test_what_services_and_methods_there_are_is_declared_by_their_names_on_the_wire() -> None:
    some = Capabilities.of(declaring(services={"conference": ["create"], "recording": True}))
    assert some.has_method("conference", "create")
    assert not some.has_method("conference", "join")
    assert some.has_method("recording", "start")
    assert not some.has_method("command", "send")
    assert Capabilities.of(declaring()).has_method("command", "send")


def test_arguments_are_what_is_declared_of_them() -> None:
    needs = Capabilities.of(declaring(arguments={"open.info": "required"}))
    assert not needs.permits("open", {})
    assert needs.permits("open", {"info": {}})
    cannot = Capabilities.of(declaring(arguments={"open.info.externalId": "unsupported"}))
    assert cannot.permits("open", {"info": {"name": "Ana"}})
    assert not cannot.permits("open", {"info": {"externalId": "zoe"}})
    assert cannot.permits("close", {"info": {"externalId": "zoe"}})


def test_what_is_not_declared_is_not_assumed() -> None:
    assert Capabilities.of(declaring(operations=["open"])) == Capabilities(
        operations=frozenset({"open"}),
        arguments={},
        clock="real",
        clients=1,
        concurrency=1,
        refresh=False,
        world=frozenset(),
        deprecated_initialize=False,
    )


def test_the_defaults_in_code_are_those_of_the_schema() -> None:
    declared = json.loads(resource("protocol/initialize.schema.json"))["$defs"]["capabilities"]["properties"]
    defaults = {name: schema["default"] for name, schema in declared.items() if "default" in schema}
    assert Capabilities.of(declaring()) == Capabilities.of(declaring(**defaults))
    assert defaults.keys() == declared.keys() - {"operations"}


# --- lines --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        b"INFO listening on 41733",
        b"{'id': 1}",
        b'{"id": 1, "result": {}',
        b'{"id": 1, "result": NaN}',
        b'{"id": 1, "result": "\xff\xfe"}',
        b'{"id": 1, "result": ' + b"9" * 5000 + b"}",
        b"[" * 100_000,
    ],
)
def test_a_line_that_is_not_json_is_garbled_and_the_remedy_teaches(line: bytes) -> None:
    with pytest.raises(AdapterFault) as raised:
        decode(line)
    assert raised.value.kind == "garbled"
    assert raised.value.remedy == "Standard output carries the protocol only; send logs to standard error."


def test_the_first_200_characters_of_a_garbled_line_are_shown() -> None:
    with pytest.raises(AdapterFault) as raised:
        decode(("é€😀" * 100).encode())
    shown = ("é€😀" * 67)[:200]
    assert raised.value.detail.endswith(f": {shown}…")


def test_what_is_shown_of_a_line_can_be_printed() -> None:
    with pytest.raises(AdapterFault) as raised:
        decode(b"\x1b[2Jready\t\xff\xe2\x82\xac")
    assert raised.value.detail.endswith(r": \x1b[2Jready\t\xff€")


def test_a_line_that_is_too_long_is_garbled_and_said_to_be_too_long() -> None:
    decode(b'{"id":1,"result":"' + b"x" * (MAX_LINE - 20) + b'"}')
    with pytest.raises(AdapterFault, match="longer than 1048576 bytes") as raised:
        decode(b'{"id":1,"result":"' + b"x" * (MAX_LINE - 19) + b'"}')
    assert raised.value.kind == "garbled"


@pytest.mark.parametrize(
    "line",
    [
        b"42",
        b'[{"id": 1, "result": {}}]',
        b'{"level": "info", "message": "listening"}',
        b'{"jsonrpc": "2.0", "id": null, "method": "log", "params": {}}',
        b'{"id": [1], "result": {}}',
        b'{"id": true, "result": {}}',
        b'{"id": null, "result": {}}',
        b'{"id": 1}',
        b'{"id": 1, "method": "refreshToken", "params": [1]}',
    ],
)
def test_json_that_is_no_message_is_noise(line: bytes) -> None:
    with pytest.raises(AdapterFault) as raised:
        decode(line)
    assert raised.value.kind == "noise"
    assert not _envelope().is_valid(json.loads(line))


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (b'{"jsonrpc": "2.0", "id": 1, "result": null}', "result"),
        (b'{"id": 1, "result": {}, "error": null, "took": 3}\r', "result"),
        (b'\xef\xbb\xbf{"id": "r1", "method": "refreshToken"}', "request"),
        (b'{"id": 1, "error": {"code": -32601, "message": "no"}}', "error"),
        (b'{"id": null, "result": null, "error": {"code": -32700, "message": "no"}}', "error"),
    ],
)
def test_a_message_is_what_the_envelope_says(line: bytes, kind: str) -> None:
    assert decode(line)[0] == kind
    envelope = _envelope(kind)
    assert envelope.is_valid(json.loads(line.decode("utf-8-sig")))
    assert _envelope().is_valid(json.loads(line.decode("utf-8-sig")))


_members = st.fixed_dictionaries(
    {},
    optional={
        "jsonrpc": st.just("2.0"),
        "id": st.sampled_from([1, "r1", None, True, 1.5]),
        "method": st.sampled_from(["refreshToken", 3]),
        "params": st.sampled_from([{}, []]),
        "result": st.sampled_from([{}, None, 1]),
        "error": st.sampled_from([{"code": 1, "message": "no"}, None]),
    },
)


@given(_members)
def test_whatever_the_envelope_permits_is_read_as_just_that(message: dict[str, object]) -> None:
    permitted = [kind for kind in ("request", "result", "error") if _envelope(kind).is_valid(message)]
    if permitted:
        assert [decode(json.dumps(message).encode())[0]] == permitted


@pytest.mark.parametrize("text", ["Ana", "аnа 日本語 😀", "e\u0301", "\u202eana", "\ud800", "a\nb\u2028c"])
def test_any_text_goes_there_and_back_on_one_line(text: str) -> None:
    line = encode({"id": 1, "result": text})
    assert line.count(b"\n") == 1
    assert decode(line)[1] == {"id": 1, "result": text}


def test_what_a_line_cannot_hold_is_refused_before_it_is_written() -> None:
    circle: list[object] = []
    circle.append(circle)
    for unwritable in ("x" * MAX_LINE, float("nan"), circle):
        with pytest.raises(ValueError, match=r"longer|JSON|holds itself"):
            encode({"id": 1, "result": unwritable})


@given(st.lists(st.binary(max_size=12), max_size=6), st.integers(1, 7))
def test_lines_are_the_same_however_the_bytes_come(lines: list[bytes], size: int) -> None:
    sent = b"".join(line.replace(b"\n", b"") + b"\n" for line in lines)
    cutter = Lines()
    received = [line for at in range(0, len(sent), size) for line in cutter.feed(sent[at : at + size])]
    assert received == [line.replace(b"\n", b"") for line in lines]
    assert cutter.held == b""


def test_a_line_without_end_is_not_held_whole() -> None:
    cutter = Lines()
    for _ in range(40):
        assert cutter.feed(b"x" * 65536) == []
    assert len(cutter.held) == MAX_LINE + 1
    assert [len(line) for line in cutter.feed(b"\nshort\n")] == [MAX_LINE + 1, 5]


# --- faults -------------------------------------------------------------------------------------------------


def test_the_list_of_faults_stays_short_whatever_comes() -> None:
    faults: list[AdapterFault] = []
    for number in range(5000):
        record(faults, AdapterFault("garbled", str(number), ""))
    assert [fault.detail for fault in faults[-2:]] == ["999", "more than 1000 faults"]


@pytest.mark.parametrize("kind", get_args(FaultKind))
def test_a_fault_says_what_and_what_to_do(kind: FaultKind) -> None:
    assert str(AdapterFault(kind, "it broke", "Mend it.")) == f"{kind}: it broke. Mend it."


def _envelope(kind: str | None = None) -> Draft202012Validator:
    schema = json.loads(resource("protocol/envelope.schema.json"))
    if kind is not None:
        schema = {"$ref": f"#/$defs/{kind}", "$defs": schema["$defs"]}
    return Draft202012Validator(schema)
