"""The platform's public REST interface, beside the tokens: what an application asks with its API token. One module an area.

Scopes: those that the REST clients document for API tokens. Which of them each call wants, their documentation does not say in all
cases; `docs/rest.md` names what is a choice of ours.
"""

from __future__ import annotations

from collections.abc import Mapping

from openfirst_simulator.rest import conferences, monitor, recording, remix, streaming, webhooks
from openfirst_simulator.rest.call import Call, Do, File

__all__ = ["CALLS", "SCOPES", "Call", "Do", "File"]

_CREATE, _ADMIN, _DESTROY = "comms:conf:create", "comms:conf:admin", "comms:conf:destroy"
_READ, _DELETE, _DOWNLOAD = "comms:monitor:read", "comms:monitor:delete", "comms:monitor:download"
_RECORD, _STREAM = "comms:record:write", "comms:stream:write"
EVERYTHING = "comms:*"

_DONE: Mapping[str, tuple[Do, tuple[str, ...]]] = {
    "createConference": (conferences.create, (_CREATE,)),
    "inviteToConference": (conferences.invite, (_ADMIN,)),
    "kickFromConference": (conferences.kick, (_ADMIN,)),
    "sendMessage": (conferences.message, (_ADMIN,)),
    "updatePermissions": (conferences.permissions, (_ADMIN,)),
    "setSpatialListeners": (conferences.spatial_listeners, (_ADMIN,)),
    "listParticipants": (conferences.participants, (_ADMIN,)),
    "terminateConference": (conferences.terminate, (_DESTROY,)),
    "startRecording": (recording.start, (_RECORD,)),
    "stopRecording": (recording.stop, (_RECORD,)),
    "startRtmp": (streaming.start_rtmp, (_STREAM,)),
    "stopRtmp": (streaming.stop_rtmp, (_STREAM,)),
    "startRts": (streaming.start_rts, (_STREAM,)),
    "stopRts": (streaming.stop_rts, (_STREAM,)),
    "startRtsV2": (streaming.start_rts, (_STREAM,)),
    "stopRtsV2": (streaming.stop_rts, (_STREAM,)),
    "startRemix": (remix.start, ("comms:remix:write",)),
    "getRemixStatus": (remix.status, ("comms:remix:read",)),
    "listConferences": (monitor.conferences, (_READ,)),
    "getConference": (monitor.conference, (_READ,)),
    "getConferenceStatistics": (monitor.statistics, (_READ,)),
    "listConferenceParticipants": (monitor.participants, (_READ,)),
    "getConferenceParticipant": (monitor.participant, (_READ,)),
    "listRecordings": (monitor.recordings, (_READ, _DOWNLOAD)),
    "listConferenceRecordings": (monitor.conference_recordings, (_READ, _DOWNLOAD)),
    "deleteConferenceRecordings": (monitor.delete_recordings, (_DELETE,)),
    "downloadRecording": (monitor.download, ()),
    "listWebhooks": (webhooks.every, (_READ,)),
    "listConferenceWebhooks": (webhooks.of_conference, (_READ,)),
}
CALLS: Mapping[str, Do] = {name: do for name, (do, _) in _DONE.items()}
"""What each endpoint does, by its `operationId`."""
SCOPES: Mapping[str, tuple[str, ...]] = {
    name: (*scopes, EVERYTHING) if scopes else () for name, (_, scopes) in _DONE.items()
}
"""One of which scopes an API token must have for it; none where the address itself is signed."""
