"""Judging a platform: ours conforms however it decides, the odd go free, and the faulty are convicted by their own rule."""

from __future__ import annotations

import ast
import asyncio
import itertools
import random
import re
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest
from aiohttp import web
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from openfirst.cli import main
from openfirst_conformance.adapters.protocol.deadlines import Deadlines
from openfirst_conformance.adapters.protocol.shapes import CallParams, CallResult, InitializeResult, credential_of
from openfirst_conformance.cases.case import Case, Planned
from openfirst_conformance.driving.settings import Settings
from openfirst_conformance.platforms.external_ids import ExternalIds
from openfirst_conformance.platforms.forging import foreign, forged
from openfirst_conformance.platforms.judged import JudgedPlatform
from openfirst_conformance.platforms.platform_adapter import PlatformAdapter, choices_of_platform
from openfirst_conformance.reports.data import sequence
from openfirst_conformance.reports.verdict_words import choice_in_words, left_out_in_words, reason_in_words
from openfirst_conformance.tiers.catalogue import TIERS
from openfirst_conformance.verdicts.judge import judge, replay
from openfirst_conformance.verdicts.model import Report
from openfirst_reference.contract.load import load_contract
from openfirst_reference.machine.machine import Machine
from openfirst_simulator import Simulator

from . import FAULTY, KEY, ODD, SECRET, Plain, base, faulty, odd
from .base import Handler
from .serving import in_a_thread

CONTRACT = load_contract()
MACHINE = Machine(CONTRACT)
DEFAULT = CONTRACT.default_choices()
HAS_TO_BE_SAID = {"external-id-mismatch": "ignore"}
UNUSUAL = {
    choice.id: [value for value in choice.values if value != DEFAULT[choice.id]]
    for choice in CONTRACT.choices.values()
    if choice.id not in HAS_TO_BE_SAID
}
"""The values of each choice that are not its default, but for the one that has to be said."""
MIXED = 5


def name_of(platform: type[Plain]) -> str:
    return platform.__name__


def judged_by(platform: JudgedPlatform, **options: Any) -> Any:
    return judge(PlatformAdapter(platform), CONTRACT, platform=platform, **options)


def judged(platform: Plain, patience: float = 5.0) -> Report:
    """The report of the tier that it takes to see the fault."""

    async def run() -> Report:
        async with platform.listening() as url:
            control = f"{url}/control" if platform.has_control else None
            deadlines = Deadlines(call=patience)
            there = JudgedPlatform(url, CONTRACT, KEY, SECRET, control=control, deadlines=deadlines)
            report: Report = await judged_by(
                there,
                tiers=[platform.needs],
                settings=Settings(extra=0),
                choices=platform.declares,
            )
            return report

    return asyncio.run(run())


def ours(choices: Mapping[str, str], declared: Mapping[str, str] | None = None) -> Report:
    """The report on our simulator, which decides like that."""

    async def run() -> Report:
        async with Simulator(CONTRACT) as simulator:
            world = simulator.world("judged", choices=choices)
            there = JudgedPlatform(world.url, CONTRACT, world.key, world.secret)
            said = choices_of_platform(CONTRACT, declared or {})
            report: Report = await judged_by(there, tiers=("smoke",), choices=said)
            return report

    return asyncio.run(run())


def convicted(report: Report) -> dict[str, str]:
    """The rules that fail, each with the shortest sequence that is held against it."""
    return {
        rule.id: "\n".join(str(step) for failure in rule.failures[:1] for step in sequence(report.contract, failure))
        for rule in report.rules.values()
        if rule.verdict == "fail"
    }


def verdicts(report: Report) -> dict[str, str]:
    return {rule.id: rule.verdict for rule in report.rules.values()}


# Our own ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("turn", range(max(map(len, UNUSUAL.values()))))
def test_our_simulator_conforms_however_choices_are_made_and_nothing_is_said(turn: int) -> None:
    """Every value that is not the default has its turn, beside those of all other choices."""
    report = ours({choice: values[turn % len(values)] for choice, values in UNUSUAL.items()})
    assert not convicted(report), convicted(report)
    assert report.verdict == "conforms"


def test_an_external_id_that_is_ignored_has_to_be_said() -> None:
    assert set(convicted(ours(HAS_TO_BE_SAID))) == {*HAS_TO_BE_SAID}


@pytest.mark.parametrize("seed", range(MIXED))
def test_our_simulator_conforms_however_all_choices_are_made_and_said(seed: int) -> None:
    choices = {}
    for choice in CONTRACT.choices.values():
        # Every value has its turn, each choice's in an order of its own.
        turns = [
            random.Random(f"{choice.id} {turn}").sample(choice.values, len(choice.values)) for turn in range(MIXED)
        ]
        choices[choice.id] = list(itertools.chain.from_iterable(turns))[seed]
    report = ours(choices, choices)
    assert not convicted(report), convicted(report)
    assert report.verdict == "conforms"


def test_whoever_says_what_is_not_so_is_convicted_of_it() -> None:
    report = ours({}, {"open-while-open": "keep"})
    assert set(convicted(report)) >= set(CONTRACT.choices["open-while-open"].touches)


def test_what_a_platform_has_no_notion_of_is_not_applicable() -> None:
    report = ours({})
    rules = verdicts(report)
    assert {rule for rule, verdict in rules.items() if verdict == "not-applicable"} == {"token-refresh"}
    assert {rule for rule, verdict in rules.items() if verdict == "not-run"} <= {"concurrent-calls"}
    for choice in ("is-open-before-initialize", "second-initialize"):
        assert (report.choices[choice].basis, report.choices[choice].values) == ("not-applicable", None)
        assert choice_in_words(report.choices[choice])[0] == "not applicable"
    assert {choice.basis for choice in report.choices.values()} >= {"observed", "taken-for-granted"}


# The odd and the faulty -------------------------------------------------------------------------------------


@pytest.mark.parametrize("platform", [Plain, *ODD], ids=name_of)
def test_the_odd_are_accused_of_nothing(platform: type[Plain]) -> None:
    report = judged(platform())
    accused = convicted(report)
    assert not accused, "\n\n".join(f"{rule}:\n{sequence}" for rule, sequence in accused.items())
    assert report.verdict == platform.verdict
    assert not report.adapter_faults


def test_nor_is_one_where_calls_overlap() -> None:
    """It does all that the plain one does, and forgets besides."""

    class Overlapped(odd.ForgetsOldSessions):
        needs = "concurrent"

    assert not convicted(judged(Overlapped()))


@pytest.mark.parametrize("platform", [each for each in FAULTY if each.needs in TIERS], ids=name_of)
def test_the_faulty_are_convicted_by_their_own_rule(platform: type[Plain]) -> None:
    report = judged(platform())
    assert platform.breaks in convicted(report)
    assert report.verdict == platform.verdict
    assert not report.adapter_faults


def test_every_rule_that_a_platform_can_break_is_broken_by_a_faulty_one() -> None:
    assert {each.breaks for each in FAULTY} == set(CONTRACT.rules) - {"token-refresh", "initialize-first"}
    assert len(FAULTY) >= 15


@pytest.mark.parametrize("module", [base, odd, faulty], ids=lambda module: module.__name__.rpartition(".")[2])
def test_they_know_nothing_of_the_project(module: Any) -> None:
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    imported = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level]
    imported += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    assert not [name for name in imported if name.startswith("openfirst")]


# What is missing, and what is no answer ---------------------------------------------------------------------


def test_without_a_control_plane_bad_tokens_are_half_tested_and_that_is_no_pass() -> None:
    rule = judged(odd.HasNoControl()).rules["bad-token"]
    assert rule.verdict == "not-testable"
    assert "expired credentials, revoked credentials, platformCloses, revokeToken" in reason_in_words(rule.reason)
    assert "--control" in reason_in_words(rule.reason)


def test_a_fault_is_a_fault_without_a_control_plane_as_well() -> None:
    class Both(faulty.AcceptsForged):
        has_control = False

    report = judged(Both())
    assert verdicts(report)["bad-token"] == "fail"
    assert report.verdict == "broken"


def test_what_never_answers_is_inconclusive_and_the_rest_is_judged() -> None:
    report = judged(faulty.NeverAnswersClose(), patience=0.2)
    assert verdicts(report)["close-closes"] == "inconclusive"
    assert verdicts(report)["info-is-kept"] == "pass"
    assert report.verdict == "incomplete"


async def _html(request: web.Request) -> web.StreamResponse:
    return web.Response(text="<html><body>Welcome</body></html>", content_type="text/html")


async def _error(request: web.Request) -> web.StreamResponse:
    return web.Response(status=500, text="oops")


async def _half(request: web.Request) -> web.StreamResponse:
    return web.Response(text='{"open": tr', content_type="application/json")


async def _no_text(request: web.Request) -> web.StreamResponse:
    text = '{"sessionId": "\\ud800", "open": true, "sessions": [], "id": "\\ud800", "info": {"name": "\\ud800"}}'
    return web.Response(text=text, content_type="application/json")


async def _list(request: web.Request) -> web.StreamResponse:
    return web.json_response([1, 2])


async def _endless(request: web.Request) -> web.StreamResponse:
    return web.Response(body=b" " * 1_100_000, content_type="application/json")


async def _nothing(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def _no_http(request: web.Request) -> web.StreamResponse:
    assert isinstance(request.transport, asyncio.Transport)
    request.transport.write(b"hello\r\n\r\n")
    request.transport.close()
    return web.Response()


async def _broken_off(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "100"})
    await response.prepare(request)
    await response.write(b"{")
    assert request.transport is not None
    request.transport.abort()
    return response


@pytest.mark.parametrize(
    ("instead", "seen"),
    [
        (_html, "a body that is not JSON (status 200)"),
        (_error, "status 500 without a code"),
        (_half, "a body that is not JSON (status 200)"),
        (_no_text, "a body that is not JSON (status 200)"),
        (_list, "neither open nor not (status 200)"),
        (_endless, "a body of more than 1,048,576 bytes (status 200)"),
        (_nothing, "no answer: the connection was closed"),
        (_no_http, "an answer that is not HTTP"),
        (_broken_off, "an answer that breaks off"),
    ],
)
def test_what_is_no_answer_is_a_broken_rule_and_never_a_traceback(instead: Handler, seen: str) -> None:
    class Instead(Plain):
        async def handle(self, request: web.Request, handler: Handler) -> web.StreamResponse:
            about_sessions = request.path.startswith("/v1/sessions")
            return await instead(request) if about_sessions else await super().handle(request, handler)

    report = judged(Instead())
    (step, *_) = sequence(report.contract, report.rules["is-open-is-pure"].failures[0])
    assert (step["operation"], step["seen"]) == ("isOpen", seen)
    assert report.verdict == "broken"


def test_a_token_that_is_not_given_now_and_then_is_nobodys_broken_rule() -> None:
    class Forgetful(Plain):
        async def answer_client_token(self, request: web.Request) -> web.StreamResponse:
            return await _error(request) if self.requests % 50 == 0 else await super().answer_client_token(request)

    report = judged(Forgetful())
    assert not convicted(report)
    assert report.adapter_faults
    assert "gave no token, but status 500" in report.adapter_faults[0].detail


class Interrupted(PlatformAdapter):
    """Drives a platform that goes down before the call of a number, and is there again, if at all, when that is looked for."""

    def __init__(self, there: JudgedPlatform, platform: Plain, running: AsyncExitStack, at: int, *, back: bool) -> None:
        super().__init__(there)
        self._plain, self._running, self._left, self._back = platform, running, at, back

    async def call(self, params: CallParams) -> CallResult:
        self._left -= 1
        if self._left == 0:
            await self._running.aclose()
        return await super().call(params)

    async def restart(self) -> InitializeResult:
        if self._left <= 0 and self._back:
            self._back = False
            port = urlsplit(self.name).port
            assert port is not None
            await self._running.enter_async_context(self._plain.listening(port))
        return await super().restart()


def judged_while_it_goes_down(at: int, *, back: bool) -> Report:
    async def run() -> Report:
        async with AsyncExitStack() as running:
            platform = Plain()
            url = await running.enter_async_context(platform.listening())
            there = JudgedPlatform(url, CONTRACT, KEY, SECRET, deadlines=Deadlines(start=0))
            adapter = Interrupted(there, platform, running, at, back=back)
            return await judge(adapter, CONTRACT, platform=there, tiers=["smoke"])

    return asyncio.run(run())


@pytest.mark.parametrize("at", [1, 2, 31, 32, 300])
def test_a_platform_that_goes_down_breaks_no_rule_by_that(at: int) -> None:
    """Whatever it was asked: that nobody listens says nothing about a rule."""
    report = judged_while_it_goes_down(at, back=False)
    assert not convicted(report)
    assert report.verdict == "incomplete"
    assert set(verdicts(report).values()) <= {"inconclusive", "not-applicable"}
    (fault,) = report.adapter_faults
    assert (fault.kind, fault.remedy) == ("not-found", "See whether it is still running, and start it again")
    assert "nothing listens there" in fault.detail


@pytest.mark.parametrize("at", [1, 31, 300])
def test_the_run_goes_on_when_it_is_there_again(at: int) -> None:
    report = judged_while_it_goes_down(at, back=True)
    assert not convicted(report)
    assert report.promise["smoke"]["calls"] > 1000
    # Only what a connection was asked when it was closed cannot be made to happen again.
    found = list(verdicts(report).values())
    assert found.count("inconclusive") <= 2
    assert found.count("pass") >= 18


def test_a_long_check_asks_for_another_api_token_when_the_first_is_over() -> None:
    class ShortLived(Plain):
        async def answer_api_token(self, request: web.Request) -> web.StreamResponse:
            response = await super().answer_api_token(request)
            list(self.clients.values())[-1].expires = self.now() + 5  # Some expired tokens make that pass.
            return response

    report = judged(ShortLived())
    assert report.verdict == "conforms"
    assert not report.adapter_faults


def test_nothing_is_left_open() -> None:
    platform = Plain()
    judged(platform)
    left = [client for client in platform.clients.values() if client.session is not None]
    assert all(client.revoked for client in left)  # Who has no token any more cannot close.


def test_a_session_may_be_forgotten_by_a_close_that_is_still_under_way() -> None:
    class Held(odd.ForgetsOldSessions):
        decides = {**Plain.decides, "open-while-open": "keep"}

        async def answer_close(self, request: web.Request) -> web.StreamResponse:
            asked.set()
            await may_close.wait()
            response = await super().answer_close(request)
            closed.set()
            await may_answer.wait()
            return response

    asked, may_close, closed, may_answer = (asyncio.Event() for _ in range(4))

    async def run() -> None:
        async with Held().listening() as url:
            there = JudgedPlatform(url, CONTRACT, KEY, SECRET)
            await there.start()
            adapter = PlatformAdapter(there)
            held = (await there.stage(1, {"a": MACHINE.credentials.of_fixture("token-with-id")})).credentials["a"]
            await adapter.reset(
                {
                    "generation": 1,
                    "now": "2026-01-01T00:00:00Z",
                    "platform": {"baseUrl": url},
                    "clients": {"a": {"credential": credential_of(held)}},
                }
            )

            async def call(operation: str) -> Any:
                answer = await adapter.call({"generation": 1, "client": "a", "operation": operation, "arguments": {}})
                return answer.get("code") or answer["outcome"]

            assert await call("open") == "value"
            closing = asyncio.create_task(call("close"))
            await asked.wait()
            assert await call("open") == "value"  # It is kept, and may be over at any time.
            may_close.set()
            await closed.wait()
            assert await call("getParticipant") == "session-not-open"
            may_answer.set()
            assert await closing == "value"
            await adapter.close()
            await there.close()

    asyncio.run(run())


# External IDs -----------------------------------------------------------------------------------------------

NEAR = ["Zoë", "Yan", "zoë", "ZOË", "Zoe\u0308", "Zoë ", " Zoë", "Zo", "Z", "Zoëlle", "xZoë", "ZoëZoë", "", " ", "bob"]


def kind_of(given: str, own: str | None) -> str:
    """The class of an external ID that is given to open, where the token has that."""
    token = {"tokenId": "none" if own is None else "present", "tokenExternalId": own}
    state = MACHINE.having(MACHINE.fixture("token-with-id"), **token)
    return MACHINE.call("open", {"info": {"externalId": given}}, state).leaves["externalId"]


@pytest.mark.parametrize("own", ["Zoë", "Yan", None])
@pytest.mark.parametrize("external_id", NEAR)
def test_a_fresh_external_id_is_as_near_to_the_tokens_as_the_one_that_it_stands_for(
    external_id: str, own: str | None
) -> None:
    stamp = ExternalIds(1024).of(7, ["Zoë", "Yan"])
    there, fresh = stamp.put(external_id), stamp.put(own)
    assert there is not None
    assert kind_of(there, fresh) == kind_of(external_id, own)
    assert stamp.take_out(there) == external_id


@given(
    own=st.text(min_size=1, max_size=8).filter(lambda text: text.isprintable()),
    others=st.lists(st.text(max_size=8), max_size=3),
    before=st.text(max_size=2),
    behind=st.text(max_size=2),
)
def test_so_is_any_other(own: str, others: list[str], before: str, behind: str) -> None:
    stamp = ExternalIds(1024, "123").of(1, [own])
    for external_id in [*others, before + own + behind, own.upper(), own[:-1]]:
        there = stamp.put(external_id)
        assert there is not None
        assert kind_of(there, stamp.put(own)) == kind_of(external_id, own)


def test_one_that_is_as_long_as_can_be_stays_as_long_as_can_be() -> None:
    stamp = ExternalIds(1024).of(1, ["Zoë"])
    longest = ["x" * 1024, "x" * 1023, "Zoë" + "\U0001f600" * 255, "\u0301" * 500 + "Zoë"]
    there = [stamp.put(external_id) for external_id in longest]
    assert all(len((one or "").encode()) <= 1024 for one in there)
    assert [stamp.take_out(one) for one in there] == longest
    assert len(set(there)) == len(there)
    assert [kind_of(one or "", stamp.put("Zoë")) for one in there] == [kind_of(one, "Zoë") for one in longest]


def test_two_cases_and_two_runs_have_no_external_id_in_common() -> None:
    runs = [ExternalIds(1024), ExternalIds(1024)]
    fresh = [run.of(generation, ["Zoë"]).put("Zoë") for run in runs for generation in (1, 2, 11)]
    assert len(set(fresh)) == len(fresh)


def test_what_is_shown_is_what_was_said_and_what_the_platform_makes_of_it_is_seen() -> None:
    class Shouts(Plain):
        def show(self, session: base.Session) -> base.Json:
            shown = super().show(session)
            return {**shown, "info": {**shown["info"], "externalId": (session.external_id or "").upper() or None}}

    report = judged(Shouts())
    last = sequence(report.contract, report.rules["external-id-from-token"].failures[0])[-1]
    assert '"externalId": "ZOË"' in last["seen"]


# Tokens -----------------------------------------------------------------------------------------------------


def test_a_forged_token_says_the_same_and_has_another_signature() -> None:
    genuine = jwt.encode({"sub": "ana", "app": "mine"}, "a key that is long enough for this algorithm", "HS256")
    assert jwt.decode(forged(genuine), options={"verify_signature": False})["sub"] == "ana"
    assert forged(genuine).rpartition(".")[0] == genuine.rpartition(".")[0]
    assert forged(genuine) != genuine
    assert forged("opaque-token-1") != "opaque-token-1"
    assert forged("aGVhZA.Ym9keQ.") != "aGVhZA.Ym9keQ."


def test_a_foreign_token_is_another_applications() -> None:
    genuine = jwt.encode({"sub": "ana", "app": "mine"}, "a key that is long enough for this algorithm", "HS256")
    claims = jwt.decode(foreign(genuine, "mine"), options={"verify_signature": False})
    assert claims["sub"] == "ana"
    assert claims["app"] != "mine"
    assert foreign("opaque-token-1", "mine").count(".") == 2


# Playing again ----------------------------------------------------------------------------------------------


def test_a_saved_case_of_a_client_is_told_apart_and_not_stumbled_over() -> None:
    def played(fixture: str, *calls: Planned) -> Report:
        async def run() -> Report:
            async with Plain().listening() as url:
                there = JudgedPlatform(url, CONTRACT, KEY, SECRET)
                case = Case("case", "a case", {"a": fixture}, calls)
                return await replay(PlatformAdapter(there), CONTRACT, case, platform=there)

        return asyncio.run(run())

    for fixture, call, why in (
        ("expired-token", Planned("a", "open"), "the platform has no control plane"),
        ("time-passes", Planned("a", "passTime", {"renewal": "granted"}), "refresh is not declared"),
        (
            "uninitialised",
            Planned("a", "initializeToken", {"credential": {"condition": "good"}}),
            "initializeToken is not declared",
        ),
    ):
        report = played(fixture, call)
        assert not any(verdict.failures for verdict in report.rules.values())
        [left_out] = report.left_out
        assert why in left_out_in_words(left_out)


# On the command line ----------------------------------------------------------------------------------------


def check(*words: str, **environment: str) -> Result:
    names = ("OPENFIRST_APP_KEY", "OPENFIRST_APP_SECRET")
    env: dict[str, str | None] = {**dict.fromkeys(names), **environment}
    return CliRunner().invoke(main, ["check", *words], env=env)


@pytest.fixture
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("_in_a_folder")
def test_a_platform_is_judged_as_one_types_it() -> None:
    platform = faulty.KeepsNameForNextSession()
    with in_a_thread(platform) as url:
        words = ["--platform", url, "--control", f"{url}/control"]
        result = check(*words, "--tier", "smoke", OPENFIRST_APP_KEY=KEY, OPENFIRST_APP_SECRET=SECRET)
        assert result.exit_code == 1
        assert re.findall(r"^(\S+) +must +fail", result.output, re.MULTILINE) == ["reopen"]
        [again] = re.findall(r"openfirst (replay .*?/control)", result.output.replace("\n", " "))
        assert SECRET not in result.output
        result = CliRunner().invoke(main, [*again.split(), "--app-key", KEY, "--app-secret", SECRET])
        assert result.exit_code == 1
        assert "reopen is broken" in result.output


def test_our_simulator_tells_its_key_and_secret_itself() -> None:
    async def run() -> None:
        async with Simulator(CONTRACT) as simulator:
            there = JudgedPlatform(simulator.url.replace("127.0.0.1", "localhost"), CONTRACT)
            report = await judged_by(there, tiers=("smoke",))
            assert report.verdict == "conforms"
            assert verdicts(report)["bad-token"] == "pass"  # Its control plane was found, too.

    asyncio.run(run())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--platform", "localhost"], "`localhost` is not the URL of a platform"),
        (["--platform", "http://127.0.0.1:1"], "an application key and secret are missing"),
        (["--platform", "http://127.0.0.1:1", "--app-key", "k", "--app-secret", "s"], "nothing listens there"),
        (["--platform", "http://127.0.0.1:1", "--adapter", "x"], "cannot be given together"),
        (["--platform", "http://127.0.0.1:1", "--transcript", "x"], "Leave it out"),
        (["--control", "http://127.0.0.1:1"], "--control is of a platform that is judged. Give --platform, too"),
        (["--app-key", "k"], "--app-key is of a platform that is judged. Give --platform, too"),
        (["--app-secret", "s", "--adapter", "x"], "--app-secret is of a platform that is judged. Give --platform, too"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(words: list[str], said: str) -> None:
    result = check(*words)
    assert result.exit_code == 2
    assert said in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)


def test_key_and_secret_may_stand_in_the_environment_whatever_is_judged() -> None:
    assert check("--list", OPENFIRST_APP_KEY=KEY, OPENFIRST_APP_SECRET=SECRET).exit_code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--app-key", KEY, "--app-secret", "wrong"], "See whether the application key and secret are this platform's"),
        (
            ["--app-key", KEY, "--app-secret", SECRET, "--control", "{url}/nowhere"],
            "/nowhere/clock/advance answered 404",
        ),
    ],
)
def test_so_is_a_wrong_secret_and_a_wrong_control_plane(words: list[str], said: str) -> None:
    with in_a_thread(Plain()) as url:
        result = check("--platform", url, *(word.format(url=url) for word in words))
    assert result.exit_code == 2
    assert said in result.output


def test_the_choices_of_a_client_are_not_a_platforms() -> None:
    kept = choices_of_platform(CONTRACT, DEFAULT)
    assert set(DEFAULT) - set(kept) == {"is-open-before-initialize", "second-initialize"}
