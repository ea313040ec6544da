"""One call of the REST interface, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from openfirst_simulator.bodies import is_whole, whole
from openfirst_simulator.problems import bad_request, not_found
from openfirst_simulator.records import REGIONS, Conference
from openfirst_simulator.services import Scene
from openfirst_simulator.services.mixing import MixOptions

LATEST = 9_999_999_999_999
"""What the clients send as the end of time, in milliseconds since 1970."""


@dataclass(frozen=True)
class File:
    """The body of an answer that is a file; there is no media, so it is empty."""

    content_type: str


@dataclass(frozen=True)
class Call:
    """What an application asks. `host` is whom it asked; `path`, `query` and `fields` are what it said there and in the body."""

    scene: Scene
    app: str
    host: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    fields: Mapping[str, Any]

    @property
    def region(self) -> str:
        """The region whose host was asked, such as `eu.comms.api.dolby.io`."""
        name, dot, _ = self.host.partition(".")
        return name if dot and name in REGIONS else REGIONS[-1]

    @property
    def conference(self) -> Conference:
        """The conference that is meant, which goes on. Raises Problem."""
        known = self.conference_of_old
        if known.ended is not None:
            raise not_found(f"The conference `{known.alias}` has ended. Create it anew.")
        return known

    @property
    def conference_of_old(self) -> Conference:
        """The conference that is meant, even one that has ended. Raises Problem."""
        identifier = self.path["conferenceId"]
        known = self.scene.draft.get(Conference, identifier)
        if known is None or known.app != self.app:
            raise not_found(
                f"The application has no conference with the ID `{identifier[:80]}`. Take one that `createConference` gave."
            )
        return known

    @property
    def mix(self) -> MixOptions:
        """What is said of a mix."""
        names = {"layoutUrl": "layout_url", "width": "width", "height": "height", "mixId": "mix_id"}
        given: Any = {own: whole(self.fields[name]) for name, own in names.items() if self.fields.get(name) is not None}
        options: MixOptions = given
        return options

    def flag(self, name: str) -> bool:
        """A field of the query that is true or false; Python writes `True`, and Node `true`. Raises Problem."""
        value = self.query.get(name, "").lower()
        if value not in ("", "true", "false"):
            raise bad_request(f"`{name}` is `{value[:40]}`. Send true or false.")
        return value == "true"

    def number(self, name: str, default: int, least: int = 0) -> int:
        """A field of the query that is a whole number. Raises Problem."""
        value = self.query.get(name, "")
        if value == "":
            return default
        if not is_whole(value) or int(value) < least:
            raise bad_request(f"`{name}` is `{value[:40]}`. Send a whole number, {least} or more.")
        return int(value)


Do = Callable[[Call], Any]
"""What an endpoint does: changes the draft of the call's scene, and gives the body of the answer. Raises Problem."""
