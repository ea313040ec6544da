"""The services behind the gate, as far as they are modelled: one module a service. Who comes here, the contract decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from openfirst_reference.contract.findings import Mistake, did_you_mean
from openfirst_reference.contract.model import Method
from openfirst_simulator.problems import Problem
from openfirst_simulator.records import Client
from openfirst_simulator.services import (
    aftermath,
    audio_preview,
    command,
    conference,
    devices,
    file_presentation,
    media,
    mixing,
    notification,
    recording,
    video_presentation,
)
from openfirst_simulator.services.conference import KEPT
from openfirst_simulator.services.scene import Model, NotModelled, Scene, Setting

__all__ = ["KEPT", "NotModelled", "Scene", "Services", "Setting"]


class Services:
    """The services of a world, as one decision finds them in its draft.

    `methods` are the contract's, and say which model each has.
    """

    def __init__(self, methods: Mapping[str, Method], scene: Scene) -> None:
        self._methods, self._scene = methods, scene

    @staticmethod
    def check(methods: Mapping[str, Method]) -> None:
        """Raises ValueError for a method that names a model which is not there."""
        for target, method in methods.items():
            if method.model is not None and method.model not in _MODELS:
                raise Mistake(f"{target}: there is no model `{method.model}`. {did_you_mean(method.model, _MODELS)}")

    @staticmethod
    def times() -> frozenset[str]:
        """What timers of services are for."""
        return frozenset(what for times in TIMES.values() for what in times)

    def models(self, target: str) -> bool:
        """Whether the method `service/method` is modelled."""
        return target in self._methods and self._methods[target].model in _MODELS

    def not_modelled(self, target: str) -> str:
        """The sentence for a method that may be called and is not modelled."""
        return f"{target} is not modelled here; docs/services.md lists what is, and why the rest is not."

    def call(self, target: str, client: Client, arguments: list[Any]) -> Any:
        """The result of a modelled method. Raises Problem or NotModelled, and changes nothing, where the service itself refuses."""
        changes = self._scene.draft.changes
        before = dict(changes)
        try:
            return _MODELS[str(self._methods[target].model)](self._scene, client, arguments)
        except (Problem, NotModelled):
            changes.clear()
            changes.update(before)
            raise

    def settle(self) -> None:
        """What else follows where a conference has changed."""
        aftermath.settle(self._scene)

    def unset(self, client: str) -> None:
        """How the devices of a client were set is forgotten with it."""
        devices.unset(self._scene, client)
        audio_preview.release(self._scene, client)

    def follow(self, client: Client, *, in_conference: bool) -> Client:
        """What the contract has decided about the client's conference: one that it is not in, it has left."""
        return client if in_conference else conference.left(self._scene, client)

    def over(self, what: str, identifier: str) -> str | None:
        """The time of something is over: `what`, and of which record. Gives the kind of that if it is a matter of a service's."""
        for kind, times in TIMES.items():
            if what in times:
                times[what](self._scene, identifier)
                return kind
        return None

    def forget(self, client: Client) -> None:
        """A client that is no more leaves nothing behind."""
        self.unset(client.id)
        client = self._scene.client(client.id) or client
        self._scene.draft.drop(conference.left(self._scene, client))


_MODELS: dict[str, Model] = {
    f"{service}.{method}": model
    for models_of in (
        {"conference": conference.MODELS, "recording": recording.MODELS},
        {"command": command.MODELS, "notification": notification.MODELS},
        {"videoPresentation": video_presentation.MODELS, "filePresentation": file_presentation.MODELS},
        {"audioPreview": audio_preview.MODELS},
        # These send something from the beginning: they stand in the place of the conference's own.
        media.MODELS,
        devices.MODELS,
    )
    for service, models in models_of.items()
    for method, model in models.items()
}

TIMES: dict[str, dict[str, Callable[[Scene, str], None]]] = {
    "conference": {
        conference.ENDS: conference.deserted,
        conference.FORGOTTEN: conference.forgotten,
        mixing.REMIXED: mixing.remixed,
    },
    "client": {audio_preview.TRIED: audio_preview.tried},
}
"""What happens when the time of something is over, by what it is of and the name that its timer has."""
