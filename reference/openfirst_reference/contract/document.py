"""Read YAML files into plain data that remembers where each entry stands, and lay overlays on top."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from openfirst_reference.contract.findings import ContractError, Finding, Place

Json = dict[str, Any]
"""A JSON object."""

Path_ = tuple[str | int, ...]
_TEXT = "tag:yaml.org,2002:str"


def word(value: object) -> str:
    """A value as the contract's vocabularies spell it: YAML's true, false and null are the words `true`, `false`, `null`."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


class Document:
    """Plain data (`data`) and the place of every entry. A section whose items all have an `id` is kept as a map by that id."""

    def __init__(
        self, data: dict[str, Any], places: Mapping[Path_, Place], file: str, before: Document | None = None
    ) -> None:
        self.data = data
        self.places = places
        self.file = file
        self.before = before  # what an overlay was laid on
        self.idle: list[Path_] = [*before.idle] if before else []  # what an overlay removes, and was not there

    def place(self, *path: str | int) -> Place:
        """Where the entry stands, or the nearest entry around it."""
        while path:
            if path in self.places:
                return self.places[path]
            path = path[:-1]
        return self.places.get((), Place(self.file, 1, 1))

    def finding(self, path: Path_, found: str, remedy: str, kind: str = "contract", severity: str = "error") -> Finding:
        """What is wrong with the entry at `path`."""
        return Finding(self.place(*path), found, remedy, kind, severity)


def read_document(text: str, file: str, section: str = "rules") -> Document:
    """Parse YAML text; `file` is the name that findings show, and `section` one that it may begin with.

    Raises ContractError for text that is not such a document.
    """
    return Document(_parsed(text, file, section), _Places(text, file, section), file)


class _Places(Mapping[Path_, Place]):
    """Where the entries of a text stand. Few ask, so the text is read again for it and not before."""

    def __init__(self, text: str, file: str, section: str) -> None:
        self._text, self._file, self._section = text, file, section

    @cached_property
    def _all(self) -> dict[Path_, Place]:
        places: dict[Path_, Place] = {}
        _parsed(self._text, self._file, self._section, places)
        return places

    def __getitem__(self, path: Path_) -> Place:
        return self._all[path]

    def __iter__(self) -> Iterator[Path_]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)


def _parsed(text: str, file: str, section: str, places: dict[Path_, Place] | None = None) -> dict[str, Any]:
    """The data of a text, and in `places` where each entry stands, if somebody wants to know."""
    loader = yaml.CSafeLoader(text)
    try:
        node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            raise ContractError(
                [
                    Finding(
                        Place(file, 1, 1),
                        "This is not a map of sections.",
                        f"Start with a section, such as `{section}:`.",
                    )
                ]
            )
        data = _plain(loader, node, (), places, file)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file, 1, 1)
        found = f"This is not YAML: {error.problem}."
        raise ContractError([Finding(place, found, "Mend the line named here, or the one before it.")]) from None
    except yaml.YAMLError as error:
        found = f"This is not YAML text: {error}."
        raise ContractError([Finding(Place(file, 1, 1), found, "Save the file as UTF-8 text.")]) from None
    finally:
        loader.dispose()
    assert isinstance(data, dict)
    return data


def read_file(path: Path, section: str = "rules") -> Document:
    """Parse the file at `path`; see `read_document`. Raises ContractError also when there is no such file."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        found = f"The file cannot be read: {error.strerror}."
        raise ContractError([Finding(Place(str(path), 1, 1), found, "Check the path.")]) from None
    except UnicodeDecodeError:
        raise ContractError(
            [Finding(Place(str(path), 1, 1), "This is not UTF-8 text.", "Save the file as UTF-8.")]
        ) from None
    return read_document(text, str(path), section)


def lay_over(base: Document, overlay: Document) -> Document:
    """`overlay` on top of `base`: maps are merged, `null` removes an entry, anything else takes the place of what was there."""
    places = dict(base.places)
    idle: list[Path_] = []
    document = Document(_merged(base.data, overlay.data, (), places, overlay.places, idle), places, base.file, base)
    document.idle += idle
    return document


def _plain(
    loader: Any,
    node: Any,
    path: Path_,
    places: dict[Path_, Place] | None,
    file: str,
    around: frozenset[int] = frozenset(),
) -> Any:
    if places is not None:
        places[path] = _place(node, file)
    if isinstance(node, yaml.ScalarNode):
        return node.value if node.tag == _TEXT else loader.construct_object(node)
    if id(node) in around:
        found, remedy = "This entry contains itself.", "Write out what `*` stands for."
        raise ContractError([Finding(_place(node, file), found, remedy)])
    around |= {id(node)}
    if isinstance(node, yaml.MappingNode):
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                where = _place(key, file)
                raise ContractError([Finding(where, "A name here is a list or a map.", "Let each name be one word.")])
        own_keys = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        if len(set(own_keys)) < len(own_keys):
            twice = next(name for name in own_keys if own_keys.count(name) > 1)
            found, remedy = f"`{twice}` stands here twice.", "Keep one of the two entries."
            raise ContractError([Finding(_place(node, file), found, remedy)])
        loader.flatten_mapping(node)
        result: dict[str, Any] = {}
        for key, value in node.value:
            name = str(key.value)
            result[name] = _plain(loader, value, (*path, name), places, file, around)
            if places is not None:
                places[*path, name] = _place(key, file)
        return result
    # Only a section's own list: an `id` deeper down, as in a method's arguments, is data.
    ids = [_id_of(item) for item in node.value] if len(path) == 1 else []
    if ids and all(ids):
        keyed: dict[str, Any] = {}
        for id_, item in zip(ids, node.value, strict=True):
            assert id_ is not None
            if id_ in keyed:
                where = _place(item, file)
                raise ContractError([Finding(where, f"The id `{id_}` is used twice.", "Give one of them another id.")])
            keyed[id_] = _plain(loader, item, (*path, id_), places, file, around)
        return keyed
    return [_plain(loader, item, (*path, index), places, file, around) for index, item in enumerate(node.value)]


def _place(node: Any, file: str) -> Place:
    return Place(file, node.start_mark.line + 1, node.start_mark.column + 1)


def _id_of(node: Any) -> str | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == "id" and isinstance(value, yaml.ScalarNode):
                return str(value.value)
    return None


def _merged(
    base: Any,
    over: Any,
    path: Path_,
    places: dict[Path_, Place],
    over_places: Mapping[Path_, Place],
    idle: list[Path_],
) -> Any:
    if not (isinstance(base, dict) and isinstance(over, dict)):
        for known in [known for known in places if known[: len(path)] == path]:
            del places[known]
        places.update({known: place for known, place in over_places.items() if known[: len(path)] == path})
        return _without_nulls(over)
    merged = dict(base)
    for name, value in over.items():
        below = (*path, name)
        if value is None:
            if merged.pop(name, None) is None:
                idle.append(below)
            places.update({known: place for known, place in over_places.items() if known == below})
        elif name in merged:
            merged[name] = _merged(merged[name], value, below, places, over_places, idle)
        else:
            merged[name] = _without_nulls(value)
            places.update({known: place for known, place in over_places.items() if known[: len(below)] == below})
    return merged


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(entry) for name, entry in value.items() if entry is not None}
    return value
