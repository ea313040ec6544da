"""What there is to ask, as OpenAPI: the session interface and the control plane, each whole in itself."""

from __future__ import annotations

from functools import cache, cached_property
from importlib import resources
from typing import Any

import yaml

from openfirst_reference.contract.document import read_document
from openfirst_reference.contract.http_surface import packaged_openapi
from openfirst_reference.contract.model import Contract
from openfirst_spec import resource

CONTROL_FILE, REST_FILE = "control.yaml", "rest.yaml"
_TYPES, _SCHEMAS = ("session.yaml#/types/", "#/types/"), "#/components/schemas/"
_HERE = "http://127.0.0.1:{port}"
Description = dict[str, Any]


def control_text() -> str:
    """The description of the control plane, as its file has it."""
    return resources.files(__package__).joinpath(CONTROL_FILE).read_text(encoding="utf-8")


@cache
def rest_description() -> Description:
    """The description of the REST interface."""
    return dict(read_document(resource(REST_FILE), REST_FILE).data)


class Descriptions:
    """The descriptions of a simulator of this contract, whose types they show. They are read when somebody asks."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract

    @cached_property
    def session_interface(self) -> Description:
        """Tokens, the session, and the services behind it."""
        packaged = packaged_openapi()
        document: Description = {} if packaged is None else dict(packaged.data)
        types: dict[str, Any] = {}
        whole = _whole(document, types)
        done: dict[str, Any] = {}
        while types.keys() - done.keys():
            for name in types.keys() - done.keys():
                done[name] = _whole(self._contract.types.get(name, {}), types)
        components = whole.get("components", {})
        schemas = {**components.get("schemas", {}), **{name: done[name] for name in sorted(done)}}
        return _served({**whole, "components": {**components, "schemas": schemas}})

    @cached_property
    def rest_interface(self) -> Description:
        """Conferences, and what an application asks of them."""
        return _served(rest_description())

    @cached_property
    def control_plane(self) -> Description:
        """Worlds and whatever is done to them."""
        return _served(read_document(control_text(), CONTROL_FILE).data)


def as_yaml(description: Description) -> bytes:
    """The description as a file."""
    text: str = yaml.dump(description, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    return text.encode()


def _whole(value: Any, types: dict[str, Any]) -> Any:
    """The value with references to the contract's types leading to schemas beside it; `types` takes in their names."""
    if isinstance(value, list):
        return [_whole(item, types) for item in value]
    if not isinstance(value, dict):
        return value
    made = {key: _whole(item, types) for key, item in value.items()}
    reference = made.get("$ref")
    if isinstance(reference, str) and reference.startswith(_TYPES):
        name = reference.rpartition("/")[2]
        types.setdefault(name, None)
        made["$ref"] = _SCHEMAS + name
    return made


def _served(description: Description) -> Description:
    """The description with its servers where it is read, whatever the port."""
    servers = []
    for server in description.get("servers", ()):
        variables = {name: item for name, item in server.get("variables", {}).items() if name != "port"}
        rest = {key: item for key, item in server.items() if key != "variables"}
        servers.append(
            {**rest, "url": server["url"].removeprefix(_HERE) or "/", **({"variables": variables} if variables else {})}
        )
    return {**description, "servers": servers}


class _Dumper(yaml.SafeDumper):
    """Writes everything out where it stands, and texts of several lines as such."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)
