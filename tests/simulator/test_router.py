"""The router: a path leads to the route whose template it fits, or to a problem that says what there is."""

from __future__ import annotations

import pytest

from openfirst_simulator.problems import Problem
from openfirst_simulator.router import Router

ROUTER = Router(
    [
        ("GET", "/things", "all"),
        ("POST", "/things", "make"),
        ("GET", "/things/{id}", "one"),
        ("GET", "/things/{id}/parts/{part}", "part"),
        ("GET", "/things/best", "best"),
        ("DELETE", "/things/{id}", "drop"),
    ]
)


@pytest.mark.parametrize(
    ("method", "path", "route", "given"),
    [
        ("GET", "/things", "all", {}),
        ("POST", "/things", "make", {}),
        ("GET", "/things/7", "one", {"id": "7"}),
        ("GET", "/things/a%2Fb", "one", {"id": "a/b"}),
        ("GET", "/things/Zo%C3%AB/parts/1%25", "part", {"id": "Zoë", "part": "1%"}),
        ("GET", "/things/best", "best", {}),
        ("DELETE", "/things/best", "drop", {"id": "best"}),
        ("GET", "/things/best/parts/1", "part", {"id": "best", "part": "1"}),
        ("GET", "/%74hings", "all", {}),
    ],
)
def test_a_path_leads_to_the_route_that_it_fits_best(method: str, path: str, route: str, given: dict[str, str]) -> None:
    assert ROUTER.find(method, path) == (route, given)


@pytest.mark.parametrize(
    "path", ["", "/", "things", "/things/", "/things/7/", "/things/7/parts/", "/thing", "//things"]
)
def test_what_fits_no_template_is_not_found(path: str) -> None:
    with pytest.raises(Problem) as caught:
        ROUTER.find("GET", path)
    assert (caught.value.status, caught.value.headers) == (404, {})
    assert path in caught.value.detail


def test_a_method_that_a_path_does_not_take_is_told_with_those_that_it_takes() -> None:
    with pytest.raises(Problem) as caught:
        ROUTER.find("PUT", "/things")
    assert (caught.value.status, caught.value.headers) == (405, {"Allow": "GET, POST"})
