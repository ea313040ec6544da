"""What was: conferences, who was in them, their statistics and recordings. Times and durations are in milliseconds."""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Iterable
from typing import Any

from openfirst_simulator.problems import Problem, forbidden, not_found
from openfirst_simulator.records import Conference, Mix, Recording, Stream, Visit
from openfirst_simulator.rest.call import Call, File
from openfirst_simulator.rest.paging import expression, page
from openfirst_simulator.services import notices
from openfirst_simulator.services.conference import visits_of
from openfirst_simulator.services.mixing import recordings_of
from openfirst_simulator.services.notices import MEDIA_TYPES, metadata, milliseconds

TYPES = ("user", "listener", "pstn", "mixer")
_Of = tuple[Recording, str]


def conferences(call: Call) -> Any:
    """The conferences of the application that began in a time range."""
    is_meant, active, external_id = expression(call, "alias"), call.flag("active"), call.query.get("exid") or None
    found = (
        each
        for each in call.scene.draft.store.every(Conference)
        if each.app == call.app
        and is_meant(each.alias)
        and (each.ended is None or not active)
        and external_id in (None, each.owner[1])
    )
    live = call.flag("livestats")
    return page(
        call,
        found,
        lambda each: (each.created, each.id),
        lambda some: {"conferences": [_summary(call, each, live=live) for each in some]},
    )


def conference(call: Call) -> Any:
    """One conference."""
    return _summary(call, call.conference_of_old, live=call.flag("livestats"))


def statistics(call: Call) -> Any:
    """The statistics of a conference that has ended."""
    known = call.conference_of_old
    if known.ended is None:
        raise not_found(f"The conference `{known.alias}` goes on, and has no statistics yet. End it first.")
    return _statistics(call, known)


def participants(call: Call) -> Any:
    """Who was in a conference, by participant ID."""
    return _participants(call, visits_of(call.scene, call.conference_of_old))


def participant(call: Call) -> Any:
    """One who was in a conference, by participant ID or external ID; Python reads it at the top, and Node in `participants`."""
    known, wanted = call.conference_of_old, call.path["userId"]
    visits = [each for each in visits_of(call.scene, known) if wanted in (each.participant, each.external_id)]
    if not visits:
        raise not_found(f"Nobody with the ID `{wanted[:80]}` was in the conference `{known.alias}`. Take another one.")
    answer = _participants(call, visits)
    found = next(iter(answer["participants"].values()), None)
    return answer if found is None else {**answer, wanted: found}


def recordings(call: Call) -> Any:
    """The recordings of the application that ended in a time range."""
    every = call.scene.draft.store.every(Recording)
    mine = [each for each in every if (of := _conference(call, each)) is not None and of.app == call.app]
    return _recordings(call, mine)


def conference_recordings(call: Call) -> Any:
    """The recordings of one conference."""
    known = call.conference_of_old
    made = call.scene.draft.find(Recording, Recording.index, known.id)
    return {
        "conference": notices.of(known),
        "liveConference": known.ended is None,
        **_recordings(call, made),
    }


def delete_recordings(call: Call) -> None:
    """The recordings of a conference that have ended are no more."""
    known = call.conference_of_old
    over = [each for each in call.scene.draft.find(Recording, Recording.index, known.id) if each.ended is not None]
    if not over:
        raise not_found(f"The conference `{known.alias}` has no recording that has ended. Stop the recording first.")
    for each in over:
        call.scene.draft.drop(each)


def download(call: Call) -> File:
    """The file of a recording, which is empty: there is no media. Its address is signed, and good for ten minutes."""
    identifier, filename = call.path["recordingId"], call.path["filename"]
    expires = call.number("expires", 0)
    signature = call.scene.setting.signature(f"/v2/monitor/recordings/{identifier}/{filename}", expires)
    if not hmac.compare_digest(signature.encode(), call.query.get("signature", "").encode()):
        raise forbidden("The address is not signed by the platform. Take it from a list of recordings as it is.")
    if expires <= call.scene.now:
        raise forbidden("The address is past its time. Take a fresh one from a list of recordings.")
    made = call.scene.draft.get(Recording, identifier)
    if made is None:
        raise not_found("The recording is no more. Take another one from a list of recordings.")
    return File(MEDIA_TYPES[filename.rpartition(".")[2]])


def _conference(call: Call, mix: Mix) -> Conference | None:
    return call.scene.draft.get(Conference, mix.conference)


def _summary(call: Call, known: Conference, *, live: bool) -> Any:
    """A conference; of one that goes on, a part is shown alone, as documented."""
    visits = visits_of(call.scene, known)
    owner = next((each for each in visits if each.participant == known.owner[0]), None)
    shown: dict[str, Any] = {
        "confId": known.id,
        "alias": known.alias,
        "region": known.region,
        "dolbyVoice": notices.dolby_voice(known),
        "start": milliseconds(known.created),
        "live": known.ended is None,
        "owner": {
            "userId": known.owner[0],
            "metadata": metadata(owner) if owner is not None else {"externalId": known.owner[1]},
        },
    }
    if known.ended is None:
        return {**shown, **_heads(each for each in visits if each.left is None)} if live else shown
    made = recordings_of(call.scene, known)
    streams = call.scene.draft.find(Stream, Stream.index, known.id)
    recorded = _time(call, made)
    rts = [each for each in streams if each.kind == "rts"]
    return {
        **shown,
        "end": milliseconds(known.ended),
        "duration": milliseconds(known.ended - known.created),
        "type": notices.CONFERENCE_TYPE,
        "presenceDuration": milliseconds(sum((each.left or call.scene.now) - each.joined for each in visits)),
        "recordingDuration": recorded,
        "mixerLiveRecording": recorded,
        "mixerHlsStreaming": 0,
        "mixerRtmpStreaming": _time(call, [each for each in streams if each.kind == "rtmp"]),
        **_heads(visits),
        "statistics": _statistics(call, known),
        "streamingAPIUsage": {"publishes": len(rts), "publishDurationSec": _time(call, rts) // 1000},
    }


def _heads(visits: Iterable[Visit]) -> dict[str, int]:
    """How many there were of each type."""
    people = {(each.participant, each.type) for each in visits}
    count = Counter(kind for _, kind in people)
    return {"nbUsers": count["USER"], "nbListeners": count["LISTENER"], "nbPstn": 0}


def _statistics(call: Call, known: Conference) -> Any:
    """How many there were at once. Of the network nothing is known, for there is no media."""
    visits = visits_of(call.scene, known)
    mixes: list[Mix] = [
        *recordings_of(call.scene, known),
        *call.scene.draft.find(Stream, Stream.index, known.id),
    ]
    spans = {kind: [(each.joined, each.left) for each in visits if each.type == kind] for kind in ("USER", "LISTENER")}
    spans["MIXER"] = [(each.started, each.ended) for each in mixes]
    at_once = {kind: _at_once(some, call.scene.now) for kind, some in spans.items()}
    return {"maxParticipants": {**at_once, "PSTN": 0}, "network": {}}


def _at_once(spans: Iterable[tuple[float, float | None]], now: float) -> int:
    """How many of these there were at once, at most. One that ends as another begins is gone by then."""
    changes = sorted(change for begin, end in spans for change in ((begin, 1), (now + 1 if end is None else end, -1)))
    most = here = 0
    for _, change in changes:
        here += change
        most = max(most, here)
    return most


def _time(call: Call, mixes: Iterable[Mix]) -> int:
    return milliseconds(sum((each.ended or call.scene.now) - each.started for each in mixes))


def _participants(call: Call, visits: list[Visit]) -> Any:
    kind = call.query.get("type", "")
    if kind not in ("", *TYPES):
        raise Problem(
            400, "invalid-request", "The request cannot be used", f"`type` is `{kind[:40]}`. Send {', '.join(TYPES)}."
        )
    grouped: dict[str, list[Visit]] = {}
    for each in visits:
        if kind in ("", each.type.lower()):
            grouped.setdefault(each.participant, []).append(each)
    return page(
        call,
        list(grouped.items()),
        lambda item: (item[1][0].joined, item[0]),
        lambda some: {
            "participants": {
                name: {"connections": [_connection(call, each) for each in theirs], "stats": {}}
                for name, theirs in some
            }
        },
    )


def _connection(call: Call, visit: Visit) -> Any:
    shown = {
        "type": visit.type,
        "start": milliseconds(visit.joined),
        "duration": milliseconds((visit.left or call.scene.now) - visit.joined),
        "metadata": metadata(visit),
    }
    return shown if visit.left is None else {**shown, "end": milliseconds(visit.left), "reason": visit.reason}


def _recordings(call: Call, made: Iterable[Recording]) -> Any:
    """The files of recordings that have ended, by that time."""
    media, kind, region = (call.query.get(name) or None for name in ("mediaType", "type", "region"))
    files: list[_Of] = []
    for each in made:
        of = _conference(call, each)
        if each.ended is None or of is None or kind not in (None, "mix") or region not in (None, of.region):
            continue
        files += [(each, form) for form in each.formats if media in (None, MEDIA_TYPES[form])]
    return page(
        call,
        files,
        lambda item: (item[0].ended or 0.0, f"{item[0].id} {item[1]}"),
        lambda some: {"recordings": [_file(call, each, form) for each, form in some]},
    )


def _file(call: Call, made: Recording, form: str) -> Any:
    of = _conference(call, made)
    return None if of is None else notices.file(call.scene, of, made, form)
