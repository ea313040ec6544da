"""The services behind the gate, as far as they are modelled: one module a service. Who comes here, the contract decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from openfirst_reference.contract.findings import Mistake, did_you_mean
from openfirst_reference.contract.model import Method
from openfirst_simulator.records import Client
from openfirst_simulator.services import conference, mixing, recording
from openfirst_simulator.services.conference import KEPT
from openfirst_simulator.services.scene import Model, Scene, Setting

__all__ = ["KEPT", "Scene", "Services", "Setting"]


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

    def models(self, target: str) -> bool:
        """Whether the method `service/method` is modelled."""
        return target in self._methods and self._methods[target].model in _MODELS

    def not_modelled(self, target: str) -> str:
        """The sentence for a method that may be called and is not modelled."""
        modelled = ", ".join(name for name in self._methods if self.models(name))
        return f"{target} is not modelled here; modelled are {modelled}."

    def call(self, target: str, client: Client, arguments: list[Any]) -> Any:
        """The result of a modelled method. Raises Problem where the service itself refuses."""
        return _MODELS[str(self._methods[target].model)](self._scene, client, arguments)

    def follow(self, client: Client, *, in_conference: bool) -> Client:
        """What the contract has decided about the client's conference: one that it is not in, it has left."""
        return client if in_conference else conference.left(self._scene, client)

    def over(self, what: str, identifier: str) -> bool:
        """The time of something is over: `what`, and of which conference. Whether it is a matter of a service's."""
        happens = TIMES.get(what)
        if happens is not None:
            happens(self._scene, identifier)
        return happens is not None

    def forget(self, client: Client) -> None:
        """A client of the moment leaves nothing behind."""
        client = self._scene.client(client.id) or client
        self._scene.draft.drop(conference.left(self._scene, client))


_MODELS: dict[str, Model] = {
    f"{service}.{method}": model
    for service, models in {"conference": conference.MODELS, "recording": recording.MODELS}.items()
    for method, model in models.items()
}

TIMES: dict[str, Callable[[Scene, str], None]] = {
    conference.ENDS: conference.deserted,
    conference.FORGOTTEN: conference.forgotten,
    mixing.REMIXED: mixing.remixed,
}
"""What happens when the time of something of a conference is over, by the name that its timer has."""
