"""Where the platform is asked: the session interface and the tokens by their description, the rest of the public interface here.

The table follows the platform's two REST clients (`dolbyio-rest-apis` 4.0.1 on PyPI, `@dolbyio/dolbyio-rest-apis-client` 4.1.0 on
npm), and .NET 1.3.1 where that asks elsewhere. `rest.yaml` describes the same; it is read only when somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from openfirst_reference.contract.http_surface import Endpoint, surface

_OF, _MIX, _MONITOR = "/v2/conferences/{conferenceId}", "/v2/conferences/mix/{conferenceId}", "/v1/monitor"
_RTS = "/v3/conferences/mix/{conferenceId}/rts"
# Name, method, path, the status of an answer that accepts, and whether there is a body.
_TABLE = (
    ("createConference", "POST", "/v2/conferences/create", 200, True),
    ("inviteToConference", "POST", f"{_OF}/invite", 200, True),
    ("kickFromConference", "POST", f"{_OF}/kick", 204, True),
    ("sendMessage", "POST", f"{_OF}/message", 204, True),
    ("updatePermissions", "POST", f"{_OF}/permissions", 200, True),
    ("setSpatialListeners", "PUT", f"{_OF}/spatial-listeners-audio", 204, True),
    ("listParticipants", "GET", f"{_OF}/participants", 200, False),
    ("terminateConference", "DELETE", _OF, 204, False),
    ("startRecording", "POST", f"{_MIX}/recording/start", 204, True),
    ("stopRecording", "POST", f"{_MIX}/recording/stop", 204, True),
    ("startRtmp", "POST", f"{_MIX}/rtmp/start", 204, True),
    ("stopRtmp", "POST", f"{_MIX}/rtmp/stop", 204, True),
    ("startRts", "POST", f"{_RTS}/start", 200, True),
    ("stopRts", "POST", f"{_RTS}/stop", 204, True),
    ("startRtsV2", "POST", f"{_MIX}/rts/start", 200, True),
    ("stopRtsV2", "POST", f"{_MIX}/rts/stop", 204, True),
    ("startRemix", "POST", f"{_MIX}/remix/start", 200, True),
    ("getRemixStatus", "GET", f"{_MIX}/remix/status", 200, False),
    ("listConferences", "GET", f"{_MONITOR}/conferences", 200, False),
    ("getConference", "GET", f"{_MONITOR}/conferences/{{conferenceId}}", 200, False),
    ("getConferenceStatistics", "GET", f"{_MONITOR}/conferences/{{conferenceId}}/statistics", 200, False),
    ("listConferenceParticipants", "GET", f"{_MONITOR}/conferences/{{conferenceId}}/participants", 200, False),
    ("getConferenceParticipant", "GET", f"{_MONITOR}/conferences/{{conferenceId}}/participants/{{userId}}", 200, False),
    ("listRecordings", "GET", "/v2/monitor/recordings", 200, False),
    ("listConferenceRecordings", "GET", "/v2/monitor/conferences/{conferenceId}/recordings", 200, False),
    ("deleteConferenceRecordings", "DELETE", "/v2/monitor/conferences/{conferenceId}/recordings", 204, False),
    ("downloadRecording", "GET", "/v2/monitor/recordings/{recordingId}/{filename}", 200, False),
    ("listWebhooks", "GET", f"{_MONITOR}/webhooks", 200, False),
    ("listConferenceWebhooks", "GET", f"{_MONITOR}/conferences/{{conferenceId}}/webhooks", 200, False),
)
REST_ENDPOINTS: Mapping[str, Endpoint] = {
    name: Endpoint(name, method, path, status, None, has_body, None) for name, method, path, status, has_body in _TABLE
}
"""The REST interface beside the tokens, by `operationId`."""


@cache
def everywhere() -> Mapping[str, Endpoint]:
    """All that a platform may be asked, by `operationId`."""
    return {**surface(), **REST_ENDPOINTS}
