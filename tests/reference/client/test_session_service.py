"""The reference client against a platform that says what a test wants: what is asked, and made of answers."""

from __future__ import annotations

import asyncio
import base64
import json
import pickle
import socket
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jwt
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from openfirst_reference.client import errors
from openfirst_reference.client.clock import VirtualClock
from openfirst_reference.client.connection import OverHttp
from openfirst_reference.client.json_forms import FIELDS, OPERATIONS, Participant, ParticipantInfo
from openfirst_reference.client.session_service import SessionService
from openfirst_reference.contract.load import load_contract
from openfirst_reference.machine.machine import Machine

CONTRACT = load_contract()
CURRENT = "/v1/sessions/current"
OPEN, CLOSED = {"open": True}, {"open": False}

Run = Callable[[Coroutine[Any, Any, Any]], Any]


class Asked(NamedTuple):
    """What the platform was asked; `body` is None if there was none."""

    method: str
    path: str
    authorization: str
    body: Any


class FakePlatform:
    """Remembers what it is asked, and answers what it was told to, in that order."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.came, self.may_answer = asyncio.Event(), asyncio.Event()
        self.may_answer.set()
        self._answers: list[web.Response | None] = []
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._server = TestServer(app)

    async def start(self) -> None:
        await self._server.start_server()

    async def stop(self) -> None:
        await self._server.close()

    @property
    def url(self) -> str:
        return str(self._server.make_url("/w/1"))

    @property
    def lines(self) -> list[str]:
        return [f"{asked.method} {asked.path}" for asked in self.asked]

    def answers(self, *bodies: Any, status: int = 200) -> None:
        self._answers += [web.json_response(body, status=status) for body in bodies]

    def answers_text(self, text: str, status: int = 200) -> None:
        self._answers.append(web.Response(text=text, status=status))

    def refuses(self, code: str, status: int = 409, **more: str) -> None:
        problem = {"type": "about:blank", "title": "No", "status": status, "code": code, **more}
        self.answers(problem, status=status)

    def redirects(self, path: str) -> None:
        self._answers.append(web.Response(status=307, headers={"Location": path}))

    def loses_the_answer(self) -> None:
        self._answers.append(None)

    async def _answer(self, request: web.Request) -> web.Response:
        text = await request.text()
        body = json.loads(text) if request.content_type == "application/json" else text or None
        path = request.raw_path.removeprefix("/w/1")
        self.asked.append(Asked(request.method, path, request.headers["Authorization"], body))
        answer = self._answers.pop(0)
        self.came.set()
        await self.may_answer.wait()
        if answer is None:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return answer


@pytest.fixture
def run() -> Iterator[Run]:
    with asyncio.Runner() as runner:
        yield runner.run


@pytest.fixture
def platform(run: Run) -> Iterator[FakePlatform]:
    fake = FakePlatform()
    run(fake.start())
    yield fake
    run(fake.stop())


@pytest.fixture
def session(run: Run, platform: FakePlatform) -> Iterator[SessionService]:
    service = SessionService(platform.url, token="token-1")
    yield service
    run(service.dispose())


@pytest.fixture
def uninitialised(run: Run, platform: FakePlatform) -> Iterator[SessionService]:
    service = SessionService(platform.url)
    yield service
    run(service.dispose())


def overlay(tmp_path: Path, text: str) -> Machine:
    file = tmp_path / "overlay.yaml"
    file.write_text(text, encoding="utf-8")
    return Machine(load_contract(overlays=[file]))


def class_of(code: str) -> type[errors.SessionError]:
    name = "".join(part.capitalize() for part in code.split("-"))
    found: type[errors.SessionError] = getattr(errors, name)
    return found


# Names ------------------------------------------------------------------------------------------------------


def test_every_operation_and_field_of_the_contract_has_a_name_in_python() -> None:
    own = {name for name, operation in CONTRACT.operations.items() if not operation.by_world}

    assert set(OPERATIONS.values()) == own
    assert all(callable(getattr(SessionService, python)) for python in OPERATIONS)
    assert set(FIELDS.values()) == set(CONTRACT.types["ParticipantInfo"]["properties"])
    assert list(FIELDS) == list(ParticipantInfo.__dataclass_fields__)


# Each method ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("info", "body"),
    [
        (None, None),
        ({}, {}),
        (ParticipantInfo(), {"name": None, "avatarUrl": None, "externalId": None}),
        (
            ParticipantInfo("Ana", "https://x.example/a.png", "ana"),
            {"name": "Ana", "avatarUrl": "https://x.example/a.png", "externalId": "ana"},
        ),
        ({"name": "Zoë \ud83d", "externalId": None}, {"name": "Zoë \ud83d", "externalId": None}),
        ({"avatar_url": "", "name": "Ana"}, {"avatarUrl": "", "name": "Ana"}),
    ],
    ids=["none", "empty", "no values", "all values", "contract's names", "Python's names"],
)
def test_open_sends_what_it_is_given_and_nothing_if_nothing(
    run: Run, platform: FakePlatform, session: SessionService, info: Any, body: Any
) -> None:
    platform.answers({"sessionId": "s", "participant": {"id": "p", "info": {}}}, status=201)

    run(session.open(info))

    assert platform.asked == [Asked("POST", "/v1/sessions", "Bearer token-1", body)]


def test_close_deletes_the_current_session(run: Run, platform: FakePlatform, session: SessionService) -> None:
    platform.answers_text("", status=204)

    run(session.close())

    assert platform.asked == [Asked("DELETE", CURRENT, "Bearer token-1", None)]


@pytest.mark.parametrize("is_open", [True, False])
def test_is_open_says_what_the_platform_says(
    run: Run, platform: FakePlatform, session: SessionService, is_open: bool
) -> None:
    platform.answers({"open": is_open, "since": "yesterday"})

    assert run(session.is_open()) is is_open
    assert platform.lines == [f"GET {CURRENT}"]


@pytest.mark.parametrize(
    ("answer", "participant"),
    [
        ({"id": "p", "info": {"name": "Ana", "avatarUrl": "u", "externalId": "ana"}, "type": "USER"},
         Participant("p", ParticipantInfo("Ana", "u", "ana"))),
        ({"id": "p", "info": {"name": "Ana", "avatarUrl": None}}, Participant("p", ParticipantInfo("Ana"))),
        ({"id": "p", "info": {}}, Participant("p")),
        ({"id": "p", "info": None}, Participant("p")),
        ({"id": "p"}, Participant("p")),
        (None, None),
    ],
    ids=["all", "null and absent", "empty", "null info", "no info", "null"],
)  # fmt: skip
def test_a_participant_may_lack_everything_but_its_id(
    run: Run, platform: FakePlatform, session: SessionService, answer: Any, participant: Participant | None
) -> None:
    platform.answers(answer)

    assert run(session.get_participant()) == participant
    assert platform.lines == [f"GET {CURRENT}/participant"]


def test_update_sends_both_values_also_the_one_that_is_taken_away(
    run: Run, platform: FakePlatform, session: SessionService
) -> None:
    platform.answers_text("", status=204)

    run(session.update_participant_info("Ana", None))

    assert platform.asked[0][:2] == ("PATCH", f"{CURRENT}/participant")
    assert platform.asked[0].body == {"name": "Ana", "avatarUrl": None}


@pytest.mark.parametrize("answer", [{"result": {"alias": "r"}}, {"result": None}, {}, None])
def test_use_sends_the_arguments_and_gives_the_result(
    run: Run, platform: FakePlatform, session: SessionService, answer: Any
) -> None:
    platform.answers(answer)

    result = run(session.use("conference", "create", {"alias": "r"}, 2))

    assert result == (answer or {}).get("result")
    assert platform.asked[0][:2] == ("POST", f"{CURRENT}/services/conference/create")
    assert platform.asked[0].body == {"arguments": [{"alias": "r"}, 2]}


def test_a_service_with_a_slash_in_its_name_is_no_other_path(
    run: Run, platform: FakePlatform, session: SessionService
) -> None:
    platform.answers({"result": 1})

    run(session.use("a/b", "c?d"))

    assert platform.lines == [f"POST {CURRENT}/services/a%2Fb/c%3Fd"]


def test_what_json_cannot_hold_is_not_sent(run: Run, platform: FakePlatform, session: SessionService) -> None:
    with pytest.raises(ValueError, match="JSON"):
        run(session.use("conference", "create", float("nan")))

    assert platform.asked == []


def test_calls_overlap(run: Run, platform: FakePlatform, session: SessionService) -> None:
    platform.answers(OPEN, CLOSED, OPEN)

    async def three() -> list[bool]:
        return await asyncio.gather(*(session.is_open() for _ in range(3)))

    assert sorted(run(three())) == [False, True, True]


# Errors -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", CONTRACT.errors)
def test_every_code_of_the_contract_is_an_error_of_its_own(
    run: Run, platform: FakePlatform, session: SessionService, code: str
) -> None:
    known = CONTRACT.errors[code]
    platform.refuses(code, known.status, detail="Not today.", rule="open-before-use")

    with pytest.raises(class_of(code)) as raised:
        run(session.close())

    error = raised.value
    assert (error.code, error.status, error.rule) == (code, known.status, "open-before-use")
    assert (error.sentence, error.remedy, error.detail) == (known.sentence, known.remedy, "Not today.")
    assert str(error) == f"{known.sentence} Not today. {known.remedy}"
    assert pickle.loads(pickle.dumps(error)).__dict__ == error.__dict__


def test_what_the_platform_says_is_not_said_twice(run: Run, platform: FakePlatform, session: SessionService) -> None:
    known = CONTRACT.errors["session-not-open"]
    platform.refuses("session-not-open", detail=known.sentence)
    platform.refuses("session-not-open", detail=f"Closed by Bob. {known.remedy}")

    with pytest.raises(errors.SessionNotOpen) as first:
        run(session.close())
    with pytest.raises(errors.SessionNotOpen) as second:
        run(session.close())

    assert str(first.value) == f"{known.sentence} {known.remedy}"
    assert str(second.value) == f"{known.sentence} Closed by Bob. {known.remedy}"


def test_a_class_of_a_code_catches_that_code_and_no_other(
    run: Run, platform: FakePlatform, session: SessionService
) -> None:
    platform.refuses("session-already-open")

    with pytest.raises(errors.SessionAlreadyOpen) as raised:
        run(session.open())

    assert not isinstance(raised.value, errors.SessionNotOpen)


def test_there_is_no_class_for_what_is_no_code() -> None:
    with pytest.raises(AttributeError, match="NoSuchCode"):
        _ = errors.NoSuchCode


def test_a_code_that_the_contract_does_not_have_is_still_a_session_error(
    run: Run, platform: FakePlatform, session: SessionService
) -> None:
    platform.refuses("rate-limited", 429, detail="Wait a second.")

    with pytest.raises(errors.SessionError, match=r"'rate-limited'.*Wait a second\.") as raised:
        run(session.open())

    assert type(raised.value) is errors.SessionError
    assert (raised.value.code, raised.value.status) == ("rate-limited", 429)


@pytest.mark.parametrize("more", [{}, {"code": "unauthorized"}])
def test_the_error_shape_of_the_rest_interface_is_understood(
    run: Run, platform: FakePlatform, session: SessionService, more: dict[str, str]
) -> None:
    problem = {"type": "ErrorResponse", "error_code": 89, "error_description": "Bad.", **more}
    platform.answers(problem, status=401)

    with pytest.raises(errors.TokenInvalid) as raised:
        run(session.open())

    assert raised.value.detail == "Bad."


@pytest.mark.parametrize("code", sorted(set(CONTRACT.variables["condition"].errors.values())))
def test_a_credential_that_is_no_good_has_nothing_open(
    run: Run, platform: FakePlatform, session: SessionService, code: str
) -> None:
    platform.refuses(code, 401)

    assert run(session.is_open()) is False


@pytest.mark.parametrize("code", ["scope-missing", "overloaded"])
def test_is_open_does_not_take_another_refusal_for_an_answer(
    run: Run, platform: FakePlatform, session: SessionService, code: str
) -> None:
    platform.refuses(code, 403)

    with pytest.raises(errors.SessionError) as raised:
        run(session.is_open())

    assert raised.value.code == code


# Answers that are none --------------------------------------------------------------------------------------


def test_no_platform_is_said_to_be_unreachable_with_its_url(run: Run) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        session = SessionService(url, token="token-1")

        with pytest.raises(errors.PlatformUnreachable, match=f"no answer from {url}/v1/sessions ") as raised:
            run(session.open())

    assert url in raised.value.remedy
    assert (raised.value.code, raised.value.status) == (None, None)
    run(session.dispose())


def test_after_a_lost_answer_the_platform_is_asked_what_became_of_it(
    run: Run, platform: FakePlatform, session: SessionService
) -> None:
    platform.loses_the_answer()
    platform.answers(OPEN)

    with pytest.raises(errors.PlatformUnreachable):
        run(session.open())

    assert run(session.is_open()) is True
    assert platform.lines == ["POST /v1/sessions", f"GET {CURRENT}"]


def test_a_close_whose_answer_is_lost_is_not_made_twice(
    run: Run, platform: FakePlatform, session: SessionService
) -> None:
    platform.answers(OPEN)
    platform.loses_the_answer()
    platform.refuses("session-not-open")

    # Over a connection that was used before: that is where an HTTP client is tempted to try again.
    run(session.is_open())
    with pytest.raises(errors.PlatformUnreachable):
        run(session.close())

    assert platform.lines == [f"GET {CURRENT}", f"DELETE {CURRENT}"]


@pytest.mark.parametrize(
    "answer",
    [
        ("<html>", 200, "it is not JSON"),
        ("[" * 100_000, 200, "it is not JSON"),
        ("", 200, "it is not an object"),
        ("[]", 200, "it is not an object"),
        ('{"open": null}', 200, "`open` is neither true nor false"),
        ('{"open": "true"}', 200, "`open` is neither true nor false"),
        ("Bad Gateway", 502, "it is not JSON"),
        ("", 404, "it is not an object"),
        ('{"code": 7}', 400, "it is an error without a code"),
        ('{"open": true}', 301, "it is an error without a code"),
    ],
)
def test_an_answer_that_cannot_be_read_is_said_to_be_that(
    run: Run, platform: FakePlatform, session: SessionService, answer: tuple[str, int, str]
) -> None:
    text, status, why = answer
    platform.answers_text(text, status)

    with pytest.raises(errors.UnreadableAnswer, match=why) as raised:
        run(session.is_open())

    assert platform.url in str(raised.value)
    assert (raised.value.code, raised.value.status) == (None, status)


def test_a_token_does_not_follow_to_another_place(run: Run, platform: FakePlatform, session: SessionService) -> None:
    platform.redirects("/elsewhere")
    platform.answers(OPEN)

    with pytest.raises(errors.UnreadableAnswer):
        run(session.is_open())

    assert platform.lines == [f"GET {CURRENT}"]


@pytest.mark.parametrize(
    "participant",
    ["p", {"info": {}}, {"id": 3, "info": {}}, {"id": "p", "info": "x"}, {"id": "p", "info": {"name": 1}}],
)
def test_a_participant_that_is_none_is_not_made_up(
    run: Run, platform: FakePlatform, session: SessionService, participant: Any
) -> None:
    platform.answers(participant)

    with pytest.raises(errors.UnreadableAnswer):
        run(session.get_participant())


def test_a_call_that_gives_nothing_does_not_read_its_answer(
    run: Run, platform: FakePlatform, session: SessionService
) -> None:
    platform.answers_text("<html>", status=201)

    run(session.open())


# Before it is initialised -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        lambda session: session.open({"name": "Ana"}),
        lambda session: session.close(),
        lambda session: session.get_participant(),
        lambda session: session.update_participant_info("Ana", None),
        lambda session: session.use("conference", "create"),
        lambda session: session.use("mediaDevice", "isFrontCamera"),
        lambda session: session.use("no", "such"),
    ],
    ids=["open", "close", "get_participant", "update", "use", "use a device", "use what is not there"],
)
def test_before_it_is_initialised_everything_is_refused_without_a_platform(
    run: Run, platform: FakePlatform, uninitialised: SessionService, call: Callable[[SessionService], Any]
) -> None:
    with pytest.raises(errors.NotInitialized) as raised:
        run(call(uninitialised))

    assert raised.value.status == CONTRACT.errors["not-initialized"].status
    assert platform.asked == []


def test_before_it_is_initialised_nothing_is_open(
    run: Run, platform: FakePlatform, uninitialised: SessionService
) -> None:
    assert run(uninitialised.is_open()) is False
    assert platform.asked == []


def test_the_contract_decides_what_a_client_says_before_it_is_initialised(
    run: Run, platform: FakePlatform, tmp_path: Path
) -> None:
    machine = overlay(tmp_path, "profiles: { default: { is-open-before-initialize: error } }")

    with pytest.raises(errors.NotInitialized):
        run(SessionService(platform.url, machine=machine).is_open())


def test_the_contract_decides_whether_a_client_is_initialised_again(
    run: Run, platform: FakePlatform, tmp_path: Path
) -> None:
    machine = overlay(tmp_path, "profiles: { default: { second-initialize: refuse } }")
    session = SessionService(platform.url, token="token-1", machine=machine)
    platform.answers(CLOSED)

    with pytest.raises(errors.AlreadyInitialized):
        run(session.initialize_token("token-2"))
    run(session.is_open())
    run(session.dispose())

    assert platform.asked[0].authorization == "Bearer token-1"


# Initialising -----------------------------------------------------------------------------------------------


def test_a_token_may_come_after_the_client_and_another_takes_its_place(
    run: Run, platform: FakePlatform, uninitialised: SessionService
) -> None:
    platform.answers(CLOSED, CLOSED)

    run(uninitialised.initialize_token("token-1\n"))
    run(uninitialised.is_open())
    run(uninitialised.initialize_token("token-2"))
    run(uninitialised.is_open())

    assert [asked.authorization for asked in platform.asked] == ["Bearer token-1", "Bearer token-2"]


def test_a_key_and_secret_are_deprecated_in_the_words_of_the_contract(run: Run, uninitialised: SessionService) -> None:
    with pytest.warns(DeprecationWarning, match="do not belong into an application") as warned:
        run(uninitialised.initialize("key", "secret"))

    run(uninitialised.initialize("key", "secret", warn=False))
    assert len(warned) == 1


def test_a_key_and_secret_get_one_token_when_one_is_needed(
    run: Run, platform: FakePlatform, uninitialised: SessionService
) -> None:
    run(uninitialised.initialize("key", "sécret", warn=False))
    assert platform.asked == []
    platform.answers({"access_token": "got", "refresh_token": "r", "expires_in": 3600}, OPEN, OPEN)

    async def both() -> None:
        await asyncio.gather(uninitialised.is_open(), uninitialised.is_open())

    run(both())

    basic = base64.b64encode("key:sécret".encode()).decode()
    first, *others = platform.asked
    assert first == Asked("POST", "/v1/oauth2/token", f"Basic {basic}", "grant_type=client_credentials")
    assert [asked.authorization for asked in others] == ["Bearer got", "Bearer got"]


def test_a_key_and_secret_get_another_token_when_theirs_is_over(run: Run, platform: FakePlatform) -> None:
    clock = VirtualClock()
    session = SessionService(platform.url, clock=clock)
    run(session.initialize("key", "secret", warn=False))
    for token in ("first", "second"):
        platform.answers({"access_token": token, "expires_in": 60}, OPEN)

    run(session.is_open())
    run(clock.advance(60))
    run(session.is_open())
    run(session.dispose())

    assert [asked.authorization for asked in platform.asked][1::2] == ["Bearer first", "Bearer second"]


def test_a_bad_secret_shows_at_the_first_call_and_has_nothing_open(
    run: Run, platform: FakePlatform, uninitialised: SessionService
) -> None:
    run(uninitialised.initialize("key", "bad", warn=False))
    platform.refuses("token-invalid", 401)
    platform.refuses("token-invalid", 401)

    with pytest.raises(errors.TokenInvalid):
        run(uninitialised.open())
    assert run(uninitialised.is_open()) is False
    assert platform.lines == ["POST /v1/oauth2/token"] * 2


@pytest.mark.parametrize("answer", [{}, {"access_token": None, "expires_in": 3}, ["t"]])
def test_a_token_that_is_none_is_not_sent(
    run: Run, platform: FakePlatform, uninitialised: SessionService, answer: Any
) -> None:
    run(uninitialised.initialize("key", "secret", warn=False))
    platform.answers(answer)

    with pytest.raises(errors.UnreadableAnswer, match="oauth2"):
        run(uninitialised.open())


# Refresh ----------------------------------------------------------------------------------------------------


def signed(issued: float, expires: float) -> str:
    return jwt.encode({"iat": issued, "exp": expires}, "a key that is long enough for HS256", "HS256")


def test_a_refreshed_token_is_used_from_then_on_and_comes_from_the_callback_given_first(
    run: Run, platform: FakePlatform
) -> None:
    clock = VirtualClock(1000)
    old, fresh = signed(1000, 2000), signed(1500, 2500)
    session = SessionService(platform.url, token="no life", refresh=lambda: fresh, clock=clock)
    platform.answers(CLOSED, CLOSED)

    run(session.initialize_token(old, refresh=lambda: "later"))
    run(session.is_open())
    run(clock.advance(500))
    run(session.is_open())
    run(session.dispose())

    assert [asked.authorization for asked in platform.asked] == [f"Bearer {old}", f"Bearer {fresh}"]


@pytest.fixture
def refreshed(run: Run, platform: FakePlatform) -> Iterator[tuple[VirtualClock, SessionService]]:
    """A client whose token is `fresh` once 50 seconds have passed."""
    clock = VirtualClock()
    session = SessionService(platform.url, token=signed(0, 100), refresh=lambda: "fresh", clock=clock)
    yield clock, session
    run(session.dispose())


Refreshed = tuple[VirtualClock, SessionService]
OPENED = {"sessionId": "s/1", "participant": {"id": "p", "info": {}}}


def by_whom(platform: FakePlatform) -> list[str]:
    return [
        f"{'fresh' if asked.authorization == 'Bearer fresh' else 'old'}: {asked.method} {asked.path}"
        for asked in platform.asked
    ]


def test_a_refreshed_token_is_made_known_to_an_open_session_by_its_id(
    run: Run, platform: FakePlatform, refreshed: Refreshed
) -> None:
    clock, session = refreshed
    platform.answers(OPENED, OPEN, OPEN)

    run(session.open())
    run(clock.advance(50))
    run(session.is_open())

    assert by_whom(platform) == [
        "old: POST /v1/sessions",
        "fresh: GET /v1/sessions/s%2F1",
        f"fresh: GET {CURRENT}",
    ]


def test_what_could_not_be_made_known_at_once_is_so_before_the_next_call(
    run: Run, platform: FakePlatform, refreshed: Refreshed
) -> None:
    clock, session = refreshed
    platform.answers(OPENED)
    platform.loses_the_answer()
    platform.loses_the_answer()  # aiohttp asks again of itself where that does no harm
    platform.answers(OPEN, OPEN)

    run(session.open())
    run(clock.advance(50))
    before = len(platform.asked)
    run(session.is_open())

    assert by_whom(platform)[before:] == ["fresh: GET /v1/sessions/s%2F1", f"fresh: GET {CURRENT}"]


def test_a_token_that_came_while_the_session_was_being_opened_is_made_known_to_it(
    run: Run, platform: FakePlatform, refreshed: Refreshed
) -> None:
    clock, session = refreshed
    platform.answers(OPENED, OPEN, OPEN)

    async def scenario() -> None:
        platform.may_answer.clear()
        opening = asyncio.ensure_future(session.open())
        await platform.came.wait()
        await clock.advance(50)
        platform.may_answer.set()
        await opening
        await session.is_open()

    run(scenario())

    assert by_whom(platform)[1:] == ["fresh: GET /v1/sessions/s%2F1", f"fresh: GET {CURRENT}"]


def test_a_session_opened_without_an_answer_is_found_before_a_fresh_token_comes(
    run: Run, platform: FakePlatform, refreshed: Refreshed
) -> None:
    clock, session = refreshed
    platform.loses_the_answer()
    platform.answers({"sessions": [{"sessionId": "s"}]}, OPEN, OPEN)

    with pytest.raises(errors.PlatformUnreachable):
        run(session.open())
    run(clock.advance(50))
    run(session.is_open())

    assert by_whom(platform)[1:] == [
        "old: GET /v1/sessions",
        "fresh: GET /v1/sessions/s",
        f"fresh: GET {CURRENT}",
    ]


def test_nothing_is_made_known_to_a_session_that_was_closed(
    run: Run, platform: FakePlatform, refreshed: Refreshed
) -> None:
    clock, session = refreshed
    platform.answers(OPENED, None, CLOSED)

    run(session.open())
    run(session.close())
    run(clock.advance(50))
    run(session.is_open())

    assert by_whom(platform)[2:] == [f"fresh: GET {CURRENT}"]


def test_what_is_wrong_with_a_token_is_said_of_the_call_that_is_made(
    run: Run, platform: FakePlatform, session: SessionService
) -> None:
    platform.answers(OPENED)
    platform.refuses("token-expired", 401)
    platform.refuses("token-expired", 401)

    run(session.open())
    run(session.initialize_token("token-2"))
    with pytest.raises(errors.TokenExpired):
        run(session.close())

    assert platform.lines[1:] == ["GET /v1/sessions/s%2F1", f"DELETE {CURRENT}"]


def test_a_callback_given_later_serves_if_there_was_none(run: Run, platform: FakePlatform) -> None:
    clock, asked = VirtualClock(), list[bool]()
    session = SessionService(platform.url, token=signed(0, 100), clock=clock)

    run(session.initialize_token(signed(0, 100), refresh=asked.append))
    run(clock.advance(50))
    run(session.dispose())

    assert asked == [False]


def test_a_client_that_is_let_go_of_asks_for_no_more_tokens(run: Run, platform: FakePlatform) -> None:
    clock, asked = VirtualClock(), list[bool]()
    session = SessionService(platform.url, token=signed(0, 100), refresh=asked.append, clock=clock)

    run(session.dispose())
    run(clock.advance(100))

    assert asked == []


# In `async with` --------------------------------------------------------------------------------------------


def test_leaving_closes_the_session_if_it_is_open(run: Run, platform: FakePlatform) -> None:
    platform.answers({}, OPEN)
    platform.answers_text("", status=204)

    async def scenario() -> None:
        async with SessionService(platform.url, token="token-1") as session:
            await session.open()

    run(scenario())

    assert platform.lines == ["POST /v1/sessions", f"GET {CURRENT}", f"DELETE {CURRENT}"]


@pytest.mark.parametrize(("token", "asked"), [("token-1", [f"GET {CURRENT}"]), (None, [])])
def test_leaving_closes_nothing_where_nothing_is_open(
    run: Run, platform: FakePlatform, token: str | None, asked: list[str]
) -> None:
    platform.answers(CLOSED)

    async def scenario() -> None:
        async with SessionService(platform.url, token=token):
            pass

    run(scenario())

    assert platform.lines == asked


def test_leaving_asks_nothing_of_a_client_that_was_not_initialised(
    run: Run, platform: FakePlatform, tmp_path: Path
) -> None:
    machine = overlay(tmp_path, "profiles: { default: { is-open-before-initialize: error } }")

    async def scenario() -> None:
        async with SessionService(platform.url, machine=machine):
            pass

    run(scenario())


def test_leaving_by_an_error_closes_the_session_and_keeps_the_error(run: Run, platform: FakePlatform) -> None:
    platform.answers(OPEN)
    platform.answers_text("", status=204)

    async def scenario() -> None:
        async with SessionService(platform.url, token="token-1"):
            raise LookupError("of the body")

    with pytest.raises(LookupError, match="of the body"):
        run(scenario())

    assert platform.lines == [f"GET {CURRENT}", f"DELETE {CURRENT}"]


def test_an_error_is_kept_also_if_the_session_cannot_be_closed(run: Run, platform: FakePlatform) -> None:
    platform.answers(OPEN)
    platform.loses_the_answer()

    async def scenario() -> None:
        async with SessionService(platform.url, token="token-1"):
            raise LookupError("of the body")

    with pytest.raises(LookupError, match="of the body") as raised:
        run(scenario())

    assert "no answer from" in raised.value.__notes__[0]


def test_a_session_that_cannot_be_closed_is_not_passed_over(run: Run, platform: FakePlatform) -> None:
    platform.answers(OPEN)
    platform.refuses("token-revoked", 401)

    async def scenario() -> None:
        async with SessionService(platform.url, token="token-1"):
            pass

    with pytest.raises(errors.TokenRevoked):
        run(scenario())


def test_a_transport_that_was_lent_is_left_open(run: Run, platform: FakePlatform) -> None:
    platform.answers(CLOSED)
    platform.answers(CLOSED)
    closed: list[bool] = []

    class Lent(OverHttp):
        async def close(self) -> None:
            closed.append(True)
            await super().close()

    async def scenario() -> bool:
        lent = Lent()
        async with SessionService(platform.url, token="token-1", transport=lent):
            pass
        assert not closed
        still = await SessionService(platform.url, token="token-1", transport=lent).is_open()
        await lent.close()
        return still

    assert run(scenario()) is False
