"""Skeletons run as they are written, in each language. The nox session `skeletons` sees to it that Node.js and Java are there."""

import asyncio
import json
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from openfirst.cli import main
from openfirst_conformance.adapters.authoring.skeleton import LANGUAGES
from openfirst_conformance.adapters.process import ProcessAdapter
from openfirst_conformance.adapters.protocol.deadlines import Deadlines
from openfirst_conformance.adapters.protocol.faults import AdapterFault
from openfirst_conformance.adapters.protocol.shapes import CallParams, Credential, InitializeParams, ResetParams
from openfirst_conformance.adapters.tcp import TcpAdapter

# A machine that is busy with other things takes its time to start a compiler.
PATIENT = 6

# Two operations in each language: one that gives values of every kind, and one that refuses, for a reason that shows how the
# text was read. Both print.
FILLED_IN = {
    "python": r"""
    def isOpen(self):
        print("is it open?")
        return ["a\u2028 \ud800 \"\\\n 😀 שלום", 1, 0.5, True, None, {}, {"given": self.credential["kind"]}]

    def open(self, info):
        print("opening", ascii(info))
        raise Refused("token-expired" if info["name"] == "Zoë \"\\/\n\t \ud800" else "token-invalid")
""",
    "node": r"""
  isOpen() {
    console.log('is it open?');
    return ["a\u2028 \ud800 \"\\\n 😀 שלום", 1, 0.5, true, null, {}, { given: this.credential.kind }];
  }
  open({ info }) {
    console.log('opening', info);
    throw new Refused(info.name === "Zoë \"\\/\n\t \ud800" ? 'token-expired' : 'token-invalid');
  }
""",
    "java": r"""
        public Object isOpen(Map<?, ?> given) {
            System.out.println("is it open?");
            Object text = "a\u2028 " + (char) 0xd800 + " \"\\\n 😀 שלום";
            return Arrays.asList(text, 1, 0.5, true, null, map(), map("given", credential.get("kind")));
        }
        public Object open(Map<?, ?> given) {
            System.out.println("opening " + given);
            boolean same = ("Zoë \"\\/\n\t " + (char) 0xd800).equals(((Map<?, ?>) given.get("info")).get("name"));
            throw new Refused(same ? "token-expired" : "token-invalid");
        }
""",
}

INITIALIZE: InitializeParams = {
    "protocol": 1,
    "contract": {"name": "session", "version": "1.0.0"},
    "platform": {"baseUrl": "http://127.0.0.1:1"},
}
CREDENTIAL: Credential = {
    "kind": "token",
    "token": "t",
    "condition": "good",
    "externalId": None,
    "scopes": [],
    "expiresIn": -0.5,
}
RESET: ResetParams = {
    "generation": 7,
    "now": "2026-01-01T00:00:00Z",
    "platform": {"baseUrl": "http://127.0.0.1:1"},
    "clients": {"a": {"credential": CREDENTIAL}},
}


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def written(language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The skeleton, as the command writes it."""
    monkeypatch.chdir(tmp_path)
    assert run("adapter", "new", language, "mine").exit_code == 0
    return Path("mine") / LANGUAGES[language].file


def run(*words: str) -> Result:
    return CliRunner().invoke(main, words, catch_exceptions=False)


def command(language: str, file: Path, *arguments: object) -> list[str]:
    program = sys.executable if language == "python" else LANGUAGES[language].program
    return [program, str(file), *map(str, arguments)]


def fill_in(language: str, written: Path) -> None:
    """Put the two operations where they belong: where the operations are listed."""
    lines = written.read_text(encoding="utf-8").splitlines()
    after = next(number for number, line in enumerate(lines) if "services:" in line)
    lines.insert(after, FILLED_IN[language])
    written.write_text("\n".join(lines), encoding="utf-8")


def test_as_written_it_passes_the_adapter_check(language: str, written: Path) -> None:
    result = run("adapter", "check", "--timeout-scale", str(PATIENT), shlex.join(command(language, written)))
    assert result.exit_code == 0, result.output
    assert "no operation yet" in result.output
    assert "wrong" not in result.output


def test_as_written_it_is_judged_to_an_end_and_nothing_is_called_a_pass(language: str, written: Path) -> None:
    adapter = shlex.join(command(language, written))
    options = ["--tier", "smoke", "--timeout-scale", str(PATIENT), "--json", "report.json"]
    result = run("check", "--adapter", adapter, *options)
    assert result.exit_code == 3, result.output
    report = json.loads(Path("report.json").read_text(encoding="utf-8"))
    assert report["adapterFaults"] == []
    assert {rule["verdict"] for rule in report["rules"]} <= {"not-run", "not-applicable", "not-testable"}


def test_what_is_filled_in_is_declared_and_every_value_goes_over_whole(language: str, written: Path) -> None:
    fill_in(language, written)
    adapter = ProcessAdapter(shlex.join(command(language, written)), deadlines=Deadlines(scale=PATIENT))

    async def conversation() -> None:
        initialized = await adapter.start(INITIALIZE)
        assert sorted(initialized["capabilities"]["operations"]) == ["isOpen", "open"]
        await adapter.reset(RESET)
        assert await adapter.call(call("isOpen")) == {
            "generation": 7,
            "outcome": "value",
            "value": ['a\u2028 \ud800 "\\\n 😀 שלום', 1, 0.5, True, None, {}, {"given": "token"}],
        }
        assert await adapter.call(call("open", info={"name": 'Zoë "\\/\n\t \ud800'})) == {
            "generation": 7,
            "outcome": "error",
            "code": "token-expired",
        }
        await adapter.close()

    asyncio.run(conversation())
    assert adapter.faults == []


def test_a_mistake_in_it_is_told_as_such_and_the_next_call_is_answered(language: str, written: Path) -> None:
    """`open` without its argument raises what is no refusal."""
    fill_in(language, written)
    adapter = ProcessAdapter(shlex.join(command(language, written)), deadlines=Deadlines(scale=PATIENT))

    async def conversation() -> None:
        await adapter.start(INITIALIZE)
        await adapter.reset(RESET)
        with pytest.raises(AdapterFault) as raised:
            await adapter.call(call("open"))
        assert raised.value.kind == "refused"
        assert (await adapter.call(call("close")))["outcome"] == "unsupported"
        await adapter.close()

    asyncio.run(conversation())
    assert adapter.faults == []


def test_with_a_port_it_listens_there_for_one_connection_after_another(language: str, written: Path) -> None:
    with listening(language, written) as address:
        result = run("adapter", "check", "--timeout-scale", str(PATIENT), "--connect", address)
        assert result.exit_code == 0, result.output
        assert "next connection" in result.output


@contextmanager
def listening(language: str, written: Path) -> Iterator[str]:
    """The skeleton, at an address where it is reached."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    with subprocess.Popen(command(language, written, port), stderr=subprocess.DEVNULL) as process:
        try:
            asyncio.run(reach(TcpAdapter(address, deadlines=Deadlines(scale=PATIENT))))
            yield address
        finally:
            process.kill()


async def reach(adapter: TcpAdapter) -> None:
    """Connect, as soon as that is possible."""
    try:
        await adapter.start(INITIALIZE)
    except AdapterFault:
        await adapter.restart()
    await adapter.close()


def call(operation: str, **arguments: Any) -> CallParams:
    return {"generation": 7, "client": "a", "operation": operation, "arguments": arguments}
