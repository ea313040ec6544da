"""Lint: every kind of finding is shown once by a contract that is broken in one place, and by nothing that is whole."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from openfirst_reference.contract.build import build_contract
from openfirst_reference.contract.document import Document, lay_over, read_document
from openfirst_reference.contract.findings import ContractError, Finding
from openfirst_reference.contract.load import CONTRACT_FILE, load_document
from openfirst_reference.contract.schema import SCHEMA_FILE, schema_findings, schema_text
from openfirst_reference.proof.lint import lint
from openfirst_spec import resource

PACKAGED = load_document()
OPENAPI = """\
paths:
  /sessions:
    get: { operationId: isOpen }
    post: { operationId: open }
    patch: { operationId: updateParticipantInfo }
    delete: { operationId: close }
  /participant:
    get: { operationId: getParticipant }
  /services:
    post: { operationId: use }
  /token:
    post: { operationId: requestToken, x-openfirst: platform }
"""


def overlaid(overlay: str) -> Document:
    return lay_over(PACKAGED, read_document(overlay, "overlay.yaml"))


def wrong(document: Document, openapi: str = OPENAPI) -> list[Finding]:
    """What lint has to say, but for what nobody has to do anything about."""
    findings = lint(document, read_document(openapi, "openapi.yaml"))
    return [finding for finding in findings if finding.severity != "info"]


def test_nothing_is_wrong_with_the_contract_that_comes_with_the_package() -> None:
    assert [str(finding) for finding in lint(PACKAGED) if finding.severity != "info"] == []


def test_the_schema_for_other_readers_is_what_the_model_says() -> None:
    """`python -m openfirst_reference.contract.schema` writes it."""
    assert resource(SCHEMA_FILE) == schema_text()


def test_any_reader_of_yaml_and_json_schema_finds_the_contract_in_form() -> None:
    """The file as it is, without what we make of it: rows in a list, each with its id."""
    schema = json.loads(resource(SCHEMA_FILE))
    Draft202012Validator.check_schema(schema)
    errors = Draft202012Validator(schema).iter_errors(yaml.safe_load(resource(CONTRACT_FILE)))

    assert [error.message for error in errors] == []


def test_the_status_calls_are_named_with_what_they_do_not_show() -> None:
    [status] = [finding for finding in lint(PACKAGED) if finding.kind == "status"]

    assert status.severity == "info"
    assert "isOpen and getParticipant change nothing" in status.found
    assert "told by no call" in status.found


# Broken by an overlay: the kind, its line there, a part of the sentence, and the overlay.
BROKEN_OVERLAYS = {
    "a key that is misspelt": (
        "schema", 2, "`vlaues` is not a key of `session`",
        "state:\n  session: { vlaues: [open] }",
    ),
    "a number where text belongs": (
        "schema", 3, "`statement` must be text, and is `7`",
        "rules:\n  reopen:\n    statement: 7",
    ),
    "a word where a list belongs": (
        "schema", 2, "`errors` must be a list, and is `\"token-invalid\"`",
        "operations:\n  open: { errors: token-invalid }",
    ),
    "a word of another vocabulary": (
        "schema", 2, "`level` cannot be `\"shall\"`",
        "rules:\n  reopen: { level: shall }",
    ),
    "an entry that is not complete": (
        "schema", 2, "`teapot` has no `remedy`",
        "errors:\n  teapot: { status: 418, title: Teapot, sentence: It is a teapot. }",
    ),
    "an alternative that both fails and answers": (
        "schema", 5, "`may, item 1` needs exactly one of `error`, `answer`",
        "transitions:\n  - id: close.open\n    carries: [close-closes]\n    may:\n"
        "      - { error: session-not-open, answer: nothing }",
    ),
    "a state that is misspelt": (
        "reference", 3, "`opne` is not a value of session. Did you mean `open`",
        "transitions:\n  - id: close.open\n    in: { session: opne }",
    ),
    "a rule that does not exist": (
        "reference", 3, "`close-closse` is not a rule. Did you mean `close-closes`",
        "transitions:\n  - id: close.open\n    carries: [close-closse]",
    ),
    "a value that a choice does not have": (
        "reference", 2, "`refuze` is not a value of the choice open-while-open",
        "profiles:\n  web: { open-while-open: refuze }",
    ),
    "a family that is none": (
        "reference", 2, "`token-invalyd` is not an error with no family of its own. Did you mean `token-invalid`",
        "errors:\n  token-expired: { family: token-invalyd }",
    ),
    "a family in a family": (
        "reference", 2, "`token-expired` is not an error with no family of its own",
        "errors:\n  scope-missing: { family: token-expired }",
    ),
    "an effect of something that is not given": (
        "reference", 3, "`name` is not a parameter of isOpen",
        "transitions:\n  - id: isOpen.closed\n    may: [{ answer: \"false\", then: renamed }]\n"
        "effects:\n  renamed: { set: { name: given } }",
    ),
    "a class that is no variable": (
        "reference", 3, "`colour` is not a variable",
        "effects:\n  closed:\n    set: { colour: nothing }",
    ),
    "an expression that is none": (
        "expression", 5, "is not CEL",
        "rules:\n  reopen:\n    invariant:\n      - of: [open]\n        holds: before.session ==",
    ),
    "an expression about nothing": (
        "expression", 5, "speaks of `before.sesion`",
        "rules:\n  reopen:\n    invariant:\n      - of: [open]\n        holds: before.sesion == 'open'",
    ),
    "an expression that is never true": (
        "expression", 5, "`before.session` is never `opne`",
        "rules:\n  reopen:\n    invariant:\n      - of: [open]\n        holds: before.session != 'opne'",
    ),
    "a class about nothing": (
        "expression", 3, "speaks of `given.nmae`",
        "classes:\n  open.name:\n    absent: { is: given.nmae == null }",
    ),
    "a removal of nothing": (
        "idle", 2, "There is no `opn` to be removed. Did you mean `open`",
        "operations:\n  opn: null",
    ),
    "a path to no argument": (
        "reference", 4, "`nowhere` is not an argument of passTime",
        "operations:\n  passTime:\n    parameters:\n      renewal: nowhere",
    ),
    "an example of another type": (
        "example", 4, "The example [1] is not of the type of info: [1] is not of type 'object'",
        "classes:\n  open.info:\n    given:\n      examples: [[1]]",
    ),
    "an example of another class": (
        "example", 4, "The example '' is not of its own class `plain`",
        "classes:\n  open.name:\n    given:\n      plain: { examples: [''] }",
    ),
    "an example of two classes": (
        "example", 4, "The example 'Ana' is of several classes at once: plain, blank",
        "classes:\n  open.name:\n    given:\n      plain: { examples: [Ana] }\n"
        "      blank: { is: given.name != null }",
    ),
    "two rows for one cell": (
        "overlap", 2, "`close.open.in-conference` and `close.twice` overlap where",
        "transitions:\n  - id: close.twice\n    carries: [close-closes]\n    call: close\n"
        "    in: { session: open, kind: token, condition: good, conference: in }\n    may: [{ answer: nothing }]",
    ),
    "a rule that no row carries": (
        "uncarried-rule", 2, "carries the rule `be-kind`",
        "rules:\n  be-kind:\n    level: may\n    basis: inferred\n    shows: at-once\n    statement: Be kind.\n"
        "    source: seed\n    quote: Kindness.\n    invariant: [{ of: [open], holds: 'true' }]",
    ),
    "a row that no rule wants": (
        "unwanted-row", 3, "No rule wants the row `close.open`",
        "transitions:\n  - id: close.open\n    carries: []",
    ),
    "an error that nobody raises": (
        "unraised-error", 2, "Nobody raises the error `teapot`",
        "errors:\n  teapot: { status: 418, title: Teapot, sentence: It is one., remedy: Make coffee elsewhere. }",
    ),
    "an error that is listed and not raised": (
        "unraised-error", 2, "`isOpen` lists the error `token-expired`",
        "operations:\n  isOpen: { errors: [not-initialized, token-expired] }",
    ),
    "an error that is raised and not listed": (
        "unlisted-error", 2, "fail with `not-initialized`",
        "operations:\n  isOpen: { errors: [] }",
    ),
    "two values that make no difference": (
        "inseparable", 3, "tells `tea` from `coffee` of the choice `drink`",
        "choices:\n  drink:\n    values: [tea, coffee]\n    touches: [reopen]\n    why: Nobody says.\n"
        "    source: seed\n    quote: Closes the current session.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("broken", BROKEN_OVERLAYS)
def test_what_is_wrong_in_an_overlay_is_found_in_its_line_and_nothing_else_is(broken: str) -> None:
    kind, line, words, overlay = BROKEN_OVERLAYS[broken]
    [finding] = wrong(overlaid(overlay))

    assert (finding.kind, finding.place.file, finding.place.line) == (kind, "overlay.yaml", line)
    assert words in str(finding)
    assert finding.remedy


@pytest.mark.parametrize(
    ("overlay", "words"),
    [
        ("operations: [[1]]", "overlay.yaml:1:1: `operations` must be a map"),
        ("world: 5", "overlay.yaml:1:1: `world` must be a map"),
        ("bindings: { operations: { revokeToken: {} } }", "overlay.yaml:1:27: `revokeToken`"),
        ("bindings: { platform: { company: { variable: [] } } }", "overlay.yaml:1:36: `variable` must be text"),
        (
            "sources: { more: { title: M, version: 2024-01-01, what: issue } }",
            "overlay.yaml:1:30: `version` must be text",
        ),
        ("transitions: null", "overlay.yaml:1:1: `the contract` has no `transitions`"),
        ("classes: { open.externalId: { other: { differs: null } } }", "belongs to no class"),
    ],
)
def test_what_is_no_contract_at_all_is_told_by_who_loads_it(overlay: str, words: str, tmp_path: Path) -> None:
    """Through the file, as people do it: nothing is looked at that is not there."""
    file = tmp_path / "overlay.yaml"
    file.write_text(overlay, encoding="utf-8")
    said = [str(finding).replace(f"{tmp_path}/", "") for finding in lint(load_document(overlays=[file]))]
    assert [line for line in said if words in line], said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: &a { b: *a }", "overlay.yaml:1:4: This entry contains itself"),
        ("a:\n  - &b [*b]", "overlay.yaml:2:5: This entry contains itself"),
        ("{ ? [a, b] : 1 }", "overlay.yaml:1:5: A name here is a list or a map"),
    ],
)
def test_what_no_tree_can_be_is_refused(text: str, words: str) -> None:
    with pytest.raises(ContractError, match=re.escape(words)):
        read_document(text, "overlay.yaml")


def test_what_is_used_twice_does_not_contain_itself() -> None:
    assert read_document("a: &a { b: 1 }\nc: *a\nd: [*a, *a]", "x.yaml").data["d"] == [{"b": 1}, {"b": 1}]


def test_a_pure_operation_changes_nothing() -> None:
    """What a call merely reveals, the world did before."""
    overlay = 'transitions:\n  - id: isOpen.open\n    may: [{ answer: "true" }, { answer: "false", then: lost }]'
    findings = wrong(overlaid(overlay))
    assert {finding.kind for finding in findings} == {"impure"}
    assert "`isOpen` is pure, and the row `isOpen.open` lets it change something." in findings[0].found
    assert (findings[0].place.file, findings[0].place.line) == ("overlay.yaml", 3)


def test_an_alternative_has_a_guard_of_its_own() -> None:
    overlay = "transitions:\n  - id: close.closed\n    may: [{ answer: nothing, in: { kind: tokn } }]"
    [finding] = wrong(overlaid(overlay))
    assert "`tokn` is not a value of kind. Did you mean `token`" in str(finding)


def test_one_effect_of_several_is_unknown() -> None:
    overlay = "transitions:\n  - id: close.open\n    may: [{ answer: nothing, then: [closed, losst] }]"
    [finding] = wrong(overlaid(overlay))
    assert "`losst` is not an effect. Did you mean `lost`" in str(finding)


def test_a_refusal_of_no_operation_is_told() -> None:
    [finding] = wrong(overlaid("refusals: { bad-credential-in-session: { of: [opn] } }"))
    assert "`opn` is not an operation. Did you mean `open`" in str(finding)


def test_a_cell_that_no_row_fills_is_told_in_words() -> None:
    """Two rows less are two findings, not one for each of the cells, which are many."""
    findings = wrong(overlaid("transitions:\n  close.lost: null\n  isOpen.open.expired: null"))

    assert [finding.kind for finding in findings] == ["gap", "gap"]
    assert {finding.place for finding in findings} == {
        PACKAGED.place("operations", "close"),
        PACKAGED.place("operations", "isOpen"),
    }
    assert "`close` may do where kind is token or key-secret, session is lost." in findings[0].found
    assert "condition is expired" in findings[1].found


def test_a_new_value_of_a_variable_leaves_gaps_for_every_call_that_asks_for_it() -> None:
    findings = wrong(overlaid("state:\n  session: { values: [closed, open, lost, suspended] }"))

    assert {finding.kind for finding in findings} == {"gap"}
    assert all("session is suspended" in finding.found for finding in findings)
    assert len(findings) < 30


def test_a_row_that_no_fixture_reaches_is_a_warning() -> None:
    calls = "[open, isOpen, getParticipant, updateParticipantInfo, use]"
    [finding] = wrong(overlaid(f"fixtures:\n  uninitialised: {{ calls: {calls} }}"))

    assert (finding.kind, finding.severity) == ("unreachable-row", "warning")
    assert finding.place == PACKAGED.place("transitions", "close.not-initialized")


def test_values_that_are_marked_as_the_same_need_not_differ() -> None:
    overlay = BROKEN_OVERLAYS["two values that make no difference"][3]

    assert wrong(overlaid(overlay + "\n    same: true")) == []


def test_without_a_status_call_no_test_can_be_complete() -> None:
    [finding] = wrong(overlaid("operations:\n  isOpen: { pure: false }\n  getParticipant: { pure: false }"))

    assert (finding.kind, finding.severity) == ("status", "error")
    assert finding.place == PACKAGED.place("operations")


def test_an_http_operation_that_the_contract_does_not_have_is_found_in_its_line() -> None:
    [finding] = wrong(PACKAGED, OPENAPI.replace("operationId: isOpen", "operationId: isOpne"))[:1]

    assert (finding.kind, str(finding.place)) == ("openapi", "openapi.yaml:1:1")
    assert "`isOpen` of the contract has no HTTP form" in finding.found

    [_, finding] = wrong(PACKAGED, OPENAPI.replace("operationId: isOpen", "operationId: isOpne"))
    assert (finding.kind, finding.place.file, finding.place.line) == ("openapi", "openapi.yaml", 3)
    assert "`isOpne` is not an operation" in finding.found
    assert "Did you mean `isOpen`" in finding.remedy


def test_what_concerns_the_platform_alone_is_marked_in_the_http_description() -> None:
    [finding] = wrong(PACKAGED, OPENAPI.replace(", x-openfirst: platform", ""))

    assert (finding.kind, finding.place.line) == ("openapi", 12)


# Whatever is written in an overlay ------------------------------------------------------------------------------------

PATHS = [path for path in PACKAGED.places if path]
ODD = [3, 2.5, True, "x", "", [], ["x"], [[]], {}, {"x": {}}, [{"id": "x"}], {"is": 1}]


@settings(max_examples=40, deadline=None)
@given(path=st.sampled_from(PATHS), odd=st.sampled_from(ODD))
def test_an_odd_value_anywhere_is_a_sentence_and_never_a_traceback(path: tuple[str | int, ...], odd: Any) -> None:
    """It is refused with its place, or it happens to be permitted; the contract is not half built."""
    data = copy.deepcopy(PACKAGED.data)
    here: Any = data
    for part in path[:-1]:
        here = here[part]
    here[path[-1]] = odd
    document = Document(data, PACKAGED.places, PACKAGED.file)

    findings = schema_findings(document)
    if not findings:
        try:
            build_contract(document)
        except ContractError as error:
            findings = list(error.findings)
    assert all(finding.place.line > 0 and finding.found and finding.remedy for finding in findings)
