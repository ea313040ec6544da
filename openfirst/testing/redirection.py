"""The platform's host names lead to a simulator for a while: where they are looked up, connected to, and trusted.

How it is done. Python's clients come to a host by few ways, and each is led elsewhere by name, so that nothing has to be known
of a client, and none is changed:

- who looks a name up (`socket.getaddrinfo` and its kin, which asyncio calls as well) is given one address of this machine, at
  which nothing listens, for all of them;
- who connects a socket to that address, or to a name, is connected to the port on which the simulator stands for the one that was
  asked for (some look up the address alone, and connect to a port that they know);
- who begins TLS with a name gets a context that trusts the simulator's authority, and nobody else, for that name. Contexts that
  the client made, before or meanwhile, are neither used for these names nor changed. So even a connection that leads elsewhere
  (through a proxy that was named to the client) ends before it says anything.

aiohttp keeps what it looked up, and may ask resolvers of its own; uvloop asks the system itself: both are asked one step earlier.
A proxy of the environment is not for these names, by `no_proxy`.

What is replaced is replaced for the whole process, all its threads and loops, from the first redirect's beginning to the last
one's end; meanwhile any other name goes its way as before. It is put back only where nobody else has replaced it since;
what is left of ours somewhere then only passes on.
"""

from __future__ import annotations

import asyncio
import errno
import inspect
import os
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import wraps
from types import TracebackType
from typing import Any, TypeVar, cast
from urllib.request import getproxies_environment

from openfirst_reference.contract.findings import Mistake, list_words
from openfirst_simulator.tls import COMMS, HOSTS, is_of_the_platform

F = TypeVar("F", bound=Callable[..., Any])
ADDRESS = "127.68.79.76"
"""Where the names are while they are redirected. Connections to it are made to the simulator; it is of this machine in any case."""
_MAPPED = f"::ffff:{ADDRESS}"  # The same address, as a socket for IPv6 has it.


@dataclass(frozen=True)
class Target:
    """Where the names lead: an IPv4 address of this machine, its port for each of the platform's, and whom to trust (PEM)."""

    address: str
    ports: Mapping[int, int]
    ca: str = field(repr=False)

    def instead_of(self, port: object) -> tuple[str, int]:
        """Where to connect in place of one of the platform's ports. Raises ConnectionRefusedError with a sentence."""
        if not isinstance(port, int) or port not in self.ports:
            known = list_words([str(each) for each in self.ports], "and")
            raise ConnectionRefusedError(
                errno.ECONNREFUSED,
                f"The platform's hosts are redirected to a simulator, which stands for their port {known} and not for {port}",
            )
        return self.address, self.ports[port]


class Redirect:
    """The platform's public host names lead to a simulator: in a `with` or `async with` block, or in a function it decorates.

    It may be used again and again, and within itself. `where` opens what they lead to.
    """

    def __init__(self, where: Callable[[], AbstractContextManager[Target]]) -> None:
        self._where = where
        self._entered: list[ExitStack] = []

    def __enter__(self) -> None:
        with ExitStack() as stack:
            stack.enter_context(leading_to(stack.enter_context(self._where())))
            self._entered.append(stack.pop_all())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._entered.pop().close()

    async def __aenter__(self) -> None:
        self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    def __call__(self, function: F) -> F:
        """The function, within a redirect each time it is called. Raises Mistake for what is none, or runs after its call."""
        if not inspect.isfunction(function) and not inspect.ismethod(function):
            raise Mistake(
                f"{function!r} is no function. Decorate functions, each method of a class by itself, or use `with`."
            )
        if inspect.isasyncgenfunction(function) or inspect.isgeneratorfunction(function):
            raise Mistake(
                f"`{function.__name__}` is a generator, which runs when its call is over. Write `with` around what is in it."
            )
        if inspect.iscoroutinefunction(function):

            @wraps(function)
            async def awaited(*args: Any, **kwargs: Any) -> Any:
                with self:
                    return await function(*args, **kwargs)

            return cast(F, awaited)

        @wraps(function)
        def called(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return cast(F, called)


_lock = threading.Lock()
_active: list[tuple[Target, object]] = []
_contexts: dict[str, ssl.SSLContext] = {}
_undo: list[Callable[[], None]] = []


@contextmanager
def leading_to(target: Target) -> Iterator[None]:
    """For as long as the block takes the platform's names lead there. Raises Mistake if they lead elsewhere already.

    Within a redirect of the same thread and task one to elsewhere may stand: the inner one counts until it ends.
    """
    turn = target, _owner()
    with _lock:
        for other, owner in _active:
            if other != target and owner != turn[1]:
                raise Mistake(
                    "The platform's names are redirected to another simulator already, from another thread or task, and lead "
                    "to one place in the whole process. Let them all lead to one simulator, or wait until the other ends."
                )
        if not _active:
            _install()
        _active.append(turn)
    try:
        yield
    finally:
        with _lock:
            # Of equal ones the last: which of them goes makes no difference.
            del _active[len(_active) - 1 - _active[::-1].index(turn)]
            if not _active:
                while _undo:
                    _undo.pop()()
                _contexts.clear()


def _owner() -> object:
    try:
        task = asyncio.current_task()
    except RuntimeError:
        task = None
    return threading.get_ident(), task


def _of(host: Any) -> tuple[Target, str] | None:
    """Where a host is to be looked for, and its name as certificates have it; None if it is none of the platform's."""
    if isinstance(host, bytes | bytearray):
        host = host.decode("ascii", "replace")
    if not isinstance(host, str) or not _active:
        return None
    name = host.lower().rstrip(".")
    # Another thread may have ended the last one.
    active = _active[-1:]
    return (active[0][0], name) if active and is_of_the_platform(name) else None


def _target_of(host: Any) -> Target | None:
    """Where to connect in place of a host, or of the address that stands for all of them."""
    found = _of(COMMS if isinstance(host, str) and host in (ADDRESS, _MAPPED) else host)
    return None if found is None else found[0]


def _trusting(target: Target) -> ssl.SSLContext:
    """What trusts a simulator's authority, and nobody else."""
    if target.ca not in _contexts:
        _contexts[target.ca] = ssl.create_default_context(cadata=target.ca)
    return _contexts[target.ca]


# What is replaced ----------------------------------------------------------------------------------------------------


def _install() -> None:
    _replace(socket, "getaddrinfo", _getaddrinfo)
    _replace(socket, "gethostbyname", _gethostbyname)
    _replace(socket, "gethostbyname_ex", _gethostbyname_ex)
    _replace(socket.socket, "connect", _connect)
    _replace(socket.socket, "connect_ex", _connect_ex)
    _replace(ssl.SSLContext, "wrap_socket", _wrap_socket)
    _replace(ssl.SSLContext, "wrap_bio", _wrap_bio)
    for module, owner, name, make in (
        ("aiohttp.connector", "TCPConnector", "_resolve_host", _resolve_host),
        ("uvloop", "Loop", "getaddrinfo", _loop_getaddrinfo),
        ("uvloop", "Loop", "create_connection", _create_connection),
        ("asyncio.windows_events", "IocpProactor", "connect", _proactor_connect),
    ):
        if module in sys.modules:
            _replace(getattr(sys.modules[module], owner), name, make)
    _without_proxy()


def _replace(owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    own = vars(owner).get(name)
    ours = make(getattr(owner, name))
    setattr(owner, name, ours)

    def undo() -> None:
        if vars(owner).get(name) is not ours:
            return  # Somebody else's by now: ours passes on to what was before.
        if own is None:
            delattr(owner, name)
        else:
            setattr(owner, name, own)

    _undo.append(undo)


def _without_proxy() -> None:
    """Whatever proxy the environment names, it is not for these hosts."""
    if sys.platform in ("darwin", "win32") and not getproxies_environment():
        return  # The system's own settings would no longer count for others.
    before = os.environ.get("no_proxy")
    known = before or os.environ.get("NO_PROXY", "")
    if known.strip() == "*":
        return
    # A name stands for all that ends with it.
    ours = ",".join([*filter(None, [known]), *(host for host in HOSTS if not host.endswith(f".{COMMS}"))])
    os.environ["no_proxy"] = ours

    def undo() -> None:
        if os.environ.get("no_proxy") == ours:
            del os.environ["no_proxy"]
            if before is not None:
                os.environ["no_proxy"] = before

    _undo.append(undo)


def _getaddrinfo(original: Callable[..., Any]) -> Callable[..., Any]:
    def getaddrinfo(host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0) -> Any:
        if _of(host) is None:
            return original(host, port, family, type, proto, flags)
        # The address as it is: nobody is asked, nor whether there is a network.
        as_it_is = flags & ~socket.AI_ADDRCONFIG | socket.AI_NUMERICHOST
        return original(_MAPPED if family == socket.AF_INET6 else ADDRESS, port, family, type, proto, as_it_is)

    return getaddrinfo


def _gethostbyname(original: Callable[[str], str]) -> Callable[[str], str]:
    def gethostbyname(hostname: str) -> str:
        return original(hostname) if _of(hostname) is None else ADDRESS

    return gethostbyname


def _gethostbyname_ex(original: Callable[[str], Any]) -> Callable[[str], Any]:
    def gethostbyname_ex(hostname: str) -> Any:
        found = _of(hostname)
        return original(hostname) if found is None else (found[1], [], [ADDRESS])

    return gethostbyname_ex


def _connect(original: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def connect(self: socket.socket, address: Any) -> Any:
        return original(self, _instead_of(self, address))

    return connect


def _connect_ex(original: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def connect_ex(self: socket.socket, address: Any) -> Any:
        try:
            return original(self, _instead_of(self, address))
        except ConnectionRefusedError as error:
            return error.errno

    return connect_ex


def _proactor_connect(original: Callable[[Any, Any, Any], Any]) -> Callable[[Any, Any, Any], Any]:
    def connect(self: Any, conn: socket.socket, address: Any) -> Any:
        return original(self, conn, _instead_of(conn, address))

    return connect


def _instead_of(connecting: socket.socket, address: Any) -> Any:
    """Where a socket is to be connected that wants to go there."""
    if not isinstance(address, tuple) or len(address) < 2:
        return address
    target = _target_of(address[0])
    if target is None:
        return address
    host, port = target.instead_of(address[1])
    return (f"::ffff:{host}" if connecting.family == socket.AF_INET6 else host), port


def _wrap_socket(original: Callable[..., Any]) -> Callable[..., Any]:
    def wrap_socket(
        self: ssl.SSLContext,
        sock: socket.socket,
        server_side: bool = False,
        do_handshake_on_connect: bool = True,
        suppress_ragged_eofs: bool = True,
        server_hostname: str | None = None,
        session: ssl.SSLSession | None = None,
    ) -> Any:
        found = None if server_side else _of(server_hostname)
        if found is not None:
            self, server_hostname, session = _trusting(found[0]), found[1], None
        return original(
            self, sock, server_side, do_handshake_on_connect, suppress_ragged_eofs, server_hostname, session
        )

    return wrap_socket


def _wrap_bio(original: Callable[..., Any]) -> Callable[..., Any]:
    def wrap_bio(
        self: ssl.SSLContext,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | None = None,
        session: ssl.SSLSession | None = None,
    ) -> Any:
        found = None if server_side else _of(server_hostname)
        if found is not None:
            self, server_hostname, session = _trusting(found[0]), found[1], None
        return original(self, incoming, outgoing, server_side, server_hostname, session)

    return wrap_bio


def _resolve_host(original: Callable[..., Any]) -> Callable[..., Any]:
    async def _resolve_host(self: Any, host: str, port: int, traces: Any = None) -> Any:
        if _of(host) is None:
            return await original(self, host, port, traces)
        family = self.family or socket.AF_INET
        address = _MAPPED if family == socket.AF_INET6 else ADDRESS
        found = {"hostname": host, "host": address, "port": port, "family": family}
        return [{**found, "proto": 0, "flags": socket.AI_NUMERICHOST}]

    return _resolve_host


def _loop_getaddrinfo(original: Callable[..., Any]) -> Callable[..., Any]:
    async def getaddrinfo(self: Any, host: Any, port: Any, **options: int) -> Any:
        if _of(host) is None:
            return await original(self, host, port, **options)
        return socket.getaddrinfo(host, port, **options)

    return getaddrinfo


def _create_connection(original: Callable[..., Any]) -> Callable[..., Any]:
    async def create_connection(
        self: Any, protocol_factory: Any, host: Any = None, port: Any = None, **options: Any
    ) -> Any:
        target = _target_of(host)
        if target is not None:
            if options.get("ssl"):
                options.setdefault("server_hostname", host)
            host, port = target.instead_of(port)
        return await original(self, protocol_factory, host, port, **options)

    return create_connection
