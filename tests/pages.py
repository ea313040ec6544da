"""What stands in a page of the docs: files, by the comment that they begin with, and commands with what they print."""

from __future__ import annotations

import re

from tests.tracked import ROOT

_LEFT_OUT = "…"


def _blocks(name: str) -> list[tuple[str, str]]:
    return re.findall(r"```(\w+)\n(.*?)```", (ROOT / "docs" / name).read_text(encoding="utf-8"), re.DOTALL)


def files_in(name: str) -> dict[str, str]:
    """The files of a page, whole, by their names."""
    begins = ((re.match(r"(?:#|//) ([\w.-]+\.\w+)\b", code), code) for _, code in _blocks(name))
    return {found[1]: code for found, code in begins if found is not None}


def is_as_shown(name: str, command: str, printed: str) -> bool:
    """Whether a command of a page printed what the page shows; `…` stands for what is left out."""
    [shown] = [code for kind, code in _blocks(name) if kind == "console" and code.startswith(f"$ {command}\n")]
    pattern = ""
    for line in shown.splitlines()[1:]:
        text = re.escape(line.removesuffix(_LEFT_OUT))
        pattern += r"(?:.*\n)*" if line == _LEFT_OUT else text + (".*" if line.endswith(_LEFT_OUT) else "") + r"\n"
    return re.fullmatch(pattern, printed) is not None
