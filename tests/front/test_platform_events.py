"""What a session has heard, for a test: a list that can be asked, and waited for."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

import pytest

import openfirst
from openfirst import Mistake, Platform

HTTP = build_opener(ProxyHandler({}))


@pytest.fixture
def mine() -> Iterator[Platform]:
    with openfirst.platform(strict=False) as mine:
        yield mine


class Person:
    """Somebody whose app talks to the platform."""

    def __init__(self, platform: Platform, name: str) -> None:
        self.url, self.token, self.name = platform.url, platform.token(name), name

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.token}"}
        with HTTP.open(Request(f"{self.url}/v1/sessions{path}", data, headers, method=method), timeout=10) as answer:
            return json.loads(answer.read() or b"null")

    def open(self) -> Person:
        self.ask("POST", "", {"name": self.name})
        return self

    def use(self, target: str, *arguments: Any) -> Any:
        return self.ask("POST", f"/current/services/{target}", {"arguments": arguments})["result"]

    def join(self) -> Person:
        options = {"constraints": {"audio": False, "video": False}}
        self.use("conference/join", self.use("conference/create", {"alias": "rehearsal"}), options)
        return self


def meanwhile(function: Callable[[], Any]) -> threading.Thread:
    thread = threading.Thread(target=function)
    thread.start()
    return thread


def test_it_is_a_list_of_what_was_heard(mine: Platform) -> None:
    heard = mine.events("ana")
    assert (len(heard), str(heard)) == (0, "The session of `ana` is not open.")
    Person(mine, "ana").open().join()
    ben = Person(mine, "ben").open().join()
    ben.use("command/send", "one")
    ben.use("command/send", "two")
    assert [event.name for event in heard][-2:] == ["command.messageReceived"] * 2
    assert heard[-1].data["message"] == "two" and len(heard[:2]) == 2
    [event] = heard.find("command.messageReceived", message="one")
    assert [each.data["message"] for each in heard.find(since=event.id)] == ["two"]
    assert heard.find("command.messageReceived", subject="one") == []
    assert mine.events("ben").find("command.messageReceived") == []
    assert str(heard).splitlines()[-1].startswith(f"  {len(heard)}. command.messageReceived: {{")
    assert repr(heard) == f"<PlatformEvents of ana: {len(heard)}>"


def test_what_was_heard_is_verified(mine: Platform) -> None:
    Person(mine, "ana").open()
    heard = mine.events("ana")
    assert str(heard) == "The session of `ana` has heard nothing."
    heard.verify("sdk.tokenRefresh", times=0)
    mine.clock.advance("30m")
    heard.verify("sdk.tokenRefresh", times=1)
    heard.verify("sdk.tokenRefresh", at_most=1)
    with pytest.raises(
        AssertionError, match=r"Expected events \(`sdk.tokenRefresh`\): 2; found: 1.\nThe session of `ana` has heard:"
    ):
        heard.verify("sdk.tokenRefresh", times=2)
    with pytest.raises(AssertionError, match=r"\(`command.messageReceived`, message hi\): 1\+; found: 0"):
        heard.verify("command.messageReceived", message="hi")
    with pytest.raises(Mistake, match="`times` says how many exactly"):
        heard.verify("sdk.tokenRefresh", times=1, at_least=1)


def test_a_test_waits_for_a_session_and_for_what_it_hears(mine: Platform) -> None:
    ana, ben = Person(mine, "ana"), Person(mine, "ben").open().join()

    def talks() -> None:
        ana.open().join()
        mine.events("ben").wait("conference.participantUpdated", seconds=10)
        ben.use("command/send", "hi")

    thread = meanwhile(talks)
    assert mine.events("ana").wait("command.messageReceived", message="hi", seconds=10).data["message"] == "hi"
    thread.join()


def test_who_closes_and_opens_again_is_waited_for_in_the_next_session(mine: Platform) -> None:
    ana = Person(mine, "ana").open()

    def again() -> None:
        ana.ask("DELETE", "/current")
        ana.open().join()

    thread = meanwhile(again)
    assert mine.events("ana").wait("conference.statusUpdated", status="JOINED", seconds=10).id == 2
    thread.join()


def test_what_was_heard_is_known_when_the_session_is_over(mine: Platform) -> None:
    ana, heard = Person(mine, "ana").open().join(), mine.events("ana")
    joined = [event.name for event in heard]
    assert joined == ["conference.statusUpdated"] * 2
    ana.ask("DELETE", "/current")
    assert [event.name for event in heard] == joined
    with pytest.raises(AssertionError, match=r"0; found: 2\.\nThe session of `ana`, which is over, has heard:"):
        heard.verify("conference.statusUpdated", times=0)
    assert heard.wait("conference.statusUpdated", status="JOINED").data == {"status": "JOINED"}
    ana.open()
    assert list(heard) == []
    mine.close_session(ana.token)
    assert str(heard) == "The session of `ana`, which is over, has heard nothing."


def test_a_test_that_awaits_lets_the_app_go_on(mine: Platform) -> None:
    ana = Person(mine, "ana").open()

    async def both() -> Any:
        arriving = asyncio.create_task(mine.events("ana").arrives("conference.statusUpdated", seconds=10))
        await asyncio.to_thread(ana.join)
        return (await arriving).data

    assert asyncio.run(both()) == {"status": "JOINING"}


def test_nothing_comes(mine: Platform) -> None:
    Person(mine, "ana").open()
    with pytest.raises(
        TimeoutError,
        match=r"for which the test waits \(`command.messageReceived`\).\nThe session of `ana` has heard nothing",
    ):
        mine.events("ana").wait("command.messageReceived", seconds=0.05)
    with pytest.raises(TimeoutError, match="The session of `ben` is not open"):
        mine.events("ben").wait(seconds=0.05)


def test_what_is_no_name_is_told(mine: Platform) -> None:
    for ask in (mine.events("ana").find, mine.events("ana").wait, mine.events("ana").verify):
        with pytest.raises(Mistake, match="`messageReceived` is the name of no event"):
            ask("messageReceived")
    assert mine.events("ana").find("gap") == []
    anyhow: Any = mine.events
    with pytest.raises(Mistake):
        anyhow(7)
    mine.end()
    with pytest.raises(Mistake, match="is gone"):
        mine.events("ana")
    with pytest.raises(Mistake, match="is gone"):
        mine.clock.advance(1)
