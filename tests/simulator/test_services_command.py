"""Messages reach the others in the same conference, and nobody else."""

from __future__ import annotations

from tests.simulator.meeting import Meeting


def test_a_message_reaches_the_others_with_who_sent_it() -> None:
    meeting = Meeting("ana", "ben", "zoe")
    meeting.come()
    assert meeting.do("ana", "command/send", '{"tempo": 96}') is None
    message = ("command.messageReceived", {"participant": meeting.shown("ana"), "message": '{"tempo": 96}'})
    assert meeting.hears("ben") == meeting.hears("zoe") == [message]
    assert meeting.hears("ana") == []


def test_a_listener_gets_messages_too() -> None:
    meeting = Meeting()
    meeting.come("ana")
    meeting.come("ben", how="listen")
    meeting.do("ana", "command/send", "hi")
    assert [name for name, _ in meeting.hears("ben")] == ["command.messageReceived"]


def test_whoever_is_in_no_conference_or_in_another_one_gets_nothing_and_who_is_in_none_sends_nothing() -> None:
    meeting = Meeting("ana", "ben", "zoe")
    meeting.come("ana")
    elsewhere = meeting.do("zoe", "conference/create", {"alias": "concert"})
    meeting.do("zoe", "conference/join", elsewhere)
    meeting.forget()
    meeting.do("ana", "command/send", "hi")
    assert meeting.hears("ben") == meeting.hears("zoe") == []
    assert meeting.asked("ben", "command/send", "hi") == (409, "not-in-conference")
    meeting.do("ana", "conference/leave")
    assert meeting.asked("ana", "command/send", "hi") == (409, "not-in-conference")


def test_a_message_is_a_text() -> None:
    meeting = Meeting()
    meeting.come()
    for arguments in ((), (None,), ({"a": 1},), (7,)):
        assert meeting.asked("ana", "command/send", *arguments) == (400, "invalid-request")
    assert meeting.hears("ben") == []
    assert meeting.do("ana", "command/send", "") is None
