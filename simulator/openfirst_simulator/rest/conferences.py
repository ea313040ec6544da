"""Conferences: create, invite, kick, message, permissions, spatial listeners, participants, terminate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from msgspec import structs

from openfirst_simulator.bodies import check_external_id
from openfirst_simulator.problems import bad_request
from openfirst_simulator.records import Conference
from openfirst_simulator.rest.call import Call
from openfirst_simulator.services import conference as service
from openfirst_simulator.services import notification
from openfirst_simulator.services.notices import milliseconds


def create(call: Call) -> Any:
    """A conference with this alias; if there is one, that. With participants it is protected."""
    scene, fields, owner = call.scene, call.fields, call.fields.get("ownerExternalId") or None
    parameters = {name: value for name, value in (fields.get("parameters") or {}).items() if value is not None}
    pincode = parameters.pop("pincode", None)
    check_external_id(owner)
    identifier = scene.participant_id(call.app, owner) if owner else scene.ids.named("application", call.app)
    invited = _invited(fields.get("participants") or {})
    conference, _ = service.made(
        scene,
        call.app,
        fields.get("alias") or None,
        (identifier, owner),
        region=call.region,
        pincode=pincode,
        parameters=parameters,
    )
    if invited and not conference.protected:
        conference = structs.replace(conference, protected=True)
        scene.draft.put(conference)
    tokens = notification.invite(scene, conference, invited, _by(call, owner))
    conference = _now(call, conference.id)
    owner_token = None
    if owner is not None:
        if owner not in tokens:
            _, granted = service.grant(scene, conference, {owner: service.PERMISSIONS}, lambda _: False)
            conference, owner_token = _now(call, conference.id), granted[owner]
        else:
            owner_token = tokens[owner]
    return {
        "conferenceId": conference.id,
        "conferenceAlias": conference.alias,
        "conferencePincode": conference.pincode,
        "isProtected": conference.protected,
        "ownerToken": owner_token,
        "usersTokens": tokens,
    }


def invite(call: Call) -> Any:
    """The conference access tokens of those who are invited, and are not there already."""
    conference = call.conference
    return notification.invite(
        call.scene, conference, _invited(call.fields["participants"]), _by(call, conference.owner[1])
    )


def kick(call: Call) -> None:
    """Who has these external IDs is in the conference no more; of those who are not there, nothing is said."""
    conference = call.conference
    for external_id in dict.fromkeys(call.fields["externalIds"]):
        for client in service.with_external_id(call.scene, conference, external_id):
            service.send_away(call.scene, client)


def message(call: Call) -> None:
    """Those in the conference hear a message, or some of them."""
    scene, conference = call.scene, call.conference
    to = call.fields.get("to")
    data = {
        "participant": service.participant_of(scene, call.app, call.fields["from"]),
        "message": call.fields["message"],
    }
    hearing = (
        [client for name in dict.fromkeys(to) for client in service.with_external_id(scene, conference, name)]
        if to
        else service.everybody(scene, conference)
    )
    for client in hearing:
        scene.emit(client, "command.messageReceived", data)


def permissions(call: Call) -> Any:
    """What somebody may do from now on, and the tokens that say so."""
    wanted = {name: each.get("permissions") or [] for name, each in call.fields["participants"].items()}
    for external_id in wanted:
        _check_named(external_id)
    return service.update_permissions(call.scene, call.conference, wanted)


def spatial_listeners(call: Call) -> None:
    """The spatial audio scene of all listeners, whole: nothing is left of the one before."""
    scene = {name: call.fields[name] for name in ("environment", "listener", "users")}
    call.scene.draft.put(structs.replace(call.conference, spatial=scene))


def participants(call: Call) -> Any:
    """Who is in the conference now."""
    conference = call.conference
    visits = service.visits_of(call.scene, conference)
    times = Counter(visit.participant for visit in visits)
    return {
        "participants": [
            {
                "userId": visit.participant,
                "externalId": visit.external_id,
                "name": visit.name,
                "avatarUrl": visit.avatar_url,
                "ipAddress": "127.0.0.1",
                "userAgent": None,
                "lastJoinTimestamp": milliseconds(visit.joined),
                "nbSession": times[visit.participant],
            }
            for visit in visits
            if visit.left is None
        ]
    }


def terminate(call: Call) -> None:
    """The conference ends, and whoever is in it has left."""
    service.end(call.scene, call.conference)


def _invited(participants: Mapping[str, Any]) -> dict[str, tuple[list[str], bool]]:
    for external_id in participants:
        _check_named(external_id)
    return {
        external_id: (each.get("permissions") or [], bool(each.get("notification")))
        for external_id, each in participants.items()
    }


def _check_named(external_id: str) -> None:
    check_external_id(external_id)
    if external_id == "":
        raise bad_request("`participants` has somebody whose external ID is empty. Send one.")


def _by(call: Call, owner: str | None) -> Any:
    """Who invites: the owner of the conference."""
    return service.participant_of(call.scene, call.app, owner) if owner is not None else None


def _now(call: Call, identifier: str) -> Conference:
    conference = call.scene.draft.get(Conference, identifier)
    if conference is None:
        raise LookupError(f"the conference {identifier} that was just made")
    return conference
