"""`openfirst.redirected`: unmodified clients of the platform's public host names reach a simulator."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from urllib.parse import urlsplit

from openfirst.testing.platform import Platform
from openfirst.testing.redirection import Redirect, Target
from openfirst_reference.contract.findings import Mistake


def redirected(to: Platform | str, *, ca: str | PathLike[str] | None = None) -> Redirect:
    """For as long as a block takes, or a function that it decorates, the platform's public host names lead to a simulator.

    `to` is a platform of this process, or the HTTPS URL of `openfirst simulate --tls`, with `ca`: the file that it names,
    or what is in that. In between, every client in this process that asks https://api.dolby.io, https://comms.api.dolby.io (and
    its regions), https://session.voxeet.com or https://api.voxeet.com comes to the simulator, with TLS, and trusts it; nothing that
    is said to these hosts leaves the machine, and no other host is concerned. It holds for all threads and event loops of the
    process, and not for other processes. Raises Mistake for what cannot be led to, and on entering where names lead elsewhere.

        with openfirst.redirected(platform):
            token = await get_api_token(platform.key, platform.secret)
    """
    if isinstance(to, Platform):
        if ca is not None:
            raise Mistake("A platform of this process is trusted as it is. Leave out `ca`.")
        return to.redirected()
    if not isinstance(to, str):
        raise Mistake(f"`to` is {to!r}. Give a platform, or the HTTPS URL of `openfirst simulate --tls`.")
    target = _target(to, ca)

    @contextmanager
    def there() -> Iterator[Target]:
        yield target

    return Redirect(there)


def _target(url: str, ca: str | PathLike[str] | None) -> Target:
    wanted = "Give what `openfirst simulate --tls` prints, such as https://127.0.0.1:8766."
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 443
        address = "127.0.0.1" if host == "localhost" else str(ipaddress.IPv4Address(host))
    except ValueError:
        raise Mistake(f"`{url[:80]}` is no URL of this machine. {wanted}") from None
    if parts.scheme != "https" or not ipaddress.IPv4Address(address).is_loopback:
        raise Mistake(f"`{url[:80]}` is no HTTPS URL of this machine. {wanted}")
    if parts.path.strip("/"):
        raise Mistake(
            f"`{url[:80]}` has a path, which a host name cannot lead to. Leave it out: the application key leads to its world."
        )
    if ca is None:
        raise Mistake(
            "`ca` is missing: the file with the certificate to trust, which `openfirst simulate --tls` names."
        )
    if isinstance(ca, str) and ca.startswith("-----BEGIN"):
        return Target(address, {443: port}, ca)
    try:
        pem = Path(ca).read_text(encoding="ascii")
    except (OSError, ValueError) as error:
        raise Mistake(
            f"`ca`, {ca}, cannot be read ({error}). Give the file that `openfirst simulate --tls` names."
        ) from None
    if "-----BEGIN CERTIFICATE-----" not in pem:
        raise Mistake(f"`ca`, {ca}, is no certificate as PEM. Give the file that `openfirst simulate --tls` names.")
    return Target(address, {443: port}, pem)
