"""The contract drives: an overlay alone changes what the simulator does, what is judged, proved and shown. No Python is edited."""

import asyncio
import json
from pathlib import Path

import aiohttp
import pytest
from click.testing import CliRunner

from openfirst.cli import main
from openfirst_conformance.adapters.inprocess import PythonAdapter
from openfirst_conformance.oracle.oracle import Oracle
from openfirst_conformance.oracle.tracker import Tracker
from openfirst_conformance.reports.data import sequence
from openfirst_conformance.verdicts.judge import judge
from openfirst_conformance.verdicts.model import Report
from openfirst_reference.contract.load import load_contract, load_document
from openfirst_reference.contract.model import Contract
from openfirst_reference.machine.machine import Machine
from openfirst_reference.machine.outcome import Answered
from openfirst_reference.proof.lint import lint
from openfirst_reference.proof.prove import prove
from openfirst_simulator import Simulator
from tests.tracked import tracked_in

ROOT = Path(__file__).resolve().parents[2]
OVERLAYS = ROOT / "examples" / "overlays"
NAMES = [path.stem for path in tracked_in("examples/overlays", ".yaml")]
REFERENCE = "openfirst_conformance.adapters.authoring.reference_adapter:create"
IN_MEMORY = "examples.python.adapter:InMemory"


@pytest.fixture(autouse=True)
def _examples_can_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))


def contract(name: str) -> Contract:
    """The contract with one of the example overlays."""
    return load_contract(overlays=[OVERLAYS / f"{name}.yaml"])


def judged(factory: str, name: str) -> Report:
    """The report by that contract; the simulator follows it, too."""
    return asyncio.run(judge(PythonAdapter(factory), contract(name), tiers=["smoke"]))


def failing(report: Report) -> set[str]:
    """The rules that fail."""
    return {rule.id for rule in report.rules.values() if rule.verdict == "fail"}


async def asked(name: str, *requests: tuple[str, str, object]) -> list[tuple[int, object]]:
    """Status and body of requests to the simulator of that contract, by a client whose external ID is Zoë."""
    async with Simulator(contract(name)) as simulator, aiohttp.ClientSession() as http:
        world = simulator.world("test")
        headers = {"Authorization": f"Bearer {world.token('Zoë')}"}
        seen = []
        for method, path, body in requests:
            async with http.request(method, world.url + path, json=body, headers=headers) as answer:
                text = await answer.text()
                seen.append((answer.status, json.loads(text) if text else None))
        return seen


@pytest.mark.parametrize("name", NAMES)
def test_every_example_overlay_is_a_sound_contract_that_the_simulator_keeps(name: str) -> None:
    """It lints without error; the reference client against the simulator conforms by it."""
    document = load_document(None, (OVERLAYS / f"{name}.yaml",))
    assert [str(finding) for finding in lint(document) if finding.severity == "error"] == []
    assert judged(REFERENCE, name).verdict == "conforms"


@pytest.mark.parametrize("name", NAMES)
def test_every_example_overlay_is_proved(name: str) -> None:
    """Every rule, as the overlay has it, holds of the table, as the overlay has it."""
    assert prove(contract(name), needed=False).holds


def test_a_rule_reversed_convicts_who_kept_it() -> None:
    """The simulator opens with a foreign external ID; an implementation that refuses it breaks the rule as it is now."""
    ((status, session),) = asyncio.run(asked("rule-reversed", ("POST", "/v1/sessions", {"externalId": "bob"})))
    assert status == 201
    assert isinstance(session, dict) and session["participant"]["info"]["externalId"] == "Zoë"
    assert "external-id-mismatch" in failing(judged(IN_MEMORY, "rule-reversed"))


def test_an_error_renamed_is_renamed_on_the_wire_and_in_the_words() -> None:
    """The code and the sentence of the overlay, where the contract had session-not-open."""
    ((status, problem),) = asyncio.run(asked("error-renamed", ("GET", "/v1/sessions/current/participant", None)))
    assert status == 409
    assert isinstance(problem, dict) and problem["code"] == "open-a-session-first"
    assert "Nothing works before a session is open." in problem["detail"]


def test_a_method_added_stands_behind_the_gate() -> None:
    """whiteboard/draw is refused without a session, and is not simulated with one."""
    draw: tuple[str, str, object] = ("POST", "/v1/sessions/current/services/whiteboard/draw", {"arguments": []})
    seen = asyncio.run(asked("method-added", draw, ("POST", "/v1/sessions", {}), draw))
    assert [(status, body.get("code")) for status, body in seen if isinstance(body, dict)] == [
        (409, "session-not-open"),
        (201, None),
        (501, "not-simulated"),
    ]


def test_a_choice_settled_is_open_to_nobody() -> None:
    """Opening twice keeps the session; who refuses breaks the contract."""
    opened = ("POST", "/v1/sessions", {"name": "Ana"})
    first, second = asyncio.run(asked("choice-settled", opened, opened))
    assert first[0] == second[0] == 201
    assert judged(IN_MEMORY, "choice-settled").verdict == "broken"


def test_a_choice_removed_is_settled_at_its_default() -> None:
    """An update without a session is refused, as the default profile says; who ignores it breaks the contract now."""
    update = ("PATCH", "/v1/sessions/current/participant", {"name": "Ana", "avatarUrl": None})
    ((status, problem),) = asyncio.run(asked("choice-removed", update))
    assert status == 409
    assert isinstance(problem, dict)
    assert problem["code"] == "session-not-open"
    assert contract("choice-removed").choices["update-while-closed"].values == ("refuse",)
    ignores = {"name": "Ana", "avatarUrl": None}
    machine = Machine(contract("choice-removed"))
    watch = Tracker(Oracle(machine), {"a": machine.fixture("token-with-id")})
    call = machine.call("updateParticipantInfo", ignores, machine.fixture("token-with-id"))
    assert watch.see("a", call, Answered()) is not None


def test_a_class_added_is_refused_with_an_error_of_its_own() -> None:
    """A name of more than 40 characters."""
    long, short = ({"name": "A" * length} for length in (41, 40))
    refused, opened = asyncio.run(
        asked("argument-class-added", ("POST", "/v1/sessions", long), ("POST", "/v1/sessions", short))
    )
    assert refused[0] == 422 and isinstance(refused[1], dict) and refused[1]["code"] == "name-too-long"
    assert opened[0] == 201
    report = judged(IN_MEMORY, "argument-class-added")
    assert report.verdict == "broken"
    assert "name-too-long" in str(
        [sequence(report.contract, failure) for rule in report.rules.values() for failure in rule.failures]
    )


def test_a_state_added_is_walked_through() -> None:
    """The platform suspends a session: services are refused with the new code, and the judge's tour goes there."""

    async def suspended() -> tuple[int, object]:
        async with Simulator(contract("state-added")) as simulator, aiohttp.ClientSession() as http:
            world = simulator.world("test")
            token = world.token("Zoë")
            headers = {"Authorization": f"Bearer {token}"}
            async with http.post(f"{world.url}/v1/sessions", json={}, headers=headers):
                world.act("suspend", token)
            path = "/v1/sessions/current/services/conference/create"
            async with http.post(world.url + path, json={"arguments": []}, headers=headers) as answer:
                return answer.status, (await answer.json())["code"]

    assert asyncio.run(suspended()) == (409, "session-suspended")


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("rule-reversed", "is accepted, and ignored"),
        ("error-renamed", "open-a-session-first"),
        ("method-added", "whiteboard"),
        ("argument-class-added", "name-too-long"),
        ("state-added", "suspended"),
    ],
)
def test_what_is_shown_follows(name: str, word: str) -> None:
    """`contract show` with the overlay has the new word, and without it has not."""
    plain = CliRunner().invoke(main, ["contract", "show", "--format", "markdown"], catch_exceptions=False)
    changed = CliRunner().invoke(
        main,
        ["contract", "show", "--format", "markdown", "--overlay", str(OVERLAYS / f"{name}.yaml")],
        catch_exceptions=False,
    )
    assert word in changed.output
    assert word not in plain.output


def test_what_is_proved_follows(tmp_path: Path) -> None:
    """A table in which close answers and closes nothing: the rule that speaks of it has a counterexample, of two calls."""
    overlay = tmp_path / "nothing-closes.yaml"
    overlay.write_text("effects:\n  closed:\n    set: { session: open }\n", encoding="utf-8")
    proof = prove(load_contract(overlays=[overlay]), needed=False)
    assert proof.rules["close-closes"].counterexample is not None
    assert proof.rules["external-id-mismatch"].counterexample is None
