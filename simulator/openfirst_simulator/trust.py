"""The files by which programs of any language come to trust the simulator over HTTPS."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

_MADE_BY = "# The certificate authority of one run of `openfirst simulate --tls`. Its key was in that process alone.\n"
_BESIDES = "NODE_EXTRA_CA_CERTS"
_ALONE = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class NotWritten(Exception):
    """The certificate cannot be written where it is wanted; the text says why and what to do."""


@dataclass(frozen=True)
class Trust:
    """`ca` has the simulator's authority alone; `everybody` has whomever this machine trusts besides, too."""

    ca: Path
    everybody: Path

    @property
    def environment(self) -> dict[str, str]:
        """Where programs look for whom to trust: Node besides those it has, OpenSSL, Python's `requests` and curl nowhere else."""
        besides = self.everybody if _BESIDES in os.environ else self.ca
        return {_BESIDES: str(besides), **dict.fromkeys(_ALONE, str(self.everybody))}


@contextmanager
def files(pem: str, ca: Path | None) -> Iterator[Trust]:
    """Files with this certificate for as long as the block takes; one that is named stays. Raises NotWritten."""
    with TemporaryDirectory(prefix="openfirst-") as folder:
        trust = Trust(Path(folder, "ca.pem") if ca is None else ca.absolute(), Path(folder, "everybody.pem"))
        _write(trust.ca, pem)
        trust.everybody.write_bytes(_trusted_by_this_machine() + pem.encode())
        yield trust


def _write(ca: Path, pem: str) -> None:
    try:
        if ca.exists() and not ca.read_bytes().startswith(_MADE_BY.encode()):
            raise NotWritten(
                f"{ca} is there already, and is none of ours. Name a file that may be written over, or a new one."
            )
        ca.write_text(_MADE_BY + pem, encoding="ascii")
    except OSError as error:
        raise NotWritten(f"{ca} cannot be written ({error.strerror}). Name another file.") from None


def _trusted_by_this_machine() -> bytes:
    by_default = ssl.get_default_verify_paths().cafile
    named = [os.environ.get(name) for name in (*_ALONE, _BESIDES)]
    trusted = b""
    for path in dict.fromkeys(filter(None, [*named, by_default])):
        with suppress(OSError):
            trusted += Path(path).read_bytes() + b"\n"
    return trusted
