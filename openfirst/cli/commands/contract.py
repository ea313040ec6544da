"""`openfirst contract`: read, check and prove the contract."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from openfirst.cli.exits import said_plainly
from openfirst.cli.options import count, overlays
from openfirst_reference.contract.build import build_contract
from openfirst_reference.contract.load import load_contract, load_document


@click.group()
def contract() -> None:
    """Read, check and prove the contract."""


@contract.command("show")
@click.argument("what", required=False, metavar="[ID]")
@click.option("--format", "format_", type=click.Choice(["text", "markdown"]), default="text", show_default=True)
@overlays
def contract_show(what: str | None, format_: str, overlays: tuple[Path, ...]) -> None:
    """The contract for people: all of it, or the rule, operation, choice, error or row with this ID."""
    from openfirst_reference.show.contract_pages import show as render

    with said_plainly():
        click.echo(render(load_contract(overlays=overlays), what, format_))


@contract.command("lint")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@overlays
def contract_lint(file: Path | None, overlays: tuple[Path, ...]) -> None:
    """Check a contract: its form, its references, gaps and overlaps in the table, and what nothing uses.

    Exit status: 0 nothing is wrong, 1 something is, 2 usage.
    """
    from openfirst_reference.proof.lint import lint

    with said_plainly():
        document = load_document(file, overlays)
    findings = lint(document)
    for finding in findings:
        click.echo(f"{finding.severity}: {finding}" if finding.severity != "error" else str(finding))
    errors = sum(finding.severity == "error" for finding in findings)
    click.echo(f"{document.file}: {count(errors, 'error')}, {count(len(findings) - errors, 'remark')}.")
    sys.exit(1 if errors else 0)


@contract.command("prove")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@overlays
def contract_prove(file: Path | None, overlays: tuple[Path, ...]) -> None:
    """Prove every rule over every reachable step of the table, and show that no rule is idle.

    Exit status: 0 proved, 1 a rule does not hold or is vacuous, 2 usage.
    """
    from openfirst_reference.proof.prove import prove
    from openfirst_reference.show.proof_text import proof_text

    with said_plainly():
        proof = prove(build_contract(load_document(file, overlays)))
    click.echo(proof_text(proof))
    sys.exit(0 if proof.holds else 1)
