"""What already happened, judged: logs of calls, as the tracker reads them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from openfirst_conformance.cases.golden import golden_traces
from openfirst_conformance.recordings.judged import Judged, TooOpen, judge_recordings
from openfirst_conformance.recordings.logs import read_log
from openfirst_reference.contract.load import load_contract
from openfirst_reference.machine.machine import Machine
from openfirst_spec import resource

CONTRACT = load_contract()
MACHINE = Machine(CONTRACT)
ANA = {"clients": {"a": {"kind": "token", "externalId": "ana"}}}
CREATE: dict[str, Any] = {"service": "conference", "method": "create", "arguments": [{}]}


def done(operation: str, client: str = "a", value: Any = None, **arguments: Any) -> dict[str, Any]:
    """A call that succeeded."""
    return {"client": client, "operation": operation, "arguments": arguments, "outcome": "value", "value": value}


def refused(operation: str, code: str, client: str = "a", **arguments: Any) -> dict[str, Any]:
    """A call that was refused."""
    return {"client": client, "operation": operation, "arguments": arguments, "outcome": "error", "code": code}


def shown(name: str | None, external_id: str | None = "ana", identity: str = "p-1") -> dict[str, Any]:
    """A participant."""
    return {"id": identity, "info": {"name": name, "externalId": external_id}}


def judged(*lines: dict[str, Any], choices: dict[str, str] | None = None, **fixtures: str) -> Judged:
    """What is said of a log of these lines."""
    text = "\n".join(json.dumps(line) for line in lines)
    return judge_recordings(read_log(text, "calls.jsonl", MACHINE, fixtures), MACHINE, choices or {})


def broken(result: Judged) -> list[tuple[str, tuple[str, ...]]]:
    """Where something was broken, and the rules."""
    return [(found.line.where, found.rules) for found in result.broken]


def mistake(*lines: str, **fixtures: str) -> str:
    """What is said of a log that cannot be used."""
    with pytest.raises(ValueError, match=r"calls\.jsonl:\d+: ") as raised:
        read_log("\n".join(lines), "calls.jsonl", MACHINE, fixtures)
    return str(raised.value)


def test_a_log_that_keeps_the_contract_is_accused_of_nothing_and_shows_choices() -> None:
    """And says how many calls it was; the second open shows what open-while-open is."""
    result = judged(
        ANA,
        done("isOpen", value=False),
        done("open", info={"name": "Ana"}),
        refused("open", "session-already-open", info={"name": "Ana"}),
        done("getParticipant", value=shown("Ana")),
        done("close"),
    )
    assert (result.calls, result.broken) == (5, [])
    assert result.choices["open-while-open"].values == frozenset(["refuse"])
    assert result.choices["second-initialize"].observed == {}


def test_a_broken_rule_comes_with_its_line_what_was_permitted_and_the_calls_before() -> None:
    """A service answers after close."""
    result = judged(ANA, done("open"), done("close"), done("use", value={}, **CREATE))
    assert broken(result) == [("line 4", ("close-closes", "open-before-use"))]
    assert [step.code for step in result.broken[0].permitted] == ["session-not-open"]
    assert [line.operation for line in result.broken[0].before] == ["open", "close"]


def test_after_a_break_the_next_case_and_other_clients_are_judged_all_the_same() -> None:
    """Of the client that broke a rule nothing more is known; b, in the same case, breaks one of its own later."""
    start = {"clients": {"a": {"kind": "token", "externalId": "ana"}, "b": {"kind": "token"}}}
    result = judged(
        start,
        done("isOpen", value=True),
        done("isOpen", value=True),
        done("open", "b"),
        done("isOpen", "b", value=False),
        start,
        done("isOpen", value=False),
        refused("open", "token-expired"),
    )
    assert [where for where, _ in broken(result)] == ["line 2", "line 5", "line 8"]
    result = judged(start, done("isOpen", "b", value=True), done("isOpen", value=True))
    assert [where for where, _ in broken(result)] == ["line 2", "line 3"]


def test_a_name_of_another_client_is_blamed_on_their_being_apart() -> None:
    """Though the two have nothing to do with one another, and are followed apart."""
    start = {"clients": {"a": {"kind": "token", "externalId": "ana"}, "b": {"kind": "token", "externalId": "ben"}}}
    result = judged(
        start,
        done("open", info={"name": "Ana"}),
        done("open", "b", info={"name": "Ben"}),
        done("getParticipant", "b", value=shown("Ana", "ben")),
    )
    assert broken(result) == [("line 4", ("sessions-are-apart",))]


def test_the_other_client_is_shown_whose_call_it_came_from_and_no_more() -> None:
    start = {"clients": {name: {"kind": "token", "externalId": name} for name in ("ana", "ben", "cid")}}
    result = judged(
        start,
        done("open", "cid", info={"name": "Cid"}),
        done("open", "ana", info={"name": "Ana"}),
        done("open", "ben", info={"name": "Ben"}),
        done("getParticipant", "ben", value=shown("Ana", "ben")),
        done("close", "ben"),
        done("isOpen", "ben", value=True),
    )
    apart, closed = result.broken
    assert apart.rules == ("sessions-are-apart",)
    assert [(line.where, line.client) for line in apart.before] == [("line 3", "ana"), ("line 4", "ben")]
    assert {line.client for line in closed.before} == {"ben"}


def test_two_clients_with_one_external_id_are_followed_together() -> None:
    """The same external ID is the same participant; another ID for it is a break."""
    both = {"kind": "token", "externalId": "ana"}
    start = {"clients": {"a": both, "b": both}, "choices": {"same-id-twice": "coexist"}}
    first = [start, done("open"), done("getParticipant", value=shown(None)), done("open", "b")]
    assert broken(judged(*first, done("getParticipant", "b", value=shown(None)))) == []
    result = judged(*first, done("getParticipant", "b", value=shown(None, identity="p-2")))
    assert broken(result) == [("line 5", ("same-id-same-participant",))]


SECRETS = {"clients": {"a": {"kind": "key-secret"}, "b": {"kind": "key-secret"}}}
ONE_AT_A_TIME = {"same-id-twice": "refuse", "external-id-with-key-secret": "adopt"}


@pytest.mark.parametrize("declared", [{}, ONE_AT_A_TIME, {**ONE_AT_A_TIME, "open-without-info": "reuse"}])
def test_an_id_that_is_taken_from_the_session_before_is_one_that_another_client_may_have(
    declared: dict[str, str],
) -> None:
    """a opens without information, so as what it was before; b has that ID by now, or is refused the one that a has again."""
    ana = {"externalId": "ana"}
    before = [SECRETS, done("open", info=ana), done("close")]
    taken = [*before, done("open", "b", info=ana), refused("open", "session-already-open")]
    assert broken(judged(*taken, choices=declared)) == []
    taken_back = [*before, done("open"), refused("open", "session-already-open", "b", info=ana)]
    assert broken(judged(*taken_back, choices=declared)) == []
    assert broken(judged(*taken, done("close", "b"), done("open"), choices=declared)) == []


def test_who_opens_without_the_id_of_the_session_before_has_nothing_to_do_with_who_has_it_now() -> None:
    """Since it opens afresh, takes all but the ID, or gives information: it is answered, though b has what a had."""
    ana, told = {"externalId": "ana"}, done("open", info={"name": "Ana"})
    before = [SECRETS, done("open", info=ana), done("close"), done("open", "b", info=ana)]
    fresh = {**ONE_AT_A_TIME, "open-without-info": "fresh"}
    reuse = {**ONE_AT_A_TIME, "open-without-info": "reuse"}
    for last, declared in ((done("open"), fresh), (done("open"), reuse), (told, fresh), (told, reuse)):
        assert broken(judged(*before, last, choices=declared)) == []
    alone = refused("open", "session-already-open")
    assert broken(judged(*before, alone, choices=fresh)) == [("line 5", ("reopen",))]


@pytest.mark.parametrize(
    ("twice", "second"),
    [
        ("coexist", done("open", "b", info={"externalId": ""})),
        ("evict-earlier", done("open", "b", info={"externalId": ""})),
        ("refuse", refused("open", "session-already-open", "b", info={"externalId": ""})),
    ],
)
def test_where_an_empty_text_is_an_external_id_two_clients_may_have_it(twice: str, second: dict[str, Any]) -> None:
    """As with any other ID, the second one is refused, or ends the first, or neither."""
    declared = {"empty-external-id": "value", "external-id-with-key-secret": "adopt", "same-id-twice": twice}
    first = [SECRETS, done("open", info={"externalId": ""}), second]
    assert broken(judged(*first, choices=declared)) == []
    assert broken(judged(*first, choices={"same-id-twice": twice})) == []
    assert broken(judged(*first)) == []
    ended = done("isOpen", value=False)
    assert (broken(judged(*first, ended, choices=declared)) == []) is (twice == "evict-earlier")


def test_where_an_empty_text_is_no_external_id_two_clients_have_nothing_in_common_by_it() -> None:
    declared = {"empty-external-id": "absent", "same-id-twice": "refuse"}
    first = [SECRETS, done("open", info={"externalId": ""})]
    assert broken(judged(*first, done("open", "b", info={"externalId": ""}), choices=declared)) == []
    refusal = refused("open", "session-already-open", "b", info={"externalId": ""})
    assert broken(judged(*first, refusal, choices=declared)) == [("line 3", ("open-opens",))]


TWO = {"clients": {"a": {"kind": "token", "externalId": "ana"}, "b": {"kind": "token", "externalId": "ben"}}}


def test_two_external_ids_with_one_participant_are_followed_together_as_well() -> None:
    """They have nothing to do with one another but for the participant's ID that both are shown."""
    first = [TWO, done("open"), done("open", "b"), done("getParticipant", value=shown(None))]
    assert broken(judged(*first, done("getParticipant", "b", value=shown(None, "ben", "p-2")))) == []
    result = judged(*first, done("getParticipant", "b", value=shown(None, "ben", "p-1")))
    (found,) = result.broken
    assert (found.line.where, found.rules, found.followed) == ("line 5", ("participants-differ",), True)
    assert [(line.client, line.operation) for line in found.before] == [
        ("a", "open"),
        ("b", "open"),
        ("a", "getParticipant"),
    ]
    assert [step.row.id for step in found.permitted] == ["getParticipant.open"]
    assert result.calls == 4


def test_it_is_the_later_of_the_two_lines_that_is_told_whichever_client_it_is_of() -> None:
    result = judged(
        TWO,
        done("open"),
        done("open", "b"),
        done("getParticipant", "b", value=shown(None, "ben", "p-1")),
        done("getParticipant", value=shown(None)),
    )
    assert broken(result) == [("line 5", ("participants-differ",))]


def test_what_clients_with_one_participant_break_each_by_itself_is_told_all_the_same() -> None:
    """The answers that overlap are too many to be followed together, and a's last call breaks a rule of its own."""
    begins = [{"client": "b", "begin": number, "operation": "isOpen"} for number in range(4)]
    more = [{"client": "a", "begin": number, "operation": "isOpen"} for number in range(4, 8)]
    both = [done("getParticipant", value=shown(None)), done("getParticipant", "b", value=shown(None, "ben", "p-1"))]
    end = {"end": 4, "outcome": "value", "value": False}
    result = judged(TWO, done("open"), done("open", "b"), *both, *begins, *more, end)
    assert ("line 14", ("open-opens",)) in broken(result)
    assert result.given_up == []


def test_a_second_fault_of_the_same_client_is_found_and_the_first_is_told_once() -> None:
    """The name is shown wrongly, each time; and later the ID is another one, and isOpen tells of a session that is over."""
    wrong, other = ({**shown("ana"), "id": identity} for identity in ("p-1", "p-2"))
    result = judged(
        ANA,
        done("open", info={"name": "Ana"}),
        done("getParticipant", value=wrong),
        done("getParticipant", value=wrong),
        done("getParticipant", value=other),
        done("close"),
        done("isOpen", value=True),
    )
    assert broken(result) == [
        ("line 3", ("info-is-kept",)),
        ("line 5", ("same-id-same-participant",)),
        ("line 7", ("close-closes",)),
    ]


def test_overlapping_calls_are_explained_by_some_order_or_break_the_rule_of_overlaps() -> None:
    """closure-canceled is permitted while a close overlaps the open; two opens that both succeed are not, if declared so."""
    start = {**ANA, "choices": {"open-while-open": "refuse"}}
    overlapped: list[dict[str, Any]] = [
        start,
        {"begin": "x", "operation": "open"},
        {"begin": "y", "operation": "close"},
        {"end": "y", "outcome": "value"},
        {"end": "x", "outcome": "error", "code": "closure-canceled"},
    ]
    assert broken(judged(*overlapped)) == []
    twice = [start, {"begin": 1, "operation": "open"}, {"begin": 2, "operation": "open"}]
    ends: list[dict[str, Any]] = [{"end": 1, "outcome": "value"}, {"end": 2, "outcome": "value"}]
    assert broken(judged(*twice, *ends)) == [("line 5", ("concurrent-calls",))]


def test_a_call_without_an_answer_may_land_late() -> None:
    """Begun and not ended, or `pending`: isOpen false, then true, is innocent; true, then false, is not."""
    for opening in ({"begin": 1, "operation": "open"}, {"operation": "open", "outcome": "pending"}):
        late = [ANA, opening, done("isOpen", value=False), done("isOpen", value=True)]
        assert broken(judged(*late)) == []
        assert [where for where, _ in broken(judged(*late, done("isOpen", value=False)))] == ["line 5"]


def test_what_the_platform_does_is_a_line_of_the_world() -> None:
    """Without that line, being refused with a revoked token is a break."""
    after = [done("open"), {"world": "revokeToken"}, refused("use", "token-revoked", **CREATE)]
    assert broken(judged(ANA, *after)) == []
    assert [where for where, _ in broken(judged(ANA, after[0], after[2]))] == ["line 3"]
    assert judged(ANA, *after).calls == 2


def test_a_should_that_is_not_kept_is_said_and_the_log_goes_on() -> None:
    """An update without the scope is followed: what it shows afterwards is still judged."""
    start = {"clients": {"a": {"kind": "token", "scopes": ["conf:create"]}}}
    update = done("updateParticipantInfo", name="Ben", avatarUrl=None)
    result = judged(start, done("open"), update, done("getParticipant", value=shown("Ben", None)))
    assert broken(result) == [("line 3", ("update-needs-scope",))]
    assert broken(judged(start, done("open"), update, done("getParticipant", value=shown(None, None)))) != []


def test_a_client_that_is_initialised_in_the_log_needs_no_word_about_what_it_holds() -> None:
    """What it is given decides; scopes are understood as the adapter protocol has them."""
    given = {"kind": "token", "condition": "good", "externalId": "ana", "scopes": ["conf:create"]}
    first = [done("initializeToken", credential=given), done("open")]
    assert broken(judged(*first, done("getParticipant", value=shown(None)))) == []
    assert broken(judged(*first, done("getParticipant", value=shown(None, "eve")))) != []
    assert broken(judged(*first, refused("updateParticipantInfo", "scope-missing", name="Ana"))) == []


def test_a_fixture_stands_in_where_the_log_says_nothing() -> None:
    """By name, as in the contract."""
    lines = [done("open", info={"externalId": "Zoë"})]
    assert broken(judged(*lines, a="token-with-id")) == []
    assert broken(judged(*lines, a="token-other-id")) == [("line 1", ("external-id-mismatch",))]


def test_native_errors_are_translated_by_the_logs_own_map_and_by_the_contracts() -> None:
    """A map of two entries is trusted; the contract knows the words of real SDKs."""
    mapped = [{"native": "E1", "code": "session-not-open"}, {"native": "E2", "code": "token-expired"}]
    use = {"operation": "use", "arguments": CREATE, "outcome": "error"}
    assert broken(judged({**ANA, "errorMap": mapped}, {**use, "native": "E1"})) == []
    assert broken(judged({**ANA, "errorMap": mapped}, {**use, "native": "E2"})) != []
    assert broken(judged(ANA, {**use, "message": "No current session user."})) == []


def test_a_declared_choice_of_the_log_is_held_against_it_and_the_caller_has_the_last_word() -> None:
    """The log says that a second open keeps the session."""
    lines = [{**ANA, "choices": {"open-while-open": "keep"}}, done("open"), refused("open", "session-already-open")]
    assert broken(judged(*lines)) == [("line 3", ("rejected-changes-nothing",))]
    assert broken(judged(*lines, choices={"open-while-open": "refuse"})) == []


def test_where_too_many_calls_are_under_way_it_says_so_and_stops() -> None:
    """Their orders are too many to try; up to there everything was judged."""
    begun = [{"begin": number, "operation": "open"} for number in range(9)]
    result = judged(ANA, *begun)
    assert [(line.where, why) for line, why in result.given_up] == [("line 8", TooOpen.TOO_MANY_UNDER_WAY)]


def test_no_golden_trace_that_is_written_as_a_log_is_accused() -> None:
    """Each as its own sentence demands, where it says what is seen down to the value."""
    tried = 0
    for trace in golden_traces(CONTRACT):
        lines: list[dict[str, Any]] = [{"clients": dict(trace.case.clients), "choices": dict(trace.case.choices)}]
        for planned, see in zip(trace.case.calls, trace.sees, strict=True):
            outcome = see if isinstance(see, dict) else {}
            if not {"participant", "asked"} & set(outcome):
                codes = outcome.get("error")
                code = codes[0] if isinstance(codes, list) else codes
                by_world = CONTRACT.operations[planned.operation].by_world
                line = {"client": planned.client, "world" if by_world else "operation": planned.operation}
                result = {"outcome": "error" if code else "value", "value": outcome.get("value")}
                lines.append(
                    {**line, "arguments": dict(planned.arguments), **result, "code": None if code == "any" else code}
                )
            elif "asked" in outcome:
                break
        if len(lines) == len(trace.case.calls) + 1:
            tried += 1
            assert broken(judged(*lines)) == [], trace.case.id
    assert tried >= 15


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", ["calls.jsonl:2", "not JSON", "isOpen"]),
        ('{"a": NaN}', ["not JSON", "NaN"]),
        ("[]", ["not a JSON object"]),
        ('{"operation": "opne", "outcome": "value"}', ["`opne`", "Did you mean `open`?"]),
        ('{"operation": "open"}', ["'outcome' is a required property"]),
        ('{"operation": "open", "outcome": "ok"}', ["outcome: 'ok' is not one of", "pending"]),
        ('{"operation": "settle", "outcome": "value"}', ["`settle` stands as `operation`", "Write it as `world`"]),
        ('{"world": "open"}', ["`open` stands as `world`", "Write it as `operation`"]),
        ('{"operation": "open", "arguments": {"inf": {}}, "outcome": "value"}', ["no argument `inf`", "`info`"]),
        ('{"operation": "open", "arguments": {"info": {"name": 3}}, "outcome": "value"}', ["arguments.info.name", "3"]),
        ('{"operation": "use", "arguments": {"service": "tea", "method": "make"}, "outcome": "value"}', ["tea/make"]),
        ('{"world": "passTime", "arguments": {"renewal": "granted"}}', ["without a `value`", '{"asked": true}']),
        (
            '{"world": "passTime", "arguments": {"renewal": "granted"}, "value": "x"}',
            ['`passTime` cannot come to "x"', '{"asked": true}'],
        ),
        (
            r'{"operation": "open", "arguments": {"info": {"name": "\ud800"}}, "outcome": "value"}',
            ["half of a character"],
        ),
        ('{"client": "z", "operation": "open", "outcome": "value"}', ["client `z` holds", "--fixture z=NAME"]),
        ('{"end": 7, "outcome": "value"}', ["no call with the ID 7", "`begin`"]),
        ('{"clients": {"a": "token"}}', ["`token`, of client `a`, is no fixture", "token-with-id"]),
        ('{"clients": {"a": {"kind": "tokn"}}}', ["clients.a.kind", "tokn"]),
        ('{"clients": {}, "choices": {"open-while-open": "perhaps"}}', ["cannot be `perhaps`", "keep"]),
    ],
)
def test_a_line_that_cannot_be_used_is_named_with_what_is_expected(line: str, words: list[str]) -> None:
    """Line, what was found, what to write instead."""
    said = mistake(json.dumps(ANA), line)
    for word in ["calls.jsonl:2: ", *words]:
        assert word in said


def test_an_id_that_is_under_way_cannot_begin_again_and_may_be_used_again_later() -> None:
    """IDs name calls under way, and no more."""
    begin, end = '{"begin": 1, "operation": "isOpen"}', '{"end": 1, "outcome": "value", "value": false}'
    assert "under way already" in mistake(json.dumps(ANA), begin, begin)
    assert len(read_log("\n".join([json.dumps(ANA), begin, end, begin, end]), "", MACHINE, {})) == 1


def test_empty_lines_a_byte_order_mark_and_fields_of_ones_own_do_no_harm() -> None:
    """A log may carry what it likes beside what is read."""
    line = {"at": "2026-01-01T00:00:00Z", "thread": 3, **done("isOpen", value=False)}
    text = "\ufeff" + json.dumps(ANA) + "\r\n\r\n" + json.dumps(line) + "\r\n"
    (recording,) = read_log(text, "", MACHINE, {})
    assert len(recording.events) == 1


def test_the_schema_takes_every_kind_of_line_and_each_as_one_kind_only() -> None:
    """`oneOf` at its top, for editors and other tools."""
    schemas = [json.loads(resource(name)) for name in ("log.schema.json", "protocol/call.schema.json")]
    Draft202012Validator.check_schema(schemas[0])
    registry: Registry[Any] = Registry().with_resources((s["$id"], Resource.from_contents(s)) for s in schemas)
    validator = Draft202012Validator(schemas[0], registry=registry)
    lines = [
        ANA,
        done("open"),
        refused("open", "token-expired"),
        {"begin": 1, "operation": "open"},
        {"end": 1, "outcome": "pending"},
        {"world": "settle"},
    ]
    for line in lines:
        validator.validate(line)
    wrongs: list[Any] = [{"operation": "open"}, {"begin": 1}, {"end": 1}, {"world": 3}, {"clients": {"a": {}}}, 3]
    for wrong in wrongs:
        assert not validator.is_valid(wrong), wrong
