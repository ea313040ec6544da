"""A snapshot that was altered by hand is refused, with nothing changed, or is a world in which nothing fails."""

from __future__ import annotations

import asyncio
import copy
import json
import random
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from openfirst_simulator import Request, courier
from openfirst_simulator.courier import Came
from tests.simulator.meeting import Meeting
from tests.simulator.rest import Application

Path = tuple[str | int, ...]
SEED, SAMPLE = 7, 500
GONE, TWICE, MORE = object(), object(), object()
HUGE = 10**30
VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    1.5,
    1e308,
    -1e308,
    HUGE,
    "",
    "x",
    "[",
    "é" * 3000,
    "a\nb",
    "nan",
    [],
    {},
    [1],
    {"a": 1},
)
HOOK = "http://127.0.0.1:1/hook"


class Lived:
    """A world with records of every kind, the snapshot of it, and a tour of calls through it."""

    def __init__(self) -> None:
        self.app, self.statuses = Application(), list[int]()
        self.world = self.app.world
        self.world.post_to(HOOK)
        self.met = Meeting("ana", "ben", "cleo", here=self.app)
        do, world = self.met.do, self.world
        self.conference = self.met.come("ana", "ben", options={"constraints": {"audio": True, "video": True}})
        do("ana", "recording/start")
        do("ana", "videoPresentation/start", "http://127.0.0.1/film.mp4")
        do("ben", "filePresentation/start", {"id": "file", "imageCount": 3})
        do("ben", "remoteAudio/stop", do("ana", "conference/getParticipants", self.conference)[0])
        do("cleo", "audioPreview/record", 3)
        do("cleo", "mediaDevice/setComfortNoiseLevel", "low")
        do("cleo", "audioPreview/setCaptureMode", {"mode": "STANDARD"})
        subscription = {"type": "SUBSCRIPTION_TYPE_CONFERENCE_CREATED", "conferenceAlias": "encore"}
        do("cleo", "notification/subscribe", [subscription])
        do("ana", "notification/invite", self.conference, [{"info": {"externalId": "cleo", "name": "Cleo"}}])
        self.met.hears("cleo")
        old = self.app.conference("matinee", parameters={"ttl": 60, "recording": {"format": ["mp3", "mp4"]}})
        for what in ("recording/start", "rts/start", "recording/stop", "remix/start"):
            self.app.got("POST", f"/v2/conferences/mix/{old}/{what}", {})
        self.app.got("DELETE", f"/v2/conferences/{self.app.conference('soiree')}")
        granted = {"permissions": ["JOIN", "RECORD"], "notification": True}
        self.guarded = self.app.conference("premiere", participants={"cleo": granted})
        self.app.open(world.token())
        world.token("dora", condition="revoked")
        world.another_application()
        world.fail(kind="status", operation="close", times=2, externalId="zoe")
        world.fail(kind="refuse", since=world.clock.now() + 50, path="/v1/sessions/*/events", externalId="zoe")
        self.document: Any = json.loads(json.dumps(world.snapshot()))

    def tour(self) -> Iterator[tuple[str, str, str | None, Any]]:
        """Calls through whatever the world is: the method, the path, the token, and the body."""
        ana, cleo, here = self.met.tokens["ana"], self.met.tokens["cleo"], "/_openfirst/worlds/here"
        for what in ("sessions", "conferences", "timers", "tokens", "faults", "report", "left", "pulse", "webhook"):
            yield "GET", f"{here}/{what}", None, None
        for token, use, arguments in (
            (ana, "conference/getParticipants", [self.conference]),
            (ana, "videoPresentation/pause", [7]),
            (ana, "videoPresentation/play", []),
            (ana, "filePresentation/getCurrent", []),
            (ana, "conference/isMuted", []),
            (cleo, "audioPreview/stop", []),
            (cleo, "audioPreview/getCaptureMode", []),
            (cleo, "audioPreview/play", []),
            (cleo, "conference/create", [{"alias": "encore"}]),
            (cleo, "conference/join", [{"id": self.guarded}]),
            (cleo, "recording/start", []),
            (cleo, "recording/stop", []),
            (ana, "recording/current", []),
            (ana, "recording/stop", []),
            (ana, "command/send", ["Hello"]),
            (ana, "conference/leave", []),
            (ana, "conference/join", [self.conference]),
        ):
            path = f"/w/here/v1/sessions/current/services/{use}"
            yield "POST", path, token, {"arguments": arguments}
        for token in (ana, cleo):
            yield "GET", "/w/here/v1/sessions/current/participant", token, None
            yield "GET", "/w/here/v1/sessions/current/events", token, None
        yield "DELETE", "/w/here/v1/sessions/current", ana, None
        participants = f"v1/monitor/conferences/{self.conference['id']}/participants"
        for what in ("v1/monitor/conferences", "v2/monitor/recordings", "v1/monitor/webhooks", participants):
            yield "GET", f"/w/here/{what}", self.app.api, None
        yield "POST", f"{here}/clock/advance", None, {"milliseconds": 3 * 86_400_000}
        yield "POST", f"{here}/clock/advance", None, {"next": True}
        yield "GET", f"{here}/journal", None, None
        yield "GET", f"{here}/report", None, None

    async def asked(self, method: str, path: str, token: str | None, body: Any) -> tuple[int, Any]:
        """Status, and the body of the answer."""
        headers = {"Host": "127.0.0.1"} | ({} if token is None else {"Authorization": f"Bearer {token}"})
        content = b"" if body is None else json.dumps(body).encode()
        answer = await self.app.simulator.answer(Request(method, path, headers, content))
        is_json = answer.content_type is not None and answer.content_type.endswith("json")
        return answer.status or 0, json.loads(answer.content) if is_json else answer.content

    async def lives(self) -> list[str]:
        """What fails in the world as it is now: calls that come to a 500, and a snapshot that it cannot go back to."""
        failed, self.statuses = [], []
        self.world.journal.clear()
        for method, path, token, body in self.tour():
            status, answer = await self.asked(method, path, token, body)
            self.statuses.append(status)
            if status >= 500:
                failed.append(f"{method} {path}: {answer}")
        try:
            self.world.restore(json.loads(json.dumps(self.world.snapshot())))
        except ValueError as error:
            failed.append(f"its own snapshot: {error}")
        return failed


def paths(value: Any, here: Path = ()) -> Iterator[Path]:
    """Where everything is in a document, but for what an event says, and of a list what is behind the fourth."""
    if here:
        yield here
    if isinstance(value, Mapping | list) and here[-1:] != ("data",):
        for key in value if isinstance(value, Mapping) else range(min(len(value), 4)):
            yield from paths(value[key], (*here, key))


def at(document: Any, path: Path) -> Any:
    for key in path:
        document = document[key]
    return document


def identifiers(document: Any) -> list[str]:
    """An ID of each kind of record, and the last one of it."""
    kinds = [each for each in document["records"].values() if each]
    return [*dict.fromkeys(each[place]["id"] for each in kinds for place in (0, -1))]


def alterations(document: Any) -> list[tuple[Path, Any]]:
    """One datum after another that is missing, stands twice, or is something else."""
    ids, found = identifiers(document), list[tuple[Path, Any]]()
    for path in paths(document):
        old = at(document, path)
        found += [(path, GONE), *((path, value) for value in VALUES if (type(value), value) != (type(old), old))]
        found += [(path, TWICE)] if isinstance(old, list) and old else []
        found += [(path, MORE)] if isinstance(old, dict) else []
        if isinstance(old, str):
            found += [(path, identifier) for identifier in ids if identifier != old]
        if isinstance(path[-1], str) and isinstance(at(document, path[:-1]), dict):
            found += [((*path[:-1], f"{path[-1]} renamed"), ("renamed", path[-1]))]
    return found


def altered(document: Any, path: Path, value: Any) -> Callable[[], None]:
    """Alter one datum of a document. Gives what undoes that."""
    parent, key = at(document, path[:-1]), path[-1]
    before = parent.copy()
    if value is GONE:
        del parent[key]
    elif value is TWICE:
        parent[key] = [*parent[key], parent[key][0]]
    elif value is MORE:
        parent[key] = {**parent[key], "bogus": 1}
    elif isinstance(value, tuple):
        parent[key] = parent.pop(value[1])
    else:
        parent[key] = value

    def undo() -> None:
        parent.clear()
        parent.update(before) if isinstance(parent, dict) else parent.extend(before)

    return undo


@pytest.fixture
def lived(monkeypatch: pytest.MonkeyPatch) -> Lived:
    async def refused(url: str, body: bytes) -> Came:
        return Came("503 Service Unavailable", {})

    monkeypatch.setattr(courier, "posted", refused)
    return Lived()


def test_the_tour_goes_through_a_world_with_records_of_every_kind(lived: Lived) -> None:
    assert [kind for kind, records in lived.document["records"].items() if not records] == []
    lived.world.restore(lived.document)
    assert asyncio.run(lived.lives()) == []
    assert {*lived.statuses} <= {200, 204}


Records = dict[str, list[dict[str, Any]]]


def records(document: Any) -> Records:
    found: Records = document["records"]
    return found


def pending(document: Any) -> dict[str, Any]:
    return next(each for each in records(document)["deliveries"] if each["sent"] is None)


def listener(document: Any) -> dict[str, Any]:
    """The client that is called Cleo."""
    return next(each for each in records(document)["clients"] if each["alike"] == ["cleo"])


@pytest.mark.parametrize(
    "where", ["http://192.0.2.2:80/x", "", "nope", "file:///x", "https://127.0.0.1/x", HOOK + "\n"]
)
def test_nothing_leaves_this_machine_by_a_snapshot(lived: Lived, where: str) -> None:
    webhook, delivery = records(lived.document)["webhooks"][0], pending(lived.document)
    for record in (webhook, delivery):
        before, record["url"] = record["url"], where
        with pytest.raises(ValueError, match="nothing leaves it"):
            lived.world.restore(lived.document)
        record["url"] = before
    lived.world.restore(lived.document)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda it: records(it)["recordings"][0].update(formats=["x"]), "recordings[0].formats[0]: 'x' is not one of"),
        (lambda it: records(it)["recordings"][0].update(started=1e308), "recordings[0].started: 1e+308 is greater"),
        (lambda it: records(it)["recordings"][0].update(started=-1e308), "recordings[0].started: -1e+308 is less"),
        (lambda it: records(it)["visits"][0].update(reason="bored"), "visits[0].reason"),
        (lambda it: records(it)["timers"][0].update(due=1e300), "timers[0].due: 1e+300 is greater"),
        (lambda it: records(it)["timers"][0].update(what="tea"), "`what` is `tea`"),
        (lambda it: records(it)["timers"][0].update(what="wake"), "`what` is `wake`"),
        (lambda it: records(it)["media"][0].update(bogus=1), "'bogus' was unexpected"),
        (lambda it: records(it)["faults"][1].update(path="["), "`path` is `[`"),
        (lambda it: pending(it).update(number=-10), "number: -10 is less"),
        (lambda it: pending(it).update(number=6), "it is the attempt 6, of 5 at most"),
        (lambda it: listener(it).update(alike=["cleo", "cleo"]), "it is alike by ['cleo', 'cleo']"),
        (lambda it: listener(it).update(app="other"), "of an application that is not there"),
        (lambda it: listener(it).update(session=records(it)["clients"][0]["session"]), "2 clients have the session"),
        (lambda it: records(it)["subscriptions"][0]["wanted"].append(["tea", "encore"]), "[1].type"),
        (
            lambda it: records(it)["subscriptions"][0].update(
                wanted=[records(it)["subscriptions"][0]["wanted"][0]] * 2
            ),
            "twice",
        ),
        (lambda it: records(it)["conferences"][0].update(alias="a#b"), "without `#`"),
        (lambda it: records(it)["conferences"][0].update(ended=it["now"]), "it has ended, and somebody is in it"),
        (lambda it: records(it)["conferences"][0]["parameters"].update(ttl=-1), "`params.ttl` is -1"),
        (lambda it: records(it)["conferences"][0]["parameters"].update(recording="x"), "`params.recording`"),
        (lambda it: records(it)["conferences"][3]["grants"]["cleo"].update(permissions=["TEA"]), "it grants ('TEA',)"),
        (lambda it: records(it)["settings"][0].update(tried={"mode": "LOUD"}), "`arguments[0].mode` is `LOUD`"),
        (lambda it: records(it)["sharedFiles"][0].update(page=4), "its page 4 is shown, and it has 3"),
        (lambda it: records(it)["remixes"][0].update(id="other"), "its ID is not that of its conference"),
        (lambda it: records(it)["tokens"][0].update(id="other"), "it says that it is"),
    ],
)
def test_what_could_not_be_is_told(lived: Lived, change: Callable[[Any], Any], found: str) -> None:
    broken = copy.deepcopy(lived.document)
    change(broken)
    with pytest.raises(ValueError, match=re.escape(found)):
        lived.world.restore(broken)


def test_a_fault_that_is_over_and_one_of_another_world_are_gone_back_to(lived: Lived) -> None:
    world = lived.world
    world.fail(kind="delay", seconds=1, path="/w/here/v1/sessions", until=world.clock.now() + 1)
    world.clock.advance(60)
    fork = lived.app.simulator.fork("here", "there")
    assert [fault.path for fault in fork.faults] == [None, "/v1/sessions/*/events", "/w/here/v1/sessions"]


def test_a_document_is_not_the_world_and_one_of_anything_else_is_refused(lived: Lived) -> None:
    lived.world.restore(lived.document)
    records(lived.document)["conferences"][1]["parameters"]["recording"]["format"][0] = "x"
    assert records(lived.world.snapshot())["conferences"][1]["parameters"]["recording"]["format"] == ["mp3", "mp4"]
    records(lived.document)["conferences"][0]["spatial"] = object()
    with pytest.raises(ValueError, match="no snapshot"):
        lived.world.restore(lived.document)


def test_whatever_is_altered_is_refused_with_nothing_changed_or_lives(
    lived: Lived, caplog: pytest.LogCaptureFixture
) -> None:
    every = alterations(lived.document)
    wrong = list[Any]()

    async def restored(path: Path, value: Any) -> None:
        undo = altered(lived.document, path, value)
        before, life = lived.world.snapshot(), lived.world.life
        status, answer = await lived.asked("PUT", "/_openfirst/worlds/here/snapshot", None, lived.document)
        undo()
        failed = []
        if status == 204:
            failed = await lived.lives()
            lived.world.leave()
            lived.world.restore(lived.document)
        elif status != 400 or (lived.world.snapshot(), lived.world.life) != (before, life):
            failed = [f"restored with {status}: {answer}"]
        failed += [record.getMessage() for record in caplog.records]
        if failed:
            wrong.append((path, str(value)[:60], failed))
        caplog.clear()

    async def all_of_them() -> None:
        lived.world.restore(lived.document)
        for path, value in random.Random(SEED).sample(every, SAMPLE):
            await restored(path, value)

    asyncio.run(all_of_them())
    assert wrong == []
