"""HTTPS: the platform's host names, and a certificate for them from a certificate authority that this process alone has."""

from __future__ import annotations

import ssl
from functools import cached_property

REGIONS = ("au", "ca", "eu", "in", "us")
COMMS = "comms.api.dolby.io"
HOSTS = (
    "api.dolby.io",
    COMMS,
    *(f"{region}.{COMMS}" for region in REGIONS),
    "session.voxeet.com",
    "api.voxeet.com",
)
"""The names of the platform's hosts: those that the REST clients (4.0.1 in Python, 4.1.0 in Node) and the older ones ask."""
# A client that is told `localhost` asks `eu.localhost` for a conference in Europe.
_LOCAL = ("localhost", "127.0.0.1", "::1", *(f"{region}.localhost" for region in REGIONS))
_REQUIRED = (
    "HTTPS takes the library trustme, which is not installed. Install it with `pip install 'openfirst[tls]'`; "
    "without HTTPS there is no need of it."
)


class NoTLS(Exception):
    """There can be no HTTPS; the text says what to install."""


def is_of_the_platform(host: str) -> bool:
    """Whether a name, in lower case, is that of a host of the platform; regions that nobody has heard of are as well."""
    return host in HOSTS or host.endswith(f".{COMMS}")


class Authority:
    """A certificate authority that is made anew. Its private key is in this process's memory and nowhere else.

    Raises NoTLS where the library is not installed that makes certificates.
    """

    def __init__(self) -> None:
        try:
            import trustme  # noqa: PLC0415 - An extra, and slow to import: who wants no HTTPS waits for none.
        except ImportError:
            raise NoTLS(_REQUIRED) from None
        self._authority = trustme.CA(organization_name="openfirst", organization_unit_name="The platform offline")

    @property
    def pem(self) -> str:
        """The authority's own certificate, which a client has to trust, as PEM."""
        return self._authority.cert_pem.bytes().decode()

    @cached_property
    def server(self) -> ssl.SSLContext:
        """What a server needs that answers for the platform's hosts and for this machine."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate = self._authority.issue_cert(*_LOCAL, *HOSTS, f"*.{COMMS}")
        # `ssl` reads a certificate's key from files alone: this one's is in a temporary one for so long.
        certificate.configure_cert(context)
        return context
