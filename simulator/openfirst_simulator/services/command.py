"""Messages to the others in the same conference.

`@dolbyio/comms-sdk-react-native` 3.10.1: the message goes "to all other participants" (`RNCommandServiceModule.kt`), whoever
is in no conference cannot send one (the same: "Couldn't find the conference"), and what arrives is `{participant, message}`,
with who sent it (`src/services/command/events.ts`, `ios/Services/Models/MessageDTO.swift`).
"""

from __future__ import annotations

from typing import Any

from openfirst_simulator.problems import bad_request
from openfirst_simulator.records import Client
from openfirst_simulator.services.company import shown, tell
from openfirst_simulator.services.conference import joined, may
from openfirst_simulator.services.scene import Model, Scene, argument


def _send(scene: Scene, client: Client, arguments: list[Any]) -> None:
    message = argument(arguments, 0, str, "the message", "a text (JSON as one, for example)")
    if message is None:
        raise bad_request("`arguments[0]` is the message, and is not there. Send a text.")
    conference = joined(scene, client)
    may(scene, conference, client, "SEND_MESSAGE")
    data = {"participant": shown(scene, conference, client), "message": message}
    tell(scene, conference, "command.messageReceived", data, but=client.id)


MODELS: dict[str, Model] = {"send": _send}
