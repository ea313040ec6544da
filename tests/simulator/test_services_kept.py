"""What services keep: in a snapshot, in a fork, and for how long."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from openfirst_simulator.snapshot import schema
from tests.simulator.inprocess import Here
from tests.simulator.meeting import Meeting

KINDS = ("media", "settings", "previews", "sharedVideos", "sharedFiles", "invitations", "subscriptions")
ASKED = (
    "conference/isMuted",
    "conference/getMaxVideoForwarding",
    "mediaDevice/isFrontCamera",
    "mediaDevice/getComfortNoiseLevel",
    "localAudio/getCaptureMode",
    "audioPreview/getCaptureMode",
    "audioPreview/status",
    "videoPresentation/current",
    "videoPresentation/state",
    "filePresentation/getCurrent",
)


def lived_in() -> Meeting:
    """Something of everything that services keep."""
    meeting = Meeting("ana", "ben", "zoe")
    made = meeting.come("ana", "ben", options={"constraints": {"audio": True, "video": True}})
    calls: list[tuple[str, list[Any]]] = [
        ("conference/mute", [meeting.local("ana"), True]),
        ("conference/setMaxVideoForwarding", [2, []]),
        ("remoteAudio/stop", [meeting.local("ben")]),
        ("mediaDevice/switchCamera", []),
        ("mediaDevice/setComfortNoiseLevel", ["off"]),
        ("localAudio/setCaptureMode", [{"mode": "UNPROCESSED"}]),
        ("audioPreview/setCaptureMode", [{"mode": "STANDARD", "voiceFont": "ABYSS"}]),
        ("audioPreview/record", [5]),
        ("videoPresentation/start", ["https://files.example/concert.mp4"]),
        ("filePresentation/start", [{"id": "score", "imageCount": 3}]),
        ("filePresentation/setPage", [1]),
        (
            "notification/subscribe",
            [[{"type": "SUBSCRIPTION_TYPE_PARTICIPANT_JOINED", "conferenceAlias": "rehearsal"}]],
        ),
        ("notification/invite", [made, [{"info": {"externalId": "zoe"}}]]),
    ]
    for target, arguments in calls:
        meeting.do("ana", target, *arguments)
    meeting.world.clock.advance(2)
    return meeting


def but_for_numbers(document: Any) -> Any:
    """The records of a snapshot without those that say which IDs and which events come next."""
    feeds = [{**feed, "last": None} for feed in document["records"]["feeds"]]
    return document["records"] | {"series": [], "feeds": feeds}


def answers(meeting: Meeting) -> list[Any]:
    return [meeting.do(name, target) for target in ASKED for name in ("ana", "ben")]


def goes_on(meeting: Meeting) -> list[Any]:
    """What is heard when what was kept comes into play."""
    meeting.forget()
    made = meeting.do("ana", "conference/current")
    meeting.world.clock.advance(3)
    meeting.do("ben", "localAudio/stop")
    meeting.do("ben", "localAudio/start")
    meeting.do("zoe", "conference/join", made)
    meeting.do("ana", "conference/leave")
    return [meeting.hears(name) for name in ("ana", "ben")]


def test_a_snapshot_has_all_of_it_and_a_world_goes_on_from_there() -> None:
    meeting = lived_in()
    document = meeting.kept()
    assert all(document["records"][kind] for kind in KINDS)
    Draft202012Validator(schema()).validate(document)
    before, after = answers(meeting), dict(meeting.after)
    heard = goes_on(meeting)
    names = [name for name, _ in heard[0]]
    assert names == [
        "audioPreview.statusChanged",
        "conference.participantAdded",
        "conference.participantUpdated",
        "conference.streamAdded",
        "notification.participantJoined",
        "conference.statusUpdated",
    ]
    meeting.after = after
    meeting.here.simulator.restore("here", document)
    assert but_for_numbers(meeting.kept()) == but_for_numbers(document)
    assert answers(meeting) == before
    assert [name for name, _ in goes_on(meeting)[0]] == names


def test_a_fork_and_the_world_that_it_comes_from_are_apart() -> None:
    meeting = lived_in()
    before = answers(meeting)
    fork = meeting.here.simulator.fork("here", "there")
    for name in ("ana", "ben"):
        meeting.do(name, "conference/leave")
    meeting.do("ana", "mediaDevice/switchCamera")
    assert meeting.do("ana", "mediaDevice/isFrontCamera") is True
    meeting.here.world = fork
    assert answers(meeting) == before


def of_nobody(records: Any) -> None:
    records["settings"][0]["id"] = "nobody"


def of_who_is_outside(records: Any) -> None:
    records["media"][0]["id"] = records["clients"][2]["id"]


def of_no_conference(records: Any) -> None:
    records["sharedVideos"][0]["id"] = "nowhere"


def presented_by_who_is_outside(records: Any) -> None:
    records["sharedFiles"][0]["owner"] = records["clients"][2]["id"]


def invited_to_nowhere(records: Any) -> None:
    records["invitations"][0]["id"] = "nowhere"


def subscribed_without_a_session(records: Any) -> None:
    records["subscriptions"][0]["id"] = "none"


def tried_by_nobody(records: Any) -> None:
    records["previews"][0]["id"] = "nobody"


@pytest.mark.parametrize(
    "spoil",
    [
        of_nobody,
        of_who_is_outside,
        of_no_conference,
        presented_by_who_is_outside,
        invited_to_nowhere,
        subscribed_without_a_session,
        tried_by_nobody,
    ],
)
def test_a_document_with_what_nobody_can_have_is_refused(spoil: Callable[[Any], None]) -> None:
    meeting = lived_in()
    document = meeting.kept()
    spoil(document["records"])
    with pytest.raises(ValueError, match=r"This is no snapshot of such a world: .* (not there|presents)"):
        meeting.here.simulator.restore("here", document)


def test_a_document_from_before_services_kept_anything_is_taken() -> None:
    meeting = Meeting("ana")
    document = meeting.kept()
    for kind in KINDS:
        assert document["records"].pop(kind) == []
    meeting.here.simulator.restore("here", document)
    assert meeting.do("ana", "audioPreview/status") == "NoRecordingAvailable"


def test_nothing_is_left_of_who_is_gone() -> None:
    meeting = lived_in()
    for name in ("ana", "ben", "zoe"):
        assert meeting.here.close(meeting.tokens[name]).status == 204
    records = meeting.kept()["records"]
    assert [kind for kind in KINDS if records[kind]] == ["settings", "previews", "invitations"]
    meeting.world.clock.advance(100_000 + 86_400)
    records = meeting.kept()["records"]
    assert {name: found for name, found in records.items() if found}.keys() == {"series", "applications"}


def test_nothing_is_left_of_who_never_had_a_session() -> None:
    here = Here()
    token = here.world.token("ana", expires_in=100)
    for target, arguments in (("mediaDevice/switchCamera", []), ("audioPreview/record", [5])):
        assert here.use(token, target, *arguments).status == 200
    records = here.world.snapshot()["records"]
    assert (len(records["settings"]), len(records["previews"]), len(records["clients"])) == (1, 1, 0)
    here.world.clock.advance(100 + 86_400)
    records = here.world.snapshot()["records"]
    assert {name for name, found in records.items() if found} == {"series", "applications"}


def test_with_a_refreshed_token_the_devices_are_set_as_before() -> None:
    meeting = Meeting("ana")
    meeting.do("ana", "mediaDevice/switchCamera")
    session = meeting.world.sessions[0].id
    fresh = meeting.world.token("ana", expires_in=1_000_000)
    assert meeting.here.use(fresh, "mediaDevice/isFrontCamera", session=session).body["result"] is False
    meeting.world.clock.advance(100_000 + 86_400)
    assert meeting.here.use(fresh, "mediaDevice/isFrontCamera").body["result"] is False
