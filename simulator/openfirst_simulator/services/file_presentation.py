"""A converted file that somebody presents in a conference, and which page of it is shown. There are no files, and no images.

`@dolbyio/comms-sdk-react-native` 3.10.1, `src/services/filePresentation/*.ts`: the presenter starts, turns the pages and
stops, and presenter and viewers hear of each as `{filePresentation: {id, imageCount, owner, position}}`; that a file is
converted, only who had it converted hears, as `{fileConverted}`. What is presented is what `start` is given, as on Android
(`FilePresentationMapper.kt`); without a presentation `getCurrent`, `setPage` and `stop` are refused
(`RNFilePresentationServiceModule.kt`). The service is not available for listeners (docs.dolby.io,
android-client-sdk-filepresentationservice).

What no source says: one file at a time, which only its presenter controls, and which ends when that one leaves; it begins at
the position 0. How many images a file comes to, only its content would tell: `convert` answers if the file says that itself,
with `imageCount`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

from msgspec import structs

from openfirst_reference.contract.document import Json
from openfirst_simulator.problems import Problem, bad_request
from openfirst_simulator.records import LONGEST_URL, MOST_IMAGES, Client, Conference, SharedFile
from openfirst_simulator.services.company import shown, stage, tell
from openfirst_simulator.services.conference import joined, may, permitted
from openfirst_simulator.services.scene import Model, NotModelled, Scene, argument

PERMISSION = "SHARE_FILE"


def end(
    scene: Scene, conference: Conference, *, owner: str | None = None, leaving: Callable[[], Json] | None = None
) -> None:
    """The presentation in a conference (of this client, who is `leaving` as that participant) ends."""
    file = scene.draft.get(SharedFile, conference.id)
    if file is not None and owner in (None, file.owner):
        _tell(scene, conference, file, "stopped", None if leaving is None else leaving())
        scene.draft.drop(file)


def check_permission(scene: Scene, conference: Conference) -> None:
    """The presentation in a conference ends, if who presents may not any more."""
    shared = scene.draft.get(SharedFile, conference.id)
    owner = None if shared is None else scene.client(shared.owner)
    if owner is not None and not permitted(scene, conference, owner, PERMISSION):
        end(scene, conference)


def _convert(scene: Scene, client: Client, arguments: list[Any]) -> Json:
    file = argument(arguments, 0, dict, "the file", "an object with its url") or {}
    url = file.get("url")
    if not isinstance(url, str) or not url or len(url) > LONGEST_URL:
        raise bad_request(f"`arguments[0].url` is the file's URL, of at most {LONGEST_URL:,} characters. Send a text.")
    if file.get("imageCount") is None:
        raise NotModelled(
            "How many images a file comes to, only its content would tell, and none is read here. "
            "Say it: {url, imageCount: 3}."
        )
    converted: Json = {
        "id": scene.ids.fresh(),
        "imageCount": _count(file["imageCount"], "arguments[0].imageCount"),
        "ownerId": (scene.participant_of(client) or {}).get("id"),
    }
    name = _name(url)
    if name:
        converted["name"] = name
    scene.emit(client, "filePresentation.fileConverted", {"fileConverted": converted})
    return converted


def _start(scene: Scene, client: Client, arguments: list[Any]) -> None:
    given = argument(arguments, 0, dict, "the converted file", "an object with id and imageCount") or {}
    identifier = given.get("id")
    if not isinstance(identifier, str) or not identifier or len(identifier) > LONGEST_URL:
        raise bad_request("`arguments[0].id` is the converted file's ID. Send what filePresentation/convert gave.")
    images = _count(given.get("imageCount"), "arguments[0].imageCount")
    conference = stage(scene, client)
    may(scene, conference, client, PERMISSION)
    if scene.draft.get(SharedFile, conference.id) is not None:
        raise Problem(
            409,
            "file-presentation-running",
            "A file is presented already",
            "In this conference a file is presented already. Wait until filePresentation/stop was called by who presents it.",
        )
    file = SharedFile(id=conference.id, owner=client.id, file=identifier, images=images)
    scene.draft.put(file)
    _tell(scene, conference, file, "started")


def _set_page(scene: Scene, client: Client, arguments: list[Any]) -> None:
    page = _count(arguments[0] if arguments else None, "arguments[0]")
    file = _own(scene, client)
    if page > file.images:
        raise Problem(
            404,
            "no-such-page",
            "There is no such page",
            f"The file has {file.images} images, and none for the page {page}. Send a smaller number.",
        )
    file = structs.replace(file, page=page)
    scene.draft.put(file)
    _tell(scene, joined(scene, client), file, "updated")


def _stop(scene: Scene, client: Client, arguments: list[Any]) -> None:
    _own(scene, client)
    end(scene, joined(scene, client))


def _get_current(scene: Scene, client: Client, arguments: list[Any]) -> Json:
    conference = joined(scene, client)
    return _shown(scene, conference, _running(scene, conference))


def _own(scene: Scene, client: Client) -> SharedFile:
    """The presentation that is this client's. Raises Problem if there is none, or it is somebody else's."""
    file = _running(scene, stage(scene, client))
    if file.owner != client.id:
        raise Problem(
            403,
            "not-presenter",
            "Somebody else presents",
            "The file is presented by somebody else, who alone can do this. filePresentation/getCurrent says who.",
        )
    return file


def _running(scene: Scene, conference: Conference) -> SharedFile:
    file = scene.draft.get(SharedFile, conference.id)
    if file is None:
        raise Problem(
            409,
            "no-file-presentation",
            "No file is presented",
            "In this conference no file is presented. Call filePresentation/start first.",
        )
    return file


def _tell(scene: Scene, conference: Conference, file: SharedFile, event: str, owner: Json | None = None) -> None:
    data = {"filePresentation": _shown(scene, conference, file, owner)}
    tell(scene, conference, f"filePresentation.{event}", data)


def _shown(scene: Scene, conference: Conference, file: SharedFile, owner: Json | None = None) -> Json:
    presenter = scene.client(file.owner)
    if owner is None and presenter is not None:
        owner = shown(scene, conference, presenter)
    return {"id": file.file, "imageCount": file.images, "owner": owner, "position": file.page}


def _count(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_IMAGES:
        raise bad_request(f"`{name}` must be a whole number from 0 to {MOST_IMAGES:,}. Send it as that.")
    return value


def _name(url: str) -> str:
    """The last part of a URL's path."""
    try:
        return unquote(urlsplit(url).path).rpartition("/")[2]
    except ValueError:
        raise bad_request("`arguments[0].url` is no URL. Send one such as `file:///score.pdf`.") from None


MODELS: dict[str, Model] = {
    "convert": _convert,
    "getCurrent": _get_current,
    "setPage": _set_page,
    "start": _start,
    "stop": _stop,
}
