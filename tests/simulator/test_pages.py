"""The descriptions as they are served: files that are whole in themselves, and a page to read."""

from __future__ import annotations

import re
import shlex
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator

from openfirst_simulator import Simulator
from openfirst_simulator.control import CONTROL_ROUTES
from openfirst_simulator.endpoints import everywhere
from openfirst_simulator.pipeline import SHOWN
from tests.simulator.conftest import Api, control_description

FILES = ("/openapi.yaml", "/rest.yaml", "/_openfirst/openapi.yaml")
ROUTES = [
    *((each.method, each.path) for each in everywhere().values()),
    *((each.method, each.path) for each in CONTROL_ROUTES),
    *(("GET", path) for path in SHOWN),
]


class Read(HTMLParser):
    """What a page refers to, and whether what is opened is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        given = dict(attrs)
        self.links += [str(given[name]) for name in ("href", "src") if name in given]
        self.ids += [str(given["id"])] if "id" in given else []
        if tag not in ("meta", "wbr", "p", "li"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("p", "li"):
            assert self.open.pop() == tag


@pytest.fixture
def page(simulator: Simulator, api: Api) -> str:
    return str(api.ask("GET", "/_openfirst/", base=simulator.url).body)


@pytest.mark.parametrize("path", FILES)
def test_a_file_is_whole_in_itself_and_its_server_is_where_it_is_read(
    simulator: Simulator, api: Api, path: str
) -> None:
    answer = api.ask("GET", path, base=simulator.url)
    assert (answer.status, answer.content_type) == (200, "application/yaml")
    document = yaml.safe_load(answer.body)
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []
    references = re.findall(r"\$ref: *['\"]?([^'\"\n]+)", answer.body)
    assert references and all(reference.startswith("#/components/") for reference in references)
    assert document["servers"][0]["url"] == "/"
    assert "127.0.0.1" not in str(document["servers"])


def test_the_file_of_the_session_interface_has_the_types_of_the_contract_that_is_served(overlaid: Any) -> None:
    api = overlaid("types: { ParticipantInfo: { properties: { name: { maxLength: 7 } } } }")
    served = api.ask("GET", "/openapi.yaml", base=api.world.url.partition("/w/")[0]).body
    info = yaml.safe_load(served)["components"]["schemas"]["ParticipantInfo"]
    assert info["properties"]["name"]["maxLength"] == 7


def test_the_page_has_every_route_with_a_line_that_asks_for_it(simulator: Simulator, page: str) -> None:
    routes = re.findall(r"<b class=\"\w+\">([A-Z]+)</b> <code>(.*?)</code></a>", page)
    shown = [(method, unescape(path.replace("<wbr>", ""))) for method, path in routes]
    assert sorted(shown) == sorted(ROUTES)
    lines = [shlex.split(unescape(line)) for line in re.findall(r"<pre><code>(curl .*?)</code></pre>", page)]
    assert len(lines) == len(ROUTES)
    for (method, _), line in zip(shown, lines, strict=True):
        assert any(word.startswith(f"{simulator.url}/") for word in line)
        assert method == (line[line.index("-X") + 1] if "-X" in line else "POST" if "-d" in line else "GET"), line


def test_the_page_has_every_field_and_every_kind_of_fault(page: str) -> None:
    text = re.sub(r"<wbr>", "", page)
    for route in CONTROL_ROUTES:
        for name in control_description().takes(route.method, route.path):
            assert f"<dt><code>{name}</code>" in text, name
    for kind in control_description().document["components"]["schemas"]["FaultKind"]["oneOf"]:
        assert f"<dt><code>{kind['const']}</code>" in text


def test_the_page_needs_nothing_from_elsewhere_and_no_script(simulator: Simulator, api: Api, page: str) -> None:
    read = Read(page)
    assert read.open == []
    assert not {"script", "img", "link", "iframe", "form", "object"} & set(read.tags)
    assert len(read.ids) == len(set(read.ids))
    for link in read.links:
        assert link in FILES or link.removeprefix("#") in read.ids
    assert "url(" not in page and "@import" not in page
    headers = api.ask("GET", "/_openfirst/", base=simulator.url).headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_what_others_say_to_be_its_name_comes_to_no_page(simulator: Simulator, api: Api) -> None:
    answer = api.ask("GET", "/_openfirst/", base=simulator.url, headers={"Host": "<b>'$(x)@localhost"})
    assert (answer.status, answer.headers["Content-Type"]) == (403, "application/problem+json")
