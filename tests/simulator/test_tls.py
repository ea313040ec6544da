"""HTTPS besides HTTP: whom the certificate names, who trusts it, and what a person and a command are told of it."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import os
import re
import shlex
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import aiohttp
import certifi
import pytest
from click.testing import CliRunner
from dolbyio_rest_apis.authentication import get_api_token
from dolbyio_rest_apis.communications.authentication import get_client_access_token_v2
from dolbyio_rest_apis.core import urls
from dolbyio_rest_apis.core.rate_limiter import RATE_LIMITER

import openfirst
from openfirst.cli import main
from openfirst_reference.contract.load import load_contract
from openfirst_simulator import TLS, Simulator, SimulatorError, simulate, simulate_for
from openfirst_simulator.tls import HOSTS
from openfirst_simulator.trust import NotWritten, files

LOCAL = ["localhost", "127.0.0.1", "::1", "eu.localhost"]
PYTHON = [sys.executable, "-c"]
FOR_A_MOMENT = ["--", *PYTHON, "pass"]


def trusting(pem: str) -> ssl.SSLContext:
    """Trusts this authority alone, as strictly as Python 3.13 does."""
    context = ssl.create_default_context(cadata=pem)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


async def greeted(simulator: Simulator, host: str) -> str:
    """The first line of an answer to whoever takes the simulator for this host."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", urlsplit(simulator.tls_url).port, ssl=trusting(simulator.ca_pem), server_hostname=host
    )
    writer.write(b"GET /openapi.yaml HTTP/1.0\r\nHost: x\r\n\r\n")
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer.partition(b"\r\n")[0].decode()


# The simulator ------------------------------------------------------------------------------------------------------


def test_the_certificate_is_good_for_the_platforms_hosts_and_this_machine_and_nobody_else() -> None:
    async def scene() -> None:
        async with Simulator(load_contract()) as simulator:
            await simulator.start_tls()
            for host in (*HOSTS, *LOCAL, "xx.comms.api.dolby.io"):
                assert await greeted(simulator, host) == "HTTP/1.0 200 OK", host
            for host in ("dolby.io", "x.api.dolby.io", "example.org", "x.eu.comms.api.dolby.io", "127.0.0.2"):
                with pytest.raises(ssl.SSLCertVerificationError):
                    await greeted(simulator, host)

    asyncio.run(scene())


def test_http_and_https_are_one_platform() -> None:
    async def scene() -> None:
        async with Simulator(load_contract()) as simulator, aiohttp.ClientSession() as http:
            await simulator.start_tls()
            tls = trusting(simulator.ca_pem)
            headers = {"Authorization": f"Bearer {simulator.default.token('ana')}"}
            async with http.post(f"{simulator.tls_url}/v1/sessions", json={}, headers=headers, ssl=tls) as answer:
                assert answer.status == 201
            async with http.get(f"{simulator.url}/v1/sessions/current", headers=headers) as answer:
                assert await answer.json() == {"open": True}
            for url in (simulator.url, simulator.tls_url):
                async with http.get(f"{url}/_openfirst/", ssl=tls) as answer:
                    assert f"curl -s {url}/v1/auth/token" in await answer.text()  # As it was reached.

    asyncio.run(scene())


@pytest.mark.parametrize("kind", ["refuse", "lost", "cut"])
def test_a_connection_breaks_over_tls_as_well(kind: str) -> None:
    async def scene() -> None:
        async with Simulator(load_contract()) as simulator, aiohttp.ClientSession() as http:
            await simulator.start_tls()
            simulator.default.fail(operation="open", kind=kind)
            headers = {"Authorization": f"Bearer {simulator.default.token('ana')}"}
            asked = http.post(
                f"{simulator.tls_url}/v1/sessions", json={}, headers=headers, ssl=trusting(simulator.ca_pem)
            )
            with pytest.raises(aiohttp.ClientError):
                async with asked as answer:
                    await answer.read()

    asyncio.run(scene())


def test_it_is_there_until_it_is_stopped_and_has_the_same_authority_again() -> None:
    async def scene() -> None:
        simulator = Simulator(load_contract())
        for name in ("tls_url", "ca_pem"):
            with pytest.raises(SimulatorError, match="Call start_tls first"):
                getattr(simulator, name)
        async with simulator:
            before = await simulator.start_tls(), simulator.ca_pem
            with pytest.raises(SimulatorError, match="listens for HTTPS already, at https://127"):
                await simulator.start_tls()
            await simulator.stop_tls()
            await simulator.stop_tls()
            with pytest.raises(SimulatorError, match="Call start_tls first"):
                _ = simulator.tls_url
            await simulator.start_tls(urlsplit(before[0]).port or 0)
            assert (simulator.tls_url, simulator.ca_pem) == before
        with pytest.raises(SimulatorError, match="Call start_tls first"):
            _ = simulator.tls_url

    asyncio.run(scene())


def test_its_connections_end_with_it_whatever_the_client_does() -> None:
    """A client that is kept waiting does not answer that TLS ends; nobody waits for that."""

    def kept(simulator: Simulator) -> socket.socket:
        plain = socket.create_connection(("127.0.0.1", urlsplit(simulator.tls_url).port or 0), timeout=10)
        tls = trusting(simulator.ca_pem).wrap_socket(plain, server_hostname="localhost")
        tls.sendall(b"GET /openapi.yaml HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert tls.recv(15) == b"HTTP/1.1 200 OK"
        beneath = socket.socket(fileno=tls.detach())
        beneath.settimeout(10)
        return beneath

    def rest(beneath: socket.socket) -> None:
        with beneath:
            while beneath.recv(65536):
                pass

    async def scene() -> None:
        async with Simulator(load_contract()) as simulator:
            await simulator.start_tls()
            beneath = await asyncio.to_thread(kept, simulator)
            await simulator.stop_tls()
            await asyncio.to_thread(rest, beneath)

    asyncio.run(scene())


def test_where_it_cannot_listen_is_told() -> None:
    async def scene() -> None:
        async with Simulator(load_contract()) as simulator:
            with socket.create_server(("127.0.0.1", 0)) as taken:
                port = taken.getsockname()[1]
                with pytest.raises(SimulatorError, match=f"Port {port} of 127.0.0.1 is in use"):
                    await simulator.start_tls(port)
            with pytest.raises(SimulatorError, match="not an address of this machine alone"):
                await simulator.start_tls(host="192.0.2.1")

    asyncio.run(scene())


def test_without_it_nothing_of_it_is_imported() -> None:
    code = """
import asyncio, sys
from openfirst_reference.contract.load import load_contract
from openfirst_simulator import Simulator
async def run():
    async with Simulator(load_contract()):
        pass
asyncio.run(run())
sys.exit("trustme" in sys.modules)
"""
    assert subprocess.run([*PYTHON, code], check=False).returncode == 0


def test_without_the_library_the_command_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)
    told = CliRunner().invoke(main, ["simulate", "--tls", *FOR_A_MOMENT])
    assert told.exit_code == 2
    assert "pip install 'openfirst[tls]'" in told.output


# The platform's own client, pointed at it by what it has for that ---------------------------------------------------


@pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")
def test_the_platforms_own_client_by_its_urls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async def scene() -> None:
        async with Simulator(load_contract()) as simulator:
            where = (await simulator.start_tls()).removeprefix("https://")
            (tmp_path / "ca.pem").write_text(simulator.ca_pem)
            monkeypatch.setattr(urls, "API_URL", where)
            monkeypatch.setattr(urls, "COMMS_URL", where)
            monkeypatch.setattr(certifi, "where", lambda: str(tmp_path / "ca.pem"))
            monkeypatch.setattr(RATE_LIMITER, "_nb_requests_left", 50)
            api = await get_api_token(simulator.default.key, simulator.default.secret)
            token = await get_client_access_token_v2(api.access_token, ["*"], "ana")
            async with openfirst.SessionService(simulator.url, token=token.access_token) as session:
                await session.open()
                assert [each.external_id for each in simulator.default.sessions] == ["ana"]

    asyncio.run(scene())


# What a person is told ----------------------------------------------------------------------------------------------


class Screen(io.StringIO):
    """Where it prints to; tells when something was printed."""

    def __init__(self) -> None:
        super().__init__()
        self.printed = asyncio.Event()

    def flush(self) -> None:
        self.printed.set()


def curl(line: str) -> Any:
    """What a shell's curl would do with the line that is printed."""
    words = shlex.split(line)
    said = {word: words[number + 1] for number, word in enumerate(words) if word.startswith("-")}
    assert words[0] == "curl" and set(said) == {"--cacert", "--connect-to", "-u", "-d"}
    with openfirst.redirected(f"https://{said['--connect-to'].removeprefix('::')}", ca=said["--cacert"]):
        basic = base64.b64encode(said["-u"].encode()).decode()
        asked = Request(words[-1], said["-d"].encode(), {"Authorization": f"Basic {basic}"})
        with urlopen(asked, timeout=10) as answer:
            return json.load(answer)


@pytest.mark.parametrize("named", [False, True])
def test_it_says_where_it_is_and_whom_to_trust(tmp_path: Path, named: bool) -> None:
    async def scene() -> str:
        screen = Screen()
        tls = TLS(ca=tmp_path / "mine.pem" if named else None)
        running = asyncio.create_task(simulate(load_contract(), 0, {}, screen, tls=tls))
        await screen.printed.wait()
        shown = screen.getvalue()
        [url] = re.findall(r"^Over TLS it is at +(https://127\.0\.0\.1:\d+)$", shown, re.MULTILINE)
        [ca] = re.findall(r"^Certificate to trust +(\S+)$", shown, re.MULTILINE)
        assert f"NODE_EXTRA_CA_CERTS={ca} node" in shown
        [line] = re.findall(r"^curl --cacert.*$", shown, re.MULTILINE)
        assert (await asyncio.to_thread(curl, line))["token_type"] == "Bearer"
        no_key(ca)
        by_file = ssl.create_default_context(cafile=ca)
        async with aiohttp.ClientSession() as http, http.get(f"{url}/openapi.yaml", ssl=by_file) as answer:
            assert answer.status == 200
        os.kill(os.getpid(), signal.SIGTERM)
        await running
        return str(ca)

    ca = Path(asyncio.run(scene()))
    assert (ca.exists(), ca.parent.exists()) == (named, named)


def no_key(ca: str) -> None:
    """No private key is in any file beside this one."""
    beside = list(Path(ca).parent.glob("*"))
    assert beside and not any("PRIVATE" in each.read_text() for each in beside)


def test_without_it_nothing_is_said_of_it() -> None:
    async def scene() -> None:
        screen = Screen()
        running = asyncio.create_task(simulate(load_contract(), 0, {}, screen))
        await screen.printed.wait()
        assert "TLS" not in screen.getvalue() and "https" not in screen.getvalue()
        os.kill(os.getpid(), signal.SIGTERM)
        await running

    asyncio.run(scene())


# The files ----------------------------------------------------------------------------------------------------------


def test_a_named_file_is_written_over_if_it_is_ours(tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    for pem in ("one", "two"):
        with files(pem, ca) as trust:
            assert trust.ca == ca
    assert ca.read_text().endswith("two")
    ca.write_text("the key to everything")
    with pytest.raises(NotWritten, match=r"ca\.pem is there already, and is none of ours"), files("three", ca):
        pass
    assert ca.read_text() == "the key to everything"


@pytest.mark.parametrize("where", [".", "no/such/folder.pem"])
def test_a_file_that_cannot_be_is_told(tmp_path: Path, where: str) -> None:
    with pytest.raises(NotWritten, match=r"cannot be written .* Name another file"), files("one", tmp_path / where):
        pass


def test_whom_this_machine_trusts_is_trusted_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"):
        (tmp_path / name).write_text(f"those of {name}")
        monkeypatch.setenv(name, str(tmp_path / name))
    with files("ours", None) as trust:
        everybody = trust.everybody.read_text()
        assert trust.environment["NODE_EXTRA_CA_CERTS"] == str(trust.everybody)
        assert trust.ca.read_text().endswith("\nours")
    assert everybody.endswith("\nours")
    assert everybody.count("those of") == 4


# For a command ------------------------------------------------------------------------------------------------------


def test_a_command_trusts_it_without_being_told_how(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NODE_EXTRA_CA_CERTS", raising=False)
    code = """
import os, ssl, urllib.request
http = urllib.request.build_opener(urllib.request.ProxyHandler({}))
assert http.open(os.environ["OPENFIRST_TLS_URL"] + "/openapi.yaml").status == 200
assert http.open(os.environ["OPENFIRST_URL"] + "/openapi.yaml").status == 200
import requests
assert requests.get(os.environ["OPENFIRST_TLS_URL"] + "/openapi.yaml").status_code == 200
ssl.create_default_context(cafile=os.environ["NODE_EXTRA_CA_CERTS"])
import openfirst
with openfirst.redirected(os.environ["OPENFIRST_TLS_URL"], ca=os.environ["NODE_EXTRA_CA_CERTS"]):
    assert http.open("https://api.dolby.io/openapi.yaml").status == 200
raise SystemExit(7)
"""
    assert asyncio.run(simulate_for(load_contract(), 0, {}, [*PYTHON, code], tls=TLS())) == 7


def test_without_it_a_command_is_told_nothing_of_it() -> None:
    code = "import os; raise SystemExit('OPENFIRST_TLS_URL' in os.environ)"
    assert asyncio.run(simulate_for(load_contract(), 0, {}, [*PYTHON, code])) == 0


@contextmanager
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def test_each_option_means_https(tmp_path: Path) -> None:
    with taken() as port:
        told = CliRunner().invoke(main, ["simulate", "--tls-port", str(port), *FOR_A_MOMENT])
        assert f"Port {port} of 127.0.0.1 is in use" in told.output
    (tmp_path / "mine").write_text("x")
    told = CliRunner().invoke(main, ["simulate", "--ca", str(tmp_path / "mine"), *FOR_A_MOMENT])
    assert "is there already" in told.output and told.exit_code == 2
