"""rest.yaml: valid, whole, and of one mind with the routes and with the scopes that they want."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from openfirst_simulator.rest import SCOPES
from openfirst_simulator.routes import REST_ROUTES
from openfirst_simulator.services.conference import PERMISSIONS
from tests.simulator.conftest import rest_description
from tests.tracked import ROOT

DOCUMENT = rest_description().document


def operations() -> Iterator[tuple[str, str, Any]]:
    for path, item in DOCUMENT["paths"].items():
        for method in ("get", "post", "put", "delete"):
            if method in item:
                yield method.upper(), path, item[method]


def references(value: Any) -> Iterator[str]:
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        if key == "$ref":
            yield item
        yield from references(item)


def test_it_is_valid_openapi_3_1() -> None:
    assert list(OpenAPIV31SpecValidator(DOCUMENT).iter_errors()) == []


def test_it_has_the_routes_and_no_others() -> None:
    described = {(method, path, said["operationId"]) for method, path, said in operations()}
    assert described == {(each.endpoint.method, each.endpoint.path, each.endpoint.name) for each in REST_ROUTES}


@pytest.mark.parametrize("route", REST_ROUTES, ids=lambda each: str(each.endpoint.name))
def test_a_route_is_as_it_is_described(route: Any) -> None:
    [said] = [said for _, _, said in operations() if said["operationId"] == route.endpoint.name]
    assert ("requestBody" in said) is route.endpoint.has_body
    assert [status for status in said["responses"] if status < "4"] == [str(route.endpoint.status)]
    named = [scope for each in said["security"] for scope in each["apiToken"]]
    assert SCOPES[route.endpoint.name] == ((*named, "comms:*") if named else ())
    assert {"400", "401", "403", "404", "408", "415", "417", "500"} <= set(said["responses"])
    assert ("413" in said["responses"]) is route.endpoint.has_body


def test_nothing_of_its_components_is_left_over_and_every_reference_leads_somewhere() -> None:
    there = {
        f"#/components/{kind}/{name}"
        for kind, items in DOCUMENT["components"].items()
        for name in items
        if kind != "securitySchemes"
    }
    assert set(references(DOCUMENT)) == there


def test_permissions_are_the_twelve_that_the_clients_know() -> None:
    assert DOCUMENT["components"]["schemas"]["Permissions"]["items"]["enum"] == list(PERMISSIONS)
    assert len(PERMISSIONS) == 12


def test_the_calls_in_the_docs_are_those_of_the_code() -> None:
    docs = (ROOT / "docs" / "rest.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| `(\w+)` \| `(\w+) (\S+)` \| (.*?) \|",
        docs.partition("<!-- the calls")[2].partition("<!-- end")[0],
        re.MULTILINE,
    )
    shown = {
        (name, method, path.replace("{id}", "{conferenceId}"), tuple(re.findall("`(.*?)`", scopes)))
        for name, method, path, scopes in rows
    }
    there = {(each.endpoint.name, each.endpoint.method, each.endpoint.path, each.scopes[:-1]) for each in REST_ROUTES}
    assert shown == there
