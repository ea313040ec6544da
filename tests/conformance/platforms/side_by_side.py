"""What Schemathesis alone finds of the faulty platforms, beside what openfirst does, in one run: `nox -s platforms`.

Schemathesis gets openapi.yaml, a key, a secret and tokens, and runs all its phases with all its checks. A platform is found
faulty by it where a check fails that does not fail of the conforming one. `--write` puts the table into the documentation.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path

import aiohttp

from openfirst_conformance.adapters.protocol.deadlines import Deadlines
from openfirst_conformance.driving.settings import Settings
from openfirst_conformance.platforms.judged import JudgedPlatform
from openfirst_conformance.platforms.platform_adapter import PlatformAdapter
from openfirst_conformance.tiers.catalogue import TIERS
from openfirst_conformance.verdicts.judge import judge
from openfirst_reference.contract.load import load_contract

from . import FAULTY, KEY, SECRET, Plain
from .serving import in_a_thread

SEED, EXAMPLES = 1, 30
PAGE = Path("docs", "platform.md")
BEGIN, END = "<!-- made by: nox -s platforms -- --write -->", "<!-- end -->"
Check = tuple[str, str]
# Closed sessions may be asked for and closed again: that is no use of them. Whether it comes to this, no seed decides.
NO_FAULT = frozenset({("use_after_free", f"{method} /v1/sessions/{{sessionId}}") for method in ("GET", "DELETE")})


async def tokens(url: str) -> dict[str, dict[str, str]]:
    """What each of the security schemes of openapi.yaml takes."""
    basic = "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
    lifetime = {"expires_in": 86_400}
    async with aiohttp.ClientSession(url) as http:
        grant = {"grant_type": "client_credentials", **lifetime}
        async with http.post("/v1/auth/token", json=grant, headers={"Authorization": basic}) as answer:
            api = (await answer.json())["access_token"]
        wanted = {"externalId": "ana", "sessionScope": "*", **lifetime}
        bearer = {"Authorization": f"Bearer {api}"}
        async with http.post("/v2/client-access-token", json=wanted, headers=bearer) as answer:
            client = (await answer.json())["access_token"]
    return {
        "application": {"username": KEY, "password": SECRET},
        "apiToken": {"bearer": api},
        "clientToken": {"bearer": client},
    }


def schemathesis(platform: Plain) -> tuple[set[Check], int]:
    """The checks of Schemathesis that fail, each with the operation, and how many requests that took."""
    with in_a_thread(platform) as url, tempfile.TemporaryDirectory() as folder, description() as openapi:
        config, events = Path(folder, "schemathesis.toml"), Path(folder, "events.ndjson")
        config.write_text(
            "".join(
                f"[auth.openapi.{scheme}]\n"
                + "".join(f"{name} = {json.dumps(value)}\n" for name, value in held.items())
                for scheme, held in asyncio.run(tokens(url)).items()
            ),
            encoding="utf-8",
        )
        asked = platform.requests
        words = ["-m", "schemathesis.cli", "--config-file", str(config), "run", str(openapi), "--url", url]
        words += ["--seed", str(SEED), "--max-examples", str(EXAMPLES), "--checks", "all", "--continue-on-failure"]
        words += ["--no-shrink", "--request-timeout", "0.5", "--phases"]
        words += ["examples,coverage,fuzzing,stateful", "--report", "ndjson", "--report-ndjson-path", str(events)]
        done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False, cwd=folder)
        if done.returncode not in (0, 1) or not events.exists():
            raise SystemExit(f"Schemathesis ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return set(failing(events)), platform.requests - asked


@contextmanager
def description() -> Iterator[Path]:
    """The OpenAPI file, with the contract beside it that it refers to."""
    with as_file(files("openfirst_spec")) as folder:
        yield folder / "openapi.yaml"


def failing(events: Path) -> Iterator[Check]:
    """The checks that failed, and what was no answer, each with the operation."""
    for line in events.read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        if "NonFatalError" in event:
            yield event["NonFatalError"]["value"]["type"], event["NonFatalError"]["label"]
        recorder = event.get("ScenarioFinished", {}).get("recorder") or {}
        for case, checks in recorder.get("checks", {}).items():
            for check in checks:
                if check["status"] == "failure":
                    asked = recorder["cases"][case]["value"]
                    yield check["name"], f"{asked['method']} {asked['path']}"


async def openfirst(platform: Plain) -> tuple[set[str], int]:
    """The rules that openfirst finds broken, and how many requests that took."""
    contract = load_contract()
    async with platform.listening() as url:
        there = JudgedPlatform(url, contract, KEY, SECRET, control=f"{url}/control", deadlines=Deadlines(call=0.5))
        report = await judge(
            PlatformAdapter(there),
            contract,
            platform=there,
            tiers=[platform.needs] if platform.needs in TIERS else ["smoke"],
            settings=Settings(extra=0),
            choices=platform.declares,
        )
    return {rule.id for rule in report.rules.values() if rule.verdict == "fail"}, platform.requests


def rows() -> Iterator[str]:
    """The table, line by line, as it is made."""
    usual, requests = schemathesis(Plain())
    usual -= NO_FAULT
    found, convicted = 0, 0
    yield "| faulty platform | | Schemathesis alone | requests | openfirst | requests |"
    yield "|---|---|---|---|---|---|"
    known = ", ".join(sorted(f"{name} ({operation})" for name, operation in usual)) or "nothing"
    rules, asked = asyncio.run(openfirst(Plain()))
    yield f"| none: `Plain` conforms | | {known} | {requests:,} | {', '.join(sorted(rules)) or 'conforms'} | {asked:,} |"
    for fault in FAULTY:
        checks, requests = schemathesis(fault())
        more = sorted({name for name, _ in checks - usual - NO_FAULT})
        rules, asked = asyncio.run(openfirst(fault()))
        found, convicted = found + bool(more), convicted + (fault.breaks in rules)
        what = (fault.__doc__ or "").strip().splitlines()[0]
        verdict = f"`{fault.breaks}`" if fault.breaks in rules else "-"
        yield f"| {fault.__name__} | {what} | {', '.join(more) or '-'} | {requests:,} | {verdict} | {asked:,} |"
    yield ""
    yield f"Of {len(FAULTY)} faulty platforms, Schemathesis alone finds {found}, and openfirst {convicted}, by their own rule."


def main() -> None:
    """Print the table, and put it into the page if that is asked for."""
    # What a platform makes of broken requests is no news here.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    table = []
    for row in rows():
        print(row, flush=True)
        table.append(row)
    if "--write" in sys.argv[1:]:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        PAGE.write_text(before + "\n".join([BEGIN, *table, END]) + after, encoding="utf-8")


if __name__ == "__main__":
    main()
