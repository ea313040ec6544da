"""What is to be judged: the adapter or the platform that somebody names, and the choices that are declared for it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from openfirst_reference.contract.findings import Mistake
from openfirst_reference.contract.load import load_contract
from openfirst_reference.contract.model import Contract

if TYPE_CHECKING:
    from openfirst_conformance.adapters.adapter import Adapter
    from openfirst_conformance.adapters.protocol.transcript import Transcript
    from openfirst_conformance.platforms.judged import JudgedPlatform
    from openfirst_conformance.platforms.platform_adapter import PlatformAdapter

REFERENCE = "openfirst_conformance.adapters.authoring.reference_adapter:create"


@dataclass(frozen=True)
class Request:
    """What is to be judged, as the options of a command say it; the reference client, where they name nothing.

    `contract` and `choices` raise ContractError and ValueError for what they cannot use.
    """

    adapter: str | None = None
    python_: str | None = None
    connect: str | None = None
    platform: str | None = None
    app_key: str | None = None
    app_secret: str | None = None
    control: str | None = None
    timeout_scale: float = 1.0
    chosen: tuple[str, ...] = ()
    profile: str | None = None
    overlays: tuple[Path, ...] = ()

    def contract(self) -> Contract:
        """The contract, with the overlays."""
        return load_contract(overlays=self.overlays)

    def choices(self, contract: Contract) -> dict[str, str]:
        """The choices that are declared, but those that a client makes where a platform is judged."""
        choices = choices_of(contract, self.chosen, self.profile)
        if not self.platform:
            return choices
        from openfirst_conformance.platforms.platform_adapter import choices_of_platform

        return choices_of_platform(contract, choices)

    def subject(self, contract: Contract, kept: Transcript | None) -> tuple[Adapter, JudgedPlatform | None]:
        """What drives the implementation, and the platform where that is what is judged."""
        if self.platform is None:
            return adapter_of(self.adapter, self.python_, self.timeout_scale, self.connect, kept), None
        return platform_of(self.platform, contract, self.app_key, self.app_secret, self.control, self.timeout_scale)

    def words(self) -> list[str]:
        """The options again. Key and secret are not repeated: what is printed may be kept in a log."""
        words = ["--adapter", self.adapter] if self.adapter else ["--python", self.python_] if self.python_ else []
        for option, value in (("--connect", self.connect), ("--platform", self.platform), ("--control", self.control)):
            words += [option, value] if value else []
        words += [word for item in self.chosen for word in ("--choice", item)]
        words += ["--profile", self.profile] if self.profile else []
        return [*words, *(word for item in self.overlays for word in ("--overlay", str(item)))]

    def replaying(self, file: Path) -> str:
        """The command that plays a saved case of it again."""
        return shlex.join(["openfirst", "replay", str(file), *self.words()])


def adapter_of(
    command: str | None,
    path: str | None,
    scale: float,
    address: str | None = None,
    transcript: Transcript | None = None,
) -> Adapter:
    """The adapter that the options name; the reference client where they name none."""
    from openfirst_conformance.adapters.inprocess import PythonAdapter
    from openfirst_conformance.adapters.process import ProcessAdapter
    from openfirst_conformance.adapters.protocol.deadlines import Deadlines
    from openfirst_conformance.adapters.tcp import TcpAdapter

    deadlines = Deadlines(scale=scale)
    if command is not None:
        return ProcessAdapter(command, deadlines=deadlines, transcript=transcript)
    if address is not None:
        return TcpAdapter(address, deadlines=deadlines, transcript=transcript)
    return PythonAdapter(path or REFERENCE, deadlines=deadlines, transcript=transcript)


def platform_of(
    url: str, contract: Contract, key: str | None, secret: str | None, control: str | None, scale: float
) -> tuple[PlatformAdapter, JudgedPlatform]:
    """What drives the platform at the URL, and what gives its clients their credentials. Raises ValueError."""
    from openfirst_conformance.adapters.protocol.deadlines import Deadlines
    from openfirst_conformance.platforms.judged import JudgedPlatform
    from openfirst_conformance.platforms.platform_adapter import PlatformAdapter

    try:
        judged = JudgedPlatform(url, contract, key, secret, control=control, deadlines=Deadlines(scale=scale))
    except ValueError as error:
        raise Mistake(f"--platform: {error}") from None
    return PlatformAdapter(judged), judged


def choices_of(contract: Contract, chosen: tuple[str, ...], profile: str | None) -> dict[str, str]:
    """The choices that `--profile` and `--choice` declare, the latter winning. Raises ValueError with a sentence."""
    choices: dict[str, str] = {}
    if profile is not None:
        if profile not in contract.profiles:
            raise Mistake(f"--profile: `{profile}` is not a profile. Profiles: {', '.join(contract.profiles)}.")
        stated = contract.profiles[profile].items()
        choices.update({choice: value for choice, value in stated if value in contract.choices[choice].values})
    given: dict[str, str] = {}
    for item in chosen:
        key, equals, value = item.partition("=")
        if not equals:
            raise Mistake(f"--choice: `{item}` is not of the form ID=VALUE, such as open-while-open=refuse.")
        declared = contract.check_choices({key: value}, "--choice")
        if any(given.get(name, said) != said for name, said in declared.items()):
            raise Mistake(
                f"--choice: `{key}` is given twice, as {given[key]} and as {value}. Give the one that counts."
            )
        given.update(declared)
    return {**choices, **given}
