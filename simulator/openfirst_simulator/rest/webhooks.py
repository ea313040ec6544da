"""What was posted to the webhook, each attempt with what came back."""

from __future__ import annotations

from typing import Any

from openfirst_simulator.records import Delivery
from openfirst_simulator.rest.call import Call
from openfirst_simulator.rest.paging import expression, page
from openfirst_simulator.services.notices import milliseconds


def every(call: Call) -> Any:
    """The attempts for all conferences of the application, in a time range."""
    return _page(call, [each for each in call.scene.draft.store.every(Delivery) if each.app == call.app])


def of_conference(call: Call) -> Any:
    """The attempts for one conference."""
    return _page(call, call.scene.draft.find(Delivery, Delivery.index, call.conference_of_old.id))


def _page(call: Call, deliveries: list[Delivery]) -> Any:
    is_meant = expression(call, "type")
    return page(
        call,
        [each for each in deliveries if each.sent is not None and is_meant(each.event)],
        lambda each: (each.sent or 0.0, each.id),
        lambda some: {"webhooks": [_shown(each) for each in some]},
    )


def _shown(delivery: Delivery) -> Any:
    return {
        "id": delivery.id,
        "webhook": delivery.body,
        "url": delivery.url,
        "confId": delivery.conference,
        "thirdPartyId": delivery.app,
        "ts": milliseconds(delivery.sent or 0.0),
        "response": {"status": delivery.status, "headers": dict(delivery.headers)},
    }
