"""A world for each test, asked over HTTP; every answer is held against openapi.yaml."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import aiohttp
import pytest
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from openfirst_reference.contract.load import load_contract
from openfirst_reference.contract.model import Contract
from openfirst_simulator import Simulator, World
from openfirst_simulator.descriptions import CONTROL_FILE, REST_FILE, control_text
from openfirst_spec import resource

BASE = "https://openfirst.test/"
START = 1_767_225_600.0
SILENT: Any = object()
PAGES = ("/openapi.yaml", "/rest.yaml")


@dataclass
class Description:
    """An OpenAPI file, and what it says of a request and its answer."""

    document: dict[str, Any]
    registry: Registry[Any]
    file: str = "openapi.yaml"

    def operation(self, method: str, path: str) -> tuple[str, dict[str, Any]] | None:
        parts = path.removeprefix("/").split("/")
        for template, item in self.document["paths"].items():
            pattern = template.removeprefix("/").split("/")
            fits = len(parts) == len(pattern) and all(
                want.startswith("{") or want == got for want, got in zip(pattern, parts, strict=True)
            )
            if fits and method.lower() in item:
                pointer = f"/paths/{template.replace('/', '~1')}/{method.lower()}"
                return pointer, item[method.lower()]
        return None

    def check(self, method: str, path: str, answer: Answer) -> None:
        """The status is one that the description has for the operation, and the body is as described."""
        found = self.operation(method, re.sub("^/w/[^/]+", "", path))
        if found is None:
            assert answer.status in (404, 405)
            return
        pointer, operation = found
        status = str(answer.status)
        assert status in operation["responses"], f"{operation['operationId']} answered {status}: {answer.body}"
        pointer += f"/responses/{status}"
        response = operation["responses"][status]
        if "$ref" in response:
            pointer = response["$ref"].removeprefix("#")
            response = self.document["components"]["responses"][pointer.rpartition("/")[2]]
        if "content" not in response:
            assert answer.body is None
            return
        assert answer.content_type in response["content"]
        if "schema" in response["content"][answer.content_type]:
            pointer += f"/content/{answer.content_type.replace('/', '~1')}/schema"
            self.validator({"$ref": f"#{pointer}"}).validate(answer.body)

    def validator(self, schema: dict[str, Any]) -> Draft202012Validator:
        """What holds a value against a schema that refers into the file."""
        there = {**schema, "$ref": f"{BASE}{self.file}{schema['$ref']}"} if "$ref" in schema else schema
        return Draft202012Validator(there, registry=self.registry)

    def resolved(self, value: dict[str, Any]) -> dict[str, Any]:
        """What a reference in the file leads to."""
        here: Any = self.document
        for part in value["$ref"].removeprefix("#/").split("/") if "$ref" in value else ():
            here = here[part.replace("~1", "/")]
        return here if "$ref" in value else value

    def takes(self, method: str, path: str) -> dict[str, dict[str, Any]]:
        """The fields that an operation takes, in its query or its body, each with its schema."""
        found = self.operation(method, path)
        assert found is not None, (method, path)
        parameters = [self.resolved(each) for each in found[1].get("parameters", ())]
        fields = {each["name"]: each["schema"] for each in parameters if each["in"] == "query"}
        schemas = [found[1].get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})]
        for schema in map(self.resolved, schemas):
            for each in map(self.resolved, schema.get("oneOf", [schema]) if "properties" not in schema else [schema]):
                fields |= each.get("properties", {})
        return fields

    def is_described(self, method: str, path: str, fields: Any) -> bool:
        """Whether these fields are what the operation takes. `null` for one of them means that it is absent."""
        found = self.operation(method, path)
        assert found is not None, (method, path)
        pointer, operation = found
        known = self.takes(method, path)
        given = {name: value for name, value in fields.items() if value is not None or name not in known}
        if method in ("GET", "DELETE"):
            return all(name in known and self.validator(known[name]).is_valid(given[name]) for name in given)
        if "requestBody" not in operation:
            return not given
        if not fields and not operation["requestBody"].get("required"):
            return True
        return self.validator({"$ref": f"#{pointer}/requestBody/content/application~1json/schema"}).is_valid(given)


@dataclass
class Answer:
    """What came back."""

    status: int
    body: Any
    headers: Mapping[str, str]
    content_type: str

    @property
    def code(self) -> Any:
        return self.body["code"]

    @property
    def detail(self) -> Any:
        return self.body["detail"]

    @property
    def outcome(self) -> tuple[int, Any]:
        """Status, and the code of a problem or else the body."""
        return self.status, self.body["code"] if self.status >= 400 else self.body


class Api:
    """Somebody who talks to one world. `base` is the base URL: the world's own, unless said otherwise."""

    def __init__(
        self, run: Callable[..., Any], http: aiohttp.ClientSession, description: Description, world: World
    ) -> None:
        self._run, self._http, self._description = run, http, description
        self.control, self.rest = control_description(), rest_description()
        self.world = world

    def ask(
        self,
        method: str,
        path: str,
        token: str | None = None,
        *,
        body: Any = SILENT,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
        base: str | None = None,
    ) -> Answer:
        """One request: `body` goes out as JSON, `data` as it is."""
        return self._run(self.asking(method, path, token, body=body, data=data, headers=headers, base=base))  # type: ignore[no-any-return]

    async def asking(
        self,
        method: str,
        path: str,
        token: str | None = None,
        *,
        body: Any = SILENT,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
        base: str | None = None,
    ) -> Answer:
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        if body is not SILENT:
            data = json.dumps(body)
            sent["Content-Type"] = "application/json"
        answer = await self._sent(method, (self.world.url if base is None else base) + path, data, sent)
        if not any(
            entry.faults for entry in [*self.world.journal.find()][-1:]
        ):  # A fault's answer is described nowhere.
            self.hold(method, path, answer, body)
        return answer

    def hold(self, method: str, path: str, answer: Answer, body: Any = SILENT) -> None:
        """The answer is as described; so is the request, where the control plane has accepted it."""
        path, _, query = path.partition("?")
        if not path.startswith("/_openfirst/") and path not in PAGES:
            is_rest = self.rest.operation(method, re.sub("^/w/[^/]+", "", path)) is not None
            (self.rest if is_rest else self._description).check(method, path, answer)
            return
        self.control.check(method, path, answer)
        if answer.status < 400:
            fields = {name: int(value) if value.isdigit() else value for name, value in parse_qsl(query)}
            fields |= body if body is not SILENT and body is not None else {}
            assert self.control.is_described(method, path, fields), (method, path, fields)

    async def bare(self, method: str, path: str, token: str, data: Any = None, **headers: str) -> Answer:
        """One request, whose answer may be any: that of a fault is not described."""
        sent = {"Authorization": f"Bearer {token}"} | {name.replace("_", "-"): headers[name] for name in headers}
        return await self._sent(method, self.world.url + path, data, sent)

    def run_bare(self, method: str, path: str, token: str, data: Any = None, **headers: str) -> Answer:
        return self.run(self.bare(method, path, token, data, **headers))  # type: ignore[no-any-return]

    def run(self, scenario: Any) -> Any:
        """Run something in the loop of these requests."""
        return self._run(scenario)

    async def _sent(self, method: str, url: str, data: Any, headers: Mapping[str, str]) -> Answer:
        async with self._http.request(method, url, data=data, headers=headers) as response:
            text = await response.read()
            # The control plane has answers that are no JSON, and says so.
            is_text = ("/_openfirst/" in url or url.endswith(PAGES)) and not response.content_type.endswith("json")
            value = None if not text else text.decode() if is_text else json.loads(text)
            return Answer(response.status, value, response.headers, response.content_type)

    # The session interface, by operation --------------------------------------------------------------------

    def open(self, token: str, info: Any = SILENT, base: str | None = None) -> Answer:
        return self.ask("POST", "/v1/sessions", token, body=info, base=base)

    def opened(self, token: str, info: Any = SILENT) -> str:
        """The ID of a session that is opened."""
        answer = self.open(token, info)
        assert answer.status == 201, answer.body
        return str(answer.body["sessionId"])

    def close(self, token: str, session: str = "current") -> Answer:
        return self.ask("DELETE", f"/v1/sessions/{session}", token)

    def is_open(self, token: str, session: str = "current") -> Any:
        answer = self.ask("GET", f"/v1/sessions/{session}", token)
        return answer.body["open"] if answer.status == 200 else answer.outcome

    def participant(self, token: str, session: str = "current") -> Answer:
        return self.ask("GET", f"/v1/sessions/{session}/participant", token)

    def update(self, token: str, info: Any, session: str = "current") -> Answer:
        return self.ask("PATCH", f"/v1/sessions/{session}/participant", token, body=info)

    def use(self, token: str, target: str, *arguments: Any, session: str = "current") -> Answer:
        path = f"/v1/sessions/{session}/services/{target}"
        return self.ask("POST", path, token, body={"arguments": list(arguments)})

    def sessions(self, token: str) -> Answer:
        return self.ask("GET", "/v1/sessions", token)

    # Tokens -------------------------------------------------------------------------------------------------

    def basic(self, key: str | None = None, secret: str | None = None) -> dict[str, str]:
        """The header with the application's key and secret."""
        pair = f"{key or self.world.key}:{secret or self.world.secret}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}

    def grant(self, path: str, base: str | None = None, **fields: Any) -> Answer:
        """A request with the application's key and secret, as a form."""
        form = {"grant_type": "client_credentials", **fields}
        return self.ask("POST", path, data=form, headers=self.basic(), base=base)

    def api_token(self, **fields: Any) -> str:
        return str(self.grant("/v1/auth/token", **fields).body["access_token"])

    def client_token(self, body: Any, api_token: str | None = None) -> Answer:
        return self.ask("POST", "/v2/client-access-token", api_token or self.api_token(), body=body)


MakeApi = Callable[..., Api]


@pytest.fixture(scope="session")
def description() -> Description:
    documents = {name: yaml.safe_load(resource(name)) for name in ("openapi.yaml", "session.yaml")}
    registry: Registry[Any] = Registry().with_resources(
        (BASE + name, DRAFT202012.create_resource(document)) for name, document in documents.items()
    )
    return Description(documents["openapi.yaml"], registry)


@cache
def control_description() -> Description:
    """What describes the control plane."""
    document = yaml.safe_load(control_text())
    resource = DRAFT202012.create_resource(document)
    return Description(document, Registry().with_resource(BASE + CONTROL_FILE, resource), CONTROL_FILE)


@cache
def rest_description() -> Description:
    """What describes the REST interface."""
    document = yaml.safe_load(resource(REST_FILE))
    there = DRAFT202012.create_resource(document)
    return Description(document, Registry().with_resource(BASE + REST_FILE, there), REST_FILE)


@pytest.fixture(scope="session")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="session")
def http(runner: asyncio.Runner) -> Iterator[aiohttp.ClientSession]:
    async def session() -> aiohttp.ClientSession:
        return aiohttp.ClientSession()

    http = runner.run(session())
    yield http
    runner.run(http.close())


@pytest.fixture(scope="session")
def simulator(runner: asyncio.Runner) -> Iterator[Simulator]:
    simulator = Simulator(load_contract())
    runner.run(simulator.start())
    yield simulator
    runner.run(simulator.close())


@pytest.fixture
def make(
    simulator: Simulator, runner: asyncio.Runner, http: aiohttp.ClientSession, description: Description
) -> Iterator[MakeApi]:
    """Makes worlds that are dropped after the test; time stands still in them."""
    names = (f"test-{number}" for number in itertools.count())
    made: list[str] = []

    def make(**choices: str) -> Api:
        made.append(next(names))
        world = simulator.world(made[-1], choices=choices, frozen_at=START)
        return Api(runner.run, http, description, world)

    yield make
    for name in made:
        simulator.drop(name)


@pytest.fixture
def api(make: MakeApi) -> Api:
    return make()


@pytest.fixture
def simulated(
    runner: asyncio.Runner, http: aiohttp.ClientSession, description: Description
) -> Iterator[Callable[[Contract], Api]]:
    """Makes a simulator of another contract, with a world."""
    running: list[Simulator] = []

    def make(contract: Contract) -> Api:
        running.append(Simulator(contract))
        runner.run(running[-1].start())
        return Api(runner.run, http, description, running[-1].world("other", frozen_at=START))

    yield make
    for simulator in running:
        runner.run(simulator.close())


@pytest.fixture
def overlaid(simulated: Callable[[Contract], Api], tmp_path: Path) -> Callable[[str], Api]:
    """Makes a simulator of the contract with an overlay, which is given as YAML."""

    def make(overlay: str) -> Api:
        path = tmp_path / "overlay.yaml"
        path.write_text(overlay, encoding="utf-8")
        return simulated(load_contract(overlays=[path]))

    return make
