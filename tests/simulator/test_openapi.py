"""openapi.yaml: valid, whole, and of one mind with the routes and the contract."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import as_file, files
from typing import Any

import pytest
import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator
from openapi_spec_validator.readers import read_from_filename

from openfirst_reference.contract.load import load_contract
from openfirst_simulator.descriptions import control_text
from openfirst_simulator.routes import SESSION_ROUTES, TOKEN_ROUTES
from openfirst_spec import resource

METHODS = ("get", "post", "put", "patch", "delete")


@pytest.fixture(scope="module")
def documents() -> dict[str, Any]:
    return {name: yaml.safe_load(resource(name)) for name in ("openapi.yaml", "session.yaml")}


@pytest.fixture(scope="module")
def openapi(documents: dict[str, Any]) -> Any:
    return documents["openapi.yaml"]


def operations(openapi: Any) -> Iterator[tuple[str, str, Any]]:
    for path, item in openapi["paths"].items():
        for method in METHODS:
            if method in item:
                yield method.upper(), path, item[method]


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nodes(item)


@pytest.mark.parametrize(
    "text", [resource("openapi.yaml"), resource("rest.yaml"), control_text()], ids=["session", "rest", "control"]
)
def test_no_comma_of_a_sentence_makes_a_key(text: str) -> None:
    """In braces YAML takes what comes behind a comma for another key, which has nothing to say."""
    empty = [
        key for node in nodes(yaml.safe_load(text)) for key, value in node.items() if value is None and " " in str(key)
    ]
    assert empty == []


def test_it_is_valid_openapi_3_1() -> None:
    with as_file(files("openfirst_spec")) as folder:
        document, base = read_from_filename(str(folder / "openapi.yaml"))
        errors = list(OpenAPIV31SpecValidator(document, base_uri=base).iter_errors())
    assert errors == []


def test_every_reference_leads_somewhere(documents: dict[str, Any]) -> None:
    references = {node["$ref"] for node in nodes(documents["openapi.yaml"]) if "$ref" in node}
    # One of each kind, so that the test is about something.
    assert {"session.yaml#/types/Participant", "#/components/responses/Conflict"} <= references
    for reference in references:
        file, _, pointer = reference.partition("#")
        here = documents[file or "openapi.yaml"]
        for part in pointer.removeprefix("/").split("/"):
            assert part in here, reference
            here = here[part]


def test_nothing_of_its_components_is_left_over(openapi: Any) -> None:
    references = {node["$ref"] for node in nodes(openapi) if "$ref" in node}
    for kind in ("parameters", "schemas", "responses"):
        assert {f"#/components/{kind}/{name}" for name in openapi["components"][kind]} <= references
    used = {name for _, _, operation in operations(openapi) for item in operation["security"] for name in item}
    assert used == set(openapi["components"]["securitySchemes"])


def test_what_any_request_may_come_to_is_described_everywhere(openapi: Any) -> None:
    for _, _, operation in operations(openapi):
        assert {"404", "408", "415", "417", "500"} <= set(operation["responses"]), operation["operationId"]
        assert ("413" in operation["responses"]) is ("requestBody" in operation), operation["operationId"]
    assert "405" in openapi["info"]["description"]


def test_it_has_the_routes_of_the_simulator_and_no_others(openapi: Any) -> None:
    described = {(method, path, operation["operationId"]) for method, path, operation in operations(openapi)}
    routes = {
        (route.endpoint.method, route.endpoint.path, route.endpoint.name) for route in (*SESSION_ROUTES, *TOKEN_ROUTES)
    }
    assert described == routes


def test_operations_are_called_as_in_the_contract(openapi: Any) -> None:
    contract = load_contract()
    client_calls = {name for name, operation in contract.operations.items() if not operation.by_world}
    described = {operation["operationId"] for _, _, operation in operations(openapi)}
    # Initialising is a matter of the SDK alone; the other four are what a client needs besides.
    assert described & client_calls == client_calls - {"initialize", "initializeToken"}
    assert described - client_calls == {
        "listSessions",
        "events",
        "getApiToken",
        "getClientAccessToken",
        "getClientAccessTokenV1",
    }


def test_every_error_that_an_operation_may_give_has_its_status(openapi: Any) -> None:
    contract = load_contract()
    for _, _, operation in operations(openapi):
        stated = contract.operations.get(operation["operationId"])
        for code in stated.errors if stated else ():
            assert str(contract.errors[code].status) in operation["responses"], (
                operation["operationId"],
                code,
            )


def test_what_is_in_a_path_is_a_parameter(openapi: Any) -> None:
    for path, item in openapi["paths"].items():
        known = [
            openapi["components"]["parameters"].get(str(p.get("$ref")).rpartition("/")[2], p)
            for p in item.get("parameters", [])
        ]
        assert {parameter["name"] for parameter in known} == set(re.findall(r"{(\w+)}", path))


@pytest.mark.parametrize("name", ["open", "listSessions"])
def test_links_lead_to_everything_that_takes_a_session_id(openapi: Any, name: str) -> None:
    takers = {operation["operationId"] for _, path, operation in operations(openapi) if "{sessionId}" in path}
    [operation] = [operation for _, _, operation in operations(openapi) if operation["operationId"] == name]
    success = next(response for status, response in operation["responses"].items() if status < "300")
    assert {link["operationId"] for link in success["links"].values()} == takers
    for link in success["links"].values():
        assert list(link["parameters"]) == ["sessionId"]
