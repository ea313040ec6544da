"""Unmodified clients of the platform's public host names come to a platform of the test, and nowhere else."""

from __future__ import annotations

import asyncio
import http.client
import os
import socket
import ssl
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import aiohttp
import httpx
import pytest
import requests
import trustme
import uvloop
from aiohttp.abc import AbstractResolver, ResolveResult
from dolbyio_rest_apis.authentication import get_api_token
from dolbyio_rest_apis.communications.authentication import get_client_access_token_v2
from dolbyio_rest_apis.core.http_request_error import HttpRequestError
from dolbyio_rest_apis.core.rate_limiter import RATE_LIMITER

import openfirst
from openfirst import Mistake, Platform
from openfirst.testing.redirection import ADDRESS
from openfirst_simulator.tls import HOSTS

PAGE = "https://api.dolby.io/openapi.yaml"
LIFTED = 10**9
LOCAL = ("127.0.0.1", "::ffff:127.0.0.1")
# The platform's client says things in ways that aiohttp warns of.
pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")


class Network:
    """What is looked up and connected to behind a redirect; what is not of this machine is refused, and remembered."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.looked_up: list[Any] = []
        self.flags: list[int] = []
        self.connected: list[Any] = []
        connect, getaddrinfo = socket.socket.connect, socket.getaddrinfo

        def watched_connect(connecting: socket.socket, address: Any) -> None:
            self.connected.append(address)
            if address[0] not in LOCAL:
                raise ConnectionRefusedError("Not of this machine.")
            connect(connecting, address)

        def watched_getaddrinfo(
            host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0
        ) -> Any:
            self.looked_up.append(host)
            self.flags.append(flags)
            if host not in (*LOCAL, ADDRESS, f"::ffff:{ADDRESS}", "localhost"):
                raise socket.gaierror(socket.EAI_NONAME, f"{host} is not of this machine.")
            return getaddrinfo(host, port, family, type, proto, flags)

        monkeypatch.setattr(socket.socket, "connect", watched_connect)
        monkeypatch.setattr(socket, "getaddrinfo", watched_getaddrinfo)


@pytest.fixture(autouse=True)
def network(monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    """Nothing leaves the machine in any of these tests."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    network = Network(monkeypatch)
    yield network
    assert [address for address in network.connected if address[0] not in LOCAL] == []


@contextmanager
def another_process(platform_seconds: float = 10) -> Iterator[tuple[str, str]]:
    """A simulator that is not of this process's platforms: its URL, and whom to trust."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def wait(coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(platform_seconds)

    simulator = openfirst.Simulator(openfirst.load_contract())
    wait(simulator.start())
    try:
        yield wait(simulator.start_tls()), simulator.ca_pem
    finally:
        wait(simulator.close())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(platform_seconds)
        loop.close()


@pytest.fixture(autouse=True)
def lifted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client's own throttle is lifted."""
    monkeypatch.setattr(RATE_LIMITER, "_nb_requests_left", LIFTED)


# Each client gets a page, in the way that its users do, and tells the status.


def by_urllib(url: str) -> int:
    try:
        with urlopen(url, timeout=10) as answer:
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code


def by_http_client(url: str) -> int:
    parts = httpx.URL(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.host, parts.port, timeout=10)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().status
    finally:
        connection.close()


def by_requests(url: str) -> int:
    return requests.get(url, timeout=10).status_code


def by_httpx(url: str) -> int:
    return httpx.get(url).status_code


async def httpx_gets(url: str) -> int:
    async with httpx.AsyncClient() as client:
        return (await client.get(url)).status_code


async def aiohttp_gets(url: str) -> int:
    async with aiohttp.ClientSession(trust_env=True) as client, client.get(url) as answer:
        return answer.status


async def asyncio_gets(url: str) -> int:
    parts = httpx.URL(url)
    tls = ssl.create_default_context() if parts.scheme == "https" else None
    port = parts.port or (443 if tls else 80)
    reader, writer = await asyncio.open_connection(parts.host, port, ssl=tls)
    writer.write(f"GET {parts.path} HTTP/1.0\r\nHost: {parts.host}\r\n\r\n".encode())
    status = int((await reader.read()).split()[1])
    writer.close()
    await writer.wait_closed()
    return status


def run(get: Callable[[str], Awaitable[int]]) -> Callable[[str], int]:
    async def got(url: str) -> int:
        return await get(url)

    return lambda url: asyncio.run(got(url))


def on_uvloop(get: Callable[[str], Awaitable[int]]) -> Callable[[str], int]:
    async def got(url: str) -> int:
        return await get(url)

    return lambda url: uvloop.run(got(url))


BLOCKING = {"urllib": by_urllib, "http.client": by_http_client, "requests": by_requests, "httpx": by_httpx}
ASYNCHRONOUS = {"httpx": httpx_gets, "aiohttp": aiohttp_gets, "asyncio": asyncio_gets}
CLIENTS: dict[str, Callable[[str], int]] = {
    **BLOCKING,
    **{f"{name} on asyncio": run(get) for name, get in ASYNCHRONOUS.items()},
    **{f"{name} on uvloop": on_uvloop(get) for name, get in ASYNCHRONOUS.items()},
}
each_client = pytest.mark.parametrize("get", CLIENTS.values(), ids=CLIENTS)


# The platform's own client ------------------------------------------------------------------------------------------


async def client_access_token(platform: Platform, external_id: str) -> str:
    api = await get_api_token(platform.key, platform.secret, 600, ["comms:client_access_token:create"])
    token = await get_client_access_token_v2(api.access_token, ["*"], external_id, 60)
    assert (api.expires_in_val, token.expires_in_val) == (600, 60)
    return str(token.access_token)


def test_the_platforms_own_client_gets_a_token_that_opens_a_session(platform: Platform) -> None:
    async def scene() -> None:
        with openfirst.redirected(platform):
            token = await client_access_token(platform, "ana")
        async with openfirst.SessionService(platform.url, token=token) as session:
            await session.open()
            assert [each.external_id for each in platform.sessions] == ["ana"]

    asyncio.run(scene())
    assert [entry.operation for entry in platform.journal][:3] == ["getApiToken", "getClientAccessToken", "open"]


def test_what_the_platform_refuses_the_client_raises(platform: Platform) -> None:
    with platform.redirected(), pytest.raises(HttpRequestError, match="Expired or invalid token"):
        asyncio.run(get_api_token(platform.key, "another secret"))


def test_its_own_retries_are_met(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """It asks three times where it is answered 503, and waits in between: here no longer than it must."""

    async def at_once(_: float) -> None:
        pass

    monkeypatch.setattr("aiohttp_retry.client.asyncio", SimpleNamespace(sleep=at_once))
    platform.fail("getApiToken", status=503, times=2)
    with platform.redirected():
        asyncio.run(get_api_token(platform.key, platform.secret))
    assert [entry.status for entry in platform.journal.find("getApiToken")] == [503, 503, 200]


def test_its_own_throttle_can_be_lifted(platform: Platform) -> None:
    """After 50 calls it waits a second for each, unless its bucket is filled, as the docs tell; in these tests it is."""
    with platform.redirected():
        asyncio.run(asyncio.wait_for(client_access_token(platform, "ana"), 10))
    assert RATE_LIMITER._nb_requests_left == LIFTED - 2


def test_two_platforms_side_by_side_do_not_meet() -> None:
    def life(name: str) -> list[str | None]:
        with openfirst.platform() as mine, openfirst.redirected(mine):
            for _ in range(2):
                asyncio.run(client_access_token(mine, name))
            return [entry.operation for entry in mine.journal]

    with ThreadPoolExecutor(3) as threads:
        lives = list(threads.map(life, ["ana", "ben", "cem", "dea"]))
    assert lives == [["getApiToken", "getClientAccessToken"] * 2] * 4


# Every client -------------------------------------------------------------------------------------------------------


@each_client
def test_a_client_comes_to_the_platform(platform: Platform, get: Callable[[str], int]) -> None:
    with platform.redirected():
        assert get(PAGE) == 200
        assert get("https://API.Dolby.IO:443/nothing") == 404
        assert get("http://api.dolby.io/openapi.yaml") == 200


@pytest.mark.parametrize("get", [by_http_client, run(aiohttp_gets)], ids=["blocking", "asyncio"])
def test_every_host_of_the_platform(platform: Platform, get: Callable[[str], int]) -> None:
    with platform.redirected():
        for host in (*HOSTS, "xx.comms.api.dolby.io", "api.dolby.io."):
            assert get(f"https://{host}/openapi.yaml") == 200, host


@each_client
def test_another_port_is_refused(platform: Platform, get: Callable[[str], int]) -> None:
    with platform.redirected(), pytest.raises((OSError, httpx.ConnectError, requests.ConnectionError)):
        get("https://api.dolby.io:8443/openapi.yaml")


def test_which_ports_there_are_is_told(platform: Platform) -> None:
    with platform.redirected():
        told = "redirected to a simulator, which stands for their port 443 and 80 and not for 8443"
        with pytest.raises(URLError, match=told):
            urlopen("https://api.dolby.io:8443/", timeout=10)
        with socket.socket() as plain:
            assert plain.connect_ex(("api.dolby.io", 8443)) != 0


@pytest.mark.parametrize("host", ["api.dolby.io", b"api.dolby.io", "API.dolby.io."])
def test_a_socket_by_itself(platform: Platform, host: Any) -> None:
    with platform.redirected():
        for port in (443, "443", "https"):
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            assert {address[4][:2] for address in found} == {(ADDRESS, 443)}
        with socket.socket() as plain:
            plain.connect((host, 80))
            assert plain.getpeername()[0] == "127.0.0.1"


def test_an_address_that_was_looked_up_alone(platform: Platform) -> None:
    with platform.redirected():
        assert socket.gethostbyname_ex("api.dolby.io") == ("api.dolby.io", [], [ADDRESS])
        with socket.create_connection((socket.gethostbyname("api.dolby.io"), 443)) as connection:
            assert connection.getpeername()[0] == "127.0.0.1"


def test_a_machine_without_a_network_will_do(platform: Platform, network: Network) -> None:
    """Whoever asks for addresses that the machine has a network for (as asyncio's clients do) is given this one all the same."""
    with platform.redirected():
        socket.getaddrinfo("api.dolby.io", 443, flags=socket.AI_ADDRCONFIG)
    assert network.flags[-1] == socket.AI_NUMERICHOST


@pytest.mark.skipif(not socket.has_ipv6, reason="there is no IPv6 here")
def test_whoever_wants_ipv6(platform: Platform) -> None:
    async def scene() -> int:
        connector = aiohttp.TCPConnector(family=socket.AF_INET6)
        async with aiohttp.ClientSession(connector=connector) as client, client.get(PAGE) as answer:
            return answer.status

    with platform.redirected():
        assert asyncio.run(scene()) == 200
        [found] = socket.getaddrinfo("api.dolby.io", 443, socket.AF_INET6, socket.SOCK_STREAM)
        assert found[4][0] == f"::ffff:{ADDRESS}"
        with socket.socket(socket.AF_INET6) as plain:
            plain.connect(("api.dolby.io", 80))


# Sessions and connections that are older than the redirect, or outlive it --------------------------------------------


class Liar(AbstractResolver):
    """A resolver of the client's own, which asks nobody and knows another address."""

    async def resolve(self, host: str, port: int = 0, family: Any = socket.AF_INET) -> list[ResolveResult]:
        return [ResolveResult(hostname=host, host="192.0.2.1", port=port, family=family, proto=0, flags=0)]

    async def close(self) -> None:
        pass


def test_a_session_that_was_opened_before(platform: Platform, network: Network) -> None:
    async def scene() -> None:
        connector = aiohttp.TCPConnector(resolver=Liar())
        async with aiohttp.ClientSession(connector=connector) as client:
            with pytest.raises(aiohttp.ClientConnectorError):
                await client.get(PAGE)
            assert network.connected == [("192.0.2.1", 443)]  # It knows an address now.
            network.connected.clear()
            async with platform.redirected(), client.get(PAGE) as answer:
                assert answer.status == 200

    asyncio.run(scene())
    with requests.Session() as session, httpx.Client() as client, platform.redirected():
        assert (session.get(PAGE, timeout=10).status_code, client.get(PAGE).status_code) == (200, 200)


@pytest.mark.parametrize("kind", ["requests", "httpx", "aiohttp"])
def test_a_session_that_is_used_afterwards_goes_its_own_way(platform: Platform, network: Network, kind: str) -> None:
    """Its connection to the simulator ended with the redirect: it looks the name up anew."""

    async def scene() -> None:
        async with aiohttp.ClientSession() as client:
            async with platform.redirected(), client.get(PAGE) as answer:
                await answer.read()
            with pytest.raises(aiohttp.ClientConnectorError):
                await client.get(PAGE)

    if kind == "aiohttp":
        asyncio.run(scene())
    else:
        client: Any = requests.Session() if kind == "requests" else httpx.Client()
        with client:
            with platform.redirected():
                assert client.get(PAGE).status_code == 200
            with pytest.raises((requests.ConnectionError, httpx.ConnectError)):
                client.get(PAGE)
    assert "api.dolby.io" in network.looked_up


def test_one_client_in_two_loops(platform: Platform) -> None:
    with platform.redirected():
        assert [asyncio.run(aiohttp_gets(PAGE)) for _ in range(2)] == [200, 200]
        with ThreadPoolExecutor(2) as threads:
            assert list(threads.map(run(aiohttp_gets), [PAGE, PAGE])) == [200, 200]


# Proxies ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that answers nobody is the environment's."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")


@each_client
@pytest.mark.usefixtures("proxy")
def test_a_proxy_of_the_environment_is_not_asked(platform: Platform, get: Callable[[str], int]) -> None:
    with platform.redirected():
        assert get(PAGE) == get(PAGE.replace("https", "http")) == 200


@pytest.mark.usefixtures("proxy")
@pytest.mark.parametrize("name", ["no_proxy", "NO_PROXY"])
@pytest.mark.parametrize("no_proxy", [None, "example.org", "*"])
def test_for_whom_else_there_is_no_proxy_is_as_before(
    platform: Platform, name: str, no_proxy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if no_proxy is not None:
        monkeypatch.setenv(name, no_proxy)
    before = dict(os.environ)
    with platform.redirected():
        assert by_requests(PAGE) == by_urllib(PAGE) == 200
        assert requests.utils.should_bypass_proxies("https://example.org/", None) is (no_proxy is not None)
        assert requests.utils.should_bypass_proxies("https://example.net/", None) is (no_proxy == "*")
    assert dict(os.environ) == before


@contextmanager
def somebody_elses(identity: str) -> Iterator[tuple[int, trustme.CA]]:
    """A server whose certificate is for a name, by another authority. It lets whoever asks for a tunnel come to itself."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(identity).configure_cert(context)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with ExitStack() as stack:
                try:
                    connection, _ = listening.accept()
                    stack.enter_context(connection)
                    connection.settimeout(10)
                    if connection.recv(7, socket.MSG_PEEK) == b"CONNECT":
                        connection.recv(4096)
                        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                    connection = stack.enter_context(context.wrap_socket(connection, server_side=True))
                    connection.recv(4096)
                    connection.sendall(b"HTTP/1.1 204 Nothing\r\nConnection: close\r\n\r\n")
                except OSError:
                    pass

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1], authority
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def test_a_proxy_that_is_named_to_the_client_is_told_nothing(platform: Platform) -> None:
    """Whoever is at its other end is none of the simulator's authority, even if the client trusts it."""
    with (
        somebody_elses("api.dolby.io") as (port, authority),
        authority.cert_pem.tempfile() as ca,
        platform.redirected(),
        pytest.raises(requests.exceptions.SSLError),
    ):
        requests.get(PAGE, proxies={"https": f"http://127.0.0.1:{port}"}, verify=ca, timeout=10)


# Everybody else -----------------------------------------------------------------------------------------------------


def test_another_host_is_not_concerned(platform: Platform) -> None:
    with somebody_elses("localhost") as (port, authority), platform.redirected():
        mine = ssl.create_default_context()
        authority.configure_trust(mine)
        with urlopen(f"https://localhost:{port}/", context=mine, timeout=10) as answer:
            assert answer.status == 204
        assert not any("openfirst" in str(each) for each in mine.get_ca_certs())
        with pytest.raises(URLError, match=r"elsewhere\.example is not of this machine"):
            urlopen("https://elsewhere.example/", timeout=10)


def test_a_host_with_such_a_name_is_not_trusted_beyond_it(platform: Platform) -> None:
    """The simulator's certificate is good for nobody else."""
    with somebody_elses("localhost") as (port, _), platform.redirected(), pytest.raises(URLError, match="CERTIFICATE"):
        urlopen(f"https://localhost:{port}/", timeout=10)


# Beginning and end --------------------------------------------------------------------------------------------------


def replaced() -> dict[str, Any]:
    owners = (socket, socket.socket, ssl.SSLContext, aiohttp.TCPConnector, uvloop.Loop)
    return {f"{owner.__name__}.{name}": value for owner in owners for name, value in vars(owner).items()}


def test_everything_is_as_before(platform: Platform) -> None:
    before, environment = replaced(), dict(os.environ)
    redirect = platform.redirected()
    for _ in range(2):
        with redirect, openfirst.redirected(platform):
            assert by_urllib(PAGE) == 200
        with pytest.raises(ZeroDivisionError), redirect, redirect:
            _ = 1 / 0
        assert replaced() == before
        assert dict(os.environ) == environment


def test_one_within_another(platform: Platform, network: Network) -> None:
    with platform.redirected():
        with platform.redirected():
            assert by_urllib(PAGE) == 200
        assert by_urllib(PAGE) == 200
    with pytest.raises(URLError):
        by_urllib(PAGE)


def test_what_somebody_else_replaced_meanwhile_stays(platform: Platform) -> None:
    with pytest.MonkeyPatch.context() as patch:
        with platform.redirected():
            ours = socket.gethostbyname
            patch.setattr(socket, "gethostbyname", lambda host: f"{host}!")
        assert socket.gethostbyname("x") == "x!"
        assert ours("localhost") == "127.0.0.1"


def test_a_redirect_to_elsewhere_within_one_and_beside_it(platform: Platform) -> None:
    with another_process() as (url, ca):
        other = openfirst.redirected(url, ca=ca)

        def beside() -> None:
            with other:
                pass

        async def within_a_task() -> None:
            with platform.redirected():
                await asyncio.create_task(asyncio.to_thread(beside))

        with platform.redirected():
            with other, pytest.raises(HttpRequestError, match="Expired or invalid token"):
                asyncio.run(get_api_token(platform.key, platform.secret))
            asyncio.run(get_api_token(platform.key, platform.secret))
        with pytest.raises(Mistake, match="redirected to another simulator already"):
            asyncio.run(within_a_task())
        with other:
            assert by_urllib(PAGE) == 200


def test_the_url_of_another_process_and_its_file(tmp_path: Path) -> None:
    with another_process() as (url, ca):
        (tmp_path / "ca.pem").write_text(ca)
        for given in (ca, tmp_path / "ca.pem", str(tmp_path / "ca.pem")):
            with openfirst.redirected(url, ca=given):
                assert by_requests(PAGE) == 200
        with openfirst.redirected(url.replace("127.0.0.1", "localhost") + "/", ca=ca):
            assert by_requests(PAGE) == 200


@pytest.mark.parametrize(
    ("to", "ca", "sentence"),
    [
        (7, None, "`to` is 7. Give a platform"),
        ("https://127.0.0.1:1", None, "`ca` is missing"),
        ("http://127.0.0.1:1", "-----BEGIN", "no HTTPS URL of this machine"),
        ("https://192.0.2.1:1", "-----BEGIN", "no HTTPS URL of this machine"),
        ("https://api.dolby.io", "-----BEGIN", "no URL of this machine"),
        ("https://[::1]:1", "-----BEGIN", "no URL of this machine"),
        ("https://127.0.0.1:x", "-----BEGIN", "no URL of this machine"),
        ("https://127.0.0.1:1/w/mine", "-----BEGIN", "has a path"),
        ("https://127.0.0.1:1", "no-such-file", "cannot be read"),
        ("https://127.0.0.1:1", __file__, "is no certificate"),
    ],
)
def test_what_cannot_be_led_to_is_told(to: Any, ca: Any, sentence: str) -> None:
    with pytest.raises(Mistake, match=sentence):
        openfirst.redirected(to, ca=ca)


def test_a_platform_needs_no_file_and_has_to_be_there(platform: Platform) -> None:
    with pytest.raises(Mistake, match="Leave out `ca`"):
        openfirst.redirected(platform, ca="x")
    platform.end()
    with pytest.raises(Mistake, match="is gone"):
        platform.redirected()


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)
    contract = openfirst.load_contract()  # One that has no simulator yet.
    before = replaced()
    with (
        openfirst.platform(contract=contract) as fresh,
        pytest.raises(Mistake, match=r"pip install 'openfirst\[tls\]'"),
    ):
        fresh.redirected().__enter__()
    assert replaced() == before


# As a decorator -----------------------------------------------------------------------------------------------------


def test_a_function_that_is_decorated(platform: Platform) -> None:
    class Server:
        @openfirst.redirected(platform)
        def page(self, url: str = PAGE) -> int:
            return by_urllib(url)

        @openfirst.redirected(platform)
        async def page_later(self) -> int:
            return await aiohttp_gets(PAGE)

    async def both() -> list[int]:
        return list(await asyncio.gather(Server().page_later(), Server().page_later()))

    assert Server().page() == 200
    assert asyncio.run(both()) == [200, 200]
    assert Server.page.__name__ == "page"
    with pytest.raises(URLError):
        by_urllib(PAGE)


def test_what_cannot_be_decorated_is_told(platform: Platform) -> None:
    redirected: Any = platform.redirected()

    def generator() -> Iterator[int]:
        yield 1

    for what in (Platform, 7):
        with pytest.raises(Mistake, match="is no function"):
            redirected(what)
    with pytest.raises(Mistake, match="`generator` is a generator"):
        redirected(generator)
