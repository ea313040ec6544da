"""The fixture `platform`: a platform of its own for a test (docs/offline.md).

And the judge on pytest: `pytest --pyargs openfirst_conformance --adapter COMMAND` makes each rule in each tier a test. Its
options are there only where that package is named on the command line, so that other test runs keep their own.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from openfirst.testing.platform import Platform
    from openfirst_conformance.verdicts.model import Report

PACKAGE = "openfirst_conformance"
_OF_PLATFORM = ("--app-key", "--app-secret", "--control")
_TEXT = ("--adapter", "--python", "--connect", "--platform", *_OF_PLATFORM, "--profile")
_MARKER = (
    "openfirst(strict=True, choices=None, start=None, real_time=False, contract=None, seed=None): how the fixture "
    "`platform` is to be, as openfirst.platform() takes it"
)
_MANY = ("--tier", "--choice", "--overlay")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(parser: pytest.Parser, args: list[str]) -> None:
    """Add the options of `openfirst check` that make sense here; see `openfirst check --help`."""
    if not any(arg.split("::")[0].split("/")[0] == PACKAGE for arg in args):
        return
    group = parser.getgroup("openfirst", "the judge of session APIs (see openfirst check --help)")
    for name in _TEXT:
        group.addoption(name, dest=_dest(name))
    for name in _MANY:
        group.addoption(name, dest=_dest(name), action="append", default=[])
    group.addoption("--extra-states", dest="openfirst_extra_states", type=int, default=1, choices=(0, 1, 2))
    group.addoption("--seed", dest="openfirst_seed", type=int, default=0)
    group.addoption("--walks", dest="openfirst_walks", type=int, default=200)
    group.addoption("--shard", dest="openfirst_shard", metavar="I/N")
    group.addoption("--timeout-scale", dest="openfirst_timeout_scale", type=float, default=1.0)


def pytest_cmdline_main(config: pytest.Config) -> None:
    """With pytest-xdist a tier is one worker's: it is run once, and asked for every rule."""
    if _is_asked(config) and getattr(config.option, "dist", None) == "load":
        config.option.dist = "loadgroup"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each rule in each tier is a test."""
    if "openfirst_verdict" not in metafunc.fixturenames:
        return
    if not _is_asked(metafunc.config):
        raise pytest.UsageError(f"The rules are tests where {PACKAGE} is named: pytest --pyargs {PACKAGE}")
    runs = _runs(metafunc.config)
    cells = [
        pytest.param((tier, rule), id=f"{tier}-{rule}", marks=pytest.mark.xdist_group(tier))
        for tier in runs.tiers
        for rule in runs.contract.rules
    ]
    metafunc.parametrize("openfirst_verdict", cells, indirect=True)


def pytest_configure(config: pytest.Config) -> None:
    """Name the markers; that of pytest-xdist is unknown without it."""
    config.addinivalue_line("markers", "xdist_group(name): the tests of a tier run in one worker")
    config.addinivalue_line("markers", _MARKER)


_PASSED = pytest.StashKey[bool]()
"""Whether a test that has a platform has passed so far."""


@pytest.fixture
def platform(request: pytest.FixtureRequest) -> Iterator[Platform]:
    """A platform of its own for the test: tokens, a clock that stands still, faults, a journal (docs/offline.md of openfirst)."""
    from openfirst.testing.fixture import made

    made_for = request.node
    fresh = made(made_for)
    made_for.stash[_PASSED] = False
    yield fresh
    left = fresh.left() if fresh.strict and made_for.stash[_PASSED] else []
    fresh.end()
    if left:
        from openfirst.testing.fixture import told

        pytest.fail(told(left), pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember whether the test passed: one that failed is not told what it left behind as well."""
    report = yield
    if call.when == "call" and _PASSED in item.stash:
        item.stash[_PASSED] = report.passed
    return report


@pytest.fixture
def openfirst_verdict(request: pytest.FixtureRequest) -> tuple[str, str, Report]:
    """The tier, the rule, and the report of the tier."""
    tier, rule = request.param
    return tier, rule, _runs(request.config).report(tier)


class Runs:
    """The runs of this process: each tier is run when the first of its rules is asked for."""

    def __init__(self, config: pytest.Config) -> None:
        from openfirst.request import choices_of
        from openfirst_conformance.driving.settings import Settings, shard_of
        from openfirst_conformance.tiers.catalogue import TIERS
        from openfirst_reference.contract.findings import ContractError
        from openfirst_reference.contract.load import load_contract

        def given(name: str) -> Any:
            return getattr(config.option, _dest(name))

        self.given = given
        self.reports: dict[str, Report] = {}
        try:
            self.contract = load_contract(overlays=tuple(Path(file) for file in given("--overlay")))
            self.choices = choices_of(self.contract, tuple(given("--choice")), given("--profile"))
            shard = shard_of(given("--shard")) if given("--shard") else (1, 1)
        except (ContractError, ValueError) as error:
            raise pytest.UsageError(str(error)) from None
        self.settings = Settings(given("--extra-states"), given("--seed"), given("--walks"), (), shard)
        for option in _OF_PLATFORM:
            if given(option) is not None and not given("--platform"):
                raise pytest.UsageError(f"{option} is of a platform that is judged. Give --platform, too.")
        self.tiers = given("--tier") or list(TIERS)
        for tier in self.tiers:
            if tier not in TIERS:
                raise pytest.UsageError(f"--tier: `{tier}` is not a tier. Tiers: {', '.join(TIERS)}.")

    def report(self, tier: str) -> Report:
        """The report of one tier."""
        if tier not in self.reports:
            self.reports[tier] = self._run(tier)
        return self.reports[tier]

    def _run(self, tier: str) -> Report:
        import asyncio

        from openfirst.request import adapter_of, platform_of
        from openfirst_conformance.adapters.protocol.faults import AdapterFault
        from openfirst_conformance.platforms.platform_adapter import choices_of_platform
        from openfirst_conformance.verdicts.judge import judge

        given, choices, platform = self.given, self.choices, None
        if given("--platform"):
            secrets = (given("--app-key"), given("--app-secret"), given("--control"))
            subject, platform = platform_of(
                given("--platform"), self.contract, *secrets, scale=given("--timeout-scale")
            )
            choices = choices_of_platform(self.contract, choices)
        else:
            subject = adapter_of(given("--adapter"), given("--python"), given("--timeout-scale"), given("--connect"))  # type: ignore[assignment]
        run = judge(subject, self.contract, choices=choices, tiers=[tier], settings=self.settings, platform=platform)
        try:
            return asyncio.run(run)
        except AdapterFault as fault:
            pytest.exit(f"The adapter: {fault.detail}. {fault.remedy}\n{fault.stderr[-2000:]}", returncode=2)
        except ValueError as error:
            pytest.exit(str(error), returncode=2)


_KEY = pytest.StashKey[Runs]()


def _runs(config: pytest.Config) -> Runs:
    if _KEY not in config.stash:
        config.stash[_KEY] = Runs(config)
    return config.stash[_KEY]


def _is_asked(config: pytest.Config) -> bool:
    return hasattr(config.option, _dest("--adapter"))


def _dest(name: str) -> str:
    return "openfirst_" + name.removeprefix("--").replace("-", "_")
