"""The dashboard's files, as they are served: a page, its scripts and styles, and nothing from elsewhere."""

from __future__ import annotations

from importlib import resources
from typing import NamedTuple

FOLDER = "ui"
INDEX = "index.html"
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        # What others say can only become text: no string becomes markup.
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    # A simulator that was upgraded has other files.
    "Cache-Control": "no-cache",
}
_TYPES = {"html": "text/html", "js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}


class File(NamedTuple):
    """A file of the dashboard, and its media type."""

    text: str
    content_type: str


def names() -> list[str]:
    """The names of the files."""
    return sorted(each.name for each in (resources.files(__package__) / FOLDER).iterdir() if _type(each.name))


def file(name: str) -> File | None:
    """The file of this name, or None."""
    if name not in names():
        return None
    text = (resources.files(__package__) / FOLDER / name).read_text(encoding="utf-8")
    return File(text, _TYPES[_type(name)])


def _type(name: str) -> str:
    ending = name.rpartition(".")[2]
    return ending if ending in _TYPES else ""
