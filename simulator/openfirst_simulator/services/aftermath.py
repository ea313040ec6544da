"""What else follows where a conference has changed, whoever changed it: by a call, by REST, or by the passing of time."""

from __future__ import annotations

from functools import partial

from openfirst_reference.contract.document import Json
from openfirst_simulator.records import Conference, Visit
from openfirst_simulator.services import file_presentation, media, notification, video_presentation
from openfirst_simulator.services.scene import Scene


def settle(scene: Scene) -> None:
    """Whoever is to hear of it does, and what was of who has left, or of a conference that is over, is no more."""
    draft = scene.draft
    for (kind, identifier), after in list(draft.changes.items()):
        if kind is not Conference or not isinstance(after, Conference):
            continue
        before = draft.store.load(Conference, identifier)
        if before is None:
            notification.created(scene, after)
        _members(scene, before, after)
        if before is not None and before.grants != after.grants and after.protected:
            media.check_permissions(scene, after)
            video_presentation.check_permission(scene, after)
            file_presentation.check_permission(scene, after)
        if after.ended is not None and (before is None or before.ended is None):
            notification.ended(scene, after)
            notification.forget(scene, identifier)


def _members(scene: Scene, before: Conference | None, after: Conference) -> None:
    were = {} if before is None else before.members
    come, gone = (
        [*(one for one in these if one not in those)] for these, those in ((after.members, were), (were, after.members))
    )
    for name in come:
        client = scene.client(name)
        if client is not None:
            notification.joined(scene, after, client)
    for name in gone:
        participant = partial(_gone, scene, were[name].visit)
        media.end(scene, name, after)
        video_presentation.end(scene, after, owner=name)
        file_presentation.end(scene, after, owner=name, leaving=participant)
        notification.left(scene, after, participant)
    if come or gone:
        notification.active(scene, after)


def _gone(scene: Scene, visit: str) -> Json:
    """The participant that somebody has been, who has left."""
    over = scene.draft.get(Visit, visit)
    if over is None:
        return {}
    return {
        "id": over.participant,
        "info": {"name": over.name, "avatarUrl": over.avatar_url, "externalId": over.external_id},
        "status": "LEFT",
        "type": over.type,
        "streams": [],
    }
