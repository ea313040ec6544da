"""Whatever three clients do with services, in any order: no error of ours, snapshots that go on alike, and nothing left behind."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openfirst_simulator import Request, Simulator, World
from openfirst_simulator.snapshot import schema
from tests.simulator.conftest import START
from tests.simulator.inprocess import CONTRACT

WHO = ("ana", "ben", "zoe")
TARGETS = sorted(method.target for method in CONTRACT.methods.values() if method.model is not None)
SERVICES = sorted({target.split("/")[0] for target in TARGETS})
LIVES = ("open", "close", "advance", "platform closes")
ALIASES = ("rehearsal", "concert")


def arguments_of(ids: Mapping[str, str], conferences: Mapping[str, str]) -> dict[str, st.SearchStrategy[list[Any]]]:
    """Arguments that make sense to each method, and some that do not."""
    people = st.sampled_from([{"id": each} for each in (*ids.values(), "nobody")] + [{}])
    places = st.sampled_from([{"id": conferences[alias], "alias": alias} for alias in ALIASES])
    options = st.sampled_from(
        [{}, None, {"constraints": {"audio": True, "video": True}}, {"spatialAudio": True}, {"maxVideoForwarding": 77}]
    )
    kinds = ("CONFERENCE_CREATED", "CONFERENCE_ENDED", "PARTICIPANT_JOINED", "PARTICIPANT_LEFT")
    wanted = st.lists(
        st.builds(
            lambda kind, alias: {"type": f"SUBSCRIPTION_TYPE_{kind}", "conferenceAlias": alias},
            st.sampled_from([*kinds, "ACTIVE_PARTICIPANTS", "INVITATION_RECEIVED", "OTHER"]),
            st.sampled_from(ALIASES),
        ),
        max_size=4,
    )
    invited = st.lists(
        st.builds(lambda name: {"info": {"externalId": name}}, st.sampled_from([*WHO, "dan"])), max_size=3
    )
    number = st.one_of(st.integers(-1, 6), st.floats(0, 9), st.none(), st.booleans())
    vector = st.fixed_dictionaries({axis: st.sampled_from([0, 1, -1, 10**400]) for axis in "xyz"})
    modes = st.sampled_from([{"mode": "UNPROCESSED"}, {"mode": "STANDARD", "noiseReduction": "LOW"}, {}, 7])
    listed: dict[str, st.SearchStrategy[list[Any]]] = {
        "conference/create": st.tuples(st.builds(lambda alias: {"alias": alias}, st.sampled_from(ALIASES))).map(list),
        "notification/subscribe": st.tuples(wanted).map(list),
        "notification/unsubscribe": st.tuples(wanted).map(list),
        "notification/invite": st.tuples(places, invited).map(list),
        "conference/mute": st.tuples(people, st.booleans()).map(list),
        "conference/setSpatialPosition": st.tuples(people, vector).map(list),
        "conference/setSpatialDirection": st.tuples(vector).map(list),
        "conference/setSpatialEnvironment": st.tuples(vector, vector, vector, vector).map(list),
        "conference/getParticipant": people.map(lambda each: [each.get("id")]),
        "filePresentation/convert": st.tuples(
            st.fixed_dictionaries({"url": st.text(max_size=9), "imageCount": number})
        ).map(list),
        "filePresentation/start": st.tuples(
            st.fixed_dictionaries({"id": st.text(max_size=3), "imageCount": number})
        ).map(list),
        "audioPreview/record": st.lists(st.integers(0, 6), min_size=1, max_size=1),
        "audioPreview/play": st.lists(st.booleans(), max_size=1),
        "command/send": st.lists(st.text(max_size=3), min_size=1, max_size=1),
        "videoPresentation/start": st.just(["https://files.example/concert.mp4"]),
        "videoPresentation/pause": st.lists(st.integers(-1, 9_000), min_size=1, max_size=1),
        "videoPresentation/seek": st.lists(st.integers(-1, 9_000), min_size=1, max_size=1),
        "filePresentation/setPage": st.lists(st.integers(0, 4), min_size=1, max_size=1),
        "mediaDevice/setComfortNoiseLevel": st.lists(st.sampled_from(["low", "off", "loud"]), min_size=1, max_size=1),
        "localAudio/setCaptureMode": st.tuples(modes).map(list),
        "audioPreview/setCaptureMode": st.tuples(modes).map(list),
    }
    for target in TARGETS:
        if target in listed:
            continue
        service, method = target.split("/")
        if method in ("join", "listen", "getParticipants", "getStatus", "decline"):
            listed[target] = st.tuples(places, options).map(list)
        elif service.startswith("remote") or method in ("kick", "startAudio", "stopAudio", "startVideo", "stopVideo"):
            listed[target] = st.tuples(people).map(list)
        else:
            listed[target] = st.lists(st.one_of(number, st.text(max_size=5), st.none(), st.just({})), max_size=3)
    return listed


class Three:
    """A world with three clients in it."""

    def __init__(self, loop: asyncio.Runner, simulator: Simulator, world: World, tokens: Mapping[str, str]) -> None:
        self.loop, self.simulator, self.world, self.tokens = loop, simulator, world, tokens

    def ask(self, who: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.tokens[who]}"}
        content = b"" if body is None else json.dumps(body).encode()
        path, _, query = path.partition("?")
        request = Request(method, f"/w/{self.world.name}/v1/sessions{path}", headers, content, query)
        answer = self.loop.run(self.simulator.answer(request))
        assert answer.status not in (500, 502, 503), (path, body, answer.content)
        return answer.status, json.loads(answer.content) if answer.content else None

    def do(self, who: str, what: str, arguments: Any) -> tuple[int, Any]:
        match what:
            case "open":
                return self.ask(who, "POST", "", {"name": who})
            case "close":
                return self.ask(who, "DELETE", "/current")
            case "advance":
                return 200, self.world.clock.advance(arguments)
            case "platform closes":
                self.world.act("platformCloses", self.tokens[who])
                return 200, None
            case _:
                return self.ask(who, "POST", f"/current/services/{what}", {"arguments": arguments})

    def heard(self) -> list[Any]:
        """What each has heard, but for the numbers, which go on elsewhere after a snapshot."""
        answers = [self.ask(who, "GET", "/current/events?after=0") for who in WHO]
        return [
            [{**event, "id": None} for event in body["events"]] if status == 200 else (status, body)
            for status, body in answers
        ]


def but_for_numbers(document: Any) -> Any:
    """The records of a snapshot without those that say which IDs and which events come next."""
    feeds = [{**feed, "last": None} for feed in document["records"]["feeds"] if feed["events"] or feed["reminded"]]
    return document["records"] | {"series": [], "feeds": feeds}


IDS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def alike(value: Any) -> str:
    """A value with its IDs numbered as they come."""
    seen: dict[str, str] = {}
    return str(IDS.sub(lambda found: seen.setdefault(found[0], f"#{len(seen)}"), json.dumps(value, sort_keys=True)))


def set_up(loop: asyncio.Runner) -> Three:
    simulator = Simulator(CONTRACT)
    world = simulator.world("first", frozen_at=START)
    three = Three(loop, simulator, world, {name: world.token(name, expires_in=100_000) for name in WHO})
    for who in WHO:
        three.do(who, "open", None)
    return three


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(data=st.data())
def test_any_sequence_of_calls_goes_on_alike_after_a_snapshot_and_leaves_nothing(data: st.DataObject) -> None:
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - it takes long

    with asyncio.Runner() as loop:
        three = set_up(loop)
        ids = {who: three.ask(who, "GET", "/current/participant")[1]["id"] for who in WHO}
        made = {alias: three.do("ana", "conference/create", [{"alias": alias}])[1]["result"]["id"] for alias in ALIASES}
        for who in WHO:
            if data.draw(st.integers(0, 3)):
                three.do(who, "conference/join", [{"id": made["rehearsal"]}, {"spatialAudio": True}])
        by_target = arguments_of(ids, made)
        # A few methods, so that what one leaves another one finds.
        services = data.draw(st.lists(st.sampled_from(SERVICES), min_size=1, max_size=2, unique=True))
        targets = ["conference/join", "conference/leave", *(each for each in TARGETS if each.split("/")[0] in services)]
        calls = st.one_of(
            st.sampled_from(targets).flatmap(lambda target: st.tuples(st.just(target), by_target[target])),
            st.sampled_from(targets).flatmap(lambda target: st.tuples(st.just(target), by_target[target])),
            st.tuples(st.sampled_from(LIVES), st.integers(0, 5)),
        )
        steps = st.lists(st.tuples(st.sampled_from(WHO), calls), min_size=1, max_size=15)
        for who, (what, arguments) in data.draw(steps):
            three.do(who, what, arguments)
        document = json.loads(json.dumps(three.world.snapshot()))
        Draft202012Validator(schema()).validate(document)
        simulator = Simulator(CONTRACT)
        other = simulator.world("first", frozen_at=START)
        other.restore(document)
        again = Three(loop, simulator, other, three.tokens)
        assert but_for_numbers(json.loads(json.dumps(other.snapshot()))) == but_for_numbers(document)
        assert alike(again.heard()) == alike(three.heard())
        for who, (what, arguments) in data.draw(steps):
            assert alike(three.do(who, what, arguments)) == alike(again.do(who, what, arguments))
        assert alike(again.heard()) == alike(three.heard())
        for who in WHO:
            three.do(who, "close", None)
        three.world.clock.advance(400_000)
        records = three.world.snapshot()["records"]
        left = {name: found for name, found in records.items() if found and name not in ("series", "applications")}
        assert left == {}
